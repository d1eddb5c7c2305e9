/**
 * The name server: what this node knows of `global` names and locks.
 *
 * Here are the tables, and the operations that change them at once and on this node alone. What makes
 * names and locks global, to do the same on all nodes, is the {@linkcode Cluster} that enters: it calls
 * the operations of this file on behalf of its other nodes, which in OTP is what `global_name_server`
 * does when it is asked to.
 *
 * @module
 */

import type { Awaitable } from "../lib/kernel/awaitable.ts";
import { localRegistry } from "../lib/kernel/names.ts";
import { OwnedTimer, type Process } from "../lib/kernel/process.ts";
import { onExit } from "../lib/kernel/signals.ts";
import type { NodeName, Pid, Term } from "../lib/kernel/term.ts";
import { standIn } from "../lib/kernel/term_map.ts";
import { start as startTimer } from "../lib/kernel/timers.ts";
import { Keeper } from "./keeper.ts";

/** What stands in for a term as the key of a `Map`. */
export type KeyOf = (term: Term) => unknown;

/** Calls `hook` when the process of a pid ends; returns what calls that off, `undefined` if it has ended. */
export type Watch = (pid: Pid, hook: () => void) => (() => void) | undefined;

// --- Names --------------------------------------------------------------------------------------

/**
 * Decides whose a name is that two nodes have given to two processes: the one that keeps it, or
 * `"none"`. Called on one of the two nodes, when they meet.
 */
export type Resolve = (name: Term, pid1: Pid, pid2: Pid) => Pid | "none";

/** A name that is taken. */
export interface Entry {
  readonly name: Term;
  readonly pid: Pid;
  /** A {@linkcode Resolve}, or what another node has in its place. */
  readonly method: Term;
  /** Takes the exit hook away that would free the name. */
  readonly release: () => void;
}

/** The names of one node. */
export class Names {
  readonly #watch: Watch;
  #keyOf: KeyOf;
  /** By the key of the name. */
  readonly entries = new Map<unknown, Entry>();
  /** The names of each process that has some: one, mostly. */
  readonly byPid = new Map<Pid, Entry[]>();

  /** None. */
  constructor(watch: Watch = onExit, keyOf: KeyOf = standIn) {
    this.#watch = watch;
    this.#keyOf = keyOf;
  }

  /** The process that has a name. */
  lookup(name: Term): Pid | undefined {
    return this.entries.get(this.#keyOf(name))?.pid;
  }

  /** What is known of a name. */
  entry(name: Term): Entry | undefined {
    return this.entries.get(this.#keyOf(name));
  }

  /** What is known of the names of a process. */
  entriesOf(pid: Pid): readonly Entry[] {
    return this.byPid.get(pid) ?? [];
  }

  /** Gives `pid` a name, and takes it from whoever had it. A process that has ended gets none. */
  insert(name: Term, pid: Pid, method: Term): void {
    this.remove(name);
    const release = this.#watch(pid, () => this.remove(name));
    if (release === undefined) return;
    const entry: Entry = { name, pid, method, release };
    this.entries.set(this.#keyOf(name), entry);
    const others = this.byPid.get(pid);
    if (others === undefined) this.byPid.set(pid, [entry]);
    else others.push(entry);
  }

  /** Frees a name. */
  remove(name: Term): void {
    const key = this.#keyOf(name);
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.release();
    this.entries.delete(key);
    const others = this.byPid.get(entry.pid)!;
    if (others.length === 1) this.byPid.delete(entry.pid);
    else others.splice(others.indexOf(entry), 1);
  }

  /** Compares names by their keys from now on. Of names that have become the same the first stays. */
  compareBy(keyOf: KeyOf): void {
    const all = [...this.entries.values()];
    for (const { name } of all) this.remove(name);
    this.#keyOf = keyOf;
    for (const { name, pid, method } of all) {
      if (this.entry(name) === undefined) this.insert(name, pid, method);
    }
  }
}

// --- Locks --------------------------------------------------------------------------------------

/** What is locked, and for whom: processes that give the same requester share the lock. */
export type LockId = readonly [resource: Term, requester: Term];

interface Lock {
  readonly resource: Term;
  readonly requester: Term;
  /** Those who have it, each with the function that takes its exit hook away. */
  readonly holders: Map<Pid, () => void>;
}

/** A process that waits for a lock. */
interface Waiter {
  readonly process: Process;
  /** Takes the lock if it can, and tells whether it did. */
  take(): boolean;
}

/** Those who wait for a resource: first come, first served. */
interface Queue {
  readonly resource: Term;
  readonly waiters: Set<Waiter>;
}

/** The locks of one node. */
export class Locks {
  readonly #watch: Watch;
  #keyOf: KeyOf;
  /** By the key of the resource. */
  readonly locks = new Map<unknown, Lock>();
  /** Those who wait for a resource, by its key. */
  readonly waiting = new Map<unknown, Queue>();
  /** The resources in {@linkcode minding} whose last holder has not given them back, but has ended. */
  readonly #lost = new Set<Term>();
  readonly #minding: readonly Term[];

  /** None. Of the resources in `minding` it is known how they became free. */
  constructor(
    watch: Watch = onExit,
    keyOf: KeyOf = standIn,
    minding: readonly Term[] = ["global"],
  ) {
    this.#watch = watch;
    this.#keyOf = keyOf;
    this.#minding = minding;
  }

  /** Whether somebody has a lock. */
  isSet(resource: Term): boolean {
    return this.locks.has(this.#keyOf(resource));
  }

  /** Whether it was by the end of its last holder that a lock has become free, which is minded. */
  isLost(resource: Term): boolean {
    return this.#lost.has(resource);
  }

  /** Whether nobody has a lock who gave another requester. */
  canSet([resource, requester]: LockId): boolean {
    return !this.isSet(resource) || this.isHeldFor(resource, requester);
  }

  /** Whether a lock is held for a requester. */
  isHeldFor(resource: Term, requester: Term): boolean {
    const lock = this.locks.get(this.#keyOf(resource));
    return lock !== undefined && this.#keyOf(lock.requester) === this.#keyOf(requester);
  }

  /** Whether a process has a lock. */
  isHeldBy(resource: Term, pid: Pid): boolean {
    return this.locks.get(this.#keyOf(resource))?.holders.has(pid) === true;
  }

  /** Takes a lock for `pid`, if nobody has it who gave another requester. Tells whether it did. */
  set(id: LockId, pid: Pid): boolean {
    if (!this.canSet(id)) return false;
    const [resource, requester] = id;
    const key = this.#keyOf(resource);
    const lock = this.locks.get(key) ?? { resource, requester, holders: new Map() };
    if (lock.holders.has(pid)) return true;
    const release = this.#watch(pid, () => this.#give(id, pid, true));
    if (release === undefined) return true; // and it has lost it by its end
    lock.holders.set(pid, release);
    this.locks.set(key, lock);
    return true;
  }

  /** Gives a lock back that `pid` has. It is free when all who had it have given it back. */
  delete(id: LockId, pid: Pid): void {
    this.#give(id, pid, false);
  }

  #give([resource, requester]: LockId, pid: Pid, hasEnded: boolean): void {
    const key = this.#keyOf(resource);
    if (!this.isHeldFor(resource, requester)) return;
    const { holders } = this.locks.get(key)!;
    holders.get(pid)?.();
    holders.delete(pid);
    if (holders.size > 0) return;
    this.locks.delete(key);
    if (!hasEnded) this.#lost.delete(resource);
    else if (this.#minding.includes(resource)) this.#lost.add(resource);
    // The first who waits gets it, and with him those who wait for the same requester right behind.
    for (const waiter of this.waiting.get(key)?.waiters ?? []) {
      if (!waiter.process.isDead && !waiter.take()) break;
    }
  }

  /**
   * Waits up to `ms` for a lock to be free and takes it then; resolves with whether it was. Never
   * settles if `process` ends.
   */
  whenFree(id: LockId, process: Process, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isTaken: boolean) => {
        leave();
        noLongerOnExit?.();
        timer.cancel();
        resolve(isTaken);
      };
      const take = () => {
        const isTaken = this.set(id, process.pid);
        if (isTaken) end(true);
        return isTaken;
      };
      const leave = this.#enterQueue(id[0], { process, take });
      const noLongerOnExit = onExit(process.pid, leave);
      const timer = new OwnedTimer(process, () => end(false));
      startTimer(timer, ms);
    });
  }

  /** Enters the queue for a resource, and returns the function that leaves it. */
  #enterQueue(resource: Term, waiter: Waiter): () => void {
    let queue = this.waiting.get(this.#keyOf(resource));
    if (queue === undefined) {
      this.waiting.set(this.#keyOf(resource), queue = { resource, waiters: new Set() });
    }
    const { waiters } = queue;
    waiters.add(waiter);
    return () => {
      if (waiters.delete(waiter) && waiters.size === 0) this.waiting.delete(this.#keyOf(resource));
    };
  }

  /** Compares resources and requesters by their keys from now on. Of those that have become the same the first stays. */
  compareBy(keyOf: KeyOf): void {
    this.#keyOf = keyOf;
    enterAnew(this.locks, keyOf);
    enterAnew(this.waiting, keyOf);
  }
}

function enterAnew<Value extends { readonly resource: Term }>(
  map: Map<unknown, Value>,
  keyOf: KeyOf,
): void {
  const all = [...map.values()];
  map.clear();
  for (const value of all) {
    const key = keyOf(value.resource);
    if (!map.has(key)) map.set(key, value);
  }
}

// --- The process --------------------------------------------------------------------------------

/** The names of this node. */
export const names: Names = new Names();
/** The locks of this node. */
export const locks: Locks = new Locks();

/** The local name of the process that other nodes address. */
const SERVER_NAME = "global_name_server";

/** The process that other nodes address: there from {@linkcode startNameServer} on. */
export let nameServer: Process;

/** Starts the process of `module`. To be called once. */
export function startNameServer(module: object): void {
  const keeper = new Keeper({
    module,
    behaviour: "gen_server",
    initialCall: ["global", "init", 1],
    onMessage: (message) => cluster?.receive(message),
  });
  nameServer = keeper.start(null, {
    entries: names.entries,
    names: names.byPid,
    locks: locks.locks,
    waiting: locks.waiting,
  });
  localRegistry().registerName(SERVER_NAME, nameServer.pid);
}

// --- The cluster --------------------------------------------------------------------------------

/** What does on all nodes what this file does on one. */
export interface Cluster {
  /** Takes what is sent to the name server. */
  receive(message: Term): void;
  /** What stands in for names, resources and requesters, so that two are the same as they are there. */
  readonly keyOf: KeyOf;
  /** All nodes that are connected, and this one. */
  nodes(): NodeName[];
  /** Gives a name to a process, unless `mayBe`, asked when nobody else can register, says no. */
  register(name: Term, pid: Pid, method: Resolve, mayBe: () => boolean): Promise<"yes" | "no">;
  /** Frees a name. */
  unregister(name: Term): Promise<"ok">;
  /** Takes a lock on nodes, with so many further attempts. */
  setLock(
    process: Process,
    id: LockId,
    nodes: readonly NodeName[],
    retries: number,
  ): Promise<boolean>;
  /** Gives a lock back on nodes. */
  delLock(process: Process, id: LockId, nodes: readonly NodeName[]): Promise<true>;
  /** Resolves when the names of all nodes are known. */
  sync(): Promise<"ok">;
  /** Leaves all nodes. */
  disconnect(): Awaitable<NodeName[]>;
}

/** What does on all nodes what this file does on one; `null` while this runtime is no node. */
export let cluster: Cluster | null = null;

/** Makes the names and locks of this node those of a cluster, or its own again. */
export function enterCluster(entered: Cluster | null): void {
  cluster = entered;
  const keyOf = entered?.keyOf ?? standIn;
  names.compareBy(keyOf);
  locks.compareBy(keyOf);
}
