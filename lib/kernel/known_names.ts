/**
 * The local names whose modules are known to the types. In its own file because users extend it: a
 * declaration can only be merged if the entry point exports it with `export *`.
 *
 * @module
 */

/**
 * The servers that are registered under fixed local names, for the types only. Declare the module of a name,
 * and `GenServer.call`, `cast`, `sendRequest` and `whereis` with that name have the types of its requests and
 * replies. A name that is not declared takes any request.
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
// deno-lint-ignore no-empty-interface -- users extend it
export interface Names {}
