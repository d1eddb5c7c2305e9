/**
 * The record of one process.
 *
 * A process is a mailbox, a behaviour that handles its messages, and what OTP attaches to it: links,
 * monitors, timers, pending calls, names, a dictionary. There are two kinds of behaviour, *coroutines*
 * (`coroutine.ts`: an async function with its own control flow) and *handlers* (a callback per
 * message: all of OTP's behaviours), and one process table for both.
 *
 * The types of the kernel form a circle: a process has calls, monitors, timers and a `Pid`, and each of these
 * names its process. They are one recursive record in several files; values are imported one way only.
 *
 * The record is kept small, as there may be a million: an idle process holds no promise and no
 * closure, and what few processes need is in {@linkcode Extras}, created on first use.
 *
 * @module
 */

import type { Place } from "./calls.ts";
import type { Wait } from "./receive.ts";
import type { Context } from "./host.ts";
import { Mailbox } from "./mailbox.ts";
import type { Resources } from "./resources.ts";
import type { Alias, Monitor } from "./signals.ts";
import { Pid, type Ref, type Term } from "./term.ts";
import type { TermMap } from "./term_map.ts";
import { cancel, IDLE, type Timer } from "./timers.ts";

/** In the run queue. */
export const QUEUED = 1;
/** Must not be given a turn: an asynchronous callback is pending, or a coroutine is not in `receive`. */
export const BUSY = 2;
/** Traps exits: exit signals arrive as messages. */
export const TRAP_EXIT = 4;
/** Has exited: its code is fenced. */
export const DEAD = 8;
/** Handles only system messages until it is resumed. */
export const SUSPENDED = 16;
/** Is hibernating: has asked to, and has not received a message since. */
export const HIBERNATING = 32;
/** A server whose `init` has not finished. */
export const STARTING = 64;
/** A server that was started with a link, and exits when its parent does. */
export const HAS_PARENT = 128;
/** Must not be given a turn: suspended by back-pressure of a busy connection. */
export const HELD = 256;
/** Leads a group: all its descendants belong to it. */
export const LEADS_GROUP = 512;
/**
 * Has exited, and its resources are being disposed of. Until that is done, it keeps its names and its place in
 * the process table, and links, monitors and calls wait (`resources.ts`).
 */
export const EXITING = 1024;
/** A server that has a callback to continue with before it takes the next message. */
export const CONTINUING = 2048;

/** How a kind of process uses its turns. One object for all processes of the kind. */
export interface Behaviour {
  /** Whether its processes pass on their ancestors, as those of OTP's `proc_lib` do. */
  readonly hasAncestors: boolean;
  /**
   * Handles some messages of `process`, and tells whether there are more to handle at once.
   * There may be none: a process also has a turn at its start and after a callback.
   */
  turn(process: Process): boolean;
  /** The initial call and the current function, as `Process.info` returns them. */
  describe(process: Process): { readonly initialCall: Term; readonly currentFunction: Term };
}

/** A function that is called with the exit reason when a process exits. */
export type ExitHook = (reason: Term) => void;

/** The data that few processes have. */
export class Extras {
  /** The process dictionary. */
  dictionary: TermMap<Term> | null = null;
  /** Called when the process exits, before links and monitors are notified: they release its names. */
  exitHooks: ExitHook | Set<ExitHook> | null = null;
  /** Aliases that are not tied to a monitor. */
  aliases: Set<Alias> | null = null;
  /**
   * The last request to each registry that answers with promises. Resolves when it and all earlier ones
   * have completed, with whether it timed out.
   */
  lookups: Map<object, Promise<boolean>> | null = null;
  /** The controller of `Process.signal()`. */
  abort: AbortController | null = null;
  /** What it holds of the host: see `Process.use`. */
  resources: Resources | null = null;
  /** See `Process.setLabel`. */
  label: Term = undefined;
  /** The group leader that was set, if any. See {@linkcode Process.leader}. */
  leader: Pid | null = null;
  /** Options of `spawn` that are stored but have no effect here, such as `priority`. */
  options: Readonly<Record<string, Term>> | null = null;
}

/**
 * The ancestors of a process, nearest first, as a linked list. Siblings share one element.
 *
 * The list stops at the first process that does not pass on its own ancestors, such as any plain process.
 * Otherwise it would grow without bound where each process spawns the next one and exits.
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
  /** Its identity. */
  readonly pid: Pid;
  /** How it handles messages. Changes when a process becomes a server (`enterLoop`). */
  behaviour: Behaviour;
  /** The flags above. */
  flags: number;
  /** The next process in the run queue. */
  nextRunnable: Process | null = null;
  /** Neighbours in the process table. */
  previous: Process | null = null;
  next: Process | null = null;
  /** The processes it is linked to: mostly just one, which needs no set. */
  links: Pid | Set<Pid> | null = null;
  /** Monitors it holds on others: the first of a list. */
  monitors: Monitor | null = null;
  /** Monitors that others hold on it: the first of a list. */
  monitoredBy: Monitor | null = null;
  /** Timers that are cancelled when it exits: the first of a list. */
  timers: OwnedTimer | null = null;
  /** Calls it has made and waits for: the first of a list. */
  outgoing: Place | null = null;
  /** Calls that wait for its reply: the first of a list. */
  incoming: Place | null = null;
  /** Its parent and further ancestors; `null` for the main process. */
  readonly lineage: Lineage | null;
  /** The lineage that its children share, created for the first of them. */
  #heirs: Lineage | null = null;
  /** The `receive` that it waits in. */
  wait: Wait | null = null;
  /** The data of its behaviour: the state of a server. */
  state: Term;
  /** Further data of its behaviour, apart from the state. */
  server: unknown = null;
  /** Number of messages handled so far. */
  reductions = 0;
  /** The asynchronous context of its code, once it has one. */
  context: Context | null = null;
  /** See {@linkcode Extras}. */
  extras: Extras | null = null;

  /** Creates a process and enters it into the process table. It does not run until it is scheduled. */
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

  /** The process that spawned it; `null` for the main process. */
  get parent(): Pid | null {
    return this.lineage === null ? null : this.lineage.pid;
  }

  /**
   * The leader of its group, the master of its application: the process itself if it leads a group, else
   * the one that was set, else that of its parent when it was spawned. `null` if it belongs to no group.
   */
  get leader(): Pid | null {
    if ((this.flags & LEADS_GROUP) !== 0) return this.pid;
    if (this.extras !== null && this.extras.leader !== null) return this.extras.leader;
    return this.lineage === null ? null : this.lineage.leader;
  }

  /** Sets the leader. Children that are spawned from now on inherit it. */
  set leader(leader: Pid | null) {
    this.more().leader = leader;
    this.#heirs = null;
  }

  /** Whether it has exited, although its exit may not be completed (`EXITING`). */
  get isDead(): boolean {
    return (this.flags & DEAD) !== 0;
  }

  /** Whether it traps exits: exit signals arrive as messages. */
  get trapsExits(): boolean {
    return (this.flags & TRAP_EXIT) !== 0;
  }

  /** The {@linkcode Extras}, created if needed. */
  more(): Extras {
    return this.extras ??= new Extras();
  }
}

/** The process of a pid of this node, `null` if it has exited, although its exit may not be completed. */
export function aliveProcess({ process }: Pid): Process | null {
  return process === null || process.isDead ? null : process;
}

/** A timer that is cancelled when its owner exits. */
export class OwnedTimer implements Timer {
  prev: Timer | null = null;
  next: Timer | null = null;
  due = 0;
  level: number = IDLE;
  readonly #owner: Process | null;
  readonly #callback: () => void;
  /** The reference that it is known by, if any. */
  readonly ref: Ref | null;
  #previousOwned: OwnedTimer | null = null;
  #nextOwned: OwnedTimer | null = null;

  /** Creates a timer that calls `callback` when it is due, unless `owner` exits before. Does not start it. */
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

  /** Cancels it. Has no effect if it has fired or was cancelled. */
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

// The process table is a list linked through the records: a map would cost 50 bytes per process.
let first: Process | null = null;
let last: Process | null = null;

function enterTable(process: Process): void {
  process.previous = last;
  if (last === null) first = process;
  else last.next = process;
  last = process;
}

/** Removes a process that exits from the process table. Has no effect if it is not in it. */
export function leaveTable(process: Process): void {
  const { previous, next } = process;
  if (previous === null && first !== process) return;
  if (previous === null) first = next;
  else previous.next = next;
  if (next === null) last = previous;
  else next.previous = previous;
  process.previous = process.next = null;
}

/** All processes whose exit is not completed, oldest first. */
export function* allProcesses(): Generator<Process> {
  for (let process = first; process !== null; process = process.next) yield process;
}
