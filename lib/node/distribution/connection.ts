/**
 * A connection that is up: signals go in and come out, until it is down, once.
 *
 * What is sent is encoded straight behind what waits to be written. One write is under way at a time, of
 * all there is or of a part that is large enough: the first signal of a turn starts it at the end of that turn,
 * so that what the turn sends besides goes with it, and what is sent meanwhile goes with the next one. A
 * monitor is called off without haste: most often its owner, who was answered, has something to say next.
 *
 * What comes is read only when all that came before has been handed on, and is handed on in slices, between
 * which everybody else has a turn. Whoever takes the signals may ask for a pause by returning a promise.
 * So a peer that floods us fills its own queue, not our memory.
 *
 * A peer that breaks the protocol or a limit costs the connection, and nothing but that. Since a visible
 * node that is dropped by one other can cost the cluster more, it is logged.
 *
 * @module
 */

import { afterHostTurn, storage } from "../../kernel/host.ts";
import { OwnedTimer } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import { inspect, type NodeName } from "../../kernel/term.ts";
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

/** A peer that has sent nothing for so many milliseconds, and a quarter more, is taken for dead. */
export const DEFAULT_TICK_TIME_MS = 60_000;

/** So many times in the tick time is looked whether bytes have come and gone. */
const TICK_INTENSITY = 4;
const TICK_BYTES = 4;
/** So many bytes are written at a time, or a few more. */
const PART_BYTES = 64 * 1024;
/** More bytes than these waiting to be written make the connection busy. */
const BUSY_BYTES = 1024 * 1024;
/** After so much has been handed on, the host has a turn. */
const SLICE_MESSAGES = 256;
const SLICE_BYTES = 64 * 1024;

/** How a connection is to behave. */
export interface ConnectionOptions {
  /** How messages to and from this peer become bytes. */
  readonly mapping: Mapping;
  /** The same at both ends, in milliseconds. Default {@linkcode DEFAULT_TICK_TIME_MS}; `Infinity` for none. */
  readonly tickTime?: number;
  /** What the peer may send. Default {@linkcode DEFAULT_FRAMING_LIMITS}. */
  readonly limits?: Partial<FramingLimits>;
}

/** Whom a connection tells what happens. */
export interface ConnectionEvents {
  /** A signal has come. No further one is handed on before a promise that is returned has settled. */
  signal(control: Control): void | PromiseLike<void>;
  /** The connection is down. Called once, and nothing is called afterwards. */
  down(reason: string): void;
}

/** A connection by Erlang's distribution protocol, after the handshake. */
export class Connection implements Channel {
  /** The peer. */
  readonly node: NodeName;
  /** Whether either side is hidden. */
  readonly isHidden: boolean;
  /** Which life of the peer it is. */
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
  /** A write is under way, or begins at the end of this turn. */
  #isWriting = false;
  #isUnderWay = false;
  /** What is to be written, in parts, before what is in the writer. */
  #parts: Uint8Array[] = [];
  /** Bytes of these parts, and of those of the write that is under way, which the host has not taken yet. */
  #unwritten = 0;
  #received = 0;
  #sent = 0;
  #drained: PromiseWithResolvers<void> | null = null;
  #receivedAtTick = 0;
  #sentAtTick = 0;
  #silentTicks = 0;
  /** Waits for the peer, and for nobody else. */
  #isReading = false;
  /** What has been handed on since the host had a turn. */
  #sliceMessages = 0;
  #sliceBytes = 0;

  /**
   * Begins to read at once; the first signal is handed on in a later turn.
   *
   * @param leftover What was read behind the handshake.
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
    // Whoever has made the connection, what comes through it is not that process's doing.
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
   * Hands a signal over. Order is kept; nothing is dropped while the connection is up.
   *
   * What the peer has no operation for is answered as if it had refused, where there is an answer.
   *
   * @throws {EncodeError} If the signal holds what cannot be sent; then nothing is.
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

  /** Resolves when it is no longer busy, or is down. */
  drained(): Promise<void> {
    if (!this.isBusy || this.#isDown) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** Ends it at once; `down` is told this reason. Harmless if it has ended. */
  close(reason: string): void {
    if (this.#isDown) return;
    // What the host takes at once still goes out.
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

  /** Waits for bytes: how many have come, `null` if there will be no more. */
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
      // An empty frame is a tick: that it has come is all it says.
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
      // There will be no further write. The reader comes upon the same, after what the peer said last.
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
    // While we do not read, the silence is not the peer's.
    this.#silentTicks = hasReceived || !this.#isReading ? 0 : this.#silentTicks + 1;
    if (this.#silentTicks > TICK_INTENSITY) return this.#giveUp();
    // Some hidden nodes say nothing unless they are asked.
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
      // The host has closed it already.
    }
    try {
      outside(() => this.#events.down(reason));
    } catch (error) {
      this.#report(`what has followed has failed: ${inspect(error)}`);
    }
  }
}

/** Runs `callback` as a part of no process, whoever calls. */
function outside(callback: () => void): void {
  storage.run(undefined, callback);
}
