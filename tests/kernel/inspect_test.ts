/**
 * Printing of terms: what is printed, within which limits, and what stands for that which cannot be read.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exit, formatExit, inspect, Logger, spawn } from "../../mod.ts";
import { reasonOf } from "../../lib/kernel/exit.ts";
import { settled } from "../helpers.ts";

/** An error of which a field cannot be read. */
function without(field: string): Error {
  return Object.defineProperty(new Error("oh snap"), field, {
    get() {
      throw new TypeError(`no ${field}`);
    },
  });
}

Deno.test("inspect() prints numbers and bytes without their names, and boxed values by their class", () => {
  const printed: [unknown, string][] = [
    [new Float64Array([1, 2.5]), "Float64Array[1, 2.5]"],
    [new BigInt64Array(2), "BigInt64Array[0, 0]"],
    [new Uint8Array(60), `<<${"0, ".repeat(50)}...>>`],
    [new Float32Array(51), `Float32Array[${"0, ".repeat(50)}...]`],
    [new ArrayBuffer(8), "ArrayBuffer(8 bytes)"],
    [new DataView(new ArrayBuffer(8)), "DataView(8 bytes)"],
    [Object("text"), 'String("text")'],
    [Object(1), "Number(1)"],
    [Promise.resolve(), "Promise {}"],
    [new Array(2), "[undefined, undefined]"],
    [Object.create(null), "{}"],
    [1n << 5000n, "[bigint of more than 4096 bits]"],
  ];
  for (const [term, text] of printed) assertEquals(inspect(term), text);
});

Deno.test("inspect() prints at most 4096 characters of a string, and 16,384 of it all", () => {
  assertEquals(inspect("x".repeat(4096)), `"${"x".repeat(4096)}"`);
  assertEquals(inspect("x".repeat(4097)), `"${"x".repeat(4096)}"...`);
  assertEquals(inspect(new Error("x".repeat(5000))), `Error: ${"x".repeat(4089)}...`);
  const many = Array.from({ length: 50 }, () => "x".repeat(1000));
  const text = inspect(many);
  assert(text.endsWith(", ...]"));
  assert(text.length > 16_384 && text.length < 16_384 + 4096);
  const wide = (depth: number): unknown =>
    depth === 0 ? 1 : Array.from({ length: 50 }, () => wide(depth - 1));
  assert(inspect(wide(3)).length < 20_000);
});

Deno.test("inspect() shows what cannot be read as unprintable, and everything around it", () => {
  assertEquals(inspect([1, without("message"), 2]), "[1, Error: [unprintable: no message], 2]");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert(inspect({ a: 1, proxy, b: 2 }).startsWith("{ a: 1, proxy: [unprintable: Cannot perform"));
  assert(inspect({ a: 1, proxy, b: 2 }).endsWith("], b: 2 }"));
  const throwing = (thrown: unknown) => ({
    get field() {
      throw thrown;
    },
  });
  assertEquals(inspect(throwing("a text")), "{ field: [unprintable: a text] }");
  assertEquals(inspect(throwing(without("message"))), "{ field: [unprintable] }");
  assertEquals(inspect(throwing(proxy)), "{ field: [unprintable] }");
});

Deno.test("formatExit() shows what cannot be read as unprintable, and the first 20 of a chain of calls", () => {
  assertEquals(
    formatExit(reasonOf(without("message"))),
    "an exception was raised: Error: [unprintable: no message]",
  );
  let reason: unknown = "normal";
  for (let i = 0; i < 30; i++) reason = [reason, ["M", "f", [i]]];
  const text = formatExit(reason);
  assert(text.startsWith("exited in: M.f(29): exited in: M.f(28): "));
  assert(text.endsWith("exited in: M.f(10): ..."));
  const cyclic: unknown[] = [];
  cyclic.push(cyclic, ["M", "f", []]);
  assert(formatExit(cyclic).endsWith("..."));
  assertEquals(exit(cyclic).cause, undefined);
  assertEquals(formatExit("constructor"), '"constructor"');
});

Deno.test("a report of an error that cannot be read is printed all the same", async () => {
  const texts: string[] = [];
  const previous = Logger.setHandler((report) => texts.push(Logger.format(report)));
  try {
    for (const field of ["message", "name", "stack"]) {
      spawn(() => {
        throw without(field);
      });
    }
    await settled();
  } finally {
    Logger.setHandler(previous);
  }
  const lines = texts.map((text) => text.split("\n").slice(0, 2));
  assertEquals(lines.map(([head]) => /^Process #PID<.*> raised an exception$/.test(head!)), [
    true,
    true,
    true,
  ]);
  assertEquals(lines.map((line) => line[1]), [
    "** (Error) [unprintable: no message]",
    "** ([unprintable: no name]) oh snap",
    "** (Error) oh snap",
  ]);
});
