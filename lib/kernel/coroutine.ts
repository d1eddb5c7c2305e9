/**
 * Coroutine processes: an async function with its own control flow, which takes its messages with
 * `receive`.
 *
 * Such a process has turns only while it waits in `receive`; the rest of its code runs in the host's
 * microtasks. It exits when its function returns. If it is terminated from outside, promises of this
 * runtime that it awaits never settle; code that continues after other promises has no effect, as
 * every call of the runtime that it makes from then on fails (`self.ts`).
 *
 * @module
 */

import { isThenable } from "./awaitable.ts";
import { Exit, reasonOf } from "./exit.ts";
import { storage } from "./host.ts";
import { type Behaviour, BUSY, Process } from "./process.ts";
import { isA } from "./reader.ts";
import { searchNew } from "./receive.ts";
import { report } from "./report.ts";
import { contextOf, schedule, spend } from "./scheduler.ts";
import { terminate } from "./signals.ts";

/** The function of a coroutine that has not started yet. */
class Body {
  constructor(readonly run: () => unknown) {}
}

/** The behaviour of coroutines. */
export class Coroutine implements Behaviour {
  readonly hasAncestors: boolean = false;

  turn(process: Process): boolean {
    if (process.state instanceof Body) this.#begin(process, process.state);
    else if (process.wait !== null) searchNew(process);
    return false;
  }

  describe(process: Process): { initialCall: unknown; currentFunction: unknown } {
    const currentFunction = ["Process", process.wait === null ? "await" : "receive", 0];
    return { initialCall: ["erlang", "apply", 2], currentFunction };
  }

  #begin(process: Process, body: Body): void {
    process.state = null;
    process.flags |= BUSY;
    spend(process, 1);
    let outcome: unknown;
    try {
      outcome = storage.run(contextOf(process), body.run);
    } catch (thrown) {
      return endWith(process, thrown);
    }
    if (!isThenable(outcome)) return terminate(process, "normal");
    Promise.resolve(outcome).then(
      () => terminate(process, "normal"),
      (thrown) => endWith(process, thrown),
    );
  }
}

/** The behaviour of ordinary coroutines, including the main process. */
export const COROUTINE: Behaviour = new Coroutine();

/** Spawns a coroutine with `parent` as its parent. It starts running later, in its first turn. */
export function spawnCoroutine(
  parent: Process,
  body: () => unknown,
  behaviour: Behaviour = COROUTINE,
): Process {
  const process = new Process(behaviour, new Body(body), parent, 0);
  schedule(process);
  return process;
}

/** Creates the main process: a coroutine that the host runs, and that has no parent. */
export function makeMainProcess(): Process {
  return new Process(COROUTINE, null, null, BUSY);
}

/** Terminates `process` with the exit reason of what its code threw. Reports all but an {@linkcode Exit}. */
export function endWith(process: Process, thrown: unknown): void {
  if (process.isDead) return;
  const reason = reasonOf(thrown);
  if (!isA(thrown, Exit)) {
    report({ level: "error", kind: "process", pid: process.pid, reason });
  }
  terminate(process, reason);
}
