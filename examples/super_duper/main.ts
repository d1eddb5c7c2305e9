/**
 * SuperDuper: heroes under a supervisor. A hero that crashes is started again, with a new state, and
 * so are those started after it; further characters come and go.
 *
 * Run: deno run examples/super_duper/main.ts
 * Prints:
 *   >>>> Starting Super-duper Super-visor <<<<
 *   Starting superdave
 *   Starting superman
 *   Starting supermario
 *   starting the application: ok
 *   Starting supernova
 *   supernova: Expanding at light speed
 *   superman: It doesn't take X-Ray Vision to see you are up to no good.
 *   Kryptonite!
 *   Mayday! Mayday! superman going down...
 *   Starting superman
 *   Starting supermario
 *   superman: It doesn't take X-Ray Vision to see you are up to no good.
 *   the man of steel is another: true, superdave is the same: true
 *   supernova went with the supervisor it was under: true
 *   [notice] Application super_duper exited: "stopped"
 *   stopping the application: ok
 *   superman rests: true
 * Logs:
 *   ** (Error) Boom
 *
 * @module
 */

import { Application, GenServer, Process, receive, Supervisor, unwrap } from "@denotp/otp";
import { superDuper } from "./app.ts";
import * as SuperDuper from "./dynamic.ts";

export async function main(print: (line: string) => void): Promise<void> {
  // superdave, superman, supermario, and a DynamicSupervisor after them: one of the rest when one of them dies.
  print(`starting the application: ${await Application.start(superDuper)}`);
  unwrap(await SuperDuper.addCharacter("supernova", "Expanding at light speed"));
  print(`supernova: ${await SuperDuper.say("supernova")}`);
  print(`superman: ${await SuperDuper.say("superman")}`);

  const [dave, man] = [GenServer.whereis("superdave"), GenServer.whereis("superman")];
  print("Kryptonite!");
  Process.monitor("superman");
  SuperDuper.die("superman");
  await receive({ DOWN: () => {} });
  await Supervisor.countChildren("SuperDuper.Supervisor"); // It replies when it has handled the crash.

  print(`superman: ${await SuperDuper.say("superman")}`);
  const another = GenServer.whereis("superman") !== man;
  const same = GenServer.whereis("superdave") === dave;
  print(`the man of steel is another: ${another}, superdave is the same: ${same}`);
  const gone = GenServer.whereis("supernova") === undefined;
  print(`supernova went with the supervisor it was under: ${gone}`);

  print(`stopping the application: ${await Application.stop("super_duper")}`);
  print(`superman rests: ${GenServer.whereis("superman") === undefined}`);
  Application.unload("super_duper");
}

if (import.meta.main) await main(console.log);
