import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EpmdClient, EpmdError } from "../../../lib/node/distribution/epmd.ts";
import { EpmdServer } from "../../../lib/node/distribution/epmd_server.ts";
import { tcp } from "../../../lib/node/distribution/tcp.ts";
import { ConnectError } from "../../../lib/node/distribution/transport.ts";
import { Beam, freePort, hasErl, startEpmd } from "./beam.ts";
import { Node } from "./node.ts";
import { reports } from "./reports.ts";

const ignore = !hasErl;

function beamTest(name: string, fn: () => Promise<void>): void {
  const title = ignore ? `${name} (no erl here)` : name;
  Deno.test({ name: title, ignore, fn });
}

beamTest("Transport.connect() connects to an Erlang node", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  const channel = await node.transport.connect("e@127.0.0.1");
  assertEquals([channel.node, channel.isHidden], ["e@127.0.0.1", false]);
  assertEquals(channel.creation, Number(await erl.eval("erlang:system_info(creation).")));
  assertEquals(await erl.eval("nodes()."), "['d@127.0.0.1']");
  assertEquals(await node.transport.connect("e@127.0.0.1"), channel);
  assertEquals(node.events, ["up e@127.0.0.1"]);
});

beamTest("Transport.connect() makes a hidden connection when this node is hidden", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, hidden: true });
  assertEquals((await node.transport.connect("e@127.0.0.1")).isHidden, true);
  assertEquals(await erl.eval("{nodes(), nodes(hidden)}."), "{[],['d@127.0.0.1']}");
});

beamTest(
  "Transport is up when an Erlang node connects, and down when that one leaves",
  async () => {
    const port = freePort();
    await using _epmd = await startEpmd(port);
    await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
    {
      await using erl = await Beam.start("e@127.0.0.1", port);
      assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "true");
      await node.happened(1);
    }
    assertEquals(await node.happened(2), ["up e@127.0.0.1", "down e@127.0.0.1 connection_closed"]);
  },
);

beamTest("Transport.stop() closes the connections to Erlang nodes", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  const node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  await node.transport.connect("e@127.0.0.1");
  assertEquals(await erl.eval("net_kernel:monitor_nodes(true)."), "ok");
  await node.transport.stop();
  assertEquals(
    await erl.eval("receive {nodedown, N} -> N end."),
    "'d@127.0.0.1'",
  );
  assertEquals(node.events, ["up e@127.0.0.1", "down e@127.0.0.1 disconnect"]);
  await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError, "has stopped");
});

beamTest("Transport.connect() fails when the Erlang node has another cookie", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using _erl = await Beam.start("e@127.0.0.1", port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, cookie: "wrong" });
  using log = reports();
  const error = await assertRejects(
    () => node.transport.connect("e@127.0.0.1"),
    ConnectError,
    "closed during authentication, cookie mismatch?",
  );
  assertEquals(error.node, "e@127.0.0.1");
  assertEquals(log.texts.length, 1);
  assertEquals(node.events, []);
});

beamTest("Transport refuses an Erlang node that has another cookie", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, cookie: "wrong" });
  using log = reports();
  assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "false");
  assertEquals(log.texts, ["Incoming connection has failed: e@127.0.0.1 has a different cookie"]);
  assertEquals(node.events, []);
});

beamTest("Transport uses the cookie of a peer where one is given", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using _erl = await Beam.start("e@127.0.0.1", port);
  const cookies = { "e@127.0.0.1": "c" };
  const options = { node: "d@127.0.0.1", epmd: { port }, cookie: "wrong", cookies };
  await using node = await Node.start(options);
  assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
});

beamTest("Transport refuses an Erlang node that is not allowed", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  const options = { node: "d@127.0.0.1", epmd: { port }, allowedNodes: ["f@127.0.0.1"] };
  await using _node = await Node.start(options);
  using log = reports();
  assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "false");
  assertEquals(log.texts, [
    "Incoming connection has failed: e@127.0.0.1 is answered not_allowed",
  ]);
});

beamTest("Transport.connect() fails when Erlang does not allow this node", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("e@127.0.0.1", port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  using _log = reports();
  assertEquals(await erl.eval("net_kernel:allow(['f@127.0.0.1'])."), "ok");
  await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError, "not allow");
});

beamTest("Transport.start() fails when an Erlang node has the name", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using _erl = await Beam.start("e@127.0.0.1", port);
  const start = () => Node.start({ node: "e@127.0.0.1", epmd: { port } });
  const error = await assertRejects(start, EpmdError, 'Cannot register "e"');
  assertEquals(error.reason, "taken");
});

beamTest("Transport.connect() fails when EPMD knows no such node", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  await assertRejects(
    () => node.transport.connect("nobody@127.0.0.1"),
    ConnectError,
    "it is not registered with EPMD on 127.0.0.1",
  );
});

beamTest("Transport replaces its connection when Erlang connects once more", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  await using erl = await Beam.start("e@127.0.0.1", port);
  await erl.eval("net_kernel:connect_node('d@127.0.0.1').");
  await node.happened(1);
  // Erlang is stopped as if its host had vanished; its successor is what connects.
  erl.process.kill("SIGSTOP");
  const epmd = new EpmdClient(tcp, port);
  assertEquals(await epmd.lookup("d", "127.0.0.1"), node.transport.port);
  const args = ["-start_epmd", "false", "-erl_epmd_port", String(node.transport.port)];
  const listen = ["-dist_listen", "false"];
  await using again = await Beam.start("e@127.0.0.1", port, [...args, ...listen]);
  assertEquals(await again.eval("net_kernel:connect_node('d@127.0.0.1')."), "true");
  assertEquals(await node.happened(3), [
    "up e@127.0.0.1",
    "down e@127.0.0.1 connection_replaced",
    "up e@127.0.0.1",
  ]);
});

beamTest("Transport and Erlang agree on one connection when both connect at once", async () => {
  const port = freePort();
  await using _epmd = await startEpmd(port);
  await using erl = await Beam.start("m@127.0.0.1", port);
  for (const name of ["a@127.0.0.1", "z@127.0.0.1"]) {
    await using node = await Node.start({ node: name, epmd: { port } });
    const [connected, channel] = await Promise.all([
      erl.eval(`net_kernel:connect_node('${name}').`),
      node.transport.connect("m@127.0.0.1"),
    ]);
    assertEquals([connected, channel.node], ["true", "m@127.0.0.1"]);
    assertEquals(await erl.eval(`lists:member('${name}', nodes()).`), "true");
    assertEquals(node.events, ["up m@127.0.0.1"]);
  }
});

beamTest("Transport works without EPMD when ports are fixed", async () => {
  const [here, there] = [freePort(), freePort()];
  const args = ["-start_epmd", "false", "-erl_epmd_port", String(there)];
  await using erl = await Beam.start("e@127.0.0.1", freePort(), args);
  await using node = await Node.start({
    node: "d@127.0.0.1",
    listen: { port: here },
    resolve: (node) => node === "e@127.0.0.1" ? { host: "127.0.0.1", port: there } : undefined,
  });
  assertEquals(node.transport.port, here);
  assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
  assertEquals(await erl.eval("nodes()."), "['d@127.0.0.1']");
  await assertRejects(
    () => node.transport.connect("f@127.0.0.1"),
    ConnectError,
    "its address is not known",
  );
});

beamTest("Transport is registered again when EPMD has restarted", async () => {
  const port = freePort();
  const first = await startEpmd(port);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
  using log = reports();
  await first[Symbol.asyncDispose]();
  await log.got(1);
  await using _second = await startEpmd(port);
  assertEquals(await log.got(2), [
    "EPMD has closed the connection: d will be registered again",
    "EPMD is reachable again: d is registered",
  ]);
  const found = await new EpmdClient(tcp, port).names("127.0.0.1");
  assertEquals(found, [{ name: "d", port: node.transport.port }]);
});

beamTest("EpmdServer serves Erlang nodes as Erlang's own does", async () => {
  const server = new EpmdServer();
  await server.start(tcp, { host: "127.0.0.1", port: 0 });
  const { port } = server;
  {
    await using a = await Beam.start("a@127.0.0.1", port);
    await using _b = await Beam.start("b@127.0.0.1", port);
    assertEquals(await a.eval("net_adm:ping('b@127.0.0.1')."), "pong");
    assertEquals(await a.eval("net_adm:ping('c@127.0.0.1')."), "pang");
    const names = await a.eval('lists:sort(element(2, net_adm:names("127.0.0.1"))).');
    assertStringIncludes(names, '[{"a",');
    assertStringIncludes(names, '{"b",');
    const creation = Number(await a.eval("erlang:system_info(creation)."));
    assertEquals(creation >= 4, true);
    await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port } });
    assertEquals((await node.transport.connect("a@127.0.0.1")).creation, creation);
  }
  server.close();
});

beamTest("Transport answers in EPMD's place when none runs and it is asked to", async () => {
  const port = freePort();
  const start = (serve: boolean) => Node.start({ node: "d@127.0.0.1", epmd: { port, serve } });
  assertEquals((await assertRejects(() => start(false), EpmdError)).reason, "unreachable");
  await using node = await start(true);
  await using erl = await Beam.start("e@127.0.0.1", port);
  assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "true");
  assertEquals(await node.happened(1), ["up e@127.0.0.1"]);
});

Deno.test("Transport closes what is silent for the setup time on real sockets", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = silent.accept();
  await using node = await Node.start({
    node: "d@127.0.0.1",
    setupTime: 20,
    resolve: () => ({ host: "127.0.0.1", port: silent.addr.port }),
  });
  const incoming = await Deno.connect({ hostname: "127.0.0.1", port: node.transport.port });
  await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError, "in time");
  assertEquals(await incoming.read(new Uint8Array(1)), null);
  const outgoing = await accepted;
  const [name, end] = [new Uint8Array(1024), new Uint8Array(1)];
  await outgoing.read(name);
  assertEquals(await outgoing.read(end), null);
  for (const resource of [silent, incoming, outgoing]) resource.close();
});
