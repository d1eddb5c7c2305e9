import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { ByteStream } from "../../../lib/node/distribution/handshake.ts";
import { PUBLISHED, SUPPORTED } from "../../../lib/node/distribution/flags.ts";
import { dialScript, HandshakeError, perform } from "../../../lib/node/distribution/handshake.ts";
import type { Sockets } from "../../../lib/node/distribution/sockets.ts";
import { ConnectError, DistributionTransport } from "../../../lib/node/distribution/transport.ts";
import { pass, settled } from "../../helpers.ts";
import { identities, type MemoryStream, streamPair } from "./connection_fixtures.ts";
import { Node } from "./node.ts";
import { reports } from "./reports.ts";

/** A network in memory: the port is all of an address. */
class Network implements Sockets {
  readonly lengthBytes = 2;
  readonly #accepting = new Map<number, (stream: ByteStream) => void>();
  /** Streams that were dialled, this side of them. */
  readonly dialled: MemoryStream[] = [];
  /** Lets streams come into being, or waits. */
  gate: Promise<void> = Promise.resolve();

  async dial({ port }: { port: number }): Promise<ByteStream> {
    const accept = this.#accepting.get(port);
    if (accept === undefined) throw new Error("connection refused");
    const [here, there] = streamPair();
    this.dialled.push(here);
    await this.gate;
    accept(there);
    return here;
  }

  /** Has the node that listens on a port accept a stream. */
  accept(port: number, stream: ByteStream): void {
    this.#accepting.get(port)!(stream);
  }

  listen({ port }: { port: number }, accepted: (stream: ByteStream) => void) {
    this.#accepting.set(port, accepted);
    return Promise.resolve({ port, close: () => void this.#accepting.delete(port) });
  }

  /** A node in this network: a@h listens on port 1, b@h on 2, … */
  node(node: string, options = {}): Promise<Node> {
    const portOf = (name: string) => name.charCodeAt(0) - 96;
    return Node.start({
      node,
      sockets: this,
      listen: { port: portOf(node) },
      resolve: (name) => ({ host: "h", port: portOf(name) }),
      tickTime: Infinity,
      ...options,
    });
  }
}

Deno.test("Transport.connect() connects two nodes of this kind, for all that wait", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using b = await network.node("b@h");
  const [first, second] = await Promise.all([
    a.transport.connect("b@h"),
    a.transport.connect("b@h"),
  ]);
  assertEquals(first === second, true);
  await b.happened(1);
  assertEquals([a.events, b.events], [["up b@h"], ["up a@h"]]);
  assertEquals(network.dialled.length, 1);
});

Deno.test("Transport makes one connection when both nodes dial at once", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using b = await network.node("b@h");
  const gate = Promise.withResolvers<void>();
  network.gate = gate.promise;
  const both = Promise.all([a.transport.connect("b@h"), b.transport.connect("a@h")]);
  await settled();
  assertEquals(network.dialled.length, 2);
  gate.resolve();
  const [toB, toA] = await both;
  await settled();
  assertEquals([toB.node, toA.node], ["b@h", "a@h"]);
  assertEquals([a.events, b.events], [["up b@h"], ["up a@h"]]);
  assertEquals(network.dialled.filter((stream) => !stream.isClosed).length, 1);
});

Deno.test("Transport.connect() fails when the peer says nothing for the setup time", async () => {
  using time = new FakeTime();
  const network = new Network();
  await using a = await network.node("a@h");
  await network.listen({ port: 2 }, () => {});
  const failure = assertRejects(() => a.transport.connect("b@h"), ConnectError, "in time");
  await pass(time, 6999);
  assertEquals(network.dialled[0]!.isClosed, false);
  await pass(time, 2);
  await failure;
  assertEquals(network.dialled[0]!.isClosed, true);
});

Deno.test("Transport.connect() fails when the peer says nok and never connects", async () => {
  using time = new FakeTime();
  const network = new Network();
  await using a = await network.node("a@h");
  const nok = new Uint8Array([0, 4, 0x73, 0x6e, 0x6f, 0x6b]);
  await network.listen({ port: 2 }, (stream) => void stream.write(nok));
  let isOver = false;
  const failure = assertRejects(() => a.transport.connect("b@h"), ConnectError, "in time")
    .then(() => isOver = true);
  await pass(time, 6000);
  assertEquals([isOver, network.dialled[0]!.isClosed], [false, true]);
  await pass(time, 1001);
  await failure;
});

Deno.test("Transport closes an incoming connection that is silent for the setup time", async () => {
  using time = new FakeTime();
  const network = new Network();
  await using a = await network.node("a@h");
  const stream = await network.dial({ port: 1 }) as MemoryStream;
  await pass(time, 6999);
  assertEquals(stream.isClosed, false);
  await pass(time, 2);
  assertEquals([stream.isClosed, a.events], [true, []]);
});

Deno.test("Transport closes the oldest connections in the handshake when there are more than 64", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using b = await network.node("b@h");
  using log = reports();
  for (let i = 0; i < 64; i++) await network.dial({ port: 1 });
  assertEquals([network.dialled.some((stream) => stream.isClosed), log.texts], [false, []]);
  await network.dial({ port: 1 });
  await network.dial({ port: 1 });
  const isClosed = network.dialled.map((stream) => stream.isClosed);
  assertEquals(isClosed, [true, true, ...Array(64).fill(false)]);
  const warning = "More than 64 connections are in the handshake: the oldest are closed";
  assertEquals(log.texts, [warning]);
  await b.transport.connect("a@h");
  await a.happened(1);
  assertEquals([a.events, network.dialled[2]!.isClosed], [["up b@h"], true]);
  for (const stream of network.dialled.slice(3, 66)) stream.close();
  await settled();
  for (let i = 0; i < 65; i++) await network.dial({ port: 1 });
  assertEquals(log.texts, [warning, warning]);
});

Deno.test("Transport logs nothing when a peer closes its connection before it is answered", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  using log = reports();
  const [here, there] = streamPair();
  const self = { node: "b@h", creation: 1, flags: SUPPORTED | PUBLISHED };
  // The name has arrived when the connection breaks: only the write of the answer fails.
  there.write = () => Promise.reject(new Error("Broken pipe (os error 32)"));
  network.accept(1, there);
  const dialled = perform(here, dialScript(self, "a@h", "c"), 2);
  await assertRejects(() => dialled, HandshakeError, "closed the connection");
  await settled();
  assertEquals([a.events, log.texts, there.isClosed], [[], [], true]);
});

Deno.test("Transport answers alive, and replaces the connection when the peer wants to", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  for (let life = 0; life < 2; life++) {
    const stream = await network.dial({ port: 1 });
    const self = { node: "b@h", creation: 10 + life, flags: SUPPORTED | PUBLISHED };
    await perform(stream, dialScript(self, "a@h", "c"), 2);
  }
  assertEquals(await a.happened(3), ["up b@h", "down b@h connection_replaced", "up b@h"]);
  assertEquals(a.channels.map((channel) => channel.creation), [10, 11]);
  assertEquals(network.dialled.map((stream) => stream.isClosed), [true, false]);
});

Deno.test("Transport keeps its attempt when an impostor uses the peer's name", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using _b = await network.node("b@h");
  using log = reports();
  const gate = Promise.withResolvers<void>();
  network.gate = gate.promise;
  const connected = a.transport.connect("b@h");
  await settled();
  network.gate = Promise.resolve();
  const self = { node: "b@h", creation: 10, flags: SUPPORTED };
  const stream = await network.dial({ port: 1 });
  const talk = () => perform(stream, dialScript(self, "a@h", "wrong"), 2);
  assertEquals((await assertRejects(talk, HandshakeError)).failure, "cookie");
  assertEquals(log.texts, ["Incoming connection has failed: b@h has a different cookie"]);
  gate.resolve();
  assertEquals((await connected).isHidden, false);
  assertEquals(a.events, ["up b@h"]);
});

Deno.test("Transport.connect() refuses names that cannot be those of peers", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  const refused = [["a@h", "this node"], ["b@h.example", "long name"], ["b", "name@host"]];
  for (const [name, found] of refused) {
    await assertRejects(() => a.transport.connect(name!), ConnectError, found);
  }
  await assertRejects(() => a.transport.connect("z@h"), ConnectError, "connection refused");
  assertThrows(
    () => new DistributionTransport({ node: "a", identities }),
    RangeError,
    "Cannot name a node",
  );
});

Deno.test("Transport refuses a peer with a long name when its own is short", async () => {
  const network = new Network();
  await using _a = await network.node("a@h");
  using log = reports();
  const self = { node: "b@h.example", creation: 10, flags: SUPPORTED };
  const stream = await network.dial({ port: 1 });
  await assertRejects(() => perform(stream, dialScript(self, "a@h", "c"), 2), HandshakeError);
  assertEquals(log.texts.length, 1);
});

Deno.test("Transport closes a connection that sends garbage, and stays", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using _b = await network.node("b@h");
  using log = reports();
  const stream = await network.dial({ port: 1 }) as MemoryStream;
  await stream.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await settled();
  assertEquals([stream.isClosed, log.texts.length], [true, 1]);
  assertEquals((await a.transport.connect("b@h")).node, "b@h");
});

Deno.test("Transport.stop() closes everything in the same turn", async () => {
  const network = new Network();
  const a = await network.node("a@h");
  await using b = await network.node("b@h");
  await network.listen({ port: 3 }, () => {});
  await a.transport.connect("b@h");
  const pending = assertRejects(() => a.transport.connect("c@h"), ConnectError, "stopping");
  await network.dial({ port: 1 });
  await settled();
  assertEquals(network.dialled.map((stream) => stream.isClosed), [false, false, false]);
  const stopped = a.transport.stop();
  assertEquals(network.dialled.map((stream) => stream.isClosed), [true, true, true]);
  assertEquals(a.events, ["up b@h", "down b@h disconnect"]);
  await Promise.all([stopped, pending]);
  assertEquals(await b.happened(2), ["up a@h", "down a@h connection_closed"]);
});

Deno.test("Transport.connect() connects again when the connection has been closed", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using b = await network.node("b@h");
  const first = await a.transport.connect("b@h");
  first.close("disconnect");
  await b.happened(2);
  const second = await a.transport.connect("b@h");
  assertEquals([first === second, network.dialled.length], [false, 2]);
  assertEquals(a.events, ["up b@h", "down b@h disconnect", "up b@h"]);
  assertEquals(await b.happened(3), ["up a@h", "down a@h connection_closed", "up a@h"]);
});

Deno.test("Transport says on both sides what it is when the cookies differ", async () => {
  const network = new Network();
  await using a = await network.node("a@h");
  await using b = await network.node("b@h", { cookie: "other" });
  using log = reports();
  await assertRejects(() => a.transport.connect("b@h"), ConnectError, "cookie mismatch?");
  assertEquals(log.texts.toSorted(), [
    "Connection to b@h has failed: closed during authentication, cookie mismatch?",
    "Incoming connection has failed: a@h has a different cookie",
  ]);
  assertEquals([a.events, b.events], [[], []]);
});
