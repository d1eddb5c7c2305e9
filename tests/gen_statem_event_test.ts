/**
 * Which event a state machine handles when: inserted, postponed and queued ones, and entering a state.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  exit,
  flush,
  GenStatem,
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
import { pendingTimers } from "../lib/kernel/timers.ts";
import {
  noted,
  recorder,
  returning,
  RUNNING,
  type Seen,
  startRecorder,
} from "./fixtures/machine.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "./helpers.ts";

const { keepState, keepStateAndData, nextState, repeatState, repeatStateAndData } = GenStatem;

/** Puts events into the mailbox of a machine before it sees the first of them; waits until all are handled. */
async function queue(pid: Pid, ...contents: unknown[]): Promise<void> {
  await Sys.suspend(pid);
  for (const content of contents) GenStatem.cast(pid, content);
  await Sys.resume(pid);
  await Sys.getState(pid);
}

for (const isAsync of [false, true]) {
  const kind = isAsync ? "async" : "sync";

  // --- Inserted events --------------------------------------------------------------------------

  Deno.test(`inserted events are handled before all that is queued, in the order of the list, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const insert = keepStateAndData([
        ["next_event", "internal", 1],
        ["next_event", "cast", 2],
        ["next_event", "internal", 3],
      ]);
      await queue(pid, noted(seen, "insert", insert), "queued");
      assertEquals(seen, [
        ["cast", "insert", "a"],
        ["internal", 1, "a"],
        ["cast", 2, "a"],
        ["internal", 3, "a"],
        ["cast", "queued", "a"],
      ]);
    });
  });

  Deno.test(`events that an inserted event inserts come before those that were inserted with it, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const inner = keepStateAndData([["next_event", "internal", 1], ["next_event", "info", 2]]);
      const outer = keepStateAndData([
        ["next_event", "internal", noted(seen, "inner", inner)],
        ["next_event", "internal", 3],
      ]);
      await queue(pid, noted(seen, "outer", outer), "queued");
      assertEquals(seen.map(([, content]) => content), ["outer", "inner", 1, 2, 3, "queued"]);
    });
  });

  Deno.test(`inserted events may have any type, ${kind} [SM-022]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const from: GenStatem.From = [self(), "tag"];
      const types: GenStatem.InsertedType[] = [
        "internal",
        "cast",
        "info",
        ["call", from],
        "timeout",
        "state_timeout",
        ["timeout", { name: 1 }],
      ];
      const actions = types.map((type, at) => ["next_event", type, at] as const);
      await queue(pid, returning(keepStateAndData(actions)));
      assertEquals(
        seen,
        types.map((
          type,
          at,
        ) => [Array.isArray(type) && type[0] === "call" ? "call" : type, at, "a"]),
      );
      assertEquals(flush(), [["tag", ["got", 3, "a"]]]);
    });
  });

  Deno.test(`the actions of init are done before any message is handled, ${kind} [SM-051]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const module = recorder(seen, { isAsync });
      const pid = unwrap(
        await GenStatem.startLink(module, () => {
          send(self(), "message");
          return GenStatem.ok("a", "data", [
            ["next_event", "internal", 1],
            ["state_timeout", 0, "state"],
            ["timeout", 0, "event"],
            "postpone", // there is nothing to postpone yet
            ["next_event", "cast", 2],
          ]);
        }),
      );
      await Sys.getState(pid);
      assertEquals(seen, [
        ["internal", 1, "a"],
        ["cast", 2, "a"],
        // The event timeout is cancelled by the events in between.
        ["state_timeout", "state", "a"],
        ["info", "message", "a"],
      ]);
      assertEquals((await Sys.getStatus(pid)).postponed, []);
    });
  });

  Deno.test(`init may return one action instead of a list, ${kind} [SM-051]`, async () => {
    await inProcess(async () => {
      const actions: [GenStatem.Actions, Seen[]][] = [
        [["next_event", "internal", 1], [["internal", 1, "a"]]],
        [["timeout", 0, "x"], [["timeout", "x", "a"]]],
        [0, [["timeout", 0, "a"]]],
        [[["timeout", "name"], 0, "x"], [[["timeout", "name"], "x", "a"]]],
        ["hibernate", []],
        [[], []],
      ];
      for (const [action, expected] of actions) {
        const seen: Seen[] = [];
        const pid = await startRecorder(seen, { isAsync }, action);
        await Sys.getState(pid);
        assertEquals(seen, expected);
      }
    });
  });

  // --- Postponed events -------------------------------------------------------------------------

  Deno.test(`postponed events come again when the state changes, in their order, before newer ones, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const inB = (name: string) => (_type: unknown, state: string) => {
        seen.push(["cast", name, state]);
        return keepStateAndData(state === "b" ? [] : "postpone");
      };
      const go = nextState("b", "data", ["next_event", "internal", "inserted"]);
      await queue(pid, inB("1"), "kept", inB("2"), noted(seen, "go", go), "new");
      assertEquals(seen, [
        ["cast", "1", "a"],
        ["cast", "kept", "a"],
        ["cast", "2", "a"],
        ["cast", "go", "a"],
        ["internal", "inserted", "b"],
        ["cast", "1", "b"],
        ["cast", "2", "b"],
        ["cast", "new", "b"],
      ]);
    });
  });

  Deno.test(`an event that is postponed with a change of state is handled again at once, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const twice = (_type: unknown, state: string) => {
        seen.push(["cast", "twice", state]);
        return state === "a" ? nextState("b", "data", ["postpone", true]) : keepStateAndData();
      };
      await queue(pid, twice, "new");
      assertEquals(seen, [["cast", "twice", "a"], ["cast", "twice", "b"], ["cast", "new", "b"]]);
    });
  });

  Deno.test(`postponed events stay where they are while the state does: by keepState, repeatState, or nextState to the same, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      const late = (_type: unknown, state: string) => {
        seen.push(["cast", "late", state]);
        return keepStateAndData(state === "a" ? "postpone" : []);
      };
      const same = [keepState(1), repeatState(2), repeatStateAndData(), nextState("a", 3)];
      await queue(pid, late, ...same.map(returning), "last");
      assertEquals(seen, [["cast", "late", "a"], ["cast", "last", "a"]]);
      assertEquals((await Sys.getStatus(pid)).postponed, [["cast", late]]);
      assertEquals(await Sys.getState(pid), ["a", 3]);
      await queue(pid, returning(nextState("b", 4)));
      assertEquals(seen.slice(2), [["cast", "late", "b"]]);
    });
  });

  Deno.test(`the last of several actions "postpone" counts, ${kind}`, async () => {
    await inProcess(async () => {
      const pid = await startRecorder([], { isAsync });
      await queue(pid, returning(keepStateAndData(["postpone", ["postpone", false]])));
      assertEquals((await Sys.getStatus(pid)).postponed, []);
      const kept = returning(keepStateAndData([["postpone", false], ["postpone", true]]));
      await queue(pid, kept);
      assertEquals((await Sys.getStatus(pid)).postponed, [["cast", kept]]);
    });
  });

  Deno.test(`a call may be postponed: it is answered in another state, ${kind} [SM-018]`, async () => {
    await inProcess(async () => {
      const pid = await startRecorder([], { isAsync });
      const call = GenStatem.call(
        pid,
        (type: readonly ["call", GenStatem.From], state: string) =>
          keepStateAndData(state === "a" ? "postpone" : ["reply", type[1], state]),
      );
      GenStatem.cast(pid, returning(nextState("b", "data")));
      assertEquals(await call, "b");
    });
  });

  // --- Entering states --------------------------------------------------------------------------

  Deno.test(`with state_enter, the callback is told when a state is entered, also the first one, and from which, ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const enter = () => keepStateAndData();
      const pid = await startRecorder(seen, { isAsync, enter });
      const go = (state: string) => returning(nextState(state, "data"));
      await queue(pid, go("b"), go("b"), returning(keepState("data")), go("c"));
      assertEquals(seen, [["enter", "a", "a"], ["enter", "a", "b"], ["enter", "b", "c"]]);
    });
  });

  Deno.test(`entering a state comes before inserted and postponed events, and may set timeouts and reply, ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      let from: GenStatem.From | undefined;
      const enter = (_type: unknown, state: string): unknown =>
        state === "a" ? keepStateAndData() : keepState("entered", [
          ["reply", from!, "entered"],
          ["state_timeout", 0, "state"],
          [["timeout", "name"], 0, "named"],
          "hibernate",
        ]);
      const pid = await startRecorder(seen, { isAsync, enter });
      const late = (_type: unknown, state: string) => {
        seen.push(["cast", "late", state]);
        return keepStateAndData(state === "a" ? "postpone" : []);
      };
      GenStatem.cast(pid, late);
      const call = GenStatem.call(pid, (type: readonly ["call", GenStatem.From]) => {
        from = type[1];
        return nextState("b", "data", ["next_event", "internal", "inserted"]);
      });
      assertEquals(await call, "entered");
      assertEquals(await Sys.getState(pid), ["b", "entered"]);
      assertEquals(seen, [
        ["enter", "a", "a"],
        ["cast", "late", "a"],
        ["enter", "a", "b"],
        ["internal", "inserted", "b"],
        ["cast", "late", "b"],
        ["state_timeout", "state", "b"],
        [["timeout", "name"], "named", "b"],
      ]);
    });
  });

  Deno.test(`the first state is entered before the events that init inserts, with the timeouts of both, ${kind} [SM-017, SM-051]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const enter = () => keepState("entered", ["state_timeout", 0, "by enter"]);
      const pid = await startRecorder(seen, { isAsync, enter }, [
        ["next_event", "internal", 1],
        ["state_timeout", 0, "by init"],
        [["timeout", "n"], 0, "by init"],
      ]);
      assertEquals(await Sys.getState(pid), ["a", "entered"]);
      assertEquals(seen, [
        ["enter", "a", "a"],
        ["internal", 1, "a"],
        [["timeout", "n"], "by init", "a"],
        ["state_timeout", "by enter", "a"],
      ]);
    });
  });

  Deno.test(`repeatState() has the state entered again, from itself; when it is entered, from where it was before, ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      let repeats = 0;
      const enter = () => {
        repeats--;
        if (repeats === 1) return repeatState("repeated");
        return repeats === 0 ? repeatStateAndData() : keepStateAndData();
      };
      const pid = await startRecorder(seen, { isAsync, enter });
      await Sys.getState(pid);
      seen.length = 0;
      await queue(pid, returning(repeatState(1)), returning(repeatStateAndData()), "x");
      assertEquals(seen, [["enter", "a", "a"], ["enter", "a", "a"], ["cast", "x", "a"]]);
      assertEquals(await Sys.getState(pid), ["a", 1]);
      seen.length = 0;
      repeats = 2;
      await queue(pid, returning(nextState("b", 2)), "x");
      assertEquals(seen, [
        ["enter", "a", "b"],
        ["enter", "a", "b"],
        ["enter", "a", "b"],
        ["cast", "x", "b"],
      ]);
      assertEquals(await Sys.getState(pid), ["b", "repeated"]);
    });
  });

  Deno.test(`a result for enter may name the state again, ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const enter = (_type: unknown, state: string) => nextState(state, `entered ${state}`);
      const pid = await startRecorder([], { isAsync, enter });
      await queue(pid, returning(nextState("b", "data")));
      assertEquals(await Sys.getState(pid), ["b", "entered b"]);
    });
  });

  Deno.test(`without state_enter, repeatState() is keepState(), ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const pid = await startRecorder(seen, { isAsync });
      await queue(pid, returning(repeatState(1, ["next_event", "internal", 1])), "x");
      await queue(pid, returning(repeatStateAndData(["next_event", "internal", 2])));
      assertEquals(seen, [["internal", 1, "a"], ["cast", "x", "a"], ["internal", 2, "a"]]);
      assertEquals(await Sys.getState(pid), ["a", 1]);
    });
  });

  Deno.test(`enter may stop the machine, in the state that it enters, ${kind} [SM-017]`, async () => {
    await inProcess(async () => {
      const observer = self();
      const results: [unknown, unknown][] = [
        [["stop", ["shutdown", 1]], "data"],
        [["stop", ["shutdown", 1], "new"], "new"],
        [["stop_and_reply", ["shutdown", 1], ["reply", [observer, "tag"], 5]], "data"],
      ];
      for (const [result, data] of results) {
        const enter = (_: unknown, state: string) => state === "a" ? keepStateAndData() : result;
        const callbacks = {
          terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]),
        };
        const pid = unwrap(
          await GenStatem.start(recorder([], { isAsync, enter, callbacks }), RUNNING),
        );
        const ended = exitOf(pid);
        GenStatem.cast(pid, returning(nextState("b", "data", ["next_event", "internal", 1])));
        assertEquals(await ended, ["shutdown", 1]);
        const reply = (result as unknown[])[0] === "stop" ? [] : [["tag", 5]];
        assertEquals(flush(), [...reply, ["terminate", ["shutdown", 1], "b", data]]);
      }
    });
  });
}

// --- All of it at once --------------------------------------------------------------------------

/** What the callback does with an event in a state. */
interface Program {
  readonly next: number;
  readonly postpones: boolean;
  readonly inserts: readonly number[];
}

/** The responses of a machine, by event and state, and its messages. */
interface Plan {
  readonly programs: readonly (readonly Program[])[];
  readonly first: readonly number[];
  readonly queued: readonly number[];
}

type Handled = readonly [type: string, event: number, state: number];

const STATES = 3;
const EVENTS = 4;
/** From this one on, events are handled without further ado, so that there is an end. */
const LIMIT = 40;

const plans: fc.Arbitrary<Plan> = fc.record({
  programs: fc.array(
    fc.array(
      fc.record({
        next: fc.nat(STATES - 1),
        postpones: fc.boolean(),
        inserts: fc.array(fc.nat(EVENTS - 1), { maxLength: 2 }),
      }),
      { minLength: STATES, maxLength: STATES },
    ),
    { minLength: EVENTS, maxLength: EVENTS },
  ),
  first: fc.array(fc.nat(EVENTS - 1), { maxLength: 2 }),
  queued: fc.array(fc.nat(EVENTS - 1), { maxLength: 6 }),
});

type Waiting = readonly [type: string, event: number];

const ofType = (type: string) => (event: number): Waiting => [type, event];

/** The outcome according to OTP's documentation. */
function predict({ programs, first, queued }: Plan): { handled: Handled[]; state: number } {
  const handled: Handled[] = [];
  let state = 0;
  let next = [...first.map(ofType("internal")), ...queued.map(ofType("cast"))];
  let postponed: Waiting[] = [];
  while (next.length > 0) {
    const [head, ...rest] = next as [Waiting, ...Waiting[]];
    handled.push([...head, state]);
    const program = programs[head[1]]![state]!;
    const isOver = handled.length > LIMIT;
    if (!isOver && program.postpones) postponed.push(head);
    const isChange = !isOver && program.next !== state;
    const inserted = isOver ? [] : program.inserts;
    next = [...inserted.map(ofType("internal")), ...(isChange ? postponed : []), ...rest];
    if (isChange) {
      postponed = [];
      state = program.next;
    }
  }
  return { handled, state };
}

/** What comes of it. */
async function perform(
  { programs, first, queued }: Plan,
  isAsync: boolean,
): Promise<{ handled: Handled[]; state: unknown }> {
  const handled: Handled[] = [];
  const handle = (type: string, event: number, state: number) => {
    handled.push([type, event, state]);
    if (handled.length > LIMIT) return keepStateAndData();
    const { next, postpones, inserts } = programs[event]![state]!;
    return nextState(next, undefined, [
      ["postpone", postpones],
      ...inserts.map((each) => ["next_event", "internal", each] as const),
    ]);
  };
  const module = {
    callbackMode: () => "handle_event_function",
    init: () => {
      for (const event of queued) GenStatem.cast(self(), event);
      const actions = first.map((event) => ["next_event", "internal", event] as const);
      return GenStatem.ok(0 as number, undefined, actions);
    },
    handleEvent: isAsync
      ? async (...args: Parameters<typeof handle>) => (await undefined, handle(...args))
      : handle,
  };
  const pid = unwrap(await GenStatem.startLink(module));
  const [state] = await Sys.getState(pid) as [unknown];
  await GenStatem.stop(pid);
  return { handled, state };
}

Deno.test("events are handled in the order that the documentation says, whatever is inserted and postponed [SM-018]", async () => {
  await inProcess(async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.boolean(), async (plan, isAsync) => {
        assertEquals(await perform(plan, isAsync), predict(plan));
      }),
    );
  });
});

// --- One at a time ------------------------------------------------------------------------------

Deno.test("an async callback is waited for, by inserted events, timeouts, messages and system messages alike", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const slowly = (name: string, result: unknown) => async () => {
      log.push([name, "begins"]);
      for (let turn = 0; turn < 5; turn++) await settled();
      log.push([name, "ends"]);
      return result;
    };
    const pid = await startRecorder();
    GenStatem.cast(
      pid,
      slowly(
        "first",
        keepStateAndData([
          ["next_event", "internal", slowly("inserted", keepState(1))],
          ["state_timeout", 0, slowly("timeout", keepState(2))],
        ]),
      ),
    );
    GenStatem.cast(pid, slowly("queued", keepState(3)));
    assertEquals(await Sys.getState(pid), ["a", 3]);
    assertEquals(
      log,
      ["first", "inserted", "timeout", "queued"].flatMap((name) => [
        [name, "begins"],
        [name, "ends"],
      ]),
    );
  });
});

Deno.test("a machine that inserts events endlessly does not block other processes or the host, and can be killed", async () => {
  await inProcess(async () => {
    for (const isAsync of [false, true]) {
      let handled = 0;
      const again = (): unknown => {
        handled++;
        return keepStateAndData(["next_event", "internal", again]);
      };
      const pid = await startRecorder([], { isAsync });
      Process.unlink(pid);
      GenStatem.cast(pid, again);
      const ping = spawn(async () => send(await receive() as Pid, "pong"));
      send(ping, self());
      assertEquals(await receive(), "pong");
      await Process.sleep(2); // the host's own timer
      const before = handled;
      await settled();
      assert(before > 0 && handled > before);
      Process.exit(pid, "kill");
      assertEquals(await exitOf(pid), "noproc");
      await settled();
      const after = handled;
      await settled();
      assertEquals(handled, after);
    }
    await assertSilence();
  });
});

Deno.test("100000 events inserted one by the other are handled, and so are as many in one list", async () => {
  await inProcess(async () => {
    let left = 100_000;
    const again = (): unknown =>
      --left === 0 ? keepState("done") : keepStateAndData(["next_event", "internal", again]);
    const pid = await startRecorder();
    GenStatem.cast(pid, again);
    assertEquals(await Sys.getState(pid), ["a", "done"]);
    left = 0;
    const count = () => (left++, keepStateAndData());
    const actions = Array.from(
      { length: 100_000 },
      () => ["next_event", "internal", count] as const,
    );
    await queue(pid, returning(keepStateAndData(actions)));
    assertEquals(left, 100_000);
  });
});

Deno.test("an exit signal terminates a machine in the middle of an async callback: no event is handled any more", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const observer = self();
    const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder(seen), RUNNING));
    const { promise, resolve } = Promise.withResolvers<void>();
    GenStatem.cast(pid, async () => {
      send(observer, "begins");
      await promise;
      return keepStateAndData(["next_event", "internal", "inserted"]);
    });
    GenStatem.cast(pid, "queued");
    assertEquals(await receive(), "begins");
    Process.exit(pid, "over");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "over"]);
    resolve();
    await assertSilence();
    assertEquals(seen, []);
  });
});

/** Ends the calling process, and carries on, as code may that catches everything. */
function die(): void {
  try {
    Process.exit(self(), "kill");
  } catch {
    // The runtime lets no exited process go on.
  }
}

Deno.test("a callback that terminates its own process by a signal is the last one, whatever it returns or throws", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const outcomes: Record<string, () => unknown> = {
      event: () => keepStateAndData(["next_event", "internal", "inserted"]),
      timeout: () => keepStateAndData([["state_timeout", 60_000, 1], [["timeout", 1], 0, 0]]),
      stop: () => stop("never"),
      error: () => {
        throw new Error("never");
      },
      exit: () => {
        throw exit("never");
      },
    };
    const before = pendingTimers();
    for (const isAsync of [false, true]) {
      for (const outcome of Object.values(outcomes)) {
        const seen: unknown[] = [];
        const callbacks = { terminate: () => seen.push("terminate") };
        const module = recorder(seen as Seen[], { isAsync, callbacks });
        const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
        GenStatem.cast(pid, () => {
          die();
          return outcome();
        });
        GenStatem.cast(pid, "queued");
        assertEquals(await receive(), ["DOWN", ref, "process", pid, "killed"]);
        await assertSilence();
        assertEquals([seen, pendingTimers()], [[], before]);
      }
    }
  });
});

Deno.test("a callbackMode that terminates its own process by a signal is the last callback, whatever it returns or throws", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const mode of ["handle_event_function", "odd", new Error("never")]) {
      const seen: unknown[] = [];
      const callbackMode = () => {
        die();
        if (mode instanceof Error) throw mode;
        return mode;
      };
      const callbacks = { callbackMode, terminate: () => seen.push("terminate") };
      const module = recorder(seen as Seen[], { callbacks });
      const [pid, ref] = unwrap(
        await GenStatem.startMonitor(module, GenStatem.ok("a", "data", [["timeout", 0, "never"]])),
      );
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "killed"]);
      await assertSilence();
      assertEquals([seen, pid.process], [[], null]);
    }
  });
});

Deno.test("a machine that stops handles no event any more, be it inserted, postponed, due or queued", async () => {
  await inProcess(async () => {
    for (const isAsync of [false, true]) {
      const seen: Seen[] = [];
      const [pid, ref] = unwrap(
        await GenStatem.startMonitor(recorder(seen, { isAsync }), RUNNING),
      );
      GenStatem.cast(pid, returning(keepStateAndData("postpone")));
      GenStatem.cast(
        pid,
        returning(
          nextState("b", "data", [
            ["next_event", "internal", returning(stop("shutdown"))],
            ["next_event", "internal", "inserted"],
            [["timeout", "n"], 0, "due"],
          ]),
        ),
      );
      GenStatem.cast(pid, "queued");
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
      await assertSilence();
      assertEquals(seen, []);
    }
  });
});
