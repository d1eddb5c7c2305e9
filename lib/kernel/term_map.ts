/**
 * A map whose keys are compared as terms, not by identity: every `["worker", 1]` is the same key.
 *
 * Atoms, numbers, pids, references, functions, modules and instances of classes are keys of an ordinary
 * `Map` themselves. A composed term is serialised as a text, the same for equal terms and different for
 * all others, which stands in for it. So the time of an operation does not depend on the number of
 * keys, nor on how similar they are.
 *
 * @module
 */

import { RemotePid, RemoteRef } from "./distribution.ts";
import { isA } from "./reader.ts";
import { isPid, isPlainObject, isReference, LEVELS, type Term } from "./term.ts";

/**
 * The stand-in for a term as the key of a `Map`: two terms have the same stand-in if and only if they
 * are {@linkcode equal}. A term that is compared by identity is its own stand-in; so is one that cannot be
 * read, contains itself, or has a text of more than {@linkcode TEXT_LENGTH} characters or more than
 * {@linkcode LEVELS} levels of nesting.
 */
export function standIn(term: Term): unknown {
  if (typeof term === "string") {
    return term.charCodeAt(0) === MARK_CODE ? MARK + writeWhole(term) : term;
  }
  if (typeof term !== "object" || term === null) return term;
  const text = textOf(term);
  return text === undefined ? term : MARK + text;
}

/**
 * A 32-bit hash, evenly distributed, that is the same for equal terms. It is the same in every run of
 * the program, unless the term contains pids, references or terms that are compared by identity.
 */
export function hash(term: Term): number {
  const text = typeof term === "string"
    ? term
    : (typeof term === "object" && term !== null ? textOf(term) : undefined) ?? writeWhole(term);
  let hash = 0x811c9dc5; // FNV-1a, finished as MurmurHash3 is
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A map with terms as keys. Iterates in insertion order, as `Map` does. */
export class TermMap<Value> {
  readonly #values = new Map<unknown, Value>();
  /** The original keys, by their stand-ins. */
  readonly #keys = new Map<unknown, Term>();

  /** Number of keys. */
  get size(): number {
    return this.#values.size;
  }

  /** The value under `key`, or `undefined`. */
  get(key: Term): Value | undefined {
    return this.#values.get(standIn(key));
  }

  /** Whether there is a value under `key`. */
  has(key: Term): boolean {
    return this.#values.has(standIn(key));
  }

  /** Sets the value under `key`. */
  set(key: Term, value: Value): this {
    const id = standIn(key);
    if (id !== key && !this.#keys.has(id)) this.#keys.set(id, key);
    this.#values.set(id, value);
    return this;
  }

  /** Removes `key`; tells whether there was a value under it. */
  delete(key: Term): boolean {
    const id = standIn(key);
    if (id !== key) this.#keys.delete(id);
    return this.#values.delete(id);
  }

  /** Removes all keys. */
  clear(): void {
    this.#values.clear();
    this.#keys.clear();
  }

  /** All keys, each as it was first set. */
  *keys(): Generator<Term> {
    for (const [key] of this) yield key;
  }

  /** All values. */
  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  /** All keys with their values. */
  *[Symbol.iterator](): Generator<[key: Term, value: Value]> {
    for (const [id, value] of this.#values) {
      yield [this.#keys.has(id) ? this.#keys.get(id) : id, value];
    }
  }
}

/** The first character of a stand-in, which tells it apart from other strings. */
const MARK = "\0";
const MARK_CODE = 0;

/** Tells whether two terms may be equal without being the same object. */
function isComposed(term: Term): term is object {
  return typeof term === "object" && term !== null &&
    (Array.isArray(term) || isPlainObject(term) || term instanceof Map || term instanceof Set ||
      term instanceof Uint8Array || term instanceof Date);
}

/** Levels of nesting that are serialised by recursion. Deeper terms are serialised by {@linkcode writeDeep}. */
const RECURSIONS = 64;
/** Objects that are serialised by recursion, as terms with shared parts may have 2 ** 64 paths in 64 levels. */
const VISITS = 10_000;
/** The longest text of a term. A term with shared parts may have one that is longer than any memory. */
const TEXT_LENGTH = 2 ** 22;

/** Number of objects that the recursion may still serialise. */
let visits = 0;

/** The text of a composed term; `undefined` if it is compared by identity. */
function textOf(term: object): string | undefined {
  try {
    if (!isComposed(term)) return undefined;
    visits = VISITS;
    const text = writeParts(term, RECURSIONS, null) ?? writeDeep(term);
    return text !== undefined && text.length <= TEXT_LENGTH ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Serialises a term. Each text is self-delimiting: it has a length, or ends with one of `,` `]` `}`,
 * with which no text begins. So a sequence of texts can be read in only one way.
 */
function write(term: Term, depth: number, parts: Parts | null): string | undefined {
  if (!isComposed(term)) return writeWhole(term);
  if (parts !== null) return parts.textOf(term);
  return depth === 0 || visits-- === 0 ? undefined : writeParts(term, depth - 1, null);
}

/**
 * Serialises a composed term: its parts by recursion if `parts` is `null`, else from there. `undefined` if they
 * are too deep or too large for recursion.
 */
function writeParts(term: object, depth: number, parts: Parts | null): string | undefined {
  if (Array.isArray(term)) {
    let text = "[";
    for (let i = 0; i < term.length; i++) {
      const part = write(term[i], depth, parts);
      if (part === undefined) return undefined;
      text += part;
      if (text.length > TEXT_LENGTH) throw new RangeError("the text is too long");
    }
    return text + "]";
  }
  if (term instanceof Date) return `d${term.getTime()},`;
  if (term instanceof Uint8Array) return `b${term.length}:${writeBytes(term)}`;
  // Keys of a Map and members of a Set are compared by identity, as Map and Set do.
  if (term instanceof Set) return `e${inOrder(Array.from(term, writeWhole))}}`;
  const isMap = term instanceof Map;
  const texts: string[] = [];
  for (const key of isMap ? term.keys() : Object.keys(term)) {
    const value = isMap ? term.get(key) : (term as Record<string, Term>)[key as string];
    const part = write(value, depth, parts);
    if (part === undefined) return undefined;
    texts.push(writeWhole(key) + part);
  }
  return `${isMap ? "m" : "{"}${inOrder(texts)}}`;
}

/** The texts of the parts of a term, as far as they are known. */
class Parts {
  /** `undefined` for those that wait for their own parts. */
  readonly texts = new Map<object, string | undefined>();
  /** Those that were asked for and are not known. */
  missing: object[] = [];

  textOf(part: object): string {
    const text = this.texts.get(part);
    if (text === undefined) this.missing.push(part);
    return text ?? "";
  }
}

/**
 * Serialises a term that is too deep or too large for recursion: each of its parts once, the innermost ones
 * first. `undefined` if the term contains itself.
 */
function writeDeep(term: object): string | undefined {
  const parts = new Parts();
  const { texts } = parts;
  let waiting = 0;
  const open = [term];
  for (let next = open.at(-1); next !== undefined; next = open.at(-1)) {
    if (texts.get(next) !== undefined) {
      open.pop();
      continue;
    }
    if (texts.has(next)) waiting--;
    parts.missing = [];
    const text = writeParts(next, 0, parts)!;
    if (text.length > TEXT_LENGTH || waiting === LEVELS) return undefined;
    if (parts.missing.length > 0) waiting++;
    texts.set(next, parts.missing.length === 0 ? text : undefined);
    for (const part of parts.missing) {
      if (texts.has(part)) return undefined; // it waits for itself
      open.push(part);
    }
  }
  return texts.get(term);
}

function writeBytes(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function inOrder(texts: string[]): string {
  return texts.length < 2 ? texts.join("") : texts.sort().join("");
}

function writeWhole(term: Term): string {
  switch (typeof term) {
    case "string":
      return `s${term.length}:${term}`;
    case "number":
      return `n${term},`; // 0 and -0 alike
    case "bigint":
      return `i${term},`;
    case "boolean":
      return term ? "t" : "f";
    case "undefined":
      return "u";
    case "symbol": {
      const name = Symbol.keyFor(term);
      return name === undefined ? writeIdentity(term) : `y${name.length}:${name}`;
    }
    case "function":
      return writeIdentity(term);
  }
  if (term === null) return "z";
  // The ids of remote pids and references are not unique in this runtime.
  if (isA(term, RemotePid) || isA(term, RemoteRef)) return writeIdentity(term);
  if (isPid(term)) return `p${term.id},`;
  if (isReference(term)) return `r${term.id},`;
  return writeIdentity(term as object);
}

const identities = new WeakMap<WeakKey, number>();
let lastIdentity = 0;

function writeIdentity(term: WeakKey): string {
  return `#${identityOf(term)},`;
}

/** A number for a term that is compared by identity: unique, and always the same for that term. */
export function identityOf(term: WeakKey): number {
  let identity = identities.get(term);
  if (identity === undefined) identities.set(term, identity = ++lastIdentity);
  return identity;
}
