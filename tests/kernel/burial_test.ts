/**
 * What fails while a process exits: every other step of the exit is done.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  _,
  type Exit,
  exit,
  GenServer,
  Logger,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  self,
  spawn,
  stopReply,
  Supervisor,
  Sys,
  unwrap,
} from "../../mod.ts";
import type { Call, CallKind } from "../../lib/kernel/calls.ts";
import { sendCall } from "../../lib/kernel/calls.ts";
import { distribute, type Distribution, RemotePid } from "../../lib/kernel/distribution.ts";
import { self as selfProcess } from "../../lib/kernel/self.ts";
import { addLink, Monitor, onExit } from "../../lib/kernel/signals.ts";
import { Ref } from "../../lib/kernel/term.ts";
import { collectReports, exitOf, inProcess, reasonOf, settled } from "../helpers.ts";

const untilStopped = () => receive(on("stop", () => {}));

/** A monitor of a kind that fails to notify its holder. */
class Failing extends Monitor {
  watcher = self();
  static readonly error: Error = new Error("cannot tell");

  constructor(target: Pid) {
    super(new Ref(), { monitors: null }, target.process!, target, "DOWN");
  }

  tell(): void {
    throw Failing.error;
  }
}

/** What reports say of the steps of exits that have failed. */
function failedSteps(reports: readonly Logger.Report[]): unknown[] {
  return reports.filter(({ kind }) => kind === "exit_hook" || kind === "exit_step")
    .map(({ kind, pid, details, reason }) => [
      kind === "exit_hook" ? kind : details!["step"],
      pid,
      (reason as readonly unknown[])[0],
    ]);
}

Deno.test("terminate() does every other step when hooks, calls, monitors and listeners fail", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const [error, late] = [new Error("hook"), new Error("ended")];
    const server = spawn(async () => {
      Process.signal().addEventListener("abort", () => {
        throw new Error("listener");
      });
      await untilStopped();
    });
    await settled();
    onExit(server, () => {
      throw error;
    });
    Process.register(server, "mortal");
    Process.link(server);
    new Failing(server);
    const ref = Process.monitor(server);
    new Failing(server);
    const broken: CallKind = {
      describe: () => "call",
      ended(): void {
        throw late;
      },
    };
    const settledCall: CallKind = {
      describe: () => "call",
      ended(call: Call): void {
        call.reply("ended");
        throw late;
      },
    };
    const ask = (kind: CallKind) =>
      sendCall(selfProcess(), server.process!, server, "request", 5000, kind)
        .then((value) => value, (thrown) => thrown);
    const calls = [ask(broken), ask(settledCall), ask({ describe: () => "call" })];

    Process.exit(server, "boom");
    assertEquals(Process.whereis("mortal"), undefined);
    assertEquals(Process.info(self(), ["links", "message_queue_len"]), [
      ["links", Process.info(self(), "links")![1].filter((pid) => pid !== server)],
      ["message_queue_len", 2],
    ]);
    assertEquals(await receive(), ["EXIT", server, "boom"]);
    assertEquals(await receive(), ["DOWN", ref, "process", server, "boom"]);
    const outcomes = await Promise.all(calls);
    assertStrictEquals(outcomes[0], late);
    assertEquals(outcomes[1], "ended");
    assertEquals((outcomes[2] as Exit).reason, ["boom", "call"]);
    const [hook, step] = reports.all.filter(({ kind }) => kind.startsWith("exit_"))
      .map((report) => Logger.format(report).split("\n    at")[0]);
    const exited = `Process ${server} has exited, and a step of that has failed:`;
    assertEquals(hook, `${exited} an exit hook\n** (Error) hook`);
    assertEquals(step, `${exited} monitor\n** (Error) cannot tell`);
    assertEquals(failedSteps(reports.all), [
      ["exit_hook", server, error],
      ["monitor", server, Failing.error],
      ["monitor", server, Failing.error],
    ]);
  });
});

Deno.test("terminate() notifies the other links when the link of a remote process fails", async () => {
  using reports = collectReports();
  const error = new Error("cannot encode");
  const node: Partial<Distribution> = {
    linkBroke(): void {
      throw error;
    },
  };
  class Remote extends RemotePid {}
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = spawn(untilStopped);
    addLink(pid.process!, new Remote("far@host", 1, 1, 1));
    Process.link(pid);
    distribute(node as Distribution);
    try {
      Process.exit(pid, "boom");
    } finally {
      distribute(null);
    }
    assertEquals(await receive(), ["EXIT", pid, "boom"]);
    assertEquals(failedSteps(reports.all), [["link", pid, error]]);
  });
});

Deno.test("a chain of links ends although the log handler and the exit hooks of all processes fail", async () => {
  const previous = Logger.setHandler(() => {
    throw new Error("handler");
  });
  try {
    await inProcess(async () => {
      const first = spawn(untilStopped);
      let last = first;
      for (let i = 0; i < 100; i++) {
        const before = last;
        last = spawn(async () => {
          Process.link(before);
          await untilStopped();
        });
        onExit(last, () => {
          throw new Error("hook");
        });
      }
      await settled();
      const ref = Process.monitor(last);
      Process.exit(first, "boom");
      assertEquals(await receive(), ["DOWN", ref, "process", last, "boom"]);
    });
  } finally {
    Logger.setHandler(previous);
  }
});

Deno.test("a server ends with its own reason, and its caller is answered, when its last report fails", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const error = new Error("debug function");
    const server = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCall: (_request: "stop", _from: GenServer.From, state: number) =>
          stopReply("shutdown", "bye", state),
      }, undefined),
    );
    await Sys.install(server, [(state, event) => {
      if (Array.isArray(event) && event[0] === "out") throw error;
      return state;
    }, 0]);
    const ref = Process.monitor(server);
    assertEquals(await GenServer.call(server, "stop"), "bye");
    assertEquals(await receive(), ["DOWN", ref, "process", server, "shutdown"]);

    // The crash report of a supervisor names its module, which is a part of its state.
    const supervisor = unwrap(await Supervisor.startLink([], { strategy: "one_for_one" }));
    await Sys.replaceState(supervisor, () => null);
    const call = GenServer.call(supervisor, "which_children");
    const [why] = await reasonOf(() => call);
    assertEquals(await receive(on(["EXIT", supervisor, _], ([, , reason]) => reason)), why);
    assertEquals(failedSteps(reports.all).map((step) => (step as unknown[])[0]), ["report"]);
  });
});

Deno.test("a start that fails is answered when its report fails", async () => {
  using reports = collectReports();
  const error = new Error("no links today");
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    let pid: Pid | undefined;
    const module = {
      init(): never {
        pid = self();
        // Whatever a report reads may fail.
        Object.defineProperty(pid.process!.lineage!, "pid", {
          get: () => {
            throw error;
          },
        });
        throw exit("sick");
      },
      handleCast: (_request: unknown, state: number) => noreply(state),
    };
    const parent = spawn(async () => {
      assertEquals(await GenServer.start(module, undefined), ["error", "sick"]);
      throw exit("answered");
    });
    assertEquals(await exitOf(parent), "answered");
    assertEquals(failedSteps(reports.all), [["report", pid, error]]);
  });
});
