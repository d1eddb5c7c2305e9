import { assertEquals, assertThrows } from "@std/assert";
import type { Term } from "../../../lib/kernel/term.ts";
import { compareAtoms, compareTerms } from "../../../lib/node/etf/order.ts";
import { bin, BitString, Export, float, ImproperList, list } from "../../../lib/node/terms.ts";
import { fun, identities, port, ref } from "./support.ts";

const pidOf = (node: string, id: number, serial: number, creation: number) =>
  identities.pid({ node, id, serial, creation });
const refOf = (node: string, creation: number, ...words: number[]) =>
  identities.ref({ node, creation, words });

/** Terms in Erlang's order, no two of them equal. */
const ordered: Term[] = [
  ...[-(2n ** 70n), -1e10, -1, 0, 1, 1.5, 2 ** 53, 2n ** 53n + 1n, 1e300],
  ...["", "a", "ab", "b", false, null, true, undefined, "z", "\ufffd", "\u{1f600}"],
  ...[refOf("a@a", 9, 9, 9, 9), ref, refOf("b@b", 1, 9, 1, 1), refOf("b@b", 1, 1, 2, 1)],
  ...[fun([1]), fun([2]), fun([1, 1]), new Export("l", "m", 9), new Export("m", "f", 1)],
  port,
  ...[pidOf("b@b", 1, 0, 1), pidOf("a@b", 2, 0, 9), pidOf("b@b", 2, 0, 1), pidOf("b@b", 2, 0, 2)],
  pidOf("a@b", 1, 1, 1),
  ...[[], ["b"], ["a", "a"], ["a", "b"]],
  ...[new Map(), new Map([[2, 1]]), new Map([[2, 2]]), new Map([[1.5, 1]]), new Map([["a", 1]])],
  ...[list(), list([1]), list([1, 1]), new ImproperList([1], bin("")), list([2]), list(["a"])],
  ...[bin(""), new BitString(Uint8Array.of(0), 1), bin("\0"), bin("a"), bin("ab"), bin("b")],
];

Deno.test("compareTerms() has Erlang's order of terms", () => {
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assertEquals(Math.sign(compareTerms(a, b, identities)), Math.sign(i - j), `${i} ${j}`);
    }
  }
});

Deno.test("compareTerms() finds numbers equal that are an integer and a float", () => {
  assertEquals(compareTerms([1, 2n ** 60n], [float(1), 2 ** 60], identities), 0);
  assertEquals(compareTerms(0, -0, identities), 0);
  assertEquals(compareTerms({ a: 1 }, new Map([["a", 1]]), identities), 0);
});

Deno.test("compareTerms() puts keys of maps that are integers before those that are floats", () => {
  const before = new Map([[2, 1]]);
  const after = new Map([[float(1), 1]]);
  assertEquals(compareTerms(before, after, identities) < 0, true);
});

Deno.test("compareTerms() compares terms that are nested deeply", () => {
  const nested = (end: Term) => {
    let term = end;
    for (let i = 0; i < 100_000; i++) term = [term];
    return term;
  };
  assertEquals(compareTerms(nested(1), nested(2), identities), -1);
});

Deno.test("compareTerms() throws a TypeError for a value that is not an Erlang term", () => {
  for (const term of [() => {}, new Date(), new Set()]) {
    assertThrows(() => compareTerms(1, term, identities), TypeError, "not an Erlang term");
  }
});

Deno.test("compareAtoms() compares code points, not halves of surrogate pairs", () => {
  assertEquals(["\u{1f600}", "\ufffd", "b", "a", "ab"].sort(compareAtoms), [
    "a",
    "ab",
    "b",
    "\ufffd",
    "\u{1f600}",
  ]);
});
