/**
 * TaskSupervisor, also known as `Task.Supervisor`: a supervisor for tasks, which are started and end one by
 * one.
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
 * A task that is started by whoever needs it has a place in the program only as long as that lives. One
 * that a supervisor starts is seen by tools, and ends in order when the program does, each within its
 * `shutdown`.
 *
 * **Which function?** {@linkcode asyncNolink} for work that may fail without harm to the process that waits
 * for it: a server, for instance. {@linkcode async} where failing is failing together.
 * {@linkcode startChild} where nobody waits. {@linkcode asyncStreamNolink} and {@linkcode asyncStream} for
 * many items at once.
 *
 * The supervisor is one process, and all of them ask it. If it becomes a bottleneck, have several, under a
 * `PartitionSupervisor`.
 *
 * @module
 */

import { fairly } from "../kernel/fair.ts";
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
import { inspect, isPid, type Pid, type Term } from "../kernel/term.ts";
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
import {
  type Items,
  makeStream,
  type Mapping,
  mappingOf,
  type ReasonOf,
  type StreamOptions as TaskStreamOptions,
  type StreamResult,
} from "./stream.ts";
import * as TaskSupervisor from "./supervisor.ts"; // __MODULE__

export type { StartChildResult, StartResult };

/** Options of {@linkcode startLink}. */
export interface StartOptions extends SupervisorStartOptions {
  /** The most tasks at a time. Default `Infinity`. */
  readonly maxChildren?: number | undefined;
  /**
   * The most restarts within `maxSeconds`; one more ends the supervisor. Default 3. Tasks are only
   * restarted if {@linkcode startChild} was told so.
   */
  readonly maxRestarts?: number | undefined;
  /** See `maxRestarts`; whole seconds, at least 1. Default 5. */
  readonly maxSeconds?: number | undefined;
}

/** Options of {@linkcode async} and {@linkcode asyncNolink}. */
export interface AsyncOptions {
  /**
   * How the supervisor stops the task when it ends itself: milliseconds that the task has after `"shutdown"`,
   * if it traps exits, or `"brutal_kill"`. Default 5000.
   */
  readonly shutdown?: Shutdown | undefined;
}

/** Options of {@linkcode startChild}. */
export interface StartChildOptions extends AsyncOptions {
  /** When to run the task once more: see `Supervisor`. Default `"temporary"`: never. */
  readonly restart?: Restart | undefined;
}

/** Options of {@linkcode asyncStream} and {@linkcode asyncStreamNolink}. */
export interface StreamOptions extends TaskStreamOptions {
  /** How the supervisor stops a task when it ends itself: milliseconds, or `"brutal_kill"`. Default 5000. */
  readonly shutdown?: number | "brutal_kill" | undefined;
}

const DEFAULT_SHUTDOWN_MS = 5000;

// --- The supervisor -----------------------------------------------------------------------------

/** What a supervisor of tasks is to a dynamic supervisor. */
const SUPERVISOR = {
  init: ({ maxChildren, maxRestarts, maxSeconds }: StartOptions) =>
    init({ maxChildren, maxRestarts, maxSeconds }),
};

/**
 * Starts a supervisor without tasks that is linked to the calling process.
 *
 * Resolves with `["ok", pid]`, or with `["error", reason]`, where `reason` is
 * - `["already_started", pid]` if the name is taken;
 * - `["supervisor_data", why]` if an option is wrong, as in `["invalid_max_children", value]`.
 *
 * Because of the link, a failed start also sends the caller an exit signal, which ends a process
 * that does not trap exits.
 *
 * Mostly such a supervisor is a child of another: `[Task.Supervisor, { name: "tasks" }]`.
 *
 * @param options How many tasks there may be, and how to start the supervisor: `name`, …
 * @throws {TypeError} If the name has none of the forms of a name.
 * @see Elixir `Task.Supervisor.start_link/1`
 */
export function startLink(options: StartOptions = {}): Promise<StartResult> {
  return startSupervisor(SUPERVISOR, options, options);
}

/**
 * The child specification of a supervisor of tasks that is started with `options`, so that
 * `[Task.Supervisor, { name: "tasks" }]` is a child, and `Task.Supervisor` one without options.
 *
 * Its id is its name: the atom, or the term of a `global` or `via` name. Without a name it is this
 * module, so that there can be one such child in a supervisor.
 *
 * @param options See {@linkcode startLink}. `[]` means none.
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

/** The tasks of a supervisor that run. @see Elixir `Task.Supervisor.children/1` */
export function children(supervisor: ServerRef): Promise<Pid[]> {
  return fairly(async () => {
    const infos = await whichChildren(supervisor);
    return infos.map(([, child]) => child).filter(isPid);
  });
}

/**
 * Stops a task, as its `shutdown` says. Resolves with `"ok"` when it has ended, and with
 * `["error", "not_found"]` if it is none of the supervisor.
 *
 * @throws {TypeError} If `pid` is no pid.
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
 * Starts a task whose result is to be awaited, under a supervisor; resolves with it. It runs `fun`, which
 * may be async, and is linked to the calling process, too. What is said of `Task.async` holds.
 *
 * @throws {Exit} `[why, ["GenServer", "call", [supervisor, request, Infinity]]]`, `why` as for
 * `GenServer.call`: `"noproc"` if there is no such supervisor. So for all functions that ask one.
 * @throws {Error} If the supervisor has as many tasks as it may have.
 * @throws {TypeError} If `fun` is no function, or `options.shutdown` none of its values.
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
 * Starts a task whose result is to be awaited, under a supervisor, and without a link to the calling
 * process: if it fails, whoever awaits it is told, and nobody else.
 *
 * In a server, do not await it: `handleInfo` gets `[task.ref, result]` and then
 * `["DOWN", task.ref, "process", pid, "normal"]`; or only `DOWN`, with the reason, if it fails.
 *
 * Throws what {@linkcode async} throws.
 *
 * @see Elixir `Task.Supervisor.async_nolink/3`
 *
 * @example A server that has its work done by a task, and answers when that is done
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
 *       return noreply({ ref }); // its end is yet to come
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
 * Starts a task under a supervisor for the sake of what it does: nobody gets its result. It is linked to
 * the supervisor only.
 *
 * Resolves with `["ok", pid]`, with `["error", "max_children"]` if the supervisor has as many tasks as it may
 * have, or with `["error", why]` if an option is wrong, as in `["invalid_shutdown", value]`.
 *
 * @throws {Exit} As {@linkcode async}.
 * @throws {TypeError} If `fun` is no function.
 * @see Elixir `Task.Supervisor.start_child/3`
 *
 * @example
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
    const args = [originOf(self()), call] as const;
    return await askFor(supervisor, args, options.restart, options.shutdown);
  });
}

// --- Streams ------------------------------------------------------------------------------------

/**
 * Maps `fun` over a collection, each item in a task of its own under a supervisor, several at once. What is
 * said of `Task.asyncStream` holds; the tasks are linked to the process that iterates, too.
 *
 * `maxConcurrency` should be no more than the supervisor's `maxChildren`, less the other tasks that it has.
 *
 * @param items An iterable or async iterable. Iterated by the process that iterates the result.
 * @param fun Gets an item. May be async.
 * @throws {TypeError} If `items` is neither, `fun` no function, or `onTimeout` or `shutdown` none of its
 * values.
 * @throws {RangeError} If `maxConcurrency` is no integer above zero, or `timeout` negative or not a number.
 * @throws {Exit} The iteration: as that of `Task.asyncStream`, and if there is no such supervisor, as
 * {@linkcode async}. For a process that traps exits the reason is then
 * `[reason, ["Task.Supervised", "stream", [timeout]]]`.
 * @throws {Error} The iteration: if the supervisor has as many tasks as it may have.
 * @see Elixir `Task.Supervisor.async_stream/4`
 */
export function asyncStream<Item, Result, const Options extends StreamOptions = StreamOptions>(
  supervisor: ServerRef,
  items: Items<Item>,
  fun: (item: Item) => Result,
  options?: Options,
): AsyncIterable<StreamResult<Awaited<Result>, ReasonOf<Item, Options>>>;
/**
 * Maps a function of a module over a collection: it is called with the item, and then `args`.
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
 * Maps `fun` over a collection as {@linkcode asyncStream} does, with tasks that are not linked to the process
 * that iterates: one that fails is a result `["exit", reason]`, and no more than that.
 *
 * Leaving the loop early ends them all the same.
 *
 * @see Elixir `Task.Supervisor.async_stream_nolink/4`
 *
 * @example
 * ```ts
 * import { exit, Logger, Task, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Logger.configure({ level: "none" }); // one of the tasks will crash
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
 * Maps a function of a module over a collection, without links: it is called with the item, and then `args`.
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
  const { shutdown = DEFAULT_SHUTDOWN_MS } = options;
  if (shutdown !== "brutal_kill" && !(Number.isSafeInteger(shutdown) && shutdown >= 0)) {
    throw new TypeError(
      "Cannot make a stream of tasks with this shutdown: expected whole milliseconds or " +
        `"brutal_kill", found ${inspect(shutdown)}`,
    );
  }
  return makeStream(items, call, options, async (task) => {
    const owner = self();
    const started = await startWaiting(supervisor, task.origin, shutdown);
    if (started === "max_children") return started;
    const { process } = started;
    // Of one that has ended already, who traps exits hears by the stream.
    if (isLinked && (process !== null || !owner.trapsExits)) link(owner, started);
    task.startedAs(started);
    if (process !== null) begin(process, task.call, task.respond);
    return "ok";
  });
}

// --- Asking the supervisor ----------------------------------------------------------------------

/** Has a task started that waits to be told what to run. */
async function startWaiting(
  supervisor: ServerRef,
  origin: Origin,
  shutdown: Shutdown | undefined,
): Promise<Pid | "max_children"> {
  const started = await askFor(supervisor, [origin], "temporary", shutdown);
  if (started[0] === "ok") return started[1] as Pid;
  if (started[1] === "max_children") return "max_children";
  throw new TypeError(`Cannot start a task: the supervisor answered ${inspect(started)}`);
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
