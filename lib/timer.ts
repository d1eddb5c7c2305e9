/**
 * Timer: what is to be done later, or again and again. The functions of Erlang's `timer` module.
 *
 * They differ from {@linkcode Process.sendAfter} in what they offer (names that are looked up when the
 * time has come, intervals, functions, exits) and in how they answer: with OTP's results. As in OTP a
 * process called `timer_server` stands behind them; it is started when the first of them is used.
 * What it does is done in its name: it is the sender of exit signals, and the parent of the
 * processes that functions run in. If it is killed, all that it was to do is forgotten.
 *
 * A time is a whole number of milliseconds. Nothing happens early. Pending timers keep the host
 * running, as `setTimeout` does.
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
import { runAs } from "./kernel/scheduler.ts";
import { fence, self } from "./kernel/self.ts";
import { demonitor, monitor, onExit } from "./kernel/signals.ts";
import {
  type Atom,
  inspect,
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

/** What a timer is known by, for {@linkcode cancel}. Opaque, as OTP's is. */
export type TRef = readonly ["instant" | "once" | "send_local" | "interval", Ref];

/** What all functions that set a timer answer: `["error", "badarg"]` if an argument was wrong. */
export type Result = readonly ["ok", TRef] | readonly ["error", "badarg"];

/** Whom a timer may be for: a process, a local name, or a local name on a node. */
export type Target = Pid | Atom | readonly [name: Atom, node: NodeName];

const BADARG = ["error", "badarg"] as const;
const CANCELLED = ["ok", "cancel"] as const;

// --- The service --------------------------------------------------------------------------------

/** The process behind the timers. It has no use for others' mail, and nobody gets an answer. */
class TimerServer extends Gen {
  readonly kind = "gen_server";

  override describe(): { initialCall: Term; currentFunction: Term } {
    return { initialCall: ["timer", "init", 1], currentFunction: ["gen_server", "loop", 7] };
  }

  protected init(): void {}
  protected started(): void {}
  /** Hears of the end of who is to be sent something at intervals, on another node. */
  protected handle(_process: Process, _kind: Kind, payload: Term): void {
    const interval: Term = Array.isArray(payload) ? payload[0] : undefined;
    if (interval instanceof Interval) interval.cancel();
  }
  protected handleIdleTimeout(): void {}
  protected runTerminate(): void {}
}

const TIMER_SERVER = new TimerServer({});

let server: Process | null = null;

/** The service, started if need be. It belongs to nobody. */
function theServer(): Process {
  if (server === null || server.isDead) {
    server = new Process(TIMER_SERVER, null, null, TRAP_EXIT);
    localRegistry().registerName("timer_server", server.pid);
  }
  return server;
}

/** Does something in the name of the service, where it does not matter if that fails. */
function attempt(process: Process, action: () => unknown): void {
  try {
    runAs(process, action);
  } catch {
    // Nobody has the name, as far as this is concerned.
  }
}

/** A thing to do again and again, as long as a process lives. */
class Interval {
  readonly #server = theServer();
  readonly #owner: Process;
  readonly #period: number;
  /** Does it. If it answers with a pid, the next time waits for the end of that. */
  readonly #action: (server: Process) => Pid | void;
  /** When it is due next. Counted from the start, so that what comes late does not shift the rest. */
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

  /** Ends when a process of another node does. */
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
  const process = theServer();
  const ref = new Ref();
  startTimer(new OwnedTimer(process, () => action(process), ref), time);
  return ["ok", ["once", ref]];
}

function instant(): Result {
  return ["ok", ["instant", new Ref()]];
}

/** Begins something that is repeated while `owner` lives; without an owner it is over already. */
function repeat(
  period: number,
  owner: Process | RemotePid | NameOnNode | null,
  action: (server: Process) => Pid | void,
): Result {
  const ref = new Ref();
  if (owner instanceof Process) ref.target = new Interval(period, owner, action);
  else if (owner !== null) {
    const interval = new Interval(period, theServer(), action);
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

/** Who is meant by `target` now: of this node, the process. */
function processOf(target: Target): Process | RemotePid | NameOnNode | null {
  if (isElsewhere(target)) return target;
  if (isPid(target)) return target.process;
  return localRegistry().whereisName(isAtom(target) ? target : target[0])?.process ?? null;
}

// --- Messages -----------------------------------------------------------------------------------

/**
 * Sends `message` to the calling process after `time` milliseconds.
 *
 * With a time of 0 it is sent at once, and what {@linkcode cancel} is then told does not matter.
 *
 * @see Erlang `timer:send_after/2`
 */
export function sendAfter(time: number, message: Term): Result;
/**
 * Sends `message` to `target` after `time` milliseconds. A timer for a pid of this node ends with that
 * process; a name is looked up when the time has come, and if nobody has it then, the message is dropped.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]` if `time` is no whole number of milliseconds that a
 * timer can hold, or `target` none of the forms of one.
 * @throws {TypeError} If `time` is 0 and `target` a name that nobody has: then it is sent at once.
 * @see Erlang `timer:send_after/3`; that raises if a time for a pid is too large.
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
 * Sends `message` to `target` every `time` milliseconds, for the first time after as many, until it is
 * cancelled or the process ends that `target` stands for now. If nobody has the name now, nothing is
 * ever sent.
 *
 * The n-th message is due n times `time` after the start; a late one does not shift those that follow.
 * With a time of 0 there is one in each millisecond.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode sendAfter}.
 * @see Erlang `timer:send_interval/3`
 *
 * @example Tick, three times
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
  // What is sent goes to whoever has the name then; what ends it is the end of who has it now.
  return repeat(time, processOf(target), (server) => attempt(server, () => send(target, message)));
}

/** The target and the term of `[target, term]`; of `[term]`, with the calling process for a target. */
function withTarget(args: [Term] | [Target, Term]): [Target, Term] {
  fence();
  return args.length === 1 ? [self().pid, args[0]] : args;
}

// --- Functions ----------------------------------------------------------------------------------

/**
 * Runs `body` in a process of its own after `time` milliseconds, at once if that is 0.
 *
 * @param args The arguments of `body`, default none.
 * @returns `["ok", tref]`, or `["error", "badarg"]` if `time` is no whole number of milliseconds, `body`
 * no function or `args` no array.
 * @see Erlang `timer:apply_after/2,3,4`
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
 * Runs `body` every `time` milliseconds, each time in a process of its own, whether or not the one before
 * has ended, until it is cancelled or the calling process ends.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode applyAfter}.
 * @see Erlang `timer:apply_interval/2,3,4`
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
 * As {@linkcode applyInterval}, but one at a time: when it is due and the one before has not ended, it
 * waits for that end, and is then run at once.
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

/** What starts a process for `body` as a child of another; `undefined` if an argument is wrong. */
function runnerOf(
  time: unknown,
  body: unknown,
  args: unknown = [],
): ((parent: Process) => Pid) | undefined {
  if (!isTime(time) || typeof body !== "function" || !Array.isArray(args)) return undefined;
  return (parent) => spawnCoroutine(parent, () => body(...args)).pid;
}

// --- Exits --------------------------------------------------------------------------------------

/** Sends the calling process the exit signal `reason` after `time` milliseconds. @see Erlang `timer:exit_after/2` */
export function exitAfter(time: number, reason: Term): Result;
/**
 * Sends `target` an exit signal after `time` milliseconds, as {@linkcode Process.exit} does. A name is
 * looked up when the time has come, and if nobody has it then, or it is one on another node, nothing happens.
 *
 * The sender, which a process that traps exits sees, is the process `timer_server`; with a time of 0 it
 * is the calling process, at once.
 *
 * @returns `["ok", tref]`, or `["error", "badarg"]`, as {@linkcode sendAfter}.
 * @see Erlang `timer:exit_after/3`; that says `ok` to a target of a wrong form.
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
 * Kills a process, by default the calling one, after `time` milliseconds: it ends with `"killed"`, also
 * if it traps exits.
 *
 * @see Erlang `timer:kill_after/1,2`
 */
export function killAfter(time: number, target: Target = self().pid): Result {
  return exitAfter(time, target, "kill");
}

// --- All timers ---------------------------------------------------------------------------------

/**
 * Cancels a timer. One that has fired or was cancelled before does not mind. Any process may do it.
 *
 * @returns `["ok", "cancel"]`, or `["error", "badarg"]` if `tref` is none.
 * @see Erlang `timer:cancel/1`
 */
export function cancel(tref: TRef): readonly ["ok", "cancel"] | readonly ["error", "badarg"] {
  fence();
  if (!isTRef(tref)) return BADARG;
  const [, { target }] = tref;
  if (target instanceof Interval || target instanceof OwnedTimer) target.cancel();
  return CANCELLED;
}

function isTRef(tref: unknown): tref is TRef {
  return Array.isArray(tref) && tref.length === 2 && tref[1] instanceof Ref &&
    ["instant", "once", "send_local", "interval"].includes(tref[0]);
}

// --- Time ---------------------------------------------------------------------------------------

/**
 * Resolves with `"ok"` after `time` milliseconds; never, if that is `Infinity`. Mail waits meanwhile.
 *
 * @throws {RangeError} If `time` is negative or not a number.
 * @see Erlang `timer:sleep/1`
 */
export function sleep(time: number): Promise<"ok"> {
  return fairly(async (): Promise<"ok"> => {
    await sleepFor(time);
    return "ok";
  });
}

/**
 * Calls `body` and answers `[time, value]`: the microseconds it took, and what it returned. If it
 * returns a promise, so does this, and the time is until that is fulfilled. What it throws passes.
 *
 * @param args The arguments of `body`, default none.
 * @throws {TypeError} If `body` is no function.
 * @see Erlang `timer:tc/1,2,3`
 */
export function tc<Value, Args extends readonly Term[] = []>(
  body: (...args: Args) => Promise<Value>,
  ...args: Args extends readonly [] ? [args?: Args] : [args: Args]
): Promise<readonly [microseconds: number, value: Value]>;
/** Measures a function that answers at once. */
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

/** `seconds` in milliseconds. @see Erlang `timer:seconds/1` */
export function seconds(seconds: number): number {
  return seconds * 1000;
}

/** `minutes` in milliseconds. @see Erlang `timer:minutes/1` */
export function minutes(minutes: number): number {
  return minutes * 60_000;
}

/** `hours` in milliseconds. @see Erlang `timer:hours/1` */
export function hours(hours: number): number {
  return hours * 3_600_000;
}

/** Hours, minutes and seconds in milliseconds. @see Erlang `timer:hms/3` */
export function hms(hours: number, minutes: number, seconds: number): number {
  return hours * 3_600_000 + minutes * 60_000 + seconds * 1000;
}
