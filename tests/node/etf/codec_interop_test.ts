/**
 * The codec against a real Erlang. Where that cannot be run, these tests are ignored.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import type { Term } from "../../../lib/kernel/term.ts";
import { binaryToTerm, termToBinary } from "../../../lib/node/etf/binary.ts";
import { compareTerms } from "../../../lib/node/etf/order.ts";
import { bin, Fun, list, sameTerm } from "../../../lib/node/terms.ts";
import { Erl, hasErl } from "./erl.ts";
import {
  decode,
  encode,
  exact,
  exactTerms,
  exports,
  fun,
  hex,
  identities,
  natural,
  own,
  pids,
  ports,
  refs,
} from "./support.ts";

const ignore = !hasErl;
const why = hasErl ? "" : " (ignored: erl cannot be run here)";

Deno.test({
  name:
    `encodeTerm() sends random terms that Erlang finds the same (=:=) when it sent them back${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    for (const term of fc.sample(exactTerms, 300)) {
      const echo = await erl.ask("echo", encode(term, exact)) as Uint8Array;
      assertInstanceOf(echo, Uint8Array, `refused ${hex(encode(term, exact))}`);
      const again = decode(echo, exact);
      assert(sameTerm(again, term), hex(encode(term, exact)));
      assertEquals(await erl.ask("same", [term, again]), true);
    }
  },
});

Deno.test({
  name: `encodeTerm() sends bytes that Erlang takes in every mapping${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    const message = [
      "tag",
      "text",
      { a: [1.5, -0, 2n ** 70n], "": null },
      new Map<Term, Term>([["k", "v"], [1, undefined]]),
      list(["a", [true]]),
      "x".repeat(300),
      new RangeError("boom"),
    ];
    const data = [
      NaN,
      Infinity,
      5n,
      "\ud800",
      new Set([1, [2]]),
      new Date(0),
      /a/g,
      new Float32Array(3),
      Symbol(),
    ];
    for (const bytes of [encode(message, natural), encode([message, data], own)]) {
      assertInstanceOf(await erl.ask("echo", bytes), Uint8Array, hex(bytes));
    }
  },
});

Deno.test({
  name: `encodeTerm() sends lists of any length as Erlang has them${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    for (const length of [0, 1, 255, 256, 65535, 65536]) {
      for (const item of [7, 256]) {
        const made = list(new Array(length).fill(item));
        const bytes = encode(made, exact);
        assertEquals(hex(await erl.ask("echo", bytes) as Uint8Array), hex(bytes));
      }
    }
  },
});

Deno.test({
  name: `decodeTerm() keeps a fun that Erlang made so that it is the same (=:=) there${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    const made = await erl.ask("make_fun") as Fun;
    assertInstanceOf(made, Fun);
    assertEquals(await erl.ask("same", [made, made]), true);
    assertEquals(await erl.ask("module", made), "erl_eval");
    const bytes = encode(made, exact);
    assertEquals(hex(await erl.ask("echo", bytes) as Uint8Array).length, hex(bytes).length);
  },
});

/** Terms whose order is full of borders. */
const close = fc.oneof(
  fc.constantFrom<Term>(
    1,
    1n * 2n ** 64n,
    -(2n ** 64n),
    1.5,
    -0,
    2 ** 53,
    1e300,
    -1e300,
    2n ** 53n + 1n,
  ),
  fc.constantFrom<Term>("a", "ab", "\uffff", "\u{1f600}", "", true, false, null, undefined),
  fc.constantFrom<Term>([], ["a"], ["a", 1], list(), list([1]), list([1, 2]), list("a")),
  fc.constantFrom<Term>(bin(""), bin("a"), bin("ab"), fun([1]), fun([2]), fun([1, 2])),
  fc.constantFrom<Term>(new Map(), new Map([[1, 2]]), new Map<Term, Term>([[1, 1], [1.5, 1]])),
  pids,
  refs,
  ports,
  exports,
);

Deno.test({
  name: `compareTerms() sorts random terms as lists:sort does${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    const some = fc.array(fc.oneof(close, exactTerms), { minLength: 2, maxLength: 30 });
    const alike = fc.oneof(...[pids, refs, ports, exports].map((one) => {
      return fc.array<Term>(one, { minLength: 2, maxLength: 20 });
    }));
    for (const terms of fc.sample(fc.oneof(some, alike), 300)) {
      const sorted = await erl.ask("sort", list(terms)) as Term[];
      for (let i = 1; i < sorted.length; i++) {
        const order = compareTerms(sorted[i - 1], sorted[i], identities);
        assert(order <= 0, `${hex(encode(sorted[i - 1], exact))} ${hex(encode(sorted[i], exact))}`);
        assertEquals(
          Math.sign(compareTerms(sorted[i], sorted[i - 1], identities)),
          order === 0 ? 0 : 1,
        );
        assertEquals(order === 0, await erl.ask("equal", [sorted[i - 1], sorted[i]]));
      }
    }
  },
});

Deno.test({
  name: `termToBinary() and binaryToTerm() exchange compressed terms with Erlang${why}`,
  ignore,
  fn: async () => {
    await using erl = new Erl();
    const term = list(new Array(1000).fill(["ok", 1.5, bin("again and again")]));
    const options = { mapping: "exact", identities } as const;
    for (const level of [0, 1, 6, 9]) {
      const theirs = await erl.ask("binary", term, list([["compressed", level]])) as Uint8Array;
      assertEquals(theirs[1] === 80, level > 0);
      assertEquals(binaryToTerm(theirs, options), term);
      const ours = termToBinary(term, { ...options, compressed: level });
      assertEquals(ours[1] === 80, level > 0);
      assertEquals(await erl.ask("term", ours), term);
    }
  },
});
