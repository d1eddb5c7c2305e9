/**
 * Timers: those of `Process`, which are Erlang's own, and those of `Timer`, which are the module's of
 * that name. The rows `TM` of the conformance catalogue.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  makeRef,
  on,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  spawnLink,
  Sys,
  Timer,
  unwrap,
} from "../mod.ts";
import { pendingTimers } from "../lib/kernel/timers.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const untilStopped = () => receive(on("stop", () => {}));

/** Starts a process that hands on all that it gets, together with `tag`. */
function echo(tag: string): Pid {
  const me = self();
  return spawnLink(async () => {
    for (;;) send(me, [tag, await receive()]);
  });
}

/** Runs `body` in a process, in fake time, and looks whether it leaves a timer behind. */
async function inFakeTime(body: (time: FakeTime) => Promise<void>): Promise<void> {
  using time = new FakeTime();
  const before = pendingTimers();
  await inProcess(() => body(time));
  assertEquals(pendingTimers(), before, "timers left behind");
}

// --- Process.sendAfter, startTimer, readTimer, cancelTimer --------------------------------------

Deno.test("Process.sendAfter() and startTimer() deliver when the time has come", async () => {
  await inFakeTime(async (time) => {
    Process.sendAfter(self(), ["hello", 1], 100);
    const ref = Process.startTimer(100, self(), "hello");
    await pass(time, 99);
    await assertSilence();
    await pass(time, 1);
    assertEquals(new Set(flush()), new Set([["hello", 1], ["timeout", ref, "hello"]]));
    await pass(time, 1000);
    await assertSilence();
  });
});

Deno.test("Process.sendAfter() with abs takes a moment of the monotonic clock [TM-002]", async () => {
  await inFakeTime(async (time) => {
    await pass(time, 50);
    const moment = Process.monotonicTime() + 100;
    const ref = Process.startTimer(moment, self(), "then", { abs: true });
    Process.sendAfter(self(), "then, too", moment, { abs: true });
    assertEquals(Process.readTimer(ref), 100);
    await pass(time, 99);
    await assertSilence();
    await pass(time, 1);
    assertEquals(flush().length, 2);
    Process.sendAfter(self(), "long ago", Process.monotonicTime() - 1000, { abs: true });
    Process.sendAfter(self(), "before all", -5, { abs: true });
    await pass(time, 0);
    assertEquals(new Set(flush()), new Set(["long ago", "before all"]));
  });
});

Deno.test("Process.readTimer() returns the milliseconds that are left [TM-004]", async () => {
  await inFakeTime(async (time) => {
    const ref = Process.sendAfter(self(), "late", 1000);
    assertEquals(Process.readTimer(ref), 1000);
    await pass(time, 400);
    assertEquals(Process.readTimer(ref), 600);
    await pass(time, 599);
    assertEquals(Process.readTimer(ref), 1);
    await assertSilence();
    await pass(time, 1);
    assertEquals(flush(), ["late"]);
  });
  const real = Process.sendAfter(self(), "late", 60_000);
  const left = Process.readTimer(real) as number;
  assert(Number.isInteger(left) && left >= 59_000 && left <= 60_000);
  Process.cancelTimer(real);
});

Deno.test("Process.cancelTimer() returns the milliseconds that were left, and nothing arrives [TM-005]", async () => {
  await inFakeTime(async (time) => {
    const refs = [
      Process.sendAfter(self(), "late", 1000),
      Process.startTimer(1000, self(), "late"),
    ];
    await pass(time, 400);
    for (const ref of refs) assertEquals(Process.cancelTimer(ref), 600);
    await pass(time, 5000);
    await assertSilence();
  });
});

Deno.test("Process.readTimer() and cancelTimer() return false when the timer has fired, was cancelled or never was [TM-006]", async () => {
  await inFakeTime(async (time) => {
    const fired = Process.sendAfter(self(), "fired", 10);
    const cancelled = Process.sendAfter(self(), "cancelled", 1000);
    Process.cancelTimer(cancelled);
    await pass(time, 10);
    const monitor = Process.monitor(spawnLink(untilStopped));
    for (const ref of [fired, cancelled, makeRef(), monitor, Process.alias()]) {
      assertEquals(Process.readTimer(ref), false);
      assertEquals(Process.cancelTimer(ref), false);
    }
    assertEquals(flush(), ["fired"]);
  });
});

Deno.test("Process.cancelTimer() leaves the message of a timer that has fired [TM-007]", async () => {
  // Edge case 29.
  await inFakeTime(async (time) => {
    const ref = Process.sendAfter(self(), "x", 0);
    await pass(time, 1);
    assertEquals(Process.cancelTimer(ref), false);
    assertEquals(Process.cancelTimer(ref), false);
    assertEquals(flush(), ["x"]);
    const other = Process.sendAfter(self(), "x", 10);
    assert(Process.cancelTimer(other) !== false);
    assertEquals(Process.cancelTimer(other), false);
    await pass(time, 20);
    await assertSilence();
  });
});

Deno.test("Process.cancelTimer() with info false always returns ok [TM-008]", async () => {
  await inFakeTime(async (time) => {
    const ref = Process.sendAfter(self(), "late", 10);
    assertEquals(Process.cancelTimer(ref, { info: false }), "ok");
    assertEquals(Process.cancelTimer(ref, { info: false }), "ok");
    assertEquals(Process.cancelTimer(makeRef(), { info: false }), "ok");
    assertEquals(Process.cancelTimer(makeRef(), { info: false, async: true }), "ok");
    await pass(time, 20);
    await assertSilence();
  });
});

Deno.test("Process.cancelTimer() and readTimer() with async answer by a message [TM-011]", async () => {
  await inFakeTime(async (time) => {
    const ref = Process.sendAfter(self(), "late", 100);
    assertEquals(Process.readTimer(ref, { async: true }), "ok");
    assertEquals(await receive(), ["read_timer", ref, 100]);
    await pass(time, 30);
    assertEquals(Process.cancelTimer(ref, { async: true }), "ok");
    assertEquals(await receive(), ["cancel_timer", ref, 70]);
    Process.readTimer(ref, { async: true });
    Process.cancelTimer(ref, { async: true });
    assertEquals(flush(), [["read_timer", ref, false], ["cancel_timer", ref, false]]);
  });
});

for (const who of ["the process itself", "another process"]) {
  Deno.test(`Process.cancelTimer() by ${who} or the message: for each timer exactly one of them [TM-012, TM-024]`, async () => {
    await inProcess(async () => {
      const me = self();
      const timers = new Map<number, Ref>();
      for (let i = 0; i < 600; i++) timers.set(i, Process.sendAfter(me, i, 1 + i % 6));
      const cancelled = new Set<number>();
      const cancelSome = async () => {
        // As many as the time allows: until the last of them has fired.
        for (let round = 0, isLate = false; !isLate; round++) {
          isLate = [...timers.values()].every((ref) => Process.readTimer(ref) === false);
          for (const [i, ref] of timers) {
            if ((i * 31 + round * 17) % 50 > 0) continue;
            if (Process.cancelTimer(ref) !== false) cancelled.add(i);
          }
          await new Promise<void>((resolve) => setTimeout(resolve, 0));
        }
      };
      if (who === "another process") assertEquals(await exitOf(spawn(cancelSome)), "normal");
      else await cancelSome();
      await settled();
      const delivered = flush() as number[];
      assertEquals(new Set(delivered).size, delivered.length, "none arrives twice");
      assert(cancelled.size > 0 && delivered.length > 0);
      assertEquals(
        [...delivered, ...cancelled].toSorted((a, b) => a - b),
        [...timers.keys()],
      );
    });
  });
}

Deno.test("Process.sendAfter() has timers fire in the order of their time [TM-013]", async () => {
  await inFakeTime(async (time) => {
    const delays = [50, 10, 4000, 30, 20, 64, 63, 65, 4096, 128, 70_000, 1];
    for (const delay of delays) Process.sendAfter(self(), delay, delay);
    await pass(time, 80_000);
    assertEquals(flush(), delays.toSorted((a, b) => a - b));
  });
});

Deno.test("Process.sendAfter() promises no order of timers with the same time, but all of them [TM-014]", async () => {
  await inFakeTime(async (time) => {
    const names = ["a", "b", "c", "d"];
    for (const name of names) Process.sendAfter(self(), name, 10);
    await pass(time, 9);
    await assertSilence();
    await pass(time, 1);
    assertEquals((flush() as string[]).toSorted(), names);
  });
});

Deno.test("Process.sendAfter() with 0 ms comes after what is sent directly [TM-015]", async () => {
  // Edge case 30.
  await inProcess(async () => {
    Process.sendAfter(self(), "timer", 0);
    Process.startTimer(0, self(), "timer");
    send(self(), "direct");
    assertEquals(await receive(), "direct");
    assertEquals(await receive(), "timer");
    assertEquals((await receive() as unknown[])[0], "timeout");
  });
});

Deno.test("Process.sendAfter() and startTimer() throw a RangeError at the call when the time is not valid [TM-016]", async () => {
  await inProcess(async () => {
    const before = pendingTimers();
    const wrong = [-1, 1.5, NaN, Infinity, -Infinity, "10", 10n, null, undefined, 2 ** 53, 2 ** 64];
    for (const time of wrong) {
      for (
        const attempt of [
          () => Process.sendAfter(self(), "x", time as never),
          () => Process.startTimer(time as never, self(), "x"),
        ]
      ) {
        assertThrows(
          attempt,
          RangeError,
          "Cannot start a timer: expected whole milliseconds from 0 to ",
        );
      }
    }
    for (const time of [NaN, Infinity, "10"]) {
      assertThrows(
        () => Process.sendAfter(self(), "x", time as never, { abs: true }),
        RangeError,
      );
    }
    assertEquals(pendingTimers(), before);
    await assertSilence();
  });
});

Deno.test("Process.sendAfter() and the rest throw a TypeError when they are given no receiver or reference", () => {
  for (const wrong of [undefined, 5, ["a", "b"], makeRef(), {}]) {
    assertThrows(
      () => Process.sendAfter(wrong as never, "x", 1),
      TypeError,
      "Cannot start a timer: expected a pid of this node or a local name, found ",
    );
  }
  for (const wrong of ["ref", 5, undefined, self()]) {
    assertThrows(
      () => Process.cancelTimer(wrong as never),
      TypeError,
      "Cannot cancel a timer: expected a reference, found ",
    );
    assertThrows(
      () => Process.readTimer(wrong as never),
      TypeError,
      "Cannot read a timer: expected a reference, found ",
    );
  }
});

Deno.test("Process.sendAfter() keeps to delays beyond 2^31 ms [TM-018]", async () => {
  await inFakeTime(async (time) => {
    const delays = [2 ** 31, 2 ** 32 + 5, 2 ** 40, 2 ** 52];
    const refs = delays.map((delay) => Process.sendAfter(self(), delay, delay));
    await pass(time, 200);
    assertEquals(refs.map((ref) => Process.readTimer(ref)), delays.map((delay) => delay - 200));
    await pass(time, 2 ** 31 - 201);
    await assertSilence();
    await pass(time, 1);
    assertEquals(flush(), [2 ** 31]);
    await pass(time, 2 ** 32 + 4 - 2 ** 31);
    await assertSilence();
    await pass(time, 1);
    assertEquals(flush(), [2 ** 32 + 5]);
    for (const ref of refs.slice(2)) assert(Process.cancelTimer(ref) !== false);
  });
});

Deno.test("Process.sendAfter() to a pid is cancelled when that process exits [TM-019]", async () => {
  await inFakeTime(async (time) => {
    const pid = spawn(untilStopped);
    const before = pendingTimers();
    const refs = [Process.sendAfter(pid, "x", 100), Process.startTimer(2 ** 33, pid, "x")];
    assertEquals(pendingTimers(), before + 2);
    Process.exit(pid, "kill");
    assertEquals(pendingTimers(), before);
    for (const ref of refs) {
      assertEquals(Process.readTimer(ref), false);
      assertEquals(Process.cancelTimer(ref), false);
    }
    await pass(time, 200);
    await assertSilence();
  });
});

Deno.test("Process.sendAfter() to a process that has exited does nothing [TM-020]", async () => {
  await inFakeTime(async (time) => {
    const pid = spawn(() => {});
    await exitOf(pid);
    const before = pendingTimers();
    const ref = Process.sendAfter(pid, "x", 10);
    assertEquals(pendingTimers(), before);
    assertEquals(Process.readTimer(ref), false);
    await pass(time, 20);
    await assertSilence();
  });
});

Deno.test("Process.sendAfter() to a name that is not registered when it fires is dropped [TM-022]", async () => {
  await inFakeTime(async (time) => {
    Process.sendAfter("nobody", "x", 10);
    Process.register(self(), "moved");
    Process.sendAfter("moved", "for its holder then", 20);
    const ref = Process.sendAfter("moved", "nobody then", 30);
    await pass(time, 10);
    Process.unregister("moved");
    const next = echo("next");
    Process.register(next, "moved");
    await pass(time, 10);
    assertEquals(flush(), [["next", "for its holder then"]]);
    Process.unregister("moved");
    assertEquals(Process.readTimer(ref), 10, "no exit cancels it");
    await pass(time, 10);
    await assertSilence();
    assertEquals(Process.readTimer(ref), false);
  });
});

Deno.test("Process.sendAfter() outlives the process that made it [TM-023]", async () => {
  await inFakeTime(async (time) => {
    const me = self();
    const maker = spawn(() => {
      Process.sendAfter(me, "from the dead", 50);
      throw exit("boom");
    });
    assertEquals(await exitOf(maker), "boom");
    await pass(time, 50);
    assertEquals(flush(), ["from the dead"]);
  });
});

Deno.test("Process.cancelTimer() works for any process that has the reference [TM-024]", async () => {
  await inFakeTime(async (time) => {
    const me = self();
    const ref = Process.sendAfter(me, "x", 100);
    spawn(() => send(me, ["left", Process.readTimer(ref), Process.cancelTimer(ref)]));
    assertEquals(await receive(), ["left", 100, 100]);
    assertEquals(Process.readTimer(ref), false);
    await pass(time, 200);
    await assertSilence();
  });
});

// --- Timer.sendAfter ----------------------------------------------------------------------------

Deno.test("Timer.sendAfter() reaches oneself, a pid, a name and a name on this node [TM-025]", async () => {
  await inFakeTime(async (time) => {
    const other = echo("other");
    Process.register(other, "other");
    const tags = [
      Timer.sendAfter(50, "to me"),
      Timer.sendAfter(50, other, "to a pid"),
      Timer.sendAfter(50, "other", "to a name"),
      Timer.sendAfter(50, ["other", "nonode@nohost"], "to a name on a node"),
      Timer.sendAfter(50, ["other", "other@host"], "to another node"),
    ].map((result) => unwrap(result)[0]);
    assertEquals(tags, ["send_local", "send_local", "once", "once", "once"]);
    await pass(time, 49);
    await assertSilence();
    await pass(time, 1);
    assertEquals(
      new Set(flush()),
      new Set([
        "to me",
        ["other", "to a pid"],
        ["other", "to a name"],
        ["other", "to a name on a node"],
      ]),
    );
  });
});

Deno.test("Timer.sendAfter() reaches a name that is registered only after the call [TM-026]", async () => {
  await inFakeTime(async (time) => {
    assertEquals(Timer.sendAfter(50, "soon", "hello")[0], "ok");
    await pass(time, 25);
    Process.register(self(), "soon");
    await pass(time, 25);
    assertEquals(flush(), ["hello"]);
    Timer.sendAfter(50, "never", "hello");
    await pass(time, 50);
    await assertSilence();
  });
});

Deno.test("Timer.sendAfter() with 0 ms sends at once, and cancelling it changes nothing [TM-028]", async () => {
  await inProcess(async () => {
    Process.register(self(), "me");
    for (
      const sendNow of [
        () => Timer.sendAfter(0, "now"),
        () => Timer.sendAfter(0, self(), "now"),
        () => Timer.sendAfter(0, "me", "now"),
        () => Timer.sendAfter(0, ["me", "nonode@nohost"], "now"),
      ]
    ) {
      const tref = unwrap(sendNow());
      assertEquals(tref[0], "instant");
      assertEquals(Timer.cancel(tref), ["ok", "cancel"]);
      assertEquals(flush(), ["now"]);
    }
    // Run on OTP 25: sending to a name that is not registered raises in the caller.
    assertThrows(() => Timer.sendAfter(0, "nobody", "now"), TypeError, "no process is registered");
    await assertSilence();
  });
});

Deno.test("Timer returns badarg when a time, a target or a function is not valid", async () => {
  await inProcess(async () => {
    const before = pendingTimers();
    const badarg = ["error", "badarg"] as const;
    for (const time of [-1, 1.5, NaN, Infinity, "10", undefined, 2 ** 53] as never[]) {
      assertEquals(Timer.sendAfter(time, self(), "x"), badarg);
      assertEquals(Timer.sendAfter(time, "name", "x"), badarg);
      assertEquals(Timer.sendInterval(time, self(), "x"), badarg);
      assertEquals(Timer.exitAfter(time, self(), "x"), badarg);
      assertEquals(Timer.killAfter(time), badarg);
      assertEquals(Timer.applyAfter(time, () => {}), badarg);
      assertEquals(Timer.applyInterval(time, () => {}), badarg);
      assertEquals(Timer.applyRepeatedly(time, () => {}), badarg);
    }
    for (const target of [5, undefined, ["a"], ["global", "x"], makeRef()] as never[]) {
      for (const time of [0, 10]) {
        assertEquals(Timer.sendAfter(time, target, "x"), badarg);
        assertEquals(Timer.sendInterval(time, target, "x"), badarg);
        assertEquals(Timer.exitAfter(time, target, "x"), badarg);
      }
    }
    for (const body of ["body", undefined, ["Module", "name", []]] as never[]) {
      for (const time of [0, 10]) assertEquals(Timer.applyAfter(time, body), badarg);
      assertEquals(Timer.applyInterval(10, body), badarg);
      assertEquals(Timer.applyRepeatedly(10, body), badarg);
    }
    assertEquals(Timer.applyAfter(10, () => {}, "no array" as never), badarg);
    for (const tref of ["x", undefined, makeRef(), ["once", 1], ["other", makeRef()]] as never[]) {
      assertEquals(Timer.cancel(tref), badarg);
    }
    assertEquals(pendingTimers(), before);
    await assertSilence();
  });
});

Deno.test("Timer.cancel() keeps a timer from firing, and has no effect on one that has fired", async () => {
  await inFakeTime(async (time) => {
    Process.register(self(), "me");
    const results = [
      Timer.sendAfter(50, "x"),
      Timer.sendAfter(50, "me", "x"),
      Timer.sendInterval(50, "x"),
      Timer.exitAfter(50, "boom"),
      Timer.applyAfter(50, (pid: Pid) => send(pid, "x"), [self()]),
      Timer.applyInterval(50, (pid: Pid) => send(pid, "x"), [self()]),
      Timer.applyRepeatedly(50, (pid: Pid) => send(pid, "x"), [self()]),
    ];
    assertEquals(
      results.map((result) => unwrap(result)[0]),
      ["send_local", "once", "interval", "once", "once", "interval", "interval"],
    );
    await pass(time, 49);
    for (let again = 0; again < 2; again++) {
      for (const result of results) assertEquals(Timer.cancel(unwrap(result)), ["ok", "cancel"]);
    }
    await pass(time, 200);
    await assertSilence();
    const fired = unwrap(Timer.sendAfter(10, "me", "fired"));
    await pass(time, 10);
    assertEquals(Timer.cancel(fired), ["ok", "cancel"]);
    assertEquals(Timer.cancel(["interval", makeRef()]), ["ok", "cancel"]);
    assertEquals(flush(), ["fired"]);
  });
});

// --- Timer.sendInterval -------------------------------------------------------------------------

Deno.test("Timer.sendInterval() sends every so often, the first time after as long", async () => {
  await inFakeTime(async (time) => {
    const tref = unwrap(Timer.sendInterval(400, self(), "tick"));
    await pass(time, 399);
    await assertSilence();
    await pass(time, 1);
    assertEquals(flush(), ["tick"]);
    await pass(time, 1200);
    assertEquals(flush(), ["tick", "tick", "tick"]);
    assertEquals(Timer.cancel(tref), ["ok", "cancel"]);
    await pass(time, 1200);
    await assertSilence();
  });
});

Deno.test("Timer.sendInterval() reaches all that fake time passes over in one step", async () => {
  await inFakeTime(async (time) => {
    const start = Process.monotonicTime();
    const tref = unwrap(Timer.applyInterval(250, (pid: Pid, start: number) => {
      send(pid, Process.monotonicTime() - start);
    }, [self(), start]));
    Timer.sendInterval(1000, "tick");
    await time.tickAsync(60_000);
    await settled();
    assertEquals(flush().filter((message) => message === "tick").length, 60);
    Timer.cancel(tref);
  });
});

Deno.test("Timer.sendInterval() stops when its target exits [TM-033]", async () => {
  await inFakeTime(async (time) => {
    const before = pendingTimers();
    for (const by of ["pid", "name", "name on a node"]) {
      const pid = echo("target");
      Process.unlink(pid);
      Process.register(pid, "target");
      const target = {
        pid,
        name: "target",
        "name on a node": ["target", "nonode@nohost"] as const,
      };
      unwrap(Timer.sendInterval(10, target[by as keyof typeof target], "tick"));
      await pass(time, 25);
      assertEquals(flush(), [["target", "tick"], ["target", "tick"]]);
      assertEquals(pendingTimers(), before + 1);
      Process.exit(pid, "boom");
      assertEquals(pendingTimers(), before);
      Process.register(self(), "target");
      await pass(time, 50);
      await assertSilence();
      Process.unregister("target");
    }
  });
});

Deno.test("Timer.sendInterval() to a name sends to its current holder, while the first one lives", async () => {
  // Run on OTP 25.
  await inFakeTime(async (time) => {
    const [a, b] = [echo("a"), echo("b")];
    Process.unlink(a);
    Process.register(a, "seat");
    unwrap(Timer.sendInterval(20, "seat", "tick"));
    await pass(time, 50);
    Process.unregister("seat");
    await pass(time, 50);
    Process.register(b, "seat");
    await pass(time, 50);
    Process.exit(a, "kill");
    await pass(time, 60);
    assertEquals(flush(), [["a", "tick"], ["a", "tick"], ["b", "tick"], ["b", "tick"]]);
    assertEquals(unwrap(Timer.sendInterval(10, "nobody", "tick"))[0], "interval");
    Process.register(self(), "nobody");
    await pass(time, 50);
    await assertSilence();
  });
});

Deno.test("Timer.sendInterval() does not drift: late ticks do not shift those that follow [TM-034]", async () => {
  await inProcess(async () => {
    const period = 4;
    const start = Process.monotonicTime();
    const tref = unwrap(Timer.sendInterval(period, "tick"));
    const elapsed = () => (Process.monotonicTime() - start) / period;
    let before = 0;
    for (let round = 0; round < 4; round++) {
      // No process can be woken meanwhile.
      for (const begin = performance.now(); performance.now() - begin < 15;);
      before = elapsed();
      await Process.sleep(3);
    }
    await settled();
    const ticks = flush().length;
    Timer.cancel(tref);
    assert(ticks >= Math.floor(before), `${ticks} ticks in ${before} periods are too few`);
    assert(ticks <= elapsed(), `${ticks} ticks in ${elapsed()} periods are too many`);
  });
});

Deno.test("Timer.sendInterval() with 0 ms ticks each millisecond, and starves no process", async () => {
  await inProcess(async () => {
    const tref = unwrap(Timer.sendInterval(0, "tick"));
    for (let ticks = 0; ticks < 5; ticks++) assertEquals(await receive(), "tick");
    Timer.cancel(tref);
    flush();
    await assertSilence(3);
  });
});

Deno.test("Timer ignores a local name when the name is on another node", async () => {
  await inFakeTime(async (time) => {
    Process.register(self(), "me");
    unwrap(Timer.sendInterval(10, ["me", "other@host"], "tick"));
    unwrap(Timer.exitAfter(10, ["me", "other@host"], "boom"));
    unwrap(Timer.exitAfter(0, ["me", "other@host"], "boom"));
    await pass(time, 50);
    await assertSilence();
  });
});

// --- Timer.applyAfter, applyInterval, applyRepeatedly -------------------------------------------

Deno.test("Timer.applyAfter() runs the function in a process of its own", async () => {
  await inFakeTime(async (time) => {
    const me = self();
    const report = (to: Pid, what: string) => {
      send(to, [what, self(), Process.info(self(), "parent")![1]]);
    };
    unwrap(Timer.applyAfter(50, report, [me, "later"]));
    unwrap(Timer.applyAfter(0, report, [me, "now"]));
    await settled();
    const [now, pid, parent] = flush()[0] as [string, Pid, Pid];
    assertEquals([now, parent], ["now", me]);
    assert(pid !== me);
    await pass(time, 49);
    await assertSilence();
    await pass(time, 1);
    const [later, , server] = flush()[0] as [string, Pid, Pid];
    assertEquals([later, server], ["later", Process.whereis("timer_server")]);
  });
});

Deno.test("Timer.applyAfter() makes a failing function terminate its own process only", async () => {
  using reports = collectReports();
  await inFakeTime(async (time) => {
    unwrap(Timer.applyAfter(10, () => {
      throw new Error("oh snap");
    }));
    unwrap(Timer.applyAfter(10, () => Promise.reject(new Error("oh snap"))));
    unwrap(Timer.sendAfter(20, "goes on"));
    await pass(time, 20);
    assertEquals(flush(), ["goes on"]);
  });
  assertEquals(reports.all.map(({ kind }) => kind), ["process", "process"]);
});

Deno.test("Timer.applyInterval() goes on until it is cancelled, whatever the caller does meanwhile [TM-035]", async () => {
  await inFakeTime(async (time) => {
    const runs: Pid[] = [];
    const tref = unwrap(Timer.applyInterval(10, async () => {
      runs.push(self());
      await Process.sleep(25); // longer than the period: they overlap
    }));
    // The caller neither receives nor returns.
    await pass(time, 55);
    assertEquals(runs.length, 5);
    assertEquals(new Set(runs).size, 5, "each in a process of its own");
    assertEquals(runs.map(Process.isAlive), [false, false, false, true, true]);
    Timer.cancel(tref);
    await pass(time, 100);
    assertEquals(runs.length, 5);
    assertFalse(runs.some(Process.isAlive));
  });
});

Deno.test("Timer.applyInterval() stops when the process exits that called it", async () => {
  await inFakeTime(async (time) => {
    for (const apply of [Timer.applyInterval, Timer.applyRepeatedly]) {
      let runs = 0;
      const before = pendingTimers();
      const pid = spawn(async () => {
        unwrap(apply(10, () => void runs++));
        await untilStopped();
      });
      await pass(time, 35);
      assertEquals(runs, 3);
      send(pid, "stop");
      await pass(time, 100);
      assertEquals(runs, 3);
      assertEquals(pendingTimers(), before);
    }
  });
});

Deno.test("Timer.applyRepeatedly() stops when the process exits that called it, also while it runs", async () => {
  await inFakeTime(async (time) => {
    const before = pendingTimers();
    let runs = 0;
    const pid = spawn(async () => {
      unwrap(Timer.applyRepeatedly(10, async () => {
        runs++;
        await Process.sleep(5);
      }));
      await untilStopped();
    });
    await pass(time, 12);
    Process.exit(pid, "boom");
    await pass(time, 100);
    assertEquals([runs, pendingTimers()], [1, before]);
  });
});

Deno.test("Timer.applyRepeatedly() runs one at a time, and at once what is late", async () => {
  await inFakeTime(async (time) => {
    const start = Process.monotonicTime();
    const begun: number[] = [];
    const tref = unwrap(Timer.applyRepeatedly(10, async () => {
      begun.push(Process.monotonicTime() - start);
      await Process.sleep(begun.length === 2 ? 25 : 1);
    }));
    await pass(time, 60);
    assertEquals(begun, [10, 20, 45, 46, 50, 60], "that of 30 and 40 were late, the rest is not");
    Timer.cancel(tref);
    await pass(time, 100);
    assertEquals(begun.length, 6);
  });
});

Deno.test("Timer.applyRepeatedly() that is cancelled while it runs does not go on", async () => {
  await inFakeTime(async (time) => {
    let runs = 0;
    const tref = unwrap(Timer.applyRepeatedly(10, async () => {
      runs++;
      await Process.sleep(15);
    }));
    await pass(time, 15);
    Timer.cancel(tref);
    await pass(time, 100);
    assertEquals(runs, 1);
  });
});

// --- Timer.exitAfter, killAfter -----------------------------------------------------------------

Deno.test("Timer.exitAfter() sends an exit signal to a pid, a name, or oneself [TM-036]", async () => {
  await inFakeTime(async (time) => {
    const [byPid, byName, byNode] = [spawn(untilStopped), spawn(untilStopped), spawn(untilStopped)];
    const own = spawn(async () => {
      unwrap(Timer.exitAfter(50, "own"));
      await untilStopped();
    });
    const refs = [byPid, byName, byNode, own].map((pid) => Process.monitor(pid));
    unwrap(Timer.exitAfter(50, byPid, ["by", "pid"]));
    unwrap(Timer.exitAfter(50, "late name", "by name"));
    unwrap(Timer.exitAfter(50, ["on node", "nonode@nohost"], "by node"));
    unwrap(Timer.exitAfter(50, "nobody", "boom"));
    Process.register(byName, "late name");
    Process.register(byNode, "on node");
    await pass(time, 49);
    await assertSilence();
    await pass(time, 1);
    const reasons = [["by", "pid"], "by name", "by node", "own"];
    const downs = flush() as [string, Ref, string, Pid, unknown][];
    assertEquals(downs.length, 4);
    for (const [i, ref] of refs.entries()) {
      assertEquals(downs.find((down) => down[1] === ref)?.[4], reasons[i]);
    }
  });
});

Deno.test("Timer.exitAfter() is the message EXIT of timer_server, or of oneself when it is at once", async () => {
  // Run on OTP 25.
  await inFakeTime(async (time) => {
    Process.flag("trap_exit", true);
    unwrap(Timer.exitAfter(10, "later"));
    unwrap(Timer.exitAfter(0, "now"));
    unwrap(Timer.exitAfter(0, "nobody", "now"));
    assertEquals(flush(), [["EXIT", self(), "now"]]);
    await pass(time, 10);
    assertEquals(flush(), [["EXIT", Process.whereis("timer_server"), "later"]]);
    unwrap(Timer.exitAfter(10, "normal"));
    await pass(time, 10);
    assertEquals(flush(), [["EXIT", Process.whereis("timer_server"), "normal"]]);
  });
});

Deno.test("Timer.killAfter() kills processes that trap exits, too [TM-037]", async () => {
  await inFakeTime(async (time) => {
    const me = self();
    const stubborn = async () => {
      Process.flag("trap_exit", true);
      send(me, "ready");
      await untilStopped();
    };
    const own = spawn(async () => {
      unwrap(Timer.killAfter(50));
      await stubborn();
    });
    const [byPid, byName] = [spawn(stubborn), spawn(stubborn)];
    Process.register(byName, "stubborn");
    for (let i = 0; i < 3; i++) assertEquals(await receive(), "ready");
    unwrap(Timer.killAfter(50, byPid));
    unwrap(Timer.killAfter(50, "stubborn"));
    unwrap(Timer.killAfter(50, "nobody"));
    const refs = [own, byPid, byName].map((pid) => [Process.monitor(pid), pid]);
    await pass(time, 49);
    await assertSilence();
    await pass(time, 1);
    const downs = flush() as unknown[];
    assertEquals(downs.length, 3);
    for (const [ref, pid] of refs) {
      assert(downs.some((down) => (down as unknown[])[1] === ref), String(pid));
    }
    assert(downs.every((down) => (down as unknown[])[4] === "killed"));
    await pass(time, 50);
    await assertSilence();
  });
});

// --- The service --------------------------------------------------------------------------------

Deno.test("Timer goes on when its service gets calls, casts and messages that it does not know [TM-039]", async () => {
  await inFakeTime(async (time) => {
    unwrap(Timer.sendAfter(100, "nobody yet", "hello"));
    const server = Process.whereis("timer_server")!;
    const call = GenServer.call("timer_server", "what is this", 50).catch((error) => error.reason);
    GenServer.cast("timer_server", "what is this");
    send("timer_server", ["what", "is", "this"]);
    send("timer_server", ["timeout", makeRef(), ["apply_once", "x"]]);
    send("timer_server", ["EXIT", self(), "boom"]);
    send("timer_server", ["DOWN", makeRef(), "process", self(), "boom"]);
    Process.exit(server, "boom");
    await pass(time, 50);
    assertEquals(await call, [
      "timeout",
      ["GenServer", "call", ["timer_server", "what is this", 50]],
    ]);
    assert(Process.isAlive(server));
    assertEquals(Process.info(server, "message_queue_len"), ["message_queue_len", 0]);
    assertEquals((await Sys.getStatus(server)).status, "running");
    Process.register(self(), "nobody yet");
    await pass(time, 50);
    assertEquals(flush(), ["hello"]);
  });
});

Deno.test("Timer forgets what it was to do when its service is killed, and starts another", async () => {
  await inFakeTime(async (time) => {
    Process.register(self(), "me");
    const before = pendingTimers();
    unwrap(Timer.sendAfter(50, "me", "forgotten"));
    unwrap(Timer.sendInterval(50, "forgotten"));
    unwrap(Timer.applyInterval(50, (pid: Pid) => send(pid, "forgotten"), [self()]));
    unwrap(Timer.applyRepeatedly(50, (pid: Pid) => send(pid, "forgotten"), [self()]));
    unwrap(Timer.sendAfter(50, "its own"));
    const server = Process.whereis("timer_server")!;
    Process.exit(server, "kill");
    await pass(time, 50);
    assertEquals(flush(), ["its own"]);
    assertEquals(pendingTimers(), before);
    unwrap(Timer.sendAfter(50, "me", "hello again"));
    assert(Process.whereis("timer_server") !== server);
    await pass(time, 50);
    assertEquals(flush(), ["hello again"]);
  });
});

// --- Timer.sleep, tc, seconds, minutes, hours, hms ----------------------------------------------

Deno.test("Timer.sleep() resolves with ok after the time, never when that is Infinity [TM-038]", async () => {
  await inFakeTime(async (time) => {
    const awake: unknown[] = [];
    for (const ms of [0, 10, 2 ** 32 + 10]) Timer.sleep(ms).then((ok) => awake.push([ok, ms]));
    Timer.sleep(Infinity).then(() => awake.push("never"));
    await pass(time, 9);
    assertEquals(awake, [["ok", 0]]);
    await pass(time, 1);
    assertEquals(awake, [["ok", 0], ["ok", 10]]);
    await pass(time, 2 ** 32 - 1);
    assertEquals(awake.length, 2);
    await pass(time, 1);
    assertEquals(awake, [["ok", 0], ["ok", 10], ["ok", 2 ** 32 + 10]]);
    await pass(time, 2 ** 40);
    assertEquals(awake.length, 3);
  });
  const begin = performance.now();
  await Timer.sleep(5);
  assert(performance.now() - begin >= 5);
});

Deno.test("Timer.tc() returns microseconds and the value, and lets exceptions pass [TM-040]", async () => {
  await inFakeTime(async (time) => {
    const value = { some: "value" };
    assertEquals(Timer.tc(() => value), [0, value]);
    assertStrictEquals(Timer.tc((a: number, b: number) => a + b, [1, 2])[1], 3);
    const slow = Timer.tc(async (ms: number) => {
      await Process.sleep(ms);
      return "slow";
    }, [20]);
    await pass(time, 20);
    assertEquals(await slow, [20_000, "slow"]);
    const error = new Error("oh snap");
    const failing = () => {
      throw error;
    };
    assertStrictEquals(assertThrows(() => Timer.tc(failing)), error);
    const rejecting = Timer.tc(() => Promise.reject(error));
    assertStrictEquals(await rejecting.catch((caught: unknown) => caught), error);
  });
  const [microseconds] = Timer.tc(() => {
    for (const begin = performance.now(); performance.now() - begin < 2;);
  });
  assert(Number.isInteger(microseconds) && microseconds >= 2000);
  assertThrows(
    () => Timer.tc("body" as never),
    TypeError,
    'Cannot measure this: expected a function, found "body"',
  );
});

Deno.test("Timer.seconds(), minutes(), hours() and hms() convert to milliseconds [TM-040]", () => {
  assertEquals(Timer.seconds(5), 5000);
  assertEquals(Timer.minutes(5), 300_000);
  assertEquals(Timer.hours(5), 18_000_000);
  assertEquals(Timer.hms(1, 2, 3), 3_723_000);
  assertEquals(Timer.hms(0, 0, 0), 0);
});

Deno.test("Timer in a process that has exited fails with an Exit, and does nothing", async () => {
  await inFakeTime(async (time) => {
    const me = self();
    const reasons: unknown[] = [];
    const before = pendingTimers();
    const pid = spawn(async () => {
      await new Promise<void>((resolve) => setTimeout(resolve, 10));
      for (
        const attempt of [
          () => Timer.sendAfter(0, me, "x"),
          () => Timer.sendAfter(5, me, "x"),
          () => Timer.sendInterval(5, me, "x"),
          () => Timer.applyAfter(5, () => send(me, "x")),
          () => Timer.applyInterval(5, () => send(me, "x")),
          () => Timer.applyRepeatedly(5, () => send(me, "x")),
          () => Timer.exitAfter(0, me, "boom"),
          () => Timer.killAfter(5, me),
          () => Timer.cancel(["once", makeRef()]),
          () => Process.sendAfter(me, "x", 5),
          () => Process.startTimer(5, me, "x"),
        ]
      ) {
        reasons.push(assertThrows(attempt));
      }
    });
    await settled();
    Process.exit(pid, "boom");
    await pass(time, 100);
    assertEquals(reasons.length, 11);
    assertEquals(pendingTimers(), before);
    await assertSilence();
  });
});
