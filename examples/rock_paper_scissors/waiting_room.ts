/**
 * The waiting room, which has one chair. A second player plays with the waiting one. If the room crashes, its
 * guest keeps the chair; if the guest is gone, the chair is free.
 *
 * @module
 */

import {
  _,
  type ChildSpec,
  DynamicSupervisor,
  GenServer,
  matches,
  noreply,
  ok,
  type Pid,
  Process,
  type Ref,
  type Reply,
  reply,
  unwrap,
} from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Game from "./game.ts";
import * as Store from "./store.ts";
import * as WaitingRoom from "./waiting_room.ts"; // __MODULE__

type State = readonly [name: string, pid: Pid, ref: Ref] | undefined;
type From = GenServer.From;

type Join = readonly ["join", name: string];
type Joined =
  | "waiting"
  | readonly ["playing", id: number]
  | readonly ["error", "already_waiting" | "name_taken"];
type Left = "ok" | readonly ["error", "not_waiting"];

const ROOM: GenServer.ServerRef<typeof WaitingRoom> = "RPS.WaitingRoom";

export const childSpec = (argument: unknown): ChildSpec =>
  GenServer.childSpec(WaitingRoom, argument);

export const startLink = (_argument: unknown) =>
  GenServer.startLink(WaitingRoom, undefined, { name: "RPS.WaitingRoom" });

export const join = (name: string) => GenServer.call(ROOM, ["join", name]);
export const leave = () => GenServer.call(ROOM, "leave");
export const waiting = () => GenServer.call(ROOM, "waiting");
export const crash = () => GenServer.cast(ROOM, "crash");

export async function init() {
  const player = await Store.waiting();
  return ok<State>(player && [...player, Process.monitor(player[1])]);
}

export function handleCall(request: Join, from: From, state: State): Promise<Reply<Joined, State>>;
export function handleCall(request: "leave", from: From, state: State): Promise<Reply<Left, State>>;
export function handleCall(
  request: "waiting",
  from: From,
  state: State,
): Promise<Reply<string | undefined, State>>;
export async function handleCall(
  request: Join | "leave" | "waiting",
  [client]: From,
  state: State,
): Promise<Reply<unknown, State>> {
  if (matches(["join", _], request)) return await joined([request[1], client], state);
  if (request === "leave") {
    if (state?.[1] !== client) return reply(["error", "not_waiting"], state);
    await free(state);
    return reply("ok", undefined);
  }
  if (request === "waiting") return reply(state?.[0], state);
  throw noClause(request);
}

async function joined([name, pid]: Store.Player, state: State): Promise<Reply<Joined, State>> {
  if (state === undefined) {
    await Store.setWaiting([name, pid]);
    return reply("waiting", [name, pid, Process.monitor(pid)]);
  }
  const [other, otherPid] = state;
  if (otherPid === pid) return reply(["error", "already_waiting"], state);
  if (other === name) return reply(["error", "name_taken"], state);
  await free(state);
  const id = await Store.nextId();
  const players = [[other, otherPid], [name, pid]] as const;
  unwrap(await DynamicSupervisor.startChild("RPS.Games", [Game, [id, ...players]]));
  return reply(["playing", id], undefined);
}

async function free([, , ref]: NonNullable<State>): Promise<void> {
  Process.demonitor(ref, ["flush"]);
  await Store.setWaiting(undefined);
}

export function handleCast(request: "crash", _state: State): never {
  if (request === "crash") throw new Error("Boom");
  throw noClause(request);
}

type Down = readonly ["DOWN", Ref, "process", Pid, reason: unknown];

export async function handleInfo(message: Down, state: State) {
  if (!matches(["DOWN", _, "process", _, _], message)) throw noClause(message);
  if (message[1] !== state?.[2]) return noreply(state);
  await Store.setWaiting(undefined);
  return noreply<State>(undefined);
}
