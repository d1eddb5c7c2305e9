/**
 * Encodes and decodes single terms: for files, databases, and messages of other protocols.
 *
 * @module
 */

import { checkOptions } from "../../kernel/options.ts";
import type { Pid, Ref, Term } from "../../kernel/term.ts";
import type { Identities } from "../identity.ts";
import type { Port } from "../terms.ts";
import { DecodeError, EncodeError, Reader, Writer } from "./bytes.ts";
import { decodeTerm } from "./decode.ts";
import { encodeTerm } from "./encode.ts";
import { deflate, inflate } from "./host_zlib.ts";
import { type DecodeLimits, DEFAULT_LIMITS, type Mapping, type MappingKind } from "./mapping.ts";
import { COMPRESSED, VERSION } from "./tags.ts";

const USUAL_LEVEL = 6;
/** Version, tag and size before the compressed bytes. */
const COMPRESSED_HEADER_BYTES = 6;

/** Options of both directions. */
export interface BinaryOptions {
  /** The mapping of terms. Default `"natural"`. */
  readonly mapping?: MappingKind;
  /** The identities of pids, references and ports. Without it, terms that contain these are refused. */
  readonly identities?: Identities;
  /** The limits for decoding, and for the nesting of terms. */
  readonly limits?: Partial<DecodeLimits>;
}

const OPTIONS = [
  "mapping",
  "identities",
  "limits",
] as const satisfies readonly (keyof BinaryOptions)[];

/** Options of {@linkcode termToBinary}. */
export interface TermToBinaryOptions extends BinaryOptions {
  /** Compresses the term if that makes it shorter: `true`, or a level from 0 to 9. Default `false`. */
  readonly compressed?: boolean | number;
}

/**
 * Encodes a term in Erlang's external term format, which `binary_to_term/1` reads.
 *
 * @throws {EncodeError} If the term cannot be encoded in the mapping.
 * @throws {RangeError} If `compressed` is a number that is not an integer from 0 to 9.
 * @see OTP `erlang:term_to_binary/2`. Its options `deterministic`, `local` and `minor_version` have no
 * counterpart.
 */
export function termToBinary(term: Term, options: TermToBinaryOptions = {}): Uint8Array {
  checkOptions("encode a term", options, [...OPTIONS, "compressed"]);
  const writer = new Writer();
  writer.u8(VERSION);
  encodeTerm(term, writer, mappingOf(options));
  const level = levelOf(options.compressed ?? false);
  return (level > 0 ? compress(writer.peek(), level) : undefined) ?? writer.peek().slice();
}

function levelOf(compressed: boolean | number): number {
  if (typeof compressed === "boolean") return compressed ? USUAL_LEVEL : 0;
  if (Number.isInteger(compressed) && compressed >= 0 && compressed <= 9) return compressed;
  throw new RangeError(`Cannot compress at level ${compressed}: expected a level from 0 to 9`);
}

/** The compressed term, if it is shorter. */
function compress(bytes: Uint8Array, level: number): Uint8Array | undefined {
  const term = bytes.subarray(1);
  const deflated = deflate(term, level);
  const size = COMPRESSED_HEADER_BYTES + deflated.length;
  if (size >= bytes.length) return undefined;
  const writer = new Writer(size);
  writer.u8(VERSION);
  writer.tagU32(COMPRESSED, term.length);
  writer.bytes(deflated);
  return writer.take();
}

/**
 * Decodes a term from Erlang's external term format, as `term_to_binary/1` makes it.
 *
 * There is no option `safe`: atoms arrive as strings, and only the registered symbols of the mapping `"own"` are
 * never garbage-collected.
 *
 * @throws {DecodeError} If the bytes are not a term, go on after it, or exceed a limit.
 * @see OTP `erlang:binary_to_term/2`, which ignores bytes after the term.
 */
export function binaryToTerm(bytes: Uint8Array, options: BinaryOptions = {}): Term {
  checkOptions("decode a term", options, OPTIONS);
  const mapping = mappingOf(options);
  const reader = new Reader(bytes);
  if (reader.u8() !== VERSION) throw reader.error(`a term begins with the byte ${VERSION}`, 0);
  if (bytes[1] !== COMPRESSED) return decodeWhole(reader, mapping);
  return decodeWhole(new Reader(decompress(reader, mapping.limits.inflatedBytes)), mapping);
}

function decompress(reader: Reader, limit: number): Uint8Array {
  reader.u8();
  const size = reader.u32();
  if (size > limit) {
    throw reader.error(`the compressed term has ${size} bytes, and ${limit} are allowed`, 1);
  }
  const inflated = tryToInflate(reader, size);
  if (inflated.length === size) return inflated;
  throw reader.error(`the compressed term has ${inflated.length} bytes, not ${size}`, 1);
}

function tryToInflate(reader: Reader, size: number): Uint8Array {
  try {
    return inflate(reader.bytes(reader.remaining), size);
  } catch (error) {
    throw reader.error(`the compressed term cannot be inflated to ${size} bytes: ${error}`, 1);
  }
}

function decodeWhole(reader: Reader, mapping: Mapping): Term {
  const term = decodeTerm(reader, mapping);
  if (reader.remaining === 0) return term;
  throw reader.error(`there are ${reader.remaining} bytes after the term`);
}

function mappingOf({ mapping, identities, limits }: BinaryOptions): Mapping {
  if (limits !== undefined) checkOptions("limit a term", limits, Object.keys(DEFAULT_LIMITS));
  return {
    kind: mapping ?? "natural",
    identities: identities ?? NO_IDENTITIES,
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

const NO_IDENTITIES: Identities = {
  pid: (): Pid => refuseToDecode("pid"),
  ref: (): Ref => refuseToDecode("reference"),
  port: (): Port => refuseToDecode("port"),
  identityOfPid: () => refuseToEncode("pid"),
  identityOfRef: () => refuseToEncode("reference"),
};

function refuseToDecode(what: string): never {
  throw new DecodeError(`Cannot decode: a ${what} needs the option "identities"`, 0);
}

function refuseToEncode(what: string): never {
  throw new EncodeError(`Cannot encode: a ${what} needs the option "identities"`);
}
