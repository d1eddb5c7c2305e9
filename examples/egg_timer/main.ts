/**
 * An egg timer: alarms are messages to oneself, sent after a while. Its `stop` takes it down with an error,
 * and linked processes get its exit signal.
 *
 * Run: deno run examples/egg_timer/main.ts
 * Prints:
 *   two alarms are set: ["bread", 60000], ["eggs", 20]
 *   Eggs are done
 *   one is left: ["bread", 60000]
 *   the egg timer broke: "we_broke_something"
 * Logs:
 *   ** (stop) "we_broke_something"
 *
 * @module
 */

import { GenServer, inspect, type Pid, Process, receive, self, send, unwrap } from "@denotp/otp";
import * as Server from "./server.ts";

export async function main(print: (line: string) => void, ms = 20): Promise<void> {
  Process.flag("trap_exit", true);
  const shell = self();
  const timer = unwrap(await Server.startLink({}));

  GenServer.cast(timer, ["schedule", "eggs", ms, () => send(shell, "eggs")]);
  GenServer.cast(timer, ["schedule", "bread", 60_000, () => send(shell, "bread")]);
  print(`two alarms are set: ${await status(timer)}`);

  print(await receive({ eggs: () => "Eggs are done" }));
  print(`one is left: ${await status(timer)}`);

  GenServer.cast(timer, "stop");
  print(await receive({ EXIT: (_pid: Pid, why) => `the egg timer broke: ${inspect(why)}` }));
}

/** The alarms without the seconds that are left, for those depend on the moment. */
async function status(timer: Pid<typeof Server>): Promise<string> {
  const alarms = await GenServer.call(timer, "status");
  return alarms.map(([name, duration]) => inspect([name, duration])).join(", ");
}

if (import.meta.main) await main(console.log);
