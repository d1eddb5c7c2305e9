/**
 * A call of a function on another node, from the request to the outcome: a process is started there whose exit
 * reason is the result. `Erpc` and `Rpc` are two ways to return it to the caller.
 *
 * @module
 */

import { checkTimeout } from "../../gen/timeout.ts";
import { OwnedTimer, type Process } from "../../kernel/process.ts";
import { self } from "../../kernel/self.ts";
import { List } from "../../kernel/list.ts";
import { type NodeName, Ref, type Term } from "../../kernel/term.ts";
import { start } from "../../kernel/timers.ts";
import { assertNames, type Requested, requestSpawn, type SpawnEvents } from "./spawn_request.ts";

/** A function of a module on a node, and its arguments. */
export type RemoteCall = readonly [
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
];

/** The outcome of a call: its value, or what OTP's `erpc:call` raises, by class. */
export type Outcome =
  | readonly ["ok", value: Term]
  | readonly ["throw", value: Term]
  | readonly ["exit", reason: readonly ["exception" | "signal", Term]]
  | readonly [
    "error",
    reason:
      | readonly ["exception", reason: Term, stack: Term]
      | readonly ["erpc", why: Term],
  ];

/**
 * Calls a function, and resolves with the outcome.
 *
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
 * @throws {RangeError} If the timeout is negative, fractional or not a number.
 */
export function outcomeOfCall(call: RemoteCall, timeout: number): Promise<Outcome> {
  checkTimeout("call a function of another node", timeout);
  const caller = self();
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const result = new Ref();
  let timer: OwnedTimer | null = null;
  const settle = (outcome: Outcome) => {
    timer?.cancel();
    resolve(outcome);
  };
  const request = requestCall(caller, call, result, {
    started: () => {},
    refused: (why) => settle(["error", ["erpc", why]]),
    ended: (reason) => settle(outcomeIn(reason, result)),
  });
  if (timeout !== Infinity) {
    timer = new OwnedTimer(caller, () => {
      request.callOff();
      resolve(["error", ["erpc", "timeout"]]);
    });
    start(timer, timeout);
  }
  return promise;
}

/** Requests a call. `result` is the reference that tells its result from any other exit reason. */
export function requestCall(
  caller: Process,
  [node, module, name, args]: RemoteCall,
  result: Ref,
  events: SpawnEvents,
): Requested {
  assertNames("call", node, module, name, args);
  const request = [result, Symbol(module), Symbol(name), List.from(args)];
  return requestSpawn(caller, node, ["erpc", "execute_call", request], { monitor: true }, events);
}

/** The outcome in the exit reason of the process that was started for the call with this `result` reference. */
export function outcomeIn(reason: Term, result: Ref): Outcome {
  if (reason === "noconnection") return ["error", ["erpc", "noconnection"]];
  if (!Array.isArray(reason) || reason[0] !== result) return ["exit", ["signal", reason]];
  const [, kind, term, stack] = reason;
  switch (kind) {
    case "return":
      return ["ok", term];
    case "throw":
      return ["throw", term];
    case "exit":
      return ["exit", ["exception", term]];
    default:
      if (reason.length === 4) return ["error", ["exception", term, stack]];
      return ["error", Array.isArray(term) ? term as never : ["erpc", term]];
  }
}

/**
 * Requests a call whose result is discarded.
 *
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
 */
export function castCall([node, module, name, args]: RemoteCall): void {
  assertNames("cast", node, module, name, args);
  const request = [Symbol(module), Symbol(name), List.from(args)];
  const ignored = { started: () => {}, refused: () => {} };
  requestSpawn(self(), node, ["erpc", "execute_cast", request], {}, ignored);
}
