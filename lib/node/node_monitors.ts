/**
 * Who wants to hear of nodes that come and go: processes that monitor one node, until it is lost, and
 * those that have subscribed to all.
 *
 * Subscriptions outlive the node that this runtime is; they hear of its own beginning and end, too.
 *
 * @module
 */

import type { Process } from "../kernel/process.ts";
import { deliver, onExit } from "../kernel/signals.ts";
import type { NodeName } from "../kernel/term.ts";

/** What a subscription to nodes is about, and how much it says. */
export interface MonitorNodesOptions {
  /** Which nodes. Default `"visible"`. */
  readonly nodeType?: "visible" | "hidden" | "all";
  /** Whether `nodedown` says why, in `nodedown_reason`. Default `false`. */
  readonly nodedownReason?: boolean;
}

/** What a message of a subscription with options says of a node. */
export interface NodeInfo {
  /** With the option `nodeType`: which kind of node it is. */
  readonly node_type?: "visible" | "hidden";
  /** With the option `nodedownReason`: why the node is down, as in `"connection_closed"`. */
  readonly nodedown_reason?: string;
}

/** Subscriptions of one process with the same options. */
interface Subscription {
  readonly options: MonitorNodesOptions | undefined;
  count: number;
}

/** By the process, then by what tells the options apart. */
const subscribers = new Map<Process, Map<string, Subscription>>();

/** How often a process is to be told of the loss of one node, and what makes an end of it. */
interface NodeMonitor {
  count: number;
  readonly callOff: (() => void) | undefined;
}

/** By the node, then by the process. */
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

/** Ends all subscriptions of a process with these options. */
export function unsubscribe(process: Process, options: MonitorNodesOptions | undefined): void {
  subscribers.get(process)?.delete(keyOf(options));
}

function keyOf(options: MonitorNodesOptions | undefined): string {
  return JSON.stringify([options?.nodeType, options?.nodedownReason, options === undefined]);
}

/** Tells all subscribers of a node that is up, or down for a reason. */
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

/** Has a process be told once more when a node is lost. */
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

/** Has a process be told once less. */
export function demonitorNode(process: Process, node: NodeName): void {
  const monitor = monitors.get(node)?.get(process);
  if (monitor === undefined || --monitor.count > 0) return;
  monitor.callOff?.();
  forget(process, node);
}

/** Tells whoever monitors a node that it is lost, or could not be reached; that is all they hear. */
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
