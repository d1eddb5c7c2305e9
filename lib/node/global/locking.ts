/**
 * Taking a lock on several nodes, all or none, and giving it back.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";
import type { LockId } from "../../../registries/name_server.ts";
import { bossOf } from "./protocol.ts";
import { ask, type Routine, sleep } from "./routine.ts";

/** What whoever takes locks has to know of its own node. */
export interface Locking {
  /** The name of this node. */
  readonly node: NodeName;
  /** Whether this node would not refuse a lock: then the others need not be asked. */
  canSet(id: LockId): boolean;
  /** A number from 0 on, less than 1. */
  random(): number;
}

/** The longest first wait between attempts, in ms: it doubles five times. */
const FIRST_WAIT_MS = 125;
const DOUBLINGS = 5;
/** The longest wait between later attempts. */
const LONGEST_WAIT_MS = 8000;

/** Waits at random before the next attempt, longer from time to time. */
export function backOff(own: Locking, times: number): Routine {
  const longest = times > DOUBLINGS ? LONGEST_WAIT_MS : FIRST_WAIT_MS * 2 ** times;
  return sleep(1 + Math.floor(own.random() * longest));
}

/** Takes a lock on all nodes that are there, or on none; tells which. */
export function* setOn(own: Locking, id: LockId, nodes: readonly NodeName[]): Routine<boolean> {
  if (nodes.length > 1 && nodes.includes(own.node) && !own.canSet(id)) return false;
  const answers = [...yield* ask(nodes, ["set_lock", id])];
  if (answers.every(([, isTaken]) => isTaken === true)) return true;
  const taken = answers.filter(([, isTaken]) => isTaken === true).map(([node]) => node);
  yield* deleteOn(id, taken);
  return false;
}

/** Gives a lock back. */
export function* deleteOn(id: LockId, nodes: readonly NodeName[]): Routine {
  yield* ask(nodes, ["del_lock", id]);
}

/** Gives a lock back on the boss after all others, so that who then locks the boss gets those, too. */
export function* deleteInOrder(id: LockId, nodes: readonly NodeName[]): Routine {
  const boss = bossOf(nodes);
  yield* deleteOn(id, nodes.filter((node) => node !== boss));
  yield* deleteOn(id, [boss]);
}

/** Takes a lock on all nodes that are there, with so many further attempts; tells whether it did. */
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
