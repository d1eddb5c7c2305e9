/**
 * SuperDuper: three heroes and a supervisor. Which others are restarted when one exits is up to the strategy,
 * whether it comes back itself to the restart type.
 *
 * @module
 */

import { type Restart, Supervisor } from "@denotp/otp";
import type { Hero } from "./core.ts";
import * as Server from "./server.ts";

export interface Options {
  readonly strategy?: Supervisor.Strategy;
  /** As the supervisor has it by default, if not given. */
  readonly restart?: Restart;
  /** Whether the heroes trap exits. */
  readonly trap?: boolean;
}

const HEROES: readonly Hero[] = ["superdave", "superman", "supermario"];

export function start(
  _type: unknown,
  { strategy = "one_for_one", restart, trap = false }: Options = {},
) {
  Server.trapExits(trap);
  console.log(">>>> Starting Super-duper Super-visor <<<<");
  const children = HEROES.map((hero) =>
    Supervisor.childSpec([Server, hero], restart && { restart })
  );
  return Supervisor.startLink(children, { strategy, name: "SuperDuper.Supervisor" });
}
