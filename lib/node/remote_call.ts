/**
 * A call to a server on another node: a monitor, whose reference is also the alias that the reply is sent to,
 * as in OTP.
 *
 * @module
 */

import type { Call, CallKind, From } from "../kernel/calls.ts";
import { rejectFor } from "../kernel/calls.ts";
import type { NameOnNode, RemotePid } from "../kernel/distribution.ts";
import { Exit } from "../kernel/exit.ts";
import { aliasTag } from "../kernel/list.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { Alias } from "../kernel/signals.ts";
import { Ref, type Term } from "../kernel/term.ts";
import { start } from "../kernel/timers.ts";
import { OutgoingMonitor, type Peer } from "./peer.ts";
import { dialectOf } from "./protocols/interpreter.ts";

/** Passes the reply to the call instead of a mailbox. */
export class Answer extends Alias {
  readonly #call: RemoteCall;

  /** The alias behind `call.ref`. */
  constructor(call: RemoteCall) {
    super(call.caller, call.ref, "demonitor");
    this.#call = call;
  }

  override receive(message: Term): void {
    this.#call.answered((message as readonly Term[])[1]);
  }
}

/** One call, from its request to its reply. */
export class RemoteCall extends OutgoingMonitor implements Call {
  readonly caller: Process;
  readonly server: Term;
  readonly request: Term;
  readonly timeout: number;
  /** Settles with the reply, or rejects with an `Exit`. */
  readonly promise: Promise<Term>;
  readonly #peer: Peer;
  readonly #kind: CallKind;
  readonly #alias: Answer;
  readonly #timer: OwnedTimer | null;
  /** The request as the message has it, if it is of one of OTP's protocols. */
  #asked: Term = undefined;
  #resolve!: (value: Term) => void;
  #reject!: (error: unknown) => void;

  /** Monitors the server. Does not send the request yet. */
  constructor(
    caller: Process,
    peer: Peer,
    to: RemotePid | NameOnNode,
    server: Term,
    request: Term,
    timeout: number,
    kind: CallKind,
  ) {
    super(new Ref(), caller, peer, caller.pid, to, "DOWN");
    this.caller = caller;
    this.server = server;
    this.request = request;
    this.timeout = timeout;
    this.#peer = peer;
    this.#kind = kind;
    this.#alias = new Answer(this);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = timeout === Infinity
      ? null
      : new OwnedTimer(caller, () => this.#over() && this.fail("timeout"));
    if (this.#timer !== null) start(this.#timer, timeout);
  }

  /**
   * The message with the request.
   *
   * @throws {TypeError} If the request can only be made to a local process.
   */
  get message(): Term {
    const { message } = this.#kind;
    const asking = message === undefined ? ["$gen_call", this.from, this.request] : message(this);
    const dialect = dialectOf(this.#kind.protocol);
    if (dialect === undefined) return asking;
    const [tag, [pid, reference], request] = asking as readonly [Term, From, Term];
    this.#asked = request;
    // OTP always sends a reply; without a reference it goes to an alias that is not active.
    return [tag, [pid, reference ?? aliasTag(new Ref())], dialect.ask(request)];
  }

  get from(): From {
    return [this.caller.pid, aliasTag(this.ref)];
  }

  reply(value: Term): void {
    this.#over();
    this.#resolve(value);
  }

  /** Handles the reply of the other node. */
  answered(answer: Term): void {
    const dialect = dialectOf(this.#kind.protocol);
    if (dialect === undefined) return this.reply(answer);
    let value: Term;
    try {
      value = dialect.answered(answer, this.#asked);
    } catch {
      return this.fail(["bad_return_value", answer]);
    }
    this.reply(value);
  }

  fail(why: Term): void {
    this.#over();
    rejectFor(this.caller, this.#reject, new Exit([why, this.#kind.describe(this)]));
  }

  tell(reason: Term): void {
    this.#over();
    if (reason === "noconnection") this.fail(["nodedown", this.#peer.node]);
    else if (this.#kind.ended === undefined) this.fail(reason);
    else this.#kind.ended(this, reason);
  }

  /** Drops a call that could not be sent. Its promise is never settled. */
  giveUp(): void {
    this.#over();
  }

  /** Ends the waiting, and returns whether the call was still waiting. */
  #over(): boolean {
    const waited = !this.isOver;
    if (waited) this.remove();
    this.#alias.deactivate();
    this.#timer?.cancel();
    return waited;
  }
}
