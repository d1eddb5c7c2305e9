/**
 * The server process of GenServer: calls the callbacks, and carries out their responses. Used by
 * `../gen_server.ts`.
 *
 * @module
 */

import { attributesOf, ensureAttributes, nameOf } from "../gen/attributes.ts";
import { callbackOf, Gen } from "../gen/behaviour.ts";
import { answer, isFrom } from "../kernel/reply.ts";
import type { Status } from "../gen/status.ts";
import { isTimeout } from "../gen/timeout.ts";
import { type From, PendingCall } from "../kernel/calls.ts";
import { hasThen, isThenable, thenError } from "../kernel/awaitable.ts";
import { reasonOf } from "../kernel/exit.ts";
import { type Envelope, type Kind, PLAIN } from "../kernel/mailbox.ts";
import { HIBERNATING, type Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { isA, isArray, isTuple, itemOf, itemsOf } from "../kernel/reader.ts";
import { runAs, spend, TURN_MESSAGES } from "../kernel/scheduler.ts";
import { inspect } from "../kernel/inspect.ts";
import type { Term } from "../kernel/term.ts";
import type { Extra } from "../response.ts";
import type { EnterLoopOptions, Module } from "./contract.ts";

/** The kind of a cast in a mailbox. */
export const CAST: Envelope = { toMessage: (request) => ["$gen_cast", request] };

/** The behaviour of one callback module's servers. */
export class GenServer extends Gen {
  readonly kind = "gen_server";
  readonly #module: Module;
  readonly #init: (argument: Term) => unknown;
  #handleCall: ReturnType<typeof callbackOf>;
  #handleCast: ReturnType<typeof callbackOf>;
  #handleInfo: ReturnType<typeof callbackOf>;
  readonly #handleContinue: ReturnType<typeof callbackOf>;
  readonly #terminate: ReturnType<typeof callbackOf>;
  /** The callbacks that have returned a promise so far. */
  readonly #promising = new Set<string>();

  constructor(module: Module) {
    super(module);
    this.#module = module;
    this.#init = callbackOf(module, "init")!;
    this.#handleCall = callbackOf(module, "handleCall");
    this.#handleCast = callbackOf(module, "handleCast");
    this.#handleInfo = callbackOf(module, "handleInfo");
    this.#handleContinue = callbackOf(module, "handleContinue");
    this.#terminate = callbackOf(module, "terminate");
  }

  protected init(_process: Process, argument: Term): unknown {
    return this.#init(argument);
  }

  protected started(process: Process, outcome: unknown): void {
    if (outcome === "ignore") return this.ignore(process);
    const response = itemsOf(outcome, 2) ?? itemsOf(outcome, 3) ?? [];
    const { length } = response;
    if (response[0] === "ok" && (length === 2 || isExtra(response[2]))) {
      this.ready(process, response[1]);
      if (length === 3) this.#begin(process, response[2] as Extra);
    } else if (response[0] === "stop" && length === 2) {
      this.refuse(process, response[1]);
    } else {
      this.refuse(process, ["bad_return_value", outcome]);
    }
  }

  protected handle(process: Process, kind: Kind, payload: Term): void {
    let response: unknown;
    try {
      if (kind === CAST) {
        response = this.#handleCast === undefined
          ? this.#missing("handleCast", payload)
          : this.#handleCast(payload, process.state);
      } else if (kind !== PLAIN) {
        response = this.#handleCall === undefined
          ? this.#missing("handleCall", payload)
          : this.#handleCall(payload, (kind as PendingCall).from, process.state);
      } else {
        return this.#handlePlain(process, payload);
      }
    } catch (thrown) {
      return this.#caught(process, thrown, kind, payload);
    }
    this.#settle(process, response, kind, payload);
  }

  /** Turns a running coroutine into a server. */
  enter(
    process: Process,
    options: EnterLoopOptions,
    state: Term,
    name: Term,
    extra: Extra | undefined,
  ): void {
    this.takeOver(process, options, state, name);
    if (extra !== undefined) runAs(process, () => this.#begin(process, extra));
  }

  protected handleIdleTimeout(process: Process): void {
    this.#handlePlain(process, "timeout");
  }

  protected runTerminate(process: Process, reason: Term): unknown {
    return this.#terminate?.(reason, process.state);
  }

  protected override formatStatus(status: Status): unknown {
    const { formatStatus } = this.#module;
    return formatStatus === undefined ? status : formatStatus.call(this.#module, status);
  }

  override async changeCode(process: Process, oldVersion: Term, extra: Term): Promise<Term> {
    const codeChange = callbackOf(this.#module, "codeChange");
    if (codeChange === undefined) return ["error", ["undef", "codeChange"]];
    let result: unknown;
    try {
      result = await codeChange(oldVersion, process.state, extra);
    } catch (thrown) {
      if (isA(thrown, Error)) throw thrown;
      result = thrown;
    }
    if (!isTuple(result, "ok", 2)) return ["error", result];
    process.state = itemOf(result, 1);
    return "ok";
  }

  /**
   * Handles a message that was not sent by this runtime's calls and casts; it may have OTP's shape of a call
   * or cast.
   */
  #handlePlain(process: Process, payload: Term): void {
    let response: unknown;
    try {
      const tag = itemOf(payload, 0);
      if (tag === "$gen_cast" || tag === "$gen_call") {
        const items = itemsOf(payload, tag === "$gen_cast" ? 2 : 3);
        if (items?.length === 2) return this.handle(process, CAST, items[1]);
        if (items !== undefined && isFrom(items[1])) {
          return this.#handleForeignCall(process, items[1], items[2], payload);
        }
      }
      response = this.#handleInfo === undefined
        ? this.#unhandled(process, payload)
        : this.#handleInfo(payload, process.state);
    } catch (thrown) {
      return this.#caught(process, thrown, PLAIN, payload);
    }
    this.#settle(process, response, PLAIN, payload);
  }

  /** Handles a call that arrived as a message. */
  #handleForeignCall(process: Process, from: From, request: Term, payload: Term): void {
    this.run(
      process,
      () =>
        this.#handleCall === undefined
          ? this.#missing("handleCall", request)
          : this.#handleCall(request, from, process.state),
      (response) => this.#respond(process, response, PLAIN, payload, from),
      (thrown) => this.stop(process, reasonOf(thrown), PLAIN, payload),
    );
  }

  #settle(process: Process, response: unknown, kind: Kind, payload: Term): void {
    if (process.isDead) return;
    if (isArray(response)) this.#respond(process, response, kind, payload);
    else this.#settleLater(process, response, kind, payload);
  }

  /** Handles a result that is not a tuple: a promise of one, or an error. */
  #settleLater(process: Process, response: unknown, kind: Kind, payload: Term): void {
    if (isThenable(response)) this.#expectPromises(kind);
    this.run(
      process,
      () => response,
      (value) => this.#respond(process, value, kind, payload),
      (thrown) => this.stop(process, reasonOf(thrown), kind, payload),
    );
  }

  /**
   * From now on, runs the callback for such messages in its own asynchronous context, as if it were an async
   * function.
   */
  #expectPromises(kind: Kind): void {
    const name = kind === CAST ? "handleCast" : kind === PLAIN ? "handleInfo" : "handleCall";
    if (this.#promising.has(name)) return;
    this.#promising.add(name);
    const callback = callbackOf(this.#module, name, true);
    if (kind === CAST) this.#handleCast = callback;
    else if (kind === PLAIN) this.#handleInfo = callback;
    else this.#handleCall = callback;
  }

  #caught(process: Process, thrown: unknown, kind: Kind, payload: Term): void {
    if (process.isDead) return;
    if (isA(thrown, Error)) this.stop(process, reasonOf(thrown), kind, payload);
    else this.#respond(process, thrown, kind, payload);
  }

  /**
   * Carries out a response tuple. There is no closure here, nor in the functions that lead here: V8 would
   * allocate its context for every call, whether it is needed or not, which made calls 10 ns slower.
   */
  #respond(
    process: Process,
    response: unknown,
    kind: Kind,
    payload: Term,
    from: From | null = null,
  ): void {
    const extra = this.#follow(process, response, kind, payload, from);
    if (extra !== undefined) this.#begin(process, extra);
  }

  /**
   * Does what a response tuple says, apart from what it asks for beside the state, which is the result.
   * A response that cannot be read stops the server, as a callback that throws does.
   */
  #follow(
    process: Process,
    response: unknown,
    kind: Kind,
    payload: Term,
    from: From | null,
  ): Extra | undefined {
    try {
      if (Array.isArray(response)) {
        switch (response[0]) {
          case "reply":
            return this.#reply(process, response, kind, payload, from);
          case "noreply":
            return this.#noreply(process, response, kind, payload);
          case "stop":
            return this.#stopResponse(process, response, kind, payload, from);
        }
      }
      this.#badReturn(process, response, kind, payload);
    } catch (thrown) {
      if (!process.isDead) this.stop(process, reasonOf(thrown), kind, payload);
    }
    return undefined;
  }

  #reply(
    process: Process,
    response: readonly Term[],
    kind: Kind,
    payload: Term,
    from: From | null,
  ): Extra | undefined {
    const { length } = response;
    const isCall = kind instanceof PendingCall || from !== null;
    if (!isCall || (length !== 3 && (length !== 4 || !isExtra(response[3])))) {
      this.#badReturn(process, response, kind, payload);
      return undefined;
    }
    if (hasThen(response[1])) return this.#refuseReply(process, kind, payload);
    process.state = response[2];
    if (process.server !== null) debugOut(process, response[1], from ?? (kind as PendingCall).from);
    if (from === null) (kind as PendingCall).reply(response[1]);
    else answer(from, response[1]);
    return length === 4 ? response[3] as Extra : undefined;
  }

  #noreply(
    process: Process,
    response: readonly Term[],
    kind: Kind,
    payload: Term,
  ): Extra | undefined {
    const { length } = response;
    if (length !== 2 && (length !== 3 || !isExtra(response[2]))) {
      this.#badReturn(process, response, kind, payload);
      return undefined;
    }
    process.state = response[1];
    if (process.server !== null) debugNoreply(process);
    return length === 3 ? response[2] as Extra : undefined;
  }

  #stopResponse(
    process: Process,
    response: readonly Term[],
    kind: Kind,
    payload: Term,
    from: From | null,
  ): undefined {
    const { length } = response;
    if (length === 3) {
      process.state = response[2];
      this.stop(process, response[1], kind, payload);
    } else if (length === 4 && (from !== null || kind instanceof PendingCall)) {
      if (hasThen(response[2])) return this.#refuseReply(process, kind, payload);
      process.state = response[3];
      this.#stopWithReply(process, response, kind, payload, from);
    } else {
      this.#badReturn(process, response, kind, payload);
    }
  }

  #stopWithReply(
    process: Process,
    [, reason, reply]: readonly Term[],
    kind: Kind,
    payload: Term,
    from: From | null,
  ): void {
    const client = from ?? (kind as PendingCall).from;
    this.stop(process, reason, kind, payload, () => {
      answer(client, reply);
      if (process.server !== null) debugOut(process, reply, client);
    });
  }

  /** Stops the server for a reply that no promise resolves with: its caller would wait for ever. */
  #refuseReply(process: Process, kind: Kind, payload: Term): undefined {
    this.stop(process, reasonOf(thenError("reply with")), kind, payload);
  }

  #badReturn(process: Process, response: unknown, kind: Kind, payload: Term): void {
    this.stop(process, ["bad_return_value", response], kind, payload);
  }

  protected override handleContinuation(process: Process, argument: Term): void {
    this.#continue(process, argument, 0);
  }

  /** Does what a response has asked for beside the state. */
  #begin(process: Process, extra: Extra): void {
    if (extra === "hibernate") process.flags |= HIBERNATING;
    else if (typeof extra === "number") {
      if (extra !== Infinity) ensureAttributes(process).setIdleTimeout(process, extra);
    } else this.#continue(process, itemOf(extra, 1), 0);
  }

  /**
   * Calls `handleContinue`, again and again if that asks for it. `calls` of them have been made in this turn:
   * after {@linkcode TURN_MESSAGES} it goes on in the next one, as others are to have theirs.
   */
  #continue(process: Process, argument: Term, calls: number): void {
    let next = argument;
    for (let i = calls; i < TURN_MESSAGES; i++) {
      const message = ["continue", next] as const;
      attributesOf(process)?.debug?.event(process, message);
      spend(process, 1);
      let response: unknown;
      try {
        response = this.#handleContinue === undefined
          ? this.#missing("handleContinue", next)
          : this.#handleContinue(next, process.state);
      } catch (thrown) {
        if (!process.isDead && isA(thrown, Error)) {
          return this.stop(process, reasonOf(thrown), PLAIN, message);
        }
        response = thrown;
      }
      if (process.isDead) return;
      if (isThenable(response)) return this.#continueLater(process, response, message, i + 1);
      const extra = this.#follow(process, response, PLAIN, message, null);
      if (extra === undefined) return;
      if (!isArray(extra)) return this.#begin(process, extra);
      next = itemOf(extra, 1);
    }
    ensureAttributes(process).continuation = { argument: next };
  }

  /** Goes on when an async `handleContinue` has returned. */
  #continueLater(
    process: Process,
    promise: PromiseLike<unknown>,
    message: readonly ["continue", Term],
    calls: number,
  ): void {
    this.run(
      process,
      () => promise,
      (response) => {
        const extra = this.#follow(process, response, PLAIN, message, null);
        if (isArray(extra)) this.#continue(process, itemOf(extra, 1), calls);
        else if (extra !== undefined) this.#begin(process, extra);
      },
      (thrown) => this.stop(process, reasonOf(thrown), PLAIN, message),
    );
  }

  #missing(callback: string, argument: Term): never {
    throw new TypeError(
      `Cannot handle ${inspect(argument)}: the GenServer module has no ${callback} callback`,
    );
  }

  #unhandled(process: Process, payload: Term): readonly ["noreply", Term] {
    report({
      level: "error",
      kind: "unhandled_message",
      pid: process.pid,
      name: nameOf(process),
      lastMessage: payload,
      details: { module: this.module },
    });
    return ["noreply", process.state];
  }
}

/** Whether a value is a valid extra element of a response. */
export function isExtra(value: unknown): value is Extra {
  return value === "hibernate" ||
    isTimeout(value) ||
    isTuple(value, "continue", 2);
}

function debugOut(process: Process, value: Term, [client]: From): void {
  attributesOf(process)?.debug?.event(process, ["out", value, client, process.state]);
}

function debugNoreply(process: Process): void {
  attributesOf(process)?.debug?.event(process, ["noreply", process.state]);
}

const behaviours = new WeakMap<object, GenServer>();

/** The behaviour of a callback module, shared by all its servers. */
export function behaviourOf(module: Module): GenServer {
  let behaviour = behaviours.get(module);
  if (behaviour !== undefined) return behaviour;
  if ((typeof module !== "object" && typeof module !== "function") || module === null) {
    throw new TypeError(
      `Cannot start a GenServer: expected a module with callbacks, found ${inspect(module)}`,
    );
  }
  if (typeof module.init !== "function") {
    throw new TypeError(
      `Cannot start a GenServer: its module must have an init callback, found ${
        inspect(Object.keys(module))
      }`,
    );
  }
  behaviour = new GenServer(module);
  behaviours.set(module, behaviour);
  return behaviour;
}
