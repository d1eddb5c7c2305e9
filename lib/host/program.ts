/**
 * The library's access to the host process: signals, the exit status, and keeping it running. Used by
 * `application.ts` and its controller; imports nothing of the library.
 *
 * Each function checks whether the host has the API, and none needs a permission. On a host without
 * them (a browser) there are no signals, and {@linkcode exitProgram} has no effect.
 *
 * @module
 */

/** The signals that request a program to terminate. */
export type Signal = "SIGINT" | "SIGTERM";

const STATUSES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

interface Host {
  readonly Deno?: {
    exit(status: number): never;
    addSignalListener(signal: Signal, listener: () => void): void;
    removeSignalListener(signal: Signal, listener: () => void): void;
  };
  readonly process?: {
    exit(status: number): never;
    on(signal: Signal, listener: () => void): void;
    off(signal: Signal, listener: () => void): void;
  };
}

const host = globalThis as Host;
/** The longest delay that hosts support. */
const HOLD_MS = 2 ** 31 - 1;

/** The exit status of a program that is terminated by a signal, as in shells. */
export function statusOf(signal: Signal): number {
  return STATUSES[signal];
}

/** Exits the program with a status. */
export function exitProgram(status: number): void {
  if (host.Deno !== undefined) host.Deno.exit(status);
  host.process?.exit(status);
}

/** Calls `handle` for each signal that requests termination; returns a function that removes the listeners. */
export function onSignals(handle: (signal: Signal) => void): () => void {
  const undo: (() => void)[] = [];
  for (const signal of Object.keys(STATUSES) as Signal[]) {
    const listener = () => handle(signal);
    try {
      if (host.Deno !== undefined) {
        host.Deno.addSignalListener(signal, listener);
        undo.push(() => host.Deno!.removeSignalListener(signal, listener));
      } else if (host.process !== undefined) {
        host.process.on(signal, listener);
        undo.push(() => host.process!.off(signal, listener));
      }
    } catch {
      // The system does not support this signal (Windows, SIGTERM), and never sends it.
    }
  }
  return () => undo.forEach((remove) => remove());
}

/** Keeps the host running until the returned function is called. */
export function holdHost(): () => void {
  const timer = setInterval(() => {}, HOLD_MS);
  return () => clearInterval(timer);
}
