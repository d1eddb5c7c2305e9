/**
 * The prelude of `deno task repl`: everything that the modules export as a global, and helpers like those of
 * IEx. The shell is a process, the main one: `send(self(), "hello")`, then `flush()`. When it exits,
 * the reason is printed, a line that waits fails, and a new shell process takes its place.
 *
 * Deno evaluates this as a script, so the block keeps its own names out of the shell.
 */
import * as otp from "@denotp/otp";
import * as node from "@denotp/otp/node";

{
  const all: Record<string, unknown> = { ...otp };
  const { self, send, spawn, spawnLink, spawnMonitor, flush } = {
    ...all.Process as Record<string, (...args: never[]) => unknown>,
    ...all,
  };
  const globals = {
    ...node,
    ...all,
    self,
    send,
    spawn,
    spawnLink,
    spawnMonitor,
    flush() {
      for (const message of (flush as () => unknown[])()) console.log(message);
      return "ok";
    },
  };
  // Not by assignment, since some names are taken: `self` for one.
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }

  let ended: unknown;
  const watchShells = async () => {
    for (;;) {
      const shell = otp.self();
      const signal = otp.Process.signal();
      await new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => {
          ended = signal.reason;
          resolve();
        })
      );
      const why = otp.formatExit(ended);
      console.log(`** (EXIT from ${shell}) shell process exited with reason: ${why}`);
    }
  };
  watchShells();
  // An exit of the main process is an uncaught error, which would end the REPL.
  const take = (event: Event, thrown: unknown) => {
    if (!(thrown instanceof otp.Exit) || thrown.reason !== ended) return;
    event.preventDefault();
    thrown.stack = `${thrown}`; // of a line that waits: it would show the inside of the library
  };
  globalThis.addEventListener("error", (event) => take(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => take(event, event.reason));
}
