/**
 * Response tuples: what callbacks return, made by small constructors.
 *
 * They are OTP's own tuples; writing `["reply", value, state]` by hand is the same thing, only that
 * TypeScript then needs an `as const` to see a tuple in it.
 *
 * @example
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
 * What a callback may ask for besides: a number sets an idle timeout in milliseconds (`"timeout"`
 * arrives in `handleInfo` if no message comes before, 0 means "if none is there already"),
 * `"hibernate"` hints that no message is expected soon, `["continue", term]` has `handleContinue`
 * called before the next message is taken.
 */
export type Extra = number | "hibernate" | readonly ["continue", Term];

/** What `init` of a GenServer may return. */
export type Init<State> =
  | readonly ["ok", State]
  | readonly ["ok", State, Extra]
  | readonly ["stop", Term]
  | "ignore";

/** A response that answers a call. */
export type Reply<Value, State> =
  | readonly ["reply", Value, State]
  | readonly ["reply", Value, State, Extra];

/** A response that answers nothing, or nothing yet. */
export type Noreply<State> = readonly ["noreply", State] | readonly ["noreply", State, Extra];

/** A response that stops the server. */
export type Stop<State> = readonly ["stop", Term, State];

/** A response that stops the server after it has answered the call. */
export type StopReply<Value, State> = readonly ["stop", Term, Value, State];

/**
 * Any state. As a constraint it has the state in `reply(value, ["a", 1])` taken for a tuple, as it is meant, not
 * for an array.
 */
// deno-lint-ignore ban-types -- all that is neither null nor undefined is meant
export type AnyState = {} | [] | null | undefined;

/** From `init`: the server runs, with `state`. Mirrors `{:ok, state}`. */
export function ok<State extends AnyState>(state: State): readonly ["ok", State];
/** From `init`: the server runs, with `state`, and `extra`. Mirrors `{:ok, state, extra}`. */
export function ok<State extends AnyState>(
  state: State,
  extra: Extra,
): readonly ["ok", State, Extra];
export function ok(...args: [Term] | [Term, Extra]): readonly ["ok", ...Term[]] {
  return ["ok", ...args];
}

/** From `handleCall`: answers the caller with `value`. Mirrors `{:reply, value, state}`. */
export function reply<const Value, State extends AnyState>(
  value: Value,
  state: State,
  extra?: Extra,
): Reply<Value, State> {
  return extra === undefined ? ["reply", value, state] : ["reply", value, state, extra];
}

/**
 * From any handler: goes on with `state`. From `handleCall` the caller is left waiting, for a
 * {@linkcode GenServer.reply} by anybody. Mirrors `{:noreply, state}`.
 */
export function noreply<State extends AnyState>(state: State, extra?: Extra): Noreply<State> {
  return extra === undefined ? ["noreply", state] : ["noreply", state, extra];
}

/** From `init`: the server refuses to start, and the start answers `["error", reason]`. */
export function stop(reason: Term): readonly ["stop", Term];
/** From any handler: ends the server with `reason`, after its `terminate`. Mirrors `{:stop, reason, state}`. */
export function stop<State extends AnyState>(reason: Term, state: State): Stop<State>;
export function stop(...args: [Term] | [Term, Term]): readonly ["stop", Term, ...Term[]] {
  return ["stop", ...args];
}

/** From `handleCall`: answers with `value` and ends the server. Mirrors `{:stop, reason, reply, state}`. */
export function stopReply<const Value, State extends AnyState>(
  reason: Term,
  value: Value,
  state: State,
): StopReply<Value, State> {
  return ["stop", reason, value, state];
}

/** From `init`: the server does not want to run, which is no failure. Mirrors `:ignore`. */
export const ignore = "ignore" as const;

/** What {@linkcode unwrap} throws: carries what was found. */
export class MatchError extends Error {
  /** The name of the class. */
  override readonly name = "MatchError";
  /** What was found instead of `["ok", value]`. */
  readonly found: Term;

  /** Made by {@linkcode unwrap}. */
  constructor(found: Term) {
    super(`Cannot unwrap: expected ["ok", value], found ${inspect(found)}`);
    this.found = found;
  }
}

/** The value in a result of the shape `["ok", value]`. */
export type Unwrapped<Result> = Result extends readonly ["ok", infer Value] ? Value : never;

/**
 * The value in `["ok", value]`. Mirrors the match `{:ok, value} = result`.
 *
 * @throws {MatchError} If `result` is anything else.
 *
 * @example
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
