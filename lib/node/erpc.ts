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

import { Exit } from "../kernel/exit.ts";
import { receiveMessage, TIMED_OUT } from "../kernel/receive.ts";
import { self } from "../kernel/self.ts";
import { deliver } from "../kernel/signals.ts";
import { inspect, type NodeName, Ref, type Term } from "../kernel/term.ts";
import { checkTimeout } from "../gen.ts";
import { textOf } from "./chardata.ts";
import { castCall, type Outcome, outcomeIn, outcomeOfCall, requestCall } from "./erpc_request.ts";

export type { Outcome };

/** An error of class `error` that a call to another node ends with. */
export class ErpcError extends Error {
  /** The name of the class. */
  override readonly name = "ErpcError";
  /**
   * `["exception", reason, stack]` if the function raised an error: `reason` as it arrived (an `Error` of a
   * denotp node, a struct such as `{ __struct__: "Elixir.ArgumentError", … }`, or `"badarg"`, `"undef"` and
   * the like), and Erlang's stack, a list of `[module, function, arguments or arity, location]`. The
   * `cause` has both as an `Error`.
   *
   * `["erpc", why]` if it was not run, or nothing is known of it: `"noconnection"`, `"timeout"`, `"notsup"`
   * (the peer knows no such calls), `"badarg"` or `"system_limit"`.
   */
  readonly reason: Extract<Outcome, readonly ["error", unknown]>[1];

  /** Not for users: a failed call makes it. `what` was called. */
  constructor(reason: ErpcError["reason"], what: string) {
    const cause = reason[0] === "exception" ? causeOf(reason[1], reason[2]) : undefined;
    super(
      cause === undefined
        ? `${what} failed: ${String(reason[1])}`
        : `${what} raised an error: ${cause.message === "" ? cause.name : cause.message}`,
      cause === undefined ? undefined : { cause },
    );
    this.reason = reason;
  }
}

/** The error that a function of another node has raised, as one of here, with the stack of there. */
function causeOf(reason: Term, stack: Term): Error {
  if (reason instanceof Error) return reason;
  const { __struct__: struct, message } = (reason ?? {}) as Record<string, Term>;
  const text = typeof message === "string" ? message : wordReason(reason);
  const cause = new Error(text);
  const name = typeof struct === "string" ? struct.replace(/^Elixir\./, "") : "Error";
  const frames = Array.isArray(stack) ? stack.map((frame) => `\n    at ${wordFrame(frame)}`) : [];
  Object.defineProperty(cause, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(cause, "stack", {
    value: `${name}: ${text}${frames.join("")}`,
    configurable: true,
    writable: true,
  });
  return cause;
}

function wordReason(reason: Term): string {
  return typeof reason === "string" ? reason : inspect(reason);
}

/** One line of a stack: `lists:nth/2 (lists.erl:170)`. */
function wordFrame(frame: Term): string {
  if (!Array.isArray(frame) || frame.length !== 4) return inspect(frame);
  const [module, name, args, where] = frame;
  const called = `${module}:${name}/${Array.isArray(args) ? args.length : args}`;
  const found = new Map(Array.isArray(where) ? where.filter(Array.isArray) as [Term, Term][] : []);
  const file = found.get("file");
  return file === undefined ? called : `${called} (${textOf(file)}:${found.get("line")})`;
}

// --- Calls --------------------------------------------------------------------------------------

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

/** The value of a call. @throws What the call has raised. */
function valueOf(outcome: Outcome, what: string = "Erpc request"): Term {
  switch (outcome[0]) {
    case "ok":
      return outcome[1];
    case "throw":
      throw outcome[1];
    case "exit":
      throw new Exit(outcome[1]);
    case "error":
      throw new ErpcError(outcome[1], what);
  }
}

// --- Requests whose answer is taken later ---------------------------------------------------------

/** Stands for a call whose answer is taken later. Made by {@linkcode sendRequest}, opaque. */
export class RequestId {
  /**
   * What became of the call, if that message is the answer to it.
   *
   * @internal
   */
  readonly outcome: (message: Term) => Outcome | undefined;
  /**
   * Waits no longer.
   *
   * @internal
   */
  readonly abandon: () => void;

  /** Not for users. */
  constructor(outcome: (message: Term) => Outcome | undefined, abandon: () => void) {
    this.outcome = outcome;
    this.abandon = abandon;
  }
}

/**
 * Calls a function as {@linkcode call} does, and does not wait: the answer comes as a message, which
 * {@linkcode receiveResponse} or {@linkcode waitResponse} takes, or {@linkcode checkResponse} recognises.
 *
 * @throws {TypeError} If a name is no string, `args` no array, or what cannot be sent is in it.
 * @see OTP `erpc:send_request/4`
 *
 * @example
 * ```ts
 * import { Erpc, Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * Node.exportFunctions("text", { shout: (text: string) => text.toUpperCase() });
 * const request = Erpc.sendRequest(Node.self(), "text", "shout", ["hello"]);
 * assertEquals(await Erpc.receiveResponse(request, 5000), "HELLO");
 * ```
 */
export function sendRequest(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): RequestId {
  const caller = self();
  const result = new Ref();
  const request = requestCall(caller, [node, module, name, args], result, {
    started: () => {},
    refused: (why) => deliver(caller, ["spawn_reply", request.ref, "error", why]),
  });
  return new RequestId(
    (message) => answerIn(message, request.ref, result),
    () => request.callOff(),
  );
}

/** What `message` says of a request, if it is the answer to that one. */
function answerIn(message: Term, request: Ref, result: Ref): Outcome | undefined {
  if (!Array.isArray(message) || message[1] !== request) return undefined;
  return message[0] === "spawn_reply"
    ? ["error", ["erpc", message[3]]]
    : outcomeIn(message[4], result); // of DOWN
}

/**
 * Waits for the answer to a request and takes it: resolves and rejects as {@linkcode call} does. If it has not
 * come in time, the request is given up.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} As {@linkcode call} does.
 * @throws {ErpcError} As {@linkcode call} does.
 * @throws {RangeError} If the timeout is negative or not a number.
 * @throws {TypeError} If `request` is no request, or the process waits in another `receive`.
 * @see OTP `erpc:receive_response/2`
 */
export async function receiveResponse(
  request: RequestId,
  timeout: number = Infinity,
): Promise<Term> {
  const outcome = await take(request, timeout);
  if (outcome === undefined) request.abandon();
  return valueOf(outcome ?? ["error", ["erpc", "timeout"]]);
}

/**
 * Waits for the answer to a request: resolves with `["response", value]`, or with `"no_response"` if it has
 * not come in time; it may then be waited for again. Rejects as {@linkcode call} does.
 *
 * @param timeout In milliseconds, default 0.
 * @throws {Exit} As {@linkcode call} does.
 * @throws {ErpcError} As {@linkcode call} does.
 * @throws {RangeError} If the timeout is negative or not a number.
 * @throws {TypeError} If `request` is no request, or the process waits in another `receive`.
 * @see OTP `erpc:wait_response/2`
 */
export async function waitResponse(
  request: RequestId,
  timeout: number = 0,
): Promise<readonly ["response", Term] | "no_response"> {
  const outcome = await take(request, timeout);
  return outcome === undefined ? "no_response" : ["response", valueOf(outcome)];
}

/**
 * Tells whether `message`, which was received already, is the answer to a request: `["response", value]`, or
 * `"no_response"`. Throws as {@linkcode call} rejects. For the `handleInfo` of a server.
 *
 * @throws {Exit} As {@linkcode call} does.
 * @throws {ErpcError} As {@linkcode call} does.
 * @throws {TypeError} If `request` is no request.
 * @see OTP `erpc:check_response/2`
 */
export function checkResponse(
  message: Term,
  request: RequestId,
): readonly ["response", Term] | "no_response" {
  assertRequest(request);
  const outcome = request.outcome(message);
  return outcome === undefined ? "no_response" : ["response", valueOf(outcome)];
}

async function take(request: RequestId, timeout: number): Promise<Outcome | undefined> {
  assertRequest(request);
  checkTimeout("wait for a response", timeout);
  const isWanted = (message: Term) => request.outcome(message) !== undefined;
  const message = await receiveMessage(self(), isWanted, timeout);
  return message === TIMED_OUT ? undefined : request.outcome(message);
}

function assertRequest(request: unknown): void {
  if (request instanceof RequestId) return;
  throw new TypeError(
    `Cannot take this for a request: expected what Erpc.sendRequest returned, found ${
      inspect(request)
    }`,
  );
}
