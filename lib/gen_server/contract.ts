// deno-lint-ignore-file no-explicit-any -- requests, states and arguments depend on the module

/**
 * The contract of a GenServer's callback module, and the types of requests and replies that follow from it.
 * Types only; a part of `GenServer`, whose namespace exports most of it.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Term } from "../kernel/term.ts";
import type { AnyState, Init, Noreply, Reply, Stop, StopReply } from "../response.ts";
import type { StartOptions } from "../gen/start.ts";
import type { Status } from "../gen/status.ts";

/** What `handleCall` may return. */
export type CallResponse<Value = any, State = any> =
  | Reply<Value, State>
  | Noreply<State>
  | Stop<State>
  | StopReply<Value, State>;

/** What `handleCast`, `handleInfo` and `handleContinue` may return. */
export type InfoResponse<State = any> = Noreply<State> | Stop<State>;

/**
 * Anything that a callback may return by mistake. Not `unknown`, which would absorb the responses in a union.
 */
type Anything = AnyState | void;

/**
 * A module with the callbacks of a GenServer, whatever they return. {@linkcode Module} declares what they
 * must return; {@linkcode Consistent} checks that for a module that is started.
 */
export interface Callbacks {
  /** See {@linkcode Module}. */
  init(argument: any): Awaitable<Init<any>> | Anything;
  /** See {@linkcode Module}. */
  handleCall?(request: any, from: any, state: any): Awaitable<CallResponse> | Anything;
  /** See {@linkcode Module}. */
  handleCast?(request: any, state: any): Awaitable<InfoResponse> | Anything;
  /** See {@linkcode Module}. */
  handleInfo?(message: any, state: any): Awaitable<InfoResponse> | Anything;
  /** See {@linkcode Module}. */
  handleContinue?(argument: any, state: any): Awaitable<InfoResponse> | Anything;
  /** See {@linkcode Module}. */
  terminate?(reason: any, state: any): unknown;
}

/**
 * The callbacks of a GenServer: an ES module namespace, an object or a class with static methods. Only `init`
 * is required. Each may be async, except `formatStatus`.
 *
 * A thrown `Error` terminates the server with `[error, stack]`, `throw exit(reason)` with `reason`; a thrown
 * value that is not an `Error` counts as returned. Any other result than the allowed responses terminates it
 * with `["bad_return_value", value]`.
 */
export interface Module extends Callbacks {
  /**
   * The name of the module in reports, errors and `inspect`. Default: the name of its class, otherwise its
   * functions.
   */
  readonly moduleName?: string;
  /**
   * Returns the initial state. Runs in the new process, which is already registered, before `startLink`
   * resolves.
   */
  init(argument: any): Awaitable<Init<any>>;
  /** Handles a `call`. Without this callback, a call terminates the server. */
  handleCall?(request: any, from: From, state: any): Awaitable<CallResponse>;
  /** Handles a `cast`. Without this callback, a cast terminates the server. */
  handleCast?(request: any, state: any): Awaitable<InfoResponse>;
  /**
   * Handles all other messages, such as `"timeout"`. Without this callback, a message is logged and dropped.
   */
  handleInfo?(message: any, state: any): Awaitable<InfoResponse>;
  /**
   * Runs after a callback that returned `["continue", argument]`. Without this callback, that terminates the
   * server.
   */
  handleContinue?(argument: any, state: any): Awaitable<InfoResponse>;
  /**
   * Cleans up. Called when the server stops itself, by `stop` or `Sys.terminate`, after an error, and, if it
   * traps exits, when its parent exits; not when an exit signal terminates it otherwise. The result is
   * ignored; if it throws, the server exits with that error.
   */
  terminate?(reason: any, state: any): unknown;
  /**
   * Converts the state for a new version of the module: `["ok", state]`. Anything else is an error, and the
   * server keeps its state.
   */
  codeChange?(oldVersion: any, state: any, extra: any): unknown;
  /**
   * Returns the status that reports and `Sys.getStatus` show, for example without secrets. If it fails, the
   * state is not shown.
   */
  formatStatus?(status: Status): Status;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Returns the initial state. */
  init(): Awaitable<Init<any>>;
}

type AnyFunction = (...args: any[]) => any;

/** The clauses of an overloaded function, each as `[parameters, result]`. */
export type Clauses<F> = F extends {
  (...a: infer A1): infer R1;
  (...a: infer A2): infer R2;
  (...a: infer A3): infer R3;
  (...a: infer A4): infer R4;
  (...a: infer A5): infer R5;
  (...a: infer A6): infer R6;
  (...a: infer A7): infer R7;
  (...a: infer A8): infer R8;
  (...a: infer A9): infer R9;
  (...a: infer A10): infer R10;
  (...a: infer A11): infer R11;
  (...a: infer A12): infer R12;
} ?
    | [A1, R1]
    | [A2, R2]
    | [A3, R3]
    | [A4, R4]
    | [A5, R5]
    | [A6, R6]
    | [A7, R7]
    | [A8, R8]
    | [A9, R9]
    | [A10, R10]
    | [A11, R11]
    | [A12, R12]
  : never;

/** The first parameter of each clause. */
type FirstOf<C> = C extends [[infer Request, ...infer _], unknown] ? Request : never;

/** The reply in a response. */
type ReplyIn<Response> = 0 extends 1 & Response ? any
  : Response extends readonly ["reply", infer Value, ...infer _] ? Value
  : Response extends readonly ["stop", Term, infer Value, unknown] ? Value
  : never;

/** The reply that a callback declares by the type of its `from`, to be sent later. */
type ReplyTo<Parameters> = Parameters extends [unknown, From<infer Value>, ...infer _]
  ? unknown extends Value ? never : Value
  : never;

/** The reply to each request in `Request`, by the clauses that take it. */
type ReplyFor<C, Request> = Request extends unknown
  ? C extends [infer Parameters extends [unknown, ...unknown[]], infer Response]
    ? [Request] extends [Parameters[0]] ? ReplyIn<Awaited<Response>> | ReplyTo<Parameters> : never
  : never
  : never;

type OrUnknown<T> = [T] extends [never] ? unknown : T;

/** The requests that a callback of a module takes; any if nothing is known about the module. */
type RequestOf<M, Name extends string> = unknown extends M ? any
  : M extends { readonly [N in Name]: infer F extends AnyFunction } ? FirstOf<Clauses<F>>
  : Name extends keyof M ? any
  : M extends { readonly callbackMode: AnyFunction } ? any // a state machine: the types of its events are not known
  : M extends { readonly init: AnyFunction } ? never
  : any;

/**
 * The requests that a module's `handleCall` takes: `never` if it has no such callback; `any` if nothing is
 * known about the module, as for a server that is known only by name.
 */
export type CallRequest<M> = RequestOf<M, "handleCall">;

/**
 * The reply of a module's `handleCall` to a request of type `Request`: `unknown` if it only returns
 * `noreply`; `any` if nothing is known about the module.
 */
export type CallReply<M, Request> = unknown extends M ? any
  : M extends { handleCall: infer F extends AnyFunction } ? OrUnknown<ReplyFor<Clauses<F>, Request>>
  : any;

/** The requests that a module's `handleCast` takes; see {@linkcode CallRequest}. */
export type CastRequest<M> = RequestOf<M, "handleCast">;

/** The argument of a module's `init`. */
export type InitArgument<M> = M extends { init: (...args: infer Args) => unknown }
  ? Args extends readonly [] ? void : Args[0]
  : unknown;

/**
 * The arguments of a start after the module: the argument of `init`, which can be omitted if `init` does not
 * need it, and the options.
 */
export type StartArguments<M, Options = StartOptions> = [M] extends
  [{ init: (...args: infer Args) => any }]
  ? [] extends Args ? [argument?: Args[0] | undefined, options?: Options | undefined]
  : undefined extends Args[0] ? [argument?: Args[0] | undefined, options?: Options | undefined]
  : [argument: Args[0], options?: Options | undefined]
  : [argument?: unknown, options?: Options | undefined];

/** Options of `GenServer.enterLoop`. */
export type EnterLoopOptions = Pick<StartOptions, "debug" | "hibernateAfter">;
