/**
 * Calls, casts and replies of a GenServer.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Exit,
  exit,
  flush,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  spawnLink,
  stop,
  stopReply,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import { type CallScript, failure, Scripted, ScriptedAsync } from "./fixtures/script.ts";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

const NODE = "nonode@nohost";

const Counter = {
  init: (count: number) => ok(count),
  handleCall: (_request: "get", _from: GenServer.From, count: number) => reply(count, count),
  handleCast: ([, by]: readonly ["add", number], count: number) => noreply(count + by),
};

/** A pid of an exited process. */
async function deadPid(): Promise<Pid> {
  const pid = spawn(() => {});
  await exitOf(pid);
  return pid;
}

// --- Casts --------------------------------------------------------------------------------------

Deno.test("GenServer.cast() returns ok at once, and takes effect before a later call [GS-008]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Counter, 0));
    assertEquals(GenServer.cast(pid, ["add", 1]), "ok");
    assertEquals(GenServer.cast(pid, ["add", 10]), "ok");
    assertEquals((pid as Pid).process!.state, 0);
    assertEquals(await GenServer.call(pid, "get"), 11);
    await assertSilence();
  });
});

Deno.test("GenServer.cast() returns ok when there is no process, whatever the name [GS-009]", async () => {
  await inProcess(async () => {
    for (const fresh of Object.values(NAMINGS)) {
      assertEquals(GenServer.cast(fresh(), "hello"), "ok");
    }
    assertEquals(GenServer.cast([freshAtom(), NODE], "hello"), "ok");
    assertEquals(GenServer.cast(await deadPid(), "hello"), "ok");
    assertEquals(GenServer.cast(Symbol("nobody"), "hello"), "ok");
    await assertSilence();
  });
});

Deno.test("GenServer.cast() returns ok when there is no name at all, which call() treats as no process [GS-009, GS-013]", async () => {
  await inProcess(async () => {
    for (const nobody of [undefined, null]) {
      assertEquals(GenServer.cast(nobody as never, "hello"), "ok");
      assertEquals(await failure(GenServer.call(nobody as never, "hello")), [
        "noproc",
        ["GenServer", "call", [nobody, "hello", 5000]],
      ]);
    }
  });
});

Deno.test("GenServer.cast(), call(), stop() and whereis() refuse what cannot stand for a server", async () => {
  await inProcess(async () => {
    for (const wrong of [5, {}, [], ["a", 1], ["global"], ["via", {}, "key"]] as never[]) {
      assertThrows(() => GenServer.cast(wrong, 1), TypeError, "Cannot address this as a process");
      assertThrows(() => GenServer.whereis(wrong), TypeError, "Cannot address this as a process");
      for (
        const ask of [GenServer.call, GenServer.stop] as ((server: never) => Promise<unknown>)[]
      ) {
        await assertRejects(() => ask(wrong), TypeError, "Cannot address this as a process");
      }
    }
  });
});

Deno.test("GenServer.abcast() casts to the name on all nodes, ignores unknown ones and returns abcast [GS-017]", async () => {
  await inProcess(async () => {
    const name = freshAtom();
    const pid = unwrap(await GenServer.startLink(Counter, 0, { name }));
    assertEquals(GenServer.abcast(name, ["add", 1], ["no@where", NODE, "else@where"]), "abcast");
    assertEquals(GenServer.abcast(name, ["add", 10]), "abcast");
    assertEquals(GenServer.abcast(freshAtom(), ["add", 10]), "abcast");
    assertEquals(await GenServer.call(pid, "get"), 11);
    await assertSilence();
  });
});

Deno.test("GenServer.multiCall() resolves with the replies and the nodes that gave none", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    await GenServer.startLink(Counter, 7, { name });
    assertEquals(await GenServer.multiCall(name, "get"), [[[NODE, 7]], []]);
    assertEquals(await GenServer.multiCall(name, "get", 100, ["no@where", NODE]), [
      [[NODE, 7]],
      ["no@where"],
    ]);
    assertEquals(await GenServer.multiCall(freshAtom(), "get"), [[], [NODE]]);
    await assertRejects(() => GenServer.multiCall(name, "get", -1), RangeError);
    await assertSilence();
  });
});

// --- Calls that cannot be made ------------------------------------------------------------------

Deno.test("GenServer.call() exits with noproc when the pid is dead or the name is not registered [GS-013]", async () => {
  await inProcess(async () => {
    const nobodies = [
      await deadPid(),
      [freshAtom(), NODE] as const,
      ...Object.values(NAMINGS).map((fresh) => fresh()),
    ];
    for (const nobody of nobodies) {
      const reason = await failure(GenServer.call(nobody, "hello", 100)) as unknown[];
      assertEquals(reason, ["noproc", ["GenServer", "call", [nobody, "hello", 100]]]);
      assertEquals(await failure(GenServer.stop(nobody)), [
        "noproc",
        ["GenServer", "stop", [nobody, "normal", Infinity]],
      ]);
    }
    await assertSilence();
  });
});

Deno.test("GenServer.call() exits with nodedown when the node of the name is unknown [GS-014]", async () => {
  await inProcess(async () => {
    const server = ["name", "no@where"] as const;
    assertEquals(await failure(GenServer.call(server, "hello")), [
      ["nodedown", "no@where"],
      ["GenServer", "call", [server, "hello", 5000]],
    ]);
  });
});

type Naming = (typeof NAMINGS)[keyof typeof NAMINGS];

const TARGETS: Record<string, Naming | (() => undefined)> = {
  "a pid": () => undefined,
  ...NAMINGS,
};

for (const [what, fresh] of Object.entries(TARGETS)) {
  Deno.test(`GenServer.call() exits with calling_self when ${what} is the caller's own [GS-011]`, async () => {
    await inProcess(async () => {
      const name = fresh();
      const pid = unwrap(await GenServer.start(ScriptedAsync, undefined, { name }));
      const target = (name ?? pid) as GenServer.ServerRef;
      const reasons = await GenServer.call(pid, async (_from, state) => {
        const ofCall = await failure(GenServer.call(target, "hello", 50));
        const ofStop = await failure(GenServer.stop(target, "bye", 50));
        return reply([ofCall, ofStop], state);
      });
      assertEquals(reasons, [
        ["calling_self", ["GenServer", "call", [target, "hello", 50]]],
        ["calling_self", ["GenServer", "stop", [target, "bye", 50]]],
      ]);
      await GenServer.stop(pid);
    });
  });
}

Deno.test("GenServer.call() refuses an invalid timeout", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Counter, 0));
    for (const timeout of [-1, NaN, "5", null, 2 ** 60] as never[]) {
      await assertRejects(() => GenServer.call(pid, "get", timeout), RangeError, "timeout");
      await assertRejects(() => GenServer.stop(pid, "normal", timeout), RangeError, "timeout");
    }
    assertEquals(await GenServer.call(pid, "get", undefined), 0);
  });
});

// --- Timeouts of calls --------------------------------------------------------------------------

Deno.test("GenServer.call() exits with timeout when no reply came in time, and drops a late one [GS-012]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    let from: GenServer.From | undefined;
    const request: CallScript = (given, state) => {
      from = given;
      return noreply(state);
    };
    const calls = [GenServer.call(pid, request, 100), GenServer.call(pid, request)];
    const reasons = calls.map(failure);
    await pass(time, 99);
    const first = await Promise.race([reasons[0], "pending"]);
    assertEquals(first, "pending");
    await pass(time, 1);
    assertEquals(await reasons[0], ["timeout", ["GenServer", "call", [pid, request, 100]]]);
    await pass(time, 4900);
    assertEquals(await reasons[1], ["timeout", ["GenServer", "call", [pid, request, 5000]]]);
    GenServer.reply(from!, "late");
    await assertSilence();
    assertEquals(Process.isAlive(pid), true);
  });
});

Deno.test("GenServer.call() with timeout 0 exits with timeout unless the reply is there already [GS-012]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    const never: CallScript = (_from, state) => noreply(state);
    assertEquals(await failure(GenServer.call(pid, never, 0)), [
      "timeout",
      ["GenServer", "call", [pid, never, 0]],
    ]);
  });
});

Deno.test("GenServer.call() with timeout Infinity waits forever [GS-104]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    let from: GenServer.From | undefined;
    const answer = GenServer.call(pid, (given, state) => {
      from = given;
      return noreply(state);
    }, Infinity);
    await pass(time, 365 * 24 * 3600_000);
    GenServer.reply(from!, "at last");
    assertEquals(await answer, "at last");
  });
});

Deno.test("GenServer.call() between two servers that call each other times out on the inside only [GS-100]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const one = unwrap(await GenServer.startLink(ScriptedAsync));
    const other = unwrap(await GenServer.startLink(ScriptedAsync));
    const back: CallScript = (_from, state) => reply("unreachable", state);
    const outer = GenServer.call(one, async (_from, state) => {
      const inner = await GenServer.call(other, async (_from, state) => {
        return reply(await failure(GenServer.call(one, back, 50)), state);
      }, 1000);
      return reply(inner, state);
    }, 1000);
    await pass(time, 50);
    assertEquals(await outer, ["timeout", ["GenServer", "call", [one, back, 50]]]);
    assertEquals(await GenServer.call(other, (_from, state) => reply("alive", state)), "alive");
  });
});

// --- Replies ------------------------------------------------------------------------------------

Deno.test("GenServer.reply() replies to a call that handleCall left open, from the server or another process [GS-044]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted, [] as GenServer.From[]));
    const open: CallScript = (from, waiting) => noreply([...waiting, from]);
    const first = GenServer.call(pid, open);
    const second = GenServer.call(pid, open);
    // Others are served meanwhile.
    assertEquals(await GenServer.call(pid, (_from, state) => reply(state.length, state)), 2);
    GenServer.cast(pid, ([one, ...rest]: GenServer.From[]) => {
      assertEquals(GenServer.reply(one!, "from the server"), "ok");
      return noreply(rest);
    });
    assertEquals(await first, "from the server");
    const [other] = await GenServer.call(pid, (_from, state) => reply(state, state));
    spawnLink(() => {
      GenServer.reply(other, "from elsewhere");
      GenServer.reply(other, "too late");
    });
    assertEquals(await second, "from elsewhere");
    await assertSilence();
  });
});

Deno.test("handleCall() gets a from that names the client and a tag of the call, good after the callback has returned [GS-045]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    const froms: GenServer.From[] = [];
    const open: CallScript = (from, state) => {
      froms.push(from);
      return noreply(state);
    };
    const calls = [GenServer.call(pid, open), GenServer.call(pid, open)];
    await settled();
    assertEquals(froms.length, 2);
    for (const from of froms) {
      assertEquals(from.length, 2);
      assertStrictEquals(from[0], self());
    }
    assert(froms[0]![1] !== froms[1]![1]);
    assertEquals(GenServer.reply(froms[1]!, "second"), "ok");
    assertEquals(GenServer.reply(froms[0]!, "first"), "ok");
    assertEquals(await Promise.all(calls), ["first", "second"]);
  });
});

Deno.test("GenServer.reply() has no effect if the client has exited or was already answered [GS-044]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    let from: GenServer.From | undefined;
    const client = spawn(() =>
      GenServer.call(pid, (given, state) => {
        from = given;
        return noreply(state);
      })
    );
    await settled();
    Process.exit(client, "kill");
    assertEquals(GenServer.reply(from!, "to nobody"), "ok");
    await assertSilence();
  });
});

Deno.test("GenServer.reply() refuses an invalid from", () => {
  for (const wrong of [undefined, 5, [], [self()], [1, 2], { 0: self() }]) {
    assertThrows(() => GenServer.reply(wrong as never, 1), TypeError, "Cannot reply");
  }
});

Deno.test("GenServer.reply() replies to a request that was sent by hand with a message of its tag [GS-044]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    for (const module of [Scripted, ScriptedAsync]) {
      const server = unwrap(await GenServer.startLink(module));
      const now: CallScript = (_from, state) => reply("now", state);
      send(server, ["$gen_call", [self(), "my tag"], now]);
      assertEquals(await receive(), ["my tag", "now"]);
      const later: CallScript = (from, state) => {
        send(server, (state: unknown) => {
          GenServer.reply(from, "later");
          return noreply(state);
        });
        return noreply(state);
      };
      send(server, ["$gen_call", [self(), ["a", 1]], later]);
      assertEquals(await receive(), [["a", 1], "later"]);
      const last: CallScript = (_from, state) => stopReply("normal", "last", state);
      send(server, ["$gen_call", [self(), 3], last]);
      assertEquals(await receive(), [3, "last"]);
      await settled();
      assertEquals(Process.isAlive(server), false);
    }
    send(pid, ["$gen_cast", () => noreply("cast by hand")]);
    assertEquals(await GenServer.call(pid, (_from, state) => reply(state, state)), "cast by hand");
    await assertSilence();
  });
});

Deno.test("a call resolves with any reply, also one that looks like a promise, an error or nothing", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    for (const value of [undefined, null, 0, "", ["error", "x"], new Error("x"), exit("x"), []]) {
      assertStrictEquals(await GenServer.call(pid, (_from, state) => reply(value, state)), value);
    }
  });
});

// --- Servers that end during a call -------------------------------------------------------------

Deno.test("a call gets its reply when the server replies and then crashes in the same callback [GS-051]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const module of [Scripted, ScriptedAsync]) {
      const [pid, ref] = unwrap(await GenServer.startMonitor(module));
      const answer = await GenServer.call(pid, (from) => {
        GenServer.reply(from, "early");
        throw exit("after");
      });
      assertEquals(answer, "early");
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "after"]);
    }
    await assertSilence();
  });
});

for (const [mode, module] of [["sync", Scripted], ["async", ScriptedAsync]] as const) {
  Deno.test(`all callers that wait for a server exit when a ${mode} callback crashes it: answered later, at work, queued [GS-052]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const pid = unwrap(await GenServer.start(module));
      const accepted: CallScript = (_from, state) => noreply(state);
      const crashing: CallScript = () => {
        throw exit("bang");
      };
      const queued: CallScript = (_from, state) => reply("never", state);
      const reasons = [accepted, crashing, queued].map((request) =>
        failure(GenServer.call(pid, request, Infinity))
      );
      assertEquals(
        await Promise.all(reasons),
        [accepted, crashing, queued].map((request) => [
          "bang",
          ["GenServer", "call", [pid, request, Infinity]],
        ]),
      );
      await assertSilence();
    });
  });

  Deno.test(`a call that is queued exits with normal when the server stops normally in a ${mode} callback [GS-052]`, async () => {
    await inProcess(async () => {
      const pid = unwrap(await GenServer.start(module));
      GenServer.cast(pid, (state) => stop("normal", state));
      const queued: CallScript = (_from, state) => reply("never", state);
      assertEquals(await failure(GenServer.call(pid, queued)), [
        "normal",
        ["GenServer", "call", [pid, queued, 5000]],
      ]);
    });
  });

  Deno.test(`a call exits with the error, its stack and the call when a ${mode} handleCall throws an error [GS-053]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const pid = unwrap(await GenServer.start(module));
      const error = new RangeError("x");
      const request: CallScript = () => {
        throw error;
      };
      const reason = await failure(GenServer.call(pid, request)) as [[Error, string], unknown];
      assertStrictEquals(reason[0][0], error);
      assertEquals(reason, [[error, error.stack!], ["GenServer", "call", [pid, request, 5000]]]);
    });
  });

  Deno.test(`a call exits with the reason as it is when a ${mode} handleCall throws an exit [GS-054]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const pid = unwrap(await GenServer.start(module));
      const request: CallScript = () => {
        throw exit("boom");
      };
      assertEquals(await failure(GenServer.call(pid, request)), [
        "boom",
        ["GenServer", "call", [pid, request, 5000]],
      ]);
    });
  });

  Deno.test(`a call exits with the reason when a ${mode} handleCall stops without a reply, be it normal [GS-056]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      for (const why of ["normal", "bye", "shutdown", ["shutdown", "z"]]) {
        const pid = unwrap(await GenServer.start(module));
        const request: CallScript = (_from, state) => stop(why, state);
        assertEquals(await failure(GenServer.call(pid, request)), [
          why,
          ["GenServer", "call", [pid, request, 5000]],
        ]);
      }
    });
  });

  Deno.test(`a call gets the reply when a ${mode} handleCall stops with one [GS-057]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      for (const why of ["normal", "bye", ["shutdown", "z"]]) {
        const [pid, ref] = unwrap(await GenServer.startMonitor(module));
        const answer = GenServer.call(pid, (_from, state) => stopReply(why, ["last", why], state));
        assertEquals(await answer, ["last", why]);
        assertEquals(await receive(), ["DOWN", ref, "process", pid, why]);
      }
      await assertSilence();
    });
  });

  Deno.test(`a value that a ${mode} callback throws counts as what it returns [GS-060]`, async () => {
    using _reports = collectReports();
    await inProcess(async () => {
      const [pid, ref] = unwrap(await GenServer.startMonitor(module, "old"));
      const throwing = (value: unknown) => () => {
        throw value;
      };
      assertEquals(await GenServer.call(pid, throwing(["reply", "thrown", "new"])), "thrown");
      GenServer.cast(pid, (state) => {
        throw noreply(`${state}er`);
      });
      assertEquals(await GenServer.call(pid, (_from, state) => reply(state, state)), "newer");
      const last = throwing("zz");
      assertEquals(await failure(GenServer.call(pid, last)), [
        ["bad_return_value", "zz"],
        ["GenServer", "call", [pid, last, 5000]],
      ]);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, ["bad_return_value", "zz"]]);
    });
  });
}

Deno.test("a call exits with killed when the server is killed meanwhile [GS-055]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.start(ScriptedAsync));
    const request: CallScript = () => new Promise(() => {});
    const reason = failure(GenServer.call(pid, request));
    await settled();
    Process.exit(pid, "kill");
    assertEquals(await reason, ["killed", ["GenServer", "call", [pid, request, 5000]]]);
  });
});

Deno.test("a failed call rejects with an Exit whose message tells what was called and why", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const error = await assertRejects(() => GenServer.call("nobody", "pop"), Exit);
    assert(
      error.message.startsWith('exited in: GenServer.call("nobody", "pop", 5000): no process'),
    );
    const name = freshAtom();
    await GenServer.start(Scripted, undefined, { name });
    const failing = () => {
      throw new Error("oops");
    };
    const raised = await assertRejects(() => GenServer.call(name, failing), Exit);
    assert(raised.message.endsWith("an exception was raised: Error: oops"), raised.message);
  });
});

Deno.test("a call that fails terminates a caller that does not catch it, with the reason of the call [GS-053]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const caller = spawn(async () => {
      await GenServer.call("nobody", "pop");
    });
    assertEquals(await exitOf(caller), [
      "noproc",
      ["GenServer", "call", ["nobody", "pop", 5000]],
    ]);
  });
});

// --- The caller's mailbox -----------------------------------------------------------------------

Deno.test("a call neither takes nor removes messages that look like replies or DOWNs [GS-092]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Scripted));
    const ref = Process.monitor(pid);
    let from: GenServer.From | undefined;
    const stray = [
      [ref, "reply"],
      [["alias", ref], "reply"],
      ["DOWN", ref, "process", pid, "fake"],
      ["$gen_call", [self(), ref], "x"],
    ];
    for (const message of stray) send(self(), message);
    const answer = GenServer.call(pid, (given, state) => {
      from = given;
      return noreply(state);
    });
    await settled();
    for (const message of stray) send(self(), message);
    send(self(), [from![1], "forged"]);
    GenServer.reply(from!, "true");
    assertEquals(await answer, "true");
    assertEquals(flush(), [...stray, ...stray, [from![1], "forged"]]);
  });
});

Deno.test("a call takes no longer when the caller's mailbox is full, for it does not look into it [GS-091]", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Counter, 1));
    // A message whose getters throw.
    let looks = 0;
    const watched = new Proxy(["DOWN", 1, 2, 3, 4], {
      get: (target, key) => (looks++, Reflect.get(target, key)),
    });
    for (let i = 0; i < 10_000; i++) send(self(), watched);
    for (let i = 0; i < 100; i++) assertEquals(await GenServer.call(pid, "get"), 1);
    assertEquals(looks, 0);
    assertEquals(Process.info(self(), "message_queue_len"), ["message_queue_len", 10_000]);
    flush();
  });
});

// --- Order --------------------------------------------------------------------------------------

Deno.test("casts, calls and messages of one client arrive in the order in which they were sent", async () => {
  await inProcess(async () => {
    for (const module of [Scripted, ScriptedAsync]) {
      const pid = unwrap(await GenServer.startLink(module, [] as number[]));
      const append = (n: number) => (seen: number[]) => noreply([...seen, n]);
      GenServer.cast(pid, append(1));
      send(pid, append(2));
      const call = GenServer.call(pid, (_from, seen) => reply(seen, [...seen, 3]));
      send(pid, append(4));
      GenServer.cast(pid, append(5));
      assertEquals(await call, [1, 2]);
      assertEquals(await GenServer.call(pid, (_from, seen) => reply(seen, seen)), [1, 2, 3, 4, 5]);
    }
  });
});

// --- Lookups ------------------------------------------------------------------------------------

Deno.test("GenServer.whereis() returns the pid, undefined, or the name where that is on another node", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Counter, 1));
    assertStrictEquals(GenServer.whereis(pid), pid);
    for (const fresh of Object.values(NAMINGS)) {
      const name = fresh();
      assertStrictEquals(await GenServer.whereis(name), undefined);
      const server = unwrap(await GenServer.startLink(Counter, 1, { name }));
      assertStrictEquals(await GenServer.whereis(name), server);
    }
    const name = freshAtom();
    Process.register(pid, name);
    assertStrictEquals(GenServer.whereis([name, NODE]), pid);
    assertEquals(GenServer.whereis([name, "no@where"]), [name, "no@where"]);
  });
});
