/**
 * Sys: looking into a server, and holding it, while it runs. Works with every behaviour.
 *
 * A server answers a system message between two others, also while it is suspended. An asynchronous
 * callback that is pending is waited for.
 *
 * @module
 */

import { ask } from "./client.ts";
import type { Debug, DebugFunction, InstallSpec, Statistics, SystemEvent } from "./debug.ts";
import type { CallKind } from "./kernel/calls.ts";
import { exit } from "./kernel/exit.ts";
import type { ServerRef } from "./kernel/names.ts";
import type { Pid, Term } from "./kernel/term.ts";

export type { DebugFunction, Statistics, SystemEvent };

const DEFAULT_TIMEOUT_MS = 5000;

const SYSTEM: CallKind = {
  message: (call) => ["system", call.from, call.request],
  describe: ({ server, request, timeout }) => {
    const [operation, ...args] = Array.isArray(request) ? request : [request];
    return ["Sys", operation, [server, ...args, timeout]];
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
  /** Its state, as its `formatStatus` words it. */
  readonly state: Term;
}

/**
 * The state of a server.
 *
 * @param timeout In milliseconds, default 5000.
 * @throws {Exit} `[why, ["Sys", "get_state", [server, timeout]]]`, `why` as for `GenServer.call`. So for
 * all functions of this module.
 * @see OTP `sys:get_state/1,2`
 */
export async function getState(
  server: ServerRef,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Term> {
  return unwrapped(await system(server, "get_state", timeout));
}

/**
 * Replaces the state of a server by what `change` makes of it, and resolves with the new one. If
 * `change` throws, the state stays.
 *
 * @throws {Exit} `["callback_failed", reason]` if `change` throws.
 * @see OTP `sys:replace_state/2,3`
 */
export async function replaceState<State>(
  server: ServerRef,
  // deno-lint-ignore no-explicit-any -- whoever calls knows the server's state
  change: (state: any) => State | Promise<State>,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<State> {
  return unwrapped(await system(server, ["replace_state", change], timeout)) as State;
}

function unwrapped(result: Term): Term {
  const [tag, value] = result as readonly [string, Term];
  if (tag === "ok") return value;
  throw exit(value);
}

/** What is known of a server. @see OTP `sys:get_status/1,2`, which answers a nested tuple */
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
 */
export function suspend(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return system(server, "suspend", timeout) as Promise<"ok">;
}

/** Lets a suspended server go on. @see OTP `sys:resume/1,2` */
export function resume(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return system(server, "resume", timeout) as Promise<"ok">;
}

/**
 * Ends a server with `reason`, after its `terminate`; does not wait for its end.
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
 * Has a server convert its state by its `codeChange(oldVersion, state, extra)`. It should be suspended.
 * Resolves with `"ok"` or `["error", reason]`.
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

function debug<T>(server: ServerRef, timeout: number, operation: (debug: Debug) => T): Promise<T> {
  return system(server, ["debug", operation], timeout) as Promise<T>;
}

/** Runs `operation` on the debug functions of a server, and resolves with `"ok"`. */
async function alter(
  server: ServerRef,
  timeout: number,
  operation: (debug: Debug) => void,
): Promise<"ok"> {
  await debug(server, timeout, operation);
  return "ok";
}

/**
 * Counts what a server does: `true` begins, `false` ends, `"get"` shows, or `"no_statistics"`.
 *
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
  if (flag === "get") return debug(server, timeout, (debug) => ["ok", debug.statistics()] as const);
  return alter(server, timeout, (debug) => debug.count(flag));
}

/**
 * Keeps the last events of a server: `true` or `["keep", n]` begins (10 events by default), `false` ends,
 * `"get"` resolves with `["ok", events]`, oldest first.
 *
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
  if (flag === "get") return debug(server, timeout, (debug) => ["ok", debug.logged()] as const);
  if (flag === "print") return alter(server, timeout, (debug) => debug.print(server));
  if (typeof flag === "boolean") return alter(server, timeout, (debug) => debug.log(flag));
  return alter(server, timeout, (debug) => debug.log(true, flag[1]));
}

/** Hands a line for each event to `sink`, until that is `false`. Mirrors `sys:log_to_file/2,3`, with a function for the file. */
export function logTo(
  server: ServerRef,
  sink: ((line: string) => void) | false,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, (debug) => debug.logTo(sink === false ? null : sink));
}

/**
 * Prints a line for each event of a server, or stops to.
 *
 * @param print Default: to the console.
 * @see OTP `sys:trace/2,3`
 */
export function trace(
  server: ServerRef,
  on: boolean,
  timeout: number = DEFAULT_TIMEOUT_MS,
  print?: (line: string) => void,
): Promise<"ok"> {
  return alter(server, timeout, (debug) => debug.trace(on, print));
}

/**
 * Installs a debug function: it sees each event, with its own state, and returns its next one, or
 * `"done"`. The same function is installed once; with an id, one function for each id.
 *
 * @param spec `[function, state]` or `[id, function, state]`
 * @see OTP `sys:install/2,3`
 */
export function install(
  server: ServerRef,
  spec: InstallSpec,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, (debug) => debug.install(spec));
}

/** Takes a debug function away, by itself or by its id. @see OTP `sys:remove/2,3` */
export function remove(
  server: ServerRef,
  functionOrId: Term,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<"ok"> {
  return alter(server, timeout, (debug) => debug.remove(functionOrId));
}

/** Takes all debug functions away. @see OTP `sys:no_debug/1,2` */
export function noDebug(server: ServerRef, timeout: number = DEFAULT_TIMEOUT_MS): Promise<"ok"> {
  return alter(server, timeout, (debug) => debug.clear());
}
