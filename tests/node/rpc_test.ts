import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { exit, GenServer, Process, receive, type Ref, self, Sys, unwrap } from "../../mod.ts";
import { exportFunctions, unexportFunctions } from "../../lib/node/calls/exports.ts";
import * as Rex from "../../lib/node/calls/rex.ts";
import * as Rpc from "../../lib/node/calls/rpc.ts";
import { List, list } from "../../lib/node/terms.ts";
import { assertSilence, inProcess, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

const HERE = "nonode@nohost";
const failure = new Error("boom");
const SAMPLES = {
  add: (a: number, b: number) => a + b,
  raise: () => Promise.reject(failure),
  leave: () => {
    throw exit("why");
  },
  toss: (value: unknown) => {
    throw value;
  },
  give: (value: unknown) => value,
  hang: () => new Promise(() => {}),
  die: () => Process.exit(self(), "kill"),
};

/** Runs `body` in a process, with the samples exported and `rex` at work. */
function withRex(body: () => Promise<void>): Promise<void> {
  return inProcess(async () => {
    exportFunctions("samples", SAMPLES);
    const rex = unwrap(await GenServer.start(Rex, undefined, { name: "rex" }));
    try {
      await body();
    } finally {
      await GenServer.stop(rex);
      unexportFunctions("samples");
    }
  });
}

function stack(name: string, args: unknown[] = []): List {
  return List.of(["samples", name, list(args), list()]);
}

const FAILURES: readonly (readonly [name: string, args: unknown[], result: unknown])[] = [
  ["add", [1, 2], 3],
  ["toss", ["ball"], "ball"],
  ["leave", [], ["badrpc", ["EXIT", "why"]]],
  ["raise", [], ["badrpc", ["EXIT", [failure, stack("raise")]]]],
  ["add", [1], ["badrpc", ["EXIT", ["undef", stack("add", [1])]]]],
];

Deno.test("Rpc.call() resolves with the value, what was thrown, or badrpc", () =>
  withRex(async () => {
    for (const [name, args, result] of FAILURES) {
      assertEquals(await Rpc.call(HERE, "samples", name, args), result);
    }
    assertEquals(await Rpc.call(HERE, "samples", "die", []), ["badrpc", ["EXIT", "killed"]]);
    for (const name of ["give", "toss"]) {
      const result = await Rpc.call(HERE, "samples", name, [["EXIT", "x"]]);
      assertEquals(result, ["badrpc", ["EXIT", "x"]]);
    }
    await assertSilence();
  }));

Deno.test("Rpc.blockCall() resolves as call() does", () =>
  withRex(async () => {
    for (const [name, args, result] of FAILURES) {
      assertEquals(await Rpc.blockCall(HERE, "samples", name, args), result);
    }
    await assertSilence();
  }));

Deno.test("Rpc.blockCall() runs one function after another", () =>
  withRex(async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    exportFunctions("one", { wait: () => promise, go: () => "went" });
    const first = Rpc.blockCall(HERE, "one", "wait", []);
    let hasGone = false;
    const second = Rpc.blockCall(HERE, "one", "go", []).then((value) => (hasGone = true, value));
    await settled();
    assertEquals(hasGone, false);
    resolve("waited");
    assertEquals(await Promise.all([first, second]), ["waited", "went"]);
    unexportFunctions("one");
  }));

Deno.test("Rpc.call() and blockCall() resolve with badrpc when the time is up", async () => {
  using time = new FakeTime();
  await withRex(async () => {
    const calls = [
      Rpc.call(HERE, "samples", "hang", [], 100),
      Rpc.call(HERE, "samples", "add", [1, 2], 100),
    ];
    await settled();
    time.tick(100);
    assertEquals(await Promise.all(calls), [["badrpc", "timeout"], 3]);
    exportFunctions("slow", { wait: () => Process.sleep(1000) });
    const blocked = Rpc.blockCall(HERE, "slow", "wait", [], 100);
    await settled();
    time.tick(100);
    assertEquals(await blocked, ["badrpc", "timeout"]);
    time.tick(900);
    await settled();
    unexportFunctions("slow");
  });
});

Deno.test("Rpc.call() and blockCall() resolve with nodedown when there is no such node", () =>
  inProcess(async () => {
    assertEquals(await Rpc.call("e@h", "m", "f", []), ["badrpc", "nodedown"]);
    assertEquals(await Rpc.blockCall("e@h", "m", "f", []), ["badrpc", "nodedown"]);
  }));

Deno.test("Rpc.blockCall() resolves with badrpc when the node has no rex", () =>
  inProcess(async () => {
    const call = ["GenServer", "call"];
    const [badrpc, [tag, [why, where]]] = await Rpc.blockCall(HERE, "m", "f", []) as [
      string,
      [string, [string, string[]]],
    ];
    assertEquals([badrpc, tag, why, where.slice(0, 2)], ["badrpc", "EXIT", "noproc", call]);
  }));

Deno.test("Rpc.call() asks rex when the node cannot start processes for others", () =>
  FakePeer.run(async (peer) => {
    const call = Rpc.call("e@h", "m", "f", [1]);
    const [request] = await peer.hears();
    peer.says("spawn_reply", request![1] as Ref, self(), 0, "notsup");
    const [monitor, message] = await peer.hears();
    assertEquals(monitor!.slice(0, 3), ["monitor_p", self(), "rex"]);
    const [, , to, [, from, asked]] = message as unknown as [
      0,
      0,
      string,
      [0, [0, unknown], unknown],
    ];
    assertEquals(to, "rex");
    const names = (asked as unknown[]).map((x) => typeof x === "symbol" ? x.description : x);
    assertEquals(names, ["call", "m", "f", list([1]), self()]);
    peer.says("alias_send", peer.pid(), monitor![3] as Ref, [from[1], 7]);
    assertEquals(await call, 7);
  }));

Deno.test("Rpc.multicall() keeps results in order, and the nodes apart that are lost", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("samples", SAMPLES);
    const calls = Rpc.multicall(["d@h", "e@h", "d@h"], "samples", "leave", []);
    await settled();
    peer.down();
    const badrpc = ["badrpc", ["EXIT", "why"]];
    assertEquals(await calls, [[badrpc, badrpc], ["e@h"]]);
    unexportFunctions("samples");
  }));

Deno.test("Rpc.multicall() takes a value that looks like a failure for a value", () =>
  withRex(async () => {
    const value = ["badrpc", "nodedown"];
    assertEquals(await Rpc.multicall([HERE], "samples", "give", [value]), [[value], []]);
  }));

Deno.test("Rpc.cast() and evalEverywhere() run a function, and tell the caller nothing", () =>
  inProcess(async () => {
    const caller = self();
    exportFunctions("teller", { tell: (what: string) => void Process.sendAfter(caller, what, 0) });
    assertEquals(Rpc.cast(HERE, "teller", "tell", ["one"]), true);
    assertEquals(await receive(), "one");
    assertEquals(Rpc.evalEverywhere([HERE, "e@h"], "teller", "tell", ["two"]), "abcast");
    assertEquals(await receive(), "two");
    await assertSilence();
    unexportFunctions("teller");
  }));

Deno.test("Rpc.abcast() sends to a name on each node", () =>
  FakePeer.run(async (peer) => {
    Process.register(self(), "listener");
    assertEquals(Rpc.abcast(["e@h", "d@h"], "listener", ["hi"]), "abcast");
    assertEquals(await receive(), ["hi"]);
    assertEquals(await peer.hears(), [["reg_send", self(), "listener", ["hi"]]]);
  }));

Deno.test("Rpc.sbcast() tells on which nodes the name is registered", () =>
  withRex(async () => {
    Process.register(self(), "listener");
    assertEquals(await Rpc.sbcast([HERE, "e@h"], "listener", ["hi"]), [[HERE], ["e@h"]]);
    assertEquals(await receive(), ["hi"]);
    assertEquals(await Rpc.sbcast([HERE], "nobody", ["hi"]), [[], [HERE]]);
    await assertSilence();
  }));

Deno.test("Rpc.sbcast() uses the first answer of a node", () =>
  FakePeer.run(async (peer) => {
    const sent = Rpc.sbcast(["e@h", "f@h"], "listener", "hi");
    const [monitor, message] = await peer.hears();
    const [from] = message![3] as [ReturnType<typeof self>];
    peer.says("send", peer.pid(), from, ["rex", "e@h", "e@h"]);
    peer.says("monitor_p_exit", "rex", from, monitor![3] as Ref, "noconnection");
    peer.says("send", peer.pid(), from, ["rex", "f@h", "f@h"]);
    assertEquals(await sent, [["e@h", "f@h"], []]);
  }));

Deno.test("Rpc.sbcast() takes what a node says about a name for its answer", () =>
  FakePeer.run(async (peer) => {
    const sent = Rpc.sbcast(["e@h"], "listener", "hi");
    const [monitor, message] = await peer.hears();
    assertEquals(monitor![0], "monitor_p");
    const [from] = message![3] as [ReturnType<typeof self>];
    peer.says("send", peer.pid(), from, ["rex", "e@h", ["nonexisting_name", "listener"]]);
    assertEquals(await sent, [[], ["e@h"]]);
    assertEquals((await peer.hears()).map(([tag]) => tag), ["demonitor_p"]);
  }));

Deno.test("rex replies to a call when the function has returned, or its process was terminated", () =>
  withRex(async () => {
    const ask = (name: string, args: unknown[]) =>
      GenServer.call("rex", ["call", Symbol("samples"), name, args, self()], Infinity);
    void ask("hang", []);
    assertEquals(await ask("add", [1, 2]), 3);
    const bad = await GenServer.call("rex", ["call", "samples", "add", 1, self()]);
    const [, [, [why]]] = bad as [string, [string, [symbol]]];
    assertEquals(why.description, "badarg");
    const [badrpc, [tag, killed]] = await ask("die", []) as [string, [string, symbol]];
    assertEquals([badrpc, tag, killed.description], ["badrpc", "EXIT", "killed"]);
    const pending = await Sys.getState("rex") as ReadonlyMap<unknown, unknown>;
    assertEquals(pending.size, 1); // the call that hangs
  }));

Deno.test("rex replies to plain messages of other nodes", () =>
  withRex(async () => {
    const say = (question: unknown) => Process.sendAfter("rex", [self(), question], 0);
    const heard = async () =>
      JSON.stringify(await receive(), (_, x) => typeof x === "symbol" ? `:${x.description}` : x);
    say("features_request");
    assertEquals(await heard(), `["features_reply",":${HERE}",[":erpc"]]`);
    say(["call", "samples", "add", [1, 2], "user"]);
    assertEquals(await heard(), '["rex",3]');
    Process.register(self(), "listener");
    say(["send", "listener", "hi"]);
    assertEquals(await receive(), [self(), "hi"]);
    say(["send", "nobody", "hi"]);
    assertEquals(await heard(), `["rex",":${HERE}",["nonexisting_name","nobody"]]`);
    await assertSilence();
  }));

Deno.test("rex ignores what it does not know, and lives on", async () => {
  using time = new FakeTime();
  await withRex(async () => {
    const call = GenServer.call("rex", "what", 100);
    const refused = assertRejects(() => call);
    GenServer.cast("rex", "what");
    for (const message of ["what", [self(), "what"], [self(), ["call"]], [1, 2, 3]]) {
      Process.sendAfter("rex", message, 0);
    }
    await settled();
    time.tick(100);
    await refused;
    assertEquals(await Rpc.blockCall(HERE, "samples", "add", [1, 2]), 3);
    await assertSilence();
  });
});

Deno.test("rex runs a function that is cast", () =>
  withRex(async () => {
    const caller = self();
    exportFunctions("teller", { tell: (what: string) => void Process.sendAfter(caller, what, 0) });
    GenServer.cast("rex", ["cast", "teller", "tell", ["hi"], caller]);
    assertEquals(await receive(), "hi");
    unexportFunctions("teller");
  }));
