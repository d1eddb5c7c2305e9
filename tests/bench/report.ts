/**
 * The report: tables of figures, and what machine they are of.
 *
 * @module
 */

import { cpus } from "node:os";
import type { Figure, Spread } from "./figures.ts";
import type { Goal } from "./work.ts";
import { bytes, countOf, ns, rate, ratio, table, timesAsFast } from "./table.ts";

/** Where and when something was measured. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
  readonly deno: string;
  readonly v8: string;
}

/** The same, and how. */
export interface Circumstances extends Machine {
  /** The BEAM that was beside it; `undefined` without one. */
  readonly beam: string | undefined;
  readonly command: string;
  readonly rounds: number;
}

/** Tells where one is. Needs `--allow-sys=cpus`. */
export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    os: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
}

/** Writes the machine and the date as a list. */
export function printMachine({ date, cpu, cores, os, deno, v8 }: Machine): string {
  return [
    `- machine: ${cpu}, ${cores} cores, ${os}`,
    `- versions: Deno ${deno}, V8 ${v8}`,
    `- date: ${date}`,
  ].join("\n");
}

/** Writes the circumstances as a list. */
export function printCircumstances(here: Circumstances): string {
  return [
    printMachine(here),
    `- beside it: ${here.beam ?? "no BEAM"}`,
    `- command: \`${here.command}\`; medians of ${here.rounds} rounds, lowest and highest in brackets`,
  ].join("\n");
}

/** Writes figures as a table, with two columns more for each number of schedulers of the BEAM. */
export function printFigures(figures: readonly Figure[]): string {
  const right = (title: string) => ({ title, align: "right" as const });
  const schedulers = [...new Set(figures.flatMap(({ beam }) => Object.keys(beam).map(Number)))];
  const columns = [
    { title: "work" },
    right("each"),
    right("rate"),
    right("costs as much as"),
    ...schedulers.map((count) => right(`BEAM, ${count} scheduler${count === 1 ? "" : "s"}`)),
    ...(schedulers.length > 0 ? [right("times the BEAM")] : []),
    { title: "goal" },
    { title: "reached" },
  ];
  const rows = figures.map((figure) => [
    figure.title,
    printSpread(figure.denotp, figure.unit),
    figure.unit === "ns" ? rate(figure.denotp.median) : "",
    figure.timesBaseline === undefined ? "" : countOf(figure.timesBaseline, figure.baseline!),
    ...schedulers.map((count) => printSpread(figure.beam[count], figure.unit)),
    ...(schedulers.length > 0
      ? [figure.timesBeam === undefined ? "" : ratio(figure.timesBeam)]
      : []),
    goalOf(figure),
    figure.goal === undefined
      ? ""
      : figure.isReached === undefined
      ? "?"
      : figure.isReached
      ? "yes"
      : "no",
  ]);
  return table(columns, rows);
}

/** Writes a median, and both ends in brackets. */
export function printSpread(spread: Spread | undefined, unit: "ns" | "bytes"): string {
  if (spread === undefined) return "";
  const write = unit === "ns" ? ns : bytes;
  return `${write(spread.median)} (${write(spread.min)} – ${write(spread.max)})`;
}

/** Writes what is to be reached. */
export function goalOf({ goal = {}, unit, baseline = "times the baseline" }: Figure): string {
  const { timesBeam, timesBaseline, atMost }: Goal = goal;
  const parts: string[] = [];
  if (timesBeam !== undefined) parts.push(`at least ${timesAsFast(timesBeam, "the BEAM")}`);
  if (timesBaseline !== undefined) parts.push(`costs at most ${countOf(timesBaseline, baseline)}`);
  if (atMost !== undefined) parts.push(`at most ${unit === "ns" ? ns(atMost) : bytes(atMost)}`);
  return parts.join("; ");
}
