/**
 * One child of a supervisor: starting it, stopping it, saying so. What all supervisors have in common.
 *
 * @module
 */

import type { FullChildSpec, Restart, Shutdown, StartFunction } from "../child_spec.ts";
import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { isOrderly, reasonOf } from "../kernel/exit.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { isA, itemsOf } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { exitSignal, onExit, unlink } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { isPid, type Pid, type Term } from "../kernel/term.ts";
import { start as startTimer } from "../kernel/timers.ts";

/**
 * A child: its specification, and the process that it has at the moment. `Start` is what is kept of its start
 * function.
 */
export class Child<Start = StartFunction> {
  readonly id: Term;
  readonly start: Start;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: "worker" | "supervisor";
  readonly modules: readonly (object | string)[] | "dynamic";
  readonly significant: boolean;
  /** Its process, or the last one it had while it is being restarted; `undefined` if it has none. */
  pid: Pid | undefined = undefined;
  /** It could not be restarted, and will be tried again. */
  isRestarting = false;
  /** Its neighbours in the order of their start. */
  previous: Child<Start> | null = null;
  next: Child<Start> | null = null;

  /** A child of this specification, not started yet. */
  constructor(spec: SpecWith<Start>) {
    this.id = spec.id;
    this.start = spec.start;
    this.restart = spec.restart;
    this.shutdown = spec.shutdown;
    this.type = spec.type;
    this.modules = spec.modules;
    this.significant = spec.significant;
  }

  /** Whether it runs, or is about to be restarted. */
  get isUp(): boolean {
    return this.isRestarting || this.pid !== undefined;
  }

  /** Its process, if it runs. */
  get running(): Pid | undefined {
    return this.isRestarting ? undefined : this.pid;
  }

  /** Its specification, in full. */
  get spec(): SpecWith<Start> {
    const { id, start, restart, significant, shutdown, type, modules } = this;
    return { id, start, restart, significant, shutdown, type, modules };
  }
}

/** A child specification with every field, of which this is the start. */
type SpecWith<Start> = Omit<FullChildSpec, "start"> & { readonly start: Start };

// --- Starting -----------------------------------------------------------------------------------

/** What came of a start. `["ok", undefined]` is a child that did not want to run. */
export type Started =
  | readonly ["ok", Pid | undefined]
  | readonly ["ok", Pid, Term]
  | readonly ["error", Term];

/**
 * Calls a start function in the running process, and waits for what comes of it. Never throws: what the
 * function throws is a failure in the words of `failed`, by default OTP's.
 */
export function callStart(start: StartFunction, failed = caught): Awaitable<Started> {
  let outcome: unknown;
  try {
    outcome = applyStart(start);
  } catch (thrown) {
    return failed(thrown);
  }
  return isThenable(outcome) ? Promise.resolve(outcome).then(sort, failed) : sort(outcome);
}

/** Calls a start function, as it is: it may throw, and return anything. */
export function applyStart(start: StartFunction): unknown {
  if (typeof start === "function") return start();
  const [module, name, args] = start;
  const callback = (module as Record<string, unknown>)[name];
  if (typeof callback === "function") return callback.apply(module, args);
  throw new TypeError(`Cannot start a child: ${inspect(module)} has no function ${inspect(name)}`);
}

function sort(outcome: unknown): Started {
  if (outcome === "ignore") return ["ok", undefined];
  const items = itemsOf(outcome, 2) ?? itemsOf(outcome, 3) ?? [];
  const [tag, pid] = items;
  if ((tag === "ok" && isPid(pid)) || (tag === "error" && items.length === 2)) {
    return items as unknown as Started;
  }
  return ["error", outcome];
}

/** A thrown value that is no error counts as returned, as OTP has it. */
function caught(thrown: unknown): Started {
  return isA(thrown, Error) ? ["error", ["EXIT", reasonOf(thrown)]] : sort(thrown);
}

// --- Stopping -----------------------------------------------------------------------------------

/** What stopping a process answers that had ended before. */
export const NOT_RUNNING: unique symbol = Symbol("not running");

/**
 * Stops a process as `shutdown` says, and waits for its end: answers the reason, at once if the process
 * ended at once. It is linked to `supervisor` until then, but its end is not heard of a second time by
 * the link: no message of it lies in any mailbox.
 */
export function stopProcess(supervisor: Process, pid: Pid, shutdown: Shutdown): Awaitable<Term> {
  const ending = new Ending();
  const isThere = onExit(pid, (reason) => {
    unlink(supervisor, pid);
    ending.is(reason);
  });
  if (isThere === undefined) return NOT_RUNNING;
  const signal = (reason: Term) => exitSignal(supervisor.pid, pid, reason);
  signal(shutdown === "brutal_kill" ? "kill" : "shutdown");
  if (shutdown === 0) signal("kill");
  if (ending.isOver) return ending.reason;
  if (typeof shutdown === "number") {
    ending.timer = new OwnedTimer(supervisor, () => signal("kill"));
    startTimer(ending.timer, shutdown);
  }
  return new Promise((resolve) => ending.resolve = resolve);
}

/** The end of a process that is waited for. */
class Ending {
  isOver = false;
  reason: Term = undefined;
  timer: OwnedTimer | null = null;
  resolve: ((reason: Term) => void) | null = null;

  is(reason: Term): void {
    this.isOver = true;
    this.reason = reason;
    this.timer?.cancel();
    this.resolve?.(reason);
  }
}

/**
 * Tells whether a child of a Supervisor that was stopped may have ended with `reason`. A permanent child that
 * ends with `["shutdown", term]` is reported, as by OTP's supervisor; a DynamicSupervisor, as Elixir's, expects
 * that of any child.
 */
export function isExpectedEnd(child: Child, reason: Term): boolean {
  if (reason === (child.shutdown === "brutal_kill" ? "killed" : "shutdown")) return true;
  return child.restart !== "permanent" && isOrderly(reason);
}

// --- Reports ------------------------------------------------------------------------------------

/** What a supervisor reports: an error with one of its children. */
export type Context = "start_error" | "child_terminated" | "shutdown_error" | "shutdown";

/**
 * Reports an error of `child`, whose process is shown as `childPid`. `supervisor` is the name that reports call
 * the supervisor by.
 */
export function reportError(
  supervisor: Term,
  pid: Pid,
  context: Context,
  reason: Term,
  child: Child<unknown>,
  childPid: Term,
): void {
  report({
    level: "error",
    kind: "supervisor",
    sasl: true,
    pid,
    reason,
    details: { supervisor, context, offender: describe(child, childPid) },
  });
}

/** Reports that `child` was started. */
export function reportProgress(supervisor: Term, pid: Pid, child: Child): void {
  report({
    level: "info",
    kind: "progress",
    sasl: true,
    pid,
    details: { supervisor, context: "progress", started: describe(child, child.pid) },
  });
}

/** A child as reports show it. */
function describe(
  { id, start, restart, significant, shutdown, type }: Child<unknown>,
  pid: Term,
): Term {
  return { pid, id, start, restart, significant, shutdown, type };
}
