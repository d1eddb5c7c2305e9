/**
 * Process groups over all nodes: connects the scopes of `Pg` with those of the nodes that come up.
 *
 * @module
 */

import type { NodeName, Pid, Term } from "../../kernel/term.ts";
import { enterCluster, nodeUp } from "../../pg/scope.ts";

/** What groups need of a node. */
export interface GroupServices {
  /** The nodes that are connected, without hidden ones. */
  visibleNodes(): Iterable<NodeName>;
  /** Has a process speak the exact mapping. */
  speakExactly(pid: Pid): void;
  /** The key of a term as Erlang compares them. Throws a `TypeError` if it cannot be sent. */
  keyOf(term: Term): string;
  /** Calls the listener when a node comes up or goes down. Returns what calls that off. */
  watchNodes(
    listener: { up(node: NodeName, isHidden: boolean): void; down(node: NodeName): void },
  ): () => void;
}

/** What runs from the start of the node to its end: scopes look for those of the nodes that are not hidden. */
export function groupService(
  { visibleNodes, speakExactly, keyOf, watchNodes }: GroupServices,
): { start(): void; stop(): void } {
  let unwatch = () => {};
  return {
    start() {
      unwatch = watchNodes({
        up: (node, isHidden) => isHidden || nodeUp(node),
        down() {}, // the monitors of the scopes tell
      });
      enterCluster({ nodes: visibleNodes, attach: speakExactly, keyOf });
    },
    stop() {
      unwatch();
      enterCluster(null);
    },
  };
}
