/**
 * The clock's API.
 *
 * @module
 */

import { type Pid, send } from "@denotp/otp";
import * as Server from "./server.ts";

/** Starts a clock that ticks every `interval` milliseconds, and says what time `now` gives. */
export const startLink = (interval: number, now: Server.Now) => Server.startLink(interval, now);

/** Makes a clock tick out of turn: a plain message, as those of its timer are. */
export const tick = (clock: Pid) => send(clock, "tick");
