/**
 * Supervisor: a process that starts other processes, its children, and restarts or stops them by fixed rules.
 *
 * A supervisor starts its children one after another, each after the previous one has returned from its
 * `init`. It is linked to them and traps exits, so it is notified when one exits for any reason; what it then
 * does depends on the `restart` of the child and the `strategy` of the supervisor. When the supervisor stops,
 * or has to restart several children together, it stops children in reverse order of their start, and waits
 * for each as specified by its `shutdown`. Children may be supervisors: a supervision tree restarts the part
 * that failed, and if that does not help, the part around it, and so on up to the root.
 *
 * Too many restarts (more than `maxRestarts` in `maxSeconds`) terminate the supervisor with `"shutdown"`, and
 * its own supervisor takes over. The default is 3 in 5 seconds.
 *
 * ```ts
 * import { GenServer, ok, reply, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Counter = {
 *   startLink: (first: number) => GenServer.startLink(Counter, first, { name: "counter" }),
 *   childSpec: (first: number) => GenServer.childSpec(Counter, first),
 *   init: (count: number) => ok(count),
 *   handleCall: (_request: "next", _from: GenServer.From, count: number) => reply(count, count + 1),
 * };
 *
 * const supervisor = unwrap(
 *   await Supervisor.startLink([[Counter, 1]], { strategy: "one_for_one" }),
 * );
 * assertEquals(await GenServer.call("counter", "next"), 1);
 * assertEquals(await GenServer.call("counter", "next"), 2);
 *
 * await GenServer.stop("counter");
 * // Restarted, with its initial state. (A call to the supervisor waits for the restart.)
 * assertEquals((await Supervisor.countChildren(supervisor)).active, 1);
 * assertEquals(await GenServer.call("counter", "next"), 1);
 * await Supervisor.stop(supervisor);
 * ```
 *
 * **Purpose.** Supervisors are for recovery from errors, not for the organization of code: children belong
 * together if they fail together. State that must survive a crash belongs in another process.
 *
 * **While it waits** for a child to start or to stop, a supervisor does nothing else, as in OTP: calls to it
 * and exits of other children have to wait. A child with a slow initialization should return from `init` and
 * continue in `handleContinue`. A child must not call its supervisor in its `init`.
 *
 * @module
 */

import { rejectFairly } from "./kernel/fair.ts";
import {
  callStart,
  Child,
  isExpectedEnd,
  type KeptChildSpec,
  type KeptStart,
  NOT_RUNNING,
  reportIfSupervisor,
  reportProgress,
  type Started,
  stopProcess,
} from "./supervisor/child.ts";
import {
  type AutoShutdown,
  checkChildSpec,
  checkChildSpecList,
  type ChildOf,
  type ChildrenOf,
  type ChildSpec,
  childSpec as specOf,
  type ChildSpecOverrides,
  FIELDS,
  isAutoShutdown,
  type ModuleSpec,
  type StartFunction,
  type SupervisorModule,
  supervisorSpec,
  withOverrides,
} from "./child_spec.ts";
import { Children } from "./supervisor/children.ts";
import { ask as askServer, callKind } from "./gen/client.ts";
import type { StartResult } from "./gen/start.ts";
import {
  cast,
  type Module as ServerModule,
  type StartArguments as ServerArguments,
  startLink as startServer,
  stop as stopServer,
} from "./gen_server.ts";
import { type HasInitialCall, INITIAL_CALL } from "./gen/initial_call.ts";
import { PROTOCOL, type Protocol } from "./kernel/calls.ts";
import { type Awaitable, then } from "./kernel/awaitable.ts";
import { checkOptions } from "./kernel/options.ts";
import type { Name, ServerRef } from "./kernel/names.ts";
import { aliveProcess, TRAP_EXIT } from "./kernel/process.ts";
import { isTuple, itemOf, itemsOf, sizeOf } from "./kernel/reader.ts";
import { self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import type { Pid, Term } from "./kernel/term.ts";
import { type Init, type Noreply, reply, type Stop } from "./response.ts";
import {
  type Action,
  childExited,
  onRetry,
  type Strategy,
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

/** The name of this module where it is printed. */
export const moduleName = "Supervisor";

export type {
  AutoShutdown,
  ChildOf,
  ChildrenOf,
  Counts,
  KeptChildSpec,
  KeptStart,
  ModuleSpec,
  StartResult,
  Strategy,
};

// --- The contract -------------------------------------------------------------------------------

/** How a supervisor treats its children. */
export interface InitOptions {
  /**
   * Which children are restarted when one has exited: `"one_for_one"`, only that child; `"one_for_all"`, all
   * children; `"rest_for_one"`, that child and those started after it.
   */
  readonly strategy: Strategy;
  /** The maximum number of restarts within `maxSeconds`; one more terminates the supervisor. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** The period of `maxRestarts` in whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
  /** Whether the supervisor shuts down when significant children have exited. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** Options of {@linkcode startLink} for a supervisor with a module. */
export interface StartOptions {
  /**
   * The name to register the supervisor under: an atom, `["global", term]` or `["via", registry, term]`.
   * None by default; `undefined` and `null` mean none.
   */
  readonly name?: Name | null | undefined;
}

/** The flags of a supervisor, as its `init` returns them. Mirrors OTP's `supervisor:sup_flags()`. */
export interface Flags {
  /** See {@linkcode InitOptions}. Default `"one_for_one"`. */
  readonly strategy?: Strategy | undefined;
  /** The maximum number of restarts within `period`. Default 1. */
  readonly intensity?: number | undefined;
  /** In whole seconds, at least 1. Default 5. */
  readonly period?: number | undefined;
  /** See {@linkcode InitOptions}. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** The first argument of {@linkcode startLink}: a list of children, or a module. */
export type Startable<First> = [unknown] extends [First] ? First
  : First extends readonly (ChildSpec | ModuleSpec)[] ? ChildrenOf<First>
  : First;

/**
 * The other arguments of {@linkcode startLink}: after a list, the options; after a module, the argument of
 * its `init`, which can be omitted if `init` does not need it, and the options.
 */
export type StartArguments<First> = [First] extends [Module] ? ServerArguments<First, StartOptions>
  : [First] extends [readonly unknown[]] ? [options: InitOptions & StartOptions]
  : ServerArguments<unknown, StartOptions>;

/** What `init` of a supervisor's module may return; {@linkcode init} creates it. */
export type InitResult =
  | readonly ["ok", readonly [flags: Flags, children: readonly ChildSpec[]]]
  | "ignore";

/** The callback of a supervisor's module. */
export interface Module {
  /**
   * The name of the module in reports, errors and `inspect`. Default: the name of its class, otherwise its
   * functions.
   */
  readonly moduleName?: string;
  /** Returns the children and the flags, made by {@linkcode init}, or `"ignore"`. */
  // deno-lint-ignore no-explicit-any -- the argument depends on the module
  init(argument: any): Awaitable<InitResult>;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Returns the children and the flags. */
  init(): Awaitable<InitResult>;
}

/**
 * The result of starting a child: `["ok", pid]`; `["ok", pid, info]` if its start function returned that;
 * `["ok", undefined]` if it returned `"ignore"`; `["error", reason]`.
 */
export type StartChildResult =
  | readonly ["ok", Pid | undefined]
  | readonly ["ok", Pid | undefined, Term]
  | readonly ["error", Term];

/** A child, as {@linkcode whichChildren} returns it. */
export type ChildInfo = readonly [
  id: Term,
  child: Pid | "restarting" | undefined,
  type: "worker" | "supervisor",
  modules: readonly (object | string)[] | "dynamic",
];

// --- Clients ------------------------------------------------------------------------------------

/** The module of a supervisor without one. Its argument is the result of `init`. */
const Default: Module = new OwnModule("Supervisor.Default", (result: InitResult) => result);

/**
 * Starts a supervisor that is linked to the calling process, and its children in the order of the list.
 * Resolves when the last child has started.
 *
 * Takes a list of children and the options, or a module, an argument and {@linkcode StartOptions}. The `init`
 * of the module is called with the argument, in the new process, and returns children and options made by
 * {@linkcode init}. It may be async.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["shutdown", ["failed_to_start_child", id, reason]]` if a child failed to start: the children before it
 *   were stopped in reverse order, those after it were not started;
 * - `["already_started", pid]` if the name is taken;
 * - `["start_spec", why]` if a specification is invalid, or two have the same id
 *   (`["duplicate_child_name", id]`): no child was started;
 * - `["supervisor_data", why]` if an option is invalid, as in `["invalid_strategy", value]`;
 * - `[error, stack]` if the module's `init` throws;
 * - `["bad_return", [module, "init", value]]` if it returns an invalid value.
 *
 * Resolves with `"ignore"` if `init` returns that.
 *
 * Because of the link, a failed start also sends an exit signal to the caller, which then exits too unless it
 * traps exits.
 *
 * @param first Child specifications, modules and `[module, argument]` pairs in a list, or a module.
 * @param argumentAndOptions After a list: {@linkcode InitOptions} and {@linkcode StartOptions} in one object.
 * After a module: the argument, which is passed to `init` unchanged, and `StartOptions`.
 * @throws {TypeError} If there is no `strategy`, a child is not a valid child, the module has no `init`, or
 * `name` is not a valid name: the promise rejects, and no process is started.
 * @see Elixir `Supervisor.start_link/2,3`, OTP `supervisor:start_link/2,3`
 *
 * @example A module-based supervisor
 * ```ts
 * import { Agent, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Numbers = {
 *   startLink: (numbers: number[]) => Supervisor.startLink(Numbers, numbers),
 *   init: (numbers: number[]) =>
 *     Supervisor.init(
 *       numbers.map((n) => Supervisor.childSpec([Agent, () => n], { id: n })),
 *       { strategy: "rest_for_one" },
 *     ),
 *   childSpec: (numbers: number[]) => Supervisor.childSpec(Numbers, numbers),
 * };
 *
 * const supervisor = unwrap(await Numbers.startLink([1, 2]));
 * const children = await Supervisor.whichChildren(supervisor);
 * assertEquals(children.map(([id]) => id), [2, 1]);
 * await Supervisor.stop(supervisor);
 * ```
 */
export function startLink<const First extends readonly (ChildSpec | ModuleSpec)[] | Module>(
  first: Startable<First>,
  ...argumentAndOptions: StartArguments<First>
): Promise<StartResult> {
  const [second, options] = argumentAndOptions;
  try {
    return Array.isArray(first)
      ? start(Default, initOf(first, second as InitOptions, LIST_OPTIONS), second as StartOptions)
      : startModule(first as Module, second, options);
  } catch (error) {
    return rejectFairly(error);
  }
}

const INIT_OPTIONS = [
  "strategy",
  "maxRestarts",
  "maxSeconds",
  "autoShutdown",
] as const satisfies readonly (keyof InitOptions)[];
const START_OPTIONS = ["name"] as const satisfies readonly (keyof StartOptions)[];
const LIST_OPTIONS = [...INIT_OPTIONS, ...START_OPTIONS];

function startModule(
  module: Module,
  argument: Term,
  options: StartOptions = {},
): Promise<StartResult> {
  if (typeof module?.init !== "function") {
    throw new TypeError(
      "Cannot start a supervisor: expected a list of children, or a module with an init callback, " +
        `found ${inspect(module)}`,
    );
  }
  checkOptions("start a supervisor", options, START_OPTIONS);
  return start(module, argument, options);
}

function start(module: Module, argument: Term, { name }: StartOptions): Promise<StartResult> {
  return startServer(SERVER, { module, argument, name } satisfies Starting, { name });
}

/**
 * Returns what the `init` of a supervisor's module returns: `["ok", [flags, specifications]]`. See the
 * example of {@linkcode startLink}.
 *
 * The values of the options and the specifications are checked when a supervisor is started with them.
 *
 * @param children Child specifications, modules, or `[module, argument]` pairs.
 * @throws {TypeError} If there is no `strategy`, or one of `children` is not a valid child.
 * @see Elixir `Supervisor.init/2`
 */
export function init<const Given extends readonly (ChildSpec | ModuleSpec)[]>(
  children: ChildrenOf<Given>,
  options: InitOptions,
): readonly ["ok", readonly [flags: Flags, children: readonly ChildSpec[]]] {
  return initOf(children, options, INIT_OPTIONS);
}

function initOf(
  children: unknown,
  options: InitOptions,
  known: readonly string[],
): readonly ["ok", readonly [flags: Flags, children: readonly ChildSpec[]]] {
  if (!Array.isArray(children)) {
    throw new TypeError(
      `Cannot supervise this: expected a list of children, found ${inspect(children)}`,
    );
  }
  if (options !== undefined) checkOptions("supervise", options, known);
  const { strategy, maxRestarts = 3, maxSeconds = 5, autoShutdown = "never" } = options ?? {};
  if (strategy === undefined) {
    throw new TypeError(
      'Cannot supervise: expected the option strategy ("one_for_one", "one_for_all" or ' +
        `"rest_for_one"), found ${inspect(options)}`,
    );
  }
  const flags = { strategy, intensity: maxRestarts, period: maxSeconds, autoShutdown };
  return ["ok", [flags, children.map((child: ChildSpec) => specOf(child))]];
}

/** A module that describes a supervisor: it has `init` and `startLink`, and no callback of a server beside `init`. */
// deno-lint-ignore no-explicit-any -- the argument is the module's own business
type DescribesSupervisor = SupervisorModule & { init(...args: any): Awaitable<InitResult> };

/**
 * What {@linkcode childSpec} takes second: the argument of a module that describes a supervisor; after anything
 * else, the fields that differ.
 */
export type ArgumentOrOverrides<Given> = Given extends DescribesSupervisor ? unknown
  : ChildSpecOverrides;

/**
 * Returns a child specification:
 * - `childSpec(child, overrides)`: that of a module or of a `[module, argument]` pair, or the one that is given,
 *   with the fields of `overrides` in place of its own;
 * - `childSpec(module, argument, overrides)`: that of a module that describes a supervisor, which has `init` and
 *   `startLink` and no callback of a server beside `init`. It is for the module's own `childSpec`: the supervisor
 *   is started by the `startLink` of the module with `argument`, and has any time to stop its children.
 *
 * The specification is checked by the supervisor that starts the child.
 *
 * @throws {TypeError} If `child` is a module without `childSpec`, or not a child; if `overrides` has a field that
 * a child specification does not have; if the argument of a supervisor's module looks like overrides, and there are
 * no `overrides`.
 * @see Elixir `Supervisor.child_spec/2`; `use Supervisor`, which defines `child_spec/1`
 *
 * @example One module twice under one supervisor
 * ```ts
 * import { Agent, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const zero = () => 0;
 * assertEquals(Supervisor.childSpec([Agent, zero], { id: "second" }), {
 *   id: "second",
 *   start: [Agent, "startLink", [zero]],
 * });
 * ```
 *
 * @example A supervisor's module as a child
 * ```ts
 * import { Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Numbers = {
 *   startLink: (numbers: number[]) => Supervisor.startLink(Numbers, numbers),
 *   init: (_numbers: number[]) => Supervisor.init([], { strategy: "one_for_one" }),
 *   childSpec: (numbers: number[]) => Supervisor.childSpec(Numbers, numbers),
 * };
 * assertEquals(Numbers.childSpec([1, 2]), {
 *   id: Numbers,
 *   start: [Numbers, "startLink", [[1, 2]]],
 *   type: "supervisor",
 *   shutdown: "infinity",
 * });
 * ```
 */
export function childSpec<const Given extends ChildSpec | ModuleSpec | SupervisorModule>(
  child: Given extends DescribesSupervisor ? Given : ChildOf<Given>,
  ...rest: [argumentOrOverrides?: ArgumentOrOverrides<Given>, overrides?: ChildSpecOverrides]
): ChildSpec {
  const first: unknown = child;
  if (rest.length === 0 || !isSupervisorModule(first)) {
    const spec = specOf(first as ChildSpec);
    return rest[0] === undefined ? spec : withOverrides(spec, rest[0] as ChildSpecOverrides);
  }
  if (rest.length === 1 && isLikeOverrides(rest[0])) {
    throw new TypeError(
      `Cannot tell whether ${inspect(rest[0])} is the argument of the supervisor ${
        inspect(first)
      } or ` +
        "overrides: write ([module, argument], overrides) or (module, argument, overrides)",
    );
  }
  return supervisorSpec(first, ...rest as [Term, ChildSpecOverrides?]);
}

/** Callbacks of servers, and the functions of the supervisors of this library: a user's supervisor has none of them. */
const NOT_OF_SUPERVISORS = [
  "handleCall",
  "handleCast",
  "handleInfo",
  "handleContinue",
  "callbackMode",
  "whichChildren",
];

function isSupervisorModule(value: unknown): value is SupervisorModule {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const module = value as Record<string, unknown>;
  return typeof module["init"] === "function" && typeof module["startLink"] === "function" &&
    !NOT_OF_SUPERVISORS.some((name) => typeof module[name] === "function");
}

function isLikeOverrides(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => (FIELDS as readonly string[]).includes(key));
}

const CALL = callKind("supervisor");

function ask<Reply>(supervisor: ServerRef, request: Term): Promise<Reply> {
  return askServer(supervisor, request, Infinity, CALL) as Promise<Reply>;
}

/**
 * Adds a child after all others and starts it. Resolves when it has started.
 *
 * Resolves with `["ok", pid]`, `["ok", pid, info]`, `["ok", undefined]` (the start function returned
 * `"ignore"`; then a temporary child is not kept), or with
 * - `["error", ["already_started", pid]]` if a child with this id is running;
 * - `["error", "already_present"]` if a child with this id is not running: see {@linkcode restartChild} and
 *   {@linkcode deleteChild};
 * - `["error", [reason, child]]` if it failed to start; then it is not kept. `child` is OTP's record of it,
 *   `["child", undefined, id, start, restart, significant, shutdown, type, modules]`;
 * - `["error", why]` if the specification is invalid, as in `"missing_id"` or `["invalid_shutdown", value]`.
 *
 * There is no timeout, as for all calls to a supervisor.
 *
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, with `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. The other calls to a supervisor fail in the
 * same way.
 * @throws {TypeError} If `child` is not a valid child.
 * @see Elixir `Supervisor.start_child/2`
 *
 * @example Adding a child
 * ```ts
 * import { Agent, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await Supervisor.startLink([], { strategy: "one_for_one" }));
 * const agent = unwrap(await Supervisor.startChild(supervisor, [Agent, () => 1]))!;
 * assertEquals(await Agent.get(agent, (n) => n), 1);
 * await Supervisor.stop(supervisor);
 * ```
 */
export function startChild<const Given extends ChildSpec | ModuleSpec>(
  supervisor: ServerRef,
  child: ChildOf<Given>,
): Promise<StartChildResult> {
  try {
    return ask(supervisor, ["start_child", specOf(child as ChildSpec)]);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Stops a child and keeps its specification, unless it is temporary. It is not restarted, whatever its
 * `restart`, until {@linkcode restartChild} is called. Resolves with `"ok"` when it has exited, or if it was
 * not running; with `["error", "not_found"]` if there is no such child.
 *
 * @param id The id of the child, not its pid.
 * @see Elixir `Supervisor.terminate_child/2`
 *
 * @example Stopping, restarting and deleting a child
 * ```ts
 * import { Agent, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(
 *   await Supervisor.startLink([[Agent, () => 1]], { strategy: "one_for_one" }),
 * );
 * assertEquals(await Supervisor.terminateChild(supervisor, Agent), "ok");
 * assertEquals((await Supervisor.countChildren(supervisor)).active, 0);
 *
 * const [restarted] = await Supervisor.restartChild(supervisor, Agent);
 * assertEquals(restarted, "ok");
 * assertEquals(await Supervisor.deleteChild(supervisor, Agent), ["error", "running"]);
 *
 * await Supervisor.terminateChild(supervisor, Agent);
 * assertEquals(await Supervisor.deleteChild(supervisor, Agent), "ok");
 * assertEquals(await Supervisor.whichChildren(supervisor), []);
 * await Supervisor.stop(supervisor);
 * ```
 */
export function terminateChild(
  supervisor: ServerRef,
  id: Term,
): Promise<"ok" | readonly ["error", "not_found"]> {
  return ask(supervisor, ["terminate_child", id]);
}

/**
 * Restarts a child that is not running: it was stopped by {@linkcode terminateChild}, or has exited and was
 * not restarted.
 *
 * Resolves like {@linkcode startChild}, or with `["error", why]`, where `why` is `"not_found"`, `"running"`,
 * `"restarting"`, or the reason why it failed to start; its specification is kept in any case. See the example
 * of {@linkcode terminateChild}.
 *
 * @see Elixir `Supervisor.restart_child/2`
 */
export function restartChild(supervisor: ServerRef, id: Term): Promise<StartChildResult> {
  return ask(supervisor, ["restart_child", id]);
}

/**
 * Deletes the specification of a child that is not running. Resolves with `"ok"`, or with `["error", why]`,
 * where `why` is `"not_found"`, `"running"` or `"restarting"`. See the example of {@linkcode terminateChild}.
 *
 * @see Elixir `Supervisor.delete_child/2`
 */
export function deleteChild(
  supervisor: ServerRef,
  id: Term,
): Promise<"ok" | readonly ["error", "not_found" | "running" | "restarting"]> {
  return ask(supervisor, ["delete_child", id]);
}

/**
 * Returns the children of a supervisor, the one started last first: `[id, child, type, modules]` each, where
 * `child` is a pid, `undefined` if it is not running, or `"restarting"` if a restart is pending.
 * The list shows the children at the time when the supervisor handles the request.
 *
 * @see Elixir `Supervisor.which_children/1`
 *
 * @example The children and their numbers
 * ```ts
 * import { Agent, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const child = Supervisor.childSpec([Agent, () => 1], { id: "numbers" });
 * const supervisor = unwrap(await Supervisor.startLink([child], { strategy: "one_for_one" }));
 *
 * const [[id, _pid, type]] = await Supervisor.whichChildren(supervisor) as [Supervisor.ChildInfo];
 * assertEquals([id, type], ["numbers", "worker"]);
 * assertEquals(await Supervisor.countChildren(supervisor), {
 *   specs: 1,
 *   active: 1,
 *   supervisors: 0,
 *   workers: 1,
 * });
 * await Supervisor.stop(supervisor);
 * ```
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return ask(supervisor, "which_children");
}

/**
 * Returns the numbers of children of a supervisor. See the example of {@linkcode whichChildren}.
 *
 * @see Elixir `Supervisor.count_children/1`
 */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return ask(supervisor, "count_children");
}

/**
 * Returns the specification of a child, with every field: `["ok", specification]` or
 * `["error", "not_found"]`.
 *
 * The supervisor forgets the arguments of temporary children that {@linkcode startChild} has started: the `start`
 * of such a child is `[module, name, undefined]`, or `undefined` if it was a function.
 *
 * @see OTP `supervisor:get_childspec/2`
 *
 * @example The specification, with default values
 * ```ts
 * import { Agent, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const zero = () => 0;
 * const supervisor = unwrap(
 *   await Supervisor.startLink([[Agent, zero]], { strategy: "one_for_one" }),
 * );
 * const spec = unwrap(await Supervisor.getChildSpec(supervisor, Agent));
 * assertEquals([spec.restart, spec.shutdown], ["permanent", 5000]);
 * await Supervisor.stop(supervisor);
 * ```
 */
export function getChildSpec(
  supervisor: ServerRef,
  id: Term,
): Promise<readonly ["ok", KeptChildSpec] | readonly ["error", "not_found"]> {
  return ask(supervisor, ["get_childspec", id]);
}

/**
 * Checks child specifications without starting any child. Returns `"ok"`, or `["error", why]` for the first
 * invalid one, with the reason of a failed start. Modules and pairs are not specifications: see
 * {@linkcode childSpec}.
 *
 * @param autoShutdown The `autoShutdown` of the supervisor that they are intended for. By default it is not checked.
 * @see OTP `supervisor:check_childspecs/1,2`
 *
 * @example A valid and an invalid specification
 * ```ts
 * import { Agent, type ChildSpec, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const spec: ChildSpec = { id: "zero", start: [Agent, "startLink", [() => 0]] };
 * assertEquals(Supervisor.checkChildSpecs([spec]), "ok");
 * assertEquals(Supervisor.checkChildSpecs([{ ...spec, shutdown: -1 }]), [
 *   "error",
 *   ["invalid_shutdown", -1],
 * ]);
 * ```
 */
export function checkChildSpecs(
  specs: readonly ChildSpec[],
  autoShutdown?: AutoShutdown,
): "ok" | readonly ["error", Term] {
  if (Array.isArray(specs) && autoShutdown !== undefined && !isAutoShutdown(autoShutdown)) {
    return ["error", ["badarg", autoShutdown]];
  }
  const checked = checkChildSpecList(specs, autoShutdown);
  return checked[0] === "ok" ? "ok" : checked;
}

/**
 * Stops a supervisor in an orderly way: first its children, in reverse order of their start. Resolves with
 * `"ok"` when it has exited.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor continues to stop after a timeout.
 * @throws {Exit} `[why, ["GenServer", "stop", [supervisor, reason, timeout]]]`, `why` as for
 * `GenServer.stop`.
 * @see Elixir `Supervisor.stop/1,3`
 *
 * @example Stopping a supervisor and its children
 * ```ts
 * import { Agent, Process, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const supervisor = unwrap(await Supervisor.startLink([], { strategy: "one_for_one" }));
 * const agent = unwrap(await Supervisor.startChild(supervisor, [Agent, () => 1]))!;
 * assertEquals(await Supervisor.stop(supervisor), "ok");
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

// --- The supervisor process ---------------------------------------------------------------------

/** The state of a supervisor. */
class State extends SupervisorState<CommonFlags, Children> implements Supervision<Child> {}

/** The response of a supervisor's callback. */
type Response = Noreply<State> | Stop<State>;

/** A supervisor is a GenServer with this module. */
const SERVER: ServerModule & HasInitialCall & { readonly [PROTOCOL]: Protocol } = {
  moduleName: "supervisor",
  [INITIAL_CALL]: (from: Starting | State) =>
    initialCallOf(from instanceof State ? from.starting : from),
  [PROTOCOL]: "supervisor",
  init: begin,
  handleCall: (request: Term, _from: Term, state: State) =>
    then(answer(state, request), (value) => reply(value, state)),
  handleCast: (request: Term, state: State) => {
    // In OTP the clause is missing, and the supervisor crashes: README lists the difference.
    if (!isTuple(request, "try_again_restart", 2)) {
      return state.unexpected("cast", request);
    }
    const child = state.children.get(itemOf(request, 1));
    if (child === undefined || !child.isRestarting) return state.noreply;
    return perform(state, onRetry<Child>(state, child, second()));
  },
  handleInfo: (message: Term, state: State) => {
    if (!isTuple(message, "EXIT", 3)) return state.unexpected("message", message);
    const child = state.children.withPid(itemOf(message, 1) as Pid);
    if (child === undefined) return state.noreply;
    const reason = itemOf(message, 2);
    return perform(state, childExited<Child>(state, child, reason, second()), reason);
  },
  terminate: (_reason: Term, state: State) => stopAll(state),
  formatStatus: (status) =>
    status.state instanceof State
      ? { ...status, state: status.state.describe(infosOf(status.state)) }
      : status,
};

// --- Starting the supervisor --------------------------------------------------------------------

async function begin(starting: Starting): Promise<Init<State>> {
  const process = self();
  process.flags |= TRAP_EXIT;
  const { module } = starting;
  const outcome = await runInit(starting);
  assertAlive(process);
  if (outcome === "ignore") return "ignore";
  if (!isInitResult(outcome)) return ["stop", ["bad_return", [module, "init", outcome]]];
  const [, [flags, specs]] = outcome;
  if (typeof flags !== "object" || flags === null || Array.isArray(flags)) {
    return ["stop", ["supervisor_data", ["invalid_type", flags]]];
  }
  const checkedFlags = checkFlags(flags, COMMON_FLAGS, STRATEGIES);
  if (checkedFlags[0] === "error") return ["stop", ["supervisor_data", checkedFlags[1]]];
  const checked = checkChildSpecList(specs, checkedFlags[1].autoShutdown);
  if (checked[0] === "error") return ["stop", ["start_spec", checked[1]]];
  const state = new State("Supervisor", process, starting, checkedFlags[1], new Children());
  for (const spec of checked[1]) {
    const child = new Child(spec);
    const [tag, reason] = await startAndKeep(state, child);
    if (tag === "ok") continue;
    state.report("start_error", reason, child);
    await stopAll(state);
    return ["stop", ["shutdown", ["failed_to_start_child", child.id, reason]]];
  }
  return ["ok", state];
}

const STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"] as const;

function isInitResult(outcome: unknown): outcome is readonly ["ok", readonly [Flags, Term]] {
  return isTuple(outcome, "ok", 2) && sizeOf(itemOf(outcome, 1)) === 2;
}

// --- Starting and stopping children -------------------------------------------------------------

/**
 * Starts a child, records its process and writes a progress report, as OTP does. A DynamicSupervisor writes
 * none.
 */
async function startOne(state: State, child: Child): Promise<Started> {
  // A temporary child, whose arguments are forgotten, is not started again.
  const started = await callStart(child.start as StartFunction);
  assertAlive(state.process);
  if (started[0] === "error") return started;
  state.children.setPid(child, started[1]);
  if (started[1] !== undefined) reportProgress(state.name, state.process.pid, child);
  return started;
}

/** Starts a new child and keeps it, unless the start failed, or it is temporary and its start was ignored. */
async function startAndKeep(state: State, child: Child): Promise<Started> {
  const started = await startOne(state, child);
  if (child.type === "worker") reportIfSupervisor(state.name, state.process.pid, child);
  if (started[0] === "ok" && (child.isUp || child.restart !== "temporary")) {
    state.children.add(child);
  }
  return started;
}

/** Records that the child has no process; a temporary child is removed. */
function release({ children }: State, child: Child): void {
  if (child.restart === "temporary") children.remove(child);
  else children.setPid(child, undefined);
}

/** Stops a child if it is running, and waits for its exit if necessary. */
function stopOne(state: State, child: Child): void | Promise<void> {
  const pid = child.running;
  if (pid === undefined) return release(state, child);
  const ended = (reason: Term): void => {
    if (reason === NOT_RUNNING) reason = state.lastWords(pid);
    if (!isExpectedEnd(child, reason)) state.report("shutdown_error", reason, child);
    release(state, child);
  };
  const ending = stopProcess(state.process, pid, child.shutdown);
  return then(ending, (reason) => {
    assertAlive(state.process);
    ended(reason);
  });
}

/**
 * Stops all children in reverse order, one after another, because later children may depend on earlier ones.
 * A DynamicSupervisor, whose children do not depend on each other, stops them all at once.
 */
async function stopAll(state: State): Promise<void> {
  for (const child of [...state.children.newestFirst()]) {
    const stopping = stopOne(state, child);
    if (stopping !== undefined) await stopping;
  }
}

/** Performs the actions that `supervisor/restart.ts` returned, one after another. */
async function perform(
  state: State,
  actions: readonly Action<Child>[],
  reason?: Term,
): Promise<Response> {
  for (const action of actions) {
    switch (action[0]) {
      case "report":
        state.report("child_terminated", reason, action[1]);
        break;
      case "release":
        release(state, action[1]);
        break;
      case "stop": {
        const stopping = stopOne(state, action[1]);
        if (stopping !== undefined) await stopping;
        break;
      }
      case "start": {
        const child = action[1];
        const started = await startOne(state, child);
        if (started[0] === "ok") break;
        state.report("start_error", started[1], child);
        state.children.setRestarting(child);
        // Sent as a message, so that other messages can be handled in between.
        cast(state.process.pid, ["try_again_restart", child.id]);
        return state.noreply;
      }
      case "give_up":
        state.report("shutdown", "reached_max_restart_intensity", action[1]);
        break;
      case "shut_down":
        return ["stop", "shutdown", state];
    }
  }
  state.forgetUnread();
  return state.noreply;
}

// --- Calls --------------------------------------------------------------------------------------

/** The reply to a call. */
function answer(state: State, request: Term): Term {
  if (request === "which_children") return infosOf(state);
  if (request === "count_children") return countOf(state.children.from(), isActive);
  const items = itemsOf(request, 2);
  if (items === undefined) return unknownCall(state, request);
  const [operation, argument] = items;
  if (operation === "start_child") return addChild(state, argument);
  const child = state.children.get(argument);
  const notFound = ["error", "not_found"];
  switch (operation) {
    case "terminate_child": {
      if (child === undefined) return notFound;
      const stopping = stopOne(state, child);
      return stopping === undefined ? "ok" : stopping.then(() => "ok");
    }
    case "restart_child":
      return child === undefined ? notFound : refusal(child) ?? startOne(state, child);
    case "delete_child":
      if (child === undefined) return notFound;
      return refusal(child) ?? (state.children.remove(child), "ok");
    case "get_childspec":
      return child === undefined ? notFound : ["ok", child.spec];
    default:
      return unknownCall(state, request);
  }
}

function unknownCall(state: State, request: Term): Term {
  state.unexpected("call", request);
  return ["error", ["unknown_call", request]];
}

async function addChild(state: State, spec: Term): Promise<Term> {
  const checked = checkChildSpec(spec, state.policy.autoShutdown);
  if (checked[0] === "error") return checked;
  const present = state.children.get(checked[1].id);
  if (present?.running !== undefined) return ["error", ["already_started", present.running]];
  if (present !== undefined) return ["error", "already_present"];
  const child = new Child(checked[1]);
  const started = await startAndKeep(state, child);
  if (started[0] === "error") return ["error", [started[1], recordOf(child)]];
  child.forgetArguments();
  return started;
}

/** OTP's record of a child. */
function recordOf({ spec }: Child): Term {
  const { id, start, restart, significant, shutdown, type, modules } = spec;
  return ["child", undefined, id, start, restart, significant, shutdown, type, modules];
}

/** The children, the one started last first. */
function infosOf({ children }: State): ChildInfo[] {
  return [...children.newestFirst()].map(infoOf);
}

/**
 * Whether a child counts as running. A process that has exited, but whose exit signal has not been handled,
 * does not, as in OTP; for a DynamicSupervisor it does, as for Elixir's.
 */
function isActive({ running }: Child): boolean {
  return running !== undefined && aliveProcess(running) !== null;
}

/** The reason why a child can be neither restarted nor deleted. */
function refusal(child: Child): Term {
  if (child.isRestarting) return ["error", "restarting"];
  return child.isUp ? ["error", "running"] : undefined;
}
