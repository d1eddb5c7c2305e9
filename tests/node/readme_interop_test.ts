import { assert, assertEquals } from "@std/assert";
import { GenServer } from "../../mod.ts";
import { atom } from "../../lib/node/mod.ts";
import { clusterTest } from "./beam.ts";
import { asNode } from "./this_node.ts";

const STACK = `
  defmodule Stack do
    use GenServer
    def init(items), do: {:ok, items}
    def handle_call(:pop, _from, [top | rest]), do: {:reply, top, rest}
  end
  {:ok, pid} = GenServer.start(Stack, ["hello", "world"], name: :stack)
  Process.alive?(pid)`;

clusterTest(
  "README's call of a server of Elixir's is answered by that server, which goes on",
  "elixir",
  async (cluster) => {
    const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const [, code] = readme.match(/`await (GenServer\.call\(\["stack", "iex@[^`]*)`/) ?? [];
    assert(code !== undefined);
    const elixir = await cluster.elixir("iex");
    const run = new Function("GenServer", "atom", `return ${code}`);
    await asNode(cluster, async () => {
      assertEquals(await elixir.eval(STACK), "true");
      assertEquals(code.includes(elixir.node), true, elixir.node);
      assertEquals(await run(GenServer, atom), "hello");
      assertEquals(await run(GenServer, atom), "world");
      assertEquals(await elixir.eval("Process.alive?(pid)"), "true");
    });
  },
);
