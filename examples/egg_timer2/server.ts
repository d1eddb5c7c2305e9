/**
 * The egg timer's boundary: alarms can be cancelled, a name has one alarm, and what stops it finds it tidy.
 *
 * @module
 */

import {
  _,
  GenServer,
  matches,
  noreply,
  ok,
  type Pid,
  Process,
  type Reply,
  reply,
  self,
  stop,
  type StopReply,
  stopReply,
} from "@denotp/otp";
import { inspect } from "../elixir.ts";
import { noClause } from "../no_clause.ts";
import * as Alarm from "./alarm.ts";
import * as Server from "./server.ts"; // __MODULE__

type Timers = Readonly<Record<string, Alarm.Alarm>>;
type Status = ReturnType<typeof Alarm.status>;

type Schedule = readonly ["schedule", name: string, duration: number, f: () => unknown];
type Cancel = readonly ["cancel", name: string];
type Cancelled = "ok" | readonly ["error", "not_found"];

export const startLink = (options: GenServer.StartOptions = {}) =>
  GenServer.startLink(Server, {}, options);

export function init(timers: Timers) {
  Process.flag("trap_exit", true);
  return ok(timers);
}

type From = GenServer.From;

export function handleCall(request: Schedule, from: From, timers: Timers): Reply<"ok", Timers>;
export function handleCall(request: Cancel, from: From, timers: Timers): Reply<Cancelled, Timers>;
export function handleCall(request: "status", from: From, timers: Timers): Reply<Status[], Timers>;
export function handleCall(request: "stop", from: From, timers: Timers): StopReply<"ok", Timers>;
export function handleCall(
  request: Schedule | Cancel | "status" | "stop",
  _from: From,
  timers: Timers,
) {
  if (matches(["schedule", _, _, _], request)) {
    const [, name, duration, f] = request;
    const others = drop(timers, name);
    const alarm = Alarm.new(name, duration, f);
    const ref = Process.sendAfter(self(), ["alarm", name], duration);
    return reply("ok", { ...others, [name]: { ...alarm, ref } });
  }
  if (matches(["cancel", _], request)) {
    const [, name] = request;
    if (Object.hasOwn(timers, name)) return reply("ok", drop(timers, name));
    return reply(["error", "not_found"], timers);
  }
  if (request === "status") {
    return reply(Object.keys(timers).sort().map((name) => Alarm.status(timers[name]!)), timers);
  }
  if (request === "stop") return stopReply("normal", "ok", timers);
  throw noClause(request);
}

type Info = readonly ["alarm", name: string] | readonly ["EXIT", Pid, reason: unknown];

export async function handleInfo(message: Info, timers: Timers) {
  if (matches(["alarm", _], message)) {
    const { [message[1]]: alarm, ...rest } = timers;
    if (alarm !== undefined) await Alarm.trigger(alarm);
    return noreply(rest);
  }
  // A linked process has exited. (When the parent ends, `terminate` is called right away.)
  if (matches(["EXIT", _, _], message)) {
    const [, , reason] = message;
    return reason === "normal" ? noreply(timers) : stop(["shutdown", reason], timers);
  }
  throw noClause(message);
}

export function terminate(reason: unknown, timers: Timers): void {
  const alarms = Object.values(timers);
  for (const { ref } of alarms) if (ref !== undefined) Process.cancelTimer(ref);
  console.log(`Egg timer shutting down (${inspect(reason)}), ${alarms.length} alarm(s) cancelled`);
}

function drop(timers: Timers, name: string): Timers {
  const { [name]: alarm, ...rest } = timers;
  if (alarm?.ref !== undefined) Process.cancelTimer(alarm.ref);
  return rest;
}
