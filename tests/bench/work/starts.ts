/**
 * Starting: servers and plain processes, and what an idle server takes.
 *
 * @module
 */

import { GenServer, type Pid, receive, self, send, spawn, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { collectGarbage, Idle, kill, timed, type Work } from "../work.ts";

async function servers(operations: number): Promise<number> {
  const pids: Pid[] = [];
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) pids.push(unwrap(await GenServer.start(Idle, i)));
  });
  assertEquals(new Set(pids).size, operations);
  kill(pids);
  return time;
}

async function processes(operations: number): Promise<number> {
  let started = 0;
  const parent = self();
  const time = await timed(operations, async () => {
    for (let i = 1; i < operations; i++) spawn(() => void started++);
    spawn(() => {
      started++;
      send(parent, "done");
    });
    await receive();
  });
  assertEquals(started, operations);
  return time;
}

async function memory(operations: number): Promise<number> {
  const pids = new Array<Pid | undefined>(operations).fill(undefined);
  const before = heapInUse();
  for (let i = 0; i < operations; i++) pids[i] = unwrap(await GenServer.start(Idle, 0));
  const after = heapInUse();
  kill(pids as Pid[]);
  return (after - before) / operations;
}

function heapInUse(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

/** The group. */
export const starts: readonly Work[] = [
  {
    name: "start",
    title: "`GenServer.start`",
    plural: "starts of a GenServer",
    operations: 50_000,
    measure: servers,
    baseline: "promise",
    goal: { timesBeam: 4 },
  },
  {
    name: "spawn",
    title: "`spawn` of a process that exits at once",
    operations: 100_000,
    measure: processes,
    baseline: "promise",
  },
  {
    name: "memory",
    title: "memory of an idle GenServer, without its state",
    operations: 50_000,
    measure: memory,
    unit: "bytes",
    goal: { atMost: 400 },
  },
];
