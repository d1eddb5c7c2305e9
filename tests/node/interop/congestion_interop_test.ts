import { assertEquals } from "@std/assert";
import { exit, type Pid, Process, receive, self, send, spawn } from "../../../mod.ts";
import { assertSilence, settled } from "../../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "../beam.ts";
import { asNode, THIS_NODE } from "../this_node.ts";

/** Together more than the buffers of both hosts and the queue of a connection take. */
const MESSAGES = 64;
const BYTES = 256 * 1024;
/** The number of one more message, after the flood. */
const PROBE = 1000;

/**
 * A process `sink` of another node, which says `["sink", pid]`. When it is told of two processes it links to one and
 * monitors the other, and says `"ready"`. With the first message of a flood it unlinks. Then it takes note of
 * what comes, in what order; says so after `["last"]`, with the number of those that monitor it; and
 * ends with `"bye"` when it is told to.
 */
async function erlangSink(cluster: Cluster): Promise<RunningNode> {
  const erl = await cluster.erl("e");
  await erl.eval(`
    Test = {test, '${THIS_NODE}'},
    Note = fun Again(Heard) ->
      receive
        {last} -> lists:reverse(Heard);
        {big, I, _} -> Again([{I} | Heard]);
        {'EXIT', _, Reason} -> Again([{exit, Reason} | Heard]);
        {'DOWN', _, process, _, Reason} -> Again([{down, Reason} | Heard])
      end
    end,
    spawn(fun() ->
      process_flag(trap_exit, true),
      Test ! {sink, self()},
      receive {pids, Linked, Watched} -> link(Linked), monitor(process, Watched) end,
      Test ! ready,
      receive {big, 0, _} -> unlink(Linked) end,
      Heard = Note([]),
      {_, Monitors} = process_info(self(), monitored_by),
      Test ! {heard, list_to_tuple(Heard), length(Monitors)},
      receive {stop} -> exit(bye) end
    end)
  `);
  return erl;
}

async function denotpSink(cluster: Cluster): Promise<RunningNode> {
  const deno = await cluster.denotp("t");
  await deno.eval(`
    const test = ["test", "${THIS_NODE}"];
    spawn(async () => {
      Process.flag("trap_exit", true);
      send(test, ["sink", self()]);
      const [, linked, watched] = await receive();
      Process.link(linked);
      Process.monitor(watched);
      send(test, "ready");
      await receive();
      Process.unlink(linked);
      const heard = [];
      let isLast = false;
      while (!isLast || !heard.some(([tag]) => tag === "down")) {
        const [tag, ...rest] = await receive();
        if (tag === "last") isLast = true;
        else heard.push(tag === "big" ? [rest[0]] : [tag.toLowerCase(), rest.at(-1)]);
      }
      const monitors = Process.info(self(), "monitored_by")[1].length;
      send(test, ["heard", heard, monitors]);
      await receive();
      throw exit("bye");
    });
  `);
  return deno;
}

for (
  const [kind, needs, start] of [["Erlang", "erl", erlangSink], [
    "denotp",
    "deno",
    denotpSink,
  ]] as const
) {
  clusterTest(
    `Signals to a node of ${kind} whose connection is congested arrive late, all and in order [PR-118]`,
    needs,
    async (cluster) => {
      await asNode(cluster, async () => {
        Process.register(self(), "test");
        const peer = await start(cluster);
        const [, sink] = await receive() as readonly [string, Pid];
        const [linked, watched] = [relinking(sink), mortal()];
        const ref = Process.monitor(sink);
        send(sink, ["pids", linked, watched]);
        assertEquals(await receive(), "ready");

        peer.pause();
        for (let i = 0; i < MESSAGES; i++) send(sink, ["big", i, new Uint8Array(BYTES)]);
        await assertCongested(sink);
        Process.exit(sink, "first");
        Process.demonitor(ref);
        send(watched, "gone");
        await settled();
        Process.exit(sink, "second");
        send(sink, ["last"]);
        peer.resume();

        const expected = [
          ...Array.from({ length: MESSAGES - 1 }, (_, i) => [i + 1]),
          [PROBE],
          ["exit", "first"],
          ["down", "gone"],
          ["exit", "second"],
        ];
        assertEquals(await receive(), ["heard", expected, 0]);
        // It has unlinked, which was acknowledged over the congested connection: else it is deaf to a new link.
        assertEquals(Process.info(linked, "links"), ["links", []]);
        send(linked, "link");
        assertEquals(await receive(), "linked");
        send(sink, ["stop"]);
        assertEquals(await receive(), ["EXIT", sink, "bye"]);
        await assertSilence();
      });
    },
  );
}

clusterTest(
  "Signals from Erlang over a congested connection arrive late, and all of them [PR-118]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Process.register(self(), "test");
      const deno = await denotpSink(cluster);
      const [, sink] = await receive() as readonly [string, Pid];
      await erl.eval("register(shell, self())");
      send(["shell", erl.node], ["sink", sink]);
      // A process that sends over a congested connection is suspended there: so each has a process of its own.
      await erl.eval(`
        Sink = receive {sink, S} -> S end,
        Spawn = fun(Begin, End) -> spawn(fun() -> V = Begin(), receive go -> End(V) end end) end,
        None = fun() -> none end,
        Watched = Spawn(None, fun(_) -> exit(gone) end),
        Exiting = Spawn(None, fun(_) -> exit(Sink, first) end),
        Monitoring = Spawn(fun() -> monitor(process, Sink) end, fun(Ref) -> demonitor(Ref) end),
        Flooding = Spawn(None, fun(_) ->
          [Sink ! {big, I, binary:copy(<<0>>, ${BYTES})} || I <- lists:seq(0, ${MESSAGES - 1})]
        end),
        Linked = Spawn(
          fun() -> process_flag(trap_exit, true) end,
          fun(_) -> link(Sink), Sink ! {stop}, receive X -> shell ! X end end
        ),
        Sink ! {pids, Linked, Watched}
      `);
      assertEquals(await receive(), "ready");
      // That goes by another connection than the monitor does.
      await erl.eval(`
        (fun Wait() ->
          {_, Monitors} = process_info(Watched, monitored_by),
          Monitors =/= [] orelse begin erlang:yield(), Wait() end
        end)()
      `);
      deno.pause();
      await erl.eval(`
        Flooding ! go,
        (fun Wait() ->
          {_, Status} = process_info(Flooding, status),
          Status =:= suspended orelse begin erlang:yield(), Wait() end
        end)(),
        Refs = [begin P ! go, monitor(process, P) end || P <- [Watched, Exiting, Monitoring, Flooding]]
      `);
      deno.resume();
      await erl.eval("[receive {'DOWN', R, _, _, _} -> ok end || R <- Refs], Sink ! {last}");
      const [, heard, monitors] = await receive() as readonly [string, unknown[], number];
      const flood = Array.from({ length: MESSAGES - 1 }, (_, i) => [i + 1]);
      assertEquals(heard.filter((each) => (each as unknown[]).length === 1), flood);
      const signals = heard.filter((each) => (each as unknown[]).length === 2);
      assertEquals(new Set(signals), new Set([["exit", "first"], ["down", "gone"]]));
      assertEquals(monitors, 0);
      // It was unlinked meanwhile: else it would have heard of this link only.
      await erl.eval("Linked ! go");
      assertEquals(await erl.eval("receive {'EXIT', Sink, Why} -> Why end"), "bye");
    });
  },
);

// --- Helpers ------------------------------------------------------------------------------------

function mortal(): Pid {
  return spawn(async () => {
    throw exit(await receive());
  });
}

/** A process that links to `sink` when it is told to, and passes on what it then hears. */
function relinking(sink: Pid): Pid {
  const test = self();
  return spawn(async () => {
    Process.flag("trap_exit", true);
    await receive();
    Process.link(sink);
    send(test, "linked");
    send(test, await receive());
  });
}

/** Asserts that the senders to a process are suspended. */
async function assertCongested(to: Pid): Promise<void> {
  const sender = spawn(async () => {
    for (;;) send(to, await receive());
  });
  send(sender, ["big", PROBE, null]);
  send(sender, "held back");
  await settled();
  assertEquals(Process.info(sender, "message_queue_len"), ["message_queue_len", 1]);
  Process.exit(sender, "kill");
}
