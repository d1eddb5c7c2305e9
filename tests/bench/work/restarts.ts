/**
 * Restarts: a child throws, and its successor reports its start. Reports are turned off.
 *
 * @module
 */

import {
  DynamicSupervisor,
  GenServer,
  ok,
  type Pid,
  Process,
  receive,
  self,
  send,
  Supervisor,
  unwrap,
} from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { IDLE_CHILD, timed, type Work } from "../work.ts";

/** Reports its start, and throws on request. */
const Fragile = {
  startLink: (observer: Pid) => GenServer.startLink(Fragile, observer),
  init: (observer: Pid) => {
    send(observer, self());
    return ok(observer);
  },
  handleCast: (_request: "crash", _observer: Pid): never => {
    throw new Error("crash");
  },
};

const fragile = () => ({ id: "fragile", start: [Fragile, "startLink", [self()]] }) as const;

const crash = (child: Pid) => GenServer.cast(child, "crash");
const killed = (child: Pid) => Process.exit(child, "kill");

async function restarts(operations: number, end: (child: Pid) => void): Promise<number> {
  const first = await receive() as Pid;
  const pids = new Set([first]);
  const time = await timed(operations, async () => {
    let child = first;
    for (let i = 0; i < operations; i++) {
      end(child);
      child = await receive() as Pid;
      pids.add(child);
    }
  });
  assertEquals(pids.size, operations + 1);
  return time;
}

const among =
  (siblings: number, end: (child: Pid) => void = crash) => async (operations: number) => {
    const supervisor = unwrap(await DynamicSupervisor.startLink({ maxRestarts: operations }));
    for (let i = 0; i < siblings; i++) await DynamicSupervisor.startChild(supervisor, IDLE_CHILD);
    await DynamicSupervisor.startChild(supervisor, fragile());
    const time = await restarts(operations, end);
    await DynamicSupervisor.stop(supervisor);
    return time;
  };

const inOrder = (siblings: number) => async (operations: number) => {
  const children = Array.from({ length: siblings }, (_, id) => ({ ...IDLE_CHILD, id }));
  const options = { strategy: "one_for_one", maxRestarts: operations } as const;
  const supervisor = unwrap(await Supervisor.startLink([...children, fragile()], options));
  const time = await restarts(operations, crash);
  await Supervisor.stop(supervisor);
  return time;
};

/** The group. */
export const restarting: readonly Work[] = [
  {
    name: "restart_10",
    title: "restart of a crashed child with 10 siblings",
    plural: "restarts with 10 siblings",
    operations: 5000,
    measure: among(10),
    baseline: "start",
    goal: { atMost: 10_000 },
  },
  {
    name: "restart_1000",
    title: "restart of a crashed child with 1000 siblings",
    operations: 5000,
    measure: among(1000),
    baseline: "restart_10",
    goal: { atMost: 10_000, timesBaseline: 1.5 },
  },
  {
    name: "restart_100000",
    title: "restart of a crashed child with 100,000 siblings",
    operations: 5000,
    measure: among(100_000),
    baseline: "restart_10",
    goal: { atMost: 10_000, timesBaseline: 1.5 },
  },
  {
    name: "restart_in_order",
    title: "restart of a crashed child of a `Supervisor` with 1000 siblings",
    operations: 5000,
    measure: inOrder(1000),
    baseline: "restart_10",
    goal: { atMost: 10_000, timesBaseline: 1.5 },
  },
  {
    name: "restart_killed",
    title: "restart of a killed child with 10 siblings",
    operations: 10_000,
    measure: among(10, killed),
    baseline: "start",
    goal: { atMost: 10_000 },
  },
];
