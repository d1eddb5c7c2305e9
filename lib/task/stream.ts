/**
 * Streams of tasks: a function is mapped over a collection, each item in a task of its own, with a
 * limited number of tasks at a time. Used by `Task` and `Task.Supervisor`, which differ in how they
 * start a task.
 *
 * A stream is lazy: an item is taken from the collection only when a task may start and the consumer
 * waits for a result. The exit of a task is recorded at once, but the task counts against
 * `maxConcurrency` until the stream reaches it (with `ordered`: until the results before it are
 * requested). So a slow consumer exerts back-pressure on the collection.
 *
 * The tasks are linked to the process that iterates, and exit with it. It gets no message when a task
 * exits: the stream records that itself.
 *
 * @module
 */

import { checkTimeout, DEFAULT_TIMEOUT_MS } from "../gen/timeout.ts";
import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { Exit, exit, reasonOf } from "../kernel/exit.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { isA } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { runAs } from "../kernel/scheduler.ts";
import { self } from "../kernel/self.ts";
import { exitSignal, onExit, unlink } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { message, type Pid, type Term } from "../kernel/term.ts";
import { start as startTimer } from "../kernel/timers.ts";
import { type Call, callOf, type Origin, originOf, type Respond, withArgument } from "./process.ts";

/** Options of {@linkcode asyncStream}. */
export interface StreamOptions {
  /** The maximum number of tasks at a time. Default: the number of processors that the host reports. */
  readonly maxConcurrency?: number | undefined;
  /**
   * Whether results are returned in the order of the items, so that a result may have to wait for those
   * before it; otherwise in the order in which the tasks finish. Default `true`.
   */
  readonly ordered?: boolean | undefined;
  /** The time limit of each task, in milliseconds; `Infinity` for no limit. Default 5000. */
  readonly timeout?: number | undefined;
  /**
   * What to do when a task exceeds the timeout: `"exit"` fails the iteration; `"kill_task"` kills the
   * task, whose result is then `["exit", "timeout"]`. Default `"exit"`.
   */
  readonly onTimeout?: "exit" | "kill_task" | undefined;
  /** Whether the result of a failed task includes its item: `["exit", [item, reason]]`. Default `false`. */
  readonly zipInputOnExit?: boolean | undefined;
}

/** A collection that a stream maps over. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

/** The result for one item. `Reason` is the exit reason, or `[item, reason]` with `zipInputOnExit`. */
export type StreamResult<Value, Reason = Term> =
  | readonly ["ok", Value]
  | readonly ["exit", Reason];

/** The type of the reason of a failed task, by the options of the stream. */
export type ReasonOf<Item, Options> = Options extends { readonly zipInputOnExit: true }
  ? readonly [item: Item, reason: Term]
  : Term;

/** Starts the process of a task of a stream, and calls its `startedAs` before it runs. */
export type StartTask = (task: StreamTask) => Awaitable<"ok" | "max_children">;

/** A function, or a module, the name of a function and further arguments; and options. */
export type Mapping =
  | readonly [fun: unknown, options?: object | undefined]
  | readonly [module: unknown, name: unknown, args: unknown, options?: object | undefined];

/**
 * The call and the options of a mapping.
 *
 * @throws {TypeError} If there is no such function.
 */
export function mappingOf<Options>(
  what: string,
  mapping: Mapping,
): { readonly call: Call; readonly options: Options } {
  // A string is the name of a function; options are an object.
  const [call, options] = typeof mapping[1] === "string"
    ? [callOf(what, [mapping[0], mapping[1], mapping[2]]), mapping[3]]
    : [callOf(what, [mapping[0]]), mapping[1]];
  return { call, options: (options ?? {}) as Options };
}

type Settings = {
  readonly [Option in keyof StreamOptions]-?: Exclude<StreamOptions[Option], undefined>;
};

/** Creates a stream. Each iteration starts from the beginning. */
export function makeStream(
  items: Items<Term>,
  call: Call,
  options: StreamOptions,
  start: StartTask,
): AsyncIterable<StreamResult<Term>> {
  const settings = settingsOf(options);
  if (!isIterable(items)) {
    throw new TypeError(
      `Cannot make a stream of tasks: expected an iterable or async iterable, found ${
        inspect(items)
      }`,
    );
  }
  return { [Symbol.asyncIterator]: () => results(items, call, settings, start) };
}

/** The names of these options. */
export const STREAM_OPTIONS = [
  "maxConcurrency",
  "ordered",
  "timeout",
  "onTimeout",
  "zipInputOnExit",
] as const satisfies readonly (keyof StreamOptions)[];

function settingsOf(options: StreamOptions): Settings {
  const {
    maxConcurrency = globalThis.navigator?.hardwareConcurrency ?? 1,
    ordered = true,
    timeout = DEFAULT_TIMEOUT_MS,
    onTimeout = "exit",
    zipInputOnExit = false,
  } = options;
  if (!Number.isSafeInteger(maxConcurrency) || maxConcurrency < 1) {
    throw new RangeError(
      "Cannot make a stream of tasks with this maxConcurrency: expected an integer greater than " +
        `zero, found ${inspect(maxConcurrency)}`,
    );
  }
  if (onTimeout !== "exit" && onTimeout !== "kill_task") {
    throw new TypeError(
      'Cannot make a stream of tasks with this onTimeout: expected "exit" or "kill_task", found ' +
        inspect(onTimeout),
    );
  }
  checkTimeout("make a stream of tasks", timeout);
  return { maxConcurrency, ordered, timeout, onTimeout, zipInputOnExit };
}

function isIterable(items: unknown): items is Items<Term> {
  if (items === undefined || items === null) return false;
  return isAsyncIterable(items) || typeof (items as Iterable<Term>)[Symbol.iterator] === "function";
}

function isAsyncIterable(items: unknown): items is AsyncIterable<Term> {
  return typeof (items as AsyncIterable<Term>)[Symbol.asyncIterator] === "function";
}

// --- The stream ---------------------------------------------------------------------------------

/** Generates the results. However the iteration ends, no task is left running. */
async function* results(
  items: Items<Term>,
  call: Call,
  settings: Settings,
  start: StartTask,
): AsyncGenerator<StreamResult<Term>, void, unknown> {
  const owner = self();
  const origin = originOf(owner);
  const input = new Input(items);
  const tasks = new Tasks(owner, settings);
  /** Results that wait for earlier ones, by the position of the item. */
  const ready = new Map<number, StreamResult<Term>>();
  let free = settings.maxConcurrency;
  let [started, delivered] = [0, 0];
  let isFailing = false;
  try {
    for (;;) {
      for (let result; (result = ready.get(delivered)) !== undefined;) {
        ready.delete(delivered++);
        yield result;
      }
      if (input.isDone && delivered === started) return;
      if (free > 0 && !input.isDone) {
        const taken = input.take();
        if (taken !== undefined) {
          free--;
          const task = new StreamTask(tasks, origin, call, taken.value, started++);
          const answer = runAs(owner, () => start(task));
          const isRefused = (isThenable(answer) ? await tasks.orFail(answer) : answer) !== "ok";
          if (isRefused) throw new Error(TOO_MANY_CHILDREN);
        }
        if (taken !== undefined || input.isDone) continue;
      }
      const ended = tasks.takeEnded();
      if (ended === undefined) {
        await change(owner, input, tasks);
        continue;
      }
      free++;
      const result = tasks.resultOf(ended);
      if (settings.ordered) ready.set(ended.position, result);
      else {
        delivered++;
        yield result;
      }
    }
  } catch (thrown) {
    isFailing = true;
    throw thrown;
  } finally {
    tasks.close();
    await input.close(isFailing);
  }
}

/** Resolves when an item has arrived or a task has exited; never, if the owner has exited. */
async function change(owner: Process, input: Input, tasks: Tasks): Promise<void> {
  await new Promise<void>((resolve) => input.wake = tasks.wake = resolve);
  if (owner.isDead) await new Promise<never>(() => {});
}

// --- Its tasks ----------------------------------------------------------------------------------

const TOO_MANY_CHILDREN =
  "Cannot start a task of a stream: reached the maximum number of tasks for this task supervisor, " +
  "which is set by the option maxChildren of TaskSupervisor.startLink(). Set the maxConcurrency of " +
  "the stream to at most that number, less the other tasks of the same supervisor";

/** One task of a stream. */
export class StreamTask {
  readonly #tasks: Tasks;
  /** Its owner. */
  readonly origin: Origin;
  /** The call that it runs. */
  readonly call: Call;
  /** Its item, the first argument of the call. */
  readonly item: Term;
  /** The position of the item in the collection. */
  readonly position: number;
  pid: Pid | undefined = undefined;
  timer: OwnedTimer | undefined = undefined;
  /** `["ok", value]` once it has responded. */
  result: StreamResult<Term> | undefined = undefined;
  isTimedOut = false;
  /** Its exit reason. */
  reason: Term = undefined;
  /** The task that has exited after it: they form a queue. */
  next: StreamTask | undefined = undefined;

  /** A task that is not started yet. */
  constructor(tasks: Tasks, origin: Origin, call: Call, item: Term, position: number) {
    this.#tasks = tasks;
    this.origin = origin;
    this.call = withArgument(call, item);
    this.item = item;
    this.position = position;
  }

  /** Stores the result. Called in the task. */
  readonly respond: Respond = (value) => {
    this.result = ["ok", message(value)];
  };

  /** Its process has been started. Call this before the process has had a turn. */
  startedAs(pid: Pid): void {
    this.pid = pid;
    this.#tasks.add(this, pid);
  }
}

/** The running tasks of a stream, and the queue of those that have exited. */
class Tasks {
  readonly #owner: Process;
  readonly #settings: Settings;
  readonly #running = new Set<StreamTask>();
  #firstEnded: StreamTask | undefined = undefined;
  #lastEnded: StreamTask | undefined = undefined;
  /** Called when a task has exited. */
  wake: () => void = () => {};

  constructor(owner: Process, settings: Settings) {
    this.#owner = owner;
    this.#settings = settings;
  }

  /** Adds a task whose process has been started. */
  add(task: StreamTask, pid: Pid): void {
    this.#running.add(task);
    if (onExit(pid, (reason) => this.#ended(task, reason)) === undefined) {
      return this.#ended(task, "noproc");
    }
    const { timeout } = this.#settings;
    if (timeout === Infinity) return;
    task.timer = new OwnedTimer(this.#owner, () => {
      task.isTimedOut = true;
      this.#kill(pid);
    });
    startTimer(task.timer, timeout);
  }

  /** Exit hook of a task: it runs before links and monitors are notified, so that no message is needed. */
  #ended(task: StreamTask, reason: Term): void {
    if (!this.#running.delete(task)) return;
    task.reason = reason;
    task.timer?.cancel();
    // An owner that does not trap exits keeps the link, and exits with an abnormal reason.
    if (this.#owner.trapsExits) unlink(this.#owner, task.pid!);
    if (this.#lastEnded === undefined) this.#firstEnded = task;
    else this.#lastEnded.next = task;
    this.#lastEnded = task;
    this.wake();
  }

  /** Takes the task that has exited first. */
  takeEnded(): StreamTask | undefined {
    const task = this.#firstEnded;
    this.#firstEnded = task?.next;
    if (this.#firstEnded === undefined) this.#lastEnded = undefined;
    return task;
  }

  /**
   * The result of a task that has exited.
   *
   * @throws {Exit} If it exceeded the timeout, and `onTimeout` is `"exit"`.
   */
  resultOf(task: StreamTask): StreamResult<Term> {
    const { result, item } = task;
    const { onTimeout, timeout, zipInputOnExit } = this.#settings;
    if (result !== undefined) return result;
    if (task.isTimedOut && onTimeout === "exit") throw failed("timeout", timeout);
    const reason = task.isTimedOut ? "timeout" : task.reason;
    return ["exit", zipInputOnExit ? [item, reason] : reason];
  }

  /**
   * Settles as the start of a task does. If the supervisor that was to start it has failed, the stream
   * fails; an owner that does not trap exits gets the bare reason.
   */
  async orFail<T>(started: PromiseLike<T>): Promise<T> {
    try {
      return await started;
    } catch (thrown) {
      if (!isA(thrown, Exit) || !this.#owner.trapsExits) throw thrown;
      throw failed(thrown.reason, this.#settings.timeout);
    }
  }

  /** Kills all running tasks. */
  close(): void {
    const running = [...this.#running];
    this.#running.clear();
    for (const { pid, timer } of running) {
      timer?.cancel();
      this.#kill(pid!);
    }
  }

  #kill(pid: Pid): void {
    unlink(this.#owner, pid);
    exitSignal(this.#owner.pid, pid, "kill");
  }
}

/** The exception of a stream that fails. */
function failed(why: Term, timeout: number): Exit {
  return exit([why, ["Task.Supervised", "stream", [timeout]]]);
}

// --- Its input ----------------------------------------------------------------------------------

/** The collection that a stream maps over. */
class Input {
  readonly #iterator: Iterator<Term> | AsyncIterator<Term>;
  readonly #isAsync: boolean;
  /** Whether no item is left to take. */
  isDone = false;
  /** Whether the next item was requested, and has not arrived. */
  #isAwaited = false;
  /** An item that has arrived and was not taken. */
  #arrived: { readonly value: Term } | undefined = undefined;
  #failure: { readonly thrown: unknown } | undefined = undefined;
  /** Called when an item has arrived, or the collection is done or has failed. */
  wake: () => void = () => {};

  constructor(items: Items<Term>) {
    this.#isAsync = isAsyncIterable(items);
    this.#iterator = isAsyncIterable(items)
      ? items[Symbol.asyncIterator]()
      : items[Symbol.iterator]();
  }

  /**
   * Takes the next item, if it is available. If not, the collection is done, or the item arrives later.
   *
   * @throws What the collection throws, or rejects with.
   */
  take(): { readonly value: Term } | undefined {
    if (!this.#isAsync) return this.#sort(this.#next() as IteratorResult<Term>);
    const arrived = this.#arrived;
    if (arrived !== undefined) {
      this.#arrived = undefined;
      return arrived;
    }
    if (this.#failure !== undefined) throw this.#failure.thrown;
    if (!this.#isAwaited) this.#ask();
    return undefined;
  }

  /** Requests the next item. A collection that throws is done. */
  #next(): IteratorResult<Term> | PromiseLike<IteratorResult<Term>> {
    this.isDone = true;
    const next = this.#iterator.next();
    this.isDone = false;
    return next;
  }

  #sort(next: IteratorResult<Term>): { readonly value: Term } | undefined {
    if (next.done !== true) return { value: next.value };
    this.isDone = true;
    return undefined;
  }

  #ask(): void {
    const next = this.#next();
    this.#isAwaited = true;
    Promise.resolve(next).then((next) => {
      this.#isAwaited = false;
      this.#arrived = this.#sort(next);
      this.wake();
    }, (thrown) => {
      this.#isAwaited = false;
      if (this.isDone) return reportUnwanted(thrown);
      this.#failure = { thrown };
      this.wake();
    });
  }

  /** Closes the iterator of the collection, unless it is done. */
  async close(isFailing: boolean): Promise<void> {
    if (this.isDone || this.#failure !== undefined) return;
    this.isDone = true;
    try {
      const closing: unknown = this.#iterator.return?.();
      if (!this.#isAsync) return;
      // A pending item, which may never arrive, must not block the end of the iteration.
      if (this.#isAwaited) Promise.resolve(closing).then(undefined, reportUnwanted);
      else await closing;
    } catch (thrown) {
      // As in a for loop: the first exception is thrown.
      if (!isFailing) throw thrown;
    }
  }
}

/** Reports an exception that occurs after the iteration has ended. */
function reportUnwanted(thrown: unknown): void {
  report({ level: "error", kind: "uncaught", reason: reasonOf(thrown) });
}
