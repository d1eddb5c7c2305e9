/**
 * Backpressure: casts pile up in the mailbox of a slow server, calls keep their callers waiting instead.
 *
 * Run: deno run examples/backpressure/main.ts
 * Prints:
 *   20 casts: 20 messages wait, and the caller does not
 *   20 pieces of work are done
 *   20 calls: 0 messages wait, for the caller does
 *   40 pieces of work are done
 *
 * @module
 */

import { GenServer, unwrap } from "@denotp/otp";
import * as Slow from "./slow.ts";

export async function main(print: (line: string) => void, ms = 5): Promise<void> {
  const slow = unwrap(await Slow.startLink(ms));
  print(`20 casts: ${Slow.casts(slow, 20)} messages wait, and the caller does not`);
  print(`${await Slow.done(slow)} pieces of work are done`);
  print(`20 calls: ${await Slow.maxQueueWithCalls(slow, 20)} messages wait, for the caller does`);
  print(`${await Slow.done(slow)} pieces of work are done`);
  await GenServer.stop(slow);
}

if (import.meta.main) await main(console.log);
