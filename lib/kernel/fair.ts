/**
 * Fairness of answers that come at once: a call to a name that is not registered, a wrong argument, a result
 * that is there already.
 *
 * The caller continues in a microtask then. If it asks again, and again, neither other processes nor the host
 * would ever run. So each such answer is charged as a message is, and when the slice is over (`scheduler.ts`),
 * the promise settles only after the other processes and, if it is due, the host have had a turn.
 *
 * @module
 */

import type { Awaitable } from "./awaitable.ts";
import { rejectFor } from "./calls.ts";
import { afterSlice, charge, current, isSliceSpent } from "./scheduler.ts";
import { running } from "./self.ts";

/** A promise that rejects with `error`, in the asynchronous context of the calling process. */
export function rejectFairly(error: unknown): Promise<never> {
  const process = running();
  charge(process);
  // In a synchronous callback the asynchronous context is that of the loop.
  if (current === null && !isSliceSpent()) return Promise.reject(error);
  const wasDead = process === null || process.isDead;
  return new Promise((_, reject) => {
    const settle = () => {
      if (process === null) reject(error);
      else if (wasDead || !process.isDead) rejectFor(process, reject, error);
    };
    if (isSliceSpent()) afterSlice(settle);
    else settle();
  });
}

/** `value`, or a promise of it if the slice is over. */
export function resolveFairly<T>(value: T): Awaitable<T> {
  const process = running();
  charge(process);
  if (!isSliceSpent()) return value;
  const wasDead = process === null || process.isDead;
  return new Promise((resolve) => {
    afterSlice(() => {
      if (wasDead || !process.isDead) resolve(value);
    });
  });
}

/** Settles as the promise that `body` returns, but fairly: `body` may be done at once. */
export function fairly<T>(body: () => Promise<T>): Promise<T> {
  return body().then(resolveFairly<T>, rejectFairly);
}
