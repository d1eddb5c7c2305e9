/**
 * Children of a DynamicSupervisor: starting them, ending them one by one, ending them all.
 *
 * @module
 */

import { DynamicSupervisor, type Pid, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { IDLE_CHILD, timed, type Work } from "../work.ts";

async function start(supervisor: Pid, count: number): Promise<Pid[]> {
  const pids: Pid[] = [];
  for (let i = 0; i < count; i++) {
    pids.push(unwrap(await DynamicSupervisor.startChild(supervisor, IDLE_CHILD)));
  }
  return pids;
}

async function starting(operations: number): Promise<number> {
  const supervisor = unwrap(await DynamicSupervisor.startLink());
  const time = await timed(operations, () => start(supervisor, operations));
  assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, operations);
  await DynamicSupervisor.stop(supervisor);
  return time;
}

async function terminating(operations: number): Promise<number> {
  const supervisor = unwrap(await DynamicSupervisor.startLink());
  const pids = await start(supervisor, operations);
  const time = await timed(operations, async () => {
    for (const pid of pids) await DynamicSupervisor.terminateChild(supervisor, pid);
  });
  assertEquals((await DynamicSupervisor.countChildren(supervisor)).active, 0);
  await DynamicSupervisor.stop(supervisor);
  return time;
}

async function stopping(operations: number): Promise<number> {
  const supervisor = unwrap(await DynamicSupervisor.startLink());
  await start(supervisor, operations);
  return await timed(operations, () => DynamicSupervisor.stop(supervisor));
}

/** The group. */
export const children: readonly Work[] = [
  {
    name: "start_child",
    title: "`DynamicSupervisor.startChild`",
    operations: 5000,
    measure: starting,
    baseline: "start",
  },
  {
    name: "terminate_child",
    title: "`DynamicSupervisor.terminateChild`",
    operations: 5000,
    measure: terminating,
    baseline: "start",
  },
  {
    name: "stop_children",
    title: "`DynamicSupervisor.stop`, per child",
    operations: 5000,
    measure: stopping,
    baseline: "start",
  },
];
