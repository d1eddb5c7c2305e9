import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Exit, exit, Process, receive, type Ref, self, spawn } from "../../mod.ts";
import * as Erpc from "../../lib/node/calls/erpc.ts";
import { self as selfProcess } from "../../lib/kernel/self.ts";
import { exportFunctions, unexportFunctions } from "../../lib/node/calls/exports.ts";
import { List, list } from "../../lib/node/terms.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

const HERE = "nonode@nohost";
const MONITORED = 2;
const never = new Promise(() => {});

const failure = new Error("boom");
const SAMPLES = {
  add: (a: number, b: number) => a + b,
  later: (value: unknown) => Promise.resolve(value),
  raise: () => Promise.reject(failure),
  leave: () => {
    throw exit(["shutdown", "bye"]);
  },
  toss: () => {
    throw ["ball"];
  },
  hang: () => never,
  die: () => Process.exit(self(), "kill"),
};

/** Runs `body` in a process, with the samples exported as the module `samples`. */
function withSamples(body: () => Promise<void>): Promise<void> {
  return inProcess(async () => {
    exportFunctions("samples", SAMPLES);
    try {
      await body();
    } finally {
      unexportFunctions("samples");
    }
  });
}

/** Asks the peer by a call, and has it started there: the call, the process and what it is monitored by. */
async function underWay(peer: FakePeer, timeout?: number) {
  const call = Erpc.call("e@h", "m", "f", [1], timeout);
  call.catch(() => {});
  const [request] = await peer.hears();
  const [, ref, , , , , args] = request as unknown as [string, Ref, 0, 0, 0, 0, [Ref]];
  const pid = peer.pid();
  peer.says("spawn_reply", ref, self(), MONITORED, pid);
  return { call, pid, ref, result: args[0] };
}

async function errorOf(call: Promise<unknown>): Promise<Erpc.ErpcError> {
  return await assertRejects(() => call, Erpc.ErpcError);
}

Deno.test("Erpc.call() resolves with the value of a function, or of its promise", () =>
  withSamples(async () => {
    assertEquals(await Erpc.call(HERE, "samples", "add", [1, 2]), 3);
    assertEquals(await Erpc.call(HERE, "samples", "later", [["a", { b: 1 }]]), ["a", { b: 1 }]);
    await assertSilence();
  }));

Deno.test("Erpc.call() rejects with what the function throws", () =>
  withSamples(async () => {
    const thrown = await Erpc.call(HERE, "samples", "toss", []).catch((value) => value);
    assertEquals(thrown, ["ball"]);
  }));

Deno.test("Erpc.call() rejects with an exit of exception when the function exits", () =>
  withSamples(async () => {
    const { reason } = await assertRejects(() => Erpc.call(HERE, "samples", "leave", []), Exit);
    assertEquals(reason, ["exception", ["shutdown", "bye"]]);
  }));

Deno.test("Erpc.call() rejects with the error and its stack when the function raises one", () =>
  withSamples(async () => {
    const error = await errorOf(Erpc.call(HERE, "samples", "raise", []));
    const stack = List.of(["samples", "raise", list(), list()]);
    assertEquals(error.reason, ["exception", failure, stack]);
    assertEquals(error.cause, failure);
    assertEquals(error.message, `samples:raise/0 on ${HERE} raised an error: boom`);
  }));

Deno.test("Erpc.call() rejects with an exit of signal when the process is terminated", () =>
  withSamples(async () => {
    const { reason } = await assertRejects(() => Erpc.call(HERE, "samples", "die", []), Exit);
    assertEquals(reason, ["signal", "killed"]);
  }));

Deno.test("Erpc.call() rejects with undef when the function is not exported", () =>
  withSamples(async () => {
    for (const [module, name, args] of [["samples", "add", [1]], ["os", "cmd", ["ls"]]] as const) {
      const error = await errorOf(Erpc.call(HERE, module, name, args));
      const stack = List.of([module, name, list<unknown>(args), list()]);
      assertEquals(error.reason, ["exception", "undef", stack]);
      assertEquals(
        error.message,
        `${module}:${name}/${args.length} on ${HERE} raised an error: undef`,
      );
      assertInstanceOf(error.cause, Error);
      assertEquals(error.cause.stack, `Error: undef\n    at ${module}:${name}/${args.length}`);
    }
  }));

Deno.test("Erpc.call() rejects with timeout, and the function goes on", async () => {
  using time = new FakeTime();
  await withSamples(async () => {
    const { promise, resolve } = Promise.withResolvers();
    exportFunctions("slow", { wait: () => promise });
    const call = errorOf(Erpc.call(HERE, "slow", "wait", [], 100));
    await settled();
    const runner = Process.list().at(-1)!;
    time.tick(100);
    const error = await call;
    assertEquals(error.reason, ["erpc", "timeout"]);
    assertEquals(error.message, `slow:wait/0 on ${HERE} failed: timeout`);
    assert(Process.isAlive(runner));
    resolve(undefined);
    await settled();
    assert(!Process.isAlive(runner));
    await assertSilence();
    unexportFunctions("slow");
  });
});

Deno.test("Erpc.call() asks for a process that executes the call", () =>
  FakePeer.run(async (peer) => {
    const call = Erpc.call("e@h", "lists", "nth", [2, list(["a", "b"])]);
    const [request] = await peer.hears();
    const [ref, args] = [request![1] as Ref, request![6] as readonly [Ref, symbol, symbol, List]];
    assertEquals(request!.slice(2, 6), [self(), self(), ["erpc", "execute_call", 4], ["monitor"]]);
    assertEquals(args.slice(1, 3).map((name) => (name as symbol).description), ["lists", "nth"]);
    assertEquals(args[3], list([2, list(["a", "b"])]));
    const pid = peer.pid();
    peer.says("spawn_reply", ref, self(), MONITORED, pid);
    peer.says("monitor_p_exit", pid, self(), ref, [args[0], "return", "b"]);
    assertEquals(await call, "b");
    assertEquals(await peer.hears(), []);
    assertEquals(peer.sizes.monitoredBy, 0);
    await assertSilence();
  }));

Deno.test("Erpc.call() words an error of Erlang, with its stack, in the cause", () =>
  FakePeer.run(async (peer) => {
    const { call, pid, ref, result } = await underWay(peer);
    const where = list([["file", list("lists.erl")], ["line", 170]]);
    const stack = list([["lists", "nth", list([3]), list()], ["lists", "nth", 2, where]]);
    peer.says("monitor_p_exit", pid, self(), ref, [result, "error", "function_clause", stack]);
    const error = await errorOf(call);
    assertEquals(error.reason, ["exception", "function_clause", stack]);
    assertEquals(error.message, "m:f/1 on e@h raised an error: function_clause");
    assertEquals(
      (error.cause as Error).stack,
      "Error: function_clause\n    at lists:nth/1\n    at lists:nth/2 (lists.erl:170)",
    );
  }));

Deno.test("Erpc.call() words an exception of Elixir in the cause", () =>
  FakePeer.run(async (peer) => {
    const { call, pid, ref, result } = await underWay(peer);
    const struct = { __struct__: "Elixir.KeyError", __exception__: true, message: "key not found" };
    peer.says("monitor_p_exit", pid, self(), ref, [result, "error", struct, list()]);
    const error = await errorOf(call);
    assertEquals(error.reason, ["exception", struct, list()]);
    const cause = error.cause as Error;
    assertEquals([cause.name, cause.message], ["KeyError", "key not found"]);
  }));

Deno.test("Erpc.call() rejects with what erpc itself says went wrong", () =>
  FakePeer.run(async (peer) => {
    const { call, pid, ref, result } = await underWay(peer);
    peer.says("monitor_p_exit", pid, self(), ref, [result, "error", ["erpc", "system_limit"]]);
    assertEquals((await errorOf(call)).reason, ["erpc", "system_limit"]);
  }));

Deno.test("Erpc.call() takes only the result of this call for one", () =>
  FakePeer.run(async (peer) => {
    const { call, pid, ref } = await underWay(peer);
    const other = [peer.ref(), "return", 1];
    peer.says("monitor_p_exit", pid, self(), ref, other);
    const { reason } = await assertRejects(() => call, Exit);
    assertEquals(reason, ["signal", other]);
  }));

Deno.test("Erpc.call() rejects with noconnection when the node is lost, before and after it answers", () =>
  FakePeer.run(async (peer) => {
    const unanswered = Erpc.call("e@h", "m", "f", []);
    unanswered.catch(() => {});
    const { call } = await underWay(peer);
    peer.down();
    assertEquals((await errorOf(call)).reason, ["erpc", "noconnection"]);
    assertEquals((await errorOf(unanswered)).reason, ["erpc", "noconnection"]);
    await assertSilence();
  }));

Deno.test("Erpc.call() rejects with the reason of a refusal", () =>
  FakePeer.run(async (peer) => {
    const call = Erpc.call("e@h", "m", "f", []);
    const [request] = await peer.hears();
    peer.says("spawn_reply", request![1] as Ref, self(), 0, "notsup");
    assertEquals((await errorOf(call)).reason, ["erpc", "notsup"]);
  }));

Deno.test("Erpc.call() takes its monitor back when the time is up", async () => {
  using time = new FakeTime();
  await FakePeer.run(async (peer) => {
    const { call, pid, ref, result } = await underWay(peer, 100);
    time.tick(100);
    assertEquals((await errorOf(call)).reason, ["erpc", "timeout"]);
    assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
    peer.says("monitor_p_exit", pid, self(), ref, [result, "return", "late"]);
    await assertSilence();
  });
});

Deno.test("Erpc.call() takes its monitor back when a process is started after the time is up", async () => {
  using time = new FakeTime();
  await FakePeer.run(async (peer) => {
    const call = errorOf(Erpc.call("e@h", "m", "f", [], 100));
    const [request] = await peer.hears();
    time.tick(100);
    assertEquals((await call).reason, ["erpc", "timeout"]);
    const [ref, pid] = [request![1] as Ref, peer.pid()];
    peer.says("spawn_reply", ref, self(), MONITORED, pid);
    assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
  });
});

Deno.test("Erpc.call() rejects when the arguments cannot be sent, and leaves nothing behind", () =>
  FakePeer.run(async (peer) => {
    peer.cannotEncode();
    await assertRejects(() => Erpc.call("e@h", "m", "f", []), TypeError, "Cannot encode");
    assertEquals(peer.sizes.monitoredBy, 0);
  }));

Deno.test("Erpc.call() leaves no timer behind when it is answered", () =>
  withSamples(async () => {
    assertEquals(await Erpc.call(HERE, "samples", "add", [1, 2], 1000), 3);
    assertEquals(selfProcess().timers, null);
  }));

Deno.test("Erpc.call() of a runtime that is not a node does not notify a caller that has exited", () =>
  inProcess(async () => {
    let settlings = 0;
    const caller = spawn(() => {
      Erpc.call("e@h", "m", "f", []).finally(() => settlings++).catch(() => {});
      Process.exit(self(), "kill");
    });
    await exitOf(caller);
    await settled();
    assertEquals(settlings, 0);
  }));

Deno.test("Erpc.call() leaves nothing behind when its caller exits", () =>
  FakePeer.run(async (peer) => {
    const caller = spawn(() => Erpc.call("e@h", "m", "f", [], 1000));
    const [request] = await peer.hears();
    const [ref, pid] = [request![1] as Ref, peer.pid()];
    peer.says("spawn_reply", ref, caller, MONITORED, pid);
    Process.exit(caller, "kill");
    assertEquals(await peer.hears(), [["demonitor_p", caller, pid, ref]]);
    assertEquals(peer.sizes.monitoredBy, 0);
  }));

Deno.test("Erpc.call() refuses invalid names, arguments and timeouts", async () => {
  const call = Erpc.call as (...args: unknown[]) => Promise<unknown>;
  await assertRejects(() => call(1, "m", "f", []), TypeError, "the node must be a string, found 1");
  await assertRejects(
    () => call(HERE, "", "f", []),
    TypeError,
    'the module must be a string, found ""',
  );
  await assertRejects(
    () => call(HERE, "m", 1, []),
    TypeError,
    "the function must be a string, found 1",
  );
  await assertRejects(
    () => call(HERE, "m", "f", 1),
    TypeError,
    "the arguments must be an array, found 1",
  );
  await assertRejects(() => call(HERE, "m", "f", [], -1), RangeError, "found -1");
});

Deno.test("Erpc.multicall() tells what became of each call, in the order of the nodes", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("samples", SAMPLES);
    const calls = Erpc.multicall(["e@h", "d@h"], "samples", "toss", []);
    const [request] = await peer.hears();
    peer.says("spawn_reply", request![1] as Ref, self(), 0, "notsup");
    assertEquals(await calls, [["error", ["erpc", "notsup"]], ["throw", ["ball"]]]);
    unexportFunctions("samples");
  }));

Deno.test("Erpc.cast() and multicast() run a function, and tell the caller nothing", () =>
  FakePeer.run(async (peer) => {
    const caller = self();
    const tell = (what: unknown) => void Process.sendAfter(caller, what, 0);
    exportFunctions("teller", { tell });
    assertEquals(Erpc.cast("d@h", "teller", "tell", ["one"]), "ok");
    assertEquals(await receive(), "one");
    assertEquals(Erpc.multicast(["d@h", "e@h"], "teller", "tell", ["two"]), "ok");
    assertEquals(await receive(), "two");
    const [request, ...others] = await peer.hears();
    assertEquals(request!.slice(4, 6), [["erpc", "execute_cast", 3], []]);
    assertEquals(others, []);
    await assertSilence();
    assertThrows(() => Erpc.cast("d@h", "m", "f", 1 as never), TypeError, "Cannot cast");
    unexportFunctions("teller");
  }));

Deno.test("Erpc.cast() logs what goes wrong where the function runs", () =>
  withSamples(async () => {
    using reports = collectReports();
    for (const name of ["raise", "toss", "leave", "nothing"]) {
      Erpc.cast(HERE, "samples", name, []);
      await settled();
    }
    const [raised, tossed, undef] = reports.logged.map(({ reason }) => reason as unknown[]);
    assertEquals([raised![0], tossed![0]], [failure, ["nocatch", ["ball"]]]);
    assertEquals(undef, ["undef", List.of(["samples", "nothing", list(), list()])]);
    assertEquals(reports.logged.length, 3);
    await assertSilence();
  }));

Deno.test("Erpc.receiveResponse() takes the answer to a request", () =>
  withSamples(async () => {
    const [one, two] = [1, 2].map((n) => Erpc.sendRequest(HERE, "samples", "add", [n, n]));
    assertEquals(await Erpc.receiveResponse(two!, 1000), 4);
    assertEquals(await Erpc.receiveResponse(one!), 2);
    const raised = Erpc.sendRequest(HERE, "samples", "raise", []);
    assertEquals((await errorOf(Erpc.receiveResponse(raised))).cause, failure);
    await assertSilence();
  }));

Deno.test("Erpc.receiveResponse() gives the request up when the time is up", async () => {
  using time = new FakeTime();
  await FakePeer.run(async (peer) => {
    const request = Erpc.sendRequest("e@h", "m", "f", []);
    const [asked] = await peer.hears();
    const response = errorOf(Erpc.receiveResponse(request, 100));
    await settled();
    time.tick(100);
    const error = await response;
    assertEquals([error.reason, error.message], [
      ["erpc", "timeout"],
      "Erpc request failed: timeout",
    ]);
    peer.says("spawn_reply", asked![1] as Ref, self(), 0, "notsup");
    await assertSilence();
  });
});

Deno.test("Erpc.waitResponse() can be asked again", async () => {
  using time = new FakeTime();
  await FakePeer.run(async (peer) => {
    const request = Erpc.sendRequest("e@h", "m", "f", []);
    const [asked] = await peer.hears();
    assertEquals(await Erpc.waitResponse(request), "no_response");
    const waiting = Erpc.waitResponse(request, 100);
    await settled();
    time.tick(100);
    assertEquals(await waiting, "no_response");
    const [ref, pid] = [asked![1] as Ref, peer.pid()];
    peer.says("spawn_reply", ref, self(), MONITORED, pid);
    peer.says("monitor_p_exit", pid, self(), ref, [(asked![6] as Ref[])[0], "return", 7]);
    assertEquals(await Erpc.waitResponse(request), ["response", 7]);
    await assertSilence();
  });
});

Deno.test("Erpc.waitResponse() rejects when the request was refused", () =>
  inProcess(async () => {
    const request = Erpc.sendRequest("e@h", "m", "f", []);
    const error = await errorOf(Erpc.waitResponse(request, 1000));
    assertEquals(error.reason, ["erpc", "noconnection"]);
    await assertSilence();
  }));

Deno.test("Erpc.checkResponse() recognises the answer to a request, and no other message", () =>
  withSamples(async () => {
    const request = Erpc.sendRequest(HERE, "samples", "add", [1, 2]);
    assertEquals(Erpc.checkResponse("hello", request), "no_response");
    const first = await receive();
    const other = Erpc.sendRequest(HERE, "samples", "leave", []);
    const second = await receive();
    assertEquals(Erpc.checkResponse(first, request), ["response", 3]);
    assertEquals(Erpc.checkResponse(second, request), "no_response");
    const { reason } = assertThrows(() => Erpc.checkResponse(second, other), Exit);
    assertEquals(reason, ["exception", ["shutdown", "bye"]]);
    assertThrows(
      () => Erpc.checkResponse(1, 1 as never),
      TypeError,
      "Cannot take this for a request",
    );
  }));

Deno.test("Erpc.call() runs a function in its own process, which exits with it", () =>
  withSamples(async () => {
    const [reasons, caller] = [[] as unknown[], self()];
    exportFunctions("who", { am: () => self() });
    const runner = await Erpc.call(HERE, "who", "am", []);
    reasons.push(runner === caller, await exitOf(runner as typeof caller));
    assertEquals(reasons, [false, "noproc"]);
    unexportFunctions("who");
  }));
