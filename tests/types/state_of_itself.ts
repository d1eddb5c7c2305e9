/**
 * A module that imports itself, and whose callbacks disagree.
 *
 * @module
 */

import { GenServer, noreply, ok, reply } from "@denotp/otp";
import { Counter } from "./modules.ts";
import * as Itself from "./state_of_itself.ts";

type Ref = GenServer.ServerRef<typeof Itself>;

export const right = () => GenServer.startLink(Counter, 1);
//! Argument of type 'typeof import("./state_of_itself.ts")' is not assignable to parameter of type '"init returns a state that handleCast does not take"'.
export const wrong = () => GenServer.startLink(Itself, 1);

export const get = (server: Ref) => GenServer.call(server, "get");
//! Argument of type '"got"' is not assignable to parameter of type '"get"'.
export const got = (server: Ref) => GenServer.call(server, "got");

export const add = (server: Ref) => GenServer.cast(server, ["add", 1]);
//! Type '"sub"' is not assignable to type '"add"'.
export const sub = (server: Ref) => GenServer.cast(server, ["sub", 1]);

export const init = (first: number) => ok(first);
export const handleCall = (_request: "get", _from: GenServer.From, count: number) =>
  reply(count, count);
export const handleCast = ([, n]: readonly ["add", number], count: string) => noreply(count + n);
