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
import nodeProcess from "node:process";
import { setImmediate } from "node:timers";
import type { Process } from "./process.ts";

/**
 * The process that the running code belongs to, `undefined` outside of processes; the host keeps it across
 * every `await`. See `scheduler.ts`.
 */
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

/** Calls a function in the asynchronous context in which this module was loaded: with no store of a user. */
const bare: <T>(body: () => T) => T = AsyncLocalStorage.snapshot();

/**
 * Calls `body` in an asynchronous context that contains `context` and no store of the calling code. Code of
 * processes always starts so; otherwise it would see the `AsyncLocalStorage` of what happened to wake it.
 */
export function enterContext<T>(context: Context | undefined, body: () => T): T {
  return bare(() => storage.run(context, body));
}

/** A function that calls others in the present asynchronous context, with all its stores, but with `context`. */
export function capture(context: Context | undefined): <T>(body: () => T) => T {
  return storage.run(context, AsyncLocalStorage.snapshot);
}

// --- Uncaught errors ----------------------------------------------------------------------------

/** Errors that left a bound function (`bind.ts`), with the context of the process that had bound it. */
const blamed = new WeakMap<object, Context>();
/** The same for the last value that is not an object. It is forgotten after a microtask. */
let blamedValue: { readonly thrown: unknown; readonly context: Context } | null = null;

/** Attributes `thrown` to `context`, should it turn out that its caller was the host. */
export function blame(thrown: unknown, context: Context): void {
  if ((typeof thrown === "object" && thrown !== null) || typeof thrown === "function") {
    blamed.set(thrown, context);
    return;
  }
  blamedValue = { thrown, context };
  queueMicrotask(() => blamedValue = null);
}

/** The context whose code threw `thrown`, which nothing caught; `undefined` if that was outside of processes. */
function thrower(thrown: unknown): Context | undefined {
  if (blamedValue !== null && Object.is(blamedValue.thrown, thrown)) return blamedValue.context;
  return blamed.get(thrown as object) ?? rejecter();
}

/** The context whose code left a rejected promise behind. */
function rejecter(): Context | undefined {
  const context = storage.getStore();
  return context instanceof Context ? context : undefined;
}

/**
 * Calls `handle` for each uncaught error and each unhandled rejection in the code of a process, and
 * prevents it from ending the program. Errors outside of processes are left to the host: what it does
 * with them by default, and what the program's own listeners do.
 *
 * Deno does not provide the asynchronous context for an error in a callback of a host timer, and Bun not for
 * a rejection. These are left to the host too.
 */
export function onUncaught(handle: (context: Context, thrown: unknown) => void): void {
  if (!("Deno" in globalThis) && typeof nodeProcess?.on === "function") {
    onUncaughtOfNode(handle);
  } else if (typeof globalThis.addEventListener === "function") {
    const take = (event: Event, context: Context | undefined, thrown: unknown) => {
      if (context === undefined) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      handle(context, thrown);
    };
    globalThis.addEventListener("unhandledrejection", (event) => {
      take(event, rejecter(), event.reason);
    });
    globalThis.addEventListener("error", (event) => take(event, thrower(event.error), event.error));
  }
}

/** {@linkcode onUncaught} for Node and Bun, where a listener takes the place of the host's default. */
function onUncaughtOfNode(handle: (context: Context, thrown: unknown) => void): void {
  nodeProcess.on("uncaughtExceptionMonitor", (thrown: unknown) => {
    const context = thrower(thrown);
    if (context === undefined || nodeProcess.hasUncaughtExceptionCaptureCallback()) return;
    // There is a listener for this one error only: all others get the host's default.
    nodeProcess.prependOnceListener("uncaughtException", () => handle(context, thrown));
  });
  const onRejection = (reason: unknown) => {
    const context = rejecter();
    if (context !== undefined) return handle(context, reason);
    if (nodeProcess.listenerCount("unhandledRejection") > 1) return;
    // Rejected again without a listener, it gets the host's default.
    nodeProcess.off("unhandledRejection", onRejection);
    Promise.reject(reason);
    setImmediate(() => nodeProcess.on("unhandledRejection", onRejection));
  };
  nodeProcess.on("unhandledRejection", onRejection);
}
