// deno-lint-ignore-file no-explicit-any -- the types of states and data are the module's own

/**
 * What the callbacks of a state machine take and return: events, actions, and response tuples made by
 * small constructors. A part of `GenStatem`, whose namespace has all of it.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Term } from "../kernel/term.ts";
import type { AnyState, Stop } from "../response.ts";

// --- Events -------------------------------------------------------------------------------------

/**
 * The type of a timeout: `"timeout"` is the event timeout, which any event cancels; `"state_timeout"` is cancelled
 * by a change of state; `["timeout", name]` is a generic timeout, which only an action cancels.
 */
export type TimeoutType = "timeout" | "state_timeout" | readonly ["timeout", Term];

/**
 * The type of an event: a `call`, which is replied to with `from`, a `cast`, any other message (`"info"`), a
 * timeout, an event that the machine has inserted itself (`"internal"`), or the entry of a state (`"enter"`; the
 * content is the previous state).
 */
export type EventType =
  | readonly ["call", From]
  | "cast"
  | "info"
  | "internal"
  | TimeoutType
  | "enter";

/** The type of an event that an action can insert: any but `"enter"`. */
export type InsertedType = Exclude<EventType, "enter">;

// --- Actions ------------------------------------------------------------------------------------

/** Replies to a call: `["reply", from, value]`. */
export type ReplyAction = readonly ["reply", From, Term];

/** Options of a timeout. */
export interface TimeoutOptions {
  /** Whether the time is a point on the clock of `Process.monotonicTime`, not a delay. Default `false`. */
  readonly abs?: boolean;
}

/**
 * Sets a timeout, replacing the one of its type: an event of this type and content is generated after the given
 * time, in milliseconds. `Infinity` and `"cancel"` only cancel. A timeout of 0 is handled after the inserted events
 * and before the next message. `"update"` changes the content of a running timeout; if there is none, it sets a
 * timeout of 0. A bare number sets the event timeout, with that number as content.
 *
 * @example A session with an idle timeout and a total limit
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Session = {
 *   callbackMode: () => "handle_event_function",
 *   init: () => GenStatem.ok("open", 0, [60_000, [["timeout", "limit"], 3600_000, "limit"]]),
 *   handleEvent(type: GenStatem.EventType, _content: unknown, _state: "open", asked: number) {
 *     if (!GenStatem.isCall(type)) return "stop" as const; // one of the two timeouts
 *     return GenStatem.keepState(asked + 1, [["reply", type[1], asked + 1], 60_000]);
 *   },
 * };
 *
 * const session = unwrap(await GenStatem.startLink(Session));
 * assertEquals(await GenStatem.call(session, "ask"), 1);
 * assertEquals(await GenStatem.call(session, "ask"), 2);
 * await GenStatem.stop(session);
 * ```
 */
export type TimeoutAction =
  | number
  | readonly [TimeoutType, number, Term]
  | readonly [TimeoutType, number, Term, TimeoutOptions]
  | readonly [TimeoutType, "cancel"]
  | readonly [TimeoutType, "update", Term];

/** An action that the result of an `"enter"` call may contain. */
export type EnterAction =
  | ReplyAction
  | TimeoutAction
  | "hibernate"
  | readonly ["hibernate", boolean]
  | readonly ["postpone", false];

/**
 * An action of a state callback:
 *
 * - `"postpone"`: the event is kept, and handled again when the state has changed.
 * - `["next_event", type, content]`: inserts an event, to be handled before those that are queued.
 * - `["reply", from, value]`: replies to a call.
 * - `["state_timeout", ms, content]`, `["timeout", ms, content]`, `[["timeout", name], ms, content]`: see
 *   {@linkcode TimeoutAction}.
 * - `"hibernate"`: marks the machine as hibernating, since no event is expected for some time.
 * - `["change_callback_module", module]`: from now on, the callbacks of that module are called.
 *   `["push_callback_module", module]`: the same, until `"pop_callback_module"`.
 */
export type Action =
  | EnterAction
  | "postpone"
  | readonly ["postpone", boolean]
  | readonly ["next_event", InsertedType, Term]
  | readonly ["change_callback_module" | "push_callback_module", object]
  | "pop_callback_module";

/**
 * One action, or a list of actions, which are executed in order. Timeouts are set after all other actions; of
 * several of one type, the last one applies.
 */
export type Actions = Action | readonly Action[];

// --- Results ------------------------------------------------------------------------------------

/** The result of `init` of a state machine. */
export type Init<State = any, Data = any> =
  | readonly ["ok", State, Data]
  | readonly ["ok", State, Data, Actions]
  | readonly ["stop", Term]
  | "ignore";

/** A result that changes the state. */
export type NextState<State = any, Data = any> =
  | readonly ["next_state", State, Data]
  | readonly ["next_state", State, Data, Actions];

/** A result that keeps the state. */
export type KeepState<Data = any> =
  | readonly ["keep_state", Data]
  | readonly ["keep_state", Data, Actions];

/** A result that keeps the state and the data. */
export type KeepStateAndData = "keep_state_and_data" | readonly ["keep_state_and_data", Actions];

/** A result that keeps the state, and enters it again. */
export type RepeatState<Data = any> =
  | readonly ["repeat_state", Data]
  | readonly ["repeat_state", Data, Actions];

/** A result that keeps the state and the data, and enters the state again. */
export type RepeatStateAndData =
  | "repeat_state_and_data"
  | readonly ["repeat_state_and_data", Actions];

/** A result that replies to calls and stops the machine. */
export type StopAndReply<Data = any> =
  | readonly ["stop_and_reply", Term, ReplyAction | readonly ReplyAction[]]
  | readonly ["stop_and_reply", Term, ReplyAction | readonly ReplyAction[], Data];

/** The result of a state callback. */
export type Result<State = any, Data = any> =
  | NextState<State, Data>
  | KeepState<Data>
  | KeepStateAndData
  | RepeatState<Data>
  | RepeatStateAndData
  | "stop"
  | readonly ["stop", Term]
  | Stop<Data>
  | StopAndReply<Data>;

/**
 * From `init`: starts the machine in `state`, with `data`. The actions are executed before the first event.
 * Mirrors `{ok, State, Data, Actions}`. See the example of {@linkcode nextState}.
 *
 * To refuse to start, return `stop(reason)` or `ignore`, as from the `init` of a `GenServer`.
 */
export function ok<const State, Data extends AnyState>(
  state: State,
  data: Data,
  actions?: Actions,
): readonly ["ok", State, Data] | readonly ["ok", State, Data, Actions] {
  return actions === undefined ? ["ok", state, data] : ["ok", state, data, actions];
}

/**
 * Continues in `state`, with `data`. If the state changes, the state timeout is cancelled and postponed events are
 * handled again. States are compared by content.
 * Mirrors `{next_state, State, Data, Actions}`.
 *
 * @example A switch that counts
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Switch = {
 *   callbackMode: () => "state_functions",
 *   init: () => GenStatem.ok("off", 0),
 *   off: (_type: GenStatem.EventType, _content: unknown, count: number) =>
 *     GenStatem.nextState("on", count),
 *   on(type: GenStatem.EventType, content: unknown, count: number): GenStatem.Result {
 *     if (GenStatem.isCall(type)) return GenStatem.keepStateAndData(["reply", type[1], count]);
 *     return content === "count" ? GenStatem.keepState(count + 1) : GenStatem.nextState("off", 0);
 *   },
 * };
 *
 * const light = unwrap(await GenStatem.startLink(Switch));
 * GenStatem.cast(light, "press");
 * GenStatem.cast(light, "count");
 * assertEquals(await GenStatem.call(light, "read"), 1);
 * await GenStatem.stop(light);
 * ```
 */
export function nextState<const State, Data extends AnyState>(
  state: State,
  data: Data,
  actions?: Actions,
): NextState<State, Data> {
  return actions === undefined ? ["next_state", state, data] : ["next_state", state, data, actions];
}

/**
 * Stays in the current state, with `data`. Mirrors `{keep_state, Data, Actions}`. See the example of
 * {@linkcode nextState}.
 */
export function keepState<Data extends AnyState>(data: Data, actions?: Actions): KeepState<Data> {
  return actions === undefined ? ["keep_state", data] : ["keep_state", data, actions];
}

/**
 * Stays in the current state, with the current data. Mirrors `keep_state_and_data` and
 * `{keep_state_and_data, Actions}`. See the example of {@linkcode nextState}.
 */
export function keepStateAndData(actions?: Actions): KeepStateAndData {
  return actions === undefined ? "keep_state_and_data" : ["keep_state_and_data", actions];
}

/**
 * Stays in the current state, with `data`, and repeats its `"enter"` call, if the machine has `"enter"` calls.
 * Timeouts and postponed events are kept. Mirrors `{repeat_state, Data, Actions}`.
 *
 * @example Entering a state again
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Round = {
 *   callbackMode: () => ["state_functions", "state_enter"],
 *   init: () => GenStatem.ok("playing", 0),
 *   playing(type: GenStatem.EventType, _content: unknown, rounds: number): GenStatem.Result {
 *     if (type === "enter") return GenStatem.keepState(rounds + 1);
 *     if (GenStatem.isCall(type)) return GenStatem.keepStateAndData(["reply", type[1], rounds]);
 *     return GenStatem.repeatStateAndData();
 *   },
 * };
 *
 * const game = unwrap(await GenStatem.startLink(Round));
 * GenStatem.cast(game, "again");
 * assertEquals(await GenStatem.call(game, "rounds"), 2);
 * await GenStatem.stop(game);
 * ```
 */
export function repeatState<Data extends AnyState>(
  data: Data,
  actions?: Actions,
): RepeatState<Data> {
  return actions === undefined ? ["repeat_state", data] : ["repeat_state", data, actions];
}

/**
 * As {@linkcode repeatState}, with the current data; see its example. Mirrors
 * `{repeat_state_and_data, Actions}`.
 */
export function repeatStateAndData(actions?: Actions): RepeatStateAndData {
  return actions === undefined ? "repeat_state_and_data" : ["repeat_state_and_data", actions];
}

/**
 * Replies to calls, then stops the machine: its `terminate` runs after the replies are sent.
 * Mirrors `{stop_and_reply, Reason, Replies, Data}`.
 *
 * To stop without a reply, return `stop(reason)` or `stop(reason, data)`, as from a `GenServer`.
 *
 * @param args The data for `terminate`. Default: the current data.
 *
 * @example Replying and stopping
 * ```ts
 * import { GenStatem, receive, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Once = {
 *   callbackMode: () => "handle_event_function",
 *   init: () => GenStatem.ok("ready", undefined),
 *   handleEvent: ([, from]: readonly ["call", GenStatem.From]) =>
 *     GenStatem.stopAndReply("normal", ["reply", from, "goodbye"]),
 * };
 *
 * const [pid, ref] = unwrap(await GenStatem.startMonitor(Once));
 * assertEquals(await GenStatem.call(pid, "hello"), "goodbye");
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
 * ```
 */
export function stopAndReply<Data extends AnyState = never>(
  reason: Term,
  replies: ReplyAction | readonly ReplyAction[],
  ...args: [] | [data: Data]
): StopAndReply<Data> {
  return ["stop_and_reply", reason, replies, ...args];
}
