/**
 * Sys: system messages, of servers and of special processes.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  ProcLib,
  receive,
  reply,
  self,
  send,
  spawn,
  stop,
  stopReply,
  Sys,
  unwrap,
} from "../mod.ts";
import { List } from "../lib/kernel/list.ts";
import { freshAtom } from "./fixtures/naming.ts";
import { failure, Scripted, ScriptedAsync } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

// --- The subjects -------------------------------------------------------------------------------

/** A server of the behaviour: replies to `"get"`, takes `["set", state]`. */
const Keeper = {
  init: ([state, trap]: readonly [unknown, boolean]) => {
    Process.flag("trap_exit", trap);
    return ok(state);
  },
  handleCall: (_: "get", _from: GenServer.From, state: unknown) => reply(state, state),
  handleCast: ([, state]: readonly ["set", unknown], _state: unknown) => noreply(state),
  terminate: (reason: unknown, state: unknown) => {
    if (Array.isArray(state) && state[0] === "observed by") send(state[1], ["terminate", reason]);
  },
  codeChange: (old: unknown, state: unknown, extra: unknown) =>
    extra === "refuse" ? ["error", "refused"] : ["ok", [old, state, extra]],
};

/** The same as a process with its own loop. */
const SpecialKeeper: Sys.SpecialModule<unknown> = {
  systemTerminate: (reason, _parent, _debug, state) => Keeper.terminate(reason, state),
  systemCodeChange: (state, _module, old, extra) => Keeper.codeChange(old, state, extra),
};

async function specialLoop(parent: Pid, first: unknown, trap: boolean): Promise<never> {
  Process.flag("trap_exit", trap);
  const debug = Sys.debugOptions([]);
  const format = ([kind, what]: unknown[], name: unknown) => `${name} ${kind} ${what}`;
  ProcLib.initAck(["ok", self()]);
  for (let state = first;;) {
    state = await receive({
      system: (from: GenServer.From, request: unknown) =>
        Sys.handleSystemMsg(request, from, parent, SpecialKeeper, debug, state),
      $gen_call: (from: GenServer.From, request: unknown) => {
        Sys.handleDebug(debug, format, "special", ["in", request]);
        GenServer.reply(from, state);
        Sys.handleDebug(debug, format, "special", ["out", state, from[0], state]);
        return state;
      },
      $gen_cast: ([, next]: readonly ["set", unknown]) => next,
    });
  }
}

/** Requests of the wrong form, all of which OTP's servers have been seen to answer with an error. */
const UNKNOWN_REQUESTS: readonly unknown[] = [
  "sing",
  ["sing", 1],
  5,
  [],
  {},
  null,
  "debug",
  ["debug"],
  ["debug", 1, 2],
  ["debug", "no function", "trace", [true]],
  "replace_state",
  ["replace_state"],
  ["replace_state", 1, 2],
  "change_code",
  ["change_code"],
  ["change_code", 1],
  "terminate",
  ["terminate"],
  ["terminate", 1, 2],
  ["get_state"],
  List.of("get_state"), // a list, as another node may send it, and no tuple
  ["get_state", 1],
  ["get_status", 1],
  ["suspend"],
  ["resume"],
  ["resume", 1],
];

type Start = (state: unknown, trap?: boolean) => Promise<Pid>;

const SUBJECTS: Record<string, Start> = {
  "a GenServer": async (state, trap = false) =>
    unwrap(await GenServer.startLink(Keeper, [state, trap])),
  "a special process": async (state, trap = false) => {
    const parent = self();
    return unwrap(await ProcLib.startLink(() => specialLoop(parent, state, trap)));
  },
};

for (const [subject, start] of Object.entries(SUBJECTS)) {
  // --- State --------------------------------------------------------------------------------------

  Deno.test(`Sys.getState() shows the state of ${subject}, also while it is suspended [GS-088, SY-009]`, async () => {
    await inProcess(async () => {
      const pid = await start({ a: 1 });
      assertEquals(await Sys.getState(pid), { a: 1 });
      await Sys.suspend(pid);
      assertEquals(await Sys.getState(pid), { a: 1 });
    });
  });

  Deno.test(`Sys.replaceState() installs and resolves with what the function makes of the state of ${subject} [GS-088, SY-003]`, async () => {
    await inProcess(async () => {
      const pid = await start(1);
      assertEquals(await Sys.replaceState(pid, (n) => n + 1), 2);
      assertEquals(await GenServer.call(pid, "get"), 2);
      await Sys.suspend(pid);
      assertEquals(await Sys.replaceState(pid, (n) => n * 10), 20);
      assertEquals(await Sys.getState(pid), 20);
      assertEquals(await Sys.replaceState(pid, async (n) => (await undefined, n + 1)), 21);
      await Sys.resume(pid);
      assertEquals(await GenServer.call(pid, "get"), 21);
      assertEquals(await Sys.replaceState(pid, () => undefined), undefined);
      assertEquals(await GenServer.call(pid, "get"), undefined);
    });
  });

  Deno.test(`Sys.replaceState() exits with callback_failed when the function fails, and ${subject} keeps its state [GS-088]`, async () => {
    await inProcess(async () => {
      const pid = await start("old");
      const error = new Error("no");
      const failures: [() => unknown, unknown][] = [
        [() => {
          throw error;
        }, ["error", error]],
        [() => Promise.reject(error), ["error", error]],
        [() => {
          throw exit("boom");
        }, ["exit", "boom"]],
        [() => {
          throw "ball";
        }, ["throw", "ball"]],
      ];
      for (const suspended of [false, true]) {
        if (suspended) await Sys.suspend(pid);
        for (const [change, what] of failures) {
          const callback = subject === "a GenServer"
            ? ["gen_server", "system_replace_state"]
            : change;
          assertEquals(await failure(Sys.replaceState(pid, change)), [
            "callback_failed",
            callback,
            what,
          ]);
          assertEquals(await Sys.getState(pid), "old");
        }
      }
      await Sys.resume(pid);
      assertEquals(await GenServer.call(pid, "get"), "old");
      await assertRejects(() => Sys.replaceState(pid, "x" as never), TypeError);
    });
  });

  // --- Suspending ---------------------------------------------------------------------------------

  Deno.test(`calls to ${subject} that is suspended time out by their own timeout; the request is handled later, its reply dropped [SY-007]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const pid = await start("state");
      await Sys.suspend(pid);
      const reason = failure(GenServer.call(pid, "get", 50));
      GenServer.cast(pid, ["set", "new"]);
      const patient = GenServer.call(pid, "get", Infinity);
      await pass(time, 49);
      assertEquals(await Promise.race([reason, "pending"]), "pending");
      await pass(time, 1);
      assertEquals(await reason, ["timeout", ["GenServer", "call", [pid, "get", 50]]]);
      await Sys.statistics(pid, true);
      await Sys.resume(pid);
      assertEquals(await patient, "new");
      const [, counts] = await Sys.statistics(pid, "get");
      // Both calls were handled, and for a GenServer the cast.
      assertEquals(
        counts !== "no_statistics" && counts.messagesIn,
        subject === "a GenServer" ? 3 : 2,
      );
      await assertSilence();
    });
  });

  Deno.test(`suspending ${subject} twice is suspending once, and so is resuming [SY-008]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      assertEquals(await Sys.resume(pid), "ok");
      assertEquals(await Sys.suspend(pid), "ok");
      assertEquals(await Sys.suspend(pid), "ok");
      const call = GenServer.call(pid, "get");
      await settled();
      assertEquals(Process.info(pid, "status"), ["status", "suspended"]);
      assertEquals(await Sys.resume(pid), "ok");
      assertEquals(await call, "state");
      assertEquals(await Sys.resume(pid), "ok");
      assertEquals(await GenServer.call(pid, "get"), "state");
    });
  });

  Deno.test(`${subject} that is suspended answers all system requests [SY-009]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      await Sys.suspend(pid);
      GenServer.cast(pid, ["set", "waits"]);
      assertEquals(await Sys.getState(pid), "state");
      assertEquals(await Sys.replaceState(pid, (state) => `${state}!`), "state!");
      assertEquals((await Sys.getStatus(pid)).status, "suspended");
      assertEquals(await Sys.statistics(pid, true), "ok");
      const [, counts] = await Sys.statistics(pid, "get");
      assertEquals(counts !== "no_statistics" && counts.messagesIn, 0);
      assertEquals(await Sys.log(pid, true), "ok");
      assertEquals(await Sys.log(pid, "get"), ["ok", []]);
      assertEquals(await Sys.noDebug(pid), "ok");
      await Sys.resume(pid);
      assertEquals(await GenServer.call(pid, "get"), "waits");
      assertEquals((await Sys.getStatus(pid)).status, "running");
    });
  });

  Deno.test(`${subject} that is suspended and traps exits terminates with its parent, by terminate [SY-010]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      for (const reason of ["normal", "boom"]) {
        const observer = self();
        const parent = spawn(async () => {
          const pid = await start(["observed by", observer], true);
          await Sys.suspend(pid);
          send(observer, ["started", pid]);
          throw exit(await receive());
        });
        const pid = await receive({ started: (pid: Pid) => pid });
        const ref = Process.monitor(pid);
        send(parent, reason);
        assertEquals(await receive(), ["terminate", reason]);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
        await assertSilence();
      }
    });
  });

  // --- Status -------------------------------------------------------------------------------------

  Deno.test(`Sys.getStatus() describes ${subject} [SY-011]`, async () => {
    await inProcess(async () => {
      const name = freshAtom();
      const pid = await start("state", true);
      Process.register(pid, name);
      assertEquals(await Sys.getStatus(pid), {
        pid,
        module: subject === "a GenServer" ? Keeper : SpecialKeeper,
        behaviour: subject === "a GenServer" ? "gen_server" : "special",
        status: "running",
        parent: self(),
        name,
        dictionary: [],
        trapExit: true,
        debug: [],
        state: "state",
      });
      const call = () => {};
      await Sys.install(pid, ["id", call, 0]);
      await Sys.log(pid, true);
      await Sys.suspend(pid);
      const { status, debug } = await Sys.getStatus(pid);
      assertEquals([status, debug], ["suspended", [["log", []], ["install", "id", 0]]]);
    });
  });

  // --- Debug functions ----------------------------------------------------------------------------

  Deno.test(`Sys.statistics() counts a call to ${subject} as one in and one out [SY-013]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      assertEquals(await Sys.statistics(pid, "get"), ["ok", "no_statistics"]);
      assertEquals(await Sys.statistics(pid, true), "ok");
      await GenServer.call(pid, "get");
      const [tag, counts] = await Sys.statistics(pid, "get");
      assertEquals(tag, "ok");
      assert(counts !== "no_statistics");
      assertEquals([counts.messagesIn, counts.messagesOut], [1, 1]);
      assertInstanceOf(counts.startTime, Date);
      assert(+counts.startTime <= +counts.currentTime);
      // Counting continues.
      assertEquals(await Sys.statistics(pid, true), "ok");
      await GenServer.call(pid, "get");
      const [, more] = await Sys.statistics(pid, "get");
      assertEquals(more !== "no_statistics" && more.messagesIn, 2);
      assertEquals(await Sys.statistics(pid, false), "ok");
      assertEquals(await Sys.statistics(pid, "get"), ["ok", "no_statistics"]);
    });
  });

  Deno.test(`Sys.log() keeps the last ten events of ${subject}, or as many as asked for, oldest first [SY-015]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      const seen = async () => (await Sys.log(pid, "get"))[1].map(([kind]) => kind);
      const alternating = (n: number) => Array.from({ length: n }, (_, i) => ["in", "out"][i % 2]);
      assertEquals(await seen(), []);
      assertEquals(await Sys.log(pid, true), "ok");
      for (let n = 0; n < 4; n++) await GenServer.call(pid, "get");
      assertEquals(await seen(), alternating(8));
      for (let n = 0; n < 4; n++) await GenServer.call(pid, "get");
      assertEquals(await seen(), alternating(10));
      assertEquals(await Sys.log(pid, ["keep", 4]), "ok");
      assertEquals(await seen(), alternating(4));
      await Sys.replaceState(pid, () => "newer");
      await GenServer.call(pid, "get");
      const [, events] = await Sys.log(pid, "get");
      assertEquals(events.length, 4);
      assertEquals(events.at(-1), ["out", "newer", self(), "newer"]);
      assertEquals(await Sys.log(pid, false), "ok");
      assertEquals(await seen(), []);
    });
  });

  Deno.test(`Sys.install() has a function called with its state, the event and the process for each event of ${subject}, until it is done [SY-017]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      const calls: unknown[][] = [];
      const call = (...args: [unknown[], unknown, unknown]) => {
        calls.push(args);
        return args[0].length === 2 ? "done" : [...args[0], "called"];
      };
      assertEquals(await Sys.install(pid, [call, []]), "ok");
      for (let n = 0; n < 3; n++) await GenServer.call(pid, "get");
      assertEquals(calls.map(([state]) => state), [[], ["called"], ["called", "called"]]);
      assertEquals(calls.map(([, event]) => (event as unknown[])[0]), ["in", "out", "in"]);
      const who = subject === "a GenServer" ? pid : "special";
      for (const [, , process] of calls) assertStrictEquals(process, who);
      assertEquals((await Sys.getStatus(pid)).debug, []);
    });
  });

  Deno.test(`Sys.install() of a function that throws: an error takes it away, a value counts as returned [SY-017]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      let calls = 0;
      await Sys.install(pid, [() => {
        calls++;
        throw new Error("broken");
      }, 0]);
      const states: unknown[] = [];
      await Sys.install(pid, [(state: number) => {
        states.push(state);
        throw state === 1 ? "done" : state + 1;
      }, 0]);
      for (let n = 0; n < 3; n++) assertEquals(await GenServer.call(pid, "get"), "state");
      assertEquals([calls, states], [1, [0, 1]]);
    });
  });

  Deno.test(`Sys.install() of the same function twice runs it once for ${subject}, of different ids as often as there are [SY-018]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      const calls: string[] = [];
      const call = (state: string) => (calls.push(state), state);
      await Sys.install(pid, [call, "first"]);
      await Sys.install(pid, [call, "second"]);
      await Sys.install(pid, ["id", call, "third"]);
      await Sys.install(pid, ["id", call, "fourth"]);
      await Sys.install(pid, ["other id", call, "fifth"]);
      await GenServer.call(pid, "get");
      assertEquals(calls.slice(0, 3).sort(), ["fifth", "first", "third"]);
      assertEquals(calls.slice(3).sort(), ["fifth", "first", "third"]);
    });
  });

  Deno.test(`Sys.remove() takes a function away from ${subject} by itself or by its id, Sys.noDebug() all [SY-019]`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      const calls: string[] = [];
      const call = (state: string) => (calls.push(state), state);
      const callNext = async () => {
        calls.length = 0;
        await GenServer.call(pid, "get");
        return [...new Set(calls)].sort();
      };
      await Sys.install(pid, [call, "by function"]);
      await Sys.install(pid, ["id", (state: string) => call(state), "by id"]);
      await Sys.install(pid, ["other", (state: string) => call(state), "stays"]);
      assertEquals(await Sys.remove(pid, "nothing"), "ok");
      assertEquals(await callNext(), ["by function", "by id", "stays"]);
      assertEquals(await Sys.remove(pid, call), "ok");
      assertEquals(await callNext(), ["by id", "stays"]);
      assertEquals(await Sys.remove(pid, "id"), "ok");
      assertEquals(await callNext(), ["stays"]);
      await Sys.statistics(pid, true);
      await Sys.log(pid, true);
      await Sys.trace(pid, true, undefined, (line) => calls.push(line));
      assertEquals(await Sys.noDebug(pid), "ok");
      assertEquals(await callNext(), []);
      assertEquals((await Sys.getStatus(pid)).debug, []);
    });
  });

  // --- Ending and code ----------------------------------------------------------------------------

  Deno.test(`Sys.terminate() runs terminate of ${subject} with the reason, and terminates it with that [SY-020]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      for (const reason of ["normal", "shutdown", "odd"]) {
        for (const suspended of [false, true]) {
          const pid = await start(["observed by", self()]);
          if (suspended) await Sys.suspend(pid);
          assertEquals(await Sys.terminate(pid, reason), "ok");
          assertEquals(await receive(), ["terminate", reason]);
          assertEquals(await receive(), ["EXIT", pid, reason]);
        }
      }
      await assertSilence();
    });
  });

  Deno.test(`Sys.changeCode() converts the state of ${subject}, if that is suspended`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      assertEquals(await Sys.changeCode(pid, 1, "extra"), [
        "error",
        ["unknown_system_msg", ["change_code", undefined, 1, "extra"]],
      ]);
      await Sys.suspend(pid);
      assertEquals(await Sys.changeCode(pid, 1, "extra"), "ok");
      assertEquals(await Sys.getState(pid), [1, "state", "extra"]);
      const refused = await Sys.changeCode(pid, 1, "refuse") as unknown[];
      assertEquals(refused[0], "error");
      assertEquals(await Sys.getState(pid), [1, "state", "extra"]);
      await Sys.resume(pid);
      assertEquals(await GenServer.call(pid, "get"), [1, "state", "extra"]);
    });
  });

  Deno.test(`${subject} replies to an unknown system request with an error, suspended or not`, async () => {
    await inProcess(async () => {
      const pid = await start("state");
      for (const suspended of [false, true]) {
        if (suspended) await Sys.suspend(pid);
        for (const request of UNKNOWN_REQUESTS) {
          send(pid, ["system", [self(), "tag"], request]);
          assertEquals(await receive(), ["tag", ["error", ["unknown_system_msg", request]]]);
        }
      }
      assertEquals((await Sys.getStatus(pid)).status, "suspended");
      await Sys.resume(pid);
      assertEquals(await GenServer.call(pid, "get"), "state");
    });
  });
}

// --- Of servers only ----------------------------------------------------------------------------

Deno.test("Sys.terminate() does not wait for the exit of a server", async () => {
  await inProcess(async () => {
    let finish = () => {};
    const Slow = {
      init: () => ok(0),
      terminate: () => new Promise<void>((resolve) => finish = resolve),
    };
    const pid = unwrap(await GenServer.start(Slow));
    assertEquals(await Sys.terminate(pid, "shutdown"), "ok");
    assertEquals(Process.isAlive(pid), true);
    const reason = exitOf(pid);
    await settled();
    finish();
    assertEquals(await reason, "shutdown");
  });
});

Deno.test("Sys.trace() prints a line for each event: a call with its sender, a reply with its receiver [SY-014]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    const pid = unwrap(await GenServer.startLink(Keeper, ["state", false], { name }));
    const lines: string[] = [];
    const print = (line: string) => lines.push(line);
    assertEquals(await Sys.trace(pid, true, undefined, print), "ok");
    await GenServer.call(pid, "get");
    GenServer.cast(pid, ["set", 2]);
    await GenServer.call(pid, "get");
    await Sys.getState(pid);
    assertEquals(lines, [
      `*DBG* "${name}" got call "get" from ${self()}`,
      `*DBG* "${name}" sent "state" to ${self()}, new state "state"`,
      `*DBG* "${name}" got cast ["set", 2]`,
      `*DBG* "${name}" new state 2`,
      `*DBG* "${name}" got call "get" from ${self()}`,
      `*DBG* "${name}" sent 2 to ${self()}, new state 2`,
    ]);
    assertEquals(await Sys.trace(pid, false), "ok");
    await GenServer.call(pid, "get");
    assertEquals(lines.length, 6);
  });
});

Deno.test("Sys.trace() and Sys.log() with print write to the console by default [SY-014, SY-015]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    const lines: unknown[] = [];
    const { log } = console;
    console.log = (...args: unknown[]) => lines.push(args);
    try {
      await Sys.log(pid, true);
      await Sys.trace(pid, true);
      send(pid, "hello");
      await Sys.getState(pid);
      await Sys.trace(pid, false);
      await Sys.log(pid, "print");
    } finally {
      console.log = log;
    }
    const both = [[`*DBG* ${pid} got "hello"`], [`*DBG* ${pid} new state undefined`]];
    assertEquals(lines, [...both, ...both]);
  });
});

Deno.test("Sys.logTo() hands the lines of all events to a function, until that is false [SY-016]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted, 0));
    const lines: string[] = [];
    assertEquals(await Sys.logTo(pid, (line) => lines.push(line)), "ok");
    send(pid, "hello");
    await GenServer.call(pid, (_from, state) => reply("now", state, ["continue", noreply]));
    await Sys.getState(pid);
    assertEquals(lines.map((line) => line.replaceAll(String(pid), "it")), [
      '*DBG* it got "hello"',
      "*DBG* it new state 0",
      `*DBG* it got call [function anonymous] from ${self()}`,
      `*DBG* it sent "now" to ${self()}, new state 0`,
      '*DBG* it dbg ["continue", [function noreply]]',
      "*DBG* it new state 0",
    ]);
    assertEquals(await Sys.logTo(pid, false), "ok");
    send(pid, "hello");
    await Sys.getState(pid);
    assertEquals(lines.length, 6);
  });
});

Deno.test("a sink that throws is taken away, and the server goes on [SY-016]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Keeper, ["state", false]));
    let lines = 0;
    const broken = () => {
      lines++;
      throw new Error("disk full");
    };
    await Sys.logTo(pid, broken);
    for (let n = 0; n < 2; n++) assertEquals(await GenServer.call(pid, "get"), "state");
    assertEquals(lines, 1);
  });
});

Deno.test("debug functions see all that a server does, from handleContinue to the last reply [SY-017]", async () => {
  await inProcess(async () => {
    for (const module of [Scripted, ScriptedAsync]) {
      const events: unknown[] = [];
      const see = (_state: unknown, event: Sys.SystemEvent) => void events.push(event[0]);
      const options = { debug: [["install", [see, 0]]] as const };
      const pid = unwrap(await GenServer.start(module, "state", options));
      await GenServer.call(pid, (_from, state) => reply(1, state, ["continue", noreply]));
      await GenServer.call(pid, (from, state) => {
        GenServer.reply(from, 2);
        return noreply(state, 0);
      });
      await settled();
      await GenServer.call(pid, (_from, state) => stopReply("normal", 3, state));
      assertEquals(events, [
        ...["in", "out", "continue", "noreply"],
        ...["in", "noreply", "in", "noreply"],
        ...["in", "out"],
      ]);
    }
  });
});

Deno.test("the option debug of a start installs trace, log, statistics and functions from the beginning", async () => {
  await inProcess(async () => {
    const lines: string[] = [];
    const calls: unknown[] = [];
    const pid = unwrap(
      await GenServer.startLink(Keeper, ["state", false], {
        debug: [
          "log",
          "statistics",
          ["log_to", (line) => lines.push(line)],
          ["install", ["id", (state: unknown) => (calls.push(state), state), 7]],
        ],
      }),
    );
    await GenServer.call(pid, "get");
    assertEquals([lines.length, calls], [2, [7, 7]]);
    const [, counts] = await Sys.statistics(pid, "get");
    assertEquals(counts !== "no_statistics" && counts.messagesIn, 1);
    assertEquals((await Sys.log(pid, "get"))[1].length, 2);
    await Sys.noDebug(pid);
    await GenServer.call(pid, "get");
    assertEquals([lines.length, calls.length], [2, 2]);
  });
});

Deno.test("Sys functions exit with timeout when a server does not answer, by default after 5000 ms [SY-022]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(ScriptedAsync));
    GenServer.cast(pid, () => new Promise(() => {}));
    await settled();
    const f = (state: unknown) => state;
    const sink = () => {};
    const calls: Record<string, [(timeout?: number) => Promise<unknown>, unknown[]]> = {
      get_state: [(timeout) => Sys.getState(pid, timeout), []],
      replace_state: [(timeout) => Sys.replaceState(pid, f, timeout), [f]],
      get_status: [(timeout) => Sys.getStatus(pid, timeout), []],
      suspend: [(timeout) => Sys.suspend(pid, timeout), []],
      resume: [(timeout) => Sys.resume(pid, timeout), []],
      change_code: [(timeout) => Sys.changeCode(pid, 1, 2, timeout), [undefined, 1, 2]],
      statistics: [(timeout) => Sys.statistics(pid, "get", timeout), ["get"]],
      log: [(timeout) => Sys.log(pid, ["keep", 3], timeout), [["keep", 3]]],
      log_to: [(timeout) => Sys.logTo(pid, sink, timeout), [sink]],
      trace: [(timeout) => Sys.trace(pid, true, timeout), [true]],
      install: [(timeout) => Sys.install(pid, [f, 1], timeout), [[f, 1]]],
      remove: [(timeout) => Sys.remove(pid, f, timeout), [f]],
      no_debug: [(timeout) => Sys.noDebug(pid, timeout), []],
      terminate: [(timeout) => Sys.terminate(pid, "x", timeout), ["x"]],
    };
    const reasons = Object.entries(calls).map(([name, [call, args]]) => ({
      name,
      args,
      short: failure(call(50)),
      long: failure(call()),
    }));
    await pass(time, 50);
    for (const { name, args, short } of reasons) {
      assertEquals(await short, ["timeout", ["Sys", name, [pid, ...args, 50]]]);
    }
    await pass(time, 4949);
    assertEquals(await Promise.race([...reasons.map(({ long }) => long), "pending"]), "pending");
    await pass(time, 1);
    for (const { name, args, long } of reasons) {
      assertEquals(await long, ["timeout", ["Sys", name, [pid, ...args, 5000]]]);
    }
    for (const [call] of Object.values(calls)) await assertRejects(() => call(-1), RangeError);
    await assertSilence();
  });
});

Deno.test("Sys functions exit with noproc when there is no process, and with the server's reason when it exits meanwhile [SY-022]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    assertEquals(await failure(Sys.getState(name)), [
      "noproc",
      ["Sys", "get_state", [name, 5000]],
    ]);
    assertEquals(await failure(Sys.getState(self())), [
      "calling_self",
      ["Sys", "get_state", [self(), 5000]],
    ]);
    const pid = unwrap(await GenServer.start(Scripted));
    GenServer.cast(pid, (state) => stop("shutdown", state));
    assertEquals(await failure(Sys.getState(pid)), ["shutdown", ["Sys", "get_state", [pid, 5000]]]);
  });
});

Deno.test("Sys functions refuse wrong arguments before the server sees them", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Keeper, ["state", false]));
    const wrong = [
      () => Sys.statistics(pid, "on" as never),
      () => Sys.log(pid, "on" as never),
      () => Sys.log(pid, ["keep", 0]),
      () => Sys.log(pid, ["keep", "x" as never]),
      () => Sys.logTo(pid, "file" as never),
      () => Sys.trace(pid, 1 as never),
      () => Sys.trace(pid, true, 50, "x" as never),
      () => Sys.install(pid, "x" as never),
      () => Sys.install(pid, [1, 2] as never),
      () => Sys.install(pid, [() => {}] as never),
    ];
    for (const call of wrong) {
      const error = await call().then(() => undefined, (error) => error);
      assert(error instanceof TypeError || error instanceof RangeError, `${call}: ${error}`);
    }
    assertEquals((await Sys.getStatus(pid)).debug, []);
  });
});

Deno.test("Sys.changeCode() returns an error when the module has no codeChange, or that fails", async () => {
  await inProcess(async () => {
    const Failing = {
      init: () => ok("state"),
      codeChange: async () => {
        await undefined;
        throw exit("no way");
      },
    };
    for (
      const [module, error] of [[Scripted, ["undef", "codeChange"]], [Failing, "no way"]] as const
    ) {
      const pid = unwrap(await GenServer.startLink(module as typeof Failing)) as Pid;
      await Sys.suspend(pid);
      assertEquals(await Sys.changeCode(pid, 1, 2), ["error", error]);
    }
  });
});

Deno.test("Sys.changeCode() answers an error and keeps the state when codeChange returns anything but ['ok', state]", async () => {
  await inProcess(async () => {
    const answers = ["ok", ["ok"], ["ok", 1, 2], ["error", "refused"], undefined, {
      0: "ok",
      1: 2,
    }];
    let next: () => unknown;
    const Changing = { init: () => ok("old"), codeChange: () => next() };
    const pid = unwrap(await GenServer.startLink(Changing)) as Pid;
    await Sys.suspend(pid);
    for (const answer of answers) {
      for (
        const change of [() => answer, () => Promise.resolve(answer), () => {
          throw answer;
        }]
      ) {
        next = change;
        assertEquals(await Sys.changeCode(pid, 1, 2), ["error", answer]);
        assertEquals(await Sys.getState(pid), "old");
      }
    }
    next = () => ["ok", "new"];
    assertEquals(await Sys.changeCode(pid, 1, 2), "ok");
    assertEquals(await Sys.getState(pid), "new");
  });
});

Deno.test("Sys.getStatus() names the server itself as the parent where it was started without a link [SY-011]", async () => {
  await inProcess(async () => {
    const name = ["global", freshAtom()] as const;
    const pid = unwrap(await GenServer.start(Keeper, ["state", false], { name }));
    const { parent, name: shown } = await Sys.getStatus(name);
    assertStrictEquals(parent, pid);
    assertEquals(shown, name);
    await GenServer.stop(pid);
  });
});

Deno.test("replaceState() while an async callback is pending waits for that, whose result it does not lose [GS-101]", async () => {
  await inProcess(async () => {
    let finish = () => {};
    const pid = unwrap(await GenServer.startLink(Scripted, 1));
    GenServer.cast(pid, async (state: number) => {
      await new Promise<void>((resolve) => finish = resolve);
      return noreply(state + 1);
    });
    const replaced = Sys.replaceState(pid, (state) => state * 10);
    await settled();
    finish();
    assertEquals(await replaced, 20);
  });
});

// --- Of special processes only ------------------------------------------------------------------

Deno.test("a special process shows the state that systemGetState picks, and has systemReplaceState put it back [SY-003]", async () => {
  await inProcess(async () => {
    const parent = self();
    type Misc = { count: number; secret: string };
    const module: Sys.SpecialModule<Misc> = {
      systemGetState: ({ count }) => ["ok", count],
      systemReplaceState: (change, misc) => {
        const count = change(misc.count) as number;
        return ["ok", count, { ...misc, count }];
      },
      formatStatus: ({ state }) => ({ state: { ...state as Misc, secret: "***" } }),
    };
    const pid = ProcLib.spawnLink(async () => {
      for (let misc: Misc = { count: 1, secret: "1234" };;) {
        misc = await receive({
          system: (from: GenServer.From, request: unknown) =>
            Sys.handleSystemMsg(request, from, parent, module, Sys.debugOptions([]), misc),
        });
      }
    });
    assertEquals(await Sys.getState(pid), 1);
    assertEquals(await Sys.replaceState(pid, (count) => count + 1), 2);
    assertEquals(await Sys.getState(pid), 2);
    assertEquals((await Sys.getStatus(pid)).state, { count: 2, secret: "***" });
    const error = new Error("no");
    assertEquals(
      await failure(Sys.replaceState(pid, () => {
        throw error;
      })),
      ["callback_failed", [module, "systemReplaceState"], ["error", error]],
    );
    module.systemGetState = () => {
      throw exit("no");
    };
    assertEquals(await failure(Sys.getState(pid)), [
      "callback_failed",
      [module, "systemGetState"],
      ["exit", "no"],
    ]);
  });
});

Deno.test("a special process leaves its other mail where it is while it is suspended [SY-007]", async () => {
  await inProcess(async () => {
    const observer = self();
    const pid = ProcLib.spawnLink(async () => {
      const debug = Sys.debugOptions([]);
      for (;;) {
        await receive(
          on((m: unknown) => Array.isArray(m) && m[0] === "system", (message) => {
            const [, from, request] = message as [string, GenServer.From, unknown];
            return Sys.handleSystemMsg(request, from, observer, {}, debug, undefined);
          }),
          on((_: unknown) => true, (message) => send(observer, ["seen", message])),
        );
      }
    });
    await Sys.suspend(pid);
    for (const message of [1, 2, ["EXIT", pid, "not the parent's"]]) send(pid, message);
    await assertSilence();
    await Sys.resume(pid);
    await settled();
    assertEquals(flush(), [
      ["seen", 1],
      ["seen", 2],
      ["seen", ["EXIT", pid, "not the parent's"]],
    ]);
  });
});

Deno.test("Sys.debugOptions() refuses an unknown option; Sys.getLog() shows what handleDebug() has kept", () => {
  assertThrows(() => Sys.debugOptions(["treace" as never]), TypeError, "treace");
  assertThrows(() => Sys.debugOptions([["log", 0]]), RangeError);
  const debug = Sys.debugOptions([["log", 2]]);
  for (const n of [1, 2, 3]) {
    assertStrictEquals(Sys.handleDebug(debug, String, "extra", ["my event", n]), debug);
  }
  assertEquals(Sys.getLog(debug) as unknown, [["my event", 2], ["my event", 3]]);
});
