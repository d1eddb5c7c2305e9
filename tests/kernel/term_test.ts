/**
 * Terms: pids and references, and how terms are compared, printed and frozen.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  configureRuntime,
  equal,
  flush,
  GenServer,
  inspect,
  isAtom,
  isPid,
  isReference,
  makeRef,
  noreply,
  ok,
  Pid,
  Ref,
  self,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";
import { deepFreeze } from "../../lib/kernel/term.ts";
import { inProcess, settled } from "../helpers.ts";
import * as namespace from "../fixtures/script.ts";

// --- Pids and references ------------------------------------------------------------------------

Deno.test("Pid prints as in Erlang in every kind of output", () => {
  const pid = spawn(() => {});
  const text = `#PID<0.${pid.id}.0>`;
  assertEquals(String(pid), text);
  assertEquals(inspect(pid), text);
  assertEquals(Deno.inspect([pid]), `[ ${text} ]`);
  assertEquals(JSON.stringify({ pid }), `{"pid":"${text}"}`);
  assertEquals(pid.node, "nonode@nohost");
});

Deno.test("Pid increments its last part when the middle part overflows", () => {
  const pid = new Pid(null);
  const numbered = Object.assign(Object.create(Pid.prototype), { id: 0x8000 * 3 + 5 });
  assertEquals(String(numbered), "#PID<0.5.3>");
  assert(pid.id > 0);
});

Deno.test("Ref prints as in Erlang in every kind of output", () => {
  const ref = makeRef();
  const text = `#Reference<0.0.0.${ref.id}>`;
  assertEquals(String(ref), text);
  assertEquals(inspect({ ref }), `{ ref: ${text} }`);
  assertEquals(Deno.inspect(ref), text);
  assertEquals(JSON.stringify([ref]), `["${text}"]`);
  const numbered = Object.assign(Object.create(Ref.prototype), { id: 0x40000 * 2 + 7 });
  assertEquals(String(numbered), "#Reference<0.0.2.7>");
});

Deno.test("pids and references are unique, and usable as keys", () => {
  const pids = Array.from({ length: 1000 }, () => spawn(() => {}));
  const refs = Array.from({ length: 1000 }, makeRef);
  assertEquals(new Set(pids.map(String)).size, 1000);
  assertEquals(new Set(refs.map(String)).size, 1000);
  const map = new Map<unknown, number>();
  for (const [i, pid] of pids.entries()) map.set(pid, i);
  for (const [i, pid] of pids.entries()) assertStrictEquals(map.get(pid), i);
});

Deno.test("isPid(), isReference() and isAtom() recognise their kind of term only", () => {
  const terms = [
    spawn(() => {}),
    makeRef(),
    "atom",
    Symbol("atom"),
    "",
    5,
    null,
    undefined,
    {},
    [],
  ];
  assertEquals(terms.map(isPid).indexOf(true), 0);
  assertEquals(terms.filter(isPid).length, 1);
  assertEquals(terms.map(isReference).indexOf(true), 1);
  assertEquals(terms.filter(isReference).length, 1);
  assertEquals(terms.filter(isAtom), terms.slice(2, 5));
});

// --- Equality -----------------------------------------------------------------------------------

const plain = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: false,
});

/** A deep copy of a term. */
function copy(term: unknown): unknown {
  if (typeof term !== "object" || term === null) return term;
  if (Array.isArray(term)) return term.map(copy);
  if (term instanceof Date) return new Date(+term);
  if (term instanceof Map) return new Map([...term].map(([key, value]) => [key, copy(value)]));
  return Object.fromEntries(Object.entries(term).map(([key, value]) => [key, copy(value)]));
}

Deno.test("equal() returns true for a term and its deep copy, in both directions", () => {
  fc.assert(
    fc.property(plain, (term) => {
      const other = copy(term);
      assert(equal(term, other) && equal(other, term) && equal(term, term));
    }),
  );
});

Deno.test("equal() returns false when one part of a copy differs", () => {
  fc.assert(
    fc.property(plain, fc.array(plain), (term, more) => {
      assertFalse(equal([term, ...more], [copy(term), ...more.map(copy), "more"]));
      assertFalse(equal({ term }, { term: [copy(term)] }));
      assertFalse(equal({ term }, { term: copy(term), more }));
      assertFalse(equal({ a: term }, { b: copy(term) }));
      assertFalse(equal(new Map([["key", [term]]]), new Map([["key", term]])));
    }),
  );
});

Deno.test("equal() compares mutable objects by identity", () => {
  class Point {
    x = 1;
  }
  const [point, error, f] = [new Point(), new Error("x"), () => 1];
  for (const term of [point, error, f, namespace, self(), makeRef(), new WeakMap()]) {
    assert(equal(["x", term], ["x", term]));
  }
  assertFalse(equal(point, new Point()));
  assertFalse(equal(point, { x: 1 }));
  assertFalse(equal(error, new Error("x")));
  assertFalse(equal(f, () => 1));
  assertFalse(equal(namespace, { ...namespace }));
  assertFalse(equal([], {}));
  assertFalse(equal({}, []));
  assertFalse(equal(null, {}));
  assertFalse(equal({}, undefined));
  assertFalse(equal("1", 1));
  assert(equal(NaN, NaN));
  assert(equal(0, -0));
  assert(equal(new Uint8Array([1, 2]), new Uint8Array([1, 2])));
  assertFalse(equal(new Uint8Array([1, 2]), new Uint8Array([1, 2, 3])));
  assertFalse(equal(new Uint8Array([1, 2]), [1, 2]));
  assert(equal(new Set(["a", "b"]), new Set(["b", "a"])));
  assertFalse(equal(new Set(["a"]), new Set(["b"])));
  assertFalse(equal(new Set(["a"]), new Map([["a", "a"]])));
});

// --- Printing -----------------------------------------------------------------------------------

Deno.test("inspect() prints a term on one line", () => {
  class Point {
    constructor(readonly x: number, readonly y: number) {}
  }
  class Empty {}
  function named() {}
  const cyclic: unknown[] = [1];
  cyclic.push(cyclic);
  const printed: [unknown, string][] = [
    ["text", '"text"'],
    ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
    [5, "5"],
    [5n, "5n"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("atom"), "Symbol(atom)"],
    [[], "[]"],
    [["reply", [1, 2], {}], '["reply", [1, 2], {}]'],
    [{ a: 1, "b c": { d: "e" } }, '{ a: 1, "b c": { d: "e" } }'],
    [Object.assign(Object.create(null), { a: 1 }), "{ a: 1 }"],
    [new Point(1, 2), "Point { x: 1, y: 2 }"],
    [new Empty(), "Empty {}"],
    [new Map([["k", [1]]]), 'Map{"k" => [1]}'],
    [new Set([1, "a"]), 'Set{1, "a"}'],
    [new Date(0), "Date(1970-01-01T00:00:00.000Z)"],
    [new Date(NaN), "Date(invalid)"],
    [/a+/g, "/a+/g"],
    [new Uint8Array([1, 255]), "<<1, 255>>"],
    [new RangeError("too far"), "RangeError: too far"],
    [named, "[function named]"],
    [() => {}, "[function anonymous]"],
    [Point, "[class Point]"],
    [namespace, "[module failure]"],
    [cyclic, "[1, [circular]]"],
    [[[[[[[["deep"]]]]]]], "[[[[[[[...]]]]]]]"],
    [
      { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } },
      "{ a: { a: { a: { a: { a: { a: {...} } } } } } }",
    ],
  ];
  for (const [term, text] of printed) assertEquals(inspect(term), text);
});

Deno.test("inspect() shows the first 50 items of a collection", () => {
  const text = inspect(Array.from({ length: 60 }, (_, i) => i));
  assert(text.endsWith("48, 49, ...]"));
  assertFalse(inspect(Array.from({ length: 50 }, (_, i) => i)).includes("..."));
});

Deno.test("inspect() never throws", () => {
  const hostile = {
    get broken() {
      throw new Error("getter");
    },
  };
  assertEquals(inspect(hostile), "{ broken: [unprintable: getter] }");
  assertEquals(inspect(["x", hostile]), '["x", { broken: [unprintable: getter] }]');
  const odd = new Proxy({}, {
    getPrototypeOf() {
      throw new Error("trap");
    },
  });
  assertEquals(typeof inspect([odd]), "string");
  fc.assert(fc.property(fc.anything({ withBoxedValues: true, withSparseArray: true }), (term) => {
    assertFalse(inspect(term).includes("\n"));
  }));
});

// --- Freezing -----------------------------------------------------------------------------------

Deno.test("deepFreeze() deeply freezes arrays and plain objects, but no instance of a class", () => {
  class Handle {
    open = true;
  }
  const handle = new Handle();
  const inner = { list: [1, { deep: true }] };
  const term = ["tuple", inner, new Map([["key", { value: 1 }]]), new Set([inner]), handle, self()];
  assertStrictEquals(deepFreeze(term), term);
  assertThrows(() => term.push("more"), TypeError);
  assertThrows(() => inner.list.push(1), TypeError);
  assertThrows(() => (inner.list[1] as { deep: boolean }).deep = false, TypeError);
  assert(Object.isFrozen((term[2] as Map<string, unknown>).get("key")));
  handle.open = false;
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  assert(Object.isFrozen(deepFreeze(cyclic)));
  for (const value of [1, "a", null, undefined, () => {}]) {
    assertStrictEquals(deepFreeze(value), value);
  }
});

Deno.test("configureRuntime() with freezeMessages makes changing a sent message throw", async () => {
  await inProcess(async () => {
    const server = unwrap(
      await GenServer.startLink({
        init: () => ok(0),
        handleCast: (_request: unknown, state: number) => noreply(state),
      }, undefined),
    );
    const attempts = [
      (message: unknown) => send(self(), message),
      (message: unknown) => GenServer.cast(server, message),
    ];
    for (const attempt of attempts) {
      const before = { list: [1] };
      attempt(before);
      before.list.push(2);
      configureRuntime({ freezeMessages: true });
      try {
        const after = { list: [1] };
        attempt(after);
        assertThrows(() => after.list.push(2), TypeError);
      } finally {
        configureRuntime({ freezeMessages: false });
      }
    }
    await settled();
    assertEquals(flush(), [{ list: [1, 2] }, { list: [1] }]);
  });
});
