/**
 * The interface of a table's store: values by key, with an order in which they can be traversed. `hash.ts`
 * and `tree.ts` implement it, `table.ts` uses it and decides what a value is: an object, or in a bag the list
 * of the objects with the key.
 *
 * @module
 */

import type { Term } from "../kernel/term.ts";

/** The result in place of a key at the end of a traversal. */
export const END = "$end_of_table";

/** The result of {@linkcode Store.next} for a key that has no place in the order. */
export const ABSENT: unique symbol = Symbol("absent");

/** Values by key. A value is never `undefined`. */
export interface Store<Value> {
  /** The number of keys. */
  readonly size: number;
  /** The value of a key. */
  get(key: Term): Value | undefined;
  /** Sets the value of a key. */
  set(key: Term, value: Value): void;
  /** Deletes a key; returns whether it was present. */
  delete(key: Term): boolean;
  /** Deletes all keys. */
  clear(): void;
  /** The first key, or {@linkcode END}. */
  first(): Term;
  /** The last key, or {@linkcode END}. */
  last(): Term;
  /** The key after `key`, {@linkcode END} after the last one. */
  next(key: Term): Term | typeof ABSENT;
  /** The key before `key`, {@linkcode END} before the first one. */
  previous(key: Term): Term | typeof ABSENT;
  /** From now on, deleted keys keep their place for {@linkcode next}. */
  fix(): void;
  /** Ends {@linkcode fix}. */
  release(): void;
  /** Starts a traversal of the values, forwards or backwards. */
  walk(backwards: boolean): Cursor<Value>;
}

/**
 * A traversal of a store that may change meanwhile. A key that is present all the time is visited once, in
 * its place; one that is deleted before its turn is not, nor is one that is inserted after the traversal began.
 */
export interface Cursor<Value> {
  /** Advances to the next value; `undefined` at the end. */
  next(): Value | undefined;
  /** A second traversal from the current position. */
  fork(): Cursor<Value>;
}
