/**
 * Exit reasons, and the error that carries one.
 *
 * JavaScript has one `throw` where Erlang has three classes of exceptions. This module maps them:
 *
 * | in TypeScript | is Erlang's | a process that does not catch it exits with |
 * | --- | --- | --- |
 * | `throw new Error("x")` (any `Error`) | `error/1` | `[error, stack]` |
 * | `throw exit(reason)` | `exit/1` | `reason` |
 * | `throw value` (not an `Error`) | `throw/1` | `[["nocatch", value], stack]` |
 *
 * @module
 */

import { inspect, type Term } from "./term.ts";

/**
 * An exit: what `throw exit(reason)` throws, and what a failed call rejects with.
 *
 * The `reason` of a failed call has OTP's shape:
 * `[why, ["GenServer", "call", [server, request, timeout]]]`. If the server exited because of an error,
 * that error is the `cause`.
 */
export class Exit extends Error {
  /** The name of the class. */
  override readonly name = "Exit";
  /** The exit reason, any term. */
  readonly reason: Term;

  /** Prefer {@linkcode exit}, which reads better after `throw`. */
  constructor(reason: Term) {
    const cause = causeOf(reason);
    super(formatExit(reason), cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** The error in a reason; for a failed call, the error that made the server exit. */
function causeOf(reason: Term): Error | undefined {
  if (reason instanceof Error) return reason;
  if (!Array.isArray(reason) || reason.length !== 2) return undefined;
  return errorOf(reason) ?? (isCall(reason[1]) ? causeOf(reason[0]) : undefined);
}

/**
 * Makes the {@linkcode Exit} to throw so that the calling process exits with `reason`:
 * `throw exit("normal")`.
 *
 * Mirrors `exit/1`. To send an exit signal to another process, use {@linkcode Process.exit}.
 *
 * @example Exit with a custom reason
 * ```ts
 * import { exit, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [pid, ref] = spawnMonitor(() => {
 *   throw exit("bye");
 * });
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "bye"]);
 * ```
 */
export function exit(reason: Term): Exit {
  return new Exit(reason);
}

/** The error of a function that needs a process that does not exist: in Erlang the error `noproc`. */
export class NoProcessError extends TypeError {}

/**
 * The exit reason of a process whose code threw `thrown`: the reason of an {@linkcode Exit},
 * `["noproc", stack]` of a {@linkcode NoProcessError}, `[error, stack]` of any other error,
 * `[["nocatch", value], stack]` of any other value.
 */
export function reasonOf(thrown: unknown): Term {
  if (thrown instanceof Exit) return thrown.reason;
  if (thrown instanceof NoProcessError) return withStack(["noproc", ""], thrown);
  if (thrown instanceof Error) return withStack([thrown, ""], thrown);
  return [["nocatch", thrown], ""];
}

/**
 * Puts the stack of `error` in the last place of `tuple`. The text is made when it is first read: that
 * takes V8 more than 30 us, four times as long as the rest of a restart.
 */
export function withStack(tuple: Term[], error: Error): Term {
  Object.defineProperty(tuple, tuple.length - 1, { get: () => error.stack ?? "" });
  return Object.defineProperty(tuple, Symbol.for("nodejs.util.inspect.custom"), INSPECTED);
}

/** Makes `console.log` show the text instead of the getter, on Deno and on Node. */
const INSPECTED = {
  value(this: readonly Term[]) {
    return [...this];
  },
};

/** What was thrown, with Erlang's class of exception: `[class, term]`. */
export function classified(thrown: unknown): readonly ["error" | "exit" | "throw", Term] {
  if (thrown instanceof Exit) return ["exit", thrown.reason];
  if (thrown instanceof NoProcessError) return ["error", "noproc"];
  return [thrown instanceof Error ? "error" : "throw", thrown];
}

/** Tells whether a reason is not a failure: `"normal"`, `"shutdown"` or `["shutdown", term]`. */
export function isOrderly(reason: Term): boolean {
  return reason === "normal" || reason === "shutdown" ||
    (Array.isArray(reason) && reason.length === 2 && reason[0] === "shutdown");
}

/** The error in a reason of the shape `[error, stack]`, or `undefined` if the reason has another shape. */
export function errorOf(reason: Term): Error | undefined {
  return Array.isArray(reason) && reason.length === 2 && reason[0] instanceof Error
    ? reason[0]
    : undefined;
}

const MEANINGS: Record<string, string> = {
  normal: "normal",
  shutdown: "shutdown",
  killed: "killed",
  noconnection: "no connection",
  noproc: "no process: the process is not alive or there's no process currently associated with " +
    "the given name, possibly because its application isn't started",
  calling_self: "process attempted to call itself",
  timeout: "time out",
};

/**
 * Formats an exit reason as text. Mirrors Elixir's `Exception.format_exit/1`.
 *
 * @example
 * ```ts
 * import { formatExit } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatExit(["shutdown", "upgrade"]), 'shutdown: "upgrade"');
 * assertEquals(
 *   formatExit(["timeout", ["GenServer", "call", ["stack", "pop", 5000]]]),
 *   'exited in: GenServer.call("stack", "pop", 5000): time out',
 * );
 * ```
 */
export function formatExit(reason: Term): string {
  if (typeof reason === "string") return MEANINGS[reason] ?? inspect(reason);
  if (Array.isArray(reason) && reason.length === 2) {
    const [why, call] = reason;
    if (why instanceof Error) return `an exception was raised: ${why.name}: ${why.message}`;
    if (why === "shutdown") return `shutdown: ${inspect(call)}`;
    if (why === "bad_return_value") return `bad return value: ${inspect(call)}`;
    if (why === "nodedown") return `no connection to ${inspect(call)}`;
    if (isCall(call)) {
      const [module, name, args] = call;
      return `exited in: ${module}.${name}(${args.map(inspect).join(", ")}): ${formatExit(why)}`;
    }
    if (Array.isArray(why) && why[0] === "nocatch" && why.length === 2) {
      return `an uncaught value was thrown: ${inspect(why[1])}`;
    }
  }
  return inspect(reason);
}

function isCall(term: unknown): term is readonly [string, string, readonly unknown[]] {
  return Array.isArray(term) && term.length === 3 && typeof term[0] === "string" &&
    typeof term[1] === "string" && Array.isArray(term[2]);
}
