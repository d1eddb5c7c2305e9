/**
 * Ets: tables of objects in memory, shared by all processes of this runtime. Erlang's module `ets`.
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
 * **When to use it.** State that one process changes on behalf of others belongs in a GenServer. A table is
 * for state that many processes read without sending a message, for counters, and for data that should
 * outlive the process that works on it (see *Owners*).
 *
 * **Objects** are tuples, that is, arrays; one element is the key. Positions count from 1, as in Erlang:
 * the key is in position 1 unless the option `keypos` says otherwise. Objects are stored and returned by
 * reference, not copied. Treat them as immutable: the tuple is frozen when it is inserted, and the values
 * inside it are frozen, too, under `configureRuntime({ freezeMessages: true })`.
 *
 * **Keys** are any terms, compared by content. In a `set` and in both kinds of bag they are compared as
 * `equal` does: `1` and `1n` are two keys. (`1` and `1.0` are one number in JavaScript.) In an `ordered_set`
 * they are compared by the order of terms, in which `1` and `1n` are one key, and the object that was
 * inserted last replaces the other.
 *
 * **The order of terms**, in an `ordered_set`: numbers < atoms and texts < references < functions < pids <
 * arrays (by length, then item by item) < plain objects (by number of keys, then by the keys, then by the
 * values) < `Map`s < `Set`s < dates < other objects < bytes. The other tables keep the order in which keys
 * were inserted; OTP guarantees none.
 *
 * **Costs.** Lookup, insertion and deletion take constant time in a `set`, and time logarithmic in the size
 * of the table in an `ordered_set`. In a `bag` they are linear in the number of objects with the same key. A
 * pattern that does not contain the key is matched against every object.
 *
 * **Owners.** The process that creates a table owns it. When it exits, the table is given to its heir, or
 * deleted if it has none. The protection says which processes may access it: any process may read a
 * `"protected"` table (the default), and only the owner may write; any process may read and write a
 * `"public"` table; only the owner may read and write a `"private"` one.
 *
 * **Changes during a traversal.** Every function here is synchronous, so no other process can interfere
 * with it. But a function passed to {@linkcode foldl}, a predicate, a body, or code between two parts of a
 * `select` with a limit can change the table. A traversal visits each key that is present all the time exactly
 * once, with the objects that it has at that moment. It does not visit a key that is deleted before its turn,
 * nor one that is inserted meanwhile (OTP may or may not visit it), so it ends whatever the functions insert. If
 * they delete the table, it throws. What they throw, it throws.
 *
 * {@linkcode first}, {@linkcode next} and the like each start anew: a walk from key to key also visits keys that are
 * inserted after the current one. {@linkcode next} throws if the key it starts from has been deleted, unless the
 * table is an `ordered_set` or is fixed ({@linkcode safeFixtable}).
 *
 * **Errors.** What is `badarg` in Erlang is a `TypeError` that says what is wrong: there is no such table, the
 * calling process may not access it, or an argument is invalid. Every function that takes a table throws
 * these.
 *
 * The tables are in `ets/table.ts`, on a store of `ets/hash.ts` or `ets/tree.ts`; patterns and match
 * specifications in `ets/match.ts`, the file format in `ets/file.ts`.
 *
 * @module
 */

import { checkOptions } from "./kernel/options.ts";
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

import { aliveProcess } from "./kernel/process.ts";
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

/** What this module is called where it is printed. */
export const moduleName = "Ets";

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

/** The result of {@linkcode first}, {@linkcode next} and functions with a limit at the end of the table. */
export type EndOfTable = "$end_of_table";

/**
 * A table without a name: a reference. The type parameters are the type of its objects, and whether a key
 * may have several objects (`"bag"`) or one (`"set"`).
 *
 * Mirrors `ets:tid()`.
 */
export interface Table<Row extends Tuple = Tuple, Kind extends "set" | "bag" = "set" | "bag">
  extends Ref {
  /** Carries the type only: no table has this property. */
  readonly row?: Row;
  /** Carries the type only: no table has this property. */
  readonly kind?: Kind;
}

/** The identifier of a table: its reference, or the name of a named table. */
export type Tab<Row extends Tuple = Tuple, Kind extends "set" | "bag" = "set" | "bag"> =
  | Table<Row, Kind>
  | Atom;

/** The type of the element in a position, which counts from 1. */
export type Field<Row extends Tuple, Position extends number> = number extends Position
  ? Row[number]
  : [never, ...Row] extends infer Shifted
    ? Position extends keyof Shifted ? Shifted[Position] : undefined
  : never;

/** Options of `Ets.new`. */
export interface TableOptions {
  /**
   * `"set"`: a key has one object; `"ordered_set"`: the same, in the order of terms; `"bag"`: a key may have
   * several objects, but no duplicates; `"duplicate_bag"`: several, with duplicates. Default `"set"`.
   */
  readonly type?: TableType;
  /** Which processes may read and write: see *Owners*. Default `"protected"`. */
  readonly protection?: Protection;
  /** Whether the table is identified by its name. If not, the name is informational. Default `false`. */
  readonly namedTable?: boolean;
  /** The position of the key in an object, which counts from 1. Default 1. */
  readonly keypos?: number;
  /**
   * The process that owns the table after its owner has exited, and receives the message
   * `["ETS-TRANSFER", tab, owner, data]`, if it is alive then. `"none"`: the table is deleted. Default
   * `"none"`.
   */
  readonly heir?: Heir | "none";
  /** Stored, without effect. Default `false`. */
  readonly compressed?: boolean;
  /** Stored, without effect: there is one thread. Default `false`. */
  readonly readConcurrency?: boolean;
  /** Stored, without effect: there is one thread. Default `false`. */
  readonly writeConcurrency?: boolean | "auto";
  /** Stored, without effect: there is one thread. Default `false`. */
  readonly decentralizedCounters?: boolean;
}

// --- Tables -------------------------------------------------------------------------------------

/**
 * Creates a table that is owned by the calling process, and returns its identifier: its name with the option
 * `namedTable`, otherwise a reference.
 *
 * In TypeScript the function is `Ets.new`. Its type parameter is the type of the objects of a table without
 * a name: `Ets.new<[id: number, text: string]>("notes")`.
 *
 * @param name An atom. With `namedTable` it must not be the name of another table.
 * @throws {TypeError} If an option is unknown or invalid, or the name is taken.
 * @see Erlang `ets:new/2`
 *
 * @example A named table, in order
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
/** Creates a table without a name, with one object for each key. */
function newTable<Row extends Tuple = Tuple>(
  name: Atom,
  options?: TableOptions & {
    readonly namedTable?: false;
    readonly type?: "set" | "ordered_set";
  },
): Table<Row, "set">;
/** Creates a table without a name, with any number of objects for each key. */
function newTable<Row extends Tuple = Tuple>(
  name: Atom,
  options: TableOptions & {
    readonly namedTable?: false;
    readonly type: "bag" | "duplicate_bag";
  },
): Table<Row, "bag">;
/** Creates a table whose options are known only at run time. */
function newTable<Row extends Tuple = Tuple>(name: Atom, options: TableOptions): Tab<Row>;
function newTable(name: Atom, options: TableOptions = {}): Tab {
  return create(name, options).id as Tab;
}
export { newTable as new };

const OPTIONS = [
  "type",
  "protection",
  "namedTable",
  "keypos",
  "heir",
  "compressed",
  "readConcurrency",
  "writeConcurrency",
  "decentralizedCounters",
] as const satisfies readonly (keyof TableOptions)[];
const TYPES: readonly TableType[] = ["set", "ordered_set", "bag", "duplicate_bag"];
const PROTECTIONS: readonly Protection[] = ["public", "protected", "private"];

function create(name: Atom, options: TableOptions): EtsTable {
  const owner = self();
  assertAtom(name, "create a table");
  checkOptions("create a table", options, OPTIONS);
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
  } = options;
  const kept = { compressed, readConcurrency, writeConcurrency, decentralizedCounters };
  if (!TYPES.includes(type)) throw badOption("type", options, TYPES.map(inspect).join(", "));
  if (!Number.isSafeInteger(keypos) || keypos < 1) {
    throw badOption("keypos", options, "a position from 1 on");
  }
  checkMutable({ protection, heir }, options);
  if (namedTable) assertFree(name);
  return new EtsTable(name, owner, { type, keypos, isNamed: namedTable, kept }, protection, heir);
}

function badOption(option: string, options: object, accepted: string): TypeError {
  return new TypeError(
    `Cannot take the option ${option} of a table: expected ${accepted}, found ${
      inspect((options as Record<string, unknown>)[option])
    }`,
  );
}

/** Checks the options that {@linkcode setopts} can change. */
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
 * Deletes a table, or with a second argument the objects with this key. Returns `true`, also if there were
 * none. Any process may delete a public table.
 *
 * In TypeScript the function is `Ets.delete`. See the examples of `Ets.new` and
 * {@linkcode member}.
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
 * Renames a table, and returns its identifier: the new name of a named table, otherwise the reference.
 *
 * @throws {TypeError} If it is a named table, and the new name is taken.
 * @see Erlang `ets:rename/2`
 *
 * @example Renaming a named table
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Ets.new("draft", { namedTable: true });
 * const reference = Ets.whereis("draft");
 * assertEquals(Ets.rename("draft", "final"), "final");
 * assertEquals(Ets.whereis("draft"), undefined);
 * assertEquals(Ets.whereis("final"), reference);
 * ```
 */
export function rename<Row extends Tuple = Tuple>(tab: Tab<Row>, name: Atom): Tab<Row> {
  const table = open(tab, "write", "rename");
  assertAtom(name, "rename a table");
  if (table.traits.isNamed) assertFree(name);
  table.rename(name);
  return table.id as Tab<Row>;
}

/**
 * Returns the reference of a named table, or `undefined`. It can be used in place of the name, and stays the
 * same when the table is renamed. See the example of {@linkcode rename}.
 *
 * @see Erlang `ets:whereis/1`
 */
export function whereis<Row extends Tuple = Tuple>(name: Atom): Table<Row> | undefined {
  fence();
  assertAtom(name, "look a table up");
  return tableNamed(name)?.ref as Table<Row> | undefined;
}

/**
 * Returns all tables, oldest first. See the example of {@linkcode info}.
 *
 * @see Erlang `ets:all/0`
 */
export function all(): Tab[] {
  fence();
  return Array.from(allTables(), (table) => table.id as Tab);
}

/** The result of {@linkcode info}. */
export interface TableInfo {
  /** Its reference. */
  readonly id: Table;
  /** Its name, also if it is not a named table. */
  readonly name: Atom;
  /** Whether it is a named table. */
  readonly named_table: boolean;
  /** Its type, see {@linkcode TableOptions}. */
  readonly type: TableType;
  /** The number of objects. */
  readonly size: number;
  /** The process that owns it. */
  readonly owner: Pid;
  /** The process that owns it after the owner has exited. */
  readonly heir: Pid | "none";
  /** The position of the key, which counts from 1. */
  readonly keypos: number;
  /** Which processes may read and write. */
  readonly protection: Protection;
  /** The node that it is on. */
  readonly node: NodeName;
  /** Whether it is fixed. */
  readonly fixed: boolean;
  /** When it was fixed, as `Process.monotonicTime()`, and how often by each process. */
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
 * Returns information about a table: all items as an object, or one item; `undefined` if there is no such
 * table. Any process may call this, also for a private table.
 *
 * There is no item `memory`: the engine does not account memory by table.
 *
 * @throws {TypeError} If `tab` is neither a reference nor a name, or the item is unknown.
 * @see Erlang `ets:info/1,2`
 *
 * @example Inspecting a table
 * ```ts
 * import { Ets, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("notes", { type: "bag" });
 * assertEquals(Ets.all().includes(table), true);
 * assertEquals(Ets.info(table)?.type, "bag");
 * assertEquals(Ets.info(table, "owner"), self());
 * ```
 */
export function info(tab: Tab): TableInfo | undefined;
/** One item. */
export function info<const Item extends InfoItem>(
  tab: Tab,
  item: Item,
): TableInfo[Item] | undefined;
export function info(tab: Tab, item?: InfoItem): unknown {
  fence();
  if (!(tab instanceof Ref)) assertAtom(tab, "inspect a table");
  if (item !== undefined && !Object.hasOwn(ITEMS, item)) {
    const known = Object.keys(ITEMS).join(", ");
    throw new TypeError(
      `Cannot inspect this item of a table: expected one of ${known}, found ${inspect(item)}`,
    );
  }
  const table = tableOf(tab);
  if (table === undefined) return undefined;
  if (item !== undefined) return ITEMS[item](table);
  return Object.fromEntries(Object.entries(ITEMS).map(([item, value]) => [item, value(table)]));
}

/**
 * Changes the `heir` and the `protection` of a table. Returns `true`. Only the owner may do so.
 *
 * @see Erlang `ets:setopts/2`
 *
 * @example Making a table private
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("notes");
 * Ets.setopts(table, { protection: "private" });
 * assertEquals(Ets.info(table, "protection"), "private");
 * ```
 */
export function setopts(tab: Tab, options: Pick<TableOptions, "heir" | "protection">): true {
  const table = open(tab, "own", "set options of");
  checkOptions("set options of a table", options, ["heir", "protection"]);
  const { heir, protection } = options;
  checkMutable({ heir, protection }, options);
  if (heir !== undefined) table.heir = heir;
  if (protection !== undefined) table.protection = protection;
  return true;
}

/**
 * Makes another process the owner of a table, and sends it the message `["ETS-TRANSFER", tab, from, data]`.
 * Returns `true`. Only the owner may do so. The heir of the table stays the same.
 *
 * @param pid A process that is alive, and not the owner.
 * @see Erlang `ets:give_away/3`
 *
 * @example Passing a table on
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
  const receiver = isPid(pid) ? aliveProcess(pid) : null;
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
 * Fixes a table for the calling process, or releases it: while a table is fixed, {@linkcode next} also
 * accepts a key that has been deleted since. Returns `true`.
 *
 * A table must be released as often as it was fixed; it is also released when the process exits. Until then,
 * deleted keys are kept in memory. An `ordered_set` need not be fixed.
 *
 * @see Erlang `ets:safe_fixtable/2`
 *
 * @example Deleting during a traversal
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("queue");
 * Ets.insert(table, ["a"], ["b"]);
 * Ets.safeFixtable(table, true);
 * const key = Ets.first(table);
 * Ets.delete(table, key);
 * assertEquals([key, Ets.next(table, key)], ["a", "b"]);
 * Ets.safeFixtable(table, false);
 * ```
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
 * Inserts objects into a table: all of them or, if one is invalid, none. Returns `true`.
 *
 * In a `set` or `ordered_set`, an object replaces the one with the same key. In a `bag`, inserting an object
 * that is already present has no effect.
 *
 * Erlang distinguishes a list of objects from a tuple; here both are arrays, so a list is spread:
 * `Ets.insert(tab, ...objects)`. JavaScript limits the arguments of one call to some ten thousand.
 *
 * @param objects Arrays, each with at least as many elements as the position of the key. They are frozen.
 * @see Erlang `ets:insert/2`
 *
 * @example Inserting and looking up
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new<[name: string, age: number]>("people");
 * Ets.insert(table, ["ada", 36], ["joe", 41]);
 * assertEquals(Ets.insertNew(table, ["ada", 37]), false);
 * assertEquals(Ets.lookup(table, "ada"), [["ada", 36]]);
 * assertEquals(Ets.lookup(table, "eve"), []);
 * assertEquals(Ets.lookupElement(table, "joe", 2), 41);
 * ```
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
 * As {@linkcode insert}, but only if none of the keys is present: otherwise it returns `false`, and nothing
 * is inserted. See the example of {@linkcode insert}.
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
    `Cannot insert into table ${
      inspect(table.id)
    }: expected an array with a key in position ${keypos}, ` +
      `found ${inspect(object)}`,
  );
}

/**
 * Returns a list of the objects with a key: at most one in a `set` or `ordered_set`, any number in a bag, in
 * the order of insertion. See the example of {@linkcode insert}.
 *
 * @see Erlang `ets:lookup/2`
 */
export function lookup<Row extends Tuple = Tuple>(tab: Tab<Row>, key: Term): Readonly<Row>[] {
  return open(tab, "read", "look up in").lookup(key) as Readonly<Row>[];
}

/**
 * Returns one element of the object with a key; in a bag, a list with that element of each object with the
 * key. See the example of {@linkcode insert}.
 *
 * @param position Counts from 1.
 * @param otherwise Returned if there is no such key.
 * @throws {TypeError} If there is no such key and `otherwise` is not given, or an object has no such position.
 * @see Erlang `ets:lookup_element/3`, and OTP 26's `ets:lookup_element/4`
 */
export function lookupElement<Row extends Tuple, const Position extends number>(
  tab: Table<Row, "set">,
  key: Term,
  position: Position,
): Field<Row, Position>;
/** In a bag. */
export function lookupElement<Row extends Tuple, const Position extends number>(
  tab: Table<Row, "bag">,
  key: Term,
  position: Position,
): Field<Row, Position>[];
/** With a default. */
export function lookupElement<Row extends Tuple, const Position extends number, Otherwise>(
  tab: Table<Row, "set">,
  key: Term,
  position: Position,
  otherwise: Otherwise,
): Field<Row, Position> | Otherwise;
/** In a bag, with a default. */
export function lookupElement<Row extends Tuple, const Position extends number, Otherwise>(
  tab: Table<Row, "bag">,
  key: Term,
  position: Position,
  otherwise: Otherwise,
): Field<Row, Position>[] | Otherwise;
/** In a named table. */
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

/**
 * Returns whether there is an object with a key.
 *
 * @see Erlang `ets:member/2`
 *
 * @example Finding and deleting
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("tags", { type: "bag" });
 * Ets.insert(table, ["a", 1], ["a", 2], ["b", 3]);
 * Ets.deleteObject(table, ["a", 1]);
 * assertEquals(Ets.take(table, "a"), [["a", 2]]);
 * Ets.delete(table, "b");
 * assertEquals(Ets.member(table, "b"), false);
 * Ets.deleteAllObjects(table);
 * ```
 */
export function member(tab: Tab, key: Term): boolean {
  return open(tab, "read", "look up in").has(key);
}

/**
 * Deletes all objects that are equal to `object`. Returns `true`, also if there were none. See the example
 * of {@linkcode member}.
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

/**
 * Deletes all objects of a table. Returns `true`. See the example of {@linkcode member}.
 *
 * @see Erlang `ets:delete_all_objects/1`
 */
export function deleteAllObjects(tab: Tab): true {
  open(tab, "write", "delete all objects of").clear();
  return true;
}

/**
 * Deletes the objects with a key, and returns them as {@linkcode lookup} does. See the example of
 * {@linkcode member}.
 *
 * @see Erlang `ets:take/2`
 */
export function take<Row extends Tuple = Tuple>(tab: Tab<Row>, key: Term): Readonly<Row>[] {
  const table = open(tab, "write", "take from");
  const rows = table.lookup(key);
  table.delete(key);
  return rows as Readonly<Row>[];
}

/** A change of an element: its position, which counts from 1, and the new value. */
export type ElementSpec = readonly [position: number, value: Term];

/**
 * Changes elements of the object with a key: all of them or, on an error, none. Returns `true`, or `false` if
 * there is no such key.
 *
 * @param elements `[position, value]`, or a list of such pairs. Positions count from 1.
 * @param otherwise The object to insert and change if there is no such key; its key is replaced by `key`.
 * @throws {TypeError} If a position is that of the key, or the object has no such position, or the table is
 * a bag.
 * @see Erlang `ets:update_element/3`, and OTP 27's `ets:update_element/4`
 *
 * @example Changing an element
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new<[name: string, age: number]>("people");
 * Ets.insert(table, ["ada", 36]);
 * assertEquals(Ets.updateElement(table, "ada", [2, 37]), true);
 * assertEquals(Ets.updateElement(table, "joe", [2, 41]), false);
 * assertEquals(Ets.tab2list(table), [["ada", 37]]);
 * ```
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
      throw badPosition(doing, elements, "[position, value] or a list of those");
    }
    const [position, value] = each;
    assertFieldPosition(table, position, doing);
    assertPositionIn(row, position, doing);
    row[position - 1] = value;
  }
  table.put(row);
  return true;
}

/** `given` as a list: it is a list, or one item, an array that starts with a position. */
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
  throw badPosition(doing, position, "the position of an element that is not the key");
}

function assertPositionIn(row: Tuple, position: number, doing: string): void {
  if (position > row.length) throw badPosition(doing, position, `a position in ${inspect(row)}`);
}

/** The object `otherwise`, with `key` for its key. */
function madeFrom(table: EtsTable, otherwise: unknown, key: Term): Tuple | undefined {
  if (otherwise === undefined) return undefined;
  assertObject(table, otherwise);
  return otherwise.with(table.traits.keypos - 1, key);
}

/**
 * An increment of a counter: `[position, increment]`, or `[position, increment, threshold, value]`, where the
 * counter is set to `value` if it would exceed the threshold (or, with a negative increment, fall below it).
 */
export type Increment<Count extends number | bigint = number> =
  | readonly [position: number, increment: Count]
  | readonly [position: number, increment: Count, threshold: Count, value: Count];

/**
 * Increments counters in the object with a key, and returns their new values: a number, or for a list of
 * increments the list of results. The increments of a list are applied in order, all or none.
 *
 * Counters are integers, or bigints with bigint increments.
 *
 * @param increment A number, for the element after the key; or see {@linkcode Increment}. Positions count
 * from 1.
 * @param otherwise The object to insert first if there is no such key; its key is replaced by `key`.
 * @throws {TypeError} If there is no such key and `otherwise` is not given; if an element is the key, is not in
 * the object, or is not a counter of the type of its increment; or if the table is a bag.
 * @throws {RangeError} If a number becomes too large to be exact. Bigints have no limit.
 * @see Erlang `ets:update_counter/3,4`
 *
 * @example A default object, and a counter that wraps around
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
/** Increments several counters. */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increments: readonly Increment[],
  otherwise?: NoInfer<Row>,
): number[];
/** Increments a bigint. */
export function updateCounter<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  key: Term,
  increment: bigint | Increment<bigint>,
  otherwise?: NoInfer<Row>,
): bigint;
/** Increments several bigints. */
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

// --- Traversal ----------------------------------------------------------------------------------

/**
 * Returns the first key, or `"$end_of_table"` if the table is empty. See the example of {@linkcode prev}.
 *
 * @see Erlang `ets:first/1`
 */
export function first(tab: Tab): Term | EndOfTable {
  return open(tab, "read", "walk").first();
}

/**
 * Returns the last key of an `ordered_set`, or `"$end_of_table"` if the table is empty. In other tables it is
 * the same as {@linkcode first}, and {@linkcode prev} is the same as {@linkcode next}. See the example of
 * {@linkcode prev}.
 *
 * @see Erlang `ets:last/1`
 */
export function last(tab: Tab): Term | EndOfTable {
  return open(tab, "read", "walk").last();
}

/**
 * Returns the key after `key`, or `"$end_of_table"`. In an `ordered_set`, `key` need not be present. See the
 * example of {@linkcode prev}.
 *
 * @throws {TypeError} If there is no such key, unless the table is an `ordered_set`, or was fixed when the key
 * was deleted.
 * @see Erlang `ets:next/2`
 */
export function next(tab: Tab, key: Term): Term | EndOfTable {
  const table = open(tab, "read", "walk");
  return neighbour(table, key, table.next(key));
}

/**
 * Returns the key before `key`, or `"$end_of_table"`. Otherwise as {@linkcode next}.
 *
 * @see Erlang `ets:prev/2`
 *
 * @example Keys in order
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("limits", { type: "ordered_set" });
 * Ets.insert(table, [30], [10], [20]);
 * assertEquals([Ets.first(table), Ets.last(table)], [10, 30]);
 * assertEquals([Ets.next(table, 25), Ets.prev(table, 25)], [30, 20]);
 * assertEquals(Ets.next(table, 30), "$end_of_table");
 * ```
 */
export function prev(tab: Tab, key: Term): Term | EndOfTable {
  const table = open(tab, "read", "walk");
  return neighbour(table, key, table.previous(key));
}

function neighbour(table: EtsTable, key: Term, found: Term): Term {
  if (found === ABSENT) throw noKey("go on", table, key);
  return found;
}

/**
 * Calls `fun` with each object and the previous result, at first `initial`, and returns the last result. The
 * order is that of the keys in an `ordered_set`, and that of insertion in other tables. `fun` may change the
 * table: see *Changes during a traversal* at the top of this module.
 *
 * @see Erlang `ets:foldl/3`
 *
 * @example Folding over a table
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new<[name: string, points: number]>("scores");
 * Ets.insert(table, ["ada", 40], ["joe", 25]);
 * assertEquals(Ets.foldl(([, points], sum: number) => sum + points, 0, table), 65);
 * assertEquals(Ets.foldr(([name], text: string) => text + name, "", table), "joeada");
 * assertEquals(Ets.tab2list(table), [["ada", 40], ["joe", 25]]);
 * ```
 */
export function foldl<Result, Row extends Tuple = Tuple>(
  fun: (object: Readonly<Row>, result: Result) => Result,
  initial: Result,
  tab: Tab<Row>,
): Result {
  return fold(fun, initial, tab, false);
}

/**
 * As {@linkcode foldl}, in reverse order. See the example of {@linkcode foldl}.
 *
 * @see Erlang `ets:foldr/3`
 */
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

/**
 * Returns all objects, in the order of {@linkcode foldl}. See its example.
 *
 * @see Erlang `ets:tab2list/1`
 */
export function tab2list<Row extends Tuple = Tuple>(tab: Tab<Row>): Readonly<Row>[] {
  return open(tab, "read", "list").all(EVERYTHING, false) as Readonly<Row>[];
}

const EVERYTHING: Query<Tuple> = { key: undefined, take: (row) => row };

// --- Matching -----------------------------------------------------------------------------------

/** A part of the results of a query with a limit, and the continuation; or the end. */
export type Part<Result> =
  | readonly [results: Result[], next: Continuation<Result> | EndOfTable]
  | EndOfTable;

/**
 * Returns the values of the variables of a pattern, for each object that matches: a list of lists, in the
 * order of the variables' numbers.
 *
 * Patterns are those of `matches`: `_` matches anything, a function what it returns `true` for, an object
 * those that have at least its keys. In addition the strings `"$1"`, `"$2"`, … are variables: they match
 * anything, but the same term wherever they occur. (To match such a string itself, use a function.) If the
 * pattern contains the key, only the objects with that key are examined.
 *
 * With a limit, the result is `[results, continuation]` with at most that many results, and
 * `match(continuation)` returns the next part. At the end, both are `"$end_of_table"`.
 *
 * @param limit The maximum number of results, a positive integer. Default: all results, as a list.
 * @throws {TypeError} If `limit` is not a positive integer.
 * @see Erlang `ets:match/1,2,3`
 *
 * @example Patterns
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const users = Ets.new<[id: number, user: { name: string; team: string }]>("users");
 * Ets.insert(users, [1, { name: "ada", team: "red" }], [2, { name: "joe", team: "blue" }]);
 * assertEquals(Ets.match(users, ["$1", { team: "red", name: "$2" }]), [[1, "ada"]]);
 * assertEquals(Ets.matchObject(users, [_, { name: "joe" }]), [[2, { name: "joe", team: "blue" }]]);
 * Ets.matchDelete(users, [_, { team: "red" }]);
 * assertEquals(Ets.match(users, ["$1", _]), [[2]]);
 * ```
 *
 * @example One result at a time
 * ```ts
 * import { Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new("queue");
 * Ets.insert(table, ["a"], ["b"]);
 * const found = [];
 * for (let part = Ets.match(table, ["$1"], 1); part !== "$end_of_table"; part = Ets.match(part[1])) {
 *   found.push(part[0]);
 * }
 * assertEquals(found, [[["a"]], [["b"]]]);
 * ```
 */
export function match(tab: Tab, pattern: unknown): Term[][];
/** The first part of the results. */
export function match(tab: Tab, pattern: unknown, limit: number): Part<Term[]>;
/** The next part of the results. */
export function match(continuation: Continuation<Term[]> | EndOfTable): Part<Term[]>;
export function match(
  tab: Tab | Continuation<Term[]>,
  ...rest: [pattern?: unknown, limit?: number]
): unknown {
  return find(tab, rest, bindingsOf);
}

/**
 * Returns the objects that match a pattern. Patterns and limits are those of {@linkcode match}; see its
 * example.
 *
 * @see Erlang `ets:match_object/1,2,3`
 */
export function matchObject<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  pattern: unknown,
): Readonly<Row>[];
/** The first part of the results. */
export function matchObject<Row extends Tuple = Tuple>(
  tab: Tab<Row>,
  pattern: unknown,
  limit: number,
): Part<Readonly<Row>>;
/** The next part of the results. */
export function matchObject<Row>(continuation: Continuation<Row> | EndOfTable): Part<Row>;
export function matchObject(
  tab: Tab | Continuation<Tuple>,
  ...rest: [pattern?: unknown, limit?: number]
): unknown {
  return find(tab, rest, objectsLike);
}

/**
 * Deletes the objects that match a pattern. Returns `true`. Patterns are those of {@linkcode match}; see its
 * example.
 *
 * @see Erlang `ets:match_delete/2`
 */
export function matchDelete(tab: Tab, pattern: unknown): true {
  const table = open(tab, "write", "delete from");
  change(table, objectsLike(pattern, table.traits.keypos), () => undefined);
  return true;
}

/**
 * Returns the results of a match specification for the objects that it matches: for each object, the result
 * of the first clause that matches. See {@linkcode Clause}; patterns and limits are those of
 * {@linkcode match}.
 *
 * @param spec Clauses `[pattern]`, `[pattern, predicates]` or `[pattern, predicates, body]`.
 * @throws {TypeError} If `spec` is not a match specification.
 * @see Erlang `ets:select/1,2,3`. Predicates and bodies are functions here, which Erlang writes as terms (see
 * `ets:fun2ms/1`). A body may be a term, too; an array in it stands for an array.
 *
 * @example Predicates and bodies
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
/** The first part of the results. */
export function select<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
  limit: number,
): Part<ResultOf<Row, Spec[number]>>;
/** The next part of the results. */
export function select<Result>(continuation: Continuation<Result> | EndOfTable): Part<Result>;
export function select(
  tab: Tab | Continuation,
  ...rest: [spec?: unknown, limit?: number]
): unknown {
  return find(tab, rest, itself);
}

/**
 * As {@linkcode select}, in reverse order: in an `ordered_set`, from the last key to the first.
 *
 * @see Erlang `ets:select_reverse/1,2,3`
 *
 * @example From the last key
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new<[id: number, text: string]>("log", { type: "ordered_set" });
 * Ets.insert(table, [1, "start"], [2, "stop"]);
 * assertEquals(Ets.selectReverse(table, [[[_, _], [], ([, text]) => text]]), ["stop", "start"]);
 * ```
 */
export function selectReverse<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
): ResultOf<Row, Spec[number]>[];
/** The first part of the results. */
export function selectReverse<Row extends Tuple, const Spec extends MatchSpec<NoInfer<Row>>>(
  tab: Tab<Row>,
  spec: Spec,
  limit: number,
): Part<ResultOf<Row, Spec[number]>>;
/** The next part of the results. */
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
 * Returns the number of objects for which the result of a match specification is `true`, or, if it has no
 * body, which it matches.
 *
 * @see Erlang `ets:select_count/2`
 *
 * @example Counting, deleting and replacing
 * ```ts
 * import { _, Ets } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const stock = Ets.new<[name: string, left: number]>("stock");
 * Ets.insert(stock, ["tea", 10], ["rice", 0]);
 * assertEquals(Ets.selectCount(stock, [[[_, 0]]]), 1);
 * assertEquals(Ets.selectDelete(stock, [[[_, 0]]]), 1);
 * assertEquals(Ets.selectReplace(stock, [[[_, _], [], ([name, left]) => [name, left - 1] as const]]), 1);
 * assertEquals(Ets.tab2list(stock), [["tea", 9]]);
 * ```
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
 * Deletes the objects for which the result of a match specification is `true`, or, if it has no body, which
 * it matches. Returns their number. See the example of {@linkcode selectCount}.
 *
 * All objects are compared first. An object that a predicate or body deletes or replaces meanwhile is left as
 * it is, and is not counted. On an error, none is deleted.
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
 * Replaces the objects that a match specification matches by its results, which must be objects with the
 * same key. Returns their number. On an error, none is replaced. See the example of {@linkcode selectCount}.
 *
 * All results are made first. An object that a predicate or body deletes or replaces meanwhile is left as it
 * is, and is not counted.
 *
 * @throws {TypeError} If a result is not an object with the same key, or the table is a `bag`.
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
      `Cannot replace an object by one with another key: expected the key of ${
        inspect(row)
      }, found ${inspect(made)}`,
    );
  });
}

function itself(spec: unknown, keypos: number): Query {
  return selected(spec, keypos, (row) => row);
}

/** The results of a query: all of them, the first part, or the next part. */
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
  const compile = () => toQuery(pattern, table.traits.keypos);
  const query = compile();
  if (limit === undefined) return table.all(query, backwards);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw badPosition("select with this limit", limit, "a positive integer");
  }
  return new Continuation(table, compile, table.walkFor(query, backwards), [], limit).next();
}

/**
 * Replaces every object that a query selects by the result of `become`, or deletes it if that is `undefined`.
 * Nothing is changed before all results are known, nor what the functions of the query have changed meanwhile.
 * Returns the number of objects that were changed.
 */
function change(
  table: EtsTable,
  query: Query,
  become: (result: Term, row: Tuple) => Tuple | undefined,
): number {
  const replacements = new Map<Tuple, Tuple | undefined>();
  const keys: Term[] = [];
  const cursor = table.walkFor(query, false);
  for (let rows = cursor.next(); rows !== undefined; rows = cursor.next()) {
    const before = replacements.size;
    for (const row of rows) {
      const result = query.take(row);
      if (result !== NONE) replacements.set(row, become(result, row));
    }
    if (replacements.size > before) keys.push(table.keyOf(rows[0]!));
  }
  let count = 0;
  for (const key of keys) {
    const rows = table.lookup(key);
    const kept: Tuple[] = [];
    let changed = 0;
    for (const row of rows) {
      const isSelected = replacements.has(row);
      const next = isSelected ? replacements.get(row) : row;
      if (isSelected) changed++;
      if (next !== undefined) kept.push(next);
    }
    if (changed > 0) table.replace(key, kept);
    count += changed;
  }
  return count;
}

// --- Files --------------------------------------------------------------------------------------

/**
 * Writes a table to a file, with its contents at the time of the call. Resolves with `"ok"`, or with
 * `["error", ["file_error", path, code]]`, where `code` is the host's error code, such as `"enoent"`.
 *
 * The file is text, one line for each object. It can contain numbers, bigints, strings, booleans, `null`,
 * `undefined`, symbols of `Symbol.for`, arrays, plain objects, `Map`s, `Set`s, dates and bytes.
 *
 * On Deno this needs `--allow-write`; without it, the promise rejects with the host's own error.
 *
 * @throws {TypeError} If the table contains anything else: a pid, a reference, a function and an instance of a
 * class have no meaning outside of this runtime.
 * @see Erlang `ets:tab2file/2`, whose format is different
 *
 * @example Saving and restoring a table
 * ```ts ignore
 * import { Ets, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const table = Ets.new<[name: string, age: number]>("people");
 * Ets.insert(table, ["ada", 36]);
 * assertEquals(await Ets.tab2file(table, "people.ets"), "ok");
 * const restored = unwrap(await Ets.file2tab("people.ets"));
 * assertEquals(Ets.tab2list(restored), [["ada", 36]]);
 * ```
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
 * Creates a table from a file that {@linkcode tab2file} has written, with the options of that table except for
 * the heir. The calling process owns it. Resolves with `["ok", tab]`, or with `["error", reason]`: `["read_error",
 * ["file_error", path, code]]` if the file cannot be read, `"badfile"` if it is not such a file,
 * `"invalid_object_count"` if objects are missing, `"cannot_create_table"` if the name is taken. See the
 * example of {@linkcode tab2file}.
 *
 * On Deno this needs `--allow-read`; without it, the promise rejects with the host's own error.
 *
 * @see Erlang `ets:file2tab/1`
 */
export async function file2tab<Row extends Tuple = Tuple>(
  path: string,
): Promise<readonly ["ok", Tab<Row>] | readonly ["error", Term]> {
  self(); // throws before the file is read if there is no calling process to own the table
  const read = await readText(path);
  if (read[0] === "error") return ["error", ["read_error", ["file_error", path, read[1]]]];
  const saved = fromText(read[1]);
  if (typeof saved === "string") return ["error", saved];
  const { name, isNamed, objects, ...options } = saved;
  if (isNamed && tableNamed(name) !== undefined) return ["error", "cannot_create_table"];
  const table = restored(name, { ...options, namedTable: isNamed } as TableOptions, objects);
  return table === undefined ? ["error", "badfile"] : ["ok", table.id as Tab<Row>];
}

/** A new table with the contents of a file, if they are valid. */
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
