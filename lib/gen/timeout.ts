/**
 * Timeouts in milliseconds: the default, and the check that every function with a timeout makes.
 *
 * @module
 */

import { inspect } from "../kernel/inspect.ts";
import { MAX_DELAY_MS } from "../kernel/timers.ts";

/** The default timeout of calls, and of other functions that wait for an answer, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5000;

/** Whether a value is a timeout: whole milliseconds from 0, or `Infinity`. */
export function isTimeout(value: unknown): value is number {
  return Number.isInteger(value)
    ? (value as number) >= 0 && (value as number) <= MAX_DELAY_MS
    : value === Infinity;
}

/** Checks a timeout. @throws {RangeError} If it is negative, has a fraction or is not a number. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (isTimeout(timeout)) return;
  throw new RangeError(
    `Cannot ${what} with this timeout: expected milliseconds from 0 to ${MAX_DELAY_MS}, without a ` +
      `fraction, or Infinity, found ${inspect(timeout)}`,
  );
}
