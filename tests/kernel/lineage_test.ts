/**
 * Lineage: the ancestors of a process, and the group that it belongs to.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  GenServer,
  ok,
  type Pid,
  ProcLib,
  receive,
  reply,
  self,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";
import { LEADS_GROUP, type Lineage } from "../../lib/kernel/process.ts";
import { inProcess } from "../helpers.ts";

/** The ancestors that a process is known to have, nearest first. */
function ancestors(pid: Pid = self()): Pid[] {
  const pids: Pid[] = [];
  for (let each: Lineage | null = pid.process!.lineage; each !== null; each = each.above) {
    pids.push(each.pid);
  }
  return pids;
}

/** Has one process start the next, a number of times, and resolves with what the last one finds. */
function last<T>(generations: number, start: (body: () => void) => unknown, find: () => T) {
  const me = self();
  const generation = (left: number): unknown =>
    left === 0 ? send(me, find()) : start(() => generation(left - 1));
  generation(generations);
  return receive() as Promise<T>;
}

Deno.test("spawn() hands no ancestors on, so that a thousand generations leave nothing behind", () =>
  inProcess(async () => {
    assertEquals((await last(1000, spawn, ancestors)).length, 1);
  }));

Deno.test("ProcLib.spawn() and GenServer.start() hand on who the ancestors of a process are", () =>
  inProcess(async () => {
    const Server = {
      init: async (generations: number): Promise<readonly ["ok", Pid[]]> => {
        if (generations === 0) return ok(ancestors());
        const next = unwrap(await GenServer.start(Server, generations - 1));
        return ok([next, ...await GenServer.call(next, "get") as Pid[]]);
      },
      handleCall: (_request: "get", _from: GenServer.From, pids: Pid[]) => reply(pids, pids),
    };
    const me = self();
    const ofLaunched = await last(3, ProcLib.spawn, ancestors);
    assertEquals([ofLaunched.length, ofLaunched.at(-1)], [3, me]);
    const first = unwrap(await GenServer.start(Server, 2));
    const [second, third, ...ofThird] = await GenServer.call(first, "get");
    assertEquals(ofThird, [second, first, me]);
    for (const pid of [first, second!, third!]) await GenServer.stop(pid);
  }));

Deno.test("Process.leader is that of who started it, through any number of generations", () =>
  inProcess(async () => {
    const leader = () => self().process!.leader;
    assertEquals(await last(3, spawn, leader), self().process!.leader);
    const me = self();
    const pid = spawn(async () => {
      self().process!.flags |= LEADS_GROUP;
      send(me, [leader(), await last(3, spawn, leader), await last(3, ProcLib.spawn, leader)]);
    });
    assertEquals(await receive(), [pid, pid, pid]);
  }));
