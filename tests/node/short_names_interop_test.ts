import { assertEquals } from "@std/assert";
import { GenServer, ok, reply } from "../../mod.ts";
import { Node } from "../../lib/node/mod.ts";
import { inProcess } from "../helpers.ts";
import { clusterTest } from "./beam.ts";

const Doubler = {
  init: () => ok(undefined),
  handleCall: ([_double, n]: ["double", number], _from: GenServer.From, state: undefined) =>
    reply(2 * n, state),
};

clusterTest(
  "Node with a short name joins Erlang nodes with short ones, and no others",
  "erl",
  (cluster) =>
    inProcess(async () => {
      const { cookie, epmd } = cluster;
      await using short = await cluster.erl("e", ["-sname", "e@localhost"]);
      await using long = await cluster.erl("f");
      await Node.start("d@localhost", { cookie, epmd });
      try {
        await GenServer.startLink(Doubler, undefined, { name: "doubler" });
        assertEquals(await Node.ping("e@localhost"), "pong");
        assertEquals(Node.list(), ["e@localhost"]);
        const asked = "gen_server:call({doubler, 'd@localhost'}, {double, 21})";
        assertEquals(await short.eval(asked), "42");
        assertEquals(await Node.ping(long.node), "pang");
        assertEquals(await long.eval("net_adm:ping('d@localhost')"), "pang");
      } finally {
        await Node.stop();
      }
    }),
);
