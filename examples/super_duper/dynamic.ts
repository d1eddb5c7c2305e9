/**
 * SuperDuper's API, with a DynamicSupervisor for the characters that come and go: it knows them by their
 * pids, and forgets those that are removed.
 *
 * @module
 */

import { DynamicSupervisor, GenServer, type Pid } from "@denotp/otp";
import * as Server from "./server.ts";

const APP = "SuperDuper.DynamicSupervisor";

export const addCharacter = (name: string, says: string) =>
  DynamicSupervisor.startChild(APP, Server.childSpec([name, says]));

/** Removes a character. A name without a process has no pid that could be removed. */
export const removeCharacter = async (name: string) =>
  DynamicSupervisor.terminateChild(APP, await GenServer.whereis(name) as Pid);

export { die, say } from "./server.ts";
