/**
 * A clock: a server that a timer sends messages to, with the interval and the source of time as arguments.
 *
 * Run: deno run examples/clock/main.ts
 * Prints:
 *   The time is 12:34:56
 *   The time is 12:34:57
 *   The time is 12:34:58
 *   out of time: "normal"
 *
 * @module
 */

import { exit, inspect, type Pid, Process, receive, unwrap } from "@denotp/otp";
import * as Clock from "./clock.ts";

export async function main(print: (line: string) => void, interval = 10): Promise<void> {
  Process.flag("trap_exit", true);

  // The source of time runs in the clock: when it has no more, it exits the clock.
  const times = ["12:34:56", "12:34:57", "12:34:58"];
  const now = () => {
    const time = times.shift();
    if (time === undefined) throw exit("normal");
    return Temporal.PlainTime.from(time);
  };

  const clock = unwrap(await Clock.startLink(interval, now));
  Clock.tick(clock);
  print(await receive({ EXIT: (_pid: Pid, reason) => `out of time: ${inspect(reason)}` }));
}

if (import.meta.main) await main(console.log);
