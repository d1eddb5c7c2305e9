/**
 * Values that cannot be looked at, or only at great cost, at every door of the runtime: thrown, sent, replied,
 * returned, as state, key, name, argument and exit reason. Whatever the value, each operation settles, whatever
 * depends on a process hears of its exit, names are free again, reports can be printed, and others go on.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  _,
  after,
  Agent,
  DynamicSupervisor,
  equal,
  Ets,
  Exit,
  exit,
  formatExit,
  GenServer,
  GenStatem,
  inspect,
  Logger,
  matches,
  noreply,
  ok,
  on,
  Pg,
  type Pid,
  Process,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  spawnMonitor,
  stop,
  Supervisor,
  Task,
  unwrap,
} from "../mod.ts";
import { hasThen } from "../lib/kernel/awaitable.ts";
import { classified, errorOf, isOrderly, reasonOf } from "../lib/kernel/exit.ts";
import { deepFreeze } from "../lib/kernel/term.ts";
import { hash, standIn } from "../lib/kernel/term_map.ts";
import { compare } from "../lib/kernel/term_order.ts";
import { inProcess, settled } from "./helpers.ts";

// --- The values ---------------------------------------------------------------------------------

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A proxy of which every trap throws. */
function trapped<T extends object>(target: T): T {
  const traps = new Proxy({}, {
    get: (_target, name) => () => {
      throw new Error(`trap ${String(name)}`);
    },
  });
  return new Proxy(target, traps);
}

/** An array of which one item cannot be read. */
function withoutItem(index: number, items: unknown[]): unknown[] {
  return new Proxy(items, {
    get(target, key) {
      if (key === String(index)) throw new Error(`no item ${index}`);
      return Reflect.get(target, key);
    },
  });
}

function withGetter(object: object, key: PropertyKey, get: () => unknown): object {
  return Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
}

function fail(): never {
  throw new Error("not for you");
}

function nested(depth: number): unknown {
  let term: unknown = "bottom";
  for (let i = 0; i < depth; i++) term = i % 2 === 0 ? [term] : { term };
  return term;
}

/** A term with 2 ** 200 paths. */
function shared(): unknown {
  let term: unknown = [1];
  for (let i = 0; i < 200; i++) term = [term, term];
  return term;
}

function cyclic(): unknown[] {
  const array: unknown[] = [1];
  array.push(array, new Map([["array", array]]));
  return array;
}

class Hostile {}
Object.defineProperty(Hostile.prototype, "constructor", { get: fail });

const MAKERS: Readonly<Record<string, () => unknown>> = {
  "a revoked object": () => revoked({}),
  "a revoked array": () => revoked(["tag", 1]),
  "a revoked function": () => revoked(() => {}),
  "a revoked error": () => revoked(new Error("revoked")),
  "a trapped object": () => trapped({}),
  "a trapped array": () => trapped(["tag", 1]),
  "a tuple without a tag": () => withoutItem(0, ["tag", 1]),
  "a reply without a value": () => withoutItem(1, ["reply", 1, 2]),
  "a noreply without a state": () => withoutItem(1, ["noreply", 1]),
  "a shutdown without a term": () => withoutItem(1, ["shutdown", 1]),
  "a call without a from": () => withoutItem(1, ["$gen_call", 1, 2]),
  "a cast without a request": () => withoutItem(1, ["$gen_cast", 1]),
  "a system message without a from": () => withoutItem(1, ["system", 1, 2]),
  "a system message with a hostile from": () => ["system", revoked([]), "get_state"],
  "an EXIT without a pid": () => withoutItem(1, ["EXIT", 1, "normal"]),
  "a DOWN without a reference": () => withoutItem(1, ["DOWN", 1, "process", 2, "normal"]),
  "an error without a message": () => withGetter(new Error("x"), "message", fail),
  "an error without a name": () => withGetter(new Error("x"), "name", fail),
  "an error without a stack": () => withGetter(new Error("x"), "stack", fail),
  "an error with a symbol for a message": () =>
    Object.defineProperty(new Error("x"), "message", { value: Symbol("message") }),
  "an error with an object for a stack": () =>
    Object.defineProperty(new Error("x"), "stack", { value: Object.create(null) }),
  "an object with a then that throws": () => withGetter({}, "then", fail),
  "an object with a getter that throws": () => withGetter({ a: 1 }, "broken", fail),
  "an object that has no primitive": () => ({ [Symbol.toPrimitive]: fail, toString: fail }),
  "an object whose tag throws": () => withGetter({}, Symbol.toStringTag, fail),
  "an object without a prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "an object without a constructor": () => new Hostile(),
  "a date that is none": () => Object.create(Date.prototype),
  "a map that is none": () => Object.create(Map.prototype),
  "a proxy of a map": () => new Proxy(new Map([[1, 2]]), {}),
  "an endless object": () => {
    const endless = (): object => withGetter({}, "next", endless);
    return endless();
  },
  "an endless array": () => new Proxy([], { get: (_target, key) => key === "length" ? 1e5 : 1 }),
  "a cyclic term": cyclic,
  "a deep term": () => nested(20_000),
  "a term with shared parts": shared,
  "a typed array": () => new Float64Array(1_000_000),
  "a buffer": () => new ArrayBuffer(1_000_000),
  "a sparse array": () => new Array(1_000_000),
  "a long string": () => "x".repeat(10_000_000),
  "a long symbol": () => Symbol("x".repeat(10_000_000)),
  "a long bigint": () => 1n << 1_000_000n,
  "a boxed string": () => Object("x".repeat(1_000_000)),
  "a large set": () => new Set(Array.from({ length: 10_000 }, (_, i) => i)),
};

/** Where a hostile value may be in another one. */
const PLACES: readonly ((value: unknown) => unknown)[] = [
  (value) => value,
  (value) => ["tag", value],
  (value) => ["shutdown", value],
  (value) => [value, ["GenServer", "call", ["server", value, 5000]]],
  (value) => [value, "stack"],
  (value) => ({ value }),
  (value) => new Map([["key", value]]),
];

/** A hostile value, made anew for each run. */
const hostile = fc.tuple(fc.constantFrom(...Object.keys(MAKERS)), fc.nat(PLACES.length - 1))
  .map(([name, place]) => ({ name, place, make: () => PLACES[place]!(MAKERS[name]!()) }))
  .map((value) => ({ ...value, [fc.toStringMethod]: () => `${value.name}, place ${value.place}` }));

/** Every value in its first place, and a sample of the others. */
const RUNS = {
  numRuns: Object.keys(MAKERS).length + 15,
  examples: Object.entries(MAKERS).map(([name, make]) => [{ name, place: 0, make }]),
};

/** The longest text that a report may have. */
const LONGEST = 400_000;

/**
 * Runs `door` with each value, in a process that traps exits. All reports are printed. A server that has nothing
 * to do with it must go on.
 */
function atDoor(door: (value: unknown) => unknown): Promise<void> {
  return inProcess(async () => {
    Process.flag("trap_exit", true);
    const witness = unwrap(await GenServer.start(Echo));
    const previous = Logger.setHandler((report) => {
      const text = Logger.format(report);
      assert(text.length < LONGEST, `${text.length} characters`);
    });
    try {
      await fc.assert(
        // deno-lint-ignore no-explicit-any -- a value with its name
        fc.asyncProperty(hostile as any, async ({ name, make }: any) => {
          const late = new Promise((resolve) => {
            const timer = setTimeout(resolve, 10_000, "late");
            Promise.resolve().then(async () => {
              await door(make());
              clearTimeout(timer);
              resolve("done");
            }).catch((error) => {
              clearTimeout(timer);
              resolve(error);
            });
          });
          assertEquals(await late, "done", name);
          assertEquals(await GenServer.call(witness, "still there"), "still there");
        }),
        RUNS as object,
      );
    } finally {
      Logger.setHandler(previous);
      await GenServer.stop(witness);
    }
  });
}

const Echo = {
  init: () => ok(0),
  handleCall: (request: unknown, _from: GenServer.From, state: number) => reply(request, state),
};

/** Settles as a promise or a call does: with `true`, or with what it threw as an exit reason. */
async function outcome(operation: () => unknown): Promise<unknown> {
  try {
    await operation();
    return true;
  } catch (error) {
    if (error instanceof Exit) assert(error.message.length < LONGEST);
    return error;
  }
}

/** Waits until a process has exited; also if it had before. */
async function ended(pid: Pid): Promise<void> {
  const ref = Process.monitor(pid);
  await receive(on(["DOWN", ref, _, _, _], () => "down")); // the reason may have a `then` that throws
  assertFalse(Process.isAlive(pid));
}

// --- Words and comparisons ----------------------------------------------------------------------

/** What makes a text of a value. */
const TEXTS = ["inspect", "formatExit", "message", "stack", "print"];

Deno.test("every function that looks at a term takes any value, and takes no long time", () => {
  const looks: Readonly<Record<string, (value: unknown, other: unknown) => unknown>> = {
    inspect,
    formatExit,
    equal,
    compare,
    standIn,
    hash,
    deepFreeze,
    isOrderly,
    errorOf,
    reasonOf,
    classified,
    message: (value) => exit(value).message,
    cause: (value) => exit(value).cause,
    stack: (value) => exit(value).stack,
    print: (value) => Deno.inspect(exit([value, ["M", "f", [value]]]).message),
    matches: (value, other) => [matches(_, value), matches(["tag", other], value)],
    pattern: (value, other) => matches(value, other),
  };
  for (const [name, make] of Object.entries(MAKERS)) {
    for (const place of name.includes("endless") ? PLACES.slice(0, 1) : PLACES.slice(0, 4)) {
      for (const [look, f] of Object.entries(looks)) {
        const value = place(make());
        const other = place(make());
        const begin = performance.now();
        const result = f(value, other);
        const ms = performance.now() - begin;
        assert(ms < 5000, `${look} of ${name}: ${ms} ms`);
        if (TEXTS.includes(look)) assert((result as string).length < LONGEST, `${look} of ${name}`);
      }
    }
  }
});

Deno.test("equal(), compare() and standIn() agree about terms of any depth, and those that contain themselves", () => {
  const alike: readonly (() => unknown)[] = [() => nested(20_000), shared];
  for (const make of alike) {
    assert(equal(make(), make()));
    assertEquals(compare(make(), make()), 0);
    assertFalse(equal(make(), [make()]));
    assert(compare([make(), 1], [make(), 2]) < 0);
  }
  assertStrictEquals(standIn(nested(20_000)), standIn(nested(20_000)));
  // Those that contain themselves have no finite text: as keys, they are compared by identity.
  const [a, b] = [cyclic(), cyclic()];
  assert(equal(a, b));
  assertEquals(compare(a, b), 0);
  assert(compare([a, 1], [b, 2]) < 0);
  assertStrictEquals(standIn(a), a);
  const [three, six] = [[0, 0, 0], [0, 0, 0, 0, 0, 0]].map((cycle) => {
    const nodes: unknown[][] = cycle.map(() => []);
    nodes.forEach((node, i) => node.push(nodes[(i + 1) % nodes.length]));
    return nodes[0];
  });
  assert(equal(three, six));
  assertFalse(equal(three, [["a"]]));
});

// --- Processes ----------------------------------------------------------------------------------

Deno.test("a process that throws any value exits, and its monitors and links are notified", () =>
  atDoor(async (value) => {
    const [pid] = spawnMonitor(() => {
      throw value;
    });
    const [other] = spawnMonitor(async () => {
      await settled();
      throw value;
    });
    for (const each of [pid, other]) {
      await receive(on(["DOWN", _, _, each, _], () => "down"));
    }
    const linked = spawn(() => {
      throw value;
    });
    Process.link(linked);
    await receive(on(["EXIT", linked, _], () => "exit"));
  }));

Deno.test("a process that exits with any reason does so, by itself and by a signal", () =>
  atDoor(async (value) => {
    const [thrown] = spawnMonitor(() => {
      throw exit(value);
    });
    await receive(on(["DOWN", _, _, thrown, _], () => "down"));
    const [signalled] = spawnMonitor(() => receive());
    Process.exit(signalled, value);
    await receive(on(["DOWN", _, _, signalled, _], () => "down"));
    const [trapping] = spawnMonitor(async () => {
      Process.flag("trap_exit", true);
      await receive(on(["EXIT", _, _], () => "trapped"));
    });
    await settled();
    Process.exit(trapping, value);
    assertEquals(await receive(on(["DOWN", _, _, trapping, _], (down) => down[4])), "normal");
  }));

Deno.test("receive() takes what it wants past any message", () =>
  atDoor(async (value) => {
    const parent = self();
    const receiver = spawn(async () => {
      for (let i = 0; i < 3; i++) {
        const got = await receive(
          { wanted: (n: number) => n },
          on(["other", _], () => "other"),
          after(5000, () => "nothing"),
        );
        send(parent, ["got", got]);
      }
    });
    for (let i = 0; i < 3; i++) {
      send(receiver, value);
      send(receiver, ["wanted", i]);
      assertEquals(await receive(on(["got", _], (message) => message[1])), i);
    }
    await ended(receiver);
  }));

// --- Servers ------------------------------------------------------------------------------------

const Ignoring = {
  ...Echo,
  handleInfo: (_message: unknown, state: number) => noreply(state),
  handleCast: (_request: unknown, state: number) => noreply(state),
};

Deno.test("a GenServer that is sent any message, cast or request continues", () =>
  atDoor(async (value) => {
    for (const module of [Echo, Ignoring]) {
      const server = unwrap(await GenServer.start(module as typeof Ignoring));
      send(server, value);
      send(server, value);
      if (module === Ignoring) GenServer.cast(server, value as never);
      assertEquals(await GenServer.call(server, "alive"), "alive");
      await outcome(() => GenServer.call(server, value));
      if (hasThen(value)) {
        assertFalse(Process.isAlive(server)); // it has replied with what no promise resolves with
        continue;
      }
      assertEquals(await GenServer.call(server, "alive"), "alive");
      await GenServer.stop(server);
    }
  }));

/** A server that throws or returns a value where it is told to. */
const CALLBACKS = [
  "handleCall",
  "handleCast",
  "handleInfo",
  "handleContinue",
  "terminate",
] as const;

function failing(where: typeof CALLBACKS[number], act: () => unknown, isAsync: boolean) {
  const run = isAsync ? async () => (await settled(), act()) : act;
  return {
    init: () => ok(0),
    handleCall: (_request: unknown, _from: unknown, _state: number) => noreply(0),
    handleCast: () => where === "terminate" ? stop("boom", 0) : noreply(0, ["continue", 1]),
    [where]: run,
  };
}

for (const how of ["throws", "returns"] as const) {
  for (const where of CALLBACKS) {
    Deno.test(`a GenServer whose ${where} ${how} any value exits or continues, and its callers are notified`, () =>
      atDoor(async (value) => {
        for (const isAsync of [false, true]) {
          const act = () => {
            if (how === "throws") throw value;
            return value;
          };
          // deno-lint-ignore no-explicit-any -- it is wrong on purpose
          const module = failing(where, act, isAsync) as any;
          const server = unwrap(
            await GenServer.start(module, undefined, { name: "failing" }),
          ) as Pid;
          const caller = outcome(() => GenServer.call(server, "go", 1000));
          if (where === "handleInfo") send(server, "go");
          else GenServer.cast(server, "go");
          if (where === "terminate" || where === "handleContinue" || how === "throws") {
            await caller;
          }
          await outcome(() => GenServer.stop(server, "shutdown", 1000));
          await ended(server);
          await caller;
          assertEquals(Process.whereis("failing"), undefined);
        }
      }));
  }
}

Deno.test("GenServer.start() takes any argument, state, name and result of init", () =>
  atDoor(async (value) => {
    const Taking = {
      init: ([how, given]: [string, unknown]) => {
        if (how === "throw") throw given;
        if (how === "stop") return stop(given);
        return (how === "return" ? given : ok(given)) as readonly ["ok", unknown];
      },
      handleCall: (_request: unknown, _from: GenServer.From, state: unknown) => reply("ok", state),
    };
    for (const how of ["ok", "throw", "stop", "return"]) {
      const started = await GenServer.start(Taking, [how, value], { name: "taking" });
      if (started[0] === "ok") {
        assertEquals(await GenServer.call(started[1] as Pid, "alive"), "ok");
        await outcome(() => GenServer.stop(started[1] as Pid, "boom"));
        await ended(started[1] as Pid);
      } else assertEquals(started[0], "error");
      assertEquals(Process.whereis("taking"), undefined);
    }
    for (const name of [value, ["via", value, "key"], ["via", Registry, value]]) {
      const start = async () =>
        unwrap(await GenServer.start(Echo, undefined, { name: name as "a" }));
      await start().then(GenServer.stop, () => {});
    }
  }));

Deno.test("a call that fails with any request, server or reason rejects at once", () =>
  atDoor(async (value) => {
    const begin = performance.now();
    const noproc = await GenServer.call("nobody", value).catch((error: Exit) => error);
    const ms = performance.now() - begin;
    assert(noproc instanceof Exit && ms < 1000, `${ms} ms`);
    assertEquals((noproc.reason as unknown[])[0], "noproc");
    assert(await outcome(() => GenServer.call(value as Pid, "request")) !== true);
    const Silent = { ...Echo, handleCall: () => noreply(0) };
    const server = unwrap(await GenServer.start(Silent)) as Pid;
    const timeout = await outcome(() => GenServer.call(server, value, 1));
    assertEquals(((timeout as Exit).reason as unknown[])[0], "timeout");
    const failed = outcome(() => GenServer.call(server, "wait"));
    Process.exit(server, value);
    assert(await failed instanceof Exit);
  }));

Deno.test("GenServer.stop() takes any reason", () =>
  atDoor(async (value) => {
    for (const f of [GenServer.stop, GenStatem.stop]) {
      const server = unwrap(await GenServer.start(Echo));
      await outcome(() => f(server, value));
      await ended(server);
    }
  }));

// --- Supervisors --------------------------------------------------------------------------------

Deno.test("a Supervisor restarts a child that throws any value, or exits with it", () =>
  atDoor(async (value) => {
    let starts = 0;
    const Child = {
      startLink: () => (starts++, GenServer.startLink(Child, undefined, { name: "child" })),
      init: () => ok(0),
      handleCall: (_request: unknown): never => {
        throw value;
      },
      handleCast: () => stop(value, 0),
    };
    const supervisor = unwrap(
      await Supervisor.startLink([{ id: 1, start: [Child, "startLink", []] }], {
        strategy: "one_for_one",
        maxRestarts: 10,
      }),
    );
    for (let i = 1; i <= 2; i++) {
      const child = Process.whereis("child")!;
      if (i === 1) await outcome(() => GenServer.call(child, "go"));
      else GenServer.cast(child, "go" as never);
      await ended(child);
      await settled();
      assertEquals(Supervisor.countChildren !== undefined && starts, i + 1);
      assertFalse(Process.whereis("child") === child);
    }
    send(supervisor, value);
    await outcome(() => GenServer.call(supervisor, value));
    assertEquals((await Supervisor.countChildren(supervisor)).active, 1);
    await Supervisor.stop(supervisor);
  }));

Deno.test("Supervisor and DynamicSupervisor take any id, argument and result of a start function", () =>
  atDoor(async (value) => {
    const Module = {
      startLink: (_argument: unknown) => GenServer.startLink(Echo),
      returns: () => value,
      throws: () => {
        throw value;
      },
    };
    const supervisor = unwrap(await Supervisor.startLink([], { strategy: "one_for_one" }));
    const dynamic = unwrap(await DynamicSupervisor.startLink({ strategy: "one_for_one" }));
    for (const [id, name] of [[value, "startLink"], ["a", "returns"], ["b", "throws"]] as const) {
      const start = [Module, name, [value]] as never;
      await outcome(() => Supervisor.startChild(supervisor, { id, start }));
      await outcome(() => DynamicSupervisor.startChild(dynamic, { id, start }));
    }
    await outcome(() => Supervisor.startChild(supervisor, value as never));
    await outcome(() => DynamicSupervisor.startChild(dynamic, value as never));
    await outcome(() => Supervisor.terminateChild(supervisor, value));
    assert((await Supervisor.countChildren(supervisor)).active <= 1);
    assert((await DynamicSupervisor.countChildren(dynamic)).active <= 1);
    await Supervisor.stop(supervisor);
    await DynamicSupervisor.stop(dynamic);
  }));

// --- Tasks, agents, machines --------------------------------------------------------------------

Deno.test("a Task takes any argument, returns and throws any value", () =>
  atDoor(async (value) => {
    const same = <T>(argument: T) => argument;
    const task = Task.async({ same }, "same", [1]);
    assertEquals(await Task.await(task), 1);
    const module = { throws: (argument: unknown) => Promise.reject(argument), returns: same };
    for (const name of ["throws", "returns"] as const) {
      await outcome(() => Task.await(Task.async(module, name, [value]), 1000));
      await outcome(() => Task.yield(Task.async(module, name, [value]), 1000));
    }
    const [, pid] = Task.start(module, "throws", [value]);
    await ended(pid);
  }));

Deno.test("an Agent takes any state, and functions that return or throw any value", () =>
  atDoor(async (value) => {
    const functions = [() => value, () => [value, value], () => {
      throw value;
    }];
    for (const fun of functions) {
      const agent = unwrap(await Agent.start(() => 0 as unknown));
      await outcome(() => Agent.get(agent, fun, 1000));
      await outcome(() => Agent.update(agent, fun, 1000));
      await outcome(() => Agent.getAndUpdate(agent, fun as never, 1000));
      await outcome(() => Agent.stop(agent, "boom", 1000));
      await ended(agent);
      const started = await Agent.start(fun);
      if (started[0] === "ok") await outcome(() => Agent.stop(started[1] as Pid));
    }
  }));

Deno.test("a GenStatem takes any event, state, data and result", () =>
  atDoor(async (value) => {
    const results: readonly (() => unknown)[] = [
      () => value,
      () => {
        throw value;
      },
      () => ["next_state", value, value],
      () => ["keep_state", value, value],
      () => ["keep_state_and_data", [["next_event", "internal", value], ["timeout", 0, value]]],
      () => ["keep_state_and_data", [[["timeout", value], 0, "content"]]],
      () => ["stop", value],
      () => ["stop_and_reply", "normal", value],
    ];
    for (const result of results) {
      let count = 0;
      const Machine = {
        callbackMode: () => "handle_event_function",
        init: () => ["ok", "state", value],
        handleEvent: (type: unknown, content: unknown) => {
          if (Array.isArray(type)) return ["keep_state_and_data", [["reply", type[1], content]]];
          return content === "go" && count++ === 0 ? result() : "keep_state_and_data";
        },
      } as never;
      const machine = unwrap(await GenStatem.start(Machine, undefined)) as Pid;
      send(machine, value);
      GenStatem.cast(machine, value);
      assertEquals(await GenStatem.call(machine, "alive"), "alive");
      GenStatem.cast(machine, "go");
      await outcome(() => GenStatem.call(machine, "alive", 1000));
      await outcome(() => GenStatem.stop(machine, "boom", 1000));
      await ended(machine);
    }
  }));

// --- Registries ---------------------------------------------------------------------------------

Deno.test("Registry, Ets, Pg and the process dictionary take any key and value", () =>
  atDoor(async (value) => {
    const registry = unwrap(await Registry.startLink({ keys: "unique", name: "hostile" })) as Pid;
    const held = await outcome(() => Registry.register("hostile", value, value));
    if (held === true) {
      assertEquals(Registry.lookup("hostile", value).length, 1);
      Registry.unregister("hostile", value);
    }
    const name = ["via", Registry, ["hostile", value]] as never;
    const started = await GenServer.start(Echo, undefined, { name });
    if (started[0] === "ok") {
      assertEquals(await GenServer.call(name, "alive"), "alive");
      await GenServer.stop(started[1] as Pid);
    }
    await Supervisor.stop(registry);
    for (const type of ["set", "ordered_set"] as const) {
      const table = Ets.new("table", { type });
      await outcome(() => {
        Ets.insert(table, [value, value]);
        assertEquals(Ets.lookup(table, value).length, 1);
        Ets.match(table, [value, _]);
        Ets.delete(table, value);
      });
      Ets.insert(table, ["key", value]);
      assertEquals(Ets.lookup(table, "key").length, 1);
      Ets.delete(table);
    }
    const scope = unwrap(await Pg.start("hostile_scope")) as Pid;
    await outcome(() => Pg.join("hostile_scope", value, self()));
    await outcome(() => Pg.getMembers("hostile_scope", value));
    await outcome(() => GenServer.call(scope, ["monitor", value]));
    send(scope, value);
    await Pg.join("hostile_scope", "group", self());
    assertEquals(await Pg.getMembers("hostile_scope", "group"), [self()]);
    await GenServer.stop(scope);
    await outcome(() => {
      Process.put(value, value);
      assert(Process.get(value) === value);
      Process.deleteKey(value);
    });
  }));

Deno.test("a name of any value is refused, or is not registered", () =>
  atDoor(async (value) => {
    const name = value as Pid;
    for (
      const use of [
        () => send(name, "message"),
        () => GenServer.call(name, "request", 100),
        () => GenServer.cast(name, "request"),
        () => Process.monitor(name),
        () => Process.whereis(value as string),
        () => Process.register(self(), value as string),
        () => Process.isAlive(name),
        () => GenServer.stop(name, "normal", 100),
      ]
    ) await outcome(use);
    // What was done with an atom, such as a long symbol, is undone.
    await outcome(() => Process.unregister(value as string));
    while (await receive(on(_, () => true), after(0, () => false)));
  }));

// --- Reads --------------------------------------------------------------------------------------

/** A value that counts how often anything of it is read, by name. */
function counting(target: object): { readonly value: object; readonly reads: string[] } {
  const reads: string[] = [];
  const traps = new Proxy({}, {
    get: (_target, name) => (...args: [object, PropertyKey]) => {
      reads.push(`${String(name)} ${String(args[1])}`);
      return (Reflect as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>)[name]!(
        ...args,
      );
    },
  });
  return { value: new Proxy(target, traps), reads };
}

/** Reads of the tag of a tuple, of which there is one for each process that it goes to. */
const TAG = ["get length", "get 0"];

const onlyTags = (reads: readonly string[]) => reads.every((read) => TAG.includes(read));

Deno.test("nothing of a request, cast, state or reply is read, and of a message only its tag", () =>
  inProcess(async () => {
    const targets = [{ a: 1 }, ["tag", 1], new Error("x"), new Map()];
    for (const target of targets) {
      const server = unwrap(await GenServer.start(Ignoring));
      const keeper = unwrap(
        await GenServer.start({
          init: (state: object) => ok(state),
          handleCall: (_request: unknown, _from: GenServer.From, state: object) =>
            reply("ok", state),
        }, counting(target).value),
      );
      const { value, reads } = counting(target);
      GenServer.cast(server, value as never);
      assertEquals(await GenServer.call(server, "sync"), "sync");
      assertEquals(reads, []);
      const held = Agent.start(() => 0 as unknown);
      const agent = unwrap(await held);
      await Agent.update(agent, () => [value]);
      await GenServer.call(keeper, value);
      assertEquals(await GenServer.call("nobody", value).catch(() => "failed"), "failed");
      assertEquals(reads, []);
      send(server, value);
      assertEquals(await GenServer.call(server, "sync"), "sync");
      assert(onlyTags(reads), reads.join());
      assert(reads.length <= TAG.length * 2);
      for (const each of [server, keeper, agent]) await GenServer.stop(each);
    }
  }));

Deno.test("nothing of an exit reason is read when a process exits, by its links, monitors, callers and names", () =>
  inProcess(async () => {
    Process.flag("trap_exit", true);
    for (const target of [{ a: 1 }, ["tag", 1], [new Error("x"), "stack"], new Error("x")]) {
      const { value, reads } = counting(target);
      const pid = spawn(async () => {
        Process.register(self(), "exiting");
        await receive();
      });
      Process.link(pid);
      Process.monitor(pid);
      await settled();
      const call = GenServer.call(pid, "request", 60_000).catch((error) => error);
      const stopped = GenServer.stop(pid, "normal", 60_000).catch((error) => error);
      Process.exit(pid, value);
      assertFalse(Process.isAlive(pid));
      assertEquals(reads, []);
      for (const failed of [await call, await stopped]) {
        assert(failed instanceof Exit);
        assert((failed.reason as unknown[])[0] === value);
      }
      await settled();
      assertEquals(reads, []);
      await receive(on(["EXIT", pid, _], () => "exit"));
      await receive(on(["DOWN", _, "process", pid, _], () => "down"));
      assertEquals(reads, []);
    }
  }));

// --- Costs --------------------------------------------------------------------------------------

Deno.test("a failure through a chain of calls costs each of them the same, however long the chain is", () =>
  inProcess(async () => {
    const previous = Logger.setHandler(() => {});
    try {
      let reads = 0;
      const first = withGetter({}, "part", () => reads++);
      let reason: unknown = first;
      for (let i = 0; i < 2000; i++) {
        const server = unwrap(
          await GenServer.start({
            init: () => ok(0),
            handleCall: (why: unknown): never => {
              throw exit(why);
            },
          }),
        ) as Pid;
        const failed = await GenServer.call(server, reason).catch((error) => error);
        assert(failed instanceof Exit);
        reason = failed.reason;
      }
      assertEquals(reads, 0);
      const exits = exit(reason);
      assert(exits.message.length < LONGEST && exits.message.endsWith("..."));
      assertEquals(exits.cause, undefined);
    } finally {
      Logger.setHandler(previous);
    }
  }));

Deno.test("Exit makes its message, cause and stack when they are read, not before", () => {
  const { value, reads } = counting({ a: 1 });
  const call = ["GenServer", "call", ["server", value, 5000]];
  const failed = exit(["timeout", call]);
  assertEquals(reads, []);
  const message = 'exited in: GenServer.call("server", { a: 1 }, 5000): time out';
  assertEquals(failed.message, message);
  assert(reads.length > 0);
  assertEquals(failed.stack!.split("\n")[0], `Exit: ${message}`);
  assertEquals(Deno.inspect(failed).split("\n")[0], `Exit: ${message}`);
  assertFalse(Deno.inspect(failed).includes("cause"));
  const error = new Error("oh snap");
  assert(Deno.inspect(exit([error, ""])).includes("[cause]: Error: oh snap"));
  assertEquals(JSON.parse(JSON.stringify(exit("bye"))), { name: "Exit", reason: "bye" });
  failed.message = "another";
  assertEquals(failed.message, "another");
});

Deno.test("a chain of continue of any length lets the host, other processes and calls have their turns", () =>
  inProcess(async () => {
    for (const isAsync of [false, true]) {
      let steps = 0;
      const Chain = {
        init: () => ok(0, ["continue", "step"]),
        handleContinue: (_step: unknown, state: number) => {
          steps++;
          const next = state < 100_000 ? noreply(state + 1, ["continue", "step"]) : noreply(state);
          if (state % 3 === 0 && !isAsync) throw next; // a value that is thrown counts as returned
          return isAsync ? Promise.resolve(next) : next;
        },
        handleCall: (_request: unknown, _from: GenServer.From, state: number) =>
          reply(state, state),
      };
      const timer = new Promise<number>((resolve) => setTimeout(() => resolve(steps), 1));
      const witness = unwrap(await GenServer.start(Echo));
      const server = unwrap(await GenServer.start(Chain)) as Pid;
      assertEquals(await GenServer.call(witness, "beside"), "beside");
      assert(steps < 20_000, `${steps} steps before another process had a turn`);
      assert(await timer < 100_000);
      assertEquals(await GenServer.call(server, "state", 60_000), 100_000);
      for (const each of [witness, server]) await GenServer.stop(each);
    }
  }));
