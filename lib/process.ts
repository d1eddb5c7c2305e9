/**
 * Processes: spawning, signals, names, timers, inspection. The functions of Elixir's `Process`, and
 * those of `Kernel` and `:erlang` that go with them.
 *
 * @module
 */

import { ancestorsOf } from "./gen/crash.ts";
import { bind as bindIn } from "./kernel/bind.ts";
import { rejectFairly } from "./kernel/fair.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { sleep as sleepIn } from "./kernel/receive.ts";
import { COROUTINE, Coroutine, spawnCoroutine } from "./kernel/coroutine.ts";
import { lookUp, REGISTRY_TIMEOUT_MS } from "./kernel/lookup.ts";
import type { Awaitable } from "./kernel/awaitable.ts";
import { localNameOf, localRegistry, type ServerRef } from "./kernel/names.ts";
import { isElsewhere, isOnNode } from "./kernel/distribution.ts";
import {
  allProcesses,
  BUSY,
  HIBERNATING,
  OwnedTimer,
  type Process as KernelProcess,
  QUEUED,
  SUSPENDED,
  TRAP_EXIT,
} from "./kernel/process.ts";
import { charge, current } from "./kernel/scheduler.ts";
import { fence, self as selfProcess } from "./kernel/self.ts";
import {
  Alias,
  type AliasMode,
  demonitor as demonitorOf,
  exitSignal,
  flushDown,
  link as linkTo,
  linksOf,
  Monitor,
  monitor as monitorFor,
  sendToPid,
  timerOf,
  unlink as unlinkFrom,
} from "./kernel/signals.ts";
import {
  type Atom,
  equal,
  inspect,
  isAtom,
  isPid,
  type NodeName,
  nodeName,
  type Pid,
  Ref,
  type Term,
} from "./kernel/term.ts";
import { TermMap } from "./kernel/term_map.ts";
import { now } from "./kernel/clock.ts";
import { left, MAX_DELAY_MS, start } from "./kernel/timers.ts";
import { send } from "./send.ts";

// --- Being a process ----------------------------------------------------------------------------

/** The priorities of the BEAM's scheduler. Here there is one, and these are only kept. */
export type Priority = "low" | "normal" | "high" | "max";

/** What {@linkcode spawn} takes besides the function. */
export interface SpawnOptions {
  /** Link the new process to the calling one. */
  readonly link?: boolean;
  /** Monitor it: then the result is `[pid, ref]`. */
  readonly monitor?: boolean;
  /** Kept and shown by `info`; there is one priority here. */
  readonly priority?: Priority;
  /** Further options of the BEAM's are kept, and change nothing here. */
  readonly [option: string]: Term;
}

/**
 * The pid of the calling process: known anywhere in its code, also after an `await`. Outside of
 * processes, the pid of the main process, which is made at first use, so that a script, a test and
 * the REPL can send, receive, link and monitor.
 *
 * The code of a process starts in an asynchronous context of its own: it sees no `AsyncLocalStorage` store of the
 * code that has started it, or that sends to it. Stores that it enters with `AsyncLocalStorage.run` are seen within that call,
 * also after an `await`. In a synchronous callback of a server, use `run` and not `enterWith`: synchronous
 * callbacks of several processes share a context.
 *
 * @throws {TypeError} In code that goes on after a synchronous callback has returned without waiting
 * for it, where nothing tells whose code it is. Make the callback `async`, or take `self()` before.
 * @see Erlang `self/0`
 */
export function self(): Pid {
  return selfProcess().pid;
}

/**
 * Starts a process that runs `body`, and returns its pid at once; `body` begins later. When `body`
 * returns, or the promise it returned is fulfilled, the process ends with `"normal"`; if it throws,
 * with the reason for that (see {@linkcode exit}), and an error is reported.
 *
 * @throws {TypeError} If `body` is no function, or `options.priority` none of the priorities.
 * @see Erlang `spawn/1`, `spawn_opt/2`
 */
export function spawn(body: () => unknown): Pid;
/** Starts a process with options; with `monitor: true` the result is `[pid, ref]`. */
export function spawn<const Options extends SpawnOptions>(
  body: () => unknown,
  options: Options,
): Options extends { readonly monitor: true } ? readonly [Pid, Ref] : Pid;
export function spawn(
  body: () => unknown,
  options: SpawnOptions = {},
): Pid | readonly [Pid, Ref] {
  if (typeof body !== "function") {
    throw new TypeError(`Cannot spawn: expected a function, found ${inspect(body)}`);
  }
  const { link, monitor, ...others } = options;
  if (others.priority !== undefined) assertPriority(others.priority);
  const parent = selfProcess();
  const process = spawnCoroutine(parent, body);
  if (Object.keys(others).length > 0) process.more().options = others;
  if (link === true) linkTo(parent, process.pid);
  return monitor === true ? [process.pid, monitorFor(parent, process, process.pid)] : process.pid;
}

/** Starts a process that is linked to the calling one. See {@linkcode spawn}. @see Erlang `spawn_link/1` */
export function spawnLink(body: () => unknown): Pid {
  return spawn(body, { link: true });
}

/**
 * Starts a process and monitors it: `[pid, ref]`. See {@linkcode spawn} and {@linkcode monitor}.
 *
 * @see Erlang `spawn_monitor/1`
 */
export function spawnMonitor(body: () => unknown): readonly [Pid, Ref] {
  return spawn(body, { monitor: true });
}

/**
 * Resolves after `ms` milliseconds; never, if that is `Infinity`. Messages that arrive meanwhile stay
 * in the mailbox.
 *
 * @throws {RangeError} If `ms` is negative or not a number.
 * @see Elixir `Process.sleep/1`
 */
export function sleep(ms: number): Promise<void> {
  try {
    checkTimeout("sleep", ms);
    return sleepIn(selfProcess(), ms);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Hints that the calling process will have nothing to do for long. There is no stack to throw away
 * here, so it only shows in {@linkcode info}. Mirrors `hibernate/3`, without its three arguments: the code goes on.
 */
export function hibernate(): void {
  selfProcess().flags |= HIBERNATING;
}

/**
 * An `AbortSignal` that aborts, with the exit reason, when the calling process ends: hand it to
 * `fetch` and others, so that a killed process also stops its I/O.
 */
export function signal(): AbortSignal {
  return (selfProcess().more().abort ??= new AbortController()).signal;
}

/**
 * Makes a function code of the calling process, whatever calls it. HTTP handlers, event listeners and callbacks
 * of host timers are called by the host, which does not tell to which process they belong: without `bind`
 * they run as code of the main process, or of the process that dispatches the event.
 *
 * The bound function takes the same `this` and arguments, and returns what `fn` returns. While it runs, and
 * after each `await` in it, `self()` is the process that called `bind`, and `AsyncLocalStorage` shows the
 * stores that were set there. After that process has exited, calls fail with the {@linkcode Exit} `"noproc"`.
 * It does not wait for the turn of the process: it can run between two parts of an async callback.
 *
 * An error goes to the caller, as from any function. If the caller is the host (a listener, a timer), or if
 * nothing handles the promise that `fn` has returned or left behind, the error ends the process, and not the
 * program. On Bun this does not include rejections, as Bun does not tell whose they are.
 *
 * @throws {TypeError} If `fn` is not a function.
 *
 * @example An HTTP server whose handlers are code of a process
 * ```ts ignore
 * import { GenServer, ok, Process } from "@denotp/otp";
 *
 * const Web = {
 *   startLink: () => GenServer.startLink(Web),
 *   init: () => {
 *     const handler = Process.bind(async () => new Response(await GenServer.call("counter", "next")));
 *     return ok(Deno.serve({ signal: Process.signal() }, handler));
 *   },
 * };
 * ```
 *
 * @example A listener that fails ends the process that has added it
 * ```ts
 * import { exit, Process, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const source = new EventTarget();
 * const [pid, ref] = spawnMonitor(async () => {
 *   const listener = Process.bind(() => {
 *     throw exit("enough");
 *   });
 *   source.addEventListener("full", listener, { signal: Process.signal() });
 *   await Process.sleep(Infinity);
 * });
 * await Process.sleep(1);
 * source.dispatchEvent(new Event("full"));
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "enough"]);
 * ```
 */
export function bind<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot bind: expected a function, found ${inspect(fn)}`);
  }
  return bindIn(fn);
}

// --- Exits, links, monitors ---------------------------------------------------------------------

/**
 * Sends `pid` an exit signal, and returns `true`, whether or not it is there.
 *
 * `"kill"` ends any process, which others see as `"killed"`. Any other reason reaches a process that
 * traps exits as the message `["EXIT", sender, reason]`, and ends one that does not; only `"normal"`
 * ends nobody but the sender itself.
 *
 * Here the receiver is dead when this returns. A process that ends itself so goes no further: its
 * code is left by an exception, which it may catch, but from then on nothing that it does has effect.
 *
 * @throws {TypeError} If `pid` is no pid.
 * @see Erlang `exit/2`
 */
export function exit(pid: Pid, reason: Term): true {
  const process = selfProcess();
  assertPid(pid, "send an exit signal to");
  exitSignal(process.pid, pid, reason);
  if (process.isDead) fence();
  return true;
}

/**
 * Links the calling process and `pid`: when either ends, the other gets an exit signal. Linking twice
 * is linking once. If there is no such process, one that traps exits gets the signal at once, with
 * the reason `"noproc"`; for any other that is an error, as `noproc` is in OTP.
 *
 * @throws {TypeError} If `pid` is no pid, or a process of this node that is not there, and the calling one
 * does not trap exits. That one of another node is not there, a signal tells.
 * @see Erlang `link/1`
 */
export function link(pid: Pid): true {
  const process = selfProcess();
  assertPid(pid, "link to");
  if (pid.process === null && !isElsewhere(pid) && !process.trapsExits) {
    throw new TypeError(`Cannot link to ${pid}: there is no such process`);
  }
  linkTo(process, pid);
  return true;
}

/**
 * Takes the link between the calling process and `pid` away, if there is one. No exit signal of
 * that link arrives after this; a message `EXIT` of it may lie in the mailbox already.
 *
 * @see Erlang `unlink/1`
 */
export function unlink(pid: Pid): true {
  assertPid(pid, "unlink from");
  unlinkFrom(selfProcess(), pid);
  return true;
}

/** Options of {@linkcode monitor}. */
export interface MonitorOptions {
  /**
   * Makes the reference an alias of the calling process, too, which ends when it is unaliased, with
   * the monitor, or with the first message that is sent to it. Default: none.
   */
  readonly alias?: Exclude<AliasMode, "reply">;
  /** What stands in the place of `"DOWN"` in the message. */
  readonly tag?: Term;
}

/**
 * Monitors a process: when it ends, the calling process gets
 * `["DOWN", ref, "process", object, reason]`, where `object` is the pid, or `[name, node]` if it was
 * named so. If there is no such process, that comes at once, with the reason `"noproc"`.
 *
 * Each call makes a monitor of its own. A name stands for the process that has it now. Monitoring
 * oneself is allowed, and comes to nothing.
 *
 * @throws {TypeError} If `server` has none of the forms of a server, or `options.alias` is none of the
 * three modes.
 * @throws {Exit} `["timeout", ["NameRegistry", "whereisName", [key]]]` if a registry does not answer
 * within 5000 ms: the promise rejects, and there is no monitor.
 * @see Erlang `monitor/2,3`
 */
export function monitor(server: Pid | string | symbol, options?: MonitorOptions): Ref;
/** Monitors the process that has a name in a registry, which may answer later. */
export function monitor(server: ServerRef, options?: MonitorOptions): Awaitable<Ref>;
export function monitor(server: ServerRef, options: MonitorOptions = {}): Awaitable<Ref> {
  const process = selfProcess();
  const { alias, tag = "DOWN" } = options;
  if (alias !== undefined) assertOneOf(alias, MONITOR_ALIASES, "monitor with this kind of alias");
  const start = (pid: Pid | undefined) =>
    monitorFor(process, pid?.process ?? null, objectOf(server, pid), tag, alias);
  return lookUp(process, server, REGISTRY_TIMEOUT_MS, start);
}

/** What a `DOWN` message names as the process that ended. */
function objectOf(server: ServerRef, pid: Pid | undefined): Pid | readonly [Atom, NodeName] {
  if (isAtom(server)) return [server, nodeName()];
  return isOnNode(server) ? server : pid ?? server as Pid;
}

/**
 * Takes a monitor away: no `DOWN` message of it arrives after this.
 *
 * @param options `"flush"` also removes one that lies in the mailbox already; with `"info"` the result
 * tells whether there was a monitor to take away.
 * @returns `true`, always, without `"info"`.
 * @throws {TypeError} If `ref` is no reference, or an option unknown.
 * @see Erlang `demonitor/1,2`
 */
export function demonitor(ref: Ref, options: readonly ("flush" | "info")[] = []): boolean {
  const process = selfProcess();
  assertRef(ref, "demonitor");
  for (const option of options) {
    if (option !== "flush" && option !== "info") {
      throw new TypeError(
        `Cannot demonitor with this option: expected "flush" or "info", found ${inspect(option)}`,
      );
    }
  }
  if (ref.target instanceof Monitor && ref.target.holder !== process) {
    throw new TypeError(`Cannot demonitor ${ref}: it is the monitor of another process`);
  }
  const found = demonitorOf(process, ref);
  if (!found && options.includes("flush")) flushDown(process, ref);
  return options.includes("info") ? found : true;
}

/**
 * Makes an alias of the calling process: a reference that messages can be sent to, until it is
 * unaliased.
 *
 * @param mode With `"reply"` the first message ends the alias. Default `"explicit_unalias"`.
 * @throws {TypeError} If `mode` is neither of these.
 * @see Erlang `alias/0,1`
 */
export function alias(mode: "explicit_unalias" | "reply" = "explicit_unalias"): Ref {
  assertOneOf(mode, ALIASES, "make this kind of alias");
  const ref = new Ref();
  new Alias(selfProcess(), ref, mode);
  return ref;
}

const ALIASES = ["explicit_unalias", "reply"];
const MONITOR_ALIASES = ["explicit_unalias", "demonitor", "reply_demonitor"];

/**
 * Ends an alias of the calling process: messages sent to it are dropped from now on. Tells whether
 * it was active.
 *
 * @throws {TypeError} If `ref` is no reference.
 * @see Erlang `unalias/1`
 */
export function unalias(ref: Ref): boolean {
  const process = selfProcess();
  assertRef(ref, "unalias");
  const alias = ref.alias;
  if (!(alias instanceof Alias) || alias.process !== process) return false;
  alias.deactivate();
  return true;
}

/**
 * Sets a flag of the calling process and returns the old value.
 *
 * `"trap_exit"`: whether exit signals arrive as messages. It is looked at when a signal arrives.
 * `"priority"`: kept and shown by {@linkcode info}; there is one priority here.
 *
 * @throws {TypeError} If the flag is unknown, or its value none of its values. It keeps the old one then.
 * @see Erlang `process_flag/2`
 */
export function flag(name: "trap_exit", value: boolean): boolean;
/** Sets the priority, which has no effect. */
export function flag(name: "priority", value: Priority): Priority;
export function flag(name: "trap_exit" | "priority", value: boolean | Priority): Term {
  const process = selfProcess();
  if (name === "priority") {
    assertPriority(value);
    const before = priorityOf(process);
    const extras = process.more();
    extras.options = { ...extras.options, priority: value };
    return before;
  }
  if (name !== "trap_exit" || typeof value !== "boolean") {
    throw new TypeError(
      'Cannot set this process flag: expected "trap_exit" and a boolean, or "priority" and one of ' +
        `${PRIORITIES.join(", ")}, found ${inspect(name)} and ${inspect(value)}`,
    );
  }
  const before = process.trapsExits;
  if (value) process.flags |= TRAP_EXIT;
  else process.flags &= ~TRAP_EXIT;
  return before;
}

const PRIORITIES = ["low", "normal", "high", "max"];

function assertPriority(value: unknown): asserts value is Priority {
  assertOneOf(value, PRIORITIES, "give a process this priority");
}

function priorityOf(process: KernelProcess): Term {
  return process.extras?.options?.["priority"] ?? "normal";
}

// --- Local names --------------------------------------------------------------------------------

/**
 * Registers a process under a local name, which is free again when it ends.
 *
 * @throws {TypeError} If `name` cannot be a name, is taken, or if `pid` has one already or is not alive.
 * @see Elixir `Process.register/2`, Erlang `register/2` (with its arguments the other way round)
 */
export function register(pid: Pid, name: Atom): true {
  fence();
  if (!isAtom(name) || name === "" || name === "undefined" || name === "nil") {
    throw new TypeError(
      `Cannot register ${inspect(pid)}: expected an atom for a name, found ${inspect(name)}`,
    );
  }
  livingOrDead(pid, "register");
  if (localRegistry().registerName(name, pid) === "yes") return true;
  throw new TypeError(
    `Cannot register ${pid} as ${inspect(name)}: it is not alive, the name is already taken, or ` +
      "it has already been given another name",
  );
}

/**
 * Frees a local name.
 *
 * @throws {TypeError} If nobody has it.
 * @see Erlang `unregister/1`
 */
export function unregister(name: Atom): true {
  fence();
  if (localRegistry().whereisName(name) === undefined) {
    throw new TypeError(`Cannot unregister ${inspect(name)}: no process is registered under it`);
  }
  localRegistry().unregisterName(name);
  return true;
}

/**
 * The pid that has a local name, or `undefined`.
 *
 * As no synchronous function can, it does not let other processes run: a loop that waits for a name must await
 * something of this library in each round, such as `Process.sleep(1)`.
 *
 * @throws {TypeError} If `name` is no atom.
 * @see Erlang `whereis/1`
 */
export function whereis(name: Atom): Pid | undefined {
  fence();
  if (!isAtom(name)) {
    throw new TypeError(`Cannot look up this name: expected an atom, found ${inspect(name)}`);
  }
  const pid = localRegistry().whereisName(name);
  if (pid === undefined) charge(current);
  return pid;
}

/** All local names that are taken. @see Erlang `registered/0` */
export function registered(): Atom[] {
  fence();
  return localRegistry().registered();
}

// --- Timers -------------------------------------------------------------------------------------

/** Options of {@linkcode sendAfter} and {@linkcode startTimer}. */
export interface TimerOptions {
  /** The time is a moment of {@linkcode monotonicTime}, not a delay. Default `false`. */
  readonly abs?: boolean;
}

/** The monotonic time in milliseconds, from some moment in the past. @see Erlang `monotonic_time(millisecond)` */
export function monotonicTime(): number {
  return now();
}

/**
 * Sends `message` after `time` milliseconds; never early. Also after 0 ms what is sent directly comes
 * first.
 *
 * A timer for a pid ends with that process. A name is looked up when the time has come, and if
 * nobody has it then, the message is dropped. A pending timer keeps the host running, as
 * `setTimeout` does.
 *
 * @param to A pid of this node, or a local name.
 * @param time A whole number of milliseconds.
 * @returns A reference for {@linkcode cancelTimer} and {@linkcode readTimer}.
 * @throws {RangeError} If `time` is negative, no integer or far too large.
 * @throws {TypeError} If `to` is neither a pid of this node nor a name.
 * @see Erlang `erlang:send_after/3,4`
 */
export function sendAfter(
  to: Pid | Atom,
  message: Term,
  time: number,
  options?: TimerOptions,
): Ref {
  return startTimerFor(to, () => message, time, options);
}

/**
 * As {@linkcode sendAfter}, but what arrives is `["timeout", ref, message]`, with the timer's reference.
 *
 * @see Erlang `erlang:start_timer/3,4`
 */
export function startTimer(
  time: number,
  to: Pid | Atom,
  message: Term,
  options?: TimerOptions,
): Ref {
  return startTimerFor(to, (ref) => ["timeout", ref, message], time, options);
}

function startTimerFor(
  to: Pid | Atom,
  message: (ref: Ref) => Term,
  time: number,
  { abs = false }: TimerOptions = {},
): Ref {
  fence();
  if (!isPid(to) && !isAtom(to) || isElsewhere(to)) {
    throw new TypeError(
      `Cannot start a timer: expected a pid of this node or a local name, found ${inspect(to)}`,
    );
  }
  if (
    !Number.isSafeInteger(time) && !(abs && Number.isFinite(time)) || (!abs && time < 0) ||
    time > MAX_DELAY_MS
  ) {
    throw new RangeError(
      `Cannot start a timer: expected whole milliseconds from 0 to ${MAX_DELAY_MS}, found ${
        inspect(time)
      }`,
    );
  }
  const ref = new Ref();
  const owner = isPid(to) ? to.process : null;
  if (isPid(to) && owner === null) return ref;
  const deliver = () => {
    const pid = isPid(to) ? to : localRegistry().whereisName(to);
    if (pid !== undefined) sendToPid(pid, message(ref));
  };
  start(new OwnedTimer(owner, deliver, ref), time, abs);
  return ref;
}

/** Options of {@linkcode cancelTimer}. */
export interface CancelTimerOptions {
  /** Answer `"ok"`, and the result comes as a message `["cancel_timer", ref, result]`. Default `false`. */
  readonly async?: boolean;
  /** Whether the result is wanted at all: if not, the answer is `"ok"`. Default `true`. */
  readonly info?: boolean;
}

/**
 * Cancels a timer. Answers the milliseconds that were left; `false` if it had fired (then its message
 * has been delivered), was cancelled before, or never was.
 *
 * @throws {TypeError} If `ref` is no reference.
 * @see Erlang `erlang:cancel_timer/1,2`
 */
export function cancelTimer(ref: Ref, options: CancelTimerOptions = {}): number | false | "ok" {
  const timer = timerBehind(ref, "cancel");
  const result = timer === undefined ? false : left(timer) ?? false;
  timer?.cancel();
  return answerTimer("cancel_timer", ref, result, options);
}

/**
 * The milliseconds that a timer has left; `false` if it has none, as {@linkcode cancelTimer} says.
 *
 * @param options With `async` the answer is `"ok"`, and the result the message `["read_timer", ref, result]`.
 * @throws {TypeError} If `ref` is no reference.
 * @see Erlang `erlang:read_timer/1,2`
 */
export function readTimer(
  ref: Ref,
  options: { readonly async?: boolean } = {},
): number | false | "ok" {
  const timer = timerBehind(ref, "read");
  return answerTimer(
    "read_timer",
    ref,
    timer === undefined ? false : left(timer) ?? false,
    options,
  );
}

function timerBehind(ref: Ref, what: string): OwnedTimer | undefined {
  fence();
  assertRef(ref, `${what} a timer`);
  return timerOf(ref);
}

function answerTimer(
  tag: string,
  ref: Ref,
  result: number | false,
  { async = false, info = true }: CancelTimerOptions,
): number | false | "ok" {
  if (async && info) sendToPid(self(), [tag, ref, result]);
  return async || !info ? "ok" : result;
}

// --- The dictionary -----------------------------------------------------------------------------

/** The value under `key` in the process dictionary, or `otherwise`. @see Erlang `get/1` */
export function get(key: Term, otherwise?: Term): Term {
  const { extras } = selfProcess();
  const dictionary = extras?.dictionary;
  return dictionary?.has(key) ? dictionary.get(key) : otherwise;
}

/** Puts a value into the process dictionary, and returns the one that was there. @see Erlang `put/2` */
export function put(key: Term, value: Term): Term {
  const dictionary = selfProcess().more().dictionary ??= new TermMap();
  const before = dictionary.get(key);
  dictionary.set(key, value);
  return before;
}

/** Deletes a key of the process dictionary, and returns its value. @see Elixir `Process.delete/1` */
export function deleteKey(key: Term): Term {
  const dictionary = selfProcess().extras?.dictionary;
  const before = dictionary?.get(key);
  dictionary?.delete(key);
  return before;
}
export { deleteKey as delete };

/** All entries of the process dictionary. @see Erlang `get/0` */
export function getAll(): (readonly [key: Term, value: Term])[] {
  return [...selfProcess().extras?.dictionary ?? []];
}

/** The keys of the process dictionary: all, or with an argument those with that value. @see Erlang `get_keys/0,1` */
export function getKeys(...value: [] | [Term]): Term[] {
  return getAll().filter(([, each]) => value.length === 0 || equal(each, value[0]))
    .map(([key]) => key);
}

// --- Inspection ---------------------------------------------------------------------------------

/** Whether a process has not ended. @see Elixir `Process.alive?/1` */
export function isAlive(pid: Pid): boolean {
  fence();
  return livingOrDead(pid, "look at") !== null;
}

/** The pids of all living processes, oldest first. @see Elixir `Process.list/0` */
export function list(): Pid[] {
  fence();
  return Array.from(allProcesses(), (process) => process.pid);
}

/** Sets a label for the calling process, which reports and {@linkcode info} show. @see Elixir `Process.set_label/1` */
export function setLabel(label: Term): "ok" {
  selfProcess().more().label = label;
  return "ok";
}

/** The label of a process, by default the calling one; `undefined` if it has none or has ended. @see Elixir `Process.get_label/1` */
export function getLabel(pid: Pid = self()): Term {
  fence();
  return livingOrDead(pid, "look at")?.extras?.label;
}

/** What {@linkcode info} tells of a process. */
export interface ProcessInfo {
  /** Its local name; `[]` if it has none, when asked for by itself. */
  readonly registered_name: Atom | readonly [];
  /** What it is doing. */
  readonly status: "running" | "runnable" | "waiting" | "suspended";
  /** Number of messages in its mailbox. */
  readonly message_queue_len: number;
  /** These messages, in full. */
  readonly messages: readonly Term[];
  /** The processes that it is linked to. */
  readonly links: readonly Pid[];
  /** What it monitors: `["process", pid]` or `["process", [name, node]]`. */
  readonly monitors: readonly Term[];
  /** The processes that monitor it, once for each monitor. */
  readonly monitored_by: readonly Pid[];
  /** Whether it traps exits. */
  readonly trap_exit: boolean;
  /** Its dictionary as pairs; of a server also `$ancestors` and `$initial_call`. */
  readonly dictionary: readonly (readonly [Term, Term])[];
  /** What it was started with: `[module, function, arity]`. */
  readonly initial_call: Term;
  /** Where it is: what it awaits, or the loop of its behaviour. */
  readonly current_function: Term;
  /** Number of messages that it has handled so far: the BEAM counts function calls. */
  readonly reductions: number;
  /** As given to `spawn`, without effect. */
  readonly priority: Term;
  /** Its label, see {@linkcode setLabel}. */
  readonly label: Term;
  /** Who started it; `undefined` for the main process. */
  readonly parent: Pid | undefined;
}

/** An item of {@linkcode ProcessInfo}. */
export type InfoItem = keyof ProcessInfo;

const ITEMS: { readonly [Item in InfoItem]: (process: KernelProcess) => ProcessInfo[Item] } = {
  registered_name: (process) => localNameOf(process.pid) ?? [],
  status: statusOf,
  message_queue_len: (process) => process.messageCount,
  messages: (process) => process.messages(),
  links: linksOf,
  monitors: (process) => [...monitorsHeld(process)].map(({ object }) => ["process", object]),
  monitored_by: (process) => [...monitorsOn(process)].map(({ watcher }) => watcher),
  trap_exit: (process) => process.trapsExits,
  dictionary: dictionaryOf,
  initial_call: (process) => process.behaviour.describe(process).initialCall,
  current_function: (process) => process.behaviour.describe(process).currentFunction,
  reductions: (process) => process.reductions,
  priority: priorityOf,
  label: (process) => process.extras?.label,
  parent: (process) => process.parent ?? undefined,
};

/**
 * What is known of a process: everything as an object, one item as the pair `[item, value]`, a list
 * of items as a list of such pairs, in the order asked for. `undefined` if it has ended.
 *
 * Memory is not among the items: the engine does not tell what of it belongs to which process.
 *
 * @throws {TypeError} If `pid` is no pid, or an item unknown.
 * @see Elixir `Process.info/1,2`
 */
export function info(pid: Pid): ProcessInfo | undefined;
/** One item. */
export function info<Item extends InfoItem>(
  pid: Pid,
  item: Item,
): readonly [Item, ProcessInfo[Item]] | undefined;
/** A list of items. */
export function info(
  pid: Pid,
  items: readonly InfoItem[],
): (readonly [InfoItem, Term])[] | undefined;
export function info(pid: Pid, items?: InfoItem | readonly InfoItem[]): Term {
  fence();
  const process = livingOrDead(pid, "look at");
  const asked = items === undefined ? Object.keys(ITEMS) : Array.isArray(items) ? items : [items];
  const wanted = asked as readonly InfoItem[];
  for (const item of wanted) {
    if (!Object.hasOwn(ITEMS, item)) {
      throw new TypeError(
        `Cannot look at this item of a process: expected one of ${
          Object.keys(ITEMS).join(", ")
        }, found ${inspect(item)}`,
      );
    }
  }
  if (process === null) return undefined;
  const pairs = wanted.map((item) => [item, ITEMS[item](process)] as const);
  if (items === undefined) return Object.fromEntries(pairs);
  return typeof items === "string" ? pairs[0] : pairs;
}

function statusOf(process: KernelProcess): ProcessInfo["status"] {
  if (process === current) return "running";
  if ((process.flags & SUSPENDED) !== 0) return "suspended";
  if ((process.flags & QUEUED) !== 0) return "runnable";
  // A coroutine outside of receive runs, as far as anybody can tell; a server that awaits waits.
  return (process.flags & BUSY) !== 0 && process.behaviour instanceof Coroutine
    ? "running"
    : "waiting";
}

function dictionaryOf(process: KernelProcess): (readonly [Term, Term])[] {
  const entries: (readonly [Term, Term])[] = [...process.extras?.dictionary ?? []];
  if (process.behaviour === COROUTINE) return entries;
  return [
    ["$initial_call", process.behaviour.describe(process).initialCall],
    ["$ancestors", ancestorsOf(process)],
    ...entries,
  ];
}

function* monitorsHeld(process: KernelProcess): Generator<Monitor> {
  for (let each = process.monitors; each !== null; each = each.heldNext) yield each;
}

function* monitorsOn(process: KernelProcess): Generator<Monitor> {
  for (let each = process.monitoredBy; each !== null; each = each.targetNext) yield each;
}

/** The process behind a pid of this node, while it is there. */
function livingOrDead(pid: unknown, what: string): KernelProcess | null {
  assertPid(pid, what);
  if (!isElsewhere(pid)) return pid.process;
  throw new TypeError(`Cannot ${what} a process: expected a pid of this node, found ${pid}`);
}

function assertPid(pid: unknown, what: string): asserts pid is Pid {
  if (isPid(pid)) return;
  throw new TypeError(`Cannot ${what} a process: expected a pid, found ${inspect(pid)}`);
}

function assertOneOf(value: unknown, accepted: readonly string[], what: string): void {
  if (accepted.includes(value as string)) return;
  throw new TypeError(
    `Cannot ${what}: expected one of ${accepted.join(", ")}, found ${inspect(value)}`,
  );
}

function assertRef(ref: unknown, what: string): void {
  if (!(ref instanceof Ref)) {
    throw new TypeError(`Cannot ${what}: expected a reference, found ${inspect(ref)}`);
  }
}

export { send };
