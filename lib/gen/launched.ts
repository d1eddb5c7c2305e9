/**
 * The coroutines that `ProcLib` starts. They know their initial call, and may become servers (`enterLoop`).
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

/** The behaviour of such coroutines. The initial call of each is in `process.server`. */
export const LAUNCHED: Coroutine = new Launched();

/** Whether `ProcLib` started this process, and it has not become a server since. */
export function isLaunched(process: Process): boolean {
  return process.behaviour === LAUNCHED;
}
