/**
 * The server of global names: what `global_name_server` does when it hears of nodes, is asked, or told.
 *
 * Two nodes that meet go through one *session*, the same on both sides:
 *
 * 1. Each says `init_connect`, with a tag that tells this session apart, and acknowledges the other's.
 * 2. The lockers lock both partitions (`locker.ts`).
 * 3. Each sends all its names (`exchange`), and compares what comes with its own (`conflicts.ts`).
 * 4. Each says what the other has to do (`resolved`). When both know, it is done, and the other nodes of the own
 *    partition are told (`new_nodes`). Each connects to the nodes of the other partition, and says `in_sync`.
 * 5. The locks are given back. All are known to each other now.
 *
 * What carries another tag than the session's is of an earlier one, and cancels what is under way.
 *
 * Nothing here is sent, waited for or done to a process but through {@linkcode Surroundings}.
 *
 * @module
 */

import { List } from "../../kernel/list.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type NodeName, type Pid, type Term } from "../../kernel/term.ts";
import type { LockId, Locks, Names } from "../../../registries/name_server.ts";
import type { Resolution } from "./conflicts.ts";
import type { LockerMessage, LockSet } from "./locker.ts";
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

/** The world around a server. */
export interface Surroundings {
  /** The name of this node. */
  readonly node: NodeName;
  /** Which life of it this is. */
  readonly creation: number;
  /** The process that locks. */
  readonly lockerPid: Pid;
  /** The names and locks of this node. */
  readonly names: Names;
  readonly locks: Locks;
  /** Whether the own partition lets go of nodes that others have lost. */
  readonly preventsOverlappingPartitions: boolean;
  /** All names as they are sent to others. */
  namesToSend(): List<NameEntry>;
  /** Sends a cast to the server of a node, and connects to that if need be. */
  cast(node: NodeName, message: readonly unknown[]): void;
  /** Sends a bare message to the server of a node, if that is connected. */
  tell(node: NodeName, message: readonly unknown[]): void;
  /** Sends a message to the locker. */
  tellLocker(message: LockerMessage): void;
  /** Compares the names of another partition with those here. Returns what calls that off. */
  resolve(
    node: NodeName,
    names: readonly NameEntry[],
    then: (resolution: Resolution) => void,
  ): () => void;
  /** Connects to a node, unless it is connected, and tells whether it is then. */
  connect(node: NodeName, then: (isConnected: boolean) => void): void;
  /** Cuts the connection to a node; `nodeDown` follows. */
  disconnectNode(node: NodeName): void;
  /** Calls back after so many ms. Returns what calls that off. */
  after(ms: number, then: () => void): () => void;
  /** A number from 0 on, less than 1. */
  random(): number;
  /** Logs a warning. */
  warn(text: string): void;
}

/** Under way with a node that has come up. */
interface Session {
  readonly myTag: Tag;
  /** What the other one has said, when he has. */
  him?: { readonly tag: Tag; readonly version: number };
  /** Whether the other one is to be told if this comes to nothing. */
  isPending: boolean;
  /** The lock, when both partitions are locked. */
  lock?: SharedLockId;
  /** His names, when they have come. */
  names?: readonly NameEntry[];
  /** Calls off the comparison of names. */
  stop?: () => void;
  /** What this side has to do, when that is known. */
  ops?: readonly Op[];
  /** What the other side thinks that this one has to do besides, and whom it knows. */
  resolved?: { readonly ops: readonly Op[]; readonly known: readonly (KnownNode | NodeName)[] };
}

/** `init_connect`, as it has come. */
type InitConnect = readonly [
  what: "init_connect",
  version: readonly [version: number, tag: Tag, ...unknown[]],
  node: NodeName,
  locker: readonly ["locker", Term, Term, Pid],
];

/** There is no answer to a call, now or ever. */
export const NO_ANSWER = Symbol("no answer");

/** See the module's document. */
export class Server {
  readonly #around: Surroundings;
  /** The nodes of the own partition, and their versions. */
  readonly #known = new Map<NodeName, number>();
  readonly #synced = new Set<NodeName>();
  readonly #sessions = new Map<NodeName, Session>();
  /** What nodes have said before it was heard here that they are up. */
  readonly #early = new Map<NodeName, InitConnect>();
  /** Nodes that were let go: that they go down is no loss. */
  readonly #removing = new Set<NodeName>();
  readonly #lost: LostConnections;
  /** Who waits for nodes to be synced. */
  readonly #syncers = new Set<{ readonly nodes: Set<NodeName>; readonly done: () => void }>();
  #tags = 0;
  #isLeaving = false;

  /** One that knows nobody. */
  constructor(around: Surroundings) {
    this.#around = around;
    this.#lost = new LostConnections(
      around.creation,
      () => around.random(),
      (ms, then) => around.after(ms, then),
    );
  }

  /** The other nodes of the own partition. */
  get known(): NodeName[] {
    return [...this.#known.keys()];
  }

  /** The nodes whose names are known. */
  get synced(): NodeName[] {
    return [...this.#synced];
  }

  /** How much is kept: for tests of that. */
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

  /** Nothing is known of a node any more. */
  #drop(node: NodeName): void {
    this.#cancel(node);
    this.#early.delete(node);
    this.#around.tellLocker(["remove_from_known", node]);
    this.#known.delete(node);
    this.#synced.delete(node);
    this.#settle(node);
  }

  /** Resolves with `done` when all these nodes are synced, or gone. */
  whenSynced(nodes: Iterable<NodeName>, done: () => void): void {
    const missing = new Set([...nodes].filter((node) => !this.#synced.has(node)));
    missing.delete(this.#around.node);
    if (missing.size === 0) done();
    else this.#syncers.add({ nodes: missing, done });
  }

  /** Lets go of these nodes, all that there are, which is no loss then. */
  disconnect(nodes: readonly NodeName[]): void {
    for (const node of nodes) this.#letGo(node);
    for (const node of nodes) this.#around.disconnectNode(node);
  }

  /** The node is about to be stopped: whatever is lost from now on is no loss. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Ends whatever is under way. */
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
    if (!Array.isArray(request)) return this.#unexpected(request);
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
    if ((what === "register" || what === "register_ext") && isPid(pid)) {
      this.#insert([first, pid, method], this.#isLockHeldBy(caller));
      return "yes";
    }
    return this.#unexpected(request);
  }

  #unexpected(message: Term): typeof NO_ANSWER {
    this.#around.warn(`Global: the name server received ${inspect(message)}`);
    return NO_ANSWER;
  }

  /** Enters a name, unless the lock that it was given under has been lost since. */
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

  /** Takes a cast. */
  cast(message: Term): void {
    if (!Array.isArray(message)) return void this.#unexpected(message);
    const [what, first, second, third, fourth, fifth, sixth] = message;
    switch (what) {
      case "init_connect":
        return this.#initConnect(message as unknown as InitConnect);
      case "exchange":
        return this.#during(first, fourth, (session) => {
          session.names = second;
          this.#compare(first, session);
        });
      case "resolved":
        return this.#during(first, sixth, (session) => {
          session.resolved = { ops: second, known: third };
          this.#finish(first, session);
        });
      case "new_nodes":
        return this.#newNodes(second, fourth, fifth);
      case "in_sync":
        return this.#inSync(first);
      case "lock_set":
        return this.#lockSet(
          message as unknown as LockSet,
        );
      case "async_del_name":
      case "async_del_lock":
        return; // the ends of processes do that
    }
    this.#unexpected(message);
  }

  /** Does something that belongs to a session, or cancels what is of an earlier one. */
  #during(node: NodeName, tag: Tag, then: (session: Session) => void): void {
    const session = this.#sessions.get(node);
    if (session !== undefined && session.myTag === tag) then(session);
    else this.#around.tellLocker(["cancel", node, tag]);
  }

  #initConnect(message: InitConnect): void {
    const [, [hisVersion, tag], node, [, , , locker]] = message;
    if (hisVersion < OLDEST_VERSION) {
      this.#around.warn(`Global: node ${node} speaks version ${hisVersion}, which is too old`);
      return;
    }
    const version = Math.min(hisVersion, VERSION);
    if (this.#sessions.get(node)?.isPending) {
      // The two sides talk about different sessions: both begin anew.
      this.#tellCancelled(node, tag);
      this.#restart(node);
    }
    const session = this.#sessions.get(node);
    if (session === undefined) return void this.#early.set(node, message);
    session.him = { tag, version };
    session.isPending = true;
    const { myTag } = session;
    this.#around.tellLocker(["his_the_locker", { node, locker, version, hisTag: tag, myTag }]);
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
      const hisTag = session.him!.tag;
      this.#around.cast(node, ["exchange", this.#around.node, names, new List(), hisTag]);
      this.#compare(node, session);
    });
  }

  /** Compares names, when both partitions are locked and his have come. */
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
        session.him!.tag,
      ]);
      this.#finish(node, session);
    });
  }

  /** Does what is to be done, when that is known of both sides. */
  #finish(node: NodeName, session: Session): void {
    if (session.ops === undefined || session.resolved === undefined) return;
    const ops = [...session.ops, ...session.resolved.ops];
    const lock = session.lock!;
    const { version } = session.him!;
    const his = session.resolved.known.map(withVersion);
    this.#connectAll(his.map(([other]) => other));
    this.#perform(ops, lock[1]);
    for (const [other] of his) this.#resolvedElsewhere(other);
    const before = this.known;
    const added: KnownNode[] = [[node, version], ...his];
    const extra = List.from<Term>([["vsn", version], ["lock", lock]]);
    const news = [
      "new_nodes",
      this.#around.node,
      List.from(ops),
      new List(),
      List.from(added),
      extra,
    ];
    // The locker says it, so that nobody gives the lock back before.
    this.#end(node, () => {
      for (const other of before) {
        if (this.#known.has(other)) this.#around.cast(other, news);
      }
    });
    this.#add(added);
    this.#synced.add(node);
    this.#settle(node);
  }

  /** Does what is to be done: names that are given first, then those that nobody has. */
  #perform(ops: readonly Op[], requester: Term): void {
    for (const op of ops) {
      if (op[0] === "insert") this.#insert(op[1], this.#isLockHeldFor(requester));
    }
    for (const op of ops) {
      if (op[0] === "delete") this.#around.names.remove(op[1]);
    }
  }

  /** Connects to nodes of another partition, and tells them that their names are known here. */
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

  /** Another node of the own partition has come together with a partition. */
  #newNodes(ops: readonly Op[], nodes: readonly (KnownNode | NodeName)[], extra: Term): void {
    const fresh = nodes.map(withVersion).filter(([node]) => !this.#known.has(node));
    this.#add(nodes.map(withVersion));
    this.#connectAll(fresh.map(([node]) => node));
    const lock = (extra as readonly (readonly [Term, Term])[]).find(([what]) => what === "lock");
    this.#perform(ops, (lock?.[1] as LockId | undefined)?.[1]);
  }

  #inSync(node: NodeName): void {
    this.#synced.add(node);
    this.#settle(node);
    this.#resolvedElsewhere(node);
  }

  /** What was under way with a node is not needed any more; it knows that. */
  #resolvedElsewhere(node: NodeName): void {
    this.#early.delete(node);
    this.#end(node);
  }

  // --- Ends of sessions ---------------------------------------------------------------------------

  /** Ends a session in order; the locker does `last` before it gives the locks back. */
  #end(node: NodeName, last?: () => void): void {
    const session = this.#sessions.get(node);
    if (session === undefined) return;
    session.stop?.();
    this.#sessions.delete(node);
    const cancel = ["cancel", node, session.myTag] as const;
    this.#around.tellLocker(last === undefined ? cancel : [...cancel, last]);
  }

  /** Ends a session that comes to nothing. */
  #cancel(node: NodeName): void {
    const session = this.#sessions.get(node);
    if (session?.isPending) this.#tellCancelled(node, session.him!.tag);
    this.#end(node);
  }

  #tellCancelled(node: NodeName, hisTag: Tag): void {
    this.#around.tell(node, ["cancel_connect", this.#around.node, hisTag]);
  }

  #restart(node: NodeName): void {
    this.#cancel(node);
    this.#begin(node);
  }

  // --- Bare messages ------------------------------------------------------------------------------

  /** Takes a bare message. What is none of the protocol's is dropped. */
  info(message: Term): void {
    if (!Array.isArray(message)) return;
    const [what, node, first, second] = message;
    switch (what) {
      case "init_connect_ack":
        return this.#acknowledged(node, first, second);
      case "cancel_connect": {
        if (this.#sessions.get(node)?.myTag !== first) return;
        this.#end(node);
        return this.#begin(node);
      }
      case "lost_connection":
        return this.#hearOfLoss(message as unknown as LostConnection);
      case "remove_connection":
        return this.#removed(node);
    }
  }

  /** The other one has taken up a session: ours, or another one? */
  #acknowledged(node: NodeName, myTag: Tag, hisTag: Tag): void {
    const session = this.#sessions.get(node);
    if (session !== undefined && session.myTag === myTag && session.him?.tag === hisTag) return;
    this.#tellCancelled(node, hisTag);
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
    const whom = `${this.#around.node} ${what} node ${node}`;
    this.#around.warn(`Global: ${whom} in order to prevent overlapping partitions`);
  }
}

/** A node may come without its version, which is then none that is known. */
function withVersion(node: KnownNode | NodeName): KnownNode {
  return typeof node === "string" ? [node, 0] : node;
}

function isLockId(term: Term): term is LockId {
  return Array.isArray(term) && term.length === 2;
}
