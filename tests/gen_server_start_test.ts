/**
 * Starting a GenServer: names, links, `init` and its failures.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  ignore,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  stop,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

/** Keeps the argument of its start, and replies with it. */
const Keeper = {
  init: (state: unknown) => ok(state),
  handleCall: (_request: "get", _from: GenServer.From, state: unknown) => reply(state, state),
  handleCast: ([, state]: readonly ["set", unknown], _state: unknown) => noreply(state),
};

/** Whose `init` is the function that it is started with. */
const Initially = {
  // deno-lint-ignore no-explicit-any -- also what `init` must not return
  init: (init: () => any) => init(),
};

type Start = (
  module: GenServer.Module,
  argument: unknown,
  options: GenServer.StartOptions,
) => Promise<unknown>;

const STARTS: Record<string, Start> = {
  start: GenServer.start,
  startLink: GenServer.startLink,
  startMonitor: GenServer.startMonitor,
};

// --- Child specifications -----------------------------------------------------------------------

Deno.test("GenServer.childSpec() names the module, its startLink and the argument, and leaves the rest to the supervisor [GS-001]", () => {
  const argument = ["an", "argument"];
  const spec = GenServer.childSpec(Keeper, argument);
  assertEquals(Object.keys(spec).sort(), ["id", "start"]);
  assertStrictEquals(spec.id, Keeper);
  assertStrictEquals((spec.start as readonly unknown[])[0], Keeper);
  assertEquals((spec.start as readonly unknown[]).slice(1), ["startLink", [argument]]);
});

Deno.test("GenServer.childSpec() takes id, restart, shutdown and start from the overrides [GS-001]", () => {
  const start = [Keeper, "begin", [1, 2]] as const;
  const overrides = { id: "keeper", restart: "temporary", shutdown: 100, start } as const;
  assertEquals(GenServer.childSpec(Keeper, 1, overrides), {
    id: "keeper",
    restart: "temporary",
    shutdown: 100,
    start,
  });
  assertEquals(GenServer.childSpec(Keeper, 1, { restart: "transient" }).restart, "transient");
});

// --- Names --------------------------------------------------------------------------------------

for (const [what, start] of Object.entries(STARTS)) {
  Deno.test(`GenServer.${what}() refuses what cannot be a name, before anything is spawned [GS-002]`, async () => {
    await inProcess(async () => {
      const wrong = [
        5,
        "",
        "nil",
        "undefined",
        ["foo", 1],
        ["global"],
        ["local", 1],
        ["via", "no registry", "key"],
        ["via", { registerName() {} }, "key"],
        { name: "foo" },
      ];
      for (const name of wrong) {
        const before = Process.list();
        const error = await assertRejects(
          () => start(Keeper, 1, { name: name as never }),
          TypeError,
        );
        const forms =
          'expected a local name (an atom), ["global", term] or ["via", registry, term], found ';
        const [, found] = error.message.split(forms);
        assert(found !== undefined, error.message);
        if (typeof name !== "object") assertEquals(found, JSON.stringify(name));
        assertEquals(Process.list(), before);
      }
      await assertSilence();
    });
  });
}

for (const [what, fresh] of Object.entries(NAMINGS)) {
  Deno.test(`GenServer.startLink() registers ${what}, by which the server is then reached [GS-003]`, async () => {
    await inProcess(async () => {
      const name = fresh();
      const pid = unwrap(await GenServer.startLink(Keeper, "state", { name }));
      assertStrictEquals(await GenServer.whereis(name), pid);
      assertEquals(await GenServer.call(name, "get"), "state");
      assertEquals(GenServer.cast(name, ["set", "new"]), "ok");
      assertEquals(await GenServer.call(name, "get"), "new");
      assertEquals(await GenServer.stop(name), "ok");
      assertStrictEquals(await GenServer.whereis(name), undefined);
    });
  });

  Deno.test(`GenServer.start() registers ${what} before init runs, which can see itself by it [GS-040]`, async () => {
    await inProcess(async () => {
      const name = fresh();
      const init = async () => {
        const found = await GenServer.whereis(name);
        return ok({ found, self: self() });
      };
      const pid = unwrap(await GenServer.start(Initially, init, { name }));
      const { found, self: own } = (pid as Pid<typeof Keeper>).process!.state as {
        found: unknown;
        self: Pid;
      };
      assertStrictEquals(own, pid);
      assertStrictEquals(found, pid);
      await GenServer.stop(pid);
    });
  });

  for (const [function_, start] of Object.entries(STARTS)) {
    Deno.test(`GenServer.${function_}() returns already_started when ${what} is taken, and leaves no trace [GS-041]`, async () => {
      await inProcess(async () => {
        Process.flag("trap_exit", true);
        const name = fresh();
        const first = unwrap(await GenServer.start(Keeper, "first", { name }));
        let initRan = false;
        const init = () => {
          initRan = true;
          return ok("second");
        };
        const before = Process.list();
        const result = await start(Initially, init, { name });
        assertEquals(result, ["error", ["already_started", first]]);
        assertEquals(Process.list(), before);
        assertEquals(initRan, false);
        assertEquals(Process.info(self(), "links"), ["links", []]);
        assertEquals(Process.info(first, "links"), ["links", []]);
        assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
        await assertSilence();
        assertEquals(await GenServer.call(name, "get"), "first");
        await GenServer.stop(first);
        await assertSilence();
      });
    });
  }

  Deno.test(`GenServer.start() has released ${what} when it returns that init failed, a hundred times [GS-031]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const name = fresh();
      const failures = [
        () => stop("q"),
        () => {
          throw new Error("q");
        },
        () => {
          throw exit("q");
        },
        () => "q",
        () => ignore,
      ];
      for (let round = 0; round < 100; round++) {
        const result = await GenServer.start(Initially, failures[round % failures.length]!, {
          name,
        });
        assertStrictEquals(await GenServer.whereis(name), undefined);
        if (round % failures.length === 0) assertEquals(result, ["error", "q"]);
        assert(result === "ignore" || JSON.stringify(result).includes("q"), String(result));
      }
      assertEquals((await GenServer.start(Keeper, 1, { name }))[0], "ok");
      await GenServer.stop(name);
    });
  });
}

Deno.test("GenServer.start() gives no name when the option is undefined or null [GS-006]", async () => {
  await inProcess(async () => {
    for (const options of [{}, { name: undefined }, { name: null }]) {
      const pid = unwrap(await GenServer.start(Keeper, 1, options));
      assertEquals(Process.info(pid, "registered_name"), ["registered_name", []]);
      await GenServer.stop(pid);
    }
  });
});

Deno.test("GenServer.start() returns already_started with the name of its own caller, too [GS-041]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    Process.register(self(), name);
    assertEquals(await GenServer.startLink(Keeper, 1, { name }), [
      "error",
      ["already_started", self()],
    ]);
    await assertSilence();
  });
});

// --- Links and monitors -------------------------------------------------------------------------

Deno.test("GenServer.startLink() links the caller to the server, GenServer.start() does not [GS-007]", async () => {
  await inProcess(async () => {
    const linked = unwrap(await GenServer.startLink(Keeper, 1));
    assertEquals(Process.info(self(), "links"), ["links", [linked]]);
    assertEquals(Process.info(linked, "links"), ["links", [self()]]);
    const free = unwrap(await GenServer.start(Keeper, 1));
    assertEquals(Process.info(self(), "links"), ["links", [linked]]);
    assertEquals(Process.info(free, "links"), ["links", []]);
    await GenServer.stop(free);
  });
});

Deno.test("GenServer.startLink() links the two: each exits with the other [GS-007]", async () => {
  await inProcess(async () => {
    const parent = self();
    const starter = spawn(async () => {
      const server = unwrap(await GenServer.startLink(Keeper, 1));
      const free = unwrap(await GenServer.start(Keeper, 1));
      send(parent, [server, free]);
      await receive();
    });
    const [server, free] = await receive() as [Pid, Pid];
    Process.exit(starter, "bye");
    assertEquals(Process.isAlive(server), false);
    assertEquals(Process.isAlive(free), true);
    await GenServer.stop(free);
  });
});

Deno.test("GenServer.startMonitor() resolves with pid and reference, and one DOWN follows [GS-042]", async () => {
  await inProcess(async () => {
    const [pid, ref] = unwrap(await GenServer.startMonitor(Keeper, "state"));
    assertEquals(await GenServer.call(pid, "get"), "state");
    assertEquals(Process.info(pid, "links"), ["links", []]);
    await assertSilence();
    await GenServer.stop(pid, "shutdown");
    assertEquals(flush(), [["DOWN", ref, "process", pid, "shutdown"]]);
    await assertSilence();
  });
});

Deno.test("GenServer.startMonitor() leaves no monitor and no DOWN behind when the start fails [GS-042]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    assertEquals(await GenServer.startMonitor(Initially, () => stop("q")), ["error", "q"]);
    assertEquals(await GenServer.startMonitor(Initially, () => ignore), "ignore");
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
    await assertSilence();
  });
});

for (const name of ["a local name", "a global name"] as const) {
  Deno.test(`GenServer.startLink() works for a parent that has ${name} itself [GS-098]`, async () => {
    await inProcess(async () => {
      const Parent = {
        init: async () => ok(unwrap(await GenServer.startLink(Keeper, "child"))),
        handleCall: (_: "child", _from: GenServer.From, child: Pid) => reply(child, child),
      };
      const own = NAMINGS[name]();
      const parent = unwrap(await GenServer.startLink(Parent, undefined, { name: own }));
      const child = await GenServer.call(parent, "child");
      assertEquals(await GenServer.call(child, "get"), "child");
      assertEquals(Process.info(child, "parent"), ["parent", parent]);
      const [, dictionary] = Process.info(child, "dictionary")!;
      const ancestors = new Map(dictionary).get("$ancestors") as unknown[];
      assertStrictEquals(ancestors[0], typeof own === "string" ? own : parent);
      assertEquals(await GenServer.stop(child), "ok");
      assertEquals(await GenServer.stop(parent), "ok");
    });
  });
}

// --- The failures of init -----------------------------------------------------------------------

const BOOM = new Error("boom");

interface Failure {
  readonly init: () => unknown;
  /** The reason that it comes to. */
  readonly reason: unknown;
  /** The row that says so, in brackets. */
  readonly row: string;
}

/** Ways for an `init` to fail. */
const FAILURES: Record<string, Failure> = {
  "returns stop": { init: () => stop("bad"), reason: "bad", row: "[GS-031]" },
  "throws an error": {
    init: () => {
      throw BOOM;
    },
    reason: [BOOM, BOOM.stack],
    row: "[GS-032]",
  },
  "throws an exit": {
    init: () => {
      throw exit(["because", 1]);
    },
    reason: ["because", 1],
    row: "[GS-032]",
  },
  "throws a value that is no response": {
    init: () => {
      throw "zz";
    },
    reason: ["bad_return_value", "zz"],
    row: "[GS-034]",
  },
  "returns what is no response": {
    init: () => ({ no: "tuple" }),
    reason: ["bad_return_value", { no: "tuple" }],
    row: "[GS-033]",
  },
};

function asynchronous(init: () => unknown): () => Promise<unknown> {
  return async () => {
    await undefined;
    return init();
  };
}

for (const [what, { init, reason, row }] of Object.entries(FAILURES)) {
  for (const mode of ["sync", "async"] as const) {
    const body = mode === "sync" ? init : asynchronous(init);

    Deno.test(`GenServer.start() returns an error when a ${mode} init ${what} ${row}`, async () => {
      using _reports = collectReports();
      await inProcess(async () => {
        Process.flag("trap_exit", true);
        const name = freshAtom();
        const result = await GenServer.start(Initially, body, { name });
        assertEquals(result, ["error", reason]);
        assertStrictEquals(Process.whereis(name), undefined);
        await assertSilence();
      });
    });

    Deno.test(`GenServer.startLink() also sends a trapping caller an EXIT when a ${mode} init ${what} [GS-035]`, async () => {
      using _reports = collectReports();
      await inProcess(async () => {
        Process.flag("trap_exit", true);
        let pid: Pid | undefined;
        const result = await GenServer.startLink(Initially, () => (pid = self(), body()));
        assertEquals(result, ["error", reason]);
        assertEquals(flush(), [["EXIT", pid, reason]]);
        await assertSilence();
      });
    });

    Deno.test(`GenServer.startLink() terminates a caller that does not trap exits when a ${mode} init ${what} [GS-035]`, async () => {
      using _reports = collectReports();
      await inProcess(async () => {
        let wentOn = false;
        const starter = spawn(async () => {
          await GenServer.startLink(Initially, body);
          wentOn = true;
        });
        assertEquals(await exitOf(starter), reason);
        await settled();
        assertEquals(wentOn, false);
      });
    });
  }
}

Deno.test("GenServer.startLink() lets the caller live when init stops with normal [GS-035]", async () => {
  await inProcess(async () => {
    const starter = spawn(async () => {
      const result = await GenServer.startLink(Initially, () => stop("normal"));
      throw exit(["went on", result]);
    });
    assertEquals(await exitOf(starter), ["went on", ["error", "normal"]]);
  });
});

Deno.test("GenServer.start() returns bad_return_value for everything that init must not return [GS-033]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const wrong = [
      undefined,
      null,
      5,
      "ok",
      [],
      ["ok"],
      ["ok", 1, -1],
      ["ok", 1, NaN],
      ["ok", 1, "5000"],
      ["ok", 1, ["continue"]],
      ["ok", 1, ["proceed", 1]],
      ["ok", 1, 1, 1],
      ["stop"],
      ["stop", "why", 1],
      ["ignore"],
      ["noreply", 1],
      { 0: "ok", 1: 1 },
    ];
    for (const value of wrong) {
      const result = await GenServer.start(Initially, () => value);
      assertEquals(result, ["error", ["bad_return_value", value]]);
    }
  });
});

Deno.test("GenServer.start() takes a value that init throws for what it returns [GS-034, GS-060]", async () => {
  await inProcess(async () => {
    for (const mode of [(init: () => unknown) => init, asynchronous]) {
      const throwing = (value: unknown) =>
        mode(() => {
          throw value;
        });
      const pid = unwrap(await GenServer.start(Initially, throwing(ok("state"))));
      assertEquals((pid as Pid).process!.state, "state");
      await GenServer.stop(pid);
      assertEquals(await GenServer.start(Initially, throwing("ignore")), "ignore");
    }
  });
});

Deno.test("GenServer.startLink() returns ignore, frees the name and terminates the process normally when init ignores [GS-031]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const name = freshAtom();
    let pid: Pid | undefined;
    assertEquals(
      await GenServer.startLink(Initially, () => (pid = self(), ignore), { name }),
      "ignore",
    );
    assertStrictEquals(Process.whereis(name), undefined);
    assertEquals(flush(), [["EXIT", pid, "normal"]]);
  });
});

// --- A start that takes too long ----------------------------------------------------------------

for (const [what, start] of Object.entries(STARTS)) {
  Deno.test(`GenServer.${what}() kills a server whose init takes longer than the timeout, without a trace [GS-039]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      const name = freshAtom();
      const observer = self();
      let pid: Pid | undefined;
      let isOver = false;
      const init = async () => {
        send(observer, pid = self());
        await Process.sleep(60);
        isOver = true;
        return ok(1);
      };
      const result = start(Initially, init, { name, timeout: 50 });
      assertStrictEquals(await receive(), pid);
      const ref = Process.monitor(pid!);
      await pass(time, 49);
      assertEquals(Process.isAlive(pid!), true);
      await pass(time, 1);
      assertEquals(await result, ["error", "timeout"]);
      assertEquals(flush(), [["DOWN", ref, "process", pid, "killed"]]);
      assertStrictEquals(Process.whereis(name), undefined);
      assertEquals(Process.info(self(), "links"), ["links", []]);
      await pass(time, 100);
      await assertSilence();
      assertEquals(isOver, false);
    });
  });
}

Deno.test("GenServer.startLink() does not terminate a caller that does not trap exits after a timeout [GS-039]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const starting = GenServer.startLink(Initially, () => new Promise(() => {}), { timeout: 10 });
    await pass(time, 10);
    assertEquals(await starting, ["error", "timeout"]);
  });
});

Deno.test("GenServer.start() counts the time that a registry takes, too, and takes a late name back [GS-039]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const log: string[] = [];
    let holder: Pid | undefined;
    const registry = {
      registerName: async (_key: unknown, pid: Pid) => {
        await new Promise<void>((resolve) => setTimeout(resolve, 20));
        log.push("registered");
        holder = pid;
        return "yes" as const;
      },
      unregisterName: () => log.push("unregistered"),
      whereisName: () => holder,
      send: () => {
        throw exit("badarg");
      },
    };
    let initRan = false;
    const name = ["via", registry, "key"] as const;
    const init = () => {
      initRan = true;
      return ok(1);
    };
    const starting = GenServer.start(Initially, init, { name, timeout: 10 });
    await pass(time, 10);
    assertEquals(await starting, ["error", "timeout"]);
    assertEquals(log, []);
    await pass(time, 20);
    assertEquals(log, ["registered", "unregistered"]);
    assertEquals(initRan, false);
  });
});

// --- What goes on meanwhile ---------------------------------------------------------------------

Deno.test("GenServer.start() leaves the messages that come during init for later [GS-101]", async () => {
  await inProcess(async () => {
    const observer = self();
    const Server = {
      async init() {
        send(self(), "to myself");
        send(observer, ["pid", self()]);
        await new Promise<void>((resolve) => setTimeout(resolve));
        return ok([] as unknown[]);
      },
      handleCall: (_: "seen", _from: GenServer.From, seen: unknown[]) => reply(seen, seen),
      handleInfo: (message: unknown, seen: unknown[]) => noreply([...seen, message]),
    };
    const starting = GenServer.start(Server);
    const [, pid] = await receive() as [string, Pid<typeof Server>];
    send(pid, "from outside");
    const seen = GenServer.call(pid, "seen");
    assertEquals(await starting, ["ok", pid]);
    assertEquals(await seen, ["to myself", "from outside"]);
    await GenServer.stop(pid);
  });
});

Deno.test("GenServer.start() goes on when its caller has exited, GenServer.startLink() does not [GS-007]", async () => {
  await inProcess(async () => {
    const observer = self();
    const finish: (() => void)[] = [];
    const init = async () => {
      send(observer, self());
      await new Promise<void>((resolve) => finish.push(resolve));
      return ok("done");
    };
    const starter = spawn(async () => {
      void GenServer.start(Initially, init);
      await GenServer.startLink(Initially, init);
    });
    const free = await receive() as Pid;
    const linked = await receive() as Pid;
    Process.exit(starter, "bye");
    finish.forEach((each) => each());
    await settled();
    assertEquals(Process.isAlive(linked), false);
    assertEquals(Process.isAlive(free), true);
    assertEquals(free.process!.state, "done");
    await GenServer.stop(free);
  });
});

// --- Wrong use ----------------------------------------------------------------------------------

Deno.test("GenServer.start() refuses a module without init, and other values", async () => {
  for (const module of [{}, { handleCall() {} }, undefined, null, 5, "module", { init: 1 }]) {
    const error = await assertRejects(() => GenServer.start(module as never), TypeError);
    assert(error.message.startsWith("Cannot start a GenServer: "), error.message);
  }
});

Deno.test("GenServer.start() refuses an invalid timeout, and an unknown debug option", async () => {
  for (const timeout of [-1, NaN, "50", 2 ** 60, null]) {
    const options = { timeout: timeout as never };
    await assertRejects(() => GenServer.start(Keeper, 1, options), RangeError, "timeout");
    const others = { hibernateAfter: timeout as never };
    await assertRejects(() => GenServer.start(Keeper, 1, others), RangeError);
  }
  const before = Process.list();
  const options = { debug: ["treace" as never] };
  await assertRejects(
    () => GenServer.start(Keeper, 1, options),
    TypeError,
    "Cannot use this debug option",
  );
  assertEquals(Process.list(), before);
});
