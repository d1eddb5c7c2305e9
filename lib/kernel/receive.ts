/**
 * Receiving and sleeping: how the code of a process waits for a message or for time to pass.
 *
 * @module
 */

import { hasThen } from "./awaitable.ts";
import { abandon } from "./calls.ts";
import { takenPayload, toMessage } from "./mailbox.ts";
import { BUSY, HELD, OwnedTimer, type Process } from "./process.ts";
import { isSliceSpent, schedule, spend } from "./scheduler.ts";
import type { Term } from "./term.ts";
import { stage, start } from "./timers.ts";

/** Tells whether a receive takes this message. */
export type Accepts = (message: Term) => boolean;

/** The result of a receive that timed out. */
export const TIMED_OUT: unique symbol = Symbol("timed out");

/** A process that waits in `receive`. */
export class Wait {
  timer: OwnedTimer | null = null;

  /**
   * A wait for a message that `accepts` takes, or for any if `accepts` is `null`. A brief wait times out in
   * the next turn.
   */
  constructor(
    readonly accepts: Accepts | null,
    readonly isBrief: boolean,
    readonly resolve: (message: Term) => void,
    readonly reject: (error: unknown) => void,
  ) {}
}

/**
 * Takes the first message for which `accepts` returns true out of the mailbox of `process`, or waits
 * for one. Other messages stay, in order. Resolves with `TIMED_OUT` after `timeout` ms, at once if
 * that is 0. Rejects with what `accepts` throws. A message that has a method `then` is not passed on:
 * resolves with `undefined` then, or rejects if `accepts` is `null`.
 */
export function receiveMessage(
  process: Process,
  accepts: Accepts | null,
  timeout: number,
): Promise<Term> {
  if (process.wait !== null) {
    throw new TypeError(
      "Cannot receive: this process waits in another receive() already, and a process can wait in " +
        "one at a time (await the first one, or give it an after clause)",
    );
  }
  return new Promise((resolve, reject) => {
    // A message that is there is taken at once; but a process that always finds one must not keep
    // other processes and the host from their turns.
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
    // Staged, as the message mostly arrives before the clock is next read.
    stage(wait.timer, timeout);
  });
}

/** Searches the messages that have arrived since the last search. `process` must be waiting. */
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
        settle(wait, message);
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

/** Searches the messages that earlier receives have passed over. Tells whether that settled the wait. */
function searchSaved(process: Process, wait: Wait): boolean {
  const { accepts } = wait;
  try {
    const kind = process.shiftSavedIf((kind, payload) =>
      accepts === null || accepts(toMessage(kind, payload))
    );
    if (kind === undefined) return false;
    settle(wait, toMessage(kind, takenPayload));
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

/**
 * Settles a wait with a message that it takes. No promise resolves with a message that has a method `then`: if
 * `accepts` took it, that function has it.
 */
function settle({ accepts, resolve, reject }: Wait, message: Term): void {
  if (!hasThen(message)) resolve(message);
  else if (accepts !== null) resolve(undefined);
  else {
    reject(
      new TypeError(
        "Cannot receive a promise or another object that has a method then without a clause: the " +
          "message is dropped. Take it in a clause, such as on(_, (message) => [message])",
      ),
    );
  }
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

/** Resolves after `ms` milliseconds, and never if `process` exits before. Messages stay in its mailbox. */
export function sleep(process: Process, ms: number): Promise<void> {
  return new Promise((resolve, reject) => start(new Sleep(process, resolve, reject), ms));
}

/** The timer of a process that sleeps. It is cancelled only when that exits. */
class Sleep extends OwnedTimer {
  constructor(
    readonly process: Process,
    resolve: () => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(process, resolve);
  }

  override cancel(): void {
    super.cancel();
    abandon(this.process, this.reject);
  }
}
