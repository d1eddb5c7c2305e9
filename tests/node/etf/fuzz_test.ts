/**
 * What is no term is refused: never with another error, never without end, never with a trace left.
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { DecodeError } from "../../../lib/node/etf/bytes.ts";
import { binaryToTerm } from "../../../lib/node/etf/binary.ts";
import { decode, encode, exact, exactTerms, identities, natural, own } from "./support.ts";

const PROTOTYPES = [Object.prototype, Array.prototype, Map.prototype, Error.prototype];
const untouched = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype));

/** Decodes, and lets pass only what may happen. */
function tryToDecode(bytes: Uint8Array): void {
  for (const how of [exact, natural, own]) {
    try {
      decode(bytes, how, ["a", "__proto__"]);
    } catch (error) {
      const isExpected = error instanceof DecodeError || /bytes were not read$/.test(String(error));
      if (!isExpected) throw error;
    }
  }
}

function assertUntouched(): void {
  assertEquals(PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype)), untouched);
}

Deno.test("decodeTerm() refuses every truncated term with a DecodeError", () => {
  fc.assert(
    fc.property(exactTerms, (term) => {
      const bytes = encode(term, exact);
      for (let length = 0; length < bytes.length; length++) {
        let refused: unknown;
        try {
          decode(bytes.subarray(0, length), exact);
        } catch (error) {
          refused = error;
        }
        assertEquals(refused instanceof DecodeError, true, String(refused));
        tryToDecode(bytes.subarray(0, length));
      }
    }),
    { numRuns: 60 },
  );
  assertUntouched();
});

Deno.test("decodeTerm() throws nothing but DecodeError for terms with wrong bytes in them", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(exactTerms, changes, fc.boolean(), (term, mutations, isOwn) => {
      const bytes = encode([term], isOwn ? own : exact);
      for (const [at, byte] of mutations) bytes[at % bytes.length] = byte;
      tryToDecode(bytes);
    }),
    { numRuns: 2000 },
  );
  assertUntouched();
});

Deno.test("decodeTerm() throws nothing but DecodeError for bytes that look like terms", () => {
  const tags = fc.constantFrom(...[
    82,
    97,
    98,
    110,
    111,
    70,
    99,
    119,
    118,
    115,
    100,
    104,
    105,
    106,
  ]);
  const more = fc.constantFrom(...[
    107,
    108,
    109,
    77,
    116,
    88,
    103,
    120,
    90,
    114,
    101,
    113,
    112,
    80,
  ]);
  const bytes = fc.array(fc.oneof(tags, more, fc.constantFrom(0, 1, 2), fc.nat(255)), {
    maxLength: 60,
  });
  fc.assert(fc.property(bytes, (all) => tryToDecode(Uint8Array.from(all))), { numRuns: 5000 });
  assertUntouched();
});

Deno.test("binaryToTerm() throws nothing but DecodeError for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (rest, isCompressed) => {
      const bytes = Uint8Array.of(
        131,
        ...(isCompressed ? [80, 0, 0, 0, 9, 0x78, 0x9c] : []),
        ...rest,
      );
      try {
        binaryToTerm(bytes, { identities });
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});
