/**
 * Fairness of answers that come at once: a loop that asks again and again leaves other processes and the host
 * their turns.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  after,
  Agent,
  Application,
  DynamicSupervisor,
  GenServer,
  GenStatem,
  Global,
  ignore,
  ok,
  PartitionSupervisor,
  Pg,
  type Pid,
  Process,
  ProcLib,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  stop,
  Supervisor,
  Sys,
  Task,
  Timer,
  unwrap,
} from "../../mod.ts";
import { isSliceSpent } from "../../lib/kernel/scheduler.ts";
import { collectReports, exitOf, inProcess } from "../helpers.ts";

/** Rounds of a loop within which a host timer that is due must have fired. */
const MOST_ROUNDS = 50_000;

/** Calls `ask` until a host timer has fired, and returns the number of rounds. */
async function roundsUntilTimer(ask: (fired: Promise<void>) => unknown): Promise<number> {
  const { promise: fired, resolve } = Promise.withResolvers<void>();
  let hasFired = false;
  setTimeout(() => {
    hasFired = true;
    resolve();
  }, 1);
  let rounds = 0;
  while (!hasFired && rounds < MOST_ROUNDS) {
    rounds++;
    try {
      await ask(fired);
    } catch {
      // once more
    }
  }
  await fired;
  return rounds;
}

async function assertFair(ask: () => unknown): Promise<void> {
  const rounds = await roundsUntilTimer(ask);
  assert(rounds < MOST_ROUNDS, "the host timer did not fire");
}

const Idle = { init: () => ok(0) };

/** Questions that are answered at once, given a pid that is dead. */
const questions: Record<string, (dead: Pid) => unknown> = {
  "GenServer.call() of a name that is not registered": () => GenServer.call("nobody", 1),
  "GenServer.call() of a via name that is not registered": () =>
    GenServer.call(["via", Registry, ["fair", "nobody"]], 1),
  "GenServer.call() of a global name that is not registered": () =>
    GenServer.call(["global", "nobody"], 1),
  "GenServer.call() of a dead process": (dead) => GenServer.call(dead, 1),
  "GenServer.call() of the calling process": () => GenServer.call(self(), 1),
  "GenServer.call() with a wrong timeout": (dead) => GenServer.call(dead, 1, -1),
  "GenServer.call() of something that is not a server": () => GenServer.call(5 as never, 1),
  "GenServer.stop() of a dead process": (dead) => GenServer.stop(dead),
  "GenServer.start() of a taken name": () =>
    GenServer.start(Idle, undefined, { name: "fair taken" }),
  "GenServer.start() that is ignored": () => GenServer.start({ init: () => ignore }),
  "GenServer.start() that stops": () => GenServer.start({ init: () => stop("no") }),
  "GenServer.start() without init": () => GenServer.start({} as never),
  "GenServer.multiCall() of a name that is not registered": () => GenServer.multiCall("nobody", 1),
  "GenStatem.call() of a dead process": (dead) => GenStatem.call(dead, 1),
  "GenStatem.start() without init": () => GenStatem.start({} as never),
  "Agent.get() of a dead process": (dead) => Agent.get(dead, () => 1),
  "Agent.get() without a function": (dead) => Agent.get(dead, 1 as never),
  "Task.await() of something that is not a task": () => Task.await(1 as never),
  "Task.awaitMany() of no task": () => Task.awaitMany([]),
  "Task.yieldMany() of no task": () => Task.yieldMany([]),
  "Task.shutdown() of something that is not a task": () => Task.shutdown(1 as never),
  "Task.Supervisor.children() of a dead process": (dead) => Task.Supervisor.children(dead),
  "Supervisor.startChild() of a dead process": (dead) =>
    Supervisor.startChild(dead, { id: 1, start: [Idle, "init", []] } as never),
  "Supervisor.startChild() of something that is not a child": (dead) =>
    Supervisor.startChild(dead, 1 as never),
  "Supervisor.whichChildren() of a dead process": (dead) => Supervisor.whichChildren(dead),
  "Supervisor.startLink() with wrong options": () =>
    Supervisor.startLink([], { strategy: "none" as never }),
  "DynamicSupervisor.startChild() of something that is not a child": (dead) =>
    DynamicSupervisor.startChild(dead, {} as never),
  "DynamicSupervisor.terminateChild() of something that is not a pid": (dead) =>
    DynamicSupervisor.terminateChild(dead, 1 as never),
  "PartitionSupervisor.startLink() with wrong options": () =>
    PartitionSupervisor.startLink({} as never),
  "PartitionSupervisor.resize() of a dead process": (dead) => PartitionSupervisor.resize(dead, 1),
  "Pg.join() of no scope": () => Pg.join("no scope", "group", self()),
  "Pg.leave() of something that is not a pid": () => Pg.leave("group", 1 as never),
  "Pg.monitor() of no scope": () => Pg.monitor("no scope", "group"),
  "Sys.getState() of a dead process": (dead) => Sys.getState(dead),
  "Sys.replaceState() without a function": (dead) => Sys.replaceState(dead, 1 as never),
  "Sys.statistics() of a dead process": (dead) => Sys.statistics(dead, "get"),
  "ProcLib.start() without a function": () => ProcLib.start(1 as never),
  "ProcLib.stop() of a dead process": (dead) => ProcLib.stop(dead),
  "Process.sleep() of no time": () => Process.sleep(0),
  "Process.sleep() of a wrong time": () => Process.sleep(-1),
  "Timer.sleep() of a wrong time": () => Timer.sleep(-1),
  "receive() with a timeout of 0": () => receive(after(0, () => 1)),
  "receive() with a wrong clause": () => receive(1 as never),
  "Application.start() of one that is not known": () => Application.start("no application"),
  "Application.stop() of one that does not run": () => Application.stop("no application"),
  "Application.ensureAllStarted() of one that is not known": () =>
    Application.ensureAllStarted("no application"),
  "Registry.startLink() of a taken name": () =>
    Registry.startLink({ keys: "unique", name: "fair" }),
  "Registry.startLink() with wrong options": () => Registry.startLink({} as never),
  "Registry.lock() of a free key": () => Registry.lock("fair", "key", () => 1),
  "Registry.lock() of no registry": () => Registry.lock("no registry", "key", () => 1),
  "Global.setLock() of a free lock": () => Global.setLock(["fair", self()]),
  "Global.trans() that fails": () =>
    Global.trans(["fair", self()], () => {
      throw new Error("oh");
    }),
};

/** Runs `body` with what the questions need. */
async function prepared(body: (dead: Pid) => Promise<void>): Promise<void> {
  using _reports = collectReports();
  await inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "unique", name: "fair" }));
    unwrap(await GenServer.startLink(Idle, undefined, { name: "fair taken" }));
    Process.flag("trap_exit", true);
    const dead = spawn(() => {});
    await exitOf(dead);
    await body(dead);
  });
}

for (const [name, ask] of Object.entries(questions)) {
  Deno.test(`a loop of ${name} leaves the host its turns`, async () => {
    await prepared((dead) => assertFair(() => ask(dead)));
  });
}

Deno.test("a loop of any function that returns a promise, with wrong arguments, leaves the host its turns", async () => {
  const doors = {
    Agent,
    Application,
    DynamicSupervisor,
    GenServer,
    GenStatem,
    Global,
    PartitionSupervisor,
    Pg,
    ProcLib,
    Process,
    Registry,
    Supervisor,
    Sys,
    Task,
    TaskSupervisor: Task.Supervisor,
    Timer,
    receive: { receive },
  };
  let driven = 0;
  const unfair: string[] = [];
  for (const [module, functions] of Object.entries(doors)) {
    for (const [name, value] of Object.entries(functions)) {
      if (typeof value !== "function") continue;
      const door = value as (...args: unknown[]) => unknown;
      for (const args of [[], ["nobody"], [null, "x", "y"]]) {
        await prepared(async () => {
          let answer: unknown;
          try {
            answer = door(...args);
          } catch {
            return; // synchronous: a loop of it must await something else
          }
          if (!(answer instanceof Promise)) return;
          answer.catch(() => {});
          driven++;
          const rounds = await roundsUntilTimer((fired) => Promise.race([door(...args), fired]));
          if (rounds >= MOST_ROUNDS) unfair.push(`${module}.${name}(${args})`);
        });
      }
    }
  }
  assertEquals(unfair, []);
  assert(driven > 100, `${driven} functions`);
});

for (
  const [name, ask] of [
    ["Process.whereis() of a name that is not registered", () => Process.whereis("nobody")],
    ["GenServer.cast() to a name that is not registered", () => GenServer.cast("nobody", 1)],
    ["GenServer.cast() to a dead process", (dead: Pid) => GenServer.cast(dead, 1)],
    ["send() to a dead process", (dead: Pid) => send(dead, 1)],
  ] as const
) {
  Deno.test(`${name} is charged, so that the next await of the caller waits for its turn`, async () => {
    await prepared(async (dead) => {
      await Process.sleep(1);
      assert(!isSliceSpent());
      for (let i = 0; i < 1000; i++) ask(dead);
      assert(isSliceSpent());
      await GenServer.call("nobody", 1).catch(() => {});
      assert(!isSliceSpent());
    });
  });
}

/** Asks in a loop, whatever becomes of it, until `isOver`. Returns the number of rounds. */
async function askOn(isOver: () => boolean): Promise<number> {
  let rounds = 0;
  while (!isOver() && rounds < 1_000_000) {
    rounds++;
    try {
      await GenServer.call("nobody", 1);
    } catch {
      // once more
    }
  }
  return rounds;
}

for (const when of ["alive", "dead"] as const) {
  Deno.test(`a process that is ${when} and asks in a loop leaves other processes their turns`, async () => {
    await inProcess(async () => {
      const { promise: begin, resolve } = Promise.withResolvers<void>();
      const { promise: over, resolve: end } = Promise.withResolvers<number>();
      let isOver = false;
      const pid = spawn(async () => {
        await begin;
        end(await askOn(() => isOver));
      });
      const server = unwrap(
        await GenServer.start({
          init: () => ok(0),
          handleCall: (_request: "next", _from: GenServer.From, n: number) => reply(n, n + 1),
        }),
      );
      if (when === "dead") Process.exit(pid, "kill");
      resolve();
      for (let i = 0; i < 10; i++) {
        assertEquals(await GenServer.call(server, "next"), i);
        await Process.sleep(1);
      }
      isOver = true;
      assert(await over > 100);
      await GenServer.stop(server);
    });
  });
}

Deno.test("a failed call settles when its time has come, and never after its process was killed", async () => {
  await inProcess(async () => {
    // As many as there are, those that the slice has no room for are answered in order.
    const order: number[] = [];
    await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
      await assertRejects(() => GenServer.call("nobody", i));
      order.push(i);
    }));
    assertEquals(order, Array.from({ length: 1000 }, (_, i) => i));
    let settled = 0;
    const pid = spawn(() => {
      const calls = Array.from({ length: 1000 }, () => GenServer.call("nobody", 1));
      for (const call of calls) call.catch(() => settled++);
      Process.exit(self(), "kill");
    });
    assertEquals(await exitOf(pid), "killed");
    await Process.sleep(5);
    assert(settled < 1000);
  });
});

Deno.test("failed calls count as reductions", async () => {
  await inProcess(async () => {
    const before = Process.info(self(), "reductions");
    for (let i = 0; i < 10; i++) await assertRejects(() => GenServer.call("nobody", 1));
    const after = Process.info(self(), "reductions");
    assert(Number(after![1]) - Number(before![1]) >= 10);
  });
});
