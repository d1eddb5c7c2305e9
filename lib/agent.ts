/**
 * Agent: a process that keeps a state, and nothing else. What to do with the state is said by functions
 * that run in the agent.
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
 * **Client and server.** The function that is given to an agent runs in the agent, one at a time, and
 * while it runs everybody else waits; one that waits for something is waited for. So keep long work out
 * of it: `get` what is needed, and work on that at home. What may run at home and what must not be
 * interrupted is the whole question of what an agent's interface should be.
 *
 * **Module, function and arguments.** Instead of a function, all functions here take a module, the name of one of its
 * functions, and a list of arguments; the state comes before these: `Agent.update(fruits, Fruits, "add", ["kiwi"])`
 * calls `Fruits.add(list, "kiwi")` in the agent.
 *
 * Functions cannot be sent to an agent on another node. There the module is a name, such as `"Elixir.Fruits"`, or the
 * one that a denotp node exports functions under (`Node.exportFunctions`). If there is no such function, an agent of
 * a denotp node fails the call with `["undef", stack]` and goes on; one of Elixir ends.
 *
 * A state is a value like a message: functions return a new one, and do not change the old one.
 *
 * **When not to use it.** An agent offers its state to anybody. If it should do something by itself, or
 * refuse something, it is a {@linkcode GenServer}.
 *
 * @module
 */

import type { ChildSpec, ChildSpecOverrides } from "./child_spec.ts";
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
import { inspect, type Term } from "./kernel/term.ts";
import { noreply, ok, reply, stop as stopResponse } from "./response.ts";
import * as Agent from "./agent.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "Agent";

export type { StartOptions, StartResult };

/** What an agent is to the types: a server that keeps a `State`. */
export interface AgentOf<State> {
  /** Only the type is of interest: no agent has such a field. */
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

/** What has made the states of agents: only their initial calls are known by it. */
const makers = new WeakMap<Process, Call>();

/** An agent is a GenServer of this module. */
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
 * Starts an agent that is linked to the calling process. Its state is what `fun` returns, called in the
 * agent; `fun` may be async. Resolves when that is done.
 *
 * Resolves with `["ok", pid]`; with `["error", [error, stack]]` if `fun` throws an error, with
 * `["error", reason]` if it throws `exit(reason)`; with `["error", "timeout"]` if it takes longer than
 * `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param options As for `GenServer.startLink`: `name`, `timeout` in milliseconds (default `Infinity`), …
 * @throws {TypeError} If `fun` is no function, `module` has no function of that name, or the name has none of the
 * forms of a name.
 * @see Elixir `Agent.start_link/2`
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

/** Starts an agent without a link to the calling process. Otherwise as {@linkcode startLink}. @see Elixir `Agent.start/2` */
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
 * Runs `fun` on the state of an agent, and resolves with what it returns. The state stays as it is.
 *
 * @param agent A pid or any name. Under a name the type of the state is not known: write it down, as in
 * `Agent.get("fruits", (list: string[]) => list.length)`.
 * @param fun Runs in the agent. May be async: the agent does nothing else until it is done.
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit. The agent goes on after that.
 * @throws {Exit} `[why, ["GenServer", "call", [agent, ["get", fun], timeout]]]`, where `why` is
 * `[error, stack]` if `fun` throws, which ends the agent; else as for `GenServer.call`.
 * @throws {TypeError} If `fun` is no function.
 * @see Elixir `Agent.get/3`
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
 * Runs `fun` on the state of an agent: it returns `[value, newState]`, and the promise resolves with
 * `value`. Anything else that it returns ends the agent, with `["bad_return_value", result]`.
 *
 * Otherwise as {@linkcode get}.
 *
 * @see Elixir `Agent.get_and_update/3`
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
 * Replaces the state of an agent by what `fun` makes of it, and resolves with `"ok"` when that is done.
 * Otherwise as {@linkcode get}.
 *
 * @see Elixir `Agent.update/3`
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
 * Has an agent replace its state by what `fun` makes of it, and does not wait: answers `"ok"`, whether or
 * not anybody is there. It happens after all that the calling process has asked before.
 *
 * @throws {TypeError} If `fun` is no function, or `agent` has none of the forms of a server.
 * @see Elixir `Agent.cast/2`
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
 * Stops an agent, and resolves with `"ok"` when it has ended.
 *
 * @param reason The exit reason, default `"normal"`. An abnormal one is logged as a crash.
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} `[why, ["GenServer", "stop", [agent, reason, timeout]]]`, `why` as for `GenServer.stop`.
 * @see Elixir `Agent.stop/3`
 */
export function stop(
  agent: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return stopServer(agent, reason, timeout);
}

/**
 * The child specification of an agent that is started with `fun`, so that `[Agent, fun]` is a child.
 *
 * @param overrides Fields that differ: `id`, `restart`, `shutdown`, …
 * @see Elixir `Agent.child_spec/1`
 */
export function childSpec(
  fun: () => unknown,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  return { id: Agent, start: [Agent, "startLink", [fun]], ...overrides };
}

function begin(
  start: (module: Module, args: Call, options: StartOptions) => Promise<StartResult>,
  given: Given,
): Promise<StartResult> {
  try {
    const [call, options = {}] = callIn(given);
    return start(SERVER, call, options as StartOptions);
  } catch (error) {
    return Promise.reject(error);
  }
}

function request(operation: string, agent: ServerRef, given: Given): Promise<Term> {
  try {
    const [call, timeout = DEFAULT_TIMEOUT_MS] = callIn(given, agent);
    return ask(agent, [operation, call], timeout as number, CALL);
  } catch (error) {
    return Promise.reject(error);
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
      ? "Cannot hand this to an agent: expected a module, the name of one of its functions and a list of arguments, " +
        `found ${[fun, name, args].map((each) => inspect(each)).join(", ")}`
      : `Cannot hand this to an agent: expected a function, found ${inspect(fun)}`,
  );
}
