/**
 * Exit reasons, and the exit of a script whose main process is terminated.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  Exit,
  exit,
  formatExit,
  GenServer,
  noreply,
  ok,
  Process,
  receive,
  self,
  spawn,
  spawnLink,
  Task,
  unwrap,
} from "../../mod.ts";
import { errorOf, isOrderly, reasonOf } from "../../lib/kernel/exit.ts";

// --- Reasons ------------------------------------------------------------------------------------

Deno.test("exit() makes an Exit that carries any reason", () => {
  for (const reason of ["normal", undefined, null, 5, ["a", ["b"]], { a: 1 }, exit("inner")]) {
    const error = exit(reason);
    assert(error instanceof Exit && error instanceof Error);
    assertStrictEquals(error.reason, reason);
    assertEquals([error.name, error.message], ["Exit", formatExit(reason)]);
  }
});

Deno.test("Exit has the innermost error of its reason as its cause", () => {
  const error = new Error("oh snap");
  const call = ["GenServer", "call", ["server", "request", 5000]];
  assertStrictEquals(exit(error).cause, error);
  assertStrictEquals(exit([error, error.stack]).cause, error);
  assertStrictEquals(exit([[error, error.stack], call]).cause, error);
  for (const reason of ["boom", ["noproc", call], [error, "stack", "more"], ["a", error]]) {
    assertEquals(exit(reason).cause, undefined);
  }
});

Deno.test("reasonOf() tells errors, exits and other values apart", () => {
  const error = new RangeError("oh snap");
  assertEquals(reasonOf(error), [error, error.stack]);
  assertEquals(reasonOf(exit(["bye", 1])), ["bye", 1]);
  for (const value of ["ball", undefined, { message: "no error" }]) {
    assertEquals(reasonOf(value), [["nocatch", value], ""]);
  }
  const bare = new Error("without a stack");
  delete bare.stack;
  assertEquals(reasonOf(bare), [bare, ""]);
});

Deno.test("isOrderly() returns true for normal, shutdown and shutdown with a term", () => {
  for (const reason of ["normal", "shutdown", ["shutdown", "any"], ["shutdown", undefined]]) {
    assert(isOrderly(reason));
  }
  for (
    const reason of ["killed", "Normal", ["shutdown"], ["shutdown", 1, 2], ["normal", 1], null]
  ) {
    assertFalse(isOrderly(reason));
  }
});

Deno.test("reasonOf() makes the text of the stack when it is read, and prints as a plain tuple", () => {
  const error = new RangeError("bad");
  const stack = error.stack!;
  let looks = 0;
  Object.defineProperty(error, "stack", { get: () => (looks++, stack) });
  const reason = reasonOf(error);
  assertEquals(looks, 0);
  assertEquals(reason, [error, stack]);
  assertEquals(Deno.inspect({ reason }), Deno.inspect({ reason: [error, stack] }));
});

Deno.test("errorOf() finds the error in a reason of the shape [error, stack]", () => {
  const error = new Error("oh snap");
  assertStrictEquals(errorOf([error, "stack"]), error);
  for (const reason of [error, "boom", [error], ["boom", "stack"], [error, "stack", 1]]) {
    assertEquals(errorOf(reason), undefined);
  }
});

Deno.test("formatExit() formats reasons as Elixir does", () => {
  // Run on Elixir 1.14, with Exception.format_exit/1.
  const call = ["GenServer", "call", ["stack", "pop", 5000]];
  const wordings: [unknown, string][] = [
    ["normal", "normal"],
    ["shutdown", "shutdown"],
    ["killed", "killed"],
    ["noconnection", "no connection"],
    ["boom", '"boom"'],
    [["shutdown", "upgrade"], 'shutdown: "upgrade"'],
    [["bad_return_value", 5], "bad return value: 5"],
    [["nodedown", "a@b"], 'no connection to "a@b"'],
    [["timeout", call], 'exited in: GenServer.call("stack", "pop", 5000): time out'],
    [
      ["calling_self", call],
      'exited in: GenServer.call("stack", "pop", 5000): process attempted to call itself',
    ],
    [["normal", call], 'exited in: GenServer.call("stack", "pop", 5000): normal'],
    [[["nocatch", "ball"], ""], 'an uncaught value was thrown: "ball"'],
    [[new RangeError("oh snap"), "stack"], "an exception was raised: RangeError: oh snap"],
    [[["a", 1], 2, 3], '[["a", 1], 2, 3]'],
    [undefined, "undefined"],
  ];
  for (const [reason, wording] of wordings) assertEquals(formatExit(reason), wording);
  assertStringIncludes(formatExit(["noproc", call]), "no process: the process is not alive or");
});

// --- The main process of a test -----------------------------------------------------------------

Deno.test("an abnormal exit signal to the main process is an uncaught error, and a new main process follows", async () => {
  const errors: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  try {
    const main = self();
    spawn(() => Process.exit(main, ["boom", 1]));
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(errors.length, 1);
    assert(errors[0] instanceof Exit);
    assertEquals(errors[0].reason, ["boom", 1]);
    assertFalse(self() === main);
    assert(Process.isAlive(self()));
    spawn(() => Process.exit(self(), "normal"));
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(errors.length, 1);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

/** Ways of waiting, each in a process that `fail` ends by a link. */
const waits: Record<string, (fail: () => void) => unknown> = {
  "receive()": (fail) => (fail(), receive()),
  "Process.sleep()": (fail) => (fail(), Process.sleep(60_000)),
  "GenServer.call()": async (fail) => {
    const server = unwrap(
      await GenServer.start(
        { init: () => ok(0), handleCall: (_: "wait") => noreply(0) },
        undefined,
      ),
    );
    try {
      fail();
      await GenServer.call(server, "wait", 60_000);
    } finally {
      Process.exit(server, "kill");
    }
  },
  "GenServer.startLink()": () =>
    GenServer.startLink({ init: () => ["stop", "boom"] as const }, undefined),
  "Task.await()": () =>
    Task.await(Task.async(() => {
      throw exit("boom");
    })),
  "a lookup in a registry": (fail) => {
    const registry = {
      registerName: () => "yes" as const,
      unregisterName: () => {},
      whereisName: () =>
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1)),
      send: () => self(),
    };
    fail();
    return GenServer.call(["via", registry, "name"], "wait", 60_000);
  },
};

for (const [what, wait] of Object.entries(waits)) {
  Deno.test(`${what} rejects in the main process with its exit, after an uncaught error that a listener has prevented`, async () => {
    const errors: unknown[] = [];
    const listener = (event: ErrorEvent) => {
      event.preventDefault();
      errors.push(event.error);
    };
    globalThis.addEventListener("error", listener);
    try {
      const main = self();
      const fail = () => {
        spawnLink(() => {
          throw exit("boom");
        });
      };
      const error = await assertRejects(async () => await wait(fail), Exit);
      assertEquals(error.reason, "boom");
      assertEquals(errors, [error]);
      assertFalse(Process.isAlive(main));
      assert(Process.isAlive(self()));
    } finally {
      globalThis.removeEventListener("error", listener);
    }
  });
}

// --- The main process of a script ---------------------------------------------------------------

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

const MODULE = import.meta.resolve("../../mod.ts");

/** Runs a script that has imported the module, without any permission. */
async function run(body: string): Promise<Outcome> {
  const script = `import * as otp from ${JSON.stringify(MODULE)};
const { after, exit, flush, GenServer, Logger, noreply, ok, Process, receive, reply, self, send, spawn,
  spawnLink, spawnMonitor, Timer, unwrap } = otp;
Logger.configure({ level: "none" });
const Server = {
  init: () => ok(0),
  handleCall: (request, _from, state) => request === "wait" ? noreply(state) : reply(request, state),
};
${body}`;
  const begin = performance.now();
  const child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--ext=js", "-"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(script));
  await stdin.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr), ms: performance.now() - begin };
}

/** Scripts that succeed: their output, and the minimum time that they take. */
const good: Record<string, readonly [body: string, stdout: string, atLeast?: number]> = {
  "a script that leaves servers and waiting processes behind": [
    `unwrap(await GenServer.start(Server, undefined, { name: "idle" }));
     spawn(() => receive());
     spawn(async () => { Process.flag("trap_exit", true); await receive(); });
     Process.monitor("idle");
     console.log(await GenServer.call("idle", "still there"));`,
    "still there\n",
  ],
  "a script with a linked server": [
    `unwrap(await GenServer.startLink(Server, undefined));
     console.log("linked");`,
    "linked\n",
  ],
  "a script with a pending timer that it does not await": [
    `const pid = spawn(async () => console.log(await receive()));
     Process.sendAfter(pid, "late", 300);
     console.log("early");`,
    "early\nlate\n",
    300,
  ],
  "a script that has cancelled its timers": [
    `Process.cancelTimer(Process.sendAfter(self(), "x", 60_000));
     const ticking = unwrap(Timer.sendInterval(20, "tick"));
     console.log(await receive());
     Timer.cancel(ticking);
     await GenServer.call(unwrap(await GenServer.start(Server, undefined)), "answered", 60_000);`,
    "tick\n",
  ],
  "a script whose sleeping process is killed": [
    `const pid = spawn(() => Process.sleep(60_000));
     await Process.sleep(1);
     Process.exit(pid, "kill");
     console.log("done");`,
    "done\n",
  ],
  "a script whose main process exits with normal": [
    `const main = self();
     spawn(() => Process.exit(main, "normal"));
     await Process.sleep(5);
     console.log(self() === main);
     Process.exit(main, "normal");
     console.log(self() === main, Process.isAlive(main), Process.isAlive(self()));`,
    "true\nfalse false true\n",
  ],
  "a script that traps exits": [
    `Process.flag("trap_exit", true);
     const pid = spawnLink(() => { throw new Error("oh snap"); });
     const [tag, from, [error]] = await receive();
     console.log(tag, from === pid, error.message);`,
    "EXIT true oh snap\n",
  ],
  "a script whose processes throw, reject and drop rejections": [
    `spawn(() => { throw new Error("thrown"); });
     spawn(() => Promise.reject(new Error("rejected")));
     spawn(async () => { Promise.reject(new Error("dropped")); await receive(); });
     spawn(() => { throw exit("boom"); });
     const Failing = { ...Server, handleCast: async () => { throw new Error("cast"); } };
     GenServer.cast(unwrap(await GenServer.start(Failing, undefined)), "x");
     const Careless = { ...Server, handleCast: (_r, s) => (Promise.reject(new Error("lost")), noreply(s)) };
     GenServer.cast(unwrap(await GenServer.start(Careless, undefined)), "x");
     const pid = spawn(async () => {
       Process.signal().addEventListener("abort", () => { throw new Error("listener"); });
       await receive();
     });
     await Process.sleep(20);
     Process.exit(pid, "boom");
     await Process.sleep(20);
     console.log("alive");`,
    "alive\n",
  ],
  "a script that handles a failed call": [
    `const [outcome] = await Promise.allSettled([GenServer.call("missing", 1)]);
     console.log(outcome.reason.reason[0]);`,
    "noproc\n",
  ],
};

for (const [what, [body, stdout, atLeast = 0]] of Object.entries(good)) {
  Deno.test(`${what} exits with status 0`, async () => {
    const outcome = await run(body);
    assertEquals([outcome.stdout, outcome.stderr, outcome.code], [stdout, "", 0]);
    assert(outcome.ms >= atLeast);
    assert(outcome.ms < 20_000, `${outcome.ms} ms: it was kept running`);
  });
}

/** Scripts that fail: a part of the error that they print. */
const bad: Record<string, readonly [body: string, stderr: string, stdout?: string]> = {
  "a script whose linked process fails": [
    `spawnLink(() => { throw new RangeError("oh snap"); });
     await Process.sleep(1000);
     console.log("never");`,
    "Exit: an exception was raised: RangeError: oh snap",
  ],
  "a script whose linked server stops with a reason": [
    `const Stopping = { ...Server, handleCast: (_r, s) => ["stop", "boom", s] };
     GenServer.cast(unwrap(await GenServer.startLink(Stopping, undefined)), "x");
     await receive();`,
    'Exit: "boom"',
  ],
  "a script whose main process is killed": [
    `Process.flag("trap_exit", true);
     spawn((main => () => Process.exit(main, "kill"))(self()));
     await receive();`,
    "Exit: killed",
  ],
  "a script whose linked process exits with shutdown": [
    `spawnLink(() => { throw exit("shutdown"); });
     try { await receive(); } catch { console.log("caught"); } finally { console.log("finally"); }`,
    "Exit: shutdown",
  ],
  "a script whose own call fails": [
    `console.log("before");
     await GenServer.call("missing", "hello");`,
    'exited in: GenServer.call("missing", "hello", 5000): no process',
    "before\n",
  ],
  "a script that does not handle a rejection": [
    `Promise.reject(new Error("dropped by the script"));
     await Process.sleep(1000);
     console.log("never");`,
    "dropped by the script",
  ],
  "a script that throws": [`throw new Error("by the script");`, "by the script"],
};

for (const [what, [body, stderr, stdout = ""]] of Object.entries(bad)) {
  Deno.test(`${what} exits with status 1 and prints the reason`, async () => {
    const outcome = await run(body);
    assertStringIncludes(outcome.stderr, stderr);
    assertEquals([outcome.stdout, outcome.code], [stdout, 1]);
    assert(outcome.ms < 20_000);
  });
}
