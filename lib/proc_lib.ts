/**
 * ProcLib: processes with a control flow of their own that adhere to the design of OTP. They can be
 * started as servers are, with a start that waits for them to be ready; their crashes are reported;
 * they know where they come from, and can become servers (`GenServer.enterLoop`).
 *
 * Most processes are better off as a `GenServer`, or as a `Task`. Use this where neither fits: for a
 * loop of one's own, or for a start that has to do something between its parts.
 *
 * To obey `Sys` and a supervisor, such a process has to handle system messages, see
 * `Sys.handleSystemMsg`.
 *
 * @module
 */

import { hasThen, thenError } from "./kernel/awaitable.ts";
import { fairly } from "./kernel/fair.ts";
import { ask, stopKind } from "./gen/client.ts";
import { reportCrash } from "./gen/crash.ts";
import type { StartResult } from "./gen/start.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { type CallKind, PendingCall } from "./kernel/calls.ts";
import { COROUTINE, spawnCoroutine } from "./kernel/coroutine.ts";
import { classified, exit, reasonOf } from "./kernel/exit.ts";
import type { ServerRef } from "./kernel/names.ts";
import type { Process } from "./kernel/process.ts";
import { fence, self } from "./kernel/self.ts";
import { link, monitor, terminate, unlink } from "./kernel/signals.ts";
import { inspect, isPid, type Pid, type Ref, type Term } from "./kernel/term.ts";
import { type InitialCall, LAUNCHED } from "./gen/launched.ts";

export type { InitialCall };

/** What a process is to run: a function, or `[module, name, arguments]`, which reports then show. */
export type Body =
  | (() => unknown)
  | readonly [module: object, name: string, args: readonly Term[]];

/** Options of {@linkcode spawnOpt}. */
export interface SpawnOptOptions {
  /** Link the new process to the calling one. Default `false`. */
  readonly link?: boolean;
  /** Monitor it: then the result is `[pid, ref]`. Default `false`. */
  readonly monitor?: boolean;
  /** Kept and shown by `Process.info`; there is one priority here. */
  readonly priority?: "low" | "normal" | "high" | "max";
}

/** Options of {@linkcode start}, {@linkcode startLink} and {@linkcode startMonitor}. */
export interface StartOptions {
  /**
   * Milliseconds that the process may take until it acknowledges; then it is killed, and the result
   * is `["error", "timeout"]`. Default `Infinity`.
   */
  readonly timeout?: number;
  /** Link the new process to the calling one. Default `false`, and always so for `startLink`. */
  readonly link?: boolean;
  /** As for {@linkcode spawnOpt}. */
  readonly priority?: "low" | "normal" | "high" | "max";
}

/** What has become of a start, beside the call that waits for it. */
interface Starting {
  /** The result that `initFail` asked for. */
  failure: { readonly value: Term } | null;
}

/** A start is a call whose failure is a result. */
const START: CallKind = {
  describe: () => "start",
  ended(start: PendingCall<Starting>, reason) {
    // As in OTP, the start takes the EXIT message; one who does not trap exits gets the signal first.
    if (start.caller.trapsExits) unlink(start.target, start.caller.pid);
    const { failure } = start.request;
    start.reply(failure === null ? ["error", reason] : failure.value);
  },
  timedOut(start) {
    unlink(start.target, start.caller.pid);
    start.reply(["error", "timeout"]);
    terminate(start.target, "killed");
  },
};

const STOP = stopKind("ProcLib");

/** The starts that wait for an acknowledgement. */
const starts = new WeakMap<Process, PendingCall<Starting>>();

function launch(what: string, body: Body, options: object, allowed: readonly string[]): Process {
  for (const option of Object.keys(options)) {
    if (!allowed.includes(option)) {
      throw new TypeError(
        `Cannot ${what} with this option: expected one of ${allowed.join(", ")}, found ${option}`,
      );
    }
  }
  const [run, initialCall] = taken(what, body);
  const process = spawnCoroutine(self(), () => guarded(run), LAUNCHED);
  process.server = initialCall;
  const { priority } = options as SpawnOptOptions;
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
      return [() => callback.apply(module, args), [module, name, args.length]];
    }
  }
  throw new TypeError(
    `Cannot ${what}: expected a function or [module, name, arguments], found ${inspect(body)}`,
  );
}

/** Runs the body of a process, and has a crash of it reported. */
async function guarded(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (thrown) {
    const process = self();
    const reason = reasonOf(thrown);
    const stack = thrown instanceof Error ? thrown.stack ?? "" : "";
    reportCrash(process, reason, undefined, [...classified(thrown), stack]);
    throw exit(reason);
  }
}

/**
 * Starts a process that runs `body`, as `Process.spawn` does, and returns its pid at once. If it ends
 * with another reason than `"normal"`, `"shutdown"` or `["shutdown", term]`, that is reported as a crash,
 * which the default logger shows if it was told to (`handleSaslReports`).
 *
 * @throws {TypeError} If `body` is none.
 * @see OTP `proc_lib:spawn/1,3`
 */
export function spawn(body: Body): Pid {
  return launch("spawn", body, {}, []).pid;
}

/** Starts a process that is linked to the calling one. See {@linkcode spawn}. @see OTP `proc_lib:spawn_link/1,3` */
export function spawnLink(body: Body): Pid {
  return spawnOpt(body, { link: true });
}

/**
 * Starts a process and monitors it: `[pid, ref]`. See {@linkcode spawn}.
 *
 * @see OTP `proc_lib:spawn_monitor/1,3`
 */
export function spawnMonitor(body: Body): readonly [Pid, Ref] {
  return spawnOpt(body, { monitor: true });
}

/**
 * Starts a process with options; with `monitor: true` the result is `[pid, ref]`. See {@linkcode spawn}.
 *
 * @throws {TypeError} If `body` is none, or an option unknown.
 * @see OTP `proc_lib:spawn_opt/2,4`
 */
export function spawnOpt<const Options extends SpawnOptOptions>(
  body: Body,
  options: Options,
): Options extends { readonly monitor: true } ? readonly [Pid, Ref] : Pid;
export function spawnOpt(body: Body, options: SpawnOptOptions): Pid | readonly [Pid, Ref] {
  const parent = self();
  const process = launch("spawn", body, options, ["link", "monitor", "priority"]);
  if (options.link === true) link(parent, process.pid);
  return options.monitor === true
    ? [process.pid, monitor(parent, process, process.pid)]
    : process.pid;
}

/**
 * Starts a process that runs `body`, and resolves when that calls {@linkcode initAck}, with the value
 * which that is given: by convention `["ok", pid]`, whence the default of the type.
 *
 * If the process ends before, the result is `["error", reason]`, or what {@linkcode initFail} was given;
 * if `options.timeout` passes before, it is killed and the result `["error", "timeout"]`.
 *
 * @throws {TypeError} If `body` is none, or an option unknown; `monitor` is one of those.
 * @throws {RangeError} If `options.timeout` is negative or not a number.
 * @see OTP `proc_lib:start/3,4,5`
 *
 * @example Start, and wait until it is ready
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
 * Starts a process that is linked to the calling one. Otherwise as {@linkcode start}.
 *
 * If the start fails, the link ends the calling process, unless that traps exits or the reason is
 * `"normal"`. Who traps exits gets the result only, and no `EXIT` message. A timeout sends no signal.
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
 * Starts a process that the calling one monitors, and resolves with `[result, ref]`, where `result` is
 * as for {@linkcode start}. `["DOWN", ref, "process", pid, reason]` arrives when the process ends, also if
 * it did so before it had acknowledged.
 *
 * @see OTP `proc_lib:start_monitor/3,4,5`
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
 * In a process that was started by one of the `start` functions: has that resolve with `value`.
 *
 * Only the first one counts, and where nobody waits for it, it does nothing. Do not report failures
 * so; {@linkcode initFail} does that.
 *
 * @param args `value`, or the parent and `value`. The parent is who called `start`.
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
 * In a process that was started by one of the `start` functions: throws `thrown`, and when that has
 * ended the process, the start resolves with `value`. By then the process's names are free, and the
 * signals of its end have arrived.
 *
 * @param args `value` and `thrown`, or the parent and these. `thrown` is what to end with, such as
 * `exit("normal")`. Do not catch it.
 * @throws Always: what it was given.
 * @see OTP 26 `proc_lib:init_fail/2,3`
 *
 * @example
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

/** The start that waits for the calling process, provided that `parent` made it, if that is given. */
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
 * Stops a process that handles system messages: any server, or see `Sys.handleSystemMsg`. Resolves
 * with `"ok"` when it has ended with `reason`.
 *
 * @param reason Default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The process goes on stopping after that.
 * @throws {Exit} `[why, ["ProcLib", "stop", [server, reason, timeout]]]`, where `why` is `"noproc"`,
 * `"timeout"`, `"calling_self"` or the reason that the process ended with if that is another one. In OTP
 * it is `why` alone.
 * @throws {RangeError} If `timeout` is negative or not a number.
 * @see OTP `proc_lib:stop/1,3`
 */
export function stop(
  server: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return ask(server, reason, timeout, STOP) as Promise<"ok">;
}

/**
 * What a process was started with, if it was started here or is a server: `[module, name, arguments]`,
 * where the arguments are but placeholders. Otherwise, and if it has ended, `false`.
 *
 * @see OTP `proc_lib:initial_call/1`
 */
export function initialCall(
  pid: Pid,
): readonly [module: Term, name: string, args: readonly string[]] | false {
  const call = rawInitialCall(pid);
  if (call === undefined) return false;
  const [module, name, arity] = call;
  return [module, name, Array.from({ length: arity }, (_, i) => `Argument__${i + 1}`)];
}

/**
 * What a process was started with, as {@linkcode initialCall} has it, with the number of arguments.
 * Where nothing is known, `["proc_lib", "init_p", 5]`.
 *
 * @see OTP `proc_lib:translate_initial_call/1`
 */
export function translateInitialCall(pid: Pid): InitialCall {
  return rawInitialCall(pid) ?? ["proc_lib", "init_p", 5];
}

function rawInitialCall(pid: Pid): InitialCall | undefined {
  fence();
  if (!isPid(pid)) {
    throw new TypeError(`Cannot look at a process: expected a pid, found ${inspect(pid)}`);
  }
  const { process } = pid;
  if (process === null || process.behaviour === COROUTINE) return undefined;
  return process.behaviour.describe(process).initialCall as InitialCall;
}
