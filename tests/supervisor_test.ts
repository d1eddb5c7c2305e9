import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Agent,
  type ChildSpec,
  configureRuntime,
  DynamicSupervisor,
  Exit,
  exit,
  flush,
  GenServer,
  inspect,
  ok,
  PartitionSupervisor,
  type Pid,
  Process,
  self,
  spawnLink,
  Supervisor,
  Sys,
  unwrap,
} from "../mod.ts";
import { assertSilence, exitOf, pass } from "./helpers.ts";
import { freshAtom, via } from "./fixtures/naming.ts";
import { ONE_FOR_ONE, refusal } from "./fixtures/supervisors.ts";
import {
  announced,
  childOf,
  end,
  statesOf,
  supervising,
  Worker,
  worker,
} from "./fixtures/worker.ts";

/** The children of a supervisor that has one at least. */
async function childrenOf(
  supervisor: Pid,
): Promise<[Supervisor.ChildInfo, ...Supervisor.ChildInfo[]]> {
  const [first, ...others] = await Supervisor.whichChildren(supervisor);
  return [first!, ...others];
}

/** Why a supervisor does not start whose `init` returns this. */
function refusedInit(result: unknown): Promise<unknown> {
  const module = { init: () => result as Supervisor.InitResult };
  return refusal(Supervisor.startLink(module, undefined));
}

// --- Starting -----------------------------------------------------------------------------------

Deno.test("Supervisor.startLink() starts children one after another, each when the one before has started [SU-023]", () =>
  supervising(async () => {
    let release: () => void;
    const gate = new Promise<void>((resolve) => release = resolve);
    const started = Supervisor.startLink(
      [worker("a"), worker("b", { init: () => gate }), worker("c")],
      ONE_FOR_ONE,
    );
    assertEquals(await announced(), [["start", "a"], ["start", "b"]]);
    await assertSilence();
    release!();
    const supervisor = unwrap(await started);
    assertEquals(await announced(), [["start", "c"]]);
    assertEquals(await statesOf(supervisor), [["a", "up"], ["b", "up"], ["c", "up"]]);
  }));

Deno.test("Supervisor.startLink() stops what it has started, last first, when a child does not start [SU-024]", () =>
  supervising(async () => {
    const result = await Supervisor.startLink([
      worker("a"),
      worker("b"),
      worker("c", { answer: () => ["error", "cannot"] }),
      worker("d"),
    ], ONE_FOR_ONE);
    const reason = ["shutdown", ["failed_to_start_child", "c", "cannot"]];
    assertEquals(result, ["error", reason]);
    const mail = await announced();
    const signal = mail.pop() as unknown[];
    assertEquals(mail, [
      ["start", "a"],
      ["start", "b"],
      ["end", "b", "shutdown"],
      ["end", "a", "shutdown"],
    ]);
    assertEquals([signal[0], signal[2]], ["EXIT", reason]);
    await assertSilence();
  }));

Deno.test("Supervisor.startLink() tells how a child failed to start, in OTP's words", () =>
  supervising(async () => {
    const me = self();
    const failures: [answer: () => unknown, check: (reason: unknown) => void][] = [
      [() => ["error", "why"], (reason) => assertEquals(reason, "why")],
      [() => Promise.resolve(["error", "why"]), (reason) => assertEquals(reason, "why")],
      [() => 42, (reason) => assertEquals(reason, 42)],
      [() => ["ok", "no pid"], (reason) => assertEquals(reason, ["ok", "no pid"])],
      [() => ["ok", me, 1, 2], (reason) => assertEquals(reason, ["ok", me, 1, 2])],
      [() => {
        throw exit("bye");
      }, (reason) => assertEquals(reason, ["EXIT", "bye"])],
      [() => Promise.reject(exit("bye")), (reason) => assertEquals(reason, ["EXIT", "bye"])],
      [() => {
        throw "a value";
      }, (reason) => assertEquals(reason, "a value")],
      [() => {
        throw new RangeError("boom");
      }, (reason) => {
        assert(Array.isArray(reason) && reason[0] === "EXIT" && reason[1][0] instanceof RangeError);
        assertEquals(typeof reason[1][1], "string");
      }],
    ];
    for (const [answer, check] of failures) {
      const result = await Supervisor.startLink([worker("x", { answer })], ONE_FOR_ONE);
      assert(Array.isArray(result) && result[0] === "error");
      const [tag, [what, id, reason]] = result[1] as [string, [string, string, unknown]];
      assertEquals([tag, what, id], ["shutdown", "failed_to_start_child", "x"]);
      check(reason);
    }
    const missing = await Supervisor.startLink(
      [{ id: "x", start: [Worker, "noSuchFunction", []] }],
      ONE_FOR_ONE,
    );
    assert(inspect(missing).includes("has no function"), inspect(missing));
  }));

Deno.test("Supervisor.startLink() takes a function for the start of a child, which runs in the supervisor", () =>
  supervising(async () => {
    let starter: Pid | undefined;
    let later: Pid | undefined;
    const supervisor = unwrap(
      await Supervisor.startLink([{
        id: "x",
        start: async () => {
          starter = self();
          await Promise.resolve();
          later = self();
          return ["ok", spawnLink(() => Process.sleep(Infinity))];
        },
      }], ONE_FOR_ONE),
    );
    assertEquals([starter, later], [supervisor, supervisor]);
    const [[, pid, type, modules]] = await childrenOf(supervisor);
    assertEquals(Process.info(pid as Pid, "parent"), ["parent", supervisor]);
    assertEquals([type, modules], ["worker", "dynamic"]);
  }));

Deno.test("Supervisor.startLink() registers local, global and via names, under which it can be asked [SU-006]", () =>
  supervising(async () => {
    for (
      const name of [
        "a supervisor",
        Symbol("supervisor"),
        ["global", ["supervisor", 1]],
        ["via", via, freshAtom()],
      ] as const
    ) {
      const supervisor = unwrap(
        await Supervisor.startLink([worker("a")], { ...ONE_FOR_ONE, name }),
      );
      assertEquals(await GenServer.whereis(name), supervisor);
      const children = await Supervisor.whichChildren(name);
      assertEquals(children.map(([id]) => id), ["a"]);
      assertEquals(await Supervisor.startLink([], { ...ONE_FOR_ONE, name }), [
        "error",
        ["already_started", supervisor],
      ]);
      assertEquals(await Supervisor.stop(name), "ok");
    }
  }));

Deno.test("Supervisor.startLink() starts without a name when that is undefined or null", () =>
  supervising(async () => {
    for (const name of [undefined, null]) {
      const supervisor = unwrap(await Supervisor.startLink([], { ...ONE_FOR_ONE, name }));
      assertEquals(Process.info(supervisor, "registered_name"), ["registered_name", []]);
    }
  }));

Deno.test("Supervisor.startLink() rejects with a TypeError when the name cannot be one [SU-008]", () =>
  supervising(async () => {
    for (const name of [42, ["invalid", "name"], ["via", "no registry", 1], ["via", 1], {}]) {
      await assertRejects(
        () => Supervisor.startLink([worker("a")], { ...ONE_FOR_ONE, name: name as never }),
        TypeError,
        "Cannot start under this name",
      );
      await assertRejects(
        () =>
          Supervisor.startLink({ init: () => "ignore" as const }, undefined, {
            name: name as never,
          }),
        TypeError,
        "Cannot start under this name",
      );
    }
    await assertSilence();
  }));

Deno.test("Supervisor.startLink() rejects with a TypeError when there is no strategy, or nothing to supervise", () =>
  supervising(async () => {
    await assertRejects(() => Supervisor.startLink([], {} as never), TypeError, "strategy");
    await assertRejects(() => Supervisor.startLink([], undefined as never), TypeError, "strategy");
    await assertRejects(() => Supervisor.startLink([42 as never], ONE_FOR_ONE), TypeError, "42");
    await assertRejects(() => Supervisor.startLink({} as never), TypeError, "init");
    await assertRejects(() => Supervisor.startLink(undefined as never), TypeError, "undefined");
    await assertSilence();
  }));

Deno.test("Supervisor.startLink() calls the init of a module with its argument, in the supervisor [SU-009]", () =>
  supervising(async () => {
    let [inside, after]: (Pid | undefined)[] = [];
    const Numbers = {
      async init([first, second]: readonly [ChildSpec, ChildSpec]) {
        inside = self();
        await Promise.resolve();
        after = self();
        return Supervisor.init([first, second], ONE_FOR_ONE);
      },
    };
    const result = await Supervisor.startLink(Numbers, [worker(1), worker(2)], { name: "numbers" });
    const supervisor = unwrap(result);
    assertEquals([inside, after], [supervisor, supervisor]);
    assertEquals(await announced(), [["start", 1], ["start", 2]]);
    assertEquals(Process.whereis("numbers"), supervisor);
    assertEquals(await statesOf("numbers"), [[1, "up"], [2, "up"]]);
  }));

Deno.test("Supervisor.startLink() resolves with ignore when init returns that, and the supervisor exits normally [SU-015]", () =>
  supervising(async () => {
    let pid: Pid | undefined;
    const Ignoring = {
      init() {
        pid = self();
        return "ignore" as const;
      },
    };
    assertEquals(await Supervisor.startLink(Ignoring, undefined, { name: "ignoring" }), "ignore");
    assertEquals(await announced(), [["EXIT", pid, "normal"]]);
    assertEquals(Process.whereis("ignoring"), undefined);
  }));

Deno.test("Supervisor.startLink() fails with the reason of init when that returns garbage or throws [SU-016]", () =>
  supervising(async () => {
    const Broken = {
      init(outcome: () => unknown) {
        return outcome() as Supervisor.InitResult;
      },
    };
    const fail = async (outcome: () => unknown): Promise<unknown> => {
      const result = await Supervisor.startLink(Broken, outcome);
      assert(Array.isArray(result) && result[0] === "error");
      const mail = await announced();
      assertEquals(mail.length, 1);
      assertEquals((mail[0] as unknown[])[2], result[1]);
      return result[1];
    };
    for (const garbage of ["garbage", ["ok", []], ["ok", 1], ["error", "x"], undefined]) {
      assertEquals(await fail(() => garbage), ["bad_return", [Broken, "init", garbage]]);
    }
    // A thrown value that is not an error counts as returned.
    assertEquals(
      await fail(() => {
        throw "garbage";
      }),
      ["bad_return", [Broken, "init", "garbage"]],
    );
    assertEquals(
      await fail(() => {
        throw exit("bye");
      }),
      "bye",
    );
    const reason = await fail(() => {
      throw new RangeError("boom");
    }) as unknown[];
    assert(reason[0] instanceof RangeError && typeof reason[1] === "string");
    assertEquals(await fail(() => Promise.reject(exit("later"))), "later");
  }));

Deno.test("Supervisor.startLink() refuses wrong flags, and takes those that are right [SU-017]", () =>
  supervising(async () => {
    const wrong: [flags: Record<string, unknown>, what: string, value: unknown][] = [
      [{ strategy: "none_for_one" }, "invalid_strategy", "none_for_one"],
      [{ strategy: "simple_one_for_one" }, "invalid_strategy", "simple_one_for_one"],
      [{ intensity: -1 }, "invalid_intensity", -1],
      [{ intensity: 1.5 }, "invalid_intensity", 1.5],
      [{ intensity: "1" }, "invalid_intensity", "1"],
      [{ period: 0 }, "invalid_period", 0],
      [{ period: -1 }, "invalid_period", -1],
      [{ period: "5" }, "invalid_period", "5"],
      [{ autoShutdown: "sometimes" }, "invalid_auto_shutdown", "sometimes"],
    ];
    for (const [flags, what, value] of wrong) {
      assertEquals(await refusedInit(["ok", [flags, []]]), ["supervisor_data", [what, value]]);
    }
    assertEquals(await refusedInit(["ok", [{ maxRestart: 1 }, []]]), ["supervisor_data", [
      "unknown_flag",
      "maxRestart",
      ["strategy", "intensity", "period", "autoShutdown"],
    ]]);
    for (const flags of ["flags", 1, ["one_for_one", 1, 5], null]) {
      assertEquals(await refusedInit(["ok", [flags, []]]), [
        "supervisor_data",
        ["invalid_type", flags],
      ]);
    }
    for (
      const flags of [
        {},
        { intensity: 0 },
        { strategy: "rest_for_one", intensity: 7, period: 1, autoShutdown: "all_significant" },
        { strategy: "one_for_all", autoShutdown: "any_significant", intensity: undefined },
        { autoShutdown: "never" },
      ] as const
    ) {
      const result = await Supervisor.startLink({ init: () => ["ok", [flags, []]] as const });
      assertEquals(await Supervisor.whichChildren(unwrap(result)), []);
    }
    // Options of a supervisor without a module are checked in the same way.
    assertEquals(
      await Supervisor.startLink([], { strategy: "one_for_one", maxSeconds: 0 }),
      ["error", ["supervisor_data", ["invalid_period", 0]]],
    );
  }));

Deno.test("Supervisor.startLink() allows one restart in five seconds when the flags say nothing else", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const children = [worker("a")];
    const result = await Supervisor.startLink({ init: () => ["ok", [{}, children]] as const });
    const supervisor = unwrap(result);
    end(await childOf(supervisor, "a"), "crash");
    await announced();
    await pass(time, 6000);
    end(await childOf(supervisor, "a"), "crash");
    await announced();
    end(await childOf(supervisor, "a"), "crash");
    const mail = await announced();
    assertEquals(mail, [["end", "a", "crash"], ["EXIT", supervisor, "shutdown"]]);
  });
});

/** Specifications that are wrong, and what is wrong with them. */
function wrongSpecs(): [spec: Record<string, unknown>, reason: unknown][] {
  const { id, start } = worker("id");
  return [
    [{}, "missing_id"],
    [{ start }, "missing_id"],
    [{ id }, "missing_start"],
    [{ id, start: "start" }, ["invalid_mfa", "start"]],
    [{ id, start: [Worker, "startLink"] }, ["invalid_mfa", [Worker, "startLink"]]],
    [{ id, start: ["worker", "startLink", []] }, ["invalid_mfa", ["worker", "startLink", []]]],
    [{ id, start: [Worker, 1, []] }, ["invalid_mfa", [Worker, 1, []]]],
    [{ id, start: [Worker, "startLink", 1] }, ["invalid_mfa", [Worker, "startLink", 1]]],
    [{ id, start, restart: "always" }, ["invalid_restart_type", "always"]],
    [{ id, start, type: "manager" }, ["invalid_child_type", "manager"]],
    [{ id, start, shutdown: -1 }, ["invalid_shutdown", -1]],
    [{ id, start, shutdown: 0.5 }, ["invalid_shutdown", 0.5]],
    [{ id, start, shutdown: "never" }, ["invalid_shutdown", "never"]],
    [{ id, start, modules: "all" }, ["invalid_modules", "all"]],
    [{ id, start, modules: [Worker, 1] }, ["invalid_module", 1]],
    [{ id, start, significant: "very" }, ["invalid_significant", "very"]],
    [{ id, start, significant: true, restart: "transient" }, ["bad_combination", [
      ["auto_shutdown", "never"],
      ["significant", true],
    ]]],
  ];
}

Deno.test("Supervisor.startLink() refuses wrong specifications in init, and starts nothing then [SU-018]", () =>
  supervising(async () => {
    const good = worker("good");
    for (const [spec, reason] of wrongSpecs()) {
      assertEquals(await refusedInit(["ok", [{}, [good, spec]]]), ["start_spec", reason]);
    }
    for (const spec of ["worker", 1, null, [Agent, () => 1], ["id", "start"]]) {
      assertEquals(await refusedInit(["ok", [{}, [spec]]]), [
        "start_spec",
        ["invalid_child_spec", spec],
      ]);
    }
    assertEquals(await refusedInit(["ok", [{}, "children"]]), ["start_spec", [
      "badarg",
      "children",
    ]]);
    assertEquals(await refusedInit(["ok", [{}, [{ ...good, restrat: "temporary" }]]]), [
      "start_spec",
      ["unknown_field", "restrat", [
        "id",
        "start",
        "restart",
        "shutdown",
        "type",
        "modules",
        "significant",
      ]],
    ]);
    const odd = { ...good, restrat: undefined };
    unwrap(await Supervisor.startLink({ init: () => ["ok", [{}, [odd]]] as const }));
    assertEquals(await announced(), [["start", "good"]]);
  }));

Deno.test("Supervisor.startLink() refuses two children of one id, and starts nothing [SU-019]", () =>
  supervising(async () => {
    for (const [id, same] of [["one", "one"], [["a", 1], ["a", 1]], [{ n: 1 }, { n: 1 }]]) {
      const children = [worker(id), worker("other"), worker(same)];
      assertEquals(await Supervisor.startLink(children, ONE_FOR_ONE), [
        "error",
        ["start_spec", ["duplicate_child_name", id]],
      ]);
      const [signal, ...more] = await announced();
      assertEquals((signal as unknown[])[0], "EXIT");
      assertEquals(more, []);
    }
  }));

Deno.test("Supervisor.startLink() lists a child whose start returns ignore as undefined, unless it is temporary [SU-027]", () =>
  supervising(async () => {
    const ignoring = { answer: () => "ignore" };
    const supervisor = unwrap(
      await Supervisor.startLink([
        worker("permanent", ignoring),
        worker("transient", ignoring, { restart: "transient" }),
        worker("temporary", ignoring, { restart: "temporary" }),
        worker("last"),
      ], ONE_FOR_ONE),
    );
    assertEquals(await statesOf(supervisor), [
      ["permanent", undefined],
      ["transient", undefined],
      ["last", "up"],
    ]);
    const temporary = worker("temporary", ignoring, { restart: "temporary" });
    assertEquals(await Supervisor.startChild(supervisor, temporary), ["ok", undefined]);
    assertEquals(await Supervisor.deleteChild(supervisor, "temporary"), ["error", "not_found"]);
    assertEquals(await Supervisor.startChild(supervisor, worker("p", ignoring)), ["ok", undefined]);
    assertEquals(await Supervisor.deleteChild(supervisor, "p"), "ok");
  }));

Deno.test("Supervisor.startLink() stays linked to the process that called it, and traps exits", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    assertEquals(Process.info(supervisor, ["links", "trap_exit", "parent"]), [
      ["links", [self()]],
      ["trap_exit", true],
      ["parent", self()],
    ]);
  }));

Deno.test("Supervisor.startLink() gives a child up that hangs in init when its start has a timeout", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const Hanging = {
      startLink: () => GenServer.startLink(Hanging, undefined, { timeout: 100 }),
      init: async () => {
        await Process.sleep(Infinity);
        return ok(0);
      },
    };
    const hanging = { id: "hanging", start: [Hanging, "startLink", []] } as const;
    const started = Supervisor.startLink([worker("a"), hanging], ONE_FOR_ONE);
    await pass(time, 99);
    assertEquals(await announced(), [["start", "a"]]);
    await pass(time, 1);
    assertEquals(await started, [
      "error",
      ["shutdown", ["failed_to_start_child", "hanging", "timeout"]],
    ]);
    assertEquals((await announced())[0], ["end", "a", "shutdown"]);
  });
});

// --- Specifications -----------------------------------------------------------------------------

Deno.test("Supervisor.init() makes flags and specifications, with the defaults of Elixir", () => {
  const spec = { id: "a", start: [Worker, "startLink", []] } as const;
  assertEquals(Supervisor.init([spec], ONE_FOR_ONE), ["ok", [
    { strategy: "one_for_one", intensity: 3, period: 5, autoShutdown: "never" },
    [spec],
  ]]);
  const zero = () => 0;
  assertEquals(
    Supervisor.init([[Agent, zero]], {
      strategy: "rest_for_one",
      maxRestarts: 1,
      maxSeconds: 2,
      autoShutdown: "any_significant",
    }),
    ["ok", [
      { strategy: "rest_for_one", intensity: 1, period: 2, autoShutdown: "any_significant" },
      [{ id: Agent, start: [Agent, "startLink", [zero]] }],
    ]],
  );
  assertThrows(() => Supervisor.init([], {} as never), TypeError, "strategy");
  assertThrows(() => Supervisor.init("children" as never, ONE_FOR_ONE), TypeError, '"children"');
});

Deno.test("Supervisor.childSpec() asks the module, and puts overrides in the place of its fields", () => {
  const Module = {
    childSpec: (argument: unknown): ChildSpec => ({
      id: ["module", argument],
      start: [Module, "startLink", [argument]],
      restart: "transient",
    }),
  };
  assertEquals(Supervisor.childSpec([Module, 1]), {
    id: ["module", 1],
    start: [Module, "startLink", [1]],
    restart: "transient",
  });
  assertEquals(Supervisor.childSpec(Module), {
    id: ["module", []],
    start: [Module, "startLink", [[]]],
    restart: "transient",
  });
  const overrides = {
    id: "id",
    start: () => "ignore",
    restart: "temporary",
    shutdown: 1,
    type: "supervisor",
    modules: "dynamic",
    significant: true,
  } as const;
  assertEquals(Supervisor.childSpec([Module, 1], overrides), overrides);
  assertEquals(Supervisor.childSpec({ id: "id", start: overrides.start }, { shutdown: 1 }), {
    id: "id",
    start: overrides.start,
    shutdown: 1,
  });
  assertThrows(
    () => Supervisor.childSpec(Module, { restarts: 1 } as never),
    TypeError,
    'Cannot override a child specification: unknown option "restarts"; expected id, start, restart',
  );
});

Deno.test("Supervisor.childSpec() makes the specification of a supervisor of a module that describes one", () => {
  const Numbers = {
    startLink: (_numbers: unknown) => Supervisor.startLink(Numbers),
    init: () => Supervisor.init([], ONE_FOR_ONE),
    childSpec: (numbers: unknown) => Supervisor.childSpec(Numbers, numbers),
  };
  const expected = (argument: unknown): ChildSpec => ({
    id: Numbers,
    start: [Numbers, "startLink", [argument]],
    type: "supervisor",
    shutdown: "infinity",
  });
  for (const argument of [[1, 2], {}, undefined, null, "id", { size: 1 }, { id: 1, size: 1 }]) {
    assertEquals(Supervisor.childSpec(Numbers, argument), expected(argument));
    assertEquals(Supervisor.childSpec([Numbers, argument]), expected(argument));
  }
  assertEquals(Supervisor.childSpec(Numbers), expected([]));
  assertEquals(Supervisor.childSpec([Numbers, 1], { id: 1 }), { ...expected(1), id: 1 });
  assertEquals(Supervisor.childSpec(Numbers, { id: 2 }, { id: 1, shutdown: undefined }), {
    ...expected({ id: 2 }),
    id: 1,
  });
  // It could be the argument as well as overrides.
  assertThrows(
    () => Supervisor.childSpec(Numbers, { id: 1 }),
    TypeError,
    "Cannot tell whether { id: 1 }",
  );
  // A server's module is asked for its own, and the second argument is overrides.
  const Server = {
    ...Numbers,
    handleCall() {},
    childSpec: () => ({ id: 1, start: () => "ignore" }),
  };
  assertEquals(Supervisor.childSpec(Server, { id: 2 }).id, 2);
});

Deno.test("GenServer.childSpec() of a supervisor makes no worker of it in silence", () =>
  supervising(async (reports) => {
    for (const module of [Supervisor, DynamicSupervisor, PartitionSupervisor]) {
      assertThrows(
        () => GenServer.childSpec(module, undefined as never),
        TypeError,
        "is a supervisor; use its childSpec",
      );
    }
    const Numbers = {
      startLink: () => Supervisor.startLink(Numbers),
      init: () => Supervisor.init([], ONE_FOR_ONE),
    };
    const Carts = {
      startLink: () => DynamicSupervisor.startLink(Carts),
      init: () => DynamicSupervisor.init(),
    };
    const supervisor = unwrap(
      await Supervisor.startLink([GenServer.childSpec(Numbers, undefined)], ONE_FOR_ONE),
    );
    const dynamic = unwrap(await DynamicSupervisor.startLink());
    unwrap(await DynamicSupervisor.startChild(dynamic, GenServer.childSpec(Carts, undefined)));
    const warnings = reports.all.filter(({ level }) => level === "warning");
    assertEquals(warnings.map(({ pid }) => pid), [supervisor, dynamic]);
    for (const { reason } of warnings) {
      assert(
        `${reason}`.includes("is a supervisor, but its specification says that it is a worker"),
      );
    }
    // The right specification is taken without a word.
    const right = unwrap(
      await Supervisor.startLink([
        Supervisor.childSpec(Numbers, undefined),
        DynamicSupervisor.childSpec(Carts, undefined),
      ], ONE_FOR_ONE),
    );
    assertEquals((await Supervisor.countChildren(right)).supervisors, 2);
    const shutdownOf = async (id: unknown) =>
      unwrap(await Supervisor.getChildSpec(right, id)).shutdown;
    assertEquals([await shutdownOf(Numbers), await shutdownOf(Carts)], ["infinity", "infinity"]);
    assertEquals(reports.all.filter(({ level }) => level === "warning").length, 2);
  }));

Deno.test("Supervisor.childSpec() throws when a module has no childSpec, is missing, or is not a module [SU-003]", () => {
  class Plain {
    static init() {}
  }
  for (const module of [Plain, { init: () => ok(1) }, () => {}]) {
    for (const child of [module, [module, "argument"]]) {
      assertThrows(
        () => Supervisor.childSpec(child as never),
        TypeError,
        "it has no childSpec function",
      );
    }
  }
  for (
    const child of [undefined, null, [undefined, 1], "module", 42, ["module", 1], [], [1, 2, 3]]
  ) {
    assertThrows(
      () => Supervisor.childSpec(child as never),
      TypeError,
      "expected a module with a childSpec function, a [module, argument] pair or a child specification",
    );
  }
});

Deno.test("Supervisor.checkChildSpecs() checks a list without starting anything [SU-021]", () =>
  supervising(async () => {
    const good: ChildSpec[] = [];
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      for (const shutdown of [0, 1, 5000, "infinity", "brutal_kill"] as const) {
        for (const type of ["worker", "supervisor"] as const) {
          for (const modules of [[], [Worker], [Worker, Agent], "dynamic"] as const) {
            const id = [restart, shutdown, type, modules];
            good.push(worker(id, {}, { restart, shutdown, type, modules }));
          }
        }
      }
    }
    assertEquals(Supervisor.checkChildSpecs(good), "ok");
    assertEquals(Supervisor.checkChildSpecs([]), "ok");
    for (const [spec, reason] of wrongSpecs()) {
      assertEquals(Supervisor.checkChildSpecs([good[0]!, spec as never], "never"), [
        "error",
        reason,
      ]);
    }
    assertEquals(Supervisor.checkChildSpecs([good[0]!, good[0]!]), [
      "error",
      ["duplicate_child_name", good[0]!.id],
    ]);
    assertEquals(Supervisor.checkChildSpecs({} as never), ["error", ["badarg", {}]]);
    assertEquals(Supervisor.checkChildSpecs([Worker as never]), ["error", "missing_id"]);
    assertEquals(Supervisor.checkChildSpecs([1 as never]), ["error", ["invalid_child_spec", 1]]);
    await assertSilence();
  }));

Deno.test("Supervisor.checkChildSpecs() looks at significant children only as autoShutdown has it", () => {
  const significant = (restart: "transient" | "permanent"): ChildSpec[] => [{
    id: 1,
    start: [Worker, "startLink", []],
    significant: true,
    restart,
  }];
  assertEquals(Supervisor.checkChildSpecs(significant("transient")), "ok");
  assertEquals(Supervisor.checkChildSpecs(significant("transient"), "any_significant"), "ok");
  assertEquals(Supervisor.checkChildSpecs(significant("transient"), "never"), ["error", [
    "bad_combination",
    [["auto_shutdown", "never"], ["significant", true]],
  ]]);
  assertEquals(Supervisor.checkChildSpecs(significant("permanent"), "all_significant"), ["error", [
    "bad_combination",
    [["restart", "permanent"], ["significant", true]],
  ]]);
  assertEquals(Supervisor.checkChildSpecs([], "sometimes" as never), ["error", [
    "badarg",
    "sometimes",
  ]]);
});

// --- Adding and removing children ---------------------------------------------------------------

Deno.test("Supervisor.startChild() takes a specification, a pair or a module, and returns the new pid [SU-010]", () =>
  supervising(async () => {
    const Module = {
      startLink: (id: unknown) => GenServer.startLink(Worker, { id, owner, attempts: 0 }),
      childSpec: (id: unknown): ChildSpec => ({ id, start: [Module, "startLink", [id]] }),
    };
    const owner = self();
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    for (const [child, id] of [[worker("map"), "map"], [[Module, 1], 1], [Module, []]] as const) {
      const [tag, pid] = await Supervisor.startChild(supervisor, child);
      assertEquals(tag, "ok");
      assertEquals(await announced(), [["start", id]]);
      const [[listed, running, type, modules]] = await childrenOf(supervisor);
      assertEquals([listed, running, type], [id, pid, "worker"]);
      assertEquals(modules, [id === "map" ? Worker : Module]);
    }
    await assertRejects(() => Supervisor.startChild(supervisor, 42 as never), TypeError, "42");
  }));

Deno.test("Supervisor.startChild() takes an ES module also when messages are frozen", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    configureRuntime({ freezeMessages: true });
    try {
      const [tag, agent] = await Supervisor.startChild(supervisor, [Agent, () => 1]);
      assertEquals([tag, await Agent.get(agent as Pid, (state) => state)], ["ok", 1]);
    } finally {
      configureRuntime({ freezeMessages: false });
    }
  }));

Deno.test("Supervisor.startChild() returns the error in a specification, and starts nothing [SU-011]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    for (const [spec, reason] of wrongSpecs()) {
      assertEquals(await Supervisor.startChild(supervisor, spec as never), ["error", reason]);
    }
    assertEquals(await Supervisor.whichChildren(supervisor), []);
    await assertSilence();
  }));

Deno.test("Supervisor.startChild() takes a shutdown of 0 or 1 ms [SU-012]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    for (const shutdown of [0, 1]) {
      unwrap(await Supervisor.startChild(supervisor, worker(shutdown, {}, { shutdown })));
      const spec = unwrap(await Supervisor.getChildSpec(supervisor, shutdown));
      assertEquals(spec.shutdown, shutdown);
    }
    assertEquals(await announced(), [["start", 0], ["start", 1]]);
  }));

Deno.test("Supervisor.startChild() returns the pid of a running child of that id, or that there is one [SU-033]", () =>
  supervising(async () => {
    const id = ["an", { id: 1 }];
    const supervisor = unwrap(await Supervisor.startLink([worker(id)], ONE_FOR_ONE));
    const [[, pid]] = await childrenOf(supervisor);
    await announced();
    const again = worker(["an", { id: 1 }]);
    assertEquals(await Supervisor.startChild(supervisor, again), [
      "error",
      ["already_started", pid],
    ]);
    assertEquals(await Supervisor.terminateChild(supervisor, ["an", { id: 1 }]), "ok");
    assertEquals(await Supervisor.startChild(supervisor, again), ["error", "already_present"]);
    assertEquals(await announced(), [["end", id, "shutdown"]]);
  }));

Deno.test("Supervisor.startChild() returns the reason and OTP's record of a child that does not start", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    const spec = worker("a", { answer: () => ["error", "cannot"] }, { shutdown: 10 });
    assertEquals(await Supervisor.startChild(supervisor, spec), ["error", ["cannot", [
      "child",
      undefined,
      "a",
      spec.start,
      "permanent",
      false,
      10,
      "worker",
      [Worker],
    ]]]);
    assertEquals(await Supervisor.whichChildren(supervisor), []);
    assertEquals(await Supervisor.restartChild(supervisor, "a"), ["error", "not_found"]);
  }));

Deno.test("Supervisor.startChild() and restartChild() return the info of a start that returns one [SU-032]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    const talkative = worker("a", {
      answer: (attempt) => ["ok", spawnLink(() => Process.sleep(Infinity)), { attempt }],
    });
    const [tag, first, info] = await Supervisor.startChild(supervisor, talkative);
    assertEquals([tag, info], ["ok", { attempt: 1 }]);
    assertEquals(await childOf(supervisor, "a"), first);
    await Supervisor.terminateChild(supervisor, "a");
    const [again, second, more] = await Supervisor.restartChild(supervisor, "a");
    assertEquals([again, more], ["ok", { attempt: 2 }]);
    assert(second !== first);
    // Restarted by the supervisor, and started with it.
    Process.exit(second as Pid, "crash");
    const third = await childOf(supervisor, "a");
    assert(third !== second && Process.isAlive(third));
    const other = unwrap(await Supervisor.startLink([talkative], ONE_FOR_ONE));
    assertEquals(await statesOf(other), [["a", "up"]]);
  }));

Deno.test("Supervisor takes a child through its life: add, delete, terminate, restart [SU-013]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([], ONE_FOR_ONE));
    assertEquals(await Supervisor.whichChildren(supervisor), []);
    const none = { specs: 0, active: 0, supervisors: 0, workers: 0 };
    assertEquals(await Supervisor.countChildren(supervisor), none);

    const pid = unwrap(await Supervisor.startChild(supervisor, worker("a")));
    assertEquals(await Supervisor.whichChildren(supervisor), [["a", pid, "worker", [Worker]]]);
    const one = { ...none, specs: 1, active: 1, workers: 1 };
    assertEquals(await Supervisor.countChildren(supervisor), one);
    assertEquals(await Supervisor.deleteChild(supervisor, "a"), ["error", "running"]);

    assertEquals(await Supervisor.terminateChild(supervisor, "a"), "ok");
    assertEquals(Process.isAlive(pid!), false);
    assertEquals(await Supervisor.whichChildren(supervisor), [
      ["a", undefined, "worker", [Worker]],
    ]);
    assertEquals(await Supervisor.countChildren(supervisor), { ...one, active: 0 });

    const next = unwrap(await Supervisor.restartChild(supervisor, "a"));
    assertEquals(await Supervisor.whichChildren(supervisor), [["a", next, "worker", [Worker]]]);

    assertEquals(await Supervisor.terminateChild(supervisor, "a"), "ok");
    assertEquals(await Supervisor.deleteChild(supervisor, "a"), "ok");
    assertEquals(await Supervisor.whichChildren(supervisor), []);
    assertEquals(await announced(), [
      ["start", "a"],
      ["end", "a", "shutdown"],
      ["start", "a"],
      ["end", "a", "shutdown"],
    ]);
  }));

Deno.test("Supervisor.terminateChild() returns ok for a known child, running or not [SU-034]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([worker("a")], ONE_FOR_ONE));
    const pid = await childOf(supervisor, "a");
    assertEquals(await Supervisor.terminateChild(supervisor, pid), ["error", "not_found"]);
    assertEquals(await Supervisor.terminateChild(supervisor, "b"), ["error", "not_found"]);
    assertEquals(await Supervisor.terminateChild(supervisor, "a"), "ok");
    assertEquals(await Supervisor.terminateChild(supervisor, "a"), "ok");
    assertEquals(await announced(), [["start", "a"], ["end", "a", "shutdown"]]);
  }));

Deno.test("Supervisor.terminateChild() forgets a temporary child, and keeps all others [SU-035]", () =>
  supervising(async () => {
    const restarts = ["permanent", "transient", "temporary"] as const;
    const children = restarts.map((restart) => worker(restart, {}, { restart }));
    const supervisor = unwrap(await Supervisor.startLink(children, ONE_FOR_ONE));
    for (const restart of restarts) {
      assertEquals(await Supervisor.terminateChild(supervisor, restart), "ok");
    }
    assertEquals(await statesOf(supervisor), [["permanent", undefined], ["transient", undefined]]);
  }));

Deno.test("Supervisor.terminateChild() stops a child for good, also a permanent one [SU-036]", () =>
  supervising(async () => {
    const children = [worker("a", {}, { restart: "permanent" })];
    const supervisor = unwrap(await Supervisor.startLink(children, ONE_FOR_ONE));
    await Supervisor.terminateChild(supervisor, "a");
    assertEquals(await announced(), [["start", "a"], ["end", "a", "shutdown"]]);
    await assertSilence();
    assertEquals(await statesOf(supervisor), [["a", undefined]]);
  }));

/** A supervisor whose child `"b"` cannot be restarted, and is tried again and again. */
async function restartLoop(strategy: Supervisor.Strategy = "one_for_one"): Promise<{
  supervisor: Pid;
  allow: () => void;
  attempts: () => number;
}> {
  let [isAllowed, attempts] = [true, 0];
  const { promise: isTrying, resolve } = Promise.withResolvers<void>();
  const answer = (attempt: number) => {
    attempts = attempt;
    if (attempt === 4) resolve();
    return isAllowed ? undefined : ["error", "not yet"];
  };
  const supervisor = unwrap(
    await Supervisor.startLink([worker("a"), worker("b", { answer }), worker("c")], {
      strategy,
      maxRestarts: Number.MAX_SAFE_INTEGER,
    }),
  );
  isAllowed = false;
  end(await childOf(supervisor, "b"), "crash");
  await isTrying;
  return { supervisor, allow: () => isAllowed = true, attempts: () => attempts };
}

Deno.test("Supervisor.restartChild() returns running, restarting or not_found [SU-037]", () =>
  supervising(async () => {
    const { supervisor } = await restartLoop();
    assertEquals(await Supervisor.restartChild(supervisor, "a"), ["error", "running"]);
    assertEquals(await Supervisor.restartChild(supervisor, "b"), ["error", "restarting"]);
    assertEquals(await Supervisor.restartChild(supervisor, "x"), ["error", "not_found"]);
  }));

Deno.test("Supervisor.restartChild() returns the reason when the child does not start, and keeps it", () =>
  supervising(async () => {
    const answer = (attempt: number) => attempt === 2 ? ["error", "cannot"] : undefined;
    const supervisor = unwrap(await Supervisor.startLink([worker("a", { answer })], ONE_FOR_ONE));
    await Supervisor.terminateChild(supervisor, "a");
    assertEquals(await Supervisor.restartChild(supervisor, "a"), ["error", "cannot"]);
    assertEquals(await statesOf(supervisor), [["a", undefined]]);
    assertEquals((await Supervisor.restartChild(supervisor, "a"))[0], "ok");
  }));

Deno.test("Supervisor.deleteChild() returns ok, running, restarting or not_found [SU-038]", () =>
  supervising(async () => {
    const { supervisor } = await restartLoop();
    assertEquals(await Supervisor.deleteChild(supervisor, "a"), ["error", "running"]);
    assertEquals(await Supervisor.deleteChild(supervisor, "b"), ["error", "restarting"]);
    assertEquals(await Supervisor.deleteChild(supervisor, "x"), ["error", "not_found"]);
    await Supervisor.terminateChild(supervisor, "a");
    assertEquals(await Supervisor.deleteChild(supervisor, "a"), "ok");
    assertEquals(await Supervisor.deleteChild(supervisor, "a"), ["error", "not_found"]);
  }));

Deno.test("Supervisor shows a child that fails to restart as restarting, and its id as present [SU-059]", () =>
  supervising(async () => {
    for (const strategy of ["one_for_one", "rest_for_one", "one_for_all"] as const) {
      const { supervisor } = await restartLoop(strategy);
      const last = strategy === "one_for_one" ? "up" : undefined;
      const expected: unknown[] = [["a", "up"], ["b", "restarting"], ["c", last]];
      assertEquals(await statesOf(supervisor), expected);
      assertEquals(await Supervisor.startChild(supervisor, worker("b")), [
        "error",
        "already_present",
      ]);
      const active = strategy === "one_for_one" ? 2 : 1;
      assertEquals(await Supervisor.countChildren(supervisor), {
        specs: 3,
        active,
        supervisors: 0,
        workers: 3,
      });
    }
  }));

Deno.test("Supervisor.terminateChild() stops the attempts to restart a child, which can be restarted later [SU-060]", () =>
  supervising(async () => {
    for (const strategy of ["one_for_one", "rest_for_one"] as const) {
      const { supervisor, allow, attempts } = await restartLoop(strategy);
      assertEquals(await Supervisor.terminateChild(supervisor, "b"), "ok");
      const before = attempts();
      assertEquals((await statesOf(supervisor))[1], ["b", undefined]);
      await announced();
      assertEquals(attempts(), before);
      allow();
      assertEquals((await Supervisor.restartChild(supervisor, "b"))[0], "ok");
      assertEquals((await statesOf(supervisor))[1], ["b", "up"]);
    }
  }));

Deno.test("Supervisor obeys its parent while it tries to restart a child [SU-061]", () =>
  supervising(async () => {
    const { supervisor } = await restartLoop();
    flush();
    Process.exit(supervisor, "shutdown");
    assertEquals(await exitOf(supervisor), "shutdown");
    assertEquals(await announced(), [
      ["end", "c", "shutdown"],
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "shutdown"],
    ]);
  }));

Deno.test("Supervisor functions exit with noproc when there is no such supervisor [SU-039]", () =>
  supervising(async () => {
    const spec = worker("a");
    const calls: [() => Promise<unknown>, request: unknown][] = [
      [() => Supervisor.startChild("nobody", spec), ["start_child", spec]],
      [() => Supervisor.terminateChild("nobody", "a"), ["terminate_child", "a"]],
      [() => Supervisor.restartChild("nobody", "a"), ["restart_child", "a"]],
      [() => Supervisor.deleteChild("nobody", "a"), ["delete_child", "a"]],
      [() => Supervisor.whichChildren("nobody"), "which_children"],
      [() => Supervisor.countChildren("nobody"), "count_children"],
      [() => Supervisor.getChildSpec("nobody", "a"), ["get_childspec", "a"]],
    ];
    for (const [call, request] of calls) {
      const failed = await assertRejects(call, Exit);
      assertEquals(failed.reason, ["noproc", ["GenServer", "call", ["nobody", request, Infinity]]]);
    }
    const failed = await assertRejects(() => Supervisor.stop("nobody"), Exit);
    assertEquals(failed.reason, ["noproc", ["GenServer", "stop", ["nobody", "normal", Infinity]]]);
  }));

// --- Looking at it ------------------------------------------------------------------------------

Deno.test("Supervisor.whichChildren() lists the child started last first [SU-041]", () =>
  supervising(async () => {
    const inner = {
      id: "inner",
      start: () => Supervisor.startLink([], ONE_FOR_ONE),
      type: "supervisor",
      modules: [Supervisor],
    } as const;
    const supervisor = unwrap(await Supervisor.startLink([worker("a"), inner], ONE_FOR_ONE));
    const c = unwrap(await Supervisor.startChild(supervisor, worker("c", {}, { modules: [] })));
    const children = await Supervisor.whichChildren(supervisor);
    const [a, b] = [await childOf(supervisor, "a"), await childOf(supervisor, "inner")];
    assertEquals(children, [
      ["c", c, "worker", []],
      ["inner", b, "supervisor", [Supervisor]],
      ["a", a, "worker", [Worker]],
    ]);
    // A child that was stopped and restarted keeps its place.
    await Supervisor.terminateChild(supervisor, "inner");
    assertEquals((await Supervisor.whichChildren(supervisor))[1], [
      "inner",
      undefined,
      "supervisor",
      [Supervisor],
    ]);
    await Supervisor.restartChild(supervisor, "inner");
    const ids = (await Supervisor.whichChildren(supervisor)).map(([id]) => id);
    assertEquals(ids, ["c", "inner", "a"]);
    assertEquals(await Supervisor.countChildren(supervisor), {
      specs: 3,
      active: 3,
      supervisors: 1,
      workers: 2,
    });
    const { supervisor: trying } = await restartLoop();
    assertEquals((await Supervisor.whichChildren(trying))[1], [
      "b",
      "restarting",
      "worker",
      [Worker],
    ]);
  }));

Deno.test("Supervisor.startChild() forgets the arguments of a temporary child that runs, as OTP's does", () =>
  supervising(async (reports) => {
    const temporary = { restart: "temporary" } as const;
    const supervisor = unwrap(
      await Supervisor.startLink([worker("first", {}, temporary)], ONE_FOR_ONE),
    );
    const startOf = async (id: unknown) =>
      unwrap(await Supervisor.getChildSpec(supervisor, id)).start as readonly unknown[];
    const { start } = worker("added", {}, temporary);
    await Supervisor.startChild(supervisor, worker("added", {}, temporary));
    await Supervisor.startChild(supervisor, worker("transient", {}, { restart: "transient" }));
    await Supervisor.startChild(supervisor, {
      id: "function",
      start: () => Agent.startLink(() => 1),
      restart: "temporary",
    });
    // Those of its init are kept in OTP, too: the supervisor's own argument holds them anyway.
    assertEquals((await startOf("first")).length, 3);
    assertEquals((await startOf("first"))[2], (worker("first").start as readonly unknown[])[2]);
    assertEquals(await startOf("added"), [...(start as readonly unknown[]).slice(0, 2), undefined]);
    assertEquals(await startOf("function"), undefined);
    assert((await startOf("transient"))[2] !== undefined);
    // What the supervisor reports of it does not hold them either.
    const pid = await childOf(supervisor, "added");
    end(pid, "crash");
    await announced();
    const ended = reports.all.find(({ kind }) => kind === "supervisor");
    const offender = ended!.details!["offender"] as { start: unknown[] };
    assertEquals(offender.start, [...(start as readonly unknown[]).slice(0, 2), undefined]);
    assertEquals(await Supervisor.getChildSpec(supervisor, "added"), ["error", "not_found"]);
  }));

Deno.test("Supervisor.getChildSpec() returns the whole specification, defaults included", () =>
  supervising(async () => {
    const plain = worker("a");
    const inner = worker("b", {}, { type: "supervisor", restart: "transient", significant: true });
    const supervisor = unwrap(
      await Supervisor.startLink([plain, inner], {
        ...ONE_FOR_ONE,
        autoShutdown: "any_significant",
      }),
    );
    assertEquals(await Supervisor.getChildSpec(supervisor, "a"), ["ok", {
      id: "a",
      start: plain.start,
      restart: "permanent",
      significant: false,
      shutdown: 5000,
      type: "worker",
      modules: [Worker],
    }]);
    assertEquals(await Supervisor.getChildSpec(supervisor, "b"), ["ok", {
      id: "b",
      start: inner.start,
      restart: "transient",
      significant: true,
      shutdown: "infinity",
      type: "supervisor",
      modules: [Worker],
    }]);
    assertEquals(await Supervisor.getChildSpec(supervisor, "c"), ["error", "not_found"]);
  }));

Deno.test("Supervisor works with Sys: status, suspend and resume", () =>
  supervising(async () => {
    const Module = { init: (children: ChildSpec[]) => Supervisor.init(children, ONE_FOR_ONE) };
    const supervisor = unwrap(
      await Supervisor.startLink(Module, [worker("a")], { name: "status" }),
    );
    const pid = await childOf(supervisor, "a");
    const status = await Sys.getStatus(supervisor);
    assertEquals(status.state, {
      name: ["local", "status"],
      module: Module,
      strategy: "one_for_one",
      autoShutdown: "never",
      intensity: 3,
      period: 5,
      children: [["a", pid, "worker", [Worker]]],
    });
    await announced();
    await Sys.suspend(supervisor);
    end(pid, "crash");
    assertEquals(await announced(), [["end", "a", "crash"]]);
    await Sys.resume(supervisor);
    assertEquals(await announced(), [["start", "a"]]);
  }));

Deno.test("Supervisor ignores unknown messages, calls and casts, and says so [SU-080]", () =>
  supervising(async (reports) => {
    const supervisor = unwrap(await Supervisor.startLink([worker("a")], ONE_FOR_ONE));
    const pid = await childOf(supervisor, "a");
    Process.send(supervisor, "hello");
    Process.send(supervisor, ["EXIT", pid]);
    GenServer.cast(supervisor, "unknown cast");
    for (const request of ["unknown", ["unknown", 1], ["start_child"], 42]) {
      const answer = await GenServer.call(supervisor, request as never);
      assertEquals(answer as unknown, ["error", ["unknown_call", request]]);
    }
    assertEquals(await childOf(supervisor, "a"), pid);
    assertEquals(reports.logged.map(({ level, pid }) => [level, pid]), [
      ["error", supervisor],
      ["error", supervisor],
      ["error", supervisor],
      ["error", supervisor],
      ["error", supervisor],
      ["error", supervisor],
      ["error", supervisor],
    ]);
    assertEquals(reports.logged[0]!.reason, 'Supervisor received unexpected message: "hello"');
    assertEquals(reports.logged[2]!.lastMessage, "unknown cast");
    // Its parent has heard nothing.
    assertEquals(await announced(), [["start", "a"]]);
  }));

Deno.test("Supervisor.stop() stops the children, then the supervisor, with the reason asked for", () =>
  supervising(async () => {
    for (const reason of ["normal", "shutdown", ["shutdown", "enough"], "oops"]) {
      const supervisor = unwrap(
        await Supervisor.startLink([worker("a"), worker("b")], ONE_FOR_ONE),
      );
      assertEquals(await Supervisor.stop(supervisor, reason, 1000), "ok");
      assertEquals(await announced(), [
        ["start", "a"],
        ["start", "b"],
        ["end", "b", "shutdown"],
        ["end", "a", "shutdown"],
        ["EXIT", supervisor, reason],
      ]);
    }
  }));

Deno.test("Supervisor.stop() exits with timeout when a child takes longer, and stopping goes on", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const slow = worker("a", { terminate: () => Process.sleep(100) });
    const supervisor = unwrap(await Supervisor.startLink([slow], ONE_FOR_ONE));
    const stopping = Supervisor.stop(supervisor, "normal", 50);
    const failed = assertRejects(() => stopping, Exit);
    await pass(time, 50);
    assertEquals((await failed).reason, [
      "timeout",
      ["GenServer", "stop", [supervisor, "normal", 50]],
    ]);
    await pass(time, 50);
    assertEquals(await announced(), [
      ["start", "a"],
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "normal"],
    ]);
  });
});
