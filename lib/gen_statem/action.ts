/**
 * Validation of the actions of a state machine: callbacks return them, so they may be any term. Used by
 * `server.ts`, and by `../gen_statem.ts` for replies.
 *
 * @module
 */

import { unknownOption } from "../kernel/options.ts";
import { isFrom } from "../kernel/reply.ts";
import { isTuple, itemOf } from "../kernel/reader.ts";
import { isTimeout } from "../gen/timeout.ts";
import type { Step } from "./machine.ts";
import type { InsertedType, ReplyAction, TimeoutOptions, TimeoutType } from "./response.ts";

/** Whether an array is one action, not a list of actions. */
export function isSingle(actions: readonly unknown[]): boolean {
  const [tag, second] = actions;
  switch (tag) {
    case "reply":
    case "next_event":
    case "timeout":
    case "state_timeout":
    case "change_callback_module":
    case "push_callback_module":
      return actions.length > 1;
    case "postpone":
    case "hibernate":
      return typeof second === "boolean";
  }
  // `["timeout", name]` as the type of a timeout, or `["timeout", "cancel"]` as the first action of a list.
  if (!isTimeoutType(tag)) return false;
  if (typeof second === "number") return actions.length > 2 || tag[1] !== "cancel";
  return second === "cancel" || second === "update";
}

export function isReply(action: unknown): action is ReplyAction {
  return isTuple(action, "reply", 3) && isFrom(itemOf(action, 1));
}

export function isTimeoutType(type: unknown): type is TimeoutType {
  return type === "timeout" || type === "state_timeout" ||
    isTuple(type, "timeout", 2);
}

export function isInsertedType(type: unknown): type is InsertedType {
  return type === "internal" || type === "cast" || type === "info" || isTimeoutType(type) ||
    (isTuple(type, "call", 2) && isFrom(itemOf(type, 1)));
}

/** Records a timeout action in the step; returns whether it is valid. */
export function takeOrder(step: Step, type: TimeoutType, action: readonly unknown[]): boolean {
  const [, time, content, options] = action;
  if (action.length === 2) {
    if (time !== "cancel") return false;
    step.orders.push({ type, time: Infinity, content: undefined, isAbsolute: false });
    return true;
  }
  if (action.length === 3) {
    if (time !== "update" && !isTimeout(time)) return false;
    step.orders.push({ type, time, content, isAbsolute: false });
    return true;
  }
  if (action.length !== 4 || typeof options !== "object" || options === null) return false;
  if (unknownOption(options, ["abs"]) !== undefined) return false;
  const { abs: isAbsolute = false } = options as TimeoutOptions;
  if (!(isAbsolute === true ? isMoment(time) : isAbsolute === false && isTimeout(time))) {
    return false;
  }
  step.orders.push({ type, time: time as number, content, isAbsolute });
  return true;
}

function isMoment(time: unknown): time is number {
  return typeof time === "number" && (Number.isFinite(time) || time === Infinity);
}
