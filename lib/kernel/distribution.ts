/**
 * The seam to other nodes: what the kernel asks of whatever connects this runtime with others.
 *
 * A process elsewhere is a pid without a process behind it. Only where the kernel would take it for dead
 * is it looked at whether it lives elsewhere, so that whoever has one node pays nothing for this.
 *
 * @module
 */

import type { CallKind } from "./calls.ts";
import type { ExitHook, Process } from "./process.ts";
import { type Atom, isAtom, type NodeName, nodeName, Pid, Ref, type Term } from "./term.ts";

/** A local name on a node. */
export type NameOnNode = readonly [Atom, NodeName];

/** A pid of another node. */
export class RemotePid<Module = unknown> extends Pid<Module> {
  readonly #node: NodeName;
  /** The upper half of the pid's number. */
  readonly serial: number;
  /** Which life of the node it is of. */
  readonly creation: number;

  /** Not for users: a node makes these, one for each identity. */
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

/** A reference that another node has made. */
export class RemoteRef extends Ref {
  readonly #node: NodeName;
  /** Which life of the node it is of. */
  readonly creation: number;
  /** Its number, as it stands on the wire. */
  readonly words: readonly number[];

  /** Not for users: a node makes these, one for each identity. */
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

/** What leads to other nodes. */
export interface Distribution {
  /** The nodes that are connected, without hidden ones. */
  nodes(): NodeName[];
  /** Sends a message to a process elsewhere. Never fails. */
  send(to: RemotePid | RemoteRef | NameOnNode, message: Term): void;
  /** Asks a server elsewhere and waits for its answer, as `kind` has it. */
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
  /** Links `process`, at whose end alone the link was entered by now, to a process elsewhere. */
  link(process: Process, pid: RemotePid): void;
  /** Takes a link away, which `process` has no more. */
  unlink(process: Process, pid: RemotePid): void;
  /** Tells `pid` that `from`, which was linked to it, has ended. */
  linkBroke(from: Pid, pid: RemotePid, reason: Term): void;
  /** Enters a monitor of `holder`, known by `ref`, on a process elsewhere. */
  monitor(ref: Ref, holder: Process, object: RemotePid | NameOnNode, tag: Term): void;
  /** Calls `hook` when a process elsewhere has ended. Returns what calls that off. */
  onExit(pid: RemotePid, hook: ExitHook): () => void;
}

/** What leads to other nodes; `null` while this runtime is no node. */
export let distribution: Distribution | null = null;

/** Connects this runtime with others, or cuts it off. */
export function distribute(through: Distribution | null): void {
  distribution = through;
}

/** This node and those that are connected, without hidden ones. */
export function allNodes(): NodeName[] {
  return [nodeName(), ...distribution?.nodes() ?? []];
}

/** Tells whether what stands for a process names one of another node. */
export function isElsewhere(to: unknown): to is RemotePid | NameOnNode {
  return to instanceof RemotePid || (isOnNode(to) && to[1] !== nodeName());
}

/** The node of a process elsewhere. */
export function nodeOf(to: RemotePid | RemoteRef | NameOnNode): NodeName {
  return to instanceof Pid || to instanceof Ref ? to.node : to[1];
}

/** Why nobody can be asked who is not here: there is no such process, or no way to its node. */
export function whyUnreachable(to: unknown): Term {
  return isElsewhere(to) ? ["nodedown", nodeOf(to)] : "noproc";
}

/** Tells whether a term is a local name on a node. */
export function isOnNode(term: unknown): term is NameOnNode {
  return Array.isArray(term) && term.length === 2 && isAtom(term[0]) &&
    typeof term[1] === "string" && term[0] !== "global" && term[0] !== "local";
}
