import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { receive } from "../../mod.ts";
import { Erpc, Node, Rpc } from "../../lib/node/mod.ts";
import { assertSilence, inProcess, reasonOf } from "../helpers.ts";
import { clusterTest } from "./beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const SAMPLES = {
  add: (a: number, b: number) => a + b,
  toss: (value: unknown) => {
    throw value;
  },
  hang: () => new Promise(() => {}),
};

function withSamples(body: () => Promise<void>): Promise<void> {
  Node.exportFunctions("samples", SAMPLES);
  return inProcess(body).finally(() => Node.unexportFunctions("samples"));
}

function three(): Erpc.RequestIds<string> {
  let requests = Erpc.reqidsNew<string>();
  for (const n of [1, 2]) {
    requests = Erpc.sendRequest(Node.self(), "samples", "add", [n, 10], `label ${n}`, requests);
  }
  const request = Erpc.sendRequest(Node.self(), "samples", "toss", ["ball"]);
  return Erpc.reqidsAdd(request, "thrown", requests);
}

/** What becomes of each. */
const OUTCOMES = [
  ["label 1", ["ok", 11]],
  ["label 2", ["ok", 12]],
  ["thrown", ["throw", "ball"]],
] as const;

Deno.test("Erpc.receiveResponse() takes the answers of a collection as they come, with their labels", () =>
  withSamples(async () => {
    let requests = three();
    assertEquals(Erpc.reqidsSize(requests), 3);
    assertEquals(Erpc.reqidsToList(requests).map(([, label]) => label), [
      "label 1",
      "label 2",
      "thrown",
    ]);
    const answers = new Map<string, unknown>();
    for (;;) {
      const answer = await Erpc.receiveResponse(requests, 5000, true);
      if (answer === "no_request") break;
      answers.set(answer[1], answer[0]);
      requests = answer[2];
    }
    assertEquals(answers, new Map<string, unknown>(OUTCOMES));
    assertEquals(Erpc.reqidsSize(requests), 0);
    await assertSilence();
  }));

Deno.test("Erpc.receiveResponse() gives all of a collection up when the time is up", () =>
  withSamples(async () => {
    let requests = Erpc.reqidsNew<number>();
    for (const n of [1, 2]) {
      requests = Erpc.sendRequest(Node.self(), "samples", "hang", [], n, requests);
    }
    assertEquals(await Erpc.waitResponse(requests, 0, false), "no_response");
    const late = await assertRejects(
      () => Erpc.receiveResponse(requests, 0, false),
      Erpc.ErpcError,
    );
    assertEquals(late.reason, ["erpc", "timeout"]);
    await assertSilence();
  }));

Deno.test("Erpc.checkResponse() and waitResponse() know the answers of a collection, which stays as it is", () =>
  withSamples(async () => {
    const requests = three();
    const message = await receive();
    const first = Erpc.checkResponse(message, requests, false);
    assert(Array.isArray(first));
    assertEquals(Erpc.checkResponse(["other", "message"], requests, false), "no_response");
    assertEquals(Erpc.checkResponse("other", requests, false), "no_response");
    const second = await Erpc.waitResponse(requests, 5000, true);
    assert(Array.isArray(second));
    const outcomes = new Map<string, unknown>(OUTCOMES);
    for (const [[tag, outcome], label] of [first, second]) {
      assertEquals([tag, outcome], ["response", outcomes.get(label)]);
      outcomes.delete(label);
    }
    assertEquals([first[2] === requests, Erpc.reqidsSize(second[2]), Erpc.reqidsSize(requests)], [
      true,
      2,
      3,
    ]);
    assertEquals(outcomes.size, 1);
    const none = Erpc.reqidsNew();
    assertEquals(await Erpc.waitResponse(none, 0, false), "no_request");
    assertEquals(Erpc.checkResponse(message, none, false), "no_request");
    await receive();
  }));

Deno.test("Erpc.reqidsAdd() refuses a request that is there, and invalid requests and collections", () =>
  withSamples(async () => {
    const request = Erpc.sendRequest(Node.self(), "samples", "add", [1, 1]);
    const one = Erpc.reqidsAdd(request, "one", Erpc.reqidsNew());
    assertThrows(() => Erpc.reqidsAdd(request, "two", one), TypeError, "already");
    assertThrows(() => Erpc.reqidsAdd(7 as never, "two", one), TypeError, "for a request");
    assertThrows(() => Erpc.reqidsAdd(request, "two", [] as never), TypeError, "as a collection");
    assertThrows(() => Erpc.reqidsSize([] as never), TypeError, "as a collection");
    assertEquals(await Erpc.receiveResponse(request), 2);
  }));

Deno.test("Rpc.parallelEval() and pmap() give values in order, and pmap() exits with badrpc", () =>
  withSamples(async () => {
    const calls = [["samples", "add", [1, 2]], ["samples", "nothing", []]] as const;
    const [sum, failed] = await Rpc.parallelEval(calls);
    assertEquals([sum, (failed as unknown[])[0]], [3, "badrpc"]);
    assertEquals(await Rpc.pmap(["samples", "add"], [10], [1, 2, 3]), [11, 12, 13]);
    assertEquals(
      await reasonOf(() => Rpc.pmap(["samples", "nothing"], [], [1])),
      "badrpc" as never,
    );
  }));

clusterTest(
  "Erpc's collections and Rpc.pmap() work with functions on all connected nodes",
  "erl",
  async (cluster) => {
    const nodes = await Promise.all([cluster.erl("a"), cluster.erl("b")]);
    await asNode(cluster, async () => {
      Node.exportFunctions("erlang", { "phash2/2": () => THIS_NODE.length });
      let requests = Erpc.reqidsNew<string>();
      for (const { node } of nodes) {
        requests = Erpc.sendRequest(node, "erlang", "node", [], node, requests);
        requests = Erpc.sendRequest(node, "timer", "sleep", [60_000], `${node} hangs`, requests);
      }
      for (let left = 4; left > 2; left--) {
        const answer = await Erpc.receiveResponse(requests, 20_000, true);
        assert(answer !== "no_request");
        assertEquals(answer[0], ["ok", answer[1]]);
        requests = answer[2];
      }
      assertEquals(Erpc.reqidsSize(requests), 2);
      await assertRejects(() => Erpc.receiveResponse(requests, 50, true), Erpc.ErpcError);
      const hashes = await Rpc.pmap(["erlang", "phash2"], [1], ["x", "y", "z"]);
      assertEquals(hashes, [THIS_NODE.length, 0, 0]);
      await assertSilence();
      Node.unexportFunctions("erlang");
    });
  },
);
