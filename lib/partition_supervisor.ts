/**
 * PartitionSupervisor: a supervisor that starts several processes with the same specification, its
 * partitions, and routes each key to one of them. It distributes work that would make a single process
 * a bottleneck.
 *
 * A server handles one message at a time, and all of its clients wait for each other. If its work for
 * one client is independent of that for another, it can run in several partitions. A client addresses
 * its partition by `["via", PartitionSupervisor, [name, key]]`, wherever a server is expected: `name`
 * is that of the partition supervisor, and `key` is any term, often `self()`.
 *
 * The partitions are numbered from 0. A key that is an integer belongs to the partition of the
 * remainder of its absolute value: of 8 partitions, 0, 8 and -16 all belong to the first. All other
 * keys are distributed by a hash of their content. A key always belongs to the same partition, as long
 * as the number of partitions does not change.
 *
 * @example Dynamic supervisors that start children concurrently
 * ```ts
 * import { Agent, DynamicSupervisor, PartitionSupervisor, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const children = [
 *   [PartitionSupervisor, { childSpec: DynamicSupervisor, name: "sessions", partitions: 4 }],
 * ] as const;
 * const supervisor = unwrap(await Supervisor.startLink(children, { strategy: "one_for_one" }));
 *
 * for (const user of ["Ada", "Joe", "José"]) {
 *   const sessions = ["via", PartitionSupervisor, ["sessions", user]] as const;
 *   const session = unwrap(await DynamicSupervisor.startChild(sessions, [Agent, () => user]));
 *   assertEquals(await Agent.get(session, (state) => state), user);
 * }
 * assertEquals(PartitionSupervisor.partitions("sessions"), 4);
 * await Supervisor.stop(supervisor);
 * ```
 *
 * @example Partitions that know their number
 * ```ts
 * import { Agent, PartitionSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const count = (number: number) => ({ number, hits: 0 });
 * const Counter = { startLink: (number: number) => Agent.startLink(() => count(number)) };
 *
 * unwrap(
 *   await PartitionSupervisor.startLink({
 *     name: "counters",
 *     partitions: 3,
 *     childSpec: { id: "counter", start: [Counter, "startLink", []] },
 *     withArguments: (_args, partition) => [partition],
 *   }),
 * );
 * const counter = ["via", PartitionSupervisor, ["counters", 5]] as const;
 * assertEquals(await Agent.get(counter, (state: { number: number }) => state.number), 2);
 * await PartitionSupervisor.stop("counters");
 * ```
 *
 * **When not to use it.** There is one thread, so partitions do not speed up computation: they help
 * where a server *waits*, for a start, a file or another server.
 *
 * @module
 */

import { fairly, rejectFairly } from "./kernel/fair.ts";
import { checkOptions } from "./kernel/options.ts";
import { applyStart } from "./supervisor/child.ts";
import {
  type ChildOf,
  type ChildSpec,
  childSpec as specOf,
  idFromName,
  type ModuleSpec,
  type StartFunction,
} from "./child_spec.ts";
import { type Awaitable, then } from "./kernel/awaitable.ts";
import { exit } from "./kernel/exit.ts";
import { locate } from "./kernel/lookup.ts";
import type { Name, ServerRef } from "./kernel/names.ts";
import { self, selfIfKnown } from "./kernel/self.ts";
import { sendToPid } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { type Atom, isPid, type Pid, type Term } from "./kernel/term.ts";
import { hash } from "./kernel/term_map.ts";
import { OwnModule } from "./supervisor/process.ts";
import type { Strategy } from "./supervisor/restart.ts";
import {
  type ChildInfo,
  countChildren as countOf,
  type Counts,
  init as initOf,
  type Module,
  restartChild,
  startLink as startSupervisor,
  type StartResult,
  stop as stopSupervisor,
  terminateChild,
  whichChildren as childrenOf,
} from "./supervisor.ts";
import * as PartitionSupervisor from "./partition_supervisor.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "PartitionSupervisor";

export type { ChildInfo, Counts, StartResult };

/** Options of {@linkcode startLink}. The type parameter is the type of the child. */
export interface StartOptions<Given = ChildSpec | ModuleSpec> {
  /** The name of the supervisor, with which its partitions are addressed. */
  readonly name: Name;
  /** The child of each partition: a child specification, a module, or a `[module, argument]` pair. */
  readonly childSpec: ChildOf<Given>;
  /** The number of partitions, at least 1. Default: the number of processors that the host reports. */
  readonly partitions?: number | undefined;
  /**
   * Returns the arguments of the start function in a partition, given those in `childSpec` and the
   * number of the partition. By default they are unchanged.
   */
  readonly withArguments?:
    // deno-lint-ignore no-explicit-any -- the types of the arguments are the module's own
    | ((args: readonly any[], partition: number) => readonly Term[])
    | undefined;
  /** Which partitions are restarted when one exits, see `Supervisor`. Default `"one_for_one"`. */
  readonly strategy?: Strategy | undefined;
  /** The maximum number of restarts within `maxSeconds`; if it is exceeded, the supervisor exits. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** The time frame of `maxRestarts`, in whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
  /** Partitions cannot be significant, so this is accepted for the sake of completeness. Default `"never"`. */
  readonly autoShutdown?: "never" | undefined;
}

/** The third element of `["via", PartitionSupervisor, …]`: the supervisor, and the key to route. */
export type ViaKey = readonly [supervisor: ServerRef, key: Term];

/** A change of the number of partitions. */
interface Change {
  readonly wanted: number;
}

/** The partitions of a supervisor. */
class Table {
  /** Their processes, by number; of a partition that is down, the last one. */
  readonly pids: (Pid | undefined)[] = [];
  /** The number of partitions that keys are routed to. */
  partitions: number;
  /** The last change of that number. */
  change: Change;
  /** The partitions that a change may have stopped, each with an object that identifies its last stop. */
  readonly stops = new Map<number, object>();

  /** `most` is the number of partitions that were started, which is the maximum. */
  constructor(readonly most: number) {
    this.partitions = most;
    this.change = { wanted: most };
  }
}

/** The tables of all partition supervisors. */
const tables = new WeakMap<Pid, Table>();

// --- Starting -----------------------------------------------------------------------------------

/** The argument of `init`. */
interface Starting {
  readonly children: readonly ChildSpec[];
  readonly options: StartOptions;
}

/** The callback module of a partition supervisor, which is a `Supervisor`. */
const SUPERVISOR: Module = new OwnModule(
  "PartitionSupervisor",
  ({ children, options }: Starting) => {
    tables.set(self().pid, new Table(children.length));
    const { strategy = "one_for_one", maxRestarts, maxSeconds } = options;
    return initOf(children, { strategy, maxRestarts, maxSeconds });
  },
);

/** The module whose function starts the process of a partition, in the supervisor. */
const PARTITION = {
  async start(start: StartFunction, partition: number): Promise<unknown> {
    const { pids } = tables.get(self().pid)!;
    const outcome: unknown = await applyStart(start);
    if (Array.isArray(outcome) && outcome[0] === "ok" && isPid(outcome[1])) {
      pids[partition] = outcome[1];
    }
    return outcome;
  },
};

/**
 * Starts a partition supervisor that is linked to the calling process, and its partitions one after
 * another. Resolves when all of them are started.
 *
 * Resolves with `["ok", pid]` or `["error", reason]`, as `Supervisor.startLink`. The id in a
 * `failed_to_start_child` is the number of the partition.
 *
 * @throws {TypeError} If `name` or `childSpec` is missing, or `childSpec` is not a child; if
 * `withArguments` is not a function, does not return an array, or is used with a `childSpec` whose
 * `start` is a function; if `autoShutdown` is not `"never"`. The promise rejects, and nothing is started.
 * @throws {RangeError} If `partitions` is not a positive integer.
 * @see Elixir `PartitionSupervisor.start_link/1`, where the name cannot be `global`
 *
 * @example Starting and inspecting partitions
 * ```ts
 * import { Agent, PartitionSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const childSpec = [Agent, () => 0] as const;
 * unwrap(await PartitionSupervisor.startLink({ name: "counters", childSpec, partitions: 2 }));
 * assertEquals(PartitionSupervisor.partitions("counters"), 2);
 *
 * const children = await PartitionSupervisor.whichChildren("counters");
 * assertEquals(children.map(([partition]) => partition), [1, 0]);
 * assertEquals((await PartitionSupervisor.countChildren("counters")).active, 2);
 * assertEquals(await PartitionSupervisor.stop("counters"), "ok");
 * ```
 */
export function startLink<const Given extends ChildSpec | ModuleSpec>(
  options: StartOptions<Given>,
): Promise<StartResult> {
  try {
    return startWith(options as StartOptions<unknown> as StartOptions);
  } catch (error) {
    return rejectFairly(error);
  }
}

const OPTIONS = [
  "name",
  "childSpec",
  "partitions",
  "withArguments",
  "strategy",
  "maxRestarts",
  "maxSeconds",
  "autoShutdown",
] as const satisfies readonly (keyof StartOptions)[];

function startWith(options: StartOptions): Promise<StartResult> {
  checkOptions("start a partition supervisor", options, OPTIONS);
  const { name } = options;
  const starting: Starting = { children: partitionsOf(options), options };
  return startSupervisor(SUPERVISOR, starting, { name });
}

/** The specifications of all partitions. */
function partitionsOf(options: StartOptions): ChildSpec[] {
  const { name, childSpec, withArguments, autoShutdown = "never" } = options;
  const { partitions = globalThis.navigator?.hardwareConcurrency || 1 } = options;
  if (name === undefined || name === null) throw wrongOption("a name", name);
  if (childSpec === undefined || childSpec === null) throw wrongOption("a childSpec", childSpec);
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new RangeError(
      "Cannot start a partition supervisor: expected partitions to be a positive integer, found " +
        inspect(partitions),
    );
  }
  if (autoShutdown !== "never") throw wrongOption('autoShutdown to be "never"', autoShutdown);
  if (withArguments !== undefined && typeof withArguments !== "function") {
    throw wrongOption("withArguments to be a function", withArguments);
  }
  const spec = specOf(childSpec);
  const { start } = spec;
  const isCall = Array.isArray(start) && start.length === 3;
  if (!isCall && (typeof start !== "function" || withArguments !== undefined)) {
    throw wrongOption("a childSpec whose start is [module, name, arguments]", start);
  }
  const { modules = isCall ? [start[0]] : "dynamic" } = spec;
  return Array.from({ length: partitions }, (_, partition) => {
    const args = [startOf(start, partition, withArguments), partition];
    return { ...spec, id: partition, start: [PARTITION, "start", args], modules };
  });
}

/** The start function of one partition. */
function startOf(
  start: StartFunction,
  partition: number,
  withArguments: StartOptions["withArguments"],
): StartFunction {
  if (withArguments === undefined || typeof start === "function") return start;
  const args = withArguments(start[2], partition);
  if (!Array.isArray(args)) throw wrongOption("withArguments to return an array", args);
  return [start[0], start[1], args];
}

function wrongOption(expected: string, found: Term): TypeError {
  return new TypeError(
    `Cannot start a partition supervisor: expected ${expected}, found ${inspect(found)}`,
  );
}

/**
 * Returns the child specification of a partition supervisor, so that `[PartitionSupervisor, options]`
 * can be a child. Its id is its name: the atom, or the term of a `global` or `via` name. See the first
 * example of this module.
 *
 * @see Elixir `PartitionSupervisor.child_spec/1`
 */
export function childSpec<const Given extends ChildSpec | ModuleSpec>(
  options: StartOptions<Given>,
): ChildSpec {
  return {
    id: idFromName(options?.name, PartitionSupervisor),
    start: [PartitionSupervisor, "startLink", [options]],
    type: "supervisor",
  };
}

// --- Partitions ---------------------------------------------------------------------------------

/**
 * Returns the number of partitions that keys are routed to, without sending a message; a promise only if the
 * supervisor's name is in an asynchronous registry. See the example of {@linkcode startLink}.
 *
 * @throws {Exit} `["noproc", ["PartitionSupervisor", "partitions", [supervisor]]]` if there is no such
 * partition supervisor.
 * @throws {TypeError} If `supervisor` is not a server.
 * @see Elixir `PartitionSupervisor.partitions/1`
 */
export function partitions(supervisor: Atom | Pid): number;
/** The same, by any name. */
export function partitions(supervisor: ServerRef): Awaitable<number>;
export function partitions(supervisor: ServerRef): Awaitable<number> {
  return withTable(supervisor, ["partitions", [supervisor]], ({ partitions }) => partitions);
}

/** Calls `use` with the table of a partition supervisor. `call` is the function and its arguments, for errors. */
function withTable<Result>(
  supervisor: ServerRef,
  call: readonly [name: string, args: readonly Term[]],
  use: (table: Table, pid: Pid) => Result,
): Awaitable<Awaited<Result>> {
  const useOf = (pid: Pid | undefined) => {
    const table = pid === undefined || pid.process === null ? undefined : tables.get(pid);
    if (table === undefined) throw exit(["noproc", ["PartitionSupervisor", ...call]]);
    return use(table, pid!);
  };
  const pid = locate(selfIfKnown(), supervisor);
  return then(pid, useOf) as Awaitable<Awaited<Result>>;
}

/**
 * Changes the number of partitions, to between 0 and the number that was started. Resolves with the
 * previous number. Partitions with a higher number are stopped, and no key is routed to them; their
 * specifications are kept, and they are started again when the number is increased.
 *
 * Most keys then belong to a different partition than before. Of two concurrent changes the later one
 * prevails.
 *
 * @throws {RangeError} If `partitions` is not such a number.
 * @throws {Exit} `[why, ["PartitionSupervisor", "resize", [supervisor, partitions]]]`, where `why` is
 * `"noproc"` if there is no such partition supervisor, or the reason why a partition failed to start:
 * then the number is unchanged.
 * @see Elixir `PartitionSupervisor.resize!/2`
 *
 * @example Changing the number of partitions
 * ```ts
 * import { DynamicSupervisor, PartitionSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { name: "workers", childSpec: DynamicSupervisor, partitions: 4 };
 * unwrap(await PartitionSupervisor.startLink(options));
 * assertEquals(await PartitionSupervisor.resize("workers", 2), 4);
 * assertEquals((await PartitionSupervisor.countChildren("workers")).active, 2);
 * assertEquals(await PartitionSupervisor.resize("workers", 4), 2);
 * await PartitionSupervisor.stop("workers");
 * ```
 */
export function resize(supervisor: ServerRef, partitions: number): Promise<number> {
  return fairly(async () => {
    const call = ["resize", [supervisor, partitions]] as const;
    const [table, pid] = await withTable(supervisor, call, (table, pid) => [table, pid] as const);
    if (!Number.isSafeInteger(partitions) || partitions < 0 || partitions > table.most) {
      throw new RangeError(
        `Cannot resize a partition supervisor: expected a number of partitions from 0 to ${table.most}, ` +
          `found ${inspect(partitions)}`,
      );
    }
    const before = table.partitions;
    const change: Change = { wanted: partitions };
    table.change = change;
    table.partitions = Math.min(partitions, before);
    const failure = await adjust(pid, table);
    if (failure !== undefined) {
      if (table.change === change) table.change = { wanted: table.partitions };
      await adjust(pid, table);
      throw exit([failure[1], ["PartitionSupervisor", ...call]]);
    }
    if (table.change === change) table.partitions = partitions;
    return before;
  });
}

/**
 * Stops and starts partitions until the wanted number is running; returns the error of one that failed
 * to start.
 *
 * Several of these may run concurrently: the supervisor handles requests in order, and the wanted
 * number is read again before each request.
 */
async function adjust(
  supervisor: Pid,
  table: Table,
): Promise<readonly ["error", Term] | undefined> {
  const { stops } = table;
  for (let partition = 0; partition < table.most; partition++) {
    if (partition >= table.change.wanted) {
      stops.set(partition, {});
      await terminateChild(supervisor, partition);
      continue;
    }
    const stop = stops.get(partition);
    if (stop === undefined) continue;
    const started = await restartChild(supervisor, partition);
    if (started[0] === "error" && started[1] !== "running") return started;
    // Unless it was stopped again meanwhile.
    if (stops.get(partition) === stop) stops.delete(partition);
  }
  return undefined;
}

/**
 * Resolves with the partitions, the last one first: `[partition, child, type, modules]` each, where
 * `child` is a pid, `undefined` if it is not running, or `"restarting"`. See the example of
 * {@linkcode startLink}.
 *
 * @see Elixir `PartitionSupervisor.which_children/1`
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return childrenOf(supervisor);
}

/**
 * Resolves with the numbers of partitions, as `Supervisor.countChildren`. See the example of
 * {@linkcode startLink}.
 *
 * @see Elixir `PartitionSupervisor.count_children/1`
 */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return countOf(supervisor);
}

/**
 * Stops a partition supervisor synchronously, after its partitions, which are stopped in reverse order.
 * Resolves with `"ok"` when it has exited. See the example of {@linkcode startLink}.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor continues to stop after that.
 * @throws {Exit} `[why, ["GenServer", "stop", [supervisor, reason, timeout]]]`, `why` as for
 * `GenServer.stop`.
 * @see Elixir `PartitionSupervisor.stop/1,3`
 */
export function stop(
  supervisor: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return stopSupervisor(supervisor, reason, timeout);
}

// --- The registry -------------------------------------------------------------------------------

/**
 * Returns the process of the partition that a key belongs to; the previous one while the partition is
 * being restarted; `undefined` if it has never had one.
 *
 * The runtime calls this for the name `["via", PartitionSupervisor, [supervisor, key]]`, see the
 * examples of this module.
 *
 * @throws {Exit} `["noproc", ["PartitionSupervisor", "partitions", [supervisor]]]` if there is no such
 * partition supervisor.
 * @throws {TypeError} If `name` is not a pair.
 * @throws {RangeError} If the supervisor has been resized to zero partitions.
 *
 * @example The functions of a registry
 * ```ts
 * import { Agent, PartitionSupervisor, self, unwrap } from "@denotp/otp";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const childSpec = [Agent, () => 0] as const;
 * unwrap(await PartitionSupervisor.startLink({ name: "counters", childSpec, partitions: 2 }));
 * const pid = PartitionSupervisor.whereisName(["counters", 3]);
 * assertEquals(PartitionSupervisor.send(["counters", 1], "hello"), pid);
 * assertEquals(PartitionSupervisor.registerName(["counters", 1], self()), "no");
 * assertThrows(() => PartitionSupervisor.unregisterName(["counters", 1]), TypeError);
 * await PartitionSupervisor.stop("counters");
 * ```
 */
export function whereisName(name: ViaKey): Awaitable<Pid | undefined> {
  if (!Array.isArray(name) || name.length !== 2) {
    throw new TypeError(
      `Cannot find a partition: expected ["via", PartitionSupervisor, [supervisor, key]], found ${
        inspect(name)
      } for the pair`,
    );
  }
  const [supervisor, key] = name;
  const call = ["partitions", [supervisor]] as const;
  return withTable(supervisor, call, ({ pids, partitions }) => {
    if (partitions > 0) return pids[route(key, partitions)];
    throw new RangeError(
      `Cannot find a partition: the partition supervisor ${
        inspect(supervisor)
      } has zero partitions`,
    );
  });
}

/** The number of the partition that a key belongs to. */
function route(key: Term, partitions: number): number {
  if (typeof key === "bigint") return Number((key < 0n ? -key : key) % BigInt(partitions));
  return (Number.isInteger(key) ? Math.abs(key as number) : hash(key)) % partitions;
}

/**
 * Sends a message to the process of a partition, and returns its pid. While the partition is being
 * restarted, messages are lost. The runtime calls this for a `via` name. See the example of
 * {@linkcode whereisName}.
 *
 * @throws {Exit} `["badarg", [name, message]]` if the partition has never had a process.
 */
export function send(name: ViaKey, message: Term): Awaitable<Pid> {
  const sendTo = (pid: Pid | undefined) => {
    if (pid === undefined) throw exit(["badarg", [name, message]]);
    sendToPid(pid, message);
    return pid;
  };
  const pid = whereisName(name);
  return then(pid, sendTo);
}

/**
 * Refuses to register: only the supervisor assigns the names of its partitions. Returns `"no"`, so that
 * a start with such a name resolves with `["error", ["already_started", pid]]`. The runtime calls this
 * for a `via` name. See the example of {@linkcode whereisName}.
 *
 * @throws {TypeError} If the partition has no process.
 */
export function registerName(name: ViaKey, _pid: Pid): Awaitable<"no"> {
  const refuse = (pid: Pid | undefined): "no" => {
    if (pid !== undefined) return "no";
    throw new TypeError(
      `Cannot register as ${inspect(name)}: only their supervisor assigns the names of partitions`,
    );
  };
  const pid = whereisName(name);
  return then(pid, refuse);
}

/**
 * Refuses to unregister, as {@linkcode registerName} refuses to register. See the example of
 * {@linkcode whereisName}.
 *
 * @throws {TypeError} Always.
 */
export function unregisterName(name: ViaKey): never {
  throw new TypeError(
    `Cannot unregister ${inspect(name)}: only their supervisor assigns the names of partitions`,
  );
}
