/**
 * Values that are available now or later. Callbacks, registries and other nodes may return promises; these
 * functions wait only if they do. The kernel uses them, and everything that calls such functions.
 *
 * @module
 */

/** A value now, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** Whether a value is a promise or behaves like one. An object whose `then` cannot be read does not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/**
 * Passes a value to `use`: at once, or when it is available. The result is a promise only if `value` is one.
 */
export function then<T, Result>(
  value: Awaitable<T>,
  use: (value: T) => Awaitable<Result>,
): Awaitable<Result> {
  return isThenable(value) ? Promise.resolve(value).then(use) : use(value);
}
