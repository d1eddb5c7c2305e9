/**
 * Response tuples: what callbacks return, and what comes of it.
 *
 * Run: deno run examples/response_tuples/main.ts
 * Prints:
 *   init: ignore gives "ignore"
 *   init: stop gives ["error", "no_start"]
 *   init: bad gives ["error", ["bad_return_value", "not_a_tuple"]]
 *   init: continue goes on before the first message: ["rest", "init"]
 *   call: continue goes on after the reply: ["after_call", "call", "rest", "init"]
 *   call: later gives "at_last"
 *   call: throw gives "thrown"
 *   timeout
 *   terminate :normal
 *   call: stop_reply gives "bye"
 *   terminate :gone
 *   call: stop_noreply fails with "gone"
 *   call: without a callback fails with TypeError
 *   the exits: "normal", "no_start", ["bad_return_value", "not_a_tuple"], "normal", "gone"
 * Logs:
 *   ** (stop) "gone"
 *   ** (TypeError) Cannot handle "anything": the GenServer module has no handleCall callback
 *
 * @module
 */

import { type Exit, flush, GenServer, inspect, type Pid, Process, unwrap } from "@denotp/otp";
import * as Bare from "./bare.ts";
import * as Responder from "./responder.ts";

export async function main(print: (line: string) => void): Promise<void> {
  Process.flag("trap_exit", true);

  for (const argument of ["ignore", "stop", "bad"] as const) {
    print(`init: ${argument} gives ${inspect(await Responder.startLink(argument))}`);
  }

  const server = unwrap(await Responder.startLink("continue"));
  const state = () => GenServer.call(server, "get").then(inspect);
  print(`init: continue goes on before the first message: ${await state()}`);
  await GenServer.call(server, "reply_continue");
  print(`call: continue goes on after the reply: ${await state()}`);
  print(`call: later gives ${inspect(await GenServer.call(server, ["later", 10]))}`);
  print(`call: throw gives ${inspect(await GenServer.call(server, "throw"))}`);

  const idle = unwrap(await Responder.startLink(["timeout", 10]));
  await Process.sleep(30);
  print(`call: stop_reply gives ${inspect(await GenServer.call(server, "stop_reply"))}`);
  const failed = await GenServer.call(idle, "stop_noreply").catch((exit: Exit) => exit.reason);
  print(`call: stop_noreply fails with ${inspect((failed as unknown[])[0])}`);

  // Known to run Bare, it would take no calls at all: the compiler sees to that.
  const bare: Pid = unwrap(await GenServer.start(Bare, undefined));
  const cause = await GenServer.call(bare, "anything").catch((exit: Exit) => exit.cause);
  print(`call: without a callback fails with ${(cause as Error).name}`);

  const exits = flush() as ["EXIT", unknown, unknown][];
  print(`the exits: ${exits.map(([, , reason]) => inspect(reason)).join(", ")}`);
}

if (import.meta.main) await main(console.log);
