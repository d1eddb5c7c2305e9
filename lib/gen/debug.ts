/**
 * Debug functions of a server, as OTP's `sys` installs them: trace, log, statistics, and user-defined ones.
 * Used by the loop in `behaviour.ts`, and by `Sys`.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import { localNameOf } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { isA, isTuple, itemOf } from "../kernel/reader.ts";
import { inspect } from "../kernel/inspect.ts";
import type { Pid, Term } from "../kernel/term.ts";
import { isFrom } from "../kernel/reply.ts";

/**
 * The events of a server, as debug functions receive them: `["in", message]` for each message taken,
 * `["out", reply, to, state]` for each reply, `["noreply", state]` after each other callback,
 * `["continue", argument]` before `handleContinue`. State machines have their own events.
 */
export type SystemEvent =
  | readonly ["in", Term]
  | readonly ["out", Term, Pid, Term]
  | readonly ["noreply", Term]
  | readonly ["continue", Term]
  | MachineEvent;

/**
 * The events of a state machine: `["in", event, state]` for each event taken or inserted,
 * `["consume", event, state, next]` or `["postpone", event, state, next]` after it was handled,
 * `["out", reply, from]`, `["start_timer", [type, time, content, options], state]`,
 * `["enter", module, state]` when the machine starts, `["module", module, state]` when the callback module
 * changes, `["terminate", reason, state]`.
 */
export type MachineEvent =
  | readonly ["in" | "enter" | "module" | "start_timer" | "terminate", Term, Term]
  | readonly ["out", Term, From]
  | readonly ["consume" | "postpone", Term, Term, Term];

/** Formats an event for `trace` and `log_to`; `extra` is what was passed to `handleDebug`. */
// deno-lint-ignore no-explicit-any -- a special process has events of its own
export type FormatEvent = (event: any, extra: any) => string;

/**
 * A debug function. Takes its own state, an event and the name or pid of the server. Returns its next state,
 * or `"done"` to be removed.
 */
// deno-lint-ignore no-explicit-any -- the function's own state is the function's own business
export type DebugFunction = (state: any, event: SystemEvent, server: Term) => unknown;

/**
 * A debug function to install, with its initial state, and optionally an id; the default id is the function
 * itself.
 */
export type InstallSpec =
  | readonly [call: DebugFunction, state: Term]
  | readonly [id: Term, call: DebugFunction, state: Term];

/** A debug option of a `start` function. */
export type DebugOption =
  | "trace"
  | "log"
  | "statistics"
  | readonly ["log", number]
  | readonly ["log_to", (line: string) => void]
  | readonly ["install", InstallSpec];

/** The result of `Sys.statistics(server, "get")`. */
export interface Statistics {
  /** When counting began. */
  readonly startTime: Date;
  /** The current time. */
  readonly currentTime: Date;
  /** Messages handled since then, replies included. Replaces the reductions of the BEAM. */
  readonly reductions: number;
  /** Messages taken since then. */
  readonly messagesIn: number;
  /** Replies sent since then. */
  readonly messagesOut: number;
}

const LOG_EVENTS = 10;

function printLine(line: string): void {
  // deno-lint-ignore no-console -- printing is what it is asked for
  console.log(line);
}

/** An event in the log, with what is needed to format it. */
interface Logged {
  readonly event: SystemEvent;
  readonly extra: Term;
  readonly format: FormatEvent;
}

interface Installed {
  readonly id: Term;
  readonly call: DebugFunction;
  state: Term;
}

/** The debug functions of one server. Opaque: `Sys.debugOptions` makes it, `Sys.handleDebug` uses it. */
export class Debug {
  #trace: ((line: string) => void) | null = null;
  #sink: ((line: string) => void) | null = null;
  #log: { readonly limit: number; readonly events: Logged[] } | null = null;
  #counts: { readonly since: Date; in: number; out: number } | null = null;
  #installed: Installed[] = [];

  /**
   * Creates the debug functions that the `debug` option of a start lists.
   *
   * @throws {TypeError} If one of them is unknown.
   */
  constructor(options: readonly DebugOption[] = []) {
    for (const option of options) this.#use(option);
  }

  #use(option: DebugOption): void {
    const [name, argument] = Array.isArray(option) ? option : [option];
    switch (name) {
      case "trace":
        return this.trace(true);
      case "statistics":
        return this.count(true);
      case "log":
        return this.log(true, argument as number | undefined);
      case "log_to":
        return this.logTo(argument as (line: string) => void);
      case "install":
        return this.install(argument as InstallSpec);
      default:
        throw new TypeError(
          'Cannot use this debug option: expected "trace", "log", "statistics", ' +
            '["log", n], ["log_to", function] or ["install", [function, state]], found ' +
            inspect(option),
        );
    }
  }

  /** Whether nothing is installed. */
  get isEmpty(): boolean {
    return this.#trace === null && this.#sink === null && this.#log === null &&
      this.#counts === null && this.#installed.length === 0;
  }

  /** Starts or stops printing a line for each event. */
  trace(on: boolean, print: (line: string) => void = printLine): void {
    assertFlag("trace", on);
    assertFunction("trace", print);
    this.#trace = on ? print : null;
  }

  /** Starts or stops passing a line for each event to `sink`. */
  logTo(sink: ((line: string) => void) | null): void {
    if (sink !== null) assertFunction("log", sink);
    this.#sink = sink;
  }

  /** Keeps the last `limit` events, or drops them. */
  log(on: boolean, limit: number = LOG_EVENTS): void {
    assertFlag("log", on);
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RangeError(
        `Cannot log this number of events: expected a number from 1, found ${inspect(limit)}`,
      );
    }
    this.#log = on ? { limit, events: this.#log?.events.slice(-limit) ?? [] } : null;
  }

  /** The events in the log, oldest first. */
  logged(): readonly SystemEvent[] {
    return (this.#log?.events ?? []).map(({ event }) => event);
  }

  /** Prints the events in the log. */
  print(): void {
    for (const { event, extra, format } of this.#log?.events ?? []) printLine(format(event, extra));
  }

  /** Starts or stops counting messages. Counts that exist already are kept. */
  count(on: boolean): void {
    assertFlag("count", on);
    this.#counts = on ? this.#counts ?? { since: new Date(), in: 0, out: 0 } : null;
  }

  /** The counts, or `"no_statistics"`. */
  statistics(): Statistics | "no_statistics" {
    if (this.#counts === null) return "no_statistics";
    const { since, in: messagesIn, out: messagesOut } = this.#counts;
    return {
      startTime: since,
      currentTime: new Date(),
      reductions: messagesIn + messagesOut,
      messagesIn,
      messagesOut,
    };
  }

  /** Installs a function, unless there is one with the same id. The default id is the function itself. */
  install(spec: InstallSpec): void {
    if (!Array.isArray(spec) || typeof spec.at(-2) !== "function" || spec.length > 3) {
      throw new TypeError(
        "Cannot install a debug function: expected [function, state] or [id, function, state], " +
          `found ${inspect(spec)}`,
      );
    }
    const [id, call, state] = spec.length === 3 ? spec : [spec[0], ...spec];
    if (this.#installed.every((each) => each.id !== id)) this.#installed.push({ id, call, state });
  }

  /** Removes the function with this id. */
  remove(id: Term): void {
    this.#installed = this.#installed.filter((each) => each.id !== id && each.call !== id);
  }

  /** Removes everything. */
  clear(): void {
    this.#trace =
      this.#sink =
      this.#log =
      this.#counts =
        null;
    this.#installed = [];
  }

  /** What is installed, as `Sys.getStatus` returns it. `log` are the events after `formatStatus`. */
  describe(log: readonly Term[] = this.logged()): Term[] {
    return [
      ...(this.#trace === null ? [] : ["trace"]),
      ...(this.#log === null ? [] : [["log", log]]),
      ...(this.#sink === null ? [] : ["log_to"]),
      ...(this.#counts === null ? [] : [["statistics", this.statistics()]]),
      ...this.#installed.map(({ id, state }) => ["install", id, state]),
    ];
  }

  /** Passes an event of a server to everything that is installed. */
  event(process: Process, event: SystemEvent): void {
    this.handle(event, localNameOf(process.pid) ?? process.pid, formatEvent);
  }

  /** Passes an event to everything that is installed. A function that throws an error is removed. */
  handle(event: SystemEvent, extra: Term, format: FormatEvent): void {
    if (this.#trace !== null || this.#sink !== null) {
      try {
        const line = format(event, extra);
        this.#trace?.(line);
        this.#sink?.(line);
      } catch {
        this.#trace = this.#sink = null;
      }
    }
    if (this.#log !== null) {
      this.#log.events.push({ event, extra, format });
      if (this.#log.events.length > this.#log.limit) this.#log.events.shift();
    }
    if (this.#counts !== null) {
      if (event[0] === "in") this.#counts.in++;
      else if (event[0] === "out") this.#counts.out++;
    }
    for (const each of this.#installed) {
      each.state = nextState(each, event, extra);
      if (each.state === "done") this.remove(each.id);
    }
  }
}

function assertFlag(what: string, flag: unknown): void {
  if (typeof flag === "boolean") return;
  throw new TypeError(`Cannot ${what} with this flag: expected a boolean, found ${inspect(flag)}`);
}

function assertFunction(what: string, sink: unknown): void {
  if (typeof sink === "function") return;
  throw new TypeError(
    `Cannot ${what} to this: expected a function that takes a line, found ${inspect(sink)}`,
  );
}

/** Calls a debug function with an event. A value that it throws counts as returned, as in OTP. */
function nextState({ call, state }: Installed, event: SystemEvent, extra: Term): Term {
  try {
    return call(state, event, extra);
  } catch (thrown) {
    return isA(thrown, Error) ? "done" : thrown;
  }
}

/** Formats an event as OTP does: `*DBG* "stack" got call "pop" from #PID<0.85.0>`. */
export function formatEvent(event: SystemEvent, server: Term): string {
  const prefix = `*DBG* ${inspect(server)}`;
  switch (event[0]) {
    case "in":
      return `${prefix} got ${formatMessage(event[1])}`;
    case "out":
      return `${prefix} sent ${inspect(event[1])} to ${inspect(event[2])}, new state ${
        inspect(event[3])
      }`;
    case "noreply":
      return `${prefix} new state ${inspect(event[1])}`;
    default:
      return `${prefix} dbg ${inspect(event)}`;
  }
}

function formatMessage(message: Term): string {
  const from = itemOf(message, 1);
  if (isTuple(message, "$gen_call", 3) && isFrom(from)) {
    return `call ${inspect(itemOf(message, 2))} from ${inspect(from[0])}`;
  }
  if (isTuple(message, "$gen_cast", 2)) return `cast ${inspect(itemOf(message, 1))}`;
  return inspect(message);
}
