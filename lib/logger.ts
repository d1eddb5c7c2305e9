/**
 * Logger: words the reports of the runtime, and hands them to whoever wants them.
 *
 * What the runtime has to say (a server crashes, a message was not expected) is a {@linkcode Report}:
 * data. One function takes them all: by default the one that prints them to the console, in the words
 * of Elixir's logger; {@linkcode setHandler} puts another in its place.
 *
 * What is said:
 * - A process ends with an error: a plain one that was spawned (`"process"`), or a server or a task,
 *   whatever the reason, unless that is `"normal"`, `"shutdown"` or `["shutdown", term]` (`"gen_server"`,
 *   `"task"`, …).
 * - A server gets a message that it does not handle (`"unhandled_message"`).
 * - OTP's own doings, which the default handler keeps to itself unless it is told otherwise: crashes
 *   of all processes of a behaviour or `ProcLib` (`"crash"`), what supervisors do.
 *
 * A server's secrets are hidden by the callback `formatStatus` of its module.
 *
 * @module
 */

import { formatError } from "./application/error.ts";
import type { ErrorInfo } from "./gen/crash.ts";
import { errorOf, formatExit } from "./kernel/exit.ts";
import {
  type Level,
  type Report,
  report,
  type Reporter,
  setDefaultReporter,
  setReporter,
} from "./kernel/report.ts";
import { inspect, isAtom, isPid, type Term } from "./kernel/term.ts";

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

/**
 * Configures the default handler. What is left out stays as it is.
 *
 * @throws {TypeError} If the level is unknown.
 *
 * @example Print everything that is grave, crash reports among it
 * ```ts
 * import { Logger } from "@denotp/otp";
 *
 * Logger.configure({ level: "warning", handleSaslReports: true });
 * Logger.log("info", "this is not printed");
 * ```
 */
export function configure(options: Options): void {
  if (options.level !== undefined) assertLevel(options.level, LEVELS);
  level = options.level ?? level;
  handleSaslReports = options.handleSaslReports ?? handleSaslReports;
}

function assertLevel(level: unknown, known: readonly (Level | "none")[]): void {
  if (known.includes(level as Level)) return;
  throw new TypeError(
    `Cannot log at this level: expected one of ${known.join(", ")}, found ${inspect(level)}`,
  );
}

/**
 * Hands all further reports to `handler`, and returns the one that had them until now.
 *
 * A handler runs outside of all processes, synchronously, in an asynchronous context of its own, and should
 * be quick. It may log, send and cast; it has no `self()`, and so cannot call, receive or spawn: let it send
 * the reports to a process that does.
 *
 * A handler that throws, rejects, or leaves a rejected promise behind, even later, loses the report, and
 * nothing else. It is removed then, as OTP removes a failing handler: the default handler takes its place,
 * and prints one line about it (a report of the kind `"log_handler"`).
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

/**
 * Logs a text of one's own: a report of the kind `"message"`, with the text for its reason.
 *
 * @param details Whatever belongs to it.
 * @throws {TypeError} If the level is unknown.
 */
export function log(level: Level, text: string, details?: Readonly<Record<string, Term>>): void {
  assertLevel(level, LEVELS.filter((each) => each !== "none"));
  report({ level, kind: "message", reason: text, ...(details && { details }) });
}

/**
 * Words a report as Elixir's logger does, over several lines.
 *
 * @example A server that crashes
 * ```ts
 * import { GenServer, Logger, ok, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const texts: string[] = [];
 * const previous = Logger.setHandler((report) => texts.push(Logger.format(report)));
 * const server = unwrap(await GenServer.start({ init: () => ok(["a"]) }, undefined, { name: "stack" }));
 * await GenServer.stop(server, "overflow");
 * Logger.setHandler(previous);
 *
 * assertEquals(
 *   texts[0],
 *   'GenServer "stack" terminating\n' +
 *     '** (stop) "overflow"\n' +
 *     "Last message: []\n" +
 *     'State: ["a"]',
 * );
 * ```
 */
export function format(report: Report): string {
  const { kind, pid, name, reason, lastMessage, state, client, clientName } = report;
  const who = name === undefined ? String(pid) : inspect(name);
  switch (kind) {
    case "message":
      return String(reason);
    case "process":
      return `Process ${who} raised an exception\n${formatReason(reason)}`;
    case "unhandled_message":
      return `GenServer ${who} received an unexpected message, which no handleInfo takes: ${
        inspect(lastMessage)
      }`;
    case "log_handler":
      return `Log handler removed, as it failed: ${formatExit(reason).replace(/\s*\n\s*/g, " ")}`;
    case "uncaught":
      return `An error was thrown, or a promise rejected, where nobody waits for it\n${
        formatReason(reason)
      }`;
    case "gen_server":
    case "gen_statem": {
      const asker = client === undefined ? undefined : inspect(clientName ?? client);
      const lines = [
        `${kind === "gen_server" ? "GenServer" : "gen_statem"} ${who} terminating`,
        formatReason(reason),
        `Last message${asker === undefined ? "" : ` (from ${asker})`}: ${inspect(lastMessage)}`,
        `State: ${inspect(state)}`,
      ];
      if (asker !== undefined) {
        lines.push(`Client ${asker} is ${client!.process === null ? "dead" : "alive"}`);
      }
      return lines.join("\n");
    }
    case "task":
      return formatTask(report);
    case "crash":
      return formatCrash(report);
    case "supervisor":
    case "progress":
      return formatSupervisor(report);
    case "application":
      return formatApplication(report);
    default: {
      const details = Object.entries(report.details ?? {})
        .map(([key, value]) => `\n    ${key}: ${inspect(value)}`).join("");
      return `${kind} report of ${who}\n${formatReason(reason)}${details}`;
    }
  }
}

function formatApplication({ name, reason, level, details }: Report): string {
  if (level === "info") return `Application ${name} started`;
  if (details?.terminated === true) {
    return `Application ${name} ended, and all others with it: ${formatError(reason)}`;
  }
  if (details?.shutdownError === true) {
    return `Application ${name} failed to clean up\n${formatReason(reason)}`;
  }
  return `Application ${name} exited: ${formatError(reason)}`;
}

function formatTask({ pid, reason, details }: Report): string {
  const { startedFrom, function: fun, args, label } = details ?? {};
  return [
    `Task ${pid} started from ${inspect(startedFrom)} terminating`,
    formatReason(reason),
    ...(label === undefined ? [] : [`Process Label: ${inspect(label)}`]),
    `Function: ${inspect(fun)}`,
    `    Args: ${inspect(args)}`,
  ].join("\n");
}

function formatCrash({ pid, name, reason, details }: Report): string {
  const { errorInfo, initialCall, ancestors, links, dictionary, trapExit } = details ?? {};
  const who = isAtom(name) ? `${inspect(name)} (${pid})` : String(pid);
  return [
    `Process ${who} terminating`,
    formatErrorInfo(errorInfo as ErrorInfo | undefined) ?? formatReason(reason),
    `Initial Call: ${formatCall(initialCall)}`,
    `Ancestors: ${inspect(ancestors)}`,
    `Links: ${inspect(links)}`,
    `Dictionary: ${inspect(dictionary)}`,
    `Trapping Exits: ${trapExit}`,
  ].join("\n");
}

/** What a supervisor reports of a child, by the context of the report. */
const CONTEXTS: Readonly<Record<string, string>> = {
  progress: "started",
  start_error: "failed to start",
  child_terminated: "terminated",
  shutdown_error: "shut down abnormally",
  shutdown: "caused shutdown",
};

function formatSupervisor({ kind, reason, details }: Report): string {
  const { supervisor, context, offender, started } = details ?? {};
  const child = (offender ?? started ?? {}) as Readonly<Record<string, Term>>;
  const { pid, id, start, restart, shutdown, type } = child;
  const what = CONTEXTS[String(context)] ?? inspect(context);
  return [
    `Child ${inspect(id)} of Supervisor ${formatSupervisorName(supervisor)} ${what}`,
    ...(kind === "progress" ? [] : [formatReason(reason).replace(/^\*\* \(stop\)/, "** (exit)")]),
    ...(isPid(pid) && context !== "shutdown" ? [`Pid: ${pid}`] : []),
    `Start Call: ${formatStart(start)}`,
    `Restart: ${inspect(restart)}`,
    `Shutdown: ${inspect(shutdown)}`,
    `Type: ${inspect(type)}`,
  ].join("\n");
}

function formatSupervisorName(name: Term): string {
  if (!Array.isArray(name)) return inspect(name);
  return isPid(name[0]) ? `${name[0]} (${formatModule(name[1])})` : inspect(name.at(-1));
}

/** A class by its name; other modules have none, and may be long. */
function formatModule(module: Term): string {
  return typeof module === "function" ? module.name : "[module]";
}

function formatStart(start: Term): string {
  if (!Array.isArray(start) || start.length !== 3) return inspect(start);
  const [module, name, args] = start;
  const call = `${formatModule(module)}.${String(name)}`;
  // Of a temporary child, the arguments are not kept.
  return Array.isArray(args) ? `${call}(${args.map(inspect).join(", ")})` : `${call}/?`;
}

function formatErrorInfo(info: ErrorInfo | undefined): string | undefined {
  if (info === undefined) return undefined;
  const [kind, reason, stack] = info;
  if (kind === "error") return formatReason([reason, stack]);
  return `** (${kind}) ${kind === "exit" ? formatExit(reason) : inspect(reason)}`;
}

function formatCall(call: Term): string {
  if (!Array.isArray(call) || call.length !== 3) return inspect(call);
  const [module, name, arity] = call;
  return `${isAtom(module) ? String(module) : inspect(module)}.${name}/${arity}`;
}

/** Words an exit reason: an error with its stack, anything else as `** (stop) reason`. */
function formatReason(reason: Term): string {
  const error = errorOf(reason);
  if (error === undefined) return `** (stop) ${formatExit(reason)}`;
  const stack = String((reason as readonly Term[])[1]).split("\n")
    .filter((line) => line.trimStart().startsWith("at "));
  return [`** (${error.name}) ${error.message}`, ...stack].join("\n");
}

setDefaultReporter(defaultHandler);
