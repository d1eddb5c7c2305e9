/**
 * The process `logger_proxy`: what is logged by processes that this node has started on Erlang nodes. Those
 * nodes send it here, to the node of the group leader, and do not log it themselves.
 *
 * It is put into words where it comes from: the formats, and the functions that word reports, are there.
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

/** How long it may take to put something into words. */
const FORMAT_TIMEOUT_MS = 5000;

/** The levels that there are here, for those of Erlang. */
const LEVELS: Readonly<Record<string, Level>> = {
  emergency: "error",
  alert: "error",
  critical: "error",
  error: "error",
  warning: "warning",
  notice: "notice",
  info: "info",
  debug: "debug",
};

/** The state: there is none. */
export const init = () => ok(undefined);

/** Nothing is asked that matters here. What is unknown is not answered, as on the BEAM. */
export const handleCall = (_request: Term, _from: From, state: undefined) => noreply(state);

/** Nothing is cast that matters here. */
export const handleCast = (_request: Term, state: undefined) => noreply(state);

/** Logs `{log, Level, Format, Args, Meta}`, `{log, Level, Report, Meta}` and `{log, Level, Text, Meta}`. */
export async function handleInfo(message: Term, state: undefined) {
  const [tag, level, ...parts] = Array.isArray(message) ? message : [];
  const meta = parts.pop();
  const pid = meta instanceof Map ? mapGet(meta, "pid") : undefined;
  if (tag === "log" && isPid(pid) && (parts.length === 1 || parts.length === 2)) {
    const event = new Map<Term, Term>([["level", level], ["msg", said(parts)], ["meta", meta]]);
    report({
      level: LEVELS[String(level)] ?? "error",
      kind: "message",
      pid,
      reason: await worded(pid, event),
      details: { node: pid.node },
    });
  }
  return noreply(state);
}

/** What was said, as Erlang's formatter takes it. */
function said(parts: readonly Term[]): Term {
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

async function worded(pid: Pid, event: ReadonlyMap<Term, Term>): Promise<string> {
  const config = new Map<Term, Term>([["single_line", false], ["template", List.of("msg")]]);
  const call = [pid.node, "logger_formatter", "format", [event, config]] as const;
  const outcome = await outcomeOfCall(call, FORMAT_TIMEOUT_MS);
  return outcome[0] === "ok" ? textOf(outcome[1]) : unworded(event.get("msg") as readonly Term[]);
}

/** What was said, where its node cannot say it in words: the format and what belongs into it, or the report. */
function unworded([first, second]: readonly Term[]): string {
  if (first === "report") return inspect(second);
  return first === "string" ? textOf(second) : `${textOf(first)} ${inspect(second)}`;
}
