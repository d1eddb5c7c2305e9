/**
 * Compares the current state of the library with another revision: is a path slower?
 *
 * Each pair is two processes, one per side, which do the same piece of work one after the other; which one is
 * first alternates. All work is done in each pair, so that other load of the machine affects all of it. Both sides
 * are measured by the current program: of the other revision only `mod.ts` is imported.
 *
 * Needs `--allow-run=deno,git,tar --allow-write=.bench --allow-sys=cpus`.
 *
 * @module
 */

import { CONFIDENCE, type Ratio, ratioOf, type Verdict, verdictOf } from "./comparison.ts";
import { type Spread, spread } from "./figures.ts";
import { Interrupted, measureHere, THIS_MODULE } from "./here.ts";
import type { ComparisonOptions } from "./options.ts";
import { type Machine, machine, printMachine, printSpread } from "./report.ts";
import { checkOut, stateName } from "./revision.ts";
import { table } from "./table.ts";
import type { Work } from "./work.ts";

/** Resolves with what a piece of work takes in one state. Rejects with `Interrupted` if it is to stop. */
export type State = (work: Work) => Promise<number>;

/** The measurements of a piece of work in both states, a pair a round. */
export interface Pairs {
  readonly work: Work;
  readonly pairs: readonly (readonly [here: number, there: number])[];
}

/** A piece of work in both states, and whether the one is slower. */
export interface Compared {
  readonly name: string;
  readonly title: string;
  readonly unit: "ns" | "bytes";
  /** Per operation. */
  readonly here: Spread;
  readonly there: Spread;
  readonly ratio: Ratio;
  readonly verdict: Verdict;
}

/** What was compared, and what came out. */
export interface Comparison {
  readonly machine: Machine;
  /** The names of the two states. */
  readonly here: string;
  readonly there: string;
  /** The tolerance in percent. */
  readonly within: number;
  readonly isInterrupted: boolean;
  readonly compared: readonly Compared[];
}

/** Options of {@linkcode measurePairs}. */
export interface PairsOptions {
  readonly pairs: number;
  /** Is told how far it is. Default: `console.error`. */
  readonly tell?: (progress: string) => void;
}

/** Measures all work in pairs; fewer of them, and of the last ones not all work, if it is interrupted. */
export async function measurePairs(
  works: readonly Work[],
  [here, there]: readonly [here: State, there: State],
  { pairs: count, tell = console.error }: PairsOptions,
): Promise<{ all: Pairs[]; isInterrupted: boolean }> {
  const all = works.map((work) => ({ work, pairs: [] as [number, number][] }));
  const start = performance.now();
  try {
    for (let pair = 0; pair < count; pair++) {
      for (const [at, { work, pairs }] of all.entries()) {
        if ((pair + at) % 2 === 0) {
          const first = await here(work);
          pairs.push([first, await there(work)]);
        } else {
          const first = await there(work);
          pairs.push([await here(work), first]);
        }
      }
      const left = (performance.now() - start) / (pair + 1) * (count - pair - 1);
      tell(`pair ${pair + 1} of ${count}: about ${Math.round(left / 1000)} s left`);
    }
    return { all, isInterrupted: false };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return { all, isInterrupted: true };
  }
}

/** Compares what was measured, as far as it was. */
export function compare(all: readonly Pairs[], within: number): Compared[] {
  return all.filter(({ pairs }) => pairs.length > 0).map(({ work, pairs }) => {
    const ratio = ratioOf(pairs);
    return {
      name: work.name,
      title: work.title,
      unit: work.unit ?? "ns",
      here: spread(pairs.map(([here]) => here)),
      there: spread(pairs.map(([, there]) => there)),
      ratio,
      verdict: verdictOf(ratio, within),
    };
  });
}

/** Writes a comparison as a list, a table and a line that sums it up. */
export function printComparison(comparison: Comparison): string {
  const { here, there, within, isInterrupted, compared } = comparison;
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [
    { title: "work" },
    ...["this state", "the other", "ratio", `${CONFIDENCE * 100} % interval`, "width", "pairs"]
      .map(right),
    { title: "verdict" },
  ];
  const rows = compared.map(({ title, unit, here, there, ratio, verdict }) => [
    title,
    printSpread(here, unit),
    printSpread(there, unit),
    ratio.median.toFixed(3),
    ratio.interval?.map((end) => end.toFixed(3)).join(" – ") ?? "",
    ratio.interval === undefined ? "" : percent(ratio.interval[1] - ratio.interval[0]),
    String(ratio.pairs),
    verdict === "not decided" ? `${verdict}: ${reasonOf(ratio)}` : verdict,
  ]);
  const count = (verdict: Verdict) => compared.filter((each) => each.verdict === verdict).length;
  return [
    [
      printMachine(comparison.machine),
      `- this state: ${here}; the other: ${there}`,
      "- CPU time per operation: medians of the pairs, least and most in brackets; ratio: this state / the other",
    ].join("\n"),
    table(columns, rows),
    `${isInterrupted ? "Interrupted. " : ""}Of ${compared.length}: ${count("within")} within ` +
    `${within} %, ${count("slower")} slower, ${count("faster")} faster, ${
      count("not decided")
    } not decided`,
  ].join("\n\n");
}

function reasonOf({ interval }: Ratio): string {
  return interval === undefined ? "too few pairs" : "interval too wide";
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Compares with another revision until it is done or interrupted (Ctrl+C). */
export async function ab(options: ComparisonOptions): Promise<Comparison> {
  const interrupt = new AbortController();
  const abort = () => interrupt.abort();
  Deno.addSignalListener("SIGINT", abort);
  using listening = new DisposableStack();
  listening.defer(() => Deno.removeSignalListener("SIGINT", abort));
  await using other = await checkOut(options.revision);
  const stateOf = (module: string): State => (work) =>
    measureHere(work.name, { isShort: true, module, signal: interrupt.signal });
  const states = [stateOf(THIS_MODULE), stateOf(other.module)] as const;
  const here = await stateName(); // as it is now, whatever is committed meanwhile
  const { all, isInterrupted } = await measurePairs(options.works, states, options);
  return {
    machine: machine(),
    here,
    there: other.name,
    within: options.within,
    isInterrupted,
    compared: compare(all, options.within),
  };
}

/** The exit status: 1 if something is slower for certain, 130 if it was interrupted, else 0. */
export function statusOf({ compared, isInterrupted }: Comparison): number {
  if (compared.some(({ verdict }) => verdict === "slower")) return 1;
  return isInterrupted ? 130 : 0;
}
