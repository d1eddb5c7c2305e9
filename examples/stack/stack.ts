/**
 * The stack's API.
 *
 * @module
 */

import { GenServer, type Pid } from "@denotp/otp";
import type { Stack as Items } from "./core.ts";
import * as Server from "./server.ts";

type Stack = Pid<typeof Server>;

export const startLink = (list: Items = []) => Server.startLink(list);
export const push = (stack: Stack, item: unknown) => GenServer.cast(stack, ["push", item]);
export const pop = (stack: Stack) => GenServer.call(stack, "pop");
export const state = (stack: Stack) => GenServer.call(stack, "state");
