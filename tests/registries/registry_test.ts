import {
  _,
  Agent,
  type Atom,
  Exit,
  exit,
  GenServer,
  ignore,
  ok,
  on,
  type Pid,
  Process,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  spawnMonitor,
  Supervisor,
  Sys,
  type Term,
  unwrap,
} from "@denotp/otp";
import { testRegistry } from "@denotp/otp/registries";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "../helpers.ts";

testRegistry("Registry", async () => {
  unwrap(await Registry.startLink({ keys: "unique", name: "contract" }));
  return { registry: Registry, key: (term: Term) => ["contract", term] as const };
});

// --- Fixtures -----------------------------------------------------------------------------------

const LAYOUTS: readonly Registry.Keys[] = [
  "unique",
  "duplicate",
  ["duplicate", "pid"],
  ["duplicate", "key"],
];

/** Defines a test for each layout of keys, in a process that has a registry called `"r"`. */
function forEachLayout(
  title: string,
  layouts: readonly Registry.Keys[],
  body: (layout: Registry.Keys) => Promise<void> | void,
): void {
  const at = title.lastIndexOf(" [");
  for (const layout of layouts) {
    const condition = `, with ${layout} keys`;
    Deno.test(title.slice(0, at) + condition + title.slice(at), () =>
      inProcess(async () => {
        await open(layout);
        await body(layout);
      }));
  }
}

async function open(keys: Registry.Keys, options: Partial<Registry.StartOptions> = {}) {
  return unwrap(await Registry.startLink({ keys, name: "r", ...options }));
}

/** A process that runs the functions that it is sent, and sends the results. */
function worker(): Pid {
  return spawn(async () => {
    for (;;) {
      await receive({
        run: async (from: Pid, body: () => unknown) => {
          send(from, ["ran", self(), await body()]);
        },
      });
    }
  });
}

/** Has a worker do something. */
function inside<T>(pid: Pid, body: () => T): Promise<T> {
  send(pid, ["run", self(), body]);
  return receive(on(["ran", pid, _], ([, , result]) => result as T));
}

async function end(pid: Pid, reason: Term = "kill"): Promise<void> {
  const ended = exitOf(pid);
  Process.exit(pid, reason);
  await ended;
}

function sorted(items: readonly Term[]): Term[] {
  return [...items].sort((a, b) => String(a) < String(b) ? -1 : 1);
}

const Echo = {
  init: (state: Term) => ok(state),
  handleCall: (request: Term, _from: GenServer.From, state: Term) =>
    reply(["echo", request], state),
};

// --- Starting -----------------------------------------------------------------------------------

Deno.test("Registry.startLink() takes any number of partitions, which are one process [RG-001]", () =>
  inProcess(async () => {
    for (const [i, keys] of LAYOUTS.entries()) {
      const before = Process.list().length;
      const registry = await open(keys, { name: `r${i}`, partitions: 8 });
      assertEquals(Process.list().length, before + 1);
      for (let key = 0; key < 100; key++) Registry.register(`r${i}`, key, key);
      assertEquals(Registry.count(`r${i}`), 100);
      assertEquals(Registry.lookup(`r${i}`, 57), [[self(), 57]]);
      assertEquals(Registry.keys(`r${i}`, self()).length, 100);
      assertEquals(await Supervisor.whichChildren(registry), []);
    }
  }));

Deno.test("Registry.startLink() returns already_started when the name is taken [RG-053]", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    const registry = await open("unique");
    assertEquals(Process.whereis("r"), registry);
    assertEquals(await Registry.startLink({ keys: "duplicate", name: "r" }), [
      "error",
      ["already_started", registry],
    ]);
    const other = worker();
    Process.register(other, "other");
    assertEquals(await Registry.startLink({ keys: "unique", name: "other" }), [
      "error",
      ["already_started", other],
    ]);
    assertThrows(() => Registry.count("other"), TypeError, "unknown registry");
    await assertSilence();
    await end(other);
  }));

Deno.test("Registry.childSpec() has the name for an id, and makes it a supervisor's child [RG-053]", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    const options = { keys: "unique", name: "r" } as const;
    assertEquals(Registry.childSpec(options), {
      id: "r",
      start: [Registry, "startLink", [options]],
      type: "supervisor",
    });
    assertEquals(Registry.childSpec({ keys: "unique" } as never).id, Registry);

    const supervisor = unwrap(
      await Supervisor.startLink([[Registry, options]], { strategy: "one_for_one" }),
    );
    const registry = Process.whereis("r")!;
    assertEquals(await Supervisor.whichChildren(supervisor), [
      ["r", registry, "supervisor", [Registry]],
    ]);
    await inside(worker(), () => Registry.register("r", "key", 1));
    assertEquals(Registry.count("r"), 1);

    // A new one takes its place, under the same name and with nothing in it.
    await end(registry);
    await settled();
    const second = Process.whereis("r")!;
    assert(second !== registry && Process.isAlive(second));
    assertEquals(Registry.count("r"), 0);

    assertEquals(await Supervisor.stop(supervisor), "ok");
    assertEquals(Process.isAlive(second), false);
    assertThrows(() => Registry.count("r"), TypeError);
    assertEquals(await receive(), ["EXIT", supervisor, "normal"]);
    await assertSilence();
  }));

Deno.test("Registry.startLink() rejects when an option is missing or wrong", () =>
  inProcess(async () => {
    const before = Process.list();
    const wrong: [Term, string][] = [
      [undefined, "expected options"],
      [{ name: "r" }, "expected keys"],
      [{ name: "r", keys: "many" }, 'expected keys to be "unique", "duplicate"'],
      [{ name: "r", keys: ["duplicate", "value"] }, "expected keys"],
      [{ keys: "unique" }, "expected name to be an atom, found undefined"],
      [{ keys: "unique", name: ["global", "r"] }, "expected name to be an atom"],
      [{ keys: "unique", name: "" }, "Cannot start under this name"],
      [{ keys: "unique", name: "r", listeners: "l" }, "expected listeners"],
      [{ keys: "unique", name: "r", listeners: [self()] }, "expected listeners"],
      [{ keys: "unique", name: "r", meta: 1 }, "expected meta"],
      [{ keys: "unique", name: "r", meta: ["key"] }, "expected meta"],
    ];
    for (const [options, text] of wrong) {
      await assertRejects(() => Registry.startLink(options as never), TypeError, text);
    }
    for (const partitions of [0, -1, 1.5, "2"]) {
      const options = { keys: "unique", name: "r", partitions } as never;
      await assertRejects(() => Registry.startLink(options), RangeError, "expected partitions");
    }
    assertEquals(Process.list(), before);
    assertEquals(Process.whereis("r"), undefined);
  }));

Deno.test("Registry exits with its starter, whatever the reason", () =>
  inProcess(async () => {
    for (const reason of ["normal", "shutdown", "crash"]) {
      const parent = spawn(async () => {
        await open("unique");
        await receive({ end: () => {} });
        throw exit(reason);
      });
      await settled();
      const registry = Process.whereis("r")!;
      const ended = exitOf(registry);
      send(parent, ["end"]);
      assertEquals(await ended, reason);
      assertEquals(Process.whereis("r"), undefined);
      assertThrows(() => Registry.count("r"), TypeError);
    }
  }));

Deno.test("Registry lives on when others send it exit signals or garbage", () =>
  inProcess(async () => {
    const registry = await open("unique");
    for (const garbage of ["x", ["EXIT", self()], ["system", 1, 2], ["$gen_cast", 1], null, 7]) {
      send(registry, garbage);
    }
    await end(await inside(worker(), () => Registry.register("r", 1, 1) && self()));
    const stranger = spawn(() => void Process.exit(registry, "boom"));
    await exitOf(stranger);
    await settled();
    assert(Process.isAlive(registry));
    assertEquals(Process.info(registry, "message_queue_len"), ["message_queue_len", 0]);
    assertEquals(Registry.count("r"), 0);
  }));

Deno.test("Registry behaves like a process of OTP: Sys, whichChildren, stop", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    const registry = await open("unique");
    assert(await Sys.getState("r") !== undefined);
    assertEquals(await Sys.changeCode(registry, 1, 2), [
      "error",
      ["unknown_system_msg", ["change_code", undefined, 1, 2]],
    ]);
    assertEquals(await Sys.suspend("r"), "ok");
    assertEquals((await Sys.getStatus("r")).status, "suspended");
    assertEquals(await Sys.resume("r"), "ok");
    const { pid, module, behaviour, status, parent, name } = await Sys.getStatus("r");
    assertEquals([pid, module, behaviour, status, parent, name], [
      registry,
      Registry,
      "supervisor",
      "running",
      self(),
      "r",
    ]);
    assertEquals(await Supervisor.whichChildren("r"), []);
    assertEquals(Process.info(registry, "initial_call")?.[1], [
      "supervisor",
      "Registry.Supervisor",
      1,
    ]);
    assertEquals(await Supervisor.countChildren("r"), {
      specs: 0,
      active: 0,
      supervisors: 0,
      workers: 0,
    });
    assertEquals(await GenServer.stop("r"), "ok");
    assertEquals(await receive(), ["EXIT", registry, "normal"]);
    const second = await open("unique");
    assertEquals(await Sys.terminate("r", "shutdown"), "ok");
    assertEquals(await receive(), ["EXIT", second, "shutdown"]);
    await assertSilence();
  }));

Deno.test("Registry terminates registered processes when it is killed, and with shutdown when it is stopped", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    for (const how of ["kill", "stop"] as const) {
      const registry = await open("unique");
      const [plain, trapping, gone] = [worker(), worker(), worker()];
      await inside(trapping, () => Process.flag("trap_exit", true));
      for (const pid of [plain, trapping, gone]) {
        await inside(pid, () => Registry.register("r", pid, 1));
      }
      await inside(gone, () => Registry.unregister("r", gone));
      const plainEnded = exitOf(plain);
      if (how === "kill") Process.exit(registry, "kill");
      else await GenServer.stop(registry);
      const reason = how === "kill" ? "killed" : "shutdown";
      assertEquals(await plainEnded, reason);
      const mail = await inside(trapping, () => Process.info(self(), "messages")?.[1]);
      assertEquals(mail, [["EXIT", registry, reason]]);
      assertEquals(Process.isAlive(gone), true);
      await receive({ EXIT: () => {} });
      using reports = collectReports();
      for (const pid of [trapping, gone]) await end(pid);
      assertEquals(reports.all, []);
      await assertSilence();
    }
  }));

// --- Registering and looking up -----------------------------------------------------------------

forEachLayout(
  "Registry.count() counts entries, and none in an empty one [RG-003]",
  LAYOUTS,
  (keys) => {
    assertEquals(Registry.count("r"), 0);
    Registry.register("r", "a", 1);
    Registry.register("r", "b", 2);
    assertEquals(Registry.count("r"), 2);
    Registry.register("r", "b", 3);
    assertEquals(Registry.count("r"), keys === "unique" ? 2 : 3);
    Registry.unregister("r", "b");
    assertEquals(Registry.count("r"), 1);
  },
);

Deno.test("Registry.register() that fails leaves the caller without keys and unlinked to anything new [RG-006]", () =>
  inProcess(async () => {
    const registry = await open("unique");
    const [first, second] = [worker(), worker()];
    assertEquals(await inside(first, () => Registry.register("r", "key", 1)), ["ok", registry]);
    assertEquals(Process.info(first, "links"), ["links", [registry]]);

    const taken = ["error", ["already_registered", first]];
    assertEquals<Term>(await inside(second, () => Registry.register("r", "key", 2)), taken);
    assertEquals(Process.info(second, "links"), ["links", []]);
    assertEquals(Registry.keys("r", second), []);
    assertEquals(Registry.lookup("r", "key"), [[first, 1]]);

    // Its own key is taken as well, and nothing changes for it.
    assertEquals<Term>(await inside(first, () => Registry.register("r", "key", 3)), taken);
    assertEquals(Process.info(first, "links"), ["links", [registry]]);
    assertEquals(Registry.lookup("r", "key"), [[first, 1]]);
    for (const pid of [first, second]) await end(pid);
  }));

Deno.test("Registry.register() that fails does not make the list of keys longer [RG-044]", () =>
  inProcess(async () => {
    await open("unique");
    const other = worker();
    Registry.register("r", "key", 1);
    for (let i = 0; i < 3; i++) {
      assertEquals(Registry.register("r", "key", i), ["error", ["already_registered", self()]]);
      await inside(other, () => Registry.register("r", "key", i));
    }
    assertEquals(Registry.keys("r", self()), ["key"]);
    assertEquals(Registry.keys("r", other), []);
    assertEquals(Registry.count("r"), 1);
    await end(other);
    assertEquals(Registry.lookup("r", "key"), [[self(), 1]]);
  }));

Deno.test("Registry links a process as long as it has entries, and no longer", () =>
  inProcess(async () => {
    const registry = await open("duplicate");
    const pid = worker();
    const links = () => Process.info(pid, "links")?.[1];
    await inside(pid, () => {
      for (const key of ["a", "a", "b"]) Registry.register("r", key, 1);
    });
    assertEquals(links(), [registry]);
    await inside(pid, () => Registry.unregister("r", "a"));
    assertEquals(links(), [registry]);
    await inside(pid, () => Registry.unregisterMatch("r", "b", 2));
    assertEquals(links(), [registry]);
    await inside(pid, () => Registry.unregisterMatch("r", "b", 1));
    assertEquals(links(), []);
    using reports = collectReports();
    await end(pid);
    assertEquals([reports.all, Registry.count("r")], [[], 0]);
    // The link between a registry and its starter is not of this kind.
    Registry.register("r", "mine", 1);
    Registry.unregister("r", "mine");
    assertEquals(Process.info(self(), "links"), ["links", [registry]]);
  }));

forEachLayout(
  "Registry.values() gives the values of one process under a key, its own or another's [RG-009]",
  LAYOUTS,
  async (keys) => {
    const other = worker();
    Registry.register("r", "a", 1);
    Registry.register("r", "b", 2);
    await inside(other, () => {
      Registry.register("r", "a", 3);
      Registry.register("r", "c", 4);
      Registry.register("r", "c", 5);
    });
    const isUnique = keys === "unique";
    assertEquals(Registry.values("r", "a", self()), [1]);
    assertEquals(Registry.values("r", "b", self()), [2]);
    assertEquals(Registry.values("r", "c", self()), []);
    assertEquals(Registry.values("r", "a", other), isUnique ? [] : [3]);
    assertEquals(Registry.values("r", "c", other), isUnique ? [4] : [4, 5]);
    assertEquals(await inside(other, () => Registry.values("r", "b", other)), []);
    assertThrows(() => Registry.values("r", "a", "pid" as never), TypeError, "expected a pid");
    await end(other);
  },
);

forEachLayout(
  "Registry compares keys that are numbers as Map does, and tells them from other kinds [RG-010]",
  LAYOUTS,
  (keys) => {
    const isUnique = keys === "unique";
    Registry.register("r", 1, "number");
    assertEquals(Registry.register("r", 1.0, "the same")[0], isUnique ? "error" : "ok");
    for (const [key, value] of [[1n, "bigint"], ["1", "text"], [true, "truth"]] as const) {
      assertEquals(Registry.register("r", key, value)[0], "ok");
      assertEquals(Registry.lookup("r", key), [[self(), value]]);
    }
    const numbers = Registry.lookup("r", 1).map(([, value]) => value);
    assertEquals(numbers, isUnique ? ["number"] : ["number", "the same"]);
    Registry.register("r", NaN, "no number");
    Registry.register("r", -0, "zero");
    assertEquals(Registry.lookup("r", NaN), [[self(), "no number"]]);
    assertEquals(Registry.lookup("r", 0), [[self(), "zero"]]);
    assertEquals(Registry.match("r", 1n, _), [[self(), "bigint"]]);
  },
);

forEachLayout(
  "Registry compares structured keys by value, and exactly [RG-011]",
  LAYOUTS,
  async (keys) => {
    const pid = self();
    const structured: (() => Term)[] = [
      () => ["tuple", 1, [2]],
      () => [],
      () => ({ a: 1, b: { c: [2] } }),
      () => ({}),
      () => new Map<Term, Term>([["a", [1]], [pid, 2]]),
      () => new Set<Term>(["a", 1]),
      () => new Uint8Array([1, 2]),
      () => new Date(1),
      () => [pid, "of", pid],
      () => undefined,
      () => null,
      () => "",
      () => Registry,
    ];
    structured.forEach((key, i) =>
      assertEquals(Registry.register("r", key(), i), ["ok", Process.whereis("r")!])
    );
    structured.forEach((key, i) => {
      assertEquals(Registry.lookup("r", key()), [[pid, i]]);
      assertEquals(Registry.match("r", key(), _), [[pid, i]]);
      if (keys === "unique") assertEquals(Registry.whereisName(["r", key()]), pid);
    });
    const unlike: Term[] = [
      ["tuple", 1, [2], 3],
      ["tuple", 1],
      { a: 1, b: { c: [2] }, d: 4 }, // a bigger one
      { a: 1 }, // a smaller one
      { b: { c: [2] } },
      new Map<Term, Term>([["a", [1]]]),
      new Set(["a"]),
      new Uint8Array([1, 2, 3]),
      new Date(2),
      [],
    ];
    for (const key of unlike.slice(0, -1)) {
      assertEquals(Registry.lookup("r", key), []);
      assertEquals(Registry.match("r", key, _), []);
      assertEquals(Registry.unregister("r", key), "ok");
    }
    assertEquals(Registry.count("r"), structured.length);
    await inside(worker(), () => Registry.register("r", { a: 1 }, "smaller"));
    assertEquals(Registry.lookup("r", { b: { c: [2] }, a: 1 }), [[pid, 2]]);
    for (const key of structured) Registry.unregister("r", key());
    assertEquals(Registry.count("r"), 1);
  },
);

forEachLayout(
  "Registry.lookup() gives the pairs of pid and value, or none [RG-045]",
  LAYOUTS,
  async (keys) => {
    const other = worker();
    assertEquals(Registry.lookup("r", "key"), []);
    Registry.register("r", "key", { a: 1 });
    assertEquals(Registry.lookup("r", "key"), [[self(), { a: 1 }]]);
    assertEquals(
      await inside(other, () => Registry.lookup("r", "key")).then((found) => found.length),
      1,
    );
    if (keys !== "unique") {
      await inside(other, () => Registry.register("r", "key", "x"));
      for (const value of ["b", "c", "b"]) Registry.register("r", "key", value);
      await inside(other, () => Registry.register("r", "key", "y"));
      assertEquals(Registry.lookup("r", "key"), [
        [self(), { a: 1 }],
        [other, "x"],
        [self(), "b"],
        [self(), "c"],
        [self(), "b"],
        [other, "y"],
      ]);
      assertEquals(Registry.keys("r", self()), ["key", "key", "key", "key"]);
    }
    await end(other);
  },
);

Deno.test("Registry.register() is for the calling process alone [RG-048]", () =>
  inProcess(async () => {
    await open("unique");
    const other = worker();
    assertEquals(Registry.register.length, 3);
    Registry.register("r", "mine", 1);
    await inside(other, () => Registry.register("r", "its", 2));
    assertEquals([Registry.keys("r", self()), Registry.keys("r", other)], [["mine"], ["its"]]);
    assertThrows(
      () => Registry.registerName(["r", "another's"], other),
      TypeError,
      "a process can only register itself",
    );
    // Nor can a process give up or change what another has.
    assertEquals(Registry.unregister("r", "its"), "ok");
    assertEquals(Registry.unregisterName(["r", "its"]), "ok");
    assertEquals(Registry.updateValue("r", "its", () => 3), "error");
    assertEquals(Registry.lookup("r", "its"), [[other, 2]]);
    // In the code of a GenServer it is the server that registers, also after it has waited.
    const Server = {
      async init() {
        await Process.sleep(1);
        return ok(Registry.register("r", "server", 1));
      },
    };
    const server = unwrap(await GenServer.start(Server, undefined));
    assertEquals(Registry.lookup("r", "server"), [[server, 1]]);
    await GenServer.stop(server);
    await end(other);
  }));

Deno.test("Registry raises when there is no registry with that name [RG-029]", () =>
  inProcess(async () => {
    const calls: Record<string, (name: Atom) => unknown> = {
      register: (name) => Registry.register(name, 1, 1),
      unregister: (name) => Registry.unregister(name, 1),
      unregisterMatch: (name) => Registry.unregisterMatch(name, 1, 1),
      updateValue: (name) => Registry.updateValue(name, 1, () => 1),
      lookup: (name) => Registry.lookup(name, 1),
      match: (name) => Registry.match(name, 1, 1),
      countMatch: (name) => Registry.countMatch(name, 1, 1),
      select: (name) => Registry.select(name, []),
      countSelect: (name) => Registry.countSelect(name, []),
      keys: (name) => Registry.keys(name, self()),
      values: (name) => Registry.values(name, 1, self()),
      count: (name) => Registry.count(name),
      dispatch: (name) => Registry.dispatch(name, 1, () => {}),
      meta: (name) => Registry.meta(name, 1),
      putMeta: (name) => Registry.putMeta(name, 1, 1),
      deleteMeta: (name) => Registry.deleteMeta(name, 1),
      registerName: (name) => Registry.registerName([name, 1], self()),
      unregisterName: (name) => Registry.unregisterName([name, 1]),
      whereisName: (name) => Registry.whereisName([name, 1]),
      send: (name) => Registry.send([name, 1], 1),
    };
    Process.register(self(), "no registry");
    const closed = await open("unique", { name: "closed" });
    Process.unlink(closed);
    await end(closed);
    const [symbol, pid] = [Symbol("s"), self() as unknown as Atom];
    for (const call of Object.values(calls)) {
      for (const name of ["unknown", "no registry", "closed", symbol, pid]) {
        assertThrows(() => call(name), TypeError, "unknown registry");
      }
      assertThrows(() => call("unknown"), TypeError, 'Cannot use the registry "unknown"');
    }
    await assertRejects(() => Registry.lock("unknown", 1, () => 1), TypeError, "unknown registry");
    const name = ["via", Registry, ["unknown", 1]] as const;
    await assertRejects(() => GenServer.call(name, 1), TypeError, "unknown registry");
    assertThrows(() => send(name, 1), TypeError, "unknown registry");
    assertThrows(() => GenServer.whereis(name), TypeError, "unknown registry");
    const failed = await GenServer.start(Echo, 1, { name }) as readonly [string, [Error, string]];
    assertEquals([failed[0], failed[1][0] instanceof TypeError], ["error", true]);
    const via = ["via", Registry, "r"] as never;
    await assertRejects(() => GenServer.call(via, 1), TypeError, "expected [registry, key]");
  }));

// --- Matching -----------------------------------------------------------------------------------

Deno.test("Registry.match() gives the pairs whose value fits the pattern, with unique keys [RG-013]", () =>
  inProcess(async () => {
    await open("unique");
    const value = [1, "atom", 1];
    Registry.register("r", "hello", value);
    const hit = [[self(), value]];
    assertEquals<Term>(Registry.match("r", "hello", [1, _, _]), hit);
    assertEquals<Term>(Registry.match("r", "hello", [1.0, _, _]), hit);
    assertEquals<Term>(Registry.match("r", "hello", [_, "atom", _]), hit);
    assertEquals<Term>(Registry.match("r", "hello", _), hit);
    assertEquals(Registry.match("r", "hello", [2, _, _]), []);
    assertEquals(Registry.match("r", "hello", [_, _]), []);
    assertEquals(Registry.match("r", _, _), [], "the wildcard is no key, but a literal one");
    Registry.register("r", _, "literal");
    assertEquals(Registry.match("r", _, _), [[self(), "literal"]]);
    assertEquals(Registry.match("r", _, "other"), []);
  }));

Deno.test("Registry.match() gives the pairs whose value fits the pattern, with duplicate keys [RG-013]", () =>
  inProcess(async () => {
    await open("duplicate");
    const other = worker();
    const [one, two, three] = [[1, "atom", 1], [2, "atom", 2], [1, "atom", 3]];
    Registry.register("r", "hello", one);
    Registry.register("r", "hello", two);
    await inside(other, () => Registry.register("r", "hello", three));
    assertEquals<Term>(Registry.match("r", "hello", [1, _, _]), [[self(), one], [other, three]]);
    assertEquals<Term>(Registry.match("r", "hello", [2, _, _]), [[self(), two]]);
    assertEquals(Registry.match("r", "hello", _).length, 3);
    assertEquals(Registry.match("r", "hello", [_, "other", _]), []);
    assertEquals(Registry.match("r", _, _), []);
    Registry.register("r", _, "literal");
    assertEquals(Registry.match("r", _, _), [[self(), "literal"]]);
    assertEquals(Registry.match("r", "hello", _).length, 3);
    await end(other);
  }));

forEachLayout(
  "Registry.match() compares parts of a value with each other by a guard, and takes a part of an object for the whole [RG-014]",
  LAYOUTS,
  (keys) => {
    const isUnique = keys === "unique";
    Registry.register("r", "hello", [1, "atom", 1]);
    Registry.register("r", isUnique ? "hello 2" : "hello", [1, "atom", 2]);
    const isMirrored = ([first, , last]: readonly [unknown, unknown, unknown]) => first === last;
    assertEquals(Registry.match("r", "hello", [_, _, _], isMirrored), [[self(), [1, "atom", 1]]]);
    assertEquals(Registry.match("r", "hello", isMirrored), [[self(), [1, "atom", 1]]]);
    if (isUnique) assertEquals(Registry.match("r", "hello 2", [_, _, _], isMirrored), []);

    const object = { a: "a", b: { c: 1, d: 2 } };
    Registry.register("r", "object", object);
    const hit = [[self(), object]];
    assertEquals<Term>(Registry.match("r", "object", { a: "a" }), hit);
    assertEquals<Term>(Registry.match("r", "object", { b: { d: 2 } }), hit);
    assertEquals<Term>(
      Registry.match("r", "object", { a: _, b: { c: (c: number) => c < 2 } }),
      hit,
    );
    assertEquals<Term>(Registry.match("r", "object", {}), hit);
    assertEquals(Registry.match("r", "object", { a: "b" }), []);
    assertEquals(Registry.match("r", "object", { e: _ }), []);
  },
);

forEachLayout("Registry.match() takes guards [RG-015]", LAYOUTS, (keys) => {
  Registry.register("r", "hello", ["a", 5]);
  if (keys !== "unique") Registry.register("r", "hello", ["b", 9]);
  const hit = [[self(), ["a", 5]]];
  assertEquals<Term>(Registry.match("r", "hello", ["a", _], ([, n]) => (n as number) > 1), hit);
  assertEquals(Registry.match("r", "hello", ["a", _], ([, n]) => (n as number) > 5), []);
  assertEquals(Registry.match("r", "hello", [_, _], ([, n]) => typeof n === "string"), []);
  assertEquals<Term>(
    Registry.match("r", "hello", ["a", (n: unknown) => typeof n === "number"]),
    hit,
  );
  assertEquals<Term>(Registry.match("r", "hello", [_, (n: number) => n < 6]), hit);
});

forEachLayout("Registry.countMatch() counts what match() finds [RG-016]", LAYOUTS, (keys) => {
  const second = keys === "unique" ? "other" : "hello";
  Registry.register("r", "hello", [1, "atom", 1]);
  Registry.register("r", second, [2, "atom", 2]);
  const all = keys === "unique" ? 1 : 2;
  assertEquals(Registry.countMatch("r", "hello", [1, _, _]), 1);
  assertEquals(Registry.countMatch("r", "hello", [_, "atom", _]), all);
  assertEquals(Registry.countMatch("r", "hello", _), all);
  assertEquals(Registry.countMatch("r", "hello", [3, _, _]), 0);
  assertEquals(Registry.countMatch("r", "nobody", _), 0);
  assertEquals(Registry.countMatch("r", _, _), 0);
  Registry.register("r", "object", { a: 1, b: 2 });
  assertEquals(Registry.countMatch("r", "object", { a: 1 }), 1);
  assertEquals(Registry.countMatch("r", "object", { a: 2 }), 0);
});

forEachLayout("Registry.countMatch() takes guards [RG-017]", LAYOUTS, (keys) => {
  Registry.register("r", "hello", ["a", 5]);
  if (keys !== "unique") Registry.register("r", "hello", ["a", 6]);
  const above = (least: number) => ([, n]: readonly unknown[]) => (n as number) > least;
  assertEquals(Registry.countMatch("r", "hello", ["a", _], above(4)), keys === "unique" ? 1 : 2);
  assertEquals(Registry.countMatch("r", "hello", ["a", _], above(5)), keys === "unique" ? 0 : 1);
  assertEquals(Registry.countMatch("r", "hello", ["a", _], above(6)), 0);
});

Deno.test("Registry.unregisterMatch() removes the caller's entry when its value fits, with unique keys [RG-018]", () =>
  inProcess(async () => {
    await open("unique");
    const other = worker();
    const value = [1, "atom", 1];
    Registry.register("r", "hello", value);
    await inside(other, () => Registry.register("r", "its", value));
    assertEquals(Registry.unregisterMatch("r", "hello", [2, _, _]), "ok");
    assertEquals(Registry.unregisterMatch("r", "its", _), "ok");
    assertEquals(Registry.unregisterMatch("r", "nobody's", _), "ok");
    assertEquals(Registry.lookup("r", "hello"), [[self(), value]]);
    assertEquals(Registry.lookup("r", "its"), [[other, value]]);
    assertEquals(Registry.unregisterMatch("r", "hello", [1, _, 1]), "ok");
    assertEquals([Registry.lookup("r", "hello"), Registry.keys("r", self())], [[], []]);
    await end(other);
  }));

Deno.test("Registry.unregisterMatch() removes those of the caller's entries of the key whose value fits, with duplicate keys [RG-018]", () =>
  inProcess(async () => {
    await open("duplicate");
    const other = worker();
    const [one, two, three] = [[1, "a", 1], [2, "b", 1], [3, "a", 2]];
    for (const value of [one, two, three]) {
      Registry.register("r", "hello", value);
      Registry.register("r", "other", value);
    }
    await inside(other, () => Registry.register("r", "hello", one));
    assertEquals(Registry.unregisterMatch("r", "hello", [_, "a", _]), "ok");
    assertEquals(Registry.lookup("r", "hello"), [[self(), two], [other, one]]);
    assertEquals(Registry.values("r", "other", self()), [one, two, three]);
    assertEquals(sorted(Registry.keys("r", self())), ["hello", "other", "other", "other"]);
    assertEquals(Registry.unregisterMatch("r", "hello", _), "ok");
    assertEquals(Registry.lookup("r", "hello"), [[other, one]]);
    await end(other);
  }));

forEachLayout("Registry.unregisterMatch() takes guards [RG-019]", LAYOUTS, (keys) => {
  Registry.register("r", "hello", ["a", 5]);
  if (keys !== "unique") Registry.register("r", "hello", ["a", 7]);
  const above = (least: number) => ([, n]: readonly unknown[]) => (n as number) > least;
  Registry.unregisterMatch("r", "hello", ["a", _], above(7));
  assertEquals(Registry.count("r"), keys === "unique" ? 1 : 2);
  Registry.unregisterMatch("r", "hello", ["a", _], above(5));
  assertEquals(Registry.lookup("r", "hello"), [[self(), ["a", 5]]]);
  Registry.unregisterMatch("r", "hello", ["a", _], above(4));
  assertEquals(Registry.lookup("r", "hello"), []);
});

Deno.test("Registry.updateValue() replaces the caller's value, and returns the new and the old one", () =>
  inProcess(async () => {
    await open("unique");
    const other = worker();
    Registry.register("r", "mine", 1);
    await inside(other, () => Registry.register("r", "its", 1));
    assertEquals(Registry.updateValue("r", "mine", (n) => n + 1), [2, 1]);
    assertEquals(Registry.lookup("r", "mine"), [[self(), 2]]);
    const never = () => {
      throw new Error("called");
    };
    assertEquals(Registry.updateValue("r", "its", never), "error");
    assertEquals(Registry.updateValue("r", "nobody's", never), "error");
    assertThrows(() => Registry.updateValue("r", "mine", never), Error, "called");
    assertThrows(() => Registry.updateValue("r", "mine", async () => {}), TypeError, "not async");
    assertEquals(Registry.lookup("r", "mine"), [[self(), 2]]);
    await end(other);
  }));

forEachLayout(
  "Registry.updateValue() raises when keys are not unique [RG-021]",
  LAYOUTS.slice(1),
  () => {
    Registry.register("r", "key", 1);
    const never = () => {
      throw new Error("called");
    };
    assertThrows(() => Registry.updateValue("r", "key", never), TypeError, "not unique");
    assertEquals(Registry.lookup("r", "key"), [[self(), 1]]);
  },
);

// --- Dispatching --------------------------------------------------------------------------------

Deno.test("Registry.dispatch() calls the function with the one entry of the key, in the caller [RG-022]", () =>
  inProcess(async () => {
    await open("unique");
    const caller = self();
    const calls: Term[] = [];
    const note = (entries: Registry.Registration[]) =>
      void calls.push([self() === caller, entries]);
    assertEquals(Registry.dispatch("r", "hello", note), "ok");
    assertEquals(calls, [], "there are no entries to call it for");
    Registry.register("r", "hello", "world");
    assertEquals(Registry.dispatch("r", "hello", note), "ok");
    assertEquals(Registry.dispatch("r", "other", note), "ok");
    assertEquals(calls, [[true, [[caller, "world"]]]]);
    const broken = () => {
      throw new RangeError("in the function");
    };
    assertThrows(() => Registry.dispatch("r", "hello", broken), RangeError, "in the function");
    assertThrows(() => Registry.dispatch("r", "hello", 5 as never), TypeError, "a function");
  }));

Deno.test("Registry.dispatch() calls the function once with all entries of the key, serially and in the caller [RG-023]", () =>
  inProcess(async () => {
    await open("duplicate", { partitions: 2 });
    const caller = self();
    const [one, two] = [worker(), worker()];
    Registry.register("r", "hello", 1);
    Registry.register("r", "hello", 2);
    await inside(one, () => Registry.register("r", "hello", 3));
    await inside(two, () => Registry.register("r", "other", 4));
    for (const options of [undefined, { parallel: false }, { parallel: true }]) {
      const calls: Term[] = [];
      const note = (entries: Registry.Registration[]) => {
        calls.push(self() === caller);
        for (const [pid, value] of entries) calls.push([pid, value]);
      };
      assertEquals(Registry.dispatch("r", "hello", note, options), "ok");
      assertEquals(calls, [true, [caller, 1], [caller, 2], [one, 3]]);
    }
    for (const pid of [one, two]) await end(pid);
    await assertSilence();
  }));

Deno.test("Registry.dispatch() waits for a function that is async, in the caller", () =>
  inProcess(async () => {
    await open("duplicate");
    Registry.register("r", "hello", 1);
    const caller = self();
    const seen: Term[] = [];
    const dispatched = Registry.dispatch("r", "hello", async (entries) => {
      await Process.sleep(1);
      seen.push([self() === caller, entries]);
    });
    assertEquals(seen, []);
    assertEquals(await dispatched, "ok");
    assertEquals(seen, [[true, [[caller, 1]]]]);
    await assertRejects(
      async () => await Registry.dispatch("r", "hello", () => Promise.reject(new Error("no"))),
      Error,
      "no",
    );
  }));

// --- Unregistering ------------------------------------------------------------------------------

forEachLayout(
  "Registry.unregister() removes all entries of the caller under the key, and no others [RG-025]",
  LAYOUTS,
  async (keys) => {
    const isUnique = keys === "unique";
    const other = worker();
    assertEquals(Registry.unregister("r", "hello"), "ok");
    Registry.register("r", "hello", 1);
    Registry.register("r", "hello", 2);
    Registry.register("r", "world", 3);
    await inside(other, () => {
      Registry.register("r", "hello", 4);
      Registry.register("r", "its", 5);
    });
    assertEquals(Registry.unregister("r", "hello"), "ok");
    assertEquals(Registry.lookup("r", "hello"), isUnique ? [] : [[other, 4]]);
    assertEquals(Registry.keys("r", self()), ["world"]);
    assertEquals(Registry.unregister("r", "its"), "ok");
    assertEquals(Registry.lookup("r", "its"), [[other, 5]]);
    assertEquals(Registry.unregister("r", "hello"), "ok");
    assertEquals(Registry.unregister("r", "nobody's"), "ok");
    Registry.register("r", "hello", 6);
    assertEquals(Registry.values("r", "hello", self()), [6]);
    await end(other);
  },
);

forEachLayout(
  "Registry tells listeners of what is registered and unregistered, never of an end [RG-027]",
  LAYOUTS,
  async (keys) => {
    Process.register(self(), "listener");
    await open(keys, { name: "l", listeners: ["listener", "nobody"] });
    const [pid, other] = [self(), worker()];
    const isUnique = keys === "unique";

    Registry.register("l", "key", "value");
    assertEquals(await receive(), ["register", "l", "key", pid, "value"]);
    Registry.register("l", "key", "again");
    if (!isUnique) assertEquals(await receive(), ["register", "l", "key", pid, "again"]);
    await assertSilence();

    if (isUnique) Registry.updateValue("l", "key", () => "updated");
    else Registry.unregisterMatch("l", "key", "value");
    await assertSilence(); // the caller still has the key
    Registry.unregisterMatch("l", "key", _);
    assertEquals(await receive(), ["unregister", "l", "key", pid]);
    Registry.unregister("l", "key");
    assertEquals(await receive(), ["unregister", "l", "key", pid]);

    await inside(other, () => Registry.register("l", "its", 1));
    assertEquals(await receive(), ["register", "l", "its", other, 1]);
    await end(other);
    assertEquals(Registry.lookup("l", "its"), []);
    await assertSilence();
  },
);

forEachLayout(
  "Registry removes the entries of a process that ends, by key and by pid [RG-043]",
  LAYOUTS,
  async (keys) => {
    const other = worker();
    await inside(other, () => Registry.register("r", "shared", "other"));
    for (const reason of ["kill", "crash", "shutdown", "normal"]) {
      const pid = worker();
      await inside(pid, () => {
        for (const key of ["a", "b", "b", ["c", 1], "shared"]) Registry.register("r", key, reason);
      });
      assertEquals(Registry.count("r"), keys === "unique" ? 4 : 6);
      if (reason === "normal") {
        send(pid, ["run", self(), () => {
          throw exit("normal");
        }]);
        await exitOf(pid);
      } else await end(pid, reason);
      assertEquals(Registry.keys("r", pid), []);
      for (const key of ["a", "b", ["c", 1]]) assertEquals(Registry.lookup("r", key), []);
      assertEquals(Registry.select("r", [[[_, _, _]]]), [["shared", other, "other"]]);
      assertEquals(Registry.count("r"), 1);
    }
    await end(other);
    assertEquals([Registry.count("r"), Registry.keys("r", other)], [0, []]);
  },
);

Deno.test("Registry has a key back when the exit of its holder is known, at the latest [RG-046, RG-027]", () =>
  inProcess(async () => {
    await open("unique", { listeners: ["listener"] });
    Process.register(self(), "listener");
    for (let round = 0; round < 20; round++) {
      const [pid, ref] = spawnMonitor(async () => {
        Registry.register("r", "key", round);
        await receive({ end: () => {} });
      });
      assertEquals(await receive(), ["register", "r", "key", pid, round]);
      if (round % 2 === 0) Process.exit(pid, "kill");
      else send(pid, ["end"]);
      assertEquals((await receive() as Term[]).slice(0, 4), ["DOWN", ref, "process", pid]);
      assertEquals(Registry.lookup("r", "key"), []);
      assertEquals(Registry.whereisName(["r", "key"]), undefined);
      assertEquals(Registry.register("r", "key", "mine")[0], "ok");
      assertEquals(await receive(), ["register", "r", "key", self(), "mine"]);
      Registry.unregister("r", "key");
      assertEquals(await receive(), ["unregister", "r", "key", self()]);
    }
    await assertSilence();
  }));

Deno.test("Registry releases a key before links are notified of the exit of its holder", () =>
  inProcess(async () => {
    await open("unique");
    Process.flag("trap_exit", true);
    const parent = self();
    const pid = spawn(async () => {
      Registry.register("r", "key", 1);
      send(parent, ["ready"]);
      await receive({ end: () => {} });
    }, { link: true });
    await receive({ ready: () => {} });
    send(pid, ["end"]);
    assertEquals(await receive(), ["EXIT", pid, "normal"]);
    assertEquals(Registry.register("r", "key", 2)[0], "ok");
  }));

// --- Via ----------------------------------------------------------------------------------------

Deno.test("Registry as a via module starts, finds, calls and casts [RG-030]", () =>
  inProcess(async () => {
    await open("unique");
    const name = ["via", Registry, ["r", "hello"]] as const;
    const agent = unwrap(await Agent.startLink(() => 0, { name }));
    assertEquals(GenServer.whereis(name), agent);
    assertEquals(Registry.whereisName(["r", "hello"]), agent);
    assertEquals(await Agent.update(name, (n: number) => n + 1), "ok");
    assertEquals(Agent.cast(name, (n: number) => n * 10), "ok");
    assertEquals(await Agent.get(name, (n: number) => n), 10);
    assertEquals(Registry.keys("r", agent), ["hello"]);
    const links = Process.info(self(), "links");
    for (const start of ["start", "startLink"] as const) {
      assertEquals(await Agent[start](() => 1, { name }), ["error", ["already_started", agent]]);
    }
    assertEquals(Process.info(self(), "links"), links);
    const other = unwrap(await Agent.startLink(() => 0, { name: ["via", Registry, ["r", "you"]] }));
    assertEquals(Registry.whereisName(["r", "you"]), other);
    await assertSilence();
  }));

Deno.test("Registry as a via module keeps the value that the name has for a third part [RG-031]", () =>
  inProcess(async () => {
    await open("unique");
    const name = ["via", Registry, ["r", "hello", ["any", "value"]]] as const;
    const agent = unwrap(await Agent.startLink(() => 7, { name }));
    assertEquals(Registry.lookup("r", "hello"), [[agent, ["any", "value"]]]);
    assertEquals(await Agent.get(name, (n: number) => n), 7);
    assertEquals(await Agent.get(["via", Registry, ["r", "hello"]], (n: number) => n), 7);
    assertEquals(await Agent.start(() => 0, { name: ["via", Registry, ["r", "hello", "other"]] }), [
      "error",
      ["already_started", agent],
    ]);
    assertEquals(Registry.values("r", "hello", agent), [["any", "value"]]);
  }));

forEachLayout(
  "Registry as a via module raises when keys are not unique [RG-032]",
  LAYOUTS.slice(1),
  async () => {
    const name = ["via", Registry, ["r", "hello"]] as const;
    const text = "via is not supported for duplicate registries";
    const before = Process.list();
    const [tag, reason] = await Agent.start(() => 0, { name }) as readonly [
      string,
      [Error, string],
    ];
    assertEquals(tag, "error");
    assert(reason[0] instanceof TypeError && reason[0].message.includes(text));
    await assertRejects(() => GenServer.call(name, 1), TypeError, text);
    assertThrows(() => GenServer.whereis(name), TypeError, text);
    assertThrows(() => send(name, 1), TypeError, text);
    assertThrows(() => Registry.registerName(["r", "hello"], self()), TypeError, text);
    assertThrows(() => Registry.unregisterName(["r", "hello"]), TypeError, text);
    assertEquals([Registry.count("r"), Process.list()], [0, before]);
  },
);

Deno.test("Registry as a via module: a call to a missing key exits with noproc, a cast is ok, send exits with badarg [RG-033]", () =>
  inProcess(async () => {
    await open("unique");
    const name = ["via", Registry, ["r", "missing"]] as const;
    const failed = await assertRejects(() => GenServer.call(name, "hi"), Exit);
    assertEquals(failed.reason, ["noproc", ["GenServer", "call", [name, "hi", 5000]]]);
    assertEquals(GenServer.cast(name, "hi"), "ok");
    const refused = assertThrows(() => send(name, "hi"), Exit);
    assertEquals(refused.reason, ["badarg", [["r", "missing"], "hi"]]);
    assertThrows(() => Registry.send(["r", "missing"], "hi"), Exit);
    assertEquals(GenServer.whereis(name), undefined);
    await assertSilence();
  }));

Deno.test("Registry as a via module detects a process that calls itself", () =>
  inProcess(async () => {
    await open("unique");
    const name = ["via", Registry, ["r", "me"]] as const;
    const Server = {
      init: () => ok(undefined),
      async handleCall(_request: "call yourself", _from: GenServer.From, state: undefined) {
        const failed = await assertRejects(() => GenServer.call(name, "x"), Exit);
        return reply(failed.reason, state);
      },
    };
    const server = unwrap(await GenServer.startLink(Server, undefined, { name }));
    assertEquals(await GenServer.call(server, "call yourself"), [
      "calling_self",
      ["GenServer", "call", [name, "x", 5000]],
    ]);
  }));

Deno.test("Registry as a via module has a name back when a start has failed", () =>
  inProcess(async () => {
    using _reports = collectReports();
    Process.flag("trap_exit", true);
    const registry = await open("unique");
    const name = ["via", Registry, ["r", "name"]] as const;
    const failing: [unknown, () => unknown][] = [
      [["error", "no"], () => ["stop", "no"]],
      ["ignore", () => ignore],
      [["error", "oh"], () => {
        throw exit("oh");
      }],
      [["error", "killed"], () => Process.exit(self(), "kill")],
    ];
    for (const [expected, init] of failing) {
      const result = await GenServer.startLink({ init: init as () => "ignore" }, undefined, {
        name,
      });
      assertEquals(result as unknown, expected);
      assertEquals([Registry.count("r"), Registry.lookup("r", "name")], [0, []]);
      await receive({ EXIT: () => {} });
    }
    assertEquals(Process.info(registry, "links"), ["links", [self()]]);
    await assertSilence();
  }));

// --- Selecting ----------------------------------------------------------------------------------

forEachLayout(
  "Registry.select() gives key, pid and value of every entry [RG-036]",
  LAYOUTS,
  async (keys) => {
    const isUnique = keys === "unique";
    assertEquals(Registry.select("r", [[[_, _, _]]]), []);
    Registry.register("r", "a", 1);
    Registry.register("r", isUnique ? "b" : "a", 2);
    const all: Term[] = [["a", self(), 1], [isUnique ? "b" : "a", self(), 2]];
    if (isUnique) {
      const agent = unwrap(
        await Agent.startLink(() => 0, { name: ["via", Registry, ["r", ["c"]]] }),
      );
      all.push([["c"], agent, undefined]);
    }
    assertEquals(Registry.select("r", [[[_, _, _]]]), all as never);
    const whole = (key: Term, pid: Pid, value: Term) => ({ key, pid, value });
    assertEquals(
      Registry.select("r", [[[_, _, _], [], whole]]),
      all.map((entry) => whole(...entry as [Term, Pid, Term])),
    );
    assertEquals(Registry.select("r", [[["a", _, 1], [], () => "hit"]]), ["hit"]);
    assertEquals(
      Registry.select("r", [[[_, (pid: Pid) => pid !== self(), _]]]).length,
      isUnique ? 1 : 0,
    );
    const big = (_key: Term, _pid: Pid, value: number) => value > 1;
    assertEquals(Registry.select("r", [[[_, _, _], [big], (_key, _pid, value) => value]]), [2]);
    const all3 = [big, () => true, () => false];
    assertEquals(Registry.select("r", [[[_, _, _], all3]]), []);
  },
);

forEachLayout(
  "Registry.select() gives the union of several specs, each entry once [RG-039]",
  LAYOUTS,
  () => {
    Registry.register("r", "a", 1);
    Registry.register("r", "b", 2);
    Registry.register("r", "c", 3);
    const value = (_key: Term, _pid: Pid, value: Term) => value;
    assertEquals(Registry.select("r", [[["a", _, _], [], value], [["c", _, _], [], value]]), [
      1,
      3,
    ]);
    assertEquals(
      Registry.select<Term>("r", [
        [[_, _, (n: number) => n > 1], [], () => "first"],
        [[_, _, _], [], () => "second"],
      ]),
      ["second", "first", "first"],
    );
    assertEquals(Registry.select("r", []), []);
    assertEquals(Registry.select("r", [[["x", _, _]], [["y", _, _]]]), []);
  },
);

forEachLayout(
  "Registry.select() and countSelect() raise when a spec is malformed [RG-040]",
  LAYOUTS,
  () => {
    Registry.register("r", "a", 1);
    const malformed: Term[] = [
      undefined,
      {},
      [_],
      [[_, [], []]],
      [[[_, _], [], () => 1]],
      [[[_, _, _, _], [], () => 1]],
      [[[_, _, _], () => true]],
      [[[_, _, _], [1]]],
      [[[_, _, _], [], 1]],
      [[[_, _, _], [], () => 1, 1]],
      [[[_, _, _]], []],
      [[]],
    ];
    for (const specs of malformed) {
      assertThrows(() => Registry.select("r", specs as never), TypeError, "Cannot select:");
      assertThrows(
        () => Registry.countSelect("r", specs as never),
        TypeError,
        "Cannot countSelect:",
      );
    }
  },
);

forEachLayout(
  "Registry.countSelect() counts the entries that fit, with guards and several specs [RG-041]",
  LAYOUTS,
  () => {
    Registry.register("r", "hello", [1, "atom", 1]);
    Registry.register("r", "world", [2, "atom", 2]);
    const at =
      (i: number, test: (n: number) => boolean) => (_key: Term, _pid: Pid, value: number[]) =>
        test(value[i]!);
    assertEquals(Registry.countSelect("r", [[[_, _, _]]]), 2);
    assertEquals(Registry.countSelect("r", [[["hello", _, [1, _, _]]]]), 1);
    assertEquals(Registry.countSelect("r", [[["hello", _, [2, _, _]]]]), 0);
    assertEquals(Registry.countSelect("r", [[[_, self(), _]]]), 2);
    assertEquals(Registry.countSelect("r", [[[_, _, _], [at(0, (n) => n > 1)]]]), 1);
    assertEquals(
      Registry.countSelect("r", [[[_, _, _], [at(0, (n) => n > 1), at(2, (n) => n < 2)]]]),
      0,
    );
    assertEquals(Registry.countSelect("r", [[["hello", _, _]], [["world", _, _]]]), 2);
    assertEquals(Registry.countSelect("r", [[["hello", _, _]], [[_, _, _]]]), 2, "each once");
    assertEquals(Registry.countSelect("r", [[[_, _, _], [], () => true]]), 2);
    assertEquals(Registry.countSelect("r", [[[_, _, _], [], () => 1]]), 0, "only true counts");
    assertEquals(Registry.countSelect("r", []), 0);
  },
);

// --- Metadata -----------------------------------------------------------------------------------

Deno.test("Registry.meta() knows what was put there, from the start or later", () =>
  inProcess(async () => {
    await open("unique", { meta: { custom: "value" } });
    await open("duplicate", { name: "pairs", meta: [["a", 1], [["tuple", 1], 2]] });
    await open("duplicate", { name: "map", meta: new Map<Term, Term>([["a", undefined]]) });
    assertEquals(Registry.meta("r", "custom"), ["ok", "value"]);
    assertEquals(Registry.meta("r", "unknown"), "error");
    assertEquals(Registry.meta("pairs", ["tuple", 1]), ["ok", 2]);
    assertEquals(Registry.meta("map", "a"), ["ok", undefined]);
    assertEquals(Registry.putMeta("r", ["tuple", "key"], 1), "ok");
    assertEquals(Registry.putMeta("r", ["tuple", "key"], 2), "ok");
    assertEquals(Registry.meta("r", ["tuple", "key"]), ["ok", 2]);
    assertEquals(Registry.deleteMeta("r", ["tuple", "key"]), "ok");
    assertEquals(Registry.deleteMeta("r", ["tuple", "key"]), "ok");
    assertEquals(Registry.meta("r", ["tuple", "key"]), "error");
    assertEquals(Registry.count("r"), 0, "no entries");
  }));

// --- Locks --------------------------------------------------------------------------------------

/** A process that runs under a lock until it is asked to continue; it reports when it enters and leaves. */
function locker(key: Term, name: string): Pid {
  const parent = self();
  return spawn(async () => {
    const result = await Registry.lock("r", key, async () => {
      send(parent, ["in", name]);
      await receive({ go: () => {} });
      return name;
    });
    send(parent, ["out", result]);
  });
}

forEachLayout(
  "Registry.lock() runs the function alone, and answers its result [RG-049]",
  LAYOUTS,
  async () => {
    assertEquals(await Registry.lock("r", "key", () => 1), 1);
    assertEquals(await Registry.lock("r", "key", async () => await Promise.resolve(2)), 2);
    const [a, b, c] = [locker(["key"], "a"), locker(["key"], "b"), locker("other", "c")];
    assertEquals(await receive(), ["in", "a"]);
    assertEquals(await receive(), ["in", "c"], "another key is another lock");
    await assertSilence();
    send(c, ["go"]);
    assertEquals(await receive(), ["out", "c"]);
    send(b, ["go"]); // waits there for when it is let in
    await assertSilence();
    send(a, ["go"]);
    assertEquals(sorted([await receive(), await receive(), await receive()]), [
      ["in", "b"],
      ["out", "a"],
      ["out", "b"],
    ]);
    assertEquals(await Registry.lock("r", ["key"], () => "free"), "free");
  },
);

Deno.test("Registry.lock() gives the lock back when the function throws or rejects", () =>
  inProcess(async () => {
    await open("unique");
    const broken = () => {
      throw new RangeError("thrown");
    };
    await assertRejects(() => Registry.lock("r", "key", broken), RangeError, "thrown");
    const rejecting = () => Promise.reject(new RangeError("rejected"));
    await assertRejects(() => Registry.lock("r", "key", rejecting), RangeError, "rejected");
    assertEquals(await Registry.lock("r", "key", () => "free"), "free");
    await assertRejects(() => Registry.lock("r", "key", 1 as never), TypeError, "a function");
  }));

Deno.test("Registry.lock() keeps two that run in one process apart, too", () =>
  inProcess(async () => {
    await open("unique");
    const seen: string[] = [];
    const run = (name: string) =>
      Registry.lock("r", "key", async () => {
        seen.push(`${name} in`);
        await Process.sleep(1);
        seen.push(`${name} out`);
      });
    await Promise.all([run("a"), run("b"), run("c")]);
    assertEquals(seen, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  }));

Deno.test("Registry.lock() lets the next one in when the holder or a waiter exits [RG-052]", () =>
  inProcess(async () => {
    await open("unique");
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => locker("key", name)) as [
      Pid,
      Pid,
      Pid,
      Pid,
    ];
    assertEquals(await receive(), ["in", "a"]);
    await end(b); // waits
    await assertSilence();
    await end(a); // holds
    assertEquals(await receive(), ["in", "c"]);
    await assertSilence();
    await end(d); // waits
    send(c, ["go"]);
    assertEquals(await receive(), ["out", "c"]);
    assertEquals(await Registry.lock("r", "key", () => "free"), "free");
    await assertSilence();
  }));

Deno.test("Registry.lock() passes over waiters that exit together with the holder [RG-052]", () =>
  inProcess(async () => {
    await open("unique");
    const [a, b] = [locker("key", "a"), locker("key", "b")];
    const c = locker("key", "c");
    assertEquals(await receive(), ["in", "a"]);
    await settled();
    // b is linked to a, so that one signal terminates both.
    const linker = spawn(() => {
      for (const pid of [a, b]) Process.link(pid);
      throw exit("together");
    });
    await exitOf(linker);
    assertEquals([Process.isAlive(a), Process.isAlive(b)], [false, false]);
    assertEquals(await receive(), ["in", "c"]);
    send(c, ["go"]);
    assertEquals(await receive(), ["out", "c"]);
    await assertSilence();
  }));

Deno.test("Registry.lock() does not run the function of a process that exits just when it has the lock", () =>
  inProcess(async () => {
    await open("unique");
    const ran: string[] = [];
    const holder = locker("key", "holder");
    assertEquals(await receive(), ["in", "holder"]);
    const waiter = spawn(() => Registry.lock("r", "key", () => ran.push("waiter")));
    await settled();
    Process.exit(holder, "kill"); // the waiter has the lock now, and does not know it yet
    Process.exit(waiter, "kill");
    await settled();
    assertEquals(ran, []);
    assertEquals(await Registry.lock("r", "key", () => "free"), "free");
  }));

Deno.test("Registry.lock() exits with noproc for waiting processes when the registry exits", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    const registry = await open("unique");
    const parent = self();
    const a = locker("key", "a");
    assertEquals(await receive(), ["in", "a"]);
    const b = spawn(async () => {
      const failed = await assertRejects(() => Registry.lock("r", "key", () => 1), Exit);
      send(parent, ["failed", failed.reason]);
    });
    await settled();
    await GenServer.stop(registry);
    assertEquals(await receive(), ["EXIT", registry, "normal"]);
    assertEquals(await receive(), ["failed", ["noproc", ["Registry", "lock", ["r", "key"]]]]);
    assert(!Process.isAlive(b));
    send(a, ["go"]); // it has the lock, and may go on
    assertEquals(await receive(), ["out", "a"]);
    await assertSilence();
  }));

// --- Documented examples ------------------------------------------------------------------------

Deno.test("Registry does what its documentation in Elixir shows [RG-054]", () =>
  inProcess(async () => {
    // Using in via
    await open("unique", { name: "ViaTest" });
    const name = ["via", Registry, ["ViaTest", "agent"]] as const;
    unwrap(await Agent.startLink(() => 0, { name }));
    assertEquals(await Agent.get(name, (n: number) => n), 0);
    await Agent.update(name, (n: number) => n + 1);
    assertEquals(await Agent.get(name, (n: number) => n), 1);
    const named = ["via", Registry, ["ViaTest", "agent 2", "hello"]] as const;
    const agent = unwrap(await Agent.startLink(() => 0, { name: named }));
    assertEquals(Registry.lookup("ViaTest", "agent 2"), [[agent, "hello"]]);

    // Using as a dispatcher
    await open("duplicate", { name: "DispatcherTest" });
    const printed: Term[] = [];
    Registry.register("DispatcherTest", "hello", (pid: Pid) => printed.push(pid));
    const dispatched = Registry.dispatch<(pid: Pid) => void>(
      "DispatcherTest",
      "hello",
      (entries) => {
        for (const [pid, print] of entries) print(pid);
      },
    );
    assertEquals([dispatched, printed], ["ok", [self()]]);

    // Using as a pubsub
    await open("duplicate", { name: "PubSubTest", partitions: 4 });
    Registry.register("PubSubTest", "hello", []);
    const published = Registry.dispatch("PubSubTest", "hello", (entries) => {
      for (const [pid] of entries) send(pid, ["broadcast", "world"]);
    });
    assertEquals([published, await receive()], ["ok", ["broadcast", "world"]]);

    // keys/2 and values/3
    await open("unique", { name: "UniqueTest" });
    assertEquals(Registry.keys("UniqueTest", self()), []);
    Registry.register("UniqueTest", "hello", "world");
    assertEquals(Registry.register("UniqueTest", "hello", "later"), [
      "error",
      ["already_registered", self()],
    ]);
    assertEquals(Registry.keys("UniqueTest", self()), ["hello"]);
    assertEquals(Registry.values("UniqueTest", "hello", self()), ["world"]);
    assertEquals(Registry.updateValue("UniqueTest", "hello", (value) => value + "!"), [
      "world!",
      "world",
    ]);

    await open("duplicate", { name: "DuplicateTest" });
    for (const value of ["world", "another"]) Registry.register("DuplicateTest", "hello", value);
    assertEquals(Registry.keys("DuplicateTest", self()), ["hello", "hello"]);
    assertEquals(Registry.values("DuplicateTest", "hello", self()), ["world", "another"]);
    assertEquals(Registry.lookup("DuplicateTest", "hello").length, 2);
    assertEquals(Registry.unregister("DuplicateTest", "hello"), "ok");
    assertEquals(Registry.keys("DuplicateTest", self()), []);
  }));

// --- Costs --------------------------------------------------------------------------------------

Deno.test("Registry keeps nothing of processes that have exited", () =>
  inProcess(async () => {
    for (const keys of LAYOUTS) {
      const registry = await open(keys);
      const before = Process.info(registry, "links");
      for (let round = 0; round < 3; round++) {
        const pids = Array.from({ length: 100 }, worker);
        for (const pid of pids) {
          await inside(pid, () => {
            for (const key of [pid, "shared", [pid, 1]]) Registry.register("r", key, 1);
          });
        }
        for (const pid of pids) await end(pid);
        await settled();
        assertEquals(Registry.count("r"), 0);
        assertEquals(Registry.select("r", [[[_, _, _]]]), []);
        assertEquals(Process.info(registry, "links"), before);
        assertEquals(Process.info(registry, "message_queue_len"), ["message_queue_len", 0]);
      }
      Process.unlink(registry);
      await end(registry);
    }
  }));
