/**
 * What supervisors are made of: spawn, links, monitors, and trapping exits.
 *
 * Run: deno run examples/primitives/main.ts
 * Prints:
 *   spawn: the crash was logged, and we go on
 *   spawnMonitor: DOWN Error: oh snap
 *   spawnLink: took its starter down with it: DOWN Error: oh snap
 *   trapping exits: EXIT Error: oh snap
 *   trapping exits: EXIT "bye"
 *   trapping exits: EXIT "normal"
 *   monitoring the dead: DOWN "noproc"
 *   an exit signal "normal" to another process: it lives
 *   "other": it lives, for it traps exits
 *   "kill": EXIT "killed"
 * Logs:
 *   ** (Error) oh snap
 *   ** (Error) oh snap
 *   ** (Error) oh snap
 *   ** (Error) oh snap
 *
 * @module
 */

import {
  exit,
  inspect,
  type Pid,
  Process,
  receive,
  type Ref,
  self,
  send,
  spawn,
  spawnLink,
  spawnMonitor,
} from "@denotp/otp";
import { problem } from "./problem.ts";

export async function main(print: (line: string) => void): Promise<void> {
  spawn(problem);
  await Process.sleep(1);
  print("spawn: the crash was logged, and we go on");

  const [pid] = spawnMonitor(problem);
  print(`spawnMonitor: ${await nextExit()}`);

  spawnMonitor(async () => {
    spawnLink(problem);
    await receive({ never: () => {} });
  });
  print(`spawnLink: took its starter down with it: ${await nextExit()}`);

  Process.flag("trap_exit", true);
  spawnLink(problem);
  print(`trapping exits: ${await nextExit()}`);
  spawnLink(() => {
    throw exit("bye");
  });
  print(`trapping exits: ${await nextExit()}`);
  spawnLink(() => "done");
  print(`trapping exits: ${await nextExit()}`);

  Process.monitor(pid);
  print(`monitoring the dead: ${await nextExit()}`);

  const shell = self();
  const stubborn = spawnLink(async () => {
    Process.flag("trap_exit", true);
    send(shell, "ready");
    for (;;) await receive();
  });
  await receive({ ready: () => {} });
  Process.exit(stubborn, "normal");
  print(`an exit signal "normal" to another process: ${life(stubborn)}`);
  Process.exit(stubborn, "other");
  print(`"other": ${life(stubborn)}, for it traps exits`);
  Process.exit(stubborn, "kill");
  print(`"kill": ${await nextExit()}`);
}

/** Waits for the notification of the next exit: a message of a monitor, or an exit signal that was trapped. */
function nextExit(): Promise<string> {
  return receive({
    DOWN: (_ref: Ref, _kind: "process", _pid: Pid, reason: unknown) => `DOWN ${word(reason)}`,
    EXIT: (_pid: Pid, reason: unknown) => `EXIT ${word(reason)}`,
  });
}

/** A reason; of an error and its stack trace, the error. */
function word(reason: unknown): string {
  return inspect(Array.isArray(reason) && reason[0] instanceof Error ? reason[0] : reason);
}

const life = (pid: Pid): string => Process.isAlive(pid) ? "it lives" : "it is gone";

if (import.meta.main) await main(console.log);
