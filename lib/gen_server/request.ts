/**
 * Asynchronous calls: requests whose response is received later. A part of `GenServer` and `GenStatem`, whose
 * namespaces export all of it.
 *
 * The response arrives as a message. `waitResponse` and `receiveResponse` take it out of the mailbox;
 * `checkResponse` recognizes it among messages that were already received, as in `handleInfo`.
 *
 * @module
 */

import type { CallReply, CallRequest } from "./contract.ts";
import { checkTimeout } from "../gen/timeout.ts";
import { now } from "../kernel/clock.ts";
import { fairly } from "../kernel/fair.ts";
import { lookUp, REGISTRY_TIMEOUT_MS } from "../kernel/lookup.ts";
import { distribution, isElsewhere, whyUnreachable } from "../kernel/distribution.ts";
import { aliasIn, aliasTag } from "../kernel/list.ts";
import { type Awaitable, then } from "../kernel/awaitable.ts";
import type { ModuleOf, ServerRef } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { isA, itemOf, sizeOf } from "../kernel/reader.ts";
import { receiveMessage, TIMED_OUT } from "../kernel/receive.ts";
import { self } from "../kernel/self.ts";
import { deliver, demonitor, flushDown, monitor, sendToPid } from "../kernel/signals.ts";
import { inspect } from "../kernel/inspect.ts";
import { type Atom, isPid, type Pid, Ref, type Term } from "../kernel/term.ts";

declare const replies: unique symbol;

/**
 * The identifier of a request that was sent: a reference. The type parameter is the type of the reply, if it
 * is known.
 */
export interface RequestId<Reply = Term> extends Ref {
  /** Carries the type only: no request has this property. */
  readonly [replies]?: Reply;
}

/**
 * The response to a request: the reply, or the reason why there is none with the server that it concerns: its
 * pid, or its name if that is not registered.
 */
export type Response<Reply = Term> =
  | readonly ["reply", Reply]
  | readonly ["error", readonly [reason: Term, server: Term]];

/** The response to one request of a collection, its label, and the collection from then on. */
export type LabelledResponse<Reply = Term, Label = Term> = readonly [
  response: Response<Reply>,
  label: Label,
  collection: RequestIds<Reply, Label>,
];

/**
 * How long to wait: a time in milliseconds, `Infinity`, or `["abs", time]` for a point on the clock of
 * `Process.monotonicTime`.
 */
export type ResponseTimeout = number | readonly ["abs", number];

// --- Sending ------------------------------------------------------------------------------------

/** What {@linkcode sendRequest} returns: a `Value`, or, for a name in a registry, possibly a promise of it. */
export type Sent<Server, Value> = Server extends Pid | Atom ? Value : Awaitable<Value>;

/**
 * Sends a request as `GenServer.call` does, without waiting. The response is received later, by
 * {@linkcode waitResponse}, {@linkcode receiveResponse} or {@linkcode checkResponse}. So a process can call
 * many servers at once, and a server can call another without blocking its own clients.
 *
 * Returns the identifier of the request; with `label` and `collection`, the collection with the request
 * added. If the registry of a name is asynchronous, it returns a promise of that.
 *
 * If there is no such process, this does not fail: the response says so. The response is a message, so
 * one that is never received stays in the mailbox.
 *
 * @throws {TypeError} If `server` is not a server, or `collection` is not a collection.
 * @see OTP `gen_server:send_request/2,4`
 *
 * @example Calling two servers concurrently
 * ```ts
 * import { GenServer, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Echo = {
 *   init: (name: string) => ok(name),
 *   handleCall: (_request: "name", _from: GenServer.From, name: string) => reply(name, name),
 * };
 * const one = unwrap(await GenServer.start(Echo, "one"));
 * const two = unwrap(await GenServer.start(Echo, "two"));
 *
 * const first = GenServer.sendRequest(one, "name");
 * const second = GenServer.sendRequest(two, "name");
 * assertEquals(await GenServer.receiveResponse(second, 5000), ["reply", "two"]);
 * assertEquals(await GenServer.receiveResponse(first, 5000), ["reply", "one"]);
 * ```
 */
export function sendRequest<
  const Server extends ServerRef,
  const Request extends CallRequest<ModuleOf<Server>>,
>(
  server: Server,
  request: Request,
): Sent<Server, RequestId<CallReply<ModuleOf<Server>, Request>>>;
/** Sends a request and adds it to a collection. */
export function sendRequest<
  const Server extends ServerRef,
  const Request extends CallRequest<ModuleOf<Server>>,
  Reply,
  Label,
>(
  server: Server,
  request: Request,
  label: Label,
  collection: RequestIds<Reply, Label>,
): Sent<Server, RequestIds<Reply | CallReply<ModuleOf<Server>, Request>, Label>>;
export function sendRequest(
  server: ServerRef,
  request: Term,
  ...rest: [] | [label: Term, collection: RequestIds]
): Awaitable<RequestId | RequestIds> {
  if (rest.length === 0) return ask(server, request);
  const [label, collection] = rest;
  assertCollection(collection);
  return then(ask(server, request), (id) => reqidsAdd(id, label, collection));
}

function ask(server: ServerRef, request: Term): Awaitable<Ref> {
  const caller = self();
  const sendTo = (pid: Pid | undefined): Ref => {
    const to = pid ?? server;
    if (!isPid(to) && !isElsewhere(to)) return refuse(caller, server, "noproc");
    if (isElsewhere(to) && distribution === null) {
      return refuse(caller, server, whyUnreachable(to));
    }
    const ref = monitor(caller, isPid(to) ? to.process : null, to, "DOWN", "demonitor");
    const message = ["$gen_call", [caller.pid, aliasTag(ref)], request];
    if (isPid(to)) sendToPid(to, message);
    else distribution!.send(to, message);
    return ref;
  };
  return lookUp(caller, server, REGISTRY_TIMEOUT_MS, sendTo);
}

/** The request to a server that cannot be reached: its response is delivered at once. */
function refuse(caller: Process, server: ServerRef, why: Term): Ref {
  const ref = new Ref();
  deliver(caller, ["DOWN", ref, "process", server, why]);
  return ref;
}

// --- Responses ----------------------------------------------------------------------------------

/**
 * Waits for the response to a request. Resolves with `["reply", value]`; with
 * `["error", [reason, server]]` if the server has exited or there is no such process, where `server` is
 * its pid, or its name if that is not registered; or with `"timeout"`. Then the response may still
 * arrive, and can be waited for again.
 *
 * @param timeout In milliseconds, default `Infinity`, or `["abs", time]`, see {@linkcode ResponseTimeout}.
 * @throws {RangeError} If `timeout` is not a {@linkcode ResponseTimeout}.
 * @throws {TypeError} If `request` is not a request, or the process already waits in another `receive`.
 * @see OTP `gen_server:wait_response/1,2,3`
 *
 * @example Waiting again after a timeout
 * ```ts
 * import { GenServer, noreply, ok, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Late = {
 *   init: () => ok<GenServer.From | undefined>(undefined),
 *   handleCall: (_request: "get", from: GenServer.From) => noreply(from),
 *   handleCast: (value: number, from?: GenServer.From) => {
 *     GenServer.reply(from!, value);
 *     return noreply(undefined);
 *   },
 * };
 *
 * const server = unwrap(await GenServer.start(Late));
 * const request = GenServer.sendRequest(server, "get");
 * assertEquals(await GenServer.waitResponse(request, 0), "timeout");
 * GenServer.cast(server, 42);
 * assertEquals(await GenServer.waitResponse(request), ["reply", 42]);
 * ```
 */
export function waitResponse<Reply>(
  request: RequestId<Reply>,
  timeout?: ResponseTimeout,
): Promise<Response<Reply> | "timeout">;
/**
 * Waits for the first response to a request of a collection. Resolves with
 * `[response, label, collection]`, where the request is removed from the collection if `remove` is
 * true; with `"no_request"` if the collection is empty; or with `"timeout"`.
 */
export function waitResponse<Reply, Label>(
  collection: RequestIds<Reply, Label>,
  timeout: ResponseTimeout,
  remove: boolean,
): Promise<LabelledResponse<Reply, Label> | "timeout" | "no_request">;
export function waitResponse(
  of: RequestId | RequestIds,
  timeout: ResponseTimeout = Infinity,
  remove: boolean = false,
): Promise<Term> {
  return fairly(() => take(of, timeout, remove, () => {}));
}

/**
 * As {@linkcode waitResponse}, but on a timeout the request is abandoned, or all requests of the
 * collection: a response that arrives later is dropped. See the example of {@linkcode sendRequest}.
 *
 * @param timeout In milliseconds, default `Infinity`, or `["abs", time]`, see {@linkcode ResponseTimeout}.
 * @throws {RangeError} If `timeout` is not a {@linkcode ResponseTimeout}.
 * @throws {TypeError} If `request` is not a request, or the process already waits in another `receive`.
 * @see OTP `gen_server:receive_response/1,2,3`
 */
export function receiveResponse<Reply>(
  request: RequestId<Reply>,
  timeout?: ResponseTimeout,
): Promise<Response<Reply> | "timeout">;
/** Waits for the first response to a request of a collection; see {@linkcode waitResponse}. */
export function receiveResponse<Reply, Label>(
  collection: RequestIds<Reply, Label>,
  timeout: ResponseTimeout,
  remove: boolean,
): Promise<LabelledResponse<Reply, Label> | "timeout" | "no_request">;
export function receiveResponse(
  of: RequestId | RequestIds,
  timeout: ResponseTimeout = Infinity,
  remove: boolean = false,
): Promise<Term> {
  return fairly(() => take(of, timeout, remove, abandon));
}

/**
 * Checks whether a message that was already received is the response to a request. Returns the response
 * as {@linkcode waitResponse} does, or `"no_reply"` if it is another message. For the `handleInfo` of a
 * server that calls other servers.
 *
 * @throws {TypeError} If `request` is not a request.
 * @see OTP `gen_server:check_response/2,3`
 *
 * @example A server that calls another without blocking its clients
 * ```ts
 * import { GenServer, noreply, ok, type Pid, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Slow = {
 *   init: () => ok(undefined),
 *   handleCall: (_: "name", _from: GenServer.From, state: undefined) => reply("slow", state),
 * };
 *
 * type State = { slow: Pid<typeof Slow>; asked?: [GenServer.RequestId, GenServer.From] };
 * const Front = {
 *   init: (slow: Pid<typeof Slow>) => ok<State>({ slow }),
 *   handleCall: (_request: "name", from: GenServer.From, { slow }: State) =>
 *     noreply<State>({ slow, asked: [GenServer.sendRequest(slow, "name"), from] }),
 *   handleInfo: (message: unknown, { slow, asked }: State) => {
 *     const response = asked === undefined ? "no_reply" : GenServer.checkResponse(message, asked[0]);
 *     if (response === "no_reply") return noreply<State>({ slow });
 *     GenServer.reply(asked![1], response);
 *     return noreply<State>({ slow });
 *   },
 * };
 *
 * const slow = unwrap(await GenServer.start(Slow));
 * const front = unwrap(await GenServer.start(Front, slow));
 * assertEquals(await GenServer.call(front, "name"), ["reply", "slow"]);
 * ```
 */
export function checkResponse<Reply>(
  message: Term,
  request: RequestId<Reply>,
): Response<Reply> | "no_reply";
/** Checks whether a message is the response to a request of a collection; see {@linkcode waitResponse}. */
export function checkResponse<Reply, Label>(
  message: Term,
  collection: RequestIds<Reply, Label>,
  remove: boolean,
): LabelledResponse<Reply, Label> | "no_reply" | "no_request";
export function checkResponse(
  message: Term,
  of: RequestId | RequestIds,
  remove: boolean = false,
): Term {
  const process = self();
  const id = answered(message);
  if (!(of instanceof RequestIds)) {
    assertId(of);
    return id === of ? responseIn(process, message, of) : "no_reply";
  }
  if (of.entries.size === 0) return "no_request";
  if (id === undefined || !of.entries.has(id)) return "no_reply";
  return labelled(of, id, responseIn(process, message, id), remove);
}

/** Takes the first response; on a timeout, calls `tooLate` for every request. */
async function take(
  of: RequestId | RequestIds,
  timeout: ResponseTimeout,
  remove: boolean,
  tooLate: (process: Process, id: Ref) => void,
): Promise<Term> {
  const process = self();
  const limit = limitOf(timeout);
  if (!(of instanceof RequestIds)) {
    assertId(of);
    const message = await receiveMessage(process, (each) => answered(each) === of, limit);
    if (message !== TIMED_OUT) return responseIn(process, message, of);
    tooLate(process, of);
    return "timeout";
  }
  if (of.entries.size === 0) return "no_request";
  const isWanted = (each: Term) => of.entries.has(answered(each)!);
  const message = await receiveMessage(process, isWanted, limit);
  if (message !== TIMED_OUT) {
    const id = answered(message)!;
    return labelled(of, id, responseIn(process, message, id), remove);
  }
  for (const id of of.entries.keys()) tooLate(process, id);
  return "timeout";
}

/** The timeout in milliseconds from now. @throws {RangeError} If it is not a {@linkcode ResponseTimeout}. */
function limitOf(timeout: ResponseTimeout): number {
  const isMoment = Array.isArray(timeout) && timeout.length === 2 && timeout[0] === "abs" &&
    Number.isFinite(timeout[1]);
  const limit = isMoment ? Math.ceil(Math.max(0, timeout[1] - now())) : timeout;
  checkTimeout("wait for a response", limit);
  return limit as number;
}

/** The request that a message responds to: `[tag, reply]` with its alias as tag, or its `DOWN`. */
function answered(message: Term): Ref | undefined {
  const size = sizeOf(message);
  if (size === 2) return aliasIn(itemOf(message, 0));
  if (size !== 5 || itemOf(message, 0) !== "DOWN") return undefined;
  const id = itemOf(message, 1);
  return isA(id, Ref) ? id : undefined;
}

/** The response that a message contains; removes the monitor of the request. */
function responseIn(process: Process, message: Term, id: Ref): Response {
  const parts = message as readonly Term[];
  if (parts.length === 5) return ["error", [parts[4], parts[3]]];
  if (!demonitor(process, id)) flushDown(process, id);
  return ["reply", parts[1]];
}

/** Abandons a request: its response is dropped, also if it has arrived. */
function abandon(process: Process, id: Ref): void {
  demonitor(process, id);
  while (process.remove((message) => answered(message) === id));
}

function labelled(of: RequestIds, id: Ref, response: Response, remove: boolean): LabelledResponse {
  return [response, of.entries.get(id), remove ? of.without(id) : of];
}

function assertId(id: unknown): void {
  if (id instanceof Ref) return;
  throw new TypeError(
    `Cannot use this as a request: expected the result of sendRequest, found ${inspect(id)}`,
  );
}

// --- Collections --------------------------------------------------------------------------------

type Entries = Map<Ref, Term>;

/**
 * An immutable collection of requests, each with a label; made by {@linkcode reqidsNew} and
 * {@linkcode reqidsAdd}.
 */
export class RequestIds<Reply = Term, Label = Term> {
  // Only the latest of a chain of collections owns the contents, so that adding a request takes constant time.
  // An older one restores its own contents from those of the next one.
  #entries: Entries | null;
  #undo: ((entries: Entries) => void) | null = null;
  #next: RequestIds | null = null;

  /** Use {@linkcode reqidsNew}. */
  constructor(entries: Map<Ref, Term> = new Map()) {
    this.#entries = entries;
  }

  /**
   * Its requests with their labels.
   *
   * @internal
   */
  get entries(): ReadonlyMap<RequestId<Reply>, Label> {
    return this.#own() as Map<RequestId<Reply>, Label>;
  }

  /**
   * A collection with one more request.
   *
   * @internal
   */
  with(id: RequestId<Reply>, label: Label): RequestIds<Reply, Label> {
    return this.#become(
      (entries) => void entries.set(id, label),
      (entries) => void entries.delete(id),
    );
  }

  /**
   * A collection without a request.
   *
   * @internal
   */
  without(id: RequestId<Reply>): RequestIds<Reply, Label> {
    const label = this.#own().get(id);
    return this.#become(
      (entries) => void entries.delete(id),
      (entries) => void entries.set(id, label),
    );
  }

  #become(
    change: (entries: Entries) => void,
    undo: (entries: Entries) => void,
  ): RequestIds<Reply, Label> {
    const entries = this.#own();
    change(entries);
    this.#entries = null;
    this.#undo = undo;
    const next = new RequestIds<Reply, Label>(entries);
    this.#next = next;
    return next;
  }

  #own(): Entries {
    if (this.#entries !== null) return this.#entries;
    const undoes: ((entries: Entries) => void)[] = [];
    let owner: RequestIds = this as RequestIds;
    for (; owner.#entries === null; owner = owner.#next!) undoes.push(owner.#undo!);
    const entries = new Map(owner.#entries);
    for (const undo of undoes.reverse()) undo(entries);
    this.#undo = this.#next = null;
    return this.#entries = entries;
  }
}

/**
 * Returns an empty collection of requests.
 *
 * @see OTP `gen_server:reqids_new/0`
 *
 * @example Receiving responses in the order in which they arrive
 * ```ts
 * import { GenServer, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Double = {
 *   init: () => ok(undefined),
 *   handleCall: (n: number, _from: GenServer.From, state: undefined) => reply(n * 2, state),
 * };
 *
 * let requests = GenServer.reqidsNew<number, string>();
 * for (const [label, n] of [["a", 1], ["b", 2]] as const) {
 *   const server = unwrap(await GenServer.start(Double));
 *   requests = GenServer.sendRequest(server, n, label, requests);
 * }
 *
 * const answers = new Map<string, unknown>();
 * for (;;) {
 *   const answer = await GenServer.receiveResponse(requests, 5000, true);
 *   if (answer === "no_request" || answer === "timeout") break;
 *   answers.set(answer[1], answer[0]);
 *   requests = answer[2];
 * }
 * assertEquals(answers, new Map([["a", ["reply", 2]], ["b", ["reply", 4]]]));
 * ```
 */
// deno-lint-ignore no-explicit-any -- the types follow from the requests that are added
export function reqidsNew<Reply = any, Label = any>(): RequestIds<Reply, Label> {
  return new RequestIds();
}

/**
 * Returns the collection with a request added; `collection` itself is not changed.
 *
 * @throws {TypeError} If the request is already in the collection, or `collection` is not a collection.
 * @see OTP `gen_server:reqids_add/3`
 *
 * @example A collection with one request
 * ```ts
 * import { GenServer } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const request = GenServer.sendRequest("stack", "pop");
 * const requests = GenServer.reqidsAdd(request, "first", GenServer.reqidsNew());
 * assertEquals(GenServer.reqidsSize(requests), 1);
 * assertEquals(GenServer.reqidsToList(requests), [[request, "first"]]);
 * ```
 */
export function reqidsAdd<Reply, Label>(
  request: RequestId<Reply>,
  label: Label,
  collection: RequestIds<Reply, Label>,
): RequestIds<Reply, Label> {
  assertId(request);
  assertCollection(collection);
  if (collection.entries.has(request)) {
    throw new TypeError(`Cannot add ${request}: it is already in the collection`);
  }
  return collection.with(request, label);
}

/**
 * Returns the number of requests in a collection. See the example of {@linkcode reqidsAdd}.
 *
 * @see OTP `gen_server:reqids_size/1`
 */
export function reqidsSize(collection: RequestIds): number {
  assertCollection(collection);
  return collection.entries.size;
}

/**
 * Returns the requests of a collection with their labels, in no particular order. See the example of
 * {@linkcode reqidsAdd}.
 *
 * @see OTP `gen_server:reqids_to_list/1`
 */
export function reqidsToList<Reply, Label>(
  collection: RequestIds<Reply, Label>,
): (readonly [RequestId<Reply>, Label])[] {
  assertCollection(collection);
  return [...collection.entries];
}

function assertCollection(collection: unknown): void {
  if (collection instanceof RequestIds) return;
  throw new TypeError(
    `Cannot use this as a collection of requests: expected the result of reqidsNew, found ${
      inspect(collection)
    }`,
  );
}
