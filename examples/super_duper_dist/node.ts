/**
 * SuperDuper as programs: a node with heroes, and another one that has its own, and adds one there.
 *
 * In two terminals, in this order:
 *
 *   deno run --allow-net=127.0.0.1 examples/super_duper_dist/node.ts a@127.0.0.1
 *   deno run --allow-net=127.0.0.1 examples/super_duper_dist/node.ts b@127.0.0.1 a@127.0.0.1
 *
 * Any of them may be an Elixir node instead, with `tests/golden/nodes/super_duper_dist.ex`:
 * `iex --name a@127.0.0.1 --cookie superduper`.
 *
 * @module
 */

import { Node } from "@denotp/otp/node";
import * as SuperDuper from "./super_duper.ts";

const COOKIE = "superduper";

if (import.meta.main) {
  const [node, other] = Deno.args;
  if (node === undefined) {
    console.error("usage: node.ts name@host [other@host]");
    Deno.exit(2);
  }
  const [result, reason] = await Node.start(node, { cookie: COOKIE, epmd: { serve: true } });
  if (result === "error") throw new Error(`Cannot start ${node}: ${reason}`);
  await SuperDuper.start();
  if (other !== undefined) {
    console.log(await SuperDuper.say("superman", other));
    console.log(await SuperDuper.addCharacter("yoshi", "Yoshi do! Yoshi do!", other));
    console.log(await SuperDuper.say("yoshi", other));
    console.log(await SuperDuper.isAlive("yoshi"), await SuperDuper.isAlive("yoshi", other));
    await Node.stop();
  } else console.log(`the heroes are at ${node}`);
}
