import { assert, assertEquals } from "@std/assert";
import { flush, Process, self } from "../../mod.ts";
import { Connection } from "../../lib/node/distribution/connection.ts";
import { EpmdClient } from "../../lib/node/distribution/epmd.ts";
import { PUBLISHED, SUPPORTED } from "../../lib/node/distribution/flags.ts";
import { type ByteStream, dialScript, perform } from "../../lib/node/distribution/handshake.ts";
import { tcp } from "../../lib/node/distribution/tcp.ts";
import { Node } from "../../lib/node/mod.ts";
import { collectReports } from "../helpers.ts";
import { type Cluster, clusterTest } from "./beam.ts";
import { mappingOf, pid, ref } from "./distribution/connection_fixtures.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const HOST = "127.0.0.1";
const ATTACKER = "f@127.0.0.1";
const ROUNDS = 60;

type Random = (below: number) => number;

/** Numbers that look random, and are the same each time. */
function randomFrom(seed: number): Random {
  return (below) => {
    seed = Math.imul(seed ^ (seed >>> 15), seed | 1) + 0x6d2b79f5 | 0;
    return ((seed ^ (seed >>> 14)) >>> 0) % below;
  };
}

/** A stream that changes what is written through it. */
class Stream implements ByteStream {
  readonly #connection: Deno.TcpConn;
  /** What becomes of what is written. */
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** Called when something has been written. */
  written: () => void = () => {};

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#connection.read(into).catch(() => null);
  }

  async write(bytes: Uint8Array): Promise<number> {
    const changed = this.change(bytes.slice());
    for (let at = 0; at < changed.length;) {
      at += await this.#connection.write(changed.subarray(at));
    }
    this.written();
    return bytes.length;
  }

  /** Says that there will be no more. */
  async finish(): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
  }

  /** Resolves when the node has closed it. */
  async closed(): Promise<void> {
    const room = new Uint8Array(4096);
    while (await this.read(room) !== null);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // It is closed.
    }
  }
}

/** Overwrites, drops or inserts some bytes. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const result = [...bytes];
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(result.length);
    const way = random(3);
    if (way === 0) result[at] = random(256);
    else if (way === 1) result.splice(at, 1 + random(4));
    else result.splice(at, 0, random(256));
  }
  return new Uint8Array(result);
}

/**
 * A test in which this node is attacked, again and again, with an Erlang node for its peer: each attack costs at
 * most one line in the log, and has no other effect.
 */
function attackTest(
  title: string,
  attack: (stream: Stream, random: Random) => Promise<void>,
): void {
  clusterTest(title, "erl", async (cluster: Cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      Process.register(self(), "victim");
      assertEquals(await Node.ping(erl.node), "pong");
      await erl.eval("net_kernel:monitor_nodes(true)");
      Node.monitor(erl.node, true);
      const port = (await new EpmdClient(tcp, cluster.epmd.port).lookup("d", HOST))!;
      const random = randomFrom(7);
      let lines = 0;
      for (let round = 0; round < ROUNDS; round++) {
        using reports = collectReports();
        const stream = new Stream(await Deno.connect({ hostname: HOST, port }));
        await attack(stream, random);
        stream.close();
        const logged = reports.logged.map(({ reason }) => String(reason));
        assert(logged.length <= 1, `round ${round}: ${logged.join("\n")}`);
        lines += logged.length;
      }
      assert(lines > 0, "some of it is worth a line");
      assertEquals(await erl.eval(`net_adm:ping('${THIS_NODE}')`), "pong");
      assertEquals(await erl.eval("receive {nodedown, Node} -> Node after 0 -> none end"), "none");
      assertEquals(Node.list(), [erl.node]);
      assertEquals(flush().filter((message) => (message as unknown[])[0] === "nodedown"), []);
    });
  });
}

attackTest("Node survives random bytes at its port", async (stream, random) => {
  const bytes = Uint8Array.from({ length: 1 + random(300) }, () => random(256));
  await stream.write(bytes).catch(() => {});
  await stream.finish();
  await stream.closed();
});

attackTest("Node survives mutated handshakes", async (stream, random) => {
  const victim = 1 + random(2);
  const written = Promise.withResolvers<void>();
  let message = 0;
  stream.change = (bytes) => ++message === victim ? mutated(bytes, random) : bytes;
  stream.written = () => message === victim && written.resolve();
  const over = shake(stream).then(() => {}, () => {});
  await Promise.race([written.promise, over]);
  await stream.finish();
  await over;
  await stream.closed();
});

attackTest(
  "Node survives mutated frames of a peer that knows the cookie",
  async (stream, random) => {
    const { result, leftover } = await shake(stream);
    assert(result !== "nok");
    const written = Promise.withResolvers<void>();
    const down = Promise.withResolvers<string>();
    stream.written = written.resolve;
    stream.change = (bytes) => mutated(bytes, random);
    const connection = new Connection(
      stream,
      result,
      { mapping: mappingOf("natural"), tickTime: Infinity },
      { signal: () => {}, down: down.resolve },
      leftover,
    );
    const message = [["a", 1n, 1.5], { key: new Uint8Array(20) }, "text", [null, true]];
    connection.send(["reg_send", pid(random(9), ATTACKER), "victim", message]);
    connection.send(["monitor_p", pid(random(9), ATTACKER), "victim", ref(1)]);
    await written.promise;
    await stream.finish();
    await down.promise;
  },
);

/** Shakes hands as a node does that knows the cookie. */
function shake(stream: Stream) {
  const attacker = { node: ATTACKER, creation: 7, flags: SUPPORTED | PUBLISHED };
  return perform(stream, dialScript(attacker, THIS_NODE, "c"), tcp.lengthBytes);
}
