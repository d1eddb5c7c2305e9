/**
 * Rock, paper, scissors: what is to outlive a crash, the names of the games, the games, and the waiting room.
 * Each is restarted alone, for none has a state of its own that another relies on.
 *
 * @module
 */

import { DynamicSupervisor, Registry, Supervisor } from "@denotp/otp";
import * as Rps from "./rps.ts"; // __MODULE__
import * as Store from "./store.ts";
import * as WaitingRoom from "./waiting_room.ts";

export const start = () => Supervisor.startLink(Rps, undefined, { name: "RPS" });

export const init = () =>
  Supervisor.init([
    { id: "store", start: [Store, "startLink", []] },
    [Registry, { keys: "unique", name: "RPS.Registry" }],
    [DynamicSupervisor, { name: "RPS.Games", strategy: "one_for_one" }],
    WaitingRoom,
  ], { strategy: "one_for_one" });
