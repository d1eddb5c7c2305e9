/**
 * Tests of the registry contract (`registries/testing.ts`): it accepts a registry that keeps the contract, and
 * finds in others the promise that is broken.
 *
 * @module
 */

import { exit, type NameRegistry, type Pid, Process, send, type Term } from "@denotp/otp";
import { onExit, type OpenedRegistry, TermMap, testRegistry } from "@denotp/otp/registries";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { settled } from "../helpers.ts";

/** A registry in memory that keeps the contract, with parts to replace. */
function create(
  changes: (sound: NameRegistry, pids: TermMap<Pid>) => Partial<NameRegistry> = () => ({}),
) {
  const pids = new TermMap<Pid>();
  const sound: NameRegistry = {
    registerName(key, pid) {
      if (pids.has(key)) return "no";
      pids.set(key, pid);
      onExit(pid, () => pids.get(key) === pid && pids.delete(key));
      return "yes";
    },
    unregisterName: (key) => pids.delete(key),
    whereisName: (key) => pids.get(key),
    send(key, message) {
      const pid = pids.get(key);
      if (pid === undefined) throw exit(["badarg", [key, message]]);
      send(pid, message);
      return pid;
    },
  };
  return { ...sound, ...changes(sound, pids) };
}

/** Runs the tests, and returns the promises that were found broken. */
async function broken(open: () => NameRegistry | OpenedRegistry): Promise<string[]> {
  const tests: [name: string, body: () => Promise<void>][] = [];
  testRegistry("it", open, (name, body) => tests.push([name, body]));
  const failed: string[] = [];
  for (const [name, body] of tests) {
    assert(name.startsWith("it."));
    await body().catch(() => failed.push(name.slice(3)));
  }
  return failed;
}

/** Registries that break the contract: what is wrong with each, and promises that must be found broken. */
const BREACHES: Readonly<Record<string, [() => NameRegistry, ...string[]]>> = {
  "gives a taken name away": [
    () =>
      create((_sound, pids) => ({
        registerName(key, pid) {
          pids.set(key, pid);
          onExit(pid, () => pids.delete(key));
          return "yes";
        },
      })),
    "registerName() refuses a name that is taken",
    "registerName() gives a name to one of several processes that ask at the same time",
    "makes a start under a name that is taken answer already_started",
  ],
  "gives a process its own name again": [
    () =>
      create((sound, pids) => ({
        registerName: (key, pid) => pids.get(key) === pid ? "yes" : sound.registerName(key, pid),
      })),
    "registerName() refuses a name that is taken",
  ],
  "lets two in that ask at the same time": [
    () =>
      create((sound, pids) => ({
        async registerName(key, pid) {
          if (pids.has(key)) return "no";
          await Promise.resolve();
          pids.delete(key);
          return sound.registerName(key, pid);
        },
      })),
    "registerName() gives a name to one of several processes that ask at the same time",
  ],
  "refuses a free name": [
    () => create(() => ({ registerName: () => "no" })),
    "registerName() gives a process a name that is free",
    "unregisterName() accepts a name that is not registered",
  ],
  "compares keys by identity": [
    () => {
      const ids = new Map<Term, number>();
      const idOf = (key: Term) => {
        if (!ids.has(key)) ids.set(key, ids.size);
        return ids.get(key)!;
      };
      return create((sound) => ({
        registerName: (key, pid) => sound.registerName(idOf(key), pid),
        unregisterName: (key) => sound.unregisterName(idOf(key)),
        whereisName: (key) => sound.whereisName(idOf(key)),
      }));
    },
    "registerName() compares keys by their content",
  ],
  "compares keys by their JSON": [
    () => {
      const json = (key: Term) =>
        JSON.stringify(key, (_, value) => typeof value === "bigint" ? Number(value) : value);
      return create((sound) => ({
        registerName: (key, pid) => sound.registerName(json(key), pid),
        unregisterName: (key) => sound.unregisterName(json(key)),
        whereisName: (key) => sound.whereisName(json(key)),
      }));
    },
    "registerName() compares keys by their content",
  ],
  "knows one name only": [
    () =>
      create((sound) => ({
        registerName: (_key, pid) => sound.registerName("the name", pid),
        unregisterName: () => sound.unregisterName("the name"),
        whereisName: () => sound.whereisName("the name"),
      })),
    "registerName() keeps names apart",
    "registerName() gives many names",
  ],
  "does not free a name": [
    () => create(() => ({ unregisterName: () => {} })),
    "unregisterName() frees a name",
  ],
  "fails to release a name that is not registered": [
    () =>
      create((_sound, pids) => ({
        unregisterName(key) {
          if (!pids.delete(key)) throw new Error("nobody has it");
        },
      })),
    "unregisterName() accepts a name that is not registered",
  ],
  "frees a name when a former holder ends": [
    () =>
      create((_sound, pids) => ({
        registerName(key, pid) {
          if (pids.has(key)) return "no";
          pids.set(key, pid);
          onExit(pid, () => pids.delete(key));
          return "yes";
        },
      })),
    "unregisterName() removes the relation of a process to the name",
  ],
  "never forgets": [
    () =>
      create((_sound, pids) => ({
        registerName: (key, pid) => pids.has(key) ? "no" : (pids.set(key, pid), "yes"),
      })),
    "forgets a process that exits normally",
    "forgets a process that is killed",
    "forgets a process that crashes",
    "lets a server start again under the name of one that has exited",
    "registerName() gives many names",
  ],
  "forgets too late": [
    () =>
      create((_sound, pids) => ({
        registerName(key, pid) {
          if (pids.has(key)) return "no";
          pids.set(key, pid);
          onExit(pid, () => void setTimeout(() => pids.get(key) === pid && pids.delete(key), 1));
          return "yes";
        },
      })),
    "forgets a process that exits normally",
    "forgets a process that is killed",
    "forgets a process that crashes",
  ],
  "forgets only processes that are killed": [
    () =>
      create((_sound, pids) => ({
        registerName(key, pid) {
          if (pids.has(key)) return "no";
          pids.set(key, pid);
          onExit(pid, (reason) => reason === "killed" && pids.delete(key));
          return "yes";
        },
      })),
    "forgets a process that exits normally",
    "forgets a process that crashes",
  ],
  "has limits": [
    () =>
      create((sound, pids) => ({
        registerName: (key, pid) => pids.size >= 100 ? "no" : sound.registerName(key, pid),
      })),
    "registerName() gives many names",
  ],
  "loses messages": [
    () => create((sound) => ({ send: (key) => sound.whereisName(key) as Pid })),
    "send() delivers a message to the process that has the name",
    "leads calls and casts to a server",
  ],
  "does not return the pid it sent to": [
    () => create((sound) => ({ send: (key, message) => void sound.send(key, message) as never })),
    "send() delivers a message to the process that has the name",
  ],
  "turns the order of messages around": [
    () =>
      create((sound) => {
        let held: (() => unknown) | undefined;
        return {
          send(key, message) {
            const mine = () => sound.send(key, message);
            if (sound.whereisName(key) === undefined) return mine() as Pid;
            if (held === undefined) {
              held = mine;
              queueMicrotask(() => {
                held?.();
                held = undefined;
              });
            } else mine();
            return sound.whereisName(key) as Pid;
          },
        };
      }),
    "leads calls and casts to a server",
  ],
  "ignores a message to a free name": [
    () =>
      create((sound, pids) => ({
        send: (key, m) => pids.has(key) ? sound.send(key, m) : null as never,
      })),
    "send() exits with badarg when the name is not registered",
  ],
  "fails to send with an error of its own": [
    () =>
      create((sound, pids) => ({
        send(key, message) {
          if (!pids.has(key)) throw new Error("nobody");
          return sound.send(key, message);
        },
      })),
    "send() exits with badarg when the name is not registered",
  ],
  "answers null for a free name": [
    () => create((sound) => ({ whereisName: (key) => sound.whereisName(key) ?? null as never })),
    "registerName() gives a process a name that is free",
    "leads to no process when the name is not registered",
    "releases the name when a start has failed",
  ],
  "gives the name only after a while": [
    () =>
      create((sound) => ({
        registerName(key, pid) {
          if (sound.whereisName(key) !== undefined) return "no";
          queueMicrotask(() => sound.registerName(key, pid));
          return "yes";
        },
      })),
    "is asked for a name before init runs",
  ],
};

Deno.test("testRegistry() reports no failure for a registry that keeps the contract", async () => {
  assertEquals(await broken(create), []);
});

Deno.test("testRegistry() reports no failure when all results are promises", async () => {
  const open = () =>
    create((sound) => ({
      registerName: async (key, pid) => await sound.registerName(key, pid),
      unregisterName: async (key) => await sound.unregisterName(key),
      whereisName: async (key) => await sound.whereisName(key),
      send: async (key, message) => await sound.send(key, message),
    }));
  assertEquals(await broken(open), []);
});

for (const [breach, [open, ...promises]] of Object.entries(BREACHES)) {
  Deno.test(`testRegistry() detects a registry that ${breach}`, async () => {
    // Some are waited for: five seconds are a tenth of one here.
    using _time = new FakeTime(null, { advanceRate: 50, advanceFrequency: 2 });
    const failed = await broken(open);
    for (const promise of promises) {
      assert(failed.includes(promise), `not ${promise}, but ${failed}`);
    }
  });
}

Deno.test("testRegistry() has no promise that cannot be broken", () => {
  const promises: string[] = [];
  testRegistry("it", create, (name) => promises.push(name.slice(3)));
  const broken = new Set(Object.values(BREACHES).flatMap(([, ...promises]) => promises));
  assertEquals(promises.filter((promise) => !broken.has(promise)), []);
});

Deno.test("testRegistry() opens a registry for each test, closes it, and leaves no process behind", async () => {
  const before = Process.list();
  let [opened, closed, defined] = [0, 0, 0];
  const open = () => {
    opened++;
    return { registry: create(), key: (term: Term) => ["key", term], close: () => closed++ };
  };
  const tests: (() => Promise<void>)[] = [];
  testRegistry("it", open, (_name, body) => tests.push((defined++, body)));
  assertEquals([opened, defined > 15], [0, true]);
  for (const body of tests) await body();
  assertEquals([opened, closed], [defined, defined]);
  await settled();
  assertEquals(Process.list(), before);
});

Deno.test("testRegistry() rejects when the registry cannot be opened or closed", async () => {
  const bodies: (() => Promise<void>)[] = [];
  const collect = (_name: string, body: () => Promise<void>) => bodies.push(body);
  testRegistry("it", () => Promise.reject(new Error("opening")), collect);
  const close = () => {
    throw new Error("closing");
  };
  testRegistry("it", () => ({ registry: create(), close }), collect);
  const messages = new Set<string>();
  for (const body of bodies) await body().catch((error) => messages.add(error.message));
  assertEquals([...messages], ["opening", "closing"]);
});

Deno.test("testRegistry() uses Deno.test by default, and throws if it does not exist", () => {
  const host = Deno as { test: unknown };
  const { test } = host;
  const names: string[] = [];
  try {
    host.test = (name: string) => names.push(name);
    testRegistry("it", create);
    assert(names.includes("it.registerName() refuses a name that is taken"));
    host.test = undefined;
    assertThrows(
      () => testRegistry("it", create),
      TypeError,
      "give the function that defines a test",
    );
  } finally {
    host.test = test;
  }
});
