/**
 * The order of terms: Erlang's, applied to JavaScript values.
 *
 * 1. numbers and bigints, by value (`1` and `1n` compare equal), `NaN` after all others;
 * 2. atoms: strings, symbols, booleans, `null` and `undefined`, by their text as JavaScript compares
 *    strings; with the same text, a string comes before a symbol, and a symbol before the rest;
 * 3. references, oldest first;
 * 4. functions, in the order in which they were first compared;
 * 5. pids, oldest first;
 * 6. arrays (tuples), by length, then item by item;
 * 7. plain objects, by number of keys, then by the sorted keys, then by the values in that order;
 * 8. `Map`s in the same way, then `Set`s: by size, then by the sorted members;
 * 9. dates, by time;
 * 10. all other objects, in the order in which they were first compared;
 * 11. bytes (`Uint8Array`), byte by byte.
 *
 * @module
 */

import { Classes, isPlainObject, LEVELS, Pid, Ref, type Term } from "./term.ts";
import { identityOf } from "./term_map.ts";

const NUMBER = 0;
const ATOM = 1;
const REFERENCE = 2;
const FUNCTION = 3;
const PID = 4;
const TUPLE = 5;
const RECORD = 6;
const MAP = 7;
const SET = 8;
const DATE = 9;
const OTHER = 10;
const BYTES = 11;

/** Levels of nesting that are compared by recursion. Deeper terms are compared by {@linkcode compareDeep}. */
const RECURSIONS = 64;
/** Objects that are compared by recursion, as terms with shared parts may have 2 ** 64 paths in 64 levels. */
const VISITS = 10_000;
/** The result of the recursion when it has reached one of these limits. */
const UNKNOWN = NaN;

/** Number of objects that the recursion of {@linkcode compare} may still compare. */
let visits = 0;

/**
 * Compares two terms: negative if `a` comes first, positive if `b` does. It is 0 for terms that are equal
 * (see `equal`), and also for terms that differ only in a number that is a bigint in one of them, as
 * `1 == 1.0` in Erlang, or in keys of a `Map` and members of a `Set` that differ by identity only.
 *
 * Terms may contain themselves. A term that cannot be read, such as a revoked proxy, is ordered by identity; so
 * is one of more than 100,000 levels of nesting.
 *
 * Mirrors `<` and `==` of Erlang.
 */
export function compare(a: Term, b: Term): number {
  if (a === b) return 0;
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : 1;
  visits = VISITS;
  try {
    const difference = compareParts(a, b, RECURSIONS);
    return difference === difference ? difference : compareDeep(a as object, b as object);
  } catch {
    return readableKindOf(a) - readableKindOf(b) ||
      identityOf(a as object) - identityOf(b as object);
  }
}

/** The kind of a term that may be one that cannot be read. */
function readableKindOf(term: Term): number {
  try {
    return kindOf(term);
  } catch {
    return OTHER;
  }
}

function compareParts(a: Term, b: Term, depth: number): number {
  if (a === b) return 0;
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : 1;
  const kind = kindOf(a);
  const difference = kind - kindOf(b);
  if (difference !== 0) return difference;
  if (!isComposed(kind)) return compareAlike(kind, a, b);
  if (depth === 0 || visits-- === 0) return UNKNOWN;
  if (kind === RECORD) return compareRecords(a as Fields, b as Fields, depth - 1);
  return compareSizes(kind, a, b) ||
    compareItems(itemsOf(kind, a), itemsOf(kind, b), depth - 1);
}

type Fields = Readonly<Record<string, Term>>;

function compareRecords(a: Fields, b: Fields, depth: number): number {
  const keys = Object.keys(a);
  const others = Object.keys(b);
  if (keys.length !== others.length) return keys.length - others.length;
  if (keys.length > 1) {
    keys.sort();
    others.sort();
  }
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== others[i]) return keys[i]! < others[i]! ? -1 : 1;
  }
  for (const key of keys) {
    const difference = compareParts(a[key], b[key], depth);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Compares two terms that are too deep or too large for recursion. Terms that have been compared are put into
 * one class, and two terms of one class are not compared again: so it ends for terms that contain themselves.
 */
function compareDeep(a: object, b: object): number {
  const classes = new Classes();
  const pairs: (readonly [a: Term, b: Term, level: number])[] = [[a, b, 1]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [first, second, level] = pair;
    if (level > LEVELS) {
      throw new RangeError("Cannot compare these terms: they are nested too deep");
    }
    const kind = kindOf(first);
    const difference = kind - kindOf(second) ||
      (isComposed(kind) ? compareSizes(kind, first, second) : compareAlike(kind, first, second));
    if (difference !== 0) return difference;
    if (!isComposed(kind) || !classes.unite(first as object, second as object)) continue;
    const items = itemsOf(kind, first);
    const others = itemsOf(kind, second);
    for (let i = items.length - 1; i >= 0; i--) {
      if (items[i] !== others[i]) pairs.push([items[i], others[i], level + 1]);
    }
  }
  return 0;
}

function kindOf(term: Term): number {
  switch (typeof term) {
    case "number":
    case "bigint":
      return NUMBER;
    case "function":
      return FUNCTION;
    case "object":
      return term === null ? ATOM : kindOfObject(term);
  }
  return ATOM;
}

function kindOfObject(term: object): number {
  if (Array.isArray(term)) return TUPLE;
  if (term instanceof Pid) return PID;
  if (term instanceof Ref) return REFERENCE;
  if (isPlainObject(term)) return RECORD;
  if (term instanceof Map) return MAP;
  if (term instanceof Set) return SET;
  if (term instanceof Uint8Array) return BYTES;
  return term instanceof Date ? DATE : OTHER;
}

/** Tells whether terms of a kind are compared by their parts. */
function isComposed(kind: number): boolean {
  return kind >= TUPLE && kind <= SET;
}

// deno-lint-ignore no-explicit-any -- both are of kind `kind`
function compareAlike(kind: number, a: any, b: any): number {
  switch (kind) {
    case NUMBER:
      return compareNumbers(a, b);
    case ATOM:
      return compareAtoms(a, b);
    case REFERENCE:
    case PID:
      return compareTexts(a.node, b.node) || a.id - b.id;
    case DATE:
      return compareNumbers(a.getTime(), b.getTime());
    case BYTES:
      return compareBytes(a, b);
  }
  return identityOf(a) - identityOf(b);
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(a !== a) - Number(b !== b);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareAtoms(a: unknown, b: unknown): number {
  return compareTexts(textOf(a), textOf(b)) || kindOfAtom(a) - kindOfAtom(b) ||
    (typeof a === "symbol" ? identityOf(a) - identityOf(b as symbol) : 0);
}

function textOf(atom: unknown): string {
  return typeof atom === "symbol" ? atom.description ?? "" : String(atom);
}

/** The order of atoms with the same text. At most one of them is a registered symbol, which has no identity. */
function kindOfAtom(atom: unknown): number {
  if (typeof atom === "string") return 0;
  if (typeof atom !== "symbol") return 3;
  return Symbol.keyFor(atom) === undefined ? 2 : 1;
}

// deno-lint-ignore no-explicit-any -- both are of kind `kind`, which is composed
function compareSizes(kind: number, a: any, b: any): number {
  if (kind === TUPLE) return a.length - b.length;
  return kind === RECORD ? Object.keys(a).length - Object.keys(b).length : a.size - b.size;
}

/** The parts of a term in the order in which they are compared: of a map, the sorted keys, then the values. */
// deno-lint-ignore no-explicit-any -- it is of kind `kind`, which is composed
function itemsOf(kind: number, term: any): readonly Term[] {
  if (kind === TUPLE) return term;
  if (kind === RECORD) {
    const keys = Object.keys(term).sort();
    return keys.concat(keys.map((key) => term[key]));
  }
  const left = visits;
  // Sorts pairs, as `sort` would put an `undefined` key last.
  const pairs = [...(term as Map<Term, Term>).entries()].sort(([a], [b]) => compare(a, b));
  visits = left;
  return [...pairs.map(([key]) => key), ...pairs.map(([, value]) => value)];
}

function compareItems(a: readonly Term[], b: readonly Term[], depth: number): number {
  for (let i = 0; i < a.length; i++) {
    const difference = compareParts(a[i], b[i], depth);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
