/**
 * Application: a supervision tree that is started and stopped as one thing, by its name, with what it
 * needs and with its configuration.
 *
 * An application is told in data, a {@linkcode Specification}, which takes the place of OTP's `.app`
 * file. It names the applications that must run before it does, and the module that starts its top
 * process, as a rule a supervisor.
 *
 * ```ts
 * import { Agent, Application, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Shop = {
 *   start: (_type: "normal", items: string[]) =>
 *     Supervisor.startLink([[Agent, () => items]], { strategy: "one_for_one", name: "shop" }),
 * };
 * const shop: Application.Specification = {
 *   name: "shop",
 *   version: "1.0.0",
 *   mod: [Shop, ["apple"]],
 *   env: { currency: "EUR" },
 * };
 *
 * assertEquals(await Application.start(shop), "ok");
 * assertEquals(Application.getEnv("shop", "currency"), "EUR");
 * assertEquals(Application.startedApplications(), [["shop", "", "1.0.0"]]);
 * await Application.stop("shop");
 * Application.unload("shop");
 * ```
 *
 * A program is an application that {@linkcode run} starts: it keeps the host up, and makes an orderly
 * stop of the tree out of SIGINT and SIGTERM.
 *
 * **The master.** Each application that runs has a process which calls the module, is linked to the top
 * process, and is the parent of it. Nobody who starts an application is linked to it.
 *
 * **When it ends by itself**, that is when its top process ends, its type decides. `"temporary"`: it is
 * reported, and that is all. `"transient"`: the same if the reason is `"normal"`; else, as with a
 * `"permanent"` one whatever the reason, all applications are stopped, last first, and the program
 * ends with status 1. See {@linkcode setHalt}.
 *
 * **From within callbacks** everything here may be called, other applications may be started and stopped;
 * also in `prepStop` and `stop`, where OTP's controller is busy, and hangs whoever asks it for that. What
 * would wait for itself rejects with `["calling_self", …]`, where OTP hangs, too: {@linkcode start} of the own
 * application in its `start` and `startPhase`, {@linkcode stop} of it in its `prepStop` and `stop`. As in OTP, an
 * application has not started while its `start` runs, and cannot be stopped from there.
 *
 * @module
 */

import { fairly } from "./kernel/fair.ts";
import {
  applicationOfModule,
  applicationOfProcess,
  endAll,
  endOfAll,
  environments,
  type Halt,
  isRunning,
  load as loadApplication,
  loaded,
  type Module,
  nameOf,
  persistent,
  type Result,
  running,
  setHalt as setHaltOf,
  setShutdownTimeout,
  type Specification,
  start as startApplication,
  type StartReturn,
  stop as stopApplication,
  type Type,
  unload as unloadApplication,
} from "./application/controller.ts";
import { formatError } from "./application/error.ts";
import { exitProgram, holdHost, onSignals, statusOf } from "./host/program.ts";
import { type Atom, inspect, isPid, type Pid, type Term } from "./kernel/term.ts";
import { self, spawn } from "./process.ts";

export { formatError };
export type { Halt, Module, Result, Specification, StartReturn, Type };

/** An application: the name of one that is loaded, or its specification. */
export type Ref = string | Specification;

const TYPES: readonly Type[] = ["permanent", "transient", "temporary"];

function assertRef(application: unknown): asserts application is Ref {
  const name = (Object(application) as Partial<Specification>).name ?? application;
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(
    `No application: expected a name or a specification, found ${inspect(application)}`,
  );
}

// --- Loading ------------------------------------------------------------------------------------

/**
 * Loads an application: from then on it is known by its name, and has its environment.
 *
 * Answers `"ok"`, or `["error", ["already_loaded", application]]`; for a name that is not loaded, as no
 * file is looked for, `["error", ["no such file or directory", "name.app"]]`.
 *
 * @throws {TypeError} If `application` is neither a name nor a specification; so in all functions here.
 * @see Elixir `Application.load/1`
 */
export function load(application: Ref): Result {
  assertRef(application);
  if (typeof application !== "string") return loadApplication(application);
  if (loaded.has(application)) return ["error", ["already_loaded", application]];
  return ["error", ["no such file or directory", `${application}.app`]];
}

/** Loads an application unless it is loaded, which is `"ok"`, too. Otherwise as {@linkcode load}. @see Elixir `Application.ensure_loaded/1` */
export function ensureLoaded(application: Ref): Result {
  assertRef(application);
  return loaded.has(nameOf(application)) ? "ok" : load(application);
}

/**
 * Forgets an application and its environment. Answers `"ok"`, `["error", ["not_loaded", name]]`, or
 * `["error", ["running", name]]` if it runs, or is about to.
 *
 * @see Elixir `Application.unload/1`
 */
export function unload(application: Ref): Result {
  assertRef(application);
  return unloadApplication(nameOf(application));
}

// --- Starting and stopping ----------------------------------------------------------------------

/**
 * Starts an application; loads it, if it is given by its specification and not loaded. Resolves with
 * `"ok"` when its `start` callback is done, or with `["error", reason]`, where `reason` is
 * - `["already_started", name]`;
 * - `["not_started", dependency]`: see {@linkcode ensureAllStarted};
 * - `["no such file or directory", "name.app"]` if the name is not known;
 * - `["invalid_restart_type", type]`;
 * - `[reason, [module, "start", ["normal", args]]]` if the callback answers `["error", reason]`;
 * - `["bad_return", [[module, "start", ["normal", args]], value]]` if it returns or throws anything else;
 *   what it returns is then `["EXIT", reason]` of an error or an exit. `startPhase` likewise.
 *
 * Starting an application that is being started waits for that, and resolves alike.
 *
 * @param type What its end means for the others, default `"temporary"`: see the top of this page.
 * @throws {Exit} `["calling_self", ["Application", "start", [name]]]` in the `start` or a `startPhase` of the same
 * application. So in all functions that start.
 * @see Elixir `Application.start/2`
 */
export function start(application: Ref, type: Type = "temporary"): Promise<Result> {
  return fairly(async () => {
    assertRef(application);
    const known = ensureLoaded(application);
    if (known !== "ok") return known;
    if (!TYPES.includes(type)) return ["error", ["invalid_restart_type", type]];
    return await startApplication(nameOf(application), type);
  });
}

/** Starts an application unless it runs, which is `"ok"`, too. Otherwise as {@linkcode start}. @see Elixir `Application.ensure_started/2` */
export function ensureStarted(application: Ref, type: Type = "temporary"): Promise<Result> {
  return fairly(async () => {
    const result = await start(application, type);
    return isAlreadyStarted(result, nameOf(application)) ? "ok" : result;
  });
}

function isAlreadyStarted(result: Result, name: string): boolean {
  if (result === "ok" || !Array.isArray(result[1])) return false;
  return result[1][0] === "already_started" && result[1][1] === name;
}

/**
 * Starts applications, and before each the applications it needs, unless they run. Resolves with
 * `["ok", names]` of those that were started, in that order. If one does not start, those that were
 * started are stopped again, and it resolves with `["error", [name, reason]]`.
 *
 * @param applications One, or a list.
 * @param type Of all that are started. Default `"temporary"`.
 * @see Elixir `Application.ensure_all_started/2`
 *
 * @example
 * ```ts
 * import { Application } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const database: Application.Specification = { name: "database" };
 * const web: Application.Specification = { name: "web", applications: [database] };
 * assertEquals(await Application.start(web), ["error", ["not_started", "database"]]);
 * assertEquals(await Application.ensureAllStarted(web), ["ok", ["database", "web"]]);
 * assertEquals(await Application.ensureAllStarted(web), ["ok", []]);
 * await Application.stop("web");
 * await Application.stop("database");
 * ```
 */
export function ensureAllStarted(
  applications: Ref | readonly Ref[],
  type: Type = "temporary",
): Promise<readonly ["ok", string[]] | readonly ["error", readonly [name: string, reason: Term]]> {
  return fairly(async () => {
    const started: string[] = [];
    const visited = new Set<string>();
    const startWithNeeded = async (
      application: Ref,
    ): Promise<readonly [string, Term] | undefined> => {
      assertRef(application);
      const name = nameOf(application);
      if (isRunning(name) || visited.has(name)) return undefined;
      visited.add(name); // so that a circle ends, with "not_started"
      const known = ensureLoaded(application);
      if (known !== "ok") return [name, known[1]];
      for (const needed of loaded.get(name)!.applications ?? []) {
        const failure = await startWithNeeded(needed);
        if (failure !== undefined) return failure;
      }
      const result = await start(name, type);
      if (result === "ok") started.push(name);
      else if (!isAlreadyStarted(result, name)) return [name, result[1]];
      return undefined;
    };
    for (
      const each of Array.isArray(applications) ? applications as Ref[] : [applications as Ref]
    ) {
      const failure = await startWithNeeded(each);
      if (failure === undefined) continue;
      for (const name of started.reverse()) await stopApplication(name);
      return ["error", failure];
    }
    return ["ok", started];
  });
}

/**
 * Stops an application: `prepStop` is called, the top process is stopped, with `"shutdown"`, and then
 * `stop` is called. Resolves with `"ok"` after that, or with `["error", ["not_started", name]]`: also while
 * `start` or a `startPhase` of it runs, which goes on. Applications that it needs, or that need it, are
 * left alone.
 *
 * @throws {Exit} `["calling_self", ["Application", "stop", [name]]]` in `prepStop` or `stop` of the same
 * application.
 * @see Elixir `Application.stop/1`
 */
export function stop(application: Ref): Promise<Result> {
  return fairly(async () => {
    assertRef(application);
    return await stopApplication(nameOf(application));
  });
}

// --- Looking ------------------------------------------------------------------------------------

/** A specification with every field, but for a module that it does not have. */
export type FullSpecification =
  & Required<Omit<Specification, "mod">>
  & Pick<Specification, "mod">;

/** The specification of an application that is loaded, with all defaults; else `undefined`. @see Elixir `Application.spec/1` */
export function spec(application: Ref): FullSpecification | undefined;
/** One entry of it. @see Elixir `Application.spec/2` */
export function spec<Key extends keyof Specification>(
  application: Ref,
  key: Key,
): Specification[Key] | undefined;
export function spec(application: Ref, key?: keyof Specification): Term {
  assertRef(application);
  const known = loaded.get(nameOf(application));
  if (known === undefined) return undefined;
  const full = {
    version: "",
    description: "",
    modules: [],
    registered: [],
    applications: [],
    includedApplications: [],
    env: {},
    startPhases: [],
    ...known,
  };
  return key === undefined ? full : (full as Specification)[key];
}

/**
 * The name of the application that a process or a module belongs to; `undefined` if there is none.
 *
 * A process belongs to the application whose master is the nearest among its ancestors, from the call of
 * `start` on, for as long as that application runs. A module belongs to the application that is loaded
 * with it in `mod` or `modules`.
 *
 * @param of A process of this runtime, or a module. Default: the calling process.
 * @throws {TypeError} If `of` is neither.
 * @see OTP `application:get_application/0,1`; there a process belongs to the application of its group leader.
 * Elixir's `Application.get_application/1` takes a module.
 *
 * @example
 * ```ts
 * import { Application, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Shop = {
 *   start: () => {
 *     assertEquals(Application.getApplication(), "shop");
 *     return Supervisor.startLink([], { strategy: "one_for_one" });
 *   },
 * };
 * await Application.start({ name: "shop", mod: [Shop, []] });
 * assertEquals(Application.getApplication(Shop), "shop");
 * assertEquals(Application.getApplication(), undefined);
 * await Application.stop("shop");
 * Application.unload("shop");
 * ```
 */
export function getApplication(of: Pid | object = self()): string | undefined {
  if (of !== Object(of)) {
    throw new TypeError(
      `Cannot tell the application: expected a pid or a module, found ${inspect(of)}`,
    );
  }
  if (!isPid(of)) return applicationOfModule(of);
  return of.process === null ? undefined : applicationOfProcess(of.process);
}

/** An application in a list. */
export type Info = readonly [name: string, description: string, version: string];

/** The applications that run, the one started last first. @see Elixir `Application.started_applications/0` */
export function startedApplications(): Info[] {
  return [...running.keys()].reverse().map((name) => infoOf(loaded.get(name)!));
}

/** The applications that are loaded, in the order in which they were. @see Elixir `Application.loaded_applications/0` */
export function loadedApplications(): Info[] {
  return [...loaded.values()].map(infoOf);
}

function infoOf({ name, description = "", version = "" }: Specification): Info {
  return [name, description, version];
}

// --- The environment ----------------------------------------------------------------------------

/** The value of a key in an application's environment; `otherwise`, if there is none. @see Elixir `Application.get_env/3` */
export function getEnv(application: string, key: Atom, otherwise?: Term): Term {
  const environment = environments.get(application);
  return environment?.has(key) === true ? environment.get(key) : otherwise;
}

/** `["ok", value]` of a key in an application's environment, or `"error"`. @see Elixir `Application.fetch_env/2` */
export function fetchEnv(application: string, key: Atom): readonly ["ok", Term] | "error" {
  const environment = environments.get(application);
  return environment?.has(key) === true ? ["ok", environment.get(key)] : "error";
}

/**
 * The value of a key in an application's environment.
 *
 * @throws {TypeError} If there is none; the message tells whether the application is not loaded, or the
 * key not set.
 * @see Elixir `Application.fetch_env!/2`
 */
export function fetchEnvOrThrow(application: string, key: Atom): Term {
  const found = fetchEnv(application, key);
  if (found !== "error") return found[1];
  const why = environments.has(application)
    ? `configuration at ${inspect(key)} was not set`
    : "the application was not loaded nor configured";
  throw new TypeError(
    `Cannot fetch application environment ${inspect(key)} for application ${
      inspect(application)
    }: ${why}`,
  );
}

/** All keys of an application's environment, and their values. @see Elixir `Application.get_all_env/1` */
export function getAllEnv(application: string): (readonly [key: Atom, value: Term])[] {
  return [...environments.get(application) ?? []] as (readonly [Atom, Term])[];
}

/** What changing an environment takes. */
export interface EnvOptions {
  /** Whether the value outlives the load of the application, whose own would replace it. Default `false`. */
  readonly persistent?: boolean;
}

/** Sets a key in the environment of an application, loaded or not. @see Elixir `Application.put_env/4` */
export function putEnv(
  application: string,
  key: Atom,
  value: Term,
  options: EnvOptions = {},
): "ok" {
  if (!environments.has(application)) environments.set(application, new Map());
  environments.get(application)!.set(key, value);
  if (options.persistent === true) {
    if (!persistent.has(application)) persistent.set(application, new Set());
    persistent.get(application)!.add(key);
  }
  return "ok";
}

/** Environments of several applications: an object of objects, or a list of pairs with lists of pairs. */
export type Environments =
  | Readonly<Record<string, Readonly<Record<string, Term>>>>
  | readonly (readonly [application: string, environment: readonly (readonly [Atom, Term])[]])[];

/**
 * Sets keys in the environments of several applications; all of them, or none.
 *
 * @throws {TypeError} If `config` has another form, or an application or a key occurs twice.
 * @see Elixir `Application.put_all_env/2`
 */
export function putAllEnv(config: Environments, options: EnvOptions = {}): "ok" {
  const refuse = (why: string) => new TypeError(`Cannot set environments: ${why}`);
  if (typeof config !== "object" || config === null) {
    throw refuse(`expected an object or a list, found ${inspect(config)}`);
  }
  const checked = new Map<string, Map<Atom, Term>>();
  for (const entry of Array.isArray(config) ? config : Object.entries(config)) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") {
      throw refuse(`invalid application config: ${inspect(entry)}`);
    }
    const [name, environment] = entry;
    if (checked.has(name)) throw refuse(`duplicate application config: ${name}`);
    if (typeof environment !== "object" || environment === null) {
      throw refuse(`application: ${name}; parameters must be a list or an object`);
    }
    const keys = new Map<Atom, Term>();
    for (const pair of Array.isArray(environment) ? environment : Object.entries(environment)) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw refuse(`application: ${name}; invalid parameter: ${inspect(pair)}`);
      }
      if (keys.has(pair[0])) {
        throw refuse(`application: ${name}; duplicate parameter: ${String(pair[0])}`);
      }
      keys.set(pair[0], pair[1]);
    }
    checked.set(name, keys);
  }
  for (const [name, keys] of checked) {
    for (const [key, value] of keys) putEnv(name, key, value, options);
  }
  return "ok";
}

/** Takes a key out of an application's environment, if it is there. @see Elixir `Application.delete_env/3` */
export function deleteEnv(application: string, key: Atom): "ok" {
  environments.get(application)?.delete(key);
  persistent.get(application)?.delete(key);
  return "ok";
}

// --- Programs -----------------------------------------------------------------------------------

/** What {@linkcode run} takes. */
export interface RunOptions {
  /** What the end of the applications means for the program. Default `"permanent"`. */
  readonly type?: Type;
  /** How long the orderly stop may take, in milliseconds; `Infinity` for no limit. Default 30000. */
  readonly shutdownTimeout?: number;
}

/**
 * Runs an application as a program: starts it and what it needs, and keeps the host up. Resolves when the
 * application has been stopped by {@linkcode stop}.
 *
 * SIGINT or SIGTERM stop all applications, the one started last first, and then the program ends: with
 * status 0, or 1 if that took longer than `shutdownTimeout`. A second signal ends it at once, with
 * status 130 or 143. When the application ends by itself, the program ends with status 1, as the top of
 * this page says.
 *
 * @throws {Error} If it does not start; what was started is stopped again. Not caught, this ends a program
 * with status 1.
 * @throws {RangeError} If `shutdownTimeout` is negative or not a number.
 * @see OTP `init:stop/0`, and `shutdown_timeout` of the kernel application
 *
 * @example A program
 * ```ts ignore
 * import { Agent, Application, Supervisor } from "@denotp/otp";
 *
 * await Application.run({
 *   name: "shop",
 *   mod: [{
 *     start: () => Supervisor.startLink([[Agent, () => 0]], { strategy: "one_for_one" }),
 *   }, []],
 * });
 * ```
 */
export function run(application: Ref, options: RunOptions = {}): Promise<void> {
  return fairly(async () => {
    const { type = "permanent", shutdownTimeout = 30_000 } = options;
    assertRef(application);
    if (typeof shutdownTimeout !== "number" || !(shutdownTimeout >= 0)) {
      throw new RangeError(
        `Cannot run: expected a shutdownTimeout of 0 ms or more, found ${inspect(shutdownTimeout)}`,
      );
    }
    const name = nameOf(application);
    setShutdownTimeout(shutdownTimeout);
    const release = holdHost();
    const ignoreSignals = onSignals(orderlyEnd());
    try {
      const result = await ensureAllStarted(application, type);
      if (result[0] === "error") {
        const [failed, reason] = result[1];
        throw new Error(
          `Cannot run application ${name}: ${failed} did not start: ${formatError(reason)}`,
          {
            cause: reason,
          },
        );
      }
      await running.get(name)?.ended;
    } finally {
      // While all is being stopped, the signals stay taken, and the host up: the program ends soon.
      await endOfAll();
      ignoreSignals();
      release();
    }
  });
}

function orderlyEnd(): (signal: "SIGINT" | "SIGTERM") => void {
  let isAsked = false;
  return (signal) => {
    if (isAsked) return exitProgram(statusOf(signal));
    isAsked = true;
    endAll(spawn, 0); // in a process of its own: a listener has none
  };
}

/**
 * Has `halt` called when the program would be ended, with the exit status and the reason, as
 * `["application_terminated", name, reason]` (`undefined` after a signal), and returns what was called
 * until now. For tests, which are to go on, and for hosts that end in a way of their own.
 *
 * @example See that the end of a permanent application would end the program
 * ```ts
 * import { Application, exit, Logger, Process, spawnLink } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const quiet = Logger.setHandler(() => {});
 * const halted = Promise.withResolvers<unknown>();
 * const previous = Application.setHalt((status, reason) => halted.resolve([status, reason]));
 * const brief = async () => {
 *   await Process.sleep(10);
 *   throw exit("boom");
 * };
 * const Brief = { start: () => ["ok", spawnLink(brief)] as const };
 * await Application.start({ name: "brief", mod: [Brief, []] }, "permanent");
 * assertEquals(await halted.promise, [1, ["application_terminated", "brief", "boom"]]);
 * Application.setHalt(previous);
 * Logger.setHandler(quiet);
 * ```
 */
export function setHalt(halt: Halt): Halt {
  return setHaltOf(halt);
}
