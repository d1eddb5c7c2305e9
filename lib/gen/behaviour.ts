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

import { type CallKind, type From, PendingCall } from "../kernel/calls.ts";
import { now } from "../kernel/clock.ts";
import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { spawnCoroutine } from "../kernel/coroutine.ts";
import { classified, exit, isOrderly, reasonOf } from "../kernel/exit.ts";
import { aliasIn } from "../kernel/list.ts";
import { type Kind, PLAIN, takenPayload, toMessage } from "../kernel/mailbox.ts";
import { failure, REGISTRY_TIMEOUT_MS, whereis, withLimit } from "../kernel/lookup.ts";
import {
  type Address,
  addressOf,
  localNameOf,
  localRegistry,
  type Name,
  type ServerRef,
} from "../kernel/names.ts";
import {
  type Behaviour,
  BUSY,
  DEAD,
  HAS_PARENT,
  HELD,
  HIBERNATING,
  OwnedTimer,
  Process,
  STARTING,
  SUSPENDED,
  TRAP_EXIT,
} from "../kernel/process.ts";
import { searchNew, sleep } from "../kernel/receive.ts";
import { report } from "../kernel/report.ts";
import {
  current,
  runInContext,
  schedule,
  spend,
  suspendUntil,
  TURN_MESSAGES,
} from "../kernel/scheduler.ts";
import { self } from "../kernel/self.ts";
import {
  demonitor,
  flushDown,
  link,
  monitor,
  sendToAlias,
  sendToPid,
  terminate,
  unlink,
} from "../kernel/signals.ts";
import { inspect, isPid, nodeName, type Pid, type Ref, type Term } from "../kernel/term.ts";
import { MAX_DELAY_MS, stage } from "../kernel/timers.ts";
import { reportCrash } from "./crash.ts";
import { Debug, type DebugOption } from "./debug.ts";
import { shown, type Status } from "./status.ts";

/** The longest wait before a registry that has yet to forget somebody is asked again, in milliseconds. */
const LONGEST_WAIT_MS = 256;

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
function attributesOf(process: Process): Attributes {
  return (process.server ??= new Attributes()) as Attributes;
}

/** What a start asks for: the request of the call that waits for `init`. */
interface Starting {
  readonly argument: Term;
  readonly address: Address | null;
  isRegistered: boolean;
  /** When the name was found to be taken by nobody alive. */
  takenSince?: number;
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
  const debugging = debug !== undefined && debug.length > 0 ? new Debug(debug) : null;
  const flags = mode === "link" ? STARTING | HAS_PARENT : STARTING;
  const process = new Process(behaviour, null, parent, flags);
  const starting: Starting = { argument, address, isRegistered: false };
  const start = new PendingCall(parent, process, name, starting, timeout, START);
  process.state = start;
  if (address !== null) attributesOf(process).name = name;
  if (debugging !== null) attributesOf(process).debug = debugging;
  if (spawnOpt !== undefined) process.more().options = spawnOpt;
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
  readonly hasAncestors: boolean = true;
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

  /** What reports and `Sys.getStatus` may show of a server, before it has been through `formatStatus`. */
  protected statusOf(process: Process): Status {
    const log = (process.server as Attributes | null)?.debug?.logged() ?? [];
    return { state: this.getState(process), log };
  }

  /** What reports and `Sys.getStatus` show of a server: the place to hide secrets. */
  protected formatStatus(status: Status, _process: Process): unknown {
    return status;
  }

  /** Lets the debug functions of a server see a message that it has taken. */
  protected traceMessage(process: Process, debug: Debug, kind: Kind, payload: Term): void {
    debug.event(process, ["in", toMessage(kind, payload)]);
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
      spend(process, 1);
      this.#begin(process);
    } else {
      let handled = 0;
      while (handled < TURN_MESSAGES && this.#handleNext(process)) handled++;
      spend(process, handled);
    }
    const onlyNew = (process.flags & SUSPENDED) !== 0 || process.wait !== null;
    return (process.flags & (BUSY | HELD | DEAD)) === 0 &&
      (onlyNew ? !process.hasNothingNew : !process.isEmpty);
  }

  /** Handles one message, and tells whether there was one to handle. */
  #handleNext(process: Process): boolean {
    if ((process.flags & (BUSY | HELD | DEAD | SUSPENDED)) !== 0) {
      return this.#handleInPart(process);
    }
    if (process.wait !== null) return false; // a callback waits in receive
    if (process.isEmpty) return process.server !== null && this.#handleIdle(process);
    const kind = process.shift();
    const payload = takenPayload;
    if (process.server !== null) clearIdleTimer(process.server as Attributes);
    if (kind === PLAIN && Array.isArray(payload) && this.#handleSpecial(process, payload)) {
      return true;
    }
    // A system message leaves a server in its sleep.
    process.flags &= ~HIBERNATING;
    if (process.server !== null) this.#handleWithAttributes(process, kind, payload);
    else this.handle(process, kind, payload);
    return true;
  }

  /** Handles a message that is taken even while the others have to wait. */
  #handleInPart(process: Process): boolean {
    if ((process.flags & (BUSY | HELD | DEAD)) !== 0) return false;
    return this.#handleNextSystemMessage(process);
  }

  #handleWithAttributes(process: Process, kind: Kind, payload: Term): void {
    const attributes = process.server as Attributes;
    attributes.idleTimeout = undefined;
    if (attributes.debug !== null) this.traceMessage(process, attributes.debug, kind, payload);
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
      const kind = process.shiftNew();
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
    let answer: unknown;
    try {
      answer = address.registry.registerName(address.key, process.pid);
    } catch (thrown) {
      return this.#registryFailed(process, "registerName", thrown);
    }
    if (process.isDead) return;
    if (!isThenable(answer)) return this.#registered(process, answer);
    forgetLate(process, address, answer);
    suspendUntil(
      process,
      withLimit(process, answer, REGISTRY_TIMEOUT_MS),
      (inTime) => this.#registered(process, inTime),
      (thrown) => this.#registryFailed(process, "registerName", thrown),
    );
  }

  #registered(process: Process, answer: unknown): void {
    const starting = startOf(process).request as Starting;
    if (answer === "yes") {
      starting.isRegistered = true;
      return this.#runInit(process);
    }
    if (answer !== "no") return this.refuse(process, ["bad_return_value", answer]);
    const { registry, key } = starting.address!;
    let holder: unknown;
    try {
      holder = registry.whereisName(key);
    } catch (thrown) {
      return this.#registryFailed(process, "whereisName", thrown);
    }
    if (process.isDead) return;
    if (!isThenable(holder)) return this.#taken(process, holder);
    suspendUntil(
      process,
      withLimit(process, holder, REGISTRY_TIMEOUT_MS),
      (inTime) => this.#taken(process, inTime),
      (thrown) => this.#registryFailed(process, "whereisName", thrown),
    );
  }

  #taken(process: Process, holder: unknown): void {
    if (holder !== undefined && !isPid(holder)) {
      return this.refuse(process, ["bad_return_value", holder]);
    }
    const start = startOf(process);
    if (holder === undefined || isGone(holder)) {
      // A registry that is yet to forget one that has ended is asked again: after 1 ms, 2, 4, …
      const starting = start.request as Starting;
      const waited = now() - (starting.takenSince ??= now());
      if (waited < REGISTRY_TIMEOUT_MS) {
        const wait = Math.min(Math.max(1, Math.ceil(waited)), LONGEST_WAIT_MS);
        return suspendUntil(process, sleep(process, wait), () => this.#begin(process), () => {});
      }
    }
    unlink(process, start.caller.pid);
    start.reply(["error", ["already_started", holder]]);
    terminate(process, "normal");
  }

  /** Ends a start whose registry threw, rejected or did not answer. */
  #registryFailed(process: Process, operation: string, thrown: unknown): void {
    if (process.isDead) return;
    const { key } = (startOf(process).request as Starting).address!;
    this.refuse(process, reasonOf(failure(thrown, operation, [key])));
  }

  #runInit(process: Process): void {
    const { argument } = startOf(process).request as Starting;
    this.run(
      process,
      () => this.init(process, argument),
      (outcome) => this.started(process, outcome),
      (thrown) => this.initFailed(process, thrown),
    );
  }

  /** The `init` of the callback module threw. */
  protected initFailed(process: Process, thrown: unknown): void {
    this.refuse(process, reasonOf(thrown));
  }

  /** Makes a running coroutine a server of this behaviour: it loops from here on. */
  protected takeOver(
    process: Process,
    { debug = [], hibernateAfter }: Pick<StartOptions, "debug" | "hibernateAfter">,
    state: Term,
    name: Term,
  ): void {
    if (hibernateAfter !== undefined) checkTimeout("hibernate", hibernateAfter);
    if (process.wait !== null) {
      throw new TypeError("Cannot enter the loop of a server: this process waits in a receive()");
    }
    const installed = debug.length > 0 ? new Debug(debug) : null;
    process.server = null;
    if (name !== undefined) attributesOf(process).name = name;
    if (installed !== null) attributesOf(process).debug = installed;
    process.behaviour = this;
    process.state = state;
    process.flags = process.flags & ~BUSY | HAS_PARENT;
    schedule(process);
  }

  /** The start has succeeded: the server loops from here on. */
  protected ready(process: Process, state: Term): void {
    const start = startOf(process);
    process.state = state;
    process.flags &= ~STARTING;
    start.reply(["ok", process.pid]);
  }

  /** The start has failed: frees the name, ends the process, and then answers `["error", why]`. */
  protected refuse(process: Process, reason: Term, why: Term = reason): void {
    reportCrash(process, reason, nameOf(process));
    this.#leave(process, reason, ["error", why]);
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
    const released = withLimit(process, release(address, process.pid), REGISTRY_TIMEOUT_MS);
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
      this.reportEnd(process, final, lastMessage);
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

  /** Reports the end of a server, unless that is an orderly one. `last` is the message that it had taken last. */
  protected reportEnd(
    process: Process,
    reason: Term,
    last: { readonly kind: Kind; readonly payload: Term },
  ): void {
    if (isOrderly(reason)) return;
    const client = last.kind instanceof PendingCall ? last.kind.caller.pid : undefined;
    const name = nameOf(process);
    const status = this.shown(process, {
      ...this.statusOf(process),
      message: client === undefined ? toMessage(last.kind, last.payload) : last.payload,
      reason,
    });
    report({
      level: "error",
      kind: this.kind,
      pid: process.pid,
      name,
      reason: status.reason,
      lastMessage: status.message,
      state: status.state,
      ...(client && { client }),
      ...(client && localNameOf(client) !== undefined && { clientName: localNameOf(client)! }),
      details: { module: this.module, log: status.log },
    });
    reportCrash(process, reason, name);
  }

  /** A status as `formatStatus` has it shown. */
  protected shown(process: Process, status: Status): Status {
    return shown(status, (all) => this.formatStatus(all, process));
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
    switch (operation) {
      case "get_state":
        respond(["ok", this.getState(process)]);
        return goOn();
      case "replace_state":
        return this.#replaceState(process, argument as (state: Term) => Term, (result) => {
          respond(result);
          goOn();
        });
      case "get_status":
        respond(this.describeStatus(process, this.shown(process, this.statusOf(process))));
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
        respond("ok");
        return this.stop(process, argument, PLAIN, []);
      case "change_code": {
        // As in OTP, a server that goes on handling messages must not change its code.
        if ((process.flags & SUSPENDED) === 0) break;
        const [, , oldVersion, extra] = request as readonly Term[];
        return this.run(
          process,
          () => this.changeCode(process, oldVersion, extra),
          respond,
          (thrown) => respond(["error", reasonOf(thrown)]),
        );
      }
      case "debug":
        respond(this.#debug(process, argument as (debug: Debug) => Term));
        return goOn();
    }
    respond(["error", ["unknown_system_msg", request]]);
    goOn();
  }

  #replaceState(
    process: Process,
    change: (state: Term) => Term,
    respond: (result: Term) => void,
  ): void {
    const installed = (state: Term) => {
      this.replaceState(process, state);
      respond(["ok", state]);
    };
    const failed = (thrown: unknown) => {
      const callback = [this.kind, "system_replace_state"];
      respond(["error", ["callback_failed", callback, classified(thrown)]]);
    };
    try {
      const state = change(this.getState(process));
      if (process.isDead) return;
      if (isThenable(state)) suspendUntil(process, state, installed, failed);
      else installed(state);
    } catch (thrown) {
      failed(thrown);
    }
  }

  #debug(process: Process, operation: (debug: Debug) => Term): Term {
    const attributes = attributesOf(process);
    const debug = attributes.debug ?? new Debug();
    const result = operation(debug);
    attributes.debug = debug.isEmpty ? null : debug;
    return result;
  }

  /** What `Sys.getStatus` answers, given what may be shown. */
  protected describeStatus(process: Process, status: Status): Readonly<Record<string, Term>> {
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
      debug: attributes?.debug?.describe(status.log) ?? [],
      state: status.state,
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

/**
 * Makes sure that the calling process has registered `name`, if that is one, before it becomes a server.
 *
 * @throws {Exit} `"process_not_registered"`, `"process_not_registered_globally"` or
 * `["process_not_registered_via", registry]` if it has not.
 */
export async function assertRegistered(name: Name | Pid | undefined): Promise<void> {
  const process = self();
  const { pid } = process;
  if (name === undefined || name === pid) return;
  if (isPid(name)) throw exit("process_not_registered");
  const { registry } = addressOf(name);
  if (await whereis(process, name as ServerRef) === pid) return;
  if (registry === localRegistry()) throw exit("process_not_registered");
  throw exit(
    (name as readonly Term[])[0] === "global"
      ? "process_not_registered_globally"
      : ["process_not_registered_via", registry],
  );
}

/** Whether a process has ended that lived here. */
function isGone(pid: Pid): boolean {
  return pid.process === null && pid.node === nodeName();
}

/** Frees the name that a process has got for its start, unless another has it by now. */
async function release({ registry, key }: Address, pid: Pid): Promise<void> {
  if (await registry.whereisName(key) === pid) await registry.unregisterName(key);
}

/**
 * Frees a name that a registry gives to a process only when that does not want it any more, for it has
 * ended. A process of its own sees to that: the code of one that has ended may ask nothing.
 */
function forgetLate(process: Process, address: Address, answer: PromiseLike<unknown>): void {
  const parent = startOf(process).caller;
  const forget = (late: unknown) => {
    if (late !== "yes" || !process.isDead) return;
    const helper = spawnCoroutine(parent, async () => {
      await withLimit(helper, release(address, process.pid), REGISTRY_TIMEOUT_MS).catch(() => {});
    });
  };
  Promise.resolve(answer).then(forget, () => {});
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
  const alias = aliasIn(tag);
  if (alias !== undefined) sendToAlias(alias, [tag, value]);
  else sendToPid(client, [tag, value]);
}

// --- Callbacks ----------------------------------------------------------------------------------

// deno-lint-ignore no-explicit-any -- callbacks differ in what they take
type Callback = (...args: any[]) => unknown;

/**
 * A callback of a module, ready to be called with `module` for `this`, or `undefined` if the module
 * has none of that name. One that is known to go on after an `await`, an `async` one for a start, is
 * run in its process's own asynchronous context.
 */
export function callbackOf(
  module: object,
  name: string,
  awaits: boolean = false,
): Callback | undefined {
  const callback = (module as Record<string, unknown>)[name];
  if (typeof callback !== "function") return undefined;
  if (!awaits && callback.constructor.name !== "AsyncFunction") {
    return (callback as Callback).bind(module);
  }
  return (...args) => runInContext(current!, () => callback.apply(module, args));
}
