import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type AutoShutdown,
  type ChildSpec,
  exit,
  Logger,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  spawnLink,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { assertSilence, exitOf, pass } from "./helpers.ts";
import { errorsIn, ONE_FOR_ONE } from "./fixtures/supervisors.ts";
import { announced, childOf, end, hang, statesOf, supervising, worker } from "./fixtures/worker.ts";

// --- How children are stopped -------------------------------------------------------------------

Deno.test("Supervisor stops its children last first, each after the previous one has exited [SU-067]", () =>
  supervising(async () => {
    const gates: (() => void)[] = [];
    const terminate = () => new Promise<void>((resolve) => gates.push(resolve));
    const supervisor = unwrap(
      await Supervisor.startLink(
        [worker("a", { terminate }), worker("b", { terminate }), worker("c")],
        ONE_FOR_ONE,
      ),
    );
    await announced();
    const stopped = Supervisor.stop(supervisor);
    assertEquals(await announced(), [["end", "c", "shutdown"]]);
    assertEquals(gates.length, 1);
    await assertSilence();
    gates[0]!();
    assertEquals(await announced(), [["end", "b", "shutdown"]]);
    assertEquals(gates.length, 2);
    gates[1]!();
    assertEquals(await stopped, "ok");
    assertEquals(await announced(), [
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "normal"],
    ]);
  }));

/** Stops a supervisor with one child, and returns the child's exit reason and how long that took. */
async function stopOne(time: FakeTime, child: ChildSpec): Promise<[reason: unknown, ms: number]> {
  const supervisor = unwrap(await Supervisor.startLink([child], ONE_FOR_ONE));
  const pid = await childOf(supervisor, child.id);
  const before = time.now;
  let ended: number | undefined;
  const ending = exitOf(pid).then((reason) => (ended = time.now, reason));
  const stopped = Supervisor.stop(supervisor);
  await pass(time, 10_000);
  const reason = await ending;
  assertEquals(await stopped, "ok");
  return [reason, ended! - before];
}

Deno.test("Supervisor kills a child that takes longer than its shutdown time to exit [SU-068]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const slow = (ms: number, shutdown?: number) =>
      worker(
        "slow",
        { terminate: () => Process.sleep(ms) },
        shutdown === undefined ? {} : { shutdown },
      );
    assertEquals(await stopOne(time, slow(99, 100)), ["shutdown", 99]);
    assertEquals(await stopOne(time, slow(200, 100)), ["killed", 100]);
    assertEquals(await stopOne(time, slow(9000)), ["killed", 5000]);
    assertEquals(await stopOne(time, worker("prompt", { trap: false })), ["shutdown", 0]);
    assertEquals(await stopOne(time, worker("none", {}, { shutdown: 0 })), ["killed", 0]);
    assertEquals(await stopOne(time, worker("none", { trap: false }, { shutdown: 0 })), [
      "shutdown",
      0,
    ]);
  });
});

Deno.test("Supervisor waits forever for a child whose shutdown is infinity, as a supervisor's is [SU-069]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const terminate = () => Process.sleep(9000);
    const patient = worker("a", { terminate }, { shutdown: "infinity" });
    assertEquals(await stopOne(time, patient), ["shutdown", 9000]);
    const inner = worker("b", { terminate }, { type: "supervisor" });
    assertEquals(await stopOne(time, inner), ["shutdown", 9000]);
  });
});

Deno.test("Supervisor kills a child at once whose shutdown is brutal_kill [SU-070]", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const child = worker("a", {}, { shutdown: "brutal_kill" });
    assertEquals(await stopOne(time, child), ["killed", 0]);
    // It is what was asked for: nothing is wrong with it, and terminate did not run.
    assertEquals(reports.all.filter(({ level }) => level === "error"), []);
    assertEquals((await announced())[0], ["start", "a"]);
    await assertSilence();
  });
});

Deno.test("Supervisor stops a child that hangs in a callback, and the others after it", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([worker("a"), worker("b"), worker("c")], ONE_FOR_ONE),
    );
    await announced();
    // It reads no mail, its parent's exit signal least of all.
    hang(await childOf(supervisor, "b"));
    const stopped = Supervisor.stop(supervisor);
    await pass(time, 4999);
    assertEquals(await announced(), [["end", "c", "shutdown"]]);
    await pass(time, 1);
    assertEquals(await stopped, "ok");
    assertEquals(await announced(), [
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "normal"],
    ]);
  });
});

Deno.test("Supervisor is not disturbed by children that exit with other reasons while it stops them [SU-072]", () =>
  supervising(async (reports) => {
    const other: { pid?: Pid } = {};
    const supervisor = unwrap(
      await Supervisor.startLink([
        worker("a"),
        worker("b", {
          terminate: () => {
            throw exit("something else");
          },
        }),
        worker("c", { trap: false }),
        // c exits by itself while d is being stopped.
        worker("d", { terminate: () => Process.exit(other.pid!, "kill") }),
      ], ONE_FOR_ONE),
    );
    const b = await childOf(supervisor, "b");
    const c = other.pid = await childOf(supervisor, "c");
    await announced();
    const [bEnd, cEnd] = [Process.monitor(b), Process.monitor(c)];
    assertEquals(await Supervisor.stop(supervisor), "ok");
    assertEquals(await announced(), [
      ["DOWN", cEnd, "process", c, "killed"],
      ["end", "d", "shutdown"],
      ["DOWN", bEnd, "process", b, "something else"],
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "normal"],
    ]);
    assertEquals(errorsIn(reports), [
      ["shutdown_error", "killed"],
      ["shutdown_error", "something else"],
    ]);
  }));

Deno.test("Supervisor.terminateChild() waits for the child, and other children may exit meanwhile", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const slow = worker("slow", { terminate: () => Process.sleep(100) });
    const supervisor = unwrap(await Supervisor.startLink([worker("a"), slow], ONE_FOR_ONE));
    const a = await childOf(supervisor, "a");
    const terminated = Supervisor.terminateChild(supervisor, "slow");
    end(a, "crash");
    await pass(time, 99);
    assertEquals(await announced(), [
      ["start", "a"],
      ["start", "slow"],
      ["end", "a", "crash"],
    ]);
    await pass(time, 1);
    assertEquals(await terminated, "ok");
    assertEquals(await announced(), [["end", "slow", "shutdown"], ["start", "a"]]);
  });
});

// --- Exit signals -------------------------------------------------------------------------------

Deno.test("Supervisor traps exits, and ignores those of processes that are neither child nor parent [SU-074]", () =>
  supervising(async () => {
    const supervisor = unwrap(await Supervisor.startLink([worker("a")], ONE_FOR_ONE));
    assertEquals(Process.info(supervisor, "trap_exit"), ["trap_exit", true]);
    const stranger = spawn(async () => {
      Process.link(supervisor);
      await receive();
      throw exit("oops");
    });
    await announced();
    for (const reason of ["normal", "shutdown", "oops"]) {
      spawn(() => Process.exit(supervisor, reason));
    }
    send(stranger, "now");
    await assertSilence();
    assertEquals(await statesOf(supervisor), [["a", "up"]]);
  }));

Deno.test("Supervisor exits with the reason of its parent, children first, whatever that is [SU-075]", () =>
  supervising(async () => {
    for (const reason of ["normal", "shutdown", ["shutdown", "enough"], "crash", "killed"]) {
      const owner = self();
      const parent = spawn(async () => {
        const children = [worker("a", { owner }), worker("b", { owner })];
        send(owner, unwrap(await Supervisor.startLink(children, ONE_FOR_ONE)));
        if (reason === "killed") await Process.sleep(Infinity);
        await receive();
        throw exit(reason);
      });
      const [supervisor] = (await announced()).slice(-1) as [Pid];
      const ended = exitOf(supervisor);
      if (reason === "killed") Process.exit(parent, "kill");
      else send(parent, "now");
      assertEquals(await ended, reason);
      assertEquals(await announced(), [["end", "b", "shutdown"], ["end", "a", "shutdown"]]);
    }
    // Also the exit signal of a parent that lives on.
    const supervisor = unwrap(await Supervisor.startLink([worker("a")], ONE_FOR_ONE));
    await announced();
    Process.exit(supervisor, "normal");
    assertEquals(await announced(), [
      ["end", "a", "shutdown"],
      ["EXIT", supervisor, "normal"],
    ]);
  }));

Deno.test("Supervisor that is killed cannot clean up: its children are told by their links [SU-077]", () =>
  supervising(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([worker("a"), worker("b", { trap: false })], ONE_FOR_ONE),
    );
    const [a, b] = [await childOf(supervisor, "a"), await childOf(supervisor, "b")];
    await announced();
    const [aEnd, bEnd] = [Process.monitor(a), Process.monitor(b)];
    Process.exit(supervisor, "kill");
    assertEquals(await announced(), [
      ["EXIT", supervisor, "killed"],
      ["DOWN", bEnd, "process", b, "killed"],
      ["end", "a", "killed"],
      ["DOWN", aEnd, "process", a, "killed"],
    ]);
  }));

Deno.test("Supervisor that is killed while it stops a child does nothing any more", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const slow = worker("slow", { terminate: () => Process.sleep(100) }, { shutdown: 1000 });
    const supervisor = unwrap(await Supervisor.startLink([worker("a"), slow], ONE_FOR_ONE));
    void Supervisor.stop(supervisor).catch(() => {});
    await announced();
    Process.exit(supervisor, "kill");
    // The link terminates a, and the slow one is not killed.
    assertEquals(await announced(), [["EXIT", supervisor, "killed"], ["end", "a", "killed"]]);
    await pass(time, 5000);
    assertEquals(await announced(), [["end", "slow", "shutdown"]]);
  });
});

// --- Significant children -----------------------------------------------------------------------

/** Starts a supervisor of children of the kinds `"transient"` and `"temporary"`, `+` for the significant ones. */
async function startSignificant(autoShutdown: AutoShutdown, ...kinds: string[]): Promise<Pid> {
  const children = kinds.map((kind, i) =>
    worker("abcdef"[i], {}, {
      restart: kind.replace("+", "") as "transient" | "temporary",
      significant: kind.endsWith("+"),
    })
  );
  const supervisor = unwrap(await Supervisor.startLink(children, { ...ONE_FOR_ONE, autoShutdown }));
  await announced();
  return supervisor;
}

Deno.test("Supervisor any_significant exits with shutdown when a significant child has exited [SU-081]", () =>
  supervising(async () => {
    const ends = [
      ["transient+", "normal"],
      ["transient+", "shutdown"],
      ["transient+", ["shutdown", "enough"]],
      ["temporary+", "normal"],
      ["temporary+", "shutdown"],
      ["temporary+", "crash"],
    ] as const;
    for (const [kind, reason] of ends) {
      const supervisor = await startSignificant("any_significant", "transient", kind, "transient+");
      end(await childOf(supervisor, "b"), reason);
      assertEquals(await announced(), [
        ["end", "b", reason],
        ["end", "c", "shutdown"],
        ["end", "a", "shutdown"],
        ["EXIT", supervisor, "shutdown"],
      ]);
    }
  }));

Deno.test("Supervisor restarts a significant transient child that exited abnormally, and keeps running [SU-082]", () =>
  supervising(async () => {
    for (const autoShutdown of ["any_significant", "all_significant"] as const) {
      const supervisor = await startSignificant(autoShutdown, "transient+");
      end(await childOf(supervisor, "a"), "crash");
      assertEquals(await announced(), [["end", "a", "crash"], ["start", "a"]]);
      end(await childOf(supervisor, "a"), "normal");
      assertEquals(await announced(), [["end", "a", "normal"], ["EXIT", supervisor, "shutdown"]]);
    }
  }));

Deno.test("Supervisor all_significant exits with the last significant child", () =>
  supervising(async () => {
    const supervisor = await startSignificant(
      "all_significant",
      "temporary+",
      "transient",
      "transient+",
      "temporary+",
    );
    end(await childOf(supervisor, "c"), "normal");
    end(await childOf(supervisor, "a"), "crash");
    await announced();
    assertEquals(await statesOf(supervisor), [["b", "up"], ["c", undefined], ["d", "up"]]);
    end(await childOf(supervisor, "d"), "normal");
    assertEquals(await announced(), [
      ["end", "d", "normal"],
      ["end", "b", "shutdown"],
      ["EXIT", supervisor, "shutdown"],
    ]);
  }));

Deno.test("Supervisor does not shut down for a significant child that it was told to stop", () =>
  supervising(async () => {
    for (const kind of ["transient+", "temporary+"]) {
      const supervisor = await startSignificant("any_significant", kind);
      await Supervisor.terminateChild(supervisor, "a");
      assertEquals(await announced(), [["end", "a", "shutdown"]]);
      await assertSilence();
      assertEquals((await Supervisor.countChildren(supervisor)).active, 0);
    }
  }));

Deno.test("Supervisor keeps running when children exit that are not significant [SU-084]", () =>
  supervising(async () => {
    for (const autoShutdown of ["never", "any_significant", "all_significant"] as const) {
      for (const kind of ["transient", "temporary"]) {
        for (const reason of ["normal", "shutdown", "crash"]) {
          const supervisor = await startSignificant(autoShutdown, kind);
          end(await childOf(supervisor, "a"), reason);
          const isRestarted = kind === "transient" && reason === "crash";
          assertEquals(await announced(), [
            ["end", "a", reason],
            ...(isRestarted ? [["start", "a"]] : []),
          ]);
          await assertSilence();
          assertEquals(Process.isAlive(supervisor), true);
        }
      }
    }
  }));

Deno.test("Supervisor that shuts down for a significant child also shuts down its own supervisor if it is significant itself [SU-087]", () =>
  supervising(async () => {
    for (const significant of [true, false]) {
      const leaf = worker("leaf", {}, { restart: "temporary", significant: true });
      const options = { ...ONE_FOR_ONE, autoShutdown: "any_significant" } as const;
      const inner = {
        id: "inner",
        start: [Supervisor, "startLink", [[leaf], { ...options, name: "inner" }]],
        type: "supervisor",
        restart: "transient",
        significant,
      } as const;
      const outer = unwrap(await Supervisor.startLink([worker("other"), inner], options));
      await announced();
      end(await childOf("inner", "leaf"), "normal");
      assertEquals(await announced(), [
        ["end", "leaf", "normal"],
        ...(significant ? [["end", "other", "shutdown"], ["EXIT", outer, "shutdown"]] : []),
      ]);
      assertEquals(Process.isAlive(outer), !significant);
      if (!significant) {
        assertEquals(await statesOf(outer), [["other", "up"], ["inner", undefined]]);
      }
    }
  }));

// --- Reports ------------------------------------------------------------------------------------

Deno.test("Supervisor reports starts, exits and errors of its children with all details [SU-094]", () =>
  supervising(async (reports) => {
    const take = (): unknown[] =>
      reports.all.splice(0)
        .filter(({ kind }) => kind === "supervisor" || kind === "progress")
        .map(({ level, kind, sasl, pid, reason, details }) => {
          assertEquals([sasl, pid, details!.supervisor], [true, supervisor, name]);
          return [level, kind, details!.context, reason, details!.offender ?? details!.started];
        });
    const answer = (attempt: number) => attempt === 2 ? ["error", "not yet"] : undefined;
    const spec = worker("a", {
      answer,
      terminate: () => {
        throw exit("oops");
      },
    }, { restart: "permanent", shutdown: 50 });
    const name = ["local", "reporting"];
    const supervisor = unwrap(
      await Supervisor.startLink([spec], { ...ONE_FOR_ONE, maxRestarts: 2, name: "reporting" }),
    );
    const first = await childOf(supervisor, "a");
    const child = (pid: Pid | undefined) => ({
      pid,
      id: "a",
      start: spec.start,
      restart: "permanent",
      significant: false,
      shutdown: 50,
      type: "worker",
    });
    assertEquals(take(), [["info", "progress", "progress", undefined, child(first)]]);

    Process.exit(first, "kill");
    await announced();
    const second = await childOf(supervisor, "a");
    assertEquals(take(), [
      ["error", "supervisor", "child_terminated", "killed", child(first)],
      ["error", "supervisor", "start_error", "not yet", child(first)],
      ["info", "progress", "progress", undefined, child(second)],
    ]);

    await Supervisor.terminateChild(supervisor, "a");
    assertEquals(take(), [["error", "supervisor", "shutdown_error", "oops", child(second)]]);

    await Supervisor.restartChild(supervisor, "a");
    const third = await childOf(supervisor, "a");
    take();
    Process.exit(third, "kill");
    await exitOf(supervisor);
    assertEquals(take(), [
      ["error", "supervisor", "child_terminated", "killed", child(third)],
      ["error", "supervisor", "shutdown", "reached_max_restart_intensity", child(third)],
    ]);
  }));

Deno.test("Supervisor reports a failed start in init, and no orderly exits", () =>
  supervising(async (reports) => {
    const failing = worker("b", { answer: () => ["error", "cannot"] });
    await Supervisor.startLink([worker("a"), failing], ONE_FOR_ONE);
    const contexts = () => reports.all.splice(0).map(({ details }) => details?.context);
    assertEquals(contexts(), ["progress", "start_error"]);

    const supervisor = await startSignificant("never", "transient", "temporary");
    assertEquals(contexts(), ["progress", "progress"]);
    end(await childOf(supervisor, "a"), "normal");
    end(await childOf(supervisor, "b"), ["shutdown", "enough"]);
    await announced();
    await Supervisor.stop(supervisor);
    assertEquals(contexts(), []);
  }));

Deno.test("Supervisor reports the reason of a child that has exited before it was to be stopped", () =>
  supervising(async (reports) => {
    const children = [worker("a", { trap: false }), worker("b", { trap: false })];
    const supervisor = unwrap(
      await Supervisor.startLink(children, { strategy: "one_for_all", maxRestarts: 5 }),
    );
    const [a, b] = [await childOf(supervisor, "a"), await childOf(supervisor, "b")];
    reports.all.length = 0;
    Process.exit(a, "first");
    Process.exit(b, "second");
    await announced();
    assertEquals(errorsIn(reports), [
      ["child_terminated", "first"],
      ["shutdown_error", "second"],
    ]);
    // One that has unlinked itself leaves no word behind.
    const unlinked = {
      id: "u",
      start: () => {
        const pid = spawnLink(async () => {
          await receive();
        });
        Process.unlink(pid);
        return ["ok", pid];
      },
    };
    const other = unwrap(await Supervisor.startLink([unlinked], ONE_FOR_ONE));
    const pid = await childOf(other, "u");
    send(pid, "end");
    await announced();
    assertEquals(await statesOf(other), [["u", "up"]]);
    assertEquals((await Supervisor.countChildren(other)).active, 0);
    reports.all.length = 0;
    assertEquals(await Supervisor.terminateChild(other, "u"), "ok");
    assertEquals(reports.all.map(({ reason }) => reason), ["noproc"]);
  }));

Deno.test("Supervisor without a name is called by its pid and module in reports", () =>
  supervising(async (reports) => {
    const Module = { init: (children: ChildSpec[]) => Supervisor.init(children, ONE_FOR_ONE) };
    const supervisor = unwrap(await Supervisor.startLink(Module, [worker("a")]));
    const [progress] = reports.all;
    assertEquals(progress!.details!.supervisor, [supervisor, Module]);
    const name = ["global", "reporting"] as const;
    await Supervisor.startLink(Module, [worker("a")], { name });
    assertEquals(reports.all.at(-1)!.details!.supervisor, name);
  }));

Deno.test("Logger.format() words the reports of supervisors as Elixir's logger does", () =>
  supervising(async (reports) => {
    const answer = (attempt: number) => attempt === 2 ? ["error", "cannot"] : undefined;
    class Starter {
      static start(attempt: { n: number }): unknown {
        return answer(++attempt.n) ?? ["ok", spawnLink(() => Process.sleep(Infinity))];
      }
    }
    const spec: ChildSpec = { id: "a", start: [Starter, "start", [{ n: 0 }]], shutdown: 1 };
    const Module = { init: () => Supervisor.init([spec], { ...ONE_FOR_ONE, maxRestarts: 2 }) };
    const supervisor = unwrap(await Supervisor.startLink(Module, undefined));
    const first = await childOf(supervisor, "a");
    Process.exit(first, "kill");
    await announced();
    const second = await childOf(supervisor, "a");
    Process.exit(second, "oops");
    await exitOf(supervisor);
    const texts = reports.all.map((report) => Logger.format(report).split("\n"));
    const who = `Child "a" of Supervisor ${supervisor} ([module init])`;
    const what = [
      "Start Call: Starter.start({ n: 3 })",
      'Restart: "permanent"',
      "Shutdown: 1",
      'Type: "worker"',
    ];
    assertEquals(texts, [
      [`${who} started`, `Pid: ${first}`, ...what],
      [`${who} terminated`, "** (exit) killed", `Pid: ${first}`, ...what],
      [`${who} failed to start`, '** (exit) "cannot"', `Pid: ${first}`, ...what],
      [`${who} started`, `Pid: ${second}`, ...what],
      [`${who} terminated`, '** (exit) "oops"', `Pid: ${second}`, ...what],
      [`${who} caused shutdown`, '** (exit) "reached_max_restart_intensity"', ...what],
    ]);
  }));
