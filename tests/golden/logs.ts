/**
 * Comparing the report of a crash with the lines that Elixir's logger wrote of the same crash.
 *
 * The words are free. What must be the same is what they say: which process (or what it is called),
 * what error, the last message, the state.
 *
 * @module
 */

import { exceptionOf, standsFor } from "./errors.ts";
import { readElixir, readErlang } from "./printed.ts";
import { type Comparison, show } from "./terms.ts";
import type { ExpectedEvent, Term } from "./transcript.ts";

/** One error report of the library, in the terms that this comparison needs. */
export interface FoundLog {
  /** `"process"` for a plain process, `"server"` for one with a behaviour, `"unhandled"` for an unhandled message. */
  readonly kind: "process" | "server" | "unhandled" | "other";
  readonly pid: unknown;
  /** The name of the process, if it has one. */
  readonly name?: unknown;
  /** The exit reason. */
  readonly reason?: unknown;
  /** The last message; there is none if the field is missing. */
  readonly lastMessage?: unknown;
  readonly state?: unknown;
  /** Who had sent the last message, if it was a call: a pid or a name. */
  readonly client?: unknown;
  /** The report as text, for failures. */
  readonly text: string;
}

/** What a recorded report says. */
export interface LogPattern {
  readonly kind: FoundLog["kind"];
  readonly who?: Term;
  /** A message that was not handled; `undefined` also if its text is cut off. */
  readonly message?: Term;
}

/** A recorded report as an event. */
export type ExpectedLog = Extract<ExpectedEvent, { log: string }>;

/** Reads the first line of a recorded report. */
export function readHead(line: string): LogPattern {
  const server = /^(?:GenServer|Task|Agent|:gen_statem|:gen_event handler) (.+) terminating$/s.exec(
    line,
  );
  if (server) return { kind: "server", ...who(server[1]!) };
  const process = /^Process (.+) (?:raised an exception|terminating)$/s.exec(line);
  if (process) return { kind: "process", ...who(process[1]!) };
  const unhandled = /^(\S+) (\S+) received unexpected message in handle_info\/2: (.*)$/s.exec(line);
  if (unhandled) {
    const erlang = unhandled[1]!.startsWith("'");
    const read = erlang ? readErlang : readElixir;
    const message = read(unhandled[3]!);
    return {
      kind: "unhandled",
      ...who(unhandled[2]!, read),
      ...(message !== undefined && { message }),
    };
  }
  return { kind: "other" };
}

function who(text: string, read = readElixir): { who?: Term } {
  const term = read(text.replace(/ started from .*$/, ""));
  return term === undefined ? {} : { who: term };
}

/** What differs between a recorded report and one of ours; empty if nothing does. */
export function compareLog(
  expected: ExpectedLog,
  found: FoundLog,
  comparison: Comparison,
): string[] {
  const head = readHead(expected.log);
  const differences: string[] = [];
  const check = (what: string, same: boolean): void => {
    if (!same) differences.push(what);
  };
  if (head.kind !== "other" && head.kind !== found.kind) {
    differences.push(`kind of report: ${found.kind}, not ${head.kind}`);
  }
  if (head.who !== undefined) {
    check(`process: ${show(head.who)}`, sameProcess(head.who, found, comparison));
  }
  if (head.message !== undefined) {
    check(
      `message: ${show(head.message)}`,
      comparison.same(head.message, unwrap(head.message, found.lastMessage)),
    );
  }
  if (expected.error !== undefined) {
    check(`error: ${expected.error}`, sameError(expected.error, found.reason, comparison));
  }
  if (head.kind === "unhandled") return differences;
  differences.push(
    ...compareLastMessage(expected.last_message, found, comparison),
    ...compareState(expected.state, found, comparison),
  );
  return differences;
}

function sameProcess(expected: Term, found: FoundLog, comparison: Comparison): boolean {
  if (typeof expected === "object" && expected !== null && "pid" in expected) {
    return comparison.same(expected, found.pid);
  }
  // Elixir prints the name alone, whatever it was registered with
  const { name } = found;
  const bare = Array.isArray(name) && typeof name[0] === "string" &&
      ["local", "global", "via"].includes(name[0])
    ? name.at(-1)
    : name;
  return comparison.same(expected, bare) || comparison.same(expected, name);
}

function compareLastMessage(
  expected: string | undefined,
  found: FoundLog,
  comparison: Comparison,
): string[] {
  if (expected === undefined) {
    return found.lastMessage === undefined ? [] : ["a last message, where there is none"];
  }
  const parts = /^Last message(?: \(from (.+?)\))?: (.*)$/s.exec(expected);
  const term = parts ? readElixir(parts[2]!) : undefined;
  if (parts === null || term === undefined) {
    return found.lastMessage === undefined ? [expected] : [];
  }
  const differences: string[] = [];
  // the BEAM prints [] where a stop came from outside and no message was handled
  const none = Array.isArray(term) && term.length === 0;
  if (!none && !comparison.same(term, unwrap(term, found.lastMessage))) {
    differences.push(`last message: ${show(term)}`);
  }
  const client = parts[1] === undefined ? undefined : readElixir(parts[1]);
  if (client !== undefined && !comparison.same(client, found.client)) {
    differences.push(`client of the last message: ${show(client)}`);
  }
  return differences;
}

/** A call is reported with or without its envelope; Elixir shows it without. */
function unwrap(expected: Term, message: unknown): unknown {
  const enveloped = Array.isArray(message) && message.length === 3 && message[0] === "$gen_call";
  const wanted = typeof expected === "object" && expected !== null && "tuple" in expected &&
    JSON.stringify(expected.tuple[0]) === '{"atom":"$gen_call"}';
  return enveloped && !wanted ? message[2] : message;
}

function compareState(
  expected: string | undefined,
  found: FoundLog,
  comparison: Comparison,
): string[] {
  if (expected === undefined) {
    return "state" in found && found.state !== undefined ? ["a state, where there is none"] : [];
  }
  if (!("state" in found)) return ["the state is missing"];
  const term = readElixir(expected.replace(/^State: /, ""));
  return term === undefined || comparison.same(term, found.state) ? [] : [`state: ${show(term)}`];
}

/** Whether an exit reason is the one that a line such as `** (RuntimeError) Boom` tells of. */
function sameError(line: string, reason: unknown, comparison: Comparison): boolean {
  const parts = /^\*\* \(([\w.]+)\) ?(.*)$/s.exec(line);
  if (parts === null) return true;
  const [, name, text] = parts as unknown as [string, string, string];
  const stacked = Array.isArray(reason) && reason.length === 2 ? reason[0] : reason;
  switch (name) {
    case "stop":
    case "exit": {
      const term = exitTerm(text);
      return term === undefined || comparison.same(term, reason);
    }
    case "ErlangError": {
      const term = readElixir(text.replace(/^Erlang error: /, ""));
      return term === undefined || comparison.same(term, stacked);
    }
  }
  if (!(stacked instanceof Error)) {
    // Erlang's own atom for the error, where a port has kept that
    return typeof stacked === "string" && exceptionOf(stacked) === name;
  }
  return standsFor(
    stacked,
    name,
    text,
    (expected, message) => comparison.sameText(expected, message.split("\n")[0]!),
  );
}

const WORDED: readonly (readonly [RegExp, Term])[] = [
  [/^no process: /, { atom: "noproc" }],
  [/^time out$/, { atom: "timeout" }],
  [/^(normal|shutdown|killed)$/, { any: "same" }],
  [/^process attempted to call itself$/, { atom: "calling_self" }],
  [/^no connection$/, { atom: "noconnection" }],
];

/** The reason that `Exception.format_exit/1` words so; `undefined` if the words do not tell. */
function exitTerm(text: string): Term | undefined {
  for (const [pattern, term] of WORDED) {
    const hit = pattern.exec(text);
    if (hit) return hit[1] === undefined ? term : { atom: hit[1] };
  }
  if (text === "an exception was raised:") return undefined;
  const worded = /^(shutdown|bad return value|exited in|no connection to): (.*)$/s.exec(text);
  const inner = worded ? readElixir(worded[2]!) : readElixir(text);
  if (worded === null || inner === undefined) return inner;
  switch (worded[1]) {
    case "shutdown":
      return { tuple: [{ atom: "shutdown" }, inner] };
    case "bad return value":
      return { tuple: [{ atom: "bad_return_value" }, inner] };
    case "exited in":
      return { tuple: [{ any: "reason" }, inner] };
    default:
      return undefined;
  }
}
