/**
 * A game of two players, round by round, until one has won or left. If it crashes, it goes on where it was.
 *
 * @module
 */

import {
  _,
  type ChildSpec,
  GenServer,
  matches,
  noreply,
  ok,
  type Pid,
  Process,
  type Ref,
  Registry,
  type Reply,
  reply,
  send,
  stop,
} from "@denotp/otp";
import { noClause } from "../no_clause.ts";
import * as Core from "./core.ts";
import * as Game from "./game.ts"; // __MODULE__
import * as Store from "./store.ts";

type Argument = readonly [id: number, one: Store.Player, other: Store.Player];

interface State {
  readonly id: number;
  readonly players: Readonly<Record<string, Pid>>;
  readonly moves: Store.Moves;
}

type Move = readonly ["move", name: string, move: string];
type Refusal = "not_a_player" | "bad_move" | "already_moved";
type Moved = "ok" | readonly ["error", Refusal];

/** A game that is over has ended as it should: it is not started again. */
export const childSpec = (argument: Argument): ChildSpec =>
  GenServer.childSpec(Game, argument, { restart: "transient" });

export const via = (id: number) => ["via", Registry, ["RPS.Registry", id]] as const;
const game = (id: number): GenServer.ServerRef<typeof Game> => via(id);

export const startLink = (argument: Argument) =>
  GenServer.startLink(Game, argument, { name: via(argument[0]) });

export const move = (id: number, name: string, move: string) =>
  GenServer.call(game(id), ["move", name, move]);
export const crash = (id: number) => GenServer.cast(game(id), "crash");
export const whereis = (id: number) => GenServer.whereis(game(id));

export async function init([id, one, other]: Argument) {
  const players = Object.fromEntries([one, other]);
  for (const [, pid] of [one, other]) Process.monitor(pid);
  const moves = await Store.moves(id);
  if (moves !== undefined) {
    for (const [, pid] of [one, other]) send(pid, ["rps", "resumed", id]);
    return ok<State>({ id, players, moves });
  }
  await Store.setMoves(id, {});
  send(one[1], ["rps", "matched", id, other[0]]);
  send(other[1], ["rps", "matched", id, one[0]]);
  return ok<State>({ id, players, moves: {} });
}

export async function handleCall(
  request: Move,
  _from: GenServer.From,
  state: State,
): Promise<Reply<Moved, State>> {
  if (!matches(["move", _, _], request)) throw noClause(request);
  const [, name, move] = request;
  if (!Object.hasOwn(state.players, name)) return reply(["error", "not_a_player"], state);
  if (!Core.isMove(move)) return reply(["error", "bad_move"], state);
  if (Object.hasOwn(state.moves, name)) return reply(["error", "already_moved"], state);
  const moved = await save(state, { ...state.moves, [name]: move });
  return reply("ok", moved, ["continue", "judge"]);
}

export function handleCast(request: "crash", _state: State): never {
  if (request === "crash") throw new Error("Boom");
  throw noClause(request);
}

export async function handleContinue(_judge: "judge", state: State) {
  const [one, other] = Object.entries(state.moves).sort();
  if (one === undefined || other === undefined) return noreply(state);
  tell(state, one, other);
  tell(state, other, one);
  return one[1] === other[1] ? noreply(await save(state, {})) : over(state);
}

type Down = readonly ["DOWN", Ref, "process", Pid, reason: unknown];

/** A player has gone: the other hears of it, and the game is over. */
export function handleInfo(message: Down, state: State) {
  if (!matches(["DOWN", _, "process", _, _], message)) throw noClause(message);
  const players = Object.entries(state.players);
  const gone = players.find(([, pid]) => pid === message[3]);
  for (const [name, pid] of players) {
    if (name !== gone?.[0]) send(pid, ["rps", "opponent_left", state.id, gone?.[0]]);
  }
  return over(state);
}

type Made = readonly [name: string, move: Core.Move];

function tell({ id, players }: State, [name, mine]: Made, [, theirs]: Made): void {
  send(players[name]!, ["rps", Core.judge(mine, theirs), id, mine, theirs]);
}

async function save(state: State, moves: Store.Moves): Promise<State> {
  await Store.setMoves(state.id, moves);
  return { ...state, moves };
}

async function over(state: State) {
  await Store.forget(state.id);
  return stop("normal", state);
}
