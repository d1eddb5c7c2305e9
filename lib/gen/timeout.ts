/**
 * Time limits in milliseconds, as all functions take them that wait for something: checked where they are given.
 *
 * @module
 */

import { inspect } from "../kernel/inspect.ts";
import { MAX_DELAY_MS } from "../kernel/timers.ts";

/** How long calls, and what else waits for an answer, wait by default, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5000;

/** Checks a time limit. @throws {RangeError} If it is negative or no number. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (
    typeof timeout === "number" && timeout >= 0 && (timeout <= MAX_DELAY_MS || timeout === Infinity)
  ) return;
  throw new RangeError(
    `Cannot ${what} with this timeout: expected milliseconds from 0 to ${MAX_DELAY_MS}, or ` +
      `Infinity, found ${inspect(timeout)}`,
  );
}
