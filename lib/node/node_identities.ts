/**
 * The identities that this node knows: which pid, reference or port object stands for which numbers.
 *
 * What was sent to another node may come back, and must then be the same object; so it is kept here, weakly,
 * by its number. What comes from another node is kept by its identity, also weakly: one object for each
 * identity, for as long as it is referenced.
 *
 * @module
 */

import { RemotePid, RemoteRef } from "../kernel/distribution.ts";
import { type NodeName, nodeName, Pid, Ref } from "../kernel/term.ts";
import type { Identities, PidIdentity, RefIdentity } from "./identity.ts";
import { Port } from "./terms.ts";

/** A pid's number is its id and serial together, as Erlang prints it. */
const IDS = 0x8000;
/** The lowest word of a reference has 18 bits, for older nodes. */
const LOW_WORDS = 0x40000;
const WORDS = 2 ** 32;

/** Values by what identifies them, for as long as they are referenced elsewhere. */
class Interned<Key, Value extends WeakKey> {
  readonly #entries = new Map<Key, WeakRef<Value>>();
  readonly #gone = new FinalizationRegistry<Key>((key) => {
    // It may have been created again since.
    if (this.#entries.get(key)?.deref() === undefined) this.#entries.delete(key);
  });

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.deref();
  }

  set(key: Key, value: Value): Value {
    this.#entries.set(key, new WeakRef(value));
    this.#gone.register(value, key);
    return value;
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** The identities during one life of this node (from its start until it stops). */
export class NodeIdentities implements Identities {
  /** The creation of this life of the node. Set before anything is sent to another node. */
  creation = 0;
  readonly #pids = new Interned<number, Pid>();
  readonly #refs = new Interned<number, Ref>();
  readonly #remotePids = new Interned<string, RemotePid>();
  /** The identities that were looked up last: likely the next ones too. */
  #latestPid: RemotePid | null = null;
  #latestRef: RemoteRef | null = null;
  readonly #remoteRefs = new Interned<string, RemoteRef>();
  readonly #ports = new Interned<string, Port>();

  pid(identity: PidIdentity): Pid {
    const { node, id, serial, creation } = identity;
    if (this.#isOurs(node, creation)) {
      const number = serial * IDS + id;
      return this.#pids.get(number) ?? this.#pids.set(number, new Pid(null, number));
    }
    const latest = this.#latestPid;
    const isLatest = latest !== null && latest.id === id && latest.serial === serial &&
      latest.creation === creation && latest.node === node;
    if (isLatest) return latest;
    const key = `${id}.${serial}.${creation}.${node}`;
    return this.#latestPid = this.#remotePids.get(key) ??
      this.#remotePids.set(key, new RemotePid(node, id, serial, creation));
  }

  ref(identity: RefIdentity): Ref {
    const { node, creation, words } = identity;
    if (this.#isOurs(node, creation)) {
      const number = (words[1] ?? 0) * LOW_WORDS + words[0]!;
      return this.#refs.get(number) ?? this.#refs.set(number, new Ref(number));
    }
    const latest = this.#latestRef;
    const isLatest = latest !== null && latest.creation === creation && latest.node === node &&
      areSame(latest.words, words);
    if (isLatest) return latest;
    const key = `${words.join(".")}.${creation}.${node}`;
    return this.#latestRef = this.#remoteRefs.get(key) ??
      this.#remoteRefs.set(key, new RemoteRef(node, creation, words));
  }

  port(node: NodeName, id: bigint, creation: number): Port {
    const key = `${id}.${creation}.${node}`;
    return this.#ports.get(key) ?? this.#ports.set(key, new Port(node, id, creation));
  }

  identityOfPid(pid: Pid): PidIdentity {
    if (pid instanceof RemotePid) return pid;
    if (this.#pids.get(pid.id) !== pid) this.#pids.set(pid.id, pid);
    return {
      node: nodeName(),
      id: pid.id % IDS,
      serial: Math.floor(pid.id / IDS) % WORDS,
      creation: this.creation,
    };
  }

  identityOfRef(ref: Ref): RefIdentity {
    if (ref instanceof RemoteRef) return ref;
    if (this.#refs.get(ref.id) !== ref) this.#refs.set(ref.id, ref);
    return {
      node: nodeName(),
      creation: this.creation,
      words: [ref.id % LOW_WORDS, Math.floor(ref.id / LOW_WORDS) % WORDS, 0],
    };
  }

  /** The number of known identities of each kind, for tests of memory. */
  get sizes(): Readonly<Record<"pids" | "refs" | "remotePids" | "remoteRefs", number>> {
    return {
      pids: this.#pids.size,
      refs: this.#refs.size,
      remotePids: this.#remotePids.size,
      remoteRefs: this.#remoteRefs.size,
    };
  }

  /** A creation of 0 stands for any life. The same numbers of an earlier life identify another process. */
  #isOurs(node: NodeName, creation: number): boolean {
    return node === nodeName() && (creation === this.creation || creation === 0);
  }
}

function areSame(some: readonly number[], others: readonly number[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
