/**
 * The cases of the scale benchmark, with as many as matter and without a clock: that they come through, and
 * leave nothing behind.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Global, Process } from "../../mod.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import { printCases, printScale, scale, type ScaleRow } from "./scale.ts";
import { CASES, measure } from "./scale_cases.ts";
import { collectReports, settled } from "../helpers.ts";

/** Enough for whatever needs a stack as deep, or copies what there is for each. */
const MANY = 20_000;

for (const subject of CASES) {
  const size = Math.min(subject.sizes.at(-1)!, MANY);
  Deno.test(`measure() comes through, and leaves nothing behind, when there are ${size}: ${subject.name}`, async () => {
    using _reports = collectReports();
    const before = leftovers();
    const sample = await measure(subject, size);
    await settled(); // the process that ran it exits
    assertEquals(leftovers(), before);
    for (const stage of ["make", "use", "end"] as const) {
      assertEquals(Number.isFinite(sample[stage]), true, stage);
    }
  });
}

Deno.test("printScale() shows what one costs, and how much of what it did with the fewest", () => {
  const cost = { use: 100, end: 100, bytes: 2048 };
  const [name, other] = [CASES[0]!.name, "timers, all due at once"];
  const rows: ScaleRow[] = [
    { name, size: 1000, make: 200, ...cost },
    { name, size: 1_000_000, make: 1000, ...cost },
    { name: other, size: 1000, make: 300, ...cost, bytes: undefined },
  ];
  const lines = printScale(rows).split("\n").slice(2);
  const cells = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assertEquals(cells, [
    [name, "1,000", "200 ns", "100 ns", "100 ns", "2 KiB", ""],
    ["", "1,000,000", "1 µs", "100 ns", "100 ns", "2 KiB", "3 x"],
    [other, "1,000", "300 ns", "", "100 ns", "", ""],
  ]);
});

Deno.test("printCases() says of every case what is measured", () => {
  const text = printCases();
  for (const { name, make } of CASES) {
    assertStringIncludes(text, name);
    assertStringIncludes(text, make);
  }
});

Deno.test("scale() yields a row for each case and size, measured in a process of its own", async () => {
  const rows: ScaleRow[] = [];
  for await (const row of scale({ cases: CASES.slice(0, 1), maxSize: 1000 })) rows.push(row);
  assertEquals(rows.map(({ name, size }) => [name, size]), [[CASES[0]!.name, 1000]]);
  assert(rows[0]!.bytes! > 0, "bytes are measured there");
});

function leftovers() {
  return {
    processes: Process.list().length,
    names: Process.registered().sort(),
    globalNames: Global.registeredNames(),
    timers: pendingTimers(),
  };
}
