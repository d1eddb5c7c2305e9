/**
 * A character: it says its sentence, and it can die. It is known by its name, and so is its child.
 *
 * @module
 */

import { type ChildSpec, GenServer, isAtom, ok, Process, reply } from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts"; // __MODULE__

/** One of the heroes, or a character of one's own. */
export type Character = Core.Hero | Core.Info;
type Ref = GenServer.ServerRef<typeof Server>;

const nameOf = (character: Character): string => isAtom(character) ? character : character[0];

export const childSpec = (character: Character): ChildSpec => ({
  id: nameOf(character),
  start: [Server, "startLink", [character]],
});

export const startLink = (character: Character) =>
  GenServer.startLink(Server, character, { name: nameOf(character) });

export const die = (server: Ref) => GenServer.cast(server, "die");
export const say = (server: Ref) => GenServer.call(server, "say");

let trapping = false;

/** Whether characters that start from now on trap exits. Only those that do run `terminate` when they are stopped. */
export function trapExits(trap: boolean): void {
  trapping = trap;
}

export function init(character: Character) {
  if (trapping) Process.flag("trap_exit", true);
  console.log(`Starting ${nameOf(character)}`);
  return ok<Core.Info>(isAtom(character) ? Core.info(character) : character);
}

export function handleCast(request: "die", _state: Core.Info): never {
  if (request === "die") throw new Error("Boom");
  throw noClause(request);
}

export function handleCall(request: "say", _from: GenServer.From, [name, says]: Core.Info) {
  if (request === "say") return reply(says, [name, says]);
  throw noClause(request);
}

export function terminate(_reason: unknown, [name]: Core.Info): void {
  console.log(`Mayday! Mayday! ${name} going down...`);
}
