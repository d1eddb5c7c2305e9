/**
 * The tour: the examples one after the other, each in a process of its own.
 *
 * Run: deno task start
 *
 * @module
 */

import { _, exit, formatExit, Logger, on, receive, spawnMonitor } from "@denotp/otp";
import { main as backpressure } from "./backpressure/main.ts";
import { main as calculator } from "./calculator/main.ts";
import { main as clock } from "./clock/main.ts";
import { main as codeLock } from "./code_lock/main.ts";
import { main as counter } from "./counter/main.ts";
import { main as eggTimer } from "./egg_timer/main.ts";
import { main as eggTimer2 } from "./egg_timer2/main.ts";
import { main as nameServer } from "./name_server/main.ts";
import { main as primitives } from "./primitives/main.ts";
import { main as registries } from "./registries/main.ts";
import { main as responseTuples } from "./response_tuples/main.ts";
import { main as rockPaperScissors } from "./rock_paper_scissors/main.ts";
import { main as stack } from "./stack/main.ts";
import { main as superDuper } from "./super_duper/main.ts";
import { main as supervisionTree } from "./supervision_tree/main.ts";
import { main as timers } from "./timers/main.ts";

type Main = (print: (line: string) => void) => Promise<void>;

const STOPS: readonly (readonly [title: string, folder: string, main: Main])[] = [
  ["Processes, links, monitors, exits", "primitives", primitives],
  ["A server made by hand: a crash as an answer", "name_server", nameServer],
  ["Three layers: a core, a boundary, an API", "calculator", calculator],
  ["A GenServer at its smallest", "counter", counter],
  ["Casts and calls", "stack", stack],
  ["Timers", "timers", timers],
  ["A server that ticks", "clock", clock],
  ["Messages to oneself", "egg_timer", eggTimer],
  ["Cancelling, and stopping in order", "egg_timer2", eggTimer2],
  ["A state machine: timeouts, and events that wait", "code_lock", codeLock],
  ["Backpressure", "backpressure", backpressure],
  ["What callbacks may return", "response_tuples", responseTuples],
  ["Names and registries", "registries", registries],
  ["A tree of supervisors", "supervision_tree", supervisionTree],
  ["A waiting room, and games that outlive a crash", "rock_paper_scissors", rockPaperScissors],
  ["Kryptonite, and the man of steel restarts", "super_duper", superDuper],
];

export async function main(print: (line: string) => void): Promise<void> {
  const previous = Logger.setHandler((report) => {
    if (report.level === "error" && report.sasl !== true) print(`  ! ${firstLines(report)}`);
  });
  print("A tour of the examples. Lines with a ! are reports of crashes: they are meant to happen.");
  for (const [title, folder, stop] of STOPS) {
    print(`\n${title} (examples/${folder})\n`);
    await inProcess(() => stop(print));
  }
  print("\nThat was all.");
  Logger.setHandler(previous);
}

/** Who it was, and why: the stack trace, the last message and the state do without. */
function firstLines(report: Logger.Report): string {
  return Logger.format(report).split("\n", 2).join(": ");
}

/** Runs `body` in a process of its own, whose exit also ends all processes linked to it. */
async function inProcess(body: () => Promise<void>): Promise<void> {
  const [pid, ref] = spawnMonitor(async () => {
    await body();
    throw exit("shutdown");
  });
  const [, , , , reason] = await receive(on(["DOWN", ref, "process", pid, _], (down) => down));
  if (reason !== "shutdown") throw new Error(`The tour ends here: ${formatExit(reason)}`);
}

if (import.meta.main) await main(console.log);
