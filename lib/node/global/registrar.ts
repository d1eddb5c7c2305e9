/**
 * The registrar, which changes names on all nodes, one change after another, while it holds the lock.
 *
 * It runs as long as its node, so that a change that was begun is made on all nodes. It makes all calls itself,
 * because the process that registers must be the one that holds the lock.
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
  /** The request to every node. */
  readonly request: Request;
  /** Whether to make the change; called while no other process can change names. */
  mayBe(): boolean;
  /** Called with whether the change was made. */
  done(isDone: boolean): void;
}

/** What the registrar needs of its own node. */
export interface RegistrarSelf extends Locking {
  /** The requester of its locks: itself. */
  readonly requester: Term;
  /** All nodes that share their names with this one. */
  known(): NodeName[];
}

/** The routine of the registrar. */
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

/** Takes a lock on all known nodes, and returns them. They are all nodes that were known when it was taken. */
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
