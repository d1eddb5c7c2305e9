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
 * Tells whether a promise would not resolve with `value` itself: it is a promise, or another object or function
 * with a method `then`, or one whose `then` cannot be read.
 */
export function hasThen(value: unknown): boolean {
  if (typeof value === "object" ? value === null : typeof value !== "function") return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return true;
  }
}

/** The error of a door that would hand over a value which {@linkcode hasThen}: `what` it cannot do with it. */
export function thenError(what: string): TypeError {
  return new TypeError(
    `Cannot ${what} a promise or another object that has a method then: await it first, or wrap it ` +
      "in an array",
  );
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
