/**
 * Application: a supervision tree that is started and stopped as a unit, by name, with its dependencies
 * and its configuration.
 *
 * An application is described by a {@linkcode Specification}, which takes the place of OTP's `.app`
 * file. It lists the applications that must be started before, and the module that starts the
 * application's top process, usually a supervisor.
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
 * {@linkcode run} runs an application as a program: it keeps the host running, and stops the tree in an
 * orderly way on SIGINT and SIGTERM.
 *
 * **The master.** Each running application has a process that calls the module's callbacks; it is the
 * parent of the top process, and linked to it. The process that starts an application is not linked to
 * it.
 *
 * **When the top process exits**, the type of the application decides. `"temporary"`: the exit is
 * reported, and nothing else happens. `"transient"`: the same if the reason is `"normal"`. Otherwise,
 * and for a `"permanent"` application with any reason, all applications are stopped, in reverse order
 * of their start, and the program exits with status 1. See {@linkcode setHalt}.
 *
 * **In callbacks** all functions of this module can be called, also to start and stop other
 * applications; in `prepStop` and `stop`, too, where OTP's controller is busy and the caller hangs. A
 * callback that would wait for itself rejects with `["calling_self", …]`, where OTP hangs:
 * {@linkcode start} of the same application in `start` and `startPhase`, {@linkcode stop} of it in
 * `prepStop` and `stop`. As in OTP, an application is not started while its `start` runs, and cannot be
 * stopped from there.
 *
 * The controller and the masters are in `application/controller.ts`.
 *
 * @module
 */

import { fairly } from "./kernel/fair.ts";
import { isTimeout } from "./gen/timeout.ts";
import { checkOptions } from "./kernel/options.ts";
import {
  applicationOfModule,
  applicationOfProcess,
  environments,
  type Halt,
  haltSettled,
  isRunning,
  load as loadApplication,
  loaded,
  nameOf,
  persistent,
  type Result,
  running,
  setHalt as setHaltOf,
  setShutdownTimeout,
  start as startApplication,
  stop as stopApplication,
  stopAllAndHalt,
  type Type,
  unload as unloadApplication,
} from "./application/controller.ts";
import { formatError } from "./application/error.ts";
import {
  fieldNames,
  type Module,
  type Specification,
  type StartReturn,
} from "./application/specification.ts";
import { exitProgram, holdHost, onSignals, statusOf } from "./host/program.ts";
import { inspect } from "./kernel/inspect.ts";
import { type Atom, isPid, type Pid, type Term } from "./kernel/term.ts";
import { self, spawn } from "./process.ts";

/** What this module is called where it is printed. */
export const moduleName = "Application";

export { formatError };
export type { Halt, Module, Result, Specification, StartReturn, Type };

/** An application: the name of a loaded one, or a specification. */
export type Ref = string | Specification;

const TYPES: readonly Type[] = ["permanent", "transient", "temporary"];

function assertRef(application: unknown): asserts application is Ref {
  const name = (Object(application) as Partial<Specification>).name ?? application;
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(
    `Cannot use this as an application: expected a name or a specification, found ${
      inspect(application)
    }`,
  );
}

// --- Loading ------------------------------------------------------------------------------------

/**
 * Loads an application: from then on it can be referred to by its name, and its environment is set.
 *
 * Returns `"ok"`, or `["error", ["already_loaded", application]]`. For a name that is not loaded it returns
 * `["error", ["no such file or directory", "name.app"]]`, as no file is searched.
 *
 * @throws {TypeError} If `application` is neither a name nor a specification, as in all functions of
 * this module; or if the specification has an unknown field, or one that is not valid, as in all functions that
 * load applications. (OTP returns `badstartspec` for a wrong `mod`, and checks the other fields later or not at all.)
 * @see Elixir `Application.load/1`
 *
 * @example Loading and unloading
 * ```ts
 * import { Application } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const shop = { name: "shop", description: "sells apples", version: "1.0.0" };
 * assertEquals(Application.load(shop), "ok");
 * assertEquals(Application.ensureLoaded("shop"), "ok");
 * assertEquals(Application.spec("shop", "version"), "1.0.0");
 * assertEquals(Application.loadedApplications(), [["shop", "sells apples", "1.0.0"]]);
 * assertEquals(Application.unload("shop"), "ok");
 * assertEquals(Application.unload("shop"), ["error", ["not_loaded", "shop"]]);
 * ```
 */
export function load(application: Ref): Result {
  assertRef(application);
  if (typeof application !== "string") return loadApplication(application);
  if (loaded.has(application)) return ["error", ["already_loaded", application]];
  return ["error", ["no such file or directory", `${application}.app`]];
}

/**
 * Loads an application, and also returns `"ok"` if it is already loaded. Otherwise as {@linkcode load};
 * see its example.
 *
 * @see Elixir `Application.ensure_loaded/1`
 */
export function ensureLoaded(application: Ref): Result {
  assertRef(application);
  return loaded.has(nameOf(application)) ? "ok" : load(application);
}

/**
 * Unloads an application, and deletes its environment. Returns `"ok"`, `["error", ["not_loaded", name]]`, or
 * `["error", ["running", name]]` if it is running or being started. See the example of {@linkcode load}.
 *
 * The values that were put with `persistent` are set again when it is loaded again.
 *
 * @see Elixir `Application.unload/1`
 */
export function unload(application: Ref): Result {
  assertRef(application);
  return unloadApplication(nameOf(application));
}

// --- Starting and stopping ----------------------------------------------------------------------

/**
 * Starts an application. If it is given as a specification and is not loaded, it is loaded first.
 * Resolves with `"ok"` when its `start` callback has returned, or with `["error", reason]`, where
 * `reason` is
 * - `["already_started", name]`;
 * - `["not_started", dependency]`: see {@linkcode ensureAllStarted};
 * - `["no such file or directory", "name.app"]` if no application of that name is loaded;
 * - `["invalid_restart_type", type]`;
 * - `[reason, [module, "start", ["normal", args]]]` if the callback returned `["error", reason]`;
 * - `["bad_return", [[module, "start", ["normal", args]], value]]` if it returned or threw anything else, where
 *   `value` is `["EXIT", reason]` for an error or an exit; and likewise for `startPhase`.
 *
 * If the application is already being started, this waits for that start, and resolves with its result.
 *
 * @param type What happens when its top process exits, see the description of this module. Default
 * `"temporary"`.
 * @throws {Exit} `["calling_self", ["Application", "start", [name]]]` in the `start` or a `startPhase`
 * of the same application, as in all functions that start applications.
 * @see Elixir `Application.start/2`
 *
 * @example Starting and stopping
 * ```ts
 * import { Application, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Shop = { start: () => Supervisor.startLink([], { strategy: "one_for_one" }) };
 * assertEquals(await Application.start({ name: "shop", mod: [Shop, []] }), "ok");
 * assertEquals(await Application.start("shop"), ["error", ["already_started", "shop"]]);
 * assertEquals(await Application.ensureStarted("shop"), "ok");
 * assertEquals(Application.startedApplications(), [["shop", "", ""]]);
 * assertEquals(await Application.stop("shop"), "ok");
 * ```
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

/**
 * Starts an application, and also resolves with `"ok"` if it is already started. Otherwise as
 * {@linkcode start}; see its example.
 *
 * @see Elixir `Application.ensure_started/2`
 */
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
 * Starts applications, and before each its dependencies, unless they are running. One of its
 * `optionalApplications` is left out if it is neither loaded nor given as a specification. Resolves with
 * `["ok", names]`, the applications that were started, in that order. If one fails to start, those that
 * were started are stopped again, and it resolves with `["error", [name, reason]]`. They are stopped, too, when it
 * rejects.
 *
 * @param applications One application, or a list.
 * @param type The type of all that are started. Default `"temporary"`.
 * @see Elixir `Application.ensure_all_started/2`
 *
 * @example Starting an application with its dependencies
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
      visited.add(name); // so that circular dependencies fail with "not_started"
      const known = ensureLoaded(application);
      if (known !== "ok") return [name, known[1]];
      const { applications = [], optionalApplications = [] } = loaded.get(name)!;
      for (const needed of applications) {
        const isOptional = optionalApplications.includes(nameOf(needed));
        if (isOptional && typeof needed === "string" && !loaded.has(needed)) continue;
        const failure = await startWithNeeded(needed);
        if (failure !== undefined) return failure;
      }
      const result = await start(name, type);
      if (result === "ok") started.push(name);
      else if (!isAlreadyStarted(result, name)) return [name, result[1]];
      return undefined;
    };
    const stopStarted = async () => {
      for (const name of started.reverse()) await stopApplication(name);
    };
    try {
      for (const each of Array.isArray(applications) ? [...applications] : [applications as Ref]) {
        const failure = await startWithNeeded(each);
        if (failure === undefined) continue;
        await stopStarted();
        return ["error", failure];
      }
    } catch (error) {
      await stopStarted();
      throw error;
    }
    return ["ok", started];
  });
}

/**
 * Stops an application: calls `prepStop`, stops the top process with `"shutdown"`, and then calls
 * `stop`. Resolves with `"ok"` after that, or with `["error", ["not_started", name]]`, also while its
 * `start` or a `startPhase` is running. Its dependencies, and the applications that depend on it, are
 * not stopped. See the example of {@linkcode start}.
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

// --- Inspection ---------------------------------------------------------------------------------

/** A specification with all fields but `mod`, which is optional. */
export type FullSpecification =
  & Required<Omit<Specification, "mod">>
  & Pick<Specification, "mod">;

/**
 * Returns the specification of a loaded application, with all defaults, or one entry of it; `undefined`
 * if it is not loaded. See the example of {@linkcode load}.
 *
 * @throws {TypeError} If `key` is not a field of a {@linkcode Specification}.
 * @see Elixir `Application.spec/1,2`
 */
export function spec(application: Ref): FullSpecification | undefined;
/** Returns one entry of a specification. */
export function spec<Key extends keyof Specification>(
  application: Ref,
  key: Key,
): Specification[Key] | undefined;
export function spec(application: Ref, key?: keyof Specification): Term {
  assertRef(application);
  if (key !== undefined && !fieldNames.includes(key)) {
    throw new TypeError(
      `Cannot look up this field of an application: expected one of ${fieldNames.join(", ")}, ` +
        `found ${inspect(key)}`,
    );
  }
  const known = loaded.get(nameOf(application));
  if (known === undefined) return undefined;
  const full = {
    version: "",
    description: "",
    modules: [],
    registered: [],
    applications: [],
    optionalApplications: [],
    includedApplications: [],
    env: {},
    startPhases: [],
    ...known,
  };
  return key === undefined ? full : (full as Specification)[key];
}

/**
 * Returns the name of the application that a process or a module belongs to; `undefined` if there is none.
 *
 * A process belongs to the application whose master is its group leader, from the call of `start` until the
 * application stops: if nothing else was set by `Process.groupLeader`, the one whose master is nearest among its
 * ancestors. A module belongs to the loaded application that has it in `mod` or `modules`.
 *
 * @param of A process of this runtime, or a module. Default: the calling process.
 * @throws {TypeError} If `of` is neither.
 * @see OTP `application:get_application/0,1`. Elixir's `Application.get_application/1` takes a module.
 *
 * @example The application of a process
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
      `Cannot get the application: expected a pid or a module, found ${inspect(of)}`,
    );
  }
  if (!isPid(of)) return applicationOfModule(of);
  return of.process === null ? undefined : applicationOfProcess(of.process);
}

/** An application in a list. */
export type Info = readonly [name: string, description: string, version: string];

/**
 * Returns the running applications, the one that was started last first, as a new list. See the example of
 * {@linkcode start}.
 *
 * @see Elixir `Application.started_applications/0`
 */
export function startedApplications(): Info[] {
  return [...running.keys()].reverse().map((name) => infoOf(loaded.get(name)!));
}

/**
 * Returns the loaded applications, in the order in which they were loaded, as a new list. See the example of
 * {@linkcode load}.
 *
 * @see Elixir `Application.loaded_applications/0`
 */
export function loadedApplications(): Info[] {
  return [...loaded.values()].map(infoOf);
}

function infoOf({ name, description = "", version = "" }: Specification): Info {
  return [name, description, version];
}

// --- The environment ----------------------------------------------------------------------------

/**
 * Returns the value of a key in an application's environment, or `otherwise` if it is not set.
 *
 * @see Elixir `Application.get_env/3`
 *
 * @example Reading and changing an environment
 * ```ts
 * import { Application } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Application.putEnv("shop", "currency", "EUR");
 * assertEquals(Application.getEnv("shop", "currency"), "EUR");
 * assertEquals(Application.fetchEnv("shop", "currency"), ["ok", "EUR"]);
 * assertEquals(Application.fetchEnvOrThrow("shop", "currency"), "EUR");
 * assertEquals(Application.getAllEnv("shop"), [["currency", "EUR"]]);
 *
 * Application.deleteEnv("shop", "currency");
 * assertEquals(Application.getEnv("shop", "currency", "USD"), "USD");
 * assertEquals(Application.fetchEnv("shop", "currency"), "error");
 * ```
 */
export function getEnv(application: string, key: Atom, otherwise?: Term): Term {
  const environment = environments.get(application);
  return environment?.has(key) === true ? environment.get(key) : otherwise;
}

/**
 * Returns `["ok", value]` of a key in an application's environment, or `"error"` if it is not set. See
 * the example of {@linkcode getEnv}.
 *
 * @see Elixir `Application.fetch_env/2`
 */
export function fetchEnv(application: string, key: Atom): readonly ["ok", Term] | "error" {
  const environment = environments.get(application);
  return environment?.has(key) === true ? ["ok", environment.get(key)] : "error";
}

/**
 * Returns the value of a key in an application's environment. See the example of {@linkcode getEnv}.
 *
 * @throws {TypeError} If it is not set; the message says whether the application is not loaded, or the
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

/**
 * Returns all keys of an application's environment with their values, as a new list. See the example of
 * {@linkcode getEnv}.
 *
 * @see Elixir `Application.get_all_env/1`
 */
export function getAllEnv(application: string): (readonly [key: Atom, value: Term])[] {
  return [...environments.get(application) ?? []] as (readonly [Atom, Term])[];
}

/** Options of {@linkcode putEnv}, {@linkcode putAllEnv} and {@linkcode deleteEnv}. */
export interface EnvOptions {
  /**
   * Whether this also counts when the application is loaded later, and again and again after it was unloaded: its
   * own environment then does not replace the value. Default `false`.
   */
  readonly persistent?: boolean;
}

const ENV_OPTIONS = ["persistent"] as const satisfies readonly (keyof EnvOptions)[];

/**
 * Sets a key in the environment of an application, which need not be loaded. Returns `"ok"`. See the
 * example of {@linkcode getEnv}.
 *
 * @see Elixir `Application.put_env/4`
 */
export function putEnv(
  application: string,
  key: Atom,
  value: Term,
  options: EnvOptions = {},
): "ok" {
  checkOptions("set a key of an environment", options, ENV_OPTIONS);
  if (!environments.has(application)) environments.set(application, new Map());
  environments.get(application)!.set(key, value);
  if (options.persistent === true) {
    if (!persistent.has(application)) persistent.set(application, new Map());
    persistent.get(application)!.set(key, value);
  }
  return "ok";
}

/** Environments of several applications: an object of objects, or a list of pairs with lists of pairs. */
export type Environments =
  | Readonly<Record<string, Readonly<Record<string, Term>>>>
  | readonly (readonly [application: string, environment: readonly (readonly [Atom, Term])[]])[];

/**
 * Sets keys in the environments of several applications: all of them or, on an error, none. Returns `"ok"`.
 *
 * @throws {TypeError} If `config` is not an {@linkcode Environments}, or an application or a key occurs
 * twice.
 * @see Elixir `Application.put_all_env/2`
 *
 * @example Configuring several applications
 * ```ts
 * import { Application } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Application.putAllEnv({ shop: { currency: "EUR" }, web: { port: 8000 } });
 * assertEquals(Application.getEnv("web", "port"), 8000);
 * ```
 */
export function putAllEnv(config: Environments, options: EnvOptions = {}): "ok" {
  checkOptions("set environments", options, ENV_OPTIONS);
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

/**
 * Deletes a key from an application's environment, if it is set. Returns `"ok"`. See the example of
 * {@linkcode getEnv}. A persistent value is set again when the application is loaded again, unless it is deleted
 * with `persistent`.
 *
 * @see Elixir `Application.delete_env/3`
 */
export function deleteEnv(application: string, key: Atom, options: EnvOptions = {}): "ok" {
  environments.get(application)?.delete(key);
  if (options.persistent === true) persistent.get(application)?.delete(key);
  return "ok";
}

// --- Programs -----------------------------------------------------------------------------------

/** Options of {@linkcode run}. */
export interface RunOptions {
  /** The type of the applications that are started. Default `"permanent"`. */
  readonly type?: Type;
  /** The limit for the orderly stop, in milliseconds; `Infinity` for no limit. Default 30000. */
  readonly shutdownTimeout?: number;
}

/**
 * Runs an application as a program: starts it and its dependencies, and keeps the host running.
 * Resolves when the application has been stopped by {@linkcode stop}.
 *
 * SIGINT and SIGTERM stop all applications, the one that was started last first. Then the program exits
 * with status 0, or 1 if that took longer than `shutdownTimeout`. On a second signal it exits at once,
 * with status 130 or 143. When the top process of the application exits, the program exits with status
 * 1, see the description of this module.
 *
 * @throws {Error} If the application fails to start; those that were started are stopped again. If it is not
 * caught, the program exits with status 1.
 * @throws {RangeError} If `shutdownTimeout` is negative, has a fraction or is not a number.
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
    checkOptions("run an application", options, ["type", "shutdownTimeout"]);
    const { type = "permanent", shutdownTimeout = 30_000 } = options;
    assertRef(application);
    if (!isTimeout(shutdownTimeout)) {
      throw new RangeError(
        `Cannot run: expected a shutdownTimeout in whole milliseconds from 0, or Infinity, found ${
          inspect(shutdownTimeout)
        }`,
      );
    }
    const name = nameOf(application);
    setShutdownTimeout(shutdownTimeout);
    const release = holdHost();
    const ignoreSignals = onSignals(orderlyStop());
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
      // While applications are being stopped, keep handling signals and the host running: the program exits soon.
      await haltSettled();
      ignoreSignals();
      release();
    }
  });
}

function orderlyStop(): (signal: "SIGINT" | "SIGTERM") => void {
  let isStopping = false;
  return (signal) => {
    if (isStopping) return exitProgram(statusOf(signal));
    isStopping = true;
    stopAllAndHalt(spawn, 0); // in a new process: a signal listener runs in none
  };
}

/**
 * Sets the function that is called to exit the program, with the exit status and the reason
 * `["application_terminated", name, reason]` (`undefined` after a signal), and returns the previous
 * one. For tests, and for hosts that exit in a different way.
 *
 * @example Testing that a permanent application exits the program
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
