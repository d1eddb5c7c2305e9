/**
 * The calculator's boundary as a GenServer: the loop is the library's, the callbacks are ours.
 *
 * @module
 */

import { _, GenServer, inspect, matches, noreply, ok, type Pid, reply, send } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

type Calculator = Pid<typeof Server>;
type Command =
  | readonly ["add", number]
  | readonly ["subtract", number]
  | readonly ["multiply", number]
  | readonly ["divide", number]
  | "clear"
  | "negate";

export function startLink(initial: number): Promise<GenServer.StartResult<typeof Server>> {
  if (Number.isInteger(initial)) return GenServer.startLink(Server, initial);
  throw new TypeError(
    `Cannot start a calculator: expected an integer to start with, found ${inspect(initial)}`,
  );
}

export const add = (pid: Calculator, number: number) => GenServer.cast(pid, ["add", number]);
export const subtract = (pid: Calculator, number: number) =>
  GenServer.cast(pid, ["subtract", number]);
export const multiply = (pid: Calculator, number: number) =>
  GenServer.cast(pid, ["multiply", number]);
export const divide = (pid: Calculator, number: number) => GenServer.cast(pid, ["divide", number]);
export const clear = (pid: Calculator) => GenServer.cast(pid, "clear");
export const negate = (pid: Calculator) => GenServer.cast(pid, "negate");
export const state = (pid: Calculator) => GenServer.call(pid, "state");

/** A plain message, which `handleInfo` takes. */
export const inc = (pid: Calculator) => send(pid, "inc");

export const init = (number: number) => ok(number);

export function handleCast(request: Command, state: number) {
  if (matches(["add", _], request)) return noreply(Core.add(state, request[1]));
  if (matches(["subtract", _], request)) return noreply(Core.subtract(state, request[1]));
  if (matches(["multiply", _], request)) return noreply(Core.multiply(state, request[1]));
  if (matches(["divide", _], request)) return noreply(Core.divide(state, request[1]));
  if (request === "clear") return noreply(0);
  if (request === "negate") return noreply(Core.negate(state));
  throw noClause(request);
}

export function handleCall(request: "state", _from: GenServer.From, state: number) {
  if (request === "state") return reply(state, state);
  throw noClause(request);
}

export function handleInfo(message: "inc", state: number) {
  if (message === "inc") return noreply(Core.inc(state));
  throw noClause(message);
}
