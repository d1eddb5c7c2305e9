/**
 * Supervisor: a process that starts others, its children, and restarts or stops them by fixed rules.
 *
 * A supervisor starts its children one after another, each once the one before has finished its
 * `init`. It is linked to them and traps exits, so that it hears of their end, whatever the cause; what
 * it then does depends on the child's `restart` and on the supervisor's `strategy`. When it ends itself,
 * or has to stop children to restart them together, it stops the one started last first, and waits for
 * each as its `shutdown` says. Children may be supervisors: a tree of them restarts the part that is
 * broken, and if that does not help, the part around it, and so on to the root.
 *
 * Too many restarts (`maxRestarts` in `maxSeconds`) end the supervisor, with `"shutdown"`: its own
 * supervisor may do better. The default is 3 in 5 seconds, so the fourth is one too many.
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
 * // Restarted, with the state it was started with. (Asking the supervisor first is a way to wait.)
 * assertEquals((await Supervisor.countChildren(supervisor)).active, 1);
 * assertEquals(await GenServer.call("counter", "next"), 1);
 * await Supervisor.stop(supervisor);
 * ```
 *
 * **What it is for.** A supervisor cleans up after errors, it does not organise code: children are
 * processes that fail together or apart, not modules that belong together. State that must outlive
 * a crash belongs into a process that does not crash with it.
 *
 * **While it waits** for a child to start or to stop, a supervisor does nothing else, as in OTP: calls
 * to it wait, and so do the ends of other children. A child that may take long in `init` should return
 * and go on in `handleContinue`. A child must not call its supervisor in its `init`.
 *
 * @module
 */

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
import { TRAP_EXIT } from "./kernel/process.ts";
import { self } from "./kernel/self.ts";
import { inspect, type Pid, type Term } from "./kernel/term.ts";
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
  isTuple,
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

/** What this module is called where it is printed. */
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
   * Which children are restarted when one has ended: `"one_for_one"` it alone; `"one_for_all"` all;
   * `"rest_for_one"` it and those that were started after it.
   */
  readonly strategy: Strategy;
  /** The most restarts within `maxSeconds`; one more ends the supervisor. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** See `maxRestarts`; whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
  /** Whether the supervisor ends when significant children have ended. Default `"never"`. */
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
  /** The most restarts within `period`. Default 1. */
  readonly intensity?: number | undefined;
  /** In whole seconds, at least 1. Default 5. */
  readonly period?: number | undefined;
  /** See {@linkcode InitOptions}. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** What {@linkcode startLink} takes first: a list of children, or a module. */
export type Startable<First> = [unknown] extends [First] ? First
  : First extends readonly (ChildSpec | ModuleSpec)[] ? ChildrenOf<First>
  : First;

/**
 * What {@linkcode startLink} takes after that: after a list, the options; after a module, the argument for its
 * `init`, which may be left out if `init` does not need it, and the options.
 */
export type StartArguments<First> = [First] extends [Module] ? ServerArguments<First, StartOptions>
  : [First] extends [readonly unknown[]] ? [options: InitOptions & StartOptions]
  : ServerArguments<unknown, StartOptions>;

/** What `init` of a supervisor's module may return; {@linkcode init} makes it. */
export type InitResult =
  | readonly ["ok", readonly [flags: Flags, children: readonly ChildSpec[]]]
  | "ignore";

/** The callback of a module that describes a supervisor. */
export interface Module {
  /** What reports, errors and `inspect` call the module. Default: the name of its class, else its functions. */
  readonly moduleName?: string;
  /** Says which children there are and how to treat them, by way of {@linkcode init}; or `"ignore"`. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  init(argument: any): Awaitable<InitResult>;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Says which children there are and how to treat them. */
  init(): Awaitable<InitResult>;
}

/**
 * What came of starting a child: `["ok", pid]`; `["ok", pid, info]` if its start function gave that;
 * `["ok", undefined]` if it answered `"ignore"`; `["error", reason]`.
 */
export type StartChildResult =
  | readonly ["ok", Pid | undefined]
  | readonly ["ok", Pid | undefined, Term]
  | readonly ["error", Term];

/** One child, as {@linkcode whichChildren} shows it. */
export type ChildInfo = readonly [
  id: Term,
  child: Pid | "restarting" | undefined,
  type: "worker" | "supervisor",
  modules: readonly (object | string)[] | "dynamic",
];

// --- The clients' half --------------------------------------------------------------------------

/** The module of a supervisor without one: its `init` was run by whoever starts it. */
const Default: Module = new OwnModule("Supervisor.Default", (result: InitResult) => result);

/**
 * Starts a supervisor that is linked to the calling process, and its children in the order of the
 * list; resolves when the last of them runs.
 *
 * Takes the list of children and the options, or a module, an argument and {@linkcode StartOptions}. The
 * module's `init` is called with the argument, in the new process, and returns children and options by way of
 * {@linkcode init}. It may be async.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["shutdown", ["failed_to_start_child", id, reason]]` if a child did not start: those before it
 *   have been stopped again, last first, and those after it were never started;
 * - `["already_started", pid]` if the name is taken;
 * - `["start_spec", why]` if a specification is wrong, or two have the same id
 *   (`["duplicate_child_name", id]`): nothing was started;
 * - `["supervisor_data", why]` if an option is wrong, as in `["invalid_strategy", value]`;
 * - `[error, stack]` if the module's `init` throws;
 * - `["bad_return", [module, "init", value]]` if it returns anything else than it should.
 *
 * Resolves with `"ignore"` if `init` returns that.
 *
 * Because of the link, a failed start also sends the caller an exit signal, which ends a process
 * that does not trap exits.
 *
 * @param first Child specifications, modules and `[module, argument]` pairs in a list; or a module.
 * @param argumentAndOptions After a list, {@linkcode InitOptions} and {@linkcode StartOptions} in one; after a
 * module, the argument, which its `init` gets unchanged, and `StartOptions`.
 * @throws {TypeError} If there is no `strategy`, if one of the children stands for no child, if the module has
 * no `init`, or the name has none of the forms of a name: the promise rejects, and nothing was started.
 * @see Elixir `Supervisor.start_link/2,3`, OTP `supervisor:start_link/2,3`
 *
 * @example A supervisor as a module of its own
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
    return Promise.reject(error);
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
 * Makes what the `init` of a supervisor's module returns: `["ok", [flags, specifications]]`.
 *
 * The options' values and the specifications are checked by the supervisor that is started with them.
 *
 * @param children Child specifications, modules, or `[module, argument]` pairs.
 * @throws {TypeError} If there is no `strategy`, or if one of `children` stands for no child.
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
 * Adds a child behind all others and starts it; resolves when it runs.
 *
 * Resolves with `["ok", pid]`, `["ok", pid, info]`, `["ok", undefined]` (the child answered `"ignore"`; a
 * temporary one is not kept then), or with
 * - `["error", ["already_started", pid]]` if a child of the same id runs;
 * - `["error", "already_present"]` if there is one that does not run: see {@linkcode restartChild} and
 *   {@linkcode deleteChild};
 * - `["error", [reason, child]]` if it did not start: it is not kept. `child` is OTP's record of it,
 *   `["child", undefined, id, start, restart, significant, shutdown, type, modules]`;
 * - `["error", why]` if the specification is wrong, as in `"missing_id"` or `["invalid_shutdown", value]`.
 *
 * Waits for as long as it takes; so do all functions that ask a supervisor.
 *
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. So for all functions that ask one.
 * @throws {TypeError} If `child` stands for no child.
 * @see Elixir `Supervisor.start_child/2`
 */
export function startChild<const Given extends ChildSpec | ModuleSpec>(
  supervisor: ServerRef,
  child: ChildOf<Given>,
): Promise<StartChildResult> {
  try {
    return ask(supervisor, ["start_child", specOf(child as ChildSpec)]);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Stops a child, and keeps its specification (unless it is temporary). It is not restarted, whatever
 * its `restart`; {@linkcode restartChild} does that. Resolves with `"ok"` when it has ended, also if it
 * did not run; with `["error", "not_found"]` if there is no such child.
 *
 * @param id The child's id; a pid is none, unless it was given as one.
 * @see Elixir `Supervisor.terminate_child/2`
 */
export function terminateChild(
  supervisor: ServerRef,
  id: Term,
): Promise<"ok" | readonly ["error", "not_found"]> {
  return ask(supervisor, ["terminate_child", id]);
}

/**
 * Starts a child that does not run: one that was stopped by {@linkcode terminateChild}, or ended and was
 * not to be restarted.
 *
 * Resolves as {@linkcode startChild}, or with `["error", why]`, where `why` is `"not_found"`, `"running"`,
 * `"restarting"`, or the reason for which it did not start: its specification stays all the same.
 *
 * @see Elixir `Supervisor.restart_child/2`
 */
export function restartChild(supervisor: ServerRef, id: Term): Promise<StartChildResult> {
  return ask(supervisor, ["restart_child", id]);
}

/**
 * Deletes the specification of a child that does not run. Resolves with `"ok"`, or with `["error", why]`,
 * where `why` is `"not_found"`, `"running"` or `"restarting"`.
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
 * The children of a supervisor, the one started last first: `[id, child, type, modules]` each, where
 * `child` is a pid, `undefined` if it does not run, or `"restarting"` if it is to be started once more.
 *
 * @see Elixir `Supervisor.which_children/1`
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return ask(supervisor, "which_children");
}

/** The numbers of children of a supervisor. @see Elixir `Supervisor.count_children/1` */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return ask(supervisor, "count_children");
}

/**
 * The specification of a child, with every field: `["ok", specification]` or `["error", "not_found"]`.
 *
 * The supervisor forgets the arguments of temporary children that {@linkcode startChild} has started: the `start`
 * of such a child is `[module, name, undefined]`, or `undefined` if it was a function.
 *
 * @see OTP `supervisor:get_childspec/2`
 */
export function getChildSpec(
  supervisor: ServerRef,
  id: Term,
): Promise<readonly ["ok", KeptChildSpec] | readonly ["error", "not_found"]> {
  return ask(supervisor, ["get_childspec", id]);
}

/**
 * Checks child specifications without starting anything: `"ok"`, or `["error", why]` with what a start
 * would say of the first that is wrong. Modules and pairs are no specifications: see
 * {@linkcode childSpec}.
 *
 * @param autoShutdown That of the supervisor they are meant for. By default it is not looked at.
 * @see OTP `supervisor:check_childspecs/1,2`
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
 * Stops a supervisor in order: its children first, the one started last before the others. Resolves with
 * `"ok"` when it has ended.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor goes on stopping after that.
 * @throws {Exit} `[why, ["GenServer", "stop", [supervisor, reason, timeout]]]`, `why` as for
 * `GenServer.stop`.
 * @see Elixir `Supervisor.stop/1,3`
 */
export function stop(
  supervisor: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return stopServer(supervisor, reason, timeout);
}

// --- The server's half --------------------------------------------------------------------------

/** What a supervisor keeps. */
class State extends SupervisorState<CommonFlags, Children> implements Supervision<Child> {}

/** What a handler of a supervisor responds. */
type Response = Noreply<State> | Stop<State>;

/** A supervisor is a GenServer of this module. */
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
    const child = state.children.get(request[1]);
    if (child === undefined || !child.isRestarting) return state.noreply;
    return perform(state, onRetry<Child>(state, child, second()));
  },
  handleInfo: (message: Term, state: State) => {
    if (!isTuple(message, "EXIT", 3)) return state.unexpected("message", message);
    const child = state.children.withPid(message[1] as Pid);
    if (child === undefined) return state.noreply;
    const reason = message[2];
    return perform(state, childExited<Child>(state, child, reason, second()), reason);
  },
  terminate: (_reason: Term, state: State) => stopAll(state),
  formatStatus: (status) =>
    status.state instanceof State
      ? { ...status, state: status.state.describe(infosOf(status.state)) }
      : status,
};

// --- Its start ----------------------------------------------------------------------------------

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
  return isTuple(outcome, "ok", 2) && Array.isArray(outcome[1]) && outcome[1].length === 2;
}

// --- Its children -------------------------------------------------------------------------------

/** Starts a child, enters its process, and reports that, as OTP does. A DynamicSupervisor does not report it. */
async function startOne(state: State, child: Child): Promise<Started> {
  // A temporary child, whose arguments are forgotten, is not started again.
  const started = await callStart(child.start as StartFunction);
  assertAlive(state.process);
  if (started[0] === "error") return started;
  state.children.setPid(child, started[1]);
  if (started[1] !== undefined) reportProgress(state.name, state.process.pid, child);
  return started;
}

/** Starts a new child, and keeps it: not if it failed, nor a temporary one that does not want to run. */
async function startAndKeep(state: State, child: Child): Promise<Started> {
  const started = await startOne(state, child);
  if (child.type === "worker") reportIfSupervisor(state.name, state.process.pid, child);
  if (started[0] === "ok" && (child.isUp || child.restart !== "temporary")) {
    state.children.add(child);
  }
  return started;
}

/** The child has no process now: a temporary one is a child no more. */
function release({ children }: State, child: Child): void {
  if (child.restart === "temporary") children.remove(child);
  else children.setPid(child, undefined);
}

/** Stops a child if it runs, and waits for its end, if there is anything to wait for. */
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
 * Stops all children, last first, each when the one before has ended: those started later may depend on it. A
 * DynamicSupervisor, whose children depend on each other in no order, stops them all at once.
 */
async function stopAll(state: State): Promise<void> {
  for (const child of [...state.children.newestFirst()]) {
    const stopping = stopOne(state, child);
    if (stopping !== undefined) await stopping;
  }
}

/** Does one thing after another of what `supervisor/restart.ts` has decided. */
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
        // By way of the mailbox, so that the supervisor can be told otherwise in between.
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

// --- Its calls ----------------------------------------------------------------------------------

/** The answer to a call. */
function answer(state: State, request: Term): Term {
  if (request === "which_children") return infosOf(state);
  if (request === "count_children") return countOf(state.children.from(), isActive);
  if (!Array.isArray(request) || request.length !== 2) return unknownCall(state, request);
  if (request[0] === "start_child") return addChild(state, request[1]);
  const child = state.children.get(request[1]);
  const notFound = ["error", "not_found"];
  switch (request[0]) {
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

/** The child as OTP's record of it. */
function recordOf({ spec }: Child): Term {
  const { id, start, restart, significant, shutdown, type, modules } = spec;
  return ["child", undefined, id, start, restart, significant, shutdown, type, modules];
}

/** The children, the one started last first. */
function infosOf({ children }: State): ChildInfo[] {
  return [...children.newestFirst()].map(infoOf);
}

/**
 * Tells whether a child counts as one that runs. A process that has ended, and whose exit signal is yet to be
 * read, does not, as in OTP; for a DynamicSupervisor, as for Elixir's, it does.
 */
function isActive({ running }: Child): boolean {
  return running !== undefined && running.process !== null;
}

/** Why a child can be neither restarted nor deleted. */
function refusal(child: Child): Term {
  if (child.isRestarting) return ["error", "restarting"];
  return child.isUp ? ["error", "running"] : undefined;
}
