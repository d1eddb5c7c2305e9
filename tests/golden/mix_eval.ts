/**
 * A program of a project that `lib/new.ts` has made, run in its folder and with its configuration.
 *
 * Arguments: the project's name, then
 * - `eval SOURCE`: runs an expression of Elixir, with the project's modules at hand;
 * - `spec`: prints the specification of its application, as JSON.
 *
 * Whether the application runs is not decided here: to run it, preload the project's `main.ts`.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import * as Otp from "../../mod.ts";
import { parse } from "./elixir.ts";
import { Env, evaluate } from "./eval.ts";
import { counterparts } from "./mix_names.ts";
import { host } from "./otp.ts";
import { fromModule } from "./system.ts";
import { makeWorld } from "./world.ts";

const [name, task, source] = Deno.args as [string, string, string?];

/** The modules of the project, by their names in Elixir. */
const namespaces: Record<string, object> = {};
for (const { file, module } of counterparts(name).values()) {
  if (module !== undefined) namespaces[module] = await import(pathToFileURL(file).href);
}

if (task === "eval") {
  const modules = Object.fromEntries(
    Object.entries(namespaces).map(([module, namespace]) => [module, fromModule(namespace)]),
  );
  const bytes = new TextEncoder();
  const world = makeWorld({ modules }, host, (text) => {
    Deno.stdout.writeSync(bytes.encode(text));
  });
  await evaluate(parse(source!), new Env(), world);
} else {
  const { log } = console;
  log(JSON.stringify(specification()));
}

/** The specification that the project exports, with all defaults, and its module by name. */
function specification(): unknown {
  const exported = Object.values(namespaces).flatMap((namespace) => Object.values(namespace))
    .find((value): value is Otp.Application.Specification => value?.name === name);
  if (exported === undefined) throw new Error(`No specification of an application ${name}`);
  Otp.Application.load(exported);
  const { version, registered, applications } = Otp.Application.spec(name)!;
  const [module, args] = Otp.Application.spec(name, "mod")!;
  const [known] = Object.entries(namespaces).find(([, namespace]) => namespace === module) ?? [];
  return { name, version, registered, applications, mod: [known, args] };
}
