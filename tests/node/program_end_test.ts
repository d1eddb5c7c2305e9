import { assertEquals, assertRejects } from "@std/assert";
import { GenServer, Process, receive, self } from "../../mod.ts";
import { Erpc, Node } from "../../lib/node/mod.ts";
import { clusterTest } from "./beam.ts";
import { asNode } from "./this_node.ts";

clusterTest(
  "Node.start() keeps a program running that has nothing more to do, until Node.stop()",
  "deno",
  async (cluster) => {
    const idle = await cluster.denotp("idle", "service");
    await asNode(cluster, async () => {
      assertEquals(await Node.ping(idle.node), "pong");
      Erpc.cast(idle.node, "program", "stop", []);
      await assertRejects(() => idle.hasPrinted("what it never prints"), Error, "has ended");
    });
  },
);

for (const [how, pauseMs] of [["at once", 0], ["slowly", 20]] as const) {
  clusterTest(
    `Application.run() stops applications in order, and other nodes that read ${how} are notified of every exit, when a signal stops the program`,
    "deno",
    async (cluster) => {
      const program = await cluster.denotp("o", "service");
      await asNode(cluster, async () => {
        Process.register(self(), "heir");
        const service = ["service", program.node] as const;
        Node.monitor(program.node, true);
        const monitor = Process.monitor(service);
        // The monitor is there when what was said after it is answered.
        assertEquals(await GenServer.call(service, "hello"), "hello");
        program.interrupt();
        // The host reads between two pauses, in which it is busy as under load.
        const pauses = setInterval(() => {
          for (const begin = performance.now(); performance.now() - begin < pauseMs;);
        }, 0);
        const [tag, bequest, ...rest] = await receive() as [string, Uint8Array, ...unknown[]];
        assertEquals([tag, bequest.length, ...rest], ["bequest", 20_000_000]);
        assertEquals([await receive(), await receive()], [
          ["DOWN", monitor, "process", service, "shutdown"],
          ["nodedown", program.node],
        ]);
        clearInterval(pauses);
        await assertRejects(() => program.hasPrinted("what it never prints"), Error, "has ended");
      });
    },
  );
}
