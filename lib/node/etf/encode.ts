/**
 * Encodes terms. Nested terms are kept on an explicit stack instead of the call stack, so that a term may be
 * nested deeply.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import { isA, itemOf, sizeOf } from "../../kernel/reader.ts";
import { isPlainObject, isReference, Pid, Ref, type Term } from "../../kernel/term.ts";
import {
  ATOM_CHARACTERS,
  bin,
  BitString,
  Export,
  Float,
  Fun,
  ImproperList,
  List,
  Port,
} from "../terms.ts";
import { EncodeError, Writer } from "./bytes.ts";
import type { Mapping } from "./mapping.ts";
import {
  ILL_FORMED_TEXT,
  isOfBytes,
  SMALL_BIGINT,
  type Special,
  takeApart,
  takeNumberApart,
  takeSymbolApart,
  takeTextApart,
} from "./own.ts";
import * as tag from "./tags.ts";
import { readLatin1 } from "./text.ts";

/** The depth from which on terms are checked for containing themselves, at each power of two. */
const CYCLE_DEPTH = 32;
/** The maximum nesting of maps as keys of maps. */
const KEY_NESTING = 16;
/** The maximum length of the path to a term in errors. */
const SHOWN_STEPS = 8;
const MOST_STRING_BYTES = 0xffff;
/** The last port that is sent in the older form, as the BEAM does. */
const LAST_SHORT_PORT = 0xfffffffn;
const VALUES_OF_ATOMS = new Set(["true", "false", "nil", "undefined"]);

/**
 * Writes `term`, without the leading version byte.
 *
 * @throws {EncodeError} If it cannot be sent: the error says what, and where in the message. What was
 * written of it remains in the writer: see `writer.truncate`.
 */
export function encodeTerm(term: Term, writer: Writer, mapping: Mapping): void {
  // An encoder is used again, unless it is in use: reading a property may run code that encodes.
  const encoder = idle ?? new Encoder();
  idle = undefined;
  encoder.encode(term, writer, mapping, -1);
  idle = encoder;
}

/**
 * Writes an exit reason: as any term, except that in the natural mapping it has atoms where OTP has them: a reason
 * that is a string; in `[reason, [module, function, args]]` the reason, the module and the function (`args` is a
 * list; modules of this library get the names of Elixir's and Erlang's); in `["nodedown", node]` the node; in
 * `[reason, stack]` the reason and the functions of the stack; in the result of a call by `erpc`,
 * `[ref, kind, …]`, the kind.
 *
 * A reason that cannot be sent is replaced by its description, because linked processes must get the exit signal. A
 * result of `erpc` that cannot be sent is replaced by the error that says why.
 */
export function encodeReason(reason: Term, writer: Writer, mapping: Mapping): void {
  const start = writer.length;
  try {
    encodeTerm(reasonFor(reason, mapping), writer, mapping);
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    writer.truncate(start);
    encodeTerm(unsent(reason, error, mapping), writer, mapping);
  }
}

/** The replacement for a reason that cannot be sent. */
function unsent(reason: Term, error: EncodeError, mapping: Mapping): Term {
  if (isResultOfErpc(reason)) {
    return reasonFor(
      [itemOf(reason, 0), "error", new TypeError(error.message), new List()],
      mapping,
    );
  }
  const text = inspect(reason);
  return mapping.kind === "exact" ? bin(text) : text;
}

function reasonFor(reason: Term, mapping: Mapping): Term {
  if (mapping.kind === "own") return reason;
  try {
    return asReason(reason, KEY_NESTING);
  } catch {
    return reason; // a part of it cannot be read, which the encoder tells
  }
}

/** The term for Erlang of a reason. */
function asReason(reason: Term, depth: number): Term {
  if (typeof reason === "string") return asAtom(reason);
  if (isResultOfErpc(reason)) return asResultOfErpc(reason);
  if (!Array.isArray(reason) || reason.length !== 2 || depth === 0) return reason;
  const [why, where] = reason;
  if (why instanceof Error && typeof where === "string") return [why, bin(where)]; // the stack
  if (why === "nodedown" && typeof where === "string") return [why, asAtom(where)];
  if (isStack(where)) return [asReason(why, depth - 1), asStack(where)];
  return isCall(where) ? [asReason(why, depth - 1), asCall(where)] : reason;
}

/** The names on other nodes of the modules in the reason of a failed call. */
const MODULES: Readonly<Record<string, string>> = {
  GenServer: "Elixir.GenServer",
  GenStatem: "gen_statem",
  ProcLib: "proc_lib",
  Sys: "sys",
  Task: "Elixir.Task",
};

function asCall([module, name, args]: CallInReason): Term {
  if (!Object.hasOwn(MODULES, module)) return [module, asAtom(name), List.from(args)];
  const [server, ...rest] = args;
  const given = rest.map((arg) => arg === Infinity ? INFINITY : arg);
  return [MODULES[module], asAtom(name), List.of(asServer(server), ...given)];
}

/** The server in the reason of a call: its name is an atom, and so is the node of the name. */
function asServer(server: Term): Term {
  if (typeof server === "string") return asAtom(server);
  const [name, node] = Array.isArray(server) && server.length === 2 ? server : [];
  return typeof name === "string" && typeof node === "string" && name !== "global"
    ? [name, asAtom(node)]
    : server;
}

/** The atom for no timeout. */
const INFINITY = Symbol("infinity");

/** The result of a function that was run by `erpc`. */
type ResultOfErpc = readonly [Ref, kind: string, value: Term, stack?: Term];

const KINDS_OF_RESULTS: readonly Term[] = ["return", "throw", "exit", "error"];

function isResultOfErpc(term: Term): term is ResultOfErpc {
  const size = sizeOf(term);
  return (size === 3 || size === 4) && isReference(itemOf(term, 0)) &&
    KINDS_OF_RESULTS.includes(itemOf(term, 1));
}

function asResultOfErpc([ref, kind, value, ...stack]: ResultOfErpc): Term {
  const isReason = kind === "exit" || kind === "error";
  return [
    ref,
    asAtom(kind),
    isReason ? asReason(value, KEY_NESTING) : value,
    ...stack.map(asStack),
  ];
}

type StackFrame = readonly [module: Term, name: string, args: Term, where: Term];

function isStack(term: Term): term is List<StackFrame> {
  return term instanceof List && term.length > 0 &&
    term.every((frame) => Array.isArray(frame) && frame.length === 4 && isName(frame[1]));
}

function asStack(stack: Term): Term {
  if (!isStack(stack)) return stack;
  return stack.map(([module, name, args, where]) => [module, asAtom(name), args, where]);
}

function asAtom(text: string): Term {
  return isLong(text) ? bin(text) : Symbol(text);
}

/** Which call has failed. */
type CallInReason = readonly [module: string, name: string, args: readonly Term[]];

function isCall(term: Term): term is CallInReason {
  return Array.isArray(term) && term.length === 3 && isName(term[0]) && isName(term[1]) &&
    Array.isArray(term[2]);
}

/** Whether a term can be the name of a module or a function, and not other text. */
function isName(term: Term): boolean {
  return typeof term === "string" && /^[\w.:/@?!-]{1,255}$/.test(term);
}

/**
 * Returns a text that is equal for terms that are equal in Erlang (`=:=`) in this mapping, and only for those, so
 * that terms can be the keys of a `Map`.
 *
 * @throws {EncodeError} If the term cannot be sent.
 */
export function keyOf(term: Term, mapping: Mapping): string {
  return keyAt(term, mapping, 0);
}

function keyAt(term: Term, mapping: Mapping, depth: number): string {
  if (depth > KEY_NESTING) {
    throw new EncodeError(`Cannot encode: more than ${KEY_NESTING} maps are keys of each other`);
  }
  const writer = new Writer(64);
  new Encoder().encode(term, writer, mapping, depth);
  return readLatin1(writer.peek(), 0, writer.length);
}

/** As {@linkcode keyOf}, of the key of an object. */
function keyText(key: string, mapping: Mapping): string {
  const writer = new Writer(64);
  new Encoder().encodeKey(key, writer, mapping);
  return readLatin1(writer.peek(), 0, writer.length);
}

/** A key that is encoded already. */
class Encoded {
  readonly bytes: Uint8Array;

  constructor(key: string) {
    this.bytes = Uint8Array.from(key, (character) => character.charCodeAt(0));
  }
}

const EXACT = 0;
const NATURAL = 1;
const OWN = 2;
const KIND_NAMES = ["exact", "natural", "own"] as const;
const KINDS = { exact: EXACT, natural: NATURAL, own: OWN } as const;

/** Items of a tuple, or of anything else that is no more when its last item is written. */
const ITEMS = 0;
/** Items of a list: its end comes after the last. */
const LIST = 1;
/** Keys and values of a `Map` in turn. */
const PAIRS = 2;
/** The keys of an object: the values are there. */
const KEYS = 3;
/** The parts of a fun, whose size is written when it is known. */
const FREE = 4;
/** The payload of what Erlang has no term for: a step into it that none sees. */
const PAYLOAD = 5;

/** A term whose parts are being encoded. */
class Frame {
  kind = ITEMS;
  /** The term. */
  owner: object = this;
  items: ArrayLike<Term> = [];
  /** The next item. */
  index = 0;
  count = 0;
  /** Of a fun: where its size goes, and the mapping that holds outside. */
  start = 0;
  mapping: number = EXACT;
}

let idle: Encoder | undefined;
/** Held by an idle encoder, so that it keeps no message alive. */
const NOTHING = new Writer(0);

class Encoder {
  #writer = NOTHING;
  #mapping!: Mapping;
  #kind: number = EXACT;
  /** How deep in keys of maps, which are then sorted; -1 if they are not. */
  #keyDepth = -1;
  #depth = 0;
  /** The depth at which nesting is checked next. */
  #checkedFrom = CYCLE_DEPTH;
  readonly #frames: Frame[] = [];

  encode(term: Term, writer: Writer, mapping: Mapping, keyDepth: number): void {
    this.#writer = writer;
    this.#mapping = mapping;
    this.#kind = KINDS[mapping.kind];
    this.#keyDepth = keyDepth;
    this.#depth = 0;
    this.#checkedFrom = Math.min(CYCLE_DEPTH, mapping.limits.nesting);
    try {
      this.#term(term);
      while (this.#depth > 0) this.#goOn(this.#depth, this.#frames[this.#depth - 1]!);
    } catch (thrown) {
      throw isA(thrown, EncodeError)
        ? thrown
        : this.#error(`it cannot be read: ${inspect(thrown)}`);
    }
    this.#writer = NOTHING;
  }

  /** Writes the key of an object. */
  encodeKey(key: string, writer: Writer, mapping: Mapping): void {
    this.#writer = writer;
    this.#mapping = mapping;
    this.#kind = KINDS[mapping.kind];
    this.#key(key);
  }

  /** The current mapping: inside a fun it is always the exact one. */
  get mapping(): Mapping {
    const { identities, limits } = this.#mapping;
    return { kind: KIND_NAMES[this.#kind]!, identities, limits };
  }

  /** Writes the parts of a term until one has parts itself, or there are no more. */
  #goOn(depth: number, frame: Frame): void {
    const { items, count } = frame;
    if (frame.kind === KEYS) {
      const record = frame.owner as Record<string, Term>;
      while (frame.index < count) {
        const key = items[frame.index++] as string;
        this.#key(key);
        this.#term(record[key]);
        if (this.#depth !== depth) return;
      }
    } else {
      while (frame.index < count) {
        this.#term(items[frame.index++]);
        if (this.#depth !== depth) return;
      }
    }
    this.#close(frame);
  }

  #close(frame: Frame): void {
    if (frame.kind === LIST) this.#writer.u8(tag.NIL);
    if (frame.kind === FREE) {
      this.#kind = frame.mapping;
      this.#writer.setU32(frame.start, this.#writer.length - frame.start);
    }
    frame.items = [];
    frame.owner = frame;
    this.#depth--;
  }

  #open(kind: number, owner: object, items: ArrayLike<Term>, index: number): Frame {
    const depth = this.#depth++;
    const frame = this.#frames[depth] ??= new Frame();
    frame.kind = kind;
    frame.owner = owner;
    frame.items = items;
    frame.index = index;
    frame.count = items.length;
    if (depth >= this.#checkedFrom) this.#checkNesting(depth, owner);
    return frame;
  }

  #checkNesting(depth: number, owner: object): void {
    if ((depth & (depth - 1)) === 0) {
      for (let i = 0; i < depth; i++) {
        if (this.#frames[i]!.owner === owner) throw this.#error("it contains itself");
      }
    }
    const { nesting } = this.#mapping.limits;
    if (depth >= nesting) throw this.#error(`it is nested more than ${nesting} deep`);
  }

  #term(term: Term): void {
    switch (typeof term) {
      case "string":
        return this.#kind === EXACT ? this.#atom(term) : this.#text(term);
      case "number":
        return this.#number(term);
      case "object":
        return term === null ? this.#atom("nil") : this.#object(term);
      case "boolean":
        return this.#atom(term ? "true" : "false");
      case "undefined":
        return this.#atom("undefined");
      case "bigint":
        return this.#bigint(term);
      case "symbol":
        return this.#symbol(term);
    }
    throw this.#error(`${inspect(term)} is a function, and functions cannot be sent`);
  }

  #object(term: object): void {
    if (Array.isArray(term)) return term instanceof List ? this.#list(term) : this.#tuple(term);
    if (term instanceof Pid) return this.#pid(term);
    if (term instanceof Ref) return this.#ref(term);
    if (isPlainObject(term)) return this.#record(term);
    if (term instanceof BitString) return this.#bitString(term);
    if (term instanceof Port) return this.#port(term);
    if (term instanceof Export) return this.#export(term);
    if (term instanceof Fun) return this.#fun(term);
    if (term instanceof Encoded) return this.#writer.bytes(term.bytes);
    return this.#kind === OWN ? this.#ownObject(term) : this.#erlangObject(term);
  }

  /** Writes an object that is a term of Erlang. */
  #erlangObject(term: object): void {
    if (term instanceof Uint8Array) return this.#binary(term);
    if (term instanceof Map) return this.#map(term);
    if (term instanceof Float) return this.#float(term.value);
    if (term instanceof ImproperList) return this.#improperList(term);
    if (term instanceof Error) return this.#exception(term);
    throw this.#error(
      `${inspect(term)} is not an Erlang term; expected an array, list(…), plain object, Map, ` +
        "Uint8Array, Error, pid, reference or another term class",
    );
  }

  /** Writes an object for a denotp node. */
  #ownObject(term: object): void {
    const special = takeApart(term);
    if (special !== undefined) return this.#special(special, term);
    if (Object.prototype.toString.call(term) === "[object Object]") return this.#record(term);
    throw this.#error(`${inspect(term)} is not data, and cannot be sent`);
  }

  #special(special: Special, owner: object): void {
    const { kind, payload } = special;
    this.#writer.tagU32(tag.LIST, 1);
    this.#writer.tagU8(tag.SMALL_INTEGER, kind);
    if (isOfBytes(kind)) return this.#binary(payload as Uint8Array);
    this.#open(PAYLOAD, owner, [payload], 0);
  }

  #atom(text: string): void {
    if (isLong(text)) {
      throw this.#error(
        `an atom has at most ${ATOM_CHARACTERS} characters, ${
          inspect(text.slice(0, 20))
        }… has more` +
          (this.#kind === EXACT ? '; here every string is an atom, text is bin("…")' : ""),
      );
    }
    const writer = this.#writer;
    const start = writer.length;
    writer.tagU8(tag.SMALL_ATOM_UTF8, text.length);
    const size = writer.utf8(text);
    if (size !== text.length) this.#resizeAtom(text, start, size);
  }

  /** Corrects the header of an atom that is not ASCII. */
  #resizeAtom(text: string, start: number, size: number): void {
    if (!text.isWellFormed()) {
      throw this.#error(`the atom ${inspect(text)} has half a surrogate pair`);
    }
    if (size <= 0xff) return this.#writer.setU8(start + 1, size);
    this.#writer.truncate(start);
    this.#writer.u8(tag.ATOM_UTF8);
    this.#writer.u16(size);
    this.#writer.utf8(text);
  }

  /** Writes a string that is text: a binary. */
  #text(text: string): void {
    const writer = this.#writer;
    const start = writer.length;
    writer.tagU32(tag.BINARY, text.length);
    const size = writer.utf8(text);
    if (size === text.length) return;
    if (this.#kind === OWN && !text.isWellFormed()) {
      writer.truncate(start);
      return this.#special({ kind: ILL_FORMED_TEXT, payload: takeTextApart(text) }, this);
    }
    writer.setU32(start + 1, size);
  }

  /** Writes a tag or the key of an object: an atom, if the string can be one. */
  #key(text: string): void {
    if (this.#kind !== EXACT) {
      if (isLong(text) || !text.isWellFormed()) return this.#text(text);
      this.#mapping.atoms?.add(text);
    }
    this.#atom(text);
  }

  /** The first item of an array. */
  #tag(text: string): void {
    if (this.#kind === OWN && VALUES_OF_ATOMS.has(text)) this.#text(text);
    else this.#key(text);
  }

  #symbol(symbol: symbol): void {
    if (this.#kind === OWN) return this.#special(takeSymbolApart(symbol), this);
    if (symbol.description === undefined) throw this.#error("it is a symbol without a description");
    this.#atom(symbol.description);
  }

  #number(number: number): void {
    if ((number | 0) === number && (number !== 0 || 1 / number > 0)) return this.#integer(number);
    if (Number.isSafeInteger(number) && number !== 0) return this.#big(BigInt(number));
    if (Number.isFinite(number)) return this.#float(number);
    if (this.#kind !== OWN) throw this.#error(`Erlang has no ${number}`);
    this.#special(takeNumberApart(number), this);
  }

  /** An integer of 32 bits. */
  #integer(number: number): void {
    if (number >= 0 && number <= 0xff) this.#writer.tagU8(tag.SMALL_INTEGER, number);
    else this.#writer.tagU32(tag.INTEGER, number);
  }

  #float(number: number): void {
    if (!Number.isFinite(number)) throw this.#error(`Erlang has no ${number}`);
    this.#writer.u8(tag.NEW_FLOAT);
    this.#writer.f64(number);
  }

  #bigint(bigint: bigint): void {
    const number = Number(bigint);
    if (!Number.isSafeInteger(number)) return this.#big(bigint);
    if (this.#kind !== OWN) return this.#number(number);
    this.#special({ kind: SMALL_BIGINT, payload: number }, this);
  }

  #big(bigint: bigint): void {
    const hex = (bigint < 0n ? -bigint : bigint).toString(16);
    const size = (hex.length + 1) >> 1;
    const { integerBytes } = this.#mapping.limits;
    if (size > integerBytes) {
      throw this.#error(`the bigint has ${size} bytes, and ${integerBytes} are allowed`);
    }
    const writer = this.#writer;
    if (size <= 0xff) writer.tagU8(tag.SMALL_BIG, size);
    else writer.tagU32(tag.LARGE_BIG, size);
    writer.u8(bigint < 0n ? 1 : 0);
    for (let end = hex.length; end > 0; end -= 2) {
      writer.u8(parseInt(hex.slice(Math.max(end - 2, 0), end), 16));
    }
  }

  #binary(bytes: Uint8Array): void {
    this.#writer.tagU32(tag.BINARY, bytes.length);
    this.#writer.bytes(bytes);
  }

  #bitString({ bytes, bits }: BitString): void {
    this.#writer.tagU32(tag.BIT_BINARY, bytes.length);
    this.#writer.u8(bits);
    this.#writer.bytes(bytes);
  }

  #tuple(items: readonly Term[]): void {
    const { length } = items;
    if (length <= 0xff) this.#writer.tagU8(tag.SMALL_TUPLE, length);
    else this.#writer.tagU32(tag.LARGE_TUPLE, length);
    if (length > 0) this.#items(ITEMS, items, items);
  }

  /** The items of a tuple or an improper list, the first of which may be a tag. */
  #items(kind: number, owner: object, items: readonly Term[]): void {
    const first = items[0];
    if (typeof first !== "string") return void this.#open(kind, owner, items, 0);
    this.#tag(first);
    if (items.length > 1) this.#open(kind, owner, items, 1);
  }

  #list(items: readonly Term[]): void {
    const writer = this.#writer;
    if (items.length === 0) return writer.u8(tag.NIL);
    if (items.length > MOST_STRING_BYTES || !items.every(isByte)) {
      writer.tagU32(tag.LIST, items.length);
      return void this.#open(LIST, items, items, 0);
    }
    writer.u8(tag.STRING);
    writer.u16(items.length);
    for (let i = 0; i < items.length; i++) writer.u8(items[i] as number);
  }

  #improperList(term: ImproperList): void {
    this.#writer.tagU32(tag.LIST, term.items.length);
    this.#items(ITEMS, term, [...term.items, term.tail]);
  }

  #record(record: object): void {
    const keys = Object.keys(record);
    if (this.#keyDepth >= 0) {
      const { mapping } = this;
      return this.#sortedPairs(
        record,
        keys.map((key) => [keyText(key, mapping), (record as Record<string, Term>)[key]]),
      );
    }
    this.#writer.tagU32(tag.MAP, keys.length);
    if (keys.length > 0) this.#open(KEYS, record, keys, 0);
  }

  #map(map: ReadonlyMap<Term, Term>): void {
    if (this.#keyDepth >= 0 || !areDistinct(map)) {
      const { mapping } = this;
      const texts = Array.from(map, ([key, value]) => {
        return [keyAt(key, mapping, this.#keyDepth + 1), value] as const;
      });
      if (new Set(texts.map(([text]) => text)).size < map.size) {
        throw this.#error("two keys of the map are the same term");
      }
      if (this.#keyDepth >= 0) return this.#sortedPairs(map, texts);
    }
    this.#writer.tagU32(tag.MAP, map.size);
    const pairs: Term[] = [];
    for (const [key, value] of map) pairs.push(key, value);
    if (pairs.length > 0) this.#open(PAIRS, map, pairs, 0);
  }

  #sortedPairs(owner: object, pairs: (readonly [key: string, value: Term])[]): void {
    this.#writer.tagU32(tag.MAP, pairs.length);
    pairs.sort(([a], [b]) => a < b ? -1 : 1);
    const items = pairs.flatMap(([key, value]) => [new Encoded(key), value]);
    if (items.length > 0) this.#open(PAIRS, owner, items, 0);
  }

  /** Writes an error as the exception that Elixir prints best. */
  #exception(error: Error): void {
    const { name, message } = error;
    this.#writer.tagU32(tag.MAP, 3);
    this.#atom("__struct__");
    this.#atom("Elixir.RuntimeError");
    this.#atom("__exception__");
    this.#atom("true");
    this.#atom("message");
    this.#text(name === "Error" ? message : `${name}: ${message}`);
  }

  #pid(pid: Pid): void {
    const { node, id, serial, creation } = this.#mapping.identities.identityOfPid(pid);
    const writer = this.#writer;
    writer.u8(tag.NEW_PID);
    this.#atom(node);
    writer.u32(id);
    writer.u32(serial);
    writer.u32(creation);
  }

  #ref(ref: Ref): void {
    const { node, creation, words } = this.#mapping.identities.identityOfRef(ref);
    const writer = this.#writer;
    writer.u8(tag.NEWER_REFERENCE);
    writer.u16(words.length);
    this.#atom(node);
    writer.u32(creation);
    for (let i = 0; i < words.length; i++) writer.u32(words[i]!);
  }

  #port({ node, id, creation }: Port): void {
    const writer = this.#writer;
    const isShort = id <= LAST_SHORT_PORT;
    writer.u8(isShort ? tag.NEW_PORT : tag.V4_PORT);
    this.#atom(node);
    if (isShort) writer.u32(Number(id));
    else writer.u64(id);
    writer.u32(creation);
  }

  #export(term: Export): void {
    this.#writer.u8(tag.EXPORT);
    this.#atom(term.module);
    this.#atom(term.function);
    this.#writer.tagU8(tag.SMALL_INTEGER, term.arity);
  }

  #fun(fun: Fun): void {
    const writer = this.#writer;
    writer.u8(tag.NEW_FUN);
    const start = writer.length;
    writer.u32(0);
    writer.u8(fun.arity);
    writer.bytes(fun.uniq);
    writer.u32(fun.index);
    writer.u32(fun.free.length);
    this.#atom(fun.module);
    this.#integer(fun.old.index);
    this.#integer(fun.old.uniq);
    this.#pid(fun.pid);
    const frame = this.#open(FREE, fun, fun.free, 0);
    frame.start = start;
    frame.mapping = this.#kind;
    this.#kind = EXACT;
  }

  #error(problem: string): EncodeError {
    return new EncodeError(`Cannot encode ${this.#where()}: ${problem}`);
  }

  /** The path from the message to the part that is being encoded: `message[1].callback`. */
  #where(): string {
    const steps = this.#frames.slice(0, this.#depth).map(stepOf).filter((step) => step !== "");
    const shown = steps.slice(0, SHOWN_STEPS).join("");
    return `message${shown}${steps.length > SHOWN_STEPS ? "…" : ""}`;
  }
}

/** The step from a term to the part of it that is being encoded. */
function stepOf({ kind, items, index }: Frame): string {
  if (index === 0 || kind === PAYLOAD) return "";
  const at = index - 1;
  if (kind === KEYS) {
    const key = items[at] as string;
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${inspect(key)}]`;
  }
  if (kind === PAIRS) return at % 2 === 0 ? ".keys()" : `.get(${inspect(items[at - 1])})`;
  return `[${at}]`;
}

/** Whether a text has more characters than an atom may have. */
function isLong(text: string): boolean {
  if (text.length <= ATOM_CHARACTERS) return false;
  return text.length > ATOM_CHARACTERS * 2 || [...text].length > ATOM_CHARACTERS;
}

function isByte(term: Term): boolean {
  return typeof term === "number" && (term & 0xff) === term && !Object.is(term, -0);
}

/** Whether all keys of a map are of types that a `Map` compares as Erlang does. */
function areDistinct(map: ReadonlyMap<Term, Term>): boolean {
  if (map.size < 2) return true;
  for (const key of map.keys()) {
    const type = typeof key;
    if (type !== "string" && type !== "number" && !(key instanceof Pid) && !(key instanceof Ref)) {
      return false;
    }
  }
  return true;
}
