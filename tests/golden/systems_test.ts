import { assertEquals } from "@std/assert";
import { systemOf } from "./systems.ts";

const has = async (system: string, name = "x") => (await systemOf({ system, name })) !== undefined;

Deno.test("systemOf() finds the port of a system, by its name or that of the scenario", async () => {
  assertEquals(await has("calculator_core"), true);
  assertEquals(await has("x", "timers"), true);
  assertEquals(await has("egg_timer_stop_2"), true);
  assertEquals(await has("mix_project"), true);
  assertEquals((await systemOf({ system: "calculator_core_2", name: "x" }))?.imports, [
    "Calculator.Core",
  ]);
  assertEquals(Object.keys((await systemOf({ system: "application", name: "x" }))!.modules), [
    "SuperDuper.Core",
    "SuperDuper.Server",
    "SuperDuper.Application",
  ]);
});

Deno.test("systemOf() finds none for a system without a port", async () => {
  assertEquals(await has("nonesuch"), false);
  assertEquals(await has("constructor"), false);
});
