/**
 * The clock's boundary: it ticks by itself, and prints what its source of time says.
 *
 * @module
 */

import { GenServer, noreply, ok, self, Timer, unwrap } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

/** A source of time: an argument, so that a test can fix the clock. */
export type Now = () => Temporal.PlainTime;

const utcNow: Now = () => Temporal.Now.plainTimeISO("UTC");

export const startLink = (interval = 60_000, now = utcNow) =>
  GenServer.startLink(Server, [interval, now]);

export function init([interval, now]: readonly [number, Now]) {
  unwrap(Timer.sendInterval(interval, self(), "tick"));
  return ok(now);
}

export function handleInfo(message: "tick", now: Now) {
  if (message !== "tick") throw noClause(message);
  console.log(Core.show(now()));
  return noreply(now);
}
