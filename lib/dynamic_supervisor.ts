/**
 * DynamicSupervisor: a supervisor that starts without children; they are added one by one while it runs, for
 * example one for each session, connection, game or job.
 *
 * It works like a `Supervisor`, with these differences, which allow for any number of short-lived children:
 * - Children have neither ids nor an order. A child is identified by its pid.
 * - The only strategy is `"one_for_one"`.
 * - A child that has exited and is not restarted is removed, and so is a child that is stopped by
 *   {@linkcode terminateChild}: there is no specification left to restart or to delete.
 * - When the supervisor stops, it stops all children at once, each within its own `shutdown` time.
 *
 * The time to start, to restart and to stop a child does not depend on the number of children.
 *
 * ```ts
 * import { Agent, DynamicSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await DynamicSupervisor.startLink({ name: "carts" }));
 * const first = unwrap(await DynamicSupervisor.startChild("carts", [Agent, () => ["tea"]]));
 * const second = unwrap(await DynamicSupervisor.startChild("carts", [Agent, () => ["milk"]]));
 * assertEquals(await Agent.get(first, (cart) => cart), ["tea"]);
 * assertEquals((await DynamicSupervisor.countChildren("carts")).active, 2);
 *
 * assertEquals(await DynamicSupervisor.terminateChild("carts", second), "ok");
 * assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
 *   [undefined, first, "worker", [Agent]],
 * ]);
 * await DynamicSupervisor.stop("carts");
 * ```
 *
 * **Which `restart`?** The default is `"permanent"`, as for every child. Children that come and go usually
 * exit when their work is done, and should not be restarted then: give them `"transient"`, or `"temporary"`
 * if they should not be restarted after a crash either.
 *
 * **Names.** A restarted child has another pid. Give it a name, for instance in a `Registry`, if it must be
 * found again.
 *
 * **While it waits** for a child to start, the supervisor does nothing else: {@linkcode startChild} starts
 * one child after another. If that is too slow, let children return from `init` early and continue in
 * `handleContinue`, or distribute them over several supervisors with a `PartitionSupervisor`.
 *
 * @module
 */

import { rejectFairly, resolveFairly } from "./kernel/fair.ts";
import {
  callStart,
  Child,
  NOT_RUNNING,
  reportIfSupervisor,
  type Started,
  stopProcess,
} from "./supervisor/child.ts";
import {
  type AutoShutdown,
  checkChildSpec,
  type Checked,
  type ChildOf,
  type ChildSpec,
  childSpec as specOf,
  type ChildSpecOverrides,
  type FullChildSpec,
  idFromName,
  type ModuleSpec,
  type StartFunction,
  type SupervisorModule,
  supervisorSpec,
} from "./child_spec.ts";
import { ask as askServer, callKind } from "./gen/client.ts";
import { START_OPTIONS, type StartOptions, type StartResult } from "./gen/start.ts";
import {
  type Module as ServerModule,
  type StartArguments as ServerArguments,
  startLink as startServer,
  stop as stopServer,
} from "./gen_server.ts";
import { isElsewhere } from "./kernel/distribution.ts";
import { type HasInitialCall, INITIAL_CALL } from "./gen/initial_call.ts";
import { PROTOCOL, type Protocol } from "./kernel/calls.ts";
import { type Awaitable, isThenable, then } from "./kernel/awaitable.ts";
import { reasonOf } from "./kernel/exit.ts";
import type { ServerRef } from "./kernel/names.ts";
import { checkOptions } from "./kernel/options.ts";
import { TRAP_EXIT } from "./kernel/process.ts";
import { firstItemsOf, isTuple, itemOf } from "./kernel/reader.ts";
import { self } from "./kernel/self.ts";
import { sendToPid } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { isPid, type Pid, type Term } from "./kernel/term.ts";
import { type Init, type Noreply, reply, type Stop } from "./response.ts";
import {
  type Action,
  childExited,
  type Family,
  onRetry,
  type Supervision,
} from "./supervisor/restart.ts";
import {
  assertAlive,
  initialCallOf,
  OwnModule,
  runInit,
  second,
  type Starting,
} from "./supervisor/process.ts";
import {
  checkFlags,
  COMMON_FLAGS,
  type CommonFlags,
  countOf,
  type Counts,
  infoOf,
  SupervisorState,
} from "./supervisor/state.ts";
import * as DynamicSupervisor from "./dynamic_supervisor.ts"; // __MODULE__

/** The name of this module where it is printed. */
export const moduleName = "DynamicSupervisor";

export type { Counts, StartOptions, StartResult };

// --- The contract -------------------------------------------------------------------------------

/** How a dynamic supervisor treats its children. */
export interface InitOptions {
  /** The only strategy, and the default. */
  readonly strategy?: "one_for_one" | undefined;
  /** The maximum number of restarts within `maxSeconds`; one more terminates the supervisor. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** The period of `maxRestarts` in whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
  /** The maximum number of children, including those being restarted. Default `Infinity`. */
  readonly maxChildren?: number | undefined;
  /** Arguments that are passed to the start function of every child before its own. Default `[]`. */
  readonly extraArguments?: readonly Term[] | undefined;
  /** Whether the supervisor shuts down when significant children have exited. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** The flags of a dynamic supervisor, as its `init` returns them. */
export interface Flags {
  /** See {@linkcode InitOptions}. Default `"one_for_one"`. */
  readonly strategy?: "one_for_one" | undefined;
  /** The maximum number of restarts within `period`. Default 1. */
  readonly intensity?: number | undefined;
  /** In whole seconds, at least 1. Default 5. */
  readonly period?: number | undefined;
  /** See {@linkcode InitOptions}. Default `Infinity`. */
  readonly maxChildren?: number | undefined;
  /** See {@linkcode InitOptions}. Default `[]`. */
  readonly extraArguments?: readonly Term[] | undefined;
  /** See {@linkcode InitOptions}. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** The first argument of {@linkcode startLink}: options, or a module. */
export type Startable<First> = [unknown] extends [First] ? First
  : First extends Module ? First
  : InitOptions & StartOptions;

/**
 * The other arguments of {@linkcode startLink}: after options, none; after a module, the argument of its
 * `init`, which can be omitted if `init` does not need it, and the options.
 */
export type StartArguments<First> = [First] extends [Module] ? ServerArguments<First, StartOptions>
  : [];

/** What `init` of a dynamic supervisor's module may return; {@linkcode init} creates it. */
export type InitResult = readonly ["ok", flags: Flags] | "ignore";

/** The callback of a dynamic supervisor's module. */
export interface Module {
  /**
   * The name of the module in reports, errors and `inspect`. Default: the name of its class, otherwise its
   * functions.
   */
  readonly moduleName?: string;
  /** Returns the flags, made by {@linkcode init}, or `"ignore"`. */
  // deno-lint-ignore no-explicit-any -- the argument depends on the module
  init(argument: any): Awaitable<InitResult>;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Returns the flags. */
  init(): Awaitable<InitResult>;
}

/**
 * The result of starting a child: `["ok", pid]`; `["ok", pid, info]` if its start function returned that;
 * `"ignore"` if it returned that; `["error", reason]`.
 */
export type StartChildResult =
  | readonly ["ok", Pid]
  | readonly ["ok", Pid, Term]
  | "ignore"
  | readonly ["error", Term];

/** A child, as {@linkcode whichChildren} returns it. */
export type ChildInfo = readonly [
  id: undefined,
  child: Pid | "restarting",
  type: "worker" | "supervisor",
  modules: readonly (object | string)[] | "dynamic",
];

// --- Clients ------------------------------------------------------------------------------------

/** The module of a supervisor without one. Its argument is the result of `init`. */
const Default: Module = new OwnModule("Supervisor.Default", (result: InitResult) => result);

/**
 * Starts a dynamic supervisor that is linked to the calling process. It has no children yet.
 *
 * Takes options, which specify how to treat the children and how to start the supervisor (`name`, …), or a
 * module, an argument and `StartOptions`. The `init` of the module is called with the argument, in the new
 * process, and returns the flags made by {@linkcode init}. It may be async.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["already_started", pid]` if the name is taken;
 * - `["supervisor_data", why]` if an option is invalid, as in `["invalid_max_children", value]`;
 * - `[error, stack]` if the module's `init` throws;
 * - `["bad_return", [module, "init", value]]` if it returns an invalid value.
 *
 * Resolves with `"ignore"` if `init` returns that.
 *
 * Because of the link, a failed start also sends an exit signal to the caller, which then exits too unless it
 * traps exits.
 *
 * @param first Options, or a module.
 * @param argumentAndOptions After a module: the argument, which is passed to `init` unchanged, and
 * `StartOptions`.
 * @throws {TypeError} If `first` is neither, or `name` is not a valid name: the promise rejects, and no
 * process is started.
 * @see Elixir `DynamicSupervisor.start_link/1,3`
 *
 * @example A module-based dynamic supervisor
 * ```ts
 * import { Agent, type ChildSpec, DynamicSupervisor, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Carts = {
 *   startLink: (limit: number) => DynamicSupervisor.startLink(Carts, limit, { name: "all carts" }),
 *   init: (limit: number) => DynamicSupervisor.init({ maxChildren: limit }),
 *   childSpec: (limit: number): ChildSpec => ({
 *     id: Carts,
 *     start: [Carts, "startLink", [limit]],
 *     type: "supervisor",
 *   }),
 *   open: (content: string[]) => DynamicSupervisor.startChild("all carts", [Agent, () => content]),
 * };
 *
 * const shop = unwrap(await Supervisor.startLink([[Carts, 1]], { strategy: "one_for_one" }));
 * const cart = unwrap(await Carts.open(["tea"]));
 * assertEquals(await Agent.get(cart, (content) => content), ["tea"]);
 * assertEquals(await Carts.open(["milk"]), ["error", "max_children"]);
 * await Supervisor.stop(shop);
 * ```
 */
export function startLink<const First extends (InitOptions & StartOptions) | Module>(
  first?: Startable<First>,
  ...argumentAndOptions: StartArguments<First>
): Promise<StartResult> {
  return startWith(first, ...argumentAndOptions);
}

const INIT_OPTIONS = [
  "strategy",
  "maxRestarts",
  "maxSeconds",
  "maxChildren",
  "extraArguments",
  "autoShutdown",
] as const satisfies readonly (keyof InitOptions)[];

function startWith(
  ...args: readonly [first?: unknown, argument?: Term, options?: StartOptions | undefined]
): Promise<StartResult> {
  try {
    const [first = {}, argument, options = {}] = args;
    if (hasInit(first)) {
      checkOptions(START, options, START_OPTIONS);
      return start(first, argument, options);
    }
    if (args.length > 1 || !isRecord(first)) {
      throw new TypeError(
        "Cannot start a dynamic supervisor: expected options, or a module with an init callback, " +
          `found ${inspect(first)}`,
      );
    }
    checkOptions(START, first, [...INIT_OPTIONS, ...START_OPTIONS]);
    return start(Default, flagsOf(first), first);
  } catch (error) {
    return rejectFairly(error);
  }
}

const START = "start a dynamic supervisor";

function hasInit(value: unknown): value is Module {
  return (isRecord(value) || typeof value === "function") &&
    typeof (value as Partial<Module>).init === "function";
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function start(module: Module, argument: Term, options: StartOptions): Promise<StartResult> {
  const { name, timeout, debug, spawnOpt, hibernateAfter } = options;
  const starting: Starting = { module, argument, name };
  return startServer(SERVER, starting, { name, timeout, debug, spawnOpt, hibernateAfter });
}

/**
 * Returns what the `init` of a dynamic supervisor's module returns: `["ok", flags]`. See the example of
 * {@linkcode startLink}.
 *
 * The values of the options are checked when a supervisor is started with them.
 *
 * @throws {TypeError} If `options` is not an object.
 * @see Elixir `DynamicSupervisor.init/1`
 */
export function init(options: InitOptions = {}): readonly ["ok", flags: Flags] {
  checkOptions("supervise", options, INIT_OPTIONS);
  return flagsOf(options);
}

function flagsOf(options: InitOptions): readonly ["ok", flags: Flags] {
  const { strategy = "one_for_one", maxRestarts = 3, maxSeconds = 5 } = options;
  const { maxChildren = Infinity, extraArguments = [], autoShutdown = "never" } = options;
  return ["ok", {
    strategy,
    intensity: maxRestarts,
    period: maxSeconds,
    maxChildren,
    extraArguments,
    autoShutdown,
  }];
}

/**
 * Returns the child specification of a module that describes a dynamic supervisor, for its own `childSpec`: the
 * supervisor is started by the `startLink` of the module with `argument`, and has unlimited time to stop its children.
 *
 * @see Elixir's `use DynamicSupervisor`, which defines `child_spec/1`
 *
 * @example A dynamic supervisor's module as a child
 * ```ts
 * import { DynamicSupervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Carts = {
 *   startLink: (most: number) => DynamicSupervisor.startLink(Carts, most),
 *   init: (most: number) => DynamicSupervisor.init({ maxChildren: most }),
 *   childSpec: (most: number) => DynamicSupervisor.childSpec(Carts, most),
 * };
 * assertEquals(Carts.childSpec(100), {
 *   id: Carts,
 *   start: [Carts, "startLink", [100]],
 *   type: "supervisor",
 *   shutdown: "infinity",
 * });
 * ```
 */
export function childSpec(
  module: SupervisorModule,
  argument?: Term,
  overrides?: ChildSpecOverrides,
): ChildSpec;
/**
 * Returns the child specification of a dynamic supervisor that is started with `options`. So
 * `[DynamicSupervisor, { name: "carts" }]` is a child, and `DynamicSupervisor` one without options.
 *
 * The id is the name: the atom, or the term of a `global` or `via` name. Without a name it is this module, so
 * there can be one such child in a supervisor.
 *
 * @param options See {@linkcode startLink}. `[]` means no options.
 * @see Elixir `DynamicSupervisor.child_spec/1`
 *
 * @example A dynamic supervisor as a child
 * ```ts
 * import { DynamicSupervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(DynamicSupervisor.childSpec({ name: "carts" }), {
 *   id: "carts",
 *   start: [DynamicSupervisor, "startLink", [{ name: "carts" }]],
 *   type: "supervisor",
 * });
 * ```
 */
// The last overload is the one that `[DynamicSupervisor, options]` is checked by.
export function childSpec(options?: (InitOptions & StartOptions) | readonly []): ChildSpec;
export function childSpec(first: unknown = {}, ...rest: [Term?, ChildSpecOverrides?]): ChildSpec {
  if (hasInit(first)) return supervisorSpec(first as SupervisorModule, ...rest as [Term]);
  const options = Array.isArray(first) && first.length === 0
    ? {}
    : first as InitOptions & StartOptions;
  return {
    id: idFromName(options.name, DynamicSupervisor),
    start: [DynamicSupervisor, "startLink", [options]],
    type: "supervisor",
  };
}

/**
 * Starts a child. Resolves when it has started. Its start function is called with the `extraArguments` of the
 * supervisor, followed by its own arguments.
 *
 * Resolves with `["ok", pid]`, `["ok", pid, info]`, `"ignore"`, or with
 * - `["error", "max_children"]` if the maximum number of children is reached;
 * - `["error", reason]` if it failed to start: `reason` is what its start function returned, or the exit
 *   reason for what it threw;
 * - `["error", why]` if the specification is invalid, as in `["invalid_shutdown", value]`. The supervisor is
 *   not called then.
 *
 * A child that failed to start, or whose start function returned `"ignore"`, is not kept.
 *
 * There is no timeout, as for all calls to a supervisor, and children that other processes start are started
 * first.
 *
 * @param child A child specification, a module, or a `[module, argument]` pair. The `id` is required, and
 * ignored.
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, with `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. The other calls to a supervisor fail in the
 * same way. The request is Elixir's: `["start_child", [start, restart, shutdown, type, modules]]`.
 * @throws {TypeError} If `child` is not a valid child.
 * @see Elixir `DynamicSupervisor.start_child/2`
 *
 * @example A temporary child
 * ```ts
 * import { Agent, DynamicSupervisor, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await DynamicSupervisor.startLink());
 * const cart = Supervisor.childSpec([Agent, () => ["tea"]], { restart: "temporary" });
 * const agent = unwrap(await DynamicSupervisor.startChild(supervisor, cart));
 * assertEquals(await Agent.get(agent, (items) => items), ["tea"]);
 * await DynamicSupervisor.stop(supervisor);
 * ```
 */
export function startChild<const Given extends ChildSpec | ModuleSpec>(
  supervisor: ServerRef,
  child: ChildOf<Given>,
): Promise<StartChildResult> {
  try {
    const spec = specOf(child as ChildSpec);
    // Only the other node knows whether there is a module of that name.
    const isTheirs = (isElsewhere(supervisor) || Array.isArray(supervisor)) && isNamed(spec);
    const checked = isTheirs ? ["ok", spec] as const : check(spec);
    return checked[0] === "error"
      ? Promise.resolve(resolveFairly(checked))
      : ask(supervisor, ["start_child", tupleOf(checked[1] as ChildSpec)]);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * A specification in a request: Elixir's tuple, which has no id. A significant child, which Elixir does not know
 * here, has `true` at the end.
 */
function tupleOf(spec: ChildSpec): readonly Term[] {
  const { start, type = "worker", restart = "permanent", significant = false } = spec;
  const { shutdown = type === "worker" ? 5000 : "infinity" } = spec;
  const { modules = typeof start === "function" ? "dynamic" : [start[0]] } = spec;
  const tuple = [start, restart, shutdown, type, modules];
  return significant ? [...tuple, significant] : tuple;
}

/** The specification in a request. What a request from another node asks for comes as a specification. */
function specIn(given: Term): Term {
  const items = firstItemsOf(given, 6);
  if (items.length === 0) return given;
  const [start, restart, shutdown, type, modules, significant = false] = items;
  return { id: "undefined", start, restart, shutdown, type, modules, significant };
}

/** Whether the module that starts a child is given by its name. */
function isNamed(spec: Partial<ChildSpec> | null | undefined): boolean {
  return Array.isArray(spec?.start) && typeof spec.start[0] === "string";
}

/** Checks a specification. Errors have Elixir's form where it differs from OTP's. */
function check(spec: Term): Checked<FullChildSpec> {
  const { id, start } = (spec ?? {}) as Partial<ChildSpec>;
  const isWhole = id !== undefined &&
    (typeof start === "function" || (Array.isArray(start) && start.length === 3));
  if (!isWhole) return ["error", ["invalid_child_spec", spec]];
  const checked = checkChildSpec(spec);
  const isWrongModule = checked[0] === "error" && isTuple(checked[1], "invalid_module", 2);
  return isWrongModule ? ["error", ["invalid_modules", (spec as ChildSpec).modules]] : checked;
}

/**
 * Stops a child as its specification says, and removes it. It is not restarted, whatever its `restart`.
 * Resolves with `"ok"` when it has exited, and with `["error", "not_found"]` if the supervisor has no such
 * child.
 *
 * A child that is being restarted is identified by its last pid.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see Elixir `DynamicSupervisor.terminate_child/2`
 *
 * @example Stopping a child
 * ```ts
 * import { Agent, DynamicSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await DynamicSupervisor.startLink());
 * const agent = unwrap(await DynamicSupervisor.startChild(supervisor, [Agent, () => 1]));
 * assertEquals(await DynamicSupervisor.terminateChild(supervisor, agent), "ok");
 * assertEquals(await DynamicSupervisor.terminateChild(supervisor, agent), ["error", "not_found"]);
 * await DynamicSupervisor.stop(supervisor);
 * ```
 */
export function terminateChild(
  supervisor: ServerRef,
  pid: Pid,
): Promise<"ok" | readonly ["error", "not_found"]> {
  if (isPid(pid)) return ask(supervisor, ["terminate_child", pid]);
  return rejectFairly(
    new TypeError(`Cannot terminate a child: expected its pid, found ${inspect(pid)}`),
  );
}

/**
 * Returns the children of a supervisor, in no particular order: `[undefined, child, type, modules]` each,
 * where `child` is a pid, or `"restarting"` if a restart is pending.
 * The list shows the children at the time when the supervisor handles the request.
 *
 * @see Elixir `DynamicSupervisor.which_children/1`
 *
 * @example The children and their numbers
 * ```ts
 * import { Agent, DynamicSupervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await DynamicSupervisor.startLink());
 * const agent = unwrap(await DynamicSupervisor.startChild(supervisor, [Agent, () => 1]));
 * assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
 *   [undefined, agent, "worker", [Agent]],
 * ]);
 * assertEquals((await DynamicSupervisor.countChildren(supervisor)).workers, 1);
 * await DynamicSupervisor.stop(supervisor);
 * ```
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return ask(supervisor, "which_children");
}

/**
 * Returns the numbers of children of a supervisor. `active` counts all but those being restarted. See the
 * example of {@linkcode whichChildren}.
 *
 * @see Elixir `DynamicSupervisor.count_children/1`
 */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return ask(supervisor, "count_children");
}

/**
 * Stops a supervisor in an orderly way: first its children, all at once. Resolves with `"ok"` when it has
 * exited.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor continues to stop after a timeout.
 * @throws {Exit} `[why, ["GenServer", "stop", [supervisor, reason, timeout]]]`, `why` as for
 * `GenServer.stop`.
 * @see Elixir `DynamicSupervisor.stop/1,3`
 *
 * @example Stopping a supervisor and its children
 * ```ts
 * import { Agent, DynamicSupervisor, Process, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await DynamicSupervisor.startLink());
 * const agent = unwrap(await DynamicSupervisor.startChild(supervisor, [Agent, () => 1]));
 * assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
 * assertEquals([Process.isAlive(supervisor), Process.isAlive(agent)], [false, false]);
 * ```
 */
export function stop(
  supervisor: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return stopServer(supervisor, reason, timeout);
}

const CALL = callKind("dynamic_supervisor");

function ask<Reply>(supervisor: ServerRef, request: Term): Promise<Reply> {
  return askServer(supervisor, request, Infinity, CALL) as Promise<Reply>;
}

// --- The supervisor process ---------------------------------------------------------------------

/** The children, by their pids; while a child is being restarted, by its last pid. */
class Children implements Family<Child> {
  readonly #byPid = new Map<Pid, Child>();
  /** The number of significant children. All are up: others are removed. */
  significantUp = 0;

  get size(): number {
    return this.#byPid.size;
  }

  get(pid: Pid): Child | undefined {
    return this.#byPid.get(pid);
  }

  from(): Iterable<Child> {
    return this.#byPid.values();
  }

  /** Records that `child`, which had no process, has the process `pid`. */
  add(child: Child, pid: Pid): void {
    const double = this.#byPid.get(pid);
    if (double !== undefined) this.remove(double);
    child.pid = pid;
    child.isRestarting = false;
    this.#byPid.set(pid, child);
    if (child.significant) this.significantUp++;
  }

  remove(child: Child): void {
    if (this.#byPid.delete(child.pid!) && child.significant) this.significantUp--;
  }
}

/** The state of a dynamic supervisor. */
class State extends SupervisorState<FullFlags, Children> implements Supervision<Child> {}

/** The response of a supervisor's callback. */
type Response = Noreply<State> | Stop<State>;

/** A dynamic supervisor is a GenServer with this module. */
const SERVER: ServerModule & HasInitialCall & { readonly [PROTOCOL]: Protocol } = {
  moduleName,
  [INITIAL_CALL]: (from: Starting | State) =>
    initialCallOf(from instanceof State ? from.starting : from),
  [PROTOCOL]: "dynamic_supervisor",
  init: begin,
  handleCall: (request: Term, _from: Term, state: State) =>
    then(answer(state, request), (value) => reply(value, state)),
  // Elixir's DynamicSupervisor knows no casts, and reports none; a Supervisor reports unknown casts.
  handleCast: (_request: Term, state: State) => state.noreply,
  handleInfo: (message: Term, state: State) => {
    if (isTuple(message, "EXIT", 3)) {
      const child = state.children.get(itemOf(message, 1) as Pid);
      if (child === undefined || child.isRestarting) return state.noreply;
      const reason = itemOf(message, 2);
      return perform(state, childExited<Child>(state, child, reason, second()), reason);
    }
    if (isTuple(message, "$gen_restart", 2)) {
      const child = state.children.get(itemOf(message, 1) as Pid);
      if (child === undefined || !child.isRestarting) return state.noreply;
      return perform(state, onRetry<Child>(state, child, second()));
    }
    return state.unexpected("message", message);
  },
  terminate: (_reason: Term, state: State) => stopAll(state),
  formatStatus: (status) =>
    status.state instanceof State
      ? { ...status, state: status.state.describe(infosOf(status.state.children)) }
      : status,
};

// --- Starting the supervisor --------------------------------------------------------------------

async function begin(starting: Starting): Promise<Init<State>> {
  const process = self();
  process.flags |= TRAP_EXIT;
  const outcome = await runInit(starting);
  assertAlive(process);
  if (outcome === "ignore") return "ignore";
  if (!isTuple(outcome, "ok", 2) || !isRecord(itemOf(outcome, 1))) {
    return ["stop", ["bad_return", [starting.module, "init", outcome]]];
  }
  const checked = checkDynamicFlags(itemOf(outcome, 1) as Flags);
  if (checked[0] === "error") return ["stop", ["supervisor_data", checked[1]]];
  return ["ok", new State("DynamicSupervisor", process, starting, checked[1], new Children())];
}

/** The flags of a dynamic supervisor, with all values set. */
interface FullFlags extends CommonFlags {
  readonly maxChildren: number;
  readonly extraArguments: readonly Term[];
}

const FLAGS = [
  ...COMMON_FLAGS,
  "maxChildren",
  "extraArguments",
] as const satisfies readonly (keyof FullFlags)[];

function checkDynamicFlags(flags: Flags): Checked<FullFlags> {
  const { maxChildren = Infinity, extraArguments = [] } = flags;
  const wrong = maxChildren !== Infinity && !(Number.isSafeInteger(maxChildren) && maxChildren >= 0)
    ? ["invalid_max_children", maxChildren]
    : !Array.isArray(extraArguments)
    ? ["invalid_extra_arguments", extraArguments]
    : undefined;
  const checked = checkFlags(flags, FLAGS, ["one_for_one"], wrong);
  return checked[0] === "ok" ? ["ok", { ...checked[1], maxChildren, extraArguments }] : checked;
}

// --- Calls --------------------------------------------------------------------------------------

/** The reply to a call. */
function answer(state: State, request: Term): Awaitable<Term> {
  if (request === "which_children") return infosOf(state.children);
  // As in Elixir, a child is active unless it is being restarted; a Supervisor checks whether it is running.
  if (request === "count_children") {
    return countOf(state.children.from(), ({ isRestarting }) => !isRestarting);
  }
  if (isTuple(request, "start_child", 2)) return addChild(state, specIn(itemOf(request, 1)));
  if (isTuple(request, "terminate_child", 2)) {
    const child = state.children.get(itemOf(request, 1) as Pid);
    return child === undefined ? ["error", "not_found"] : stopOne(state, child);
  }
  state.unexpected("call", request);
  return ["error", ["unknown_call", request]];
}

function addChild(state: State, given: Term): Awaitable<Term> {
  const { children, flags: { maxChildren, extraArguments, autoShutdown } } = state;
  const checked = checkChildSpec(given, autoShutdown);
  if (checked[0] === "error") return checked;
  if (children.size >= maxChildren) return ["error", "max_children"];
  const start = withArguments(checked[1].start, extraArguments);
  return then(callStart(start, asThrown), (started) => {
    assertAlive(state.process);
    if (started[0] === "error") return started;
    const pid = started[1];
    if (pid === undefined) return "ignore";
    const child = new Child({ ...checked[1], id: undefined, start });
    child.forgetArguments();
    children.add(child, pid);
    if (child.type === "worker") reportIfSupervisor(state.name, state.process.pid, child);
    return started;
  });
}

/** A start function that is called with `extra` before its own arguments. */
function withArguments(start: StartFunction, extra: readonly Term[]): StartFunction {
  if (extra.length === 0) return start;
  if (typeof start !== "function") return [start[0], start[1], [...extra, ...start[2]]];
  return () => (start as (...args: readonly Term[]) => unknown)(...extra);
}

/**
 * What a start function threw is the reason of the failure, in the form of an exit reason, as in Elixir; for
 * a Supervisor it is `["EXIT", reason]`, as in OTP.
 */
function asThrown(thrown: unknown): Started {
  return ["error", reasonOf(thrown)];
}

function infosOf(children: Children): Term[] {
  return Array.from(children.from(), infoOf);
}

// --- Restarts -----------------------------------------------------------------------------------

/**
 * Performs the actions that `supervisor/restart.ts` returned. With the only strategy, a start is the last
 * one.
 */
function perform(
  state: State,
  actions: readonly Action<Child>[],
  reason?: Term,
): Awaitable<Response> {
  for (const action of actions) {
    switch (action[0]) {
      case "report":
        state.report("child_terminated", reason, action[1]);
        break;
      case "release":
        state.children.remove(action[1]);
        break;
      case "start":
        return restart(state, action[1]);
      case "give_up":
        state.report("shutdown", "reached_max_restart_intensity", action[1]);
        break;
      case "shut_down":
        return ["stop", "shutdown", state];
    }
  }
  return state.noreply;
}

function restart(state: State, child: Child): Awaitable<Response> {
  const { process, children } = state;
  // Only children that are not temporary are restarted: their start functions are kept.
  return then(callStart(child.start as StartFunction, asThrown), (started) => {
    assertAlive(process);
    if (started[0] === "error") {
      state.report("start_error", started[1], child, ["restarting", child.pid]);
      child.isRestarting = true;
      // Sent as a message, so that other messages can be handled in between.
      sendToPid(process.pid, ["$gen_restart", child.pid]);
      return state.noreply;
    }
    // A child whose start is ignored is removed, as in Elixir; a Supervisor, like OTP's, keeps it.
    children.remove(child);
    if (started[1] !== undefined) children.add(child, started[1]);
    return state.noreply;
  });
}

// --- Stopping -----------------------------------------------------------------------------------

function stopOne(state: State, child: Child): Awaitable<"ok"> {
  const finish = (reason: Term): "ok" => {
    if (reason === NOT_RUNNING) reason = state.lastWords(child.pid!);
    state.forgetUnread();
    reportUnlessExpected(state, child, reason);
    state.children.remove(child);
    return "ok";
  };
  if (child.isRestarting) return finish("shutdown");
  return then(stopProcess(state.process, child.pid!, child.shutdown), (reason) => {
    assertAlive(state.process);
    return finish(reason);
  });
}

/** Sends exit signals to all children at once, and waits for each as long as its `shutdown` says. */
async function stopAll(state: State): Promise<void> {
  const { process, children } = state;
  const stopped: [child: Child, reason: Awaitable<Term>][] = [];
  for (const child of children.from()) {
    if (!child.isRestarting) {
      stopped.push([child, stopProcess(process, child.pid!, child.shutdown)]);
    }
  }
  const ends: [child: Child, reason: Term][] = [];
  for (const [child, reason] of stopped) {
    ends.push([child, isThenable(reason) ? await reason : reason]);
  }
  assertAlive(process);
  for (const [child, reason] of ends) {
    const isGone = reason === NOT_RUNNING;
    reportUnlessExpected(state, child, isGone ? state.lastWords(child.pid!) : reason);
  }
}

/**
 * Reports an unexpected exit reason of a child that was stopped. `["shutdown", term]` is expected of any
 * child, as by Elixir's DynamicSupervisor; a Supervisor, like OTP's, reports it for a permanent child.
 */
function reportUnlessExpected(state: State, child: Child, reason: Term): void {
  const isExpected = child.shutdown === "brutal_kill"
    ? reason === "killed"
    : reason === "shutdown" || isTuple(reason, "shutdown", 2) ||
      (reason === "normal" && child.restart !== "permanent");
  if (!isExpected) state.report("shutdown_error", reason, child);
}
