/**
 * A registry of names on nodes: `["via", NodeRegistry, [node, name]]` is the process that has the local name on
 * that node. Only processes of this node can be registered; those of all nodes can be found.
 *
 * @module
 */

import { exit, isPid, type NodeName, type Pid, Process, send as sendTo } from "@denotp/otp";
import { atom, Node, Rpc } from "@denotp/otp/node";
import { word } from "../atoms.ts";

/** A name, and the node that has it. */
export type Key = readonly [node: NodeName, name: string];

/** The module that has `whereis` on an Elixir node; here it is exported by the same name. */
const PROCESS = "Elixir.Process";

/** Lets other nodes look up the names of this one. */
export function exportNames(): void {
  Node.exportFunctions(PROCESS, {
    whereis: (name: unknown) => Process.whereis(String(word(name))) ?? null,
  });
}

export function registerName([node, name]: Key, pid: Pid): "yes" | "no" {
  if (node !== Node.self()) return "no";
  try {
    Process.register(pid, name);
    return "yes";
  } catch {
    return "no";
  }
}

export const unregisterName = ([, name]: Key): unknown => Process.unregister(name);

export function whereisName([node, name]: Key): Pid | undefined | Promise<Pid | undefined> {
  if (node === Node.self()) return Process.whereis(name);
  return Rpc.call(node, PROCESS, "whereis", [atom(name)])
    .then((found) => isPid(found) ? found : undefined);
}

export async function send(key: Key, message: unknown): Promise<Pid> {
  const pid = await whereisName(key);
  if (pid === undefined) throw exit(["badarg", [key, message]]);
  sendTo(pid, message);
  return pid;
}
