/**
 * What the responses of a GenServer's callbacks ask for besides: idle timeouts, hibernation, continuing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type Extra,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  stop,
  Sys,
  unwrap,
} from "../mod.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, inProcess, pass, settled } from "./helpers.ts";

/** Returns the response that a message contains, and keeps what it has seen as its state. */
const Recorder = {
  init: ([extra]: readonly unknown[]) => extra === undefined ? ok([]) : ok([], extra as Extra),
  handleCall: ([what, extra]: Told, _from: GenServer.From, seen: Seen) =>
    what === "seen" ? reply(seen, seen, extra) : reply(what, [...seen, ["call", what]], extra),
  handleCast: ([what, extra]: Told, seen: Seen) => noreply([...seen, ["cast", what]], extra),
  handleInfo: (message: unknown, seen: Seen) => {
    const [what, extra] = Array.isArray(message) ? message as unknown as Told : [message];
    return noreply([...seen, ["info", what]], extra);
  },
  handleContinue: ([what, extra]: Told, seen: Seen) =>
    noreply([...seen, ["continue", what]], extra),
};

/** The same with async callbacks, which take a while. */
const SlowRecorder = {
  init: async (first: readonly unknown[]) => (await turns(), Recorder.init(first)),
  handleCall: async (told: Told, from: GenServer.From, seen: Seen) => (
    await turns(), Recorder.handleCall(told, from, seen)
  ),
  handleCast: async (told: Told, seen: Seen) => (await turns(), Recorder.handleCast(told, seen)),
  handleInfo: async (message: unknown, seen: Seen) => (
    await turns(), Recorder.handleInfo(message, seen)
  ),
  handleContinue: async (told: Told, seen: Seen) => (
    await turns(), Recorder.handleContinue(told, seen)
  ),
};

type Told = readonly [what: unknown, extra?: Extra];
type Seen = readonly (readonly unknown[])[];

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await undefined;
}

const MODES = { sync: Recorder, async: SlowRecorder } as const;

async function start(mode: keyof typeof MODES, ...first: unknown[]): Promise<Pid<typeof Recorder>> {
  const pid = unwrap(await GenServer.startLink(MODES[mode], first));
  return pid as Pid as Pid<typeof Recorder>;
}

/** What a server has seen so far, without asking it: the question would count as a message. */
const seenBy = (pid: Pid) => pid.process!.state as Seen;

/** The ways in which a server can be told what to do next. */
const WAYS: Record<string, (pid: Pid<typeof Recorder>, extra: Extra) => unknown> = {
  handleCall: (pid, extra) => GenServer.call(pid, ["x", extra]),
  handleCast: (pid, extra) => GenServer.cast(pid, ["x", extra]),
  handleInfo: (pid, extra) => send(pid, ["x", extra]),
  handleContinue: (pid, extra) => GenServer.call(pid, ["x", ["continue", ["y", extra]]]),
};

/** What the server has seen when it was told so. */
const SEEN: Record<string, Seen> = {
  init: [],
  handleCall: [["call", "x"]],
  handleCast: [["cast", "x"]],
  handleInfo: [["info", "x"]],
  handleContinue: [["call", "x"], ["continue", "y"]],
};

/** Starts a server that has been given `extra` by the named callback. */
async function told(
  mode: keyof typeof MODES,
  callback: string,
  extra: Extra,
): Promise<Pid<typeof Recorder>> {
  if (callback === "init") return await start(mode, extra);
  const pid = await start(mode);
  await WAYS[callback]!(pid, extra);
  return pid;
}

for (const mode of ["sync", "async"] as const) {
  for (const callback of Object.keys(SEEN)) {
    const before = SEEN[callback]!;

    // --- Idle timeouts --------------------------------------------------------------------------

    Deno.test(`${callback}() that returns a timeout gets "timeout" in handleInfo when no message came, once, ${mode} [GS-062]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const pid = await told(mode, callback, 100);
        await pass(time, 99);
        assertEquals(seenBy(pid), before);
        await pass(time, 1);
        assertEquals(seenBy(pid), [...before, ["info", "timeout"]]);
        await pass(time, 1000);
        assertEquals(seenBy(pid), [...before, ["info", "timeout"]]);
      });
    });

    Deno.test(`${callback}() that returns a timeout of 0 gets "timeout" at once, ${mode} [GS-062]`, async () => {
      await inProcess(async () => {
        const pid = await told(mode, callback, 0);
        await settled();
        assertEquals(seenBy(pid), [...before, ["info", "timeout"]]);
      });
    });

    Deno.test(`${callback}() that returns a timeout of Infinity gets none, ${mode} [GS-062]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const pid = await told(mode, callback, Infinity);
        await pass(time, 24 * 3600_000);
        assertEquals(seenBy(pid), before);
        assertEquals(await GenServer.call(pid, ["z"]), "z");
      });
    });

    for (const [way, tell] of Object.entries(WAYS)) {
      if (way === "handleContinue") continue;
      Deno.test(`a message for ${way} cancels the timeout that ${callback}() has returned for good, ${mode} [GS-063]`, async () => {
        using time = new FakeTime();
        await inProcess(async () => {
          const pid = await told(mode, callback, 100);
          await pass(time, 99);
          await tell(pid, Infinity);
          await pass(time, 1000);
          assertEquals(seenBy(pid), [...before, ...SEEN[way]!]);
        });
      });
    }

    Deno.test(`${callback}() that returns a timeout of 0 gets none when a message is queued already, ${mode} [GS-064]`, async () => {
      await inProcess(async () => {
        const pid = await start(mode);
        await Sys.suspend(pid);
        // The mail lies there in full before the first message is handled.
        if (callback === "init") GenServer.cast(pid, ["x", 0]);
        else void WAYS[callback]!(pid, 0);
        send(pid, "queued");
        await Sys.resume(pid);
        await settled();
        const first = callback === "init" ? [["cast", "x"]] : before;
        assertEquals(seenBy(pid), [...first, ["info", "queued"]]);
      });
    });

    // --- Hibernation ----------------------------------------------------------------------------

    Deno.test(`${callback}() that returns hibernate is followed by the next message as usual, ${mode} [GS-089]`, async () => {
      await inProcess(async () => {
        const pid = await told(mode, callback, "hibernate");
        await settled();
        assertEquals(Process.info(pid, "current_function"), [
          "current_function",
          ["erlang", "hibernate", 3],
        ]);
        assertEquals(await GenServer.call(pid, ["z"]), "z");
        assertEquals(seenBy(pid), [...before, ["call", "z"]]);
        assertEquals(Process.info(pid, "current_function"), [
          "current_function",
          ["gen_server", "loop", 7],
        ]);
      });
    });

    // --- Continuing -----------------------------------------------------------------------------

    Deno.test(`${callback}() that returns continue is followed by handleContinue before anything queued, ${mode} [GS-067]`, async () => {
      await inProcess(async () => {
        const pid = await start(mode);
        await Sys.suspend(pid);
        if (callback === "init") GenServer.cast(pid, ["x", ["continue", ["now"]]]);
        else void WAYS[callback]!(pid, ["continue", ["now"]]);
        send(pid, "queued");
        await Sys.resume(pid);
        await settled();
        const first = callback === "init" ? [["cast", "x"]] : before;
        assertEquals(seenBy(pid), [...first, ["continue", "now"], ["info", "queued"]]);
      });
    });
  }

  Deno.test(`init() that returns continue has handleContinue run before what it has sent to itself, ${mode} [GS-067]`, async () => {
    await inProcess(async () => {
      const { handleInfo, handleContinue } = MODES[mode];
      const Server = {
        init: () => {
          send(self(), "first");
          return ok([] as Seen, ["continue", ["now"]]);
        },
        handleInfo,
        handleContinue,
      };
      const pid = unwrap(await GenServer.startLink(Server));
      await settled();
      assertEquals(seenBy(pid), [["continue", "now"], ["info", "first"]]);
    });
  });

  Deno.test(`handleContinue() may continue, any number of times, ${mode} [GS-067]`, async () => {
    await inProcess(async () => {
      const pid = await start(mode);
      let extra: Extra = ["continue", [0]];
      for (let step = 1; step <= 100; step++) extra = ["continue", [step, extra]];
      send(pid, "queued");
      await GenServer.call(pid, ["x", extra]);
      await settled();
      const steps = Array.from({ length: 101 }, (_, i) => ["continue", 100 - i]);
      assertEquals(seenBy(pid), [["info", "queued"], ["call", "x"], ...steps]);
    });
  });
}

Deno.test("GenServer.startLink() resolves before handleContinue has run, whose crash comes as an exit signal [GS-072]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    let crash = () => {};
    const Server = {
      init: () => ok(0, ["continue", "now"]),
      handleContinue: () =>
        new Promise<never>((_, reject) => crash = () => reject(new Error("continued"))),
    };
    const result = await GenServer.startLink(Server);
    const pid = unwrap(result);
    await assertSilence();
    crash();
    const [tag, from, reason] = await receive() as [string, Pid, [Error, string]];
    assertEquals([tag, from, reason[0].message], ["EXIT", pid, "continued"]);
    await assertSilence();
  });
});

Deno.test("a reply goes out before handleContinue runs, and the next message waits for that [GS-068]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    let finish = () => {};
    const Server = {
      init: () => ok(0),
      handleCall: (request: "a" | "b", _from: GenServer.From, state: number) => {
        log.push(request);
        return request === "a" ? reply(request, state, ["continue", "now"]) : reply(request, state);
      },
      handleContinue: async (_argument: "now", state: number) => {
        log.push("begins");
        await new Promise<void>((resolve) => finish = resolve);
        log.push("ends");
        return noreply(state);
      },
    };
    const pid = unwrap(await GenServer.startLink(Server));
    const answer = GenServer.call(pid, "a");
    const next = GenServer.call(pid, "b");
    assertEquals(await answer, "a");
    await settled();
    assertEquals(log, ["a", "begins"]);
    finish();
    assertEquals(await next, "b");
    assertEquals(log, ["a", "begins", "ends", "b"]);
  });
});

for (const mode of ["sync", "async"] as const) {
  for (const reason of ["normal", "shutdown", "bad"]) {
    Deno.test(`handleContinue() may stop the server with ${reason}, ${mode} [GS-070]`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const log: unknown[] = [];
        const handleContinue = (_: unknown, state: string) => stop(reason, state);
        const Server = {
          init: () => ok("state"),
          handleCall: (_: "go", _from: GenServer.From, state: string) =>
            reply("gone", state, ["continue", 1]),
          handleContinue: mode === "sync"
            ? handleContinue
            : async (...args: [unknown, string]) => (await turns(), handleContinue(...args)),
          terminate: (...args: unknown[]) => log.push(args),
        };
        const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
        assertEquals(await GenServer.call(pid, "go"), "gone");
        assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
        assertEquals(log, [[reason, "state"]]);
        await assertSilence();
      });
      assertEquals(reports.logged.length, reason === "bad" ? 1 : 0);
      for (const { lastMessage } of reports.logged) assertEquals(lastMessage, ["continue", 1]);
    });
  }
}

Deno.test("a server without handleContinue exits when it is to continue, with an error that names it", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const Server = {
      init: () => ok(0),
      handleCall: (_: "go", _from: GenServer.From, state: number) =>
        reply("gone", state, ["continue", 1]),
    };
    const [pid] = unwrap(await GenServer.startMonitor(Server));
    assertEquals(await GenServer.call(pid, "go"), "gone");
    const [, , , , [error]] = await receive() as [0, 0, 0, 0, [Error, string]];
    assertEquals(error.message.includes("handleContinue"), true);
  });
});

// --- System messages and timeouts ---------------------------------------------------------------

Deno.test("a system message does not use up a timeout, but restarts it [GS-065]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = await start("sync", 60);
    for (let round = 0; round < 5; round++) {
      await pass(time, 30);
      assertEquals(await Sys.getState(pid), []);
    }
    await pass(time, 59);
    assertEquals(seenBy(pid), []);
    await pass(time, 1);
    assertEquals(seenBy(pid), [["info", "timeout"]]);
    await pass(time, 1000);
    assertEquals(seenBy(pid), [["info", "timeout"]]);
  });
});

Deno.test("every system message leaves a timeout pending, replaceState and statistics among them [GS-065]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const messages: ((pid: Pid) => Promise<unknown>)[] = [
      (pid) => Sys.getStatus(pid),
      (pid) => Sys.replaceState(pid, (seen) => seen),
      (pid) => Sys.replaceState(pid, async (seen) => (await turns(), seen)),
      (pid) => failure(Sys.replaceState(pid, () => Promise.reject(new Error("no")))),
      (pid) => Sys.statistics(pid, true),
      (pid) => Sys.log(pid, "get"),
      (pid) => Sys.changeCode(pid, 1, 2),
      (pid) => Sys.suspend(pid).then(() => Sys.resume(pid)),
    ];
    for (const message of messages) {
      const pid = await start("sync", 100);
      await pass(time, 90);
      await message(pid);
      await pass(time, 99);
      assertEquals(seenBy(pid), []);
      await pass(time, 1);
      assertEquals(seenBy(pid), [["info", "timeout"]]);
    }
  });
});

Deno.test("a timeout of 0 comes after a system message that was queued [GS-065]", async () => {
  await inProcess(async () => {
    const pid = await start("sync");
    GenServer.cast(pid, ["x", 0]);
    assertEquals(await Sys.getState(pid), [["cast", "x"]]);
    await settled();
    assertEquals(seenBy(pid), [["cast", "x"], ["info", "timeout"]]);
  });
});

Deno.test("a suspended server gets no timeout; resumed, it waits for it in full length [SY-025]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = await start("sync", 100);
    await pass(time, 50);
    await Sys.suspend(pid);
    await pass(time, 1000);
    await Sys.getState(pid);
    await pass(time, 1000);
    assertEquals(seenBy(pid), []);
    await Sys.resume(pid);
    await pass(time, 99);
    assertEquals(seenBy(pid), []);
    await pass(time, 1);
    assertEquals(seenBy(pid), [["info", "timeout"]]);
  });
});

Deno.test("a suspended server that hibernates does so after it is resumed, until the next message [SY-025]", async () => {
  await inProcess(async () => {
    const pid = await start("sync", "hibernate");
    const whereabouts = () => Process.info(pid, "current_function")?.[1];
    await Sys.getState(pid);
    assertEquals(whereabouts(), ["erlang", "hibernate", 3]);
    await Sys.suspend(pid);
    await Sys.resume(pid);
    await settled();
    assertEquals(whereabouts(), ["erlang", "hibernate", 3]);
    send(pid, "hello");
    await settled();
    assertEquals(whereabouts(), ["gen_server", "loop", 7]);
  });
});

Deno.test("hibernateAfter changes nothing in what a server does [GS-090]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const options = { hibernateAfter: 10 };
    const pid = unwrap(await GenServer.startLink(Recorder, [50] as unknown[], options));
    await pass(time, 49);
    assertEquals(seenBy(pid), []);
    await pass(time, 1);
    assertEquals(seenBy(pid), [["info", "timeout"]]);
    await pass(time, 100);
    assertEquals(await GenServer.call(pid, ["x"]), "x");
    GenServer.cast(pid, ["y"]);
    assertEquals(await GenServer.call(pid, ["seen"]), [
      ["info", "timeout"],
      ["call", "x"],
      ["cast", "y"],
    ]);
  });
});

// --- What is no extra ---------------------------------------------------------------------------

Deno.test("a response with an invalid extra terminates the server with bad_return_value, and the caller with it", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const wrong = [-1, NaN, "100", "hibernated", ["continue"], ["continue", 1, 2], ["go", 1], null];
    for (const extra of wrong) {
      const pid = unwrap(await GenServer.start(Recorder, []));
      const request = ["x", extra as never] as const;
      // `reply(value, state, extra)` leaves an undefined extra out, and nothing else.
      const response = ["reply", "x", [["call", "x"]], extra];
      assertEquals(await failure(GenServer.call(pid, request)), [
        ["bad_return_value", response],
        ["GenServer", "call", [pid, request, 5000]],
      ]);
      const [other, ref] = unwrap(await GenServer.startMonitor(Recorder, []));
      GenServer.cast(other, request);
      const reason = ["bad_return_value", ["noreply", [["cast", "x"]], extra]];
      assertEquals(await receive(), ["DOWN", ref, "process", other, reason]);
    }
  });
});
