/**
 * Reports: structured events about crashes, supervision and progress, and the one function that emits
 * them.
 *
 * The kernel and the behaviours call {@linkcode report}; the reporter set with {@linkcode setReporter}
 * handles the event (`lib/logger.ts` sets one when it is loaded).
 *
 * @module
 */

import { hasThen } from "./awaitable.ts";
import { reasonOf } from "./exit.ts";
import { Context } from "./host.ts";
import { runOutside } from "./scheduler.ts";
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
   * that a behaviour started exits abnormally), `"uncaught"` (an error or a rejection that nothing handles),
   * `"log_handler"` (a handler has failed and is removed), `"exit_hook"` and
   * `"exit_step"` (a step of an exit has failed), `"resource"` (it could not be disposed of), `"supervisor"`,
   * `"progress"`, `"message"` (a text from a user).
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

/** Takes over when another reporter has failed. */
let fallback: Reporter = () => {};

/** The asynchronous context of a reporter: a context of no process. */
export class ReporterContext extends Context {
  readonly reporter: Reporter;
  #hasFailed = false;

  /** Creates the context of `reporter`. */
  constructor(reporter: Reporter) {
    super(null);
    this.reporter = reporter;
  }

  /** Calls the reporter. */
  handle(event: Report): void {
    try {
      const { reporter } = this;
      // The default reporter leaves nothing behind, so that it needs no context, which would cost 2 µs.
      if (reporter === fallback) return reporter(event);
      const done: unknown = runOutside(this, () => reporter(event));
      if (hasThen(done)) {
        (done as PromiseLike<void>).then(undefined, (thrown: unknown) => this.failed(thrown));
      }
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** Removes the reporter, which threw, rejected or left a rejected promise behind, and reports that once. */
  failed(thrown: unknown): void {
    if (this.#hasFailed || this.reporter === fallback) return;
    this.#hasFailed = true;
    if (active === this) active = new ReporterContext(fallback);
    report({ level: "error", kind: "log_handler", reason: reasonOf(thrown) });
  }
}

let active = new ReporterContext(fallback);

/** Makes `next` the reporter, and returns the previous one. */
export function setReporter(next: Reporter): Reporter {
  const previous = active.reporter;
  active = new ReporterContext(next);
  return previous;
}

/** Makes `next` the reporter, now and whenever another one has failed. Its own failures are ignored. */
export function setDefaultReporter(next: Reporter): void {
  fallback = next;
  active = new ReporterContext(next);
}

/**
 * Hands an event to the reporter, which runs outside of all processes. Never throws: a reporter that fails
 * loses the report, and is removed.
 */
export function report(event: Report): void {
  active.handle(event);
}
