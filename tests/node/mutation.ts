/**
 * Mutations of messages: terms of nearly the right shape, by lot, as a peer with a bug or a bad intent sends them.
 *
 * @module
 */

import { RemotePid } from "../../lib/kernel/distribution.ts";
import type { Term } from "../../lib/kernel/term.ts";
import { bin, Float, ImproperList, List } from "../../lib/node/terms.ts";

/** A number from 0 on, less than `below`. */
export type Lot = (below: number) => number;

/** Numbers that look random, and are the same each time. */
export function lotFrom(seed: number): Lot {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}

/** Terms that are of the wrong kind nearly everywhere. */
export const WRONG_TERMS: readonly Term[] = [
  undefined,
  null,
  true,
  0,
  -1,
  7,
  1.5,
  new Float(2),
  2n ** 70n,
  "atom",
  "",
  "x@",
  "__proto__",
  "constructor",
  "x@h",
  `${"x".repeat(250)}@h`,
  bin("a@h"),
  [],
  ["a"],
  ["insert", 7],
  ["delete"],
  [7, 7],
  ["lock", 7],
  new List(),
  List.of<Term>(7),
  List.of<Term>("a@h", 7),
  List.of<Term>(["insert", ["name", 7, 7]]),
  List.of<Term>(["lock", ["global", 7]]),
  new ImproperList(["a"], "b"),
  new Map<Term, Term>([["__proto__", 1], [[1], 2]]),
  new RemotePid("x@h", 1, 0, 1),
];

/** A copy of a term in which something is wrong, mostly one part of it. */
export function mutated(term: Term, lot: Lot): Term {
  if (!Array.isArray(term) || lot(8) === 0) return WRONG_TERMS[lot(WRONG_TERMS.length)];
  const items: Term[] = [...term];
  const at = lot(Math.max(items.length, 1));
  switch (lot(8)) {
    case 0:
      items.splice(at, 1);
      break;
    case 1:
      items.splice(at, 0, WRONG_TERMS[lot(WRONG_TERMS.length)]);
      break;
    case 2:
      items.splice(at, 0, items[lot(Math.max(items.length, 1))]);
      break;
    case 3: {
      const isList = term instanceof List;
      return isList ? items : List.from(items);
    }
    default:
      if (items.length > 0) items[at] = mutated(items[at], lot);
  }
  return term instanceof List ? List.from(items) : items;
}

/** Values that other denotp nodes can send, and that are not what they seem. */
const TRAPS: readonly Term[] = [
  { toString: 1, valueOf: 1 },
  { [Symbol.toPrimitive.toString()]: 1, then: 1, length: -1 },
  { process: 1, node: { toString: 1 } },
  JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "hasOwnProperty": 1}'),
  Object("boxed"),
  Symbol("atom"),
  Symbol(),
  new Date(NaN),
  Object.assign(new Error("x"), { message: 7, stack: { toString: 1 } }),
  new Set([1]),
  Array(3),
];

/** As {@linkcode mutated}, also with values that only another denotp node can send. */
export function trapped(term: Term, lot: Lot): Term {
  if (!Array.isArray(term) || lot(5) === 0) return TRAPS[lot(TRAPS.length)];
  if (lot(2) === 0) return mutated(term, lot);
  const at = lot(term.length);
  const items = term.map((item, i) => i === at ? trapped(item, lot) : item);
  return term instanceof List ? List.from(items) : items;
}
