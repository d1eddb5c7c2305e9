/**
 * A character that says its sentence, known in whatever registry it is started for. Where there is a table
 * for it, what it learns outlives its crashes.
 *
 * @module
 */

import {
  _,
  type ChildSpec,
  GenServer,
  matches,
  type Name,
  type NameRegistry,
  ok,
  type Registry,
  type Reply,
  reply,
} from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Saved from "../super_duper/saved.ts";
import * as Character from "./character.ts"; // __MODULE__

/** Where a name belongs: `[Registry, names]` is the Registry that was started as `names`. */
type Where =
  | "local"
  | "global"
  | readonly [registry: typeof Registry, names: string]
  | NameRegistry<string>;

type Argument = readonly [where: Where, name: string, says: string];
type State = readonly [name: string, says: string];
type Server = GenServer.ServerRef<typeof Character>;

export const startLink = ([where, name, says]: Argument) =>
  GenServer.startLink(Character, [name, says], { name: nameOf(where, name) });

export const via = (registry: NameRegistry<string>, name: string) =>
  ["via", registry, name] as const;

export function nameOf(where: Where, name: string): Name {
  if (where === "local") return name;
  if (where === "global") return ["global", name];
  if ("registerName" in where) return via(where, name);
  const [registry, names] = where;
  return ["via", registry, [names, name]];
}

export const childSpec = (argument: Argument): ChildSpec => ({
  id: argument[1],
  start: [Character, "startLink", [argument]],
});

export const say = (server: Server) => GenServer.call(server, "say");
export const learn = (server: Server, says: string) => GenServer.call(server, ["learn", says]);
export const die = (server: Server) => GenServer.cast(server, "die");

export function init([name, says]: State) {
  const sentence = Saved.isThere() ? Saved.get(name, says) : says;
  console.log(`Starting ${name}`);
  return ok<State>([name, sentence]);
}

type From = GenServer.From;
type Learn = readonly ["learn", string];

export function handleCall(request: "say", from: From, state: State): Reply<string, State>;
export function handleCall(request: Learn, from: From, state: State): Reply<"ok", State>;
export function handleCall(
  request: "say" | Learn,
  _from: From,
  [name, says]: State,
): Reply<string, State> {
  if (request === "say") return reply(says, [name, says]);
  if (matches(["learn", _], request)) {
    if (Saved.isThere()) Saved.put(name, request[1]);
    return reply("ok", [name, request[1]]);
  }
  throw noClause(request);
}

export function handleCast(request: "die", _state: State): never {
  if (request === "die") throw new Error("Boom");
  throw noClause(request);
}
