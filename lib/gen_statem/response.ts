// deno-lint-ignore-file no-explicit-any -- states and data are the modules' own business

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
 * The type of a timeout: `"timeout"` is the event timeout, which any event cancels, `"state_timeout"` the one
 * that a change of state cancels, `["timeout", name]` one of those that only an action cancels.
 */
export type TimeoutType = "timeout" | "state_timeout" | readonly ["timeout", Term];

/**
 * What kind of event a state callback is called for: a `call`, which is to be answered to `from`, a `cast`,
 * any other message (`"info"`), a timeout, an event that the machine has made itself (`"internal"`), or that
 * the state was entered (`"enter"`; the content is the state before).
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

/** Answers a call: `["reply", from, value]`. */
export type ReplyAction = readonly ["reply", From, Term];

/** Options of a timeout. */
export interface TimeoutOptions {
  /** The time is a moment of `Process.monotonicTime`, not milliseconds from now. Default `false`. */
  readonly abs?: boolean;
}

/**
 * Sets a timeout, in place of the one of that type if there is one: an event of that type, with this content,
 * comes after so many milliseconds. `Infinity` sets none, and cancels; so does `"cancel"`. 0 has the event
 * come as soon as the events are handled that the machine has inserted, without a look at the mailbox.
 * `"update"` gives the one that runs another content; if there is none, it is a timeout of 0. A bare number
 * sets the event timeout, with itself for content.
 *
 * @example A session that ends when nobody asks, and after an hour anyhow
 * ```ts
 * import { GenStatem, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Session = {
 *   callbackMode: () => "handle_event_function",
 *   init: () => GenStatem.ok("open", 0, [60_000, [["timeout", "limit"], 3600_000, "limit"]]),
 *   handleEvent(type: GenStatem.EventType, _content: unknown, _state: "open", asked: number) {
 *     if (!GenStatem.isCall(type)) return "stop" as const; // either of the two
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

/** An action that the result for an `"enter"` may ask for. */
export type EnterAction =
  | ReplyAction
  | TimeoutAction
  | "hibernate"
  | readonly ["hibernate", boolean]
  | readonly ["postpone", false];

/**
 * An action of a state callback:
 *
 * - `"postpone"`: the event is not handled yet; it comes again when the state has changed.
 * - `["next_event", type, content]`: inserts an event, to be handled before all that is queued already.
 * - `["reply", from, value]`: answers a call.
 * - `["state_timeout", ms, content]`, `["timeout", ms, content]`, `[["timeout", name], ms, content]`: see
 *   {@linkcode TimeoutAction}.
 * - `"hibernate"`: hints that no event is expected soon.
 * - `["change_callback_module", module]`: from now on, that module's callbacks are called.
 *   `["push_callback_module", module]` does so until `"pop_callback_module"`.
 */
export type Action =
  | EnterAction
  | "postpone"
  | readonly ["postpone", boolean]
  | readonly ["next_event", InsertedType, Term]
  | readonly ["change_callback_module" | "push_callback_module", object]
  | "pop_callback_module";

/**
 * Several actions, which are done in this order, or just one. Of the timeouts of one type the last one counts,
 * and they are set when all else is done.
 */
export type Actions = Action | readonly Action[];

// --- Results ------------------------------------------------------------------------------------

/** What `init` of a state machine may return. */
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

/** A result that keeps both. */
export type KeepStateAndData = "keep_state_and_data" | readonly ["keep_state_and_data", Actions];

/** A result that enters the state once more. */
export type RepeatState<Data = any> =
  | readonly ["repeat_state", Data]
  | readonly ["repeat_state", Data, Actions];

/** A result that enters the state once more, with the data as they are. */
export type RepeatStateAndData =
  | "repeat_state_and_data"
  | readonly ["repeat_state_and_data", Actions];

/** A result that answers calls and stops the machine. */
export type StopAndReply<Data = any> =
  | readonly ["stop_and_reply", Term, ReplyAction | readonly ReplyAction[]]
  | readonly ["stop_and_reply", Term, ReplyAction | readonly ReplyAction[], Data];

/** What a state callback may return. */
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
 * From `init`: the machine runs, in `state`, with `data`. The actions are done before any event comes.
 * Mirrors `{ok, State, Data, Actions}`.
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
 * Goes on in `state`, with `data`. If that is another state than before, it is entered: the state timeout is
 * cancelled, postponed events come again. States are compared as terms.
 * Mirrors `{next_state, State, Data, Actions}`.
 */
export function nextState<const State, Data extends AnyState>(
  state: State,
  data: Data,
  actions?: Actions,
): NextState<State, Data> {
  return actions === undefined ? ["next_state", state, data] : ["next_state", state, data, actions];
}

/** Stays in the state, with `data`. Mirrors `{keep_state, Data, Actions}`. */
export function keepState<Data extends AnyState>(data: Data, actions?: Actions): KeepState<Data> {
  return actions === undefined ? ["keep_state", data] : ["keep_state", data, actions];
}

/** Stays as it is. Mirrors `keep_state_and_data` and `{keep_state_and_data, Actions}`. */
export function keepStateAndData(actions?: Actions): KeepStateAndData {
  return actions === undefined ? "keep_state_and_data" : ["keep_state_and_data", actions];
}

/**
 * Stays in the state, with `data`, and has its `"enter"` called once more, if the machine has such calls. That
 * is all: timeouts and postponed events stay, too. Mirrors `{repeat_state, Data, Actions}`.
 */
export function repeatState<Data extends AnyState>(
  data: Data,
  actions?: Actions,
): RepeatState<Data> {
  return actions === undefined ? ["repeat_state", data] : ["repeat_state", data, actions];
}

/** As {@linkcode repeatState}, with the data as they are. Mirrors `{repeat_state_and_data, Actions}`. */
export function repeatStateAndData(actions?: Actions): RepeatStateAndData {
  return actions === undefined ? "repeat_state_and_data" : ["repeat_state_and_data", actions];
}

/**
 * Answers calls, then ends the machine: its `terminate` runs when the replies are on their way.
 * Mirrors `{stop_and_reply, Reason, Replies, Data}`.
 *
 * To end it without a reply, return `stop(reason)` or `stop(reason, data)`, as from a `GenServer`.
 *
 * @param args The data for `terminate`, if they are others than before.
 */
export function stopAndReply<Data extends AnyState = never>(
  reason: Term,
  replies: ReplyAction | readonly ReplyAction[],
  ...args: [] | [data: Data]
): StopAndReply<Data> {
  return ["stop_and_reply", reason, replies, ...args];
}
