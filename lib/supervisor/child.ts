/**
 * One child of a supervisor: starting, stopping and reporting it. Used by all supervisors.
 *
 * @module
 */

import type { FullChildSpec, Restart, Shutdown, StartFunction } from "../child_spec.ts";
import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { PROTOCOL, type Protocol } from "../kernel/calls.ts";
import { isOrderly, reasonOf } from "../kernel/exit.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { isA, itemsOf } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { exitSignal, onExit, unlink } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { isPid, type Pid, type Term } from "../kernel/term.ts";
import { start as startTimer } from "../kernel/timers.ts";

/** A child: its specification and its current process. */
export class Child {
  readonly id: Term;
  start: KeptStart;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: "worker" | "supervisor";
  readonly modules: readonly (object | string)[] | "dynamic";
  readonly significant: boolean;
  /** Its process; while it is being restarted, the last one; `undefined` if it has none. */
  pid: Pid | undefined = undefined;
  /** Whether a restart failed and will be tried again. */
  isRestarting = false;
  /** The previous and the next child in the order of their start. */
  previous: Child | null = null;
  next: Child | null = null;

  /** Creates a child with this specification, not started yet. */
  constructor(spec: KeptChildSpec) {
    this.id = spec.id;
    this.start = spec.start;
    this.restart = spec.restart;
    this.shutdown = spec.shutdown;
    this.type = spec.type;
    this.modules = spec.modules;
    this.significant = spec.significant;
  }

  /** Whether it is running or being restarted. */
  get isUp(): boolean {
    return this.isRestarting || this.pid !== undefined;
  }

  /** Its process, if it is running. */
  get running(): Pid | undefined {
    return this.isRestarting ? undefined : this.pid;
  }

  /** Forgets the arguments of the start function if it is not called again: that of a temporary child. */
  forgetArguments(): void {
    if (this.restart !== "temporary") return;
    const { start } = this;
    this.start = typeof start === "object" ? [start[0], start[1], undefined] : undefined;
  }

  /** Its specification, with every field. */
  get spec(): KeptChildSpec {
    const { id, start, restart, significant, shutdown, type, modules } = this;
    return { id, start, restart, significant, shutdown, type, modules };
  }
}

/**
 * The start of a child, as its supervisor keeps it. Of a temporary child that has been started, which is not
 * started again, the arguments are forgotten, and a function as a whole.
 */
export type KeptStart =
  | StartFunction
  | readonly [module: object | string, name: string, args: undefined]
  | undefined;

/** A child specification with every field, as a supervisor keeps it. See {@linkcode KeptStart}. */
export type KeptChildSpec = Omit<FullChildSpec, "start"> & { readonly start: KeptStart };

// --- Starting -----------------------------------------------------------------------------------

/** The result of a start. `["ok", undefined]` if the start function returned `"ignore"`. */
export type Started =
  | readonly ["ok", Pid | undefined]
  | readonly ["ok", Pid, Term]
  | readonly ["error", Term];

/**
 * Calls a start function in the running process, and waits for its result. Never throws: what the function
 * throws is a failure in the form that `failed` gives it, by default OTP's.
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

/** Calls a start function. It may throw, and return any value. */
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

/** A thrown value that is not an error counts as returned, as in OTP. */
function caught(thrown: unknown): Started {
  return isA(thrown, Error) ? ["error", ["EXIT", reasonOf(thrown)]] : sort(thrown);
}

// --- Stopping -----------------------------------------------------------------------------------

/** The result of stopping a process that had already exited. */
export const NOT_RUNNING: unique symbol = Symbol("not running");

/**
 * Stops a process as `shutdown` specifies, and waits for its exit. Returns the reason, at once if the process
 * exited at once. The process stays linked to `supervisor` until then; the exit signal of the link is not
 * delivered in addition.
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

/** A process whose exit is awaited. */
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
 * Whether `reason` is an expected exit reason of a child that was stopped by a Supervisor. A permanent child
 * that exits with `["shutdown", term]` is reported, as by OTP's supervisor; a DynamicSupervisor, like
 * Elixir's, expects that of any child.
 */
export function isExpectedEnd(child: Child, reason: Term): boolean {
  if (reason === (child.shutdown === "brutal_kill" ? "killed" : "shutdown")) return true;
  return child.restart !== "permanent" && isOrderly(reason);
}

// --- Reports ------------------------------------------------------------------------------------

/** The context of a report: what a supervisor did with the child. */
export type Context = "start_error" | "child_terminated" | "shutdown_error" | "shutdown";

/**
 * Reports an error of `child`, with `childPid` as its process. `supervisor` is the name of the supervisor in
 * reports.
 */
export function reportError(
  supervisor: Term,
  pid: Pid,
  context: Context,
  reason: Term,
  child: Child,
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

/** Warns of a child that is a supervisor, but a worker by its specification: its own children would be killed. */
export function reportIfSupervisor(supervisor: Term, pid: Pid, child: Child): void {
  const behaviour = child.pid?.process?.behaviour as { readonly module?: HasProtocol } | undefined;
  const protocol = behaviour?.module?.[PROTOCOL];
  if (protocol !== "supervisor" && protocol !== "dynamic_supervisor") return;
  report({
    level: "warning",
    kind: "message",
    pid,
    reason:
      `The child ${
        inspect(child.id)
      } is a supervisor, but its specification says that it is a worker, ` +
      "which may be killed before it has stopped its own children: expected " +
      'type: "supervisor", which Supervisor.childSpec and DynamicSupervisor.childSpec set',
    details: { supervisor },
  });
}

interface HasProtocol {
  readonly [PROTOCOL]?: Protocol;
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

/** A child in a report. */
function describe(
  { id, start, restart, significant, shutdown, type }: Child,
  pid: Term,
): Term {
  return { pid, id, start, restart, significant, shutdown, type };
}
