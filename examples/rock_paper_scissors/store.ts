/**
 * What outlives a crash: who waits, and the moves of the games under way. It is kept by a process that does
 * nothing else, so that nothing takes it down.
 *
 * @module
 */

import { Agent, type Pid } from "@denotp/otp";
import type { Move } from "./core.ts";

export type Player = readonly [name: string, pid: Pid];
/** The moves of a round, by the names of the players. */
export type Moves = Readonly<Record<string, Move>>;

interface Saved {
  readonly waiting: Player | undefined;
  readonly lastId: number;
  readonly games: ReadonlyMap<number, Moves>;
}

const STORE = "RPS.Store";

export const startLink = () =>
  Agent.startLink<Saved>(() => ({ waiting: undefined, lastId: 0, games: new Map() }), {
    name: STORE,
  });

export const waiting = () => Agent.get(STORE, (saved: Saved) => saved.waiting);
export const setWaiting = (waiting: Player | undefined) =>
  Agent.update(STORE, (saved: Saved) => ({ ...saved, waiting }));

export const nextId = () =>
  Agent.getAndUpdate(
    STORE,
    (saved: Saved) => [saved.lastId + 1, { ...saved, lastId: saved.lastId + 1 }],
  );

export const moves = (id: number) => Agent.get(STORE, ({ games }: Saved) => games.get(id));
export const setMoves = (id: number, moves: Moves) =>
  Agent.update(STORE, (saved: Saved) => ({ ...saved, games: new Map(saved.games).set(id, moves) }));
export const forget = (id: number) =>
  Agent.update(STORE, (saved: Saved) => ({
    ...saved,
    games: new Map([...saved.games].filter(([other]) => other !== id)),
  }));
