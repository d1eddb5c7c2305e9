import { assertEquals } from "@std/assert";
import { GenServer, noreply, ok, on, receive, reply, self, send } from "../../mod.ts";
import { Node } from "../../lib/node/mod.ts";
import { clusterTest } from "./beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const ELIXIR_SERVER = `
  defmodule Echo do
    use GenServer
    def init(tester), do: {:ok, tester}
    def handle_call(request, _from, tester), do: {:reply, {:elixir, request}, tester}
    def handle_cast(request, tester) do
      send(tester, {:cast, request})
      {:noreply, tester}
    end
  end
  {:ok, _} = GenServer.start(Echo, self(), name: :echo)
  :ok
`;

clusterTest(
  "GenServer.multiCall() and abcast() reach this node and all that are connected",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await elixir.eval(ELIXIR_SERVER);
    await asNode(cluster, async () => {
      const tester = self();
      const server = {
        init: () => ok(undefined),
        handleCall: (request: number, _from: GenServer.From, state: undefined) =>
          reply(["deno", request], state),
        handleCast: (request: number, state: undefined) => {
          send(tester, ["cast", request]);
          return noreply(state);
        },
      };
      await GenServer.startLink(server, undefined, { name: "echo" });
      assertEquals(await GenServer.multiCall("echo", 0), [[[THIS_NODE, ["deno", 0]]], []]);
      await Node.connect(elixir.node);
      assertEquals(await GenServer.multiCall("echo", 1), [
        [[THIS_NODE, ["deno", 1]], [elixir.node, ["elixir", 1]]],
        [],
      ]);
      const nodes = [elixir.node, "nobody@127.0.0.1", THIS_NODE];
      assertEquals(await GenServer.multiCall("echo", 2, 5000, nodes), [
        [[elixir.node, ["elixir", 2]], [THIS_NODE, ["deno", 2]]],
        ["nobody@127.0.0.1"],
      ]);
      assertEquals(GenServer.abcast("echo", 3), "abcast");
      assertEquals(await receive(on(["cast", 3], () => "came")), "came");
      assertEquals(
        await elixir.eval("receive do {:cast, _} = message -> message end"),
        "{:cast, 3}",
      );
      assertEquals(
        await elixir.eval("GenServer.multi_call(Node.list(), :echo, 4, 5000)"),
        `{["${THIS_NODE}": {:deno, 4}], []}`,
      );
    });
  },
);
