// deno-lint-ignore-file no-explicit-any -- states, data and events are the modules' own business

/**
 * The contract of a state machine's callback module. A part of `GenStatem`, whose namespace has all of it.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { itemOf } from "../kernel/reader.ts";
import type { Term } from "../kernel/term.ts";
import type { EventType, Init, Result } from "./response.ts";

/** How a module is called: by one function for each state, or by one for all. */
export type CallbackMode = "state_functions" | "handle_event_function";

/** What may be shown of a state machine: `formatStatus` of a callback module may alter it. */
export interface Status {
  /** The state that it is in. */
  readonly state?: Term;
  /** Its data. */
  readonly data?: Term;
  /** The reason of its end; only in the report of that. */
  readonly reason?: Term;
  /**
   * The event that it was handling, and those that were to come next; only in the report of its end. The type
   * of a call is shown as `["call", client]`.
   */
  readonly queue?: readonly (readonly [type: Term, content: Term])[];
  /** The events that are postponed, oldest first. */
  readonly postponed?: readonly (readonly [type: Term, content: Term])[];
  /** The types and contents of the timeouts that are set. */
  readonly timeouts?: readonly (readonly [type: Term, content: Term])[];
  /** What debug functions have kept, if `Sys.log` is on. */
  readonly log?: readonly Term[];
}

/**
 * The callbacks of a state machine: an ES module namespace, an object or a class with static methods.
 * `callbackMode` and `init` are required, and, depending on the mode, `handleEvent` or one function
 * `(type, content, data)` for each state, under its name. Each may be async, apart from `callbackMode` and
 * `formatStatus`.
 */
export interface Module {
  /**
   * How the callbacks are called: a {@linkcode CallbackMode}, or a list of one and `"state_enter"`. Asked once
   * when the machine starts, and when the callback module changes.
   */
  callbackMode(): string | readonly string[];
  /**
   * Makes the first state and data. Runs in the new process, under its name, before `startLink` resolves. See
   * {@linkcode ok}.
   */
  init(argument: any): Awaitable<Init>;
  /** Handles an event, in the mode `"handle_event_function"`. */
  handleEvent?(type: any, content: any, state: any, data: any): Awaitable<Result>;
  /**
   * Cleans up. Called when the machine stops by itself, by `stop` or `Sys.terminate`, after an error, and, if
   * it traps exits, when its parent ends; never when an exit signal ends it otherwise. After an error, `reason`
   * is that error, without the stack. What it returns does not matter; an error that it throws is what the
   * machine then ends with.
   */
  terminate?(reason: any, state: any, data: any): unknown;
  /** Converts state and data for a new version of the module: `["ok", state, data]`, or why not. */
  codeChange?(oldVersion: any, state: any, data: any, extra: any): unknown;
  /**
   * Words what reports and `Sys.getStatus` show of the machine: the place to hide secrets. If it fails, nothing
   * is shown.
   */
  formatStatus?(status: Status): Status;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Makes the first state and data. */
  init(): Awaitable<Init>;
}

/** Tells whether an event is a call, which is to be answered to `type[1]`. */
export function isCall(type: EventType): type is readonly ["call", From] {
  return itemOf(type, 0) === "call";
}
