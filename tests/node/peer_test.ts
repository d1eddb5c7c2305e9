/**
 * Links, monitors and messages between this node and another: signal for signal.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  exit,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";
import { Peer } from "../../lib/node/peer.ts";
import { Remote } from "../../lib/node/remote.ts";
import { assertSilence, collectReports, exitOf, reasonOf, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

const NOTHING = { links: 0, monitors: 0, monitoredBy: 0 };

/** A test with a fake peer, in a process that traps exits; in the end there is no mail left. */
function peerTest(title: string, body: (peer: FakePeer) => Promise<void>): void {
  Deno.test(title, () =>
    FakePeer.run(async (peer) => {
      Process.flag("trap_exit", true);
      await body(peer);
      await assertSilence();
    }));
}

/** A process that ends with what it is sent. */
function mortal(): Pid {
  return spawn(async () => {
    throw exit(await receive());
  });
}

/** Ends a process, and waits until it has ended. */
async function end(pid: Pid, reason: unknown): Promise<void> {
  const ended = exitOf(pid);
  send(pid, reason);
  assertEquals(await ended, reason);
}

// --- Links --------------------------------------------------------------------------------------

peerTest("Process.link() tells the peer once, and the peer's exit is heard once", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.link(pid);
  assertEquals(await peer.hears(), [["link", self(), pid]]);
  assertEquals(peer.sizes.links, 1);
  peer.says("exit", pid, self(), "bye");
  peer.says("exit", pid, self(), "again");
  assertEquals(await receive(), ["EXIT", pid, "bye"]);
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("Process.unlink() is remembered until the peer has acknowledged it", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.unlink(pid);
  Process.unlink(pid);
  const [link, unlink, ...more] = await peer.hears();
  assertEquals([link, more], [["link", self(), pid], []]);
  const id = unlink![1] as bigint;
  assertEquals(unlink, ["unlink_id", id, self(), pid]);
  assert(id > 0n);
  assertEquals(peer.sizes.links, 1);
  peer.says("unlink_id_ack", id + 1n, pid, self()); // of something else
  assertEquals(peer.sizes.links, 1);
  peer.says("unlink_id_ack", id, pid, self());
  assertEquals(peer.sizes, NOTHING);
  peer.says("unlink_id_ack", id, pid, self()); // once more
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("Process.unlink() is deaf to an exit that crosses it", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.unlink(pid);
  peer.says("exit", pid, self(), "crossing");
  assertEquals(peer.sizes, NOTHING);
  const [, unlink] = await peer.hears();
  peer.says("unlink_id_ack", unlink![1] as bigint, pid, self());
  assertEquals(peer.sizes, NOTHING);
});

peerTest("Process.link() after an unlink holds, whatever is acknowledged late", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.unlink(pid);
  Process.link(pid);
  const signals = await peer.hears();
  assertEquals(signals.map(([kind]) => kind), ["link", "unlink_id", "link"]);
  peer.says("unlink_id_ack", signals[1]![1] as bigint, pid, self());
  assertEquals(peer.sizes.links, 1);
  peer.says("exit", pid, self(), "bye");
  assertEquals(await receive(), ["EXIT", pid, "bye"]);
  assertEquals(peer.sizes, NOTHING);
});

peerTest("Process.unlink() has a new id each time, of which the last one counts", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.unlink(pid);
  Process.link(pid);
  Process.unlink(pid);
  const ids = (await peer.hears()).filter(([kind]) => kind === "unlink_id").map(([, id]) => id);
  assertEquals(new Set(ids).size, 2);
  peer.says("unlink_id_ack", ids[0] as bigint, pid, self());
  assertEquals(peer.sizes.links, 1);
  peer.says("unlink_id_ack", ids[1] as bigint, pid, self());
  assertEquals(peer.sizes, NOTHING);
});

peerTest(
  "A link that the peer makes while an unlink is on its way has no effect",
  async (peer) => {
    const pid = peer.pid();
    Process.link(pid);
    Process.unlink(pid);
    peer.says("link", pid, self()); // sent before the unlink was there, which takes it away
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
    peer.says("exit", pid, self(), "unheard");
    const [, unlink] = await peer.hears();
    peer.says("unlink_id_ack", unlink![1] as bigint, pid, self());
    peer.says("link", pid, self()); // a new one
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), true);
    peer.says("exit", pid, self(), "heard");
    assertEquals(await receive(), ["EXIT", pid, "heard"]);
    assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
  },
);

peerTest(
  "A link that the peer makes is entered once, and taken away by its unlink",
  async (peer) => {
    const pid = peer.pid();
    peer.says("link", pid, self());
    peer.says("link", pid, self());
    assertEquals(Process.info(self(), "links")?.[1].filter((each) => each === pid), [pid]);
    peer.says("unlink_id", 7n, pid, self());
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
    assertEquals(peer.sizes, NOTHING);
    peer.says("exit", pid, self(), "unheard");
    // Every unlink with a number is acknowledged, of whatever link.
    peer.says("unlink_id", 8n, pid, self());
    const gone = mortal();
    await end(gone, "gone");
    peer.says("unlink_id", 9n, pid, gone);
    assertEquals(await peer.hears(), [
      ["unlink_id_ack", 7n, self(), pid],
      ["unlink_id_ack", 8n, self(), pid],
      ["unlink_id_ack", 9n, gone, pid],
    ]);
  },
);

peerTest("Unlinks that cross each other leave nothing behind", async (peer) => {
  const pid = peer.pid();
  Process.link(pid);
  Process.unlink(pid);
  peer.says("unlink_id", 3n, pid, self());
  peer.says("link", pid, self()); // sent before it has our unlink, which takes this away, too
  assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
  const [, unlink, ack] = await peer.hears();
  assertEquals(ack, ["unlink_id_ack", 3n, self(), pid]);
  peer.says("unlink_id_ack", unlink![1] as bigint, pid, self());
  assertEquals(peer.sizes, NOTHING);
});

peerTest("The unlink of nodes of old has no number, and is not acknowledged", async (peer) => {
  const pid = peer.pid();
  peer.says("link", pid, self());
  peer.says("unlink", pid, self());
  assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest(
  "A link of the peer's to a process that has exited is answered with noproc",
  async (peer) => {
    const [pid, gone] = [peer.pid(), mortal()];
    await end(gone, "gone");
    peer.says("link", pid, gone);
    assertEquals(await peer.hears(), [["exit", gone, pid, "noproc"]]);
    assertEquals(peer.sizes, NOTHING);
  },
);

peerTest("The peer gets the exit reason of a process that is linked to it, once", async (peer) => {
  const [one, other, linked] = [peer.pid(), peer.pid(), mortal()];
  peer.says("link", one, linked);
  peer.says("link", other, linked);
  await end(linked, ["bye", 1]);
  assertEquals(await peer.hears(), [
    ["exit", linked, one, ["bye", 1]],
    ["exit", linked, other, ["bye", 1]],
  ]);
  peer.says("exit", one, linked, "crossing");
  peer.says("exit2", one, linked, "kill");
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("The exit of a link that does not exist changes nothing", async (peer) => {
  peer.says("exit", peer.pid(), self(), "why");
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("Links get noconnection once, unlinked processes do not", async (peer) => {
  const [ours, theirs, unlinked] = [peer.pid(), peer.pid(), peer.pid()];
  Process.link(ours);
  peer.says("link", theirs, self());
  Process.link(unlinked);
  Process.unlink(unlinked);
  peer.down();
  peer.down();
  assertEquals(await receive(), ["EXIT", ours, "noconnection"]);
  assertEquals(await receive(), ["EXIT", theirs, "noconnection"]);
  assertEquals(peer.sizes, NOTHING);
  peer.sent.length = 0;
  Process.unlink(ours); // does not connect
  peer.up();
  assertEquals(await peer.hears(), []);
});

// --- Monitors -----------------------------------------------------------------------------------

peerTest("Process.monitor() asks the peer, whose answer is delivered once", async (peer) => {
  const pid = peer.pid();
  const [ref, named] = [Process.monitor(pid), Process.monitor(["name", peer.node]) as Ref];
  assertEquals(await peer.hears(), [
    ["monitor_p", self(), pid, ref],
    ["monitor_p", self(), "name", named],
  ]);
  assertEquals(peer.sizes.monitoredBy, 2);
  peer.says("monitor_p_exit", pid, self(), ref, "bye");
  peer.says("monitor_p_exit", pid, self(), ref, "again");
  peer.says("monitor_p_exit", "name", self(), named, "noproc");
  assertEquals(await receive(), ["DOWN", ref, "process", pid, "bye"]);
  assertEquals(await receive(), ["DOWN", named, "process", ["name", peer.node], "noproc"]);
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("Process.demonitor() tells the peer, and is deaf to what crosses it", async (peer) => {
  const pid = peer.pid();
  const ref = Process.monitor(pid);
  assertEquals(Process.demonitor(ref, ["info"]), true);
  assertEquals(Process.demonitor(ref, ["info"]), false);
  assertEquals(await peer.hears(), [
    ["monitor_p", self(), pid, ref],
    ["demonitor_p", self(), pid, ref],
  ]);
  peer.says("monitor_p_exit", pid, self(), ref, "crossing");
  assertEquals(peer.sizes, NOTHING);
});

peerTest("A process that exits takes its monitors with it", async (peer) => {
  const pid = peer.pid();
  const holder = spawn(async () => {
    Process.monitor(pid);
    Process.monitor(["name", peer.node]);
    throw exit(await receive());
  });
  const set = await peer.hears();
  await end(holder, "bye");
  const taken = await peer.hears();
  assertEquals(
    new Set<unknown>(taken),
    new Set(set.map(([, from, to, ref]) => ["demonitor_p", from, to, ref])),
  );
  assertEquals(peer.sizes, NOTHING);
});

peerTest("Monitors get noconnection once, and the peer is not notified of them", async (peer) => {
  const pid = peer.pid();
  const ref = Process.monitor(pid);
  const named = Process.monitor(["name", peer.node]) as Ref;
  const tagged = Process.monitor(pid, { tag: "lost" });
  peer.sent.length = 0;
  peer.down();
  peer.down();
  assertEquals(await receive(), ["DOWN", ref, "process", pid, "noconnection"]);
  assertEquals(await receive(), ["DOWN", named, "process", ["name", peer.node], "noconnection"]);
  assertEquals(await receive(), ["lost", tagged, "process", pid, "noconnection"]);
  assertEquals(Process.demonitor(ref, ["info"]), false);
  peer.up();
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("The peer's monitors are answered as it has named what they are on", async (peer) => {
  const [pid, target] = [peer.pid(), mortal()];
  const refs = [peer.ref(), peer.ref(), peer.ref()] as const;
  Process.register(target, "target");
  peer.says("monitor_p", pid, target, refs[0]);
  peer.says("monitor_p", pid, "target", refs[1]);
  peer.says("monitor_p", pid, target, refs[2]);
  peer.says("demonitor_p", pid, target, refs[2]);
  assertEquals(Process.info(target, "monitored_by"), ["monitored_by", [pid, pid]]);
  assertEquals(await peer.hears(), []);
  await end(target, "bye");
  assertEquals(await peer.hears(), [
    ["monitor_p_exit", target, pid, refs[0], "bye"],
    ["monitor_p_exit", "target", pid, refs[1], "bye"],
  ]);
  peer.says("monitor_p", pid, target, refs[0]);
  peer.says("monitor_p", pid, "target", refs[1]);
  assertEquals(await peer.hears(), [
    ["monitor_p_exit", target, pid, refs[0], "noproc"],
    ["monitor_p_exit", "target", pid, refs[1], "noproc"],
  ]);
  peer.says("demonitor_p", pid, target, refs[0]); // crossing
  assertEquals(peer.sizes, NOTHING);
});

peerTest("The peer's monitors and links are forgotten when it is lost", async (peer) => {
  const [pid, target, ref] = [peer.pid(), mortal(), peer.ref()];
  peer.says("monitor_p", pid, target, ref);
  assertEquals(peer.sizes.monitors, 1);
  peer.down();
  assertEquals(Process.info(target, "monitored_by"), ["monitored_by", []]);
  await end(target, "bye");
  peer.up();
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

peerTest("The peer cannot remove a monitor of another peer", async (peer) => {
  const target = mortal();
  const ref = Process.monitor(target);
  peer.says("demonitor_p", peer.pid(), target, ref);
  peer.says("monitor_p_exit", target, self(), ref, "not so");
  await assertSilence();
  send(target, "bye");
  assertEquals(await receive(), ["DOWN", ref, "process", target, "bye"]);
});

peerTest("A peer cannot end the monitors of another", async (peer) => {
  const [target, pid, ref] = [mortal(), peer.pid(), peer.ref()];
  const own = Process.monitor(pid);
  peer.says("monitor_p", pid, target, ref);
  const other = new Peer("other@h", () => {});
  const remote = new Remote({
    peerOf: () => other,
    fallbackSender: self,
    spawning: () => {},
    nodes: () => [],
  });
  remote.receive(other, ["demonitor_p", pid, target, ref]);
  remote.receive(other, ["monitor_p_exit", pid, self(), own, "not so"]);
  assertEquals(peer.sizes, { links: 0, monitors: 1, monitoredBy: 1 });
  Process.demonitor(own);
  await end(target, "bye");
});

// --- Exit signals and messages ------------------------------------------------------------------

peerTest(
  "The peer's exit signals and messages reach the processes that exist, and no others",
  async (peer) => {
    const [pid, gone] = [peer.pid(), mortal()];
    await end(gone, "gone");
    Process.register(self(), "test");
    const alias = Process.alias("reply");
    peer.says("exit2", pid, self(), "custom");
    peer.says("exit2", pid, self(), "normal");
    peer.says("send", pid, self(), "by pid");
    peer.says("send", null, self(), "by pid, from nobody");
    peer.says("reg_send", pid, "test", "by name");
    peer.says("alias_send", pid, alias, "by alias");
    peer.says("alias_send", pid, alias, "by alias, too late");
    peer.says("send", pid, gone, "lost");
    peer.says("reg_send", pid, "nobody", "lost");
    peer.says("exit2", pid, gone, "kill");
    assertEquals(await receive(), ["EXIT", pid, "custom"]);
    assertEquals(await receive(), ["EXIT", pid, "normal"]);
    for (const by of ["pid", "pid, from nobody", "name", "alias"]) {
      assertEquals(await receive(), `by ${by}`);
    }
    const [calm, victim] = [mortal(), mortal()];
    const end2 = exitOf(victim);
    peer.says("exit2", pid, calm, "normal");
    peer.says("exit2", pid, victim, "kill");
    assertEquals(await end2, "killed");
    assertEquals(Process.isAlive(calm), true);
    await end(calm, "bye");
    assertEquals(await peer.hears(), []);
  },
);

peerTest("What the peer says to processes of other nodes is not passed on", async (peer) => {
  const [pid, other] = [peer.pid(), peer.pid()];
  peer.says("send", pid, other, "message");
  peer.says("alias_send", pid, peer.ref(), "message");
  peer.says("exit2", pid, other, "kill");
  peer.says("exit", pid, other, "kill");
  peer.says("group_leader", pid, self());
  assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
});

// --- Without a connection -----------------------------------------------------------------------

peerTest("Signals that wait for the connection go out in order", async (peer) => {
  peer.down();
  const pid = peer.pid();
  send(pid, 1);
  Process.link(pid);
  const ref = Process.monitor(pid);
  send(["name", peer.node], 2);
  Process.exit(pid, "why");
  Process.unlink(pid);
  Process.demonitor(ref);
  assertEquals(await peer.hears(), []);
  peer.up();
  assertEquals((await peer.hears()).map(([kind]) => kind), [
    "send",
    "link",
    "monitor_p",
    "reg_send",
    "exit2",
    "unlink_id",
    "demonitor_p",
  ]);
  send(pid, 3);
  assertEquals((await peer.hears()).length, 1);
});

peerTest(
  "What waits for a connection that cannot be made is lost, and links and monitors are notified",
  async (peer) => {
    peer.down();
    const pid = peer.pid();
    send(pid, "lost");
    Process.exit(pid, "lost");
    Process.link(pid);
    const ref = Process.monitor(pid);
    const call = reasonOf(() => GenServer.call(pid, "request"));
    peer.down();
    assertEquals(await receive(), ["EXIT", pid, "noconnection"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noconnection"]);
    assertEquals((await call)[0], ["nodedown", peer.node]);
    peer.up();
    assertEquals([await peer.hears(), peer.sizes], [[], NOTHING]);
  },
);

peerTest("What is only an answer does not connect", async (peer) => {
  const [pid, gone] = [peer.pid(), mortal()];
  await end(gone, "gone");
  peer.down();
  peer.says("link", pid, gone);
  peer.says("monitor_p", pid, gone, peer.ref());
  peer.up();
  assertEquals(await peer.hears(), []);
});

// --- What cannot be sent ------------------------------------------------------------------------

peerTest("send() throws when the message cannot be encoded", async (peer) => {
  const pid = peer.pid();
  peer.cannotEncode();
  assertThrows(() => send(pid, "message"), TypeError, "Cannot encode");
  assertThrows(() => Process.exit(pid, "reason"), TypeError, "Cannot encode");
  assertThrows(() => GenServer.cast(pid, "request"), TypeError, "Cannot encode");
  await settled();
});

peerTest(
  "A message that waited and cannot be encoded is logged, and those behind it go out",
  async (peer) => {
    using reports = collectReports();
    peer.down();
    const pid = peer.pid();
    for (const message of ["one", () => {}, "two"]) send(pid, message);
    peer.cannotEncode((control) => typeof control[3] === "function");
    peer.up();
    assertEquals((await peer.hears()).map((control) => control[3]), ["one", "two"]);
    assertEquals(reports.logged.map(({ level, details }) => [level, details]), [
      ["error", { node: peer.node }],
    ]);
  },
);

peerTest("An exit reason that cannot be encoded arrives as badarg, and is logged", async (peer) => {
  using reports = collectReports();
  const [pid, ended, ref] = [peer.pid(), mortal(), peer.ref()];
  peer.says("link", pid, ended);
  peer.says("monitor_p", pid, ended, ref);
  peer.cannotEncode((control) => typeof control.at(-1) === "function");
  const over = exitOf(ended);
  const reason = () => {};
  send(ended, reason);
  assertEquals(await over, reason);
  assertEquals(await peer.hears(), [
    ["exit", ended, pid, "badarg"],
    ["monitor_p_exit", ended, pid, ref, "badarg"],
  ]);
  const ours = reports.logged.filter(({ details }) => details?.["node"] === peer.node);
  assertEquals(ours.length, 2);
  assertEquals(peer.sizes, NOTHING);
});

// --- Back-pressure ------------------------------------------------------------------------------

/** A server that sends on to the peer whatever is cast to it. */
async function forwarder(to: Pid): Promise<Pid> {
  return unwrap(
    await GenServer.start({
      init: () => ok(null),
      handleCast: (request: unknown) => {
        send(to, request);
        return noreply(null);
      },
    }),
  );
}

peerTest(
  "send() holds a server back while the peer is busy, and no other process",
  async (peer) => {
    const test = self();
    const pid = peer.pid();
    const server = await forwarder(pid);
    const drained = peer.getsBusy();
    for (const request of [1, 2, 3]) GenServer.cast(server, request);
    // It has sent the one with which it has learnt of it.
    assertEquals((await peer.hears()).map((control) => control[3]), [1]);
    assertEquals(Process.info(server, "message_queue_len"), ["message_queue_len", 2]);
    spawn(() => send(test, "not held back"));
    assertEquals(await receive(), "not held back");
    // Links, monitors and exit signals do not wait, nor does what a process is in the middle of.
    const other = spawn(async () => {
      Process.link(pid);
      Process.exit(pid, "why");
      for (const message of [4, 5]) send(pid, message);
      throw exit(await receive());
    });
    const kinds = (await peer.hears()).map(([kind]) => kind);
    assertEquals(kinds, ["link", "exit2", "send", "send"]);
    drained();
    assertEquals((await peer.hears()).map((control) => control[3]), [2, 3]);
    await end(other, "bye");
    await GenServer.stop(server);
  },
);

peerTest("send() to a busy peer does not keep the sender from being killed", async (peer) => {
  const server = await forwarder(peer.pid());
  const drained = peer.getsBusy();
  GenServer.cast(server, 1);
  await peer.hears();
  const over = exitOf(server);
  Process.exit(server, "kill");
  assertEquals(await over, "killed");
  drained();
});

peerTest("send() to a busy peer holds a process back in receive()", async (peer) => {
  const pid = peer.pid();
  const drained = peer.getsBusy();
  const sender = spawn(async () => {
    for (;;) send(pid, await receive());
  });
  for (const message of [1, 2, 3]) send(sender, message);
  assertEquals((await peer.hears()).map((control) => control[3]), [1]);
  assertEquals(Process.info(sender, "message_queue_len"), ["message_queue_len", 2]);
  drained();
  assertEquals((await peer.hears()).map((control) => control[3]), [2, 3]);
  Process.exit(sender, "kill");
});

peerTest("A server in the middle of an async callback is held back after that", async (peer) => {
  const pid = peer.pid();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const server = unwrap(
    await GenServer.start({
      init: () => ok(null),
      async handleCast(request: number) {
        log.push(`begin ${request}`);
        send(pid, request);
        if (request === 1) await gate.promise;
        log.push(`end ${request}`);
        return noreply(null);
      },
    }),
  );
  const drained = peer.getsBusy();
  for (const request of [1, 2]) GenServer.cast(server, request);
  await settled();
  drained(); // whether it is free again before the callback is done,
  await settled();
  assertEquals(log, ["begin 1"]);
  const drainedLater = peer.getsBusy();
  gate.resolve();
  await settled();
  assertEquals(log, ["begin 1", "end 1", "begin 2", "end 2"]);
  GenServer.cast(server, 3);
  await settled();
  assertEquals(log.length, 4); // or only after it
  drainedLater();
  await settled();
  assertEquals(log.slice(4), ["begin 3", "end 3"]);
  await peer.hears();
  await GenServer.stop(server);
});

peerTest("A server goes on when the peer that it waits for is lost", async (peer) => {
  const server = await forwarder(peer.pid());
  const drained = peer.getsBusy();
  for (const request of [1, 2]) GenServer.cast(server, request);
  assertEquals((await peer.hears()).length, 1);
  peer.down();
  drained(); // a channel that is down is drained
  await settled();
  assertEquals(Process.info(server, "message_queue_len"), ["message_queue_len", 0]);
  peer.up();
  assertEquals((await peer.hears()).map((control) => control[3]), [2]);
  await GenServer.stop(server);
});

peerTest(
  "A peer that is being connected to is busy when more than 1000 signals wait",
  async (peer) => {
    peer.down();
    const server = await forwarder(peer.pid());
    const all = Array.from({ length: 2000 }, (_, i) => i);
    for (const i of all) GenServer.cast(server, i);
    await settled();
    assertEquals(Process.info(server, "message_queue_len"), ["message_queue_len", 999]);
    peer.up();
    assertEquals((await peer.hears()).map((control) => control[3]), all);
    await GenServer.stop(server);
  },
);
