/**
 * What tests of the codec have in common: identities, mappings, hexadecimal, random terms.
 *
 * @module
 */

import fc from "fast-check";
import { Pid, Ref, type Term } from "../../../lib/kernel/term.ts";
import { Reader, Writer } from "../../../lib/node/etf/bytes.ts";
import { decodeTerm } from "../../../lib/node/etf/decode.ts";
import { encodeTerm } from "../../../lib/node/etf/encode.ts";
import { DEFAULT_LIMITS, type Mapping, type MappingKind } from "../../../lib/node/etf/mapping.ts";
import type { Identities, PidIdentity, RefIdentity } from "../../../lib/node/identity.ts";
import {
  BitString,
  Export,
  Float,
  Fun,
  ImproperList,
  list,
  Port,
} from "../../../lib/node/terms.ts";

/** Identities that are never forgotten. */
export class FakeIdentities implements Identities {
  readonly #objects = new Map<string, unknown>();
  readonly #identities = new Map<unknown, unknown>();

  pid(identity: PidIdentity): Pid {
    return this.#intern(identity, () => new Pid(null));
  }

  ref(identity: RefIdentity): Ref {
    return this.#intern(identity, () => new Ref());
  }

  port(node: string, id: bigint, creation: number): Port {
    return this.#intern({ node, id: String(id), creation }, () => new Port(node, id, creation));
  }

  identityOfPid(pid: Pid): PidIdentity {
    return this.#identities.get(pid) as PidIdentity;
  }

  identityOfRef(ref: Ref): RefIdentity {
    return this.#identities.get(ref) as RefIdentity;
  }

  #intern<T>(identity: unknown, make: () => T): T {
    const key = JSON.stringify(identity);
    const object = this.#objects.get(key) as T ?? make();
    this.#objects.set(key, object);
    this.#identities.set(object, identity);
    return object;
  }
}

export const identities = new FakeIdentities();

/** The mapping of a kind. */
export function mapping(kind: MappingKind, limits = DEFAULT_LIMITS): Mapping {
  return { kind, identities, limits };
}

export const exact = mapping("exact");
export const natural = mapping("natural");
export const own = mapping("own");

/** The bytes of a term. */
export function encode(term: Term, how: Mapping): Uint8Array {
  const writer = new Writer();
  encodeTerm(term, writer, how);
  return writer.take();
}

/** The term of some bytes, all of them. */
export function decode(bytes: Uint8Array, how: Mapping, atoms?: readonly string[]): Term {
  const reader = new Reader(bytes);
  const term = decodeTerm(reader, how, atoms);
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes were not read`);
  return term;
}

/** What a term is at the other end. */
export function pass(term: Term, how: Mapping): Term {
  return decode(encode(term, how), how);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

export const pid = identities.pid({ node: "a@b", id: 85, serial: 2, creation: 1700000000 });
export const ref = identities.ref({ node: "a@b", creation: 7, words: [1, 2, 0xffffffff] });
export const port = identities.port("a@b", 0x100000005n, 7);

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const node = fc.constantFrom("a@b", "b@b", "å@b");
/** Few, so that some of what identifies two pids is often the same. */
const word = fc.oneof(fc.nat(2), u32);
const creation = fc.constantFrom(1, 7, 0xffffffff);
export const pids = fc.record({ node, id: word, serial: word, creation })
  .map((identity) => identities.pid(identity));
export const refs = fc.record({
  node,
  creation,
  words: fc.array(word, { minLength: 3, maxLength: 5 }),
}).map((identity) => identities.ref(identity));
export const ports = fc.tuple(node, fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), creation)
  .map((parts) => identities.port(...parts));
export const atoms = fc.oneof(
  fc.constantFrom("ok", "error", "a", "b", "", "\uffff", "\u{1f600}", "__proto__", "constructor"),
  fc.string({ unit: "binary", maxLength: 20 }),
).filter((name) => !["true", "false", "nil", "undefined"].includes(name));
export const numbers = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
export const bigints = fc.bigInt().filter((big) => !Number.isSafeInteger(Number(big)));
export const floats = fc.maxSafeInteger().map((n) => new Float(n === 0 ? 0 : n));
export const binaries = fc.uint8Array({ maxLength: 40 });
export const bitStrings = fc.tuple(
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
  fc.integer({ min: 1, max: 7 }),
).map(([bytes, bits]) => new BitString(bytes, bits));
export const exports = fc.tuple(
  fc.constantFrom("lists", "m"),
  fc.constantFrom("map", "ö"),
  fc.nat(255),
)
  .map((parts) => new Export(...parts));

/** Improper lists whose tail is no list. */
export function improperLists(items: fc.Arbitrary<Term>): fc.Arbitrary<ImproperList> {
  return fc.tuple(
    fc.array(items, { minLength: 1, maxLength: 4 }),
    fc.oneof(atoms, numbers, binaries),
  )
    .map((parts) => new ImproperList(...parts));
}

/** Random terms in the exact mapping, as decoding makes them. */
export const exactTerms: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      atoms,
      numbers,
      bigints,
      floats,
      binaries,
      bitStrings,
      fc.constantFrom(true, false, null, undefined),
      pids,
      refs,
      ports,
      exports,
    ),
    fc.array(tie("term"), { maxLength: 5 }),
    fc.array(tie("term"), { maxLength: 5 }).map((items) => list(items)),
    fc.array(fc.nat(255), { maxLength: 5 }).map((items) => list(items)),
    improperLists(tie("term")),
    fc.array(fc.tuple(fc.oneof(atoms, numbers), tie("term")), { maxLength: 5 })
      .map((entries) => new Map(entries)),
    fc.array(tie("term"), { maxLength: 3 }).map((free) => fun(free)),
  ),
})).term;

/** A fun that holds on to some terms. */
export function fun(free: readonly Term[]): Fun {
  const uniq = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  return new Fun({
    module: "m",
    arity: 2,
    uniq,
    index: 3,
    old: { index: 3, uniq: 12345 },
    pid,
    free,
  });
}
