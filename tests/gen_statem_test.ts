/**
 * State machines from outside: starting, calling, casting, answering, stopping.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  GenStatem,
  ignore,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  stop,
  Supervisor,
  Sys,
  unwrap,
} from "../mod.ts";
import { recorder, returning, RUNNING, type Seen, startRecorder } from "./fixtures/machine.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { failure } from "./fixtures/script.ts";
import { aliasTag } from "../lib/kernel/list.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const { keepState, keepStateAndData, nextState, stopAndReply } = GenStatem;

const Machine = recorder([]);

/** The type of a call. */
type Call = readonly ["call", GenStatem.From];

const STARTS = {
  start: (argument: unknown, options?: GenStatem.StartOptions) =>
    GenStatem.start(Machine, argument, options),
  startLink: (argument: unknown, options?: GenStatem.StartOptions) =>
    GenStatem.startLink(Machine, argument, options),
  startMonitor: (argument: unknown, options?: GenStatem.StartOptions) =>
    GenStatem.startMonitor(Machine, argument, options),
} as const;

const TIES: Record<string, string> = {
  start: "that is not linked to the caller",
  startLink: "that is linked to the caller",
  startMonitor: "that the caller monitors, and is not linked to",
};

/** The pid in the result of a start. */
function pidIn(result: GenStatem.StartResult | GenStatem.StartMonitorResult): Pid {
  const value = unwrap(result);
  return Array.isArray(value) ? value[0] : value as Pid;
}

// --- Starting -----------------------------------------------------------------------------------

for (const [how, start] of Object.entries(STARTS)) {
  Deno.test(`GenStatem.${how}() starts a machine ${TIES[how]} [SM-001]`, async () => {
    await inProcess(async () => {
      const result = await start(RUNNING);
      const pid = pidIn(result);
      assertEquals(await GenStatem.call(pid, "ping"), ["got", "ping", "a"]);
      assertEquals(Process.info(self(), "links"), ["links", how === "startLink" ? [pid] : []]);
      await GenStatem.stop(pid);
      assertEquals(
        flush(),
        how === "startMonitor"
          ? [["DOWN", (unwrap(result) as readonly unknown[])[1], "process", pid, "normal"]]
          : [],
      );
    });
  });

  for (const [what, fresh] of Object.entries(NAMINGS)) {
    Deno.test(`GenStatem.${how}() registers ${what}, and returns already_started when it is taken [SM-001]`, async () => {
      await inProcess(async () => {
        const name = fresh();
        const pid = pidIn(await start(RUNNING, { name }));
        assertStrictEquals(await GenServer.whereis(name), pid);
        assertEquals(await GenStatem.call(name, "ping"), ["got", "ping", "a"]);
        for (const again of Object.values(STARTS)) {
          assertEquals(await again(RUNNING, { name }), ["error", ["already_started", pid]]);
        }
        assertEquals(await GenStatem.stop(name), "ok");
        assertStrictEquals(await GenServer.whereis(name), undefined);
        const successor = pidIn(await start(RUNNING, { name }));
        assert(successor !== pid);
        await GenStatem.stop(successor);
      });
    });
  }

  Deno.test(`GenStatem.${how}() returns ["error", "timeout"] when init takes longer than the option, and the machine is killed [SM-002]`, async () => {
    using time = new FakeTime();
    await inProcess(async () => {
      const name = freshAtom();
      let started: Pid | undefined;
      const forever = () => (started = self(), new Promise(() => {}));
      const starting = start(forever, { name, timeout: 100 });
      await pass(time, 99);
      assert(Process.isAlive(started!));
      await pass(time, 1);
      assertEquals(await starting, ["error", "timeout"]);
      assert(!Process.isAlive(started!));
      assertStrictEquals(GenServer.whereis(name), undefined);
      await assertSilence();
    });
  });

  Deno.test(`GenStatem.${how}() returns "ignore" when init does, and ["error", reason] when it stops; the name is free then [SM-002]`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      const name = freshAtom();
      assertEquals(await start(ignore, { name }), "ignore");
      assertStrictEquals(GenServer.whereis(name), undefined);
      assertEquals(await start(stop(["no", "way"]), { name }), ["error", ["no", "way"]]);
      assertStrictEquals(GenServer.whereis(name), undefined);
      const reasons = flush().map((message) => (message as unknown[]).at(-1));
      assertEquals(reasons, how === "startLink" ? ["normal", ["no", "way"]] : []);
      assertEquals(reports.all.map(({ kind, reason }) => [kind, reason]), [
        ["crash", ["no", "way"]],
      ]);
    });
  });
}

Deno.test("GenStatem.start() returns the bare error that init throws, and the machine exits with its stack, too", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const error = new RangeError("oops");
    const fail = (thrown: unknown) => () => {
      throw thrown;
    };
    // As OTP 25 does: gen_server would answer the stack, too.
    assertEquals(await GenStatem.startLink(Machine, fail(error)), ["error", error]);
    assertEquals(((await receive()) as unknown[])[2], [error, error.stack]);
    assertEquals(await GenStatem.startLink(Machine, fail(exit("why"))), ["error", "why"]);
    assertEquals(((await receive()) as unknown[])[2], "why");
    assertEquals(await GenStatem.startLink(Machine, fail("ignore")), "ignore");
    assertEquals(((await receive()) as unknown[])[2], "normal");
    const wrong = ["bad_return_from_init", ["ok", "a"]];
    assertEquals(await GenStatem.startLink(Machine, ["ok", "a"]), ["error", wrong]);
    assertEquals(((await receive()) as unknown[])[2], wrong);
    await assertSilence();
    const reasons = [[error, error.stack], "why", wrong];
    assertEquals(
      reports.all.map(({ kind, reason }) => [kind, reason]),
      reasons.flatMap((reason) => [["gen_statem", reason], ["crash", reason]]),
    );
  });
});

Deno.test("GenStatem.start() refuses a module without callbacks, wrong names and wrong timeouts, and starts nothing", async () => {
  await inProcess(async () => {
    const start = GenStatem.start as (...args: unknown[]) => Promise<unknown>;
    const { callbackMode, init } = Machine;
    await assertRejects(() => start({ init }, 1), TypeError, "must have a callbackMode callback");
    await assertRejects(() => start({ callbackMode }, 1), TypeError, "must have an init callback");
    await assertRejects(() => start(5, 1), TypeError, "expected a module with callbacks, found 5");
    await assertRejects(() => start(Machine, RUNNING, { name: 5 }), TypeError, "found 5");
    await assertRejects(() => start(Machine, RUNNING, { timeout: -1 }), RangeError, "found -1");
    await assertSilence();
  });
});

Deno.test("GenStatem.start() takes a module without an argument, and an async init", async () => {
  await inProcess(async () => {
    const module = {
      callbackMode: () => "state_functions",
      init: async () => {
        await undefined;
        return GenStatem.ok("on", self());
      },
      on: ([, from]: readonly ["call", GenStatem.From], _content: unknown, data: Pid) =>
        keepStateAndData(["reply", from, data]),
    };
    const pid = unwrap(await GenStatem.start(module));
    assertStrictEquals(await GenStatem.call(pid, "self"), pid);
  });
});

Deno.test("a machine is a child of a supervisor as any server", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    const start = [GenStatem, "startLink", [Machine, RUNNING, { name }]] as const;
    const supervisor = unwrap(
      await Supervisor.startLink([{ id: "machine", start }], { strategy: "one_for_one" }),
    );
    const first = GenServer.whereis(name) as Pid;
    const ended = exitOf(first);
    Process.exit(first, "kill");
    await ended;
    await Supervisor.countChildren(supervisor);
    assert(GenServer.whereis(name) !== first);
    assertEquals(await GenStatem.call(name, "ping"), ["got", "ping", "a"]);
    await Supervisor.stop(supervisor);
  });
});

// --- Callback modes -----------------------------------------------------------------------------

Deno.test("state_functions has one function for each state, called with type, content and data [SM-035]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = {
      callbackMode: () => "state_functions",
      init: () => GenStatem.ok("closed", 0),
      closed(...args: [GenStatem.EventType, unknown, number]) {
        log.push(["closed", ...args, this === module]);
        return nextState("open", args[2] + 1);
      },
      open(...args: [GenStatem.EventType, unknown, number]) {
        log.push(["open", ...args, this === module]);
        return nextState("closed", args[2] + 1);
      },
    };
    const pid = unwrap(await GenStatem.start(module));
    GenStatem.cast(pid, "push");
    send(pid, "hello");
    GenStatem.cast(pid, "push");
    assertEquals(await Sys.getState(pid), ["open", 3]);
    assertEquals(log, [
      ["closed", "cast", "push", 0, true],
      ["open", "info", "hello", 1, true],
      ["closed", "cast", "push", 2, true],
    ]);
  });
});

Deno.test("state_functions terminates the machine when there is no function for the state, or the state is not an atom [SM-035]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const states: [unknown, string][] = [
      ["lost", 'in the state "lost": the GenStatem module has no function of that name'],
      ["terminate", "a state cannot have the name of another callback"],
      [
        ["a", 1],
        'in the state ["a", 1]: with the callback mode state_functions, a state must be an atom',
      ],
      [5, "in the state 5: with the callback mode state_functions, a state must be an atom"],
    ];
    for (const [state, why] of states) {
      const module = {
        callbackMode: () => "state_functions",
        init: () => GenStatem.ok(state, 0),
        terminate: () => {},
      };
      const [pid] = unwrap(await GenStatem.startMonitor(module));
      send(pid, "hello");
      const [error] = ((await receive()) as [[Error]]).at(-1) as unknown as [Error];
      assert(error instanceof TypeError);
      assert(error.message.includes(why), error.message);
    }
  });
});

Deno.test("state_functions takes a symbol for a state, and a class for a module [SM-035]", async () => {
  await inProcess(async () => {
    const OPEN = Symbol("open");
    class Door {
      static callbackMode = () => "state_functions";
      static init = () => GenStatem.ok(OPEN, 0);
      static [OPEN](_type: GenStatem.EventType, content: string) {
        return keepState(content);
      }
    }
    const pid = unwrap(await GenStatem.start(Door));
    GenStatem.cast(pid, "in");
    assertEquals(await Sys.getState(pid), [OPEN, "in"]);
  });
});

Deno.test("handle_event_function has one function for all states, which may be any term [SM-035]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = {
      callbackMode: () => "handle_event_function",
      init: () => GenStatem.ok<unknown, number>(["open", { by: 1 }], 0),
      handleEvent(...args: [GenStatem.EventType, unknown, unknown, number]) {
        log.push(args);
        return nextState(args[1], args[3] + 1);
      },
    };
    const pid = unwrap(await GenStatem.start(module));
    for (const state of [5, null, new Map([["a", 1]])]) GenStatem.cast(pid, state);
    assertEquals(await Sys.getState(pid), [new Map([["a", 1]]), 3]);
    assertEquals(log, [
      ["cast", 5, ["open", { by: 1 }], 0],
      ["cast", null, 5, 1],
      ["cast", new Map([["a", 1]]), null, 2],
    ]);
  });
});

Deno.test("handle_event_function compares states as terms: an equal one is no change [SM-035]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen, { enter: () => keepStateAndData() });
    GenStatem.cast(pid, returning(nextState(["x", { n: 1 }], 0)));
    GenStatem.cast(pid, returning(nextState(["x", { n: 1 }], 0)));
    GenStatem.cast(pid, returning(nextState(["x", { n: 2 }], 0)));
    await Sys.getState(pid);
    assertEquals(seen, [
      ["enter", "a", "a"],
      ["enter", "a", ["x", { n: 1 }]],
      ["enter", ["x", { n: 1 }], ["x", { n: 2 }]],
    ]);
  });
});

Deno.test("handle_event_function terminates the machine when the module has no handleEvent [SM-035]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const module = { callbackMode: () => "handle_event_function", init: () => GenStatem.ok(1, 2) };
    const [pid] = unwrap(await GenStatem.startMonitor(module));
    GenStatem.cast(pid, "hello");
    const [error] = ((await receive()) as unknown[]).at(-1) as [Error];
    assertEquals(
      error.message,
      'Cannot handle "hello": the GenStatem module has no handleEvent callback',
    );
  });
});

Deno.test("callbackMode may return a list, throw its result, and name the mode more than once; the last one counts [SM-035]", async () => {
  await inProcess(async () => {
    const modes: (() => string | string[])[] = [
      () => ["state_functions"],
      () => ["handle_event_function", "state_functions"],
      () => {
        throw ["state_functions"];
      },
    ];
    for (const callbackMode of modes) {
      const module = {
        callbackMode,
        init: () => GenStatem.ok("on", 0),
        on: () => keepState("by function"),
      };
      const pid = unwrap(await GenStatem.start(module));
      send(pid, "x");
      assertEquals(await Sys.getState(pid), ["on", "by function"]);
    }
  });
});

Deno.test("callbackMode that returns anything else terminates the machine, which has been started by then", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const wrong = ["state_function", undefined, [], ["state_enter"], ["state_functions", "enter"]];
    for (const mode of wrong) {
      const log: unknown[] = [];
      const [pid, ref] = unwrap(
        await GenStatem.startMonitor({
          callbackMode: () => mode as string,
          init: () => GenStatem.ok("on", 0),
          terminate: (...args: unknown[]) => log.push(args),
        }),
      );
      const reason = ["bad_return_from_callback_mode", mode];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
      assertEquals(log, [[reason, "on", 0]]);
    }
    assertEquals(reports.logged.map(({ kind }) => kind), wrong.map(() => "gen_statem"));
    const error = new Error("oops");
    const [, ref] = unwrap(
      await GenStatem.startMonitor({
        callbackMode: () => {
          throw error;
        },
        init: () => GenStatem.ok("on", 0),
      }),
    );
    const down = await receive() as unknown[];
    assertEquals([down[1], down[4]], [ref, [error, error.stack]]);
  });
});

// --- Calls --------------------------------------------------------------------------------------

Deno.test("GenStatem.call() waits without limit by default [SM-005]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = unwrap(await GenStatem.start(Machine, RUNNING));
    let from: GenStatem.From | undefined;
    const call = GenStatem.call(pid, (type: Call) => (from = type[1], keepStateAndData()));
    await pass(time, 1000 * 24 * 3600_000);
    GenStatem.reply(from!, "late");
    assertEquals(await call, "late");
  });
});

Deno.test("GenStatem.call() exits with timeout and the call as it was made, also with a clean or dirty timeout; a late reply is dropped [SM-005]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const name = freshAtom();
    await GenStatem.startLink(Machine, RUNNING, { name });
    const timeouts = [0, 100, ["clean_timeout", 100], ["dirty_timeout", 100]] as const;
    for (const timeout of timeouts) {
      let from: GenStatem.From | undefined;
      const request = (type: Call) => (from = type[1], keepStateAndData());
      const failed = failure(GenStatem.call(name, request, timeout));
      await pass(time, timeout === 0 ? 1 : 100);
      assertEquals(await failed, [
        "timeout",
        ["gen_statem", "call", [name, request, timeout]],
      ]);
      GenStatem.reply(from!, "late");
    }
    await assertSilence();
  });
});

Deno.test("GenStatem.call() takes a clean or dirty timeout that is not reached [SM-005]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenStatem.start(Machine, RUNNING));
    const pong = ["got", "ping", "a"];
    assertEquals(await GenStatem.call(pid, "ping", 1000), pong);
    assertEquals(await GenStatem.call(pid, "ping", ["clean_timeout", 1000]), pong);
    assertEquals(await GenStatem.call(pid, "ping", ["dirty_timeout", Infinity]), pong);
  });
});

Deno.test("GenStatem.call() exits with noproc, calling_self or nodedown, and the call [SM-005]", async () => {
  await inProcess(async () => {
    const nobody = spawn(() => {});
    await exitOf(nobody);
    const name = freshAtom();
    const whys: [GenStatem.ServerRef, unknown][] = [
      [nobody, "noproc"],
      [name, "noproc"],
      [["global", name], "noproc"],
      [self(), "calling_self"],
      [[name, "other@host"], ["nodedown", "other@host"]],
    ];
    for (const [server, why] of whys) {
      assertEquals(await failure(GenStatem.call(server, "x")), [
        why,
        ["gen_statem", "call", [server, "x", Infinity]],
      ]);
    }
  });
});

Deno.test("GenStatem.call() refuses wrong timeouts and servers", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenStatem.start(Machine, RUNNING));
    const call = GenStatem.call as (...args: unknown[]) => Promise<unknown>;
    for (const timeout of [-1, NaN, "1", null, ["clean_timeout", -1], ["timeout", 1], []]) {
      await assertRejects(() => call(pid, "ping", timeout), RangeError, "Cannot call");
    }
    await assertRejects(() => call(5, "ping"), TypeError, "Cannot address this as a process");
    assertThrows(() => GenStatem.cast(5 as never, "x"), TypeError, "Cannot address");
  });
});

Deno.test("GenStatem.call() exits with the reason of a machine that stops without a reply [SM-005, SM-012]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const results: [unknown, unknown][] = [
      [stop("why"), "why"],
      [stop("why", "new data"), "why"],
      [stop("normal"), "normal"],
      ["stop", "normal"],
    ];
    for (const [result, why] of results) {
      const pid = unwrap(await GenStatem.start(Machine, RUNNING));
      const request = returning(result);
      const second = failure(GenStatem.call(pid, "ping").then(() => GenStatem.call(pid, request)));
      assertEquals(await second, [why, ["gen_statem", "call", [pid, request, Infinity]]]);
    }
  });
});

Deno.test("all calls that wait when a machine exits exit with its reason, those that it has not seen among them [SM-012]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pid = unwrap(await GenStatem.start(Machine, RUNNING));
    const unanswered = returning(keepStateAndData());
    const stopping = returning(stop(["shutdown", "now"]));
    const failures = [unanswered, stopping, "ping"].map((request) =>
      failure(GenStatem.call(pid, request))
    );
    assertEquals(
      await Promise.all(failures),
      [unanswered, stopping, "ping"].map((request) => [
        ["shutdown", "now"],
        ["gen_statem", "call", [pid, request, Infinity]],
      ]),
    );
  });
});

Deno.test("GenStatem.cast() returns ok, also when there is no process [SM-052]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    assertEquals(GenStatem.cast(pid, "hello"), "ok");
    assertEquals(await Sys.getState(pid), ["a", "data"]);
    assertEquals(seen, [["cast", "hello", "a"]]);
    await GenStatem.stop(pid);
    const missing: GenStatem.ServerRef[] = [pid, freshAtom(), [freshAtom(), "other@host"]];
    for (const fresh of Object.values(NAMINGS)) missing.push(fresh());
    for (const server of missing) assertEquals(GenStatem.cast(server, "hello"), "ok");
    await assertSilence();
  });
});

for (const [what, fresh] of Object.entries(NAMINGS)) {
  Deno.test(`GenStatem.cast() and call() reach ${what}, in the order in which they were made [SM-001]`, async () => {
    await inProcess(async () => {
      const seen: Seen[] = [];
      const name = fresh();
      await GenStatem.startLink(recorder(seen), RUNNING, { name });
      GenStatem.cast(name, 1);
      const request = (type: Call) => keepStateAndData(["reply", type[1], seen.length]);
      const call = GenStatem.call(name, request);
      GenStatem.cast(name, 2);
      assertEquals(await call, 1);
      await settled();
      assertEquals(seen, [["cast", 1, "a"], ["cast", 2, "a"]]);
    });
  });
}

// --- Replies ------------------------------------------------------------------------------------

Deno.test("replies are given by actions and by GenStatem.reply(), to several callers in one list [SM-023]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    const froms: GenStatem.From[] = [];
    const keep = (type: Call) => (froms.push(type[1]), keepStateAndData());
    const replies = (): GenStatem.ReplyAction[] => {
      return froms.splice(0).map((from, at) => ["reply", from, at]);
    };
    const ways: (() => unknown)[] = [
      () => keepStateAndData(replies()),
      () => keepState("data", replies()),
      () => nextState("b", "data", replies()),
      () => (GenStatem.reply(replies()), keepStateAndData()),
      () => (replies().forEach((action) => GenStatem.reply(action)), keepStateAndData()),
      () => (replies().forEach(([, ...args]) => GenStatem.reply(...args)), keepStateAndData()),
    ];
    for (const way of ways) {
      const calls = [GenStatem.call(pid, keep), GenStatem.call(pid, keep)];
      GenStatem.cast(pid, way);
      assertEquals(await Promise.all(calls), [0, 1]);
    }
  });
});

Deno.test("GenStatem.reply() replies to a call from another process, once, and has no effect if the caller has exited [SM-023]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    const observer = self();
    const asked = (type: Call) => (send(observer, ["from", type[1]]), keepStateAndData());
    const call = GenStatem.call(pid, asked);
    const from = await receive({ from: (from: GenStatem.From) => from });
    spawn(() => {
      assertEquals(GenStatem.reply(from, 1), "ok");
      assertEquals(GenStatem.reply(["reply", from, 2]), "ok");
    });
    assertEquals(await call, 1);
    spawn(() => GenStatem.call(pid, asked, 1000));
    const gone = await receive({ from: (from: GenStatem.From) => from });
    Process.exit(gone[0], "kill");
    await exitOf(gone[0]);
    assertEquals(GenStatem.reply(gone, 3), "ok");
    await assertSilence();
  });
});

Deno.test("GenStatem.reply() refuses invalid replies", () => {
  const reply = GenStatem.reply as (...args: unknown[]) => unknown;
  for (
    const args of [[5], [["reply", 5, 6]], [5, 6], [[["reply", [self(), null], 1], "hibernate"]]]
  ) {
    assertThrows(() => reply(...args), TypeError, 'expected ["reply", from, value]');
  }
});

Deno.test("GenServer.call() and cast() work with a machine, and GenStatem.call() and cast() with a server", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const machine = await startRecorder(seen);
    assertEquals(await GenServer.call(machine, "hello"), ["got", "hello", "a"]);
    GenServer.cast(machine, "bye");
    await GenServer.stop(machine);
    assertEquals(seen, [["call", "hello", "a"], ["cast", "bye", "a"]]);
    const Server = {
      init: () => ok(1),
      handleCall: (request: unknown, _from: GenServer.From, state: number) =>
        reply([request, state], state),
      handleCast: (request: number) => noreply(request),
    };
    const server = unwrap(await GenServer.start(Server));
    GenStatem.cast(server, 2);
    assertEquals(await GenStatem.call(server, "hello"), ["hello", 2]);
    assertEquals(await GenStatem.stop(server), "ok");
  });
});

Deno.test("a message in the form of OTP's own calls and casts is one; one that only looks like it is info [SM-022]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    send(pid, ["$gen_cast", "hello"]);
    send(pid, ["$gen_call", [self(), "tag"], "hello"]);
    assertEquals(await receive(), ["tag", ["got", "hello", "a"]]);
    for (const odd of [["$gen_cast"], ["$gen_call", 5, "x"], ["timeout", 1, "x"], "timeout"]) {
      send(pid, odd);
    }
    await Sys.getState(pid);
    assertEquals(seen, [
      ["cast", "hello", "a"],
      ["call", "hello", "a"],
      ["info", ["$gen_cast"], "a"],
      ["info", ["$gen_call", 5, "x"], "a"],
      ["info", ["timeout", 1, "x"], "a"],
      ["info", "timeout", "a"],
    ]);
    await assertSilence();
  });
});

Deno.test("GenStatem.sendRequest() asks without waiting, and the answer is taken by wait-, receive- or checkResponse() [SM-046]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pid = unwrap(await GenStatem.start(Machine, RUNNING));
    const name = freshAtom();
    const answer = ["reply", ["got", "x", "a"]] as const;
    assertEquals(await GenStatem.waitResponse(GenStatem.sendRequest(pid, "x"), 1000), answer);
    assertEquals(await GenStatem.receiveResponse(GenStatem.sendRequest(pid, "x"), 1000), answer);
    const id = GenStatem.sendRequest(pid, "x");
    const message = await receive();
    assertEquals(GenStatem.checkResponse("other", id), "no_reply");
    assertEquals(GenStatem.checkResponse(message, id), answer);
    assertEquals(await GenStatem.waitResponse(GenStatem.sendRequest(name, "x")), [
      "error",
      ["noproc", name],
    ]);
    const stopped = GenStatem.sendRequest(pid, returning(stop("why")));
    assertEquals(await GenStatem.waitResponse(stopped), ["error", ["why", pid]]);
    await assertSilence();
  });
});

Deno.test("GenStatem.sendRequest() fills a collection, whose answers are taken one by one, with their labels [SM-046]", async () => {
  await inProcess(async () => {
    const machines = [await startRecorder(), await startRecorder(), await startRecorder()];
    const takes = [
      (requests: GenStatem.RequestIds) => GenStatem.waitResponse(requests, 1000, true),
      (requests: GenStatem.RequestIds) => GenStatem.receiveResponse(requests, 1000, true),
      async (requests: GenStatem.RequestIds) =>
        GenStatem.checkResponse(await receive(), requests, true),
    ];
    for (const take of takes) {
      let requests: GenStatem.RequestIds = GenStatem.reqidsNew();
      for (const [label, pid] of machines.entries()) {
        requests = GenStatem.sendRequest(pid, ["x", label], label, requests);
      }
      const last = GenStatem.sendRequest(machines[0]!, "more");
      requests = GenStatem.reqidsAdd(last, "more", requests);
      assertEquals(GenStatem.reqidsSize(requests), 4);
      assertEquals(GenStatem.reqidsToList(requests).map(([, label]) => label), [0, 1, 2, "more"]);
      const answers = new Map<unknown, unknown>();
      while (GenStatem.reqidsSize(requests) > 0) {
        const taken = await take(requests);
        assert(Array.isArray(taken));
        answers.set(taken[1], taken[0]);
        requests = taken[2];
      }
      assertEquals(
        answers,
        new Map<unknown, unknown>([
          ...[0, 1, 2].map((label) => [label, ["reply", ["got", ["x", label], "a"]]] as const),
          ["more", ["reply", ["got", "more", "a"]]],
        ]),
      );
      assertEquals(await GenStatem.waitResponse(requests, 0, true), "no_request");
    }
    await assertSilence();
  });
});

Deno.test("a request whose time is up is not answered any more: the reply by its alias is dropped [SM-046]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    let from: GenStatem.From | undefined;
    const id = GenStatem.sendRequest(pid, (type: Call) => (from = type[1], keepStateAndData()));
    assertEquals(await GenStatem.waitResponse(id, 0), "timeout");
    await Sys.getState(pid);
    assertEquals(await GenStatem.receiveResponse(id, 0), "timeout");
    GenStatem.reply(from!, "late");
    await assertSilence();
  });
});

// --- Stopping -----------------------------------------------------------------------------------

Deno.test("GenStatem.stop() terminates a machine with the reason, after its terminate; an abnormal one is reported [SM-003]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = recorder([], {
      callbacks: { terminate: (...args: unknown[]) => log.push(args) },
    });
    for (const reason of ["normal", "shutdown", ["shutdown", 1], "other", { odd: true }]) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      const stopped = reason === "normal" ? GenStatem.stop(pid) : GenStatem.stop(pid, reason);
      assertEquals(await stopped, "ok");
      assertEquals(flush(), [["DOWN", ref, "process", pid, reason]]);
      assertEquals(log.splice(0), [[reason, "a", "data"]]);
    }
    assertEquals(reports.logged.map(({ reason }) => reason), ["other", { odd: true }]);
  });
});

for (const [what, fresh] of Object.entries(NAMINGS)) {
  Deno.test(`GenStatem.stop() takes ${what}, and exits with noproc when it is not registered [SM-003]`, async () => {
    await inProcess(async () => {
      const name = fresh();
      const pid = unwrap(await GenStatem.start(Machine, RUNNING, { name }));
      assertEquals(await GenStatem.stop(name, "shutdown", 1000), "ok");
      assert(!Process.isAlive(pid));
      assertEquals(await failure(GenStatem.stop(name)), [
        "noproc",
        ["gen_statem", "stop", [name, "normal", Infinity]],
      ]);
      assertEquals(await failure(GenStatem.stop(pid, "shutdown", 5)), [
        "noproc",
        ["gen_statem", "stop", [pid, "shutdown", 5]],
      ]);
    });
  });
}

Deno.test("GenStatem.stop() exits with timeout when the machine takes longer, which goes on stopping; it refuses wrong timeouts [SM-003]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = await startRecorder();
    Process.unlink(pid);
    for (const timeout of [-1, NaN, "1" as unknown as number]) {
      await assertRejects(() => GenStatem.stop(pid, "normal", timeout), RangeError);
    }
    const ended = exitOf(pid);
    GenStatem.cast(pid, async () => (await Process.sleep(200), keepStateAndData()));
    const stopped = failure(GenStatem.stop(pid, "shutdown", 100));
    await pass(time, 100);
    assertEquals(await stopped, ["timeout", ["gen_statem", "stop", [pid, "shutdown", 100]]]);
    await pass(time, 100);
    assertEquals(await ended, "shutdown");
  });
});

Deno.test("GenStatem.stop() exits with the reason of a machine that exits with another one [SM-003, SM-039]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const module = recorder([], {
      callbacks: {
        // deno-lint-ignore no-explicit-any -- a function that is not there
        terminate: () => (module as any).missing(),
      },
    });
    const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
    const [why, call] = await failure(GenStatem.stop(pid, "shutdown")) as [
      [Error, string],
      unknown,
    ];
    assert(why[0] instanceof TypeError);
    assertEquals(call, ["gen_statem", "stop", [pid, "shutdown", Infinity]]);
    assertEquals(flush(), [["DOWN", ref, "process", pid, why]]);
  });
});

Deno.test('a machine that stops with ["shutdown", term] is not reported, and a call afterwards exits with noproc [SM-010]', async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const [pid, ref] = unwrap(await GenStatem.startMonitor(Machine, RUNNING));
    const request = returning(stop(["shutdown", "done"]));
    assertEquals(await failure(GenStatem.call(pid, request)), [
      ["shutdown", "done"],
      ["gen_statem", "call", [pid, request, Infinity]],
    ]);
    assertEquals(flush(), [["DOWN", ref, "process", pid, ["shutdown", "done"]]]);
    assertEquals(await failure(GenStatem.call(pid, "x")), [
      "noproc",
      ["gen_statem", "call", [pid, "x", Infinity]],
    ]);
    assertEquals(reports.all, []);
  });
});

Deno.test("stopAndReply() sends the replies in the order of the list, and only then runs terminate [SM-011]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const observer = self();
    const module = recorder([], {
      callbacks: { terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]) },
    });
    for (const data of [[], ["new data"]] as ([] | [string])[]) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      const froms: GenStatem.From[] = [];
      const kept = (type: Call) => (froms.push(type[1]), keepStateAndData());
      const ids = [1, 2, 3].map(() => GenStatem.sendRequest(pid, kept));
      GenStatem.cast(pid, () => {
        const [first, second] = froms as [GenStatem.From, GenStatem.From];
        return stopAndReply("why", [["reply", second, "two"], ["reply", first, "one"]], ...data);
      });
      await exitOf(pid);
      const messages = flush() as (readonly unknown[])[];
      assertEquals(messages.filter(([tag]) => tag !== "DOWN"), [
        [aliasTag(ids[1]!), "two"],
        [aliasTag(ids[0]!), "one"],
        ["terminate", "why", "a", data[0] ?? "data"],
      ]);
      assertEquals(
        messages.slice(3),
        [ref, ...ids].map((each) => ["DOWN", each, "process", pid, "why"]),
      );
    }
    assertEquals(reports.logged.map(({ state }) => state), [["a", "data"], ["a", "new data"]]);
  });
});

Deno.test("stopAndReply() takes one reply without a list, and is a reply for a call [SM-011, SM-012]", async () => {
  await inProcess(async () => {
    const [pid, ref] = unwrap(await GenStatem.startMonitor(Machine, RUNNING));
    const left = GenStatem.call(pid, () => keepStateAndData());
    const unanswered = failure(left);
    const request = (type: Call) => stopAndReply("shutdown", ["reply", type[1], "bye"]);
    assertEquals(await GenStatem.call(pid, request), "bye");
    assertEquals(((await unanswered) as unknown[])[0], "shutdown");
    assertEquals(flush(), [["DOWN", ref, "process", pid, "shutdown"]]);
  });
});
