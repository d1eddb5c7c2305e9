/**
 * The protocol between the name servers of a cluster: that of Erlang's `global`, version 8 (OTP 25 and later),
 * which includes version 7.
 *
 * All calls, casts and plain messages go to `global_name_server`. Terms are in the exact mapping, so strings are
 * atoms.
 *
 * @module
 */

import type { List } from "../../kernel/list.ts";
import type { NodeName, Pid, Ref, Term } from "../../kernel/term.ts";

/** The local name of the server. */
export const SERVER = "global_name_server";
/** The version of the protocol. */
export const VERSION = 8;
/** Earlier versions do not support overlapping partitions, and are not supported. */
export const OLDEST_VERSION = 7;
/** From this version on, an attempt to connect is acknowledged, and can be cancelled. */
export const VERIFY_VERSION = 8;
/** The resource that is locked while names are changed. */
export const GLOBAL = "global";

/** Identifies an attempt of a node to connect to another. Those of this node are numbers. */
export type Tag = number | bigint | Ref;

/** A name as it is sent between nodes. */
export type NameEntry = readonly [name: Term, pid: Pid, method: Term];

/** An operation that a node must perform to agree with another. */
export type Op = readonly ["insert", NameEntry] | readonly ["delete", name: Term];

/** A node, and the version of the protocol that it speaks. */
export type KnownNode = readonly [NodeName, version: number];

/** The id of a lock that is held by one process of each side. */
export type SharedLockId = readonly [typeof GLOBAL, requesters: List<Pid>];

/** The requests of calls. */
export type Request =
  | readonly ["set_lock" | "del_lock", id: readonly [resource: Term, requester: Term]]
  | readonly ["register", name: Term, pid: Pid, method: Term]
  | readonly ["register_ext", name: Term, pid: Pid, method: Term, node: NodeName]
  | readonly ["unregister", name: Term]
  | "get_known"
  | "get_synced"
  | "get_protocol_version"
  | "get_names_ext";

/** The greatest of some nodes (the boss), which is locked before all others and released after them. */
export function bossOf(nodes: readonly NodeName[]): NodeName {
  return nodes.reduce((boss, node) => node > boss ? node : boss);
}
