/**
 * The groups of one scope, and their members: the data of `scope.ts`, which sends and monitors. Nothing
 * here knows of processes other than their pids.
 *
 * A group is kept while it has a member or is monitored. The members of each other node are stored
 * separately, by the pid of the scope's process there (the peer), so that they can be replaced and removed
 * together.
 *
 * @module
 */

import type { Pid, Ref, Term } from "../kernel/term.ts";
import { standIn } from "../kernel/term_map.ts";

/** A multiset: each item any number of times. */
export class Bag<T> {
  readonly #counts = new Map<T, number>();
  #size = 0;

  /** A bag of `items`. */
  constructor(items: Iterable<T> = []) {
    for (const item of items) this.add(item);
  }

  /** The number of items, with multiplicity. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item once. */
  add(item: T): void {
    this.#counts.set(item, (this.#counts.get(item) ?? 0) + 1);
    this.#size++;
  }

  /** Removes an item once; returns whether it was in the bag. */
  remove(item: T): boolean {
    const count = this.#counts.get(item);
    if (count === undefined) return false;
    if (count === 1) this.#counts.delete(item);
    else this.#counts.set(item, count - 1);
    this.#size--;
    return true;
  }

  /** The difference: the items of this bag that `other` does not have as often. */
  without(other: Bag<T>): T[] {
    const rest: T[] = [];
    for (const [item, count] of this.#counts) {
      for (let i = other.#counts.get(item) ?? 0; i < count; i++) rest.push(item);
    }
    return rest;
  }

  /** All items, with multiplicity, appended to `list`. */
  items(list: T[] = []): T[] {
    for (const [item, count] of this.#counts) {
      for (let i = 0; i < count; i++) list.push(item);
    }
    return list;
  }
}

/** The members of an empty group. */
export const NO_MEMBERS: readonly Pid[] = Object.freeze([]);

/** One group. */
export class Group {
  /** As the first operation on the group has given it. */
  readonly name: Term;
  /** The processes that monitor it, by the reference of the monitor. */
  readonly watchers = new Map<Ref, Pid>();
  readonly #local = new Bag<Pid>();
  readonly #byPeer = new Map<Pid, Bag<Pid>>();
  /** Cached results, until the group changes. */
  #members: readonly Pid[] | null = null;
  #localMembers: readonly Pid[] | null = null;

  /** An empty group. */
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
    if (this.#local.size === 0) return NO_MEMBERS;
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

  /** Adds members of this node. */
  join(pids: Iterable<Pid>): void {
    for (const pid of pids) this.#local.add(pid);
    this.#changed();
  }

  /** Removes a member of this node, once; returns whether it was a member. */
  leave(pid: Pid): boolean {
    this.#changed();
    return this.#local.remove(pid);
  }

  /** Adds members of a peer. */
  joinFrom(peer: Pid, pids: Iterable<Pid>): void {
    const bag = this.membersOf(peer);
    for (const pid of pids) bag.add(pid);
    this.replace(peer, bag);
  }

  /** Removes members of a peer. */
  leaveFrom(peer: Pid, pids: Iterable<Pid>): void {
    const bag = this.membersOf(peer);
    for (const pid of pids) bag.remove(pid);
    this.replace(peer, bag);
  }

  /** The members of a peer. Store a changed bag with {@linkcode replace}. */
  membersOf(peer: Pid): Bag<Pid> {
    return this.#byPeer.get(peer) ?? new Bag<Pid>();
  }

  /** Replaces the members of a peer. */
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

/** Maps the name of a group to a value that a `Map` can compare. */
export type KeyOf = (name: Term) => unknown;

/** All groups, by name. */
export class Groups {
  readonly #keyOf: KeyOf;
  readonly #groups = new Map<unknown, Group>();

  /** No groups. Two names are equal if `keyOf` returns the same value for them. */
  constructor(keyOf: KeyOf = standIn) {
    this.#keyOf = keyOf;
  }

  /** The group of that name, if it exists. */
  find(name: Term): Group | undefined {
    return this.#groups.get(this.#keyOf(name));
  }

  /** The group of that name, created if it does not exist. See {@linkcode tidy}. */
  open(name: Term): Group {
    const key = this.#keyOf(name);
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, group = new Group(name));
    return group;
  }

  /** Drops a group without members and monitors. Call it after every removal. */
  tidy(group: Group): void {
    if (!group.hasMembers && group.watchers.size === 0) {
      this.#groups.delete(this.#keyOf(group.name));
    }
  }

  /** The groups that have members. */
  *[Symbol.iterator](): Generator<Group> {
    for (const group of this.#groups.values()) if (group.hasMembers) yield group;
  }

  /** The number of groups that are kept, with or without members: for tests. */
  get size(): number {
    return this.#groups.size;
  }
}
