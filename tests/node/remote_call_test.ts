/**
 * Calls to servers of another node, signal for signal; and to those of earlier lives of this one.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  exit,
  GenServer,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  Sys,
  Timer,
  unwrap,
} from "../../mod.ts";
import { distribute, RemotePid } from "../../lib/kernel/distribution.ts";
import { aliasIn, ImproperList, List } from "../../lib/kernel/list.ts";
import { onExit } from "../../lib/kernel/signals.ts";
import { NO_NODE, setNodeName } from "../../lib/kernel/term.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import type { Control } from "../../lib/node/control.ts";
import { EarlierLives } from "../../lib/node/peer.ts";
import { Remote } from "../../lib/node/remote.ts";
import { assertSilence, inProcess, pass, reasonOf, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

const NOTHING = { links: 0, monitors: 0, monitoredBy: 0 };

/** The aliases of the calls of a test. */
const aliases: Ref[] = [];

/**
 * A test with a fake peer that in the end knows of nothing, in a process that has no mail then. Nor are there timers
 * left, or aliases of calls.
 */
function callTest(title: string, body: (peer: FakePeer) => Promise<void>): void {
  Deno.test(title, () =>
    FakePeer.run(async (peer) => {
      const timers = pendingTimers();
      await body(peer);
      assertEquals(peer.sizes, NOTHING);
      assertEquals(pendingTimers(), timers);
      for (const ref of aliases.splice(0)) assertEquals(ref.alias, null);
      await assertSilence();
    }));
}

/** What a call has sent: its monitor, and the tag of its request, whose alias is the monitor's reference. */
async function asked(peer: FakePeer): Promise<readonly [ref: Ref, tag: ImproperList, Control[]]> {
  const signals = await peer.hears();
  assertEquals(signals.map(([kind]) => kind).slice(0, 1), ["monitor_p"]);
  const ref = signals[0]![3] as Ref;
  const [, [caller, tag]] = signals[1]![3] as readonly [string, readonly [Pid, ImproperList]];
  assertEquals(caller, signals[0]![1]);
  assertStrictEquals(aliasIn(tag), ref);
  aliases.push(ref);
  return [ref, tag, signals];
}

callTest(
  "GenServer.call() monitors, asks, takes the answer by its alias, and demonitors",
  async (peer) => {
    const pid = peer.pid();
    for (const to of [pid, ["name", peer.node]] as const) {
      const target = to === pid ? pid : "name";
      const answer = GenServer.call(to, ["request"]);
      const [ref, tag, signals] = await asked(peer);
      const send = to === pid ? "send" : "reg_send";
      assertEquals(signals, [
        ["monitor_p", self(), target, ref],
        [send, self(), target, ["$gen_call", [self(), tag], ["request"]]],
      ] as never);
      peer.says("alias_send", pid, ref, [tag, "answer"]);
      peer.says("alias_send", pid, ref, [tag, "once more"]);
      assertEquals(await answer, "answer");
      assertEquals(await peer.hears(), [["demonitor_p", self(), target, ref]]);
      peer.says("monitor_p_exit", target, self(), ref, "crossing");
    }
  },
);

callTest(
  "GenServer.call() takes the answer that a server of old sends to the caller",
  async (peer) => {
    const pid = peer.pid();
    const answer = GenServer.call(pid, "request");
    const [ref, tag] = await asked(peer);
    peer.says("send", pid, self(), ["something", "else"]);
    peer.says("send", pid, self(), [tag, "answer"]);
    assertEquals(await answer, "answer");
    assertEquals(await receive(), ["something", "else"]);
    assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
  },
);

callTest(
  "GenServer.call() fails with the reason that the monitor tells, and says no more",
  async (peer) => {
    const pid = peer.pid();
    for (const reason of ["noproc", "normal", ["shutdown", 1]]) {
      const failed = reasonOf(() => GenServer.call(pid, "request", 1000));
      const [ref, tag] = await asked(peer);
      peer.says("monitor_p_exit", pid, self(), ref, reason);
      peer.says("alias_send", pid, ref, [tag, "too late"]);
      assertEquals(await failed, [reason, ["GenServer", "call", [pid, "request", 1000]]]);
      assertEquals(await peer.hears(), []);
    }
  },
);

callTest(
  "GenServer.call() gives up after its timeout: it demonitors, and a late answer is dropped",
  async (peer) => {
    using time = new FakeTime();
    const pid = peer.pid();
    const failed = reasonOf(() => GenServer.call(pid, "request", 1000));
    const [ref, tag] = await asked(peer);
    await pass(time, 999);
    assertEquals(await peer.hears(), []);
    await pass(time, 1);
    assertEquals(await failed, ["timeout", ["GenServer", "call", [pid, "request", 1000]]]);
    assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
    peer.says("alias_send", pid, ref, [tag, "too late"]);
    peer.says("monitor_p_exit", pid, self(), ref, "too late");
  },
);

callTest("GenServer.call() fails with nodedown when the connection is lost", async (peer) => {
  const pid = peer.pid();
  const failed = [1, 2].map(() => reasonOf(() => GenServer.call(pid, "request")));
  await settled();
  peer.sent.length = 0;
  peer.down();
  for (const reason of await Promise.all(failed)) assertEquals(reason[0], ["nodedown", peer.node]);
  peer.up();
  assertEquals(await peer.hears(), []);
});

callTest("GenServer.call() is forgotten when the caller exits", async (peer) => {
  const pid = peer.pid();
  let isAnswered = false;
  const caller = spawn(async () => {
    await GenServer.call(pid, "request");
    isAnswered = true;
  });
  const [ref, tag] = await asked(peer);
  Process.exit(caller, "kill");
  assertEquals(await peer.hears(), [["demonitor_p", caller, pid, ref]]);
  peer.says("alias_send", pid, ref, [tag, "answer"]);
  peer.says("send", pid, caller, [tag, "answer"]);
  await settled();
  assertEquals(isAnswered, false);
});

callTest(
  "GenServer.call() rejects what cannot be encoded, and takes its monitor back",
  async (peer) => {
    const pid = peer.pid();
    peer.cannotEncode(([kind]) => kind === "send");
    await assertRejects(() => GenServer.call(pid, () => {}), TypeError, "Cannot encode");
    assertEquals((await peer.hears()).map(([kind]) => kind), ["monitor_p", "demonitor_p"]);
    await assertRejects(() => GenServer.call(pid, "request", -1), RangeError);
    assertEquals(await peer.hears(), []);
  },
);

callTest("GenServer.sendRequest() takes its answer by the alias of its monitor", async (peer) => {
  const pid = peer.pid();
  const request = await GenServer.sendRequest(pid, "request");
  const [ref, tag] = await asked(peer);
  assertStrictEquals(request, ref);
  peer.says("alias_send", pid, ref, [tag, "answer"]);
  assertEquals(await GenServer.receiveResponse(request), ["reply", "answer"]);
  assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
  peer.says("alias_send", pid, ref, [tag, "once more"]);
});

callTest(
  "GenServer.reply() replies by the alias in a tag, or to the pid, as Erlang does",
  async (peer) => {
    const pid = peer.pid();
    const [first, second, third] = [peer.ref(), peer.ref(), peer.ref()];
    const asked: GenServer.From[] = [];
    const server = await GenServer.start({
      init: () => ["ok", null] as const,
      handleCall: (_request: unknown, from: GenServer.From) => {
        asked.push(from);
        return ["noreply", null] as const;
      },
    });
    assertEquals(server[0], "ok");
    const [, to] = server as readonly ["ok", Pid];
    const alias = new ImproperList(["alias"], first);
    const more = List.from([new ImproperList(["alias"], second), "extra"]);
    const plain = [third, 7];
    for (const tag of [alias, more, plain]) {
      peer.says("send", pid, to, [
        "$gen_call",
        [pid, tag],
        "r",
      ]);
    }
    await settled();
    for (const from of asked) GenServer.reply(from, "answer");
    assertEquals(await peer.hears(), [
      ["alias_send", self(), first, [alias, "answer"]],
      ["alias_send", self(), second, [more, "answer"]],
      ["send", self(), pid, [plain, "answer"]],
    ]);
    await GenServer.stop(to);
  },
);

callTest("GenServer.stop() ignores its reply, and waits for the exit", async (peer) => {
  const pid = peer.pid();
  const stopped = GenServer.stop(pid, "shutdown");
  const [monitor, request] = await peer.hears();
  const ref = monitor![3] as Ref;
  const [tag, [caller, replyTo], operation] = request![3] as readonly [
    string,
    GenServer.From,
    readonly [string, symbol],
  ];
  assertEquals([tag, caller, operation[0]], ["system", self(), "terminate"]);
  assertEquals(operation[1].description, "shutdown");
  const nowhere = aliasIn(replyTo)!;
  peer.says("alias_send", pid, nowhere, [replyTo, "ok"]);
  peer.says("monitor_p_exit", pid, self(), ref, "shutdown");
  assertEquals(await stopped, "ok");
  assertEquals(await peer.hears(), []);
});

callTest("Sys.getState() asks as Erlang's sys does", async (peer) => {
  const pid = peer.pid();
  const state = Sys.getState(pid);
  const [monitor, request] = await peer.hears();
  const ref = monitor![3] as Ref;
  const [tag, [caller, replyTo], operation] = request![3] as readonly [
    string,
    GenServer.From,
    symbol,
  ];
  assertEquals([tag, caller, operation.description], ["system", self(), "get_state"]);
  peer.says("alias_send", pid, ref, [replyTo, ["my", "state"]]);
  assertEquals(await state, ["my", "state"]);
  assertEquals(await peer.hears(), [["demonitor_p", self(), pid, ref]]);
});

// --- Timers and hooks --------------------------------------------------------------------------------------

callTest(
  "onExit() of the kernel calls its hook when a process on another node has exited, once",
  async (peer) => {
    const heard: unknown[] = [];
    const [one, other, lost, last] = [peer.pid(), peer.pid(), peer.pid(), peer.pid()];
    onExit(one, (reason) => heard.push([one, reason]));
    onExit(lost, (reason) => {
      heard.push([lost, reason]);
      forgetLast();
    });
    const forget = onExit(other, (reason) => heard.push([other, reason]))!;
    const monitors = await peer.hears();
    assertEquals(monitors.map(([kind, , to]) => [kind, to]), [
      ["monitor_p", one],
      ["monitor_p", lost],
      ["monitor_p", other],
    ]);
    peer.says("monitor_p_exit", one, self(), monitors[0]![3] as Ref, "bye");
    forget();
    const forgetLast = onExit(last, (reason) => heard.push([last, reason]))!;
    forget();
    assertEquals((await peer.hears()).map(([kind, , to]) => [kind, to]), [
      ["demonitor_p", other],
      ["monitor_p", last],
    ]);
    assertEquals(peer.sizes.monitoredBy, 2);
    peer.down();
    assertEquals(heard, [[one, "bye"], [lost, "noconnection"]]);
  },
);

callTest(
  "Timer.sendInterval() to a process of another node stops when that exits, or when it is cancelled",
  async (peer) => {
    using time = new FakeTime();
    const [pid, other] = [peer.pid(), peer.pid()];
    const sent = async () => (await peer.hears()).map(([kind, , to]) => [kind, to]);
    Timer.sendInterval(10, pid, "tick");
    const cancelled = unwrap(Timer.sendInterval(10, ["name", peer.node], "tock"));
    const monitors = await peer.hears();
    assertEquals(monitors.map(([kind, , to]) => [kind, to]), [["monitor_p", pid], [
      "monitor_p",
      "name",
    ]]);
    await pass(time, 10);
    assertEquals(await sent(), [["send", pid], ["reg_send", "name"]]);
    peer.says("monitor_p_exit", pid, monitors[0]![1] as Pid, monitors[0]![3] as Ref, "bye");
    await pass(time, 10);
    assertEquals(await sent(), [["reg_send", "name"]]);
    Timer.cancel(cancelled);
    assertEquals(await sent(), [["demonitor_p", "name"]]);
    await pass(time, 100);
    assertEquals(await sent(), []);

    const ref = unwrap(Timer.sendAfter(10, other, "once"));
    assertEquals(ref[0], "once");
    await pass(time, 10);
    assertEquals(await sent(), [["send", other]]);
  },
);

// --- Earlier lives ------------------------------------------------------------------------------

/** A test in a node that has peers of its own name only, with the pid of a process of an earlier life of it. */
function earlierTest(title: string, body: (pid: RemotePid) => Promise<void>): void {
  Deno.test(title, () =>
    inProcess(async () => {
      Process.flag("trap_exit", true);
      const peer = new EarlierLives("d@h");
      setNodeName("d@h");
      distribute(
        new Remote({
          peerOf: () => peer,
          fallbackSender: self,
          spawning: () => {},
          nodes: () => [],
        }),
      );
      try {
        await body(new RemotePid("d@h", 5, 0, 1));
        assertEquals(peer.sizes, NOTHING);
        assertEquals(peer.isIdle, true);
        await assertSilence();
      } finally {
        distribute(null);
        setNodeName(NO_NODE);
      }
    }));
}

earlierTest(
  "A process of an earlier life of this node is noproc to links and monitors",
  async (pid) => {
    assertEquals(Process.link(pid), true);
    assertEquals(await receive(), ["EXIT", pid, "noproc"]);
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
    const ref = Process.monitor(pid);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noproc"]);
    assertEquals(Process.demonitor(ref, ["info"]), false);
  },
);

earlierTest(
  "A process of an earlier life of this node is noproc to calls, and deaf",
  async (pid) => {
    assertEquals(await reasonOf(() => GenServer.call(pid, "request")), [
      "noproc",
      ["GenServer", "call", [pid, "request", 5000]],
    ]);
    assertEquals((await reasonOf(() => GenServer.stop(pid)))[0], "noproc");
    const request = await GenServer.sendRequest(pid, "request");
    assertEquals(await GenServer.receiveResponse(request), ["error", ["noproc", pid]]);
    assertEquals(send(pid, "lost"), "lost");
    assertEquals(GenServer.cast(pid, "lost"), "ok");
    assertEquals(Process.exit(pid, "kill"), true);
  },
);

earlierTest("Nothing is heard of a link or monitor that is taken back at once", async (pid) => {
  Process.link(pid);
  Process.unlink(pid);
  const ref = Process.monitor(pid);
  assertEquals(Process.demonitor(ref, ["info"]), true);
  await settled();
});

earlierTest(
  "A process that does not trap exits exits by a link to an earlier incarnation of this node",
  async (pid) => {
    const linked = spawn(async () => {
      Process.link(pid);
      await receive();
      throw exit("not reached");
    });
    const ref = Process.monitor(linked);
    assertEquals(await receive(), ["DOWN", ref, "process", linked, "noproc"]);
  },
);
