/**
 * The egg timer with an API: alarms can be cancelled, setting one again replaces it, and it stops in order.
 * Then the first egg timer under a supervisor: it comes back, its alarms do not.
 *
 * Run: deno run examples/egg_timer2/main.ts
 * Prints:
 *   eggs in [1, 2, 3]
 *   cancelled: "ok", and again: ["error", "not_found"]
 *   the second alarm
 *   Egg timer shutting down (:normal), 1 alarm(s) cancelled
 *   stopped: "ok"
 *   under a supervisor: 1 alarm(s)
 *   after a crash: 0 alarm(s)
 * Logs:
 *   ** (stop) "we_broke_something"
 *
 * @module
 */

import {
  GenServer,
  inspect,
  Process,
  receive,
  self,
  send,
  type ServerRef,
  Supervisor,
  unwrap,
} from "@denotp/otp";
import type * as Server from "../egg_timer/server.ts";
import * as Application from "./application.ts";
import * as EggTimer from "./egg_timer2.ts";

export async function main(print: (line: string) => void, ms = 20): Promise<void> {
  const timer = unwrap(await EggTimer.startLink());

  await EggTimer.schedule(timer, "eggs", 3_723_500);
  for (const [name, duration] of await EggTimer.status(timer)) {
    print(`${name} in ${inspect(duration)}`);
  }
  const cancelled = await EggTimer.cancel(timer, "eggs");
  const again = await EggTimer.cancel(timer, "eggs");
  print(`cancelled: ${inspect(cancelled)}, and again: ${inspect(again)}`);

  const shell = self();
  await EggTimer.schedule(timer, "twice", ms, () => send(shell, ["alarm", "first"]));
  await EggTimer.schedule(timer, "twice", ms, () => send(shell, ["alarm", "second"]));
  print(await receive({ alarm: (which) => `the ${which} alarm` }));

  await EggTimer.schedule(timer, "long", 60_000);
  print(`stopped: ${inspect(await EggTimer.stop(timer))}`);

  const supervisor = unwrap(await Application.start("normal", []));
  const supervised: ServerRef<typeof Server> = "EggTimer.Server";
  GenServer.cast(supervised, ["schedule", "lost", 60_000, () => {}]);
  const alarms = async () => (await GenServer.call(supervised, "status")).length;
  print(`under a supervisor: ${await alarms()} alarm(s)`);
  Process.monitor(supervised);
  GenServer.cast(supervised, "stop");
  await receive({ DOWN: () => {} });
  await Supervisor.countChildren(supervisor); // It replies when it has handled the crash.
  print(`after a crash: ${await alarms()} alarm(s)`);
  await Supervisor.stop(supervisor);
}

if (import.meta.main) await main(console.log);
