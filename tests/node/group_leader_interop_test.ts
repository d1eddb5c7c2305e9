import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  _,
  Application,
  on,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  spawnLink,
  unwrap,
} from "../../mod.ts";
import { exportFunctions, unexportFunctions } from "../../lib/node/calls/exports.ts";
import { atom, Erpc, list, Node } from "../../lib/node/mod.ts";
import { textOf } from "../../lib/node/services/chardata.ts";
import { collectReports } from "../helpers.ts";
import { clusterTest } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

/** Starts a group leader that sends what is printed to the calling process. */
function capturing(): Pid {
  const parent = self();
  return spawnLink(async () => {
    for (;;) {
      const [from, as, request] = await receive(
        on(["io_request", _, _, _], ([, ...rest]) => rest as [Pid, unknown, unknown[]]),
      );
      send(from, ["io_reply", as, atom("ok")]);
      send(parent, ["printed", textOf(request.at(-1))]);
    }
  });
}

const printed = () => receive(on(["printed", _], ([, text]) => text));

clusterTest(
  "Process.groupLeader() decides where processes of Erlang print that are started from here",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const print = (text: string) =>
        Erpc.call(erl.node, "erlang", "apply", [
          atom("io"),
          atom("put_chars"),
          list([list([...text].map((each) => each.codePointAt(0)))]),
        ]);
      const ofNode = Process.groupLeader();
      assert(ofNode !== self() && Process.isAlive(ofNode));
      assertStrictEquals(await Erpc.call(erl.node, "erlang", "group_leader", []), ofNode);

      Process.groupLeader(self(), capturing());
      assertStrictEquals(
        await Erpc.call(erl.node, "erlang", "group_leader", []),
        Process.groupLeader(),
      );
      await print("captured");
      assertEquals(await printed(), "captured");
      await Node.spawn(erl.node, "io", "put_chars", [list([104, 105])]);
      assertEquals(await printed(), "hi");

      // Of a process that runs there.
      const there = await Node.spawn(erl.node, "timer", "sleep", [60_000]);
      Process.groupLeader(there, ofNode);
      const info = await Erpc.call(erl.node, "erlang", "process_info", [
        there,
        atom("group_leader"),
      ]);
      assertEquals((info as unknown[])[1], ofNode);
      Process.exit(there, "kill");
    });
  },
);

clusterTest(
  "Process.groupLeader() of a process that Erlang has started is the one that came along",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const asked = Promise.withResolvers<Pid>();
      exportFunctions("samples", { leader: () => Process.groupLeader() });
      const leaders =
        `Mine = group_leader(), erpc:call('${THIS_NODE}', samples, leader, []) =:= Mine`;
      assertEquals(await outcomeOf(erl, leaders), "true");

      // And Erlang may set that of a process here.
      const pid = spawn(async () => {
        await receive();
        asked.resolve(Process.groupLeader());
      });
      await Erpc.call(erl.node, "persistent_term", "put", [atom("pid"), pid]);
      await erl.eval("group_leader(self(), persistent_term:get(pid))");
      await erl.eval("persistent_term:get(pid) ! go");
      assertEquals((await asked.promise).node, erl.node);
      unexportFunctions("samples");
    });
  },
);

clusterTest(
  "Process.groupLeader() is not sent along by an application, whose master does not print",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      const ofNode = Process.groupLeader();
      const found: Pid[] = [];
      const App = {
        start: async () => {
          found.push(Process.groupLeader());
          found.push(
            unwrap(["ok", await Erpc.call(erl.node, "erlang", "group_leader", [])]) as Pid,
          );
          return ["ok", spawnLink(() => receive())] as const;
        },
      };
      assertEquals(await Application.start({ name: "quiet", mod: [App, []] }), "ok");
      assert(found[0] !== ofNode);
      assertStrictEquals(found[1], ofNode);
      await Application.stop("quiet");
      Application.unload("quiet");
    });
  },
);
