/**
 * The contract of a registry as tests, to be run by authors of registries.
 *
 * The types of {@linkcode NameRegistry} say which functions there are. These tests check how they behave. The
 * file uses only the public interface, as a user's tests would, and is independent of test runners.
 *
 * @module
 */

import {
  _,
  after,
  type Awaitable,
  Exit,
  exit,
  GenServer,
  ignore,
  inspect,
  type Name,
  type NameRegistry,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  spawnMonitor,
  stop,
  type Term,
} from "../mod.ts";
import { storage } from "../lib/kernel/host.ts";
import { isRegistry } from "../lib/kernel/names.ts";
import { contextOf, runAs } from "../lib/kernel/scheduler.ts";
import { equal } from "../lib/kernel/term.ts";

/** A registry that was opened for one test. */
export interface OpenedRegistry<Key = Term> {
  /** The registry itself, without any registered process. */
  readonly registry: NameRegistry<Key>;
  /** Converts a term to a key: equal terms to equal keys. Default: the term is the key. */
  readonly key?: (term: Term) => Key;
  /** Whether keys may be compound, and are compared by their content. Default `true`. */
  readonly structuredKeys?: boolean;
  /** Called when the test is done. Default: nothing. */
  readonly close?: () => unknown;
}

/** Defines a test, as `Deno.test` does, or the `test` of `node:test`. */
export type DefineTest = (name: string, body: () => Promise<void>) => unknown;

/** The timeout for registries that return promises, in milliseconds. */
const PATIENCE_MS = 5000;
const MANY = 250;

/**
 * Defines the tests of the contract for one registry.
 *
 * A synchronous registry must have released the names of a process when links and monitors are notified of its exit;
 * one that returns promises, soon after that.
 *
 * @param label The name of the registry in the titles of the tests.
 * @param open Opens a new registry for each test, in the process of the test; linked processes exit with it.
 * @param test Defines a test. Default: `Deno.test`.
 * @throws {TypeError} If `Deno.test` does not exist, and no other function was given.
 *
 * @example Testing a registry
 * ```ts
 * import { exit, type NameRegistry, type Pid, send } from "@denotp/otp";
 * import { onExit, testRegistry, TermMap } from "@denotp/otp/registries";
 *
 * function createNames(): NameRegistry {
 *   const pids = new TermMap<Pid>();
 *   const whereisName = (name: unknown) => pids.get(name);
 *   return {
 *     registerName(name, pid) {
 *       if (pids.has(name)) return "no";
 *       pids.set(name, pid);
 *       onExit(pid, () => pids.get(name) === pid && pids.delete(name));
 *       return "yes";
 *     },
 *     unregisterName: (name) => pids.delete(name),
 *     whereisName,
 *     send(name, message) {
 *       const pid = whereisName(name);
 *       if (pid === undefined) throw exit(["badarg", [name, message]]);
 *       send(pid, message);
 *       return pid;
 *     },
 *   };
 * }
 *
 * // In a file of tests this is all: testRegistry("Names", createNames);
 * const tests: (() => Promise<void>)[] = [];
 * testRegistry("Names", createNames, (_name, body) => tests.push(body));
 * for (const body of tests) await body();
 * ```
 */
export function testRegistry<Key = Term>(
  label: string,
  open: () => Awaitable<NameRegistry<Key> | OpenedRegistry<Key>>,
  test: DefineTest = defaultTest(),
): void {
  const define = (promise: string, body: (names: Names) => Promise<void>) => {
    test(`${label}.${promise}`, () =>
      inProcess(async () => {
        const opened = await open();
        const names = new Names(isRegistry(opened) ? { registry: opened } : opened);
        try {
          await body(names);
        } finally {
          await names.close();
        }
      }));
  };
  for (const [promise, body] of Object.entries(PROMISES)) define(promise, body);
}

function defaultTest(): DefineTest {
  const { Deno } = globalThis as { Deno?: { test?: DefineTest } };
  if (typeof Deno?.test === "function") return Deno.test;
  throw new TypeError("Cannot test a registry: give the function that defines a test");
}

// --- The contract -------------------------------------------------------------------------------

const PROMISES: Readonly<Record<string, (names: Names) => Promise<void>>> = {
  async "registerName() gives a process a name that is free"(names) {
    const key = names.key("a name");
    expect("whereisName() of a free name", await names.registry.whereisName(key), undefined);
    const holder = await names.hold(key, "yes");
    expect("whereisName() of its name", await names.registry.whereisName(key), holder);
  },

  async "registerName() refuses a name that is taken"(names) {
    const key = names.key("a name");
    const holder = await names.hold(key, "yes");
    await names.hold(key, "no");
    const again = await inside(holder, () => names.registry.registerName(key, holder));
    expect("registerName() of its own name", again, "no");
    expect("whereisName() after that", await names.registry.whereisName(key), holder);
  },

  async "registerName() gives a name to one of several processes that ask at the same time"(names) {
    const key = names.key("a name");
    const asked = await names.askTogether(key, 10);
    const winners = asked.filter(([, answer]) => answer === "yes");
    expect("the number of processes with the name", winners.length, 1);
    expect(
      "the number of processes without it",
      asked.filter(([, answer]) => answer === "no").length,
      9,
    );
    expect("whereisName() after that", await names.registry.whereisName(key), winners[0]![0]);
  },

  async "registerName() keeps names apart"(names) {
    const first = await names.hold(names.key("first"), "yes");
    const second = await names.hold(names.key("second"), "yes");
    expect("whereisName()", await names.registry.whereisName(names.key("first")), first);
    expect("whereisName()", await names.registry.whereisName(names.key("second")), second);
    await names.end(first, "normal");
    await names.expectFree(names.key("first"));
    expect("whereisName()", await names.registry.whereisName(names.key("second")), second);
  },

  async "registerName() compares keys by their content"(names) {
    if (names.opened.structuredKeys === false) return;
    const key = () => names.key(["room", { floor: 1, number: 7n }, [undefined, null, "x"]]);
    const holder = await names.hold(key(), "yes");
    await names.hold(key(), "no");
    expect("whereisName() of an equal key", await names.registry.whereisName(key()), holder);
    const others = [
      ["room", { floor: 1, number: 7 }, [undefined, null, "x"]],
      ["room", { floor: 1, number: 7n, windows: 2 }, [undefined, null, "x"]],
      ["room", { floor: 1, number: 7n }, [null, undefined, "x"]],
      ["room", { floor: 1, number: 7n }, [undefined, null, "x"], "y"],
      '["room",{"floor":1,"number":7},[null,null,"x"]]',
    ];
    for (const other of others) {
      const found = await names.registry.whereisName(names.key(other));
      expect(`whereisName() of the other key ${inspect(other)}`, found, undefined);
    }
    await inside(holder, () => names.registry.unregisterName(key()));
    await names.expectFree(key());
  },

  async "registerName() gives many names"(names) {
    const keys = Array.from({ length: MANY }, (_, i) => names.key(`name ${i}`));
    const holders = await Promise.all(keys.map((key) => names.hold(key, "yes")));
    const found = await Promise.all(keys.map((key) => names.registry.whereisName(key)));
    for (const [i, holder] of holders.entries()) expect("whereisName()", found[i], holder);
    const refs = holders.map((pid) => [pid, Process.monitor(pid)] as const);
    for (const pid of holders) Process.exit(pid, "kill");
    for (const [pid, ref] of refs) await soon(on(["DOWN", ref, "process", pid, _], () => true));
    await Promise.all(keys.map((key) => names.expectFree(key)));
    await names.hold(keys[MANY - 1]!, "yes");
  },

  async "unregisterName() frees a name"(names) {
    const key = names.key("a name");
    const holder = await names.hold(key, "yes");
    await inside(holder, () => names.registry.unregisterName(key));
    await names.expectFree(key);
    const next = await names.hold(key, "yes");
    expect("whereisName() of the next one", await names.registry.whereisName(key), next);
  },

  async "unregisterName() accepts a name that is not registered"(names) {
    await names.registry.unregisterName(names.key("a name"));
    await names.registry.unregisterName(names.key("a name"));
    await names.hold(names.key("a name"), "yes");
  },

  async "unregisterName() removes the relation of a process to the name"(names) {
    const key = names.key("a name");
    const former = await names.hold(key, "yes");
    await inside(former, () => names.registry.unregisterName(key));
    await names.expectFree(key);
    const holder = await names.hold(key, "yes");
    await names.end(former, "kill");
    await turns();
    expect(
      "whereisName() after the exit of a former holder",
      await names.registry.whereisName(key),
      holder,
    );
  },

  async "forgets a process that exits normally"(names) {
    await names.expectForgotten("normal");
  },

  async "forgets a process that is killed"(names) {
    await names.expectForgotten("kill");
  },

  async "forgets a process that crashes"(names) {
    await names.expectForgotten("a crash");
  },

  async "send() delivers a message to the process that has the name"(names) {
    const key = names.key("a name");
    const holder = await names.hold(key, "yes");
    const message = ["forward", self(), ["a", 1]];
    expect("send()", await names.registry.send(key, message), holder);
    expect("what arrived", await soon(on(["forwarded", _], ([, what]) => what)), ["a", 1]);
  },

  async "send() exits with badarg when the name is not registered"(names) {
    const key = names.key("nobody");
    const failed = await failure(() => names.registry.send(key, "hello"));
    expect("the exit of send()", reasonOf(failed), ["badarg", [key, "hello"]]);
  },

  async "is asked for a name before init runs"(names) {
    const name = names.via("a name");
    const seen: unknown[] = [];
    const Server = {
      async init() {
        seen.push(await GenServer.whereis(name) === self());
        return ok(undefined);
      },
    };
    const pid = names.started(unwrapped(await GenServer.start(Server, undefined, { name })));
    expect("whether init found itself under the name", seen, [true]);
    expect("GenServer.whereis()", await GenServer.whereis(name), pid);
  },

  async "makes a start under a name that is taken answer already_started"(names) {
    const name = names.via("a name");
    const pid = await names.start(name, ["first"]);
    const second = await GenServer.start(Stack, ["second"], { name });
    expect("the second start", second, ["error", ["already_started", pid]]);
    const linked = await GenServer.startLink(Stack, ["third"], { name });
    expect("a start with a link", linked, ["error", ["already_started", pid]]);
    expect("the state of the first", await GenServer.call(name, "all"), ["first"]);
  },

  async "leads calls and casts to a server"(names) {
    const name = names.via("a name");
    const pid = await names.start(name, []);
    for (let i = 0; i < 20; i++) GenServer.cast(name, ["push", i]);
    const pushed = Array.from({ length: 20 }, (_, i) => 19 - i);
    expect("what 20 casts have pushed, in order", await GenServer.call(name, "all"), pushed);
    await send(name, ["push", "by a message"]);
    expect("the last element", await GenServer.call(name, "pop"), "by a message");
    const ref = await Process.monitor(name);
    await GenServer.stop(name);
    const down = await soon(on(["DOWN", ref, _, _, _], (down) => down));
    expect("the message of the monitor", down, ["DOWN", ref, "process", pid, "normal"]);
    await names.expectFree(names.key("a name"));
  },

  async "leads to no process when the name is not registered"(names) {
    const name = names.via("nobody");
    const failed = await failure(() => GenServer.call(name, "all", 1000));
    const call = ["GenServer", "call", [name, "all", 1000]];
    expect("the exit of a call", reasonOf(failed), ["noproc", call]);
    expect("cast()", GenServer.cast(name, ["push", 1]), "ok");
    expect("GenServer.whereis()", await GenServer.whereis(name), undefined);
  },

  async "lets a server start again under the name of one that has exited"(names) {
    const name = names.via("a name");
    for (const reason of ["kill", "shutdown", "a crash"]) {
      const pid = await names.start(name, [reason]);
      expect("the state", await GenServer.call(name, "all"), [reason]);
      await names.end(pid, reason);
    }
    await names.start(name, ["last"]);
    expect("the state of the last", await GenServer.call(name, "all"), ["last"]);
  },

  async "releases the name when a start has failed"(names) {
    const name = names.via("a name");
    for (let round = 0; round < 3; round++) {
      const outcomes = {
        stops: await GenServer.start({ init: () => stop("no") }, undefined, { name }),
        ignores: await GenServer.start({ init: () => ignore }, undefined, { name }),
        exits: await GenServer.start({ init: () => exitWith("oh") }, undefined, { name }),
      };
      expect("starts that fail", outcomes, {
        stops: ["error", "no"],
        ignores: "ignore",
        exits: ["error", "oh"],
      });
      expect("GenServer.whereis()", await GenServer.whereis(name), undefined);
    }
    await names.start(name, []);
  },
};

function exitWith(reason: Term): never {
  throw exit(reason);
}

const Stack = {
  init: (items: Term[]) => ok(items),
  handleCall(request: "pop" | "all", _from: GenServer.From, items: Term[]) {
    return request === "all" ? reply(items, items) : reply(items[0], items.slice(1));
  },
  handleCast: ([_push, item]: readonly ["push", Term], items: Term[]) => noreply([item, ...items]),
  handleInfo: ([_push, item]: readonly ["push", Term], items: Term[]) => noreply([item, ...items]),
};

// --- Fixtures -----------------------------------------------------------------------------------

/** A registry under test. */
class Names {
  readonly opened: OpenedRegistry<unknown>;
  readonly #started: Pid[] = [];

  // deno-lint-ignore no-explicit-any -- keys of any type
  constructor(opened: OpenedRegistry<any>) {
    this.opened = opened;
  }

  // deno-lint-ignore no-explicit-any
  get registry(): NameRegistry<any> {
    return this.opened.registry;
  }

  key(term: Term): unknown {
    return this.opened.key === undefined ? term : this.opened.key(term);
  }

  via(term: Term): readonly ["via", NameRegistry, Term] {
    return ["via", this.registry, this.key(term)];
  }

  /** The processes to stop at the end of the test. */
  started(pid: Pid): Pid {
    this.#started.push(pid);
    return pid;
  }

  /** Stops all processes that the test has started. */
  async close(): Promise<void> {
    for (const pid of this.#started) await this.end(pid, "kill");
    await this.opened.close?.();
  }

  /** Starts a process that asks for a name, and checks the answer. */
  async hold(key: unknown, expected: "yes" | "no"): Promise<Pid> {
    const [pid, answer] = await this.ask(key);
    expect("registerName()", answer, expected);
    return pid;
  }

  /** Starts a process that asks for a name. */
  ask(key: unknown): Promise<readonly [Pid, answer: unknown]> {
    const { registry } = this;
    return new Promise((resolve, reject) => {
      const pid = spawn(async () => {
        try {
          resolve([pid, await registry.registerName(key, self())]);
        } catch (error) {
          reject(error);
        }
        for (;;) await oneRequest();
      });
      this.started(pid);
    });
  }

  /** Starts processes that ask for a name in one synchronous step: no answer can come between. */
  askTogether(key: unknown, count: number): Promise<(readonly [Pid, answer: unknown])[]> {
    const processes = Array.from({ length: count }, () => {
      const pid = spawn(async () => {
        for (;;) await oneRequest();
      });
      return this.started(pid).process!;
    });
    const ask = async (process: (typeof processes)[number]) => {
      const { pid } = process;
      const register = () => this.registry.registerName(key, pid);
      return [pid, await storage.run(contextOf(process), () => runAs(process, register))] as const;
    };
    return Promise.all(processes.map(ask));
  }

  /** Starts a server under a name. */
  async start(name: Name, items: Term[]): Promise<Pid> {
    return this.started(unwrapped(await GenServer.start(Stack, items, { name })));
  }

  /** Makes a process exit, and waits for its `DOWN`. */
  async end(pid: Pid, reason: Term): Promise<void> {
    const ref = Process.monitor(pid);
    if (reason === "normal") send(pid, ["end"]);
    else Process.exit(pid, reason);
    await soon(on(["DOWN", ref, "process", pid, _], () => true));
  }

  async expectForgotten(reason: Term): Promise<void> {
    const key = this.key("a name");
    await this.end(await this.hold(key, "yes"), reason);
    await this.expectFree(key);
    const next = await this.hold(key, "yes");
    expect("whereisName() of the next one", await this.registry.whereisName(key), next);
  }

  /** Checks that a name is free: now, or soon if the registry returns promises. */
  async expectFree(key: unknown): Promise<void> {
    const what = `whereisName() of the free name ${inspect(key)}`;
    const answer: unknown = this.registry.whereisName(key);
    if (!(answer instanceof Promise)) return expect(what, answer, undefined);
    let found: unknown = await answer;
    for (let waited = 1; found !== undefined && waited < PATIENCE_MS; waited *= 2) {
      await Process.sleep(waited);
      found = await this.registry.whereisName(key);
    }
    expect(what, found, undefined);
  }
}

/** What a process that holds a name does for the test. */
async function oneRequest(): Promise<void> {
  await receive({
    run: (body: () => void) => body(),
    forward: (to: Pid, what: Term) => send(to, ["forwarded", what]),
    end: () => exitWith("normal"),
  });
}

/** Runs `body` as a part of a process that {@linkcode Names.hold} has started. */
function inside<T>(pid: Pid, body: () => T): Promise<Awaited<T>> {
  return new Promise((resolve, reject) => {
    const run = async () => {
      try {
        resolve(await body());
      } catch (error) {
        reject(error);
      }
    };
    send(pid, ["run", run]);
  });
}

/** Receives a message that matches the clause, and fails if none arrives. */
// deno-lint-ignore no-explicit-any -- the clauses of receive, and what they come to
async function soon(clause: any): Promise<any> {
  return await receive(
    clause,
    after(PATIENCE_MS, () => {
      throw new Error("Expected a message that did not arrive");
    }),
  );
}

/** Lets other processes handle their messages. */
async function turns(): Promise<void> {
  await Process.sleep(1);
  await Process.sleep(1);
}

async function failure(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a failure, found none");
}

function reasonOf(error: unknown): Term {
  return error instanceof Exit ? error.reason : error;
}

function unwrapped(result: unknown): Pid {
  if (Array.isArray(result) && result[0] === "ok") return result[1];
  throw new Error(`Expected a server to start, found ${inspect(result)}`);
}

function expect(what: string, found: unknown, expected: unknown): void {
  if (equal(found, expected)) return;
  throw new Error(`Expected ${inspect(expected)} of ${what}, found ${inspect(found)}`);
}

/** Runs `body` in a process of its own, which exits with `"shutdown"`, as do the processes linked to it. */
function inProcess(body: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(async () => {
      let settle: (() => void) | undefined;
      const [pid, ref] = spawnMonitor(async () => {
        try {
          await body();
          settle = resolve;
        } catch (error) {
          settle = () => reject(error);
        }
        throw exit("shutdown");
      });
      const reason = await receive(on(["DOWN", ref, "process", pid, _], (down) => down[4]));
      if (settle === undefined) reject(exit(reason));
      else settle();
    });
  });
}
