/**
 * EPMD, the name server of each host, which knows the ports of its nodes. This file has its protocol and the
 * client; `epmd_server.ts` is a server.
 *
 * A node is registered as long as its connection to EPMD is open. If EPMD exits, the node registers again as soon
 * as there is a new one.
 *
 * @module
 */

import { OwnedTimer } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import "../../kernel/scheduler.ts"; // required by timers
import { inspect } from "../../kernel/inspect.ts";
import { start } from "../../kernel/timers.ts";
import { Reader, Writer } from "../etf/bytes.ts";
import { type ByteStream, writeAll } from "./handshake.ts";
import { variable } from "./host_environment.ts";
import type { Address, Sockets } from "./sockets.ts";

/** The default port of EPMD. */
export const EPMD_PORT = 4369;
/** The version of the handshake that nodes announce. */
export const PROTOCOL_VERSION = 6;

export const ALIVE2_REQ = 120;
export const ALIVE2_X_RESP = 118;
export const ALIVE2_RESP = 121;
export const PORT_PLEASE2_REQ = 122;
export const PORT2_RESP = 119;
export const NAMES_REQ = 110;
export const KILL_REQ = 107;
export const VISIBLE_NODE = 77;
export const HIDDEN_NODE = 72;

const MOST_ANSWER_BYTES = 64 * 1024;
const FIRST_BACKOFF_MS = 1000;
const MOST_BACKOFF_MS = 30_000;
const REQUEST_TIMEOUT_MS = 5000;

/** What EPMD knows about a node. */
export interface Registration {
  /** The part of the node's name before the `@`. */
  readonly name: string;
  readonly port: number;
  readonly isHidden: boolean;
}

/** A request to EPMD has failed, or was refused. */
export class EpmdError extends Error {
  /** The name of the class. */
  override readonly name = "EpmdError";
  /** `"taken"` if another node has the name, `"unreachable"` if EPMD does not answer, else `"protocol"`. */
  readonly reason: "taken" | "unreachable" | "protocol";

  /** Internal: thrown by {@linkcode EpmdClient}. */
  constructor(reason: EpmdError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The port of EPMD: the environment variable `ERL_EPMD_PORT`, if it is set and can be read, else 4369. */
export function epmdPort(): number {
  const given = variable("ERL_EPMD_PORT");
  if (given === undefined || given === "") return EPMD_PORT;
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new RangeError(`Cannot use ERL_EPMD_PORT: found ${inspect(given)}, expected 1 to 65535`);
}

/** A client for the EPMDs of all hosts, on the same port. */
export class EpmdClient {
  readonly #sockets: Sockets;
  readonly #port: number;

  /** Connects over `sockets` to `port`. */
  constructor(sockets: Sockets, port: number) {
    this.#sockets = sockets;
    this.#port = port;
  }

  /**
   * Registers a node, and keeps it registered until `close` is called on the result.
   *
   * @param host The host of EPMD.
   * @throws {EpmdError} If the name is taken, or EPMD does not answer.
   */
  async register(registration: Registration, host: string): Promise<Registered> {
    const open = () => this.#open(host);
    const { stream, creation } = await announce(await open(), registration);
    return new Registered(registration, creation, stream, open);
  }

  /**
   * Resolves with the port of a node, or `undefined` if there is no such node.
   *
   * @throws {EpmdError} If EPMD does not answer, or the node speaks another version of the protocol.
   */
  async lookup(name: string, host: string): Promise<number | undefined> {
    const answer = await this.#ask(host, portRequest(name));
    return readPort(answer, name);
  }

  /**
   * Resolves with all nodes of a host, including hidden ones.
   *
   * @throws {EpmdError} If EPMD does not answer.
   */
  async names(host: string): Promise<Pick<Registration, "name" | "port">[]> {
    const answer = await this.#ask(host, new Uint8Array([NAMES_REQ]));
    return readNames(answer);
  }

  /** Sends a request, and resolves with all bytes until EPMD closes the connection. */
  async #ask(host: string, request: Uint8Array): Promise<Uint8Array> {
    const stream = await this.#open(host);
    return await within(stream, async () => {
      await writeAll(stream, framed(request));
      return await readAll(stream);
    });
  }

  async #open(host: string): Promise<ByteStream> {
    const signal = new AbortController();
    const timer = new OwnedTimer(null, () => signal.abort());
    start(timer, REQUEST_TIMEOUT_MS);
    try {
      return await this.#sockets.dial({ host, port: this.#port }, host, signal.signal);
    } catch (error) {
      throw unreachable({ host, port: this.#port }, error);
    } finally {
      timer.cancel();
    }
  }
}

/** A registration with EPMD, until it is closed. */
export class Registered {
  /** The creation of the node. It stays the same when EPMD restarts. */
  readonly creation: number;
  readonly #registration: Registration;
  readonly #open: () => Promise<ByteStream>;
  #stream: ByteStream | null;
  #backoff = FIRST_BACKOFF_MS;
  readonly #timer: OwnedTimer = new OwnedTimer(null, () => void this.#again());
  #isClosed = false;

  /** Internal: returned by {@linkcode EpmdClient.register}. */
  constructor(
    registration: Registration,
    creation: number,
    stream: ByteStream,
    open: () => Promise<ByteStream>,
  ) {
    this.#registration = registration;
    this.creation = creation;
    this.#stream = stream;
    this.#open = open;
    void this.#watch(stream);
  }

  /** Ends the registration. */
  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#stream?.close();
    this.#stream = null;
  }

  /** Waits until EPMD closes the connection, on which it sends nothing. */
  async #watch(stream: ByteStream): Promise<void> {
    const buffer = new Uint8Array(16);
    while (await stream.read(buffer).catch(() => null) !== null);
    if (this.#isClosed) return;
    stream.close();
    this.#stream = null;
    this.#backoff = FIRST_BACKOFF_MS;
    log(
      "warning",
      `EPMD has closed the connection: ${this.#registration.name} will be registered again`,
    );
    start(this.#timer, this.#backoff);
  }

  async #again(): Promise<void> {
    try {
      const { stream } = await announce(await this.#open(), this.#registration);
      if (this.#isClosed) return stream.close();
      this.#stream = stream;
      log("notice", `EPMD is reachable again: ${this.#registration.name} is registered`);
      await this.#watch(stream);
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof EpmdError && error.reason === "taken") log("error", error.message);
      this.#backoff = Math.min(this.#backoff * 2, MOST_BACKOFF_MS);
      start(this.#timer, this.#backoff);
    }
  }
}

/** Registers over a new stream. */
async function announce(
  stream: ByteStream,
  registration: Registration,
): Promise<{ stream: ByteStream; creation: number }> {
  try {
    const creation = await within(stream, async () => {
      await writeAll(stream, framed(aliveRequest(registration)));
      return await readAlive(stream, registration);
    }, true);
    return { stream, creation };
  } catch (error) {
    stream.close();
    throw error;
  }
}

/** The request to register a node, without its length. */
export function aliveRequest({ name, port, isHidden }: Registration): Uint8Array {
  const writer = new Writer(64);
  writer.u8(ALIVE2_REQ);
  writer.u16(port);
  writer.u8(isHidden ? HIDDEN_NODE : VISIBLE_NODE);
  writer.u8(0); // TCP
  writer.u16(PROTOCOL_VERSION);
  writer.u16(PROTOCOL_VERSION);
  writer.u16(name.length);
  writer.bytes(new TextEncoder().encode(name));
  writer.u16(0);
  return writer.take();
}

/** The request for the port of a node, without its length. */
export function portRequest(name: string): Uint8Array {
  return new Uint8Array([PORT_PLEASE2_REQ, ...new TextEncoder().encode(name)]);
}

/** A request with its length before it. */
export function framed(request: Uint8Array): Uint8Array {
  const writer = new Writer(request.length + 2);
  writer.u16(request.length);
  writer.bytes(request);
  return writer.take();
}

/** Reads the creation in an answer. */
async function readAlive(stream: ByteStream, { name }: Registration): Promise<number> {
  const head = await readExactly(stream, 2);
  if (head[0] !== ALIVE2_X_RESP && head[0] !== ALIVE2_RESP) throw wrong(`the tag ${head[0]}`);
  if (head[1] !== 0) {
    throw new EpmdError(
      "taken",
      `Cannot register ${inspect(name)}: EPMD refuses, a node of that name runs on this host`,
    );
  }
  const isLong = head[0] === ALIVE2_X_RESP;
  const rest = new Reader(await readExactly(stream, isLong ? 4 : 2));
  return isLong ? rest.u32() : rest.u16();
}

/** Reads the port in an answer; `undefined` if there is no such node. */
export function readPort(answer: Uint8Array, name: string): number | undefined {
  const reader = new Reader(answer);
  try {
    const tag = reader.u8();
    if (tag !== PORT2_RESP) throw wrong(`the tag ${tag}`);
    if (reader.u8() !== 0) return undefined;
    const port = reader.u16();
    reader.bytes(2);
    const highest = reader.u16();
    if (highest < PROTOCOL_VERSION) {
      throw new EpmdError(
        "protocol",
        `Cannot connect to ${inspect(name)}: found version ${highest} of the protocol, ` +
          `expected ${PROTOCOL_VERSION}`,
      );
    }
    return port;
  } catch (error) {
    throw error instanceof EpmdError ? error : wrong(`${answer.length} bytes`);
  }
}

/** Reads the nodes in an answer. */
export function readNames(answer: Uint8Array): Pick<Registration, "name" | "port">[] {
  if (answer.length < 4) throw wrong(`${answer.length} bytes`);
  const text = new TextDecoder().decode(answer.subarray(4));
  return [...text.matchAll(/^name (.*) at port (\d+)$/gm)].map(([, name, port]) => ({
    name: name!,
    port: Number(port),
  }));
}

/** Runs `talk` with the timeout of a request; then closes the stream, unless it is kept. */
async function within<T>(
  stream: ByteStream,
  talk: () => Promise<T>,
  isKept = false,
): Promise<T> {
  let isLate = false;
  const timer = new OwnedTimer(null, () => {
    isLate = true;
    stream.close();
  });
  start(timer, REQUEST_TIMEOUT_MS);
  try {
    const answer = await talk();
    if (isLate) throw wrong("late");
    return answer;
  } catch (error) {
    if (error instanceof EpmdError && !isLate) throw error;
    throw new EpmdError("unreachable", "Cannot query EPMD: it has not answered in time");
  } finally {
    timer.cancel();
    if (!isKept) stream.close();
  }
}

async function readExactly(stream: ByteStream, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const count = await stream.read(bytes.subarray(read));
    if (count === null) throw wrong("the end");
    read += count;
  }
  return bytes;
}

async function readAll(stream: ByteStream): Promise<Uint8Array> {
  const chunks: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await stream.read(buffer);
    if (count === null) return new Uint8Array(chunks);
    chunks.push(...buffer.subarray(0, count));
    if (chunks.length > MOST_ANSWER_BYTES) throw wrong(`more than ${MOST_ANSWER_BYTES} bytes`);
  }
}

function unreachable({ host, port }: Address, error: unknown): EpmdError {
  const found = error instanceof Error ? error.message : inspect(error);
  return new EpmdError("unreachable", `Cannot reach EPMD on ${host}:${port}: ${found}`);
}

function wrong(found: string): EpmdError {
  return new EpmdError("protocol", `Cannot read the answer of EPMD: found ${found}`);
}

function log(level: "error" | "warning" | "notice", reason: string): void {
  report({ level, kind: "message", reason });
}
