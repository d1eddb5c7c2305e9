/**
 * Sys: inspecting, tracing and suspending a running server. Works with every behaviour, and with other
 * processes that handle system messages ({@linkcode handleSystemMsg}).
 *
 * A server handles a system message between two other messages, also while it is suspended. A pending
 * asynchronous callback finishes first.
 *
 * All functions take a timeout in milliseconds, 5000 by default. They reject with an `Exit`
 * `[why, ["Sys", operation, [server, …, timeout]]]`, with the OTP name of the operation (`"get_state"`)
 * and `why` as for `GenServer.call`; and with a `RangeError` if the timeout is negative, fractional or not a
 * number.
 *
 * Use these functions only for debugging: a program that needs the state of a server should call the server.
 *
 * @example Inspecting a server, and changing its state
 * ```ts
 * import { GenServer, ok, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(await GenServer.start({ init: () => ok({ count: 1 }) }));
 * assertEquals(await Sys.getState(server), { count: 1 });
 * assertEquals(await Sys.replaceState(server, ({ count }) => ({ count: count + 1 })), { count: 2 });
 * assertEquals((await Sys.getStatus(server)).status, "running");
 * ```
 *
 * @example Counting and logging the events of a server
 * ```ts
 * import { GenServer, ok, reply, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(
 *   await GenServer.start({
 *     init: () => ok(0),
 *     handleCall: (_request: "next", _from: GenServer.From, n: number) => reply(n, n + 1),
 *   }),
 * );
 * await Sys.statistics(server, true);
 * await Sys.log(server, true);
 * await GenServer.call(server, "next");
 *
 * const [, counts] = await Sys.statistics(server, "get");
 * assertEquals(counts !== "no_statistics" && [counts.messagesIn, counts.messagesOut], [1, 1]);
 * const [, events] = await Sys.log(server, "get");
 * assertEquals(events.map(([kind]) => kind), ["in", "out"]);
 * ```
 *
 * @module
 */

import { hasThen, thenError } from "./kernel/awaitable.ts";
import { fairly } from "./kernel/fair.ts";
import { ask } from "./gen/client.ts";
import {
  Debug,
  type DebugFunction,
  type DebugOption,
  type FormatEvent,
  type InstallSpec,
  type Statistics,
  type SystemEvent,
} from "./gen/debug.ts";
import { DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import type { CallKind } from "./kernel/calls.ts";
import { exit } from "./kernel/exit.ts";
import type { ServerRef } from "./kernel/names.ts";
import { inspect } from "./kernel/inspect.ts";
import type { Pid, Term } from "./kernel/term.ts";
import type { SpecialModule } from "./sys/special.ts";

/** What this module is called where it is printed. */
export const moduleName = "Sys";

export type {
  Debug,
  DebugFunction,
  DebugOption,
  FormatEvent,
  InstallSpec,
  SpecialModule,
  Statistics,
  SystemEvent,
};
export { debugOptions, getLog, handleDebug, handleSystemMsg } from "./sys/special.ts";

/** A request for the debug functions of a server: the operation, and its name and arguments in errors. */
type DebugRequest = readonly [
  "debug",
  operation: (debug: Debug) => unknown,
  name: string,
  args: readonly Term[],
];

const SYSTEM: CallKind = {
  protocol: "system",
  message: (call) => ["system", call.from, call.request],
  describe: ({ server, request, timeout }) => {
    const [operation, ...args] = Array.isArray(request) ? request : [request];
    if (operation !== "debug") return ["Sys", operation, [server, ...args, timeout]];
    const [, , name, given] = request as DebugRequest;
    return ["Sys", name, [server, ...given, timeout]];
  },
};

function system(server: ServerRef, request: Term, timeout: number): Promise<Term> {
  return ask(server, request, timeout, SYSTEM);
}

/** The result of {@linkcode getStatus}. */
export interface Status {
  /** The server. */
  readonly pid: Pid;
  /** Its callback module. */
  readonly module: object;
  /** The behaviour: `"gen_server"`, … */
  readonly behaviour: string;
  /** Whether it is suspended. */
  readonly status: "running" | "suspended";
  /** The process that started it with a link; its own pid, if it was started without a link. */
  readonly parent: Pid;
  /** The name that it was started with. */
  readonly name: Term;
  /** Its process dictionary. */
  readonly dictionary: readonly (readonly [Term, Term])[];
  /** Whether it traps exits. */
  readonly trapExit: boolean;
  /** The debug functions that are installed. */
  readonly debug: readonly Term[];
  /** Its state, as formatted by its `formatStatus`. For a state machine, `[state, data]`. */
  readonly state: Term;
  /** For a state machine: the stack of its callback modules, the current one first. */
  readonly modules?: readonly object[];
  /** For a state machine: the postponed events, oldest first. */
  readonly postponed?: readonly Term[];
  /** For a state machine: the types and contents of the timeouts that are set. */
  readonly timeouts?: readonly Term[];
}

/**
 * Resolves with the state of a server. See the first example of this module.
 *
 * @throws {Exit} See the description of this module. `["callback_failed", callback, [class, reason]]`
 * if the callback `systemGetState` of a special process fails.
 * @see OTP `sys:get_state/1,2`
 */
export function getState(
  server: ServerRef,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Term> {
  return fairly(async () => {
    return unwrapped(await system(server, "get_state", timeout));
  });
}

/**
 * Replaces the state of a server by the result of `change`, and resolves with the new state. If
 * `change` throws, the state is unchanged. See the first example of this module.
 *
 * @param change Called by the server with the state. May be async.
 * @throws {Exit} `["callback_failed", callback, [class, reason]]` if `change` throws, where `class` is
 * `"error"`, `"exit"` or `"throw"`; otherwise see the description of this module.
 * @throws {TypeError} If `change` is not a function.
 * @see OTP `sys:replace_state/2,3`
 */
export function replaceState<State>(
  server: ServerRef,
  // deno-lint-ignore no-explicit-any -- the type of the state is the server's own
  change: (state: any) => State | Promise<State>,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<State> {
  return fairly(async () => {
    if (typeof change !== "function") {
      throw new TypeError(`Cannot replace a state: expected a function, found ${inspect(change)}`);
    }
    return unwrapped(await system(server, ["replace_state", change], timeout)) as State;
  });
}

function unwrapped(result: Term): Term {
  const [tag, value] = result as readonly [string, Term];
  if (tag === "ok" && hasThen(value)) throw thenError("return a state that is");
  if (tag === "ok") return value;
  throw exit(value);
}

/**
 * Resolves with the status of a server: an object, where OTP has a nested tuple. See the first example
 * of this module.
 *
 * @see OTP `sys:get_status/1,2`
 */
export function getStatus(
  server: ServerRef,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Status> {
  return system(server, "get_status", timeout) as Promise<Status>;
}

/**
 * Suspends a server: it handles only system messages until it is resumed. Other messages stay in its
 * mailbox, and its idle timeout is stopped. Suspending a suspended server has no effect.
 *
 * @see OTP `sys:suspend/1,2`
 *
 * @example Suspending and resuming
 * ```ts
 * import { GenServer, noreply, ok, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(
 *   await GenServer.start({ init: () => ok(1), handleCast: (n: number) => noreply(n) }),
 * );
 * await Sys.suspend(server);
 * GenServer.cast(server, 2);
 * assertEquals(await Sys.getState(server), 1);
 * await Sys.resume(server);
 * assertEquals(await Sys.getState(server), 2);
 * ```
 */
export function suspend(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return system(server, "suspend", timeout) as Promise<"ok">;
}

/** Resumes a suspended server. See the example of {@linkcode suspend}. @see OTP `sys:resume/1,2` */
export function resume(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return system(server, "resume", timeout) as Promise<"ok">;
}

/**
 * Orders a server to terminate with `reason`, after its `terminate` callback. Unlike `GenServer.stop`,
 * this does not wait until it has exited.
 *
 * @see OTP `sys:terminate/2,3`
 *
 * @example Terminating a server
 * ```ts
 * import { GenServer, ok, Process, receive, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(await GenServer.start({ init: () => ok(0) }));
 * const ref = Process.monitor(server);
 * assertEquals(await Sys.terminate(server, "shutdown"), "ok");
 * assertEquals(await receive(), ["DOWN", ref, "process", server, "shutdown"]);
 * ```
 */
export function terminate(
  server: ServerRef,
  reason: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return system(server, ["terminate", reason], timeout) as Promise<"ok">;
}

/**
 * Orders a suspended server to convert its state with its callback
 * `codeChange(oldVersion, state, extra)`. Resolves with `"ok"` if that returned `["ok", state]`.
 *
 * Otherwise the server keeps its state, and the result is `["error", reason]`, where `reason` is what the
 * callback returned instead, such as `["error", "refused"]`; the exit reason of the error that it threw; or
 * `["undef", "codeChange"]` if there is no such callback. If the server is not suspended, the result is
 * `["error", ["unknown_system_msg", request]]`.
 *
 * @see OTP `sys:change_code/4,5`
 *
 * @example Converting the state
 * ```ts
 * import { GenServer, ok, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Counter = {
 *   init: () => ok<number | { count: number }>(7),
 *   codeChange: (_oldVersion: unknown, count: number) => ok({ count }),
 * };
 * const server = unwrap(await GenServer.start(Counter));
 * await Sys.suspend(server);
 * assertEquals(await Sys.changeCode(server, "1.0", []), "ok");
 * await Sys.resume(server);
 * assertEquals(await Sys.getState(server), { count: 7 });
 * ```
 */
export function changeCode(
  server: ServerRef,
  oldVersion: Term,
  extra: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Term> {
  return system(server, ["change_code", undefined, oldVersion, extra], timeout);
}

/** Lets a server run `operation` on its debug functions. */
function debug<T>(
  server: ServerRef,
  timeout: number,
  name: string,
  args: readonly Term[],
  operation: (debug: Debug) => T,
): Promise<T> {
  return fairly(async () => {
    operation(new Debug()); // throws here if an argument is invalid, not in the server
    const request: DebugRequest = ["debug", operation, name, args];
    return await system(server, request, timeout) as T;
  });
}

/** As {@linkcode debug}, and resolves with `"ok"`. */
async function alter(
  server: ServerRef,
  timeout: number,
  name: string,
  args: readonly Term[],
  operation: (debug: Debug) => void,
): Promise<"ok"> {
  await debug(server, timeout, name, args, operation);
  return "ok";
}

/**
 * Counts the events of a server: `true` starts counting, `false` stops it, `"get"` resolves with
 * `["ok", statistics]`, or with `["ok", "no_statistics"]` if the server does not count. See the second
 * example of this module.
 *
 * @throws {TypeError} If `flag` is not one of these.
 * @see OTP `sys:statistics/2,3`
 */
export function statistics(
  server: ServerRef,
  flag: "get",
  timeout?: number,
): Promise<readonly ["ok", Statistics | "no_statistics"]>;
/** Starts or stops counting. */
export function statistics(server: ServerRef, flag: boolean, timeout?: number): Promise<"ok">;
export function statistics(
  server: ServerRef,
  flag: boolean | "get",
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok" | readonly ["ok", Statistics | "no_statistics"]> {
  if (flag === "get") {
    return debug(server, timeout, "statistics", [flag], (d) => ["ok", d.statistics()] as const);
  }
  return alter(server, timeout, "statistics", [flag], (debug) => debug.count(flag));
}

/**
 * Logs the last events of a server in memory: `true` (10 events) or `["keep", n]` starts logging,
 * `false` stops it, `"get"` resolves with `["ok", events]`, oldest first, and `"print"` prints them to
 * the console. See the second example of this module.
 *
 * @throws {TypeError} If `flag` is not one of these.
 * @throws {RangeError} If `n` is not at least 1.
 * @see OTP `sys:log/2,3`
 */
export function log(
  server: ServerRef,
  flag: "get",
  timeout?: number,
): Promise<readonly ["ok", readonly SystemEvent[]]>;
/** Starts or stops logging, or prints the events. */
export function log(
  server: ServerRef,
  flag: boolean | "print" | readonly ["keep", number],
  timeout?: number,
): Promise<"ok">;
export function log(
  server: ServerRef,
  flag: boolean | "get" | "print" | readonly ["keep", number],
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok" | readonly ["ok", readonly SystemEvent[]]> {
  const operation = (debug: Debug) => {
    if (flag === "print") debug.print();
    else if (Array.isArray(flag) && flag[0] === "keep") debug.log(true, flag[1]);
    else debug.log(flag as boolean);
  };
  if (flag !== "get") return alter(server, timeout, "log", [flag], operation);
  return debug(server, timeout, "log", [flag], (debug) => ["ok", debug.logged()] as const);
}

/**
 * Calls `sink` with a line of text for each event of a server; `false` stops that. A `sink` that throws
 * is removed.
 *
 * @throws {TypeError} If `sink` is neither a function nor `false`.
 * @see OTP `sys:log_to_file/2,3`, which takes the name of a file
 *
 * @example Collecting lines
 * ```ts
 * import { GenServer, noreply, ok, Sys } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Server = { init: () => ok(1), handleCast: (n: number) => noreply(n) };
 * await GenServer.start(Server, undefined, { name: "logged" });
 * const lines: string[] = [];
 * await Sys.logTo("logged", (line) => lines.push(line));
 * GenServer.cast("logged", 2);
 * await Sys.logTo("logged", false);
 * assertEquals(lines, ['*DBG* "logged" got cast 2', '*DBG* "logged" new state 2']);
 * ```
 */
export function logTo(
  server: ServerRef,
  sink: ((line: string) => void) | false,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  const given = sink === false ? null : sink;
  return alter(server, timeout, "log_to", [sink], (debug) => debug.logTo(given));
}

/**
 * Starts or stops printing a line of text for each event of a server.
 *
 * @param print Called with each line. Default: prints it to the console.
 * @throws {TypeError} If `on` is not a boolean, or `print` is not a function.
 * @see OTP `sys:trace/2,3`
 *
 * @example Tracing a server
 * ```ts
 * import { GenServer, noreply, ok, Sys } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Server = { init: () => ok(1), handleCast: (n: number) => noreply(n) };
 * await GenServer.start(Server, undefined, { name: "traced" });
 * const lines: string[] = [];
 * await Sys.trace("traced", true, 5000, (line) => lines.push(line));
 * GenServer.cast("traced", 2);
 * await Sys.trace("traced", false);
 * assertEquals(lines, ['*DBG* "traced" got cast 2', '*DBG* "traced" new state 2']);
 * ```
 */
export function trace(
  server: ServerRef,
  on: boolean,
  timeout: number = DEFAULT_TIMEOUT_MS,
  print?: (line: string) => void,
): Promise<"ok"> {
  return alter(server, timeout, "trace", [on], (debug) => debug.trace(on, print));
}

/**
 * Installs a debug function: it is called with its state and each event, and returns its next state, or
 * `"done"` to be removed. A function is installed only once, or, with an id, once for each id.
 *
 * A function that throws an error is removed; any other value that it throws counts as returned.
 *
 * @param spec `[function, state]` or `[id, function, state]`
 * @throws {TypeError} If `spec` has another form.
 * @see OTP `sys:install/2,3`
 *
 * @example Notifying an observer of the second cast
 * ```ts
 * import { GenServer, noreply, ok, receive, self, send, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(
 *   await GenServer.start({ init: () => ok(0), handleCast: (n: number) => noreply(n) }),
 * );
 * const observer = self();
 * await Sys.install(server, [(casts: number, event) => {
 *   if (event[0] !== "in") return casts;
 *   if (casts === 0) return 1;
 *   send(observer, event);
 *   return "done";
 * }, 0]);
 * GenServer.cast(server, 1);
 * GenServer.cast(server, 2);
 * assertEquals(await receive(), ["in", ["$gen_cast", 2]]);
 * ```
 */
export function install(
  server: ServerRef,
  spec: InstallSpec,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, "install", [spec], (debug) => debug.install(spec));
}

/**
 * Removes a debug function, given by itself or by its id.
 *
 * @see OTP `sys:remove/2,3`
 *
 * @example Removing a debug function
 * ```ts
 * import { GenServer, noreply, ok, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(
 *   await GenServer.start({ init: () => ok(0), handleCast: (n: number) => noreply(n) }),
 * );
 * const seen: unknown[] = [];
 * await Sys.install(server, ["recorder", (_state: undefined, event) => void seen.push(event), undefined]);
 * await Sys.remove(server, "recorder");
 * GenServer.cast(server, 1);
 * assertEquals(await Sys.getState(server), 1);
 * assertEquals(seen, []);
 * await Sys.noDebug(server); // removes all others
 * ```
 */
export function remove(
  server: ServerRef,
  functionOrId: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, "remove", [functionOrId], (debug) => debug.remove(functionOrId));
}

/** Removes all debug functions. See the example of {@linkcode remove}. @see OTP `sys:no_debug/1,2` */
export function noDebug(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return alter(server, timeout, "no_debug", [], (debug) => debug.clear());
}
