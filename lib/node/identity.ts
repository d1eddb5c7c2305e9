/**
 * What identifies pids, references and ports between nodes, and the interface that maps identities to objects.
 *
 * Inside one runtime a pid is an object, and `===` compares two. Between nodes it is a node's name, some
 * numbers, and the *creation*: a number that tells each life of a node (from its start until it stops) from
 * the earlier ones. Codecs convert between the two through {@linkcode Identities}; they create no pids
 * themselves.
 *
 * @module
 */

import type { NodeName, Pid, Ref } from "../kernel/term.ts";
import type { Port } from "./terms.ts";

/** The identity of a pid between nodes. Two pids are the same only if all four fields are equal. */
export interface PidIdentity {
  /** The name of the node. */
  readonly node: NodeName;
  /** 32 bits. */
  readonly id: number;
  /** 32 bits. */
  readonly serial: number;
  /** 32 bits; 0 stands for any life of the node. */
  readonly creation: number;
}

/** The identity of a reference between nodes. */
export interface RefIdentity {
  /** The name of the node. */
  readonly node: NodeName;
  /** 32 bits. */
  readonly creation: number;
  /** One to five words of 32 bits, in the order of the wire format. */
  readonly words: readonly number[];
}

/** The objects for identities: the same one for the same identity, for as long as it is referenced. */
export interface Identities {
  /** The pid with this identity: of a local process, if the identity is of this node. */
  pid(identity: PidIdentity): Pid;
  /** The reference with this identity. */
  ref(identity: RefIdentity): Ref;
  /** The port with this identity. */
  port(node: NodeName, id: bigint, creation: number): Port;
  /** The identity of a pid of any node. */
  identityOfPid(pid: Pid): PidIdentity;
  /** The identity of a reference of any node. */
  identityOfRef(ref: Ref): RefIdentity;
}
