/**
 * Decodes terms. The input is not trusted: every count is checked against the remaining bytes, and nested terms are
 * kept on an explicit stack instead of the call stack.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import { Pid, Ref, type Term } from "../../kernel/term.ts";
import {
  ATOM_CHARACTERS,
  bin,
  BitString,
  Export,
  Float,
  Fun,
  ImproperList,
  List,
  list,
  Port,
} from "../terms.ts";
import { type DecodeError, EncodeError, Reader } from "./bytes.ts";
import { keyOf } from "./encode.ts";
import type { Mapping } from "./mapping.ts";
import { isOfBytes, putTogether } from "./own.ts";
import * as tag from "./tags.ts";
import { readAtomText, readLatin1, readUtf8 } from "./text.ts";

const FLOAT_BYTES = 31;
const UNIQ_BYTES = 16;
const MOST_WORDS = 5;
/** The maximum number of parts that room is reserved for in advance. */
const MOST_ROOM = 1 << 20;
/** The number of terms of a fun before its free variables: module, old index, old uniq, pid. */
const FUN_PARTS = 4;

/**
 * Reads one term, without a leading version byte.
 *
 * @param atoms The atoms that the atom cache references of this message refer to.
 * @throws {DecodeError} If the bytes are not a term, or exceed a limit.
 */
export function decodeTerm(reader: Reader, mapping: Mapping, atoms?: readonly string[]): Term {
  const decoder = idle ?? new Decoder();
  idle = undefined;
  const term = decoder.decode(reader, mapping, atoms ?? NO_ATOMS);
  idle = decoder;
  return term;
}

const NO_ATOMS: readonly string[] = [];
/** Held by an idle decoder, so that it keeps no message alive. */
const NO_ITEMS: Term[] = [];
const NO_BYTES = new Uint8Array(0);
const NOTHING = new Reader(NO_BYTES);

const EXACT = 0;
const OWN = 2;
const KINDS = { exact: EXACT, natural: 1, own: OWN } as const;

const TUPLE = 0;
const LIST = 1;
/** A list after its items, whose tail is not the empty list. */
const TAIL = 2;
const MAP = 3;
const SPECIAL = 4;
const FUN = 5;

/** Returned in place of a term with parts that was only begun. */
const BEGUN = Symbol("begun");

/** An incomplete term. */
class Frame {
  kind = TUPLE;
  /** The offset of its first byte. */
  offset = 0;
  /** The number of decoded parts, and the total number. */
  index = 0;
  count = 0;
  /** The decoded parts; for a map, keys and values in turn. */
  items = NO_ITEMS;
  /** For a map in another mapping than the exact one: the tags of its keys. Atoms are kept as their text. */
  keyTags: number[] | undefined;
  /** For a special: its kind. */
  special = 0;
  /** For a fun: the fields before its parts. */
  fun: Pick<Fun, "arity" | "uniq" | "index"> | undefined;
  /** For a fun: the mapping outside of it. */
  mapping: number = EXACT;
}

let idle: Decoder | undefined;

class Decoder {
  #reader = NOTHING;
  #source: Uint8Array = NO_BYTES;
  #mapping!: Mapping;
  #kind: number = EXACT;
  #atoms = NO_ATOMS;
  #depth = 0;
  /** The number of terms that incomplete terms still need: each has at least one byte. */
  #owed = 0;
  readonly #frames: Frame[] = [];

  decode(reader: Reader, mapping: Mapping, atoms: readonly string[]): Term {
    this.#reader = reader;
    this.#source = reader.source;
    this.#mapping = mapping;
    this.#kind = KINDS[mapping.kind];
    this.#atoms = atoms;
    this.#depth = 0;
    this.#owed = 0;
    let term = this.#next();
    while (this.#depth > 0) {
      term = this.#goOn(this.#frames[this.#depth - 1]!);
      if (term === BEGUN) continue;
      this.#depth--;
      this.#frames[this.#depth]!.items = NO_ITEMS;
      if (this.#depth === 0) break;
      const frame = this.#frames[this.#depth - 1]!;
      frame.items[frame.index++] = term;
    }
    this.#source = NO_BYTES;
    this.#reader = NOTHING;
    return term;
  }

  /** Reads parts of a term until one has parts itself; the finished term when there are no more. */
  #goOn(frame: Frame): Term {
    const { items, keyTags } = frame;
    while (frame.index < frame.count) {
      this.#owed--;
      const isKey = keyTags !== undefined && frame.index % 2 === 0;
      const term = isKey ? this.#key(keyTags) : this.#next();
      if (term === BEGUN) return BEGUN;
      items[frame.index++] = term;
    }
    return frame.kind === TUPLE ? items : this.#finish(frame);
  }

  #finish(frame: Frame): Term {
    switch (frame.kind) {
      case LIST:
        return this.#endOfList(frame);
      case TAIL:
        return putListTogether(frame.items);
      case MAP:
        return this.#endOfMap(frame);
      case SPECIAL:
        return this.#special(frame.offset, frame.special, frame.items[0]);
    }
    return this.#endOfFun(frame);
  }

  #begin(kind: number, offset: number, count: number, owed = count): Frame {
    const depth = this.#depth++;
    if (depth >= this.#mapping.limits.nesting) {
      throw this.#reader.error(
        `the term is nested more than ${this.#mapping.limits.nesting} deep`,
        offset,
      );
    }
    this.#owed += owed;
    if (this.#owed > this.#reader.remaining) {
      throw this.#reader.error(
        `${this.#owed} terms should follow, there are ${this.#reader.remaining} bytes`,
        offset,
      );
    }
    const frame = this.#frames[depth] ??= new Frame();
    frame.kind = kind;
    frame.offset = offset;
    frame.index = 0;
    const room = count <= MOST_ROOM ? count : 0;
    frame.items = kind === LIST ? new List(room) : new Array(room);
    frame.count = count;
    frame.keyTags = undefined;
    return frame;
  }

  /** Reads a term without parts, or begins one that has some. */
  #next(): Term {
    const reader = this.#reader;
    const { offset } = reader;
    switch (reader.u8()) {
      case tag.SMALL_INTEGER:
        return reader.u8();
      case tag.INTEGER:
        return reader.i32();
      case tag.SMALL_ATOM_UTF8:
      case tag.ATOM_UTF8:
      case tag.SMALL_ATOM:
      case tag.ATOM:
      case tag.ATOM_CACHE_REF:
        reader.offset = offset;
        return valueOfAtom(this.#atomText());
      case tag.SMALL_TUPLE:
        return this.#tuple(offset, reader.u8());
      case tag.LARGE_TUPLE:
        return this.#tuple(offset, reader.u32());
      case tag.NIL:
        return new List();
      case tag.BINARY:
        return this.#binary(reader.u32());
      case tag.LIST:
        return this.#list(offset, reader.u32());
      case tag.STRING:
        return this.#string(reader.u16());
      case tag.MAP:
        return this.#beginMap(offset, reader.u32());
      case tag.NEW_FLOAT:
        return this.#float(reader.f64(), offset);
      case tag.NEW_PID:
        return this.#pid(offset, true);
      case tag.NEWER_REFERENCE:
        return this.#ref(offset, reader.u16(), true);
      case tag.SMALL_BIG:
        return this.#big(offset, reader.u8());
      case tag.LARGE_BIG:
        return this.#big(offset, reader.u32());
      case tag.BIT_BINARY:
        return this.#bitString(offset);
      case tag.EXPORT:
        return this.#export();
      case tag.NEW_FUN:
        return this.#beginFun(offset);
      case tag.V4_PORT:
        return this.#port(true, true);
      case tag.NEW_PORT:
        return this.#port(false, true);
      case tag.PORT:
        return this.#port(false, false);
      case tag.PID:
        return this.#pid(offset, false);
      case tag.NEW_REFERENCE:
        return this.#ref(offset, reader.u16(), false);
      case tag.REFERENCE:
        return this.#oldRef();
      case tag.FLOAT:
        return this.#oldFloat(offset);
    }
    throw reader.error(`unknown tag ${this.#source[offset]}`, offset);
  }

  /** Reads the text of an atom. */
  #atomText(): string {
    const reader = this.#reader;
    const { offset } = reader;
    switch (reader.u8()) {
      case tag.SMALL_ATOM_UTF8:
        return this.#utf8Atom(offset, reader.u8());
      case tag.ATOM_UTF8:
        return this.#utf8Atom(offset, reader.u16());
      case tag.SMALL_ATOM:
        return this.#latin1Atom(offset, reader.u8());
      case tag.ATOM:
        return this.#latin1Atom(offset, reader.u16());
      case tag.ATOM_CACHE_REF: {
        const text = this.#atoms[reader.u8()];
        if (text !== undefined) return text;
        throw reader.error("the atom cache of this message does not go that far", offset);
      }
    }
    throw reader.error(`an atom should follow, not the tag ${this.#source[offset]}`, offset);
  }

  #utf8Atom(offset: number, length: number): string {
    const at = this.#skip(length);
    const text = readAtomText(this.#source, at, length);
    if (text === undefined) throw this.#reader.error("the atom is not UTF-8", offset);
    if (length > ATOM_CHARACTERS && [...text].length > ATOM_CHARACTERS) {
      throw this.#reader.error(`the atom has more than ${ATOM_CHARACTERS} characters`, offset);
    }
    return text;
  }

  #latin1Atom(offset: number, length: number): string {
    if (length > ATOM_CHARACTERS) {
      throw this.#reader.error(`the atom has more than ${ATOM_CHARACTERS} characters`, offset);
    }
    return readLatin1(this.#source, this.#skip(length), length);
  }

  /** Skips `length` bytes, and returns their offset. */
  #skip(length: number): number {
    return this.#reader.skip(length);
  }

  #tuple(offset: number, count: number): Term {
    if (count === 0) return [];
    this.#begin(TUPLE, offset, count);
    return BEGUN;
  }

  /** The binary of `length` bytes: text in the other mappings. */
  #binary(length: number): Term {
    const at = this.#skip(length);
    if (this.#kind === EXACT) return this.#source.slice(at, at + length);
    const text = readUtf8(this.#source, at, length);
    if (text !== undefined) return text;
    if (this.#kind === OWN) throw this.#reader.error("the text is not UTF-8", at);
    return this.#source.slice(at, at + length);
  }

  #bitString(offset: number): Term {
    const reader = this.#reader;
    const length = reader.u32();
    const bits = reader.u8();
    if (bits === 8) return this.#binary(length);
    const bytes = reader.bytes(length).slice();
    if (length === 0 && bits === 0) return bytes;
    if (length === 0 || bits < 1 || bits > 7) {
      throw reader.error(
        `a bit string of ${length} bytes has ${bits} bits in its last one`,
        offset,
      );
    }
    return new BitString(bytes, bits);
  }

  /** A list of bytes. */
  #string(length: number): Term {
    const at = this.#skip(length);
    const items = new List<number>(length);
    for (let i = 0; i < length; i++) items[i] = this.#source[at + i]!;
    return items;
  }

  #list(offset: number, count: number): Term {
    if (
      this.#kind === OWN && count === 1 && this.#source[this.#reader.offset] === tag.SMALL_INTEGER
    ) {
      return this.#beginSpecial(offset);
    }
    this.#begin(LIST, offset, count, count + 1);
    return BEGUN;
  }

  #endOfList(frame: Frame): Term {
    const reader = this.#reader;
    if (this.#source[reader.offset] !== tag.NIL) {
      this.#beginTail(frame);
      return this.#goOn(frame);
    }
    reader.offset++;
    this.#owed--;
    return frame.items;
  }

  /** Handles a tail that is not the empty list: it becomes the last of the items. */
  #beginTail(frame: Frame): void {
    const { items } = frame;
    const before: Term[] = new Array(items.length + 1);
    for (let i = 0; i < items.length; i++) before[i] = items[i];
    frame.kind = TAIL;
    frame.items = before;
    frame.count++;
  }

  #beginSpecial(offset: number): Term {
    const reader = this.#reader;
    reader.offset++;
    const kind = reader.u8();
    if (!isOfBytes(kind)) {
      this.#begin(SPECIAL, offset, 1).special = kind;
      return BEGUN;
    }
    if (reader.u8() !== tag.BINARY) throw reader.error("a binary should follow", reader.offset - 1);
    return this.#special(offset, kind, reader.bytes(reader.u32()));
  }

  #special(offset: number, kind: number, payload: Term): Term {
    try {
      return putTogether({ kind, payload });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw this.#reader.error(`the value cannot be put together: ${why}`, offset);
    }
  }

  #beginMap(offset: number, count: number): Term {
    const frame = this.#begin(MAP, offset, count * 2);
    if (this.#kind !== EXACT) frame.keyTags = [];
    return BEGUN;
  }

  /** Reads a key of a map that is not exact. */
  #key(keyTags: number[]): Term {
    const keyTag = this.#source[this.#reader.offset]!;
    keyTags.push(keyTag);
    return isAtom(keyTag) ? this.#atomText() : this.#next();
  }

  #endOfMap(frame: Frame): Term {
    const { keyTags } = frame;
    if (keyTags === undefined) return this.#exactMap(frame);
    if (this.#kind === OWN || keyTags.every(isAtom)) return this.#record(frame);
    return this.#naturalMap(frame, keyTags);
  }

  #record({ items, offset }: Frame): Term {
    const record: Record<string, Term> = {};
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string") {
        throw this.#reader.error("the keys of an object should be text", offset);
      }
      if (key === "__proto__") defineProto(record, items[i + 1]);
      else record[key] = items[i + 1];
    }
    if (Object.keys(record).length * 2 < items.length) {
      throw this.#reader.error("the map has a key twice", offset);
    }
    return record;
  }

  #exactMap({ items, offset }: Frame): Term {
    const map = new Map<Term, Term>();
    let composed = 0;
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (isComposed(key)) composed++;
      map.set(key, items[i + 1]);
      if (map.size * 2 < i + 2) throw this.#duplicateKey(offset, key);
    }
    if (composed > 1) this.#checkKeys(map, offset);
    return map;
  }

  #naturalMap({ items, offset }: Frame, keyTags: readonly number[]): Term {
    const map = new Map<Term, Term>();
    let forms: Map<Term, Form> | undefined;
    for (let i = 0; i < keyTags.length; i++) {
      let key = valueOfKey(items[i * 2], keyTags[i]!);
      if (map.has(key)) {
        forms ??= firstForms(items, keyTags);
        const form = formOf(keyTags[i]!);
        if (forms.get(key) === form) throw this.#duplicateKey(offset, key);
        key = explicit(key, form);
      }
      map.set(key, items[i * 2 + 1]);
    }
    this.#checkKeys(map, offset);
    return map;
  }

  /** Refuses equal keys that a `Map` does not recognise as equal. */
  #checkKeys(map: ReadonlyMap<Term, Term>, offset: number): void {
    const { identities, limits } = this.#mapping;
    const mapping = {
      kind: this.#kind === EXACT ? "exact" : "natural",
      identities,
      limits,
    } as const;
    const seen = new Set<string>();
    for (const key of map.keys()) {
      if (!isComposed(key)) continue;
      const text = this.#keyOf(key, mapping, offset);
      if (seen.has(text)) throw this.#duplicateKey(offset, key);
      seen.add(text);
    }
  }

  #keyOf(key: Term, mapping: Mapping, offset: number): string {
    try {
      return keyOf(key, mapping);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      throw this.#reader.error(`the keys of the map cannot be compared: ${error.message}`, offset);
    }
  }

  #duplicateKey(offset: number, key: Term): DecodeError {
    return this.#reader.error(`the map has the key ${inspect(key)} twice`, offset);
  }

  #float(number: number, offset: number): Term {
    if (!Number.isFinite(number)) throw this.#reader.error("the float is not finite", offset);
    if (this.#kind !== EXACT || !Number.isSafeInteger(number) || Object.is(number, -0)) {
      return number;
    }
    return new Float(number);
  }

  #oldFloat(offset: number): Term {
    const text = readLatin1(this.#source, this.#skip(FLOAT_BYTES), FLOAT_BYTES).replace(/\0+$/, "");
    if (!/^\s*[+-]?\d+\.\d+(e[+-]?\d+)?$/.test(text)) {
      throw this.#reader.error(`${inspect(text)} is not a float`, offset);
    }
    return this.#float(Number(text), offset);
  }

  #big(offset: number, length: number): Term {
    const reader = this.#reader;
    const { integerBytes } = this.#mapping.limits;
    if (length > integerBytes) {
      throw reader.error(
        `the integer has ${length} bytes, and ${integerBytes} are allowed`,
        offset,
      );
    }
    const isNegative = reader.u8() !== 0;
    const magnitude = bigFrom(reader.bytes(length));
    const bigint = isNegative ? -magnitude : magnitude;
    const number = Number(bigint);
    return Number.isSafeInteger(number) ? number : bigint;
  }

  #pid(offset: number, isNew: boolean): Term {
    const reader = this.#reader;
    const node = this.#atomText();
    if (node === "") throw reader.error("the node of a pid has no name", offset);
    const id = reader.u32();
    const serial = reader.u32();
    const creation = isNew ? reader.u32() : reader.u8();
    return this.#mapping.identities.pid({ node, id, serial, creation });
  }

  #ref(offset: number, count: number, isNew: boolean): Term {
    const reader = this.#reader;
    if (count < 1 || count > MOST_WORDS) {
      throw reader.error(`a reference has 1 to ${MOST_WORDS} words, not ${count}`, offset);
    }
    const node = this.#atomText();
    const creation = isNew ? reader.u32() : reader.u8();
    const words: number[] = [];
    for (let i = 0; i < count; i++) words.push(reader.u32());
    return this.#mapping.identities.ref({ node, creation, words });
  }

  #oldRef(): Term {
    const node = this.#atomText();
    const words = [this.#reader.u32()];
    return this.#mapping.identities.ref({ node, creation: this.#reader.u8(), words });
  }

  #port(hasLongId: boolean, isNew: boolean): Term {
    const reader = this.#reader;
    const node = this.#atomText();
    const id = hasLongId ? reader.u64() : BigInt(reader.u32());
    return this.#mapping.identities.port(node, id, isNew ? reader.u32() : reader.u8());
  }

  #export(): Term {
    const reader = this.#reader;
    const module = this.#atomText();
    const name = this.#atomText();
    if (reader.u8() !== tag.SMALL_INTEGER) {
      throw reader.error("the arity of a function should follow", reader.offset - 1);
    }
    return new Export(module, name, reader.u8());
  }

  /** Begins a fun. Its content is opaque, and in the exact mapping in every case. */
  #beginFun(offset: number): Term {
    const reader = this.#reader;
    reader.u32(); // its size, which the BEAM ignores, too
    const arity = reader.u8();
    const uniq = reader.bytes(UNIQ_BYTES).slice();
    const index = reader.u32();
    const frame = this.#begin(FUN, offset, FUN_PARTS + reader.u32());
    frame.fun = { arity, uniq, index };
    frame.mapping = this.#kind;
    this.#kind = EXACT;
    return BEGUN;
  }

  #endOfFun(frame: Frame): Term {
    this.#kind = frame.mapping;
    const [module, oldIndex, oldUniq, pid, ...free] = frame.items;
    if (
      typeof module !== "string" || !isInt32(oldIndex) || !isInt32(oldUniq) || !(pid instanceof Pid)
    ) throw this.#reader.error("the fun has no module, index, uniq and pid", frame.offset);
    return new Fun({ ...frame.fun!, module, old: { index: oldIndex, uniq: oldUniq }, pid, free });
  }
}

/** The list of some items and, after them, a tail. */
function putListTogether(items: Term[]): Term {
  const tail = items.pop();
  if (items.length === 0) return tail;
  if (tail instanceof List) return list(items.concat(Array.from(tail)));
  return tail instanceof ImproperList
    ? new ImproperList(items.concat(tail.items), tail.tail)
    : new ImproperList(items, tail);
}

function isAtom(tagged: number): boolean {
  return tagged === tag.SMALL_ATOM_UTF8 || tagged === tag.ATOM_CACHE_REF ||
    tagged === tag.ATOM_UTF8 || tagged === tag.SMALL_ATOM || tagged === tag.ATOM;
}

/** The JavaScript value of an atom. */
function valueOfAtom(text: string): Term {
  switch (text) {
    case "true":
      return true;
    case "false":
      return false;
    case "nil":
      return null;
    case "undefined":
      return undefined;
  }
  return text;
}

/** The kind of a key, where keys of several kinds are equal in the natural mapping. */
type Form = "atom" | "binary" | "float" | "other";

function formOf(keyTag: number): Form {
  if (isAtom(keyTag)) return "atom";
  if (keyTag === tag.BINARY) return "binary";
  return keyTag === tag.NEW_FLOAT || keyTag === tag.FLOAT ? "float" : "other";
}

function valueOfKey(key: Term, keyTag: number): Term {
  return isAtom(keyTag) ? valueOfAtom(key as string) : key;
}

/** The form of each key; of equal ones, that of the first. */
function firstForms(items: readonly Term[], keyTags: readonly number[]): Map<Term, Form> {
  const forms = new Map<Term, Form>();
  for (let i = 0; i < keyTags.length; i++) {
    const key = valueOfKey(items[i * 2], keyTags[i]!);
    if (!forms.has(key)) forms.set(key, formOf(keyTags[i]!));
  }
  return forms;
}

/** The unambiguous key for an atom, a binary, a float or an integer. */
function explicit(key: Term, form: Form): Term {
  if (typeof key === "string") return form === "atom" ? Symbol(key) : bin(key);
  if (typeof key === "number") return form === "float" ? new Float(key) : BigInt(key);
  return key;
}

/** Whether a key is compound: a `Map` compares it by identity, and not by content. */
function isComposed(key: Term): boolean {
  return typeof key === "symbol" ||
    typeof key === "object" && key !== null &&
      !(key instanceof Pid || key instanceof Ref || key instanceof Port);
}

function isInt32(term: Term): term is number {
  return typeof term === "number" && (term | 0) === term;
}

/** An integer from its bytes, lowest first. */
function bigFrom(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (let i = bytes.length - 1; i >= 0; i--) hex += bytes[i]!.toString(16).padStart(2, "0");
  return BigInt(hex);
}

function defineProto(record: object, value: Term): void {
  Object.defineProperty(record, "__proto__", {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
