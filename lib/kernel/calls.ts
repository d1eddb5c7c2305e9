/**
 * Pending calls: a request that waits for its reply.
 *
 * A call is one object from the request to the reply: it stands in the server's mailbox as the kind
 * of the message and, being a {@linkcode Timer}, in the timing wheel. It is also the tag in `from`, by
 * which it is answered. With its {@linkcode Place} it stands in the server's list of those who wait (so
 * that all of them hear of its death without a monitor each), and in the caller's list (so that
 * nobody answers the dead).
 *
 * A call that is answered soon is only *staged* (`timers.ts`): it is given its place and enters the wheel
 * when somebody looks at the clock, or when a process ends and those who wait for it are sought.
 *
 * A call takes 2.2 times as long as a bare promise that another microtask settles; 1.4 times is the
 * least that a mailbox, a handler, a staged timeout and a promise came to in a program of their own.
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
 * Where a reply goes: `[client, tag]`. Opaque, as OTP's is.
 *
 * The type parameter is the type of the reply: a `From<string>` takes strings only, a plain `From` anything.
 */
// deno-lint-ignore no-explicit-any -- of a plain one nothing is known
export interface From<Reply = any> extends Readonly<[client: Pid, tag: Term]> {
  /** Exists in types only. */
  readonly [expected]?: (reply: Reply) => void;
}

/** What was asked of whom. */
export interface Asked {
  /** The reference as the caller gave it. */
  readonly server: Term;
  readonly request: Term;
  /** In milliseconds. */
  readonly timeout: number;
}

/** A call under way, to a process here or elsewhere. */
export interface Call extends Asked {
  readonly caller: Process;
  /** What the server answers to. */
  readonly from: From;
  /** Gives the caller its answer, unless it has one or has stopped waiting. */
  reply(value: Term): void;
  /** Fails the call with `[why, call]`, unless it is over. */
  fail(why: Term): void;
}

/**
 * A protocol of OTP's own processes: other nodes have their own words for its requests and answers. That of
 * its calls stands under {@linkcode PROTOCOL} in the callback module of a server.
 */
export type Protocol = "system" | "supervisor" | "dynamic_supervisor" | "agent";

/** See {@linkcode Protocol}. */
export const PROTOCOL: unique symbol = Symbol("protocol");

/** What distinguishes one kind of call from another: its message, and how it fails. */
export interface CallKind {
  /** The protocol that the request belongs to, if it is one of OTP's. */
  readonly protocol?: Protocol;
  /** The message that asks the server, if that is not `["$gen_call", from, request]`. */
  message?(call: Call): Term;
  /** The call in the exit reason of its failure, e.g. `["GenServer", "call", [server, request, timeout]]`. */
  describe(call: Asked): Term;
  /** What to do when the server has ended, if not to fail the call with that reason. */
  ended?(call: Call, reason: Term): void;
  /** What to do when the time is up, if not to fail the call with `"timeout"`. */
  timedOut?(call: PendingCall): void;
}

let resolve: (value: Term) => void;
let reject: (error: unknown) => void;

/** The executor of all promises of calls: a closure for each would be one more object. */
function capture(onReply: (value: Term) => void, onFailure: (error: unknown) => void): void {
  resolve = onReply;
  reject = onFailure;
}

/** The place of a call in the list of its server and in that of its caller. */
export class Place {
  previousIncoming: Place | null = null;
  nextIncoming: Place | null;
  previousOutgoing: Place | null = null;
  nextOutgoing: Place | null;

  /** Enters both lists, in front. */
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

/** One call, from its request to its reply. */
export class PendingCall implements Timer, Envelope, Call {
  prev: Timer | null;
  next: Timer | null;
  due: number;
  level: number;
  /** Settles with the reply, or rejects with an {@linkcode Exit}. */
  readonly promise: Promise<Term>;
  readonly resolve: (value: Term) => void;
  readonly reject: (error: unknown) => void;
  /** Whether the call has been neither answered nor given up. */
  isPending: boolean;
  /** Its places in the lists of both sides, once it has entered them. */
  place: Place | null;
  readonly caller: Process;
  readonly target: Process;
  readonly server: Term;
  readonly request: Term;
  readonly timeout: number;
  readonly kind: CallKind;

  /** A call that is about to be sent. `server` is the reference as the caller gave it. */
  constructor(
    caller: Process,
    target: Process,
    server: Term,
    request: Term,
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

  /** What the server answers to. */
  get from(): From {
    return [this.caller.pid, this];
  }

  /** Gives the caller its answer, unless it has one or has stopped waiting. */
  reply(value: Term): void {
    if (this.isPending) {
      this.remove();
      this.resolve(value);
    }
  }

  /** Ends the call, and returns the function that gives the caller its answer all the same. */
  take(): (value: Term) => void {
    if (this.isPending) this.remove();
    return (value) => this.caller.isDead || this.resolve(value);
  }

  /** Fails the call with `[why, call]`, unless it is over. */
  fail(why: Term): void {
    if (!this.isPending) return;
    this.remove();
    rejectFor(this.caller, this.reject, new Exit([why, this.kind.describe(this)]));
  }

  /** Tells the call that the server has ended. */
  ended(reason: Term): void {
    if (this.kind.ended === undefined) this.fail(reason);
    else this.kind.ended(this, reason);
  }

  fire(): void {
    if (this.kind.timedOut === undefined) this.fail("timeout");
    else this.kind.timedOut(this);
  }

  /** Forgets the call on both sides; its promise is never settled. */
  remove(): void {
    this.isPending = false;
    cancel(this);
    if (this.place !== null) this.place.leave();
  }
}

/** Sends `request` to `target`, and returns the promise of its answer. */
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

/** Forgets all calls that `process` has made: it has ended. */
export function abandonCalls(process: Process): void {
  startStaged();
  while (process.outgoing !== null) process.outgoing.call.remove();
}

/** Fails all calls that wait for `process`: it has ended. */
export function failCalls(process: Process, reason: Term): void {
  // Those who asked first hear of it first.
  let oldest = process.incoming;
  while (oldest?.nextIncoming) oldest = oldest.nextIncoming;
  for (let place = oldest; place !== null;) {
    const { call, previousIncoming } = place;
    call.ended(reason);
    place = previousIncoming;
  }
}

/**
 * Rejects a promise of `process` in that process's own asynchronous context, so that if nobody
 * handles the rejection, it is this process that it is put down to.
 */
export function rejectFor(
  process: Process,
  reject: (error: unknown) => void,
  error: unknown,
): void {
  if (process.lineage === null) storage.run(undefined as unknown as Context, reject, error);
  else if (process !== current || process.context === null) {
    storage.run(process.context ??= new Context(process), reject, error);
  } else reject(error);
}
