/**
 * The process that the running code belongs to, and the *fence*: code of a process that has exited may
 * continue after an `await`, and every call of the runtime that it makes then fails.
 *
 * @module
 */

import { setEndOfMain } from "./calls.ts";
import { endWith, makeMainProcess } from "./coroutine.ts";
import { Exit, exit, reasonOf } from "./exit.ts";
import { onUncaught, storage } from "./host.ts";
import { EXITING, type Process } from "./process.ts";
import { isA } from "./reader.ts";
import { report, ReporterContext } from "./report.ts";
import { type Dispose, disposeLate, DisposerContext, Resources } from "./resources.ts";
import { current, LoopContext, whenTurnFailed } from "./scheduler.ts";
import { whenEnded } from "./signals.ts";

let main: Process | null = null;

/** The process that the running code belongs to; the main process if it belongs to no other. */
export function self(): Process {
  const process = current ?? ofContext();
  if (process === null) {
    if (storage.getStore() instanceof DisposerContext) {
      throw new TypeError(
        "Cannot tell which process this is: what disposes of a resource (Process.use, Process.defer) runs " +
          "after the exit of its process, outside of all processes. It may send, cast and log; for " +
          "anything else, send or cast to another process",
      );
    }
    if (storage.getStore() instanceof ReporterContext) {
      throw new TypeError(
        "Cannot tell which process this is: a log handler runs outside of all processes. Send or cast " +
          "its reports to a process, and let that do the rest",
      );
    }
    throw new TypeError(
      "Cannot tell which process this is: the code continues after a callback that did not await " +
        "it. Make the callback async and await what it starts, or call self() before",
    );
  }
  if (process.isDead) throw fenced();
  return process;
}

/** The process that the host runs, and that all others descend from. */
export function mainProcess(): Process {
  return main ??= makeMainProcess();
}

/** As {@linkcode self}, but returns `null` if the process is not known. */
export function selfIfKnown(): Process | null {
  const process = current ?? ofContext();
  if (process !== null && process.isDead) throw fenced();
  return process;
}

/**
 * Makes the calling process hold a resource, of which `dispose` disposes. If it has exited, that is done at
 * once; if its exit is not completed, this waits for it.
 *
 * @throws {Exit} `"noproc"` if it has exited.
 */
export function hold(resource: unknown, dispose: Dispose): void {
  const process = current ?? ofContext();
  if (process !== null && process.isDead) {
    const { pid, extras } = process;
    if ((process.flags & EXITING) !== 0) extras!.resources!.held.set(resource, dispose);
    else disposeLate(pid, resource, dispose);
    throw fenced();
  }
  const { held } = resourcesOf(self());
  if (!held.has(resource)) held.set(resource, dispose);
}

/** The resources of a process, created if needed. */
export function resourcesOf(process: Process): Resources {
  return process.more().resources ??= new Resources();
}

/** The process that the running code belongs to, alive or not; `null` if it is not known. */
export function running(): Process | null {
  return current ?? (storage.getStore() === undefined ? main : ofContext());
}

/** Throws if the running code belongs to a process that has exited: it must have no further effect. */
export function fence(): void {
  if ((current ?? ofContext())?.isDead) throw fenced();
}

/** The process of the asynchronous context, or `null` if the context is the scheduler's own. */
function ofContext(): Process | null {
  const context = storage.getStore();
  if (context === undefined) return mainProcess();
  return context.process;
}

/** The failure of code of a process that has exited. */
export function fenced(): Exit {
  return exit("noproc");
}

// An exit signal that terminates the main process is an uncaught error of the script. The next script
// (a test, a line in the REPL) gets a new main process. Code that still waits as the old one gets the error,
// too, after the host.
whenEnded((process, reason) => {
  if (process !== main) return;
  main = null;
  if (reason === "normal") return;
  const error = new Exit(reason);
  setEndOfMain(process, error);
  storage.run(undefined, () => {
    queueMicrotask(() => {
      throw error;
    });
  });
});

whenTurnFailed(endWith);

// An uncaught error, such as an unhandled rejection, terminates the process that it belongs to instead of
// the program.
onUncaught((context, thrown) => {
  if (context instanceof ReporterContext) return context.failed(thrown);
  // Callbacks of many processes have run in the context of a loop: it tells nothing.
  const process = context instanceof LoopContext ? current : context.process;
  if (process !== null && !process.isDead) return endWith(process, thrown);
  if (process !== null && isA(thrown, Exit)) return; // the fence
  const pid = process === null ? {} : { pid: process.pid };
  report({ level: "error", kind: "uncaught", ...pid, reason: reasonOf(thrown) });
});
