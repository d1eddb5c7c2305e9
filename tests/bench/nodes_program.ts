/**
 * A denotp node for `nodes.ts`, both a server and the clients of another node.
 *
 * Usage: deno run --allow-net=127.0.0.1 tests/bench/nodes_program.ts NAME COOKIE EPMD-PORT
 *
 * Answers lines `WORK NODE OPERATIONS SIZE` with nanoseconds per operation. `nodes.exs` is the same in Elixir.
 *
 * @module
 */

import {
  GenServer,
  Logger,
  noreply,
  ok,
  receive,
  reply,
  self,
  send,
  spawn,
  unwrap,
} from "@denotp/otp";
import { Node } from "@denotp/otp/node";
import { assertEquals } from "@std/assert";
import { answerLines } from "./program.ts";
import { timed } from "./work.ts";

const CLIENTS = 100;

type Text = readonly [tag: "text", text: string];

/** Counts casts, and gives back what it is sent. */
const Server = {
  init: (count: number) => ok(count),
  handleCall: (request: "get" | Text, _from: GenServer.From, count: number) =>
    reply(request === "get" ? count : request[1], request === "get" ? 0 : count),
  handleCast: (_request: Text, count: number) => noreply(count + 1),
};

type Remote = GenServer.ServerRef<typeof Server>;

const server = (node: string) => ["bench", node] as Remote;

async function call(node: string, operations: number, message: Text): Promise<void> {
  for (let i = 0; i < operations; i++) {
    const answer = await GenServer.call(server(node), message);
    if (answer !== message[1]) throw new Error(`Cannot be: the answer is ${answer}`);
  }
}

async function clients(node: string, operations: number, message: Text): Promise<void> {
  const parent = self();
  for (let i = 0; i < CLIENTS; i++) {
    spawn(async () => {
      await call(node, operations / CLIENTS, message);
      send(parent, "done");
    });
  }
  for (let i = 0; i < CLIENTS; i++) await receive();
}

async function cast(node: string, operations: number, message: Text): Promise<void> {
  for (let i = 0; i < operations; i++) GenServer.cast(server(node), message);
  assertEquals(await GenServer.call(server(node), "get", Infinity), operations);
}

const WORK = { call, clients, cast };

function measure(work: string, node: string, operations: number, size: number): Promise<number> {
  const message: Text = ["text", "x".repeat(size)];
  return timed(operations, () => WORK[work as keyof typeof WORK](node, operations, message));
}

if (import.meta.main) {
  const [name, cookie, port] = Deno.args as [string, string, string];
  Logger.configure({ level: "none" });
  unwrap(await GenServer.start(Server, 0, { name: "bench" }));
  unwrap(await Node.start(name, { cookie, epmd: { port: Number(port) } }));
  await answerLines(async (work, node, operations, size) => {
    return await measure(work!, node!, Number(operations), Number(size));
  });
  Deno.exit();
}
