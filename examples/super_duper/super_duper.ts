/**
 * SuperDuper's API: characters come and go under the supervisor of the heroes. Its list of children
 * remembers those that were removed, until the entry is deleted, too.
 *
 * @module
 */

import { Supervisor } from "@denotp/otp";
import * as Server from "./server.ts";

const APP = "SuperDuper.Supervisor";

export const addCharacter = (name: string, says: string) =>
  Supervisor.startChild(APP, Server.childSpec([name, says]));

export async function removeCharacter(name: string) {
  await Supervisor.terminateChild(APP, name);
  return await Supervisor.deleteChild(APP, name);
}

export { die, say } from "./server.ts";
