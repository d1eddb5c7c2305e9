/**
 * The timing wheel, against a model that looks at every timer every time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { now } from "../../lib/kernel/clock.ts";
import { OwnedTimer } from "../../lib/kernel/process.ts";
import {
  advance,
  cancel,
  IDLE,
  left,
  MAX_DELAY_MS,
  pendingTimers,
  stage,
  start,
  type Timer,
} from "../../lib/kernel/timers.ts";
import { after, on, Process, receive, self, send, spawn } from "../../mod.ts";
import { inProcess, settled } from "../helpers.ts";

/** A timer that says when it fires. */
class Recorder implements Timer {
  prev: Timer | null = null;
  next: Timer | null = null;
  due = 0;
  level = IDLE;

  constructor(readonly onFire: () => void) {}

  fire(): void {
    this.onFire();
  }

  onStart(): void {}
}

/** Starts a timer that adds `name` to `log` when it fires. */
function record(log: unknown[], name: unknown, delay: number, how = start): Timer {
  const timer = new Recorder(() => log.push(name));
  how(timer, delay);
  return timer;
}

/** Moves fake time by `ms` in one step, without the host's timer, and fires what is due. */
function jump(time: FakeTime, ms: number): void {
  time.now += ms;
  advance();
}

// --- One timer ----------------------------------------------------------------------------------

Deno.test("start() fires a timer when it is due, at any distance, never early and once", () => {
  using time = new FakeTime();
  const boundaries = [1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 262_143, 262_144, 262_145];
  const far = [2 ** 24 - 1, 2 ** 24, 2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31, 2 ** 32, 2 ** 40];
  for (const offset of [0, 1, 37, 63]) {
    for (const delay of [...boundaries, ...far]) {
      jump(time, offset);
      const log: unknown[] = [];
      const before = pendingTimers();
      const timer = record(log, delay, delay);
      assertEquals(left(timer), delay);
      jump(time, delay - 1);
      assertEquals([log, left(timer)], [[], 1], `${delay} ms are not over`);
      assertEquals(pendingTimers(), before + 1);
      jump(time, 1);
      assertEquals([log, left(timer)], [[delay], undefined], `${delay} ms are over`);
      assertEquals(pendingTimers(), before);
      jump(time, delay);
      assertEquals(log, [delay]);
    }
  }
});

Deno.test("start() fires a timer that is approached in small steps just as well", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  record(log, "far", 300_000);
  for (let elapsed = 0; elapsed < 299_999;) {
    const step = Math.min(299_999 - elapsed, 1 + (elapsed * 31) % 997);
    jump(time, step);
    elapsed += step;
  }
  assertEquals(log, []);
  jump(time, 1);
  assertEquals(log, ["far"]);
});

Deno.test("start() with 0 ms, or a moment that is over, fires at the next look at the clock", () => {
  using time = new FakeTime();
  advance();
  const log: unknown[] = [];
  record(log, "zero", 0);
  assertEquals(log, [], "not at once");
  advance();
  assertEquals(log, ["zero"]);
  start(new Recorder(() => log.push("over")), now() - 1000, true);
  jump(time, 0);
  assertEquals(log, ["zero", "over"]);
});

Deno.test("start() takes a moment of the clock, and rounds a fraction up", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  start(new Recorder(() => log.push("moment")), now() + 10, true);
  record(log, "fraction", 9.2);
  jump(time, 9);
  assertEquals(log, []);
  jump(time, 1);
  assertEquals(log.toSorted(), ["fraction", "moment"]);
});

Deno.test("start() and stage() with Infinity never fire", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const timers = [record(log, 1, Infinity), record(log, 2, Infinity, stage)];
  jump(time, 2 ** 45);
  assertEquals(log, []);
  for (const timer of timers) cancel(timer);
});

Deno.test("start() takes the longest delay that is allowed", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const timer = record(log, "never", MAX_DELAY_MS);
  jump(time, 2 ** 40);
  assertEquals(left(timer), MAX_DELAY_MS - 2 ** 40);
  cancel(timer);
  assertEquals(log, []);
});

// --- Cancelling ---------------------------------------------------------------------------------

Deno.test("cancel() takes a timer out, at any distance and as often as one likes", () => {
  using time = new FakeTime();
  const before = pendingTimers();
  const log: unknown[] = [];
  const timers = [0, 1, 63, 64, 5000, 2 ** 20, 2 ** 33].map((delay) => record(log, delay, delay));
  assertEquals(pendingTimers(), before + timers.length);
  for (const timer of timers) {
    cancel(timer);
    cancel(timer);
    assertEquals(left(timer), undefined);
  }
  assertEquals(pendingTimers(), before);
  jump(time, 2 ** 34);
  assertEquals(log, []);
  cancel(new Recorder(() => {}));
});

Deno.test("cancel() at the very moment when a timer is due keeps it from firing", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const timers: Timer[] = [];
  // Each of them cancels its two neighbours, all are due at once.
  for (let i = 0; i < 9; i++) {
    timers.push(
      new Recorder(() => {
        log.push(i);
        for (const neighbour of [timers[i - 1], timers[i + 1], timers[i]]) {
          if (neighbour !== undefined) cancel(neighbour);
        }
      }),
    );
  }
  const before = pendingTimers();
  for (const timer of timers) start(timer, 100);
  jump(time, 100);
  assertEquals(log, [0, 2, 4, 6, 8]);
  assertEquals(pendingTimers(), before);
});

Deno.test("cancel() when a timer is carried to a nearer slot takes it out of that", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const near = new Recorder(() => {
    log.push("near");
    cancel(far);
  });
  const far = record(log, "far", 130);
  start(near, 128);
  jump(time, 200);
  assertEquals(log, ["near"]);
});

// --- Firing -------------------------------------------------------------------------------------

Deno.test("a timer may start others, and itself again, when it fires", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const begin = now();
  const again: Recorder = new Recorder(() => {
    log.push(now() - begin);
    if (log.length < 5) start(again, 10);
  });
  start(again, 10);
  for (let i = 0; i < 10; i++) jump(time, 10);
  assertEquals(log, [10, 20, 30, 40, 50]);
  const chain: unknown[] = [];
  const zero: Recorder = new Recorder(() => {
    chain.push("zero");
    start(zero, 0);
  });
  start(zero, 0);
  for (let looks = 1; looks < 4; looks++) {
    advance();
    assertEquals(chain.length, looks, "one round for each look at the clock, not an endless one");
  }
  cancel(zero);
});

Deno.test("timers that are late fire in the order in which they were due", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  const begin = now();
  const again = new Recorder(() => {
    log.push("every 7");
    if (due < begin + 70) start(again, due += 7, true);
  });
  let due = begin + 7;
  start(again, due, true);
  for (const delay of [50, 10, 25, 69]) record(log, delay, delay);
  jump(time, 1000);
  const expected = ["7", 10, "14", "21", 25, "28", "35", "42", "49", 50, "56", "63", 69, "70"];
  assertEquals(log, expected.map((each) => typeof each === "string" ? "every 7" : each));
});

Deno.test("timers are many at no cost for each", () => {
  using time = new FakeTime();
  const count = 100_000;
  let fired = 0;
  const begin = performance.now();
  const timers = Array.from({ length: count }, (_, i) => {
    const timer = new Recorder(() => fired++);
    start(timer, 1 + (i * 7919) % 1_000_000);
    return timer;
  });
  for (let i = 0; i < count; i += 2) cancel(timers[i]!);
  jump(time, 1_000_000);
  const elapsed = performance.now() - begin;
  assertEquals(fired, count / 2);
  assert(elapsed < 2000, `${elapsed} ms`);
});

// --- Staging ------------------------------------------------------------------------------------

Deno.test("stage() never fires early, whenever the clock is read", async () => {
  const delays = [0, 1, 2, 3, 5, 8];
  const early: unknown[] = [];
  const fired = await Promise.all(delays.map((delay) =>
    new Promise<number>((resolve) => {
      const begin = now();
      const timer = new Recorder(() => {
        if (now() - begin < delay) early.push([delay, now() - begin]);
        resolve(delay);
      });
      stage(timer, delay);
      assertEquals(left(timer), delay);
      // A process has to be awake: timers are staged by those who go on to do something.
      start(new Recorder(() => {}), 0);
    })
  ));
  assertEquals(fired, delays);
  assertEquals(early, []);
});

Deno.test("stage() is pending, and leaves nothing behind when it is cancelled before the clock is read", () => {
  const before = pendingTimers();
  const timers = Array.from({ length: 1000 }, () => new Recorder(() => {}));
  for (const timer of timers) stage(timer, 5000);
  assertEquals(pendingTimers(), before + 1000);
  for (const timer of timers) cancel(timer);
  assertEquals(pendingTimers(), before);
  advance();
  assertEquals(pendingTimers(), before);
});

Deno.test("stage() under a fake clock is exact", () => {
  using time = new FakeTime();
  const log: unknown[] = [];
  record(log, "staged", 100, stage);
  jump(time, 99);
  assertEquals(log, []);
  jump(time, 1);
  assertEquals(log, ["staged"]);
});

// --- The host's timer ---------------------------------------------------------------------------

Deno.test("the wheel has the host wake it for the next timer, however far", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    for (const delay of [1, 100, 5000, 2 ** 31, 2 ** 32 + 1]) {
      let isAwake = false;
      Process.sleep(delay).then(() => isAwake = true);
      await settled();
      time.tick(delay - 1);
      await settled();
      assertEquals(isAwake, false, `${delay} ms are not over`);
      time.tick(1);
      await settled();
      assertEquals(isAwake, true, `${delay} ms are over`);
    }
  });
});

Deno.test("the wheel wakes for a nearer timer that is started later", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const me = self();
    Process.sendAfter(me, "far", 1000);
    await settled();
    Process.sendAfter(me, "near", 10);
    await settled();
    time.tick(10);
    assertEquals(await receive(), "near");
    time.tick(990);
    assertEquals(await receive(), "far");
  });
});

Deno.test("the wheel asks nothing of the host when no timer is left", async () => {
  // Otherwise the sanitizer finds the host's timer.
  const refs = [10_000, 20_000].map((delay) => Process.sendAfter(self(), "x", delay));
  await settled();
  for (const ref of refs) Process.cancelTimer(ref);
  Process.sendAfter(self(), "now", 0);
  assertEquals(await receive(), "now");
  await settled();
});

Deno.test("the wheel sets the host's timer once in its turn, however often the scheduler sleeps before", async () => {
  await settled();
  const { setTimeout } = globalThis;
  let isSet = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    isSet++;
    return setTimeout(...args);
  }) as typeof setTimeout;
  try {
    const me = self();
    for (let i = 0; i < 100; i++) {
      spawn(async () => {
        for (let microtask = 0; microtask < 10; microtask++) await undefined;
        send(me, i);
      });
      assertEquals(await receive(on(i, () => "done"), after(10_000, () => "late")), "done");
    }
    // The host may have had a turn or two.
    assert(isSet < 10, `it was set ${isSet} times`);
    const before = isSet;
    Process.sendAfter(me, "due", 1);
    await settled();
    assertEquals(isSet, before + 1);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(await receive(), "due");
});

// --- Timers of a process ------------------------------------------------------------------------

Deno.test("OwnedTimer ends with its process, whichever of its timers were done before", () => {
  using time = new FakeTime();
  const before = pendingTimers();
  const log: unknown[] = [];
  const owner = { timers: null } as unknown as ConstructorParameters<typeof OwnedTimer>[0] & object;
  const timers = [10, 20, 30, 40].map((delay) => {
    const timer = new OwnedTimer(owner, () => log.push(delay));
    start(timer, delay);
    return timer;
  });
  timers[1]!.cancel();
  jump(time, 30);
  assertEquals(log, [10, 30]);
  assertEquals(owner.timers, timers[3]);
  timers[3]!.cancel();
  timers[3]!.cancel();
  assertEquals(owner.timers, null);
  assertEquals(pendingTimers(), before);
});

// --- Against a model ----------------------------------------------------------------------------

type Step =
  | readonly ["start" | "stage", delay: number]
  | readonly ["start at", from: number]
  | readonly ["cancel", which: number]
  | readonly ["jump", ms: number];

const delay = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 31 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 42) },
  // The edges of the levels.
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(35), fc.integer({ min: -1, max: 1 })).map(([n, d]) =>
      Math.max(0, 2 ** n + d)
    ),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom("start" as const, "stage" as const), delay) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("start at" as const), fc.integer({ min: -100, max: 5000 })),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant("cancel" as const), fc.nat(30)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("jump" as const), delay) },
);

Deno.test("the wheel fires what a look at every timer would fire, in the order of time", () => {
  using time = new FakeTime();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const before = pendingTimers();
      const begin = now();
      const timers: Timer[] = [];
      /** Due times of the pending timers, by their number. */
      const model = new Map<number, number>();
      const fired: number[] = [];
      const add = (due: number, begin: (timer: Timer) => void) => {
        const id = timers.length;
        const timer = new Recorder(() => fired.push(id));
        timers.push(timer);
        model.set(id, due);
        begin(timer);
      };
      for (const [name, argument] of steps) {
        switch (name) {
          case "start":
            add(now() + argument, (timer) => start(timer, argument));
            break;
          case "stage":
            add(now() + argument, (timer) => stage(timer, argument));
            break;
          case "start at":
            add(begin + argument, (timer) => start(timer, begin + argument, true));
            break;
          case "cancel": {
            const id = argument % Math.max(1, timers.length);
            if (timers[id] === undefined) break;
            const due = model.get(id);
            assertEquals(
              left(timers[id]),
              due === undefined ? undefined : Math.max(0, due - now()),
            );
            cancel(timers[id]);
            model.delete(id);
            break;
          }
          case "jump": {
            fired.length = 0;
            jump(time, argument);
            const due = [...model].filter(([, due]) => due <= now());
            for (const [id] of due) model.delete(id);
            const late = (id: number) => due.find(([each]) => each === id)![1];
            assertEquals(fired.toSorted((a, b) => a - b), due.map(([id]) => id));
            // What was due before it was started comes first, and then in the order of time.
            const order = fired.map((id) => Math.max(late(id), now() - argument));
            assertEquals(order, order.toSorted((a, b) => a - b));
          }
        }
        assertEquals(pendingTimers(), before + model.size);
      }
      for (const timer of timers) cancel(timer);
      assertEquals(pendingTimers(), before);
    }),
    { numRuns: 400 },
  );
});
