/**
 * The store of a `set` and of both kinds of bag: a `Map` whose entries also form a linked list, in the order
 * in which the keys were inserted. The list provides what a `Map` does not: the key after a given one, and a
 * traversal that can be suspended and resumed. Used by `table.ts`.
 *
 * An entry that is removed from the list keeps its links to its former neighbours, so that a traversal that
 * has just visited it can continue. While the store is fixed, a deleted entry is only marked, not removed.
 *
 * @module
 */

import { ABSENT, type Cursor, END, type Store } from "./store.ts";
import type { Term } from "../kernel/term.ts";
import { standIn } from "../kernel/term_map.ts";

class Entry<Value> {
  next: Entry<Value> | null = null;

  constructor(
    public key: Term,
    /** `undefined` once the entry is deleted. */
    public value: Value | undefined,
    public previous: Entry<Value> | null,
    /** Ascending along the list. */
    readonly serial: number,
  ) {}
}

/** A store whose keys are compared by {@linkcode equal}, in the order of insertion. */
export class HashStore<Value> implements Store<Value> {
  /** By the stand-in of the key, see `kernel/term_map.ts`. */
  readonly #entries = new Map<unknown, Entry<Value>>();
  #first: Entry<Value> | null = null;
  #last: Entry<Value> | null = null;
  #serial = 0;
  #size = 0;
  /** While the store is fixed: the entries that have been deleted since. */
  #deleted: Entry<Value>[] | null = null;

  get size(): number {
    return this.#size;
  }

  get(key: Term): Value | undefined {
    return this.#entries.get(standIn(key))?.value;
  }

  set(key: Term, value: Value): void {
    const id = standIn(key);
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      const added = new Entry(key, value, this.#last, ++this.#serial);
      if (this.#last === null) this.#first = added;
      else this.#last.next = added;
      this.#last = added;
      this.#entries.set(id, added);
      this.#size++;
    } else {
      if (entry.value === undefined) this.#size++;
      entry.key = key;
      entry.value = value;
    }
  }

  delete(key: Term): boolean {
    const id = standIn(key);
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.value === undefined) return false;
    entry.value = undefined;
    this.#size--;
    if (this.#deleted === null) this.#unlink(id, entry);
    else this.#deleted.push(entry);
    return true;
  }

  clear(): void {
    // Marks every entry, so that traversals in progress do not visit it.
    for (let entry = this.#first; entry !== null; entry = entry.next) {
      if (entry.value === undefined) continue;
      entry.value = undefined;
      this.#deleted?.push(entry);
    }
    this.#size = 0;
    if (this.#deleted !== null) return;
    this.#entries.clear();
    this.#first = this.#last = null;
  }

  #unlink(id: unknown, entry: Entry<Value>): void {
    const { previous, next } = entry;
    this.#entries.delete(id);
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
  }

  first(): Term {
    return keyFrom(this.#first);
  }

  /** As in OTP, the last key of a table without an order is the first: a traversal still visits all keys. */
  last(): Term {
    return this.first();
  }

  next(key: Term): Term | typeof ABSENT {
    const entry = this.#entries.get(standIn(key));
    return entry === undefined ? ABSENT : keyFrom(entry.next);
  }

  /** See {@linkcode HashStore.last}. */
  previous(key: Term): Term | typeof ABSENT {
    return this.next(key);
  }

  fix(): void {
    this.#deleted = [];
  }

  release(): void {
    for (const entry of this.#deleted ?? []) {
      if (entry.value !== undefined) continue; // inserted again
      const id = standIn(entry.key);
      if (this.#entries.get(id) === entry) this.#unlink(id, entry);
    }
    this.#deleted = null;
  }

  walk(backwards: boolean): Cursor<Value> {
    return new HashCursor(backwards ? this.#last : this.#first, this.#serial, backwards);
  }
}

function keyFrom(entry: Entry<unknown> | null): Term {
  while (entry !== null && entry.value === undefined) entry = entry.next;
  return entry === null ? END : entry.key;
}

class HashCursor<Value> implements Cursor<Value> {
  /** The next entry. */
  #entry: Entry<Value> | null;
  /** Entries that were inserted after the traversal began are not visited. */
  readonly #lastSerial: number;
  readonly #backwards: boolean;

  constructor(entry: Entry<Value> | null, lastSerial: number, backwards: boolean) {
    this.#entry = entry;
    this.#lastSerial = lastSerial;
    this.#backwards = backwards;
  }

  next(): Value | undefined {
    let entry = this.#entry;
    while (entry !== null && entry.value === undefined) entry = this.#after(entry);
    if (entry === null || entry.serial > this.#lastSerial) return undefined;
    this.#entry = this.#after(entry);
    return entry.value;
  }

  #after(entry: Entry<Value>): Entry<Value> | null {
    return this.#backwards ? entry.previous : entry.next;
  }

  fork(): Cursor<Value> {
    return new HashCursor(this.#entry, this.#lastSerial, this.#backwards);
  }
}
