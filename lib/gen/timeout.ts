/**
 * Timeouts in milliseconds: the default, and the check that every function with a timeout makes.
 *
 * @module
 */

import { inspect } from "../kernel/inspect.ts";
import { MAX_DELAY_MS } from "../kernel/timers.ts";

/** The default timeout of calls, and of other functions that wait for an answer, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5000;

/** Checks a timeout. @throws {RangeError} If it is negative or not a number. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (
    typeof timeout === "number" && timeout >= 0 && (timeout <= MAX_DELAY_MS || timeout === Infinity)
  ) return;
  throw new RangeError(
    `Cannot ${what} with this timeout: expected milliseconds from 0 to ${MAX_DELAY_MS}, or ` +
      `Infinity, found ${inspect(timeout)}`,
  );
}
