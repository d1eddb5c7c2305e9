/**
 * Response tuples, which callbacks return, and functions that build them. Used by GenServer callbacks.
 *
 * They are OTP's tuples. `["reply", value, state]` can be written by hand, but needs an `as const` for
 * TypeScript to infer a tuple.
 *
 * @example The responses of init and of the other callbacks
 * ```ts
 * import { ignore, noreply, ok, reply, stop, stopReply } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * // From init
 * assertEquals(ok("state"), ["ok", "state"]);
 * assertEquals(ok("state", ["continue", "load"]), ["ok", "state", ["continue", "load"]]);
 * assertEquals(stop("no_license"), ["stop", "no_license"]);
 * assertEquals(ignore, "ignore");
 *
 * // From a handler
 * assertEquals(reply("value", "state"), ["reply", "value", "state"]);
 * assertEquals(noreply("state", 5000), ["noreply", "state", 5000]);
 * assertEquals(stop("normal", "state"), ["stop", "normal", "state"]);
 * assertEquals(stopReply("normal", "value", "state"), ["stop", "normal", "value", "state"]);
 * ```
 *
 * @module
 */

import { inspect } from "./kernel/inspect.ts";
import type { Term } from "./kernel/term.ts";

/**
 * What a response may request in addition: a number sets an idle timeout in milliseconds (`handleInfo` gets
 * `"timeout"` if no message arrives before; 0 means if none is in the mailbox), `"hibernate"` is a hint that
 * no message is expected soon, `["continue", term]` calls `handleContinue` before the next message is taken.
 */
export type Extra = number | "hibernate" | readonly ["continue", Term];

/** What `init` of a GenServer may return. */
export type Init<State> =
  | readonly ["ok", State]
  | readonly ["ok", State, Extra]
  | readonly ["stop", Term]
  | "ignore";

/** A response that replies to a call. */
export type Reply<Value, State> =
  | readonly ["reply", Value, State]
  | readonly ["reply", Value, State, Extra];

/** A response without a reply: to a cast or another message, or to a call that is replied to later. */
export type Noreply<State> = readonly ["noreply", State] | readonly ["noreply", State, Extra];

/** A response that stops the server. */
export type Stop<State> = readonly ["stop", Term, State];

/** A response that replies to the call and stops the server. */
export type StopReply<Value, State> = readonly ["stop", Term, Value, State];

/**
 * Any state. As a constraint it makes TypeScript infer the state in `reply(value, ["a", 1])` as a tuple, not
 * as an array.
 */
// deno-lint-ignore ban-types -- any value except null and undefined
export type AnyState = {} | [] | null | undefined;

/**
 * From `init`: the server starts with `state`. Mirrors `{:ok, state}`.
 *
 * @example A state, and a state with a `handleContinue` to follow
 * ```ts
 * import { ok } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ok("state"), ["ok", "state"]);
 * assertEquals(ok("state", ["continue", "load"]), ["ok", "state", ["continue", "load"]]);
 * ```
 */
export function ok<State extends AnyState>(state: State): readonly ["ok", State];
/**
 * From `init`: the server starts with `state`, and does what `extra` requests. Mirrors `{:ok, state, extra}`.
 */
export function ok<State extends AnyState>(
  state: State,
  extra: Extra,
): readonly ["ok", State, Extra];
export function ok(...args: [Term] | [Term, Extra]): readonly ["ok", ...Term[]] {
  return ["ok", ...args];
}

/**
 * From `handleCall`: replies to the caller with `value`. Mirrors `{:reply, value, state}`.
 *
 * @example A reply and the next state
 * ```ts
 * import { GenServer, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Counter = {
 *   init: (count: number) => ok(count),
 *   handleCall: (_request: "next", _from: GenServer.From, count: number) => reply(count, count + 1),
 * };
 *
 * const counter = unwrap(await GenServer.start(Counter, 1));
 * assertEquals(await GenServer.call(counter, "next"), 1);
 * assertEquals(await GenServer.call(counter, "next"), 2);
 * ```
 */
export function reply<const Value, State extends AnyState>(
  value: Value,
  state: State,
  extra?: Extra,
): Reply<Value, State> {
  return extra === undefined ? ["reply", value, state] : ["reply", value, state, extra];
}

/**
 * From all callbacks except `init`: continues with `state`. From `handleCall`, the caller waits until
 * {@linkcode GenServer.reply} is called. Mirrors `{:noreply, state}`.
 *
 * @example The next state, and an idle timeout of 5000 ms
 * ```ts
 * import { noreply } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(noreply("state"), ["noreply", "state"]);
 * assertEquals(noreply("state", 5000), ["noreply", "state", 5000]);
 * ```
 */
export function noreply<State extends AnyState>(state: State, extra?: Extra): Noreply<State> {
  return extra === undefined ? ["noreply", state] : ["noreply", state, extra];
}

/**
 * From `init`: the server does not start, and the start returns `["error", reason]`. Mirrors
 * `{:stop, reason}`.
 *
 * @example In `init`, and in another callback
 * ```ts
 * import { GenServer, ok, stop, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Server = {
 *   init: (license: string) => license === "" ? stop("no_license") : ok(license),
 *   handleCast: (_request: "stop", license: string) => stop("normal", license),
 * };
 *
 * assertEquals(await GenServer.start(Server, ""), ["error", "no_license"]);
 * const server = unwrap(await GenServer.start(Server, "MIT"));
 * assertEquals(GenServer.cast(server, "stop"), "ok");
 * ```
 */
export function stop(reason: Term): readonly ["stop", Term];
/**
 * From all callbacks except `init`: stops the server with `reason`; `terminate` is called. Mirrors
 * `{:stop, reason, state}`.
 */
export function stop<State extends AnyState>(reason: Term, state: State): Stop<State>;
export function stop(...args: [Term] | [Term, Term]): readonly ["stop", Term, ...Term[]] {
  return ["stop", ...args];
}

/**
 * From `handleCall`: replies with `value` and stops the server. Mirrors `{:stop, reason, reply, state}`.
 *
 * @example A server that exits after its reply
 * ```ts
 * import { GenServer, ok, Process, stopReply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Once = {
 *   init: (value: number) => ok(value),
 *   handleCall: (_request: "take", _from: GenServer.From, value: number) =>
 *     stopReply("normal", value, value),
 * };
 *
 * const once = unwrap(await GenServer.start(Once, 42));
 * assertEquals(await GenServer.call(once, "take"), 42);
 * assertEquals(Process.isAlive(once), false);
 * ```
 */
export function stopReply<const Value, State extends AnyState>(
  reason: Term,
  value: Value,
  state: State,
): StopReply<Value, State> {
  return ["stop", reason, value, state];
}

/** From `init`: the server does not start, which is not an error. Mirrors `:ignore`. */
export const ignore = "ignore" as const;

/** The error that {@linkcode unwrap} throws. */
export class MatchError extends Error {
  /** The name of the class. */
  override readonly name = "MatchError";
  /** The value that was found instead of `["ok", value]`. */
  readonly found: Term;

  /** Created by {@linkcode unwrap}. */
  constructor(found: Term) {
    super(`Cannot unwrap: expected ["ok", value], found ${inspect(found)}`);
    this.found = found;
  }
}

/** The value in a result of the shape `["ok", value]`. */
export type Unwrapped<Result> = Result extends readonly ["ok", infer Value] ? Value : never;

/**
 * Returns the value in `["ok", value]`. Mirrors the match `{:ok, value} = result`.
 *
 * @throws {MatchError} If `result` has any other shape.
 *
 * @example A value, and an error
 * ```ts
 * import { unwrap } from "@denotp/otp";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(unwrap(["ok", 1]), 1);
 * assertThrows(() => unwrap(["error", "enoent"]), Error, 'found ["error", "enoent"]');
 * ```
 */
export function unwrap<const Result>(result: Result): Unwrapped<Result> {
  if (Array.isArray(result) && result.length === 2 && result[0] === "ok") return result[1];
  throw new MatchError(result);
}
