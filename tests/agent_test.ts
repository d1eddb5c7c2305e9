import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Agent,
  type ChildSpec,
  Exit,
  exit,
  GenServer,
  type Pid,
  Process,
  ProcLib,
  self,
  Supervisor,
  Sys,
  unwrap,
} from "../mod.ts";
import { exitOf, inProcess, pass, reasonOf, settled } from "./helpers.ts";
import { announced, supervising } from "./fixtures/worker.ts";

async function agentOf<State>(state: State): Promise<Pid<Agent.AgentOf<State>>> {
  return unwrap(await Agent.start(() => state));
}

function boom(): never {
  throw new RangeError("boom");
}

// --- Being supervised ---------------------------------------------------------------------------

Deno.test("Agent can be a child by itself, with the function for its argument [AG-001]", () =>
  supervising(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([[Agent, () => 42]], { strategy: "one_for_one" }),
    );
    const [[id, agent, type, modules]] = await Supervisor.whichChildren(supervisor) as [
      Supervisor.ChildInfo,
    ];
    assertEquals([id, type, modules], [Agent, "worker", [Agent]]);
    assertEquals(await Agent.get(agent as Pid<Agent.AgentOf<number>>, (n) => n), 42);
  }));

Deno.test("Agent.childSpec() has the module for its id, and startLink for its start, unless overridden [AG-002]", () => {
  const fun = () => 1;
  assertEquals(Agent.childSpec(fun), { id: Agent, start: [Agent, "startLink", [fun]] });
  const overrides = {
    id: "id",
    start: [Agent, "start", []],
    restart: "temporary",
    shutdown: "brutal_kill",
    type: "supervisor",
  } as const;
  assertEquals(Agent.childSpec(fun, overrides), overrides);
  // A user's module that is an agent.
  const Counter = {
    startLink: (first: number) => Agent.startLink(() => first),
    childSpec: (first: number): ChildSpec => ({
      id: Counter,
      start: [Counter, "startLink", [first]],
    }),
  };
  assertEquals(Supervisor.childSpec([Counter, 1], { restart: "transient" }), {
    id: Counter,
    start: [Counter, "startLink", [1]],
    restart: "transient",
  });
});

// --- Life ---------------------------------------------------------------------------------------

Deno.test("Agent.update(), get(), getAndUpdate() and stop() keep a state until the agent stops [AG-004]", () =>
  supervising(async () => {
    const agent = unwrap(await Agent.startLink(() => new Map<string, unknown>()));
    assertEquals(Process.info(agent, "links"), ["links", [self()]]);
    assertEquals(await Agent.update(agent, (map) => new Map([...map, ["hello", "world"]])), "ok");
    assertEquals(await Agent.get(agent, (map) => map.get("hello")), "world");
    assertEquals(await Agent.get(agent, (map) => [...map]), [["hello", "world"]]);
    const pop = (map: Map<string, unknown>) => {
      const rest = new Map([...map].filter(([key]) => key !== "hello"));
      return [map.get("hello"), rest] as const;
    };
    assertEquals(await Agent.getAndUpdate(agent, pop), "world");
    assertEquals(await Agent.get(agent, (map) => map.size), 0);
    assertEquals(await Agent.stop(agent), "ok");
    assertEquals(await announced(), [["EXIT", agent, "normal"]]);
    assertEquals(Process.isAlive(agent), false);
  }));

Deno.test("Agent.start() takes a name, by which everything can be asked [AG-006]", () =>
  supervising(async () => {
    const agent = unwrap(await Agent.start(() => 1, { name: "agent" }));
    assertEquals(Process.info(agent, "links"), ["links", []]);
    assertEquals(Process.whereis("agent"), agent);
    assertEquals(await Agent.update("agent", (n: number) => n + 1), "ok");
    assertEquals(Agent.cast("agent", (n: number) => n + 1), "ok");
    assertEquals(await Agent.get("agent", (n: number) => n), 3);
    assertEquals(await Agent.getAndUpdate("agent", (n: number) => [n, 0]), 3);
    assertEquals(await Agent.stop("agent"), "ok");
    assertEquals(Process.info(agent), undefined);
    assertEquals(Process.whereis("agent"), undefined);
  }));

Deno.test("Agent.startLink() and start() take spawnOpt, which changes nothing [AG-008]", () =>
  supervising(async () => {
    const options = { spawnOpt: { priority: "high", min_heap_size: 1000 } } as const;
    for (const start of [Agent.start, Agent.startLink]) {
      const agent = unwrap(await start(() => 1, options));
      assertEquals(Process.info(agent, "priority"), ["priority", "high"]);
      assertEquals(await Agent.get(agent, (n) => n), 1);
      await Agent.stop(agent);
    }
  }));

Deno.test("Agent.startLink() returns already_started when the name is taken [AG-015]", () =>
  supervising(async () => {
    const agent = unwrap(await Agent.startLink(() => 1, { name: "taken" }));
    for (const start of [Agent.start, Agent.startLink]) {
      assertEquals(await start(() => 2, { name: "taken" }), ["error", ["already_started", agent]]);
    }
    assertEquals(await Agent.get(agent, (n) => n), 1);
  }));

Deno.test("Agent.start() returns the error and its stack when the function throws [AG-012]", () =>
  supervising(async () => {
    for (const start of [Agent.start, Agent.startLink]) {
      for (const fun of [boom, () => Promise.reject(new RangeError("boom"))]) {
        const [tag, [error, stack]] = await start(fun, { name: "failing" }) as [
          string,
          [unknown, unknown],
        ];
        assertEquals(tag, "error");
        assert(error instanceof RangeError && error.message === "boom");
        assertEquals(typeof stack, "string");
        assertEquals(Process.whereis("failing"), undefined);
      }
    }
    const leave = () => {
      throw exit("bye");
    };
    assertEquals(await Agent.start(leave), ["error", "bye"]);
  }));

Deno.test("Agent.start() gives up after the timeout, when the function takes longer", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const started = Agent.start(() => Process.sleep(Infinity), { timeout: 100, name: "slow" });
    await pass(time, 100);
    assertEquals(await started, ["error", "timeout"]);
    assertEquals(Process.whereis("slow"), undefined);
  });
});

Deno.test("Agent functions reject a value that is not a function with a TypeError", () =>
  supervising(async () => {
    const agent = await agentOf(1);
    const none = "no function" as never;
    for (
      const call of [
        () => Agent.start(none),
        () => Agent.startLink(none),
        () => Agent.get(agent, none),
        () => Agent.update(agent, none),
        () => Agent.getAndUpdate(agent, none),
      ]
    ) await assertRejects(call, TypeError, 'expected a function, found "no function"');
    assertThrows(() => Agent.cast(agent, none), TypeError, "expected a function");
    assertEquals(await Agent.get(agent, (n) => n), 1);
    await Agent.stop(agent);
  }));

// --- Errors -------------------------------------------------------------------------------------

Deno.test("Agent exits when a function throws, and the caller exits with the error and the call [AG-010]", () =>
  supervising(async (reports) => {
    const calls = [
      ["get", (agent: Pid<Agent.AgentOf<number>>) => Agent.get(agent, boom, 1000)],
      ["update", (agent: Pid<Agent.AgentOf<number>>) => Agent.update(agent, boom, 1000)],
      [
        "get_and_update",
        (agent: Pid<Agent.AgentOf<number>>) => Agent.getAndUpdate(agent, boom, 1000),
      ],
    ] as const;
    for (const [operation, call] of calls) {
      const agent = await agentOf(1);
      const [[error, stack], where] = await reasonOf(() => call(agent)) as [
        [Error, string],
        unknown,
      ];
      assert(error instanceof RangeError && stack.includes("boom"));
      assertEquals(where, ["GenServer", "call", [agent, [operation, boom], 1000]]);
      assertEquals(Process.isAlive(agent), false);
    }
    assertEquals(reports.logged.map(({ kind, state }) => [kind, state]), [
      ["gen_server", 1],
      ["gen_server", 1],
      ["gen_server", 1],
    ]);
    const agent = await agentOf(1);
    assertEquals(Agent.cast(agent, boom), "ok");
    const reason = await exitOf(agent) as readonly unknown[];
    assert(reason[0] instanceof RangeError);
  }));

Deno.test("Agent.getAndUpdate() terminates the agent when the function returns no pair", () =>
  supervising(async () => {
    for (const wrong of [42, [1], [1, 2, 3], undefined]) {
      const agent = await agentOf(1);
      const fun = () => wrong as never;
      assertEquals(await reasonOf(() => Agent.getAndUpdate(agent, fun)), [
        ["bad_return_value", wrong],
        ["GenServer", "call", [agent, ["get_and_update", fun], 5000]],
      ]);
      assertEquals(Process.isAlive(agent), false);
    }
  }));

Deno.test("Agent functions exit with noproc when the agent has stopped, and with timeout when it is late [AG-013]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const fun = (n: number) => n;
    const agent = await agentOf(1);
    await Agent.stop(agent);
    for (const server of [agent, "nobody", ["global", "nobody"]] as const) {
      assertEquals(await reasonOf(() => Agent.get(server, fun)), [
        "noproc",
        ["GenServer", "call", [server, ["get", fun], 5000]],
      ]);
      assertEquals(await reasonOf(() => Agent.update(server, fun, 10)), [
        "noproc",
        ["GenServer", "call", [server, ["update", fun], 10]],
      ]);
      assertEquals(Agent.cast(server, fun), "ok");
    }
    assertEquals(await reasonOf(() => Agent.stop(agent)), [
      "noproc",
      ["GenServer", "stop", [agent, "normal", Infinity]],
    ]);

    const slow = await agentOf(1);
    const wait = () => Process.sleep(200);
    const failed = reasonOf(() => Agent.get(slow, wait, 100));
    await pass(time, 100);
    assertEquals(await failed, ["timeout", ["GenServer", "call", [slow, ["get", wait], 100]]]);
    await pass(time, 100);
    assertEquals(await Agent.get(slow, fun), 1);
  });
});

// --- Where functions run ------------------------------------------------------------------------

Deno.test("Agent runs functions in its own process, one at a time, and waits for async ones [AG-014]", () =>
  supervising(async () => {
    const agent = await agentOf(0);
    assertEquals(await Agent.get(agent, () => self()), agent);
    await Agent.update(agent, () => {
      Process.put("key", "value");
      return 0;
    });
    assertEquals(await Agent.get(agent, () => Process.get("key")), "value");
    assertEquals(Process.get("key"), undefined);

    const log: string[] = [];
    let open!: () => void;
    const gate = new Promise<void>((resolve) => open = resolve);
    const first = Agent.update(agent, async (n) => {
      log.push("first begins");
      await gate;
      assertEquals(self(), agent);
      log.push("first ends");
      return n + 1;
    });
    const second = Agent.getAndUpdate(agent, async (n) => {
      log.push("second");
      await Promise.resolve();
      return [self(), n + 1];
    });
    Agent.cast(agent, async (n) => {
      log.push("third");
      await Promise.resolve();
      return n + 1;
    });
    await settled();
    assertEquals(log, ["first begins"]);
    open();
    assertEquals(await first, "ok");
    assertEquals(await second, agent);
    assertEquals(await Agent.get(agent, async (n) => await Promise.resolve(n)), 3);
    assertEquals(log, ["first begins", "first ends", "second", "third"]);
  }));

Deno.test("Agent keeps other clients waiting while a function runs, each for its own time [AG-016]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const agent = await agentOf(7);
    const busy = Agent.get(agent, () => Process.sleep(200));
    await pass(time, 50);
    const impatient = reasonOf(() => Agent.get(agent, (n) => n, 100));
    const patient = Agent.get(agent, (n) => n, 151);
    let isLate = false;
    void impatient.then(() => isLate = true);
    await pass(time, 99);
    assertEquals(isLate, false);
    await pass(time, 1);
    assertEquals(isLate, true);
    assertEquals((await impatient)[0], "timeout");
    await pass(time, 50);
    await busy;
    assertEquals(await patient, 7);
  });
});

Deno.test("Agent converts its state by a function in Sys.changeCode(), and keeps it if that throws [AG-009]", () =>
  supervising(async () => {
    const agent = await agentOf({ n: 1 });
    await Sys.suspend(agent);
    assertEquals(await Sys.changeCode(agent, "1", ({ n }: { n: number }) => ({ m: n + 1 })), "ok");
    assertEquals(await Sys.getState(agent), { m: 2 });
    const [tag] = await Sys.changeCode(agent, "2", boom) as readonly unknown[];
    assertEquals(tag, "error");
    await Sys.resume(agent);
    assertEquals(await Agent.get(agent, (state) => state as unknown), { m: 2 });
    await Agent.stop(agent);
  }));

// --- Elixir's own examples ----------------------------------------------------------------------

Deno.test("Agent does what the examples of its documentation say [AG-018]", () =>
  supervising(async () => {
    // Agent.get/3, Agent.update/3, Agent.get_and_update/3
    const agent = unwrap(await Agent.startLink(() => 42));
    assertEquals(await Agent.get(agent, (state) => state), 42);
    assertEquals(await Agent.update(agent, (state) => state + 1), "ok");
    assertEquals(await Agent.get(agent, (state) => state), 43);
    assertEquals(await Agent.getAndUpdate(agent, (state) => [state, state + 1]), 43);
    assertEquals(await Agent.get(agent, (state) => state), 44);
    // Agent.cast/2
    assertEquals(Agent.cast(agent, (state) => state + 1), "ok");
    assertEquals(await Agent.get(agent, (state) => state), 45);
    // Agent.stop/3
    assertEquals(await Agent.stop(agent), "ok");
    // Agent.start/2: an error leaves the caller alone
    const [tag] = await Agent.start(() => {
      throw new Error("oops");
    }) as readonly unknown[];
    assertEquals(tag, "error");
    // Agent.start_link/2 in the module's document: a counter of its own module
    const Counter = {
      startLink: (first: number) => Agent.startLink(() => first, { name: "counter" }),
      value: () => Agent.get("counter", (n: number) => n),
      increment: () => Agent.update("counter", (n: number) => n + 1),
    };
    await Counter.startLink(0);
    assertEquals(await Counter.value(), 0);
    assertEquals(await Counter.increment(), "ok");
    assertEquals(await Counter.increment(), "ok");
    assertEquals(await Counter.value(), 2);
    // It is a server like any other.
    assertEquals(await GenServer.call("counter", ["get", (n: number) => n]), 2);
  }));

// --- Module, function and arguments -------------------------------------------------------------

const Fruits = {
  empty: () => [] as string[],
  of: (...names: string[]) => names,
  add: (list: string[], name: string) => [...list, name],
  count: (list: string[], factor: number) => list.length * factor,
  take: async (list: string[]) => [list[0], await Promise.resolve(list.slice(1))] as const,
  twice(list: string[]) {
    return this.count(list, 2);
  },
};

Deno.test("Agent's functions take a module, a function of it and arguments, which come after the state", () =>
  inProcess(async () => {
    for (const start of [Agent.startLink, Agent.start] as const) {
      const fruits = unwrap(await start(Fruits, "of", ["apple"], { name: "fruits" }));
      assertEquals(await Agent.update(fruits, Fruits, "add", ["pear"]), "ok");
      assertEquals(Agent.cast("fruits", Fruits, "add", ["fig"]), "ok");
      assertEquals(await Agent.get(fruits, Fruits, "count", [10]), 30);
      assertEquals(await Agent.get(fruits, Fruits, "twice", []), 6);
      assertEquals(await Agent.getAndUpdate(fruits, Fruits, "take", [], 1000), "apple");
      assertEquals(await Agent.get("fruits", (list: string[]) => list), ["pear", "fig"]);
      assertEquals(ProcLib.translateInitialCall(fruits), [Fruits, "of", 1]);
      await Agent.stop(fruits);
    }
    const none = unwrap(await Agent.startLink(Fruits, "empty", []));
    assertEquals(ProcLib.initialCall(none), [Fruits, "empty", []]);
    assertEquals(await Agent.get(none, (list) => list), []);
  }));

Deno.test("Agent's calls by module, function and arguments fail with the request that Elixir has", () =>
  inProcess(async () => {
    const call = [Fruits, "count", [1]] as const;
    for (
      const [operation, asked] of [
        ["get", Agent.get("nobody", ...call, 7)],
        ["get_and_update", Agent.getAndUpdate("nobody", ...call, 7)],
        ["update", Agent.update("nobody", ...call, 7)],
      ] as const
    ) {
      const { reason } = await assertRejects(() => asked, Exit);
      const request = ["GenServer", "call", ["nobody", [operation, call], 7]];
      assertEquals(reason, ["noproc", request]);
    }
  }));

Deno.test("Agent's functions refuse a module without such a function, where they are called", () =>
  inProcess(async () => {
    const agent = unwrap(await Agent.startLink(() => 1));
    const wrong: unknown[][] = [
      [Fruits, "missing", []],
      [Fruits, "count"],
      [Fruits, "count", 7],
      [null, "count", []],
      // A name stands for a module of another node only.
      ["Elixir.Fruits", "count", []],
      [Fruits],
      [],
    ];
    for (const given of wrong) {
      const args = given as [never, never, never];
      for (const call of [Agent.get, Agent.getAndUpdate, Agent.update]) {
        await assertRejects(() => call(agent, ...args), TypeError, "Cannot pass this to an agent");
      }
      assertThrows(() => Agent.cast(agent, ...args), TypeError, "Cannot pass this to an agent");
      for (const start of [Agent.start, Agent.startLink]) {
        await assertRejects(() => start(...args), TypeError, "Cannot pass this to an agent");
      }
    }
    assertEquals(await Agent.get(agent, (state) => state), 1);
  }));
