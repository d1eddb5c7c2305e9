/**
 * Logger: words the reports of the runtime, and hands them to whoever wants them.
 *
 * @module
 */

import { errorOf, formatExit } from "./kernel/exit.ts";
import { type Level, type Report, type Reporter, setReporter } from "./kernel/report.ts";
import { inspect, type Term } from "./kernel/term.ts";

export type { Level, Report };

/** Takes reports: all of them, those of OTP's own doings (`sasl`) too. */
export type Handler = Reporter;

/** What {@linkcode configure} takes. */
export interface Options {
  /** The least grave level that the default handler prints. Default `"debug"`: all. */
  readonly level?: Level | "none";
  /** Whether the default handler prints crash, supervisor and progress reports. Default `false`, as in Elixir. */
  readonly handleSaslReports?: boolean;
}

const LEVELS: readonly (Level | "none")[] = ["debug", "info", "notice", "warning", "error", "none"];

let level: Level | "none" = "debug";
let handleSaslReports = false;

/** Configures the default handler. */
export function configure(options: Options): void {
  if (options.level !== undefined && !LEVELS.includes(options.level)) {
    throw new TypeError(
      `Cannot log at this level: expected one of ${LEVELS.join(", ")}, found ${
        inspect(options.level)
      }`,
    );
  }
  level = options.level ?? level;
  handleSaslReports = options.handleSaslReports ?? handleSaslReports;
}

/**
 * Hands all further reports to `handler`, and returns the one that had them until now.
 *
 * A handler that throws loses the report, and nothing else.
 *
 * @example Collect reports in a test
 * ```ts
 * import { Logger, Process, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const reports: Logger.Report[] = [];
 * const previous = Logger.setHandler((report) => reports.push(report));
 * spawn(() => {
 *   throw new Error("oh snap");
 * });
 * await Process.sleep(1);
 * Logger.setHandler(previous);
 * assertEquals(reports.map(({ level, kind }) => [level, kind]), [["error", "process"]]);
 * ```
 */
export function setHandler(handler: Handler): Handler {
  return setReporter(handler);
}

/** The handler that prints to the console, as Elixir's does: `[error] GenServer "stack" terminating…`. */
export function defaultHandler(report: Report): void {
  if (report.sasl === true && !handleSaslReports) return;
  if (LEVELS.indexOf(report.level) < LEVELS.indexOf(level)) return;
  const text = `[${report.level}] ${format(report)}`;
  // deno-lint-ignore no-console -- the one place of the library that prints
  if (report.level === "error" || report.level === "warning") console.error(text);
  // deno-lint-ignore no-console
  else console.log(text);
}

/** Logs a text of one's own. */
export function log(level: Level, text: string, details?: Readonly<Record<string, Term>>): void {
  const report: Report = { level, kind: "message", reason: text, ...(details && { details }) };
  const handler = setReporter(() => {});
  setReporter(handler);
  handler(report);
}

/** Words a report as Elixir's logger does, over several lines. */
export function format(report: Report): string {
  const { kind, pid, name, reason, lastMessage, state, client, clientName } = report;
  const who = name === undefined ? String(pid) : inspect(name);
  switch (kind) {
    case "message":
      return String(reason);
    case "process":
      return `Process ${pid} raised an exception\n${formatReason(reason)}`;
    case "unhandled_message":
      return `GenServer ${pid} received an unexpected message, which no handleInfo takes: ${
        inspect(lastMessage)
      }`;
    case "unhandled_rejection":
      return `A promise was rejected where nobody waits for it\n${formatReason(reason)}`;
    case "gen_server":
    case "gen_statem": {
      const from = client === undefined ? "" : ` (from ${inspect(clientName ?? client)})`;
      return [
        `${kind === "gen_server" ? "GenServer" : "gen_statem"} ${who} terminating`,
        formatReason(reason),
        `Last message${from}: ${inspect(lastMessage)}`,
        `State: ${inspect(state)}`,
      ].join("\n");
    }
    default: {
      const details = Object.entries(report.details ?? {})
        .map(([key, value]) => `\n    ${key}: ${inspect(value)}`).join("");
      return `${kind} report of ${who}\n${formatReason(reason)}${details}`;
    }
  }
}

/** Words an exit reason: an error with its stack, anything else as `** (stop) reason`. */
function formatReason(reason: Term): string {
  const error = errorOf(reason);
  if (error === undefined) return `** (stop) ${formatExit(reason)}`;
  const stack = String((reason as readonly Term[])[1]).split("\n")
    .filter((line) => line.trimStart().startsWith("at "));
  return [`** (${error.name}) ${error.message}`, ...stack].join("\n");
}

setReporter(defaultHandler);
