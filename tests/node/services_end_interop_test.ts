/**
 * The end of the processes that a node owes its cluster, which other nodes may cause.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Global, on, type Pid, Process, receive, self, send, spawn } from "../../mod.ts";
import { atom, Erpc, Node } from "../../lib/node/mod.ts";
import { names } from "../../registries/name_server.ts";
import { collectReports } from "../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

/** The processes of this node that its services consist of, by name or by what they run. */
function service(name: string): Pid {
  const named = Process.whereis(name);
  if (named !== undefined) return named;
  const found = Process.list().find((pid) => pid.process?.state === name);
  assert(found !== undefined, `there is no ${name}`);
  return found;
}

/** Has the other node kill a process of this one, as a program there can. */
async function killFrom(erl: RunningNode, pid: Pid): Promise<void> {
  await Erpc.call(erl.node, "persistent_term", "put", [atom("victim"), pid]);
  await erl.eval("exit(persistent_term:get(victim), kill)");
}

async function lost(node: string): Promise<void> {
  assertEquals(await receive(), ["nodedown", node]);
}

for (const name of ["global_name_server", "locker", "registrar"]) {
  clusterTest(
    `Node stops when another node kills its ${name}, and the cluster goes on registering names`,
    "erl",
    async (cluster: Cluster) => {
      const erl = await cluster.erl("e");
      using reports = collectReports();
      const alone = spawn(() => receive(on("done", () => {})));
      await asNode(cluster, async () => {
        assertEquals(await Node.ping(erl.node), "pong");
        await Global.sync();
        assertEquals(await Global.registerName("mine", self()), "yes");
        Node.monitor(erl.node, true);
        const killed = service(name);
        await killFrom(erl, killed);
        await lost(erl.node);
        assertEquals([Node.self(), Node.list()], ["nonode@nohost", []]);
        assertEquals(await outcomeOf(erl, "global:register_name(theirs, self())"), "yes");
        assertEquals(
          await outcomeOf(erl, "{nodes(), global:whereis_name(mine)}"),
          "{[],undefined}",
        );
        const logged = reports.logged.map(({ reason }) => String(reason));
        const [stopped] = logged.filter((line) => line.startsWith(`Node ${THIS_NODE} stops: the `));
        assert(stopped?.endsWith('has exited: "killed"'), logged.join("\n"));

        // The names of this runtime are kept, and are those of the node when it has started again.
        assertEquals([names.lookup("mine"), Global.whereisName("mine")], [self(), self()]);
        assertEquals(await Global.registerName("alone", alone), "yes");
      });
      await asNode(cluster, async () => {
        assertNotEquals(Process.whereis("global_name_server"), undefined);
        assertEquals(await Node.ping(erl.node), "pong");
        await Global.sync();
        assertEquals(await erl.eval("global:sync()"), "ok"); // it resolves the names by itself
        const found = await erl.eval("[is_pid(global:whereis_name(N)) || N <- [theirs, alone]]");
        assertEquals(found, "[true,true]");
        assertEquals(await Global.registerName("again", self()), "yes");
        assertEquals(await erl.eval("is_pid(global:whereis_name(again))"), "true");
      });
      send(alone, "done");
    },
  );
}

for (const name of ["net_kernel", "rex", "logger_proxy"]) {
  clusterTest(
    `Node starts its ${name} again when another node kills it`,
    "erl",
    async (cluster) => {
      const erl = await cluster.erl("e");
      await asNode(cluster, async () => {
        using _reports = collectReports();
        assertEquals(await Node.ping(erl.node), "pong");
        const killed = service(name);
        await killFrom(erl, killed);
        const answer = await outcomeOf(erl, `net_adm:ping('${THIS_NODE}')`);
        assertEquals([answer, Node.list()], ["pong", [erl.node]]);
        assertNotEquals(service(name), killed);
      });
    },
  );
}

clusterTest(
  "Node stops when another node kills the supervisor of its services",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    using _reports = collectReports();
    await asNode(cluster, async () => {
      assertEquals(await Node.ping(erl.node), "pong");
      Node.monitor(erl.node, true);
      const [, [, supervisor]] = await Node.start(THIS_NODE) as ["error", ["already_started", Pid]];
      await killFrom(erl, supervisor);
      await lost(erl.node);
      assertEquals(Node.self(), "nonode@nohost");
    });
    await asNode(cluster, async () => assertEquals(await Node.ping(erl.node), "pong"));
  },
);
