import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  exported,
  exportedFunctions,
  exportFunctions,
  unexportFunctions,
} from "../../lib/node/calls/exports.ts";

Deno.test("Node.exportFunctions() exports by module, name and arity", () => {
  exportFunctions("maths", { add: (a: number, b: number) => a + b, zero: () => 0 });
  assertEquals(exportedFunctions(), [["maths", "add", 2], ["maths", "zero", 0]]);
  assertEquals(exported("maths", "add", [1, 2])?.(1, 2), 3);
  assertEquals(exported("maths", "zero", [])?.(), 0);
  for (const args of [[], [1], [1, 2, 3]]) assertEquals(exported("maths", "add", args), undefined);
  assertEquals(exported("math", "add", [1, 2]), undefined);
  assertEquals(exported("maths", "toString", []), undefined);
  assertEquals(exported("maths", ["zero"], []), undefined);
  assertEquals(exported("__proto__", "toString", []), undefined);
  unexportFunctions("maths");
  assertEquals(exportedFunctions(), []);
  assertEquals(exported("maths", "zero", []), undefined);
});

Deno.test("Node.exportFunctions() takes the arity of a key where it has one", () => {
  const sum = (...numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
  exportFunctions("maths", { "sum/2": sum, "sum/3": sum, "a/b/1": sum });
  assertEquals(exportedFunctions(), [["maths", "sum", 2], ["maths", "sum", 3], [
    "maths",
    "a/b",
    1,
  ]]);
  assertEquals(exported("maths", "sum", [1, 2, 3])?.(1, 2, 3), 6);
  assertEquals(exported("maths", "sum", [1]), undefined);
  unexportFunctions("maths");
});

Deno.test("Node.exportFunctions() replaces a function, and keeps the others of the module", () => {
  exportFunctions("maths", { one: () => 1, two: () => "old" });
  exportFunctions("maths", { two: () => 2 });
  assertEquals([exported("maths", "one", [])?.(), exported("maths", "two", [])?.()], [1, 2]);
  unexportFunctions("maths");
});

Deno.test("Node.exportFunctions() calls a function as a method of what it was exported with", () => {
  const module = {
    self(): unknown {
      return this;
    },
  };
  exportFunctions("methods", module);
  assertStrictEquals(exported("methods", "self", [])?.(), module);
  unexportFunctions("methods");
});

Deno.test("Node.exportFunctions() refuses invalid functions and names, and too many arguments", () => {
  assertThrows(
    () => exportFunctions("maths", { one: 1 as never }),
    TypeError,
    "Cannot export maths.one: expected a function, found 1",
  );
  assertThrows(() => exportFunctions("", {}), TypeError, 'expected the name of a module, found ""');
  assertThrows(() => exportFunctions("maths", { "": () => 1 }), TypeError, "its name is empty");
  assertThrows(
    () => exportFunctions("maths", { "one/256": () => 1 }),
    RangeError,
    "Cannot export maths.one/256: a function has at most 255 arguments",
  );
  assertEquals(exportedFunctions(), []);
});
