/**
 * PartitionSupervisor: a supervisor of several processes of one kind, its partitions, that share work
 * which would be too much for one of them. Each key belongs to one partition.
 *
 * A server does one thing at a time: one that everybody asks makes everybody wait. Where what it does for
 * one client has nothing to do with what it does for another, there can be several of it. Clients name the
 * one that is theirs by `["via", PartitionSupervisor, [name, key]]`, wherever a server is asked for:
 * `name` is that of the partition supervisor, and `key` any term, often `self()`.
 *
 * The partitions are numbered from 0. A key that is an integer belongs to the partition of its remainder:
 * of 8 partitions, 0, 8 and -16 all mean the first. All other keys are spread by a hash of their content.
 * The same key always leads to the same partition, as long as their number does not change.
 *
 * @example Dynamic supervisors that start children at the same time
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
 * **When not to use it.** Partitions do not make anything faster that keeps the one thread busy: they help
 * where a server *waits*, for a start, a file, another server.
 *
 * @module
 */

import { fairly, rejectFairly } from "./kernel/fair.ts";
import { applyStart } from "./supervisor/child.ts";
import {
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
import { type Atom, inspect, isPid, type Pid, type Term } from "./kernel/term.ts";
import { hash } from "./kernel/term_map.ts";
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

export type { ChildInfo, Counts, StartResult };

/** Options of {@linkcode startLink}. */
export interface StartOptions {
  /** The name of the supervisor, by which its partitions are found. */
  readonly name: Name;
  /** What to start in each partition: a child specification, a module, or a `[module, argument]` pair. */
  readonly childSpec: ChildSpec | ModuleSpec;
  /** Number of partitions, at least 1. Default: that of the machine's processors. */
  readonly partitions?: number | undefined;
  /**
   * Makes the arguments of the start function in one partition, out of those that `childSpec` has there
   * and the number of the partition. By default they stay as they are.
   */
  readonly withArguments?:
    // deno-lint-ignore no-explicit-any -- the arguments are the module's own business
    | ((args: readonly any[], partition: number) => readonly Term[])
    | undefined;
  /** Which partitions are restarted when one has ended, see `Supervisor`. Default `"one_for_one"`. */
  readonly strategy?: Strategy | undefined;
  /** The most restarts within `maxSeconds`; one more ends the supervisor. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** See `maxRestarts`; whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
}

/** What stands behind `["via", PartitionSupervisor, …]`: the supervisor, and what is routed. */
export type ViaKey = readonly [supervisor: ServerRef, key: Term];

/** A change of the number of partitions. */
interface Change {
  readonly wanted: number;
}

/** What a partition supervisor knows of its partitions. */
class Table {
  /** Their processes, by number: the last one that each has had. */
  readonly pids: (Pid | undefined)[] = [];
  /** Number of partitions that keys are routed to. */
  partitions: number;
  /** The change of that number which counts: the last one. */
  change: Change;
  /** Partitions that may be down because there were to be fewer, each with what stands for its last stop. */
  readonly stops = new Map<number, object>();

  /** `most` is the number of partitions that were started, and that there can be. */
  constructor(readonly most: number) {
    this.partitions = most;
    this.change = { wanted: most };
  }
}

/** The tables of all partition supervisors. */
const tables = new WeakMap<Pid, Table>();

// --- Starting -----------------------------------------------------------------------------------

/** What a partition supervisor is started with. */
interface Starting {
  readonly children: readonly ChildSpec[];
  readonly options: StartOptions;
}

/** A partition supervisor is a Supervisor of this module. */
const SUPERVISOR: Module = {
  init({ children, options }: Starting) {
    tables.set(self().pid, new Table(children.length));
    const { strategy = "one_for_one", maxRestarts, maxSeconds } = options;
    return initOf(children, { strategy, maxRestarts, maxSeconds });
  },
};

/** Starts the process of one partition, in the supervisor. */
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
 * Starts a partition supervisor that is linked to the calling process, and a child in each partition, one
 * after another; resolves when the last of them runs.
 *
 * Resolves with `["ok", pid]` or `["error", reason]`, as `Supervisor.startLink` does. In a
 * `failed_to_start_child` the id is the number of the partition.
 *
 * @throws {TypeError} If there is no name or no `childSpec`, or one that stands for no child; if `withArguments`
 * is no function, or does not return an array, or is given to a `childSpec` whose `start` is a function. The
 * promise rejects, and nothing was started.
 * @throws {RangeError} If `partitions` is no positive integer.
 * @see Elixir `PartitionSupervisor.start_link/1`. There, the name cannot be `global`
 */
export function startLink(options: StartOptions): Promise<StartResult> {
  try {
    const { name } = options;
    const starting: Starting = { children: partitionsOf(options), options };
    return startSupervisor(SUPERVISOR, starting, { name });
  } catch (error) {
    return rejectFairly(error);
  }
}

/** The specifications of all partitions. */
function partitionsOf(options: StartOptions): ChildSpec[] {
  const { name, childSpec, withArguments } = options;
  const { partitions = globalThis.navigator?.hardwareConcurrency || 1 } = options;
  if (name === undefined || name === null) throw wrongOption("a name", name);
  if (childSpec === undefined || childSpec === null) throw wrongOption("a childSpec", childSpec);
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new RangeError(
      "Cannot start a partition supervisor: expected partitions to be a positive integer, found " +
        inspect(partitions),
    );
  }
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
 * The child specification of a partition supervisor that is started with `options`, so that
 * `[PartitionSupervisor, options]` is a child. Its id is its name: the atom, or the term of a `global` or
 * `via` name.
 *
 * @see Elixir `PartitionSupervisor.child_spec/1`
 */
export function childSpec(options: StartOptions): ChildSpec {
  return {
    id: idFromName(options?.name, PartitionSupervisor),
    start: [PartitionSupervisor, "startLink", [options]],
    type: "supervisor",
  };
}

// --- Asking -------------------------------------------------------------------------------------

/**
 * The number of partitions that keys are routed to. Costs no message; a promise only if the supervisor's name
 * is in a registry that answers with promises.
 *
 * @throws {Exit} `["noproc", ["PartitionSupervisor", "partitions", [supervisor]]]` if there is no such
 * partition supervisor.
 * @throws {TypeError} If `supervisor` has none of the forms of a server.
 * @see Elixir `PartitionSupervisor.partitions/1`
 */
export function partitions(supervisor: Atom | Pid): number;
/** The same, by any name. */
export function partitions(supervisor: ServerRef): Awaitable<number>;
export function partitions(supervisor: ServerRef): Awaitable<number> {
  return withTable(supervisor, ["partitions", [supervisor]], ({ partitions }) => partitions);
}

/** Finds the table of a partition supervisor. `call` is what fails if there is none: a function and its arguments. */
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
 * Changes the number of partitions, to at least 0 and at most as many as were started; resolves with the
 * number that there were before. Partitions of higher numbers are stopped, and no key is routed to them any
 * more; their specifications stay, and they are started again when there are to be more.
 *
 * Most keys then belong to another partition than before. Of two changes at the same time the later one
 * counts.
 *
 * @throws {RangeError} If `partitions` is no such number.
 * @throws {Exit} `[why, ["PartitionSupervisor", "resize", [supervisor, partitions]]]`, where `why` is `"noproc"`
 * if there is no such partition supervisor, or the reason for which a partition did not start: then their
 * number is what it was.
 * @see Elixir `PartitionSupervisor.resize!/2`
 *
 * @example
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
 * Stops and starts partitions until those run that are wanted, and answers the error of one that did not start.
 *
 * Several may do that at the same time. The supervisor does what it is told in the order in which it is
 * told, and each looks at what is wanted now before it says anything.
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
    // Unless it was stopped once more meanwhile.
    if (stops.get(partition) === stop) stops.delete(partition);
  }
  return undefined;
}

/**
 * The partitions, the last one first: `[partition, child, type, modules]` each, where `child` is a pid,
 * `undefined` if it does not run, or `"restarting"`.
 *
 * @see Elixir `PartitionSupervisor.which_children/1`
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return childrenOf(supervisor);
}

/** The numbers of partitions, as `Supervisor.countChildren` has them. @see Elixir `PartitionSupervisor.count_children/1` */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return countOf(supervisor);
}

/**
 * Stops a partition supervisor in order: its partitions first, the last one before the others. Resolves
 * with `"ok"` when it has ended.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor goes on stopping after that.
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
 * The process of the partition that a key belongs to: the one that it has had last, if it is just being
 * restarted. `undefined` if there has not been any.
 *
 * Called by the runtime, for the name `["via", PartitionSupervisor, [supervisor, key]]`.
 *
 * @throws {Exit} `["noproc", ["PartitionSupervisor", "partitions", [supervisor]]]` if there is no such
 * partition supervisor.
 * @throws {TypeError} If `name` is no pair.
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
  return withTable(supervisor, call, (table) => table.pids[route(key, table.partitions)]);
}

/** The number of the partition that a key belongs to, of so many. Of none, it is none. */
function route(key: Term, partitions: number): number {
  if (partitions === 0) return NaN;
  if (typeof key === "bigint") return Number((key < 0n ? -key : key) % BigInt(partitions));
  return (Number.isInteger(key) ? Math.abs(key as number) : hash(key)) % partitions;
}

/**
 * Sends to the process of a partition. If that is just being restarted, the message is lost.
 *
 * @throws {Exit} `["badarg", [name, message]]` if there has not been any.
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
 * Refuses: it is the supervisor that says who has the names of its partitions. Of one that is taken this
 * answers `"no"`, so that a start under such a name resolves with `["error", ["already_started", pid]]`.
 *
 * @throws {TypeError} If the partition has no process.
 */
export function registerName(name: ViaKey, _pid: Pid): Awaitable<"no"> {
  const refuse = (pid: Pid | undefined): "no" => {
    if (pid !== undefined) return "no";
    throw new TypeError(
      `Cannot register as ${inspect(name)}: the names of partitions are given by their supervisor`,
    );
  };
  const pid = whereisName(name);
  return then(pid, refuse);
}

/** Refuses, as {@linkcode registerName} does. @throws {TypeError} Always. */
export function unregisterName(name: ViaKey): never {
  throw new TypeError(
    `Cannot unregister ${inspect(name)}: the names of partitions are given by their supervisor`,
  );
}
