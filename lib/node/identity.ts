/**
 * What identifies pids, references and ports between nodes, and who gives an identity its object.
 *
 * Inside one runtime a pid is an object, and `===` tells two apart. Between nodes it is a node's name, some
 * numbers, and the *creation*: which life of that node it is of. A codec turns the one into the other
 * by asking here; it makes no pids itself.
 *
 * @module
 */

import type { NodeName, Pid, Ref } from "../kernel/term.ts";
import type { Port } from "./terms.ts";

/** What a pid is between nodes. Two are the same only if all four agree. */
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

/** What a reference is between nodes. */
export interface RefIdentity {
  /** The name of the node. */
  readonly node: NodeName;
  /** 32 bits. */
  readonly creation: number;
  /** One to five words of 32 bits, as they stand on the wire. */
  readonly words: readonly number[];
}

/** The objects behind identities: the same one for the same identity, for as long as anybody holds it. */
export interface Identities {
  /** The pid with this identity: of a process here, if it is one of this node's. */
  pid(identity: PidIdentity): Pid;
  /** The reference with this identity. */
  ref(identity: RefIdentity): Ref;
  /** The port with this identity. */
  port(node: NodeName, id: bigint, creation: number): Port;
  /** The identity of a pid, of whichever node. */
  identityOfPid(pid: Pid): PidIdentity;
  /** The identity of a reference, of whichever node. */
  identityOfRef(ref: Ref): RefIdentity;
}
