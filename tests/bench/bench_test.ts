/**
 * The benchmark, without a clock: that all work comes out right, and that figures and tables say what they
 * are to say.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { collectReports, inProcess } from "../helpers.ts";
import { figuresOf, spread } from "./figures.ts";
import { DEFAULT_ROUNDS, parseArguments } from "./options.ts";
import { printFigures } from "./report.ts";
import { bytes, countOf, ns, rate, ratio, table, timesAsFast } from "./table.ts";
import type { Work } from "./work.ts";
import { workOf, WORKS } from "./works.ts";

const OPERATIONS = 200;

const work = (more: Partial<Work>): Work => ({
  name: "some",
  title: "some work",
  operations: 1,
  measure: () => Promise.resolve(1),
  ...more,
});

Deno.test("table() writes Markdown that lines up when cells differ in length", () => {
  assertEquals(
    table([{ title: "work" }, { title: "ns", align: "right" }], [["call", "1"], ["a|b", "12345"]]),
    [
      "| work |    ns |",
      "| ---- | ----: |",
      "| call |     1 |",
      "| a\\|b | 12345 |",
    ].join("\n"),
  );
});

Deno.test("table() throws when a row has not as many cells as there are columns", () => {
  assertThrows(() => table([{ title: "a" }], [["1", "2"]]), RangeError, "2 cells");
});

Deno.test("ns() and its like write three digits and the unit that fits", () => {
  assertEquals([95.04, 1270, 10_400_000, 2.5e9].map(ns), ["95 ns", "1.27 µs", "10.4 ms", "2.5 s"]);
  assertEquals([140, 1e9].map(rate), ["7.14 M/s", "1 /s"]);
  assertEquals([220, 2800].map(bytes), ["220 B", "2.73 KiB"]);
  assertEquals([9.84, 0.4217, 123.4].map(ratio), ["9.84 x", "0.422 x", "123 x"]);
  assertEquals([10.06, 1].map((times) => timesAsFast(times, "the BEAM")), [
    "10.1 times as fast as the BEAM",
    "as fast as the BEAM",
  ]);
  assertEquals(countOf(1.812, "promises"), "1.81 promises");
});

Deno.test("spread() finds the middle and both ends when the values are in no order", () => {
  assertEquals(spread([3, 1, 20]), { median: 3, min: 1, max: 20 });
  assertEquals(spread([4, 1, 2, 10]), { median: 3, min: 1, max: 10 });
});

Deno.test("spread() throws when there are no values", () => {
  assertThrows(() => spread([]), RangeError, "no values");
});

Deno.test("figuresOf() compares with the baseline, and with the better BEAM", () => {
  const goal = { timesBeam: 6, timesBaseline: 2, atMost: 200 };
  const [, figure] = figuresOf([
    { work: work({ name: "base" }), denotp: [100], beam: {} },
    {
      work: work({ baseline: "base", goal }),
      denotp: [150, 149, 300],
      beam: { 1: [900, 1000, 1500], 2: [1200] },
    },
  ]);
  assertEquals([figure!.timesBaseline, figure!.timesBeam], [1.5, 1000 / 150]);
  assertEquals(figure!.isReached, true);
});

Deno.test("figuresOf() says that a goal is missed when one part of it is", () => {
  const missed = [{ timesBeam: 6 }, { atMost: 99 }, { timesBeam: 2, atMost: 99 }];
  for (const goal of missed) {
    const [figure] = figuresOf([{ work: work({ goal }), denotp: [100], beam: { 1: [500] } }]);
    assertEquals(figure!.isReached, false);
  }
});

Deno.test("figuresOf() leaves a goal open when what it speaks of was not measured", () => {
  const goal = { timesBeam: 6, atMost: 200 };
  const [figure] = figuresOf([{ work: work({ goal }), denotp: [100], beam: {} }]);
  assertEquals([figure!.timesBeam, figure!.isReached], [undefined, undefined]);
});

Deno.test("printFigures() shows rate, spread, ratios and goal of a piece of work", () => {
  const goal = { timesBeam: 4 };
  const text = printFigures(
    figuresOf([
      { work: work({ name: "alone", isAlone: true }), denotp: [1], beam: {} },
      { work: work({ goal }), denotp: [100, 90, 110], beam: { 1: [1000] } },
    ]),
  );
  const [titles, , , row] = text.split("\n").map((line) =>
    line.split("|").map((cell) => cell.trim())
  );
  assertEquals(titles!.slice(1, -1), [
    "work",
    "each",
    "rate",
    "costs as much as",
    "BEAM, 1 scheduler",
    "times the BEAM",
    "goal",
    "reached",
  ]);
  assertEquals(row!.slice(1, -1), [
    "some work",
    "100 ns (90 ns – 110 ns)",
    "10 M/s",
    "",
    "1 µs (1 µs – 1 µs)",
    "10 x",
    "at least 4 times as fast as the BEAM",
    "yes",
  ]);
});

Deno.test("parseArguments() wants everything when there are none", () => {
  const options = parseArguments([]);
  assertEquals(options.works, WORKS);
  assertEquals([...options.parts], ["codec", "nodes", "scale", "latency"]);
  assert(options.hasBeam);
  assertEquals([options.rounds, options.isJson], [DEFAULT_ROUNDS, false]);
});

Deno.test("parseArguments() takes groups, names and options in any order", () => {
  const args = ["cast", "--json", "rings", "--rounds", "7", "nodes", "--no-beam"];
  const options = parseArguments(args);
  assertEquals(options.works.map(({ name }) => name), ["cast", "ring", "ring_of_processes"]);
  assertEquals([...options.parts], ["nodes"]);
  assertEquals([options.rounds, options.isJson, options.hasBeam], [7, true, false]);
});

Deno.test("parseArguments() throws when an argument is unknown, and says what there is", () => {
  const { message } = assertThrows(() => parseArguments(["--fast"]), RangeError, '"--fast"');
  for (const accepted of ["--rounds", "latency", "nodes", "ring_of_processes"]) {
    assertStringIncludes(message, accepted);
  }
});

for (const rounds of [[], ["0"], ["1.5"], ["many"]]) {
  Deno.test(`parseArguments() throws when --rounds is given [${rounds}]`, () => {
    assertThrows(() => parseArguments(["--rounds", ...rounds]), RangeError, "positive integer");
  });
}

Deno.test("workOf() throws when there is no such work", () => {
  assertThrows(() => workOf("nothing"), RangeError, '"nothing"');
});

Deno.test("WORKS have different names, and baselines that exist, come first and have a plural", () => {
  const names = WORKS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  WORKS.forEach(({ name, baseline }, at) => {
    assert(baseline === undefined || names.indexOf(baseline) < at, name);
    if (baseline !== undefined) assert(workOf(baseline).plural !== undefined, baseline);
  });
});

Deno.test("WORKS are all done on the BEAM too, but for those that are alone", async () => {
  const script = await Deno.readTextFile(new URL("beam.exs", import.meta.url));
  const there = new Set([...script.matchAll(/def run\("(\w+)"/g)].map(([, name]) => name));
  const here = new Set(WORKS.filter(({ isAlone }) => !isAlone).map(({ name }) => name));
  assertEquals(there, here);
});

for (const { name, unit, measure } of WORKS) {
  Deno.test(`measure() comes to the right outcome and a finite figure: ${name}`, async () => {
    using _reports = collectReports();
    const operations = name === "timer_under_load" ? 1 : OPERATIONS;
    const figure = await inProcess(() => measure(operations));
    assert(Number.isFinite(figure), String(figure));
    if (unit !== "bytes") assert(figure > 0, String(figure));
  });
}
