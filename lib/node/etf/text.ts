/**
 * Decodes text. Short texts, which are the most frequent, are decoded without `TextDecoder`, which has a higher
 * cost for each call.
 *
 * @module
 */

/** The maximum length of a text that is decoded without `TextDecoder`. */
const SHORT_TEXT = 96;
/** The beginning of a longer text that is checked before the rest is decoded. */
const LONG_TEXT = 1024;
const BEGINNING = 64;
/** The maximum length of an atom that is cached. */
const LONGEST_KEPT = 32;
/** The number of atoms in the cache. A power of two. */
const KEPT_ATOMS = 4096;

/**
 * Puts U+FFFD for what is not UTF-8. For what is, it takes an eighth of the time that the strict one does; for
 * what is not at all, a hundred times as much.
 */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8; returns `undefined` if the bytes are not valid. */
export function readUtf8(source: Uint8Array, start: number, length: number): string | undefined {
  const end = start + length;
  if (length <= SHORT_TEXT) {
    const units: number[] = new Array(length);
    let i = 0;
    for (let byte = 0; i < length && (byte = source[start + i]!) < 0x80; i++) units[i] = byte;
    if (i === length) return String.fromCharCode.apply(null, units);
  }
  if (length > LONG_TEXT && readStrictly(source, start, beginning(source, start)) === undefined) {
    return undefined;
  }
  const text = decoder.decode(source.subarray(start, end));
  return text.includes("\ufffd") ? readStrictly(source, start, end) : text;
}

function readStrictly(source: Uint8Array, start: number, end: number): string | undefined {
  try {
    return strictDecoder.decode(source.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Where the beginning of a long text ends, without cutting a character. */
function beginning(source: Uint8Array, start: number): number {
  let end = start + BEGINNING;
  for (let i = 0; i < 3 && (source[end]! & 0xc0) === 0x80; i++) end--;
  return end;
}

/** Decodes Latin-1. */
export function readLatin1(source: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += String.fromCharCode(source[i]!);
  return text;
}

/** Recently decoded atoms, each at the index that its bytes hash to; a later one replaces an earlier one. */
const atoms: string[] = new Array(KEPT_ATOMS).fill("");

/** As {@linkcode readUtf8}, with a cache, for atoms, which recur. */
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

/** Whether the bytes are this ASCII text. */
function isAscii(text: string, source: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== source[start + i]) return false;
  return true;
}
