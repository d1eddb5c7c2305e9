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

import { isPlainObject, Pid, Ref, type Term } from "./term.ts";
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

/**
 * Compares two terms: negative if `a` comes first, positive if `b` does. It is 0 for terms that are equal
 * (see `equal`), and also for terms that differ only in a number that is a bigint in one of them, as
 * `1 == 1.0` in Erlang, or in keys of a `Map` and members of a `Set` that differ by identity only.
 *
 * Mirrors `<` and `==` of Erlang.
 */
export function compare(a: Term, b: Term): number {
  if (a === b) return 0;
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : 1;
  const kind = kindOf(a);
  const difference = kind - kindOf(b);
  return difference === 0 ? compareAlike(kind, a, b) : difference;
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
    case TUPLE:
      return compareTuples(a, b);
    case RECORD:
      return compareMaps(Object.entries(a), Object.entries(b));
    case MAP:
      return compareMaps([...a], [...b]);
    case SET:
      return compareMaps([...a.entries()], [...b.entries()]);
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

function compareTuples(a: readonly Term[], b: readonly Term[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = compare(a[i], b[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

type Pairs = (readonly [key: Term, value: Term])[];

function compareMaps(a: Pairs, b: Pairs): number {
  if (a.length !== b.length) return a.length - b.length;
  // Sorts pairs, as `sort` would put an `undefined` key last.
  const byKey = ([key]: readonly Term[], [other]: readonly Term[]) => compare(key, other);
  a.sort(byKey);
  b.sort(byKey);
  const parts = (pairs: Pairs, which: 0 | 1) => pairs.map((pair) => pair[which]);
  return compareTuples(parts(a, 0), parts(b, 0)) || compareTuples(parts(a, 1), parts(b, 1));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
