/**
 * ProcLib: synchronous start of coroutines, their crashes, stopping them.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Agent,
  DynamicSupervisor,
  exit,
  flush,
  GenServer,
  inspect,
  Logger,
  ok,
  PartitionSupervisor,
  Pg,
  type Pid,
  Process,
  ProcLib,
  receive,
  self,
  send,
  spawn,
  Supervisor,
  Sys,
  TaskSupervisor,
  unwrap,
} from "../mod.ts";
import { freshAtom } from "./fixtures/naming.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const NODE = "nonode@nohost";

const STARTS = { start: ProcLib.start, startLink: ProcLib.startLink } as const;

/** A process that reports when it is ready, and then handles system messages only. */
function obedient(
  module: Sys.SpecialModule<unknown> = {},
  state: unknown = "state",
): Promise<Pid> {
  const parent = self();
  const body = async () => {
    const debug = Sys.debugOptions([]);
    ProcLib.initAck(["ok", self()]);
    for (let misc = state;;) {
      misc = await receive({
        system: (from: GenServer.From, request: unknown) =>
          Sys.handleSystemMsg(request, from, parent, module, debug, misc),
      });
    }
  };
  return ProcLib.start(body).then(unwrap);
}

// --- Starting -----------------------------------------------------------------------------------

for (const [what, start] of Object.entries(STARTS)) {
  Deno.test(`ProcLib.${what}() resolves when the process acknowledges, with the value [PL-001]`, async () => {
    await inProcess(async () => {
      const log: string[] = [];
      let acknowledge = () => {};
      const starting = start(async () => {
        await new Promise<void>((resolve) => acknowledge = resolve);
        log.push("acknowledges");
        assertEquals(ProcLib.initAck(["any", "value"]), "ok");
        log.push("goes on");
        await receive();
      }).then((value) => (log.push("started"), value));
      await settled();
      assertEquals(log, []);
      acknowledge();
      assertEquals(await starting as unknown, ["any", "value"]);
      assertEquals(log, ["acknowledges", "goes on", "started"]);
      await assertSilence();
    });
  });

  Deno.test(`ProcLib.${what}() ${what === "start" ? "does not link" : "links"} [PL-001]`, async () => {
    await inProcess(async () => {
      const pid = unwrap(
        await start(async () => {
          ProcLib.initAck(["ok", self()]);
          await receive();
        }),
      );
      assertEquals(Process.info(self(), "links")?.[1], what === "start" ? [] : [pid]);
      const reason = exitOf(pid);
      send(pid, "end");
      assertEquals(await reason, "normal");
    });
  });

  Deno.test(`ProcLib.${what}() resolves with an error and kills a process that takes longer than the timeout, without a trace [PL-004]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      for (const trap of [false, true]) {
        Process.flag("trap_exit", trap);
        let pid: Pid | undefined;
        const starting = start(async () => {
          pid = self();
          await receive();
        }, { timeout: 50 });
        await pass(time, 49);
        const ref = Process.monitor(pid!);
        assertEquals(Process.isAlive(pid!), true);
        await pass(time, 1);
        assertEquals(await starting, ["error", "timeout"]);
        assertEquals(flush(), [["DOWN", ref, "process", pid, "killed"]]);
        await assertSilence();
        assertEquals(Process.info(self(), "links"), ["links", []]);
      }
    });
  });

  for (const timeout of [undefined, 1000]) {
    const limit = timeout === undefined ? "without a timeout" : "with one";
    const endings: Record<string, [body: () => unknown, reason: unknown]> = {
      "throws an exit": [() => {
        throw exit("boom");
      }, "boom"],
      "is killed": [() => Process.exit(self(), "kill"), "killed"],
      "ends by a link": [() => {
        ProcLib.spawnLink(() => {
          throw exit("linked");
        });
        return receive();
      }, "linked"],
    };
    for (const [ending, [body, reason]] of Object.entries(endings)) {
      Deno.test(`ProcLib.${what}() resolves with an error when the process ${ending} before it has acknowledged, ${limit} [PL-006]`, async () => {
        using _reports = collectReports();
        using _time = new FakeTime();
        await inProcess(async () => {
          Process.flag("trap_exit", true);
          assertEquals(await start(body, timeout === undefined ? {} : { timeout }), [
            "error",
            reason,
          ]);
          await assertSilence();
        });
      });
    }
  }

  Deno.test(`ProcLib.${what}() resolves with an error that has the stack when the process throws before it has acknowledged [PL-006]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      const error = new Error("oops");
      for (
        const body of [() => Promise.reject(error), () => {
          throw error;
        }]
      ) {
        assertEquals(await start(body), ["error", [error, error.stack]]);
      }
    });
  });

  Deno.test(`ProcLib.${what}() resolves with an error when the process exits normally before it has acknowledged [PL-008]`, async () => {
    await inProcess(async () => {
      for (
        const body of [() => {}, async () => await undefined, () => {
          throw exit("normal");
        }]
      ) {
        assertEquals(await start(body), ["error", "normal"]);
      }
      await assertSilence();
    });
  });

  Deno.test(`ProcLib.${what}() refuses monitor, and any other option that it does not know [PL-007]`, async () => {
    await inProcess(async () => {
      const before = Process.list();
      for (const options of [{ monitor: true }, { monitor: false }, { name: "x" }] as object[]) {
        const error = await assertRejects(() => start(() => {}, options), TypeError);
        assert(error.message.includes("timeout, link or priority"), error.message);
      }
      await assertRejects(() => start(() => {}, { timeout: -1 }), RangeError);
      assertEquals(Process.list(), before);
    });
  });
}

Deno.test("ProcLib.startLink() terminates a caller that does not trap exits when the start fails, unless that is normal [PL-010]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const starter = (body: () => unknown) =>
      spawn(async () => {
        throw exit(["went on", await ProcLib.startLink(body)]);
      });
    const crash = () => {
      throw exit("boom");
    };
    assertEquals(await exitOf(starter(crash)), "boom");
    assertEquals(await exitOf(starter(() => ProcLib.initFail("value", exit("bang")))), "bang");
    assertEquals(await exitOf(starter(() => ProcLib.initFail("value", exit("normal")))), [
      "went on",
      "value",
    ]);
  });
});

Deno.test("ProcLib.startLink() to a caller that traps exits: the signal has come by the time it resolves, and is no message [PL-010]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const name = freshAtom();
    let pid: Pid | undefined;
    const result = await ProcLib.startLink(() => {
      Process.register(pid = self(), name);
      ProcLib.initFail(["error", "no"], exit("boom"));
    });
    assertEquals(result, ["error", "no"]);
    assertEquals(Process.isAlive(pid!), false);
    assertStrictEquals(Process.whereis(name), undefined);
    assertEquals(Process.info(self(), "links"), ["links", []]);
    assertEquals(flush(), []);
    await assertSilence();
  });
});

Deno.test("ProcLib.initFail() has the start resolve with the value when the process has exited, with what it throws [PL-010]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const error = new Error("oops");
    const ends = [
      [exit("normal"), "normal"],
      [exit("boom"), "boom"],
      [error, [error, error.stack]],
      ["thrown", [["nocatch", "thrown"], ""]],
    ] as const;
    for (const [thrown, reason] of ends) {
      const name = freshAtom();
      const parent = self();
      for (const explicit of [false, true]) {
        let finish = () => {};
        const starting = ProcLib.startMonitor(async () => {
          Process.register(self(), name);
          if (explicit) ProcLib.initFail(parent, ["error", "my value"], thrown);
          try {
            ProcLib.initFail(["error", "my value"], thrown);
          } finally {
            // It takes its time to end.
            await new Promise<void>((resolve) => finish = resolve);
          }
        });
        await settled();
        finish();
        const [result, ref] = await starting;
        assertEquals(result, ["error", "my value"]);
        assertStrictEquals(Process.whereis(name), undefined);
        const [down] = flush() as unknown[][];
        assertEquals([down![0], down![1], down![4]], ["DOWN", ref, reason]);
      }
    }
  });
  assertEquals(reports.logged, []);
  assertEquals(reports.all.length, 6);
});

Deno.test("ProcLib.initAck() and initFail() count once, and only for the process that waits [PL-001]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const parent = self();
    const stranger = spawn(() => receive());
    const pid = await ProcLib.start<Pid>(async () => {
      ProcLib.initAck(stranger, "not for you");
      assertEquals(ProcLib.initAck(parent, self()), "ok");
      assertEquals(ProcLib.initAck("again"), "ok");
      const thrown = assertThrows(() => ProcLib.initFail("failed", exit("late")));
      await receive();
      throw thrown;
    }) as Pid;
    const reason = exitOf(pid);
    send(pid, "go on");
    assertEquals(await reason, "late");
    assertEquals(ProcLib.initAck("nobody waits"), "ok");
    assertThrows(() => ProcLib.initAck("no pid" as never, 1), TypeError, "pid of the parent");
    await assertSilence();
    Process.exit(stranger, "kill");
  });
});

Deno.test("ProcLib.startMonitor() resolves with value and reference; one DOWN follows, and there is no link [PL-002]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const link of [false, true]) {
      Process.flag("trap_exit", link);
      const [result, ref] = await ProcLib.startMonitor(async () => {
        ProcLib.initAck(["ok", self()]);
        throw exit(await receive());
      }, { link });
      const pid = unwrap(result);
      assertEquals(Process.info(self(), "links"), ["links", link ? [pid] : []]);
      await assertSilence();
      send(pid, "bye");
      const down = ["DOWN", ref, "process", pid, "bye"];
      if (link) assertEquals(await receive(), ["EXIT", pid, "bye"]);
      assertEquals(await receive(), down);
      await assertSilence();
    }
  });
});

Deno.test("ProcLib.startMonitor() delivers a DOWN also when the start fails or its time is up [PL-002]", async () => {
  using time = new FakeTime();
  using _reports = collectReports();
  await inProcess(async () => {
    const [failed, ref] = await ProcLib.startMonitor(() => {
      throw exit("boom");
    });
    assertEquals(failed, ["error", "boom"]);
    const [down] = flush() as unknown[][];
    assertEquals([down![0], down![1], down![4]], ["DOWN", ref, "boom"]);

    const starting = ProcLib.startMonitor(() => receive(), { timeout: 10 });
    await pass(time, 10);
    const [late, lateRef] = await starting;
    assertEquals(late, ["error", "timeout"]);
    const [lateDown] = flush() as unknown[][];
    assertEquals([lateDown![0], lateDown![1], lateDown![4]], ["DOWN", lateRef, "killed"]);
    await assertSilence();
  });
});

// --- Spawning and crashing ----------------------------------------------------------------------

Deno.test("ProcLib.spawn() and its kin start processes that are linked or monitored as asked for", async () => {
  await inProcess(async () => {
    const wait = () => receive();
    const plain = ProcLib.spawn(wait);
    const linked = ProcLib.spawnLink(wait);
    const [monitored, ref] = ProcLib.spawnMonitor(wait);
    const [both, bothRef] = ProcLib.spawnOpt(wait, { link: true, monitor: true, priority: "high" });
    assertEquals(Process.info(self(), "links")?.[1], [linked, both]);
    assertEquals(Process.info(both, "priority"), ["priority", "high"]);
    for (const pid of [plain, linked, monitored, both]) send(pid, "end");
    const downs = [await receive(), await receive()];
    assertEquals(downs, [
      ["DOWN", ref, "process", monitored, "normal"],
      ["DOWN", bothRef, "process", both, "normal"],
    ]);
    await assertSilence();
    assertThrows(() => ProcLib.spawnOpt(wait, { links: true } as object), TypeError, "links");
  });
});

Deno.test("ProcLib.spawn() takes [module, name, arguments], and refuses an invalid body", async () => {
  await inProcess(async () => {
    const observer = self();
    const Module = {
      secret: "this",
      tell(...args: unknown[]) {
        send(observer, [this.secret, ...args]);
      },
    };
    ProcLib.spawn([Module, "tell", [1, 2]]);
    assertEquals(await receive(), ["this", 1, 2]);
    const wrong = [undefined, 5, "tell", [Module, "tell"], [Module, "none", []], [null, "x", []]];
    for (const body of wrong as never[]) {
      assertThrows(() => ProcLib.spawn(body), TypeError, "Cannot spawn");
      await assertRejects(() => ProcLib.start(body), TypeError, "Cannot start");
    }
  });
});

const CRASHES: Record<string, [body: () => unknown, reason: unknown, errorInfo: unknown[]]> =
  (() => {
    const error = new RangeError("oops");
    const fail = (thrown: unknown) => () => {
      throw thrown;
    };
    return {
      "throws an error": [fail(error), [error, error.stack], ["error", error, error.stack]],
      "throws an exit": [fail(exit("boom")), "boom", ["exit", "boom"]],
      "throws a value": [fail("ball"), [["nocatch", "ball"], ""], ["throw", "ball", ""]],
    };
  })();

for (const [what, [body, reason, errorInfo]] of Object.entries(CRASHES)) {
  for (const mode of ["sync", "async"] as const) {
    const run = mode === "sync" ? body : async () => {
      await undefined;
      return body();
    };

    Deno.test(`a process of ProcLib whose ${mode} body ${what} exits with the reason for that, and is reported as a crash [PL-011, PL-012]`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const parent = self();
        const Module = { run };
        const [pid, ref] = ProcLib.spawnMonitor([Module, "run", []]);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
        await assertSilence();
        assertEquals(reports.all.length, 1);
        const { level, kind, sasl, pid: of, reason: told, details } = reports.all[0]!;
        assertEquals([level, kind, sasl, of, told], ["error", "crash", true, pid, reason]);
        assertEquals(details!["initialCall"], [Module, "run", 0]);
        assertEquals((details!["ancestors"] as unknown[])[0], parent);
        assertEquals((details!["errorInfo"] as unknown[]).slice(0, errorInfo.length), errorInfo);
        assertEquals(typeof (details!["errorInfo"] as unknown[])[2], "string");
        assertEquals(details!["trapExit"], false);
      });
    });
  }
}

Deno.test("a process of ProcLib that exits with normal, shutdown or [shutdown, term] is not reported, nor one that a signal terminates [PL-012]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    for (const reason of ["normal", "shutdown", ["shutdown", "x"]]) {
      const pid = ProcLib.spawn(() => {
        throw exit(reason);
      });
      assertEquals(await exitOf(pid), reason);
    }
    assertEquals(await exitOf(ProcLib.spawn(() => "returned")), "normal");
    for (const [signal, reason] of [["boom", "boom"], ["kill", "killed"]]) {
      const pid = ProcLib.spawn(() => receive());
      const ended = exitOf(pid);
      Process.exit(pid, signal);
      assertEquals(await ended, reason);
    }
    await settled();
  });
  assertEquals(reports.all, []);
});

Deno.test("a process of ProcLib whose call fails exits with the exit of that call [PL-011]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pid = ProcLib.spawn(() => GenServer.call("nobody", "hello"));
    assertEquals(await exitOf(pid), ["noproc", ["GenServer", "call", ["nobody", "hello", 5000]]]);
  });
});

Deno.test("crash reports are worded with initial call and ancestors [PL-012]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    Process.register(self(), name);
    function crashing() {
      throw exit("boom");
    }
    const pid = ProcLib.spawn([{ crashing }, "crashing", []]);
    await exitOf(pid);
    const lines = Logger.format(reports.all[0]!).split("\n");
    assertEquals(lines.slice(0, 3), [
      `Process ${pid} terminating`,
      '** (exit) "boom"',
      "Initial Call: [module crashing].crashing/0",
    ]);
    assert(lines[3]!.startsWith(`Ancestors: ["${name}"`), lines[3]);
    const ofServer = unwrap(await GenServer.start({ init: () => ok(0) }));
    await GenServer.stop(ofServer, "odd");
    assert(Logger.format(reports.all[2]!).includes(".init/1"));
  });
});

Deno.test("ProcLib.initialCall() and translateInitialCall() tell what a process was started with", async () => {
  await inProcess(async () => {
    const Module = { run: (_a: number, _b: number) => receive() };
    const pid = ProcLib.spawnLink([Module, "run", [1, 2]]);
    assertEquals(ProcLib.translateInitialCall(pid), [Module, "run", 2]);
    assertEquals(ProcLib.initialCall(pid), [Module, "run", ["Argument__1", "Argument__2"]]);
    assertEquals(Process.info(pid, "initial_call"), ["initial_call", [Module, "run", 2]]);
    const [, dictionary] = Process.info(pid, "dictionary")!;
    assertEquals(new Map(dictionary).get("$initial_call"), [Module, "run", 2]);
    assertEquals((new Map(dictionary).get("$ancestors") as unknown[])[0], self());

    const body = () => receive();
    const ofFunction = ProcLib.spawnLink(body);
    assertEquals(ProcLib.translateInitialCall(ofFunction), [body, "call", 0]);
    const Server = { init: () => ok(0) };
    const server = unwrap(await GenServer.startLink(Server));
    assertEquals(ProcLib.translateInitialCall(server), [Server, "init", 1]);
    assertEquals(ProcLib.initialCall(server), [Server, "init", ["Argument__1"]]);

    const plain = spawn(() => {});
    for (const nothingKnown of [plain, self()]) {
      assertEquals(ProcLib.initialCall(nothingKnown), false);
      assertEquals(ProcLib.translateInitialCall(nothingKnown), ["proc_lib", "init_p", 5]);
    }
    await exitOf(plain);
    assertEquals(ProcLib.initialCall(plain), false);
    assertThrows(() => ProcLib.initialCall("x" as never), TypeError);
  });
});

Deno.test("ProcLib.translateInitialCall() of a supervisor is that of OTP's supervisor, with its module", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const noChildren: Supervisor.InitResult = ["ok", [{}, []]];
    const Module = { init: () => noChildren };
    const Dynamic = { init: () => DynamicSupervisor.init() };
    const options = { strategy: "one_for_one" } as const;
    const partitioned = { name: freshAtom(), childSpec: [Agent, () => 0] } as const;
    const supervisors: [pid: Pid, module: unknown][] = [
      [unwrap(await Supervisor.startLink([], options)), "Supervisor.Default"],
      [unwrap(await Supervisor.startLink(Module, undefined)), Module],
      [unwrap(await DynamicSupervisor.startLink()), "Supervisor.Default"],
      [unwrap(await DynamicSupervisor.startLink(Dynamic, undefined)), Dynamic],
      [unwrap(await TaskSupervisor.startLink()), "Task.Supervisor"],
      [unwrap(await PartitionSupervisor.startLink(partitioned)), "PartitionSupervisor"],
    ];
    for (const [pid, module] of supervisors) {
      assertEquals(ProcLib.translateInitialCall(pid), ["supervisor", module, 1]);
      assertEquals(ProcLib.initialCall(pid), ["supervisor", module, ["Argument__1"]]);
      assertEquals(Process.info(pid, "initial_call"), ["initial_call", ["supervisor", module, 1]]);
      const [, dictionary] = Process.info(pid, "dictionary")!;
      assertEquals(new Map(dictionary).get("$initial_call"), ["supervisor", module, 1]);
    }
  });
});

Deno.test("ProcLib.translateInitialCall() of an agent is the function that has made its state", async () => {
  await inProcess(async () => {
    let duringInit: unknown;
    const make = () => {
      duringInit = ProcLib.translateInitialCall(self());
      return 0;
    };
    const agent = unwrap(await Agent.startLink(make));
    await Agent.update(agent, () => 1);
    assertEquals(duringInit, [make, "call", 0]);
    assertEquals(ProcLib.translateInitialCall(agent), [make, "call", 0]);
    assertEquals(ProcLib.initialCall(agent), [make, "call", []]);
    const other = unwrap(await Agent.startLink(() => 2));
    assertFalse(ProcLib.translateInitialCall(other)[0] === make);
  });
});

Deno.test("ProcLib.translateInitialCall() tells nothing else while an asynchronous registry is asked for the name", async () => {
  await inProcess(async () => {
    const answer = Promise.withResolvers<"yes">();
    const named = Promise.withResolvers<Pid>();
    const registry = {
      registerName: (_key: string, pid: Pid) => (named.resolve(pid), answer.promise),
      unregisterName: () => {},
      whereisName: () => undefined,
      send: (_key: string, _message: unknown): never => {
        throw exit("badarg");
      },
    };
    const make = () => 0;
    const starting = Agent.startLink(make, { name: ["via", registry, "agent"] });
    assertEquals(ProcLib.translateInitialCall(await named.promise), [make, "call", 0]);
    answer.resolve("yes");
    assertEquals(await starting, ["ok", await named.promise]);
  });
});

Deno.test("crash reports word the initial calls of supervisors and agents as Elixir does", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    class CrashingSupervisor {
      static init = (): Supervisor.InitResult => ["ok", [{}, []]];
    }
    const initialCallOf = async (pid: Pid) => {
      await GenServer.stop(pid, "odd");
      const report = reports.all.find((each) => each.kind === "crash" && each.pid === pid)!;
      return Logger.format(report).split("\n").find((line) => line.startsWith("Initial Call: "));
    };
    const options = { strategy: "one_for_one" } as const;
    Process.flag("trap_exit", true);
    assertEquals(
      [
        await initialCallOf(unwrap(await Supervisor.startLink(CrashingSupervisor, undefined))),
        await initialCallOf(unwrap(await Supervisor.startLink([], options))),
        await initialCallOf(unwrap(await DynamicSupervisor.startLink())),
        await initialCallOf(unwrap(await TaskSupervisor.startLink())),
        await initialCallOf(unwrap(await Agent.start(() => 0))),
        await initialCallOf(unwrap(
          await Agent.start(function first() {
            return 1;
          }),
        )),
        await initialCallOf(
          unwrap(await GenServer.start({ moduleName: "Srv", init: () => ok(0) })),
        ),
      ],
      [
        "Initial Call: CrashingSupervisor.init/1",
        "Initial Call: Supervisor.Default.init/1",
        "Initial Call: Supervisor.Default.init/1",
        "Initial Call: Task.Supervisor.init/1",
        "Initial Call: anonymous fn/0",
        "Initial Call: first/0",
        "Initial Call: Srv.init/1",
      ],
    );
  });
});

Deno.test("Sys.getStatus() tells the module of OTP for a supervisor, an agent and a scope, by name", async () => {
  await inProcess(async () => {
    const starts: [Promise<unknown>, name: string][] = [
      [Supervisor.startLink([], { strategy: "one_for_one" }), "supervisor"],
      [DynamicSupervisor.startLink(), "DynamicSupervisor"],
      [Agent.startLink(() => 0), "Agent.Server"],
      [Pg.startLink(freshAtom()), "pg"],
    ];
    for (const [start, name] of starts) {
      const [, pid] = await start as ["ok", Pid];
      assertEquals(inspect((await Sys.getStatus(pid)).module), name);
    }
  });
});

// --- Stopping -----------------------------------------------------------------------------------

Deno.test("ProcLib.stop() asks a process by a system message, waits for its exit, and resolves with ok [PL-016]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const reason of ["normal", "shutdown", ["shutdown", 1], "odd"]) {
      const log: unknown[] = [];
      const systemTerminate = async (...args: unknown[]) => {
        await undefined;
        log.push(args[0], args[3]);
      };
      const pid = await obedient({ systemTerminate });
      const ref = Process.monitor(pid);
      assertEquals(await ProcLib.stop(pid, reason), "ok");
      assertEquals(flush(), [["DOWN", ref, "process", pid, reason]]);
      assertEquals(log, [reason, "state"]);
    }
    const server = unwrap(await GenServer.start({ init: () => ok(0) }));
    assertEquals(await ProcLib.stop(server), "ok");
    assertEquals(Process.isAlive(server), false);
    await assertSilence();
  });
});

Deno.test("ProcLib.stop() exits with the exit reason of the process, if that is another one [PL-018]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const error = new Error("crashed");
    const endings = [[exit("other"), "other"], [error, [error, error.stack!]]] as const;
    for (const [thrown, reason] of endings) {
      const pid = await obedient({
        systemTerminate: () => {
          throw thrown;
        },
      });
      assertEquals(await failure(ProcLib.stop(pid, "asked", 1000)), reason);
    }
    const killed = await obedient({ systemTerminate: () => Process.exit(self(), "kill") });
    assertEquals(await failure(ProcLib.stop(killed)), "killed");
  });
});

Deno.test("ProcLib.stop() exits with noproc when there is no process, calling_self, and timeout when it takes too long [PL-018]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const dead = spawn(() => {});
    await exitOf(dead);
    for (const nobody of [dead, freshAtom(), [freshAtom(), NODE] as const]) {
      assertEquals(await failure(ProcLib.stop(nobody)), "noproc");
    }
    assertEquals(await failure(ProcLib.stop(self(), "x", 5)), [
      "calling_self",
      ["ProcLib", "stop", [self(), "x", 5]],
    ]);
    // One that does not handle system messages.
    const deaf = ProcLib.spawnLink(() => receive({ never: () => {} }));
    const stopping = failure(ProcLib.stop(deaf, "normal", 50));
    await pass(time, 50);
    assertEquals(await stopping, "timeout");
    assertEquals(Process.isAlive(deaf), true);
    await assertRejects(() => ProcLib.stop(deaf, "normal", -1), RangeError);
  });
});

Deno.test("ProcLib.stop() finds a process by its registered name, also with the node [PL-020]", async () => {
  await inProcess(async () => {
    for (const withNode of [false, true]) {
      const name = freshAtom();
      const pid = await obedient();
      Process.register(pid, name);
      assertEquals(await ProcLib.stop(withNode ? [name, NODE] : name), "ok");
      assertEquals(Process.isAlive(pid), false);
      assertStrictEquals(Process.whereis(name), undefined);
    }
  });
});
