/**
 * What the name servers of a cluster say to each other: Erlang's protocol of `global`, version 8 (OTP 25
 * and later), which 7 is a part of.
 *
 * All of it goes to `global_name_server`: calls, casts, and bare messages. Terms are in the exact mapping,
 * so strings are atoms.
 *
 * @module
 */

import type { List } from "../../kernel/list.ts";
import type { NodeName, Pid, Term } from "../../kernel/term.ts";

/** The local name of the server. */
export const SERVER = "global_name_server";
/** The version of the protocol. */
export const VERSION = 8;
/** Versions before this one know nothing of overlapping partitions, and are not spoken here. */
export const OLDEST_VERSION = 7;
/** From this version on an attempt to connect is acknowledged, and can be cancelled. */
export const VERIFY_VERSION = 8;
/** The resource that is locked whenever names change. */
export const GLOBAL = "global";

/** Tells apart the attempts of a node to connect to another. */
export type Tag = number;

/** A name as it is exchanged. */
export type NameEntry = readonly [name: Term, pid: Pid, method: Term];

/** What a node has to do so that it and another one agree. */
export type Op = readonly ["insert", NameEntry] | readonly ["delete", name: Term];

/** A node, and the version of the protocol that it speaks. */
export type KnownNode = readonly [NodeName, version: number];

/** A lock that one process of each side holds. */
export type SharedLockId = readonly [typeof GLOBAL, requesters: List<Pid>];

/** What is asked. */
export type Request =
  | readonly ["set_lock" | "del_lock", id: readonly [resource: Term, requester: Term]]
  | readonly ["register", name: Term, pid: Pid, method: Term]
  | readonly ["register_ext", name: Term, pid: Pid, method: Term, node: NodeName]
  | readonly ["unregister", name: Term]
  | "get_known"
  | "get_synced"
  | "get_protocol_version"
  | "get_names_ext";

/** The greatest of some nodes, that is locked before all others and freed after them. */
export function bossOf(nodes: readonly NodeName[]): NodeName {
  return nodes.reduce((boss, node) => node > boss ? node : boss);
}
