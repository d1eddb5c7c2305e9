/**
 * Timer: delayed and periodic messages, function calls and exit signals, and measuring time. The functions of
 * Erlang's `timer` module.
 *
 * Unlike {@linkcode Process.sendAfter} they support intervals, functions and exits, and return OTP's
 * results. As in OTP they are run by a process that is registered as `timer_server` and started on
 * first use: it is the sender of the exit signals, and the parent of the processes in which the
 * functions run. If it is killed, all of its pending timers are lost.
 *
 * A time is an integer in milliseconds. A timer never fires early. Pending timers keep the host running, as
 * `setTimeout` does.
 *
 * @module
 */

import { fairly } from "./kernel/fair.ts";
import { Gen } from "./gen/behaviour.ts";
import { now } from "./kernel/clock.ts";
import { then } from "./kernel/awaitable.ts";
import { spawnCoroutine } from "./kernel/coroutine.ts";
import { isElsewhere, isOnNode, type NameOnNode, type RemotePid } from "./kernel/distribution.ts";
import type { Kind } from "./kernel/mailbox.ts";
import { localRegistry } from "./kernel/names.ts";
import { OwnedTimer, Process, TRAP_EXIT } from "./kernel/process.ts";
import { isA, itemOf, sizeOf } from "./kernel/reader.ts";
import { runAs } from "./kernel/scheduler.ts";
import { fence, self } from "./kernel/self.ts";
import { demonitor, monitor, onExit } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import {
  type Atom,
  isAtom,
  isPid,
  type NodeName,
  type Pid,
  Ref,
  type Term,
} from "./kernel/term.ts";
import { MAX_DELAY_MS, start as startTimer } from "./kernel/timers.ts";
import { exit as exitProcess, sendAfter as sendAfterTo, sleep as sleepFor } from "./process.ts";
import { send } from "./send.ts";

/** What this module is called where it is printed. */
export const moduleName = "Timer";

/** The identifier of a timer, for {@linkcode cancel}. Opaque, as in OTP. */
export type TRef = readonly ["instant" | "once" | "send_local" | "interval", Ref];

/** The result of the functions that start a timer; `["error", "badarg"]` if an argument is invalid. */
export type Result = readonly ["ok", TRef] | readonly ["error", "badarg"];

/** The target of a timer: a process, a local name, or a local name on a node. */
export type Target = Pid | Atom | readonly [name: Atom, node: NodeName];

const BADARG = ["error", "badarg"] as const;
const CANCELLED = ["ok", "cancel"] as const;

// --- The timer server ---------------------------------------------------------------------------

/** The behaviour of the process `timer_server`. It ignores calls, casts and other messages. */
class TimerServer extends Gen {
  readonly kind = "gen_server";

  override describe(): { initialCall: Term; currentFunction: Term } {
    return { initialCall: ["timer", "init", 1], currentFunction: ["gen_server", "loop", 7] };
  }

  protected init(): void {}
  protected started(): void {}
  /** Cancels the interval of a process on another node when its `DOWN` message, tagged with it, arrives. */
  protected handle(_process: Process, _kind: Kind, payload: Term): void {
    const interval = itemOf(payload, 0);
    if (isA(interval, Interval)) interval.cancel();
  }
  protected handleIdleTimeout(): void {}
  protected runTerminate(): void {}
}

const TIMER_SERVER = new TimerServer({});

let server: Process | null = null;

/** The timer server, started if it is not running. It is linked to no process, and has no parent. */
function timerServer(): Process {
  if (server === null || server.isDead) {
    server = new Process(TIMER_SERVER, null, null, TRAP_EXIT);
    localRegistry().registerName("timer_server", server.pid);
  }
  return server;
}

/** Runs `action` as the process `process`, and ignores errors. */
function attempt(process: Process, action: () => unknown): void {
  try {
    runAs(process, action);
  } catch {
    // The name is not registered: the message is dropped.
  }
}

/** A periodic action, repeated while its owner is alive. */
class Interval {
  readonly #server = timerServer();
  readonly #owner: Process;
  readonly #period: number;
  /** The action. If it returns a pid, the next repetition waits until that process has exited. */
  readonly #action: (server: Process) => Pid | void;
  /** The time of the next repetition. Counted from the start, so that a late one does not shift the others. */
  #due: number;
  #timer: OwnedTimer | null = null;
  #isCancelled = false;
  #monitor: Ref | null = null;

  constructor(period: number, owner: Process, action: (server: Process) => Pid | void) {
    this.#period = period;
    this.#owner = owner;
    this.#action = action;
    this.#due = Math.ceil(now());
    this.#startNext();
  }

  /** Cancels the interval when a process of another node exits. */
  endWith(process: RemotePid | NameOnNode): void {
    this.#monitor = monitor(this.#server, null, process, this);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#timer?.cancel();
    if (this.#monitor !== null) demonitor(this.#server, this.#monitor);
  }

  #startNext(): void {
    if (this.#isCancelled || this.#owner.isDead || this.#server.isDead) return;
    this.#due += this.#period;
    this.#timer = new OwnedTimer(this.#owner, () => this.#fire());
    startTimer(this.#timer, this.#due, true);
  }

  #fire(): void {
    if (this.#server.isDead) return;
    const pid = this.#action(this.#server);
    if (pid === undefined || onExit(pid, () => this.#startNext()) === undefined) this.#startNext();
  }
}

function once(time: number, action: (server: Process) => void): Result {
  const process = timerServer();
  const ref = new Ref();
  startTimer(new OwnedTimer(process, () => action(process), ref), time);
  return ["ok", ["once", ref]];
}

function instant(): Result {
  return ["ok", ["instant", new Ref()]];
}

/** Starts an interval that lasts until `owner` exits; without an owner, nothing is started. */
function repeat(
  period: number,
  owner: Process | RemotePid | NameOnNode | null,
  action: (server: Process) => Pid | void,
): Result {
  const ref = new Ref();
  if (owner instanceof Process) ref.target = new Interval(period, owner, action);
  else if (owner !== null) {
    const interval = new Interval(period, timerServer(), action);
    ref.target = interval;
    interval.endWith(owner);
  }
  return ["ok", ["interval", ref]];
}

function isTime(time: unknown): time is number {
  return Number.isInteger(time) && (time as number) >= 0 && (time as number) <= MAX_DELAY_MS;
}

function isTarget(target: unknown): target is Target {
  return isPid(target) || isAtom(target) || isOnNode(target);
}

/** The process that `target` currently refers to; one of another node as its pid or `[name, node]`. */
function processOf(target: Target): Process | RemotePid | NameOnNode | null {
  if (isElsewhere(target)) return target;
  if (isPid(target)) return target.process;
  return localRegistry().whereisName(isAtom(target) ? target : target[0])?.process ?? null;
}

// --- Messages -----------------------------------------------------------------------------------

/**
 * Sends `message` to the calling process after `time` milliseconds. With a time of 0 it is sent at once, and
 * cannot be cancelled.
 *
 * @see Erlang `timer:send_after/2`
 *
 * @example A delayed message
 * ```ts
 * import { receive, Timer } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Timer.sendAfter(5, "ring");
 * assertEquals(await receive(), "ring");
 * ```
 */
export function sendAfter(time: number, message: Term): Result;
/**
 * Sends `message` to `target` after `time` milliseconds. A timer for a pid of this node is cancelled
 * when that process exits. A name is resolved when the timer fires; if it is not registered then, the
 * message is dropped.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]` if `time` is not an integer from 0 to the longest
 * time that a timer can hold, or `target` is not a {@linkcode Target}.
 * @throws {TypeError} If `time` is 0 and `target` is a name that is not registered: it is sent at once.
 * @see Erlang `timer:send_after/3`, which raises if a time for a pid is too large.
 */
export function sendAfter(time: number, target: Target, message: Term): Result;
export function sendAfter(time: number, ...args: [Term] | [Target, Term]): Result {
  const [target, message] = withTarget(args);
  if (!isTime(time) || !isTarget(target)) return BADARG;
  if (time === 0) {
    send(target, message);
    return instant();
  }
  if (isPid(target) && !isElsewhere(target)) {
    return ["ok", ["send_local", sendAfterTo(target, message, time)]];
  }
  return once(time, (server) => attempt(server, () => send(target, message)));
}

/** Sends `message` to the calling process every `time` milliseconds. @see Erlang `timer:send_interval/2` */
export function sendInterval(time: number, message: Term): Result;
/**
 * Sends `message` to `target` every `time` milliseconds, first after `time` milliseconds, until it is
 * cancelled or the process that `target` currently refers to exits. If a name is not registered when
 * this is called, nothing is ever sent.
 *
 * The n-th message is due n times `time` after the start; a late one does not shift those that follow. With a
 * time of 0, a message is sent every millisecond.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode sendAfter}.
 * @see Erlang `timer:send_interval/3`
 *
 * @example Three ticks
 * ```ts
 * import { receive, Timer, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const ticking = unwrap(Timer.sendInterval(5, "tick"));
 * for (let ticks = 0; ticks < 3; ticks++) await receive({ tick: () => {} });
 * assertEquals(Timer.cancel(ticking), ["ok", "cancel"]);
 * ```
 */
export function sendInterval(time: number, target: Target, message: Term): Result;
export function sendInterval(time: number, ...args: [Term] | [Target, Term]): Result {
  const [target, message] = withTarget(args);
  if (!isTime(time) || !isTarget(target)) return BADARG;
  // A name is resolved for each message, but the interval ends with the process that has the name now.
  return repeat(time, processOf(target), (server) => attempt(server, () => send(target, message)));
}

/** `[target, term]`; the target defaults to the calling process. */
function withTarget(args: [Term] | [Target, Term]): [Target, Term] {
  fence();
  return args.length === 1 ? [self().pid, args[0]] : args;
}

// --- Functions ----------------------------------------------------------------------------------

/**
 * Calls `body` in a new process after `time` milliseconds, or at once if `time` is 0.
 *
 * @param args The arguments of `body`, as an array. Default: none.
 * @returns `["ok", tref]`, or `["error", "badarg"]` if `time` is not an integer from 0 to the longest
 * time that a timer can hold, `body` is not a function or `args` is not an array.
 * @see Erlang `timer:apply_after/2,3,4`
 *
 * @example A delayed call
 * ```ts
 * import { type Pid, receive, self, send, Timer } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Timer.applyAfter(5, (to: Pid, text: string) => send(to, text), [self(), "hello"]);
 * assertEquals(await receive(), "hello");
 * ```
 */
export function applyAfter<Args extends readonly Term[] = []>(
  time: number,
  body: (...args: Args) => unknown,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): Result {
  const process = self();
  const run = runnerOf(time, body, args[0]);
  if (run === undefined) return BADARG;
  if (time > 0) return once(time, run);
  run(process);
  return instant();
}

/**
 * Calls `body` every `time` milliseconds, each time in a new process, also if the previous one is still
 * running, until it is cancelled or the calling process exits.
 *
 * @param args The arguments of `body`, as an array. Default: none.
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode applyAfter}.
 * @see Erlang `timer:apply_interval/2,3,4`
 *
 * @example A periodic call
 * ```ts
 * import { receive, self, send, Timer, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const me = self();
 * const timer = unwrap(Timer.applyInterval(5, () => send(me, "tick")));
 * assertEquals([await receive(), await receive()], ["tick", "tick"]);
 * Timer.cancel(timer);
 * ```
 */
export function applyInterval<Args extends readonly Term[] = []>(
  time: number,
  body: (...args: Args) => unknown,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): Result {
  const process = self();
  const run = runnerOf(time, body, args[0]);
  return run === undefined ? BADARG : repeat(time, process, (server) => void run(server));
}

/**
 * As {@linkcode applyInterval}, but one at a time: if the previous process is still running when a call
 * is due, the call is made as soon as that process exits. See the example of {@linkcode applyInterval}.
 *
 * @see Erlang `timer:apply_repeatedly/2,3,4`
 */
export function applyRepeatedly<Args extends readonly Term[] = []>(
  time: number,
  body: (...args: Args) => unknown,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): Result {
  const process = self();
  const run = runnerOf(time, body, args[0]);
  return run === undefined ? BADARG : repeat(time, process, run);
}

/** A function that runs `body` in a child process of `parent`; `undefined` if an argument is invalid. */
function runnerOf(
  time: unknown,
  body: unknown,
  args: unknown = [],
): ((parent: Process) => Pid) | undefined {
  if (!isTime(time) || typeof body !== "function" || !Array.isArray(args)) return undefined;
  return (parent) => spawnCoroutine(parent, () => body(...args)).pid;
}

// --- Exits --------------------------------------------------------------------------------------

/**
 * Sends an exit signal to the calling process after `time` milliseconds.
 *
 * @see Erlang `timer:exit_after/2`
 *
 * @example A time limit for a process
 * ```ts
 * import { Process, receive, spawn, Timer } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const pid = spawn(() => receive());
 * const ref = Process.monitor(pid);
 * Timer.exitAfter(5, pid, "too slow");
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "too slow"]);
 * ```
 */
export function exitAfter(time: number, reason: Term): Result;
/**
 * Sends an exit signal to `target` after `time` milliseconds, as {@linkcode Process.exit} does. A name is
 * resolved when the timer fires; if it is not registered then, or is a name on another node, nothing happens.
 *
 * The sender in the `EXIT` message of a process that traps exits is the process `timer_server`. With a
 * time of 0 the signal is sent at once, by the calling process.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode sendAfter}.
 * @see Erlang `timer:exit_after/3`, which returns `ok` for an invalid target.
 */
export function exitAfter(time: number, target: Target, reason: Term): Result;
export function exitAfter(time: number, ...args: [Term] | [Target, Term]): Result {
  const [target, reason] = withTarget(args);
  if (!isTime(time) || !isTarget(target)) return BADARG;
  const signal = () => {
    const process = processOf(target);
    const pid = process instanceof Process ? process.pid : process;
    if (isPid(pid)) exitProcess(pid, reason);
  };
  if (time > 0) return once(time, (server) => attempt(server, signal));
  signal();
  return instant();
}

/**
 * Kills a process, by default the calling process, after `time` milliseconds: it exits with `"killed"`,
 * also if it traps exits. Otherwise as {@linkcode exitAfter}; see its example.
 *
 * @see Erlang `timer:kill_after/1,2`
 */
export function killAfter(time: number, target: Target = self().pid): Result {
  return exitAfter(time, target, "kill");
}

// --- All timers ---------------------------------------------------------------------------------

/**
 * Cancels a timer of any process. Has no effect if it has fired or was already cancelled. See the example of
 * {@linkcode sendInterval}.
 *
 * @returns `["ok", "cancel"]`, or `["error", "badarg"]` if `tref` is not a {@linkcode TRef}.
 * @see Erlang `timer:cancel/1`
 */
export function cancel(tref: TRef): readonly ["ok", "cancel"] | readonly ["error", "badarg"] {
  fence();
  if (!isTRef(tref)) return BADARG;
  const [, { target }] = tref;
  if (target instanceof Interval || target instanceof OwnedTimer) target.cancel();
  return CANCELLED;
}

const KINDS: readonly Term[] = ["instant", "once", "send_local", "interval"];

function isTRef(tref: unknown): tref is TRef {
  return sizeOf(tref) === 2 && isA(itemOf(tref, 1), Ref) &&
    KINDS.includes(itemOf(tref, 0));
}

// --- Time ---------------------------------------------------------------------------------------

/**
 * Resolves with `"ok"` after `time` milliseconds, or never if `time` is `Infinity`. Messages that arrive
 * meanwhile stay in the mailbox. See the example of {@linkcode tc}.
 *
 * @throws {RangeError} If `time` is negative, fractional or not a number.
 * @see Erlang `timer:sleep/1`
 */
export function sleep(time: number): Promise<"ok"> {
  return fairly(async (): Promise<"ok"> => {
    await sleepFor(time);
    return "ok";
  });
}

/**
 * Measures a function call: calls `body` and returns `[time, value]`, the time in microseconds and the
 * result. If `body` returns a promise, this returns a promise, and the time includes waiting for it. An
 * exception is passed on.
 *
 * @param args The arguments of `body`, as an array. Default: none.
 * @throws {TypeError} If `body` is not a function.
 * @see Erlang `timer:tc/1,2,3`
 *
 * @example Measuring an asynchronous function
 * ```ts
 * import { Timer } from "@denotp/otp";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const [microseconds, value] = await Timer.tc(() => Timer.sleep(5));
 * assert(microseconds >= 5000);
 * assertEquals(value, "ok");
 * ```
 */
export function tc<Value, Args extends readonly Term[] = []>(
  body: (...args: Args) => Promise<Value>,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): Promise<readonly [microseconds: number, value: Value]>;
/** Measures a synchronous function. */
export function tc<Value, Args extends readonly Term[] = []>(
  body: (...args: Args) => Value,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): readonly [microseconds: number, value: Value];
export function tc(body: (...args: Term[]) => unknown, args: Term[] = []): unknown {
  if (typeof body !== "function") {
    throw new TypeError(`Cannot measure this: expected a function, found ${inspect(body)}`);
  }
  const begin = now();
  const measured = (value: unknown) => [Math.round((now() - begin) * 1000), value];
  const value = body(...args);
  return then(value, measured);
}

/** Converts seconds to milliseconds. See the example of {@linkcode hms}. @see Erlang `timer:seconds/1` */
export function seconds(seconds: number): number {
  return seconds * 1000;
}

/** Converts minutes to milliseconds. See the example of {@linkcode hms}. @see Erlang `timer:minutes/1` */
export function minutes(minutes: number): number {
  return minutes * 60_000;
}

/** Converts hours to milliseconds. See the example of {@linkcode hms}. @see Erlang `timer:hours/1` */
export function hours(hours: number): number {
  return hours * 3_600_000;
}

/**
 * Converts hours, minutes and seconds to milliseconds.
 *
 * @see Erlang `timer:hms/3`
 *
 * @example Converting times
 * ```ts
 * import { Timer } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const sum = Timer.hours(1) + Timer.minutes(2) + Timer.seconds(3);
 * assertEquals(Timer.hms(1, 2, 3), sum);
 * ```
 */
export function hms(hours: number, minutes: number, seconds: number): number {
  return hours * 3_600_000 + minutes * 60_000 + seconds * 1000;
}
