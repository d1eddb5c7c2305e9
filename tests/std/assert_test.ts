// Holds the hand-written types of the local @std/assert and @std/async to what the functions do.
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { deadline, delay, pooledMap, retry } from "@std/async";
import fc from "fast-check";

Deno.test("assert functions narrow their arguments", () => {
  const value = ["tag", 1] as unknown;
  assertInstanceOf(value, Array);
  value.length satisfies number;
  const tag: unknown = value[0];
  assertStrictEquals(tag, "tag" as const);
  tag satisfies "tag";
  const found = new Map([["a", 1]]).get("a");
  assertExists(found);
  found satisfies number;
  const error: unknown = new RangeError("too far");
  assertIsError(error, RangeError, /far/);
  error.message satisfies string;
  assert(typeof found === "number");
});

Deno.test("assert functions compare", () => {
  assertEquals([1, { a: new Map([[1, new Set([2])]]) }], [1, { a: new Map([[1, new Set([2])]]) }]);
  assertNotEquals<unknown>([1], ["1"]);
  assertArrayIncludes([1, 2, 3], [3]);
  assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertGreater(2, 1);
  assertMatch("#PID<0.1.0>", /^#PID/);
  assertStringIncludes("abc", "b");
  assertEquals(equal({ a: 1 }, { a: 2 }), false);
});

Deno.test("assertThrows() and assertRejects() return the error", async () => {
  const thrown = assertThrows(() => assertEquals(1, 2), AssertionError, "not equal");
  thrown satisfies AssertionError;
  assertThrows(() => fail("x"), AssertionError, "x");
  assertThrows(() => unreachable(), AssertionError);
  const reason: unknown = await assertRejects(() => Promise.reject("not an error"));
  assertEquals(reason, "not an error");
});

Deno.test("async functions wait, retry and give up", async () => {
  await assertRejects(() => deadline(new Promise(() => {}), 1), DOMException);
  let tries = 0;
  assertEquals(
    await retry(() => ++tries === 2 ? tries : Promise.reject(), { minTimeout: 1, jitter: 0 }),
    2,
  );
  const doubled = pooledMap(2, [1, 2, 3], async (n) => {
    await delay(1);
    return n * 2;
  });
  assertEquals(await Array.fromAsync(doubled), [2, 4, 6]);
});

Deno.test("fast-check is at hand", () => {
  fc.assert(fc.property(fc.integer(), (n) => Number.isInteger(n)));
});
