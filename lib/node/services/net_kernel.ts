/**
 * The process `net_kernel`, through which other nodes check that this one is reachable: `net_adm:ping/1` and
 * `Node.ping/1` call it with `{is_auth, Node}`.
 *
 * @module
 */

import type { From } from "../../kernel/calls.ts";
import type { NodeName, Term } from "../../kernel/term.ts";
import { noreply, ok, reply } from "../../response.ts";

/** Has no state. */
export const init = () => ok(undefined);

/** Confirms authentication, which happened in the handshake. Ignores unknown requests, as on the BEAM. */
export function handleCall(request: Term, _from: From, state: undefined) {
  return isQuestion(request) ? reply("yes", state) : noreply(state);
}

/** Ignores all casts. */
export const handleCast = (_request: Term, state: undefined) => noreply(state);

/** Ignores all messages. */
export const handleInfo = (_message: Term, state: undefined) => noreply(state);

function isQuestion(request: Term): request is readonly ["is_auth", NodeName] {
  return Array.isArray(request) && request.length === 2 && request[0] === "is_auth";
}
