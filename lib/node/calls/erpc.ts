/**
 * Erpc: calls of functions on other nodes, after Erlang's `erpc`. It distinguishes what the function returned,
 * what it raised, and failures of the call itself.
 *
 * On Erlang and Elixir nodes every exported function of every module can be called, on denotp nodes those
 * that `Node.exportFunctions` has exported. Elixir's modules have names such as `"Elixir.Enum"`.
 *
 * Arguments and results are in the natural mapping, as in messages: a string is text, the first string of an array
 * is an atom, `list([…])` is a list; any other atom is written `atom("name")`.
 *
 * | the function | `Erpc.call` rejects with |
 * | --- | --- |
 * | throws a value (`throw/1`) | that value |
 * | exits (`exit/1`) | `Exit` with `["exception", reason]` |
 * | raises (`error/1`, an `Error`) | {@linkcode ErpcError} with `["exception", reason, stack]` |
 * | is terminated by an exit signal | `Exit` with `["signal", reason]` |
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
 * Calls `module:name(...args)` on a node, which may be this one, and resolves with its value. Connects to the node
 * if necessary.
 *
 * The function runs in a process of its own on that node. It goes on if the call times out.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} If it exits, or its process is terminated by an exit signal; see the table above.
 * @throws {ErpcError} If it raises an error, or cannot be called; see the table above.
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
 * @throws {RangeError} If the timeout is negative, fractional or not a number.
 * @see OTP `erpc:call/5`, where invalid names and timeouts are the error `{erpc, badarg}`.
 *
 * @example A call, and an error
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
 * Calls a function on several nodes at once, and resolves with the outcome of each call, in the order of the nodes:
 * `["ok", value]`, or `["throw", value]`, `["exit", reason]` or `["error", reason]`, where {@linkcode call} would
 * reject with the value or reason.
 *
 * @param timeout For all calls together, in milliseconds, default `Infinity`.
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
 * Runs a function on a node, and returns at once. The result and any failure are discarded.
 *
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
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
 * @throws {TypeError} As {@linkcode cast} does. Requests to earlier nodes of the list have been sent by then.
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
