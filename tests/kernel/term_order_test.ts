import { equal, makeRef, self, spawn, type Term } from "@denotp/otp";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compare } from "../../lib/kernel/term_order.ts";
import { terms } from "../fixtures/terms.ts";

const [pid, laterPid] = [self(), spawn(() => {})];
const [ref, laterRef] = [makeRef(), makeRef()];
const [fun, laterFun] = [() => 1, () => 1];
const [error, laterError] = [new Error("e"), new Error("e")];
const [symbol, laterSymbol] = [Symbol("b"), Symbol("b")];
// Functions and other objects are ordered by their first comparison.
for (const each of [fun, laterFun, error, laterError, symbol, laterSymbol]) compare(each, ref);
compare(fun, laterFun);
compare(error, laterError);
compare(symbol, laterSymbol);

/** Terms in ascending order. */
const ORDER: readonly Term[] = [
  -Infinity,
  -1,
  0,
  1,
  1.5,
  2n,
  2 ** 53,
  2n ** 53n + 1n,
  Infinity,
  NaN,
  "",
  "B",
  "a",
  "b",
  Symbol.for("b"),
  symbol,
  laterSymbol,
  "ba",
  false,
  "n",
  null,
  "true",
  true,
  undefined,
  ref,
  laterRef,
  fun,
  laterFun,
  pid,
  laterPid,
  [],
  [9],
  ["a"],
  [[]],
  [1, 1],
  [1, 2],
  ["a", 0],
  [0, 0, 0],
  {},
  { a: 2 },
  { b: 1 },
  { a: 1, b: 2 },
  { b: 1, a: 2 },
  { a: 0, c: 0 },
  new Map(),
  new Map<Term, Term>([["a", 1]]),
  new Map<Term, Term>([["a", 2]]),
  new Map<Term, Term>([[2, 1], [1, 2]]),
  new Set(),
  new Set(["a"]),
  new Set([2, 1]),
  new Set([1, "a"]),
  new Set([undefined, "z"]),
  new Set(["v", "w"]),
  new Date(-1),
  new Date(1),
  error,
  laterError,
  new Uint8Array([]),
  new Uint8Array([1]),
  new Uint8Array([1, 0]),
  new Uint8Array([2]),
];

Deno.test("compare() orders terms as Erlang does", () => {
  ORDER.forEach((a, i) =>
    ORDER.forEach((b, j) => {
      const message = `${Deno.inspect(a)} and ${Deno.inspect(b)}`;
      assertEquals(Math.sign(compare(a, b)), Math.sign(i - j), message);
    })
  );
});

Deno.test("compare() returns 0 for numbers and bigints of the same value only", () => {
  for (const [a, b] of [[1, 1n], [0, -0], [2 ** 60, 2n ** 60n], [[1, { a: 2n }], [1n, { a: 2 }]]]) {
    assertEquals([compare(a, b), compare(b, a)], [0, 0]);
  }
  assert(compare(2 ** 53, 2n ** 53n + 1n) < 0);
  assert(compare(NaN, 10n ** 400n) > 0);
});

Deno.test("compare() is a total order in which equal terms compare as 0", () => {
  const sign = (a: Term, b: Term) => Math.sign(compare(a, b));
  fc.assert(
    fc.property(terms, terms, terms, (a, b, c) => {
      assertEquals(sign(a, a), 0);
      assertEquals(sign(a, b) + sign(b, a), 0);
      if (equal(a, b)) assertEquals(sign(a, b), 0);
      const sorted = [[a], [b], [c]].sort(([a], [b]) => compare(a, b)); // boxed: undefined goes last
      const [first, second, third] = sorted.flat(1);
      assert(sign(first, second) <= 0 && sign(second, third) <= 0 && sign(first, third) <= 0);
      // Terms that compare as 0 compare alike with all others.
      if (sign(a, b) === 0) assertEquals(sign(a, c), sign(b, c));
    }),
    { numRuns: 20_000, seed: 1 },
  );
});

/** Without bigints, and without Maps and Sets, whose members are compared by identity. */
const plain: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom<Term>("", "a", "b", 0, 1, NaN, true, null, undefined, pid, laterPid, ref, fun),
    fc.constantFrom<Term>("true", "null", Symbol.for("a"), symbol, laterSymbol, error, laterError),
    fc.array(tie("term"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", ""), tie("term"), { maxKeys: 3 }),
    fc.uint8Array({ max: 1, maxLength: 2 }),
    fc.constantFrom(0, 1).map((time) => new Date(time)),
  ),
})).term;

Deno.test("compare() returns 0 only for equal terms, apart from bigints and keys of Maps", () => {
  let equals = 0;
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      if (equal(a, b)) equals++;
      return (compare(a, b) === 0) === equal(a, b);
    }),
    { numRuns: 20_000, seed: 1 },
  );
  assert(equals > 100, `only ${equals} pairs of equal terms were tried`);
});
