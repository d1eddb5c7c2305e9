/**
 * Ets: tables of objects, shared by all processes of this runtime. Erlang's module `ets`.
 *
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const scores = Ets.new<[name: string, points: number, level: number]>("scores");
 * Ets.insert(scores, ["ada", 40, 2], ["joe", 25, 1]);
 * assertEquals(Ets.lookup(scores, "ada"), [["ada", 40, 2]]);
 * assertEquals(Ets.updateCounter(scores, "joe", 5), 30);
 * assertEquals(Ets.match(scores, ["$1", (points: number) => points > 35, _]), [["ada"]]);
 * ```
 *
 * **When?** State that one process changes and others only ask for belongs into a GenServer. A table is
 * for state that many processes read without waiting for anybody, for counters, and for what is to outlive
 * the process that works on it (see *Owners*).
 *
 * **Objects** are tuples, that is, arrays; one field is the key. All positions count from 1, as in Erlang:
 * the key is in position 1 unless the option `keypos` says otherwise. An object goes in and comes out as it
 * is, not as a copy. It is a value, and never to be changed afterwards: to see to that, the tuple is frozen
 * when it is put in. What lies deeper inside is frozen, too, under `configureRuntime({ freezeMessages: true })`.
 *
 * **Keys** are any terms, compared by their content. In a `set` and in the bags they are compared as
 * `equal` does: `1` and `1n` are two keys. (`1` and `1.0` are one number in JavaScript.) In an `ordered_set` they
 * are compared by their place in the order of terms, where `1` and `1n` are one key, and the last object
 * put in is the one that stays.
 *
 * **The order of terms**, in an `ordered_set`: numbers < atoms and texts < references < functions < pids <
 * arrays (by length, then item by item) < plain objects (by number of keys, then by the keys, then by the
 * values) < `Map`s < `Set`s < dates < other objects < bytes. The other tables keep the order in which keys
 * came, where OTP promises none.
 *
 * **Costs.** To find, put in or take out an object takes the same time in a `set` however large it is, and
 * time that grows with the logarithm of the size in an `ordered_set`. In a `bag` it grows with the number of
 * objects under the same key. Patterns that do not name the key look at every object.
 *
 * **Owners.** The process that makes a table owns it. When that ends, the table goes to its heir, or else is
 * deleted. Who may use it is said by its protection: anybody may read a `"protected"` table (the default) and
 * the owner alone may change it; a `"public"` one is free for all, a `"private"` one for nobody else.
 *
 * **Changes while walking.** Everything here happens at once, so no other process can come between. But a
 * function handed to {@linkcode foldl}, a predicate, or what is done between two calls of {@linkcode next} or
 * between two parts of a `select` with a limit may change the table. A walk comes by each key that
 * is there all the time once, and by none that was deleted before its turn; a key that is new may come up or
 * not. Only {@linkcode next} in a table that is no `ordered_set` has to know the key that it starts from: it
 * throws when that has been deleted, unless the table is fixed ({@linkcode safeFixtable}).
 *
 * **Errors.** What is `badarg` in Erlang is a `TypeError` that says what is wrong: there is no such table, the
 * calling process has no right to do that, an argument is not what it should be. Every function that takes
 * a table throws these.
 *
 * @module
 */

import { fromText, toText } from "./ets/file.ts";
import {
  type Bindings,
  bindingsOf,
  type Clause,
  type MatchSpec,
  NONE,
  objectsLike,
  type Query,
  type ResultOf,
  type RowBody,
  type RowGuard,
  selected,
  type Tuple,
} from "./ets/match.ts";
import { ABSENT, END } from "./ets/store.ts";
import {
  allTables,
  checkRight,
  Continuation,
  EtsTable,
  type Heir,
  open,
  type Protection,
  tableNamed,
  tableOf,
  type TableType,
} from "./ets/table.ts";
import { readText, writeText } from "./host/files.ts";

import { fence, self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import {
  type Atom,
  equal,
  isAtom,
  isPid,
  type NodeName,
  nodeName,
  type Pid,
  Ref,
  type Term,
} from "./kernel/term.ts";

export { Continuation };
export type {
  Bindings,
  Clause,
  Heir,
  MatchSpec,
  Protection,
  ResultOf,
  RowBody,
  RowGuard,
  TableType,
  Tuple,
};

/** What {@linkcode first}, {@linkcode next} and functions with a limit answer at the end. */
export type EndOfTable = "$end_of_table";

/**
 * A table that has no name: a reference. The type parameters say what is in it, and whether a key may have
 * several objects (`"bag"`) or one (`"set"`).
 *
 * Mirrors `ets:tid()`.
 */
export interface Table<Row extends Tuple = Tuple, Kind extends "set" | "bag" = "set" | "bag">
  extends Ref {
  /** Only the type is of interest: no table has such a field. */
  readonly row?: Row;
  /** Only the type is of interest: no table has such a field. */
  readonly kind?: Kind;
}

/** What stands for a table: the reference, or the name of a named table. */
export type Tab<Row extends Tuple = Tuple, Kind extends "set" | "bag" = "set" | "bag"> =
  | Table<Row, Kind>
  | Atom;

/** The type of the field in a position, which counts from 1. */
export type Field<Row extends Tuple, Position extends number> = number extends Position
  ? Row[number]
  : [never, ...Row] extends infer Shifted
    ? Position extends keyof Shifted ? Shifted[Position] : undefined
  : never;

/** Options of `Ets.new`. */
export interface TableOptions {
  /**
   * `"set"`: a key has one object; `"ordered_set"`: the same, in the order of terms; `"bag"`: a key may have
   * several objects, but none twice; `"duplicate_bag"`: several, and any of them twice. Default `"set"`.
   */
  readonly type?: TableType;
  /** Who may do what: see *Owners*. Default `"protected"`. */
  readonly protection?: Protection;
  /** Whether the table is known by its name. Else the name is for the eye only. Default `false`. */
  readonly namedTable?: boolean;
  /** The position of the key in an object, which counts from 1. Default 1. */
  readonly keypos?: number;
  /**
   * Who gets the table when the owner ends, with the message `["ETS-TRANSFER", tab, owner, data]`; if he is
   * alive then. `"none"`: the table is deleted. Default `"none"`.
   */
  readonly heir?: Heir | "none";
  /** Kept, and without effect. Default `false`. */
  readonly compressed?: boolean;
  /** Kept, and without effect: there is one thread. Default `false`. */
  readonly readConcurrency?: boolean;
  /** Kept, and without effect: there is one thread. Default `false`. */
  readonly writeConcurrency?: boolean | "auto";
  /** Kept, and without effect: there is one thread. Default `false`. */
  readonly decentralizedCounters?: boolean;
}

// --- Tables -------------------------------------------------------------------------------------

/**
 * Makes a table that belongs to the calling process, and returns what it is known by: its name with the
 * option `namedTable`, else a reference.
 *
 * In TypeScript the function is `Ets.new`. Its type parameter says what is in the table, as far as it is not
 * known by name: `Ets.new<[id: number, text: string]>("notes")`.
 *
 * @param name An atom; it has to be free only with `namedTable`.
 * @throws {TypeError} If an option is not what it should be, or the name is taken.
 * @see Erlang `ets:new/2`
 *
 * @example
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Ets.new("limits", { namedTable: true, type: "ordered_set", protection: "public" });
 * Ets.insert("limits", [100, "high"], [1, "low"], [10, "middle"]);
 * assertEquals(Ets.first("limits"), 1);
 * assertEquals(Ets.next("limits", 50), 100);
 * Ets.delete("limits");
 * ```
 */
function newTable<const Name extends Atom>(
  name: Name,
  options: TableOptions & { readonly namedTable: true },
): Name;
/** A table without a name, with one object for each key. */
function newTable<Row extends Tuple = Tuple>(
  name: Atom,
  options?: TableOptions & {
    readonly namedTable?: false;
    readonly type?: "set" | "ordered_set";
  },
): Table<Row, "set">;
/** A table without a name, with any number of objects for each key. */
function newTable<Row extends Tuple = Tuple>(
  name: Atom,
  options: TableOptions & {
    readonly namedTable?: false;
    readonly type: "bag" | "duplicate_bag";
  },
): Table<Row, "bag">;
/** A table of which nothing is known before. */
function newTable<Row extends Tuple = Tuple>(name: Atom, options: TableOptions): Tab<Row>;
function newTable(name: Atom, options: TableOptions = {}): Tab {
  return create(name, options).id as Tab;
}
export { newTable as new };

const TYPES: readonly TableType[] = ["set", "ordered_set", "bag", "duplicate_bag"];
const PROTECTIONS: readonly Protection[] = ["public", "protected", "private"];

function create(name: Atom, options: TableOptions): EtsTable {
  const owner = self();
  assertAtom(name, "make a table");
  const {
    type = "set",
    protection = "protected",
    namedTable = false,
    keypos = 1,
    heir = "none",
    compressed = false,
    readConcurrency = false,
    writeConcurrency = false,
    decentralizedCounters = false,
    ...others
  } = options;
  const kept = { compressed, readConcurrency, writeConcurrency, decentralizedCounters };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw badOption(unknown, options);
  if (!TYPES.includes(type)) throw badOption("type", options, TYPES.map(inspect).join(", "));
  if (!Number.isSafeInteger(keypos) || keypos < 1) {
    throw badOption("keypos", options, "a position from 1 on");
  }
  checkMutable({ protection, heir }, options);
  if (namedTable) assertFree(name);
  return new EtsTable(name, owner, { type, keypos, isNamed: namedTable, kept }, protection, heir);
}

function badOption(option: string, options: object, accepted?: string): TypeError {
  return new TypeError(
    accepted === undefined
      ? `Cannot make a table: there is no option ${option}`
      : `Cannot take the option ${option} of a table: expected ${accepted}, found ${
        inspect((options as Record<string, unknown>)[option])
      }`,
  );
}

/** Checks the options that can be set later. */
function checkMutable(
  { protection, heir }: { protection?: Protection | undefined; heir?: Heir | "none" | undefined },
  options: object,
): void {
  if (protection !== undefined && !PROTECTIONS.includes(protection)) {
    throw badOption("protection", options, PROTECTIONS.map(inspect).join(", "));
  }
  const isHeir = Array.isArray(heir) ? heir.length === 2 && isPid(heir[0]) : heir === "none";
  if (heir !== undefined && !isHeir) throw badOption("heir", options, '[pid, data] or "none"');
}

function assertAtom(name: unknown, doing: string): asserts name is Atom {
  if (isAtom(name)) return;
  throw new TypeError(`Cannot ${doing}: expected an atom for a name, found ${inspect(name)}`);
}

function assertFree(name: Atom): void {
  if (tableNamed(name) === undefined) return;
  throw new TypeError(`Cannot name a table ${inspect(name)}: there is a table of that name`);
}

/**
 * Deletes a table, or with a second argument the objects under a key. Returns `true`, whether or not there
 * were any.
 *
 * In TypeScript the function is `Ets.delete`. Anybody may delete a public table.
 *
 * @see Erlang `ets:delete/1,2`
 */
function deleteFrom(tab: Tab, ...key: [] | [key: Term]): true {
  if (key.length === 0) open(tab, "write", "delete").drop();
  else open(tab, "write", "delete a key of").delete(key[0]);
  return true;
}
export { deleteFrom as delete };

/**
 * Gives a table another name, and returns what it is known by now.
 *
 * @throws {TypeError} If it is known by its name, and another table has the new one.
 * @see Erlang `ets:rename/2`
 */
export function rename<Row extends Tuple = Tuple>(tab: Tab<Row>, name: Atom): Tab<Row> {
  const table = open(tab, "write", "rename");
  assertAtom(name, "rename a table");
  if (table.traits.isNamed) assertFree(name);
  table.rename(name);
  return table.id as Tab<Row>;
}

/**
 * The reference of the table that is known by a name, or `undefined`. It can be used in the place of the
 * name, and stays the same when that changes.
 *
 * @see Erlang `ets:whereis/1`
 */
export function whereis<Row extends Tuple = Tuple>(name: Atom): Table<Row> | undefined {
  fence();
  assertAtom(name, "look a table up");
  return tableNamed(name)?.ref as Table<Row> | undefined;
}

/** All tables, oldest first. @see Erlang `ets:all/0` */
export function all(): Tab[] {
  fence();
  return Array.from(allTables(), (table) => table.id as Tab);
}

/** What {@linkcode info} tells of a table. */
export interface TableInfo {
  /** Its reference. */
  readonly id: Table;
  /** Its name, whether it is known by that or not. */
  readonly name: Atom;
  /** Whether it is known by its name. */
  readonly named_table: boolean;
  /** What may be under a key. */
  readonly type: TableType;
  /** Number of objects. */
  readonly size: number;
  /** The process that it belongs to. */
  readonly owner: Pid;
  /** Who gets it when the owner ends. */
  readonly heir: Pid | "none";
  /** The position of the key, which counts from 1. */
  readonly keypos: number;
  /** Who may do what. */
  readonly protection: Protection;
  /** The node that it is on. */
  readonly node: NodeName;
  /** Whether it is fixed. */
  readonly fixed: boolean;
  /** Since when it is fixed, as `Process.monotonicTime()`, and by whom how often. */
  readonly safe_fixed_monotonic_time:
    | readonly [since: number, (readonly [pid: Pid, count: number])[]]
    | false;
  /** As given to `Ets.new`, without effect. */
  readonly compressed: boolean;
  /** As given to `Ets.new`, without effect. */
  readonly read_concurrency: boolean;
  /** As given to `Ets.new`, without effect. */
  readonly write_concurrency: boolean | "auto";
  /** As given to `Ets.new`, without effect. */
  readonly decentralized_counters: boolean;
}

/** An item of {@linkcode TableInfo}. */
export type InfoItem = keyof TableInfo;

const ITEMS: { readonly [Item in InfoItem]: (table: EtsTable) => unknown } = {
  id: (table) => table.ref,
  name: (table) => table.name,
  named_table: (table) => table.traits.isNamed,
  type: (table) => table.traits.type,
  size: (table) => table.size,
  owner: (table) => table.owner,
  heir: (table) => table.heir === "none" ? "none" : table.heir[0],
  keypos: (table) => table.traits.keypos,
  protection: (table) => table.protection,
  node: nodeName,
  fixed: (table) => table.fixations.size > 0,
  safe_fixed_monotonic_time: ({ fixations, fixedSince }) =>
    fixations.size > 0 && [fixedSince, Array.from(fixations, ([pid, { count }]) => [pid, count])],
  compressed: (table) => table.traits.kept.compressed,
  read_concurrency: (table) => table.traits.kept.readConcurrency,
  write_concurrency: (table) => table.traits.kept.writeConcurrency,
  decentralized_counters: (table) => table.traits.kept.decentralizedCounters,
};

/**
 * What is known of a table: everything as an object, or one item; `undefined` if there is no such table.
 * Anybody may ask, also for a private one.
 *
 * Memory is not among the items: the engine does not tell what of it belongs to which table.
 *
 * @throws {TypeError} If `tab` is no reference and no name, or the item unknown.
 * @see Erlang `ets:info/1,2`
 */
export function info(tab: Tab): TableInfo | undefined;
/** One item. */
export function info<const Item extends InfoItem>(
  tab: Tab,
  item: Item,
): TableInfo[Item] | undefined;
export function info(tab: Tab, item?: InfoItem): unknown {
  fence();
  if (!(tab instanceof Ref)) assertAtom(tab, "look at a table");
  if (item !== undefined && !Object.hasOwn(ITEMS, item)) {
    const known = Object.keys(ITEMS).join(", ");
    throw new TypeError(
      `Cannot look at this item of a table: expected one of ${known}, found ${inspect(item)}`,
    );
  }
  const table = tableOf(tab);
  if (table === undefined) return undefined;
  if (item !== undefined) return ITEMS[item](table);
  return Object.fromEntries(Object.entries(ITEMS).map(([item, value]) => [item, value(table)]));
}

/**
 * Changes the `heir` and the `protection` of a table. Returns `true`. Only the owner may do that.
 *
 * @see Erlang `ets:setopts/2`
 */
export function setopts(tab: Tab, options: Pick<TableOptions, "heir" | "protection">): true {
  const table = open(tab, "own", "set options of");
  const { heir, protection, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot set the option ${unknown} of a table: expected heir or protection`,
    );
  }
  checkMutable({ heir, protection }, options);
  if (heir !== undefined) table.heir = heir;
  if (protection !== undefined) table.protection = protection;
  return true;
}

/**
 * Makes another process the owner of a table, which gets the message `["ETS-TRANSFER", tab, from, data]`.
 * Returns `true`. Only the owner may do that; the heir of the table stays.
 *
 * @param pid A process that is alive, and not the owner.
 * @see Erlang `ets:give_away/3`
 *
 * @example A table that is handed on
 * ```ts
 * import { _, Ets, on, receive, self, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const me = self();
 * const worker = spawn(async () => {
 *   const [, tab] = await receive(on(["ETS-TRANSFER", _, me, "yours"], (message) => message));
 *   Ets.insert(tab as Ets.Table, ["result", 42]);
 *   Ets.giveAway(tab as Ets.Table, me, "done");
 * });
 * const table = Ets.new("work");
 * Ets.giveAway(table, worker, "yours");
 * assertEquals(await receive(), ["ETS-TRANSFER", table, worker, "done"]);
 * assertEquals(Ets.lookup(table, "result"), [["result", 42]]);
 * ```
 */
export function giveAway(tab: Tab, pid: Pid, data: Term): true {
  const table = open(tab, "own", "give away");
  const receiver = isPid(pid) ? pid.process : null;
  if (receiver === null || pid === table.owner) {
    throw new TypeError(
      `Cannot give away table ${inspect(table.id)}: expected another process that is alive, found ${
        inspect(pid)
      }`,
    );
  }
  table.transfer(receiver, data);
  return true;
}

/**
 * Fixes a table for the calling process, or takes that back: while a table is fixed, {@linkcode next} knows
 * its way on from a key that has been deleted meanwhile. Returns `true`.
 *
 * It has to be taken back as often as it was done, and is when the process ends. For the time being, deleted
 * keys are kept. An `ordered_set` needs none of this.
 *
 * @see Erlang `ets:safe_fixtable/2`
 */
export function safeFixtable(tab: Tab, fix: boolean): true {
  const table = open(tab, "read", "fix");
  if (fix === true) table.fix(self());
  else if (fix === false) table.unfix(self());
  else throw new TypeError(`Cannot fix a table: expected true or false, found ${inspect(fix)}`);
  return true;
}

// --- Objects ------------------------------------------------------------------------------------

/**
 * Puts objects into a table, all of them or, if one is no object for it, none. Returns `true`.
 *
 * In a set, an object takes the place of the one with its key. In a `bag`, nothing happens if it is there
 * already.
 *
 * Erlang tells a list of objects from an object that is a tuple; here both are arrays, so that a list is
 * written out: `Ets.insert(tab, ...objects)`. JavaScript has room for some ten thousands in one call.
 *
 * @param objects Arrays, each with at least as many items as the position of the key. They are frozen.
 * @see Erlang `ets:insert/2`
 */
export function insert<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  ...objects: readonly NoInfer<Row>[]
): true {
  const table = open(tab, "write", "insert into");
  for (const object of objects) assertObject(table, object);
  for (const object of objects) table.put(object);
  return true;
}

/**
 * As {@linkcode insert}, but only if none of the keys is there: else it returns `false`, and nothing is put
 * in.
 *
 * @see Erlang `ets:insert_new/2`
 */
export function insertNew<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  ...objects: readonly NoInfer<Row>[]
): boolean {
  const table = open(tab, "write", "insert into");
  for (const object of objects) assertObject(table, object);
  if (objects.some((object) => table.has(table.keyOf(object)))) return false;
  for (const object of objects) table.put(object);
  return true;
}

function assertObject(table: EtsTable, object: unknown): asserts object is Tuple {
  const { keypos } = table.traits;
  if (Array.isArray(object) && object.length >= keypos) return;
  throw new TypeError(
    `Cannot put this into table ${
      inspect(table.id)
    }: expected an array with a key in position ${keypos}, ` +
      `found ${inspect(object)}`,
  );
}

/**
 * The objects under a key: a list of one at most in a set, and of any number in a bag, in the order in which
 * they were put in. None is an empty list.
 *
 * @see Erlang `ets:lookup/2`
 */
export function lookup<Row extends Tuple = Tuple>(tab: Tab<Row>, key: Term): Readonly<Row>[] {
  return open(tab, "read", "look up in").lookup(key) as Readonly<Row>[];
}

/**
 * One field of the object under a key; in a bag, the list of that field of all objects under it.
 *
 * @param position Counts from 1.
 * @param otherwise Returned if the key is not there.
 * @throws {TypeError} If the key is not there and `otherwise` not given, or an object has no such position.
 * @see Erlang `ets:lookup_element/3`, and OTP 26's `ets:lookup_element/4`
 */
export function lookupElement<Row extends Tuple, const Position extends number>(
  tab: Table<Row, "set">,
  key: Term,
  position: Position,
): Field<Row, Position>;
/** Of a bag. */
export function lookupElement<Row extends Tuple, const Position extends number>(
  tab: Table<Row, "bag">,
  key: Term,
  position: Position,
): Field<Row, Position>[];
/** With a value for a key that is not there. */
export function lookupElement<Row extends Tuple, const Position extends number, Otherwise>(
  tab: Table<Row, "set">,
  key: Term,
  position: Position,
  otherwise: Otherwise,
): Field<Row, Position> | Otherwise;
/** Of a bag, with a value for a key that is not there. */
export function lookupElement<Row extends Tuple, const Position extends number, Otherwise>(
  tab: Table<Row, "bag">,
  key: Term,
  position: Position,
  otherwise: Otherwise,
): Field<Row, Position>[] | Otherwise;
/** Of a table of which only the name is known. */
export function lookupElement(tab: Tab, key: Term, position: number, otherwise?: Term): Term;
export function lookupElement(
  tab: Tab,
  key: Term,
  position: number,
  ...otherwise: [otherwise?: Term]
): Term {
  const table = open(tab, "read", "look up in");
  if (!Number.isSafeInteger(position) || position < 1) {
    throw badPosition("look up an element", position, "a position from 1 on");
  }
  const rows = table.lookup(key);
  if (rows.length === 0) {
    if (otherwise.length > 0) return otherwise[0];
    throw noKey("look up an element", table, key);
  }
  const elements = rows.map((row) => {
    if (position > row.length) {
      throw badPosition("look up an element", position, `a position in ${inspect(row)}`);
    }
    return row[position - 1];
  });
  return isBag(table) ? elements : elements[0];
}

function badPosition(doing: string, found: unknown, expected: string): TypeError {
  return new TypeError(`Cannot ${doing}: expected ${expected}, found ${inspect(found)}`);
}

function noKey(doing: string, table: EtsTable, key: Term): TypeError {
  return new TypeError(
    `Cannot ${doing}: there is no key ${inspect(key)} in table ${inspect(table.id)}`,
  );
}

function isBag({ traits: { type } }: EtsTable): boolean {
  return type === "bag" || type === "duplicate_bag";
}

/** Whether there is an object under a key. @see Erlang `ets:member/2` */
export function member(tab: Tab, key: Term): boolean {
  return open(tab, "read", "look up in").has(key);
}

/**
 * Deletes an object, that is, all that are equal to it in every field. Returns `true`, whether or not there
 * were any.
 *
 * @see Erlang `ets:delete_object/2`
 */
export function deleteObject<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  object: NoInfer<Row>,
): true {
  const table = open(tab, "write", "delete an object of");
  assertObject(table, object);
  const key = table.keyOf(object);
  const rows = table.lookup(key);
  const others = rows.filter((row) => !equal(row, object));
  if (others.length < rows.length) table.replace(key, others);
  return true;
}

/** Deletes all objects. Returns `true`. @see Erlang `ets:delete_all_objects/1` */
export function deleteAllObjects(tab: Tab): true {
  open(tab, "write", "delete all objects of").clear();
  return true;
}

/** Deletes the objects under a key, and returns them as {@linkcode lookup} does. @see Erlang `ets:take/2` */
export function take<Row extends Tuple = Tuple>(tab: Tab<Row>, key: Term): Readonly<Row>[] {
  const table = open(tab, "write", "take from");
  const rows = table.lookup(key);
  table.delete(key);
  return rows as Readonly<Row>[];
}

/** What becomes of a field: its position, which counts from 1, and the new value. */
export type ElementSpec = readonly [position: number, value: Term];

/**
 * Changes fields of the object under a key, all or none. Returns `false` if the key is not there, else
 * `true`.
 *
 * @param elements `[position, value]`, or a list of such pairs. Positions count from 1.
 * @param otherwise An object to put in, and change, if the key is not there; it is given that key.
 * @throws {TypeError} If a position is that of the key, or the object has no such; in a bag.
 * @see Erlang `ets:update_element/3`, and OTP 27's `ets:update_element/4`
 */
export function updateElement<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  elements: ElementSpec | readonly ElementSpec[],
  otherwise?: NoInfer<Row>,
): boolean {
  const doing = "update an element";
  const table = open(tab, "write", "update");
  assertNoBag(table, doing);
  const there = table.get(key) ?? madeFrom(table, otherwise, key);
  if (there === undefined) return false;
  const row = [...there];
  for (const each of listOf<ElementSpec>(elements)) {
    if (!Array.isArray(each) || each.length !== 2) {
      throw badPosition(doing, elements, "[position, value] or a list of such");
    }
    const [position, value] = each;
    assertFieldPosition(table, position, doing);
    assertPositionIn(row, position, doing);
    row[position - 1] = value;
  }
  table.put(row);
  return true;
}

/** One or a list of what begins with a position. */
function listOf<Item extends readonly unknown[]>(given: unknown): readonly Item[] {
  const isOne = Array.isArray(given) && typeof given[0] === "number";
  return isOne || !Array.isArray(given) ? [given as Item] : given;
}

function assertNoBag(table: EtsTable, doing: string): void {
  if (!isBag(table)) return;
  throw new TypeError(
    `Cannot ${doing}: expected a set, found table ${
      inspect(table.id)
    } of type ${table.traits.type}`,
  );
}

function assertFieldPosition(table: EtsTable, position: unknown, doing: string): void {
  const isOne = Number.isSafeInteger(position) && position as number >= 1;
  if (isOne && position !== table.traits.keypos) return;
  throw badPosition(doing, position, "the position of a field that is not the key");
}

function assertPositionIn(row: Tuple, position: number, doing: string): void {
  if (position > row.length) throw badPosition(doing, position, `a position in ${inspect(row)}`);
}

/** An object like `otherwise`, with another key. */
function madeFrom(table: EtsTable, otherwise: unknown, key: Term): Tuple | undefined {
  if (otherwise === undefined) return undefined;
  assertObject(table, otherwise);
  return otherwise.with(table.traits.keypos - 1, key);
}

/**
 * What is added to a counter: a number, for the field after the key; `[position, number]`, for another; or
 * `[position, number, threshold, value]`, where the counter becomes `value` if it passes the threshold (upwards,
 * or with a negative number downwards).
 */
export type Increment<Count extends number | bigint = number> =
  | readonly [position: number, increment: Count]
  | readonly [position: number, increment: Count, threshold: Count, value: Count];

/**
 * Adds to counters in the object under a key, and returns what they are then: a number, or for a list of
 * increments the list of results. Increments of a list are made one after the other, all or none.
 *
 * Counters are integers, or bigints with increments that are bigints.
 *
 * @param increment See {@linkcode Increment}. Positions count from 1.
 * @param otherwise An object to put in before, if the key is not there; it is given that key.
 * @throws {TypeError} If the key is not there and `otherwise` not given; if a field is no counter of the
 * kind of its increment, or the key, or not in the object; in a bag.
 * @throws {RangeError} If a number becomes too large to be exact: bigints have no limit.
 * @see Erlang `ets:update_counter/3,4`
 *
 * @example A counter that starts by itself, and one that goes around
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const hits = Ets.new<[page: string, hits: number]>("hits");
 * assertEquals(Ets.updateCounter(hits, "/", 1, ["", 0]), 1);
 * assertEquals(Ets.updateCounter(hits, "/", [2, 1, 1, 0]), 0);
 * assertEquals(Ets.updateCounter(hits, "/", [[2, 5], [2, -2]]), [5, 3]);
 * ```
 */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increment: number | Increment,
  otherwise?: NoInfer<Row>,
): number;
/** Of several counters. */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increments: readonly Increment[],
  otherwise?: NoInfer<Row>,
): number[];
/** Of a counter that is a bigint. */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increment: bigint | Increment<bigint>,
  otherwise?: NoInfer<Row>,
): bigint;
/** Of several counters that are bigints. */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increments: readonly Increment<bigint>[],
  otherwise?: NoInfer<Row>,
): bigint[];
export function updateCounter(
  tab: Tab,
  key: Term,
  given: number | bigint | Increment<number | bigint> | readonly Increment<number | bigint>[],
  otherwise?: Tuple,
): unknown {
  const table = open(tab, "write", "update");
  assertNoBag(table, COUNTING);
  const isBare = typeof given === "number" || typeof given === "bigint";
  const list = isBare
    ? [[table.traits.keypos + 1, given] as const]
    : listOf<Increment<number | bigint>>(given);
  for (const increment of list) assertIncrement(table, increment);
  const there = table.get(key) ?? madeFrom(table, otherwise, key);
  if (there === undefined) throw noKey(COUNTING, table, key);
  const row = [...there];
  const results = list.map((increment) => {
    assertPositionIn(row, increment[0], COUNTING);
    return row[increment[0] - 1] = counted(row[increment[0] - 1], increment);
  });
  table.put(row);
  return isBare || list !== given ? results[0] : results;
}

const COUNTING = "update a counter";

function assertIncrement(table: EtsTable, increment: unknown): void {
  const isOne = Array.isArray(increment) && (increment.length === 2 || increment.length === 4) &&
    increment.slice(1).every((each) => isInteger(each) && typeof each === typeof increment[1]);
  if (!isOne) {
    const forms =
      "an integer, [position, integer], [position, integer, threshold, value] or a list";
    throw badPosition(COUNTING, increment, forms);
  }
  assertFieldPosition(table, increment[0], COUNTING);
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function counted(count: unknown, increment: Increment<number | bigint>): number | bigint {
  const [, step, threshold, value] = increment;
  if (!isInteger(count) || typeof count !== typeof step) {
    throw badPosition(COUNTING, count, `a counter to add ${inspect(step)} to`);
  }
  // deno-lint-ignore no-explicit-any -- both are numbers, or both bigints
  const sum: number | bigint = (count as any) + step;
  const isPast = threshold !== undefined && (step < 0 ? sum < threshold : sum > threshold);
  if (isPast) return value!;
  if (typeof sum === "bigint" || Number.isSafeInteger(sum)) return sum;
  throw new RangeError(`Cannot count to ${sum}: it is not exact, use a bigint`);
}

// --- Walking ------------------------------------------------------------------------------------

/**
 * The first key, or `"$end_of_table"`: in an `ordered_set` in the order of terms.
 *
 * @see Erlang `ets:first/1`
 */
export function first(tab: Tab): Term | EndOfTable {
  return open(tab, "read", "walk").first();
}

/**
 * The last key of an `ordered_set`, or `"$end_of_table"`. In other tables it is what {@linkcode first} is, and
 * {@linkcode prev} what {@linkcode next} is.
 *
 * @see Erlang `ets:last/1`
 */
export function last(tab: Tab): Term | EndOfTable {
  return open(tab, "read", "walk").last();
}

/**
 * The key after another, or `"$end_of_table"`. In an `ordered_set` that other one need not be there.
 *
 * @throws {TypeError} If the key is not there, and the table is neither an `ordered_set` nor fixed since
 * before it was deleted.
 * @see Erlang `ets:next/2`
 */
export function next(tab: Tab, key: Term): Term | EndOfTable {
  const table = open(tab, "read", "walk");
  return neighbour(table, key, table.next(key));
}

/** The key before another, or `"$end_of_table"`. Otherwise as {@linkcode next}. @see Erlang `ets:prev/2` */
export function prev(tab: Tab, key: Term): Term | EndOfTable {
  const table = open(tab, "read", "walk");
  return neighbour(table, key, table.previous(key));
}

function neighbour(table: EtsTable, key: Term, found: Term): Term {
  if (found === ABSENT) throw noKey("go on", table, key);
  return found;
}

/**
 * Calls `fun` with each object and what it returned for the one before, at first `initial`, and returns the
 * last of these. In table order: in an `ordered_set` that of the keys, in others that in which they came.
 *
 * `fun` may change the table.
 *
 * @see Erlang `ets:foldl/3`
 */
export function foldl<Result, Row extends Tuple = Tuple>(
  fun: (object: Readonly<Row>, result: Result) => Result,
  initial: Result,
  tab: Tab<Row>,
): Result {
  return fold(fun, initial, tab, false);
}

/** As {@linkcode foldl}, in the opposite order. @see Erlang `ets:foldr/3` */
export function foldr<Result, Row extends Tuple = Tuple>(
  fun: (object: Readonly<Row>, result: Result) => Result,
  initial: Result,
  tab: Tab<Row>,
): Result {
  return fold(fun, initial, tab, true);
}

function fold<Result, Row extends Tuple>(
  fun: (object: Readonly<Row>, result: Result) => Result,
  initial: Result,
  tab: Tab<Row>,
  backwards: boolean,
): Result {
  const table = open(tab, "read", "walk");
  if (typeof fun !== "function") {
    throw new TypeError(`Cannot fold a table: expected a function, found ${inspect(fun)}`);
  }
  let result = initial;
  const cursor = table.walk(backwards);
  for (let rows = cursor.next(); rows !== undefined; rows = cursor.next()) {
    for (const row of rows) result = fun(row as Readonly<Row>, result);
  }
  return result;
}

/** All objects, in table order. @see Erlang `ets:tab2list/1` */
export function tab2list<Row extends Tuple = Tuple>(tab: Tab<Row>): Readonly<Row>[] {
  return open(tab, "read", "list").all(EVERYTHING, false) as Readonly<Row>[];
}

const EVERYTHING: Query<Tuple> = { key: undefined, take: (row) => row };

// --- Matching -----------------------------------------------------------------------------------

/** A part of what a query finds, and where to go on; or nothing. */
export type Part<Result> =
  | readonly [results: Result[], next: Continuation<Result> | EndOfTable]
  | EndOfTable;

/**
 * What the variables of a pattern stand for, for each object that matches: a list of lists, in the order of
 * their numbers.
 *
 * Patterns are those of `matches`: `_` for anything, functions for what they answer true for, objects
 * for those with at least their keys. In them the texts `"$1"`, `"$2"`, … are variables, which stand for anything,
 * but everywhere for the same. (For such a text itself, use a function.) A pattern that names the key looks
 * at the objects under that key only.
 *
 * With a limit, the result is `[results, continuation]` with up to so many results, and `match(continuation)`
 * gives the next part; at the end, both are `"$end_of_table"`.
 *
 * @param limit How many results at most, a positive integer. Default: all, as a list.
 * @throws {TypeError} If `limit` is none.
 * @see Erlang `ets:match/1,2,3`
 *
 * @example
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const users = Ets.new<[id: number, user: { name: string; team: string }]>("users");
 * Ets.insert(users, [1, { name: "ada", team: "red" }], [2, { name: "joe", team: "blue" }]);
 * assertEquals(Ets.match(users, ["$1", { team: "red", name: "$2" }]), [[1, "ada"]]);
 * assertEquals(Ets.matchObject(users, [_, { name: "joe" }]), [[2, { name: "joe", team: "blue" }]]);
 * ```
 */
export function match(tab: Tab, pattern: unknown): Term[][];
/** The first part. */
export function match(tab: Tab, pattern: unknown, limit: number): Part<Term[]>;
/** The next part. */
export function match(continuation: Continuation<Term[]> | EndOfTable): Part<Term[]>;
export function match(
  tab: Tab | Continuation<Term[]>,
  ...rest: [pattern?: unknown, limit?: number]
): unknown {
  return find(tab, rest, bindingsOf);
}

/**
 * The objects that match a pattern. Patterns and limits are those of {@linkcode match}.
 *
 * @see Erlang `ets:match_object/1,2,3`
 */
export function matchObject<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  pattern: unknown,
): Readonly<Row>[];
/** The first part. */
export function matchObject<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  pattern: unknown,
  limit: number,
): Part<Readonly<Row>>;
/** The next part. */
export function matchObject<Row>(continuation: Continuation<Row> | EndOfTable): Part<Row>;
export function matchObject(
  tab: Tab | Continuation<Tuple>,
  ...rest: [pattern?: unknown, limit?: number]
): unknown {
  return find(tab, rest, objectsLike);
}

/** Deletes the objects that match a pattern of {@linkcode match}. Returns `true`. @see Erlang `ets:match_delete/2` */
export function matchDelete(tab: Tab, pattern: unknown): true {
  const table = open(tab, "write", "delete from");
  change(table, objectsLike(pattern, table.traits.keypos), () => undefined);
  return true;
}

/**
 * What a match specification makes of the objects that it matches: of each, what the first clause that
 * matches makes of it. See {@linkcode Clause}; patterns and limits are those of {@linkcode match}.
 *
 * @param spec Clauses `[pattern]`, `[pattern, predicates]` or `[pattern, predicates, body]`.
 * @throws {TypeError} If `spec` is no match specification.
 * @see Erlang `ets:select/1,2,3`. Predicates and bodies are functions here, where Erlang writes terms that
 * `ets:fun2ms/1` makes of them; bodies may be terms, too, in which an array is just that.
 *
 * @example
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const wares = Ets.new<[name: string, price: number, left: number]>("wares");
 * Ets.insert(wares, ["tea", 4, 10], ["rice", 2, 0], ["nuts", 9, 3]);
 * const worth = Ets.select(wares, [[
 *   [_, _, _],
 *   [([, , left]) => left > 0],
 *   ([name, price, left]) => ({ name, worth: price * left }),
 * ]]);
 * assertEquals(worth, [{ name: "tea", worth: 40 }, { name: "nuts", worth: 27 }]);
 * assertEquals(Ets.select(wares, [[["$1", "$2", 0], [], [["$2", "$1"]]]]), [[2, "rice"]]);
 * ```
 */
export function select<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): ResultOf<Row, Spec[number]>[];
/** The first part. */
export function select<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
  limit: number,
): Part<ResultOf<Row, Spec[number]>>;
/** The next part. */
export function select<Result>(continuation: Continuation<Result> | EndOfTable): Part<Result>;
export function select(
  tab: Tab | Continuation,
  ...rest: [spec?: unknown, limit?: number]
): unknown {
  return find(tab, rest, itself);
}

/**
 * As {@linkcode select}, in the opposite order: in an `ordered_set` that is from the last key to the first.
 *
 * @see Erlang `ets:select_reverse/1,2,3`
 */
export function selectReverse<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): ResultOf<Row, Spec[number]>[];
/** The first part. */
export function selectReverse<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
  limit: number,
): Part<ResultOf<Row, Spec[number]>>;
/** The next part. */
export function selectReverse<Result>(
  continuation: Continuation<Result> | EndOfTable,
): Part<Result>;
export function selectReverse(
  tab: Tab | Continuation,
  ...rest: [spec?: unknown, limit?: number]
): unknown {
  return find(tab, rest, itself, true);
}

/**
 * Counts the objects that a match specification makes `true` of, or that it matches, if it has no body.
 *
 * @see Erlang `ets:select_count/2`
 */
export function selectCount<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): number {
  const table = open(tab, "read", "select from");
  const query = selected(spec, table.traits.keypos, () => true);
  return table.all(query, false).filter((result) => result === true).length;
}

/**
 * Deletes the objects that a match specification makes `true` of, or that it matches, if it has no body.
 * Returns how many.
 *
 * @see Erlang `ets:select_delete/2`
 */
export function selectDelete<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): number {
  const table = open(tab, "write", "delete from");
  const query = selected(spec, table.traits.keypos, () => true);
  return change(
    table,
    { ...query, take: (row) => query.take(row) === true || NONE },
    () => undefined,
  );
}

/**
 * Replaces the objects that a match specification matches by what it makes of them: objects with the same
 * key. Returns how many. If one of them is not, none is replaced.
 *
 * @throws {TypeError} If something else than an object with the same key was made; in a `bag`.
 * @see Erlang `ets:select_replace/2`
 */
export function selectReplace<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): number {
  const table = open(tab, "write", "replace in");
  if (table.traits.type === "bag") {
    throw new TypeError(
      `Cannot replace objects: two might become one in table ${inspect(table.id)} of type bag`,
    );
  }
  const query = selected(spec, table.traits.keypos, (row) => row);
  return change(table, query, (made, row) => {
    assertObject(table, made);
    if (equal(table.keyOf(made), table.keyOf(row))) return made;
    throw new TypeError(
      `Cannot replace an object by one with another key: expected that of ${inspect(row)}, found ${
        inspect(made)
      }`,
    );
  });
}

function itself(spec: unknown, keypos: number): Query {
  return selected(spec, keypos, (row) => row);
}

/** Answers a query: all of it, its first part, or the next one. */
function find(
  tab: Tab | Continuation,
  [pattern, limit]: readonly [pattern?: unknown, limit?: number],
  toQuery: (pattern: unknown, keypos: number) => Query,
  backwards = false,
): unknown {
  if (tab instanceof Continuation) {
    checkRight(tab.table, "read", "select from");
    return tab.next();
  }
  if (tab === END && pattern === undefined) {
    fence();
    return END;
  }
  const table = open(tab, "read", "select from");
  const query = toQuery(pattern, table.traits.keypos);
  if (limit === undefined) return table.all(query, backwards);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw badPosition("select so many at a time", limit, "a positive integer");
  }
  return new Continuation(table, query, table.walkFor(query, backwards), [], limit).next();
}

/**
 * Has every object that a query wants become what `become` makes of it, nothing if that is `undefined`.
 * Nothing is changed before all are known. Returns how many there were.
 */
function change(
  table: EtsTable,
  query: Query,
  become: (result: Term, row: Tuple) => Tuple | undefined,
): number {
  const changes: [key: Term, rows: Tuple[]][] = [];
  let count = 0;
  const cursor = table.walkFor(query, false);
  for (let rows = cursor.next(); rows !== undefined; rows = cursor.next()) {
    const before = count;
    const after: Tuple[] = [];
    for (const row of rows) {
      const result = query.take(row);
      const next = result === NONE ? row : become(result, row);
      if (result !== NONE) count++;
      if (next !== undefined) after.push(next);
    }
    if (count > before) changes.push([table.keyOf(rows[0]!), after]);
  }
  for (const [key, rows] of changes) table.replace(key, rows);
  return count;
}

// --- Files --------------------------------------------------------------------------------------

/**
 * Writes a table into a file, with all that is in it at the time of the call. Resolves with `"ok"`, or with
 * `["error", ["file_error", path, code]]`, where `code` is the host's, such as `"enoent"`.
 *
 * The file is text, one line for each object. It holds numbers, bigints, strings, booleans, `null`, `undefined`,
 * symbols of `Symbol.for`, arrays, plain objects, `Map`s, `Set`s, dates and bytes.
 *
 * This needs `--allow-write` on Deno; without it, the promise rejects with the host's own error.
 *
 * @throws {TypeError} If the table holds anything else: a pid, a reference, a function and an instance of a
 * class mean nothing outside of this runtime.
 * @see Erlang `ets:tab2file/2`, which has a format of its own
 */
export async function tab2file(
  tab: Tab,
  path: string,
): Promise<"ok" | readonly ["error", Term]> {
  const { name, protection, traits: { type, keypos, isNamed } } = open(tab, "read", "save");
  const text = toText({ name, type, protection, keypos, isNamed, objects: tab2list(tab) });
  const written = await writeText(path, text);
  return written[0] === "ok" ? "ok" : ["error", ["file_error", path, written[1]]];
}

/**
 * Makes a table of a file that {@linkcode tab2file} has written, with the options of that table except for the
 * heir. It belongs to the calling process. Resolves with `["ok", tab]`, or with `["error", reason]`: `["read_error",
 * ["file_error", path, code]]` if the file cannot be read, `"badfile"` if it is no such file,
 * `"invalid_object_count"` if objects are missing, `"cannot_create_table"` if the name is taken.
 *
 * This needs `--allow-read` on Deno; without it, the promise rejects with the host's own error.
 *
 * @see Erlang `ets:file2tab/1`
 */
export async function file2tab<Row extends Tuple = Tuple>(
  path: string,
): Promise<readonly ["ok", Tab<Row>] | readonly ["error", Term]> {
  self(); // whoever calls must be a process, for it will own the table
  const read = await readText(path);
  if (read[0] === "error") return ["error", ["read_error", ["file_error", path, read[1]]]];
  const saved = fromText(read[1]);
  if (typeof saved === "string") return ["error", saved];
  const { name, isNamed, objects, ...options } = saved;
  if (isNamed && tableNamed(name) !== undefined) return ["error", "cannot_create_table"];
  const table = restored(name, { ...options, namedTable: isNamed } as TableOptions, objects);
  return table === undefined ? ["error", "badfile"] : ["ok", table.id as Tab<Row>];
}

/** A new table, if what a file says of it makes sense. */
function restored(
  name: Atom,
  options: TableOptions,
  objects: readonly Tuple[],
): EtsTable | undefined {
  let table: EtsTable | undefined;
  try {
    table = create(name, options);
    for (const object of objects) assertObject(table, object);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    table?.drop();
    return undefined;
  }
  for (const object of objects) table.put(object);
  return table;
}
