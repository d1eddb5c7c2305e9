/**
 * The record of one process.
 *
 * A process is a mailbox, a behaviour that handles what is in it, and what OTP attaches to it:
 * links, monitors, timers, pending calls, names, a dictionary. There are two kinds of behaviour,
 * *coroutines* (`coroutine.ts`: an async function with its own control flow) and *handlers* (a
 * callback per message: all of OTP's behaviours), and one table for both.
 *
 * The types of the kernel form a circle: a process has calls, monitors, timers and a `Pid`, and each of these
 * names its process. They are one recursive record in several files; values are imported one way only.
 *
 * The record is kept small, for there may be a million: an idle process holds no promise and no
 * closure, and what few processes need lies in {@linkcode Extras}, made on first use.
 *
 * @module
 */

import type { Place } from "./calls.ts";
import type { Wait } from "./receive.ts";
import type { Context } from "./host.ts";
import { Mailbox } from "./mailbox.ts";
import type { Alias, Monitor } from "./signals.ts";
import { Pid, type Ref, type Term } from "./term.ts";
import type { TermMap } from "./term_map.ts";
import { cancel, IDLE, type Timer } from "./timers.ts";

/** In the run queue. */
export const QUEUED = 1;
/** Must not be given a turn: an asynchronous callback is pending, or a coroutine is not in `receive`. */
export const BUSY = 2;
/** Exit signals arrive as messages. */
export const TRAP_EXIT = 4;
/** Has ended. */
export const DEAD = 8;
/** Handles system messages only, until it is resumed. */
export const SUSPENDED = 16;
/** Asked to hibernate, and has had no message since. */
export const HIBERNATING = 32;
/** A server that has not finished its `init`. */
export const STARTING = 64;
/** A server that was started with a link, so that the end of its parent is its own. */
export const HAS_PARENT = 128;
/** Must not be given a turn: what it has sent is more than goes out at once. */
export const HELD = 256;
/** Leads a group of its own: all that it starts, and all that these start, belong to it. */
export const LEADS_GROUP = 512;

/** What a kind of process does with its turn. One object for all processes of the kind. */
export interface Behaviour {
  /** Whether its processes hand on who their ancestors are, as those of OTP's `proc_lib` do. */
  readonly hasAncestors: boolean;
  /**
   * Handles some of the mail of `process`, and tells whether there is more to handle at once.
   * May find that there is none: a process also has a turn at its start and after a callback.
   */
  turn(process: Process): boolean;
  /** What `Process.info` says of the initial call and the current function. */
  describe(process: Process): { readonly initialCall: Term; readonly currentFunction: Term };
}

/** What is to be done when a process ends; it is told the reason. */
export type ExitHook = (reason: Term) => void;

/** What few processes have. */
export class Extras {
  /** The process dictionary. */
  dictionary: TermMap<Term> | null = null;
  /** Called when the process ends, before anybody hears of it: names are freed so. */
  exitHooks: ExitHook | Set<ExitHook> | null = null;
  /** Aliases that are not tied to a monitor. */
  aliases: Set<Alias> | null = null;
  /**
   * The last that it has asked of each registry that answers with promises: resolves when that and all
   * before is done, with whether the registry gave no answer.
   */
  lookups: Map<object, Promise<boolean>> | null = null;
  /** Behind `Process.signal()`. */
  abort: AbortController | null = null;
  /** See `Process.setLabel`. */
  label: Term = undefined;
  /** Options of `spawn` that are kept but change nothing here, such as `priority`. */
  options: Readonly<Record<string, Term>> | null = null;
}

/**
 * A line of ancestors, nearest first. One link of it is shared by all siblings.
 *
 * It ends with the first that does not hand on its own, as every plain process does not: or else a process
 * that always starts the next one and ends would leave more behind each time.
 */
export class Lineage {
  readonly pid: Pid;
  readonly above: Lineage | null;
  /** See {@linkcode Process.leader}. */
  readonly leader: Pid | null;

  constructor(parent: Process) {
    this.pid = parent.pid;
    this.above = parent.behaviour.hasAncestors ? parent.lineage : null;
    this.leader = parent.leader;
  }
}

/** One process. */
export class Process extends Mailbox {
  /** Its identity for everybody else. */
  readonly pid: Pid;
  /** What it does with its mail. Changes when a process becomes a server (`enterLoop`). */
  behaviour: Behaviour;
  /** The flags above. */
  flags: number;
  /** The next process in the run queue. */
  nextRunnable: Process | null = null;
  /** Neighbours in the table of processes. */
  previous: Process | null = null;
  next: Process | null = null;
  /** The processes it is linked to; mostly there is just one, which then needs no set. */
  links: Pid | Set<Pid> | null = null;
  /** Monitors it holds on others: the first of a list. */
  monitors: Monitor | null = null;
  /** Monitors that others hold on it: the first of a list. */
  monitoredBy: Monitor | null = null;
  /** Timers that end with it: the first of a list. */
  timers: OwnedTimer | null = null;
  /** Calls it has made and waits for: the first of a list. */
  outgoing: Place | null = null;
  /** Calls that wait for its answer: the first of a list. */
  incoming: Place | null = null;
  /** Who started it, and who that has for ancestors; `null` for the main process. */
  readonly lineage: Lineage | null;
  /** What its children have for a lineage; made for the first of them. */
  #heirs: Lineage | null = null;
  /** What it waits for in `receive`. */
  wait: Wait | null = null;
  /** What the behaviour keeps for this process: the state of a server. */
  state: Term;
  /** What the behaviour keeps apart from the state, where it needs more. */
  server: unknown = null;
  /** Messages handled so far. */
  reductions = 0;
  /** The asynchronous context of its code, once it has one. */
  context: Context | null = null;
  /** See {@linkcode Extras}. */
  extras: Extras | null = null;

  /** Enters a new process into the table; it does not run before it is scheduled. */
  constructor(
    behaviour: Behaviour,
    state: Term,
    parent: Process | null,
    flags: number,
  ) {
    super();
    this.pid = new Pid(this);
    this.behaviour = behaviour;
    this.state = state;
    this.lineage = parent === null ? null : parent.#heirs ??= new Lineage(parent);
    this.flags = flags;
    enterTable(this);
  }

  /** Who started it: `null` for the main process. */
  get parent(): Pid | null {
    return this.lineage === null ? null : this.lineage.pid;
  }

  /**
   * The leader of the group that it belongs to, which is that of who started it, unless it leads one itself:
   * the master of its application. `null` if it belongs to none.
   */
  get leader(): Pid | null {
    if ((this.flags & LEADS_GROUP) !== 0) return this.pid;
    return this.lineage === null ? null : this.lineage.leader;
  }

  /** Whether it has ended. */
  get isDead(): boolean {
    return (this.flags & DEAD) !== 0;
  }

  /** Whether exit signals reach it as messages. */
  get trapsExits(): boolean {
    return (this.flags & TRAP_EXIT) !== 0;
  }

  /** The {@linkcode Extras}, made if need be. */
  more(): Extras {
    return this.extras ??= new Extras();
  }
}

/** A timer that ends with a process. */
export class OwnedTimer implements Timer {
  prev: Timer | null = null;
  next: Timer | null = null;
  due = 0;
  level: number = IDLE;
  readonly #owner: Process | null;
  readonly #callback: () => void;
  /** The reference it is known by outside, if it is. */
  readonly ref: Ref | null;
  #previousOwned: OwnedTimer | null = null;
  #nextOwned: OwnedTimer | null = null;

  /** A timer that calls `callback` when it is due, unless `owner` ends before. Not yet started. */
  constructor(owner: Process | null, callback: () => void, ref: Ref | null = null) {
    this.#owner = owner;
    this.#callback = callback;
    this.ref = ref;
    if (ref !== null) ref.target = this;
    if (owner === null) return;
    this.#nextOwned = owner.timers;
    if (owner.timers !== null) owner.timers.#previousOwned = this;
    owner.timers = this;
  }

  onStart(): void {}

  fire(): void {
    this.#disown();
    this.#callback();
  }

  /** Stops it for good. Harmless if it has fired or was cancelled. */
  cancel(): void {
    cancel(this);
    this.#disown();
  }

  #disown(): void {
    const previous = this.#previousOwned;
    const next = this.#nextOwned;
    if (previous !== null) previous.#nextOwned = next;
    else if (this.#owner?.timers === this) this.#owner.timers = next;
    if (next !== null) next.#previousOwned = previous;
    this.#previousOwned = this.#nextOwned = null;
    if (this.ref !== null && this.ref.target === this) this.ref.target = null;
  }
}

// The table of processes is a list through the records themselves: a map would cost 50 bytes each.
let first: Process | null = null;
let last: Process | null = null;

function enterTable(process: Process): void {
  process.previous = last;
  if (last === null) first = process;
  else last.next = process;
  last = process;
}

/** Takes a process out of the table, when it ends. */
export function leaveTable(process: Process): void {
  const { previous, next } = process;
  if (previous === null) first = next;
  else previous.next = next;
  if (next === null) last = previous;
  else next.previous = previous;
  process.previous = process.next = null;
}

/** All living processes, oldest first. */
export function* allProcesses(): Generator<Process> {
  for (let process = first; process !== null; process = process.next) yield process;
}
