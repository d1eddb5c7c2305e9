/**
 * The group leader of processes that this node starts elsewhere: what they print appears here, as in Erlang.
 *
 * A process of an Erlang node asks its group leader for all input and output and waits for the answer. So
 * this one answers everything that such a process may ask, and has nothing to be read. What is to be
 * formatted first is formatted where it came from, for Erlang's formats are Erlang's.
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

/** How long it may take to format something where it came from. */
const FORMAT_TIMEOUT_MS = 5000;
const DONE = Symbol("ok");

const UNKNOWN = ["error", Symbol("request")];

/** The state: what prints. */
type Print = (text: string) => void;

/** Prints to the standard output, unless another way is given. */
export const init = (toPrint: Print = print) => ok(toPrint);

/** Nothing is asked that matters here. What is unknown is not answered, as on the BEAM. */
export const handleCall = (_request: Term, _from: From, print: Print) => noreply(print);

/** Nothing is cast that matters here. */
export const handleCast = (_request: Term, print: Print) => noreply(print);

/** Answers `{io_request, From, ReplyAs, Request}`. */
export async function handleInfo(message: Term, print: Print) {
  if (Array.isArray(message) && message[0] === "io_request" && isPid(message[1])) {
    const [, from, as, request] = message;
    // Whoever asks waits for an answer, whatever he asks.
    const reply = await answer(from, request, print).catch(() => UNKNOWN);
    send(from, ["io_reply", as, reply]);
  }
  return noreply(print);
}

async function answer(from: Pid, request: Term, print: Print): Promise<Term> {
  // `getopts` has no parts, and is an atom.
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

/** `{put_chars, Encoding, Chars}`, or how to make them: `{put_chars, Encoding, Module, Function, Args}`. */
async function put(from: Pid, given: readonly Term[], print: Print): Promise<Term> {
  // Nodes of old say nothing of an encoding.
  const parts = given.length % 2 === 1 ? given : given.slice(1);
  const chars = parts.length === 1 ? parts[0] : await formatted(from, parts);
  if (chars === undefined) return ["error", ["format", Symbol("badarg")]];
  print(textOf(chars));
  return DONE;
}

/** The characters that a function makes on the node of `from`, `undefined` if it cannot. */
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
