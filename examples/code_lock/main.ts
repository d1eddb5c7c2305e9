/**
 * A code lock as a state machine: what it does with an event depends on the state that it is in.
 *
 * Run: deno run examples/code_lock/main.ts
 * Prints:
 *   the door is locked
 *   pressing 1, 2, 3
 *   the door is open
 *   pressing 1, 2, 3 while it is open
 *   the door is locked
 *   the door is open
 *   the door is locked
 *   pressing 1
 *   the door has forgotten what was pressed
 *   pressing 2, 3
 *   pressed so far: [2, 3]
 *
 * @module
 */

import { GenStatem, inspect, receive, unwrap } from "@denotp/otp";
import * as CodeLock from "./code_lock.ts";

export async function main(print: (line: string) => void, ms = 20): Promise<void> {
  const lock = unwrap(await CodeLock.startLink([1, 2, 3], ms));
  const watch = async () => print(await receive({ door: (what: string) => `the door ${what}` }));
  const press = (buttons: number[], when = "") => {
    print(`pressing ${buttons.join(", ")}${when}`);
    for (const button of buttons) CodeLock.press(lock, button);
  };

  await watch();
  press([1, 2, 3]);
  await watch();

  // Too early: but the lock keeps them, and opens once more when it has locked itself.
  press([1, 2, 3], " while it is open");
  await watch();
  await watch();
  await watch();

  press([1]);
  await watch();
  press([2, 3]);
  print(`pressed so far: ${inspect(await CodeLock.pressed(lock))}`);

  await GenStatem.stop(lock);
}

if (import.meta.main) await main(console.log);
