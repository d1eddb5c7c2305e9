import { assertEquals } from "@std/assert";
import { fits, holds, selected } from "./match_spec.ts";

const ENTRY = ["key", 7, { n: 5, m: 1 }];

Deno.test("fits() matches by wildcards, variables, parts and keys", () => {
  const variables = new Map<string, unknown>();
  assertEquals(fits(["$1", "_", { n: "$2" }], ENTRY, variables), true);
  assertEquals([...variables], [["$1", "key"], ["$2", 5]]);
  for (const fitting of ["_", "$1", ENTRY, ["key", 7, { m: 1 }], ["key", "$1", "_"]]) {
    assertEquals(fits(fitting, ENTRY), true);
  }
  for (const other of ["key", ["key", 7], ["key", 8, "_"], ["$1", "$1", "_"], ["_", 7, { k: 1 }]]) {
    assertEquals(fits(other, ENTRY), false);
  }
  assertEquals(fits(["$1", "$1"], [[1], [1]]), true);
});

Deno.test("holds() computes guards", () => {
  const variables = new Map<string, unknown>([["$1", 5]]);
  const HOLDING = [[">", "$1", 4], ["=<", "$1", 5], ["/=", "$1", 6], ["not", ["<", "$1", 5]], [
    "andalso",
    [">=", "$1", 5],
    ["=:=", "$1", 5],
  ], ["orelse", false, ["==", "$1", 5]]];
  assertEquals(holds(HOLDING, variables), true);
  for (const guard of [[">", "$1", 5], ["<", "$1", 5], ["==", "$1", "key"], ["=/=", "$1", 5]]) {
    assertEquals(holds([...HOLDING, guard], variables), false);
  }
});

Deno.test("selected() makes of a value what the body says", () => {
  const select = (body: unknown, guards: unknown[] = []) =>
    selected([["$1", "$2", "_"], guards, [body]], ENTRY)?.[0];
  assertEquals(select("$2"), 7);
  assertEquals(select("$_"), ENTRY);
  assertEquals(select([["$1", "$2"]]), ["key", 7]);
  assertEquals(select(["$2", "other"]), [7, "other"]);
  assertEquals(select(["const", "$1"]), "$1");
  assertEquals(select("$1", [[">", "$2", 7]]), undefined);
});
