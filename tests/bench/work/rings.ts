/**
 * Rings: a message goes round a thousand processes.
 *
 * @module
 */

import { GenServer, noreply, ok, type Pid, receive, self, send, spawn, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { kill, timed, type Work } from "../work.ts";

const SIZE = 1000;

type Token = readonly [hops: number, home: Pid];

const Link = {
  init: (next: Pid | undefined) => ok(next),
  handleCast: (next: Pid, _state: Pid | undefined) => noreply(next),
  handleInfo: (token: Token, next: Pid | undefined) => {
    pass(token, next!);
    return noreply(next);
  },
};

function pass([hops, home]: Token, next: Pid): void {
  if (hops === 0) send(home, "home");
  else send(next, [hops - 1, home]);
}

async function servers(): Promise<Pid[]> {
  const ring: Pid[] = [unwrap(await GenServer.start(Link, undefined))];
  while (ring.length < SIZE) ring.push(unwrap(await GenServer.start(Link, ring.at(-1))));
  send(ring[0]!, ["$gen_cast", ring.at(-1)!]);
  return ring;
}

function processes(): Promise<Pid[]> {
  const ring = [spawn(async () => await hop(await receive() as Pid))];
  while (ring.length < SIZE) {
    const next = ring.at(-1)!;
    ring.push(spawn(() => hop(next)));
  }
  send(ring[0]!, ring.at(-1)!);
  return Promise.resolve(ring);
}

async function hop(next: Pid): Promise<never> {
  for (;;) pass(await receive() as Token, next);
}

const round = (make: () => Promise<Pid[]>) => async (operations: number) => {
  const ring = await make();
  let answer: unknown;
  const time = await timed(operations, async () => {
    send(ring[0]!, [operations, self()]);
    answer = await receive();
  });
  assertEquals(answer, "home");
  kill(ring);
  return time;
};

/** The group. */
export const rings: readonly Work[] = [
  {
    name: "ring",
    title: "a hop in a ring of 1000 servers",
    operations: 500_000,
    measure: round(servers),
    baseline: "promise",
    goal: { timesBeam: 4 },
  },
  {
    name: "ring_of_processes",
    title: "a hop in a ring of 1000 spawned processes that `receive`",
    operations: 300_000,
    measure: round(processes),
    baseline: "promise",
  },
];
