/**
 * Puts large messages together that come in fragments, several of them at the same time.
 *
 * What a peer has begun and not finished is bounded: in number, and in bytes over all of them.
 *
 * @module
 */

import { ProtocolError } from "./frames.ts";

/** Room is made for so many fragments as long as the first one, if the peer promises as many. */
const MOST_PROMISED = 16;

/** A message that is complete. */
export interface Whole {
  /** What its fragments held, one behind the other. */
  readonly bytes: Uint8Array;
  /** What `ATOM_CACHE_REF i` means in it. */
  readonly atoms: readonly string[];
}

/** A message of which fragments are missing. */
interface Sequence {
  bytes: Uint8Array;
  length: number;
  readonly atoms: readonly string[];
  /** The number of the next fragment; the last one's is 1. */
  next: bigint;
}

/** The messages of one connection that are not complete yet. */
export class Reassembly {
  readonly #open = new Map<bigint, Sequence>();
  readonly #maxBytes: number;
  readonly #maxSequences: number;
  #heldBytes = 0;

  /** Nothing yet; `maxBytes` and `maxSequences` are for all messages together. */
  constructor(maxBytes: number, maxSequences: number) {
    this.#maxBytes = maxBytes;
    this.#maxSequences = maxSequences;
  }

  /**
   * Takes the first fragment of a message, with the atoms of its header.
   *
   * @returns The message if that was all of it.
   * @throws {ProtocolError} If the message has begun already, or a limit is reached.
   */
  begin(
    sequence: bigint,
    fragment: bigint,
    atoms: readonly string[],
    bytes: Uint8Array,
  ): Whole | null {
    if (fragment === 1n) return { bytes, atoms };
    if (fragment === 0n) throw new ProtocolError("Cannot take a fragment: its number is 0");
    if (this.#open.has(sequence)) {
      throw new ProtocolError(`Cannot take a fragment: sequence ${sequence} has begun before`);
    }
    if (this.#open.size === this.#maxSequences) {
      throw new ProtocolError(
        `Cannot take a fragment: ${this.#maxSequences} messages are incomplete, and that is the limit`,
      );
    }
    const room = bytes.length * Math.min(Number(fragment), MOST_PROMISED);
    const begun = { bytes: new Uint8Array(room), length: 0, atoms, next: fragment - 1n };
    this.#append(begun, bytes);
    this.#open.set(sequence, begun);
    return null;
  }

  /**
   * Takes a further fragment.
   *
   * @returns The message if that was the last of it.
   * @throws {ProtocolError} If another fragment was to come next, or the limit is reached.
   */
  add(sequence: bigint, fragment: bigint, bytes: Uint8Array): Whole | null {
    const begun = this.#open.get(sequence);
    if (begun === undefined || begun.next !== fragment) {
      const next = begun === undefined ? "its first" : `number ${begun.next}`;
      throw new ProtocolError(
        `Cannot take fragment ${fragment} of sequence ${sequence}: ${next} was to come next`,
      );
    }
    this.#append(begun, bytes);
    begun.next--;
    if (fragment !== 1n) return null;
    this.#open.delete(sequence);
    this.#heldBytes -= begun.length;
    return { bytes: begun.bytes.subarray(0, begun.length), atoms: begun.atoms };
  }

  #append(sequence: Sequence, bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#maxBytes) {
      throw new ProtocolError(
        `Cannot take a fragment: incomplete messages would hold ${this.#heldBytes} bytes, and the ` +
          `limit is ${this.#maxBytes}`,
      );
    }
    const length = sequence.length + bytes.length;
    if (length > sequence.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * sequence.bytes.length, length));
      larger.set(sequence.bytes.subarray(0, sequence.length));
      sequence.bytes = larger;
    }
    sequence.bytes.set(bytes, sequence.length);
    sequence.length = length;
  }
}
