import { equal, Pid, Ref, type Term } from "@denotp/otp";
import { TermMap } from "@denotp/otp/registries";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RemotePid, RemoteRef } from "../../lib/kernel/distribution.ts";
import { standIn } from "../../lib/kernel/term_map.ts";
import { terms } from "../fixtures/terms.ts";

Deno.test("standIn() is the same for two terms if and only if they are equal", () => {
  const isSame = (a: unknown, b: unknown) => a === b || (a !== a && b !== b);
  let equals = 0;
  fc.assert(
    fc.property(terms, terms, (a, b) => {
      const expected = equal(a, b);
      if (expected) equals++;
      return isSame(standIn(a), standIn(b)) === expected && isSame(standIn(a), standIn(a));
    }),
    { numRuns: 20_000, seed: 1 },
  );
  assert(equals > 100, `only ${equals} pairs of equal terms were tried`);
});

Deno.test("standIn() distinguishes terms with similar texts", () => {
  const alike: Term[][] = [
    [["a", "b"], ["as1:b"], ["asb"], ["a,b"], [["a"], "b"], [["a", "b"]], ["b", "a"]],
    [[], [[]], [undefined], [null], [""], {}, new Set(), new Map(), new Uint8Array(), "[]", "\0[]"],
    [[1], ["1"], [1n], [true], ["n1,"], new Set([1]), new Map([[1, 1]]), { 1: 1 }, "\0[n1,]"],
    [{ a: 1, b: 2 }, { a: 1 }, { b: 2 }, { a: { b: 2 } }, [["a", 1], ["b", 2]], { ab: 12 }],
    [new Map([["a", "b"]]), new Map([["b", "a"]]), new Set(["a", "b"]), new Set(["as1:b"])],
    [["s"], ["ss"], ["s", "s"], ["", "s"], ["s", ""], ["s1:"], ["1:s"]],
  ];
  for (const terms of alike) {
    const standIns = terms.map(standIn);
    assertEquals(new Set(standIns).size, terms.length, standIns.join(" "));
  }
});

Deno.test("TermMap behaves as a list of pairs with equal keys", () => {
  const operation = fc.tuple(fc.constantFrom("get", "set", "delete"), terms, fc.nat());
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const map = new TermMap<number>();
      let pairs: [Term, number][] = [];
      for (const [what, key, value] of operations) {
        const pair = pairs.find(([other]) => equal(other, key));
        if (what === "set") {
          map.set(key, value);
          if (pair === undefined) pairs.push([key, value]);
          else pair[1] = value;
        } else if (what === "delete") {
          assertEquals(map.delete(key), pair !== undefined);
          pairs = pairs.filter((other) => other !== pair);
        }
        const now = pairs.find(([other]) => equal(other, key));
        assertEquals(map.get(key), now?.[1]);
        assertEquals(map.has(key), now !== undefined);
        assertEquals(map.size, pairs.length);
      }
      // In order, and with the first of equal keys.
      const listed = [...map];
      assertEquals(listed.length, pairs.length);
      listed.forEach(([key, value], i) => {
        assert(equal(key, pairs[i]![0]));
        assertEquals(value, pairs[i]![1]);
      });
      assert([...map.keys()].every((key, i) => equal(key, listed[i]![0])));
      assertEquals([...map.values()], listed.map(([, value]) => value));
      map.clear();
      assertEquals([map.size, [...map]], [0, []]);
    }),
    { numRuns: 500, seed: 1 },
  );
});

Deno.test("TermMap returns the keys as they were set", () => {
  const map = new TermMap<number>();
  const key = ["room", { floor: 1 }];
  map.set(key, 1).set("\0", 2).set(NaN, 3).set(["room", { floor: 1 }], 4);
  const keys = [...map.keys()];
  assertEquals(keys, [key, "\0", NaN]);
  assert(keys[0] === key);
  const again = ["room", { floor: 1 }];
  map.delete(["room", { floor: 1 }]);
  map.set(again, 5);
  assert([...map.keys()].at(-1) === again);
});

Deno.test("TermMap finds long, deep and wide keys, and distinguishes similar ones", () => {
  const map = new TermMap<string>();
  let deep: Term = "bottom";
  for (let i = 0; i < 500; i++) deep = [deep];
  const wide = Array.from({ length: 10_000 }, (_, i) => i);
  const bytes = new Uint8Array(300_000).fill(7);
  const long = ["x".repeat(100_000)];
  map.set(deep, "deep").set(wide, "wide").set(bytes, "bytes").set(long, "long");
  assertEquals(map.get(structuredClone(deep)), "deep");
  assertEquals(map.get([...wide]), "wide");
  assertEquals(map.get(bytes.slice()), "bytes");
  assertEquals(map.get(["x".repeat(100_000)]), "long");
  assertEquals(map.get([deep]), undefined);
  assertEquals(map.get([...wide.slice(0, -1), -1]), undefined);
  assertEquals(map.get(bytes.slice(1)), undefined);
  assertEquals(map.get(["x".repeat(99_999) + "y"]), undefined);
});

Deno.test("TermMap.get() distinguishes pids and references of different nodes with the same number", () => {
  const here = new RemotePid("a@host", 5, 0, 1);
  const map = new TermMap<number>().set(["pid", here], 1);
  assertEquals(map.get(["pid", here]), 1);
  assertEquals(map.get(["pid", new RemotePid("b@host", 5, 0, 1)]), undefined);
  assertEquals(map.get(["pid", new Pid(null, 5)]), undefined);
  const ref = new RemoteRef("a@host", 1, [7, 0, 0]);
  map.set(["ref", ref], 2);
  assertEquals(map.get(["ref", ref]), 2);
  assertEquals(map.get(["ref", new RemoteRef("b@host", 1, [7, 0, 0])]), undefined);
  assertEquals(map.get(["ref", new Ref(7)]), undefined);
});
