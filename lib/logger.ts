/**
 * Logger: formats the reports of the runtime, and passes them to a handler.
 *
 * An event of the runtime, such as the crash of a server or an unexpected message, is a
 * {@linkcode Report}: data. A single handler receives all reports. The default handler prints them to
 * the console, in the format of Elixir's logger; {@linkcode setHandler} replaces it.
 *
 * Reported are:
 * - abnormal exits: of a plain process with an error (`"process"`), of a server or a task with any reason but
 *   `"normal"`, `"shutdown"` and `["shutdown", term]` (`"gen_server"`, `"task"`, …);
 * - messages that a server does not handle (`"unhandled_message"`);
 * - what OTP calls SASL reports, which the default handler does not print by default: crashes of all processes of
 *   a behaviour or of `ProcLib` (`"crash"`), and the actions of supervisors.
 *
 * The callback `formatStatus` of a server's module can remove secrets from its reports.
 *
 * @module
 */

import { checkOptions } from "./kernel/options.ts";
import { formatError } from "./application/error.ts";
import type { ErrorInfo } from "./gen/crash.ts";
import { errorOf, formatExit } from "./kernel/exit.ts";
import { formatModule } from "./kernel/module_name.ts";
import { formatName } from "./kernel/names.ts";
import { aliveProcess } from "./kernel/process.ts";
import {
  type Level,
  type Report,
  report,
  type Reporter,
  setDefaultReporter,
  setReporter,
} from "./kernel/report.ts";
import { guarded, inspect, inspectItems, textOf } from "./kernel/inspect.ts";
import { isArray, itemOf, itemsOf } from "./kernel/reader.ts";
import { isAtom, isPid, type Term } from "./kernel/term.ts";

/** What this module is called where it is printed. */
export const moduleName = "Logger";

export type { Level, Report };

/** A function that receives all reports, including SASL reports (`sasl: true`). */
export type Handler = Reporter;

/** Options of {@linkcode configure}. */
export interface Options {
  /** The minimum level that the default handler prints. Default `"debug"`: all. */
  readonly level?: Level | "none";
  /** Whether the default handler prints crash, supervisor and progress reports. Default `false`, as in Elixir. */
  readonly handleSaslReports?: boolean;
}

const LEVELS: readonly (Level | "none")[] = ["debug", "info", "notice", "warning", "error", "none"];

let level: Level | "none" = "debug";
let handleSaslReports = false;

/**
 * Configures the default handler. Options that are not given are unchanged.
 *
 * @throws {TypeError} If the level is unknown.
 *
 * @example Printing warnings and errors, and crash reports
 * ```ts
 * import { Logger } from "@denotp/otp";
 *
 * Logger.configure({ level: "warning", handleSaslReports: true });
 * Logger.log("info", "this is not printed");
 * ```
 */
export function configure(options: Options): void {
  checkOptions("configure the logger", options, ["level", "handleSaslReports"]);
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
 * Sets the handler that receives all further reports, and returns the previous one.
 *
 * A handler runs outside of all processes, synchronously, in an asynchronous context of its own, and should
 * be quick. It may log, send and cast; it has no `self()`, and so cannot call, receive or spawn: let it send
 * the reports to a process that does.
 *
 * A handler that throws, rejects, or leaves a rejected promise behind, even later, loses the report, and
 * nothing else. It is removed then, as OTP removes a failing handler: the default handler takes its place,
 * and prints one line about it (a report of the kind `"log_handler"`).
 *
 * @example Collecting reports in a test
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

/**
 * The handler that prints to the console, as Elixir's does: `[error] GenServer "stack" terminating…`.
 * It prints what {@linkcode format} returns; see its example.
 */
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
 * Logs a text: a report of the kind `"message"`, whose reason is the text.
 *
 * @param details Further data for the handler. Default: none.
 * @throws {TypeError} If the level is unknown.
 *
 * @example Logging with details
 * ```ts
 * import { Logger } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const reports: Logger.Report[] = [];
 * const previous = Logger.setHandler((report) => reports.push(report));
 * Logger.log("warning", "disk almost full", { free: 0.02 });
 * Logger.setHandler(previous);
 * assertEquals(reports[0], {
 *   level: "warning",
 *   kind: "message",
 *   reason: "disk almost full",
 *   details: { free: 0.02 },
 * });
 * ```
 */
export function log(level: Level, text: string, details?: Readonly<Record<string, Term>>): void {
  assertLevel(level, LEVELS.filter((each) => each !== "none"));
  report({ level, kind: "message", reason: text, ...(details && { details }) });
}

/**
 * Formats a report as Elixir's logger does, in several lines. Terms are printed as `inspect` prints them:
 * within its limits, and with `[unprintable: …]` in place of what cannot be read.
 *
 * @example A server that terminates
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
  return guarded(() => formatKind(report));
}

function formatKind(report: Report): string {
  const { kind, pid, name, reason, lastMessage, state, client, clientName } = report;
  const subject = name === undefined ? inspect(pid) : formatName(name);
  switch (kind) {
    case "message":
      return typeof reason === "string" ? reason : inspect(reason);
    case "process":
      return `Process ${subject} raised an exception\n${formatReason(reason)}`;
    case "unhandled_message":
      return `GenServer ${subject} received an unexpected message, and has no handleInfo for it: ${
        inspect(lastMessage)
      }`;
    case "log_handler":
      return `Log handler removed, as it failed: ${formatExit(reason).replace(/\s*\n\s*/g, " ")}`;
    case "uncaught":
      return `An uncaught exception, or an unhandled promise rejection\n${formatReason(reason)}`;
    case "gen_server":
    case "gen_statem": {
      const asker = client === undefined ? undefined : formatName(clientName ?? client);
      const lines = [
        `${kind === "gen_server" ? "GenServer" : "gen_statem"} ${subject} terminating`,
        formatReason(reason),
        `Last message${asker === undefined ? "" : ` (from ${asker})`}: ${inspect(lastMessage)}`,
        `State: ${inspect(state)}`,
      ];
      if (asker !== undefined) {
        lines.push(`Client ${asker} is ${aliveProcess(client!) === null ? "dead" : "alive"}`);
      }
      return lines.join("\n");
    }
    case "exit_hook":
    case "exit_step": {
      const step = kind === "exit_hook" ? "an exit hook" : String(report.details?.["step"]);
      return `Process ${subject} has exited, and a step of that has failed: ${step}\n` +
        formatReason(reason);
    }
    case "resource":
      return formatResource(report);
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
      const details = Object.keys(report.details ?? {})
        .map((key) => `\n    ${key}: ${guarded(() => inspect(report.details![key]))}`).join("");
      return `${kind} report of ${subject}\n${formatReason(reason)}${details}`;
    }
  }
}

function formatApplication({ name, reason, level, details }: Report): string {
  if (level === "info") return `Application ${name} started`;
  if (details?.terminated === true) {
    return `Application ${name} terminated, all applications are stopped: ${formatError(reason)}`;
  }
  if (details?.shutdownError === true) {
    return `Application ${name} failed to clean up\n${formatReason(reason)}`;
  }
  return `Application ${name} exited: ${formatError(reason)}`;
}

function formatResource({ pid, name, reason, details }: Report): string {
  const { resource, timeout } = details ?? {};
  const subject = `Process ${name === undefined ? pid : `${inspect(name)} (${pid})`}`;
  return timeout === undefined
    ? `${subject} has exited, and its resource ${inspect(resource)} could not be disposed of
` +
      formatReason(reason)
    : `${subject} has exited, and its resource ${inspect(resource)} was not disposed of within ` +
      `${timeout} milliseconds`;
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
  const subject = isAtom(name) ? `${inspect(name)} (${pid})` : String(pid);
  return [
    `Process ${subject} terminating`,
    formatErrorInfo(errorInfo as ErrorInfo | undefined) ?? formatReason(reason),
    `Initial Call: ${formatCall(initialCall)}`,
    `Ancestors: ${inspect(ancestors)}`,
    `Links: ${inspect(links)}`,
    `Dictionary: ${inspect(dictionary)}`,
    `Trapping Exits: ${trapExit}`,
  ].join("\n");
}

/** What happened to a child, by the context of a supervisor's report. */
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
  const first = itemOf(name, 0);
  return isPid(first) ? `${first} (${formatModule(itemOf(name, 1))})` : formatName(name);
}

function formatStart(start: Term): string {
  const items = itemsOf(start, 3);
  if (items === undefined) return inspect(start);
  const [module, name, args] = items;
  const call = `${formatModule(module)}.${typeof name === "string" ? name : inspect(name)}`;
  // The arguments of a temporary child are not kept.
  return isArray(args) ? `${call}(${inspectItems(args)})` : `${call}/?`;
}

function formatErrorInfo(info: ErrorInfo | undefined): string | undefined {
  if (info === undefined) return undefined;
  const [kind, reason, stack] = info;
  if (kind === "error") return formatReason([reason, stack]);
  return `** (${kind}) ${kind === "exit" ? formatExit(reason) : inspect(reason)}`;
}

function formatCall(call: Term): string {
  const items = itemsOf(call, 3);
  if (items === undefined) return inspect(call);
  const [module, name, arity] = items;
  if (isFunctionCall(module, name)) return `${textOf(module, "name") || "anonymous fn"}/${arity}`;
  // A supervisor is known by its module, as Elixir has it.
  if (module === "supervisor") return `${formatModule(name)}.init/${arity}`;
  return `${formatModule(module)}.${name}/${arity}`;
}

/** Whether a call is that of a function, not of a function of a module. */
function isFunctionCall(fun: Term, name: Term): fun is () => unknown {
  return typeof fun === "function" && name === "call" && fun.call === Function.prototype.call;
}

/** Characters of a stack that are read; the message of the error may have more. */
const STACK_LENGTH = 65_536;

/** The lines of a stack; none of any other term. */
function linesOf(stack: Term): string[] {
  if (typeof stack !== "string") return [];
  return stack.slice(0, STACK_LENGTH).split("\n").filter((line) =>
    line.trimStart().startsWith("at ")
  );
}

/**
 * Formats an exit reason: an error with its stack, also one that has only a name, as in `["noproc", stack]`; any
 * other reason as `** (stop) reason`.
 */
function formatReason(reason: Term): string {
  const error = errorOf(reason);
  const [why, text] = itemsOf(reason, 2) ?? [];
  const stack = linesOf(text);
  if (error !== undefined) {
    return [`** (${textOf(error, "name")}) ${textOf(error, "message")}`, ...stack].join("\n");
  }
  if (stack.length === 0 || typeof why !== "string") return `** (stop) ${formatExit(reason)}`;
  return [`** (stop) ${formatExit(why)}`, ...stack].join("\n");
}

setDefaultReporter(defaultHandler);
