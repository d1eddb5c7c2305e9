/**
 * The failures of a state machine's callbacks, its end, and what is reported of that.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  exit,
  flush,
  GenStatem,
  Logger,
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
import { recorder, returning, RUNNING, type Script } from "./fixtures/machine.ts";
import { freshAtom } from "./fixtures/naming.ts";
import { MODES } from "./fixtures/modes.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "./helpers.ts";

const { keepState, keepStateAndData, nextState, stopAndReply } = GenStatem;

// --- The matrix ---------------------------------------------------------------------------------

const ERROR = new RangeError("oops");

interface Failure {
  readonly fail: () => unknown;
  /** What terminate gets. */
  readonly reason: unknown;
  /** The exit reason, if that is another. */
  readonly exit?: unknown;
  /** State and data that terminate gets, if they are not those before the event. */
  readonly last?: readonly [state: unknown, data: unknown];
}

/** A failure that is an error of the machine's own, without a stack. */
function failing(
  fail: () => unknown,
  reason: unknown,
  last?: readonly [unknown, unknown],
): Failure {
  return { fail, reason, exit: [reason, ""], ...(last && { last }) };
}

const FAILURES: Record<string, Failure> = {
  "throws an error": {
    fail: () => {
      throw ERROR;
    },
    reason: ERROR,
    exit: [ERROR, ERROR.stack],
  },
  "throws an exit": {
    fail: () => {
      throw exit(["boom", 1]);
    },
    reason: ["boom", 1],
  },
  "throws an exit that is no failure": {
    fail: () => {
      throw exit("shutdown");
    },
    reason: "shutdown",
  },
  "throws a value": failing(() => {
    throw "zz";
  }, ["bad_return_from_state_function", "zz"]),
  "returns what is no result": failing(
    () => ({ keep_state: 1 }),
    ["bad_return_from_state_function", { keep_state: 1 }],
  ),
  "returns an invalid action": failing(
    () => ["keep_state", "new", ["hibernate", "sleep"]],
    ["bad_action_from_state_function", "sleep"],
    ["same", "new"],
  ),
  "stops": { fail: () => stop("why"), reason: "why" },
  "stops with other data": { fail: () => stop("why", "new"), reason: "why", last: ["same", "new"] },
  "stops and replies in vain": {
    fail: () => ["stop_and_reply", "why", "hello", "new"],
    reason: ["bad_reply_action_from_state_function", "hello"],
    exit: [["bad_reply_action_from_state_function", "hello"], ""],
    last: ["same", "new"],
  },
};

interface Trigger {
  /** Has a failing callback called; resolves with the reason that a caller gets, if there is one. */
  readonly call: (pid: Pid, script: Script) => unknown;
  /** The type of the event in which it is called. */
  readonly type: (type: unknown) => unknown;
}

const plainly = (type: unknown) => type;

/** Has an event of a type come by an action. */
const byAction = (type: GenStatem.TimeoutType | "internal") => (pid: Pid, script: Script) =>
  GenStatem.cast(
    pid,
    returning(
      keepStateAndData(
        type === "internal" ? ["next_event", type, script] : [type, 0, script] as const,
      ),
    ),
  );

const TRIGGERS: Record<string, Trigger> = {
  call: {
    call: (pid, script) => failure(GenStatem.call(pid, script)),
    type: () => ["call", self()],
  },
  cast: { call: (pid, script) => void GenStatem.cast(pid, script), type: plainly },
  info: { call: (pid, script) => void send(pid, script), type: plainly },
  internal: { call: byAction("internal"), type: plainly },
  "state timeout": { call: byAction("state_timeout"), type: plainly },
  "named timeout": { call: byAction(["timeout", "n"]), type: plainly },
};

for (const [what, failureCase] of Object.entries(FAILURES)) {
  const { fail, reason, exit: final = reason, last = ["same", "data"] } = failureCase;
  const isThrown = what.startsWith("throws an e");
  for (const [mode, wrap] of Object.entries(MODES)) {
    for (const [event, { call, type: typeOf }] of Object.entries(TRIGGERS)) {
      Deno.test(`the callback for a ${event} that ${what}${mode}, terminates the machine: terminate, callers, links and monitors get the reason [SM-036]`, async () => {
        using reports = collectReports();
        await inProcess(async () => {
          Process.flag("trap_exit", true);
          const observer = self();
          const module = recorder([], {
            callbacks: {
              terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]),
            },
          });
          const pid = unwrap(
            await GenStatem.startLink(module, GenStatem.ok("same", "data")),
          ) as Pid;
          const ref = Process.monitor(pid);
          let type: unknown;
          const callback = wrap(fail);
          const script: Script = (seen) => (type = seen, callback());
          const ofCaller = await call(pid, script);
          if (event === "call") {
            assertEquals(ofCaller, [final, ["gen_statem", "call", [pid, script, Infinity]]]);
          }
          assertEquals([await receive(), await receive(), await receive()], [
            ["terminate", reason, ...last],
            ["EXIT", pid, final],
            ["DOWN", ref, "process", pid, final],
          ]);
          await assertSilence();
          assertEquals(
            reports.all.map((report) => [report.kind, report.pid, report.reason]),
            final === "shutdown" ? [] : [["gen_statem", pid, final], ["crash", pid, final]],
          );
          for (const report of reports.logged) {
            assertEquals(report.state, last);
            assertEquals(report.lastMessage, [typeOf(type), script]);
            assertStrictEquals(report.client, event === "call" ? observer : undefined);
          }
        });
      });
    }

    Deno.test(`entering a state with a callback that ${what}${mode}, terminates the machine [SM-017, SM-036]`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const log: unknown[] = [];
        const callback = wrap(fail);
        const module = recorder([], {
          enter: (_type, state) => state === "same" ? callback() : keepStateAndData(),
          callbacks: { terminate: (...args: unknown[]) => log.push(args) },
        });
        const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
        GenStatem.cast(pid, returning(nextState("same", "data")));
        assertEquals(await receive(), ["DOWN", ref, "process", pid, final]);
        // An error leaves the machine in the state before; all else does not.
        assertEquals(log, [[reason, ...(isThrown ? ["a", "data"] : last)]]);
        log.length = 0;
        const [first, other] = unwrap(
          await GenStatem.startMonitor(module, GenStatem.ok("same", "data")),
        );
        assertEquals(await receive(), ["DOWN", other, "process", first, final]);
        assertEquals(log, [[reason, ...last]]);
        await assertSilence();
        const each = final === "shutdown" ? [] : ["gen_statem", "crash"];
        assertEquals(reports.all.map(({ kind }) => kind), [...each, ...each]);
      });
    });

    Deno.test(`terminate() that ${what}${mode}, ${isThrown ? "changes the reason" : "changes nothing"} [SM-034, SM-039]`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const module = recorder([], { callbacks: { terminate: wrap(fail) } });
        const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
        const stopped = GenStatem.stop(pid, ["shutdown", "asked"]);
        if (isThrown) {
          assertEquals(await failure(stopped), [
            final,
            ["gen_statem", "stop", [pid, ["shutdown", "asked"], Infinity]],
          ]);
        } else {
          assertEquals(await stopped, "ok");
        }
        const ended = isThrown ? final : ["shutdown", "asked"];
        assertEquals(flush(), [["DOWN", ref, "process", pid, ended]]);
        assertEquals(
          reports.all.map((report) => [report.kind, report.reason]),
          isThrown && final !== "shutdown" ? [["gen_statem", final], ["crash", final]] : [],
        );
      });
    });
  }
}

Deno.test("no result is taken for another: each is bad_return_from_state_function where it does not fit [SM-007]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const wrong: unknown[] = [
      undefined,
      null,
      5,
      "ok",
      "keep_state",
      "next_state",
      "repeat_state",
      [],
      ["next_state", "b"],
      ["next_state", "b", 1, [], 2],
      ["keep_state"],
      ["keep_state", 1, [], 2],
      ["keep_state_and_data"],
      ["keep_state_and_data", [], 1],
      ["repeat_state"],
      ["repeat_state", 1, [], 2],
      ["repeat_state_and_data"],
      ["stop"],
      ["stop", 1, 2, 3],
      ["stop_and_reply", 1],
      ["stop_and_reply", 1, [], 2, 3],
      ["noreply", 1],
      ["reply", 1, 2],
      { 0: "keep_state", 1: 5 },
    ];
    for (const value of wrong) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
      const reason = [["bad_return_from_state_function", value], ""];
      const request = returning(value);
      assertEquals(await failure(GenStatem.call(pid, request)), [
        reason,
        ["gen_statem", "call", [pid, request, Infinity]],
      ]);
      assertEquals(flush(), [["DOWN", ref, "process", pid, reason]]);
    }
    assertEquals(reports.logged.map(({ state }) => state), wrong.map(() => ["a", "data"]));
  });
});

Deno.test("invalid actions terminate the machine with bad_action_from_state_function, in the state that is entered", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const wrong: unknown[] = [
      undefined,
      null,
      "sleep",
      ["reply", 5, 6],
      ["reply", [self(), "tag"]],
      ["next_event", "enter", 1],
      ["next_event", "internal"],
      ["next_event", ["call", 5], 1],
      ["next_event", ["timeout"], 1],
      ["postpone", 5, 6],
      ["hibernate", 1, 2],
      ["change_callback_module", 5],
      ["change_callback_module", {}, 1],
      ["push_callback_module", "module"],
      "pop_callback_module",
      [],
      {},
    ];
    for (const action of wrong) {
      const log: unknown[] = [];
      const module = recorder([], {
        callbacks: { terminate: (...args: unknown[]) => log.push(args) },
      });
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      // What comes before in the list is done.
      const early = ["reply", [self(), "early"], 1];
      GenStatem.cast(pid, returning(["next_state", "b", "new", [early, action, "hibernate"]]));
      assertEquals(await receive(), ["early", 1]);
      const reason = ["bad_action_from_state_function", action];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
      assertEquals(log, [[reason, "b", "new"]]);
    }
  });
});

Deno.test("invalid actions of init terminate the machine, which has been started by then", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const module = recorder([]);
    const [pid, ref] = unwrap(
      await GenStatem.startMonitor(module, ["ok", "a", "data", ["hibernate", "sleep"]]),
    );
    const reason = ["bad_action_from_state_function", "sleep"];
    assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
  });
});

Deno.test("the result for enter may not change the state, postpone, insert events or change the module [SM-017]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const onEnter = "bad_state_enter_action_from_state_function";
    const wrong: [unknown, unknown][] = [
      [nextState("c", 1), ["bad_state_enter_return_from_state_function", ["next_state", "c", 1]]],
      [["next_state", "c", 1, []], [
        "bad_state_enter_return_from_state_function",
        ["next_state", "c", 1, []],
      ]],
      [keepStateAndData("postpone"), [onEnter, "postpone"]],
      [keepStateAndData(["postpone", true]), ["bad_action_from_state_function", [
        "postpone",
        true,
      ]]],
      [keepStateAndData(["next_event", "internal", 1]), [onEnter, ["next_event", "internal", 1]]],
      [["keep_state_and_data", [["next_event", "odd", 1]]], [onEnter, ["next_event", "odd", 1]]],
      [keepStateAndData(["push_callback_module", recorder([])]), undefined],
      [keepStateAndData(["change_callback_module", recorder([])]), undefined],
    ];
    for (const [result, reason] of wrong) {
      const module = recorder([], {
        enter: (_type, state) => state === "b" ? result : keepStateAndData(["postpone", false]),
      });
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      GenStatem.cast(pid, returning(nextState("b", "data")));
      const expected = reason ?? [onEnter, (result as unknown[])[1]];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [expected, ""]]);
    }
  });
});

Deno.test("pop_callback_module when a state is entered, with a module below, is a bad action there [SM-017, SM-040]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const upper = recorder([], { enter: () => keepStateAndData("pop_callback_module") });
    const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
    GenStatem.cast(pid, returning(nextState("b", "data", ["push_callback_module", upper])));
    const reason = ["bad_state_enter_action_from_state_function", "pop_callback_module"];
    assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
  });
});

Deno.test("stopAndReply() sends the replies before the invalid one, and then fails [SM-011]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const from = [self(), "tag"];
    const lists: [unknown, unknown][] = [
      [[["reply", from, 1], ["reply", "nobody", 2], ["reply", from, 3]], ["reply", "nobody", 2]],
      [[["reply", from, 1], "hibernate"], "hibernate"],
    ];
    for (const [replies, wrong] of lists) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
      GenStatem.cast(pid, returning(["stop_and_reply", "why", replies]));
      assertEquals(await receive(), ["tag", 1]);
      const reason = ["bad_reply_action_from_state_function", wrong];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
    }
    await assertSilence();
  });
});

// --- Thrown results -----------------------------------------------------------------------------

for (const isAsync of [false, true]) {
  Deno.test(`a value that a callback throws is its result, ${isAsync ? "async" : "sync"} [SM-034]`, async () => {
    await inProcess(async () => {
      const throws = (result: unknown) => () => {
        throw result;
      };
      const module = recorder([], {
        isAsync,
        enter: throws(keepState("entered")),
        callbacks: {
          init: isAsync
            ? () => Promise.reject(GenStatem.ok("a", "data"))
            : throws(GenStatem.ok("a", "data")),
          callbackMode: throws(["handle_event_function", "state_enter"]),
          terminate: throws("nothing"),
        },
      });
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, undefined));
      assertEquals(await Sys.getState(pid), ["a", "entered"]);
      GenStatem.cast(pid, throws(nextState("b", 1)));
      assertEquals(await Sys.getState(pid), ["b", "entered"]);
      const request = (type: readonly ["call", GenStatem.From]) =>
        throws(keepState(2, ["reply", type[1], "thrown"]))();
      assertEquals(await GenStatem.call(pid, request), "thrown");
      GenStatem.cast(pid, throws(stopAndReply("normal", [])));
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    });
  });
}

// --- The end of the parent ----------------------------------------------------------------------

for (const isTrapping of [true, false]) {
  Deno.test(`the exit of its parent terminates a machine that ${isTrapping ? "traps exits by terminate" : "does not trap exits without terminate"} [SM-037]`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      const observer = self();
      for (const reason of ["shutdown", "odd", ["shutdown", 1]]) {
        const module = recorder([], {
          callbacks: {
            init: () => {
              Process.flag("trap_exit", isTrapping);
              return RUNNING;
            },
            terminate: (...args: unknown[]) => send(observer, ["terminate", ...args]),
          },
        });
        const parent = spawn(async () => {
          const pid = unwrap(await GenStatem.startLink(module, undefined));
          GenStatem.cast(pid, returning(nextState("b", "new")));
          await Sys.getState(pid);
          send(observer, ["started", pid]);
          throw exit(await receive());
        });
        const pid = await receive({ started: (pid: Pid) => pid });
        const ref = Process.monitor(pid);
        send(parent, reason);
        if (isTrapping) assertEquals(await receive(), ["terminate", reason, "b", "new"]);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
        await assertSilence();
      }
      // The one that had to clean up reports its exit.
      assertEquals(
        reports.logged.map(({ reason, lastMessage }) => [reason, lastMessage]),
        isTrapping ? [["odd", []]] : [],
      );
    });
  });
}

Deno.test("a machine that traps exits gets those of others as info [SM-037]", async () => {
  await inProcess(async () => {
    const seen: (readonly unknown[])[] = [];
    const module = recorder(seen as never, {
      callbacks: {
        init: () => {
          Process.flag("trap_exit", true);
          return RUNNING;
        },
      },
    });
    const pid = unwrap(await GenStatem.start(module, undefined));
    const other = spawn(() => {
      Process.link(pid);
      throw exit("other");
    });
    await exitOf(other);
    await Sys.getState(pid);
    assertEquals(seen, [["info", ["EXIT", other, "other"], "a"]]);
    await GenStatem.stop(pid);
  });
});

Deno.test("a machine needs no terminate, however it exits [SM-038]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const ends: [unknown, unknown][] = [
      [stop("normal"), "normal"],
      [stop("why"), "why"],
      [stopAndReply("shutdown", []), "shutdown"],
      ["odd", [["bad_return_from_state_function", "odd"], ""]],
    ];
    for (const [result, reason] of ends) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
      GenStatem.cast(pid, returning(result));
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
    }
    const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
    assertEquals(await GenStatem.stop(pid, "asked"), "ok");
    assertEquals(flush(), [["DOWN", ref, "process", pid, "asked"]]);
  });
});

// --- Callback modules ---------------------------------------------------------------------------

/** A module that replies to calls with its name, and returns what casts contain. */
function named(name: string, mode: readonly string[], log: unknown[] = []) {
  const handle = (type: GenStatem.EventType, content: unknown, state: unknown) => {
    if (type === "enter") log.push([name, "enter", content, state]);
    if (GenStatem.isCall(type)) return keepStateAndData(["reply", type[1], name]);
    return typeof content === "function" ? content() : keepStateAndData();
  };
  return {
    callbackMode: () => mode,
    init: () => GenStatem.ok("a", "data"),
    handleEvent: handle,
    a: (type: GenStatem.EventType, content: unknown) => handle(type, content, "a"),
    b: (type: GenStatem.EventType, content: unknown) => handle(type, content, "b"),
    terminate: (...args: unknown[]) => log.push([name, "terminate", ...args]),
  };
}

Deno.test("change_, push_ and pop_callback_module have another module's callbacks called, in its own mode [SM-040]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const first = named("first", ["handle_event_function"], log);
    const second = named("second", ["state_functions", "state_enter"], log);
    const third = named("third", ["handle_event_function"], log);
    const pid = unwrap(await GenStatem.startLink(first));
    const tell = async (...actions: GenStatem.Action[]) => {
      GenStatem.cast(pid, returning(keepStateAndData(actions)));
      const { module, modules } = await Sys.getStatus(pid);
      assertStrictEquals(module, modules![0]);
      const names = modules!.map((each) => [first, second, third].indexOf(each as typeof first));
      return [await GenStatem.call(pid, "who"), names];
    };
    assertEquals(await tell(), ["first", [0]]);
    assertEquals(await tell(["push_callback_module", second]), ["second", [1, 0]]);
    assertEquals(await tell(["change_callback_module", third]), ["third", [2, 0]]);
    assertEquals(await tell(["push_callback_module", third]), ["third", [2, 2, 0]]);
    assertEquals(await tell(["push_callback_module", second]), ["second", [1, 2, 2, 0]]);
    assertEquals(log, []);
    assertEquals(await tell("pop_callback_module", "pop_callback_module"), ["third", [2, 0]]);
    assertEquals(await tell("pop_callback_module"), ["first", [0]]);
    assertEquals(await tell(["change_callback_module", second]), ["second", [1]]);
    // Whether a state is entered is up to the module that then is the one.
    GenStatem.cast(pid, returning(nextState("b", 1, ["change_callback_module", third])));
    GenStatem.cast(pid, returning(nextState("a", 2, ["push_callback_module", second])));
    assertEquals(await tell(), ["second", [1, 2]]);
    await GenStatem.stop(pid);
    assertEquals(log, [["second", "enter", "b", "a"], ["second", "terminate", "normal", "a", 2]]);
  });
});

Deno.test("pop_callback_module of the last module is a bad action [SM-040]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pops = ["pop_callback_module", "pop_callback_module"] as const;
    for (const actions of [pops.slice(1), [["push_callback_module", recorder([])], ...pops]]) {
      const [pid, ref] = unwrap(await GenStatem.startMonitor(recorder([]), RUNNING));
      GenStatem.cast(pid, returning(["keep_state_and_data", actions]));
      const reason = ["bad_action_from_state_function", "pop_callback_module"];
      assertEquals(await receive(), ["DOWN", ref, "process", pid, [reason, ""]]);
    }
  });
});

Deno.test("a callback module without a callback mode, or with a wrong one, terminates the machine by the terminate of the one before [SM-040]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const log: unknown[] = [];
    const module = named("first", ["handle_event_function"], log);
    const start = async (next: unknown) => {
      const [pid] = unwrap(await GenStatem.startMonitor(module));
      const action = ["push_callback_module", next] as GenStatem.Action;
      GenStatem.cast(pid, returning(nextState("b", "new", action)));
      const [, , , , reason] = await receive() as unknown[];
      return reason;
    };
    const wrong = ["bad_return_from_callback_mode", "odd"];
    assertEquals(await start({ callbackMode: () => "odd" }), [wrong, ""]);
    const [missing] = await start({ init: () => RUNNING }) as [Error];
    assert(missing.message.includes("must have a callbackMode callback"), missing.message);
    const fail = () => {
      throw ERROR;
    };
    assertEquals(await start({ callbackMode: fail }), [ERROR, ERROR.stack]);
    assertEquals(
      log,
      [wrong, missing, ERROR].map((reason) => [
        "first",
        "terminate",
        reason,
        "b",
        "new",
      ]),
    );
  });
});

// --- Reports ------------------------------------------------------------------------------------

Deno.test("the report of the exit of a machine names state, data, queue, postponed events, timeouts and modules", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    Process.register(self(), freshAtom());
    const first = recorder([]);
    const second = recorder([], { enter: () => keepStateAndData() });
    const [pid] = unwrap(await GenStatem.startMonitor(first, RUNNING, { name, debug: ["log"] }));
    const late = returning(keepStateAndData("postpone"));
    GenStatem.cast(pid, late);
    const crash: Script = () => {
      throw ERROR;
    };
    const from: GenStatem.From = [self(), "tag"];
    GenStatem.cast(
      pid,
      returning(keepState("new", [
        ["push_callback_module", second],
        [["timeout", "n"], 1000, "x"],
        ["next_event", ["call", from], crash],
        ["next_event", "internal", "never"],
      ])),
    );
    await receive();
    const [report] = reports.logged;
    const { details, ...rest } = report!;
    assertEquals(rest, {
      level: "error",
      kind: "gen_statem",
      pid,
      name,
      reason: [ERROR, ERROR.stack],
      lastMessage: [["call", self()], crash],
      state: ["a", "new"],
      client: self(),
      clientName: Process.info(self(), "registered_name")![1] as string,
    });
    const { log, ...others } = details as { log: readonly unknown[] };
    assertEquals<unknown>(others, {
      module: first,
      modules: [second, first],
      callbackMode: ["handle_event_function", "state_enter"],
      queue: [[["call", self()], crash], ["internal", "never"]],
      postponed: [["cast", late]],
      timeouts: [[["timeout", "n"], "x"]],
    });
    assertEquals(log[0], ["enter", first, "a"]);
    const [head, why] = Logger.format(report!).split("\n");
    assertEquals([head, why], [`gen_statem "${name}" terminating`, "** (RangeError) oops"]);
  });
});

Deno.test("formatStatus() words what the report shows, and hides state and data if it fails", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const formats: [(status: GenStatem.Status) => unknown, unknown][] = [
      [
        (status) => ({ ...status, state: "S", data: "D", reason: "R", queue: [["T", "C"]] }),
        ["R", ["T", "C"], ["S", "D"]],
      ],
      [({ data }) => ({ data: ["shown", data] }), ["secret", ["cast", "go"], ["a", [
        "shown",
        "data",
      ]]]],
      [
        () => {
          throw ERROR;
        },
        ["secret", ["cast", "go"], ["formatStatus failed", "formatStatus failed"]],
      ],
    ];
    for (const [formatStatus, expected] of formats) {
      const module = recorder([], {
        callbacks: { formatStatus, handleEvent: () => stop("secret") },
      });
      const [pid, ref] = unwrap(await GenStatem.startMonitor(module, RUNNING));
      GenStatem.cast(pid, "go");
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "secret"]);
      const { reason, lastMessage, state } = reports.logged.at(-1)!;
      assertEquals<unknown>([reason, lastMessage, state], expected);
    }
    await settled();
  });
});
