/**
 * `configureRuntime({ freezeMessages: true })` freezes everything that one process hands to another.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  Agent,
  configureRuntime,
  Exit,
  exit,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  ProcLib,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  spawnLink,
  stop,
  Sys,
  Task,
  unwrap,
} from "../mod.ts";
import { collectReports, inProcess } from "./helpers.ts";

interface Box {
  readonly items: number[];
}

const box = (): Box => ({ items: [1] });

/** Each hands a box over, and returns it as it has arrived. `given` is the one that was handed over. */
const DOORS: Record<string, (given: Box) => unknown> = {
  "send()": async (given) => {
    send(self(), given);
    return await receive();
  },
  "a reply": async (given) => await GenServer.call(await answering(() => reply(given, 1)), 1),
  "a reply that stops the server": async (given) =>
    await GenServer.call(await answering(() => stopWith(given)), 1),
  "GenServer.reply()": async (given) => {
    const server = await answering((from) => {
      GenServer.reply(from, given);
      return noreply(1);
    });
    return await GenServer.call(server, 1);
  },
  "GenServer.reply() to sendRequest()": async (given) => {
    const server = await answering(() => reply(given, 1));
    const [, value] = await GenServer.receiveResponse(
      GenServer.sendRequest(server, 1),
    ) as readonly Term[];
    return value;
  },
  "the argument of init": async (given) => {
    let arrived: unknown;
    unwrap(await GenServer.start({ init: (argument: unknown) => ok(arrived = argument) }, given));
    return arrived;
  },
  "the arguments of ProcLib.start()": async (given) => {
    const Module = { run: (argument: unknown) => void ProcLib.initAck([argument]) };
    const [arrived] = await ProcLib.start([Module, "run", [given]]) as unknown[];
    return arrived;
  },
  "what init stops with": async (given) =>
    (await GenServer.start({ init: () => stop(given) }) as readonly Term[])[1],
  "an exit reason, by DOWN": async (given) => {
    const [, ref] = spawn(() => Promise.reject(exit(given)), { monitor: true });
    const [, arrivedRef, , , reason] = await receive() as readonly Term[];
    assertEquals(arrivedRef, ref);
    return reason;
  },
  "an exit reason, by a link": async (given) => {
    Process.flag("trap_exit", true);
    spawnLink(() => Promise.reject(exit(given)));
    return (await receive() as readonly Term[])[2];
  },
  "an exit reason, by Process.exit()": async (given) => {
    Process.flag("trap_exit", true);
    Process.exit(self(), given);
    return (await receive() as readonly Term[])[2];
  },
  "an exit reason, by a failed call": async (given) => {
    const server = await answering(() => stop(given, 1));
    const error = await GenServer.call(server, 1).catch((error: unknown) => error);
    assert(error instanceof Exit);
    return (error.reason as readonly Term[])[0];
  },
  "Agent.get()": async (given) => await Agent.get(await agent(given), (state) => state),
  "Sys.getState()": async (given) => await Sys.getState(await agent(given)),
  "a task's result": async (given) => await Task.await(Task.async(() => given)),
  "a task's arguments": async (given) =>
    await Task.await(Task.async({ give: (argument: Box) => argument }, "give", [given])),
  "an item of a stream": async (given) => {
    let arrived: unknown;
    for await (const _ of Task.asyncStream([given], (item) => void (arrived = item)));
    return arrived;
  },
  "a value of a Registry": async (given) => {
    await registry();
    Registry.register("registry", "key", given);
    return Registry.lookup("registry", "key")[0]![1];
  },
  "an updated value of a Registry": async (given) => {
    await registry();
    Registry.register("registry", "key", 1);
    Registry.updateValue("registry", "key", () => given);
    return Registry.lookup("registry", "key")[0]![1];
  },
  "the metadata of a Registry": async (given) => {
    await registry();
    Registry.putMeta("registry", "key", given);
    return unwrap(Registry.meta("registry", "key") as readonly ["ok", unknown]);
  },
  "the initial metadata of a Registry": async (given) => {
    await registry({ key: given });
    return unwrap(Registry.meta("registry", "key") as readonly ["ok", unknown]);
  },
};

type Term = unknown;

const stopWith = (given: Box) => ["stop", "normal", given, 1] as const;

async function answering(answer: (from: GenServer.From) => unknown): Promise<Pid> {
  const Server = {
    init: () => ok(1),
    handleCall: (_request: unknown, from: GenServer.From) => answer(from) as never,
  };
  return unwrap(await GenServer.start(Server)) as Pid;
}

async function agent(state: Box) {
  return unwrap(await Agent.start(() => state));
}

async function registry(meta = {}) {
  unwrap(await Registry.startLink({ keys: "unique", name: "registry", meta }));
}

for (const [name, hand] of Object.entries(DOORS)) {
  Deno.test(`freezeMessages freezes ${name}, which arrives as it is without it`, async () => {
    using _reports = collectReports();
    for (const freezeMessages of [false, true]) {
      const given = box();
      configureRuntime({ freezeMessages });
      try {
        await inProcess(async () => assert(await hand(given) === given));
      } finally {
        configureRuntime({ freezeMessages: false });
      }
      if (freezeMessages) assertThrows(() => given.items.push(2), TypeError);
      else given.items.push(2);
      assertEquals(given.items, freezeMessages ? [1] : [1, 2]);
    }
  });
}

Deno.test("freezeMessages leaves modules, instances of classes and hostile values as they are", () =>
  inProcess(async () => {
    configureRuntime({ freezeMessages: true });
    try {
      const Module = { init: () => ok(1), calls: 0 };
      class Handle {
        open = true;
      }
      const hostile = new Proxy({}, {
        preventExtensions: () => {
          throw new Error("no");
        },
      });
      for (const given of [Module, new Handle(), hostile]) {
        send(self(), [given]);
        assertEquals((await receive() as unknown[])[0] === given, true);
      }
      Module.calls++;
      assertEquals(Module.calls, 1);
    } finally {
      configureRuntime({ freezeMessages: false });
    }
  }));
