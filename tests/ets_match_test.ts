/**
 * Patterns and match specifications of tables.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { _, equal, Ets, isPid, makeRef, matches, self, spawn, type Term } from "../mod.ts";
import { terms } from "./fixtures/terms.ts";
import { inProcess } from "./helpers.ts";

const SETS = ["set", "ordered_set"] as const;
const TYPES = [...SETS, "bag", "duplicate_bag"] as const;

type Row = [key: Term, ...Term[]];

const CONTINUED: readonly ((continuation: never) => unknown)[] = [
  Ets.match,
  Ets.matchObject,
  Ets.select,
  Ets.selectReverse,
];
const SELECTING: readonly ((tab: Ets.Tab, spec: Ets.MatchSpec) => unknown)[] = [
  Ets.select,
  Ets.selectReverse,
  Ets.selectCount,
  Ets.selectDelete,
  Ets.selectReplace,
];

function filled(type: Ets.TableType, ...rows: readonly Row[]): Ets.Table<Row, "set"> {
  const table = Ets.new<Row>("t", { type } as { type: "set" });
  Ets.insert(table, ...rows);
  return table;
}

const ROWS: readonly Row[] = [
  ["a", 1, { x: 1, y: 2 }],
  ["b", 2, { x: 2 }],
  ["c", 2, ["p", ["q"]]],
  ["d", "a"],
  ["e", "e"],
  [["k", 1], ["k", 1]],
];

// --- Patterns -----------------------------------------------------------------------------------

Deno.test("Ets.match() lists what the variables stand for, in the order of their numbers", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ...ROWS);
      const cases: [pattern: unknown, expected: Term[][]][] = [
        [["$1", 2, _], [["b"], ["c"]]],
        [["$2", "$1"], [["a", "d"], ["e", "e"], [["k", 1], ["k", 1]]]],
        [["$10", "$9", { x: "$0" }], [[1, 1, "a"], [2, 2, "b"]]],
        [["c", "$2", ["$3", ["$1"]]], [["q", 2, "p"]]],
        // The same variable stands for the same.
        [["$1", "$1"], [["e"], [["k", 1]]]],
        [["$1", ["$2", 1]], [[["k", 1], "k"]]],
        [[["$1", "$2"], ["$1", "$2"]], [["k", 1]]],
        [["$1", "$2", { x: "$2" }], [["a", 1], ["b", 2]]],
        // Without a variable, an empty list for each.
        [[_, _], [[], [], []]],
        [["a", 1, {}], [[]]],
        [["a", 2, {}], []],
        [["none", "$1"], []],
        // Guards, and values in them.
        [["$1", (value: Term) => typeof value === "number", _], [["a"], ["b"], ["c"]]],
        ["$1", ROWS.map((row) => [row])],
      ];
      for (const [pattern, expected] of cases) {
        assertEquals(Ets.match(table, pattern), expected, Deno.inspect(pattern));
      }
      assertEquals(Ets.match(Ets.new("empty"), "$1"), []);
    }
  }));

Deno.test("Ets.match() takes for variables what Erlang does, and all else for itself", () =>
  inProcess(() => {
    const notVariables = ["$", "$01", "$1a", "$-1", "$1.5", " $1", "$x", "$_", "$$", "1", "_"];
    for (const text of notVariables) {
      const table = filled("set", ["k", text], ["l", "other"]);
      assertEquals(Ets.matchObject(table, [_, text]), [["k", text]], text);
    }
    const table = filled("set", ["k", "$1"], ["l", "other"]);
    assertEquals(Ets.match(table, ["k", "$123"]), [["$1"]]);
    // The text of a variable can be asked for by a function.
    const isText = (value: Term) => value === "$1";
    assertEquals(Ets.matchObject(table, [_, isText]), [["k", "$1"]]);
  }));

Deno.test("Ets.matchObject() gives the objects themselves", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ...ROWS);
      assertEquals(Ets.matchObject(table, [_, 2, _]), [ROWS[1]!, ROWS[2]!]);
      assertStrictEquals(Ets.matchObject(table, ["b", _, _])[0] as unknown, ROWS[1]!);
      assertEquals(Ets.matchObject(table, _), [...ROWS]);
      assertEquals(Ets.matchObject(table, ["$1", "$1"]), [ROWS[4]!, ROWS[5]!]);
      assertEquals(Ets.matchObject(table, "a"), []);
      assertEquals(Ets.matchObject(table, []), []);
    }
  }));

Deno.test("Ets.matchObject() matches as matches() does, where there is no variable", () =>
  inProcess(() => {
    const pid = spawn(() => {});
    const ref = makeRef();
    const rows: Row[] = [
      [1, self()],
      [2, pid],
      [3, ref],
      [4, { a: 1, b: [undefined] }],
      [5, new Map([["a", 1]])],
      [6, new Set(["a"])],
      [7, new Date(1)],
      [8, new Uint8Array([1])],
      [9, NaN],
      [10, undefined],
      [11, null, 1n],
    ];
    const patterns: unknown[] = [
      [_, _],
      [_, pid],
      [_, isPid],
      [_, { a: _ }],
      [_, {}],
      [_, { b: [_] }],
      [_, new Map([["a", 1]])],
      [_, new Set(["a"])],
      [_, new Date(1)],
      [_, new Uint8Array([1])],
      [_, NaN],
      [_, undefined],
      [11, null, 1n],
      [(key: number) => key > 5, _],
      (row: Term[]) => row.length === 3,
      { length: 3 },
      { 0: 3 },
    ];
    for (const type of TYPES) {
      const table = filled(type, ...rows);
      for (const pattern of patterns) {
        const expected = rows.filter((row) => matches(pattern, row));
        assertEquals(Ets.matchObject(table, pattern), expected, Deno.inspect(pattern));
      }
    }
  }));

Deno.test("Ets.match() looks only at the objects under the key, if the pattern names it", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = Ets.new("t", { type, keypos: 2 });
      const looked: Term[] = [];
      const look = (value: Term) => (looked.push(value), true);
      const key = () => ["key", new Date(1), new Map([["a", makeRef.name]])];
      for (let i = 0; i < 50; i++) Ets.insert(table, [i, i === 7 ? key() : i]);
      const patterns: [pattern: unknown, found: Term][] = [
        [[look, 5], 5],
        [[look, key()], 7],
        [[look, "none"], undefined],
      ];
      for (const [pattern, found] of patterns) {
        const expected = found === undefined ? [] : [found];
        assertEquals(Ets.matchObject(table, pattern).map(([value]) => value), expected);
        assertEquals(looked.splice(0), expected);
        assertEquals(Ets.selectCount(table, [[pattern]]), expected.length);
        assertEquals(looked.splice(0), expected);
        Ets.selectCount(table, [[pattern], [pattern, []]]);
        assertEquals(looked.splice(0), expected);
        const part = Ets.matchObject(table, pattern, 10);
        assertEquals(
          part,
          found === undefined
            ? "$end_of_table"
            : [[[found, found === 7 ? key() : found]], "$end_of_table"],
        );
        assertEquals(looked.splice(0), expected);
      }
      // Whatever may stand for several keys has all objects looked at.
      for (const each of [_, "$1", isPid, ["key", _, _], { a: 1 }, ["key", { a: 1 }]]) {
        Ets.matchObject(table, [look, each]);
        assertEquals(looked.splice(0).length, 50, Deno.inspect(each));
      }
      Ets.selectCount(table, [[[look, 1]], [[look, 2]]]);
      assert(looked.splice(0).length >= 50);
      Ets.matchObject(table, [look]);
      assertEquals(looked.length, 0); // no object has one field only
    }
  }));

Deno.test("Ets.match() keeps apart what an ordered_set has in one place", () =>
  inProcess(() => {
    const table = filled("ordered_set", [1n, "bigint"], [[2], "tuple"]);
    assertEquals([Ets.match(table, [1, "$1"]), Ets.match(table, [1n, "$1"])], [[], [["bigint"]]]);
    assertEquals([Ets.match(table, [[2n], "$1"]), Ets.match(table, [[2], "$1"])], [[], [[
      "tuple",
    ]]]);
  }));

Deno.test("Ets.matchDelete() deletes what matches", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ...ROWS);
      assertEquals(Ets.matchDelete(table, [_, 2, _]), true);
      assertEquals(Ets.tab2list(table), ROWS.filter((row) => row[1] !== 2));
      assertEquals(Ets.matchDelete(table, ["none", _]), true);
      assertEquals(Ets.matchDelete(table, ["$1", "$1"]), true);
      assertEquals(Ets.tab2list(table), [ROWS[0]!, ROWS[3]!]);
      Ets.matchDelete(table, _);
      assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[], 0]);
    }
    for (const type of ["bag", "duplicate_bag"] as const) {
      const table = filled(type, ["a", 1], ["a", 2], ["b", 1], ["a", 3]);
      Ets.matchDelete(table, ["a", (count: number) => count !== 2]);
      assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[["a", 2], ["b", 1]], 2]);
    }
  }));

// --- Limits -------------------------------------------------------------------------------------

/** All parts of a query. */
function parts<Result>(
  first: Ets.Part<Result>,
  next: (continuation: Ets.Continuation<Result> | Ets.EndOfTable) => Ets.Part<Result>,
): Result[][] {
  const parts: Result[][] = [];
  for (let part = first; part !== "$end_of_table"; part = next(part[1])) {
    parts.push(part[0]);
  }
  return parts;
}

Deno.test("Ets.match(), matchObject(), select() and selectReverse() give parts with a limited number of results", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type);
      for (let key = 0; key < 10; key++) Ets.insert(table, [key, key % 2]);
      for (const limit of [1, 2, 3, 5, 9, 10, 11, 1000]) {
        const pattern = ["$1", 0];
        const sizes = (total: number) => {
          const sizes = Array<number>(Math.floor(total / limit)).fill(limit);
          return total % limit === 0 ? sizes : [...sizes, total % limit];
        };
        const matched = parts(Ets.match(table, pattern, limit), Ets.match);
        assertEquals(matched.map((part) => part.length), sizes(5));
        assertEquals(matched.flat(1), Ets.match(table, pattern));
        const objects = parts(Ets.matchObject(table, _, limit), Ets.matchObject);
        assertEquals(objects.map((part) => part.length), sizes(10));
        assertEquals(objects.flat(1), Ets.tab2list(table));
        const spec = [[pattern, [], ["$1"]]] as const;
        assertEquals(parts(Ets.select(table, spec, limit), Ets.select).flat(), [0, 2, 4, 6, 8]);
        const reverse = parts(Ets.selectReverse(table, spec, limit), Ets.selectReverse);
        assertEquals(reverse.flat(), [8, 6, 4, 2, 0]);
      }
      assertEquals(Ets.match(table, ["none"], 5), "$end_of_table");
    }
    const empty = Ets.new("empty");
    assertEquals(Ets.match(empty, _, 1), "$end_of_table");
    for (const query of CONTINUED) {
      assertEquals(query("$end_of_table" as never), "$end_of_table");
    }
    for (const limit of [0, -1, 1.5, Infinity, NaN, "1" as unknown as number]) {
      assertThrows(() => Ets.match(empty, _, limit), TypeError, "a positive integer");
    }
  }));

Deno.test("Ets.select() with a limit goes on where it was, as often as one likes", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, [1], [2], [3], [4], [5]);
      const key = [[["$1"], [], ["$1"]]] as const;
      const [first, then] = Ets.select(table, key, 2) as [Term[], Ets.Continuation];
      assertEquals(first, [1, 2]);
      for (let again = 0; again < 2; again++) {
        const [second, last] = Ets.select(then) as [Term[], Ets.Continuation];
        assertEquals(second, [3, 4]);
        assertEquals(Ets.select(last), [[5], "$end_of_table"]);
      }
      // With the same objects under one key of a bag, too.
      if (type === "bag" || type === "duplicate_bag") {
        const bag = filled(type, ["k", 1], ["k", 2], ["k", 3], ["l", 4], ["k", 5]);
        const found = parts(Ets.match(bag, [_, "$1"], 2), Ets.match);
        assertEquals(found.map((part) => part.flat()), [[1, 2], [3, 5], [4]]);
        const under = parts(Ets.match(bag, ["k", "$1"], 3), Ets.match);
        assertEquals(under.map((part) => part.flat()), [[1, 2, 3], [5]]);
      }
    }
  }));

Deno.test("Ets.select() with a limit comes by what is there all the time, and not by what was deleted", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const select of [Ets.select, Ets.selectReverse]) {
        const table = filled(type, [1], [2], [3], [4], [5], [6]);
        const isReverse = select === Ets.selectReverse;
        const key = [[["$1"], [], ["$1"]]] as const;
        const [first, then] = select(table, key, 2) as [number[], Ets.Continuation<number>];
        assertEquals(first, isReverse ? [6, 5] : [1, 2]);
        // Where it was, what comes next, and all behind it.
        for (const gone of isReverse ? [5, 4, 6] : [2, 3, 1]) Ets.delete(table, gone);
        const [second, last] = select(then) as [number[], Ets.Continuation<number>];
        assertEquals(second, isReverse ? [3, 2] : [4, 5]);
        Ets.deleteAllObjects(table);
        assertEquals(select(last), "$end_of_table");
      }
    }
  }));

Deno.test("Ets.select() with a limit ends, though there is something new for each part", () =>
  inProcess(() => {
    for (const type of ["set", "bag", "duplicate_bag"] as const) {
      const table = filled(type, [1], [2], [3]);
      const found = parts(Ets.select(table, [[_]], 1), (continuation) => {
        const size = Ets.info(table, "size")!;
        assert(size < 10, "the walk does not end");
        Ets.insert(table, [size + 1]);
        return Ets.select(continuation);
      });
      assertEquals(found.flat(), [[1], [2], [3]]);
    }
  }));

Deno.test("Ets.select() refuses a continuation of a table that is gone or private by now", () =>
  inProcess(async () => {
    const table = filled("set", [1], [2], [3]);
    const [, then] = Ets.select(table, [[_]], 1) as [Term[], Ets.Continuation];
    const { promise, resolve } = Promise.withResolvers<string>();
    Ets.setopts(table, { protection: "private" });
    spawn(() => resolve(assertThrows(() => Ets.select(then), TypeError).message));
    assert((await promise).includes("it is private"));
    assertEquals((Ets.select(then) as [Term[], unknown])[0], [[2]]);
    Ets.delete(table);
    for (const query of CONTINUED) {
      assertThrows(() => query(then as never), TypeError, "there is no such table");
    }
  }));

// --- Match specifications -----------------------------------------------------------------------

Deno.test("Ets.select() makes of each object what the first clause that matches it says", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ["a", 1], ["b", 2], ["c", 3], ["d", 4, "more"]);
      assertEquals(Ets.select(table, [[["a", _]]]), [["a", 1]]);
      assertEquals(Ets.select(table, [[[_, _], [([, count]) => (count as number) > 1]]]), [
        ["b", 2],
        ["c", 3],
      ]);
      // Several predicates, all of which must hold, with what the variables stand for.
      const between = Ets.select(table, [[
        ["$1", "$2"],
        [(_, { $2 }) => $2 > 1, (object, { $1, $2 }) => object[0] === $1 && $2 < 3],
        (object, { $1, $2 }) => ({ object, $1, twice: $2 * 2 }),
      ]]);
      assertEquals(between, [{ object: ["b", 2], $1: "b", twice: 4 }]);
      // Several clauses.
      const words = Ets.select(table, [
        [["b", _], [], () => "second"],
        [[_, "$1"], [(_, { $1 }) => $1 < 3], ["$1"]],
        [[_, _, _], [], ["long"]],
        [["b", _], [], () => "never"],
      ]);
      assertEquals(words, [1, "second", "long"]);
      // The result of a function is used as it is.
      assertEquals(Ets.select(table, [[_, [], () => undefined]]), Array(4).fill(undefined));
      assertEquals(Ets.select(table, [[_, [() => false]]]), []);
    }
  }));

Deno.test("Ets.select() fills templates in at any depth, and takes the last of a body", () =>
  inProcess(() => {
    const pid = self();
    for (const type of TYPES) {
      const table = filled(type, ["a", 1, ["x"]]);
      const templates: [template: Term, result: Term][] = [
        ["$1", "a"],
        ["$_", ["a", 1, ["x"]]],
        ["$$", ["a", 1, "x"]],
        [["$2", "$1"], [1, "a"]],
        [[["$3"], { is: "$2", all: ["$_"] }], [["x"], { is: 1, all: [["a", 1, ["x"]]] }]],
        [["literal", 7, null, pid], ["literal", 7, null, pid]],
        ["$1a", "$1a"],
        [[], []],
      ];
      const select = (body: readonly Term[]) =>
        Ets.select(table, [[["$1", "$2", ["$3"]], [], body]]);
      for (const [template, result] of templates) {
        assertEquals(select([template]), [result]);
        assertEquals(select(["$1", template]), [result]);
      }
      assertStrictEquals((select(["$_"])[0] as Term[])[2], Ets.lookup(table, "a")[0]![2]);
      assertThrows(
        () => select(["$4"]),
        TypeError,
        'a variable of the pattern, one of ["$1", "$2", "$3"]',
      );
      assertThrows(() => select([{ deep: ["$0"] }]), TypeError, "Cannot select $0");
    }
  }));

Deno.test("Ets.select() refuses an invalid match specification, also of an empty table", () =>
  inProcess(() => {
    const table = Ets.new("t", { protection: "public" });
    const bad: unknown[] = [
      undefined,
      "spec",
      {},
      [],
      [[]],
      ["$1"],
      [[_, [], ["$_"], "more"]],
      [[_, "guards"]],
      [[_, [true]]],
      [[_, [[">", "$1", 1]]]],
      [[_, [], []]],
      [[_, [], "$_"]],
      [[_, [], undefined]],
      [[_], [_, 1]],
    ];
    for (const spec of bad as Ets.MatchSpec[]) {
      for (const f of SELECTING) {
        assertThrows(
          () => f(table, spec),
          TypeError,
          "Cannot select: expected a list of [pattern]",
        );
      }
      assertThrows(() => Ets.select(table, spec, 5), TypeError, "Cannot select: expected a list");
    }
  }));

Deno.test("Ets.select() takes no object for which a predicate throws, as in Erlang", () =>
  inProcess(() => {
    const table = filled("set", [1], [2]);
    let calls = 0;
    const predicate = (): boolean => {
      calls++;
      throw new Error("bad predicate");
    };
    const spec = [[_, [predicate]]] as const;
    for (const f of SELECTING) {
      const before = calls;
      f(table, spec);
      assertEquals(calls - before, 2);
    }
    assertEquals(Ets.select(table, spec), []);
    assertEquals(Ets.match(table, [predicate]), []);
    assertEquals(Ets.info(table, "size"), 2);
  }));

Deno.test("Ets.selectReverse() goes through an ordered_set from the last key to the first", () =>
  inProcess(() => {
    const table = filled("ordered_set");
    for (let key = 0; key < 500; key++) Ets.insert(table, [(key * 7) % 500]);
    const keys = Ets.selectReverse(table, [[["$1"], [], ["$1"]]]);
    assertEquals(keys, Array.from({ length: 500 }, (_, i) => 499 - i));
    assertEquals(Ets.selectReverse(table, [[[7]]]), [[7]]);
    // In a bag, with the last object of a key first.
    for (const type of ["bag", "duplicate_bag"] as const) {
      const bag = filled(type, ["a", 1], ["b", 2], ["a", 3]);
      assertEquals(Ets.selectReverse(bag, [[_]]), [["b", 2], ["a", 3], ["a", 1]]);
      assertEquals(Ets.selectReverse(bag, [[["a", _]]]), [["a", 3], ["a", 1]]);
    }
  }));

Deno.test("Ets.selectCount() counts what a clause makes true of", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ["a", 1], ["b", 2], ["c", 3]);
      assertEquals(Ets.selectCount(table, [[_]]), 3);
      assertEquals(Ets.selectCount(table, [[_, [([, count]) => count !== 2]]]), 2);
      assertEquals(Ets.selectCount(table, [[_, [], [true]]]), 3);
      assertEquals(Ets.selectCount(table, [[_, [], [1]]]), 0);
      assertEquals(Ets.selectCount(table, [[_, [], ([, count]) => count === 2]]), 1);
      assertEquals(Ets.selectCount(table, [[["b", _], [], [false]], [_, [], [true]]]), 2);
    }
  }));

Deno.test("Ets.selectDelete() deletes what a clause makes true of, and tells how many", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, ["a", 1], ["b", 2], ["c", 3]);
      assertEquals(Ets.selectDelete(table, [[_, [], [1]]]), 0);
      assertEquals(Ets.selectDelete(table, [[_, [], ([, count]) => count === 2]]), 1);
      assertEquals(Ets.tab2list(table), [["a", 1], ["c", 3]]);
      assertEquals(Ets.selectDelete(table, [[["a", _]]]), 1);
      assertEquals(Ets.selectDelete(table, [[_, [], [true]]]), 1);
      assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[], 0]);
    }
    const table = filled("duplicate_bag", ["a", 1], ["a", 2], ["a", 1], ["b", 1]);
    assertEquals(Ets.selectDelete(table, [[[_, 1]]]), 3);
    assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[["a", 2]], 1]);
  }));

Deno.test("Ets.selectReplace() puts objects in the place of those with the same key, all or none", () =>
  inProcess(() => {
    for (const type of [...SETS, "duplicate_bag"] as const) {
      const table = filled(type, ["a", 1], ["b", 2], ["c", 3]);
      const twice = [[
        ["$1", "$2"],
        [([, count]) => count !== 2],
        ([key, count]) => [key, (count as number) * 2],
      ]] as const satisfies Ets.MatchSpec;
      assertEquals(Ets.selectReplace(table, twice), 2);
      assertEquals(Ets.tab2list(table), [["a", 2], ["b", 2], ["c", 6]]);
      assertEquals(Ets.selectReplace(table, [[["$1", 6], [], [["$1", "six", "$_"]]]]), 1);
      assertEquals(Ets.lookup(table, "c"), [["c", "six", ["c", 6]]]);
      assertEquals(Ets.selectReplace(table, [[["none", _], [], ["$_"]]]), 0);
      assertEquals(Ets.selectReplace(table, [[_]]), 3);
      assert(Object.isFrozen(Ets.lookup(table, "a")[0]));
      const before = Ets.tab2list(table);
      const bad: [body: (object: readonly Term[]) => Term, message: string][] = [
        [([key, ...rest]) => [key === "b" ? "other" : key, ...rest], "another key"],
        [([key]) => key === "b" ? "no object" : [key], 'found "no object"'],
        [([key]) => key === "b" ? [] : [key], "found []"],
      ];
      for (const [body, message] of bad) {
        assertThrows(() => Ets.selectReplace(table, [[_, [], body]]), TypeError, message);
        assertEquals(Ets.tab2list(table), before);
      }
    }
    const table = filled("duplicate_bag", ["a", 1], ["a", 2], ["b", 1], ["a", 1]);
    assertEquals(Ets.selectReplace(table, [[["$1", 1], [], [["$1", "one"]]]]), 3);
    assertEquals(Ets.tab2list(table), [["a", "one"], ["a", 2], ["a", "one"], ["b", "one"]]);
    assertEquals(Ets.info(table, "size"), 4);
    // In an ordered_set, a key that is in the same place is still another.
    const ordered = filled("ordered_set", [1, "x"]);
    assertThrows(
      () => Ets.selectReplace(ordered, [[_, [], [[1n, "x"]]]]),
      TypeError,
      "another key",
    );
    const bag = filled("bag", ["a", 1]);
    assertThrows(() => Ets.selectReplace(bag, [[_]]), TypeError, "of type bag");
  }));

Deno.test("Ets.select() and its like have types for what they make", () =>
  inProcess(() => {
    const table = Ets.new<[name: string, count: number]>("t");
    Ets.insert(table, ["a", 1]);
    const objects: (readonly [string, number])[] = Ets.select(table, [[_]]);
    const counts: number[] = Ets.select(table, [[_, [([, count]) =>
      count > 0], ([, count]) =>
      count]]);
    const terms: unknown[] = Ets.select(table, [[["$1", _], [], ["$1"]]]);
    const mixed: (string | number)[] = Ets.select(table, [
      [["b", _], [], ([name]) =>
        name],
      [_, [], ([, count]) => count],
    ]);
    // @ts-expect-error -- a name is not a number
    const wrong: number[] = Ets.select(table, [[_, [], ([name]) => name]]);
    const part = Ets.select(table, [[_, [], ([, count]) => count]], 1);
    const first: number | undefined = part === "$end_of_table" ? undefined : part[0][0];
    assertEquals([objects, counts, terms, mixed, wrong as unknown, first], [
      [["a", 1]],
      [1],
      ["a"],
      [1],
      ["a"],
      1,
    ]);
  }));

Deno.test("Ets.match() finds with a variable in two places what has equal terms there", () =>
  inProcess(() => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(terms, terms, terms), { maxLength: 12 }), (rows) => {
        const table = Ets.new<[Term, Term, Term]>("t", { type: "duplicate_bag" });
        Ets.insert(table, ...rows);
        const all = Ets.tab2list(table);
        const alike = all.filter(([a, b]) => equal(a, b));
        assertEquals(Ets.matchObject(table, ["$1", "$1", _]).length, alike.length);
        assertEquals(
          Ets.match(table, [_, "$1", "$1"]).length,
          all.filter(([, b, c]) => equal(b, c)).length,
        );
        Ets.match(table, ["$3", "$1", "$2"]).forEach((values, i) => {
          const [a, b, c] = all[i]!;
          assert([b, c, a].every((value, i) => Object.is(value, values[i])));
        });
        found += alike.length;
        Ets.delete(table);
      }),
      { numRuns: 2000, seed: 1 },
    );
    assert(found > 100, `only ${found} equal pairs were tried`);
  }));

Deno.test("Ets.match() and select() refuse patterns and bodies that are too deep or too large, before they match", () =>
  inProcess(() => {
    const table = filled("set", ["a", 1]);
    const within = (depth: number, bottom: Term, around: (term: Term) => Term) => {
      let term = bottom;
      for (let i = 0; i < depth; i++) term = around(term);
      return term;
    };
    const endless: Term[] = ["$1"];
    endless.push(endless);
    const tooLarge: [pattern: Term, name: string][] = [
      [within(100_000, "$1", (term) => [term]), "deep arrays"],
      [within(100_000, "$1", (term) => ({ term })), "deep objects"],
      [within(200, "$1", (term) => [term, term]), "shared parts"],
      [endless, "a cycle"],
    ];
    for (const [large, name] of tooLarge) {
      const [match, select] = [
        "Cannot match: expected a pattern of at most 500 levels",
        "Cannot select: expected a body of at most 500 levels",
      ];
      assertThrows(() => Ets.match(table, [_, large]), RangeError, match, name);
      assertThrows(() => Ets.select(table, [[["$1", _], [], [large]]]), RangeError, select, name);
    }
    // What has no variables is matched at any depth.
    const deep = within(100_000, 1, (term) => [term]);
    Ets.insert(table, ["b", deep]);
    assertEquals(Ets.match(table, ["$1", within(99_000, 1, (term) => [term])]), []);
    assertEquals(Ets.match(table, ["$1", within(90_000, _, (term) => [term])]), [["b"]]);
    assertEquals(Ets.match(table, [_, within(400, "$1", (term) => [term])]).length, 1);
  }));
