/**
 * The first egg timer, whose `stop` breaks something, under a supervisor: it comes back, its alarms do not.
 *
 * @module
 */

import { type ChildSpec, GenServer, Supervisor } from "@denotp/otp";
import * as Server from "../egg_timer/server.ts";

const EGG_TIMER: ChildSpec = {
  id: "egg_timer",
  start: [GenServer, "startLink", [Server, {}, { name: "EggTimer.Server" }]],
};

export const start = (_type: unknown, _args: unknown) =>
  Supervisor.startLink([EGG_TIMER], { strategy: "one_for_one", name: "EggTimer.Supervisor" });
