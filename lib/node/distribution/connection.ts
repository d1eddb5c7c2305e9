/**
 * A connection after the handshake: sends and receives signals until it is down.
 *
 * Signals are encoded directly behind the bytes that wait to be written. One write is in progress at a time, of
 * all bytes or of a large part: the first signal of a turn starts it at the end of that turn, so that further
 * signals of the turn are written with it, and those sent meanwhile with the next write. A `demonitor` starts no
 * write of its own at once: most often its owner, which has got a reply, sends something next.
 *
 * Bytes are read only when all earlier ones have been handled, and are handled in slices, between which other
 * tasks run. The receiver of signals can pause the connection by returning a promise. So a peer that floods this
 * node fills its own queue, not the memory of this node.
 *
 * If a peer breaks the protocol or exceeds a limit, only the connection is closed. The error is logged, because
 * the loss of one connection between visible nodes can affect the whole cluster.
 *
 * @module
 */

import { afterHostTurn, storage } from "../../kernel/host.ts";
import { OwnedTimer } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { NodeName } from "../../kernel/term.ts";
import { start } from "../../kernel/timers.ts";
import type { Control } from "../control.ts";
import { DecodeError, Writer } from "../etf/bytes.ts";
import type { Mapping } from "../etf/mapping.ts";
import type { Channel } from "../transport.ts";
import { FrameBuffer, ProtocolError } from "./frames.ts";
import {
  DEFAULT_FRAMING_LIMITS,
  type FramingLimits,
  framingOf,
  Packer,
  Unpacker,
} from "./framing.ts";
import type { ByteStream, Negotiated } from "./handshake.ts";
import { Operations } from "./operations.ts";

/** Idle time in milliseconds after which a peer is considered down (plus 25 %). */
export const DEFAULT_TICK_TIME_MS = 60_000;

/** The number of checks in each tick time whether bytes were received and sent. */
const TICK_INTENSITY = 4;
const TICK_BYTES = 4;
/** The number of bytes in one write, which may be exceeded slightly. */
const PART_BYTES = 64 * 1024;
/** The connection is busy if more bytes than this are waiting to be written. */
const BUSY_BYTES = 1024 * 1024;
/** The amount of input after which the host gets a turn. */
const SLICE_MESSAGES = 256;
const SLICE_BYTES = 64 * 1024;

/** Options of a connection. */
export interface ConnectionOptions {
  /** How messages to and from this peer are encoded. */
  readonly mapping: Mapping;
  /** In milliseconds; must be the same on both nodes. Default {@linkcode DEFAULT_TICK_TIME_MS}; `Infinity` for none. */
  readonly tickTime?: number;
  /** The limits for what the peer sends. Default {@linkcode DEFAULT_FRAMING_LIMITS}. */
  readonly limits?: Partial<FramingLimits>;
}

/** The events of a connection. */
export interface ConnectionEvents {
  /** A signal has arrived. If a promise is returned, no further one is handled until it has settled. */
  signal(control: Control): void | PromiseLike<void>;
  /** The connection is down. Called once, and last. */
  down(reason: string): void;
}

/** A connection of Erlang's distribution protocol, after the handshake. */
export class Connection implements Channel {
  /** The peer. */
  readonly node: NodeName;
  /** Whether either side is hidden. */
  readonly isHidden: boolean;
  /** The creation of the peer, which tells its lives apart. */
  readonly creation: number;
  readonly #stream: ByteStream;
  readonly #events: ConnectionEvents;
  readonly #operations: Operations;
  readonly #frames: FrameBuffer;
  readonly #unpacker: Unpacker;
  readonly #writer = new Writer();
  readonly #packer: Packer;
  readonly #ticker: OwnedTimer;
  readonly #tickInterval: number;
  #isDown = false;
  /** Whether a write is in progress, or starts at the end of this turn. */
  #isWriting = false;
  #isUnderWay = false;
  /** Parts to be written before the bytes in the writer. */
  #parts: Uint8Array[] = [];
  /** The bytes of these parts and of the current write that the host has not accepted yet. */
  #unwritten = 0;
  #received = 0;
  #sent = 0;
  #drained: PromiseWithResolvers<void> | null = null;
  #receivedAtTick = 0;
  #sentAtTick = 0;
  #silentTicks = 0;
  /** Waits for input of the peer. */
  #isReading = false;
  /** The amount of input handled since the host had a turn. */
  #sliceMessages = 0;
  #sliceBytes = 0;

  /**
   * Starts to read at once; the first signal is handled in a later turn.
   *
   * @param leftover The bytes that were read after the handshake.
   */
  constructor(
    stream: ByteStream,
    negotiated: Negotiated,
    options: ConnectionOptions,
    events: ConnectionEvents,
    leftover: Uint8Array = new Uint8Array(0),
  ) {
    const { mapping, tickTime = DEFAULT_TICK_TIME_MS } = options;
    const limits = { ...DEFAULT_FRAMING_LIMITS, ...options.limits };
    const framing = framingOf(negotiated.flags);
    this.node = negotiated.node;
    this.isHidden = negotiated.isHidden;
    this.creation = negotiated.creation;
    this.#stream = stream;
    this.#events = events;
    this.#operations = new Operations(negotiated.flags, mapping);
    this.#frames = new FrameBuffer(limits.frameBytes);
    this.#frames.add(leftover);
    this.#unpacker = new Unpacker(framing, limits);
    this.#packer = new Packer(framing, this.#writer);
    this.#tickInterval = tickTime / TICK_INTENSITY;
    this.#ticker = new OwnedTimer(null, () => this.#tick());
    start(this.#ticker, this.#tickInterval);
    // Signals that arrive do not belong to the process that has opened the connection.
    outside(() => void this.#read());
  }

  /** Whether a mebibyte or more waits to be written. */
  get isBusy(): boolean {
    return this.#waiting >= BUSY_BYTES;
  }

  /** Bytes received and sent so far, and bytes waiting to be written. */
  get traffic(): Channel["traffic"] {
    return { received: this.#received, sent: this.#sent, waiting: this.#waiting };
  }

  /**
   * Sends a signal. Signals keep their order; none is dropped while the connection is up.
   *
   * A signal that the peer has no operation for is answered as if the peer had refused it, if it has an answer.
   *
   * @throws {EncodeError} If the signal holds a value that cannot be sent. Then nothing is sent.
   */
  send(control: Control): void {
    if (this.#isDown) return;
    const answer = this.#operations.answerFor(control);
    if (answer !== undefined) outside(() => queueMicrotask(() => void this.#handOn(answer)));
    if (!this.#operations.canWrite(control)) return;
    const begun = this.#packer.begin();
    try {
      this.#packer.end(begun, this.#operations.write(control, this.#writer));
    } catch (error) {
      this.#writer.truncate(begun);
      throw error;
    }
    if (this.#writer.length >= PART_BYTES) this.#endPart();
    if (control[0] === "demonitor_p") afterHostTurn(() => this.#flush());
    else this.#flush();
  }

  /** Resolves when the connection is no longer busy, or is down. */
  drained(): Promise<void> {
    if (!this.isBusy || this.#isDown) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Ends the direction of writing. The peer closes the connection when it has read everything. */
  finish(): void {
    if (!this.#isDown) this.#stream.closeWrite().catch(() => {});
  }

  /** Closes the connection at once; `down` gets this reason. Has no effect if it is closed already. */
  close(reason: string): void {
    if (this.#isDown) return;
    // Bytes that the host accepts at once are still sent.
    if (!this.#isUnderWay && this.#waiting > 0) {
      if (this.#parts.length === 0) this.#endPart();
      this.#stream.write(this.#parts[0]!).catch(() => {});
    }
    this.#end(reason);
  }

  get #waiting(): number {
    return this.#unwritten + this.#writer.length;
  }

  async #read(): Promise<void> {
    try {
      await undefined;
      for (;;) {
        await this.#handOnFrames();
        if (this.#isDown) return;
        const count = await this.#receive();
        if (count === null) return this.#end("connection_closed");
        this.#received += count;
        this.#frames.filled(count);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits for bytes, and returns how many were read; `null` at the end of the stream. */
  async #receive(): Promise<number | null> {
    this.#isReading = true;
    try {
      return await this.#stream.read(this.#frames.room());
    } catch {
      return null;
    } finally {
      this.#isReading = false;
    }
  }

  async #handOnFrames(): Promise<void> {
    for (;;) {
      const frame = this.#isDown ? null : this.#frames.next();
      if (frame === null) return;
      // An empty frame is a tick, and has no other meaning.
      const message = frame.length === 0 ? null : this.#unpacker.open(frame);
      if (message !== null) {
        const pause = this.#handOn(this.#operations.read(message));
        if (pause !== undefined) await pause;
      }
      if (this.#isSliceSpent(frame.length)) await new Promise<void>(afterHostTurn);
    }
  }

  #handOn(control: Control): void | PromiseLike<void> {
    if (this.#isDown) return;
    try {
      return this.#events.signal(control);
    } catch (error) {
      this.#fail(error);
    }
  }

  #isSliceSpent(bytes: number): boolean {
    this.#sliceMessages++;
    this.#sliceBytes += bytes;
    if (this.#sliceMessages < SLICE_MESSAGES && this.#sliceBytes < SLICE_BYTES) return false;
    this.#sliceMessages = this.#sliceBytes = 0;
    return true;
  }

  #endPart(): void {
    this.#unwritten += this.#writer.length;
    this.#parts.push(this.#writer.take());
  }

  #flush(): void {
    if (this.#isWriting || this.#isDown) return;
    this.#isWriting = true;
    queueMicrotask(() => void this.#write());
  }

  async #write(): Promise<void> {
    this.#isUnderWay = true;
    try {
      while (this.#waiting > 0) {
        if (this.#writer.length > 0) this.#endPart();
        const parts = this.#parts;
        this.#parts = [];
        for (const part of parts) {
          await this.#writePart(part);
          if (this.#isDown) return;
        }
      }
      this.#isWriting = this.#isUnderWay = false;
    } catch {
      // No further write follows. The reader gets the same error, after the last signals of the peer.
    }
  }

  async #writePart(part: Uint8Array): Promise<void> {
    for (let at = 0; at < part.length;) {
      const count = await this.#stream.write(at === 0 ? part : part.subarray(at));
      if (this.#isDown) return;
      at += count;
      this.#sent += count;
      this.#unwritten -= count;
      this.#relieve();
    }
    this.#writer.giveBack(part);
  }

  #relieve(): void {
    if (this.#drained === null || this.isBusy) return;
    this.#drained.resolve();
    this.#drained = null;
  }

  #tick(): void {
    const hasReceived = this.#received !== this.#receivedAtTick;
    const hasSent = this.#sent !== this.#sentAtTick;
    this.#receivedAtTick = this.#received;
    this.#sentAtTick = this.#sent;
    // While this side does not read, the peer is not considered silent.
    this.#silentTicks = hasReceived || !this.#isReading ? 0 : this.#silentTicks + 1;
    if (this.#silentTicks > TICK_INTENSITY) return this.#giveUp();
    // Some hidden nodes send nothing unless they get a tick.
    const isDue = !hasSent || (this.isHidden && !hasReceived);
    if (isDue && this.#waiting === 0) {
      this.#writer.u32(0);
      this.#sentAtTick += TICK_BYTES;
      this.#flush();
    }
    start(this.#ticker, this.#tickInterval);
  }

  #giveUp(): void {
    this.#report("the node does not respond");
    this.#end("net_tick_timeout");
  }

  #fail(error: unknown): void {
    const isOfPeer = error instanceof DecodeError || error instanceof ProtocolError;
    this.#report(error instanceof Error ? error.message : inspect(error));
    this.#end(isOfPeer ? "decode_error" : "internal_error");
  }

  #report(found: string): void {
    const reason = `Connection to ${this.node} is closed: ${found}`;
    report({ level: "error", kind: "message", reason, details: { node: this.node } });
  }

  #end(reason: string): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#ticker.cancel();
    this.#unwritten = 0;
    this.#parts = [];
    this.#writer.truncate(0);
    this.#relieve();
    try {
      this.#stream.close();
    } catch {
      // The host has closed the stream already.
    }
    try {
      outside(() => this.#events.down(reason));
    } catch (error) {
      this.#report(`handling a signal has failed: ${inspect(error)}`);
    }
  }
}

/** Runs `callback` outside of any process. */
function outside(callback: () => void): void {
  storage.run(undefined, callback);
}
