// deno-lint-ignore-file no-explicit-any -- parameters and results of callbacks are inferred

/**
 * The types that the callbacks of a GenServer module must agree on: they return responses, and take and
 * return one type of state. Types only; used by `../gen_server.ts`, and by `gen_statem/data.ts`.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Init } from "../response.ts";
import type { Callbacks, CallResponse, Clauses, InfoResponse } from "./contract.ts";

/** The clauses of a callback, if a module has it. */
export type ClausesOf<M, Name extends PropertyKey> = M extends
  { readonly [N in Name]: infer F extends (...args: any[]) => any } ? Clauses<F> : never;

/** The result of a callback, after awaiting. */
export type ReturnOf<M, Name extends PropertyKey> = ClausesOf<M, Name> extends infer C
  ? C extends [unknown, infer Returned] ? Awaited<Returned> : never
  : never;

/**
 * `true` if a clause of a callback does not accept a `Value` at a position of its parameters. The types are
 * compared as properties of objects, so that the result is known at once for the types of generic code, too.
 */
export type IsRefused<M, Name extends PropertyKey, Position extends number, Value> =
  ClausesOf<M, Name> extends infer C
    ? C extends [infer Parameters extends readonly unknown[], unknown]
      ? `${Position}` extends keyof Parameters
        ? { of: Value } extends { of: Parameters[Position] } ? never : true
      : never
    : never
    : never;

/** The error if a callback returns something other than a `Response`. */
export type Misreturn<M, Name extends string, Response, Words extends string> = Name extends unknown
  ? [ReturnOf<M, Name>] extends [Response] ? never
  : `${Name} returns something other than ${Words}`
  : never;

/** The error if the callback `Name` does not accept something that `Source` returns. */
export type Refusal<What extends string, Source extends string, Name extends string> =
  `${Source} returns ${What} that ${Name extends Source ? "it" : Name} does not take`;

/** The callbacks that take the state, and its position among their parameters. */
interface Positions {
  handleCall: 2;
  handleCast: 1;
  handleInfo: 1;
  handleContinue: 1;
  terminate: 1;
}

/** The callbacks that return a state. */
type Handler = Exclude<keyof Positions, "terminate">;

/** The state in a response. */
type StateIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "noreply", infer State, ...infer _] ? State
  : Response extends readonly ["reply", unknown, infer State, ...infer _] ? State
  : Response extends readonly ["stop", unknown, infer State] ? State
  : Response extends readonly ["stop", unknown, unknown, infer State] ? State
  : never;

/** The errors in the shapes of callbacks. */
type Misshape<M> =
  | Misreturn<M, "init", Init<any>, "ok(state), stop(reason) or ignore">
  | Misreturn<
    M,
    "handleCall",
    CallResponse,
    "reply(value, state), noreply(state), stop(reason, state) or stopReply(reason, value, state)"
  >
  | Misreturn<
    M,
    "handleCast" | "handleInfo" | "handleContinue",
    InfoResponse,
    "noreply(state) or stop(reason, state)"
  >
  | (true extends IsRefused<M, "handleCall", 1, From>
    ? "handleCall takes something other than a From between request and state"
    : never);

/** The errors of callbacks that do not accept the state that `Source` returns. */
type Refusals<M, Source extends string> = {
  [Name in keyof Positions]: true extends
    IsRefused<M, Name, Positions[Name], StateIn<ReturnOf<M, Source>>>
    ? Refusal<"a state", Source, Name>
    : never;
}[keyof Positions];

/**
 * The errors in the types of the state: first for the state that `init` returns; if there are none, for the
 * others.
 */
type Mismatch<M> = [Refusals<M, "init">] extends [never]
  ? { [Name in Handler]: Refusals<M, Name> }[Handler]
  : Refusals<M, "init">;

/** The errors of a module; none if nothing is known about it. */
type Mistake<M> = Callbacks extends M ? never
  : [Misshape<M>] extends [never] ? Mismatch<M>
  : Misshape<M>;

/**
 * A module whose callbacks return responses and agree on the type of the state: each accepts what `init` and
 * the others return. For any other module, this type is a sentence that names the callback at fault.
 *
 * Generic code that starts a module takes it as `Consistent<M>`, and the arguments after it as
 * {@linkcode StartArguments}.
 */
export type Consistent<M> = [Mistake<M>] extends [never] ? M : Mistake<M> & string;

/** The type of the state that the callbacks of a module take; `unknown` if none takes it. */
export type StateOf<M> = {
  [Name in keyof Positions]: ClausesOf<M, Name> extends infer C
    ? C extends [infer Parameters extends readonly unknown[], unknown]
      ? `${Positions[Name]}` extends keyof Parameters ? (state: Parameters[Positions[Name]]) => void
      : never
    : never
    : never;
}[keyof Positions] extends infer Takers ? [Takers] extends [never] ? unknown
  : [Takers] extends [(state: infer State) => void] ? State
  : unknown
  : never;
