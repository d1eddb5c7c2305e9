/**
 * The server of global names: how `global_name_server` handles node events, calls, casts and messages.
 *
 * Two nodes that meet go through one *session*, the same on both sides:
 *
 * 1. Each says `init_connect`, with a tag that tells this session apart, and acknowledges the other's.
 * 2. The lockers lock both partitions (`locker.ts`).
 * 3. Each sends all its names (`exchange`), and compares those of the other with its own (`conflicts.ts`).
 * 4. Each sends the operations of the other (`resolved`). When both have them, they are performed, and the other
 *    nodes of the partition are told (`new_nodes`). Each connects to the nodes of the other partition, and sends
 *    `in_sync`.
 * 5. The locks are released. All nodes know each other now.
 *
 * A message with another tag than the session's belongs to an earlier one, and cancels the session.
 *
 * All sending, waiting and effects on processes go through {@linkcode Surroundings}.
 *
 * @module
 */

import { List } from "../../kernel/list.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type NodeName, type Pid, type Term } from "../../kernel/term.ts";
import type { LockId, Locks, Names } from "../../../registries/name_server.ts";
import type { Resolution } from "./conflicts.ts";
import type { LockerMessage, LockSet } from "./locker.ts";
import { type InitConnect, isCast, isInfo, isMethod, isTuple } from "./messages.ts";
import { type LostConnection, LostConnections } from "./partitions.ts";
import {
  GLOBAL,
  type KnownNode,
  type NameEntry,
  OLDEST_VERSION,
  type Op,
  type SharedLockId,
  type Tag,
  VERIFY_VERSION,
  VERSION,
} from "./protocol.ts";

/** What a server needs of its node. */
export interface Surroundings {
  /** The name of this node. */
  readonly node: NodeName;
  /** The creation of this node, which tells its lives apart. */
  readonly creation: number;
  /** The pid of the locker. */
  readonly lockerPid: Pid;
  /** The names and locks of this node. */
  readonly names: Names;
  readonly locks: Locks;
  /** Whether this node disconnects from nodes that others have lost. */
  readonly preventsOverlappingPartitions: boolean;
  /** All names, converted for other nodes. */
  namesToSend(): List<NameEntry>;
  /** Whether a node is connected. */
  isConnected(node: NodeName): boolean;
  /** Sends a cast to the server of a node. Connects to the node if necessary. */
  cast(node: NodeName, message: readonly unknown[]): void;
  /** Sends a plain message to the server of a node, if the node is connected. */
  tell(node: NodeName, message: readonly unknown[]): void;
  /** Sends a message to the locker. */
  tellLocker(message: LockerMessage): void;
  /** Compares the names of another partition with those of this node. Returns a function that cancels that. */
  resolve(
    node: NodeName,
    names: readonly NameEntry[],
    then: (resolution: Resolution) => void,
  ): () => void;
  /** Connects to a node, unless it is connected, and calls back with whether it is connected then. */
  connect(node: NodeName, then: (isConnected: boolean) => void): void;
  /** Closes the connection to a node; `nodeDown` follows. */
  disconnectNode(node: NodeName): void;
  /** Calls back after a time in milliseconds. Returns a function that cancels that. */
  after(ms: number, then: () => void): () => void;
  /** A random number in [0, 1). */
  random(): number;
  /** Logs a warning. */
  warn(text: string): void;
}

/** The session with a node that has come up. */
interface Session {
  readonly myTag: Tag;
  /** The `init_connect` of the other node, when it has arrived. */
  peer?: { readonly tag: Tag; readonly version: number };
  /** Whether to notify the other node if the session is cancelled. */
  isPending: boolean;
  /** The lock, when both partitions are locked. */
  lock?: SharedLockId;
  /** The names of the other node, when they have arrived. */
  names?: readonly NameEntry[];
  /** Cancels the comparison of names. */
  stop?: () => void;
  /** The operations of this side, when they are known. */
  ops?: readonly Op[];
  /** The further operations for this side that the other one has sent, and the nodes that it knows. */
  resolved?: { readonly ops: readonly Op[]; readonly known: readonly (KnownNode | NodeName)[] };
}

/** A call is not answered. */
export const NO_ANSWER = Symbol("no answer");

/** See the module's document. */
export class Server {
  readonly #around: Surroundings;
  /** The nodes of this partition, and their versions. */
  readonly #known = new Map<NodeName, number>();
  readonly #synced = new Set<NodeName>();
  readonly #sessions = new Map<NodeName, Session>();
  /** The messages of nodes that arrived before their `nodeup`. */
  readonly #early = new Map<NodeName, InitConnect>();
  /** Nodes that this one has disconnected from: their going down is not reported as a loss. */
  readonly #removing = new Set<NodeName>();
  readonly #lost: LostConnections;
  /** The callers that wait for nodes to be synced. */
  readonly #syncers = new Set<{ readonly nodes: Set<NodeName>; readonly done: () => void }>();
  #tags = 0;
  #isLeaving = false;

  /** Creates a server that knows no other node. */
  constructor(around: Surroundings) {
    this.#around = around;
    this.#lost = new LostConnections(
      around.creation,
      () => around.random(),
      (ms, then) => around.after(ms, then),
    );
  }

  /** The other nodes of this partition. */
  get known(): NodeName[] {
    return [...this.#known.keys()];
  }

  /** The nodes whose names are known. */
  get synced(): NodeName[] {
    return [...this.#synced];
  }

  /** The sizes of its state, for tests of memory. */
  get sizes(): Readonly<Record<string, number>> {
    return {
      known: this.#known.size,
      synced: this.#synced.size,
      sessions: this.#sessions.size,
      early: this.#early.size,
      removing: this.#removing.size,
      syncers: this.#syncers.size,
    };
  }

  // --- Nodes --------------------------------------------------------------------------------------

  /** A visible node is connected. */
  nodeUp(node: NodeName): void {
    this.#removing.delete(node);
    this.#begin(node);
  }

  #begin(node: NodeName): void {
    if (this.#known.has(node) || this.#sessions.has(node)) return;
    const session: Session = { myTag: ++this.#tags, isPending: false };
    this.#sessions.set(node, session);
    const locker = ["locker", "no_longer_a_pid", new Map(), this.#around.lockerPid];
    this.#around.cast(node, [
      "init_connect",
      [VERSION, session.myTag],
      this.#around.node,
      locker,
    ]);
    const early = this.#early.get(node);
    if (early === undefined) return;
    this.#early.delete(node);
    this.#initConnect(early);
  }

  /** The connection to a node is lost. */
  nodeDown(node: NodeName): void {
    const isExpected = this.#removing.delete(node) || this.#isLeaving;
    if (!isExpected) this.#reportLoss(node);
    this.#drop(node);
  }

  /** Forgets a node. */
  #drop(node: NodeName): void {
    this.#cancel(node);
    this.#early.delete(node);
    this.#around.tellLocker(["remove_from_known", node]);
    this.#known.delete(node);
    this.#synced.delete(node);
    this.#settle(node);
  }

  /** Calls `done` when all these nodes are synced, or down. */
  whenSynced(nodes: Iterable<NodeName>, done: () => void): void {
    const missing = new Set([...nodes].filter((node) => !this.#synced.has(node)));
    missing.delete(this.#around.node);
    if (missing.size === 0) done();
    else this.#syncers.add({ nodes: missing, done });
  }

  /** Disconnects from these nodes, without reporting losses. */
  disconnect(nodes: readonly NodeName[]): void {
    for (const node of nodes) this.#letGo(node);
    for (const node of nodes) this.#around.disconnectNode(node);
  }

  /** The node is about to stop: connections lost from now on are not reported. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Cancels all sessions. */
  stop(): void {
    this.leave();
    for (const node of [...this.#sessions.keys(), ...this.known]) this.#drop(node);
    for (const { done } of this.#syncers) done();
    this.#lost.stop();
  }

  #settle(node: NodeName): void {
    for (const syncer of this.#syncers) {
      if (!syncer.nodes.delete(node) || syncer.nodes.size > 0) continue;
      this.#syncers.delete(syncer);
      syncer.done();
    }
  }

  // --- Calls --------------------------------------------------------------------------------------

  /** Answers a call of `caller`, or {@linkcode NO_ANSWER}. */
  call(request: Term, caller: Pid): Term {
    const { names, locks } = this.#around;
    if (request === "get_known") return List.from(this.known);
    if (request === "get_synced") return List.from(this.synced);
    if (request === "get_protocol_version") return VERSION;
    if (request === "get_names_ext") return new List();
    if (!isTuple(request)) return this.#unexpected(request);
    const [what, first, pid, method] = request;
    if (isLockId(first) && request.length === 2) {
      if (what === "set_lock") return locks.set(first, caller);
      if (what === "del_lock") {
        locks.delete(first, caller);
        return true;
      }
    }
    if (what === "unregister" && request.length === 2) {
      names.remove(first);
      return "ok";
    }
    const size = what === "register" ? 4 : what === "register_ext" ? 5 : 0;
    if (request.length === size && isPid(pid) && isMethod(method)) {
      this.#insert([first, pid, method], this.#isLockHeldBy(caller));
      return "yes";
    }
    return this.#unexpected(request);
  }

  #unexpected(message: Term): typeof NO_ANSWER {
    this.#around.warn(`Global: the name server received ${inspect(message)}`);
    return NO_ANSWER;
  }

  /** Registers a name, unless the lock that is required for it was lost meanwhile. */
  #insert([name, pid, method]: NameEntry, isLocked: boolean): void {
    const { names } = this.#around;
    if (isLocked) names.insert(name, pid, method);
    else names.remove(name);
  }

  #isLockHeldBy(pid: Pid): boolean {
    const { locks } = this.#around;
    return locks.isSet(GLOBAL) ? locks.isHeldBy(GLOBAL, pid) : !locks.isLost(GLOBAL);
  }

  #isLockHeldFor(requester: Term): boolean {
    const { locks } = this.#around;
    return locks.isSet(GLOBAL) ? locks.isHeldFor(GLOBAL, requester) : !locks.isLost(GLOBAL);
  }

  // --- Casts --------------------------------------------------------------------------------------

  /** Handles a cast. */
  cast(message: Term): void {
    if (!isCast(message)) return this.#broken(message);
    switch (message[0]) {
      case "init_connect":
        return this.#initConnect(message);
      case "exchange": {
        const [, node, names, , tag] = message;
        return this.#during(node, tag, (session) => {
          session.names = names;
          this.#compare(node, session);
        });
      }
      case "resolved": {
        const [, node, ops, known, , , tag] = message;
        return this.#during(node, tag, (session) => {
          session.resolved = { ops, known };
          this.#finish(node, session);
        });
      }
      case "new_nodes": {
        const [, , ops, , nodes, extra] = message;
        return this.#newNodes(ops, nodes, extra);
      }
      case "in_sync":
        return this.#inSync(message[1]);
      case "lock_set":
        return this.#lockSet(message);
    }
  }

  /**
   * A cast that is not of the protocol is dropped. If it belongs to a session, that is cancelled, because what it
   * should have said will not follow, and both partitions are locked.
   */
  #broken(message: Term): void {
    const [what, node] = isTuple(message) ? message : [];
    // Names are unregistered by exit hooks, and do not need these.
    if (what === "async_del_name" || what === "async_del_lock") return;
    this.#unexpected(message);
    const session = this.#sessions.get(node as NodeName);
    if (session === undefined || session.myTag !== (message as readonly Term[]).at(-1)) return;
    this.#cancel(node as NodeName);
    this.#settle(node as NodeName);
  }

  /** Handles a message of the current session, or cancels the session if it belongs to an earlier one. */
  #during(node: NodeName, tag: Tag, then: (session: Session) => void): void {
    const session = this.#sessions.get(node);
    if (session !== undefined && session.myTag === tag) then(session);
    else this.#around.tellLocker(["cancel", node, tag]);
  }

  #initConnect(message: InitConnect): void {
    const [, [otherVersion, tag], node, [, , , locker]] = message;
    if (otherVersion < OLDEST_VERSION) {
      this.#around.warn(`Global: node ${node} speaks version ${otherVersion}, which is too old`);
      return;
    }
    const version = Math.min(otherVersion, VERSION);
    if (this.#sessions.get(node)?.isPending) {
      // The two sides are in different sessions: both start again.
      this.#tellCancelled(node, tag);
      this.#restart(node);
    }
    const session = this.#sessions.get(node);
    if (session === undefined) {
      if (this.#around.isConnected(node)) this.#early.set(node, message);
      return;
    }
    session.peer = { tag, version };
    session.isPending = true;
    const { myTag } = session;
    this.#around.tellLocker(["his_the_locker", { node, locker, version, otherTag: tag, myTag }]);
    if (version < VERIFY_VERSION) return;
    this.#around.tell(node, ["init_connect_ack", this.#around.node, tag, myTag]);
  }

  #lockSet(message: LockSet): void {
    const [, locker, , , tag] = message;
    if (tag === undefined || this.#sessions.get(locker.node)?.myTag === tag) {
      this.#around.tellLocker(message);
    }
  }

  /** The locker has locked both partitions. */
  locked(node: NodeName, tag: Tag, lock: SharedLockId): void {
    this.#during(node, tag, (session) => {
      session.lock = lock;
      const names = this.#around.namesToSend();
      const otherTag = session.peer!.tag;
      this.#around.cast(node, ["exchange", this.#around.node, names, new List(), otherTag]);
      this.#compare(node, session);
    });
  }

  /** Compares names, when both partitions are locked and the other node's names have arrived. */
  #compare(node: NodeName, session: Session): void {
    if (session.lock === undefined || session.names === undefined) return;
    session.stop = this.#around.resolve(node, session.names, ({ ops, resolved }) => {
      if (this.#sessions.get(node) !== session) return;
      delete session.stop;
      session.ops = ops;
      const known = List.from<KnownNode>(this.#known);
      this.#around.cast(node, [
        "resolved",
        this.#around.node,
        List.from(resolved),
        known,
        "unused",
        new List(),
        session.peer!.tag,
      ]);
      this.#finish(node, session);
    });
  }

  /** Performs the operations, when those of both sides are known. */
  #finish(node: NodeName, session: Session): void {
    if (session.ops === undefined || session.resolved === undefined) return;
    const ops = [...session.ops, ...session.resolved.ops];
    const lock = session.lock!;
    const { version } = session.peer!;
    const theirKnown = session.resolved.known.map(withVersion);
    this.#connectAll(theirKnown.map(([other]) => other));
    this.#perform(ops, lock[1]);
    for (const [other] of theirKnown) this.#resolvedElsewhere(other);
    const before = this.known;
    const added: KnownNode[] = [[node, version], ...theirKnown];
    const extra = List.from<Term>([["vsn", version], ["lock", lock]]);
    const news = [
      "new_nodes",
      this.#around.node,
      List.from(ops),
      new List(),
      List.from(added),
      extra,
    ];
    // The locker sends it, so that the lock is not released before.
    this.#end(node, () => {
      for (const other of before) {
        if (this.#known.has(other)) this.#around.cast(other, news);
      }
    });
    this.#add(added);
    this.#synced.add(node);
    this.#settle(node);
  }

  /** Performs operations: first the names that are inserted, then those that are deleted. */
  #perform(ops: readonly Op[], requester: Term): void {
    for (const op of ops) {
      if (op[0] === "insert") this.#insert(op[1], this.#isLockHeldFor(requester));
    }
    for (const op of ops) {
      if (op[0] === "delete") this.#around.names.remove(op[1]);
    }
  }

  /** Connects to nodes of another partition, and notifies them that their names are known here. */
  #connectAll(nodes: readonly NodeName[]): void {
    for (const node of nodes) {
      if (node === this.#around.node) continue;
      this.#around.connect(node, (isConnected) => {
        if (isConnected) return this.#around.cast(node, ["in_sync", this.#around.node, true]);
        this.#around.warn(`Global: ${this.#around.node} failed to connect to ${node}`);
        this.nodeDown(node);
      });
    }
  }

  #add(nodes: readonly KnownNode[]): void {
    const added: NodeName[] = [];
    for (const [node, version] of nodes) {
      if (node === this.#around.node) continue;
      if (!this.#known.has(node)) added.push(node);
      if (!this.#known.get(node)) this.#known.set(node, version);
    }
    this.#around.tellLocker(["add_to_known", added]);
  }

  /** Another node of this partition has merged it with another one. */
  #newNodes(
    ops: readonly Op[],
    nodes: readonly (KnownNode | NodeName)[],
    extra: readonly (readonly [Term, Term])[],
  ): void {
    const fresh = nodes.map(withVersion).filter(([node]) => !this.#known.has(node));
    this.#add(nodes.map(withVersion));
    this.#connectAll(fresh.map(([node]) => node));
    const lock = extra.find(([what]) => what === "lock")?.[1];
    this.#perform(ops, isLockId(lock) ? lock[1] : undefined);
  }

  #inSync(node: NodeName): void {
    if (!this.#around.isConnected(node)) return;
    this.#synced.add(node);
    this.#settle(node);
    this.#resolvedElsewhere(node);
  }

  /** The session with a node is no longer needed, as the node knows. */
  #resolvedElsewhere(node: NodeName): void {
    this.#early.delete(node);
    this.#end(node);
  }

  // --- Ends of sessions ---------------------------------------------------------------------------

  /** Ends a completed session; the locker calls `last` before it releases the locks. */
  #end(node: NodeName, last?: () => void): void {
    const session = this.#sessions.get(node);
    if (session === undefined) return;
    session.stop?.();
    this.#sessions.delete(node);
    const cancel = ["cancel", node, session.myTag] as const;
    this.#around.tellLocker(last === undefined ? cancel : [...cancel, last]);
  }

  /** Cancels a session. */
  #cancel(node: NodeName): void {
    const session = this.#sessions.get(node);
    if (session?.isPending) this.#tellCancelled(node, session.peer!.tag);
    this.#end(node);
  }

  #tellCancelled(node: NodeName, otherTag: Tag): void {
    this.#around.tell(node, ["cancel_connect", this.#around.node, otherTag]);
  }

  #restart(node: NodeName): void {
    this.#cancel(node);
    this.#begin(node);
  }

  // --- Plain messages -----------------------------------------------------------------------------

  /** Handles a plain message. Messages that are not of the protocol are dropped. */
  info(message: Term): void {
    if (!isInfo(message)) return;
    switch (message[0]) {
      case "init_connect_ack":
        return this.#acknowledged(message[1], message[2], message[3]);
      case "cancel_connect": {
        const [, node, myTag] = message;
        if (this.#sessions.get(node)?.myTag !== myTag) return;
        this.#end(node);
        return this.#begin(node);
      }
      case "lost_connection":
        return this.#hearOfLoss(message);
      case "remove_connection":
        return this.#removed(message[1]);
    }
  }

  /** The other node has accepted a session, which may be an earlier one. */
  #acknowledged(node: NodeName, myTag: Tag, otherTag: Tag): void {
    const session = this.#sessions.get(node);
    if (session !== undefined && session.myTag === myTag && session.peer?.tag === otherTag) return;
    this.#tellCancelled(node, otherTag);
    if (session !== undefined) this.#restart(node);
  }

  // --- Partitions ---------------------------------------------------------------------------------

  #reportLoss(node: NodeName): void {
    if (!this.#around.preventsOverlappingPartitions) return;
    this.#tellAll(this.#lost.report(this.#around.node, node), node);
  }

  #tellAll(message: readonly unknown[], but: NodeName): void {
    for (const node of this.#pendingAndKnown()) {
      if (node !== but) this.#around.tell(node, message);
    }
  }

  *#pendingAndKnown(): Generator<NodeName> {
    yield* this.#known.keys();
    for (const [node, { isPending }] of this.#sessions) {
      if (isPending && !this.#known.has(node)) yield node;
    }
  }

  #hearOfLoss(message: LostConnection): void {
    if (!this.#around.preventsOverlappingPartitions || !this.#lost.hear(message)) return;
    const [, by, , , to] = message;
    this.#tellAll(message, by);
    const node = to === this.#around.node ? by : to;
    if (!this.#isPotentiallyKnown(node)) return;
    this.#around.tell(node, ["remove_connection", this.#around.node]);
    this.#warnOf("requested disconnect from", node);
    this.#letGo(node);
  }

  #removed(node: NodeName): void {
    if (!this.#isPotentiallyKnown(node)) return;
    this.#warnOf("disconnected", node);
    this.#letGo(node);
    this.#around.disconnectNode(node);
  }

  #isPotentiallyKnown(node: NodeName): boolean {
    return this.#known.has(node) || this.#sessions.get(node)?.isPending === true;
  }

  #letGo(node: NodeName): void {
    this.#drop(node);
    this.#removing.add(node);
  }

  #warnOf(what: string, node: NodeName): void {
    const action = `${this.#around.node} ${what} node ${node}`;
    this.#around.warn(`Global: ${action} in order to prevent overlapping partitions`);
  }
}

/** Adds the version to a node that was sent without one: it is not known then. */
function withVersion(node: KnownNode | NodeName): KnownNode {
  return typeof node === "string" ? [node, 0] : node;
}

function isLockId(term: Term): term is LockId {
  return isTuple(term) && term.length === 2;
}
