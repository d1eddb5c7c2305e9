/**
 * The codec of Erlang's external term format, in each of its mappings, beside `term_to_binary` and
 * `binary_to_term` on the BEAM, and beside a package of npm.
 *
 * Each side is a program of its own, started once: `codec_program.ts` and `codec.exs`.
 *
 * Needs `--allow-run=deno,elixir`; the package has to be fetched, or is left out.
 *
 * @module
 */

import { Program } from "./program.ts";
import {
  measureSides,
  type SharedFigure,
  type SharedOptions,
  type SharedWork,
  type Side,
} from "./sides.ts";

/** Written in JavaScript: those that are native do not load in Deno without a `node_modules`. */
const PACKAGES = ["npm:etf.js@1.0.1"];

/** What is encoded and decoded, by its name in the programs, and how often. */
const TERMS: readonly (readonly [name: string, title: string, operations: number])[] = [
  ["control", "a control tuple", 100_000],
  ["call", "a call", 50_000],
  ["record", "a record of 7 fields", 50_000],
  ["integers", "a list of 1000 integers", 2000],
  ["rows", "a list of 100 rows", 1000],
  ["text", "a text of 10 KB", 5000],
];

/** Both directions of all terms. */
export const CODEC_WORKS: readonly SharedWork[] = ["encode", "decode"].flatMap((direction) =>
  TERMS.map(([name, title, operations]) => ({
    name: `${direction} ${name}`,
    title: `${direction} ${title}`,
    operations,
  }))
);

/** Options of {@linkcode codec}. */
export interface CodecOptions extends SharedOptions {
  readonly hasBeam: boolean;
  /** Default: all of it. */
  readonly works?: readonly SharedWork[];
  /** Which packages of npm to measure too. */
  readonly packages?: readonly string[];
}

/** Measures all sides, without the BEAM if there is none, and without a package if it cannot be had. */
export async function codec(
  { hasBeam, works = CODEC_WORKS, packages = PACKAGES, ...options }: CodecOptions,
): Promise<SharedFigure[]> {
  await using programs = new AsyncDisposableStack();
  const ours = ["natural", "own", "exact"].map((kind) =>
    side(kind, programs.use(denoProgram(kind)))
  );
  const beam = hasBeam ? [{ ...side("BEAM", programs.use(beamProgram())), isReference: true }] : [];
  const others: Side[] = [];
  for (const name of packages) {
    const other = side(name, programs.use(denoProgram(name)));
    if (await isThere(other)) others.push(other);
  }
  return await measureSides(works, [...ours, ...beam, ...others], options);
}

function side(name: string, program: Program): Side {
  return {
    name,
    async measure({ name, operations }) {
      await program.ask(`${name} ${operations}`); // For the compilers.
      const time = await program.ask(`${name} ${operations}`);
      return time === 0 ? undefined : time;
    },
  };
}

/** Whether a program does anything at all: a package may be out of reach. */
async function isThere(side: Side): Promise<boolean> {
  try {
    await side.measure({ ...CODEC_WORKS[2]!, operations: 10 });
    return true;
  } catch {
    console.error(`${side.name} is left out: it cannot be loaded`);
    return false;
  }
}

function denoProgram(which: string): Program {
  const program = new URL("codec_program.ts", import.meta.url).href;
  return new Program("deno", {
    args: ["run", "--quiet", "--no-check", "--no-lock", program, which],
    cwd: new URL("../..", import.meta.url),
  });
}

function beamProgram(): Program {
  return new Program("elixir", {
    args: ["--erl", "+S 1:1", new URL("codec.exs", import.meta.url).pathname],
  });
}
