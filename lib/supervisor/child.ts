/**
 * One child of a supervisor: starting it, stopping it, saying so. What all supervisors have in common.
 *
 * @module
 */

import type { FullChildSpec, Restart, Shutdown, StartFunction } from "../child_spec.ts";
import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { PROTOCOL, type Protocol } from "../kernel/calls.ts";
import { isOrderly, reasonOf } from "../kernel/exit.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { exitSignal, onExit, unlink } from "../kernel/signals.ts";
import { inspect, isPid, type Pid, type Term } from "../kernel/term.ts";
import { start as startTimer } from "../kernel/timers.ts";

/** A child: its specification, and the process that it has at the moment. */
export class Child {
  readonly id: Term;
  start: KeptStart;
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
  previous: Child | null = null;
  next: Child | null = null;

  /** A child of this specification, not started yet. */
  constructor(spec: KeptChildSpec) {
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

  /** Forgets the arguments of the start function if it is not called again: that of a temporary child. */
  forgetArguments(): void {
    if (this.restart !== "temporary") return;
    const { start } = this;
    this.start = typeof start === "object" ? [start[0], start[1], undefined] : undefined;
  }

  /** Its specification, in full. */
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
  if (Array.isArray(outcome)) {
    const { length } = outcome;
    if (outcome[0] === "ok" && isPid(outcome[1]) && (length === 2 || length === 3)) {
      return outcome as unknown as Started;
    }
    if (outcome[0] === "error" && length === 2) return outcome as unknown as Started;
  }
  return ["error", outcome];
}

/** A thrown value that is no error counts as returned, as OTP has it. */
function caught(thrown: unknown): Started {
  return thrown instanceof Error ? ["error", ["EXIT", reasonOf(thrown)]] : sort(thrown);
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

/** A child as reports show it. */
function describe(
  { id, start, restart, significant, shutdown, type }: Child,
  pid: Term,
): Term {
  return { pid, id, start, restart, significant, shutdown, type };
}
