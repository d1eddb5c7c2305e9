import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type ChildSpec,
  DynamicSupervisor,
  Exit,
  exit,
  type GenServer,
  type Name,
  PartitionSupervisor,
  type Pid,
  Process,
  self,
  spawnLink,
  Supervisor,
  TaskSupervisor,
  unwrap,
} from "../mod.ts";
import { exitOf, pass, settled } from "./helpers.ts";
import {
  type Failure,
  FAILURES,
  isSilent,
  never,
  reasonOfFailure,
  unreliable,
} from "./fixtures/unreliable.ts";
import { errorsIn, ONE_FOR_ONE } from "./fixtures/supervisors.ts";
import { announced, childOf, end, statesOf, supervising, worker } from "./fixtures/worker.ts";

// A child that never finishes its init or its terminate, that throws in either, or whose registry hangs:
// the supervisor, of whatever kind, stays in command within its limits.

type Started = readonly ["ok", Pid] | readonly ["error", unknown];

/** A kind of supervisor. */
interface Kind {
  readonly name: string;
  /** Starts a supervisor with one child. An error is that of the child. */
  readonly start: (child: ChildSpec) => Promise<Started>;
}

const KINDS: readonly Kind[] = [
  {
    name: "Supervisor",
    start: async (child) => childError(await Supervisor.startLink([child], ONE_FOR_ONE), child.id),
  },
  {
    name: "DynamicSupervisor",
    async start(child) {
      const supervisor = unwrap(await DynamicSupervisor.startLink());
      const started = await DynamicSupervisor.startChild(supervisor, child);
      return started[0] === "ok" ? ["ok", supervisor] : started as Started;
    },
  },
  {
    name: "PartitionSupervisor",
    start: async (childSpec) =>
      childError(
        await PartitionSupervisor.startLink({ name: "partitions", partitions: 1, childSpec }),
        0,
      ),
  },
];

/** Takes the error of a child out of that of its supervisor. */
function childError(result: unknown, id: unknown): Started {
  const started = result as Started;
  if (started[0] === "ok") return started;
  const [shutdown, [failed, which, reason]] = started[1] as [string, [string, unknown, unknown]];
  assertEquals([shutdown, failed, which], ["shutdown", "failed_to_start_child", id]);
  return ["error", reason];
}

/** The one child of a supervisor of any kind. */
async function onlyChild(supervisor: Pid): Promise<unknown> {
  return (await Supervisor.whichChildren(supervisor))[0]![1];
}

/** An `init` that does `act` at one attempt (1, 2, …) and a number of those after it. The process of each is kept. */
function troubled(act: () => unknown, from: number, times = 1) {
  const pids: Pid[] = [];
  const init = () => {
    pids.push(self());
    return pids.length >= from && pids.length < from + times ? act() : undefined;
  };
  return { init, pids };
}

const MESSAGE = "out of range";

function boom(): never {
  throw new RangeError(MESSAGE);
}

/** Asserts that a reason is that of {@linkcode boom}. */
function assertBoom(reason: unknown): void {
  assert(Array.isArray(reason) && reason[0] instanceof RangeError);
  assertEquals([reason[0].message, typeof reason[1]], [MESSAGE, "string"]);
}

for (const { name, start } of KINDS) {
  // --- init --------------------------------------------------------------------------------------

  Deno.test(`${name} returns why a child did not start that is killed while its init hangs`, () =>
    supervising(async () => {
      const { init, pids } = troubled(never, 1);
      const started = start(worker("a", { init }));
      assertEquals(await announced(), [["start", "a"]]);
      Process.exit(pids[0]!, "kill");
      assertEquals(await started, ["error", "killed"]);
    }));

  Deno.test(`${name} returns timeout when the init of a child takes longer than its start may`, async () => {
    using time = new FakeTime();
    await supervising(async () => {
      const { init, pids } = troubled(never, 1);
      const started = start(worker("a", { init, timeout: 100 }));
      await pass(time, 99);
      assertEquals(Process.isAlive(pids[0]!), true);
      await pass(time, 1);
      assertEquals(await started, ["error", "timeout"]);
      assertEquals(Process.isAlive(pids[0]!), false);
    });
  });

  for (const reason of ["killed", "timeout"]) {
    Deno.test(`${name} tries again when a restart fails with "${reason}" because init hangs`, async () => {
      using time = new FakeTime();
      await supervising(async (reports) => {
        const { init, pids } = troubled(never, 2);
        const timeout = reason === "timeout" ? 100 : Infinity;
        const supervisor = unwrap(await start(worker("a", { init, timeout })));
        end(pids[0]!, "crash");
        await announced();
        let isAnswered = false;
        const asked = onlyChild(supervisor).then((child) => (isAnswered = true, child));
        await settled();
        assertEquals([pids.length, isAnswered], [2, false]);
        if (reason === "timeout") await pass(time, 100);
        else Process.exit(pids[1]!, "kill");
        assertEquals(await asked, "restarting");
        assertEquals(await announced(), [["start", "a"]]);
        assertEquals(await onlyChild(supervisor), pids[2]);
        assertEquals(errorsIn(reports), [["child_terminated", "crash"], ["start_error", reason]]);
      });
    });
  }

  Deno.test(`${name} that waits for an init that hangs is killed by its own supervisor, and the child with it`, async () => {
    using time = new FakeTime();
    await supervising(async (reports) => {
      for (const shutdown of [200, undefined]) {
        const { init, pids } = troubled(never, 2);
        const child = worker("a", { init, trap: false });
        const outer = unwrap(
          await Supervisor.startLink([{
            id: "inner",
            start: () => start(child),
            type: "supervisor",
            restart: "transient",
            ...(shutdown !== undefined && { shutdown }),
          }, worker("b")], ONE_FOR_ONE),
        );
        const inner = await childOf(outer, "inner");
        Process.exit(pids[0]!, "kill");
        await announced();
        assertEquals(pids.length, 2);
        reports.all.length = 0;
        const terminated = Supervisor.terminateChild(outer, "inner");
        await pass(time, shutdown === undefined ? 1e6 : shutdown - 1);
        assertEquals([inner, pids[1]!].map(Process.isAlive), [true, true]);
        // What is to have all the time there is can still be killed from outside.
        if (shutdown === undefined) Process.exit(inner, "kill");
        else await pass(time, 1);
        assertEquals(await terminated, "ok");
        await settled();
        assertEquals([inner, pids[1]!].map(Process.isAlive), [false, false]);
        assertEquals(errorsIn(reports), [["shutdown_error", "killed"]]);
        assertEquals(await statesOf(outer), [["inner", undefined], ["b", "up"]]);
      }
    });
  });

  Deno.test(`${name} returns the reason of a child whose init throws, at once and later`, () =>
    supervising(async () => {
      const bye = () => Promise.reject(exit("bye"));
      assertEquals(await start(worker("a", { init: bye })), ["error", "bye"]);
      const [tag, reason] = await start(worker("a", { init: boom }));
      assertEquals(tag, "error");
      assertBoom(reason);
      assertEquals((await announced()).filter((each) => (each as unknown[])[0] !== "EXIT"), [
        ["start", "a"],
        ["start", "a"],
      ]);
    }));

  Deno.test(`${name} tries again when init throws in a restart, and exits if that does not help`, () =>
    supervising(async (reports) => {
      const { init, pids } = troubled(boom, 2);
      const supervisor = unwrap(await start(worker("a", { init })));
      end(pids[0]!, "crash");
      await announced();
      assertEquals(await onlyChild(supervisor), pids[2]);
      const [terminated, failed, ...more] = errorsIn(reports);
      assertEquals([terminated, failed![0], more], [
        ["child_terminated", "crash"],
        "start_error",
        [],
      ]);
      assertBoom(failed![1]);
      await Supervisor.stop(supervisor);

      const endless = troubled(boom, 2, Infinity);
      const other = unwrap(await start(worker("a", { init: endless.init })));
      const ended = exitOf(other);
      end(endless.pids[0]!, "crash");
      assertEquals(await ended, "shutdown");
      assertEquals(endless.pids.length, 1 + 3);
      assertEquals(errorsIn(reports).at(-1), ["shutdown", "reached_max_restart_intensity"]);
    }));

  // --- terminate ---------------------------------------------------------------------------------

  for (const shutdown of [100, "brutal_kill", "infinity"] as const) {
    Deno.test(`${name} kills a child that hangs in terminate as its shutdown says: ${shutdown}`, async () => {
      using time = new FakeTime();
      await supervising(async (reports) => {
        let calls = 0;
        const terminate = () => (calls++, never());
        const supervisor = unwrap(await start(worker("a", { terminate }, { shutdown })));
        const child = await onlyChild(supervisor) as Pid;
        const ended = exitOf(child);
        const stopped = Supervisor.stop(supervisor);
        if (shutdown !== "brutal_kill") {
          await pass(time, shutdown === 100 ? 99 : 1e6);
          assertEquals([supervisor, child].map(Process.isAlive), [true, true]);
          if (shutdown === 100) await pass(time, 1);
          else Process.exit(child, "kill");
        }
        assertEquals(await ended, "killed");
        assertEquals(await stopped, "ok");
        assertEquals(calls, shutdown === "brutal_kill" ? 0 : 1);
        const isAsked = shutdown === "brutal_kill";
        assertEquals(errorsIn(reports), isAsked ? [] : [["shutdown_error", "killed"]]);
      });
    });
  }

  Deno.test(`${name} reports a child that throws in terminate, and goes on with what it was about`, () =>
    supervising(async (reports) => {
      const supervisor = unwrap(await start(worker("a", { terminate: boom })));
      const first = await onlyChild(supervisor) as Pid;
      end(first, "crash");
      await announced();
      const second = await onlyChild(supervisor) as Pid;
      assert(second !== first && Process.isAlive(second));
      assertEquals(await Supervisor.stop(supervisor), "ok");
      assertEquals(Process.isAlive(second), false);
      const errors = errorsIn(reports);
      assertEquals(errors.map(([context]) => context), ["child_terminated", "shutdown_error"]);
      for (const [, reason] of errors) assertBoom(reason);
    }));

  // --- The registry of a child -------------------------------------------------------------------

  for (const failure of Object.keys(FAILURES) as Failure[]) {
    Deno.test(`${name} gives a child up when registerName of its registry ${failure}, and tries a restart again`, async () => {
      using time = new FakeTime();
      await supervising(async (reports) => {
        const registry = unreliable("registerName", failure, 1);
        const child = worker("a", { name: ["via", registry, "key"] });
        const reason = reasonOfFailure("registerName", failure, ["key"]);
        const started = start(child);
        if (isSilent(failure)) await assertPending(started, time, 5000);
        assertEquals(await started, ["error", reason]);

        const supervisor = unwrap(await start(child));
        await announced();
        reports.all.length = 0;
        registry.failures = 1;
        Process.exit(await onlyChild(supervisor) as Pid, "kill");
        if (isSilent(failure)) await assertPending(onlyChild(supervisor), time, 5000);
        assertEquals(await announced(), [["start", "a"]]);
        assertEquals(registry.whereisName("key"), await onlyChild(supervisor) as Pid);
        assertEquals(errorsIn(reports), [["child_terminated", "killed"], ["start_error", reason]]);
      });
    });

    Deno.test(`${name} gives a child up whose name is taken when whereisName of its registry ${failure}`, async () => {
      using time = new FakeTime();
      await supervising(async () => {
        const registry = unreliable("whereisName", failure);
        registry.registerName("key", spawnLink(never));
        registry.failures = 1;
        const started = start(worker("a", { name: ["via", registry, "key"] }));
        if (isSilent(failure)) await assertPending(started, time, 5000);
        const reason = reasonOfFailure("whereisName", failure, ["key"]);
        assertEquals(await started, ["error", reason]);
      });
    });

    for (const operation of ["whereisName", "unregisterName"] as const) {
      Deno.test(`${name} is notified of a child whose init throws, and tries again, when ${operation} of its registry ${failure}`, async () => {
        using time = new FakeTime();
        await supervising(async (reports) => {
          const registry = unreliable(operation, failure);
          const { init } = troubled(() => {
            registry.failures = 1;
            throw exit("no");
          }, 2);
          const child = worker("a", { init, name: ["via", registry, "key"] });
          const supervisor = unwrap(await start(child));
          Process.exit(await onlyChild(supervisor) as Pid, "kill");
          if (isSilent(failure)) await assertPending(onlyChild(supervisor), time, 5000);
          await announced();
          assertEquals(registry.whereisName("key"), await onlyChild(supervisor) as Pid);
          assertEquals(errorsIn(reports), [["child_terminated", "killed"], ["start_error", "no"]]);
        });
      });
    }
  }
}

/** Asserts that a promise is settled after a time in ms, and not before; what is too late may come then. */
async function assertPending(promise: Promise<unknown>, time: FakeTime, ms: number): Promise<void> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  await pass(time, ms - 1);
  assertEquals(isSettled, false);
  await pass(time, 1);
  assertEquals(isSettled, true);
  await pass(time, ms);
}

Deno.test("Supervisor one_for_all starts all again when siblings hang or throw in terminate", async () => {
  using time = new FakeTime();
  await supervising(async (reports) => {
    const children = [
      worker("throwing", { terminate: boom }),
      worker("hanging", { terminate: never }, { shutdown: 100 }),
      worker("crashing"),
    ];
    const supervisor = unwrap(await Supervisor.startLink(children, { strategy: "one_for_all" }));
    await announced();
    end(await childOf(supervisor, "crashing"), "crash");
    await pass(time, 99);
    assertEquals(await announced(), [["end", "crashing", "crash"]]);
    await pass(time, 1);
    assertEquals(await announced(), [
      ["start", "throwing"],
      ["start", "hanging"],
      ["start", "crashing"],
    ]);
    const [crashed, killed, thrown] = errorsIn(reports);
    assertEquals([crashed, killed, thrown![0]], [
      ["child_terminated", "crash"],
      ["shutdown_error", "killed"],
      "shutdown_error",
    ]);
    assertBoom(thrown![1]);
  });
});

// --- The registry of the supervisor itself ------------------------------------------------------

/** How supervisors of all kinds are started under a name. */
const NAMED: readonly [kind: string, start: (name: Name) => Promise<GenServer.StartResult>][] = [
  ["Supervisor", (name) => Supervisor.startLink([worker("a")], { ...ONE_FOR_ONE, name })],
  ["DynamicSupervisor", (name) => DynamicSupervisor.startLink({ name })],
  [
    "PartitionSupervisor",
    (name) => PartitionSupervisor.startLink({ name, partitions: 1, childSpec: worker("a") }),
  ],
  ["TaskSupervisor", (name) => TaskSupervisor.startLink({ name })],
];

for (const [kind, start] of NAMED) {
  for (const failure of Object.keys(FAILURES) as Failure[]) {
    Deno.test(`${kind}.startLink() returns an error when registerName or whereisName of the registry ${failure}`, async () => {
      using time = new FakeTime();
      await supervising(async () => {
        for (const operation of ["registerName", "whereisName"] as const) {
          const registry = unreliable(operation, failure);
          if (operation === "whereisName") registry.registerName("key", spawnLink(never));
          registry.failures = 1;
          const started = start(["via", registry, "key"]);
          if (isSilent(failure)) await assertPending(started, time, 5000);
          assertEquals(await started, [
            "error",
            reasonOfFailure(operation, failure, ["key"]),
          ]);
          assertEquals(registry.failures, 0);
          // Nothing was started except the process that tried.
          const [signal, ...more] = await announced();
          assertEquals([(signal as unknown[])[0], more], ["EXIT", []]);
        }
      });
    });

    Deno.test(`${kind} can be asked and stopped by its pid when whereisName of its registry ${failure}`, async () => {
      using time = new FakeTime();
      await supervising(async () => {
        const registry = unreliable("whereisName", failure);
        const name = ["via", registry, "key"] as const;
        const supervisor = unwrap(await start(name));
        registry.failures = 1;
        const asked = assertRejects(() => Supervisor.countChildren(name), Exit);
        if (isSilent(failure)) await assertPending(asked, time, 5000);
        const { reason } = await asked;
        // What the registry throws is passed on; that it is silent, the call reports.
        const call = ["GenServer", "call", [name, "count_children", Infinity]];
        assertEquals(reason, isSilent(failure) ? ["timeout", call] : "down");
        const counts = await Supervisor.countChildren(supervisor);
        assertEquals(await Supervisor.countChildren(name), counts);
        registry.failures = 1;
        assertEquals(await Supervisor.stop(supervisor), "ok");
        assertEquals(registry.failures, 1); // it was not asked
        registry.failures = 0;
        assertEquals(registry.whereisName("key"), undefined);
      });
    });
  }
}
