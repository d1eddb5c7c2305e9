/**
 * The types of state and data, which are one each across the callbacks of a state machine's module. Types only.
 *
 * @module
 */

import type { IsRefused, Misreturn, Refusal, ReturnOf } from "../gen_server/state.ts";
import type { Callbacks } from "./contract.ts";
import type { Init, Result } from "./response.ts";

/** The state that a result of `init` or of a state callback goes to. */
type StateIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "next_state", infer State, ...infer _] ? State
  : never;

/** The data that it carries. */
type DataIn<Response> = 0 extends 1 & Response ? never
  : Response extends readonly ["ok" | "next_state", unknown, infer Data, ...infer _] ? Data
  : Response extends readonly ["keep_state" | "repeat_state", infer Data, ...infer _] ? Data
  : Response extends readonly ["stop", unknown, infer Data] ? Data
  : Response extends readonly ["stop_and_reply", unknown, unknown, infer Data] ? Data
  : never;

/** The states that a module's functions are known to go to from those of `Known`, and these. */
type Reached<M, Known extends string> = string extends Known ? never
  : Extract<{ [State in Known]: StateIn<ReturnOf<M, State>> }[Known], string> extends
    infer Next extends string ? [Next] extends [Known] ? Known : Reached<M, Known | Next>
  : never;

/** The names of the functions for states that a module has: none, if all events are handled by `handleEvent`. */
type StateFunction<M> = M extends { readonly handleEvent: unknown } ? never
  : Extract<StateIn<ReturnOf<M, "init">>, string> extends infer First extends string
    ? Reached<M, First>
  : never;

/** The callbacks that take data, with the position of it among their parameters. */
type Positions<M> =
  & { [Name in StateFunction<M>]: 2 }
  & { handleEvent: 3; terminate: 2 };

/** What is wrong if a callback does not take the data that `Source` returns. */
type DataRefusals<M, Source extends string, Takers = Positions<M>> = {
  [Name in keyof Takers & string]: true extends
    IsRefused<M, Name, Takers[Name] & number, DataIn<ReturnOf<M, Source>>>
    ? Refusal<"data", Source, Name>
    : never;
}[keyof Takers & string];

/** What is wrong if `handleEvent` does not take the state that `Source` returns. */
type StateRefusals<M, Source extends string> = true extends
  IsRefused<M, "handleEvent", 2, StateIn<ReturnOf<M, Source>>>
  ? Refusal<"a state", Source, "handleEvent">
  : never;

type Refusals<M, Source extends string> = Source extends unknown
  ? DataRefusals<M, Source> | StateRefusals<M, Source>
  : never;

/** What is wrong with the shape of a callback. */
type Misshape<M> =
  | Misreturn<M, "init", Init, "ok(state, data), stop(reason) or ignore">
  | Misreturn<M, StateFunction<M> | "handleEvent", Result, "a result">;

/** What is wrong with state and data: with those that `init` returns; if nothing is, with the others. */
type Mismatch<M> = [Refusals<M, "init">] extends [never]
  ? Refusals<M, StateFunction<M> | "handleEvent">
  : Refusals<M, "init">;

/** What is wrong with a module; nothing, if no more is known of it than that it is one. */
type Mistake<M> = Callbacks extends M ? never
  : [Misshape<M>] extends [never] ? Mismatch<M>
  : Misshape<M>;

/**
 * A module whose callbacks return results and agree on the types of state and data: each takes what `init` and
 * the others return. For any other module it is a sentence that says which callback does not.
 *
 * Generic code that starts a module takes it as `Consistent<M>`, and what comes after it as
 * {@linkcode StartArguments}.
 */
export type Consistent<M> = [Mistake<M>] extends [never] ? M : Mistake<M> & string;
