/**
 * The counter's boundary.
 *
 * @module
 */

import { GenServer, noreply, ok, reply } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

export const startLink = (n: number) => GenServer.startLink(Server, n);

export const init = (n: number) => ok(n);

export function handleCast(request: "inc", n: number) {
  if (request === "inc") return noreply(Core.inc(n));
  throw noClause(request);
}

export function handleCall(request: "state", _from: GenServer.From, n: number) {
  if (request === "state") return reply(n, n);
  throw noClause(request);
}
