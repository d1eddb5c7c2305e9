/**
 * The kernel clock, and its change to fake time and back.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { isFake, now } from "../../lib/kernel/clock.ts";
import { Process, receive, self } from "../../mod.ts";
import { inProcess, settled } from "../helpers.ts";

Deno.test("now() advances, and never runs backwards", () => {
  let last = now();
  for (const begin = performance.now(); performance.now() - begin < 5;) {
    const time = now();
    assert(time >= last);
    last = time;
  }
  const [before, begin] = [now(), performance.now()];
  while (performance.now() - begin < 3);
  const elapsed = now() - before;
  assert(elapsed >= 2.9 && elapsed < 1000, `${elapsed} ms`);
});

Deno.test("now() does not follow the time of day", () => {
  const realNow = Date.now;
  const before = now();
  try {
    Date.now = () => 0;
    assert(now() >= before);
    assert(now() - before < 1000);
    assertFalse(isFake());
  } finally {
    Date.now = realNow;
  }
});

Deno.test("now() continues in whole milliseconds when time is faked", () => {
  const before = now();
  using time = new FakeTime();
  assert(isFake());
  const begin = now();
  assert(Number.isInteger(begin));
  assert(begin >= before && begin - before < 1000);
  assertEquals(now(), begin, "it stands still");
  time.tick(1);
  assertEquals(now(), begin + 1);
  time.tick(86_400_000);
  assertEquals(now(), begin + 86_400_001);
});

Deno.test("now() continues when real time is restored", () => {
  let fake: number;
  {
    using time = new FakeTime();
    now();
    time.tick(60_000);
    fake = now();
  }
  assertFalse(isFake());
  const real = now();
  assert(real >= fake && real - fake < 1000);
});

Deno.test("now() continues from its last value whatever time fake time starts at", () => {
  let last = now();
  for (const start of [0, 1e15, "1969-07-20", 5, undefined, 0]) {
    const time = new FakeTime(start);
    const begin = now();
    assert(begin >= last && begin - last < 1000, `starting at ${start}`);
    assertEquals(now(), begin);
    time.tick(1000);
    assertEquals(now(), begin + 1000, `starting at ${start}`);
    time.restore();
    last = now();
  }
});

Deno.test("now() continues when fake time follows fake time without a call in between", () => {
  let last = now();
  for (let round = 0; round < 3; round++) {
    using time = new FakeTime();
    assert(now() - last < 1000);
    last = now();
    for (const ms of [1, 3_600_000]) {
      time.tick(ms);
      assertEquals(now(), last += ms);
    }
  }
});

Deno.test("Process.sleep() in fake time takes the given time, in consecutive tests", async () => {
  for (let round = 0; round < 3; round++) {
    using time = new FakeTime();
    await inProcess(async () => {
      for (const ms of [1, 100, 3_600_000]) {
        let isAwake = false;
        Process.sleep(ms).then(() => isAwake = true);
        await settled();
        time.tick(ms - 1);
        await settled();
        assertFalse(isAwake);
        time.tick(1);
        await settled();
        assert(isAwake);
      }
    });
  }
});

Deno.test("timers that were started in real time follow fake time when time is faked", async () => {
  await inProcess(async () => {
    Process.sendAfter(self(), "an hour", 3_600_000);
    Process.sendAfter(self(), "a second", 1000);
    await settled();
    using time = new FakeTime();
    Process.sendAfter(self(), "half a second", 500);
    await settled();
    time.tick(500);
    assertEquals(await receive(), "half a second");
    time.tick(500);
    assertEquals(await receive(), "a second");
    time.tick(3_599_000);
    assertEquals(await receive(), "an hour");
  });
});

Deno.test("timers that were started in fake time follow real time when it is restored", async () => {
  await inProcess(async () => {
    {
      using time = new FakeTime();
      Process.sendAfter(self(), "soon", 100);
      Process.sendAfter(self(), "cancelled", 100_000);
      await settled();
      time.tick(95);
      await settled();
    }
    const begin = performance.now();
    const cancelled = Process.sendAfter(self(), "cancelled", 5000);
    assertEquals(await receive(), "soon");
    const elapsed = performance.now() - begin;
    assert(elapsed >= 4 && elapsed < 1000, `${elapsed} ms`);
    assertEquals(Process.cancelTimer(cancelled) !== false, true);
  });
});

Deno.test("timers do not affect host timers that a test sets in fake time", async () => {
  // The wheel must not clear a timer of one clock with the function of the other.
  await inProcess(async () => {
    const ref = Process.sendAfter(self(), "x", 50_000);
    await settled();
    using time = new FakeTime();
    const fired: number[] = [];
    for (let i = 0; i < 200; i++) setTimeout(() => fired.push(i), 10);
    const other = Process.sendAfter(self(), "y", 5);
    await settled();
    Process.cancelTimer(ref);
    Process.cancelTimer(other);
    Process.sendAfter(self(), "z", 5);
    await settled();
    time.tick(10);
    assertEquals(await receive(), "z");
    assertEquals(fired.length, 200);
  });
});
