/**
 * Becoming a server: `GenServer.enterLoop`.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  type Extra,
  flush,
  GenServer,
  Global,
  noreply,
  ok,
  type Pid,
  Process,
  ProcLib,
  receive,
  reply,
  self,
  send,
  spawn,
  stop,
  Sys,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

type Seen = readonly unknown[];

const Recorder = {
  init: () => ok<Seen>([]),
  handleCall: (request: unknown, _from: GenServer.From, seen: Seen) =>
    reply([request, self()], seen),
  handleCast: (request: unknown, seen: Seen) =>
    request === "stop" ? stop("normal", seen) : noreply([...seen, ["cast", request]]),
  handleInfo: (message: unknown, seen: Seen) => noreply([...seen, ["info", message]]),
  handleContinue: (argument: unknown, seen: Seen) => noreply([...seen, ["continue", argument]]),
  terminate: (reason: unknown, seen: Seen) => {
    if (seen[0] instanceof Array && seen[0][0] === "observer") {
      send(seen[0][1], ["terminate", reason]);
    }
  },
};

/** Starts a process that registers itself by `prepare` and then becomes a server. */
async function enter(
  state: Seen = [],
  name?: Parameters<typeof GenServer.enterLoop>[3],
  extra?: Extra,
  prepare: () => unknown = () => {},
): Promise<Pid<typeof Recorder>> {
  return unwrap(
    await ProcLib.startLink<GenServer.StartResult<typeof Recorder>>(async () => {
      await prepare();
      ProcLib.initAck(["ok", self()]);
      return await GenServer.enterLoop(Recorder, {}, state, name, extra);
    }),
  );
}

const stateOf = (pid: Pid) => pid.process!.state;

Deno.test("GenServer.enterLoop() makes a process of ProcLib a server [GS-096]", async () => {
  await inProcess(async () => {
    const pid = await enter(["state"]);
    assertEquals(await GenServer.call(pid, "hello"), ["hello", pid]);
    GenServer.cast(pid, 1);
    send(pid, 2);
    assertEquals(await Sys.getState(pid), ["state", ["cast", 1], ["info", 2]]);
    assertEquals(ProcLib.translateInitialCall(pid), [Recorder, "init", 1]);
    assertEquals(await GenServer.stop(pid), "ok");
    await assertSilence();
  });
});

Deno.test("GenServer.enterLoop() works in a body that is not async, and without an await before it [GS-096]", async () => {
  await inProcess(async () => {
    const [pid, ref] = ProcLib.spawnMonitor(() => GenServer.enterLoop(Recorder, {}, []));
    assertEquals(await GenServer.call(pid, "hello"), ["hello", pid]);
    await GenServer.stop(pid);
    assertEquals(flush(), [["DOWN", ref, "process", pid, "normal"]]);
  });
});

Deno.test("GenServer.enterLoop() handles the mail that has come before, in order [GS-096]", async () => {
  await inProcess(async () => {
    const pid = ProcLib.spawnLink(async () => {
      await receive({ go: () => {} });
      return await GenServer.enterLoop(Recorder, {}, []);
    });
    send(pid, "passed over");
    const call = GenServer.call(pid, "early");
    GenServer.cast(pid, "early");
    await settled();
    send(pid, "go");
    send(pid, "new");
    assertEquals(await call, ["early", pid]);
    assertEquals(await Sys.getState(pid), [["info", "passed over"], ["cast", "early"], [
      "info",
      "new",
    ]]);
  });
});

Deno.test("GenServer.enterLoop() goes on with the extra that it is given: timeout, hibernate or continue [GS-096]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const idle = await enter([], undefined, 100);
    await pass(time, 99);
    assertEquals(stateOf(idle), []);
    await pass(time, 1);
    assertEquals(stateOf(idle), [["info", "timeout"]]);

    const asleep = await enter([], undefined, "hibernate");
    await settled();
    assertEquals(Process.info(asleep, "current_function")?.[1], ["erlang", "hibernate", 3]);
    assertEquals((await GenServer.call(asleep, 1)) as unknown, [1, asleep]);

    const going = await enter([], undefined, ["continue", "on"], () => send(self(), "first"));
    await settled();
    assertEquals(stateOf(going), [["continue", "on"], ["info", "first"]]);
  });
});

Deno.test("GenServer.enterLoop() takes debug options [GS-096]", async () => {
  await inProcess(async () => {
    const lines: string[] = [];
    const pid = ProcLib.spawnLink(() =>
      GenServer.enterLoop(Recorder, { debug: [["log_to", (line) => lines.push(line)]] }, [])
    );
    GenServer.cast(pid, 1);
    await Sys.getState(pid);
    assertEquals(lines.map((line) => line.replace(String(pid), "it")), [
      "*DBG* it got cast 1",
      '*DBG* it new state [["cast", 1]]',
    ]);
  });
});

for (const [what, fresh] of Object.entries(NAMINGS)) {
  const isVia = what.includes("registry");
  const why = what === "a local name"
    ? "process_not_registered"
    : what === "a global name"
    ? "process_not_registered_globally"
    : "process_not_registered_via";

  Deno.test(`GenServer.enterLoop() takes ${what} that the process has registered [GS-096]`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      const name = fresh();
      const pid = await enter([], name, undefined, async () => {
        if (typeof name === "string") return Process.register(self(), name);
        // The registries of names know the process as they would know a server.
        const registry = name[0] === "via" ? name[1] : Global;
        assertEquals(await registry.registerName(name.at(-1), self()), "yes");
      });
      assertEquals(await GenServer.call(name, "hello"), ["hello", pid]);
      await GenServer.stop(name, "odd");
      assertEquals(reports.logged.map((report) => report.name), [name]);
      assertStrictEquals(await GenServer.whereis(name), undefined);
    });
  });

  Deno.test(`GenServer.enterLoop() terminates a process that has not registered ${what} with ${why} [GS-096]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      for (const isTaken of [false, true]) {
        const name = fresh();
        if (isTaken) await GenServer.startLink(Recorder, undefined, { name });
        const pid = ProcLib.spawn(() => GenServer.enterLoop(Recorder, {}, [], name));
        assertEquals(await exitOf(pid), isVia ? [why, name[1]] : why);
      }
    });
  });
}

Deno.test("GenServer.enterLoop() takes the process's own pid for no name, and no other [GS-096]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pid = ProcLib.spawnLink(() => GenServer.enterLoop(Recorder, {}, [], self()));
    assertEquals(await GenServer.call(pid, 1), [1, pid]);
    const observer = self();
    const other = ProcLib.spawn(() => GenServer.enterLoop(Recorder, {}, [], observer));
    assertEquals(await exitOf(other), "process_not_registered");
  });
});

Deno.test("GenServer.enterLoop() terminates a process that ProcLib did not start with process_was_not_started_by_proc_lib [GS-097]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const plain = spawn(() => GenServer.enterLoop(Recorder, {}, []));
    assertEquals(await exitOf(plain), "process_was_not_started_by_proc_lib");
    // A server is in its loop already.
    const server = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCast: () => GenServer.enterLoop(Recorder, {}, []),
      }),
    );
    const reason = exitOf(server);
    GenServer.cast(server, undefined as never);
    assertEquals(await reason, "process_was_not_started_by_proc_lib");
  });
});

Deno.test("GenServer.enterLoop() refuses an invalid module, extra, name and debug option [GS-096]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const wrong: (() => Promise<never>)[] = [
      () => GenServer.enterLoop({} as never, {}, []),
      () => GenServer.enterLoop(Recorder, {}, [], undefined, -1),
      () => GenServer.enterLoop(Recorder, {}, [], undefined, "soon" as never),
      () => GenServer.enterLoop(Recorder, {}, [], 5 as never),
      () => GenServer.enterLoop(Recorder, { debug: ["treace" as never] }, []),
    ];
    for (const body of wrong) {
      const [error] = await exitOf(ProcLib.spawn(body)) as [Error];
      assertEquals(error.name, "TypeError");
    }
  });
});

Deno.test("a server that has entered the loop terminates with its parent, if it traps exits [GS-096]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const observer = self();
    const parent = spawn(async () => {
      ProcLib.spawnLink(() => {
        Process.flag("trap_exit", true);
        send(observer, ["started", self()]);
        return GenServer.enterLoop(Recorder, {}, [["observer", observer]]);
      });
      throw exit(await receive());
    });
    const pid = await receive({ started: (pid: Pid) => pid });
    const ref = Process.monitor(pid);
    send(parent, "boom");
    assertEquals(await receive(), ["terminate", "boom"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
    await assertSilence();
  });
});

Deno.test("a server that has entered the loop reports its crash as any other, once [GS-096]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const Crashing = {
      init: () => ok(0),
      handleCall: () => {
        throw new Error("oops");
      },
    };
    const pid = ProcLib.spawn(() => GenServer.enterLoop(Crashing, {}, "state"));
    const [[error]] = await failure(GenServer.call(pid, "x")) as [[Error]];
    assertEquals(error.message, "oops");
    await settled();
    assertEquals(reports.all.map(({ kind, state }) => [kind, state]), [
      ["gen_server", "state"],
      ["crash", undefined],
    ]);
  });
});

Deno.test("what comes after GenServer.enterLoop() in the body does not run [GS-096]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    let wentOn = false;
    const pid = ProcLib.spawnLink(async () => {
      Process.register(self(), name);
      try {
        await GenServer.enterLoop(Recorder, {}, [], name);
      } finally {
        wentOn = true;
      }
    });
    assertEquals(await GenServer.call(pid, 1), [1, pid]);
    GenServer.cast(name, "stop");
    await exitOf(pid);
    await settled();
    assertEquals(wentOn, false);
  });
});
