/**
 * Asynchronous calls of functions on other nodes, whose responses arrive as messages; exported as a part of `Erpc`.
 *
 * @module
 */

import { checkTimeout } from "../../gen/timeout.ts";
import { receiveMessage, TIMED_OUT } from "../../kernel/receive.ts";
import { self } from "../../kernel/self.ts";
import { deliver } from "../../kernel/signals.ts";
import { inspect } from "../../kernel/inspect.ts";
import { type NodeName, Ref, type Term } from "../../kernel/term.ts";
import { valueOf } from "./erpc_error.ts";
import { type Outcome, outcomeIn, requestCall } from "./erpc_request.ts";

/** Identifies a call whose response is received later. Returned by {@linkcode sendRequest}, opaque. */
export class RequestId {
  /**
   * The reference that its response has.
   *
   * @internal
   */
  readonly ref: Ref;
  /**
   * The outcome of the call, if `message` is the response to it.
   *
   * @internal
   */
  readonly outcome: (message: Term) => Outcome | undefined;
  /**
   * Abandons the request.
   *
   * @internal
   */
  readonly abandon: () => void;

  /** Internal: returned by {@linkcode sendRequest}. */
  constructor(
    ref: Ref,
    outcome: (message: Term) => Outcome | undefined,
    abandon: () => void,
  ) {
    this.ref = ref;
    this.outcome = outcome;
    this.abandon = abandon;
  }
}

/**
 * Calls a function as `call` does, but does not wait: the response arrives as a message, which
 * {@linkcode receiveResponse} or {@linkcode waitResponse} receives, or {@linkcode checkResponse} recognises.
 *
 * @throws {TypeError} If a name is not a string, `args` is not an array, or holds a value that cannot be sent.
 * @see OTP `erpc:send_request/4`
 *
 * @example A call whose result is received later
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
): RequestId;
/** The same, and adds the request to a collection. @see OTP `erpc:send_request/6` */
export function sendRequest<Label>(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
  label: Label,
  collection: RequestIds<Label>,
): RequestIds<Label>;
export function sendRequest(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
  ...into: [] | [label: Term, collection: RequestIds]
): RequestId | RequestIds {
  if (into.length > 0) assertCollection(into[1]);
  const caller = self();
  const result = new Ref();
  const requested = requestCall(caller, [node, module, name, args], result, {
    started: () => {},
    refused: (why) => deliver(caller, ["spawn_reply", requested.ref, "error", why]),
  });
  const { ref } = requested;
  const request = new RequestId(
    ref,
    (message) => answerIn(message, ref, result),
    () => requested.callOff(),
  );
  return into.length === 0 ? request : reqidsAdd(request, ...into);
}

/** The outcome of a request, if `message` is the response to it. */
function answerIn(message: Term, request: Ref, result: Ref): Outcome | undefined {
  if (!Array.isArray(message) || message[1] !== request) return undefined;
  return message[0] === "spawn_reply"
    ? ["error", ["erpc", message[3]]]
    : outcomeIn(message[4], result); // of DOWN
}

/**
 * Waits for the response to a request and receives it: resolves and rejects as `call` does. If it has not
 * arrived in time, the request is abandoned.
 *
 * @param timeout In milliseconds, default `Infinity`.
 * @throws {Exit} As `call` does.
 * @throws {ErpcError} As `call` does.
 * @throws {RangeError} If the timeout is negative, fractional or not a number.
 * @throws {TypeError} If `request` is not a request, or the process waits in another `receive`.
 * @see OTP `erpc:receive_response/2`
 */
export function receiveResponse(request: RequestId, timeout?: number): Promise<Term>;
/**
 * Waits for the first response to one of a collection of requests: resolves with
 * `[outcome, label, collection]`, or with `"no_request"` if the collection is empty. If none has arrived in
 * time, all requests are abandoned.
 *
 * @param remove Whether to remove the request from the collection in the result.
 * @throws {ErpcError} `["erpc", "timeout"]` if no response arrives in time.
 * @see OTP `erpc:receive_response/3`, which raises the outcome of a failed call with the label and the
 * collection in the reason; here it is a value
 */
export function receiveResponse<Label>(
  collection: RequestIds<Label>,
  timeout: number,
  remove: boolean,
): Promise<LabelledOutcome<Label> | "no_request">;
export async function receiveResponse(
  of: RequestId | RequestIds,
  timeout: number = Infinity,
  remove: boolean = false,
): Promise<Term> {
  if (sizeOf(of) === 0) return "no_request";
  const taken = await take(of, timeout);
  if (taken !== undefined) return resultOf(of, taken, remove, (outcome) => outcome);
  for (const request of requestsOf(of)) request.abandon();
  return valueOf(["error", ["erpc", "timeout"]]);
}

/**
 * Waits for the response to a request: resolves with `["response", value]`, or with `"no_response"` if it has
 * not arrived in time, in which case it can be waited for again. Rejects as `call` does.
 *
 * @param timeout In milliseconds, default 0.
 * @throws {Exit} As `call` does.
 * @throws {ErpcError} As `call` does.
 * @throws {RangeError} If the timeout is negative, fractional or not a number.
 * @throws {TypeError} If `request` is not a request, or the process waits in another `receive`.
 * @see OTP `erpc:wait_response/2`
 */
export function waitResponse(
  request: RequestId,
  timeout?: number,
): Promise<readonly ["response", Term] | "no_response">;
/**
 * Waits for the first response to one of a collection of requests: resolves with
 * `[["response", outcome], label, collection]`, with `"no_response"`, or with `"no_request"` if the
 * collection is empty. See {@linkcode receiveResponse}.
 *
 * @see OTP `erpc:wait_response/3`
 */
export function waitResponse<Label>(
  collection: RequestIds<Label>,
  timeout: number,
  remove: boolean,
): Promise<LabelledResponse<Label> | "no_response" | "no_request">;
export async function waitResponse(
  of: RequestId | RequestIds,
  timeout: number = 0,
  remove: boolean = false,
): Promise<Term> {
  if (sizeOf(of) === 0) return "no_request";
  const taken = await take(of, timeout);
  return taken === undefined ? "no_response" : resultOf(of, taken, remove, asResponse);
}

/**
 * Checks whether `message`, which was received already, is the response to a request: returns
 * `["response", value]`, or `"no_response"`. Throws what `call` would reject with. For the `handleInfo` of a
 * server.
 *
 * @throws {Exit} As `call` does.
 * @throws {ErpcError} As `call` does.
 * @throws {TypeError} If `request` is not a request.
 * @see OTP `erpc:check_response/2`
 */
export function checkResponse(
  message: Term,
  request: RequestId,
): readonly ["response", Term] | "no_response";
/**
 * Checks whether `message` is the response to one of a collection of requests: see {@linkcode waitResponse}.
 *
 * @see OTP `erpc:check_response/3`
 */
export function checkResponse<Label>(
  message: Term,
  collection: RequestIds<Label>,
  remove: boolean,
): LabelledResponse<Label> | "no_response" | "no_request";
export function checkResponse(
  message: Term,
  of: RequestId | RequestIds,
  remove: boolean = false,
): Term {
  if (sizeOf(of) === 0) return "no_request";
  const taken = takenBy(of, message);
  return taken === undefined ? "no_response" : resultOf(of, taken, remove, asResponse);
}

/** A request and its outcome. */
type Taken = readonly [request: RequestId, outcome: Outcome];

async function take(of: RequestId | RequestIds, timeout: number): Promise<Taken | undefined> {
  checkTimeout("wait for a response", timeout);
  const isWanted = (message: Term) => takenBy(of, message) !== undefined;
  const message = await receiveMessage(self(), isWanted, timeout);
  return message === TIMED_OUT ? undefined : takenBy(of, message);
}

/** The request that a message is the response to, and its outcome. */
function takenBy(of: RequestId | RequestIds, message: Term): Taken | undefined {
  const request = of instanceof RequestIds ? of.answered(message) : of;
  const outcome = request?.outcome(message);
  return outcome === undefined ? undefined : [request!, outcome];
}

/** The result for a single request: its value. For one of a collection: outcome, label and collection. */
function resultOf(
  of: RequestId | RequestIds,
  [request, outcome]: Taken,
  remove: boolean,
  inWords: (outcome: Term) => Term,
): Term {
  if (of instanceof RequestId) return inWords(valueOf(outcome));
  return [inWords(outcome), of.labelOf(request), remove ? of.without(request) : of];
}

function asResponse(value: Term): Term {
  return ["response", value];
}

// --- Collections --------------------------------------------------------------------------------

/** The outcome of one request of a collection, its label, and the remaining collection. */
export type LabelledOutcome<Label = Term> = readonly [
  outcome: Outcome,
  label: Label,
  collection: RequestIds<Label>,
];

/** The same, for functions that may find no response yet. */
export type LabelledResponse<Label = Term> = readonly [
  response: readonly ["response", Outcome],
  label: Label,
  collection: RequestIds<Label>,
];

/** A collection of requests, each with a label. Returned by {@linkcode reqidsNew}, opaque and immutable. */
export class RequestIds<Label = Term> {
  readonly #entries: ReadonlyMap<Ref, readonly [RequestId, Label]>;

  /** Use {@linkcode reqidsNew}. */
  constructor(entries: ReadonlyMap<Ref, readonly [RequestId, Label]> = new Map()) {
    this.#entries = entries;
  }

  /**
   * All requests, with their labels.
   *
   * @internal
   */
  get all(): (readonly [RequestId, Label])[] {
    return [...this.#entries.values()];
  }

  /**
   * The number of requests.
   *
   * @internal
   */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Whether a request is in the collection.
   *
   * @internal
   */
  has({ ref }: RequestId): boolean {
    return this.#entries.has(ref);
  }

  /**
   * The label of a request; `undefined` if it is not in the collection.
   *
   * @internal
   */
  labelOf({ ref }: RequestId): Label | undefined {
    return this.#entries.get(ref)?.[1];
  }

  /**
   * The request that a message may be the response to.
   *
   * @internal
   */
  answered(message: Term): RequestId | undefined {
    return Array.isArray(message) ? this.#entries.get(message[1])?.[0] : undefined;
  }

  /**
   * A copy with one more request.
   *
   * @internal
   */
  with(request: RequestId, label: Label): RequestIds<Label> {
    return new RequestIds(new Map(this.#entries).set(request.ref, [request, label]));
  }

  /**
   * A copy without one request.
   *
   * @internal
   */
  without({ ref }: RequestId): RequestIds<Label> {
    const entries = new Map(this.#entries);
    entries.delete(ref);
    return new RequestIds(entries);
  }
}

/** Returns an empty collection. @see OTP `erpc:reqids_new/0` */
// deno-lint-ignore no-explicit-any -- the labels are not known yet
export function reqidsNew<Label = any>(): RequestIds<Label> {
  return new RequestIds();
}

/**
 * Returns a collection with one more request, and its label.
 *
 * @throws {TypeError} If the request is in the collection already, or an argument is not a request or collection.
 * @see OTP `erpc:reqids_add/3`
 *
 * @example The responses to two calls, in the order of arrival
 * ```ts
 * import { Erpc, Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * Node.exportFunctions("numbers", { double: (n: number) => 2 * n });
 * let requests = Erpc.reqidsNew<string>();
 * for (const n of [1, 2]) {
 *   requests = Erpc.sendRequest(Node.self(), "numbers", "double", [n], `twice ${n}`, requests);
 * }
 * const answers: unknown[] = [];
 * for (;;) {
 *   const answer = await Erpc.receiveResponse(requests, 5000, true);
 *   if (answer === "no_request") break;
 *   answers.push([answer[1], answer[0]]);
 *   requests = answer[2];
 * }
 * assertEquals(answers.toSorted(), [["twice 1", ["ok", 2]], ["twice 2", ["ok", 4]]]);
 * ```
 */
export function reqidsAdd<Label>(
  request: RequestId,
  label: Label,
  collection: RequestIds<Label>,
): RequestIds<Label> {
  assertRequest(request);
  assertCollection(collection);
  if (collection.has(request)) {
    throw new TypeError("Cannot add the request: it is in the collection already");
  }
  return collection.with(request, label);
}

/** Returns the number of requests in a collection. @see OTP `erpc:reqids_size/1` */
export function reqidsSize(collection: RequestIds): number {
  assertCollection(collection);
  return collection.size;
}

/** Returns the requests of a collection with their labels, in no specific order. @see OTP `erpc:reqids_to_list/1` */
export function reqidsToList<Label>(
  collection: RequestIds<Label>,
): (readonly [RequestId, Label])[] {
  assertCollection(collection);
  return collection.all;
}

/** The number of requests of a collection; 1 for a request. */
function sizeOf(of: RequestId | RequestIds): number {
  if (of instanceof RequestIds) return of.size;
  assertRequest(of);
  return 1;
}

function requestsOf(of: RequestId | RequestIds): readonly RequestId[] {
  return of instanceof RequestIds ? of.all.map(([request]) => request) : [of];
}

function assertRequest(request: unknown): void {
  if (request instanceof RequestId) return;
  throw new TypeError(
    `Cannot take this for a request: expected what Erpc.sendRequest returned, found ${
      inspect(request)
    }`,
  );
}

function assertCollection(collection: unknown): void {
  if (collection instanceof RequestIds) return;
  throw new TypeError(
    "Cannot use this as a collection of requests: expected what Erpc.reqidsNew returned, found " +
      inspect(collection),
  );
}
