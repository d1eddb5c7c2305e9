/**
 * The latency benchmark, without a clock: that each load is one, and that the figures are what they say.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { type LatencyRow, printLatency, summary } from "./latency.ts";
import { type Load, LOADS, type Report } from "./latency_program.ts";

Deno.test("summary() tells what the half, 99 of 100 and all do not exceed", () => {
  const times = Array.from({ length: 200 }, (_, i) => 200 - i);
  assertEquals(summary(times), { count: 200, p50: 100, p99: 198, max: 200 });
  assertEquals(summary([3]), { count: 1, p50: 3, p99: 3, max: 3 });
  assertThrows(() => summary([]), RangeError, "Cannot sum up times: there are none");
});

Deno.test("printLatency() shows each load once, with what was waited for under it", () => {
  const time = { count: 1000, p50: 0.5, p99: 2, max: 12.34, messagesPerSecond: 4e6 };
  const rows: LatencyRow[] = [
    { load: "nothing", what: "timer", ...time, messagesPerSecond: 0 },
    { load: "servers that cast to each other", what: "timer", ...time },
    { load: "servers that cast to each other", what: "HTTP", ...time },
  ];
  const lines = printLatency(rows).split("\n").slice(2);
  const cells = lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const figures = ["500 µs", "2 ms", "12.3 ms", "1,000"];
  assertEquals(cells, [
    ["nothing", "timer", ...figures, ""],
    ["servers that cast to each other", "timer", ...figures, "4 M/s"],
    ["", "HTTP", ...figures, ""],
  ]);
});

for (const load of Object.keys(LOADS) as Load[]) {
  Deno.test(`latency_program.ts goes on serving timers and calls under load: ${load}`, async () => {
    const { port, report } = await run(load);
    assert(port > 0);
    for (const times of [report.timers, report.hostTimers, report.calls]) {
      assert(times.length > 0, "there was something to measure");
      assert(times.every(Number.isFinite));
    }
    assertEquals(report.messagesPerSecond > 0, load !== "nothing");
  });
}

Deno.test("latency() yields rows for timers, calls and HTTP, all measured in one program", async () => {
  // The suite itself may not use the network.
  const module = new URL("latency.ts", import.meta.url).href;
  const code = `import { latency } from ${JSON.stringify(module)};
    const rows = await Array.fromAsync(latency({ loads: ["nothing"], ms: 200 }));
    console.log(JSON.stringify(rows));`;
  const rows: LatencyRow[] = JSON.parse(await output(["eval", code]));
  assertEquals(
    rows.map(({ load, what }) => [load, what]),
    ["timer", "host timer", "call", "HTTP", "HTTP with a call"].map((what) => ["nothing", what]),
  );
  for (const { p50, p99, max } of rows) assert(p50 <= p99 && p99 <= max);
  assert(rows.every(({ count }) => count > 0));
});

async function run(load: Load): Promise<{ port: number; report: Report }> {
  const program = new URL("latency_program.ts", import.meta.url).href;
  const lines = await output(["run", "--no-check", "--allow-net=127.0.0.1", program, load, "200"]);
  const [port, report] = lines.split("\n");
  return { port: Number(port), report: JSON.parse(report!) };
}

/** What `deno` prints when run with these arguments. */
async function output([command, ...args]: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("deno", {
    args: [command!, "--quiet", ...args],
    cwd: new URL("../..", import.meta.url),
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}
