/**
 * What a server has beside its state: a name that is not local, an idle timeout, debug functions. It is
 * made on first use, so that an ordinary server has no object of its own.
 *
 * @module
 */

import { localNameOf } from "../kernel/names.ts";
import { CONTINUING, OwnedTimer, type Process } from "../kernel/process.ts";
import { schedule } from "../kernel/scheduler.ts";
import type { Term } from "../kernel/term.ts";
import { stage } from "../kernel/timers.ts";
import type { Debug, SystemEvent } from "./debug.ts";

/** What a server has beside its state, if it has anything. */
export class Attributes {
  /** The name it was started under, as it was given. */
  name: Term = undefined;
  /** Milliseconds of the idle timeout that is set; `undefined` if none is. */
  idleTimeout: number | undefined = undefined;
  idleTimer: OwnedTimer | null = null;
  /** The idle time is up, and nothing has come in between. */
  isIdleTimeUp = false;
  /** What the server continues with, while its process is `CONTINUING`. */
  #continuation: Term = undefined;
  /** Installed debug functions, if there are any. */
  debug: Debug | null = null;

  /** Sets the idle timeout that a callback asked for: it comes if no message does within `timeout` ms. */
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

  /** Has the server continue with `argument` before it takes the next message. */
  continueWith(process: Process, argument: Term): void {
    this.#continuation = argument;
    process.flags |= CONTINUING;
  }

  /** Takes what the server is to continue with. Most servers need no attributes after that. */
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

  /** Takes the idle timeout away: a message has come. */
  clearIdleTimer(): void {
    this.isIdleTimeUp = false;
    if (this.idleTimer === null) return;
    this.idleTimer.cancel();
    this.idleTimer = null;
  }
}

/** The attributes of a server, if it has any. */
export function attributesOf(process: Process): Attributes | null {
  return process.server as Attributes | null;
}

/** The attributes of a server, made if it has none. */
export function ensureAttributes(process: Process): Attributes {
  return (process.server ??= new Attributes()) as Attributes;
}

/** The events that the debug functions of a server keep. */
export function loggedBy(process: Process): readonly SystemEvent[] {
  return attributesOf(process)?.debug?.logged() ?? [];
}

/** The name that a server was started under, else its local name. */
export function nameOf(process: Process): Term {
  return (process.server as Attributes | null)?.name ?? localNameOf(process.pid);
}
