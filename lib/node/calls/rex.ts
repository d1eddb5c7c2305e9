/**
 * The process `rex`, which runs functions for callers that do not use `erpc`: older Erlang nodes, hidden nodes
 * written in C, and `rpc:block_call`, whose functions run one after another in this process.
 *
 * @module
 */

import type { From } from "../../kernel/calls.ts";
import { spawnCoroutine } from "../../kernel/coroutine.ts";
import { List } from "../../kernel/list.ts";
import { localRegistry } from "../../kernel/names.ts";
import { self } from "../../kernel/self.ts";
import { monitor, sendToPid } from "../../kernel/signals.ts";
import { isPid, nodeName, type Pid, type Ref, type Term } from "../../kernel/term.ts";
import { reply as replyTo } from "../../gen_server.ts";
import { noreply, ok, reply } from "../../response.ts";
import { execute, executeCast, type Execution, nameOf, withAtoms } from "./execute.ts";

/** The name that it is registered under. */
export const REX = "rex";

/** The calls in progress: the caller to reply to when a process exits, by the monitor on that process. */
type State = ReadonlyMap<Ref, From>;

/** Starts without calls in progress. */
export const init = () => ok<State>(new Map());

/** Runs a function: `call` in a process of its own, `block_call` in this one. Ignores unknown requests. */
export function handleCall(request: Term, from: From, state: State) {
  const [what, module, name, args] = partsOf(request, 5);
  if (what === "block_call") return inTurn(module, name, args, state);
  return noreply(what === "call" ? runFor(from, module, name, args, state) : state);
}

/** Runs a function whose result is discarded. */
export function handleCast(request: Term, state: State) {
  const [what, module, name, args] = partsOf(request, 5);
  if (what === "cast") spawnCoroutine(self(), () => executeCast(module, name, args));
  return noreply(state);
}

/** Answers requests in plain messages, `[from, question]`, and calls whose processes have exited. */
export function handleInfo(message: Term, state: State) {
  const [tag, ref, , , reason] = partsOf(message, 5);
  if (tag === "DOWN") return noreply(ended(ref as Ref, reason, state));
  const [from, question] = partsOf(message, 2);
  if (!isPid(from)) return noreply(state);
  const [what, module, name, args] = partsOf(question, 5);
  if (what === "call") return noreply(runFor([from, REX], module, name, args, state));
  answer(from, question);
  return noreply(state);
}

function answer(from: Pid, question: Term): void {
  if (question === "features_request") {
    return sendToPid(from, ["features_reply", Symbol(nodeName()), List.of(Symbol("erpc"))]);
  }
  const [what, name, message] = partsOf(question, 3);
  if (what !== "sbcast" && what !== "send") return;
  const pid = localRegistry().whereisName(nameOf(name) as string);
  const here = Symbol(nodeName());
  if (pid === undefined) sendToPid(from, [REX, here, ["nonexisting_name", nameOf(name)]]);
  else if (what === "send") sendToPid(pid, [from, message]);
  else {
    sendToPid(pid, message);
    sendToPid(from, [REX, here, here]);
  }
}

/** The items of a tuple of this size; none if the term is not one. */
function partsOf(term: Term, size: number): readonly Term[] {
  return Array.isArray(term) && term.length === size ? term : [];
}

async function inTurn(module: Term, name: Term, args: Term, state: State) {
  return reply(valueOf(await execute(module, name, args)), state);
}

/** Runs a function in a process of its own, which replies, unless it exits before. */
function runFor(from: From, module: Term, name: Term, args: Term, state: State): State {
  const process = spawnCoroutine(self(), async () => {
    replyTo(from, valueOf(await execute(module, name, args)));
  });
  const ref = monitor(self(), process, process.pid);
  return new Map(state).set(ref, from);
}

function ended(ref: Ref, reason: Term, state: State): State {
  const from = state.get(ref);
  if (from === undefined) return state;
  if (reason !== "normal") replyTo(from, badrpc(reason));
  const others = new Map(state);
  others.delete(ref);
  return others;
}

/** The return value of `rpc:call` for the outcome of a function. */
function valueOf([kind, term, stack]: Execution): Term {
  if (kind === "exit") return badrpc(term);
  return kind === "error" ? badrpc([term, stack]) : term;
}

function badrpc(reason: Term): Term {
  return ["badrpc", ["EXIT", withAtoms(reason)]];
}
