/**
 * The application controller: the loaded and the running applications, and their environments; and the
 * master of each, the process that calls its module and monitors its top process. `../application.ts`
 * checks the arguments of users and calls this; `lib/node` uses {@linkcode beforeHalt}.
 *
 * OTP's controller is a process; here it is a table, because nothing in it waits. The callbacks run in
 * the masters. A start in progress is recorded, so that a second one waits for the first.
 *
 * @module
 */

import { exit, reasonOf } from "../kernel/exit.ts";
import { exitProgram } from "../host/program.ts";
import { spawnCoroutine } from "../kernel/coroutine.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { LEADS_GROUP, type Process as ProcessRecord } from "../kernel/process.ts";
import { isA, isTuple, itemOf } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { onExit } from "../kernel/signals.ts";
import { isPid, type Pid, type Term } from "../kernel/term.ts";
import { selfIfKnown } from "../kernel/self.ts";
import * as Process from "../process.ts";
import { receive } from "../receive.ts";
import { checkSpecification, type Module, type Specification } from "./specification.ts";

/** What happens when the top process of an application exits. See the description of `Application`. */
export type Type = "permanent" | "transient" | "temporary";

/** The result of loading, starting and stopping. */
export type Result = "ok" | readonly ["error", Term];

/** OTP's own applications, which are part of this library, and always running. */
const BUILT_IN: ReadonlySet<string> = new Set(["kernel", "stdlib", "elixir", "logger"]);

interface Starting {
  readonly master: Pid;
  readonly result: Promise<Result>;
}

/** A running application. */
interface Running {
  readonly name: string;
  readonly type: Type;
  readonly master: Pid;
  readonly ended: Promise<void>;
  isStopping: boolean;
}

/** The loaded applications, in the order in which they were loaded. */
export const loaded: Map<string, Specification> = new Map();
/** The running applications, in the order in which they were started. */
export const running: Map<string, Running> = new Map();
const starting = new Map<string, Starting>();
/** The application of each master. */
const masters = new WeakMap<Pid, string>();

// --- Loading ------------------------------------------------------------------------------------

/** The environment of each application. */
export const environments: Map<string, Map<Term, Term>> = new Map();
/** The values that are set again whenever an application is loaded, whatever its own environment says. */
export const persistent: Map<string, Map<Term, Term>> = new Map();

/**
 * Loads an application.
 *
 * @throws {TypeError} If the specification is not valid.
 */
export function load(specification: Specification): Result {
  checkSpecification(specification);
  const { name, env = {} } = specification;
  if (loaded.has(name)) return ["error", ["already_loaded", specification]];
  loaded.set(name, specification);
  const environment = environments.get(name) ?? new Map();
  for (const [key, value] of Object.entries(env)) environment.set(key, value);
  for (const [key, value] of persistent.get(name) ?? []) environment.set(key, value);
  environments.set(name, environment);
  return "ok";
}

/** Unloads an application, and deletes its environment. The persistent values are kept for the next time. */
export function unload(name: string): Result {
  if (running.has(name) || starting.has(name)) return ["error", ["running", name]];
  if (!loaded.delete(name)) return ["error", ["not_loaded", name]];
  environments.delete(name);
  return "ok";
}

/** Whether an application is running. */
export function isRunning(name: string): boolean {
  return BUILT_IN.has(name) || running.has(name);
}

/** The application that a process was started in, if it is still running. */
export function applicationOfProcess({ leader }: ProcessRecord): string | undefined {
  return leader === null || leader.process === null ? undefined : masters.get(leader);
}

/** The loaded application that has a module. */
export function applicationOfModule(module: object): string | undefined {
  for (const { name, mod, modules = [] } of loaded.values()) {
    if (mod?.[0] === module || modules.includes(module)) return name;
  }
  return undefined;
}

// --- Starting and stopping ----------------------------------------------------------------------

/** Starts a loaded application. If it is already being started, waits for that start. */
export function start(name: string, type: Type): Awaitable<Result> {
  if (running.has(name)) return ["error", ["already_started", name]];
  const underWay = starting.get(name);
  if (underWay !== undefined) {
    assertNotItself(underWay.master, "start", name);
    return underWay.result;
  }
  const specification = loaded.get(name)!;
  const { applications = [], optionalApplications = [] } = specification;
  for (const dependency of applications) {
    const needed = nameOf(dependency);
    if (isRunning(needed) || optionalApplications.includes(needed)) continue;
    return ["error", ["not_started", needed]];
  }
  return launch(specification, type);
}

/** The name of an application, given by name or specification. */
export function nameOf(application: string | Specification): string {
  return typeof application === "string" ? application : application.name;
}

function launch(specification: Specification, type: Type): Promise<Result> {
  const { name } = specification;
  const { promise: result, resolve } = Promise.withResolvers<Result>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let failure: readonly [Term] | undefined;
  const master = Process.spawn(async () => {
    const outcome = await begin(specification);
    if (outcome[0] === "error") {
      failure = [outcome[1]];
      return;
    }
    starting.delete(name);
    running.set(name, { name, type, master, ended, isStopping: false });
    report({ level: "info", kind: "application", sasl: true, name, pid: master });
    resolve("ok");
    await serve(specification, outcome[1], outcome[2]);
  });
  const parent = master.process!;
  parent.flags |= LEADS_GROUP;
  starting.set(name, { master, result });
  masters.set(master, name);
  onExit(master, (reason) => {
    end();
    if (starting.delete(name)) {
      const why = failure === undefined ? reason : failure[0];
      reportExit(name, why, type, master);
      return resolve(["error", why]);
    }
    const isStopping = running.get(name)?.isStopping === true;
    running.delete(name);
    reportExit(name, isStopping ? "stopped" : reason, type, master);
    if (!isStopping && halting === undefined) topExited(name, reason, type, parent);
  });
  return result;
}

/** Stops an application. If it is already being stopped, waits for that stop. */
export async function stop(name: string): Promise<Result> {
  const application = running.get(name);
  if (application === undefined) return ["error", ["not_started", name]];
  assertNotItself(application.master, "stop", name);
  if (application.isStopping) {
    await application.ended;
    return ["error", ["not_started", name]];
  }
  application.isStopping = true;
  Process.send(application.master, STOP);
  await application.ended;
  return "ok";
}

function assertNotItself(master: Pid, operation: string, name: string): void {
  if (selfIfKnown()?.pid === master) {
    throw exit(["calling_self", ["Application", operation, [name]]]);
  }
}

// --- The master ---------------------------------------------------------------------------------

const STOP: unique symbol = Symbol("stop");

/** Runs in the master: calls `start` and `startPhase`. */
async function begin(
  specification: Specification,
): Promise<readonly ["ok", Pid | undefined, Term] | readonly ["error", Term]> {
  Process.flag("trap_exit", true);
  const { mod, startPhases = [] } = specification;
  if (mod === undefined) return ["ok", undefined, []];
  const [module, args] = mod;
  const started = await attempt(module, "start", ["normal", args]);
  const isOk = Array.isArray(started) && started[0] === "ok" && isPid(started[1]) &&
    (started.length === 2 || started.length === 3);
  if (!isOk) return failed(module, "start", ["normal", args], started);
  const [, top, state = []] = started as [Term, Pid, Term];
  Process.link(top);
  for (const [phase, argument] of startPhases) {
    const call = [phase, "normal", argument];
    const outcome = await attempt(module, "startPhase", call);
    if (outcome === "ok") continue;
    await shutDown(top); // without prepStop and stop: the application was not started
    return failed(module, "startPhase", call, outcome);
  }
  return ["ok", top, state];
}

/** The result of a callback, or what it throws; an error or exit as `["EXIT", reason]`, as Erlang's `catch`. */
async function attempt(module: Module, name: keyof Module, args: readonly Term[]): Promise<Term> {
  try {
    return await (module[name] as (...args: readonly Term[]) => unknown)(...args);
  } catch (thrown) {
    return isA(thrown, Error) ? ["EXIT", reasonOf(thrown)] : thrown;
  }
}

function failed(
  module: Module,
  name: string,
  args: readonly Term[],
  outcome: Term,
): readonly ["error", Term] {
  const callback = [module, name, args];
  return isTuple(outcome, "error", 2)
    ? ["error", [itemOf(outcome, 1), callback]]
    : ["error", ["bad_return", [callback, outcome]]];
}

/** Runs in the master: waits for the request to stop, or for the exit of the top process. */
async function serve(
  specification: Specification,
  top: Pid | undefined,
  state: Term,
): Promise<void> {
  while (true) {
    const message = await receive() as Term;
    if (message === STOP) return await end(specification, top, state);
    if (!isTuple(message, "EXIT", 3) || itemOf(message, 1) !== top) continue;
    await end(specification, undefined, state);
    throw exit(itemOf(message, 2));
  }
}

/** Runs in the master: calls `prepStop`, stops the top process, and calls `stop`. */
async function end(
  { name, mod }: Specification,
  top: Pid | undefined,
  state: Term,
): Promise<void> {
  if (mod === undefined) return;
  const [module] = mod;
  const prepared = await cleanUp(name, () => module.prepStop ? module.prepStop(state) : state);
  if (top !== undefined) await shutDown(top);
  const last = prepared === FAILED ? state : prepared;
  await cleanUp(name, () => module.stop?.(last));
}

/** Runs in the master: stops the top process, and waits for its exit. */
async function shutDown(top: Pid): Promise<void> {
  Process.exit(top, "shutdown");
  while (top.process !== null) await receive();
}

const FAILED: unique symbol = Symbol("failed");

async function cleanUp(name: string, callback: () => unknown): Promise<Term> {
  try {
    return await callback();
  } catch (thrown) {
    const details = { shutdownError: true };
    const reason = reasonOf(thrown);
    report({ level: "error", kind: "application", name, pid: Process.self(), reason, details });
    return FAILED;
  }
}

// --- Exiting the program ------------------------------------------------------------------------

let halting: Promise<void> | undefined;
let shutdownTimeout = Infinity;

/** Exits the program. `reason` is `undefined` if a signal has requested that. */
export type Halt = (status: number, reason: Term) => void;

let halt: Halt = exitProgram;

/** Sets the function that exits the program, and returns the previous one. */
export function setHalt(next: Halt): Halt {
  const previous = halt;
  halt = next;
  return previous;
}

/** Tasks to run after all applications have been stopped, and before the program exits. */
const lastTasks = new Set<() => Promise<void>>();

/** Adds a task to run before the program exits. Returns a function that removes it. */
export function beforeHalt(task: () => Promise<void>): () => void {
  lastTasks.add(task);
  return () => void lastTasks.delete(task);
}

/** Sets the limit for stopping all applications, in milliseconds. */
export function setShutdownTimeout(ms: number): void {
  shutdownTimeout = ms;
}

/** Resolves when an {@linkcode stopAllAndHalt} in progress has finished; at once, if there is none. */
export async function haltSettled(): Promise<void> {
  await halting;
}

/**
 * Stops all applications, in a process that `spawn` spawns, and then exits the program with `status`,
 * or with 1 if that took too long. Does nothing if this is already in progress.
 */
export function stopAllAndHalt(
  spawn: (body: () => Promise<void>) => unknown,
  status: number,
  reason?: Term,
): void {
  if (halting !== undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  halting = promise;
  spawn(async () => {
    try {
      const isInTime = await stopAll();
      for (const task of lastTasks) await task();
      halt(isInTime ? status : 1, reason);
    } finally {
      halting = undefined;
      resolve();
    }
  });
}

/** Stops all applications, the one started last first. Resolves with whether that was in time. */
async function stopAll(): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<boolean>((resolve) => {
    if (shutdownTimeout !== Infinity) timer = setTimeout(() => resolve(false), shutdownTimeout);
  });
  try {
    return await Promise.race([stopEach(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function stopEach(): Promise<boolean> {
  while (running.size > 0) {
    const { name, isStopping, ended } = [...running.values()].at(-1)!;
    if (isStopping) await ended;
    else await stop(name);
  }
  return true;
}

/** The top process of an application has exited. */
function topExited(name: string, reason: Term, type: Type, master: ProcessRecord): void {
  if (type === "temporary" || (type === "transient" && reason === "normal")) return;
  const why = ["application_terminated", name, reason];
  report({ level: "error", kind: "application", name, reason, details: { terminated: true } });
  // In a new process: the master has exited, and no other process may exit because of the stop.
  stopAllAndHalt((body) => spawnCoroutine(master, body), 1, why);
}

function reportExit(name: string, reason: Term, type: Type, pid: Pid): void {
  report({ level: "notice", kind: "application", name, pid, reason, details: { type } });
}
