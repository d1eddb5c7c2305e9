/**
 * The messenger as programs: a node for the server, and one for each user.
 *
 * In three terminals, in this order:
 *
 *   deno run --allow-net=127.0.0.1 examples/messenger/node.ts messenger@127.0.0.1
 *   deno run --allow-net=127.0.0.1 examples/messenger/node.ts super@127.0.0.1 james
 *   deno run --allow-net=127.0.0.1 examples/messenger/node.ts bilbo@127.0.0.1 fred
 *
 * A user types the name of another one and a message, as in `fred hello`. The end of the input (Ctrl-D) logs off.
 * Kill a program, and see which others are notified. Any of them may be an Elixir node instead, with the original of the
 * messenger, as in `tests/golden/nodes/messenger.ex`: `iex --name bilbo@127.0.0.1 --cookie messenger`.
 *
 * @module
 */

import { _, formatExit, on, type Pid, Process, receive } from "@denotp/otp";
import { Node } from "@denotp/otp/node";
import * as Messenger from "./messenger.ts";

const COOKIE = "messenger";
const SERVER_NODE = "messenger@127.0.0.1";

async function startNode(node: string): Promise<void> {
  const [result, reason] = await Node.start(node, { cookie: COOKIE, epmd: { serve: true } });
  if (result === "error") throw new Error(`Cannot start ${node}: ${reason}`);
}

/** Runs the client of a user who types into `lines`, and resolves with its exit reason. */
async function runClient(user: string, lines: AsyncIterable<string>): Promise<unknown> {
  Messenger.useServerAt(SERVER_NODE);
  Messenger.logon(user);
  const client = Process.whereis("mess-client")!;
  const ref = Process.monitor(client);
  void typed(lines, client);
  const reason = await receive(on(["DOWN", ref, _, _, _], (down) => down[4]));
  await Node.stop();
  return reason;
}

async function typed(lines: AsyncIterable<string>, client: Pid): Promise<void> {
  for await (const line of lines) {
    const [, to, text] = /^(\S+)\s+(.+)$/.exec(line) ?? [];
    if (to !== undefined && text !== undefined) Messenger.message(to, text);
  }
  if (Process.isAlive(client)) Messenger.logoff();
}

async function* linesOf(input: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of input.pipeThrough(new TextDecoderStream())) {
    const read = (rest + part).split("\n");
    rest = read.pop()!;
    yield* read;
  }
}

if (import.meta.main) {
  const [node, user] = Deno.args;
  if (node === undefined) {
    console.error(
      "usage: node.ts messenger@127.0.0.1      the server\n" +
        "       node.ts name@127.0.0.1 user      a user at a node of any other name",
    );
    Deno.exit(2);
  }
  await startNode(node);
  if (user === undefined) {
    Messenger.startServer();
    console.log(`the server runs at ${node}`);
  } else {
    const reason = await runClient(user, linesOf(Deno.stdin.readable));
    if (reason !== "normal") console.log(`the client has ended: ${formatExit(reason)}`);
    Deno.exit(reason === "normal" ? 0 : 1); // the user may still be typing
  }
}
