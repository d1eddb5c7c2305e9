/**
 * The processes of a node that other nodes send requests to, beside a node that sends wrong ones.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { GenServer, type Pid, Process, type Ref, type Term, unwrap } from "../../mod.ts";
import * as Rex from "../../lib/node/calls/rex.ts";
import { List } from "../../lib/node/mod.ts";
import * as GroupLeader from "../../lib/node/services/group_leader.ts";
import * as LoggerProxy from "../../lib/node/services/logger_proxy.ts";
import * as NetKernel from "../../lib/node/services/net_kernel.ts";
import { collectReports } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";
import { lotFrom, trapped } from "./mutation.ts";

const SERVICES = { NetKernel, Rex, LoggerProxy, GroupLeader };

function requests(peer: FakePeer, server: Pid): readonly Term[] {
  const [pid, alias] = [peer.pid(), peer.ref()];
  const from = [pid, alias];
  const call = (request: Term) => ["$gen_call", from, request];
  const args = List.of<Term>(1);
  return [
    call(["is_auth", "e@h"]),
    call(["call", "m", "f", args, pid]),
    call(["block_call", "m", "f", args, pid]),
    ["$gen_cast", ["cast", "m", "f", args, pid]],
    [pid, ["call", "m", "f", args, pid]],
    [pid, "features_request"],
    [pid, ["sbcast", "nobody", "message"]],
    [pid, ["send", "nobody", "message"]],
    ["DOWN", alias, "process", pid, "normal"],
    ["EXIT", pid, "normal"],
    ["log", "error", "~p", args, new Map<Term, Term>([["pid", server]])],
    ["log", "error", "text", new Map<Term, Term>([["pid", server]])],
    ["log", "error", new Map<Term, Term>([["a", 1]]), new Map<Term, Term>([["pid", server]])],
    ["io_request", pid, alias, ["put_chars", "unicode", "text"]],
    ["io_request", pid, alias, ["put_chars", "unicode", "m", "f", args]],
    ["io_request", pid, alias, ["requests", List.of<Term>(["put_chars", "unicode", "a"])]],
    ["io_request", pid, alias, "getopts"],
    ["system", from, "get_status"],
    ["system", from, ["debug", ["trace", false]]],
    ["system", from, ["replace_state", "m"]],
    ["system", from, ["change_code", "m", 1, 2]],
  ];
}

/** Refuses to format what the services ask it to, which they wait for. */
async function answerSpawns(peer: FakePeer): Promise<void> {
  for (;;) {
    const asked = (await peer.hears()).filter(([what]) => what === "spawn_request");
    if (asked.length === 0) return;
    for (const [, id, from] of asked as unknown as [string, Ref, Pid][]) {
      peer.says("spawn_reply", id, from, 0, "notsup");
    }
  }
}

for (const [name, module] of Object.entries(SERVICES)) {
  for (const seed of [1, 2]) {
    Deno.test(`${name} lives on whatever another node sends it, seed ${seed}`, async () => {
      await FakePeer.run(async (peer) => {
        using _reports = collectReports();
        const lot = lotFrom(seed);
        const prints = module === GroupLeader ? () => {} : undefined;
        const server = unwrap(await GenServer.startLink(module as never, prints as never));
        Process.flag("trap_exit", true);
        for (let round = 0; round < 100; round++) {
          for (const request of requests(peer, server)) {
            const said = trapped(request, lot);
            // OTP's processes terminate when they are asked to.
            peer.says("send", peer.pid(), server, said);
            await answerSpawns(peer);
            const ended = Process.isAlive(server) ? undefined : said;
            assertEquals(ended, undefined, `round ${round}`);
          }
        }
        await GenServer.stop(server);
      });
    });
  }
}
