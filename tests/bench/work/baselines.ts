/**
 * What no library can beat: the platform itself, doing the least that the work could mean.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { timed, timedSync, type Work } from "../work.ts";

async function promises(operations: number): Promise<number> {
  let resolve: (value: number) => void;
  const capture = (settle: (value: number) => void) => {
    resolve = settle;
  };
  const settle = () => resolve(1);
  let sum = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) {
      const promise = new Promise(capture);
      queueMicrotask(settle);
      sum += await promise;
    }
  });
  assertEquals(sum, operations);
  return time;
}

/** A server in the fewest words: a queue, and a promise per call. No timeout, no processes. */
class QueueServer {
  #mail: ((reply: number) => void)[] = [];
  readonly #state = 1;
  readonly #drain = () => {
    const mail = this.#mail;
    this.#mail = [];
    for (const answer of mail) answer(this.#state);
  };

  call(): Promise<number> {
    return new Promise((resolve) => {
      if (this.#mail.push(resolve) === 1) queueMicrotask(this.#drain);
    });
  }
}

async function queueCalls(operations: number): Promise<number> {
  const server = new QueueServer();
  let sum = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) sum += await server.call();
  });
  assertEquals(sum, operations);
  return time;
}

async function queueCallsWithTimeout(operations: number): Promise<number> {
  const server = new QueueServer();
  let [sum, timeouts] = [0, 0];
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) {
      const timer = setTimeout(() => timeouts++, 5000);
      sum += await server.call();
      clearTimeout(timer);
    }
  });
  assertEquals([sum, timeouts], [operations, 0]);
  return time;
}

function lookUps(operations: number): Promise<number> {
  const keys = Array.from({ length: 1000 }, (_, i) => `name ${i}`);
  const map = new Map(keys.map((key) => [key, 1]));
  let sum = 0;
  const time = timedSync(operations, () => {
    for (let i = 0; i < operations; i++) sum += map.get(keys[i % 1000]!)!;
  });
  assertEquals(sum, operations);
  return time;
}

/** The group. */
export const baselines: readonly Work[] = [
  {
    name: "promise",
    title: "a bare promise settled by another microtask",
    plural: "promises",
    operations: 1_000_000,
    measure: promises,
    isAlone: true,
  },
  {
    name: "queue_call",
    title: "a queue call without a timer",
    plural: "queue calls without a timer",
    operations: 1_000_000,
    measure: queueCalls,
    baseline: "promise",
    isAlone: true,
  },
  {
    name: "timeout_call",
    title: "a queue call with a `setTimeout` per call",
    operations: 50_000,
    measure: queueCallsWithTimeout,
    baseline: "promise",
    isAlone: true,
  },
  {
    name: "map",
    title: "a `Map` look-up",
    plural: "`Map` look-ups",
    operations: 5_000_000,
    measure: lookUps,
    isAlone: true,
  },
];
