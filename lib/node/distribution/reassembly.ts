/**
 * Reassembles large messages from fragments, several at the same time.
 *
 * Incomplete messages are limited in number, and in their total bytes.
 *
 * @module
 */

import { ProtocolError } from "./frames.ts";

/** Room is reserved for at most this number of fragments of the first one's length. */
const MOST_PROMISED = 16;

/** A complete message. */
export interface Whole {
  /** The concatenated content of its fragments. */
  readonly bytes: Uint8Array;
  /** The atoms that `ATOM_CACHE_REF i` refers to. */
  readonly atoms: readonly string[];
}

/** An incomplete message. */
interface Sequence {
  bytes: Uint8Array;
  length: number;
  readonly atoms: readonly string[];
  /** The number of the next fragment. The last fragment has number 1. */
  next: bigint;
}

/** The incomplete messages of one connection. */
export class Reassembly {
  readonly #open = new Map<bigint, Sequence>();
  readonly #maxBytes: number;
  readonly #maxSequences: number;
  #heldBytes = 0;

  /** Creates an empty one; `maxBytes` and `maxSequences` are limits for all messages together. */
  constructor(maxBytes: number, maxSequences: number) {
    this.#maxBytes = maxBytes;
    this.#maxSequences = maxSequences;
  }

  /**
   * Takes the first fragment of a message, with the atoms of its header.
   *
   * @returns The message if that was its only fragment.
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
        `Cannot take a fragment: ${this.#maxSequences} messages are incomplete, which is the limit`,
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
   * @returns The message if that was its last fragment.
   * @throws {ProtocolError} If it is not the expected fragment, or the limit is reached.
   */
  add(sequence: bigint, fragment: bigint, bytes: Uint8Array): Whole | null {
    const begun = this.#open.get(sequence);
    if (begun === undefined || begun.next !== fragment) {
      const next = begun === undefined ? "its first" : `number ${begun.next}`;
      throw new ProtocolError(
        `Cannot take fragment ${fragment} of sequence ${sequence}: expected ${next}`,
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
