/**
 * The name server's core: who is where.
 *
 * @module
 */

import { _, equal, matches, type Term } from "@denotp/otp";
import { divide } from "../calculator/core.ts";
import { noClause } from "../no_clause.ts";

/** Pairs, for a name may be any term: a `Map` would not find `["room", 1]` again. */
export type Places = readonly (readonly [name: Term, place: Term])[];

export type Request =
  | readonly ["add", name: Term, place: Term]
  | readonly ["find", name: Term]
  | readonly ["crash", name: Term];

/** Answers a request: the response and the next state, as one transaction. */
export function handleRequest(request: Request, places: Places): readonly [Term, Places] {
  if (matches(["add", _, _], request)) {
    const [, name, place] = request;
    return ["ok", [[name, place], ...places.filter(([other]) => !equal(other, name))]];
  }
  if (matches(["find", _], request)) {
    const [, name] = request;
    return [places.find(([other]) => equal(other, name))?.[1], places];
  }
  if (matches(["crash", _], request)) return [divide(1, 0), places];
  throw noClause(request);
}
