/**
 * Tables: who owns one, who may use it, what becomes of it when the owner ends, and the objects in it.
 *
 * @module
 */

import { HashStore } from "./hash.ts";
import { NONE, type Query, type Tuple } from "./match.ts";
import { type Cursor, END, type Store } from "./store.ts";
import { TreeStore } from "./tree.ts";
import { now } from "../kernel/clock.ts";
import type { Process } from "../kernel/process.ts";
import { fence, self } from "../kernel/self.ts";
import { deliver, onExit } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { type Atom, equal, isAtom, message, type Pid, Ref, type Term } from "../kernel/term.ts";

/** What may be under a key, and how the keys are compared. See `Ets.new`. */
export type TableType = "set" | "ordered_set" | "bag" | "duplicate_bag";

/** Who may do what with a table. See `Ets.new`. */
export type Protection = "public" | "protected" | "private";

/** Who gets a table when its owner ends, and what it is told then. */
export type Heir = readonly [pid: Pid, data: Term];

/** What a table is made with. */
export interface TableTraits {
  readonly type: TableType;
  readonly keypos: number;
  readonly isNamed: boolean;
  /** Options that are kept, and change nothing. */
  readonly kept: { readonly [option: string]: Term };
}

/** All tables, oldest first. */
const tables = new Set<EtsTable>();
const named = new Map<Atom, EtsTable>();

/** One process that has fixed a table, and how often. */
interface Fixation {
  count: number;
  /** Takes the exit hook away that would end it. */
  readonly unhook: () => void;
}

/** One table. */
export class EtsTable {
  /** What it is known by, unless it is known by its name. */
  readonly ref: Ref = new Ref();
  readonly traits: TableTraits;
  name: Atom;
  owner: Pid;
  protection: Protection;
  heir: Heir | "none";
  /** Number of objects. */
  size = 0;
  /** Since when it has been fixed, as monotonic time. */
  fixedSince = 0;
  readonly fixations: Map<Pid, Fixation> = new Map();
  /** By key: the object, or in a bag those that have it, oldest first. */
  readonly #store: Store<Tuple | Tuple[]>;
  readonly #isBag: boolean;
  readonly #at: number;
  /** Takes the exit hook of the owner away. */
  #disown!: () => void;

  /** Makes a table of `owner`, which is alive. Its name is free, if it is to be known by that. */
  constructor(
    name: Atom,
    owner: Process,
    traits: TableTraits,
    protection: Protection,
    heir: Heir | "none",
  ) {
    this.name = name;
    this.traits = traits;
    this.protection = protection;
    this.heir = heir;
    this.owner = owner.pid;
    this.#store = traits.type === "ordered_set" ? new TreeStore() : new HashStore();
    this.#isBag = traits.type === "bag" || traits.type === "duplicate_bag";
    this.#at = traits.keypos - 1;
    this.ref.target = this;
    tables.add(this);
    if (traits.isNamed) named.set(name, this);
    this.#own(owner.pid);
  }

  /** What functions and messages call it by. */
  get id(): Ref | Atom {
    return this.traits.isNamed ? this.name : this.ref;
  }

  /** Whether it has been deleted. */
  get isGone(): boolean {
    return this.ref.target !== this;
  }

  // --- Owners -----------------------------------------------------------------------------------

  #own(pid: Pid): void {
    this.owner = pid;
    this.#disown = onExit(pid, () => this.#bequeath())!;
  }

  /** The owner has ended. */
  #bequeath(): void {
    const heir = this.heir === "none" ? null : this.heir[0].process;
    if (heir === null) this.drop();
    else this.transfer(heir, this.heir[1]);
  }

  /** Makes `process` the owner, and tells it so. */
  transfer(process: Process, data: Term): void {
    const from = this.owner;
    this.#disown();
    this.#own(process.pid);
    deliver(process, message(["ETS-TRANSFER", this.id, from, data]));
  }

  /** Deletes the table. */
  drop(): void {
    this.#disown();
    for (const { unhook } of this.fixations.values()) unhook();
    tables.delete(this);
    if (this.traits.isNamed) named.delete(this.name);
    this.ref.target = null;
  }

  /** Gives it another name, which is free if it is to be known by that. */
  rename(name: Atom): void {
    if (this.traits.isNamed) {
      named.delete(this.name);
      named.set(name, this);
    }
    this.name = name;
  }

  // --- Objects ----------------------------------------------------------------------------------

  /** The key of an object. */
  keyOf(row: Tuple): Term {
    return row[this.#at];
  }

  has(key: Term): boolean {
    return this.#store.get(key) !== undefined;
  }

  /** The objects under a key, oldest first: a list of its own. */
  lookup(key: Term): Tuple[] {
    const value = this.#store.get(key);
    return value === undefined ? [] : this.#isBag ? value.slice() as Tuple[] : [value as Tuple];
  }

  /** The one object under a key, in a table that has one at most. */
  get(key: Term): Tuple | undefined {
    return this.#store.get(key) as Tuple | undefined;
  }

  /** Puts an object in, in place of the one under its key unless this is a bag. It is frozen. */
  put(row: Tuple): void {
    Object.freeze(message(row));
    const key = this.keyOf(row);
    const there = this.#isBag ? this.#store.get(key) as Tuple[] | undefined : undefined;
    if (there === undefined) {
      const before = this.#store.size;
      this.#store.set(key, this.#isBag ? [row] : row);
      this.size += this.#store.size - before;
    } else if (this.traits.type === "duplicate_bag" || !there.some((other) => equal(other, row))) {
      there.push(row);
      this.size++;
    }
  }

  /** Takes all objects under a key out. */
  delete(key: Term): void {
    const value = this.#store.get(key);
    if (value === undefined) return;
    this.size -= this.#isBag ? value.length : 1;
    this.#store.delete(key);
  }

  /** Has under a key these objects, and no others. They all have that key. */
  replace(key: Term, rows: Tuple[]): void {
    if (rows.length === 0) return this.delete(key);
    if (!this.#isBag) return this.put(rows[0]!);
    this.size += rows.length - (this.#store.get(key)?.length ?? 0);
    for (const row of rows) Object.freeze(message(row));
    this.#store.set(key, rows);
  }

  clear(): void {
    this.#store.clear();
    this.size = 0;
  }

  // --- Walking ----------------------------------------------------------------------------------

  first(): Term {
    return this.#store.first();
  }

  last(): Term {
    return this.#store.last();
  }

  next(key: Term): Term {
    return this.#store.next(key);
  }

  previous(key: Term): Term {
    return this.#store.previous(key);
  }

  /** Walks the table key by key: the objects of each, oldest first or, backwards, last. */
  walk(backwards: boolean): Cursor<readonly Tuple[]> {
    return new Rows(this.#store.walk(backwards), this.#isBag, backwards);
  }

  /** Walks the objects that a query may want. */
  walkFor(query: Query, backwards: boolean): Cursor<readonly Tuple[]> {
    const { key } = query;
    if (key === undefined) return this.walk(backwards);
    return new One(() => backwards ? this.lookup(key.only).reverse() : this.lookup(key.only));
  }

  /** All that a query makes of the objects. */
  all<Result>(query: Query<Result>, backwards: boolean): Result[] {
    const results: Result[] = [];
    const cursor = this.walkFor(query, backwards);
    for (let rows = cursor.next(); rows !== undefined; rows = cursor.next()) {
      for (const row of rows) {
        const result = query.take(row);
        if (result !== NONE) results.push(result);
      }
    }
    return results;
  }

  // --- Fixing -----------------------------------------------------------------------------------

  fix(process: Process): void {
    const { pid } = process;
    const fixation = this.fixations.get(pid);
    if (fixation !== undefined) {
      fixation.count++;
      return;
    }
    if (this.fixations.size === 0) {
      this.#store.fix();
      this.fixedSince = now();
    }
    const unhook = onExit(pid, () => this.#endFixation(pid))!;
    this.fixations.set(pid, { count: 1, unhook });
  }

  unfix(process: Process): void {
    const fixation = this.fixations.get(process.pid);
    if (fixation === undefined || --fixation.count > 0) return;
    fixation.unhook();
    this.#endFixation(process.pid);
  }

  #endFixation(pid: Pid): void {
    this.fixations.delete(pid);
    if (this.fixations.size === 0) this.#store.release();
  }
}

/** A walk through a store, as lists of objects. */
class Rows implements Cursor<readonly Tuple[]> {
  readonly #values: Cursor<Tuple | Tuple[]>;
  readonly #isBag: boolean;
  readonly #backwards: boolean;

  constructor(values: Cursor<Tuple | Tuple[]>, isBag: boolean, backwards: boolean) {
    this.#values = values;
    this.#isBag = isBag;
    this.#backwards = backwards;
  }

  next(): readonly Tuple[] | undefined {
    const value = this.#values.next();
    if (value === undefined) return undefined;
    if (!this.#isBag) return [value as Tuple];
    // A copy, for what is done with the objects of a bag may change it.
    const rows = value.slice() as Tuple[];
    return this.#backwards ? rows.reverse() : rows;
  }

  fork(): Rows {
    return new Rows(this.#values.fork(), this.#isBag, this.#backwards);
  }
}

/** A walk that comes by one key only. */
class One implements Cursor<readonly Tuple[]> {
  readonly #lookup: () => readonly Tuple[];
  #isDone = false;

  constructor(lookup: () => readonly Tuple[]) {
    this.#lookup = lookup;
  }

  next(): readonly Tuple[] | undefined {
    if (this.#isDone) return undefined;
    this.#isDone = true;
    return this.#lookup();
  }

  fork(): One {
    const fork = new One(this.#lookup);
    fork.#isDone = this.#isDone;
    return fork;
  }
}

// --- Continuations ------------------------------------------------------------------------------

/** Where a query with a limit has stopped, for another call to go on. It can be used again and again. */
export class Continuation<Result = Term> {
  /**
   * The table.
   *
   * @internal
   */
  readonly table: EtsTable;
  readonly #query: Query<Result>;
  readonly #cursor: Cursor<readonly Tuple[]>;
  /** Results that there were in excess. */
  readonly #rest: readonly Result[];
  readonly #limit: number;

  /**
   * Not for users: the functions of `Ets` make continuations.
   *
   * @internal
   */
  constructor(
    table: EtsTable,
    query: Query<Result>,
    cursor: Cursor<readonly Tuple[]>,
    rest: readonly Result[],
    limit: number,
  ) {
    this.table = table;
    this.#query = query;
    this.#cursor = cursor;
    this.#rest = rest;
    this.#limit = limit;
  }

  /**
   * The next results.
   *
   * @internal
   */
  next(): readonly [Result[], Continuation<Result> | typeof END] | typeof END {
    const limit = this.#limit;
    const cursor = this.#cursor.fork();
    const results = [...this.#rest];
    let rows: readonly Tuple[] | undefined;
    while (results.length < limit && (rows = cursor.next()) !== undefined) {
      for (const row of rows) {
        const result = this.#query.take(row);
        if (result !== NONE) results.push(result);
      }
    }
    if (results.length < limit) return results.length === 0 ? END : [results, END];
    const rest = results.splice(limit);
    return [results, new Continuation(this.table, this.#query, cursor, rest, limit)];
  }
}

// --- Access -------------------------------------------------------------------------------------

/** What somebody wants to do with a table. */
export type Right = "read" | "write" | "own";

/** All tables, oldest first. */
export function allTables(): Iterable<EtsTable> {
  return tables;
}

/** The table with a name. */
export function tableNamed(name: Atom): EtsTable | undefined {
  return named.get(name);
}

/** The table that `tab` stands for, if there is one. */
export function tableOf(tab: unknown): EtsTable | undefined {
  if (!(tab instanceof Ref)) return named.get(tab as Atom);
  return tab.target instanceof EtsTable ? tab.target : undefined;
}

/**
 * The table that `tab` stands for, to do with it what `doing` says, for example `"insert into"`.
 *
 * @throws {TypeError} If there is no such table, or the calling process has no right to do that.
 */
export function open(tab: unknown, right: Right, doing: string): EtsTable {
  const table = tableOf(tab);
  if (table === undefined) throw noTable(tab, doing);
  checkRight(table, right, doing);
  return table;
}

/** Checks that the calling process has a right on a table. See {@linkcode open}. */
export function checkRight(table: EtsTable, right: Right, doing: string): void {
  if (table.isGone) throw noTable(table.id, doing);
  const { protection } = table;
  const isFree = right === "read"
    ? protection !== "private"
    : right === "write" && protection === "public";
  if (isFree) return fence();
  const { pid } = self();
  if (pid === table.owner) return;
  const why = right === "own" ? "it belongs to" : `it is ${protection}, and belongs to`;
  throw new TypeError(
    `Cannot ${doing} table ${inspect(table.id)}: ${why} ${table.owner}, and this is ${pid}`,
  );
}

function noTable(tab: unknown, doing: string): TypeError {
  fence();
  const found = inspect(tab);
  return new TypeError(
    tab instanceof Ref || isAtom(tab)
      ? `Cannot ${doing} table ${found}: there is no such table`
      : `Cannot ${doing} this table: expected a table or its name, found ${found}`,
  );
}
