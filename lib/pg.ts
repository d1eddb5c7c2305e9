/**
 * Pg: process groups. A group is a name, any term, and stands for any number of processes; on all
 * connected nodes, each of which knows all members and answers for itself. Erlang's module `pg`.
 *
 * ```ts
 * import { Pg, receive, self, send, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Pg.startLink());
 * await Pg.join(["room", 7], self());
 * for (const pid of Pg.getMembers(["room", 7])) send(pid, "hello");
 * assertEquals(await receive(), "hello");
 * ```
 *
 * **Scopes.** Groups belong to a scope: a process, registered under the scope's name on every node that
 * takes part. The groups of different scopes have nothing to do with each other. Whoever starts a scope
 * makes it a supervisor's child (`Pg` is one, of the default scope `"pg"`; `[Pg, "chat"]` of another).
 * It must be there before its groups can be joined.
 *
 * **Members** are processes of this node: each node has its own join, and all nodes hear of it. A process
 * may join a group several times, is a member as often, and leaves as often. When it ends, its scope
 * removes it from all groups, a moment later: who sends to a member may send to one that has just ended.
 * When a scope ends, it forgets its groups: the members of this node have to join again, those of other
 * nodes come back by themselves.
 *
 * **Nodes.** There are no locks, and no order between nodes: a member is seen here at once and elsewhere a
 * little later. While two nodes are not connected, neither sees the members of the other. On the wire the
 * name of a group is an atom where it is a string here, and a tuple where it is an array, at every depth:
 * `["room", 7]` is Erlang's `{room, 7}`, and text is bytes. In a cluster a name must be a term that Erlang has:
 * no function, and no instance of a class.
 *
 * **When not to use it.** Where the processes of one program alone are concerned, or keys come with
 * values, {@linkcode Registry} with duplicate keys does more, and forgets a process the moment it ends.
 *
 * Mirrors OTP's `pg`, with these differences: to join nothing makes no group; whoever watches also hears of
 * what has changed meanwhile when two nodes compare what they know; a scope survives messages that
 * it does not understand.
 *
 * @module
 */

import { fairly } from "./kernel/fair.ts";
import type { ChildSpec } from "./child_spec.ts";
import { call, start as startServer, startLink as startServerLink } from "./gen_server.ts";
import { fence, self } from "./kernel/self.ts";
import {
  type Atom,
  inspect,
  isAtom,
  isPid,
  nodeName,
  type Pid,
  Ref,
  type Term,
} from "./kernel/term.ts";
import { NOBODY } from "./pg/groups.ts";
import { handleCall, handleCast, handleInfo, init, type Request, scopeNamed } from "./pg/scope.ts";
import * as Pg from "./pg.ts"; // __MODULE__

/** The scope of those functions that are not given one. */
const DEFAULT_SCOPE = "pg";

const SCOPE = { init, handleCall, handleCast, handleInfo };

/** What the functions that start a scope resolve with. */
export type StartResult = readonly ["ok", Pid] | readonly ["error", Term];

/**
 * What whoever monitors groups receives: the reference of the monitor, what happened, the group, and the
 * pids that one operation has named.
 */
export type Event<Group = Term> = readonly [
  ref: Ref,
  what: "join" | "leave",
  group: Group,
  pids: readonly Pid[],
];

// --- Scopes -------------------------------------------------------------------------------------

/**
 * Starts a scope, linked to the calling process, and looks for it on all connected nodes.
 *
 * Resolves with `["ok", pid]`, or with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param scope Its name, and the local name of its process. Default `"pg"`.
 * @throws {TypeError} If `scope` is no atom: the promise rejects.
 * @see Erlang `pg:start_link/0,1`
 */
export function startLink(scope: Atom = DEFAULT_SCOPE): Promise<StartResult> {
  return fairly(async () => {
    assertScope(scope, "start");
    return await startServerLink(SCOPE, scope, { name: scope }) as StartResult;
  });
}

/** Starts a scope without a link to the calling process. Otherwise as {@linkcode startLink}. @see Erlang `pg:start/1` */
export function start(scope: Atom = DEFAULT_SCOPE): Promise<StartResult> {
  return fairly(async () => {
    assertScope(scope, "start");
    return await startServer(SCOPE, scope, { name: scope }) as StartResult;
  });
}

/** The child specification of a scope: `Pg` and `[Pg, scope]` are children. */
export function childSpec(scope: Atom | readonly [] = DEFAULT_SCOPE): ChildSpec {
  const id = isAtom(scope) ? scope : DEFAULT_SCOPE; // a module alone is given no argument, which is []
  return { id, start: [Pg, "startLink", [id]] };
}

// --- Joining and leaving ------------------------------------------------------------------------

/**
 * Has a process of this node, or several, join a group of the default scope. Resolves with `"ok"` when
 * they are members here; other nodes hear of it next. A process that is in the list twice joins twice.
 * One that has ended is removed again at once.
 *
 * @throws {TypeError} If a pid is none of this node, or the name of the group cannot be sent to the other
 * nodes of a cluster: the promise rejects, and nobody has joined.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not there.
 * @see Erlang `pg:join/2,3`
 */
export function join(group: Term, pids: Pid | readonly Pid[]): Promise<"ok">;
/** The same, in another scope. */
export function join(scope: Atom, group: Term, pids: Pid | readonly Pid[]): Promise<"ok">;
export function join(...args: Term[]): Promise<"ok"> {
  return fairly(async () => {
    const [scope, group, pids] = scoped(args, 2);
    assertLocal(pids, "join a group");
    scopeNamed(scope)?.group(group); // throws if it cannot be named
    return await ask(scope, ["join_local", group, pids]) as "ok";
  });
}

/**
 * Has a process of this node, or several, leave a group of the default scope, each once for every time
 * that it is in the list. Resolves with `"ok"`, or with `"not_joined"` if none was a member.
 *
 * @throws {TypeError} If a pid is none of this node: the promise rejects, and nobody has left.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not there.
 * @see Erlang `pg:leave/2,3`
 */
export function leave(group: Term, pids: Pid | readonly Pid[]): Promise<"ok" | "not_joined">;
/** The same, in another scope. */
export function leave(
  scope: Atom,
  group: Term,
  pids: Pid | readonly Pid[],
): Promise<"ok" | "not_joined">;
export function leave(...args: Term[]): Promise<"ok" | "not_joined"> {
  return fairly(async () => {
    const [scope, group, pids] = scoped(args, 2);
    assertLocal(pids, "leave a group");
    return await ask(scope, ["leave_local", group, pids]) as "ok" | "not_joined";
  });
}

// --- Looking ------------------------------------------------------------------------------------

/**
 * The members of a group on all nodes, each as often as it has joined, in no particular order; `[]` if
 * there is no such group or scope. Answers at once, without a message. The array is a snapshot, frozen, and
 * the same one until something changes.
 *
 * @throws {TypeError} If the name of the group cannot be sent to the other nodes of a cluster.
 * @see Erlang `pg:get_members/1,2`
 */
export function getMembers(group: Term): readonly Pid[];
/** The same, in another scope. */
export function getMembers(scope: Atom, group: Term): readonly Pid[];
export function getMembers(...args: Term[]): readonly Pid[] {
  fence();
  const [scope, group] = scoped(args, 1);
  return scopeNamed(scope)?.group(group)?.members ?? NOBODY;
}

/** The members of a group on this node. Otherwise as {@linkcode getMembers}. @see Erlang `pg:get_local_members/1,2` */
export function getLocalMembers(group: Term): readonly Pid[];
/** The same, in another scope. */
export function getLocalMembers(scope: Atom, group: Term): readonly Pid[];
export function getLocalMembers(...args: Term[]): readonly Pid[] {
  fence();
  const [scope, group] = scoped(args, 1);
  return scopeNamed(scope)?.group(group)?.localMembers ?? NOBODY;
}

/**
 * The groups of a scope that have a member on any node, in no particular order.
 *
 * @param scope Default `"pg"`.
 * @throws {TypeError} If there is no such scope.
 * @see Erlang `pg:which_groups/0,1`
 */
export function whichGroups(scope: Atom = DEFAULT_SCOPE): Term[] {
  return Array.from(groupsOf(scope), ({ name }) => name);
}

/** Those that have a member on this node. Otherwise as {@linkcode whichGroups}. @see Erlang `pg:which_local_groups/0,1` */
export function whichLocalGroups(scope: Atom = DEFAULT_SCOPE): Term[] {
  return Array.from(groupsOf(scope)).filter((group) => group.isLocal).map(({ name }) => name);
}

function groupsOf(scope: Atom) {
  fence();
  const found = scopeNamed(scope);
  if (found !== undefined) return found.groups;
  throw new TypeError(`Cannot list groups: there is no scope ${inspect(scope)} here`);
}

// --- Watching -----------------------------------------------------------------------------------

/**
 * Monitors all groups of a scope: resolves with a reference and the members of each group now, and from
 * then on the calling process receives `[ref, "join", group, pids]` and `[ref, "leave", group, pids]`,
 * see {@linkcode Event}.
 *
 * The map finds its keys as any `Map` does: a group named by an array is found by going through it.
 *
 * @param scope Default `"pg"`.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not there. If it ends later, no
 * message says so: monitor its process, too.
 * @see Erlang `pg:monitor_scope/0,1`
 */
export function monitorScope(
  scope: Atom = DEFAULT_SCOPE,
): Promise<readonly [Ref, ReadonlyMap<Term, readonly Pid[]>]> {
  return fairly(async () => {
    assertScope(scope, "monitor");
    return await ask(scope, "monitor") as readonly [Ref, ReadonlyMap<Term, readonly Pid[]>];
  });
}

/**
 * Monitors one group, which need not have members: resolves with a reference and the members now.
 * Otherwise as {@linkcode monitorScope}.
 *
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not there.
 * @see Erlang `pg:monitor/1,2`
 */
export function monitor(group: Term): Promise<readonly [Ref, readonly Pid[]]>;
/** The same, in another scope. */
export function monitor(scope: Atom, group: Term): Promise<readonly [Ref, readonly Pid[]]>;
export function monitor(...args: Term[]): Promise<readonly [Ref, readonly Pid[]]> {
  return fairly(async () => {
    const [scope, group] = scoped(args, 1);
    return await ask(scope, ["monitor", group]) as readonly [Ref, readonly Pid[]];
  });
}

/**
 * Ends a monitor of a scope or a group, and removes its messages from the mailbox of the calling
 * process. Resolves with `"ok"`, or with `false` if there is no such monitor.
 *
 * @throws {TypeError} If `ref` is no reference: the promise rejects.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not there.
 * @see Erlang `pg:demonitor/1,2`
 */
export function demonitor(ref: Ref): Promise<"ok" | false>;
/** The same, in another scope. */
export function demonitor(scope: Atom, ref: Ref): Promise<"ok" | false>;
export function demonitor(...args: Term[]): Promise<"ok" | false> {
  return fairly(async () => {
    const process = self();
    const [scope, ref] = scoped(args, 1);
    if (!(ref instanceof Ref)) {
      throw new TypeError(`Cannot demonitor groups: expected a reference, found ${inspect(ref)}`);
    }
    const answer = await ask(scope, ["demonitor", ref]) as "ok" | false;
    while (answer === "ok" && process.remove((message) => isEvent(message, ref)));
    return answer;
  });
}

function isEvent(message: Term, ref: Ref): boolean {
  return Array.isArray(message) && message.length === 4 && message[0] === ref &&
    (message[1] === "join" || message[1] === "leave");
}

// --- Arguments ----------------------------------------------------------------------------------

/** The scope, and the `count` other arguments: where only those are given, the default scope. */
function scoped(args: readonly Term[], count: number): [scope: Atom, ...Term[]] {
  if (args.length === count) return [DEFAULT_SCOPE, ...args];
  const [scope, ...rest] = args;
  assertScope(scope, "use");
  return [scope, ...rest];
}

function ask(scope: Atom, request: readonly Term[] | "monitor"): Promise<Term> {
  return call(scope, request as Request, Infinity);
}

function assertScope(scope: unknown, what: string): asserts scope is Atom {
  if (isAtom(scope)) return;
  throw new TypeError(`Cannot ${what} a scope: expected an atom, found ${inspect(scope)}`);
}

function assertLocal(pids: unknown, what: string): void {
  for (const pid of Array.isArray(pids) ? pids : [pids]) {
    if (isPid(pid) && pid.node === nodeName()) continue;
    throw new TypeError(
      `Cannot ${what}: expected a pid of this node or an array of such, found ${inspect(pid)}`,
    );
  }
}
