import { assertEquals, assertNotStrictEquals } from "@std/assert";
import {
  GenServer,
  type Pid,
  Process,
  receive,
  self,
  send,
  Supervisor,
  unwrap,
} from "../../../mod.ts";
import { atom, Erpc, list, Node } from "../../../lib/node/mod.ts";
import { assertSilence, collectReports, exitOf, reasonOf } from "../../helpers.ts";
import { clusterTest, type RunningNode } from "../beam.ts";
import { asNode, THIS_NODE } from "../this_node.ts";
import { ELIXIR_SERVER, Server } from "./servers.ts";

/** Waits for the pid of a server that was started. */
async function started(): Promise<Pid> {
  const [tag, pid] = await receive() as readonly [string, Pid];
  assertEquals(tag, "started");
  return pid;
}

// --- Elixir supervises --------------------------------------------------------------------------

/** A child that an exported function starts. A supervisor expects to be linked to it. */
const CHILD = `
  defmodule Child do
    def start_link(node) do
      {:ok, pid} = :erpc.call(node, :samples, :start, ["state"])
      Process.link(pid)
      {:ok, pid}
    end
  end
  Logger.configure(level: :none)
  child = %{id: :remote, start: {Child, :start_link, [:"${THIS_NODE}"]}}
  {:ok, sup} = Supervisor.start_link([child], strategy: :one_for_one, max_restarts: 3)
`;

clusterTest(
  "GenServer that a Supervisor of Elixir supervises is restarted, and exits with it",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      const test = self();
      Node.exportFunctions("samples", {
        async start(state: unknown) {
          const result = await GenServer.start(Server, state, { name: "srv" });
          send(test, ["started", unwrap(result)]);
          return result;
        },
      });
      try {
        await elixir.eval(CHILD);
        const first = await started();
        const srv = `{:srv, :"${THIS_NODE}"}`;
        assertEquals(await elixir.eval(`GenServer.call(${srv}, {:swap, "changed"})`), '"state"');

        // It crashes, and is killed: there is another.
        const crash =
          `try do GenServer.call(${srv}, {:raise, "Boom"}) catch :exit, _ -> :crashed end`;
        assertEquals(await elixir.eval(crash), ":crashed");
        const second = await started();
        assertNotStrictEquals(second, first);
        assertEquals(await GenServer.call(second, ["get"]), "state");
        Process.exit(second, "kill");
        const third = await started();
        assertEquals(
          await elixir.eval(
            `[{:remote, pid, :worker, [Child]}] = Supervisor.which_children(sup); ` +
              `pid == GenServer.call(${srv}, {:pid})`,
          ),
          "true",
        );

        // The supervisor ends it, and starts it when it is told to.
        const end = exitOf(third);
        await elixir.eval("Supervisor.terminate_child(sup, :remote)");
        assertEquals(await end, "shutdown");
        assertEquals(await elixir.eval(`GenServer.whereis(${srv}) == ${srv}`), "true");
        await elixir.eval("Supervisor.restart_child(sup, :remote)");
        const fourth = await started();
        const last = exitOf(fourth);
        assertEquals(await elixir.eval("Supervisor.stop(sup)"), ":ok");
        assertEquals(await last, "shutdown");
        await assertSilence();
      } finally {
        Node.unexportFunctions("samples");
      }
    });
  },
);

clusterTest(
  "Supervisor of Elixir gives up when the node of its child has stopped",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    let server: Pid;
    Node.exportFunctions("samples", {
      start: (state: unknown) => GenServer.start(Server, state, { name: "srv" }),
    });
    await asNode(cluster, async () => {
      await elixir.eval(`${CHILD}; GenServer.call({:srv, :"${THIS_NODE}"}, {:get})`);
      server = Process.whereis("srv")!;
      assertEquals(Process.info(server, "links")?.[1].length, 1);
    });
    Node.unexportFunctions("samples");
    // The link is lost, on this side too.
    const gone = "receive do {:EXIT, ^sup, reason} -> reason end";
    assertEquals(await elixir.eval(gone), ":shutdown");
    assertEquals(Process.isAlive(server!), false);
  },
);

// --- denotp supervises --------------------------------------------------------------------------

/** A server of Elixir as a child of a supervisor here. */
function childOn(peer: RunningNode, test: Pid) {
  const Remote = {
    async startLink(state: string) {
      const options = list([["name", atom("srv")]]);
      const args = [atom("Elixir.Server"), state, options];
      const result = await Erpc.call(peer.node, "Elixir.GenServer", "start", args);
      const pid = unwrap(result as readonly ["ok", Pid]);
      Process.link(pid);
      send(test, ["started", pid]);
      return ["ok", pid] as const;
    },
  };
  return { id: "remote", start: [Remote, "startLink", ["state"]] } as const;
}

clusterTest(
  "Supervisor restarts a GenServer of Elixir, stops it, and gives up when its node is killed",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await elixir.eval(ELIXIR_SERVER);
    await asNode(cluster, async () => {
      using _reports = collectReports();
      Process.flag("trap_exit", true);
      const child = childOn(elixir, self());
      const supervisor = unwrap(await Supervisor.startLink([child], { strategy: "one_for_one" }));
      const server = ["srv", elixir.node] as const;
      const first = await started();
      assertEquals(first.node, elixir.node);
      assertEquals(await GenServer.call(server, ["swap", "changed"]), "state");

      await reasonOf(() => GenServer.call(server, ["raise", "Boom"]));
      const second = await started();
      assertNotStrictEquals(second, first);
      assertEquals(await GenServer.call(server, ["get"]), "state");
      await reasonOf(() => GenServer.call(server, ["kill"]));
      const third = await started();
      assertEquals(await Supervisor.whichChildren(supervisor), [
        ["remote", third, "worker", [child.start[0]]],
      ]);

      const end = Process.monitor(third);
      assertEquals(await Supervisor.terminateChild(supervisor, "remote"), "ok");
      assertEquals(await receive(), ["DOWN", end, "process", third, "shutdown"]);
      assertEquals((await Supervisor.restartChild(supervisor, "remote"))[0], "ok");
      const fourth = await started();
      const lost = Process.monitor(fourth);
      await elixir.kill();
      assertEquals(await receive(), ["DOWN", lost, "process", fourth, "noconnection"]);
      assertEquals(await receive(), ["EXIT", supervisor, "shutdown"]);
      await assertSilence();
    });
  },
);
