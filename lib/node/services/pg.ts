/**
 * Process groups across nodes: connects the scopes of `Pg` with those of the nodes that come up.
 *
 * @module
 */

import type { NodeName, Pid, Term } from "../../kernel/term.ts";
import { enterCluster, nodeUp } from "../../pg/scope.ts";

/** What process groups need of a node. */
export interface GroupServices {
  /** The nodes that are connected and not hidden. */
  visibleNodes(): Iterable<NodeName>;
  /** Makes a process use the exact mapping. */
  speakExactly(pid: Pid): void;
  /** The key of a term: equal for terms that are equal in Erlang. Throws a `TypeError` if it cannot be sent. */
  keyOf(term: Term): string;
  /** Calls the listener when a node comes up or goes down. Returns a function that removes it. */
  watchNodes(
    listener: { up(node: NodeName, isHidden: boolean): void; down(node: NodeName): void },
  ): () => void;
}

/** Creates the service, which runs from the start of the node until it stops. Scopes do not look on hidden nodes. */
export function groupService(
  { visibleNodes, speakExactly, keyOf, watchNodes }: GroupServices,
): { start(): void; stop(): void } {
  let unwatch = () => {};
  return {
    start() {
      unwatch = watchNodes({
        up: (node, isHidden) => isHidden || nodeUp(node),
        down() {}, // scopes are notified by their monitors
      });
      enterCluster({ nodes: visibleNodes, attach: speakExactly, keyOf });
    },
    stop() {
      unwatch();
      enterCluster(null);
    },
  };
}
