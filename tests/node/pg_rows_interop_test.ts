/**
 * The rows of the catalogue that speak of groups over nodes, between this node and one of Erlang.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  _,
  GenServer,
  on,
  Pg,
  type Pid,
  Process,
  receive,
  type Ref,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";
import { Node } from "../../lib/node/mod.ts";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const idle = () => spawn(async () => void await receive(on("stop", () => {})));

/** The next that a monitor of a group tells: `["join", 2]`. */
function next(monitor: Ref): Promise<readonly [what: string, pids: number]> {
  return receive(on([monitor, _, "g", _], ([, what, , pids]) => {
    return [what as string, (pids as Pid[]).length] as const;
  }));
}

/** A test of this node beside one of Erlang, both with the default scope, which watch group `g`. */
function besideErl(
  title: string,
  body: (erl: RunningNode, monitor: Ref, scope: Pid, cluster: Cluster) => Promise<void>,
): void {
  clusterTest(title, "erl", async (cluster) => {
    const erl = await cluster.erl("e");
    await erl.eval(`
      {ok, Scope} = pg:start(pg), {Ref, _} = pg:monitor(g),
      Idle = fun() -> spawn(fun() -> receive stop -> ok end end) end,
      Next = fun() -> receive {Ref, What, g, Pids} -> {What, length(Pids)} after 20000 -> late end end
    `);
    await asNode(cluster, async () => {
      const scope = unwrap(await Pg.start());
      const [monitor] = await Pg.monitor("g");
      try {
        await body(erl, monitor, scope, cluster);
      } finally {
        await GenServer.stop("pg");
      }
    });
  });
}

besideErl(
  "Pg.getMembers() lists members on Erlang nodes, getLocalMembers() does not [PG-014]",
  async (erl, monitor) => {
    await erl.eval("E = Idle(), pg:join(g, E)");
    await Node.connect(erl.node);
    assertEquals(await next(monitor), ["join", 1]);
    const here = idle();
    await Pg.join("g", here);
    assertEquals(Pg.getLocalMembers("g"), [here]);
    assertEquals(Pg.getMembers("g").map(({ node }) => node).sort(), [THIS_NODE, erl.node]);
    assertEquals(await erl.eval("{Next(), Next()}"), "{{join,1},{join,1}}");
    assertEquals(await erl.eval("pg:get_local_members(g) =:= [E]"), "true");
    assertEquals(await erl.eval("length(pg:get_members(g))"), "2");
  },
);

besideErl(
  "Pg and Erlang lose each other's members in a net split, and get those back that have not left [PG-015]",
  async (erl, monitor) => {
    const [stays, leaves] = [idle(), idle()];
    await Pg.join("g", [stays, leaves]);
    assertEquals(await next(monitor), ["join", 2]);
    await erl.eval(
      "[Stays, Leaves] = [Idle(), Idle()], pg:join(g, [Stays, Leaves]), {join, 2} = Next()",
    );
    await Node.connect(erl.node);
    assertEquals(await next(monitor), ["join", 2]);
    assertEquals(await erl.eval("Next()"), "{join,2}");

    Node.disconnect(erl.node);
    assertEquals(await next(monitor), ["leave", 2]);
    assertEquals(await erl.eval("Next()"), "{leave,2}");
    assertEquals(Pg.getMembers("g").length, 2);
    await Pg.leave("g", leaves);
    assertEquals(await next(monitor), ["leave", 1]);
    await erl.eval("pg:leave(g, Leaves), {leave, 1} = Next()");

    await Node.connect(erl.node);
    assertEquals(await next(monitor), ["join", 1]);
    assertEquals(await erl.eval("Next()"), "{join,1}");
    assertEquals(Pg.getMembers("g").length, 2);
    assertEquals(await erl.eval("lists:member(Leaves, pg:get_members(g))"), "false");
    assertEquals(await erl.eval("length(pg:get_members(g))"), "2");
  },
);

besideErl(
  "Pg loses members of this node when its scope restarts, and gets those of Erlang back [PG-016]",
  async (erl, monitor, scope) => {
    await Node.connect(erl.node);
    await erl.eval("pg:join(g, Idle()), {join, 1} = Next()");
    assertEquals(await next(monitor), ["join", 1]);
    await Pg.join("g", idle());
    assertEquals(await erl.eval("Next()"), "{join,1}");

    await GenServer.stop(scope);
    assertEquals(await erl.eval("Next()"), "{leave,1}");
    await Pg.start();
    const [anew, members] = await Pg.monitor("g");
    if (members.length === 0) assertEquals(await next(anew), ["join", 1]);
    assertEquals(Pg.getMembers("g").map(({ node }) => node), [erl.node]);
    assertEquals(Pg.getLocalMembers("g"), []);

    await erl.eval("gen_server:stop(Scope), {ok, Anew} = pg:start(pg)");
    assertEquals(await next(anew), ["leave", 1]);
    await Pg.join("g", idle());
    await erl.eval(`
      {Watch, Known} = pg:monitor(g),
      Known =/= [] orelse receive {Watch, join, g, [_]} -> ok end
    `);
    assertEquals(
      await erl.eval("{length(pg:get_members(g)), pg:get_local_members(g)}"),
      "{1,[]}",
    );
  },
);

besideErl(
  "Pg ignores join and leave from an Erlang process that is no scope it knows [PG-017]",
  async (erl, monitor, scope) => {
    await Node.connect(erl.node);
    await erl.eval("pg:join(g, Idle()), {join, 1} = Next()");
    assertEquals(await next(monitor), ["join", 1]);
    await erl.eval(`
      Fake = self(), [Member] = pg:get_members(g),
      {pg, '${THIS_NODE}'} ! {join, Fake, g, Fake},
      {pg, '${THIS_NODE}'} ! {join, Fake, other, [Fake, Fake]},
      {pg, '${THIS_NODE}'} ! {leave, Fake, Member, [g]},
      ping = net_adm:ping('${THIS_NODE}') =:= pong andalso ping
    `);
    assertEquals((await Pg.monitor("other"))[1], []);
    assertEquals(Pg.getMembers("g").map(({ node }) => node), [erl.node]);
    assertEquals(Process.isAlive(scope), true);
  },
);

besideErl(
  "Pg takes what Erlang's scope forces on it instead of what it knew [PG-018]",
  async (erl, monitor) => {
    await Node.connect(erl.node);
    await erl.eval(
      "A = Idle(), B = Idle(), pg:join(g, [A, A]), pg:join(gone, A), {join, 2} = Next()",
    );
    assertEquals(await next(monitor), ["join", 2]);
    await erl.eval(`
      gen_server:cast({pg, '${THIS_NODE}'}, {sync, Scope, [{g, [A, B]}, {new, [B]}]})
    `);
    assertEquals(await next(monitor), ["leave", 1]);
    assertEquals(await next(monitor), ["join", 1]);
    assertEquals((await Pg.monitor("gone"))[1], []);
    assertEquals(Pg.getMembers("new").length, 1);
    assertEquals(new Set(Pg.getMembers("g")).size, 2);
    // What is true comes back when it is asked for.
    send(["pg", erl.node], ["discover", Process.whereis("pg")]);
    assertEquals(await next(monitor), ["leave", 1]);
    assertEquals(await next(monitor), ["join", 1]);
    assertEquals([Pg.getMembers("new"), Pg.getMembers("gone").length], [[], 1]);
  },
);

besideErl(
  "Pg lets members join while an Erlang node asks thousands of times for all groups [PG-025]",
  async (erl, monitor, scope) => {
    await Node.connect(erl.node);
    for (let group = 0; group < 100; group++) await Pg.join(group, idle());
    await erl.eval(`
      Herd = [spawn(fun() -> (fun Loop() -> receive _ -> Loop() end end)() end) || _ <- lists:seq(1, 2000)],
      [{pg, '${THIS_NODE}'} ! {discover, Pid} || Pid <- Herd], pong = net_adm:ping('${THIS_NODE}')
    `);
    await Pg.join("g", idle());
    assertEquals(await next(monitor), ["join", 1]);
    assertEquals(await erl.eval("Next()"), "{join,1}");
    assertEquals(Process.isAlive(scope), true);
  },
);
