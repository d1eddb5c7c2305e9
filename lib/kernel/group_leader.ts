/**
 * Group leaders. On the BEAM all output goes through them; here they say which application a process belongs
 * to, and where processes print that were started on other nodes.
 *
 * @module
 */

import { LEADS_GROUP, type Process } from "./process.ts";
import { mainProcess } from "./self.ts";
import type { Pid } from "./term.ts";

let ofNode: (() => Pid) | null = null;

/** Sets the leader of processes that belong to no group: that of the node; `null` when it stops. */
export function leadThrough(leader: (() => Pid) | null): void {
  ofNode = leader;
}

/** The group leader of a process: the main process if it belongs to no group, and this runtime is not a node. */
export function leaderOf(process: Process): Pid {
  return process.leader ?? root();
}

/**
 * The group leader for processes that `process` starts on other nodes, which prints what they print: its own,
 * unless that is the master of an application, which does not print. Then it is that of the master's parent.
 */
export function printerOf(process: Process): Pid {
  let { leader } = process;
  while (leader !== null && leader.process !== null) {
    if ((leader.process.flags & LEADS_GROUP) === 0) break;
    const { lineage }: Process = leader.process;
    leader = lineage === null ? null : lineage.leader;
  }
  return leader ?? root();
}

function root(): Pid {
  return ofNode === null ? mainProcess().pid : ofNode();
}
