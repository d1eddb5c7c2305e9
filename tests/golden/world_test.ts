import { assertEquals } from "@std/assert";
import type { AnyFunction } from "./eval.ts";
import { arityOf } from "./world.ts";

/** Functions as ports have them, and as a formatter breaks them. */
const FUNCTIONS: readonly (readonly [fewest: number, most: number, f: AnyFunction])[] = [
  [0, 0, () => {}],
  [1, 1, (x) => x],
  [1, 1, async (x) => await x],
  [2, 2, (a, b) => [a, b]],
  [1, 2, (a, b = "),(") => [a, b]],
  [0, 1, (options = {}) => options],
  [1, 1, ([a, b]: unknown[]) => [a, b]],
  [2, 2, ({ a, b }: { a: unknown; b: unknown }, c) => [a, b, c]],
  [1, 3, (a, f = (x: unknown, y: unknown) => [x, y], g = [f, (1 + 2) * 3]) => [a, g]],
  [1, Infinity, (a, ...rest) => [a, rest]],
  [0, Infinity, (...rest) => rest],
  [1, 1, function named(a: unknown) {
    return (b: unknown, c: unknown) => [a, b, c];
  }],
  [
    3,
    3,
    {
      async method(a: unknown, b: unknown, c: unknown) {
        return await Promise.all([a, b, c]);
      },
    }.method,
  ],
  [2, 2, (
    first,
    second,
  ) => [first, second]],
];

Deno.test("arityOf() tells how many arguments a function takes, at least and at most", () => {
  for (const [fewest, most, f] of FUNCTIONS) assertEquals(arityOf(f), [fewest, most], String(f));
});
