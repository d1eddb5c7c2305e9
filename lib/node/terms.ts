/**
 * The terms that Erlang has and JavaScript lacks (lists beside tuples, bit strings, floats without a fraction,
 * ports, functions of other nodes), and the functions that create and convert them.
 *
 * How these and the values of JavaScript are converted to Erlang's and back is the table in `etf/mapping.ts`.
 *
 * @module
 */

import { ImproperList, List } from "../kernel/list.ts";
import type { NodeName, Pid, Term } from "../kernel/term.ts";

export { ImproperList, List };

/** The maximum number of characters of an atom. */
export const ATOM_CHARACTERS = 255;

/**
 * Makes a list of `items`; without items, the empty list. A text gives the list of its code points, which is what
 * `"text"` is in Erlang.
 *
 * `["reply", list([1, 2])]` is `{reply, [1, 2]}`.
 */
export function list(text: string): List<number>;
/** Makes a list of any items. */
export function list<T>(items?: Iterable<T>): List<T>;
export function list(items: Iterable<unknown> | string = []): List<unknown> {
  const made = new List<unknown>();
  for (const item of items) made.push(typeof items === "string" ? codePoint(item) : item);
  return made;
}

function codePoint(character: unknown): number {
  return (character as string).codePointAt(0)!;
}

/** A bit string whose length is not a multiple of eight; one of whole bytes is a `Uint8Array`. */
export class BitString {
  /** The bits, from the most significant bit of the first byte on. Unused bits of the last byte are 0. */
  readonly bytes: Uint8Array;
  /** The number of bits of the last byte that are used, from the most significant one on: 1 to 7. */
  readonly bits: number;

  /**
   * Makes a bit string of all bits of `bytes`, but only the first `bits` of the last byte.
   *
   * @throws {RangeError} If there are no bytes, or `bits` is not 1 to 7.
   */
  constructor(bytes: Uint8Array, bits: number) {
    if (bytes.length === 0 || !Number.isInteger(bits) || bits < 1 || bits > 7) {
      throw new RangeError(
        `Cannot make a bit string: found ${bytes.length} bytes with ${bits} bits in the last one, ` +
          "expected at least one byte and 1 to 7 bits",
      );
    }
    const last = bytes.length - 1;
    const kept = bytes[last]! & (0xff << (8 - bits));
    if (kept !== bytes[last]) (bytes = bytes.slice())[last] = kept;
    this.bytes = bytes;
    this.bits = bits;
  }
}

/** A float without a fraction, such as `2.0`: the number `2` is an integer in Erlang. */
export class Float {
  /** The number. */
  readonly value: number;

  /** Use {@linkcode float}. */
  constructor(value: number) {
    this.value = value;
  }

  /** The number, so that calculations can use the object directly. */
  valueOf(): number {
    return this.value;
  }

  /** Prints as Erlang prints it, e.g. `2.0`. */
  toString(): string {
    return Number.isInteger(this.value) ? this.value.toFixed(1) : String(this.value);
  }
}

/** Makes a float of a number, with or without a fraction. */
export function float(value: number): Float {
  return new Float(value);
}

/** The identity of a port of an Erlang node. Opaque, and interned like pids. */
export class Port {
  /** The node of the port. */
  readonly node: NodeName;
  /** Its number there, 64 bits. */
  readonly id: bigint;
  /** The creation of that node, which tells its lives apart. */
  readonly creation: number;

  /** Internal: ports are created when they are decoded. */
  constructor(node: NodeName, id: bigint, creation: number) {
    this.node = node;
    this.id = id;
    this.creation = creation;
  }

  /** Prints as Erlang prints it, e.g. `#Port<0.5>`. */
  toString(): string {
    return `#Port<0.${this.id}>`;
  }
}

/** An anonymous function of an Erlang node. It can be kept, compared and sent back, but not called. */
export class Fun {
  /** The module that defines it. */
  readonly module: string;
  /** Number of its arguments. */
  readonly arity: number;
  /** The version of the module: 16 bytes. */
  readonly uniq: Uint8Array;
  /** The index of the function in the module. */
  readonly index: number;
  /** The older forms of `index` and `uniq`. */
  readonly old: { readonly index: number; readonly uniq: number };
  /** The process that created it. */
  readonly pid: Pid;
  /** The values of its free variables, in the exact mapping. */
  readonly free: readonly Term[];

  /** Internal: only Erlang nodes create funs. */
  constructor(fields: Pick<Fun, "module" | "arity" | "uniq" | "index" | "old" | "pid" | "free">) {
    this.module = fields.module;
    this.arity = fields.arity;
    this.uniq = fields.uniq;
    this.index = fields.index;
    this.old = fields.old;
    this.pid = fields.pid;
    this.free = fields.free;
  }

  /** Prints as Erlang prints it, e.g. `#Fun<lists.3.20547>`. */
  toString(): string {
    return `#Fun<${this.module}.${this.old.index}.${this.old.uniq}>`;
  }
}

/** A named function of an Erlang node: `fun lists:map/2`. */
export class Export {
  /** The module. */
  readonly module: string;
  /** The function in it. */
  readonly function: string;
  /** Number of its arguments, 0 to 255. */
  readonly arity: number;

  /** The function `module:name/arity`, whether or not it exists on any node. */
  constructor(module: string, name: string, arity: number) {
    this.module = module;
    this.function = name;
    this.arity = arity;
  }

  /** Prints as Erlang prints it, e.g. `fun lists:map/2`. */
  toString(): string {
    return `fun ${this.module}:${this.function}/${this.arity}`;
  }
}

/**
 * Makes an atom, where the natural mapping would send a string as text: a server that replies `:ok` to Elixir
 * returns `atom("ok")`.
 *
 * The result is `Symbol.for(name)`. As on the BEAM, an atom is never garbage-collected: do not make atoms of
 * user input.
 *
 * @throws {RangeError} If the name has more than 255 characters.
 */
export function atom(name: string): symbol {
  if (name.length > ATOM_CHARACTERS && [...name].length > ATOM_CHARACTERS) {
    throw new RangeError(
      `Cannot make an atom: "${name.slice(0, 20)}…" has more than ${ATOM_CHARACTERS} characters`,
    );
  }
  return Symbol.for(name);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the bytes of a text in UTF-8, a binary in every mapping. */
export function bin(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Returns the text of a binary that arrived as bytes (exact mapping) or as text (natural mapping).
 *
 * @throws {TypeError} If the bytes are not UTF-8.
 */
export function text(binary: Uint8Array | string): string {
  return typeof binary === "string" ? binary : decoder.decode(binary);
}

/** Returns the bytes of a binary that arrived as bytes, or (natural mapping) as text. */
export function bytes(binary: Uint8Array | string): Uint8Array {
  return typeof binary === "string" ? encoder.encode(binary) : binary;
}

/**
 * Returns the value under a key of a map that came from Erlang, or `undefined`. Unlike `map.get`, it finds keys
 * that are tuples, binaries and other compound terms.
 */
export function mapGet(map: ReadonlyMap<Term, Term>, key: Term): Term {
  if (map.has(key) || typeof key !== "object" || key === null) return map.get(key);
  for (const [other, value] of map) if (sameTerm(key, other)) return value;
  return undefined;
}

/**
 * Returns whether two terms are equal in Erlang (`=:=`), in the exact mapping: compound terms by their parts,
 * pids, references and ports by identity; a list never equals a tuple.
 */
export function sameTerm(a: Term, b: Term): boolean {
  // The pairs still to be compared: a term may be nested more deeply than the call stack allows.
  const pairs: Term[] = [a, b];
  while (pairs.length > 0) {
    const one = pairs.pop();
    const other = pairs.pop();
    if (!Object.is(one, other) && !sameOutside(one, other, pairs)) return false;
  }
  return true;
}

/** Compares two terms without their parts, and adds the parts to the pairs. */
function sameOutside(a: Term, b: Term, pairs: Term[]): boolean {
  if (isFloat(a) || isFloat(b)) return isFloat(a) && isFloat(b) && Object.is(+a, +b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return (typeof a === "bigint" || typeof b === "bigint") && isNumber(a) && isNumber(b) && a == b;
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a instanceof List === b instanceof List && samePairs(a, b, pairs);
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && sameBytes(a, b);
  if (a instanceof Map) return b instanceof Map && sameMaps(a, b, pairs);
  if (a instanceof ImproperList) {
    pairs.push(a.tail, b instanceof ImproperList ? b.tail : undefined);
    return b instanceof ImproperList && samePairs(a.items, b.items, pairs);
  }
  if (a instanceof BitString) {
    return b instanceof BitString && a.bits === b.bits && sameBytes(a.bytes, b.bytes);
  }
  if (a instanceof Export) return b instanceof Export && a.toString() === b.toString();
  return a instanceof Fun && b instanceof Fun && sameFuns(a, b, pairs);
}

function isFloat(term: Term): term is number {
  return term instanceof Float ||
    typeof term === "number" && (!Number.isSafeInteger(term) || Object.is(term, -0));
}

function isNumber(term: Term): boolean {
  return typeof term === "number" || typeof term === "bigint";
}

function samePairs(a: readonly Term[], b: readonly Term[], pairs: Term[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) pairs.push(a[i], b[i]);
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameMaps(a: ReadonlyMap<Term, Term>, b: ReadonlyMap<Term, Term>, pairs: Term[]): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const found = b.has(key) ? key : [...b.keys()].find((other) => sameTerm(key, other));
    if (!b.has(found)) return false;
    pairs.push(value, b.get(found));
  }
  return true;
}

function sameFuns(a: Fun, b: Fun, pairs: Term[]): boolean {
  return a.module === b.module && a.arity === b.arity && a.index === b.index &&
    a.old.index === b.old.index && a.old.uniq === b.old.uniq && a.pid === b.pid &&
    sameBytes(a.uniq, b.uniq) && samePairs(a.free, b.free, pairs);
}
