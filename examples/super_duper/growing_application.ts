/**
 * SuperDuper for characters that come and go: under the supervisor itself, or under a DynamicSupervisor
 * that is its fourth child.
 *
 * @module
 */

import { type ChildSpec, DynamicSupervisor, type ModuleSpec, Supervisor } from "@denotp/otp";
import * as Server from "./server.ts";

export interface Options {
  readonly strategy?: Supervisor.Strategy;
  /** Whether there is a DynamicSupervisor. */
  readonly dynamic?: boolean;
}

const HEROES: readonly ModuleSpec[] = [
  [Server, "superdave"],
  [Server, "superman"],
  [Server, "supermario"],
];

const DYNAMIC: ChildSpec = DynamicSupervisor.childSpec({
  name: "SuperDuper.DynamicSupervisor",
  strategy: "one_for_one",
});

export function start(
  _type: unknown,
  { strategy = "rest_for_one", dynamic = false }: Options = {},
) {
  Server.trapExits(false);
  console.log(">>>> Starting Super-duper Super-visor <<<<");
  const children = dynamic ? [...HEROES, DYNAMIC] : HEROES;
  return Supervisor.startLink(children, { strategy, name: "SuperDuper.Supervisor" });
}
