import { assert, assertEquals } from "@std/assert";
import {
  Agent,
  DynamicSupervisor,
  GenServer,
  inspect,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  type Ref,
  reply,
  self,
  Supervisor,
  Sys,
  unwrap,
} from "../../mod.ts";
import type { Control } from "../../lib/node/control.ts";
import { aliasTag } from "../../lib/kernel/list.ts";
import { Fun, ImproperList, List } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, reasonOf } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";
import { lotFrom, trapped } from "./mutation.ts";

const Echo = {
  init: () => ok(undefined),
  handleCall: (request: unknown, _from: GenServer.From, state: undefined) => reply(request, state),
  handleCast: (_request: unknown, state: undefined) => noreply(state),
};

/** The answer to a request that the peer makes, and has got an alias for. */
async function ask(peer: FakePeer, to: Pid, kind: string, request: unknown): Promise<unknown> {
  const alias = peer.ref();
  const tag = aliasTag(alias);
  peer.says("send", peer.pid(), to, [kind, [peer.pid(), tag], request]);
  const sent = await peer.hears();
  const [answer] = sent.filter((each) => each[0] === "alias_send" && each[2] === alias);
  if (answer === undefined) return undefined;
  const [, value] = answer[3] as readonly unknown[];
  return value;
}

Deno.test("GenServer.reply() gives a tag of gen_server:multi_call back as it came", async () => {
  await FakePeer.run(async (peer) => {
    const echo = unwrap(await GenServer.start(Echo));
    const [client, ref] = [peer.pid(), peer.ref()];
    peer.says("send", client, echo, ["$gen_call", [client, [ref, "d@h"]], "hi"]);
    const [[, from, to, answer] = []] = await peer.hears();
    assertEquals([from, to], [echo, client]);
    const [[tagRef, tagNode], value] = answer as [[Ref, symbol], string];
    assertEquals([tagRef, tagNode.description, value], [ref, "d@h", "hi"]);
  });
});

Deno.test("GenServer.reply() takes a tag that has an alias and more in it [GS-046]", async () => {
  await FakePeer.run(async (peer) => {
    const alias = Process.alias();
    const tag = new ImproperList([aliasTag(alias)], "payload");
    GenServer.reply([self(), tag], "here");
    assertEquals(await receive(), [tag, "here"]);
    Process.unalias(alias);
    GenServer.reply([self(), tag], "too late");
    await assertSilence();

    const [client, ref] = [peer.pid(), peer.ref()];
    const there = List.of<unknown>(aliasTag(ref), "payload");
    const echo = unwrap(await GenServer.start(Echo));
    peer.says("send", client, echo, ["$gen_call", [client, there], "there"]);
    assertEquals(await peer.hears(), [["alias_send", echo, ref, [there, "there"]]]);
  });
});

Deno.test("Sys.getStatus() on another node fails when the answer makes no sense", async () => {
  await FakePeer.run(async (peer) => {
    const server = peer.pid();
    const status = reasonOf(() => Sys.getStatus(server));
    const [monitored, asked] = await peer.hears() as [Control, Control];
    assertEquals([monitored[0], asked[0]], ["monitor_p", "send"]);
    const [, [, tag]] = asked[3] as [string, [Pid, ImproperList]];
    peer.says("alias_send", server, tag.tail as never, [tag, 7]);
    assertEquals(await status, [
      ["bad_return_value", 7],
      ["Sys", "get_status", [server, 5000]],
    ]);
  });
});

const FUN = new Fun({
  module: "m",
  arity: 1,
  uniq: new Uint8Array(16),
  index: 0,
  old: { index: 0, uniq: 0 },
  pid: self(),
  free: [],
});

/** As deeply nested as a message may be. */
const DEEP = Array.from({ length: 9_990 }).reduce<unknown>((inner) => [inner], []);

/** What no protocol has. */
const NONSENSE: readonly unknown[] = [
  undefined,
  null,
  true,
  7,
  "nonsense",
  Symbol("nonsense"),
  [],
  ["start_child"],
  ["start_child", null],
  ["start_child", 7],
  ["start_child", []],
  ["start_child", new List()],
  ["start_child", {}],
  ["start_child", new Map([[[1], 2]])],
  ["start_child", { id: 1, start: 7 }],
  ["start_child", { id: 1, start: ["m", "f", 7] }],
  ["start_child", { id: 1, start: [7, 8, List.of(1)] }],
  ["start_child", { id: 1, start: ["__proto__", "toString", new List()] }],
  ["start_child", { id: 1, start: ["m", "__proto__", new List()] }],
  ["start_child", { id: 1, start: ["m", [[["f"]]], new List()], modules: 7 }],
  ["start_child", [["m", "f", new List()], "permanent", 5000, "worker", 7]],
  ["start_child", [7, 7]],
  ["start_task", 7, 7, 7],
  ["start_task", List.of(), "temporary", 5000],
  ["start_task", List.of<unknown>([7, 7], "monitor"), "temporary", 5000],
  ["terminate_child", {}],
  ["restart_child", FUN],
  ["delete_child", new ImproperList([1], 2)],
  ["get_childspec", new Map()],
  ["count_children", 1, 2, 3],
  ["get", FUN],
  ["get", [7, 8, 9]],
  ["update", 7],
  ["debug", 7],
  ["debug", ["trace", 7]],
  ["debug", ["log", [true, -1]]],
  ["debug", ["install", [FUN, 1]]],
  ["replace_state", FUN],
  ["change_code", 1, 2, 3],
  "get_state",
  "get_status",
  new Uint8Array(3),
  FUN,
  DEEP,
  ["deep", DEEP],
  ["start_child", DEEP],
  ["start_child", { id: DEEP, start: ["m", "f", List.of(DEEP)] }],
  ["start_child", { id: 1, start: ["m", DEEP, List.of()], modules: List.of(DEEP) }],
  ["terminate_child", DEEP],
  ["debug", DEEP],
  ["debug", ["log", DEEP]],
];

Deno.test("Supervisor survives whatever another node asks it, and knows its children", async () => {
  await FakePeer.run(async (peer) => {
    using _reports = collectReports();
    const child = { id: "child", start: () => GenServer.startLink(Echo) };
    const supervisors = [
      unwrap(await Supervisor.startLink([child], { strategy: "one_for_one" })),
      unwrap(await DynamicSupervisor.startLink()),
    ];
    for (const supervisor of supervisors) {
      for (const request of NONSENSE) {
        await ask(peer, supervisor, "$gen_call", request);
        await ask(peer, supervisor, "system", request);
        peer.says("send", peer.pid(), supervisor, ["$gen_cast", request]);
        peer.says("send", peer.pid(), supervisor, request);
      }
      assert(Process.isAlive(supervisor));
      const count = supervisor === supervisors[0] ? 1 : 0;
      assertEquals((await Supervisor.countChildren(supervisor)).active, count);
    }
  });
});

Deno.test("GenServer survives whatever another node sends it by system messages", async () => {
  await FakePeer.run(async (peer) => {
    const server = unwrap(await GenServer.startLink(Echo));
    for (const request of NONSENSE) {
      const answer = await ask(peer, server, "system", request);
      assert(answer !== undefined || request === "get_state", `no answer to ${inspect(request)}`);
    }
    assertEquals(await GenServer.call(server, "hi"), "hi");
  });
});

Deno.test("Agent fails a call of another node for what is not exported, and goes on", async () => {
  await FakePeer.run(async (peer) => {
    using reports = collectReports();
    const agent = unwrap(await Agent.start(() => 1));
    const [client, other, ref] = [peer.pid(), peer.pid(), peer.ref()];
    peer.says("monitor_p", client, agent, ref);
    const call = ["nowhere", "nothing", List.of(2)];
    const stack = List.of(["nowhere", "nothing", List.of(1, 2), new List()]);
    // Only for the one that monitors.
    peer.says("send", other, agent, ["$gen_call", [other, aliasTag(ref)], ["get", call]]);
    assertEquals(await peer.hears(), []);
    peer.says("send", client, agent, ["$gen_call", [client, aliasTag(ref)], ["update", call]]);
    const [[tag, from, to, of, reason] = []] = await peer.hears();
    assertEquals([tag, from, to, of], ["monitor_p_exit", agent, client, ref]);
    assertEquals(inspect(reason), inspect(["undef", stack]));
    assertEquals(reports.logged, []);
    peer.says("send", client, agent, ["$gen_cast", ["cast", call]]);
    assertEquals(await Agent.get(agent, (state) => state), 1);
    assertEquals(reports.logged.length, 1);
    assertEquals(await ask(peer, agent, "$gen_call", ["get", call]), undefined);
    await Agent.stop(agent);
    assertEquals(await peer.hears(), []);
  });
});

Deno.test("Supervisor, GenServer and Agent are sent any mutation of a request, and none closes the connection", async () => {
  const requests = [
    ["start_child", new Map<unknown, unknown>([["id", 1], ["start", ["m", "f", List.of(1)]]])],
    ["start_child", [["m", "f", List.of(1)], "permanent", 5000, "worker", List.of("m")]],
    ["start_child", { id: 1, start: ["m", "f", List.of(1)], restart: "temporary" }],
    ["start_task", List.of<unknown>(self(), "monitor"), "temporary", 5000],
    ["terminate_child", 1],
    ["get_childspec", "child"],
    "which_children",
    "count_children",
    ["debug", ["log", [true, 5]]],
    ["debug", ["statistics", "get"]],
    ["replace_state", 1],
    "get_status",
    ["get", ["m", "f", List.of(1)]],
  ];
  await FakePeer.run(async (peer) => {
    using _reports = collectReports();
    Process.flag("trap_exit", true);
    const child = { id: "child", start: () => GenServer.startLink(Echo) };
    const servers = [
      unwrap(await Supervisor.startLink([child], { strategy: "one_for_one" })),
      unwrap(await DynamicSupervisor.startLink()),
      unwrap(await GenServer.startLink(Echo)),
    ];
    const lot = lotFrom(1);
    for (let round = 0; round < 200; round++) {
      for (const request of requests) {
        const agent = unwrap(await Agent.start(() => 1)); // a wrong function ends it
        for (const server of [...servers, agent]) {
          await ask(peer, server, "$gen_call", trapped(request, lot));
          await ask(peer, server, "system", trapped(request, lot));
        }
        Process.exit(agent, "kill");
      }
    }
    assertEquals(servers.map((server) => Process.isAlive(server)), [true, true, true]);
  });
});

Deno.test("Agent exits with badfun when another node hands it a function", async () => {
  await FakePeer.run(async (peer) => {
    using _reports = collectReports();
    const agent = unwrap(await Agent.start(() => 1));
    const end = Process.monitor(agent);
    await ask(peer, agent, "$gen_call", ["get", FUN]);
    assertEquals(await receive(), ["DOWN", end, "process", agent, ["badfun", FUN]]);
  });
});
