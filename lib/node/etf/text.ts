/**
 * Bytes to text. Short texts, which most are, are put together by hand: calling the decoder costs more.
 *
 * @module
 */

/** Longest text that is put together by hand. */
const SHORT_TEXT = 96;
/** Longest atom that is kept. */
const LONGEST_KEPT = 32;
/** How many atoms are kept. A power of two. */
const KEPT_ATOMS = 4096;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text that some bytes are in UTF-8, or `undefined` if they are not. */
export function readUtf8(source: Uint8Array, start: number, length: number): string | undefined {
  const end = start + length;
  if (length <= SHORT_TEXT) {
    const units: number[] = new Array(length);
    let i = 0;
    for (let byte = 0; i < length && (byte = source[start + i]!) < 0x80; i++) units[i] = byte;
    if (i === length) return String.fromCharCode.apply(null, units);
  }
  try {
    return decoder.decode(source.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** The text that some bytes are in Latin-1. */
export function readLatin1(source: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += String.fromCharCode(source[i]!);
  return text;
}

/** Atoms seen lately, each at the place that its bytes hash to; a later one takes the place of an earlier. */
const atoms: string[] = new Array(KEPT_ATOMS).fill("");

/** As {@linkcode readUtf8}, and likely the same string again for the same bytes: for atoms, which recur. */
export function readAtomText(
  source: Uint8Array,
  start: number,
  length: number,
): string | undefined {
  if (length > LONGEST_KEPT) return readUtf8(source, start, length);
  const end = start + length;
  let hash = length;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + source[i]!) | 0;
  const place = (hash ^ (hash >>> 15)) & (KEPT_ATOMS - 1);
  const kept = atoms[place]!;
  if (isAscii(kept, source, start, length)) return kept;
  const text = readUtf8(source, start, length);
  if (text?.length === length) atoms[place] = text;
  return text;
}

/** Whether some bytes are this text, in ASCII. */
function isAscii(text: string, source: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== source[start + i]) return false;
  return true;
}
