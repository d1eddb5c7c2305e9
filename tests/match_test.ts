/**
 * Patterns, and the equality behind them.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import { _, isPid, isReference, makeRef, matches, spawn } from "../mod.ts";

const pid = spawn(() => {});
const other = spawn(() => {});
const ref = makeRef();

const FITTING: Record<string, readonly (readonly [pattern: unknown, term: unknown])[]> = {
  "the wildcard fits anything": [[_, 1], [_, undefined], [_, ["a"]], [[_, _], [1, [2]]]],
  "values fit what is equal": [
    ["a", "a"],
    [1, 1],
    [NaN, NaN],
    [null, null],
    [undefined, undefined],
    [1n, 1n],
    [true, true],
    [new Date(5), new Date(5)],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [new Map([["k", [1]]]), new Map([["k", [1]]])],
    [new Set([1, 2]), new Set([2, 1])],
  ],
  "a pid or reference fits itself": [[pid, pid], [ref, ref], [["x", pid, ref], ["x", pid, ref]]],
  "an array fits item by item": [
    [[], []],
    [["a", _, ["b", _]], ["a", 1, ["b", 2]]],
    [[isPid, isReference], [pid, ref]],
  ],
  "an object fits one that has its keys": [
    [{}, { any: "thing" }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: { b: _ } }, { a: { b: undefined } }],
    [{ size: isFinite }, { size: 3 }],
  ],
  "a guard fits what it answers true for": [
    [(term: number) => term > 3, 5],
    [["age", (term: number) => term > 3], ["age", 4]],
  ],
};

const UNFITTING: Record<string, readonly (readonly [pattern: unknown, term: unknown])[]> = {
  "values do not fit what differs": [
    ["a", "b"],
    [1, "1"],
    [0, false],
    [null, undefined],
    [undefined, null],
    [1n, 1],
    [Symbol("a"), Symbol("a")],
    [new Date(5), new Date(6)],
    [new Date(5), 5],
    [new Uint8Array([1]), [1]],
    [new Map([["k", 1]]), new Map([["k", 2]])],
    [new Map([["k", undefined]]), new Map([["l", undefined]])],
    [new Set([1]), new Set([1, 2])],
    [new Error("x"), new Error("x")],
  ],
  "a pid or reference does not fit another": [
    [pid, other],
    [ref, makeRef()],
    [pid, String(pid)],
    [pid, { ...pid }],
  ],
  "an array does not fit another length or kind": [
    [[], [undefined]],
    [["a", _], ["a"]],
    [["a"], ["a", 1]],
    [[], {}],
    [["a"], "a"],
    [[_], null],
  ],
  "an object does not fit one that lacks a key": [
    [{ a: _ }, {}],
    [{ a: undefined }, {}],
    [{ a: 1 }, { a: 2 }],
    [{ a: _ }, null],
    [{ length: _ }, "text"],
    [{ toString: _ }, {}],
  ],
  "a guard does not fit what it answers false for": [[(term: number) => term > 3, 3]],
};

for (const [behaviour, cases] of Object.entries(FITTING)) {
  Deno.test(`matches() ${behaviour}`, () => {
    for (const [pattern, term] of cases) assert(matches(pattern, term), describe(pattern, term));
  });
}

for (const [behaviour, cases] of Object.entries(UNFITTING)) {
  Deno.test(`matches() ${behaviour}`, () => {
    for (const [pattern, term] of cases) {
      assertFalse(matches(pattern, term), describe(pattern, term));
    }
  });
}

const describe = (pattern: unknown, term: unknown) =>
  `${Deno.inspect(pattern)} and ${Deno.inspect(term)}`;

Deno.test("matches() returns false when a guard throws, as in Erlang", () => {
  let calls = 0;
  const guard = (): boolean => {
    calls++;
    throw new Error("bad guard");
  };
  assertFalse(matches(["a", guard], ["a", 1]));
  assertFalse(matches(guard, 1));
  assertEquals(calls, 2);
});

Deno.test("matches() returns false for a term that cannot be read, unless nothing of it is read", () => {
  const { proxy, revoke } = Proxy.revocable<unknown[]>([], {});
  revoke();
  for (const pattern of [[_], { a: _ }, "a", ["a"], new Map()]) {
    assertFalse(matches(pattern, proxy));
    assertFalse(matches(["tag", pattern], ["tag", proxy]));
  }
  assert(matches(_, proxy));
  assert(matches(["tag", _], ["tag", proxy]));
  assert(matches(() => true, proxy));
});

Deno.test("matches() matches patterns and terms of any depth, and those that contain themselves", () => {
  const nested = (bottom: unknown) => {
    let term = bottom;
    for (let i = 0; i < 50_000; i++) term = i % 2 === 0 ? [term] : { term };
    return term;
  };
  assert(matches(nested(_), nested("bottom")));
  assert(matches(nested("bottom"), nested("bottom")));
  assertFalse(matches(nested("bottom"), nested("another")));
  const cycle = (): unknown[] => {
    const term: unknown[] = ["a"];
    term.push(term);
    return term;
  };
  assert(matches(cycle(), cycle()));
  assertFalse(matches(["a", cycle(), "b"], ["a", cycle(), "c"]));
});

Deno.test("matches() narrows the type of what it matches", () => {
  const term: unknown = ["state", pid, 42];
  assert(matches(["state", isPid, _], term));
  const tag: "state" = term[0];
  assertEquals([tag, term[1].node, term[2]], ["state", "nonode@nohost", 42]);
});
