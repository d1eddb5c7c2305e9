/**
 * Requests whose answer is taken later: the asynchronous half of a call. A part of `GenServer`, whose
 * namespace has all of it.
 *
 * The answer comes as a message, and one of the functions here takes it out of the mailbox, or
 * recognises it (`checkResponse`) where somebody else has taken it, as `handleInfo` does.
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
import type { ServerRef } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { receiveMessage, TIMED_OUT } from "../kernel/receive.ts";
import { self } from "../kernel/self.ts";
import { deliver, demonitor, flushDown, monitor, sendToPid } from "../kernel/signals.ts";
import { type Atom, inspect, isPid, type Pid, Ref, type Term } from "../kernel/term.ts";

declare const replies: unique symbol;

/**
 * Stands for a request that was sent: a reference. The type parameter is the type of the reply, where
 * that is known.
 */
export interface RequestId<Reply = Term> extends Ref {
  /** Exists in types only. */
  readonly [replies]?: Reply;
}

/**
 * What became of a request: the reply, or why there is none, and whose fault that is: the server's pid,
 * or the name if nobody has it.
 */
export type Response<Reply = Term> =
  | readonly ["reply", Reply]
  | readonly ["error", readonly [reason: Term, server: Term]];

/** What became of one request of a collection, its label, and the collection that remains. */
export type LabelledResponse<Reply = Term, Label = Term> = readonly [
  response: Response<Reply>,
  label: Label,
  collection: RequestIds<Reply, Label>,
];

/**
 * When to stop waiting: after so many milliseconds, never (`Infinity`), or at a moment of
 * `Process.monotonicTime`.
 */
export type ResponseTimeout = number | readonly ["abs", number];

// --- Sending ------------------------------------------------------------------------------------

/**
 * Sends a request as `GenServer.call` does, and does not wait: the answer is taken later, by
 * {@linkcode waitResponse}, {@linkcode receiveResponse} or {@linkcode checkResponse}. Many servers can so
 * be asked at once, and a server can ask another without keeping its own clients waiting.
 *
 * Returns what stands for the request. With `label` and `collection`, the collection with this request
 * in it. With a registry that answers with promises, a promise of that.
 *
 * Never fails because nobody is there: that is then the answer. The answer comes as a message, so that
 * one that nobody takes stays in the mailbox.
 *
 * @throws {TypeError} If `server` has none of the forms of a server, or `collection` is none.
 * @see OTP `gen_server:send_request/2,4`
 *
 * @example Ask two servers at once
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
export function sendRequest<M, const Request extends CallRequest<M>>(
  server: Pid<M> | Atom,
  request: Request,
): RequestId<CallReply<M, Request>>;
/** Sends a request to a server by a name in a registry, which may answer later. */
export function sendRequest<M, const Request extends CallRequest<M>>(
  server: ServerRef<M>,
  request: Request,
): Awaitable<RequestId<CallReply<M, Request>>>;
/** Sends a request and adds it to a collection. */
export function sendRequest<M, const Request extends CallRequest<M>, Reply, Label>(
  server: Pid<M> | Atom,
  request: Request,
  label: Label,
  collection: RequestIds<Reply, Label>,
): RequestIds<Reply | CallReply<M, Request>, Label>;
/** Sends a request by a name in a registry, which may answer later, and adds it to a collection. */
export function sendRequest<M, const Request extends CallRequest<M>, Reply, Label>(
  server: ServerRef<M>,
  request: Request,
  label: Label,
  collection: RequestIds<Reply, Label>,
): Awaitable<RequestIds<Reply | CallReply<M, Request>, Label>>;
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

/** The request to somebody who cannot be reached: it is answered at once. */
function refuse(caller: Process, server: ServerRef, why: Term): Ref {
  const ref = new Ref();
  deliver(caller, ["DOWN", ref, "process", server, why]);
  return ref;
}

// --- Taking the answer --------------------------------------------------------------------------

/**
 * Waits for the answer to a request, and takes it: `["reply", value]`, or `["error", [reason, server]]` if
 * the server has ended, or nobody has that name (then `server` is the name, else the pid). With
 * `"timeout"`, the answer may still come, and can be waited for again.
 *
 * @param timeout In milliseconds, default `Infinity`, or `["abs", moment]` by `Process.monotonicTime`.
 * @throws {RangeError} If `timeout` is none.
 * @throws {TypeError} If `request` is no request, or the process waits in another `receive`.
 * @see OTP `gen_server:wait_response/1,2,3`
 */
export function waitResponse<Reply>(
  request: RequestId<Reply>,
  timeout?: ResponseTimeout,
): Promise<Response<Reply> | "timeout">;
/**
 * Waits for the first answer to one of a collection of requests, and takes it: `[response, label,
 * collection]`, where the collection has lost the request if `remove` is true. `"no_request"` if the
 * collection is empty.
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
 * Waits for the answer to a request, and takes it, as {@linkcode waitResponse} does; but with `"timeout"`
 * the request is given up, all those of a collection together: an answer that comes later is dropped.
 *
 * @param timeout In milliseconds, default `Infinity`, or `["abs", moment]` by `Process.monotonicTime`.
 * @throws {RangeError} If `timeout` is none.
 * @throws {TypeError} If `request` is no request, or the process waits in another `receive`.
 * @see OTP `gen_server:receive_response/1,2,3`
 */
export function receiveResponse<Reply>(
  request: RequestId<Reply>,
  timeout?: ResponseTimeout,
): Promise<Response<Reply> | "timeout">;
/** Waits for the first answer to one of a collection of requests; see {@linkcode waitResponse}. */
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
 * Tells whether `message`, which was received already, is the answer to a request: what
 * {@linkcode waitResponse} would resolve with, or `"no_reply"`. For the `handleInfo` of a server that asks
 * others.
 *
 * @throws {TypeError} If `request` is no request.
 * @see OTP `gen_server:check_response/2,3`
 *
 * @example A server that asks another, and serves its own clients meanwhile
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
 *   handleCall: (_request: "who", from: GenServer.From, { slow }: State) =>
 *     noreply<State>({ slow, asked: [GenServer.sendRequest(slow, "name"), from] }),
 *   handleInfo: (message: unknown, { slow, asked }: State) => {
 *     const answer = asked === undefined ? "no_reply" : GenServer.checkResponse(message, asked[0]);
 *     if (answer === "no_reply") return noreply<State>({ slow });
 *     GenServer.reply(asked![1], answer);
 *     return noreply<State>({ slow });
 *   },
 * };
 *
 * const slow = unwrap(await GenServer.start(Slow));
 * const front = unwrap(await GenServer.start(Front, slow));
 * assertEquals(await GenServer.call(front, "who"), ["reply", "slow"]);
 * ```
 */
export function checkResponse<Reply>(
  message: Term,
  request: RequestId<Reply>,
): Response<Reply> | "no_reply";
/** Tells whether `message` is the answer to one of a collection of requests; see {@linkcode waitResponse}. */
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

/** Takes the first answer; what has not been answered by the `timeout` goes to `tooLate`. */
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

/** Milliseconds until a moment, from now. @throws {RangeError} If it is none. */
function limitOf(timeout: ResponseTimeout): number {
  const isMoment = Array.isArray(timeout) && timeout.length === 2 && timeout[0] === "abs" &&
    Number.isFinite(timeout[1]);
  const limit = isMoment ? Math.max(0, timeout[1] - now()) : timeout;
  checkTimeout("wait for a response", limit);
  return limit as number;
}

/** The request that a message answers: by `[tag, reply]` with its alias for a tag, or by being its `DOWN`. */
function answered(message: Term): Ref | undefined {
  if (!Array.isArray(message)) return undefined;
  if (message.length === 2) return aliasIn(message[0]);
  return message.length === 5 && message[0] === "DOWN" && message[1] instanceof Ref
    ? message[1]
    : undefined;
}

/** What the answer to `id` says; ends the monitor of the request. */
function responseIn(process: Process, message: Term, id: Ref): Response {
  const parts = message as readonly Term[];
  if (parts.length === 5) return ["error", [parts[4], parts[3]]];
  if (!demonitor(process, id)) flushDown(process, id);
  return ["reply", parts[1]];
}

/** Gives a request up: its answer is not wanted any more, and dropped if it is there. */
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
    `Cannot take this for a request: expected what sendRequest returned, found ${inspect(id)}`,
  );
}

// --- Collections --------------------------------------------------------------------------------

type Entries = Map<Ref, Term>;

/**
 * A collection of requests, each with a label: a value, made by {@linkcode reqidsNew} and
 * {@linkcode reqidsAdd}.
 */
export class RequestIds<Reply = Term, Label = Term> {
  // Only the latest collection of a line owns the contents, so that to add one costs the same however
  // many there are. An older one knows how to get from the next one's contents to its own.
  #entries: Entries | null;
  #undo: ((entries: Entries) => void) | null = null;
  #next: RequestIds | null = null;

  /** Use {@linkcode reqidsNew}. */
  constructor(entries: Map<Ref, Term> = new Map()) {
    this.#entries = entries;
  }

  /**
   * What is in it.
   *
   * @internal
   */
  get entries(): ReadonlyMap<RequestId<Reply>, Label> {
    return this.#own() as Map<RequestId<Reply>, Label>;
  }

  /**
   * A collection with one more.
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
   * A collection with one less.
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
 * An empty collection of requests.
 *
 * @see OTP `gen_server:reqids_new/0`
 *
 * @example Take answers as they come
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
// deno-lint-ignore no-explicit-any -- nothing is known about what will be in it
export function reqidsNew<Reply = any, Label = any>(): RequestIds<Reply, Label> {
  return new RequestIds();
}

/**
 * The collection with one more request in it; the old one stays as it was.
 *
 * @throws {TypeError} If the request is in the collection already, or `collection` is none.
 * @see OTP `gen_server:reqids_add/3`
 */
export function reqidsAdd<Reply, Label>(
  request: RequestId<Reply>,
  label: Label,
  collection: RequestIds<Reply, Label>,
): RequestIds<Reply, Label> {
  assertId(request);
  assertCollection(collection);
  if (collection.entries.has(request)) {
    throw new TypeError(`Cannot add ${request}: it is in the collection already`);
  }
  return collection.with(request, label);
}

/** The number of requests in a collection. @see OTP `gen_server:reqids_size/1` */
export function reqidsSize(collection: RequestIds): number {
  assertCollection(collection);
  return collection.entries.size;
}

/** All requests of a collection with their labels, in no special order. @see OTP `gen_server:reqids_to_list/1` */
export function reqidsToList<Reply, Label>(
  collection: RequestIds<Reply, Label>,
): (readonly [RequestId<Reply>, Label])[] {
  assertCollection(collection);
  return [...collection.entries];
}

function assertCollection(collection: unknown): void {
  if (collection instanceof RequestIds) return;
  throw new TypeError(
    `Cannot use this as a collection of requests: expected what reqidsNew returned, found ${
      inspect(collection)
    }`,
  );
}
