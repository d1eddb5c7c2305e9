/**
 * The locker: it brings two partitions together. With the locker of a node that is not known yet, it locks
 * both partitions, has the servers exchange their names, and gives the locks back.
 *
 * Both lockers use the same lock, `[global, [one locker, the other]]`, so that what is locked by one is not
 * lost when the other has finished. Either may begin; while it is about one node it neither begins nor answers
 * anything with another.
 *
 * @module
 */

import { List } from "../../kernel/list.ts";
import type { NodeName, Pid } from "../../kernel/term.ts";
import { deleteInOrder, deleteOn, type Locking, setOn } from "./locking.ts";
import { bossOf, GLOBAL, type SharedLockId, type Tag, VERIFY_VERSION } from "./protocol.ts";
import { receive, type Routine } from "./routine.ts";

/** A locker that this one might come together with. */
interface Him {
  readonly node: NodeName;
  readonly locker: Pid;
  readonly version: number;
  readonly hisTag: Tag;
  readonly myTag: Tag;
}

/** What the locker is sent, by the server of its own node. */
export type LockerMessage =
  /** A node that is to be known has a locker. */
  | readonly ["his_the_locker", him: Him]
  /** There is nothing more to do with a node: `last` is done before its locks are given back. */
  | readonly ["cancel", node: NodeName, tag: Tag | undefined, last?: () => void]
  | readonly ["add_to_known", nodes: readonly NodeName[]]
  | readonly ["remove_from_known", node: NodeName]
  | LockSet;

/** The other locker has locked its partition, or could not. Without a tag before version 8. */
export type LockSet = readonly [
  what: "lock_set",
  locker: Pid,
  isSet: boolean,
  hisKnown: List<NodeName>,
  tag?: Tag,
];

/** What the locker knows of its own node. */
export interface LockerSelf extends Locking {
  /** Its own pid. */
  readonly pid: Pid;
  /** Compares pids as Erlang does. */
  compare(one: Pid, other: Pid): number;
  /** Whether somebody changes names at the moment. */
  isGlobalLocked(): boolean;
  /** Says something to the server of a node. */
  cast(node: NodeName, message: readonly unknown[]): void;
  /** Tells the server of this node that both partitions are locked. */
  locked(node: NodeName, tag: Tag, id: SharedLockId): void;
  /** Takes a message that has come before, without waiting. */
  poll(accepts: (message: LockerMessage) => boolean): LockerMessage | undefined;
}

/** How long to wait before beginning, in ms, if there is nobody else in the own partition. */
const FIRST_PATIENCE_MS = 200;
/** The same, with others in it: the more there are, the longer, for others may begin as well. */
const PATIENCE_MS = 1000;
const PATIENCE_PER_NODE_MS = 100;
const LONGEST_PATIENCE_MS = 3000;

/** What the locker does. */
export function locker(own: LockerSelf): Routine<never> {
  return new Locker(own).run();
}

class Locker {
  readonly #own: LockerSelf;
  /** Those that are not known yet. */
  readonly #others = new Map<NodeName, Him>();
  #known: NodeName[] = [];
  #hasJustSucceeded = false;

  constructor(own: LockerSelf) {
    this.#own = own;
  }

  *run(): Routine<never> {
    for (;;) {
      const message = yield* receive<LockerMessage>(() => true, this.#patience());
      if (message !== undefined) yield* this.#heed(message);
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

  *#heed(message: LockerMessage): Routine {
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

  /** The other one has begun. */
  *#answer(hisLocker: Pid, tag: Tag | undefined): Routine {
    const him = this.#others.get(hisLocker.node);
    if (him === undefined || (tag !== undefined && tag !== him.myTag)) {
      return this.#say(false, hisLocker, him?.version ?? VERIFY_VERSION, 0);
    }
    const id = this.#lockId(hisLocker);
    const isSet = yield* this.#lockSafely(id, []);
    this.#say(isSet, hisLocker, him.version, him.hisTag);
    this.#hasJustSucceeded = isSet;
    if (isSet) yield* this.#hold(him, id, [this.#own.node, ...this.#known]);
  }

  /** Begins with one that is not known. */
  *#begin(): Routine {
    for (const node of this.#known) this.#others.delete(node);
    const others = [...this.#others.values()];
    const him = others[Math.floor(this.#own.random() * others.length)];
    if (him === undefined) return;
    const id = this.#lockId(him.locker);
    // That he is locked, too, prevents that each waits for the other.
    if (!(yield* this.#lockSafely(id, [him.node]))) return;
    const nodes = [this.#own.node, him.node, ...this.#known];
    this.#say(true, him.locker, him.version, him.hisTag);
    const answer = yield* receive<LockerMessage>((message) =>
      isCancel(message, him) ||
      message[0] === "lock_set" && message[1].node === him.node &&
        (message[4] === undefined || message[4] === him.myTag)
    );
    if (answer?.[0] === "lock_set" && answer[2]) {
      this.#hasJustSucceeded = true;
      return yield* this.#hold(him, id, nodes);
    }
    if (answer?.[0] === "cancel") {
      answer[3]?.();
      this.#forget(him.node, him.myTag);
    }
    yield* deleteInOrder(id, nodes);
  }

  /** Both partitions are locked: until the server says that it has finished, or cannot. */
  *#hold(him: Him, id: SharedLockId, nodes: readonly NodeName[]): Routine {
    this.#own.locked(him.node, him.myTag, id);
    const cancel = yield* receive<LockerMessage>((message) => isCancel(message, him));
    // The other nodes hear what is new before the lock is gone.
    if (cancel?.[0] === "cancel") cancel[3]?.();
    yield* deleteInOrder(id, nodes);
    this.#forget(him.node, him.myTag);
  }

  /** Locks the own partition, and `extra`: the boss before all others, for he refuses soonest. */
  *#lockSafely(id: SharedLockId, extra: readonly NodeName[]): Routine<boolean> {
    const own = this.#own;
    const first = [bossOf([own.node, ...this.#known])];
    // To lock this node could stop somebody who has locked the boss: so it is only looked whether that could be done.
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

  #lockId(hisLocker: Pid): SharedLockId {
    const { pid, compare } = this.#own;
    return [GLOBAL, List.from([pid, hisLocker].sort(compare)) as List<Pid>];
  }

  #say(isSet: boolean, hisLocker: Pid, version: number, hisTag: Tag): void {
    const known = List.from(this.#known);
    const message = ["lock_set", this.#own.pid, isSet, known] as const;
    this.#own.cast(hisLocker.node, version < VERIFY_VERSION ? message : [...message, hisTag]);
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

function isCancel(message: LockerMessage, him: Him): boolean {
  return message[0] === "cancel" && message[1] === him.node && message[2] === him.myTag;
}
