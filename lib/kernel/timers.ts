/**
 * Timers: one hierarchical timing wheel with one host timer behind it.
 *
 * A `setTimeout` and its `clearTimeout` cost ten times a whole call, and every call has a timeout.
 * Here a timer is a node of a doubly linked list, which is put into a slot and removed from it in
 * constant time, independent of the number of timers. Most timers do not enter a slot: a timer may be
 * *staged*, that is, set aside until the clock is read for another reason. If it is cancelled before
 * that, it costs neither a read of the clock nor a slot, nor the removal from a list.
 *
 * No timer fires early. Only the scheduler calls {@linkcode advance} and {@linkcode arm}, and only this
 * module uses the host timer.
 *
 * @module
 */

import { isFake, now } from "./clock.ts";

/**
 * A node of the wheel. When it is due, {@linkcode Timer.fire} is called.
 *
 * An interface instead of a base class: V8 does not inline `super()`, which took 8 ns of each call to a server.
 */
export interface Timer {
  /** Neighbours in the list that the timer is in; `null` while it is not in a list. */
  prev: Timer | null;
  next: Timer | null;
  /** Tick (whole millisecond of the monotonic clock) at which it fires; while staged, its delay. */
  due: number;
  /** Level of the wheel, `STAGED` or `IDLE`. */
  level: number;

  /** Called once when the timer is due, unless it was cancelled. Must not throw. */
  fire(): void;

  /** Called when a staged timer is put into the wheel, unless it was cancelled before. */
  onStart(): void;
}

// Five levels of 64 slots: a slot of level n is 64^n ms wide, the wheel 2^30 ms (12 days) long.
// A timer that is due later waits in the farthest slot, and is placed again when that slot is reached.
const SLOTS = 64;
const LEVELS = 5;
const UNITS = Array.from({ length: LEVELS }, (_, level) => SLOTS ** level);
/** The level of a timer that is not pending. */
export const IDLE = -1;
const STAGED = LEVELS;
const MAX_HOST_DELAY_MS = 0x7fffffff;

/** The longest delay of a timer in milliseconds: about 250,000 years, within the exact integers of `number`. */
export const MAX_DELAY_MS = 2 ** 53 - 2 ** 50;

/** A circular list, represented by the sentinel node between its last and its first one. */
class List implements Timer {
  prev: Timer | null = this;
  next: Timer | null = this;
  due = 0;
  level: number = IDLE;
  fire(): void {}
  onStart(): void {}
}

const wheel = Array.from({ length: LEVELS * SLOTS }, () => new List());
/** Timers that were staged since the clock was last read, including those cancelled since. */
let staged: Timer[] = [];
/** Number of staged timers that are pending. */
let stagedPending = 0;
/** Timers that were already due when they were placed: they fire when the clock is next read. */
const overdue = new List();
/** Number of timers on each level of the wheel. */
const counts = new Array<number>(LEVELS).fill(0);
/** Their sum. */
let pending = 0;

/** All timers due at or before this tick have fired. */
let reached = Math.floor(now());
let onAdded: () => void = () => {};

let hostTimer: ReturnType<typeof setTimeout> | undefined;
let hostTimerDue = Infinity;
/** No timer that was placed since the host timer was set is due before this tick. */
let earliestPlaced = 0;
/** The functions with which the host timer was set and must be cleared: a test may fake them. */
let hostSetTimeout: typeof setTimeout = globalThis.setTimeout;
let hostClearTimeout: typeof clearTimeout = globalThis.clearTimeout;

/** Sets the function that is called when a timer was added, so that the scheduler calls {@linkcode arm}. */
export function whenAdded(callback: () => void): void {
  onAdded = callback;
}

/** Number of pending timers, including staged ones. */
export function pendingTimers(): number {
  return pending + stagedPending;
}

/** Starts `timer`, due in `delay` ms, or at the absolute time `delay`. With `Infinity` it never fires. */
export function start(timer: Timer, delay: number, absolute = false): void {
  if (delay === Infinity) return;
  timer.due = Math.ceil(absolute ? delay : now() + delay);
  place(timer);
  onAdded();
}

/**
 * Starts `timer` when the clock is next read, at most a few milliseconds later. For timeouts, which are
 * rarely reached. `delay` may be `Infinity`.
 */
export function stage(timer: Timer, delay: number): void {
  timer.due = delay;
  timer.level = STAGED;
  stagedPending++;
  staged[staged.length] = timer;
  if (isFake()) startStaged();
  // The server of a call may be busy: then nothing else wakes the scheduler to read the clock.
  onAdded();
}

/** Starts all staged timers now. */
export function startStaged(): void {
  if (stagedPending !== 0) startStagedAt(now());
}

function startStagedAt(time: number): void {
  if (staged.length === 0) return;
  const timers = staged;
  staged = [];
  if (stagedPending === 0) return;
  for (const timer of timers) {
    if (timer.level !== STAGED) continue;
    cancel(timer);
    timer.onStart();
    if (timer.due === Infinity) continue;
    timer.due = Math.ceil(time + timer.due);
    place(timer);
  }
}

/** Cancels `timer`, whether staged or in the wheel. Has no effect if it is not pending. */
export function cancel(timer: Timer): void {
  if (timer.level === IDLE) return;
  if (timer.level === STAGED) {
    stagedPending--;
    timer.level = IDLE;
    return;
  }
  const { prev, next } = timer;
  if (prev !== null && next !== null) {
    prev.next = next;
    next.prev = prev;
    timer.prev = timer.next = null;
  }
  counts[timer.level]!--;
  pending--;
  timer.level = IDLE;
  // Notify the sleeping scheduler: the host timer would keep the program alive for no reason.
  if (pending === 0 && hostTimer !== undefined) onAdded();
}

/** Milliseconds until `timer` fires, at least 0, or `undefined` if it is not pending. */
export function left(timer: Timer): number | undefined {
  if (timer.level === IDLE) return undefined;
  return timer.level === STAGED ? timer.due : Math.max(0, Math.floor(timer.due - now()));
}

/** Fires all timers that are due, and puts staged timers into the wheel. */
export function advance(): void {
  const time = now();
  const tick = Math.floor(time);
  fireAll(overdue);
  for (;;) {
    const at = nextEvent();
    if (at > tick) break;
    reached = at;
    for (let level = LEVELS - 1; level > 0; level--) {
      if (at % UNITS[level]! === 0) cascade(slot(level, at));
    }
    fireAll(slot(0, at));
  }
  if (tick > reached) reached = tick;
  startStagedAt(time);
}

/** Tells whether {@linkcode arm} would have no effect: the host timer is set if and only if it is needed. */
export function isArmed(): boolean {
  if (staged.length !== 0) return false;
  if (pending === 0) return hostTimer === undefined;
  return earliestPlaced >= hostTimerDue && hostSetTimeout === globalThis.setTimeout;
}

/**
 * Sets the host timer for the next timer, or clears it if no timer is pending.
 * Must be called before the runtime becomes idle.
 */
export function arm(): void {
  if (stagedPending !== 0) advance();
  else staged = [];
  if (pending === 0) return disarm();
  if (hostSetTimeout !== globalThis.setTimeout) disarm();
  if (earliestPlaced >= hostTimerDue) return;
  const next = overdue.next === overdue ? nextEvent() : reached;
  disarm();
  hostTimerDue = next;
  if (next === Infinity) return;
  earliestPlaced = Infinity;
  ({ setTimeout: hostSetTimeout, clearTimeout: hostClearTimeout } = globalThis);
  const delay = Math.min(Math.max(0, Math.ceil(next - now())), MAX_HOST_DELAY_MS);
  hostTimer = hostSetTimeout(onHostTimer, delay);
}

function disarm(): void {
  if (hostTimer === undefined) return;
  try {
    hostClearTimeout(hostTimer);
  } catch {
    // A fake clock that was restored throws, and no longer fires.
  }
  hostTimer = undefined;
  hostTimerDue = Infinity;
  earliestPlaced = 0;
}

function onHostTimer(): void {
  hostTimer = undefined;
  hostTimerDue = Infinity;
  earliestPlaced = 0;
  advance();
  // Now, not only when the loop becomes idle: fake time may pass many timers in one step.
  arm();
  onAdded();
}

/** The first tick at which a slot has to be fired or cascaded; `Infinity` if the wheel is empty. */
function nextEvent(): number {
  let first = Infinity;
  for (let level = 0; level < LEVELS; level++) {
    if (counts[level] === 0) continue;
    const unit = UNITS[level]!;
    const here = Math.floor(reached / unit);
    for (let ahead = 1; ahead < SLOTS; ahead++) {
      const at = (here + ahead) * unit;
      if (at >= first) break;
      const list = slot(level, at);
      if (list.next !== list) {
        first = at;
        break;
      }
    }
  }
  return first;
}

function place(timer: Timer): void {
  const { due } = timer;
  if (due < earliestPlaced) earliestPlaced = due;
  if (due <= reached) return link(timer, overdue, 0);
  for (let level = 0; level < LEVELS; level++) {
    const unit = UNITS[level]!;
    const ahead = Math.floor(due / unit) - Math.floor(reached / unit);
    if (ahead < SLOTS) return link(timer, slot(level, due), level);
  }
  const unit = UNITS[LEVELS - 1]!;
  link(timer, slot(LEVELS - 1, reached + (SLOTS - 1) * unit), LEVELS - 1);
}

function cascade(list: Timer): void {
  const moved = takeAll(list);
  for (let timer = moved.next!; timer !== moved; timer = moved.next!) {
    cancel(timer);
    // A timer that is due at this tick belongs in the slot that fires now.
    if (timer.due <= reached) link(timer, slot(0, reached), 0);
    else place(timer);
  }
}

function fireAll(list: Timer): void {
  if (list.next === list) return;
  const due = takeAll(list);
  for (let timer = due.next!; timer !== due; timer = due.next!) {
    cancel(timer);
    timer.fire();
  }
}

function slot(level: number, tick: number): Timer {
  return wheel[level * SLOTS + Math.floor(tick / UNITS[level]!) % SLOTS]!;
}

/** Moves all timers of a list to a new one, which timers that are added meanwhile do not enter. */
function takeAll(list: Timer): Timer {
  const taken = new List();
  if (list.next === list) return taken;
  taken.next = list.next;
  taken.prev = list.prev;
  taken.next!.prev = taken.prev!.next = taken;
  list.prev = list.next = list;
  return taken;
}

function link(timer: Timer, list: Timer, level: number): void {
  const last = list.prev!;
  timer.prev = last;
  timer.next = list;
  last.next = list.prev = timer;
  timer.level = level;
  counts[level]!++;
  pending++;
}
