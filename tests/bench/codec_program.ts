/**
 * Encodes and decodes for `codec.ts`, in one mapping, or with a package of npm that does it too.
 *
 * Usage: deno run tests/bench/codec_program.ts natural|own|exact|npm:PACKAGE
 *
 * Answers lines `encode|decode TERM OPERATIONS` with nanoseconds per operation, 0 for what cannot be encoded.
 * `codec.exs` is the same in Elixir.
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
import { answerLines } from "./program.ts";
import { timedSync } from "./work.ts";

/** Both directions: one encodes, and one decodes what it has encoded. */
export interface Codec {
  /** The term of a name as this codec takes it; `undefined` if it cannot. */
  term(name: string): unknown;
  encode(term: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

// --- Ours ---------------------------------------------------------------------------------------

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

/** What is encoded: what nodes say to each other. In the exact mapping, text is bytes. */
const TERMS: Readonly<Record<string, (text: (characters: string) => Term) => Term>> = {
  control: () => [22, pid, pid],
  call: (text) => ["$gen_call", [pid, new ImproperList(["alias"], ref)], ["get", text("stack")]],
  record: (text) => ({
    id: 1234567,
    name: text("Joe Armstrong"),
    email: text("joe@example.org"),
    score: 97.25,
    tags: list([text("erlang"), text("otp")]),
    active: true,
    manager: null,
  }),
  integers: () => list(Array.from({ length: 1000 }, (_, i) => i * 37)),
  rows: (text) => list(Array.from({ length: 100 }, (_, i) => ["row", i, text(`name ${i}`), i / 8])),
  text: (text) => text("På svenska. ".repeat(800)),
};

/** The codec of the library, in one of its mappings. */
export function codecOf(kind: MappingKind): Codec {
  const mapping: Mapping = { kind, identities, limits: DEFAULT_LIMITS };
  const writer = new Writer();
  return {
    term: (name) => TERMS[name]!((characters) => kind === "exact" ? bin(characters) : characters),
    // As a connection does it: the bytes are in the writer, from where they go to the host.
    encode(term) {
      writer.truncate(0);
      encodeTerm(term, writer, mapping);
      return writer.peek();
    },
    decode: (bytes) => decodeTerm(new Reader(bytes), mapping),
  };
}

// --- Packages -----------------------------------------------------------------------------------

/** A package that has `pack` and `unpack`: arrays are lists to it, and it knows no pids. */
async function packageCodec(specifier: string): Promise<Codec> {
  const { pack, unpack } = await import(specifier);
  return {
    term: (name) => name === "control" || name === "call" ? undefined : plain(TERMS[name]!(String)),
    encode: pack,
    decode: unpack,
  };
}

/** A term of nothing but plain objects and arrays. */
function plain(term: Term): unknown {
  return JSON.parse(JSON.stringify(term));
}

// --- Measuring ----------------------------------------------------------------------------------

function measure(codec: Codec, direction: string, name: string, times: number): Promise<number> {
  const term = codec.term(name);
  if (term === undefined) return Promise.resolve(0);
  if (direction === "encode") {
    return timedSync(times, () => {
      for (let i = 0; i < times; i++) codec.encode(term);
    });
  }
  const bytes = codec.encode(term).slice();
  return timedSync(times, () => {
    for (let i = 0; i < times; i++) codec.decode(bytes);
  });
}

if (import.meta.main) {
  const which = Deno.args[0]!;
  const codec = which.startsWith("npm:")
    ? await packageCodec(which)
    : codecOf(which as MappingKind);
  await answerLines((direction, name, times) => measure(codec, direction!, name!, Number(times)));
}
