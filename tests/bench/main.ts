/**
 * The benchmark: what everything costs, beside the platform's own limits and the same work on the BEAM.
 *
 * Run: deno task bench [--json] [--rounds N] [--no-beam] [groups and names…]
 *      deno task bench ab REV [--json] [--pairs N] [--within PERCENT] [--only NAME,…]
 *
 * A piece of work is done here, then on a BEAM with one scheduler, then on one with two, then the next is;
 * and all of that again, round after round, so that whatever else the machine does hits all sides.
 *
 * @module
 */

import { ab, printComparison, statusOf } from "./ab.ts";
import { Beam, beamVersion } from "./beam.ts";
import { printBudget, verdicts } from "./budget.ts";
import { codec } from "./codec.ts";
import { figuresOf, type Rounds } from "./figures.ts";
import { measureHere } from "./here.ts";
import { latency, printLatency } from "./latency.ts";
import { nodes } from "./nodes.ts";
import { type Options, parseArguments, parseComparison } from "./options.ts";
import { machine, printCircumstances, printFigures } from "./report.ts";
import { printCases, printScale, scale } from "./scale.ts";
import { printSides } from "./sides.ts";
import type { Work } from "./work.ts";

const SCHEDULERS = [1, 2];

/** Measures all work in rounds, here and on all the BEAMs. */
async function run(
  works: readonly Work[],
  rounds: number,
  beams: readonly Beam[],
): Promise<Rounds[]> {
  const all = works.map((work) => ({
    work,
    denotp: [] as number[],
    beam: Object.fromEntries(
      (work.isAlone ? [] : beams).map(({ schedulers }) => [schedulers, [] as number[]]),
    ),
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const { work, denotp, beam } of all) {
      console.error(`round ${round} of ${rounds}: ${work.name}`);
      denotp.push(await measureHere(work.name));
      for (const other of beams) {
        beam[other.schedulers]?.push(await other.measure(work.name, work.operations));
      }
    }
  }
  return all;
}

/** Runs all that is wanted, and returns what there is to print. */
async function bench(options: Options, command: string): Promise<string> {
  const beam = options.hasBeam ? await beamVersion() : undefined;
  const where = { ...machine(), beam, command, rounds: options.rounds };
  await using beams = new AsyncDisposableStack();
  const others = beam === undefined ? [] : SCHEDULERS.map((count) => beams.use(new Beam(count)));
  const figures = figuresOf(await run(options.works, options.rounds, others));
  await beams.disposeAsync();
  const { parts, rounds } = options;
  const shared = { rounds, hasBeam: beam !== undefined };
  const coded = parts.has("codec") ? await codec(shared) : [];
  const remote = parts.has("nodes") ? await nodes(shared) : [];
  const scaled = parts.has("scale") ? await all(scale()) : [];
  const waited = parts.has("latency") ? await all(latency()) : [];
  const budget = verdicts(figures, remote, scaled);
  if (options.isJson) {
    const data = { circumstances: where, budget, figures, codec: coded, nodes: remote };
    return JSON.stringify({ ...data, scale: scaled, latency: waited }, null, 2);
  }
  return [
    printCircumstances(where),
    ...(budget.length > 0 ? [printBudget(budget)] : []),
    ...(figures.length > 0 ? [printFigures(figures)] : []),
    ...(coded.length > 0 ? [printSides("codec", coded)] : []),
    ...(remote.length > 0 ? [printSides("between nodes", remote)] : []),
    ...(scaled.length > 0 ? [printScale(scaled), printCases()] : []),
    ...(waited.length > 0 ? [printLatency(waited)] : []),
  ].join("\n\n");
}

/** Waits for all rows, and reports each. */
async function all<Row extends object>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) {
    console.error(Object.values(row).slice(0, 2).join(": "));
    found.push(row);
  }
  return found;
}

if (import.meta.main) {
  try {
    const [first, ...rest] = Deno.args;
    if (first === "ab") {
      const options = parseComparison(rest);
      const comparison = await ab(options);
      console.log(
        options.isJson ? JSON.stringify(comparison, null, 2) : printComparison(comparison),
      );
      Deno.exitCode = statusOf(comparison);
    } else {
      const options = parseArguments(Deno.args);
      console.log(await bench(options, ["deno task bench", ...Deno.args].join(" ")));
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exitCode = 2;
  }
}
