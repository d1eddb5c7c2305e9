/**
 * Receiving: clauses, selection, time limits, and one place at a time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  after,
  Exit,
  flush,
  isPid,
  on,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  spawnLink,
} from "../mod.ts";
import { assertSilence, exitOf, inProcess, pass, settled } from "./helpers.ts";

// --- Without clauses ----------------------------------------------------------------------------

Deno.test("receive() without a clause takes the oldest message, whatever it is", async () => {
  await inProcess(async () => {
    const messages = ["atom", ["tuple", 1], undefined, null, 0, NaN, { map: true }, () => 1];
    for (const message of messages) send(self(), message);
    for (const message of messages) assertStrictEquals(await receive(), message);
    await assertSilence();
  });
});

Deno.test("receive() waits for the message that is not there yet", async () => {
  await inProcess(async () => {
    const me = self();
    spawn(async () => {
      await settled();
      send(me, "late");
    });
    assertEquals(flush(), []);
    assertEquals(await receive(), "late");
  });
});

// --- Clauses by tag -----------------------------------------------------------------------------

Deno.test("receive() hands the rest of a tuple to the function under its tag", async () => {
  await inProcess(async () => {
    send(self(), ["add", 1, 2]);
    send(self(), "clear");
    send(self(), ["clear"]);
    const clauses = {
      add: (a: number, b: number) => a + b,
      clear: (...rest: unknown[]) => ["cleared", rest],
    };
    assertEquals(await receive(clauses), 3);
    assertEquals(await receive(clauses), ["cleared", []]);
    assertEquals(await receive(clauses), ["cleared", []]);
  });
});

Deno.test("receive() calls the function of an object of clauses as its method", async () => {
  await inProcess(async () => {
    send(self(), ["who", "?"]);
    const clauses = {
      name: () => "me",
      who(mark: string): string {
        return this.name() + mark;
      },
    };
    assertEquals(await receive(clauses), "me?");
  });
});

Deno.test("receive() takes no key for a tag that an object only inherits", async () => {
  await inProcess(async () => {
    send(self(), "toString");
    send(self(), ["constructor", 1]);
    send(self(), 5);
    send(self(), [["nested", "tag"]]);
    const got = await receive({ wanted: () => "wanted" }, after(0, () => "none of them"));
    assertEquals(got, "none of them");
    assertEquals(flush(), ["toString", ["constructor", 1], 5, [["nested", "tag"]]]);
  });
});

Deno.test("receive() awaits a body that is async, and passes on what a body throws", async () => {
  await inProcess(async () => {
    send(self(), ["double", 21]);
    assertEquals(
      await receive({
        double: async (number: number) => {
          await settled();
          return number * 2;
        },
      }),
      42,
    );
    send(self(), "fail");
    const error = new Error("from the body");
    const failing = receive({
      fail: () => {
        throw error;
      },
    });
    assertStrictEquals(await failing.catch((caught: unknown) => caught), error);
    assertEquals(flush(), [], "the message has been taken");
  });
});

// --- Patterns and guards ------------------------------------------------------------------------

Deno.test("receive() with on() hands the whole message to the body", async () => {
  await inProcess(async () => {
    const pid = spawnLink(() => {});
    send(self(), [pid, "hello"]);
    const message = await receive(on([isPid, _], (message) => message));
    const from: Pid = message[0]; // the guard narrows
    assertStrictEquals(from, pid);
    assertEquals(message[1], "hello");
  });
});

Deno.test("receive() tries its clauses in order", async () => {
  await inProcess(async () => {
    const order = [
      on(["a", 2], () => "first"),
      { a: () => "second" },
      on(_, () => "third"),
    ] as const;
    for (const message of [["a", 1], ["a", 2], ["b", 1]]) send(self(), message);
    assertEquals(await receive(...order), "second");
    assertEquals(await receive(...order), "first");
    assertEquals(await receive(...order), "third");
  });
});

Deno.test("receive() leaves a message for which a guard throws, and takes the next one", async () => {
  await inProcess(async () => {
    const guard = (message: string): boolean => message.startsWith("wanted"); // throws for a number
    send(self(), 1);
    send(self(), "wanted early");
    assertEquals(await receive(on(guard, (message) => message)), "wanted early");
    const waiting = receive(on(guard, (message) => message));
    await settled();
    send(self(), 2);
    send(self(), "wanted late");
    assertEquals(await waiting, "wanted late");
    assertEquals(flush(), [1, 2]);
  });
});

Deno.test("receive() leaves messages that cannot be looked at, and takes those that it wants", async () => {
  await inProcess(async () => {
    const revoked = (target: object) => {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      return proxy;
    };
    const half = new Proxy(["wanted", 1], {
      get: (target, key) => {
        if (key === "1") throw new Error("no second item");
        return Reflect.get(target, key);
      },
    });
    const unreadable = [revoked({}), revoked([]), half];
    const clauses = [{ wanted: (n: number) => n }, on(["other", _], () => "other")] as const;
    for (const message of unreadable) send(self(), message);
    send(self(), ["wanted", 1]);
    assertEquals(await receive(...clauses), 1);
    const waiting = receive(...clauses);
    await settled();
    for (const message of unreadable) send(self(), message);
    send(self(), ["other", 2]);
    assertEquals(await waiting, "other");
    const left = flush();
    assertEquals(left.length, 6);
    assert([...unreadable, ...unreadable].every((message, i) => message === left[i]));
  });
});

// --- Selection ----------------------------------------------------------------------------------

Deno.test("receive() leaves the messages that it passes over, in order", async () => {
  await inProcess(async () => {
    for (const message of [1, "x", 2, "y", 3]) send(self(), message);
    const isAtom = (message: unknown) => typeof message === "string";
    assertEquals(await receive(on(isAtom, (message) => message)), "x");
    send(self(), 4);
    assertEquals(await receive(on(3, () => "three")), "three");
    assertEquals(await receive(), 1);
    assertEquals(await receive(on(isAtom, (message) => message)), "y");
    assertEquals(flush(), [2, 4]);
  });
});

Deno.test("receive() finds what an earlier receive passed over before what has come since", async () => {
  await inProcess(async () => {
    const wanted = on(["wanted", _], ([, number]) => number);
    send(self(), ["wanted", 1]);
    assertEquals(await receive(on("other", () => 0), after(0, () => "nothing")), "nothing");
    send(self(), ["wanted", 2]);
    assertEquals([await receive(wanted), await receive(wanted)], [1, 2]);
  });
});

Deno.test("receive() takes each of many messages once, in whatever order they are wanted", async () => {
  await inProcess(async () => {
    const count = 2000;
    for (let i = 0; i < count; i++) send(self(), ["number", i]);
    const evens: number[] = [];
    for (let i = 0; i < count; i += 2) {
      evens.push(await receive(on(["number", i], ([, number]) => number)));
    }
    assertEquals(evens.length, count / 2);
    const rest = flush() as [string, number][];
    assertEquals(rest.map(([, number]) => number), evens.map((number) => number + 1));
  });
});

// --- Time ---------------------------------------------------------------------------------------

Deno.test("receive() with after() gives up when the time is up, and not before", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    let outcome: unknown = "waiting";
    receive({ wanted: () => "wanted" }, after(100, () => "time is up")).then((it) => outcome = it);
    send(self(), "unwanted");
    await pass(time, 99);
    assertEquals(outcome, "waiting");
    await pass(time, 1);
    assertEquals(outcome, "time is up");
    assertEquals(flush(), ["unwanted"]);
  });
});

Deno.test("receive() with after() stops the clock when a message comes in time", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const bodies: string[] = [];
    const waiting = receive(
      { wanted: () => bodies.push("message") },
      after(100, () => bodies.push("timeout")),
    );
    await pass(time, 99);
    send(self(), "wanted");
    await waiting;
    await pass(time, 1000);
    assertEquals(bodies, ["message"]);
    await assertSilence();
  });
});

Deno.test("receive() with after(0) looks once, at what is there", async () => {
  await inProcess(async () => {
    const look = () => receive(on("wanted", () => "found"), after(0, () => "nothing"));
    assertEquals(await look(), "nothing");
    send(self(), "unwanted");
    send(self(), "wanted");
    assertEquals(await look(), "found");
    assertEquals(await look(), "nothing");
    assertEquals(flush(), ["unwanted"]);
  });
});

Deno.test("receive() with after(Infinity) waits as without", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const waiting = receive(on("wanted", () => "found"), after(Infinity, () => "never"));
    await pass(time, 1e9);
    send(self(), "wanted");
    assertEquals(await waiting, "found");
  });
});

Deno.test("receive() with a time limit beyond 32 bits neither times out early nor blocks messages [PR-104]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    for (const limit of [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 45]) {
      let outcome: unknown = "waiting";
      const waiting = receive({ wanted: () => "wanted" }, after(limit, () => "time is up"))
        .then((it) => outcome = it);
      await pass(time, 1000);
      assertEquals(outcome, "waiting");
      send(self(), "wanted");
      assertEquals(await waiting, "wanted");
    }
    let outcome: unknown = "waiting";
    receive(after(2 ** 32, () => "time is up")).then((it) => outcome = it);
    await pass(time, 2 ** 32 - 1);
    assertEquals(outcome, "waiting");
    await pass(time, 1);
    assertEquals(outcome, "time is up");
  });
});

Deno.test("after() throws a RangeError when the time is invalid", () => {
  for (const wrong of [-1, NaN, "5", undefined, 2 ** 53]) {
    assertThrows(
      () => after(wrong as never, () => {}),
      RangeError,
      "Cannot receive with this timeout: expected milliseconds from 0 to ",
    );
  }
});

// --- One place at a time ------------------------------------------------------------------------

Deno.test("receive() rejects when the process waits in another one already", async () => {
  await inProcess(async () => {
    const first = receive(on("go", () => "went"));
    await assertRejects(
      () => receive(on("other", () => {})),
      TypeError,
      "Cannot receive: this process waits in another receive() already",
    );
    send(self(), "go");
    assertEquals(await first, "went");
    send(self(), "other");
    assertEquals(await receive(), "other", "and then it may again");
  });
});

Deno.test("receive() never settles when its process exits meanwhile", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const settlements: unknown[] = [];
    const pid = spawn(async () => {
      const waiting = receive(after(5, () => "time"));
      waiting.then((it) => settlements.push(it), (error) => settlements.push(error));
      await waiting;
    });
    await settled();
    const down = exitOf(pid);
    Process.exit(pid, "boom");
    assertEquals(await down, "boom");
    send(pid, "hello");
    await pass(time, 10);
    assertEquals(settlements, []);
  });
});

Deno.test("receive() may be followed by another in its body", async () => {
  await inProcess(async () => {
    for (const message of ["b", "a", "c"]) send(self(), message);
    const nested = await receive({
      a: () => receive({ b: () => receive({ c: () => "all three" }) }),
    });
    assertEquals(nested, "all three");
  });
});

Deno.test("receive() rejects with a TypeError when a clause is invalid", async () => {
  await inProcess(async () => {
    for (const wrong of [null, "tag", 5, () => {}, ["a"], undefined]) {
      await assertRejects(
        () => receive(wrong as never),
        TypeError,
        "Cannot receive: a clause is an object of functions by tag, on(pattern, body) or " +
          "after(timeout, body), found ",
      );
    }
    await assertRejects(
      () => receive(after(1, () => {}), after(2, () => {})),
      TypeError,
      "Cannot receive: there is more than one after clause",
    );
    send(self(), ["tag", 1]);
    await assertRejects(
      () => receive({ tag: "no function" as never }),
      TypeError,
      'found { tag: "no function" }',
    );
    assertEquals(flush(), [["tag", 1]], "nothing is lost by any of it");
    assertThrows(
      () => on(_, "no function" as never),
      TypeError,
      "Cannot receive with on(pattern, body): expected a function for the body, found ",
    );
    assertThrows(() => after(1, undefined as never), TypeError, "after(timeout, body)");
  });
});

// --- Flush --------------------------------------------------------------------------------------

Deno.test("flush() takes all messages, those that were passed over first", async () => {
  await inProcess(async () => {
    for (const message of [1, 2, "wanted", 3]) send(self(), message);
    await receive(on("wanted", () => {}));
    send(self(), 4);
    assertEquals(flush(), [1, 2, 3, 4]);
    assertEquals(flush(), []);
  });
});

Deno.test("receive() and flush() belong to the main process outside of all others", async () => {
  const main = self();
  const pid = spawn(() => send(main, ["from", self()]));
  assertEquals(await receive({ from: (pid: Pid) => pid }), pid);
  send(main, "one");
  send(main, "two");
  assertEquals(flush(), ["one", "two"]);
});

Deno.test("receive() in a process that has exited fails with an Exit", async () => {
  await inProcess(async () => {
    let goOn: () => void;
    const gate = new Promise<void>((resolve) => goOn = resolve);
    const seen: unknown[] = [];
    const pid = spawn(async () => {
      await gate;
      for (const attempt of [() => receive(), () => receive(after(0, () => "time"))]) {
        seen.push(await attempt().catch((error: unknown) => error));
      }
      try {
        flush();
      } catch (error) {
        seen.push(error);
      }
    });
    await settled();
    Process.exit(pid, "boom");
    goOn!();
    await settled();
    assertEquals(seen.length, 3);
    for (const error of seen) {
      assert(error instanceof Exit);
      assertEquals(error.reason, "noproc");
    }
  });
});
