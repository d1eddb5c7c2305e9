import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  exit,
  inspect,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  spawnMonitor,
} from "../../../mod.ts";
import { atom, list } from "../../../lib/node/mod.ts";
import { assertSilence, collectReports, exitOf } from "../../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "../beam.ts";
import { asNode, THIS_NODE } from "../this_node.ts";

/** So many processes here are linked to others at once. */
const MANY = 1000;

/**
 * Another node with functions that the test needs. `spawn` starts a process that does what it is told:
 * `["leave", reason]`, `["link", pid]`, `["unlink", pid]`, `["exit", pid, reason]`, `["trap"]`; when it has
 * done so it says `["did", pid]`, and what else it gets it passes on as `["got", message]`.
 */
interface Other {
  readonly peer: RunningNode;
  readonly word: (text: string) => unknown;
  spawn(): Promise<Pid>;
}

async function erlang(cluster: Cluster): Promise<Other> {
  const peer = await cluster.erl("e");
  await peer.eval(`
    Test = {test, '${THIS_NODE}'},
    Obey = fun Again() ->
      receive
        {leave, Reason} -> exit(Reason);
        {crash} -> error(crashed);
        {trap} -> process_flag(trap_exit, true), Test ! {did, self()};
        {link, Pid} -> link(Pid), Test ! {did, self()};
        {unlink, Pid} -> unlink(Pid), Test ! {did, self()};
        {exit, Pid, Reason} -> exit(Pid, Reason), Test ! {did, self()};
        Other -> Test ! {got, Other}
      end,
      Again()
    end,
    logger:set_primary_config(level, none)
  `);
  return {
    peer,
    word: atom,
    spawn: () => told(peer.eval("Test ! {spawned, spawn(Obey)}")),
  };
}

async function denotp(cluster: Cluster): Promise<Other> {
  const peer = await cluster.denotp("t");
  await peer.eval(`
    Logger.setHandler(() => {});
    const test = ["test", "${THIS_NODE}"];
    const obey = async () => {
      for (;;) {
        const message = await receive();
        const [what, pid, reason] = message;
        if (what === "leave") throw exit(pid);
        if (what === "crash") throw new Error("crashed");
        if (what === "trap") Process.flag("trap_exit", true);
        else if (what === "link") Process.link(pid);
        else if (what === "unlink") Process.unlink(pid);
        else if (what === "exit") Process.exit(pid, reason);
        else {
          send(test, ["got", message]);
          continue;
        }
        send(test, ["did", self()]);
      }
    };
    globalThis.start = () => send(test, ["spawned", spawn(obey)]);
  `);
  return { peer, word: (text) => text, spawn: () => told(peer.eval("start()")) };
}

/** Resolves with the pid that the test is told of. */
async function told(asked: Promise<unknown>): Promise<Pid> {
  await asked;
  const [tag, pid] = await receive() as readonly [string, Pid];
  assertEquals(tag, "spawned");
  return pid;
}

/** A test, run by the process `test`, that traps exits, with a node of each kind. */
function linkTest(title: string, test: (other: Other) => Promise<void>): void {
  for (
    const [kind, needs, start] of [["Erlang", "erl", erlang], ["denotp", "deno", denotp]] as const
  ) {
    clusterTest(title.replace("$node", `a node of ${kind}`), needs, async (cluster) => {
      const other = await start(cluster);
      await asNode(cluster, async () => {
        Process.register(self(), "test");
        Process.flag("trap_exit", true);
        await test(other);
        await assertSilence();
      });
    });
  }
}

/** Tells a process of the other node what to do, and waits until it has done it. */
async function tell(pid: Pid, ...what: readonly unknown[]): Promise<void> {
  send(pid, what);
  assertEquals(await receive(), ["did", pid]);
}

/** The reasons to exit: what is said, and what arrives. A reason `kill` is nothing special if one exits with it. */
function reasons(word: Other["word"]): readonly (readonly [said: unknown, reason: unknown])[] {
  return [
    [word("normal"), "normal"],
    [word("shutdown"), "shutdown"],
    [word("kill"), "kill"],
    [word("custom"), "custom"],
    [["shutdown", "why"], ["shutdown", "why"]],
    [["nested", ["term", 1.5, list([1, 2])], { key: "value" }], [
      "nested",
      ["term", 1.5, list([1, 2])],
      { key: "value" },
    ]],
    [42, 42],
    [self(), self()],
  ];
}

// --- A process of the other node ends -----------------------------------------------------------

linkTest("Process.link() tells why a process on $node exits", async ({ spawn, word }) => {
  for (const [said, reason] of reasons(word)) {
    const pid = await spawn();
    Process.link(pid);
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), true);
    send(pid, ["leave", said]);
    assertEquals(await receive(), ["EXIT", pid, reason]);
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
  }
  const killed = await spawn();
  Process.link(killed);
  Process.exit(killed, "kill");
  assertEquals(await receive(), ["EXIT", killed, "killed"]);
  const crashed = await spawn();
  Process.link(crashed);
  send(crashed, ["crash"]);
  const [, pid, reason] = await receive() as readonly unknown[];
  assertEquals(pid, crashed);
  const [what, stack] = reason as readonly unknown[];
  assertMatch(String(what), /crashed/);
  assertEquals(typeof stack === "string" || Array.isArray(stack), true);
});

linkTest("A link that a process on $node makes works both ways", async ({ spawn, word }) => {
  const one = await spawn();
  await tell(one, "link", self());
  assertEquals(Process.info(self(), "links")?.[1].includes(one), true);
  send(one, ["leave", word("bye")]);
  assertEquals(await receive(), ["EXIT", one, "bye"]);

  const other = await spawn();
  await tell(other, "trap");
  const linked = spawnHere();
  await tell(other, "link", linked);
  send(linked, ["leave", ["gone", 1]]);
  assertEquals(await receive(), ["got", ["EXIT", linked, ["gone", 1]]]);
  // From one that has ended it hears that, too.
  await tell(other, "link", linked);
  assertEquals(await receive(), ["got", ["EXIT", linked, "noproc"]]);
});

linkTest("Process.link() to an exited process on $node is noproc", async ({ spawn }) => {
  const pid = await spawn();
  const end = exitOf(pid);
  Process.exit(pid, "kill");
  assertEquals(await end, "killed");
  assertEquals(Process.link(pid), true);
  assertEquals(await receive(), ["EXIT", pid, "noproc"]);
  // A process that does not trap exits is ended by it.
  const [, ref] = spawnMonitor(async () => {
    Process.link(pid);
    await receive();
  });
  const down = await receive() as readonly unknown[];
  assertEquals([down[0], down[1], down[4]], ["DOWN", ref, "noproc"]);
});

// --- A process of this node ends ----------------------------------------------------------------

linkTest("A process on $node gets the EXIT of a process here", async ({ spawn }) => {
  const other = await spawn();
  await tell(other, "trap");
  for (const reason of ["normal", "shutdown", "kill", "custom", ["shutdown", "why"], 42]) {
    const here = spawnHere(other);
    assertEquals(await receive(), "ready");
    send(here, ["leave", reason]);
    assertEquals(await receive(), ["got", ["EXIT", here, reason]]);
  }
  const killed = spawnHere(other);
  assertEquals(await receive(), "ready");
  Process.exit(killed, "kill");
  assertEquals(await receive(), ["got", ["EXIT", killed, "killed"]]);

  using reports = collectReports();
  const crashed = spawnHere(other);
  assertEquals(await receive(), "ready");
  send(crashed, ["crash"]);
  const [, [tag, pid, reason]] = await receive() as readonly [string, readonly unknown[]];
  assertEquals([tag, pid], ["EXIT", crashed]);
  const [error, stack] = reason as readonly [{ readonly message: string }, string];
  assertEquals(error.message, "crashed");
  assertMatch(stack, /links_interop_test/);
  assertEquals(reports.logged.length, 1);

  // One that does not trap exits ends with it, unless that was normal.
  const untrapping = await spawn();
  const calm = spawnHere(untrapping);
  assertEquals(await receive(), "ready");
  send(calm, ["leave", "normal"]);
  assertEquals(await exitOf(calm), "normal");
  send(untrapping, ["alive"]);
  assertEquals(await receive(), ["got", ["alive"]]);
  const ref = Process.monitor(untrapping);
  const last = spawnHere(untrapping);
  assertEquals(await receive(), "ready");
  send(last, ["leave", "custom"]);
  assertEquals(await receive(), ["DOWN", ref, "process", untrapping, "custom"]);
});

linkTest(
  "A reason that cannot be sent reaches $node as the text that describes it",
  async (other) => {
    const { spawn } = other;
    const pid = await spawn();
    await tell(pid, "trap");
    const here = spawnHere(pid);
    assertEquals(await receive(), "ready");
    const reason = ["bad", () => 1];
    send(here, ["leave", reason]);
    assertEquals(await receive(), ["got", ["EXIT", here, inspect(reason)]]);
    Process.exit(pid, reason);
    assertEquals(await receive(), ["got", ["EXIT", self(), inspect(reason)]]);
    // The sender of a message gets the error instead.
    assertThrows(() => send(pid, reason), TypeError, "Cannot encode");
  },
);

// --- Exit signals -------------------------------------------------------------------------------

linkTest("Process.exit() stops a process on $node, or is trapped", async ({ spawn, word }) => {
  const trapping = await spawn();
  await tell(trapping, "trap");
  for (const reason of ["normal", "shutdown", "custom"]) {
    Process.exit(trapping, reason);
    assertEquals(await receive(), ["got", ["EXIT", self(), reason]]);
  }
  Process.exit(trapping, ["term", 1]);
  assertEquals(await receive(), ["got", ["EXIT", self(), ["term", 1]]]);
  const trappingRef = Process.monitor(trapping);
  Process.exit(trapping, "kill");
  assertEquals(await receive(), ["DOWN", trappingRef, "process", trapping, "killed"]);

  const untrapping = await spawn();
  const ref = Process.monitor(untrapping);
  Process.exit(untrapping, "normal"); // is ignored
  send(untrapping, ["alive"]);
  assertEquals(await receive(), ["got", ["alive"]]);
  Process.exit(untrapping, word("custom"));
  assertEquals(await receive(), ["DOWN", ref, "process", untrapping, "custom"]);
  Process.exit(untrapping, "nobody is there");
});

linkTest("exit/2 on $node stops a process here, or is trapped", async ({ spawn, word }) => {
  const other = await spawn();
  for (const [said, reason] of reasons(word)) {
    const victim = spawnHere();
    const ref = Process.monitor(victim);
    if (reason === "normal") {
      await tell(other, "exit", victim, said);
      assertEquals(Process.isAlive(victim), true);
      Process.exit(victim, "kill");
    } else {
      send(other, ["exit", victim, said]);
      await assertNext([
        ["did", other],
        ["DOWN", ref, "process", victim, reason === "kill" ? "killed" : reason],
      ]);
    }
    if (reason === "normal") {
      assertEquals(await receive(), ["DOWN", ref, "process", victim, "killed"]);
    }
    if (reason !== "kill") {
      send(other, ["exit", self(), said]);
      await assertNext([["did", other], ["EXIT", other, reason]]);
    }
  }
});

// --- Unlink -------------------------------------------------------------------------------------

linkTest(
  "Process.unlink() takes a link to a process on $node away on both sides",
  async (other) => {
    const { spawn, word } = other;
    const pid = await spawn();
    await tell(pid, "trap");
    Process.link(pid);
    Process.unlink(pid);
    assertEquals(Process.info(self(), "links")?.[1].includes(pid), false);
    const ref = Process.monitor(pid);
    send(pid, ["leave", word("quietly")]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "quietly"]);

    // And here: the other one does not hear of an end after it has unlinked, nor after we have.
    const peer = await spawn();
    await tell(peer, "trap");
    const [ours, theirs] = [spawnHere(peer), spawnHere(peer)];
    assertEquals([await receive(), await receive()], ["ready", "ready"]);
    send(ours, ["unlink", peer]);
    assertEquals(await receive(), "unlinked");
    await tell(peer, "unlink", theirs);
    for (const each of [ours, theirs]) {
      const end = exitOf(each);
      send(each, ["leave", "quietly"]);
      assertEquals(await end, "quietly");
    }
    send(peer, ["alive"]);
    assertEquals(await receive(), ["got", ["alive"]]);
  },
);

linkTest(
  "Links and unlinks that cross between here and $node leave one link or none",
  async (other) => {
    const { spawn, word } = other;
    for (let round = 0; round < 20; round++) {
      const pid = await spawn();
      // Both link, this side unlinks and links again, without waiting for anything in between.
      send(pid, ["link", self()]);
      Process.link(pid);
      Process.unlink(pid);
      Process.link(pid);
      assertEquals(await receive(), ["did", pid]);
      send(pid, ["leave", word("linked")]);
      assertEquals(await receive(), ["EXIT", pid, "linked"]);
      const alone = await spawn();
      Process.link(alone);
      Process.unlink(alone);
      Process.link(alone);
      Process.unlink(alone);
      const ref = Process.monitor(alone);
      send(alone, ["leave", word("unlinked")]);
      assertEquals(await receive(), ["DOWN", ref, "process", alone, "unlinked"]);
    }
  },
);

// --- Lost connections ---------------------------------------------------------------------------

linkTest(
  "Links and monitors get noconnection when $node is killed [PR-109]",
  async ({ spawn, peer }) => {
    const pid = await spawn();
    Process.link(pid);
    const refs = [Process.monitor(pid), Process.monitor(pid)];
    const name = ["nobody", peer.node] as const;
    const none = Process.monitor(name);
    assertEquals(await receive(), ["DOWN", none, "process", name, "noproc"]);
    await peer.kill();
    await assertNext([
      ["EXIT", pid, "noconnection"],
      ...refs.map((ref) => ["DOWN", ref, "process", pid, "noconnection"]),
    ]);
    // So do those that are made now.
    Process.link(pid);
    assertEquals(await receive(), ["EXIT", pid, "noconnection"]);
    const late = Process.monitor(pid);
    assertEquals(await receive(), ["DOWN", late, "process", pid, "noconnection"]);
    const named = Process.monitor(name);
    assertEquals(await receive(), ["DOWN", named, "process", name, "noconnection"]);
  },
);

linkTest(
  "1000 processes that are linked to $node each get noconnection once when that is killed",
  async ({ spawn, peer }) => {
    const test = self();
    const others = [await spawn(), await spawn(), await spawn()];
    const ours = Array.from({ length: MANY }, (_, i) => {
      const other = others[i % others.length]!;
      return spawnHeard(() => {
        Process.link(other);
        Process.monitor(other);
      }, test);
    });
    assertEquals(await all("ready"), ours);
    await peer.kill();
    await all("heard");
    // Whatever else there is has come by now: all of it happens at once.
    for (const pid of ours) send(pid, "report");
    for (const pid of ours) {
      const reported = await receive() as readonly [string, Pid, readonly (readonly unknown[])[]];
      assertEquals(reported.slice(0, 2), ["reported", pid]);
      const heard = reported[2].map((message) => [message[0], message.at(-1)]);
      assertEquals(heard, [["EXIT", "noconnection"], ["DOWN", "noconnection"]]);
    }
  },
);

// --- Helpers ------------------------------------------------------------------------------------

/** A process here that is linked to `other`, and then says `"ready"`; it does what it is told. */
function spawnHere(other?: Pid): Pid {
  const test = self();
  return spawn(async () => {
    if (other !== undefined) {
      Process.link(other);
      send(test, "ready");
    }
    for (;;) {
      const [what, argument] = await receive() as readonly [string, unknown];
      if (what === "leave") throw exit(argument);
      if (what === "crash") throw new Error("crashed");
      Process.unlink(argument as Pid);
      send(test, "unlinked");
    }
  });
}

/** A process here that says `ready` after `begin`, `heard` with the first message, and reports all it has got. */
function spawnHeard(begin: () => void, test: Pid): Pid {
  return spawn(async () => {
    Process.flag("trap_exit", true);
    begin();
    send(test, ["ready", self()]);
    const heard: unknown[] = [await receive()];
    send(test, ["heard", self()]);
    for (;;) {
      const message = await receive();
      if (message === "report") return void send(test, ["reported", self(), heard]);
      heard.push(message);
    }
  });
}

/** Waits until a number of processes have sent a message, and resolves with them. */
async function all(word: string): Promise<Pid[]> {
  const pids: Pid[] = [];
  while (pids.length < MANY) {
    const [said, pid] = await receive() as readonly [string, Pid];
    assertEquals(said, word);
    pids.push(pid);
  }
  return pids;
}

/** Asserts what the next messages are, which come from different processes, in any order. */
async function assertNext(expected: readonly unknown[]): Promise<void> {
  const got: unknown[] = [];
  while (got.length < expected.length) got.push(await receive());
  assertEquals(new Set(got), new Set(expected));
}
