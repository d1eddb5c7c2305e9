/**
 * What is measured: a piece of work, the goal it is to reach, and how to time it.
 *
 * The work of one file in `work/` is a group. Whatever has a name here and no `isAlone` is done by
 * `beam.exs` too, under the same name.
 *
 * @module
 */

import { GenServer, noreply, ok, type Pid, Process, reply } from "@denotp/otp";

/** What a piece of work is to reach, according to the performance budget. Each part is optional. */
export interface Goal {
  /** How many times as fast as the BEAM at least, or how many times as small. */
  readonly timesBeam?: number;
  /** How many times the baseline at most. */
  readonly timesBaseline?: number;
  /** How many nanoseconds (or bytes) at most. */
  readonly atMost?: number;
}

/** A piece of work. */
export interface Work {
  /** Its name: an argument of the command, and what the BEAM knows it by. */
  readonly name: string;
  /** What is done, once per operation. */
  readonly title: string;
  /** How many operations a round has. */
  readonly operations: number;
  /** Does that many, and resolves with nanoseconds (or bytes) per operation. Throws if the outcome is wrong. */
  readonly measure: (operations: number) => Promise<number>;
  /** What {@linkcode measure} resolves with. Default `"ns"`. */
  readonly unit?: "ns" | "bytes";
  /** The name of the work it is compared with, which must have a `plural`. Default: none. */
  readonly baseline?: string;
  /** What several of it are called, where it is a baseline: other work costs 1.8 `"promises"`. */
  readonly plural?: string;
  /** Default: none. */
  readonly goal?: Goal;
  /** Whether the BEAM has nothing like it. Default `false`. */
  readonly isAlone?: boolean;
}

let now = (): number => performance.now();

/** Has everything timed by another clock, which returns milliseconds. Default: `performance.now`. */
export function setClock(clock: () => number): void {
  now = clock;
}

/** Runs `body`, and resolves with the nanoseconds that each of its operations took. */
export async function timed(operations: number, body: () => unknown): Promise<number> {
  const start = now();
  await body();
  return (now() - start) * 1e6 / operations;
}

/** As {@linkcode timed}, for a body that never waits. */
export function timedSync(operations: number, body: () => void): Promise<number> {
  const start = now();
  body();
  return Promise.resolve((now() - start) * 1e6 / operations);
}

/** Collects garbage, where the host allows it (`--v8-flags=--expose-gc`). */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

/** A server that counts. */
export const Counter = {
  init: (count: number) => ok(count),
  handleCall: (_request: "get", _from: GenServer.From, count: number) => reply(count, count),
  handleCast: (_request: "increment", count: number) => noreply(count + 1),
};

/** A server with nothing to do, as a child of a supervisor. */
export const Idle = {
  init: (state: number) => ok(state),
  startLink: () => GenServer.startLink(Idle, 0),
};

/** The child specification of {@linkcode Idle}. */
export const IDLE_CHILD = { id: "idle", start: [Idle, "startLink", []] } as const;

/** Ends processes at once. */
export function kill(pids: Iterable<Pid>): void {
  for (const pid of pids) Process.exit(pid, "kill");
}
