/**
 * Registries that answer with promises: late, out of order, wrongly, or never. The caller gets the error,
 * order is kept, and nothing is left half done.
 *
 * @module
 */

import {
  _,
  Exit,
  exit,
  GenServer,
  ignore,
  type NameRegistry,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  ProcLib,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  stop,
  Supervisor,
  Sys,
  type Term,
  unwrap,
} from "@denotp/otp";
import { onExit, TermMap, testRegistry } from "@denotp/otp/registries";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { assertSilence, collectReports, exitOf, inProcess, pass, settled } from "../helpers.ts";

// --- Fixtures -----------------------------------------------------------------------------------

/** Random numbers from 0 to 1 that are the same in every run. */
function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const never = () => new Promise<never>(() => {});

type Operation = "registerName" | "unregisterName" | "whereisName" | "send";

/** A registry on the other side of a network: everything takes its time, there and back. */
class RemoteNames implements NameRegistry {
  /** What it knows. */
  readonly pids = new TermMap<Pid>();
  /** What it was asked, in the order in which it was. */
  readonly asked: Operation[] = [];
  /** What to do instead of an operation. */
  faults: { [Op in Operation]?: (...args: Term[]) => unknown } = {};
  latency: () => number;
  #pending = 0;

  constructor(latency: () => number = () => 0) {
    this.latency = latency;
  }

  registerName(key: Term, pid: Pid): Promise<"yes" | "no"> {
    return this.#ask("registerName", [key, pid], () => {
      if (this.pids.has(key)) return "no";
      this.pids.set(key, pid);
      const forget = async () => {
        this.#pending++;
        await delay(this.latency());
        if (this.pids.get(key) === pid) this.pids.delete(key);
        this.#pending--;
      };
      if (onExit(pid, forget) === undefined) forget();
      return "yes";
    });
  }

  unregisterName(key: Term): Promise<void> {
    return this.#ask("unregisterName", [key], () => void this.pids.delete(key));
  }

  whereisName(key: Term): Promise<Pid | undefined> {
    return this.#ask("whereisName", [key], () => this.pids.get(key));
  }

  send(key: Term, message: Term): Promise<Pid> {
    return this.#ask("send", [key, message], () => {
      const pid = this.pids.get(key);
      if (pid === undefined) throw exit(["badarg", [key, message]]);
      send(pid, message);
      return pid;
    });
  }

  #ask<T>(operation: Operation, args: Term[], body: () => T): Promise<T> {
    this.asked.push(operation);
    const fault = this.faults[operation];
    if (fault !== undefined) return fault(...args) as Promise<T>;
    this.#pending++;
    return delay(this.latency()).then(body).finally(async () => {
      await delay(this.latency());
      this.#pending--;
    });
  }

  /** Waits until it has nothing more to do. */
  async close(): Promise<void> {
    while (this.#pending > 0) await delay(1);
  }
}

/** A registry as the book builds it: a GenServer that keeps names and monitors their processes. */
const Directory = {
  init: () => ok(new Map<Term, Pid>()),
  handleCall(request: readonly [string, Term, Pid?], _from: GenServer.From, names: Map<Term, Pid>) {
    const [operation, key, pid] = request;
    if (operation === "whereis") return reply(names.get(key), names);
    if (operation === "unregister") return reply("ok", without(names, key));
    if (names.has(key)) return reply("no", names);
    Process.monitor(pid!);
    return reply("yes", new Map([...names, [key, pid!]]));
  },
  handleInfo([, , , pid]: readonly ["DOWN", Term, "process", Pid, Term], names: Map<Term, Pid>) {
    return noreply(new Map([...names].filter(([, other]) => other !== pid)));
  },
};

function without(names: Map<Term, Pid>, key: Term): Map<Term, Pid> {
  return new Map([...names].filter(([other]) => other !== key));
}

function directoryOf(server: Pid): NameRegistry {
  const ask = (...request: Term[]) => GenServer.call(server as Pid<unknown>, request as never);
  return {
    registerName: (key, pid) => ask("register", key, pid) as Promise<"yes" | "no">,
    unregisterName: (key) => ask("unregister", key),
    async whereisName(key) {
      await ask("whereis", key); // twice, so that it has something to go on with
      return await ask("whereis", key) as Pid | undefined;
    },
    async send(key, message) {
      await ask("whereis", key);
      const pid = await ask("whereis", key) as Pid | undefined;
      if (pid === undefined) throw exit(["badarg", [key, message]]);
      send(pid, message);
      return pid;
    },
  };
}

/** A server that notes all it gets, in order, whichever way it comes. */
const Notes = {
  init: (notes: readonly Term[]) => ok(notes),
  handleCall(request: Term, _from: GenServer.From, notes: readonly Term[]) {
    return request === "notes" ? reply(notes, notes) : reply(request, [...notes, request]);
  },
  handleCast: (request: Term, notes: readonly Term[]) => noreply([...notes, request]),
  handleInfo: (message: Term, notes: readonly Term[]) => noreply([...notes, message]),
};

/** Settles as `promise` will, with the fake milliseconds that it took: the value or the error. */
async function timed(time: FakeTime, promise: unknown, ms: number): Promise<[Term, number]> {
  const start = time.now;
  let outcome: [Term, number] | undefined;
  const settle = (value: unknown) => outcome = [value, time.now - start];
  Promise.resolve(promise).then(settle, settle);
  await pass(time, ms);
  assert(outcome !== undefined, "neither answered nor failed");
  return outcome;
}

function reasonOf(error: unknown): Term {
  assert(error instanceof Exit, `no Exit, but ${error}`);
  return error.reason;
}

// --- The contract -------------------------------------------------------------------------------

for (const seed of [1, 2, 3]) {
  testRegistry(`a remote registry (seed ${seed})`, () => {
    const random = randomFrom(seed);
    const registry = new RemoteNames(() => Math.floor(random() * 3));
    return { registry, close: () => registry.close() };
  });
}

testRegistry("a registry that is a GenServer", async () => {
  const server = unwrap(await GenServer.startLink(Directory, undefined));
  return { registry: directoryOf(server), structuredKeys: false };
});

// --- Order --------------------------------------------------------------------------------------

for (let seed = 1; seed <= 10; seed++) {
  Deno.test(`an asynchronous registry delivers what one process sends in order, call by call (seed ${seed})`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      const random = randomFrom(seed);
      const names = new RemoteNames(() => Math.floor(random() * 200));
      const name = ["via", names, "notes"] as const;
      const starting = GenServer.start(Notes, [], { name });
      await pass(time, 1000);
      const pid = unwrap(await starting);

      const sent: Term[] = [];
      const answers: Promise<unknown>[] = [];
      for (let i = 0; i < 30; i++) {
        const way = Math.floor(random() * 4);
        sent.push(`${i}`);
        if (way === 0) GenServer.cast(name, `${i}`);
        else if (way === 1) answers.push(Promise.resolve(send(name, `${i}`)));
        else if (way === 2) answers.push(GenServer.call(name, `${i}`, 60_000));
        else answers.push(Promise.resolve(GenServer.sendRequest(name, `${i}`)));
        if (random() < 0.1) await pass(time, Math.floor(random() * 300));
      }
      await pass(time, 30_000);
      await Promise.all(answers);
      assertEquals(await GenServer.call(pid, "notes"), sent);
      await GenServer.stop(pid);
      await pass(time, 1000);
    }));
}

Deno.test("an asynchronous registry delivers in order what a server sends from a callback that does not wait", () =>
  inProcess(async () => {
    const directory = unwrap(await GenServer.startLink(Directory, undefined));
    const name = ["via", directoryOf(directory), "notes"] as const;
    const notes = unwrap(await GenServer.startLink(Notes, [], { name }));
    const Sender = {
      init: () => ok(undefined),
      handleCast(_request: "send", state: undefined) {
        for (let i = 0; i < 10; i++) {
          if (i % 2 === 0) GenServer.sendRequest(name, i);
          else GenServer.cast(name, i);
          send(name, i + 0.5);
        }
        return noreply(state);
      },
      handleInfo: (_answer: Term, state: undefined) => noreply(state),
    };
    const senders = [];
    for (let i = 0; i < 3; i++) senders.push(unwrap(await GenServer.startLink(Sender, undefined)));
    GenServer.cast(senders[0]!, "send");
    await settled();
    const expected = Array.from({ length: 20 }, (_, i) => i / 2);
    assertEquals(await GenServer.call(notes, "notes"), expected);
    // Several at once do not take each other's place.
    for (const sender of senders) GenServer.cast(sender, "send");
    await settled();
    const all = await GenServer.call(notes, "notes") as number[];
    assertEquals([...all].sort((a, b) => a - b), expected.flatMap((n) => [n, n, n, n]));
    await settled();
  }));

Deno.test("an asynchronous registry keeps the order of one process, and lets others pass", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 0);
    const name = ["via", names, "notes"] as const;
    const starting = GenServer.start(Notes, [], { name });
    await pass(time, 10);
    const pid = unwrap(await starting);
    let slow = 500;
    names.latency = () => slow;
    GenServer.cast(name, "slow");
    slow = 0;
    GenServer.cast(name, "behind it");
    const other = spawn(() => void GenServer.cast(name, "of another"));
    await exitOf(other);
    // So does what goes through another registry.
    const second = new RemoteNames(() => 0);
    second.pids.set("notes", pid);
    GenServer.cast(["via", second, "notes"], "through another");
    await pass(time, 100);
    const passed = await GenServer.call(pid, "notes") as Term[];
    assertEquals([...passed].sort(), ["of another", "through another"]);
    await pass(time, 2000);
    const all = await GenServer.call(pid, "notes") as Term[];
    assertEquals(all.slice(2), ["slow", "behind it"]);
    Process.exit(pid, "kill");
    await pass(time, 1000);
  }));

Deno.test("a registry that sometimes returns a value and sometimes a promise is asked in order, too", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const pid = unwrap(await GenServer.startLink(Notes, []));
    let latency: number | undefined;
    const later = <T>(value: T) => latency === undefined ? value : delay(latency).then(() => value);
    const names: NameRegistry = {
      registerName: () => "no",
      unregisterName: () => {},
      whereisName: () => later(pid),
      send(_key, message) {
        const sent = later(pid);
        if (sent === pid) send(pid, message);
        else (sent as Promise<Pid>).then(() => send(pid, message));
        return sent;
      },
    };
    const name = ["via", names, "notes"] as const;
    latency = 100;
    const first = GenServer.call(name, 1);
    latency = undefined;
    const second = GenServer.call(name, 2);
    GenServer.cast(name, 3);
    latency = 50;
    GenServer.cast(name, 4);
    latency = undefined;
    const ref = Process.monitor(name);
    GenServer.cast(name, 5);
    assert(ref instanceof Promise);
    await pass(time, 1000);
    assertEquals([await first, await second], [1, 2]);
    assertEquals(await GenServer.call(name, "notes"), [1, 2, 3, 4, 5]);
    assertEquals(Process.demonitor(await ref, ["info"]), true);
    // When no question is pending any more, it returns at once again.
    assertStrictEquals(send(name, 6), 6);
    assert(!(Process.monitor(name) instanceof Promise));
  }));

// --- Starting -----------------------------------------------------------------------------------

/** What may become of a question: what the registry does, and what the start then returns. */
const FAULTS: Readonly<Record<string, [fault: () => unknown, reason: (reason: Term) => void]>> = {
  throws: [() => {
    throw new RangeError("thrown");
  }, (reason) => assertIsError(reason, "thrown")],
  rejects: [
    () => delay(10).then(() => Promise.reject(new RangeError("rejected"))),
    (reason) => assertIsError(reason, "rejected"),
  ],
  "throws an exit": [() => {
    throw exit(["nodedown", "far"]);
  }, (reason) => assertEquals(reason, ["nodedown", "far"])],
  "rejects with an exit": [
    () => Promise.reject(exit(["nodedown", "far"])),
    (reason) => assertEquals(reason, ["nodedown", "far"]),
  ],
  "throws something that is no error": [() => {
    throw "thrown";
  }, (reason) => assertEquals((reason as Term[])[0], ["nocatch", "thrown"])],
  "rejects with nothing": [
    () => Promise.reject(),
    (reason) => assertEquals((reason as Term[])[0], ["nocatch", undefined]),
  ],
  'answers "maybe"': [
    () => "maybe",
    (reason) => assertEquals(reason, ["bad_return_value", "maybe"]),
  ],
  'answers "maybe" later': [
    () => delay(10).then(() => "maybe"),
    (reason) => assertEquals(reason, ["bad_return_value", "maybe"]),
  ],
  "answers null": [() => null, (reason) => assertEquals(reason, ["bad_return_value", null])],
  "answers true later": [
    () => Promise.resolve(true),
    (reason) => assertEquals(reason, ["bad_return_value", true]),
  ],
};

function assertIsError(reason: Term, message: string): void {
  const [error, stack] = reason as [Error, string];
  assert(error instanceof RangeError && error.message === message && typeof stack === "string");
}

type Start = (
  module: typeof Notes,
  argument: Term[],
  options: GenServer.StartOptions,
) => Promise<unknown>;

const STARTS: readonly Start[] = [
  (...args) => GenServer.start(...args),
  (...args) => GenServer.startLink(...args),
  (...args) => GenServer.startMonitor(...args),
];
/** The one of them that leaves a signal of a failure. */
const LINKED = 1;

for (const [what, [fault, check]] of Object.entries(FAULTS)) {
  Deno.test(`GenServer.start() returns an error, and leaves nothing, when registerName() ${what}`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      using _reports = collectReports();
      Process.flag("trap_exit", true);
      const names = new RemoteNames();
      names.faults.registerName = fault;
      const before = Process.list();
      for (const [i, start] of STARTS.entries()) {
        const starting = start(Notes, [], { name: ["via", names, "name"] });
        const [result] = await timed(time, starting, 100);
        const [tag, reason] = result as [string, Term];
        assertEquals(tag, "error");
        check(reason);
        assertEquals(Process.list(), before);
        assertEquals([...names.pids], []);
        assertEquals(names.asked.splice(0), ["registerName"]);
        if (i !== LINKED) continue;
        const [, , signal] = await receive() as Term[];
        check(signal);
      }
      assertEquals(Process.info(self(), ["links", "monitors"]), [["links", []], ["monitors", []]]);
      await assertSilence();
    }));

  if (what === "answers null") continue; // checked below
  Deno.test(`GenServer.start() returns an error when the name is taken and whereisName() ${what}`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      using _reports = collectReports();
      const names = new RemoteNames();
      names.pids.set("name", self());
      names.faults.whereisName = fault;
      const before = Process.list();
      const starting = GenServer.start(Notes, [], { name: ["via", names, "name"] });
      const [[tag, reason]] = await timed(time, starting, 100) as [[string, Term], number];
      assertEquals(tag, "error");
      check(reason);
      assertEquals([Process.list(), [...names.pids]], [before, [["name", self()]]]);
      assertEquals(names.asked, ["registerName", "whereisName"]);
      await assertSilence();
    }));
}

for (const operation of ["registerName", "whereisName"] as const) {
  Deno.test(`GenServer.start() gives up after five seconds when ${operation}() never answers`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      using _reports = collectReports();
      Process.flag("trap_exit", true);
      const names = new RemoteNames();
      names.pids.set("taken", self());
      names.faults[operation] = never;
      const key = operation === "registerName" ? "name" : "taken";
      const before = Process.list();
      for (const [i, start] of STARTS.entries()) {
        const starting = start(Notes, [], { name: ["via", names, key] });
        const timeout = ["timeout", ["NameRegistry", operation, [key]]];
        assertEquals(await timed(time, starting, 6000), [["error", timeout], 5000]);
        assertEquals(Process.list(), before);
        if (i !== LINKED) continue;
        assertEquals((await receive() as Term[])[2], timeout);
      }
      assertEquals([...names.pids.keys()], ["taken"]);
      await assertSilence();
    }));
}

Deno.test("GenServer.start() counts the registry's time to its own timeout", () =>
  inProcess(async () => {
    using time = new FakeTime();
    Process.flag("trap_exit", true);
    const names = new RemoteNames(() => 400); // there, and back
    const before = Process.list();
    for (const start of STARTS) {
      const starting = start(Notes, [], { name: ["via", names, "name"], timeout: 700 });
      assertEquals(await timed(time, starting, 700), [["error", "timeout"], 700]);
      assertEquals(Process.list(), before);
      // The registry says yes when it is too late. That has no effect.
      await pass(time, 5000);
      assertEquals([Process.list(), [...names.pids]], [before, []]);
    }
    const starting = GenServer.start(Notes, [], { name: ["via", names, "name"], timeout: 900 });
    const [result, took] = await timed(time, starting, 1000);
    assertEquals(took, 800);
    Process.exit(unwrap(result as readonly ["ok", Pid]), "kill");
    await pass(time, 1000);
    await assertSilence();
  }));

/** A registry that gives any name, after `ms`, and forgets no process by itself. */
function slowly(names: RemoteNames, ms: number): (...args: Term[]) => Promise<Term> {
  return async (key, pid) => {
    await delay(ms);
    names.pids.set(key, pid as Pid);
    return "yes";
  };
}

Deno.test("GenServer.start() gives a name back that the registry has given too late", () =>
  inProcess(async () => {
    using time = new FakeTime();
    using _reports = collectReports();
    const names = new RemoteNames(() => 100);
    names.faults.registerName = slowly(names, 6000);
    const before = Process.list();
    const starting = GenServer.start(Notes, [], { name: ["via", names, "name"] });
    const [result, took] = await timed(time, starting, 5500);
    assertEquals(result, ["error", ["timeout", ["NameRegistry", "registerName", ["name"]]]]);
    assertEquals([took, Process.list()], [5000, before]);
    await pass(time, 600);
    assertEquals([...names.pids.keys()], ["name"], "the registry has given it by now");
    await pass(time, 1000);
    assertEquals([...names.pids], []);
    assertEquals(names.asked, ["registerName", "whereisName", "unregisterName"]);
    assertEquals(Process.list(), before);
    await assertSilence();
  }));

Deno.test("GenServer.start() gives a late name back when the registry asks others for it, and no process that wanted it is left", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const store = new TermMap<Pid>();
    const Store = {
      init: () => ok(undefined),
      handleCall(
        [operation, key]: readonly [string, Term],
        _from: GenServer.From,
        state: undefined,
      ) {
        return reply(operation === "whereis" ? store.get(key) : store.delete(key), state);
      },
    };
    const server = unwrap(await GenServer.startLink(Store, undefined));
    const names: NameRegistry = {
      registerName(key, pid) {
        return delay(1000).then(() => {
          store.set(key, pid);
          return "yes";
        });
      },
      unregisterName: (key) => GenServer.call(server, ["unregister", key]),
      whereisName: async (key) => await GenServer.call(server, ["whereis", key]) as Pid,
      send: never,
    };
    const before = Process.list();
    const starter = spawn(async () => {
      await GenServer.start(Notes, [], { name: ["via", names, "name"] });
    });
    await settled();
    const started = Process.list().filter((pid) => !before.includes(pid));
    assertEquals(started.length, 2);
    for (const pid of started) Process.exit(pid, "kill");
    assertEquals(Process.isAlive(starter), false);
    await pass(time, 999);
    assertEquals([Process.list(), [...store]], [before, []]);
    time.tick(1);
    await Promise.resolve();
    assertEquals([...store], [["name", started[1]]], "the registry has given it");
    await pass(time, 100);
    assertEquals([Process.list(), [...store]], [before, []]);
    await assertSilence();
  }));

Deno.test("GenServer.start() does not take a name away that another process has by the time of a late answer", () =>
  inProcess(async () => {
    using time = new FakeTime();
    using _reports = collectReports();
    const names = new RemoteNames(() => 10);
    names.faults.registerName = () => delay(6000).then(() => "yes");
    const [result] = await timed(
      time,
      GenServer.start(Notes, [], { name: ["via", names, "name"] }),
      5500,
    );
    assertEquals((result as Term[])[0], "error");
    names.pids.set("name", self());
    await pass(time, 2000);
    assertEquals([...names.pids], [["name", self()]]);
    assertEquals(names.asked.splice(0), ["registerName", "whereisName"]);
    // A no that comes late is nothing to see to.
    names.faults.registerName = () => delay(6000).then(() => "no");
    await timed(time, GenServer.start(Notes, [], { name: ["via", names, "name"] }), 8000);
    assertEquals(names.asked, ["registerName"]);
  }));

for (const what of ["throws", "rejects", "never answers", 'answers "no"'] as const) {
  const faults = {
    throws: FAULTS.throws![0],
    rejects: FAULTS.rejects![0],
    "never answers": never,
    'answers "no"': () => "no",
  };
  Deno.test(`GenServer.start() returns the outcome of init when the name is then to be released and the registry ${what}`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      using _reports = collectReports();
      const before = Process.list();
      const failures: [Term, () => unknown][] = [
        [["error", "no"], () => stop("no")],
        ["ignore", () => ignore],
        [["error", "oh"], () => Promise.reject(exit("oh"))],
      ];
      for (const operation of ["whereisName", "unregisterName"] as const) {
        for (const [expected, init] of failures) {
          const names = new RemoteNames();
          names.faults[operation] = faults[what];
          const options = { name: ["via", names, "name"] } as const;
          const starting = GenServer.start({ init: init as () => "ignore" }, undefined, options);
          const [result, took] = await timed(time, starting, 6000);
          assertEquals(result, expected);
          assertEquals(took >= 5000, what === "never answers");
          assertEquals([Process.list(), [...names.pids]], [before, []]);
        }
      }
      await assertSilence();
    }));
}

Deno.test("GenServer.start() has freed the name when it answers that init has failed", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 50);
    for (let round = 0; round < 5; round++) {
      const options = { name: ["via", names, "name"] } as const;
      const starting = GenServer.start({ init: () => stop("no") }, undefined, options);
      let left: Term[] | undefined;
      starting.then(() => left = [...names.pids]);
      await pass(time, 1000);
      assertEquals(await starting, ["error", "no"]);
      assertEquals(left, []);
    }
  }));

Deno.test("GenServer.start() waits for a registry to forget an exited process", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 300);
    const options = { name: ["via", names, "name"] } as const;
    let last: Pid | undefined;
    for (let round = 0; round < 3; round++) {
      const starting = GenServer.start(Notes, [round], options);
      await pass(time, 4000);
      const pid = unwrap(await starting);
      assert(pid !== last);
      assertEquals([...names.pids], [["name", pid]]);
      last = pid;
      Process.exit(pid, "kill"); // known to the registry 300 ms later
    }
    await pass(time, 1000);
    assertEquals([...names.pids], []);
  }));

Deno.test("GenServer.start() returns already_started finally when a registry never forgets an exited process", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const dead = spawn(() => {});
    await exitOf(dead);
    const before = Process.list();
    for (const isAsync of [true, false]) {
      const names = new RemoteNames();
      for (const [key, holder] of [["dead", dead], ["nobody", undefined]] as const) {
        names.faults.registerName = () => isAsync ? Promise.resolve("no") : "no";
        names.faults.whereisName = () => isAsync ? Promise.resolve(holder) : holder;
        const starting = GenServer.start(Notes, [], { name: ["via", names, key] });
        const [result, took] = await timed(time, starting, 7000);
        assertEquals(result, ["error", ["already_started", holder]]);
        assert(took >= 5000 && took < 5500, `after ${took} ms`);
        assert(names.asked.length < 100, `asked ${names.asked.length} times`);
        names.asked.length = 0;
        assertEquals(Process.list(), before);
      }
    }
    // One that lives is believed at once.
    const names = new RemoteNames(() => 10);
    names.pids.set("name", self());
    const starting = GenServer.startLink(Notes, [], { name: ["via", names, "name"] });
    const [result, took] = await timed(time, starting, 1000);
    assertEquals([result, took], [["error", ["already_started", self()]], 40]);
    assertEquals(Process.info(self(), "links"), ["links", []]);
    await assertSilence();
  }));

Deno.test("Supervisor restarts a child under its name in a registry that is slow to forget", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 100);
    const name = ["via", names, "child"] as const;
    const child = { id: "child", start: [GenServer, "startLink", [Notes, [], { name }]] } as const;
    const starting = Supervisor.startLink([child], { strategy: "one_for_one", maxRestarts: 1 });
    await pass(time, 1000);
    const supervisor = unwrap(await starting);
    const first = names.pids.get("child")!;
    Process.exit(first, "kill");
    await pass(time, 2000);
    const second = names.pids.get("child")!;
    assert(second !== undefined && second !== first && Process.isAlive(second));
    assertEquals(await Supervisor.whichChildren(supervisor).then(([child]) => child![1]), second);
    const stopping = Supervisor.stop(supervisor);
    await pass(time, 1000);
    assertEquals(await stopping, "ok");
    assertEquals([...names.pids], []);
  }));

// --- Asking -------------------------------------------------------------------------------------

const CALLS: Readonly<
  Record<string, [(name: GenServer.ServerRef) => unknown, call: (name: Term) => Term]>
> = {
  "GenServer.call()": [
    (name) => GenServer.call(name, "hi"),
    (name) => ["GenServer", "call", [name, "hi", 5000]],
  ],
  "GenServer.stop()": [
    (name) => GenServer.stop(name),
    (name) => ["GenServer", "stop", [name, "normal", Infinity]],
  ],
  "Sys.getState()": [(name) => Sys.getState(name), (name) => ["Sys", "get_state", [name, 5000]]],
};

for (const [title, [ask, call]] of Object.entries(CALLS)) {
  Deno.test(`${title} fails as the registry does, when whereisName() throws or rejects`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      const names = new RemoteNames();
      const name = ["via", names, "name"] as const;
      const error = new RangeError("broken");
      const thrown = exit(["nodedown", "far"]);
      for (const failure of [error, thrown, "no error", undefined]) {
        names.faults.whereisName = () => {
          throw failure;
        };
        const [at, took] = await timed(time, ask(name), 10);
        assertStrictEquals(at, failure);
        assertEquals(took, 0);
        names.faults.whereisName = () => delay(30).then(() => Promise.reject(failure));
        const [later, tookLater] = await timed(time, ask(name), 100);
        assertStrictEquals(later, failure);
        assertEquals(tookLater, 30);
      }
      await assertSilence();
    }));

  Deno.test(`${title} exits with bad_return_value when whereisName() returns a value that is not a pid`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      const names = new RemoteNames();
      const name = ["via", names, "name"] as const;
      for (const answer of ["maybe", null, 7, true, {}, ["ok", self()]]) {
        for (const fault of [() => answer, () => delay(10).then(() => answer)]) {
          names.faults.whereisName = fault;
          const [error] = await timed(time, ask(name), 50);
          assertEquals(reasonOf(error), [["bad_return_value", answer], call(name)]);
        }
      }
      await assertSilence();
    }));

  Deno.test(`${title} exits with noproc when whereisName() returns late that there is no process`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      const names = new RemoteNames(() => 10);
      const name = ["via", names, "name"] as const;
      const dead = spawn(() => {});
      await exitOf(dead);
      for (const holder of [undefined, dead]) {
        names.faults.whereisName = () => delay(20).then(() => holder);
        const [error, took] = await timed(time, ask(name), 100);
        assertEquals(reasonOf(error), ["noproc", call(name)]);
        assertEquals(took, 20);
      }
      names.faults.whereisName = () => delay(20).then(() => self());
      const [error] = await timed(time, ask(name), 100);
      assertEquals(reasonOf(error), ["calling_self", call(name)]);
    }));

  Deno.test(`${title} exits with timeout after five seconds when whereisName() never answers`, () =>
    inProcess(async () => {
      using time = new FakeTime();
      const names = new RemoteNames();
      const name = ["via", names, "name"] as const;
      names.faults.whereisName = never;
      const [error, took] = await timed(time, ask(name), 6000);
      assertEquals(reasonOf(error), ["timeout", call(name)]);
      assertEquals(took, 5000);
      await assertSilence();
    }));
}

Deno.test("GenServer.call() takes no longer than its timeout, lookup and reply together", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 0);
    const Silent = { init: () => ok(0), handleCall: () => noreply(0) };
    const server = unwrap(await GenServer.startLink(Silent, undefined));
    names.pids.set("name", server);
    const name = ["via", names, "name"] as const;
    for (
      const [lookup, timeout] of [[3000, 5000], [4999, 5000], [300, 1000], [
        20_000,
        60_000,
      ]] as const
    ) {
      names.faults.whereisName = () => delay(lookup).then(() => server);
      const [error, took] = await timed(time, GenServer.call(name, "hi", timeout), 70_000);
      assertEquals(reasonOf(error), ["timeout", ["GenServer", "call", [name, "hi", timeout]]]);
      assertEquals(took, timeout);
    }
    for (const timeout of [0, 1, 299]) {
      names.faults.whereisName = () => delay(300).then(() => server);
      const [error, took] = await timed(time, GenServer.call(name, "hi", timeout), 1000);
      assertEquals(reasonOf(error), ["timeout", ["GenServer", "call", [name, "hi", timeout]]]);
      assertEquals(took, timeout);
    }
    // One without a limit waits for the reply as long as it takes.
    let outcome: Term = "none";
    const settle = (value: unknown) => outcome = value;
    names.faults.whereisName = () => delay(4999).then(() => server);
    GenServer.call(name, "hi", Infinity).then(settle, settle);
    await pass(time, 600_000);
    assertEquals(outcome, "none");
  }));

Deno.test("GenServer.call() keeps to its timeout behind a lookup that takes longer, and that one to the order", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const server = unwrap(await GenServer.startLink(Notes, []));
    const names = new RemoteNames();
    const name = ["via", names, "notes"] as const;
    let latency = 3000;
    names.faults.whereisName = () => delay(latency).then(() => server);
    const slow = GenServer.call(name, "slow", 10_000);
    latency = 0;
    const start = time.now;
    const impatient = GenServer.call(name, "impatient", 100).catch((
      error,
    ) => [error, time.now - start]);
    const third = GenServer.call(name, "third", 10_000);
    await pass(time, 200);
    const [error, took] = await impatient as [Error, number];
    assertEquals(reasonOf(error), ["timeout", ["GenServer", "call", [name, "impatient", 100]]]);
    assertEquals(took, 100);
    assertEquals(await GenServer.call(server, "notes"), []);
    await pass(time, 5000);
    assertEquals([await slow, await third], ["slow", "third"]);
    assertEquals(await GenServer.call(server, "notes"), ["slow", "third"]);
  }));

Deno.test("a process that exits while a registry is asked leaves no call, monitor or request behind, but what it has sent arrives", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const server = unwrap(await GenServer.startLink(Notes, []));
    const names = new RemoteNames(() => 100);
    names.pids.set("notes", server);
    const name = ["via", names, "notes"] as const;
    const steps: string[] = [];
    const caller = spawn(async () => {
      GenServer.cast(name, "cast");
      const asking = [
        GenServer.call(name, "call"),
        send(name, "send"),
        Process.monitor(name),
        GenServer.sendRequest(name, "request"),
      ];
      steps.push("asked");
      await Promise.allSettled(asking);
      steps.push("answered");
    });
    const others = [
      () => GenServer.call(name, "never"),
      () => GenServer.whereis(name),
      () => Process.monitor(name),
      () => send(name, "last"),
    ].map((ask) =>
      spawn(async () => {
        await ask();
        steps.push("answered");
      })
    );
    await settled();
    for (const pid of [caller, ...others]) Process.exit(pid, "kill");
    await pass(time, 10_000);
    assertEquals(steps, ["asked"]);
    assertEquals(await GenServer.call(server, "notes"), ["cast", "last", "send"]);
    assertEquals(Process.info(server, "monitored_by"), ["monitored_by", []]);
  }));

Deno.test("a rejection of a registry terminates no process when others wait before it", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames();
    const name = ["via", names, "name"] as const;
    names.faults.whereisName = () => delay(500).then(() => undefined);
    const first = GenServer.call(name, "first").catch(reasonOf);
    names.faults.whereisName = () => Promise.reject(new Error("second"));
    const second = GenServer.call(name, "second").catch((error) => error.message);
    names.faults.send = () => Promise.reject(new Error("third"));
    GenServer.cast(name, "third");
    const fourth = Promise.resolve(send(name, "fourth")).catch((error) => error.message);
    names.faults.whereisName = never;
    const fifth = GenServer.call(name, "fifth", 50).catch(reasonOf);
    await pass(time, 2000);
    assertEquals(await first, ["noproc", ["GenServer", "call", [name, "first", 5000]]]);
    assertEquals([await second, await fourth], ["second", "third"]);
    assertEquals(await fifth, ["timeout", ["GenServer", "call", [name, "fifth", 50]]]);
    await assertSilence();
  }));

// --- Sending and casting ------------------------------------------------------------------------

Deno.test("send() rejects as the registry does, when send() throws or rejects", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 10);
    const name = ["via", names, "name"] as const;
    const error = new RangeError("broken");
    names.faults.send = () => {
      throw error;
    };
    assertStrictEquals(assertThrows(() => send(name, "hi")), error);
    names.faults.send = () => delay(30).then(() => Promise.reject(error));
    assertStrictEquals((await timed(time, send(name, "hi"), 100))[0], error);
    delete names.faults.send;
    const [failed, took] = await timed(time, send(name, "hi"), 100);
    assertEquals([reasonOf(failed), took], [["badarg", ["name", "hi"]], 20]);
    // Its result does not matter, as in OTP.
    names.faults.send = () => "maybe";
    assertStrictEquals(send(name, "hi"), "hi");
    names.faults.send = () => Promise.resolve("maybe");
    assertEquals(await send(name, "hi"), "hi");
    await assertSilence();
  }));

Deno.test("send() exits with timeout after five seconds when the registry never answers, each in a queue, too", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames();
    names.faults.send = never;
    const name = ["via", names, "name"] as const;
    const start = time.now;
    const failures: [Term, number][] = [];
    const sendOne = (message: Term) =>
      Promise.resolve(send(name, message)).catch((error) => {
        failures.push([reasonOf(error), time.now - start]);
      });
    const timeout = (message: Term) => ["timeout", ["NameRegistry", "send", ["name", message]]];
    const sent = [sendOne(1), sendOne(2), sendOne(3)];
    await pass(time, 2000);
    sent.push(sendOne(4));
    await pass(time, 8000);
    await Promise.all(sent);
    assertEquals(failures, [
      [timeout(1), 5000],
      [timeout(2), 5000],
      [timeout(3), 5000],
      [timeout(4), 7000],
    ]);
    // When it responds again, so do the processes that ask it.
    delete names.faults.send;
    names.pids.set("name", self());
    assertEquals((await timed(time, send(name, "hello"), 10))[0], "hello");
    assertEquals(await receive(), "hello");
    await assertSilence();
  }));

Deno.test("send() gives a slow registry its five seconds for each message in a queue", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 2000); // there, and back
    names.pids.set("name", self());
    const name = ["via", names, "name"] as const;
    const sent = Promise.all([1, 2, 3, 4].map((message) => send(name, message)));
    const [messages, took] = await timed(time, sent, 20_000);
    assertEquals([messages, took], [[1, 2, 3, 4], 16_000]);
    assertEquals([await receive(), await receive(), await receive(), await receive()], [
      1,
      2,
      3,
      4,
    ]);
    await assertSilence();
  }));

Deno.test("GenServer.cast() is ok whatever the registry does", () =>
  inProcess(async () => {
    using time = new FakeTime();
    using reports = collectReports();
    const names = new RemoteNames();
    const name = ["via", names, "name"] as const;
    const before = Process.list();
    const faults = [...Object.values(FAULTS).map(([fault]) => fault), never, undefined];
    for (const fault of faults) {
      if (fault === undefined) delete names.faults.send;
      else names.faults.send = fault;
      assertEquals(GenServer.cast(name, "hi"), "ok");
    }
    await pass(time, 60_000);
    assertEquals(names.asked.every((operation) => operation === "send"), true);
    assertEquals([Process.list(), reports.all], [before, []]);
    await assertSilence();
  }));

Deno.test("GenServer.cast() and send() reach a server also when the sender exits at once, each with its first message", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const server = unwrap(await GenServer.startLink(Notes, []));
    const before = Process.list();
    const expected: Term[] = [];
    for (const end of ["normal", "crash"]) {
      for (const way of [GenServer.cast, send] as ((to: Term, message: Term) => unknown)[]) {
        const names = new RemoteNames(() => 100); // not asked before
        names.pids.set("notes", server);
        const sender = spawn(() => {
          for (let i = 0; i < 3; i++) {
            way(["via", names, "notes"], [end, i]);
            expected.push([end, i]);
          }
          throw exit(end);
        });
        await exitOf(sender);
        await pass(time, 1000);
      }
    }
    assertEquals(await GenServer.call(server, "notes"), expected);
    assertEquals(Process.list(), before);
    await assertSilence();
  }));

Deno.test("send() finds out when a registry begins to answer later", () =>
  inProcess(async () => {
    const directory = unwrap(await GenServer.startLink(Directory, undefined));
    const later = directoryOf(directory);
    const notes = unwrap(await GenServer.startLink(Notes, [], { name: ["via", later, "notes"] }));
    let isLater = false;
    const names: NameRegistry = {
      ...later,
      send(key, message) {
        if (isLater) return later.send(key, message);
        send(notes, message);
        return notes;
      },
    };
    const name = ["via", names, "notes"] as const;
    assertStrictEquals(send(name, 1), 1);
    assertStrictEquals(send(name, 2), 2);
    isLater = true;
    // From a callback that does not wait, first.
    const Sender = {
      init: () => ok(undefined),
      handleCast(message: Term, state: undefined) {
        send(name, message);
        return noreply(state);
      },
    };
    const sender = unwrap(await GenServer.startLink(Sender, undefined));
    GenServer.cast(sender, 3);
    await settled();
    // Then from a process that exits at once.
    await exitOf(spawn(() => void send(name, 4)));
    await settled();
    assertEquals(await GenServer.call(notes, "notes"), [1, 2, 3, 4]);
  }));

// --- Monitoring, looking up, requests -----------------------------------------------------------

Deno.test("Process.monitor() monitors through an asynchronous registry", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const random = randomFrom(7);
    const names = new RemoteNames(() => Math.floor(random() * 100));
    const name = ["via", names, "name"] as const;
    for (const reason of ["normal", "crash"]) {
      const pid = spawn(async () => {
        throw exit(await receive({ end: (reason: Term) => reason }));
      });
      names.pids.set("name", pid);
      const [ref] = await timed(time, Process.monitor(name), 500);
      send(pid, ["end", reason]);
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
      // The registry still knows the pid.
      const [second] = await timed(time, Process.monitor(name), 500);
      assertEquals(await receive(), ["DOWN", second, "process", pid, "noproc"]);
    }
    const [ref] = await timed(time, Process.monitor(["via", names, "nobody"]), 500);
    const down = await receive() as Term[];
    assertEquals([down[0], down[1], down[4]], ["DOWN", ref, "noproc"]);
    await assertSilence();
  }));

Deno.test("Process.monitor(), GenServer.whereis() and sendRequest() fail as the registry does", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames();
    const name = ["via", names, "name"] as const;
    const error = new RangeError("broken");
    const asking: (() => unknown)[] = [
      () => Process.monitor(name),
      () => GenServer.whereis(name),
      () => GenServer.sendRequest(name, "hi"),
    ];
    for (const ask of asking) {
      names.faults.whereisName = () => {
        throw error;
      };
      assertStrictEquals(assertThrows(ask), error);
      names.faults.whereisName = () => delay(10).then(() => Promise.reject(error));
      assertStrictEquals((await timed(time, ask(), 100))[0], error);
      names.faults.whereisName = () => "maybe";
      assertThrows(ask, TypeError, 'expected a pid or undefined from the registry, found "maybe"');
      names.faults.whereisName = () => Promise.resolve("maybe");
      await assertRejects(async () => await ask(), TypeError, 'found "maybe"');
      names.faults.whereisName = never;
      const [late, took] = await timed(time, ask(), 6000);
      const timeout = ["timeout", ["NameRegistry", "whereisName", ["name"]]];
      assertEquals([reasonOf(late), took], [timeout, 5000]);
    }
    assertEquals(Process.info(self(), "monitors"), ["monitors", []]);
    await assertSilence();
  }));

Deno.test("GenServer.sendRequest() asks through an asynchronous registry", () =>
  inProcess(async () => {
    using time = new FakeTime();
    const names = new RemoteNames(() => 50);
    const name = ["via", names, "name"] as const;
    const server = unwrap(await GenServer.startLink(Notes, []));
    names.pids.set("name", server);
    const asking = GenServer.sendRequest(name, "hello");
    await pass(time, 200);
    const id = await asking;
    assertEquals(await GenServer.receiveResponse(id, 1000), ["reply", "hello"]);
    await assertSilence();
  }));

Deno.test("GenServer.enterLoop() asks an asynchronous registry for its name, and not forever", () =>
  inProcess(async () => {
    using time = new FakeTime();
    using _reports = collectReports();
    const names = new RemoteNames(() => 50);
    const name = ["via", names, "name"] as const;
    const begin = async (): Promise<unknown> => {
      await names.registerName("name", self());
      ProcLib.initAck(["ok", self()]);
      return await GenServer.enterLoop(Notes, {}, ["entered"], name);
    };
    const [started] = await timed(time, ProcLib.start(begin), 1000);
    const pid = unwrap(started as readonly ["ok", Pid]);
    assertEquals((await timed(time, GenServer.call(name, "notes"), 1000))[0], ["entered"]);
    Process.exit(pid, "kill");
    await pass(time, 1000);

    names.faults.whereisName = never;
    const [second] = await timed(time, ProcLib.start(begin), 1000);
    const reason = exitOf(unwrap(second as readonly ["ok", Pid]));
    await pass(time, 6000);
    assertEquals(await reason, ["timeout", ["NameRegistry", "whereisName", ["name"]]]);
  }));

// --- Odd promises -------------------------------------------------------------------------------

Deno.test("a registry may answer with anything that has a then()", () =>
  inProcess(async () => {
    const pids = new TermMap<Pid>();
    // deno-lint-ignore no-explicit-any -- a bare thenable, whose then() returns nothing
    const soon = <T>(value: T): any => ({
      then: (resolve: (value: T) => void) => void queueMicrotask(() => resolve(value)),
    });
    const names: NameRegistry = {
      registerName(key, pid) {
        if (pids.has(key)) return soon("no");
        pids.set(key, pid);
        return soon("yes");
      },
      unregisterName: (key) => soon(pids.delete(key)),
      whereisName: (key) => soon(pids.get(key)),
      send(key, message) {
        send(pids.get(key)!, message);
        return soon(pids.get(key));
      },
    };
    const name = ["via", names, "name"] as const;
    const pid = unwrap(await GenServer.startLink(Notes, [], { name }));
    assertEquals(await GenServer.start(Notes, [], { name }), ["error", ["already_started", pid]]);
    GenServer.cast(name, 1);
    assertEquals(await send(name, 2), 2);
    assertEquals(await GenServer.call(name, "notes"), [1, 2]);
    assertEquals(await GenServer.whereis(name), pid);
    await Process.monitor(name);
    await GenServer.stop(name);
    await receive(on(["DOWN", _, "process", pid, "normal"], () => {}));
    pids.delete("name");
    const failed = await GenServer.start({ init: () => stop("no") }, undefined, { name });
    assertEquals([failed, [...pids]], [["error", "no"], []]);

    // Even if that fails.
    const broken = () => ({
      then() {
        throw new RangeError("in then()");
      },
    });
    const all = { registerName: broken, unregisterName: broken, whereisName: broken, send: broken };
    const bad = ["via", all as unknown as NameRegistry, "name"] as const;
    using _reports = collectReports();
    const [, reason] = await GenServer.start(Notes, [], { name: bad }) as [string, Term];
    assertIsError(reason, "in then()");
    await assertRejects(() => GenServer.call(bad, "hi"), RangeError, "in then()");
    await assertRejects(async () => await GenServer.whereis(bad), RangeError, "in then()");
    await assertRejects(async () => await send(bad, "hi"), RangeError, "in then()");
    assertEquals(GenServer.cast(bad, "hi"), "ok");
    await settled();
  }));

Deno.test("a registry may be used by code that belongs to no process any more", async () => {
  const notes = unwrap(await GenServer.start(Notes, []));
  const names = new RemoteNames(() => 1);
  names.pids.set("notes", notes);
  const outcome = Promise.withResolvers<Term>();
  const Floating = {
    init() {
      // Goes on after the callback, which does not wait for it.
      Promise.resolve().then(() => send(["via", names, "notes"], "floating")).then(
        outcome.resolve,
        outcome.resolve,
      );
      return ok(undefined);
    },
  };
  const server = unwrap(await GenServer.start(Floating, undefined));
  assertEquals(await outcome.promise, "floating");
  assertEquals(await GenServer.call(notes, "notes"), ["floating"]);
  for (const pid of [server, notes]) await GenServer.stop(pid);
});

Deno.test("the registries of the library answer at once", () =>
  inProcess(async () => {
    unwrap(await Registry.startLink({ keys: "unique", name: "r" }));
    for (const name of [["global", "at once"], ["via", Registry, ["r", "at once"]]] as const) {
      const pid = unwrap(
        await GenServer.startLink(Notes, [], { name: name as ["global", string] }),
      );
      assertStrictEquals(GenServer.whereis(name), pid);
      assertStrictEquals(send(name, 1), 1);
      assert(!(Process.monitor(name) instanceof Promise));
      assert(!(GenServer.sendRequest(name, 2) instanceof Promise));
      assertEquals(await GenServer.call(name, "notes"), [1, 2]);
    }
  }));
