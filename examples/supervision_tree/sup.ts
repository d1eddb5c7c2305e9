/**
 * A supervisor of a supervision tree: it says when it starts.
 *
 * @module
 */

import { type ChildSpec, type ModuleSpec, Supervisor } from "@denotp/otp";
import * as Sup from "./sup.ts"; // __MODULE__

type Children = readonly (ModuleSpec | ChildSpec)[];
type Argument = readonly [
  name: string,
  children: Children,
  options: Partial<Supervisor.InitOptions>,
];

export const childSpec = (argument: Argument): ChildSpec => ({
  id: argument[0],
  start: [Sup, "startLink", [argument]],
  type: "supervisor",
});

export const startLink = (argument: Argument) =>
  Supervisor.startLink(Sup, argument, { name: argument[0] });

export function init([name, children, options]: Argument) {
  console.log(`start ${name}`);
  return Supervisor.init(children, { strategy: "one_for_one", ...options });
}
