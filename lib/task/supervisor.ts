/**
 * TaskSupervisor, also exported as `Task.Supervisor`: a supervisor for tasks, which are started dynamically.
 *
 * ```ts
 * import { Supervisor, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const root = unwrap(
 *   await Supervisor.startLink([[Task.Supervisor, { name: "tasks" }]], { strategy: "one_for_one" }),
 * );
 * const task = await Task.Supervisor.async("tasks", () => 6 * 7);
 * assertEquals(await Task.await(task), 42);
 * await Supervisor.stop(root);
 * ```
 *
 * A supervised task is part of the supervision tree: tools show it, and it is stopped in an orderly
 * way, within its `shutdown`, when the program stops. A task that is started with `Task.async` is not.
 *
 * **Which function?** {@linkcode asyncNolink} if the task may fail without affecting the process that
 * waits for it, such as a server. {@linkcode async} if the process should fail with the task.
 * {@linkcode startChild} if no process waits for the result. {@linkcode asyncStreamNolink} and
 * {@linkcode asyncStream} for many items.
 *
 * The supervisor is one process, and starts all tasks. If it becomes a bottleneck, use several, under a
 * `PartitionSupervisor`.
 *
 * @module
 */

import { fairly, rejectFairly } from "../kernel/fair.ts";
import { checkOptions } from "../kernel/options.ts";
import { type ChildSpec, idFromName, type Restart, type Shutdown } from "../child_spec.ts";
import {
  init,
  startChild as startChildOf,
  type StartChildResult,
  startLink as startSupervisor,
  type StartOptions as SupervisorStartOptions,
  type StartResult,
  terminateChild as terminateChildOf,
  whichChildren,
} from "../dynamic_supervisor.ts";
import type { ServerRef } from "../kernel/names.ts";
import { self } from "../kernel/self.ts";
import { link, monitor } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { isPid, type Pid, type Term } from "../kernel/term.ts";
import { OwnModule } from "../supervisor/process.ts";
import {
  type ArgumentsOf,
  begin,
  type Call,
  type FunctionName,
  type ItemOf,
  type Origin,
  originOf,
  reply,
  type RestOfArguments,
  type ResultOf,
  Supervised,
  Task,
} from "./process.ts";
import { START_OPTIONS } from "../gen/start.ts";
import {
  type Items,
  makeStream,
  type Mapping,
  mappingOf,
  type ReasonOf,
  STREAM_OPTIONS,
  type StreamOptions as TaskStreamOptions,
  type StreamResult,
} from "./stream.ts";
import * as TaskSupervisor from "./supervisor.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "Task.Supervisor";

export type { StartChildResult, StartResult };

/** Options of {@linkcode startLink}. */
export interface StartOptions extends SupervisorStartOptions {
  /** The maximum number of tasks at a time. Default `Infinity`. */
  readonly maxChildren?: number | undefined;
  /**
   * The maximum number of restarts within `maxSeconds`; if it is exceeded, the supervisor exits.
   * Default 3. Only tasks of {@linkcode startChild} with the option `restart` are restarted.
   */
  readonly maxRestarts?: number | undefined;
  /** The time frame of `maxRestarts`, in whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
}

/** Options of {@linkcode async} and {@linkcode asyncNolink}. */
export interface AsyncOptions {
  /**
   * How the supervisor stops the task when it stops itself: the time, in milliseconds, that a task that
   * traps exits has to exit after `"shutdown"`, or `"brutal_kill"`. Default 5000.
   */
  readonly shutdown?: Shutdown | undefined;
}

/** Options of {@linkcode startChild}. */
export interface StartChildOptions extends AsyncOptions {
  /** When to restart the task, see `Supervisor`. Default `"temporary"`: never. */
  readonly restart?: Restart | undefined;
}

/** Options of {@linkcode asyncStream} and {@linkcode asyncStreamNolink}. */
export interface StreamOptions extends TaskStreamOptions {
  /** How the supervisor stops a task, see {@linkcode AsyncOptions}. Default 5000. */
  readonly shutdown?: number | "brutal_kill" | undefined;
}

const DEFAULT_SHUTDOWN_MS = 5000;

// --- The supervisor -----------------------------------------------------------------------------

/** The callback module of a task supervisor, which is a dynamic supervisor. */
const SUPERVISOR = new OwnModule(
  "Task.Supervisor",
  ({ maxChildren, maxRestarts, maxSeconds }: StartOptions) =>
    init({ maxChildren, maxRestarts, maxSeconds }),
);

/**
 * Starts a task supervisor that is linked to the calling process.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["already_started", pid]` if the name is taken;
 * - `["supervisor_data", why]` if an option is invalid, where `why` is for example `["invalid_max_children", value]`.
 *
 * Because of the link, a failed start also sends the caller an exit signal, and a caller that does not
 * trap exits exits, too.
 *
 * Usually it is started as the child of a supervisor: `[Task.Supervisor, { name: "tasks" }]`.
 *
 * @param options The limits of the supervisor, and how to start it: `name`, …
 * @throws {TypeError} If `options.name` is not a valid name.
 * @see Elixir `Task.Supervisor.start_link/1`
 *
 * @example A limited number of tasks
 * ```ts
 * import { type Pid, receive, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = unwrap(await Task.Supervisor.startLink({ maxChildren: 1 }));
 * const task = unwrap(await Task.Supervisor.startChild(tasks, () => receive()));
 * assertEquals(await Task.Supervisor.startChild(tasks, () => {}), ["error", "max_children"]);
 * assertEquals(await Task.Supervisor.children(tasks), [task]);
 * assertEquals(await Task.Supervisor.terminateChild(tasks, task as Pid), "ok");
 * ```
 */
export function startLink(options: StartOptions = {}): Promise<StartResult> {
  try {
    checkOptions("start a task supervisor", options, OPTIONS);
    const { name, timeout, debug, spawnOpt, hibernateAfter } = options;
    const startOptions = { name, timeout, debug, spawnOpt, hibernateAfter };
    return startSupervisor(SUPERVISOR, options, startOptions);
  } catch (error) {
    return rejectFairly(error);
  }
}

const OPTIONS = [
  "maxChildren",
  "maxRestarts",
  "maxSeconds",
  ...START_OPTIONS,
] as const satisfies readonly (keyof StartOptions)[];

/**
 * Returns the child specification of a task supervisor, so that `[Task.Supervisor, { name: "tasks" }]` and
 * `Task.Supervisor` can be children. See the example of this module.
 *
 * Its id is its name: the atom, or the term of a `global` or `via` name. Without a name it is this
 * module, so that a supervisor can have one such child.
 *
 * @param options See {@linkcode startLink}. `[]` means no options.
 * @see Elixir `Task.Supervisor.child_spec/1`
 */
export function childSpec(options: StartOptions | readonly [] = {}): ChildSpec {
  const given = Array.isArray(options) && options.length === 0 ? {} : options as StartOptions;
  return {
    id: idFromName(given.name, TaskSupervisor),
    start: [TaskSupervisor, "startLink", [given]],
    type: "supervisor",
  };
}

/**
 * Resolves with the pids of the running tasks of a supervisor. See the example of {@linkcode startLink}.
 *
 * @see Elixir `Task.Supervisor.children/1`
 */
export function children(supervisor: ServerRef): Promise<Pid[]> {
  return fairly(async () => {
    const infos = await whichChildren(supervisor);
    return infos.map(([, child]) => child).filter(isPid);
  });
}

/**
 * Stops a task, according to its `shutdown`. Resolves with `"ok"` when it has exited, or with
 * `["error", "not_found"]` if it is not a task of the supervisor. See the example of {@linkcode startLink}.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see Elixir `Task.Supervisor.terminate_child/2`
 */
export function terminateChild(
  supervisor: ServerRef,
  pid: Pid,
): Promise<"ok" | readonly ["error", "not_found"]> {
  return terminateChildOf(supervisor, pid);
}

// --- Starting tasks -----------------------------------------------------------------------------

/**
 * Starts a task that is awaited, under a supervisor, and resolves with it. The task runs `fun`, which
 * may be async, and is linked to the calling process. Otherwise as `Task.async`. See the example of
 * this module.
 *
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. The same for all functions that call a
 * supervisor.
 * @throws {Error} If the supervisor has reached its maximum number of tasks.
 * @throws {TypeError} If `fun` is not a function, or `options.shutdown` is invalid.
 * @see Elixir `Task.Supervisor.async/3`
 */
export function async<Result>(
  supervisor: ServerRef,
  fun: () => Result,
  options?: AsyncOptions,
): Promise<Task<Awaited<Result>>>;
/** Starts a task that runs `module[name](...args)`. @see Elixir `Task.Supervisor.async/5` */
export function async<Module extends object, const Name extends FunctionName<Module>>(
  supervisor: ServerRef,
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
  options?: AsyncOptions,
): Promise<Task<ResultOf<Module, Name>>>;
export function async(supervisor: ServerRef, ...what: Mapping): Promise<Task> {
  return fairly(() => startAwaited(supervisor, what, true));
}

/**
 * Starts a task that is awaited, under a supervisor, without a link to the calling process: if the task
 * fails, only its `await` fails. Otherwise as {@linkcode async}, also in the errors.
 *
 * In a server, do not await the task: `handleInfo` receives `[task.ref, result]` and then
 * `["DOWN", task.ref, "process", pid, "normal"]`, or, if the task fails, only `DOWN` with the reason.
 *
 * @see Elixir `Task.Supervisor.async_nolink/3`
 *
 * @example A server that replies when a task has finished
 * ```ts
 * import { GenServer, noreply, ok, type Ref, reply, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = unwrap(await Task.Supervisor.startLink());
 *
 * type State = { client?: GenServer.From; ref?: Ref };
 * const Lengths = {
 *   init: () => ok<State>({}),
 *   async handleCall(text: string, client: GenServer.From, state: State) {
 *     if (state.ref) return reply<unknown, State>("busy", state);
 *     const { ref } = await Task.Supervisor.asyncNolink(tasks, () => text.length);
 *     return noreply({ client, ref });
 *   },
 *   handleInfo([tag, value]: readonly unknown[], { client, ref }: State) {
 *     if (tag === ref) {
 *       GenServer.reply(client!, value);
 *       return noreply({ ref }); // its DOWN message is still to come
 *     }
 *     if (tag !== "DOWN" || value !== ref) return noreply({ client, ref });
 *     if (client) GenServer.reply(client, "failed");
 *     return noreply({});
 *   },
 * };
 * const server = unwrap(await GenServer.startLink(Lengths));
 * assertEquals(await GenServer.call(server, "four"), 4);
 * ```
 */
export function asyncNolink<Result>(
  supervisor: ServerRef,
  fun: () => Result,
  options?: AsyncOptions,
): Promise<Task<Awaited<Result>>>;
/**
 * Starts a task that runs `module[name](...args)`, without a link.
 *
 * @see Elixir `Task.Supervisor.async_nolink/5`
 */
export function asyncNolink<Module extends object, const Name extends FunctionName<Module>>(
  supervisor: ServerRef,
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
  options?: AsyncOptions,
): Promise<Task<ResultOf<Module, Name>>>;
export function asyncNolink(supervisor: ServerRef, ...what: Mapping): Promise<Task> {
  return fairly(() => startAwaited(supervisor, what, false));
}

async function startAwaited(
  supervisor: ServerRef,
  what: Mapping,
  isLinked: boolean,
): Promise<Task> {
  const owner = self();
  const { call, options } = mappingOf<AsyncOptions>("start a task", what);
  checkOptions("start a task", options, ["shutdown"]);
  const started = await startWaiting(supervisor, originOf(owner), options.shutdown);
  if (started === "max_children") throw new Error(TOO_MANY_CHILDREN);
  if (isLinked) link(owner, started);
  const { process } = started;
  const ref = monitor(owner, process, started, "DOWN", "demonitor");
  if (process !== null) begin(process, call, (value) => reply(ref, value));
  return new Task(started, ref, owner.pid, call.mfa);
}

const TOO_MANY_CHILDREN =
  "Cannot start a task: reached the maximum number of tasks for this task supervisor, which is set " +
  "by the option maxChildren of TaskSupervisor.startLink()";

/**
 * Starts a task under a supervisor for its side effects; the result is discarded. It is linked to the
 * supervisor only.
 *
 * Resolves with `["ok", pid]`; with `["error", "max_children"]` if the supervisor has reached its
 * maximum number of tasks; or with `["error", why]` if an option is invalid, where `why` is for example
 * `["invalid_shutdown", value]`.
 *
 * @throws {Exit} As {@linkcode async}.
 * @throws {TypeError} If `fun` is not a function.
 * @see Elixir `Task.Supervisor.start_child/3`
 *
 * @example A task without a result
 * ```ts
 * import { receive, self, send, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = unwrap(await Task.Supervisor.startLink());
 * const me = self();
 * unwrap(await Task.Supervisor.startChild(tasks, () => send(me, "done")));
 * assertEquals(await receive(), "done");
 * ```
 */
export function startChild(
  supervisor: ServerRef,
  fun: () => unknown,
  options?: StartChildOptions,
): Promise<StartChildResult>;
/** Starts a task that runs `module[name](...args)`. @see Elixir `Task.Supervisor.start_child/5` */
export function startChild<Module extends object, const Name extends FunctionName<Module>>(
  supervisor: ServerRef,
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
  options?: StartChildOptions,
): Promise<StartChildResult>;
export function startChild(
  supervisor: ServerRef,
  ...what: Mapping
): Promise<StartChildResult> {
  return fairly(async () => {
    const { call, options } = mappingOf<StartChildOptions>("start a task", what);
    checkOptions("start a task", options, ["restart", "shutdown"]);
    const args = [originOf(self()), call] as const;
    return await askFor(supervisor, args, options.restart, options.shutdown);
  });
}

// --- Streams ------------------------------------------------------------------------------------

/**
 * Maps `fun` over a collection, each item in a task of its own under a supervisor, several at a time.
 * The tasks are also linked to the process that iterates. Otherwise as `Task.asyncStream`.
 *
 * `maxConcurrency` should be at most the `maxChildren` of the supervisor, less its other tasks.
 *
 * @param items An iterable or async iterable. It is iterated by the process that iterates the result.
 * @param fun Called with each item. May be async.
 * @throws {TypeError} If `items` is not iterable, `fun` is not a function, or `onTimeout` or `shutdown`
 * is invalid.
 * @throws {RangeError} If `maxConcurrency` is not a positive integer, or `timeout` is negative, fractional or not a
 * number.
 * @throws {Exit} On iteration: as `Task.asyncStream`, and if there is no such supervisor, as
 * {@linkcode async}; for a process that traps exits, the reason is then
 * `[reason, ["Task.Supervised", "stream", [timeout]]]`.
 * @throws {Error} On iteration: if the supervisor has reached its maximum number of tasks.
 * @see Elixir `Task.Supervisor.async_stream/4`
 *
 * @example Mapping a list
 * ```ts
 * import { Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = unwrap(await Task.Supervisor.startLink());
 * const doubles = Task.Supervisor.asyncStream(tasks, [1, 2, 3], (n) => n * 2);
 * assertEquals(await Array.fromAsync(doubles), [["ok", 2], ["ok", 4], ["ok", 6]]);
 * ```
 */
export function asyncStream<Item, Result, const Options extends StreamOptions = StreamOptions>(
  supervisor: ServerRef,
  items: Items<Item>,
  fun: (item: Item) => Result,
  options?: Options,
): AsyncIterable<StreamResult<Awaited<Result>, ReasonOf<Item, Options>>>;
/**
 * Maps a function of a module over a collection: it is called with the item, followed by `args`.
 *
 * @see Elixir `Task.Supervisor.async_stream/6`
 */
export function asyncStream<
  Module extends object,
  const Name extends FunctionName<Module>,
  const Options extends StreamOptions = StreamOptions,
>(
  supervisor: ServerRef,
  items: Items<ItemOf<Module, Name>>,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  options?: Options,
): AsyncIterable<StreamResult<ResultOf<Module, Name>, ReasonOf<ItemOf<Module, Name>, Options>>>;
export function asyncStream(
  supervisor: ServerRef,
  items: Items<Term>,
  ...mapping: Mapping
): AsyncIterable<StreamResult<Term>> {
  return makeSupervisedStream(supervisor, items, mapping, true);
}

/**
 * As {@linkcode asyncStream}, with tasks that are not linked to the process that iterates: a task that
 * fails only yields a result `["exit", reason]`.
 *
 * When the iteration is left early, the running tasks are killed nevertheless.
 *
 * @see Elixir `Task.Supervisor.async_stream_nolink/4`
 *
 * @example Results of tasks that fail
 * ```ts
 * import { exit, Logger, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Logger.configure({ level: "none" }); // one of the tasks crashes
 * const tasks = unwrap(await Task.Supervisor.startLink());
 * const halves = Task.Supervisor.asyncStreamNolink(tasks, [2, 3, 4], (n) => {
 *   if (n % 2 === 1) throw exit("odd");
 *   return n / 2;
 * });
 * assertEquals(await Array.fromAsync(halves), [["ok", 1], ["exit", "odd"], ["ok", 2]]);
 * ```
 */
export function asyncStreamNolink<
  Item,
  Result,
  const Options extends StreamOptions = StreamOptions,
>(
  supervisor: ServerRef,
  items: Items<Item>,
  fun: (item: Item) => Result,
  options?: Options,
): AsyncIterable<StreamResult<Awaited<Result>, ReasonOf<Item, Options>>>;
/**
 * Maps a function of a module over a collection, without links: it is called with the item, followed by
 * `args`.
 *
 * @see Elixir `Task.Supervisor.async_stream_nolink/6`
 */
export function asyncStreamNolink<
  Module extends object,
  const Name extends FunctionName<Module>,
  const Options extends StreamOptions = StreamOptions,
>(
  supervisor: ServerRef,
  items: Items<ItemOf<Module, Name>>,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  options?: Options,
): AsyncIterable<StreamResult<ResultOf<Module, Name>, ReasonOf<ItemOf<Module, Name>, Options>>>;
export function asyncStreamNolink(
  supervisor: ServerRef,
  items: Items<Term>,
  ...mapping: Mapping
): AsyncIterable<StreamResult<Term>> {
  return makeSupervisedStream(supervisor, items, mapping, false);
}

function makeSupervisedStream(
  supervisor: ServerRef,
  items: Items<Term>,
  mapping: Mapping,
  isLinked: boolean,
): AsyncIterable<StreamResult<Term>> {
  const { call, options } = mappingOf<StreamOptions>("make a stream of tasks", mapping);
  checkOptions("make a stream of tasks", options, [...STREAM_OPTIONS, "shutdown"]);
  const { shutdown = DEFAULT_SHUTDOWN_MS } = options;
  if (shutdown !== "brutal_kill" && !(Number.isSafeInteger(shutdown) && shutdown >= 0)) {
    throw new TypeError(
      "Cannot make a stream of tasks with this shutdown: expected an integer in milliseconds or " +
        `"brutal_kill", found ${inspect(shutdown)}`,
    );
  }
  return makeStream(items, call, options, async (task) => {
    const owner = self();
    const started = await startWaiting(supervisor, task.origin, shutdown);
    if (started === "max_children") return started;
    const { process } = started;
    // If the task has already exited, an owner that traps exits is not linked: the stream yields the result.
    if (isLinked && (process !== null || !owner.trapsExits)) link(owner, started);
    task.startedAs(started);
    if (process !== null) begin(process, task.call, task.respond);
    return "ok";
  });
}

// --- Calls to the supervisor --------------------------------------------------------------------

/** Starts a task that waits for the {@linkcode begin} of its owner. */
async function startWaiting(
  supervisor: ServerRef,
  origin: Origin,
  shutdown: Shutdown | undefined,
): Promise<Pid | "max_children"> {
  const started = await askFor(supervisor, [origin], "temporary", shutdown);
  if (started[0] === "ok") return started[1] as Pid;
  if (started[1] === "max_children") return "max_children";
  throw new TypeError(`Cannot start a task: the supervisor returned ${inspect(started)}`);
}

function askFor(
  supervisor: ServerRef,
  args: readonly [origin: Origin, call?: Call],
  restart: Restart = "temporary",
  shutdown: Shutdown = DEFAULT_SHUTDOWN_MS,
): Promise<StartChildResult> {
  const start = [Supervised, "startLink", args] as const;
  return startChildOf(supervisor, { id: Supervised, start, restart, shutdown });
}
