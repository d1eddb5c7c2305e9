import { assertEquals, assertThrows } from "@std/assert";
import { binaryToTerm, termToBinary } from "../../../lib/node/etf/binary.ts";
import { DecodeError, EncodeError } from "../../../lib/node/etf/bytes.ts";
import { list } from "../../../lib/node/terms.ts";
import { hex, identities, pid, ref, unhex } from "./support.ts";

const long = list(new Array(500).fill(["ok", "again and again"]));

Deno.test("termToBinary() and binaryToTerm() use the natural mapping by default", () => {
  assertEquals(hex(termToBinary(["ok", "text"])), "8368027702" + "6f6b" + "6d0000000474657874");
  assertEquals(binaryToTerm(termToBinary(["ok", { a: 1 }])), ["ok", { a: 1 }]);
  assertEquals(
    binaryToTerm(termToBinary(new Set([NaN]), { mapping: "own" }), { mapping: "own" }),
    new Set([NaN]),
  );
});

Deno.test("termToBinary() compresses only what becomes shorter by it", () => {
  const compressed = termToBinary(long, { compressed: true });
  assertEquals(compressed.length < termToBinary(long).length / 10, true);
  assertEquals(binaryToTerm(compressed), long);
  assertEquals(termToBinary("x", { compressed: 9 }), termToBinary("x"));
  assertEquals(termToBinary(long, { compressed: 0 }), termToBinary(long));
});

Deno.test("termToBinary() throws a RangeError for a level that there is not", () => {
  for (const compressed of [-1, 10, 1.5, NaN]) {
    assertThrows(() => termToBinary(1, { compressed }), RangeError, "expected a level from 0 to 9");
  }
});

Deno.test("termToBinary() and binaryToTerm() need identities for pids and references", () => {
  const bytes = termToBinary([pid, ref], { identities });
  assertEquals(binaryToTerm(bytes, { identities }), [pid, ref]);
  assertThrows(() => termToBinary(["a", pid]), EncodeError, 'a pid needs the option "identities"');
  assertThrows(() => termToBinary(ref), EncodeError, "a reference needs");
  assertThrows(() => binaryToTerm(bytes), DecodeError, "a pid needs");
});

Deno.test("binaryToTerm() throws a DecodeError for an incomplete term", () => {
  assertThrows(() => binaryToTerm(unhex("")), DecodeError, "at byte 0");
  assertThrows(() => binaryToTerm(unhex("6101")), DecodeError, "begins with the byte 131");
  assertThrows(
    () => binaryToTerm(unhex("83610161")),
    DecodeError,
    "1 bytes after the term at byte 3",
  );
});

Deno.test("binaryToTerm() inflates no more than its limit, whatever the header says", () => {
  const compressed = termToBinary(long, { compressed: true });
  const size = termToBinary(long).length - 1;
  assertEquals(binaryToTerm(compressed, { limits: { inflatedBytes: size } }), long);
  assertThrows(
    () => binaryToTerm(compressed, { limits: { inflatedBytes: size - 1 } }),
    DecodeError,
    "are allowed",
  );
  for (const lie of [0, 10, size - 1, size + 1, 2 ** 31]) {
    const bytes = compressed.slice();
    new DataView(bytes.buffer).setUint32(2, lie);
    assertThrows(() => binaryToTerm(bytes), DecodeError, "compressed term");
  }
  assertThrows(() => binaryToTerm(compressed.subarray(0, 30)), DecodeError, "cannot be inflated");
});
