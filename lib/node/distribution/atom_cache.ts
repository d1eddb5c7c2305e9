/**
 * The atoms that a peer need not spell out: those it has named before have a slot, and a distribution
 * header says by slots which atoms a message refers to.
 *
 * The slots are the sender's to fill and to change with every header, so a message's atoms are looked
 * up at once, even when the message itself is complete only later.
 *
 * @module
 */

import type { Reader } from "../etf/bytes.ts";

const SEGMENT_SLOTS = 256;
const SLOTS = 8 * SEGMENT_SLOTS;
const MAX_ATOM_CODE_POINTS = 255;

/** Of the half byte that stands for a reference: the slot is given this atom now. */
const NEW_ENTRY = 8;
/** Of the same: which eighth of the slots. */
const SEGMENT = 7;
/** Of the half byte that stands for the message: the lengths of atoms have two bytes. */
const LONG_ATOMS = 1;

const NONE: readonly string[] = [];
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The atoms that a peer has named on one connection. */
export class AtomCache {
  readonly #slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);

  /**
   * Reads the atoms of a message from its header: the i-th is what `ATOM_CACHE_REF i` means in it.
   *
   * @throws {DecodeError} If the header is cut short, names an empty slot, or an atom is none.
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
  // Every code point has a byte at least: short texts need no count.
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
