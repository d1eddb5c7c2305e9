/**
 * ProcLib: processes that run a function of their own and adhere to the OTP design principles. They can
 * be started synchronously, as servers are; their crashes are reported; they know their ancestors and
 * their initial call; and they can become servers (`GenServer.enterLoop`).
 *
 * In most cases a `GenServer` or a `Task` is the better choice. Use this if neither fits: for a receive
 * loop of your own, or for an initialization in several steps.
 *
 * To work with `Sys`, such a process must handle system messages, see `Sys.handleSystemMsg`.
 *
 * @module
 */

import { hasThen, thenError } from "./kernel/awaitable.ts";
import { fairly } from "./kernel/fair.ts";
import { askToStop, stopKind } from "./gen/client.ts";
import { type ErrorInfo, reportCrash } from "./gen/crash.ts";
import { exitAndAnswer, type StartResult } from "./gen/start.ts";
import {
  checkSpawnOptions,
  type MonitorOptions,
  type Priority,
  tie,
} from "./kernel/spawn_options.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { type CallKind, PendingCall } from "./kernel/calls.ts";
import { COROUTINE, spawnCoroutine } from "./kernel/coroutine.ts";
import { classified, Exit, exit, reasonOf, withStack } from "./kernel/exit.ts";
import type { ServerRef } from "./kernel/names.ts";
import type { Process } from "./kernel/process.ts";
import { isA, itemOf, itemsOf } from "./kernel/reader.ts";
import { fence, self } from "./kernel/self.ts";
import { link, monitor, unlink } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { isPid, message, type Pid, type Ref, type Term } from "./kernel/term.ts";
import type { InitialCall } from "./gen/initial_call.ts";
import { LAUNCHED } from "./gen/launched.ts";

/** What this module is called where it is printed. */
export const moduleName = "ProcLib";

export type { InitialCall };

/** What a process runs: a function, or `[module, name, arguments]`, which reports then show. */
export type Body =
  | (() => unknown)
  | readonly [module: object, name: string, args: readonly Term[]];

/** Options of {@linkcode spawnOpt}. */
export interface SpawnOptOptions {
  /** Whether to link the new process to the calling process. Default `false`. */
  readonly link?: boolean | undefined;
  /**
   * Whether to monitor it, with the options of the monitor if there are any: then the result is `[pid, ref]`.
   * Default `false`.
   */
  readonly monitor?: boolean | MonitorOptions | undefined;
  /** Shown by `Process.info`, without effect. Default `"normal"`. */
  readonly priority?: Priority | undefined;
}

/** Options of {@linkcode start}, {@linkcode startLink} and {@linkcode startMonitor}. */
export interface StartOptions {
  /**
   * How long to wait for the acknowledgement, in milliseconds; after that the process is killed, and
   * the result is `["error", "timeout"]`. Default `Infinity`.
   */
  readonly timeout?: number | undefined;
  /** Whether to link the new process to the calling process. Default `false`; `startLink` always does. */
  readonly link?: boolean | undefined;
  /** As for {@linkcode spawnOpt}. */
  readonly priority?: Priority | undefined;
}

/** The state of a start, in addition to the call that waits for it. */
interface Starting {
  /** The result given to `initFail`. */
  failure: { readonly value: Term } | null;
}

/** A start is a call whose failure is a result, not an exception. */
const START: CallKind = {
  describe: () => "start",
  ended(start: PendingCall<Starting>, reason) {
    // As in OTP, a caller that traps exits gets no EXIT message; one that does not gets the signal first.
    if (start.caller.trapsExits) unlink(start.target, start.caller.pid);
    const { failure } = start.request;
    start.reply(failure === null ? ["error", reason] : failure.value);
  },
  timedOut(start) {
    unlink(start.target, start.caller.pid);
    exitAndAnswer(start, "killed", ["error", "timeout"]);
  },
};

const STOP = stopKind("ProcLib");

/** The starts that wait for an acknowledgement, by the started process. */
const starts = new WeakMap<Process, PendingCall<Starting>>();

function launch(
  what: string,
  body: Body,
  options: SpawnOptOptions,
  known: readonly string[],
): Process {
  checkSpawnOptions(what, options, known);
  const [run, initialCall] = taken(what, body);
  const process = spawnCoroutine(self(), () => guarded(run), LAUNCHED);
  process.server = initialCall;
  const { priority } = options;
  if (priority !== undefined) process.more().options = { priority };
  return process;
}

/** A body as a function, and as the initial call. */
function taken(what: string, body: Body): readonly [() => unknown, InitialCall] {
  if (typeof body === "function") return [body, [body, "call", 0]];
  if (Array.isArray(body) && body.length === 3 && Array.isArray(body[2])) {
    const [module, name, args] = body;
    const callback: unknown = module?.[name as keyof typeof module];
    if (typeof callback === "function") {
      const frozen = message(args);
      return [() => callback.apply(module, frozen), [module, name, args.length]];
    }
  }
  throw new TypeError(
    `Cannot ${what}: expected a function or [module, name, arguments], found ${inspect(body)}`,
  );
}

/** Runs the body of a process, and reports a crash. */
async function guarded(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    const process = self();
    const reason = reasonOf(thrown);
    const [kind, term] = classified(thrown);
    const info = [kind, term, ""];
    if (isA(thrown, Error)) withStack(info, thrown);
    reportCrash(process, reason, undefined, info as unknown as ErrorInfo);
    throw exit(reason);
  }
}

/**
 * Starts a process that runs `body`, as `Process.spawn` does, and returns its pid at once. If it exits
 * with another reason than `"normal"`, `"shutdown"` or `["shutdown", term]`, a crash is reported, which
 * the default logger shows with the option `handleSaslReports`.
 *
 * @throws {TypeError} If `body` is not a {@linkcode Body}.
 * @see OTP `proc_lib:spawn/1,3`
 *
 * @example A process that sends a message to its parent
 * ```ts
 * import { ProcLib, receive, self, send } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const parent = self();
 * ProcLib.spawn(() => void send(parent, "hello"));
 * assertEquals(await receive(), "hello");
 * ```
 */
export function spawn(body: Body): Pid {
  return launch("spawn", body, {}, []).pid;
}

/**
 * Starts a process that is linked to the calling process. Otherwise as {@linkcode spawn}; see its example.
 *
 * @see OTP `proc_lib:spawn_link/1,3`
 */
export function spawnLink(body: Body): Pid {
  return spawnOpt(body, { link: true });
}

/**
 * Starts a process and monitors it, and returns `[pid, ref]`. Otherwise as {@linkcode spawn}. See the
 * example of {@linkcode spawnOpt}.
 *
 * @see OTP `proc_lib:spawn_monitor/1,3`
 */
export function spawnMonitor(body: Body): readonly [Pid, Ref] {
  return spawnOpt(body, { monitor: true });
}

/**
 * Starts a process with options; with `monitor: true` the result is `[pid, ref]`. Otherwise as
 * {@linkcode spawn}.
 *
 * @throws {TypeError} If `body` is not a {@linkcode Body}, or an option is unknown or has a wrong value.
 * @see OTP `proc_lib:spawn_opt/2,4`
 *
 * @example Linking and monitoring
 * ```ts
 * import { ProcLib, receive } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [pid, ref] = ProcLib.spawnOpt(() => {}, { link: true, monitor: true });
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
 * ```
 */
export function spawnOpt<const Options extends SpawnOptOptions>(
  body: Body,
  options: Options,
): Options extends { readonly monitor: true | MonitorOptions } ? readonly [Pid, Ref] : Pid;
export function spawnOpt(body: Body, options: SpawnOptOptions): Pid | readonly [Pid, Ref] {
  const parent = self();
  const process = launch("spawn", body, options, ["link", "monitor", "priority"]);
  const ref = tie(parent, process, options);
  return ref === undefined ? process.pid : [process.pid, ref];
}

/**
 * Starts a process that runs `body`, and waits until it calls {@linkcode initAck}. Resolves with the
 * value given to that: by convention `["ok", pid]`, which is the default of the type parameter.
 *
 * If the process exits before, the result is `["error", reason]`, or the value given to
 * {@linkcode initFail}. After `options.timeout` the process is killed, and the result is
 * `["error", "timeout"]`.
 *
 * @throws {TypeError} If `body` is not a {@linkcode Body}, or an option is unknown (there is no option
 * `monitor`).
 * @throws {RangeError} If `options.timeout` is negative, fractional or not a number.
 * @see OTP `proc_lib:start/3,4,5`
 *
 * @example Starting a process and waiting until it is ready
 * ```ts
 * import { ProcLib, receive, self, send, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * async function echo() {
 *   ProcLib.initAck(["ok", self()]);
 *   for (;;) {
 *     const [client, message] = await receive() as [ReturnType<typeof self>, unknown];
 *     send(client, message);
 *   }
 * }
 *
 * const pid = unwrap(await ProcLib.start(echo));
 * send(pid, [self(), "hello"]);
 * assertEquals(await receive(), "hello");
 * ```
 */
export function start<Acknowledged = StartResult>(
  body: Body,
  options: StartOptions = {},
): Promise<Acknowledged | readonly ["error", Term]> {
  return fairly(async () => {
    return await begin(body, options).promise as Acknowledged;
  });
}

/**
 * Starts a process that is linked to the calling process. Otherwise as {@linkcode start}; see its example.
 *
 * If the start fails, the calling process exits because of the link, unless it traps exits or the
 * reason is `"normal"`. A caller that traps exits gets the result only, and no `EXIT` message. A
 * timeout sends no exit signal.
 *
 * @see OTP `proc_lib:start_link/3,4,5`
 */
export function startLink<Acknowledged = StartResult>(
  body: Body,
  options: StartOptions = {},
): Promise<Acknowledged | readonly ["error", Term]> {
  return fairly(async () => {
    return await begin(body, { ...options, link: true }).promise as Acknowledged;
  });
}

/**
 * Starts a process and monitors it. Resolves with `[result, ref]`, where `result` is as for
 * {@linkcode start}. When the process exits, also before its acknowledgement, the caller receives
 * `["DOWN", ref, "process", pid, reason]`.
 *
 * @see OTP `proc_lib:start_monitor/3,4,5`
 *
 * @example A process that exits after its start
 * ```ts
 * import { ProcLib, receive, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [result, ref] = await ProcLib.startMonitor(() => {
 *   ProcLib.initAck(["ok", self()]);
 * });
 * assertEquals(await receive(), ["DOWN", ref, "process", unwrap(result), "normal"]);
 * ```
 */
export function startMonitor<Acknowledged = StartResult>(
  body: Body,
  options: StartOptions = {},
): Promise<readonly [Acknowledged | readonly ["error", Term], Ref]> {
  return fairly(async () => {
    const start = begin(body, options);
    const ref = monitor(start.caller, start.target, start.target.pid);
    return [await start.promise as Acknowledged, ref];
  });
}

function begin(body: Body, options: StartOptions): PendingCall<Starting> {
  const { timeout = Infinity } = options;
  checkTimeout("start", timeout);
  const parent = self();
  const process = launch("start", body, options, ["timeout", "link", "priority"]);
  const starting: Starting = { failure: null };
  const start = new PendingCall(parent, process, "start", starting, timeout, START);
  starts.set(process, start);
  if (options.link === true) link(parent, process.pid);
  return start;
}

/**
 * Acknowledges a start: called in a process that was started by one of the `start` functions, which
 * then resolves with `value`. Returns `"ok"`. See the example of {@linkcode start}.
 *
 * Only the first call has an effect, and only if a start waits for it. To report a failure, use
 * {@linkcode initFail}.
 *
 * @param args `value`, or the parent, the process that called `start`, and `value`.
 * @throws {TypeError} If the parent is not a pid.
 * @see OTP `proc_lib:init_ack/1,2`
 */
export function initAck(...args: [value: Term] | [parent: Pid, value: Term]): "ok" {
  const start = startBy(args.length === 2 ? args[0] : undefined);
  if (start !== undefined) {
    const value = args[args.length - 1];
    if (hasThen(value)) throw thenError("acknowledge a start with");
    starts.delete(start.target);
    start.reply(value);
  }
  return "ok";
}

/**
 * Lets a start fail: called in a process that was started by one of the `start` functions. It throws
 * `thrown`, and when the process has exited because of that, the start resolves with `value`. By then
 * the names of the process are released, and its exit signals have been delivered.
 *
 * @param args `value` and `thrown`, or the parent and these. `thrown` is the exception to exit with, such as
 * `exit("normal")`. Do not catch it.
 * @throws `thrown`, always.
 * @see OTP 26 `proc_lib:init_fail/2,3`
 *
 * @example A start that fails
 * ```ts
 * import { exit, ProcLib } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await ProcLib.start(() => {
 *   ProcLib.initFail(["error", "no_license"], exit("normal"));
 * });
 * assertEquals(result, ["error", "no_license"]);
 * ```
 */
export function initFail(
  ...args: [value: Term, thrown: unknown] | [parent: Pid, value: Term, thrown: unknown]
): never {
  const [value, thrown] = args.length === 3 ? [args[1], args[2]] : args;
  const start = startBy(args.length === 3 ? args[0] : undefined);
  if (hasThen(value)) throw thenError("fail a start with");
  if (start !== undefined) start.request.failure = { value };
  throw thrown;
}

/** The start that waits for the calling process; if `parent` is given, only if that is its caller. */
function startBy(parent: Pid | undefined): PendingCall<Starting> | undefined {
  const start = starts.get(self());
  if (parent !== undefined && !isPid(parent)) {
    throw new TypeError(
      `Cannot acknowledge: expected the pid of the parent, found ${inspect(parent)}`,
    );
  }
  return parent === undefined || start?.caller.pid === parent ? start : undefined;
}

/**
 * Stops a process that handles system messages: any server, or a process as in `Sys.handleSystemMsg`.
 * Resolves with `"ok"` when it has exited with `reason`.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The process continues to stop after that.
 * @throws {Exit} `"noproc"`, `"timeout"`, or the exit reason of the process if it differs from `reason`. Unlike that of
 * other functions the reason does not tell what was called, as in OTP, except for
 * `["calling_self", ["ProcLib", "stop", [server, reason, timeout]]]`.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see OTP `proc_lib:stop/1,3`
 *
 * @example Stopping a server
 * ```ts
 * import { GenServer, ok, Process, ProcLib, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(await GenServer.start({ init: () => ok(0) }));
 * assertEquals(await ProcLib.stop(server), "ok");
 * assertEquals(Process.isAlive(server), false);
 * ```
 */
export function stop(
  server: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return fairly(async () => {
    try {
      return await askToStop(server, reason, timeout, STOP);
    } catch (thrown) {
      throw isA(thrown, Exit) ? exit(bare(thrown.reason)) : thrown;
    }
  });
}

/** The reason of a failed stop without the call. */
function bare(reason: Term): Term {
  const [why, call] = itemsOf(reason, 2) ?? [];
  const isStop = itemOf(call, 0) === moduleName && itemOf(call, 1) === "stop";
  return isStop && why !== "calling_self" ? why : reason;
}

/**
 * Returns the initial call of a process that was started by this module or is a server:
 * `[module, name, arguments]`, where the arguments are placeholders. For any other process, and one
 * that has exited, it returns `false`.
 *
 * Of a supervisor it is `["supervisor", module, …]`, where the module is `"Supervisor.Default"` if it was
 * started without one; of an agent it is the function that has made its state: `[fun, "call", []]`.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see OTP `proc_lib:initial_call/1`
 *
 * @example The initial call of a process
 * ```ts
 * import { ProcLib, receive } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Worker = { run: (_name: string) => receive() };
 * const pid = ProcLib.spawn([Worker, "run", ["one"]]);
 * assertEquals(ProcLib.initialCall(pid), [Worker, "run", ["Argument__1"]]);
 * assertEquals(ProcLib.translateInitialCall(pid), [Worker, "run", 1]);
 * ```
 */
export function initialCall(
  pid: Pid,
): readonly [module: Term, name: Term, args: readonly string[]] | false {
  const call = rawInitialCall(pid);
  if (call === undefined) return false;
  const [module, name, arity] = call;
  return [module, name, Array.from({ length: arity }, (_, i) => `Argument__${i + 1}`)];
}

/**
 * Returns the initial call of a process as {@linkcode initialCall} does, with the number of arguments
 * instead of the arguments, or `["proc_lib", "init_p", 5]` if it is unknown. See the example of
 * {@linkcode initialCall}.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see OTP `proc_lib:translate_initial_call/1`
 */
export function translateInitialCall(pid: Pid): InitialCall {
  return rawInitialCall(pid) ?? ["proc_lib", "init_p", 5];
}

function rawInitialCall(pid: Pid): InitialCall | undefined {
  fence();
  if (!isPid(pid)) {
    throw new TypeError(`Cannot inspect a process: expected a pid, found ${inspect(pid)}`);
  }
  const { process } = pid;
  if (process === null || process.behaviour === COROUTINE) return undefined;
  return process.behaviour.describe(process).initialCall as InitialCall;
}
