/**
 * The locker, which merges two partitions. Together with the locker of a node that is not known yet, it locks both
 * partitions, lets the servers exchange their names, and releases the locks.
 *
 * Both lockers use the same lock, `[global, [one locker, the other]]`, so that nodes locked by one stay locked when
 * the other has finished. Either may begin; while a locker is busy with one node, it neither begins nor answers
 * anything with another.
 *
 * @module
 */

import { List } from "../../kernel/list.ts";
import type { NodeName, Pid } from "../../kernel/term.ts";
import { deleteInOrder, deleteOn, type Locking, setOn } from "./locking.ts";
import { bossOf, GLOBAL, type SharedLockId, type Tag, VERIFY_VERSION } from "./protocol.ts";
import { receive, type Routine } from "./routine.ts";

/** The locker of another node. */
interface OtherLocker {
  readonly node: NodeName;
  readonly locker: Pid;
  readonly version: number;
  readonly otherTag: Tag;
  readonly myTag: Tag;
}

/** What the locker is sent, by the server of its own node. */
export type LockerMessage =
  /** A node that is not known yet, and its locker. */
  | readonly ["his_the_locker", peer: OtherLocker]
  /** The work with a node is done: `last` is called before its locks are released. */
  | readonly ["cancel", node: NodeName, tag: Tag | undefined, last?: () => void]
  | readonly ["add_to_known", nodes: readonly NodeName[]]
  | readonly ["remove_from_known", node: NodeName]
  | LockSet;

/** The other locker has locked its partition, or has failed to. Without a tag before version 8. */
export type LockSet = readonly [
  what: "lock_set",
  locker: Pid,
  isSet: boolean,
  peerKnown: List<NodeName>,
  tag?: Tag,
];

/** What the locker needs of its own node. */
export interface LockerSelf extends Locking {
  /** The pid of the locker. */
  readonly pid: Pid;
  /** Compares pids as Erlang does. */
  compare(one: Pid, other: Pid): number;
  /** Whether names are being changed at the moment. */
  isGlobalLocked(): boolean;
  /** Sends a message to the server of a node. */
  cast(node: NodeName, message: readonly unknown[]): void;
  /** Notifies the server of this node that both partitions are locked. */
  locked(node: NodeName, tag: Tag, id: SharedLockId): void;
  /** Takes a message that has arrived already, without waiting. */
  poll(accepts: (message: LockerMessage) => boolean): LockerMessage | undefined;
}

/** The wait before beginning, in milliseconds, if this node is the only one of its partition. */
const FIRST_PATIENCE_MS = 200;
/** The same, with others in it. It grows with their number, because they may begin as well. */
const PATIENCE_MS = 1000;
const PATIENCE_PER_NODE_MS = 100;
const LONGEST_PATIENCE_MS = 3000;

/** The routine of the locker. */
export function locker(own: LockerSelf): Routine<never> {
  return new Locker(own).run();
}

class Locker {
  readonly #own: LockerSelf;
  /** The lockers of nodes that are not known yet. */
  readonly #others = new Map<NodeName, OtherLocker>();
  #known: NodeName[] = [];
  #hasJustSucceeded = false;

  constructor(own: LockerSelf) {
    this.#own = own;
  }

  *run(): Routine<never> {
    for (;;) {
      const message = yield* receive<LockerMessage>(() => true, this.#patience());
      if (message !== undefined) yield* this.#handle(message);
      else {
        this.#hasJustSucceeded = false;
        if (!this.#own.isGlobalLocked()) yield* this.#begin();
      }
    }
  }

  #patience(): number {
    if (this.#others.size === 0) return Infinity;
    if (this.#hasJustSucceeded) return 0;
    if (this.#known.length === 0) return FIRST_PATIENCE_MS;
    const patience = PATIENCE_MS + PATIENCE_PER_NODE_MS * this.#known.length;
    return Math.min(patience, LONGEST_PATIENCE_MS);
  }

  *#handle(message: LockerMessage): Routine {
    switch (message[0]) {
      case "his_the_locker":
        this.#others.set(message[1].node, message[1]);
        return;
      case "cancel":
        this.#forget(message[1], message[2]);
        return;
      case "add_to_known":
      case "remove_from_known":
        return this.#update(message);
      case "lock_set":
        if (message[2]) yield* this.#answer(message[1], message[4]);
    }
  }

  /** The other locker has begun. */
  *#answer(peerLocker: Pid, tag: Tag | undefined): Routine {
    const peer = this.#others.get(peerLocker.node);
    if (peer === undefined || (tag !== undefined && tag !== peer.myTag)) {
      return this.#say(false, peerLocker, peer?.version ?? VERIFY_VERSION, 0);
    }
    const id = this.#lockId(peerLocker);
    const isSet = yield* this.#lockSafely(id, []);
    this.#say(isSet, peerLocker, peer.version, peer.otherTag);
    this.#hasJustSucceeded = isSet;
    if (isSet) yield* this.#hold(peer, id, [this.#own.node, ...this.#known]);
  }

  /** Begins with a node that is not known yet. */
  *#begin(): Routine {
    for (const node of this.#known) this.#others.delete(node);
    const others = [...this.#others.values()];
    const peer = others[Math.floor(this.#own.random() * others.length)];
    if (peer === undefined) return;
    const id = this.#lockId(peer.locker);
    // Locking the other node, too, prevents a deadlock of the two.
    if (!(yield* this.#lockSafely(id, [peer.node]))) return;
    const nodes = [this.#own.node, peer.node, ...this.#known];
    this.#say(true, peer.locker, peer.version, peer.otherTag);
    const answer = yield* receive<LockerMessage>((message) =>
      isCancel(message, peer) ||
      message[0] === "lock_set" && message[1].node === peer.node &&
        (message[4] === undefined || message[4] === peer.myTag)
    );
    if (answer?.[0] === "lock_set" && answer[2]) {
      this.#hasJustSucceeded = true;
      return yield* this.#hold(peer, id, nodes);
    }
    if (answer?.[0] === "cancel") {
      answer[3]?.();
      this.#forget(peer.node, peer.myTag);
    }
    yield* deleteInOrder(id, nodes);
  }

  /** Both partitions are locked: waits until the server has finished, or has failed. */
  *#hold(peer: OtherLocker, id: SharedLockId, nodes: readonly NodeName[]): Routine {
    this.#own.locked(peer.node, peer.myTag, id);
    const cancel = yield* receive<LockerMessage>((message) => isCancel(message, peer));
    // The other nodes are told the changes before the lock is released.
    if (cancel?.[0] === "cancel") cancel[3]?.();
    yield* deleteInOrder(id, nodes);
    this.#forget(peer.node, peer.myTag);
  }

  /** Locks the own partition, and `extra`: the boss before all others, because it refuses soonest. */
  *#lockSafely(id: SharedLockId, extra: readonly NodeName[]): Routine<boolean> {
    const own = this.#own;
    const first = [bossOf([own.node, ...this.#known])];
    // Locking this node could block a requester that has locked the boss. So this only checks whether it is possible.
    if (first[0] !== own.node && !own.canSet(id)) return false;
    if (!(yield* setOn(own, id, first))) return false;
    this.#updateAll();
    const second = [own.node, ...extra].filter((node) => !first.includes(node));
    if (!(yield* setOn(own, id, second))) {
      yield* deleteOn(id, first);
      return false;
    }
    const third = this.#known.filter((node) => !first.includes(node));
    if (yield* setOn(own, id, third)) return true;
    yield* deleteOn(id, [...first, ...second]);
    return false;
  }

  #lockId(peerLocker: Pid): SharedLockId {
    const { pid, compare } = this.#own;
    return [GLOBAL, List.from([pid, peerLocker].sort(compare)) as List<Pid>];
  }

  #say(isSet: boolean, peerLocker: Pid, version: number, otherTag: Tag): void {
    const known = List.from(this.#known);
    const message = ["lock_set", this.#own.pid, isSet, known] as const;
    this.#own.cast(peerLocker.node, version < VERIFY_VERSION ? message : [...message, otherTag]);
  }

  #forget(node: NodeName, tag: Tag | undefined): void {
    if (tag !== undefined && this.#others.get(node)?.myTag === tag) this.#others.delete(node);
  }

  #updateAll(): void {
    for (;;) {
      const message = this.#own.poll(([what]) =>
        what === "add_to_known" || what === "remove_from_known"
      );
      if (message === undefined) return;
      this.#update(message);
    }
  }

  #update(message: LockerMessage): void {
    const [what, nodes] = message;
    if (what === "add_to_known") {
      this.#known = [...new Set([...this.#known, ...nodes as readonly NodeName[]])];
    } else this.#known = this.#known.filter((node) => node !== nodes);
  }
}

function isCancel(message: LockerMessage, peer: OtherLocker): boolean {
  return message[0] === "cancel" && message[1] === peer.node && message[2] === peer.myTag;
}
