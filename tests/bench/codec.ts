/**
 * The codec of Erlang's external term format: terms encoded and decoded, in each of the mappings.
 *
 * The terms are what nodes say to each other: a control tuple, a call, a record of an application, a
 * list of integers, a long text.
 *
 * @module
 */

import { Pid, Ref, type Term } from "../../lib/kernel/term.ts";
import { Reader, Writer } from "../../lib/node/etf/bytes.ts";
import { decodeTerm } from "../../lib/node/etf/decode.ts";
import { encodeTerm } from "../../lib/node/etf/encode.ts";
import { DEFAULT_LIMITS, type Mapping, type MappingKind } from "../../lib/node/etf/mapping.ts";
import type { Identities } from "../../lib/node/identity.ts";
import { bin, ImproperList, list, Port } from "../../lib/node/terms.ts";
import { timedSync, type Work } from "./work.ts";

/** The mappings, by their names. */
export const MAPPINGS: readonly MappingKind[] = ["exact", "natural", "own"];

const pid = new Pid(null);
const ref = new Ref();
const port = new Port("a@host", 5n, 1);
const ofPid = { node: "a@host", id: 85, serial: 0, creation: 1700000000 };
const ofRef = { node: "a@host", creation: 1700000000, words: [1, 2, 3] };

/** One pid, one reference, one port: what it costs to find them is not the codec's. */
const identities: Identities = {
  pid: () => pid,
  ref: () => ref,
  port: () => port,
  identityOfPid: () => ofPid,
  identityOfRef: () => ofRef,
};

/** What is encoded: by its name, the term for a mapping. In the exact one, text is bytes. */
export const TERMS: Readonly<Record<string, (kind: MappingKind) => Term>> = {
  "control tuple": () => [22, pid, pid],
  "call": (
    kind,
  ) => ["$gen_call", [pid, new ImproperList(["alias"], ref)], ["get", text("stack", kind)]],
  "record": (kind) => ({
    id: 1234567,
    name: text("Joe Armstrong", kind),
    email: text("joe@example.org", kind),
    score: 97.25,
    tags: list([text("erlang", kind), text("otp", kind)]),
    active: true,
    manager: null,
  }),
  "1000 integers": () => list(Array.from({ length: 1000 }, (_, i) => i * 37)),
  "100 rows": (kind) => {
    return list(Array.from({ length: 100 }, (_, i) => ["row", i, text(`name ${i}`, kind), i / 8]));
  },
  "text of 10 KB": (kind) => text("På svenska. ".repeat(800), kind),
};

function text(characters: string, kind: MappingKind): Term {
  return kind === "exact" ? bin(characters) : characters;
}

/** Encodes a term again and again: each call does it `times` times and returns how many bytes it takes. */
export function encoding(term: Term, kind: MappingKind): (times: number) => number {
  const mapping = mappingOf(kind);
  const writer = new Writer();
  return (times) => {
    let size = 0;
    for (let i = 0; i < times; i++) {
      encodeTerm(term, writer, mapping);
      size = writer.length;
      writer.truncate(0);
    }
    return size;
  };
}

/** Decodes a term again and again: each call does it `times` times and returns the last one. */
export function decoding(term: Term, kind: MappingKind): (times: number) => Term {
  const mapping = mappingOf(kind);
  const writer = new Writer();
  encodeTerm(term, writer, mapping);
  const bytes = writer.take();
  return (times) => {
    let decoded: Term;
    for (let i = 0; i < times; i++) decoded = decodeTerm(new Reader(bytes), mapping);
    return decoded;
  };
}

function mappingOf(kind: MappingKind): Mapping {
  return { kind, identities, limits: DEFAULT_LIMITS };
}

/** Both directions for every term and mapping, as work: `encode_natural_record`, `decode_own_call`, … */
export const codec: readonly Work[] = MAPPINGS.flatMap((kind) => {
  return Object.entries(TERMS).flatMap(([name, make]) => {
    const id = `${kind}_${name.replaceAll(" ", "_")}`;
    const title = `of a term: ${name}, ${kind} mapping`;
    return [
      work(`encode_${id}`, `encoding ${title}`, () => encoding(make(kind), kind)),
      work(`decode_${id}`, `decoding ${title}`, () => decoding(make(kind), kind)),
    ];
  });
});

function work(name: string, title: string, prepare: () => (times: number) => unknown): Work {
  const measure = (operations: number) => {
    const body = prepare();
    return timedSync(operations, () => void body(operations));
  };
  return { name, title, operations: 10_000, measure, isAlone: true };
}
