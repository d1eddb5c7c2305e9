/**
 * A long run: mixed load for minutes, to see whether anything grows that should not, and whether the last
 * minute does as much as the first.
 *
 * Run: deno task soak [MINUTES [SEED]]
 *
 * After each round of the load, when it has come to rest, all internal tables must have the sizes that they
 * had after the first (`tables.ts`). The run has ten parts, of which the first is the warm-up. After each
 * the garbage is collected; at the end the least heap of the last three parts may be larger than that of
 * the three after the warm-up by {@linkcode HEAP_TOLERANCE} and {@linkcode HEAP_SLACK}, and the median throughput of the
 * last three must be at least {@linkcode LEAST_THROUGHPUT} of that of those three.
 *
 * The exit status is 0 if all that holds, else 1.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Logger } from "../../mod.ts";
import { bytes } from "../bench/table.ts";
import { Chance } from "../chaos/tree.ts";
import { randomSeed } from "../chaos/run.ts";
import { inProcess, settled } from "../helpers.ts";
import { Load, REGISTRIES } from "./load.ts";
import { sizes } from "./tables.ts";

/** How much more heap there may be at the end: a share of what there was, … */
export const HEAP_TOLERANCE = 0.03;
/** … and a number of bytes for compiled code, which varies. */
export const HEAP_SLACK = 512 * 1024;
/** Which share of the first throughput the last must be. The machine may have other things to do. */
export const LEAST_THROUGHPUT = 0.75;

const PARTS = 10;
const COMPARED = 3;

/** What one part of a run came to. */
export interface Part {
  readonly deeds: number;
  readonly seconds: number;
  /** Bytes in use after a collection; 0 where none can be asked for. */
  readonly heap: number;
}

/** Options of {@linkcode soak}. */
export interface SoakOptions {
  readonly seed: number;
  /** Called after each round; returns whether there is another. */
  goOn(deeds: number): boolean;
}

/**
 * Runs the load round after round, and resolves with the number of deeds.
 *
 * @throws {AssertionError} If a table has another size after a round than after the first.
 */
export function soak({ seed, goOn }: SoakOptions): Promise<number> {
  return inProcess(async () => {
    const previous = Logger.setHandler(() => {});
    try {
      const load = await Load.start(new Chance(seed).below(2 ** 32));
      // The first round starts what the library itself starts when it is first needed.
      let deeds = await load.round();
      const before = await resting();
      do {
        deeds += await load.round();
        assertEquals(await resting(), before, `the tables, after ${deeds} deeds with seed ${seed}`);
      } while (goOn(deeds));
      return deeds;
    } finally {
      Logger.setHandler(previous);
    }
  });
}

async function resting() {
  await settled();
  return await sizes(REGISTRIES);
}

/** What is wrong with the parts of a run; `undefined` if nothing is. */
export function verdict(parts: readonly Part[]): string | undefined {
  const early = parts.slice(1, 1 + COMPARED);
  const late = parts.slice(-COMPARED);
  const least = (some: readonly Part[]) => Math.min(...some.map(({ heap }) => heap));
  const allowed = least(early) * (1 + HEAP_TOLERANCE) + HEAP_SLACK;
  if (least(late) > allowed) {
    return `the heap has grown from ${bytes(least(early))} to ${bytes(least(late))}, and may to ${
      bytes(allowed)
    }`;
  }
  const share = throughput(late) / throughput(early);
  if (share >= LEAST_THROUGHPUT) return undefined;
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  return `the throughput is ${percent(share)} of what it was, and must be ${
    percent(LEAST_THROUGHPUT)
  }`;
}

/** The median of deeds a second. */
function throughput(parts: readonly Part[]): number {
  const rates = parts.map(({ deeds, seconds }) => deeds / seconds).sort((a, b) => a - b);
  return rates[rates.length >> 1]!;
}

/** Runs the program: `print` gets its lines. */
export async function main(
  [minutes = "10", seed = String(randomSeed())]: readonly string[],
  print: (line: string) => void,
): Promise<0 | 1> {
  if (!(Number(minutes) > 0) || !/^\d+$/.test(seed)) {
    print("usage: deno task soak [MINUTES [SEED]]   (10 minutes, a random seed)");
    return 1;
  }
  print(`Soak with seed ${seed}: ${minutes} minutes in ${PARTS} parts`);
  const partMs = Number(minutes) * 60_000 / PARTS;
  const parts: Part[] = [];
  let [start, before] = [performance.now(), 0];
  const goOn = (deeds: number): boolean => {
    const now = performance.now();
    if (now - start < partMs) return true;
    parts.push({ deeds: deeds - before, seconds: (now - start) / 1000, heap: heap() });
    print(describe(parts.at(-1)!));
    [start, before] = [performance.now(), deeds];
    return parts.length < PARTS;
  };
  try {
    const deeds = await soak({ seed: Number(seed), goOn });
    const wrong = verdict(parts);
    print(`${deeds} deeds: ${wrong ?? "nothing has grown, and it is as fast as it was"}`);
    return wrong === undefined ? 0 : 1;
  } catch (error) {
    print((error as Error).message);
    return 1;
  }
}

function describe({ deeds, seconds, heap }: Part): string {
  const rate = Math.round(deeds / seconds).toLocaleString("en");
  return `${seconds.toFixed(0).padStart(4)} s ${rate.padStart(8)} deeds/s ${
    bytes(heap).padStart(10)
  } of heap`;
}

function heap(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return gc === undefined ? 0 : Deno.memoryUsage().heapUsed;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args, console.log);
