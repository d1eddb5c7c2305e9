/**
 * Starts a node, and says in JSON what became of it, on one line; ends with its input:
 * `start.ts name@host options`, the options in JSON. If `resolve` is among them it is the port of every
 * other node.
 *
 * @module
 */

import { GenServer, Logger, ok, reply } from "../../../mod.ts";
import { Node } from "../../../lib/node/mod.ts";

const [name, json] = Deno.args as [string, string];
const { resolve: port, ...options } = JSON.parse(json);
const resolve = () => ({ host: "127.0.0.1", port });
const log: string[] = [];
Logger.setHandler(({ sasl, reason }) => sasl === true || log.push(String(reason)));

/** Answers with what it is asked. */
const echo = {
  init: (state: null) => ok(state),
  handleCall: (request: unknown) => reply(request, null),
};

try {
  const [result, why] = await Node.start(
    name,
    port === undefined ? options : { ...options, resolve },
  );
  await GenServer.start(echo, null, { name: "echo" });
  const reason = result === "error" ? why : undefined;
  say({ result, reason, cookie: Node.getCookie(), log });
} catch (error) {
  say({ result: "throws", reason: String(error), log });
}
for await (const _ of Deno.stdin.readable);
await Node.stop();

function say(what: unknown): void {
  console.log(JSON.stringify(what));
}
