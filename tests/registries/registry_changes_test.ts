/**
 * Queries of a registry whose patterns, guards, bodies and callbacks change it.
 *
 * @module
 */

import { _, Process, Registry, self, type Term, unwrap } from "@denotp/otp";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { inProcess } from "../helpers.ts";

/** More calls than any query here may make: a query that does not end fails instead of hanging. */
const ENDLESS = 1000;

const LAYOUTS: readonly Registry.Keys[] = ["unique", "duplicate"];

/** Runs `body` for each layout of keys, each with a registry called `"r"`. */
function withEach(body: (keys: Registry.Keys) => void): Promise<void> {
  return inProcess(async () => {
    for (const keys of LAYOUTS) {
      const registry = unwrap(await Registry.startLink({ keys, name: "r" }));
      body(keys);
      Process.unlink(registry);
      Process.exit(registry, "kill");
    }
  });
}

/** Returns a function that counts its calls, runs `change` and returns `true`. */
function counted(change: (calls: number) => void) {
  const fun = (): true => {
    if (++fun.calls > ENDLESS) throw new Error("endless");
    change(fun.calls);
    return true;
  };
  fun.calls = 0;
  return fun;
}

/** Every query, with a function of the user's in every place where it takes one. */
const QUERIES: Readonly<Record<string, (fun: () => true) => unknown>> = {
  "select() with a body": (fun) => Registry.select("r", [[[_, _, _], [], fun]]),
  "select() with a guard": (fun) => Registry.select("r", [[[_, _, _], [fun]]]),
  "select() with a pattern": (fun) => Registry.select("r", [[[_, _, fun]]]),
  "countSelect() with a body": (fun) => Registry.countSelect("r", [[[_, _, _], [], fun]]),
  "countSelect() with a guard": (fun) => Registry.countSelect("r", [[[_, _, _], [fun]]]),
  "match() with a guard": (fun) => Registry.match("r", "a", _, fun),
  "match() with a pattern": (fun) => Registry.match("r", "a", fun),
  "countMatch() with a guard": (fun) => Registry.countMatch("r", "a", _, fun),
};

Deno.test("Registry's queries do not visit what their functions register", () =>
  withEach((keys) => {
    for (const [query, run] of Object.entries(QUERIES)) {
      Registry.register("r", "a", 0);
      if (keys !== "unique") Registry.register("r", "a", 1);
      const there = Registry.count("r");
      const fun = counted((calls) => {
        Registry.register("r", ["new", query, calls], 0);
        if (keys !== "unique") Registry.register("r", "a", 0);
      });
      const result = run(fun);
      assertEquals(fun.calls, there, query);
      assertEquals(Array.isArray(result) ? result.length : result, there, query);
      for (const key of Registry.keys("r", self())) Registry.unregister("r", key);
    }
  }));

Deno.test("Registry's queries do not visit an entry again that their functions replace", () =>
  withEach(() => {
    Registry.register("r", "a", 0);
    for (const [query, run] of Object.entries(QUERIES)) {
      const fun = counted(() => {
        Registry.unregister("r", "a");
        Registry.register("r", "a", 0);
      });
      run(fun);
      assertEquals([fun.calls, Registry.count("r")], [1, 1], query);
    }
  }));

Deno.test("Registry.select() does not visit an entry that was removed before its turn", () =>
  withEach(() => {
    for (const key of ["a", "b", "c", "d"]) Registry.register("r", key, 0);
    const visited = Registry.select("r", [[[_, _, _], [], (key) => {
      if (key === "b") { for (const other of ["a", "c"]) Registry.unregister("r", other); }
      return key;
    }]]);
    assertEquals(visited, ["a", "b", "d"]);
    assertEquals(Registry.keys("r", self()), ["b", "d"]);
  }));

Deno.test("Registry's queries visit what remains, in order, whatever their functions change", () =>
  withEach((keys) => {
    const key = fc.constantFrom("a", "b", "c", "d");
    const change = fc.tuple(fc.constantFrom("register", "unregister"), key);
    fc.assert(
      fc.property(fc.array(key), fc.array(fc.array(change)), (first, changes) => {
        let number = 0;
        let present: [key: string, number: number][] = [];
        const register = (key: string) => {
          if (keys === "unique" && present.some(([other]) => other === key)) return;
          unwrap(Registry.register("r", key, ++number));
          present.push([key, number]);
        };
        for (const key of first) register(key);
        // With duplicate keys a query goes key by key.
        const order = [...new Set(present.map(([key]) => key))];
        const expected: Term[] = [];
        const last = number;
        const visited = Registry.select("r", [[[_, _, _], [], (key, _pid, value) => {
          assert(present.some((entry) => entry[0] === key && entry[1] === value));
          expected.push(value);
          for (const [what, which] of changes.shift() ?? []) {
            if (what === "register") register(which);
            else {
              Registry.unregister("r", which);
              present = present.filter(([other]) => other !== which);
            }
          }
          return [key, value] as const;
        }]]);
        assertEquals(visited.map(([, value]) => value), expected);
        const seen = new Set(expected);
        assertEquals(present.filter(([, each]) => each <= last && !seen.has(each)), []);
        assert(expected.every((each) => each as number <= last));
        const places = visited.map(([key]) => order.indexOf(key as string));
        assertEquals(places, places.toSorted((a, b) => a - b));
        for (const key of Registry.keys("r", self())) Registry.unregister("r", key);
      }),
    );
  }));

Deno.test("Registry's queries end when their functions kill the registry", () =>
  inProcess(async () => {
    for (const [query, run] of Object.entries(QUERIES)) {
      const registry = unwrap(await Registry.startLink({ keys: "duplicate", name: "r" }));
      for (const value of [1, 2, 3]) Registry.register("r", "a", value);
      Process.unlink(registry);
      const fun = counted(() => Process.exit(registry, "kill"));
      run(fun);
      assertEquals(fun.calls, 1, query);
      assertThrows(() => Registry.count("r"), TypeError, "unknown registry");
    }
  }));

Deno.test("Registry's queries throw what their bodies throw, and pass over an entry for which a guard throws", () =>
  withEach(() => {
    Registry.register("r", "a", 0);
    for (const [query, run] of Object.entries(QUERIES)) {
      const failing = () => {
        throw new RangeError(query);
      };
      if (query.endsWith("with a body")) {
        assertThrows(() => run(failing), RangeError, query);
      } else {
        const none = query.startsWith("count") ? 0 : [];
        assertEquals(run(failing), none as never, query);
      }
    }
    assertEquals(Registry.lookup("r", "a"), [[self(), 0]]);
  }));

Deno.test("Registry.dispatch() hands over what was there, whatever its callback changes", () =>
  inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "duplicate", name: "r" }));
    for (const value of [1, 2]) Registry.register("r", "a", value);
    const handed: Term[] = [];
    Registry.dispatch("r", "a", (entries: Registry.Registration[]) => {
      for (const [, value] of entries) {
        handed.push(value);
        assert(handed.length < ENDLESS);
        Registry.unregister("r", "a");
        Registry.register("r", "a", 3);
      }
    });
    assertEquals(handed, [1, 2]);
    assertEquals(Registry.values("r", "a", self()), [3]);
  }));

Deno.test("Registry.unregisterMatch() removes once what its guard removes, too", () =>
  withEach(() => {
    Registry.register("r", "b", 0);
    Registry.register("r", "a", 1);
    Registry.unregisterMatch("r", "a", _, () => {
      Registry.unregister("r", "a");
      Registry.register("r", "a", 2);
      return true;
    });
    assertEquals(Registry.values("r", "a", self()), [2]);
    assertEquals(Registry.count("r"), 2);
    Registry.unregisterMatch("r", "a", _, () => Registry.unregister("r", "b") === "ok");
    assertEquals([Registry.count("r"), Registry.keys("r", self())], [0, []]);
  }));

Deno.test("Registry.unregisterMatch() keeps an entry for which its guard throws", () =>
  inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "duplicate", name: "r" }));
    for (const value of [1, 2]) Registry.register("r", "a", value);
    const failing = (value: Term) => {
      if (value === 2) throw new RangeError("no");
      return true;
    };
    assertEquals(Registry.unregisterMatch("r", "a", _, failing), "ok");
    assertEquals(Registry.values("r", "a", self()), [2]);
  }));

Deno.test("Registry.updateValue() answers error when the function has removed the entry", () =>
  inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "unique", name: "r" }));
    Registry.register("r", "a", 1);
    const replaced = Registry.updateValue("r", "a", () => {
      Registry.unregister("r", "a");
      Registry.register("r", "a", 2);
      return 3;
    });
    assertEquals(replaced, "error");
    assertEquals(Registry.values("r", "a", self()), [2]);
  }));
