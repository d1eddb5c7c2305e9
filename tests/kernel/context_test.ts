/**
 * The asynchronous context of processes: which `AsyncLocalStorage` stores their code sees, and to which
 * process a rejection belongs that nothing handles.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import {
  after,
  Agent,
  configureRuntime,
  DynamicSupervisor,
  exit,
  GenServer,
  type Noreply,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  Supervisor,
  Task,
  Timer,
  unwrap,
} from "../../mod.ts";
import { assertSilence, collectReports, inProcess, settled } from "../helpers.ts";

const user = new AsyncLocalStorage<string>();

/** A server that answers with the store that its callback sees, before and after an `await`. */
const Plain = {
  init: () => ok(user.getStore()),
  handleCall: (request: "init" | "now", _from: GenServer.From, state: string | undefined) =>
    reply<unknown, string | undefined>(request === "init" ? state : user.getStore(), state),
};
const Async = {
  async init() {
    await null;
    return ok(user.getStore());
  },
  async handleCall(request: "init" | "now", _from: GenServer.From, state: string | undefined) {
    await null;
    return reply<unknown, string | undefined>(request === "init" ? state : user.getStore(), state);
  },
};

// --- Stores -------------------------------------------------------------------------------------

/** Ways into the code of a process; each resolves with the stores that it sees. */
const waysIn: Record<string, () => Promise<unknown[]>> = {
  "init and callbacks": async () => {
    const server = unwrap(await GenServer.start(Plain));
    const seen = [await GenServer.call(server, "init"), await GenServer.call(server, "now")];
    await GenServer.stop(server);
    return seen;
  },
  "async init and callbacks": async () => {
    const server = unwrap(await GenServer.start(Async));
    const seen = [await GenServer.call(server, "init"), await GenServer.call(server, "now")];
    await GenServer.stop(server);
    return seen;
  },
  "spawn": () =>
    new Promise((resolve) =>
      spawn(async () => {
        const first = user.getStore();
        await Process.sleep(1);
        resolve([first, user.getStore()]);
      })
    ),
  "Task": () => Task.await(Task.async(() => [user.getStore()])),
  "Agent": async () => {
    const agent = unwrap(await Agent.start(() => user.getStore()));
    const seen = [
      await Agent.get(agent, (first) => first),
      await Agent.get(agent, () => user.getStore()),
    ];
    await Agent.stop(agent);
    return seen;
  },
  "Timer.applyAfter": () =>
    new Promise((resolve) => void Timer.applyAfter(1, () => resolve([user.getStore()]))),
  "Process.sendAfter": async () => {
    const server = unwrap(await GenServer.start(OnInfo));
    Process.sendAfter(server, ["see", self()], 1);
    return [await receive({ seen: (store: unknown) => store })];
  },
  "a child of a supervisor, and its restart": async () => {
    const seen: unknown[] = [];
    const Child = {
      startLink: () => GenServer.startLink(Child, undefined, { name: "context child" }),
      init: () => {
        seen.push(user.getStore());
        return ok(0);
      },
      handleCast: (_request: "crash"): Noreply<number> => {
        throw exit("crash");
      },
    };
    const supervisor = unwrap(
      await Supervisor.startLink([{ id: 1, start: [Child, "startLink", []] }], {
        strategy: "one_for_one",
      }),
    );
    GenServer.cast("context child", "crash");
    while (seen.length < 2) await Process.sleep(1);
    await Supervisor.stop(supervisor);
    return seen;
  },
  "a dynamic child": async () => {
    const supervisor = unwrap(await DynamicSupervisor.startLink());
    const child = unwrap(
      await DynamicSupervisor.startChild(supervisor, [Agent, () => user.getStore()]),
    );
    const seen = [await Agent.get(child as Pid, (store) => store)];
    await DynamicSupervisor.stop(supervisor);
    return seen;
  },
  "terminate": async () => {
    let seen: unknown = "not called";
    const server = unwrap(
      await GenServer.start({ init: () => ok(0), terminate: () => seen = user.getStore() }),
    );
    await GenServer.stop(server);
    return [seen];
  },
  "a listener of Process.signal()": async () => {
    let seen: unknown = "not called";
    const pid = spawn(async () => {
      Process.signal().addEventListener("abort", () => seen = user.getStore());
      await receive();
    });
    await Process.sleep(1);
    Process.exit(pid, "kill");
    return [seen];
  },
  "a host timer that a process has started": () =>
    new Promise((resolve) =>
      spawn(async () => {
        resolve(await new Promise((done) => setTimeout(() => done([user.getStore()]), 1)));
      })
    ),
  "a via registry": async () => {
    const seen: unknown[] = [];
    const via = {
      registerName: () => "yes" as const,
      unregisterName: () => {},
      whereisName: () => undefined,
      send: () => {
        seen.push(user.getStore());
        return self();
      },
    };
    await send(["via", via, "any"], "hello");
    return seen;
  },
};

const OnInfo = {
  init: () => ok(0),
  handleInfo: ([, to]: readonly ["see", Pid], state: number) => {
    send(to, ["seen", user.getStore()]);
    return noreply(state);
  },
};

for (const [name, see] of Object.entries(waysIn)) {
  Deno.test(`code of a process sees no AsyncLocalStorage store of its caller: ${name}`, async () => {
    await inProcess(async () => {
      const seen = await user.run("alice", see);
      assert(seen.length > 0);
      assertEquals(seen, seen.map(() => undefined));
    });
  });
}

Deno.test("the loop and the host timer of the runtime do not keep the store of what has woken them", async () => {
  await inProcess(async () => {
    const server = unwrap(await GenServer.start(OnInfo));
    await settled();
    user.run("alice", () => void Process.sendAfter(server, ["see", self()], 2));
    assertEquals(await receive({ seen: (store: unknown) => store }), undefined);
    await settled();
    user.run("alice", () => void send(server, ["see", self()]));
    assertEquals(await receive({ seen: (store: unknown) => store }), undefined);
  });
});

Deno.test("a store that a process enters is seen by its own code, also after an await, and by no other", async () => {
  await inProcess(async () => {
    const server = unwrap(await GenServer.start(Plain));
    const seen: unknown[] = [];
    await user.run("alice", async () => {
      seen.push(user.getStore());
      await Process.sleep(1);
      seen.push(user.getStore(), await GenServer.call(server, "now"), user.getStore());
      assertEquals(await receive(after(0, () => user.getStore())), "alice");
    });
    assertEquals(seen, ["alice", "alice", undefined, "alice"]);
    assertEquals(user.getStore(), undefined);
    const Entering = {
      init: () => ok(0),
      handleCall: (_request: "see", _from: GenServer.From, state: number) =>
        user.run("bob", async () => {
          await Process.sleep(1);
          return reply(user.getStore(), state);
        }),
    };
    const entering = unwrap(await GenServer.start(Entering));
    for (let i = 0; i < 3; i++) assertEquals(await GenServer.call(entering, "see"), "bob");
    assertEquals(await GenServer.call(server, "now"), undefined);
  });
});

// --- Rejections ---------------------------------------------------------------------------------

const later = () => new Promise<void>((done) => setTimeout(done, 1));

/** What a callback may leave behind. */
const floating: Record<string, (error: Error) => void> = {
  "a promise that was rejected at once": (error) => void Promise.reject(error),
  "an async function that fails later": (error) =>
    void (async () => {
      await later();
      throw error;
    })(),
  "a host timer with an async callback": (error) =>
    void setTimeout(async () => {
      await null;
      throw error;
    }, 1),
  "a host timer that rejects a promise": (error) => void setTimeout(() => Promise.reject(error), 1),
};

const Leaving = {
  init: () => ok(0),
  handleCast: (what: string, state: number) => {
    floating[what]!(new Error("dropped"));
    return noreply(state);
  },
};
const LeavingAsync = {
  init: () => ok(0),
  async handleCast(what: string, state: number) {
    await null;
    floating[what]!(new Error("dropped"));
    return noreply(state);
  },
};

/** Whether a server of `module` ends by what its callback leaves behind; others must go on. */
async function ends(module: typeof Leaving | typeof LeavingAsync, what: string): Promise<boolean> {
  const server = unwrap(await GenServer.start(module));
  const bystander = unwrap(await GenServer.start(Plain));
  GenServer.cast(server, what);
  for (let i = 0; i < 4; i++) {
    await settled();
    await later();
  }
  assert(Process.isAlive(bystander));
  await GenServer.stop(bystander);
  if (!Process.isAlive(server)) return true;
  await GenServer.stop(server);
  return false;
}

for (const what of Object.keys(floating)) {
  Deno.test(`${what}, left by an async callback, ends its process`, async () => {
    using reports = collectReports();
    await inProcess(async () => assert(await ends(LeavingAsync, what)));
    assertEquals(reports.logged.map(({ kind }) => kind), ["process"]);
  });

  Deno.test(`${what}, left by a synchronous callback, is reported and ends no process`, async () => {
    using reports = collectReports();
    await inProcess(async () => assertFalse(await ends(Leaving, what)));
    assertEquals(reports.all.map(({ kind, pid }) => [kind, pid]), [["uncaught", undefined]]);
  });

  Deno.test(`configureRuntime({ trackPromises: true }): ${what}, left by a synchronous callback, ends its process`, async () => {
    using reports = collectReports();
    configureRuntime({ trackPromises: true });
    try {
      await inProcess(async () => assert(await ends(Leaving, what)));
    } finally {
      configureRuntime({ trackPromises: false });
    }
    await inProcess(async () => assertFalse(await ends(Leaving, what)));
    assertEquals(reports.logged.map(({ kind }) => kind), ["process", "uncaught"]);
  });
}

Deno.test("a promise that a synchronous callback leaves behind does not end the process that next returns a promise", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const careless = unwrap(await GenServer.start(Leaving));
    const innocent = unwrap(
      await GenServer.start({
        init: () => ok(0),
        handleCall: (_request: "wait", _from: GenServer.From, state: number) =>
          Process.sleep(5).then(() => reply("done", state)),
      }),
    );
    GenServer.cast(careless, "an async function that fails later");
    assertEquals(await GenServer.call(innocent, "wait"), "done");
    await settled();
    assert(Process.isAlive(innocent) && Process.isAlive(careless));
    await assertSilence();
  });
  assertEquals(reports.all.map(({ kind }) => kind), ["uncaught"]);
});

Deno.test("configureRuntime({ trackPromises: true }) leaves calls, self() and async callbacks as they are", async () => {
  configureRuntime({ trackPromises: true });
  try {
    await inProcess(async () => {
      assertEquals(await waysIn["init and callbacks"]!(), [undefined, undefined]);
      assertEquals(await waysIn["async init and callbacks"]!(), [undefined, undefined]);
      const Selves = {
        init: () => ok(self()),
        handleCall: (how: "sync" | "promise", _from: GenServer.From, pid: Pid) =>
          how === "sync"
            ? reply(self() === pid, pid)
            : Process.sleep(1).then(() => reply(self() === pid, pid)),
      };
      const servers = await Promise.all([1, 2, 3].map(() => GenServer.start(Selves)));
      for (const how of ["sync", "promise", "sync", "promise"] as const) {
        const answers = servers.map((server) => GenServer.call(unwrap(server), how));
        assertEquals(await Promise.all(answers), [true, true, true]);
      }
      unwrap(await Registry.startLink({ keys: "unique", name: "tracked" }));
      Registry.register("tracked", "key", 1);
      assertEquals(Registry.lookup("tracked", "key"), [[self(), 1]]);
    });
  } finally {
    configureRuntime({ trackPromises: false });
  }
});
