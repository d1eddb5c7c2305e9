/**
 * The kernel's one window on its host: asynchronous context and a turn of the event loop.
 *
 * Both are offered by Deno, Node and Bun under the same names and need no permission. What is
 * read here is read once, so that a test's fake time cannot stop the scheduler; the clock and
 * the host timer, which fake time must govern, are read anew at each use (`timers.ts`).
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import type { Process } from "./process.ts";

/** Which process runs here, `undefined` for none; carried over every `await` by the host. See `scheduler.ts`. */
export const storage: AsyncLocalStorage<Context | undefined> = new AsyncLocalStorage();

/** Calls `callback` in a turn of its own, after the timers of the host that are due. */
export const afterHostTurn: (callback: () => void) => void = setImmediate;

/**
 * How many turns it takes until the host has looked at its I/O. Under load Deno does so in one of 61 only
 * (tokio's `event_interval`): with one turn for every 4 ms of work a request over HTTP took 240 ms, with 62,
 * which cost 80 us together, it takes 4 ms.
 */
export const TURNS_FOR_IO: number = "Deno" in globalThis ? 62 : 1;

/** What an asynchronous context knows: the process that the code in it belongs to. */
export class Context {
  /** `null` while the context is the scheduler's own, shared by all synchronous callbacks. */
  process: Process | null;

  /** A context of `process`. */
  constructor(process: Process | null) {
    this.process = process;
  }
}

/**
 * Calls `handle` for each error that nobody catches and each rejection that nobody handles in the
 * code of a process, and keeps it from ending the program. Outside of processes they are left alone.
 *
 * A host without these events does what it does with uncaught errors, and so does any host with
 * errors in a callback of its own timers, of which it does not tell whose they are.
 */
export function onUncaught(handle: (context: Context, thrown: unknown) => void): void {
  if (typeof globalThis.addEventListener !== "function") return;
  const take = (event: Event, thrown: unknown) => {
    const context = storage.getStore();
    if (!(context instanceof Context)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    handle(context, thrown);
  };
  globalThis.addEventListener("unhandledrejection", (event) => take(event, event.reason));
  globalThis.addEventListener("error", (event) => take(event, event.error));
}
