/**
 * Time limits in milliseconds, as all functions take them that wait for something: checked where they are given.
 *
 * @module
 */

import { inspect } from "../kernel/term.ts";
import { MAX_DELAY_MS } from "../kernel/timers.ts";

/** How long calls, and what else waits for an answer, wait by default, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5000;

/** Tells whether a value is a time limit: whole milliseconds, or `Infinity`. */
export function isTimeout(value: unknown): value is number {
  return Number.isInteger(value)
    ? (value as number) >= 0 && (value as number) <= MAX_DELAY_MS
    : value === Infinity;
}

/** Checks a time limit. @throws {RangeError} If it is negative, has a fraction or is not a number. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (isTimeout(timeout)) return;
  throw new RangeError(
    `Cannot ${what} with this timeout: expected milliseconds from 0 to ${MAX_DELAY_MS}, without a ` +
      `fraction, or Infinity, found ${inspect(timeout)}`,
  );
}
