/**
 * The scheduler: which process runs, in which order, and when the host gets its turn.
 *
 * Processes with messages wait in one first-in-first-out run queue. A turn gives one process up to
 * {@linkcode TURN_MESSAGES} messages, so that one flooded mailbox does not starve other processes. An
 * async loop drains the queue, a slice at a time: between two slices all microtasks run (in which
 * coroutines continue), and after {@linkcode HOST_BUDGET_MS} without one, a turn of the host (timers,
 * I/O). The clock is read only after a number of messages, which is adapted so that they take a
 * fraction of that budget. When the queue is empty, the loop checks once more after one microtask, as a
 * caller that has just got its reply often calls again, and then sleeps: an idle runtime has nothing
 * pending but the timers that were started.
 *
 * **The current process.** In a synchronous callback it is {@linkcode current}; after an `await` it is
 * the one of the host's asynchronous context. Entering a context costs 140 ns, too much for every call,
 * so all synchronous callbacks run in the one context of the loop. A callback that returns a promise
 * keeps that context (its continuations find their process in it), and the loop continues in a new one.
 * Code that another callback has left running in that context, without awaiting it, would then be
 * attributed to the wrong process; so a callback that has once returned a promise runs in a context of
 * its own from then on, as `async` functions do from the first time.
 *
 * @module
 */

import { isFake } from "./clock.ts";
import { afterHostTurn, Context, enterContext, storage, TURNS_FOR_IO } from "./host.ts";
import { BUSY, DEAD, EXITING, HELD, type Process, QUEUED } from "./process.ts";
import { advance, arm, isArmed, whenAdded } from "./timers.ts";

/** Maximum number of messages that a process handles in one turn. */
export const TURN_MESSAGES = 32;
/** Time of work in milliseconds after which the host gets a turn. */
export const HOST_BUDGET_MS = 4;

const MAX_SLICE_MESSAGES = 256;

/** Awaited for one microtask: `await undefined` creates a promise each time, which took 5 ns of each call. */
const SETTLED: Promise<void> = Promise.resolve();

/** The process whose synchronous callback is running. */
export let current: Process | null = null;

/** The context of the loop, in which synchronous callbacks of many processes run. */
export class LoopContext extends Context {}

let head: Process | null = null;
let tail: Process | null = null;

/** Number of messages until the clock is next read. */
let untilClock = MAX_SLICE_MESSAGES;
/** The initial value of `untilClock`: halved or doubled so that the reads are about 0.5 ms apart. */
let sliceMessages = MAX_SLICE_MESSAGES;
let lastLook = 0;
let lastHostTurn = 0;

/** Callbacks that wait for the end of the slice. */
let held: (() => void)[] = [];
let loopContext: LoopContext | null = null;
/** Whether each turn runs in its process's own context. See {@linkcode setTracking}. */
let isTracking = false;
/** Wakes the sleeping loop; `null` while it is awake. */
let wakeUp: (() => void) | null = startLoop;

/** The context of callbacks that the host calls; it belongs to no process. */
const hostContext = new Context(null);
/** Whether {@linkcode armAsleep} is about to be called. */
let armsSoon = false;

let onTurnFailed: (process: Process, thrown: unknown) => void = () => {};

/** Sets the function that terminates a process whose turn threw: a bug of the behaviour, not of a callback. */
export function whenTurnFailed(callback: (process: Process, thrown: unknown) => void): void {
  onTurnFailed = callback;
}

/**
 * Puts `process` into the run queue, unless it is in it, must not be given a turn, or has exited. Drops its
 * messages if it is exiting.
 */
export function schedule(process: Process): void {
  if ((process.flags & (QUEUED | BUSY | HELD | DEAD)) !== 0) {
    if ((process.flags & EXITING) !== 0) process.clear();
    return;
  }
  process.flags |= QUEUED;
  if (tail === null) head = process;
  else tail.nextRunnable = process;
  tail = process;
  if (wakeUp !== null) wake();
}

/** Tells whether the loop sleeps: the run queue is empty, and the host timer is set for the next timer. */
export function isAtRest(): boolean {
  return wakeUp !== null && !armsSoon;
}

/** Counts messages that a turn has handled. */
export function spend(process: Process, messages: number): void {
  process.reductions += messages;
  untilClock -= messages;
}

/** Counts an answer that `process` got without a turn. */
export function charge(process: Process | null): void {
  if (process !== null) process.reductions++;
  untilClock--;
}

/**
 * Calls `callback` when the processes in the run queue have had a turn and the clock has been read; after a
 * turn of the host, if that is due. Must be called only if the slice is over.
 */
export function afterSlice(callback: () => void): void {
  held.push(callback);
  if (wakeUp !== null) wake();
}

/** Tells whether the slice is over, so that a process that could continue at once should wait for a turn. */
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

/** The asynchronous context of `process`, for code that will `await`. */
export function contextOf(process: Process): Context {
  return process.context ??= new Context(process);
}

/** Runs `body` as code of no process, in `context` and without any store of the calling code. */
export function runOutside<T>(context: Context, body: () => T): T {
  const before = current;
  current = null;
  try {
    return enterContext(context, body);
  } finally {
    current = before;
  }
}

/**
 * Makes each turn run in its process's own context, so that promises that synchronous callbacks leave behind
 * are attributed to their process. Costs an entry of a context per turn.
 */
export function setTracking(tracks: boolean): void {
  isTracking = tracks;
}

/** The result of the last callback that ran in its process's own context. */
let ofOwnContext: unknown;

/** Runs a callback that will continue after an `await` in the context of `process`. */
export function runInContext(process: Process, callback: () => unknown): unknown {
  return ofOwnContext = storage.run(contextOf(process), callback);
}

/**
 * Makes code that a synchronous callback has started, and that continues after an `await`, belong to
 * `process`. Must be called in that callback.
 */
export function keepContext(process: Process): void {
  if (loopContext !== null && storage.getStore() === loopContext) loopContext.process = process;
}

/**
 * Keeps `process` from further turns until `promise` settles, then passes the outcome to one of the two
 * callbacks, which runs as a part of `process`. If the process exits before, neither is called.
 */
export function suspendUntil<T>(
  process: Process,
  promise: PromiseLike<T>,
  fulfilled: (value: T) => void,
  rejected: (thrown: unknown) => void,
): void {
  // A callback that waits in receive needs turns for that.
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
  const context = loopContext = new LoopContext(null);
  enterContext(context, () => loop(context));
}

async function loop(context: Context): Promise<void> {
  // Leave the stack and the microtask of the code that started the loop.
  await SETTLED;
  while (context.process === null) {
    if (head !== null || held.length !== 0) {
      runSlice(context);
      if (untilClock > 0) await SETTLED;
      else {
        if (isHostDue()) await hostTurn();
        else await SETTLED;
        if (held.length !== 0) release();
      }
      continue;
    }
    await new Promise<void>(sleep);
  }
  // A callback has kept the context: its code continues in it, and the loop in another one.
  startLoop();
}

function sleep(resolve: () => void): void {
  wakeUp = resolve;
  armSoon();
}

/**
 * Sets the host timer in the next turn of the host, if the loop sleeps then. The loop mostly sleeps for
 * a few microtasks only, and setting the timer takes longer than most of the work in between.
 */
function armSoon(): void {
  if (armsSoon || isArmed()) return;
  armsSoon = true;
  enterContext(hostContext, () => isFake() ? queueMicrotask(armAsleep) : afterHostTurn(armAsleep));
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
      if (isTracking ? turnInContext(process) : process.behaviour.turn(process)) schedule(process);
    } catch (thrown) {
      onTurnFailed(process, thrown);
    }
    current = null;
  }
}

function turnInContext(process: Process): boolean {
  return storage.run(contextOf(process), () => process.behaviour.turn(process));
}

/** Reads the clock: fires the timers that are due, and tells whether the host must have its turn. */
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

function release(): void {
  const callbacks = held;
  held = [];
  for (const callback of callbacks) callback();
}

async function hostTurn(): Promise<void> {
  let turns = 0;
  // With an empty run queue one turn is enough: the host is about to be idle.
  do await new Promise<void>(afterHostTurn); while (
    ++turns < TURNS_FOR_IO && (head !== null || held.length !== 0)
  );
  lastHostTurn = lastLook = performance.now();
}
