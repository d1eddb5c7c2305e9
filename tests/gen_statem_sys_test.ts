/**
 * State machines and system messages, hibernation, and processes that become machines.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
  GenStatem,
  Global,
  type Pid,
  Process,
  ProcLib,
  receive,
  self,
  send,
  spawn,
  Sys,
  unwrap,
} from "../mod.ts";
import {
  noted,
  recorder,
  returning,
  RUNNING,
  type Seen,
  startRecorder,
} from "./fixtures/machine.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const { keepState, keepStateAndData, nextState } = GenStatem;

// --- System messages ----------------------------------------------------------------------------

Deno.test("Sys.getState() of a machine is [state, data], also while it is suspended [SY-002, SY-009]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    assertEquals(await Sys.getState(pid), ["a", "data"]);
    GenStatem.cast(pid, returning(nextState({ state: 1 }, { data: 2 })));
    await Sys.suspend(pid);
    GenStatem.cast(pid, returning(nextState("later", "later")));
    assertEquals(await Sys.getState(pid), [{ state: 1 }, { data: 2 }]);
  });
});

Deno.test("Sys.replaceState() of a machine takes and returns [state, data], without entering the state, also while it is suspended [SY-003]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen, { enter: () => keepStateAndData() });
    const replaced = await Sys.replaceState(pid, ([state, data]) => [[state], [data]]);
    assertEquals(replaced, [["a"], ["data"]]);
    await Sys.suspend(pid);
    await Sys.replaceState(pid, () => ["b", 2]);
    await Sys.resume(pid);
    assertEquals(await Sys.getState(pid), ["b", 2]);
    assertEquals(seen, [["enter", "a", "a"]]);
  });
});

Deno.test("Sys.replaceState() of a machine exits with callback_failed when the function returns no pair, or throws [SY-003]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    for (const wrong of ["b", ["b"], ["b", 1, 2], undefined]) {
      const [tag, callback] = await failure(Sys.replaceState(pid, () => wrong)) as unknown[];
      assertEquals([tag, callback], ["callback_failed", ["gen_statem", "system_replace_state"]]);
    }
    assertEquals(await Sys.getState(pid), ["a", "data"]);
  });
});

Deno.test("calls to a suspended machine time out by their own timeout; the request is handled later, its reply dropped [SY-007]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    await Sys.suspend(pid);
    const call = failure(GenStatem.call(pid, "x", 100));
    await pass(time, 100);
    assertEquals(await call, ["timeout", ["gen_statem", "call", [pid, "x", 100]]]);
    await Sys.resume(pid);
    await Sys.getState(pid);
    assertEquals(seen, [["call", "x", "a"]]);
    await assertSilence();
  });
});

Deno.test("a suspended machine gets no timeout, and all whose time was up when it is resumed [SY-025]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await startRecorder(seen);
    GenStatem.cast(
      pid,
      returning(
        keepStateAndData([
          [["timeout", "n"], 100, "named"],
          ["state_timeout", 200, "state"],
          [["timeout", "late"], 500, "late"],
        ]),
      ),
    );
    await Sys.suspend(pid);
    await pass(time, 400);
    assertEquals(seen, []);
    await Sys.resume(pid);
    await settled();
    assertEquals(seen, [[["timeout", "n"], "named", "a"], ["state_timeout", "state", "a"]]);
    await pass(time, 100);
    assertEquals(seen.slice(2), [[["timeout", "late"], "late", "a"]]);
  });
});

Deno.test("a suspended machine that traps exits terminates with its parent, by terminate [SY-010]", async () => {
  await inProcess(async () => {
    const observer = self();
    const module = recorder([], {
      callbacks: {
        init: () => (Process.flag("trap_exit", true), RUNNING),
        terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]),
      },
    });
    const parent = spawn(async () => {
      const pid = unwrap(await GenStatem.startLink(module, undefined));
      await Sys.suspend(pid);
      send(observer, ["suspended", pid]);
      throw exit(await receive());
    });
    const pid = await receive({ suspended: (pid: Pid) => pid });
    const ref = Process.monitor(pid);
    send(parent, "shutdown");
    assertEquals(await receive(), ["terminate", "shutdown", "a", "data"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
  });
});

Deno.test("Sys.terminate() terminates a machine by its terminate, with the reason", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = recorder([], {
      callbacks: { terminate: (...args: unknown[]) => log.push(args) },
    });
    const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
    assertEquals(await Sys.terminate(pid, "odd"), "ok");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "odd"]);
    assertEquals(log, [["odd", "a", "data"]]);
    assertEquals(reports.logged.map(({ kind, lastMessage }) => [kind, lastMessage]), [
      ["gen_statem", []],
    ]);
  });
});

Deno.test("Sys.getStatus() describes a machine, as its formatStatus words it [SY-009]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    const module = recorder([], {
      callbacks: {
        formatStatus: (status: GenStatem.Status) => ({ ...status, data: ["hidden", status.data] }),
      },
    });
    const pid = unwrap(await GenStatem.startLink(module, RUNNING, { name }));
    const late = returning(keepStateAndData(["postpone", [["timeout", "n"], 1000, "x"]]));
    const call = GenStatem.sendRequest(pid, late);
    await Sys.suspend(pid);
    const status = await Sys.getStatus(pid);
    assertEquals<unknown>(status, {
      pid,
      module,
      modules: [module],
      behaviour: "gen_statem",
      status: "suspended",
      parent: self(),
      name,
      dictionary: status.dictionary,
      trapExit: false,
      debug: [],
      state: ["a", ["hidden", "data"]],
      // The `From` is not shown.
      postponed: [[["call", self()], late]],
      timeouts: [[["timeout", "n"], "x"]],
    });
    await GenStatem.waitResponse(call, 0);
  });
});

Deno.test("Process.info() tells that a machine is one [SM-044]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    const module = pid.process!.behaviour as unknown as { module: object };
    assertEquals(ProcLib.translateInitialCall(pid), [module.module, "init", 1]);
    const current = () => (Process.info(pid, "current_function") as readonly unknown[])[1];
    assertEquals(current(), ["gen_statem", "loop_receive", 3]);
  });
});

Deno.test("Sys.statistics() counts a call to a machine as one in and one out", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    await Sys.statistics(pid, true);
    await GenStatem.call(pid, "x");
    const [, counts] = await Sys.statistics(pid, "get");
    const { messagesIn, messagesOut } = counts as Sys.Statistics;
    assertEquals([messagesIn, messagesOut], [1, 1]);
  });
});

Deno.test("debug functions see all that a machine does, and Sys.trace() words it as OTP does", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const lines: string[] = [];
    const events: unknown[] = [];
    const see: Sys.DebugFunction = (_state, event, who) => void events.push([event, who]);
    const name = freshAtom();
    const second = recorder([], { enter: () => keepStateAndData() });
    const pid = unwrap(
      await GenStatem.startLink(recorder([]), RUNNING, {
        name,
        debug: [["log_to", (line) => lines.push(line)], ["install", [see, 0]]],
      }),
    );
    assertEquals(await GenStatem.call(pid, "hello"), ["got", "hello", "a"]);
    GenStatem.cast(pid, "postpone me");
    await settled();
    const go = nextState("b", "new", [
      ["push_callback_module", second],
      ["next_event", "internal", "inserted"],
      [["timeout", "n"], 0, "zero"],
      ["state_timeout", 100, "later"],
      [["timeout", "m"], "update", "update"],
    ]);
    await Sys.replaceState(pid, () => ["a", "data"]);
    send(pid, Object.assign(returning(go), { toJSON: () => "go" }));
    await pass(time, 100);
    await GenStatem.stop(pid);
    const module = "[module callbackMode, init, handleEvent]";
    const trace = lines.map((line) =>
      line.replace(`*DBG* "${name}" `, "").replaceAll(String(self()), "me").replaceAll(module, "M")
    );
    assertEquals(trace, [
      'enter M in state "a"',
      'consume internal "init_state" in state "a"',
      'receive call "hello" from me in state "a"',
      'send ["got", "hello", "a"] to me',
      'consume call "hello" from me in state "a"',
      'receive cast "postpone me" in state "a"',
      'consume cast "postpone me" in state "a"',
      'receive info [function anonymous] in state "a"',
      'module M in state "b"',
      'receive internal "inserted" in state "b"',
      'consume info [function anonymous] in state "a" => "b"',
      'start_timer [["timeout", "n"], 0, "zero", {}] in state "b"',
      'start_timer ["state_timeout", 100, "later", {}] in state "b"',
      'consume internal "inserted" in state "b"',
      'receive ["timeout", "n"] "zero" in state "b"',
      'consume ["timeout", "n"] "zero" in state "b"',
      'receive ["timeout", "m"] "update" in state "b"',
      'consume ["timeout", "m"] "update" in state "b"',
      'receive state_timeout "later" in state "b"',
      'consume state_timeout "later" in state "b"',
      'terminate "normal" in state "b"',
    ]);
    assertEquals(events.length, trace.length);
    assertEquals(events[5] as unknown[], [["in", ["cast", "postpone me"], "a"], name]);
  });
});

Deno.test("debug functions see that an event is postponed, and that it comes again", async () => {
  await inProcess(async () => {
    const pid = await startRecorder();
    await Sys.log(pid, true);
    const late = (_type: unknown, state: string) =>
      state === "a" ? nextState("b", "data", "postpone") : keepStateAndData();
    GenStatem.cast(pid, late);
    const [, events] = await Sys.log(pid, "get");
    assertEquals<unknown>(events, [
      ["in", ["cast", late], "a"],
      ["postpone", ["cast", late], "a", "b"],
      ["consume", ["cast", late], "b", "b"],
    ]);
    assertEquals((await Sys.getStatus(pid)).debug, [["log", events]]);
  });
});

Deno.test("Sys.changeCode() converts state and data by codeChange, and asks for the callback mode again", async () => {
  await inProcess(async () => {
    let mode = "handle_event_function";
    const answers: unknown[] = [
      ["ok", "b", "new"],
      ["ok", "b"],
      ["error", "refused"],
      "why not",
    ];
    const log: unknown[] = [];
    const module = {
      callbackMode: () => mode,
      init: () => RUNNING,
      handleEvent: () => keepState("by handleEvent"),
      b: () => keepState("by function"),
      codeChange: (...args: unknown[]) => (log.push(args), answers.shift()),
    };
    const pid = unwrap(await GenStatem.start(module as never, undefined as never)) as Pid;
    await Sys.suspend(pid);
    mode = "state_functions";
    assertEquals(await Sys.changeCode(pid, "old", "extra"), "ok");
    assertEquals(await Sys.changeCode(pid, "old", "extra"), ["error", ["ok", "b"]]);
    assertEquals(await Sys.changeCode(pid, "old", 1), ["error", ["error", "refused"]]);
    assertEquals(await Sys.changeCode(pid, "old", 2), ["error", "why not"]);
    await Sys.resume(pid);
    assertEquals(await Sys.getState(pid), ["b", "new"]);
    GenStatem.cast(pid, "x");
    assertEquals(await Sys.getState(pid), ["b", "by function"]);
    assertEquals(log, [
      ["old", "a", "data", "extra"],
      ["old", "b", "new", "extra"],
      ["old", "b", "new", 1],
      ["old", "b", "new", 2],
    ]);
  });
});

Deno.test("Sys.changeCode() returns an error when codeChange is missing, throws, or the new callback mode is invalid", async () => {
  await inProcess(async () => {
    const error = new Error("oops");
    let mode = "handle_event_function";
    const change = async (codeChange?: () => unknown) => {
      const module = {
        ...recorder([]),
        callbackMode: () => mode,
        ...(codeChange && { codeChange }),
      };
      const pid = unwrap(await GenStatem.start(module, RUNNING));
      await Sys.suspend(pid);
      if (codeChange !== undefined) mode = "odd";
      const answer = await Sys.changeCode(pid, "old", "extra");
      mode = "handle_event_function";
      assertEquals(await Sys.getState(pid), ["a", "data"]);
      return answer;
    };
    assertEquals(await change(), ["error", ["undef", "codeChange"]]);
    assertEquals(await change(() => ["ok", "b", "new"]), [
      "error",
      ["bad_return_from_callback_mode", "odd"],
    ]);
    assertEquals(
      await change(() => {
        throw error;
      }),
      ["error", [error, error.stack]],
    );
    assertEquals(
      await change(() => {
        throw "thrown";
      }),
      ["error", "thrown"],
    );
  });
});

// --- Hibernation --------------------------------------------------------------------------------

Deno.test("the action hibernate shows until the next event, and the option hibernateAfter is taken [SM-044]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const module = recorder(seen);
    const pid = unwrap(await GenStatem.startLink(module, RUNNING, { hibernateAfter: 10 }));
    const sleeps = () =>
      (Process.info(pid, "current_function") as readonly unknown[])[1]![0 as never] === "erlang";
    const tell = async (result: unknown) => {
      GenStatem.cast(pid, returning(result));
      await settled();
      return sleeps();
    };
    assertEquals(await tell(keepStateAndData("hibernate")), true);
    await Sys.getState(pid);
    assertEquals(sleeps(), true);
    assertEquals(await tell(keepStateAndData()), false);
    assertEquals(await tell(nextState("b", 1, ["hibernate", true])), true);
    assertEquals(await GenStatem.call(pid, "x"), ["got", "x", "b"]);
    assertEquals(sleeps(), false);
    assertEquals(await tell(keepStateAndData(["hibernate", ["hibernate", false]])), false);
    // A machine with an event to handle does not hibernate; afterwards that event decides.
    const inserting = keepStateAndData(["hibernate", ["next_event", "internal", "inserted"]]);
    assertEquals(await tell(inserting), false);
    assertEquals(seen, [["call", "x", "b"], ["internal", "inserted", "b"]]);
  });
});

Deno.test("init may have the machine hibernate at once [SM-044, SM-051]", async () => {
  await inProcess(async () => {
    const pid = await startRecorder([], {}, "hibernate");
    await settled();
    assertEquals(Process.info(pid, "current_function"), [
      "current_function",
      ["erlang", "hibernate", 3],
    ]);
  });
});

// --- Becoming a machine -------------------------------------------------------------------------

/** Starts a process that registers itself by `prepare` and then becomes a machine. */
async function enter(
  seen: Seen[],
  name?: Parameters<typeof GenStatem.enterLoop>[4],
  actions?: GenStatem.Actions,
  prepare: () => unknown = () => {},
): Promise<Pid> {
  return unwrap(
    await ProcLib.startLink<GenStatem.StartResult>(async () => {
      await prepare();
      ProcLib.initAck(["ok", self()]);
      return await GenStatem.enterLoop(recorder(seen), {}, "a", "data", name, actions);
    }),
  ) as Pid;
}

Deno.test("GenStatem.enterLoop() makes a process of ProcLib a machine, with the mail that it had [SM-045]", async () => {
  await inProcess(async () => {
    const seen: Seen[] = [];
    const pid = await enter(seen, undefined, [], () => send(self(), "early"));
    GenStatem.cast(pid, "x");
    assertEquals(await GenStatem.call(pid, "hello"), ["got", "hello", "a"]);
    assertEquals(await Sys.getState(pid), ["a", "data"]);
    assertEquals(seen, [["info", "early", "a"], ["cast", "x", "a"], ["call", "hello", "a"]]);
    assertEquals(await GenStatem.stop(pid), "ok");
    await assertSilence();
  });
});

Deno.test("GenStatem.enterLoop() enters the state, and begins with the actions, before the mail [SM-045]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = {
      callbackMode: () => ["state_functions", "state_enter"],
      a: async (type: GenStatem.EventType, content: unknown) => {
        await undefined;
        log.push([type, content]);
        return keepStateAndData();
      },
    };
    const pid = ProcLib.spawnLink(() => {
      send(self(), "early");
      return GenStatem.enterLoop(module, {}, "a", "data", self(), [
        ["next_event", "internal", "inserted"],
        ["state_timeout", 0, "zero"],
      ]);
    });
    await Sys.getState(pid);
    assertEquals(log, [
      ["enter", "a"],
      ["internal", "inserted"],
      ["state_timeout", "zero"],
      ["info", "early"],
    ]);
  });
});

for (const [what, fresh] of Object.entries(NAMINGS)) {
  const isVia = what.includes("registry");
  const why = what === "a local name"
    ? "process_not_registered"
    : what === "a global name"
    ? "process_not_registered_globally"
    : "process_not_registered_via";

  Deno.test(`GenStatem.enterLoop() takes ${what} that the process has registered, and terminates one that has not with ${why} [SM-045]`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      Process.flag("trap_exit", true);
      const name = fresh();
      const pid = await enter([], name, [], async () => {
        if (typeof name === "string") return Process.register(self(), name);
        const registry = name[0] === "via" ? name[1] : Global;
        assertEquals(await registry.registerName(name.at(-1), self()), "yes");
      });
      assertEquals(await GenStatem.call(name, "hello"), ["got", "hello", "a"]);
      await GenStatem.stop(name, "odd");
      assertEquals(reports.logged.map((report) => report.name), [name]);
      assertStrictEquals(await GenServer.whereis(name), undefined);
      assertEquals(await receive(), ["EXIT", pid, "odd"]);
      for (const other of [fresh(), name]) {
        const body = () => GenStatem.enterLoop(recorder([]), {}, "a", "data", other);
        assertEquals(await exitOf(ProcLib.spawn(body)), isVia ? [why, other[1]] : why);
      }
    });
  });
}

Deno.test("GenStatem.enterLoop() terminates a process that ProcLib did not start, and refuses a value that is not a module [SM-045]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const plain = spawn(() => GenStatem.enterLoop(recorder([]), {}, "a", "data"));
    assertEquals(await exitOf(plain), "process_was_not_started_by_proc_lib");
    const wrong: (() => Promise<never>)[] = [
      () => GenStatem.enterLoop({} as never, {}, "a", "data"),
      () => GenStatem.enterLoop(recorder([]), {}, "a", "data", 5 as never),
      () => GenStatem.enterLoop(recorder([]), { debug: ["treace" as never] }, "a", "data"),
    ];
    for (const body of wrong) {
      const [error] = await exitOf(ProcLib.spawn(body)) as [Error];
      assertEquals(error.name, "TypeError");
    }
    const odd = () => GenStatem.enterLoop(recorder([]), {}, "a", "data", undefined, "odd" as never);
    assertEquals(await exitOf(ProcLib.spawn(odd)), [
      ["bad_action_from_state_function", "odd"],
      "",
    ]);
  });
});

Deno.test("a machine that has entered the loop terminates with its parent, if it traps exits [SM-045]", async () => {
  await inProcess(async () => {
    const observer = self();
    const module = recorder([], {
      callbacks: { terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]) },
    });
    const parent = spawn(async () => {
      ProcLib.spawnLink(() => {
        Process.flag("trap_exit", true);
        send(observer, ["started", self()]);
        return GenStatem.enterLoop(module, {}, "a", "data");
      });
      throw exit(await receive());
    });
    const pid = await receive({ started: (pid: Pid) => pid });
    const ref = Process.monitor(pid);
    send(parent, "shutdown");
    assertEquals(await receive(), ["terminate", "shutdown", "a", "data"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
    assertEquals(flush(), []);
  });
});

Deno.test("debug options of GenStatem.enterLoop() see the machine from the beginning [SM-045]", async () => {
  await inProcess(async () => {
    const lines: string[] = [];
    const seen: Seen[] = [];
    const pid = ProcLib.spawnLink(() =>
      GenStatem.enterLoop(
        recorder(seen),
        { debug: [["log_to", (line) => lines.push(line)]] },
        "a",
        "data",
      )
    );
    GenStatem.cast(pid, noted(seen, "x", keepStateAndData()));
    await Sys.getState(pid);
    assertEquals(lines.map((line) => line.replace(String(pid), "it").split(" ", 3).join(" ")), [
      "*DBG* it enter",
      "*DBG* it consume",
      "*DBG* it receive",
      "*DBG* it consume",
    ]);
  });
});
