/**
 * The calculator's API: functions instead of messages.
 *
 * @module
 */

import { after, type Pid, receive, self, send } from "@denotp/otp";
import * as Boundary from "./boundary.ts";

export const start = (initialState: number): Pid => Boundary.start(initialState);

export const add = (calculator: Pid, n: number) => send(calculator, ["add", n]);
export const subtract = (calculator: Pid, n: number) => send(calculator, ["subtract", n]);
export const multiply = (calculator: Pid, n: number) => send(calculator, ["multiply", n]);
export const divide = (calculator: Pid, n: number) => send(calculator, ["divide", n]);
export const negate = (calculator: Pid) => send(calculator, "negate");
export const clear = (calculator: Pid) => send(calculator, "clear");

/** Asks for the state, and waits for the answer up to `timeout` milliseconds: the calculator may have exited. */
export function state(
  calculator: Pid,
  timeout = 5000,
): Promise<number | readonly ["error", "timeout"]> {
  send(calculator, ["state", self()]);
  return receive(
    { state: (state: number) => state },
    after(timeout, () => ["error", "timeout"] as const),
  );
}
