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
import { isA, isArray, isTuple, itemOf, itemsOf, tagOf } from "../kernel/reader.ts";
import { runAs } from "../kernel/scheduler.ts";
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
      const tag = tagOf(payload);
      if (
        (tag === "$gen_cast" || tag === "$gen_call") && this.#handleRequest(process, tag, payload)
      ) {
        return;
      }
      response = this.#handleInfo === undefined
        ? this.#unhandled(process, payload)
        : this.#handleInfo(payload, process.state);
    } catch (thrown) {
      return this.#caught(process, thrown, PLAIN, payload);
    }
    this.#settle(process, response, PLAIN, payload);
  }

  /** Handles a cast or a call that arrived as a message; returns whether it is one. */
  #handleRequest(process: Process, tag: "$gen_cast" | "$gen_call", payload: Term): boolean {
    const items = itemsOf(payload, tag === "$gen_cast" ? 2 : 3);
    if (items === undefined) return false;
    const [, first, request] = items;
    if (tag === "$gen_cast") this.handle(process, CAST, first);
    else if (isFrom(first)) this.#handleForeignCall(process, first, request, payload);
    else return false;
    return true;
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
   * Carries out a response tuple. One that cannot be read stops the server, as a callback that throws does.
   * There is no closure here, nor in the functions that lead here: V8 would allocate its context for every
   * call, whether it is needed or not, which made calls 10 ns slower.
   */
  #respond(
    process: Process,
    response: unknown,
    kind: Kind,
    payload: Term,
    from: From | null = null,
  ): void {
    try {
      if (!Array.isArray(response)) return this.#badReturn(process, response, kind, payload);
      switch (response[0]) {
        case "reply":
          return this.#reply(process, response, kind, payload, from);
        case "noreply":
          return this.#noreply(process, response, kind, payload);
        case "stop":
          return this.#stopResponse(process, response, kind, payload, from);
      }
      this.#badReturn(process, response, kind, payload);
    } catch (thrown) {
      if (!process.isDead) this.stop(process, reasonOf(thrown), kind, payload);
    }
  }

  #reply(
    process: Process,
    response: readonly Term[],
    kind: Kind,
    payload: Term,
    from: From | null,
  ): void {
    const { length } = response;
    const isCall = kind instanceof PendingCall || from !== null;
    if (!isCall || (length !== 3 && (length !== 4 || !isExtra(response[3])))) {
      return this.#badReturn(process, response, kind, payload);
    }
    if (hasThen(response[1])) return this.#refuseReply(process, kind, payload);
    process.state = response[2];
    if (process.server !== null) debugOut(process, response[1], from ?? (kind as PendingCall).from);
    if (from === null) (kind as PendingCall).reply(response[1]);
    else answer(from, response[1]);
    if (length === 4) this.#begin(process, response[3] as Extra);
  }

  #noreply(process: Process, response: readonly Term[], kind: Kind, payload: Term): void {
    const { length } = response;
    if (length !== 2 && (length !== 3 || !isExtra(response[2]))) {
      return this.#badReturn(process, response, kind, payload);
    }
    process.state = response[1];
    if (process.server !== null) debugNoreply(process);
    if (length === 3) this.#begin(process, response[2] as Extra);
  }

  #stopResponse(
    process: Process,
    response: readonly Term[],
    kind: Kind,
    payload: Term,
    from: From | null,
  ): void {
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
    const message = ["continue", argument] as const;
    attributesOf(process)?.debug?.event(process, message);
    this.run(
      process,
      () =>
        this.#handleContinue === undefined
          ? this.#missing("handleContinue", argument)
          : this.#handleContinue(argument, process.state),
      (response) => this.#respond(process, response, PLAIN, message),
      (thrown) => this.stop(process, reasonOf(thrown), PLAIN, message),
    );
  }

  /** Does what a response has asked for beside the state. */
  #begin(process: Process, extra: Extra): void {
    if (extra === "hibernate") process.flags |= HIBERNATING;
    else if (typeof extra === "number") {
      if (extra !== Infinity) ensureAttributes(process).setIdleTimeout(process, extra);
    } else ensureAttributes(process).continueWith(process, itemOf(extra, 1));
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
