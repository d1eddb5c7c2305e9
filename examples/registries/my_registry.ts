/**
 * A registry of one's own: a GenServer that knows who has which name, and watches them. The four functions
 * `registerName`, `unregisterName`, `whereisName` and `send` make this module one.
 *
 * @module
 */

import {
  _,
  equal,
  exit,
  GenServer,
  matches,
  noreply,
  ok,
  type Pid,
  Process,
  type Ref,
  type Reply,
  reply,
  type Term,
} from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as MyRegistry from "./my_registry.ts"; // __MODULE__

export const moduleName = "MyRegistry";

type Names = ReadonlyMap<Term, readonly [Pid, Ref]>;
type From = GenServer.From;

const SERVER: GenServer.ServerRef<typeof MyRegistry> = "MyRegistry";

export const startLink = (_argument: unknown = []) =>
  GenServer.startLink(MyRegistry, undefined, { name: "MyRegistry" });

export const registerName = (name: Term, pid: Pid) =>
  GenServer.call(SERVER, ["register", name, pid]);

export const unregisterName = (name: Term) => GenServer.call(SERVER, ["unregister", name]);

export const whereisName = (name: Term) => GenServer.call(SERVER, ["whereis", name]);

export async function send(name: Term, message: Term): Promise<Pid> {
  const pid = await whereisName(name);
  if (pid === undefined) throw exit(["badarg", [name, message]]);
  Process.send(pid, message);
  return pid;
}

/** All names, in order. */
export const names = () => GenServer.call(SERVER, "names");

export const init = () => ok<Names>(new Map());

type Register = readonly ["register", Term, Pid];
type Unregister = readonly ["unregister", Term];
type Whereis = readonly ["whereis", Term];

export function handleCall(request: Register, from: From, names: Names): Reply<"yes" | "no", Names>;
export function handleCall(request: Unregister, from: From, names: Names): Reply<"ok", Names>;
export function handleCall(
  request: Whereis,
  from: From,
  names: Names,
): Reply<Pid | undefined, Names>;
export function handleCall(request: "names", from: From, names: Names): Reply<Term[], Names>;
export function handleCall(
  request: Register | Unregister | Whereis | "names",
  _from: From,
  names: Names,
): Reply<unknown, Names> {
  if (matches(["register", _, _], request)) {
    const [, name, pid] = request;
    if (names.has(known(name, names))) return reply("no", names);
    return reply("yes", new Map(names).set(name, [pid, Process.monitor(pid)]));
  }
  if (matches(["unregister", _], request)) {
    const [, ref] = names.get(known(request[1], names)) ?? [];
    if (ref !== undefined) Process.demonitor(ref, ["flush"]);
    return reply("ok", without(ref, names));
  }
  if (matches(["whereis", _], request)) {
    const [pid] = names.get(known(request[1], names)) ?? [];
    return reply(pid, names);
  }
  if (request === "names") return reply([...names.keys()].sort(), names);
  throw noClause(request);
}

type Down = readonly ["DOWN", Ref, "process", Pid, reason: Term];

/** Releases the name of a process that has exited. */
export function handleInfo(message: Down, names: Names) {
  if (!matches(["DOWN", _, "process", _, _], message)) throw noClause(message);
  return noreply(without(message[1], names));
}

/** A name as the map has it, which finds one made of parts, such as `["room", 1]`, by no other. */
const known = (name: Term, names: Names) =>
  [...names.keys()].find((other) => equal(other, name)) ?? name;

const without = (ref: Ref | undefined, names: Names) =>
  new Map([...names].filter(([, [, other]]) => other !== ref));
