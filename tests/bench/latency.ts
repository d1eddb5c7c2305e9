/**
 * How long things take in a program that never rests: the lateness of a timer, an HTTP request, a call to a
 * server that has nothing else to do; at full load from ten flooding processes.
 *
 * The program under load is `latency_program.ts`, a process of its own; the HTTP client is here, so that it does
 * not wait for the loop that it measures. Give it a core of its own.
 *
 * Needs `--allow-run=deno --allow-net=127.0.0.1`.
 *
 * @module
 */

import { type Load, LOADS, type Report } from "./latency_program.ts";
import { ns, rate, table } from "./table.ts";

/** What was waited for under a load. */
export interface LatencyRow {
  /** What went on in the program. */
  readonly load: Load;
  /** What was measured. */
  readonly what: "timer" | "host timer" | "call" | "HTTP" | "HTTP with a call";
  /** How often. */
  readonly count: number;
  /** Milliseconds: the half of all waited no longer, 99 of 100 did not, none did. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Messages that the load handled in a second. */
  readonly messagesPerSecond: number;
}

/** Options of {@linkcode latency}. */
export interface LatencyOptions {
  /** Which loads. Default: all. */
  readonly loads?: readonly Load[];
  /** Milliseconds to measure for under each load. Default 3000. */
  readonly ms?: number;
}

/** Measures under one load after the other, and yields the rows of each as soon as there are some. */
export async function* latency(
  { loads = Object.keys(LOADS) as Load[], ms = 3000 }: LatencyOptions = {},
): AsyncGenerator<LatencyRow> {
  for (const load of loads) yield* await measure(load, ms);
}

async function measure(load: Load, ms: number): Promise<LatencyRow[]> {
  const program = new URL("latency_program.ts", import.meta.url).href;
  await using child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-check", "--allow-net=127.0.0.1", program, load, String(ms)],
    cwd: new URL("../..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = readLines(child.stdout);
  const next = async () => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`Cannot measure under load "${load}": it has ended`);
    return value;
  };
  const origin = `http://127.0.0.1:${await next()}`;
  let isOver = false;
  const report = next().finally(() => isOver = true);
  const plain: number[] = [];
  const withCall: number[] = [];
  while (!isOver) {
    plain.push(await request(`${origin}/`));
    withCall.push(await request(`${origin}/call`));
  }
  const { timers, hostTimers, calls, messagesPerSecond }: Report = JSON.parse(await report);
  await child.stdin.close();
  await lines.next();
  const row = (what: LatencyRow["what"], times: readonly number[]): LatencyRow => {
    return { load, what, ...summary(times), messagesPerSecond };
  };
  return [
    row("timer", timers),
    row("host timer", hostTimers),
    row("call", calls),
    row("HTTP", plain),
    row("HTTP with a call", withCall),
  ];
}

async function request(url: string): Promise<number> {
  const start = performance.now();
  await (await fetch(url)).text();
  return performance.now() - start;
}

async function* readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** How many there are, and what the half, 99 of 100, and all of them do not exceed. */
export function summary(
  times: readonly number[],
): Pick<LatencyRow, "count" | "p50" | "p99" | "max"> {
  if (times.length === 0) throw new RangeError("Cannot sum up times: there are none");
  const sorted = times.toSorted((a, b) => a - b);
  const least = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
  return { count: sorted.length, p50: least(0.5), p99: least(0.99), max: least(1) };
}

/** Writes the rows as a table. */
export function printLatency(rows: readonly LatencyRow[]): string {
  const columns = [
    { title: "load" },
    { title: "what" },
    ...["p50", "p99", "max", "times", "load handled"]
      .map((title) => ({ title, align: "right" as const })),
  ];
  const ms = (time: number) => ns(time * 1e6);
  return table(
    columns,
    rows.map(({ load, what, count, p50, p99, max, messagesPerSecond }, at) => {
      const isFirst = rows[at - 1]?.load !== load;
      return [
        isFirst ? load : "",
        what,
        ms(p50),
        ms(p99),
        ms(max),
        count.toLocaleString("en"),
        isFirst && messagesPerSecond > 0 ? rate(1e9 / messagesPerSecond) : "",
      ];
    }),
  );
}
