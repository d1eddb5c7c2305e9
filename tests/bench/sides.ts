/**
 * The same work done by several sides, in rounds: in each, every side does a piece of it, then the next.
 *
 * The first side is the one that has goals, and is compared with the one that is the reference.
 *
 * @module
 */

import { type Spread, spread } from "./figures.ts";
import { printSpread } from "./report.ts";
import { rate, ratio, table } from "./table.ts";

/** A piece of work for several sides. */
export interface SharedWork {
  /** What the sides know it by. */
  readonly name: string;
  /** What is done, once per operation. */
  readonly title: string;
  /** How many operations a round has. */
  readonly operations: number;
  /** How many times as fast as the BEAM the first side is to be at least. Default: none. */
  readonly goal?: number;
}

/** A side that does it. */
export interface Side {
  /** The title of its column. */
  readonly name: string;
  /** Whether what it does is what the first one is compared with. Default `false`. */
  readonly isReference?: boolean;
  /** Resolves with nanoseconds per operation, or `undefined` if it cannot do that. */
  measure(work: SharedWork): Promise<number | undefined>;
}

/** What was measured of a piece of work. */
export interface SharedFigure {
  readonly name: string;
  readonly title: string;
  /** Per operation, by the name of the side: of those that can do it. */
  readonly sides: Readonly<Record<string, Spread>>;
  /** How many times as fast as the reference the first side is; `undefined` without one. */
  readonly timesBeam: number | undefined;
  readonly goal: number | undefined;
  /** Whether the goal was reached; `undefined` if there is none, or there was no BEAM. */
  readonly isReached: boolean | undefined;
}

/** How to measure. */
export interface SharedOptions {
  readonly rounds: number;
  /** Is told how far it is. Default: `console.error`. */
  readonly tell?: (progress: string) => void;
}

/** Has all sides do all work, in rounds. */
export async function measureSides(
  works: readonly SharedWork[],
  sides: readonly Side[],
  { rounds, tell = console.error }: SharedOptions,
): Promise<SharedFigure[]> {
  const all = works.map((work) => ({ work, times: sides.map(() => [] as number[]) }));
  for (let round = 1; round <= rounds; round++) {
    for (const { work, times } of all) {
      tell(`round ${round} of ${rounds}: ${work.name}`);
      for (const [at, side] of sides.entries()) {
        const time = await side.measure(work);
        if (time !== undefined) times[at]!.push(time);
      }
    }
  }
  return all.map(({ work, times }) => figureOf(work, sides, times));
}

function figureOf(
  { name, title, goal }: SharedWork,
  sides: readonly Side[],
  times: readonly (readonly number[])[],
): SharedFigure {
  const spreads = times.map((each) => each.length === 0 ? undefined : spread(each));
  const [first, reference] = [spreads[0], spreads[sides.findIndex((side) => side.isReference)]];
  const timesBeam = first && reference && reference.median / first.median;
  return {
    name,
    title,
    sides: Object.fromEntries(
      sides.flatMap((side, at) => spreads[at] === undefined ? [] : [[side.name, spreads[at]]]),
    ),
    timesBeam,
    goal,
    isReached: goal === undefined || timesBeam === undefined ? undefined : timesBeam >= goal,
  };
}

/** Writes figures as a table, with a column for each side. */
export function printSides(what: string, figures: readonly SharedFigure[]): string {
  const names = [...new Set(figures.flatMap(({ sides }) => Object.keys(sides)))];
  const right = (title: string) => ({ title, align: "right" as const });
  const hasBeam = figures.some(({ timesBeam }) => timesBeam !== undefined);
  const columns = [
    { title: what },
    ...names.map(right),
    right(`rate of ${names[0]}`),
    ...(hasBeam ? [right("times the BEAM")] : []),
  ];
  return table(
    columns,
    figures.map(({ title, sides, timesBeam }) => [
      title,
      ...names.map((name) => printSpread(sides[name], "ns")),
      sides[names[0]!] === undefined ? "" : rate(sides[names[0]!]!.median),
      ...(hasBeam ? [timesBeam === undefined ? "" : ratio(timesBeam)] : []),
    ]),
  );
}
