/**
 * The messenger of the examples when something goes wrong, with denotp and Elixir for either half. What happens
 * otherwise is in `tests/golden/nodes_interop_test.ts`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { _, on, Process, receive, self, spawnMonitor } from "../../mod.ts";
import { client } from "../../examples/messenger/client.ts";
import { inProcess } from "../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";

type Language = "denotp" | "Elixir";

const ELIXIR = new URL("../golden/nodes/messenger.ex", import.meta.url);

/** A node with the messenger, and how things are said there. */
async function start(cluster: Cluster, name: string, language: Language) {
  const isElixir = language === "Elixir";
  const node = await (isElixir ? cluster.elixir(name) : cluster.denotp(name, "messenger"));
  if (isElixir) {
    const source = await Deno.readTextFile(ELIXIR);
    await node.eval(source.replace("messenger@localhost", '"messenger@127.0.0.1"'));
  }
  return { node, does: (elixir: string, deno: string) => node.eval(isElixir ? elixir : deno) };
}

const startServer = async (cluster: Cluster, language: Language): Promise<RunningNode> => {
  const { node, does } = await start(cluster, "messenger", language);
  await does(":messenger.start_server()", "Messenger.startServer()");
  return node;
};

async function startClient(cluster: Cluster, name: string, user: string, language: Language) {
  const client = await start(cluster, name, language);
  await client.does(`:messenger.logon(:${user})`, `Messenger.logon("${user}")`);
  await printed(client.node, "logged-on");
  return client;
}

async function printed(node: RunningNode, text: string): Promise<void> {
  await node.hasPrinted(text);
}

const PAIRS: readonly (readonly [server: Language, client: Language])[] = [
  ["denotp", "denotp"],
  ["denotp", "Elixir"],
  ["Elixir", "denotp"],
];

for (const [server, language] of PAIRS) {
  const needs = server === language ? "deno" : "elixir";
  const who = `${server} as server and ${language} as client`;

  clusterTest(
    `examples/messenger forgets a user whose node is killed, with ${who}`,
    needs,
    async (cluster) => {
      await startServer(cluster, server);
      const james = await startClient(cluster, "super", "james", language);
      const fred = await startClient(cluster, "bilbo", "fred", "denotp");
      await fred.node.eval('Messenger.message("james", "are you there?")');
      await printed(fred.node, "sent");
      await james.node.kill();
      // The server learns of it in its own time: until then the message is lost.
      for (let count = 2;; count++) {
        await fred.node.eval('Messenger.message("james", "still there?")');
        await fred.node.hasPrintedLines(count + 1);
        if (fred.node.printed.at(-1) === "receiver-not-found") break;
      }
      await fred.node.eval("Messenger.logoff()");
      const again = await startClient(cluster, "gollum", "james", "denotp");
      assertEquals(again.node.printed.at(-1), "logged-on");
    },
  );

  clusterTest(
    `examples/messenger stops a client whose server's node is killed, with ${who}`,
    needs,
    async (cluster) => {
      const node = await startServer(cluster, server);
      const james = await startClient(cluster, "super", "james", language);
      await james.does(
        'ref = Process.monitor(:"mess-client")',
        'globalThis.ref = Process.monitor("mess-client")',
      );
      await node.kill();
      const reason = await james.does(
        "receive do {:DOWN, ^ref, _, _, reason} -> Atom.to_string(reason) end",
        "return (await receive(on((message) => message[1] === globalThis.ref, (down) => down)))[4]",
      );
      assertEquals(reason, '"noconnection"');
    },
  );
}

Deno.test("examples/messenger: a client gives up after five seconds without an answer", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const { log } = console;
    const lines: unknown[] = [];
    console.log = (line: unknown) => void lines.push(line);
    try {
      Process.register(self(), "messenger"); // who never answers
      const [, ref] = spawnMonitor(() => client("nonode@nohost", "james"));
      await receive(
        on((message: unknown) => Array.isArray(message) && message.length === 3, () => {}),
      );
      await time.tickAsync(4999);
      assertEquals(lines, []);
      await time.tickAsync(1);
      const reason = await receive(on(["DOWN", ref, _, _, _], (down) => down[4]));
      assertEquals(reason, "timeout");
      assertEquals(lines, ["No response from server"]);
    } finally {
      console.log = log;
    }
  }));
