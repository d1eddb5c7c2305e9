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

import { inspect, inspectItems, textOf } from "./inspect.ts";
import { isA, isTuple, itemOf, itemsOf, sizeOf } from "./reader.ts";
import type { Term } from "./term.ts";

/**
 * An exit: what `throw exit(reason)` throws, and what a failed call rejects with.
 *
 * The `reason` of a failed call has OTP's shape:
 * `[why, ["GenServer", "call", [server, request, timeout]]]`. If the server exited because of an error,
 * that error is the `cause`.
 *
 * It carries the reason only. The `message`, the `cause` and the `stack` are made from it when they are read,
 * so that a failure costs the same whatever the reason contains.
 */
export class Exit extends Error {
  /** The name of the class. */
  override readonly name = "Exit";
  /** The exit reason, any term. */
  readonly reason: Term;

  /** Prefer {@linkcode exit}, which reads better after `throw`. */
  constructor(reason: Term) {
    super();
    this.reason = reason;
  }

  /** The reason as {@linkcode formatExit} words it. */
  override get message(): string {
    return formatExit(this.reason);
  }

  /** Sets a message in place of the one made from the reason. */
  override set message(message: string) {
    Object.defineProperty(this, "message", { value: message, writable: true, configurable: true });
  }

  /** The error in the reason, if there is one; for a failed call, the error that made the server exit. */
  override get cause(): unknown {
    return causeOf(this.reason);
  }

  /** What `console.log` shows on Deno. */
  [Symbol.for("Deno.customInspect")](
    print: typeof Deno.inspect,
    options: Deno.InspectOptions,
  ): string {
    return print(this.#shown(), options);
  }

  /** What `console.log` shows on Node. */
  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    print: (value: unknown, options: object) => string,
  ): string {
    return print(this.#shown(), options);
  }

  /** As an ordinary error, of which hosts do not show a `cause` of `undefined`. */
  #shown(): Error {
    const { message, cause, stack, reason } = this;
    const error = cause === undefined ? new Error(message) : new Error(message, { cause });
    for (const [key, value] of [["name", "Exit"], ["stack", stack]]) {
      Object.defineProperty(error, key!, { value, configurable: true, writable: true });
    }
    return Object.assign(error, { reason });
  }
}

/** How many failed calls, each the reason of the next, are searched for their cause. */
const SEARCHED_CALLS = 10_000;
/** How many of them are shown. */
const SHOWN_CALLS = 20;

/** The error in a reason; for a failed call, the error that made the server exit. */
function causeOf(reason: Term): Error | undefined {
  for (let why = reason, calls = 0; calls < SEARCHED_CALLS; calls++, why = itemOf(why, 0)) {
    if (isA(why, Error)) return why;
    const error = errorOf(why);
    if (error !== undefined) return error;
    if (sizeOf(why) !== 2 || callIn(itemOf(why, 1)) === undefined) return undefined;
  }
  return undefined;
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
  if (isA(thrown, Exit)) return thrown.reason;
  if (isA(thrown, NoProcessError)) return withStack(["noproc", ""], thrown);
  if (isA(thrown, Error)) return withStack([thrown, ""], thrown);
  return [["nocatch", thrown], ""];
}

/**
 * Puts the stack of `error` in the last place of `tuple`. The text is made when it is first read: that
 * takes V8 more than 30 us, four times as long as the rest of a restart.
 */
export function withStack(tuple: Term[], error: Error): Term {
  Object.defineProperty(tuple, tuple.length - 1, { get: () => stackOf(error) });
  return Object.defineProperty(tuple, Symbol.for("nodejs.util.inspect.custom"), INSPECTED);
}

/** The stack of an error, as text; empty if it has none, or if it cannot be read. */
export function stackOf(error: Error): string {
  try {
    const { stack } = error;
    return typeof stack === "string" ? stack : "";
  } catch {
    return "";
  }
}

/** Makes `console.log` show the text instead of the getter, on Deno and on Node. */
const INSPECTED = {
  value(this: readonly Term[]) {
    return [...this];
  },
};

/** What was thrown, with Erlang's class of exception: `[class, term]`. */
export function classified(thrown: unknown): readonly ["error" | "exit" | "throw", Term] {
  if (isA(thrown, Exit)) return ["exit", thrown.reason];
  if (isA(thrown, NoProcessError)) return ["error", "noproc"];
  return [isA(thrown, Error) ? "error" : "throw", thrown];
}

/** Tells whether a reason is not a failure: `"normal"`, `"shutdown"` or `["shutdown", term]`. */
export function isOrderly(reason: Term): boolean {
  return reason === "normal" || reason === "shutdown" || isTuple(reason, "shutdown", 2);
}

/** The error in a reason of the shape `[error, stack]`, or `undefined` if the reason has another shape. */
export function errorOf(reason: Term): Error | undefined {
  if (sizeOf(reason) !== 2) return undefined;
  const error = itemOf(reason, 0);
  return isA(error, Error) ? error : undefined;
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
 * @example A reason, and the exit of a call
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
  let text = "";
  for (let why = reason, calls = 0;; calls++, why = itemOf(why, 0)) {
    const whole = formatWhole(why);
    if (whole !== undefined) return text + whole;
    const call = sizeOf(why) === 2 ? callIn(itemOf(why, 1)) : undefined;
    if (call === undefined) return text + inspect(why);
    if (calls === SHOWN_CALLS) return `${text}...`;
    const [module, name, args] = call;
    text += `exited in: ${module}.${name}(${inspectItems(args)}): `;
  }
}

/** Formats a reason of a known shape; `undefined` if it has none, or is that of a failed call. */
function formatWhole(reason: Term): string | undefined {
  if (typeof reason === "string") {
    return Object.hasOwn(MEANINGS, reason) ? MEANINGS[reason] : inspect(reason);
  }
  if (sizeOf(reason) !== 2) return undefined;
  const why = itemOf(reason, 0);
  if (isA(why, Error)) return `an exception was raised: ${formatThrown(why)}`;
  switch (why) {
    case "shutdown":
      return `shutdown: ${inspect(itemOf(reason, 1))}`;
    case "bad_return_value":
      return `bad return value: ${inspect(itemOf(reason, 1))}`;
    case "nodedown":
      return `no connection to ${inspect(itemOf(reason, 1))}`;
  }
  if (isTuple(why, "nocatch", 2) && callIn(itemOf(reason, 1)) === undefined) {
    return `an uncaught value was thrown: ${inspect(itemOf(why, 1))}`;
  }
  return undefined;
}

/** The name and the message of an error, as far as they can be read. */
function formatThrown(error: Error): string {
  return `${textOf(error, "name")}: ${textOf(error, "message")}`;
}

/** The call `[module, name, arguments]` in the reason of a failed call. */
function callIn(term: Term): readonly [string, string, readonly Term[]] | undefined {
  const call = itemsOf(term, 3);
  if (call === undefined) return undefined;
  const [module, name, args] = call;
  return typeof module === "string" && typeof name === "string" && sizeOf(args) >= 0
    ? [module, name, args as readonly Term[]]
    : undefined;
}
