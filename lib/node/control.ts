/**
 * Erlang's signals between nodes, as values. Independent of transports and codecs, which carry them each in its
 * own way.
 *
 * @module
 */

import type { Atom, Pid, Ref, Term } from "../kernel/term.ts";

/** The receiver on the other node: a pid, or a name that is registered there. */
export type Target = Pid | Atom;

/** Flag of a `spawn_reply`: the new process is linked. */
export const SPAWNED_LINKED = 1;
/** Flag of a `spawn_reply`: the new process is monitored. */
export const SPAWNED_MONITORED = 2;

/** One signal between processes of two nodes. `from` is `null` if the sender is not known. */
export type Control =
  | readonly ["send", from: Pid | null, to: Pid, message: Term]
  | readonly ["reg_send", from: Pid, to: Atom, message: Term]
  | readonly ["alias_send", from: Pid, to: Ref, message: Term]
  | readonly ["link", from: Pid, to: Pid]
  | readonly ["unlink", from: Pid, to: Pid]
  | readonly ["unlink_id", id: bigint, from: Pid, to: Pid]
  | readonly ["unlink_id_ack", id: bigint, from: Pid, to: Pid]
  | readonly ["exit", from: Pid, to: Pid, reason: Term]
  | readonly ["exit2", from: Pid, to: Pid, reason: Term]
  | readonly ["monitor_p", from: Pid, to: Target, ref: Ref]
  | readonly ["demonitor_p", from: Pid, to: Target, ref: Ref]
  | readonly ["monitor_p_exit", from: Target, to: Pid, ref: Ref, reason: Term]
  | readonly ["group_leader", from: Pid, to: Pid]
  | readonly [
    "spawn_request",
    id: Ref,
    from: Pid,
    groupLeader: Pid,
    mfa: readonly [module: Atom, function: Atom, arity: number],
    options: readonly Term[],
    args: readonly Term[],
  ]
  | readonly ["spawn_reply", id: Ref, to: Pid, flags: number, result: Pid | Atom];
