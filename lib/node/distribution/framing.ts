/**
 * The framing of messages: how the terms of a message are packed into frames.
 *
 * The flags that both sides have agreed on decide which of the two framings is used. In *pass-through*, a frame is
 * a mark and the terms, each with the version of the format before it. With *headers*, it begins with the atoms
 * that the message refers to, and a large message may be sent in fragments, with other messages between them. This
 * side sends no atoms in headers: an empty header is valid for every message.
 *
 * @module
 */

import { Reader, type Writer } from "../etf/bytes.ts";
import { VERSION } from "../etf/tags.ts";
import { AtomCache } from "./atom_cache.ts";
import { DIST_HDR_ATOM_CACHE, FRAGMENTS } from "./flags.ts";
import { ProtocolError } from "./frames.ts";
import { Reassembly, type Whole } from "./reassembly.ts";

const PASS_THROUGH = 112;
const NORMAL = 68;
const FIRST_FRAGMENT = 69;
const FURTHER_FRAGMENT = 70;

const LENGTH_BYTES = 4;
const EMPTY_HEADER_BYTES = 3;
/** The header of a further fragment; a first one also says that it has no atoms. */
const FRAGMENT_HEADER_BYTES = 18;
/** The maximum bytes of terms in one frame, if larger messages may be split. */
const FRAGMENT_BYTES = 64 * 1024;

/** How messages are framed on one connection. */
export interface Framing {
  /** Whether frames have headers, and terms therefore no version. */
  readonly hasHeaders: boolean;
  /** Whether large messages are split into fragments. */
  readonly hasFragments: boolean;
}

/** Limits for the input from a peer; the connection is closed if one is exceeded. */
export interface FramingLimits {
  /** Bytes of one frame. Default 128 MiB. */
  readonly frameBytes: number;
  /** Bytes of all messages that are not complete yet, together. Default 512 MiB. */
  readonly messageBytes: number;
  /** Number of messages that are not complete yet. Default 1024. */
  readonly openMessages: number;
}

/** The default limits. */
export const DEFAULT_FRAMING_LIMITS: FramingLimits = {
  frameBytes: 128 * 1024 * 1024,
  messageBytes: 512 * 1024 * 1024,
  openMessages: 1024,
};

/** The terms of a message, not yet decoded. */
export interface Message {
  /** Positioned at the control term, which the payload follows. */
  readonly terms: Reader;
  /** The atoms that `ATOM_CACHE_REF i` refers to. */
  readonly atoms: readonly string[];
}

/** The framing for the flags that both sides have. */
export function framingOf(flags: bigint): Framing {
  const hasFragments = (flags & FRAGMENTS) !== 0n;
  return { hasHeaders: hasFragments || (flags & DIST_HDR_ATOM_CACHE) !== 0n, hasFragments };
}

/** Unpacks the frames of one connection. */
export class Unpacker {
  readonly #framing: Framing;
  readonly #cache = new AtomCache();
  readonly #reassembly: Reassembly;

  /** For one connection, from its first frame on. */
  constructor(framing: Framing, limits: FramingLimits) {
    this.#framing = framing;
    this.#reassembly = new Reassembly(limits.messageBytes, limits.openMessages);
  }

  /**
   * The message that is complete with this frame; `null` if there is none. It is valid as long as the frame is.
   *
   * @throws {ProtocolError} If the frame is of the other framing, or its fragment is not the next one.
   * @throws {DecodeError} If its header cannot be read.
   */
  open(frame: Uint8Array): Message | null {
    const reader = new Reader(frame);
    const kind = reader.u8();
    if (!this.#framing.hasHeaders) {
      if (kind !== PASS_THROUGH) throw unknownFrame(frame, "112 (no header was agreed on)");
      return { terms: reader, atoms: [] };
    }
    if (kind !== VERSION) throw unknownFrame(frame, "131 and a header");
    switch (reader.u8()) {
      case NORMAL:
        return { atoms: this.#cache.read(reader), terms: reader };
      case FIRST_FRAGMENT: {
        const [sequence, fragment] = [reader.u64(), reader.u64()];
        const atoms = this.#cache.read(reader);
        return opened(this.#reassembly.begin(sequence, fragment, atoms, rest(reader)));
      }
      case FURTHER_FRAGMENT:
        return opened(this.#reassembly.add(reader.u64(), reader.u64(), rest(reader)));
      default:
        throw unknownFrame(frame, "131 and then 68, 69 or 70");
    }
  }
}

/** Packs messages into frames, in place in the writer. */
export class Packer {
  readonly #framing: Framing;
  readonly #writer: Writer;
  #lastSequence = 0;

  /** Packs for one connection. The terms are written to `writer` between `begin` and `end`. */
  constructor(framing: Framing, writer: Writer) {
    this.#framing = framing;
    this.#writer = writer;
  }

  /** Begins a frame, whose terms are to be written next. Returns its position. */
  begin(): number {
    const writer = this.#writer;
    const start = writer.length;
    writer.u32(0);
    if (this.#framing.hasHeaders) {
      writer.tagU8(VERSION, NORMAL);
      writer.u8(0);
    } else {
      writer.u8(PASS_THROUGH);
    }
    return start;
  }

  /** Ends the frame that begins at `start`, and whose payload (which may be split) begins at `payload`. */
  end(start: number, payload: number): void {
    const writer = this.#writer;
    const length = writer.length - start - LENGTH_BYTES;
    const isLarge = length - EMPTY_HEADER_BYTES > FRAGMENT_BYTES;
    if (isLarge && this.#framing.hasFragments && payload < writer.length) this.#cut(start, payload);
    else writer.setU32(start, length);
  }

  /** Replaces the frame by fragments. */
  #cut(start: number, payload: number): void {
    const writer = this.#writer;
    const terms = start + LENGTH_BYTES + EMPTY_HEADER_BYTES;
    const bytes = writer.peek().slice(terms);
    const first = Math.max(payload - terms, FRAGMENT_BYTES);
    const sequence = ++this.#lastSequence;
    let fragment = 1 + Math.ceil((bytes.length - first) / FRAGMENT_BYTES);
    writer.truncate(start);
    writer.u32(FRAGMENT_HEADER_BYTES + 1 + first);
    writer.tagU8(VERSION, FIRST_FRAGMENT);
    writer.u64(sequence);
    writer.u64(fragment);
    writer.u8(0);
    writer.bytes(bytes.subarray(0, first));
    for (let at = first; at < bytes.length; at += FRAGMENT_BYTES) {
      const part = bytes.subarray(at, at + FRAGMENT_BYTES);
      writer.u32(FRAGMENT_HEADER_BYTES + part.length);
      writer.tagU8(VERSION, FURTHER_FRAGMENT);
      writer.u64(sequence);
      writer.u64(--fragment);
      writer.bytes(part);
    }
  }
}

function rest(reader: Reader): Uint8Array {
  return reader.bytes(reader.remaining);
}

function opened(whole: Whole | null): Message | null {
  return whole && { terms: new Reader(whole.bytes), atoms: whole.atoms };
}

function unknownFrame(frame: Uint8Array, expected: string): ProtocolError {
  const found = [...frame.subarray(0, 2)].join(", ");
  return new ProtocolError(
    `Cannot read a frame: found the bytes ${found} at its beginning, expected ${expected}`,
  );
}
