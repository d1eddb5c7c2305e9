import { assertEquals } from "@std/assert";
import { GenServer, type Pid, Process, receive, type Ref, self, send, unwrap } from "../../mod.ts";
import * as GroupLeader from "../../lib/node/services/group_leader.ts";
import { ImproperList, list } from "../../lib/node/terms.ts";
import { inProcess } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

/** Runs `body` with a group leader that adds what is printed to a list. */
async function withLeader(body: (leader: Pid, printed: string[]) => Promise<void>): Promise<void> {
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  const leader = unwrap(await GenServer.start(GroupLeader, print));
  await body(leader, printed);
  await GenServer.stop(leader);
}

/** Asks as a process of an Erlang node does; symbols of the answer are shown as `:name`. */
async function ask(leader: Pid, request: unknown): Promise<unknown> {
  const as = Process.alias();
  send(leader, ["io_request", self(), as, request]);
  const [tag, ref, answer] = await receive() as [string, Ref, unknown];
  assertEquals([tag, ref], ["io_reply", as]);
  return show(answer);
}

function show(term: unknown): unknown {
  if (typeof term === "symbol") return `:${term.description}`;
  return Array.isArray(term) ? term.map(show) : term;
}

Deno.test("group leader prints characters in whatever form they come", () =>
  inProcess(() =>
    withLeader(async (leader, printed) => {
      const deep = list([list("a"), ["b", list("ö")].at(1), "text", 10]);
      assertEquals(await ask(leader, ["put_chars", "unicode", deep]), ":ok");
      assertEquals(await ask(leader, ["put_chars", list("old")]), ":ok");
      assertEquals(await ask(leader, ["put_chars", new Uint8Array([0xe9])]), ":ok");
      assertEquals(await ask(leader, ["put_chars", new ImproperList([97, list("b")], "c")]), ":ok");
      assertEquals(await ask(leader, ["put_chars", list([-1, 1.5, 0x110000, 97])]), ":ok");
      assertEquals(printed, ["aötext\n", "old", "é", "abc", "\ufffd\ufffd\ufffda"]);
    })
  ));

Deno.test("group leader has what is to be formatted formatted where it comes from", () =>
  FakePeer.run((peer) =>
    withLeader(async (leader, printed) => {
      const from = peer.pid();
      const args = list([list("~p"), list([1])]);
      const request = ["put_chars", "unicode", "io_lib", "format", args];
      send(leader, ["io_request", from, "as", request]);
      const [asked] = await peer.hears();
      const [ref, [result, module, name, given]] = [
        asked![1],
        asked![6] as [Ref, symbol, symbol, 0],
      ];
      assertEquals([module.description, name.description, given], ["io_lib", "format", args]);
      peer.says("spawn_reply", ref as Ref, leader, 2, from);
      peer.says("monitor_p_exit", from, leader, ref as Ref, [result, "return", list("1")]);
      const [reply] = await peer.hears();
      assertEquals(reply!.slice(0, 3), ["send", leader, from]);
      assertEquals(show(reply![3]), ["io_reply", "as", ":ok"]);
      assertEquals(printed, ["1"]);
    })
  ));

Deno.test("group leader says so when something cannot be formatted", () =>
  FakePeer.run((peer) =>
    withLeader(async (leader, printed) => {
      const args = list([list("~p"), list()]);
      const from = peer.pid();
      send(leader, ["io_request", from, "as", ["put_chars", "unicode", "io_lib", "format", args]]);
      const [asked] = await peer.hears();
      peer.says("spawn_reply", asked![1] as Ref, leader, 0, "notsup");
      const [reply] = await peer.hears();
      assertEquals(show(reply![3]), ["io_reply", "as", ["error", ["format", ":badarg"]]]);
      assertEquals(printed, []);
    })
  ));

Deno.test("group leader answers several requests with the answer to the last", () =>
  inProcess(() =>
    withLeader(async (leader, printed) => {
      const requests = list([["put_chars", list("a")], ["put_chars", list("b")]]);
      assertEquals(await ask(leader, ["requests", requests]), ":ok");
      assertEquals(printed, ["a", "b"]);
    })
  ));

Deno.test("group leader has nothing to be read, and knows what it does not", () =>
  inProcess(() =>
    withLeader(async (leader, printed) => {
      assertEquals(await ask(leader, ["get_line", "unicode", list("> ")]), ":eof");
      assertEquals(await ask(leader, ["get_chars", "unicode", list(), 1]), ":eof");
      assertEquals(await ask(leader, ["setopts", list()]), ":ok");
      assertEquals(await ask(leader, "getopts"), list());
      assertEquals(await ask(leader, ["get_geometry", "columns"]), ["error", ":enotsup"]);
      assertEquals(await ask(leader, ["what"]), ["error", ":request"]);
      assertEquals(await ask(leader, 1), ["error", ":request"]);
      assertEquals(await ask(leader, ["requests", 1]), ["error", ":request"]);
      assertEquals(await ask(leader, ["put_chars", "unicode", "m", "f", 1]), ["error", ":request"]);
      send(leader, "what");
      assertEquals(await ask(leader, ["put_chars", list("still here")]), ":ok");
      assertEquals(printed, ["still here"]);
    })
  ));
