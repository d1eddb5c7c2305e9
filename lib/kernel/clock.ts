/**
 * Monotonic time in milliseconds, from the clock that the host timers follow.
 *
 * That is `performance.now()`, unless a test has replaced `Date` with a fake (as `FakeTime` of
 * `@std/testing/time` does, which does not replace `performance`): then it is that `Date`.
 * When the clock changes, time continues from its last value and never runs backwards.
 *
 * @module
 */

const RealDate = globalThis.Date;

let source: DateConstructor = RealDate;
let offset = 0;
let latest = 0;

/** Milliseconds since an arbitrary fixed point; never decreases. */
export function now(): number {
  if (globalThis.Date !== source) changeSource(globalThis.Date);
  const time = read() + offset;
  if (time >= latest) return latest = time;
  // A second fake clock has replaced the first one, and starts at an earlier time.
  changeSource(source);
  return latest;
}

/** Tells whether time follows a test's fake clock. */
export function isFake(): boolean {
  return globalThis.Date !== RealDate;
}

function read(): number {
  return source === RealDate ? performance.now() : source.now();
}

function changeSource(next: DateConstructor): void {
  if (source === RealDate) latest = Math.max(latest, read() + offset);
  source = next;
  // Whole milliseconds, so that a fake clock moved by 100 ms fires the timers due in 100 ms.
  latest = Math.ceil(latest);
  offset = latest - Math.floor(read());
}
