/**
 * Monotonic time in milliseconds, from whichever clock governs the host timers.
 *
 * That is `performance.now()`, unless a test has replaced `Date` by a fake one (as `FakeTime` of
 * `@std/testing/time` does, which leaves `performance` alone): then time is what that `Date` says.
 * On either change of clock time goes on from where it was, and never runs backwards.
 *
 * @module
 */

const RealDate = globalThis.Date;

let source: DateConstructor = RealDate;
let offset = 0;
let latest = 0;

/** Milliseconds since some fixed moment, never less than before. */
export function now(): number {
  if (globalThis.Date !== source) changeSource(globalThis.Date);
  const time = read() + offset;
  if (time >= latest) return latest = time;
  // Another fake clock, set up where the last one was, that begins before where that was left.
  changeSource(source);
  return latest;
}

/** Tells whether a test's fake clock governs time. */
export function isFake(): boolean {
  return globalThis.Date !== RealDate;
}

function read(): number {
  return source === RealDate ? performance.now() : source.now();
}

function changeSource(next: DateConstructor): void {
  if (source === RealDate) latest = Math.max(latest, read() + offset);
  source = next;
  // Whole milliseconds, so that a fake clock moved by 100 fires what is due in 100.
  latest = Math.ceil(latest);
  offset = latest - Math.floor(read());
}
