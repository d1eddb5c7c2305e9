/**
 * Names: registering them, and looking them up.
 *
 * @module
 */

import {
  GenServer,
  Global,
  type Name,
  type Pid,
  Process,
  Registry,
  self,
  unwrap,
} from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { Idle, kill, timedSync, type Work } from "../work.ts";

const NAMES = Array.from({ length: 1000 }, (_, i) => `bench_${i}`);

function registered(operations: number): Promise<number> {
  const me = self();
  let done = 0;
  const time = timedSync(operations, () => {
    for (let i = 0; i < operations; i++) {
      if (Process.register(me, "bench_me") && Process.unregister("bench_me")) done++;
    }
  });
  assertEquals(done, operations);
  return time;
}

/** Starts a server under each of the names. */
async function named(as: (name: string) => Name): Promise<Pid[]> {
  const pids: Pid[] = [];
  for (const name of NAMES) pids.push(unwrap(await GenServer.start(Idle, 0, { name: as(name) })));
  return pids;
}

async function whereis(operations: number): Promise<number> {
  const pids = await named((name) => name);
  let found = 0;
  const time = await timedSync(operations, () => {
    for (let i = 0; i < operations; i++) {
      if (Process.whereis(NAMES[i % NAMES.length]!) !== undefined) found++;
    }
  });
  assertEquals(found, operations);
  kill(pids);
  return time;
}

async function whereisGlobal(operations: number): Promise<number> {
  const pids = await named((name) => ["global", name]);
  let found = 0;
  const time = await timedSync(operations, () => {
    for (let i = 0; i < operations; i++) {
      if (Global.whereisName(NAMES[i % NAMES.length]!) !== undefined) found++;
    }
  });
  assertEquals(found, operations);
  kill(pids);
  return time;
}

async function lookedUp(operations: number): Promise<number> {
  const registry = unwrap(await Registry.startLink({ keys: "unique", name: "bench_names" }));
  for (const name of NAMES) Registry.register("bench_names", name, 1);
  let sum = 0;
  const time = await timedSync(operations, () => {
    for (let i = 0; i < operations; i++) {
      const [found] = Registry.lookup<number>("bench_names", NAMES[i % NAMES.length]!);
      sum += found![1];
    }
  });
  assertEquals(sum, operations);
  for (const name of NAMES) Registry.unregister("bench_names", name);
  await GenServer.stop(registry);
  return time;
}

/** The group. */
export const names: readonly Work[] = [
  {
    name: "register",
    title: "`Process.register` and `unregister`",
    operations: 500_000,
    measure: registered,
    baseline: "map",
  },
  {
    name: "whereis",
    title: "`Process.whereis`, one of 1000 names",
    operations: 1_000_000,
    measure: whereis,
    baseline: "map",
  },
  {
    name: "whereis_global",
    title: "`Global.whereisName`, one of 1000 names",
    operations: 1_000_000,
    measure: whereisGlobal,
    baseline: "map",
  },
  {
    name: "registry_lookup",
    title: "`Registry.lookup`, one of 1000 keys",
    operations: 500_000,
    measure: lookedUp,
    baseline: "map",
  },
];
