import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  Agent,
  type ChildSpec,
  DynamicSupervisor,
  equal,
  Exit,
  GenServer,
  Global,
  isPid,
  makeRef,
  type NameRegistry,
  noreply,
  ok,
  PartitionSupervisor,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { hash } from "../lib/kernel/term_map.ts";
import { assertSilence, pass } from "./helpers.ts";
import { slowVia } from "./fixtures/naming.ts";
import { SILENT } from "./fixtures/unreliable.ts";
import { announced, end, supervising, worker } from "./fixtures/worker.ts";

// Where nothing else is said, the cases are those of Elixir's own partition_supervisor_test.exs.

/** A server that knows its partition and what it was started with. */
const Room = {
  startLink: (...args: unknown[]) => GenServer.startLink(Room, args),
  init: (args: readonly unknown[]) => ok(args),
  handleCall: (_request: "args", _from: GenServer.From, args: readonly unknown[]) =>
    reply(args, args),
  handleInfo: ([client, message]: readonly [Pid, unknown], args: readonly unknown[]) => {
    send(client, [args[0], message]);
    return noreply(args);
  },
  handleCast: ([client, message]: readonly [Pid, unknown], args: readonly unknown[]) => {
    send(client, [args[0], message]);
    return noreply(args);
  },
};

/** Starts rooms, each with the number of its partition for argument. */
async function startRooms(options: Partial<PartitionSupervisor.StartOptions> = {}): Promise<Pid> {
  return unwrap(
    await PartitionSupervisor.startLink({
      name: "rooms",
      partitions: 4,
      childSpec: { id: "room", start: [Room, "startLink", []] },
      withArguments: (args, partition) => [partition, ...args],
      ...options,
    }),
  );
}

/** The partition of a key, as the room there has it. */
async function partitionOf(key: unknown, name: unknown = "rooms"): Promise<number> {
  const [partition] = await GenServer.call(via(name, key), "args");
  return partition;
}

function via(name: unknown, key: unknown): readonly ["via", NameRegistry, unknown] {
  return ["via", PartitionSupervisor as NameRegistry, [name, key]];
}

/** What the partitions are, by number: `"up"`, `undefined` or `"restarting"`. */
async function statesOf(name: string): Promise<unknown[]> {
  const children = await PartitionSupervisor.whichChildren(name);
  return children.reverse().map(([, child]) => isPid(child) ? "up" : child);
}

// --- Starting -----------------------------------------------------------------------------------

Deno.test("PartitionSupervisor.startLink() starts as many partitions as there are processors, among which keys are spread [PS-002]", () =>
  supervising(async () => {
    const most = navigator.hardwareConcurrency;
    assert(most >= 1);
    await startRooms({ partitions: undefined });
    assertEquals(PartitionSupervisor.partitions("rooms"), most);
    assertEquals(await PartitionSupervisor.countChildren("rooms"), {
      specs: most,
      active: most,
      supervisors: 0,
      workers: most,
    });
    const integers = await Promise.all(Array.from({ length: most }, (_, key) => partitionOf(key)));
    assertEquals(integers, Array.from({ length: most }, (_, partition) => partition));
    const met = new Set<number>();
    for (let i = 0; i < 50 * most; i++) met.add(await partitionOf(["user", i]));
    assertEquals(met.size, most);
  }));

Deno.test("PartitionSupervisor.startLink() takes local, global and via names, by which the partitions are found [PS-003]", () =>
  supervising(async () => {
    for (
      const name of [
        "rooms",
        Symbol("rooms"),
        ["local", "rooms"],
        ["global", ["rooms", 1]],
        ["via", { ...Global }, "rooms2"],
        ["via", slowVia, "rooms3"],
      ] as const
    ) {
      const supervisor = await startRooms({ name });
      assertEquals(await PartitionSupervisor.partitions(name), 4);
      assertEquals(await partitionOf(6, name), 2);
      assertEquals(await partitionOf(6, supervisor), 2);
      assertEquals(GenServer.cast(via(name, 1), [self(), "cast"]), "ok");
      assertEquals(await receive(), [1, "cast"]);
      await send(via(name, 3), [self(), "sent"]);
      assertEquals(await receive(), [3, "sent"]);
      const children = await PartitionSupervisor.whichChildren(name);
      assertEquals(await GenServer.whereis(via(name, 0)), children.at(-1)![1] as Pid);
      const ref = Process.monitor(await GenServer.whereis(via(name, 0)) as Pid);
      assertEquals(await PartitionSupervisor.resize(name, 3), 4);
      assertEquals(await PartitionSupervisor.countChildren(name), {
        specs: 4,
        active: 3,
        supervisors: 0,
        workers: 4,
      });
      assertEquals(
        await PartitionSupervisor.startLink({ name, childSpec: [Agent, () => 0] }),
        ["error", ["already_started", supervisor]],
      );
      assertEquals(await PartitionSupervisor.stop(name), "ok");
      assertEquals((await announced())[0], [
        "DOWN",
        ref,
        "process",
        children.at(-1)![1],
        "shutdown",
      ]);
    }
  }));

Deno.test("PartitionSupervisor.startLink() gives each child the arguments that withArguments makes [PS-004]", () =>
  supervising(async () => {
    const calls: unknown[] = [];
    await startRooms({
      childSpec: { id: "room", start: [Room, "startLink", ["a", "b"]], restart: "transient" },
      partitions: 3,
      withArguments(args, partition) {
        calls.push([args, partition]);
        return [partition, ...args, "c"];
      },
    });
    const all = ["a", "b"];
    assertEquals(calls, [[all, 0], [all, 1], [all, 2]]);
    for (let partition = 0; partition < 3; partition++) {
      const args = [partition, "a", "b", "c"];
      assertEquals(await GenServer.call(via("rooms", partition), "args"), args);
    }
    // Also when it is started again; the function is not asked once more.
    Process.exit(await GenServer.whereis(via("rooms", 1)) as Pid, "kill");
    await announced();
    assertEquals(await GenServer.call(via("rooms", 1), "args"), [1, "a", "b", "c"]);
    assertEquals(calls.length, 3);
  }));

Deno.test("PartitionSupervisor.startLink() takes a module, a pair, or a start function for the child", () =>
  supervising(async () => {
    const zero = () => 0;
    const childSpecs: [
      childSpec: ChildSpec | readonly [typeof Agent, unknown],
      modules: unknown,
    ][] = [
      [[Agent, zero], [Agent]],
      [{ id: 1, start: () => Agent.startLink(zero) }, "dynamic"],
      [{ id: 1, start: [Agent, "startLink", [zero]], modules: "dynamic" }, "dynamic"],
      [{ id: 1, start: [Agent, "startLink", [zero]], modules: [Room] }, [Room]],
    ];
    for (const [childSpec, modules] of childSpecs) {
      const options = { name: "agents", partitions: 2, childSpec };
      unwrap(await PartitionSupervisor.startLink(options as PartitionSupervisor.StartOptions));
      const [one, two] = await PartitionSupervisor.whichChildren("agents");
      assertEquals([one!.slice(2), two!.slice(2)], [["worker", modules], ["worker", modules]]);
      assertNotEquals(one![1], two![1]);
      await Agent.update(via("agents", 1), () => 1);
      assertEquals(await Agent.get(via("agents", 0), (state) => state), 0);
      assertEquals(await Agent.get(via("agents", 1), (state) => state), 1);
      await PartitionSupervisor.stop("agents");
    }
    await startRooms({ childSpec: DynamicSupervisor, withArguments: undefined });
    const child = await DynamicSupervisor.startChild(via("rooms", "key"), [Agent, zero]);
    assertEquals(child[0], "ok");
    assertEquals((await PartitionSupervisor.countChildren("rooms")).supervisors, 4);
  }));

Deno.test("PartitionSupervisor.startLink() stops what it has started when a partition does not start", () =>
  supervising(async () => {
    const answers = worker("w", { answer: (n) => n === 3 ? ["error", "cannot"] : undefined });
    const result = await PartitionSupervisor.startLink({
      name: "rooms",
      partitions: 4,
      childSpec: answers,
    });
    const reason = ["shutdown", ["failed_to_start_child", 2, "cannot"]];
    assertEquals(result, ["error", reason]);
    assertEquals((await announced()).slice(0, -1), [
      ["start", "w"],
      ["start", "w"],
      ["end", "w", "shutdown"],
      ["end", "w", "shutdown"],
    ]);
    assertThrows(() => PartitionSupervisor.partitions("rooms"), Exit, "no process");
  }));

Deno.test("PartitionSupervisor.startLink() rejects what it cannot start with, and starts nothing", () =>
  supervising(async () => {
    const childSpec = [Agent, () => 0] as const;
    const name = "rooms";
    const wrong: [options: unknown, error: new () => Error, text: string][] = [
      [undefined, TypeError, ""],
      [{ childSpec }, TypeError, "a name"],
      [{ childSpec, name: null }, TypeError, "a name"],
      [{ childSpec, name: 42 }, TypeError, "Cannot start under this name"],
      [{ name }, TypeError, "a childSpec"],
      [{ name, childSpec: 42 }, TypeError, "found 42"],
      [{ name, childSpec: Room }, TypeError, "no childSpec function"],
      [{ name, childSpec: { id: 1 } }, TypeError, "start is [module, name, arguments]"],
      [{ name, childSpec: { id: 1, start: [Room, "startLink"] } }, TypeError, "arguments]"],
      [{ name, childSpec, withArguments: [1] }, TypeError, "withArguments to be a function"],
      [{ name, childSpec, withArguments: () => 1 }, TypeError, "return an array"],
      [
        { name, childSpec: { id: 1, start: () => "ignore" }, withArguments: () => [] },
        TypeError,
        "arguments]",
      ],
      ...[0, -1, 1.5, NaN, "2", null].map((partitions) =>
        [{ name, childSpec, partitions }, RangeError, "a positive integer"] as const
      ) as [unknown, new () => Error, string][],
    ];
    for (const [options, error, text] of wrong) {
      await assertRejects(() => PartitionSupervisor.startLink(options as never), error, text);
    }
    await assertSilence();
    assertEquals(Process.whereis("rooms"), undefined);
    // What a Supervisor looks at, it answers.
    const odd = { name, childSpec: { ...worker("a"), restart: "always" } };
    assertEquals(await PartitionSupervisor.startLink(odd as never), [
      "error",
      ["start_spec", ["invalid_restart_type", "always"]],
    ]);
  }));

Deno.test("PartitionSupervisor.childSpec() is known by its name, and makes a child of a supervisor", () =>
  supervising(async () => {
    const childSpec = [Agent, () => 0] as const;
    for (
      const [name, id] of [
        ["rooms", "rooms"],
        [["global", ["rooms", 1]], ["rooms", 1]],
        [["via", Global, { key: 1 }], { key: 1 }],
      ] as const
    ) {
      const options = { name, childSpec, partitions: 2 } as const;
      assertEquals(PartitionSupervisor.childSpec(options), {
        id,
        start: [PartitionSupervisor, "startLink", [options]],
        type: "supervisor",
      });
    }
    const children = [[PartitionSupervisor, { name: "rooms", childSpec, partitions: 2 }]] as const;
    const supervisor = unwrap(await Supervisor.startLink(children, { strategy: "one_for_one" }));
    assertEquals((await Supervisor.countChildren(supervisor)).supervisors, 1);
    // When it is started again, it has its partitions again.
    await PartitionSupervisor.resize("rooms", 1);
    Process.exit(Process.whereis("rooms")!, "kill");
    await announced();
    assertEquals(PartitionSupervisor.partitions("rooms"), 2);
    assertEquals(await Agent.get(via("rooms", 1), (state) => state), 0);
  }));

Deno.test("PartitionSupervisor hands strategy, maxRestarts and maxSeconds on; the default is one_for_one [PS-014]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const childSpec = worker("w");
    const crash = async (partition: number): Promise<unknown[][]> => {
      end(via("rooms", partition), "crash");
      return (await announced()).map((each) => (each as unknown[]).filter((x) => x !== "w"));
    };
    const start = async (options: Partial<PartitionSupervisor.StartOptions>) => {
      const supervisor = await startRooms({ childSpec, withArguments: undefined, ...options });
      await announced();
      return supervisor;
    };
    let supervisor = await start({});
    assertEquals(await crash(1), [["end", "crash"], ["start"]]);
    for (let i = 0; i < 2; i++) await crash(i);
    assertEquals((await crash(3)).at(-1), ["EXIT", supervisor, "shutdown"]); // the fourth

    supervisor = await start({ strategy: "rest_for_one", maxRestarts: 1, maxSeconds: 60 });
    const [shutdown, begin] = [["end", "shutdown"], ["start"]];
    assertEquals(await crash(2), [["end", "crash"], shutdown, begin, begin]);
    await pass(time, 60_000);
    assertEquals((await crash(2)).at(-1), ["EXIT", supervisor, "shutdown"]);

    supervisor = await start({ strategy: "one_for_all", maxRestarts: 1, maxSeconds: 1 });
    assertEquals((await crash(2)).filter(([what]) => what === "start").length, 4);
    await pass(time, 2000);
    assertEquals((await crash(2)).filter(([what]) => what === "start").length, 4);

    await announced();
    assertEquals(
      await PartitionSupervisor.startLink({
        name: "others",
        childSpec,
        strategy: "one_for_none" as never,
      }),
      ["error", ["supervisor_data", ["invalid_strategy", "one_for_none"]]],
    );
  });
});

// --- Routing ------------------------------------------------------------------------------------

Deno.test("PartitionSupervisor leads integers to the partition of their remainder, other keys by their content, the same always to the same [PS-005]", () =>
  supervising(async () => {
    await startRooms();
    const integers: [key: number | bigint, partition: number][] = [
      [0, 0],
      [-0, 0],
      [3, 3],
      [4, 0],
      [-1, 1],
      [-6, 2],
      [Number.MAX_SAFE_INTEGER, 3],
      [5n, 1],
      [-5n, 1],
      [2n ** 64n + 3n, 3],
    ];
    for (const [key, partition] of integers) assertEquals(await partitionOf(key), partition);
    const ref = makeRef();
    const pairs: [first: unknown, second: unknown][] = [
      ["key", ["k", "ey"].join("")],
      [["user", { id: 1, roles: ["a"] }], ["user", { roles: ["a"], id: 1 }]],
      [new Map([[1, "a"], [2, "b"]]), new Map([[2, "b"], [1, "a"]])],
      [new Set([1, 2]), new Set([2, 1])],
      [new Date(0), new Date(0)],
      [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
      [[0], [-0]],
      [NaN, NaN],
      [1.5, 1.5],
      [Infinity, Infinity],
      [undefined, undefined],
      [null, null],
      [Symbol.for("key"), Symbol.for("key")],
      [self(), self()],
      [ref, ref],
      [Room, Room],
    ];
    for (const [first, second] of pairs) {
      const partition = await partitionOf(first);
      assert(partition >= 0 && partition < 4);
      assertEquals(await partitionOf(second), partition);
    }
  }));

Deno.test("PartitionSupervisor spreads keys of any kind evenly", () =>
  supervising(async () => {
    const n = 8;
    await startRooms({ partitions: n });
    const pids = (await PartitionSupervisor.whichChildren("rooms")).map(([, child]) => child);
    const kinds: Record<string, (i: number) => unknown> = {
      integers: (i) => i,
      fractions: (i) => i + 0.5,
      strings: (i) => `user ${i}`,
      tuples: (i) => ["user", i],
      records: (i) => ({ id: i * 16 }),
      references: () => makeRef(),
      objects: () => new (class {})(),
    };
    for (const [kind, key] of Object.entries(kinds)) {
      const counts = new Map(pids.map((pid) => [pid, 0]));
      for (let i = 0; i < 500 * n; i++) {
        const pid = PartitionSupervisor.whereisName(["rooms", key(i)]) as Pid;
        counts.set(pid, counts.get(pid)! + 1);
      }
      for (const count of counts.values()) assert(count > 400 && count < 600, `${kind}: ${count}`);
    }
  }));

Deno.test("hash() is the same for equal terms", () => {
  const keys = fc.anything({ withMap: true, withSet: true, withDate: true, withBigInt: true });
  fc.assert(fc.property(keys, (term) => {
    const copy = structuredClone(term);
    if (equal(term, copy)) assertEquals(hash(copy), hash(term));
    assert(Number.isInteger(hash(term)) && hash(term) >= 0 && hash(term) < 2 ** 32);
  }));
  // It is what it was, also in another run of the program.
  assertEquals(
    ["", "rooms", ["user", 7], { id: 1, name: "Ada" }].map(hash),
    [2872998923, 3827838799, 3995428779, 791054519],
  );
});

Deno.test("PartitionSupervisor leads to the process that a partition had last while that is restarted, and to the new one then", () =>
  supervising(async () => {
    await startRooms();
    const key = via("rooms", 1);
    const before = await GenServer.whereis(key) as Pid;
    await Supervisor.terminateChild("rooms", 1);
    assertEquals(await GenServer.whereis(key), before);
    const { reason } = await assertRejects(() => GenServer.call(key, "args"), Exit);
    assertEquals((reason as unknown[])[0], "noproc");
    assertEquals(GenServer.cast(key, [self(), "lost"]), "ok");
    send(key, [self(), "lost"]);
    await assertSilence();
    await Supervisor.restartChild("rooms", 1);
    assertNotEquals(await GenServer.whereis(key), before);
    assertEquals(await partitionOf(1), 1);
    Process.exit(await GenServer.whereis(key) as Pid, "kill");
    await announced();
    assertEquals(await partitionOf(1), 1);
  }));

Deno.test("PartitionSupervisor has no process in a partition that answered ignore", () =>
  supervising(async () => {
    const answer = () => "ignore";
    await startRooms({ childSpec: worker("w", { answer }), withArguments: undefined });
    const key = via("rooms", 1);
    assertEquals(await GenServer.whereis(key), undefined);
    assertThrows(() => send(key, "hello"), Exit, "badarg");
    const { reason } = await assertRejects(() => GenServer.call(key, "args"), Exit);
    assertEquals((reason as unknown[])[0], "noproc");
  }));

Deno.test("PartitionSupervisor does not allow registering or unregistering a partition", () =>
  supervising(async () => {
    await startRooms({ name: "rooms" });
    const name = via("rooms", 0);
    const holder = await GenServer.whereis(name);
    // As on the BEAM, a name that is taken is taken.
    assertEquals(await GenServer.startLink(Room, [], { name }), [
      "error",
      ["already_started", holder],
    ]);
    await PartitionSupervisor.resize("rooms", 0);
    const [tag, [error]] = await GenServer.start(Room, [], { name }) as [string, [unknown]];
    assertEquals(tag, "error");
    assert(error instanceof RangeError && error.message.includes("has zero partitions"));
    assertThrows(() => PartitionSupervisor.unregisterName(["rooms", 0]), TypeError, "supervisor");
    await PartitionSupervisor.resize("rooms", 4);
    assertEquals(await partitionOf(0), 0);
    for (const key of ["rooms", ["rooms"], ["rooms", 1, 2], undefined]) {
      assertThrows(
        () => PartitionSupervisor.whereisName(key as never),
        TypeError,
        "expected",
      );
    }
  }));

// --- Asking -------------------------------------------------------------------------------------

Deno.test("PartitionSupervisor functions fail with noproc when there is no such supervisor [PS-008]", () =>
  supervising(async () => {
    const nobody = ["via", { ...Global }, "nobody"] as const;
    const later = ["via", slowVia, "nobody"] as const;
    const other = unwrap(
      await Supervisor.startLink([], { strategy: "one_for_one", name: "other" }),
    );
    const former = await startRooms({ name: "former" });
    await PartitionSupervisor.stop(former);
    for (const name of ["nobody", nobody, later, ["global", "nobody"], other, "other", former]) {
      const noproc = ["noproc", ["PartitionSupervisor", "partitions", [name]]];
      const failures = [
        async () => await PartitionSupervisor.partitions(name as Pid),
        async () => await PartitionSupervisor.whereisName([name as Pid, 1]),
        async () => await GenServer.call(via(name, 1), "args"),
        async () => await send(via(name, 1), "hello"),
        async () => await GenServer.whereis(via(name, 1)),
      ];
      for (const fail of failures) assertEquals((await assertRejects(fail, Exit)).reason, noproc);
      const { reason } = await assertRejects(
        () => PartitionSupervisor.resize(name as Pid, 1),
        Exit,
      );
      assertEquals(reason, ["noproc", ["PartitionSupervisor", "resize", [name, 1]]]);
      assertEquals(GenServer.cast(via(name, 1), "hello"), "ok");
    }
    assertEquals(await GenServer.start(Room, [], { name: via("nobody", 1) }), [
      "error",
      ["noproc", ["PartitionSupervisor", "partitions", ["nobody"]]],
    ]);
  }));

Deno.test("PartitionSupervisor.partitions() returns at once if the registry does [PS-008]", () =>
  supervising(async () => {
    const supervisor = await startRooms({ partitions: 3 });
    assertEquals(PartitionSupervisor.partitions("rooms"), 3);
    assertEquals(PartitionSupervisor.partitions(supervisor), 3);
    const name = ["via", slowVia, "rooms"] as const;
    await startRooms({ name, partitions: 2 });
    const answer = PartitionSupervisor.partitions(name);
    assert(answer instanceof Promise);
    assertEquals(await answer, 2);
  }));

Deno.test("PartitionSupervisor functions do not wait forever for a registry that does not answer", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const name = ["via", SILENT, "rooms"] as const;
    const asked = [
      PartitionSupervisor.partitions(name) as Promise<number>,
      PartitionSupervisor.resize(name, 1),
      GenServer.call(via(name, 1), "args", 100),
      PartitionSupervisor.countChildren(name),
      PartitionSupervisor.startLink({ name, childSpec: [Agent, () => 0] }),
    ].map((promise) => promise.catch((error) => error.reason[0]));
    await pass(time, 5000);
    const answers = await Promise.all(asked);
    assertEquals(answers.slice(0, 4), ["timeout", "timeout", "timeout", "timeout"]);
    assertEquals(answers[4], ["error", [
      "timeout",
      ["NameRegistry", "registerName", ["rooms"]],
    ]]);
    await announced();
  });
});

Deno.test("PartitionSupervisor.whichChildren() shows all partitions, by number [PS-012]", () =>
  supervising(async () => {
    await startRooms({ partitions: 3 });
    const children = await PartitionSupervisor.whichChildren("rooms");
    assertEquals(
      children,
      [2, 1, 0].map((partition) =>
        [
          partition,
          PartitionSupervisor.whereisName(["rooms", partition]) as Pid,
          "worker",
          [Room],
        ] as const
      ),
    );
    assertEquals(new Set(children.map(([, child]) => child)).size, 3);
  }));

Deno.test("PartitionSupervisor.countChildren() counts workers or supervisors, by any name [PS-013]", () =>
  supervising(async () => {
    const name = ["via", { ...Global }, "rooms"] as const;
    await startRooms({ name, partitions: 3 });
    assertEquals(await PartitionSupervisor.countChildren(name), {
      specs: 3,
      active: 3,
      supervisors: 0,
      workers: 3,
    });
    unwrap(
      await PartitionSupervisor.startLink({
        name: "supervisors",
        childSpec: DynamicSupervisor,
        partitions: 2,
      }),
    );
    assertEquals(await PartitionSupervisor.countChildren("supervisors"), {
      specs: 2,
      active: 2,
      supervisors: 2,
      workers: 0,
    });
    for (const ask of [PartitionSupervisor.countChildren, PartitionSupervisor.whichChildren]) {
      const { reason } = await assertRejects(() => ask("nobody"), Exit);
      const [why, [module, call, [server]]] = reason as [unknown, [unknown, unknown, unknown[]]];
      assertEquals([why, module, call, server], ["noproc", "GenServer", "call", "nobody"]);
    }
  }));

Deno.test("PartitionSupervisor.stop() waits for the exit of all partitions, and releases the name [PS-007]", () =>
  supervising(async () => {
    for (const name of ["rooms", ["via", { ...Global }, "rooms"]] as const) {
      const supervisor = await startRooms({ name });
      const pids = (await PartitionSupervisor.whichChildren(name)).map(([, child]) => child as Pid);
      assertEquals(await PartitionSupervisor.stop(name), "ok");
      assertEquals([supervisor, ...pids].filter(Process.isAlive), []);
      assertEquals(await GenServer.whereis(name), undefined);
      await startRooms({ name });
      assertEquals(await PartitionSupervisor.stop(name, "shutdown", 1000), "ok");
      const { reason } = await assertRejects(() => PartitionSupervisor.stop(name), Exit);
      assertEquals(reason, ["noproc", ["GenServer", "stop", [name, "normal", Infinity]]]);
    }
  }));

// --- Resizing -----------------------------------------------------------------------------------

Deno.test("PartitionSupervisor.resize() stops partitions and starts them again, and returns the previous number [PS-009]", () =>
  supervising(async () => {
    await startRooms();
    const sizes: [from: number, to: number][] = [[4, 2], [2, 3], [3, 3], [3, 0], [0, 1], [1, 4]];
    for (const [from, to] of sizes) {
      const before = await PartitionSupervisor.whichChildren("rooms");
      assertEquals(await PartitionSupervisor.resize("rooms", to), from);
      assertEquals(PartitionSupervisor.partitions("rooms"), to);
      assertEquals(
        await statesOf("rooms"),
        [0, 1, 2, 3].map((partition) => partition < to ? "up" : undefined),
      );
      assertEquals(await PartitionSupervisor.countChildren("rooms"), {
        specs: 4,
        active: to,
        supervisors: 0,
        workers: 4,
      });
      // Those that are in both numbers are the same.
      const after = await PartitionSupervisor.whichChildren("rooms");
      const kept = 4 - Math.min(from, to);
      assertEquals(after.slice(kept), before.slice(kept));
      for (let key = 0; key < 12 && to > 0; key++) assertEquals(await partitionOf(key), key % to);
    }
    await PartitionSupervisor.resize("rooms", 0);
    const message = 'the partition supervisor "rooms" has zero partitions';
    for (const key of [7, 7n, "key"]) {
      assertThrows(() => GenServer.whereis(via("rooms", key)), RangeError, message);
      assertThrows(() => send(via("rooms", key), "hello"), RangeError, message);
      await assertRejects(
        async () => await GenServer.call(via("rooms", key), "hello"),
        RangeError,
        message,
      );
    }
    assertEquals(await PartitionSupervisor.partitions("rooms"), 0);
  }));

Deno.test("PartitionSupervisor.startLink() refuses an autoShutdown other than never, and significant partitions", () =>
  supervising(async () => {
    const rooms = { name: "rooms", childSpec: [Agent, () => 0], partitions: 1 } as const;
    for (const autoShutdown of ["any_significant", "all_significant", "sometimes", null]) {
      await assertRejects(
        () => PartitionSupervisor.startLink({ ...rooms, autoShutdown } as never),
        TypeError,
        `expected autoShutdown to be "never", found ${JSON.stringify(autoShutdown)}`,
      );
    }
    unwrap(await PartitionSupervisor.startLink({ ...rooms, autoShutdown: "never" }));
    await PartitionSupervisor.stop("rooms");
    const childSpec = { ...Agent.childSpec(() => 0), restart: "temporary", significant: true };
    const started = await PartitionSupervisor.startLink({ ...rooms, childSpec } as never);
    assertEquals(started[0], "error");
    assertStringIncludes(JSON.stringify(started[1]), "bad_combination");
  }));

Deno.test("PartitionSupervisor.resize() routes to no partition that does not run yet, or no longer", () =>
  supervising(async () => {
    let release: (() => void) | undefined;
    const wait = () => new Promise<void>((resolve) => release = resolve);
    let isSlow = false;
    const childSpec = worker("w", {
      init: () => isSlow ? wait() : undefined,
      terminate: () => isSlow ? wait() : undefined,
    });
    await startRooms({ childSpec, withArguments: undefined, partitions: 2 });
    await announced();
    isSlow = true;
    const pids = (await PartitionSupervisor.whichChildren("rooms")).map(([, child]) => child);
    for (const [to, during] of [[1, 1], [2, 1]] as const) {
      const resized = PartitionSupervisor.resize("rooms", to);
      await announced();
      assertEquals(PartitionSupervisor.partitions("rooms"), during);
      assertEquals(PartitionSupervisor.whereisName(["rooms", 1]), pids[1] as Pid);
      release!();
      assertEquals(await resized, to === 1 ? 2 : 1);
      assertEquals(PartitionSupervisor.partitions("rooms"), to);
    }
    isSlow = false;
  }));

Deno.test("PartitionSupervisor.resize() rejects numbers that are too large, and values that are not numbers [PS-011]", () =>
  supervising(async () => {
    await startRooms();
    for (const wrong of [5, -1, 1.5, NaN, Infinity, "2", undefined]) {
      await assertRejects(
        () => PartitionSupervisor.resize("rooms", wrong as number),
        RangeError,
        "expected a number of partitions from 0 to 4",
      );
    }
    // Not even after it was made smaller.
    await PartitionSupervisor.resize("rooms", 2);
    await assertRejects(() => PartitionSupervisor.resize("rooms", 5), RangeError);
    assertEquals(PartitionSupervisor.partitions("rooms"), 2);
  }));

Deno.test("PartitionSupervisor.resize() leaves everything as it was when a partition does not start", () =>
  supervising(async () => {
    let isBroken = false;
    const answer = (attempt: number) =>
      isBroken && attempt % 2 === 1 ? ["error", "broken"] : undefined;
    const childSpec = worker("w", { answer });
    await startRooms({ childSpec, withArguments: undefined });
    await PartitionSupervisor.resize("rooms", 1);
    isBroken = true;
    // The first one that is started again still works, the next does not.
    assertEquals(await statesOf("rooms"), ["up", undefined, undefined, undefined]);
    for (let attempt = 0; attempt < 2; attempt++) {
      const { reason } = await assertRejects(() => PartitionSupervisor.resize("rooms", 4), Exit);
      assertEquals(reason, ["broken", ["PartitionSupervisor", "resize", ["rooms", 4]]]);
      assertEquals(PartitionSupervisor.partitions("rooms"), 1);
      assertEquals(await statesOf("rooms"), ["up", undefined, undefined, undefined]);
    }
    isBroken = false;
    assertEquals(await PartitionSupervisor.resize("rooms", 4), 1);
    assertEquals(await statesOf("rooms"), ["up", "up", "up", "up"]);
  }));

Deno.test("PartitionSupervisor.resize() several times at once results in the last number", () =>
  supervising(async () => {
    await startRooms();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ to: fc.nat(4), turns: fc.nat(8) }), { minLength: 1, maxLength: 6 }),
        async (steps) => {
          const resized: Promise<number>[] = [];
          for (const { to, turns } of steps) {
            resized.push(PartitionSupervisor.resize("rooms", to));
            for (let i = 0; i < turns; i++) await Promise.resolve();
          }
          await Promise.all(resized);
          const last = steps.at(-1)!.to;
          assertEquals(PartitionSupervisor.partitions("rooms"), last);
          assertEquals(
            await statesOf("rooms"),
            [0, 1, 2, 3].map((partition) => partition < last ? "up" : undefined),
          );
        },
      ),
      { numRuns: 300 },
    );
  }));

Deno.test("PartitionSupervisor.resize() that has timed out does not confuse the next one", () =>
  supervising(async () => {
    await startRooms();
    for (const [from, to] of [[4, 0], [0, 4], [4, 1], [1, 3]] as const) {
      assertEquals(PartitionSupervisor.partitions("rooms"), from);
      // It exits as soon as it has told the supervisor about the first partition.
      const resizing = spawn(() => void PartitionSupervisor.resize("rooms", to));
      await announced();
      assertEquals(Process.isAlive(resizing), false);
      await PartitionSupervisor.resize("rooms", to);
      assertEquals(PartitionSupervisor.partitions("rooms"), to);
      assertEquals(
        await statesOf("rooms"),
        [0, 1, 2, 3].map((partition) => partition < to ? "up" : undefined),
      );
    }
  }));
