/**
 * The types of state and data that the callbacks of a state machine's module must agree on. Types only; used
 * by `../gen_statem.ts`.
 *
 * @module
 */

import type { IsRefused, Misreturn, Refusal, ReturnOf } from "../gen_server/state.ts";
import type { Callbacks } from "./contract.ts";
import type { Init, Result } from "./response.ts";

/** The next state in a result of `init` or of a state callback. */
type StateIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "next_state", infer State, ...infer _] ? State
  : never;

/** The data in such a result. */
type DataIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "next_state", unknown, infer Data, ...infer _] ? Data
  : Response extends readonly ["keep_state" | "repeat_state", infer Data, ...infer _] ? Data
  : Response extends readonly ["stop", unknown, infer Data] ? Data
  : Response extends readonly ["stop_and_reply", unknown, unknown, infer Data] ? Data
  : never;

/** The states in `Known`, and those that a module's functions for them change to. */
type Reached<M, Known extends string> = string extends Known ? never
  : Extract<{ [State in Known]: StateIn<ReturnOf<M, State>> }[Known], string> extends
    infer Next extends string ? [Next] extends [Known] ? Known : Reached<M, Known | Next>
  : never;

/** The names of a module's functions for states; `never` if all events are handled by `handleEvent`. */
type StateFunction<M> = M extends { readonly handleEvent: unknown } ? never
  : Extract<StateIn<ReturnOf<M, "init">>, string> extends infer First extends string
    ? Reached<M, First>
  : never;

/** The callbacks that take data, with its position among their parameters. */
type Positions<M> =
  & { [Name in StateFunction<M>]: 2 }
  & { handleEvent: 3; terminate: 2 };

/** The errors of callbacks that do not accept the data that `Source` returns. */
type DataRefusals<M, Source extends string, Takers = Positions<M>> = {
  [Name in keyof Takers & string]: true extends
    IsRefused<M, Name, Takers[Name] & number, DataIn<ReturnOf<M, Source>>>
    ? Refusal<"data", Source, Name>
    : never;
}[keyof Takers & string];

/** The error if `handleEvent` does not accept the state that `Source` returns. */
type StateRefusals<M, Source extends string> = true extends
  IsRefused<M, "handleEvent", 2, StateIn<ReturnOf<M, Source>>>
  ? Refusal<"a state", Source, "handleEvent">
  : never;

type Refusals<M, Source extends string> = Source extends unknown
  ? DataRefusals<M, Source> | StateRefusals<M, Source>
  : never;

/** The errors in the shapes of callbacks. */
type Misshape<M> =
  | Misreturn<M, "init", Init, "ok(state, data), stop(reason) or ignore">
  | Misreturn<M, StateFunction<M> | "handleEvent", Result, "a result">;

/**
 * The errors in the types of state and data: first for those that `init` returns; if there are none, for the
 * others.
 */
type Mismatch<M> = [Refusals<M, "init">] extends [never]
  ? Refusals<M, StateFunction<M> | "handleEvent">
  : Refusals<M, "init">;

/** The errors of a module; none if nothing is known about it. */
type Mistake<M> = Callbacks extends M ? never
  : [Misshape<M>] extends [never] ? Mismatch<M>
  : Misshape<M>;

/**
 * A module whose callbacks return results and agree on the types of state and data: each accepts what `init`
 * and the others return. For any other module, this type is a sentence that names the callback at fault.
 *
 * Generic code that starts a module takes it as `Consistent<M>`, and the arguments after it as
 * {@linkcode StartArguments}.
 */
export type Consistent<M> = [Mistake<M>] extends [never] ? M : Mistake<M> & string;
