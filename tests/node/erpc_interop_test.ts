import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Exit, exit, Process, receive, self } from "../../mod.ts";
import { atom, Erpc, type Fun, list, Node } from "../../lib/node/mod.ts";
import { clusterTest, type RunningNode } from "./beam.ts";
import { assertSilence } from "../helpers.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

const NOBODY = "nobody@127.0.0.1";

const SAMPLES = {
  add: (a: number, b: number) => a + b,
  shout: (text: string) => Promise.resolve(text.toUpperCase()),
  pair: (value: unknown) => ["pair", list([value, value])],
  okay: () => atom("ok"),
  raise: () => {
    throw new RangeError("too much");
  },
  leave: () => {
    throw exit("why");
  },
  leaveOrderly: (details: unknown) => {
    throw exit(["shutdown", details]);
  },
  toss: (value: unknown) => {
    throw value;
  },
  hang: () => new Promise(() => {}),
  die: () => Process.exit(self(), "kill"),
  notANumber: () => NaN,
};

/** Evaluates each expression there, and compares it with what it should give. */
async function table(node: RunningNode, rows: readonly (readonly [string, string])[]) {
  for (const [expression, expected] of rows) {
    assertEquals(await outcomeOf(node, expression), expected, expression);
  }
}

clusterTest("Erlang's erpc:call runs what is exported here", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    Node.exportFunctions("samples", SAMPLES);
    await erl.eval(`Call = fun(F, A) -> erpc:call('${THIS_NODE}', samples, F, A) end`);
    await table(erl, [
      ["Call(add, [1, 2])", "3"],
      ['Call(shout, [<<"hey">>])', '<<"HEY">>'],
      ["Call(pair, [{a, 1}])", "{pair,[{a,1},{a,1}]}"],
      ["Call(okay, [])", "ok"],
      ["Call(toss, [{ball, 1}])", "** throw:{ball,1}"],
      ["Call(leave, [])", "** exit:{exception,why}"],
      ["Call(leaveOrderly, [1])", "** exit:{exception,{shutdown,1}}"],
      [
        "Call(raise, [])",
        "** error:{exception,#{'__exception__' => true,'__struct__' => 'Elixir.RuntimeError'," +
        'message => <<"RangeError: too much">>},[{samples,raise,[],[]}]}',
      ],
      ["Call(die, [])", "** exit:{signal,killed}"],
      ["Call(nothing, [1])", "** error:{exception,undef,[{samples,nothing,[1],[]}]}"],
      ["Call(add, [1])", "** error:{exception,undef,[{samples,add,[1],[]}]}"],
      [
        "Call(add, [1|2])",
        "** error:{exception,badarg,[{erlang,apply,[samples,add,[1|2]],[]}]}",
      ],
      [`erpc:call('${THIS_NODE}', samples, hang, [], 50)`, "** error:{erpc,timeout}"],
      [
        `erpc:call('${THIS_NODE}', os, cmd, ["ls"])`,
        '** error:{exception,undef,[{os,cmd,["ls"],[]}]}',
      ],
    ]);
    const tooFar = await outcomeOf(erl, "Call(notANumber, [])");
    assertStringIncludes(tooFar, "** error:{exception,#{");
    assertStringIncludes(tooFar, "Erlang has no NaN");
    const fun = await outcomeOf(erl, `erpc:call('${THIS_NODE}', fun() -> 1 end)`);
    assertStringIncludes(fun, "** error:{exception,undef,[{erlang,apply,[#Fun<erl_eval");
    Node.unexportFunctions("samples");
  });
});

clusterTest(
  "Erlang's erpc:send_request, multicall and cast reach what is exported here",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      const test = self();
      Node.exportFunctions("samples", {
        ...SAMPLES,
        tell: (what: unknown) => void Process.sendAfter(test, what, 0),
      });
      await table(erl, [
        [
          `R = erpc:send_request('${THIS_NODE}', samples, add, [1, 2]), erpc:receive_response(R, 1000)`,
          "3",
        ],
        [
          `erpc:multicall([node(), '${THIS_NODE}'], samples, leave, [])`,
          "[{error,{exception,undef,[{samples,leave,[],[]}]}},{exit,{exception,why}}]",
        ],
        [`erpc:cast('${THIS_NODE}', samples, tell, [{hello, self()}])`, "ok"],
      ]);
      const [hello, from] = await receive() as [string, Parameters<typeof Process.monitor>[0]];
      assertEquals(hello, "hello");
      Process.exit(from as never, "shutdown");
      assertEquals(await erl.eval("receive {'EXIT', _, shutdown} -> told end"), "told");
      await assertSilence();
      Node.unexportFunctions("samples");
    });
  },
);

clusterTest("Elixir's :erpc.call runs what is exported here", "elixir", async (cluster) => {
  const elixir = await cluster.elixir("x");
  await asNode(cluster, async () => {
    Node.exportFunctions("calculator", SAMPLES);
    Node.exportFunctions("Elixir.Calculator", SAMPLES);
    await elixir.eval(`node = :"${THIS_NODE}"`);
    await table(elixir, [
      ["Node.connect(node)", "true"],
      ["Node.ping(node)", ":pong"],
      [":erpc.call(node, :calculator, :add, [1, 2])", "3"],
      [':erpc.call(node, Calculator, :shout, ["hö"])', '"HÖ"'],
      [":erpc.call(node, :calculator, :pair, [%{a: 1}])", "{:pair, [%{a: 1}, %{a: 1}]}"],
      [
        "try do :erpc.call(node, :calculator, :raise, []) rescue e -> e end",
        '%ErlangError{original: {:exception, %RuntimeError{message: "RangeError: too much"}, ' +
        "[{:calculator, :raise, [], []}]}, reason: nil}",
      ],
      [
        "catch_exit = try do :erpc.call(node, :calculator, :leave, []) catch k, r -> {k, r} end",
        "{:exit, {:exception, :why}}",
      ],
    ]);
    Node.unexportFunctions("calculator");
    Node.unexportFunctions("Elixir.Calculator");
  });
});

clusterTest("Erpc.call() runs functions of Erlang", "erl", async (cluster) => {
  const erl = await cluster.erl("e");
  await asNode(cluster, async () => {
    const call = (module: string, name: string, args: unknown[], timeout?: number) =>
      Erpc.call(erl.node, module, name, args, timeout);
    const error = (module: string, name: string, args: unknown[], timeout?: number) =>
      assertRejects(() => call(module, name, args, timeout), Erpc.ErpcError);
    assertEquals(await call("erlang", "node", []), erl.node);
    assertEquals(await call("lists", "reverse", [list([1, ["a", "b"]])]), list([["a", "b"], 1]));
    assertEquals(await call("erlang", "atom_to_binary", [atom("hö")]), "hö");
    assertEquals(
      await call("erlang", "throw", [["ball", 1]]).catch((thrown) => thrown),
      ["ball", 1],
    );
    const { reason } = await assertRejects(() => call("erlang", "exit", [["bye", 1]]), Exit);
    assertEquals(reason, ["exception", ["bye", 1]]);
    const badarg = await error("erlang", "atom_to_list", [1]);
    assertEquals(badarg.reason.slice(0, 2), ["exception", "badarg"]);
    assertEquals((badarg.cause as Error).stack, "Error: badarg\n    at erlang:atom_to_list/1");
    const clause = await error("lists", "nth", [3, list([1])]);
    assertEquals(clause.message, `lists:nth/2 on ${erl.node} raised an error: function_clause`);
    assertStringIncludes((clause.cause as Error).stack!, "\n    at lists:nth/2 (lists.erl:");
    assertEquals((await error("nowhere", "nothing", [1])).reason, [
      "exception",
      "undef",
      list([["nowhere", "nothing", list([1]), list()]]),
    ]);
    assertEquals((await error("timer", "sleep", [10_000], 50)).reason, ["erpc", "timeout"]);
    assertEquals(
      (await assertRejects(() => Erpc.call(NOBODY, "erlang", "node", []), Erpc.ErpcError)).reason,
      ["erpc", "noconnection"],
    );
    await assertSilence();
  });
});

clusterTest("Erpc.call() formats the exceptions of Elixir", "elixir", async (cluster) => {
  const elixir = await cluster.elixir("x");
  await asNode(cluster, async () => {
    const call = (module: string, name: string, args: unknown[]) =>
      Erpc.call(elixir.node, module, name, args);
    assertEquals(await call("Elixir.String", "upcase", ["hö"]), "HÖ");
    assertEquals(await call("Elixir.Enum", "sum", [list([1, 2, 3])]), 6);
    const { cause } = await assertRejects(
      () => call("Elixir.String", "to_existing_atom", ["never_seen_before"]),
      Erpc.ErpcError,
    );
    assertEquals((cause as Error).message, "badarg");
    const error = await assertRejects(
      () => call("Elixir.Enum", "fetch!", [list(), 3]),
      Erpc.ErpcError,
    );
    assertEquals(
      error.message,
      `Elixir.Enum:fetch!/2 on ${elixir.node} raised an error: out of bounds error`,
    );
    assertEquals((error.cause as Error).name, "Enum.OutOfBoundsError");
  });
});

clusterTest(
  "Erpc.call() rejects when the process or the node is terminated during the call",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Process.register(self(), "test");
      await erl.eval(
        `{test, '${THIS_NODE}'} ! {suicide, fun() -> exit(self(), kill), receive after 5000 -> ok end end}`,
      );
      const [, fun] = await receive() as [string, Fun];
      const killed = await assertRejects(
        () => Erpc.call(erl.node, "erlang", "apply", [fun, list()]),
        Exit,
      );
      assertEquals(killed.reason, ["signal", "killed"]);
      const lost = assertRejects(
        () => Erpc.call(erl.node, "timer", "sleep", [60_000]),
        Erpc.ErpcError,
      );
      assertEquals(await Erpc.call(erl.node, "erlang", "node", []), erl.node);
      await erl.kill();
      assertEquals((await lost).reason, ["erpc", "noconnection"]);
      await assertSilence();
    });
  },
);

clusterTest(
  "Erpc.multicall() tells what became of each call on each node",
  "erl",
  async (cluster) => {
    const [one, two] = await Promise.all([cluster.erl("e1"), cluster.erl("e2")]);
    await asNode(cluster, async () => {
      assertEquals(
        await Erpc.multicall([two.node, NOBODY, one.node], "erlang", "node", []),
        [["ok", two.node], ["error", ["erpc", "noconnection"]], ["ok", one.node]],
      );
      assertEquals(
        await Erpc.multicall([one.node], "timer", "sleep", [10_000], 50),
        [["error", ["erpc", "timeout"]]],
      );
    });
  },
);

clusterTest(
  "Erpc.cast(), sendRequest() and checkResponse() reach functions of Erlang",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      assertEquals(Erpc.cast(erl.node, "erlang", "send", [self(), ["hello", "you"]]), "ok");
      assertEquals(await receive(), ["hello", "you"]);
      const request = Erpc.sendRequest(erl.node, "erlang", "abs", [-1]);
      assertEquals(Erpc.checkResponse(await receive(), request), ["response", 1]);
      const other = Erpc.sendRequest(erl.node, "erlang", "exit", ["why"]);
      await assertRejects(() => Erpc.receiveResponse(other, 5000), Exit);
      const lost = Erpc.sendRequest(NOBODY, "erlang", "node", []);
      const error = await assertRejects(() => Erpc.waitResponse(lost, 5000), Erpc.ErpcError);
      assertEquals(error.reason, ["erpc", "noconnection"]);
      await assertSilence();
    });
  },
);

clusterTest(
  "Erpc.call() runs what another denotp node exports, and loses nothing on the way",
  "deno",
  async (cluster) => {
    const deno = await cluster.denotp("t");
    await deno.eval(`Node.exportFunctions("samples", {
    echo: (value) => value,
    raise: () => { throw new RangeError("too much", { cause: new Error("deeper") }); },
    leave: (reason) => { throw exit(reason); },
    toss: (value) => { throw value; },
    fun: () => () => 1,
    hang: () => new Promise(() => {}),
  })`);
    await asNode(cluster, async () => {
      const call = (name: string, args: unknown[] = [], timeout?: number) =>
        Erpc.call(deno.node, "samples", name, args, timeout);
      const value = { date: new Date(0), set: new Set([1]), none: undefined, nan: NaN, text: "ok" };
      assertEquals(await call("echo", [value]), value);
      const raised = await assertRejects(() => call("raise"), Erpc.ErpcError);
      const cause = raised.cause as RangeError;
      assertEquals([cause.name, cause.message], ["RangeError", "too much"]);
      assertEquals((cause.cause as Error).message, "deeper");
      for (const reason of ["why", ["shutdown", "text"], { a: "b" }, 1]) {
        const thrown = await assertRejects(() => call("leave", [reason]), Exit);
        assertEquals(thrown.reason, ["exception", reason]);
      }
      assertEquals(await call("toss", ["ball"]).catch((thrown) => thrown), "ball");
      const fun = await assertRejects(() => call("fun"), Erpc.ErpcError);
      assertEquals((fun.cause as Error) instanceof TypeError, true);
      const undef = await assertRejects(() => call("nothing", [1]), Erpc.ErpcError);
      const stack = list([["samples", "nothing", list([1]), list()]]);
      assertEquals(undef.reason, ["exception", "undef", stack]);
      const late = await assertRejects(() => call("hang", [], 50), Erpc.ErpcError);
      assertEquals(late.reason, ["erpc", "timeout"]);
      const lost = assertRejects(() => call("hang"), Erpc.ErpcError);
      assertEquals(await call("echo", [1]), 1);
      await deno.kill();
      assertEquals((await lost).reason, ["erpc", "noconnection"]);
    });
  },
);
