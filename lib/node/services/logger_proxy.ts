/**
 * The process `logger_proxy`: logs the events of processes that this node has started on Erlang nodes. Those
 * nodes send the events here, to the node of the group leader, and do not log them themselves.
 *
 * Events are formatted by the node that they come from, which has the formats and the functions for reports.
 *
 * @module
 */

import type { From } from "../../kernel/calls.ts";
import { type Level, report } from "../../kernel/report.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type Pid, type Term } from "../../kernel/term.ts";
import { noreply, ok } from "../../response.ts";
import { textOf } from "./chardata.ts";
import { outcomeOfCall } from "../calls/erpc_request.ts";
import { List, mapGet } from "../terms.ts";

/** The timeout for formatting on the other node, in milliseconds. */
const FORMAT_TIMEOUT_MS = 5000;

/** Erlang's levels, and those of this library that they are logged with. */
const LEVELS: ReadonlyMap<Term, Level> = new Map([
  ["emergency", "error"],
  ["alert", "error"],
  ["critical", "error"],
  ["error", "error"],
  ["warning", "warning"],
  ["notice", "notice"],
  ["info", "info"],
  ["debug", "debug"],
]);

/** Has no state. */
export const init = () => ok(undefined);

/** Ignores all calls, as on the BEAM. */
export const handleCall = (_request: Term, _from: From, state: undefined) => noreply(state);

/** Ignores all casts. */
export const handleCast = (_request: Term, state: undefined) => noreply(state);

/** Logs `{log, Level, Format, Args, Meta}`, `{log, Level, Report, Meta}` and `{log, Level, Text, Meta}`. */
export async function handleInfo(message: Term, state: undefined) {
  const [tag, level, ...parts] = Array.isArray(message) ? message : [];
  const meta = parts.pop();
  const pid = meta instanceof Map ? mapGet(meta, "pid") : undefined;
  if (tag === "log" && isPid(pid) && (parts.length === 1 || parts.length === 2)) {
    const event = new Map<Term, Term>([["level", level], ["msg", messageOf(parts)], [
      "meta",
      meta,
    ]]);
    report({
      level: LEVELS.get(level) ?? "error",
      kind: "message",
      pid,
      reason: await formatted(pid, event),
      details: { node: pid.node },
    });
  }
  return noreply(state);
}

/** The message of an event, as Erlang's formatter takes it. */
function messageOf(parts: readonly Term[]): Term {
  if (parts.length === 2) return parts;
  const [what] = parts;
  return [what instanceof Map || isProperties(what) ? "report" : "string", what];
}

function isProperties(term: Term): boolean {
  return Array.isArray(term) && term.length > 0 && term.every(isPair);
}

function isPair(term: Term): boolean {
  return Array.isArray(term) && !(term instanceof List) && term.length === 2;
}

async function formatted(pid: Pid, event: ReadonlyMap<Term, Term>): Promise<string> {
  const config = new Map<Term, Term>([["single_line", false], ["template", List.of("msg")]]);
  const call = [pid.node, "logger_formatter", "format", [event, config]] as const;
  const outcome = await outcomeOfCall(call, FORMAT_TIMEOUT_MS);
  return outcome[0] === "ok"
    ? textOf(outcome[1])
    : unformatted(event.get("msg") as readonly Term[]);
}

/** The message, if its node cannot format it: the format and its arguments, or the report. */
function unformatted([first, second]: readonly Term[]): string {
  if (first === "report") return inspect(second);
  return first === "string" ? textOf(second) : `${textOf(first)} ${inspect(second)}`;
}
