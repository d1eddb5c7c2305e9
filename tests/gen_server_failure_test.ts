/**
 * The failures of a GenServer's callbacks, and what an asynchronous callback must not do.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawnLink,
  unwrap,
} from "../mod.ts";
import { MODES } from "./fixtures/modes.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, inProcess, pass, settled } from "./helpers.ts";

// --- The matrix ---------------------------------------------------------------------------------

const ERROR = new RangeError("oops");

interface Failure {
  readonly fail: () => unknown;
  /** The exit reason that it comes to. */
  readonly reason: unknown;
}

const FAILURES: Record<string, Failure> = {
  "throws an error": {
    fail: () => {
      throw ERROR;
    },
    reason: [ERROR, ERROR.stack],
  },
  "throws an exit": {
    fail: () => {
      throw exit(["boom", 1]);
    },
    reason: ["boom", 1],
  },
  "throws an exit that is no failure": {
    fail: () => {
      throw exit("shutdown");
    },
    reason: "shutdown",
  },
  "throws a value": {
    fail: () => {
      throw "zz";
    },
    reason: ["bad_return_value", "zz"],
  },
  "returns what is no response": {
    fail: () => ({ reply: 1 }),
    reason: ["bad_return_value", { reply: 1 }],
  },
};

interface Trigger {
  /** Has the callback called; resolves with the reason that a caller gets, if there is one. */
  readonly call: (pid: Pid) => unknown;
  /** The message that the report shows. */
  readonly lastMessage: unknown;
}

const TRIGGERS: Record<string, Trigger> = {
  handleCall: { call: (pid) => failure(GenServer.call(pid, "go")), lastMessage: "go" },
  handleCast: {
    call: (pid) => void GenServer.cast(pid, "go"),
    lastMessage: ["$gen_cast", "go"],
  },
  handleInfo: { call: (pid) => void send(pid, "go"), lastMessage: "go" },
  handleContinue: { call: (pid) => void send(pid, "go"), lastMessage: ["continue", "go"] },
};

for (const [what, { fail, reason }] of Object.entries(FAILURES)) {
  for (const [mode, wrap] of Object.entries(MODES)) {
    for (const [callback, { call, lastMessage }] of Object.entries(TRIGGERS)) {
      const rows = mode === "" ? "[GS-079]" : "[GS-079, GS-102]";

      Deno.test(`${callback}() that ${what}${mode}, terminates the server: terminate, callers, links and monitors get the reason ${rows}`, async () => {
        using reports = collectReports();
        await inProcess(async () => {
          Process.flag("trap_exit", true);
          const observer = self();
          const Server = {
            init: () => ok("state"),
            handleInfo: (message: unknown, state: unknown) => noreply(state, ["continue", message]),
            [callback]: wrap(fail),
            terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]),
          };
          const pid = unwrap(await GenServer.startLink(Server)) as Pid;
          const ref = Process.monitor(pid);
          const ofCaller = await call(pid);
          if (callback === "handleCall") {
            assertEquals(ofCaller, [reason, ["GenServer", "call", [pid, "go", 5000]]]);
          }
          const messages = [await receive(), await receive(), await receive()];
          assertEquals(messages, [
            ["terminate", reason, "state"],
            ["EXIT", pid, reason],
            ["DOWN", ref, "process", pid, reason],
          ]);
          await assertSilence();
          assertEquals(
            reports.all.map((report) => [report.kind, report.pid, report.reason]),
            reason === "shutdown" ? [] : [["gen_server", pid, reason], ["crash", pid, reason]],
          );
          for (const report of reports.logged) {
            assertEquals([report.state, report.lastMessage], ["state", lastMessage]);
            assertStrictEquals(report.client, callback === "handleCall" ? self() : undefined);
          }
        });
      });
    }

    const isEnding = what.startsWith("throws an e");
    Deno.test(`terminate() that ${what}${mode}, ${isEnding ? "changes the reason" : "changes nothing"}${mode === "" ? "" : " [GS-102]"}`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const Server = { init: () => ok("state"), terminate: wrap(fail) };
        const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
        const stopped = GenServer.stop(pid, ["shutdown", "asked"]);
        if (isEnding) {
          assertEquals(await failure(stopped), [
            reason,
            ["GenServer", "stop", [pid, ["shutdown", "asked"], Infinity]],
          ]);
        } else {
          assertEquals(await stopped, "ok");
        }
        const final = isEnding ? reason : ["shutdown", "asked"];
        assertEquals(flush(), [["DOWN", ref, "process", pid, final]]);
        assertEquals(
          reports.all.map((report) => [report.kind, report.reason]),
          isEnding && reason !== "shutdown" ? [["gen_server", reason], ["crash", reason]] : [],
        );
      });
    });
  }
}

Deno.test("no response is taken for another: each is bad_return_value where it does not belong", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const wrong = {
      handleCall: [undefined, null, 5, "reply", [], ["reply"], ["reply", 1], ["noreply"], ["stop"]],
      handleCast: [undefined, "ok", ["reply", 1, 2], ["stop", 1], ["stop", "normal", 1, 2], [
        "ok",
        1,
      ]],
      handleInfo: ["noreply", ["reply", 1, 2], ["noreply"], ["stop", "normal"], {
        0: "noreply",
        1: 1,
      }],
    };
    for (const [callback, values] of Object.entries(wrong)) {
      for (const value of values) {
        const Server = { init: () => ok(0), [callback]: () => value };
        const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
        await TRIGGERS[callback]!.call(pid as Pid);
        const reason = ["bad_return_value", value];
        assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
      }
    }
  });
});

// --- One at a time ------------------------------------------------------------------------------

Deno.test("messages are handled one at a time: the next callback begins when the promise of the last has settled [GS-101]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const log: unknown[] = [];
    const slowly = async <Response>(what: string, response: Response) => {
      log.push([what, "begins"]);
      await Process.sleep(50);
      await undefined;
      log.push([what, "ends"]);
      return response;
    };
    const Server = {
      init: () => {
        Process.flag("trap_exit", true);
        return ok(0);
      },
      handleCall: () => slowly("call", reply("done", 0)),
      handleCast: () => slowly("cast", noreply(0)),
      handleInfo: () => slowly("info", noreply(0)),
    };
    const pid = unwrap(await GenServer.startLink(Server)) as Pid;
    const calls = [GenServer.call(pid, 1), GenServer.call(pid, 2)];
    GenServer.cast(pid, 3);
    send(pid, 4);
    spawnLink(() => {
      Process.link(pid);
      throw exit("other");
    });
    await pass(time, 1000);
    assertEquals(await Promise.all(calls), ["done", "done"]);
    const order = ["call", "call", "cast", "info", "info"];
    assertEquals(log, order.flatMap((what) => [[what, "begins"], [what, "ends"]]));
  });
});

Deno.test("an idle timeout and a trapped EXIT wait for the callback that is running [GS-101]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const log: unknown[] = [];
    const Server = {
      init: () => {
        Process.flag("trap_exit", true);
        return ok(0);
      },
      async handleCast(_: "work", state: number) {
        await Process.sleep(40);
        log.push("callback done");
        return noreply(state, 20);
      },
      handleInfo: (message: unknown, state: number) => {
        log.push(Array.isArray(message) ? message[2] : message);
        return noreply(state, message === "timeout" ? Infinity : 20);
      },
    };
    const pid = unwrap(await GenServer.startLink(Server));
    GenServer.cast(pid, "work");
    await settled();
    const other = spawnLink(() => {
      Process.link(pid);
      throw exit("normal");
    });
    await pass(time, 39);
    assertEquals([log, Process.isAlive(other)], [[], false]);
    await pass(time, 1);
    assertEquals(log, ["callback done", "normal"]);
    await pass(time, 19);
    assertEquals(log, ["callback done", "normal"]);
    await pass(time, 1);
    assertEquals(log, ["callback done", "normal", "timeout"]);
  });
});

Deno.test("an async callback is the server's own code, also after it has waited [GS-101]", async () => {
  await inProcess(async () => {
    const Server = {
      init: () => ok(0),
      handleCall: async (_: "who", _from: GenServer.From, state: number) => {
        const before = self();
        await new Promise<void>((resolve) => setTimeout(resolve));
        send(before, "to myself");
        const message = await receive();
        return reply([before, self(), message], state);
      },
    };
    const [one, other] = [
      unwrap(await GenServer.startLink(Server)),
      unwrap(await GenServer.startLink(Server)),
    ];
    assertEquals(await Promise.all([GenServer.call(one, "who"), GenServer.call(other, "who")]), [
      [one, one, "to myself"],
      [other, other, "to myself"],
    ]);
  });
});

// --- Ended while a callback is pending ----------------------------------------------------------

const RESULTS = {
  "a reply": ["reply", "late", "new"],
  "a continuation": ["noreply", "new", ["continue", 1]],
  "a stop": ["stop", "normal", "late", "new"],
  "a rejection": undefined,
};

for (const [what, result] of Object.entries(RESULTS)) {
  for (const signal of ["kill", "boom"]) {
    Deno.test(`the result of a pending callback is discarded when ${signal} has terminated the server: ${what} [GS-103]`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const observer = self();
        let finish = () => {};
        const Server = {
          init: () => ok("old"),
          handleCall: () =>
            new Promise<never>((resolve, reject) => {
              finish = () =>
                result === undefined ? reject(new Error("late")) : resolve(result as never);
            }),
          handleContinue: (state: unknown) => {
            send(observer, "continued");
            return noreply(state);
          },
          terminate: () => send(observer, "terminated"),
        };
        const [pid, ref] = unwrap(await GenServer.startMonitor(Server)) as [Pid, unknown];
        const reason = signal === "kill" ? "killed" : signal;
        const ofCaller = failure(GenServer.call(pid, "x"));
        await settled();
        Process.exit(pid, signal);
        finish();
        assertEquals(await ofCaller, [reason, ["GenServer", "call", [pid, "x", 5000]]]);
        assertEquals(flush(), [["DOWN", ref, "process", pid, reason]]);
        await assertSilence();
      });
      assertEquals(reports.all, []);
    });
  }
}

Deno.test("a link terminates a server at once, though its callback is pending, and the callback has no further effect [GS-103]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const observer = self();
    let finish = () => {};
    let thrown: unknown;
    const other = unwrap(await GenServer.start({ init: () => ok([] as unknown[]) }));
    const Server = {
      init: () => ok(0),
      async handleCast(_: "work", state: number) {
        await new Promise<void>((resolve) => finish = resolve);
        try {
          send(observer, "effect");
        } catch (error) {
          thrown = error;
        }
        try {
          await GenServer.start({ init: () => ok(send(observer, "started")) });
        } finally {
          GenServer.cast(other as Pid, "effect");
        }
        return noreply(state);
      },
    };
    const pid = unwrap(await GenServer.start(Server));
    const linked = spawnLink(async () => {
      Process.link(pid);
      throw exit(await receive());
    });
    Process.unlink(linked);
    GenServer.cast(pid, "work");
    await settled();
    send(linked, "bye");
    await settled();
    assertEquals(Process.isAlive(pid), false);
    finish();
    await assertSilence();
    assertEquals((thrown as { reason: unknown }).reason, "noproc");
    assertEquals(Process.isAlive(other), true);
    await GenServer.stop(other);
  });
  assertEquals(reports.all, []);
});

Deno.test("a server that exits in a callback goes no further, and terminate does not run [GS-080]", async () => {
  await inProcess(async () => {
    const log: string[] = [];
    const Server = {
      init: () => ok(0),
      handleCast: (reason: string, state: number) => {
        log.push("before");
        Process.exit(self(), reason);
        log.push("after");
        return noreply(state);
      },
      terminate: () => log.push("terminate"),
    };
    for (const [given, reason] of [["bye", "bye"], ["kill", "killed"], ["normal", "normal"]]) {
      const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
      GenServer.cast(pid, given!);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
    }
    assertEquals(log, ["before", "before", "before"]);
  });
});

// --- Unawaited promises -------------------------------------------------------------------------

Deno.test("a rejection that a callback leaves behind terminates the server, not the program [GS-102]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const error = new Error("forgotten");
    const Server = {
      init: () => ok(0),
      handleCast: async (_: "go", state: number) => {
        await undefined;
        Promise.reject(error);
        return noreply(state);
      },
    };
    const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
    GenServer.cast(pid, "go");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, [error, error.stack]]);
  });
  assertEquals(reports.logged.map(({ kind }) => kind), ["process"]);
});
