/**
 * Pending calls: a request that waits for its reply.
 *
 * A call is one object from the request to the reply. It is the kind of the message in the server's
 * mailbox, a {@linkcode Timer} in the timing wheel, and the tag in `from`, through which it is answered.
 * Its {@linkcode Place} is its entry in two lists: the server's list of waiting calls, so that all of
 * them fail when the server exits, without a monitor for each; and the caller's list, so that the calls
 * of a process that has exited are dropped.
 *
 * A call that is answered soon is only *staged* (`timers.ts`): it gets its place and enters the wheel
 * when the clock is next read, or when a process exits and the calls that wait for it are collected.
 *
 * A call takes 2.2 times as long as a bare promise that another microtask settles; a minimal program of
 * a mailbox, a handler, a staged timeout and a promise takes 1.4 times as long.
 *
 * @module
 */

import { Exit } from "./exit.ts";
import { Context, storage } from "./host.ts";
import { type Envelope, PLAIN } from "./mailbox.ts";
import type { Process } from "./process.ts";
import { current, schedule } from "./scheduler.ts";
import { message, type Pid, type Term } from "./term.ts";
import { cancel, IDLE, stage, startStaged, type Timer } from "./timers.ts";

declare const expected: unique symbol;

/**
 * The caller to reply to: `[client, tag]`. Opaque, as OTP's `from()` is.
 *
 * The type parameter is the type of the reply: a `From<string>` takes strings only, a plain `From` anything.
 */
// deno-lint-ignore no-explicit-any -- nothing is known of a plain one
export interface From<Reply = any> extends Readonly<[client: Pid, tag: Term]> {
  /** Exists in types only. */
  readonly [expected]?: (reply: Reply) => void;
}

/** A request and the server that it is for. */
export interface Asked {
  /** The reference as the caller gave it. */
  readonly server: Term;
  readonly request: Term;
  /** In milliseconds. */
  readonly timeout: number;
}

/** A call in progress, to a process of this node or of another one. */
export interface Call extends Asked {
  readonly caller: Process;
  /** The `from` that the server replies to. */
  readonly from: From;
  /** Resolves the call with `value`, unless it was answered or the caller no longer waits. */
  reply(value: Term): void;
  /** Fails the call with `[why, call]`, unless it has settled. */
  fail(why: Term): void;
}

/**
 * A protocol of OTP's own processes, whose requests and replies have another shape on other nodes.
 * The callback module of a server states the protocol of its calls under {@linkcode PROTOCOL}.
 */
export type Protocol = "system" | "supervisor" | "dynamic_supervisor" | "agent";

/** See {@linkcode Protocol}. */
export const PROTOCOL: unique symbol = Symbol("protocol");

/** A kind of call: its message, and how it fails. */
export interface CallKind {
  /** The protocol that the request belongs to, if it is one of OTP's. */
  readonly protocol?: Protocol;
  /** The message to send to the server, if not `["$gen_call", from, request]`. */
  message?(call: Call): Term;
  /** The call as its exit reason names it, e.g. `["GenServer", "call", [server, request, timeout]]`. */
  describe(call: Asked): Term;
  /** Called when the server has exited. Default: the call fails with that reason. */
  ended?(call: Call, reason: Term): void;
  /** Called when the timeout has elapsed. Default: the call fails with `"timeout"`. */
  timedOut?(call: PendingCall): void;
}

let resolve: (value: Term) => void;
let reject: (error: unknown) => void;

/** The executor of the promises of all calls. A closure for each would be one more object per call. */
function capture(onReply: (value: Term) => void, onFailure: (error: unknown) => void): void {
  resolve = onReply;
  reject = onFailure;
}

/** The entry of a call in the list of its server and in that of its caller. */
export class Place {
  previousIncoming: Place | null = null;
  nextIncoming: Place | null;
  previousOutgoing: Place | null = null;
  nextOutgoing: Place | null;

  /** Enters both lists at the front. */
  constructor(readonly call: PendingCall) {
    const { target, caller } = call;
    const { incoming } = target;
    const { outgoing } = caller;
    this.nextIncoming = incoming;
    if (incoming !== null) incoming.previousIncoming = this;
    target.incoming = this;
    this.nextOutgoing = outgoing;
    if (outgoing !== null) outgoing.previousOutgoing = this;
    caller.outgoing = this;
  }

  /** Leaves both lists. */
  leave(): void {
    const { previousIncoming, nextIncoming, previousOutgoing, nextOutgoing } = this;
    if (previousIncoming !== null) previousIncoming.nextIncoming = nextIncoming;
    else this.call.target.incoming = nextIncoming;
    if (nextIncoming !== null) nextIncoming.previousIncoming = previousIncoming;
    if (previousOutgoing !== null) previousOutgoing.nextOutgoing = nextOutgoing;
    else this.call.caller.outgoing = nextOutgoing;
    if (nextOutgoing !== null) nextOutgoing.previousOutgoing = previousOutgoing;
  }
}

/** One call, from its request to its reply. `Request` is what is asked, where the caller knows that. */
export class PendingCall<Request = Term> implements Timer, Envelope, Call {
  prev: Timer | null;
  next: Timer | null;
  due: number;
  level: number;
  /** Resolves with the reply, or rejects with an {@linkcode Exit}. */
  readonly promise: Promise<Term>;
  readonly resolve: (value: Term) => void;
  readonly reject: (error: unknown) => void;
  /** Whether the call has been neither answered nor abandoned. */
  isPending: boolean;
  /** Its entry in the lists of both sides, once it has entered them. */
  place: Place | null;
  readonly caller: Process;
  readonly target: Process;
  readonly server: Term;
  readonly request: Request;
  readonly timeout: number;
  readonly kind: CallKind;

  /** Creates a call that is about to be sent. `server` is the reference as the caller gave it. */
  constructor(
    caller: Process,
    target: Process,
    server: Term,
    request: Request,
    timeout: number,
    kind: CallKind,
  ) {
    this.prev = null;
    this.next = null;
    this.due = timeout;
    this.level = IDLE;
    this.promise = new Promise(capture);
    this.resolve = resolve;
    this.reject = reject;
    this.isPending = true;
    this.place = null;
    this.caller = caller;
    this.target = target;
    this.server = server;
    this.request = request;
    this.timeout = timeout;
    this.kind = kind;
    stage(this, timeout);
  }

  /** Enters the lists of both sides. */
  onStart(): void {
    this.place = new Place(this);
  }

  /** The message as OTP documents it. */
  toMessage(payload: Term): Term {
    return ["$gen_call", this.from, payload];
  }

  /** The `from` that the server replies to. */
  get from(): From {
    return [this.caller.pid, this];
  }

  /** Resolves the call with `value`, unless it was answered or the caller no longer waits. */
  reply(value: Term): void {
    if (this.isPending) {
      this.remove();
      this.resolve(message(value));
    }
  }

  /** Removes the call, and returns a function that can still resolve it while the caller is alive. */
  take(): (value: Term) => void {
    if (this.isPending) this.remove();
    return (value) =>
      this.caller.isDead ? abandon(this.caller, this.reject) : this.resolve(message(value));
  }

  /** Fails the call with `[why, call]`, unless it has settled. */
  fail(why: Term): void {
    if (!this.isPending) return;
    this.remove();
    rejectFor(this.caller, this.reject, new Exit([why, this.kind.describe(this)]));
  }

  /** Handles the exit of the server. */
  ended(reason: Term): void {
    if (this.kind.ended === undefined) this.fail(reason);
    else this.kind.ended(this, reason);
  }

  fire(): void {
    if (this.kind.timedOut === undefined) this.fail("timeout");
    else this.kind.timedOut(this);
  }

  /** Removes the call from both sides. Does not settle its promise. */
  remove(): void {
    this.isPending = false;
    cancel(this);
    if (this.place !== null) this.place.leave();
  }
}

/** Sends `request` to `target` and returns the promise of the reply. */
export function sendCall(
  caller: Process,
  target: Process,
  server: Term,
  request: Term,
  timeout: number,
  kind: CallKind,
): Promise<Term> {
  const call = new PendingCall(caller, target, server, request, timeout, kind);
  if (kind.message === undefined) target.push(call, message(request));
  else target.push(PLAIN, kind.message(call));
  schedule(target);
  return call.promise;
}

/** Removes all calls that `process`, which has exited, has made. */
export function abandonCalls(process: Process): void {
  startStaged();
  while (process.outgoing !== null) {
    const { call } = process.outgoing;
    call.remove();
    abandon(process, call.reject);
  }
}

/** The errors with which main processes have exited. */
const endsOfMain = new WeakMap<Process, Exit>();

/** Sets the error that the code of the main process gets for what it waits for: see {@linkcode abandon}. */
export function setEndOfMain(main: Process, error: Exit): void {
  endsOfMain.set(main, error);
}

/**
 * Does what is left to do for a promise that `process` waits for when it exits, which is nothing: it never
 * settles. Only that of a main process which did not exit with `"normal"` rejects with the {@linkcode Exit}.
 * The host has that as an uncaught error before; a host that goes on nevertheless, as the REPL does, would
 * wait for ever.
 */
export function abandon(process: Process, reject: (error: unknown) => void): void {
  const error = process.lineage === null ? endsOfMain.get(process) : undefined;
  if (error !== undefined) rejectFor(process, reject, error);
}

/**
 * Fails all calls that wait for `process`, which has exited. A call that cannot be failed as its kind says is
 * rejected with the error of that.
 */
export function failCalls(process: Process, reason: Term): void {
  // Oldest first, as they were made.
  let oldest = process.incoming;
  while (oldest?.nextIncoming) oldest = oldest.nextIncoming;
  for (let place = oldest; place !== null;) {
    const { call, previousIncoming } = place;
    place = previousIncoming;
    try {
      call.ended(reason);
    } catch (thrown) {
      if (call.isPending) call.remove();
      rejectFor(call.caller, call.reject, thrown);
    }
  }
}

/**
 * Rejects a promise of `process` in that process's own asynchronous context, so that an unhandled
 * rejection is attributed to this process.
 */
export function rejectFor(
  process: Process,
  reject: (error: unknown) => void,
  error: unknown,
): void {
  if (process.lineage === null) storage.run(undefined, reject, error);
  else if (process !== current || process.context === null) {
    storage.run(process.context ??= new Context(process), reject, error);
  } else reject(error);
}
