/**
 * Keepers: processes that only have to be there. What they keep (the table of a registry, global
 * names) is at hand for everybody without asking them, and is gone, or not, with them.
 *
 * A keeper takes all its mail, so that nothing piles up, and heeds of it what OTP has every process of
 * its own heed: the end of its parent, system messages, and what is asked of a supervisor.
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
import { isA, isArray, itemOf, itemsOf } from "../lib/kernel/reader.ts";
import { spend, TURN_MESSAGES } from "../lib/kernel/scheduler.ts";
import { link, terminate } from "../lib/kernel/signals.ts";
import type { Term } from "../lib/kernel/term.ts";

/** What distinguishes one kind of keeper from another. */
export interface KeeperKind {
  /** The module whose process it is. */
  readonly module: object;
  /** What `Process.info` says that it was started with. */
  readonly initialCall: Term;
  /** What OTP has in its place. */
  readonly behaviour: "supervisor" | "gen_server";
  /** Called before it ends in order: because its parent has ended, or because it was asked to. */
  onStop?(process: Process): void;
  /** Takes what no keeper heeds. */
  onMessage?(message: Term): void;
}

/** The behaviour of all keepers of one kind. */
export class Keeper implements Behaviour {
  readonly hasAncestors = true;
  readonly #kind: KeeperKind;

  /** Makes keepers of a kind. */
  constructor(kind: KeeperKind) {
    this.#kind = kind;
  }

  /** Starts a keeper, linked to `parent` if it has one. What it keeps is the state of its process. */
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
      else this.#heed(process, takenPayload);
    }
    spend(process, handled);
    return !process.isDead && !process.isEmpty;
  }

  describe(): { initialCall: Term; currentFunction: Term } {
    return { initialCall: this.#kind.initialCall, currentFunction: ["gen_server", "loop", 7] };
  }

  #heed(process: Process, message: Term): void {
    const [tag, first, second] = itemsOf(message, 3) ?? [];
    if (tag === "EXIT" && process.parent === first && (process.flags & HAS_PARENT) !== 0) {
      this.#stop(process, second);
    } else if (tag === "system" && isArray(first)) {
      const call = itemOf(first, 1);
      const operation = isArray(second) ? itemOf(second, 0) : second;
      if (isA(call, PendingCall)) call.reply(this.#answerSystem(process, operation, second));
      if (operation === "terminate") this.#stop(process, itemOf(second, 1));
    } else if (isArray(message)) this.#kind.onMessage?.(message);
  }

  #answerSystem(process: Process, operation: Term, request: Term): Term {
    switch (operation) {
      case "get_state":
        return ["ok", process.state];
      case "get_status":
        return this.#status(process);
      case "suspend":
        // Nothing of what it does can be held up.
        process.flags |= SUSPENDED;
        return "ok";
      case "resume":
        process.flags &= ~SUSPENDED;
        return "ok";
      case "terminate":
        return "ok";
    }
    return ["error", ["unknown_system_msg", request]];
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

  /** What stands for a supervisor in the tree of processes is asked for its children: it has none. */
  #answer(call: PendingCall, request: Term): void {
    if (this.#kind.behaviour !== "supervisor") return;
    if (request === "which_children") call.reply([]);
    else if (request === "count_children") {
      call.reply({ specs: 0, active: 0, supervisors: 0, workers: 0 });
    }
  }
}
