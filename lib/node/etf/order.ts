/**
 * Erlang's exact order of terms, for terms in the exact mapping. It is part of the protocol where nodes must agree
 * on an order.
 *
 * number < atom < reference < fun < port < pid < tuple < map < empty list < list < bit string
 *
 * @module
 */

import { isPlainObject, Pid, Ref, type Term } from "../../kernel/term.ts";
import type { Identities } from "../identity.ts";
import { BitString, Export, Float, Fun, ImproperList, List, Port } from "../terms.ts";

const NUMBER = 0;
const ATOM = 1;
const REFERENCE = 2;
const FUN = 3;
const PORT = 4;
const PID = 5;
const TUPLE = 6;
const MAP = 7;
const EMPTY_LIST = 8;
const LIST = 9;
const BIT_STRING = 10;

/**
 * Compares two terms: less than 0 if `a` comes first, more than 0 if `b` does, 0 if they are equal as
 * `1` and `1.0` are.
 *
 * Mirrors `<` and `==` of Erlang.
 *
 * @throws {TypeError} If they contain a value that is not a term in the exact mapping.
 */
export function compareTerms(a: Term, b: Term, identities: Identities): number {
  return new Comparison(identities, false).compare(a, b);
}

/**
 * Compares the names of two atoms as Erlang does: by code point. JavaScript's `<` compares halves of
 * surrogate pairs, which puts some characters elsewhere.
 */
export function compareAtoms(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const one = a.charCodeAt(i);
    const other = b.charCodeAt(i);
    if (one !== other) return placeOf(one) - placeOf(other);
  }
  return a.length - b.length;
}

/** Orders surrogates, which stand for the highest code points, after all other code units. */
function placeOf(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

class Comparison {
  readonly #identities: Identities;
  /** Among the keys of maps, every integer comes before every float. */
  readonly #isOfKeys: boolean;
  /** Pairs still to be compared, the next one last: terms may be nested more deeply than the call stack allows. */
  readonly #pairs: (readonly [Term, Term])[] = [];

  constructor(identities: Identities, isOfKeys: boolean) {
    this.#identities = identities;
    this.#isOfKeys = isOfKeys;
  }

  compare(a: Term, b: Term): number {
    this.#pairs.push([a, b]);
    for (let pair = this.#pairs.pop(); pair !== undefined; pair = this.#pairs.pop()) {
      const difference = this.#outside(pair[0], pair[1]);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Compares two terms without their parts, and adds the parts to the pairs. */
  #outside(a: Term, b: Term): number {
    const kind = kindOf(a);
    const difference = kind - kindOf(b);
    return difference !== 0 || a === b ? difference : this.#alike(kind, a, b);
  }

  // deno-lint-ignore no-explicit-any -- both are of the kind
  #alike(kind: number, a: any, b: any): number {
    switch (kind) {
      case NUMBER:
        return this.#numbers(a, b);
      case ATOM:
        return compareAtoms(nameOf(a), nameOf(b));
      case REFERENCE:
        return this.#refs(a, b);
      case FUN:
        return this.#funs(a, b);
      case PORT:
        return compareNodes(a, b) || compareValues(a.id, b.id);
      case PID:
        return this.#pids(a, b);
      case TUPLE:
        return this.#parts(a, b);
      case MAP:
        return this.#maps(entriesOf(a), entriesOf(b));
      case LIST:
        return this.#lists(a, b);
      case BIT_STRING:
        return compareBits(a, b);
    }
    return 0;
  }

  #numbers(a: number | bigint | Float, b: number | bigint | Float): number {
    const isFloat = isOfFloats(a);
    if (this.#isOfKeys && isFloat !== isOfFloats(b)) return isFloat ? 1 : -1;
    return compareValues(numberOf(a), numberOf(b));
  }

  #refs(a: Ref, b: Ref): number {
    const one = this.#identities.identityOfRef(a);
    const other = this.#identities.identityOfRef(b);
    const nodes = compareNodes(one, other);
    if (nodes !== 0) return nodes;
    for (let i = Math.max(one.words.length, other.words.length) - 1; i >= 0; i--) {
      const difference = (one.words[i] ?? 0) - (other.words[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #pids(a: Pid, b: Pid): number {
    const one = this.#identities.identityOfPid(a);
    const other = this.#identities.identityOfPid(b);
    return one.serial - other.serial || one.id - other.id || compareNodes(one, other);
  }

  #funs(a: Fun | Export, b: Fun | Export): number {
    if (a instanceof Export || b instanceof Export) return compareExports(a, b);
    const difference = compareAtoms(a.module, b.module) || a.old.index - b.old.index ||
      a.old.uniq - b.old.uniq;
    return difference || this.#parts(a.free, b.free);
  }

  #parts(a: readonly Term[], b: readonly Term[]): number {
    if (a.length === b.length) this.#leave(a, b, a.length);
    return a.length - b.length;
  }

  #maps(a: Entries, b: Entries): number {
    if (a.length !== b.length) return a.length - b.length;
    const keys = new Comparison(this.#identities, true);
    const byKey = ([key]: Entry, [other]: Entry) => keys.#afresh(key, other);
    a.sort(byKey);
    b.sort(byKey);
    for (let i = 0; i < a.length; i++) {
      const difference = keys.#afresh(a[i]![0], b[i]![0]);
      if (difference !== 0) return difference;
    }
    return this.#parts(a.map(([, value]) => value), b.map(([, value]) => value));
  }

  #afresh(a: Term, b: Term): number {
    this.#pairs.length = 0;
    return this.compare(a, b);
  }

  #lists(a: List | ImproperList, b: List | ImproperList): number {
    const one = a instanceof List ? a : a.items;
    const other = b instanceof List ? b : b.items;
    const shared = Math.min(one.length, other.length);
    this.#pairs.push([restOf(a, one, shared), restOf(b, other, shared)]);
    this.#leave(one, other, shared);
    return 0;
  }

  /** Leaves the first items to be compared, in order. */
  #leave(a: readonly Term[], b: readonly Term[], count: number): void {
    for (let i = count - 1; i >= 0; i--) this.#pairs.push([a[i], b[i]]);
  }
}

type Entry = readonly [key: Term, value: Term];
type Entries = Entry[];

function kindOf(term: Term): number {
  switch (typeof term) {
    case "number":
    case "bigint":
      return NUMBER;
    case "object":
      return term === null ? ATOM : kindOfObject(term);
    case "function":
      return refuse(term);
  }
  return ATOM;
}

function kindOfObject(term: object): number {
  if (term instanceof List) return term.length === 0 ? EMPTY_LIST : LIST;
  if (Array.isArray(term)) return TUPLE;
  if (term instanceof Pid) return PID;
  if (term instanceof Ref) return REFERENCE;
  if (term instanceof Uint8Array || term instanceof BitString) return BIT_STRING;
  if (term instanceof Map || isPlainObject(term)) return MAP;
  if (term instanceof Float) return NUMBER;
  if (term instanceof ImproperList) return LIST;
  if (term instanceof Port) return PORT;
  return term instanceof Fun || term instanceof Export ? FUN : refuse(term);
}

function refuse(term: unknown): never {
  throw new TypeError(`Cannot compare ${String(term)}: it is not an Erlang term`);
}

function nameOf(atom: string | symbol | boolean | null | undefined): string {
  if (typeof atom === "symbol") return atom.description ?? "";
  return atom === null ? "nil" : String(atom);
}

function isOfFloats(number: number | bigint | Float): boolean {
  return number instanceof Float ||
    typeof number === "number" && (!Number.isSafeInteger(number) || Object.is(number, -0));
}

function numberOf(number: number | bigint | Float): number | bigint {
  return number instanceof Float ? number.value : number;
}

function compareValues(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Life = { readonly node: string; readonly creation: number };

function compareNodes(a: Life, b: Life): number {
  return compareAtoms(a.node, b.node) || a.creation - b.creation;
}

function compareExports(a: Fun | Export, b: Fun | Export): number {
  if (!(a instanceof Export)) return -1;
  if (!(b instanceof Export)) return 1;
  return compareAtoms(a.module, b.module) || compareAtoms(a.function, b.function) ||
    a.arity - b.arity;
}

function entriesOf(map: ReadonlyMap<Term, Term> | Record<string, Term>): Entries {
  return map instanceof Map ? [...map] : Object.entries(map);
}

/** The rest of a list after its first items, or its tail. */
function restOf(whole: List | ImproperList, items: readonly Term[], count: number): Term {
  if (count < items.length) return List.from(items.slice(count)); // of a longer one: that it is a list
  return whole instanceof List ? NO_MORE : whole.tail;
}

const NO_MORE = new List();

function compareBits(a: Uint8Array | BitString, b: Uint8Array | BitString): number {
  const one = bitsOf(a);
  const other = bitsOf(b);
  const shared = Math.min(one.size, other.size);
  const whole = shared >> 3;
  for (let i = 0; i < whole; i++) {
    const difference = one.bytes[i]! - other.bytes[i]!;
    if (difference !== 0) return difference;
  }
  const mask = 0xff00 >> (shared & 7) & 0xff;
  const difference = ((one.bytes[whole] ?? 0) & mask) - ((other.bytes[whole] ?? 0) & mask);
  return difference || one.size - other.size;
}

function bitsOf(
  term: Uint8Array | BitString,
): { readonly bytes: Uint8Array; readonly size: number } {
  if (term instanceof Uint8Array) return { bytes: term, size: term.length * 8 };
  return { bytes: term.bytes, size: (term.bytes.length - 1) * 8 + term.bits };
}
