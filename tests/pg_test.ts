/**
 * Process groups in one runtime. Peers are processes of the test that speak as scopes of other nodes do.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  _,
  Exit,
  flush,
  GenServer,
  inspect,
  on,
  Pg,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  Supervisor,
  Sys,
  type Term,
  unwrap,
} from "../mod.ts";
import { List } from "../lib/kernel/list.ts";
import { distribute, type Distribution, RemotePid } from "../lib/kernel/distribution.ts";
import type { Process as KernelProcess } from "../lib/kernel/process.ts";
import { LocalMonitor, type Watched } from "../lib/kernel/signals.ts";
import { enterCluster, nodeUp, type Scope } from "../lib/pg/scope.ts";
import { assertSilence, collectReports, exitOf, inProcess, reasonOf, settled } from "./helpers.ts";

/** Runs `body` in a process that has the default scope. */
function withScope(body: (scope: Pid) => Promise<void>): Promise<void> {
  return inProcess(async () => {
    const scope = unwrap(await Pg.startLink());
    await body(scope);
    await GenServer.stop(scope);
  });
}

/** A process that waits until it is terminated. */
function idle(): Pid {
  return spawn(async () => void await receive(on("end", () => {})));
}

async function end(pid: Pid): Promise<void> {
  const ended = exitOf(pid);
  send(pid, "end");
  await ended;
  await settled();
}

function ids(pids: Iterable<Pid>): number[] {
  return Array.from(pids, ({ id }) => id).sort((a, b) => a - b);
}

function assertMembers(actual: Iterable<Pid>, expected: Iterable<Pid>): void {
  assertEquals(ids(actual), ids(expected));
}

async function sizes(scope: Pid) {
  const { groups, members, peers, watchers } = (await Sys.getState(scope) as Scope).sizes;
  return [groups, members, peers, watchers];
}

/** Has `scope` make the calling process its peer; what it says to that end is taken. */
async function becomePeer(scope: Pid): Promise<Term> {
  send(scope, ["discover", self()]);
  const sync = await receive(on(["$gen_cast", _], (message) => message[1]));
  await receive(on(["discover", scope], () => {}));
  return sync;
}

// --- Scopes -------------------------------------------------------------------------------------

Deno.test("Pg.startLink() starts the scope pg, linked, and registers it under its name", () =>
  inProcess(async () => {
    const scope = unwrap(await Pg.startLink());
    assertEquals(Process.whereis("pg"), scope);
    assertEquals(Process.info(self(), "links")![1].includes(scope), true);
    assertEquals(await Pg.startLink(), ["error", ["already_started", scope]]);
    await GenServer.stop(scope);
  }));

Deno.test("Pg.start() starts a scope without a link", () =>
  inProcess(async () => {
    const scope = unwrap(await Pg.start("alone"));
    assertEquals(Process.info(scope, "links"), ["links", []]);
    await GenServer.stop(scope);
  }));

Deno.test("Pg.start() refuses a name that is not an atom", () =>
  inProcess(async () => {
    await assertRejects(() => Pg.start(7 as never), TypeError, "expected an atom, found 7");
  }));

Deno.test("Pg.childSpec() makes Pg and [Pg, scope] children of a supervisor", () =>
  inProcess(async () => {
    const supervisor = unwrap(
      await Supervisor.startLink([Pg, [Pg, "chat"]], { strategy: "one_for_one" }),
    );
    assertEquals(await Pg.join("chat", "a", self()), "ok");
    assertEquals(await Pg.join("a", self()), "ok");
    await Supervisor.stop(supervisor);
  }));

Deno.test("Pg.join() keeps groups of different scopes apart [PG-012]", () =>
  withScope(async () => {
    const other = unwrap(await Pg.start("other"));
    const [a, b] = [idle(), idle()];
    await Pg.join("group", a);
    await Pg.join("other", "group", b);
    await Pg.join("other", "second", b);
    assertEquals(Pg.getMembers("group"), [a]);
    assertEquals(Pg.getMembers("other", "group"), [b]);
    assertEquals(Pg.whichGroups(), ["group"]);
    assertEquals(Pg.whichGroups("other"), ["group", "second"]);
    await GenServer.stop(other);
    assertEquals(Pg.getMembers("group"), [a]);
    assertEquals(Pg.getMembers("other", "group"), []);
  }));

// --- Joining and leaving ------------------------------------------------------------------------

Deno.test("Pg.join() returns ok, and all functions list the member and the group [PG-002, PG-026]", () =>
  withScope(async () => {
    assertEquals(await Pg.join("group", self()), "ok");
    assertEquals(Pg.getMembers("group"), [self()]);
    assertEquals(Pg.getLocalMembers("group"), [self()]);
    assertEquals(Pg.whichGroups(), ["group"]);
    assertEquals(Pg.whichLocalGroups(), ["group"]);
  }));

Deno.test("Pg.leave() returns ok, and a group without members does not exist [PG-003]", () =>
  withScope(async (scope) => {
    await Pg.join("group", self());
    assertEquals(await Pg.leave("group", self()), "ok");
    assertEquals(Pg.whichGroups(), []);
    assertEquals(Pg.whichLocalGroups(), []);
    assertEquals(Pg.getMembers("group"), []);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
    assertEquals(Process.info(self(), "monitored_by")![1].includes(scope), false);
  }));

Deno.test("Pg.leave() returns not_joined when none of the processes is a member", () =>
  withScope(async () => {
    const other = idle();
    assertEquals(await Pg.leave("group", self()), "not_joined");
    await Pg.join("group", self());
    assertEquals(await Pg.leave("group", other), "not_joined");
    assertEquals(await Pg.leave("group", []), "not_joined");
    assertEquals(await Pg.leave("group", [other, self()]), "ok");
  }));

Deno.test("Pg.join() may be done several times, and is undone as many times [PG-004]", () =>
  withScope(async () => {
    await Pg.join("group", self());
    await Pg.join("group", self());
    assertEquals(Pg.getMembers("group"), [self(), self()]);
    assertEquals(Pg.getLocalMembers("group"), [self(), self()]);
    assertEquals(await Pg.leave("group", self()), "ok");
    assertEquals(Pg.getMembers("group"), [self()]);
    assertEquals(await Pg.leave("group", self()), "ok");
    assertEquals(Pg.getMembers("group"), []);
    assertEquals(await Pg.leave("group", self()), "not_joined");
  }));

Deno.test("Pg.join() and leave() take lists, in which a pid counts each time [PG-005]", () =>
  withScope(async () => {
    const [a, b] = [idle(), idle()];
    assertEquals(await Pg.join("group", [a, b, a]), "ok");
    assertMembers(Pg.getMembers("group"), [a, a, b]);
    assertEquals(await Pg.leave("group", [a, b]), "ok");
    assertEquals(Pg.getMembers("group"), [a]);
    assertEquals(await Pg.leave("group", [a, a]), "ok");
    assertEquals(Pg.whichGroups(), []);
  }));

Deno.test("Pg.join() makes no group when no process joins", () =>
  withScope(async (scope) => {
    assertEquals(await Pg.join("group", []), "ok");
    assertEquals(Pg.whichGroups(), []);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

Deno.test("Pg.join() takes any term for a group, compared by its content", () =>
  withScope(async () => {
    const groups: Term[] = [
      1,
      "1",
      ["room", 7],
      { a: [1] },
      new Map([["k", 1]]),
      undefined,
      self(),
    ];
    for (const group of groups) await Pg.join(group, self());
    assertEquals(Pg.whichGroups(), groups);
    for (const group of groups) assertEquals(Pg.getMembers(structuredCloneOf(group)), [self()]);
    assertEquals(await Pg.leave(["room", 7], self()), "ok");
    assertEquals(Pg.whichGroups().length, groups.length - 1);
  }));

function structuredCloneOf(term: Term): Term {
  return term instanceof Object && term !== self() ? structuredClone(term) : term;
}

Deno.test("Pg.join() and leave() refuse values that are not pids of this node", () =>
  withScope(async () => {
    const remote = new RemotePid("elsewhere@host", 1, 0, 1);
    for (const wrong of ["pid", remote, [self(), remote]] as never[]) {
      await assertRejects(() => Pg.join("group", wrong), TypeError, "expected a pid of this node");
      await assertRejects(() => Pg.leave("group", wrong), TypeError, "expected a pid of this node");
    }
    assertEquals(Pg.whichGroups(), []);
  }));

Deno.test("Pg.join() exits with noproc when there is no such scope", () =>
  inProcess(async () => {
    assertEquals((await reasonOf(() => Pg.join("none", "group", self())))[0], "noproc");
  }));

Deno.test("Pg.join() removes a member again that has already exited", () =>
  withScope(async (scope) => {
    const pid = idle();
    await end(pid);
    assertEquals(await Pg.join("group", pid), "ok");
    await settled();
    assertEquals(Pg.getMembers("group"), []);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

Deno.test("Pg removes a member that exits from all its groups, however often it has joined [PG-008]", () =>
  withScope(async (scope) => {
    const [a, b] = [idle(), idle()];
    await Pg.join("one", [a, a, b]);
    await Pg.join("two", a);
    await end(a);
    assertEquals(Pg.getMembers("one"), [b]);
    assertEquals(Pg.getLocalMembers("one"), [b]);
    assertEquals(Pg.getMembers("two"), []);
    assertEquals(Pg.whichGroups(), ["one"]);
    assertEquals(await sizes(scope), [1, 1, 0, 0]);
    await end(b);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

// --- Looking ------------------------------------------------------------------------------------

Deno.test("Pg.getMembers() is [] of an unknown group, and of an unknown scope [PG-007]", () =>
  withScope(async () => {
    await Pg.join("group", self());
    assertEquals(Pg.getMembers("unknown"), []);
    assertEquals(Pg.getLocalMembers("unknown"), []);
    assertEquals(Pg.getMembers("no scope", "group"), []);
    assertEquals(Pg.getLocalMembers("no scope", "group"), []);
  }));

Deno.test("Pg.whichGroups() throws when there is no such scope", () =>
  inProcess(() => {
    assertThrows(() => Pg.whichGroups("none"), TypeError, 'there is no scope "none" on this node');
    assertThrows(
      () => Pg.whichLocalGroups("none"),
      TypeError,
      'there is no scope "none" on this node',
    );
  }));

Deno.test("Pg.getMembers() gives the same snapshot until something changes, in any order [PG-027]", () =>
  withScope(async () => {
    const pids = Array.from({ length: 100 }, idle);
    await Pg.join("group", pids);
    const before = Pg.getMembers("group");
    assertMembers(before, pids);
    assertStrictEquals(Pg.getMembers("group"), before);
    assertThrows(() => (before as Pid[]).pop(), TypeError);
    await Pg.leave("group", pids[0]!);
    assertMembers(before, pids);
    assertMembers(Pg.getMembers("group"), pids.slice(1));
  }));

Deno.test("Pg forgets its groups when the scope exits, for any reason", () =>
  inProcess(async () => {
    for (const stop of [GenServer.stop, kill]) {
      const scope = unwrap(await Pg.start());
      await Pg.join("group", self());
      await stop(scope);
      assertEquals(Pg.getMembers("group"), []);
      assertThrows(() => Pg.whichGroups(), TypeError);
    }
  }));

async function kill(pid: Pid): Promise<void> {
  const ended = exitOf(pid);
  Process.exit(pid, "kill");
  assertEquals(await ended, "killed");
}

// --- Watching -----------------------------------------------------------------------------------

Deno.test("Pg.monitor() gives the members, and then the pids of each operation [PG-020]", () =>
  withScope(async () => {
    const [a, b] = [idle(), idle()];
    await Pg.join("group", a);
    const [ref, members] = await Pg.monitor("group");
    assertEquals(members, [a]);
    await Pg.join("group", b);
    assertEquals(flush(), [[ref, "join", "group", [b]]]);
    await Pg.join("group", [a, b]);
    assertEquals(flush(), [[ref, "join", "group", [a, b]]]);
    await Pg.leave("group", [a, b]);
    assertEquals(flush(), [[ref, "leave", "group", [a, b]]]);
    await Pg.join("another", a);
    await assertSilence();
    await end(b);
    assertEquals(flush(), [[ref, "leave", "group", [b]]]);
  }));

Deno.test("Pg.monitor() notifies of each membership that ends with its process", () =>
  withScope(async () => {
    const [a, b] = [idle(), idle()];
    await Pg.join("group", [a, b, a]);
    const [ref] = await Pg.monitor("group");
    await end(a);
    assertEquals(flush(), [[ref, "leave", "group", [a]], [ref, "leave", "group", [a]]]);
    assertEquals(Pg.getMembers("group"), [b]);
  }));

Deno.test("Pg.monitor() waits for a group that has no members yet, and after they have left", () =>
  withScope(async (scope) => {
    const [ref, members] = await Pg.monitor(["room", 7]);
    assertEquals(members, []);
    assertEquals(Pg.whichGroups(), []);
    for (let i = 0; i < 2; i++) {
      await Pg.join(["room", 7], self());
      await Pg.leave(["room", 7], self());
      assertEquals(flush(), [
        [ref, "join", ["room", 7], [self()]],
        [ref, "leave", ["room", 7], [self()]],
      ]);
    }
    assertEquals(await Pg.demonitor(ref), "ok");
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

Deno.test("Pg.monitorScope() gives all groups, and tells of all [PG-021]", () =>
  withScope(async () => {
    const [a, b] = [idle(), idle()];
    await Pg.join("one", a);
    await Pg.join("two", [a, b]);
    const [ref, groups] = await Pg.monitorScope();
    assertEquals(groups, new Map([["one", [a]], ["two", [a, b]]]));
    await Pg.join("three", b);
    await Pg.leave("one", a);
    assertEquals(flush(), [[ref, "join", "three", [b]], [ref, "leave", "one", [a]]]);
  }));

Deno.test("Pg.monitorScope() gives an empty map when there are no groups", () =>
  withScope(async () => {
    const [, groups] = await Pg.monitorScope();
    assertEquals(groups, new Map());
  }));

Deno.test("Pg.demonitor() removes a monitor, and flushes what is queued; false if there is none [PG-023]", () =>
  withScope(async (scope) => {
    const [group] = await Pg.monitor("group");
    const [all] = await Pg.monitorScope();
    await Pg.join("group", self());
    send(self(), "kept");
    await Pg.leave("group", self());
    assertEquals(await Pg.demonitor(group), "ok");
    assertEquals(flush(), [
      [all, "join", "group", [self()]],
      "kept",
      [all, "leave", "group", [self()]],
    ]);
    await Pg.join("group", self());
    assertEquals(await Pg.demonitor(all), "ok");
    await Pg.leave("group", self());
    await assertSilence();
    assertEquals(await Pg.demonitor(group), false);
    assertEquals(await Pg.demonitor(all), false);
    assertEquals(Process.info(self(), "monitored_by")![1].includes(scope), false);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
    await assertRejects(() => Pg.demonitor("ref" as never), TypeError, "expected a reference");
  }));

Deno.test("Pg forgets the monitors of a process that exits", () =>
  withScope(async (scope) => {
    const watcher = spawn(async () => {
      await Pg.monitor("group");
      await Pg.monitorScope();
      await Pg.join("group", self());
      await receive(on("end", () => {}));
    });
    await settled();
    assertEquals(await sizes(scope), [1, 1, 0, 2]);
    await end(watcher);
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

// --- Peers --------------------------------------------------------------------------------------

Deno.test("Pg answers discover with sync, and with discover to new peers", () =>
  withScope(async (scope) => {
    await Pg.join("group", [self(), self()]);
    assertEquals(await becomePeer(scope), [
      "sync",
      scope,
      List.of(["group", List.of(self(), self())]),
    ]);
    send(scope, ["discover", self(), 2, "whatever comes later"]);
    await settled();
    assertEquals(flush(), [
      ["$gen_cast", ["sync", scope, List.of(["group", List.of(self(), self())])]],
    ]);
  }));

Deno.test("Pg tells its peers what happens to members of this node", () =>
  withScope(async (scope) => {
    await becomePeer(scope);
    const [a, b] = [idle(), idle()];
    await Pg.join("group", a);
    await Pg.join("group", [a, b]);
    await Pg.join("two", b);
    await Pg.leave("group", a);
    await Pg.leave("group", [a]);
    assertEquals(flush(), [
      ["join", scope, "group", a],
      ["join", scope, "group", List.of(a, b)],
      ["join", scope, "two", b],
      ["leave", scope, a, List.of("group")],
      ["leave", scope, List.of(a), List.of("group")],
    ]);
    await Pg.leave("group", a);
    await assertSilence();
    await end(b);
    assertEquals(flush(), [["leave", scope, b, List.of("group", "two")]]);
  }));

Deno.test("Pg.getMembers() lists members of other nodes, getLocalMembers() does not [PG-014]", () =>
  withScope(async (scope) => {
    const [a, b] = [idle(), idle()];
    await becomePeer(scope);
    await Pg.join("group", a);
    send(scope, ["join", self(), "group", List.of(b, b)]);
    send(scope, ["join", self(), "theirs", b, "whatever comes later"]);
    await settled();
    assertMembers(Pg.getMembers("group"), [a, b, b]);
    assertEquals(Pg.getLocalMembers("group"), [a]);
    assertEquals(Pg.getLocalMembers("theirs"), []);
    assertEquals(Pg.whichGroups(), ["group", "theirs"]);
    assertEquals(Pg.whichLocalGroups(), ["group"]);
    send(scope, ["leave", self(), b, List.of("group", "theirs", "unknown"), "later"]);
    await settled();
    assertMembers(Pg.getMembers("group"), [a, b]);
    assertEquals(Pg.whichGroups(), ["group"]);
  }));

Deno.test("Pg ignores join and leave from a process that is not a peer [PG-017]", () =>
  withScope(async (scope) => {
    const a = idle();
    await Pg.join("group", a);
    const [ref] = await Pg.monitorScope();
    send(scope, ["join", self(), "group", self()]);
    send(scope, ["join", self(), "other", List.of(self())]);
    send(scope, ["leave", self(), a, List.of("group")]);
    await assertSilence();
    assertEquals(Pg.getMembers("group"), [a]);
    assertEquals(Pg.whichGroups(), ["group"]);
    assertEquals(await Pg.demonitor(ref), "ok");
  }));

Deno.test("Pg replaces what it knows of a peer by what that syncs, and tells the difference [PG-018]", () =>
  withScope(async (scope) => {
    const [a, b, c] = [idle(), idle(), idle()];
    await Pg.join("both", a);
    GenServer.cast(scope, [
      "sync",
      self(),
      List.of(["both", List.of(a, b, b)], ["gone", List.of(b)]),
    ]);
    await settled();
    const [ref] = await Pg.monitorScope();
    const right = ["sync", self(), List.of(["both", List.of(b, c)], ["new", List.of(c)])];
    GenServer.cast(scope, right);
    await settled();
    assertMembers(Pg.getMembers("both"), [a, b, c]);
    assertEquals(Pg.getLocalMembers("both"), [a]);
    assertEquals(Pg.whichGroups(), ["both", "new"]);
    assertEquals(flush(), [
      [ref, "leave", "both", [a, b]],
      [ref, "join", "both", [c]],
      [ref, "join", "new", [c]],
      [ref, "leave", "gone", [b]],
    ]);
    GenServer.cast(scope, right);
    await assertSilence();
    send(scope, ["leave", self(), List.of(b, c), List.of("both", "new")]);
    GenServer.cast(scope, ["sync", self(), List.of()]);
    await settled();
    assertEquals(Pg.whichGroups(), ["both"]);
    assertEquals(Pg.getMembers("both"), [a]);
    assertEquals(await sizes(scope), [1, 1, 1, 1]);
  }));

Deno.test("Pg loses the members of a peer that is lost, and gets them back by a sync", () =>
  withScope(async (scope) => {
    const [mine, theirs, left] = [idle(), idle(), idle()];
    await Pg.join("group", mine);
    const peer = spawn(async () => {
      await becomePeer(scope);
      send(scope, ["join", self(), "group", List.of(theirs, left)]);
      send(scope, ["join", self(), "other", theirs]);
      await receive(on("end", () => {}));
    });
    await settled();
    assertMembers(Pg.getMembers("group"), [mine, theirs, left]);
    const [ref] = await Pg.monitor("group");
    await end(peer);
    assertEquals(Pg.getMembers("group"), [mine]);
    assertEquals(Pg.whichGroups(), ["group"]);
    assertEquals(flush(), [[ref, "leave", "group", [theirs, left]]]);
    assertEquals(await sizes(scope), [1, 1, 0, 1]);
    GenServer.cast(scope, ["sync", self(), List.of(["group", List.of(theirs)])]);
    await settled();
    assertMembers(Pg.getMembers("group"), [mine, theirs]);
    assertEquals(flush(), [[ref, "join", "group", [theirs]]]);
  }));

Deno.test("Pg keeps a group that has come back when a peer is lost that was in it before", () =>
  withScope(async (scope) => {
    const peer = spawn(async () => {
      await becomePeer(scope);
      send(scope, ["join", self(), "group", self()]);
      send(scope, ["leave", self(), self(), List.of("group")]);
      await receive(on("end", () => {}));
    });
    await settled();
    await Pg.join("group", self());
    await end(peer);
    assertEquals(Pg.getMembers("group"), [self()]);
  }));

Deno.test("Pg loses members of this node when its scope restarts, and peers bring theirs back [PG-016]", () =>
  inProcess(async () => {
    const theirs = idle();
    const first = unwrap(await Pg.start());
    await Pg.join("group", self());
    await becomePeer(first);
    send(first, ["join", self(), "group", theirs]);
    await settled();
    assertMembers(Pg.getMembers("group"), [self(), theirs]);
    await GenServer.stop(first);
    const second = unwrap(await Pg.start());
    assertEquals(Pg.getMembers("group"), []);
    assertEquals(await becomePeer(second), ["sync", second, List.of()]);
    GenServer.cast(second, ["sync", self(), List.of(["group", List.of(theirs)])]);
    await settled();
    assertEquals(Pg.getMembers("group"), [theirs]);
    assertEquals(Pg.getLocalMembers("group"), []);
    await GenServer.stop(second);
  }));

Deno.test("Pg lets members join while thousands of peers ask for all groups [PG-025]", () =>
  withScope(async (scope) => {
    for (let i = 0; i < 20; i++) await Pg.join(["group", i], self());
    const peers = 3000;
    let synced = 0;
    for (let i = 0; i < peers; i++) {
      spawn(async () => {
        await becomePeer(scope);
        synced++;
      });
    }
    assertEquals(await Pg.join("group", self()), "ok");
    assertEquals(Pg.getMembers("group"), [self()]);
    await settled();
    assertEquals(synced, peers);
    assertEquals(await sizes(scope), [21, 1, 0, 0]);
  }));

Deno.test("Pg reports what a scope does not understand, and goes on", () =>
  withScope(async (scope) => {
    using reports = collectReports();
    await Pg.join("group", self());
    await becomePeer(scope);
    const wrong = [
      ["discover", "nobody"],
      ["join", self(), "group", "nobody"],
      ["leave", self(), self(), "group"],
      "nonsense",
    ];
    for (const message of wrong) send(scope, message);
    const malformed = ["sync", self(), List.of("group")];
    GenServer.cast(scope, malformed);
    assertEquals(await Pg.leave("group", self()), "ok");
    assertEquals(reports.all.map(({ kind }) => kind), Array(5).fill("unhandled_message"));
    assertEquals(reports.all.map(({ lastMessage }) => lastMessage), [...wrong, malformed]);
  }));

Deno.test("Pg reports a call that a scope does not know, does not reply, and goes on", () =>
  withScope(async (scope) => {
    using reports = collectReports();
    const calls = [
      "nonsense",
      ["join_local", "group", "nobody"],
      ["leave_local", "group"],
      ["demonitor", "nothing"],
      ["monitor"],
      undefined,
    ];
    for (const call of calls) {
      const error = await assertRejects(() => GenServer.call(scope, call as never, 1), Exit);
      assertEquals((error.reason as unknown[])[0], "timeout");
    }
    assertEquals(await Pg.join("group", self()), "ok");
    assertEquals(Pg.getMembers("group"), [self()]);
    assertEquals(
      reports.all.map(({ kind, lastMessage }) => [kind, lastMessage]),
      calls.map((call) => ["unhandled_message", call]),
    );
  }));

// --- The cluster --------------------------------------------------------------------------------

const THERE = "there@host";

/** Another node, of which nothing is real but what the kernel takes it for. */
class OtherNode implements Disposable {
  /** What was sent there. */
  readonly sent: [to: Term, message: Term][] = [];
  readonly attached: Pid[] = [];
  readonly scope = new RemotePid(THERE, 1, 0, 1);
  readonly #watched: Watched = { monitoredBy: null };

  constructor(keyOf: (name: Term) => unknown) {
    distribute({
      send: (to: Term, message: Term) => this.sent.push([to, message]),
      monitor: (ref: Ref, holder: KernelProcess, object: RemotePid, tag: Term) =>
        new LocalMonitor(ref, holder, this.#watched, object, tag),
    } as unknown as Distribution);
    enterCluster({ nodes: () => [THERE], attach: (pid) => this.attached.push(pid), keyOf });
  }

  /** A process there. */
  pid(id: number): Pid {
    return new RemotePid(THERE, id, 0, 1);
  }

  /** What was sent there since this was asked for last. */
  async takeSent(): Promise<Term[]> {
    await settled();
    return this.sent.splice(0);
  }

  /** The connection is lost. */
  lose(): void {
    while (this.#watched.monitoredBy !== null) {
      const monitor = this.#watched.monitoredBy;
      monitor.remove();
      monitor.tell("noconnection");
    }
  }

  [Symbol.dispose](): void {
    this.lose();
    enterCluster(null);
    distribute(null);
  }
}

Deno.test("Pg.startLink() looks for the scope on all nodes; and scopes that are there do when the node starts", () =>
  inProcess(async () => {
    const early = unwrap(await Pg.start("early"));
    await Pg.join("early", ["a", 1], self());
    {
      using node = new OtherNode(inspect);
      assertEquals(await node.takeSent(), [[["early", THERE], ["discover", early]]]);
      assertEquals(Pg.getMembers("early", ["a", 1]), [self()]);
      const late = unwrap(await Pg.start("late"));
      assertEquals(await node.takeSent(), [[["late", THERE], ["discover", late]]]);
      assertEquals(node.attached, [early, late]);
      await GenServer.stop(late);
    }
    unwrap(await Pg.start("alone"));
    await GenServer.stop("alone");
    await GenServer.stop(early);
  }));

Deno.test("Pg makes groups one that are the same to the cluster, with all that belongs to them", () =>
  inProcess(async () => {
    const scope = unwrap(await Pg.start());
    const [a, b] = [idle(), idle()];
    await Pg.join(1, [a, b]);
    await Pg.join(1n, a);
    await becomePeer(scope);
    send(scope, ["join", self(), 1, b]);
    const [ref] = await Pg.monitor(1n);
    flush();
    {
      using _node = new OtherNode(String);
      await settled();
      assertMembers(Pg.getMembers("1"), [a, a, b, b]);
      assertMembers(Pg.getLocalMembers(1), [a, a, b]);
      assertEquals(await Pg.leave("1", b), "ok");
      assertEquals(
        flush(),
        [
          ["leave", scope, b, List.of("1")],
          [ref, "leave", 1, [b]],
        ].reverse(),
      );
      await end(a);
      assertEquals(Pg.getLocalMembers(1), []);
      send(scope, ["leave", self(), b, List.of<Term>(1)]);
      await settled();
      assertEquals(Pg.whichGroups(), []);
      assertEquals(await sizes(scope), [1, 0, 1, 1]);
    }
    await GenServer.stop(scope);
  }));

Deno.test("Pg.join() refuses a group that cannot be named in the cluster", () =>
  withScope(async () => {
    using _node = new OtherNode((name) => {
      if (typeof name === "function") throw new TypeError("Cannot send a function");
      return name;
    });
    await assertRejects(() => Pg.join(() => {}, self()), TypeError, "Cannot send a function");
    assertEquals(await Pg.join("group", self()), "ok");
  }));

Deno.test("Pg loses members there in a net split, and gets those back that have not left [PG-015]", () =>
  withScope(async (scope) => {
    using node = new OtherNode(inspect);
    const [a, b] = [idle(), idle()];
    const [theirs, left] = [node.pid(7), node.pid(8)];
    await Pg.join("group", [a, b]);
    send(scope, ["discover", node.scope]);
    GenServer.cast(scope, ["sync", node.scope, List.of(["group", List.of(theirs, left)])]);
    await settled();
    assertMembers(Pg.getMembers("group"), [a, b, theirs, left]);
    assertMembers(Pg.getLocalMembers("group"), [a, b]);
    node.sent.length = 0;

    node.lose();
    await settled();
    assertMembers(Pg.getMembers("group"), [a, b]);
    await Pg.leave("group", b);
    send(scope, ["leave", node.scope, left, List.of("group")]); // too late: it is not a peer any more
    assertEquals(await node.takeSent(), []);

    nodeUp(THERE);
    assertEquals(await node.takeSent(), [[["pg", THERE], ["discover", scope]]]);
    send(scope, ["discover", node.scope]);
    assertEquals(await node.takeSent(), [
      [node.scope, ["$gen_cast", ["sync", scope, List.of(["group", List.of(a)])]]],
      [node.scope, ["discover", scope]],
    ]);
    GenServer.cast(scope, ["sync", node.scope, List.of(["group", List.of(theirs)])]);
    await settled();
    assertMembers(Pg.getMembers("group"), [a, theirs]);
    assertEquals(Pg.getLocalMembers("group"), [a]);
  }));

Deno.test("Pg ignores that its own node comes up [PG-019]", () =>
  withScope(async (scope) => {
    nodeUp("nonode@nohost");
    await settled();
    assertEquals(await sizes(scope), [0, 0, 0, 0]);
  }));

// --- Random programs ----------------------------------------------------------------------------

type Step =
  | { do: "join" | "leave"; group: number; pids: number[] }
  | { do: "end"; pid: number }
  | { do: "peer joins" | "peer leaves"; group: number; pids: number[] }
  | { do: "peer syncs"; groups: [number, number[]][] };

const group = fc.nat(2);
const pids = fc.array(fc.nat(3), { maxLength: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("join", "leave"), group, pids }),
    fc.record({ do: fc.constantFrom("peer joins", "peer leaves"), group, pids }),
    fc.record({ do: fc.constant("end" as const), pid: fc.nat(3) }),
    fc.record({
      do: fc.constant("peer syncs" as const),
      groups: fc.uniqueArray(fc.tuple(group, pids), { selector: ([name]) => name }),
    }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);

/** Members as plain lists, by group. */
class Model {
  local: Pid[][] = [[], [], []];
  remote: Pid[][] = [[], [], []];
}

function without(all: Pid[], gone: readonly Pid[]): Pid[] {
  const rest = [...all];
  for (const pid of gone) if (rest.includes(pid)) rest.splice(rest.indexOf(pid), 1);
  return rest;
}

Deno.test("Pg does what a list for each group does, and monitors can tell", () =>
  inProcess(() =>
    fc.assert(
      fc.asyncProperty(steps, async (program) => {
        const scope = unwrap(await Pg.start());
        const ours = Array.from({ length: 4 }, idle);
        const theirs = Array.from({ length: 4 }, idle);
        const alive = new Set(ours);
        const model = new Model();
        await becomePeer(scope);
        const [ref] = await Pg.monitorScope();
        const seen = new Map<Term, Pid[]>();
        for (const step of program) {
          await take(step, model, scope, ours, theirs, alive);
          for (const message of flush() as Pg.Event[]) {
            if (message[0] !== ref) continue; // the messages of a peer
            const [, what, name, named] = message;
            const before = seen.get(name) ?? [];
            seen.set(name, what === "join" ? [...before, ...named] : without(before, named));
          }
          for (let name = 0; name < 3; name++) {
            const all = [...model.local[name]!, ...model.remote[name]!];
            assertMembers(Pg.getMembers(name), all);
            assertMembers(Pg.getLocalMembers(name), model.local[name]!);
            assertEquals(Pg.whichGroups().includes(name), all.length > 0);
            assertEquals(Pg.whichLocalGroups().includes(name), model.local[name]!.length > 0);
          }
        }
        assert(program.some(isTooMuch) || [0, 1, 2].every((name) => isSame(seen, name)));
        await GenServer.stop(scope);
        for (const pid of [...ours, ...theirs]) Process.exit(pid, "kill");
      }),
      { numRuns: 100 },
    )
  ));

/** As in OTP, a leave names the processes it was called with, members or not: then events alone do not tell. */
function isTooMuch(step: Step): boolean {
  return step.do === "leave" || step.do === "peer leaves";
}

function isSame(seen: Map<Term, Pid[]>, name: number): boolean {
  return ids(seen.get(name) ?? []).join() === ids(Pg.getMembers(name)).join();
}

async function take(
  step: Step,
  { local, remote }: Model,
  scope: Pid,
  ours: Pid[],
  theirs: Pid[],
  alive: Set<Pid>,
): Promise<void> {
  switch (step.do) {
    case "join": {
      const named = step.pids.map((i) => ours[i]!).filter((pid) => alive.has(pid));
      assertEquals(await Pg.join(step.group, named), "ok");
      local[step.group]!.push(...named);
      break;
    }
    case "leave": {
      const named = step.pids.map((i) => ours[i]!);
      const rest = without(local[step.group]!, named);
      const isChanged = rest.length < local[step.group]!.length;
      assertEquals(await Pg.leave(step.group, named), isChanged ? "ok" : "not_joined");
      local[step.group] = rest;
      break;
    }
    case "end": {
      const pid = ours[step.pid]!;
      if (alive.delete(pid)) await end(pid);
      for (const [i, members] of local.entries()) {
        local[i] = members.filter((member) => member !== pid);
      }
      break;
    }
    case "peer joins":
    case "peer leaves": {
      const named = step.pids.map((i) => theirs[i]!);
      const isJoin = step.do === "peer joins";
      const members = remote[step.group]!;
      remote[step.group] = isJoin ? [...members, ...named] : without(members, named);
      const list = List.from(named);
      send(
        scope,
        isJoin
          ? ["join", self(), step.group, list]
          : ["leave", self(), list, List.of<Term>(step.group)],
      );
      await settled();
      break;
    }
    case "peer syncs": {
      remote.fill([]);
      for (const [name, members] of step.groups) remote[name] = members.map((i) => theirs[i]!);
      const groups = List.from(step.groups, ([name]) => [name, List.from(remote[name]!)]);
      GenServer.cast(scope, ["sync", self(), groups]);
      await settled();
    }
  }
}
