/**
 * Rock, paper, scissors. A crash of the game costs no move, one of the waiting room no chair.
 *
 * Run: deno run examples/rock_paper_scissors/main.ts
 * Prints:
 *   ann joins: "waiting"
 *   ann plays with bob
 *   ann shows rock: "ok"
 *   the game crashes, and goes on
 *   ann shows paper: ["error", "already_moved"]
 *   rock against scissors: ann has won
 *   ann joins again: "waiting"
 *   after a crash of the waiting room ann waits there
 *   with ann gone nobody does: true
 * Logs:
 *   ** (Error) Boom
 *   ** (Error) Boom
 *
 * @module
 */

import { inspect, Process, receive, spawn, Supervisor, unwrap } from "@denotp/otp";
import * as Game from "./game.ts";
import * as Rps from "./rps.ts";
import * as WaitingRoom from "./waiting_room.ts";

export async function main(print: (line: string) => void): Promise<void> {
  unwrap(await Rps.start());

  const ann = spawn(async () => {
    print(`ann joins: ${inspect(await WaitingRoom.join("ann"))}`);
    spawn(bob);
    const [id, opponent] = await heard("matched");
    print(`ann plays with ${opponent}`);
    print(`ann shows rock: ${inspect(await Game.move(id, "ann", "rock"))}`);

    Game.crash(id);
    await heard("resumed");
    print("the game crashes, and goes on");
    print(`ann shows paper: ${inspect(await Game.move(id, "ann", "paper"))}`);

    const [, mine, theirs] = await heard("win");
    print(`${mine} against ${theirs}: ann has won`);
    print(`ann joins again: ${inspect(await WaitingRoom.join("ann"))}`);

    await Process.monitor("RPS.WaitingRoom");
    WaitingRoom.crash();
    await receive({ DOWN: () => {} });
    await Supervisor.countChildren("RPS"); // It replies when it has handled the crash.
    print(`after a crash of the waiting room ${await WaitingRoom.waiting()} waits there`);
  });
  Process.monitor(ann);
  await receive({ DOWN: () => {} });
  print(`with ann gone nobody does: ${await WaitingRoom.waiting() === undefined}`);
  await Supervisor.stop("RPS");
}

async function bob(): Promise<void> {
  await WaitingRoom.join("bob");
  const [id] = await heard("matched");
  await heard("resumed");
  await Game.move(id, "bob", "scissors");
}

type Heard = [id: number, ...details: string[]];

/** What the game says next, which has to be `what`. */
const heard = (what: string): Promise<Heard> =>
  receive({
    rps(said: string, ...details: Heard) {
      if (said === what) return details;
      throw new Error(`heard ${said}, not ${what}`);
    },
  });

if (import.meta.main) await main(console.log);
