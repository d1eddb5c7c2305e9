/**
 * Reports: what the runtime has to say about a crash, and the one place where it is said.
 *
 * The kernel and the behaviours only ever call {@linkcode report}; what becomes of it is decided
 * by whoever called {@linkcode setReporter} last (`lib/logger.ts` does, when the module is loaded).
 *
 * @module
 */

import { isThenable } from "./awaitable.ts";
import type { Atom, Pid, Term } from "./term.ts";

/** How grave a report is. */
export type Level = "error" | "warning" | "notice" | "info" | "debug";

/** One event worth telling, as data. The fields depend on `kind`; the text is made when somebody prints it. */
export interface Report {
  /** How grave it is. */
  readonly level: Level;
  /**
   * What happened: `"process"` (a plain process raised), `"gen_server"` and other behaviours
   * (a server terminates), `"task"` (a task does), `"unhandled_message"`, `"crash"` (every abnormal
   * end of a process that a behaviour started), `"supervisor"`, `"progress"`, `"message"` (a text from
   * a user).
   */
  readonly kind: string;
  /** Left out of the log unless reports of OTP's own doings (SASL's) were asked for. */
  readonly sasl?: boolean;
  /** The process that it is about. */
  readonly pid?: Pid;
  /** The name it is known by, in the form in which it was given at the start. */
  readonly name?: Term;
  /** The exit reason. */
  readonly reason?: Term;
  /** The last message that a server had taken, in full. */
  readonly lastMessage?: Term;
  /** The state that it had then. */
  readonly state?: Term;
  /** Who had sent the last message, if that was a call. */
  readonly client?: Pid;
  /** The name of that process, if it has one. */
  readonly clientName?: Atom;
  /** Whatever else belongs to this kind of report. */
  readonly details?: Readonly<Record<string, Term>>;
}

/** Takes every report. */
export type Reporter = (report: Report) => void;

let reporter: Reporter = () => {};

/** Hands all further reports to `next`, and returns the one that had them until now. */
export function setReporter(next: Reporter): Reporter {
  const previous = reporter;
  reporter = next;
  return previous;
}

/** Reports something. Never throws: a reporter that fails loses its report, not the process that reports. */
export function report(event: Report): void {
  try {
    const done: unknown = reporter(event);
    if (isThenable(done)) done.then(undefined, () => {});
  } catch {
    // A broken logger must not take processes down with it, at once or later.
  }
}
