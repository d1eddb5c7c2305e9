/**
 * The end of a process: in which order what is told, and that there is nothing after it.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  Exit,
  exit,
  flush,
  GenServer,
  makeRef,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  spawnLink,
  spawnMonitor,
  Sys,
  Timer,
  unwrap,
} from "../../mod.ts";
import { onExit } from "../../lib/kernel/signals.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "../helpers.ts";

const untilStopped = () => receive(on("stop", () => {}));

const Echo = {
  init: () => ok(0),
  handleCall: (request: unknown, _from: GenServer.From, state: number) => reply(request, state),
  handleCast: (_request: unknown, state: number) => noreply(state),
};

/** A door that is closed at first. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

// --- The order of an end ------------------------------------------------------------------------

Deno.test("terminate() frees names first, then ends timers and calls, then tells links and monitors", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const me = self();
    const silent = unwrap(
      await GenServer.startLink({
        init: () => ok(0),
        handleCall: (_request: unknown) => ["noreply", 0],
      }, undefined),
    );
    Process.register(silent, "silent");
    const ref = Process.monitor(silent);
    const timer = Process.sendAfter(silent, "x", 10_000);
    const call = GenServer.call(silent, "anything").catch((error: Exit) => error.reason);
    await settled();
    const timers = pendingTimers();
    const atFirst: unknown[] = [];
    onExit(silent, (reason) => {
      atFirst.push(reason, Process.whereis("silent"), Process.readTimer(timer) !== false);
      atFirst.push(Process.info(me, "messages")![1]);
    });
    Process.exit(silent, "boom");
    assertEquals(atFirst, ["boom", undefined, true, []]);
    assertEquals(Process.readTimer(timer), false);
    assertEquals(pendingTimers(), timers - 2, "the timer, and the limit of the call");
    assertEquals(flush(), [["EXIT", silent, "boom"], ["DOWN", ref, "process", silent, "boom"]]);
    assertEquals(await call, ["boom", ["GenServer", "call", [silent, "anything", 5000]]]);
  });
});

Deno.test("terminate() has ended a process for everybody when it returns", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    Process.register(pid, "mortal");
    await settled();
    Process.exit(pid, "boom");
    assertFalse(Process.isAlive(pid));
    assertEquals(Process.whereis("mortal"), undefined);
    assertEquals(Process.info(pid), undefined);
    assertFalse(Process.list().includes(pid));
  });
});

Deno.test("onExit() hooks are called once with the reason, unless they were taken away", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const pid = spawn(untilStopped);
    const error = new Error("broken hook");
    onExit(pid, (reason) => log.push(["first", reason]));
    onExit(pid, () => {
      throw error;
    });
    const takeAway = onExit(pid, () => log.push("taken away"))!;
    onExit(pid, (reason) => log.push(["last", reason]));
    takeAway();
    takeAway();
    Process.exit(pid, ["some", "reason"]);
    assertEquals(log, [["first", ["some", "reason"]], ["last", ["some", "reason"]]]);
    assertEquals(onExit(pid, () => log.push("too late")), undefined);
    await settled();
    assertEquals(log.length, 2);
    assertEquals(reports.all.map(({ kind, pid, reason }) => [kind, pid, reason]), [
      ["exit_hook", pid, [error, error.stack]],
    ]);
  });
});

// --- Many at once -------------------------------------------------------------------------------

Deno.test("terminate() ends a chain of links of any length", async () => {
  await inProcess(async () => {
    const count = 50_000;
    const me = self();
    let last: Pid = spawn(untilStopped);
    const first = last;
    for (let i = 1; i < count; i++) {
      const before: Pid = last;
      last = spawn(() => {
        Process.link(before);
        return untilStopped();
      });
    }
    await settled();
    const alive = Process.list().length;
    const ref = Process.monitor(last);
    Process.exit(first, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", last, "boom"]);
    assertEquals(Process.list().length, alive - count);
    assert(Process.isAlive(me));
  });
});

Deno.test("terminate() ends a ring of links, each process once", async () => {
  await inProcess(async () => {
    const ring: Pid[] = [];
    for (let i = 0; i < 100; i++) {
      ring.push(spawn(async () => {
        Process.link(await receive({ link: (pid: Pid) => pid }));
        await untilStopped();
      }));
    }
    for (const [i, pid] of ring.entries()) send(pid, ["link", ring[(i + 1) % ring.length]]);
    await settled();
    for (const pid of ring) assertEquals(Process.info(pid, "links")![1].length, 2);
    const refs = ring.map((pid) => Process.monitor(pid));
    Process.exit(ring[50]!, "boom");
    assertEquals(
      new Set(flush()),
      new Set(ring.map((pid, i) => ["DOWN", refs[i], "process", pid, "boom"])),
    );
    await assertSilence();
  });
});

Deno.test("terminate() tells each of many links and monitors once", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const hub = spawnLink(untilStopped);
    const spokes = Array.from({ length: 2000 }, () =>
      spawn(() => {
        Process.link(hub);
        return untilStopped();
      }));
    const refs = Array.from({ length: 2000 }, () => Process.monitor(hub));
    await settled();
    assertEquals(Process.info(hub, "links")![1].length, 2001);
    Process.exit(hub, "boom");
    assert(spokes.every((pid) => !Process.isAlive(pid)));
    const mail = flush();
    assertEquals(mail[0], ["EXIT", hub, "boom"]);
    assertEquals(mail.slice(1), refs.map((ref) => ["DOWN", ref, "process", hub, "boom"]));
  });
});

// --- The fence ----------------------------------------------------------------------------------

Deno.test("a process that has ended can do nothing more: each call of the runtime fails with an Exit", async () => {
  await inProcess(async () => {
    const me = self();
    const alias = Process.alias();
    const other = spawn(untilStopped);
    Process.register(other, "other");
    const server = unwrap(await GenServer.startLink(Echo, undefined));
    const before = { count: Process.list().length, timers: pendingTimers() };
    const attempts: Record<string, () => unknown> = {
      self: () => self(),
      "send to a pid": () => send(me, "from the dead"),
      "send to a name": () => send("other", "from the dead"),
      "send to an alias": () => send(alias, "from the dead"),
      spawn: () => spawn(() => send(me, "child of the dead")),
      spawnLink: () => spawnLink(() => send(me, "child of the dead")),
      spawnMonitor: () => spawnMonitor(() => send(me, "child of the dead")),
      receive: () => receive(),
      flush: () => flush(),
      "Process.exit": () => Process.exit(me, "kill"),
      "Process.link": () => Process.link(me),
      "Process.unlink": () => Process.unlink(me),
      "Process.monitor": () => Process.monitor(me),
      "Process.monitor by name": () => Process.monitor("other"),
      "Process.demonitor": () => Process.demonitor(makeRef()),
      "Process.alias": () => Process.alias(),
      "Process.unalias": () => Process.unalias(alias),
      "Process.flag": () => Process.flag("trap_exit", true),
      "Process.register": () => Process.register(me, "by the dead"),
      "Process.unregister": () => Process.unregister("other"),
      "Process.whereis": () => Process.whereis("other"),
      "Process.registered": () => Process.registered(),
      "Process.sendAfter": () => Process.sendAfter(me, "from the dead", 0),
      "Process.startTimer": () => Process.startTimer(0, me, "from the dead"),
      "Process.cancelTimer": () => Process.cancelTimer(makeRef()),
      "Process.readTimer": () => Process.readTimer(makeRef()),
      "Process.sleep": () => Process.sleep(0),
      "Process.hibernate": () => Process.hibernate(),
      "Process.signal": () => Process.signal(),
      "Process.get": () => Process.get("key"),
      "Process.put": () => Process.put("key", 1),
      "Process.delete": () => Process.delete("key"),
      "Process.getAll": () => Process.getAll(),
      "Process.getKeys": () => Process.getKeys(),
      "Process.isAlive": () => Process.isAlive(me),
      "Process.list": () => Process.list(),
      "Process.info": () => Process.info(me),
      "Process.setLabel": () => Process.setLabel("label"),
      "Process.getLabel": () => Process.getLabel(me),
      "GenServer.call": () => GenServer.call(server, "from the dead"),
      "GenServer.cast": () => GenServer.cast(server, "from the dead"),
      "GenServer.cast by name": () => GenServer.cast("other", "from the dead"),
      "GenServer.start": () => GenServer.start(Echo, undefined),
      "GenServer.startLink": () => GenServer.startLink(Echo, undefined),
      "GenServer.stop": () => GenServer.stop(server),
      "GenServer.reply": () => GenServer.reply([me, makeRef()], "from the dead"),
      "GenServer.whereis": () => GenServer.whereis("other"),
      "Sys.getState": () => Sys.getState(server),
      "Sys.suspend": () => Sys.suspend(server),
      "Timer.sendAfter": () => Timer.sendAfter(0, me, "from the dead"),
      "Timer.applyAfter": () => Timer.applyAfter(0, () => send(me, "child of the dead")),
      "Timer.exitAfter": () => Timer.exitAfter(0, me, "kill"),
    };
    const outcomes = new Map<string, unknown>();
    const { opened, open } = gate();
    const zombie = async () => {
      await opened;
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          outcomes.set(name, [await attempt()]);
        } catch (error) {
          outcomes.set(name, error);
        }
      }
    };
    const Zombie = {
      init: () => ok(0),
      handleCast: async (_request: unknown, state: number) => {
        await zombie();
        return noreply(state);
      },
    };
    const inCallback = unwrap(await GenServer.start(Zombie, undefined));
    GenServer.cast(inCallback, "begin");
    for (const pid of [spawn(zombie), inCallback]) {
      await settled();
      Process.exit(pid, "boom");
    }
    open();
    await settled();
    await settled();
    for (const name of Object.keys(attempts)) {
      const outcome = outcomes.get(name);
      assert(outcome instanceof Exit, `${name}: ${Deno.inspect(outcome)}`);
      assertEquals(outcome.reason, "noproc", name);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
    await assertSilence();
    assertEquals(Process.info(other, "messages"), ["messages", []]);
    assertEquals(await Sys.getState(server), 0);
    assertEquals(Process.whereis("by the dead"), undefined);
    assertStrictEquals(Process.whereis("other"), other);
    assertEquals(Process.list().length, before.count);
    assertEquals(pendingTimers(), before.timers);
    assertEquals(Process.info(me, ["links", "monitored_by"])!.map(([, list]) => list), [
      [server],
      Process.info(me, "monitored_by")![1],
    ]);
    Process.exit(other, "kill");
  });
});

Deno.test("a process that has ended has no effect by finally blocks, nor by what it awaited", async () => {
  await inProcess(async () => {
    const me = self();
    const trail: string[] = [];
    const { opened, open } = gate();
    const pid = spawn(async () => {
      try {
        try {
          await opened;
          trail.push("went on");
          send(me, "went on");
        } finally {
          trail.push("inner finally");
          await Process.sleep(0);
          trail.push("after a sleep");
        }
      } catch (error) {
        trail.push(`caught ${(error as Exit).name}`);
      } finally {
        trail.push("outer finally");
        send(me, "from finally");
      }
    });
    await settled();
    Process.exit(pid, "boom");
    open();
    await settled();
    // JavaScript goes on; what it reaches is itself.
    assertEquals(trail, ["went on", "inner finally", "caught Exit", "outer finally"]);
    await assertSilence();
  });
});

Deno.test("a process that has ended does not come back from what it awaited of the runtime", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const trail: string[] = [];
    const never = unwrap(
      await GenServer.startLink({
        init: () => ok(0),
        handleCall: (_request: unknown) => ["noreply", 0],
      }, undefined),
    );
    const waits: Record<string, () => Promise<unknown>> = {
      receive: () => receive(),
      sleep: () => Process.sleep(1),
      call: () => GenServer.call(never, "hello", 1),
      start: () => GenServer.start({ init: () => Process.sleep(1).then(() => ok(0)) }, undefined),
    };
    const pids = Object.entries(waits).map(([name, wait]) =>
      spawn(async () => {
        await wait().catch(() => {});
        trail.push(name);
      })
    );
    await settled();
    assertEquals(trail, []);
    for (const pid of pids) Process.exit(pid, "boom");
    for (const pid of pids) send(pid, "hello");
    await pass(time, 5);
    assertEquals(trail, []);
  });
});

Deno.test("a process that has ended in an asynchronous lookup of a name leaves no monitor", async () => {
  await inProcess(async () => {
    const target = spawnLink(untilStopped);
    const { opened, open } = gate();
    const slow = {
      registerName: () => "yes" as const,
      unregisterName: () => {},
      whereisName: () => opened.then(() => target),
      send: () => opened.then(() => target),
    };
    const pid = spawn(async () => {
      await Process.monitor(["via", slow, "name"]);
    });
    await settled();
    Process.exit(pid, "boom");
    open();
    await settled();
    assertEquals(Process.info(target, "monitored_by"), ["monitored_by", []]);
  });
});

// --- Process.signal -----------------------------------------------------------------------------

Deno.test("Process.signal() aborts with the reason when the process ends", async () => {
  await inProcess(async () => {
    const me = self();
    const reasons = ["boom", ["shutdown", 1], "kill"];
    for (const reason of reasons) {
      const pid = spawn(async () => {
        const signal = Process.signal();
        assertStrictEquals(Process.signal(), signal, "there is one");
        send(me, signal);
        await untilStopped();
      });
      const signal = await receive() as AbortSignal;
      assertFalse(signal.aborted);
      Process.exit(pid, reason);
      assert(signal.aborted);
      assertEquals(signal.reason, reason === "kill" ? "killed" : reason);
    }
    spawn(() => send(me, Process.signal()));
    const signal = await receive() as AbortSignal;
    await settled();
    assertEquals([signal.aborted, signal.reason], [true, "normal"]);
  });
});

Deno.test("Process.signal() of a server aborts when that stops, after its terminate", async () => {
  await inProcess(async () => {
    const log: string[] = [];
    const Server = {
      init: () => {
        Process.signal().addEventListener("abort", () => log.push("aborted"));
        return ok(0);
      },
      terminate: () => {
        log.push(`terminate, aborted: ${Process.signal().aborted}`);
      },
    };
    const server = unwrap(await GenServer.start(Server, undefined));
    await GenServer.stop(server);
    assertEquals(log, ["terminate, aborted: false", "aborted"]);
  });
});

Deno.test("Process.signal() ends what a killed process awaits of others", async () => {
  await inProcess(async () => {
    let outcome: unknown;
    const pid = spawn(() =>
      new Promise((_resolve, reject) => {
        const signal = Process.signal();
        signal.addEventListener("abort", () => reject(signal.reason));
      }).catch((reason) => {
        outcome = reason;
      })
    );
    await settled();
    Process.exit(pid, "boom");
    await settled();
    assertEquals(outcome, "boom");
  });
});

Deno.test("Process.signal() listeners are fenced, and what they throw harms no process", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const me = self();
    const error = new Error("from a listener");
    const log: string[] = [];
    const [pid, ref] = spawnMonitor(async () => {
      const signal = Process.signal();
      signal.addEventListener("abort", () => send(me, "from the dead"));
      signal.addEventListener("abort", () => {
        throw error;
      });
      signal.addEventListener("abort", async () => {
        await null;
        log.push("went on");
        send(me, "from the dead");
      });
      signal.addEventListener("abort", () => log.push("the last one"));
      await untilStopped();
    });
    await settled();
    Process.exit(pid, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
    await assertSilence();
    assertEquals(log, ["the last one", "went on"]);
    assertEquals(reports.all.map(({ kind, pid, reason }) => [kind, pid, reason]), [
      ["uncaught", pid, [error, error.stack]],
    ]);
  });
});

// --- In the midst of a callback -----------------------------------------------------------------

Deno.test("a server that is ended in its own callback goes no further", async () => {
  await inProcess(async () => {
    const me = self();
    const log: string[] = [];
    const Server = {
      init: () => ok(0),
      handleCast(request: string, state: number) {
        log.push(request);
        try {
          if (request === "itself") Process.exit(self(), "boom");
          if (request === "by a link") Process.exit(other, "boom");
          send(me, "went on");
        } catch {
          log.push("caught");
        }
        return noreply(state);
      },
      terminate: () => void log.push("terminate"),
    };
    let other: Pid = me;
    for (const request of ["itself", "by a link"]) {
      log.length = 0;
      const server = unwrap(await GenServer.start(Server, undefined));
      const ref = Process.monitor(server);
      other = spawn(() => {
        if (request === "by a link") Process.link(server);
        return untilStopped();
      });
      await settled();
      GenServer.cast(server, request);
      GenServer.cast(server, "never");
      assertEquals(await receive(), ["DOWN", ref, "process", server, "boom"]);
      await assertSilence();
      assertEquals(log, [request, "caught"]);
      Process.exit(other, "kill");
    }
  });
});

Deno.test("exit signals from many at once: the first decides, and each is told once", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const target = spawnLink(untilStopped);
    const ref = Process.monitor(target);
    for (let i = 0; i < 20; i++) spawn(() => Process.exit(target, ["number", i]));
    assertEquals(await receive(on(["EXIT", _, _], (exit) => exit)), ["EXIT", target, [
      "number",
      0,
    ]]);
    assertEquals(await receive(), ["DOWN", ref, "process", target, ["number", 0]]);
    await assertSilence();
    assertEquals(await exitOf(target), "noproc");
    assertEquals(exit("x").reason, "x");
  });
});
