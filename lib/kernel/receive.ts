/**
 * Waiting for mail, and for time to pass: what a process may do in the middle of its code.
 *
 * @module
 */

import { takenPayload, toMessage } from "./mailbox.ts";
import { BUSY, HELD, OwnedTimer, type Process } from "./process.ts";
import { isSliceSpent, schedule, spend } from "./scheduler.ts";
import type { Term } from "./term.ts";
import { stage, start } from "./timers.ts";

/** Tells whether a receive takes this message. */
export type Accepts = (message: Term) => boolean;

/** The outcome of a receive whose time was up. */
export const TIMED_OUT: unique symbol = Symbol("timed out");

/** A process that waits in `receive`. */
export class Wait {
  timer: OwnedTimer | null = null;

  /** A wait for a message that `accepts` takes, for any if it is `null`; a brief one until its next turn. */
  constructor(
    readonly accepts: Accepts | null,
    readonly isBrief: boolean,
    readonly resolve: (message: Term) => void,
    readonly reject: (error: unknown) => void,
  ) {}
}

/**
 * Takes the first message that `accepts` answers true for out of the mailbox of `process`, or waits
 * for one. Messages that it answers false for stay, in order. Resolves with `TIMED_OUT` after
 * `timeout` ms, at once if that is 0; rejects with what `accepts` throws.
 */
export function receiveMessage(
  process: Process,
  accepts: Accepts | null,
  timeout: number,
): Promise<Term> {
  if (process.wait !== null) {
    throw new TypeError(
      "Cannot receive: this process waits in another receive() already, and a process does one " +
        "thing at a time (await the first one, or give it an after clause)",
    );
  }
  return new Promise((resolve, reject) => {
    // What is there is taken at once; but a process that always finds something must not keep the
    // others and the host from their turns.
    const isHeldUp = isSliceSpent() || (process.flags & HELD) !== 0;
    const wait = new Wait(accepts, isHeldUp && timeout === 0, resolve, reject);
    if (searchSaved(process, wait)) return;
    process.wait = wait;
    if (!isHeldUp) {
      searchNew(process);
      if (process.wait !== wait) return;
      if (timeout === 0) {
        process.wait = null;
        spend(process, 1);
        return resolve(TIMED_OUT);
      }
    }
    process.flags &= ~BUSY;
    if (isHeldUp) schedule(process);
    if (timeout === 0 || timeout === Infinity) return;
    wait.timer = new OwnedTimer(process, () => {
      endWait(process, wait);
      resolve(TIMED_OUT);
    });
    // The message mostly comes before anybody looks at the clock.
    stage(wait.timer, timeout);
  });
}

/** Looks through the mail that has come since the last look, if `process` waits for some. */
export function searchNew(process: Process): void {
  const wait = process.wait!;
  let searched = 0;
  while (process.wait === wait && !process.hasNothingNew) {
    const kind = process.shiftNew();
    searched++;
    const payload = takenPayload;
    const message = toMessage(kind, payload);
    try {
      if (wait.accepts === null || wait.accepts(message)) {
        endWait(process, wait);
        wait.resolve(message);
      } else {
        process.save(kind, payload);
      }
    } catch (thrown) {
      process.save(kind, payload);
      endWait(process, wait);
      wait.reject(thrown);
    }
  }
  spend(process, searched);
  if (process.wait === wait && wait.isBrief) {
    endWait(process, wait);
    wait.resolve(TIMED_OUT);
  }
}

/** Looks through the messages that earlier receives passed over. Tells whether that ended the wait. */
function searchSaved(process: Process, wait: Wait): boolean {
  const { accepts } = wait;
  try {
    const kind = process.shiftSavedIf((kind, payload) =>
      accepts === null || accepts(toMessage(kind, payload))
    );
    if (kind === undefined) return false;
    wait.resolve(toMessage(kind, takenPayload));
  } catch (thrown) {
    wait.reject(thrown);
  }
  return true;
}

function endWait(process: Process, wait: Wait): void {
  wait.timer?.cancel();
  process.wait = null;
  process.flags |= BUSY;
}

/** Takes all messages out of the mailbox of `process`, oldest first. */
export function takeAll(process: Process): Term[] {
  const messages: Term[] = [];
  while (!process.isEmpty) {
    const kind = process.shift();
    messages.push(toMessage(kind, takenPayload));
  }
  return messages;
}

/** Resolves after `ms` milliseconds, and never if `process` ends before. Its mail stays where it is. */
export function sleep(process: Process, ms: number): Promise<void> {
  return new Promise((resolve) => start(new OwnedTimer(process, resolve), ms));
}
