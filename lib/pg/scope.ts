/**
 * The process of a scope, a GenServer that `pg.ts` starts and calls: it changes the groups (`groups.ts`),
 * one request after another, monitors their members, and synchronizes with its peers, the processes of the
 * same name on other nodes. `lib/node` connects it with those through {@linkcode enterCluster}.
 *
 * A process that has sent `discover` or `sync` is a peer. From then on it is notified of all changes among
 * the members of this node, and when it exits, its members are removed. Messages from other processes are
 * ignored.
 *
 * | to | message | when |
 * | --- | --- | --- |
 * | the scope on a node | `["discover", self]` | when the node comes up; at start, to all nodes; to a new peer |
 * | the sender of `discover` | cast `["sync", self, list([[group, list(pids)], …])]` | with all members of this node |
 * | all peers | `["join", self, group, pid or list(pids)]` | when members have joined here |
 * | all peers | `["leave", self, pid or list(pids), list(groups)]` | when members have left here, or exited |
 *
 * @module
 */

import { cast } from "../gen_server.ts";
import type { From } from "../kernel/calls.ts";
import { List } from "../kernel/list.ts";
import { firstItemsOf, isArray } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { onExit, sendToPid } from "../kernel/signals.ts";
import {
  type Atom,
  isPid,
  isReference,
  type NodeName,
  nodeName,
  type Pid,
  type Ref,
  type Term,
} from "../kernel/term.ts";
import { Bag, type Group, Groups, type KeyOf } from "./groups.ts";
import { demonitor, monitor, self } from "../process.ts";
import { noreply, ok, reply } from "../response.ts";
import { send } from "../send.ts";

// --- The cluster --------------------------------------------------------------------------------

/** Connects the scopes of this node with those of other nodes; `lib/node` implements it. */
export interface Cluster {
  /** The connected nodes. */
  nodes(): Iterable<NodeName>;
  /** Called with the process of every scope. */
  attach(scope: Pid): void;
  /**
   * Maps the name of a group to a value that is the same for two names that are equal on the wire. Throws a
   * `TypeError` if the name cannot be sent.
   */
  readonly keyOf: KeyOf;
}

let cluster: Cluster | null = null;

/** Connects all scopes, present and future, with those of other nodes; `null` ends this for future ones. */
export function enterCluster(entered: Cluster | null): void {
  cluster = entered;
  if (entered === null) return;
  for (const scope of scopes.values()) {
    scope.compareNamesBy(entered.keyOf);
    entered.attach(scope.pid);
    for (const node of entered.nodes()) sendToPid(scope.pid, ["nodeup", node]);
  }
}

/** Lets all scopes discover their peers on a node that has come up. */
export function nodeUp(node: NodeName): void {
  for (const { pid } of scopes.values()) sendToPid(pid, ["nodeup", node]);
}

// --- Scopes -------------------------------------------------------------------------------------

const scopes = new Map<Atom, Scope>();

/** The scope of that name, if it is running. */
export function scopeNamed(name: Atom): Scope | undefined {
  return scopes.get(name);
}

/** A request to the process of a scope. */
export type Request =
  | readonly ["join_local", group: Term, members: Members]
  | readonly ["leave_local", group: Term, members: Members]
  | "monitor"
  | readonly ["monitor", group: Term]
  | readonly ["demonitor", ref: Ref];

/** One pid or several. */
export type Members = Pid | readonly Pid[];

/** The members of a peer in a group. */
type Exchange = readonly [group: Term, members: Members];

/** A process of this node that is a member. */
interface Member {
  readonly monitor: Ref;
  /** Its groups, each as often as it has joined. */
  groups: Bag<Group>;
}

/** The process of the scope on another node. */
interface Peer {
  readonly monitor: Ref;
  /** The groups of its members. */
  readonly groups: Set<Group>;
}

/** One scope; see the module's document. */
export class Scope {
  readonly name: Atom;
  readonly pid: Pid;
  #groups = new Groups(cluster?.keyOf);
  readonly #members = new Map<Pid, Member>();
  readonly #peers = new Map<Pid, Peer>();
  /** The monitors of all groups, and those of one group. */
  readonly #watchers = new Map<Ref, Pid>();
  readonly #groupWatched = new Map<Ref, Group>();

  /** An empty scope, whose process is the calling process. */
  constructor(name: Atom) {
    this.name = name;
    this.pid = self();
  }

  /** All groups that have members. */
  get groups(): Iterable<Group> {
    return this.#groups;
  }

  /** The group of that name, if it exists. */
  group(name: Term): Group | undefined {
    return this.#groups.find(name);
  }

  /** The number of entries of each kind: for tests. */
  get sizes(): Readonly<Record<"groups" | "members" | "peers" | "watchers", number>> {
    return {
      groups: this.#groups.size,
      members: this.#members.size,
      peers: this.#peers.size,
      watchers: this.#watchers.size + this.#groupWatched.size,
    };
  }

  /** Changes the comparison of names, which may merge groups. */
  compareNamesBy(keyOf: KeyOf): void {
    const before = [...this.#groups];
    const groups = this.#groups = new Groups(keyOf);
    for (const group of before) {
      groups.open(group.name).join(group.localMembers);
      for (const [peer, { groups: theirs }] of this.#peers) {
        if (!theirs.delete(group)) continue;
        const same = groups.open(group.name);
        same.joinFrom(peer, group.membersOf(peer).items());
        theirs.add(same);
      }
    }
    for (const member of this.#members.values()) {
      member.groups = new Bag(member.groups.items().map(({ name }) => groups.open(name)));
    }
    for (const [ref, group] of this.#groupWatched) {
      const same = groups.open(group.name);
      same.watchers.set(ref, group.watchers.get(ref)!);
      this.#groupWatched.set(ref, same);
    }
  }

  // --- Members of this node ---------------------------------------------------------------------

  join(name: Term, members: Members): "ok" {
    const pids = listOf(members);
    if (pids.length === 0) return "ok";
    const group = this.#groups.open(name);
    for (const pid of pids) this.#enter(pid, group);
    group.join(pids);
    this.#notify("join", group, pids);
    this.#broadcast(["join", this.pid, name, onWire(members)]);
    return "ok";
  }

  leave(name: Term, members: Members): "ok" | "not_joined" {
    const group = this.#groups.find(name);
    if (group === undefined) return "not_joined";
    const pids = listOf(members);
    if (pids.filter((pid) => this.#leave(pid, group)).length === 0) return "not_joined";
    this.#notify("leave", group, pids);
    this.#groups.tidy(group);
    this.#broadcast(["leave", this.pid, onWire(members), List.of(name)]);
    return "ok";
  }

  #enter(pid: Pid, group: Group): void {
    const member = this.#members.get(pid);
    if (member !== undefined) member.groups.add(group);
    else this.#members.set(pid, { monitor: monitor(pid), groups: new Bag([group]) });
  }

  #leave(pid: Pid, group: Group): boolean {
    if (!group.leave(pid)) return false;
    const { monitor, groups } = this.#members.get(pid)!;
    groups.remove(group);
    if (groups.size > 0) return true;
    demonitor(monitor, ["flush"]);
    this.#members.delete(pid);
    return true;
  }

  #ended(pid: Pid, member: Member): void {
    this.#members.delete(pid);
    const groups = member.groups.items();
    for (const group of groups) {
      group.leave(pid);
      this.#notify("leave", group, [pid]);
      this.#groups.tidy(group);
    }
    this.#broadcast(["leave", this.pid, pid, List.from(groups, ({ name }) => name)]);
  }

  // --- Members of other nodes -------------------------------------------------------------------

  discovered(pid: Pid): void {
    const ours = List.from(this.#ours(), ([name, pids]) => [name, onWire(pids)]);
    cast(pid, ["sync", this.pid, ours]);
    if (this.#peers.has(pid)) return;
    this.#open(pid);
    sendToPid(pid, ["discover", this.pid]);
  }

  /** Replaces all members of a peer. */
  synced(pid: Pid, exchanged: Iterable<Exchange>): void {
    const missing = new Set(this.#open(pid).groups);
    for (const [name, members] of exchanged) {
      const group = this.#groups.open(name);
      missing.delete(group);
      this.#replace(pid, group, new Bag(listOf(members)));
    }
    for (const group of missing) this.#replace(pid, group, new Bag());
  }

  joined(pid: Pid, name: Term, members: Members): void {
    const peer = this.#peers.get(pid);
    const pids = listOf(members);
    if (peer === undefined || pids.length === 0) return;
    const group = this.#groups.open(name);
    peer.groups.add(group);
    group.joinFrom(pid, pids);
    this.#notify("join", group, pids);
  }

  left(pid: Pid, members: Members, names: Iterable<Term>): void {
    const peer = this.#peers.get(pid);
    if (peer === undefined) return;
    const pids = listOf(members);
    for (const name of names) {
      const group = this.#groups.find(name);
      if (group === undefined || !group.hasMembers) continue;
      group.leaveFrom(pid, pids);
      if (group.membersOf(pid).size === 0) peer.groups.delete(group);
      this.#notify("leave", group, pids);
      this.#groups.tidy(group);
    }
  }

  *#ours(): Generator<Exchange> {
    for (const group of this.#groups) if (group.isLocal) yield [group.name, group.localMembers];
  }

  #open(pid: Pid): Peer {
    let peer = this.#peers.get(pid);
    if (peer === undefined) {
      this.#peers.set(pid, peer = { monitor: monitor(pid), groups: new Set() });
    }
    return peer;
  }

  #replace(peer: Pid, group: Group, members: Bag<Pid>): void {
    const { groups } = this.#open(peer);
    if (members.size > 0) groups.add(group);
    else groups.delete(group);
    const before = group.membersOf(peer);
    const left = before.without(members);
    const joined = members.without(before);
    group.replace(peer, members);
    if (left.length > 0) this.#notify("leave", group, left);
    if (joined.length > 0) this.#notify("join", group, joined);
    this.#groups.tidy(group);
  }

  #lost(pid: Pid): void {
    this.synced(pid, []);
    this.#peers.delete(pid);
  }

  // --- Monitors ---------------------------------------------------------------------------------

  watchAll(pid: Pid): readonly [Ref, Map<Term, readonly Pid[]>] {
    const ref = monitor(pid);
    this.#watchers.set(ref, pid);
    return [ref, new Map(Array.from(this.#groups, ({ name, members }) => [name, members]))];
  }

  watch(name: Term, pid: Pid): readonly [Ref, readonly Pid[]] {
    const ref = monitor(pid);
    const group = this.#groups.open(name);
    group.watchers.set(ref, pid);
    this.#groupWatched.set(ref, group);
    return [ref, group.members];
  }

  unwatch(ref: Ref): "ok" | false {
    if (!this.#forget(ref)) return false;
    demonitor(ref);
    return "ok";
  }

  #forget(ref: Ref): boolean {
    const group = this.#groupWatched.get(ref);
    if (group === undefined) return this.#watchers.delete(ref);
    this.#groupWatched.delete(ref);
    group.watchers.delete(ref);
    this.#groups.tidy(group);
    return true;
  }

  #notify(what: "join" | "leave", group: Group, pids: readonly Pid[]): void {
    for (const [ref, pid] of this.#watchers) sendToPid(pid, [ref, what, group.name, pids]);
    for (const [ref, pid] of group.watchers) sendToPid(pid, [ref, what, group.name, pids]);
  }

  #broadcast(message: Term): void {
    for (const pid of this.#peers.keys()) sendToPid(pid, message);
  }

  /** A process has exited: a member, a peer, or one that monitors groups. */
  down(ref: Ref, pid: Pid): void {
    const member = this.#members.get(pid);
    if (member?.monitor === ref) return this.#ended(pid, member);
    if (this.#peers.get(pid)?.monitor === ref) return this.#lost(pid);
    this.#forget(ref);
  }
}

function listOf(members: Members): readonly Pid[] {
  return isPid(members) ? [members] : Array.from(members);
}

function onWire(members: Members): Members {
  return isPid(members) ? members : List.from(members);
}

// --- The process --------------------------------------------------------------------------------

/** Starts a scope, and discovers its peers on all nodes. */
export function init(name: Atom) {
  const scope = new Scope(name);
  scopes.set(name, scope);
  onExit(scope.pid, () => scopes.delete(name));
  cluster?.attach(scope.pid);
  for (const node of cluster?.nodes() ?? []) lookOn(node, scope);
  return ok(scope);
}

/**
 * Handles the requests of processes of this node. Others, which any process of the cluster can send, are
 * logged and get no reply.
 */
export function handleCall(request: Request, [client]: From, scope: Scope) {
  const answered = answer(request, client, scope);
  if (answered !== undefined) return reply(answered, scope);
  ignored(request, scope);
  return noreply(scope);
}

/** The reply to a request; `undefined` if it is not one of a scope. */
function answer(request: Request, client: Pid, scope: Scope): Term {
  if (!isRequest(request)) return undefined;
  if (request === "monitor") return scope.watchAll(client);
  switch (request[0]) {
    case "join_local":
      return scope.join(request[1], request[2]);
    case "leave_local":
      return scope.leave(request[1], request[2]);
    case "monitor":
      return scope.watch(request[1], client);
    case "demonitor":
      return scope.unwatch(request[1]);
  }
}

function isRequest(term: Term): term is Request {
  if (term === "monitor") return true;
  if (!Array.isArray(term)) return false;
  switch (term[0]) {
    case "join_local":
    case "leave_local":
      return term.length === 3 && isMembers(term[2]);
    case "monitor":
      return term.length === 2;
    case "demonitor":
      return term.length === 2 && isReference(term[1]);
  }
  return false;
}

/** Handles the `sync` of a peer. */
export function handleCast(message: Term, scope: Scope) {
  const [tag, pid, exchanged] = firstItemsOf(message, 3);
  if (tag === "sync" && isPid(pid) && isExchanged(exchanged)) scope.synced(pid, exchanged);
  else ignored(message, scope);
  return noreply(scope);
}

/** Handles the messages of peers, and `DOWN`. Extra elements, of later versions of the protocol, are ignored. */
export function handleInfo(message: Term, scope: Scope) {
  const [tag, first, second, third] = firstItemsOf(message, 4);
  if (tag === "DOWN" && isReference(first) && isPid(third)) scope.down(first, third);
  else if (tag === "nodeup" && typeof first === "string") lookOn(first, scope);
  else if (tag === "discover" && isPid(first)) scope.discovered(first);
  else if (tag === "join" && isMembers(third)) scope.joined(first as Pid, second, third);
  else if (tag === "leave" && isMembers(second) && Array.isArray(third)) {
    scope.left(first as Pid, second, third);
  } else ignored(message, scope);
  return noreply(scope);
}

function lookOn(node: NodeName, scope: Scope): void {
  if (node !== nodeName()) send([scope.name, node], ["discover", scope.pid]);
}

function isMembers(term: Term): term is Members {
  return isPid(term) || (isArray(term) && Array.from(term).every(isPid));
}

function isExchanged(term: Term): term is readonly Exchange[] {
  return Array.isArray(term) && term.every((each) => Array.isArray(each) && isMembers(each[1]));
}

function ignored(message: Term, { pid, name }: Scope): void {
  report({ level: "error", kind: "unhandled_message", pid, name, lastMessage: message });
}
