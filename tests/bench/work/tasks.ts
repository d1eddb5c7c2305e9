/**
 * Tasks and agents.
 *
 * @module
 */

import { Agent, Task, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { timed, type Work } from "../work.ts";

async function awaited(operations: number): Promise<number> {
  let sum = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) sum += await Task.await(Task.async(() => 1));
  });
  assertEquals(sum, operations);
  return time;
}

async function gets(operations: number): Promise<number> {
  const agent = unwrap(await Agent.start(() => 1));
  let sum = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) sum += await Agent.get(agent, (state) => state);
  });
  assertEquals(sum, operations);
  await Agent.stop(agent);
  return time;
}

async function updates(operations: number): Promise<number> {
  const agent = unwrap(await Agent.start(() => 0));
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) await Agent.update(agent, (state) => state + 1);
  });
  assertEquals(await Agent.get(agent, (state) => state), operations);
  await Agent.stop(agent);
  return time;
}

/** The group. */
export const tasks: readonly Work[] = [
  {
    name: "task",
    title: "`Task.async` and `Task.await`",
    operations: 50_000,
    measure: awaited,
    baseline: "promise",
  },
  {
    name: "agent_get",
    title: "`Agent.get`",
    operations: 100_000,
    measure: gets,
    baseline: "promise",
  },
  {
    name: "agent_update",
    title: "`Agent.update`",
    operations: 100_000,
    measure: updates,
    baseline: "promise",
  },
];
