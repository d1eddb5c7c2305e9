/**
 * Processes, as `Process` offers them: the rows `PR` of the conformance catalogue.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  after,
  Exit,
  exit,
  flush,
  GenServer,
  Logger,
  type Noreply,
  noreply,
  ok,
  on,
  Pid,
  Process,
  receive,
  Ref,
  reply,
  self,
  send,
  spawn,
  spawnLink,
  spawnMonitor,
  unwrap,
} from "../mod.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "./helpers.ts";

const NODE = "nonode@nohost";

/** The body of a process that runs until it is stopped, and ignores all other messages. */
const untilStopped = () => receive(on("stop", () => {}));

/** A process that runs until it is stopped, and traps exits. */
function trapping(): Promise<Pid> {
  const parent = self();
  const pid = spawn(async () => {
    Process.flag("trap_exit", true);
    send(parent, ["ready", self()]);
    await untilStopped();
  });
  return receive(on(["ready", pid], () => pid));
}

/** A pid of an exited process. */
async function deadPid(): Promise<Pid> {
  const pid = spawn(() => {});
  await exitOf(pid);
  return pid;
}

/** The messages that lie in the mailbox of a process. */
const mailOf = (pid: Pid) => Process.info(pid, "messages")?.[1];

// --- The end of a process -----------------------------------------------------------------------

Deno.test("spawnMonitor() tells of the reason normal when the body returns [PR-001]", async () => {
  await inProcess(async () => {
    for (const body of [() => 42, async () => await Promise.resolve("done")]) {
      const [pid, ref] = spawnMonitor(body);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    }
    await assertSilence();
  });
});

Deno.test("spawnMonitor() tells of [error, stack] when the body throws or rejects [PR-002]", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const error = new RangeError("oh snap");
    const bodies = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      async () => {
        await Process.sleep(0);
        throw error;
      },
    ];
    for (const body of bodies) {
      const [pid, ref] = spawnMonitor(body);
      const down = await receive() as [string, Ref, string, Pid, [Error, string]];
      assertEquals(down.slice(0, 4), ["DOWN", ref, "process", pid]);
      const [thrown, stack, ...rest] = down[4];
      assertStrictEquals(thrown, error);
      assertStrictEquals(stack, error.stack);
      assertEquals(rest, []);
    }
  });
  assertEquals(reports.logged.map(({ level, kind }) => [level, kind]), [
    ["error", "process"],
    ["error", "process"],
    ["error", "process"],
  ]);
});

Deno.test("spawnMonitor() tells of [[nocatch, value], stack] when the body throws a value that is not an error [PR-003]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const value of ["ball", undefined, { code: 1 }]) {
      const [, ref] = spawnMonitor(() => {
        throw value;
      });
      const reason = await receive(on(["DOWN", ref, _, _, _], (down) => down[4]));
      assertEquals(reason, [["nocatch", value], ""]);
    }
  });
});

Deno.test("throw exit() terminates a process with just that reason, and without a report", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    for (const reason of ["normal", "boom", ["shutdown", 1], { any: "term" }, undefined]) {
      const pid = spawn(() => {
        throw exit(reason);
      });
      assertEquals(await exitOf(pid), reason);
    }
  });
  assertEquals(reports.all, []);
});

Deno.test("spawn() returns before the body begins", async () => {
  await inProcess(async () => {
    const parent = self();
    const pid = spawn(() => send(parent, "begun"));
    assertEquals(flush(), []);
    assertEquals(await receive(), "begun");
    assertFalse(Process.isAlive(pid));
  });
});

Deno.test("spawn() with link and monitor does both", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const [pid, ref] = spawn(() => {}, { link: true, monitor: true });
    assertEquals(await receive(on(["EXIT", _, _], (exit) => exit)), ["EXIT", pid, "normal"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    await assertSilence();
  });
});

Deno.test("spawn() throws a TypeError when it is given no function, or no such priority", () => {
  const before = Process.list();
  assertThrows(
    () => spawn("body" as never),
    TypeError,
    'Cannot spawn: expected a function, found "body"',
  );
  assertThrows(
    () => spawn(() => {}, { priority: "urgent" as never }),
    TypeError,
    'Cannot give a process this priority: expected one of low, normal, high, max, found "urgent"',
  );
  assertEquals(Process.list(), before);
});

// --- Exit signals -------------------------------------------------------------------------------

Deno.test("Process.exit() terminates a process that does not trap exits, whatever it is doing [PR-006]", async () => {
  await inProcess(async () => {
    const Server = {
      init: () => ok(0),
      handleCast: (_request: unknown, state: number) =>
        new Promise<Noreply<number>>((resolve) => setTimeout(() => resolve(noreply(state)), 0)),
    };
    const server = unwrap(await GenServer.start(Server, undefined));
    GenServer.cast(server, "work");
    const busy: Record<string, Pid> = {
      receiving: spawn(() => receive()),
      sleeping: spawn(() => Process.sleep(60_000)),
      "in a selective receive": spawn(untilStopped),
      "awaiting something foreign": spawn(() => new Promise(() => {})),
      calling: spawn(() => GenServer.call(spawn(untilStopped), "anything", Infinity)),
      "not yet begun": spawn(untilStopped),
      "in a callback": server,
    };
    send(busy["in a selective receive"]!, "unwanted");
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    for (const [state, pid] of Object.entries(busy)) {
      const ref = Process.monitor(pid);
      assertEquals(Process.exit(pid, ["bad", state]), true);
      assertFalse(Process.isAlive(pid), state);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, ["bad", state]]);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    await assertSilence();
  });
});

Deno.test("Process.exit() with normal does nothing to another process that does not trap exits [PR-007]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    await settled();
    assertEquals(Process.exit(pid, "normal"), true);
    await settled();
    assert(Process.isAlive(pid));
    assertEquals(mailOf(pid), []);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.exit() with normal is a message for another process that traps exits [PR-008]", async () => {
  await inProcess(async () => {
    const pid = await trapping();
    assertEquals(Process.exit(pid, "normal"), true);
    assert(Process.isAlive(pid));
    assertEquals(mailOf(pid), [["EXIT", self(), "normal"]]);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.exit() with normal terminates the process that sends it to itself [PR-009]", async () => {
  await inProcess(async () => {
    const parent = self();
    const [pid, ref] = spawnMonitor(() => {
      Process.exit(self(), "normal");
      send(parent, "went on");
    });
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    await assertSilence();
  });
});

Deno.test("Process.exit() is a message for the process itself when that traps exits, unless it is kill [PR-010]", async () => {
  await inProcess(async () => {
    const me = self();
    Process.flag("trap_exit", true);
    for (const reason of ["normal", "boom", "killed", "shutdown"]) {
      assertEquals(Process.exit(me, reason), true);
      assertEquals(await receive(), ["EXIT", me, reason]);
    }
    const pid = spawn(() => {
      Process.flag("trap_exit", true);
      Process.exit(self(), "kill");
    });
    assertEquals(await exitOf(pid), "killed");
    await assertSilence();
  });
});

Deno.test("Process.exit() terminates the process that sends itself an abnormal reason with that [PR-011]", async () => {
  await inProcess(async () => {
    for (const reason of ["die", ["some", "term"]]) {
      assertEquals(await exitOf(spawn(() => Process.exit(self(), reason))), reason);
    }
    assertEquals(await exitOf(spawn(() => Process.exit(self(), "kill"))), "killed");
  });
});

Deno.test("Process.exit() to itself cannot be caught: neither catch nor finally have an effect [PR-012]", async () => {
  await inProcess(async () => {
    const parent = self();
    const [pid, ref] = spawnMonitor(async () => {
      try {
        Process.exit(self(), "die");
      } catch {
        try {
          send(parent, "from catch");
        } finally {
          Process.register(parent, "stolen");
        }
      } finally {
        await Promise.resolve();
        // deno-lint-ignore no-unsafe-finally -- this is what must not count
        throw exit("another reason");
      }
    });
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "die"]);
    await assertSilence();
    assertEquals(Process.whereis("stolen"), undefined);
  });
});

Deno.test("Process.exit() counts only once: the first reason decides [PR-013]", async () => {
  await inProcess(async () => {
    const [pid, ref] = spawnMonitor(untilStopped);
    Process.exit(pid, "first");
    Process.exit(pid, "second");
    Process.exit(pid, "kill");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "first"]);
    await assertSilence();
  });
});

Deno.test("Process.exit() with kill terminates a process that traps exits, and all others see killed [PR-015]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = await trapping();
    const ref = Process.monitor(pid);
    Process.link(pid);
    Process.exit(pid, "kill");
    assertFalse(Process.isAlive(pid));
    assertEquals(await receive(on(["EXIT", _, _], (exit) => exit)), ["EXIT", pid, "killed"]);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "killed"]);
    await assertSilence();
  });
});

Deno.test("links pass on killed, not kill, over any number of hops [PR-016]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const chain: Pid[] = [spawnLink(untilStopped)];
    while (chain.length < 2000) {
      const before = chain.at(-1)!;
      chain.push(spawn(() => {
        Process.link(before);
        return untilStopped();
      }));
    }
    await settled();
    Process.exit(chain.at(-1)!, "kill");
    assertEquals(await receive(), ["EXIT", chain[0], "killed"]);
    assert(chain.every((pid) => !Process.isAlive(pid)));
    await assertSilence();
  });
});

Deno.test("a link passes the reason kill on as it is, when a process exits with it by itself", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = spawnLink(() => {
      throw exit("kill");
    });
    assertEquals(await receive(), ["EXIT", pid, "kill"]);
  });
});

Deno.test("Process.exit() to a process that has exited is ignored [PR-018]", async () => {
  await inProcess(async () => {
    const pid = await deadPid();
    for (const reason of ["normal", "boom", "kill"]) assertEquals(Process.exit(pid, reason), true);
    await assertSilence();
  });
});

Deno.test("Process.exit() names its sender in the message EXIT [PR-037]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const me = self();
    const sender = spawn(() => Process.exit(me, "hello"));
    assertEquals(await receive(), ["EXIT", sender, "hello"]);
    await assertSilence();
  });
});

Deno.test("Process.exit() throws a TypeError when it is given no pid", () => {
  for (const wrong of ["name", undefined, 5, Process.alias()]) {
    assertThrows(
      () => Process.exit(wrong as never, "boom"),
      TypeError,
      "Cannot send an exit signal to a process: expected a pid, found ",
    );
  }
});

Deno.test("a process that traps exits has its messages and exits in the order they were sent [PR-041]", async () => {
  await inProcess(async () => {
    const pid = await trapping();
    send(pid, 1);
    Process.exit(pid, "two");
    send(pid, 3);
    Process.exit(pid, "normal");
    send(pid, 5);
    const me = self();
    assertEquals(mailOf(pid), [1, ["EXIT", me, "two"], 3, ["EXIT", me, "normal"], 5]);
    Process.exit(pid, "kill");
  });
});

Deno.test("a process that traps exits still exits by its own errors [PR-038]", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const failing = [
      () => Process.unregister("nobody has this"),
      () => Process.link("no pid" as never),
      () => Process.flag("trap_exit", 1 as never),
    ];
    for (const fail of failing) {
      const pid = spawnLink(() => {
        Process.flag("trap_exit", true);
        fail();
      });
      const [tag, from, reason] = await receive() as [string, Pid, [Error, string]];
      assertEquals([tag, from], ["EXIT", pid]);
      assert(reason[0] instanceof TypeError);
      assertStrictEquals(reason[1], reason[0].stack);
    }
    await assertSilence();
  });
});

// --- Links --------------------------------------------------------------------------------------

Deno.test("links terminate all processes of a chain with the same reason [PR-019]", async () => {
  await inProcess(async () => {
    const me = self();
    const reason = ["bad", { thing: 1 }];
    const [first, ref] = spawnMonitor(async () => {
      spawnLink(async () => {
        const last = spawnLink(untilStopped);
        send(me, ["last", last, Process.monitor(last)]);
        await untilStopped();
      });
      await untilStopped();
    });
    const last = await receive(on(["last", _, _], ([, pid]) => pid as Pid));
    const lastRef = Process.monitor(last);
    Process.exit(last, reason);
    assertEquals(await receive(), ["DOWN", lastRef, "process", last, reason]);
    assertEquals(await receive(), ["DOWN", ref, "process", first, reason]);
    await assertSilence();
  });
});

Deno.test("a link notifies a process that traps exits of a normal exit, too [PR-021]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = spawnLink(() => {});
    assertEquals(await receive(), ["EXIT", pid, "normal"]);
    await assertSilence();
  });
});

Deno.test("a link terminates a process that does not trap exits when the other exits with shutdown [PR-022]", async () => {
  await inProcess(async () => {
    for (const reason of ["shutdown", ["shutdown", "upgrade"]]) {
      const pid = spawn(async () => {
        spawnLink(() => {
          throw exit(reason);
        });
        await untilStopped();
      });
      assertEquals(await exitOf(pid), reason);
    }
  });
});

Deno.test("spawnLink() links before the child can exit: the reason is the real one [PR-023]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    for (let round = 0; round < 50; round++) {
      const pid = spawnLink(() => {
        throw exit(["early", round]);
      });
      assertEquals(await receive(), ["EXIT", pid, ["early", round]]);
    }
    await assertSilence();
  });
});

Deno.test("spawnLink() makes the child exit with its parent, unless that exits normally [PR-024]", async () => {
  await inProcess(async () => {
    const me = self();
    for (const reason of ["boom", "shutdown", "normal"]) {
      const parent = spawn(async () => {
        send(me, ["child", spawnLink(untilStopped)]);
        await untilStopped();
        throw exit(reason);
      });
      const child = await receive({ child: (pid: Pid) => pid });
      const ref = Process.monitor(child);
      send(parent, "stop");
      if (reason === "normal") {
        assertEquals(await exitOf(parent), "normal");
        await settled();
        assert(Process.isAlive(child));
        send(child, "stop");
      }
      assertEquals(await receive(), ["DOWN", ref, "process", child, reason]);
    }
  });
});

Deno.test("Process.link() to oneself returns true and makes no link [PR-026]", async () => {
  await inProcess(() => {
    assertEquals(Process.link(self()), true);
    assertEquals(Process.info(self(), "links"), ["links", []]);
  });
});

Deno.test("Process.link() twice is linking once", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = spawn(untilStopped);
    Process.link(pid);
    Process.link(pid);
    assertEquals(Process.info(self(), "links"), ["links", [pid]]);
    assertEquals(Process.info(pid, "links"), ["links", [self()]]);
    send(pid, "stop");
    assertEquals(await receive(), ["EXIT", pid, "normal"]);
    await assertSilence();
  });
});

Deno.test("Process.unlink() of a process that is not linked returns true and does nothing [PR-027]", async () => {
  await inProcess(async () => {
    const linked = spawnLink(untilStopped);
    const other = spawn(untilStopped);
    assertEquals(Process.unlink(other), true);
    assertEquals(Process.unlink(await deadPid()), true);
    assertEquals(Process.unlink(self()), true);
    assertEquals(Process.info(self(), "links"), ["links", [linked]]);
    assert(Process.isAlive(other));
    send(other, "stop");
    assertThrows(() => Process.unlink(5 as never), TypeError, "expected a pid, found 5");
  });
});

Deno.test("Process.unlink() keeps every later exit of that link away [PR-028]", async () => {
  await inProcess(async () => {
    for (const trap of [true, false]) {
      Process.flag("trap_exit", trap);
      const pid = spawnLink(() => {
        throw exit("boom");
      });
      assertEquals(Process.unlink(pid), true);
      assertEquals(Process.info(self(), "links"), ["links", []]);
      assertEquals(Process.info(pid, "links"), ["links", []]);
      assertEquals(await exitOf(pid), "boom");
      await assertSilence();
    }
    // A message that lies in the mailbox already stays there.
    Process.flag("trap_exit", true);
    const pid = spawnLink(() => {});
    await settled();
    Process.unlink(pid);
    assertEquals(flush(), [["EXIT", pid, "normal"]]);
  });
});

Deno.test("Process.link() to a process that has exited sends one that traps exits noproc [PR-030]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = await deadPid();
    assertEquals(Process.link(pid), true);
    assertEquals(await receive(), ["EXIT", pid, "noproc"]);
    assertEquals(Process.info(self(), "links"), ["links", []]);
    await assertSilence();
  });
});

Deno.test("Process.link() to a process that has exited is an error for one that does not trap exits", async () => {
  // Run on OTP 25: the error noproc is raised, and can be rescued.
  await inProcess(async () => {
    const pid = await deadPid();
    assertThrows(
      () => Process.link(pid),
      TypeError,
      `Cannot link to ${pid}: there is no such process`,
    );
    await assertSilence();
  });
});

Deno.test("Process.link() to a process that has ended ends one that does not catch that with [noproc, stack]", async () => {
  // Run on OTP 25, for a plain process and for a server.
  using reports = collectReports();
  await inProcess(async () => {
    const dead = await deadPid();
    const [pid, ref] = spawnMonitor(() => Process.link(dead));
    const ended = on(["DOWN", ref, "process", pid, _], (down) => down[4] as unknown[]);
    const [why, stack] = await receive(ended);
    assertEquals(why, "noproc");
    assertMatch(String(stack), /^TypeError: Cannot link to .*: there is no such process\n +at /);

    const server = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCall: (_request: "link", _from: GenServer.From, state: number) =>
          reply(Process.link(dead), state),
      }),
    );
    const { reason } = await assertRejects(() => GenServer.call(server, "link"), Exit);
    const [[whyServer, stackServer], call] = reason as [unknown[], unknown];
    assertEquals(whyServer, "noproc");
    assertMatch(String(stackServer), /^TypeError: Cannot link to /);
    assertEquals(call, ["GenServer", "call", [server, "link", 5000]]);
  });
  const [plain, ofServer] = reports.logged.map(Logger.format);
  assertMatch(plain!, /^Process .* raised an exception\n\*\* \(stop\) no process: .*\n +at /);
  assertMatch(ofServer!, /^GenServer .* terminating\n\*\* \(stop\) no process: .*\n +at /);
});

Deno.test("Process.link() to a parent that unlinks and exits results in exactly one signal [PR-032]", async () => {
  await inProcess(async () => {
    const me = self();
    const seen = new Set<unknown>();
    for (let round = 0; round < 40; round++) {
      const parent = spawn(async () => {
        const child = spawnLink(async () => {
          Process.flag("trap_exit", true);
          await receive(on("unlinked", () => {}));
          for (let i = 0; i < round % 8; i++) await Promise.resolve();
          Process.link(parent);
          const [, from, reason] = await receive() as [string, Pid, unknown];
          assertStrictEquals(from, parent);
          await settled();
          send(me, ["seen", reason, flush()]);
        });
        await settled();
        Process.unlink(child);
        send(child, "unlinked");
        for (let i = 0; i < round % 5; i++) await Promise.resolve();
        throw exit("parent's reason");
      });
      const [reason, more] = await receive({ seen: (...seen: unknown[]) => seen });
      assert(reason === "noproc" || reason === "parent's reason");
      seen.add(reason);
      assertEquals(more, []);
    }
    assertEquals(seen.size, 2, "both orders should have come up");
  });
});

Deno.test("Process.link() on one side and link and unlink on the other leave both or neither linked [PR-033]", async () => {
  await inProcess(async () => {
    const states = new Set<number>();
    for (let round = 0; round < 60; round++) {
      const b: Pid = spawn(async () => {
        for (let i = 0; i < round % 6; i++) await Promise.resolve();
        Process.link(a);
        await untilStopped();
      });
      const a: Pid = spawn(async () => {
        for (let i = 0; i < round % 4; i++) await Promise.resolve();
        Process.link(b);
        for (let i = 0; i < round % 5; i++) await Promise.resolve();
        Process.unlink(b);
        await untilStopped();
      });
      await settled();
      const linksOfA = Process.info(a, "links")![1];
      const linksOfB = Process.info(b, "links")![1];
      assertEquals(linksOfA, linksOfB.length === 0 ? [] : [b]);
      assertEquals(linksOfB, linksOfA.length === 0 ? [] : [a]);
      states.add(linksOfA.length);
      Process.exit(a, "kill");
      assertEquals(Process.isAlive(b), linksOfA.length === 0);
      Process.exit(b, "kill");
    }
    assertEquals(states.size, 2, "both outcomes should have come up");
  });
});

Deno.test("Process.flag() trap_exit is looked at when a signal arrives, not when the link is made [PR-034]", async () => {
  await inProcess(async () => {
    const me = self();
    const [pid, ref] = spawnMonitor(async () => {
      Process.flag("trap_exit", true);
      const child = spawnLink(untilStopped);
      assertEquals(Process.flag("trap_exit", false), true);
      send(me, ["child", child]);
      await untilStopped();
    });
    const child = await receive({ child: (pid: Pid) => pid });
    Process.exit(child, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);

    const other = spawnLink(untilStopped);
    Process.flag("trap_exit", true);
    Process.exit(other, "boom");
    assertEquals(await receive(), ["EXIT", other, "boom"]);
    await assertSilence();
  });
});

Deno.test("Process.flag() throws a TypeError and changes nothing when a flag or value is invalid [PR-036]", async () => {
  await inProcess(() => {
    for (const value of ["true", 1, undefined, null]) {
      assertThrows(
        () => Process.flag("trap_exit", value as never),
        TypeError,
        'Cannot set this process flag: expected "trap_exit" and a boolean, "priority"',
      );
    }
    assertThrows(() => Process.flag("no_such_flag" as never, true as never), TypeError);
    assertThrows(() => Process.flag("priority", "silly" as never), TypeError, 'found "silly"');
    assertEquals(Process.flag("trap_exit", false), false);
    assertEquals(Process.flag("priority", "high"), "normal");
    assertThrows(() => Process.flag("priority", true as never), TypeError);
    assertEquals(Process.info(self(), ["trap_exit", "priority"]), [
      ["trap_exit", false],
      ["priority", "high"],
    ]);
  });
});

// --- Messages -----------------------------------------------------------------------------------

Deno.test("send() keeps the order of one sender's messages [PR-039]", async () => {
  await inProcess(async () => {
    const me = self();
    Process.register(me, "receiver");
    const senders = [0, 1, 2].map((sender) =>
      spawn(async () => {
        for (let number = 0; number < 200; number++) {
          send(number % 3 === 0 ? "receiver" : me, [sender, number]);
          if (number % 7 === sender) await Promise.resolve();
          if (number % 50 === sender) await Process.sleep(0);
        }
        send(me, "done");
      })
    );
    for (const _sender of senders) await receive(on("done", () => {}));
    const mail = flush() as [number, number][];
    for (const sender of [0, 1, 2]) {
      const numbers = mail.filter(([from]) => from === sender).map(([, number]) => number);
      assertEquals(numbers, Array.from({ length: 200 }, (_, number) => number));
    }
  });
});

Deno.test("send() is delivered before the exit signal of the sender [PR-042]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const me = self();
    const [pid, ref] = spawn(() => {
      send(me, 1);
      send(me, 2);
      throw exit("z");
    }, { link: true, monitor: true });
    await settled();
    const mail = flush();
    assertEquals(mail.slice(0, 2), [1, 2]);
    assert(mail.slice(2).some((message) => (message as unknown[])[0] === "EXIT"));
    assertEquals(mail.find((message) => (message as unknown[])[0] === "DOWN"), [
      "DOWN",
      ref,
      "process",
      pid,
      "z",
    ]);
    assertEquals(mail.length, 4);
  });
});

Deno.test("send() passes the message by reference, and returns it", async () => {
  await inProcess(async () => {
    const message = { some: ["thing"] };
    assertStrictEquals(send(self(), message), message);
    assertStrictEquals(await receive(), message);
  });
});

Deno.test("send() to a process that has exited does not fail", async () => {
  await inProcess(async () => {
    assertEquals(send(await deadPid(), "hello"), "hello");
  });
});

Deno.test("send() to a local name on a node reaches the process with that name on this node only", async () => {
  await inProcess(async () => {
    Process.register(self(), "somebody");
    send(["somebody", NODE], "here");
    send(["somebody", "other@host"], "there");
    assertEquals(send(["nobody", NODE], "lost"), "lost");
    assertEquals(await receive(), "here");
    await assertSilence();
  });
});

Deno.test("send() throws a TypeError when the name is not registered, or it is given nothing to send to", () => {
  assertThrows(
    () => send("nobody", ["hello", 1]),
    TypeError,
    'Cannot send ["hello", 1]: no process is registered as "nobody"',
  );
  for (const wrong of [undefined, null, 5, {}, [], ["a", "b", "c"], ["via", {}, "name"]]) {
    assertThrows(
      () => send(wrong as never, "hello"),
      TypeError,
      "Cannot address this as a process: expected a pid, a local name",
    );
  }
});

// --- Monitors -----------------------------------------------------------------------------------

Deno.test("Process.monitor() tells of the exit of a process once [PR-045]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid);
    assert(ref instanceof Ref);
    await assertSilence();
    Process.exit(pid, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
    await assertSilence();
  });
});

Deno.test("Process.monitor() of a process that has exited tells of noproc, later [PR-046]", async () => {
  await inProcess(async () => {
    const pid = await deadPid();
    const ref = Process.monitor(pid);
    assert(ref instanceof Ref);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noproc"]);
    await assertSilence();
  });
});

Deno.test("Process.monitor() twice makes two monitors [PR-047]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const refs = [Process.monitor(pid), Process.monitor(pid)];
    assert(refs[0] !== refs[1]);
    send(pid, "stop");
    for (const ref of refs) {
      assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
    }
    await assertSilence();
  });
});

Deno.test("Process.monitor() does not notify the monitored process of the exit of the other [PR-048]", async () => {
  await inProcess(async () => {
    const pid = await trapping();
    const watcher = spawn(() => {
      Process.monitor(pid);
      throw exit("boom");
    });
    assertEquals(await exitOf(watcher), "boom");
    await settled();
    assert(Process.isAlive(pid));
    assertEquals(mailOf(pid), []);
    assertEquals(Process.info(pid, "monitored_by"), ["monitored_by", []]);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.monitor() by name tells of [name, node] and the real reason [PR-051]", async () => {
  await inProcess(async () => {
    const names = ["known", Symbol("known"), ["known", NODE]] as const;
    for (const name of names) {
      const pid = spawn(untilStopped);
      Process.register(pid, typeof name === "object" ? name[0] : name);
      const ref = Process.monitor(name) as Ref;
      Process.exit(pid, "boom");
      const object = typeof name === "object" ? name : [name, NODE];
      assertEquals(await receive(), ["DOWN", ref, "process", object, "boom"]);
    }
    await assertSilence();
  });
});

Deno.test("Process.monitor() by a name that is not registered tells of [name, node] and noproc [PR-052]", async () => {
  await inProcess(async () => {
    for (const name of ["nobody", ["nobody", NODE]] as const) {
      const ref = Process.monitor(name);
      assertEquals(await receive(), ["DOWN", ref, "process", ["nobody", NODE], "noproc"]);
    }
    await assertSilence();
  });
});

Deno.test("Process.monitor() by name stays with the process that had it, not with the next [PR-053]", async () => {
  await inProcess(async () => {
    const [first, second] = [spawn(untilStopped), spawn(untilStopped)];
    Process.register(first, "seat");
    const ref = Process.monitor("seat");
    Process.unregister("seat");
    Process.register(second, "seat");
    Process.exit(second, "boom");
    await assertSilence();
    Process.exit(first, "real");
    assertEquals(await receive(), ["DOWN", ref, "process", ["seat", NODE], "real"]);
    await assertSilence();
  });
});

Deno.test("Process.monitor() notifies of an exit when the name is released already [PR-054]", async () => {
  await inProcess(async () => {
    for (let round = 0; round < 20; round++) {
      const pid = spawn(untilStopped);
      Process.register(pid, "seat");
      Process.monitor("seat");
      Process.exit(pid, "boom");
      await receive(on(["DOWN", _, _, _, "boom"], () => {}));
      assertEquals(Process.whereis("seat"), undefined);
      assertEquals(Process.register(self(), "seat"), true);
      Process.unregister("seat");
    }
  });
});

Deno.test("Process.monitor() throws a TypeError when it is given no server, or a wrong option [PR-056]", () => {
  for (const wrong of [undefined, null, 5, {}, ["via", {}, "name"], ["a", "b", "c"], []]) {
    assertThrows(
      () => Process.monitor(wrong as never),
      TypeError,
      "Cannot address this as a process",
    );
  }
  assertThrows(
    () => Process.monitor(self(), { alias: "reply" as never }),
    TypeError,
    "Cannot monitor with this kind of alias: expected one of explicit_unalias, demonitor, " +
      'reply_demonitor, found "reply"',
  );
  assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
});

Deno.test("Process.monitor() of oneself has no effect", async () => {
  // Run on OTP 25: there is no monitor, and no alias either.
  await inProcess(async () => {
    const me = self();
    Process.register(me, "me");
    for (const alias of ["explicit_unalias", "demonitor", "reply_demonitor"] as const) {
      for (const ref of [Process.monitor(me, { alias }), Process.monitor("me", { alias })]) {
        assertEquals(Process.info(me, "monitors"), ["monitors", []]);
        assertEquals(Process.demonitor(ref, ["info"]), false);
        send(ref, "dropped");
      }
    }
    await assertSilence();
  });
});

Deno.test("Process.monitor() with a tag puts it in the place of DOWN, also for noproc [PR-076]", async () => {
  await inProcess(async () => {
    const tag = ["my", { tag: 1 }];
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid, { tag });
    send(pid, "stop");
    assertEquals(await receive(), [tag, ref, "process", pid, "normal"]);
    const late = Process.monitor(pid, { tag: "GONE" });
    assertEquals(await receive(), ["GONE", late, "process", pid, "noproc"]);
    const named = Process.monitor("nobody", { tag: "GONE" });
    assertEquals(await receive(), ["GONE", named, "process", ["nobody", NODE], "noproc"]);
    await assertSilence();
  });
});

Deno.test("Process.demonitor() keeps the message DOWN away [PR-057]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const [kept, taken] = [Process.monitor(pid), Process.monitor(pid)];
    assertEquals(Process.demonitor(taken), true);
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", kept, "process", pid, "normal"]);
    await assertSilence();
  });
});

Deno.test("Process.demonitor() of an unknown or used reference returns true and does nothing [PR-058]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid);
    assertEquals(Process.demonitor(new Ref()), true);
    assertEquals(Process.demonitor(ref), true);
    assertEquals(Process.demonitor(ref), true);
    const used = Process.monitor(pid);
    send(pid, "stop");
    await receive(on(["DOWN", used, _, _, _], () => {}));
    assertEquals(Process.demonitor(used), true);
    const timer = Process.sendAfter(self(), "time", 0);
    assertEquals(Process.demonitor(timer), true);
    assertEquals(await receive(), "time");
  });
});

Deno.test("Process.demonitor() throws a TypeError when it is given no reference, or a wrong option [PR-059]", async () => {
  await inProcess(async () => {
    assertThrows(
      () => Process.demonitor("ref" as never),
      TypeError,
      'Cannot demonitor: expected a reference, found "ref"',
    );
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid);
    assertThrows(
      () => Process.demonitor(ref, ["flush", "flash" as never]),
      TypeError,
      'Cannot demonitor with this option: expected "flush" or "info", found "flash"',
    );
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"], "it was left alone");
  });
});

Deno.test("Process.demonitor() throws a TypeError when the monitor is another process's", async () => {
  // Run on OTP 25 the same is left without effect, as far as that is not cheap to notice.
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid);
    const other = spawn(() => {
      assertThrows(() => Process.demonitor(ref), TypeError, "the monitor of another process");
    });
    assertEquals(await exitOf(other), "normal");
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "normal"]);
  });
});

Deno.test("Process.demonitor() leaves a DOWN in the mailbox, and with flush removes it [PR-060]", async () => {
  await inProcess(async () => {
    const down = async () => {
      const [pid, ref] = spawnMonitor(() => {});
      await settled();
      return { ref, message: ["DOWN", ref, "process", pid, "normal"] };
    };
    const left = await down();
    assertEquals(Process.demonitor(left.ref), true);
    assertEquals(flush(), [left.message]);

    send(self(), 1);
    const [first, second] = [await down(), await down()];
    send(self(), 2);
    assertEquals(Process.demonitor(second.ref, ["flush"]), true);
    assertEquals(flush(), [1, first.message, 2], "only that one, and the rest in order");
  });
});

Deno.test("Process.demonitor() with info tells whether there was a monitor", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ref = Process.monitor(pid);
    assertEquals(Process.demonitor(ref, ["info"]), true);
    assertEquals(Process.demonitor(ref, ["info"]), false);
    const used = Process.monitor(pid);
    send(pid, "stop");
    await settled();
    assertEquals(Process.demonitor(used, ["info", "flush"]), false);
    await assertSilence();
  });
});

Deno.test("Process.demonitor() with flush leaves a receive that waits its mail", async () => {
  await inProcess(async () => {
    const [, ref] = spawnMonitor(() => {});
    await settled();
    const waiting = receive(on("go", () => "went"), after(1000, () => "was not woken"));
    await Promise.resolve();
    send(self(), "go");
    Process.demonitor(ref, ["flush"]);
    assertEquals(await waiting, "went");
  });
});

Deno.test("Process.demonitor() keeps a late DOWN away, whenever the process exits [PR-064]", async () => {
  await inProcess(async () => {
    for (let round = 0; round < 30; round++) {
      const [, ref] = spawnMonitor(async () => {
        for (let i = 0; i < round % 6; i++) await Promise.resolve();
      });
      for (let i = 0; i < round % 7; i++) await Promise.resolve();
      Process.demonitor(ref);
      const arrived = flush().length;
      assert(arrived <= 1);
      await assertSilence();
    }
  });
});

Deno.test("Process.info() lists monitors on both sides, and no longer when they are gone [PR-065]", async () => {
  await inProcess(async () => {
    const me = self();
    const [a, b] = [spawn(untilStopped), spawn(untilStopped)];
    const held = () => Process.info(me, "monitors")![1];
    const by = (pid: Pid) => Process.info(pid, "monitored_by")![1];
    Process.register(b, "named");
    const refs = [Process.monitor(a), Process.monitor(a), Process.monitor("named")];
    assertEquals(
      held().toSorted(),
      [["process", a], ["process", a], ["process", ["named", NODE]]].toSorted(),
    );
    assertEquals([by(a), by(b)], [[me, me], [me]]);
    Process.demonitor(refs[0]!);
    assertEquals([by(a), by(b), held().length], [[me], [me], 2]);
    send(b, "stop");
    await receive(on(["DOWN", refs[2]!, _, _, _], () => {}));
    assertEquals(held(), [["process", a]]);
    const watcher = spawn(() => {
      Process.monitor(a);
      return untilStopped();
    });
    await settled();
    assertEquals(new Set(by(a)), new Set([me, watcher]));
    send(watcher, "stop");
    await settled();
    assertEquals(by(a), [me]);
    send(a, "stop");
    await settled();
    assertEquals(held(), []);
  });
});

Deno.test("a process that is terminated by one that it monitors leaves no monitor behind [PR-110]", async () => {
  await inProcess(async () => {
    const me = self();
    const target = spawn(async () => {
      const watcher = await receive({ watcher: (pid: Pid) => pid });
      Process.exit(watcher, "boom");
      send(me, Process.info(self(), "monitored_by"));
      await untilStopped();
    });
    const watcher = spawn(async () => {
      Process.monitor(target);
      send(target, ["watcher", self()]);
      await untilStopped();
    });
    assertEquals(await exitOf(watcher), "boom");
    assertEquals(await receive(), ["monitored_by", []]);
    send(target, "stop");
    assertEquals(await exitOf(target), "normal");
    await assertSilence();
  });
});

Deno.test("Process.monitor() and link() of an unknown pid of this node deliver noproc at once [PR-111]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    const pid = new Pid(null);
    const ref = Process.monitor(pid);
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "noproc"]);
    Process.link(pid);
    assertEquals(await receive(), ["EXIT", pid, "noproc"]);
    assertFalse(Process.isAlive(pid));
    assertEquals(Process.info(pid), undefined);
  });
});

// --- Aliases ------------------------------------------------------------------------------------

Deno.test("Process.monitor() with the alias explicit_unalias keeps it until unalias [PR-067]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ended = Process.monitor(pid, { alias: "explicit_unalias" });
    const taken = Process.monitor(pid, { alias: "explicit_unalias" });
    Process.demonitor(taken);
    send(taken, "after demonitor");
    assertEquals(await receive(), "after demonitor");
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", ended, "process", pid, "normal"]);
    send(ended, "after DOWN");
    send(ended, "and again");
    assertEquals([await receive(), await receive()], ["after DOWN", "and again"]);
    const late = Process.monitor(pid, { alias: "explicit_unalias" });
    assertEquals(await receive(), ["DOWN", late, "process", pid, "noproc"]);
    send(late, "after noproc");
    assertEquals(await receive(), "after noproc");
    for (const ref of [ended, taken, late]) {
      assertEquals(Process.unalias(ref), true);
      assertEquals(Process.unalias(ref), false);
      send(ref, "too late");
    }
    await assertSilence();
  });
});

Deno.test("Process.monitor() with the alias demonitor deactivates it with the monitor [PR-068]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const ended = Process.monitor(pid, { alias: "demonitor" });
    const taken = Process.monitor(pid, { alias: "demonitor" });
    for (const ref of [ended, taken]) {
      send(ref, "one");
      send(ref, "two");
      assertEquals(flush(), ["one", "two"]);
    }
    Process.demonitor(taken);
    send(taken, "dropped");
    await assertSilence();
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", ended, "process", pid, "normal"]);
    send(ended, "dropped");
    const late = Process.monitor(pid, { alias: "demonitor" });
    assertEquals(await receive(), ["DOWN", late, "process", pid, "noproc"]);
    send(late, "dropped");
    await assertSilence();
  });
});

Deno.test("Process.monitor() with the alias reply_demonitor is over with the first message [PR-069]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    const replied = Process.monitor(pid, { alias: "reply_demonitor" });
    const ended = Process.monitor(pid, { alias: "reply_demonitor" });
    send(replied, "first");
    send(replied, "second");
    assertEquals(flush(), ["first"]);
    assertEquals(Process.info(pid, "monitored_by")![1].length, 1);
    send(pid, "stop");
    assertEquals(await receive(), ["DOWN", ended, "process", pid, "normal"]);
    send(ended, "dropped");
    await assertSilence();
  });
});

Deno.test("Process.demonitor() of a mere alias does nothing [PR-070]", async () => {
  await inProcess(async () => {
    const alias = Process.alias();
    assertEquals(Process.demonitor(alias), true);
    assertEquals(Process.demonitor(alias, ["flush", "info"]), false);
    send(alias, "still there");
    assertEquals(await receive(), "still there");
  });
});

Deno.test("Process.demonitor() with flush never lets a DOWN of an alias monitor through [PR-071]", async () => {
  await inProcess(async () => {
    const modes = ["explicit_unalias", "demonitor", "reply_demonitor"] as const;
    for (let round = 0; round < 60; round++) {
      const pid = spawn(async () => {
        for (let i = 0; i < round % 5; i++) await Promise.resolve();
      });
      const ref = Process.monitor(pid, { alias: modes[round % 3]! });
      for (let i = 0; i < round % 7; i++) await Promise.resolve();
      Process.demonitor(ref, ["flush"]);
      await assertSilence();
    }
  });
});

Deno.test("Process.alias() with reply is over with the first message [PR-074]", async () => {
  await inProcess(async () => {
    const alias = Process.alias("reply");
    send(alias, 1);
    send(alias, 2);
    assertEquals(await receive(), 1);
    await assertSilence();
    assertEquals(Process.unalias(alias), false);
  });
});

Deno.test("Process.alias() reaches its process until that exits or calls unalias", async () => {
  await inProcess(async () => {
    const me = self();
    const alias = Process.alias();
    send(alias, 1);
    send(alias, 2);
    assertEquals([await receive(), await receive()], [1, 2]);
    spawn(() => send(me, ["unaliased by a stranger", Process.unalias(alias)]));
    assertEquals(await receive(), ["unaliased by a stranger", false]);
    send(alias, 3);
    assertEquals(await receive(), 3);
    assertEquals(Process.unalias(alias), true);
    send(alias, 4);
    await assertSilence();
    spawn(() => send(me, ["alias", Process.alias()]));
    send(await receive({ alias: (ref: Ref) => ref }), "nobody there");
    await assertSilence();
  });
});

Deno.test("Process.alias() and unalias() throw a TypeError when they are given something else", () => {
  assertThrows(
    () => Process.alias("demonitor" as never),
    TypeError,
    'Cannot make this kind of alias: expected one of explicit_unalias, reply, found "demonitor"',
  );
  assertThrows(() => Process.unalias("x" as never), TypeError, "expected a reference");
});

// --- Local names --------------------------------------------------------------------------------

Deno.test("Process.register() makes sends, whereis and monitors by name work [PR-079]", async () => {
  await inProcess(async () => {
    for (const name of ["shop", Symbol("shop")]) {
      const pid = spawn(untilStopped);
      assertEquals(Process.register(pid, name), true);
      assertStrictEquals(Process.whereis(name), pid);
      assert(Process.registered().includes(name));
      const ref = Process.monitor(name);
      send(name, "stop");
      assertEquals(await receive(), ["DOWN", ref, "process", [name, NODE], "normal"]);
      assertEquals(Process.whereis(name), undefined);
      assertFalse(Process.registered().includes(name));
    }
  });
});

Deno.test("Process.register() throws a TypeError when the process has a name already [PR-081]", async () => {
  await inProcess(() => {
    Process.register(self(), "first");
    for (const name of ["second", "first"]) {
      assertThrows(() => Process.register(self(), name), TypeError, "Cannot register #PID<");
    }
    assertEquals([Process.whereis("first"), Process.whereis("second")], [self(), undefined]);
  });
});

Deno.test("Process.register() throws a TypeError when the name is taken, not a name, or there is no process", async () => {
  await inProcess(async () => {
    const pid = spawnLink(untilStopped);
    Process.register(self(), "taken");
    assertThrows(() => Process.register(pid, "taken"), TypeError, "the name is already taken");
    const dead = await deadPid();
    assertThrows(() => Process.register(dead, "late"), TypeError, "it is not alive");
    assertEquals(Process.whereis("late"), undefined);
    for (const name of ["", "undefined", "nil", 5, undefined, ["global", "x"]]) {
      assertThrows(
        () => Process.register(pid, name as never),
        TypeError,
        "expected an atom for a name, found ",
      );
    }
    assertThrows(() => Process.register("x" as never, "y"), TypeError, "expected a pid");
    assertEquals(Process.info(pid, "registered_name"), ["registered_name", []]);
  });
});

Deno.test("Process.unregister() throws a TypeError when the name is not registered [PR-083]", async () => {
  await inProcess(() => {
    assertThrows(
      () => Process.unregister("nobody"),
      TypeError,
      'Cannot unregister "nobody": no process is registered under it',
    );
    Process.register(self(), "me");
    assertEquals(Process.unregister("me"), true);
    assertThrows(() => Process.unregister("me"), TypeError);
    assertEquals(Process.register(self(), "me again"), true);
  });
});

Deno.test("Process.whereis() returns undefined when the name is not registered [PR-084]", () => {
  assertEquals(Process.whereis("nobody"), undefined);
  assertThrows(
    () => Process.whereis(5 as never),
    TypeError,
    "Cannot look up this name: expected an atom, found 5",
  );
});

Deno.test("Process.register() releases the name before the exit is notified, a million times [PR-087]", async () => {
  await inProcess(async () => {
    Process.flag("trap_exit", true);
    // Each end is seen by a link and a monitor; the name is asked for in between.
    for (let round = 0; round < 1000; round++) {
      const [pid] = spawn(untilStopped, { link: true, monitor: true });
      Process.register(pid, "seat");
      Process.exit(pid, "boom");
      for (let signal = 0; signal < 2; signal++) {
        await receive();
        assertEquals(Process.whereis("seat"), undefined);
      }
    }
    for (let round = 0; round < 1_000_000; round++) {
      const pid = spawn(untilStopped);
      Process.register(pid, "seat");
      Process.exit(pid, "kill");
    }
    assertEquals(Process.whereis("seat"), undefined);
    await assertSilence();
  });
});

// --- Inspection ---------------------------------------------------------------------------------

Deno.test("Process.info() of a process that has exited is undefined in every form [PR-088]", async () => {
  await inProcess(async () => {
    const pid = await deadPid();
    assertEquals(Process.info(pid), undefined);
    assertEquals(Process.info(pid, "links"), undefined);
    assertEquals(Process.info(pid, ["links", "status"]), undefined);
    assertEquals(Process.info(pid, []), undefined);
  });
});

Deno.test("Process.info() returns one item as a pair, and a list in the order asked for [PR-089]", async () => {
  await inProcess(() => {
    const me = self();
    assertEquals(Process.info(me, "trap_exit"), ["trap_exit", false]);
    assertEquals(Process.info(me, ["status", "links", "status"]), [
      ["status", "running"],
      ["links", []],
      ["status", "running"],
    ]);
    assertEquals(Process.info(me, []), []);
    assertEquals(Process.info(me)!.trap_exit, false);
  });
});

Deno.test("Process.info() registered_name is [] when there is none [PR-090]", async () => {
  await inProcess(() => {
    assertEquals(Process.info(self(), "registered_name"), ["registered_name", []]);
    Process.register(self(), "me");
    assertEquals(Process.info(self(), "registered_name"), ["registered_name", "me"]);
  });
});

Deno.test("Process.info() status shows whether a process runs or waits [PR-092]", async () => {
  await inProcess(async () => {
    const statusOf = (pid: Pid) => Process.info(pid, "status")![1];
    const idle = spawnLink(untilStopped);
    const server = unwrap(await GenServer.startLink({ init: () => ok(0) }, undefined));
    const fresh = spawnLink(untilStopped);
    assertEquals(statusOf(fresh), "runnable");
    await settled();
    assertEquals([idle, server, fresh].map(statusOf), ["waiting", "waiting", "waiting"]);
    assertEquals(statusOf(self()), "running");
  });
});

Deno.test("Process.info() throws a TypeError when it is given no pid, or an unknown item [PR-094]", async () => {
  for (const wrong of ["name", undefined, 5, {}]) {
    assertThrows(
      () => Process.info(wrong as never),
      TypeError,
      "Cannot inspect a process: expected a pid, found ",
    );
    assertThrows(() => Process.isAlive(wrong as never), TypeError, "expected a pid");
  }
  assertThrows(
    () => Process.info(self(), "age" as never),
    TypeError,
    "Cannot inspect this item of a process: expected one of registered_name, ",
  );
  assertThrows(() => Process.info(self(), ["links", "age" as never]), TypeError, 'found "age"');
  assertThrows(() => Process.info(self(), 5 as never), TypeError, "found 5");
  assertThrows(() => Process.info(self(), null as never), TypeError, "found null");
  const dead = await deadPid();
  assertThrows(() => Process.info(dead, "age" as never), TypeError);
});

Deno.test("Process.info() shows a process the same to itself and to others [PR-095]", async () => {
  await inProcess(async () => {
    const me = self();
    const items = ["links", "trap_exit", "dictionary", "priority", "label", "parent"] as const;
    const pid = spawn(async () => {
      Process.flag("trap_exit", true);
      Process.link(me);
      Process.put("key", ["some", "value"]);
      Process.setLabel("labelled");
      send(me, ["own", Process.info(self(), items)]);
      await untilStopped();
    }, { priority: "low" });
    const own = await receive({ own: (info: unknown) => info });
    assertEquals(own, [
      ["links", [me]],
      ["trap_exit", true],
      ["dictionary", [["key", ["some", "value"]]]],
      ["priority", "low"],
      ["label", "labelled"],
      ["parent", me],
    ]);
    assertEquals(Process.info(pid, items), own as never);
    assertEquals(Process.info(me, "links"), ["links", [pid]]);
    Process.unlink(pid);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.info() counts and shows the messages that wait", async () => {
  await inProcess(async () => {
    const pid = spawnLink(untilStopped);
    for (let i = 0; i < 100; i++) send(pid, i);
    await settled();
    for (let i = 100; i < 200; i++) send(pid, i);
    assertEquals(Process.info(pid, ["message_queue_len", "messages"]), [
      ["message_queue_len", 200],
      ["messages", Array.from({ length: 200 }, (_, i) => i)],
    ]);
    Process.unlink(pid);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.list() has a process that was just spawned, and no exited one [PR-106]", async () => {
  await inProcess(async () => {
    const pid = spawn(untilStopped);
    assert(Process.list().includes(pid));
    assert(Process.list().includes(self()));
    assert(Process.list().every(Process.isAlive));
    Process.exit(pid, "boom");
    assertFalse(Process.list().includes(pid));
    const ended = spawn(() => {});
    await exitOf(ended);
    assertFalse(Process.list().includes(ended));
  });
});

Deno.test("spawn() takes and keeps the options of the BEAM's scheduler [PR-108]", async () => {
  await inProcess(() => {
    const options = { priority: "high", min_heap_size: 1000, fullsweep_after: 0 } as const;
    const pid = spawn(untilStopped, options);
    assertEquals(Process.info(pid, "priority"), ["priority", "high"]);
    assertEquals(Process.info(spawnLink(untilStopped), "priority"), ["priority", "normal"]);
    Process.exit(pid, "kill");
  });
});

Deno.test("Process.put(), get(), delete() and getKeys() work on the process's own dictionary [PR-096]", async () => {
  await inProcess(async () => {
    assertEquals(Process.get("key"), undefined);
    assertEquals(Process.get("key", "default"), "default");
    assertEquals(Process.put("key", 1), undefined);
    assertEquals(Process.put("key", [2]), 1);
    assertEquals(Process.get("key", "default"), [2]);
    Process.put("other", [2]);
    Process.put("third", 3);
    assertEquals(Process.getKeys([2]), ["key", "other"]);
    assertEquals(Process.getKeys(4), []);
    assertEquals(Process.getKeys(), ["key", "other", "third"]);
    assertEquals(Process.getAll(), [["key", [2]], ["other", [2]], ["third", 3]]);
    assertEquals(Process.delete("key"), [2]);
    assertEquals(Process.delete("key"), undefined);
    assertEquals(Process.getKeys([2]), ["other"]);
    Process.put("empty", undefined);
    assertEquals(Process.get("empty", "default"), undefined);
    Process.put(["made of", 2], "parts");
    assertEquals(Process.get(["made of", 2]), "parts");
    assertEquals(Process.delete(["made of", 2]), "parts");
    const me = self();
    spawn(() => send(me, Process.getAll()));
    assertEquals(await receive(), []);
  });
});

Deno.test("Process.setLabel() is read by the process and by others [PR-101]", async () => {
  await inProcess(async () => {
    const label = ["worker", 1];
    assertEquals(Process.getLabel(), undefined);
    assertEquals(Process.setLabel(label), "ok");
    assertEquals(Process.getLabel(), label);
    const me = self();
    spawn(() => send(me, ["label", Process.getLabel(me)]));
    assertEquals(await receive(), ["label", label]);
    const other = spawnLink(untilStopped);
    assertEquals(Process.getLabel(other), undefined);
    assertEquals(Process.getLabel(await deadPid()), undefined);
    assertThrows(() => Process.getLabel("x" as never), TypeError, "expected a pid");
  });
});

Deno.test("Process.sleep() leaves the mail where it is, in order [PR-100]", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const me = self();
    send(me, 1);
    spawn(() => send(me, 2));
    const sleeping = Process.sleep(50);
    await settled();
    send(me, 3);
    time.tick(50);
    await sleeping;
    assertEquals(flush(), [1, 2, 3]);
  });
});

Deno.test("Process.sleep() rejects with a RangeError when the time is invalid", async () => {
  for (const wrong of [-1, NaN, "10", undefined, -Infinity]) {
    const error = await Process.sleep(wrong as never).catch((error: unknown) => error);
    assert(error instanceof RangeError);
    assert(
      error.message.startsWith("Cannot sleep with this timeout: expected milliseconds from 0"),
    );
  }
});

// --- What a process does not do twice -----------------------------------------------------------

Deno.test("a process takes the next message only after it is done with the one before", async () => {
  // Edge case 1: what is awaited in between changes nothing.
  await inProcess(async () => {
    const log: unknown[] = [];
    const pid = spawn(async () => {
      Process.flag("trap_exit", true);
      for (let i = 0; i < 2; i++) {
        const message = await receive();
        log.push(["begin", message]);
        await Process.sleep(5);
        log.push(["end", message]);
      }
    });
    send(pid, "work");
    await settled();
    Process.exit(pid, "boom");
    const me = self();
    assertEquals(await exitOf(pid), "normal");
    const signal = ["EXIT", me, "boom"];
    assertEquals(log, [["begin", "work"], ["end", "work"], ["begin", signal], ["end", signal]]);
  });
});

Deno.test("a process whose awaited promise rejects exits with that error, and only that process", async () => {
  // Edge case 2.
  using _reports = collectReports();
  await inProcess(async () => {
    const error = new Error("late");
    const [pid, ref] = spawnMonitor(async () => {
      await new Promise((_resolve, reject) => setTimeout(() => reject(error), 1));
    });
    assertEquals(await receive(), ["DOWN", ref, "process", pid, [error, error.stack]]);
    await assertSilence();
  });
});

Deno.test("a process that is terminated while it awaits has no effect afterwards", async () => {
  // Edge case 3.
  await inProcess(async () => {
    const me = self();
    let isOver: () => void;
    const gate = new Promise<void>((resolve) => isOver = resolve);
    const [pid, ref] = spawnMonitor(async () => {
      try {
        await gate;
        send(me, "later");
      } finally {
        send(me, "finally");
      }
    });
    await settled();
    Process.exit(pid, "boom");
    assertEquals(await receive(), ["DOWN", ref, "process", pid, "boom"]);
    isOver!();
    await assertSilence();
  });
});
