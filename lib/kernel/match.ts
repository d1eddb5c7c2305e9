/**
 * Patterns: how `receive` and other selective functions state which terms they accept.
 *
 * @module
 */

import { equal, LEVELS, type Term } from "./term.ts";

/** The type of {@linkcode _}. */
export type Wildcard = { readonly "any term": unique symbol };

/** In a pattern, matches any term. Mirrors `_`. */
export const _: Wildcard = Symbol("_") as unknown as Wildcard;

/** In a pattern, matches the terms for which it returns true. */
// deno-lint-ignore no-explicit-any -- a guard may expect something more specific than it gets
export type Guard<T = unknown> = ((term: any) => term is T & any) | ((term: any) => boolean);

/** The type of the terms that a pattern matches. */
export type Matched<Pattern> = Pattern extends Wildcard ? unknown
  // deno-lint-ignore no-explicit-any -- see Guard
  : Pattern extends (term: any) => term is infer T ? T
  // deno-lint-ignore no-explicit-any
  : Pattern extends (term: any) => boolean ? unknown
  : Pattern extends readonly unknown[] ? { readonly [K in keyof Pattern]: Matched<Pattern[K]> }
  : Pattern extends object ? Pattern
  : Pattern;

/**
 * Tells whether `term` has the shape of `pattern`:
 *
 * - {@linkcode _} matches anything;
 * - a function is a guard, and matches the terms for which it returns true;
 * - an array matches an array of the same length whose items match, one by one;
 * - a plain object matches an object that has at least its keys, with values that match;
 * - anything else matches what is equal to it; a pid or a reference therefore matches only itself.
 *
 * A guard that throws does not match, as in Erlang. So a term that cannot be read, such as a revoked proxy,
 * matches {@linkcode _} and guards that return true for it, nothing else.
 *
 * @example Patterns
 * ```ts
 * import { _, isPid, matches, self } from "@denotp/otp";
 * import { assert } from "@std/assert";
 *
 * assert(matches(["state", _], ["state", 42]));
 * assert(matches([isPid, "get"], [self(), "get"]));
 * assert(!matches(["state", _], ["state"]));
 * ```
 */
export function matches<const Pattern>(
  pattern: Pattern,
  term: Term,
): term is Matched<Pattern> {
  visits = VISITS;
  try {
    return fits(pattern, term, RECURSIONS, null) ?? fitsDeep(pattern as object, term);
  } catch {
    return false;
  }
}

/** Whether a guard holds. One that throws does not, as a guard that fails in Erlang. */
export function holds(guard: () => boolean): boolean {
  try {
    return guard();
  } catch {
    return false;
  }
}

/** Levels of nesting that are matched by recursion. Deeper patterns are matched by {@linkcode fitsDeep}. */
const RECURSIONS = 64;
/** Objects in patterns that are matched by recursion: shared parts may be reached in 2 ** 64 ways. */
const VISITS = 10_000;

/** Number of objects that the recursion of {@linkcode matches} may still match. */
let visits = 0;

/** A pattern and a term that are yet to be matched. */
type Pair = readonly [pattern: object, term: Term, level: number];

/**
 * Matches a part: by recursion if `pairs` is `null`, of at most `depth` levels, and with the result `undefined` if
 * that is not enough; else later, as one of `pairs`, at the level `depth`.
 */
function fits(
  pattern: unknown,
  term: Term,
  depth: number,
  pairs: Pair[] | null,
): boolean | undefined {
  if (pattern === _) return true;
  if (typeof pattern === "function") return (pattern as (term: Term) => boolean)(term);
  if (typeof pattern !== "object" || pattern === null) return equal(pattern, term);
  if (pairs === null) {
    return depth === 0 || visits-- === 0 ? undefined : fitsObject(pattern, term, depth - 1, null);
  }
  pairs.push([pattern, term, depth]);
  return true;
}

function fitsObject(
  pattern: object,
  term: Term,
  depth: number,
  pairs: Pair[] | null,
): boolean | undefined {
  if (Array.isArray(pattern)) {
    if (!Array.isArray(term) || term.length !== pattern.length) return false;
    for (let i = 0; i < pattern.length; i++) {
      const result = fits(pattern[i], term[i], depth, pairs);
      if (result !== true) return result;
    }
    return true;
  }
  const prototype = Object.getPrototypeOf(pattern);
  if (prototype !== Object.prototype && prototype !== null) return equal(pattern, term); // pids, too
  if (typeof term !== "object" || term === null) return false;
  for (const key of Object.keys(pattern)) {
    if (!Object.hasOwn(term, key)) return false;
    const part = (pattern as Record<string, unknown>)[key];
    const result = fits(part, (term as Record<string, unknown>)[key], depth, pairs);
    if (result !== true) return result;
  }
  return true;
}

/**
 * Matches a pattern that is too deep or too large for recursion. A pair that is met again, as the pattern contains
 * itself, matches if everything else does. A term of more than {@linkcode LEVELS} levels does not match.
 */
function fitsDeep(pattern: object, term: Term): boolean {
  const pairs: Pair[] = [[pattern, term, 1]];
  const seen = new Map<object, Set<Term>>();
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [part, found, level] = pair;
    let terms = seen.get(part);
    if (terms === undefined) seen.set(part, terms = new Set());
    if (terms.has(found)) continue;
    terms.add(found);
    if (level > LEVELS || fitsObject(part, found, level + 1, pairs) !== true) return false;
  }
  return true;
}
