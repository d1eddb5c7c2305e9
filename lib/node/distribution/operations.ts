/**
 * The encoding of signals in Erlang's protocol: a control tuple that begins with the number of an operation, and
 * for some operations a payload after it.
 *
 * Several signals have two operations, of which the newer one has the reason in the payload. Both are always
 * understood, and the one that the flags allow is sent. Operations with a token for sequential tracing (`_TT`) are
 * treated as those without.
 *
 * Names and options are in the exact mapping; messages, reasons and arguments in that of the peer.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import {
  type Atom,
  isAtom,
  isPid,
  isReference,
  type Pid,
  type Ref,
  type Term,
} from "../../kernel/term.ts";
import type { Control, Target } from "../control.ts";
import type { Reader, Writer } from "../etf/bytes.ts";
import { decodeTerm } from "../etf/decode.ts";
import { encodeReason, encodeTerm } from "../etf/encode.ts";
import type { Mapping } from "../etf/mapping.ts";
import { SMALL_INTEGER, SMALL_TUPLE, VERSION } from "../etf/tags.ts";
import { speaksExactly } from "../exact_speakers.ts";
import { List, list } from "../terms.ts";
import { ALIAS, EXIT_PAYLOAD, SEND_SENDER, SPAWN, UNLINK_ID } from "./flags.ts";
import { framingOf, type Message } from "./framing.ts";

const Op = {
  LINK: 1,
  SEND: 2,
  EXIT: 3,
  UNLINK: 4,
  REG_SEND: 6,
  GROUP_LEADER: 7,
  EXIT2: 8,
  MONITOR_P: 19,
  DEMONITOR_P: 20,
  MONITOR_P_EXIT: 21,
  SEND_SENDER: 22,
  PAYLOAD_EXIT: 24,
  PAYLOAD_EXIT2: 26,
  PAYLOAD_MONITOR_P_EXIT: 28,
  SPAWN_REQUEST: 29,
  SPAWN_REPLY: 31,
  ALIAS_SEND: 33,
  UNLINK_ID: 35,
  UNLINK_ID_ACK: 36,
} as const;

/** The number of elements in the tuple of each operation, including its number. */
const SIZES: Readonly<Record<number, number>> = {
  [Op.LINK]: 3,
  [Op.SEND]: 3,
  [Op.EXIT]: 4,
  [Op.UNLINK]: 3,
  [Op.REG_SEND]: 4,
  [Op.GROUP_LEADER]: 3,
  [Op.EXIT2]: 4,
  [Op.MONITOR_P]: 4,
  [Op.DEMONITOR_P]: 4,
  [Op.MONITOR_P_EXIT]: 5,
  [Op.SEND_SENDER]: 3,
  [Op.PAYLOAD_EXIT]: 3,
  [Op.PAYLOAD_EXIT2]: 3,
  [Op.PAYLOAD_MONITOR_P_EXIT]: 4,
  [Op.SPAWN_REQUEST]: 6,
  [Op.SPAWN_REPLY]: 5,
  [Op.ALIAS_SEND]: 3,
  [Op.UNLINK_ID]: 4,
  [Op.UNLINK_ID_ACK]: 4,
};

/** The operations with a token as an additional element, and the operations without it that they stand for. */
const WITHOUT_TOKEN: Readonly<Record<number, number>> = {
  12: Op.SEND,
  13: Op.EXIT,
  16: Op.REG_SEND,
  18: Op.EXIT2,
  23: Op.SEND_SENDER,
  25: Op.PAYLOAD_EXIT,
  27: Op.PAYLOAD_EXIT2,
  30: Op.SPAWN_REQUEST,
  32: Op.SPAWN_REPLY,
  34: Op.ALIAS_SEND,
};

/** The atom in the unused element that used to be the cookie. */
const UNUSED = "";
const MAX_UNLINK_ID = 2n ** 64n - 1n;

/** Writes and reads the signals of one connection. */
export class Operations {
  /** Whether each term has a version before it. */
  readonly #hasVersions: boolean;
  readonly #flags: bigint;
  readonly #exact: Mapping;
  readonly #peer: Mapping;
  /** The reader of the current message. */
  #terms!: Reader;
  #atoms!: readonly string[];
  #hasToken = false;

  /** For a connection with these flags, to a peer with the mapping `peer`. */
  constructor(flags: bigint, peer: Mapping) {
    this.#hasVersions = !framingOf(flags).hasHeaders;
    this.#flags = flags;
    this.#exact = { ...peer, kind: "exact" };
    this.#peer = peer;
  }

  /**
   * The answer in place of a peer that does not support the operation for a signal. Such a signal must not be
   * written, except `unlink_id`, which has an older form without an answer.
   */
  answerFor(control: Control): Control | undefined {
    if (control[0] === "spawn_request" && !this.#has(SPAWN)) {
      return ["spawn_reply", control[1], control[2], 0, "notsup"];
    }
    if (control[0] === "unlink_id" && !this.#has(UNLINK_ID)) {
      return ["unlink_id_ack", control[1], control[3], control[2]];
    }
    return undefined;
  }

  /** Whether the peer supports an operation for a signal. */
  canWrite(control: Control): boolean {
    switch (control[0]) {
      case "spawn_request":
      case "spawn_reply":
        return this.#has(SPAWN);
      case "alias_send":
        return this.#has(ALIAS);
      case "unlink_id_ack":
        return this.#has(UNLINK_ID);
      default:
        return true;
    }
  }

  /**
   * Writes a signal, for which {@linkcode canWrite} must be true.
   *
   * @returns The position of the payload in the writer; the end if it has none.
   * @throws {EncodeError} If the message, the reason or the arguments cannot be sent.
   */
  write(control: Control, writer: Writer): number {
    switch (control[0]) {
      case "send": {
        const [, from, to, message] = control;
        if (from !== null && this.#has(SEND_SENDER)) {
          this.#writeTuple(writer, Op.SEND_SENDER, from, to);
        } else {
          this.#writeTuple(writer, Op.SEND, UNUSED, to);
        }
        return this.#writePayload(writer, from, message);
      }
      case "reg_send":
        this.#writeTuple(writer, Op.REG_SEND, control[1], UNUSED, control[2]);
        return this.#writePayload(writer, control[1], control[3]);
      case "alias_send":
        this.#writeTuple(writer, Op.ALIAS_SEND, control[1], control[2]);
        return this.#writePayload(writer, control[1], control[3]);
      case "link":
        return this.#writeTuple(writer, Op.LINK, control[1], control[2]);
      case "unlink":
        return this.#writeTuple(writer, Op.UNLINK, control[1], control[2]);
      case "unlink_id": {
        const [, id, from, to] = control;
        if (!this.#has(UNLINK_ID)) return this.#writeTuple(writer, Op.UNLINK, from, to);
        return this.#writeTuple(writer, Op.UNLINK_ID, id, from, to);
      }
      case "unlink_id_ack":
        return this.#writeTuple(writer, Op.UNLINK_ID_ACK, control[1], control[2], control[3]);
      case "exit":
        return this.#writeExit(writer, Op.PAYLOAD_EXIT, Op.EXIT, control);
      case "exit2":
        return this.#writeExit(writer, Op.PAYLOAD_EXIT2, Op.EXIT2, control);
      case "monitor_p":
        return this.#writeTuple(writer, Op.MONITOR_P, control[1], control[2], control[3]);
      case "demonitor_p":
        return this.#writeTuple(writer, Op.DEMONITOR_P, control[1], control[2], control[3]);
      case "monitor_p_exit": {
        const [, from, to, ref, reason] = control;
        if (this.#has(EXIT_PAYLOAD)) {
          this.#writeTuple(writer, Op.PAYLOAD_MONITOR_P_EXIT, from, to, ref);
          return this.#writeReason(writer, from, reason);
        }
        this.#writeTuple(writer, Op.MONITOR_P_EXIT, from, to, ref);
        return this.#writeLast(writer, from, reason);
      }
      case "group_leader":
        return this.#writeTuple(writer, Op.GROUP_LEADER, control[1], control[2]);
      case "spawn_request": {
        const [, id, from, leader, mfa, options, args] = control;
        this.#writeTuple(writer, Op.SPAWN_REQUEST, id, from, leader, mfa, list(options));
        return this.#writePayload(writer, from, list(args));
      }
      case "spawn_reply":
        return this.#writeTuple(writer, Op.SPAWN_REPLY, ...control.slice(1));
    }
  }

  /**
   * Reads the signal in a message.
   *
   * @throws {DecodeError} If the message does not hold exactly one signal, or its operation is unknown.
   */
  read(message: Message): Control {
    this.#terms = message.terms;
    this.#atoms = message.atoms;
    const control = this.#readControl(this.#readHead());
    const { remaining } = this.#terms;
    if (remaining > 0) throw this.#terms.error(`found ${remaining} bytes after the message`);
    return control;
  }

  #readControl(op: number): Control {
    switch (op) {
      case Op.SEND: {
        this.#skip();
        const to = this.#pid();
        return ["send", null, to, this.#payload(to)];
      }
      case Op.SEND_SENDER: {
        const [from, to] = [this.#pid(), this.#pid()];
        return ["send", from, to, this.#payload(to)];
      }
      case Op.REG_SEND: {
        const from = this.#pid();
        this.#skip();
        const to = this.#atom();
        return ["reg_send", from, to, this.#payload(to)];
      }
      case Op.ALIAS_SEND: {
        const [from, to] = [this.#pid(), this.#ref()];
        return ["alias_send", from, to, this.#payload(to)];
      }
      case Op.LINK:
        return ["link", this.#pid(), this.#pid()];
      case Op.UNLINK:
        return ["unlink", this.#pid(), this.#pid()];
      case Op.UNLINK_ID:
        return ["unlink_id", this.#unlinkId(), this.#pid(), this.#pid()];
      case Op.UNLINK_ID_ACK:
        return ["unlink_id_ack", this.#unlinkId(), this.#pid(), this.#pid()];
      case Op.EXIT: {
        const [from, to] = [this.#pid(), this.#pid()];
        return ["exit", from, to, this.#reason(to)];
      }
      case Op.EXIT2: {
        const [from, to] = [this.#pid(), this.#pid()];
        return ["exit2", from, to, this.#reason(to)];
      }
      case Op.PAYLOAD_EXIT: {
        const [from, to] = [this.#pid(), this.#pid()];
        return ["exit", from, to, this.#payload(to)];
      }
      case Op.PAYLOAD_EXIT2: {
        const [from, to] = [this.#pid(), this.#pid()];
        return ["exit2", from, to, this.#payload(to)];
      }
      case Op.MONITOR_P:
        return ["monitor_p", this.#pid(), this.#target(), this.#ref()];
      case Op.DEMONITOR_P:
        return ["demonitor_p", this.#pid(), this.#target(), this.#ref()];
      case Op.MONITOR_P_EXIT: {
        const [from, to, ref] = [this.#target(), this.#pid(), this.#ref()];
        return ["monitor_p_exit", from, to, ref, this.#reason(to)];
      }
      case Op.PAYLOAD_MONITOR_P_EXIT: {
        const [from, to, ref] = [this.#target(), this.#pid(), this.#ref()];
        return ["monitor_p_exit", from, to, ref, this.#payload(to)];
      }
      case Op.GROUP_LEADER:
        return ["group_leader", this.#pid(), this.#pid()];
      case Op.SPAWN_REQUEST: {
        const [id, from, leader] = [this.#ref(), this.#pid(), this.#pid()];
        const [mfa, options] = [this.#mfa(), this.#asList(this.#exactTerm())];
        return ["spawn_request", id, from, leader, mfa, options, this.#asList(this.#payload(null))];
      }
      case Op.SPAWN_REPLY: {
        const [id, to, flags] = [this.#ref(), this.#pid(), this.#number()];
        const result = this.#target();
        this.#token();
        return ["spawn_reply", id, to, flags, result];
      }
      default:
        throw this.#terms.error(`unknown operation ${op}`);
    }
  }

  #has(flag: bigint): boolean {
    return (this.#flags & flag) !== 0n;
  }

  // Writing.

  /** Writes the tuple, or the part before a reason. */
  #writeTuple(writer: Writer, op: number, ...items: readonly Term[]): number {
    if (this.#hasVersions) writer.u8(VERSION);
    writer.tagU8(SMALL_TUPLE, SIZES[op]!);
    writer.tagU8(SMALL_INTEGER, op);
    for (const item of items) encodeTerm(item, writer, this.#exact);
    return writer.length;
  }

  /** The mapping for messages of the local process with this pid, name or alias. */
  #mappingFor(known: Pid | Atom | Ref | null): Mapping {
    return this.#peer.kind === "natural" && speaksExactly(known) ? this.#exact : this.#peer;
  }

  #writePayload(writer: Writer, from: Pid | null, term: Term): number {
    const start = writer.length;
    if (this.#hasVersions) writer.u8(VERSION);
    encodeTerm(term, writer, this.#mappingFor(from));
    return start;
  }

  #writeReason(writer: Writer, from: Target, reason: Term): number {
    const start = writer.length;
    if (this.#hasVersions) writer.u8(VERSION);
    encodeReason(reason, writer, this.#mappingFor(from));
    return start;
  }

  /** Writes a reason as the last element of the tuple. */
  #writeLast(writer: Writer, from: Target, reason: Term): number {
    encodeReason(reason, writer, this.#mappingFor(from));
    return writer.length;
  }

  #writeExit(
    writer: Writer,
    newer: number,
    older: number,
    [, from, to, reason]: readonly ["exit" | "exit2", Pid, Pid, Term],
  ): number {
    if (this.#has(EXIT_PAYLOAD)) {
      this.#writeTuple(writer, newer, from, to);
      return this.#writeReason(writer, from, reason);
    }
    this.#writeTuple(writer, older, from, to);
    return this.#writeLast(writer, from, reason);
  }

  // Reading.

  /** The number of the operation, that without a token. */
  #readHead(): number {
    const terms = this.#terms;
    this.#readVersion();
    const [tuple, size, integer, number] = [terms.u8(), terms.u8(), terms.u8(), terms.u8()];
    if (tuple !== SMALL_TUPLE || integer !== SMALL_INTEGER) {
      throw terms.error("expected a control tuple", terms.offset - 4);
    }
    const op = WITHOUT_TOKEN[number] ?? number;
    this.#hasToken = op !== number;
    const expected = (SIZES[op] ?? size) + Number(this.#hasToken);
    if (size === expected) return op;
    throw terms.error(
      `expected ${expected} elements of operation ${number}, found ${size}`,
      terms.offset - 3,
    );
  }

  #readVersion(): void {
    if (!this.#hasVersions) return;
    const version = this.#terms.u8();
    if (version === VERSION) return;
    throw this.#terms.error(`expected the version ${VERSION}, found ${version}`);
  }

  /** The payload after the tuple, whose last element is the token if it has one. */
  #payload(to: Pid | Atom | Ref | null): Term {
    this.#token();
    this.#readVersion();
    return decodeTerm(this.#terms, this.#mappingFor(to), this.#atoms);
  }

  /** The reason that is the last element of the tuple, after the token if it has one. */
  #reason(to: Pid): Term {
    this.#token();
    return decodeTerm(this.#terms, this.#mappingFor(to), this.#atoms);
  }

  #token(): void {
    if (this.#hasToken) this.#skip();
  }

  #exactTerm(): Term {
    return decodeTerm(this.#terms, this.#exact, this.#atoms);
  }

  #skip(): void {
    this.#exactTerm();
  }

  #pid(): Pid {
    const term = this.#exactTerm();
    return isPid(term) ? term : this.#refuse(term, "a pid");
  }

  #ref(): Ref {
    const term = this.#exactTerm();
    return isReference(term) ? term : this.#refuse(term, "a reference");
  }

  #atom(): Atom {
    const term = nameOf(this.#exactTerm());
    return isAtom(term) ? term : this.#refuse(term, "an atom");
  }

  #target(): Target {
    const term = nameOf(this.#exactTerm());
    return isPid(term) || isAtom(term) ? term : this.#refuse(term, "a pid or an atom");
  }

  #number(): number {
    const term = this.#exactTerm();
    return typeof term === "number" ? term : this.#refuse(term, "a small integer");
  }

  #unlinkId(): bigint {
    const term = this.#exactTerm();
    const isInteger = typeof term === "bigint" || Number.isInteger(term);
    const id = isInteger ? BigInt(term as number | bigint) : 0n;
    return id > 0n && id <= MAX_UNLINK_ID
      ? id
      : this.#refuse(term, "an integer of 64 bits above 0");
  }

  #asList(term: Term): readonly Term[] {
    return term instanceof List ? term : this.#refuse(term, "a list");
  }

  #mfa(): readonly [module: Atom, function: Atom, arity: number] {
    const term = this.#exactTerm();
    if (Array.isArray(term) && term.length === 3 && !(term instanceof List)) {
      const [module, name, arity] = [nameOf(term[0]), nameOf(term[1]), term[2]];
      if (isAtom(module) && isAtom(name) && typeof arity === "number") return [module, name, arity];
    }
    return this.#refuse(term, "module, function and arity");
  }

  #refuse(term: Term, expected: string): never {
    throw this.#terms.error(`expected ${expected}, found ${inspect(term)}`);
  }
}

/** The name of an atom: the four atoms that are not strings in the exact mapping can be names as well. */
function nameOf(term: Term): Term {
  if (term === null) return "nil";
  return term === undefined || typeof term === "boolean" ? String(term) : term;
}
