/**
 * The reader: how the runtime looks at values of users.
 *
 * A value may be a revoked proxy, or have a getter or a trap that throws. So the runtime reads the tag, the
 * size and the items of a tuple, and the class of what was thrown, only by these functions. Whatever a read
 * throws counts as "does not match", as a guard that fails does in Erlang.
 *
 * Reading runs code of users. It is done in the process that receives the value, or in the one whose code
 * threw it; never when another process exits, in a timer, or when a signal is delivered.
 *
 * @module
 */

import type { Term } from "./term.ts";

/** Tells whether a value is an array. `Array.isArray` alone throws for a revoked proxy. */
export function isArray(value: unknown): value is readonly Term[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Tells whether a value is an instance of `type`. */
export function isA<T>(
  value: unknown,
  type: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** The number of items of an array; -1 for every other value. */
export function sizeOf(value: unknown): number {
  try {
    return Array.isArray(value) ? value.length : -1;
  } catch {
    return -1;
  }
}

/** The item of an array at `index`; `undefined` for every other value. */
export function itemOf(value: unknown, index: number): Term {
  try {
    return Array.isArray(value) ? value[index] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The first item of a message that is an array. The same as {@linkcode itemOf}, for the message path alone: V8
 * specialises each function for the arrays that it has seen, and messages are mostly of one kind.
 */
export function tagOf(message: unknown): Term {
  try {
    return Array.isArray(message) ? message[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether a value is a tuple of `size` items whose first one is `tag`. */
export function isTuple(value: unknown, tag: Term, size: number): value is readonly Term[] {
  try {
    return Array.isArray(value) && value.length === size && value[0] === tag;
  } catch {
    return false;
  }
}

/**
 * The items of a tuple of `size` items, or the first `count` of them, each read once; `undefined` for every
 * other value. The copy can be read any number of times, also if the value has changed or was revoked since.
 */
export function itemsOf(
  value: unknown,
  size: number,
  count: number = size,
): readonly Term[] | undefined {
  try {
    if (!Array.isArray(value) || value.length !== size) return undefined;
    const items: Term[] = [];
    for (let i = 0; i < size && i < count; i++) items.push(value[i]);
    return items;
  } catch {
    return undefined;
  }
}

/** The first items of an array, at most `count`, each read once; none of every other value. */
export function firstItemsOf(value: unknown, count: number): readonly Term[] {
  return itemsOf(value, sizeOf(value), count) ?? [];
}
