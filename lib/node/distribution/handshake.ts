/**
 * The handshake: two nodes exchange their names and capabilities, and prove that they know the same cookie,
 * without sending it.
 *
 * Both roles are scripts, generators that are independent of sockets: they yield a message to be sent, or `null` to
 * get the next message of the peer, and return what was agreed on. {@linkcode perform} runs a script over a stream.
 *
 * ```text
 * dialling  send_name ──▶            reply, digest ──▶
 *                         ◀── status                        ◀── ack, digest
 * answering               ◀── challenge
 * ```
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";
import { inspect } from "../../kernel/inspect.ts";
import { DecodeError, Reader, Writer } from "../etf/bytes.ts";
import { expanded, missingFlags, PUBLISHED } from "./flags.ts";
import { md5, random32, sameDigest } from "./host_crypto.ts";

/** Bytes in both directions. */
export interface ByteStream {
  /** Reads at least one byte, and returns how many; `null` at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes, and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the direction of writing: the peer reads the end of the stream after all that was written. */
  closeWrite(): Promise<void>;
  /** Closes both directions. Has no effect if they are closed already. */
  close(): void;
}

/** What two nodes have agreed on. */
export interface Negotiated {
  /** The peer. */
  readonly node: NodeName;
  /** The creation of the peer, which tells its lives apart. */
  readonly creation: number;
  /** The flags of both. */
  readonly flags: bigint;
  /** Whether one of the two is hidden. */
  readonly isHidden: boolean;
  /** Whether the peer is a denotp node, too. */
  readonly isOwn: boolean;
}

/** What a node sends about itself: its name, creation and flags. */
export interface Introduction {
  readonly node: NodeName;
  readonly creation: number;
  readonly flags: bigint;
}

/** The status with which the answering side replies to a name. */
export type Status = "ok" | "ok_simultaneous" | "nok" | "not_allowed" | "alive";

/** Why a handshake has failed. */
export type HandshakeFailure =
  | "closed"
  | "not_allowed"
  | "alive"
  | "flags"
  | "cookie"
  | "protocol";

/** A handshake has failed. The connection is closed without telling the peer why. */
export class HandshakeError extends Error {
  /** The name of the class. */
  override readonly name = "HandshakeError";
  /** The kind of failure. */
  readonly failure: HandshakeFailure;

  /** Internal: thrown by the scripts. */
  constructor(failure: HandshakeFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** One side of a handshake: yields a message to send, or `null` to be given the next one. */
export type Script<T> = Generator<Uint8Array | null, T, Uint8Array>;

const SEND_NAME = 0x4e;
const OLD_SEND_NAME = 0x6e;
const STATUS = 0x73;
const REPLY = 0x72;
const ACK = 0x61;

const DIGEST_BYTES = 16;
const MOST_FRAME_BYTES = 1024;
const READ_BYTES = 1024;

/** What denotp nodes send after their name, where other nodes do not look. */
const OWN = new TextEncoder().encode("denotp\x01");

/**
 * The dialling side. Returns `"nok"` if the peer is connecting to this node, whose connection is then used.
 *
 * @param peer The node that is expected to answer.
 */
export function* dialScript(
  self: Introduction,
  peer: NodeName,
  cookie: string,
): Script<Negotiated | "nok"> {
  yield introduction(self);
  const status = readStatus(yield* receive());
  if (status === "nok") return "nok";
  if (status === "alive") yield statusMessage("true");
  else if (status === "not_allowed") {
    throw new HandshakeError("not_allowed", `${peer} does not allow it`);
  } else if (status !== "ok" && status !== "ok_simultaneous") {
    throw protocolError(`the status ${inspect(status)}`, "ok, ok_simultaneous, nok or alive");
  }
  const { introduced, challenge, isOwn } = readIntroduction(yield* receive(), true);
  if (introduced.node !== peer) throw protocolError(`the node ${introduced.node}`, peer);
  const agreed = agree(self, introduced, isOwn);
  const ours = random32();
  yield replyMessage(ours, digest(cookie, challenge));
  const ack = reading(yield* receive(), ACK, "ack");
  if (!sameDigest(ack.bytes(DIGEST_BYTES), digest(cookie, ours))) throw wrongCookie(peer);
  return agreed;
}

/**
 * The answering side.
 *
 * @param admit Decides on the status for a peer with this name.
 * @param cookieFor Returns the cookie for a peer.
 */
export function* answerScript(
  self: Introduction,
  admit: (peer: Introduction) => Status,
  cookieFor: (peer: NodeName) => string,
): Script<Negotiated> {
  const { introduced, isOwn } = readIntroduction(yield* receive(), false);
  const peer = introduced.node;
  if (missingFlags(introduced.flags).length > 0) yield statusMessage("not_allowed");
  const agreed = agree(self, introduced, isOwn);
  const status = admit(introduced);
  yield statusMessage(status);
  if (status === "not_allowed" || status === "nok") {
    throw new HandshakeError(status === "nok" ? "closed" : status, `${peer} is answered ${status}`);
  }
  if (status === "alive") {
    const answer = readStatus(yield* receive());
    if (answer !== "true") throw new HandshakeError("alive", `${peer} keeps its connection`);
  }
  const ours = random32();
  const cookie = cookieFor(peer);
  yield introduction(self, ours);
  const reply = reading(yield* receive(), REPLY, "reply");
  const theirs = reply.u32();
  if (!sameDigest(reply.bytes(DIGEST_BYTES), digest(cookie, ours))) throw wrongCookie(peer);
  yield ackMessage(digest(cookie, theirs));
  return agreed;
}

/** The proof of the cookie: the MD5 of the cookie and the challenge in decimal. */
export function digest(cookie: string, challenge: number): Uint8Array {
  return md5(`${cookie}${challenge}`);
}

/** Whether a text is a valid name of a node: one `@` between printable ASCII. */
export function isNodeName(name: string): boolean {
  return name.length <= 255 && /^[!-?A-~]+@[!-?A-~]+$/.test(name);
}

/** The part of a node's name after the `@`. */
export function hostOf(node: NodeName): string {
  return node.slice(node.indexOf("@") + 1);
}

/** Whether a name is a long one: the host has a dot. Nodes with long and short names do not connect. */
export function isLongName(node: NodeName): boolean {
  return hostOf(node).includes(".") || hostOf(node).includes(":");
}

/** Runs a script over a stream. Also returns the bytes that were read after the last message. */
export async function perform<T>(
  stream: ByteStream,
  script: Script<T>,
  lengthBytes: 2 | 4,
): Promise<{ result: T; leftover: Uint8Array }> {
  const frames = new HandshakeFrames(lengthBytes);
  let isProving = false;
  let step = script.next();
  while (!step.done) {
    if (step.value === null) {
      step = script.next(await nextFrame(stream, frames, isProving));
    } else {
      isProving = step.value[0] === REPLY;
      await send(stream, frames.framed(step.value));
      step = script.next(NOTHING);
    }
  }
  return { result: step.value, leftover: frames.rest() };
}

/** Splits the input into messages. */
export class HandshakeFrames {
  readonly #lengthBytes: 2 | 4;
  #bytes = new Uint8Array(0);

  /** For messages after a length of two bytes (TCP) or four (TLS). */
  constructor(lengthBytes: 2 | 4) {
    this.#lengthBytes = lengthBytes;
  }

  /** Adds bytes that were read. */
  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all;
  }

  /**
   * The next message, or `null` if it is not complete.
   *
   * @throws {HandshakeError} If it is empty, or longer than any message of a handshake.
   */
  next(): Uint8Array | null {
    const start = this.#lengthBytes;
    if (this.#bytes.length < start) return null;
    const reader = new Reader(this.#bytes);
    const length = start === 2 ? reader.u16() : reader.u32();
    if (length === 0 || length > MOST_FRAME_BYTES) {
      throw protocolError(`a message of ${length} bytes`, `1 to ${MOST_FRAME_BYTES}`);
    }
    if (reader.remaining < length) return null;
    const message = reader.bytes(length);
    this.#bytes = this.#bytes.slice(start + length);
    return message;
  }

  /** The bytes after the last message. */
  rest(): Uint8Array {
    return this.#bytes;
  }

  /** A message with its length before it. */
  framed(message: Uint8Array): Uint8Array {
    const writer = new Writer(message.length + 4);
    if (this.#lengthBytes === 2) writer.u16(message.length);
    else writer.u32(message.length);
    writer.bytes(message);
    return writer.take();
  }
}

const NOTHING = new Uint8Array(0);

/** Writes all of the bytes. */
export async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await stream.write(bytes));
}

/** Sends a message. As in reading, an error means that the connection is closed. */
async function send(stream: ByteStream, message: Uint8Array): Promise<void> {
  try {
    await writeAll(stream, message);
  } catch (error) {
    const found = error instanceof Error ? error.message : inspect(error);
    throw new HandshakeError("closed", `the peer has closed the connection (${found})`);
  }
}

async function nextFrame(
  stream: ByteStream,
  frames: HandshakeFrames,
  isProving: boolean,
): Promise<Uint8Array> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const message = frames.next();
    if (message !== null) return message;
    const count = await stream.read(buffer).catch(() => null);
    if (count === null) {
      throw isProving
        ? new HandshakeError("cookie", "closed during authentication, cookie mismatch?")
        : new HandshakeError("closed", "the peer has closed the connection");
    }
    frames.add(buffer.subarray(0, count));
  }
}

/** Waits for a message. Errors in reading it are failures of the peer. */
function* receive(): Script<Uint8Array> {
  return yield null;
}

function introduction(self: Introduction, challenge?: number): Uint8Array {
  const writer = new Writer(64);
  writer.u8(SEND_NAME);
  writer.u64(self.flags);
  if (challenge !== undefined) writer.u32(challenge);
  writer.u32(self.creation);
  writer.u16(self.node.length);
  writer.bytes(new TextEncoder().encode(self.node));
  writer.bytes(OWN);
  return writer.take();
}

function readIntroduction(
  message: Uint8Array,
  hasChallenge: boolean,
): { introduced: Introduction; challenge: number; isOwn: boolean } {
  if (message[0] === OLD_SEND_NAME) {
    throw protocolError("the handshake of an Erlang before OTP 23", "the one of OTP 25 and later");
  }
  const reader = reading(message, SEND_NAME, hasChallenge ? "challenge" : "send_name");
  try {
    const flags = expanded(reader.u64());
    const challenge = hasChallenge ? reader.u32() : 0;
    const creation = reader.u32();
    const node = String.fromCharCode(...reader.bytes(reader.u16()));
    if (!isNodeName(node)) throw protocolError(`the name ${inspect(node)}`, "name@host in ASCII");
    const extra = reader.bytes(reader.remaining);
    const isOwn = OWN.every((byte, at) => extra[at] === byte);
    return { introduced: { node, creation, flags }, challenge, isOwn };
  } catch (error) {
    throw error instanceof DecodeError ? protocolError(error.message, "a whole message") : error;
  }
}

function agree(self: Introduction, peer: Introduction, isOwn: boolean): Negotiated {
  const missing = missingFlags(peer.flags);
  if (missing.length > 0) {
    throw new HandshakeError(
      "flags",
      `${peer.node} lacks the flags ${missing.join(", ")}, which every node since OTP 25 has`,
    );
  }
  const flags = self.flags & peer.flags;
  const isHidden = (flags & PUBLISHED) === 0n;
  return { node: peer.node, creation: peer.creation, flags, isHidden, isOwn };
}

function statusMessage(status: string): Uint8Array {
  const writer = new Writer(32);
  writer.u8(STATUS);
  writer.bytes(new TextEncoder().encode(status));
  return writer.take();
}

function readStatus(message: Uint8Array): string {
  const reader = reading(message, STATUS, "status");
  return String.fromCharCode(...reader.bytes(reader.remaining));
}

function replyMessage(challenge: number, proof: Uint8Array): Uint8Array {
  const writer = new Writer(32);
  writer.u8(REPLY);
  writer.u32(challenge);
  writer.bytes(proof);
  return writer.take();
}

function ackMessage(proof: Uint8Array): Uint8Array {
  const writer = new Writer(32);
  writer.u8(ACK);
  writer.bytes(proof);
  return writer.take();
}

/** A reader after the tag of a message. */
function reading(message: Uint8Array, tag: number, what: string): Reader {
  const reader = new Reader(message);
  const found = reader.u8();
  if (found !== tag) throw protocolError(`a message with the tag ${found}`, `${what}, ${tag}`);
  if (LENGTHS.has(tag) && message.length !== LENGTHS.get(tag)) {
    throw protocolError(`${what} of ${message.length} bytes`, `${LENGTHS.get(tag)}`);
  }
  return reader;
}

const LENGTHS: ReadonlyMap<number, number> = new Map([
  [REPLY, 1 + 4 + DIGEST_BYTES],
  [ACK, 1 + DIGEST_BYTES],
]);

function protocolError(found: string, expected: string): HandshakeError {
  return new HandshakeError("protocol", `the peer has sent ${found}, expected ${expected}`);
}

function wrongCookie(peer: NodeName): HandshakeError {
  return new HandshakeError("cookie", `${peer} has a different cookie`);
}
