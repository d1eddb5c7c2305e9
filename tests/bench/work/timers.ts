/**
 * Timers: the cost of one that never fires, and the delay of one while all processes are busy.
 *
 * @module
 */

import { GenServer, noreply, ok, Process, receive, self, send, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { kill, timed, timedSync, type Work } from "../work.ts";

const BUSY_SERVERS = 100;
const TIMER_MS = 10;

function cancelled(operations: number): Promise<number> {
  const me = self();
  let inTime = 0;
  const time = timedSync(operations, () => {
    for (let i = 0; i < operations; i++) {
      if (Process.cancelTimer(Process.sendAfter(me, "late", 5000)) !== false) inTime++;
    }
  });
  assertEquals(inTime, operations);
  return time;
}

/** A server that always has a message to handle. */
const Busy = {
  init: () => {
    send(self(), "again");
    return ok(0);
  },
  handleInfo: (message: "again", turns: number) => {
    send(self(), message);
    return noreply(turns + 1);
  },
};

async function underLoad(operations: number): Promise<number> {
  const busy = [];
  for (let i = 0; i < BUSY_SERVERS; i++) {
    busy.push(unwrap(await GenServer.start(Busy, undefined)));
  }
  let slowest = 0;
  for (let i = 0; i < operations; i++) {
    const took = await timed(1, async () => {
      Process.sendAfter(self(), "now", TIMER_MS);
      assertEquals(await receive(), "now");
    });
    slowest = Math.max(slowest, took);
  }
  kill(busy);
  return slowest;
}

/** The group. */
export const timers: readonly Work[] = [
  {
    name: "cancelled_timer",
    title: "`Process.sendAfter` and `cancelTimer`",
    operations: 500_000,
    measure: cancelled,
    baseline: "map",
  },
  {
    name: "timer_under_load",
    title: "a 10 ms timer beside 100 servers that are never idle, the slowest of 20",
    operations: 20,
    measure: underLoad,
    goal: { atMost: 15_000_000 },
  },
];
