import { assertEquals } from "@std/assert";
import { GenServer, on, type Pid, Process, receive, self, send, spawn, unwrap } from "../../mod.ts";
import { Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, inProcess } from "../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

/** In milliseconds: a node that says nothing for so long is lost. */
const TICK_TIME_MS = 1000;

clusterTest(
  "Node notifies all processes with noconnection, once, when an Erlang node is killed",
  "erl",
  (cluster) =>
    asNode(cluster, async () => {
      const erl = await cluster.erl("e");
      const there = await watch(erl);
      await erl.kill();
      await assertLost(erl, there, "connection_closed");
    }),
);

clusterTest(
  "Node takes a paused Erlang node for lost after the tick time",
  "erl",
  (cluster) =>
    impatient(cluster, async () => {
      const erl = await cluster.erl("e");
      const there = await watch(erl);
      await erl.eval(`net_kernel:monitor_nodes(true, [nodedown_reason])`);
      using reports = collectReports();
      erl.pause();
      await assertLost(erl, there, "net_tick_timeout");
      assertEquals(reports.logged.map(({ reason }) => reason), [
        `Connection to ${erl.node} is closed: the node does not respond`,
      ]);
      erl.resume();
      // It learns that it was disconnected, and comes back when it is asked for.
      assertEquals(await erl.eval(`receive {nodedown, '${THIS_NODE}', _} -> out end`), "out");
      assertEquals(await Node.ping(erl.node), "pong");
    }),
);

clusterTest(
  "Node is taken for lost by an Erlang node when it is paused",
  "erl",
  async (cluster) => {
    const [erl, deno] = await Promise.all([
      cluster.erl("e", ["-kernel", "net_ticktime", "1"]),
      cluster.denotp("x"),
    ]);
    await deno.eval(`
    Node.monitorNodes(true);
    Process.register(self(), "server");
    await Node.ping("${erl.node}")`);
    await erl.eval(`net_kernel:monitor_nodes(true, [nodedown_reason]),
    Ref = monitor(process, {server, '${deno.node}'})`);
    deno.pause();
    assertEquals(
      await erl.eval(`receive {nodedown, '${deno.node}', [{nodedown_reason, Why}]} -> Why end`),
      "net_tick_timeout",
    );
    assertEquals(
      await erl.eval("receive {'DOWN', Ref, process, _, Reason} -> Reason end"),
      "noconnection",
    );
    deno.resume();
    const learns =
      `return await receive(on(["nodedown", "${erl.node}"], () => Node.list().length))`;
    assertEquals(await deno.eval(learns), "0");
    assertEquals(await erl.eval(`net_adm:ping('${deno.node}')`), "pong");
  },
);

clusterTest(
  "Node leaves nothing of it behind on an Erlang node when it is killed",
  "erl",
  async (cluster) => {
    const [erl, deno] = await Promise.all([cluster.erl("e"), cluster.denotp("x")]);
    await erl.eval(
      `pg:start_link(), net_kernel:monitor_nodes(true), {PgRef, []} = pg:monitor(group)`,
    );
    await deno.eval(`
    globalThis.server = spawn(async () => void await receive(on("never", () => {})));
    Process.register(server, "server");
    await Pg.start();
    await Pg.join("group", server);
    await Node.connect("${erl.node}");
    await Global.sync();
    await Global.registerName("name", server)`);
    await erl.eval(`receive {PgRef, join, group, [P]} -> link(P) end,
    P = global:whereis_name(name), Ref = monitor(process, P)`);
    const call = erl.eval(`catch gen_server:call({server, '${deno.node}'}, q, infinity)`);
    // The call is on its way when this has been answered, which has been asked behind it.
    await deno.eval(`return await new Promise((done) => {
    const look = () => Process.info(server, "message_queue_len")?.[1] > 0 ? done(0) : setTimeout(look);
    look();
  })`);
    await deno.kill();
    assertEquals(
      await call,
      `{'EXIT',{{nodedown,'${deno.node}'},{gen_server,call,[{server,'${deno.node}'},q,infinity]}}}`,
    );
    assertEquals(
      await erl.eval(`receive {'DOWN', Ref, process, P, Why} -> receive {'EXIT', P, Same} ->
      receive {PgRef, leave, group, [P]} -> receive {nodedown, '${deno.node}'} ->
      {Why, Same, pg:get_members(group)} end end end end`),
      "{noconnection,noconnection,[]}",
    );
    assertEquals(
      await erl.eval(`(fun Wait() -> case global:whereis_name(name) of undefined -> gone;
      _ -> timer:sleep(10), Wait() end end)()`),
      "gone",
    );
  },
);

// --- Helpers ------------------------------------------------------------------------------------

/** Runs `body` in a process of a node with a short tick time. */
function impatient(cluster: Cluster, body: () => Promise<void>): Promise<void> {
  const { cookie, epmd } = cluster;
  return inProcess(async () => {
    unwrap(await Node.start(THIS_NODE, { cookie, epmd, tickTime: TICK_TIME_MS }));
    try {
      await body();
    } finally {
      await Node.stop();
    }
  });
}

/** What watches a node: a linked process of it, a monitor, a call that is never answered. */
interface Watch {
  readonly pid: Pid;
  readonly ref: ReturnType<typeof Process.monitor>;
}

/** Has the calling process hear, in every way there is, of the loss of a node. */
async function watch(erl: RunningNode): Promise<Watch> {
  Process.flag("trap_exit", true);
  Process.register(self(), "test");
  await erl.eval(
    `Other = spawn(fun Loop() -> receive {'$gen_call', _, _} -> {test, '${THIS_NODE}'} ! asked,
    Loop() end end), register(other, Other), {test, '${THIS_NODE}'} ! Other`,
  );
  const pid = await receive() as Pid;
  Process.link(pid);
  const ref = Process.monitor(["other", erl.node] as const);
  spawn(async () => {
    const failed = GenServer.call(["other", erl.node], "q", Infinity);
    send("test", ["failed", await failed.catch(({ reason }) => reason[0])]);
  });
  await receive(on("asked", () => {}));
  Node.monitor(erl.node, true);
  Node.monitorNodes(true, { nodedownReason: true });
  return { pid, ref };
}

/** Waits for all of that, and for nothing else. */
async function assertLost(
  { node }: RunningNode,
  { pid, ref }: Watch,
  reason: string,
): Promise<void> {
  const heard = [];
  while (heard.length < 5) heard.push(await receive());
  assertEquals(
    new Set(heard),
    new Set([
      ["EXIT", pid, "noconnection"],
      ["DOWN", ref, "process", ["other", node], "noconnection"],
      ["failed", ["nodedown", node]],
      ["nodedown", node],
      ["nodedown", node, { nodedown_reason: reason }],
    ]),
  );
  Node.monitorNodes(false, { nodedownReason: true });
  await assertSilence();
}
