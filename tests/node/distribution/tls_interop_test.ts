import { assertEquals, assertRejects } from "@std/assert";
import { tls } from "../../../lib/node/distribution/tls.ts";
import { ConnectError } from "../../../lib/node/distribution/transport.ts";
import { Beam, freePort, startEpmd } from "./beam.ts";
import { type Certificates, certificates, hasTls } from "./certificates.ts";
import { Node } from "./node.ts";
import { reports } from "./reports.ts";

function tlsTest(
  name: string,
  fn: (made: Certificates, port: number) => Promise<void>,
): void {
  Deno.test({
    name: hasTls ? name : `${name} (no erl or openssl here)`,
    ignore: !hasTls,
    fn: async () => {
      const port = freePort();
      await using _epmd = await startEpmd(port);
      await using made = await certificates();
      await fn(made, port);
    },
  });
}

tlsTest("Transport.connect() connects to an Erlang node with TLS", async (made, port) => {
  await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
  assertEquals(await erl.eval("nodes()."), "['d@127.0.0.1']");
});

tlsTest("Transport is up when an Erlang node connects with TLS", async (made, port) => {
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  {
    await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
    assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "true");
    await node.happened(1);
  }
  assertEquals(await node.happened(2), ["up e@127.0.0.1", "down e@127.0.0.1 connection_closed"]);
});

tlsTest("Transport.connect() refuses a peer of another authority", async (made, port) => {
  const args = made.erlArguments("otherAuthority");
  await using erl = await Beam.start("e@127.0.0.1", port, args);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError);
  assertEquals(await erl.eval("nodes()."), "[]");
});

tlsTest("Transport refuses an Erlang node of another authority", async (made, port) => {
  const args = made.erlArguments("otherAuthority");
  await using erl = await Beam.start("e@127.0.0.1", port, args);
  await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
  assertEquals(await erl.eval("net_kernel:connect_node('d@127.0.0.1')."), "false");
  assertEquals(node.events, []);
});

tlsTest(
  "Transport.connect() refuses a peer whose certificate is of another host",
  async (made, port) => {
    await using _erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("otherHost"));
    await using node = await Node.start({ node: "d@127.0.0.1", epmd: { port }, tls: made.good });
    await assertRejects(() => node.transport.connect("e@127.0.0.1"), ConnectError);
  },
);

tlsTest(
  "Transport.connect() goes by the host in the name, not by the address",
  async (made, port) => {
    await using erl = await Beam.start("e@127.0.0.1", port, made.erlArguments("good"));
    const there = Number(
      await erl.eval('element(2, erl_epmd:port_please("e", {127,0,0,1})).'),
    );
    await using node = await Node.start({
      node: "d@127.0.0.1",
      tls: made.good,
      resolve: () => ({ host: "127.0.0.1", port: there }),
    });
    using _log = reports();
    await assertRejects(() => node.transport.connect("e@other.example"), ConnectError);
    assertEquals((await node.transport.connect("e@127.0.0.1")).node, "e@127.0.0.1");
  },
);

tlsTest("tls().listen() refuses a client without a certificate", async (made) => {
  const accepted: unknown[] = [];
  const address = { host: "127.0.0.1", port: 0 };
  const listener = await tls(made.good).listen(address, (stream) => accepted.push(stream));
  const client = await Deno.connectTls({
    hostname: "127.0.0.1",
    port: listener.port,
    caCerts: [made.good.ca],
  });
  // In TLS 1.3 the client hears of it only when it reads.
  const read = await client.read(new Uint8Array(1)).catch(() => null);
  assertEquals([read, accepted], [null, []]);
  client.close();
  listener.close();
});
