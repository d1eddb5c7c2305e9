/**
 * The coroutines that `ProcLib` has started: they know what they were started with, and may become servers.
 *
 * @module
 */

import { Coroutine } from "../kernel/coroutine.ts";
import type { Process } from "../kernel/process.ts";
import type { Term } from "../kernel/term.ts";

class Launched extends Coroutine {
  override readonly hasAncestors: boolean = true;

  override describe(process: Process): { initialCall: Term; currentFunction: Term } {
    return { ...super.describe(process), initialCall: process.server };
  }
}

/** Their behaviour. The initial call of each is in `process.server`. */
export const LAUNCHED: Coroutine = new Launched();

/** Whether `ProcLib` started a process that has not become a server since. */
export function isLaunched(process: Process): boolean {
  return process.behaviour === LAUNCHED;
}
