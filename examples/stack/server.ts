/**
 * The stack's boundary.
 *
 * @module
 */

import { _, GenServer, matches, noreply, ok, reply } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

export const startLink = (list: Core.Stack) => GenServer.startLink(Server, list);

export const init = (list: Core.Stack) => ok(Core.new(list));

export function handleCast(request: readonly ["push", unknown], stack: Core.Stack) {
  if (matches(["push", _], request)) return noreply(Core.push(stack, request[1]));
  throw noClause(request);
}

export function handleCall(request: "pop" | "state", _from: GenServer.From, stack: Core.Stack) {
  if (request === "pop") return reply(...Core.pop(stack));
  if (request === "state") return reply(stack, stack);
  throw noClause(request);
}
