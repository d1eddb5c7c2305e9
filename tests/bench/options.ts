/**
 * The arguments of the command.
 *
 * @module
 */

import { GROUPS, WORKS } from "./works.ts";
import type { Work } from "./work.ts";

/** Not groups of work: their own files say how they are measured. */
const PARTS = ["codec", "nodes", "scale", "latency"] as const;

/** One of these. */
export type Part = (typeof PARTS)[number];

/** What is to be done. */
export interface Options {
  readonly works: readonly Work[];
  /** What is measured in another way. */
  readonly parts: ReadonlySet<Part>;
  readonly rounds: number;
  readonly isJson: boolean;
  readonly hasBeam: boolean;
}

/** How many rounds there are, unless it is said. */
export const DEFAULT_ROUNDS = 5;

/**
 * Reads the arguments.
 *
 * @throws {RangeError} If one is unknown, or the number of rounds is not a positive integer.
 */
export function parseArguments(args: readonly string[]): Options {
  const names: string[] = [];
  let [rounds, isJson, hasBeam] = [DEFAULT_ROUNDS, false, true];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--json") isJson = true;
    else if (argument === "--no-beam") hasBeam = false;
    else if (argument === "--rounds") rounds = roundsOf(args[++i]);
    else names.push(known(argument));
  }
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  return {
    works: worksOf(isWanted),
    parts: new Set(PARTS.filter(isWanted)),
    rounds,
    isJson,
    hasBeam,
  };
}

/** What is to be compared. */
export interface ComparisonOptions {
  /** The other state: whatever git takes for a commit. */
  readonly revision: string;
  readonly works: readonly Work[];
  readonly pairs: number;
  /** The tolerance in percent. */
  readonly within: number;
  readonly isJson: boolean;
}

/** How many pairs there are, and what is tolerated, unless it is said. */
export const DEFAULT_PAIRS = 20;
export const DEFAULT_WITHIN = 3;

/**
 * What is compared unless it is said: the message path, all else that is cheap, and one piece of work that the
 * library has no part in (`promise`), as a control.
 */
export const COMPARED: readonly string[] = [
  ...["promise", "call", "call_from_process", "call_by_name", "call_by_via", "clients"],
  ...["clients_in_one", "cast", "ring", "ring_of_processes", "start", "spawn", "memory"],
  ...["restart_10", "start_child", "cancelled_timer", "task", "agent_get", "monitor", "exit"],
  ...["down", "whereis", "registry_lookup"],
];

/**
 * Reads the arguments that come after `ab`.
 *
 * @throws {RangeError} If one is unknown or has no such value, or there is not one revision.
 */
export function parseComparison(args: readonly string[]): ComparisonOptions {
  const revisions: string[] = [];
  let [pairs, within, isJson, only] = [DEFAULT_PAIRS, DEFAULT_WITHIN, false, COMPARED];
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--json") isJson = true;
    else if (argument === "--pairs") pairs = pairsOf(args[++i]);
    else if (argument === "--within") within = percentOf(args[++i]);
    else if (argument === "--only") only = onlyOf(args[++i]);
    else if (argument.startsWith("-")) throw unknown(argument);
    else revisions.push(argument);
  }
  if (revisions.length !== 1) {
    const found = revisions.length === 0 ? "none" : revisions.join(", ");
    throw new RangeError(`Cannot compare: expected one revision, found ${found}`);
  }
  const works = worksOf((name) => only.includes(name));
  return { revision: revisions[0]!, works, pairs, within, isJson };
}

function pairsOf(text: string | undefined): number {
  const pairs = Number(text);
  if (Number.isInteger(pairs) && pairs > 0 && pairs <= 1000) return pairs;
  throw new RangeError(
    `Cannot compare: --pairs takes an integer from 1 to 1000, found ${text ?? "nothing"}`,
  );
}

function percentOf(text: string | undefined): number {
  const percent = Number(text);
  if (percent > 0 && percent < 100) return percent;
  throw new RangeError(
    `Cannot compare: --within takes a percentage between 0 and 100, found ${text ?? "nothing"}`,
  );
}

function onlyOf(text: string | undefined): string[] {
  const names = text?.split(",") ?? [""];
  const accepted = [...GROUPS.keys(), ...WORKS.map(({ name }) => name)];
  const wrong = names.find((name) => !accepted.includes(name));
  if (wrong === undefined) return names;
  throw new RangeError(
    `Cannot compare: --only found "${wrong}", expected names of groups or pieces of work, ` +
      `separated by commas: ${accepted.join(", ")}`,
  );
}

function unknown(argument: string): RangeError {
  return new RangeError(
    `Cannot compare: found "${argument}", expected --json, --pairs N, --within PERCENT, ` +
      "--only NAME,… or a revision",
  );
}

/** The works that are wanted by their own name or by that of their group. */
function worksOf(isWanted: (name: string) => boolean): Work[] {
  return [...GROUPS].flatMap(([group, works]) =>
    works.filter(({ name }) => isWanted(group) || isWanted(name))
  );
}

function roundsOf(text: string | undefined): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds > 0) return rounds;
  throw new RangeError(
    `Cannot run the benchmarks: --rounds takes a positive integer, found ${text ?? "nothing"}`,
  );
}

function known(name: string): string {
  const groups = [...GROUPS.keys(), ...PARTS];
  if (groups.includes(name) || WORKS.some((work) => work.name === name)) return name;
  throw new RangeError(
    `Cannot run the benchmarks: found "${name}", expected --json, --rounds N, --no-beam, a group (${
      groups.join(", ")
    }) or the name of a piece of work (${WORKS.map(({ name }) => name).join(", ")})`,
  );
}
