/**
 * The code lock's boundary: a state machine, with a function for each state.
 *
 * - When it is opened, it locks itself after a time in milliseconds.
 * - Buttons that are pressed while it is open are for later: they are postponed until it is locked.
 * - When no further button is pressed for a while, the code must be entered again.
 *
 * @module
 */

import { GenStatem, type Pid, send } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

type State = "locked" | "open";

interface Data {
  readonly lock: Core.Lock;
  /** Is notified of the state of the lock. */
  readonly door: Pid;
  /** How long it stays open, and how long it remembers a button. */
  readonly ms: number;
}

type Content = Core.Button | "pressed" | "lock" | "forget" | State;
type Result = GenStatem.Result<State, Data>;

const { isCall, keepState, keepStateAndData, nextState } = GenStatem;

export const startLink = (code: readonly Core.Button[], door: Pid, ms: number) =>
  GenStatem.startLink(Server, { lock: Core.new(code), door, ms });

export const callbackMode = () => ["state_functions", "state_enter"];

export const init = (data: Data) => GenStatem.ok("locked", data);

export function locked(type: GenStatem.EventType, content: Content, data: Data): Result {
  if (type === "enter") {
    send(data.door, ["door", "is locked"]);
    return keepState({ ...data, lock: Core.forget(data.lock) });
  }
  if (type === "state_timeout") {
    send(data.door, ["door", "has forgotten what was pressed"]);
    return keepState({ ...data, lock: Core.forget(data.lock) });
  }
  if (type === "cast" && typeof content === "number") {
    const lock = Core.press(data.lock, content);
    if (Core.isOpen(lock)) return nextState("open", { ...data, lock });
    return keepState({ ...data, lock }, ["state_timeout", data.ms, "forget"]);
  }
  return anywhere(type, content, data);
}

export function open(type: GenStatem.EventType, content: Content, data: Data): Result {
  if (type === "enter") {
    send(data.door, ["door", "is open"]);
    return keepStateAndData(["state_timeout", data.ms, "lock"]);
  }
  if (type === "state_timeout") return nextState("locked", data);
  if (type === "cast") return keepStateAndData("postpone");
  return anywhere(type, content, data);
}

/** What is the same in all states. */
function anywhere(type: GenStatem.EventType, content: Content, { lock }: Data): Result {
  if (isCall(type) && content === "pressed") {
    return keepStateAndData(["reply", type[1], lock.pressed]);
  }
  throw noClause(content as never);
}
