/**
 * Process groups over real nodes: Erlang's and ours, each asked what it sees.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";

/** Waits in Erlang for what it is told of group `g`, by the monitor `Ref`. */
const NEXT_IN_ERL = "receive {Ref, What, g, Pids} -> {What, length(Pids)} after 20000 -> late end";
/** The same in denotp, by the monitor `ref`. */
const NEXT_IN_DENO = `
  const [, what, , pids] = await receive(on([globalThis.ref, _, "g", _], (event) => event));
  return [what, pids.length].join(" ");
`;

async function startErl(cluster: Cluster, name = "e"): Promise<RunningNode> {
  const erl = await cluster.erl(name);
  await erl.eval("{ok, _} = pg:start_link(), {Ref, _} = pg:monitor(g), ok");
  await erl.eval("Idle = fun() -> spawn(fun() -> receive stop -> ok end end) end, ok");
  return erl;
}

async function startDeno(cluster: Cluster, name = "d"): Promise<RunningNode> {
  const deno = await cluster.denotp(name);
  await deno.eval(`
    await Pg.start();
    globalThis.ref = (await Pg.monitor("g"))[0];
    globalThis.idle = () => spawn(async () => void await receive(on("stop", () => {})));
  `);
  return deno;
}

/** Connects `deno` with a node. */
async function connect(deno: RunningNode, { node }: RunningNode): Promise<void> {
  assertEquals(await deno.eval(`return await Node.connect(${JSON.stringify(node)})`), "true");
}

async function both(cluster: Cluster): Promise<[erl: RunningNode, deno: RunningNode]> {
  const [erl, deno] = await Promise.all([startErl(cluster), startDeno(cluster)]);
  await connect(deno, erl);
  return [erl, deno];
}

clusterTest(
  "Pg.join() of a process here is seen by Erlang, and so is leave()",
  "erl",
  async (cluster) => {
    const [erl, deno] = await both(cluster);
    await deno.eval(`globalThis.a = idle(); await Pg.join("g", a);`);
    assertEquals(await erl.eval(NEXT_IN_ERL), "{join,1}");
    await deno.eval(`await Pg.join("g", [a, a]);`);
    assertEquals(await erl.eval("receive {Ref, W2, g, P2} -> {W2, length(P2)} end"), "{join,2}");
    assertEquals(await erl.eval("{length(pg:get_members(g)), pg:get_local_members(g)}"), "{3,[]}");
    await deno.eval(`await Pg.leave("g", a);`);
    assertEquals(await erl.eval("receive {Ref, W3, g, P3} -> {W3, length(P3)} end"), "{leave,1}");
    assertEquals(await erl.eval("length(pg:get_members(g))"), "2");
    await deno.eval(`send(a, "stop")`);
    assertEquals(await erl.eval("receive {Ref, W4, g, P4} -> {W4, length(P4)} end"), "{leave,1}");
    assertEquals(await erl.eval("receive {Ref, W5, g, P5} -> {W5, length(P5)} end"), "{leave,1}");
    assertEquals(await erl.eval("pg:which_groups()"), "[]");
  },
);

clusterTest(
  "Pg sees the members of Erlang, their joins, leaves and deaths",
  "erl",
  async (cluster) => {
    const [erl, deno] = await both(cluster);
    await erl.eval("A = Idle(), pg:join(g, A)");
    assertEquals(await deno.eval(NEXT_IN_DENO), '"join 1"');
    await erl.eval("pg:join(g, [A, A])");
    assertEquals(await deno.eval(NEXT_IN_DENO), '"join 2"');
    assertEquals(
      await deno.eval(`return [Pg.getMembers("g").length, Pg.getLocalMembers("g").length].join()`),
      '"3,0"',
    );
    await erl.eval("pg:leave(g, A)");
    assertEquals(await deno.eval(NEXT_IN_DENO), '"leave 1"');
    await erl.eval("A ! stop");
    assertEquals(await deno.eval(NEXT_IN_DENO), '"leave 1"');
    assertEquals(await deno.eval(NEXT_IN_DENO), '"leave 1"');
    assertEquals(await deno.eval(`return Pg.whichGroups().length`), "0");
  },
);

clusterTest("Pg and Erlang mean the same group by a name of any kind", "erl", async (cluster) => {
  const [erl, deno] = await both(cluster);
  await deno.eval(`globalThis.ref = (await Pg.monitorScope())[0];`);
  const next = `
    const event = await receive(on([globalThis.ref, "join", _, _], (event) => event));
    await Pg.join(event[2], idle());
    return Pg.getMembers(event[2]).length;
  `;
  for (
    const name of [
      "room",
      "{room,7}",
      "[1,2]",
      `<<"text">>`,
      "#{a => [b]}",
      "2.0",
      "2",
      "{a,<<1>>}",
    ]
  ) {
    await erl.eval(`pg:join(${name}, Idle())`);
    assertEquals(await deno.eval(next), "2", name);
    assertEquals(
      await deno.eval(`await receive(on([globalThis.ref, "join", _, _], () => {}))`),
      "undefined",
    );
  }
  assertEquals(await deno.eval(`return Pg.whichGroups().length`), "8");
});

clusterTest("Pg loses the members of a node that is lost", "erl", async (cluster) => {
  const [erl, deno] = await both(cluster);
  await erl.eval("pg:join(g, [Idle(), Idle()])");
  assertEquals(await deno.eval(NEXT_IN_DENO), '"join 2"');
  await erl.kill();
  assertEquals(await deno.eval(NEXT_IN_DENO), '"leave 2"');
  assertEquals(await deno.eval(`return Pg.getMembers("g").length`), "0");
});

clusterTest(
  "Pg and Erlang find each other's members again after a net split",
  "erl",
  async (cluster) => {
    const [erl, deno] = await both(cluster);
    await deno.eval(`globalThis.a = idle(); globalThis.b = idle(); await Pg.join("g", [a, b]);`);
    assertEquals(await erl.eval(NEXT_IN_ERL), "{join,2}");
    await deno.eval(`Node.disconnect(${JSON.stringify(erl.node)})`);
    assertEquals(await erl.eval("receive {Ref, W2, g, P2} -> {W2, length(P2)} end"), "{leave,2}");
    await deno.eval(`await Pg.leave("g", b)`);
    await connect(deno, erl);
    assertEquals(await erl.eval("receive {Ref, W3, g, P3} -> {W3, length(P3)} end"), "{join,1}");
    assertEquals(await erl.eval("length(pg:get_members(g))"), "1");
  },
);

clusterTest(
  "Pg finds a scope that starts after the nodes have met, on either side",
  "erl",
  async (cluster) => {
    const [erl, deno] = await both(cluster);
    await deno.eval(`await Pg.start("late"); await Pg.join("late", "g", idle());`);
    await erl.eval("{ok, _} = pg:start_link(late), {Late, _} = pg:monitor_scope(late), ok");
    assertEquals(
      await erl.eval(
        "case pg:get_members(late, g) of [] -> receive {Late, join, g, [_]} -> 1 end; [_] -> 1 end",
      ),
      "1",
    );
    await erl.eval("pg:start_link(later), pg:join(later, g, Idle())");
    await deno.eval(
      `await Pg.start("later"); globalThis.later = (await Pg.monitor("later", "g"));`,
    );
    await deno.eval(`
    if (later[1].length === 0) await receive(on([later[0], "join", "g", _], () => {}));
    globalThis.count = [Pg.getMembers("later", "g").length, Pg.getMembers("g").length].join();
  `);
    assertEquals(await deno.eval(`return count`), '"1,0"');
  },
);

clusterTest(
  "Pg sees the members of another denotp node, and loses them with it",
  "deno",
  async (cluster) => {
    const [one, two] = await Promise.all([startDeno(cluster, "d1"), startDeno(cluster, "d2")]);
    await connect(one, two);
    await two.eval(`globalThis.a = idle(); await Pg.join("g", [a, a]);`);
    assertEquals(await one.eval(NEXT_IN_DENO), '"join 2"');
    await one.eval(`await Pg.join("g", idle())`);
    assertEquals(await one.eval(NEXT_IN_DENO), '"join 1"');
    assertEquals(await two.eval(NEXT_IN_DENO), '"join 2"');
    assertEquals(await two.eval(NEXT_IN_DENO), '"join 1"');
    assertEquals(await two.eval(`return Pg.getMembers("g").length`), "3");
    await two.kill();
    assertEquals(await one.eval(NEXT_IN_DENO), '"leave 2"');
    assertEquals(await one.eval(`return Pg.getMembers("g").length`), "1");
  },
);
