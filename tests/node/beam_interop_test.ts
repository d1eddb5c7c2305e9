import { assertEquals, assertRejects } from "@std/assert";
import { clusterTest, EvalError } from "./beam.ts";

clusterTest("RunningNode.eval() returns what Erlang prints", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  assertEquals(await erl.eval(`X = [{a, "ö", <<"ö"/utf8>>}], X`), `[{a,"ö",<<"ö"/utf8>>}]`);
  assertEquals(await erl.eval('io:format("stray"), node()'), "'e@127.0.0.1'");
  assertEquals(await erl.hasPrinted("stray"), "stray");
  assertEquals(await erl.eval("length(X)"), "1");
  await assertRejects(() => erl.eval("atom_to_list(1)"), EvalError, "error:badarg");
  await assertRejects(() => erl.eval("exit(why)"), EvalError, "exit:why");
});

clusterTest("RunningNode.eval() returns what Elixir prints", "elixir", async (cluster) => {
  const elixir = await cluster.elixir("x");
  assertEquals(await elixir.eval(`x = %{"ö" => [:a]}; x`), `%{"ö" => [:a]}`);
  assertEquals(await elixir.eval("map_size(x)"), "1");
  assertEquals(await elixir.erl("node()"), "'x@127.0.0.1'");
});

clusterTest("Cluster connects its Erlang and Elixir nodes", "elixir", async (cluster) => {
  const [erl, elixir] = await Promise.all([cluster.erl("e"), cluster.elixir("x")]);
  assertEquals(await erl.eval(`net_adm:ping('${elixir.node}')`), "pong");
  assertEquals(await elixir.eval("Node.list()"), `[:"${erl.node}"]`);
  await erl.eval("net_kernel:monitor_nodes(true)");
  await elixir.kill();
  assertEquals(await erl.eval("receive {nodedown, N} -> N end"), `'${elixir.node}'`);
});

clusterTest(
  "RunningNode.pause() stops a node, and resume() makes it go on",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    erl.pause();
    const answer = erl.eval("1 + 1");
    let isHere = false;
    answer.then(() => isHere = true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEquals(isHere, false);
    erl.resume();
    assertEquals(await answer, "2");
  },
);

clusterTest("RunningNode.eval() rejects when the node is killed", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  const answer = assertRejects(() => erl.eval("timer:sleep(infinity)"), Error, "has ended");
  await erl.kill();
  await answer;
});
