/**
 * Initial calls: what a process was started with, as `ProcLib` and crash reports have it.
 *
 * @module
 */

import type { Process } from "../kernel/process.ts";
import type { Term } from "../kernel/term.ts";

/**
 * An initial call: `[module, name, arity]`. Of a process that runs a function, it is that function's `call`;
 * of a supervisor it is `["supervisor", module, 1]`, as in OTP.
 */
export type InitialCall = readonly [module: Term, name: Term, arity: number];

/**
 * Where a behaviour that is itself a server of a module of this library says what its processes were started
 * with. Called with the argument of `init` while that runs, then with the state.
 */
export const INITIAL_CALL: unique symbol = Symbol("initial call");

/** What may stand under {@linkcode INITIAL_CALL}. */
export interface HasInitialCall {
  // deno-lint-ignore no-explicit-any -- argument and state are the module's own business
  readonly [INITIAL_CALL]?: (argumentOrState: any, process: Process) => InitialCall;
}
