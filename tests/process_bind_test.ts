/**
 * Process.bind(): functions that the host calls, as code of a process.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  Exit,
  exit,
  GenServer,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  unwrap,
} from "../mod.ts";
import { collectReports, exitOf, inProcess, settled } from "./helpers.ts";

/** A process that binds `body`, and waits until it is ended; and the bound function. */
function binding<F extends (...args: never[]) => unknown>(
  bind: () => F,
): Promise<readonly [Pid, F]> {
  return new Promise((resolve) => {
    spawn(async () => {
      resolve([self(), bind()]);
      await receive();
    });
  });
}

/** The exit reason of `pid` after `act`. */
async function exitAfter(pid: Pid, act: () => unknown): Promise<unknown> {
  const reason = exitOf(pid);
  act();
  return await reason;
}

Deno.test("Process.bind() makes a function code of the process that binds it: self(), mailbox, calls", async () => {
  await inProcess(async () => {
    const server = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCall: (_request: "from", [client]: GenServer.From, state: number) =>
          reply(client, state),
      }),
    );
    const [pid, bound] = await binding(() =>
      Process.bind(async (server: Pid) => {
        const seen = [self()];
        await Process.sleep(1);
        return [...seen, self(), await GenServer.call(server, "from")];
      })
    );
    assertEquals(await bound(server), [pid, pid, pid]);
    assert(self() !== pid);
  });
});

Deno.test("Process.bind() keeps this, the arguments, the result and what is thrown", async () => {
  await inProcess(async () => {
    const [, bound] = await binding(() =>
      Process.bind(function (this: { factor: number }, a: number, b: number) {
        return this.factor * (a + b);
      })
    );
    const result: number = bound.call({ factor: 2 }, 3, 4);
    assertEquals(result, 14);
    assertEquals(bound.length, 2);
    const error = new RangeError("oh");
    const [pid, failing] = await binding(() =>
      Process.bind((how: "throw" | "reject") => {
        if (how === "throw") throw error;
        return Promise.reject(error);
      })
    );
    assertStrictEquals(assertThrows(() => failing("throw")), error);
    assertStrictEquals(await assertRejects(() => failing("reject")), error);
    await settled();
    assert(Process.isAlive(pid));
  });
  assertThrows(() => Process.bind("no function" as never), TypeError, 'found "no function"');
});

Deno.test("Process.bind() keeps the stores of the code that binds, and not those of the caller", async () => {
  const user = new AsyncLocalStorage<string>();
  await inProcess(async () => {
    const look = async () => {
      const first = user.getStore();
      await null;
      return [first, user.getStore()];
    };
    const [, within] = await binding(() => user.run("alice", () => Process.bind(look)));
    const [, without] = await binding(() => Process.bind(look));
    await user.run("bob", async () => {
      assertEquals(await within(), ["alice", "alice"]);
      assertEquals(await without(), [undefined, undefined]);
      assertEquals(user.getStore(), "bob");
    });
  });
});

Deno.test("Process.bind() in a synchronous callback binds to its process", async () => {
  await inProcess(async () => {
    const server = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCall: (_request: "bind", _from: GenServer.From, state: number) =>
          reply(Process.bind(() => self()), state),
      }),
    );
    const bound = await GenServer.call(server, "bind") as () => Pid;
    assertEquals(bound(), server);
    await Process.sleep(1);
    assertEquals(bound(), server);
  });
});

Deno.test("Process.bind() in a script binds to the main process", async () => {
  const main = self();
  const bound = Process.bind(() => self());
  assertEquals(await inProcess(() => bound()), main);
});

Deno.test("a bound function fails with noproc when its process has exited, and leaves the program alone", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    let calls = 0;
    const [pid, bound] = await binding(() => Process.bind(() => void calls++));
    bound();
    Process.exit(pid, "kill");
    const error = assertThrows(bound, Exit);
    assertEquals(error.reason, "noproc");
    await new Promise((done) => {
      setTimeout(bound, 1);
      setTimeout(done, 3);
    });
    const source = new EventTarget();
    source.addEventListener("x", bound);
    source.dispatchEvent(new Event("x"));
    assertEquals(calls, 1);
  });
  assertEquals(reports.logged, []);
});

const failures: Record<string, () => unknown> = {
  "throws an error": () => {
    throw new Error("oh");
  },
  "throws an Exit": () => {
    throw exit("enough");
  },
  "throws a value that is not an object": () => {
    throw "odd";
  },
  "rejects": async () => {
    await null;
    throw new Error("oh");
  },
  "leaves a rejected promise behind": () => void Promise.reject(new Error("oh")),
  "starts a host timer that rejects": () =>
    void setTimeout(() => Promise.reject(exit("enough")), 1),
};

/** Hosts that call a function, and do not handle what it throws. */
const hosts: Record<string, (bound: () => unknown) => void> = {
  "a host timer": (bound) => void setTimeout(bound, 1),
  "a microtask": (bound) => queueMicrotask(() => bound()),
  "an event listener": (bound) => {
    const source = new EventTarget();
    source.addEventListener("x", bound);
    source.dispatchEvent(new Event("x"));
  },
  "an event listener of a process": (bound) => {
    const source = new EventTarget();
    source.addEventListener("x", bound);
    spawn(() => source.dispatchEvent(new Event("x")));
  },
};

for (const [how, fail] of Object.entries(failures)) {
  for (const [host, call] of Object.entries(hosts)) {
    Deno.test(`a bound function that ${how}, called by ${host}, ends its process and not the program`, async () => {
      using reports = collectReports();
      await inProcess(async () => {
        const [pid, bound] = await binding(() => Process.bind(fail));
        const bystander = spawn(() => receive());
        const reason = await exitAfter(pid, () => call(bound));
        const [first] = Array.isArray(reason) ? reason.flat() : [reason];
        const expected = how.includes("Exit") || how.includes("timer")
          ? "enough"
          : how.includes("value")
          ? "nocatch"
          : "oh";
        assertEquals(first instanceof Error ? first.message : first, expected);
        assert(Process.isAlive(bystander));
        Process.exit(bystander, "kill");
      });
      assertEquals(reports.logged.length, expectedReports(how));
    });
  }
}

/** Only an Exit is not reported. */
function expectedReports(how: string): number {
  return how.includes("Exit") || how.includes("timer") ? 0 : 1;
}

Deno.test("a bound function that throws, called by code of another process that does not catch it, ends that process", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const [pid, bound] = await binding(() => Process.bind(failures["throws an Exit"]!));
    const caller = spawn(async () => {
      await receive();
      bound();
    });
    assertEquals(await exitAfter(caller, () => send(caller, "go")), "enough");
    assert(Process.isAlive(pid));
  });
});

Deno.test("Process.bind() makes the handler of Deno.serve code of a server", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    let port = 0;
    const Web = {
      init: () => {
        const handler = Process.bind(async (request: Request, _info: Deno.ServeHandlerInfo) => {
          const { pathname } = new URL(request.url);
          if (pathname === "/throw") throw new Error("handled by the host");
          if (pathname === "/leave") Promise.reject(new Error("left behind"));
          await Process.sleep(1);
          return new Response(String(self()));
        });
        const onListen = (address: Deno.NetAddr) => void (port = address.port);
        const options = { hostname: "127.0.0.1", port: 0, onListen, signal: Process.signal() };
        return ok(Deno.serve({ ...options, onError: () => new Response("failed") }, handler));
      },
      handleCall: (_request: "server", _from: GenServer.From, server: Deno.HttpServer) =>
        reply([server], server),
    };
    const web = unwrap(await GenServer.start(Web));
    const [server] = await GenServer.call(web, "server");
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return await response.text();
    };
    assertEquals(await get("/"), String(web));
    assertEquals(await get("/throw"), "failed");
    assertEquals(await get("/"), String(web));
    const reason = exitOf(web);
    const last = get("/leave").catch(() => {});
    assertEquals(((await reason) as [Error])[0].message, "left behind");
    await server.finished;
    await last;
  });
  assertEquals(reports.logged.map(({ kind }) => kind), ["process"]);
});

Deno.test("Process.bind() has the parameters of what it is given to", () => {
  const source = new EventTarget();
  // The parameters are known from where the function is used.
  source.addEventListener("x", Process.bind((event) => void event.type));
  const add: (a: number, b: number) => number = Process.bind((a, b) => a + b);
  assertEquals(add(1, 2), 3);
  // @ts-expect-error the arguments are checked
  assertEquals(add(1, "2"), "12");
});
