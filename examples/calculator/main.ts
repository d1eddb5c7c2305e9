/**
 * A calculator, layer by layer: a pure core, a process made by hand, an API, and the same as a GenServer.
 *
 * Run: deno run examples/calculator/main.ts
 * Prints:
 *   Core.fold([1, 2, 3, 4], 0, Core.add) is 10
 *   (10 + 5) * 2 / 4 is 7.5
 *   after a crash: ["error", "timeout"]
 *   (0 + 10 - 2) * 4 / 2 is 16, one more is 17
 *   a call that crashes: ArithmeticError: bad argument in arithmetic expression
 * Logs:
 *   ** (ArithmeticError) bad argument in arithmetic expression
 *   ** (ArithmeticError) bad argument in arithmetic expression
 *
 * @module
 */

import { type Exit, GenServer, inspect, Process, unwrap } from "@denotp/otp";
import * as CallServer from "./call_server.ts";
import * as Calculator from "./calculator.ts";
import * as Core from "./core.ts";
import * as Server from "./server.ts";

/** What TypeScript would not let through: it comes in a message from afar, say. */
const notANumber = "this_will_crash" as unknown as number;

export async function main(print: (line: string) => void): Promise<void> {
  print(`Core.fold([1, 2, 3, 4], 0, Core.add) is ${Core.fold([1, 2, 3, 4], 0, Core.add)}`);

  const calculator = Calculator.start(10);
  Calculator.add(calculator, 5);
  Calculator.multiply(calculator, 2);
  Calculator.divide(calculator, 4);
  print(`(10 + 5) * 2 / 4 is ${await Calculator.state(calculator)}`);

  // The crash ends only the calculator: its clients are not linked to it.
  Calculator.add(calculator, notANumber);
  print(`after a crash: ${inspect(await Calculator.state(calculator, 50))}`);

  const server = unwrap(await Server.startLink(0));
  Server.add(server, 10);
  Server.subtract(server, 2);
  Server.multiply(server, 4);
  Server.divide(server, 2);
  const before = await Server.state(server);
  Server.inc(server);
  print(`(0 + 10 - 2) * 4 / 2 is ${before}, one more is ${await Server.state(server)}`);
  await GenServer.stop(server);

  // A cast would be lost without a word. A call fails, and says why.
  Process.flag("trap_exit", true);
  const strict = unwrap(await CallServer.startLink(0));
  const failure = await CallServer.add(strict, notANumber).catch((exit: Exit) => exit.cause);
  print(`a call that crashes: ${inspect(failure)}`);
}

if (import.meta.main) await main(console.log);
