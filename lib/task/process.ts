/**
 * The process of a task, from its start to its reply: the common part of `Task`, `Task.Supervisor` and
 * their streams. Mirrors Elixir's `Task.Supervised`.
 *
 * A task that is started without a supervisor runs its function at once. A task that a supervisor
 * starts waits until its owner has linked and monitored it, and has sent it the function; it exits if
 * its owner exits before.
 *
 * @module
 */

import { exit, isOrderly, reasonOf } from "../kernel/exit.ts";
import { localNameOf } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { isA, isTuple, itemOf } from "../kernel/reader.ts";
import { receiveMessage, TIMED_OUT } from "../kernel/receive.ts";
import { report } from "../kernel/report.ts";
import { self } from "../kernel/self.ts";
import { deliver, demonitor, flushDown, monitor, sendToAlias } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { type Atom, message, type Pid, type Ref, type Term } from "../kernel/term.ts";
import { TermMap } from "../kernel/term_map.ts";
import type { InitialCall } from "../gen/initial_call.ts";
import type {
  AnyFunction,
  ArgumentsOf,
  FunctionName,
  ItemOf,
  RestOfArguments,
  ResultOf,
} from "../gen/mfa.ts";
import { spawnOpt } from "../proc_lib.ts";

/** How long a supervised task waits for the function to run. */
const BEGIN_TIMEOUT_MS = 5000;

// --- The task -----------------------------------------------------------------------------------

declare const result: unique symbol;

/**
 * A task that can be awaited; returned by `Task.async` and similar functions.
 *
 * The type parameter is the type of the result. Mirrors Elixir's `%Task{}`.
 */
// deno-lint-ignore no-explicit-any -- a task of unknown type can be used as any task
export class Task<Result = any> {
  /** Carries the type only: no task has this property. */
  declare readonly [result]?: Result;

  /** Its process; `undefined` if it has none, see `Task.completed`. */
  readonly pid: Pid | undefined;
  /** The reference of the message with its result, and of the monitor that its owner holds on it. */
  readonly ref: Ref;
  /** The process that started it, and may await it. */
  readonly owner: Pid;
  /** The function that it runs: `[module, name, arity]`, or `[function, "call", 0]`. */
  readonly mfa: InitialCall;

  /** Internal; construct one only in tests. */
  constructor(pid: Pid | undefined, ref: Ref, owner: Pid, mfa: InitialCall) {
    this.pid = pid;
    this.ref = ref;
    this.owner = owner;
    this.mfa = mfa;
  }
}

// --- The function to run ------------------------------------------------------------------------

export type { ArgumentsOf, FunctionName, ItemOf, RestOfArguments, ResultOf };

/** A function, or a module, a name and arguments. */
export type FunctionOrCall =
  | readonly [fun: unknown]
  | readonly [module: unknown, name: unknown, args: unknown];

/** The function that a task runs with its arguments, and how the task and its reports show it. */
export interface Call {
  readonly fun: AnyFunction;
  /** The value of `this`. */
  readonly module: unknown;
  readonly args: readonly Term[];
  readonly mfa: InitialCall;
}

/**
 * The call that a task is to run, as given by users.
 *
 * @throws {TypeError} If it is neither a function nor the function of a module and a list of arguments.
 */
export function callOf(what: string, given: FunctionOrCall): Call {
  const [fun, name, args] = given;
  if (given.length === 1 || name === undefined) {
    if (typeof fun === "function") {
      return { fun: fun as AnyFunction, module: undefined, args: [], mfa: [fun, "call", 0] };
    }
  } else if (
    typeof name === "string" && Array.isArray(args) && fun !== undefined && fun !== null
  ) {
    const found = (fun as Record<string, unknown>)[name];
    if (typeof found === "function") {
      return {
        fun: found as AnyFunction,
        module: fun,
        args: message(args),
        mfa: [fun, name, args.length],
      };
    }
  }
  throw new TypeError(
    `Cannot ${what}: expected a function, or a module, the name of one of its functions and a list ` +
      `of arguments, found ${given.map(inspect).join(", ")}`,
  );
}

/** The call with a first argument added. */
export function withArgument({ fun, module, args, mfa }: Call, argument: Term): Call {
  const [where, name, arity] = mfa;
  return { fun, module, args: [message(argument), ...args], mfa: [where, name, arity + 1] };
}

// --- Its owner ----------------------------------------------------------------------------------

/** The owner of a task, as the task sees it. */
export interface Origin {
  readonly owner: Pid;
  /** The owner's name, or its pid if it has none: for reports. */
  readonly startedFrom: Pid | Atom;
  /** The owner, the owner of that if it is a task, and so on: the task's `$callers`. */
  readonly callers: readonly Pid[];
}

/** The origin of a task that `process` starts. */
export function originOf(process: Process): Origin {
  const owner = process.pid;
  const callers = process.extras?.dictionary?.get("$callers");
  return {
    owner,
    startedFrom: localNameOf(owner) ?? owner,
    callers: Array.isArray(callers) ? [owner, ...callers] : [owner],
  };
}

/** Delivers the result of a task. Called in the task. */
export type Respond = (result: Term) => void;

/** Delivers the result to a task's owner: the message `[ref, result]`, as long as the owner monitors the task. */
export function reply(ref: Ref, result: Term): void {
  sendToAlias(ref, [ref, result]);
}

// --- Its process --------------------------------------------------------------------------------

/** Starts a process that runs `call`, and discards the result. */
export function startUnattended(origin: Origin, call: Call, link: boolean): Pid {
  return launch(call.mfa, link, () => run(origin, call));
}

/** Starts a linked process that runs `call` and responds. It starts to run in a later turn. */
export function startResponding(origin: Origin, call: Call, respond: Respond): Pid {
  return launch(call.mfa, true, () => runAndRespond(origin, call, respond));
}

function launch(mfa: InitialCall, link: boolean, body: () => unknown): Pid {
  const pid = spawnOpt(body, { link });
  // The initial call is the user's function, not the one that wraps it.
  pid.process!.server = mfa;
  return pid;
}

async function runAndRespond(origin: Origin, call: Call, respond: Respond): Promise<void> {
  const process = self();
  const result = await run(origin, call);
  if (!process.isDead) respond(result);
}

async function run(origin: Origin, { fun, module, args }: Call): Promise<Term> {
  const process = self();
  (process.more().dictionary ??= new TermMap()).set("$callers", origin.callers);
  try {
    return await fun.apply(module, args as Term[]);
  } catch (thrown) {
    // A task that was killed during an await reports nothing.
    if (!process.isDead) reportEnd(process, reasonOf(thrown), origin, fun, args);
    throw thrown;
  }
}

function reportEnd(
  process: Process,
  reason: Term,
  { startedFrom }: Origin,
  fun: AnyFunction,
  args: readonly Term[],
): void {
  if (isOrderly(reason)) return;
  const label = process.extras?.label;
  report({
    level: "error",
    kind: "task",
    pid: process.pid,
    reason,
    details: { startedFrom, function: fun, args, ...(label !== undefined && { label }) },
  });
}

// --- Under a supervisor -------------------------------------------------------------------------

/** The module whose function a supervisor starts tasks with. */
export const Supervised = {
  /**
   * Starts a task for a supervisor. With a call it runs that, and discards the result; otherwise it
   * waits for the {@linkcode begin} of its owner.
   */
  startLink(origin: Origin, call?: Call): readonly ["ok", Pid] {
    const pid = call === undefined
      ? launch([Supervised, "startLink", 1], true, () => waitAndRun(origin))
      : startUnattended(origin, call, true);
    return ["ok", pid];
  },
};

/** The message with the call that a supervised task is to run, and how to deliver the result. */
class Begin {
  constructor(readonly call: Call, readonly respond: Respond) {}
}

/** Lets a supervised task run that waits for its owner. */
export function begin(task: Process, call: Call, respond: Respond): void {
  deliver(task, new Begin(call, respond));
}

async function waitAndRun(origin: Origin): Promise<void> {
  const process = self();
  const { owner } = origin;
  const ref = monitor(process, owner.process, owner);
  const told = await receiveMessage(
    process,
    (message) => isA(message, Begin) || isDown(message, ref),
    BEGIN_TIMEOUT_MS,
  );
  if (told === TIMED_OUT) throw exit("timeout");
  if (!(told instanceof Begin)) throw exit(["shutdown", (told as Down)[4]]);
  forget(process, ref);
  process.server = told.call.mfa;
  await runAndRespond(origin, told.call, told.respond);
}

// --- Messages of monitors -----------------------------------------------------------------------

/** The message of a monitor. */
export type Down = readonly [
  tag: "DOWN",
  ref: Ref,
  type: "process",
  object: Pid | readonly [Atom, string],
  reason: Term,
];

/** Whether a message is that of the monitor `ref`. */
export function isDown(message: Term, ref: Ref): message is Down {
  return isTuple(message, "DOWN", 5) && itemOf(message, 1) === ref;
}

/** Removes a monitor, and its message if that has arrived. */
export function forget(process: Process, ref: Ref): void {
  if (!demonitor(process, ref)) flushDown(process, ref);
}
