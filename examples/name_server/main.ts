/**
 * A name server with transactions: a request that crashes does no harm.
 *
 * Run: deno run examples/name_server/main.ts
 * Prints:
 *   add: "ok"
 *   crash: %ArithmeticError{message: "bad argument in arithmetic expression"}
 *   find: "Red Dwarf"
 *   another process finds "Red Dwarf", too
 *
 * @module
 */

import { inspect, receive, self, send, spawn } from "@denotp/otp";
import * as NameServer from "./name_server.ts";

export async function main(print: (line: string) => void): Promise<void> {
  NameServer.start("my_server2");

  const added = await NameServer.rpc("my_server2", ["add", "dwayne", "Red Dwarf"]);
  print(`add: ${inspect(added)}`);
  print(`crash: ${await NameServer.rpc("my_server2", ["crash", "dwayne"])}`);
  const found = await NameServer.rpc("my_server2", ["find", "dwayne"]);
  print(`find: ${inspect(found)}`);

  const shell = self();
  spawn(async () => {
    send(shell, ["bob", await NameServer.rpc("my_server2", ["find", "dwayne"])]);
  });
  print(await receive({ bob: (place) => `another process finds ${inspect(place)}, too` }));
}

if (import.meta.main) await main(console.log);
