/**
 * The arguments of the command.
 *
 * @module
 */

import { GROUPS, WORKS } from "./works.ts";
import type { Work } from "./work.ts";

/** What is no group of works: its own file says how it is measured. */
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
 * @throws {RangeError} If one is unknown, or the number of rounds is no positive integer.
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
    works: [...GROUPS].flatMap(([group, works]) =>
      works.filter(({ name }) => isWanted(group) || isWanted(name))
    ),
    parts: new Set(PARTS.filter(isWanted)),
    rounds,
    isJson,
    hasBeam,
  };
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
