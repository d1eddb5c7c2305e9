import {
  Agent,
  Exit,
  exit,
  flush,
  GenServer,
  Global,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  Sys,
  type Term,
  unwrap,
} from "@denotp/otp";
import { testRegistry } from "@denotp/otp/registries";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "../helpers.ts";

testRegistry("Global", () => Global);

// --- Fixtures -----------------------------------------------------------------------------------

/** A process that runs the functions that it is sent, and sends the results. */
function worker(): Pid {
  return spawn(async () => {
    for (;;) {
      await receive({
        run: async (from: Pid, body: () => unknown) => send(from, ["ran", self(), await body()]),
      });
    }
  });
}

async function inside<T>(pid: Pid, body: () => T): Promise<Awaited<T>> {
  send(pid, ["run", self(), body]);
  return await receive({ ran: (_from: Pid, result: Awaited<T>) => result });
}

async function end(...pids: Pid[]): Promise<void> {
  for (const pid of pids) {
    const ended = exitOf(pid);
    Process.exit(pid, "kill");
    await ended;
  }
}

/** Whether another requester could take the lock of a resource now; it is released at once. */
async function isFree(resource: Term): Promise<boolean> {
  const id = [resource, ["isFree", {}, Math.random()]] as const;
  const isTaken = await Global.setLock(id, undefined, 0);
  Global.delLock(id);
  return isTaken;
}

const HERE = "nonode@nohost";

// --- Names --------------------------------------------------------------------------------------

Deno.test("Global.registerName() gives yes, and no for a name that is taken, by the caller or another [GL-001]", () =>
  inProcess(async () => {
    const other = worker();
    assertEquals(await Global.registerName("name", self()), "yes");
    assertEquals(Global.whereisName("name"), self());
    assertEquals(await Global.registerName("name", self()), "no");
    assertEquals(await Global.registerName("name", other), "no");
    assertEquals(await inside(other, () => Global.registerName("name", other)), "no");
    assertEquals(Global.whereisName("name"), self());
    // Any term is a name, and any process may be named by any other.
    const term = () => ["room", { number: 7 }, other];
    assertEquals(await Global.registerName(term(), other), "yes");
    assertEquals(await Global.registerName(term(), worker()), "no");
    assertEquals(Global.whereisName(term()), other);
    await end(other);
    assertEquals(Global.whereisName(term()), undefined);
  }));

Deno.test("Global.registerName() gives a process that has exited a name, which it then has no more", () =>
  inProcess(async () => {
    const dead = worker();
    await end(dead);
    assertEquals(await Global.registerName("dead", dead), "yes");
    assertEquals([Global.whereisName("dead"), Global.registeredNames()], [undefined, []]);
    const alive = worker();
    assertEquals(await Global.registerName("dead", alive), "yes");
    assertEquals(await Global.reRegisterName("dead", dead), "yes");
    assertEquals(Global.whereisName("dead"), undefined);
    await end(alive);
  }));

Deno.test("Global.registeredNames() lists all names [GL-003]", () =>
  inProcess(async () => {
    const pids = [worker(), worker(), worker()];
    assertEquals(Global.registeredNames(), []);
    for (const [i, pid] of pids.entries()) await Global.registerName(["name", i], pid);
    assertEquals(Global.registeredNames(), [["name", 0], ["name", 1], ["name", 2]]);
    await Global.unregisterName(["name", 1]);
    assertEquals(Global.registeredNames(), [["name", 0], ["name", 2]]);
    await end(...pids);
    assertEquals(Global.registeredNames(), []);
  }));

Deno.test("Global.registerName() gives a process one name, or several if that is allowed [GL-005]", () =>
  inProcess(async () => {
    using reports = collectReports();
    const pid = worker();
    assertEquals(await Global.registerName("first", pid), "yes");
    assertEquals(await Global.registerName("second", pid), "no");
    assertEquals(Global.registeredNames(), ["first"]);
    assertEquals(reports.logged.map(({ level, reason }) => [level, reason]), [
      ["error", `Global: ${pid} registered under several names: "second", "first"`],
    ]);

    Global.configure({ multiNameAction: "allow" });
    try {
      assertEquals(await Global.registerName("second", pid), "yes");
      assertEquals(await Global.registerName("third", pid), "yes");
      assertEquals(await Global.unregisterName("second"), "ok");
      assertEquals(Global.whereisName("first"), pid);
      assertEquals(Global.whereisName("second"), undefined);
      assertEquals(Global.whereisName("third"), pid);
    } finally {
      Global.configure({ multiNameAction: "refuse" });
    }
    Global.configure({});
    assertEquals(await Global.registerName("second", pid), "no");
    assertEquals(reports.logged.length, 2);
    await end(pid);
    assertEquals(Global.registeredNames(), []);
    assertThrows(() => Global.configure({ multiNameAction: "maybe" as never }), TypeError, "maybe");
  }));

Deno.test("Global.reRegisterName() gives yes, and moves the name to the new process [GL-006]", () =>
  inProcess(async () => {
    const [first, second] = [worker(), worker()];
    assertEquals(await Global.reRegisterName("name", first), "yes");
    assertEquals(Global.whereisName("name"), first);
    assertEquals(await Global.reRegisterName("name", second), "yes");
    assertEquals(Global.whereisName("name"), second);
    assertEquals(await Global.reRegisterName("name", second), "yes");
    assertEquals(Global.whereisName("name"), second);
    // The first one is free to have another name, which says that it has none.
    assertEquals(await Global.registerName("other", first), "yes");
    // And a process may be given several in this way.
    assertEquals(await Global.reRegisterName("third", second), "yes");
    assertEquals(Global.registeredNames(), ["name", "other", "third"]);
    await end(second);
    assertEquals(Global.registeredNames(), ["other"]);
    await end(first);
  }));

Deno.test("Global keeps a name when a former holder exits, after reRegisterName() [GL-007, GL-006]", () =>
  inProcess(async () => {
    const [first, second] = [worker(), worker()];
    await Global.registerName("name", first);
    await Global.reRegisterName("name", second);
    await end(first);
    assertEquals(Global.whereisName("name"), second);
    Global.send("name", ["run", self(), () => "reached"]);
    assertEquals(await receive(), ["ran", second, "reached"]);
    await end(second);
    assertEquals(Global.whereisName("name"), undefined);
  }));

Deno.test("Global.unregisterName() is ok, also for a name that is not registered, and releases the name [GL-008]", () =>
  inProcess(async () => {
    const [first, second] = [worker(), worker()];
    assertEquals(await Global.unregisterName("unknown"), "ok");
    await Global.registerName("name", first);
    assertEquals(await Global.unregisterName("name"), "ok"); // by another process
    assertEquals([Global.whereisName("name"), Global.registeredNames()], [undefined, []]);
    assertEquals(await Global.unregisterName("name"), "ok");
    const failed = assertThrows(() => Global.send("name", "hi"), Exit);
    assertEquals(failed.reason, ["badarg", ["name", "hi"]]);
    assertEquals(await Global.registerName("name", second), "yes");
    await end(first);
    assertEquals(Global.whereisName("name"), second);
    await end(second);
  }));

Deno.test("Global.send() sends to the process that has the name, and returns its pid", () =>
  inProcess(async () => {
    await Global.registerName("me", self());
    assertEquals(Global.send("me", "hello"), self());
    assertEquals(await send(["global", "me"], "again"), "again");
    assertEquals([await receive(), await receive()], ["hello", "again"]);
    await assertSilence();
  }));

Deno.test("Global raises for invalid pids, functions and locks, and the name server keeps running [GL-010]", () =>
  inProcess(async () => {
    const server = Process.whereis("global_name_server")!;
    const pid = self();
    for (const wrong of [undefined, null, 0, "name", {}, [pid], ["global", "x"]]) {
      assertThrows(() => Global.registerName("name", wrong as never), TypeError, "a pid");
      assertThrows(() => Global.reRegisterName("name", wrong as never), TypeError, "a pid");
    }
    assertThrows(() => Global.registerName("name", pid, "x" as never), TypeError, "a function");
    assertThrows(() => Global.reRegisterName("name", pid, null as never), TypeError, "a function");
    for (const id of [undefined, "a", {}, [], ["a"], ["a", pid, pid]]) {
      const lock = id as never;
      await assertRejects(() => Global.setLock(lock), TypeError, "[resource, requester]");
      assertThrows(() => Global.delLock(lock), TypeError, "[resource, requester]");
      await assertRejects(() => Global.trans(lock, () => 1), TypeError, "[resource, requester]");
    }
    const nodes = "a" as never;
    await assertRejects(() => Global.setLock(["a", pid], nodes), TypeError, "an array of nodes");
    assertThrows(() => Global.delLock(["a", pid], nodes), TypeError, "an array of nodes");
    await assertRejects(() => Global.trans(["a", pid], 5 as never), TypeError, "a function");
    assertEquals(Global.registeredNames(), []);
    assertEquals(await isFree("a"), true);
    assertEquals(Process.whereis("global_name_server"), server);
    assertEquals(await Global.registerName("name", pid), "yes");
  }));

Deno.test("Global goes on when its name server is sent garbage [GL-021]", () =>
  inProcess(async () => {
    const server = Process.whereis("global_name_server")!;
    await Global.registerName("name", self());
    const garbage: Term[] = [
      "gurka",
      ["DOWN", "ref", "process", self(), "x"],
      ["EXIT", self(), "x"],
      ["EXIT", server, "normal"],
      ["nodeup", "x"],
      ["$gen_cast", "gurka"],
      ["$gen_call", [self(), "tag"], "gurka"],
      ["system", [self(), "tag"], "gurka"],
      ["system", "gurka", "gurka"],
      null,
      undefined,
      {},
    ];
    for (const message of garbage) send("global_name_server", message);
    GenServer.cast(server, "gurka");
    await settled();
    const stranger = spawn(() => void Process.exit(server, "gurka"));
    await exitOf(stranger);
    await settled();
    assertEquals(Process.info(server, "message_queue_len"), ["message_queue_len", 0]);
    assertEquals(Process.whereis("global_name_server"), server);
    assertEquals((await Sys.getStatus(server)).module, Global);
    assertEquals(Global.whereisName("name"), self());
    await Global.unregisterName("name");
    assertEquals(await Global.registerName("other", self()), "yes");
    assertEquals(await Global.trans(["a", self()], () => "done"), "done");
    assertEquals(await receive(), ["tag", ["error", ["unknown_system_msg", "gurka"]]]);
    await assertSilence();
  }));

Deno.test("Global keeps its names when its name server ends, and another one is started", () =>
  inProcess(async () => {
    const server = Process.whereis("global_name_server")!;
    await Global.registerName("name", self());
    for (const bare of ["terminate", ["terminate"], "debug"]) {
      send(server, ["system", [self(), 1], bare]);
    }
    assertEquals(await Sys.terminate(server, "shutdown"), "ok");
    await settled();
    const next = Process.whereis("global_name_server")!;
    assertEquals([Process.isAlive(server), Process.isAlive(next)], [false, true]);
    assertEquals(flush().length, 3);
    assertEquals(Global.whereisName("name"), self());
    assertEquals((await Sys.getStatus(next)).module, Global);
    await Global.unregisterName("name");
    assertEquals(await Global.registerName("other", self()), "yes");
    Process.exit(next, "kill");
    assertEquals(await Global.trans(["a", self()], () => "done"), "done");
    assertEquals(Process.isAlive(Process.whereis("global_name_server")!), true);
  }));

Deno.test("Global names servers: start, call, stop, and no second one", () =>
  inProcess(async () => {
    const name = ["global", ["agent", 1]] as const;
    const agent = unwrap(await Agent.startLink(() => 0, { name }));
    assertEquals(Global.whereisName(["agent", 1]), agent);
    for (const start of ["start", "startLink"] as const) {
      assertEquals(await Agent[start](() => 1, { name }), ["error", ["already_started", agent]]);
    }
    await Agent.update(name, (n: number) => n + 1);
    assertEquals(await Agent.get(name, (n: number) => n), 1);
    await Agent.stop(name);
    assertEquals(Global.whereisName(["agent", 1]), undefined);
    const failed = await assertRejects(() => GenServer.call(name, "x"), Exit);
    assertEquals(failed.reason, ["noproc", ["GenServer", "call", [name, "x", 5000]]]);
    assertEquals(GenServer.cast(name, "x"), "ok");
    await assertSilence();
  }));

Deno.test("Global detects a process that calls itself by its global name", () =>
  inProcess(async () => {
    const name = ["global", "me"] as const;
    const Server = {
      init: () => ok(undefined),
      async handleCall(_request: "call yourself", _from: GenServer.From, state: undefined) {
        const failed = await assertRejects(() => GenServer.call(name, "x", 10), Exit);
        return reply(failed.reason, state);
      },
    };
    unwrap(await GenServer.startLink(Server, undefined, { name }));
    assertEquals(await GenServer.call(name, "call yourself"), [
      "calling_self",
      ["GenServer", "call", [name, "x", 10]],
    ]);
  }));

Deno.test("Global frees a name before links and monitors are notified of the exit of its process", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    for (const reason of ["kill", "shutdown", "crash"]) {
      const agent = unwrap(await Agent.startLink(() => 0, { name: ["global", "name"] }));
      const ref = Process.monitor(agent);
      Process.exit(agent, reason);
      const messages = [await receive(), await receive()] as Term[][];
      assertEquals(messages.map(([tag]) => tag).sort(), ["DOWN", "EXIT"]);
      assertEquals(Global.whereisName("name"), undefined);
      assertEquals(await Global.registerName("name", self()), "yes");
      await Global.unregisterName("name");
      Process.demonitor(ref);
    }
  }));

Deno.test("Global keeps nothing of processes that have exited", () =>
  inProcess(async () => {
    const sizes = async () => {
      await settled();
      const state = await Sys.getState("global_name_server") as Record<string, { size: number }>;
      return Object.entries(state).map(([what, { size }]) => [what, size]);
    };
    const nothing = [["entries", 0], ["names", 0], ["locks", 0], ["waiting", 0]];
    assertEquals(await sizes(), nothing);
    await Global.setLock(["resource", self()]);
    const pids = Array.from({ length: 10 }, worker);
    for (const [i, pid] of pids.entries()) {
      await Global.registerName(["name", i], pid);
      await Global.reRegisterName(["second name", i], pid);
      await inside(pid, () => Global.setLock([["resource", i], pid]));
      send(pid, ["run", self(), () => Global.setLock(["resource", pid])]); // waits
    }
    assertEquals(await sizes(), [["entries", 20], ["names", 10], ["locks", 11], ["waiting", 1]]);
    await Global.unregisterName(["name", 0]);
    await Global.unregisterName(["second name", 0]);
    assertEquals(await sizes(), [["entries", 18], ["names", 9], ["locks", 11], ["waiting", 1]]);
    await end(...pids);
    assertEquals(await sizes(), [["entries", 0], ["names", 0], ["locks", 1], ["waiting", 0]]);
    await Global.delLock(["resource", self()]);
    assertEquals(await sizes(), nothing);
  }));

Deno.test("Global.sync() and disconnect() return what a node without peers returns", async () => {
  assertEquals(await Global.sync(), "ok");
  assertEquals(await Global.disconnect(), []);
});

// --- Conflicts ----------------------------------------------------------------------------------

Deno.test("Global.randomExitName() kills one of two processes, and returns the other", () =>
  inProcess(async () => {
    using reports = collectReports();
    const [first, second] = [worker(), worker()];
    const ended = exitOf(first);
    assertEquals(Global.randomExitName("name", first, second), second);
    assertEquals(await ended, "killed");
    assert(Process.isAlive(second));
    assertEquals(reports.logged.map(({ level, reason }) => [level, reason]), [
      ["info", `Global: name conflict terminating ["name", ${first}]`],
    ]);
    assertEquals(Global.randomExitName("name", first, second), second, "the other is dead");
    await end(second);
  }));

Deno.test("Global.randomNotifyName() notifies one of two processes, and returns the other", () =>
  inProcess(async () => {
    const other = worker();
    assertEquals(Global.randomNotifyName("name", self(), other), other);
    assertEquals(await receive(), ["global_name_conflict", "name"]);
    assertEquals(Global.randomNotifyName("name", other, self()), self());
    await assertSilence();
    await end(other);
  }));

Deno.test("Global.notifyAllName() notifies both processes, and returns neither", () =>
  inProcess(async () => {
    const [me, other] = [self(), worker()];
    assertEquals(Global.notifyAllName("name", me, other), "none");
    assertEquals(await receive(), ["global_name_conflict", "name", other]);
    const seen = await inside(other, () => Process.info(self(), "messages")![1]);
    assertEquals(seen, [["global_name_conflict", "name", me]]);
    await end(other);
    await assertSilence();
  }));

// --- Locks --------------------------------------------------------------------------------------

Deno.test("Global.setLock() gives true, true again for the same requester, and false for another after its retries [GL-022]", () =>
  inProcess(async () => {
    using time = new FakeTime();
    assertEquals(await Global.setLock(["resource", self()]), true);
    assertEquals(await Global.setLock(["resource", self()]), true);
    assertEquals(await Global.setLock(["resource", "other"], [HERE], 0), false);

    const results: boolean[] = [];
    const other = spawn(async () => {
      results.push(await Global.setLock(["resource", "other"], [HERE], 2));
    });
    await settled();
    assertEquals([results, Process.isAlive(other)], [[], true]);
    await pass(time, 750); // at most 250 and then 500
    assertEquals([results, Process.isAlive(other)], [[false], false]);

    // Taken twice is taken once.
    assertEquals(await Global.delLock(["resource", self()]), true);
    assertEquals(await Global.setLock(["resource", "other"], [HERE], 0), true);
    await Global.delLock(["resource", "other"]);
  }));

Deno.test("Global.setLock() waits a random time between attempts, of at most 250 ms and up to 8 s", () =>
  inProcess(async () => {
    using time = new FakeTime();
    using _reports = collectReports();
    await Global.setLock(["resource", self()]);
    for (const [retries, least, most] of [[1, 1, 250], [3, 3, 1750], [7, 7, 23_750]] as const) {
      const waits: number[] = [];
      for (let i = 0; i < 30; i++) {
        const start = time.now;
        const pid = spawn(async () => {
          assertEquals(await Global.setLock(["resource", "other"], undefined, retries), false);
          waits.push(time.now - start);
        });
        await settled();
        while (Process.isAlive(pid)) await pass(time, 1000);
      }
      assertEquals(waits.length, 30);
      assert(Math.min(...waits) >= least && Math.max(...waits) <= most, `${retries}: ${waits}`);
      assert(new Set(waits).size > 5, `not at random: ${waits}`);
    }
  }));

Deno.test("Global.setLock() belongs to a requester, not to a process [GL-023]", () =>
  inProcess(async () => {
    const [first, second, third] = [worker(), worker(), worker()];
    const id = () => ["resource", { requester: 1 }] as const;
    for (const pid of [first, second, third]) {
      assertEquals(await inside(pid, () => Global.setLock(id(), undefined, 0)), true);
    }
    assertEquals(await isFree("resource"), false);
    assertEquals(await inside(first, () => Global.delLock(id())), true);
    assertEquals(await isFree("resource"), false);
    // Releasing it twice, or without holding it, has no effect.
    await inside(first, () => Global.delLock(id()));
    await Global.delLock(id());
    assertEquals(await isFree("resource"), false);
    await end(second);
    assertEquals(await isFree("resource"), false);
    await inside(third, () => Global.delLock(["resource", "another requester"]));
    assertEquals(await isFree("resource"), false);
    await inside(third, () => Global.delLock(id()));
    assertEquals(await isFree("resource"), true);
    await end(first, third);
  }));

Deno.test("Global.setLock() with no limit of retries waits until the lock is free [GL-024]", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const [holder, waiter] = [worker(), worker()];
    await inside(holder, () => Global.setLock(["resource", "holder"]));
    const results: boolean[] = [];
    const options: [nodes?: string[], retries?: number][] = [[], [[HERE]], [[HERE], Infinity]];
    for (const args of options) {
      send(waiter, ["run", self(), async () => {
        const id = ["resource", "waiter"] as const;
        results.push(await Global.setLock(id, ...args));
        await Global.delLock(id);
      }]);
      await pass(time, 60_000);
      assertEquals(results, []);
      await inside(holder, () => Global.delLock(["resource", "holder"]));
      await receive({ ran: () => {} });
      assertEquals(results.splice(0), [true]);
      await inside(holder, () => Global.setLock(["resource", "holder"]));
    }
    await end(holder, waiter);
  }));

Deno.test("Global.setLock() admits waiting processes in order when the lock is released", () =>
  inProcess(async () => {
    using _time = new FakeTime(); // stands still
    await Global.setLock(["resource", "me"]);
    const parent = self();
    const wait = (requester: string) =>
      spawn(async () => {
        await Global.setLock(["resource", requester]);
        send(parent, ["in", requester]);
        await receive({ go: () => {} });
      });
    const [a, b, dead, c, c2, d] = ["a", "b", "dead", "c", "c", "d"].map(wait) as Pid[];
    await settled();
    await end(dead!);
    await Global.delLock(["resource", "me"]);
    assertEquals(await receive(), ["in", "a"]);
    await assertSilence();
    send(a!, ["go"]); // and exits
    assertEquals(await receive(), ["in", "b"]);
    await assertSilence();
    await end(b!);
    // Two for the same requester have it together.
    assertEquals([await receive(), await receive()], [["in", "c"], ["in", "c"]]);
    await assertSilence();
    await end(c!);
    await assertSilence();
    await end(c2!);
    assertEquals(await receive(), ["in", "d"]);
    await end(d!);
    assertEquals(await isFree("resource"), true);
    await assertSilence();
  }));

Deno.test("Global.setLock() passes over waiters that exit together with the holder", () =>
  inProcess(async () => {
    using _time = new FakeTime();
    const parent = self();
    const lock = (requester: string) =>
      spawn(async () => {
        await Global.setLock(["resource", requester]);
        send(parent, ["in", requester]);
        await receive({ go: () => {} });
      });
    const [a, b, c] = ["a", "b", "c"].map(lock) as [Pid, Pid, Pid];
    assertEquals(await receive(), ["in", "a"]);
    await settled();
    const linker = spawn(() => {
      for (const pid of [a, b]) Process.link(pid);
      throw exit("together");
    });
    await exitOf(linker);
    assertEquals([Process.isAlive(a), Process.isAlive(b)], [false, false]);
    assertEquals(await receive(), ["in", "c"]);
    await end(c);
    assertEquals(await isFree("resource"), true);
  }));

Deno.test("Global.setLock() without retries returns at once, and raises for retries that are not a number from 0 [GL-025]", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const start = time.now;
    await Global.setLock(["resource", self()], undefined, 0);
    assertEquals(await Global.setLock(["resource", "other"], undefined, 0), false);
    assertEquals(await Global.trans(["resource", "other"], () => 1, undefined, 0), "aborted");
    assertEquals(time.now, start);
    for (const retries of [-1, -Infinity, 1.5, NaN, "1", null, {}]) {
      const wrong = retries as number;
      await assertRejects(() => Global.setLock(["a", 1], undefined, wrong), RangeError, "retries");
      await assertRejects(() => Global.trans(["a", 1], () => 1, [], wrong), RangeError, "retries");
    }
    assertEquals(await isFree("a"), true);
  }));

Deno.test("Global frees the locks of a process that exits [GL-027]", () =>
  inProcess(async () => {
    for (const reason of ["kill", "crash", "shutdown", "normal"]) {
      const pid = worker();
      for (const resource of ["a", ["b", 1]]) {
        await inside(pid, () => Global.setLock([resource, pid]));
        assertEquals(await isFree(resource), false);
      }
      await inside(pid, () => Global.registerName("name", pid));
      const ended = exitOf(pid);
      if (reason !== "normal") Process.exit(pid, reason);
      else {
        send(pid, ["run", self(), () => {
          throw exit("normal");
        }]);
      }
      await ended;
      for (const resource of ["a", ["b", 1]]) assertEquals(await isFree(resource), true);
      assertEquals(Global.whereisName("name"), undefined);
    }
  }));

Deno.test("Global keeps the locks of different resources apart [GL-028]", () =>
  inProcess(async () => {
    for (const resource of ["a", ["b"], ["b", 1]]) {
      assertEquals(await Global.setLock([resource, self()], undefined, 0), true);
    }
    await Global.delLock([["b"], self()]);
    assertEquals(await isFree("a"), false);
    assertEquals(await isFree(["b"]), true);
    assertEquals(await isFree(["b", 1]), false);
    await Global.delLock(["a", self()]);
    assertEquals([await isFree("a"), await isFree(["b", 1])], [true, false]);
    await Global.delLock(["unknown", self()]);
  }));

Deno.test("Global.setLock() locks nothing on no node, or on others alone", () =>
  inProcess(async () => {
    await Global.setLock(["resource", self()]);
    for (const nodes of [[], ["other@host"]]) {
      assertEquals(await Global.setLock(["resource", "other"], nodes, 0), true);
      await Global.delLock(["resource", self()], nodes);
      assertEquals(await Global.trans(["resource", "other"], () => 1, nodes, 0), 1);
    }
    assertEquals(await isFree("resource"), false);
    assertEquals(await Global.setLock(["resource", "other"], ["other@host", HERE], 0), false);
    assertEquals(await Global.delLock(["resource", self()], ["other@host", HERE]), true);
    assertEquals(await isFree("resource"), true);
  }));

Deno.test("Global.trans() waits for the lock, by default as long as it takes [GL-031]", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const holder = worker();
    await inside(holder, () => Global.setLock(["resource", holder]));
    const parent = self();
    const waiter = spawn(async () => {
      const result = await Global.trans(["resource", self()], async () => {
        send(parent, ["in", await isFree("resource")]);
        return "result";
      });
      send(parent, ["out", result, await isFree("resource")]);
    });
    await pass(time, 600_000);
    await assertSilence();
    await end(holder);
    assertEquals(await receive(), ["in", false]);
    assertEquals(await receive(), ["out", "result", true]);
    assert(!Process.isAlive(waiter));
  }));

Deno.test("Global.trans() gives the lock back whatever becomes of the function, also of an async one", () =>
  inProcess(async () => {
    const id = ["resource", self()] as const;
    assertEquals(await Global.trans(id, () => 1), 1);
    assertEquals(await Global.trans(id, async () => await Promise.resolve(2)), 2);
    const seen: boolean[] = [];
    const broken = async () => {
      await Process.sleep(1);
      seen.push(await isFree("resource"));
      throw new RangeError("rejected");
    };
    await assertRejects(() => Global.trans(id, broken), RangeError, "rejected");
    const thrown = () => {
      throw new RangeError("thrown");
    };
    await assertRejects(() => Global.trans(id, thrown), RangeError, "thrown");
    assertEquals([seen, await isFree("resource")], [[false], true]);
    // A process that is killed in the middle frees the lock, and its function has no say any more.
    const parent = self();
    const pid = spawn(() =>
      Global.trans(["resource", "killed"], async () => {
        send(parent, ["in"]);
        await Process.sleep(1);
        send(parent, ["never"]);
      })
    );
    await receive({ in: () => {} });
    assertEquals(await isFree("resource"), false);
    await end(pid);
    assertEquals(await isFree("resource"), true);
    await assertSilence(5);
  }));

Deno.test("Global.trans() does not run the function of a process that exits just when it has the lock", () =>
  inProcess(async () => {
    const ran: string[] = [];
    const holder = worker();
    await inside(holder, () => Global.setLock(["resource", "holder"]));
    const waiter = spawn(() => Global.trans(["resource", "waiter"], () => ran.push("waiter")));
    await settled();
    Process.exit(holder, "kill"); // the waiter has the lock now, and does not know it yet
    Process.exit(waiter, "kill");
    await settled();
    assertEquals(ran, []);
    assertEquals(await isFree("resource"), true);
  }));

Deno.test("Global.trans() runs one function at a time for one resource", () =>
  inProcess(async () => {
    const seen: string[] = [];
    const pids = ["a", "b", "c"].map((name) =>
      spawn(() =>
        Global.trans(["resource", self()], async () => {
          seen.push(`${name} in`);
          await Process.sleep(1);
          seen.push(`${name} out`);
        })
      )
    );
    for (const pid of pids) if (Process.isAlive(pid)) await exitOf(pid);
    assertEquals(seen, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  }));
