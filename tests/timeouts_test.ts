/**
 * Milliseconds with a fraction are refused everywhere, and so are negative ones and what is not a number.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  after,
  Agent,
  Application,
  DynamicSupervisor,
  GenServer,
  GenStatem,
  inspect,
  noreply,
  ok,
  Process,
  ProcLib,
  receive,
  reply,
  self,
  Supervisor,
  Sys,
  Task,
  Timer,
  unwrap,
} from "../mod.ts";
import { Erpc, Node, Rpc } from "../lib/node/mod.ts";
import { collectReports, exitOf, inProcess } from "./helpers.ts";

const Server = { init: () => ok(1) };
const Machine = {
  callbackMode: () => "handle_event_function",
  init: () => GenStatem.ok("a", 1),
  handleEvent: () => GenStatem.keepStateAndData(),
};

const DOORS: Record<string, (ms: number) => unknown> = {
  "GenServer.call()": (ms) => GenServer.call("server", 1, ms),
  "GenServer.stop()": (ms) => GenServer.stop("server", "normal", ms),
  "GenServer.multiCall()": (ms) => GenServer.multiCall("server", 1, ms, []),
  "GenServer.start(), timeout": (ms) => GenServer.start(Server, undefined, { timeout: ms }),
  "GenServer.start(), hibernateAfter": (ms) =>
    GenServer.start(Server, undefined, { hibernateAfter: ms }),
  "GenServer.receiveResponse()": (ms) =>
    GenServer.receiveResponse(GenServer.sendRequest("server", 1), ms),
  "GenStatem.call()": (ms) => GenStatem.call("server", 1, ms),
  "GenStatem.start(), timeout": (ms) => GenStatem.start(Machine, undefined, { timeout: ms }),
  "Agent.get()": (ms) => Agent.get("agent" as never, (state) => state, ms),
  "Agent.start(), timeout": (ms) => Agent.start(() => 1, { timeout: ms }),
  "Supervisor.stop()": (ms) => Supervisor.stop("server", "normal", ms),
  "DynamicSupervisor.startLink(), timeout": (ms) => DynamicSupervisor.startLink({ timeout: ms }),
  "Sys.getState()": (ms) => Sys.getState("server", ms),
  "ProcLib.start(), timeout": (ms) => ProcLib.start(() => {}, { timeout: ms }),
  "ProcLib.stop()": (ms) => ProcLib.stop("server", "normal", ms),
  "after()": (ms) => receive(after(ms, () => 1)),
  "Process.sleep()": (ms) => Process.sleep(ms),
  "Process.sendAfter()": (ms) => Process.sendAfter(self(), 1, ms),
  "Process.startTimer()": (ms) => Process.startTimer(ms, self(), 1),
  "Timer.sleep()": (ms) => Timer.sleep(ms),
  "Task.await()": (ms) => Task.await(Task.async(() => 1), ms),
  "Task.awaitMany()": (ms) => Task.awaitMany([], ms),
  "Task.yield()": (ms) => Task.yield(Task.async(() => 1), ms),
  "Task.yieldMany()": (ms) => Task.yieldMany([], { timeout: ms }),
  "Task.shutdown()": (ms) => Task.shutdown(Task.async(() => 1), ms),
  "Task.asyncStream(), timeout": (ms) => Task.asyncStream([], () => 1, { timeout: ms }),
  "Application.run(), shutdownTimeout": (ms) =>
    Application.run({ name: "app" }, { shutdownTimeout: ms }),
  "Node.start(), setupTime": (ms) => Node.start("a@127.0.0.1", { setupTime: ms }),
  "Node.start(), tickTime": (ms) => Node.start("a@127.0.0.1", { tickTime: ms }),
  "Erpc.call()": (ms) => Erpc.call("a@127.0.0.1", "m", "f", [], ms),
  "Rpc.call()": (ms) => Rpc.call("a@127.0.0.1", "m", "f", [], ms),
};

for (const [name, call] of Object.entries(DOORS)) {
  Deno.test(`${name} refuses milliseconds with a fraction`, () =>
    inProcess(async () => {
      for (const ms of [0.5, 1.5, 5000.25, -1, -0.5, NaN, -Infinity, 2 ** 53, "5" as never]) {
        if (name === "Agent.get()" && typeof ms === "string") continue; // the name of a function
        await assertRejects(async () => await call(ms), RangeError, `found ${inspect(ms)}`);
      }
    }));
}

Deno.test("Supervisor and Task.Supervisor refuse a shutdown with a fraction of a millisecond", () => {
  const spec = { id: 1, start: () => "ignore", shutdown: 0.5 };
  assertEquals(Supervisor.checkChildSpecs([spec]), ["error", ["invalid_shutdown", 0.5]]);
  assertThrows(
    () => Task.Supervisor.asyncStream("supervisor", [], () => 1, { shutdown: 0.5 }),
    TypeError,
    "found 0.5",
  );
});

Deno.test("an idle timeout with a fraction of a millisecond is a bad return value", () =>
  inProcess(async () => {
    using _reports = collectReports();
    for (const response of [noreply(1, 0.5), reply("a", 1, 0.5), noreply(1, -1), noreply(1, NaN)]) {
      const Idle = { ...Server, handleCall: () => response as never };
      const pid = unwrap(await GenServer.start(Idle));
      const end = exitOf(pid);
      await GenServer.call(pid, 1 as never).catch(() => {});
      assertEquals(await end, ["bad_return_value", response]);
    }
    const BadInit = { init: () => ok(1, 0.5) };
    assertEquals(await GenServer.start(BadInit), ["error", ["bad_return_value", ["ok", 1, 0.5]]]);
    const Idle = {
      ...Machine,
      handleEvent: () => GenStatem.keepStateAndData(["state_timeout", 0.5, 1]),
    };
    const pid = unwrap(await GenStatem.start(Idle));
    const end = exitOf(pid);
    GenStatem.cast(pid, 1);
    const [[why]] = await end as [[string]];
    assertEquals(why, "bad_action_from_state_function");
  }));
