/**
 * SuperDuper as an application, to be started and stopped as one thing. In Elixir, mix makes a file of this.
 *
 * @module
 */

import type { Application } from "@denotp/otp";
import * as GrowingApplication from "./growing_application.ts";

export const superDuper: Application.Specification = {
  name: "super_duper",
  version: "0.1.0",
  registered: ["SuperDuper.Supervisor", "SuperDuper.DynamicSupervisor"],
  mod: [GrowingApplication, { dynamic: true }],
};
