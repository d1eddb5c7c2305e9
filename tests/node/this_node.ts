/**
 * Makes the test itself a node of a cluster.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Node } from "../../lib/node/mod.ts";
import { inProcess } from "../helpers.ts";
import type { Cluster, RunningNode } from "./beam.ts";

/** The name of the node that the test is. */
export const THIS_NODE = "d@127.0.0.1";

/** Runs `body` in a process of a node of the cluster, named {@linkcode THIS_NODE}. */
export async function asNode(cluster: Cluster, body: () => Promise<void>): Promise<void> {
  const { cookie, epmd } = cluster;
  const [result] = await Node.start(THIS_NODE, { cookie, epmd });
  assertEquals(result, "ok");
  try {
    await inProcess(body);
  } finally {
    await Node.stop();
  }
}

/** What an expression gives on another node: its value, or what it raises, as printed there. */
export async function outcomeOf(node: RunningNode, expression: string): Promise<string> {
  return await node.eval(expression).catch(({ message }) => `** ${message}`);
}
