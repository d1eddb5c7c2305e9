/**
 * Tables: ownership, heirs, access rights and fixing, and the objects, which lie in a store (`store.ts`).
 * `../ets.ts` checks the arguments of users and calls this.
 *
 * @module
 */

import { HashStore } from "./hash.ts";
import { NONE, type Query, type Tuple } from "./match.ts";
import { type Cursor, END, type Store } from "./store.ts";
import { TreeStore } from "./tree.ts";
import { now } from "../kernel/clock.ts";
import { aliveProcess, type Process } from "../kernel/process.ts";
import { fence, self } from "../kernel/self.ts";
import { deliver, onExit } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { type Atom, equal, isAtom, message, type Pid, Ref, type Term } from "../kernel/term.ts";

/** How many objects a key may have, and how keys are compared. See {@linkcode TableOptions}. */
export type TableType = "set" | "ordered_set" | "bag" | "duplicate_bag";

/** Which processes may read and write a table. See {@linkcode TableOptions}. */
export type Protection = "public" | "protected" | "private";

/** The process that owns a table after its owner has exited, and the data of the message it receives. */
export type Heir = readonly [pid: Pid, data: Term];

/** The immutable options of a table. */
export interface TableTraits {
  readonly type: TableType;
  readonly keypos: number;
  readonly isNamed: boolean;
  /** Options that are stored without effect. */
  readonly kept: { readonly [option: string]: Term };
}

/** All tables, oldest first. */
const tables = new Set<EtsTable>();
const named = new Map<Atom, EtsTable>();

/** How often a process has fixed a table. */
interface Fixation {
  count: number;
  /** Removes the exit hook that would release the table. */
  readonly unhook: () => void;
}

/** One table. */
export class EtsTable {
  /** Its identifier, unless it is a named table. */
  readonly ref: Ref = new Ref();
  readonly traits: TableTraits;
  name: Atom;
  owner: Pid;
  protection: Protection;
  heir: Heir | "none";
  /** The number of objects. */
  size = 0;
  /** When it was fixed, in monotonic time. */
  fixedSince = 0;
  readonly fixations: Map<Pid, Fixation> = new Map();
  /** By key: the object, or in a bag the list of objects, oldest first. */
  readonly #store: Store<Tuple | Tuple[]>;
  readonly #isBag: boolean;
  readonly #at: number;
  /** Removes the exit hook of the owner. */
  #disown!: () => void;

  /** Creates a table of `owner`, which is alive. The name of a named table must be free. */
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

  /** Its identifier in functions and messages. */
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

  /** The owner has exited. */
  #bequeath(): void {
    const heir = this.heir === "none" ? null : aliveProcess(this.heir[0]);
    if (heir === null) this.drop();
    else this.transfer(heir, this.heir[1]);
  }

  /** Makes `process` the owner, and sends it `ETS-TRANSFER`. */
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

  /** Renames the table. The new name of a named table must be free. */
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

  /** The objects with a key, oldest first, as a new list. */
  lookup(key: Term): Tuple[] {
    const value = this.#store.get(key);
    return value === undefined ? [] : this.#isBag ? value.slice() as Tuple[] : [value as Tuple];
  }

  /** The object with a key, in a table that is not a bag. */
  get(key: Term): Tuple | undefined {
    return this.#store.get(key) as Tuple | undefined;
  }

  /** Inserts an object, and freezes it. It replaces the one with its key unless this is a bag. */
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

  /** Deletes all objects with a key. */
  delete(key: Term): void {
    const value = this.#store.get(key);
    if (value === undefined) return;
    this.size -= this.#isBag ? value.length : 1;
    this.#store.delete(key);
  }

  /** Replaces the objects with a key by `rows`, which all have that key. */
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

  // --- Traversal --------------------------------------------------------------------------------

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

  /** Traverses the table key by key: the objects of each, oldest first or, backwards, last. */
  walk(backwards: boolean): Cursor<readonly Tuple[]> {
    return new Rows(this, this.#store.walk(backwards), this.#isBag, backwards);
  }

  /** Traverses the objects that a query may select. */
  walkFor(query: Query, backwards: boolean): Cursor<readonly Tuple[]> {
    const { key } = query;
    if (key === undefined) return this.walk(backwards);
    return new One(this, () => {
      const rows = this.lookup(key.only);
      return backwards ? rows.reverse() : rows;
    });
  }

  /** All results of a query. */
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

/** A traversal of a table, as lists of objects. Throws if the table is deleted before its end. */
class Rows implements Cursor<readonly Tuple[]> {
  readonly #table: EtsTable;
  readonly #values: Cursor<Tuple | Tuple[]>;
  readonly #isBag: boolean;
  readonly #backwards: boolean;

  constructor(
    table: EtsTable,
    values: Cursor<Tuple | Tuple[]>,
    isBag: boolean,
    backwards: boolean,
  ) {
    this.#table = table;
    this.#values = values;
    this.#isBag = isBag;
    this.#backwards = backwards;
  }

  next(): readonly Tuple[] | undefined {
    assertThere(this.#table);
    const value = this.#values.next();
    if (value === undefined) return undefined;
    if (!this.#isBag) return [value as Tuple];
    // A copy: the caller may change the bag.
    const rows = value.slice() as Tuple[];
    return this.#backwards ? rows.reverse() : rows;
  }

  fork(): Rows {
    return new Rows(this.#table, this.#values.fork(), this.#isBag, this.#backwards);
  }
}

/** A traversal of one key. Throws as {@linkcode Rows} does. */
class One implements Cursor<readonly Tuple[]> {
  readonly #table: EtsTable;
  readonly #lookup: () => readonly Tuple[];
  #isDone = false;

  constructor(table: EtsTable, lookup: () => readonly Tuple[]) {
    this.#table = table;
    this.#lookup = lookup;
  }

  next(): readonly Tuple[] | undefined {
    assertThere(this.#table);
    if (this.#isDone) return undefined;
    this.#isDone = true;
    return this.#lookup();
  }

  fork(): One {
    const fork = new One(this.#table, this.#lookup);
    fork.#isDone = this.#isDone;
    return fork;
  }
}

function assertThere(table: EtsTable): void {
  if (table.isGone) throw noTable(table.id, "continue a traversal of");
}

// --- Continuations ------------------------------------------------------------------------------

/** Where a query with a limit has stopped, so that another call can continue. It can be used repeatedly. */
export class Continuation<Result = Term> {
  /**
   * The table.
   *
   * @internal
   */
  readonly table: EtsTable;
  /** Makes the query. Each part has its own: while one runs, a function in it may ask for another. */
  readonly #compile: () => Query<Result>;
  readonly #cursor: Cursor<readonly Tuple[]>;
  /** Results beyond the limit of the part before. */
  readonly #rest: readonly Result[];
  readonly #limit: number;

  /**
   * Internal: the functions of `Ets` create continuations.
   *
   * @internal
   */
  constructor(
    table: EtsTable,
    compile: () => Query<Result>,
    cursor: Cursor<readonly Tuple[]>,
    rest: readonly Result[],
    limit: number,
  ) {
    this.table = table;
    this.#compile = compile;
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
    const query = this.#compile();
    const cursor = this.#cursor.fork();
    const results = [...this.#rest];
    let rows: readonly Tuple[] | undefined;
    while (results.length < limit && (rows = cursor.next()) !== undefined) {
      for (const row of rows) {
        const result = query.take(row);
        if (result !== NONE) results.push(result);
      }
    }
    if (results.length < limit) return results.length === 0 ? END : [results, END];
    const rest = results.splice(limit);
    return [results, new Continuation(this.table, this.#compile, cursor, rest, limit)];
  }
}

// --- Access -------------------------------------------------------------------------------------

/** What a caller wants to do with a table. `"own"`: what only the owner may do. */
export type Right = "read" | "write" | "own";

/** All tables, oldest first. */
export function allTables(): Iterable<EtsTable> {
  return tables;
}

/** The table with a name. */
export function tableNamed(name: Atom): EtsTable | undefined {
  return named.get(name);
}

/** The table that `tab` identifies, if there is one. */
export function tableOf(tab: unknown): EtsTable | undefined {
  if (!(tab instanceof Ref)) return named.get(tab as Atom);
  return tab.target instanceof EtsTable ? tab.target : undefined;
}

/**
 * The table that `tab` identifies, checked for a right.
 *
 * @param doing The operation, for the error message, for example `"insert into"`.
 * @throws {TypeError} If there is no such table, or the calling process does not have the right.
 */
export function open(tab: unknown, right: Right, doing: string): EtsTable {
  const table = tableOf(tab);
  if (table === undefined) throw noTable(tab, doing);
  checkRight(table, right, doing);
  return table;
}

/** Checks that the calling process has a right to a table. See {@linkcode open}. */
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
