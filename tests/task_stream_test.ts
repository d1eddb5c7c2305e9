import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { flush, Process, receive, self, send, spawn, spawnMonitor, Task } from "../mod.ts";
import { pendingTimers } from "../lib/kernel/timers.ts";
import { assertSilence, exitOf, pass, reasonOf, settled } from "./helpers.ts";
import { fail, forever, take } from "./fixtures/tasks.ts";
import { announced, supervising } from "./fixtures/worker.ts";

// Most cases have their counterpart in Elixir's own suite, lib/elixir/test/elixir/task_test.exs,
// `describe "async_stream"`. All run in a process that traps exits, so that an `EXIT` that comes shows.

/** A task that runs until it is stopped. */
class Gates {
  readonly #gates = new Map<unknown, PromiseWithResolvers<void>>();
  /** Those that were begun, in that order. */
  readonly begun: unknown[] = [];
  /** How many are at work, and how many have been at most. */
  atWork = 0;
  most = 0;

  readonly work = async <Item>(item: Item): Promise<Item> => {
    this.begun.push(item);
    this.most = Math.max(this.most, ++this.atWork);
    await this.#of(item).promise;
    this.atWork--;
    return item;
  };

  /** Lets the work on an item end, and waits until nothing more becomes of that. */
  async open(item: unknown): Promise<void> {
    this.#of(item).resolve();
    await settled();
  }

  #of(item: unknown): PromiseWithResolvers<void> {
    const gate = this.#gates.get(item) ?? Promise.withResolvers<void>();
    this.#gates.set(item, gate);
    return gate;
  }
}

/** 1, 2, 3, … */
class Endless {
  taken = 0;
  isClosed = false;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) yield ++this.taken;
    } finally {
      this.isClosed = true;
    }
  }
}

/** Collects what a stream gives, as it gives it. */
function collect<T>(
  stream: AsyncIterable<T>,
): { readonly results: T[]; readonly end: Promise<void> } {
  const results: T[] = [];
  const run = async () => {
    for await (const result of stream) results.push(result);
  };
  return { results, end: run() };
}

/** Asserts that a stream has left nothing behind in the calling process, and no task. */
async function assertNothingLeft(before: number): Promise<void> {
  await assertSilence();
  assertEquals(Process.info(self(), ["links", "monitors"]), [["links", []], ["monitors", []]]);
  assertEquals(Process.list().length, before);
  assertEquals(pendingTimers(), 0);
}

function oks<T>(...values: T[]): (readonly ["ok", T])[] {
  return values.map((value) => ["ok", value]);
}

const Module = {
  factor: 10,
  scale(item: number, by: number) {
    return Promise.resolve(item * by * this.factor);
  },
};

// --- Results ------------------------------------------------------------------------------------

Deno.test("Task.asyncStream() maps an iterable, and leaves no tasks and no messages [TK-047]", () =>
  supervising(async () => {
    const before = Process.list().length;
    send(self(), "before");
    const stream = Task.asyncStream([1, 2, 3, 4, 5], (n) => n * 2, { maxConcurrency: 2 });
    assertEquals(await Array.fromAsync(stream), oks(2, 4, 6, 8, 10));
    assertEquals(flush(), ["before"]);
    await assertNothingLeft(before);
    // Each iteration starts from the beginning.
    assertEquals(await Array.fromAsync(stream), oks(2, 4, 6, 8, 10));
    for (const empty of [[], "", new Set<never>(), new Map<never, never>()]) {
      assertEquals(await Array.fromAsync(Task.asyncStream(empty, fail)), []);
    }
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() calls a function of a module with the item before other arguments", () =>
  supervising(async () => {
    const stream = Task.asyncStream([1, 2], Module, "scale", [3], { maxConcurrency: 1 });
    assertEquals(await Array.fromAsync(stream), oks(30, 60));
    assertEquals(await Array.fromAsync(Task.asyncStream([1], Module, "scale", [2])), oks(20));
  }));

Deno.test("Task.asyncStream() runs each item in a task, which works for the iterating process", () =>
  supervising(async () => {
    const me = self();
    const stream = Task.asyncStream([1, 2], () => {
      const links = Process.info(self(), "links")![1];
      return [self(), Process.get("$callers"), links] as const;
    });
    const [first, second] = await Array.fromAsync(stream);
    for (const result of [first!, second!]) {
      assert(result[0] === "ok");
      assertEquals(result[1].slice(1), [[me], [me]]);
    }
    assert(first![1] !== second![1]);
  }));

Deno.test("Task.asyncStream() keeps the order of the items when the first is the slowest [TK-048]", () =>
  supervising(async () => {
    const gates = new Gates();
    const { results, end } = collect(
      Task.asyncStream([1, 2, 3, 4], gates.work, { maxConcurrency: 4 }),
    );
    for (const item of [4, 3, 2]) {
      await gates.open(item);
      assertEquals(results, []);
    }
    await gates.open(1);
    await end;
    assertEquals(results, oks(1, 2, 3, 4));
  }));

Deno.test("Task.asyncStream() gives results as they are ready, if order does not matter [TK-049]", () =>
  supervising(async () => {
    const gates = new Gates();
    const options = { maxConcurrency: 2, ordered: false };
    const { results, end } = collect(Task.asyncStream([1, 2, 3, 4], gates.work, options));
    // The fourth is ready, but does not start before there is room.
    for (
      const [item, expected] of [[4, []], [2, [2]], [3, [2, 3, 4]], [1, [2, 3, 4, 1]]] as const
    ) {
      await gates.open(item);
      assertEquals(results, oks(...expected));
    }
    await end;
    assertEquals(gates.begun, [1, 2, 3, 4]);
    assertEquals(gates.most, 2);
  }));

// --- How much at once ---------------------------------------------------------------------------

Deno.test("Task.asyncStream() runs no more tasks at once than maxConcurrency, by default as many as there are processors [TK-050]", () =>
  supervising(async () => {
    for (const maxConcurrency of [1, 3, undefined]) {
      const gates = new Gates();
      const items = Array.from({ length: 100 }, (_, n) => n);
      const { results, end } = collect(Task.asyncStream(items, gates.work, { maxConcurrency }));
      await settled();
      assertEquals(gates.atWork, maxConcurrency ?? navigator.hardwareConcurrency);
      for (const item of items) gates.open(item);
      await end;
      assertEquals(results, oks(...items));
      assertEquals(gates.most, maxConcurrency ?? navigator.hardwareConcurrency);
    }
  }));

/**
 * Follows a stream over an endless input, of which the first five are wanted: what is taken of the input
 * (`+n`), what comes out (`n`, or `!` for a failure), and when the input is closed (`.`). A task takes 5 ms, the
 * first one `first`, and the iterating process 60 for each result.
 */
async function follow(
  options: Task.StreamOptions,
  first: number,
  until = Infinity,
): Promise<string> {
  using time = new FakeTime();
  const steps: string[] = [];
  function* input() {
    try {
      for (let n = 1; n <= until; n++) {
        steps.push(`+${n}`);
        yield n;
      }
    } finally {
      steps.push(".");
    }
  }
  const work = async (n: number) => {
    await Process.sleep(n === 1 ? first : 5);
    return n;
  };
  const run = async () => {
    for await (const [tag, value] of Task.asyncStream(input(), work, options)) {
      steps.push(tag === "ok" ? String(value) : "!");
      await Process.sleep(60);
      if (value === 5) break;
    }
  };
  const done = run();
  await pass(time, 500);
  await done;
  return steps.join(" ");
}

Deno.test("Task.asyncStream() takes items as results are wanted, step by step as Elixir does [TK-050]", () =>
  supervising(async () => {
    // Each line as `elixir -e` prints it for the same stream, but for the notation.
    for (
      const [options, first, steps, until] of [
        [{ maxConcurrency: 2 }, 5, "+1 +2 1 +3 2 +4 3 +5 4 +6 5 ."],
        [{ maxConcurrency: 2, ordered: false }, 6, "+1 +2 2 +3 1 +4 3 +5 4 +6 5 ."],
        [{ maxConcurrency: 3, ordered: false }, 4, "+1 +2 +3 1 +4 2 +5 3 +6 4 +7 5 ."],
        // While the first is waited for, there is room for others.
        [{ maxConcurrency: 2 }, 52, "+1 +2 +3 +4 +5 +6 +7 +8 . 1 2 3 4 5", 8],
        [{ maxConcurrency: 3 }, 52, "+1 +2 +3 +4 +5 +6 +7 +8 . 1 2 3 4 5", 8],
        [{ maxConcurrency: 2, ordered: false }, 52, "+1 +2 2 +3 1 +4 3 +5 4 +6 5 ."],
        [
          { maxConcurrency: 2, timeout: 18, onTimeout: "kill_task" },
          52,
          "+1 +2 +3 +4 +5 ! 2 3 4 +6 5 .",
        ],
      ] as const
    ) assertEquals(await follow(options, first, until), steps);
  }));

Deno.test("Task.asyncStream() does nothing before it is iterated, and no more than is asked for [TK-050]", () =>
  supervising(async () => {
    const gates = new Gates();
    const items = new Endless();
    const stream = Task.asyncStream(items, gates.work, { maxConcurrency: 3 });
    await settled();
    assertEquals(items.taken, 0);
    const iterator = stream[Symbol.asyncIterator]();
    await settled();
    assertEquals(items.taken, 0);
    const first = iterator.next();
    await settled();
    assertEquals([items.taken, gates.begun], [3, [1, 2, 3]]);
    for (const item of [1, 2, 3, 4, 5, 6]) gates.open(item);
    assertEquals(await first, { done: false, value: ["ok", 1] });
    await settled();
    // All three have exited, but no more are requested.
    assertEquals([items.taken, gates.atWork], [3, 0]);
    assertEquals(await iterator.next(), { done: false, value: ["ok", 2] });
    assertEquals(items.taken, 4);
    assertEquals(await iterator.return!(), { done: true, value: undefined });
  }));

// --- Failures -----------------------------------------------------------------------------------

Deno.test("Task.asyncStream() gives the reason of a task that fails in its place, to one that traps exits [TK-051]", () =>
  supervising(async (reports) => {
    const before = Process.list().length;
    for (const ordered of [true, false]) {
      const stream = Task.asyncStream([1, 2, 3, 4], (n) => n % 2 === 0 ? fail(n) : n, {
        ordered,
        maxConcurrency: 1,
      });
      assertEquals(await Array.fromAsync(stream), [
        ["ok", 1],
        ["exit", 2],
        ["ok", 3],
        ["exit", 4],
      ]);
    }
    const all = await Array.fromAsync(Task.asyncStream(["normal", "kill", "shutdown"], fail));
    assertEquals(all, [["exit", "normal"], ["exit", "kill"], ["exit", "shutdown"]]);
    const [[tag, [error, stack]]] = await Array.fromAsync(Task.asyncStream([1], () => {
      throw new RangeError("oops");
    })) as unknown as [[string, [unknown, unknown]]];
    assertEquals([tag, typeof stack], ["exit", "string"]);
    assert(error instanceof RangeError);
    await assertNothingLeft(before);
    const { kind, details } = reports.logged[0]!;
    assertEquals([kind, details!["args"], details!["startedFrom"]], ["task", [2], self()]);
  }));

Deno.test("Task.asyncStream() terminates a process that does not trap exits with its first task that fails, and all other tasks", () =>
  supervising(async () => {
    const before = Process.list().length;
    const gates = new Gates();
    const results: unknown[] = [];
    const [owner, ref] = spawnMonitor(async () => {
      const work = async (n: number) => n === 2 ? fail(await gates.work(n)) : await gates.work(n);
      const stream = Task.asyncStream([1, 2, 3], work, { maxConcurrency: 3 });
      for await (const result of stream) results.push(result);
    });
    await gates.open(1);
    assertEquals(results, oks(1));
    await gates.open(2);
    assertEquals(await receive(), ["DOWN", ref, "process", owner, 2]);
    await assertNothingLeft(before);
    assertEquals(results, oks(1));
  }));

Deno.test("Task.asyncStream() stops its tasks when the iterating process exits", () =>
  supervising(async () => {
    const before = Process.list().length;
    const [owner, ref] = spawnMonitor(async () => {
      Process.flag("trap_exit", true);
      await Array.fromAsync(Task.asyncStream([1, 2, 3], forever, { maxConcurrency: 3 }));
    });
    await settled();
    assertEquals(Process.list().length, before + 4);
    Process.exit(owner, "kill");
    assertEquals(await receive(), ["DOWN", ref, "process", owner, "killed"]);
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() exits with timeout when a task takes more than 5000 ms, and nothing is left [TK-053]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const before = Process.list().length;
    for (const ordered of [true, false]) {
      const items = new Endless();
      const stream = Task.asyncStream(items, forever, { maxConcurrency: 3, ordered });
      const failed = reasonOf(() => Array.fromAsync(stream));
      await pass(time, 4999);
      assertEquals(Process.list().length, before + 3);
      await pass(time, 1);
      assertEquals(await failed, ["timeout", ["Task.Supervised", "stream", [5000]]]);
      assert(items.isClosed);
      await assertNothingLeft(before);
    }
    const failed = reasonOf(() => Array.fromAsync(Task.asyncStream([1], forever, { timeout: 0 })));
    await pass(time, 0);
    assertEquals(await failed, ["timeout", ["Task.Supervised", "stream", [0]]]);
    await assertNothingLeft(before);
  });
});

Deno.test("Task.asyncStream() gives timeout in the place of a task that takes too long, if told so [TK-054]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const before = Process.list().length;
    const work = async (n: number) => {
      Process.flag("trap_exit", true);
      if (n % 2 === 0) await Process.sleep(Infinity);
      return n;
    };
    for (const ordered of [true, false]) {
      const options = { onTimeout: "kill_task", timeout: 100, maxConcurrency: 4, ordered } as const;
      const { results, end } = collect(Task.asyncStream([1, 2, 3, 4], work, options));
      await pass(time, 100);
      await end;
      assertEquals(
        results,
        ordered
          ? [["ok", 1], ["exit", "timeout"], ["ok", 3], ["exit", "timeout"]]
          : [["ok", 1], ["ok", 3], ["exit", "timeout"], ["exit", "timeout"]],
      );
      await assertNothingLeft(before);
    }
  });
});

Deno.test("Task.asyncStream() does not take the result of a task whose time was up before", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const gates = new Gates();
    const options = { onTimeout: "kill_task", timeout: 100, maxConcurrency: 2 } as const;
    const iterator = Task.asyncStream([1, 2], gates.work, options)[Symbol.asyncIterator]();
    const first = iterator.next();
    await gates.open(1);
    assertEquals((await first).value, ["ok", 1]);
    await pass(time, 100);
    await gates.open(2);
    assertEquals((await iterator.next()).value, ["exit", "timeout"]);
    assertEquals((await iterator.next()).done, true);
  });
});

Deno.test("Task.asyncStream() counts the time of each task from its start, also while no result is requested [TK-054]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const options = { onTimeout: "kill_task", timeout: 100, maxConcurrency: 3 } as const;
    const work = (ms: number) => Process.sleep(ms);
    const iterator = Task.asyncStream([0, 50, 200], work, options)[Symbol.asyncIterator]();
    const first = iterator.next();
    await pass(time, 1);
    assertEquals((await first).value, ["ok", undefined]);
    await pass(time, 300);
    assertEquals(Process.info(self(), "links"), ["links", []]);
    assertEquals((await iterator.next()).value, ["ok", undefined]);
    assertEquals((await iterator.next()).value, ["exit", "timeout"]);
    assertEquals((await iterator.next()).done, true);
    await assertSilence();
  });
});

Deno.test("Task.asyncStream() accepts an infinite timeout [TK-055]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const gates = new Gates();
    const { results, end } = collect(Task.asyncStream([1, 2], gates.work, { timeout: Infinity }));
    await pass(time, 100_000);
    await gates.open(1);
    await gates.open(2);
    await end;
    assertEquals(results, oks(1, 2));
  });
});

Deno.test("Task.asyncStream() names the item with the reason, if told so [TK-056]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const work = (text: string) => text === "slow" ? forever() : text === "bad" ? fail("oops") : 1;
    for (const ordered of [true, false]) {
      const { results, end } = collect(Task.asyncStream(["good", "slow", "bad"], work, {
        zipInputOnExit: true,
        onTimeout: "kill_task",
        timeout: 100,
        maxConcurrency: 3,
        ordered,
      }));
      await pass(time, 100);
      await end;
      const typed: Task.StreamResult<number | void, readonly [item: string, reason: unknown]>[] =
        results;
      const expected = [["ok", 1], ["exit", ["slow", "timeout"]], ["exit", ["bad", "oops"]]];
      const sorted = (results: readonly unknown[]) =>
        ordered ? results : results.map((each) => JSON.stringify(each)).sort();
      assertEquals(sorted(typed), sorted(expected));
    }
    const first = await take(
      Task.asyncStream([1, 2, 3], fail, { zipInputOnExit: true, maxConcurrency: 3 }),
      2,
    );
    assertEquals(first, [["exit", [1, 1]], ["exit", [2, 2]]]);
    await assertSilence();
  });
});

Deno.test("Task.asyncStream() refuses wrong options when the stream is made [TK-057]", () =>
  supervising(async () => {
    const make = (options: Record<string, unknown>) => () => Task.asyncStream([1], fail, options);
    for (const maxConcurrency of [0, -1, 1.5, NaN, Infinity, "1"]) {
      assertThrows(make({ maxConcurrency }), RangeError, "an integer greater than zero, found");
    }
    for (const onTimeout of ["kill", 1, null]) {
      assertThrows(make({ onTimeout }), TypeError, 'expected "exit" or "kill_task", found');
    }
    for (const timeout of [-1, NaN, "infinity"]) {
      assertThrows(
        make({ timeout }),
        RangeError,
        "Cannot make a stream of tasks with this timeout",
      );
    }
    const none = 5 as unknown as number[];
    for (const items of [none, undefined, null, {}] as unknown as number[][]) {
      assertThrows(() => Task.asyncStream(items, fail), TypeError, "expected an iterable");
    }
    assertThrows(() => Task.asyncStream([], none as never), TypeError, "expected a function");
    assertThrows(
      () => Task.asyncStream([1], Module, "factor" as never, []),
      TypeError,
      "expected a function",
    );
    await assertSilence();
  }));

Deno.test("Task.asyncStream() is not disturbed by what its tasks send [TK-058]", () =>
  supervising(async () => {
    const me = self();
    const stream = Task.asyncStream([1, 2], (n) => {
      const ref = Process.monitor(me);
      send(me, ["DOWN", ref, "process", self(), "normal"]);
      send(me, ["EXIT", self(), "oops"]);
      send(me, [ref, "result"]);
      return n;
    });
    assertEquals(await Array.fromAsync(stream), oks(1, 2));
    assertEquals((await announced()).length, 6);
  }));

Deno.test("Task.asyncStream() leaves the mailbox alone, which may be read meanwhile", () =>
  supervising(async () => {
    const gates = new Gates();
    const { results, end } = collect(Task.asyncStream([1], gates.work));
    const received = receive();
    await settled();
    send(self(), "hello");
    assertEquals(await received, "hello");
    await gates.open(1);
    await end;
    assertEquals(results, oks(1));
  }));

// --- Who iterates -------------------------------------------------------------------------------

Deno.test("Task.asyncStream() can be made in one process and iterated in another [TK-060]", () =>
  supervising(async () => {
    const me = self();
    const stream = Task.asyncStream([1, 2, 3], (n) => [n, Process.get("$callers")]);
    const other = spawn(async () => {
      send(me, [await Array.fromAsync(stream), Process.info(self(), "messages")![1]]);
    });
    assertEquals(await receive(), [
      oks([1, [other]], [2, [other]], [3, [other]]),
      [],
    ]);
    await assertSilence();
  }));

Deno.test("Task.asyncStream() belongs to the process that began to iterate [TK-060]", () =>
  supervising(async () => {
    const stream = Task.asyncStream([1, 2], () => [
      Process.get("$callers"),
      Process.info(self(), ["parent", "links"]),
    ], { maxConcurrency: 1 });
    const iterator = stream[Symbol.asyncIterator]();
    const other = spawn(async () => {
      send(me, await iterator.next());
      await receive();
    });
    const me = self();
    const expected = ["ok", [[other], [["parent", other], ["links", [other]]]]];
    assertEquals(await receive(), { done: false, value: expected });
    assertEquals((await iterator.next()).value, expected);
    await iterator.return!();
    Process.exit(other, "kill");
  }));

Deno.test("Task.asyncStream() takes items in the process that iterates", () =>
  supervising(async () => {
    const me = self();
    const pids: unknown[] = [];
    function* sync() {
      pids.push(self());
      yield 1;
      pids.push(self());
    }
    async function* async() {
      yield* sync();
      await Process.sleep(1);
      pids.push(self());
    }
    await Array.fromAsync(Task.asyncStream(sync(), (n) => n));
    await Array.fromAsync(Task.asyncStream(async(), (n) => n));
    assertEquals(pids, [me, me, me, me, me]);
  }));

// --- Early ends ---------------------------------------------------------------------------------

Deno.test("Task.asyncStream() stops the tasks that are not needed any more, unlinks them, and closes its input [TK-061, TK-047]", () =>
  supervising(async () => {
    const before = Process.list().length;
    for (const [ordered, trap] of [[true, false], [false, false], [true, true], [false, true]]) {
      const gates = new Gates();
      const items = new Endless();
      const pids = new Set<unknown>();
      const work = (n: number) => {
        pids.add(self());
        Process.flag("trap_exit", trap!);
        return gates.work(n);
      };
      const stream = Task.asyncStream(items, work, { maxConcurrency: 4, ordered: ordered! });
      const taken = take(stream, 2);
      await gates.open(1);
      await gates.open(2);
      assertEquals(await taken, oks(1, 2));
      assert(items.isClosed);
      assertEquals(pids.size, 5);
      await assertNothingLeft(before);
    }
  }));

Deno.test("Task.asyncStream() that is left early gives what was ready, whether tasks succeed, fail, or the first is the slowest [TK-061]", () =>
  supervising(async () => {
    const before = Process.list().length;
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const maxConcurrency of [1, 4, 10]) {
      const options = { maxConcurrency };
      assertEquals(await take(Task.asyncStream(items, (n) => n, options), 4), oks(1, 2, 3, 4));
      assertEquals<unknown>(
        await take(Task.asyncStream(items, fail, options), 4),
        [1, 2, 3, 4].map((n) => ["exit", n]),
      );
      await assertNothingLeft(before);
    }
    const gates = new Gates();
    const slowest = take(Task.asyncStream(items, gates.work, { maxConcurrency: 4 }), 3);
    for (const item of [4, 3, 2, 1]) await gates.open(item);
    assertEquals(await slowest, oks(1, 2, 3));
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() stops its tasks when the iterating process throws [TK-061]", () =>
  supervising(async () => {
    const before = Process.list().length;
    const gates = new Gates();
    const stream = Task.asyncStream([1, 2, 3], gates.work, { maxConcurrency: 3 });
    const failed = assertRejects(async () => {
      for await (const _ of stream) throw new RangeError("enough");
    }, RangeError);
    await gates.open(1);
    await failed;
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() maps an input that ends early, whether tasks succeed, fail, or the first is the slowest [TK-062]", () =>
  supervising(async () => {
    const before = Process.list().length;
    const four = () => [1, 2, 3, 4, 5, 6, 7, 8].values().take(4);
    for (const maxConcurrency of [1, 2, 4, 10]) {
      const options = { maxConcurrency };
      assertEquals(
        await Array.fromAsync(Task.asyncStream(four(), (n) => n, options)),
        oks(1, 2, 3, 4),
      );
      assertEquals<unknown>(
        await Array.fromAsync(Task.asyncStream(four(), fail, options)),
        [1, 2, 3, 4].map((n) => ["exit", n]),
      );
    }
    const gates = new Gates();
    const { results, end } = collect(Task.asyncStream(four(), gates.work, { maxConcurrency: 4 }));
    for (const item of [4, 3, 2, 1]) await gates.open(item);
    await end;
    assertEquals(results, oks(1, 2, 3, 4));
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() maps another stream of tasks, put together with others and left early [TK-062]", () =>
  supervising(async () => {
    const before = Process.list().length;
    const log: unknown[] = [];
    async function* concatenated(fun: (n: number) => number) {
      try {
        for (const items of [[1, 2, 3], [4, 5, 6]]) yield* Task.asyncStream(items, fun);
      } finally {
        log.push("closed");
      }
    }
    const outer = (fun: (n: number) => number) =>
      Task.asyncStream(concatenated(fun), ([tag, value]) => [tag, value] as const);
    assertEquals<unknown>(await take(outer((n) => n), 4), oks(...oks(1, 2, 3, 4)));
    assertEquals<unknown>(await take(outer(fail), 4), [1, 2, 3, 4].map((n) => ["ok", ["exit", n]]));
    assertEquals<unknown>(
      await Array.fromAsync(outer((n) => n)),
      oks(...oks(1, 2, 3, 4, 5, 6)),
    );
    await settled();
    assertEquals(log, ["closed", "closed", "closed"]);
    await assertNothingLeft(before);
  }));

Deno.test("Task.asyncStream() rejects with what its input throws, and stops the running tasks", () =>
  supervising(async () => {
    const before = Process.list().length;
    function* sync() {
      yield 1;
      throw new RangeError("no more");
    }
    async function* async() {
      await Promise.resolve();
      yield* sync();
    }
    for (const items of [sync, async]) {
      for (const maxConcurrency of [1, 4]) {
        const gates = new Gates();
        const { results, end } = collect(Task.asyncStream(items(), gates.work, { maxConcurrency }));
        const failed = assertRejects(() => end, RangeError, "no more");
        await settled();
        assertEquals(results, []);
        if (maxConcurrency === 1) await gates.open(1);
        await failed;
        // The failure comes when it is met, not when its turn would be.
        assertEquals(results, maxConcurrency === 1 ? oks(1) : []);
        await assertNothingLeft(before);
      }
    }
  }));

// --- Async inputs -------------------------------------------------------------------------------

/** An input that has items when it is given some. */
class Source implements AsyncIterator<number>, AsyncIterable<number> {
  readonly #asked: PromiseWithResolvers<IteratorResult<number>>[] = [];
  /** How often it was asked. */
  count = 0;
  isClosed = false;
  closing: () => Promise<unknown> = () => Promise.resolve();

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return this;
  }

  next(): Promise<IteratorResult<number>> {
    this.count++;
    const asked = Promise.withResolvers<IteratorResult<number>>();
    this.#asked.push(asked);
    return asked.promise;
  }

  async return(): Promise<IteratorResult<number>> {
    this.isClosed = true;
    await this.closing();
    return { done: true, value: undefined };
  }

  async give(value: number): Promise<void> {
    this.#asked.shift()!.resolve({ done: false, value });
    await settled();
  }

  async end(): Promise<void> {
    this.#asked.shift()!.resolve({ done: true, value: undefined });
    await settled();
  }

  async fail(error: Error): Promise<void> {
    this.#asked.shift()!.reject(error);
    await settled();
  }
}

Deno.test("Task.asyncStream() maps an async iterable, and gives results while it waits for an item", () =>
  supervising(async () => {
    const before = Process.list().length;
    for (const ordered of [true, false]) {
      const source = new Source();
      const { results, end } = collect(
        Task.asyncStream(source, (n) => n * 2, { maxConcurrency: 4, ordered }),
      );
      await settled();
      assertEquals(source.count, 1);
      await source.give(1);
      assertEquals([results, source.count], [oks(2), 2]);
      await source.give(2);
      await source.give(3);
      assertEquals([results, source.count], [oks(2, 4, 6), 4]);
      await source.end();
      await end;
      assertFalse(source.isClosed);
      await assertNothingLeft(before);
    }
  }));

Deno.test("Task.asyncStream() does not close an input that has failed", () =>
  supervising(async () => {
    const source = new Source();
    const { results, end } = collect(Task.asyncStream(source, (n) => n, { maxConcurrency: 4 }));
    const failed = assertRejects(() => end, RangeError, "no more");
    await settled();
    await source.give(1);
    await source.fail(new RangeError("no more"));
    await failed;
    assertEquals([results, source.isClosed], [oks(1), false]);

    let isClosed = false;
    const sync: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next() {
          throw new RangeError("no more");
        },
        return() {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await assertRejects(() => Array.fromAsync(Task.asyncStream(sync, fail)), RangeError, "no more");
    assertFalse(isClosed);
  }));

Deno.test("Task.asyncStream() asks an async iterable for one item at a time, and only when there is room for it", () =>
  supervising(async () => {
    const gates = new Gates();
    const source = new Source();
    const { results, end } = collect(Task.asyncStream(source, gates.work, { maxConcurrency: 2 }));
    await settled();
    await source.give(1);
    assertEquals(source.count, 2);
    await source.give(2);
    assertEquals([source.count, gates.atWork], [2, 2]);
    await gates.open(1);
    assertEquals([source.count, gates.atWork], [3, 1]);
    await source.give(3);
    for (const item of [2, 3]) await gates.open(item);
    await source.end();
    await end;
    assertEquals(results, oks(1, 2, 3));
  }));

Deno.test("Task.asyncStream() that is left early waits until an async iterable is closed", () =>
  supervising(async () => {
    const gate = Promise.withResolvers<void>();
    async function* items() {
      try {
        await Promise.resolve();
        yield 1;
        yield 2;
      } finally {
        await gate.promise;
        log.push("closed");
      }
    }
    const log: string[] = [];
    const taken = take(Task.asyncStream(items(), (n) => n, { maxConcurrency: 1 }), 1)
      .then(() => log.push("left"));
    await settled();
    assertEquals(log, []);
    gate.resolve();
    await taken;
    assertEquals(log, ["closed", "left"]);
  }));

Deno.test("Task.asyncStream() that is left early does not wait for an item that never comes", () =>
  supervising(async (reports) => {
    const before = Process.list().length;
    for (const how of ["fails", "comes"]) {
      const source = new Source();
      const stream = Task.asyncStream(source, (n) => n, { maxConcurrency: 4 });
      const taken = take(stream, 1);
      await settled();
      source.closing = () => Promise.reject(new RangeError("cannot close"));
      await source.give(1);
      assertEquals(await taken, oks(1));
      assert(source.isClosed);
      // Its later result is discarded; but a failure is reported.
      if (how === "fails") await source.fail(new TypeError("too late"));
      else await source.give(2);
      await assertNothingLeft(before);
    }
    assertEquals(
      reports.logged.map(({ kind, reason }) => [kind, String((reason as unknown[])[0])]),
      [
        ["uncaught", "RangeError: cannot close"],
        ["uncaught", "TypeError: too late"],
        ["uncaught", "RangeError: cannot close"],
      ],
    );
  }));

Deno.test("Task.asyncStream() that is left early rejects when its input fails to close, but what failed first counts", () =>
  supervising(async () => {
    const items = {
      *[Symbol.iterator]() {
        try {
          yield 1;
          yield 2;
        } finally {
          // deno-lint-ignore no-unsafe-finally -- that is the question
          throw new RangeError("cannot close");
        }
      },
    };
    const stream = Task.asyncStream(items, (n) => n, { maxConcurrency: 1 });
    await assertRejects(() => take(stream, 1), RangeError, "cannot close");
    const failing = Task.asyncStream(items, forever, { maxConcurrency: 1, timeout: 0 });
    assertEquals((await reasonOf(() => Array.fromAsync(failing)))[0], "timeout");
    await assertSilence();
  }));

Deno.test("Task.asyncStream() of an input that another of its tasks fills continues when that has exited", () =>
  supervising(async () => {
    // The task returns at the moment at which it is awaited.
    const task = spawn(() => receive());
    const stream = Task.asyncStream([task], async (pid) => {
      send(pid, "end");
      return await exitOf(pid);
    });
    assertEquals(await Array.fromAsync(stream), oks("normal"));
  }));
