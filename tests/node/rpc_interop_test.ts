import { assertEquals } from "@std/assert";
import { exit, Process, receive, self } from "../../mod.ts";
import { atom, list, Node, Rpc } from "../../lib/node/mod.ts";
import { assertSilence } from "../helpers.ts";
import { clusterTest } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

const NOBODY = "nobody@127.0.0.1";

const SAMPLES = {
  add: (a: number, b: number) => a + b,
  raise: () => {
    throw new Error("boom");
  },
  leave: () => {
    throw exit("why");
  },
  toss: (value: unknown) => {
    throw value;
  },
  hang: () => new Promise(() => {}),
  die: () => Process.exit(self(), "kill"),
};

const BOOM =
  "#{'__exception__' => true,'__struct__' => 'Elixir.RuntimeError',message => <<\"boom\">>}";

clusterTest("Erlang's rpc reaches what is exported here", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    Node.exportFunctions("samples", SAMPLES);
    await erl.eval(`
      Node = '${THIS_NODE}',
      Call = fun(F, A) -> rpc:call(Node, samples, F, A) end,
      Block = fun(F, A) -> rpc:block_call(Node, samples, F, A) end,
      Rex = fun(F, A) -> gen_server:call({rex, Node}, {call, samples, F, A, self()}) end
    `);
    for (const how of ["Call", "Block", "Rex"]) {
      const rows = [
        ["add, [1, 2]", "3"],
        ["toss, [{ball, 1}]", "{ball,1}"],
        ["leave, []", "{badrpc,{'EXIT',why}}"],
        ["raise, []", `{badrpc,{'EXIT',{${BOOM},[{samples,raise,[],[]}]}}}`],
        ["nothing, [1]", "{badrpc,{'EXIT',{undef,[{samples,nothing,[1],[]}]}}}"],
      ] as const;
      for (const [args, expected] of rows) {
        assertEquals(await outcomeOf(erl, `${how}(${args})`), expected, `${how}(${args})`);
      }
    }
    for (const how of ["Call", "Rex"]) {
      assertEquals(await outcomeOf(erl, `${how}(die, [])`), "{badrpc,{'EXIT',killed}}", how);
    }
    const more = [
      ["rpc:call(Node, samples, hang, [], 50)", "{badrpc,timeout}"],
      [
        "rpc:multicall([Node, node()], samples, add, [1, 2])",
        "{[3,{badrpc,{'EXIT',{undef,[{samples,add,[1,2],[]}]}}}],[]}",
      ],
      ["rpc:multicall([Node], samples, hang, [], 50)", `{[],['${THIS_NODE}']}`],
      ["rpc:sbcast([Node], nobody, hi)", `{[],['${THIS_NODE}']}`],
      [
        "{rex, Node} ! {self(), features_request}, receive Reply -> Reply end",
        `{features_reply,'${THIS_NODE}',[erpc]}`,
      ],
      [
        "{rex, Node} ! {self(), {call, samples, add, [1, 2], user}}, receive Sum -> Sum end",
        "{rex,3}",
      ],
    ] as const;
    for (const [call, expected] of more) assertEquals(await outcomeOf(erl, call), expected, call);
    Node.unexportFunctions("samples");
  });
});

clusterTest("Erlang's rpc:cast, abcast and sbcast reach this node", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    const test = self();
    Process.register(test, "test");
    Node.exportFunctions("samples", {
      tell: (what: unknown) => void Process.sendAfter(test, what, 0),
    });
    const casts = [
      ["rpc:cast", "true", `samples, tell, [{hello, 1}]`],
      ["rpc:abcast", "abcast", "test, {hello, 1}"],
      ["rpc:sbcast", `{['${THIS_NODE}'],[]}`, "test, {hello, 1}"],
    ] as const;
    for (const [name, result, args] of casts) {
      const node = name === "rpc:cast" ? `'${THIS_NODE}'` : `['${THIS_NODE}']`;
      assertEquals(await erl.eval(`${name}(${node}, ${args})`), result);
      assertEquals(await receive(), ["hello", 1]);
    }
    await assertSilence();
    Node.unexportFunctions("samples");
  });
});

clusterTest("Rpc.call() and blockCall() run functions of Erlang", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    for (const call of [Rpc.call, Rpc.blockCall]) {
      assertEquals(await call(erl.node, "lists", "sum", [list([1, 2])]), 3);
      assertEquals(await call(erl.node, "erlang", "throw", [["ball", 1]]), ["ball", 1]);
      const left = await call(erl.node, "erlang", "exit", [atom("why")]);
      assertEquals(left, ["badrpc", ["EXIT", "why"]]);
      const stack = list([["nowhere", "nothing", list([1]), list()]]);
      const undef = await call(erl.node, "nowhere", "nothing", [1]);
      assertEquals(undef, ["badrpc", ["EXIT", ["undef", stack]]]);
      assertEquals(await call(erl.node, "timer", "sleep", [200], 50), ["badrpc", "timeout"]);
      assertEquals(await call(NOBODY, "erlang", "node", []), ["badrpc", "nodedown"]);
    }
    await assertSilence();
  });
});

clusterTest(
  "Rpc.call() and blockCall() resolve with nodedown when the node is killed",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      assertEquals(await Rpc.call(erl.node, "erlang", "node", []), erl.node);
      const calls = [Rpc.call, Rpc.blockCall].map((call) =>
        call(erl.node, "timer", "sleep", [60_000])
      );
      assertEquals(await Rpc.call(erl.node, "erlang", "node", []), erl.node);
      await erl.kill();
      assertEquals(await Promise.all(calls), [["badrpc", "nodedown"], ["badrpc", "nodedown"]]);
    });
  },
);

clusterTest(
  "Rpc.multicall(), cast(), abcast() and sbcast() reach several nodes",
  "erl",
  async (cluster) => {
    const [one, two] = await Promise.all([cluster.erl("e1"), cluster.erl("e2")]);
    await asNode(cluster, async () => {
      const nodes = [one.node, NOBODY, two.node];
      assertEquals(await Rpc.multicall(nodes, "erlang", "node", []), [[one.node, two.node], [
        NOBODY,
      ]]);
      assertEquals(await Rpc.multicall([one.node], "timer", "sleep", [200], 50), [[], [one.node]]);
      assertEquals(Rpc.cast(one.node, "erlang", "send", [self(), "hello"]), true);
      assertEquals(await receive(), "hello");
      await Promise.all([one, two].map((node) => node.eval("register(listener, self())")));
      assertEquals(Rpc.abcast([one.node, two.node], "listener", ["hi", 1]), "abcast");
      for (const node of [one, two]) assertEquals(await node.eval("receive A -> A end"), "{hi,1}");
      assertEquals(await Rpc.sbcast(nodes, "listener", ["ho", 2]), [[one.node, two.node], [
        NOBODY,
      ]]);
      for (const node of [one, two]) assertEquals(await node.eval("receive B -> B end"), "{ho,2}");
      assertEquals(await Rpc.sbcast([one.node], "nobody", 1), [[], [one.node]]);
      await assertSilence();
    });
  },
);

clusterTest("Rpc reaches what another denotp node exports", "deno", async (cluster) => {
  const deno = await cluster.denotp("t");
  await deno.eval(`Node.exportFunctions("samples", {
    add: (a, b) => a + b,
    leave: (reason) => { throw exit(reason); },
  })`);
  await asNode(cluster, async () => {
    for (const call of [Rpc.call, Rpc.blockCall]) {
      assertEquals(await call(deno.node, "samples", "add", [1, 2]), 3);
      const left = await call(deno.node, "samples", "leave", ["why"]);
      assertEquals(left, ["badrpc", ["EXIT", "why"]]);
      const stack = list([["samples", "nothing", list(), list()]]);
      const undef = await call(deno.node, "samples", "nothing", []);
      assertEquals(undef, ["badrpc", ["EXIT", ["undef", stack]]]);
    }
    assertEquals(await Rpc.sbcast([deno.node], "rex", "hi"), [[deno.node], []]);
    await assertSilence();
  });
});

clusterTest(
  "What functions of Erlang print and log that are run from here appears here",
  "erl",
  async (cluster) => {
    const [erl, deno] = await Promise.all([cluster.erl("e"), cluster.denotp("t")]);
    await deno.eval(`globalThis.ask = (module, name) =>
    Rpc.call("${erl.node}", module, name, [list("~s: ~p~n"), list(["the pi", ["about", atom("three")]])])`);
    assertEquals(await deno.eval('return await ask("io", "format")'), '"ok"');
    assertEquals(await deno.hasPrinted("the pi"), "the pi: {about,three}");
    assertEquals(await deno.eval('return await ask("logger", "notice")'), '"ok"');
    assertEquals(await deno.hasPrinted("[notice]"), "[notice] the pi: {about,three}");
    assertEquals(erl.printed, []);
  },
);
