/**
 * The calculator once more, every command a call: callers wait while it is busy, and those that ask for the
 * impossible get an error.
 *
 * @module
 */

import { _, GenServer, inspect, matches, ok, type Pid, type Reply, reply } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Server from "./call_server.ts"; // __MODULE__
import * as Core from "./core.ts";

type Calculator = Pid<typeof Server>;
type Command =
  | readonly ["add", number]
  | readonly ["subtract", number]
  | readonly ["multiply", number]
  | readonly ["divide", number]
  | "clear";

export function startLink(initial: number): Promise<GenServer.StartResult<typeof Server>> {
  if (Number.isInteger(initial)) return GenServer.startLink(Server, initial);
  throw new TypeError(
    `Cannot start a calculator: expected an integer to start with, found ${inspect(initial)}`,
  );
}

export const add = (pid: Calculator, n: number) => GenServer.call(pid, ["add", n]);
export const subtract = (pid: Calculator, n: number) => GenServer.call(pid, ["subtract", n]);
export const multiply = (pid: Calculator, n: number) => GenServer.call(pid, ["multiply", n]);
export const divide = (pid: Calculator, n: number) => GenServer.call(pid, ["divide", n]);
export const clear = (pid: Calculator) => GenServer.call(pid, "clear");
export const state = (pid: Calculator) => GenServer.call(pid, "state");

export const init = (number: number) => ok(number);

// One overload for each type of reply, as Elixir has one clause for each request.
export function handleCall(
  request: Command,
  from: GenServer.From,
  state: number,
): Reply<"ok", number>;
export function handleCall(
  request: "state",
  from: GenServer.From,
  state: number,
): Reply<number, number>;
export function handleCall(request: Command | "state", _from: GenServer.From, state: number) {
  if (matches(["add", _], request)) return reply("ok", Core.add(state, request[1]));
  if (matches(["subtract", _], request)) return reply("ok", Core.subtract(state, request[1]));
  if (matches(["multiply", _], request)) return reply("ok", Core.multiply(state, request[1]));
  if (matches(["divide", _], request)) return reply("ok", Core.divide(state, request[1]));
  if (request === "clear") return reply("ok", 0);
  if (request === "state") return reply(state, state);
  throw noClause(request);
}
