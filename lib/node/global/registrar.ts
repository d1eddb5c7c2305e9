/**
 * The registrar: it changes names on all nodes, one change after another, while it has the lock.
 *
 * It lives as long as its node, so that a change that was begun is made on all nodes; and it makes all of its
 * calls itself, for whoever registers must be who has the lock.
 *
 * @module
 */

import type { NodeName, Term } from "../../kernel/term.ts";
import type { LockId } from "../../../registries/name_server.ts";
import { backOff, deleteInOrder, deleteOn, type Locking, setOn } from "./locking.ts";
import { bossOf, type Request } from "./protocol.ts";
import { ask, receive, type Routine } from "./routine.ts";

/** A change of names. */
export interface Change {
  /** What to ask of every node. */
  readonly request: Request;
  /** Whether to, asked when nobody else can change names. */
  mayBe(): boolean;
  /** Told whether it was done. */
  done(isDone: boolean): void;
}

/** What the registrar knows of its own node. */
export interface RegistrarSelf extends Locking {
  /** Whom its locks are for: itself. */
  readonly requester: Term;
  /** All nodes whose names are those of this one. */
  known(): NodeName[];
}

/** What the registrar does. */
export function* registrar(own: RegistrarSelf): Routine<never> {
  for (;;) {
    const change = (yield* receive<Change>())!;
    const id = ["global", own.requester] as const;
    const nodes = yield* setOnKnown(own, id);
    const isDone = change.mayBe();
    if (isDone) yield* ask(nodes, change.request);
    yield* deleteInOrder(id, nodes);
    change.done(isDone);
  }
}

/** Takes a lock on all known nodes, and resolves with those: there was no other one when it was taken. */
function* setOnKnown(own: RegistrarSelf, id: LockId): Routine<NodeName[]> {
  for (let times = 0;; times++) {
    const nodes = [own.node, ...own.known()];
    const boss = bossOf(nodes);
    if (yield* setOn(own, id, [boss])) {
      if (yield* setOn(own, id, nodes)) {
        if (own.known().every((node) => nodes.includes(node))) return nodes;
        yield* deleteInOrder(id, nodes);
      } else yield* deleteOn(id, [boss]);
    }
    yield* backOff(own, times);
  }
}
