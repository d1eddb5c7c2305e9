/**
 * The messenger's API: what a user types at the console of a node.
 *
 * @module
 */

import { type Atom, type NodeName, Process, send, spawn } from "@denotp/otp";
import { client } from "./client.ts";

export { startServer } from "./server.ts";

const CLIENT = "mess-client";

let serverNode: NodeName = "messenger@127.0.0.1";

/** Says on which node the server runs. */
export function useServerAt(node: NodeName): void {
  serverNode = node;
}

/** Logs on by a name that is free in the network. The answer is printed when it arrives. */
export function logon(name: string): true | "already-logged-on" {
  if (Process.whereis(CLIENT) !== undefined) return "already-logged-on";
  const node = serverNode;
  return Process.register(spawn(() => client(node, name)), CLIENT);
}

/**
 * Logs off.
 *
 * @throws {TypeError} If no user is logged on at this node.
 */
export const logoff = (): Atom => send(CLIENT, "logoff");

/** Sends a message to the user who is logged on by a name. Whether it was sent is printed when that is known. */
export function message(to: string, text: string): "ok" | "not-logged-on" {
  if (Process.whereis(CLIENT) === undefined) return "not-logged-on";
  send(CLIENT, ["message-to", to, text]);
  return "ok";
}
