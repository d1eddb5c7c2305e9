/**
 * Pending calls: a request that waits for its reply.
 *
 * A call is one object from the request to the reply: it stands in the server's mailbox as the kind
 * of the message, in the server's list of those who wait (so that all of them hear of its death
 * without a monitor each), in the caller's list (so that nobody answers the dead), and, being a
 * {@linkcode Timer}, in the timing wheel. It is also the tag in `from`, by which it is answered.
 *
 * A call that is answered soon is only *staged* (`timers.ts`): it enters the two lists and the wheel
 * when somebody looks at the clock, or when a process ends and those who wait for it are sought.
 *
 * @module
 */

import { Exit } from "./exit.ts";
import { Context, storage } from "./host.ts";
import { type Envelope, PLAIN } from "./mailbox.ts";
import type { Process } from "./process.ts";
import { current, schedule } from "./scheduler.ts";
import { message, type Pid, type Term } from "./term.ts";
import { cancel, stage, startStaged, Timer } from "./timers.ts";

/** Whom a server answers: `[client, tag]`. Opaque, as OTP's is. */
export type From = readonly [client: Pid, tag: Term];

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

/** What distinguishes one kind of call from another: its message, and how it fails. */
export interface CallKind {
  /** The message that asks the server, if that is not `["$gen_call", from, request]`. */
  message?(call: Call): Term;
  /** The call in the exit reason of its failure, e.g. `["GenServer", "call", [server, request, timeout]]`. */
  describe(call: Asked): Term;
  /** What to do when the server has ended, if not to fail the call with that reason. */
  ended?(call: Call, reason: Term): void;
  /** What to do when the time is up, if not to fail the call with `"timeout"`. */
  timedOut?(call: PendingCall): void;
}

/** One call, from its request to its reply. */
export class PendingCall extends Timer implements Envelope, Call {
  /** Settles with the reply, or rejects with an {@linkcode Exit}. */
  readonly promise: Promise<Term>;
  #resolve!: (value: Term) => void;
  #reject!: (error: unknown) => void;
  /** Neighbours in the server's list, and in the caller's. */
  previousIncoming: PendingCall | null = null;
  nextIncoming: PendingCall | null = null;
  previousOutgoing: PendingCall | null = null;
  nextOutgoing: PendingCall | null = null;
  /** Whether the call has been neither answered nor given up. */
  isPending = true;
  #isListed = false;

  /** A call that is about to be sent. `server` is the reference as the caller gave it. */
  constructor(
    readonly caller: Process,
    readonly target: Process,
    readonly server: Term,
    readonly request: Term,
    readonly timeout: number,
    readonly kind: CallKind,
  ) {
    super();
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    stage(this, timeout);
  }

  /** Enters the lists of both sides. */
  override onStart(): void {
    this.#isListed = true;
    const { target, caller } = this;
    const incoming = target.incoming;
    this.nextIncoming = incoming;
    if (incoming !== null) incoming.previousIncoming = this;
    target.incoming = this;
    const outgoing = caller.outgoing;
    this.nextOutgoing = outgoing;
    if (outgoing !== null) outgoing.previousOutgoing = this;
    caller.outgoing = this;
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
      this.#resolve(value);
    }
  }

  /** Ends the call, and returns the function that gives the caller its answer all the same. */
  take(): (value: Term) => void {
    if (this.isPending) this.remove();
    return (value) => this.caller.isDead || this.#resolve(value);
  }

  /** Fails the call with `[why, call]`, unless it is over. */
  fail(why: Term): void {
    if (!this.isPending) return;
    this.remove();
    rejectFor(this.caller, this.#reject, new Exit([why, this.kind.describe(this)]));
  }

  /** Tells the call that the server has ended. */
  ended(reason: Term): void {
    if (this.kind.ended === undefined) this.fail(reason);
    else this.kind.ended(this, reason);
  }

  override fire(): void {
    if (this.kind.timedOut === undefined) this.fail("timeout");
    else this.kind.timedOut(this);
  }

  /** Forgets the call on both sides; its promise is never settled. */
  remove(): void {
    this.isPending = false;
    cancel(this);
    if (!this.#isListed) return;
    const { previousIncoming, nextIncoming, previousOutgoing, nextOutgoing } = this;
    if (previousIncoming !== null) previousIncoming.nextIncoming = nextIncoming;
    else this.target.incoming = nextIncoming;
    if (nextIncoming !== null) nextIncoming.previousIncoming = previousIncoming;
    if (previousOutgoing !== null) previousOutgoing.nextOutgoing = nextOutgoing;
    else this.caller.outgoing = nextOutgoing;
    if (nextOutgoing !== null) nextOutgoing.previousOutgoing = previousOutgoing;
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
  while (process.outgoing !== null) process.outgoing.remove();
}

/** Fails all calls that wait for `process`: it has ended. */
export function failCalls(process: Process, reason: Term): void {
  // Those who asked first hear of it first.
  let call = process.incoming;
  while (call?.nextIncoming) call = call.nextIncoming;
  for (; call !== null;) {
    const previous: PendingCall | null = call.previousIncoming;
    call.ended(reason);
    call = previous;
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
