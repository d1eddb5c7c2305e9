/**
 * The encoding of values between denotp nodes that Erlang has no term for: the improper list `[Kind | Payload]`,
 * where `Kind` is one of the numbers below.
 *
 * No other list has the same encoding: one that begins with a byte and has no second item is sent as a
 * `STRING_EXT`.
 *
 * @module
 */

import { Exit } from "../../kernel/exit.ts";
import { report } from "../../kernel/report.ts";
import type { Term } from "../../kernel/term.ts";
import { Float, ImproperList } from "../terms.ts";

/** Text with half a surrogate pair: UTF-16. The payload of this and of the buffers is a binary. */
export const ILL_FORMED_TEXT = 0;
/** A bigint within the range of numbers. */
export const SMALL_BIGINT = 1;
const NOT_FINITE = 2;
const MAP = 3;
const SET = 4;
const DATE = 5;
const REG_EXP = 6;
const ERROR = 7;
const EXIT = 8;
const SYMBOL = 9;
const REGISTERED_SYMBOL = 10;
const BOXED = 11;
const IMPROPER_LIST = 12;
const FLOAT = 13;
/** The first kind of buffer; the others follow in the order of {@linkcode BUFFERS}. */
const FIRST_BUFFER = 32;

// deno-lint-ignore no-explicit-any -- each is made of a buffer
type BufferClass = { readonly name: string; new (buffer: any): ArrayBuffer | ArrayBufferView };

/** The classes that hold bytes. The position in this list is part of the format: add at the end only. */
const BUFFERS: readonly (BufferClass | undefined)[] = [
  ArrayBuffer,
  Uint8Array,
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  (globalThis as unknown as { Float16Array?: BufferClass }).Float16Array,
];

/** The classes of errors that are preserved. */
const ERRORS: Readonly<Record<string, new (message: string) => Error>> = Object.assign(
  Object.create(null),
  { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
);

/** A value that Erlang has no term for, as kind and payload. */
export interface Special {
  readonly kind: number;
  readonly payload: Term;
}

/** Tells whether the payload of a kind is a binary, rather than any term. */
export function isOfBytes(kind: number): boolean {
  return kind === ILL_FORMED_TEXT || kind >= FIRST_BUFFER;
}

/** Takes a number apart that is not finite. */
export function takeNumberApart(number: number): Special {
  return { kind: NOT_FINITE, payload: Number.isNaN(number) ? 0 : Math.sign(number) };
}

/** Takes a symbol apart. */
export function takeSymbolApart(symbol: symbol): Special {
  const key = Symbol.keyFor(symbol);
  return key === undefined
    ? { kind: SYMBOL, payload: symbol.description }
    : { kind: REGISTERED_SYMBOL, payload: key };
}

/** Takes text apart that is not well-formed. */
export function takeTextApart(text: string): Uint8Array {
  const units = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) units.setUint16(i * 2, text.charCodeAt(i));
  return new Uint8Array(units.buffer);
}

/** Takes an object apart, or returns `undefined` if it is not of one of the kinds. */
export function takeApart(term: object): Special | undefined {
  if (term instanceof Map) return { kind: MAP, payload: [...term].flat() };
  if (term instanceof Set) return { kind: SET, payload: [...term] };
  if (term instanceof Date) return { kind: DATE, payload: term.getTime() };
  if (ArrayBuffer.isView(term) || term instanceof ArrayBuffer) return takeBufferApart(term);
  if (term instanceof Error) return takeErrorApart(term);
  if (term instanceof RegExp) return { kind: REG_EXP, payload: [term.source, term.flags] };
  if (term instanceof ImproperList) {
    return { kind: IMPROPER_LIST, payload: [term.items, term.tail] };
  }
  if (term instanceof Float) return { kind: FLOAT, payload: term.value };
  if (
    term instanceof Number || term instanceof String || term instanceof Boolean ||
    (term as object) instanceof BigInt
  ) return { kind: BOXED, payload: term.valueOf() };
  return undefined;
}

function takeBufferApart(buffer: ArrayBuffer | ArrayBufferView): Special | undefined {
  const at = BUFFERS.findIndex((known) => known !== undefined && buffer instanceof known);
  if (at < 0) return undefined;
  const payload = buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer)
    : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return { kind: FIRST_BUFFER + at, payload };
}

function takeErrorApart(error: Error): Special {
  if (error instanceof Exit) return { kind: EXIT, payload: [error.reason, error.stack] };
  const more: Record<string, Term> = {};
  if (Object.hasOwn(error, "cause")) more["cause"] = error.cause;
  if (error instanceof AggregateError) more["errors"] = error.errors;
  return {
    kind: ERROR,
    payload: [String(error.name), String(error.message), error.stack, more],
  };
}

/**
 * Puts a term together again.
 *
 * @throws {Error} If the payload is not one of that kind.
 */
export function putTogether({ kind, payload }: Special): Term {
  switch (kind) {
    case ILL_FORMED_TEXT:
      return putTextTogether(payload as Uint8Array);
    case SMALL_BIGINT:
      return BigInt(payload as number);
    case NOT_FINITE:
      return (payload as number) * Infinity; // NaN for 0
    case MAP:
      return putMapTogether(array(payload));
    case SET:
      return new Set(array(payload));
    case DATE:
      return new Date(payload as number);
    case REG_EXP:
      return new RegExp(String(array(payload)[0]), String(array(payload)[1]));
    case ERROR:
      return putErrorTogether(array(payload));
    case EXIT:
      return withStack(new Exit(array(payload)[0]), array(payload)[1]);
    case SYMBOL:
      return Symbol(payload as string | undefined);
    case REGISTERED_SYMBOL:
      return registeredSymbol(String(payload));
    case BOXED:
      return Object(payload);
    case IMPROPER_LIST:
      return new ImproperList(array(array(payload)[0]), array(payload)[1]);
    case FLOAT:
      return new Float(payload as number);
  }
  const Buffer = BUFFERS[kind - FIRST_BUFFER];
  if (Buffer === undefined) {
    throw new Error(`it has the kind ${kind}, which is not known to this node`);
  }
  const { buffer } = (payload as Uint8Array).slice();
  return Buffer === ArrayBuffer ? buffer : new Buffer(buffer);
}

/**
 * The memory for registered symbols that other nodes may have this one make, in bytes: about 65,000 of them. The
 * host never frees one.
 */
const MOST_SYMBOL_BYTES = 16 * 1024 * 1024;
/** What a registered symbol takes besides its key, which has two bytes for each code unit. */
const SYMBOL_BYTES = 256;

/** The keys of registered symbols that other nodes have sent. */
const symbolKeys = new Set<string>();
let symbolBytes = 0;

/** The symbol with a key: a registered one, as on the node that has sent it, while there is room for those. */
function registeredSymbol(key: string): symbol {
  if (symbolKeys.has(key)) return Symbol.for(key);
  const bytes = symbolBytes + SYMBOL_BYTES + 2 * key.length;
  if (bytes > MOST_SYMBOL_BYTES) {
    reportFull();
    return Symbol(key);
  }
  symbolBytes = bytes;
  symbolKeys.add(key);
  return Symbol.for(key);
}

let isFullReported = false;

function reportFull(): void {
  if (isFullReported) return;
  isFullReported = true;
  report({
    level: "warning",
    kind: "message",
    reason:
      `Other nodes have sent ${symbolKeys.size} different registered symbols, which are never freed: ` +
      "further ones arrive as symbols that are not registered. Do not make atoms of data",
  });
}

function array(payload: Term): readonly Term[] {
  if (!Array.isArray(payload)) throw new Error("it has no parts");
  return payload;
}

function putTextTogether(bytes: Uint8Array): string {
  const units = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) text += String.fromCharCode(units.getUint16(i));
  return text;
}

function putMapTogether(flat: readonly Term[]): Map<Term, Term> {
  const map = new Map<Term, Term>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
  return map;
}

function putErrorTogether([name, text, stack, more]: readonly Term[]): Error {
  const message = String(text);
  const { cause, errors } = more as { cause?: Term; errors?: Term };
  const error = errors === undefined
    ? new (ERRORS[String(name)] ?? Error)(message)
    : new AggregateError(array(errors), message);
  if (error.name !== name) define(error, "name", String(name));
  if (Object.hasOwn(more as object, "cause")) define(error, "cause", cause);
  return withStack(error, stack);
}

function withStack(error: Error, stack: Term): Error {
  define(error, "stack", stack);
  return error;
}

function define(error: Error, key: string, value: Term): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true });
}
