/**
 * Initial calls: the function that a process was started with, for `ProcLib` and crash reports.
 *
 * @module
 */

import type { Process } from "../kernel/process.ts";
import type { Term } from "../kernel/term.ts";

/**
 * An initial call: `[module, name, arity]`. For a process that runs a function it is the `call` method of
 * that function; for a supervisor it is `["supervisor", module, 1]`, as in OTP.
 */
export type InitialCall = readonly [module: Term, name: Term, arity: number];

/**
 * The key under which a behaviour that is implemented as a server (such as a supervisor) declares the initial
 * call of its processes. It is called with the argument of `init` while `init` runs, then with the state.
 */
export const INITIAL_CALL: unique symbol = Symbol("initial call");

/** The type of the property {@linkcode INITIAL_CALL}. */
export interface HasInitialCall {
  // deno-lint-ignore no-explicit-any -- argument and state are the module's own business
  readonly [INITIAL_CALL]?: (argumentOrState: any, process: Process) => InitialCall;
}
