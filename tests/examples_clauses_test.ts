/**
 * The servers of the examples refuse what none of their clauses takes, as theirs do on the BEAM.
 *
 * @module
 */

import { assertRejects } from "@std/assert";
import { inspect } from "../mod.ts";
import * as Slow from "../examples/backpressure/slow.ts";
import * as CallServer from "../examples/calculator/call_server.ts";
import * as CalculatorServer from "../examples/calculator/server.ts";
import * as Clock from "../examples/clock/server.ts";
import * as Counter from "../examples/counter/server.ts";
import * as EggTimer from "../examples/egg_timer/server.ts";
import * as EggTimer2 from "../examples/egg_timer2/server.ts";
import * as NameServer from "../examples/name_server/core.ts";
import * as Character from "../examples/registries/character.ts";
import * as MyRegistry from "../examples/registries/my_registry.ts";
import * as Responder from "../examples/response_tuples/responder.ts";
import * as Stack from "../examples/stack/server.ts";

/** The callbacks by name, the message as their first argument; and what looks like one of their own. */
type Callbacks = Readonly<Record<string, ((...args: never[]) => unknown) | string>>;
const SERVERS: readonly (readonly [name: string, module: Callbacks, similar: unknown])[] = [
  ["backpressure/slow", Slow, ["work"]],
  ["calculator/call_server", CallServer, ["add", 1, 2]],
  ["calculator/server", CalculatorServer, ["add"]],
  ["clock/server", Clock, ["tick"]],
  ["counter/server", Counter, ["inc"]],
  ["egg_timer/server", EggTimer, ["alarm"]],
  ["egg_timer2/server", EggTimer2, ["cancel"]],
  ["name_server/core", NameServer, ["find"]],
  ["registries/character", Character, ["learn"]],
  ["registries/my_registry", MyRegistry, ["register", "name"]],
  ["response_tuples/responder", Responder, ["put"]],
  ["stack/server", Stack, ["push"]],
];

for (const [name, module, similar] of SERVERS) {
  for (const callback of ["handleCall", "handleCast", "handleInfo", "handleRequest"]) {
    const handle = module[callback] as ((...args: unknown[]) => unknown) | undefined;
    // Responder takes any message.
    if (handle === undefined || (module === Responder && callback === "handleInfo")) continue;
    Deno.test(`examples/${name} ${callback}() throws a TypeError when no clause takes the message`, async () => {
      for (const message of ["nonsense", "", ["nonsense", 1], similar, undefined, 5]) {
        const args = callback === "handleCall" ? [message, undefined, []] : [message, []];
        await assertRejects(
          async (): Promise<void> => void await handle(...args),
          TypeError,
          `Cannot handle ${inspect(message)}: no function clause matches`,
        );
      }
    });
  }
}
