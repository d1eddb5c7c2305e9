/**
 * Looking a name up in a registry that answers with a promise, without giving up order.
 *
 * What one process sends under one name arrives in the order in which it was sent; so a lookup
 * takes effect only after the earlier ones of the same process in the same registry have.
 *
 * @module
 */

import { OwnedTimer, type Process } from "./process.ts";
import { start } from "./timers.ts";

/** How long a registry may take to answer, in milliseconds, where nothing else sets a limit. */
export const REGISTRY_TIMEOUT_MS = 5000;

/** What a lookup rejects with whose time was up. */
export const TOO_LATE: unique symbol = Symbol("too late");

/**
 * Settles as `answer` does, but not before the earlier lookups of `process` in `registry` have
 * settled, and with the rejection `TOO_LATE` after `limit` ms. Does not settle if `process` ends.
 */
export function inOrder<T>(
  process: Process,
  registry: object,
  answer: PromiseLike<T>,
  limit: number,
): Promise<T> {
  const lookups = process.more().lookups ??= new Map();
  const earlier = lookups.get(registry);
  const settled = withLimit(process, answer, limit);
  const mine = earlier === undefined ? settled : earlier.then(() => settled, () => settled);
  lookups.set(registry, mine);
  const forget = () => {
    if (lookups.get(registry) === mine) lookups.delete(registry);
  };
  mine.then(forget, forget);
  return mine;
}

/** Settles as `answer` does, or rejects with `TOO_LATE` after `limit` ms. Does not settle if `process` ends. */
export function withLimit<T>(
  process: Process,
  answer: PromiseLike<T>,
  limit: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = new OwnedTimer(process, () => reject(TOO_LATE));
    start(timer, limit);
    const settle = <V>(how: (value: V) => void) => (value: V) => {
      timer.cancel();
      how(value);
    };
    answer.then(settle(resolve), settle(reject));
  });
}
