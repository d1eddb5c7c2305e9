/**
 * Agent: a process that keeps a state, and nothing else. Functions that are run in the agent read and change
 * the state.
 *
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const fruits = unwrap(await Agent.startLink((): string[] => []));
 * await Agent.update(fruits, (list) => [...list, "banana"]);
 * assertEquals(await Agent.get(fruits, (list) => list.length), 1);
 * assertEquals(await Agent.getAndUpdate(fruits, (list) => [list[0], []]), "banana");
 * await Agent.stop(fruits);
 * ```
 *
 * **Client and server.** A function that is passed to an agent runs in the agent, one at a time, and while it
 * runs (also while it awaits something) all other calls wait. Keep long computations out of it: `get` what is
 * needed, and compute in the calling process. Steps that must not be interleaved with others belong in the
 * agent.
 *
 * **Module, function and arguments.** Instead of a function, all functions here take a module, the name of one of its
 * functions, and a list of arguments; the state comes before these: `Agent.update(fruits, Fruits, "add", ["kiwi"])`
 * calls `Fruits.add(list, "kiwi")` in the agent.
 *
 * Functions cannot be sent to an agent on another node. There the module is a name, such as `"Elixir.Fruits"`, or the
 * one that a denotp node exports functions under (`Node.exportFunctions`). If there is no such function, an agent of
 * a denotp node fails the call with `["undef", stack]` and continues; one of Elixir exits.
 *
 * The state is immutable, like a message: functions return a new one, and do not change the old one.
 *
 * **When not to use it.** An agent gives every caller full access to its state. If the process should act by
 * itself, or refuse requests, use a {@linkcode GenServer}.
 *
 * @module
 */

import { rejectFairly } from "./kernel/fair.ts";
import { checkOptions } from "./kernel/options.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { START_OPTIONS } from "./gen/start.ts";
import {
  cast as castTo,
  type Module,
  start as startServer,
  startLink as startLinkServer,
  type StartOptions,
  type StartResult,
  stop as stopServer,
} from "./gen_server.ts";
import { ask, callKind } from "./gen/client.ts";
import { type HasInitialCall, INITIAL_CALL } from "./gen/initial_call.ts";
import type {
  AnyFunction,
  ArgumentsOf,
  FunctionName,
  RestOfArguments,
  ResultOf,
} from "./gen/mfa.ts";
import { DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import { PROTOCOL, type Protocol } from "./kernel/calls.ts";
import { type Awaitable, then } from "./kernel/awaitable.ts";
import { isElsewhere } from "./kernel/distribution.ts";
import { List } from "./kernel/list.ts";
import type { ServerRef } from "./kernel/names.ts";
import type { Process } from "./kernel/process.ts";
import { self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import type { Term } from "./kernel/term.ts";
import { noreply, ok, reply, stop as stopResponse } from "./response.ts";
import * as Agent from "./agent.ts"; // __MODULE__

/** The name of this module where it is printed. */
export const moduleName = "Agent";

export type { StartOptions, StartResult };

/** The type of an agent as a module: a server that keeps a `State`. */
export interface AgentOf<State> {
  /** Carries the type only: no agent has this property. */
  readonly state?: State;
}

/** A function, or one of a module with arguments, which come after the state. */
type Call = AnyFunction | readonly [module: object, name: string, args: readonly Term[]];

/** A call as users give it, and what they give after it. */
type Given = readonly unknown[];

declare const NEVER: unique symbol;
interface Never {
  readonly [NEVER]: never;
}

/**
 * What the implementations of the overloads below say that they take: nothing that a wrong call gives. Otherwise the
 * compiler adds to every error that the call would fit the implementation.
 */
type Implemented = [
  call: string | ((...state: never[]) => Never | Awaitable<readonly [Never, Never]>),
  ...unknown[],
];

type Request = readonly [operation: "get" | "get_and_update" | "update" | "cast", Call];

const CALL = callKind("agent");

/** The calls that returned the initial states of agents, for their initial calls. */
const makers = new WeakMap<Process, Call>();

/** An agent is a GenServer with this module. */
const SERVER: Module & HasInitialCall & { readonly [PROTOCOL]: Protocol } = {
  moduleName: "Agent.Server",
  [PROTOCOL]: "agent",
  [INITIAL_CALL]: (given, process) => {
    const call = makers.get(process) ?? given as Call;
    return typeof call === "function" ? [call, "call", 0] : [call[0], call[1], call[2].length];
  },
  init: (call: Call) => {
    makers.set(self(), call);
    return then(run(call), (state) => ok(state));
  },
  handleCall: ([operation, call]: Request, _from: Term, state: Term) => {
    if (operation === "get") return then(run(call, state), (value) => reply(value, state));
    if (operation === "update") return then(run(call, state), (next) => reply("ok", next));
    return then(
      run(call, state),
      (result) =>
        Array.isArray(result) && result.length === 2
          ? reply(result[0], result[1])
          : stopResponse(["bad_return_value", result], state),
    );
  },
  handleCast: ([, call]: Request, state: Term) => then(run(call, state), (next) => noreply(next)),
  codeChange: (_oldVersion: Term, state: Term, call: Call) =>
    then(run(call, state), (next) => ok(next)),
};

function run(call: Call, ...state: readonly Term[]): unknown {
  if (typeof call === "function") return call(...state);
  const [module, name, args] = call;
  return (module as Record<string, AnyFunction>)[name]!(...state, ...args);
}

/**
 * Starts an agent that is linked to the calling process. Its initial state is the result of `fun`, which runs
 * in the agent and may be async. Resolves when `fun` has returned.
 *
 * Resolves with `["ok", pid]`; with `["error", [error, stack]]` if `fun` throws an error, with
 * `["error", reason]` if it throws `exit(reason)`; with `["error", "timeout"]` if it takes longer than
 * `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param options As for `GenServer.startLink`: `name`, `timeout` in milliseconds (default `Infinity`), …
 * @throws {TypeError} If `fun` is not a function, `module` has no function of that name, or `name` is not a valid
 * name.
 * @see Elixir `Agent.start_link/2`
 *
 * @example An agent with a name
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const fruits = unwrap(await Agent.startLink(() => ["banana"], { name: "fruits" }));
 * assertEquals(await Agent.get("fruits", (list: string[]) => list.length), 1);
 * await Agent.stop(fruits);
 * ```
 */
export function startLink<State>(
  fun: () => Awaitable<State>,
  options?: StartOptions,
): Promise<StartResult<AgentOf<State>>>;
/** Starts an agent whose state is what `module[name](...args)` returns. @see Elixir `Agent.start_link/4` */
export function startLink<Module extends object, const Name extends FunctionName<Module>>(
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
  options?: StartOptions,
): Promise<StartResult<AgentOf<ResultOf<Module, Name>>>>;
export function startLink<State>(
  ...given: Implemented
): Promise<StartResult<AgentOf<State>>> {
  return begin(startLinkServer, given) as Promise<StartResult<AgentOf<State>>>;
}

/**
 * Starts an agent without a link to the calling process. Otherwise like {@linkcode startLink}.
 *
 * @see Elixir `Agent.start/2`
 *
 * @example A start that fails does not affect the caller
 * ```ts
 * import { Agent, exit } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await Agent.start(() => {
 *   throw exit("no_license");
 * });
 * assertEquals(result, ["error", "no_license"]);
 * ```
 */
export function start<State>(
  fun: () => Awaitable<State>,
  options?: StartOptions,
): Promise<StartResult<AgentOf<State>>>;
/** Starts an agent whose state is what `module[name](...args)` returns. @see Elixir `Agent.start/4` */
export function start<Module extends object, const Name extends FunctionName<Module>>(
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
  options?: StartOptions,
): Promise<StartResult<AgentOf<ResultOf<Module, Name>>>>;
export function start<State>(
  ...given: Implemented
): Promise<StartResult<AgentOf<State>>> {
  return begin(startServer, given) as Promise<StartResult<AgentOf<State>>>;
}

/**
 * Runs `fun` with the state of an agent, and resolves with its result. The state does not change.
 *
 * @param agent A pid or any name. For a name the type of the state is not known: declare it, as in
 * `Agent.get("fruits", (list: string[]) => list.length)`.
 * @param fun Runs in the agent. May be async: the agent waits for the promise.
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit. The agent continues after a timeout.
 * @throws {Exit} `[why, ["GenServer", "call", [agent, ["get", fun], timeout]]]`, where `why` is
 * `[error, stack]` if `fun` throws, which terminates the agent; otherwise as for `GenServer.call`.
 * @throws {TypeError} If `fun` is not a function.
 * @see Elixir `Agent.get/3`
 *
 * @example Reading a part of the state
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const fruits = unwrap(await Agent.start(() => ["apple", "banana"]));
 * assertEquals(await Agent.get(fruits, (list) => list[1]), "banana");
 * ```
 */
export function get<State, Value>(
  agent: ServerRef<AgentOf<State>>,
  fun: (state: State) => Awaitable<Value>,
  timeout?: number,
): Promise<Value>;
/** As above, with `module[name](state, ...args)`. @see Elixir `Agent.get/5` */
export function get<Module extends object, const Name extends FunctionName<Module>>(
  agent: ServerRef,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  timeout?: number,
): Promise<ResultOf<Module, Name>>;
/** As above, on another node, where the module has a name. */
export function get(
  agent: ServerRef,
  module: string,
  name: string,
  args: readonly Term[],
  timeout?: number,
): Promise<Term>;
export function get(
  agent: ServerRef,
  ...given: Implemented
): Promise<Term> {
  return request("get", agent, given);
}

/**
 * Runs `fun` with the state of an agent: it returns `[value, newState]`, and the promise resolves with
 * `value`. Any other result terminates the agent, with `["bad_return_value", result]`.
 *
 * Otherwise like {@linkcode get}.
 *
 * @see Elixir `Agent.get_and_update/3`
 *
 * @example Taking the first element of a list
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const fruits = unwrap(await Agent.start(() => ["apple", "banana"]));
 * assertEquals(await Agent.getAndUpdate(fruits, ([first, ...rest]) => [first, rest]), "apple");
 * assertEquals(await Agent.get(fruits, (list) => list), ["banana"]);
 * ```
 */
export function getAndUpdate<State, Value>(
  agent: ServerRef<AgentOf<State>>,
  fun: (state: State) => Awaitable<readonly [Value, NoInfer<State>]>,
  timeout?: number,
): Promise<Value>;
/** As above, with `module[name](state, ...args)`. @see Elixir `Agent.get_and_update/5` */
export function getAndUpdate<Module extends object, const Name extends FunctionName<Module>>(
  agent: ServerRef,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  timeout?: number,
): Promise<ResultOf<Module, Name> extends readonly [infer Value, unknown] ? Value : Term>;
/** As above, on another node, where the module has a name. */
export function getAndUpdate(
  agent: ServerRef,
  module: string,
  name: string,
  args: readonly Term[],
  timeout?: number,
): Promise<Term>;
export function getAndUpdate(
  agent: ServerRef,
  ...given: Implemented
): Promise<Term> {
  return request("get_and_update", agent, given);
}

/**
 * Replaces the state of an agent by the result of `fun`, and resolves with `"ok"` when that is done.
 * Otherwise like {@linkcode get}.
 *
 * @see Elixir `Agent.update/3`
 *
 * @example Adding to a counter
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const counter = unwrap(await Agent.start(() => 1));
 * assertEquals(await Agent.update(counter, (n) => n + 1), "ok");
 * assertEquals(await Agent.get(counter, (n) => n), 2);
 * ```
 */
export function update<State>(
  agent: ServerRef<AgentOf<State>>,
  fun: (state: State) => Awaitable<NoInfer<State>>,
  timeout?: number,
): Promise<"ok">;
/** As above, with `module[name](state, ...args)`. @see Elixir `Agent.update/5` */
export function update<Module extends object, const Name extends FunctionName<Module>>(
  agent: ServerRef,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  timeout?: number,
): Promise<"ok">;
/** As above, on another node, where the module has a name. */
export function update(
  agent: ServerRef,
  module: string,
  name: string,
  args: readonly Term[],
  timeout?: number,
): Promise<"ok">;
export function update(
  agent: ServerRef,
  ...given: Implemented
): Promise<Term> {
  return request("update", agent, given);
}

/**
 * Replaces the state of an agent by the result of `fun`, without waiting for it. Returns `"ok"`, whether or
 * not there is such a process. The agent runs `fun` after all earlier requests of the calling process.
 *
 * @throws {TypeError} If `fun` is not a function, or `agent` is not a valid server reference.
 * @see Elixir `Agent.cast/2`
 *
 * @example Adding to a counter, without waiting
 * ```ts
 * import { Agent, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const counter = unwrap(await Agent.start(() => 1));
 * assertEquals(Agent.cast(counter, (n) => n + 1), "ok");
 * assertEquals(await Agent.get(counter, (n) => n), 2);
 * ```
 */
export function cast<State>(
  agent: ServerRef<AgentOf<State>>,
  fun: (state: State) => Awaitable<NoInfer<State>>,
): "ok";
/** As above, with `module[name](state, ...args)`. @see Elixir `Agent.cast/4` */
export function cast<Module extends object, const Name extends FunctionName<Module>>(
  agent: ServerRef,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
): "ok";
/** As above, on another node, where the module has a name. */
export function cast(agent: ServerRef, module: string, name: string, args: readonly Term[]): "ok";
export function cast(
  agent: ServerRef,
  ...given: Implemented
): "ok" {
  return castTo(agent, ["cast", callIn(given, agent)[0]] as never);
}

/**
 * Stops an agent. Resolves with `"ok"` when it has exited.
 *
 * @param reason The exit reason, default `"normal"`. An abnormal one is logged as a crash.
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} `[why, ["GenServer", "stop", [agent, reason, timeout]]]`, `why` as for `GenServer.stop`.
 * @see Elixir `Agent.stop/3`
 *
 * @example Stopping an agent
 * ```ts
 * import { Agent, Process, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const agent = unwrap(await Agent.start(() => 1));
 * assertEquals(await Agent.stop(agent), "ok");
 * assertEquals(Process.isAlive(agent), false);
 * ```
 */
export function stop(
  agent: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return stopServer(agent, reason, timeout);
}

/**
 * Returns the child specification of an agent that is started with `fun`. So `[Agent, fun]` is a child.
 *
 * @param overrides Fields to override: `id`, `restart`, `shutdown`, …
 * @see Elixir `Agent.child_spec/1`
 *
 * @example A specification with another id
 * ```ts
 * import { Agent } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const zero = () => 0;
 * assertEquals(Agent.childSpec(zero, { id: "counter" }), {
 *   id: "counter",
 *   start: [Agent, "startLink", [zero]],
 * });
 * ```
 */
export function childSpec(
  fun: () => unknown,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  return withOverrides({ id: Agent, start: [Agent, "startLink", [fun]] }, overrides);
}

function begin(
  start: (module: Module, args: Call, options: StartOptions) => Promise<StartResult>,
  given: Given,
): Promise<StartResult> {
  try {
    const [call, options = {}] = callIn(given);
    checkOptions("start an agent", options, START_OPTIONS);
    return start(SERVER, call, options as StartOptions);
  } catch (error) {
    return rejectFairly(error);
  }
}

function request(operation: string, agent: ServerRef, given: Given): Promise<Term> {
  try {
    const [call, timeout = DEFAULT_TIMEOUT_MS] = callIn(given, agent);
    return ask(agent, [operation, call], timeout as number, CALL);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * The call in the arguments of a user, and the argument after it.
 *
 * @throws {TypeError} If it is neither a function nor the function of a module and a list of arguments.
 */
function callIn(given: Given, agent?: ServerRef): readonly [Call, unknown] {
  const [fun, name, args, last] = given;
  if (typeof name !== "string") {
    if (typeof fun === "function") return [fun as AnyFunction, name];
  } else if (Array.isArray(args)) {
    if (typeof fun === "string" && (isElsewhere(agent) || Array.isArray(agent))) {
      return [[Symbol(fun), Symbol(name), List.from(args)] as never, last];
    }
    const isModule = Object(fun) === fun;
    if (isModule && typeof (fun as Record<string, unknown>)[name] === "function") {
      return [[fun as object, name, args], last];
    }
  }
  throw new TypeError(
    typeof name === "string"
      ? "Cannot pass this to an agent: expected a module, the name of one of its functions and a list of arguments, " +
        `found ${[fun, name, args].map((each) => inspect(each)).join(", ")}`
      : `Cannot pass this to an agent: expected a function, found ${inspect(fun)}`,
  );
}
