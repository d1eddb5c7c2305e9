/**
 * Asking registries that answer with promises, without giving up order.
 *
 * What one process sends under one name arrives in the order in which it was sent. A lookup may be
 * made at once, but what is done with its answer waits for what the process has asked of the same
 * registry before; a message that the registry is to send is handed to it only then.
 *
 * A registry that answers at once costs none of this.
 *
 * @module
 */

import { now } from "./clock.ts";
import { type Awaitable, isThenable } from "./awaitable.ts";
import { COROUTINE } from "./coroutine.ts";
import { exit } from "./exit.ts";
import { storage } from "./host.ts";
import { type Address, parseName, resolve, type ServerRef } from "./names.ts";
import { BUSY, OwnedTimer, Process } from "./process.ts";
import { contextOf, keepContext, runAs } from "./scheduler.ts";
import { onExit, terminate } from "./signals.ts";
import { isAtom, Pid, type Term } from "./term.ts";
import { start } from "./timers.ts";

/** How long a registry may take to answer, in milliseconds, where nothing else sets a limit. */
export const REGISTRY_TIMEOUT_MS = 5000;

/** What is rejected with if a registry took too long. */
export const TOO_LATE: unique symbol = Symbol("too late");

/**
 * Looks a server up and does `act` with its pid: at once, unless its registry answers later, or has
 * to answer an earlier question of `process` first. Then the result is a promise, which rejects with
 * what `failed` makes of a failure (`TOO_LATE` after `limit` ms), and never settles if `process` ends.
 */
export function lookUp<Result>(
  process: Process,
  server: ServerRef,
  limit: number,
  act: (pid: Pid | undefined) => Result,
  failed: (thrown: unknown) => unknown = (thrown) =>
    failure(thrown, "whereisName", [parseName(server).key]),
): Result | Promise<Awaited<Result>> {
  const found = resolve(server);
  const lookups = process.extras === null ? null : process.extras.lookups;
  if (!isThenable(found) && (lookups === null || !isInRegistry(server))) return act(found);
  const { registry } = parseName(server);
  const earlier = lookups?.get(registry);
  if (!isThenable(found) && earlier === undefined) return act(found);
  keepContext(process);
  // In a box, for what `act` returns may be a promise that is not to be waited for.
  const acted = withLimit(process, Promise.all([found, earlier]), limit)
    .then(([pid]) => process.isDead ? new Promise<never>(() => {}) : { result: act(pid) });
  enter(process, registry, earlier, orEnd(process, acted));
  return acted.then(({ result }) => result as Awaited<Result>, (thrown) => {
    throw failed(thrown);
  });
}

/**
 * Looks a server up for whoever only wants to know: in no order with anything, and within
 * `REGISTRY_TIMEOUT_MS`.
 *
 * @param process Who asks, if that is known.
 */
export function locate(process: Process | null, server: ServerRef): Awaitable<Pid | undefined> {
  const found = resolve(server);
  if (!isThenable(found)) return found;
  if (process !== null) keepContext(process);
  return withLimit(process, found, REGISTRY_TIMEOUT_MS).then(undefined, (thrown) => {
    throw failure(thrown, "whereisName", [parseName(server).key]);
  });
}

/** Registries that have answered a `send` at once, and not with a promise since. */
const synchronous = new WeakSet<object>();

/**
 * Has a registry send a message. The result is a promise if the registry answers later, or has to
 * answer an earlier question of `process` first; it rejects `REGISTRY_TIMEOUT_MS` after the
 * registry was asked, and never settles if `process` ends. The message is on its way all the same.
 *
 * @param process Who sends, if that is known.
 */
export function sendThrough(
  process: Process | null,
  { registry, key }: Address,
  message: Term,
): undefined | Promise<unknown> {
  const ask = (limit: number) => askAside(process, () => registry.send(key, message), limit);
  const earlier = process?.extras?.lookups?.get(registry);
  let sent: Promise<unknown> | undefined;
  if (earlier !== undefined) {
    const since = now();
    sent = earlier.then((isStuck) => {
      // A registry that has just failed to answer is not given as long again for each in the queue.
      const limit = REGISTRY_TIMEOUT_MS - (isStuck ? now() - since : 0);
      if (limit <= 0) throw TOO_LATE;
      return ask(limit);
    });
  } else if (process === null || synchronous.has(registry)) {
    const answer: unknown = registry.send(key, message);
    if (isThenable(answer)) sent = withLimit(process, answer, REGISTRY_TIMEOUT_MS);
    if (process !== null && sent !== undefined) keepContext(process);
  } else {
    sent = ask(REGISTRY_TIMEOUT_MS);
  }
  if (sent === undefined) return void synchronous.add(registry);
  synchronous.delete(registry);
  if (process !== null) enter(process, registry, earlier, sent);
  return sent.then(
    (value) => process?.isDead ? new Promise(() => {}) : value,
    (thrown) => {
      throw failure(thrown, "send", [key, message]);
    },
  );
}

/**
 * Does `ask` in a process of its own, so that it comes to its end if `process` does not live that long.
 * Answers `undefined` if that is all done at once.
 */
function askAside(
  process: Process | null,
  ask: () => unknown,
  limit: number,
): Promise<unknown> | undefined {
  const helper = new Process(COROUTINE, null, process, BUSY);
  const end = () => terminate(helper, "normal");
  let answer: unknown;
  try {
    answer = storage.run(contextOf(helper), () => runAs(helper, ask));
  } catch (thrown) {
    end();
    throw thrown;
  }
  if (!isThenable(answer)) return void end();
  const asked = withLimit(null, answer, limit);
  asked.then(end, end);
  return asked;
}

/** Enters a question as the last that `process` has asked of `registry`. */
function enter(
  process: Process,
  registry: object,
  earlier: Promise<boolean> | undefined,
  question: Promise<unknown>,
): void {
  const lookups = process.more().lookups ??= new Map();
  const done = Promise.allSettled([question, earlier]).then(([outcome]) => {
    if (lookups.get(registry) === done) lookups.delete(registry);
    return outcome.status === "rejected" && outcome.reason === TOO_LATE;
  });
  lookups.set(registry, done);
}

/** Settles as `promise` does, but fulfilled if `process` ends before. */
function orEnd(process: Process, promise: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const forget = onExit(process.pid, resolve);
    promise.finally(forget).then(resolve, reject);
  });
}

function isInRegistry(server: ServerRef): boolean {
  return !(server instanceof Pid) && !isAtom(server) &&
    (server[0] === "via" || server[0] === "global");
}

/** What whoever asked a registry is told of its failure. */
export function failure(thrown: unknown, operation: string, args: readonly Term[]): unknown {
  return thrown === TOO_LATE ? exit(["timeout", ["NameRegistry", operation, args]]) : thrown;
}

/**
 * Settles as `answer` does, or rejects with `TOO_LATE` after `limit` ms. Never settles if `process`
 * ends.
 */
export function withLimit<T>(
  process: Process | null,
  answer: Awaitable<T> | PromiseLike<T>,
  limit: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = new OwnedTimer(process, () => reject(TOO_LATE));
    start(timer, limit);
    const settle = <V>(how: (value: V) => void) => (value: V) => {
      if (process !== null && process.isDead) return;
      timer.cancel();
      how(value);
    };
    Promise.resolve(answer).then(settle(resolve), settle(reject));
  });
}
