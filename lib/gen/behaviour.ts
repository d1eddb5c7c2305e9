/**
 * The base class of all behaviours, extended by `gen_server/server.ts` and `gen_statem/server.ts`: the
 * message loop, running callbacks, termination. The start is in `start.ts`, system messages are in
 * `system.ts`.
 *
 * A behaviour is a subclass of {@linkcode Gen}; one instance serves all processes of a callback module. What
 * a process needs besides its state is in {@linkcode Attributes}.
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
import { isFrom } from "../kernel/reply.ts";
import { begin, giveUp, type Starter, startOf, type StartOptions } from "./start.ts";
import { shown, type Status } from "./status.ts";
import { handleSystemMessage, type SystemCallbacks } from "./system.ts";
import { checkTimeout } from "./timeout.ts";

/** The base class of all behaviours. See the documentation of this file. */
export abstract class Gen implements Behaviour, Starter, SystemCallbacks {
  readonly hasAncestors: boolean = true;
  /** The callback module, as it was given. */
  readonly module: object;
  /** OTP's name of the behaviour: `"gen_server"`, … */
  abstract readonly kind: string;

  constructor(module: object) {
    this.module = module;
  }

  /** Calls `init` of the callback module. Its result is passed to `started`. */
  protected abstract init(process: Process, argument: Term): unknown;

  /**
   * Takes the result of `init`, and completes the start: by `ready`, or by one of the `refuse` functions.
   */
  protected abstract started(process: Process, outcome: unknown): void;

  /** Handles one message that is not a system message. */
  protected abstract handle(process: Process, kind: Kind, payload: Term): void;

  /** Calls `terminate` of the callback module, if it has one. */
  protected abstract runTerminate(process: Process, reason: Term): unknown;

  /** Handles the expiry of the idle timeout. */
  protected abstract handleIdleTimeout(process: Process): void;

  /** Runs the callback that {@linkcode Attributes.continueWith} asked for. */
  protected handleContinuation(_process: Process, _argument: Term): void {}

  /** The state, as `Sys.getState` returns it. */
  getState(process: Process): Term {
    return process.state;
  }

  /** Replaces the state that {@linkcode getState} returns. */
  replaceState(process: Process, state: Term): void {
    process.state = state;
  }

  /** What reports and `Sys.getStatus` contain of a server, before `formatStatus` is applied. */
  protected statusOf(process: Process): Status {
    return { state: this.getState(process), log: loggedBy(process) };
  }

  /** Applies the callback `formatStatus`, which can hide secrets from reports and `Sys.getStatus`. */
  protected formatStatus(status: Status, _process: Process): unknown {
    return status;
  }

  /** Passes a message that was taken to the debug functions. */
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

  /** Handles one message. Returns whether there was one. */
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
    // A system message does not wake a hibernating server.
    process.flags &= ~HIBERNATING;
    if (process.server !== null) {
      this.#handleWithAttributes(process, attributesOf(process)!, kind, payload);
    } else this.handle(process, kind, payload);
    return true;
  }

  /** Handles a message that is taken while other messages have to wait. */
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

  /** Handles a system message or the exit of the parent. Returns whether the message was one. */
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

  /** Whether `pid` started this process with a link, so that this process exits when `pid` does. */
  protected isParent(process: Process, pid: Term): boolean {
    return (process.flags & HAS_PARENT) !== 0 && process.parent === pid;
  }

  /** While suspended: handles system messages and the exit of the parent; other messages wait. */
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

  /** Fails the start, because `init` of the callback module threw. */
  protected initFailed(process: Process, thrown: unknown): void {
    this.refuse(process, reasonOf(thrown));
  }

  /** Turns a running coroutine into a server of this behaviour, which enters the loop. */
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

  /** The start has succeeded: the server enters the loop. */
  protected ready(process: Process, state: Term): void {
    const start = startOf(process);
    process.state = state;
    process.flags &= ~STARTING;
    start.reply(["ok", process.pid]);
  }

  /** The start has failed: releases the name, exits, and then answers `["error", why]`. */
  refuse(process: Process, reason: Term, why: Term = reason): void {
    try {
      reportCrash(process, reason, nameOf(process));
    } catch (thrown) {
      reportFailed(process, thrown);
    }
    giveUp(process, reason, ["error", why]);
  }

  /** `init` returned `ignore`: releases the name, exits, and answers `"ignore"`. */
  protected ignore(process: Process): void {
    giveUp(process, "normal", "ignore");
  }

  // --- Running callbacks ------------------------------------------------------------------------

  /**
   * Runs a callback and passes on its result: at once if it is a value, when it settles if it is a promise. A
   * thrown value that is not an error counts as returned, as in OTP.
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

  // --- Termination ------------------------------------------------------------------------------

  /**
   * Terminates a server: calls `terminate`, reports an abnormal exit, and exits; `last` then sends the reply
   * to the caller. The process exits with its own reason also if the report fails.
   */
  stop(process: Process, reason: Term, kind: Kind, payload: Term, last?: () => void): void {
    const lastMessage = { kind, payload };
    const end = (final: Term) => {
      try {
        try {
          this.reportEnd(process, final, lastMessage);
        } finally {
          last?.();
        }
      } catch (thrown) {
        reportFailed(process, thrown);
      }
      terminate(process, final);
    };
    this.run(
      process,
      () => this.runTerminate(process, reason),
      () => end(reason),
      (thrown) => end(reasonOf(thrown)),
    );
  }

  /** Reports the exit of a server, if it is abnormal. `last` is the last message that was taken. */
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

  /** A status after `formatStatus`. */
  protected shown(process: Process, status: Status): Status {
    return shown(status, (all) => this.formatStatus(all, process));
  }

  // --- Status -----------------------------------------------------------------------------------

  /** The result of `Sys.getStatus`. */
  getStatus(process: Process): Term {
    return this.describeStatus(process, this.shown(process, this.statusOf(process)));
  }

  /** The result of `Sys.getStatus`, given a status after `formatStatus`. */
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

/** Reports that the last report of a process could not be made. */
function reportFailed({ pid }: Process, thrown: unknown): void {
  report({
    level: "error",
    kind: "exit_step",
    pid,
    reason: reasonOf(thrown),
    details: { step: "report" },
  });
}

// --- Callbacks ----------------------------------------------------------------------------------

// deno-lint-ignore no-explicit-any -- callbacks differ in what they take
type Callback = (...args: any[]) => unknown;

/**
 * A callback of a module, bound to `module`, or `undefined` if the module has none of that name. A callback
 * that is known to continue after an `await` (for a start, one declared `async`) is run in the asynchronous
 * context of its process.
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
