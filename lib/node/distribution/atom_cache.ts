/**
 * The atom cache: atoms that a peer has sent before have a slot, and a distribution header lists the slots of the
 * atoms that a message refers to.
 *
 * The sender fills the slots and may change them with every header. So the atoms of a message are looked up when
 * its header arrives, even if the message is complete only later.
 *
 * @module
 */

import type { Reader } from "../etf/bytes.ts";

const SEGMENT_SLOTS = 256;
const SLOTS = 8 * SEGMENT_SLOTS;
const MAX_ATOM_CODE_POINTS = 255;

/** In the half byte of a reference: the slot gets a new atom. */
const NEW_ENTRY = 8;
/** In the half byte of a reference: the eighth of the slots. */
const SEGMENT = 7;
/** In the half byte of the message: the lengths of atoms have two bytes. */
const LONG_ATOMS = 1;

const NONE: readonly string[] = [];
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The atoms that a peer has sent on one connection. */
export class AtomCache {
  readonly #slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);

  /**
   * Reads the atoms of a message from its header: `ATOM_CACHE_REF i` refers to the i-th.
   *
   * @throws {DecodeError} If the header is truncated, refers to an empty slot, or has an invalid atom.
   */
  read(header: Reader): readonly string[] {
    const count = header.u8();
    if (count === 0) return NONE;
    const flags = header.bytes((count >> 1) + 1);
    const hasLongAtoms = (halfByte(flags, count) & LONG_ATOMS) !== 0;
    const atoms = new Array<string>(count);
    for (let i = 0; i < count; i++) {
      const flag = halfByte(flags, i);
      const slot = (flag & SEGMENT) * SEGMENT_SLOTS + header.u8();
      if ((flag & NEW_ENTRY) !== 0) {
        this.#slots[slot] = readAtom(header, hasLongAtoms ? header.u16() : header.u8());
      }
      const atom = this.#slots[slot];
      if (atom === undefined) {
        throw header.error(`no atom was put into slot ${slot} before`);
      }
      atoms[i] = atom;
    }
    return atoms;
  }
}

function halfByte(flags: Uint8Array, index: number): number {
  const byte = flags[index >> 1]!;
  return (index & 1) === 0 ? byte & 15 : byte >> 4;
}

function readAtom(header: Reader, length: number): string {
  const text = readText(header, length);
  // Every code point has at least one byte: short texts need not be counted.
  if (length <= MAX_ATOM_CODE_POINTS || [...text].length <= MAX_ATOM_CODE_POINTS) return text;
  throw header.error(`an atom has more than ${MAX_ATOM_CODE_POINTS} characters`);
}

function readText(header: Reader, length: number): string {
  const bytes = header.bytes(length);
  try {
    return utf8.decode(bytes);
  } catch {
    throw header.error("an atom is not UTF-8");
  }
}
