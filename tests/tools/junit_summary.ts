/**
 * Prints what a JUnit report counts, as `N passed, N failed, N skipped`.
 *
 * Usage: deno run --allow-read=REPORT tests/tools/junit_summary.ts REPORT [STATUS]
 *
 * STATUS is what the test run ended with. An error outside every test (while a module loads, or
 * between tests) is in no report, but in the status: it counts as one failure.
 *
 * Exits with 1 if anything failed, or if there is no report, or no test in it.
 *
 * @module
 */

/** How many test cases had each result. */
export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts a report's test cases. Names and messages are escaped in it, so a tag is always a tag. */
export function summarize(report: string): Summary {
  const count = (tag: RegExp) => report.match(tag)?.length ?? 0;
  const failed = count(/<(?:failure|error)\b/g);
  const skipped = count(/<skipped\b/g);
  return { passed: count(/<testcase\b/g) - failed - skipped, failed, skipped };
}

/** Writes a summary as one line. */
export function format({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}

if (import.meta.main) {
  const [path = "", status = "0"] = Deno.args;
  let summary: Summary = { passed: 0, failed: 0, skipped: 0 };
  try {
    summary = summarize(await Deno.readTextFile(path));
    if (summary.passed + summary.failed === 0) console.log("No test was run");
  } catch (error) {
    console.log(`No test report: ${error instanceof Error ? error.message : error}`);
  }
  const none = summary.passed + summary.failed === 0;
  if (summary.failed === 0 && (none || status !== "0")) {
    console.log(`The test run ended with status ${status}, without a failed test in its report`);
    summary.failed = 1;
  }
  console.log(format(summary));
  Deno.exit(summary.failed > 0 ? 1 : 0);
}
