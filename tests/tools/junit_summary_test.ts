import { assertEquals } from "@std/assert";
import { format, summarize } from "./junit_summary.ts";

Deno.test("junit_summary counts every test case once", () => {
  const report = `<testsuites tests="4" failures="1"><testsuite tests="4">
    <testcase name="a &lt;testcase "></testcase>
    <testcase name="b"><failure message="no">&lt;failure</failure></testcase>
    <testcase name="c"><skipped/></testcase>
    <testcase name="d"></testcase>
  </testsuite></testsuites>`;
  assertEquals(format(summarize(report)), "2 passed, 1 failed, 1 skipped");
  assertEquals(format(summarize("<testsuites></testsuites>")), "0 passed, 0 failed");
});
