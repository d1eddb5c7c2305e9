/**
 * Timers: messages that come later, again and again, or not at all.
 *
 * Run: deno run examples/timers/main.ts
 * Prints:
 *   sendAfter: "hi"
 *   in order of their time: "a", "b"
 *   cancelled in time: true, once more: false
 *   sendInterval: "tick", "tick", "tick"
 *   cancel: ["ok", "cancel"]
 *   no mail
 *
 * @module
 */

import { after, flush, inspect, Process, receive, self, Timer, unwrap } from "@denotp/otp";

export async function main(print: (line: string) => void, ms = 10): Promise<void> {
  Process.sendAfter(self(), "hi", ms);
  print(`sendAfter: ${inspect(await receive())}`);

  Process.sendAfter(self(), "b", 2 * ms);
  Process.sendAfter(self(), "a", ms);
  const [first, second] = [await receive(), await receive()];
  print(`in order of their time: ${inspect(first)}, ${inspect(second)}`);

  const timer = Process.sendAfter(self(), "late", 10_000);
  const left = Process.cancelTimer(timer);
  print(`cancelled in time: ${Number(left) > 0}, once more: ${Process.cancelTimer(timer)}`);

  const ticking = unwrap(Timer.sendInterval(ms, self(), "tick"));
  const ticks = [await receive(), await receive(), await receive()];
  print(`sendInterval: ${ticks.map(inspect).join(", ")}`);
  print(`cancel: ${inspect(Timer.cancel(ticking))}`);

  flush(); // what it may have sent meanwhile
  print(await receive({ tick: () => "a tick" }, after(3 * ms, () => "no mail")));
}

if (import.meta.main) await main(console.log);
