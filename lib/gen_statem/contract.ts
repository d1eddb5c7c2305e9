// deno-lint-ignore-file no-explicit-any -- the types of states, data and events depend on the module

/**
 * The contract of a state machine's callback module. A part of `GenStatem`, whose namespace has all of it.
 *
 * @module
 */

import type { From } from "../kernel/calls.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { itemOf } from "../kernel/reader.ts";
import type { Term } from "../kernel/term.ts";
import type { AnyState } from "../response.ts";
import type { EventType, Init, Result } from "./response.ts";

/** How the callbacks are called: one function for each state, or one function for all states. */
export type CallbackMode = "state_functions" | "handle_event_function";

/** The status of a state machine in reports and `Sys.getStatus`; `formatStatus` of its module may change it. */
export interface Status {
  /** The state that it is in. */
  readonly state?: Term;
  /** Its data. */
  readonly data?: Term;
  /** The exit reason; only in the report of its termination. */
  readonly reason?: Term;
  /**
   * The event that it was handling, and the events that were queued; only in the report of its termination. The
   * type of a call is shown as `["call", client]`.
   */
  readonly queue?: readonly (readonly [type: Term, content: Term])[];
  /** The events that are postponed, oldest first. */
  readonly postponed?: readonly (readonly [type: Term, content: Term])[];
  /** The types and contents of the timeouts that are set. */
  readonly timeouts?: readonly (readonly [type: Term, content: Term])[];
  /** The events that were logged, if `Sys.log` is on. */
  readonly log?: readonly Term[];
}

/**
 * A module with the callbacks of a state machine, whatever they return. {@linkcode Module} declares what they
 * must return; {@linkcode Consistent} checks that for a module that is started.
 */
export interface Callbacks {
  /** See {@linkcode Module}. */
  callbackMode(): string | readonly string[];
  /** See {@linkcode Module}. */
  init(argument: any): Awaitable<Init> | AnyState | void;
  /** See {@linkcode Module}. */
  handleEvent?(
    type: any,
    content: any,
    state: any,
    data: any,
  ): Awaitable<Result> | AnyState | void;
  /** See {@linkcode Module}. */
  terminate?(reason: any, state: any, data: any): unknown;
}

/**
 * The callbacks of a state machine: an ES module namespace, an object or a class with static methods.
 * `callbackMode` and `init` are required, and, depending on the mode, `handleEvent` or one function
 * `(type, content, data)` for each state, under its name. Each may be async, apart from `callbackMode` and
 * `formatStatus`.
 */
export interface Module extends Callbacks {
  /**
   * The name of the module in reports, errors and `inspect`. Default: the name of its class, otherwise its
   * functions.
   */
  readonly moduleName?: string;
  /**
   * Returns a {@linkcode CallbackMode}, or a list of one and `"state_enter"`. Called once when the machine starts,
   * and when its callback module changes.
   */
  callbackMode(): string | readonly string[];
  /**
   * Returns the initial state and data. Runs in the new process, which is already registered, before `startLink`
   * resolves. See {@linkcode ok}.
   */
  init(argument: any): Awaitable<Init>;
  /** Handles an event, in the mode `"handle_event_function"`. */
  handleEvent?(type: any, content: any, state: any, data: any): Awaitable<Result>;
  /**
   * Cleans up. Called when the machine stops itself, by `stop` or `Sys.terminate`, after an error, and, if it
   * traps exits, when its parent exits; not when an exit signal terminates it otherwise. After an error, `reason`
   * is that error, without the stack. The result is ignored; if it throws, the machine exits with that error.
   */
  terminate?(reason: any, state: any, data: any): unknown;
  /** Converts state and data for a new version of the module. Returns `["ok", state, data]`, or a reason. */
  codeChange?(oldVersion: any, state: any, data: any, extra: any): unknown;
  /**
   * Returns the status that reports and `Sys.getStatus` show, for example without secrets. If it fails, state
   * and data are not shown.
   */
  formatStatus?(status: Status): Status;
}

/** A module whose `init` takes no argument. */
export interface ModuleWithoutArgument extends Module {
  /** Returns the initial state and data. */
  init(): Awaitable<Init>;
}

/** Whether an event is a call, which is replied to with `type[1]`. See the example of {@linkcode startLink}. */
export function isCall(type: EventType): type is readonly ["call", From] {
  return itemOf(type, 0) === "call";
}
