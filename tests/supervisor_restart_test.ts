import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  GenServer,
  Global,
  noreply,
  ok,
  type Pid,
  Process,
  type Restart,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { assertSilence, exitOf, pass } from "./helpers.ts";
import { ENDS, ONE_FOR_ONE, RESTARTS, withScans } from "./fixtures/supervisors.ts";
import { announced, childOf, end, statesOf, supervising, worker } from "./fixtures/worker.ts";

/** Starts a supervisor of workers `"a"`, `"b"`, … with these kinds of restart; their announcements are taken. */
async function start(
  options: Partial<Supervisor.InitOptions>,
  ...restarts: Restart[]
): Promise<Pid> {
  const children = restarts.map((restart, i) => worker("abcdef"[i], {}, { restart }));
  const supervisor = unwrap(await Supervisor.startLink(children, { ...ONE_FOR_ONE, ...options }));
  await announced();
  return supervisor;
}

async function pidsOf(supervisor: Pid): Promise<unknown[]> {
  return (await Supervisor.whichChildren(supervisor)).map(([, child]) => child).reverse();
}

// --- Which ends are followed by a restart -------------------------------------------------------

const STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"] as const;
const ROWS = { permanent: "", transient: " [SU-045]", temporary: " [SU-046]" };

for (const strategy of STRATEGIES) {
  for (const restart of RESTARTS) {
    for (const [text, isOrderly, endIt] of ENDS) {
      const isRestarted = restart === "permanent" || (restart === "transient" && !isOrderly);
      const what = isRestarted ? "restarts" : restart === "transient" ? "keeps" : "forgets";
      Deno.test(`Supervisor ${strategy} ${what} a ${restart} child that exits ${text}${ROWS[restart]}`, () =>
        supervising(async () => {
          const supervisor = await start({ strategy }, "permanent", restart, "permanent");
          const before = await pidsOf(supervisor);
          endIt(before[1] as Pid);
          await announced();
          const after = await pidsOf(supervisor);
          const states = await statesOf(supervisor);
          if (isRestarted) {
            assertEquals(states, [["a", "up"], ["b", "up"], ["c", "up"]]);
            assertNotEquals(after[1], before[1]);
          } else if (restart === "transient") {
            assertEquals(states, [["a", "up"], ["b", undefined], ["c", "up"]]);
          } else {
            assertEquals(states, [["a", "up"], ["c", "up"]]);
          }
          const [first, last] = [after[0], after.at(-1)];
          assertEquals(first === before[0], !isRestarted || strategy !== "one_for_all");
          assertEquals(last === before[2], !isRestarted || strategy === "one_for_one");
          await assertSilence();
        }));
    }
  }
}

// --- Which children are restarted -----------------------------------------------------------------

Deno.test("Supervisor one_for_one restarts only the child that exited [SU-047]", () =>
  supervising(async () => {
    const supervisor = await start({}, "permanent", "permanent", "permanent");
    const [a, b, c] = await pidsOf(supervisor);
    end(b as Pid, "crash");
    assertEquals(await announced(), [["end", "b", "crash"], ["start", "b"]]);
    const [a2, b2, c2] = await pidsOf(supervisor);
    assertEquals([a2, c2], [a, c]);
    assertNotEquals(b2, b);
  }));

Deno.test("Supervisor one_for_all stops the siblings, last first, and starts all, first first [SU-048]", () =>
  supervising(async () => {
    const supervisor = await start(
      { strategy: "one_for_all" },
      "permanent",
      "permanent",
      "permanent",
    );
    const before = await pidsOf(supervisor);
    end(before[1] as Pid, "crash");
    assertEquals(await announced(), [
      ["end", "b", "crash"],
      ["end", "c", "shutdown"],
      ["end", "a", "shutdown"],
      ["start", "a"],
      ["start", "b"],
      ["start", "c"],
    ]);
    const after = await pidsOf(supervisor);
    assertEquals(after.filter((pid) => before.includes(pid)), []);
    assertEquals(await statesOf(supervisor), [["a", "up"], ["b", "up"], ["c", "up"]]);
  }));

Deno.test("Supervisor rest_for_one restarts the child that exited and those after it [SU-049]", () =>
  supervising(async () => {
    const supervisor = await start(
      { strategy: "rest_for_one" },
      "permanent",
      "permanent",
      "permanent",
      "permanent",
    );
    const [a, b] = await pidsOf(supervisor);
    end(b as Pid, "crash");
    assertEquals(await announced(), [
      ["end", "b", "crash"],
      ["end", "d", "shutdown"],
      ["end", "c", "shutdown"],
      ["start", "b"],
      ["start", "c"],
      ["start", "d"],
    ]);
    assertEquals((await pidsOf(supervisor))[0], a);
    assertEquals((await Supervisor.whichChildren(supervisor)).map(([id]) => id), [
      "d",
      "c",
      "b",
      "a",
    ]);
    // The first one restarts all others, the last one none.
    end(await childOf(supervisor, "a"), "crash");
    assertEquals((await announced()).length, 8);
    end(await childOf(supervisor, "d"), "crash");
    assertEquals(await announced(), [["end", "d", "crash"], ["start", "d"]]);
  }));

Deno.test("Supervisor does not restart a temporary sibling that it had to stop [SU-051]", () =>
  supervising(async () => {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      const supervisor = await start({ strategy }, "permanent", "temporary");
      end(await childOf(supervisor, "a"), "crash");
      assertEquals(await announced(), [
        ["end", "a", "crash"],
        ["end", "b", "shutdown"],
        ["start", "a"],
      ]);
      assertEquals(await statesOf(supervisor), [["a", "up"]]);
    }
  }));

Deno.test("Supervisor one_for_all also starts children that had been stopped", () =>
  supervising(async () => {
    const supervisor = await start(
      { strategy: "one_for_all" },
      "permanent",
      "transient",
      "permanent",
    );
    await Supervisor.terminateChild(supervisor, "c");
    end(await childOf(supervisor, "b"), "normal");
    await announced();
    end(await childOf(supervisor, "a"), "crash");
    assertEquals(await announced(), [
      ["end", "a", "crash"],
      ["start", "a"],
      ["start", "b"],
      ["start", "c"],
    ]);
  }));

Deno.test("Supervisor handles siblings that exit together one after another, and loses none", () =>
  supervising(async () => {
    for (const strategy of STRATEGIES) {
      const supervisor = await start({ strategy }, "permanent", "permanent", "permanent");
      for (const pid of await pidsOf(supervisor)) Process.exit(pid as Pid, "kill");
      await announced();
      assertEquals(await statesOf(supervisor), [["a", "up"], ["b", "up"], ["c", "up"]]);
    }
  }));

Deno.test("Supervisor restarts a named child, which is found by its name again [SU-007]", () =>
  supervising(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([worker("a", { name: "a name" })], ONE_FOR_ONE),
    );
    const before = Process.whereis("a name")!;
    assertEquals(await GenServer.stop("a name"), "ok");
    const after = await childOf(supervisor, "a");
    assertNotEquals(after, before);
    assertEquals(Process.whereis("a name"), after);
    assertEquals(await GenServer.call("a name", "id"), "a");
  }));

Deno.test("Supervisor and children with global names come back under these names [SU-093]", () =>
  supervising(async () => {
    const [outerName, innerName, childName] = ["outer", "inner", ["child", 1]]
      .map((name) => ["global", name] as const);
    const child = worker("child", { name: childName! }, { restart: "permanent" });
    const inner = {
      id: "inner",
      start: [Supervisor, "startLink", [[child], { ...ONE_FOR_ONE, name: innerName }]],
      type: "supervisor",
    } as const;
    await Supervisor.startLink([inner], { ...ONE_FOR_ONE, name: outerName! });
    const pids = (): Pid[] =>
      [innerName, childName].map((name) => Global.whereisName(name![1]) as Pid);
    const seen = new Set(pids());

    Process.exit(pids()[0]!, "kill");
    await announced();
    assertEquals(pids().filter((pid) => seen.has(pid) || !Process.isAlive(pid)), []);
    for (
      const endIt of [
        (pid: Pid) => Process.exit(pid, "kill"),
        (pid: Pid) => end(pid, "normal"),
      ]
    ) {
      const [supervisor, worker] = pids();
      endIt(worker!);
      await announced();
      assertEquals(pids()[0], supervisor);
      assertNotEquals(pids()[1], worker);
    }
    const [, worker1] = pids();
    await Supervisor.terminateChild(innerName!, "child");
    assertEquals(Global.whereisName(childName![1]), undefined);
    await Supervisor.restartChild(innerName!, "child");
    assertNotEquals(pids()[1], worker1);
    await Supervisor.terminateChild(outerName!, "inner");
    assertEquals(pids(), [undefined, undefined] as never);
    await Supervisor.restartChild(outerName!, "inner");
    assertEquals(await childOf(innerName!, "child"), pids()[1]);
  }));

// --- How often ----------------------------------------------------------------------------------

Deno.test("Supervisor stops all children, last first, and exits with shutdown after too many restarts [SU-053]", () =>
  supervising(async () => {
    for (const strategy of STRATEGIES) {
      const supervisor = await start({ strategy, maxRestarts: 1 }, "permanent", "permanent");
      end(await childOf(supervisor, "b"), "crash");
      await announced();
      const [a, b] = await pidsOf(supervisor) as Pid[];
      end(b!, "crash");
      assertEquals(await announced(), [
        ["end", "b", "crash"],
        ["end", "a", "shutdown"],
        ["EXIT", supervisor, "shutdown"],
      ]);
      assertEquals([a, b, supervisor].map((pid) => Process.isAlive(pid!)), [false, false, false]);
    }
  }));

Deno.test("Supervisor tolerates maxRestarts restarts, and exits at the next: three by default [SU-054]", async () => {
  using _time = new FakeTime();
  await supervising(async () => {
    for (const [options, bearable] of [[{}, 3], [{ maxRestarts: 1 }, 1], [{ maxRestarts: 5 }, 5]]) {
      const supervisor = await start(options as object, "permanent");
      for (let i = 0; i < (bearable as number); i++) {
        end(await childOf(supervisor, "a"), "crash");
        assertEquals(await announced(), [["end", "a", "crash"], ["start", "a"]]);
      }
      end(await childOf(supervisor, "a"), "crash");
      assertEquals(await announced(), [["end", "a", "crash"], ["EXIT", supervisor, "shutdown"]]);
    }
  });
});

Deno.test("Supervisor exits with the first restart when none is allowed [SU-055]", () =>
  supervising(async () => {
    const supervisor = await start({ maxRestarts: 0 }, "temporary", "transient", "permanent");
    end(await childOf(supervisor, "a"), "crash");
    end(await childOf(supervisor, "b"), "normal");
    assertEquals(await announced(), [["end", "a", "crash"], ["end", "b", "normal"]]);
    end(await childOf(supervisor, "c"), "normal");
    assertEquals(await announced(), [["end", "c", "normal"], ["EXIT", supervisor, "shutdown"]]);
  }));

Deno.test("Supervisor forgets restarts that are older than the period [SU-056]", async () => {
  using time = new FakeTime();
  await supervising(async () => {
    const supervisor = await start({ maxRestarts: 1, maxSeconds: 2 }, "permanent");
    const crash = async () => {
      end(await childOf(supervisor, "a"), "crash");
      return await announced();
    };
    for (let i = 0; i < 5; i++) {
      assertEquals(await crash(), [["end", "a", "crash"], ["start", "a"]]);
      await pass(time, 3000); // more than two whole seconds later
    }
    await crash();
    await pass(time, 2000); // exactly two: the last restart still counts
    assertEquals(await crash(), [["end", "a", "crash"], ["EXIT", supervisor, "shutdown"]]);
  });
});

Deno.test("Supervisor counts the restarts of all its children together", () =>
  supervising(async () => {
    const supervisor = await start({ maxRestarts: 2 }, "permanent", "permanent", "permanent");
    for (const id of ["a", "b"]) {
      end(await childOf(supervisor, id), "crash");
      await announced();
    }
    end(await childOf(supervisor, "c"), "crash");
    assertEquals((await announced()).at(-1), ["EXIT", supervisor, "shutdown"]);
  }));

Deno.test("Supervisor counts a crash in handleContinue like any other exit [SU-095]", () =>
  supervising(async () => {
    let starts = 0;
    const Continuing = {
      startLink: () => GenServer.startLink(Continuing, undefined),
      init: () => (starts++, ok(0, ["continue", "now"])),
      handleContinue: (): never => {
        throw new Error("not now");
      },
      handleInfo: () => noreply(0),
    };
    const child = { id: "c", start: [Continuing, "startLink", []] } as const;
    const supervisor = unwrap(await Supervisor.startLink([child], ONE_FOR_ONE));
    assertEquals(await exitOf(supervisor), "shutdown");
    assertEquals(starts, 4);
  }));

Deno.test("Supervisor escalates its exit: its own supervisor restarts it with its children", () =>
  supervising(async () => {
    const leaves = [worker("x"), worker("y")];
    const inner = {
      id: "inner",
      start: [Supervisor, "startLink", [leaves, { ...ONE_FOR_ONE, maxRestarts: 0, name: "inner" }]],
      type: "supervisor",
    } as const;
    const outer = unwrap(await Supervisor.startLink([inner, worker("z")], ONE_FOR_ONE));
    await announced();
    end(await childOf("inner", "y"), "crash");
    assertEquals(await announced(), [
      ["end", "y", "crash"],
      ["end", "x", "shutdown"],
      ["start", "x"],
      ["start", "y"],
    ]);
    assertEquals(await statesOf(outer), [["inner", "up"], ["z", "up"]]);
  }));

// --- Restarts that fail -------------------------------------------------------------------------

Deno.test("Supervisor tries again when a restart fails, and each attempt counts", () =>
  supervising(async () => {
    for (const [failures, survives] of [[2, true], [3, false]] as const) {
      const answer = (attempt: number) =>
        attempt > 1 && attempt <= 1 + failures ? ["error", "not yet"] : undefined;
      const supervisor = unwrap(await Supervisor.startLink([worker("a", { answer })], ONE_FOR_ONE));
      end(await childOf(supervisor, "a"), "crash");
      assertEquals(await announced(), [
        ["start", "a"],
        ["end", "a", "crash"],
        survives ? ["start", "a"] : ["EXIT", supervisor, "shutdown"],
      ]);
    }
  }));

Deno.test("Supervisor tries again after any failure of a start: error, exit, throw, garbage", () =>
  supervising(async () => {
    const failures = [
      () => ["error", "cannot"],
      () => Promise.reject(new Error("boom")),
      () => {
        throw new Error("boom");
      },
      () => "garbage",
    ];
    for (const failure of failures) {
      const answer = (attempt: number) => attempt === 2 ? failure() : undefined;
      const supervisor = unwrap(await Supervisor.startLink([worker("a", { answer })], ONE_FOR_ONE));
      end(await childOf(supervisor, "a"), "crash");
      assertEquals(await announced(), [["start", "a"], ["end", "a", "crash"], ["start", "a"]]);
    }
  }));

Deno.test("Supervisor keeps a child whose restart returns ignore [SU-065]", () =>
  supervising(async () => {
    for (const strategy of STRATEGIES) {
      let attempts = 0;
      const answer = (attempt: number) => (attempts = attempt) > 1 ? "ignore" : undefined;
      const supervisor = unwrap(
        await Supervisor.startLink([worker("a", { answer }), worker("b")], { strategy }),
      );
      end(await childOf(supervisor, "a"), "crash");
      await announced();
      assertEquals(await statesOf(supervisor), [["a", undefined], ["b", "up"]]);
      assertEquals(attempts, 2);
      await assertSilence();
    }
  }));

/** Has `crashing` end among the children `ids`, of which `failing` fails to start once: what is heard of that. */
async function restartWithFailure(
  strategy: Supervisor.Strategy,
  ids: string,
  crashing: string,
  failing: string,
): Promise<unknown[]> {
  const answer = (attempt: number) => attempt === 2 ? ["error", "not yet"] : undefined;
  const children = [...ids].map((id) => worker(id, id === failing ? { answer } : {}));
  const supervisor = unwrap(await Supervisor.startLink(children, { strategy }));
  await announced();
  end(await childOf(supervisor, crashing), "crash");
  return await announced();
}

Deno.test("Supervisor rest_for_one goes on from the child that failed when it tries again [SU-064]", () =>
  supervising(async () => {
    // b is not restarted a second time.
    assertEquals(await restartWithFailure("rest_for_one", "abcd", "b", "c"), [
      ["end", "b", "crash"],
      ["end", "d", "shutdown"],
      ["end", "c", "shutdown"],
      ["start", "b"],
      ["start", "c"],
      ["start", "d"],
    ]);
  }));

Deno.test("Supervisor one_for_all restarts all when one fails", () =>
  supervising(async () => {
    assertEquals(await restartWithFailure("one_for_all", "abc", "c", "b"), [
      ["end", "c", "crash"],
      ["end", "b", "shutdown"],
      ["end", "a", "shutdown"],
      ["start", "a"],
      ["end", "a", "shutdown"],
      ["start", "a"],
      ["start", "b"],
      ["start", "c"],
    ]);
  }));

Deno.test("Supervisor replies to calls between two attempts, and waits while a child starts", () =>
  supervising(async () => {
    let finish: (() => void) | undefined;
    const init = () => new Promise<void>((resolve) => finish = resolve);
    const started = Supervisor.startLink([worker("a", { init })], ONE_FOR_ONE);
    await announced();
    finish!();
    const supervisor = unwrap(await started);
    end(await childOf(supervisor, "a"), "crash");
    await announced();
    // It hangs in init now: the supervisor replies when that is over.
    let isAnswered = false;
    const asked = statesOf(supervisor).then((states) => (isAnswered = true, states));
    await announced();
    assertEquals(isAnswered, false);
    finish!();
    assertEquals(await asked, [["a", "up"]]);
  }));

Deno.test("Supervisor that waits for a start can be killed, and the child exits with it", () =>
  supervising(async () => {
    let child: Pid | undefined;
    const init = () => {
      child = Process.list().at(-1);
      return Process.sleep(Infinity);
    };
    const started = Supervisor.startLink([worker("a"), worker("b", { init, trap: false })], {
      ...ONE_FOR_ONE,
      name: "waiting",
    });
    await announced();
    Process.exit(Process.whereis("waiting")!, "kill");
    const result = await started;
    assertEquals(result, ["error", "killed"]);
    await announced();
    assertEquals(Process.isAlive(child!), false);
  }));

// --- Costs --------------------------------------------------------------------------------------

/** Counts what a supervisor of `n` children does: messages handled, and messages in mailboxes looked at. */
function costOf(
  strategy: Supervisor.Strategy,
  n: number,
  act: (supervisor: Pid) => Promise<unknown>,
): Promise<{ handled: number; scanned: number }> {
  return withScans(async () => {
    const children = Array.from({ length: n }, (_, i) => worker(["child", i], { trap: false }));
    const supervisor = unwrap(
      await Supervisor.startLink(children, { strategy, maxRestarts: 2 * n }),
    );
    await act(supervisor);
    const counted = await Supervisor.countChildren(supervisor);
    assertEquals(counted, { specs: n, active: n, supervisors: 0, workers: n });
    const handled = Process.info(supervisor, "reductions")![1];
    assertEquals(await Supervisor.stop(supervisor), "ok");
    await announced();
    return handled;
  });
}

Deno.test("Supervisor starts, restarts and stops 10,000 children with work in proportion [SU-092]", () =>
  supervising(async () => {
    const killAll = async (supervisor: Pid) => {
      const children = await Supervisor.whichChildren(supervisor);
      for (const [, child] of children) Process.exit(child as Pid, "kill");
      await announced();
    };
    const killOne = async (supervisor: Pid) => {
      Process.exit(
        await childOf(supervisor, (await Supervisor.whichChildren(supervisor))[0]![0]),
        "kill",
      );
      await announced();
    };
    for (const [strategy, act] of [["one_for_one", killAll], ["one_for_all", killOne]] as const) {
      const small = await costOf(strategy, 1000, act);
      const large = await costOf(strategy, 10_000, act);
      assert(large.handled <= 10 * small.handled + 100, `${large.handled} messages`);
      assert(large.scanned <= 10 * small.scanned + 100, `${large.scanned} messages looked at`);
    }
    // All die at once, and the supervisor has to stop all the same: it looks through its mail once.
    const all = await costOf("one_for_all", 2000, killAll);
    assert(all.scanned <= 2 * 2000, `${all.scanned} messages looked at`);
  }));

Deno.test("Supervisor restarts one child of many without looking at the others", () =>
  supervising(async () => {
    const asked: unknown[] = [];
    const children = Array.from({ length: 100 }, (_, i) => {
      const answer = () => void asked.push(i);
      return worker(i, { answer, trap: false });
    });
    const supervisor = unwrap(await Supervisor.startLink(children, ONE_FOR_ONE));
    const handled = () => Process.info(supervisor, "reductions")![1];
    const pid = await childOf(supervisor, 50);
    await announced();
    asked.length = 0;
    const before = handled();
    Process.exit(pid, "kill");
    assertEquals(await announced(), [["start", 50]]);
    assertEquals([asked, handled() - before], [[50], 1]);
  }));

// --- Whatever happens ---------------------------------------------------------------------------

Deno.test("Supervisor runs exactly the children that it lists, one process each, whatever happens", () =>
  supervising(async () => {
    const restart = fc.constantFrom(...RESTARTS);
    const reason = fc.constantFrom("normal", "shutdown", "crash", "kill");
    const id = fc.nat(5);
    const step = fc.oneof(
      fc.record({ do: fc.constant("end" as const), id, reason }),
      fc.record({ do: fc.constant("start" as const), id, restart }),
      fc.record({ do: fc.constantFrom("terminate" as const, "restart", "delete"), id }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...STRATEGIES),
        fc.array(restart, { minLength: 1, maxLength: 5 }),
        fc.array(step, { maxLength: 15 }),
        async (strategy, restarts, steps) => {
          const supervisor = await start({ strategy, maxRestarts: 1000 }, ...restarts);
          const living = new Map<unknown, number>();
          for (const [i] of restarts.entries()) living.set("abcdef"[i], 1);
          for (const each of steps) {
            const name = "abcdef"[each.id];
            const child = (await Supervisor.whichChildren(supervisor)).find(([id]) => id === name);
            switch (each.do) {
              case "end":
                if (child?.[1] === undefined) break;
                if (each.reason === "kill") {
                  Process.exit(child[1] as Pid, "kill");
                  living.set(name, living.get(name)! - 1);
                } else end(child[1] as Pid, each.reason);
                break;
              case "start":
                await Supervisor.startChild(
                  supervisor,
                  worker(name, {}, { restart: each.restart }),
                );
                break;
              case "terminate":
                await Supervisor.terminateChild(supervisor, name);
                break;
              case "restart":
                await Supervisor.restartChild(supervisor, name);
                break;
              case "delete":
                await Supervisor.deleteChild(supervisor, name);
            }
            for (const [what, who] of await announced() as [string, unknown][]) {
              living.set(who, (living.get(who) ?? 0) + (what === "start" ? 1 : -1));
            }
            // Exactly those run that are listed, one process each.
            const states = await statesOf(supervisor);
            for (const [id, count] of living) {
              const state = states.find(([each]) => each === id)?.[1];
              assertEquals(count, state === "up" ? 1 : 0);
            }
            assertEquals((await Supervisor.countChildren(supervisor)).specs, states.length);
          }
          await Supervisor.stop(supervisor);
          await announced();
        },
      ),
      { numRuns: 60 },
    );
  }));
