/**
 * Supervision trees under random harm, against a model of OTP's rules; `deno task chaos` goes on for
 * longer. See `run.ts`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Event, Trace } from "./model.ts";
import { mismatch } from "./model.ts";
import { HOLDINGS } from "../fixtures/holding.ts";
import { chaos, main, randomSeed, shrink } from "./run.ts";

/** What must have been done, and have happened, for a run to mean something. */
const DEEDS = [
  ...[
    "plant",
    "crash",
    "kill",
    "burst:",
    "signal",
    "hang",
    "stop",
    "pass",
    "sweep",
    "sicken",
    "disturb",
  ],
  ...["startChild", "terminateChild", "restartChild", "deleteChild"],
  ...["start", "terminate", "down"],
  // What supervisors report.
  ...["child_terminated", "start_error", "shutdown_error", "shutdown"],
];

for (const seed of [1, 2]) {
  Deno.test(`Supervisor and DynamicSupervisor do what OTP's rules say under chaos with seed ${seed}`, async () => {
    const tally = await chaos(seed, 2500);
    assertEquals([...tally.keys()].sort(), [...DEEDS].sort());
    // Each process that was started has exited, and there were more of them than those asked for.
    assertEquals(tally.get("start"), tally.get("down"));
    assert(tally.get("start")! > 1000);
  });
}

Deno.test("Supervisor and DynamicSupervisor do what OTP's rules say under chaos with a random seed", async () => {
  const lines: string[] = [];
  const seed = randomSeed();
  console.log(`chaos with seed ${seed}`);
  assertEquals(await main([String(seed), "800"], (line) => lines.push(line)), 0, lines.join("\n"));
});

for (const holding of HOLDINGS) {
  Deno.test(`Supervisor and DynamicSupervisor do what OTP's rules say under chaos when each worker holds a resource that is ${holding}`, async () => {
    await chaos(randomSeed(), 250, holding);
    const tally = await chaos(3, 700, holding);
    // With this seed no start is given up half-way: each process that was started is seen to exit.
    assertEquals(tally.get("start"), tally.get("down"));
    assert(tally.get("start")! > 300);
  });
}

Deno.test("chaos() does the same again when the seed is the same", async () => {
  assertEquals(await chaos(3, 60), await chaos(3, 60));
});

Deno.test("shrink() finds the steps that it takes to go wrong", async () => {
  const steps = Array.from({ length: 100 }, (_, index) => index);
  let tries = 0;
  const goesWrong = (steps: readonly number[]) => {
    tries++;
    return Promise.resolve([7, 50, 99].every((step) => steps.includes(step)));
  };
  assertEquals(await shrink(steps, goesWrong), [7, 50, 99]);
  assert(tries < 80);
  tries = 0;
  assert((await shrink(steps, goesWrong, 5)).length > 3);
  assertEquals(tries, 5);
});

Deno.test("mismatch() tells what is missing, too much, twice, or in the wrong order", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((label): Event => ["start", label]);
  const expected: Trace = {
    order: "in order",
    parts: [
      { event: a! },
      { order: "at once", parts: [{ event: b! }, { event: c! }] },
      { event: d! },
    ],
  };
  assertEquals(mismatch([a!, b!, c!, d!], expected), undefined);
  assertEquals(mismatch([a!, c!, b!, d!], expected), undefined);
  assertEquals(mismatch([a!, c!, d!], expected), 'missing: ["start","b"]');
  assertEquals(mismatch([a!, b!, c!, d!, ["start", "e"]], expected), 'unexpected: ["start","e"]');
  assertEquals(mismatch([a!, b!, c!, d!, a!], expected), 'twice: ["start","a"]');
  assertEquals(
    mismatch([a!, b!, d!, c!], expected),
    'too early: ["start","d"], before ["start","c"]',
  );
  assertEquals(
    mismatch([b!, a!, c!, d!], expected),
    'too early: ["start","b"], before ["start","a"]',
  );
});
