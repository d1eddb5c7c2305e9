/**
 * Sys: looking into a server, and holding it, while it runs. Works with every behaviour, and with
 * processes of one's own that handle system messages ({@linkcode handleSystemMsg}).
 *
 * A server answers a system message between two others, also while it is suspended. An asynchronous
 * callback that is pending is waited for.
 *
 * All functions take a timeout in milliseconds, 5000 by default. What they reject with is an `Exit`
 * `[why, ["Sys", operation, [server, …, timeout]]]`, with the OTP name of the operation (`"get_state"`)
 * and `why` as for `GenServer.call`; and a `RangeError` if the timeout is negative or not a number.
 *
 * For debugging only: a program that needs the state of a server should ask the server.
 *
 * @example Look into a server, and change its state
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
 * @example See what a server does
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
import { inspect, type Pid, type Term } from "./kernel/term.ts";
import type { SpecialModule } from "./sys/special.ts";

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

/** A request that works on the debug functions of a server: what it does, and what it is called. */
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

/** What {@linkcode getStatus} shows of a server. */
export interface Status {
  /** The server. */
  readonly pid: Pid;
  /** Its callback module. */
  readonly module: object;
  /** The behaviour: `"gen_server"`, … */
  readonly behaviour: string;
  /** Whether it is suspended. */
  readonly status: "running" | "suspended";
  /** Who started it with a link; itself, if nobody did. */
  readonly parent: Pid;
  /** The name that it was started under. */
  readonly name: Term;
  /** Its process dictionary. */
  readonly dictionary: readonly (readonly [Term, Term])[];
  /** Whether it traps exits. */
  readonly trapExit: boolean;
  /** The debug functions that are installed. */
  readonly debug: readonly Term[];
  /** Its state, as its `formatStatus` words it. Of a state machine, `[state, data]`. */
  readonly state: Term;
  /** Of a state machine: its callback modules, the one that counts first. */
  readonly modules?: readonly object[];
  /** Of a state machine: the events that are postponed, oldest first. */
  readonly postponed?: readonly Term[];
  /** Of a state machine: the types and contents of the timeouts that are set. */
  readonly timeouts?: readonly Term[];
}

/**
 * The state of a server.
 *
 * @throws {Exit} See the module's document. `["callback_failed", callback, what]` if a special process
 * fails to say.
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
 * Replaces the state of a server by what `change` makes of it, and resolves with the new one. If
 * `change` throws, the state stays. Also works while the server is suspended.
 *
 * @param change Run by the server. May be async.
 * @throws {Exit} `["callback_failed", callback, [class, what]]` if `change` throws, where `class` is
 * `"error"`, `"exit"` or `"throw"`; else see the module's document.
 * @throws {TypeError} If `change` is no function.
 * @see OTP `sys:replace_state/2,3`
 */
export function replaceState<State>(
  server: ServerRef,
  // deno-lint-ignore no-explicit-any -- whoever calls knows the server's state
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
 * What is known of a server: an object, where OTP has a nested tuple.
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
 * Suspends a server: it answers system messages only, until it is resumed. Its mail waits, its
 * idle timeout does not run. Suspending twice is suspending once.
 *
 * @see OTP `sys:suspend/1,2`
 *
 * @example
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

/** Lets a suspended server go on. @see OTP `sys:resume/1,2` */
export function resume(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return system(server, "resume", timeout) as Promise<"ok">;
}

/**
 * Ends a server with `reason`, after its `terminate`; does not wait for its end, as `GenServer.stop` does.
 *
 * @see OTP `sys:terminate/2,3`
 */
export function terminate(
  server: ServerRef,
  reason: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return system(server, ["terminate", reason], timeout) as Promise<"ok">;
}

/**
 * Has a server convert its state by its `codeChange(oldVersion, state, extra)`. Resolves with `"ok"` or
 * `["error", reason]`. It must be suspended, else it answers `["error", ["unknown_system_msg", request]]`.
 *
 * @see OTP `sys:change_code/4,5`
 */
export function changeCode(
  server: ServerRef,
  oldVersion: Term,
  extra: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Term> {
  return system(server, ["change_code", undefined, oldVersion, extra], timeout);
}

/** Has a server run `operation` on its debug functions. */
function debug<T>(
  server: ServerRef,
  timeout: number,
  name: string,
  args: readonly Term[],
  operation: (debug: Debug) => T,
): Promise<T> {
  return fairly(async () => {
    operation(new Debug()); // fails here, if it must
    const request: DebugRequest = ["debug", operation, name, args];
    return await system(server, request, timeout) as T;
  });
}

/** Has a server run `operation` on its debug functions, and resolves with `"ok"`. */
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
 * Counts what a server does: `true` begins, `false` ends, `"get"` resolves with `["ok", statistics]`, or
 * with `["ok", "no_statistics"]` if it does not count.
 *
 * @throws {TypeError} If `flag` is none of these.
 * @see OTP `sys:statistics/2,3`
 */
export function statistics(
  server: ServerRef,
  flag: "get",
  timeout?: number,
): Promise<readonly ["ok", Statistics | "no_statistics"]>;
/** Begins or ends counting. */
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
 * Keeps the last events of a server: `true` or `["keep", n]` begins (10 events by default), `false` ends,
 * `"get"` resolves with `["ok", events]`, oldest first; `"print"` prints them to the console.
 *
 * @throws {TypeError} If `flag` is none of these.
 * @throws {RangeError} If `n` is not at least 1.
 * @see OTP `sys:log/2,3`
 */
export function log(
  server: ServerRef,
  flag: "get",
  timeout?: number,
): Promise<readonly ["ok", readonly SystemEvent[]]>;
/** Begins or ends keeping events, or prints them. */
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
 * Hands a line for each event of a server to `sink`, until that is `false`. A `sink` that throws is taken
 * away.
 *
 * @throws {TypeError} If `sink` is no function.
 * @see OTP `sys:log_to_file/2,3`, which takes the name of a file
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
 * Prints a line for each event of a server, or stops to.
 *
 * @param print Takes the lines. Default: prints them to the console.
 * @throws {TypeError} If `on` is no boolean, or `print` no function.
 * @see OTP `sys:trace/2,3`
 *
 * @example
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
 * Installs a debug function: it sees each event, with its own state, and returns its next one, or
 * `"done"`. The same function is installed once; with an id, one function for each id.
 *
 * A function that throws an error is taken away; any other value that it throws counts as returned.
 *
 * @param spec `[function, state]` or `[id, function, state]`
 * @throws {TypeError} If `spec` has another form.
 * @see OTP `sys:install/2,3`
 *
 * @example Be told of the second cast
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

/** Takes a debug function away, by itself or by its id. @see OTP `sys:remove/2,3` */
export function remove(
  server: ServerRef,
  functionOrId: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, "remove", [functionOrId], (debug) => debug.remove(functionOrId));
}

/** Takes all debug functions away. @see OTP `sys:no_debug/1,2` */
export function noDebug(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return alter(server, timeout, "no_debug", [], (debug) => debug.clear());
}
