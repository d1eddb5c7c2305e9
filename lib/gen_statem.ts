/**
 * GenStatem: the generic state machine. The specific part of a machine is a module with callbacks.
 *
 * A machine is a server that has a *state* in addition to its data. What it does with an event depends on both.
 * Compared with a `GenServer`, it can
 *
 * - have one callback for each state;
 * - **postpone** an event: it is kept, and handled again when the state has changed;
 * - insert events of its own, which are handled before the queued ones;
 * - set timeouts that are cancelled by a change of state, by the next event, or only by an action;
 * - run code whenever a state is entered.
 *
 * If a server needs none of these, a `GenServer` is simpler.
 *
 * **Callback modes.** `callbackMode` of the module returns `"state_functions"`: for each state, the module has a
 * function of its name, `(type, content, data)`; or `"handle_event_function"`: there is one function for all,
 * `handleEvent(type, content, state, data)`, and any term can be a state. With
 * `["state_functions", "state_enter"]` they are also called with the type `"enter"` and the previous state as
 * content, at the start and whenever the state changes.
 *
 * **Events** have a type and a content. `["call", from]` and `"cast"` come from {@linkcode call} and
 * {@linkcode cast}, `"info"` is any other message; a timeout has the type with which it was set; `"internal"` is
 * an event that the machine has inserted with the action `["next_event", "internal", content]`.
 *
 * **Results** are made by {@linkcode nextState}, {@linkcode keepState}, {@linkcode keepStateAndData},
 * {@linkcode repeatState}, {@linkcode repeatStateAndData} and {@linkcode stopAndReply}, and by `stop(reason)` or
 * `stop(reason, data)`, which are those of a `GenServer`. They can contain {@linkcode Actions}.
 *
 * **Order.** Events are handled one at a time: first those that were inserted; then, when the state has changed,
 * those that were postponed, in order of arrival; then timeouts of 0; and only when none of these is left, the
 * next message. A callback may be async: everything else waits for it.
 *
 * **Types.** The data that `init` and the other callbacks return is the data that each callback takes, and so is
 * the state that `handleEvent` takes. A module whose callbacks disagree does not compile where it is started, and
 * the error names the callback.
 *
 * **Failure.** If a callback throws an `Error`, the machine exits with `[error, stack]`, after
 * `terminate(error, state, data)`; with `throw exit(reason)` it exits with `reason`. A thrown value that is not an
 * `Error` counts as returned. If a callback returns something else than a result, the machine exits with
 * `[["bad_return_from_state_function", value], stack]`.
 *
 * The server is in `gen_statem/server.ts`, on the shared behaviour of `gen/`; events, queues and timeouts in
 * `gen_statem/machine.ts`.
 *
 * @example A door with a lock and a timeout
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const { keepStateAndData, nextState } = GenStatem;
 *
 * const Door = {
 *   callbackMode: () => "state_functions",
 *   init: (code: number) => GenStatem.ok("locked", code),
 *
 *   locked(type: GenStatem.EventType, content: unknown, code: number): GenStatem.Result {
 *     if (content === code) return nextState("open", code, ["state_timeout", 10_000, "lock"]);
 *     if (content === "walk") return keepStateAndData("postpone"); // until the door is open
 *     return keepStateAndData();
 *   },
 *
 *   open(type: GenStatem.EventType, content: unknown, code: number): GenStatem.Result {
 *     if (type === "state_timeout") return nextState("locked", code);
 *     if (GenStatem.isCall(type)) return keepStateAndData(["reply", type[1], "through"]);
 *     return keepStateAndData();
 *   },
 * };
 *
 * const door = unwrap(await GenStatem.startLink(Door, 1234));
 * const walk = GenStatem.call(door, "walk");
 * GenStatem.cast(door, 1234);
 * assertEquals(await walk, "through");
 * await GenStatem.stop(door);
 * ```
 *
 * @module
 */

import { hasThen, thenError } from "./kernel/awaitable.ts";
import { fairly, rejectFairly } from "./kernel/fair.ts";
import { checkOptions } from "./kernel/options.ts";
import {
  assertRegistered,
  LOOP_OPTIONS,
  start as startGen,
  START_OPTIONS,
  type StartMode,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
} from "./gen/start.ts";
import { answer } from "./kernel/reply.ts";
import type { CallKind, From } from "./kernel/calls.ts";
import { exit } from "./kernel/exit.ts";
import type { Name, ServerRef } from "./kernel/names.ts";
import { fence, self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import { isPid, type Pid, type Term } from "./kernel/term.ts";
import { ask, askToStop, stopKind } from "./gen/client.ts";
import type { InitArgument, StartArguments } from "./gen_server/contract.ts";
import { cast as castTo } from "./gen_server.ts";
import { isLaunched } from "./gen/launched.ts";
import { isReply } from "./gen_statem/action.ts";
import type { Callbacks, Module } from "./gen_statem/contract.ts";
import type { Consistent } from "./gen_statem/data.ts";
import type { Actions, ReplyAction } from "./gen_statem/response.ts";
import { behaviourOf, type EnterLoopOptions } from "./gen_statem/server.ts";

/** What this module is called where it is printed. */
export const moduleName = "GenStatem";

export type {
  Consistent,
  EnterLoopOptions,
  From,
  InitArgument,
  ServerRef,
  StartArguments,
  StartMonitorResult,
  StartOptions,
  StartResult,
};
export {
  type CallbackMode,
  type Callbacks,
  isCall,
  type Module,
  type ModuleWithoutArgument,
  type Status,
} from "./gen_statem/contract.ts";
export type { Event } from "./gen_statem/machine.ts";
export {
  type Action,
  type Actions,
  type EnterAction,
  type EventType,
  type Init,
  type InsertedType,
  type KeepState,
  keepState,
  type KeepStateAndData,
  keepStateAndData,
  type NextState,
  nextState,
  ok,
  type RepeatState,
  repeatState,
  type RepeatStateAndData,
  repeatStateAndData,
  type ReplyAction,
  type Result,
  type StopAndReply,
  stopAndReply,
  type TimeoutAction,
  type TimeoutOptions,
  type TimeoutType,
} from "./gen_statem/response.ts";
export {
  checkResponse,
  type LabelledResponse,
  receiveResponse,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  reqidsToList,
  type RequestId,
  RequestIds,
  type Response,
  type ResponseTimeout,
  sendRequest,
  type Sent,
  waitResponse,
} from "./gen_server/request.ts";

// --- Clients ------------------------------------------------------------------------------------

/**
 * How long a call waits, in milliseconds. In OTP, `"clean_timeout"` and `"dirty_timeout"` decide whether a late
 * reply can arrive as a message; here it never does.
 */
export type CallTimeout = number | readonly ["clean_timeout" | "dirty_timeout", number];

const CALL: CallKind = {
  describe: ({ server, request, timeout }) => ["gen_statem", "call", [server, request, timeout]],
};

const STOP = stopKind("gen_statem");

/**
 * Starts a state machine that is linked to the calling process, and resolves when its `init` has returned.
 *
 * Resolves with `["ok", pid]`; with `["error", reason]` if `init` returned `stop(reason)`, threw, or took longer
 * than `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken; with `"ignore"` if
 * `init` returned `ignore`. If `init` threw an error, `reason` is that error. The name in `options` is registered
 * before `init` runs, and released if the start fails.
 *
 * Because of the link, a failed start also sends the caller an exit signal, and a caller that does not trap exits
 * exits, too. {@linkcode start} does not.
 *
 * @param module The callbacks, see {@linkcode Module}.
 * @param argumentAndOptions The argument, passed to `init` unchanged, and {@linkcode StartOptions}. An argument
 * that `init` does not need may be left out.
 * @throws {TypeError} If `module` has no `init` or no `callbackMode`, or `options.name` is not a valid name: the
 * promise rejects, and nothing is started.
 * @throws {RangeError} If `options.timeout` is negative, fractional or not a number.
 * @see OTP `gen_statem:start_link/3,4`
 *
 * @example Start, cast, call, stop
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Switch = {
 *   callbackMode: () => "handle_event_function",
 *   init: (state: "on" | "off") => GenStatem.ok(state, undefined),
 *   handleEvent: (type: GenStatem.EventType, _content: unknown, state: "on" | "off") =>
 *     GenStatem.isCall(type)
 *       ? GenStatem.keepStateAndData(["reply", type[1], state])
 *       : GenStatem.nextState(state === "on" ? "off" : "on", undefined),
 * };
 *
 * const light = unwrap(await GenStatem.startLink(Switch, "off"));
 * GenStatem.cast(light, "press");
 * assertEquals(await GenStatem.call(light, "state"), "on");
 * await GenStatem.stop(light);
 * ```
 */
export function startLink<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartResult<M>> {
  return startAs("link", module as Module, ...argumentAndOptions) as Promise<StartResult<M>>;
}

/**
 * Starts a state machine without a link to the calling process. Otherwise as {@linkcode startLink}; see its
 * example.
 *
 * @see OTP `gen_statem:start/3,4`
 */
export function start<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartResult<M>> {
  return startAs("nolink", module as Module, ...argumentAndOptions) as Promise<StartResult<M>>;
}

/**
 * Starts a state machine and monitors it: resolves with `["ok", [pid, ref]]`, and when the machine exits, the
 * calling process receives `["DOWN", ref, "process", pid, reason]`. Otherwise as {@linkcode start}.
 *
 * @see OTP `gen_statem:start_monitor/3,4`
 *
 * @example Monitoring a machine
 * ```ts
 * import { GenStatem, receive, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Idle = {
 *   callbackMode: () => "handle_event_function",
 *   init: () => GenStatem.ok("idle", undefined),
 *   handleEvent: () => GenStatem.keepStateAndData(),
 * };
 *
 * const [pid, ref] = unwrap(await GenStatem.startMonitor(Idle));
 * await GenStatem.stop(pid, "shutdown");
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
 * ```
 */
export function startMonitor<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartMonitorResult<M>> {
  return startAs("monitor", module as Module, ...argumentAndOptions) as Promise<
    StartMonitorResult<M>
  >;
}

function startAs(
  mode: StartMode,
  module: Module,
  argument?: Term,
  options?: StartOptions,
): Promise<Term> {
  try {
    if (options !== undefined) checkOptions("start a GenStatem", options, START_OPTIONS);
    const behaviour = behaviourOf(module);
    if (typeof module.init !== "function") {
      throw new TypeError(
        `Cannot start a GenStatem: its module must have an init callback, found ${
          inspect(Object.keys(module))
        }`,
      );
    }
    return startGen(behaviour, argument, options ?? {}, mode);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Sends `request` to a state machine, as an event of the type `["call", from]`, and waits for its reply. The
 * machine replies with the action `["reply", from, value]`, at once or while it handles a later event.
 *
 * Resolves with that value, whatever its shape. The request is passed by reference, not copied. A reply that
 * arrives after the timeout is dropped. The type of the reply is not inferred: declare it in the function that
 * wraps the call.
 *
 * @param server A pid or any name.
 * @param timeout In milliseconds, default `Infinity`, unlike a `GenServer`'s. See {@linkcode CallTimeout}.
 * @throws {Exit} `[why, ["gen_statem", "call", [server, request, timeout]]]`, where `why` is `"noproc"` if there is
 * no such process, `"timeout"` if no reply came in time, `"calling_self"` if the machine is the caller,
 * `["nodedown", node]` if its node cannot be reached, otherwise the exit reason of the machine.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @throws {TypeError} If `server` is not a server.
 * @see OTP `gen_statem:call/2,3`; there the caller exits, here the promise rejects.
 *
 * @example A call that fails
 * ```ts
 * import { GenStatem } from "@denotp/otp";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => GenStatem.call("door", "open", 1000),
 *   Error,
 *   'exited in: gen_statem.call("door", "open", 1000): no process',
 * );
 * ```
 */
// deno-lint-ignore no-explicit-any -- only the machine knows what it replies
export function call<Reply = any>(
  server: ServerRef,
  request: Term,
  timeout: CallTimeout = Infinity,
): Promise<Reply> {
  if (typeof timeout === "number") return ask(server, request, timeout, CALL) as Promise<Reply>;
  const isTagged = Array.isArray(timeout) && timeout.length === 2 &&
    (timeout[0] === "clean_timeout" || timeout[0] === "dirty_timeout");
  const describe = () => ["gen_statem", "call", [server, request, timeout]];
  const limit = isTagged ? timeout[1] : timeout as unknown as number;
  return ask(server, request, limit, { describe }) as Promise<Reply>;
}

/**
 * Sends `request` to a state machine, as an event of the type `"cast"`, without waiting. Returns `"ok"`, also if
 * there is no such process. See the example of {@linkcode startLink}.
 *
 * @throws {TypeError} If `server` is not a server.
 * @see OTP `gen_statem:cast/2`
 */
export function cast(server: ServerRef, request: Term): "ok" {
  return castTo(server, request);
}

/** What {@linkcode reply} takes after a `From`: a value of the type that it expects. After actions, nothing. */
export type ReplyValue<To> = To extends From<infer Value> ? [value: Value] : [];

/**
 * Replies to a call from anywhere: from a callback, or from another process. Takes `from` and the value, or a
 * reply action `["reply", from, value]`, or a list of those. Returns `"ok"`.
 *
 * If `from` is a `From<string>`, the value must be a string. Has no effect if the caller has exited or was already
 * answered.
 *
 * @throws {TypeError} If `from` is not a {@linkcode From}.
 * @see OTP `gen_statem:reply/1,2`
 *
 * @example Callers that wait for a state
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Gate = {
 *   callbackMode: () => "state_functions",
 *   init: () => GenStatem.ok("closed", [] as GenStatem.From[]),
 *   closed(type: GenStatem.EventType, _content: unknown, waiting: GenStatem.From[]) {
 *     if (GenStatem.isCall(type)) return GenStatem.keepState([...waiting, type[1]]);
 *     GenStatem.reply(waiting.map((from) => ["reply", from, "open"]));
 *     return GenStatem.nextState("open", []);
 *   },
 *   open: (type: GenStatem.EventType) =>
 *     GenStatem.keepStateAndData(GenStatem.isCall(type) ? ["reply", type[1], "open"] : []),
 * };
 *
 * const gate = unwrap(await GenStatem.startLink(Gate));
 * const waiting = [GenStatem.call(gate, "enter"), GenStatem.call(gate, "enter")];
 * GenStatem.cast(gate, "open");
 * assertEquals(await Promise.all(waiting), ["open", "open"]);
 * await GenStatem.stop(gate);
 * ```
 */
export function reply<const To extends From | ReplyAction | readonly ReplyAction[]>(
  to: To,
  ...value: ReplyValue<To>
): "ok" {
  fence();
  const replies: readonly Term[] = value.length === 1
    ? [["reply", to, value[0]]]
    : Array.isArray(to) && to[0] !== "reply"
    ? to
    : [to];
  for (const action of replies) {
    if (!isReply(action)) {
      throw new TypeError(
        `Cannot reply: expected ["reply", from, value] with the from of a call, found ${
          inspect(action)
        }`,
      );
    }
    if (hasThen(action[2])) throw thenError("reply with");
    answer(action[1], action[2]);
  }
  return "ok";
}

/**
 * Stops a state machine synchronously: its `terminate` is called with `reason`, also if it does not trap exits.
 * Resolves with `"ok"` when it has exited. See the example of {@linkcode startLink}.
 *
 * A reason other than `"normal"`, `"shutdown"` and `["shutdown", term]` is logged as a crash.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The machine continues to stop after that.
 * @throws {Exit} `[why, ["gen_statem", "stop", [server, reason, timeout]]]`, where `why` is `"noproc"`, `"timeout"`,
 * or the exit reason of the machine if it differs from `reason`. In OTP it is `why` alone.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see OTP `gen_statem:stop/1,3`
 */
export function stop(
  server: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return askToStop(server, reason, timeout, STOP);
}

// --- Entering the loop --------------------------------------------------------------------------

/**
 * Makes the calling process, which must have been started by {@linkcode ProcLib}, a state machine. `init` is not
 * called, and not required: the process initializes itself, and registers its name if it is to have one, before
 * it calls this. Return the promise or await it: it never settles, and no code after it runs.
 *
 * The process that started the calling process is the machine's parent, linked or not.
 *
 * @param name The name under which the process is registered; by default, or with its own pid, none.
 * @param actions As in the result of `init`.
 * @throws {Exit} `"process_was_not_started_by_proc_lib"`; `"process_not_registered"`,
 * `"process_not_registered_globally"` or `["process_not_registered_via", registry]` if the process is not
 * registered under `name`.
 * @throws {TypeError} If `module` is not a callback module, or a debug option is unknown.
 * @see OTP `gen_statem:enter_loop/4,5,6`
 *
 * @example A process that becomes a state machine
 * ```ts
 * import { GenStatem, ProcLib, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Machine = {
 *   callbackMode: () => "handle_event_function",
 *   handleEvent: ([, from]: readonly ["call", GenStatem.From], _: unknown, state: string) =>
 *     GenStatem.keepStateAndData(["reply", from, state]),
 * };
 *
 * const machine = unwrap(
 *   await ProcLib.startLink(() => {
 *     ProcLib.initAck(["ok", self()]);
 *     return GenStatem.enterLoop(Machine, {}, "ready", undefined);
 *   }),
 * );
 * assertEquals(await GenStatem.call(machine, "state"), "ready");
 * await GenStatem.stop(machine);
 * ```
 */
export function enterLoop(
  module: Omit<Module, "init">,
  options: EnterLoopOptions,
  state: Term,
  data: Term,
  name?: Name | Pid,
  actions: Actions = [],
): Promise<never> {
  return fairly(async () => {
    const behaviour = behaviourOf(module as Module);
    checkOptions("enter the loop", options, LOOP_OPTIONS);
    await assertRegistered(name);
    const process = self();
    if (!isLaunched(process)) throw exit("process_was_not_started_by_proc_lib");
    behaviour.enter(process, options, [state, data], isPid(name) ? undefined : name, actions);
    return await new Promise<never>(() => {});
  });
}
