/**
 * The egg timer's API.
 *
 * @module
 */

import { GenServer, type Pid } from "@denotp/otp";
import * as Alarm from "./alarm.ts";
import * as Server from "./server.ts";

type Timer = Pid<typeof Server>;

export const startLink = (options: GenServer.StartOptions = {}) => Server.startLink(options);

export const schedule = (
  timer: Timer,
  name: string,
  duration: number,
  f: () => unknown = Alarm.defaultFn,
) => GenServer.call(timer, ["schedule", name, duration, f]);

export const cancel = (timer: Timer, name: string) => GenServer.call(timer, ["cancel", name]);
export const status = (timer: Timer) => GenServer.call(timer, "status");
export const stop = (timer: Timer) => GenServer.call(timer, "stop");
