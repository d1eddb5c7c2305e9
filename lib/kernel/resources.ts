/**
 * Resources: what a process holds of the host, such as a listening socket, an open file or a child program,
 * and what disposes of them when the process exits.
 *
 * On the BEAM a port is closed before the links and monitors of its owner are notified. A process that holds
 * resources is therefore `EXITING` for a while (`signals.ts`): its code is fenced, and its exit is completed
 * when all of them are disposed of, or when the time for that is over.
 *
 * @module
 */

import { isThenable } from "./awaitable.ts";
import { reasonOf } from "./exit.ts";
import { afterHostTurn, Context } from "./host.ts";
import { localNameOf } from "./names.ts";
import { OwnedTimer } from "./process.ts";
import { report } from "./report.ts";
import { runOutside } from "./scheduler.ts";
import type { Pid, Term } from "./term.ts";
import { start } from "./timers.ts";

/** Default time in milliseconds that the resources of one process may take, all together. */
export const DISPOSE_TIMEOUT_MS = 500;

/** A function that disposes of a resource. Returns a promise if that takes time. */
export type Dispose = () => unknown;

/** The context of functions that dispose of resources: they are code of no process. */
export class DisposerContext extends Context {}

const disposerContext = new DisposerContext(null);

/** The resources of one process. */
export class Resources {
  /** The time in milliseconds that they may take, all together. */
  timeout: number = DISPOSE_TIMEOUT_MS;
  /** In the order in which they were acquired. */
  readonly held: Map<unknown, Dispose> = new Map();
}

/**
 * Disposes of the resources of a process that exits, the newest first, one after another, and calls `done`
 * when the host has had a turn after that. Those that are acquired meanwhile are included. When the time is
 * over, the one that has taken it is reported, and the others are disposed of without waiting for them.
 */
export function disposeAll(pid: Pid, resources: Resources, done: () => void): void {
  new Disposal(pid, resources, done).proceed();
}

/** Disposes of a resource that was acquired by a process after its exit. */
export function disposeLate(pid: Pid, resource: unknown, dispose: Dispose): void {
  runOutside(disposerContext, () => begin(pid, resource, dispose));
}

class Disposal {
  readonly #pid: Pid;
  readonly #resources: Resources;
  readonly #done: () => void;
  readonly #left: (readonly [resource: unknown, dispose: Dispose])[] = [];
  #timer: OwnedTimer | null = null;
  /** The resource that is waited for. */
  #awaited: unknown = undefined;
  /** Number of waits, including those that timed out. */
  #waits = 0;
  #isOverdue = false;

  constructor(pid: Pid, resources: Resources, done: () => void) {
    this.#pid = pid;
    this.#resources = resources;
    this.#done = done;
  }

  proceed(): void {
    runOutside(disposerContext, () => this.#proceed());
  }

  #proceed(): void {
    for (let next; (next = this.#takeNewest()) !== undefined;) {
      const [resource, dispose] = next;
      const outcome = begin(this.#pid, resource, dispose);
      if (outcome !== undefined && !this.#isOverdue) return this.#await(resource, outcome);
    }
    this.#timer?.cancel();
    this.#timer = null;
    // Deno and Node close a socket that is waited for in a whole turn only; this one may have begun.
    afterHostTurn(() => afterHostTurn(() => this.#complete()));
  }

  #complete(): void {
    if (this.#resources.held.size > 0) this.proceed();
    else this.#done();
  }

  #takeNewest(): readonly [resource: unknown, dispose: Dispose] | undefined {
    const { held } = this.#resources;
    for (const each of held) this.#left.push(each);
    held.clear();
    return this.#left.pop();
  }

  #await(resource: unknown, outcome: Promise<void>): void {
    const wait = ++this.#waits;
    this.#awaited = resource;
    outcome.then(() => wait === this.#waits && this.#proceed());
    if (this.#timer !== null) return;
    this.#timer = new OwnedTimer(null, () => this.#expire());
    start(this.#timer, this.#resources.timeout);
  }

  #expire(): void {
    const { timeout } = this.#resources;
    this.#waits++;
    this.#isOverdue = true;
    reportFailure(this.#pid, this.#awaited, "timeout", { timeout });
    this.proceed();
  }
}

/**
 * Calls a function that disposes of a resource, and reports if that fails. Returns a promise that is fulfilled
 * when it is done, or `undefined` if it is.
 */
function begin(pid: Pid, resource: unknown, dispose: Dispose): Promise<void> | undefined {
  try {
    const outcome = dispose();
    if (!isThenable(outcome)) return undefined;
    return Promise.resolve(outcome).then(
      () => {},
      (thrown) => reportFailure(pid, resource, reasonOf(thrown)),
    );
  } catch (thrown) {
    reportFailure(pid, resource, reasonOf(thrown));
    return undefined;
  }
}

function reportFailure(pid: Pid, resource: unknown, reason: Term, details: object = {}): void {
  report({
    level: "error",
    kind: "resource",
    pid,
    name: localNameOf(pid),
    reason,
    details: { resource, ...details },
  });
}
