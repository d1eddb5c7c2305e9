/**
 * A character on a node: it says its sentence, and it can die.
 *
 * @module
 */

import { type ChildSpec, GenServer, isAtom, type NodeName, ok, reply } from "@denotp/otp";
import { Node } from "@denotp/otp/node";
import { word } from "../atoms.ts";
import * as Core from "../super_duper/core.ts";
import * as NodeRegistry from "./node_registry.ts";
import * as Server from "./server.ts"; // __MODULE__

/** The module's name on an Elixir node, and to other nodes here. */
const MODULE = "Elixir.SuperDuper.Server";

/** Lets other nodes start characters here. */
export function exportServer(): void {
  Node.exportFunctions(MODULE, {
    start_link: ([name, says]: Core.Info) => startLink([String(word(name)), says]),
  });
}

/** The name of a character. */
export const via = (name: string, node: NodeName = Node.self()) =>
  ["via", NodeRegistry, [node, name]] as const;

/** For a supervisor of this node. */
export function childSpec(character: Core.Hero | Core.Info): ChildSpec {
  const info = isAtom(character) ? Core.info(character) : character;
  return { id: info[0], start: [Server, "startLink", [info]] };
}

/** For a supervisor of another node, which has a module of this name. */
export const childSpecElsewhere = (info: Core.Info): ChildSpec => ({
  id: info[0],
  start: [MODULE, "start_link", [info]],
});

export const startLink = (info: Core.Info) =>
  GenServer.startLink(Server, info, { name: via(info[0]) });

export function init(info: Core.Info) {
  console.log(`Starting ${info[0]}`);
  return ok(info);
}

export function handleCall(request: unknown, _from: GenServer.From, [name, says]: Core.Info) {
  if (word(request) === "say") return reply(says, [name, says]);
  throw new TypeError("Cannot handle this: no function clause matches");
}

export function handleCast(_die: unknown, _state: Core.Info): never {
  throw new Error("Boom");
}
