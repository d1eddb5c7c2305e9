/**
 * Monitors of nodes: of processes that monitor one node, until it is lost, and of those that have subscribed to
 * all nodes that come up and go down.
 *
 * Subscriptions outlive the node that this runtime is, and are notified of its own start and stop, too.
 *
 * @module
 */

import type { Process } from "../kernel/process.ts";
import { deliver, onExit } from "../kernel/signals.ts";
import type { NodeName } from "../kernel/term.ts";

/** Options of a subscription: which nodes it covers, and what its messages say. */
export interface MonitorNodesOptions {
  /** The nodes that it covers. Default `"visible"`. */
  readonly nodeType?: "visible" | "hidden" | "all";
  /** Whether `nodedown` has the reason, in `nodedown_reason`. Default `false`. */
  readonly nodedownReason?: boolean;
}

/** What the messages of a subscription with options say about a node. */
export interface NodeInfo {
  /** The kind of node. Present with the option `nodeType`. */
  readonly node_type?: "visible" | "hidden";
  /** Why the node is down, e.g. `"connection_closed"`. Present with the option `nodedownReason`. */
  readonly nodedown_reason?: string;
}

/** The subscriptions of one process with the same options. */
interface Subscription {
  readonly options: MonitorNodesOptions | undefined;
  count: number;
}

/** By process, then by a key for the options. */
const subscribers = new Map<Process, Map<string, Subscription>>();

/** How many messages a process gets when one node is lost, and how to remove its exit hook. */
interface NodeMonitor {
  count: number;
  readonly callOff: (() => void) | undefined;
}

/** By node, then by process. */
const monitors = new Map<NodeName, Map<Process, NodeMonitor>>();

/** Subscribes a process once more. */
export function subscribe(process: Process, options: MonitorNodesOptions | undefined): void {
  let own = subscribers.get(process);
  if (own === undefined) {
    subscribers.set(process, own = new Map());
    onExit(process.pid, () => subscribers.delete(process));
  }
  const key = keyOf(options);
  const subscription = own.get(key);
  if (subscription === undefined) own.set(key, { options, count: 1 });
  else subscription.count++;
}

/** Removes all subscriptions of a process with these options. */
export function unsubscribe(process: Process, options: MonitorNodesOptions | undefined): void {
  subscribers.get(process)?.delete(keyOf(options));
}

function keyOf(options: MonitorNodesOptions | undefined): string {
  return JSON.stringify([options?.nodeType, options?.nodedownReason, options === undefined]);
}

/** Notifies all subscribers of a node that is up, or down for a reason. */
export function announce(
  what: "nodeup" | "nodedown",
  node: NodeName,
  isHidden: boolean,
  reason?: string,
): void {
  for (const [process, own] of subscribers) {
    for (const { options, count } of own.values()) {
      const { nodeType = "visible" } = options ?? {};
      if (nodeType !== "all" && (nodeType === "hidden") !== isHidden) continue;
      const message = options === undefined
        ? [what, node]
        : [what, node, infoOf(options, isHidden, reason)];
      for (let times = 0; times < count; times++) deliver(process, message);
    }
  }
}

function infoOf(
  { nodeType, nodedownReason }: MonitorNodesOptions,
  isHidden: boolean,
  reason: string | undefined,
): NodeInfo {
  return {
    ...(nodeType === undefined ? {} : { node_type: isHidden ? "hidden" : "visible" }),
    ...(nodedownReason === true && reason !== undefined ? { nodedown_reason: reason } : {}),
  };
}

/** Adds one monitor of a process on a node. */
export function monitorNode(process: Process, node: NodeName): void {
  let ofNode = monitors.get(node);
  if (ofNode === undefined) monitors.set(node, ofNode = new Map());
  const monitor = ofNode.get(process);
  if (monitor !== undefined) monitor.count++;
  else {
    const callOff = onExit(process.pid, () => forget(process, node));
    ofNode.set(process, { count: 1, callOff });
  }
}

/** Removes one monitor of a process on a node. */
export function demonitorNode(process: Process, node: NodeName): void {
  const monitor = monitors.get(node)?.get(process);
  if (monitor === undefined || --monitor.count > 0) return;
  monitor.callOff?.();
  forget(process, node);
}

/** Notifies the processes that monitor a node that it is lost or could not be reached, and removes the monitors. */
export function tellOfLoss(node: NodeName): void {
  const ofNode = monitors.get(node);
  monitors.delete(node);
  for (const [process, { count, callOff }] of ofNode ?? []) {
    callOff?.();
    for (let times = 0; times < count; times++) deliver(process, ["nodedown", node]);
  }
}

function forget(process: Process, node: NodeName): void {
  const ofNode = monitors.get(node);
  if (ofNode?.delete(process) && ofNode.size === 0) monitors.delete(node);
}
