/**
 * SuperDuper without patience: any crash terminates the supervisor of the heroes, and the one above it restarts
 * the whole project.
 *
 * @module
 */

import { Supervisor } from "@denotp/otp";
import * as Project from "./project.ts"; // __MODULE__
import * as Server from "./server.ts";

export function startInner() {
  console.log(">>>> Starting Super-duper Super-visor <<<<");
  return Supervisor.startLink(
    [[Server, "superdave"], [Server, "superman"], [Server, "supermario"]],
    { strategy: "one_for_one", maxRestarts: 0, name: "SuperDuper.Supervisor" },
  );
}

export const start = () =>
  Supervisor.startLink(
    [{ id: "project", start: [Project, "startInner", []], type: "supervisor" }],
    { strategy: "one_for_one", name: "SuperDuper.Project" },
  );
