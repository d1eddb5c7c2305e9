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
 * Functions cannot be sent to an agent on another node. One that is known there by name gets the state before
 * its arguments: `GenServer.call(agent, ["get", ["Elixir.Sums", atom("total"), list([])]])`.
 *
 * A state is a value like a message: functions return a new one, and do not change the old one.
 *
 * **When not to use it.** An agent offers its state to anybody. If it should do something by itself, or
 * refuse something, it is a {@linkcode GenServer}.
 *
 * @module
 */

import { checkOptions } from "./kernel/options.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { START_OPTIONS } from "./gen/start.ts";
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

// deno-lint-ignore no-explicit-any -- the state is the business of whoever made the function
type StateFunction = (state: any) => unknown;

type Request = readonly [operation: "get" | "get_and_update" | "update" | "cast", StateFunction];

/** The functions that have made the states of agents: only their initial calls are known by them. */
const makers = new WeakMap<Process, () => unknown>();

/** An agent is a GenServer of this module. */
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
 * Starts an agent that is linked to the calling process. Its state is what `fun` returns, called in the
 * agent; `fun` may be async. Resolves when that is done.
 *
 * Resolves with `["ok", pid]`; with `["error", [error, stack]]` if `fun` throws an error, with
 * `["error", reason]` if it throws `exit(reason)`; with `["error", "timeout"]` if it takes longer than
 * `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param options As for `GenServer.startLink`: `name`, `timeout` in milliseconds (default `Infinity`), …
 * @throws {TypeError} If `fun` is no function, or the name has none of the forms of a name.
 * @see Elixir `Agent.start_link/2`
 */
export function startLink<State>(
  fun: () => Awaitable<State>,
  options: StartOptions = {},
): Promise<StartResult<AgentOf<State>>> {
  return checked(fun, () => startLinkServer(SERVER, fun, checkedOptions(options))) as Promise<
    StartResult<AgentOf<State>>
  >;
}

/** Starts an agent without a link to the calling process. Otherwise as {@linkcode startLink}. @see Elixir `Agent.start/2` */
export function start<State>(
  fun: () => Awaitable<State>,
  options: StartOptions = {},
): Promise<StartResult<AgentOf<State>>> {
  return checked(fun, () => startServer(SERVER, fun, checkedOptions(options))) as Promise<
    StartResult<AgentOf<State>>
  >;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Value> {
  return checked(fun, () => call(agent as ServerRef, ["get", fun], timeout)) as Promise<
    Value
  >;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Value> {
  return checked(fun, () => call(agent as ServerRef, ["get_and_update", fun], timeout)) as Promise<
    Value
  >;
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
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return checked(fun, () => call(agent as ServerRef, ["update", fun], timeout)) as Promise<
    "ok"
  >;
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
): "ok" {
  assertFunction(fun);
  return castTo(agent as ServerRef, ["cast", fun]);
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
  return withOverrides({ id: Agent, start: [Agent, "startLink", [fun]] }, overrides);
}

function checked<T>(fun: unknown, run: () => Promise<T>): Promise<T> {
  try {
    assertFunction(fun);
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}

function checkedOptions(options: StartOptions): StartOptions {
  checkOptions("start an agent", options, START_OPTIONS);
  return options;
}

function assertFunction(fun: unknown): void {
  if (typeof fun === "function") return;
  throw new TypeError(`Cannot hand this to an agent: expected a function, found ${inspect(fun)}`);
}
