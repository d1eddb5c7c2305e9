/**
 * A program's window on its host: signals, the exit status, and staying alive.
 *
 * Each is looked for before it is used, and none needs a permission. A host without them (a browser)
 * has no signals, and a program there cannot be ended.
 *
 * @module
 */

/** The signals that ask a program to end, and the status of a program that is ended by one. */
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
/** The longest delay that hosts keep. */
const HOLD_MS = 2 ** 31 - 1;

/** The exit status of a program that a signal ends at once, as shells know it. */
export function statusOf(signal: Signal): number {
  return STATUSES[signal];
}

/** Ends the program with an exit status. */
export function exitProgram(status: number): void {
  if (host.Deno !== undefined) host.Deno.exit(status);
  host.process?.exit(status);
}

/** Calls `handle` for each signal that asks the program to end; returns a function that ends that. */
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
      // A system that does not know this signal (Windows, SIGTERM) never sends it.
    }
  }
  return () => undo.forEach((remove) => remove());
}

/** Keeps the host running until the function that this returns is called. */
export function holdHost(): () => void {
  const timer = setInterval(() => {}, HOLD_MS);
  return () => clearInterval(timer);
}
