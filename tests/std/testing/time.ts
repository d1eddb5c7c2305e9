/**
 * `FakeTime` of `@std/testing/time`, with the clock of `@sinonjs/fake-timers` behind it.
 *
 * It replaces what the original replaces and nothing else: `Date`, the four timer functions and
 * `AbortSignal.timeout`. Timers have numbers for ids, as there.
 *
 * @module
 */

import type { DelayOptions } from "@std/async/delay";
import { type Clock, withGlobal } from "npm:@sinonjs/fake-timers@^15.5.0";

export type { DelayOptions };

/** Says that fake time was used in a state that does not allow it. */
export class TimeError extends Error {
  /** Makes the error. */
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/** How fake time moves by itself. */
export interface FakeTimeOptions {
  /** Fake milliseconds for each real one. 0, standing still, where absent. */
  advanceRate: number;
  /** Real milliseconds between two moves. 10 where absent. */
  advanceFrequency?: number;
}

// deno-lint-ignore no-explicit-any
type Callback = (...args: any[]) => void;

interface Timer {
  callback: Callback;
  args: unknown[];
  wait: number;
  repeat: boolean;
  due: number;
  /** What the clock knows it by. */
  handle?: ReturnType<Clock["setTimeout"]>;
}

const real = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  abortSignalTimeout: AbortSignal.timeout,
};

/** The longest wait that the clock takes at its word. */
const MAX_DELAY_MS = 2 ** 31 - 1;

let time: FakeTime | undefined;
let start: number;
let clock: Clock;
let timers: Map<number, Timer>;
let lastId: number;
let advanceInterval: ReturnType<typeof setInterval> | undefined;
/** The timer whose turn the clock's last step was. */
let fired: [id: number, timer: Timer] | undefined;

const currentTime = () => time?.now ?? real.Date.now();

const FakeDate = new Proxy(real.Date, {
  construct: (_target, args) => Reflect.construct(real.Date, args.length ? args : [currentTime()]),
  apply: () => new real.Date(currentTime()).toString(),
  get: (target, key, receiver) => key === "now" ? currentTime : Reflect.get(target, key, receiver),
});

function arm(id: number, timer: Timer): void {
  const wait = Math.min(timer.due - clock.now, MAX_DELAY_MS);
  timer.handle = clock.setTimeout(() => fired = [id, timer], wait);
  timers.set(id, timer);
}

function schedule(name: string, callback: unknown, delay: number, args: unknown[]): number {
  if (typeof callback !== "function") {
    throw new TimeError(`FakeTime does not support non-function callbacks to ${name}`);
  }
  if (!time) throw new TimeError(`Cannot call ${name}: time is not faked`);
  const repeat = name === "setInterval";
  const wait = Math.max(repeat ? 1 : 0, Math.floor(delay));
  const id = ++lastId;
  arm(id, { callback: callback as Callback, args, wait, repeat, due: clock.now + wait });
  return id;
}

function cancel(name: string, id: unknown): void {
  if (!time) throw new TimeError(`Cannot call ${name}: time is not faked`);
  const timer = timers.get(id as number);
  if (!timer) return;
  clock.clearTimeout(timer.handle!);
  timers.delete(id as number);
}

const fakes = {
  Date: FakeDate,
  setTimeout: (callback: unknown, delay = 0, ...args: unknown[]) =>
    schedule("setTimeout", callback, delay, args),
  clearTimeout: (id?: unknown) => cancel("clearTimeout", id),
  setInterval: (callback: unknown, delay = 0, ...args: unknown[]) =>
    schedule("setInterval", callback, delay, args),
  clearInterval: (id?: unknown) => cancel("clearInterval", id),
  abortSignalTimeout: (delay: number) => {
    const controller = new AbortController();
    const abort = () => controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
    schedule("setTimeout", abort, delay, []);
    return controller.signal;
  },
};

function install({ abortSignalTimeout, ...functions }: typeof real | typeof fakes): void {
  Object.assign(globalThis, functions);
  AbortSignal.timeout = abortSignalTimeout;
}

function nextDue(): number {
  let due = Infinity;
  for (const timer of timers.values()) due = Math.min(due, timer.due);
  return due;
}

/**
 * Takes the first timer off the clock and calls it. The call is made after the clock's own step,
 * so that it may set timers for now, move the time or throw, and the clock never notices.
 */
function fireNext(): void {
  fired = undefined;
  clock.next();
  if (!fired) return;
  const [id, timer] = fired as [number, Timer];
  if (timer.due > clock.now) return arm(id, timer); // longer than the clock holds at once
  if (timer.repeat) {
    timer.due += timer.wait;
    arm(id, timer);
  } else {
    timers.delete(id);
  }
  timer.callback.apply(null, timer.args);
}

/** Holds the time: it moves when the test says so. */
export class FakeTime {
  /**
   * Replaces `Date`, the timer functions and `AbortSignal.timeout`.
   *
   * @throws {TimeError} If time is faked already.
   * @throws {TypeError} If `start` is no time.
   */
  constructor(startTime?: number | string | Date | null, options?: FakeTimeOptions) {
    if (time) throw new TimeError("Cannot construct FakeTime: time is already faked");
    start = typeof startTime === "number"
      ? Math.floor(startTime)
      : startTime instanceof Date || typeof startTime === "string"
      ? new Date(startTime).valueOf()
      : real.Date.now();
    if (Number.isNaN(start)) {
      throw new TypeError(`Cannot construct FakeTime: invalid start time ${start}`);
    }
    clock = withGlobal({ Date: real.Date }).createClock(start);
    timers = new Map();
    lastId = 0;
    time = this;
    install(fakes);

    const rate = Math.max(0, options?.advanceRate ?? 0);
    const frequency = Math.max(0, options?.advanceFrequency ?? 10);
    advanceInterval = rate > 0
      ? real.setInterval(() => this.tick(rate * frequency), frequency)
      : undefined;
  }

  /** Restores real time. */
  static restore(): void {
    if (!time) throw new TimeError("Cannot restore time: time is already restored");
    time.restore();
  }

  /** Restores real time until `callback` has returned, and the promise that it returns is settled. */
  static async restoreFor<T>(
    // deno-lint-ignore no-explicit-any
    callback: (...args: any[]) => Promise<T> | T,
    // deno-lint-ignore no-explicit-any
    ...args: any[]
  ): Promise<T> {
    if (!time) throw new TimeError("Cannot restore time: time is not faked");
    let result: Promise<T> | T;
    install(real);
    try {
      result = callback.apply(null, args);
      if (result instanceof Promise) await result;
    } finally {
      install(fakes);
    }
    return result;
  }

  /** The fake time, in milliseconds since the epoch. */
  get now(): number {
    return clock.now;
  }
  /** Moves the time on, and calls what becomes due on the way. A callback's error ends the way there. */
  set now(value: number) {
    if (value < clock.now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${clock.now}: received ${value}`,
      );
    }
    while (nextDue() <= value) fireNext();
    clock.now = value;
  }

  /** What `now` was at first. */
  get start(): number {
    return start;
  }

  /** Waits for real milliseconds. */
  delay(ms: number, options: DelayOptions = {}): Promise<void> {
    const { signal } = options;
    const aborted = () => new DOMException("Delay was aborted.", "AbortError");
    if (signal?.aborted) return Promise.reject(aborted());
    return new Promise((resolve, reject) => {
      const abort = () => {
        real.clearTimeout.call(null, timer);
        reject(aborted());
      };
      const timer = real.setTimeout.call(null, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Lets all pending microtasks run. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Moves the time on by `ms`, and calls what becomes due on the way. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** As `tick`, after all pending microtasks. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Moves the time to the next timer, and says whether there was one. */
  next(): boolean {
    if (timers.size === 0) return false;
    this.now = nextDue();
    return true;
  }

  /** As `next`, after all pending microtasks. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Moves the time on until no timer is left. */
  runAll(): void {
    while (timers.size > 0) this.next();
  }

  /** As `runAll`, with all pending microtasks run before each timer. */
  async runAllAsync(): Promise<void> {
    while (timers.size > 0) await this.nextAsync();
  }

  /** Restores real time. */
  restore(): void {
    if (!time) throw new TimeError("Cannot restore time: time is already restored");
    time = undefined;
    install(real);
    if (advanceInterval !== undefined) real.clearInterval(advanceInterval);
  }

  /** Restores real time. */
  [Symbol.dispose](): void {
    this.restore();
  }
}
