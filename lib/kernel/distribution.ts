/**
 * The interface to other nodes: what the kernel requires of the distribution, which `lib/node` installs.
 *
 * A remote process is a pid without a process record. Only where the kernel finds no process does it
 * check whether the pid is remote, so a runtime without other nodes pays nothing for this.
 *
 * @module
 */

import type { CallKind } from "./calls.ts";
import type { ExitHook, Process } from "./process.ts";
import { isA, itemsOf } from "./reader.ts";
import { type Atom, isAtom, type NodeName, nodeName, Pid, Ref, type Term } from "./term.ts";

/** A local name on a node. */
export type NameOnNode = readonly [Atom, NodeName];

/** A pid of another node. */
export class RemotePid<Module = unknown> extends Pid<Module> {
  readonly #node: NodeName;
  /** The upper half of the pid's number. */
  readonly serial: number;
  /** The incarnation of the node that it belongs to. */
  readonly creation: number;

  /** Internal: a node makes these, one for each identity. */
  constructor(node: NodeName, id: number, serial: number, creation: number) {
    super(null, id);
    this.#node = node;
    this.serial = serial;
    this.creation = creation;
  }

  override get node(): NodeName {
    return this.#node;
  }

  /** Prints with the name of the node, e.g. `#PID<elixir@host.115.0>`. */
  override toString(): string {
    return `#PID<${this.#node}.${this.id}.${this.serial}>`;
  }
}

/** A reference of another node. */
export class RemoteRef extends Ref {
  readonly #node: NodeName;
  /** The incarnation of the node that it belongs to. */
  readonly creation: number;
  /** Its number, as it is encoded on the wire. */
  readonly words: readonly number[];

  /** Internal: a node makes these, one for each identity. */
  constructor(node: NodeName, creation: number, words: readonly number[]) {
    super(words[0] ?? 0);
    this.#node = node;
    this.creation = creation;
    this.words = words;
  }

  override get node(): NodeName {
    return this.#node;
  }

  /** Prints with the name of the node, e.g. `#Reference<elixir@host.1.2.3>`. */
  override toString(): string {
    return `#Reference<${this.#node}.${[...this.words].reverse().join(".")}>`;
  }
}

/** The connection to other nodes. */
export interface Distribution {
  /** The nodes that are connected, without hidden ones. */
  nodes(): NodeName[];
  /** Sends a message to a remote process. Never fails. */
  send(to: RemotePid | RemoteRef | NameOnNode, message: Term): void;
  /** Calls a remote server, with the message and the failures that `kind` defines. */
  call(
    caller: Process,
    to: RemotePid | NameOnNode,
    server: Term,
    request: Term,
    timeout: number,
    kind: CallKind,
  ): Promise<Term>;
  /** Sends the exit signal of `Process.exit(to, reason)`. */
  exit(from: Pid, to: RemotePid, reason: Term): void;
  /** Sets the group leader of a remote process. */
  lead(pid: RemotePid, leader: Pid): void;
  /** Sets up a link that was added to `process` only so far, at the remote process. */
  link(process: Process, pid: RemotePid): void;
  /** Removes a link at the remote process that `process` has removed on its side. */
  unlink(process: Process, pid: RemotePid): void;
  /** Sends `pid` the exit signal of the link to `from`, which has exited. */
  linkBroke(from: Pid, pid: RemotePid, reason: Term): void;
  /** Sets up a monitor of `holder`, known by `ref`, on a remote process. */
  monitor(ref: Ref, holder: Process, object: RemotePid | NameOnNode, tag: Term): void;
  /** Calls `hook` when a remote process has exited. Returns a function that removes the hook. */
  onExit(pid: RemotePid, hook: ExitHook): () => void;
}

/** The connection to other nodes, or `null` while this runtime is not a node. */
export let distribution: Distribution | null = null;

/** Installs the connection to other nodes, or removes it with `null`. */
export function distribute(through: Distribution | null): void {
  distribution = through;
}

/** This node and those that are connected, without hidden ones. */
export function allNodes(): NodeName[] {
  return [nodeName(), ...distribution?.nodes() ?? []];
}

/** Tells whether a reference to a process names one of another node. */
export function isElsewhere(to: unknown): to is RemotePid | NameOnNode {
  return isA(to, RemotePid) || (isOnNode(to) && to[1] !== nodeName());
}

/** The node of a remote process or reference. */
export function nodeOf(to: RemotePid | RemoteRef | NameOnNode): NodeName {
  return to instanceof Pid || to instanceof Ref ? to.node : to[1];
}

/** Why a process that is not local cannot be called: it does not exist, or its node is not connected. */
export function whyUnreachable(to: unknown): Term {
  return isElsewhere(to) ? ["nodedown", nodeOf(to)] : "noproc";
}

/** Tells whether a term is a local name on a node. */
export function isOnNode(term: unknown): term is NameOnNode {
  const [name, node] = itemsOf(term, 2) ?? [];
  return isAtom(name) && typeof node === "string" && name !== "global" && name !== "local";
}
