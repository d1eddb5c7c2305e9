/**
 * Optional attributes of a server besides its state: a name that is not local, an idle timeout, debug
 * functions. Created on first use, so that an ordinary server needs no object for them. Used by `gen/` and
 * the servers of the behaviours.
 *
 * @module
 */

import { localNameOf } from "../kernel/names.ts";
import { CONTINUING, OwnedTimer, type Process } from "../kernel/process.ts";
import { schedule } from "../kernel/scheduler.ts";
import type { Term } from "../kernel/term.ts";
import { stage } from "../kernel/timers.ts";
import type { Debug, SystemEvent } from "./debug.ts";

/** The optional attributes of a server. */
export class Attributes {
  /** The name that the server was started under, as it was given. */
  name: Term = undefined;
  /** The current idle timeout in milliseconds; `undefined` if there is none. */
  idleTimeout: number | undefined = undefined;
  idleTimer: OwnedTimer | null = null;
  /** Whether the idle timeout has expired and not been handled yet. */
  isIdleTimeUp = false;
  /** What the server continues with, while its process is `CONTINUING`. */
  #continuation: Term = undefined;
  /** The installed debug functions, if there are any. */
  debug: Debug | null = null;

  /** Starts the idle timeout that a callback asked for, of `timeout` milliseconds. */
  setIdleTimeout(process: Process, timeout: number): void {
    this.idleTimeout = timeout;
    this.isIdleTimeUp = false;
    const timeIsUp = () => {
      this.idleTimer = null;
      this.isIdleTimeUp = true;
      schedule(process);
    };
    if (timeout === 0) return timeIsUp();
    this.idleTimer = new OwnedTimer(process, timeIsUp);
    stage(this.idleTimer, timeout);
  }

  /** Makes the server continue with `argument` before it takes the next message. */
  continueWith(process: Process, argument: Term): void {
    this.#continuation = argument;
    process.flags |= CONTINUING;
  }

  /** Returns what the server continues with, and forgets it. Most servers need no attributes after that. */
  takeContinuation(process: Process): Term {
    const argument = this.#continuation;
    this.#continuation = undefined;
    process.flags &= ~CONTINUING;
    if (this.#isUnused) process.server = null;
    return argument;
  }

  get #isUnused(): boolean {
    return this.name === undefined && this.idleTimeout === undefined && this.idleTimer === null &&
      !this.isIdleTimeUp && this.debug === null;
  }

  /** Cancels the idle timeout, because a message has arrived. */
  clearIdleTimer(): void {
    this.isIdleTimeUp = false;
    if (this.idleTimer === null) return;
    this.idleTimer.cancel();
    this.idleTimer = null;
  }
}

/** The attributes of a server; `null` if it has none. */
export function attributesOf(process: Process): Attributes | null {
  return process.server as Attributes | null;
}

/** The attributes of a server, created if it has none. */
export function ensureAttributes(process: Process): Attributes {
  return (process.server ??= new Attributes()) as Attributes;
}

/** The events in the log of a server (`Sys.log`). */
export function loggedBy(process: Process): readonly SystemEvent[] {
  return attributesOf(process)?.debug?.logged() ?? [];
}

/** The name that a server was started under, otherwise its local name. */
export function nameOf(process: Process): Term {
  return (process.server as Attributes | null)?.name ?? localNameOf(process.pid);
}
