/**
 * Figures: what was measured over some rounds, its median and spread, and whether it reaches its goal.
 *
 * @module
 */

import type { Goal, Work } from "./work.ts";

/** Several measurements of the same: nanoseconds or bytes per operation. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What was measured of a piece of work. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly unit: "ns" | "bytes";
  /** Per operation, here. */
  readonly denotp: Spread;
  /** The multiple of the baseline; `undefined` if there is none, or it was not measured. */
  readonly timesBaseline: number | undefined;
  /** What several of the baseline are called. */
  readonly baseline: string | undefined;
  /** Per operation, on the BEAM: by number of schedulers. */
  readonly beam: Readonly<Record<number, Spread>>;
  /** How many times as fast (or as small) as the better of them; `undefined` without one. */
  readonly timesBeam: number | undefined;
  readonly goal: Goal | undefined;
  /**
   * Whether the goal was reached; `undefined` if there is none, or something that it refers to was not
   * measured.
   */
  readonly isReached: boolean | undefined;
}

/** The measurements of a piece of work, one a round. */
export interface Rounds {
  readonly work: Work;
  readonly denotp: readonly number[];
  /** By number of schedulers. */
  readonly beam: Readonly<Record<number, readonly number[]>>;
}

/** Finds the median of some numbers, and both ends. @throws {RangeError} If there are none. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Cannot find a median: there are no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** Makes figures of measurements. */
export function figuresOf(all: readonly Rounds[]): Figure[] {
  const medians = new Map(all.map(({ work, denotp }) => [work.name, spread(denotp).median]));
  const plurals = new Map(all.map(({ work }) => [work.name, work.plural]));
  return all.map(({ work, denotp, beam }) => {
    const here = spread(denotp);
    const there = Object.fromEntries(
      Object.entries(beam).map(([n, rounds]) => [n, spread(rounds)]),
    );
    const best = Math.min(...Object.values(there).map(({ median }) => median));
    const baseline = medians.get(work.baseline ?? "");
    const timesBaseline = baseline === undefined ? undefined : here.median / baseline;
    const timesBeam = best === Infinity ? undefined : best / here.median;
    return {
      name: work.name,
      title: work.title,
      unit: work.unit ?? "ns",
      denotp: here,
      timesBaseline,
      baseline: plurals.get(work.baseline ?? ""),
      beam: there,
      timesBeam,
      goal: work.goal,
      isReached: isReached(work.goal, { median: here.median, timesBaseline, timesBeam }),
    };
  });
}

function isReached(
  goal: Goal | undefined,
  found: { median: number; timesBaseline: number | undefined; timesBeam: number | undefined },
): boolean | undefined {
  if (goal === undefined) return undefined;
  const parts: (boolean | undefined)[] = [];
  if (goal.atMost !== undefined) parts.push(found.median <= goal.atMost);
  if (goal.timesBaseline !== undefined) {
    parts.push(holds(found.timesBaseline, (times) => times <= goal.timesBaseline!));
  }
  if (goal.timesBeam !== undefined) {
    parts.push(holds(found.timesBeam, (times) => times >= goal.timesBeam!));
  }
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function holds(
  found: number | undefined,
  isEnough: (found: number) => boolean,
): boolean | undefined {
  return found === undefined ? undefined : isEnough(found);
}
