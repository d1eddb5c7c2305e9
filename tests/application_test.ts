import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  _,
  Application,
  Exit,
  exit,
  on,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  spawnLink,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { type CollectedReports, collectReports, inProcess, settled } from "./helpers.ts";
import { childOf, worker } from "./fixtures/worker.ts";

interface Observed {
  readonly reports: CollectedReports;
  /** What would have terminated the program: exit statuses and reasons. */
  readonly halts: (readonly [status: number, reason: unknown])[];
  /** Settles with the first of them. */
  readonly halted: Promise<readonly [status: number, reason: unknown]>;
}

/** Runs a test that may load and start applications; all are gone afterwards. */
function observing(body: (observed: Observed) => unknown): Promise<void> {
  return inProcess(async () => {
    using reports = collectReports();
    const { promise: halted, resolve } = Promise.withResolvers<readonly [number, unknown]>();
    const halts: (readonly [number, unknown])[] = [];
    const previous = Application.setHalt((...halt) => {
      halts.push(halt);
      resolve(halt);
    });
    try {
      await body({ reports, halts, halted });
    } finally {
      for (const [name] of Application.startedApplications()) await Application.stop(name);
      for (const [name] of Application.loadedApplications()) Application.unload(name);
      Application.setHalt(previous);
    }
  });
}

/** A top process, which exits with the reason that it is sent. */
function top(): Pid {
  return spawnLink(async () => {
    throw exit(await receive(on(["end", _], (message) => message[1])));
  });
}

/** An application whose callbacks are written into a log. `tops` holds its top processes. */
function logging(
  log: unknown[],
  name: string,
  rest: Partial<Application.Specification> = {},
): { readonly specification: Application.Specification; readonly tops: Pid[] } {
  const tops: Pid[] = [];
  const module: Application.Module = {
    start(type, args) {
      log.push([name, "start", type, args]);
      tops.push(top());
      return ["ok", tops.at(-1)!, "state"];
    },
    prepStop(state) {
      log.push([name, "prepStop", state]);
      return ["prepared", state];
    },
    stop(state) {
      log.push([name, "stop", state]);
    },
  };
  return { specification: { name, mod: [module, ["args"]], ...rest }, tops };
}

/** The names of the applications that run, the one started first first. */
function running(): string[] {
  return Application.startedApplications().map(([name]) => name).reverse();
}

/** The log of `logging` when an application has been stopped. */
function ended(name: string): unknown[] {
  return [[name, "prepStop", "state"], [name, "stop", ["prepared", "state"]]];
}

// --- The environment ----------------------------------------------------------------------------

Deno.test("Application.getEnv(), fetchEnv(), putEnv() and deleteEnv() work on the environment of an application [AP-001]", () =>
  observing(() => {
    const key = Symbol("key");
    assertThrows(
      () => Application.fetchEnvOrThrow("app", "port"),
      TypeError,
      'Cannot fetch application environment "port" for application "app": the application was not loaded nor configured',
    );
    assertEquals(Application.load({ name: "app", env: { host: "localhost" } }), "ok");
    assertThrows(
      () => Application.fetchEnvOrThrow("app", "port"),
      TypeError,
      'Cannot fetch application environment "port" for application "app": configuration at "port" was not set',
    );
    assertEquals(Application.getEnv("app", "port"), undefined);
    assertEquals(Application.getEnv("app", "port", 80), 80);
    assertEquals(Application.fetchEnv("app", "port"), "error");
    assertEquals(Application.putEnv("app", "port", 8080), "ok");
    assertEquals(Application.putEnv("app", key, undefined), "ok");
    assertEquals(Application.getEnv("app", "port", 80), 8080);
    assertEquals(Application.fetchEnv("app", "port"), ["ok", 8080]);
    assertEquals(Application.fetchEnvOrThrow("app", "port"), 8080);
    // A value that is undefined is one.
    assertEquals(Application.getEnv("app", key, "default"), undefined);
    assertEquals(Application.fetchEnv("app", key), ["ok", undefined]);
    assertEquals(Application.getAllEnv("app"), [
      ["host", "localhost"],
      ["port", 8080],
      [key, undefined],
    ]);
    assertEquals(Application.deleteEnv("app", "port"), "ok");
    assertEquals(Application.deleteEnv("app", "port"), "ok");
    assertEquals(Application.fetchEnv("app", "port"), "error");
    assertEquals(Application.getAllEnv("unknown"), []);
    assertEquals(Application.deleteEnv("unknown", "port"), "ok");
  }));

Deno.test("Application.putAllEnv() sets several environments, and none when one is malformed [AP-009]", () =>
  observing(() => {
    for (const name of ["one", "two"]) Application.load({ name, env: { kept: name } });
    assertEquals(Application.putAllEnv({ one: { a: 1, b: 2 }, two: { a: 3 } }), "ok");
    assertEquals(Application.getAllEnv("one"), [["kept", "one"], ["a", 1], ["b", 2]]);
    assertEquals(Application.getAllEnv("two"), [["kept", "two"], ["a", 3]]);
    assertEquals(Application.putAllEnv([["one", [["a", 4]]], ["two", [["a", 5]]]]), "ok");
    const malformed: [config: unknown, message: string][] = [
      ["one", 'expected an object or a list, found "one"'],
      [null, "expected an object or a list, found null"],
      [[["one", [["a", 9]]], "two"], 'invalid application config: "two"'],
      [[["one", [["a", 9]]], [2, []]], "invalid application config: [2, []]"],
      [[["one", [["a", 9]]], ["one", []]], "duplicate application config: one"],
      [{ one: { a: 9 }, two: 2 }, "application: two; parameters must be a list or an object"],
      [[["one", [["a", 9]]], ["two", ["a"]]], 'application: two; invalid parameter: "a"'],
      [
        [["one", [["a", 9]]], ["two", [["a", 1], ["a", 2]]]],
        "application: two; duplicate parameter: a",
      ],
    ];
    for (const [config, message] of malformed) {
      assertThrows(
        () => Application.putAllEnv(config as Application.Environments),
        TypeError,
        `Cannot set environments: ${message}`,
      );
    }
    assertEquals(Application.getEnv("one", "a"), 4);
    assertEquals(Application.getEnv("two", "a"), 5);
  }));

Deno.test("Application.load() replaces what was put before, unless it is persistent", () =>
  observing(() => {
    Application.putEnv("app", "kept", 1, { persistent: true });
    Application.putEnv("app", "replaced", 1);
    Application.putEnv("app", "other", 1);
    Application.load({ name: "app", env: { kept: 2, replaced: 2 } });
    assertEquals(
      new Map(Application.getAllEnv("app")),
      new Map([["kept", 1], ["replaced", 2], ["other", 1]]),
    );
  }));

Deno.test("Application.load() sets a persistent value again after unload(), until it is deleted as such", () =>
  observing(() => {
    const specification = { name: "durable", env: { kept: 2, plain: 2 } };
    const afterReload = () => {
      Application.unload("durable");
      assertEquals(Application.getAllEnv("durable"), []);
      Application.load(specification);
      return Object.fromEntries(Application.getAllEnv("durable"));
    };
    Application.load(specification);
    Application.putEnv("durable", "kept", 1, { persistent: true });
    Application.putEnv("durable", "plain", 1);
    assertEquals(afterReload(), { kept: 1, plain: 2 });

    Application.putEnv("durable", "kept", 3);
    assertEquals(Application.getEnv("durable", "kept"), 3);
    assertEquals(afterReload(), { kept: 1, plain: 2 });

    Application.deleteEnv("durable", "kept");
    assertEquals(Application.fetchEnv("durable", "kept"), "error");
    assertEquals(afterReload(), { kept: 1, plain: 2 });

    Application.deleteEnv("durable", "kept", { persistent: true });
    assertEquals(afterReload(), { kept: 2, plain: 2 });
  }));

Deno.test("Application.load() refuses a specification with a field that is unknown or not valid", () =>
  observing(async () => {
    const module = { start: () => ["error", "unused"] as const };
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      name: [1, "", null],
      version: [1],
      description: [["d"]],
      modules: [{}, ["Shop"]],
      registered: ["shop"],
      applications: ["kernel", [1], [{}], [{ name: 1 }], [null], [""]],
      optionalApplications: ["kernel", [{ name: "kernel" }]],
      includedApplications: ["kernel", [1]],
      mod: [module, [module], [module, [], 1], [{}, []], [null, []], "shop"],
      env: [[["key", 1]], 1, null, new Map()],
      startPhases: ["init", ["init"], [["init"]], [[1, []]], { init: [] }],
      startPhase: [[["init", []]]],
      toString: [1],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const specification = { name: "shop", [field]: value } as never;
        const error = assertThrows(() => Application.load(specification), TypeError);
        if (field !== "name") {
          assertStringIncludes(error.message, 'Cannot load application "shop": ');
          assertStringIncludes(error.message, field);
        }
        await assertRejects(() => Application.start(specification), TypeError);
        await assertRejects(() => Application.ensureAllStarted(specification), TypeError);
      }
    }
    assertEquals(Application.loadedApplications(), []);
    const undefinedFields = { name: "shop", mod: undefined, env: undefined } as never;
    assertEquals(Application.load(undefinedFields), "ok");
  }));

Deno.test("Application.ensureAllStarted() stops what it has started when a specification is refused", () =>
  observing(async () => {
    const wrong = { name: "wrong", mod: 1 } as never;
    const app = { name: "app", applications: [{ name: "first" }, wrong] };
    await assertRejects(() => Application.ensureAllStarted(app), TypeError, "expected mod to be");
    assertEquals(Application.startedApplications(), []);
  }));

Deno.test("Application.start() does not ask for optional applications", () =>
  observing(async () => {
    Application.load({ name: "there" });
    const optionalApplications = ["there", "missing"];
    const applications = ["there", "missing", "needed"];
    const app = { name: "app", applications, optionalApplications };
    assertEquals(await Application.start(app), ["error", ["not_started", "needed"]]);
    assertEquals(await Application.start({ name: "needed" }), "ok");
    assertEquals(await Application.start("app"), "ok");
    assertEquals(Application.spec("app", "optionalApplications"), optionalApplications);
    assertEquals(Application.spec("needed", "optionalApplications"), []);
  }));

Deno.test("Application.ensureAllStarted() starts the optional applications that are there, before", () =>
  observing(async () => {
    Application.load({ name: "loaded" });
    const given = { name: "given" };
    const app = {
      name: "app",
      applications: ["missing", given, "loaded"],
      optionalApplications: ["loaded", "missing", "given", "unlisted"],
    };
    Application.load({ name: "unlisted" });
    assertEquals(await Application.ensureAllStarted(app), ["ok", ["given", "loaded", "app"]]);

    // One that is there and fails to start is a failure, and so is one that lacks what it needs.
    const failing: Application.Specification = {
      name: "failing",
      mod: [{ start: () => ["error", "no"] }, []],
    };
    const lacking = { name: "lacking", applications: ["missing"] };
    for (const [optional, culprit] of [[failing, "failing"], [lacking, "missing"]] as const) {
      const next = {
        name: `needs ${optional.name}`,
        applications: ["missing", optional],
        optionalApplications: ["missing", optional.name],
      };
      const [status, failure] = await Application.ensureAllStarted(next);
      assertEquals([status, failure[0]], ["error", culprit]);
    }
  }));

Deno.test("Application.spec() refuses a key that is not a field of a specification", () =>
  observing(() => {
    Application.load({ name: "app" });
    for (const key of ["nonsense", "toString", "constructor", "__proto__", 1] as never[]) {
      for (const name of ["app", "unknown"]) {
        assertThrows(() => Application.spec(name, key), TypeError, "expected one of name, version");
      }
    }
    assertEquals(Application.spec("app", "env"), {});
    assertEquals(Application.spec("unknown", "env"), undefined);
  }));

Deno.test("Application.unload() returns whether it unloads an application [AP-028]", () =>
  observing(async () => {
    const { specification } = logging([], "app", { env: { key: 1 } });
    assertEquals(Application.unload("app"), ["error", ["not_loaded", "app"]]);
    assertEquals(Application.load(specification), "ok");
    assertEquals(Application.load(specification), ["error", ["already_loaded", specification]]);
    assertEquals(Application.load("app"), ["error", ["already_loaded", "app"]]);
    assertEquals(Application.ensureLoaded(specification), "ok");
    assertEquals(Application.loadedApplications(), [["app", "", ""]]);
    assertEquals(await Application.start("app"), "ok");
    assertEquals(Application.unload("app"), ["error", ["running", "app"]]);
    assertEquals(await Application.stop("app"), "ok");
    assertEquals(Application.unload("app"), "ok");
    assertEquals(Application.loadedApplications(), []);
    assertEquals(Application.getAllEnv("app"), []);
    assertEquals(Application.unload("app"), ["error", ["not_loaded", "app"]]);
  }));

// --- Starting -----------------------------------------------------------------------------------

Deno.test("Application.start() and stop() answer with an error when the application is not known or not started [AP-010]", () =>
  observing(async () => {
    const notFound = ["error", ["no such file or directory", "app.app"]] as const;
    assertEquals(await Application.start("app"), notFound);
    assertEquals(
      Application.formatError(notFound[1]),
      "could not find application file: app.app",
    );
    assertEquals(await Application.stop("app"), ["error", ["not_started", "app"]]);
    assertEquals(Application.load({ name: "app" }), "ok");
    assertEquals(await Application.stop("app"), ["error", ["not_started", "app"]]);
    assertEquals(
      Application.formatError(["not_started", "app"]),
      "not started application app",
    );
    await assertRejects(
      () => Application.start(1 as never),
      TypeError,
      "Cannot use this as an application",
    );
  }));

Deno.test("Application.start() calls start of the module, and the application is started when it returns ok [AP-011]", () =>
  observing(async () => {
    const log: unknown[] = [];
    const { specification } = logging(log, "with_state", { version: "1.2.3" });
    const Plain: Application.Module = {
      start: (type, args) => (log.push(["plain", type, args]), ["ok", top()]),
      stop: (state) => void log.push(["plain", "stop", state]),
    };
    assertEquals(await Application.start(specification), "ok");
    assertEquals(await Application.start({ name: "plain", mod: [Plain, 1] }), "ok");
    assertEquals(await Application.start({ name: "library" }), "ok");
    assertEquals(Application.startedApplications(), [
      ["library", "", ""],
      ["plain", "", ""],
      ["with_state", "", "1.2.3"],
    ]);
    assertEquals(await Application.start("plain"), ["error", ["already_started", "plain"]]);
    const started = [["with_state", "start", "normal", ["args"]], ["plain", "normal", 1]];
    assertEquals(log, started);
    // The process that starts an application is not linked to it.
    assertEquals(Process.info(self(), "links"), ["links", []]);
    for (const name of ["library", "plain", "with_state"]) {
      assertEquals(await Application.stop(name), "ok");
    }
    assertEquals(log, [...started, ["plain", "stop", []], ...ended("with_state")]);
    assertEquals(running(), []);
  }));

Deno.test("Application.start() tells what start of the module answered when that is not ok [AP-013]", () =>
  observing(async ({ halts }) => {
    const fails = async (
      start: Application.Module["start"],
      reason: (call: unknown) => unknown,
    ) => {
      const module = { start };
      const specification = { name: "app", mod: [module, 1] } as const;
      const expected = reason([module, "start", ["normal", 1]]);
      // Whatever the type: it was never started.
      assertEquals(await Application.start(specification, "permanent"), ["error", expected]);
      assertEquals(running(), []);
      assertEquals(Application.unload("app"), "ok");
      return Application.formatError(expected);
    };
    assertEquals(
      await fails(() => ["error", "no_disk"], (call) => ["no_disk", call]),
      '[module start].start("normal", 1) returned an error: "no_disk"',
    );
    assertEquals(
      await fails(() => "huh" as "ignore", (call) => ["bad_return", [call, "huh"]]),
      '[module start].start("normal", 1) returned a bad value: "huh"',
    );
    assertStringIncludes(
      await fails(() => {
        throw exit("broken");
      }, (call) => ["bad_return", [call, ["EXIT", "broken"]]]),
      '[module start].start("normal", 1)\n    ** (EXIT) ',
    );
    await settled();
    assertEquals(halts, []);
  }));

Deno.test("Application.start() returns not_started when an application that it needs does not run [AP-016]", () =>
  observing(async () => {
    const log: unknown[] = [];
    const { specification: needed } = logging(log, "needed");
    const { specification: app } = logging(log, "app", { applications: [needed, "kernel"] });
    assertEquals(await Application.start(app), ["error", ["not_started", "needed"]]);
    assertEquals([running(), log], [[], []]);
    assertEquals(await Application.start(needed), "ok");
    assertEquals(await Application.start("app"), "ok");
    assertEquals(running(), ["needed", "app"]);
  }));

Deno.test("Application.ensureStarted() is ok when the application runs already [AP-017]", () =>
  observing(async ({ halts }) => {
    const log: unknown[] = [];
    for (const type of ["permanent", "transient", "temporary"] as const) {
      const { specification } = logging(log, type);
      assertEquals(await Application.ensureStarted(specification, type), "ok");
      assertEquals(await Application.ensureStarted(type, type), "ok");
    }
    assertEquals(running(), ["permanent", "transient", "temporary"]);
    assertEquals(log.length, 3);
    assertEquals(await Application.ensureStarted("unknown"), [
      "error",
      ["no such file or directory", "unknown.app"],
    ]);
    const lacking = { name: "lacking", applications: ["unknown"] };
    assertEquals(await Application.ensureStarted(lacking), ["error", ["not_started", "unknown"]]);
    assertEquals(await Application.ensureStarted({ name: "other" }, "forever" as never), [
      "error",
      ["invalid_restart_type", "forever"],
    ]);
    // Being stopped is not ending by itself, whatever the type.
    for (const name of running()) assertEquals(await Application.stop(name), "ok");
    await settled();
    assertEquals(halts, []);
  }));

Deno.test("Application.ensureAllStarted() starts what is needed first, and tells what it started [AP-018]", () =>
  observing(async () => {
    const log: unknown[] = [];
    const base = logging(log, "base").specification;
    const left = logging(log, "left", { applications: [base] }).specification;
    const right = logging(log, "right", { applications: [base, "stdlib"] }).specification;
    const app = logging(log, "app", { applications: [left, right] }).specification;
    assertEquals(await Application.ensureAllStarted(app), ["ok", ["base", "left", "right", "app"]]);
    assertEquals(
      log,
      ["base", "left", "right", "app"].map((name) => [name, "start", "normal", ["args"]]),
    );
    assertEquals(await Application.ensureAllStarted(app), ["ok", []]);
    await Application.stop("app");
    await Application.stop("left");
    assertEquals(await Application.ensureAllStarted(["app", "right"]), ["ok", ["left", "app"]]);
    for (const name of running()) await Application.stop(name);

    // What was started is stopped again when one does not start.
    log.length = 0;
    const Failing: Application.Module = { start: () => ["error", "no"] };
    const failing = { name: "failing", mod: [Failing, 1], applications: [right] } as const;
    assertEquals(await Application.ensureAllStarted(failing), [
      "error",
      ["failing", ["no", [Failing, "start", ["normal", 1]]]],
    ]);
    assertEquals(running(), []);
    assertEquals(log.slice(2), [...ended("right"), ...ended("base")]);
    assertEquals(
      await Application.ensureAllStarted({ name: "lacking", applications: ["unknown"] }),
      [
        "error",
        ["unknown", ["no such file or directory", "unknown.app"]],
      ],
    );
  }));

Deno.test("Application.start() by two processes at once starts the application once, with the same result for both [AP-023]", () =>
  observing(async () => {
    const both = async (answer: () => Application.StartReturn) => {
      const gate = Promise.withResolvers<void>();
      let starts = 0;
      const start = async () => {
        starts++;
        await gate.promise;
        return answer();
      };
      const module: Application.Module = { start };
      const specification = { name: "app", mod: [module, 1] } as const;
      const caller = self();
      for (let i = 0; i < 2; i++) {
        spawn(async () => {
          send(caller, ["result", await Application.start(specification)]);
        });
      }
      await settled();
      assertEquals([starts, running()], [1, []]);
      assertEquals(Application.unload("app"), ["error", ["running", "app"]]);
      gate.resolve();
      const result = () => receive(on(["result", _], (message) => message[1]));
      const results = [await result(), await result()];
      assertEquals(starts, 1);
      return { results, module };
    };
    const { results } = await both(() => ["ok", top()]);
    assertEquals(results, ["ok", "ok"]);
    assertEquals(running(), ["app"]);
    await Application.stop("app");
    Application.unload("app");
    const failed = await both(() => ["error", "no"]);
    const error = ["error", ["no", [failed.module, "start", ["normal", 1]]]];
    assertEquals(failed.results, [error, error]);
    assertEquals(running(), []);
  }));

Deno.test("Application functions can be called in callbacks, and those that would wait for themselves reject [AP-024]", () =>
  observing(async () => {
    const other = logging([], "other", { env: { key: 1 } }).specification;
    await Application.start(logging([], "before").specification);
    const answers: unknown[] = [];
    const rejected = async (call: () => Promise<unknown>) =>
      (await assertRejects(call, Exit)).reason;
    /** What of the own application can be asked before it has started. */
    const askEarly = async () => [
      await Application.stop("app"),
      Application.unload("app"),
      await rejected(() => Application.start("app")),
      await rejected(() => Application.ensureStarted("app")),
      await rejected(() => Application.ensureAllStarted("app")),
    ];
    /** And while it stops. */
    const askLate = async () => [
      await rejected(() => Application.stop("app")),
      await Application.start("app"),
      await Application.ensureAllStarted("app"),
    ];
    const module: Application.Module = {
      async start() {
        answers.push(Application.load(other), Application.ensureLoaded("other"));
        answers.push(Application.getEnv("other", "key"), Application.getEnv("app", "own"));
        answers.push(await Application.start("other"), await Application.stop("before"));
        answers.push(await askEarly());
        return ["ok", top()];
      },
      async startPhase() {
        answers.push(await askEarly());
        return "ok" as const;
      },
      async prepStop() {
        answers.push(await askLate(), await Application.stop("other"));
      },
      async stop() {
        answers.push(await askLate());
      },
    };
    const app: Application.Specification = {
      name: "app",
      mod: [module, 1],
      env: { own: 2 },
      startPhases: [["only", 1]],
    };
    assertEquals(await Application.start(app), "ok");
    const callingSelf = (operation: string) => [
      "calling_self",
      ["Application", operation, ["app"]],
    ];
    const early = [
      ["error", ["not_started", "app"]],
      ["error", ["running", "app"]],
      ...Array(3).fill(callingSelf("start")),
    ];
    assertEquals(answers.splice(0), ["ok", "ok", 1, 2, "ok", "ok", early, early]);
    assertEquals(running(), ["other", "app"]);
    assertEquals(await Application.stop("app"), "ok");
    const late = [callingSelf("stop"), ["error", ["already_started", "app"]], ["ok", []]];
    assertEquals(answers, [late, "ok", late]);
    assertEquals(running(), []);
  }));

Deno.test("Application.stop() by another process while the application starts returns not_started, and it starts", () =>
  observing(async () => {
    const gate = Promise.withResolvers<void>();
    const module: Application.Module = {
      async start() {
        await gate.promise;
        return ["ok", top()];
      },
    };
    const started = Application.start({ name: "app", mod: [module, 1] });
    assertEquals(await Application.stop("app"), ["error", ["not_started", "app"]]);
    gate.resolve();
    assertEquals(await started, "ok");
    assertEquals(running(), ["app"]);
  }));

Deno.test("Application.start() runs the start phases in their order when start has returned [AP-030]", () =>
  observing(async () => {
    const log: unknown[] = [];
    const tops: Pid[] = [];
    const module: Application.Module = {
      start() {
        log.push("start");
        tops.push(top());
        return ["ok", tops.at(-1)!];
      },
      startPhase(phase, type, args) {
        log.push([phase, type, args, running()]);
        return args as "ok";
      },
      prepStop: () => void log.push("prepStop"),
      stop: () => void log.push("stop"),
    };
    const specification = (...startPhases: [string, unknown][]): Application.Specification => ({
      name: "app",
      mod: [module, 1],
      startPhases,
    });
    assertEquals(await Application.start(specification(["z", "ok"], ["a", "ok"])), "ok");
    assertEquals(log, ["start", ["z", "normal", "ok", []], ["a", "normal", "ok", []]]);
    await Application.stop("app");
    // Where a phase fails, the application was not started, and no callback is called for its end.
    for (
      const [answer, reason] of [
        [["error", "no"], (call: unknown) => ["no", call]],
        ["huh", (call: unknown) => ["bad_return", [call, "huh"]]],
      ] as const
    ) {
      Application.unload("app");
      log.length = 0;
      assertEquals(
        await Application.start(specification(["z", "ok"], ["a", answer], ["never", "ok"])),
        ["error", reason([module, "startPhase", ["a", "normal", answer]])],
      );
      assertEquals(log, ["start", ["z", "normal", "ok", []], ["a", "normal", answer, []]]);
      assertEquals(running(), []);
      assertEquals(Process.isAlive(tops.at(-1)!), false);
    }
  }));

// --- Looking ------------------------------------------------------------------------------------

Deno.test("Application.spec() tells the specification of an application that is loaded, with its defaults", () =>
  observing(() => {
    assertEquals(Application.spec("app"), undefined);
    assertEquals(Application.spec("app", "version"), undefined);
    const { specification } = logging([], "app", { version: "1.2.3", env: { key: 1 } });
    Application.load(specification);
    assertEquals(Application.spec("app"), {
      name: "app",
      version: "1.2.3",
      description: "",
      modules: [],
      registered: [],
      applications: [],
      optionalApplications: [],
      includedApplications: [],
      mod: specification.mod!,
      env: { key: 1 },
      startPhases: [],
    });
    assertEquals(Application.spec("app", "version"), "1.2.3");
    assertEquals(Application.spec(specification, "description"), "");
    assertEquals(Application.spec("app", "mod"), specification.mod);
    assertThrows(
      () => Application.spec(1 as never),
      TypeError,
      "Cannot use this as an application",
    );
  }));

Deno.test("Application.getApplication() tells the application that has a module among its own [AP-006]", () =>
  observing(() => {
    const [Listed, Unknown] = [{}, class {}];
    const { specification } = logging([], "app", { modules: [class {}, Listed] });
    const [module] = specification.mod!;
    Application.load({ name: "other" });
    assertEquals(Application.getApplication(module), undefined);
    Application.load(specification);
    assertEquals([module, Listed, Unknown].map((each) => Application.getApplication(each)), [
      "app",
      "app",
      undefined,
    ]);
    Application.unload("app");
    assertEquals(Application.getApplication(Listed), undefined);
    assertThrows(
      () => Application.getApplication("app" as never),
      TypeError,
      'expected a pid or a module, found "app"',
    );
  }));

Deno.test("Application.getApplication() tells the application that a process was started in, while that runs", () =>
  observing(async () => {
    const pids: Pid[] = [];
    const inCallbacks: unknown[] = [];
    const start = async (name: string, inner?: Application.Specification) => {
      inCallbacks.push(Application.getApplication());
      pids.push(self());
      if (inner !== undefined) await Application.start(inner);
      const child = worker(name, { owner: self() });
      const tree = unwrap(await Supervisor.startLink([child], { strategy: "one_for_one" }));
      pids.push(tree, await childOf(tree, name), spawn(() => receive()));
      return ["ok", tree] as const;
    };
    const stop = () => void inCallbacks.push(Application.getApplication());
    const inner = { name: "inner", mod: [{ start: () => start("inner"), stop }, 1] } as const;
    const outer = {
      name: "outer",
      mod: [{ start: () => start("outer", inner), stop }, 1],
    } as const;
    const applications = () => pids.map((pid) => Application.getApplication(pid));

    assertEquals(Application.getApplication(), undefined);
    assertEquals(await Application.start(outer), "ok");
    assertEquals(inCallbacks.splice(0), ["outer", "inner"]);
    assertEquals(applications(), ["outer", ...Array(4).fill("inner"), ...Array(3).fill("outer")]);
    assertEquals(Application.getApplication(self()), undefined);

    // What is not in the tree outlives its application, and is not taken over by another.
    await Application.stop("inner");
    assertEquals(applications(), ["outer", ...Array(4).fill(undefined), ...Array(3).fill("outer")]);
    await Application.stop("outer");
    assertEquals(inCallbacks, ["inner", "outer"]);
    const left = pids.filter(Process.isAlive);
    assertEquals(left.length, 2);
    assertEquals(applications(), pids.map(() => undefined));
    for (const pid of left) Process.exit(pid, "kill");
  }));

// --- Stopping -----------------------------------------------------------------------------------

Deno.test("Application.stop() calls prepStop, shuts the tree down, and calls stop with what prepStop returned [AP-021]", () =>
  observing(async () => {
    const log: unknown[] = [];
    const owner = self();
    let tree: Pid | undefined;
    const module: Application.Module = {
      async start() {
        const started = await Supervisor.startLink([
          worker("first", { owner }),
          worker("second", { owner }),
        ], { strategy: "one_for_one", name: "tree" });
        tree = (started as readonly ["ok", Pid])[1];
        return ["ok", tree, "state"];
      },
      prepStop(state) {
        send(owner, ["prepStop", state, Process.isAlive(tree!)]);
        return "prepared";
      },
      stop(state) {
        send(owner, ["stop", state, Process.isAlive(tree!)]);
      },
    };
    await Application.start({ name: "app", mod: [module, 1] });
    assertEquals(await Application.stop("app"), "ok");
    for (let i = 0; i < 6; i++) log.push(await receive());
    assertEquals(log, [
      ["start", "first"],
      ["start", "second"],
      ["prepStop", "state", true],
      ["end", "second", "shutdown"],
      ["end", "first", "shutdown"],
      ["stop", "prepared", false],
    ]);
  }));

Deno.test("Application.stop() leaves what the application needs, and what needs it, running [AP-022]", () =>
  observing(async ({ halts }) => {
    const log: unknown[] = [];
    const base = logging(log, "base");
    const middle = logging(log, "middle", { applications: [base.specification] });
    const app = logging(log, "app", { applications: [middle.specification] });
    await Application.ensureAllStarted(app.specification, "permanent");
    log.length = 0;
    assertEquals(await Application.stop("middle"), "ok");
    await settled();
    assertEquals(running(), ["base", "app"]);
    assertEquals(log, ended("middle"));
    assertEquals([base, middle, app].map(({ tops: [pid] }) => Process.isAlive(pid!)), [
      true,
      false,
      true,
    ]);
    assertEquals(halts, []);
  }));

// --- Ending by itself ---------------------------------------------------------------------------

/** Three applications, the one in the middle of the given type. They do not need each other. */
async function three(type: Application.Type) {
  const log: unknown[] = [];
  const first = logging(log, "first");
  const app = logging(log, "app");
  const last = logging(log, "last");
  await Application.start(first.specification);
  await Application.start(app.specification, type);
  await Application.start(last.specification);
  log.length = 0;
  const endWith = async (reason: unknown) => {
    const pid = app.tops.at(-1)!;
    send(pid, ["end", reason]);
    await settled();
    assertEquals(Process.isAlive(pid), false);
  };
  return { log, endWith };
}

Deno.test("Application of type temporary whose top process exits is no longer started, without further effects [AP-025]", () =>
  observing(async ({ halts, reports }) => {
    const { log, endWith } = await three("temporary");
    for (const reason of ["boom", "normal", "shutdown"]) {
      await endWith(reason);
      assertEquals(running(), ["first", "last"]);
      assertEquals(log, ended("app"));
      const [last] = reports.all.filter(({ kind }) => kind === "application").slice(-1);
      assertEquals([last!.level, last!.reason], ["notice", reason]);
      assertEquals(await Application.stop("app"), ["error", ["not_started", "app"]]);
      assertEquals(await Application.start("app"), "ok");
      await Application.stop("last");
      await Application.start("last");
      log.length = 0;
    }
    assertEquals(halts, []);
  }));

Deno.test("Application of type transient whose top process exits stops all applications unless the reason is normal [AP-026]", () =>
  observing(async ({ halts, halted }) => {
    const { log, endWith } = await three("transient");
    await endWith("normal");
    assertEquals(running(), ["first", "last"]);
    assertEquals([log, halts], [ended("app"), []]);
    await Application.start("app", "transient");
    log.length = 0;
    await endWith("shutdown");
    const halt = [1, ["application_terminated", "app", "shutdown"]] as const;
    assertEquals(await halted, halt);
    assertEquals(running(), []);
    assertEquals(log, [...ended("app"), ...ended("last"), ...ended("first")]);
    await settled();
    assertEquals(halts, [halt]);
  }));

for (const reason of ["normal", "shutdown", "boom"]) {
  Deno.test(`Application of type permanent whose top process exits with "${reason}" stops all applications [AP-027]`, () =>
    observing(async ({ halts, halted, reports }) => {
      const { log, endWith } = await three("permanent");
      await endWith(reason);
      const halt = [1, ["application_terminated", "app", reason]] as const;
      assertEquals(await halted, halt);
      assertEquals(running(), []);
      assertEquals(log, [...ended("app"), ...ended("last"), ...ended("first")]);
      await settled();
      assertEquals(halts, [halt]);
      assertEquals(
        reports.logged.filter(({ level }) => level === "error").map((report) => [
          report.kind,
          report.name,
          report.reason,
        ]),
        [["application", "app", reason]],
      );
    }));
}

Deno.test("Application end of two permanent applications at once ends the program once, with the reason of the first", () =>
  observing(async ({ halts, halted }) => {
    const [one, two] = [logging([], "one"), logging([], "two")];
    await Application.start(one.specification, "permanent");
    await Application.start(two.specification, "permanent");
    const monitor = Process.monitor(one.tops[0]!);
    send(one.tops[0]!, ["end", "first"]);
    // Signals of two processes have no order: the second one exits when the first is known to have exited.
    await receive(on(["DOWN", monitor, _, _, _], () => send(two.tops[0]!, ["end", "second"])));
    await halted;
    await settled();
    assertEquals(halts, [[1, ["application_terminated", "one", "first"]]]);
    assertEquals(running(), []);
  }));
