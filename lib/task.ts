/**
 * Task: a process that runs one function, usually to await its result.
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
 * **Why not a promise?** A promise is a result; a task is a process that computes one. It has a mailbox and a
 * dictionary, it can be linked, monitored, supervised and killed, and its failure does not go unnoticed:
 * - {@linkcode async} links the task and the process that calls it, its *owner*. If either fails, so does the
 *   other. To await a result that may fail, use `Task.Supervisor.asyncNolink`.
 * - `Task.await` also fails if the task does not return in time. `Task.yield` waits and can be repeated;
 *   {@linkcode shutdown} stops the task.
 * - {@linkcode asyncStream} maps a function over a collection, with a limited number of tasks at a time.
 * - {@linkcode start} and {@linkcode startLink} are for work whose result is not needed. Under a supervisor,
 *   use `[Task, fun]` as a child, or `Task.Supervisor.startChild`.
 *
 * **Messages.** The result arrives as the message `[task.ref, result]`; `task.ref` is also a monitor: a
 * `DOWN` message follows, or arrives instead. `await` and the other functions take them out of the mailbox. A
 * GenServer can handle them in `handleInfo`.
 *
 * Only the owner can wait for a task, and like every process it can wait in only one `receive` at a time:
 * `Promise.all` of several `Task.await` fails; use {@linkcode awaitMany}. A task is not a promise:
 * `await task` is the task itself.
 *
 * **`$callers`.** The dictionary of a task contains under this key the processes for which it works: its
 * owner, the owner's owner if that is a task, and so on. Under a supervisor, these differ from the
 * `$ancestors`.
 *
 * @module
 */

import { hasThen, thenError } from "./kernel/awaitable.ts";
import { fairly } from "./kernel/fair.ts";
import { checkOptions } from "./kernel/options.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { checkTimeout, DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import { exit } from "./kernel/exit.ts";
import { now } from "./kernel/clock.ts";
import type { Process } from "./kernel/process.ts";
import { isA, isTuple, itemOf, sizeOf } from "./kernel/reader.ts";
import { receiveMessage, TIMED_OUT } from "./kernel/receive.ts";
import { self } from "./kernel/self.ts";
import { deliver, demonitor, exitSignal, monitor, unlink } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { isPid, message, type Pid, Ref, type Term } from "./kernel/term.ts";
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

/** The name of this module where it is printed. */
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

// --- Results ------------------------------------------------------------------------------------

/** The result of a task, or its exit reason if it failed; `undefined` if there is no result yet. */
export type Outcome<Result> =
  | readonly ["ok", Result]
  | readonly ["exit", Term]
  | undefined;

/** The type of a task's result; for a union of tasks, of all their results. */
export type TaskResult<Given extends Task> = Given extends Task<infer Result> ? Result : never;

/** The results of a list of tasks. */
export type ResultsOf<Tasks extends readonly Task[]> = {
  -readonly [Index in keyof Tasks]: Awaited<TaskResult<Tasks[Index]>>;
};

/** The tasks of a list, each with its outcome. */
export type OutcomesOf<Tasks extends readonly Task[]> = {
  -readonly [Index in keyof Tasks]: readonly [
    Tasks[Index],
    Outcome<TaskResult<Tasks[Index]>>,
  ];
};

/** Options of {@linkcode yieldMany}. */
export interface YieldManyOptions {
  /** The timeout in milliseconds, for all tasks together. Default 5000, `Infinity` for no limit. */
  readonly timeout?: number | undefined;
  /** The number of tasks to wait for. Default: all. */
  readonly limit?: number | undefined;
  /**
   * What to do with the tasks that have not returned in time: nothing (`"nothing"`), let them continue and
   * discard their results (`"ignore"`), or kill them (`"kill_task"`). Default `"nothing"`.
   */
  readonly onTimeout?: "nothing" | "ignore" | "kill_task" | undefined;
}

// --- Starting -----------------------------------------------------------------------------------

/**
 * Starts a task whose result is to be awaited, and returns it at once. It runs `fun`, which may be async, in
 * a process that is linked to the calling one.
 *
 * Every such task must be awaited, because its result is sent as a message in any case. If the result is not
 * needed, use {@linkcode startLink}.
 *
 * If `fun` throws, the task exits with that reason, which is logged; because of the link the calling process
 * exits too, unless it traps exits. In the main process that is an uncaught error.
 *
 * @throws {TypeError} If `fun` is not a function.
 * @see Elixir `Task.async/1`
 *
 * @example Two concurrent tasks
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
 * @throws {TypeError} If the module has no function with that name.
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
 * Starts a process that runs `fun` for its side effects; the result is discarded. It is not linked. Returns
 * `["ok", pid]`, at once.
 *
 * To make such a process stop together with the rest of the program, start it under a `Task.Supervisor`.
 *
 * @throws {TypeError} If `fun` is not a function.
 * @see Elixir `Task.start/1`
 *
 * @example A process that sends a message
 * ```ts
 * import { receive, self, send, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const parent = self();
 * const [ok] = Task.start(() => send(parent, "done"));
 * assertEquals(ok, "ok");
 * assertEquals(await receive(), "done");
 * ```
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
 * Starts a process that runs `fun`, like {@linkcode start}, and links it to the calling process. Supervisors
 * start tasks with this function.
 *
 * @throws {TypeError} If `fun` is not a function.
 * @see Elixir `Task.start_link/1`
 *
 * @example A linked process that fails
 * ```ts
 * import { exit, Process, receive, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Process.flag("trap_exit", true);
 * const [, pid] = Task.startLink(() => {
 *   throw exit("shutdown");
 * });
 * assertEquals(await receive(), ["EXIT", pid, "shutdown"]);
 * ```
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
 * Returns a task that is already completed, with the given result. No process is started. It can be used like
 * any other task.
 *
 * @see Elixir `Task.completed/1`
 *
 * @example A task only for values that are not cached
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
 * Returns the child specification of a task that runs `fun`. So `[Task, fun]` is a child. It is not restarted
 * when it has exited: `restart` is `"temporary"`.
 *
 * @param overrides Fields to override: `id`, `restart`, `start`, …
 * @see Elixir `Task.child_spec/1`, `use Task`
 *
 * @example A module-based task
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
 * Waits for the result of a task, and resolves with it. A task of a union type,
 * `Task<number> | Task<string>`, has a result of either type.
 *
 * After a timeout the owner is expected to exit, and because of the link the task does, too. If the owner
 * continues, so does the task; its result is discarded. To wait again after a timeout, use `Task.yield`.
 *
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit.
 * @throws {Exit} `[why, ["Task", "await", [task, timeout]]]`, where `why` is `"timeout"`, the exit reason of
 * a task without a result, or `["nodedown", node]`. If the owner does not trap exits, it usually exits by the
 * link first.
 * @throws {TypeError} If the calling process is not the owner of the task, or is already waiting for messages.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.await/2`
 *
 * @example A result
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(() => 6 * 7);
 * assertEquals(await Task.await(task), 42);
 * ```
 */
function await_<Given extends Task>(
  task: Given,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Awaited<TaskResult<Given>>> {
  return fairly(async (): Promise<Awaited<TaskResult<Given>>> => {
    const process = ownerOf(task, "await a task");
    checkTimeout("await a task", timeout);
    const { ref } = task;
    const answer = await receiveMessage(process, (each) => isAnswer(each, ref), timeout);
    if (answer === TIMED_OUT || isReply(answer, ref)) forget(process, ref);
    if (isReply(answer, ref)) {
      if (hasThen(answer[1])) throw thenError("return a result that is");
      return answer[1] as Awaited<TaskResult<Given>>;
    }
    const why = answer === TIMED_OUT ? "timeout" : whyDown(answer as Down);
    throw exit([why, ["Task", "await", [task, timeout]]]);
  });
}
export { await_ as await };

/**
 * Waits for the results of several tasks, and resolves with all of them, in the order of the list.
 *
 * It fails when the first task fails, or after the timeout, like `Task.await`; the results of the other tasks
 * are discarded. Further messages with the same reference, and all other messages, stay in the mailbox.
 *
 * @param timeout In milliseconds, for all together. Default 5000, `Infinity` for no limit.
 * @throws {Exit} `[why, ["Task", "awaitMany", [tasks, timeout]]]`, `why` as for `Task.await`.
 * @throws {TypeError} If the calling process is not the owner of all tasks, or is already waiting for messages.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.await_many/2`
 *
 * @example Three results
 * ```ts
 * import { Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = [1, 2, 3].map((n) => Task.async(() => n * n));
 * assertEquals(await Task.awaitMany(tasks), [1, 4, 9]);
 * ```
 */
export function awaitMany<const Tasks extends readonly Task[]>(
  tasks: Tasks,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<ResultsOf<Tasks>> {
  return fairly(async () => {
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
  });
}

/**
 * Waits for the result of a task. Resolves with `["ok", result]`; with `["exit", reason]` if the task has
 * exited without a result; with `undefined` after a timeout, and then it can be called again. After
 * `["ok", result]` or `["exit", reason]` was returned, it resolves with `undefined`.
 *
 * Because of the link, a task that fails usually terminates its owner first. `["exit", reason]` is for owners
 * that trap exits, and for tasks without a link (`Task.Supervisor.asyncNolink`).
 *
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit, 0 to check without waiting.
 * @throws {Exit} `[["nodedown", node], ["Task", "yield", [task, timeout]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task, or is already waiting for messages.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see Elixir `Task.yield/2`
 *
 * @example A task that is stopped after a timeout
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(() => Process.sleep(Infinity));
 * const outcome = await Task.yield(task, 1) ?? await Task.shutdown(task);
 * assertEquals(outcome, undefined);
 * ```
 */
function yield_<Given extends Task>(
  task: Given,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<Outcome<TaskResult<Given>>> {
  return fairly(async () => {
    const process = ownerOf(task, "wait for a task");
    checkTimeout("wait for a task", timeout);
    const { ref } = task;
    const answer = await receiveMessage(process, (each) => isAnswer(each, ref), timeout);
    if (answer === TIMED_OUT) return undefined;
    return settle(process, task, answer as Answer, ["Task", "yield", [task, timeout]]);
  });
}
export { yield_ as yield };

/**
 * Waits for several tasks. Resolves with a pair `[task, outcome]` for each, in the order of the list, with
 * `outcome` as for `Task.yield`, when all tasks or `limit` of them have returned, or after the timeout.
 *
 * @param options The timeout in milliseconds, or all options.
 * @throws {Exit} `[["nodedown", node], ["Task", "yieldMany", [tasks, timeout]]]`.
 * @throws {TypeError} If the calling process is not the owner of all tasks, or is already waiting for
 * messages; if `onTimeout` is not one of its values.
 * @throws {RangeError} If `timeout` or `limit` is negative, fractional or not a number.
 * @see Elixir `Task.yield_many/2`
 *
 * @example The tasks that return within 50 ms
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = [Task.async(() => "quick"), Task.async(() => Process.sleep(Infinity))];
 * const outcomes = await Task.yieldMany(tasks, { timeout: 50, onTimeout: "kill_task" });
 * assertEquals(outcomes.map(([, outcome]) => outcome), [["ok", "quick"], undefined]);
 * ```
 */
export function yieldMany<const Tasks extends readonly Task[]>(
  tasks: Tasks,
  options: number | YieldManyOptions = {},
): Promise<OutcomesOf<Tasks>> {
  return fairly(async () => {
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
      if (answer !== undefined) {
        outcome = isAnyDown(answer) ? ["exit", answer[4]] : ["ok", answer[1]];
      } else if (isTimeUp && onTimeout === "ignore") outcome = ignore(task);
      else if (isTimeUp && onTimeout === "kill_task") outcome = await shutdown(task, "brutal_kill");
      outcomes.push([task, outcome]);
    }
    return outcomes as unknown as OutcomesOf<Tasks>;
  });
}

// --- Stopping -----------------------------------------------------------------------------------

/**
 * Stops a task, and resolves when it has exited: with `["ok", result]` if there was a result by then, with
 * `undefined` if it exited because of this; otherwise with `["exit", reason]`, where `reason` is
 * - its exit reason, if it had exited before and its owner has not been notified yet;
 * - `"noproc"` if the owner has been notified: the task was awaited, or had exited, before;
 * - `"killed"` if it did not exit in time.
 *
 * No message of the task is left in the mailbox, except a trapped `EXIT` that arrived before.
 *
 * @param how The time in milliseconds that the task has to exit after an exit signal `"shutdown"`, which
 * terminates it at once unless it traps exits. Then it is killed. Default 5000, `Infinity` for no limit;
 * `"brutal_kill"` kills it at once.
 * @throws {Exit} `[["nodedown", node], ["Task", "shutdown", [task, how]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task, or is already waiting for messages.
 * @throws {RangeError} If `how` is a negative number.
 * @see Elixir `Task.shutdown/2`
 *
 * @example Stopping a task
 * ```ts
 * import { Process, Task } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const task = Task.async(() => Process.sleep(Infinity));
 * assertEquals(await Task.shutdown(task), undefined);
 * assertEquals(Process.isAlive(task.pid!), false);
 * ```
 */
export function shutdown<Given extends Task>(
  task: Given,
  how: number | "brutal_kill" = DEFAULT_TIMEOUT_MS,
): Promise<Outcome<TaskResult<Given>>> {
  return fairly(async () => {
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
    // If the task had exited before, its monitor provides the reason, unless it was taken already.
    if ((down as Down)[4] === "noproc") down = take(process, (each) => isDown(each, ref)) ?? down;
    forget(process, ref);
    const reply = take(process, (message) => isReply(message, ref));
    if (reply !== undefined) return ["ok", (reply as Reply)[1] as TaskResult<Given>];
    const why = whyDown(down as Down);
    const reason = (down as Down)[4];
    if (why !== reason) throw exit([why, ["Task", "shutdown", [task, how]]]);
    return reason === (how === "brutal_kill" ? "killed" : "shutdown")
      ? undefined
      : ["exit", reason];
  });
}

function signal(process: Process, pid: Pid, reason: Term): void {
  exitSignal(process.pid, pid, reason);
}

/**
 * Unlinks a task and lets it continue; its result, or its failure, is discarded. Returns at once:
 * `["ok", result]` if there is a result, `["exit", reason]` if the task has exited without one, otherwise
 * `undefined`.
 *
 * @throws {Exit} `[["nodedown", node], ["Task", "ignore", [task]]]`.
 * @throws {TypeError} If the calling process is not the owner of the task.
 * @see Elixir `Task.ignore/1`
 *
 * @example A result that arrives later is discarded
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
 * Maps `fun` over a collection, each item in its own task, with a limited number of tasks at a time. Returns
 * an async iterable of `["ok", result]`, or `["exit", reason]` if a task failed; see below.
 *
 * The stream is lazy: nothing happens until it is iterated, and an item is taken from the collection only
 * when there is room for another task and a result is requested. The collection may be infinite, or async.
 * Each iteration starts from the beginning. Leaving the loop early stops the running tasks and closes the
 * collection; so does any failure.
 *
 * The tasks are linked to the process that iterates: if one fails, that process exits too, unless it traps
 * exits. (Or use `Task.Supervisor.asyncStreamNolink`.) The process gets no messages from the tasks.
 *
 * @param items An iterable or async iterable. Iterated by the process that iterates the result.
 * @param fun Called with an item. May be async.
 * @throws {TypeError} If `items` is neither, `fun` is not a function, or `onTimeout` is not one of its
 * values.
 * @throws {RangeError} If `maxConcurrency` is not a positive integer, or `timeout` is negative, fractional or
 * not a number.
 * @throws {Exit} While iterating: `["timeout", ["Task.Supervised", "stream", [timeout]]]` if a task takes too
 * long, unless `onTimeout` specifies otherwise. It also rejects with what the collection throws.
 * @see Elixir `Task.async_stream/3`
 *
 * @example Two tasks at a time
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
 * Maps a function of a module over a collection: it is called with the item, followed by `args`.
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

// --- Messages of tasks --------------------------------------------------------------------------

type Reply = readonly [ref: Ref, result: Term];
type Answer = Reply | Down;

function isReply(message: Term, ref: Ref): message is Reply {
  return isTuple(message, ref, 2);
}

function isAnswer(message: Term, ref: Ref): message is Answer {
  return isReply(message, ref) || isDown(message, ref);
}

function isAnyDown(answer: Answer): answer is Down {
  return answer.length === 5;
}

/** The exit reason in a `DOWN` message, as the functions of this module return it. */
function whyDown([, , , object, reason]: Down): Term {
  if (reason !== "noconnection") return reason;
  return ["nodedown", isPid(object) ? object.node : object[1]];
}

/** The outcome of a message. The task sends no other. */
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

/** Takes the first matching message out of the mailbox, if there is one. */
function take(process: Process, isWanted: (message: Term) => boolean): Term {
  let taken: Term;
  process.remove((message) => isWanted(message) && (taken = message, true));
  return taken;
}

interface Gathered {
  /** The messages that have arrived. */
  readonly answers: ReadonlyMap<Ref, Answer>;
  readonly isTimeUp: boolean;
}

/** Takes the messages of tasks as they arrive, until there are `limit`, or one for which `isLast` holds. */
async function gather(
  process: Process,
  tasks: readonly Task[],
  limit: number,
  timeout: number,
  isLast: (answer: Answer) => boolean,
): Promise<Gathered> {
  const wanted = new Set(tasks.map(({ ref }) => ref));
  const answers = new Map<Ref, Answer>();
  /** The tasks that have sent a result, and exited since, so that there is a `DOWN` message, too. */
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
    // Searching a long mailbox for each of them would be slow.
    if (open.delete(ref)) continue;
    answers.set(ref, answer);
    if (!isAnyDown(answer) && !demonitor(process, ref)) open.add(ref);
    if (isLast(answer)) break;
  }
  for (const ref of open) forget(process, ref);
  return { answers, isTimeUp };
}

/** The reference in a message, where results and `DOWN` messages have it. */
function refOf(message: Term): Ref | undefined {
  const isDown = sizeOf(message) === 5 && itemOf(message, 0) === "DOWN";
  if (!isDown && sizeOf(message) !== 2) return undefined;
  const ref = itemOf(message, isDown ? 1 : 0);
  return isA(ref, Ref) ? ref : undefined;
}

// --- Owners -------------------------------------------------------------------------------------

/** The running process. Throws if it is not the owner of `task`. */
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
