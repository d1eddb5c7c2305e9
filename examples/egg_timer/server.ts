/**
 * The egg timer's boundary: it keeps the alarms, and its messages come from the clock.
 *
 * @module
 */

import {
  _,
  GenServer,
  inspect,
  matches,
  noreply,
  ok,
  type Pid,
  Process,
  reply,
  self,
  stop,
} from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Alarm from "./alarm.ts";
import * as Server from "./server.ts"; // __MODULE__

export type Timers = Readonly<Record<string, Alarm.Alarm>>;

type Schedule = readonly ["schedule", name: string, duration: number, f: () => unknown];

export function startLink(timers: Timers): Promise<GenServer.StartResult<typeof Server>> {
  if (isMap(timers)) return GenServer.startLink(Server, timers);
  throw new TypeError(
    `Cannot start an egg timer: expected alarms by name, found ${inspect(timers)}`,
  );
}

/** Sends the egg timer a message when the time of an alarm has come. */
export function schedule(pid: Pid, alarm: Alarm.Alarm): "ok" {
  Process.sendAfter(pid, ["alarm", alarm.name], alarm.duration);
  return "ok";
}

export const init = (timers: Timers) => ok(timers);

export async function handleInfo(message: readonly ["alarm", name: string], timers: Timers) {
  if (!matches(["alarm", _], message)) throw noClause(message);
  const { [message[1]]: alarm, ...rest } = timers;
  await Alarm.trigger(alarm!);
  return noreply(rest);
}

export function handleCast(request: Schedule | "stop", timers: Timers) {
  if (matches(["schedule", _, _, _], request)) {
    const [, name, duration, f] = request;
    const alarm = Alarm.new(name, duration, f);
    schedule(self(), alarm);
    return noreply({ ...timers, [alarm.name]: alarm });
  }
  if (request === "stop") return stop("we_broke_something", timers);
  throw noClause(request);
}

export function handleCall(request: "status", _from: GenServer.From, timers: Timers) {
  if (request !== "status") throw noClause(request);
  const names = Object.keys(timers).sort();
  return reply(names.map((name) => Alarm.status(timers[name]!)), timers);
}

function isMap(term: unknown): boolean {
  return typeof term === "object" && term !== null && !Array.isArray(term);
}
