import { assertEquals } from "@std/assert";
import { RemotePid } from "../../../lib/kernel/distribution.ts";
import type { Pid, Term } from "../../../lib/kernel/term.ts";
import type { Resolution } from "../../../lib/node/global/conflicts.ts";
import { NO_ANSWER, Server, type Surroundings } from "../../../lib/node/global/server.ts";
import { Export, List, list } from "../../../lib/node/terms.ts";
import { Locks, Names } from "../../../registries/name_server.ts";

// --- Fixtures -----------------------------------------------------------------------------------

const ME = "m@h";
const PEER = "p@h";
let pids = 0;
const pidOf = (node: string): Pid => new RemotePid(node, ++pids, 0, 1);
const LOCKER = pidOf(ME);
const HIS_LOCKER = pidOf(PEER);
const METHOD = new Export("global", "random_exit_name", 3);
const LOCK = ["global", list([LOCKER, HIS_LOCKER])] as const;

/** A server of `m@h`, and all that it has done to the world, in order. */
class Stepped implements Surroundings {
  readonly node = ME;
  readonly creation = 1;
  readonly lockerPid = LOCKER;
  readonly hooks = new Map<Pid, () => void>();
  readonly names = new Names((pid, hook) => (this.hooks.set(pid, hook), () => {}));
  readonly locks = new Locks((pid, hook) => (this.hooks.set(pid, hook), () => {}));
  readonly preventsOverlappingPartitions = true;
  readonly server = new Server(this);
  readonly #done: Term[] = [];
  comparison: ((resolution: Resolution) => void) | null = null;

  /** What was done since the last time. */
  get done(): Term[] {
    return this.#done.splice(0);
  }

  /** Goes through a session with the peer until names are being compared. */
  compare(his: readonly Term[] = []): void {
    this.server.nodeUp(PEER);
    this.server.cast(initConnect(8, 5));
    this.server.info(["init_connect_ack", PEER, 1, 5]);
    this.locks.set(LOCK, LOCKER);
    this.server.locked(PEER, 1, LOCK as never);
    this.server.cast(["exchange", PEER, List.from(his), list(), 1]);
    this.#done.length = 0;
  }

  namesToSend() {
    return new List<never>();
  }
  isConnected(node: string) {
    return !node.startsWith("stranger");
  }
  cast(node: string, message: readonly unknown[]) {
    this.#done.push(["cast", node, ...message]);
  }
  tell(node: string, message: readonly unknown[]) {
    this.#done.push(["tell", node, ...message]);
  }
  tellLocker(message: readonly unknown[]) {
    this.#done.push(["locker", ...message]);
  }
  resolve(_node: string, _names: unknown, then: (resolution: Resolution) => void) {
    this.comparison = then;
    return () => void this.#done.push("called off");
  }
  connect(node: string, then: (isConnected: boolean) => void) {
    this.#done.push(["connect", node]);
    then(node !== "unreachable@h");
  }
  disconnectNode(node: string) {
    this.#done.push(["disconnect", node]);
  }
  after() {
    return () => {};
  }
  random() {
    return 0;
  }
  warn() {
    this.#done.push("warned");
  }
}

function initConnect(version: number, tag: number): Term {
  return ["init_connect", [version, tag], PEER, ["locker", "pid", new Map(), HIS_LOCKER]];
}

const begun = (tag: number) => [
  "cast",
  PEER,
  "init_connect",
  [8, tag],
  ME,
  ["locker", "no_longer_a_pid", new Map(), LOCKER],
];
const him = (myTag: number, otherTag: number, version = 8) => [
  "locker",
  "his_the_locker",
  { node: PEER, locker: HIS_LOCKER, version, otherTag, myTag },
];
const acknowledged = (otherTag: number, myTag: number) => [
  "tell",
  PEER,
  "init_connect_ack",
  ME,
  otherTag,
  myTag,
];

// --- Sessions -----------------------------------------------------------------------------------

Deno.test("Server goes through a session step by step, and knows the peer then", () => {
  const here = new Stepped();
  const { server } = here;
  server.nodeUp(PEER);
  assertEquals(here.done, [begun(1)]);
  server.cast(initConnect(8, 5));
  assertEquals(here.done, [him(1, 5), acknowledged(5, 1)]);
  server.info(["init_connect_ack", PEER, 1, 5]);
  assertEquals(here.done, []);
  here.locks.set(LOCK, LOCKER);
  server.locked(PEER, 1, LOCK as never);
  assertEquals(here.done, [["cast", PEER, "exchange", ME, list(), list(), 5]]);
  server.cast(["exchange", PEER, list(), list(), 1]);
  const pid = pidOf("q@h");
  here.comparison!({ ops: [["insert", ["name", pid, METHOD]]], resolved: [["delete", "x"]] });
  assertEquals(here.done, [
    ["cast", PEER, "resolved", ME, list([["delete", "x"]]), list(), "unused", list(), 5],
  ]);
  assertEquals([server.known, server.synced], [[], []]);
  server.cast(["resolved", PEER, list(), list([["q@h", 8]]), "unused", list(), 1]);
  const done = here.done as Term[][];
  assertEquals(done.slice(0, 2), [["connect", "q@h"], ["cast", "q@h", "in_sync", ME, true]]);
  assertEquals(done[2]!.slice(0, 4), ["locker", "cancel", PEER, 1]);
  assertEquals(done[3], ["locker", "add_to_known", [PEER, "q@h"]]);
  assertEquals([server.known, server.synced], [[PEER, "q@h"], [PEER]]);
  assertEquals(here.names.lookup("name"), pid);
  server.cast(["in_sync", "q@h", true]);
  assertEquals(server.synced, [PEER, "q@h"]);
  assertEquals(server.sizes.sessions, 0);
});

Deno.test("Server has the locker tell the others what is new, before the lock is given back", () => {
  const here = new Stepped();
  here.server.cast(["new_nodes", PEER, list(), list(), list([["o@h", 8]]), list()]);
  here.compare();
  here.comparison!({ ops: [["delete", "y"]], resolved: [] });
  here.server.cast(["resolved", PEER, list([["delete", "z"]]), list(), "unused", list(), 1]);
  const cancel = (here.done as Term[][]).find(([, what]) => what === "cancel")!;
  (cancel[4] as () => void)();
  const ops = list([["delete", "y"], ["delete", "z"]]);
  const extra = list([["vsn", 8], ["lock", LOCK]]);
  assertEquals(here.done, [
    ["cast", "o@h", "new_nodes", ME, ops, list(), list([[PEER, 8]]), extra],
  ]);
});

Deno.test("Server takes up what a peer has said before it was heard to be up", () => {
  const here = new Stepped();
  here.server.cast(initConnect(8, 5));
  assertEquals([here.done, here.server.sizes.early], [[], 1]);
  here.server.nodeUp(PEER);
  assertEquals(here.done, [begun(1), him(1, 5), acknowledged(5, 1)]);
  assertEquals(here.server.sizes.early, 0);
});

Deno.test("Server speaks version 7 without acknowledgements, 8 with later ones, and none before 7", () => {
  const here = new Stepped();
  here.server.nodeUp(PEER);
  here.server.cast(initConnect(6, 5));
  assertEquals(here.done, [begun(1), "warned"]);
  here.server.cast(initConnect(7, 5));
  assertEquals(here.done, [him(1, 5, 7)]);
  const later = new Stepped();
  later.server.nodeUp(PEER);
  later.server.cast(initConnect(9, 5));
  assertEquals(later.done, [begun(1), him(1, 5), acknowledged(5, 1)]);
});

Deno.test("Server cancels and starts again when an acknowledgement is of another session", () => {
  const here = new Stepped();
  here.server.nodeUp(PEER);
  here.server.cast(initConnect(8, 5));
  here.done;
  here.server.info(["init_connect_ack", PEER, 7, 9]);
  assertEquals(here.done, [
    ["tell", PEER, "cancel_connect", ME, 9],
    ["tell", PEER, "cancel_connect", ME, 5],
    ["locker", "cancel", PEER, 1],
    begun(2),
  ]);
});

Deno.test("Server starts again when the peer cancels this session, and only then", () => {
  const here = new Stepped();
  here.compare();
  here.server.info(["cancel_connect", PEER, 7]);
  assertEquals(here.done, []);
  here.server.info(["cancel_connect", PEER, 1]);
  assertEquals(here.done, ["called off", ["locker", "cancel", PEER, 1], begun(2)]);
});

Deno.test("Server drops what is of an earlier session, and has the locker forget that", () => {
  const here = new Stepped();
  here.compare();
  here.comparison!({ ops: [], resolved: [] });
  here.done;
  here.server.cast(["resolved", PEER, list(), list(), "unused", list(), 0]);
  here.server.cast(["exchange", PEER, list(), list(), 0]);
  here.server.cast(["lock_set", HIS_LOCKER, true, list(), 0]);
  assertEquals(here.done, [["locker", "cancel", PEER, 0], ["locker", "cancel", PEER, 0]]);
  assertEquals(here.server.known, []);
  here.server.cast(["lock_set", HIS_LOCKER, true, list(), 1]);
  assertEquals(here.done, [["locker", "lock_set", HIS_LOCKER, true, list(), 1]]);
});

Deno.test("Server closes a session whose peer goes down, and callers that wait for it continue", () => {
  const here = new Stepped();
  here.compare();
  let isSynced = false;
  here.server.whenSynced([PEER], () => isSynced = true);
  assertEquals(isSynced, false);
  here.server.nodeDown(PEER);
  assertEquals(isSynced, true);
  assertEquals(here.done, [
    ["tell", PEER, "cancel_connect", ME, 5],
    "called off",
    ["locker", "cancel", PEER, 1],
    ["locker", "remove_from_known", PEER],
  ]);
  // What the comparison says then is of no interest.
  here.comparison!({ ops: [["insert", ["name", pidOf(PEER), METHOD]]], resolved: [] });
  assertEquals([here.done, here.names.lookup("name")], [[], undefined]);
});

Deno.test("Server takes a node for lost that it is to know and cannot connect to", () => {
  const here = new Stepped();
  here.compare();
  here.comparison!({ ops: [], resolved: [] });
  here.server.cast(["new_nodes", "q@h", list(), list(), list([["o@h", 8]]), list()]);
  here.done;
  here.server.cast(["resolved", PEER, list(), list([["unreachable@h", 8]]), "u", list(), 1]);
  const done = here.done as Term[][];
  assertEquals(
    done.filter(([how, , what]) => how === "tell" && what === "lost_connection").map((
      [, node, , by, , , to],
    ) => [node, by, to]),
    [["o@h", ME, "unreachable@h"], [PEER, ME, "unreachable@h"]],
  );
});

// --- Calls --------------------------------------------------------------------------------------

Deno.test("Server enters a name only while the caller has the lock", () => {
  const here = new Stepped();
  const { server, names, locks } = here;
  const [registrar, other, pid] = [pidOf(PEER), pidOf(PEER), pidOf(PEER)];
  assertEquals(server.call(["set_lock", ["global", registrar]], registrar), true);
  assertEquals(server.call(["set_lock", ["global", registrar]], registrar), true);
  assertEquals(server.call(["set_lock", ["global", other]], other), false);
  assertEquals(server.call(["register", "name", pid, METHOD], registrar), "yes");
  assertEquals(names.lookup("name"), pid);
  assertEquals(server.call(["register", "name", pidOf(PEER), METHOD], other), "yes");
  assertEquals(names.lookup("name"), undefined);
  assertEquals(server.call(["del_lock", ["global", registrar]], registrar), true);
  assertEquals(locks.isSet("global"), false);
  // The lock was released: it may be free, or held for another requester since.
  server.call(["register", "late", pid, METHOD], registrar);
  assertEquals(names.lookup("late"), pid);
  // It was lost: what is said now was said before.
  server.call(["set_lock", ["global", registrar]], registrar);
  here.hooks.get(registrar)!();
  assertEquals(locks.isSet("global"), false);
  server.call(["register", "later", pid, METHOD], registrar);
  assertEquals(names.lookup("later"), undefined);
  assertEquals(server.call(["unregister", "late"], other), "ok");
  assertEquals(names.entries.size, 0);
});

Deno.test("Server replies to questions about itself, and ignores unknown ones", () => {
  const here = new Stepped();
  here.server.cast(["new_nodes", PEER, list(), list(), list([["o@h", 8], ME]), list()]);
  here.server.cast(["in_sync", "o@h", true]);
  here.done;
  const ask = (request: Term) => here.server.call(request, LOCKER);
  assertEquals([ask("get_known"), ask("get_synced")], [list(["o@h"]), list(["o@h"])]);
  assertEquals([ask("get_protocol_version"), ask("get_names_ext")], [8, list()]);
  assertEquals(here.done, []);
  for (const garbage of ["gurka", ["set_lock", "gurka"], ["register", "name", "no pid", "x"], 7]) {
    assertEquals(ask(garbage), NO_ANSWER);
    assertEquals(here.done, ["warned"]);
  }
});

// --- Partitions ---------------------------------------------------------------------------------

Deno.test("Server passes a report of a loss on once, and lets go of the node that was lost", () => {
  const here = new Stepped();
  const known = list(["a@h", "b@h", "c@h"].map((node) => [node, 8]));
  here.server.cast(["new_nodes", PEER, list(), list(), known, list()]);
  here.done;
  const lost = (
    number: number,
    life = 1n << 40n,
  ) => ["lost_connection", "a@h", life, number, "b@h"];
  here.server.info(lost(3));
  assertEquals(here.done, [
    ["tell", "b@h", ...lost(3)],
    ["tell", "c@h", ...lost(3)],
    ["tell", "b@h", "remove_connection", ME],
    "warned",
    ["locker", "remove_from_known", "b@h"],
  ]);
  here.server.info(lost(3));
  here.server.info(lost(2));
  assertEquals(here.done, []);
  // That it goes down now is what was asked for.
  here.server.nodeDown("b@h");
  assertEquals(here.done, [["locker", "remove_from_known", "b@h"]]);
  // A later one, and one of another life, is news.
  here.server.info(lost(4));
  here.server.info(lost(1, 1n << 41n));
  assertEquals(here.done, [["tell", "c@h", ...lost(4)], ["tell", "c@h", ...lost(1, 1n << 41n)]]);
});

Deno.test("Server disconnects nodes that have lost this node, and nodes that ask for it", () => {
  const here = new Stepped();
  const known = list(["a@h", "b@h"].map((node) => [node, 8]));
  here.server.cast(["new_nodes", PEER, list(), list(), known, list()]);
  here.done;
  here.server.info(["lost_connection", "a@h", 1, 1, ME]);
  assertEquals((here.done as Term[][])[1], ["tell", "a@h", "remove_connection", ME]);
  here.server.info(["remove_connection", "b@h"]);
  assertEquals(here.done, [
    "warned",
    ["locker", "remove_from_known", "b@h"],
    ["disconnect", "b@h"],
  ]);
  here.server.info(["remove_connection", "stranger@h"]);
  assertEquals([here.done, here.server.known], [[], []]);
});

Deno.test("Server leaves all nodes at once without a word of loss", () => {
  const here = new Stepped();
  const known = list(["a@h", "b@h"].map((node) => [node, 8]));
  here.server.cast(["new_nodes", PEER, list(), list(), known, list()]);
  here.done;
  here.server.disconnect(["a@h", "b@h"]);
  for (const node of ["a@h", "b@h"]) here.server.nodeDown(node);
  const said = (here.done as Term[][]).map(([what]) => what);
  assertEquals(said, ["locker", "locker", "disconnect", "disconnect", "locker", "locker"]);
});

// --- Messages of the wrong shape ----------------------------------------------------------------

Deno.test("Server drops casts and messages of the wrong shape, and goes on with the session", () => {
  const here = new Stepped();
  here.compare();
  const entry = ["name", HIS_LOCKER, METHOD];
  const wrong: readonly Term[] = [
    "exchange",
    ["exchange"],
    list(["exchange", PEER, list(), list(), 1]),
    ["init_connect", [8, 5], undefined, ["locker", "pid", new Map(), HIS_LOCKER]],
    ["init_connect", [8, 5], PEER, ["locker", "pid", new Map(), PEER]],
    ["init_connect", ["8", 5], PEER, ["locker", "pid", new Map(), HIS_LOCKER]],
    ["init_connect", [8], PEER, ["locker", "pid", new Map(), HIS_LOCKER]],
    ["lock_set", PEER, true, list(), 3],
    ["lock_set", HIS_LOCKER, "true", list()],
    ["new_nodes", PEER, list(), list(), list(["no node"]), list()],
    ["new_nodes", PEER, list([["insert", entry, 1]]), list(), list(), list()],
    ["new_nodes", PEER, list([["insert", ["name", PEER, METHOD]]]), list(), list(), list()],
    ["new_nodes", PEER, list(), list(), list([["o@h", "8"]]), list()],
    ["new_nodes", PEER, list(), list(), list(), list(["lock"])],
    ["in_sync", undefined, true],
  ];
  for (const message of wrong) {
    here.server.cast(message);
    assertEquals(here.done, ["warned"]);
  }
  const infos: readonly Term[] = [
    undefined,
    ["remove_connection"],
    ["remove_connection", undefined],
    ["lost_connection", PEER, 1, 1, undefined],
    ["lost_connection", PEER, 1n << 70n, 1, ME],
    ["init_connect_ack", PEER, 1],
    ["cancel_connect", [PEER], 1],
  ];
  for (const message of infos) here.server.info(message);
  here.server.cast(["in_sync", "stranger@h", true]);
  here.server.cast(["init_connect", [8, 5], "stranger@h", ["locker", "pid", 1, HIS_LOCKER]]);
  assertEquals([here.done, here.server.synced, here.server.sizes.early], [[], [], 0]);
  here.comparison!({ ops: [], resolved: [] });
  here.server.cast(["resolved", PEER, list([["insert", entry]]), list(), "unused", list(), 1]);
  assertEquals([here.server.known, here.names.lookup("name")], [[PEER], HIS_LOCKER]);
});

Deno.test("Server cancels a session in which the peer sends names or operations of the wrong shape", () => {
  const wrong: readonly Term[] = [
    ["exchange", PEER, list(["name"]), list(), 1],
    ["exchange", PEER, list([["name", PEER, METHOD]]), list(), 1],
    ["exchange", PEER, list([["name", HIS_LOCKER, "method"]]), list(), 1],
    ["resolved", PEER, list(["delete"]), list(), "unused", list(), 1],
    ["resolved", PEER, list(), list([["o@h"]]), "unused", list(), 1],
    ["resolved", PEER, [], list(), "unused", list(), 1],
  ];
  for (const message of wrong) {
    const here = new Stepped();
    here.compare();
    let isSynced = false;
    here.server.whenSynced([PEER], () => isSynced = true);
    here.server.cast(message);
    assertEquals(here.done, [
      "warned",
      ["tell", PEER, "cancel_connect", ME, 5],
      "called off",
      ["locker", "cancel", PEER, 1],
    ]);
    assertEquals([here.server.known, here.server.sizes.sessions, isSynced], [[], 0, true]);
  }
});
