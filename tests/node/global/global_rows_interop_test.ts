/**
 * The rows of the catalogue that speak of names while nodes meet and part, between this node and several of Erlang.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Global, Process, receive, spawn } from "../../../mod.ts";
import { Node } from "../../../lib/node/mod.ts";
import { collectReports } from "../../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "../beam.ts";
import { asNode, THIS_NODE } from "../this_node.ts";

const IDLE = "spawn(fun() -> receive stop -> ok end end)";

function idle() {
  return spawn(async () => void await receive());
}

/** Runs `body` in a node that shares its cluster with Erlang nodes of those names, none of them connected. */
async function among(
  cluster: Cluster,
  names: readonly string[],
  body: (...nodes: RunningNode[]) => Promise<void>,
): Promise<void> {
  const nodes = await Promise.all(names.map((name) => cluster.erl(name)));
  await asNode(cluster, async () => {
    using _reports = collectReports();
    try {
      await body(...nodes);
    } finally {
      for (const name of Global.registeredNames()) await Global.unregisterName(name);
    }
  });
}

/** Resolves when something is so: there is no message that tells what other nodes know. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`Never so: ${what}`);
    await Process.sleep(20);
  }
}

/** Who has a name, as this node and all the others see it: the node's name, or `undefined`, once each. */
async function holders(
  name: string,
  nodes: readonly RunningNode[],
): Promise<(string | undefined)[]> {
  const there = await Promise.all(nodes.map(async (node) => {
    const pid = await node.erl(
      `(fun(undefined) -> undefined; (Pid) -> node(Pid) end)(global:whereis_name(${name}))`,
    );
    return pid === "undefined" ? undefined : pid.replaceAll("'", "");
  }));
  return [...new Set([Global.whereisName(name)?.node, ...there])];
}

clusterTest(
  "Global merges the different names of nodes that meet [GL-018]",
  "erl",
  (cluster) =>
    among(cluster, ["a", "z"], async (a, z) => {
      await Global.registerName("mine", idle());
      await a.eval(`yes = global:register_name(his, ${IDLE})`);
      await z.eval(`yes = global:register_name(hers, ${IDLE})`);
      await Node.connect(a.node);
      await Node.connect(z.node);
      const expected = { mine: THIS_NODE, his: a.node, hers: z.node };
      for (const [name, node] of Object.entries(expected)) {
        await until(`all know ${name}`, async () => `${await holders(name, [a, z])}` === node);
      }
      assertEquals(Global.registeredNames().toSorted(), ["hers", "his", "mine"]);
      assertEquals(await a.eval("lists:sort(global:registered_names())"), "[hers,his,mine]");
    }),
);

clusterTest(
  "Global ends with one winner when nodes in a line all claim one name [GL-019]",
  "erl",
  (cluster) =>
    among(cluster, ["a", "c", "z"], async (a, c, z) => {
      const nodes = [a, c, z];
      const mine = idle();
      await Global.registerName("one", mine);
      for (const node of nodes) {
        await node.eval(`Mine = ${IDLE}, yes = global:register_name(one, Mine)`);
      }
      await Node.connect(a.node);
      await c.eval(`pong = net_adm:ping('${THIS_NODE}')`);
      await z.eval(`pong = net_adm:ping('${c.node}')`);
      await until("all are connected", async () => {
        const seen = await Promise.all(nodes.map((node) => node.erl("length(nodes())")));
        return Node.list().length === 3 && seen.every((count) => count === "3");
      });
      const alive = async () => {
        const there = await Promise.all(nodes.map((node) => node.erl("is_process_alive(Mine)")));
        return [...there, String(Process.isAlive(mine))].filter((each) => each === "true").length;
      };
      await until("one is left", async () => await alive() === 1);
      await until("all agree", async () => {
        const [winner, ...others] = await holders("one", nodes);
        return winner !== undefined && others.length === 0;
      });
    }),
);

clusterTest(
  "Global forgets a name that was freed while its process was out of reach [GL-036]",
  "erl",
  (cluster) =>
    among(cluster, ["a"], async (a) => {
      await Node.connect(a.node);
      await Global.sync();
      const mine = idle();
      await Global.registerName("mine", mine);
      await a.eval(`His = ${IDLE}, yes = global:register_name(his, His)`);
      assertEquals(await holders("mine", [a]), [THIS_NODE]);
      Process.flag("trap_exit", true);
      Node.monitor(a.node, true);
      Node.disconnect(a.node);
      assertEquals(await receive(), ["nodedown", a.node]);
      await until("it is lost there", async () => await a.erl("nodes()") === "[]");
      assertEquals([await a.erl("global:whereis_name(mine)"), Global.whereisName("his")], [
        "undefined",
        undefined,
      ]);
      await Global.unregisterName("mine");
      await a.eval("global:unregister_name(his)");
      await Node.connect(a.node);
      await Global.sync();
      await a.eval("global:sync()");
      assertEquals(await holders("mine", [a]), [undefined]);
      assertEquals(await holders("his", [a]), [undefined]);
      assertEquals([Process.isAlive(mine), await a.erl("is_process_alive(His)")], [true, "true"]);
    }),
);

clusterTest(
  "Global lets go of nodes so that no partitions overlap when two of three have lost each other [GL-035]",
  "erl",
  (cluster) =>
    among(cluster, ["a", "z"], async (a, z) => {
      await Node.connect(a.node);
      await z.eval(`pong = net_adm:ping('${a.node}')`);
      await until("all are connected", async () => {
        const seen = await Promise.all([a, z].map((node) => node.erl("length(nodes())")));
        return `${[Node.list().length, ...seen]}` === "2,2,2";
      });
      await Global.sync();
      // What this node is told by z must cost it its connection to a, or z's to one of them.
      await z.eval(`erlang:disconnect_node('${a.node}')`);
      await until("no node is with two that are not with each other", async () => {
        const [fromA, fromZ] = await Promise.all([a, z].map((node) => node.erl("nodes()")));
        const isTogether = fromA!.includes(z.node) && fromZ!.includes(a.node);
        return isTogether || Node.list().length < 2;
      });
    }),
);
