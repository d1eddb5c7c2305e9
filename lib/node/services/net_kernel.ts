/**
 * The process `net_kernel`: what other nodes ask to learn whether this one is there. `net_adm:ping/1` and
 * `Node.ping/1` ask it `{is_auth, Node}`.
 *
 * @module
 */

import type { From } from "../../kernel/calls.ts";
import type { NodeName, Term } from "../../kernel/term.ts";
import { noreply, ok, reply } from "../../response.ts";

/** The state: there is none. */
export const init = () => ok(undefined);

/** Answers who asks whether he may connect: that was settled when he did. What is unknown is not answered, as on the BEAM. */
export function handleCall(request: Term, _from: From, state: undefined) {
  return isQuestion(request) ? reply("yes", state) : noreply(state);
}

/** Nothing is cast that matters here. */
export const handleCast = (_request: Term, state: undefined) => noreply(state);

/** Nothing is sent that matters here. */
export const handleInfo = (_message: Term, state: undefined) => noreply(state);

function isQuestion(request: Term): request is readonly ["is_auth", NodeName] {
  return Array.isArray(request) && request.length === 2 && request[0] === "is_auth";
}
