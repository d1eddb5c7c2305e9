/**
 * Task: a process that does one thing, and mostly one whose result is awaited.
 *
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(async () => {
 *   await Promise.resolve("work that takes its time");
 *   return 42;
 * });
 * assertEquals(await Task.await(task), 42);
 * ```
 *
 * **Why not a promise?** A promise is a result; a task is somebody who works on it. It has a mailbox and a
 * dictionary, it can be linked, monitored, supervised and killed, and its failure is nobody's secret:
 * - {@linkcode async} links the task and the process that calls it, its *owner*. If either fails, so does
 *   the other. To await a result that may fail, use `Task.Supervisor.asyncNolink`.
 * - `Task.await` fails the owner, too, when the task does not answer in time.
 *   `Task.yield` asks without obligation, {@linkcode shutdown} ends the task.
 * - {@linkcode asyncStream} maps a function over a collection, so many items at once.
 * - {@linkcode start} and {@linkcode startLink} are for work whose result nobody waits for. Under a
 *   supervisor, that is `[Task, fun]` for a child, or `Task.Supervisor.startChild`.
 *
 * **What arrives.** The result comes as the message `[task.ref, result]`, and `task.ref` is also a monitor:
 * a `DOWN` message follows, or comes instead. `await` and the others take these out of the mailbox. In a
 * GenServer they may as well be taken by `handleInfo`.
 *
 * Only the owner may wait for a task, and it waits for one thing at a time, as everybody does in `receive`:
 * `Promise.all` of several `Task.await` fails, {@linkcode awaitMany} is the way. A task itself is no
 * promise: `await task` is just the task.
 *
 * **`$callers`.** A task has under this key of its dictionary a list of who it works for: its owner, whom
 * that works for if it is a task, and so on. Under a supervisor, these are not the `$ancestors`.
 *
 * @module
 */

import { checkOptions } from "./kernel/options.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { checkTimeout, DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import { exit } from "./kernel/exit.ts";
import { now } from "./kernel/clock.ts";
import type { Process } from "./kernel/process.ts";
import { receiveMessage, TIMED_OUT } from "./kernel/receive.ts";
import { self } from "./kernel/self.ts";
import { deliver, demonitor, exitSignal, monitor, unlink } from "./kernel/signals.ts";
import { inspect, isPid, message, type Pid, Ref, type Term } from "./kernel/term.ts";
import type { InitialCall } from "./gen/initial_call.ts";
import {
  type ArgumentsOf,
  callOf,
  type Down,
  forget,
  type FunctionName,
  type FunctionOrCall,
  isDown,
  type ItemOf,
  originOf,
  reply,
  type RestOfArguments,
  type ResultOf,
  startResponding,
  startUnattended,
  Task,
} from "./task/process.ts";
import {
  type Items,
  makeStream,
  type Mapping,
  mappingOf,
  type ReasonOf,
  STREAM_OPTIONS,
  type StreamOptions,
  type StreamResult,
} from "./task/stream.ts";
import * as Self from "./task.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "Task";

export { Task };
export * as Supervisor from "./task/supervisor.ts";
export type {
  ArgumentsOf,
  FunctionName,
  InitialCall,
  ItemOf,
  Items,
  ReasonOf,
  RestOfArguments,
  ResultOf,
  StreamOptions,
  StreamResult,
};

// --- What comes of it ---------------------------------------------------------------------------

/** The result of a task, or the reason for which there is none; `undefined` if it is not there yet. */
export type Outcome<Result> =
  | readonly ["ok", Result]
  | readonly ["exit", Term]
  | undefined;

/** The type of a task's result; of a union of tasks, of all of their results. */
export type TaskResult<Given extends Task> = Given extends Task<infer Result> ? Result : never;

/** The results of a list of tasks. */
export type ResultsOf<Tasks extends readonly Task[]> = {
  -readonly [Index in keyof Tasks]: Awaited<TaskResult<Tasks[Index]>>;
};

/** The tasks of a list, each with what has become of it. */
export type OutcomesOf<Tasks extends readonly Task[]> = {
  -readonly [Index in keyof Tasks]: readonly [
    Tasks[Index],
    Outcome<TaskResult<Tasks[Index]>>,
  ];
};

/** What {@linkcode yieldMany} takes. */
export interface YieldManyOptions {
  /** Milliseconds to wait, for all together. Default 5000, `Infinity` for no limit. */
  readonly timeout?: number | undefined;
  /** How many tasks to wait for: it resolves when so many have ended. Default: all. */
  readonly limit?: number | undefined;
  /**
   * What to do when the time is up with the tasks that have not ended: leave them (`"nothing"`), leave them
   * and drop what they will answer (`"ignore"`), or kill them (`"kill_task"`). Default `"nothing"`.
   */
  readonly onTimeout?: "nothing" | "ignore" | "kill_task" | undefined;
}

// --- Starting -----------------------------------------------------------------------------------

/**
 * Starts a task whose result is to be awaited, and returns it at once. It runs `fun`, which may be async,
 * in a process that is linked to the calling one.
 *
 * Await every one of them: the message with the result comes in any case. If nobody wants the result,
 * {@linkcode startLink} is the function.
 *
 * If `fun` throws, the task ends with the reason for that, which is logged; and by the link so does the
 * calling process, unless that traps exits. In the main process that is an uncaught error.
 *
 * @throws {TypeError} If `fun` is no function.
 * @see Elixir `Task.async/1`
 *
 * @example Two at once
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const slow = Task.async(async () => {
 *   await Process.sleep(2);
 *   return "slow";
 * });
 * const quick = Task.async(() => "quick");
 * assertEquals(await Task.awaitMany([slow, quick]), ["slow", "quick"]);
 * ```
 */
export function async<Result>(fun: () => Result): Task<Awaited<Result>>;
/**
 * Starts a task that runs `module[name](...args)`.
 *
 * @throws {TypeError} If the module has no function of that name.
 * @see Elixir `Task.async/3`
 */
export function async<Module extends object, const Name extends FunctionName<Module>>(
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
): Task<ResultOf<Module, Name>>;
export function async(...what: FunctionOrCall): Task {
  const call = callOf("start a task", what);
  const owner = self();
  const origin = originOf(owner);
  const pid = startResponding(origin, call, (value) => reply(ref, value));
  const ref = monitor(owner, pid.process, pid, "DOWN", "demonitor");
  return new Task(pid, ref, owner.pid, call.mfa);
}

/**
 * Starts a process that runs `fun` for the sake of what that does: nobody gets its result. It is linked to
 * nobody. Returns `["ok", pid]`, at once.
 *
 * Such a process is on its own. One that should end with the program's other processes is better started
 * by a `Task.Supervisor`.
 *
 * @throws {TypeError} If `fun` is no function.
 * @see Elixir `Task.start/1`
 */
export function start(fun: () => unknown): readonly ["ok", Pid];
/** Starts a process that runs `module[name](...args)`. @see Elixir `Task.start/3` */
export function start<Module extends object, const Name extends FunctionName<Module>>(
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
): readonly ["ok", Pid];
export function start(...what: FunctionOrCall): readonly ["ok", Pid] {
  return startAlone(what, false);
}

/**
 * Starts a process that runs `fun`, as {@linkcode start} does, and links it to the calling one. A supervisor
 * starts tasks so.
 *
 * @throws {TypeError} If `fun` is no function.
 * @see Elixir `Task.start_link/1`
 */
export function startLink(fun: () => unknown): readonly ["ok", Pid];
/** Starts a linked process that runs `module[name](...args)`. @see Elixir `Task.start_link/3` */
export function startLink<Module extends object, const Name extends FunctionName<Module>>(
  module: Module,
  name: Name,
  args: ArgumentsOf<Module, Name>,
): readonly ["ok", Pid];
export function startLink(...what: FunctionOrCall): readonly ["ok", Pid] {
  return startAlone(what, true);
}

function startAlone(what: FunctionOrCall, link: boolean): readonly ["ok", Pid] {
  const call = callOf("start a task", what);
  return ["ok", startUnattended(originOf(self()), call, link)];
}

/**
 * Makes a task that has its result already: no process is needed for what is known. It goes wherever a
 * task goes.
 *
 * @see Elixir `Task.completed/1`
 *
 * @example
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const cache = new Map([["a", 1]]);
 * const lookUp = (key: string) => {
 *   const value = cache.get(key);
 *   return value === undefined ? Task.async(() => key.length) : Task.completed(value);
 * };
 * assertEquals(await Task.awaitMany([lookUp("a"), lookUp("other")]), [1, 5]);
 * ```
 */
export function completed<Result>(value: Result): Task<Result> {
  const owner = self();
  const ref = new Ref();
  deliver(owner, message([ref, value]));
  return new Task(undefined, ref, owner.pid, ["Task", "completed", 1]);
}

/**
 * The child specification of a task that runs `fun`, so that `[Task, fun]` is a child. It is not restarted
 * when it has ended: `restart` is `"temporary"`.
 *
 * @param overrides Fields that differ: `id`, `restart`, `start`, …
 * @see Elixir `Task.child_spec/1`, `use Task`
 *
 * @example A module of one's own that is a task
 * ```ts
 * import { type ChildSpec, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const WarmUp = {
 *   startLink: (url: string) => Task.startLink(WarmUp, "run", [url]),
 *   run: (url: string) => url.length,
 *   childSpec: (url: string): ChildSpec =>
 *     Task.childSpec(() => {}, { id: WarmUp, start: [WarmUp, "startLink", [url]] }),
 * };
 * assertEquals(WarmUp.childSpec("/"), {
 *   id: WarmUp,
 *   start: [WarmUp, "startLink", ["/"]],
 *   restart: "temporary",
 * });
 * ```
 */
export function childSpec(fun: () => unknown, overrides: ChildSpecOverrides = {}): ChildSpec {
  return withOverrides(
    { id: Self, start: [Self, "startLink", [fun]], restart: "temporary" },
    overrides,
  );
}

// --- Waiting ------------------------------------------------------------------------------------

/**
 * Waits for the result of a task, and resolves with it. A task of a union, `Task<number> | Task<string>`, has a
 * result of either type.
 *
 * When the time is up, the owner is meant to fail, and by the link the task with it. If it goes on all the
 * same, so does the task; its result is dropped then. To wait and see, use `Task.yield`.
 *
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit.
 * @throws {Exit} `[why, ["Task", "await", [task, timeout]]]`, where `why` is `"timeout"`, or the reason
 * that the task has ended with before it had a result, or `["nodedown", node]`. If the owner does not
 * trap exits, the link will mostly have ended it before.
 * @throws {TypeError} If the calling process is not the owner of the task, or waits for something already.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.await/2`
 */
async function await_<Given extends Task>(
  task: Given,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Awaited<TaskResult<Given>>> {
  const process = ownerOf(task, "await a task");
  checkTimeout("await a task", timeout);
  const { ref } = task;
  const answer = await receiveMessage(process, (each) => isAnswer(each, ref), timeout);
  if (answer === TIMED_OUT || isReply(answer, ref)) forget(process, ref);
  if (isReply(answer, ref)) return answer[1] as Awaited<TaskResult<Given>>;
  const why = answer === TIMED_OUT ? "timeout" : whyDown(answer as Down);
  throw exit([why, ["Task", "await", [task, timeout]]]);
}
export { await_ as await };

/**
 * Waits for the results of several tasks, and resolves with all of them, in the order of the list.
 *
 * The first task that fails, or the end of the time, is the end of it, as for `Task.await`; the results of
 * those that go on are dropped. Another that is sent under the same reference, as well as messages of
 * others, stay in the mailbox.
 *
 * @param timeout In milliseconds, for all together. Default 5000, `Infinity` for no limit.
 * @throws {Exit} `[why, ["Task", "awaitMany", [tasks, timeout]]]`, `why` as for `Task.await`.
 * @throws {TypeError} If the calling process is not the owner of all tasks, or waits for something already.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.await_many/2`
 *
 * @example
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = [1, 2, 3].map((n) => Task.async(() => n * n));
 * assertEquals(await Task.awaitMany(tasks), [1, 4, 9]);
 * ```
 */
export async function awaitMany<const Tasks extends readonly Task[]>(
  tasks: Tasks,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<ResultsOf<Tasks>> {
  const process = ownerOfAll(tasks, "await tasks");
  checkTimeout("await tasks", timeout);
  const { answers, isTimeUp } = await gather(process, tasks, Infinity, timeout, isAnyDown);
  const down = [...answers.values()].find(isAnyDown);
  if (down === undefined && !isTimeUp) {
    return tasks.map(({ ref }) => answers.get(ref)![1]) as ResultsOf<Tasks>;
  }
  for (const { ref } of tasks) if (!answers.has(ref)) forget(process, ref);
  const why = down === undefined ? "timeout" : whyDown(down);
  throw exit([why, ["Task", "awaitMany", [tasks, timeout]]]);
}

/**
 * Waits for the result of a task, and resolves with `["ok", result]`; with `["exit", reason]` if the task has
 * ended without one; with `undefined` if the time is up. Then it may be asked for again. Who has had one
 * of the others, gets `undefined` from then on.
 *
 * By the link, a task that fails mostly ends its owner before that can ask. `["exit", reason]` is for owners
 * that trap exits, and for tasks without a link (`Task.Supervisor.asyncNolink`).
 *
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit, 0 to only look.
 * @throws {Exit} `[["nodedown", node], ["Task", "yield", [task, timeout]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task, or waits for something already.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.yield/2`
 *
 * @example Give up after a while
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(() => Process.sleep(Infinity));
 * const outcome = await Task.yield(task, 1) ?? await Task.shutdown(task);
 * assertEquals(outcome, undefined);
 * ```
 */
async function yield_<Given extends Task>(
  task: Given,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Outcome<TaskResult<Given>>> {
  const process = ownerOf(task, "wait for a task");
  checkTimeout("wait for a task", timeout);
  const { ref } = task;
  const answer = await receiveMessage(process, (each) => isAnswer(each, ref), timeout);
  if (answer === TIMED_OUT) return undefined;
  return settle(process, task, answer as Answer, ["Task", "yield", [task, timeout]]);
}
export { yield_ as yield };

/**
 * Waits for several tasks, and resolves with a pair `[task, outcome]` for each, in the order of the list,
 * `outcome` as for `Task.yield`. That is when all have ended, or `limit` of them, or the time is up.
 *
 * @param options How long to wait in milliseconds, or all options.
 * @throws {Exit} `[["nodedown", node], ["Task", "yieldMany", [tasks, timeout]]]`.
 * @throws {TypeError} If the calling process is not the owner of all tasks, or waits for something already;
 * if `onTimeout` is none of its values.
 * @throws {RangeError} If `timeout` or `limit` is negative, fractional or not a number.
 * @see Elixir `Task.yield_many/2`
 *
 * @example Those that are ready within 50 ms
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = [Task.async(() => "quick"), Task.async(() => Process.sleep(Infinity))];
 * const outcomes = await Task.yieldMany(tasks, { timeout: 50, onTimeout: "kill_task" });
 * assertEquals(outcomes.map(([, outcome]) => outcome), [["ok", "quick"], undefined]);
 * ```
 */
export async function yieldMany<const Tasks extends readonly Task[]>(
  tasks: Tasks,
  options: number | YieldManyOptions = {},
): Promise<OutcomesOf<Tasks>> {
  const process = ownerOfAll(tasks, "wait for tasks");
  if (typeof options !== "number") {
    checkOptions("wait for tasks", options, ["timeout", "limit", "onTimeout"]);
  }
  const { timeout = DEFAULT_TIMEOUT_MS, limit = Infinity, onTimeout = "nothing" } =
    typeof options === "number" ? { timeout: options } : options;
  checkTimeout("wait for tasks", timeout);
  if (!(limit >= 0)) {
    throw new RangeError(
      `Cannot wait for tasks with this limit: expected a number from 0, found ${inspect(limit)}`,
    );
  }
  if (!["nothing", "ignore", "kill_task"].includes(onTimeout)) {
    throw new TypeError(
      'Cannot wait for tasks with this onTimeout: expected "nothing", "ignore" or "kill_task", ' +
        `found ${inspect(onTimeout)}`,
    );
  }
  const isLost = (answer: Answer) => isAnyDown(answer) && answer[4] === "noconnection";
  const { answers, isTimeUp } = await gather(process, tasks, limit, timeout, isLost);
  const lost = [...answers.values()].find(isLost);
  if (lost !== undefined) {
    throw exit([whyDown(lost as Down), ["Task", "yieldMany", [tasks, timeout]]]);
  }
  const outcomes: (readonly [Task, Outcome<Term>])[] = [];
  for (const task of tasks) {
    const answer = answers.get(task.ref);
    let outcome: Outcome<Term>;
    if (answer !== undefined) outcome = isAnyDown(answer) ? ["exit", answer[4]] : ["ok", answer[1]];
    else if (isTimeUp && onTimeout === "ignore") outcome = ignore(task);
    else if (isTimeUp && onTimeout === "kill_task") outcome = await shutdown(task, "brutal_kill");
    outcomes.push([task, outcome]);
  }
  return outcomes as unknown as OutcomesOf<Tasks>;
}

// --- Ending -------------------------------------------------------------------------------------

/**
 * Ends a task, and resolves when it has ended: with `["ok", result]` if it had a result by then, with
 * `undefined` if it has ended as it was told to; else with `["exit", reason]`, where `reason` is
 * - that which it had ended with before, if its owner has not heard of it yet;
 * - `"noproc"` if the owner has: the task had been awaited, or ended, before;
 * - `"killed"` if it was too slow to end by itself.
 *
 * Nothing of the task is left in the mailbox; only a trapped `EXIT` that had come before stays.
 *
 * @param how Milliseconds that the task has to end by itself, after an exit signal `"shutdown"`: one that
 * does not trap exits ends at once. Then it is killed. Default 5000, `Infinity` for no limit;
 * `"brutal_kill"` kills at once.
 * @throws {Exit} `[["nodedown", node], ["Task", "shutdown", [task, how]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task, or waits for something already.
 * @throws {RangeError} If `how` is a number and negative.
 * @see Elixir `Task.shutdown/2`
 */
export async function shutdown<Given extends Task>(
  task: Given,
  how: number | "brutal_kill" = DEFAULT_TIMEOUT_MS,
): Promise<Outcome<TaskResult<Given>>> {
  const process = ownerOf(task, "shut down a task");
  if (how !== "brutal_kill") checkTimeout("shut down a task", how);
  const { pid, ref } = task;
  if (pid === undefined) return ignore(task);
  const end = monitor(process, pid.process, pid);
  const isEnd = (message: Term) => isDown(message, end);
  unlink(process, pid);
  signal(process, pid, how === "brutal_kill" ? "kill" : "shutdown");
  let down = await receiveMessage(process, isEnd, how === "brutal_kill" ? Infinity : how);
  if (down === TIMED_OUT) {
    signal(process, pid, "kill");
    down = await receiveMessage(process, isEnd, Infinity);
  }
  // Of one that had ended before, the monitor of the task knows why, if it was not asked yet.
  if ((down as Down)[4] === "noproc") down = take(process, (each) => isDown(each, ref)) ?? down;
  forget(process, ref);
  const reply = take(process, (message) => isReply(message, ref));
  if (reply !== undefined) return ["ok", (reply as Reply)[1] as TaskResult<Given>];
  const why = whyDown(down as Down);
  const reason = (down as Down)[4];
  if (why !== reason) throw exit([why, ["Task", "shutdown", [task, how]]]);
  return reason === (how === "brutal_kill" ? "killed" : "shutdown") ? undefined : ["exit", reason];
}

function signal(process: Process, pid: Pid, reason: Term): void {
  exitSignal(process.pid, pid, reason);
}

/**
 * Lets a task go: it runs on without a link, and what it answers, or that it fails, is not heard of any
 * more. Returns at once: `["ok", result]` if the result was there, `["exit", reason]` if the task has
 * ended without one, else `undefined`.
 *
 * @throws {Exit} `[["nodedown", node], ["Task", "ignore", [task]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task.
 * @see Elixir `Task.ignore/1`
 *
 * @example
 * ```ts
 * import { flush, Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(() => Process.sleep(1));
 * assertEquals(Task.ignore(task), undefined);
 * await Process.sleep(5);
 * assertEquals(flush(), []);
 * ```
 */
export function ignore<Given extends Task>(task: Given): Outcome<TaskResult<Given>> {
  const process = ownerOf(task, "ignore a task");
  const { pid, ref } = task;
  const answer = take(process, (message) => isAnswer(message, ref)) as Answer | undefined;
  if (pid !== undefined && (answer === undefined || !isAnyDown(answer))) unlink(process, pid);
  if (answer !== undefined) return settle(process, task, answer, ["Task", "ignore", [task]]);
  forget(process, ref);
  return undefined;
}

// --- Streams ------------------------------------------------------------------------------------

/**
 * Maps `fun` over a collection, each item in a task of its own, several at once: an async iterable of
 * `["ok", result]`, or `["exit", reason]` where the task has failed, see below.
 *
 * It is lazy: nothing happens until somebody iterates, and then items are taken from the collection
 * only as there is room for another task and results are waited for. The collection may be endless, or
 * async itself. Each iteration begins anew. Leaving the loop early ends the tasks that run, and the
 * collection; so does any failure.
 *
 * The tasks are linked to the process that iterates: if one fails, that does too, unless it traps exits.
 * (Or use `Task.Supervisor.asyncStreamNolink`.) No message of the tasks reaches its mailbox.
 *
 * @param items An iterable or async iterable. Iterated by the process that iterates the result.
 * @param fun Gets an item. May be async.
 * @throws {TypeError} If `items` is neither, `fun` no function, or `onTimeout` none of its values.
 * @throws {RangeError} If `maxConcurrency` is no integer above zero, or `timeout` negative, fractional or not a number.
 * @throws {Exit} The iteration: `["timeout", ["Task.Supervised", "stream", [timeout]]]` if a task takes
 * too long, unless `onTimeout` says otherwise. It also rejects with what the collection throws.
 * @see Elixir `Task.async_stream/3`
 *
 * @example
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const lengths = Task.asyncStream(["a", "bb", "ccc"], async (text) => {
 *   await Promise.resolve("something slow");
 *   return text.length;
 * }, { maxConcurrency: 2 });
 *
 * const results = [];
 * for await (const [tag, length] of lengths) results.push([tag, length]);
 * assertEquals(results, [["ok", 1], ["ok", 2], ["ok", 3]]);
 * ```
 */
export function asyncStream<Item, Result, const Options extends StreamOptions = StreamOptions>(
  items: Items<Item>,
  fun: (item: Item) => Result,
  options?: Options,
): AsyncIterable<StreamResult<Awaited<Result>, ReasonOf<Item, Options>>>;
/**
 * Maps a function of a module over a collection: it is called with the item, and then `args`.
 *
 * @see Elixir `Task.async_stream/5`
 */
export function asyncStream<
  Module extends object,
  const Name extends FunctionName<Module>,
  const Options extends StreamOptions = StreamOptions,
>(
  items: Items<ItemOf<Module, Name>>,
  module: Module,
  name: Name,
  args: RestOfArguments<Module, Name>,
  options?: Options,
): AsyncIterable<StreamResult<ResultOf<Module, Name>, ReasonOf<ItemOf<Module, Name>, Options>>>;
export function asyncStream(
  items: Items<Term>,
  ...mapping: Mapping
): AsyncIterable<StreamResult<Term>> {
  const { call, options } = mappingOf<StreamOptions>("make a stream of tasks", mapping);
  checkOptions("make a stream of tasks", options, STREAM_OPTIONS);
  return makeStream(items, call, options, (task) => {
    task.startedAs(startResponding(task.origin, task.call, task.respond));
    return "ok";
  });
}

// --- Answers ------------------------------------------------------------------------------------

type Reply = readonly [ref: Ref, result: Term];
type Answer = Reply | Down;

function isReply(message: Term, ref: Ref): message is Reply {
  return Array.isArray(message) && message.length === 2 && message[0] === ref;
}

function isAnswer(message: Term, ref: Ref): message is Answer {
  return isReply(message, ref) || isDown(message, ref);
}

function isAnyDown(answer: Answer): answer is Down {
  return answer.length === 5;
}

/** What a task that has ended so is said to have ended with. */
function whyDown([, , , object, reason]: Down): Term {
  if (reason !== "noconnection") return reason;
  return ["nodedown", isPid(object) ? object.node : object[1]];
}

/** The outcome that an answer is. Of the task, nothing else is to come. */
function settle<Given extends Task>(
  process: Process,
  { ref }: Given,
  answer: Answer,
  where: Term,
): Outcome<TaskResult<Given>> {
  if (!isAnyDown(answer)) {
    forget(process, ref);
    return ["ok", answer[1] as TaskResult<Given>];
  }
  if (answer[4] === "noconnection") throw exit([whyDown(answer), where]);
  return ["exit", answer[4]];
}

/** Takes the first message that is wanted out of the mailbox, if it is there. */
function take(process: Process, isWanted: (message: Term) => boolean): Term {
  let taken: Term;
  process.remove((message) => isWanted(message) && (taken = message, true));
  return taken;
}

interface Gathered {
  /** The answers that have come. */
  readonly answers: ReadonlyMap<Ref, Answer>;
  readonly isTimeUp: boolean;
}

/** Takes the answers of tasks as they come, until there are `limit`, or one that is the last. */
async function gather(
  process: Process,
  tasks: readonly Task[],
  limit: number,
  timeout: number,
  isLast: (answer: Answer) => boolean,
): Promise<Gathered> {
  const wanted = new Set(tasks.map(({ ref }) => ref));
  const answers = new Map<Ref, Answer>();
  /** Tasks that have answered, and ended since, so that there is a message of that, too. */
  const open = new Set<Ref>();
  const accepts = (message: Term) => {
    const ref = refOf(message);
    return ref !== undefined && wanted.has(ref) &&
      (!answers.has(ref) || (open.has(ref) && isDown(message, ref)));
  };
  const enough = Math.min(limit, wanted.size);
  const until = now() + timeout;
  let isTimeUp = false;
  while (answers.size < enough) {
    const left = timeout === Infinity ? Infinity : Math.max(0, until - now());
    const message = await receiveMessage(process, accepts, left);
    if (message === TIMED_OUT) {
      isTimeUp = true;
      break;
    }
    const answer = message as Answer;
    const ref = refOf(answer)!;
    // To look for each of these in a mailbox full of answers would take long.
    if (open.delete(ref)) continue;
    answers.set(ref, answer);
    if (!isAnyDown(answer) && !demonitor(process, ref)) open.add(ref);
    if (isLast(answer)) break;
  }
  for (const ref of open) forget(process, ref);
  return { answers, isTimeUp };
}

/** The reference that a message has where an answer has it. */
function refOf(message: Term): Ref | undefined {
  if (!Array.isArray(message)) return undefined;
  const ref = message.length === 2
    ? message[0]
    : message.length === 5 && message[0] === "DOWN"
    ? message[1]
    : undefined;
  return ref instanceof Ref ? ref : undefined;
}

// --- Owners -------------------------------------------------------------------------------------

/** The running process, provided that it is the owner of `task`. */
function ownerOf(task: Task, what: string): Process {
  const process = self();
  if (!(task instanceof Task)) {
    throw new TypeError(`Cannot ${what}: expected a task, found ${inspect(task)}`);
  }
  if (task.owner === process.pid) return process;
  throw new TypeError(
    `Cannot ${what}: task ${inspect(task)} must be queried from the owner but was queried from ` +
      process.pid,
  );
}

function ownerOfAll(tasks: readonly Task[], what: string): Process {
  if (!Array.isArray(tasks)) {
    throw new TypeError(`Cannot ${what}: expected a list of tasks, found ${inspect(tasks)}`);
  }
  for (const task of tasks) ownerOf(task, what);
  return self();
}
