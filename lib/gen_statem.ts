/**
 * GenStatem: a state machine's generic half. What is specific to a machine is a module with callbacks.
 *
 * A machine is a server that has, beside its data, a *state*: what it is in the middle of. What it does with an
 * event depends on both. Compared with a `GenServer`, it can
 *
 * - have one callback for each state;
 * - **postpone** an event: it is kept, and comes again when the state has changed;
 * - insert events of its own, which come before all that is queued;
 * - set timeouts that end with the state, with the next event, or when it says so;
 * - do something whenever a state is entered.
 *
 * Where a server has nothing of that to do, a `GenServer` is the simpler thing.
 *
 * **Callback modes.** `callbackMode` of the module answers `"state_functions"`: for each state, the module has a
 * function of its name, `(type, content, data)`; or `"handle_event_function"`: there is one function for all,
 * `handleEvent(type, content, state, data)`, and any term can be a state. `["state_functions", "state_enter"]`
 * also has them called with `"enter"` and the state before, whenever the state changes, and at the start.
 *
 * **Events** have a type and a content. `["call", from]` and `"cast"` are from {@linkcode call} and
 * {@linkcode cast}, `"info"` is any other message; a timeout has the type by which it was set; `"internal"` is
 * what the machine has sent itself, by the action `["next_event", "internal", content]`.
 *
 * **Results** are made by {@linkcode nextState}, {@linkcode keepState}, {@linkcode keepStateAndData},
 * {@linkcode repeatState}, {@linkcode repeatStateAndData} and {@linkcode stopAndReply}, and by `stop(reason)` or
 * `stop(reason, data)`, which are those of a `GenServer`. They may carry {@linkcode Actions}.
 *
 * **When.** One event is handled after the other. First come events that were inserted; then, when the state has
 * changed, those that were postponed, in the order in which they came; then timeouts of 0; and only when none of
 * these is left, the next message. A callback may be async: all else waits for it.
 *
 * **Failure.** A thrown `Error` ends the machine with `[error, stack]`, after `terminate(error, state, data)`;
 * `throw exit(reason)` does with `reason`. A thrown value that is no `Error` counts as returned. What is no
 * result ends it with `[["bad_return_from_state_function", value], stack]`.
 *
 * @example A door that locks by itself
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
import {
  assertRegistered,
  start as startGen,
  type StartMode,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
} from "./gen/start.ts";
import { answer } from "./gen/reply.ts";
import type { CallKind, From } from "./kernel/calls.ts";
import { exit } from "./kernel/exit.ts";
import type { Name, ServerRef } from "./kernel/names.ts";
import { fence, self } from "./kernel/self.ts";
import { inspect, isPid, type Pid, type Term } from "./kernel/term.ts";
import { ask, stopKind } from "./gen/client.ts";
import type { InitArgument } from "./gen_server/contract.ts";
import { cast as castTo } from "./gen_server.ts";
import { isLaunched } from "./gen/launched.ts";
import { isReply } from "./gen_statem/action.ts";
import type { Module, ModuleWithoutArgument } from "./gen_statem/contract.ts";
import type { Actions, ReplyAction } from "./gen_statem/response.ts";
import { behaviourOf, type EnterLoopOptions } from "./gen_statem/server.ts";

export type {
  EnterLoopOptions,
  From,
  InitArgument,
  ServerRef,
  StartMonitorResult,
  StartOptions,
  StartResult,
};
export {
  type CallbackMode,
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
  waitResponse,
} from "./gen_server/request.ts";

// --- The clients' half --------------------------------------------------------------------------

/**
 * How long a call waits: so many milliseconds. In OTP, `"clean_timeout"` and `"dirty_timeout"` tell whether an
 * answer may arrive that comes too late; here none does.
 */
export type CallTimeout = number | readonly ["clean_timeout" | "dirty_timeout", number];

const CALL: CallKind = {
  describe: ({ server, request, timeout }) => ["gen_statem", "call", [server, request, timeout]],
};

const STOP = stopKind("gen_statem");

/**
 * Starts a state machine that is linked to the calling process, and resolves when its `init` is done.
 *
 * Resolves with `["ok", pid]`; with `["error", reason]` if `init` returned `stop(reason)`, threw, or took longer
 * than `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken; with `"ignore"` if
 * `init` returned `ignore`. If `init` threw an error, `reason` is that error. By then a name that was asked for is
 * registered, or free again if the start failed.
 *
 * Because of the link, a failed start also sends the caller an exit signal, which ends a process that does not
 * trap exits (`start` does not).
 *
 * @param module The callbacks, see {@linkcode Module}.
 * @param argument Handed to `init` unchanged.
 * @throws {TypeError} If `module` has no `init` or no `callbackMode`, or the name none of the forms of a name: the
 * promise rejects, and nothing was started.
 * @throws {RangeError} If `options.timeout` is negative or not a number.
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
export function startLink<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options?: StartOptions,
): Promise<StartResult<M>>;
/** The same, of a module whose `init` takes no argument. */
export function startLink<M extends ModuleWithoutArgument>(
  module: M,
  argument?: undefined,
  options?: StartOptions,
): Promise<StartResult<M>>;
export function startLink<M extends Module>(
  module: M,
  argument?: Term,
  options: StartOptions = {},
): Promise<StartResult<M>> {
  return startAs("link", module, argument, options) as Promise<StartResult<M>>;
}

/**
 * Starts a state machine without a link to the calling process. Otherwise as {@linkcode startLink}.
 *
 * @see OTP `gen_statem:start/3,4`
 */
export function start<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options?: StartOptions,
): Promise<StartResult<M>>;
/** The same, of a module whose `init` takes no argument. */
export function start<M extends ModuleWithoutArgument>(
  module: M,
  argument?: undefined,
  options?: StartOptions,
): Promise<StartResult<M>>;
export function start<M extends Module>(
  module: M,
  argument?: Term,
  options: StartOptions = {},
): Promise<StartResult<M>> {
  return startAs("nolink", module, argument, options) as Promise<StartResult<M>>;
}

/**
 * Starts a state machine that the calling process monitors: resolves with `["ok", [pid, ref]]`, and when the
 * machine ends, `["DOWN", ref, "process", pid, reason]` arrives. Otherwise as {@linkcode start}.
 *
 * @see OTP `gen_statem:start_monitor/3,4`
 */
export function startMonitor<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options?: StartOptions,
): Promise<StartMonitorResult<M>>;
/** The same, of a module whose `init` takes no argument. */
export function startMonitor<M extends ModuleWithoutArgument>(
  module: M,
  argument?: undefined,
  options?: StartOptions,
): Promise<StartMonitorResult<M>>;
export function startMonitor<M extends Module>(
  module: M,
  argument?: Term,
  options: StartOptions = {},
): Promise<StartMonitorResult<M>> {
  return startAs("monitor", module, argument, options) as Promise<StartMonitorResult<M>>;
}

function startAs(
  mode: StartMode,
  module: Module,
  argument: Term,
  options: StartOptions,
): Promise<Term> {
  try {
    const behaviour = behaviourOf(module);
    if (typeof module.init !== "function") {
      throw new TypeError(
        `Cannot start a GenStatem: its module must have an init callback, found ${
          inspect(Object.keys(module))
        }`,
      );
    }
    return startGen(behaviour, argument, options, mode);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Sends `request` to a state machine and waits for its reply: an event of the type `["call", from]`. The machine
 * answers by the action `["reply", from, value]`, at once or in the course of a later event.
 *
 * Resolves with that value, whatever its shape. The request is passed by reference, not copied. A reply later than
 * the timeout is dropped. What a request is answered with is known to the machine alone: say it in the place where
 * the machine's functions are wrapped.
 *
 * @param server A pid or any name.
 * @param timeout In milliseconds, default `Infinity`: other than of a `GenServer`. See {@linkcode CallTimeout}.
 * @throws {Exit} `[why, ["gen_statem", "call", [server, request, timeout]]]`, where `why` is `"noproc"` if nobody
 * has the name, `"timeout"` if no reply came in time, `"calling_self"` if the machine is the caller,
 * `["nodedown", node]` if its node cannot be reached, else the machine's own exit reason.
 * @throws {RangeError} If `timeout` is negative or not a number.
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_statem:call/2,3`; there the caller exits, here the promise rejects.
 *
 * @example A call that fails
 * ```ts
 * import { GenStatem } from "@denotp/otp";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => GenStatem.call("nobody", "hello", 1000),
 *   Error,
 *   'exited in: gen_statem.call("nobody", "hello", 1000): no process',
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
 * Sends `request` to a state machine, as an event of the type `"cast"`, and does not wait: answers `"ok"`, whether
 * or not anybody is there.
 *
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_statem:cast/2`
 */
export function cast(server: ServerRef, request: Term): "ok" {
  return castTo(server, request);
}

/**
 * Answers a call from anywhere: from a callback, or another process. Takes `from` and the value, or what the
 * action would be: `["reply", from, value]`, or a list of those.
 *
 * A caller that has gone, or has had its answer, does not mind.
 *
 * @throws {TypeError} If `from` is none.
 * @see OTP `gen_statem:reply/1,2`
 *
 * @example Let callers wait for a state, and answer all of them at once
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
export function reply(
  ...args: [from: From, value: Term] | [replies: ReplyAction | readonly ReplyAction[]]
): "ok" {
  fence();
  const replies = args.length === 2
    ? [["reply", ...args]]
    : Array.isArray(args[0]) && args[0][0] !== "reply"
    ? args[0]
    : args;
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
 * Stops a state machine in order: its `terminate` runs with `reason`, also if it does not trap exits. Resolves with
 * `"ok"` when it has ended.
 *
 * An abnormal `reason` is logged as a crash.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The machine goes on stopping after that.
 * @throws {Exit} `[why, ["gen_statem", "stop", [server, reason, timeout]]]`, where `why` is `"noproc"`, `"timeout"`,
 * or the reason that the machine ended with if that is another than was asked for. In OTP it is `why` alone.
 * @throws {RangeError} If `timeout` is negative or not a number.
 * @see OTP `gen_statem:stop/1,3`
 */
export function stop(
  server: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return ask(server, reason, timeout, STOP) as Promise<"ok">;
}

// --- Becoming a machine -------------------------------------------------------------------------

/**
 * Makes the calling process a state machine: `init` is not called, and need not be there. For a process that
 * `ProcLib` started, and that has done what there was to do before; it must also have registered itself, if it is
 * to have a name. Return the promise, or await it: it never settles, and what comes after it does not run.
 *
 * The process that started this one is the machine's parent, linked or not.
 *
 * @param name The name that the process has registered; by default, or with its own pid, none.
 * @param actions As in a result of `init`.
 * @throws {Exit} `"process_was_not_started_by_proc_lib"`; `"process_not_registered"`,
 * `"process_not_registered_globally"` or `["process_not_registered_via", registry]` if the process does not have
 * that name.
 * @throws {TypeError} If `module` is no module of callbacks, or a debug option unknown.
 * @see OTP `gen_statem:enter_loop/4,5,6`
 *
 * @example Start by hand, then be a machine
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
    await assertRegistered(name);
    const process = self();
    if (!isLaunched(process)) throw exit("process_was_not_started_by_proc_lib");
    behaviour.enter(process, options, [state, data], isPid(name) ? undefined : name, actions);
    return await new Promise<never>(() => {});
  });
}
