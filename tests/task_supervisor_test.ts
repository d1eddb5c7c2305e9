import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  DynamicSupervisor,
  exit,
  flush,
  on,
  type Pid,
  Process,
  ProcLib,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
  Supervisor,
  Sys,
  Task,
  TaskSupervisor,
  unwrap,
} from "../mod.ts";
import { originOf, Supervised } from "../lib/task/process.ts";
import { assertSilence, exitOf, pass, reasonOf, settled } from "./helpers.ts";
import { answer, fail, forever, linksOf, take, waiting } from "./fixtures/tasks.ts";
import { announced, supervising } from "./fixtures/worker.ts";

// Most cases have their counterpart in Elixir's own suite, lib/elixir/test/elixir/task/supervisor_test.exs.
// All run in a process that traps exits, so that an `EXIT` that comes shows.

/** What `Process.exit` and a supervisor find hard to end. */
async function stubborn(): Promise<void> {
  Process.flag("trap_exit", true);
  await forever();
}

async function started(options: TaskSupervisor.StartOptions = {}): Promise<Pid> {
  return unwrap(await TaskSupervisor.startLink(options));
}

/** Asserts that the calling process has kept its link to the supervisor only, and that without tasks. */
async function assertNothingLeft(supervisor: Pid): Promise<void> {
  await assertSilence();
  assertEquals(Process.info(self(), ["links", "monitors"]), [
    ["links", [supervisor]],
    ["monitors", []],
  ]);
  assertEquals(await TaskSupervisor.children(supervisor), []);
}

const Module = {
  add: (a: number, b: number) => Promise.resolve(a + b),
  tell: (pid: Pid, message: unknown) => void send(pid, message),
};

/** The two functions that start a task that is awaited, and whether that is linked. */
const STARTS = [[TaskSupervisor.async, true], [TaskSupervisor.asyncNolink, false]] as const;
/** The two functions that make a stream. */
const STREAMS = [TaskSupervisor.asyncStream, TaskSupervisor.asyncStreamNolink] as const;

// --- The supervisor -----------------------------------------------------------------------------

Deno.test("TaskSupervisor can be a child, with a name [TS-001]", () =>
  supervising(async () => {
    const root = unwrap(
      await Supervisor.startLink([[TaskSupervisor, { name: "tasks" }]], {
        strategy: "one_for_one",
      }),
    );
    const [[id, pid, type]] = await Supervisor.whichChildren(root) as [Supervisor.ChildInfo];
    assertEquals([id, type], ["tasks", "supervisor"]);
    assertEquals(Process.whereis("tasks"), pid);
    assertEquals(await TaskSupervisor.children("tasks"), []);
    const task = await TaskSupervisor.async("tasks", () => "result");
    assertEquals(await Task.await(task), "result");
  }));

Deno.test("TaskSupervisor.startLink() takes spawnOpt, which changes nothing [TS-002]", () =>
  supervising(async () => {
    const supervisor = await started({ spawnOpt: { priority: "high" } });
    assertEquals(Process.info(supervisor, "priority"), ["priority", "high"]);
    assertEquals(await TaskSupervisor.children(supervisor), []);
  }));

Deno.test("TaskSupervisor.childSpec() has the name for its id, so that only those without one collide [TS-003]", () =>
  supervising(async () => {
    const options = { name: "tasks", maxChildren: 1 } as const;
    assertEquals(TaskSupervisor.childSpec(options), {
      id: "tasks",
      start: [TaskSupervisor, "startLink", [options]],
      type: "supervisor",
    });
    assertEquals(TaskSupervisor.childSpec([]), TaskSupervisor.childSpec());
    assertEquals(TaskSupervisor.childSpec().id, TaskSupervisor);
    assertEquals(TaskSupervisor.childSpec({ name: ["global", ["a", 1]] }).id, ["a", 1]);

    const root = unwrap(
      await Supervisor.startLink([
        [TaskSupervisor, { name: "first" }],
        [TaskSupervisor, { name: ["global", "second"] }],
        TaskSupervisor,
      ], { strategy: "one_for_one" }),
    );
    const children = await Supervisor.whichChildren(root);
    assertEquals(children.map(([id]) => id), [TaskSupervisor, "second", "first"]);
    assertEquals(await Supervisor.startChild(root, TaskSupervisor), [
      "error",
      ["already_started", children[0]![1]],
    ]);
    const third = { name: "third" } as const;
    assertEquals((await Supervisor.startChild(root, [TaskSupervisor, third]))[0], "ok");
  }));

Deno.test("TaskSupervisor.startLink() returns errors of its name and options", () =>
  supervising(async () => {
    const supervisor = await started({ name: "tasks" });
    assertEquals(await TaskSupervisor.startLink({ name: "tasks" }), [
      "error",
      ["already_started", supervisor],
    ]);
    const maxChildren = "a" as unknown as number;
    assertEquals(await TaskSupervisor.startLink({ maxChildren }), [
      "error",
      ["supervisor_data", ["invalid_max_children", "a"]],
    ]);
  }));

Deno.test("Task.Supervisor is TaskSupervisor", () => {
  assertEquals(Task.Supervisor.startLink, TaskSupervisor.startLink);
  assertEquals(Object.keys(Task.Supervisor), Object.keys(TaskSupervisor));
});

Deno.test("TaskSupervisor.children() and the counts of supervisors follow the tasks [TS-004]", () =>
  supervising(async () => {
    const supervisor = await started();
    const counted = (active: number) => ({
      specs: active,
      active,
      supervisors: 0,
      workers: active,
    });
    const assertCount = async (pids: readonly (Pid | undefined)[]) => {
      assertEquals(await TaskSupervisor.children(supervisor), pids as Pid[]);
      assertEquals(await Supervisor.countChildren(supervisor), counted(pids.length));
      assertEquals(await DynamicSupervisor.countChildren(supervisor), counted(pids.length));
    };
    await assertCount([]);
    const first = unwrap(await TaskSupervisor.startChild(supervisor, waiting));
    const second = await TaskSupervisor.async(supervisor, waiting);
    const third = await TaskSupervisor.asyncNolink(supervisor, waiting);
    await assertCount([first, second.pid, third.pid]);
    assertEquals(await DynamicSupervisor.whichChildren(supervisor).then((all) => all[0]), [
      undefined,
      first,
      "worker",
      [Supervised],
    ]);
    send(first, ["answer", ""]);
    await exitOf(first);
    await assertCount([second.pid, third.pid]);
    answer(third);
    assertEquals(await Task.await(third), "done");
    await settled();
    await assertCount([second.pid]);
  }));

// --- async and asyncNolink ----------------------------------------------------------------------

Deno.test("TaskSupervisor.async() starts a task that is linked to the caller and the supervisor, and replies as a task does [TS-005, TS-006]", () =>
  supervising(async () => {
    const supervisor = await started();
    const task = await TaskSupervisor.async(supervisor, waiting);
    assert(task instanceof Task.Task);
    assertEquals([task.owner, task.mfa], [self(), [waiting, "call", 0]]);
    assertEquals(await TaskSupervisor.children(supervisor), [task.pid!]);
    assertEquals(linksOf(self()), [supervisor, task.pid!]);
    assertEquals(new Set(linksOf(task.pid!)), new Set([supervisor, self()]));
    await settled();
    assertEquals(Process.info(task.pid!, "monitors"), ["monitors", []]);
    answer(task);
    assertEquals(await announced(), [
      [task.ref, "done"],
      ["EXIT", task.pid, "normal"],
      ["DOWN", task.ref, "process", task.pid, "normal"],
    ]);
    await assertNothingLeft(supervisor);

    const called = await TaskSupervisor.async(supervisor, Module, "add", [1, 2]);
    assertEquals(called.mfa, [Module, "add", 2]);
    assertEquals(await Task.await(called), 3);
    assertEquals(await announced(), [["EXIT", called.pid, "normal"]]);
  }));

Deno.test("TaskSupervisor.asyncNolink() starts a task that is linked to the supervisor only, and replies as a task does [TS-010]", () =>
  supervising(async () => {
    const supervisor = await started();
    const task = await TaskSupervisor.asyncNolink(supervisor, waiting);
    assertEquals(await TaskSupervisor.children(supervisor), [task.pid!]);
    assertEquals(linksOf(self()), [supervisor]);
    assertEquals(linksOf(task.pid!), [supervisor]);
    answer(task);
    assertEquals(await announced(), [
      [task.ref, "done"],
      ["DOWN", task.ref, "process", task.pid, "normal"],
    ]);
    const called = await TaskSupervisor.asyncNolink(supervisor, Module, "add", [1, 2]);
    assertEquals(called.mfa, [Module, "add", 2]);
    assertEquals(await Task.await(called), 3);
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor starts tasks that work for the caller, and come from the supervisor", () =>
  supervising(async () => {
    const me = self();
    const supervisor = await started({ name: "tasks" });
    const tell = () => {
      const entries = new Map(Process.info(self(), "dictionary")![1]);
      return [entries.get("$callers"), (entries.get("$ancestors") as unknown[]).slice(0, 2)];
    };
    for (const [start] of STARTS) {
      assertEquals(await Task.await(await start(supervisor, tell)), [[me], ["tasks", me]]);
      const nested = await start(supervisor, async () => {
        const inner = await TaskSupervisor.async(supervisor, () => Process.get("$callers"));
        return [await Task.await(inner), self()] as const;
      });
      const [callers, pid] = await Task.await(nested);
      assertEquals(callers, [pid, me]);
    }
    unwrap(await TaskSupervisor.startChild(supervisor, () => send(me, tell())));
    assertEquals(await receive(on([_, _], (each) => each as unknown)), [[me], ["tasks", me]]);
  }));

Deno.test("TaskSupervisor.async() and startChild() take how the supervisor stops the task [TS-007, TS-015]", () =>
  supervising(async () => {
    for (const [start, isLinked] of STARTS) {
      const supervisor = await started();
      const killed = await start(supervisor, waiting, { shutdown: "brutal_kill" });
      const child = unwrap(
        await TaskSupervisor.startChild(supervisor, waiting, { shutdown: "brutal_kill" }),
      );
      const ref = Process.monitor(child);
      const usual = await start(supervisor, Module, "tell", [self(), "told"], { shutdown: 1 });
      assertEquals(await Task.await(usual), undefined);
      const polite = await start(supervisor, waiting);
      await settled();
      flush();
      Process.exit(supervisor, "shutdown");
      const messages = await announced();
      const expected = [
        ["DOWN", killed.ref, "process", killed.pid, "killed"],
        ["DOWN", ref, "process", child, "killed"],
        ["DOWN", polite.ref, "process", polite.pid, "shutdown"],
        ...isLinked ? [["EXIT", killed.pid, "killed"], ["EXIT", polite.pid, "shutdown"]] : [],
        ["EXIT", supervisor, "shutdown"],
      ];
      assertEquals(new Set(messages), new Set(expected));
    }
  }));

Deno.test("TaskSupervisor gives a task that traps exits as long as its shutdown says [TS-015]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await started();
    const quick = await TaskSupervisor.asyncNolink(supervisor, stubborn, { shutdown: 100 });
    const usual = unwrap(await TaskSupervisor.startChild(supervisor, stubborn));
    await settled();
    Process.exit(supervisor, "shutdown");
    await pass(time, 100);
    assertEquals(flush(), [["DOWN", quick.ref, "process", quick.pid, "killed"]]);
    await pass(time, 4899);
    assert(Process.isAlive(usual));
    await pass(time, 1);
    assertFalse(Process.isAlive(usual));
    assertEquals(flush(), [["EXIT", supervisor, "shutdown"]]);
  });
});

Deno.test("TaskSupervisor waits for a task whose shutdown is infinity, until that or the supervisor is killed", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const endless = async () => {
      const supervisor = await started();
      const task = await TaskSupervisor.asyncNolink(supervisor, stubborn, { shutdown: "infinity" });
      await settled();
      Process.exit(supervisor, "shutdown");
      await pass(time, 1e6);
      assertEquals([supervisor, task.pid!].map(Process.isAlive), [true, true]);
      return { supervisor, task };
    };
    const { supervisor, task } = await endless();
    Process.exit(task.pid!, "kill");
    await settled();
    assertEquals(flush(), [
      ["DOWN", task.ref, "process", task.pid, "killed"],
      ["EXIT", supervisor, "shutdown"],
    ]);
    // Killed by its own supervisor, say. A task that traps exits and hangs outlives that, as on the BEAM.
    const other = await endless();
    Process.exit(other.supervisor, "kill");
    await settled();
    assertEquals(flush(), [["EXIT", other.supervisor, "killed"]]);
    Process.exit(other.task.pid!, "kill");
  });
});

Deno.test("TaskSupervisor.asyncNolink() reports a failure to its waiting owner, and terminates neither caller nor supervisor [TS-011]", () =>
  supervising(async (reports) => {
    const supervisor = await started();
    const [owner, ref] = spawnMonitor(async () => {
      const boom = () => {
        throw new RangeError("oops");
      };
      const first = await TaskSupervisor.asyncNolink(supervisor, boom);
      const outcome = await Task.yield(first);
      const [error, stack] = outcome![1] as unknown as [Error, string];
      assertEquals([outcome![0], error.message, typeof stack], ["exit", "oops", "string"]);
      const second = await TaskSupervisor.asyncNolink(supervisor, () => fail("bye"));
      assertEquals(await Task.yield(second), ["exit", "bye"]);
      const third = await TaskSupervisor.asyncNolink(supervisor, boom);
      const [[cause], where] = await reasonOf(() => Task.await(third)) as [[Error], unknown];
      assertEquals(cause.message, "oops");
      assertEquals(where, ["Task", "await", [third, 5000]]);
      await assertSilence();
    });
    assertEquals(await receive(), ["DOWN", ref, "process", owner, "normal"]);
    await assertNothingLeft(supervisor);
    assertEquals(reports.logged.map(({ kind }) => kind), ["task", "task", "task"]);
    assertEquals(reports.logged[0]!.details!["startedFrom"], owner);
  }));

Deno.test("TaskSupervisor.async() terminates the caller when the task fails, unless it traps exits, and never the supervisor [TS-006]", () =>
  supervising(async () => {
    const supervisor = await started();
    const [owner, ref] = spawnMonitor(async () => {
      await Task.yield(await TaskSupervisor.async(supervisor, () => fail("oops")));
    });
    assertEquals(await receive(), ["DOWN", ref, "process", owner, "oops"]);
    const task = await TaskSupervisor.async(supervisor, () => fail("oops"));
    assertEquals(await Task.yield(task), ["exit", "oops"]);
    assertEquals(await announced(), [["EXIT", task.pid, "oops"]]);
    await assertNothingLeft(supervisor);
  }));

Deno.test("Task.await() of supervised tasks exits like any task, and gets no message after a timeout [TS-020]", () =>
  supervising(async () => {
    const supervisor = await started();
    for (const [start, isLinked] of STARTS) {
      const exits = async (task: Task.Task, reason: unknown) =>
        assertEquals(await announced(), isLinked ? [["EXIT", task.pid, reason]] : []);
      const late = await start(supervisor, waiting);
      assertEquals(await reasonOf(() => Task.await(late, 0)), [
        "timeout",
        ["Task", "await", [late, 0]],
      ]);
      assert(Process.isAlive(late.pid!));
      answer(late);
      await exits(late, "normal");

      const thrown = await start(supervisor, () => {
        throw "ball";
      });
      const where = (task: Task.Task) => ["Task", "await", [task, 5000]];
      assertEquals(await reasonOf(() => Task.await(thrown)), [
        [["nocatch", "ball"], ""],
        where(thrown),
      ]);
      await exits(thrown, [["nocatch", "ball"], ""]);

      const error = new RangeError("oops");
      const raised = await start(supervisor, () => Promise.reject(error));
      assertEquals(await reasonOf(() => Task.await(raised)), [
        [error, error.stack],
        where(raised),
      ]);
      await exits(raised, [error, error.stack]);

      const left = await start(supervisor, () => fail("unknown"));
      assertEquals(await reasonOf(() => Task.await(left)), ["unknown", where(left)]);
      await exits(left, "unknown");
    }
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.async() refuses a task too many, and what cannot be run", () =>
  supervising(async () => {
    const supervisor = await started({ maxChildren: 1 });
    const first = await TaskSupervisor.asyncNolink(supervisor, waiting);
    for (const [start] of STARTS) {
      await assertRejects(
        () => start(supervisor, waiting),
        Error,
        "reached the maximum number of tasks for this task supervisor",
      );
      await assertRejects(() => start(supervisor, "fun" as never), TypeError, "a function");
      const shutdown = "soon" as never;
      await assertRejects(
        () => start(supervisor, waiting, { shutdown }),
        TypeError,
        '["invalid_shutdown", "soon"]',
      );
      for (const nobody of ["nobody", ["global", "nobody"]] as const) {
        const [why, [module, name, [server]]] = await reasonOf(() => start(nobody, waiting)) as [
          unknown,
          [unknown, unknown, unknown[]],
        ];
        assertEquals([why, module, name, server], ["noproc", "GenServer", "call", nobody]);
      }
    }
    assertEquals(await TaskSupervisor.startChild(supervisor, waiting), ["error", "max_children"]);
    answer(first);
    assertEquals(await Task.await(first), "done");
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor stops a task whose owner exits before it has sent the function", () =>
  supervising(async (reports) => {
    const supervisor = await started();
    await Sys.suspend(supervisor);
    const owner = spawn(() => TaskSupervisor.async(supervisor, waiting));
    await settled();
    Process.exit(owner, "kill");
    await Sys.resume(supervisor);
    await assertNothingLeft(supervisor);
    assertEquals(reports.logged, []);

    // In between the two, it waits for its owner.
    const other = spawn(() => forever());
    const origin = originOf(other.process!);
    const start = [Supervised, "startLink", [origin]] as const;
    const spec = { id: Supervised, start, restart: "temporary" } as const;
    const task = unwrap(await DynamicSupervisor.startChild(supervisor, spec));
    await settled();
    const end = Process.monitor(task);
    Process.exit(other, "oops");
    assertEquals(await receive(), ["DOWN", end, "process", task, ["shutdown", "oops"]]);
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor reports a task that exits before its owner has sent the function", () =>
  supervising(async () => {
    // The supervisor finds a reason to give up right behind the request to start.
    const startAndStop = async <T>(start: (supervisor: Pid) => Promise<T>): Promise<T> => {
      const supervisor = await started({ maxRestarts: 0 });
      const options = { restart: "permanent" } as const;
      const other = unwrap(await TaskSupervisor.startChild(supervisor, forever, options));
      await Sys.suspend(supervisor);
      const result = start(supervisor);
      await settled();
      Process.exit(other, "kill");
      await Sys.resume(supervisor);
      const value = await result;
      await receive(on(["EXIT", supervisor, "shutdown"], () => {}));
      return value;
    };
    for (const [start, isLinked] of STARTS) {
      const task = await startAndStop((supervisor) => start(supervisor, waiting));
      assertEquals(await Task.yield(task), ["exit", "noproc"]);
      assertEquals(await announced(), isLinked ? [["EXIT", task.pid, "noproc"]] : []);
    }
    for (const stream of STREAMS) {
      const results = await startAndStop((supervisor) =>
        Array.fromAsync(stream(supervisor, [1], waiting))
      );
      assertEquals(results, [["exit", "noproc"]]);
      await assertSilence();
    }
  }));

Deno.test("TaskSupervisor stops a task that gets no function within 5000 ms", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await started();
    const start = [Supervised, "startLink", [originOf(self().process!)]] as const;
    const spec = { id: Supervised, start, restart: "temporary" } as const;
    const task = unwrap(await DynamicSupervisor.startChild(supervisor, spec));
    const end = Process.monitor(task);
    await pass(time, 4999);
    assert(Process.isAlive(task));
    await pass(time, 1);
    assertEquals(await receive(), ["DOWN", end, "process", task, "timeout"]);
    await assertNothingLeft(supervisor);
  });
});

// --- startChild and terminateChild --------------------------------------------------------------

Deno.test("TaskSupervisor.startChild() runs a function, or one of a module, without a link and without a result [TS-014]", () =>
  supervising(async () => {
    const me = self();
    const supervisor = await started();
    const [tag, first] = await TaskSupervisor.startChild(supervisor, async () => {
      await waiting();
      send(me, "first");
      return "result";
    }) as ["ok", Pid];
    assertEquals(tag, "ok");
    assertEquals(linksOf(me), [supervisor]);
    assertEquals(linksOf(first), [supervisor]);
    send(first, ["answer", ""]);
    assertEquals(await announced(), ["first"]);
    const options = { restart: "temporary" } as const;
    unwrap(await TaskSupervisor.startChild(supervisor, Module, "tell", [me, "second"], options));
    assertEquals(await announced(), ["second"]);
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor starts tasks whose initial call is the function that they run [TS-030]", () =>
  supervising(async () => {
    const supervisor = await started();
    const initialCall = () => ProcLib.translateInitialCall(self());
    const Asking = { ask: (pid: Pid) => void send(pid, initialCall()) };
    for (const [start] of STARTS) {
      const task = await start(supervisor, initialCall);
      assertEquals(await Task.await(task), [initialCall, "call", 0]);
      const called = await start(supervisor, Asking, "ask", [self()]);
      await Task.await(called);
      assertEquals((await announced())[start === STARTS[0][0] ? 1 : 0], [Asking, "ask", 1]);
    }
    unwrap(await TaskSupervisor.startChild(supervisor, Asking, "ask", [self()]));
    assertEquals(await announced(), [[Asking, "ask", 1]]);
  }));

Deno.test("TaskSupervisor.startChild() runs a task once more, if told so", () =>
  supervising(async () => {
    const me = self();
    const supervisor = await started();
    const work = async () => {
      send(me, ["begun", self(), Process.get("$callers")]);
      throw exit(await waiting());
    };
    const begun = () => receive({ begun: (pid: Pid, callers: unknown) => [pid, callers] as const });
    for (const restart of ["temporary", "transient", "permanent"] as const) {
      unwrap(await TaskSupervisor.startChild(supervisor, work, { restart }));
      const [first, callers] = await begun();
      assertEquals(callers, [me]);
      send(first, ["answer", "oops"]);
      if (restart === "temporary") {
        await assertNothingLeft(supervisor);
        continue;
      }
      const [second, callersAgain] = await begun();
      assertEquals(callersAgain, [me]);
      assertEquals(await TaskSupervisor.children(supervisor), [second]);
      send(second, ["answer", "normal"]);
      if (restart === "transient") {
        await assertNothingLeft(supervisor);
        continue;
      }
      const [third] = await begun();
      assertEquals(await TaskSupervisor.terminateChild(supervisor, third), "ok");
      await assertNothingLeft(supervisor);
    }
  }));

Deno.test("TaskSupervisor.startChild() returns the error in its options", () =>
  supervising(async () => {
    const supervisor = await started();
    const restart = "sometimes" as never;
    assertEquals(await TaskSupervisor.startChild(supervisor, waiting, { restart }), [
      "error",
      ["invalid_restart_type", "sometimes"],
    ]);
    const shutdown = -1;
    assertEquals(await TaskSupervisor.startChild(supervisor, waiting, { shutdown }), [
      "error",
      ["invalid_shutdown", -1],
    ]);
    await assertRejects(
      () => TaskSupervisor.startChild(supervisor, Module, "none" as never, []),
      TypeError,
      "expected a function",
    );
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.terminateChild() stops a task, and does not find it a second time [TS-019]", () =>
  supervising(async () => {
    const supervisor = await started();
    const task = unwrap(await TaskSupervisor.startChild(supervisor, forever));
    const end = Process.monitor(task);
    assertEquals(await TaskSupervisor.terminateChild(supervisor, task), "ok");
    assertEquals(flush(), [["DOWN", end, "process", task, "shutdown"]]);
    assertEquals(await TaskSupervisor.children(supervisor), []);
    const notFound = ["error", "not_found"] as const;
    assertEquals(await TaskSupervisor.terminateChild(supervisor, task), notFound);
    assertEquals(await TaskSupervisor.terminateChild(supervisor, self()), notFound);
    await assertRejects(
      () => TaskSupervisor.terminateChild(supervisor, "task" as never),
      TypeError,
      "expected its pid",
    );
    const awaited = await TaskSupervisor.asyncNolink(supervisor, forever);
    assertEquals(await TaskSupervisor.terminateChild(supervisor, awaited.pid!), "ok");
    assertEquals(await Task.yield(awaited, 0), ["exit", "shutdown"]);
    await assertNothingLeft(supervisor);
  }));

// --- Streams ------------------------------------------------------------------------------------

Deno.test("TaskSupervisor.asyncStream() maps an iterable with a function, or one of a module, in tasks of the supervisor, and leaves nothing [TS-021]", () =>
  supervising(async () => {
    const supervisor = await started();
    const me = self();
    for (const stream of STREAMS) {
      const isLinked = stream === TaskSupervisor.asyncStream;
      const work = (n: number) => [n, Process.get("$callers"), new Set(linksOf(self()))] as const;
      const links = new Set(isLinked ? [supervisor, me] : [supervisor]);
      assertEquals(
        await Array.fromAsync(stream(supervisor, [1, 2, 3, 4], work, { maxConcurrency: 2 })),
        [1, 2, 3, 4].map((n) => ["ok", [n, [me], links]] as const),
      );
      await assertNothingLeft(supervisor);
      const mapped = stream(supervisor, new Set([1, 2]), Module, "add", [10], { shutdown: 0 });
      assertEquals(await Array.fromAsync(mapped), [["ok", 11], ["ok", 12]]);
      await assertNothingLeft(supervisor);
      assertEquals(await Array.fromAsync(stream(supervisor, [], fail)), []);
    }
  }));

Deno.test("TaskSupervisor.asyncStream() keeps the order of the items when the first is the slowest [TS-021]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await started();
    const work = async (ms: number) => {
      await Process.sleep(ms);
      return ms;
    };
    for (const stream of STREAMS) {
      for (const ordered of [true, false]) {
        const options = { maxConcurrency: 3, ordered };
        const all = Array.fromAsync(stream(supervisor, [30, 10, 20], work, options));
        await pass(time, 30);
        const expected = ordered ? [30, 10, 20] : [10, 20, 30];
        assertEquals(await all, expected.map((ms) => ["ok", ms] as const));
      }
    }
    await assertNothingLeft(supervisor);
  });
});

Deno.test("TaskSupervisor.asyncStream() gives the reason of a task that fails in its place, to one that traps exits [TS-022]", () =>
  supervising(async () => {
    const supervisor = await started();
    const work = (n: number) => n === 2 ? fail("oops") : n;
    for (const stream of STREAMS) {
      assertEquals(
        await Array.fromAsync(stream(supervisor, [1, 2, 3], work)),
        [["ok", 1], ["exit", "oops"], ["ok", 3]],
      );
      await assertNothingLeft(supervisor);
    }
    // To one that does not, without links only.
    const [owner, ref] = spawnMonitor(async () => {
      const results = await Array.fromAsync(
        TaskSupervisor.asyncStreamNolink(supervisor, [1, 2, 3], work),
      );
      assertEquals(results[1], ["exit", "oops"]);
      await Array.fromAsync(TaskSupervisor.asyncStream(supervisor, [1, 2, 3], work));
    });
    assertEquals(await receive(), ["DOWN", ref, "process", owner, "oops"]);
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.asyncStream() that is left early stops its tasks, and leaves the link to the supervisor only [TS-023]", () =>
  supervising(async () => {
    const supervisor = await started();
    const other = unwrap(await TaskSupervisor.startChild(supervisor, forever));
    const work = async (n: number) => {
      if (n > 2) await stubborn();
      return n;
    };
    for (const stream of STREAMS) {
      for (const ordered of [true, false]) {
        const options = { maxConcurrency: 4, ordered };
        const results = await take(stream(supervisor, [1, 2, 3, 4, 5, 6], work, options), 2);
        assertEquals(results, [["ok", 1], ["ok", 2]]);
        await assertSilence();
        assertEquals(linksOf(self()), [supervisor]);
        assertEquals(await TaskSupervisor.children(supervisor), [other]);
      }
    }
  }));

Deno.test("TaskSupervisor.asyncStream() and asyncStreamNolink() raise when the supervisor allows no more tasks, and stop the running ones [TS-024]", () =>
  supervising(async () => {
    const supervisor = await started({ maxChildren: 2 });
    for (const stream of STREAMS) {
      const failing = stream(supervisor, [1, 2, 3, 4], stubborn, { maxConcurrency: 4 });
      await assertRejects(
        () => Array.fromAsync(failing),
        Error,
        "reached the maximum number of tasks for this task supervisor",
      );
      await assertNothingLeft(supervisor);
      const fitting = stream(supervisor, [1, 2, 3], () => {}, { maxConcurrency: 1 });
      assertEquals((await Array.fromAsync(fitting)).length, 3);
    }
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.asyncStream() can be made in one process and iterated in another [TS-025]", () =>
  supervising(async () => {
    const supervisor = await started();
    const me = self();
    for (const stream of STREAMS) {
      const made = stream(supervisor, [1, 2], (n) => [n, Process.get("$callers")] as const);
      const other = spawn(async () => send(me, await Array.fromAsync(made)));
      assertEquals(await receive(), [["ok", [1, [other]]], ["ok", [2, [other]]]]);
    }
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.asyncStream() names the item with the reason, if told so, for failures and timeouts [TS-026]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await started();
    const work = (text: string) => text === "slow" ? forever() : text === "bad" ? fail("oops") : 1;
    for (const stream of STREAMS) {
      const options = {
        zipInputOnExit: true,
        onTimeout: "kill_task",
        timeout: 100,
        maxConcurrency: 3,
      } as const;
      const all = Array.fromAsync(stream(supervisor, ["slow", "bad", "good"], work, options));
      await pass(time, 100);
      assertEquals(await all, [
        ["exit", ["slow", "timeout"]],
        ["exit", ["bad", "oops"]],
        ["ok", 1],
      ]);
      const some = await take(stream(supervisor, ["bad", "bad", "good"], work, options), 1);
      assertEquals(some, [["exit", ["bad", "oops"]]]);
      await assertNothingLeft(supervisor);
    }
  });
});

Deno.test("TaskSupervisor.asyncStream() refuses a wrong shutdown when the stream is made [TS-027]", () =>
  supervising(async () => {
    const supervisor = await started();
    for (const stream of STREAMS) {
      for (const shutdown of [-1, 1.5, NaN, "infinity", "kill"] as number[]) {
        assertThrows(
          () => stream(supervisor, [1], fail, { shutdown }),
          TypeError,
          'expected an integer in milliseconds or "brutal_kill", found',
        );
      }
      assertThrows(() => stream(supervisor, [1], fail, { timeout: -1 }), RangeError, "-1");
    }
    await assertNothingLeft(supervisor);
  }));

Deno.test("TaskSupervisor.asyncStream() takes how the supervisor stops its tasks", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await started();
    const options = { shutdown: 100, maxConcurrency: 2 };
    const stream = TaskSupervisor.asyncStreamNolink(supervisor, [1, 2], stubborn, options);
    const all = Array.fromAsync(stream);
    await settled();
    Process.exit(supervisor, "shutdown");
    await pass(time, 99);
    assert(Process.isAlive(supervisor));
    await pass(time, 1);
    assertFalse(Process.isAlive(supervisor));
    assertEquals(await all, [["exit", "killed"], ["exit", "killed"]]);
    assertEquals(flush(), [["EXIT", supervisor, "shutdown"]]);
  });
});

Deno.test("TaskSupervisor.asyncStream() exits when there is no such supervisor", () =>
  supervising(async () => {
    const [[why, call], where] = await reasonOf(() =>
      Array.fromAsync(TaskSupervisor.asyncStream("nobody", [1], fail))
    ) as [[unknown, unknown[]], unknown];
    assertEquals([why, call.slice(0, 2)], ["noproc", ["GenServer", "call"]]);
    assertEquals(where, ["Task.Supervised", "stream", [5000]]);
    // A process that does not trap exits exits with the reason itself.
    const [owner, ref] = spawnMonitor(() =>
      Array.fromAsync(TaskSupervisor.asyncStream("nobody", [1], fail))
    );
    const down = on(["DOWN", ref, "process", owner, _], (message) => message[4]);
    const [reason, request] = await receive(down) as [unknown, unknown[]];
    assertEquals([reason, request.slice(0, 2)], ["noproc", ["GenServer", "call"]]);
    assertFalse(Process.isAlive(owner));
    assertFalse(Process.demonitor(ref, ["info"]));
    await assertSilence();
  }));
