/**
 * A character as it was at first: nothing is said when it goes down, and its child has the id of the
 * module, so that a supervisor can have but one of them.
 *
 * @module
 */

import { type ChildSpec, GenServer } from "@denotp/otp";
import type { Hero } from "./core.ts";
import * as FirstServer from "./first_server.ts"; // __MODULE__

export { die, handleCall, handleCast, init, say } from "./server.ts";

export const childSpec = (hero: Hero): ChildSpec => GenServer.childSpec(FirstServer, hero);
export const startLink = (hero: Hero) => GenServer.startLink(FirstServer, hero, { name: hero });
