// Holds the local @std/testing/time to what the real one does: see README.md.
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { FakeTime, TimeError } from "@std/testing/time";

function log(): { lines: string[]; add: (line: string) => void } {
  const lines: string[] = [];
  return { lines, add: (line) => lines.push(`${Date.now()} ${line}`) };
}

Deno.test("FakeTime replaces the clock and the timers, and puts them back", () => {
  const before = [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  const untouched = [performance.now, setImmediate, queueMicrotask, process.nextTick];
  const now = () => [
    Date,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    AbortSignal.timeout,
  ];
  {
    using _time = new FakeTime();
    now().forEach((fake, i) => assert(fake !== before[i]));
    [performance.now, setImmediate, queueMicrotask, process.nextTick]
      .forEach((same, i) => assertStrictEquals(same, untouched[i]));
  }
  now().forEach((real, i) => assertStrictEquals(real, before[i]));
});

Deno.test("FakeTime.now is what Date tells", () => {
  using time = new FakeTime("2020-01-01T00:00:00Z");
  assertEquals(time.start, Date.UTC(2020, 0));
  time.tick(1500);
  assertEquals(time.now, time.start + 1500);
  assertEquals(Date.now(), time.now);
  assertEquals(new Date().toISOString(), "2020-01-01T00:00:01.500Z");
  assertEquals(new Date(5).getTime(), 5);
  assert(new Date() instanceof Date);
  assertThrows(() => time.now = 0, RangeError);
});

Deno.test("FakeTime.tick() fires timers in order of their time, then of their making", () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  setTimeout(add, 20, "late");
  setTimeout(add, 10, "first");
  setTimeout(add, 10, "second");
  const never = setTimeout(add, 15, "never");
  clearTimeout(never);
  time.tick(9);
  assertEquals(lines, []);
  time.tick(11);
  assertEquals(lines, ["10 first", "10 second", "20 late"]);
  assertEquals(time.now, 20);
});

Deno.test("FakeTime.tick() repeats intervals until they are cleared", () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  const interval = setInterval(() => add("tick"), 10);
  time.tick(5);
  setTimeout(add, 15, "between");
  time.tick(20);
  clearInterval(interval);
  time.tick(20);
  assertEquals(lines, ["10 tick", "20 between", "20 tick"]);
});

Deno.test("FakeTime.tick() fires a timer without delay that a callback set", () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  setTimeout(() => setTimeout(add, 0, "inner"), 10);
  time.tick(10);
  assertEquals(lines, ["10 inner"]);
});

Deno.test("FakeTime.tick() stops where a callback throws", () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  setTimeout(() => {
    throw new Error("boom");
  }, 10);
  setTimeout(add, 20, "after");
  assertThrows(() => time.tick(30), Error, "boom");
  assertEquals(time.now, 10);
  time.tick(20);
  assertEquals(lines, ["20 after"]);
});

Deno.test("FakeTime.tick() holds timers that are longer than a host timer may be", () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  setTimeout(add, Infinity, "never");
  setTimeout(add, 2 ** 33, "long");
  time.tick(2 ** 33 - 1);
  assertEquals(lines, []);
  time.tick(1);
  assertEquals(lines, [`${2 ** 33} long`]);
});

Deno.test("FakeTime.next() and runAll() go from timer to timer", async () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  assertEquals(time.next(), false);
  setTimeout(add, 10, "a");
  setTimeout(add, 20, "b");
  setTimeout(() => Promise.resolve().then(() => setTimeout(add, 5, "d")), 30);
  assertEquals(time.next(), true);
  assertEquals(await time.nextAsync(), true);
  assertEquals(lines, ["10 a", "20 b"]);
  time.runAll();
  await time.runMicrotasks();
  await time.runAllAsync();
  assertEquals(lines, ["10 a", "20 b", "35 d"]);
});

Deno.test("FakeTime.tickAsync() lets microtasks run first", async () => {
  using time = new FakeTime(0);
  const { lines, add } = log();
  Promise.resolve().then(() => setTimeout(add, 10, "set later"));
  await time.tickAsync(10);
  assertEquals(lines, ["10 set later"]);
});

Deno.test("FakeTime governs AbortSignal.timeout() and delay()", async () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(100);
  const waiting = delay(50);
  time.tick(50);
  await waiting;
  assertEquals(signal.aborted, false);
  time.tick(50);
  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("FakeTime.delay() waits in real time, or until it is aborted", async () => {
  using time = new FakeTime(0);
  const before = performance.now();
  await time.delay(20);
  assert(performance.now() - before >= 15);
  assertEquals(time.now, 0);
  const controller = new AbortController();
  const waiting = time.delay(10_000, { signal: controller.signal });
  await time.runMicrotasks();
  controller.abort();
  await assertRejects(() => waiting, DOMException, "aborted");
});

Deno.test("FakeTime.restoreFor() gives real time back for a while", async () => {
  using _time = new FakeTime(0);
  assert(await FakeTime.restoreFor((n: number) => Date.now() > n, 1000));
  assertEquals(Date.now(), 0);
  await assertRejects(() => FakeTime.restoreFor(() => Promise.reject(new Error("x"))), Error, "x");
  assertEquals(Date.now(), 0);
});

Deno.test("FakeTime moves by itself at the rate it is given", async () => {
  using time = new FakeTime(0, { advanceRate: 100, advanceFrequency: 5 });
  await time.delay(30);
  assert(time.now >= 1000);
});

Deno.test("FakeTime refuses what its state does not allow", async () => {
  assertThrows(() => FakeTime.restore(), TimeError);
  await assertRejects(() => FakeTime.restoreFor(() => {}), TimeError);
  assertThrows(() => new FakeTime("no time"), TypeError);
  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError);
  assertThrows(() => setTimeout("code" as never, 1), TimeError);
  const fakeSetTimeout = setTimeout;
  FakeTime.restore();
  assertThrows(() => time.restore(), TimeError);
  assertThrows(() => fakeSetTimeout(() => {}, 1), TimeError);
});
