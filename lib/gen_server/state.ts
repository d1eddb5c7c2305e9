// deno-lint-ignore-file no-explicit-any -- what callbacks take and return is inferred

/**
 * The type of the state, which is one across the callbacks of a GenServer's module. Types only.
 *
 * @module
 */

import type { Clauses } from "./contract.ts";

/** The callbacks that take the state, and the positions of it among their parameters. */
interface Positions {
  handleCall: 2;
  handleCast: 1;
  handleInfo: 1;
  handleContinue: 1;
  terminate: 1;
}

/** The callbacks that go on with a state. */
type Handler = Exclude<keyof Positions, "terminate">;

/** The clauses of a callback, if a module has it. */
export type ClausesOf<M, Name extends PropertyKey> = M extends
  { readonly [N in Name]: infer F extends (...args: any[]) => any } ? Clauses<F> : never;

/** Whether one of the clauses does not take a `Value` at a position of its parameters. */
export type IsRefused<C, Position extends number, Value> = C extends
  [infer Parameters extends readonly unknown[], unknown]
  ? `${Position}` extends keyof Parameters ? [Value] extends [Parameters[Position]] ? never : true
  : never
  : never;

/** The state that a response carries. */
type StateIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "noreply", infer State, ...infer _] ? State
  : Response extends readonly ["reply", unknown, infer State, ...infer _] ? State
  : Response extends readonly ["stop", unknown, infer State] ? State
  : Response extends readonly ["stop", unknown, unknown, infer State] ? State
  : never;

/** The state that a callback goes on with. */
type StateFrom<M, Name extends string> = ClausesOf<M, Name> extends infer C
  ? C extends [unknown, infer Response] ? StateIn<Awaited<Response>> : never
  : never;

/** What is wrong if the callback `Name` does not take the state that `Source` returns. */
type Refusal<M, Source extends string, Name extends keyof Positions> = true extends
  IsRefused<ClausesOf<M, Name>, Positions[Name], StateFrom<M, Source>>
  ? `${Source} returns a state that ${Name extends Source ? "it" : Name} does not take`
  : never;

type Refusals<M, Source extends string> = {
  [Name in keyof Positions]: Refusal<M, Source, Name>;
}[keyof Positions];

/** What is wrong with the state that `init` returns; if nothing is, with those of the others. */
type Mismatch<M> = [Refusals<M, "init">] extends [never]
  ? { [Name in Handler]: Refusals<M, Name> }[Handler]
  : Refusals<M, "init">;

/**
 * A module whose callbacks agree on the type of the state: each takes what `init` and the others return. For
 * any other module it is a sentence that says which callback does not.
 *
 * Generic code that starts a module takes it as `Consistent<M>`, and what comes after it as
 * {@linkcode StartArguments}.
 */
export type Consistent<M> = [Mismatch<M>] extends [never] ? M : Mismatch<M> & string;

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
