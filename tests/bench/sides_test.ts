/**
 * The benchmarks of several sides, without a clock: that every program does its work, and that the figures say
 * what they are to say.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { MappingKind } from "../../lib/node/etf/mapping.ts";
import { hasElixir } from "../node/beam.ts";
import { printBudget, verdicts } from "./budget.ts";
import { codec, CODEC_WORKS } from "./codec.ts";
import { codecOf } from "./codec_program.ts";
import { figuresOf } from "./figures.ts";
import { nodes, REMOTE_WORKS } from "./nodes.ts";
import { Program } from "./program.ts";
import { measureSides, printSides, type SharedWork, type Side } from "./sides.ts";

const WORK: SharedWork = { name: "some", title: "some work", operations: 10, goal: 2 };

/** A side that takes these times, one after another. */
function side(name: string, ...times: (number | undefined)[]): Side {
  return { name, measure: () => Promise.resolve(times.shift()) };
}

const tell = () => {};

const cellsOf = (text: string) =>
  text.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

Deno.test("measureSides() compares the medians of the first side and of the reference", async () => {
  const beam = { ...side("BEAM", 300, 500, 200), isReference: true };
  const [figure] = await measureSides([WORK], [side("here", 100, 90, 300), beam], {
    rounds: 3,
    tell,
  });
  assertEquals(figure!.sides, {
    here: { median: 100, min: 90, max: 300 },
    BEAM: { median: 300, min: 200, max: 500 },
  });
  assertEquals([figure!.timesBeam, figure!.isReached], [3, true]);
});

Deno.test("measureSides() says that a goal is missed, and leaves it open without a reference", async () => {
  const beam = { ...side("BEAM", 199), isReference: true };
  const [missed] = await measureSides([WORK], [side("here", 100), beam], { rounds: 1, tell });
  assertEquals(missed!.isReached, false);
  const [open] = await measureSides([WORK], [side("here", 100), side("other", 1)], {
    rounds: 1,
    tell,
  });
  assertEquals([open!.timesBeam, open!.isReached], [undefined, undefined]);
});

Deno.test("printSides() leaves the cell of a side empty that cannot do the work", async () => {
  const works = [WORK, { ...WORK, title: "more work" }];
  const sides = [
    side("here", 100, 200),
    { ...side("BEAM", 200, 100), isReference: true },
    side("package", undefined, 1000),
  ];
  const [titles, , ...rows] = cellsOf(
    printSides("what", await measureSides(works, sides, { rounds: 1, tell })),
  );
  assertEquals(titles, ["what", "here", "BEAM", "package", "rate of here", "times the BEAM"]);
  assertEquals(rows, [
    ["some work", "100 ns (100 ns – 100 ns)", "200 ns (200 ns – 200 ns)", "", "10 M/s", "2 x"],
    [
      "more work",
      "200 ns (200 ns – 200 ns)",
      "100 ns (100 ns – 100 ns)",
      "1 µs (1 µs – 1 µs)",
      "5 M/s",
      "0.5 x",
    ],
  ]);
});

Deno.test("verdicts() has a row for every goal, and for a million servers", async () => {
  const work = { operations: 1, measure: () => Promise.resolve(1) };
  const figures = figuresOf([
    { work: { ...work, name: "base", title: "base", plural: "bases" }, denotp: [50], beam: {} },
    {
      work: {
        ...{ ...work, name: "call", title: "a call", baseline: "base" },
        goal: { timesBeam: 6, timesBaseline: 2 },
      },
      denotp: [100],
      beam: { 1: [700] },
    },
    { work: { ...work, name: "x", title: "x", goal: { atMost: 90 } }, denotp: [100], beam: {} },
  ]);
  const remote = await measureSides([WORK], [side("here", 100)], { rounds: 1, tell });
  const idle = { name: "idle servers", make: 1, use: 1, end: 1 };
  const text = printBudget(verdicts(figures, remote, [
    { ...idle, size: 1000, bytes: 100 },
    { ...idle, size: 1_000_000, bytes: 300 },
  ]));
  assertEquals(cellsOf(text).slice(2), [
    [
      "a call",
      "at least 6 times as fast as the BEAM; costs at most 2 bases",
      "7 times as fast as the BEAM; costs 2 bases",
      "yes",
    ],
    ["x", "at most 90 ns", "100 ns", "no"],
    ["one million idle GenServers, each with its state", "at most 400 B each", "300 B", "yes"],
    ["between nodes, some work", "at least 2 times as fast as between BEAM nodes", "", "?"],
  ]);
});

Deno.test("Program.ask() rejects when the answer is no number, and when the program has ended", async () => {
  const code = "for await (const _ of Deno.stdin.readable) { console.log('no'); break; }";
  await using program = new Program("deno", { args: ["eval", "--quiet", code] });
  await assertRejects(() => program.ask("what"), Error, 'Cannot measure "what"');
  await assertRejects(() => program.ask("more"), Error);
});

for (const kind of ["natural", "own", "exact"] as const satisfies readonly MappingKind[]) {
  Deno.test(`codecOf() decodes what it has encoded, of every term: ${kind}`, () => {
    const { term, encode, decode } = codecOf(kind);
    for (const { name } of CODEC_WORKS) {
      const made = term(name.split(" ")[1]!);
      const bytes = encode(made).slice();
      assertEquals(encode(decode(bytes)), bytes);
    }
  });
}

const few = <Work extends SharedWork>(works: readonly Work[], operations: number) =>
  works.map((work) => ({ ...work, operations }));

Deno.test("codec() measures every term in every mapping, and on the BEAM where there is one", async () => {
  const works = few(CODEC_WORKS, 10);
  const figures = await codec({ rounds: 1, tell, hasBeam: hasElixir, works, packages: [] });
  assertEquals(figures.map(({ name }) => name), CODEC_WORKS.map(({ name }) => name));
  const names = ["natural", "own", "exact", ...(hasElixir ? ["BEAM"] : [])];
  for (const { sides } of figures) {
    assertEquals(Object.keys(sides), names);
    for (const { median } of Object.values(sides)) assert(median > 0);
  }
});

Deno.test("nodes() measures all work between all kinds of nodes", async () => {
  const works = few(REMOTE_WORKS, 100).filter(({ size }) => size < 10_000);
  const figures = await nodes({ rounds: 1, tell, hasBeam: hasElixir, works });
  assertEquals(figures.map(({ name }) => name), works.map(({ name }) => name));
  const names = [
    "denotp to denotp",
    ...(hasElixir ? ["BEAM to BEAM", "denotp to BEAM", "BEAM to denotp"] : []),
  ];
  for (const { name, sides } of figures) {
    const isCall = name.startsWith("remote_call");
    assertEquals(Object.keys(sides), isCall ? [...names, "TCP, Deno to Deno"] : names);
    for (const { median } of Object.values(sides)) assert(median > 0);
  }
});
