/**
 * Keepers: processes that own something (the table of a registry, the global names) which others read without
 * sending them messages. Used by `registry.ts` and `name_server.ts`.
 *
 * A keeper receives all of its messages, so that they do not accumulate, and handles those that every OTP process
 * must handle: the exit of its parent, system messages, and the calls of a supervisor.
 *
 * @module
 */

import { PendingCall } from "../lib/kernel/calls.ts";
import { takenPayload } from "../lib/kernel/mailbox.ts";
import { localNameOf } from "../lib/kernel/names.ts";
import {
  type Behaviour,
  HAS_PARENT,
  Process,
  SUSPENDED,
  TRAP_EXIT,
} from "../lib/kernel/process.ts";
import { isArray, isTuple, itemOf, itemsOf } from "../lib/kernel/reader.ts";
import { answer, isFrom } from "../lib/kernel/reply.ts";
import { spend, TURN_MESSAGES } from "../lib/kernel/scheduler.ts";
import { link, terminate } from "../lib/kernel/signals.ts";
import type { Term } from "../lib/kernel/term.ts";

/** What differs between kinds of keepers. */
export interface KeeperKind {
  /** The module of the process. */
  readonly module: object;
  /** The initial call in `Process.info`. */
  readonly initialCall: Term;
  /** The behaviour of the process in OTP. */
  readonly behaviour: "supervisor" | "gen_server";
  /** Called before it terminates because its parent has exited, or because it was stopped. */
  onStop?(process: Process): void;
  /** Handles messages that are not common to all keepers. */
  onMessage?(message: Term): void;
}

/** The behaviour of all keepers of one kind. */
export class Keeper implements Behaviour {
  readonly hasAncestors = true;
  readonly #kind: KeeperKind;

  /** Creates the behaviour of a kind. */
  constructor(kind: KeeperKind) {
    this.#kind = kind;
  }

  /** Starts a keeper, linked to `parent` if it has one. Its state is what it owns. */
  start(parent: Process | null, state: Term): Process {
    const flags = parent === null ? TRAP_EXIT : TRAP_EXIT | HAS_PARENT;
    const process = new Process(this, state, parent, flags);
    if (parent !== null) link(parent, process.pid);
    return process;
  }

  turn(process: Process): boolean {
    let handled = 0;
    for (; handled < TURN_MESSAGES && !process.isDead && !process.isEmpty; handled++) {
      const kind = process.shift();
      if (kind instanceof PendingCall) this.#answer(kind, takenPayload);
      else this.#handleMessage(process, takenPayload);
    }
    spend(process, handled);
    return !process.isDead && !process.isEmpty;
  }

  describe(): { initialCall: Term; currentFunction: Term } {
    return { initialCall: this.#kind.initialCall, currentFunction: ["gen_server", "loop", 7] };
  }

  #handleMessage(process: Process, message: Term): void {
    const [tag, first, second] = itemsOf(message, 3) ?? [];
    if (tag === "EXIT" && process.parent === first && (process.flags & HAS_PARENT) !== 0) {
      this.#stop(process, second);
    } else if (tag === "system" && isFrom(first)) {
      answer(first, this.#answerSystem(process, second));
      if (isTuple(second, "terminate", 2)) this.#stop(process, itemOf(second, 1));
    } else if (isArray(message)) this.#kind.onMessage?.(message);
  }

  #answerSystem(process: Process, request: Term): Term {
    switch (request) {
      case "get_state":
        return ["ok", process.state];
      case "get_status":
        return this.#status(process);
      case "suspend":
        // It does nothing that could be suspended.
        process.flags |= SUSPENDED;
        return "ok";
      case "resume":
        process.flags &= ~SUSPENDED;
        return "ok";
    }
    return isTuple(request, "terminate", 2) ? "ok" : ["error", ["unknown_system_msg", request]];
  }

  #status(process: Process): Term {
    const { module, behaviour } = this.#kind;
    return {
      pid: process.pid,
      module,
      behaviour,
      status: (process.flags & SUSPENDED) !== 0 ? "suspended" : "running",
      parent: process.parent ?? process.pid,
      name: localNameOf(process.pid),
      dictionary: [],
      trapExit: process.trapsExits,
      debug: [],
      state: process.state,
    };
  }

  #stop(process: Process, reason: Term): void {
    this.#kind.onStop?.(process);
    terminate(process, reason);
  }

  /** A keeper whose OTP behaviour is a supervisor is called for its children: it has none. */
  #answer(call: PendingCall, request: Term): void {
    if (this.#kind.behaviour !== "supervisor") return;
    if (request === "which_children") call.reply([]);
    else if (request === "count_children") {
      call.reply({ specs: 0, active: 0, supervisors: 0, workers: 0 });
    }
  }
}
