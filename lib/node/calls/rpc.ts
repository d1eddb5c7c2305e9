/**
 * Rpc: calls of functions on other nodes, after Erlang's `rpc`, where a failure is the value
 * `["badrpc", reason]`. Unlike `Erpc`, it does not distinguish a returned value from a thrown one, nor a failure
 * from a value that looks like one. Everything else is as in `Erpc`.
 *
 * A call returns a promise, so there is no `async_call`, `yield` or `nb_yield`.
 *
 * @module
 */

import { call as callServer } from "../../gen_server.ts";
import { allNodes } from "../../kernel/distribution.ts";
import { Exit } from "../../kernel/exit.ts";
import { printerOf } from "../../kernel/group_leader.ts";
import { List } from "../../kernel/list.ts";
import { self as selfProcess } from "../../kernel/self.ts";
import type { NodeName, Term } from "../../kernel/term.ts";
import { monitor, self, spawn } from "../../process.ts";
import { receive } from "../../receive.ts";
import { send } from "../../send.ts";
import { castCall, type Outcome, outcomeOfCall } from "./erpc_request.ts";
import { nameOf, withoutAtoms } from "./execute.ts";
import { REX } from "./rex.ts";
import { assertNames } from "./spawn_request.ts";

/** The value of a failed call: `["badrpc", "nodedown"]`, `["badrpc", ["EXIT", reason]]`, … */
export type BadRpc = readonly [
  "badrpc",
  reason: "nodedown" | "timeout" | readonly ["EXIT", reason: Term],
];

/**
 * Calls `module:name(...args)` on a node, and resolves with its value, or with what it throws.
 *
 * Resolves with `["badrpc", ["EXIT", reason]]` if it exits, or its process is terminated; with
 * `["badrpc", ["EXIT", [reason, stack]]]` if it raises an error; with `["badrpc", "nodedown"]` if the node cannot
 * be reached, and with `["badrpc", "timeout"]` if it takes longer than `timeout`.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
 * @throws {RangeError} If the timeout is negative, fractional or not a number.
 * @see OTP `rpc:call/5`
 *
 * @example A node that cannot be reached
 * ```ts
 * import { Node, Rpc } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await Rpc.call("nobody@nowhere", "erlang", "node", []), ["badrpc", "nodedown"]);
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
  if (outcome[0] === "error" && outcome[1][1] === "notsup" && outcome[1][0] === "erpc") {
    return await askRex(node, "call", module, name, args, timeout);
  }
  return valueOf(outcome);
}

/**
 * As {@linkcode call}, but all functions that are called this way run one after another on that node.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {TypeError} As {@linkcode call} does.
 * @throws {RangeError} As {@linkcode call} does.
 * @see OTP `rpc:block_call/5`
 */
export async function blockCall(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
  timeout: number = Infinity,
): Promise<Term> {
  assertNames("call", node, module, name, args);
  return await askRex(node, "block_call", module, name, args, timeout);
}

/**
 * Runs a function on a node, and returns at once. The result and any failure are discarded.
 *
 * @throws {TypeError} As {@linkcode call} does.
 * @see OTP `rpc:cast/4`
 */
export function cast(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): true {
  castCall([node, module, name, args]);
  return true;
}

/**
 * Calls a function on several nodes at once. Resolves with `[results, badNodes]`: the values, or `badrpc` where
 * the function failed, in the order of the nodes; and the nodes that could not be reached or timed out.
 *
 * @param timeout For all calls together, in milliseconds, default `Infinity`.
 * @throws {TypeError} As {@linkcode call} does.
 * @throws {RangeError} As {@linkcode call} does.
 * @see OTP `rpc:multicall/5`
 */
export async function multicall(
  nodes: readonly NodeName[],
  module: string,
  name: string,
  args: readonly Term[],
  timeout: number = Infinity,
): Promise<[results: Term[], badNodes: NodeName[]]> {
  const calls = nodes.map((node) => outcomeOfCall([node, module, name, args], timeout));
  const results: Term[] = [];
  const badNodes: NodeName[] = [];
  for (const [at, outcome] of (await Promise.all(calls)).entries()) {
    const value = valueOf(outcome);
    if (outcome[0] === "error" && isLost(value)) badNodes.push(nodes[at]!);
    else results.push(value);
  }
  return [results, badNodes];
}

/**
 * Calls several functions, distributed in turn over all nodes, and resolves with their values in the same
 * order: `badrpc` where one failed.
 *
 * All nodes are this one and those that are connected and not hidden. Functions that run on a denotp node must be
 * exported there.
 *
 * @throws {TypeError} If a name is not a string, or arguments are not an array, or cannot be sent.
 * @see OTP `rpc:parallel_eval/1`
 *
 * @example Several calls at once
 * ```ts
 * import { Node, Rpc } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * Node.exportFunctions("math", { "max/2": Math.max });
 * const largest = await Rpc.parallelEval([["math", "max", [1, 2]], ["math", "max", [4, 3]]]);
 * assertEquals(largest, [2, 4]);
 * ```
 */
export async function parallelEval(
  calls: readonly (readonly [module: string, name: string, args: readonly Term[]])[],
): Promise<Term[]> {
  const nodes = allNodes();
  return await Promise.all(
    calls.map((mfa, at) => call(nodes[at % nodes.length]!, ...mfa)),
  );
}

/**
 * Maps a function over items, distributed in turn over all nodes: resolves with the values of
 * `module:name(item, ...args)` in the order of the items. See {@linkcode parallelEval}.
 *
 * @throws {Exit} `"badrpc"` if one of the calls failed.
 * @throws {TypeError} As {@linkcode parallelEval} does.
 * @see OTP `rpc:pmap/3`
 */
export async function pmap(
  [module, name]: readonly [module: string, name: string],
  args: readonly Term[],
  items: Iterable<Term>,
): Promise<Term[]> {
  const calls = Array.from(items, (item) => [module, name, [item, ...args]] as const);
  const values = await parallelEval(calls);
  if (values.some(isBadRpc)) throw new Exit("badrpc");
  return values;
}

function isBadRpc(value: Term): boolean {
  return Array.isArray(value) && value.length === 2 && value[0] === "badrpc";
}

/**
 * Runs a function on several nodes. See {@linkcode cast}.
 *
 * @throws {TypeError} As {@linkcode call} does.
 * @see OTP `rpc:eval_everywhere/4`
 */
export function evalEverywhere(
  nodes: readonly NodeName[],
  module: string,
  name: string,
  args: readonly Term[],
): "abcast" {
  for (const node of nodes) castCall([node, module, name, args]);
  return "abcast";
}

/**
 * Sends a message to the process with a name on several nodes, without confirmation.
 *
 * @throws {TypeError} If `name` is not a name, or the message cannot be sent.
 * @see OTP `rpc:abcast/3`
 */
export function abcast(nodes: readonly NodeName[], name: string, message: Term): "abcast" {
  for (const node of nodes) send([name, node], message);
  return "abcast";
}

/**
 * Sends a message to the process with a name on several nodes, and waits until it is delivered. Resolves with
 * `[goodNodes, badNodes]`: those on which a process has that name, and all others.
 *
 * @throws {TypeError} If `name` is not a name, or the message cannot be sent.
 * @see OTP `rpc:sbcast/3`
 */
export function sbcast(
  nodes: readonly NodeName[],
  name: string,
  message: Term,
): Promise<[goodNodes: NodeName[], badNodes: NodeName[]]> {
  const { promise, resolve, reject } = Promise.withResolvers<[NodeName[], NodeName[]]>();
  // In a process of its own, so that the caller can wait for something else as well.
  spawn(() => broadcast(nodes, name, message).then(resolve, reject));
  return promise;
}

async function broadcast(
  nodes: readonly NodeName[],
  name: string,
  message: Term,
): Promise<[NodeName[], NodeName[]]> {
  const answers = new Map<NodeName, boolean>();
  for (const node of new Set(nodes)) {
    monitor([REX, node]);
    send([REX, node], [self(), ["sbcast", Symbol(name), message]]);
  }
  while (answers.size < new Set(nodes).size) {
    const [node, isGood] = answerIn(await receive() as readonly Term[]);
    if (!answers.has(node)) answers.set(node, isGood);
  }
  return [
    nodes.filter((node) => answers.get(node) === true),
    nodes.filter((node) => answers.get(node) === false),
  ];
}

/** The node of an answer, and whether it has delivered the message; a `DOWN` of its `rex` counts as no. */
function answerIn(message: readonly Term[]): readonly [NodeName, boolean] {
  if (message[0] === "DOWN") return [(message[3] as [string, NodeName])[1], false];
  return [nameOf(message[1]) as NodeName, !Array.isArray(message[2])];
}

// --- Outcomes -------------------------------------------------------------------------------------

function valueOf(outcome: Outcome): Term {
  const [kind, term] = outcome;
  if (kind === "exit") return badExit(term[1]);
  if (kind !== "error") return isExit(term) ? ["badrpc", term] : term;
  if (term[0] === "exception") return badExit([term[1], term[2]]);
  switch (term[1]) {
    case "noconnection":
      return ["badrpc", "nodedown"];
    case "timeout":
    case "notsup":
      return ["badrpc", term[1]];
    default:
      return badExit(term[1]);
  }
}

function badExit(reason: Term): BadRpc {
  return ["badrpc", ["EXIT", reason]];
}

function isExit(term: Term): boolean {
  return Array.isArray(term) && term.length === 2 && term[0] === "EXIT";
}

/** Whether a node could not be reached, or timed out. */
function isLost(value: Term): boolean {
  return Array.isArray(value) && (value[1] === "nodedown" || value[1] === "timeout");
}

async function askRex(
  node: NodeName,
  what: "call" | "block_call",
  module: string,
  name: string,
  args: readonly Term[],
  timeout: number,
): Promise<Term> {
  const request = [what, Symbol(module), Symbol(name), List.from(args), printerOf(selfProcess())];
  try {
    return plain(await callServer([REX, node], request, timeout));
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    const [why] = error.reason as readonly [Term];
    if (why === "timeout") return ["badrpc", "timeout"];
    return Array.isArray(why) && why[0] === "nodedown"
      ? ["badrpc", "nodedown"]
      : badExit(error.reason);
  }
}

/** Converts the answer of a denotp node, which has symbols where Erlang nodes get atoms. */
function plain(value: Term): Term {
  if (!Array.isArray(value) || value[0] !== "badrpc" || !isExit(value[1])) return value;
  return badExit(withoutAtoms(value[1][1]));
}
