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
 * Functions cannot be sent to an agent on another node. A function that is known there by name gets the state
 * before its arguments: `GenServer.call(agent, ["get", ["Elixir.Sums", atom("total"), list([])]])`.
 *
 * The state is immutable, like a message: functions return a new one, and do not change the old one.
 *
 * **When not to use it.** An agent gives every caller full access to its state. If the process should act by
 * itself, or refuse requests, use a {@linkcode GenServer}.
 *
 * @module
 */

import { rejectFairly } from "./kernel/fair.ts";
import type { ChildSpec, ChildSpecOverrides } from "./child_spec.ts";
import {
  call,
  cast as castTo,
  type Module,
  start as startServer,
  startLink as startLinkServer,
  type StartOptions,
  type StartResult,
  stop as stopServer,
} from "./gen_server.ts";
import { type HasInitialCall, INITIAL_CALL } from "./gen/initial_call.ts";
import { DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import { PROTOCOL, type Protocol } from "./kernel/calls.ts";
import { type Awaitable, then } from "./kernel/awaitable.ts";
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

// deno-lint-ignore no-explicit-any -- the type of the state depends on the function
type StateFunction = (state: any) => unknown;

type Request = readonly [operation: "get" | "get_and_update" | "update" | "cast", StateFunction];

/** The functions that returned the initial states of agents, for their initial calls. */
const makers = new WeakMap<Process, () => unknown>();

/** An agent is a GenServer with this module. */
const SERVER: Module & HasInitialCall & { readonly [PROTOCOL]: Protocol } = {
  moduleName: "Agent.Server",
  [PROTOCOL]: "agent",
  [INITIAL_CALL]: (fun, process) => [makers.get(process) ?? fun, "call", 0],
  init: (fun: () => unknown) => {
    makers.set(self(), fun);
    return then(fun(), (state) => ok(state));
  },
  handleCall: ([operation, fun]: Request, _from: Term, state: Term) => {
    if (operation === "get") return then(fun(state), (value) => reply(value, state));
    if (operation === "update") return then(fun(state), (next) => reply("ok", next));
    return then(
      fun(state),
      (result) =>
        Array.isArray(result) && result.length === 2
          ? reply(result[0], result[1])
          : stopResponse(["bad_return_value", result], state),
    );
  },
  handleCast: ([, fun]: Request, state: Term) => then(fun(state), (next) => noreply(next)),
  codeChange: (_oldVersion: Term, state: Term, fun: StateFunction) =>
    then(fun(state), (next) => ok(next)),
};

/**
 * Starts an agent that is linked to the calling process. Its initial state is the result of `fun`, which runs
 * in the agent and may be async. Resolves when `fun` has returned.
 *
 * Resolves with `["ok", pid]`; with `["error", [error, stack]]` if `fun` throws an error, with
 * `["error", reason]` if it throws `exit(reason)`; with `["error", "timeout"]` if it takes longer than
 * `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param options As for `GenServer.startLink`: `name`, `timeout` in milliseconds (default `Infinity`), …
 * @throws {TypeError} If `fun` is not a function, or `name` is not a valid name.
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
  options: StartOptions = {},
): Promise<StartResult<AgentOf<State>>> {
  return checked(fun, () => startLinkServer(SERVER, fun, options)) as Promise<
    StartResult<AgentOf<State>>
  >;
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
  options: StartOptions = {},
): Promise<StartResult<AgentOf<State>>> {
  return checked(fun, () => startServer(SERVER, fun, options)) as Promise<
    StartResult<AgentOf<State>>
  >;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Value> {
  return checked(fun, () => call(agent as ServerRef, ["get", fun], timeout)) as Promise<Value>;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Value> {
  return checked(fun, () => call(agent as ServerRef, ["get_and_update", fun], timeout)) as Promise<
    Value
  >;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return checked(fun, () => call(agent as ServerRef, ["update", fun], timeout)) as Promise<"ok">;
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
): "ok" {
  assertFunction(fun);
  return castTo(agent as ServerRef, ["cast", fun]);
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
  return { id: Agent, start: [Agent, "startLink", [fun]], ...overrides };
}

function checked<T>(fun: unknown, run: () => Promise<T>): Promise<T> {
  try {
    assertFunction(fun);
    return run();
  } catch (error) {
    return rejectFairly(error);
  }
}

function assertFunction(fun: unknown): void {
  if (typeof fun === "function") return;
  throw new TypeError(`Cannot pass this to an agent: expected a function, found ${inspect(fun)}`);
}
