/**
 * The comparison of two states: that intervals, verdicts, options and the report say what they are to say on made-up
 * figures, and that the command comes through.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  compare,
  type Comparison,
  measurePairs,
  type Pairs,
  printComparison,
  type State,
  statusOf,
} from "./ab.ts";
import { ratioOf, type Verdict, verdictOf } from "./comparison.ts";
import { Interrupted } from "./here.ts";
import { COMPARED, DEFAULT_PAIRS, DEFAULT_WITHIN, parseComparison } from "./options.ts";
import type { Work } from "./work.ts";
import { workOf } from "./works.ts";

const ROOT = new URL("../../", import.meta.url);

const work = (name: string): Work => ({
  name,
  title: `some ${name}`,
  operations: 1,
  measure: () => Promise.resolve(1),
});

/** Pairs whose ratios are these. */
const pairsOf = (...ratios: number[]) => ratios.map((ratio) => [ratio * 100, 100] as const);

/** `count` ratios in no order, in equal steps from 1 upwards; `count` is no multiple of 7. */
const steps = (count: number, step: number) =>
  Array.from({ length: count }, (_, i) => 1 + step * ((i * 7) % count));

const rounded = (interval: readonly number[] | undefined) =>
  interval?.map((end) => Number(end.toFixed(6)));

// --- Statistics ---------------------------------------------------------------------------------

Deno.test("ratioOf() takes the median of the ratios of pairs, not the ratio of the medians", () => {
  assertEquals(ratioOf([[100, 50], [10, 10], [9000, 3000]]).median, 2);
});

Deno.test("ratioOf() cuts as many off at either end as the table of the sign test says", () => {
  // 1-based ranks at 95 %: 6 → 1, 9 → 2, 20 → 6, 30 → 10, 50 → 18.
  for (const [count, rank] of [[6, 1], [8, 1], [9, 2], [20, 6], [30, 10], [50, 18]] as const) {
    const { interval, pairs } = ratioOf(pairsOf(...steps(count, 0.01)));
    const [low, high] = [1 + (rank - 1) * 0.01, 1 + (count - rank) * 0.01];
    assertEquals([rounded(interval), pairs], [rounded([low, high]), count]);
  }
});

Deno.test("ratioOf() has no interval when there are fewer than six pairs", () => {
  for (let count = 1; count < 6; count++) {
    assertEquals(ratioOf(pairsOf(...steps(count, 0))).interval, undefined);
  }
});

Deno.test("ratioOf() has an interval that a few wild pairs do not move", () => {
  const calm = Array(15).fill(1.01);
  assertEquals(rounded(ratioOf(pairsOf(...calm, 5, 8, 0.1, 9, 0.2)).interval), [1.01, 1.01]);
});

Deno.test("ratioOf() throws when there are no pairs", () => {
  assertThrows(() => ratioOf([]), RangeError, "no values");
});

Deno.test("ratioOf() has an interval that misses the true median at most once in twenty times", () => {
  // A generator with a seed, so that the test is the same every time.
  let seed = 1;
  const random = () => (seed = seed * 48271 % 2147483647) / 2147483647;
  let missed = 0;
  const trials = 2000;
  for (let trial = 0; trial < trials; trial++) {
    const skewed = Array.from({ length: 20 }, () => random() < 0.5 ? random() : 1 + 9 * random());
    const [low, high] = ratioOf(pairsOf(...skewed)).interval!;
    if (low > 1 || high < 1) missed++;
  }
  assert(missed > trials * 0.02 && missed < trials * 0.06, `${missed} of ${trials}`);
});

const VERDICTS: readonly [interval: readonly [number, number] | undefined, Verdict][] = [
  [[0.97, 1.03], "within"],
  [[1.01, 1.02], "within"],
  [[1.031, 1.2], "slower"],
  [[0.8, 0.969], "faster"],
  [[0.99, 1.04], "not decided"],
  [[0.96, 1.01], "not decided"],
  [[0.9, 1.1], "not decided"],
  [undefined, "not decided"],
];
for (const [interval, verdict] of VERDICTS) {
  Deno.test(`verdictOf() is "${verdict}" when 3 % are tolerated and the interval is ${interval}`, () => {
    assertEquals(verdictOf({ median: 1, interval, pairs: 20 }, 3), verdict);
  });
}

// --- Measuring ----------------------------------------------------------------------------------

/** Two states that write down in which order they are asked, and fail with `error` when `left` is used up. */
function states(left = Infinity, error: Error = new Interrupted("enough")) {
  const log: string[] = [];
  const state = (side: string, time: number): State => ({ name }) => {
    if (left-- === 0) return Promise.reject(error);
    log.push(`${side} ${name}`);
    return Promise.resolve(time);
  };
  return { log, both: [state("A", 3), state("B", 2)] as const };
}

Deno.test("measurePairs() does all work in each pair, and alternates which state is first", async () => {
  const { log, both } = states();
  const told: string[] = [];
  const works = [work("x"), work("y")];
  const { all, isInterrupted } = await measurePairs(works, both, {
    pairs: 2,
    tell: (line) => told.push(line),
  });
  assertEquals(log, ["A x", "B x", "B y", "A y", "B x", "A x", "A y", "B y"]);
  assertEquals(all.map(({ pairs }) => pairs), [[[3, 2], [3, 2]], [[3, 2], [3, 2]]]);
  assertEquals(isInterrupted, false);
  assertEquals(told, ["pair 1 of 2: about 0 s left", "pair 2 of 2: about 0 s left"]);
});

Deno.test("measurePairs() returns the whole pairs that it has when it is interrupted", async () => {
  const { both } = states(5);
  const { all, isInterrupted } = await measurePairs([work("x"), work("y")], both, {
    pairs: 9,
    tell: () => {},
  });
  assertEquals(all.map(({ pairs }) => pairs.length), [1, 1]);
  assert(isInterrupted);
});

Deno.test("measurePairs() rejects when a state fails", async () => {
  const { both } = states(1, new Error("broken"));
  await assertRejects(() => measurePairs([work("x")], both, { pairs: 1 }), Error, "broken");
});

// --- Reporting ----------------------------------------------------------------------------------

function comparison(all: readonly Pairs[], more: Partial<Comparison> = {}): Comparison {
  return {
    machine: { date: "2026-01-01", cpu: "some", cores: 2, os: "some", deno: "2", v8: "14" },
    here: "abc1234-dirty",
    there: "main (def5678)",
    within: 3,
    isInterrupted: false,
    compared: compare(all, 3),
    ...more,
  };
}

const SAME = { work: work("same"), pairs: pairsOf(...Array(6).fill(1.01)) };
const SLOW = { work: work("slow"), pairs: pairsOf(1.05, 1.06, 1.06, 1.06, 1.07, 1.08) };
const WILD = { work: work("wild"), pairs: pairsOf(0.9, 1, 1, 1, 1, 1.2) };
const FEW = { work: work("few"), pairs: pairsOf(2) };
const NONE = { work: work("none"), pairs: [] };

Deno.test("printComparison() shows ratio, interval, its width and the verdict of each work", () => {
  const text = printComparison(comparison([SAME, SLOW, WILD, FEW, NONE]));
  const rows = text.split("\n").filter((line) => line.startsWith("| some"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  assertEquals(rows.map(([title, , , ...rest]) => [title, ...rest]), [
    ["some same", "1.010", "1.010 – 1.010", "0.0 %", "6", "within"],
    ["some slow", "1.060", "1.050 – 1.080", "3.0 %", "6", "slower"],
    ["some wild", "1.000", "0.900 – 1.200", "30.0 %", "6", "not decided: interval too wide"],
    ["some few", "2.000", "", "", "1", "not decided: too few pairs"],
  ]);
  assertEquals(rows[1]!.slice(1, 3), ["106 ns (105 ns – 108 ns)", "100 ns (100 ns – 100 ns)"]);
  assertStringIncludes(text, "this state: abc1234-dirty; the other: main (def5678)");
  assertEquals(
    text.split("\n").at(-1),
    "Of 4: 1 within 3 %, 1 slower, 0 faster, 2 not decided",
  );
});

Deno.test("printComparison() says so when it was interrupted", () => {
  const text = printComparison(comparison([SAME], { isInterrupted: true }));
  assertStringIncludes(text, "Interrupted. Of 1: 1 within 3 %");
});

Deno.test("statusOf() is 1 only when something is slower for certain", () => {
  assertEquals(statusOf(comparison([SAME, WILD, FEW])), 0);
  assertEquals(statusOf(comparison([SAME, SLOW])), 1);
  assertEquals(statusOf(comparison([SAME], { isInterrupted: true })), 130);
  assertEquals(statusOf(comparison([SLOW], { isInterrupted: true })), 1);
});

// --- Options ------------------------------------------------------------------------------------

Deno.test("parseComparison() compares the cheap paths twenty times when there is only a revision", () => {
  const { works, ...rest } = parseComparison(["main"]);
  assertEquals(rest, {
    revision: "main",
    pairs: DEFAULT_PAIRS,
    within: DEFAULT_WITHIN,
    isJson: false,
  });
  assertEquals(works.map(({ name }) => name).sort(), [...COMPARED].sort());
});

Deno.test("COMPARED are names of works", () => {
  for (const name of COMPARED) workOf(name);
});

Deno.test("parseComparison() takes options in any order", () => {
  const args = ["--pairs", "30", "HEAD~3", "--json", "--only", "cast,rings", "--within", "1.5"];
  const { works, ...rest } = parseComparison(args);
  assertEquals(rest, { revision: "HEAD~3", pairs: 30, within: 1.5, isJson: true });
  assertEquals(works.map(({ name }) => name), ["cast", "ring", "ring_of_processes"]);
});

const WRONG: readonly [args: readonly string[], message: string][] = [
  [[], "expected one revision, found none"],
  [["a", "b"], "expected one revision, found a, b"],
  [["a", "--rounds", "3"], 'found "--rounds", expected --json'],
  [["a", "--pairs"], "--pairs takes an integer from 1 to 1000, found nothing"],
  [["a", "--pairs", "0"], "--pairs takes an integer from 1 to 1000, found 0"],
  [["a", "--pairs", "1001"], "--pairs takes an integer from 1 to 1000, found 1001"],
  [["a", "--within", "much"], "--within takes a percentage between 0 and 100, found much"],
  [["a", "--only"], '--only found ""'],
  [["a", "--only", "call,fly"], '--only found "fly", expected names'],
];
for (const [args, message] of WRONG) {
  Deno.test(`parseComparison() throws when the arguments are [${args}]`, () => {
    assertThrows(() => parseComparison(args), RangeError, message);
  });
}

// --- The command --------------------------------------------------------------------------------

/** Without a repository (as in an archive of the sources) there is no other revision. */
const hasRepository = (() => {
  try {
    return Deno.statSync(new URL(".git", ROOT)) !== undefined;
  } catch {
    return false;
  }
})();

/** Runs the command as its task does: it has permissions that the suite has not. */
function command(...args: string[]): Deno.Command {
  const permissions = ["--allow-sys=cpus", "--allow-run=deno,git,tar", "--allow-write=.bench"];
  return new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-check", ...permissions, "tests/bench/main.ts", "ab", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

const textOf = (output: Uint8Array) => new TextDecoder().decode(output);

Deno.test({
  name: "bench ab measures this state and another, and leaves no files behind",
  ignore: !hasRepository,
  async fn() {
    const before = folders();
    const args = ["HEAD", "--pairs", "2", "--only", "link", "--json"];
    const { stdout, stderr, code } = await command(...args).output();
    assertEquals(code, 0, textOf(stderr));
    const { here, there, compared, isInterrupted }: Comparison = JSON.parse(textOf(stdout));
    assertEquals(there, `HEAD (${here.replace("-dirty", "")})`);
    assertEquals(isInterrupted, false);
    assertEquals(compared.map(({ name, ratio }) => [name, ratio.pairs]), [["link", 2]]);
    assert(compared[0]!.here.min > 0 && compared[0]!.there.min > 0);
    assertEquals(folders(), before);
  },
});

Deno.test({
  name: "bench ab prints what it has, and leaves no files behind, when it is interrupted",
  ignore: !hasRepository,
  async fn() {
    const before = folders();
    await using program = command("HEAD", "--pairs", "1000", "--only", "link").spawn();
    const errors = program.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    while (!told.includes("pair 1 of 1000")) {
      const { value, done } = await errors.read();
      if (done) throw new Error(`it has ended: ${told}`);
      told += value;
    }
    program.kill("SIGINT");
    await errors.cancel();
    const report = await new Response(program.stdout).text();
    assertEquals((await program.status).code, 130);
    assertStringIncludes(report, "Interrupted. Of 1:");
    assertEquals(folders(), before);
  },
});

Deno.test({
  name: "bench ab reports a revision that does not exist",
  ignore: !hasRepository,
  async fn() {
    const { stderr, code } = await command("no-such-revision").output();
    assertEquals(code, 2);
    assertStringIncludes(textOf(stderr), 'Cannot compare with "no-such-revision"');
  },
});

/** The folders of other revisions that there are: another program may be measuring. */
function folders(): string[] {
  try {
    return [...Deno.readDirSync(new URL(".bench/", ROOT))].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
