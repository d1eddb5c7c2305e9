/**
 * Traversals of a table whose functions change it: what they visit, and that they end.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { _, Ets, type Pid, Process, receive, self, send, spawn, type Term } from "../mod.ts";
import { inProcess } from "./helpers.ts";

/** More calls than any traversal here may make: one that does not end fails instead of hanging. */
const ENDLESS = 1000;

const TYPES = ["set", "ordered_set", "bag", "duplicate_bag"] as const;

type Row = [key: Term, ...Term[]];
type Table = Ets.Table<Row, "set">;

function filled(type: Ets.TableType, ...rows: readonly Row[]): Table {
  const table = Ets.new<Row>("t", { type, protection: "public" } as { type: "set" });
  Ets.insert(table, ...rows);
  return table;
}

/** Returns a function that counts its calls, runs `change` and returns `true`. */
function counted(change: (calls: number) => void) {
  const fun = (): true => {
    if (++fun.calls > ENDLESS) throw new Error("endless");
    change(fun.calls);
    return true;
  };
  fun.calls = 0;
  return fun;
}

/** All parts of a query with a limit, as one list. */
function allParts(first: Ets.Part<unknown>): unknown[] {
  const results: unknown[] = [];
  for (let part = first; part !== "$end_of_table"; part = Ets.select(part[1])) {
    results.push(...part[0]);
  }
  return results;
}

/** Every traversal that runs functions of the user's, with `fun` in the place of one. */
const TRAVERSALS: Readonly<Record<string, (table: Table, fun: () => true) => unknown>> = {
  "foldl()": (table, fun) => Ets.foldl(() => fun(), 0 as unknown, table),
  "foldr()": (table, fun) => Ets.foldr(() => fun(), 0 as unknown, table),
  "match() with a predicate": (table, fun) => Ets.match(table, ["$1", fun]),
  "matchObject() with a predicate": (table, fun) => Ets.matchObject(table, [_, fun]),
  "matchObject() with a limit": (table, fun) => allParts(Ets.matchObject(table, [_, fun], 1)),
  "select() with a guard": (table, fun) => Ets.select(table, [[[_, _], [fun]]]),
  "select() with a body": (table, fun) => Ets.select(table, [[[_, _], [], fun]]),
  "select() with a limit": (table, fun) => allParts(Ets.select(table, [[[_, _], [], fun]], 2)),
  "select() with a limit and no result": (table, fun) =>
    allParts(Ets.select(table, [[[_, _], [() => !fun()]]], 1)),
  "selectReverse()": (table, fun) => Ets.selectReverse(table, [[[_, _], [], fun]]),
  "selectReverse() with a limit": (table, fun) =>
    allParts(Ets.selectReverse(table, [[[_, _], [fun]]], 1)),
  "selectCount()": (table, fun) => Ets.selectCount(table, [[[_, _], [fun]]]),
};

/** Those that change the table in the end. */
const CHANGES: typeof TRAVERSALS = {
  "matchDelete()": (table, fun) => Ets.matchDelete(table, [_, fun]),
  "selectDelete()": (table, fun) => Ets.selectDelete(table, [[[_, _], [fun]]]),
  "selectReplace()": (table, fun) =>
    Ets.selectReplace(table, [[[_, _], [fun], ([key]) => [key, "replaced"]]]),
};

const ALL = Object.entries({ ...TRAVERSALS, ...CHANGES });

Deno.test("Ets does not visit what the functions of a traversal insert, at any place", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const [name, traverse] of ALL) {
        if (type === "bag" && name === "selectReplace()") continue; // refused
        const table = filled(type, [1, "a"], [2, "b"], [3, "c"]);
        const fun = counted((calls) => {
          const near = 1 / (calls + 1);
          for (const key of [calls + 3, -calls, 1 + near, 2 - near, 2 + near]) {
            Ets.insert(table, [key, "new"]);
          }
        });
        traverse(table, fun);
        assertEquals(fun.calls, 3, `${name} of ${type}`);
        Ets.delete(table);
      }
    }
  }));

Deno.test("Ets does not visit an object again that the functions of a traversal replace", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const [name, traverse] of ALL) {
        if (type === "bag" && name === "selectReplace()") continue; // refused
        const table = filled(type, [1, "a"]);
        const fun = counted((calls) => {
          Ets.delete(table, 1);
          Ets.insert(table, [1, calls]);
        });
        traverse(table, fun);
        assertEquals([fun.calls, Ets.tab2list(table)], [1, [[1, 1]]], `${name} of ${type}`);
        Ets.delete(table);
      }
    }
  }));

Deno.test("Ets throws when a function of a traversal deletes the table, or ends its owner", () =>
  inProcess(async () => {
    for (const type of TYPES) {
      for (const [name, traverse] of ALL) {
        if (type === "bag" && name === "selectReplace()") continue; // refused
        const parent = self();
        const owner: Pid = spawn(async () => {
          send(parent, filled(type, [1, "a"], [2, "b"]));
          await receive();
        });
        const ends: [Table, () => void][] = [];
        const own = filled(type, [1, "a"], [2, "b"]);
        ends.push([own, () => Ets.delete(own)]);
        ends.push([await receive() as Table, () => Process.exit(owner, "kill")]);
        for (const [table, end] of ends) {
          const fun = counted(end);
          const what = `${name} of ${type}`;
          assertThrows(() => traverse(table, fun), TypeError, "there is no such table", what);
          assertEquals(fun.calls, 1, what);
        }
      }
    }
  }));

/** The traversals in which the function is no guard or predicate: what it throws is thrown to the caller. */
const THROWING = new Set([
  "foldl()",
  "foldr()",
  "select() with a body",
  "select() with a limit",
  "selectReverse()",
]);

Deno.test("Ets throws what the bodies and folding functions of a traversal throw, and changes nothing", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const [name, traverse] of ALL.filter(([name]) => THROWING.has(name))) {
        const table = filled(type, [1, "a"], [2, "b"]);
        const fun = counted((calls) => {
          if (calls === 2) throw new RangeError(name);
        });
        assertThrows(() => traverse(table, fun), RangeError, name);
        assertEquals(Ets.tab2list(table), [[1, "a"], [2, "b"]], `${name} of ${type}`);
      }
    }
  }));

Deno.test("Ets passes over an object for which a guard or predicate of a traversal throws", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const [name, traverse] of ALL.filter(([name]) => !THROWING.has(name))) {
        if (type === "bag" && name === "selectReplace()") continue; // refused
        const table = filled(type, [1, "a"], [2, "b"]);
        const fun = counted((calls) => {
          if (calls === 2) throw new RangeError(name);
        });
        traverse(table, fun);
        assertEquals(fun.calls, 2);
        const first = name === "selectReplace()"
          ? [[1, "replaced"]]
          : name in CHANGES
          ? []
          : [[1, "a"]];
        assertEquals(Ets.tab2list(table), [...first, [2, "b"]] as Row[], `${name} of ${type}`);
      }
    }
  }));

Deno.test("Ets visits what remains, in order, whatever the functions of a traversal change", () =>
  inProcess(() => {
    const key = fc.integer({ min: 0, max: 20 });
    const change = fc.tuple(fc.constantFrom("insert", "delete", "clear"), key);
    for (const type of TYPES) {
      for (const backwards of [false, true]) {
        fc.assert(
          fc.property(
            fc.uniqueArray(key),
            fc.array(fc.array(change, { maxLength: 4 })),
            fc.boolean(),
            (keys, changes, isFixed) => {
              const table = filled(type, ...keys.map((key): Row => [key, "old"]));
              // In a fixed table a key that is deleted and inserted again keeps its place.
              if (isFixed) Ets.safeFixtable(table, true);
              const present = new Set(keys);
              const left = [...changes];
              const visited: number[] = [];
              const visit = ([key]: Readonly<Row>) => {
                if (key !== visited.at(-1)) { // else a bag's second object with the key
                  assert(Ets.member(table, key));
                  visited.push(key as number);
                }
                for (const [what, which] of left.shift() ?? []) {
                  if (what === "insert") Ets.insert(table, [which, "new"]);
                  else if (what === "delete") Ets.delete(table, which);
                  else Ets.deleteAllObjects(table);
                  if (what === "delete") present.delete(which);
                  else if (what === "clear") present.clear();
                }
              };
              if (backwards) Ets.foldr(visit, undefined as unknown, table);
              else Ets.foldl(visit, undefined as unknown, table);
              const order = type === "ordered_set" ? keys.toSorted((a, b) => a - b) : keys;
              if (backwards) order.reverse();
              assertEquals(
                visited,
                order.filter((key) => visited.includes(key)),
                "each at most once, in order",
              );
              for (const key of present) assert(visited.includes(key));
              Ets.delete(table);
            },
          ),
        );
      }
    }
  }));

Deno.test("Ets.select() with a limit does not visit what is inserted between its parts", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = filled(type, [1, 0], [2, 0], [3, 0]);
      const keys: unknown[] = [];
      let part: Ets.Part<unknown> = Ets.select(table, [[["$1", _], [], ["$1"]]], 1);
      for (let next = 4; part !== "$end_of_table"; part = Ets.select(part[1])) {
        keys.push(...part[0]);
        Ets.insert(table, [next++, 0]);
        assert(next < ENDLESS);
      }
      assertEquals(keys, [1, 2, 3]);
    }
  }));

Deno.test("Ets.selectDelete() and selectReplace() leave alone what their functions have changed", () =>
  inProcess(() => {
    for (const type of ["set", "ordered_set", "duplicate_bag"] as const) {
      const rows: Row[] = [["a", 1], ["b", 2], ["c", 3], ["d", 4]];
      const disturb = (table: Table) =>
        counted((calls) => {
          if (calls > 1) return;
          Ets.delete(table, "b");
          Ets.delete(table, "c");
          Ets.insert(table, ["c", "new"]);
        });
      const deleted = filled(type, ...rows);
      assertEquals(Ets.selectDelete(deleted, [[[_, _], [disturb(deleted)]]]), 2);
      assertEquals(Ets.tab2list(deleted), [["c", "new"]]);

      const replaced = filled(type, ...rows);
      const spec = [[[_, _], [disturb(replaced)], ([key]: Readonly<Row>) => [key, "x"]]] as const;
      assertEquals(Ets.selectReplace(replaced, spec), 2);
      assertEquals(Ets.tab2list(replaced).toSorted(), [["a", "x"], ["c", "new"], ["d", "x"]]);
    }
  }));

Deno.test("Ets.selectDelete() keeps an object that its functions add to a bag, and deletes the others", () =>
  inProcess(() => {
    for (const type of ["bag", "duplicate_bag"] as const) {
      const table = filled(type, ["a", 1], ["a", 2], ["a", 3]);
      const isOdd = ([, number]: Readonly<Row>) => {
        if (number === 1) Ets.insert(table, ["a", 5]);
        return number as number % 2 === 1;
      };
      assertEquals(Ets.selectDelete(table, [[[_, _], [isOdd]]]), 2);
      assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[["a", 2], ["a", 5]], 2]);
    }
  }));

Deno.test("Ets.select() keeps the values of a part's variables while its guard runs another part", () =>
  inProcess(() => {
    const table = filled("ordered_set", [1, "a"], [2, "b"], [3, "c"]);
    let other: (() => void) | undefined;
    const guard = () => {
      const run = other;
      other = undefined;
      run?.();
      return true;
    };
    const results = (part: Ets.Part<unknown>) => part === "$end_of_table" ? [] : part[0];
    const first = Ets.select(table, [[["$1", "$2"], [guard], ["$$"]]], 1);
    assert(first !== "$end_of_table");
    const second = Ets.select(first[1]);
    assert(second !== "$end_of_table");
    other = () => assertEquals(results(Ets.select(first[1])), [[2, "b"]]);
    assertEquals(results(Ets.select(second[1])), [[3, "c"]]);
    assertEquals(other, undefined);
  }));
