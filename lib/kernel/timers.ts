/**
 * Timers: one hierarchical timing wheel with one host timer behind it.
 *
 * A `setTimeout` and its `clearTimeout` cost ten times a whole call, and every call has a timeout.
 * Here a timer is a node of a doubly linked list, put into a slot and unlinked again in constant
 * time, however many there are. Most do not even get that far: a timer may be *staged*, that
 * is, parked until somebody looks at the clock anyway, and an answer that comes before then costs
 * neither a look at the clock nor a place in the wheel, nor even its way out of a list.
 *
 * Nothing fires early. The scheduler calls {@linkcode advance} and {@linkcode arm}; nobody else
 * touches the host timer.
 *
 * @module
 */

import { isFake, now } from "./clock.ts";

/**
 * A node of the wheel. What it does when it is due is {@linkcode Timer.fire}.
 *
 * An interface and no base class: `super()` is no inlined call in V8, and took 8 ns of each call to a server.
 */
export interface Timer {
  /** Neighbours in the list that the timer is in; `null` while it is in none. */
  prev: Timer | null;
  next: Timer | null;
  /** Tick (whole millisecond of the monotonic clock) at which it fires; its delay while staged. */
  due: number;
  /** Level of the wheel, `STAGED` or `IDLE`. */
  level: number;

  /** Called once when the timer is due, unless it was cancelled. Must not throw. */
  fire(): void;

  /** Called when a staged timer is put into the wheel, unless it was cancelled before. */
  onStart(): void;
}

// Five levels of 64 slots: a slot of level n is 64^n ms wide, the wheel 2^30 ms (12 days) long.
// What is due later waits in the farthest slot and is placed anew when that comes round.
const SLOTS = 64;
const LEVELS = 5;
const UNITS = Array.from({ length: LEVELS }, (_, level) => SLOTS ** level);
/** The level of a timer that is not pending. */
export const IDLE = -1;
const STAGED = LEVELS;
const MAX_HOST_DELAY_MS = 0x7fffffff;

/** The longest delay that a timer takes, in milliseconds: about 285 years, as far as `number` counts exactly. */
export const MAX_DELAY_MS = 2 ** 53 - 2 ** 50;

/** A list, as the node before its first and after its last one. */
class List implements Timer {
  prev: Timer | null = this;
  next: Timer | null = this;
  due = 0;
  level: number = IDLE;
  fire(): void {}
  onStart(): void {}
}

const wheel = Array.from({ length: LEVELS * SLOTS }, () => new List());
/** Timers that were staged since the last look at the clock; those cancelled meanwhile are among them. */
let staged: Timer[] = [];
/** Number of those that are still pending. */
let stagedPending = 0;
/** Timers that were due already when they were placed: they wait for the next look at the clock. */
const overdue = new List();
/** Number of timers on each level of the wheel. */
const counts = new Array<number>(LEVELS).fill(0);
/** Their sum. */
let pending = 0;

/** Everything due at or before this tick has fired. */
let reached = Math.floor(now());
let onAdded: () => void = () => {};

let hostTimer: ReturnType<typeof setTimeout> | undefined;
let hostTimerDue = Infinity;
/** No timer that was placed since the host timer was set is due before this tick. */
let earliestPlaced = 0;
/** The functions that the host timer was set with, and is to be cleared with: a test may fake them. */
let hostSetTimeout: typeof setTimeout = globalThis.setTimeout;
let hostClearTimeout: typeof clearTimeout = globalThis.clearTimeout;

/** Names the function to call when a timer was added, so that somebody calls {@linkcode arm}. */
export function whenAdded(callback: () => void): void {
  onAdded = callback;
}

/** Number of timers that are pending, staged ones included. */
export function pendingTimers(): number {
  return pending + stagedPending;
}

/** Starts `timer`, to fire `delay` ms from now (or at the absolute time `delay`). `Infinity` never fires. */
export function start(timer: Timer, delay: number, absolute = false): void {
  if (delay === Infinity) return;
  timer.due = Math.ceil(absolute ? delay : now() + delay);
  place(timer);
  onAdded();
}

/**
 * Starts `timer` at the next look at the clock, which is at most a few milliseconds away.
 * For timeouts that are hardly ever reached; `Infinity` is one.
 */
export function stage(timer: Timer, delay: number): void {
  timer.due = delay;
  timer.level = STAGED;
  stagedPending++;
  staged[staged.length] = timer;
  if (isFake()) startStaged();
  // Whoever is called may be busy: then nothing else wakes the scheduler, and nobody looks at the clock.
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

/** Takes `timer` out, wherever it is. Harmless if it is nowhere. */
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
  // A sleeping scheduler must hear of it, or the host timer would keep the host up for nothing.
  if (pending === 0 && hostTimer !== undefined) onAdded();
}

/** Milliseconds until `timer` fires, at least 0, or `undefined` if it is not pending. */
export function left(timer: Timer): number | undefined {
  if (timer.level === IDLE) return undefined;
  return timer.level === STAGED ? timer.due : Math.max(0, Math.floor(timer.due - now()));
}

/** Fires all that is due, and puts staged timers into the wheel. */
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

/** Tells whether {@linkcode arm} would change nothing: the host wakes us in time, and not for nothing. */
export function isArmed(): boolean {
  if (staged.length !== 0) return false;
  if (pending === 0) return hostTimer === undefined;
  return earliestPlaced >= hostTimerDue && hostSetTimeout === globalThis.setTimeout;
}

/**
 * Makes sure that the host wakes us for the next timer, or not at all if there is none.
 * To be called before the runtime goes idle.
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
    // A fake clock that is no longer there refuses, and does not fire either.
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
  // At once, and not only when the loop goes idle: fake time may pass many timers in one step.
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
    // A timer that is due at this very tick belongs into the slot that fires now.
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

/** Moves all timers of a list to a new one, so that those added meanwhile are not among them. */
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
