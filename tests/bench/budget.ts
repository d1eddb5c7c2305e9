/**
 * The performance budget: every goal there is, what was found, and whether that is enough.
 *
 * @module
 */

import type { Figure } from "./figures.ts";
import { goalOf } from "./report.ts";
import type { ScaleRow } from "./scale.ts";
import type { SharedFigure } from "./sides.ts";
import { bytes, countOf, ns, table, timesAsFast } from "./table.ts";

/** One row of it. */
export interface Verdict {
  readonly work: string;
  readonly goal: string;
  readonly found: string;
  /** `undefined` if something that the goal refers to was not measured. */
  readonly isReached: boolean | undefined;
}

const MILLION = 1_000_000;
const IDLE_BYTES = 400;
/** What nodes of denotp are compared with. */
const BETWEEN_BEAMS = "between BEAM nodes";

/** Looks at everything that was measured and has a goal. */
export function verdicts(
  figures: readonly Figure[],
  remote: readonly SharedFigure[],
  scaled: readonly ScaleRow[],
): Verdict[] {
  return [
    ...figures.filter(({ goal }) => goal !== undefined).map((figure) => ({
      work: figure.title,
      goal: goalOf(figure),
      found: foundOf(figure),
      isReached: figure.isReached,
    })),
    ...scaled.filter(({ name, size }) => name === "idle servers" && size === MILLION).map(million),
    ...remote.filter(({ goal }) => goal !== undefined).map((figure) => ({
      work: `between nodes, ${figure.title}`,
      goal: `at least ${timesAsFast(figure.goal!, BETWEEN_BEAMS)}`,
      found: figure.timesBeam === undefined ? "" : timesAsFast(figure.timesBeam, BETWEEN_BEAMS),
      isReached: figure.isReached,
    })),
  ];
}

function foundOf({ goal, denotp, unit, timesBeam, timesBaseline, baseline }: Figure): string {
  const { atMost, ...times } = goal!;
  const parts: string[] = [];
  if (times.timesBeam !== undefined && timesBeam !== undefined) {
    parts.push(timesAsFast(timesBeam, "the BEAM"));
  }
  if (times.timesBaseline !== undefined && timesBaseline !== undefined) {
    parts.push(`costs ${countOf(timesBaseline, baseline!)}`);
  }
  if (atMost !== undefined) parts.push((unit === "ns" ? ns : bytes)(denotp.median));
  return parts.join("; ");
}

function million(row: ScaleRow): Verdict {
  return {
    work: "one million idle GenServers, each with its state",
    goal: `at most ${bytes(IDLE_BYTES)} each`,
    found: row.bytes === undefined ? "" : bytes(row.bytes),
    isReached: row.bytes === undefined ? undefined : row.bytes <= IDLE_BYTES,
  };
}

/** Writes the verdicts as a table. */
export function printBudget(rows: readonly Verdict[]): string {
  return table(
    ["work", "goal", "measured", "reached"].map((title) => ({ title })),
    rows.map(({ work, goal, found, isReached }) => [work, goal, found, reached(isReached)]),
  );
}

function reached(isReached: boolean | undefined): string {
  return isReached === undefined ? "?" : isReached ? "yes" : "no";
}
