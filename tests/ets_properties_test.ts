/**
 * Random programs on tables, against a naive model; and the tree of an `ordered_set`, against a sorted list.
 *
 * When a program fails, fast-check prints its seed and the shortest program that fails in the same way.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { _, equal, Ets, type Term } from "../mod.ts";
import { TreeStore } from "../lib/ets/tree.ts";
import { compare } from "../lib/kernel/term_order.ts";
import { inProcess } from "./helpers.ts";

type Row = [key: Term, value: Term];

// --- The model ----------------------------------------------------------------------------------

/** A table as a list of keys, each with a list of objects: slow, and plain to see. */
class Model {
  /** Keys in table order. While the table is fixed, some are empty. */
  groups: { key: Term; rows: Row[] }[] = [];
  isFixed = false;

  constructor(readonly type: Ets.TableType) {}

  isSame(a: Term, b: Term): boolean {
    return this.type === "ordered_set" ? compare(a, b) === 0 : equal(a, b);
  }

  rows(key: Term): Row[] {
    return this.groups.find((group) => this.isSame(group.key, key))?.rows ?? [];
  }

  all(): Row[] {
    return this.groups.flatMap((group) => group.rows);
  }

  insert(row: Row): void {
    let group = this.groups.find((group) => this.isSame(group.key, row[0]));
    if (group === undefined) this.groups.push(group = { key: row[0], rows: [] });
    group.key = row[0];
    if (!this.type.endsWith("bag")) group.rows = [];
    if (this.type === "bag" && group.rows.some((other) => equal(other, row))) return;
    group.rows.push(row);
    if (this.type === "ordered_set") this.groups.sort((a, b) => compare(a.key, b.key));
  }

  /** Replaces each object by what `change` makes of it. */
  change(change: (row: Row) => Row | undefined): void {
    for (const group of this.groups) {
      group.rows = group.rows.map(change).filter((row) => row !== undefined);
    }
    this.tidy();
  }

  tidy(): void {
    if (this.isFixed && this.type !== "ordered_set") return;
    this.groups = this.groups.filter((group) => group.rows.length > 0);
  }

  /** The key after another, or before; `undefined` where that must fail. */
  next(key: Term, step: 1 | -1): Term {
    if (this.type === "ordered_set") {
      const found = step === 1
        ? this.groups.find((group) => compare(group.key, key) > 0)
        : this.groups.findLast((group) => compare(group.key, key) < 0);
      return found === undefined ? "$end_of_table" : found.key;
    }
    const at = this.groups.findIndex((group) => equal(group.key, key));
    if (at < 0) return undefined;
    const found = this.groups.slice(at + 1).find((group) => group.rows.length > 0);
    return found === undefined ? "$end_of_table" : found.key;
  }
}

// --- Programs -----------------------------------------------------------------------------------

const keys: fc.Arbitrary<Term> = fc.oneof(
  fc.nat(9),
  fc.bigInt(0n, 3n),
  fc.constantFrom<Term>("a", "b", NaN, null, true),
  fc.constantFrom("x", 1, 1n).map((part) => ["tuple", part]),
  fc.constantFrom(1, 2).map((value) => ({ value })),
);
const values: fc.Arbitrary<Term> = fc.nat(3);
const rows: fc.Arbitrary<Row> = fc.tuple(keys, values);

type Step =
  | { readonly op: "insert" | "insertNew"; rows: Row[] }
  | { readonly op: "delete" | "take" | "lookup" | "next" | "prev" | "match key"; key: Term }
  | { readonly op: "deleteObject"; row: Row }
  | { readonly op: "updateElement" | "updateCounter"; row: Row }
  | { readonly op: "selectDelete" | "selectReplace" | "selectCount" | "match"; value: Term }
  | { readonly op: "fix" | "unfix" | "clear" | "parts" }
  | { readonly op: "go on"; limit: number };

const op = <const Name extends string>(...names: Name[]) => fc.constantFrom(...names);

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: op("insert"), rows: fc.array(rows, { maxLength: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: op("insertNew"), rows: fc.array(rows, { maxLength: 3 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: op("delete", "delete", "take", "lookup", "next", "prev", "match key"),
      key: keys,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: op("deleteObject"), row: rows }) },
  { weight: 2, arbitrary: fc.record({ op: op("updateElement", "updateCounter"), row: rows }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: op("selectDelete", "selectReplace", "selectCount", "match"),
      value: values,
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: op("fix", "unfix", "unfix", "parts") }) },
  { weight: 1, arbitrary: fc.record({ op: op("clear") }) },
  { weight: 4, arbitrary: fc.record({ op: op("go on"), limit: fc.integer({ min: 1, max: 4 }) }) },
);

/** A `select` in parts that is under way while the table changes. */
class Walk {
  #next: Ets.Continuation<Row> | Ets.EndOfTable;
  readonly #seen: Row[] = [];
  /** The objects that have been there all the time. */
  #constant: readonly Row[];
  readonly #model: Model;

  constructor(table: Ets.Table<Row>, model: Model, limit: number) {
    this.#model = model;
    this.#constant = model.all();
    this.#next = this.#take(Ets.select(table, [[_]], limit) as Ets.Part<Row>);
  }

  /** To be called after each change. */
  notice(): void {
    const all = this.#model.all();
    this.#constant = this.#constant.filter((row) => all.includes(row));
  }

  get isOver(): boolean {
    return this.#next === "$end_of_table";
  }

  goOn(): void {
    this.#next = this.#take(Ets.select(this.#next));
    if (!this.isOver) return;
    for (const row of this.#constant) assert(this.#seen.includes(row), "an old object was missed");
  }

  #take(part: Ets.Part<Row>): Ets.Continuation<Row> | Ets.EndOfTable {
    if (part === "$end_of_table") return part;
    this.#seen.push(...part[0]);
    for (const row of this.#constant) {
      const times = this.#seen.filter((seen) => seen === row).length;
      const copies = this.#constant.filter((other) => other === row).length;
      assert(times <= copies, "an old object was seen twice");
    }
    return part[1];
  }
}

/** Runs a program on a table and on the model, and compares the two after each step. */
function run(type: Ets.TableType, program: readonly Step[]): void {
  const table = Ets.new<Row>("t", { type } as { type: "set" });
  const model = new Model(type);
  const isBag = type.endsWith("bag");
  let walk: Walk | undefined;
  for (const step of program) {
    switch (step.op) {
      case "insert":
        Ets.insert(table, ...step.rows);
        for (const row of step.rows) model.insert(row);
        break;
      case "insertNew": {
        const isNew = step.rows.every(([key]) => model.rows(key).length === 0);
        assertEquals(Ets.insertNew(table, ...step.rows), isNew);
        if (isNew) { for (const row of step.rows) model.insert(row); }
        break;
      }
      case "delete":
        Ets.delete(table, step.key);
        model.change((row) => model.isSame(row[0], step.key) ? undefined : row);
        break;
      case "take":
        assertEquals(Ets.take(table, step.key), model.rows(step.key));
        model.change((row) => model.isSame(row[0], step.key) ? undefined : row);
        break;
      case "lookup":
        assertEquals(Ets.lookup(table, step.key), model.rows(step.key));
        assertEquals(Ets.member(table, step.key), model.rows(step.key).length > 0);
        break;
      case "next":
      case "prev": {
        // In what has no order, the other direction is the same.
        const expected = model.next(step.key, step.op === "next" ? 1 : -1);
        const walk = step.op === "next" ? Ets.next : Ets.prev;
        if (expected === undefined) assertThrows(() => walk(table, step.key), TypeError);
        else assertEquals(walk(table, step.key), expected);
        break;
      }
      case "match key": {
        const expected = model.rows(step.key).filter(([key]) => equal(key, step.key));
        // A plain object in a pattern stands for all that have its keys, and so it does here.
        assertEquals(Ets.matchObject(table, [step.key, _]), expected);
        break;
      }
      case "deleteObject":
        Ets.deleteObject(table, step.row);
        model.change((row) => equal(row, step.row) ? undefined : row);
        break;
      case "updateElement": {
        const [key, value] = step.row;
        if (isBag) break;
        const [old] = model.rows(key);
        assertEquals(Ets.updateElement(table, key, [2, value]), old !== undefined);
        if (old !== undefined) replace(model, table, old);
        break;
      }
      case "updateCounter": {
        const [key, value] = step.row;
        if (isBag) break;
        const [old] = model.rows(key);
        const count = (old?.[1] as number | undefined) ?? 100;
        assertEquals(
          Ets.updateCounter(table, key, value as number, [key, 100]),
          count + (value as number),
        );
        if (old === undefined) model.insert([key, count + (value as number)]);
        replace(model, table, model.rows(key)[0]!);
        break;
      }
      case "selectCount":
        assertEquals(
          Ets.selectCount(table, [[[_, step.value]]]),
          model.all().filter(([, value]) => value === step.value).length,
        );
        break;
      case "match":
        assertEquals(
          Ets.match(table, ["$1", step.value]),
          model.all().filter(([, value]) => value === step.value).map(([key]) => [key]),
        );
        break;
      case "selectDelete": {
        const count = model.all().filter(([, value]) => value === step.value).length;
        assertEquals(Ets.selectDelete(table, [[[_, step.value]]]), count);
        model.change((row) => row[1] === step.value ? undefined : row);
        break;
      }
      case "selectReplace": {
        if (type === "bag") break;
        const made = new Map<Row, Row>();
        const replacement = (row: Row): Row => {
          const next: Row = made.get(row) ?? [row[0], 3 - (row[1] as number)];
          made.set(row, next);
          return next;
        };
        const count = model.all().filter(([, value]) => value === step.value).length;
        const spec = [[
          [_, step.value],
          [],
          (row: Readonly<Row>) => replacement(row as Row),
        ]] as const;
        assertEquals(Ets.selectReplace(table, spec), count);
        model.change((row) => row[1] === step.value ? replacement(row) : row);
        break;
      }
      case "fix":
        if (!model.isFixed) Ets.safeFixtable(table, true);
        model.isFixed = true;
        break;
      case "unfix":
        if (model.isFixed) Ets.safeFixtable(table, false);
        model.isFixed = false;
        model.tidy();
        break;
      case "clear":
        Ets.deleteAllObjects(table);
        model.change(() => undefined);
        break;
      case "parts": {
        const found: Row[] = [];
        let part = Ets.matchObject(table, _, 2) as Ets.Part<Row>;
        for (; part !== "$end_of_table"; part = Ets.matchObject(part[1])) found.push(...part[0]);
        assertEquals(found, model.all());
        break;
      }
      case "go on":
        if (walk === undefined || walk.isOver) walk = new Walk(table, model, step.limit);
        else walk.goOn();
        break;
    }
    walk?.notice();
    const all = model.all();
    assertEquals(Ets.tab2list(table), all);
    assertEquals(Ets.info(table, "size"), all.length);
    assertEquals(Ets.foldr((row, list: Term[]) => [row, ...list], [], table), all);
    assertEquals(Ets.selectReverse(table, [[_]]), all.toReversed());
    const live = model.groups.filter((group) => group.rows.length > 0);
    assertEquals(Ets.first(table), live.length === 0 ? "$end_of_table" : live[0]!.key);
    for (const { key, rows } of live) assertEquals(Ets.lookup(table, key), rows);
  }
  while (walk !== undefined && !walk.isOver) walk.goOn();
  Ets.delete(table);
}

/** Has the model hold the very object that took the place of another in the table. */
function replace(model: Model, table: Ets.Table<Row>, old: Row): void {
  const [row] = Ets.lookup(table, old[0]) as Row[];
  model.change((each) => each === old ? row : each);
  model.groups.find((group) => group.rows.includes(row!))!.key = row![0];
}

for (const type of ["set", "ordered_set", "bag", "duplicate_bag"] as const) {
  Deno.test(`Ets does with a table of type ${type} what a naive model does`, () =>
    inProcess(() => {
      fc.assert(
        fc.property(
          fc.array(steps, { maxLength: 60, size: "max" }),
          (program) => run(type, program),
        ),
        { numRuns: 400, seed: 1 },
      );
    }));
}

// --- The tree -----------------------------------------------------------------------------------

/** A sorted list that does what the tree has to. */
class SortedList {
  readonly keys: number[] = [];

  at(key: number): number {
    const at = this.keys.findIndex((other) => other >= key);
    return at < 0 ? this.keys.length : at;
  }

  set(key: number): void {
    const at = this.at(key);
    if (this.keys[at] !== key) this.keys.splice(at, 0, key);
  }

  delete(key: number): boolean {
    const at = this.at(key);
    return this.keys[at] === key && this.keys.splice(at, 1).length === 1;
  }
}

function keysOf(tree: TreeStore<string>, backwards: boolean): number[] {
  const cursor = tree.walk(backwards);
  const keys: number[] = [];
  for (let value = cursor.next(); value !== undefined; value = cursor.next()) {
    keys.push(Number(value));
  }
  return keys;
}

function assertSame(tree: TreeStore<string>, list: SortedList, probes: readonly number[]): void {
  const { keys } = list;
  const or = (key: number | undefined) => key ?? "$end_of_table";
  assertEquals(tree.size, keys.length);
  assertEquals([tree.first(), tree.last()], [or(keys[0]), or(keys.at(-1))]);
  assertEquals(keysOf(tree, false), keys);
  assertEquals(keysOf(tree, true), keys.toReversed());
  for (const probe of probes) {
    const at = list.at(probe);
    const isThere = keys[at] === probe;
    assertEquals(tree.get(probe), isThere ? String(probe) : undefined);
    assertEquals(tree.next(probe), or(keys[isThere ? at + 1 : at]));
    assertEquals(tree.previous(probe), or(keys[at - 1]));
  }
}

Deno.test("TreeStore does what a sorted list does, however it grows and shrinks", () => {
  const run = fc.record({
    kind: fc.constantFrom("set", "set", "delete"),
    /** Where to begin, how far apart and how many: runs up and down make leaves of all sizes. */
    start: fc.nat(3000),
    step: fc.constantFrom(1, -1, 2, 7, -13, 0.5),
    count: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 12, size: "max" }), (runs) => {
      const tree = new TreeStore<string>();
      const list = new SortedList();
      for (const { kind, start, step, count } of runs) {
        for (let i = 0; i < count; i++) {
          const key = start + i * step;
          if (kind === "delete") assertEquals(tree.delete(key), list.delete(key));
          else (tree.set(key, String(key)), list.set(key));
        }
        const probes = [start, start + 0.25, start + count * step, -1e9, 1e9];
        assertSame(tree, list, probes);
      }
      // Down to nothing, from the middle.
      while (list.keys.length > 0) {
        const key = list.keys[list.keys.length >> 1]!;
        assert(tree.delete(key) && list.delete(key));
      }
      assertSame(tree, list, [0]);
    }),
    { numRuns: 60, seed: 1 },
  );
});

Deno.test("TreeStore finds every key of a large tree, and empties it in any order", () => {
  const size = 20_000;
  const ascending = Array.from({ length: size }, (_, i) => i);
  const mixed = ascending.map((i) => (i * 7919) % size);
  for (const into of [ascending, ascending.toReversed(), mixed]) {
    for (const out of [ascending, ascending.toReversed(), mixed]) {
      const tree = new TreeStore<string>();
      for (const key of into) tree.set(key, String(key));
      assertEquals(tree.size, size);
      assert(into.every((key) => tree.get(key) === String(key)));
      assertEquals(keysOf(tree, false), ascending);
      for (const [i, key] of out.entries()) {
        assert(tree.delete(key) && !tree.delete(key));
        if (i === size >> 1) {
          const left = out.slice(i + 1).sort((a, b) => a - b);
          assertEquals(keysOf(tree, false), left);
          assertEquals(keysOf(tree, true), left.reverse());
        }
      }
      assertEquals([tree.size, tree.first()], [0, "$end_of_table"]);
    }
  }
});

Deno.test("TreeStore lets a walk go on behind its last key, to those that were there when it began, whatever has changed", () => {
  const change = fc.record({
    take: fc.nat(30),
    keys: fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 40, size: "max" }),
    isDelete: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 25, size: "max" }),
      fc.boolean(),
      (changes, backwards) => {
        const tree = new TreeStore<string>();
        // The keys that have been there ever since the walk began.
        const there = new Set<number>();
        for (let key = 0; key < 600; key += 2) (tree.set(key, String(key)), there.add(key));
        const cursor = tree.walk(backwards);
        let last = backwards ? Infinity : -Infinity;
        const isAhead = (key: number) => backwards ? key < last : key > last;
        const step = () => {
          const ahead = [...there].filter(isAhead);
          const expected = backwards ? Math.max(...ahead) : Math.min(...ahead);
          const fork = cursor.fork().next();
          const value = cursor.next();
          assertEquals(value, ahead.length === 0 ? undefined : String(expected));
          assertEquals(fork, value);
          if (value !== undefined) last = Number(value);
          return value !== undefined;
        };
        for (const { take, keys, isDelete } of changes) {
          for (let i = 0; i < take; i++) step();
          for (const key of keys) {
            if (isDelete) (tree.delete(key), there.delete(key));
            else tree.set(key, String(key));
          }
        }
        while (step());
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});
