/**
 * Receive: how a process with its own control flow takes its mail.
 *
 * @module
 */

import { rejectFairly } from "./kernel/fair.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { receiveMessage, takeAll, TIMED_OUT } from "./kernel/receive.ts";
import { self } from "./kernel/self.ts";
import { inspect, type Term } from "./kernel/term.ts";
import { type Matched, matches } from "./kernel/match.ts";

/** A clause for the messages that fit a pattern; made by {@linkcode on}. */
export class PatternClause<Result> {
  /**
   * Whether the clause takes a message.
   *
   * @internal
   */
  readonly fits: (message: Term) => boolean;
  /**
   * What becomes of it.
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

/** What to do when no message came in time; made by {@linkcode after}. */
export class AfterClause<Result> {
  /**
   * Milliseconds.
   *
   * @internal
   */
  readonly timeout: number;
  /**
   * What to do then.
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
 * Clauses by tag: a message that is the atom `tag`, or a tuple that starts with it, goes to the
 * function under that key, which gets the rest of the tuple for arguments.
 */
// deno-lint-ignore no-explicit-any -- the arguments are whatever the senders have put there
export type TagClauses = { readonly [tag: string]: (...args: any[]) => unknown };

/** A clause of {@linkcode receive}. */
export type Clause = TagClauses | PatternClause<unknown> | AfterClause<unknown>;

/** What the clauses of a {@linkcode receive} come to. */
export type ResultOf<Clauses extends readonly Clause[]> = Clauses extends readonly [] ? Term
  : Clauses[number] extends infer Each ? Each extends PatternClause<infer Result> ? Awaited<Result>
    : Each extends AfterClause<infer Result> ? Awaited<Result>
      // deno-lint-ignore no-explicit-any -- see TagClauses
    : Each extends { readonly [tag: string]: (...args: any[]) => infer Result } ? Awaited<Result>
    : never
  : never;

/**
 * A clause of {@linkcode receive} for the messages that fit `pattern` (see {@linkcode matches}).
 *
 * @param body Gets the whole message; its result is the result of the receive. May be async.
 * @throws {TypeError} If `body` is no function.
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
 * The clause of {@linkcode receive} for the case that no message came for `timeout` ms: at once if
 * that is 0 and none of those already there is wanted.
 *
 * @throws {RangeError} If `timeout` is negative or not a number.
 * @throws {TypeError} If `body` is no function.
 */
export function after<Result>(timeout: number, body: () => Result): AfterClause<Result> {
  checkTimeout("receive", timeout);
  assertFunction(body, "receive with after(timeout, body)");
  return new AfterClause(timeout, body);
}

/**
 * Takes the first message out of the mailbox that one of the clauses wants, or waits for one, and
 * resolves with what that clause makes of it. Messages that no clause wants stay where they are.
 *
 * Clauses are, in the order in which they are tried: objects of functions by tag, {@linkcode on} for
 * patterns and guards, and one {@linkcode after}. Without a clause any message will do, and is the
 * result.
 *
 * A process receives in one place at a time. Outside of processes it is the main process's mail.
 *
 * A promise, or another object that has a method `then`, can be received with a clause only, as no promise
 * resolves with it. Without a clause it is taken out of the mailbox and dropped, and the `receive` rejects.
 *
 * @throws {TypeError} If the message has a method `then`, and there is no clause. If this process waits in a `receive` already (one that lost a `Promise.race`,
 * maybe: give that one an `after`), if a clause is none, or if there are two of {@linkcode after}. A
 * message that meets what is no function stays in the mailbox.
 * @see Erlang's and Elixir's `receive`
 *
 * @example A server made by hand
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

/** What a receive wants, and what it does when that does not come. */
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

/** The body of the first clause that wants `message`. */
function choose(
  clauses: readonly (TagClauses | PatternClause<unknown>)[],
  message: Term,
): (() => unknown) | undefined {
  const [tag, rest] = Array.isArray(message) ? [message[0], message.slice(1)] : [message, []];
  for (const clause of clauses) {
    if (clause instanceof PatternClause) {
      if (clause.fits(message)) return () => clause.body(message);
    } else if (typeof tag === "string" && Object.hasOwn(clause, tag)) {
      const body = clause[tag];
      if (typeof body !== "function") throw notAClause(clause);
      return () => body.apply(clause, rest);
    }
  }
  return undefined;
}

/**
 * Takes all messages out of the mailbox of the calling process and returns them, oldest first.
 *
 * Mirrors the `flush/0` of IEx, which prints them.
 */
export function flush(): Term[] {
  return takeAll(self());
}
