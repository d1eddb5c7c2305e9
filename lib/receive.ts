/**
 * Receive: selective receive, as Erlang's and Elixir's `receive`, for processes that run a function of
 * their own rather than a behaviour. `mod.ts` exports it flat; the waiting itself is in `kernel/receive.ts`.
 *
 * @module
 */

import { rejectFairly } from "./kernel/fair.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { isArray, itemOf, itemsOf, sizeOf } from "./kernel/reader.ts";
import { receiveMessage, takeAll, TIMED_OUT } from "./kernel/receive.ts";
import { self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import type { Term } from "./kernel/term.ts";
import { type Matched, matches } from "./kernel/match.ts";

/** A clause for the messages that match a pattern; made by {@linkcode on}. */
export class PatternClause<Result> {
  /**
   * Whether a message matches.
   *
   * @internal
   */
  readonly fits: (message: Term) => boolean;
  /**
   * Called with a message that matches.
   *
   * @internal
   */
  readonly body: (message: Term) => Result;

  /** Use {@linkcode on}. */
  constructor(fits: (message: Term) => boolean, body: (message: Term) => Result) {
    this.fits = fits;
    this.body = body;
  }
}

/** The clause that runs when no message matched in time; made by {@linkcode after}. */
export class AfterClause<Result> {
  /**
   * In milliseconds.
   *
   * @internal
   */
  readonly timeout: number;
  /**
   * Called when the time has passed.
   *
   * @internal
   */
  readonly body: () => Result;

  /** Use {@linkcode after}. */
  constructor(timeout: number, body: () => Result) {
    this.timeout = timeout;
    this.body = body;
  }
}

/**
 * Clauses by tag: a message that is the atom `tag`, or a tuple whose first element is that atom, matches
 * the function under that key, which is called with the other elements of the tuple.
 */
// deno-lint-ignore no-explicit-any -- the arguments are whatever the senders have put there
export type TagClauses = { readonly [tag: string]: (...args: any[]) => unknown };

/** A clause of {@linkcode receive}. */
export type Clause = TagClauses | PatternClause<unknown> | AfterClause<unknown>;

/** The type of the result of a {@linkcode receive} with these clauses. */
export type ResultOf<Clauses extends readonly Clause[]> = Clauses extends readonly [] ? Term
  : Clauses[number] extends infer Each ? Each extends PatternClause<infer Result> ? Awaited<Result>
    : Each extends AfterClause<infer Result> ? Awaited<Result>
      // deno-lint-ignore no-explicit-any -- see TagClauses
    : Each extends { readonly [tag: string]: (...args: any[]) => infer Result } ? Awaited<Result>
    : never
  : never;

/**
 * A clause of {@linkcode receive} for the messages that match `pattern` (see {@linkcode matches}). See
 * the example of {@linkcode receive}.
 *
 * @param body Called with the whole message; its result is the result of the receive. May be async.
 * @throws {TypeError} If `body` is not a function.
 */
export function on<const Pattern, Result>(
  pattern: Pattern,
  body: (message: Matched<Pattern>) => Result,
): PatternClause<Result> {
  assertFunction(body, "receive with on(pattern, body)");
  return new PatternClause(
    (message) => matches(pattern, message),
    body as (message: Term) => Result,
  );
}

/**
 * The clause of {@linkcode receive} that runs when no message has matched within `timeout` milliseconds.
 * With 0 it runs at once if no message in the mailbox matches.
 *
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @throws {TypeError} If `body` is not a function.
 *
 * @example Polling the mailbox
 * ```ts
 * import { after, receive } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await receive({ ready: () => "ready" }, after(0, () => "nothing yet"));
 * assertEquals(result, "nothing yet");
 * ```
 */
export function after<Result>(timeout: number, body: () => Result): AfterClause<Result> {
  checkTimeout("receive", timeout);
  assertFunction(body, "receive with after(timeout, body)");
  return new AfterClause(timeout, body);
}

/**
 * Removes the first message from the mailbox that matches a clause, or waits for one, and resolves with
 * the result of that clause. Messages that match no clause stay in the mailbox, and so do those that cannot
 * be read, such as a revoked proxy, and those for which a guard throws.
 *
 * A clause is an object of functions by tag, {@linkcode on} for patterns and guards, or {@linkcode after},
 * at most once. Clauses are tried in order. Without any clause, the result is the first message.
 *
 * A process can receive in one place at a time. Outside of processes, this reads the mailbox of the main
 * process.
 *
 * A promise, or another object that has a method `then`, can be received with a clause only, as no promise
 * resolves with it. Without a clause it is removed from the mailbox and dropped, and `receive` rejects.
 *
 * @throws {TypeError} If the message has a method `then`, and there is no clause.
 * @throws {TypeError} If the process already waits in a `receive` (perhaps one that lost a
 * `Promise.race`: give that one an `after`), if an argument is not a clause, or if there is more than one
 * {@linkcode after}. A message whose tag has a value that is not a function stays in the mailbox.
 * @see Erlang's and Elixir's `receive`
 *
 * @example A server without a behaviour
 * ```ts
 * import { after, type Pid, receive, self, send, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * function listen(state: number): Promise<number> {
 *   return receive({
 *     add: (number: number) => state + number,
 *     clear: () => 0,
 *     state: (client: Pid) => {
 *       send(client, ["state", state]);
 *       return state;
 *     },
 *   });
 * }
 *
 * const calculator = spawn(async () => {
 *   for (let state = 0;;) state = await listen(state);
 * });
 *
 * send(calculator, "clear");
 * send(calculator, ["add", 10]);
 * send(calculator, ["state", self()]);
 * const state = await receive(
 *   { state: (value: number) => value },
 *   after(5000, () => "no answer" as const),
 * );
 * assertEquals(state, 10);
 * ```
 *
 * @example Patterns and guards
 * ```ts
 * import { _, on, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [pid, ref] = spawnMonitor(() => {});
 * const reason = await receive(on(["DOWN", ref, "process", pid, _], ([, , , , reason]) => reason));
 * assertEquals(reason, "normal");
 * ```
 */
export function receive<const Clauses extends readonly Clause[]>(
  ...clauses: Clauses
): Promise<ResultOf<Clauses>>;
export async function receive(...clauses: Clause[]): Promise<unknown> {
  let body: (() => unknown) | undefined;
  try {
    const process = self();
    if (clauses.length === 0) return await receiveMessage(process, null, Infinity);
    const { wanted, otherwise } = sort(clauses);
    const accepts = (message: Term) => (body = choose(wanted, message)) !== undefined;
    const message = await receiveMessage(process, accepts, otherwise?.timeout ?? Infinity);
    if (message === TIMED_OUT) body = () => otherwise!.body();
  } catch (error) {
    return await rejectFairly(error);
  }
  return body!();
}

/** Separates the clauses for messages from the `after` clause. */
function sort(clauses: readonly Clause[]) {
  const wanted: (TagClauses | PatternClause<unknown>)[] = [];
  let otherwise: AfterClause<unknown> | undefined;
  for (const clause of clauses) {
    if (!(clause instanceof AfterClause)) {
      if (typeof clause !== "object" || clause === null || Array.isArray(clause)) {
        throw notAClause(clause);
      }
      wanted.push(clause);
    } else if (otherwise === undefined) otherwise = clause;
    else throw new TypeError("Cannot receive: there is more than one after clause");
  }
  return { wanted, otherwise };
}

function assertFunction(body: unknown, what: string): void {
  if (typeof body === "function") return;
  throw new TypeError(`Cannot ${what}: expected a function for the body, found ${inspect(body)}`);
}

function notAClause(found: unknown): TypeError {
  return new TypeError(
    "Cannot receive: a clause is an object of functions by tag, on(pattern, body) or " +
      `after(timeout, body), found ${inspect(found)}`,
  );
}

/** The body of the first clause that `message` matches. */
function choose(
  clauses: readonly (TagClauses | PatternClause<unknown>)[],
  message: Term,
): (() => unknown) | undefined {
  const tag = isArray(message) ? itemOf(message, 0) : message;
  for (const clause of clauses) {
    if (clause instanceof PatternClause) {
      if (clause.fits(message)) return () => clause.body(message);
    } else if (typeof tag === "string" && Object.hasOwn(clause, tag)) {
      const body = clause[tag];
      if (typeof body !== "function") throw notAClause(clause);
      const items = isArray(message) ? itemsOf(message, sizeOf(message)) : [];
      if (items !== undefined) return () => body.apply(clause, items.slice(1));
    }
  }
  return undefined;
}

/**
 * Removes all messages from the mailbox of the calling process and returns them, oldest first.
 *
 * @see IEx `flush/0`, which prints them
 *
 * @example Emptying the mailbox
 * ```ts
 * import { flush, self, send } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * send(self(), "a");
 * send(self(), "b");
 * assertEquals(flush(), ["a", "b"]);
 * assertEquals(flush(), []);
 * ```
 */
export function flush(): Term[] {
  return takeAll(self());
}
