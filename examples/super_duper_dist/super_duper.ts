/**
 * SuperDuper's API over nodes: every node has its heroes and a supervisor for the characters that come and go. A
 * character is known by its node and its name.
 *
 * @module
 */

import {
  DynamicSupervisor,
  GenServer,
  isPid,
  type NodeName,
  type Pid,
  Process,
  Supervisor,
  unwrap,
} from "@denotp/otp";
import { atom, Node } from "@denotp/otp/node";
import * as NodeRegistry from "./node_registry.ts";
import * as Server from "./server.ts";

/** The supervisor's name, as Elixir has it. */
const APP = "Elixir.SuperDuper.DynamicSupervisor";

/** Starts this node's heroes. They outlive the process that starts them. */
export async function start(): Promise<"ok"> {
  NodeRegistry.exportNames();
  Server.exportServer();
  const children = [
    Server.childSpec("superdave"),
    Server.childSpec("superman"),
    DynamicSupervisor.childSpec({ name: APP, strategy: "one_for_one" }),
  ];
  const options = { strategy: "rest_for_one", name: "Elixir.SuperDuper.Supervisor" } as const;
  Process.unlink(unwrap(await Supervisor.startLink(children, options)));
  return "ok";
}

/** Adds a character at a node. */
export async function addCharacter(name: string, says: string, node: NodeName = Node.self()) {
  const isHere = node === Node.self();
  const spec = (isHere ? Server.childSpec : Server.childSpecElsewhere)([name, says]);
  const added = await DynamicSupervisor.startChild([APP, node], spec);
  return added[0] === "ok" ? "ok" : added;
}

/** Removes a character. */
export const removeCharacter = async (name: string, node: NodeName = Node.self()) =>
  DynamicSupervisor.terminateChild(
    [APP, node],
    await GenServer.whereis(Server.via(name, node)) as Pid,
  );

export const say = (name: string, node: NodeName = Node.self()) =>
  GenServer.call(Server.via(name, node), atom("say"));

export const die = (name: string, node: NodeName = Node.self()) =>
  GenServer.cast(Server.via(name, node), atom("die"));

export const isAlive = async (name: string, node: NodeName = Node.self()): Promise<boolean> =>
  isPid(await GenServer.whereis(Server.via(name, node)));
