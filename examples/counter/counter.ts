/**
 * The counter's API.
 *
 * @module
 */

import { GenServer, type Pid } from "@denotp/otp";
import * as Server from "./server.ts";

type Counter = Pid<typeof Server>;

export const startLink = (n = 0) => Server.startLink(n);
export const inc = (counter: Counter) => GenServer.cast(counter, "inc");
export const state = (counter: Counter) => GenServer.call(counter, "state");
