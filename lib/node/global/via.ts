/**
 * Global names of a cluster that this node is no part of: a registry whose keys are the global names of
 * another node, which is asked for all it does.
 *
 * So a hidden node (`Node.start(name, { hidden: true })`) has its processes found under `{:global, name}`,
 * and finds those of others, without a part in what the nodes of that cluster tell each other. They
 * connect to it by themselves to watch the processes that have names.
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
 * The global names of the cluster that an Erlang node is in, as a registry: for a start option
 * `name: ["via", globalVia(node), key]`, and wherever a server is named.
 *
 * A key is any term, in the exact mapping: `"calculator"` is the name `calculator`, an atom. Every
 * operation asks the node, and rejects with {@linkcode Erpc.ErpcError} if that is out of reach.
 *
 * @param node An Erlang or Elixir node; it is connected to if need be.
 * @throws {TypeError} If `node` is no name of a node.
 * @see Erlang `global`
 *
 * @example
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
