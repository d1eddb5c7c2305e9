import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  type AutoShutdown,
  type ChildSpec,
  DynamicSupervisor,
  exit,
  GenServer,
  type Logger,
  ok,
  type Pid,
  Process,
  type Restart,
  self,
  send,
  spawn,
  Sys,
  unwrap,
} from "../mod.ts";
import { assertSilence, exitOf, pass } from "./helpers.ts";
import {
  add,
  ENDS,
  errorsIn,
  RESTARTS,
  startDynamic as start,
  withScans,
} from "./fixtures/supervisors.ts";
import { announced, end, hang, supervising, worker } from "./fixtures/worker.ts";

/** The pids of all children; `"restarting"` for those that have none. */
async function childrenOf(supervisor: Pid): Promise<(Pid | "restarting")[]> {
  return (await DynamicSupervisor.whichChildren(supervisor)).map(([, child]) => child);
}

// --- Which ends are followed by a restart -------------------------------------------------------

for (const restart of RESTARTS) {
  for (const [text, isOrderly, endIt] of ENDS) {
    const isRestarted = restart === "permanent" || (restart === "transient" && !isOrderly);
    const rows = restart === "transient" ? " [DS-020]" : "";
    const what = isRestarted ? "restarts" : "forgets";
    Deno.test(`DynamicSupervisor ${what} a ${restart} child that exits ${text}${rows}`, () =>
      supervising(async (reports) => {
        const supervisor = await start();
        const child = await add(supervisor, worker("a", {}, { restart }));
        endIt(child);
        await announced();
        const after = await childrenOf(supervisor);
        assertEquals(after.length, isRestarted ? 1 : 0);
        assertEquals(after.includes(child), false);
        // As in Elixir, the exit of a permanent child is always an error.
        const isReported = restart === "permanent" || !isOrderly;
        assertEquals(
          errorsIn(reports).map(([context]) => context),
          isReported ? ["child_terminated"] : [],
        );
        await assertSilence();
      }));
  }
}

Deno.test("DynamicSupervisor does not affect other children when one exits [DS-040]", () =>
  supervising(async () => {
    const supervisor = await start();
    const [a, b, c] = [
      await add(supervisor, worker("a")),
      await add(supervisor, worker("b")),
      await add(supervisor, worker("c", {}, { restart: "temporary" })),
    ];
    await announced();
    end(b, "crash");
    assertEquals(await announced(), [["end", "b", "crash"], ["start", "b"]]);
    end(c, "crash");
    assertEquals(await announced(), [["end", "c", "crash"]]);
    const children = await childrenOf(supervisor);
    assertEquals(children.length, 2);
    assert(children.includes(a));
    await assertSilence();
  }));

Deno.test("DynamicSupervisor restarts each of several children that exit together", () =>
  supervising(async () => {
    const supervisor = await start({ maxRestarts: 10 });
    for (const id of [1, 2, 3]) await add(supervisor, worker(id));
    const before = await childrenOf(supervisor);
    await announced();
    for (const pid of before) Process.exit(pid as Pid, "kill");
    assertEquals(await announced(), [["start", 1], ["start", 2], ["start", 3]]);
    const after = await childrenOf(supervisor);
    assertEquals([after.length, after.filter((pid) => before.includes(pid))], [3, []]);
  }));

// --- Restarts that do not come to a process -----------------------------------------------------

Deno.test("DynamicSupervisor removes a child whose restart returns ignore", () =>
  supervising(async (reports) => {
    const supervisor = await start();
    const answer = (attempt: number) => attempt > 1 ? "ignore" : undefined;
    Process.exit(await add(supervisor, worker("a", { answer })), "kill");
    await announced();
    assertEquals(await childrenOf(supervisor), []);
    assertEquals(errorsIn(reports), [["child_terminated", "killed"]]);
    await assertSilence();
  }));

Deno.test("DynamicSupervisor tries again when a restart fails, whatever the failure", () =>
  supervising(async (reports) => {
    const failures: (() => unknown)[] = [
      () => ["error", "why"],
      () => "unknown",
      () => {
        throw exit("bye");
      },
      () => Promise.reject("thrown"),
    ];
    const supervisor = await start({ maxRestarts: 5 });
    const answer = (attempt: number) => failures[attempt - 2]?.();
    const child = await add(supervisor, worker("a", { answer }));
    await announced();
    Process.exit(child, "kill");
    assertEquals(await announced(), [["start", "a"]]);
    const [after] = await childrenOf(supervisor);
    assertNotEquals(after, child);
    assertEquals(errorsIn(reports), [
      ["child_terminated", "killed"],
      ["start_error", "why"],
      ["start_error", "unknown"],
      ["start_error", "bye"],
      ["start_error", [["nocatch", "thrown"], ""]],
    ]);
  }));

/** A child whose restarts fail until it is sent a message. */
function failing(): { child: ChildSpec; failures: () => number; recover: () => void } {
  let isReady = true;
  let failures = 0;
  const answer = () => {
    if (isReady) {
      isReady = false;
      return undefined;
    }
    failures++;
    return ["error", "not yet"];
  };
  return {
    child: worker("failing", { answer }),
    failures: () => failures,
    recover: () => isReady = true,
  };
}

Deno.test("DynamicSupervisor counts a child that is being restarted in maxChildren, until it runs again [DS-018]", () =>
  supervising(async () => {
    const full = ["error", "max_children"] as const;
    const supervisor = await start({ maxChildren: 1, maxRestarts: 1e6 });
    const { child, failures, recover } = failing();
    Process.exit(await add(supervisor, child), "kill");
    assertEquals(await DynamicSupervisor.startChild(supervisor, worker("a")), full);
    assertEquals(await childrenOf(supervisor), ["restarting"]);
    assert(failures() > 0);
    recover();
    assertEquals((await DynamicSupervisor.countChildren(supervisor)).specs, 1);
    assertEquals(await DynamicSupervisor.startChild(supervisor, worker("a")), full);
    // Also while its exit signal has not been handled.
    const [pid] = await childrenOf(supervisor);
    Process.exit(pid as Pid, "kill");
    recover();
    assertEquals(await DynamicSupervisor.startChild(supervisor, worker("a")), full);
    assertEquals((await announced()).length, 3);
  }));

Deno.test("DynamicSupervisor is notified of the exit of a child only once", () =>
  supervising(async (reports) => {
    const supervisor = await start();
    const ended = exitOf(supervisor);
    const { child } = failing();
    const pid = await add(supervisor, child);
    await Sys.suspend(supervisor);
    Process.exit(pid, "kill");
    for (let i = 0; i < 3; i++) send(supervisor, ["EXIT", pid, "once more"]);
    await Sys.resume(supervisor);
    assertEquals(await ended, "shutdown");
    assertEquals(errorsIn(reports).map(([context]) => context), [
      "child_terminated",
      "start_error",
      "start_error",
      "start_error",
      "shutdown",
    ]);
  }));

Deno.test("DynamicSupervisor can be told to terminate a child that is being restarted", () =>
  supervising(async (reports) => {
    const supervisor = await start({ maxRestarts: 1e6 });
    const { child, failures } = failing();
    const pid = await add(supervisor, child);
    Process.exit(pid, "kill");
    assertEquals(await childrenOf(supervisor), ["restarting"]);
    assertEquals(await DynamicSupervisor.terminateChild(supervisor, pid), "ok");
    assertEquals(await childrenOf(supervisor), []);
    const sofar = failures();
    await announced();
    assertEquals(failures(), sofar);
    assertEquals(errorsIn(reports).filter(([context]) => context === "shutdown_error"), []);
    assertEquals(await DynamicSupervisor.terminateChild(supervisor, pid), ["error", "not_found"]);
  }));

Deno.test("DynamicSupervisor obeys a stop while it tries to restart a child", () =>
  supervising(async (reports) => {
    const supervisor = await start({ maxRestarts: 1e6 });
    const { child, failures } = failing();
    Process.exit(await add(supervisor, child), "kill");
    assertEquals(await childrenOf(supervisor), ["restarting"]);
    assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
    const sofar = failures();
    await announced();
    assertEquals(failures(), sofar);
    assertEquals(errorsIn(reports).filter(([context]) => context === "shutdown_error"), []);
  }));

// --- How often ----------------------------------------------------------------------------------

Deno.test("DynamicSupervisor exits with shutdown after too many restarts, by exits or by failed starts [DS-025]", () =>
  supervising(async (reports) => {
    // By deaths.
    let supervisor = await start({ maxRestarts: 1 });
    let ended = exitOf(supervisor);
    const other = await add(supervisor, worker("other"));
    end(await add(supervisor, worker("a")), "crash");
    await announced();
    end((await childrenOf(supervisor)).find((pid) => pid !== other) as Pid, "crash");
    assertEquals(await ended, "shutdown");
    assertEquals((await announced()).slice(0, 2), [
      ["end", "a", "crash"],
      ["end", "other", "shutdown"],
    ]);
    assertEquals(errorsIn(reports), [
      ["child_terminated", "crash"],
      ["child_terminated", "crash"],
      ["shutdown", "reached_max_restart_intensity"],
    ]);
    // By failures: the first restart and its repetitions count alike, three of them by default.
    supervisor = await start();
    ended = exitOf(supervisor);
    const { child, failures } = failing();
    Process.exit(await add(supervisor, child), "kill");
    assertEquals(await ended, "shutdown");
    assertEquals(failures(), 3);
    // By the first one, where none is allowed.
    supervisor = await start({ maxRestarts: 0 });
    ended = exitOf(supervisor);
    Process.exit(await add(supervisor, worker("b")), "kill");
    assertEquals(await ended, "shutdown");
  }));

Deno.test("DynamicSupervisor forgets restarts that are older than maxSeconds", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start({ maxRestarts: 1, maxSeconds: 2 });
    await add(supervisor, worker("a"));
    const crash = async () => {
      end((await childrenOf(supervisor))[0] as Pid, "crash");
      await announced();
    };
    for (let i = 0; i < 5; i++) {
      await crash();
      assertEquals(Process.isAlive(supervisor), true);
      await pass(time, 3000);
    }
    await crash();
    await pass(time, 2000);
    await crash();
    assertEquals(Process.isAlive(supervisor), false);
  });
});

// --- How children are stopped -------------------------------------------------------------------

/**
 * Stops a supervisor with these children, and returns how each has exited, after how many ms, and after how
 * many the supervisor has.
 */
async function stopAll(
  time: FakeTime,
  ...children: ChildSpec[]
): Promise<[ends: (readonly [reason: unknown, ms: number])[], ms: number]> {
  const supervisor = await start({ maxRestarts: 1e6 });
  const pids: Pid[] = [];
  for (const child of children) pids.push(await add(supervisor, child));
  await announced();
  const before = time.now;
  const since = async <T>(promise: Promise<T>) => [await promise, time.now - before] as const;
  // A process waits for one thing at a time.
  const endOf = (pid: Pid) =>
    new Promise((resolve) => spawn(async () => resolve(await exitOf(pid))));
  const ends = Promise.all(pids.map((pid) => since(endOf(pid))));
  await announced();
  const stopped = since(DynamicSupervisor.stop(supervisor));
  await pass(time, 10_000);
  const [result, ms] = await stopped;
  assertEquals(result, "ok");
  await announced();
  return [await ends, ms];
}

Deno.test("DynamicSupervisor kills children at once whose shutdown is brutal_kill [DS-027]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const child = worker("a", {}, { shutdown: "brutal_kill" });
    assertEquals(await stopAll(time, child, child, child), [
      [["killed", 0], ["killed", 0], ["killed", 0]],
      0,
    ]);
    // It is what was asked for: nothing is wrong with it.
    assertEquals(errorsIn(reports), []);
  });
});

Deno.test("DynamicSupervisor stops children with shutdown when their shutdown is a time in ms or infinity [DS-028]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const slow = { terminate: () => Process.sleep(9000) };
    const quick = worker("quick", { trap: false });
    assertEquals(
      await stopAll(
        time,
        quick,
        worker("a", slow, { shutdown: "infinity" }),
        worker("b", slow, { shutdown: 9001 }),
        worker("c", slow, { type: "supervisor" }),
      ),
      [[["shutdown", 0], ["shutdown", 9000], ["shutdown", 9000], ["shutdown", 9000]], 9000],
    );
    assertEquals(errorsIn(reports), []);
  });
});

Deno.test("DynamicSupervisor stops all children at once, and kills each when its own time is up [SU-071]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const slow = (ms: number, shutdown?: number): ChildSpec =>
      worker(
        "slow",
        { terminate: () => Process.sleep(ms) },
        shutdown === undefined ? {} : { shutdown },
      );
    // The longest, not the sum.
    assertEquals(await stopAll(time, slow(100), slow(300), slow(200)), [
      [["shutdown", 100], ["shutdown", 300], ["shutdown", 200]],
      300,
    ]);
    assertEquals(errorsIn(reports), []);
    assertEquals(
      await stopAll(
        time,
        slow(9000, 100),
        slow(200, 500),
        slow(9000, 0),
        slow(9000),
        slow(99, 100),
      ),
      [
        [["killed", 100], ["shutdown", 200], ["killed", 0], ["killed", 5000], ["shutdown", 99]],
        5000,
      ],
    );
    assertEquals(errorsIn(reports), [
      ["shutdown_error", "killed"],
      ["shutdown_error", "killed"],
      ["shutdown_error", "killed"],
    ]);
  });
});

Deno.test("DynamicSupervisor is not disturbed by children that exit with other reasons while it stops them [DS-029]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const odd = (shutdown: ChildSpec["shutdown"], reason: unknown) =>
      worker("odd", {
        terminate: async () => {
          await Process.sleep(50);
          throw exit(reason);
        },
      }, { shutdown });
    const reasons = ["odd", ["shutdown", "enough"], "normal"];
    for (const shutdown of ["infinity", 1000] as const) {
      assertEquals(await stopAll(time, ...reasons.map((reason) => odd(shutdown, reason))), [
        reasons.map((reason) => [reason, 50] as const),
        50,
      ]);
    }
    const errors = [["shutdown_error", "odd"], ["shutdown_error", "normal"]] as const;
    assertEquals(errorsIn(reports), [...errors, ...errors]);
  });
});

Deno.test("DynamicSupervisor does not restart permanent children that exit normally while it stops [DS-031]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const normal = (restart: Restart) =>
      worker("a", {
        terminate: () => {
          throw exit("normal");
        },
      }, { restart });
    let starts = 0;
    const counting = worker("b", { answer: () => void starts++ });
    const children = [...RESTARTS.map(normal), counting];
    const [ends] = await stopAll(time, ...children);
    assertEquals(ends.map(([reason]) => reason), ["normal", "normal", "normal", "shutdown"]);
    assertEquals(starts, 1);
    // As in Elixir, the exit of a permanent child is an error.
    assertEquals(errorsIn(reports), [["shutdown_error", "normal"]]);
    await assertSilence();
  });
});

Deno.test("DynamicSupervisor.stop() returns ok when all children have exited [DS-041]", () =>
  supervising(async () => {
    const supervisor = await start();
    const pids: Pid[] = [];
    for (let i = 0; i < 50; i++) pids.push(await add(supervisor, worker(i, { trap: i % 2 === 0 })));
    assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
    assertEquals(pids.filter(Process.isAlive), []);
    assertEquals((await announced()).at(-1), ["EXIT", supervisor, "normal"]);
    const Module = { init: () => DynamicSupervisor.init() };
    unwrap(await DynamicSupervisor.startLink(Module, undefined, { name: "dynamic" }));
    assertEquals(await DynamicSupervisor.stop("dynamic", "shutdown"), "ok");
    assertEquals(Process.whereis("dynamic"), undefined);
  }));

Deno.test("DynamicSupervisor stops children that terminate each other, or have exited before their exit signal", () =>
  supervising(async (reports) => {
    const supervisor = await start();
    const first = await add(supervisor, worker("first", { trap: false }));
    const twin = worker("twin", { trap: false, init: () => Process.link(first) });
    const second = await add(supervisor, twin);
    const crashed = await add(supervisor, worker("crashed"));
    const unlinked = await add(supervisor, {
      id: "unlinked",
      start: () => ["ok", spawn(() => {})],
    });
    await exitOf(unlinked);
    const brutal = worker("brutal", { trap: false }, { shutdown: "brutal_kill" });
    const [gone, done] = [await add(supervisor, brutal), await add(supervisor, brutal)];
    const stopped = DynamicSupervisor.stop(supervisor);
    // Their signals come too late.
    Process.exit(crashed, "kill");
    Process.exit(gone, "odd");
    Process.exit(done, "kill");
    assertEquals(await stopped, "ok");
    assertEquals([first, second, crashed].filter(Process.isAlive), []);
    assertEquals(errorsIn(reports), [
      ["shutdown_error", "killed"],
      ["shutdown_error", "noproc"],
      ["shutdown_error", "odd"],
    ]);
  }));

Deno.test("DynamicSupervisor stops children that hang, and waits for those it is to wait for until it is killed", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start();
    const hanging = await add(supervisor, worker("hanging"));
    const endless = { terminate: () => new Promise(() => {}) };
    const patient = await add(supervisor, worker("patient", endless, { shutdown: "infinity" }));
    await announced();
    hang(hanging);
    const stopped = DynamicSupervisor.stop(supervisor).catch((error) => error.reason[0]);
    await pass(time, 4999);
    assertEquals(Process.isAlive(hanging), true);
    await pass(time, 1);
    assertEquals(Process.isAlive(hanging), false);
    await pass(time, 1e6);
    assertEquals([supervisor, patient].map(Process.isAlive), [true, true]);
    Process.exit(supervisor, "kill");
    assertEquals(await stopped, "killed");
    assertEquals(await announced(), [["EXIT", supervisor, "killed"]]);
    Process.exit(patient, "kill");
  });
});

// --- Exit signals -------------------------------------------------------------------------------

Deno.test("DynamicSupervisor exits with the reason of its parent, children first", () =>
  supervising(async () => {
    for (const reason of ["normal", "shutdown", "crash"]) {
      const owner = self();
      const parent = spawn(async () => {
        const supervisor = await start();
        await add(supervisor, worker("a", { owner }));
        send(owner, supervisor);
        throw exit(reason);
      });
      const mail = await announced();
      assertEquals(mail.length, 3);
      assertEquals(Process.isAlive(parent), false);
      assertEquals(mail[2], ["end", "a", "shutdown"]);
      assertEquals(Process.isAlive(mail[1] as Pid), false);
    }
  }));

Deno.test("DynamicSupervisor that is killed cannot clean up: its children are told by their links", () =>
  supervising(async () => {
    const supervisor = await start();
    await add(supervisor, worker("a"));
    const plain = await add(supervisor, worker("b", { trap: false }));
    await announced();
    Process.exit(supervisor, "kill");
    assertEquals(await announced(), [["EXIT", supervisor, "killed"], ["end", "a", "killed"]]);
    assertEquals(Process.isAlive(plain), false);
  }));

Deno.test("DynamicSupervisor that is killed while it restarts a child does nothing any more", () =>
  supervising(async () => {
    let [release, starts] = [() => {}, 0];
    const answer = () => {
      if (++starts === 1) return undefined;
      return new Promise<void>((resolve) => release = resolve);
    };
    const supervisor = await start();
    Process.exit(await add(supervisor, worker("a", { answer })), "kill");
    await announced();
    assertEquals(starts, 2);
    Process.exit(supervisor, "kill");
    release();
    assertEquals(await announced(), [["EXIT", supervisor, "killed"]]);
    await assertSilence();
  }));

// --- Significant children -----------------------------------------------------------------------

Deno.test("DynamicSupervisor autoShutdown shuts it down with significant children: the first, or the last [SU-086]", () =>
  supervising(async () => {
    const significant = (id: unknown, restart: Restart = "temporary") =>
      worker(id, {}, { restart, significant: true });
    const plain = worker("plain", {}, { restart: "temporary" });
    const modes: [AutoShutdown, ends: number][] = [["any_significant", 1], ["all_significant", 3]];
    for (const [autoShutdown, ends] of modes) {
      for (const reason of ["normal", "shutdown", "crash"]) {
        const supervisor = await start({ autoShutdown });
        const pids: Pid[] = [];
        for (const id of [1, 2, 3]) pids.push(await add(supervisor, significant(id)));
        const others = [await add(supervisor, plain), await add(supervisor, plain)];
        end(others[0]!, reason);
        await announced();
        for (const pid of pids.slice(0, ends)) {
          assertEquals(Process.isAlive(supervisor), true);
          end(pid, reason);
          await announced();
        }
        assertEquals([supervisor, ...pids, ...others].filter(Process.isAlive), []);
      }
    }
    // A process that was given twice counts once.
    const all = await start({ autoShutdown: "all_significant" });
    const twice = await add(all, significant("a"));
    await add(all, { ...significant("b"), start: () => ["ok", twice] });
    end(twice, "normal");
    await announced();
    assertEquals(Process.isAlive(all), false);
    // The exit reason is shutdown.
    const supervisor = await start({ autoShutdown: "any_significant" });
    const ended = exitOf(supervisor);
    end(await add(supervisor, significant("a", "transient")), "normal");
    assertEquals(await ended, "shutdown");
  }));

Deno.test("DynamicSupervisor keeps running when a significant child is restarted, or was stopped", () =>
  supervising(async () => {
    const supervisor = await start({ autoShutdown: "any_significant" });
    const significant = { restart: "transient", significant: true } as const;
    const child = await add(supervisor, worker("a", {}, significant));
    end(child, "crash");
    await announced();
    const [restarted] = await childrenOf(supervisor);
    assertNotEquals(restarted, child);
    assertEquals(await DynamicSupervisor.terminateChild(supervisor, restarted as Pid), "ok");
    await announced();
    assertEquals(Process.isAlive(supervisor), true);
    // Then the next one is the last one.
    const all = await start({ autoShutdown: "all_significant" });
    const [first, second] = [
      await add(all, worker("a", {}, significant)),
      await add(all, worker("b", {}, significant)),
    ];
    await DynamicSupervisor.terminateChild(all, first);
    end(second, "normal");
    await announced();
    assertEquals(Process.isAlive(all), false);
  }));

Deno.test("DynamicSupervisor refuses significant children when autoShutdown is never", () =>
  supervising(async () => {
    const supervisor = await start();
    const child = worker("a", {}, { restart: "temporary", significant: true });
    assertEquals(await DynamicSupervisor.startChild(supervisor, child), ["error", [
      "bad_combination",
      [["auto_shutdown", "never"], ["significant", true]],
    ]]);
    await assertSilence();
  }));

// --- Reports ------------------------------------------------------------------------------------

Deno.test("DynamicSupervisor reports each error with supervisor, context, reason and offender, as Elixir does", () =>
  supervising(async (reports) => {
    const Module = { init: () => DynamicSupervisor.init({ extraArguments: ["extra"] }) };
    const supervisor = unwrap(
      await DynamicSupervisor.startLink(Module, undefined, { name: ["global", "dynamic"] }),
    );
    const Child = {
      startLink: (_extra: string, attempt: () => unknown) =>
        attempt() ?? GenServer.startLink({ init: () => ok(0) }, undefined),
    };
    let attempts = 0;
    const attempt = () => ++attempts === 2 ? ["error", "not yet"] : undefined;
    const spec = { id: "a", start: [Child, "startLink", [attempt]], shutdown: 7 } as const;
    const temporary = await add(supervisor, { ...spec, restart: "temporary" });
    Process.exit(temporary, "kill");
    await announced();
    attempts = 0;
    const child = await add(supervisor, spec);
    Process.exit(child, "kill");
    await announced();
    const found = reports.all.filter(({ kind }) => kind === "supervisor");
    const expected = (context: string, reason: unknown, offender: object): Logger.Report => ({
      level: "error",
      kind: "supervisor",
      sasl: true,
      pid: supervisor,
      reason,
      details: {
        supervisor: ["global", "dynamic"],
        context,
        offender: { id: undefined, significant: false, shutdown: 7, type: "worker", ...offender },
      },
    });
    const start = [Child, "startLink", ["extra", attempt]];
    assertEquals(found, [
      expected("child_terminated", "killed", {
        pid: temporary,
        restart: "temporary",
        start: [Child, "startLink", undefined],
      }),
      expected("child_terminated", "killed", { pid: child, restart: "permanent", start }),
      expected("start_error", "not yet", {
        pid: ["restarting", child],
        restart: "permanent",
        start,
      }),
    ]);
    // A success is not worth a report.
    assertEquals(reports.all.filter(({ kind }) => kind === "progress"), []);
  }));

// --- Costs --------------------------------------------------------------------------------------

/** Counts what a supervisor with `n` children does: messages handled, and messages in mailboxes looked at. */
function costOf(
  n: number,
  act: (supervisor: Pid, children: Pid[]) => Promise<unknown>,
): Promise<{ handled: number; scanned: number }> {
  return withScans(async () => {
    const supervisor = await start({ maxRestarts: 2 * n });
    const children: Pid[] = [];
    for (let i = 0; i < n; i++) children.push(await add(supervisor, worker(i, { trap: false })));
    await announced();
    const before = Process.info(supervisor, "reductions")![1];
    assertEquals(before, n + 1);
    await act(supervisor, children);
    await announced();
    const handled = Process.info(supervisor, "reductions")?.[1] ?? before;
    return handled - before;
  });
}

Deno.test("DynamicSupervisor starts, restarts and stops 5,000 children with work in proportion [SU-092]", () =>
  supervising(async () => {
    const n = 5000;
    const stop = async (supervisor: Pid, children: readonly Pid[]) => {
      assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
      assertEquals(children.filter(Process.isAlive), []);
    };
    assertEquals(await costOf(n, stop), { handled: 0, scanned: 0 });
    const killAll = async (supervisor: Pid, children: readonly Pid[]) => {
      for (const child of children) Process.exit(child, "kill");
      await announced();
      assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, n);
      return children;
    };
    // One message for each child that has exited, and two calls.
    assertEquals(await costOf(n, killAll), { handled: n + 1, scanned: 0 });
    // All have exited, and the supervisor still has to stop: it searches its mailbox once.
    const stopTheDead = (supervisor: Pid, children: readonly Pid[]) => {
      const stopped = stop(supervisor, children);
      for (const child of children) Process.exit(child, "kill");
      return stopped;
    };
    const { scanned } = await costOf(n, stopTheDead);
    assertEquals(scanned, n);
    // So it does when children end because others do.
    const stopTwins = async (supervisor: Pid, children: readonly Pid[]) => {
      for (let i = 0; i < n; i += 2) linkTo(children[i]!, children[i + 1]!);
      await announced();
      await stop(supervisor, children);
    };
    const twins = await costOf(n, stopTwins);
    assert(twins.scanned <= n, `${twins.scanned} messages looked at`);
  }));

/** Has a worker link itself to another one. */
function linkTo(child: Pid, other: Pid): void {
  const { process } = child;
  process!.links = new Set([process!.links as Pid, other]);
  other.process!.links = new Set([other.process!.links as Pid, child]);
}

Deno.test("DynamicSupervisor restarts one of many children with the work that it is among few", () =>
  supervising(async () => {
    const costs: unknown[] = [];
    for (const n of [10, 5000]) {
      costs.push(
        await costOf(n, async (_supervisor, children) => {
          Process.exit(children[n / 2]!, "kill");
          assertEquals(await announced(), [["start", n / 2]]);
        }),
      );
    }
    assertEquals(costs, [{ handled: 1, scanned: 0 }, { handled: 1, scanned: 0 }]);
  }));

Deno.test("DynamicSupervisor keeps nothing of children that are gone", () =>
  supervising(async () => {
    const supervisor = await start();
    for (let i = 0; i < 100; i++) {
      const child = await add(supervisor, worker(i, {}, { restart: "temporary" }));
      if (i % 2 === 0) end(child, "normal");
      else await DynamicSupervisor.terminateChild(supervisor, child);
    }
    await announced();
    const { process } = supervisor;
    assertEquals(Process.info(supervisor, "links"), ["links", [self()]]);
    assertEquals([process!.timers, process!.monitors, process!.outgoing], [null, null, null]);
    assertEquals(await DynamicSupervisor.whichChildren(supervisor), []);
  }));

// --- Whatever happens ---------------------------------------------------------------------------

Deno.test("DynamicSupervisor runs exactly the children that it lists, whatever happens", () =>
  supervising(async () => {
    const restart = fc.constantFrom(...RESTARTS);
    const reason = fc.constantFrom("normal", "shutdown", "crash", "kill");
    const step = fc.oneof(
      fc.record({ do: fc.constant("end" as const), which: fc.nat(5), reason }),
      fc.record({ do: fc.constant("start" as const), restart, failures: fc.nat(2) }),
      fc.record({ do: fc.constant("terminate" as const), which: fc.nat(5) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(3, Infinity),
        fc.array(step, { maxLength: 20 }),
        async (maxChildren, steps) => {
          const supervisor = await start({ maxChildren, maxRestarts: 1000 });
          const seen = new Set<Pid>();
          for (const each of steps) {
            const children = await childrenOf(supervisor) as Pid[];
            switch (each.do) {
              case "start": {
                const { failures } = each;
                const answer = (attempt: number) =>
                  attempt > 1 && attempt % 3 < failures ? ["error", "not yet"] : undefined;
                const child = worker("a", { answer }, { restart: each.restart });
                const [tag, pid] = await DynamicSupervisor.startChild(supervisor, child);
                assertEquals(tag === "ok", children.length < maxChildren);
                if (tag === "ok") seen.add(pid as Pid);
                break;
              }
              case "terminate": {
                const child = children[each.which];
                if (child === undefined) break;
                assertEquals(await DynamicSupervisor.terminateChild(supervisor, child), "ok");
                break;
              }
              case "end": {
                const child = children[each.which];
                if (child === undefined) break;
                if (each.reason === "kill") Process.exit(child, "kill");
                else end(child, each.reason);
              }
            }
            await announced();
            const listed = await childrenOf(supervisor) as Pid[];
            for (const pid of listed) seen.add(pid);
            assertEquals(
              [...seen].filter(Process.isAlive),
              [...seen].filter((pid) => listed.includes(pid)),
            );
            assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, listed.length);
          }
          assertEquals(await DynamicSupervisor.stop(supervisor), "ok");
          assertEquals([...seen].filter(Process.isAlive), []);
          await announced();
        },
      ),
      { numRuns: 60 },
    );
  }));
