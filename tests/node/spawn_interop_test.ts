import { assertEquals, assertStrictEquals } from "@std/assert";
import { exit, type Pid, Process, receive, self } from "../../mod.ts";
import { atom, list, Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, exitOf } from "../helpers.ts";
import { clusterTest } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

const NOBODY = "nobody@127.0.0.1";

clusterTest("Node.spawn() starts processes on an Erlang node", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    const pid = await Node.spawn(erl.node, "erlang", "send", [self(), ["hello", "you"]]);
    assertEquals(pid.node, erl.node);
    assertEquals(await receive(), ["hello", "you"]);
    await assertSilence();
  });
});

clusterTest("Node.spawnMonitor() tells why a process of Erlang exits", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    using _reports = collectReports(); // of what is undefined there
    const stack = list([["nowhere", "nothing", list([1]), list()]]);
    const ends = [
      [["erlang", "node", []], "normal"],
      [["erlang", "exit", [["bye", 1]]], ["bye", 1]],
      [["nowhere", "nothing", [1]], ["undef", stack]],
    ] as const;
    for (const [[module, name, args], reason] of ends) {
      const [pid, ref] = await Node.spawnMonitor(erl.node, module, name, args);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
    }
    const [pid, ref] = await Node.spawnMonitor(erl.node, "timer", "sleep", [60_000]);
    await erl.kill();
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noconnection"]);
  });
});

clusterTest("Node.spawnLink() makes a link between both nodes", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    Process.flag("trap_exit", true);
    const left = await Node.spawnLink(erl.node, "erlang", "exit", [atom("bye")]);
    assertEquals(await receive(), ["EXIT", left, "bye"]);
    const killed = await Node.spawnLink(erl.node, "timer", "sleep", [60_000]);
    const ref = Process.monitor(killed);
    Process.exit(killed, "kill");
    const ends = [await receive(), await receive()];
    assertEquals(
      new Set(ends),
      new Set([["EXIT", killed, "killed"], ["DOWN", ref, "process", killed, "killed"]]),
    );
    const lost = await Node.spawnLink(erl.node, "timer", "sleep", [60_000]);
    await erl.kill();
    assertEquals(await receive(), ["EXIT", lost, "noconnection"]);
    await assertSilence();
  });
});

clusterTest(
  "Node.spawnLink() and spawnMonitor() report that there is no such node",
  "deno",
  async (cluster) => {
    await asNode(cluster, async () => {
      using reports = collectReports();
      Process.flag("trap_exit", true);
      const linked = await Node.spawnLink(NOBODY, "m", "f", []);
      assertEquals(await receive(), ["EXIT", linked, "noconnection"]);
      const [pid, ref] = await Node.spawnMonitor(NOBODY, "m", "f", []);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "noconnection"]);
      const text = `Cannot start m:f/0 on ${NOBODY}: noconnection`;
      assertEquals(reports.logged.map(({ reason }) => reason), [text, text]);
    });
  },
);

clusterTest("Erlang starts processes of exported functions here", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    using reports = collectReports();
    Node.exportFunctions("samples", {
      wait: () => receive(),
      leave: (reason: unknown) => {
        throw exit(reason);
      },
    });
    await erl.eval(
      `Node = '${THIS_NODE}', Down = fun({P, R}) -> receive {'DOWN', R, process, P, W} -> W end end`,
    );
    const rows = [
      ["Down(spawn_monitor(Node, samples, leave, [{bye, 1}]))", "{bye,1}"],
      ["Down(spawn_monitor(Node, samples, leave, [normal]))", "normal"],
      ['Down(spawn_monitor(Node, os, cmd, ["ls"]))', '{undef,[{os,cmd,["ls"],[]}]}'],
      [
        "P = spawn_link(Node, samples, wait, []), exit(P, bye), receive {'EXIT', P, W} -> W end",
        "bye",
      ],
      [
        "Q = spawn_link(Node, samples, wait, []), M = monitor(process, Q), unlink(Q), Q ! go, " +
        "Down({Q, M})",
        "normal",
      ],
      [
        "spawn_request(Node, samples, leave, [bye], [link, monitor]), " +
        "[receive X -> element(1, X) end || _ <- [1, 2, 3]]",
        "[spawn_reply,'EXIT','DOWN']",
      ],
      [
        "{S, A} = spawn_opt(Node, samples, wait, [], [{monitor, [{alias, explicit_unalias}, {tag, gone}]}]), " +
        "S ! go, receive {gone, A, process, S, normal} -> told end",
        "told",
      ],
    ] as const;
    for (const [call, expected] of rows) {
      assertEquals(await outcomeOf(erl, call), expected, call);
    }
    assertEquals(reports.logged.map(({ reason }) => (reason as unknown[])[0]), ["undef"]);
    Node.unexportFunctions("samples");
  });
});

clusterTest("Processes that Erlang has started here exit with its node", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    const test = self();
    Node.exportFunctions("samples", {
      wait: () => {
        Process.sendAfter(test, ["waiting", self()], 0);
        return receive();
      },
    });
    await erl.eval(`spawn_link('${THIS_NODE}', samples, wait, [])`);
    const [, pid] = await receive() as [string, Pid];
    const end = exitOf(pid);
    await erl.kill();
    assertEquals(await end, "noconnection");
    Node.unexportFunctions("samples");
  });
});

clusterTest(
  "Node.spawnMonitor() starts processes on another denotp node",
  "deno",
  async (cluster) => {
    const deno = await cluster.denotp("t");
    await deno.eval(
      `Node.exportFunctions("samples", { leave: (reason) => { throw exit(reason); } })`,
    );
    await asNode(cluster, async () => {
      for (const reason of ["why", ["shutdown", "text"], { a: "b" }]) {
        const [pid, ref] = await Node.spawnMonitor(deno.node, "samples", "leave", [reason]);
        const down = await receive() as [string, unknown, string, Pid, unknown];
        assertStrictEquals(down[1], ref);
        assertStrictEquals(down[3], pid);
        assertEquals(down[4], reason);
      }
    });
  },
);
