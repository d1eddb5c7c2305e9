/**
 * An EPMD server, for hosts on which none runs. Erlang nodes can register with it, too.
 *
 * @module
 */

import { OwnedTimer } from "../../kernel/process.ts";
import { start } from "../../kernel/timers.ts";
import { Reader, Writer } from "../etf/bytes.ts";
import {
  ALIVE2_REQ,
  ALIVE2_RESP,
  ALIVE2_X_RESP,
  KILL_REQ,
  NAMES_REQ,
  PORT2_RESP,
  PORT_PLEASE2_REQ,
  PROTOCOL_VERSION,
} from "./epmd.ts";
import { type ByteStream, writeAll } from "./handshake.ts";
import { random32 } from "./host_crypto.ts";
import type { Address, Listener, Sockets } from "./sockets.ts";

const MOST_REQUEST_BYTES = 1024;
/** The maximum number of registered nodes, and of other connections. */
const MOST_REGISTERED = 512;
const MOST_ASKING = 512;
/** The time after which a connection without a request is closed, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Smaller creations have other meanings for older nodes. */
const LEAST_CREATION = 4;

/** A registered node: the fields of its request, unchanged. */
interface Entry {
  readonly name: string;
  readonly port: number;
  readonly type: number;
  readonly protocol: number;
  readonly highest: number;
  readonly lowest: number;
  readonly extra: Uint8Array;
}

/** Keeps the nodes of one host registered while their connections are open. */
export class EpmdServer {
  readonly #entries = new Map<string, Entry>();
  /** The connections of registered nodes. */
  readonly #registered = new Set<ByteStream>();
  /** All other connections, oldest first. */
  readonly #asking = new Set<ByteStream>();
  #listener: Listener | null = null;
  #creation = random32();

  /** The port it listens on, 0 before {@linkcode start}. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Starts to listen. Every program that can reach the address can register; use loopback. */
  async start(sockets: Sockets, address: Address): Promise<void> {
    this.#listener = await sockets.listen(address, (stream) => void this.#serve(stream));
  }

  /** Closes all connections at once; resolves when the port is free. */
  async close(): Promise<void> {
    const closed = this.#listener?.close();
    for (const stream of [...this.#registered, ...this.#asking]) this.#drop(stream);
    this.#entries.clear();
    await closed;
  }

  async #serve(stream: ByteStream): Promise<void> {
    if (this.#asking.size >= MOST_ASKING) {
      // Otherwise idle connections could keep others out.
      const [oldest] = this.#asking;
      this.#drop(oldest!);
    }
    this.#asking.add(stream);
    const timer = new OwnedTimer(null, () => this.#drop(stream));
    start(timer, REQUEST_TIMEOUT_MS);
    try {
      const request = await readRequest(stream);
      timer.cancel();
      if (request !== null) await this.#answer(stream, request);
    } catch {
      // The answer to any error is to close the connection.
    } finally {
      timer.cancel();
      this.#drop(stream);
    }
  }

  #drop(stream: ByteStream): void {
    if (this.#asking.delete(stream) || this.#registered.delete(stream)) stream.close();
  }

  async #answer(stream: ByteStream, request: Reader): Promise<void> {
    switch (request.u8()) {
      case ALIVE2_REQ:
        return await this.#register(stream, readEntry(request));
      case PORT_PLEASE2_REQ:
        return await writeAll(stream, this.#portAnswer(text(request.bytes(request.remaining))));
      case NAMES_REQ:
        return await writeAll(stream, this.#namesAnswer());
      case KILL_REQ:
        return await writeAll(stream, new TextEncoder().encode("NO"));
    }
  }

  /** Answers, and waits until the connection closes, which ends the registration. */
  async #register(stream: ByteStream, entry: Entry): Promise<void> {
    const isTaken = this.#entries.has(entry.name) || this.#registered.size >= MOST_REGISTERED;
    if (!isTaken) {
      // A connection that was closed to make room meanwhile registers nothing.
      if (!this.#asking.delete(stream)) return;
      this.#registered.add(stream);
      this.#entries.set(entry.name, entry);
    }
    try {
      await writeAll(stream, this.#aliveAnswer(entry, isTaken));
      const buffer = new Uint8Array(256);
      while (!isTaken && await stream.read(buffer) !== null);
    } finally {
      if (this.#entries.get(entry.name) === entry) this.#entries.delete(entry.name);
    }
  }

  #aliveAnswer({ highest }: Entry, isTaken: boolean): Uint8Array {
    const creation = this.#nextCreation();
    const writer = new Writer(8);
    const isLong = highest >= PROTOCOL_VERSION;
    writer.u8(isLong ? ALIVE2_X_RESP : ALIVE2_RESP);
    writer.u8(isTaken ? 1 : 0);
    if (isLong) writer.u32(creation);
    else writer.u16(creation % 3 + 1);
    return writer.take();
  }

  #nextCreation(): number {
    this.#creation = (this.#creation + 1) >>> 0;
    if (this.#creation < LEAST_CREATION) this.#creation = LEAST_CREATION;
    return this.#creation;
  }

  #portAnswer(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (entry === undefined) return new Uint8Array([PORT2_RESP, 1]);
    const writer = new Writer(64);
    writer.u8(PORT2_RESP);
    writer.u8(0);
    writer.u16(entry.port);
    writer.u8(entry.type);
    writer.u8(entry.protocol);
    writer.u16(entry.highest);
    writer.u16(entry.lowest);
    const bytes = new TextEncoder().encode(entry.name);
    writer.u16(bytes.length);
    writer.bytes(bytes);
    writer.u16(entry.extra.length);
    writer.bytes(entry.extra);
    return writer.take();
  }

  #namesAnswer(): Uint8Array {
    const writer = new Writer(256);
    writer.u32(this.port);
    for (const { name, port } of this.#entries.values()) {
      writer.bytes(new TextEncoder().encode(`name ${name} at port ${port}\n`));
    }
    return writer.take();
  }
}

/** The next request, `null` if the peer closes before it is complete. */
async function readRequest(stream: ByteStream): Promise<Reader | null> {
  const bytes = new Uint8Array(2 + MOST_REQUEST_BYTES);
  let count = 0;
  for (;;) {
    const read = await stream.read(bytes.subarray(count));
    if (read === null) return null;
    count += read;
    const reader = new Reader(bytes.subarray(0, count));
    if (count < 2) continue;
    const length = reader.u16();
    if (length === 0 || length > MOST_REQUEST_BYTES) return null;
    if (reader.remaining >= length) return new Reader(reader.bytes(length));
  }
}

function readEntry(request: Reader): Entry {
  const [port, type, protocol] = [request.u16(), request.u8(), request.u8()];
  const [highest, lowest] = [request.u16(), request.u16()];
  const name = text(request.bytes(request.u16()));
  if (name === "" || /[\n\0]/.test(name)) throw request.error("a name without text");
  const extra = request.bytes(request.u16()).slice();
  return { name, port, type, protocol, highest, lowest, extra };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
