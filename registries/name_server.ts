/**
 * The name server: what this node knows of `global` names and locks.
 *
 * Here are the tables, and the operations that change them at once and on this node alone. What makes
 * names and locks global, to do the same on all nodes, is `global.ts`. A cluster calls the operations
 * of this file on behalf of its other nodes: in OTP they are what `global_name_server` does when it
 * is asked to.
 *
 * @module
 */

import { localRegistry } from "../lib/kernel/names.ts";
import { OwnedTimer, type Process } from "../lib/kernel/process.ts";
import { onExit } from "../lib/kernel/signals.ts";
import { equal, type Pid, type Term } from "../lib/kernel/term.ts";
import { TermMap } from "../lib/kernel/term_map.ts";
import { start as startTimer } from "../lib/kernel/timers.ts";
import { Keeper } from "./keeper.ts";

// --- The process --------------------------------------------------------------------------------

/** The local name of the process that other nodes address. */
const SERVER_NAME = "global_name_server";

/** Starts the process of `module`. To be called once. */
export function startNameServer(module: object): void {
  const keeper = new Keeper({
    module,
    behaviour: "gen_server",
    initialCall: ["global", "init", 1],
  });
  localRegistry().registerName(
    SERVER_NAME,
    keeper.start(null, { entries, names, locks, waiting }).pid,
  );
}

// --- Names --------------------------------------------------------------------------------------

/**
 * Decides whose a name is that two nodes have given to two processes: the one that keeps it, or
 * `"none"`. Called on one of the two nodes, when they meet.
 */
export type Resolve = (name: Term, pid1: Pid, pid2: Pid) => Pid | "none";

interface Entry {
  readonly pid: Pid;
  /** What to do when another node has given the name to another process. */
  readonly resolve: Resolve;
  /** Takes the exit hook away that would free the name. */
  readonly release: () => void;
}

const entries = new TermMap<Entry>();
/** The names of each process that has some: one, mostly. */
const names = new Map<Pid, Term[]>();

/** The process that has a name. */
export function lookup(name: Term): Pid | undefined {
  return entries.get(name)?.pid;
}

/** All names that are taken. */
export function allNames(): Term[] {
  return [...entries.keys()];
}

/** The names of a process. */
export function namesOf(pid: Pid): readonly Term[] {
  return names.get(pid) ?? [];
}

/** Gives `pid` a name, and takes it from whoever had it. A process that has ended gets none. */
export function insert(name: Term, pid: Pid, resolve: Resolve): void {
  remove(name);
  const release = onExit(pid, () => remove(name));
  if (release === undefined) return;
  entries.set(name, { pid, resolve, release });
  const others = names.get(pid);
  if (others === undefined) names.set(pid, [name]);
  else others.push(name);
}

/** Frees a name. */
export function remove(name: Term): void {
  const entry = entries.get(name);
  if (entry === undefined) return;
  const { pid, release } = entry;
  release();
  entries.delete(name);
  const others = names.get(pid)!;
  if (others.length === 1) names.delete(pid);
  else others.splice(others.findIndex((other) => equal(other, name)), 1);
}

// --- Locks --------------------------------------------------------------------------------------

/** What is locked, and for whom: processes that give the same requester share the lock. */
export type LockId = readonly [resource: Term, requester: Term];

interface Lock {
  readonly requester: Term;
  /** Those who have it, each with the function that takes its exit hook away. */
  readonly holders: Map<Pid, (() => void) | undefined>;
}

/** A process that waits for a lock. */
interface Waiter {
  readonly process: Process;
  /** Takes the lock if it can, and tells whether it did. */
  take(): boolean;
}

const locks = new TermMap<Lock>();
/** Those who wait for a resource, first come first served. */
const waiting = new TermMap<Set<Waiter>>();

/** Takes a lock for `process`, if nobody has it who gave another requester. Tells whether it did. */
export function setLockHere([resource, requester]: LockId, process: Process): boolean {
  let lock = locks.get(resource);
  if (lock === undefined) locks.set(resource, lock = { requester, holders: new Map() });
  else if (!equal(lock.requester, requester)) return false;
  const { pid } = process;
  if (!lock.holders.has(pid)) {
    const id = [resource, requester] as const;
    lock.holders.set(pid, onExit(pid, () => delLockHere(id, pid)));
  }
  return true;
}

/** Gives a lock back that `pid` has. It is free when all who had it have given it back. */
export function delLockHere([resource, requester]: LockId, pid: Pid): void {
  const lock = locks.get(resource);
  if (lock === undefined || !equal(lock.requester, requester)) return;
  lock.holders.get(pid)?.();
  lock.holders.delete(pid);
  if (lock.holders.size > 0) return;
  locks.delete(resource);
  // The first who waits gets it, and with him those who wait for the same requester right behind.
  for (const waiter of waiting.get(resource) ?? []) {
    if (!waiter.process.isDead && !waiter.take()) break;
  }
}

/**
 * Waits up to `ms` for a lock to be free and takes it then; resolves with whether it was. Never
 * settles if `process` ends.
 */
export function awaitLockHere(id: LockId, process: Process, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isTaken: boolean) => {
      leave();
      noLongerOnExit?.();
      timer.cancel();
      resolve(isTaken);
    };
    const take = () => {
      const isTaken = setLockHere(id, process);
      if (isTaken) end(true);
      return isTaken;
    };
    const leave = enterQueue(id[0], { process, take });
    const noLongerOnExit = onExit(process.pid, leave);
    const timer = new OwnedTimer(process, () => end(false));
    startTimer(timer, ms);
  });
}

/** Enters the queue for a resource, and returns the function that leaves it. */
function enterQueue(resource: Term, waiter: Waiter): () => void {
  let queue = waiting.get(resource);
  if (queue === undefined) waiting.set(resource, queue = new Set());
  queue.add(waiter);
  return () => {
    if (queue.delete(waiter) && queue.size === 0) waiting.delete(resource);
  };
}
