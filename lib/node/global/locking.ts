/**
 * Takes a lock on several nodes, all or none, and releases it.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";
import type { LockId } from "../../../registries/name_server.ts";
import { bossOf } from "./protocol.ts";
import { ask, type Routine, sleep } from "./routine.ts";

/** What taking locks needs of the own node. */
export interface Locking {
  /** The name of this node. */
  readonly node: NodeName;
  /** Whether this node would grant a lock. If not, the others need not be asked. */
  canSet(id: LockId): boolean;
  /** A random number in [0, 1). */
  random(): number;
}

/** The maximum of the first wait between attempts, in milliseconds. It doubles five times. */
const FIRST_WAIT_MS = 125;
const DOUBLINGS = 5;
/** The maximum wait between later attempts, in milliseconds. */
const LONGEST_WAIT_MS = 8000;

/** Waits for a random time before the next attempt, up to a maximum that grows with the number of attempts. */
export function backOff(own: Locking, times: number): Routine {
  const longest = times > DOUBLINGS ? LONGEST_WAIT_MS : FIRST_WAIT_MS * 2 ** times;
  return sleep(1 + Math.floor(own.random() * longest));
}

/** Takes a lock on all nodes that can be reached, or on none; returns those nodes. */
export function* setOn(own: Locking, id: LockId, nodes: readonly NodeName[]): Routine<boolean> {
  if (nodes.length > 1 && nodes.includes(own.node) && !own.canSet(id)) return false;
  const answers = [...yield* ask(nodes, ["set_lock", id])];
  if (answers.every(([, isTaken]) => isTaken === true)) return true;
  const taken = answers.filter(([, isTaken]) => isTaken === true).map(([node]) => node);
  yield* deleteOn(id, taken);
  return false;
}

/** Releases a lock. */
export function* deleteOn(id: LockId, nodes: readonly NodeName[]): Routine {
  yield* ask(nodes, ["del_lock", id]);
}

/** Releases a lock, on the boss after all others, so that the next requester that locks the boss gets those, too. */
export function* deleteInOrder(id: LockId, nodes: readonly NodeName[]): Routine {
  const boss = bossOf(nodes);
  yield* deleteOn(id, nodes.filter((node) => node !== boss));
  yield* deleteOn(id, [boss]);
}

/** Takes a lock on all nodes that can be reached, with a number of retries; returns whether it succeeded. */
export function* setPatiently(
  own: Locking,
  id: LockId,
  nodes: readonly NodeName[],
  retries: number,
): Routine<boolean> {
  for (let times = 0;; times++) {
    if (yield* setOn(own, id, nodes)) return true;
    if (times >= retries) return false;
    yield* backOff(own, times);
  }
}
