/**
 * Which process is this? And the fence around the code of those that have ended.
 *
 * @module
 */

import { endWith, makeMainProcess } from "./coroutine.ts";
import { Exit, exit, reasonOf } from "./exit.ts";
import { onUncaught, storage } from "./host.ts";
import type { Process } from "./process.ts";
import { report } from "./report.ts";
import { current, whenTurnFailed } from "./scheduler.ts";
import { whenEnded } from "./signals.ts";

let main: Process | null = null;

/** The process that the running code belongs to; outside all others, the main process. */
export function self(): Process {
  const process = current ?? ofContext();
  if (process === null) {
    throw new TypeError(
      "Cannot tell which process this is: the code goes on after a callback that did not wait for " +
        "it. Make the callback async and await what it starts, or take self() before",
    );
  }
  if (process.isDead) throw fenced();
  return process;
}

/** As {@linkcode self}, where code that no process is known for will do: then `null`. */
export function selfIfKnown(): Process | null {
  const process = current ?? ofContext();
  if (process !== null && process.isDead) throw fenced();
  return process;
}

/** Fails if the running code belongs to a process that has ended: nothing it does may have an effect. */
export function fence(): void {
  if ((current ?? ofContext())?.isDead) throw fenced();
}

/** The process of the asynchronous context: `null` if that is the scheduler's own. */
function ofContext(): Process | null {
  const context = storage.getStore();
  if (context === undefined) return main ??= makeMainProcess();
  return context.process;
}

function fenced(): Exit {
  return exit("noproc");
}

// A main process that is ended by an exit signal is an uncaught error of the script, and the next
// script (a test, a line in the REPL) has a new one.
whenEnded((process, reason) => {
  if (process !== main) return;
  main = null;
  if (reason === "normal") return;
  const error = new Exit(reason);
  storage.run(undefined, () => {
    queueMicrotask(() => {
      throw error;
    });
  });
});

whenTurnFailed(endWith);

// What nobody catches, a promise that rejects where nobody waits for it above all, is a mistake of the
// process that made it, and ends that one instead of the program.
onUncaught((context, thrown) => {
  const { process } = context;
  if (process !== null && !process.isDead) return endWith(process, thrown);
  if (process !== null && thrown instanceof Exit) return; // the fence
  const pid = process === null ? {} : { pid: process.pid };
  report({ level: "error", kind: "uncaught", ...pid, reason: reasonOf(thrown) });
});
