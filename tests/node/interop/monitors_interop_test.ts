import { assertEquals } from "@std/assert";
import { exit, on, type Pid, Process, receive, type Ref, self, send, spawn } from "../../../mod.ts";
import { atom, Node } from "../../../lib/node/mod.ts";
import { assertSilence, collectReports } from "../../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "../beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "../this_node.ts";

/** Another node, and how to start a process there that ends when it is told `["leave", reason]`. */
interface Other {
  readonly peer: RunningNode;
  readonly word: (text: string) => unknown;
  spawn(name?: string): Promise<Pid>;
}

async function erlang(cluster: Cluster): Promise<Other> {
  const peer = await cluster.erl("e");
  await peer.eval(`
    Test = {test, '${THIS_NODE}'},
    Start = fun(Name) ->
      Pid = spawn(fun() -> receive {leave, Reason} -> exit(Reason) end end),
      Name =:= none orelse register(Name, Pid),
      Test ! {spawned, Pid}
    end
  `);
  return {
    peer,
    word: atom,
    spawn: (name = "none") => told(peer.eval(`Start(${name})`)),
  };
}

async function denotp(cluster: Cluster): Promise<Other> {
  const peer = await cluster.denotp("t");
  await peer.eval(`
    globalThis.start = (name) => {
      const pid = spawn(async () => {
        const [, reason] = await receive();
        throw exit(reason);
      });
      if (name !== undefined) Process.register(pid, name);
      send(["test", "${THIS_NODE}"], ["spawned", pid]);
    };
  `);
  const spawn = (name?: string) => told(peer.eval(`start(${JSON.stringify(name)})`));
  return { peer, word: (text) => text, spawn };
}

/** Resolves with the pid that the test is told of. */
async function told(asked: Promise<unknown>): Promise<Pid> {
  await asked;
  const [tag, pid] = await receive() as readonly [string, Pid];
  assertEquals(tag, "spawned");
  return pid;
}

/** A test with a node of each kind, run by the process `test`. */
function monitorTest(title: string, test: (other: Other) => Promise<void>): void {
  for (
    const [kind, needs, start] of [["Erlang", "erl", erlang], ["denotp", "deno", denotp]] as const
  ) {
    clusterTest(title.replace("$node", `a node of ${kind}`), needs, async (cluster) => {
      const other = await start(cluster);
      await asNode(cluster, async () => {
        Process.register(self(), "test");
        await test(other);
        await assertSilence();
      });
    });
  }
}

/** A process here that ends with what it is sent. */
function spawnHere(name?: string): Pid {
  const pid = spawn(async () => {
    throw exit(await receive());
  });
  if (name !== undefined) Process.register(pid, name);
  return pid;
}

/** Has Erlang evaluate something, and waits until its signals are here, too: answers come by another way. */
async function signalled(erl: RunningNode, code: string): Promise<void> {
  await erl.eval(`${code}, {test, '${THIS_NODE}'} ! done`);
  assertEquals(await receive(), "done");
}

// --- From here ----------------------------------------------------------------------------------

monitorTest("Process.monitor() tells why a process on $node exits", async ({ spawn, word }) => {
  for (const reason of ["normal", "shutdown", "kill", "custom"]) {
    const pid = await spawn();
    const refs = [Process.monitor(pid), Process.monitor(pid)];
    assertEquals(Process.info(self(), "monitors"), [
      "monitors",
      [["process", pid], ["process", pid]],
    ]);
    send(pid, ["leave", word(reason)]);
    assertEquals(
      new Set([await receive(), await receive()]),
      new Set(refs.map((ref) => ["DOWN", ref, "process", pid, reason])),
    );
  }
  const pid = await spawn();
  const ref = Process.monitor(pid);
  send(pid, ["leave", ["shutdown", ["why", 1]]]);
  assertEquals(await receive(), ["DOWN", ref, "process", pid, ["shutdown", ["why", 1]]]);
  const late = Process.monitor(pid);
  assertEquals(await receive(), ["DOWN", late, "process", pid, "noproc"]);
  assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
});

monitorTest("Process.monitor() by a name on $node names it in DOWN", async (other) => {
  const { spawn, word, peer } = other;
  const name = ["named", peer.node] as const;
  const none = Process.monitor(name) as Ref;
  assertEquals(await receive(), ["DOWN", none, "process", name, "noproc"]);
  const pid = await spawn("named");
  const ref = Process.monitor(name) as Ref;
  assertEquals(Process.info(self(), "monitors"), ["monitors", [["process", name]]]);
  send(pid, ["leave", word("bye")]);
  assertEquals(await receive(), ["DOWN", ref, "process", name, "bye"]);
});

monitorTest("Process.monitor() with an alias and a tag works with $node", async (other) => {
  const { spawn, word } = other;
  for (const alias of ["explicit_unalias", "demonitor", "reply_demonitor"] as const) {
    const pid = await spawn();
    const tag = ["my", "tag"] as const;
    const ref = Process.monitor(pid, { alias, tag });
    send(ref, "to the alias");
    assertEquals(await receive(), "to the alias");
    send(ref, "again");
    if (alias === "reply_demonitor") {
      // With the first message the monitor is over, too.
      assertEquals(Process.demonitor(ref, ["info"]), false);
      const sure = Process.monitor(pid);
      send(pid, ["leave", word("bye")]);
      assertEquals(await receive(), ["DOWN", sure, "process", pid, "bye"]);
      continue;
    }
    assertEquals(await receive(), "again");
    send(pid, ["leave", word("bye")]);
    assertEquals(await receive(), [tag, ref, "process", pid, "bye"]);
    send(ref, "after the end");
    if (alias === "explicit_unalias") assertEquals(await receive(), "after the end");
    assertEquals(Process.unalias(ref), alias === "explicit_unalias");
  }
});

monitorTest(
  "Process.demonitor() of a process on $node tells with info whether there was a monitor [PR-112]",
  async ({ spawn, word, peer }) => {
    const pid = await spawn("named");
    // It is there.
    for (const object of [pid, ["named", peer.node]] as const) {
      const ref = await Process.monitor(object);
      assertEquals(Process.demonitor(ref, ["info"]), true);
      assertEquals(Process.demonitor(ref, ["info"]), false);
      assertEquals(Process.demonitor(ref), true);
    }
    const flushed = Process.monitor(pid);
    assertEquals(Process.demonitor(flushed, ["info", "flush"]), true);
    // It is not, and DOWN is in the mailbox.
    const [kept, gone, last] = [1, 2, 3].map(() => Process.monitor(pid)) as [Ref, Ref, Ref];
    send(pid, ["leave", word("bye")]);
    await receive(on(["DOWN", last, "process", pid, "bye"], () => {}));
    assertEquals(Process.demonitor(kept, ["info"]), false);
    assertEquals(Process.demonitor(gone, ["flush", "info"]), false);
    assertEquals(await receive(), ["DOWN", kept, "process", pid, "bye"]);
    // A monitor of a process that does not exist is pending until the answer arrives.
    const none = Process.monitor(pid);
    assertEquals(Process.demonitor(none, ["info"]), true);
    const sure = Process.monitor(pid);
    assertEquals(await receive(), ["DOWN", sure, "process", pid, "noproc"]);
    const foreign = await Process.monitor(["none", peer.node]);
    assertEquals(await receive(), ["DOWN", foreign, "process", ["none", peer.node], "noproc"]);
    assertEquals(Process.demonitor(foreign, ["info"]), false);
  },
);

// --- From Erlang --------------------------------------------------------------------------------

clusterTest("Erlang gets the DOWN of a process here that it monitors", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    using _reports = collectReports();
    Process.register(self(), "test");
    await erl.eval(`
      register(shell, self()),
      Monitor = fun() -> receive {pid, P} -> put(monitor, {P, monitor(process, P)}) end end,
      Down = fun(R) -> receive {'DOWN', R, process, Object, Reason} -> {Object, Reason} end end,
      Both = fun() ->
        {P, R} = get(monitor),
        {P, Reason} = Down(R),
        {P, Late} = Down(monitor(process, P)),
        {Reason, Late}
      end
    `);
    const rows = [
      ["normal", "normal"],
      ["shutdown", "shutdown"],
      [["shutdown", "why"], '{shutdown,<<"why">>}'],
      [["a", ["b", 1]], "{a,{b,1}}"],
      ["kill", "kill"],
      [7, "7"],
    ] as const;
    for (const [reason, printed] of rows) {
      const pid = spawnHere();
      send(["shell", erl.node], ["pid", pid]);
      await signalled(erl, "Monitor()");
      assertEquals(Process.info(pid, "monitored_by")?.[1].length, 1);
      send(pid, reason);
      assertEquals(await erl.eval("Both()"), `{${printed},noproc}`);
    }
    const named = spawnHere("named");
    await signalled(erl, `N = {named, '${THIS_NODE}'}, RN = monitor(process, N)`);
    assertEquals(Process.info(named, "monitored_by")?.[1].length, 1);
    Process.exit(named, "kill");
    assertEquals(await erl.eval("Down(RN)"), `{{named,'${THIS_NODE}'},killed}`);
    assertEquals(await erl.eval("Down(monitor(process, N))"), `{{named,'${THIS_NODE}'},noproc}`);
    await assertSilence();
  });
});

clusterTest(
  "Erlang removes its monitor of a process here, and gets no message [PR-112]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Process.register(self(), "test");
      const named = spawnHere("named");
      await signalled(
        erl,
        `N = {named, '${THIS_NODE}'}, R1 = monitor(process, N), R2 = monitor(process, N)`,
      );
      assertEquals(await erl.eval("demonitor(R1, [info])"), "true");
      assertEquals(await erl.eval("demonitor(R1, [info])"), "false");
      send("named", "bye");
      const down = `{'DOWN',{named,'${THIS_NODE}'},bye}`;
      assertEquals(
        await erl.eval("receive {D, R2, process, O, Why} -> {D, O, Why} end"),
        down,
      );
      assertEquals(await erl.eval("demonitor(R2, [info])"), "false");
      assertEquals(await erl.eval("receive X -> X after 0 -> none end"), "none");
      assertEquals(Process.isAlive(named), false);

      const other = spawnHere("named");
      const [tag, alias] = ["{tag, gone}", "{alias, reply_demonitor}"];
      await erl.eval(`R3 = monitor(process, N, [${tag}, ${alias}]), register(shell, self()), ok`);
      await erl.eval(`N ! R3`);
      assertEquals(
        await erl.eval("receive {gone, R3, process, _, Reason} -> Reason =:= R3 end"),
        "true",
      );
      assertEquals(Process.isAlive(other), false);
    });
  },
);

clusterTest(
  "An alias of Erlang's with a monitor of a process here is answered once",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const server = spawn(async () => {
        const [, alias] = await receive() as readonly [string, Ref];
        send(alias, ["answer", 1]);
        send(alias, ["answer", 2]);
        await receive();
      });
      Process.register(server, "server");
      await erl.eval(
        `S = {server, '${THIS_NODE}'}, A = monitor(process, S, [{alias, reply_demonitor}]), S ! {ask, A}`,
      );
      assertEquals(await erl.eval("receive {answer, X} -> X end"), "1");
      assertEquals(Process.info(server, "monitored_by")?.[1], []);
      Process.exit(server, "kill");
      assertEquals(await outcomeOf(erl, "demonitor(A, [info])"), "false");
      assertEquals(await erl.eval("receive Y -> Y after 0 -> none end"), "none");
    });
  },
);

// --- Spawning -----------------------------------------------------------------------------------

clusterTest(
  "spawn_request/5 of Erlang is answered by a node here before the child's EXIT and DOWN [PR-077]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Node.exportFunctions("samples", {
        leave: (reason: unknown) => {
          throw exit(reason);
        },
      });
      await erl.eval(`
        Ask = fun(Options) ->
          R = spawn_request('${THIS_NODE}', samples, leave, [bye], Options),
          [receive M -> {element(1, M), element(2, M) =:= R} end || _ <- [1, 2, 3]]
        end
      `);
      const ends = "{'EXIT',false},{'DOWN',true}";
      for (let i = 0; i < 10; i++) {
        assertEquals(await erl.eval("Ask([link, monitor])"), `[{spawn_reply,true},${ends}]`);
        const mine = "Ask([link, monitor, {reply_tag, mine}])";
        assertEquals(await erl.eval(mine), `[{mine,true},${ends}]`);
      }
      await erl.eval(`
        Refused = fun(Option) ->
          R = spawn_request('${THIS_NODE}', samples, leave, [normal], [Option]),
          receive {spawn_reply, R, error, Why} -> Why; {spawn_reply, R, ok, _} -> none end
        end
      `);
      const rows = [
        ["{bad, option}", "badopt"],
        ["bad", "badopt"],
        ["{link, true}", "badopt"],
        ["{priority, highest}", "badopt"],
        ["{min_heap_size, -1}", "badopt"],
        ["{message_queue_data, on_disk}", "badopt"],
        ["{priority, high}", "none"],
        ["{min_heap_size, 500}", "none"],
        ["{max_heap_size, #{size => 100000}}", "none"],
        ["{message_queue_data, off_heap}", "none"],
      ] as const;
      for (const [option, why] of rows) {
        assertEquals(await erl.eval(`Refused(${option})`), why, option);
      }
      Node.unexportFunctions("samples");
    });
  },
);

clusterTest(
  "spawn_request/5 of Erlang is answered as it asks, and terminates the child when it is abandoned [PR-078]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const test = self();
      Node.exportFunctions("samples", {
        say: (text: string) => void send(test, text),
        async wait() {
          Process.flag("trap_exit", true);
          send(test, (await receive() as readonly unknown[])[2]);
        },
      });
      await erl.eval(`
        Ask = fun(Text, Options) ->
          R = spawn_request('${THIS_NODE}', samples, say, [Text], Options),
          R2 = spawn_request('${THIS_NODE}', samples, say, [<<"last">>], []),
          (fun Again(Replies) ->
            receive
              {spawn_reply, R2, ok, _} -> lists:reverse(Replies);
              {spawn_reply, R, ok, _} -> Again([ok | Replies]);
              {spawn_reply, R, error, Why} -> Again([Why | Replies])
            end
          end)([])
        end
      `);
      const rows = [
        ["[{reply, yes}]", "[ok]", true],
        ["[{reply, no}]", "[]", true],
        ["[{reply, success_only}]", "[ok]", true],
        ["[{reply, error_only}]", "[]", true],
        ["[{reply, yes}, bad]", "[badopt]", false],
        ["[{reply, no}, bad]", "[]", false],
        ["[{reply, success_only}, bad]", "[]", false],
        ["[{reply, error_only}, bad]", "[badopt]", false],
      ] as const;
      for (const [options, replies, isStarted] of rows) {
        assertEquals(await erl.eval(`Ask(<<"text">>, ${options})`), replies, options);
        if (isStarted) assertEquals(await receive(), "text", options);
        assertEquals(await receive(), "last");
      }
      // A caller that abandons a request early enough ends the child by the requested link.
      await erl.eval(`
        (fun Abandon() ->
          R = spawn_request('${THIS_NODE}', samples, wait, [], [link, monitor]),
          spawn_request_abandon(R) orelse begin
            receive {spawn_reply, R, ok, P} -> P ! {x, x, answered} end,
            receive {'DOWN', R, _, _, _} -> ok end,
            Abandon()
          end
        end)()
      `);
      let reason: unknown;
      do reason = await receive(); while (reason === "answered");
      assertEquals(reason, "abandoned");
      await assertSilence();
      Node.unexportFunctions("samples");
    });
  },
);
