/**
 * Patterns: how `receive` and other selective functions state which terms they accept.
 *
 * @module
 */

import { equal, isPid, isReference, type Term } from "./term.ts";

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
  return fits(pattern, term);
}

function fits(pattern: unknown, term: Term): boolean {
  if (pattern === _) return true;
  if (typeof pattern === "function") return (pattern as (term: Term) => boolean)(term);
  if (typeof pattern !== "object" || pattern === null) return equal(pattern, term);
  if (isPid(pattern) || isReference(pattern)) return pattern === term;
  if (Array.isArray(pattern)) {
    return Array.isArray(term) && term.length === pattern.length &&
      pattern.every((part, i) => fits(part, term[i]));
  }
  const prototype = Object.getPrototypeOf(pattern);
  if (prototype !== Object.prototype && prototype !== null) return equal(pattern, term);
  if (typeof term !== "object" || term === null) return false;
  return Object.entries(pattern).every(([key, part]) =>
    Object.hasOwn(term, key) && fits(part, (term as Record<string, unknown>)[key])
  );
}
