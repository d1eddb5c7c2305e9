/**
 * The file format of `Ets.tab2file`: one line of JSON for the table, and one for each object. `../ets.ts`
 * uses it; it touches no files itself.
 *
 * A term that JSON has is written as such, any other as `{ "$": [kind, content] }`. A plain object with a key
 * `"$"` of its own is also written in that form.
 *
 * @module
 */

import type { Tuple } from "./match.ts";
import { inspect } from "../kernel/inspect.ts";
import { type Atom, isPlainObject, type Term } from "../kernel/term.ts";

/** A table with its contents, as a file stores it. */
export interface SavedTable {
  readonly name: Atom;
  readonly type: Term;
  readonly protection: Term;
  readonly keypos: Term;
  readonly isNamed: Term;
  readonly objects: readonly Tuple[];
}

const VERSION = 1;

/**
 * Encodes a table.
 *
 * @throws {TypeError} If it contains a term that has no meaning outside of this runtime: a pid, a reference,
 * a function, a symbol that is not of `Symbol.for`, an instance of a class.
 */
export function toText({ objects, ...table }: SavedTable): string {
  const header = { ets: VERSION, ...table, name: encode(table.name), size: objects.length };
  return [header, ...objects.map(encode)].map((line) => JSON.stringify(line) + "\n").join("");
}

/**
 * Decodes a table. Returns `"badfile"` if the text was not made by {@linkcode toText}, and
 * `"invalid_object_count"` if objects are missing.
 */
export function fromText(text: string): SavedTable | "badfile" | "invalid_object_count" {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  try {
    const [{ ets, size, name, ...header }, ...rows] = lines.map((line) => JSON.parse(line));
    if (ets !== VERSION) return "badfile";
    if (rows.length !== size) return "invalid_object_count";
    return { ...header, name: decode(name), objects: rows.map(decode) };
  } catch {
    return "badfile";
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function encode(term: Term): Json {
  switch (typeof term) {
    case "string":
    case "boolean":
      return term;
    case "number":
      return Number.isFinite(term) && !Object.is(term, -0) ? term : tagged("number", numeral(term));
    case "bigint":
      return tagged("bigint", String(term));
    case "undefined":
      return tagged("undefined", null);
    case "symbol": {
      const key = Symbol.keyFor(term);
      if (key !== undefined) return tagged("symbol", key);
      break;
    }
    case "object":
      return encodeObject(term);
  }
  throw unwritable(term);
}

function encodeObject(term: object | null): Json {
  if (term === null) return null;
  if (Array.isArray(term)) return Array.from(term, encode);
  if (term instanceof Date) return tagged("date", encode(term.getTime()));
  if (term instanceof Uint8Array) return tagged("bytes", [...term]);
  if (term instanceof Map) return tagged("map", encode([...term]));
  if (term instanceof Set) return tagged("set", encode([...term]));
  if (isPlainObject(term)) {
    const entries = Object.entries(term);
    if (Object.hasOwn(term, "$")) return tagged("object", encode(entries));
    return Object.fromEntries(entries.map(([key, value]) => [key, encode(value)]));
  }
  throw unwritable(term);
}

function unwritable(term: Term): TypeError {
  return new TypeError(
    `Cannot write ${inspect(term)} to a file: it has no meaning outside of this runtime`,
  );
}

function tagged(kind: string, content: Json): Json {
  return { $: [kind, content] };
}

function numeral(number: number): string {
  return Object.is(number, -0) ? "-0" : String(number);
}

function decode(json: Json): Term {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(decode);
  if (!Object.hasOwn(json, "$")) {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, decode(value)]));
  }
  const [kind, content] = json.$ as [string, Json];
  return decodeTagged(kind, content);
}

// deno-lint-ignore no-explicit-any -- the JSON that toText has written for this kind
function decodeTagged(kind: string, content: any): Term {
  switch (kind) {
    case "number":
      return Number(content);
    case "bigint":
      return BigInt(content);
    case "undefined":
      return undefined;
    case "symbol":
      return Symbol.for(content);
    case "date":
      return new Date(decode(content) as number);
    case "bytes":
      return Uint8Array.from(content);
    case "map":
      return new Map(decode(content) as [Term, Term][]);
    case "set":
      return new Set(decode(content) as Term[]);
    case "object":
      return Object.fromEntries(decode(content) as [string, Term][]);
  }
  throw new SyntaxError(`Cannot read ${inspect(kind)}`);
}
