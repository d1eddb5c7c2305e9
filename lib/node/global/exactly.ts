/**
 * Terms of the exact mapping, for those who speak another one: every string in them is an atom there, and
 * says so here.
 *
 * @module
 */

import { isPlainObject, type Term } from "../../kernel/term.ts";
import { atom, ImproperList, List } from "../terms.ts";

/** The term in which every string is an atom, in every mapping. */
export function exactly(term: Term): Term {
  if (typeof term === "string") return atom(term);
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
