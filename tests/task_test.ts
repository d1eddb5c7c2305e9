import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  type ChildSpec,
  Exit,
  exit,
  flush,
  GenServer,
  isPid,
  isReference,
  Logger,
  makeRef,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  ProcLib,
  receive,
  type Ref,
  reply,
  self,
  send,
  spawn,
  spawnMonitor,
  Supervisor,
  Task,
  unwrap,
} from "../mod.ts";
import { assertSilence, exitOf, pass, reasonOf, settled } from "./helpers.ts";
import { answer, linksOf, waiting } from "./fixtures/tasks.ts";
import { announced, supervising } from "./fixtures/worker.ts";

// Most cases have their counterpart in Elixir's own suite, lib/elixir/test/elixir/task_test.exs. All run
// in a process that traps exits, so that an `EXIT` that comes shows.

/** A task without a process: as in the suite of Elixir, its messages are sent by hand. */
function pretended(pid?: Pid): Task.Task {
  return new Task.Task(pid, makeRef(), self(), ["Test", "pretended", 0]);
}

/** A task whose process has exited with `reason`, and whose owner has been notified. */
async function handled(reason: unknown): Promise<Task.Task> {
  const [pid, ref] = spawnMonitor(() => {
    throw exit(reason);
  });
  assertEquals(await receive(on(["DOWN", ref, "process", pid, _], (down) => down[4])), reason);
  return new Task.Task(pid, ref, self(), ["Test", "handled", 0]);
}

/** A task whose process has exited with `reason`, and whose `DOWN` is sent by hand. */
async function gone(reason: unknown): Promise<Task.Task> {
  const task = await handled(reason);
  send(self(), ["DOWN", task.ref, "process", task.pid, reason]);
  return task;
}

/** Takes the `EXIT` of a linked process. */
function exitMessageOf(pid: Pid | undefined): Promise<unknown> {
  return receive(on(["EXIT", pid, _], (message) => message[2]));
}

const Module = {
  add: async (a: number, b: number) => {
    await Promise.resolve();
    return a + b;
  },
  tell: (pid: Pid, message: unknown) => void send(pid, message),
  base: 10,
  addToBase(n: number) {
    return this.base + n;
  },
};

// --- Starting -----------------------------------------------------------------------------------

Deno.test("Task.async() links and monitors a task whose result arrives before its DOWN [TK-003]", () =>
  supervising(async () => {
    const task = Task.async(waiting);
    assertInstanceOf(task, Task.Task);
    assert(isPid(task.pid) && task.pid !== self());
    assert(isReference(task.ref));
    assertEquals(task.owner, self());
    assertEquals(task.mfa, [waiting, "call", 0]);
    assertEquals(linksOf(self()), [task.pid]);
    assertEquals(linksOf(task.pid), [self()]);
    assertEquals(Process.info(self(), "monitors"), ["monitors", [["process", task.pid]]]);
    answer(task);
    assertEquals(await announced(), [
      [task.ref, "done"],
      ["EXIT", task.pid, "normal"],
      ["DOWN", task.ref, "process", task.pid, "normal"],
    ]);
    await assertSilence();
  }));

Deno.test("Task.async() runs a function of a module with arguments, and waits for an async one [TK-003, TK-013]", () =>
  supervising(async () => {
    const task = Task.async(Module, "add", [1, 2]);
    assertEquals(task.mfa, [Module, "add", 2]);
    assertEquals(await Task.await(task), 3);
    assertEquals(await Task.await(Task.async(Module, "addToBase", [5])), 15);
    assertEquals((await announced()).map((message) => (message as unknown[])[0]), ["EXIT", "EXIT"]);
  }));

Deno.test("Task.await(), yield() and shutdown() take a union of tasks, and have the results of either", () =>
  supervising(async () => {
    const either = () => Task.async(() => 1) as Task.Task<number> | Task.Task<string>;
    const result: number | string = await Task.await(either());
    const yielded: Task.Outcome<number | string> = await Task.yield(either());
    const last: Task.Outcome<number | string> = await Task.shutdown(either());
    assertEquals([result, yielded, last], [1, ["ok", 1], undefined]);
  }));

Deno.test("Task.async() does not begin before the process that calls it waits", () =>
  supervising(async () => {
    const log: string[] = [];
    const task = Task.async(() => log.push("task"));
    log.push("owner");
    await Task.await(task);
    assertEquals(log, ["owner", "task"]);
  }));

Deno.test("Task objects are not promises", () =>
  supervising(async () => {
    const task = Task.async(waiting);
    assertStrictEquals(await task, task);
    assertFalse("then" in task);
    answer(task);
    assertEquals(await Task.await(task), "done");
  }));

Deno.test("Task.start() runs a function, or one of a module, without a link and without a result [TK-006]", () =>
  supervising(async () => {
    const me = self();
    const [tag, first] = Task.start(async () => {
      await waiting();
      send(me, "first");
      return "result";
    });
    assertEquals(tag, "ok");
    assertEquals(linksOf(first), []);
    assertEquals(linksOf(me), []);
    send(first, ["answer", ""]);
    assertEquals(await exitOf(first), "normal");
    assertEquals(flush(), ["first"]);

    const second = unwrap(Task.start(Module, "tell", [me, "second"]));
    assertEquals(linksOf(second), []);
    assertEquals(await exitOf(second), "normal");
    assertEquals(await announced(), ["second"]);
  }));

Deno.test("Task.startLink() runs a function, or one of a module, with a link and without an answer [TK-007]", () =>
  supervising(async () => {
    const me = self();
    const [tag, first] = Task.startLink(async () => {
      await waiting();
      send(me, "first");
      return "result";
    });
    assertEquals(tag, "ok");
    assertEquals(linksOf(me), [first]);
    send(first, ["answer", ""]);
    assertEquals(await announced(), ["first", ["EXIT", first, "normal"]]);

    const second = unwrap(Task.startLink(Module, "tell", [me, "second"]));
    assertEquals(linksOf(me), [second]);
    assertEquals(await announced(), ["second", ["EXIT", second, "normal"]]);
  }));

Deno.test("Task.async(), start() and startLink() refuse what cannot be run with a TypeError", () =>
  supervising(async () => {
    for (
      const start of [Task.async, Task.start, Task.startLink] as ((...a: unknown[]) => unknown)[]
    ) {
      assertThrows(() => start("fun"), TypeError, "expected a function, or a module, the name");
      assertThrows(() => start(Module, "subtract", []), TypeError, "found { add: ");
      assertThrows(() => start(Module, "base", []), TypeError, '"base", []');
      assertThrows(() => start(Module, "add", 1), TypeError, '"add", 1');
      assertThrows(() => start(undefined, "add", []), TypeError, "found undefined");
    }
    await assertSilence();
    assertEquals(linksOf(self()), []);
  }));

Deno.test("Task.completed() is a task with a result and without a process [TK-008]", () =>
  supervising(async () => {
    const before = Process.list().length;
    const task = Task.completed(42);
    assertEquals(Process.list().length, before);
    assertEquals([task.pid, task.owner, task.mfa], [undefined, self(), ["Task", "completed", 1]]);
    assertEquals(await Task.await(task, 0), 42);
    assertEquals(await Task.yield(Task.completed("a"), 0), ["ok", "a"]);
    assertEquals(await Task.shutdown(Task.completed("b")), ["ok", "b"]);
    assertEquals(await Task.awaitMany([Task.completed(1), Task.completed("2")]), [1, "2"]);
    await assertSilence();
  }));

Deno.test("Task can be a child by itself, and is not restarted [TK-001, TK-002]", () =>
  supervising(async () => {
    const me = self();
    const fun = async () => {
      send(me, "runs");
      await waiting();
    };
    const supervisor = unwrap(
      await Supervisor.startLink([[Task, fun]], { strategy: "one_for_one" }),
    );
    const [[id, pid, type]] = await Supervisor.whichChildren(supervisor) as [Supervisor.ChildInfo];
    assertEquals([id, type], [Task, "worker"]);
    assertEquals(await announced(), ["runs"]);
    send(pid as Pid, ["answer", ""]);
    assertEquals(await exitOf(pid as Pid), "normal");
    assertEquals(await Supervisor.whichChildren(supervisor), []);
    await assertSilence();
  }));

Deno.test("Task.childSpec() is temporary, unless overridden [TK-002]", () => {
  const fun = () => {};
  assertEquals(Task.childSpec(fun), {
    id: Task,
    start: [Task, "startLink", [fun]],
    restart: "temporary",
  });
  const overrides: ChildSpec = {
    id: "id",
    restart: "permanent",
    shutdown: "infinity",
    start: [Module, "add", []],
  };
  assertEquals(Task.childSpec(fun, overrides), overrides);
});

Deno.test("Task has the processes it works for under $callers, and those that started it for ancestors", () =>
  supervising(async () => {
    const me = self();
    const dictionary = () => Process.get("$callers");
    const outer = Task.async(async () => {
      assertEquals(dictionary(), [me]);
      return await Task.awaitMany([
        Task.async(() => [dictionary(), self()]),
        Task.async(async () => {
          const inner = self();
          Task.startLink(() => send(me, [dictionary(), inner]));
          await waiting();
        }),
      ]).catch(() => {});
    });
    const [callers, inner] = await receive() as [unknown, Pid];
    assertEquals(callers, [inner, outer.pid, me]);
    send(inner, ["answer", ""]);
    await Task.await(outer);

    const alone = Task.async(() => Process.getAll());
    const entries = new Map(await Task.await(alone));
    assertEquals(entries.get("$callers"), [me]);
    const ancestors = () => (Process.info(self(), "dictionary")![1][1]!)[1];
    const nested = Task.async(() => Task.await(Task.async(ancestors)));
    // A plain process, such as this one, hands on none of its own.
    assertEquals(await Task.await(nested), [nested.pid, me]);
  }));

Deno.test("Task shows the function that it runs for its initial call [TK-066]", () =>
  supervising(async () => {
    const first = Task.async(waiting);
    const second = Task.async(Module, "add", [1, 2]);
    const third = unwrap(Task.startLink(waiting));
    const fourth = unwrap(Task.start(Module, "add", [1, 2]));
    for (const pid of [first.pid!, third]) {
      assertEquals(ProcLib.translateInitialCall(pid), [waiting, "call", 0]);
    }
    assertEquals(ProcLib.translateInitialCall(fourth), [Module, "add", 2]);
    assertEquals(ProcLib.translateInitialCall(second.pid!), [Module, "add", 2]);
    answer(first);
    assertEquals(await Task.awaitMany([first, second]), ["done", 3]);
  }));

// --- Lives together and apart -------------------------------------------------------------------

Deno.test("Task exits with its owner when that fails, and continues when that is done [TK-024]", () =>
  supervising(async () => {
    const me = self();
    const start = () => {
      const task = Task.async(async () => {
        await waiting();
        send(me, "worked");
        return "result";
      });
      send(me, task);
    };
    const failing = spawn(async () => {
      start();
      await receive();
      throw exit("oops");
    });
    const first = await receive() as Task.Task;
    const end = Process.monitor(first.pid!);
    send(failing, "go");
    assertEquals(await receive(), ["DOWN", end, "process", first.pid, "oops"]);

    const [done, ref] = spawnMonitor(start);
    const second = await receive(
      on((each: unknown) => each instanceof Task.Task, (each) => each as Task.Task),
    );
    assertEquals(await receive(), ["DOWN", ref, "process", done, "normal"]);
    await settled();
    assert(Process.isAlive(second.pid!));
    answer(second);
    assertEquals(await exitOf(second.pid!), "normal");
    assertEquals(flush(), ["worked"]);
  }));

Deno.test("Task terminates its owner when it fails, unless that traps exits [TK-003]", () =>
  supervising(async (reports) => {
    const [owner, ref] = spawnMonitor(async () => {
      await Task.yield(Task.async(() => {
        throw exit("oops");
      }));
    });
    assertEquals(await receive(), ["DOWN", ref, "process", owner, "oops"]);
    assertEquals(reports.logged.map(({ kind }) => kind), ["task"]);

    const task = Task.async(() => {
      throw exit("oops");
    });
    assertEquals(await Task.yield(task), ["exit", "oops"]);
    assertEquals(await announced(), [["EXIT", task.pid, "oops"]]);
  }));

Deno.test("Task.start() survives the exit of its caller, startLink() does not [TK-025]", () =>
  supervising(async () => {
    const me = self();
    const starter = spawn(async () => {
      send(me, [unwrap(Task.start(waiting)), unwrap(Task.startLink(waiting))]);
      await receive();
      throw exit("oops");
    });
    const [alone, linked] = await receive() as [Pid, Pid];
    const end = Process.monitor(linked);
    send(starter, "go");
    assertEquals(await receive(), ["DOWN", end, "process", linked, "oops"]);
    await settled();
    assert(Process.isAlive(alone));
    Process.exit(alone, "kill");
  }));

// --- await --------------------------------------------------------------------------------------

Deno.test("Task.await() resolves with the result, and leaves neither reply nor DOWN [TK-013]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    send(self(), "before");
    // With the result to come, and with the result there already.
    const late = Task.async(waiting);
    const awaited = Task.await(late);
    await pass(time, 4999);
    answer(late);
    assertEquals(await awaited, "done");
    await exitMessageOf(late.pid);
    const early = Task.async(() => "early");
    await settled();
    assertEquals(await Task.await(early, 0), "early");
    await exitMessageOf(early.pid);
    assertEquals(await announced(), ["before"]);
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
  });
});

Deno.test("Task.await() exits with timeout, and the task runs on while what it sends is dropped [TK-014]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const task = Task.async(waiting);
    const failed = reasonOf(() => Task.await(task));
    await pass(time, 4999);
    let isOver = false;
    failed.then(() => isOver = true);
    await settled();
    assertFalse(isOver);
    await pass(time, 1);
    assertEquals(await failed, ["timeout", ["Task", "await", [task, 5000]]]);

    assertEquals(await reasonOf(() => Task.await(pretended(), 0)).then(([why]) => why), "timeout");
    assertEquals(await reasonOf(() => Task.await(task, 0)), [
      "timeout",
      ["Task", "await", [task, 0]],
    ]);
    assertEquals(linksOf(self()), [task.pid!]);
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
    answer(task);
    assertEquals(await announced(), [["EXIT", task.pid, "normal"]]);
  });
});

Deno.test("Task.await() gets no message of a task after a timeout [TK-014]", () =>
  supervising(async () => {
    const task = Task.async(waiting);
    await reasonOf(() => Task.await(task, 0));
    Process.exit(task.pid!, "kill");
    assertEquals(await announced(), [["EXIT", task.pid, "killed"]]);
  }));

Deno.test("Task.await() exits with normal when the task has exited normally without a result [TK-015]", () =>
  supervising(async (reports) => {
    const task = Task.async(() => {
      throw exit("normal");
    });
    assertEquals(await reasonOf(() => Task.await(task)), [
      "normal",
      ["Task", "await", [task, 5000]],
    ]);
    assertEquals(await announced(), [["EXIT", task.pid, "normal"]]);
    assertEquals(reports.all, []);
  }));

Deno.test("Task.await() exits with the reason of a task that throws, whatever that is [TK-016, TK-019]", () =>
  supervising(async () => {
    const thrown = Task.async(() => {
      throw "ball";
    });
    const [[nocatch, stack], where] = await reasonOf(() => Task.await(thrown)) as [
      unknown[],
      unknown,
    ];
    assertEquals(nocatch, ["nocatch", "ball"]);
    assertEquals(typeof stack, "string");
    assertEquals(where, ["Task", "await", [thrown, 5000]]);
    assertEquals(await exitMessageOf(thrown.pid), [nocatch, stack]);

    const failed = Task.async(() => Promise.reject(new RangeError("oops")));
    const error = await assertRejects(() => Task.await(failed, Infinity), Exit);
    const [[cause, trace], call] = error.reason as [unknown[], unknown];
    assertInstanceOf(cause, RangeError);
    assertStrictEquals(error.cause, cause);
    assert(String(trace).includes("oops"));
    assertEquals(call, ["Task", "await", [failed, Infinity]]);
    await exitMessageOf(failed.pid);

    const left = Task.async(() => {
      throw exit("unknown");
    });
    assertEquals(await reasonOf(() => Task.await(left)), [
      "unknown",
      ["Task", "await", [left, 5000]],
    ]);
    assertEquals(await announced(), [["EXIT", left.pid, "unknown"]]);
  }));

Deno.test("Task.await() exits with nodedown when the connection was lost [TK-020]", () =>
  supervising(async () => {
    const task = pretended(self());
    send(self(), ["DOWN", task.ref, "process", self(), "noconnection"]);
    assertEquals(await reasonOf(() => Task.await(task)), [
      ["nodedown", "nonode@nohost"],
      ["Task", "await", [task, 5000]],
    ]);
    const named = pretended();
    send(self(), ["DOWN", named.ref, "process", ["name", "node"], "noconnection"]);
    assertEquals((await reasonOf(() => Task.await(named)))[0], ["nodedown", "node"]);
    await assertSilence();
  }));

Deno.test("Task functions that wait raise in a process that is not the owner, showing both [TK-021]", () =>
  supervising(async () => {
    const me = self();
    const owner = spawn(async () => {
      send(me, Task.async(() => {}));
      await receive();
    });
    const task = await receive() as Task.Task;
    const text = `task ${shown(task)} must be queried from the owner but was queried from ${me}`;
    assert(text.includes(`owner: ${owner}`) && text.includes(`pid: ${task.pid}`));
    for (
      const call of [
        () => Task.await(task, 1),
        () => Task.awaitMany([Task.completed(1), task]),
        () => Task.yield(task, 1),
        () => Task.yieldMany([Task.completed(1), task], 1),
        () => Task.shutdown(task),
        () => Task.shutdown(task, "brutal_kill"),
      ]
    ) await assertRejects(call, TypeError, text);
    assertThrows(() => Task.ignore(task), TypeError, text);
    assertEquals(flush().length, 2); // of the completed ones
    Process.exit(owner, "kill");
  }));

function shown({ pid, ref, owner, mfa: [fun] }: Task.Task): string {
  const name = (fun as { name: string }).name || "anonymous";
  return `Task { pid: ${pid}, ref: ${ref}, owner: ${owner}, mfa: [[function ${name}], "call", 0] }`;
}

Deno.test("Task functions that wait refuse wrong arguments", () =>
  supervising(async () => {
    const task = Task.completed(1);
    await assertRejects(() => Task.yieldMany([task], -1), RangeError, "found -1");
    for (const timeout of [-1, NaN, "five"] as number[]) {
      for (
        const call of [
          () => Task.await(task, timeout),
          () => Task.awaitMany([task], timeout),
          () => Task.yield(task, timeout),
          () => Task.yieldMany([task], { timeout }),
          () => Task.yieldMany([task], { limit: timeout }),
          () => Task.shutdown(task, timeout),
        ]
      ) await assertRejects(call, RangeError, "found");
    }
    const none = {} as Task.Task;
    const list = none as unknown as Task.Task[];
    for (
      const call of [
        () => Task.await(none),
        () => Task.yield(none),
        () => Task.shutdown(none),
        () => Task.awaitMany([none]),
        () => Task.yieldMany([none]),
      ]
    ) await assertRejects(call, TypeError, "expected a task, found {}");
    for (const call of [() => Task.awaitMany(list), () => Task.yieldMany(list)]) {
      await assertRejects(call, TypeError, "expected a list of tasks, found {}");
    }
    const onTimeout = "kill" as "kill_task";
    await assertRejects(() => Task.yieldMany([task], { onTimeout }), TypeError, 'found "kill"');
    assertEquals(flush(), [[task.ref, 1]]);
  }));

Deno.test("Task.await() of two tasks at the same time fails, and names the way out", () =>
  supervising(async () => {
    const [first, second] = [Task.async(waiting), Task.async(waiting)];
    const awaited = Task.await(first);
    await assertRejects(() => Task.await(second), TypeError, "another receive() already");
    answer(first, "1");
    answer(second, "2");
    assertEquals([await awaited, await Task.await(second)], ["1", "2"]);
  }));

// --- awaitMany ----------------------------------------------------------------------------------

Deno.test("Task.awaitMany() resolves with the results in the order of the tasks [TK-026]", () =>
  supervising(async () => {
    const tasks = [0, 1, 2].map(() => Task.async(waiting));
    const awaited = Task.awaitMany(tasks);
    for (const i of [2, 0, 1]) {
      answer(tasks[i]!, String(i));
      await settled();
    }
    assertEquals(await awaited, ["0", "1", "2"]);
    assertEquals(await Task.awaitMany([]), []);
    const twice = Task.completed(1);
    assertEquals(await Task.awaitMany([twice, twice]), [1, 1]);
    // All of them there already.
    const early = [1, 2, 3].map((n) => Task.async(() => n));
    await settled();
    assertEquals(await Task.awaitMany(early, 0), [1, 2, 3]);
    assertEquals(
      await announced(),
      [tasks[2], tasks[0], tasks[1], ...early].map((task) => ["EXIT", task!.pid, "normal"]),
    );
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
  }));

Deno.test("Task.awaitMany() leaves messages of others and second replies in the mailbox [TK-027]", () =>
  supervising(async () => {
    const [first, second] = [pretended(), pretended()];
    const other = makeRef();
    send(self(), "other");
    send(self(), [other, "other"]);
    send(self(), ["DOWN", other, "process", self(), "other"]);
    send(self(), [first.ref, 1]);
    send(self(), [first.ref, "again"]);
    send(self(), ["DOWN", first.ref, "process", self(), "normal"]);
    send(self(), [second.ref, 2]);
    assertEquals(await Task.awaitMany([first, second], 0), [1, 2]);
    assertEquals(await announced(), [
      "other",
      [other, "other"],
      ["DOWN", other, "process", self(), "other"],
      [first.ref, "again"],
    ]);
  }));

Deno.test("Task.awaitMany() exits with timeout, or with the reason of the first task that fails, and forgets the others", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const tasks = [Task.async(waiting), Task.async(waiting), Task.async(waiting)] as const;
    const late = reasonOf(() => Task.awaitMany(tasks, 100));
    answer(tasks[0]);
    await pass(time, 100);
    assertEquals(await late, ["timeout", ["Task", "awaitMany", [tasks, 100]]]);
    answer(tasks[1]);
    answer(tasks[2]);
    assertEquals(await announced(), tasks.map(({ pid }) => ["EXIT", pid, "normal"]));

    const slow = Task.async(waiting);
    const failing = Task.async(() => {
      throw exit("oops");
    });
    assertEquals(await reasonOf(() => Task.awaitMany([slow, failing])), [
      "oops",
      ["Task", "awaitMany", [[slow, failing], 5000]],
    ]);
    answer(slow);
    assertEquals(await announced(), [
      ["EXIT", failing.pid, "oops"],
      ["EXIT", slow.pid, "normal"],
    ]);
    // The time is up for all together, not for each.
    const [quick, never] = [Task.async(waiting), Task.async(waiting)];
    const both = reasonOf(() => Task.awaitMany([quick, never], 100));
    await pass(time, 60);
    answer(quick);
    await pass(time, 40);
    assertEquals((await both)[0], "timeout");
  });
});

Deno.test("Task.awaitMany() exits at once with nodedown when a connection was lost [TK-030]", () =>
  supervising(async () => {
    for (const [object, node] of [[self(), "nonode@nohost"], [["name", "node"], "node"]]) {
      const [slow, lost] = [pretended(), pretended()];
      send(self(), ["DOWN", lost.ref, "process", object, "noconnection"]);
      assertEquals(await reasonOf(() => Task.awaitMany([slow, lost])), [
        ["nodedown", node],
        ["Task", "awaitMany", [[slow, lost], 5000]],
      ]);
      await assertSilence();
    }
  }));

Deno.test("Task.awaitMany() takes a thousand results that are there already, and all of their DOWN messages", () =>
  supervising(async () => {
    const tasks = Array.from({ length: 1000 }, (_, n) => Task.async(() => n));
    await settled();
    assertEquals(await Task.awaitMany(tasks, 0), tasks.map((_, n) => n));
    assertEquals(flush().length, 1000); // the EXIT messages
  }));

// --- yield --------------------------------------------------------------------------------------

Deno.test("Task.yield() resolves with the result or the reason, or with undefined, and can then be called again [TK-031]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const task = Task.async(waiting);
    assertEquals(await Task.yield(task, 0), undefined);
    const late = Task.yield(task, 100);
    await pass(time, 100);
    assertEquals(await late, undefined);
    const asked = Task.yield(task);
    await pass(time, 4999);
    answer(task);
    assertEquals(await asked, ["ok", "done"]);
    await exitMessageOf(task.pid);
    await assertSilence();
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);

    const normal = Task.async(() => {
      throw exit("normal");
    });
    assertEquals(await Task.yield(normal), ["exit", "normal"]);
    await exitMessageOf(normal.pid);
    const failing = Task.async(() => {
      throw exit("oops");
    });
    assertEquals(await Task.yield(failing), ["exit", "oops"]);
    await exitMessageOf(failing.pid);
    // A reply counts, whatever came after it.
    const both = pretended();
    send(self(), [both.ref, "result"]);
    send(self(), ["DOWN", both.ref, "process", self(), "abnormal"]);
    assertEquals(await Task.yield(both, 0), ["ok", "result"]);
    await assertSilence();
  });
});

Deno.test("Task.yield() resolves with undefined when the result was taken before [TK-033]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const task = Task.async(() => 1);
    assertEquals(await Task.yield(task), ["ok", 1]);
    await exitMessageOf(task.pid);
    const again = Task.yield(task, 50);
    await pass(time, 50);
    assertEquals(await again, undefined);
    await assertSilence();
  });
});

Deno.test("Task.yield() exits with nodedown when the connection was lost [TK-034]", () =>
  supervising(async () => {
    const task = pretended(self());
    send(self(), ["DOWN", task.ref, "process", self(), "noconnection"]);
    assertEquals(await reasonOf(() => Task.yield(task, 0)), [
      ["nodedown", "nonode@nohost"],
      ["Task", "yield", [task, 0]],
    ]);
    const lost = pretended(self());
    const tasks = [pretended(), lost] as const;
    send(self(), ["DOWN", lost.ref, "process", ["name", "node"], "noconnection"]);
    assertEquals(await reasonOf(() => Task.yieldMany(tasks)), [
      ["nodedown", "node"],
      ["Task", "yieldMany", [tasks, 5000]],
    ]);
    await assertSilence();
  }));

Deno.test("Task.yieldMany() leaves unfinished tasks as they are when the time is up, to be asked again [TK-036]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const done = Task.async(() => "result");
    const failed = Task.async(() => {
      throw exit("oops");
    });
    const slow = Task.async(waiting);
    const tasks = [done, slow, failed] as const;
    const yielded = Task.yieldMany(tasks, 100);
    await pass(time, 100);
    assertEquals(await yielded, [[done, ["ok", "result"]], [slow, undefined], [failed, [
      "exit",
      "oops",
    ]]]);
    assertEquals(await Task.yieldMany([slow], { timeout: 0, onTimeout: "nothing" }), [
      [slow, undefined],
    ]);
    answer(slow);
    assertEquals(await Task.yieldMany([slow], Infinity), [[slow, ["ok", "done"]]]);
    assertEquals(await Task.yieldMany([]), []);
    assertEquals(
      (await announced() as unknown[][]).map(([tag]) => tag),
      ["EXIT", "EXIT", "EXIT"],
    );
  });
});

Deno.test("Task.yieldMany() kills unfinished tasks when the time is up, if told so [TK-036]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const [done, slow] = [Task.async(() => 1), Task.async(waiting)];
    const yielded = Task.yieldMany([done, slow], { timeout: 100, onTimeout: "kill_task" });
    await pass(time, 99);
    assert(Process.isAlive(slow.pid!));
    await pass(time, 1);
    assertEquals(await yielded, [[done, ["ok", 1]], [slow, undefined]]);
    assertFalse(Process.isAlive(slow.pid!));
    assertEquals(await announced(), [["EXIT", done.pid, "normal"]]);
  });
});

Deno.test("Task.yieldMany() lets unfinished tasks continue after a timeout, and discards their results, if told so [TK-036]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const [done, slow] = [Task.async(() => 1), Task.async(waiting)];
    const yielded = Task.yieldMany([done, slow], { timeout: 100, onTimeout: "ignore" });
    await pass(time, 100);
    assertEquals(await yielded, [[done, ["ok", 1]], [slow, undefined]]);
    await exitMessageOf(done.pid);
    assert(Process.isAlive(slow.pid!));
    assertEquals(linksOf(self()), []);
    answer(slow);
    assertEquals(await exitOf(slow.pid!), "normal");
    await assertSilence();
  });
});

Deno.test("Task.yieldMany() resolves when as many as the limit have returned, and does nothing to the others", () =>
  supervising(async () => {
    for (const onTimeout of ["kill_task", "ignore"] as const) {
      const tasks = [1, 2, 3].map(() => Task.async(waiting));
      const yielded = Task.yieldMany(tasks, { limit: 2, onTimeout, timeout: Infinity });
      answer(tasks[2]!, "c");
      answer(tasks[0]!, "a");
      assertEquals((await yielded).map(([, outcome]) => outcome), [
        ["ok", "a"],
        undefined,
        ["ok", "c"],
      ]);
      const left = tasks[1]!;
      assert(Process.isAlive(left.pid!));
      assertEquals(await Task.yieldMany([left], { limit: 0 }), [[left, undefined]]);
      // A limit beyond their number is not a limit.
      answer(left, "b");
      assertEquals(await Task.yieldMany([left], { limit: 9, timeout: Infinity }), [
        [left, ["ok", "b"]],
      ]);
    }
  }));

// --- shutdown -----------------------------------------------------------------------------------

Deno.test("Task.shutdown() stops a running task, resolves with undefined and leaves no messages [TK-038]", () =>
  supervising(async () => {
    const task = Task.async(waiting);
    assertEquals(await Task.shutdown(task), undefined);
    assertFalse(Process.isAlive(task.pid!));
    assertEquals(linksOf(self()), []);
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
    await assertSilence();

    const polite = Task.async(async () => {
      Process.flag("trap_exit", true);
      await receive({ EXIT: (_pid: Pid, reason: unknown) => Promise.reject(exit(reason)) });
    });
    await settled();
    assertEquals(await Task.shutdown(polite), undefined);
    assertEquals(await Task.shutdown(await gone("shutdown")), undefined);
    await assertSilence();
  }));

Deno.test("Task.shutdown() resolves with the result when there was one, however the task has exited [TK-038]", () =>
  supervising(async () => {
    for (const how of [5000, "brutal_kill"] as const) {
      for (const reason of ["abnormal", "normal", "shutdown", "killed"]) {
        const task = await handled(reason);
        send(self(), [task.ref, "result"]);
        send(self(), ["DOWN", task.ref, "process", task.pid, reason]);
        assertEquals(await Task.shutdown(task, how), ["ok", "result"]);
        await assertSilence();
      }
      const done = Task.async(() => 5);
      await settled();
      assertEquals(await Task.shutdown(done, how), ["ok", 5]);
      assertEquals(await announced(), [["EXIT", done.pid, "normal"]]);
      // One that returns when it is stopped.
      const last = Task.async(async () => {
        Process.flag("trap_exit", true);
        return await receive({ EXIT: (_pid: Pid, reason: unknown) => reason });
      });
      await settled();
      assertEquals(await Task.shutdown(last, how), how === 5000 ? ["ok", "shutdown"] : undefined);
      await assertSilence();
    }
  }));

Deno.test("Task.shutdown() resolves with the reason of a task that has exited otherwise [TK-040]", () =>
  supervising(async () => {
    for (const reason of ["abnormal", "normal", "killed", ["shutdown", "x"]]) {
      assertEquals(await Task.shutdown(await gone(reason)), ["exit", reason]);
      await assertSilence();
    }
    const task = Task.async(async () => {
      Process.flag("trap_exit", true);
      await receive();
      throw exit("in a hurry");
    });
    await settled();
    assertEquals(await Task.shutdown(task), ["exit", "in a hurry"]);
    await assertSilence();
  }));

Deno.test("Task.shutdown() with brutal_kill resolves with undefined when that has killed the task, not when it had exited with shutdown [TK-041]", () =>
  supervising(async () => {
    const task = Task.async(async () => {
      Process.flag("trap_exit", true);
      await Process.sleep(Infinity);
    });
    await settled();
    assertEquals(await Task.shutdown(task, "brutal_kill"), undefined);
    assertFalse(Process.isAlive(task.pid!));
    assertEquals(await Task.shutdown(await gone("killed"), "brutal_kill"), undefined);
    for (const reason of ["shutdown", "abnormal", "normal"]) {
      assertEquals(await Task.shutdown(await gone(reason), "brutal_kill"), ["exit", reason]);
    }
    await assertSilence();
  }));

Deno.test("Task.shutdown() kills a task that is too slow, and resolves with that [TK-042]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const task = Task.async(async () => {
      Process.flag("trap_exit", true);
      await Process.sleep(Infinity);
    });
    await settled();
    const stopped = Task.shutdown(task, 100);
    await pass(time, 99);
    assert(Process.isAlive(task.pid!));
    await pass(time, 1);
    assertFalse(Process.isAlive(task.pid!));
    assertEquals(await stopped, ["exit", "killed"]);
    await assertSilence();
  });
});

Deno.test("Task.shutdown() resolves with noproc when the owner was notified of the exit already [TK-043]", () =>
  supervising(async () => {
    assertEquals(await Task.shutdown(await handled("oops")), ["exit", "noproc"]);
    assertEquals(await Task.shutdown(await handled("oops"), "brutal_kill"), ["exit", "noproc"]);
    const task = Task.async(waiting);
    assertEquals(await Task.shutdown(task), undefined);
    assertEquals(await Task.shutdown(task), ["exit", "noproc"]);
    const awaited = Task.async(() => 1);
    await Task.await(awaited);
    await exitMessageOf(awaited.pid);
    assertEquals(await Task.shutdown(awaited), ["exit", "noproc"]);
    await assertSilence();
  }));

Deno.test("Task.shutdown() exits with nodedown when the connection was lost [TK-045]", () =>
  supervising(async () => {
    for (const how of [5000, "brutal_kill"] as const) {
      const task = await gone("noconnection");
      assertEquals(await reasonOf(() => Task.shutdown(task, how)), [
        ["nodedown", "nonode@nohost"],
        ["Task", "shutdown", [task, how]],
      ]);
      await assertSilence();
    }
  }));

// --- ignore -------------------------------------------------------------------------------------

Deno.test("Task.ignore() returns the result that is there, and unlinks [TK-009]", () =>
  supervising(async () => {
    const me = self();
    const task = Task.async(async () => {
      // The result is there, but the task still runs.
      await Promise.resolve();
      return "result";
    });
    await receive(on([task.ref, _], (message) => void send(me, message)));
    assertEquals(Task.ignore(task), ["ok", "result"]);
    flush();
    await assertSilence();
    assertEquals(linksOf(me), []);
    const failed = await gone("oops");
    assertEquals(Task.ignore(failed), ["exit", "oops"]);
    await assertSilence();
  }));

Deno.test("Task.ignore() lets a task run on, and nothing is heard of it any more [TK-009]", () =>
  supervising(async () => {
    const [late, failing] = [
      Task.async(waiting),
      Task.async(async () => {
        throw exit(await waiting());
      }),
    ];
    for (const task of [late, failing]) {
      assertEquals(Task.ignore(task), undefined);
      assert(Process.isAlive(task.pid!));
      answer(task);
      assertEquals(await exitOf(task.pid!), task === late ? "normal" : "done");
      await assertSilence();
      assertEquals(await reasonOf(() => Task.await(task, 0)), [
        "timeout",
        ["Task", "await", [task, 0]],
      ]);
    }
    assertEquals(linksOf(self()), []);
  }));

Deno.test("Task.ignore() exits with nodedown when the connection was lost [TK-011]", () =>
  supervising(async () => {
    const task = pretended(self());
    send(self(), ["DOWN", task.ref, "process", self(), "noconnection"]);
    const { reason } = assertThrows(() => Task.ignore(task), Exit);
    assertEquals(reason, [["nodedown", "nonode@nohost"], ["Task", "ignore", [task]]]);
    await assertSilence();
  }));

Deno.test("Task.ignore() of a completed task returns its result [TK-012]", () =>
  supervising(async () => {
    const task = Task.completed("done");
    assertEquals(Task.ignore(task), ["ok", "done"]);
    assertEquals(Task.ignore(task), undefined);
    await assertSilence();
  }));

// --- Reports ------------------------------------------------------------------------------------

Deno.test("Task reports its failure with its starter, function, arguments, reason and label [TK-065]", () =>
  supervising(async (reports) => {
    const me = self();
    const Failing = {
      fail(n: number, text: string): void {
        Process.setLabel(["worker", n]);
        throw new RangeError(text);
      },
    };
    const first = Task.async(Failing, "fail", [1, "oops"]);
    await exitMessageOf(first.pid);
    const [report] = reports.logged;
    assert(report !== undefined);
    const { level, kind, pid, reason, details } = report;
    assertEquals([level, kind, pid], ["error", "task", first.pid]);
    const [error, stack] = reason as [unknown, string];
    assertInstanceOf(error, RangeError);
    assert(stack.includes("task_test.ts"));
    assertEquals(details, {
      startedFrom: me,
      function: Failing.fail,
      args: [1, "oops"],
      label: ["worker", 1],
    });
    const lines = Logger.format(report).split("\n");
    assertEquals(lines.slice(0, 2), [
      `Task ${first.pid} started from ${me} terminating`,
      "** (RangeError) oops",
    ]);
    assertEquals(lines.slice(-3), [
      'Process Label: ["worker", 1]',
      "Function: [function fail]",
      '    Args: [1, "oops"]',
    ]);

    // By its name, if the starter has one; of any way to end but the orderly ones; of any start.
    Process.register(me, "starter");
    const leave = (reason: unknown) => () => {
      throw exit(reason);
    };
    for (const reason of ["oops", ["shutdown", "x", "y"], "killed"]) {
      assertEquals(await exitOf(unwrap(Task.start(leave(reason)))), reason);
      const { details, ...rest } = reports.logged.at(-1)!;
      assertEquals([rest.kind, rest.reason, details!["startedFrom"]], ["task", reason, "starter"]);
      assertFalse("label" in details!);
    }
    const throwing = unwrap(Task.start(() => {
      throw "ball";
    }));
    assertEquals(await exitOf(throwing), [["nocatch", "ball"], ""]);
    assertEquals(reports.logged.at(-1)!.reason, [["nocatch", "ball"], ""]);
    assertEquals(reports.logged.length, 5);
    // OTP's own report of the same is left out of the log.
    assertEquals(reports.all.filter(({ kind }) => kind === "crash").length, 5);
    for (const reason of ["normal", "shutdown", ["shutdown", "x"]]) {
      assertEquals(await exitOf(unwrap(Task.start(leave(reason)))), reason);
    }
    assertEquals(reports.all.length, 10);
  }));

Deno.test("Task that is killed while it awaits something reports nothing, and sends no result", () =>
  supervising(async (reports) => {
    for (const settle of ["resolve", "reject"] as const) {
      const gate = Promise.withResolvers<unknown>();
      const task = Task.async(() => gate.promise);
      await settled();
      Process.exit(task.pid!, "kill");
      gate[settle](new Error("too late"));
      assertEquals(await Task.yield(task), ["exit", "killed"]);
      assertEquals(await announced(), [["EXIT", task.pid, "killed"]]);
    }
    assertEquals(reports.all, []);
  }));

// --- In servers ---------------------------------------------------------------------------------

Deno.test("Task can be awaited in a callback of a server, and its messages taken by handleInfo", () =>
  supervising(async () => {
    const me = self();
    const Server = {
      init: () => ok<Ref | undefined>(undefined),
      handleCall: async (
        request: "await" | "start",
        _from: GenServer.From,
        state: Ref | undefined,
      ) => {
        const task = Task.async(() => [request, Process.get("$callers")]);
        if (request === "await") return reply(await Task.await(task), state);
        return reply(task.ref, task.ref);
      },
      handleInfo: (message: unknown[], state: Ref | undefined) => {
        send(me, message);
        return noreply(state);
      },
    };
    const server = unwrap(await GenServer.startLink(Server));
    assertEquals(await GenServer.call(server, "await"), ["await", [server]]);
    const ref = await GenServer.call(server, "start");
    const [result, down] = await announced() as [unknown, unknown[]];
    assertEquals(result, [ref, ["start", [server]]]);
    assertEquals([down[0], down[1], down[4]], ["DOWN", ref, "normal"]);
    await assertSilence();
  }));

// --- Types --------------------------------------------------------------------------------------

Deno.test("Task carries the type of its result", () =>
  supervising(async () => {
    const sync: Task.Task<number> = Task.async(() => 1);
    const async: Task.Task<string> = Task.async(() => Promise.resolve("2"));
    const called: Task.Task<number> = Task.async(Module, "add", [1, 2]);
    // @ts-expect-error The result is a number.
    const _wrong: Task.Task<string> = sync;
    // @ts-expect-error There is no such function.
    assertThrows(() => Task.async(Module, "subtract", []));
    // @ts-expect-error These are not its arguments.
    Task.ignore(Task.async(Module, "add", ["1", 2]));
    const [a, b]: [number, string] = await Task.awaitMany([sync, async]);
    const c: number = await Task.await(called);
    const outcome = await Task.yield(Task.completed(new Date(0)));
    if (outcome?.[0] === "ok") outcome[1].getTime();
    assertEquals([a, b, c], [1, "2", 3]);
  }));
