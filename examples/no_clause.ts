/**
 * The clause after the last one.
 *
 * @module
 */

import { inspect } from "@denotp/otp";

/**
 * What a callback throws for a message that none of its clauses takes, as a function without a matching clause
 * does on the BEAM. Where the compiler knows of a message that comes this far, it says that a clause is missing.
 */
export function noClause(message: never): TypeError {
  return new TypeError(`Cannot handle ${inspect(message)}: no function clause matches`);
}
