/**
 * What `gen_server/server.ts` and `gen_statem/server.ts` share: the loop that takes messages, the running of callbacks, the way out. Their start
 * is in `start.ts`, the handling of system messages in `system.ts`.
 *
 * A behaviour is a subclass of {@linkcode Gen}; one instance serves all processes of one callback
 * module. What a process needs beyond its state lies in {@linkcode Attributes}.
 *
 * @module
 */

import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import { PendingCall } from "../kernel/calls.ts";
import { isOrderly, reasonOf } from "../kernel/exit.ts";
import { type Kind, PLAIN, takenPayload, toMessage } from "../kernel/mailbox.ts";
import { localNameOf } from "../kernel/names.ts";
import {
  type Behaviour,
  BUSY,
  CONTINUING,
  DEAD,
  HAS_PARENT,
  HELD,
  HIBERNATING,
  type Process,
  STARTING,
  SUSPENDED,
  TRAP_EXIT,
} from "../kernel/process.ts";
import { isA, itemsOf, tagOf } from "../kernel/reader.ts";
import { searchNew } from "../kernel/receive.ts";
import { report } from "../kernel/report.ts";
import {
  current,
  runInContext,
  schedule,
  spend,
  suspendUntil,
  TURN_MESSAGES,
} from "../kernel/scheduler.ts";
import { terminate } from "../kernel/signals.ts";
import type { Term } from "../kernel/term.ts";
import { type Attributes, attributesOf, ensureAttributes, loggedBy, nameOf } from "./attributes.ts";
import { reportCrash } from "./crash.ts";
import { Debug } from "./debug.ts";
import { type HasInitialCall, INITIAL_CALL, type InitialCall } from "./initial_call.ts";
import { isFrom } from "./reply.ts";
import { begin, giveUp, type Starter, startOf, type StartOptions } from "./start.ts";
import { shown, type Status } from "./status.ts";
import { handleSystemMessage, type SystemCallbacks } from "./system.ts";
import { checkTimeout } from "./timeout.ts";

/** The base of all behaviours. See the module's document. */
export abstract class Gen implements Behaviour, Starter, SystemCallbacks {
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

  /** Continues with what was given to {@linkcode Attributes.continueWith}. */
  protected handleContinuation(_process: Process, _argument: Term): void {}

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
    return { state: this.getState(process), log: loggedBy(process) };
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
      initialCall: this.#initialCall(process),
      currentFunction: hibernates ? ["erlang", "hibernate", 3] : [this.kind, "loop", 7],
    };
  }

  #initialCall(process: Process): InitialCall {
    const { [INITIAL_CALL]: declared } = this.module as HasInitialCall;
    if (declared === undefined) return [this.module, "init", 1];
    const isStarting = (process.flags & STARTING) !== 0;
    const known = isStarting ? startOf(process).request.argument : process.state;
    return declared(known, process);
  }

  // --- The loop ---------------------------------------------------------------------------------

  turn(process: Process): boolean {
    if (process.wait !== null) {
      searchNew(process);
      return false;
    }
    if ((process.flags & STARTING) !== 0) {
      spend(process, 1);
      begin(this, process);
    } else {
      let handled = 0;
      while (handled < TURN_MESSAGES && this.#handleNext(process)) handled++;
      spend(process, handled);
    }
    const onlyNew = (process.flags & SUSPENDED) !== 0 || process.wait !== null;
    return (process.flags & (BUSY | HELD | DEAD)) === 0 &&
      (onlyNew ? !process.hasNothingNew : !process.isEmpty || (process.flags & CONTINUING) !== 0);
  }

  /** Handles one message, and tells whether there was one to handle. */
  #handleNext(process: Process): boolean {
    if ((process.flags & (BUSY | HELD | DEAD | SUSPENDED | CONTINUING)) !== 0) {
      return this.#handleInPart(process);
    }
    if (process.wait !== null) return false; // a callback waits in receive
    if (process.isEmpty) return process.server !== null && this.#handleIdle(process);
    const kind = process.shift();
    const payload = takenPayload;
    if (process.server !== null) attributesOf(process)!.clearIdleTimer();
    if (kind === PLAIN && this.#handleSpecial(process, payload)) return true;
    // A system message leaves a server in its sleep.
    process.flags &= ~HIBERNATING;
    if (process.server !== null) {
      this.#handleWithAttributes(process, attributesOf(process)!, kind, payload);
    } else this.handle(process, kind, payload);
    return true;
  }

  /** Handles what is taken even while the messages have to wait. */
  #handleInPart(process: Process): boolean {
    if ((process.flags & (BUSY | HELD | DEAD)) !== 0) return false;
    if ((process.flags & SUSPENDED) !== 0) return this.#handleNextSystemMessage(process);
    return process.wait === null && this.#goOn(process);
  }

  /** Continues with what a callback has asked for. */
  #goOn(process: Process): boolean {
    this.handleContinuation(process, attributesOf(process)!.takeContinuation(process));
    return true;
  }

  #handleWithAttributes(
    process: Process,
    attributes: Attributes,
    kind: Kind,
    payload: Term,
  ): void {
    attributes.idleTimeout = undefined;
    if (attributes.debug !== null) this.traceMessage(process, attributes.debug, kind, payload);
    this.handle(process, kind, payload);
  }

  /** Handles what is meant for the behaviour itself; tells whether it was. */
  #handleSpecial(process: Process, message: Term): boolean {
    const tag = tagOf(message);
    return (tag === "system" || tag === "EXIT") && this.#handleTagged(process, tag, message);
  }

  #handleTagged(process: Process, tag: "system" | "EXIT", message: Term): boolean {
    const items = itemsOf(message, 3);
    if (items === undefined) return false;
    const [, from, content] = items;
    if (tag === "system") {
      if (!isFrom(from)) return false;
      handleSystemMessage(this, process, from, content);
    } else {
      if (!this.isParent(process, from)) return false;
      this.stop(process, content, PLAIN, message);
    }
    return true;
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
      if (kind === PLAIN && this.#handleSpecial(process, payload)) return true;
      process.save(kind, payload);
    }
    return false;
  }

  // --- Starting ---------------------------------------------------------------------------------

  runInit(process: Process): void {
    const { argument } = startOf(process).request;
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
    if (name !== undefined) ensureAttributes(process).name = name;
    if (installed !== null) ensureAttributes(process).debug = installed;
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
  refuse(process: Process, reason: Term, why: Term = reason): void {
    reportCrash(process, reason, nameOf(process));
    giveUp(process, reason, ["error", why]);
  }

  /** The server does not want to run: frees the name, ends the process, and answers `"ignore"`. */
  protected ignore(process: Process): void {
    giveUp(process, "normal", "ignore");
  }

  // --- Running callbacks ------------------------------------------------------------------------

  /**
   * Runs a callback and hands its outcome on: at once if it is a value, when it settles if it is a
   * promise. A thrown value that is no error counts as returned, as OTP has it.
   */
  run(
    process: Process,
    callback: () => unknown,
    done: (outcome: unknown) => void,
    failed: (thrown: unknown) => void,
  ): void {
    const caught = (thrown: unknown) => isA(thrown, Error) ? failed(thrown) : done(thrown);
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

  #handleIdle(process: Process): boolean {
    const attributes = attributesOf(process);
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

  // --- Status -----------------------------------------------------------------------------------

  /** What `Sys.getStatus` answers. */
  getStatus(process: Process): Term {
    return this.describeStatus(process, this.shown(process, this.statusOf(process)));
  }

  /** What `Sys.getStatus` answers, given what may be shown. */
  protected describeStatus(process: Process, status: Status): Readonly<Record<string, Term>> {
    return {
      pid: process.pid,
      module: this.module,
      behaviour: this.kind,
      status: (process.flags & SUSPENDED) !== 0 ? "suspended" : "running",
      parent: (process.flags & HAS_PARENT) !== 0 ? process.parent : process.pid,
      name: nameOf(process),
      dictionary: [...(process.extras?.dictionary ?? [])],
      trapExit: (process.flags & TRAP_EXIT) !== 0,
      debug: attributesOf(process)?.debug?.describe(status.log) ?? [],
      state: status.state,
    };
  }
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
