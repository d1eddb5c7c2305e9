/**
 * The rules of rock, paper, scissors.
 *
 * @module
 */

export type Move = "rock" | "paper" | "scissors";
export type Result = "win" | "lose" | "draw";

const BEATS: Readonly<Record<Move, Move>> = { rock: "scissors", scissors: "paper", paper: "rock" };

export const isMove = (move: unknown): move is Move =>
  typeof move === "string" && Object.hasOwn(BEATS, move);

export function judge(mine: Move, theirs: Move): Result {
  if (mine === theirs) return "draw";
  return BEATS[mine] === theirs ? "win" : "lose";
}
