/**
 * Lookups in registries that answer with promises, with the order of signals preserved.
 *
 * Messages that one process sends to one name arrive in the order in which they were sent. A lookup may
 * start at once, but its result is used only after all earlier requests of the process to the same
 * registry have completed; a message is handed to the registry only then.
 *
 * A registry that answers synchronously costs none of this.
 *
 * @module
 */

import { now } from "./clock.ts";
import { type Awaitable, isThenable } from "./awaitable.ts";
import { abandon } from "./calls.ts";
import { COROUTINE } from "./coroutine.ts";
import { exit } from "./exit.ts";
import { enterContext } from "./host.ts";
import { type Address, parseName, resolve, type ServerRef } from "./names.ts";
import { BUSY, OwnedTimer, Process } from "./process.ts";
import { contextOf, keepContext, runAs } from "./scheduler.ts";
import { onExit, terminate } from "./signals.ts";
import { isAtom, Pid, type Term } from "./term.ts";
import { start } from "./timers.ts";

/** Timeout of a request to a registry in milliseconds, where no other timeout applies. */
export const REGISTRY_TIMEOUT_MS = 5000;

/** The rejection of a request to a registry that timed out. */
export const TOO_LATE: unique symbol = Symbol("too late");

/**
 * Looks up a server and calls `act` with its pid: at once, unless the registry answers with a promise or
 * has an earlier request of `process` to answer. Then the result is a promise. It rejects with the error
 * that `failed` makes of a failure (`TOO_LATE` after `limit` ms), and never settles if `process` exits.
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
  // In an object, as `act` may return a promise that must not be awaited here.
  const acted = withLimit(process, Promise.all([found, earlier]), limit)
    .then(([pid]) => process.isDead ? new Promise<never>(() => {}) : { result: act(pid) });
  enter(process, registry, earlier, orEnd(process, acted));
  return acted.then(({ result }) => result as Awaited<Result>, (thrown) => {
    throw failed(thrown);
  });
}

/**
 * Looks up a server without ordering against other requests, within `REGISTRY_TIMEOUT_MS`.
 *
 * @param process The calling process, if it is known.
 */
export function locate(process: Process | null, server: ServerRef): Awaitable<Pid | undefined> {
  const found = resolve(server);
  if (!isThenable(found)) return found;
  if (process !== null) keepContext(process);
  return withLimit(process, found, REGISTRY_TIMEOUT_MS).then(undefined, (thrown) => {
    throw failure(thrown, "whereisName", [parseName(server).key]);
  });
}

/** Registries whose last `send` returned synchronously. */
const synchronous = new WeakSet<object>();

/**
 * Sends a message through a registry. The result is a promise if the registry answers with one or has
 * an earlier request of `process` to answer; it rejects `REGISTRY_TIMEOUT_MS` after the registry was
 * asked, and never settles if `process` exits. In both cases the message may still be delivered.
 *
 * @param process The sending process, if it is known.
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
      // After a timeout, the requests in the queue do not each wait for the full timeout again.
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
 * Calls `ask` in a helper process, so that it completes even if `process` exits before.
 * Returns `undefined` if it completes synchronously.
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
    answer = enterContext(contextOf(helper), () => runAs(helper, ask));
  } catch (thrown) {
    end();
    throw thrown;
  }
  if (!isThenable(answer)) return void end();
  const asked = withLimit(null, answer, limit);
  asked.then(end, end);
  return asked;
}

/** Enters `request` as the last one of `process` to `registry`. */
function enter(
  process: Process,
  registry: object,
  earlier: Promise<boolean> | undefined,
  request: Promise<unknown>,
): void {
  const lookups = process.more().lookups ??= new Map();
  const done = Promise.allSettled([request, earlier]).then(([outcome]) => {
    if (lookups.get(registry) === done) lookups.delete(registry);
    return outcome.status === "rejected" && outcome.reason === TOO_LATE;
  });
  lookups.set(registry, done);
}

/** Settles as `promise` does, or fulfils when `process` exits before that. */
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

/** The error that the caller of a registry gets for what the registry threw, or for its timeout. */
export function failure(thrown: unknown, operation: string, args: readonly Term[]): unknown {
  return thrown === TOO_LATE ? exit(["timeout", ["NameRegistry", operation, args]]) : thrown;
}

/**
 * Settles as `answer` does, or rejects with `TOO_LATE` after `limit` ms. Never settles if `process`
 * exits.
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
      if (process !== null && process.isDead) return abandon(process, reject);
      timer.cancel();
      how(value);
    };
    Promise.resolve(answer).then(settle(resolve), settle(reject));
  });
}
