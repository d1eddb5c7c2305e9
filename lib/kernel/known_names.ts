/**
 * The local names whose modules are known to the types. In a file of its own because users extend it: a
 * declaration can only be merged with one that the package's entry point exports with `export *`.
 *
 * @module
 */

/**
 * The servers that run under fixed local names, for the types only: declare the module behind a name, and
 * `GenServer.call`, `cast`, `sendRequest` and `whereis` by that name know its requests and replies. A name
 * that is not declared takes any request.
 *
 * ```ts ignore
 * import { GenServer } from "@denotp/otp";
 * import * as Stack from "./stack.ts";
 *
 * declare module "@denotp/otp" {
 *   interface Names {
 *     stack: typeof Stack;
 *   }
 * }
 *
 * GenServer.cast("stack", ["push", "hello"]);
 * const top = await GenServer.call("stack", "pop"); // a string, as from the pid
 * ```
 */
// deno-lint-ignore no-empty-interface -- users add to it
export interface Names {}
