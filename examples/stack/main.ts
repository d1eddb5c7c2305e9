/**
 * A stack as a GenServer: `push` is a cast, for there is nothing to wait for; `pop` is a call.
 *
 * Run: deno run examples/stack/main.ts
 * Prints:
 *   ["world", "hello"]
 *   popped "world"
 *   popped "hello"
 *   popped undefined
 *
 * @module
 */

import { GenServer, inspect, unwrap } from "@denotp/otp";
import * as Stack from "./stack.ts";

export async function main(print: (line: string) => void): Promise<void> {
  const stack = unwrap(await Stack.startLink(["hello"]));
  Stack.push(stack, "world");
  print(inspect(await Stack.state(stack)));
  print(`popped ${inspect(await Stack.pop(stack))}`);
  print(`popped ${inspect(await Stack.pop(stack))}`);
  print(`popped ${inspect(await Stack.pop(stack))}`);
  await GenServer.stop(stack);
}

if (import.meta.main) await main(console.log);
