import { assert, assertEquals } from "@std/assert";
import { _, flush, GenServer, on, Process, receive, self, send, spawn, unwrap } from "../../mod.ts";
import { Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, inProcess } from "../helpers.ts";
import { clusterTest, type RunningNode } from "./beam.ts";
import { certificates, hasTls } from "./distribution/certificates.ts";
import { freePort } from "./distribution/beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

clusterTest(
  "Node.ping() and net_adm:ping/1 answer pong to each other",
  "elixir",
  async (cluster) => {
    const [erl, elixir] = await Promise.all([cluster.erl("e"), cluster.elixir("x")]);
    await asNode(cluster, async () => {
      assertEquals(await Node.ping(erl.node), "pong");
      assertEquals(await elixir.eval(`Node.ping(:"${THIS_NODE}")`), ":pong");
      assertEquals(Node.list().sort(), [erl.node, elixir.node]);
      assertEquals(await erl.eval(`net_adm:ping('${THIS_NODE}')`), "pong");
      assertEquals(await elixir.eval(`Node.connect(:"${THIS_NODE}")`), "true");
      await Node.stop();
      assertEquals(await erl.eval(`net_adm:ping('${THIS_NODE}')`), "pang");
      assertEquals(await elixir.eval(`Node.ping(:"${THIS_NODE}")`), ":pang");
    });
  },
);

clusterTest("Node tells of nodes what an Erlang node beside it tells", "erl", async (cluster) => {
  const [erl, other] = await Promise.all([cluster.erl("e"), cluster.erl("x")]);
  await asNode(cluster, async () => {
    Node.monitorNodes(true);
    Node.monitorNodes(true, { nodeType: "all", nodedownReason: true });
    Node.monitorNodes(true, { nodeType: "hidden" });
    await erl.eval(
      `net_kernel:monitor_nodes(true), net_kernel:monitor_nodes(true, [{node_type, all},
      nodedown_reason]), net_kernel:monitor_nodes(true, [{node_type, hidden}])`,
    );
    await Node.connect(other.node);
    await erl.eval(`net_kernel:connect_node('${other.node}')`);
    Node.disconnect(other.node);
    await erl.eval(`erlang:disconnect_node('${other.node}')`);
    const told = await erl.eval(`
      Word = fun({What, _}) -> {What}; ({What, _, Info}) -> {What, lists:sort(Info)} end,
      All = fun(All) -> receive M when element(2, M) =:= '${other.node}' -> [Word(M) | All(All)]
        after 0 -> [] end end,
      All(All)`);
    assertEquals(
      told,
      "[{nodeup},{nodeup,[{node_type,visible}]},{nodedown}," +
        "{nodedown,[{node_type,visible},{nodedown_reason,disconnect}]}]",
    );
    const node_type = "visible";
    assertEquals(flush().filter((message) => (message as string[])[1] === other.node), [
      ["nodeup", other.node],
      ["nodeup", other.node, { node_type }],
      ["nodedown", other.node],
      ["nodedown", other.node, { node_type, nodedown_reason: "disconnect" }],
    ]);
    Node.monitorNodes(false);
    Node.monitorNodes(false, { nodeType: "all", nodedownReason: true });
    Node.monitorNodes(false, { nodeType: "hidden" });
  });
});

clusterTest(
  "Node says nodeup before, and nodedown after, everything else of a node",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Process.register(self(), "order");
      Node.monitorNodes(true);
      await erl.eval(`[{order, '${THIS_NODE}'} ! N || N <- lists:seq(1, 100)], ok`);
      await receive(on(100, () => {})); // out of turn: what stays is in order
      const ref = Process.monitor(["init", erl.node] as const);
      assertEquals(await Node.ping(erl.node), "pong");
      await erl.kill();
      await receive(on(["DOWN", ref, _, _, "noconnection"], () => {}));
      const mail = [await receive()];
      while ((mail.at(-1) as string[])[0] !== "nodedown") mail.push(await receive());
      assertEquals(mail[0], ["nodeup", erl.node]);
      assertEquals(mail.slice(1, -1), Array.from({ length: 99 }, (_, index) => index + 1));
      assertEquals(mail.at(-1), ["nodedown", erl.node]);
      Node.monitorNodes(false);
      await assertSilence();
    });
  },
);

clusterTest("Node.start() can be hidden, as nodes of Erlang can", "erl", async (cluster) => {
  const [erl, hidden] = await Promise.all([cluster.erl("e"), cluster.erl("h", ["-hidden"])]);
  const { cookie, epmd } = cluster;
  await inProcess(async () => {
    unwrap(await Node.start(THIS_NODE, { cookie, epmd, hidden: true }));
    try {
      assertEquals(await Node.ping(erl.node), "pong");
      assertEquals([Node.list(), Node.list("hidden")], [[], [erl.node]]);
      assertEquals(await erl.eval("{nodes(), nodes(hidden)}"), `{[],['${THIS_NODE}']}`);
    } finally {
      await Node.stop();
    }
  });
  await asNode(cluster, async () => {
    assertEquals(await hidden.eval(`net_adm:ping('${THIS_NODE}')`), "pong");
    assertEquals([Node.list(), Node.list("hidden")], [[], [hidden.node]]);
    assertEquals(await hidden.eval("{nodes(), nodes(hidden)}"), `{[],['${THIS_NODE}']}`);
    assertEquals(await Node.ping(erl.node), "pong");
    assertEquals(Node.list(["visible", "hidden"]).sort(), [erl.node, hidden.node]);
    assertEquals(await erl.eval("nodes(connected)"), `['${THIS_NODE}']`);
  });
});

clusterTest("Node.setCookie() for one node is a secret with that alone", "erl", async (cluster) => {
  const [erl, other] = await Promise.all([cluster.erl("e"), cluster.erl("x")]);
  await asNode(cluster, async () => {
    using reports = collectReports();
    await erl.eval("erlang:set_cookie(node(), other)");
    assertEquals(await Node.ping(erl.node), "pang");
    assertEquals(await erl.eval(`net_adm:ping('${THIS_NODE}')`), "pang");
    assert(reports.logged.length > 0);
    Node.setCookie("other", erl.node);
    assertEquals([await Node.ping(erl.node), await Node.ping(other.node)], ["pong", "pong"]);
  });
});

clusterTest("Node makes one connection when both sides connect at once", "erl", async (cluster) => {
  const nodes = await Promise.all([cluster.erl("a"), cluster.erl("z")]);
  await asNode(cluster, async () => {
    for (const erl of nodes) await erl.eval("net_kernel:monitor_nodes(true)");
    for (let times = 0; times < 10; times++) {
      const both = (erl: RunningNode) => [
        Node.ping(erl.node),
        erl.eval(`net_adm:ping('${THIS_NODE}')`),
      ];
      assertEquals(await Promise.all(nodes.flatMap(both)), Array(4).fill("pong"));
      assertEquals(Node.list().sort(), nodes.map(({ node }) => node));
      for (const erl of nodes) {
        Node.disconnect(erl.node);
        // Before that, it would say pang, as on the BEAM.
        await erl.eval(`receive {nodedown, '${THIS_NODE}'} -> ok end`);
      }
    }
  });
});

for (const side of ["an Erlang node", "this node"] as const) {
  clusterTest(
    `Node fails links, monitors and calls with noconnection when ${side} cuts it off`,
    "erl",
    async (cluster) => {
      const erl = await cluster.erl("e");
      await asNode(cluster, async () => {
        Process.flag("trap_exit", true);
        Process.register(self(), "test");
        await erl.eval(`Other = spawn(fun() -> receive stop -> ok end end), register(other, Other),
          {test, '${THIS_NODE}'} ! Other`);
        const [there] = [await receive()] as [ReturnType<typeof self>];
        Process.link(there);
        const ref = Process.monitor(["other", erl.node] as const);
        const server = spawn(async () => void await receive(on("never", () => {})));
        Process.register(server, "server");
        await erl.eval(`Ref = monitor(process, {server, '${THIS_NODE}'}), ok`);
        const caller = spawn(async () => {
          const failed = GenServer.call(["other", erl.node], "q", Infinity);
          send("test", ["failed", await failed.catch(({ reason }) => reason[0])]);
        });
        assertEquals(await Node.ping(erl.node), "pong");
        if (side === "this node") Node.disconnect(erl.node);
        else if (side === "an Erlang node") {
          await erl.eval(`erlang:disconnect_node('${THIS_NODE}')`);
        }
        const got = new Set([await receive(), await receive(), await receive()]);
        assertEquals(
          got,
          new Set([
            ["EXIT", there, "noconnection"],
            ["DOWN", ref, "process", ["other", erl.node], "noconnection"],
            ["failed", ["nodedown", erl.node]],
          ]),
        );
        assertEquals(
          await erl.eval("receive {'DOWN', Ref, process, What, Why} -> {What, Why} end"),
          `{{server,'${THIS_NODE}'},noconnection}`,
        );
        assertEquals(await erl.eval("whereis(other)"), "undefined", "it was linked");
        await assertSilence();
        assertEquals(await Node.ping(erl.node), "pong", "connects again");
        for (const pid of [server, caller]) Process.exit(pid, "kill");
      });
    },
  );
}

Deno.test({
  name: "Node joins a cluster over TLS in which peers are verified",
  ignore: !hasTls,
  fn: () => inProcess(overTls),
});

async function overTls(): Promise<void> {
  await using made = await certificates();
  const port = freePort();
  unwrap(
    await Node.start(THIS_NODE, { cookie: "c", tls: made.good, epmd: { port, serve: true } }),
  );
  try {
    using _reports = collectReports();
    Process.register(self(), "test");
    const outcomes = [];
    for (const name of ["good", "otherAuthority"] as const) {
      const program = new Deno.Command("erl", {
        args: [
          ...["-noshell", "-name", "e@127.0.0.1", "-setcookie", "c", "-start_epmd", "false"],
          ...made.erlArguments(name),
          "-eval",
          `logger:set_primary_config(level, none),
           io:format("~p", [catch gen_server:call({net_kernel, '${THIS_NODE}'}, {is_auth, node()})]),
           halt().`,
        ],
        env: { ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: "127.0.0.1" },
        stderr: "null",
      });
      outcomes.push(new TextDecoder().decode((await program.output()).stdout).slice(0, 9));
    }
    assertEquals(outcomes, ["yes", "{'EXIT',{"]);
  } finally {
    await Node.stop();
  }
}
