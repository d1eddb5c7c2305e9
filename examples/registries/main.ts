/**
 * Names: local atoms, global ones, the keys of a Registry, and those of a registry of one's own. Whatever
 * stands for a process, the functions that take a server take it.
 *
 * Run: deno run examples/registries/main.ts
 * Prints:
 *   Starting super_a
 *   "super_a" says A
 *   Starting super_g
 *   ["global", "super_g"] says G
 *   Starting any term
 *   ["via", Registry, ["Names", "any term"]] says R
 *   Starting number_one
 *   ["via", MyRegistry, "number_one"] says M
 *   the name is taken: true
 *   with the process its name is gone: true
 *   Starting number_two
 *   Starting number_two
 *   after a crash the name leads to another process: true
 * Logs:
 *   ** (Error) Boom
 *
 * @module
 */

import {
  equal,
  GenServer,
  Process,
  receive,
  Registry,
  type ServerRef,
  Supervisor,
  unwrap,
} from "@denotp/otp";
import * as Character from "./character.ts";
import * as MyRegistry from "./my_registry.ts";

type Server = ServerRef<typeof Character>;

export async function main(print: (line: string) => void): Promise<void> {
  unwrap(await Registry.startLink({ keys: "unique", name: "Names" }));
  unwrap(await MyRegistry.startLink());

  unwrap(await Character.startLink(["local", "super_a", "A"]));
  print(`"super_a" says ${await Character.say("super_a")}`);

  unwrap(await Character.startLink(["global", "super_g", "G"]));
  print(`["global", "super_g"] says ${await Character.say(["global", "super_g"])}`);

  unwrap(await Character.startLink([[Registry, "Names"], "any term", "R"]));
  const r: Server = ["via", Registry, ["Names", "any term"]];
  print(`["via", Registry, ["Names", "any term"]] says ${await Character.say(r)}`);

  const m = unwrap(await Character.startLink([MyRegistry, "number_one", "M"]));
  const one: Server = ["via", MyRegistry, "number_one"];
  print(`["via", MyRegistry, "number_one"] says ${await Character.say(one)}`);

  const [, reason] = await Character.startLink([MyRegistry, "number_one", "M2"]);
  print(`the name is taken: ${equal(reason, ["already_started", m])}`);
  await GenServer.stop(one);
  print(`with the process its name is gone: ${await GenServer.whereis(one) === undefined}`);

  // Under a supervisor, the name leads to the current process.
  const children = [[Character, [MyRegistry, "number_two", "Two"]]] as const;
  const supervisor = unwrap(await Supervisor.startLink(children, { strategy: "one_for_one" }));
  const two: Server = ["via", MyRegistry, "number_two"];
  const before = await GenServer.whereis(two);
  await Process.monitor(two);
  Character.die(two);
  await receive({ DOWN: () => {} });
  await Supervisor.countChildren(supervisor); // It replies when it has handled the crash.
  const after = await GenServer.whereis(two);
  print(`after a crash the name leads to another process: ${after !== before}`);
}

if (import.meta.main) await main(console.log);
