/**
 * The name server: the `global` names and locks that this node knows.
 *
 * This file has the tables, and the operations that change them synchronously on this node only. A
 * {@linkcode Cluster} performs the same on all nodes, and calls the operations of this file on behalf of other
 * nodes, as `global_name_server` does in OTP.
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

/** Returns the key for a term in a `Map`. */
export type KeyOf = (term: Term) => unknown;

/** Calls `hook` when a process exits. Returns a function that cancels that; `undefined` if it has exited. */
export type Watch = (pid: Pid, hook: () => void) => (() => void) | undefined;

// --- Names --------------------------------------------------------------------------------------

/**
 * Resolves the conflict of a name that two nodes have registered for two processes: returns the pid that keeps it,
 * or `"none"`. Called on one of the two nodes, when they connect.
 */
export type Resolve = (name: Term, pid1: Pid, pid2: Pid) => Pid | "none";

/** A registered name. */
export interface Entry {
  readonly name: Term;
  readonly pid: Pid;
  /** A {@linkcode Resolve}, or the method of another node. */
  readonly method: Term;
  /** Removes the exit hook that releases the name. */
  readonly release: () => void;
}

/** The names of one node. */
export class Names {
  readonly #watch: Watch;
  #keyOf: KeyOf;
  /** By the key of the name. */
  readonly entries = new Map<unknown, Entry>();
  /** The names of each registered process, usually one. */
  readonly byPid = new Map<Pid, Entry[]>();

  /** Creates an empty table. */
  constructor(watch: Watch = onExit, keyOf: KeyOf = standIn) {
    this.#watch = watch;
    this.#keyOf = keyOf;
  }

  /** The process with a name. */
  lookup(name: Term): Pid | undefined {
    return this.entries.get(this.#keyOf(name))?.pid;
  }

  /** The entry of a name. */
  entry(name: Term): Entry | undefined {
    return this.entries.get(this.#keyOf(name));
  }

  /** The entries of a process. */
  entriesOf(pid: Pid): readonly Entry[] {
    return this.byPid.get(pid) ?? [];
  }

  /** Registers a name for `pid`, and takes it from its former process. Only releases it if `pid` has exited. */
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

  /** Releases a name. */
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

  /** Changes the keys of names. Of names whose new keys are equal, the first is kept. */
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

/** The id of a lock: processes with the same requester share the lock of a resource. */
export type LockId = readonly [resource: Term, requester: Term];

interface Lock {
  readonly resource: Term;
  readonly requester: Term;
  /** The processes that hold it, each with the function that removes its exit hook. */
  readonly holders: Map<Pid, () => void>;
}

/** A process that waits for a lock. */
interface Waiter {
  readonly process: Process;
  /** Takes the lock if it is free, and returns whether it did. */
  take(): boolean;
}

/** The processes that wait for a resource, in the order of their requests. */
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
  /** The queues, by the key of the resource. */
  readonly waiting = new Map<unknown, Queue>();
  /** The resources in {@linkcode tracked} whose last holder has exited without releasing them. */
  readonly #lost = new Set<Term>();
  readonly #tracked: readonly Term[];

  /** Creates an empty table. For the resources in `tracked` it is recorded how they became free. */
  constructor(
    watch: Watch = onExit,
    keyOf: KeyOf = standIn,
    tracked: readonly Term[] = ["global"],
  ) {
    this.#watch = watch;
    this.#keyOf = keyOf;
    this.#tracked = tracked;
  }

  /** Whether a lock is held. */
  isSet(resource: Term): boolean {
    return this.locks.has(this.#keyOf(resource));
  }

  /** Whether a tracked lock has become free by the exit of its last holder. */
  isLost(resource: Term): boolean {
    return this.#lost.has(resource);
  }

  /** Whether a lock is not held for another requester. */
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

  /** Takes a lock for `pid`, unless it is held for another requester. Returns whether it did. */
  set(id: LockId, pid: Pid): boolean {
    if (!this.canSet(id)) return false;
    const [resource, requester] = id;
    const key = this.#keyOf(resource);
    const lock = this.locks.get(key) ?? { resource, requester, holders: new Map() };
    if (lock.holders.has(pid)) return true;
    const release = this.#watch(pid, () => this.#give(id, pid, true));
    if (release === undefined) return true; // the process has exited, and the lock is free
    lock.holders.set(pid, release);
    this.locks.set(key, lock);
    return true;
  }

  /** Releases a lock of `pid`. It is free when all of its holders have released it. */
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
    else if (this.#tracked.includes(resource)) this.#lost.add(resource);
    // The first waiter gets it, and with it the waiters for the same requester directly behind.
    for (const waiter of this.waiting.get(key)?.waiters ?? []) {
      if (!waiter.process.isDead && !waiter.take()) break;
    }
  }

  /**
   * Waits up to `ms` milliseconds for a lock to be free, and takes it then; resolves with whether it did. Never
   * settles if `process` exits.
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

  /** Changes the keys of resources and requesters. Of those whose new keys are equal, the first is kept. */
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

/** The process that other nodes address. Set by {@linkcode startNameServer}. */
export let nameServer: Process;

/**
 * Starts the process, with `module` as its module. Called once: when the process exits, another one takes its
 * place, and the tables are unchanged.
 */
export function startNameServer(module: object): void {
  const keeper = new Keeper({
    module,
    behaviour: "gen_server",
    initialCall: ["global", "init", 1],
    onMessage: (message) => cluster?.receive(message),
  });
  const tables = {
    entries: names.entries,
    names: names.byPid,
    locks: locks.locks,
    waiting: locks.waiting,
  };
  const begin = () => {
    nameServer = keeper.start(null, tables);
    localRegistry().registerName(SERVER_NAME, nameServer.pid);
    onExit(nameServer.pid, begin); // after the hook that releases the name
  };
  begin();
}

// --- The cluster --------------------------------------------------------------------------------

/** Performs the operations of this file on all nodes. */
export interface Cluster {
  /** Handles the messages of the name server. */
  receive(message: Term): void;
  /** Returns the key for names, resources and requesters: equal for terms that are equal in Erlang. */
  readonly keyOf: KeyOf;
  /** This node and all connected ones. */
  nodes(): NodeName[];
  /** Registers a name for a process, unless `mayBe`, called while no other process can register, returns false. */
  register(name: Term, pid: Pid, method: Resolve, mayBe: () => boolean): Promise<"yes" | "no">;
  /** Releases a name. */
  unregister(name: Term): Promise<"ok">;
  /** Takes a lock on nodes, with a number of further attempts. */
  setLock(
    process: Process,
    id: LockId,
    nodes: readonly NodeName[],
    retries: number,
  ): Promise<boolean>;
  /** Releases a lock on nodes. */
  delLock(process: Process, id: LockId, nodes: readonly NodeName[]): Promise<true>;
  /** Resolves when the names of all nodes are known. */
  sync(): Promise<"ok">;
  /** Disconnects from all nodes. */
  disconnect(): Awaitable<NodeName[]>;
}

/** The cluster; `null` while this runtime is not a node. */
export let cluster: Cluster | null = null;

/** Makes the names and locks of this node part of a cluster, or local again. */
export function enterCluster(entered: Cluster | null): void {
  cluster = entered;
  const keyOf = entered?.keyOf ?? standIn;
  names.compareBy(keyOf);
  locks.compareBy(keyOf);
}
