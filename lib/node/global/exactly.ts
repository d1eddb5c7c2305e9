/**
 * Converts terms of the exact mapping for processes that use another one: every string in them, which is an atom in
 * the exact mapping, becomes a symbol.
 *
 * @module
 */

import { isPlainObject, type Term } from "../../kernel/term.ts";
import { ImproperList, List } from "../terms.ts";

/** Returns a copy of a term in which every string is an atom in all mappings. */
export function exactly(term: Term): Term {
  if (typeof term === "string") return Symbol(term); // a registered one would never be freed
  if (term instanceof List) return List.from(term, exactly);
  if (Array.isArray(term)) return term.map(exactly);
  if (term instanceof ImproperList) {
    return new ImproperList(term.items.map(exactly), exactly(term.tail));
  }
  if (term instanceof Map) {
    return new Map(Array.from(term, ([key, value]) => [exactly(key), exactly(value)]));
  }
  if (typeof term !== "object" || term === null || !isPlainObject(term)) return term;
  return new Map(Object.entries(term).map(([key, value]) => [exactly(key), exactly(value)]));
}
