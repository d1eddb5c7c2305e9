/**
 * `Process.use`, `Process.defer`, `Process.disown`: what a process holds of the host goes with it, before its exit
 * is completed.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { setImmediate } from "node:timers";
import { FakeTime } from "@std/testing/time";
import {
  _,
  after,
  Application,
  DynamicSupervisor,
  Ets,
  Exit,
  exit,
  flush,
  GenServer,
  inspect,
  Logger,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  ProcLib,
  receive,
  self,
  send,
  type Shutdown,
  spawn,
  spawnMonitor,
  stop,
  Supervisor,
  Task,
  unwrap,
} from "../mod.ts";
import { distribute, type Distribution, RemotePid } from "../lib/kernel/distribution.ts";
import { addLink } from "../lib/kernel/signals.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

/** A promise, and the function that resolves it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** A process that holds a resource that is disposed of when the gate opens. */
async function holder(opened: Promise<void>, name?: string): Promise<Pid> {
  const pid = spawn(async () => {
    if (name !== undefined) Process.register(self(), name);
    Process.defer(() => opened);
    await receive(on("stop", () => {}));
  });
  await settled();
  return pid;
}

/** What was reported of resources: which, and why. */
function failures(reports: readonly Logger.Report[]): unknown[] {
  return reports.filter(({ kind }) => kind === "resource")
    .map(({ pid, reason, details }) => [pid, details!["resource"], reason]);
}

// --- Holding ------------------------------------------------------------------------------------

Deno.test("Process.use() returns the resource, and prefers Symbol.asyncDispose", async () => {
  await inProcess(async () => {
    const log: string[] = [];
    const both = {
      [Symbol.dispose]: () => void log.push("sync"),
      [Symbol.asyncDispose]: () => Promise.resolve(log.push("async")),
    };
    const sync = {
      name: "sync",
      [Symbol.dispose]() {
        log.push(this.name);
      },
    };
    const [pid] = spawnMonitor(() => {
      assertEquals([Process.use(both), Process.use(sync), Process.use(sync)], [both, sync, sync]);
      assertEquals([Process.use(null), Process.use(undefined)], [null, undefined]);
    });
    assertEquals((await receive() as unknown[])[3], pid);
    assertEquals(log, ["sync", "async"]);
  });
});

Deno.test("Process.use() and Process.defer() refuse what cannot be disposed of", async () => {
  await inProcess(() => {
    for (const wrong of [{}, 5, "file", { [Symbol.dispose]: 1 }, () => {}]) {
      assertThrows(() => Process.use(wrong as never), TypeError, "Symbol.asyncDispose or Symbol");
    }
    assertThrows(() => Process.defer({} as never), TypeError, "expected a function, found {}");
    assertThrows(() => Process.flag("dispose_timeout", -1), RangeError, "dispose of resources");
  });
});

Deno.test("Process.disown() makes the process no longer hold a resource", async () => {
  await inProcess(async () => {
    const log: string[] = [];
    const file = { [Symbol.dispose]: () => void log.push("file") };
    const deferred = () => void log.push("deferred");
    const [pid, ref] = spawnMonitor(() => {
      assertFalse(Process.disown(file));
      Process.use(file);
      Process.defer(deferred);
      assertEquals([Process.disown(file), Process.disown(file)], [true, false]);
      assertEquals(Process.disown(deferred), true);
    });
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    assertEquals(log, []);
  });
});

// --- Exiting ------------------------------------------------------------------------------------

Deno.test("a process disposes of its resources at once, and its exit is completed after a turn of the host", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const pid = spawn(async () => {
      Process.signal().addEventListener("abort", () => log.push("aborted"));
      for (const each of [1, 2, 3]) Process.defer(() => void log.push(each));
      await receive();
    });
    await settled();
    const ref = Process.monitor(pid);
    Process.exit(pid, "boom");
    assertEquals(log, ["aborted", 3, 2, 1]);
    await Promise.resolve();
    assertEquals([flush(), Process.list().includes(pid)], [[], true]);
    for (let turns = 0; turns < 2; turns++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assertEquals(flush(), [["DOWN", ref, "process", pid, "boom"]]);
    assertEquals(Process.list().includes(pid), false);
  });
});

Deno.test("a process that disposes of its resources is exiting: fenced, not alive, and still there", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const { opened, open } = gate();
    const me = self();
    const [log, wake]: [unknown[], PromiseWithResolvers<void>] = [[], Promise.withResolvers()];
    const pid = spawn(async () => {
      Process.setLabel("holder");
      Process.defer(() => opened);
      Process.defer(() => void log.push(["aborted", signal.aborted]));
      const signal = Process.signal();
      await wake.promise;
      try {
        send(me, "too late");
      } catch (error) {
        log.push((error as Exit).reason);
      }
    });
    await settled();
    Process.register(pid, "exiting");
    const before = Process.monitor(pid);
    Process.exit(pid, "boom");
    assertEquals(log, [["aborted", true]]);
    assertFalse(Process.isAlive(pid));
    assertEquals(Process.info(pid), undefined);
    assertEquals(Process.getLabel(pid), undefined);
    assert(Process.list().includes(pid));
    assertEquals(Process.whereis("exiting"), pid);
    Process.unregister("exiting");
    assertThrows(() => Process.register(pid, "exiting"), TypeError, "not alive");
    assertThrows(() => Ets.giveAway(Ets.new("exiting"), pid, null), TypeError, "is alive");
    for (let i = 0; i < 100; i++) send(pid, i);
    GenServer.cast(pid, "dropped");
    assertEquals(pid.process!.messageCount, 0);
    wake.resolve();
    // All of these wait.
    Process.link(pid);
    const late = Process.monitor(pid);
    const calls = [
      GenServer.call(pid, "anything"),
      GenServer.stop(pid, "normal"),
      GenServer.stop(pid, "boom"),
    ].map((call) => call.catch(({ reason }) => reason[0]));
    Process.exit(pid, "kill");
    await assertSilence();
    assertEquals(log.slice(1), ["noproc"]);
    open();
    assertEquals(await Promise.all(calls), ["boom", "boom", "ok"]);
    assertEquals(flush(), [
      ["EXIT", pid, "boom"],
      ["DOWN", before, "process", pid, "boom"],
      ["DOWN", late, "process", pid, "boom"],
    ]);
    assertFalse(Process.list().includes(pid));
    await assertSilence();
  });
});

Deno.test("names, tables, links and monitors of an exiting process go in one step", async () => {
  await inProcess(async () => {
    const { opened, open } = gate();
    const ended = gate();
    const me = self();
    const heir = await holder(ended.opened);
    const pid = spawn(async () => {
      Process.register(self(), "several");
      Ets.new("of_several", { namedTable: true });
      Ets.new("inherited", { namedTable: true, heir: [heir, null] });
      Process.defer(() => opened);
      await receive();
    });
    await settled();
    Process.exit(heir, "kill");
    spawn(async () => {
      const ref = Process.monitor(pid);
      await receive(on(["DOWN", ref, _, _, _], () => {}));
      send(me, [Process.whereis("several"), Ets.whereis("of_several"), Ets.whereis("inherited")]);
    });
    await settled();
    Process.exit(pid, "kill");
    await settled();
    assertEquals(Process.whereis("several"), pid);
    assert(Ets.whereis("of_several") !== undefined);
    open();
    // An heir that is exiting inherits nothing.
    assertEquals(await receive(), [undefined, undefined, undefined]);
    ended.open();
    await settled();
  });
});

Deno.test("processes that are linked dispose of their resources one after the other", async () => {
  await inProcess(async () => {
    const [first, second] = [gate(), gate()];
    const a = await holder(first.opened);
    const b = spawn(async () => {
      Process.link(a);
      Process.defer(() => second.opened);
      await receive();
    });
    await settled();
    const ref = Process.monitor(b);
    Process.exit(a, "boom");
    assertEquals([Process.isAlive(a), Process.isAlive(b)], [false, true]);
    first.open();
    await settled();
    assertEquals([Process.isAlive(b), flush()], [false, []]);
    second.open();
    assertEquals(await receive(), ["DOWN", ref, "process", b, "boom"]);
  });
});

Deno.test("links of other nodes are notified when resources have been disposed of", async () => {
  await inProcess(async () => {
    const { opened, open } = gate();
    const told: unknown[] = [];
    const node: Partial<Distribution> = {
      linkBroke: (from, to, reason) => void told.push([from, to, reason]),
    };
    class Remote extends RemotePid {}
    const remote = new Remote("far@host", 1, 1, 1);
    const pid = await holder(opened);
    addLink(pid.process!, remote);
    distribute(node as Distribution);
    try {
      Process.exit(pid, "boom");
      await settled();
      assertEquals(told, []);
      open();
      await settled();
      assertEquals(told, [[pid, remote, "boom"]]);
    } finally {
      distribute(null);
    }
  });
});

// --- Disposing ----------------------------------------------------------------------------------

Deno.test("resources are disposed of by code of no process, which may send, cast and log", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const me = self();
    const errors: unknown[] = [];
    const attempt = async (what: () => unknown) => {
      try {
        await what();
      } catch (error) {
        errors.push(error);
      }
    };
    const [pid, ref] = spawnMonitor(() => {
      Process.defer(async () => {
        await null;
        await attempt(() => self());
        await attempt(() => GenServer.call(me, "question"));
        await attempt(() => receive());
        send(me, "sent");
        GenServer.cast(me, "cast");
        Logger.log("info", "logged");
      });
      Process.defer(() => attempt(() => spawn(() => {})));
    });
    assertEquals(await receive(), "sent");
    assertEquals(await receive(), ["$gen_cast", "cast"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    assertEquals(errors.length, 4);
    for (const error of errors) {
      assert(error instanceof TypeError);
      assert(error.message.includes("outside of all processes"), error.message);
    }
    assertEquals(reports.all.map(({ kind, reason }) => [kind, reason]), [["message", "logged"]]);
  });
});

Deno.test("a resource that fails is reported, and the others are disposed of", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const [error, hidden] = [new Error("sync"), new Error("async")];
    const log: unknown[] = [];
    const broken = {
      [Symbol.dispose](): never {
        throw error;
      },
    };
    const rejecting = () => Promise.reject(hidden);
    // What is no promise, as far as can be seen, is done.
    const hostile = () => ({
      get then(): never {
        throw "no then";
      },
    });
    const [pid, ref] = spawnMonitor(() => {
      Process.defer(() => void log.push("oldest"));
      Process.use(broken);
      Process.defer(() => void log.push("middle"));
      Process.defer(rejecting);
      Process.defer(hostile);
    });
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    assertEquals(log, ["middle", "oldest"]);
    assertEquals(failures(reports.all), [
      [pid, rejecting, [hidden, hidden.stack]],
      [pid, broken, [error, error.stack]],
    ]);
    const [first] = Logger.format(reports.all[1]!).split("\n    at ", 1);
    assertEquals(
      first,
      `Process ${pid} has exited, and its resource ${inspect(broken)} ` +
        "could not be disposed of\n** (Error) sync",
    );
  });
});

Deno.test("all resources together have 500 ms, which a second kill does not extend", async () => {
  using time = new FakeTime(0);
  using reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const never = () => new Promise(() => {});
    const late = gate();
    const pid = spawn(async () => {
      Process.defer(() => void log.push("oldest"));
      Process.defer(() => (log.push("late"), late.opened));
      Process.defer(never);
      Process.defer(() => new Promise((resolve) => setTimeout(resolve, 200)));
      await receive();
    });
    await settled();
    const ref = Process.monitor(pid);
    Process.exit(pid, "boom");
    await pass(time, 300);
    Process.exit(pid, "kill");
    await pass(time, 199);
    assertEquals([log, flush()], [[], []]);
    await pass(time, 1);
    assertEquals(log, ["late", "oldest"]);
    assertEquals(flush(), [["DOWN", ref, "process", pid, "boom"]]);
    assertEquals(failures(reports.all), [[pid, never, "timeout"]]);
    assertEquals(
      Logger.format(reports.all[0]!),
      `Process ${pid} has exited, and its resource [function never] was not disposed of within 500 milliseconds`,
    );
    late.open();
    await assertSilence();
  });
});

Deno.test("Process.flag() sets the time that the resources of a process may take", async () => {
  using time = new FakeTime(0);
  using reports = collectReports();
  await inProcess(async () => {
    for (const [timeout, lasts] of [[0, 0], [30, 30], [10_000, 7000], [Infinity, 7000]] as const) {
      const pid = spawn(async () => {
        assertEquals(Process.flag("dispose_timeout", timeout), 500);
        assertEquals(Process.flag("dispose_timeout", timeout), timeout);
        Process.defer(() => new Promise((resolve) => setTimeout(resolve, 7000)));
        await receive();
      });
      await settled();
      const ref = Process.monitor(pid);
      Process.exit(pid, "kill");
      const before = time.now;
      let after: number | undefined;
      receive(on(["DOWN", ref, _, _, _], () => after = time.now));
      await pass(time, 20_000);
      assertEquals(after! - before, lasts);
    }
    assertEquals(failures(reports.all).length, 2);
    const [pid, ref] = spawnMonitor(() => void Process.flag("dispose_timeout", 0));
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
  });
});

Deno.test("a resource that is acquired after the exit is disposed of at once, and refused", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const opening = gate();
    const { opened, open } = gate();
    const slow = async (isHolding: boolean) => {
      if (isHolding) Process.defer(() => opened);
      await opening.opened;
      try {
        Process.use({ [Symbol.dispose]: () => void log.push(["disposed of", isHolding]) });
      } catch (error) {
        log.push((error as Exit).reason);
        Process.defer(() => Promise.reject("failed"));
      }
    };
    const pids = [spawn(() => slow(true)), spawn(() => slow(false))];
    await settled();
    const refs = pids.map((pid) => Process.monitor(pid));
    for (const pid of pids) Process.exit(pid, "kill");
    assertEquals(flush(), [["DOWN", refs[1], "process", pids[1], "killed"]]);
    opening.open();
    await settled();
    // The exit of the first one waits for it, in its turn.
    assertEquals(log, ["noproc", ["disposed of", false], "noproc"]);
    open();
    assertEquals(await receive(), ["DOWN", refs[0], "process", pids[0], "killed"]);
    assertEquals(log.at(-1), ["disposed of", true]);
    assertEquals(failures(reports.all).map((each) => (each as unknown[])[0]), pids.reverse());
  });
});

// --- Starts -------------------------------------------------------------------------------------

const Idle = {
  init: (opened: Promise<void> | undefined) => {
    if (opened !== undefined) Process.defer(() => opened);
    return ok(null);
  },
  handleCast: (_request: unknown, state: null) => noreply(state),
};

Deno.test("GenServer.start() under the name of an exiting process waits, and then gets the name", async () => {
  await inProcess(async () => {
    for (const name of ["taken", ["global", "taken"]] as const) {
      const { opened, open } = gate();
      const first = unwrap(await GenServer.start(Idle, opened, { name }));
      Process.exit(first, "kill");
      let result: GenServer.StartResult | undefined;
      GenServer.start(Idle, undefined, { name }).then((later) => result = later);
      assertEquals(await GenServer.start(Idle, undefined, { name, timeout: 5 }), [
        "error",
        "timeout",
      ]);
      await settled();
      assertEquals([result, GenServer.whereis(name)], [undefined, first]);
      open();
      await settled();
      const second = unwrap(result!);
      assertEquals(GenServer.whereis(name), second);
      await GenServer.stop(second);
    }
  });
});

Deno.test("a start whose init fails is answered when the resources of the process are disposed of", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const inits: [unknown, () => unknown][] = [
      [["error", "sick"], () => stop("sick")],
      ["ignore", () => "ignore"],
      [["error", "bye"], () => {
        throw exit("bye");
      }],
      [["error", "timeout"], () => new Promise(() => {})],
      [["error", "killed"], () => Process.exit(self(), "kill")],
    ];
    for (const [expected, init] of inits) {
      const { opened, open } = gate();
      let isAnswered = false;
      const module = {
        init: () => {
          Process.defer(() => opened);
          return init() as never;
        },
      };
      const timeout = init.toString().includes("Promise") ? 1 : Infinity;
      const starting = GenServer.startLink(module, undefined, { name: "failing", timeout })
        .then((result) => {
          isAnswered = true;
          assertEquals(GenServer.whereis("failing"), undefined);
          return result;
        });
      if (timeout === 1) await Process.sleep(5);
      await settled();
      assertFalse(isAnswered);
      open();
      assertEquals(await starting, expected);
    }
    const { opened, open } = gate();
    const started = ProcLib.startLink(() => {
      Process.defer(() => opened);
      return new Promise(() => {});
    }, { timeout: 1 });
    let isAnswered = false;
    started.then(() => isAnswered = true);
    await Process.sleep(5);
    assertFalse(isAnswered);
    open();
    assertEquals(await started, ["error", "timeout"]);
    await settled();
  });
});

// --- Stops --------------------------------------------------------------------------------------

/** A supervised server whose resource takes `ms`, and whose `terminate` never ends if it `hangs`. */
function child(id: string, ms: number, hangs: boolean, shutdown: Shutdown) {
  const module = {
    init: () => {
      Process.flag("trap_exit", hangs);
      Process.flag("dispose_timeout", 5000);
      Process.defer(() => new Promise<void>((resolve) => setTimeout(resolve, ms)));
      return ok(null);
    },
    terminate: () => hangs ? new Promise(() => {}) : undefined,
  };
  return { id, start: () => GenServer.startLink(module, undefined, { name: id }), shutdown };
}

/** How long something takes in fake time. */
async function lasting(time: FakeTime, what: () => Promise<unknown>): Promise<number> {
  const before = time.now;
  let after: number | undefined;
  const done = what().then(() => after = time.now);
  await pass(time, 20_000);
  await done;
  return after! - before;
}

Deno.test("supervisors wait for resources, in addition to the shutdown of a child", async () => {
  using time = new FakeTime(0);
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const rows: [hangs: boolean, Shutdown, ms: number][] = [
      [false, 1000, 20],
      [true, 1000, 1020],
      [true, 0, 20],
      [false, "brutal_kill", 20],
      [true, "brutal_kill", 20],
      [false, "infinity", 20],
    ];
    for (const [hangs, shutdown, ms] of rows) {
      const spec = child("held", 20, hangs, shutdown);
      const supervisor = unwrap(
        await Supervisor.startLink([spec], { strategy: "one_for_one" }),
      );
      const of = (id: "held") => lasting(time, () => Supervisor.terminateChild(supervisor, id));
      assertEquals(await of("held"), ms, `terminateChild with ${shutdown}`);
      await Supervisor.restartChild(supervisor, "held");
      const stopping = () => Supervisor.stop(supervisor);
      assertEquals(await lasting(time, stopping), ms, `stop with ${shutdown}`);
      const dynamic = unwrap(await DynamicSupervisor.startLink());
      for (const id of ["a", "b"]) {
        unwrap(await DynamicSupervisor.startChild(dynamic, child(id, 20, hangs, shutdown)));
      }
      const pid = Process.whereis("a")!;
      const one = () => DynamicSupervisor.terminateChild(dynamic, pid);
      assertEquals(await lasting(time, one), ms, `dynamic, terminateChild with ${shutdown}`);
      const all = () => DynamicSupervisor.stop(dynamic);
      assertEquals(await lasting(time, all), ms, `dynamic, stop with ${shutdown}`);
    }
  });
});

Deno.test("a supervisor restarts a child when its resources are disposed of; until then it is not active", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const gates = [gate(), gate(), gate()];
    let starts = 0;
    const start = () => GenServer.startLink(Idle, gates[starts++]!.opened, { name: "restarted" });
    const supervisor = unwrap(
      await Supervisor.startLink([{ id: 1, start }], { strategy: "one_for_one" }),
    );
    const first = Process.whereis("restarted")!;
    Process.exit(first, "kill");
    await settled();
    assertEquals((await Supervisor.whichChildren(supervisor)).map(([, pid]) => pid), [first]);
    assertEquals((await Supervisor.countChildren(supervisor)).active, 0);
    assertEquals(starts, 1);
    gates[0]!.open();
    await settled();
    const second = Process.whereis("restarted")!;
    assert(Process.isAlive(second) && starts === 2);
    // A child that is exiting is stopped when its exit is completed, with its own reason.
    Process.exit(second, "boom");
    const stopped = Supervisor.terminateChild(supervisor, 1);
    await settled();
    gates[1]!.open();
    assertEquals(await stopped, "ok");
    assertEquals(starts, 2);
  });
});

Deno.test("Task.shutdown(), ProcLib.stop(), Application.stop() and exits of links wait for resources", async () => {
  using time = new FakeTime(0);
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const holding = () => {
      Process.defer(() => new Promise<void>((resolve) => setTimeout(resolve, 20)));
      return new Promise(() => {});
    };
    for (const how of [5000, "brutal_kill"] as const) {
      const task = Task.async(holding);
      await settled();
      assertEquals(await lasting(time, () => Task.shutdown(task, how)), 20);
    }
    child("stopped", 20, false, 0).start();
    await settled();
    const pid = Process.whereis("stopped")!;
    Process.unlink(pid);
    assertEquals(await lasting(time, () => ProcLib.stop(pid)), 20);
    const app = {
      start: () => Supervisor.startLink([child("held", 20, false, 1000)], ONE_FOR_ONE),
    };
    Application.load({ name: "holding", mod: [app, undefined] });
    await Application.start("holding");
    assertEquals(await lasting(time, () => Application.stop("holding") as Promise<unknown>), 20);
    Application.unload("holding");
    flush();
  });
});

const ONE_FOR_ONE = { strategy: "one_for_one" } as const;

Deno.test("a task that holds resources answers before they are disposed of", async () => {
  await inProcess(async () => {
    const { opened, open } = gate();
    const task = Task.async(() => {
      Process.defer(() => opened);
      return "done";
    });
    assertEquals(await Task.await(task), "done");
    assert(Process.list().includes(task.pid!));
    open();
    await settled();
    assertFalse(Process.list().includes(task.pid!));
    await assertSilence();
    assertEquals(await receive(after(0, () => "nothing")), "nothing");
    await assertRejects(() => GenServer.call(task.pid!, "gone"), Exit);
    assertEquals(await exitOf(task.pid!), "noproc");
  });
});
