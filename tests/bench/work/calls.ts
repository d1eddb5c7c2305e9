/**
 * Calls: one client after another or many at once, by pid and by every kind of name. All of them with
 * the default timeout of 5000 ms, and failing at once if the server dies.
 *
 * @module
 */

import {
  GenServer,
  type Pid,
  receive,
  Registry,
  self,
  send,
  type ServerRef,
  spawn,
  unwrap,
} from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { Counter, kill, timed, type Work } from "../work.ts";

const CLIENTS = 100;

type Server = GenServer.ServerRef<typeof Counter>;

async function client(server: Server, calls: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < calls; i++) sum += await GenServer.call(server, "get");
  return sum;
}

async function calls(server: Server, operations: number): Promise<number> {
  let sum = 0;
  const time = await timed(operations, async () => {
    sum = await client(server, operations);
  });
  assertEquals(sum, operations);
  return time;
}

async function byPid(operations: number): Promise<number> {
  const server = unwrap(await GenServer.start(Counter, 1));
  const time = await calls(server, operations);
  kill([server]);
  return time;
}

const byName = (name: GenServer.StartOptions["name"] & ServerRef) => async (operations: number) => {
  const server = unwrap(await GenServer.start(Counter, 1, { name }));
  const time = await calls(name as Server, operations);
  await GenServer.stop(server);
  return time;
};

async function byVia(operations: number): Promise<number> {
  const registry = unwrap(await Registry.startLink({ keys: "unique", name: "bench_via" }));
  const time = await byName(["via", Registry, ["bench_via", ["user", 7]]])(operations);
  await GenServer.stop(registry);
  return time;
}

/** Clients that are processes, as they are on the BEAM. */
function fromProcesses(clients: number): (operations: number) => Promise<number> {
  return async (operations) => {
    const server = unwrap(await GenServer.start(Counter, 1));
    const each = Math.ceil(operations / clients);
    const parent = self();
    let sum = 0;
    const time = await timed(each * clients, async () => {
      for (let i = 0; i < clients; i++) {
        spawn(async () => send(parent, await client(server, each)));
      }
      for (let i = 0; i < clients; i++) sum += await receive() as number;
    });
    assertEquals(sum, each * clients);
    kill([server]);
    return time;
  };
}

/** Clients that are async functions of one process. */
async function fromFunctions(operations: number): Promise<number> {
  const server: Pid = unwrap(await GenServer.start(Counter, 1));
  const each = Math.ceil(operations / CLIENTS);
  let sums: number[] = [];
  const time = await timed(each * CLIENTS, async () => {
    sums = await Promise.all(Array.from({ length: CLIENTS }, () => client(server, each)));
  });
  assertEquals(sums, Array(CLIENTS).fill(each));
  kill([server]);
  return time;
}

/** The group. */
export const calling: readonly Work[] = [
  {
    name: "call",
    title: "`GenServer.call` by pid",
    operations: 200_000,
    measure: byPid,
    baseline: "promise",
    goal: { timesBeam: 6, timesBaseline: 2 },
  },
  {
    name: "call_from_process",
    title: "`GenServer.call` by pid, from a spawned process",
    operations: 200_000,
    measure: fromProcesses(1),
    baseline: "promise",
  },
  {
    name: "call_by_name",
    title: "`GenServer.call` by local name",
    operations: 200_000,
    measure: byName("bench_counter"),
    baseline: "promise",
  },
  {
    name: "call_by_global",
    title: "`GenServer.call` by global name",
    operations: 200_000,
    measure: byName(["global", "bench_counter"]),
    baseline: "promise",
  },
  {
    name: "call_by_via",
    title: "`GenServer.call` via `Registry`, the key a tuple",
    operations: 100_000,
    measure: byVia,
    baseline: "promise",
  },
  {
    name: "clients",
    title: "`GenServer.call` by 100 concurrent clients, each a process",
    operations: 200_000,
    measure: fromProcesses(CLIENTS),
    baseline: "promise",
    goal: { timesBeam: 4 },
  },
  {
    name: "clients_in_one",
    title: "`GenServer.call` by 100 concurrent clients, async functions of one process",
    operations: 200_000,
    measure: fromFunctions,
    baseline: "promise",
    isAlone: true,
  },
];
