import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  Timer,
  unwrap,
} from "../../../mod.ts";
import { list, Node } from "../../../lib/node/mod.ts";
import { assertSilence, collectReports } from "../../helpers.ts";
import { clusterTest, type RunningNode } from "../beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "../this_node.ts";

const NOBODY = "nobody@127.0.0.1";
const COUNT = 1000;

/** The pid of the process that evaluates what an Erlang node is told, which has then the name `shell`. */
async function shellOf(erl: RunningNode): Promise<Pid> {
  Process.register(self(), "test");
  await erl.eval(`register(shell, self()), {test, '${THIS_NODE}'} ! {pid, self()}`);
  return (await receive() as readonly [string, Pid])[1];
}

// --- Ping ---------------------------------------------------------------------------------------

clusterTest(
  "Node.ping() returns pong, or pang when there is no node",
  "elixir",
  async (cluster) => {
    const [erl, elixir, deno] = await Promise.all([
      cluster.erl("e"),
      cluster.elixir("x"),
      cluster.denotp("t"),
    ]);
    await asNode(cluster, async () => {
      using _reports = collectReports(); // of the node that is killed, whichever tells first
      for (const { node } of [erl, elixir, deno]) {
        assertEquals(await Node.ping(node), "pong");
        assertEquals(await Node.ping(node), "pong");
      }
      assertEquals(await Node.ping(NOBODY), "pang");
      assertEquals(await Node.ping(Node.self()), "pong");
      assertEquals(await erl.eval(`net_adm:ping('${THIS_NODE}')`), "pong");
      assertEquals(await elixir.eval(`Node.ping(:"${THIS_NODE}")`), ":pong");
      assertEquals(await deno.eval(`return await Node.ping("${THIS_NODE}")`), '"pong"');
      assertEquals(await elixir.eval(`Node.ping(:"${deno.node}")`), ":pong");
      await deno.kill();
      assertEquals(await elixir.eval(`Node.ping(:"${deno.node}")`), ":pang");
      assertEquals(await Node.ping(deno.node), "pang");
      await assertSilence();
    });
  },
);

// --- Messages -----------------------------------------------------------------------------------

clusterTest("send() reaches a process of Erlang by pid, name and alias", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    const pid = await shellOf(erl);
    assertEquals(pid.node, erl.node);
    send(pid, ["by", "pid"]);
    send(["shell", erl.node], ["by", "name"]);
    await erl.eval(`A = alias([reply]), {test, '${THIS_NODE}'} ! {alias, A}`);
    const [, alias] = await receive() as readonly [string, Ref];
    assertEquals(alias.node, erl.node);
    send(alias, ["by", "alias"]);
    send(alias, ["by", "an alias that is no longer active"]);
    send(["nobody", erl.node], "nobody hears this");
    send(["shell", erl.node], ["from", self()]);
    assertEquals(
      await erl.eval(
        "receive {from, From} -> ok end, {_, All} = process_info(self(), messages), " +
          "[receive X -> X end || _ <- All]",
      ),
      '[{by,<<"pid">>},{by,<<"name">>},{by,<<"alias">>}]',
    );
    assertEquals(await erl.eval("From ! {back, [1, two]}, node(From)"), `'${THIS_NODE}'`);
    assertEquals(await receive(), ["back", list([1, "two"])]);
    await erl.eval("self() ! mine");
    await erl.eval("receive mine -> ok end");
    await assertSilence();
  });
});

clusterTest("Erlang reaches a process here by pid, name and alias", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    await shellOf(erl);
    const [alias, once] = [Process.alias(), Process.alias("reply")];
    send(["shell", erl.node], ["here", self(), alias, once]);
    await erl.eval("receive {here, Pid, Alias, Once} -> ok end");
    await erl.eval(
      `Pid ! {by, pid}, {test, '${THIS_NODE}'} ! {by, name}, Alias ! {by, alias}, ` +
        `Once ! {by, once}, Once ! {by, twice}, {nobody, '${THIS_NODE}'} ! {by, nobody}, ` +
        "erlang:send_nosuspend(Pid, {by, nosuspend}), Alias ! {by, alias}",
    );
    for (const by of ["pid", "name", "alias", "once", "nosuspend", "alias"]) {
      assertEquals(await receive(), ["by", by]);
    }
    assertEquals(Process.unalias(alias), true);
    await erl.eval("Alias ! {by, none}, Pid ! last");
    assertEquals(await receive(), "last");
    await assertSilence();
  });
});

clusterTest("send() between denotp nodes by pid, name and alias", "deno", async (cluster) => {
  const deno = await cluster.denotp("t");
  await asNode(cluster, async () => {
    Process.register(self(), "test");
    const alias = Process.alias("reply");
    await deno.eval(`
      globalThis.echo = spawn(async () => {
        const alias = Process.alias();
        send(["test", "${THIS_NODE}"], ["echo", self(), alias]);
        for (;;) {
          const [to, message] = await receive();
          send(to, message);
          if (message === "enough") Process.unalias(alias);
        }
      });
      Process.register(globalThis.echo, "echo");
    `);
    const [, pid, theirs] = await receive() as readonly [string, Pid, Ref];
    for (const to of [pid, ["echo", deno.node], theirs] as const) {
      for (const back of [self(), ["test", Node.self()]] as const) {
        const message = { text: "a".repeat(1000), any: [1n, undefined, new Map([[alias, pid]])] };
        send(to, [back, message]);
        const answer = await receive() as typeof message;
        assertEquals(answer, message);
        assertStrictEquals([...(answer.any[2] as Map<Ref, Pid>).keys()][0], alias);
      }
    }
    send(theirs, [alias, "once"]);
    send(theirs, [alias, "twice"]);
    send(theirs, [self(), "enough"]);
    assertEquals([await receive(), await receive()], ["once", "enough"]);
    send(theirs, [self(), "too much"]);
    send(pid, [self(), "last"]);
    assertEquals(await receive(), "last");
    await assertSilence();
  });
});

clusterTest(
  "send() is lost, without a failure, when the node cannot be reached",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const pid = await shellOf(erl);
      Node.monitor(erl.node, true);
      await erl.kill();
      assertEquals(await receive(), ["nodedown", erl.node]);
      assertEquals(send(pid, "lost"), "lost");
      assertEquals(send(["shell", erl.node], "lost"), "lost");
      assertEquals(send(["shell", NOBODY], "lost"), "lost");
      assertEquals(Process.exit(pid, "kill"), true);
      assertEquals(await Node.connect(erl.node), false);
      await assertSilence();
    });
  },
);

// --- Order --------------------------------------------------------------------------------------

/** Has a process of its own send numbers by each of the ways, and then exit signals. */
function sendInOrder(ways: readonly (Pid | Ref | readonly [string, string])[], last: Pid): void {
  spawn(() => {
    for (let i = 0; i < COUNT; i++) send(ways[i % ways.length]!, ["n", i]);
    Process.exit(last, "enough");
    send(last, ["n", COUNT]);
  });
}

clusterTest(
  "send() and Process.exit() keep their order between a pair of processes of two nodes [PR-044]",
  "erl",
  async (cluster) => {
    const [erl, deno] = await Promise.all([cluster.erl("e"), cluster.denotp("t")]);
    await asNode(cluster, async () => {
      // From here to Erlang.
      const shell = await shellOf(erl);
      await erl.eval(`B = alias(), {test, '${THIS_NODE}'} ! {alias, B}`);
      const [, alias] = await receive() as readonly [string, Ref];
      sendInOrder([shell, ["shell", erl.node], alias], shell);
      const inOrder = `[receive X -> X = {n, I} end || I <- lists:seq(0, ${COUNT - 1})], ` +
        `receive {'EXIT', _, enough} -> ok; Y -> Y = exit end, ` +
        `receive Z -> Z = {n, ${COUNT}} end`;
      assertEquals(await erl.eval(inOrder), `{n,${COUNT}}`);

      // From Erlang to here.
      Process.flag("trap_exit", true);
      const ours = Process.alias();
      send(shell, ["here", self(), ours]);
      await erl.eval(
        "receive {here, Pid, Alias} -> ok end, " +
          `Ways = {Pid, {test, '${THIS_NODE}'}, Alias}, ` +
          `[element(I rem 3 + 1, Ways) ! {n, I} || I <- lists:seq(0, ${COUNT - 1})], ` +
          `exit(Pid, enough), Pid ! {n, ${COUNT}}`,
      );
      for (let i = 0; i < COUNT; i++) assertEquals(await receive(), ["n", i]);
      assertEquals(await receive(), ["EXIT", shell, "enough"]);
      assertEquals(await receive(), ["n", COUNT]);

      // From another denotp node to here.
      await deno.eval(`
        const send3 = (ways, last) => spawn(() => {
          for (let i = 0; i < ${COUNT}; i++) send(ways[i % ways.length], ["n", i]);
          Process.exit(last, "enough");
          send(last, ["n", ${COUNT}]);
        });
        Process.register(spawn(async () => {
          const [pid, alias] = await receive();
          send3([pid, ["test", "${THIS_NODE}"], alias], pid);
        }), "sender");
      `);
      send(["sender", deno.node], [self(), ours]);
      for (let i = 0; i < COUNT; i++) assertEquals(await receive(), ["n", i]);
      const [tag, sender, reason] = await receive() as readonly [string, Pid, unknown];
      assertEquals([tag, sender.node, reason], ["EXIT", deno.node, "enough"]);
      assertEquals(await receive(), ["n", COUNT]);
      await assertSilence();
    });
  },
);

clusterTest(
  "Process.monitor() and the messages after it keep their order on another node [PR-044]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      await shellOf(erl);
      await erl.eval(`
        Body = fun(Again) -> receive {die, N} -> exit({died, N}); _ -> Again(Again) end end,
        Test = fun(N) -> register(victim, spawn(fun() -> Body(Body) end)), {test, '${THIS_NODE}'} ! N end
      `);
      // The monitor is there before the message that ends the process, and not before the answer to it.
      for (let n = 0; n < 20; n++) {
        await erl.eval(`Test(${n})`);
        assertEquals(await receive(), n);
        const victim = ["victim", erl.node] as const;
        const before = Process.monitor(victim);
        send(victim, ["die", n]);
        assertEquals(await receive(), ["DOWN", before, "process", victim, ["died", n]]);
        const after = Process.monitor(victim);
        assertEquals(await receive(), ["DOWN", after, "process", victim, "noproc"]);
      }
      await assertSilence();
    });
  },
);

/** The processes that the service behind `Timer` monitors. */
function monitorsOfTimers(): readonly unknown[] {
  return Process.info(Process.whereis("timer_server")!, "monitors")![1];
}

// --- Timers and inspection ----------------------------------------------------------------------

clusterTest(
  "Process.sendAfter() and startTimer() refuse a process of another node, Timer.sendAfter() does not",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const pid = await shellOf(erl);
      const asked = "expected a pid of this node or a local name";
      assertThrows(() => Process.sendAfter(pid, "x", 0), TypeError, asked);
      assertThrows(() => Process.startTimer(0, pid, "x"), TypeError, asked);
      const elsewhere = ["shell", erl.node] as never;
      assertThrows(() => Process.sendAfter(elsewhere, "x", 0), TypeError, asked);
      send(pid, ["pid", self()]);
      await erl.eval("receive {pid, P} -> ok end");
      assertEquals(await outcomeOf(erl, "erlang:send_after(0, P, x)"), "** error:badarg");
      // Erlang's module timer takes any process, at once and later.
      for (const time of [0, 1]) {
        assertEquals(Timer.sendAfter(time, pid, ["by", "pid"])[0], "ok");
        assertEquals(await erl.eval("receive {by, X1} -> X1 end, f"), "f");
        assertEquals(Timer.sendAfter(time, ["shell", erl.node], ["by", "name"])[0], "ok");
        assertEquals(await erl.eval("receive {by, X2} -> ok end, f"), "f");
      }
      await erl.eval("Q = spawn(fun() -> timer:sleep(infinity) end), P ! {q, Q}");
      const [, victim] = await receive() as readonly [string, Pid];
      const ref = Process.monitor(victim);
      assertEquals(Timer.exitAfter(1, victim, "bye")[0], "ok");
      assertEquals(await receive(), ["DOWN", ref, "process", victim, "bye"]);
      await erl.eval(`timer:send_after(0, P, [1]), timer:send_after(1, P, [2])`);
      assertEquals([await receive(), await receive()], [list([1]), list([2])]);
      await erl.eval(`timer:send_after(1, {test, '${THIS_NODE}'}, [3])`);
      assertEquals(await receive(), list([3]));
      await assertSilence();
    });
  },
);

clusterTest(
  "Timer.sendInterval() sends to a process of another node until that exits",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      await shellOf(erl);
      await erl.eval(`
        Counting = fun(Again, N) ->
          receive
            {tick} when N =:= 3 -> {test, '${THIS_NODE}'} ! enough;
            {tick} -> Again(Again, N + 1)
          end
        end,
        Start = fun() ->
          Pid = spawn(fun() -> register(counting, self()), Counting(Counting, 1) end),
          {test, '${THIS_NODE}'} ! {started, Pid}
        end
      `);
      for (const isByName of [false, true]) {
        await erl.eval("Start()");
        const [, pid] = await receive() as readonly [string, Pid];
        const target = isByName ? ["counting", erl.node] as const : pid;
        assertEquals(Timer.sendInterval(1, target, ["tick"])[0], "ok");
        assertEquals(monitorsOfTimers(), [["process", target]]);
        const ref = Process.monitor(pid);
        assertEquals(await receive(), "enough");
        assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
        while (monitorsOfTimers().length > 0) await Process.sleep(1); // it hears of it by itself
      }
      const started = Timer.sendInterval(60_000, ["shell", erl.node], ["tick"]);
      assertEquals(monitorsOfTimers(), [["process", ["shell", erl.node]]]);
      assertEquals(Timer.cancel(unwrap(started)), ["ok", "cancel"]);
      assertEquals(monitorsOfTimers(), []);
      await assertSilence();
    });
  },
);

clusterTest(
  "Process.isAlive(), info(), getLabel() and register() refuse a pid of another node",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const pid = await shellOf(erl);
      const found = `expected a pid of this node, found ${pid}`;
      assertThrows(() => Process.isAlive(pid), TypeError, found);
      assertThrows(() => Process.info(pid), TypeError, found);
      assertThrows(() => Process.info(pid, "links"), TypeError, found);
      assertThrows(() => Process.getLabel(pid), TypeError, found);
      assertThrows(() => Process.register(pid, "there"), TypeError, found);
      assertEquals(Process.whereis("there"), undefined);
      assertEquals(Process.list().some(({ node }) => node === erl.node), false);
      send(pid, ["pid", self()]);
      const rows = ["is_process_alive(P)", "process_info(P)", "register(there, P)"];
      await erl.eval("receive {pid, P} -> ok end");
      for (const row of rows) assertEquals(await outcomeOf(erl, row), "** error:badarg", row);
      await assertSilence();
    });
  },
);
