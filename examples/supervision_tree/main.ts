/**
 * A supervision tree. It starts depth first, and each waits for the one before. It stops the other way
 * round. A failure that a supervisor cannot handle is handled by the one above it.
 *
 * Run: deno run examples/supervision_tree/main.ts
 * Prints:
 *   start supervisor1
 *   start supervisor2
 *   start genserver2a
 *   start genserver2b
 *   start genserver1a
 *   start genserver1b
 *   a crash, and supervisor2 gives up: it may not restart anything
 *   stop genserver2b crash
 *   stop genserver2a :shutdown
 *   start supervisor2
 *   start genserver2a
 *   start genserver2b
 *   the end, last child first
 *   stop genserver1b :shutdown
 *   stop genserver1a :shutdown
 *   stop genserver2b :shutdown
 *   stop genserver2a :shutdown
 * Logs:
 *   ** (Error) Boom
 *
 * @module
 */

import { GenServer, Process, receive, Supervisor, unwrap } from "@denotp/otp";
import * as Leaf from "./leaf.ts";
import * as Sup from "./sup.ts";

export async function main(print: (line: string) => void): Promise<void> {
  const inner = [[Leaf, "genserver2a"], [Leaf, "genserver2b"]] as const;
  const outer = [
    [Sup, ["supervisor2", inner, { maxRestarts: 0 }]],
    [Leaf, "genserver1a"],
    [Leaf, "genserver1b"],
  ] as const;
  const supervisor = unwrap(await Sup.startLink(["supervisor1", outer, {}]));

  print("a crash, and supervisor2 gives up: it may not restart anything");
  Process.monitor("supervisor2");
  GenServer.cast("genserver2b", "die");
  await receive({ DOWN: () => {} });
  await Supervisor.countChildren(supervisor); // It replies when it has handled the crash.

  print("the end, last child first");
  await Supervisor.stop(supervisor);
}

if (import.meta.main) await main(console.log);
