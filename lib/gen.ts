/**
 * What all behaviours share, as OTP's `gen`, `proc_lib` and `sys` do: starting under a name with a
 * synchronous `init`, the loop that takes messages, system messages, idle timeouts, the way out.
 *
 * A behaviour is a subclass of {@linkcode Gen}; one instance serves all processes of one callback
 * module. What a process needs beyond its state lies in {@linkcode Attributes}, made on first use,
 * so that an ordinary server has no object of its own.
 *
 * @module
 */

import { type CallKind, type From, PendingCall } from "./kernel/calls.ts";
import { isThenable } from "./kernel/coroutine.ts";
import { exit, isOrderly, reasonOf } from "./kernel/exit.ts";
import { storage } from "./kernel/host.ts";
import { type Kind, PLAIN, takenKind, takenPayload, toMessage } from "./kernel/mailbox.ts";
import { REGISTRY_TIMEOUT_MS, TOO_LATE, withLimit } from "./kernel/lookup.ts";
import { type Address, addressOf, type Awaitable, localNameOf, type Name } from "./kernel/names.ts";
import {
  type Behaviour,
  BUSY,
  DEAD,
  HAS_PARENT,
  HIBERNATING,
  OwnedTimer,
  Process,
  STARTING,
  SUSPENDED,
  TRAP_EXIT,
} from "./kernel/process.ts";
import { searchNew } from "./kernel/receive.ts";
import { report } from "./kernel/report.ts";
import {
  contextOf,
  current,
  schedule,
  spend,
  suspendUntil,
  TURN_MESSAGES,
} from "./kernel/scheduler.ts";
import { self } from "./kernel/self.ts";
import {
  deliver,
  demonitor,
  flushDown,
  link,
  monitor,
  sendToAlias,
  terminate,
  unlink,
} from "./kernel/signals.ts";
import { inspect, isPid, type Pid, Ref, type Term } from "./kernel/term.ts";
import { MAX_DELAY_MS, stage } from "./kernel/timers.ts";
import { Debug, type DebugOption } from "./debug.ts";

/** Options of all `start` functions. */
export interface StartOptions {
  /**
   * The name to register the process under before its `init` runs: an atom, `["global", term]` or
   * `["via", registry, term]`. None by default; `undefined` and `null` mean none.
   */
  readonly name?: Name | null | undefined;
  /**
   * Milliseconds that the start may take, registration included; then the process is killed and
   * the result is `["error", "timeout"]`. Default `Infinity`.
   */
  readonly timeout?: number | undefined;
  /** Debug functions to start with, as if installed by `Sys`: `["trace", "log", "statistics"]`. */
  readonly debug?: readonly DebugOption[] | undefined;
  /** Options for the spawn. They are kept for `Process.info`, and change nothing here. */
  readonly spawnOpt?: Readonly<Record<string, Term>> | undefined;
  /** Milliseconds without a message after which the process hibernates. Default `Infinity`. */
  readonly hibernateAfter?: number | undefined;
}

/** What a `start` function resolves with. */
export type StartResult<Module = unknown> =
  | readonly ["ok", Pid<Module>]
  | readonly ["error", Term]
  | "ignore";

/** What `startMonitor` resolves with. */
export type StartMonitorResult<Module = unknown> =
  | readonly ["ok", readonly [Pid<Module>, Ref]]
  | readonly ["error", Term]
  | "ignore";

/** How a process is tied to the one that starts it. */
export type StartMode = "nolink" | "link" | "monitor";

/** What a server has beside its state, if it has anything. */
export class Attributes {
  /** The name it was started under, as it was given. */
  name: Term = undefined;
  /** Milliseconds of the idle timeout that is set; `undefined` if none is. */
  idleTimeout: number | undefined = undefined;
  idleTimer: OwnedTimer | null = null;
  /** The idle time is up, and nothing has come in between. */
  isIdleTimeUp = false;
  /** Installed debug functions, if there are any. */
  debug: Debug | null = null;
}

/** The attributes of a server, made if need be. */
export function attributesOf(process: Process): Attributes {
  return (process.server ??= new Attributes()) as Attributes;
}

/** What a start asks for: the request of the call that waits for `init`. */
interface Starting {
  readonly argument: Term;
  readonly address: Address | null;
  isRegistered: boolean;
}

/** A start is a call whose failure is a result. */
const START: CallKind = {
  describe: () => "start",
  ended: (start, reason) => start.reply(["error", reason]),
  timedOut: (start) => {
    unlink(start.target, start.caller.pid);
    start.reply(["error", "timeout"]);
    terminate(start.target, "killed");
  },
};

/** Starts a server and resolves when its `init` is done. */
export function start(
  behaviour: Gen,
  argument: Term,
  options: StartOptions,
  mode: StartMode,
): Promise<Term> {
  const parent = self();
  const { name, timeout = Infinity, debug, spawnOpt, hibernateAfter } = options;
  const address = name === undefined || name === null ? null : addressOf(name);
  checkTimeout("start", timeout);
  if (hibernateAfter !== undefined) checkTimeout("hibernate", hibernateAfter);
  const flags = mode === "link" ? STARTING | HAS_PARENT : STARTING;
  const process = new Process(behaviour, null, parent, flags);
  const starting: Starting = { argument, address, isRegistered: false };
  const start = new PendingCall(parent, process, name, starting, timeout, START);
  process.state = start;
  if (address !== null) attributesOf(process).name = name;
  if (debug !== undefined && debug.length > 0) attributesOf(process).debug = new Debug(debug);
  if (spawnOpt !== undefined) process.more().options = spawnOpt;
  stage(start, timeout);
  schedule(process);
  if (mode === "link") link(parent, process.pid);
  if (mode !== "monitor") return start.promise;
  const ref = monitor(parent, process, process.pid);
  return start.promise.then((result) => withMonitor(parent, result, ref));
}

function withMonitor(parent: Process, result: Term, ref: Ref): Term {
  if (Array.isArray(result) && result[0] === "ok") return ["ok", [result[1], ref]];
  if (!demonitor(parent, ref)) flushDown(parent, ref);
  return result;
}

/** Checks a time limit. @throws {RangeError} If it is negative or no number. */
export function checkTimeout(what: string, timeout: unknown): void {
  if (
    typeof timeout === "number" && timeout >= 0 && (timeout <= MAX_DELAY_MS || timeout === Infinity)
  ) return;
  throw new RangeError(
    `Cannot ${what} with this timeout: expected milliseconds from 0 to ${MAX_DELAY_MS}, or ` +
      `Infinity, found ${inspect(timeout)}`,
  );
}

/** The base of all behaviours. See the module's document. */
export abstract class Gen implements Behaviour {
  /** The callback module, as it was given. */
  readonly module: object;
  /** What OTP calls the behaviour: `"gen_server"`, … */
  abstract readonly kind: string;

  constructor(module: object) {
    this.module = module;
  }

  /** Runs the `init` of the callback module. What it returns goes to `started`. */
  protected abstract init(process: Process, argument: Term): unknown;

  /**
   * Takes what `init` returned, and gives the start its result: by `ready`, or by one of the
   * `refuse` functions.
   */
  protected abstract started(process: Process, outcome: unknown): void;

  /** Handles one message that is no system message. */
  protected abstract handle(process: Process, kind: Kind, payload: Term): void;

  /** Runs the `terminate` of the callback module, if it has one. */
  protected abstract runTerminate(process: Process, reason: Term): unknown;

  /** The idle time that a callback asked for is up. */
  protected abstract handleIdleTimeout(process: Process): void;

  /** The state as `Sys.getState` shows it. */
  getState(process: Process): Term {
    return process.state;
  }

  /** Installs what {@linkcode getState} would then show. */
  replaceState(process: Process, state: Term): void {
    process.state = state;
  }

  /** The state as reports and `Sys.getStatus` show it. */
  formatState(process: Process): Term {
    return this.getState(process);
  }

  /** The message as reports show it. */
  formatMessage(message: Term): Term {
    return message;
  }

  /** Converts the state for a new version of the callback module. */
  changeCode(_process: Process, _oldVersion: Term, _extra: Term): Awaitable<Term> {
    return "ok";
  }

  describe(process: Process): { initialCall: Term; currentFunction: Term } {
    const hibernates = (process.flags & HIBERNATING) !== 0;
    return {
      initialCall: [this.module, "init", 1],
      currentFunction: hibernates ? ["erlang", "hibernate", 3] : [this.kind, "loop", 7],
    };
  }

  // --- The loop ---------------------------------------------------------------------------------

  turn(process: Process): boolean {
    if (process.wait !== null) {
      searchNew(process);
      return false;
    }
    if ((process.flags & STARTING) !== 0) {
      this.#begin(process);
    } else {
      let handled = 0;
      while (handled < TURN_MESSAGES && this.#handleNext(process)) handled++;
      spend(process, handled);
    }
    return (process.flags & (BUSY | DEAD)) === 0 &&
      ((process.flags & SUSPENDED) !== 0 ? !process.hasNothingNew : !process.isEmpty);
  }

  /** Handles one message, and tells whether there was one to handle. */
  #handleNext(process: Process): boolean {
    if ((process.flags & (BUSY | DEAD | SUSPENDED | HIBERNATING)) !== 0) {
      if ((process.flags & (BUSY | DEAD)) !== 0) return false;
      if ((process.flags & SUSPENDED) !== 0) return this.#handleNextSystemMessage(process);
    }
    if (process.isEmpty) return this.#handleIdle(process);
    process.flags &= ~HIBERNATING;
    process.shift();
    const kind = takenKind;
    const payload = takenPayload;
    if (process.server !== null) clearIdleTimer(process.server as Attributes);
    if (kind === PLAIN && Array.isArray(payload) && this.#handleSpecial(process, payload)) {
      return true;
    }
    if (process.server !== null) this.#handleWithAttributes(process, kind, payload);
    else this.handle(process, kind, payload);
    return true;
  }

  #handleWithAttributes(process: Process, kind: Kind, payload: Term): void {
    const attributes = process.server as Attributes;
    attributes.idleTimeout = undefined;
    attributes.debug?.event(process, ["in", toMessage(kind, payload)]);
    this.handle(process, kind, payload);
  }

  /** Handles what is meant for the behaviour itself; tells whether it was. */
  #handleSpecial(process: Process, message: readonly Term[]): boolean {
    const tag = message[0];
    if (tag === "system" && message.length === 3 && isFrom(message[1])) {
      this.#handleSystem(process, message[1], message[2]);
      return true;
    }
    if (tag === "EXIT" && message.length === 3 && this.isParent(process, message[1])) {
      this.stop(process, message[2], PLAIN, message);
      return true;
    }
    return false;
  }

  /** Whether `pid` started this process with a link, so that the end of either is the other's. */
  protected isParent(process: Process, pid: Term): boolean {
    return (process.flags & HAS_PARENT) !== 0 && process.parent === pid;
  }

  /** While suspended: system messages and the end of the parent are taken, all else waits. */
  #handleNextSystemMessage(process: Process): boolean {
    while (!process.hasNothingNew) {
      process.shiftNew();
      const kind = takenKind;
      const payload = takenPayload;
      if (kind === PLAIN && Array.isArray(payload) && this.#handleSpecial(process, payload)) {
        return true;
      }
      process.save(kind, payload);
    }
    return false;
  }

  // --- Starting ---------------------------------------------------------------------------------

  #begin(process: Process): void {
    const { address } = startOf(process).request as Starting;
    if (address === null) return this.#runInit(process);
    const { registry, key } = address;
    const failed = this.#registryFailed(process, "registerName", key);
    try {
      const answer: unknown = registry.registerName(key, process.pid);
      if (!isThenable(answer)) return this.#registered(process, answer);
      // It may still say yes when nobody wants the name any more.
      answer.then((late) => late === "yes" && process.isDead && registry.unregisterName(key))
        .then(undefined, () => {});
      const limited = withLimit(process, answer, REGISTRY_TIMEOUT_MS);
      suspendUntil(process, limited, (inTime) => this.#registered(process, inTime), failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #registered(process: Process, answer: unknown): void {
    const start = startOf(process);
    const { registry, key } = (start.request as Starting).address!;
    if (answer === "yes") {
      (start.request as Starting).isRegistered = true;
      return this.#runInit(process);
    }
    const taken = (pid: unknown) => {
      unlink(process, start.caller.pid);
      start.reply(["error", ["already_started", pid]]);
      terminate(process, "normal");
    };
    if (answer !== "no") return this.refuse(process, ["bad_return_value", answer]);
    const failed = this.#registryFailed(process, "whereisName", key);
    try {
      const holder: unknown = registry.whereisName(key);
      if (!isThenable(holder)) return taken(holder);
      suspendUntil(process, withLimit(process, holder, REGISTRY_TIMEOUT_MS), taken, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** Ends a start whose registry threw, rejected or never answered. */
  #registryFailed(process: Process, operation: string, key: Term): (thrown: unknown) => void {
    return (thrown) => {
      const late = exit(["timeout", ["NameRegistry", operation, [key]]]);
      this.refuse(process, reasonOf(thrown === TOO_LATE ? late : thrown));
    };
  }

  #runInit(process: Process): void {
    const { argument } = startOf(process).request as Starting;
    this.run(
      process,
      () => this.init(process, argument),
      (outcome) => this.started(process, outcome),
      (thrown) => this.refuse(process, reasonOf(thrown)),
    );
  }

  /** The start has succeeded: the server loops from here on. */
  protected ready(process: Process, state: Term): void {
    const start = startOf(process);
    process.state = state;
    process.flags &= ~STARTING;
    start.reply(["ok", process.pid]);
  }

  /** The start has failed: frees the name, ends the process, and then answers `["error", reason]`. */
  protected refuse(process: Process, reason: Term): void {
    if (!isOrderly(reason)) {
      report({
        level: "error",
        kind: "crash",
        sasl: true,
        pid: process.pid,
        name: nameOf(process),
        reason,
      });
    }
    this.#leave(process, reason, ["error", reason]);
  }

  /** The server does not want to run: frees the name, ends the process, and answers `"ignore"`. */
  protected ignore(process: Process): void {
    this.#leave(process, "normal", "ignore");
  }

  #leave(process: Process, reason: Term, result: Term): void {
    const start = startOf(process);
    const { address, isRegistered } = start.request as Starting;
    const end = () => {
      // The start is answered last: by then the name is free and the exit signal is there.
      const resolve = start.take();
      terminate(process, reason);
      resolve(result);
    };
    if (address === null || !isRegistered) return end();
    const released = withLimit(process, release(address, process), REGISTRY_TIMEOUT_MS);
    suspendUntil(process, released, end, end);
  }

  // --- Running callbacks ------------------------------------------------------------------------

  /**
   * Runs a callback and hands its outcome on: at once if it is a value, when it settles if it is a
   * promise. A thrown value that is no error counts as returned, as OTP has it.
   */
  protected run(
    process: Process,
    callback: () => unknown,
    done: (outcome: unknown) => void,
    failed: (thrown: unknown) => void,
  ): void {
    const caught = (thrown: unknown) => thrown instanceof Error ? failed(thrown) : done(thrown);
    let outcome: unknown;
    try {
      outcome = callback();
    } catch (thrown) {
      return process.isDead ? undefined : caught(thrown);
    }
    if (process.isDead) return;
    if (isThenable(outcome)) suspendUntil(process, outcome, done, caught);
    else done(outcome);
  }

  // --- Idle timeouts ----------------------------------------------------------------------------

  /** Sets the timeout that a callback asked for: it comes if no message does within `timeout` ms. */
  protected setIdleTimeout(process: Process, timeout: number): void {
    const attributes = attributesOf(process);
    attributes.idleTimeout = timeout;
    attributes.isIdleTimeUp = false;
    const timeIsUp = () => {
      attributes.idleTimer = null;
      attributes.isIdleTimeUp = true;
      schedule(process);
    };
    if (timeout === 0) return timeIsUp();
    attributes.idleTimer = new OwnedTimer(process, timeIsUp);
    stage(attributes.idleTimer, timeout);
  }

  #handleIdle(process: Process): boolean {
    const attributes = process.server as Attributes | null;
    if (attributes === null || !attributes.isIdleTimeUp) return false;
    attributes.isIdleTimeUp = false;
    attributes.idleTimeout = undefined;
    process.flags &= ~HIBERNATING;
    attributes.debug?.event(process, ["in", "timeout"]);
    this.handleIdleTimeout(process);
    return true;
  }

  // --- The way out ------------------------------------------------------------------------------

  /**
   * Ends a server: its `terminate` runs, an abnormal end is reported, then the process ends, and
   * with `last` the caller gets its reply.
   */
  stop(process: Process, reason: Term, kind: Kind, payload: Term, last?: () => void): void {
    const lastMessage = { kind, payload };
    const end = (final: Term) => {
      this.#reportEnd(process, final, lastMessage);
      last?.();
      terminate(process, final);
    };
    this.run(
      process,
      () => this.runTerminate(process, reason),
      () => end(reason),
      (thrown) => end(reasonOf(thrown)),
    );
  }

  #reportEnd(process: Process, reason: Term, last: { kind: Kind; payload: Term }): void {
    if (isOrderly(reason)) return;
    const client = last.kind instanceof PendingCall ? last.kind.caller.pid : undefined;
    const message = last.kind instanceof PendingCall
      ? last.payload
      : toMessage(last.kind, last.payload);
    const about = { pid: process.pid, name: nameOf(process), reason };
    report({
      level: "error",
      kind: this.kind,
      ...about,
      lastMessage: this.#safely(message, () => this.formatMessage(message)),
      state: this.#safely(process.state, () => this.formatState(process)),
      ...(client && { client }),
      ...(client && localNameOf(client) !== undefined && { clientName: localNameOf(client)! }),
      details: { module: this.module },
    });
    report({ level: "error", kind: "crash", sasl: true, ...about });
  }

  #safely(fallback: Term, format: () => Term): Term {
    try {
      return format();
    } catch {
      return fallback;
    }
  }

  // --- System messages --------------------------------------------------------------------------

  #handleSystem(process: Process, from: From, request: Term): void {
    const respond = (value: Term) => answer(from, value);
    const goOn = () => {
      if ((process.flags & SUSPENDED) !== 0) return;
      const timeout = (process.server as Attributes | null)?.idleTimeout;
      if (timeout !== undefined) this.setIdleTimeout(process, timeout);
    };
    const [operation, argument] = Array.isArray(request) ? request : [request];
    const attempt = (body: () => Term, done: (value: Term) => void) =>
      this.run(process, body, (value) => (done(value), goOn()), (thrown) => {
        respond(["error", ["callback_failed", reasonOf(thrown)]]);
        goOn();
      });
    switch (operation) {
      case "get_state":
        respond(["ok", this.getState(process)]);
        return goOn();
      case "replace_state":
        return attempt(
          () => (argument as (state: Term) => Term)(this.getState(process)),
          (state) => {
            this.replaceState(process, state);
            respond(["ok", state]);
          },
        );
      case "get_status":
        respond(this.#status(process));
        return goOn();
      case "suspend":
        process.flags |= SUSPENDED;
        return respond("ok");
      case "resume":
        process.flags &= ~SUSPENDED;
        respond("ok");
        goOn();
        return schedule(process);
      case "terminate":
        return this.stop(process, argument, PLAIN, [], () => respond("ok"));
      case "change_code": {
        const [, , oldVersion, extra] = request as readonly Term[];
        return attempt(() => this.changeCode(process, oldVersion, extra), respond);
      }
      case "debug":
        respond(this.#debug(process, argument as (debug: Debug) => Term));
        return goOn();
      default:
        respond(["error", ["unknown_system_msg", request]]);
        return goOn();
    }
  }

  #debug(process: Process, operation: (debug: Debug) => Term): Term {
    const attributes = attributesOf(process);
    const debug = attributes.debug ?? new Debug();
    const result = operation(debug);
    attributes.debug = debug.isEmpty ? null : debug;
    return result;
  }

  #status(process: Process): Term {
    const attributes = process.server as Attributes | null;
    return {
      pid: process.pid,
      module: this.module,
      behaviour: this.kind,
      status: (process.flags & SUSPENDED) !== 0 ? "suspended" : "running",
      parent: (process.flags & HAS_PARENT) !== 0 ? process.parent : process.pid,
      name: nameOf(process),
      dictionary: [...(process.extras?.dictionary ?? [])],
      trapExit: (process.flags & TRAP_EXIT) !== 0,
      debug: attributes?.debug?.describe() ?? [],
      state: this.#safely(process.state, () => this.formatState(process)),
    };
  }
}

/** The start that waits for the `init` of a process. */
function startOf(process: Process): PendingCall {
  return process.state as PendingCall;
}

function clearIdleTimer(attributes: Attributes): void {
  attributes.isIdleTimeUp = false;
  if (attributes.idleTimer === null) return;
  attributes.idleTimer.cancel();
  attributes.idleTimer = null;
}

/** The name that a server was started under, else its local name. */
export function nameOf(process: Process): Term {
  return (process.server as Attributes | null)?.name ?? localNameOf(process.pid);
}

/** Frees the name that a process has got for its start, unless another has it by now. */
async function release({ registry, key }: Address, process: Process): Promise<void> {
  if (await registry.whereisName(key) === process.pid) await registry.unregisterName(key);
}

// --- Answers ------------------------------------------------------------------------------------

/** Tells whether a term is the `from` of a call. */
export function isFrom(term: unknown): term is From {
  return Array.isArray(term) && term.length === 2 && isPid(term[0]);
}

/** Answers a call: by its tag if it is one of ours, else by the message `[tag, value]`. */
export function answer([client, tag]: From, value: Term): void {
  if (tag instanceof PendingCall) return tag.reply(value);
  if (tag === null) return; // does not want to know
  const alias = Array.isArray(tag) && tag[0] === "alias" && tag[1] instanceof Ref ? tag[1] : null;
  if (alias !== null) return sendToAlias(alias, [tag, value]);
  if (client.process !== null) deliver(client.process, [tag, value]);
}

// --- Callbacks ----------------------------------------------------------------------------------

// deno-lint-ignore no-explicit-any -- callbacks differ in what they take
type Callback = (...args: any[]) => unknown;

/**
 * A callback of a module, ready to be called with `module` for `this`, or `undefined` if the module
 * has none of that name. An `async` one is run in its process's own asynchronous context.
 */
export function callbackOf(module: object, name: string): Callback | undefined {
  const callback = (module as Record<string, unknown>)[name];
  if (typeof callback !== "function") return undefined;
  if (callback.constructor.name !== "AsyncFunction") {
    return (callback as Callback).bind(module);
  }
  return (...args) => storage.run(contextOf(current!), () => callback.apply(module, args));
}
