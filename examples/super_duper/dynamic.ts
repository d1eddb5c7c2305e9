/**
 * SuperDuper's API, with a DynamicSupervisor for the characters that come and go: it knows them by their
 * pids, and forgets who is removed.
 *
 * @module
 */

import { DynamicSupervisor, GenServer, type Pid } from "@denotp/otp";
import * as Server from "./server.ts";

const APP = "SuperDuper.DynamicSupervisor";

export const addCharacter = (name: string, says: string) =>
  DynamicSupervisor.startChild(APP, Server.childSpec([name, says]));

/** Removes a character. Nobody's name leads to no pid, and that cannot be removed. */
export const removeCharacter = async (name: string) =>
  DynamicSupervisor.terminateChild(APP, await GenServer.whereis(name) as Pid);

export { die, say } from "./server.ts";
