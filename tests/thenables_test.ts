/**
 * Values with a method `then`, which no promise resolves with: refused where they are handed over, never a
 * call or a receive that waits for ever.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  after,
  Agent,
  GenServer,
  GenStatem,
  ok,
  on,
  Process,
  ProcLib,
  receive,
  reply,
  self,
  send,
  spawn,
  stopReply,
  Sys,
  Task,
  unwrap,
} from "../mod.ts";
import { assertSilence, collectReports, exitOf, inProcess, settled } from "./helpers.ts";

const WHAT_TO_DO = /a promise or another object that has a method then: await it first, or wrap it/;

/** Values that no promise resolves with. */
const values: Record<string, () => unknown> = {
  "a promise that never settles": () => new Promise(() => {}),
  "a promise that is fulfilled": () => Promise.resolve(1),
  "a promise that is rejected": () => {
    const promise = Promise.reject(new Error("not this one"));
    promise.catch(() => {});
    return promise;
  },
  "an object with a method then": () => ({ then: () => {} }),
  "a function with a method then": () => Object.assign(() => {}, { then: () => {} }),
  "an array with a method then": () => Object.assign([1], { then: () => {} }),
  "an object whose then throws": () => ({
    get then() {
      throw new Error("do not look");
    },
  }),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

/** Those of them that patterns and reports can look at. */
const readable = Object.entries(values).filter(([what]) => what !== "a revoked proxy");

/** Values that are like those above, but that a promise resolves with. */
const plain: unknown[] = [
  undefined,
  null,
  1,
  "then",
  Symbol("then"),
  { then: "a value" },
  { then: null },
  [() => {}],
  () => {},
  Object.create(null),
  [Promise.resolve(1)],
];

const Server = {
  init: () => ok(0),
  handleCall: (
    [how, value]: readonly [how: string, value: unknown],
    from: GenServer.From,
    state: number,
  ) => {
    switch (how) {
      case "stop":
        return stopReply("normal", value, state);
      case "GenServer.reply":
        GenServer.reply(from, value);
        return ["noreply", state] as const;
      case "async":
        return Process.sleep(1).then(() => reply(value, state));
      default:
        return reply(value, state);
    }
  },
};

/** The exit reason of a server, and the error that a call fails with that makes it answer with `value`. */
async function failed(ask: () => Promise<unknown>): Promise<string> {
  const { reason } = await assertRejects(ask) as { reason: readonly [[Error, string], unknown] };
  const [[error]] = reason;
  assert(error instanceof TypeError);
  return error.message;
}

for (const how of ["reply", "async", "stop", "GenServer.reply"]) {
  for (const [what, make] of Object.entries(values)) {
    Deno.test(`GenServer.call() rejects, and the server ends, when it answers by ${how} with ${what}`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const server = unwrap(await GenServer.start(Server));
        const ended = exitOf(server);
        const message = await failed(() => GenServer.call(server, [how, make()], 60_000));
        assertMatch(message, WHAT_TO_DO);
        assertMatch(message, /^Cannot reply with/);
        const [error] = await ended as [Error];
        assertEquals(error.message, message);
      });
      assertEquals(reports.logged.map(({ kind }) => kind), ["gen_server"]);
    });
  }
}

Deno.test("GenServer.call() resolves with every value that has no method then", async () => {
  await inProcess(async () => {
    const server = unwrap(await GenServer.start(Server));
    for (const value of plain) {
      for (const how of ["reply", "GenServer.reply"]) {
        assert(Object.is(await GenServer.call(server, [how, value]), value));
      }
    }
  });
});

Deno.test("GenServer.call() reads then once before it resolves with a reply", async () => {
  await inProcess(async () => {
    const server = unwrap(await GenServer.start(Server));
    let reads = 0;
    const value = {
      get then() {
        reads++;
        return undefined;
      },
    };
    await GenServer.call(server, ["reply", value]);
    assertEquals(reads, 2); // and the promise of the call reads it, as every promise does
  });
});

Deno.test("GenServer.reply() throws in the process that calls it, and the call can still be answered", async () => {
  await inProcess(async () => {
    const Door = {
      init: () => ok<GenServer.From | null>(null),
      handleCall: (request: "wait" | "who", from: GenServer.From, state: GenServer.From | null) =>
        request === "who" ? reply([state], state) : ["noreply", from] as const,
    };
    const server = unwrap(await GenServer.start(Door));
    const answer = GenServer.call(server, "wait");
    const [from] = await GenServer.call(server, "who") as [GenServer.From];
    assertThrows(() => GenServer.reply(from, Promise.resolve(1)), TypeError, "Cannot reply with");
    GenServer.reply(from, 1);
    assertEquals(await answer as unknown, 1);
  });
});

for (const how of ["action", "stop", "GenStatem.reply"]) {
  for (const [what, make] of readable) {
    Deno.test(`GenStatem.call() rejects, and the machine ends, when it answers by ${how} with ${what}`, async () => {
      using _reports = collectReports();
      await inProcess(async () => {
        const Machine = {
          callbackMode: () => "handle_event_function" as const,
          init: () => ["ok", "state", 0] as const,
          handleEvent: (type: GenStatem.EventType, value: unknown) => {
            const from = (type as ["call", GenServer.From])[1];
            const action = ["reply", from, value] as const;
            if (how === "stop") return ["stop_and_reply", "normal", action] as const;
            if (how === "action") return ["keep_state_and_data", action] as const;
            GenStatem.reply(from, value);
            return "keep_state_and_data" as const;
          },
        };
        const machine = unwrap(await GenStatem.start(Machine as never));
        const message = await failed(() => GenStatem.call(machine, make(), 60_000));
        assertMatch(message, WHAT_TO_DO);
        assert(!Process.isAlive(machine));
      });
    });
  }
}

for (const [what, make] of Object.entries(values)) {
  Deno.test(`receive() rejects once for ${what}, and drops it`, async () => {
    await inProcess(async () => {
      const value = make();
      for (const isThere of [true, false]) {
        if (isThere) send(self(), value);
        const received = receive();
        if (!isThere) send(self(), value);
        const error = await assertRejects(() => received, TypeError);
        assertMatch(error.message, /the message is dropped\. Take it in a clause/);
        await assertSilence();
      }
    });
  });
}

for (const [what, make] of readable) {
  Deno.test(`receive() takes ${what} in a clause, also one that it has passed over`, async () => {
    await inProcess(async () => {
      const value = make();
      const any = on((message: unknown) => message === value, () => "it");
      send(self(), value);
      assertEquals(await receive(any), "it");
      send(self(), value);
      send(self(), "next");
      assertEquals(await receive(on("next", (message) => message)), "next");
      assertEquals(await receive(any, after(0, () => "none")), "it");
      await assertSilence();
    });
  });
}

Deno.test("ProcLib.initAck() and initFail() throw for a value with a method then", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    for (const make of Object.values(values)) {
      const errors: unknown[] = [];
      const result = await ProcLib.start(() => {
        for (const fail of [() => ProcLib.initAck(make()), () => ProcLib.initFail(make(), 1)]) {
          try {
            fail();
          } catch (error) {
            errors.push(error);
          }
        }
        ProcLib.initAck("at last");
      });
      assertEquals(result as unknown, "at last");
      assertEquals(errors.length, 2);
      for (const error of errors) assertMatch((error as Error).message, WHAT_TO_DO);
    }
  });
});

Deno.test("Sys.getState() and replaceState() reject for a state with a method then, and the server goes on", async () => {
  await inProcess(async () => {
    for (const make of [values["an object with a method then"]!, values["a revoked proxy"]!]) {
      const server = unwrap(
        await GenServer.start({
          init: () => ok<unknown>(make()),
          handleCall: (_request: "ping", _from: GenServer.From, state: unknown) =>
            reply("pong", state),
        }),
      );
      const error = await assertRejects(() => Sys.getState(server), TypeError);
      assertMatch(error.message, WHAT_TO_DO);
      assertEquals(await GenServer.call(server, "ping"), "pong");
      assertEquals(await Sys.replaceState(server, () => 1), 1);
      assertEquals(await Sys.getState(server), 1);
      await GenServer.stop(server);
    }
  });
});

Deno.test("Agent.get() rejects when its function returns a function with a method then", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const agent = unwrap(await Agent.start(() => 0));
    const make = values["a function with a method then"]!;
    const message = await failed(() => Agent.get(agent, make));
    assertMatch(message, /^Cannot reply with/);
  });
});

Deno.test("Task.await() rejects for a result with a method then, and other results are values", async () => {
  await inProcess(async () => {
    for (const make of Object.values(values)) {
      const task = Task.async(() => Process.sleep(Infinity));
      send(self(), [task.ref, make()]);
      const error = await assertRejects(() => Task.await(task), TypeError);
      assertMatch(error.message, WHAT_TO_DO);
      Process.unlink(task.pid!);
      Process.exit(task.pid!, "kill");
    }
    assertEquals(await Task.await(Task.async(() => ({ then: "a value" }))), { then: "a value" });
  });
});

Deno.test("a process that receives such messages in a loop goes on, and takes the next message", async () => {
  await inProcess(async () => {
    const main = self();
    const pid = spawn(async () => {
      for (;;) {
        try {
          send(main, ["got", await receive()]);
        } catch (error) {
          send(main, ["refused", (error as Error).name]);
        }
      }
    });
    for (const make of Object.values(values)) send(pid, make());
    send(pid, "hello");
    for (const _value of Object.values(values)) {
      assertEquals(await receive(), ["refused", "TypeError"]);
    }
    assertEquals(await receive(), ["got", "hello"]);
    Process.exit(pid, "kill");
    await settled();
  });
});
