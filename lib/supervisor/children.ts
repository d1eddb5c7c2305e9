/**
 * The children of one `Supervisor`, in the order of their start, found in constant time by id and by process.
 * A `DynamicSupervisor` needs neither order nor ids, and keeps its own collection.
 *
 * @module
 */

import type { Child } from "./child.ts";
import type { Pid, Term } from "../kernel/term.ts";
import { TermMap } from "../kernel/term_map.ts";
import type { Family } from "./restart.ts";

/** See the documentation of this file. */
export class Children implements Family<Child> {
  #first: Child | null = null;
  #last: Child | null = null;
  readonly #byId = new TermMap<Child>();
  readonly #byPid = new Map<Pid, Child>();
  #significantUp = 0;

  /** Number of children, running or not. */
  get size(): number {
    return this.#byId.size;
  }

  get significantUp(): number {
    return this.#significantUp;
  }

  /** The child with this id. */
  get(id: Term): Child | undefined {
    return this.#byId.get(id);
  }

  /** The child whose process is `pid`. */
  withPid(pid: Pid): Child | undefined {
    return this.#byPid.get(pid);
  }

  *from(child: Child | null = this.#first): Generator<Child> {
    for (; child !== null; child = child.next) yield child;
  }

  /** All children, the one started last first. */
  *newestFirst(): Generator<Child> {
    for (let child = this.#last; child !== null; child = child.previous) yield child;
  }

  /** Adds a child after all others. There must be none with the same id. */
  add(child: Child): void {
    this.#byId.set(child.id, child);
    child.previous = this.#last;
    if (this.#last === null) this.#first = child;
    else this.#last.next = child;
    this.#last = child;
  }

  /** Removes a child. */
  remove(child: Child): void {
    this.setPid(child, undefined);
    this.#byId.delete(child.id);
    const { previous, next } = child;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    child.previous = child.next = null;
  }

  /** Records that `child` has the process `pid`, or none. */
  setPid(child: Child, pid: Pid | undefined): void {
    this.#change(child, pid, false);
  }

  /** Records that a restart of `child` failed and will be tried again. */
  setRestarting(child: Child): void {
    this.#change(child, child.pid, true);
  }

  #change(child: Child, pid: Pid | undefined, isRestarting: boolean): void {
    const { running, isUp } = child;
    child.pid = pid;
    child.isRestarting = isRestarting;
    if (running !== child.running) {
      if (running !== undefined && this.#byPid.get(running) === child) this.#byPid.delete(running);
      if (child.running !== undefined) this.#byPid.set(child.running, child);
    }
    if (child.significant && isUp !== child.isUp) this.#significantUp += isUp ? -1 : 1;
  }
}
