/**
 * What a table keeps its objects in: values under keys, with an order in which they can be walked. There
 * are two, `hash.ts` and `tree.ts`; what a value is (an object, or all that have the key) is the
 * table's business.
 *
 * @module
 */

import type { Term } from "../kernel/term.ts";

/** What stands for a key where there is none any more. */
export const END = "$end_of_table";

/** What {@linkcode Store.next} answers for a key that has no place in the order. */
export const ABSENT: unique symbol = Symbol("absent");

/** Values under keys. None is `undefined`. */
export interface Store<Value> {
  /** Number of keys. */
  readonly size: number;
  /** The value under a key. */
  get(key: Term): Value | undefined;
  /** Puts a value under a key, in place of the one that was there. */
  set(key: Term, value: Value): void;
  /** Takes a key out; tells whether it was there. */
  delete(key: Term): boolean;
  /** Takes all keys out. */
  clear(): void;
  /** The first key, or {@linkcode END}. */
  first(): Term;
  /** The last key, or {@linkcode END}. */
  last(): Term;
  /** The key after another, {@linkcode END} after the last one. */
  next(key: Term): Term | typeof ABSENT;
  /** The key before another, {@linkcode END} before the first one. */
  previous(key: Term): Term | typeof ABSENT;
  /** From now on, keys that are taken out keep their place for {@linkcode next}. */
  fix(): void;
  /** The end of {@linkcode fix}. */
  release(): void;
  /** Walks the values, forwards or backwards. */
  walk(backwards: boolean): Cursor<Value>;
}

/**
 * A walk through a store that may change meanwhile. A key that is there all the time is come by once, in
 * its place, and one that is taken out before is not.
 */
export interface Cursor<Value> {
  /** Goes on to the next value; `undefined` at the end. */
  next(): Value | undefined;
  /** Another walk, from here. */
  fork(): Cursor<Value>;
}
