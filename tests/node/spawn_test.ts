import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  exit,
  flush,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  spawn,
  unwrap,
} from "../../mod.ts";
import { List } from "../../lib/node/terms.ts";
import { exportFunctions, unexportFunctions } from "../../lib/node/calls/exports.ts";
import { Peer } from "../../lib/node/peer.ts";
import { receiveSpawnSignal } from "../../lib/node/calls/spawn_request.ts";
import { spawn as spawnOn, spawnLink, spawnMonitor } from "../../lib/node/calls/spawn.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

const LINKED = 1;
const MONITORED = 2;

/** The reference of the one request that a peer has heard. */
async function requested(peer: FakePeer): Promise<Ref> {
  const [request, ...others] = await peer.hears();
  assertEquals(others, []);
  assertEquals(request![0], "spawn_request");
  return request![1] as Ref;
}

Deno.test("Node.spawn() asks the other node, and resolves with the pid it answers", () =>
  FakePeer.run(async (peer) => {
    const started = spawnOn("e@h", "m", "f", [1, "two"]);
    const [request] = await peer.hears();
    const ref = request![1] as Ref;
    assertEquals(request, ["spawn_request", ref, self(), self(), ["m", "f", 2], [], [1, "two"]]);
    const pid = peer.pid();
    peer.says("spawn_reply", ref, self(), 0, pid);
    assertStrictEquals(await started, pid);
    assertEquals(await peer.hears(), []);
    assertEquals(peer.sizes, { links: 0, monitors: 0, monitoredBy: 0 });
    await assertSilence();
  }));

Deno.test("Node.spawnMonitor() delivers DOWN when the process exits elsewhere", () =>
  FakePeer.run(async (peer) => {
    const started = spawnMonitor("e@h", "m", "f", []);
    const ref = await requested(peer);
    const pid = peer.pid();
    peer.says("spawn_reply", ref, self(), MONITORED, pid);
    assertEquals(await started, [pid, ref]);
    peer.says("monitor_p_exit", pid, self(), ref, "bye");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "bye"]);
    assertEquals(await peer.hears(), []);
    assertEquals(peer.sizes.monitoredBy, 0);
  }));

Deno.test("Node.spawnMonitor() makes a monitor that can be taken away", () =>
  FakePeer.run(async (peer) => {
    const started = spawnMonitor("e@h", "m", "f", []);
    const ref = await requested(peer);
    const pid = peer.pid();
    peer.says("spawn_reply", ref, self(), MONITORED, pid);
    await started;
    assertEquals(Process.demonitor(ref), true);
    assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
    peer.says("monitor_p_exit", pid, self(), ref, "bye");
    await assertSilence();
  }));

Deno.test("Node.spawnLink() makes a link: an exit elsewhere arrives, and it can be taken away", () =>
  FakePeer.run(async (peer) => {
    Process.flag("trap_exit", true);
    const [one, other] = [spawnLink("e@h", "m", "f", []), spawnLink("e@h", "m", "g", [])];
    const refs = (await peer.hears()).map((request) => request[1] as Ref);
    const pids: [Pid, Pid] = [peer.pid(), peer.pid()];
    for (const [i, ref] of refs.entries()) {
      peer.says("spawn_reply", ref, self(), LINKED, pids[i as 0 | 1]);
    }
    assertEquals(await Promise.all([one, other]), pids);
    assertEquals(Process.info(self(), "links"), ["links", pids]);
    peer.says("exit", pids[0], self(), "bye");
    assertEquals(await receive(), ["EXIT", pids[0], "bye"]);
    Process.unlink(pids[1]);
    assertEquals((await peer.hears()).map(([tag]) => tag), ["unlink_id"]);
  }));

Deno.test("Node.spawnMonitor() tells of a refusal by DOWN, and logs it", () =>
  FakePeer.run(async (peer) => {
    using reports = collectReports();
    const started = spawnMonitor("e@h", "m", "f", [1]);
    peer.says("spawn_reply", await requested(peer), self(), 0, "notsup");
    const [pid, ref] = await started;
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "notsup"]);
    assertEquals(Process.isAlive(pid), false);
    assertEquals(reports.logged.map(({ reason }) => reason), [
      "Cannot start m:f/1 on e@h: notsup",
    ]);
  }));

Deno.test("Node.spawnLink() sends the exit signal noconnection when the connection is lost", () =>
  FakePeer.run(async (peer) => {
    using reports = collectReports();
    Process.flag("trap_exit", true);
    const started = spawnLink("e@h", "m", "f", []);
    await requested(peer);
    peer.down();
    const pid = await started;
    assertEquals(await receive(), ["EXIT", pid, "noconnection"]);
    assertEquals(reports.logged.length, 1);
    assertEquals(peer.sizes, { links: 0, monitors: 0, monitoredBy: 0 });
  }));

Deno.test("Node.spawnMonitor() delivers noconnection when this runtime is not a node", () =>
  inProcess(async () => {
    using _reports = collectReports();
    const [pid, ref] = await spawnMonitor("e@h", "m", "f", []);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noconnection"]);
  }));

Deno.test("Node.spawnMonitor() runs an exported function when the node is this one", () =>
  inProcess(async () => {
    const got: unknown[] = [];
    exportFunctions("spawned", { keep: (value: unknown) => void got.push(value) });
    const [pid, ref] = await spawnMonitor("nonode@nohost", "spawned", "keep", [["a", 1]]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    assertEquals(got, [["a", 1]]);
    unexportFunctions("spawned");
  }));

Deno.test("Node.spawn() is answered after the caller has exited: link and monitor are undone", () =>
  FakePeer.run(async (peer) => {
    const caller = spawn(() => {
      void spawnLink("e@h", "m", "f", []);
      void spawnMonitor("e@h", "m", "f", []);
    });
    await exitOf(caller);
    const [one, other] = (await peer.hears()).map((request) => request[1] as Ref);
    const pid = peer.pid();
    peer.says("spawn_reply", one!, caller, LINKED, pid);
    assertEquals(await peer.hears(), [["exit", caller, pid, "noproc"]]);
    peer.says("spawn_reply", other!, caller, MONITORED, pid);
    assertEquals(await peer.hears(), [["demonitor_p", caller, pid, other!]]);
  }));

Deno.test("Node.spawn() rejects invalid names and argument lists", async () => {
  const wrong = (...what: unknown[]) =>
    assertRejects(() => spawnOn(...what as Parameters<typeof spawnOn>), TypeError);
  assertEquals(
    (await wrong(1, "m", "f", [])).message,
    "Cannot spawn: the node must be a string, found 1",
  );
  assertEquals(
    (await wrong("n@h", undefined, "f", [])).message,
    "Cannot spawn: the module must be a string, found undefined",
  );
  assertEquals(
    (await wrong("n@h", "m", "", [])).message,
    'Cannot spawn: the function must be a string, found ""',
  );
  assertEquals(
    (await wrong("n@h", "m", "f", 1)).message,
    "Cannot spawn: the arguments must be an array, found 1",
  );
});

Deno.test("Spawn request is answered before anything that the new process does", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("asked", { echo: (to: Pid) => Process.exit(to, "hello") });
    const [from, ref] = [peer.pid(), peer.ref()];
    const options = ["link", ["monitor", new List()], ["priority", "high"]];
    peer.says("spawn_request", ref, from, from, ["asked", "echo", 1], options, [from]);
    const [reply, ...others] = await peer.hears();
    const pid = reply![4] as Pid;
    assertEquals(reply, ["spawn_reply", ref, from, LINKED | MONITORED, pid]);
    assertEquals(others, [
      ["exit2", pid, from, "hello"],
      ["exit", pid, from, "normal"],
      ["monitor_p_exit", pid, from, ref, "normal"],
    ]);
    assertEquals(peer.sizes, { links: 0, monitors: 0, monitoredBy: 0 });
    unexportFunctions("asked");
  }));

Deno.test("Spawn request makes a link that terminates the process with the one that asked", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("asked", { wait: () => receive() });
    const [from, ref] = [peer.pid(), peer.ref()];
    peer.says("spawn_request", ref, from, from, ["asked", "wait", 0], ["link"], []);
    const [reply] = await peer.hears();
    const pid = reply![4] as Pid;
    peer.says("exit", from, pid, "bye");
    await settled();
    assertEquals(Process.isAlive(pid), false);
    unexportFunctions("asked");
  }));

Deno.test("Spawn request for what is not exported starts a process that exits with undef", () =>
  FakePeer.run(async (peer) => {
    using reports = collectReports();
    const [from, ref] = [peer.pid(), peer.ref()];
    peer.says("spawn_request", ref, from, from, ["os", "cmd", 1], ["monitor"], ["ls"]);
    const [reply, down, ...others] = await peer.hears();
    const pid = reply![4] as Pid;
    assertEquals(reply, ["spawn_reply", ref, from, MONITORED, pid]);
    const stack = List.of(["os", "cmd", List.of("ls"), new List()]);
    assertEquals(down, ["monitor_p_exit", pid, from, ref, ["undef", stack]]);
    assertEquals(others, []);
    assertEquals(reports.logged.map(({ reason }) => reason), [["undef", stack]]);
  }));

Deno.test("Spawn request for what erpc has not starts a process that exits with undef", () =>
  FakePeer.run(async (peer) => {
    using _reports = collectReports();
    const [from, ref] = [peer.pid(), peer.ref()];
    peer.says("spawn_request", ref, from, from, ["erpc", "execute_call", 1], ["monitor"], [ref]);
    const [, down] = await peer.hears();
    const stack = List.of(["erpc", "execute_call", List.of<unknown>(ref), new List()]);
    assertEquals(down!.slice(3), [ref, ["undef", stack]]);
  }));

Deno.test("Spawn request of erpc:cast makes the exit of the function that of the process", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("asked", {
      leave: () => {
        throw exit(["shutdown", "bye"]);
      },
    });
    const [from, ref] = [peer.pid(), peer.ref()];
    const args = ["asked", "leave", new List()];
    peer.says("spawn_request", ref, from, from, ["erpc", "execute_cast", 3], ["monitor"], args);
    const [, down] = await peer.hears();
    assertEquals(down!.slice(3), [ref, ["shutdown", "bye"]]);
    unexportFunctions("asked");
  }));

Deno.test("Spawn reply of a peer that was not asked, or that makes no sense, changes nothing", () =>
  FakePeer.run(async (peer) => {
    const started = spawnOn("e@h", "m", "f", []);
    const ref = await requested(peer);
    const stranger = new Peer("f@h", () => {});
    receiveSpawnSignal(stranger, ["spawn_reply", ref, self(), 0, peer.pid()]);
    peer.says("spawn_reply", peer.ref(), self(), LINKED | MONITORED, "notsup");
    assertEquals(await peer.hears(), []);
    const pid = peer.pid();
    peer.says("spawn_reply", ref, self(), 0, pid);
    assertStrictEquals(await started, pid);
  }));

Deno.test("Spawn request is refused when it has not as many arguments as it says", () =>
  FakePeer.run(async (peer) => {
    const [from, ref] = [peer.pid(), peer.ref()];
    peer.says("spawn_request", ref, from, from, ["m", "f", 2], ["monitor"], [1]);
    assertEquals(await peer.hears(), [["spawn_reply", ref, from, 0, "badarg"]]);
  }));

Deno.test("Spawn request runs a function whose exit is the reason of its process", () =>
  FakePeer.run(async (peer) => {
    exportFunctions("asked", {
      leave: () => {
        throw exit("bye");
      },
    });
    const [from, ref] = [peer.pid(), peer.ref()];
    peer.says("spawn_request", ref, from, from, ["asked", "leave", 0], ["monitor"], []);
    const [, down] = await peer.hears();
    assertEquals(down!.slice(3), [ref, "bye"]);
    assertEquals(flush(), []);
    unexportFunctions("asked");
  }));

Deno.test("Spawn request holds its caller back while the connection is busy", () =>
  FakePeer.run(async (peer) => {
    const server = unwrap(
      await GenServer.start({
        init: () => ok(undefined),
        handleCast: (_ask: "ask", state: undefined) => {
          void spawnOn("e@h", "m", "f", []);
          return noreply(state);
        },
      }),
    );
    const goOn = peer.getsBusy();
    GenServer.cast(server, "ask");
    GenServer.cast(server, "ask");
    assertEquals((await peer.hears()).length, 1);
    goOn();
    assertEquals((await peer.hears()).length, 1);
    await GenServer.stop(server);
  }));
