/**
 * A server that knows every response tuple, and gives the one that is asked for.
 *
 * @module
 */

import {
  _,
  exit,
  GenServer,
  ignore,
  matches,
  noreply,
  ok,
  Process,
  reply,
  self,
  stop,
  stopReply,
} from "@denotp/otp";
import { inspect } from "../elixir.ts";
import { noClause } from "../no_clause.ts";
import * as Responder from "./responder.ts"; // __MODULE__

type State = readonly unknown[];
type Argument =
  | "ignore"
  | "stop"
  | "raise"
  | "bad"
  | "continue"
  | "hibernate"
  | readonly ["timeout", ms: number]
  | State;
type Call =
  | "get"
  | "reply_timeout"
  | "reply_hibernate"
  | "reply_continue"
  | "stop_reply"
  | "stop_noreply"
  | readonly ["later", ms: number]
  | "never"
  | "bad"
  | "throw"
  | "exit";
type Cast =
  | readonly ["put", unknown]
  | "noreply_timeout"
  | "hibernate"
  | "continue"
  | readonly ["stop", reason: unknown];

export const startLink = (argument: Argument) => GenServer.startLink(Responder, argument);

export function init(argument: Argument) {
  switch (argument) {
    case "ignore":
      return ignore;
    case "stop":
      return stop("no_start");
    case "raise":
      throw new Error("init failed");
    case "bad":
      return "not_a_tuple" as never; // TypeScript would not let it pass
    case "continue":
      return ok(["init"], ["continue", "rest"]);
    case "hibernate":
      return ok([], "hibernate");
  }
  if (matches(["timeout", _], argument)) return ok([], argument[1] as number);
  return ok(argument);
}

export function handleCall(request: Call, from: GenServer.From, state: State) {
  switch (request) {
    case "get":
      return reply(state, state);
    case "reply_timeout":
      return reply("ok", state, 100);
    case "reply_hibernate":
      return reply("ok", state, "hibernate");
    case "reply_continue":
      return reply("ok", ["call", ...state], ["continue", "after_call"]);
    case "stop_reply":
      return stopReply("normal", "bye", state);
    case "stop_noreply":
      return stop("gone", state);
    case "never":
      return noreply(state);
    case "bad":
      return "oops" as never; // nor this
    case "throw":
      throw reply("thrown", state);
    case "exit":
      throw exit("leaving");
  }
  if (!matches(["later", _], request)) throw noClause(request);
  Process.sendAfter(self(), ["reply_to", from], request[1]);
  return noreply(state);
}

export function handleCast(request: Cast, state: State) {
  switch (request) {
    case "noreply_timeout":
      return noreply(state, 100);
    case "hibernate":
      return noreply(state, "hibernate");
    case "continue":
      return noreply(["cast", ...state], ["continue", "after_cast"]);
  }
  if (matches(["put", _], request)) return noreply([request[1], ...state]);
  if (matches(["stop", _], request)) return stop(request[1], state);
  throw noClause(request);
}

export const handleContinue = (what: string, state: State) => noreply([what, ...state]);

export function handleInfo(message: unknown, state: State) {
  if (message === "timeout") {
    console.log("timeout");
    return noreply(state);
  }
  if (matches(["reply_to", _], message)) {
    GenServer.reply(message[1] as GenServer.From, "at_last");
    return noreply(state);
  }
  return noreply([["info", message], ...state]);
}

export function terminate(reason: unknown): void {
  console.log(`terminate ${inspect(reason).slice(0, 40)}`);
}
