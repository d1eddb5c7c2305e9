/**
 * Coroutine processes: an async function with its own control flow, which takes its mail with
 * `receive`.
 *
 * Such a process is given a turn only while it waits in `receive`; all else it does goes on in
 * the host's microtasks. Its end is the end of its function. If it is ended from outside, what it
 * awaits of this runtime never settles, and what it awaits of others leads nowhere: every call of
 * the runtime that it makes from then on fails (`self.ts`).
 *
 * @module
 */

import { isThenable } from "./awaitable.ts";
import { Exit, reasonOf } from "./exit.ts";
import { storage } from "./host.ts";
import { type Behaviour, BUSY, Process } from "./process.ts";
import { searchNew } from "./receive.ts";
import { report } from "./report.ts";
import { contextOf, schedule, spend } from "./scheduler.ts";
import { terminate } from "./signals.ts";

/** A coroutine that has not begun yet. */
class Body {
  constructor(readonly run: () => unknown) {}
}

/** What all coroutines have in common. */
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

/** The behaviour of ordinary coroutines, the main process among them. */
export const COROUTINE: Behaviour = new Coroutine();

/** Starts a coroutine as a child of `parent`. It has its first turn later. */
export function spawnCoroutine(
  parent: Process,
  body: () => unknown,
  behaviour: Behaviour = COROUTINE,
): Process {
  const process = new Process(behaviour, new Body(body), parent, 0);
  schedule(process);
  return process;
}

/** Makes the main process: a coroutine that the host runs, and that has no parent. */
export function makeMainProcess(): Process {
  return new Process(COROUTINE, null, null, BUSY);
}

/** Ends `process` with the reason for what its code threw; an error or a thrown value is reported. */
export function endWith(process: Process, thrown: unknown): void {
  if (process.isDead) return;
  const reason = reasonOf(thrown);
  if (!(thrown instanceof Exit)) {
    report({ level: "error", kind: "process", pid: process.pid, reason });
  }
  terminate(process, reason);
}
