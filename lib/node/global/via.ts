/**
 * Global names of a cluster that this node is not part of: a registry whose keys are the global names of another
 * node, which performs all operations.
 *
 * So a hidden node (`Node.start(name, { hidden: true })`) can register its processes under `{:global, name}`, and
 * find those of others, without taking part in the protocol of that cluster. The nodes of the cluster connect to it
 * to monitor its registered processes.
 *
 * @module
 */

import { exit } from "../../kernel/exit.ts";
import type { NameRegistry } from "../../kernel/names.ts";
import { sendToPid } from "../../kernel/signals.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type NodeName, type Pid, type Term } from "../../kernel/term.ts";
import * as Erpc from "../calls/erpc.ts";
import { exactly } from "./exactly.ts";

/**
 * Returns the global names of the cluster of an Erlang node, as a registry: for the start option
 * `name: ["via", globalVia(node), key]`, and wherever a server is named.
 *
 * A key is any term, in the exact mapping: `"calculator"` is the name `calculator`, an atom. Every
 * operation is a call to the node, and rejects with {@linkcode Erpc.ErpcError} if the node cannot be reached.
 *
 * @param node An Erlang or Elixir node. Connects to it if necessary.
 * @throws {TypeError} If `node` is not the name of a node.
 * @see Erlang `global`
 *
 * @example Names of an Elixir node
 * ```ts
 * import { globalVia } from "@denotp/otp/node";
 *
 * const names = globalVia("elixir@127.0.0.1");
 * const calculator = ["via", names, "calculator"] as const; // GenServer.call(calculator, …)
 * ```
 */
export function globalVia(node: NodeName): NameRegistry {
  if (typeof node !== "string" || !node.includes("@")) {
    throw new TypeError(`Cannot use global names: expected name@host, found ${inspect(node)}`);
  }
  const ask = (name: string, ...args: Term[]) => Erpc.call(node, "global", name, args);
  const whereisName = async (key: Term): Promise<Pid | undefined> => {
    const found = await ask("whereis_name", exactly(key));
    return isPid(found) ? found : undefined;
  };
  return {
    registerName: async (key, pid) =>
      nameOf(await ask("register_name", exactly(key), pid)) === "yes" ? "yes" : "no",
    unregisterName: async (key) => void await ask("unregister_name", exactly(key)),
    whereisName,
    send: async (key, message) => {
      const pid = await whereisName(key);
      if (pid === undefined) throw exit(["badarg", [key, message]]);
      sendToPid(pid, message);
      return pid;
    },
  };
}

function nameOf(atom: Term): Term {
  return typeof atom === "symbol" ? atom.description : atom;
}
