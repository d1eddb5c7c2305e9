/**
 * The groups of one scope: who is in which, and how often. Here nothing is sent and nobody is watched;
 * that is `scope.ts`.
 *
 * A group is there while it has a member or somebody watches it. The members of each other node are kept
 * apart, by the process that speaks for the scope there, so that they can be replaced and go together.
 *
 * @module
 */

import type { Pid, Ref, Term } from "../kernel/term.ts";
import { standIn } from "../kernel/term_map.ts";

/** Things, each any number of times. */
export class Bag<T> {
  readonly #counts = new Map<T, number>();
  #size = 0;

  /** With these to begin with. */
  constructor(items: Iterable<T> = []) {
    for (const item of items) this.add(item);
  }

  /** Number of things, each as often as it is in. */
  get size(): number {
    return this.#size;
  }

  /** Puts something in, once more. */
  add(item: T): void {
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + 1);
    this.#size++;
  }

  /** Takes something out, once; tells whether it was in. */
  remove(item: T): boolean {
    const count = this.#counts.get(item);
    if (count === undefined) return false;
    if (count === 1) this.#counts.delete(item);
    else this.#counts.set(item, count - 1);
    this.#size--;
    return true;
  }

  /** What is in more often than in `other`, each as often as that. */
  without(other: Bag<T>): T[] {
    const rest: T[] = [];
    for (const [item, count] of this.#counts) {
      for (let i = other.#counts.get(item) ?? 0; i < count; i++) rest.push(item);
    }
    return rest;
  }

  /** Everything, each as often as it is in, behind what is in `list` already. */
  items(list: T[] = []): T[] {
    for (const [item, count] of this.#counts) {
      for (let i = 0; i < count; i++) list.push(item);
    }
    return list;
  }
}

/** Members of what has none. */
export const NOBODY: readonly Pid[] = Object.freeze([]);

/** One group. */
export class Group {
  /** As whoever came first has written it. */
  readonly name: Term;
  /** Who watches it, by the reference that they know that by. */
  readonly watchers = new Map<Ref, Pid>();
  readonly #local = new Bag<Pid>();
  readonly #byPeer = new Map<Pid, Bag<Pid>>();
  /** What was answered last, until something changes: whoever asks often pays for it once. */
  #members: readonly Pid[] | null = null;
  #localMembers: readonly Pid[] | null = null;

  /** An empty one. */
  constructor(name: Term) {
    this.name = name;
  }

  /** All members. */
  get members(): readonly Pid[] {
    if (this.#byPeer.size === 0) return this.localMembers;
    return this.#members ??= Object.freeze(this.#allMembers());
  }

  /** The members on this node. */
  get localMembers(): readonly Pid[] {
    if (this.#local.size === 0) return NOBODY;
    return this.#localMembers ??= Object.freeze(this.#local.items());
  }

  /** Whether there is a member on this node. */
  get isLocal(): boolean {
    return this.#local.size > 0;
  }

  /** Whether there is a member anywhere. */
  get hasMembers(): boolean {
    return this.isLocal || this.#byPeer.size > 0;
  }

  /** Members of this node come. */
  join(pids: Iterable<Pid>): void {
    for (const pid of pids) this.#local.add(pid);
    this.#changed();
  }

  /** A member of this node goes, once; tells whether it was one. */
  leave(pid: Pid): boolean {
    this.#changed();
    return this.#local.remove(pid);
  }

  /** Members of a peer come. */
  joinFrom(peer: Pid, pids: Iterable<Pid>): void {
    const bag = this.membersOf(peer);
    for (const pid of pids) bag.add(pid);
    this.replace(peer, bag);
  }

  /** Members of a peer go. */
  leaveFrom(peer: Pid, pids: Iterable<Pid>): void {
    const bag = this.membersOf(peer);
    for (const pid of pids) bag.remove(pid);
    this.replace(peer, bag);
  }

  /** The members of a peer: not to be changed, but by {@linkcode replace}. */
  membersOf(peer: Pid): Bag<Pid> {
    return this.#byPeer.get(peer) ?? new Bag<Pid>();
  }

  /** These are the members of a peer from now on. */
  replace(peer: Pid, bag: Bag<Pid>): void {
    if (bag.size > 0) this.#byPeer.set(peer, bag);
    else this.#byPeer.delete(peer);
    this.#changed();
  }

  #changed(): void {
    this.#members = this.#localMembers = null;
  }

  #allMembers(): Pid[] {
    const all = this.#local.items();
    for (const bag of this.#byPeer.values()) bag.items(all);
    return all;
  }
}

/** What stands in for the name of a group as the key of a `Map`. */
export type KeyOf = (name: Term) => unknown;

/** All groups, by name. */
export class Groups {
  readonly #keyOf: KeyOf;
  readonly #groups = new Map<unknown, Group>();

  /** None; names that `keyOf` gives the same key for are the same. */
  constructor(keyOf: KeyOf = standIn) {
    this.#keyOf = keyOf;
  }

  /** The group of that name, if it is there. */
  find(name: Term): Group | undefined {
    return this.#groups.get(this.#keyOf(name));
  }

  /** The group of that name, which is made if it is not there. See {@linkcode tidy}. */
  open(name: Term): Group {
    const key = this.#keyOf(name);
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, group = new Group(name));
    return group;
  }

  /** Forgets a group if there is nothing to know of it. To be called whenever something was taken from it. */
  tidy(group: Group): void {
    if (!group.hasMembers && group.watchers.size === 0) {
      this.#groups.delete(this.#keyOf(group.name));
    }
  }

  /** Those that have members. */
  *[Symbol.iterator](): Generator<Group> {
    for (const group of this.#groups.values()) if (group.hasMembers) yield group;
  }

  /** How many are kept, with members or without: for tests of what is kept. */
  get size(): number {
    return this.#groups.size;
  }
}
