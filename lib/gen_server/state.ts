// deno-lint-ignore-file no-explicit-any -- what callbacks take and return is inferred

/**
 * What the callbacks of a GenServer's module have to agree on: that they return responses, and one type of the
 * state. Types only.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Init } from "../response.ts";
import type { Callbacks, CallResponse, Clauses, InfoResponse } from "./contract.ts";

/** The clauses of a callback, if a module has it. */
export type ClausesOf<M, Name extends PropertyKey> = M extends
  { readonly [N in Name]: infer F extends (...args: any[]) => any } ? Clauses<F> : never;

/** What a callback returns, once it is there. */
export type ReturnOf<M, Name extends PropertyKey> = ClausesOf<M, Name> extends infer C
  ? C extends [unknown, infer Returned] ? Awaited<Returned> : never
  : never;

/**
 * `true` if one of the clauses of a callback does not take a `Value` at a position of its parameters. They are
 * compared in objects: so the answer is there at once for types of generic code, too.
 */
export type IsRefused<M, Name extends PropertyKey, Position extends number, Value> =
  ClausesOf<M, Name> extends infer C
    ? C extends [infer Parameters extends readonly unknown[], unknown]
      ? `${Position}` extends keyof Parameters
        ? { of: Value } extends { of: Parameters[Position] } ? never : true
      : never
    : never
    : never;

/** What is wrong if a callback returns something else than a `Response`. */
export type Misreturn<M, Name extends string, Response, Words extends string> = Name extends unknown
  ? [ReturnOf<M, Name>] extends [Response] ? never
  : `${Name} returns something other than ${Words}`
  : never;

/** What is wrong if the callback `Name` does not take something that `Source` returns. */
export type Refusal<What extends string, Source extends string, Name extends string> =
  `${Source} returns ${What} that ${Name extends Source ? "it" : Name} does not take`;

/** The callbacks that take the state, and the positions of it among their parameters. */
interface Positions {
  handleCall: 2;
  handleCast: 1;
  handleInfo: 1;
  handleContinue: 1;
  terminate: 1;
}

/** The callbacks that return a state. */
type Handler = Exclude<keyof Positions, "terminate">;

/** The state that a response carries. */
type StateIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "noreply", infer State, ...infer _] ? State
  : Response extends readonly ["reply", unknown, infer State, ...infer _] ? State
  : Response extends readonly ["stop", unknown, infer State] ? State
  : Response extends readonly ["stop", unknown, unknown, infer State] ? State
  : never;

/** What is wrong with the shape of a callback. */
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

/** What is wrong if a callback does not take the state that `Source` returns. */
type Refusals<M, Source extends string> = {
  [Name in keyof Positions]: true extends
    IsRefused<M, Name, Positions[Name], StateIn<ReturnOf<M, Source>>>
    ? Refusal<"a state", Source, Name>
    : never;
}[keyof Positions];

/** What is wrong with the states: with the one that `init` returns; if nothing is, with the others. */
type Mismatch<M> = [Refusals<M, "init">] extends [never]
  ? { [Name in Handler]: Refusals<M, Name> }[Handler]
  : Refusals<M, "init">;

/** What is wrong with a module; nothing, if no more is known of it than that it is one. */
type Mistake<M> = Callbacks extends M ? never
  : [Misshape<M>] extends [never] ? Mismatch<M>
  : Misshape<M>;

/**
 * A module whose callbacks return responses and agree on the type of the state: each takes what `init` and the
 * others return. For any other module it is a sentence that says which callback does not.
 *
 * Generic code that starts a module takes it as `Consistent<M>`, and what comes after it as
 * {@linkcode StartArguments}.
 */
export type Consistent<M> = [Mistake<M>] extends [never] ? M : Mistake<M> & string;

/** The type of the state, as the callbacks of a module take it; `unknown` if none of them does. */
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
