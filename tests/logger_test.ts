/**
 * Logger: what is reported, in which format, and to which handlers.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import {
  exit,
  GenServer,
  Logger,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  stop,
  Sys,
  unwrap,
} from "../mod.ts";
import { freshAtom } from "./fixtures/naming.ts";
import { failure, Scripted, ScriptedAsync } from "./fixtures/script.ts";
import { collectReports, exitOf, inProcess, settled } from "./helpers.ts";

/** What the default handler writes while `body` runs, by the function of the console. */
async function printed(body: () => unknown): Promise<[how: "log" | "error", text: string][]> {
  const lines: ["log" | "error", string][] = [];
  const { log, error } = console;
  console.log = (text: string) => lines.push(["log", text]);
  console.error = (text: string) => lines.push(["error", text]);
  try {
    await body();
  } finally {
    Object.assign(console, { log, error });
    Logger.configure({ level: "debug", handleSaslReports: false });
  }
  return lines;
}

/** A report of each level. */
function logAll(): void {
  for (const level of ["debug", "info", "notice", "warning", "error"] as const) {
    Logger.log(level, `text ${level}`);
  }
}

// --- What is reported ---------------------------------------------------------------------------

Deno.test("a server that exits with normal, shutdown or [shutdown, term] is not reported, however it exits [GS-085]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    for (const reason of ["normal", "shutdown", ["shutdown", "x"]]) {
      for (const module of [Scripted, ScriptedAsync]) {
        const endings: ((pid: Pid) => unknown)[] = [
          (pid) => GenServer.stop(pid, reason),
          (pid) => Sys.terminate(pid, reason),
          (pid) => GenServer.cast(pid, (state: unknown) => stop(reason, state)),
          (pid) =>
            GenServer.cast(pid, () => {
              throw exit(reason);
            }),
          (pid) =>
            failure(GenServer.call(pid, (_: unknown, state: unknown) => stop(reason, state))),
        ];
        for (const end of endings) {
          const pid = unwrap(await GenServer.start(module)) as Pid;
          const ended = exitOf(pid);
          await end(pid);
          assertEquals(await ended, reason);
        }
      }
      const failed = await GenServer.start({ init: () => stop(reason) });
      assertEquals(failed, ["error", reason]);
    }
    // Nor is an exit by a signal a crash.
    const pid = unwrap(await GenServer.start(Scripted));
    Process.exit(pid, "boom");
    await settled();
  });
  assertEquals(reports.all, []);
});

Deno.test("a server that exits with anything else is reported with reason, last message and state [GS-085]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    const error = new Error("oops");
    const crash = () => {
      throw error;
    };
    const stopping = (state: unknown) => stop(["bad", 1], `${state}!`);
    const messages: [
      (pid: Pid) => unknown,
      lastMessage: unknown,
      reason: unknown,
      state: unknown,
    ][] = [
      [(pid) => GenServer.cast(pid, crash), ["$gen_cast", crash], [error, error.stack], "state"],
      [(pid) => send(pid, stopping), stopping, ["bad", 1], "state!"],
      [(pid) => GenServer.stop(pid, "odd"), [], "odd", "state"],
      [(pid) => Sys.terminate(pid, "odd"), [], "odd", "state"],
      [(pid) => Process.exit(pid, "odd"), ["EXIT", self(), "odd"], "odd", "state"],
    ];
    for (const [tell, lastMessage, reason, state] of messages) {
      const Trapping = {
        ...Scripted,
        init: () => {
          Process.flag("trap_exit", true);
          return ok("state");
        },
      };
      const pid = unwrap(await GenServer.startLink(Trapping, undefined, { name }));
      const ended = exitOf(pid);
      Process.flag("trap_exit", true);
      await tell(pid);
      assertEquals(await ended, reason);
      assertEquals(reports.logged, [{
        level: "error",
        kind: "gen_server",
        pid,
        name,
        reason,
        lastMessage,
        state,
        details: { module: Trapping, log: [] },
      }]);
      reports.all.length = 0;
    }
  });
});

Deno.test("the report of a server that exits in a call names the client, by its name if it has one [GS-085]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const request = () => {
      throw exit("boom");
    };
    const name = freshAtom();
    for (const clientName of [undefined, name]) {
      if (clientName !== undefined) Process.register(self(), clientName);
      const pid = unwrap(await GenServer.start(Scripted));
      await failure(GenServer.call(pid, request));
      const [report] = reports.logged.slice(-1);
      assertStrictEquals(report!.client, self());
      assertStrictEquals(report!.clientName, clientName);
      assertStrictEquals(report!.lastMessage, request);
      assertEquals("name" in report! && report!.name, undefined);
    }
  });
});

Deno.test("the report of a server has the events that it keeps, where Sys.log is on", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.start(Scripted, "state", { debug: ["log"] }));
    send(pid, "hello");
    await GenServer.stop(pid, "odd");
    assertEquals(reports.logged[0]!.details!["log"], [["in", "hello"], ["noreply", "state"]]);
  });
});

Deno.test("the failure of init is a crash report and no other, and there is none for an orderly one", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const Server = { init: (reason: unknown) => stop(reason) };
    await GenServer.start(Server, "bad");
    await GenServer.start(Server, "shutdown");
    assertEquals(reports.all.map(({ kind, sasl, reason }) => [kind, sasl, reason]), [
      ["crash", true, "bad"],
    ]);
  });
});

Deno.test("a process that was spawned is reported when it throws, and not when it exits", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const error = new Error("oops");
    const endings = [exit("boom"), exit("normal"), error, "ball"];
    for (const thrown of endings) {
      await exitOf(spawn(() => {
        throw thrown;
      }));
    }
    assertEquals(reports.all.map(({ level, kind, reason }) => [level, kind, reason]), [
      ["error", "process", [error, error.stack]],
      ["error", "process", [["nocatch", "ball"], ""]],
    ]);
  });
});

// --- Hiding secrets -----------------------------------------------------------------------------

/** A server with a secret in its state, its messages and its reason. */
const Vault = {
  init: (secret: string) => ok({ secret }),
  handleCall: (_request: { password: string }, _from: GenServer.From, state: { secret: string }) =>
    stop({ failedFor: state.secret }, state),
  handleCast: (_request: { password: string }, state: { secret: string }) => noreply(state),
};

Deno.test("formatStatus() words state, message, reason and events in one go, for reports and for getStatus", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const seen: GenServer.Status[] = [];
    const Discreet = {
      ...Vault,
      formatStatus(status: GenServer.Status): GenServer.Status {
        seen.push(status);
        return {
          ...status,
          state: "hidden state",
          ...("message" in status && { message: "hidden message", reason: "hidden reason" }),
          log: ["hidden events"],
        };
      },
    };
    const pid = unwrap(await GenServer.start(Discreet, "1234", { debug: ["log"] }));
    GenServer.cast(pid, { password: "cast" });
    const { state, debug } = await Sys.getStatus(pid);
    assertEquals([state, debug], ["hidden state", [["log", ["hidden events"]]]]);
    assertEquals(Object.keys(seen[0]!).sort(), ["log", "state"]);
    // A caller that asks for the state itself gets it.
    assertEquals(await Sys.getState(pid), { secret: "1234" });

    const reason = await failure(GenServer.call(pid, { password: "5678" }));
    assertEquals((reason as unknown[])[0], { failedFor: "1234" });
    assertEquals(seen.length, 2);
    const { log, ...rest } = seen[1]!;
    assertEquals(rest, {
      state: { secret: "1234" },
      message: { password: "5678" },
      reason: { failedFor: "1234" },
    });
    assertEquals(log!.length, 3);
    const [report] = reports.logged;
    assertEquals(
      [report!.state, report!.lastMessage, report!.reason, report!.details!["log"]],
      ["hidden state", "hidden message", "hidden reason", ["hidden events"]],
    );
    assert(!/1234|5678|cast/.test(Logger.format(report!)));
  });
});

for (
  const [what, formatStatus] of Object.entries({
    "throws": () => {
      throw new Error("1234");
    },
    "returns nothing of use": () => undefined,
    "returns a promise": async (status: GenServer.Status) => await status,
  })
) {
  Deno.test(`formatStatus() that ${what} hides the state alone, and the events that contain it`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      const Leaky = { ...Vault, formatStatus: formatStatus as never };
      const pid = unwrap(await GenServer.start(Leaky, "1234", { debug: ["log"] }));
      GenServer.cast(pid, { password: "5678" });
      const status = await Sys.getStatus(pid);
      assertEquals(status.state, "formatStatus failed");
      assert(!/1234|5678/.test(JSON.stringify(status)));
      await failure(GenServer.call(pid, { password: "5678" }));
      const [report] = reports.logged;
      const { module, log } = report!.details!;
      assertEquals(
        [report!.state, report!.lastMessage, report!.reason, module, log],
        ["formatStatus failed", { password: "5678" }, { failedFor: "1234" }, Leaky, []],
      );
    });
  });
}

// --- The words ----------------------------------------------------------------------------------

Deno.test("Logger.format() formats the exit of a server as Elixir does", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    const pid = unwrap(await GenServer.start(Scripted, ["a", 1], { name }));
    const error = new RangeError("oops");
    const crash = () => {
      throw error;
    };
    await failure(GenServer.call(pid, crash));
    const stack = error.stack!.split("\n").slice(1).join("\n");
    assertEquals(
      Logger.format(reports.logged[0]!),
      `GenServer "${name}" terminating\n` +
        `** (RangeError) oops\n${stack}\n` +
        `Last message (from ${self()}): [function crash]\n` +
        'State: ["a", 1]\n' +
        `Client ${self()} is alive`,
    );
  });
});

Deno.test("Logger.format() words reasons: stops, bad return values, calls that failed", () => {
  const pid = self();
  const text = (reason: unknown) =>
    Logger.format({ level: "error", kind: "gen_server", pid, reason, lastMessage: 1, state: 2 })
      .split("\n")[1];
  assertEquals(text("boom"), '** (stop) "boom"');
  assertEquals(text(["bad_return_value", ["x"]]), '** (stop) bad return value: ["x"]');
  assertEquals(
    text(["timeout", ["GenServer", "call", ["nobody", "pop", 5000]]]),
    '** (stop) exited in: GenServer.call("nobody", "pop", 5000): time out',
  );
  assertEquals(text(["shutdown", 1]), "** (stop) shutdown: 1");
});

Deno.test("Logger.format() tells whether the client of a call is still there", async () => {
  await inProcess(async () => {
    const client = spawn(() => receive());
    const report: Logger.Report = {
      level: "error",
      kind: "gen_server",
      pid: self(),
      reason: "boom",
      lastMessage: "pop",
      state: [],
      client,
    };
    const last = () => Logger.format(report).split("\n").at(-1);
    assertEquals(last(), `Client ${client} is alive`);
    const ended = exitOf(client);
    send(client, "end");
    await ended;
    assertEquals(last(), `Client ${client} is dead`);
    assertEquals(
      Logger.format({ ...report, clientName: "me" }).split("\n").slice(2),
      ['Last message (from "me"): "pop"', "State: []", 'Client "me" is dead'],
    );
  });
});

Deno.test("Logger.format() formats what a plain process threw, and an unexpected message", () => {
  const error = new Error("oops");
  error.stack = "Error: oops\n    at here";
  const pid = self();
  assertEquals(
    Logger.format({ level: "error", kind: "process", pid, reason: [error, error.stack] }),
    `Process ${pid} raised an exception\n** (Error) oops\n    at here`,
  );
  assertEquals(
    Logger.format({
      level: "error",
      kind: "process",
      pid,
      reason: [["nocatch", "ball"], ""],
    }),
    `Process ${pid} raised an exception\n** (stop) an uncaught value was thrown: "ball"`,
  );
  assertEquals(
    Logger.format({ level: "warning", kind: "unhandled_message", pid, lastMessage: ["a", 1] }),
    `GenServer ${pid} received an unexpected message, and has no handleInfo for it: ["a", 1]`,
  );
});

// --- The handler --------------------------------------------------------------------------------

Deno.test("Logger.setHandler() hands all reports to another function, and returns the last one", () => {
  const reports: Logger.Report[] = [];
  const first = Logger.setHandler((report) => reports.push(report));
  assertStrictEquals(first, Logger.defaultHandler);
  const mine = Logger.setHandler(first);
  assert(mine !== first);
  mine({ level: "info", kind: "message", reason: "by hand" });
  assertEquals(reports.length, 1);
});

/** Runs `body` with a failing handler, and returns how often that was called and what was printed. */
async function withFailingHandler(fail: () => unknown, body: () => Promise<void>) {
  let calls = 0;
  let previous: Logger.Handler | undefined;
  const lines = await printed(async () => {
    previous = Logger.setHandler(() => {
      calls++;
      return fail();
    });
    await body();
  });
  const last = Logger.setHandler(previous!);
  return { calls, lines, last };
}

for (
  const [how, fail] of [
    ["throws", () => {
      throw new Error("disk full");
    }],
    ["rejects", () => Promise.reject(new Error("disk full"))],
    ["leaves a rejected promise behind", () => void Promise.reject(new Error("disk full"))],
    ["leaves a promise behind that rejects later", () => {
      setImmediate(() => void Promise.reject(new Error("disk full")));
    }],
    [
      "returns a thenable that throws",
      () => ({
        then() {
          throw new Error("disk full");
        },
      }),
    ],
    [
      "returns an object whose then throws",
      () => ({
        get then() {
          throw new Error("disk full");
        },
      }),
    ],
  ] as const
) {
  Deno.test(`Logger.setHandler() of a handler that ${how}: it is removed, with one line about it`, async () => {
    const { calls, lines, last } = await withFailingHandler(fail, async () => {
      await inProcess(async () => {
        const [pid, ref] = unwrap(await GenServer.startMonitor(Scripted));
        const request = () => {
          throw exit("boom");
        };
        assertEquals(await failure(GenServer.call(pid, request)), [
          "boom",
          ["GenServer", "call", [pid, request, 5000]],
        ]);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
        for (let i = 0; i < 3; i++) {
          await settled(); // by then the host has told of rejections
          await new Promise((done) => setImmediate(done));
        }
        Logger.log("info", "hello");
      });
    });
    // What was reported before a rejection was known is lost.
    assert(calls >= 1 && calls <= 2, `${calls} calls`);
    const about = lines.filter(([, line]) => line.includes("Log handler"));
    assertEquals(about, [[
      "error",
      "[error] Log handler removed, as it failed: an exception was raised: Error: disk full",
    ]]);
    assertEquals(lines.at(-1), ["log", "[info] hello"]);
    assertStrictEquals(last, Logger.defaultHandler);
  });
}

Deno.test("Logger.setHandler() of a handler that fails after it was replaced leaves its successor", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const previous = Logger.setHandler(() => void promise.then());
  Logger.log("info", "first");
  {
    using reports = collectReports();
    reject(new Error("too late"));
    await settled();
    await new Promise((done) => setImmediate(done));
    Logger.log("info", "second");
    assertEquals(reports.all.map(({ kind }) => kind), ["log_handler", "message"]);
  }
  Logger.setHandler(previous);
});

Deno.test("Logger.setHandler() runs the handler outside of all processes, in a context without stores", async () => {
  const user = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const previous = Logger.setHandler((report) => {
    seen.push(report.reason, user.getStore());
    assertThrows(() => self(), TypeError, "a log handler runs outside of all processes");
    send(to, ["logged", report.reason]);
    GenServer.cast(to, report.reason);
  });
  const to = self();
  try {
    await inProcess(() => user.run("alice", () => void Logger.log("info", "in a coroutine")));
    await GenServer.stop(
      unwrap(
        await user.run("bob", () =>
          GenServer.start({
            init: () => {
              Logger.log("info", "in a callback");
              return ok(0);
            },
          })),
      ),
    );
    user.run("carol", () => void Logger.log("info", "in a script"));
    assertEquals(seen, [
      "in a coroutine",
      undefined,
      "in a callback",
      undefined,
      "in a script",
      undefined,
    ]);
    for (const text of ["in a coroutine", "in a callback", "in a script"]) {
      assertEquals(await receive(), ["logged", text]);
      assertEquals(await receive(), ["$gen_cast", text]);
    }
  } finally {
    assert(Logger.setHandler(previous) !== Logger.defaultHandler);
  }
});

Deno.test("Logger.setHandler() of a handler that calls a server is removed, as it has no process to call from", async () => {
  const { lines } = await withFailingHandler(
    () => void GenServer.call("nobody", 1),
    async () => {
      Logger.log("info", "first");
      await settled();
      await new Promise((done) => setImmediate(done));
    },
  );
  assertEquals(lines.length, 1);
  assertStringIncludes(lines[0]![1], "a log handler runs outside of all processes");
});

Deno.test("the default handler prints errors and warnings as such, everything else as output", async () => {
  assertEquals(await printed(logAll), [
    ["log", "[debug] text debug"],
    ["log", "[info] text info"],
    ["log", "[notice] text notice"],
    ["error", "[warning] text warning"],
    ["error", "[error] text error"],
  ]);
});

Deno.test("Logger.configure() sets the level from which the default handler prints", async () => {
  for (const [level, count] of [["debug", 5], ["notice", 3], ["error", 1], ["none", 0]] as const) {
    const lines = await printed(() => {
      Logger.configure({ level });
      Logger.configure({});
      logAll();
    });
    assertEquals(lines.length, count);
  }
  assertThrows(() => Logger.configure({ level: "loud" as never }), TypeError, "debug, info");
});

Deno.test("the default handler keeps reports of OTP's own doings to itself, unless it is told to print them", async () => {
  const crash = () =>
    inProcess(async () => {
      const pid = unwrap(await GenServer.start(Scripted));
      await GenServer.stop(pid, "odd");
    });
  const heads = (lines: [string, string][]) =>
    lines.map(([how, text]) => [how, text.split(" ")[1]]);
  assertEquals(heads(await printed(crash)), [["error", "GenServer"]]);
  const lines = await printed(() => {
    Logger.configure({ handleSaslReports: true });
    return crash();
  });
  assertEquals(heads(lines), [["error", "GenServer"], ["error", "Process"]]);
});

Deno.test("Logger.log() reports a text with its details, of a known level", () => {
  using reports = collectReports();
  Logger.log("notice", "hello", { a: 1 });
  Logger.log("info", "plain");
  assertEquals(reports.all, [
    { level: "notice", kind: "message", reason: "hello", details: { a: 1 } },
    { level: "info", kind: "message", reason: "plain" },
  ]);
  assertEquals(Logger.format(reports.all[0]!), "hello");
  for (const level of ["none", "loud", undefined]) {
    assertThrows(() => Logger.log(level as never, "x"), TypeError, "debug, info");
  }
});
