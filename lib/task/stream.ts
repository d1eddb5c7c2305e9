/**
 * Streams of tasks: a function is mapped over a collection, each item in a task of its own, so many at
 * once.
 *
 * Nothing happens before somebody iterates, and then only as much as is asked for: an item is taken from
 * the collection when a task may begin and whoever iterates waits for a result. That a task has ended is
 * noted at once, but it makes room for another only when its turn in the stream has come (with `ordered`:
 * when those before it are waited for). So a slow consumer slows the collection down.
 *
 * The tasks are linked to the process that iterates, and so end with it; of their own end it hears by no
 * message: that is kept here.
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
  /** The most tasks that run at once. Default: the number of processors that the host reports. */
  readonly maxConcurrency?: number | undefined;
  /**
   * Whether results come in the order of the items, so that one that is ready may have to wait for those
   * before it. Otherwise they come as they are ready. Default `true`.
   */
  readonly ordered?: boolean | undefined;
  /** Milliseconds that each task may take. Default 5000, `Infinity` for no limit. */
  readonly timeout?: number | undefined;
  /**
   * What to do when a task takes longer: fail the iteration (`"exit"`), or end that task only, whose
   * result is then `["exit", "timeout"]` (`"kill_task"`). Default `"exit"`.
   */
  readonly onTimeout?: "exit" | "kill_task" | undefined;
  /** Whether the result of a task that failed names its item: `["exit", [item, reason]]`. Default `false`. */
  readonly zipInputOnExit?: boolean | undefined;
}

/** What a stream may map over. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

/** What became of one item. `Reason` is the exit reason, or `[item, reason]` with `zipInputOnExit`. */
export type StreamResult<Value, Reason = Term> =
  | readonly ["ok", Value]
  | readonly ["exit", Reason];

/** What stands in the place of the reason, by the options of the stream. */
export type ReasonOf<Item, Options> = Options extends { readonly zipInputOnExit: true }
  ? readonly [item: Item, reason: Term]
  : Term;

/** Starts the process of a task of a stream, and tells the task its pid before it begins. */
export type StartTask = (task: StreamTask) => Awaitable<"ok" | "max_children">;

/** A function, or one of a module and its (further) arguments; and options. */
export type Mapping =
  | readonly [fun: unknown, options?: object | undefined]
  | readonly [module: unknown, name: unknown, args: unknown, options?: object | undefined];

/**
 * Takes a mapping apart.
 *
 * @throws {TypeError} If there is no such function.
 */
export function mappingOf<Options>(
  what: string,
  mapping: Mapping,
): { readonly call: Call; readonly options: Options } {
  // Options are no name.
  const [call, options] = typeof mapping[1] === "string"
    ? [callOf(what, [mapping[0], mapping[1], mapping[2]]), mapping[3]]
    : [callOf(what, [mapping[0]]), mapping[1]];
  return { call, options: (options ?? {}) as Options };
}

type Settings = {
  readonly [Option in keyof StreamOptions]-?: Exclude<StreamOptions[Option], undefined>;
};

/** Makes a stream. It begins anew whenever it is iterated. */
export function makeStream(
  items: Items<Term>,
  call: Call,
  options: StreamOptions,
  start: StartTask,
): AsyncIterable<StreamResult<Term>> {
  const settings = checkOptions(options);
  if (!isIterable(items)) {
    throw new TypeError(
      `Cannot make a stream of tasks: expected an iterable or async iterable, found ${
        inspect(items)
      }`,
    );
  }
  return { [Symbol.asyncIterator]: () => results(items, call, settings, start) };
}

function checkOptions(options: StreamOptions): Settings {
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

/** The results, one by one. When that ends, however it comes about, no task is left. */
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
  /** Results that wait for those before them, by the position of the item. */
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

/** Resolves when an item has come or a task has ended; never, if the owner has. */
async function change(owner: Process, input: Input, tasks: Tasks): Promise<void> {
  await new Promise<void>((resolve) => input.wake = tasks.wake = resolve);
  if (owner.isDead) await new Promise<never>(() => {});
}

// --- Its tasks ----------------------------------------------------------------------------------

const TOO_MANY_CHILDREN =
  "Cannot start a task of a stream: reached the maximum number of tasks for this task supervisor, " +
  "which is set by the option maxChildren of TaskSupervisor.startLink(). Set the maxConcurrency of " +
  "the stream to no more than that, and see what other tasks are started under the same supervisor";

/** One task of a stream. */
export class StreamTask {
  readonly #tasks: Tasks;
  /** Whom it is started for. */
  readonly origin: Origin;
  /** What it runs. */
  readonly call: Call;
  /** What it works on. */
  readonly item: Term;
  /** The place of the item in the collection. */
  readonly position: number;
  pid: Pid | undefined = undefined;
  timer: OwnedTimer | undefined = undefined;
  /** `["ok", value]` once it has responded. */
  result: StreamResult<Term> | undefined = undefined;
  isTimedOut = false;
  /** The reason it has ended with. */
  reason: Term = undefined;
  /** The task that has ended after it. */
  next: StreamTask | undefined = undefined;

  /** A task that is about to be started. */
  constructor(tasks: Tasks, origin: Origin, call: Call, item: Term, position: number) {
    this.#tasks = tasks;
    this.origin = origin;
    this.call = withArgument(call, item);
    this.item = item;
    this.position = position;
  }

  /** Takes the result. Called in the task. */
  readonly respond: Respond = (value) => {
    this.result = ["ok", message(value)];
  };

  /** Its process has been started. To be called before that has had a turn. */
  startedAs(pid: Pid): void {
    this.pid = pid;
    this.#tasks.add(this, pid);
  }
}

/** The tasks of a stream that run, and those that have ended and whose turn is yet to come. */
class Tasks {
  readonly #owner: Process;
  readonly #settings: Settings;
  readonly #running = new Set<StreamTask>();
  #firstEnded: StreamTask | undefined = undefined;
  #lastEnded: StreamTask | undefined = undefined;
  /** Called when a task has ended. */
  wake: () => void = () => {};

  constructor(owner: Process, settings: Settings) {
    this.#owner = owner;
    this.#settings = settings;
  }

  /** Enters a task whose process has been started. */
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

  /** Hears of an end before all others do, so that it need be heard of by no message. */
  #ended(task: StreamTask, reason: Term): void {
    if (!this.#running.delete(task)) return;
    task.reason = reason;
    task.timer?.cancel();
    // Who does not trap exits ends by the link.
    if (this.#owner.trapsExits) unlink(this.#owner, task.pid!);
    if (this.#lastEnded === undefined) this.#firstEnded = task;
    else this.#lastEnded.next = task;
    this.#lastEnded = task;
    this.wake();
  }

  /** Takes the task that has ended first. */
  takeEnded(): StreamTask | undefined {
    const task = this.#firstEnded;
    this.#firstEnded = task?.next;
    if (this.#firstEnded === undefined) this.#lastEnded = undefined;
    return task;
  }

  /**
   * What has become of a task that has ended.
   *
   * @throws {Exit} If its time was up, and that is to end the stream.
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
   * Settles as the start of a task does. If whoever was to start it has failed, so has the stream; one who
   * does not trap exits gets the very reason.
   */
  async orFail<T>(started: PromiseLike<T>): Promise<T> {
    try {
      return await started;
    } catch (thrown) {
      if (!isA(thrown, Exit) || !this.#owner.trapsExits) throw thrown;
      throw failed(thrown.reason, this.#settings.timeout);
    }
  }

  /** Ends all tasks that run. */
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

/** The failure of a whole stream. */
function failed(why: Term, timeout: number): Exit {
  return exit([why, ["Task.Supervised", "stream", [timeout]]]);
}

// --- Its input ----------------------------------------------------------------------------------

/** The collection that a stream maps over. */
class Input {
  readonly #iterator: Iterator<Term> | AsyncIterator<Term>;
  readonly #isAsync: boolean;
  /** Nothing more is to be taken. */
  isDone = false;
  /** The next item was asked for, and has not come yet. */
  #isAwaited = false;
  /** An item that has come and was not taken yet. */
  #arrived: { readonly value: Term } | undefined = undefined;
  #failure: { readonly thrown: unknown } | undefined = undefined;
  /** Called when an item has come, or will not. */
  wake: () => void = () => {};

  constructor(items: Items<Term>) {
    this.#isAsync = isAsyncIterable(items);
    this.#iterator = isAsyncIterable(items)
      ? items[Symbol.asyncIterator]()
      : items[Symbol.iterator]();
  }

  /**
   * Takes the next item, if it is there. If not, either there is none, or it will come later.
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

  /** Asks for the next item. A collection that throws is done. */
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

  /** Tells the collection that no more of it is wanted, unless it knows. */
  async close(isFailing: boolean): Promise<void> {
    if (this.isDone || this.#failure !== undefined) return;
    this.isDone = true;
    try {
      const closing: unknown = this.#iterator.return?.();
      if (!this.#isAsync) return;
      // An item that never comes must not keep whoever has enough.
      if (this.#isAwaited) Promise.resolve(closing).then(undefined, reportUnwanted);
      else await closing;
    } catch (thrown) {
      // As in a loop: the first failure counts.
      if (!isFailing) throw thrown;
    }
  }
}

/** Nobody waits for this any more. */
function reportUnwanted(thrown: unknown): void {
  report({ level: "error", kind: "uncaught", reason: reasonOf(thrown) });
}
