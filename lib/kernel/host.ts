/**
 * What the kernel needs of its host: asynchronous context and turns of the event loop.
 *
 * Deno, Node and Bun offer both under the same names, without a permission. They are read once, so
 * that a test's fake time cannot stop the scheduler; the clock and the host timer, which must follow
 * fake time, are read at each use (`clock.ts`, `timers.ts`).
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import type { Process } from "./process.ts";

/** The process that the running code belongs to; the host keeps it across every `await`. See `scheduler.ts`. */
export const storage: AsyncLocalStorage<Context | undefined> = new AsyncLocalStorage();

/** Calls `callback` in a separate turn of the event loop, after the host timers that are due. */
export const afterHostTurn: (callback: () => void) => void = setImmediate;

/**
 * Number of turns after which the host has polled its I/O. Under load Deno polls in one turn of 61 only
 * (tokio's `event_interval`): with one turn for every 4 ms of work an HTTP request took 240 ms. With 62,
 * which take 80 us together, it takes 4 ms.
 */
export const TURNS_FOR_IO: number = "Deno" in globalThis ? 62 : 1;

/** The content of an asynchronous context: the process that its code belongs to. */
export class Context {
  /** `null` while the context is the scheduler's own, shared by all synchronous callbacks. */
  process: Process | null;

  /** Creates a context of `process`. */
  constructor(process: Process | null) {
    this.process = process;
  }
}

/**
 * Calls `handle` for each uncaught error and each unhandled rejection in the code of a process, and
 * prevents it from ending the program. Errors outside of processes are left to the host.
 *
 * A host without these events handles uncaught errors itself. So does every host for errors in callbacks
 * of its own timers, for which it does not provide the asynchronous context.
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
