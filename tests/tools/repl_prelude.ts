/**
 * The prelude of `deno task repl`: everything that the modules export as a global, and helpers like those of
 * IEx. The shell is a process, the main one: `send(self(), "hello")`, then `flush()`.
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
}
