/**
 * DynamicSupervisor: a supervisor that starts without children, and is given them one by one while it
 * runs: one for each session, connection, game or job.
 *
 * All that is said of a `Supervisor` holds, with these differences, which allow for any number of
 * children that come and go:
 * - The children have no ids and no order. A child is known by its pid.
 * - There is one strategy, `"one_for_one"`: a child that ends is restarted by itself, or not.
 * - A child that has ended and is not to be restarted is forgotten, and so is one that is stopped by
 *   {@linkcode terminateChild}: there is no specification left to restart or to delete.
 * - When the supervisor ends, it stops all children at once, and each has its own time to end.
 *
 * To start a child, to restart it and to stop it takes the same time however many others there are.
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
 * **Which `restart`?** A child that comes and goes mostly ends when its work is done, and nobody should
 * start it again: such a child is `"transient"`, or `"temporary"` if even a crash is the end of it. The
 * default is `"permanent"`, as everywhere.
 *
 * **Names.** A child that is restarted has another pid. Whoever wants to find it again gives it a name,
 * for instance in a `Registry`.
 *
 * **While it waits** for a child to start, a supervisor does nothing else: {@linkcode startChild} starts
 * one child after another, whoever asks. Where that is too slow, let children return from `init` early and
 * go on in `handleContinue`, or spread them over several supervisors with a `PartitionSupervisor`.
 *
 * @module
 */

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
import { self } from "./kernel/self.ts";
import { sendToPid } from "./kernel/signals.ts";
import { inspect, isPid, type Pid, type Term } from "./kernel/term.ts";
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
import * as DynamicSupervisor from "./dynamic_supervisor.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "DynamicSupervisor";

export type { Counts, StartOptions, StartResult };

// --- The contract -------------------------------------------------------------------------------

/** How a dynamic supervisor treats its children. */
export interface InitOptions {
  /** There is only this one, which is the default. */
  readonly strategy?: "one_for_one" | undefined;
  /** The most restarts within `maxSeconds`; one more ends the supervisor. Default 3. */
  readonly maxRestarts?: number | undefined;
  /** See `maxRestarts`; whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
  /** The most children at a time, those that are being restarted included. Default `Infinity`. */
  readonly maxChildren?: number | undefined;
  /** Arguments for the start function of every child, put before its own. Default `[]`. */
  readonly extraArguments?: readonly Term[] | undefined;
  /** Whether the supervisor ends when significant children have ended. Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined;
}

/** The flags of a dynamic supervisor, as its `init` returns them. */
export interface Flags {
  /** See {@linkcode InitOptions}. Default `"one_for_one"`. */
  readonly strategy?: "one_for_one" | undefined;
  /** The most restarts within `period`. Default 1. */
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

/** What {@linkcode startLink} takes first: options, or a module. */
export type Startable<First> = [unknown] extends [First] ? First
  : First extends Module ? First
  : InitOptions & StartOptions;

/**
 * What {@linkcode startLink} takes after that: after options, nothing; after a module, the argument for its
 * `init`, which may be left out if `init` does not need it, and the options.
 */
export type StartArguments<First> = [First] extends [Module] ? ServerArguments<First, StartOptions>
  : [];

/** What `init` of a dynamic supervisor's module may return; {@linkcode init} makes it. */
export type InitResult = readonly ["ok", flags: Flags] | "ignore";

/** The callback of a module that describes a dynamic supervisor. */
export interface Module {
  /** What reports, errors and `inspect` call the module. Default: the name of its class, else its functions. */
  readonly moduleName?: string;
  /** Says how to treat the children, by way of {@linkcode init}; or `"ignore"`. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  init(argument: any): Awaitable<InitResult>;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Says how to treat the children. */
  init(): Awaitable<InitResult>;
}

/**
 * What came of starting a child: `["ok", pid]`; `["ok", pid, info]` if its start function gave that;
 * `"ignore"` if that answered so; `["error", reason]`.
 */
export type StartChildResult =
  | readonly ["ok", Pid]
  | readonly ["ok", Pid, Term]
  | "ignore"
  | readonly ["error", Term];

/** One child, as {@linkcode whichChildren} shows it. */
export type ChildInfo = readonly [
  id: undefined,
  child: Pid | "restarting",
  type: "worker" | "supervisor",
  modules: readonly (object | string)[] | "dynamic",
];

// --- The clients' half --------------------------------------------------------------------------

/** The module of a supervisor without one: its `init` was run by whoever starts it. */
const Default: Module = new OwnModule("Supervisor.Default", (result: InitResult) => result);

/**
 * Starts a dynamic supervisor that is linked to the calling process, without children.
 *
 * Takes options, which say how to treat the children and how to start the supervisor (`name`, …), or a module,
 * an argument and `StartOptions`. The module's `init` is called with the argument, in the new process, and
 * returns options by way of {@linkcode init}. It may be async.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["already_started", pid]` if the name is taken;
 * - `["supervisor_data", why]` if an option is wrong, as in `["invalid_max_children", value]`;
 * - `[error, stack]` if the module's `init` throws;
 * - `["bad_return", [module, "init", value]]` if it returns anything else than it should.
 *
 * Resolves with `"ignore"` if `init` returns that.
 *
 * Because of the link, a failed start also sends the caller an exit signal, which ends a process
 * that does not trap exits.
 *
 * @param first Options, or a module.
 * @param argumentAndOptions After a module: the argument, which its `init` gets unchanged, and `StartOptions`.
 * @throws {TypeError} If `first` is neither, or the name has none of the forms of a name: the promise rejects,
 * and nothing was started.
 * @see Elixir `DynamicSupervisor.start_link/1,3`
 *
 * @example A dynamic supervisor as a module of its own
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
    return Promise.reject(error);
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
 * Makes what the `init` of a dynamic supervisor's module returns: `["ok", flags]`.
 *
 * The options' values are checked by the supervisor that is started with them.
 *
 * @throws {TypeError} If `options` are none.
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
 * supervisor is started by the `startLink` of the module with `argument`, and has any time to stop its children.
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
 * The child specification of a dynamic supervisor that is started with `options`, so that
 * `[DynamicSupervisor, { name: "carts" }]` is a child, and `DynamicSupervisor` one without options.
 *
 * Its id is its name: the atom, or the term of a `global` or `via` name. Without a name it is this
 * module, so that there can be one such child in a supervisor.
 *
 * @param options See {@linkcode startLink}. `[]` means none.
 * @see Elixir `DynamicSupervisor.child_spec/1`
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
 * Starts a child; resolves when it runs. Its start function gets the `extraArguments` of the supervisor,
 * and then its own.
 *
 * Resolves with `["ok", pid]`, `["ok", pid, info]`, `"ignore"`, or with
 * - `["error", "max_children"]` if there are as many children as there may be;
 * - `["error", reason]` if it did not start: `reason` is the one that its start function gave, or threw, as
 *   the end of a process has it;
 * - `["error", why]` if the specification is wrong, as in `["invalid_shutdown", value]`. Nobody was asked
 *   then.
 *
 * A child that did not start, or answered `"ignore"`, is not kept.
 *
 * Waits for as long as it takes, also for children that others start at the same time; so do all
 * functions that ask a supervisor.
 *
 * @param child A child specification, a module, or a `[module, argument]` pair. An `id` has to be there,
 * and means nothing.
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. So for all functions that ask one.
 * @throws {TypeError} If `child` stands for no child.
 * @see Elixir `DynamicSupervisor.start_child/2`
 */
export function startChild<const Given extends ChildSpec | ModuleSpec>(
  supervisor: ServerRef,
  child: ChildOf<Given>,
): Promise<StartChildResult> {
  try {
    const spec = specOf(child as ChildSpec);
    // Whoever is on another node knows whether there is a module of that name.
    const isTheirs = (isElsewhere(supervisor) || Array.isArray(supervisor)) && isNamed(spec);
    const checked = isTheirs ? ["ok", spec] as const : check(spec);
    return checked[0] === "error"
      ? Promise.resolve(checked)
      : ask(supervisor, ["start_child", checked[1]]);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Whether the module that starts a child is a name. */
function isNamed(spec: Partial<ChildSpec> | null | undefined): boolean {
  return Array.isArray(spec?.start) && typeof spec.start[0] === "string";
}

/** Checks a specification, in the words of Elixir where they differ from OTP's. */
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
 * Stops a child as its specification says. It is not restarted, whatever its `restart`, and forgotten.
 * Resolves with `"ok"` when it has ended, and with `["error", "not_found"]` if it is no child of the
 * supervisor.
 *
 * A child that is being restarted is known by the pid that it had before.
 *
 * @throws {TypeError} If `pid` is no pid.
 * @see Elixir `DynamicSupervisor.terminate_child/2`
 */
export function terminateChild(
  supervisor: ServerRef,
  pid: Pid,
): Promise<"ok" | readonly ["error", "not_found"]> {
  if (isPid(pid)) return ask(supervisor, ["terminate_child", pid]);
  return Promise.reject(
    new TypeError(`Cannot terminate a child: expected its pid, found ${inspect(pid)}`),
  );
}

/**
 * The children of a supervisor, in no particular order: `[undefined, child, type, modules]` each, where
 * `child` is a pid, or `"restarting"` if it is to be started once more.
 *
 * @see Elixir `DynamicSupervisor.which_children/1`
 */
export function whichChildren(supervisor: ServerRef): Promise<ChildInfo[]> {
  return ask(supervisor, "which_children");
}

/**
 * The numbers of children of a supervisor. `active` are all but those that are being restarted.
 *
 * @see Elixir `DynamicSupervisor.count_children/1`
 */
export function countChildren(supervisor: ServerRef): Promise<Counts> {
  return ask(supervisor, "count_children");
}

/**
 * Stops a supervisor in order: its children first, all at once. Resolves with `"ok"` when it has ended.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The supervisor goes on stopping after that.
 * @throws {Exit} `[why, ["GenServer", "stop", [supervisor, reason, timeout]]]`, `why` as for
 * `GenServer.stop`.
 * @see Elixir `DynamicSupervisor.stop/1,3`
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

// --- The server's half --------------------------------------------------------------------------

/** The children, each under the pid that it has, or had last while it is being restarted. */
class Children implements Family<Child> {
  readonly #byPid = new Map<Pid, Child>();
  /** Children that are significant: all are up, for those that are not are forgotten. */
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

  /** `child`, which has no process, runs as `pid` now. */
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

/** What a dynamic supervisor keeps. */
class State extends SupervisorState<FullFlags, Children> implements Supervision<Child> {}

/** What a handler of a supervisor responds. */
type Response = Noreply<State> | Stop<State>;

/** A dynamic supervisor is a GenServer of this module. */
const SERVER: ServerModule & HasInitialCall & { readonly [PROTOCOL]: Protocol } = {
  moduleName,
  [INITIAL_CALL]: (from: Starting | State) =>
    initialCallOf(from instanceof State ? from.starting : from),
  [PROTOCOL]: "dynamic_supervisor",
  init: begin,
  handleCall: (request: Term, _from: Term, state: State) =>
    then(answer(state, request), (value) => reply(value, state)),
  // Elixir's ignores all casts, and reports none; a Supervisor reports those that it does not know.
  handleCast: (_request: Term, state: State) => state.noreply,
  handleInfo: (message: Term, state: State) => {
    if (isTuple(message, "EXIT", 3)) {
      const child = state.children.get(message[1] as Pid);
      if (child === undefined || child.isRestarting) return state.noreply;
      const reason = message[2];
      return perform(state, childExited<Child>(state, child, reason, second()), reason);
    }
    if (isTuple(message, "$gen_restart", 2)) {
      const child = state.children.get(message[1] as Pid);
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

// --- Its start ----------------------------------------------------------------------------------

async function begin(starting: Starting): Promise<Init<State>> {
  const process = self();
  process.flags |= TRAP_EXIT;
  const outcome = await runInit(starting);
  assertAlive(process);
  if (outcome === "ignore") return "ignore";
  if (!isTuple(outcome, "ok", 2) || !isRecord(outcome[1])) {
    return ["stop", ["bad_return", [starting.module, "init", outcome]]];
  }
  const checked = checkDynamicFlags(outcome[1]);
  if (checked[0] === "error") return ["stop", ["supervisor_data", checked[1]]];
  return ["ok", new State("DynamicSupervisor", process, starting, checked[1], new Children())];
}

/** The flags of a dynamic supervisor, each with its value. */
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

// --- Its calls ----------------------------------------------------------------------------------

/** The answer to a call. */
function answer(state: State, request: Term): Awaitable<Term> {
  if (request === "which_children") return infosOf(state.children);
  // As in Elixir, a child is active unless it waits for its restart; a Supervisor looks whether it runs.
  if (request === "count_children") {
    return countOf(state.children.from(), ({ isRestarting }) => !isRestarting);
  }
  if (isTuple(request, "start_child", 2)) return addChild(state, request[1]);
  if (isTuple(request, "terminate_child", 2)) {
    const child = state.children.get(request[1] as Pid);
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

/** A start function that is given `extra` before its own arguments. */
function withArguments(start: StartFunction, extra: readonly Term[]): StartFunction {
  if (extra.length === 0) return start;
  if (typeof start !== "function") return [start[0], start[1], [...extra, ...start[2]]];
  return () => (start as (...args: readonly Term[]) => unknown)(...extra);
}

/**
 * What a start function threw is the reason of the failure, in the form in which it would end a process, as in
 * Elixir; for a Supervisor it is `["EXIT", reason]`, as in OTP.
 */
function asThrown(thrown: unknown): Started {
  return ["error", reasonOf(thrown)];
}

function infosOf(children: Children): Term[] {
  return Array.from(children.from(), infoOf);
}

// --- Restarts -----------------------------------------------------------------------------------

/** Does what `supervisor/restart.ts` has decided. With the one strategy there is, a start comes last. */
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
  // Only a child that is not temporary is restarted: its start is whole.
  return then(callStart(child.start as StartFunction, asThrown), (started) => {
    assertAlive(process);
    if (started[0] === "error") {
      state.report("start_error", started[1], child, ["restarting", child.pid]);
      child.isRestarting = true;
      // By way of the mailbox, so that the supervisor can be told otherwise in between.
      sendToPid(process.pid, ["$gen_restart", child.pid]);
      return state.noreply;
    }
    // One that answers "ignore" is a child no more, as in Elixir; a Supervisor, as OTP's, keeps it.
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

/** Tells all children at once to end, and waits for each as long as its `shutdown` says. */
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
 * Reports the end of a child that was stopped, if it may not have ended so. `["shutdown", term]` is expected of
 * any child, as by Elixir's DynamicSupervisor; a Supervisor, as OTP's, reports it of a permanent one.
 */
function reportUnlessExpected(state: State, child: Child, reason: Term): void {
  const isExpected = child.shutdown === "brutal_kill"
    ? reason === "killed"
    : reason === "shutdown" || isTuple(reason, "shutdown", 2) ||
      (reason === "normal" && child.restart !== "permanent");
  if (!isExpected) state.report("shutdown_error", reason, child);
}
