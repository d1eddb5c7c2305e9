/**
 * How a GenServer terminates: `stop`, `terminate`, exit signals, the exit of its parent.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  flush,
  GenServer,
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
  stopReply,
  Sys,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { failure } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const NODE = "nonode@nohost";

/** Every way for a server to stop by itself, as a request. */
const REQUESTS = {
  "handleCall returns stop": (pid: Pid, reason: unknown) =>
    failure(GenServer.call(pid, ["stop", reason])),
  "handleCall returns stopReply": (pid: Pid, reason: unknown) =>
    GenServer.call(pid, ["stopReply", reason]),
  "handleCast returns stop": (pid: Pid, reason: unknown) => GenServer.cast(pid, ["stop", reason]),
  "handleInfo returns stop": (pid: Pid, reason: unknown) => send(pid, ["stop", reason]),
  "handleContinue returns stop": (pid: Pid, reason: unknown) =>
    GenServer.cast(pid, ["continue", reason]),
  "a callback throws an exit": (pid: Pid, reason: unknown) =>
    GenServer.cast(pid, ["throw", reason]),
  "Sys.terminate() asks for it": (pid: Pid, reason: unknown) => Sys.terminate(pid, reason),
  "GenServer.stop() asks for it": (pid: Pid, reason: unknown) => GenServer.stop(pid, reason),
};

type Request = readonly ["stop" | "stopReply" | "continue" | "throw", unknown];

/** Tells its observer of its `terminate`, and stops when it is asked to. */
const Witness = {
  init: ([observer, trap]: readonly [Pid, boolean]) => {
    Process.flag("trap_exit", trap);
    return ok(observer);
  },
  handleCall: ([what, reason]: Request, _from: GenServer.From, observer: Pid) =>
    what === "stopReply" ? stopReply(reason, "bye", observer) : stop(reason, observer),
  handleCast: ([what, reason]: Request, observer: Pid) => {
    if (what === "throw") throw exit(reason);
    return what === "continue" ? noreply(observer, ["continue", reason]) : stop(reason, observer);
  },
  handleInfo: (message: unknown, observer: Pid) => {
    if (Array.isArray(message) && message[0] === "stop") return stop(message[1], observer);
    send(observer, ["info", message]);
    return noreply(observer);
  },
  handleContinue: (reason: unknown, observer: Pid) => stop(reason, observer),
  terminate: (reason: unknown, observer: Pid) => {
    send(observer, ["terminate", reason]);
  },
};

// --- stop ---------------------------------------------------------------------------------------

for (const [what, fresh] of Object.entries(NAMINGS)) {
  Deno.test(`GenServer.stop() stops a server by ${what}, and has freed that when it resolves [GS-023]`, async () => {
    await inProcess(async () => {
      const name = fresh();
      const [pid, ref] = unwrap(await GenServer.startMonitor(Witness, [self(), false], { name }));
      assertEquals(await GenServer.stop(name), "ok");
      assertStrictEquals(await GenServer.whereis(name), undefined);
      assertEquals(flush(), [["terminate", "normal"], ["DOWN", ref, "process", pid, "normal"]]);
      assertEquals((await GenServer.start(Witness, [self(), false], { name }))[0], "ok");
      await GenServer.stop(name);
    });
  });
}

Deno.test("GenServer.stop() stops a server by its name on this node [GS-023]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    await GenServer.start(Witness, [self(), false], { name });
    assertEquals(await GenServer.stop([name, NODE]), "ok");
    assertStrictEquals(Process.whereis(name), undefined);
    assertEquals(await failure(GenServer.stop([name, NODE])), [
      "noproc",
      ["GenServer", "stop", [[name, NODE], "normal", Infinity]],
    ]);
  });
});

Deno.test("GenServer.stop() runs terminate with the reason, also if the server does not trap exits [GS-027]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const trap of [false, true]) {
      for (const reason of ["normal", "shutdown", ["shutdown", 1], "odd"]) {
        const [pid, ref] = unwrap(await GenServer.startMonitor(Witness, [self(), trap]));
        assertEquals(await GenServer.stop(pid, reason), "ok");
        assertEquals(flush(), [["terminate", reason], ["DOWN", ref, "process", pid, reason]]);
      }
    }
  });
});

Deno.test("GenServer.stop() exits with the exit reason of the server, if that is another one", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const Stubborn = {
      init: () => ok(0),
      terminate: () => {
        throw exit("my own");
      },
    };
    const pid = unwrap(await GenServer.start(Stubborn));
    assertEquals(await failure(GenServer.stop(pid, "yours", 100)), [
      "my own",
      ["GenServer", "stop", [pid, "yours", 100]],
    ]);
  });
});

Deno.test("GenServer.stop() exits with timeout when that takes longer; the server goes on stopping", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    let finish = () => {};
    const Slow = {
      init: () => ok(0),
      terminate: () => new Promise<void>((resolve) => finish = resolve),
    };
    const [pid, ref] = unwrap(await GenServer.startMonitor(Slow));
    const reason = failure(GenServer.stop(pid, "normal", 50));
    await pass(time, 50);
    assertEquals(await reason, ["timeout", ["GenServer", "stop", [pid, "normal", 50]]]);
    assertEquals(Process.isAlive(pid), true);
    await assertSilence();
    finish();
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
  });
});

// --- When terminate runs ------------------------------------------------------------------------

for (const [what, ask] of Object.entries(REQUESTS)) {
  Deno.test(`terminate() runs with the reason when ${what}, trapping exits or not [GS-079]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      for (const trap of [false, true]) {
        for (const reason of ["normal", "shutdown", ["shutdown", "x"], "bad"]) {
          const [pid, ref] = unwrap(await GenServer.startMonitor(Witness, [self(), trap]));
          await ask(pid, reason);
          await settled();
          assertEquals(flush(), [["terminate", reason], ["DOWN", ref, "process", pid, reason]]);
        }
      }
    });
  });
}

Deno.test("terminate() gets the state that the response with the stop has given [GS-079]", async () => {
  await inProcess(async () => {
    const log: unknown[] = [];
    const Server = {
      init: () => ok("old"),
      handleCast: () => stop("normal", "new"),
      handleCall: () => stopReply("normal", 1, "newer"),
      terminate: (...args: unknown[]) => log.push(args),
    };
    GenServer.cast(unwrap(await GenServer.start(Server)), undefined as never);
    await GenServer.call(unwrap(await GenServer.start(Server)) as Pid, 1);
    assertEquals(log, [["normal", "new"], ["normal", "newer"]]);
  });
});

Deno.test("a caller that gets a last reply gets it after terminate has run [GS-057]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.start(Witness, [self(), false]));
    assertEquals(await GenServer.call(pid, ["stopReply", "normal"]), "bye");
    assertEquals(flush(), [["terminate", "normal"]]);
    assertEquals(Process.isAlive(pid), false);
  });
});

Deno.test("terminate() does not run when an exit signal terminates a server that does not trap exits, nor when it is killed [GS-080]", async () => {
  await inProcess(async () => {
    const signals = [
      [false, "shutdown", "shutdown"],
      [false, "boom", "boom"],
      [false, "kill", "killed"],
      [true, "kill", "killed"],
    ] as const;
    for (const [trap, signal, reason] of signals) {
      const [pid, ref] = unwrap(await GenServer.startMonitor(Witness, [self(), trap]));
      Process.exit(pid, signal);
      assertEquals(flush(), [["DOWN", ref, "process", pid, reason]]);
      await assertSilence();
    }
  });
});

Deno.test("terminate() does not run when an exit signal terminates a server in the middle of a callback, which then has no further effect [GS-080, GS-103]", async () => {
  await inProcess(async () => {
    for (const signal of ["boom", "kill"]) {
      let finish = () => {};
      const observer = self();
      const Server = {
        init: () => ok("state"),
        async handleCast(_: "work", state: string) {
          await new Promise<void>((resolve) => finish = resolve);
          send(observer, "went on");
          GenServer.cast(observer, "went on");
          return noreply(state, ["continue", "never"]);
        },
        handleContinue: () => {
          send(observer, "continued");
          return noreply("state");
        },
        terminate: () => send(observer, "terminate"),
      };
      const pid = unwrap(await GenServer.start(Server));
      GenServer.cast(pid, "work");
      await settled();
      Process.exit(pid, signal);
      finish();
      await assertSilence();
    }
  });
});

// --- The end of the parent ----------------------------------------------------------------------

/** A process that starts a server by `start`, sends it to the test, and exits on request. */
async function parentOf(
  start: (argument: readonly [Pid, boolean]) => Promise<GenServer.StartResult>,
  trap: boolean,
): Promise<{ parent: Pid; pid: Pid }> {
  const observer = self();
  const parent = spawn(async () => {
    const pid = unwrap(await start([observer, trap]));
    send(observer, ["started", pid]);
    throw exit(await receive());
  });
  const pid = await receive({ started: (pid: Pid) => pid });
  return { parent, pid };
}

for (const reason of ["normal", "shutdown", "boom", ["shutdown", 1]]) {
  Deno.test(`a server that traps exits terminates with ${Deno.inspect(reason)} when its parent exits with that; handleInfo is not called [GS-082]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const { parent, pid } = await parentOf(
        (argument) => GenServer.startLink(Witness, argument),
        true,
      );
      const ref = Process.monitor(pid);
      send(parent, reason);
      assertEquals(await receive(), ["terminate", reason]);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
      await assertSilence();
    });
  });
}

Deno.test("a server that traps exits terminates with killed when its parent is killed [GS-082]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const { parent, pid } = await parentOf(
      (argument) => GenServer.startLink(Witness, argument),
      true,
    );
    const ref = Process.monitor(pid);
    Process.exit(parent, "kill");
    assertEquals(await receive(), ["terminate", "killed"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "killed"]);
  });
});

Deno.test("a server that does not trap exits lives on when its parent exits normally [GS-083]", async () => {
  await inProcess(async () => {
    const { parent, pid } = await parentOf(
      (argument) => GenServer.startLink(Witness, argument),
      false,
    );
    send(parent, "normal");
    assertEquals(await exitOf(parent), "normal");
    await assertSilence();
    assertEquals(Process.isAlive(pid), true);
    await GenServer.stop(pid);
  });
});

Deno.test("a server that does not trap exits exits with its parent, without terminate [GS-080]", async () => {
  await inProcess(async () => {
    const { parent, pid } = await parentOf(
      (argument) => GenServer.startLink(Witness, argument),
      false,
    );
    const ref = Process.monitor(pid);
    send(parent, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
    await assertSilence();
  });
});

Deno.test("the starter of a server without a link is not its parent: a link made later is a link [GS-084]", async () => {
  await inProcess(async () => {
    const { parent, pid } = await parentOf(async (argument) => {
      const result = await GenServer.start(Witness, argument);
      Process.link(unwrap(result));
      return result;
    }, true);
    send(parent, "boom");
    assertEquals(await receive(), ["info", ["EXIT", parent, "boom"]]);
    assertEquals(Process.isAlive(pid), true);
    await GenServer.stop(pid);
  });
});

Deno.test("a server that traps exits gets the EXIT of any other linked process in handleInfo, be it normal [GS-084]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Witness, [self(), true]));
    for (const reason of ["normal", "boom", "shutdown"]) {
      const other = spawn(async () => {
        Process.link(pid);
        throw exit(await receive());
      });
      await settled();
      send(other, reason);
      assertEquals(await receive(), ["info", ["EXIT", other, reason]]);
    }
    assertEquals(Process.isAlive(pid), true);
  });
});

Deno.test("a message that looks like the parent's EXIT counts as one, as in OTP, whichever process sent it [GS-082]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Witness, [self(), true]));
    Process.unlink(pid);
    const ref = Process.monitor(pid);
    send(pid, ["EXIT", self(), "forged"]);
    assertEquals(await receive(), ["terminate", "forged"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "forged"]);
  });
});

// --- Callbacks that are missing -----------------------------------------------------------------

Deno.test("a call to a server without handleCall terminates it, and the caller with an error that names the callback [GS-073]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const [pid, ref] = unwrap(await GenServer.startMonitor({ init: () => ok(0) }));
    const reason = await failure(GenServer.call(pid as Pid, ["pop", 1]));
    const [[error, stack], call] = reason as [[Error, string], unknown];
    assertEquals(
      error.message,
      'Cannot handle ["pop", 1]: the GenServer module has no handleCall callback',
    );
    assertStrictEquals(stack, error.stack);
    assertEquals(call, ["GenServer", "call", [pid, ["pop", 1], 5000]]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, [error, stack]]);
  });
});

Deno.test("a cast to a server without handleCast terminates it with an error that names the callback [GS-074]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const [pid, ref] = unwrap(await GenServer.startMonitor({ init: () => ok(0) }));
    GenServer.cast(pid as Pid, "x");
    const [tag, downRef, , , [error]] = await receive() as [0, 0, 0, 0, [Error]];
    assertEquals([tag, downRef] as unknown, ["DOWN", ref]);
    assertEquals(
      error.message,
      'Cannot handle "x": the GenServer module has no handleCast callback',
    );
  });
});

Deno.test("a message to a server without handleInfo is logged, as an error as Elixir has it, and ignored [GS-075]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const Server = {
      init: () => ok("state"),
      handleCall: (_: "get", _from: GenServer.From, state: string) => reply(state, state),
    };
    const name = freshAtom();
    const pid = unwrap(await GenServer.startLink(Server, undefined, { name }));
    send(pid, ["hello", 1]);
    assertEquals(await GenServer.call(pid, "get"), "state");
    assertEquals(reports.all, [{
      level: "error",
      kind: "unhandled_message",
      pid,
      name,
      lastMessage: ["hello", 1],
      details: { module: Server },
    }]);
  });
});

Deno.test("an undefined function called inside handleInfo terminates the server with that error [GS-076]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const helpers: Record<string, () => never> = {};
    const Server = { init: () => ok(0), handleInfo: () => helpers["missing"]!() };
    const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
    send(pid, "hello");
    const [, downRef, , , [error]] = await receive() as [0, unknown, 0, 0, [Error]];
    assertEquals([downRef, error.name], [ref, "TypeError"]);
    assertEquals(reports.logged.map(({ kind }) => kind), ["gen_server"]);
  });
});

// --- Crashes in terminate -----------------------------------------------------------------------

for (const mode of ["sync", "async"] as const) {
  Deno.test(`an error in a ${mode} terminate is what the server exits with, and what the log shows [GS-087]`, async () => {
    using reports = collectReports();
    await inProcess(async () => {
      const error = new Error("in terminate");
      const fail = () => {
        throw error;
      };
      const Server = {
        init: () => ok("state"),
        handleCast: () => {
          throw new Error("in handleCast");
        },
        terminate: mode === "sync" ? fail : async () => (await undefined, fail()),
      };
      for (
        const ask of [(pid: Pid) => GenServer.cast(pid, 1), (pid: Pid) => send(pid, stopped())]
      ) {
        const [pid, ref] = unwrap(await GenServer.startMonitor(Server));
        ask(pid);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, [error, error.stack]]);
      }
    });
    assertEquals(reports.logged.map(({ kind, state }) => [kind, state]), [
      ["gen_server", "state"],
      ["gen_server", "state"],
    ]);
    for (const { reason } of reports.logged) {
      assertEquals((reason as [Error])[0].message, "in terminate");
    }
  });
}

/** The message of `Sys.terminate`, from a caller that does not wait for the reply. */
const stopped = () => ["system", [self(), null], ["terminate", "normal"]];

Deno.test("what terminate returns or throws as a value does not matter", async () => {
  await inProcess(async () => {
    const endings = [
      () => ["reply", 1],
      () => ignore,
      () => {
        throw "value";
      },
      () => Promise.reject("value"),
    ];
    for (const terminate of endings) {
      const pid = unwrap(await GenServer.start({ init: () => ok(0), terminate }));
      assertEquals(await GenServer.stop(pid, "shutdown"), "ok");
    }
  });
});
