/**
 * A server that takes its time, asked by cast and by call.
 *
 * @module
 */

import { GenServer, noreply, ok, type Pid, Process, type Reply, reply } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Slow from "./slow.ts"; // __MODULE__

type Server = Pid<typeof Slow>;
type State = readonly [ms: number, done: number];

/** Starts a server that takes `ms` milliseconds for each piece of work. */
export const startLink = (ms: number) => GenServer.startLink(Slow, ms);

export const work = (pid: Server) => GenServer.call(pid, "work");
export const workAsync = (pid: Server) => GenServer.cast(pid, "work");

/** How many pieces of work are done: answered when those asked for before are. */
export const done = (pid: Server) => GenServer.call(pid, "done", 60_000);

/** How many messages wait. */
export const queue = (pid: Server) => Process.info(pid, "message_queue_len")![1];

/** Asks for `n` pieces of work by cast, and looks at the queue. */
export function casts(pid: Server, n: number): number {
  for (let i = 0; i < n; i++) workAsync(pid);
  return queue(pid);
}

/** Asks for `n` pieces of work by call, one after the other: the longest queue seen meanwhile. */
export async function maxQueueWithCalls(pid: Server, n: number): Promise<number> {
  let longest = 0;
  for (let i = 0; i < n; i++) {
    await work(pid);
    longest = Math.max(longest, queue(pid));
  }
  return longest;
}

export const init = (ms: number) => ok<State>([ms, 0]);

export function handleCall(
  request: "work",
  from: GenServer.From,
  state: State,
): Promise<Reply<"ok", State>>;
export function handleCall(
  request: "done",
  from: GenServer.From,
  state: State,
): Promise<Reply<number, State>>;
export async function handleCall(request: "work" | "done", _from: GenServer.From, state: State) {
  if (request === "work") return reply("ok", await worked(state));
  if (request === "done") return reply(state[1], state);
  throw noClause(request);
}

export async function handleCast(request: "work", state: State) {
  if (request === "work") return noreply(await worked(state));
  throw noClause(request);
}

async function worked([ms, done]: State): Promise<State> {
  await Process.sleep(ms);
  return [ms, done + 1];
}
