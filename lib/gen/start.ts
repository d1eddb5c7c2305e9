/**
 * The start of a server: its options, the call that waits for `init`, and the name, which is registered
 * before. The behaviour is passed as an argument: `behaviour.ts` imports this file, not the other way round.
 *
 * @module
 */

import { isThenable } from "../kernel/awaitable.ts";
import { type CallKind, PendingCall } from "../kernel/calls.ts";
import { now } from "../kernel/clock.ts";
import { spawnCoroutine } from "../kernel/coroutine.ts";
import { exit, reasonOf } from "../kernel/exit.ts";
import { failure, locate, REGISTRY_TIMEOUT_MS, withLimit } from "../kernel/lookup.ts";
import {
  type Address,
  addressOf,
  localRegistry,
  type Name,
  type ServerRef,
} from "../kernel/names.ts";
import { type Behaviour, HAS_PARENT, Process, STARTING } from "../kernel/process.ts";
import { sleep } from "../kernel/receive.ts";
import { checkStoredOptions, type StoredOptions, storedOptions } from "../kernel/spawn_options.ts";
import { schedule, suspendUntil } from "../kernel/scheduler.ts";
import { self } from "../kernel/self.ts";
import {
  demonitor,
  flushDown,
  link,
  monitor,
  onExit,
  terminate,
  unlink,
  whenCompleted,
} from "../kernel/signals.ts";
import { isPid, message, nodeName, type Pid, type Ref, type Term } from "../kernel/term.ts";
import { ensureAttributes } from "./attributes.ts";
import { Debug, type DebugOption } from "./debug.ts";
import { checkTimeout } from "./timeout.ts";

/**
 * The longest interval, in milliseconds, at which a registry is asked whether it has forgotten an exited
 * process.
 */
const LONGEST_WAIT_MS = 256;

/** Options of all `start` functions. */
export interface StartOptions {
  /**
   * The name to register the process under before its `init` runs: an atom, `["global", term]` or
   * `["via", registry, term]`. None by default; `undefined` and `null` mean none.
   */
  readonly name?: Name | null | undefined;
  /**
   * The timeout of the start in milliseconds, registration included; then the process is killed and the
   * result is `["error", "timeout"]`. Default `Infinity`.
   */
  readonly timeout?: number | undefined;
  /** Debug functions to install at the start, as by `Sys`: `["trace", "log", "statistics"]`. */
  readonly debug?: readonly DebugOption[] | undefined;
  /** Options for the spawn. Kept for `Process.info`; they have no other effect here. */
  readonly spawnOpt?: StoredOptions | undefined;
  /** The time in milliseconds without a message after which the process hibernates. Default `Infinity`. */
  readonly hibernateAfter?: number | undefined;
}

/** The names of these options. */
export const START_OPTIONS = [
  "name",
  "timeout",
  "debug",
  "spawnOpt",
  "hibernateAfter",
] as const satisfies readonly (keyof StartOptions)[];

/** The names of the options of `enterLoop`. */
export const LOOP_OPTIONS = [
  "debug",
  "hibernateAfter",
] as const satisfies typeof START_OPTIONS[number][];

/** The result of a `start` function. */
export type StartResult<Module = unknown> =
  | readonly ["ok", Pid<Module>]
  | readonly ["error", Term]
  | "ignore";

/** The result of `startMonitor`. */
export type StartMonitorResult<Module = unknown> =
  | readonly ["ok", readonly [Pid<Module>, Ref]]
  | readonly ["error", Term]
  | "ignore";

/** How the started process is connected to the one that starts it. */
export type StartMode = "nolink" | "link" | "monitor";

/** A start is a call whose failures are results. */
const START: CallKind = {
  describe: () => "start",
  ended: (start, reason) => start.reply(["error", reason]),
  timedOut: (start) => {
    unlink(start.target, start.caller.pid);
    exitAndAnswer(start, "killed", ["error", "timeout"]);
  },
};

/** The request of a start. */
interface Starting {
  /** The argument of `init`. */
  readonly argument: Term;
  /** The name to register, if there is one. */
  readonly address: Address | null;
  /** Whether the name is registered for the process. */
  isRegistered: boolean;
  /** When the name was first found registered for an exited process. */
  takenSince?: number;
}

/** Terminates the process of a start, and then answers the start, which is pending. */
export function exitAndAnswer(start: PendingCall, reason: Term, result: Term): void {
  const { target } = start;
  const resolve = start.take();
  terminate(target, reason);
  whenCompleted(target, () => resolve(result));
}

/**
 * The pending call that waits for `init` of a process. It has no class of its own: a subclass of
 * `PendingCall` would give V8 two shapes in each of its methods, which made every call 5 % slower.
 */
export function startOf(process: Process): PendingCall<Starting> {
  return process.state as PendingCall<Starting>;
}

/** Starts a server. Resolves when its `init` has returned. */
export function start(
  behaviour: Behaviour,
  argument: Term,
  options: StartOptions,
  mode: StartMode,
): Promise<Term> {
  const parent = self();
  const { name, timeout = Infinity, debug, spawnOpt, hibernateAfter } = options;
  const address = name === undefined || name === null ? null : addressOf(name);
  checkTimeout("start", timeout);
  if (hibernateAfter !== undefined) checkTimeout("hibernate", hibernateAfter);
  if (spawnOpt !== undefined) checkStoredOptions("start a process", spawnOpt);
  const debugging = debug !== undefined && debug.length > 0 ? new Debug(debug) : null;
  const flags = mode === "link" ? STARTING | HAS_PARENT : STARTING;
  const process = new Process(behaviour, null, parent, flags);
  const starting: Starting = { argument: message(argument), address, isRegistered: false };
  const pending = new PendingCall(parent, process, name, starting, timeout, START);
  process.state = pending;
  if (address !== null) ensureAttributes(process).name = name;
  if (debugging !== null) ensureAttributes(process).debug = debugging;
  if (spawnOpt !== undefined) process.more().options = storedOptions(spawnOpt);
  schedule(process);
  if (mode === "link") link(parent, process.pid);
  if (mode !== "monitor") return pending.promise;
  const ref = monitor(parent, process, process.pid);
  return pending.promise.then((result) => withMonitor(parent, result, ref));
}

function withMonitor(parent: Process, result: Term, ref: Ref): Term {
  if (Array.isArray(result) && result[0] === "ok") return ["ok", [result[1], ref]];
  if (!demonitor(parent, ref)) flushDown(parent, ref);
  return result;
}

// --- The name -----------------------------------------------------------------------------------

/** The part of a behaviour that a start needs. */
export interface Starter {
  /** Calls `init` of the callback module; the name, if there is one, is registered by then. */
  runInit(process: Process): void;
  /** The start has failed: the process exits, and then `["error", reason]` is answered. */
  refuse(process: Process, reason: Term): void;
}

/** The first turn of a process: registers the name, then calls `init`. */
export function begin(starter: Starter, process: Process): void {
  const { address } = startOf(process).request;
  if (address === null) return starter.runInit(process);
  let answer: unknown;
  try {
    answer = address.registry.registerName(address.key, process.pid);
  } catch (thrown) {
    return registryFailed(starter, process, "registerName", thrown);
  }
  if (process.isDead) return;
  if (!isThenable(answer)) return registered(starter, process, answer);
  forgetLate(process, address, answer);
  suspendUntil(
    process,
    withLimit(process, answer, REGISTRY_TIMEOUT_MS),
    (inTime) => registered(starter, process, inTime),
    (thrown) => registryFailed(starter, process, "registerName", thrown),
  );
}

function registered(starter: Starter, process: Process, answer: unknown): void {
  const starting = startOf(process).request;
  if (answer === "yes") {
    starting.isRegistered = true;
    return starter.runInit(process);
  }
  if (answer !== "no") return starter.refuse(process, ["bad_return_value", answer]);
  const { registry, key } = starting.address!;
  let holder: unknown;
  try {
    holder = registry.whereisName(key);
  } catch (thrown) {
    return registryFailed(starter, process, "whereisName", thrown);
  }
  if (process.isDead) return;
  if (!isThenable(holder)) return taken(starter, process, holder);
  suspendUntil(
    process,
    withLimit(process, holder, REGISTRY_TIMEOUT_MS),
    (inTime) => taken(starter, process, inTime),
    (thrown) => registryFailed(starter, process, "whereisName", thrown),
  );
}

function taken(starter: Starter, process: Process, holder: unknown): void {
  if (holder !== undefined && !isPid(holder)) {
    return starter.refuse(process, ["bad_return_value", holder]);
  }
  const start = startOf(process);
  if (holder?.process?.isDead === true) {
    const completed = new Promise<void>((resolve) => onExit(holder, () => resolve()));
    return suspendUntil(process, completed, () => begin(starter, process), () => {});
  }
  if (holder === undefined || isGone(holder)) {
    // A registry that has not yet forgotten an exited process is asked again, after 1 ms, 2 ms, 4 ms, …
    const waited = now() - (start.request.takenSince ??= now());
    if (waited < REGISTRY_TIMEOUT_MS) {
      const wait = Math.min(Math.max(1, Math.ceil(waited)), LONGEST_WAIT_MS);
      return suspendUntil(process, sleep(process, wait), () => begin(starter, process), () => {});
    }
  }
  unlink(process, start.caller.pid);
  start.reply(["error", ["already_started", holder]]);
  terminate(process, "normal");
}

/** Fails a start whose registry threw, rejected or timed out. */
function registryFailed(
  starter: Starter,
  process: Process,
  operation: string,
  thrown: unknown,
): void {
  if (process.isDead) return;
  const { key } = startOf(process).request.address!;
  starter.refuse(process, reasonOf(failure(thrown, operation, [key])));
}

/** Abandons a start: releases the name, exits, and answers with `result`. */
export function giveUp(process: Process, reason: Term, result: Term): void {
  const start = startOf(process);
  const { address, isRegistered } = start.request;
  // The start is answered last: by then the name is released and the exit signal was sent.
  const end = () => exitAndAnswer(start, reason, result);
  if (address === null || !isRegistered) return end();
  const released = withLimit(process, release(address, process.pid), REGISTRY_TIMEOUT_MS);
  suspendUntil(process, released, end, end);
}

/**
 * Checks that the calling process is registered as `name`, if that is a name, before it becomes a server.
 *
 * @throws {Exit} `"process_not_registered"`, `"process_not_registered_globally"` or
 * `["process_not_registered_via", registry]` if it is not.
 */
export async function assertRegistered(name: Name | Pid | undefined): Promise<void> {
  const process = self();
  const { pid } = process;
  if (name === undefined || name === pid) return;
  if (isPid(name)) throw exit("process_not_registered");
  const { registry } = addressOf(name);
  if (await locate(process, name as ServerRef) === pid) return;
  if (registry === localRegistry()) throw exit("process_not_registered");
  throw exit(
    (name as readonly Term[])[0] === "global"
      ? "process_not_registered_globally"
      : ["process_not_registered_via", registry],
  );
}

/** Whether a process of this runtime has exited. */
function isGone(pid: Pid): boolean {
  return pid.process === null && pid.node === nodeName();
}

/** Releases the name that a process got for its start, unless it belongs to another process by now. */
async function release({ registry, key }: Address, pid: Pid): Promise<void> {
  if (await registry.whereisName(key) === pid) await registry.unregisterName(key);
}

/**
 * Releases a name that an asynchronous registry gives to a process after that has exited. This is done in a
 * process of its own: the code of an exited process can make no calls.
 */
function forgetLate(process: Process, address: Address, answer: PromiseLike<unknown>): void {
  const parent = startOf(process).caller;
  const forget = (late: unknown) => {
    if (late !== "yes" || !process.isDead) return;
    const helper = spawnCoroutine(parent, async () => {
      await withLimit(helper, release(address, process.pid), REGISTRY_TIMEOUT_MS).catch(() => {});
    });
  };
  Promise.resolve(answer).then(forget, () => {});
}
