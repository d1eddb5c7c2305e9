/**
 * A counter: two casts, one call. The three layers at their smallest.
 *
 * Run: deno run examples/counter/main.ts
 * Prints:
 *   count is 0
 *   count is 2
 *
 * @module
 */

import { GenServer, unwrap } from "@denotp/otp";
import * as Counter from "./counter.ts";

export async function main(print: (line: string) => void): Promise<void> {
  const counter = unwrap(await Counter.startLink());
  print(`count is ${await Counter.state(counter)}`);
  Counter.inc(counter);
  Counter.inc(counter);
  print(`count is ${await Counter.state(counter)}`);
  await GenServer.stop(counter);
}

if (import.meta.main) await main(console.log);
