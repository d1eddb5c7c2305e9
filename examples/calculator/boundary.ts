/**
 * The calculator's boundary, made by hand: a process that keeps the accumulator, and a loop that
 * takes one message after the other.
 *
 * @module
 */

import { type Pid, receive, send, spawn } from "@denotp/otp";
import * as Core from "./core.ts";

/** Starts a calculator, without a link to it. */
export function start(initialState: number): Pid {
  return spawn(() => run(initialState));
}

/** Listens, again and again: the state lives in the loop. */
export async function run(state: number): Promise<never> {
  for (;;) state = await listen(state);
}

/** Takes one message, and makes the next state of it. */
export function listen(state: number): Promise<number> {
  return receive({
    add: (number: number) => Core.add(state, number),
    subtract: (number: number) => Core.subtract(state, number),
    multiply: (number: number) => Core.multiply(state, number),
    divide: (number: number) => Core.divide(state, number),
    negate: () => Core.negate(state),
    clear: () => 0,
    state: (client: Pid) => {
      send(client, ["state", state]);
      return state;
    },
  });
}
