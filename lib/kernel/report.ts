/**
 * Reports: structured events about crashes, supervision and progress, and the one function that emits
 * them.
 *
 * The kernel and the behaviours call {@linkcode report}; the reporter set with {@linkcode setReporter}
 * handles the event (`lib/logger.ts` sets one when it is loaded).
 *
 * @module
 */

import { isThenable } from "./awaitable.ts";
import type { Atom, Pid, Term } from "./term.ts";

/** The severity of a report. */
export type Level = "error" | "warning" | "notice" | "info" | "debug";

/** One event, as data. The fields depend on `kind`; the text is formatted when the report is printed. */
export interface Report {
  /** The severity. */
  readonly level: Level;
  /**
   * What happened: `"process"` (a plain process raised), `"gen_server"` and other behaviours
   * (a server terminates), `"task"` (a task terminates), `"unhandled_message"`, `"crash"` (a process
   * that a behaviour started exits abnormally), `"supervisor"`, `"progress"`, `"message"` (a text from
   * a user).
   */
  readonly kind: string;
  /** Whether it is a SASL report, which is not logged unless SASL reports are enabled. */
  readonly sasl?: boolean;
  /** The process that the report is about. */
  readonly pid?: Pid;
  /** The name of the process, in the form in which it was given at the start. */
  readonly name?: Term;
  /** The exit reason. */
  readonly reason?: Term;
  /** The last message that the server has taken, in full. */
  readonly lastMessage?: Term;
  /** The state of the server at that time. */
  readonly state?: Term;
  /** The caller, if the last message is a call. */
  readonly client?: Pid;
  /** The name of the caller, if it has one. */
  readonly clientName?: Atom;
  /** Further data of this kind of report. */
  readonly details?: Readonly<Record<string, Term>>;
}

/** A function that handles all reports. */
export type Reporter = (report: Report) => void;

let reporter: Reporter = () => {};

/** Makes `next` the reporter, and returns the previous one. */
export function setReporter(next: Reporter): Reporter {
  const previous = reporter;
  reporter = next;
  return previous;
}

/** Hands an event to the reporter. Never throws: if the reporter fails, the report is lost. */
export function report(event: Report): void {
  try {
    const done: unknown = reporter(event);
    if (isThenable(done)) done.then(undefined, () => {});
  } catch {
    // A failing logger must not terminate processes.
  }
}
