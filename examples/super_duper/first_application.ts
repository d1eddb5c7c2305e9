/**
 * SuperDuper as it was at first: its children are written out.
 *
 * @module
 */

import { type ChildSpec, Supervisor } from "@denotp/otp";
import * as Server from "./first_server.ts";

export interface Options {
  readonly children?: readonly ChildSpec[];
  readonly strategy?: Supervisor.Strategy;
}

const HEROES: readonly ChildSpec[] = [
  { id: "superdave", start: [Server, "startLink", ["superdave"]] },
  { id: "superman", start: [Server, "startLink", ["superman"]] },
  { id: "supermario", start: [Server, "startLink", ["supermario"]] },
];

export function start(_type: unknown, { children = HEROES, strategy = "one_for_one" }: Options) {
  console.log(">>>> Starting Super-duper Super-visor <<<<");
  return Supervisor.startLink(children, { strategy, name: "SuperDuper.Supervisor" });
}
