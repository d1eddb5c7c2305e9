/**
 * The scheduler: who runs, in which order, and when the host gets its turn.
 *
 * Processes with mail wait in one first-in-first-out queue. A turn gives one process up to
 * {@linkcode TURN_MESSAGES} messages, so that one flooded mailbox starves nobody. The queue is
 * drained by an async loop, a slice at a time: between two slices all microtasks run (that is
 * where coroutines go on), and after {@linkcode HOST_BUDGET_MS} without one, the host's own turn
 * (timers, I/O). The clock is looked at every so many messages only, as many as fit into a
 * fraction of that budget. When the queue is empty the loop looks once more after one microtask,
 * for a caller that has just got its answer will often ask again, and then sleeps: an idle runtime
 * has nothing pending but the timers it was asked for.
 *
 * **Which process am I?** Around a synchronous callback {@linkcode current} says so. After an
 * `await` the host's asynchronous context does. Entering one costs 140 ns, which a whole call
 * should not cost, so synchronous callbacks all run in the one context of the loop. A callback that
 * turns out to have returned a promise keeps that context for good (its continuations know their
 * process by it), and the loop goes on in a fresh one. What another callback has left running in that
 * context, without anybody waiting for it, would then be taken for the same process's: so a callback
 * that has once returned a promise is given a context of its own from then on, as `async` functions are
 * from the first.
 *
 * @module
 */

import { isFake } from "./clock.ts";
import { afterHostTurn, Context, storage, TURNS_FOR_IO } from "./host.ts";
import { BUSY, DEAD, HELD, type Process, QUEUED } from "./process.ts";
import { advance, arm, isArmed, whenAdded } from "./timers.ts";

/** The most messages a process handles before the next one has its turn. */
export const TURN_MESSAGES = 32;
/** Milliseconds of work after which the host gets a turn. */
export const HOST_BUDGET_MS = 4;

const MAX_SLICE_MESSAGES = 256;

/** To be awaited for one microtask: `await undefined` makes a promise each time, which took 5 ns of each call. */
const SETTLED: Promise<void> = Promise.resolve();

/** The process whose synchronous callback runs right now. */
export let current: Process | null = null;

let head: Process | null = null;
let tail: Process | null = null;

/** Messages until the next look at the clock. */
let untilClock = MAX_SLICE_MESSAGES;
/** What `untilClock` starts from: halved or doubled so that the looks are about 0.5 ms apart. */
let sliceMessages = MAX_SLICE_MESSAGES;
let lastLook = 0;
let lastHostTurn = 0;

let loopContext: Context | null = null;
/** Wakes the sleeping loop; `null` while it is awake. */
let wakeUp: (() => void) | null = startLoop;

/** The context of what the host calls: nobody's. */
const hostContext = new Context(null);
/** Whether {@linkcode armAsleep} is under way. */
let armsSoon = false;

let onTurnFailed: (process: Process, thrown: unknown) => void = () => {};

/** Names the function that ends a process whose turn threw: a fault of the behaviour, not of a callback. */
export function whenTurnFailed(callback: (process: Process, thrown: unknown) => void): void {
  onTurnFailed = callback;
}

/** Gives `process` a turn soon, unless it has one coming, must not have one, or is dead. */
export function schedule(process: Process): void {
  if ((process.flags & (QUEUED | BUSY | HELD | DEAD)) !== 0) return;
  process.flags |= QUEUED;
  if (tail === null) head = process;
  else tail.nextRunnable = process;
  tail = process;
  if (wakeUp !== null) wake();
}

/** Tells whether the loop sleeps: nobody has anything left to do, and the host's timer is set for what comes next. */
export function isAtRest(): boolean {
  return wakeUp !== null && !armsSoon;
}

/** Counts messages that a turn has handled, for the next look at the clock. */
export function spend(process: Process, messages: number): void {
  process.reductions += messages;
  untilClock -= messages;
}

/** Tells whether it is time to look at the clock, so that who might go on at once should wait for a turn. */
export function isSliceSpent(): boolean {
  return untilClock <= 0;
}

/** Runs `body` as a synchronous part of `process`. */
export function runAs<T>(process: Process, body: () => T): T {
  const before = current;
  current = process;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** The context of the code of `process`, for the parts of it that will `await`. */
export function contextOf(process: Process): Context {
  return process.context ??= new Context(process);
}

/** What the last callback returned that was run in its process's own context. */
let ofOwnContext: unknown;

/** Runs a callback that will go on after an `await` in the own context of `process`. */
export function runInContext(process: Process, callback: () => unknown): unknown {
  return ofOwnContext = storage.run(contextOf(process), callback);
}

/**
 * To be called in a synchronous callback that has started something asynchronous: what that goes on
 * with will know that it belongs to `process`.
 */
export function keepContext(process: Process): void {
  if (loopContext !== null && storage.getStore() === loopContext) loopContext.process = process;
}

/**
 * Keeps `process` from further turns until `promise` settles, then hands the outcome to one of
 * the two callbacks, run as a part of `process`. If the process ends before, neither is called.
 */
export function suspendUntil<T>(
  process: Process,
  promise: PromiseLike<T>,
  fulfilled: (value: T) => void,
  rejected: (thrown: unknown) => void,
): void {
  // A callback that waits in receive is given turns, for that.
  if (process.wait === null) process.flags |= BUSY;
  if (promise !== ofOwnContext) keepContext(process);
  ofOwnContext = undefined;
  const settle = <V>(handle: (value: V) => void) => (value: V) => {
    if (process.isDead) return;
    process.flags &= ~BUSY;
    try {
      runAs(process, () => handle(value));
    } catch (thrown) {
      onTurnFailed(process, thrown);
    }
    schedule(process);
  };
  Promise.resolve(promise).then(settle(fulfilled), settle(rejected));
}

whenAdded(() => {
  if (wakeUp !== null) armSoon();
});

function wake(): void {
  const callback = wakeUp!;
  wakeUp = null;
  callback();
}

function startLoop(): void {
  wakeUp = null;
  loopContext = new Context(null);
  storage.run(loopContext, loop, loopContext);
}

async function loop(context: Context): Promise<void> {
  // Leave the stack and the microtask of whoever started the loop.
  await SETTLED;
  while (context.process === null) {
    if (head !== null) {
      runSlice(context);
      if (untilClock <= 0 && isHostDue()) await hostTurn();
      else await SETTLED;
      continue;
    }
    await new Promise<void>(sleep);
  }
  // A callback has kept the context: its code goes on in there, and the loop in another one.
  startLoop();
}

function sleep(resolve: () => void): void {
  wakeUp = resolve;
  armSoon();
}

/**
 * Has the host's timer set once the host has its turn, if the loop sleeps then. It mostly does so for some
 * microtasks only, and to set the timer each time would take longer than most that is done in between.
 */
function armSoon(): void {
  if (armsSoon || isArmed()) return;
  armsSoon = true;
  if (isFake()) queueMicrotask(armAsleep);
  else storage.run(hostContext, afterHostTurn, armAsleep);
}

function armAsleep(): void {
  armsSoon = false;
  if (wakeUp !== null) arm();
}

function runSlice(context: Context): void {
  while (head !== null && untilClock > 0 && context.process === null) {
    const process = head;
    head = process.nextRunnable;
    if (head === null) tail = null;
    process.nextRunnable = null;
    process.flags &= ~QUEUED;
    if ((process.flags & (BUSY | HELD | DEAD)) !== 0) continue;
    current = process;
    try {
      if (process.behaviour.turn(process)) schedule(process);
    } catch (thrown) {
      onTurnFailed(process, thrown);
    }
    current = null;
  }
}

/** Looks at the clock: fires what is due, and tells whether the host has waited long enough. */
function isHostDue(): boolean {
  advance();
  const time = performance.now();
  const elapsed = time - lastLook;
  lastLook = time;
  if (elapsed > 1 && sliceMessages > 1) sliceMessages >>= 1;
  else if (elapsed < 0.25 && sliceMessages < MAX_SLICE_MESSAGES) sliceMessages <<= 1;
  untilClock = sliceMessages;
  return time - lastHostTurn > HOST_BUDGET_MS;
}

async function hostTurn(): Promise<void> {
  let turns = 0;
  // When nobody has work left, the host is about to have all the time it wants.
  do await new Promise<void>(afterHostTurn); while (++turns < TURNS_FOR_IO && head !== null);
  lastHostTurn = lastLook = performance.now();
}
