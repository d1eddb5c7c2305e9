import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Agent,
  type ChildSpec,
  configureRuntime,
  DynamicSupervisor,
  Exit,
  exit,
  GenServer,
  Global,
  inspect,
  ok,
  type Pid,
  Process,
  self,
  send,
  spawn,
  spawnLink,
  Supervisor,
  Sys,
  unwrap,
} from "../mod.ts";
import { assertSilence, collectReports, exitOf, pass } from "./helpers.ts";
import { add, refusal, startDynamic as start } from "./fixtures/supervisors.ts";
import { SILENT } from "./fixtures/unreliable.ts";
import { announced, end, hang, supervising, Worker, worker } from "./fixtures/worker.ts";

// Where nothing else is said, the cases are those of Elixir's own dynamic_supervisor_test.exs.

const NONE = { specs: 0, active: 0, supervisors: 0, workers: 0 };

/** Why a supervisor of a module does not start. */
function refused(module: DynamicSupervisor.Module, argument?: unknown): Promise<unknown> {
  return refusal(DynamicSupervisor.startLink(module, argument));
}

// --- Starting -----------------------------------------------------------------------------------

Deno.test("DynamicSupervisor.startLink() starts a supervisor without children, also under a supervisor [DS-001]", () =>
  supervising(async () => {
    const children = [[DynamicSupervisor, { name: "dynamic" }]] as const;
    const supervisor = unwrap(
      await Supervisor.startLink(children, { strategy: "one_for_one" }),
    );
    const [[id, pid, type, modules]] = await Supervisor.whichChildren(supervisor) as [
      Supervisor.ChildInfo,
    ];
    assertEquals([id, pid, type, modules], [
      "dynamic",
      Process.whereis("dynamic"),
      "supervisor",
      [DynamicSupervisor],
    ]);
    assertEquals(await DynamicSupervisor.whichChildren("dynamic"), []);
    assertEquals(await DynamicSupervisor.countChildren("dynamic"), NONE);
    await Supervisor.stop(supervisor);
    assertEquals(Process.whereis("dynamic"), undefined);
  }));

Deno.test("DynamicSupervisor.childSpec() is known by its name, or by the module if it has none [DS-002]", () =>
  supervising(async () => {
    const registry = { ...Global };
    const named = [
      [{ name: "dynamic" }, "dynamic"],
      [{ name: ["local", "other"] }, "other"],
      [{ name: ["global", ["dynamic", 1]] }, ["dynamic", 1]],
      [{ name: ["via", registry, { key: 2 }], maxChildren: 3 }, { key: 2 }],
    ] as const;
    for (const [options, id] of named) {
      assertEquals(DynamicSupervisor.childSpec(options), {
        id,
        start: [DynamicSupervisor, "startLink", [options]],
        type: "supervisor",
      });
    }
    const nameless = {
      id: DynamicSupervisor,
      start: [DynamicSupervisor, "startLink", [{}]],
      type: "supervisor",
    } as const;
    assertEquals(DynamicSupervisor.childSpec(), nameless);
    assertEquals(DynamicSupervisor.childSpec([]), nameless);
    assertEquals(Supervisor.childSpec(DynamicSupervisor), nameless);

    const children = [
      ...named.map(([options]) => [DynamicSupervisor, options] as const),
      DynamicSupervisor,
    ];
    const supervisor = unwrap(
      await Supervisor.startLink(children, { strategy: "one_for_one" }),
    );
    const infos = await Supervisor.whichChildren(supervisor);
    assertEquals(infos.map(([id]) => id), [
      DynamicSupervisor,
      { key: 2 },
      ["dynamic", 1],
      "other",
      "dynamic",
    ]);
    assertEquals(await Supervisor.startChild(supervisor, [DynamicSupervisor, { maxSeconds: 1 }]), [
      "error",
      ["already_started", infos[0]![1]],
    ]);
  }));

Deno.test("DynamicSupervisor.startLink() registers local, global and via names, links, traps exits, and stops by name [DS-007]", () =>
  supervising(async () => {
    const registry = { ...Global };
    for (
      const name of ["dynamic", ["global", "dynamic"], ["via", registry, "dynamic2"]] as const
    ) {
      const byOptions = await start({ name });
      assertEquals(Process.info(byOptions, ["links", "trap_exit", "parent"]), [
        ["links", [self()]],
        ["trap_exit", true],
        ["parent", self()],
      ]);
      assertEquals(await GenServer.whereis(name), byOptions);
      assertEquals(await DynamicSupervisor.startLink({ name }), [
        "error",
        ["already_started", byOptions],
      ]);
      assertEquals(await DynamicSupervisor.stop(name), "ok");
      assertEquals(await GenServer.whereis(name), undefined);

      const Module = { init: () => DynamicSupervisor.init() };
      const byModule = unwrap(await DynamicSupervisor.startLink(Module, undefined, { name }));
      assertEquals(await GenServer.whereis(name), byModule);
      assertEquals(await DynamicSupervisor.stop(name, "shutdown", 1000), "ok");
      assertEquals((await announced()).map((each) => (each as unknown[])[2]), [
        "normal",
        "shutdown",
      ]);
    }
    await assertRejects(() => DynamicSupervisor.stop("dynamic"), Exit, "no process");
  }));

Deno.test("DynamicSupervisor.startLink() takes the options of a GenServer: spawnOpt, debug, hibernateAfter, timeout [DS-008]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start({
      name: "dynamic",
      spawnOpt: { priority: "high" },
      debug: ["statistics"],
      hibernateAfter: 1000,
    });
    assertEquals(Process.info(supervisor, "priority"), ["priority", "high"]);
    await DynamicSupervisor.whichChildren(supervisor);
    const statistics = unwrap(await Sys.statistics(supervisor, "get"));
    assertEquals((statistics as { messagesIn: number }).messagesIn, 1);

    const Hanging = { init: () => new Promise<"ignore">(() => {}) };
    const started = DynamicSupervisor.startLink(Hanging, undefined, { timeout: 100 });
    await pass(time, 100);
    assertEquals(await started, ["error", "timeout"]);
  });
});

Deno.test("DynamicSupervisor.startLink() calls the init of a module with its argument, in the supervisor", () =>
  supervising(async () => {
    let [inside, after]: (Pid | undefined)[] = [];
    const Limited = {
      async init(maxChildren: number) {
        inside = self();
        await Promise.resolve();
        after = self();
        return DynamicSupervisor.init({ maxChildren });
      },
    };
    const supervisor = unwrap(await DynamicSupervisor.startLink(Limited, 1));
    assertEquals([inside, after], [supervisor, supervisor]);
    await add(supervisor, worker("a"));
    assertEquals(await DynamicSupervisor.startChild(supervisor, worker("b")), [
      "error",
      "max_children",
    ]);
  }));

Deno.test("DynamicSupervisor.startLink() refuses wrong options, of which there is one strategy only [DS-005, DS-039]", () =>
  supervising(async () => {
    const Module = {
      init: (flags: unknown) => ["ok", flags] as unknown as DynamicSupervisor.InitResult,
    };
    const wrong: [what: string, flag: string, option: string, values: unknown[]][] = [
      ["invalid_strategy", "strategy", "strategy", ["one_for_all", "rest_for_one", null, 1]],
      ["invalid_intensity", "intensity", "maxRestarts", [-1, 0.5, "3", null]],
      ["invalid_period", "period", "maxSeconds", [0, -1, 0.5, "5", null]],
      ["invalid_max_children", "maxChildren", "maxChildren", [-1, 0.5, NaN, "all", null]],
      ["invalid_extra_arguments", "extraArguments", "extraArguments", ["all", {}, null]],
      ["invalid_auto_shutdown", "autoShutdown", "autoShutdown", ["always", true, null]],
    ];
    for (const [what, flag, option, values] of wrong) {
      for (const value of values) {
        const reason = ["supervisor_data", [what, value]];
        assertEquals(await refused(Module, { [flag]: value }), reason);
        assertEquals(await DynamicSupervisor.startLink({ [option]: value }), ["error", reason]);
        await announced();
      }
    }
    assertEquals(await refused(Module, { maxChilds: 1 }), ["supervisor_data", [
      "unknown_flag",
      "maxChilds",
      ["strategy", "intensity", "period", "autoShutdown", "maxChildren", "extraArguments"],
    ]]);
    const flags = { strategy: "one_for_one", intensity: 0, period: 1, maxChilds: undefined };
    assertEquals((await DynamicSupervisor.startLink(Module, flags))[0], "ok");
    assertEquals((await DynamicSupervisor.startLink(Module, {}))[0], "ok");
  }));

Deno.test("DynamicSupervisor.startLink() returns the outcome of init: ignore, garbage, an error [DS-006]", () =>
  supervising(async () => {
    const Module = { init: (outcome: () => unknown) => outcome() as DynamicSupervisor.InitResult };
    assertEquals(await DynamicSupervisor.startLink(Module, () => "ignore"), "ignore");
    const [signal] = await announced() as [unknown[]];
    assertEquals([signal[0], signal[2]], ["EXIT", "normal"]);
    for (const garbage of ["unknown", undefined, ["ok"], ["ok", []], ["ok", 1], ["ok", {}, {}]]) {
      assertEquals(await refused(Module, () => garbage), ["bad_return", [Module, "init", garbage]]);
    }
    const exits = () => {
      throw exit("bye");
    };
    assertEquals(await refused(Module, exits), "bye");
    const throws = () => Promise.reject(new RangeError("boom"));
    const reason = await refused(Module, throws) as unknown[];
    assert(reason[0] instanceof RangeError && typeof reason[1] === "string");
  }));

Deno.test("DynamicSupervisor.startLink() rejects with a TypeError when it can start nothing, or not under this name", () =>
  supervising(async () => {
    for (const wrong of [42, "dynamic", null, [], [Worker], class {}]) {
      await assertRejects(() => DynamicSupervisor.startLink(wrong as never), TypeError, "options");
    }
    await assertRejects(
      () => DynamicSupervisor.startLink({} as DynamicSupervisor.Module, "argument"),
      TypeError,
      "init callback",
    );
    for (const name of [42, ["invalid", "name"], ["via", "no registry", 1]]) {
      await assertRejects(
        () => DynamicSupervisor.startLink({ name: name as never }),
        TypeError,
        "Cannot start under this name",
      );
    }
    await assertSilence();
  }));

Deno.test("DynamicSupervisor.init() makes flags, with the defaults of Elixir", () => {
  const defaults = {
    strategy: "one_for_one",
    intensity: 3,
    period: 5,
    maxChildren: Infinity,
    extraArguments: [],
    autoShutdown: "never",
  } as const;
  assertEquals(DynamicSupervisor.init(), ["ok", defaults]);
  assertEquals(DynamicSupervisor.init({ strategy: "one_for_one" }), ["ok", defaults]);
  const options = { maxChildren: 1, extraArguments: [2], autoShutdown: "any_significant" } as const;
  assertEquals(DynamicSupervisor.init({ ...options, maxRestarts: 3, maxSeconds: 4 }), ["ok", {
    strategy: "one_for_one",
    intensity: 3,
    period: 4,
    ...options,
  }]);
  assertThrows(() => DynamicSupervisor.init("options" as never), TypeError, '"options"');
});

// --- Adding children ----------------------------------------------------------------------------

Deno.test("DynamicSupervisor.startChild() takes a specification, a pair or a module [DS-011]", () =>
  supervising(async () => {
    const owner = self();
    const Module = {
      startLink: (id: unknown) => GenServer.startLink(Worker, { id, owner, attempts: 0 }),
      childSpec: (id: unknown): ChildSpec => ({ id, start: [Module, "startLink", [id]] }),
    };
    const supervisor = await start();
    const expected: unknown[] = [];
    for (const [child, id] of [[worker("map"), "map"], [[Module, 1], 1], [Module, []]] as const) {
      const pid = unwrap(await DynamicSupervisor.startChild(supervisor, child));
      assertEquals(await announced(), [["start", id]]);
      assertEquals(await GenServer.call(pid, "id"), id);
      expected.push([undefined, pid, "worker", [id === "map" ? Worker : Module]]);
    }
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), expected);
    await assertRejects(
      () => DynamicSupervisor.startChild(supervisor, 42 as never),
      TypeError,
      "42",
    );
  }));

Deno.test("DynamicSupervisor.startChild() does not care for ids: there may be any number of the same", () =>
  supervising(async () => {
    const supervisor = await start();
    const [first, second] = [
      await add(supervisor, worker("a")),
      await add(supervisor, worker("a")),
    ];
    assert(first !== second);
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 2);
  }));

Deno.test("DynamicSupervisor.startChild() takes a function, which runs in the supervisor, before and after it awaits", () =>
  supervising(async () => {
    const supervisor = await start();
    const places: Pid[] = [];
    const pid = await add(supervisor, {
      id: "x",
      start: async () => {
        places.push(self());
        await Promise.resolve();
        places.push(self());
        return ["ok", spawnLink(() => Process.sleep(Infinity))];
      },
    });
    assertEquals(places, [supervisor, supervisor]);
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
      [undefined, pid, "worker", "dynamic"],
    ]);
    assertEquals(Process.info(pid, "links"), ["links", [supervisor]]);
  }));

Deno.test("DynamicSupervisor.startChild() takes ES modules also when messages are frozen", () =>
  supervising(async () => {
    const supervisor = await start();
    configureRuntime({ freezeMessages: true });
    try {
      const agent = unwrap(await DynamicSupervisor.startChild(supervisor, [Agent, () => 1]));
      assertEquals(await Agent.get(agent, (state) => state), 1);
    } finally {
      configureRuntime({ freezeMessages: false });
    }
  }));

Deno.test("DynamicSupervisor.startChild() returns the error in a specification, and calls no start function [DS-013]", async () => {
  const { id, start } = worker("id");
  const wrong: [spec: unknown, reason: unknown][] = [
    [{}, ["invalid_child_spec", {}]],
    [{ start }, ["invalid_child_spec", { start }]],
    [{ id }, ["invalid_child_spec", { id }]],
    [{ id, start: 2 }, ["invalid_child_spec", { id, start: 2 }]],
    [{ id, start: [Worker, "startLink"] }, [
      "invalid_child_spec",
      { id, start: [Worker, "startLink"] },
    ]],
    [{ id, start: [Worker, "startLink", "args"] }, ["invalid_mfa", [Worker, "startLink", "args"]]],
    [{ id, start: ["worker", "startLink", []] }, ["invalid_mfa", ["worker", "startLink", []]]],
    [{ id, start, restart: "always" }, ["invalid_restart_type", "always"]],
    [{ id, start, shutdown: -1 }, ["invalid_shutdown", -1]],
    [{ id, start, shutdown: 0.5 }, ["invalid_shutdown", 0.5]],
    [{ id, start, shutdown: "never" }, ["invalid_shutdown", "never"]],
    [{ id, start, type: "manager" }, ["invalid_child_type", "manager"]],
    [{ id, start, modules: "all" }, ["invalid_modules", "all"]],
    [{ id, start, modules: [Worker, 1] }, ["invalid_modules", [Worker, 1]]],
    [{ id, start, significant: "very" }, ["invalid_significant", "very"]],
    [{ id, start, significant: true }, ["bad_combination", [
      ["restart", "permanent"],
      ["significant", true],
    ]]],
  ];
  for (const [spec, reason] of wrong) {
    assertEquals(await DynamicSupervisor.startChild("nobody", spec as ChildSpec), [
      "error",
      reason,
    ]);
  }
  await supervising(async () => {
    const supervisor = unwrap(await DynamicSupervisor.startLink());
    for (const [spec, reason] of wrong) {
      const result = await DynamicSupervisor.startChild(supervisor, spec as ChildSpec);
      assertEquals(result, ["error", reason]);
    }
    assertEquals(Process.info(supervisor, "reductions"), ["reductions", 1]); // but for its start
    await assertSilence();
  });
});

Deno.test("DynamicSupervisor.startChild() takes a shutdown of 0 or 1 ms", () =>
  supervising(async () => {
    const supervisor = await start();
    for (const shutdown of [0, 1]) {
      await add(supervisor, worker("a", { trap: false }, { shutdown }));
    }
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 2);
  }));

Deno.test("DynamicSupervisor.startChild() returns what the start function returns, and keeps no child without a process [DS-014, DS-016, SU-028]", () =>
  supervising(async () => {
    const supervisor = await start();
    const attempt = (answer: () => unknown, restart: ChildSpec["restart"]) =>
      DynamicSupervisor.startChild(supervisor, worker("a", { answer }, { restart }));
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      const pid = spawn(() => Process.sleep(Infinity));
      const refusals: [answer: unknown, result: unknown][] = [
        ["ignore", "ignore"],
        [["error", "why"], ["error", "why"]],
        [["error", "why", "else"], ["error", ["error", "why", "else"]]],
        ["unknown", ["error", "unknown"]],
        [["ok", "no pid"], ["error", ["ok", "no pid"]]],
        [["ok", pid, 1, 2], ["error", ["ok", pid, 1, 2]]],
      ];
      for (const [answer, result] of refusals) {
        assertEquals(await attempt(() => answer, restart), result);
        assertEquals(await attempt(() => Promise.resolve(answer), restart), result);
      }
      assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
      assertEquals(await attempt(() => ["ok", pid, "info"], restart), ["ok", pid, "info"]);
      assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 1);
      // The same process twice is one child.
      assertEquals(await attempt(() => ["ok", pid], restart), ["ok", pid]);
      assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 1);
      assertEquals(await DynamicSupervisor.terminateChild(supervisor, pid), "ok");
    }
    await assertSilence();
  }));

Deno.test("DynamicSupervisor.startChild() returns what the start function threw, and the supervisor keeps running [DS-015]", () =>
  supervising(async () => {
    const supervisor = await start();
    const attempt = async (answer: () => unknown): Promise<unknown> => {
      const result = await DynamicSupervisor.startChild(supervisor, worker("a", { answer }));
      assert(Array.isArray(result) && result[0] === "error");
      return result[1];
    };
    const thrown = (what: unknown) => () => {
      throw what;
    };
    for (const fail of [thrown, (what: unknown) => () => Promise.reject(what)]) {
      const [nocatch, stack] = await attempt(fail("oops")) as unknown[];
      assertEquals([nocatch, typeof stack], [["nocatch", "oops"], "string"]);
      const [error, trace] = await attempt(fail(new RangeError("oops"))) as unknown[];
      assert(error instanceof RangeError && typeof trace === "string");
      assertEquals(await attempt(fail(exit("oops"))), "oops");
    }
    const missing = { id: "x", start: [Worker, "noSuchFunction", []] } as const;
    const result = await DynamicSupervisor.startChild(supervisor, missing);
    assert(inspect(result).includes("has no function"), inspect(result));
    assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
    await assertSilence();
  }));

Deno.test("DynamicSupervisor.startChild() returns the reason of a child whose init fails, and keeps no child", () =>
  supervising(async () => {
    const supervisor = await start();
    const fail = (init: () => unknown) =>
      DynamicSupervisor.startChild(supervisor, worker("a", { init }));
    assertEquals(await fail(() => Promise.reject(exit("no"))), ["error", "no"]);
    const result = await fail(() => {
      throw new RangeError("boom");
    });
    assert(Array.isArray(result) && (result[1] as unknown[])[0] instanceof RangeError);
    assertEquals(await announced(), [["start", "a"], ["start", "a"]]);
    assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
  }));

Deno.test("DynamicSupervisor.startChild() starts one child after another, for all callers [DS-038]", () =>
  supervising(async () => {
    const supervisor = await start();
    let release: () => void;
    const gate = new Promise<void>((resolve) => release = resolve);
    const slow = DynamicSupervisor.startChild(supervisor, worker("slow", { init: () => gate }));
    const quick = worker("quick");
    let isQuickUp = false;
    spawn(async () => {
      await DynamicSupervisor.startChild(supervisor, quick);
      isQuickUp = true;
    });
    const count = DynamicSupervisor.countChildren(supervisor);
    assertEquals(await announced(), [["start", "slow"]]);
    await assertSilence();
    release!();
    unwrap(await slow);
    assertEquals(await announced(), [["start", "quick"]]);
    assertEquals([isQuickUp, (await count).active], [true, 1]);
  }));

Deno.test("DynamicSupervisor.startChild() refuses children beyond maxChildren [DS-017]", () =>
  supervising(async () => {
    const none = await start({ maxChildren: 0 });
    const full = ["error", "max_children"] as const;
    assertEquals(await DynamicSupervisor.startChild(none, worker("a")), full);
    const two = await start({ maxChildren: 2 });
    const first = await add(two, worker("a"));
    await add(two, worker("b"));
    assertEquals(await DynamicSupervisor.startChild(two, worker("c")), full);
    assertEquals(await announced(), [["start", "a"], ["start", "b"]]);
    await DynamicSupervisor.terminateChild(two, first);
    await add(two, worker("c"));
    assertEquals(await DynamicSupervisor.startChild(two, worker("d")), full);
  }));

Deno.test("DynamicSupervisor extraArguments come before those of each child, at every start", () =>
  supervising(async () => {
    const calls: unknown[][] = [];
    const Module = {
      startLink(...args: unknown[]) {
        calls.push(args);
        return GenServer.startLink({ init: () => ok(0) }, undefined);
      },
    };
    const supervisor = await start({ extraArguments: ["extra", 1] });
    const pid = await add(supervisor, { id: 1, start: [Module, "startLink", ["own", 2]] });
    Process.exit(pid, "kill");
    await announced();
    assertEquals(calls, [["extra", 1, "own", 2], ["extra", 1, "own", 2]]);
    await add(supervisor, { id: 1, start: Module.startLink });
    assertEquals(calls[2], ["extra", 1]);
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 2);
  }));

// --- Removing children --------------------------------------------------------------------------

Deno.test("DynamicSupervisor.terminateChild() stops a child as its specification says, and forgets it [DS-034, DS-037]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start();
    const terminate = () => Process.sleep(300);
    for (
      const [shutdown, reason, ms] of [
        ["brutal_kill", "killed", 0],
        [1000, "shutdown", 300],
        [299, "killed", 299],
        ["infinity", "shutdown", 300],
      ] as const
    ) {
      const child = await add(supervisor, worker("a", { terminate }, { shutdown }));
      await announced();
      const ended = exitOf(child);
      let isDone = false;
      const terminated = DynamicSupervisor.terminateChild(supervisor, child);
      void terminated.then(() => isDone = true);
      if (ms > 0) await pass(time, ms - 1);
      await announced();
      assertEquals(isDone, ms === 0);
      if (ms > 0) await pass(time, 1);
      assertEquals(await terminated, "ok");
      assertEquals(await ended, reason);
      assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
      const again = await DynamicSupervisor.terminateChild(supervisor, child);
      assertEquals(again, ["error", "not_found"]);
      await announced();
      await assertSilence(); // above all, it was not started again
    }
  });
});

Deno.test("DynamicSupervisor.terminateChild() knows its children by pid only, as long as they are children [DS-036, SU-040]", () =>
  supervising(async () => {
    const [supervisor, other] = [await start(), await start()];
    const foreign = await add(other, worker("foreign"));
    const former = await add(supervisor, worker("former", {}, { restart: "temporary" }));
    await add(supervisor, worker("a"));
    end(former, "normal");
    await announced();
    const notFound = ["error", "not_found"] as const;
    for (const pid of [foreign, former, self(), supervisor, other]) {
      assertEquals(await DynamicSupervisor.terminateChild(supervisor, pid), notFound);
    }
    for (const id of ["a", undefined, 1]) {
      await assertRejects(
        () => DynamicSupervisor.terminateChild(supervisor, id as never),
        TypeError,
        "expected its pid",
      );
    }
    // There is nothing to restart or to delete; asking for it does no harm.
    using _reports = collectReports();
    for (const ask of [Supervisor.restartChild, Supervisor.deleteChild]) {
      const [tag, [why]] = await ask(supervisor, "a") as [string, unknown[]];
      assertEquals([tag, why], ["error", "unknown_call"]);
    }
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 1);
    assertEquals((await DynamicSupervisor.countChildren(other)).active, 1);
    await assertSilence();
  }));

Deno.test("DynamicSupervisor.terminateChild() is ok for a child that has just exited by itself, which is not restarted", () =>
  supervising(async (reports) => {
    const supervisor = await start();
    const child = await add(supervisor, worker("a", { trap: false }));
    await announced();
    await Sys.suspend(supervisor);
    const terminated = DynamicSupervisor.terminateChild(supervisor, child);
    await announced();
    Process.exit(child, "kill");
    await Sys.resume(supervisor);
    assertEquals(await terminated, "ok");
    await assertSilence();
    assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
    // As on the BEAM, the reason is not what stopping it would have led to.
    const [report, ...more] = reports.all.filter(({ kind }) => kind === "supervisor");
    assertEquals([report!.reason, report!.details!.context], ["killed", "shutdown_error"]);
    assertEquals(more, []);
  }));

// --- Asking -------------------------------------------------------------------------------------

Deno.test("DynamicSupervisor.whichChildren() and countChildren() show workers, supervisors, and restarting children [DS-023]", () =>
  supervising(async () => {
    const supervisor = await start({ maxRestarts: 10_000 });
    const options = { modules: "dynamic", type: "supervisor" } as const;
    const inner = await add(supervisor, worker("inner", {}, options));
    const failing = worker("failing", { answer: (n) => n > 1 ? ["error", "not yet"] : undefined });
    const child = await add(supervisor, failing);
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
      [undefined, inner, "supervisor", "dynamic"],
      [undefined, child, "worker", [Worker]],
    ]);
    const all = { specs: 2, active: 2, supervisors: 1, workers: 1 };
    assertEquals(await DynamicSupervisor.countChildren(supervisor), all);
    Process.exit(child, "kill");
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
      [undefined, inner, "supervisor", "dynamic"],
      [undefined, "restarting", "worker", [Worker]],
    ]);
    assertEquals(await DynamicSupervisor.countChildren(supervisor), { ...all, active: 1 });
    assertEquals(await DynamicSupervisor.terminateChild(supervisor, child), "ok");
    assertEquals(await DynamicSupervisor.countChildren(supervisor), {
      specs: 1,
      active: 1,
      supervisors: 1,
      workers: 0,
    });
  }));

Deno.test("DynamicSupervisor functions fail with noproc when there is no such supervisor", async () => {
  const failures: [call: () => Promise<unknown>, name: string, request: unknown][] = [
    [() => DynamicSupervisor.countChildren("nobody"), "call", "count_children"],
    [() => DynamicSupervisor.whichChildren("nobody"), "call", "which_children"],
    [() => DynamicSupervisor.terminateChild("nobody", self()), "call", ["terminate_child", self()]],
    [() => DynamicSupervisor.stop("nobody"), "stop", "normal"],
  ];
  for (const [call, name, request] of failures) {
    const { reason } = await assertRejects(call, Exit);
    assertEquals(reason, ["noproc", ["GenServer", name, ["nobody", request, Infinity]]]);
  }
  // Run on Elixir: the request to start a child is a tuple without the id.
  const start = [Agent, "startLink", [() => 0]] as const;
  const given: [spec: Omit<ChildSpec, "id" | "start">, tuple: readonly unknown[]][] = [
    [{}, ["permanent", 5000, "worker", [Agent]]],
    [{ restart: "temporary", shutdown: 7 }, ["temporary", 7, "worker", [Agent]]],
    [{ type: "supervisor", modules: "dynamic" }, [
      "permanent",
      "infinity",
      "supervisor",
      "dynamic",
    ]],
    [{ restart: "transient", significant: true }, ["transient", 5000, "worker", [Agent], true]],
  ];
  for (const [spec, tuple] of given) {
    const child = { id: "child", start, ...spec };
    const { reason } = await assertRejects(
      () => DynamicSupervisor.startChild("nobody", child),
      Exit,
    );
    const request = ["start_child", [start, ...tuple]];
    assertEquals(reason, ["noproc", ["GenServer", "call", ["nobody", request, Infinity]]]);
  }
});

Deno.test("DynamicSupervisor is not disturbed by messages, casts and calls that it does not know", () =>
  supervising(async (reports) => {
    const supervisor = await start({ name: "dynamic" });
    const child = await add(supervisor, worker("a"));
    await announced();
    const stranger = spawn(() => {});
    for (
      const message of [
        "hello",
        ["EXIT", stranger, "crash"],
        ["EXIT", "nobody", "crash"],
        ["$gen_restart", stranger],
        ["$gen_restart", child],
        ["EXIT", child],
      ]
    ) send(supervisor, message);
    GenServer.cast(supervisor, "hello");
    for (const request of ["hello", ["start_child", "hello"], ["terminate_child", "hello"], 42]) {
      const [tag] = await GenServer.call(supervisor, request) as unknown[];
      assertEquals(tag, "error");
    }
    await assertSilence();
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), [
      [undefined, child, "worker", [Worker]],
    ]);
    const texts = reports.logged.map(({ reason }) => reason);
    assertEquals(texts, [
      'DynamicSupervisor received unexpected message: "hello"',
      `DynamicSupervisor received unexpected message: ["EXIT", ${child}]`,
      'DynamicSupervisor received unexpected call: "hello"',
      "DynamicSupervisor received unexpected call: 42",
    ]);
  }));

Deno.test("Sys.getStatus() shows the options and the children of a DynamicSupervisor", () =>
  supervising(async () => {
    const supervisor = await start({ name: "dynamic", maxChildren: 7 });
    const child = await add(supervisor, worker("a"));
    const { state } = await Sys.getStatus(supervisor) as { state: Record<string, unknown> };
    const { module: _module, ...shown } = state;
    assertEquals(shown, {
      name: ["local", "dynamic"],
      strategy: "one_for_one",
      intensity: 3,
      period: 5,
      maxChildren: 7,
      extraArguments: [],
      autoShutdown: "never",
      children: [[undefined, child, "worker", [Worker]]],
    });
  }));

// --- Staying in command -------------------------------------------------------------------------

Deno.test("DynamicSupervisor that waits for a child's init can be killed, and the child exits with it", () =>
  supervising(async () => {
    const supervisor = await start();
    let child: Pid | undefined;
    const init = () => {
      child = Process.list().at(-1);
      return new Promise(() => {});
    };
    const other = await add(supervisor, worker("other", { trap: false }));
    const started = DynamicSupervisor.startChild(supervisor, worker("a", { init, trap: false }));
    const asked = started.catch((error) => error);
    await announced();
    await assertRejects(() => DynamicSupervisor.stop(supervisor, "normal", 0), Exit, "time out");
    Process.exit(supervisor, "kill");
    assertEquals(((await asked as Exit).reason as unknown[])[0], "killed");
    await announced();
    assertEquals([Process.isAlive(child!), Process.isAlive(other)], [false, false]);
  }));

Deno.test("DynamicSupervisor gives a child up that hangs in init when its start has a timeout", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const Hanging = {
      startLink: () => GenServer.startLink(Hanging, undefined, { timeout: 100 }),
      init: () => new Promise<readonly ["ok", 0]>(() => {}),
    };
    const supervisor = await start();
    const started = DynamicSupervisor.startChild(supervisor, {
      id: "hanging",
      start: [Hanging, "startLink", []],
    });
    const next = DynamicSupervisor.startChild(supervisor, worker("next"));
    await pass(time, 99);
    assertEquals(await announced(), []);
    await pass(time, 1);
    assertEquals(await started, ["error", "timeout"]);
    unwrap(await next);
    assertEquals(await announced(), [["start", "next"]]);
  });
});

Deno.test("DynamicSupervisor gives up a child whose registry does not respond", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start();
    const name = ["via", SILENT, "key"] as const;
    const started = DynamicSupervisor.startChild(supervisor, worker("a", { name }));
    await pass(time, 4999);
    assertEquals(await announced(), []);
    await pass(time, 1);
    assertEquals(await started, ["error", [
      "timeout",
      ["NameRegistry", "registerName", ["key"]],
    ]]);
    await add(supervisor, worker("b"));
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 1);
    assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
  });
});

Deno.test("DynamicSupervisor stops a child that hangs in a callback, or throws in terminate", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start();
    const hanging = await add(supervisor, worker("hanging", {}, { shutdown: 100 }));
    const terminate = () => {
      throw new RangeError("boom");
    };
    const throwing = await add(supervisor, worker("throwing", { terminate }));
    await announced();
    hang(hanging);
    const ended = exitOf(hanging);
    const terminated = DynamicSupervisor.terminateChild(supervisor, hanging);
    await pass(time, 99);
    assertEquals(Process.isAlive(hanging), true);
    await pass(time, 1);
    assertEquals([await terminated, await ended], ["ok", "killed"]);
    const thrown = exitOf(throwing);
    assertEquals(await DynamicSupervisor.terminateChild(supervisor, throwing), "ok");
    assert((await thrown as unknown[])[0] instanceof RangeError);
    assertEquals(await DynamicSupervisor.countChildren(supervisor), NONE);
  });
});
