/**
 * Very many: what one of a thousand costs, and what one of a million does.
 *
 * Each row is run in a process of its own, after a warm-up, so that it has a heap and an engine to itself.
 * What is to be flat is the cost per item; up to a factor of about three the memory caches of the machine
 * account for it. The cases, and how they are measured, are those of `scale_cases.ts`.
 *
 * Needs `--allow-run=deno`.
 *
 * @module
 */

import { type Case, CASES, type Sample } from "./scale_cases.ts";
import { bytes, ns, ratio, table } from "./table.ts";

/** What one of `size` costs. */
export interface ScaleRow extends Sample {
  /** The name of the case. */
  readonly name: string;
  readonly size: number;
}

/** Options of {@linkcode scale}. */
export interface ScaleOptions {
  /** Which cases. Default: all. */
  readonly cases?: readonly Case[];
  /** The most items. Default `Infinity`: as many as the case has. */
  readonly maxSize?: number;
}

/** A million servers with their state fit into a third of this. */
const MAX_HEAP_MIB = 4096;

/** Runs all cases in all sizes, and yields a row for each as soon as there is one. */
export async function* scale(
  { cases = CASES, maxSize = Infinity }: ScaleOptions = {},
): AsyncGenerator<ScaleRow> {
  for (const { name, sizes } of cases) {
    for (const size of sizes) if (size <= maxSize) yield { name, size, ...await run(name, size) };
  }
}

async function run(name: string, size: number): Promise<Sample> {
  const program = new URL("scale_cases.ts", import.meta.url).href;
  const flags = `--v8-flags=--expose-gc,--max-old-space-size=${MAX_HEAP_MIB}`;
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-check", flags, program, name, String(size)],
    cwd: new URL("../..", import.meta.url),
    stdin: "null",
  }).output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output);
  if (success) return JSON.parse(text(stdout));
  throw new Error(`Cannot measure ${name} with ${size}: the process failed\n${text(stderr)}`);
}

/**
 * Writes the rows as a table. The last column says how many times the time for one item is of what it
 * was with the fewest: what is linear stays about the same.
 */
export function printScale(rows: readonly ScaleRow[]): string {
  const columns = [
    { title: "many" },
    ...["items", "make", "use", "end", "memory", "time of the fewest"]
      .map((title) => ({ title, align: "right" as const })),
  ];
  return table(
    columns,
    rows.map((row, at) => {
      const fewest = rows.find(({ name }) => name === row.name)!;
      return [
        at === rows.indexOf(fewest) ? row.name : "",
        row.size.toLocaleString("en"),
        ...STAGES.map((stage) => stageOf(row.name)[stage] === "-" ? "" : ns(row[stage])),
        row.bytes === undefined ? "" : bytes(row.bytes),
        fewest === row ? "" : ratio(total(row) / total(fewest)),
      ];
    }),
  );
}

/** Describes what is made, used and stopped in each case. */
export function printCases(cases: readonly Case[] = CASES): string {
  return table(
    ["many", ...STAGES].map((title) => ({ title })),
    cases.map((each) => [each.name, ...STAGES.map((stage) => each[stage])]),
  );
}

const STAGES = ["make", "use", "end"] as const;

function stageOf(name: string): Case {
  return CASES.find((each) => each.name === name)!;
}

function total(row: ScaleRow): number {
  return row.make + row.use + row.end;
}
