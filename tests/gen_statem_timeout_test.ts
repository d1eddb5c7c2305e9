/**
 * The timeouts of state machines: of the state, of the event, and named ones.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { GenStatem, type Pid, Process, receive, send, Sys, unwrap } from "../mod.ts";
import {
  noted,
  recorder,
  returning,
  RUNNING,
  type Seen,
  startRecorder,
} from "./fixtures/machine.ts";
import { collectReports, inProcess, pass, settled } from "./helpers.ts";

const { keepState, keepStateAndData, nextState, repeatState } = GenStatem;

/** The types of timeouts, by what they are called in the titles of tests. */
const TYPES: Record<string, GenStatem.TimeoutType> = {
  "the state timeout": "state_timeout",
  "the event timeout": "timeout",
  "a named timeout": ["timeout", { name: "x" }],
};

/** Sets timeouts by an event of its own. */
function set(pid: Pid, ...actions: GenStatem.Action[]): void {
  GenStatem.cast(pid, returning(keepStateAndData(actions)));
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "async" : "sync";

  for (const [what, type] of Object.entries(TYPES)) {
    Deno.test(`${what} comes when its time is up, once, with its type and content, ${kind} [SM-025, SM-026, SM-027]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, 100, { content: 1 }]);
        await pass(time, 99);
        assertEquals(seen, []);
        assertEquals((await Sys.getStatus(pid)).timeouts, [[type, { content: 1 }]]);
        await pass(time, 1);
        assertEquals(seen, [[type, { content: 1 }, "a"]]);
        assertEquals((await Sys.getStatus(pid)).timeouts, []);
        await pass(time, 1000);
        assertEquals(seen.length, 1);
      });
    });

    Deno.test(`${what} that is set again replaces the one that runs, also if it is later or sooner, ${kind} [SM-028]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, 100, "first"]);
        await pass(time, 50);
        set(pid, [type, 100, "later"]);
        await pass(time, 99);
        assertEquals(seen, []);
        set(pid, [type, 10, "sooner"]);
        await pass(time, 1000);
        assertEquals(seen, [[type, "sooner", "a"]]);
      });
    });

    Deno.test(`${what} of Infinity does not start, and cancels the one that runs, ${kind} [SM-029]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, Infinity, "never"]);
        await pass(time, 1);
        assertEquals((await Sys.getStatus(pid)).timeouts, []);
        set(pid, [type, 100, "cancelled"]);
        set(pid, [type, Infinity, "never"]);
        set(pid, [type, 100, "cancelled"]);
        set(pid, [type, Infinity, "never", { abs: true }]);
        await pass(time, 24 * 3600_000);
        assertEquals((await Sys.getStatus(pid)).timeouts, []);
        assertEquals(seen, []);
      });
    });

    Deno.test(`${what} is removed by "cancel", and there need not be one, ${kind} [SM-030]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, "cancel"]);
        set(pid, [type, 100, "cancelled"]);
        await pass(time, 50);
        set(pid, [type, "cancel"]);
        await settled();
        assertStrictEquals(pid.process!.timers, null);
        await pass(time, 1000);
        assertEquals(seen, []);
      });
    });

    Deno.test(`${what} of 0 is cancelled, replaced and updated as any, while it waits for inserted events, ${kind} [SM-028, SM-030]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const others: [GenStatem.TimeoutAction, Seen[]][] = [
          [[type, "cancel"], []],
          [[type, Infinity, "never"], []],
          [[type, "update", "updated"], [[type, "updated", "a"]]],
          [[type, 0, "again"], [[type, "again", "a"]]],
          [[type, 100, "later"], [[type, "later", "a"]]],
        ];
        for (const [action, expected] of others) {
          const seen: Seen[] = [];
          const pid = await startRecorder(seen, { isAsync });
          const inserted = returning(keepStateAndData([action]));
          set(pid, [type, 0, "first"], ["next_event", "internal", inserted]);
          await pass(time, 1000);
          // The event timeout is not there any more when the inserted event asks for something.
          assertEquals(seen, expected);
        }
      });
    });

    Deno.test(`${what} may be given by a moment of Process.monotonicTime, ${kind}`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        const moment = Process.monotonicTime() + 100;
        set(pid, [type, moment, "then", { abs: true }]);
        await pass(time, 99);
        assertEquals(seen, []);
        await pass(time, 1);
        assertEquals(seen, [[type, "then", "a"]]);
        set(pid, [type, moment - 1000, "past", { abs: true }]);
        await pass(time, 1);
        assertEquals(seen.slice(1), [[type, "past", "a"]]);
        set(pid, [type, 10, "relative", { abs: false }]);
        await pass(time, 10);
        set(pid, [type, 10, "relative", {}]);
        await pass(time, 10);
        assertEquals(seen.slice(2), [[type, "relative", "a"], [type, "relative", "a"]]);
      });
    });

    Deno.test(`${what} that lies in the mailbox when it is cancelled or replaced is not seen, ${kind} [SM-028, SM-030]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const others: [GenStatem.TimeoutAction, Seen[]][] = [
          [[type, "cancel"], []],
          [[type, 1000, "new"], [[type, "new", "a"]]],
          [[type, 0, "new"], [[type, "new", "a"]]],
        ];
        for (const [action, expected] of others) {
          const seen: Seen[] = [];
          const pid = await startRecorder(seen, { isAsync });
          set(pid, [type, 100, "old"]);
          await settled();
          const busy = async () => {
            await Process.sleep(200);
            return keepStateAndData(["hibernate", action]);
          };
          GenStatem.cast(pid, busy);
          await pass(time, 200);
          assertEquals(Process.info(pid, "messages"), ["messages", []]);
          assertEquals(
            (Process.info(pid, "current_function") as readonly unknown[])[1],
            (action as readonly unknown[])[1] === 0
              ? ["gen_statem", "loop_receive", 3]
              : ["erlang", "hibernate", 3],
          );
          await pass(time, 2000);
          assertEquals(seen, expected);
        }
      });
    });
  }

  // --- What cancels what ------------------------------------------------------------------------

  Deno.test(`the state timeout is cancelled by a change of state, and by nothing else that happens, ${kind} [SM-025]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const set100 = () => set(pid, ["state_timeout", 100, "state"]);
      set100();
      for (const result of [keepState(1), repeatState(2), nextState("a", 3)]) {
        GenStatem.cast(pid, returning(result));
      }
      send(pid, "info");
      set(pid, ["next_event", "internal", "inserted"]);
      set(pid, ["timeout", 50, "event"], [["timeout", "n"], 0, "named"]);
      set(pid, ["timeout", 50, "event"]);
      await pass(time, 100);
      assertEquals(
        seen.map(([, content]) => content),
        ["info", "inserted", "named", "event", "state"],
      );
      seen.length = 0;
      set100();
      await pass(time, 99);
      GenStatem.cast(pid, returning(nextState("b", "data")));
      await pass(time, 1000);
      assertEquals(seen, []);
    });
  });

  Deno.test(`a state timeout that is set with a change of state belongs to the new one, ${kind} [SM-025]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      GenStatem.cast(pid, returning(nextState("b", "data", ["state_timeout", 100, "b"])));
      GenStatem.cast(pid, returning(nextState("c", "data", ["state_timeout", 200, "c"])));
      await pass(time, 199);
      assertEquals(seen, []);
      await pass(time, 1);
      assertEquals(seen, [["state_timeout", "c", "c"]]);
    });
  });

  Deno.test(`the event timeout is cancelled by any event: from outside, inserted, postponed, or another timeout, ${kind} [SM-026]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const event = ["timeout", 100, "event"] as const;
      const ways: Record<string, (pid: Pid) => unknown> = {
        cast: (pid) => (set(pid, event), GenStatem.cast(pid, "x")),
        call: (pid) => (set(pid, event), GenStatem.call(pid, "x")),
        info: (pid) => (set(pid, event), send(pid, "x")),
        inserted: (pid) => set(pid, event, ["next_event", "internal", "x"]),
        timeout: (pid) => set(pid, event, ["state_timeout", 50, "x"]),
        zero: (pid) => set(pid, event, [["timeout", "n"], 0, "x"]),
        postponed: (pid) => {
          const late = (_type: unknown, state: string) =>
            keepStateAndData(state === "a" ? "postpone" : ["next_event", "internal", "x"]);
          GenStatem.cast(pid, late);
          GenStatem.cast(pid, returning(nextState("b", "data", event)));
        },
      };
      for (const tell of Object.values(ways)) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        await tell(pid);
        await pass(time, 1000);
        assertEquals(seen.map(([, content]) => content), ["x"]);
      }
    });
  });

  Deno.test(`the event timeout is not cancelled by system messages, nor by what it was set together with, ${kind} [SM-026]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      GenStatem.cast(
        pid,
        returning(nextState("b", "data", [["timeout", 100, "event"], "hibernate"])),
      );
      await pass(time, 50);
      await Sys.getState(pid);
      await Sys.replaceState(pid, ([, data]) => ["c", data]);
      await pass(time, 50);
      assertEquals(seen, [["timeout", "event", "c"]]);
    });
  });

  Deno.test(`a bare number sets the event timeout, with itself for content, ${kind} [SM-026]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync }, 100);
      await pass(time, 99);
      set(pid, 10, 20); // the last one counts
      await pass(time, 19);
      assertEquals(seen, []);
      await pass(time, 1);
      assertEquals(seen, [["timeout", 20, "a"]]);
      set(pid, 10, Infinity);
      await pass(time, 100);
      assertEquals(seen.length, 1);
    });
  });

  Deno.test(`named timeouts survive events and changes of state, and each name is for itself, ${kind} [SM-027]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const names = ["one", ["two", { deep: 1 }], 3];
      set(pid, ...names.map((name, at) => [["timeout", name], 100 + at, at] as const));
      for (const state of ["b", "c", "d"]) {
        GenStatem.cast(pid, returning(nextState(state, "data")));
        send(pid, "event");
      }
      await pass(time, 50);
      set(pid, [["timeout", ["two", { deep: 1 }]], "cancel"]);
      seen.length = 0;
      await pass(time, 49);
      assertEquals(seen, []);
      await pass(time, 10);
      assertEquals(seen, [[["timeout", "one"], 0, "d"], [["timeout", 3], 2, "d"]]);
    });
  });

  // --- Update -----------------------------------------------------------------------------------

  for (const type of ["state_timeout", ["timeout", "name"]] as const) {
    const what = typeof type === "string" ? "the state timeout" : "a named timeout";
    Deno.test(`"update" changes the content of ${what} that runs, and not its time, also when that is up already, ${kind} [SM-030]`, async () => {
      using time = new FakeTime();
      await inProcess(async () => {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, 100, "old"]);
        await pass(time, 60);
        set(pid, [type, "update", "new"]);
        await pass(time, 39);
        assertEquals(seen, []);
        await pass(time, 1);
        assertEquals(seen, [[type, "new", "a"]]);
        set(pid, [type, 100, "old"]);
        const busy = async () => {
          await Process.sleep(200);
          return keepStateAndData([type, "update", "newer"]);
        };
        GenStatem.cast(pid, busy);
        await pass(time, 200);
        assertEquals(seen.slice(1), [[type, "newer", "a"]]);
      });
    });
  }

  Deno.test(`"update" of a timeout that does not run is one of 0, ${kind} [SM-030]`, async () => {
    await inProcess(async () => {
      for (const type of Object.values(TYPES)) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        await Sys.suspend(pid);
        set(pid, [type, "update", "new"], ["next_event", "internal", "inserted"]);
        GenStatem.cast(pid, "queued");
        await Sys.resume(pid);
        await Sys.getState(pid);
        const expected = type === "timeout"
          ? [["internal", "inserted", "a"], ["cast", "queued", "a"]]
          : [["internal", "inserted", "a"], [type, "new", "a"], ["cast", "queued", "a"]];
        assertEquals<unknown>(seen, expected);
      }
    });
  });

  Deno.test(`of the timeout actions of one type only the last is done: "update" finds none that the same list sets, ${kind} [SM-030]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      for (const type of Object.values(TYPES)) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, [type, 100, "never"], [type, "update", "at once"]);
        await settled();
        assertEquals(seen, [[type, "at once", "a"]]);
        set(pid, [type, 0, "never"], [type, 100, "never"], [type, "cancel"]);
        await pass(time, 1000);
        assertEquals(seen.length, 1);
      }
    });
  });

  // --- Timeouts of 0 ----------------------------------------------------------------------------

  Deno.test(`a timeout of 0 comes before what is queued, and after what the same list inserts or the state brings back, ${kind} [SM-032]`, async () => {
    await inProcess(async () => {
      for (const type of ["state_timeout", ["timeout", "name"]] as const) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        await Sys.suspend(pid);
        GenStatem.cast(pid, (_type: unknown, state: string) => {
          seen.push(["cast", "postponed", state]);
          return keepStateAndData(state === "a" ? "postpone" : []);
        });
        GenStatem.cast(
          pid,
          returning(
            nextState("b", "data", [[type, 0, "zero"], ["next_event", "internal", "inserted"]]),
          ),
        );
        GenStatem.cast(pid, "queued");
        await Sys.resume(pid);
        await Sys.getState(pid);
        assertEquals<unknown>(seen, [
          ["cast", "postponed", "a"],
          ["internal", "inserted", "b"],
          ["cast", "postponed", "b"],
          [type, "zero", "b"],
          ["cast", "queued", "b"],
        ]);
      }
    });
  });

  Deno.test(`an event timeout of 0 comes before what is queued, if nothing is inserted, ${kind} [SM-032]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      await Sys.suspend(pid);
      set(pid, ["timeout", 0, "zero"]);
      set(pid, ["timeout", 0, "never"], ["next_event", "internal", "inserted"]);
      GenStatem.cast(pid, "queued");
      await Sys.resume(pid);
      await Sys.getState(pid);
      assertEquals(seen, [
        ["timeout", "zero", "a"],
        ["internal", "inserted", "a"],
        ["cast", "queued", "a"],
      ]);
    });
  });

  Deno.test(`timeouts of 0 come in the order of the list; one that is not the first cancels that of the event, ${kind} [SM-033]`, async () => {
    await inProcess(async () => {
      const event = ["timeout", 0, 1] as const;
      const state = ["state_timeout", 0, 2] as const;
      const one = [["timeout", "one"], 0, 3] as const;
      const two = [["timeout", "two"], 0, 4] as const;
      const lists: [GenStatem.TimeoutAction[], unknown[]][] = [
        [[event, state, one, two], [1, 2, 3, 4]],
        [[two, one, state], [4, 3, 2]],
        [[state, event, two], [2, 4]],
        [[one, event], [3]],
        // Of those of one type the last one counts, at its place.
        [[one, two, [["timeout", "one"], 0, 5]], [4, 5]],
      ];
      for (const [actions, expected] of lists) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync });
        set(pid, ...actions);
        await Sys.getState(pid);
        assertEquals(seen.map(([, content]) => content), expected);
      }
    });
  });

  Deno.test(`a timeout of 0 that is set by another comes after those that were set with that, ${kind} [SM-033]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const more = noted(seen, "more", keepStateAndData([["timeout", "three"], 0, 3]));
      set(pid, [["timeout", "one"], 0, more], [["timeout", "two"], 0, 2]);
      await Sys.getState(pid);
      assertEquals(seen.map(([, content]) => content), ["more", 2, 3]);
    });
  });

  Deno.test(`a state timeout of 0 is cancelled when the state changes before it has come, ${kind} [SM-025, SM-033]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const change = noted(seen, "change", nextState("b", "data"));
      set(pid, ["state_timeout", 0, "never"], ["next_event", "internal", change]);
      await Sys.getState(pid);
      assertEquals(seen, [["internal", "change", "a"]]);
      assertEquals((await Sys.getStatus(pid)).timeouts, []);
    });
  });
}

Deno.test('one action and a list of them are told apart, also where a timeout is called "cancel"', async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const named = ["timeout", "cancel"] as const;
    const cases: [GenStatem.Actions, Seen[]][] = [
      [[named, 100, "named"], [[named, "named", "a"]]],
      [[[named, 100, "named"]], [[named, "named", "a"]]],
      [[named, 100], [["timeout", 100, "a"]]],
      [[named, "hibernate"], []],
      [[named], []],
      [[named, ["state_timeout", 100, "state"]], [["state_timeout", "state", "a"]]],
      [["timeout", 100, "event"], [["timeout", "event", "a"]]],
      [[["timeout", 100, "event"]], [["timeout", "event", "a"]]],
      [["hibernate", 100], [["timeout", 100, "a"]]],
      [["hibernate", false], []],
      [[100, "hibernate"], [["timeout", 100, "a"]]],
    ];
    for (const [actions, expected] of cases) {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen);
      GenStatem.cast(pid, returning(keepStateAndData(actions)));
      await pass(time, 1000);
      assertEquals(seen, expected);
    }
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    GenStatem.cast(pid, returning(keepStateAndData([named, 100, "named"])));
    GenStatem.cast(pid, returning(keepStateAndData([named, "update", "updated"])));
    await pass(time, 100);
    assertEquals(seen, [[named, "updated", "a"]]);
    GenStatem.cast(pid, returning(keepStateAndData([named, 100, "named"])));
    GenStatem.cast(pid, returning(keepStateAndData([named, "cancel"])));
    await pass(time, 100);
    assertEquals(seen.length, 1);
  });
});

// --- Invalid actions ----------------------------------------------------------------------------

Deno.test("an invalid timeout action terminates the machine with bad_action_from_state_function [SM-009]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const wrong: unknown[] = [
      ["timeout", -1, "x"],
      ["state_timeout", NaN, "x"],
      ["state_timeout", "100", "x"],
      ["state_timeout", "infinity", "x"],
      ["state_timeout", -Infinity, "x", { abs: true }],
      ["state_timeout", -1, "x", { abs: false }],
      ["state_timeout", 1, "x", { abs: 1 }],
      ["state_timeout", 1, "x", null],
      ["state_timeout", 1, "x", {}, 5],
      ["state_timeout", "update"],
      ["state_timeout", "update", "x", {}],
      ["state_timeout", "cancel", "x"],
      ["state_timeout", 1],
      ["state_timeout"],
      [["timeout", "name"], -1, "x"],
      -1,
      NaN,
      "state_timeout",
    ];
    for (const action of wrong) {
      const log: unknown[] = [];
      const module = recorder([], {
        callbacks: { terminate: (...args: unknown[]) => log.push(args) },
      });
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      GenStatem.cast(pid, returning(["next_state", "b", "new", [action]]));
      const reason = ["bad_action_from_state_function", action];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
      // The actions belong to the state that is entered.
      assertEquals(log, [[reason, "b", "new"]]);
    }
    assertEquals(reports.logged.length, wrong.length);
  });
});

Deno.test("the timeouts of a machine that exits never come, and are forgotten with it", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    set(pid, ...Object.values(TYPES).map((type) => [type, 100, "x"] as const));
    await settled();
    await GenStatem.stop(pid);
    await pass(time, 1000);
    assertEquals(seen, []);
  });
});
