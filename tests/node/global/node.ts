/**
 * A node with global names for tests: what it gets from Erlang is in the exact mapping.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type GlobalOptions, Node } from "../../../lib/node/mod.ts";
import type { NodeName } from "../../../lib/kernel/term.ts";

/** What a node is started with. */
export interface Options extends GlobalOptions {
  readonly node: NodeName;
  readonly cookie: string;
  readonly epmd: { readonly host: string; readonly port: number };
  readonly hidden?: boolean;
}

/** A node that runs. */
export interface TestNode extends AsyncDisposable {
  /** Connects to a node. */
  connect(node: NodeName): Promise<boolean>;
  /** Cuts the connection to a node. */
  disconnect(node: NodeName): void;
  /** The nodes that are connected, hidden ones too. */
  nodes(): NodeName[];
}

/** Makes this program a node. */
export async function startNode({ node, ...options }: Options): Promise<TestNode> {
  const [result] = await Node.start(node, { ...options, mapping: () => "exact" });
  assertEquals(result, "ok");
  return {
    connect: async (name) => await Node.connect(name) === true,
    disconnect: (name) => void Node.disconnect(name),
    nodes: () => Node.list("connected"),
    async [Symbol.asyncDispose]() {
      await Node.stop();
    },
  };
}
