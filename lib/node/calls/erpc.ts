/**
 * Erpc: calls of functions on other nodes, after Erlang's `erpc`. It tells apart what the function returned,
 * what it raised, and what went wrong on the way.
 *
 * On Erlang and Elixir nodes every exported function of every module can be called, on denotp nodes those
 * that were given to `Node.exportFunctions`. Elixir's modules have names such as `"Elixir.Enum"`.
 *
 * Arguments and results are natural values, as in messages: a text is a text, the first string of an array is
 * an atom, `list([…])` is a list; any other atom is written `atom("name")`.
 *
 * | the function | `Erpc.call` rejects with |
 * | --- | --- |
 * | throws a value (`throw/1`) | that value |
 * | exits (`exit/1`) | `Exit` with `["exception", reason]` |
 * | raises (`error/1`, an `Error`) | {@linkcode ErpcError} with `["exception", reason, stack]` |
 * | is ended by an exit signal | `Exit` with `["signal", reason]` |
 * | cannot be called | {@linkcode ErpcError} with `["erpc", why]` |
 *
 * @module
 */

import type { NodeName, Term } from "../../kernel/term.ts";
import { valueOf } from "./erpc_error.ts";
import { castCall, type Outcome, outcomeOfCall } from "./erpc_request.ts";

export type { Outcome };
export { ErpcError } from "./erpc_error.ts";
export {
  checkResponse,
  type LabelledOutcome,
  type LabelledResponse,
  receiveResponse,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  reqidsToList,
  RequestId,
  RequestIds,
  sendRequest,
  waitResponse,
} from "./erpc_later.ts";

/**
 * Calls `module:name(...args)` on a node and resolves with its value. The node is connected to if need be;
 * it may be this one.
 *
 * The function runs in a process of its own there. That goes on if the caller waits no longer.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} If it exits, or its process is ended by an exit signal; see the table above.
 * @throws {ErpcError} If it raises an error, or cannot be called; see there.
 * @throws {TypeError} If a name is no string, `args` no array, or what cannot be sent is in it.
 * @throws {RangeError} If the timeout is negative or not a number.
 * @see OTP `erpc:call/5`; there wrong names and timeouts are the error `{erpc, badarg}`.
 *
 * @example
 * ```ts
 * import { Erpc, Node } from "@denotp/otp/node";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * Node.exportFunctions("calculator", { divide: (a: number, b: number) => a / b });
 * assertEquals(await Erpc.call(Node.self(), "calculator", "divide", [6, 3]), 2);
 * await assertRejects(
 *   () => Erpc.call(Node.self(), "calculator", "add", [1, 2]),
 *   Erpc.ErpcError,
 *   "undef",
 * );
 * ```
 */
export async function call(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
  timeout: number = Infinity,
): Promise<Term> {
  const outcome = await outcomeOfCall([node, module, name, args], timeout);
  return valueOf(outcome, `${module}:${name}/${args.length} on ${node}`);
}

/**
 * Calls a function on each of several nodes at once, and resolves with what became of each call, in the order
 * of the nodes: `["ok", value]`, or `["throw", value]`, `["exit", reason]` or `["error", reason]` with what
 * {@linkcode call} would reject with.
 *
 * @param timeout In milliseconds for all together, default `Infinity`.
 * @throws {TypeError} As {@linkcode call} does.
 * @throws {RangeError} As {@linkcode call} does.
 * @see OTP `erpc:multicall/5`
 */
export async function multicall(
  nodes: readonly NodeName[],
  module: string,
  name: string,
  args: readonly Term[],
  timeout: number = Infinity,
): Promise<Outcome[]> {
  return await Promise.all(nodes.map((node) => outcomeOfCall([node, module, name, args], timeout)));
}

/**
 * Runs a function on a node, and returns at once: nobody hears what becomes of it.
 *
 * @throws {TypeError} If a name is no string, `args` no array, or what cannot be sent is in it.
 * @see OTP `erpc:cast/4`
 */
export function cast(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): "ok" {
  castCall([node, module, name, args]);
  return "ok";
}

/**
 * Runs a function on several nodes. See {@linkcode cast}.
 *
 * @throws {TypeError} As {@linkcode cast} does; what was sent before is then sent.
 * @see OTP `erpc:multicast/4`
 */
export function multicast(
  nodes: readonly NodeName[],
  module: string,
  name: string,
  args: readonly Term[],
): "ok" {
  for (const node of nodes) castCall([node, module, name, args]);
  return "ok";
}
