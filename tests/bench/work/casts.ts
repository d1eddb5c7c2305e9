/**
 * Casts: a million messages in one mailbox, then one call that waits for all of them.
 *
 * @module
 */

import { GenServer, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { Counter, kill, timed, type Work } from "../work.ts";

async function casts(operations: number): Promise<number> {
  const server = unwrap(await GenServer.start(Counter, 0));
  let count = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) GenServer.cast(server, "increment");
    count = await GenServer.call(server, "get", Infinity);
  });
  assertEquals(count, operations);
  kill([server]);
  return time;
}

/** The group. */
export const casting: readonly Work[] = [
  {
    name: "cast",
    title: "`GenServer.cast`, a million queued, then one call",
    operations: 1_000_000,
    measure: casts,
    baseline: "queue_call",
    goal: { timesBeam: 2.5 },
  },
];
