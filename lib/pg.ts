/**
 * Pg: process groups. A group has a name, which is any term, and any number of processes as members, on
 * all connected nodes. Every node knows all members, and answers from its own memory. Erlang's module `pg`.
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
 * **Scopes.** Each group belongs to a scope: a process that is registered under the scope's name on every
 * participating node. The groups of different scopes are independent. A scope is started as the child of a
 * supervisor: `Pg` is the child of the default scope `"pg"`, and `[Pg, "chat"]` that of another. It must be
 * running before processes can join its groups.
 *
 * **Members.** A process joins on its own node, and all other nodes are notified. A process may join a
 * group several times; it is then a member several times, and has to leave as often. When it exits, its
 * scope removes it from all groups, asynchronously: a member list may contain a process that has just
 * exited. When a scope exits, its groups are lost: the members of this node have to join again, and those
 * of other nodes are exchanged again when the scope is restarted.
 *
 * **Nodes.** Membership is eventually consistent: there are no locks, and no order between nodes. A new
 * member is visible on its own node at once and on others later. While two nodes are not connected, neither
 * sees the members of the other. On the wire a string in the name of a group is an atom and an array is a
 * tuple, at every depth: `["room", 7]` is Erlang's `{room, 7}`; bytes are a binary. In a cluster a name must
 * be a term that Erlang has: not a function, and not an instance of a class.
 *
 * **When not to use it.** For the processes of one program, or for keys with values, use a
 * {@linkcode Registry} with duplicate keys: it offers more, and removes a process as soon as it exits.
 *
 * Mirrors OTP's `pg`, with these differences: joining an empty list of processes does not create a group;
 * monitors are also notified of what has changed when two nodes synchronize; a scope survives messages
 * that it does not know.
 *
 * The process of a scope is in `pg/scope.ts`, its data in `pg/groups.ts`; `lib/node` connects the scopes
 * of several nodes.
 *
 * @module
 */

import { fairly } from "./kernel/fair.ts";
import type { ChildSpec } from "./child_spec.ts";
import { type HasInitialCall, INITIAL_CALL } from "./gen/initial_call.ts";
import {
  call,
  type Module,
  start as startServer,
  startLink as startServerLink,
} from "./gen_server.ts";
import { isTuple, itemOf } from "./kernel/reader.ts";
import { fence, self } from "./kernel/self.ts";
import { inspect } from "./kernel/inspect.ts";
import { type Atom, isAtom, isPid, nodeName, type Pid, Ref, type Term } from "./kernel/term.ts";
import { NO_MEMBERS } from "./pg/groups.ts";
import { handleCall, handleCast, handleInfo, init, type Request, scopeNamed } from "./pg/scope.ts";
import * as Pg from "./pg.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "Pg";

/** The scope of functions that are called without one. */
const DEFAULT_SCOPE = "pg";

const SCOPE: Module & HasInitialCall = {
  moduleName: "pg",
  [INITIAL_CALL]: () => ["pg", "init", 1],
  init,
  handleCall,
  handleCast,
  handleInfo,
};

/** What the functions that start a scope resolve with. */
export type StartResult = readonly ["ok", Pid] | readonly ["error", Term];

/**
 * The message that a process that monitors groups receives: the reference of the monitor, what happened,
 * the group, and the pids of one operation.
 */
export type Event<Group = Term> = readonly [
  ref: Ref,
  what: "join" | "leave",
  group: Group,
  pids: readonly Pid[],
];

// --- Scopes -------------------------------------------------------------------------------------

/**
 * Starts a scope that is linked to the calling process, and discovers the same scope on all connected nodes.
 *
 * Resolves with `["ok", pid]`, or with `["error", ["already_started", pid]]` if the name is taken.
 *
 * @param scope Its name, and the local name of its process. Default `"pg"`.
 * @throws {TypeError} If `scope` is not an atom: the promise rejects.
 * @see Erlang `pg:start_link/0,1`
 *
 * @example Starting a scope
 * ```ts
 * import { Pg, Process, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const scope = unwrap(await Pg.startLink("chat"));
 * assertEquals(Process.whereis("chat"), scope);
 * ```
 */
export function startLink(scope: Atom = DEFAULT_SCOPE): Promise<StartResult> {
  return fairly(async () => {
    assertScope(scope, "start");
    return await startServerLink(SCOPE, scope, { name: scope }) as StartResult;
  });
}

/**
 * Starts a scope without a link to the calling process. Otherwise as {@linkcode startLink}; see its example.
 *
 * @see Erlang `pg:start/1`
 */
export function start(scope: Atom = DEFAULT_SCOPE): Promise<StartResult> {
  return fairly(async () => {
    assertScope(scope, "start");
    return await startServer(SCOPE, scope, { name: scope }) as StartResult;
  });
}

/**
 * Returns the child specification of a scope, so that `Pg` and `[Pg, scope]` can be children.
 *
 * @example Scopes under a supervisor
 * ```ts
 * import { Pg, Process, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * await Supervisor.startLink([Pg, [Pg, "chat"]], { strategy: "one_for_one" });
 * assertEquals(Process.isAlive(Process.whereis("pg")!), true);
 * assertEquals(Process.isAlive(Process.whereis("chat")!), true);
 * ```
 */
export function childSpec(scope: Atom | readonly [] = DEFAULT_SCOPE): ChildSpec {
  const id = isAtom(scope) ? scope : DEFAULT_SCOPE; // a child `Pg` without an argument is given []
  return { id, start: [Pg, "startLink", [id]] };
}

// --- Joining and leaving ------------------------------------------------------------------------

/**
 * Joins one or several processes of this node to a group of the default scope. Resolves with `"ok"` when
 * they are members on this node; other nodes are notified asynchronously. A process that is in the list
 * twice joins twice. One that has exited is removed again at once.
 *
 * @throws {TypeError} If a pid is not of this node, or the name of the group cannot be sent to the other
 * nodes of a cluster: the promise rejects, and no process has joined.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not running.
 * @see Erlang `pg:join/2,3`
 *
 * @example Joining, listing and leaving
 * ```ts
 * import { Pg, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Pg.startLink());
 * await Pg.join("workers", [self(), self()]);
 * assertEquals(Pg.getMembers("workers"), [self(), self()]);
 * assertEquals(Pg.getLocalMembers("workers"), [self(), self()]);
 * assertEquals(Pg.whichGroups(), ["workers"]);
 * assertEquals(Pg.whichLocalGroups(), ["workers"]);
 *
 * await Pg.leave("workers", self());
 * assertEquals(Pg.getMembers("workers"), [self()]);
 * ```
 */
export function join(group: Term, pids: Pid | readonly Pid[]): Promise<"ok">;
/** The same, in another scope. */
export function join(scope: Atom, group: Term, pids: Pid | readonly Pid[]): Promise<"ok">;
export function join(...args: Term[]): Promise<"ok"> {
  return fairly(async () => {
    const [scope, group, pids] = scoped(args, 2);
    assertLocal(pids, "join a group");
    scopeNamed(scope)?.group(group); // throws if `group` cannot be a name
    return await ask(scope, ["join_local", group, pids]) as "ok";
  });
}

/**
 * Removes one or several processes of this node from a group of the default scope, each once for every
 * time that it is in the list. Resolves with `"ok"`, or with `"not_joined"` if none was a member. See the
 * example of {@linkcode join}.
 *
 * @throws {TypeError} If a pid is not of this node: the promise rejects, and no process has left.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not running.
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

// --- Reading ------------------------------------------------------------------------------------

/**
 * Returns the members of a group on all nodes, each as often as it has joined, in no particular order; `[]`
 * if there is no such group or scope. Returns at once, without a message to the scope. The array is a frozen
 * snapshot, and the same array until the group changes. See the example of {@linkcode join}.
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
  return scopeNamed(scope)?.group(group)?.members ?? NO_MEMBERS;
}

/**
 * Returns the members of a group on this node. Otherwise as {@linkcode getMembers}. See the example of
 * {@linkcode join}.
 *
 * @see Erlang `pg:get_local_members/1,2`
 */
export function getLocalMembers(group: Term): readonly Pid[];
/** The same, in another scope. */
export function getLocalMembers(scope: Atom, group: Term): readonly Pid[];
export function getLocalMembers(...args: Term[]): readonly Pid[] {
  fence();
  const [scope, group] = scoped(args, 1);
  return scopeNamed(scope)?.group(group)?.localMembers ?? NO_MEMBERS;
}

/**
 * Returns the groups of a scope that have a member on any node, in no particular order, as a new list. See the example
 * of {@linkcode join}.
 *
 * @param scope Default `"pg"`.
 * @throws {TypeError} If there is no such scope.
 * @see Erlang `pg:which_groups/0,1`
 */
export function whichGroups(scope: Atom = DEFAULT_SCOPE): Term[] {
  return Array.from(groupsOf(scope), ({ name }) => name);
}

/**
 * Returns the groups that have a member on this node. Otherwise as {@linkcode whichGroups}. See the example
 * of {@linkcode join}.
 *
 * @see Erlang `pg:which_local_groups/0,1`
 */
export function whichLocalGroups(scope: Atom = DEFAULT_SCOPE): Term[] {
  return Array.from(groupsOf(scope)).filter((group) => group.isLocal).map(({ name }) => name);
}

function groupsOf(scope: Atom) {
  fence();
  const found = scopeNamed(scope);
  if (found !== undefined) return found.groups;
  throw new TypeError(`Cannot list groups: there is no scope ${inspect(scope)} on this node`);
}

// --- Monitoring ---------------------------------------------------------------------------------

/**
 * Monitors all groups of a scope. Resolves with a reference and the current members of each group; from
 * then on the calling process receives `[ref, "join", group, pids]` and `[ref, "leave", group, pids]`,
 * see {@linkcode Event}. Otherwise as {@linkcode monitor}; see its example.
 *
 * The keys of the map are compared by identity, as in any `Map`: to find a group whose name is an array,
 * iterate over it.
 *
 * @param scope Default `"pg"`.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not running. If it exits later, no
 * message is sent: monitor its process, too.
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
 * Monitors one group, which need not have members. Resolves with a reference and the current members; from
 * then on the calling process receives `[ref, "join", group, pids]` and `[ref, "leave", group, pids]`,
 * see {@linkcode Event}.
 *
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not running. If it exits later, no
 * message is sent: monitor its process, too.
 * @see Erlang `pg:monitor/1,2`
 *
 * @example Being notified of new members
 * ```ts
 * import { Pg, receive, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Pg.startLink());
 * const [ref, members] = await Pg.monitor("workers");
 * assertEquals(members, []);
 * await Pg.join("workers", self());
 * assertEquals(await receive(), [ref, "join", "workers", [self()]]);
 * assertEquals(await Pg.demonitor(ref), "ok");
 * ```
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
 * Removes a monitor of a scope or a group, and its messages from the mailbox of the calling process.
 * Resolves with `"ok"`, or with `false` if there is no such monitor. See the example of
 * {@linkcode monitor}.
 *
 * @throws {TypeError} If `ref` is not a reference: the promise rejects.
 * @throws {Exit} `["noproc", ["GenServer", "call", …]]` if the scope is not running.
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
  if (!isTuple(message, ref, 4)) return false;
  const event = itemOf(message, 1);
  return event === "join" || event === "leave";
}

// --- Arguments ----------------------------------------------------------------------------------

/** The scope, by default the default scope, followed by the `count` other arguments. */
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
      `Cannot ${what}: expected a pid of this node or an array of those, found ${inspect(pid)}`,
    );
  }
}
