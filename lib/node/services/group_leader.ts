/**
 * The group leader of processes that this node starts on other nodes: their output is printed here, as in Erlang.
 *
 * A process of an Erlang node sends all input and output requests to its group leader and waits for replies. So
 * this one replies to every request; it has no input. Formatted output is formatted by the node that it comes
 * from, because Erlang's formats refer to its own functions.
 *
 * @module
 */

import type { From } from "../../kernel/calls.ts";
import { List } from "../../kernel/list.ts";
import { isPid, type Pid, type Term } from "../../kernel/term.ts";
import { noreply, ok } from "../../response.ts";
import { send } from "../../send.ts";
import { textOf } from "./chardata.ts";
import { outcomeOfCall } from "../calls/erpc_request.ts";
import { nameOf } from "../calls/execute.ts";
import { print } from "./host_output.ts";

/** The timeout for formatting on the other node, in milliseconds. */
const FORMAT_TIMEOUT_MS = 5000;
const DONE = Symbol("ok");

const UNKNOWN = ["error", Symbol("request")];

/** The state: the function that prints. */
type Print = (text: string) => void;

/** Prints to the standard output, unless another function is given. */
export const init = (toPrint: Print = print) => ok(toPrint);

/** Ignores all calls, as on the BEAM. */
export const handleCall = (_request: Term, _from: From, print: Print) => noreply(print);

/** Ignores all casts. */
export const handleCast = (_request: Term, print: Print) => noreply(print);

/** Answers `{io_request, From, ReplyAs, Request}`. */
export async function handleInfo(message: Term, print: Print) {
  if (Array.isArray(message) && message[0] === "io_request" && isPid(message[1])) {
    const [, from, as, request] = message;
    // Every request is replied to, because the sender waits.
    const reply = await answer(from, request, print).catch(() => UNKNOWN);
    send(from, ["io_reply", as, reply]);
  }
  return noreply(print);
}

async function answer(from: Pid, request: Term, print: Print): Promise<Term> {
  // `getopts` is an atom, not a tuple.
  const [what, ...parts] = Array.isArray(request) ? request : [request];
  switch (what) {
    case "put_chars":
      return await put(from, parts, print);
    case "requests":
      return await answerAll(from, parts[0], print);
    case "setopts":
      return DONE;
    case "getopts":
      return new List();
    case "get_line":
    case "get_chars":
    case "get_until":
      return Symbol("eof");
    case "get_geometry":
      return ["error", Symbol("enotsup")];
    default:
      return UNKNOWN;
  }
}

/** `{put_chars, Encoding, Chars}`, or the function that makes them: `{put_chars, Encoding, Module, Function, Args}`. */
async function put(from: Pid, given: readonly Term[], print: Print): Promise<Term> {
  // Older nodes send no encoding.
  const parts = given.length % 2 === 1 ? given : given.slice(1);
  const chars = parts.length === 1 ? parts[0] : await formatted(from, parts);
  if (chars === undefined) return ["error", ["format", Symbol("badarg")]];
  print(textOf(chars));
  return DONE;
}

/** The characters that a function returns on the node of `from`; `undefined` if it fails. */
async function formatted(from: Pid, [module, name, args]: readonly Term[]): Promise<Term> {
  const [of, called] = [nameOf(module) as string, nameOf(name) as string];
  const call = [from.node, of, called, args as readonly Term[]] as const;
  const outcome = await outcomeOfCall(call, FORMAT_TIMEOUT_MS);
  return outcome[0] === "ok" ? outcome[1] : undefined;
}

async function answerAll(from: Pid, requests: Term, print: Print): Promise<Term> {
  let last: Term = DONE;
  for (const request of requests as readonly Term[]) last = await answer(from, request, print);
  return last;
}
