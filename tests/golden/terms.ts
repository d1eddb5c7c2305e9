/**
 * Comparing what a step gave with what the recorder wrote down.
 *
 * | recorded | is, in TypeScript |
 * | --- | --- |
 * | an atom, a string | the same string (a symbol too, for an atom) |
 * | `nil`, `:undefined` | `null` or `undefined` |
 * | `5.0` | `5`: there is one type of number |
 * | a tuple, a list | an array of the same length |
 * | a map | a plain object or a `Map` with the same keys; names of fields may be camelCase |
 * | a keyword list | an array of pairs, or an object of options with these fields |
 * | a struct | an object with these fields and no others |
 * | an exception, `:badarith` and the like | an `Error` of a corresponding class (`errors.ts`) |
 * | a module | its object, or its name |
 * | pid 3, reference 3 | a pid, a reference: always the same for the same number, another for another |
 * | a function, a stack, a time | any function; a string or array; anything that can stand for a time |
 *
 * @module
 */

import { exceptionOf, standsFor } from "./errors.ts";
import type { Term } from "./transcript.ts";
import { camel, ElixirError, isMap, ModuleRef, Range } from "./values.ts";

/** What comparing needs to know of the runtime and the system. */
export interface TermContext {
  isPid(value: unknown): boolean;
  isRef(value: unknown): boolean;
  /** The object that stands for a module of this (Elixir) name, if there is one. */
  moduleObject(name: string): unknown;
}

/** Which number stands for which pid, and which for which reference: one to one, for a whole transcript. */
export class Identities {
  #numbers = new Map<string, string>();
  #texts = new Map<string, string>();

  /** Whether `text` may be number `n` of its kind; from now on it is. */
  is(kind: "pid" | "ref", n: number, text: string): boolean {
    const number = `${kind} ${n}`;
    const known = this.#texts.get(number);
    if (known !== undefined || this.#numbers.has(text)) return known === text;
    this.#texts.set(number, text);
    this.#numbers.set(text, number);
    return true;
  }

  /** The number of a pid or reference, as `<pid1>`; `undefined` if it has none yet. */
  name(text: string): string | undefined {
    const number = this.#numbers.get(text);
    return number && `<${number.replace(" ", "")}>`;
  }

  /** Tries something, and forgets what it assumed if it fails. */
  attempt(trial: () => boolean): boolean {
    const [numbers, texts] = [new Map(this.#numbers), new Map(this.#texts)];
    if (trial()) return true;
    [this.#numbers, this.#texts] = [numbers, texts];
    return false;
  }
}

/** Whether two texts are the same; `"floats"` if only whole floats are printed otherwise (`16.0`, `16`). */
export type TextVerdict = "same" | "floats" | "differs";

const STAND_INS = /<(pid|ref)(\d*)>|<fun(?:\/\d+)?>|<stack>|<time>/g;
const PID = "#PID<(?:[^<>]+@[^<>]+\\.)?[\\d.]+>";
const PATTERNS: Readonly<Record<string, string>> = {
  pid: `${PID}|<(?:[^<>]+@[^<>]+\\.)?\\d+\\.\\d+(?:\\.\\d+)?>`,
  ref: "#Reference<[\\d.]+>|#Ref<[\\d.]+>",
  fun: "#Function<[^>]*>|&[\\w.]+/\\d+|\\[[Ff]unction[^\\]]*\\]|fn",
  stack: "[\\s\\S]*?",
  time: "~[TUD]\\[[^\\]]*\\]|[\\dTZ:.+ -]+|Date\\([^)]*\\)",
};

/** Compares a text that may hold stand-ins (`<pid1>`). */
export function compareText(expected: string, found: string, ids: Identities): TextVerdict {
  if (expected === found) return "same";
  if (matchText(expected, found, ids)) return "same";
  const whole = (text: string): string => text.replace(/(?<![\w.])(-?\d+)\.0(?!\d)/g, "$1");
  return whole(expected) !== expected && matchText(whole(expected), whole(found), ids)
    ? "floats"
    : "differs";
}

function matchText(expected: string, found: string, ids: Identities): boolean {
  const standIns: { kind: string; n: string }[] = [];
  let pattern = "";
  let at = 0;
  for (const hit of expected.matchAll(STAND_INS)) {
    const kind = hit[1] ?? /\w+/.exec(hit[0])![0];
    standIns.push({ kind, n: hit[2] ?? "" });
    pattern += RegExp.escape(expected.slice(at, hit.index)) + `(${PATTERNS[kind]})`;
    at = hit.index + hit[0].length;
  }
  if (standIns.length === 0) return expected === found;
  const hit = new RegExp(`^${pattern}${RegExp.escape(expected.slice(at))}$`).exec(found);
  return hit !== null &&
    ids.attempt(() =>
      standIns.every(({ kind, n }, i) =>
        (kind !== "pid" && kind !== "ref") || n === "" || ids.is(kind, Number(n), hit[i + 1]!)
      )
    );
}

/** Compares values, one transcript long. */
export class Comparison {
  readonly ids: Identities = new Identities();
  readonly #context: TermContext;
  /** Set when a comparison held only because whole floats print without their point. */
  floats = false;

  constructor(context: TermContext) {
    this.#context = context;
  }

  /** Where a value differs from what was recorded; `undefined` if it does not. What differs assumes nothing of its pids. */
  difference(expected: Term, found: unknown): string | undefined {
    let difference: string | undefined;
    this.ids.attempt(() => (difference = this.#at(expected, found, "")) === undefined);
    return difference;
  }

  /** Whether a value is as recorded. */
  same(expected: Term, found: unknown): boolean {
    return this.difference(expected, found) === undefined;
  }

  /** Whether a text is as recorded. */
  sameText(expected: string, found: string): boolean {
    const verdict = compareText(expected, found, this.ids);
    if (verdict === "floats") this.floats = true;
    return verdict !== "differs";
  }

  #at(expected: Term, found: unknown, path: string): string | undefined {
    const differs = (): string => path === "" ? "the value" : path;
    // `:erlang.error(term)`: JavaScript can only raise the term inside of an error
    if (found instanceof ElixirError && found.name === "ErlangError") {
      return this.#at(expected, found.fields.original, path);
    }
    const verdict = (same: boolean): string | undefined => same ? undefined : differs();

    if (expected === null) return verdict(found === null || found === undefined);
    switch (typeof expected) {
      case "number":
        return verdict(sameNumber(expected, found));
      case "boolean":
        return verdict(found === expected);
      case "string":
        return verdict(typeof found === "string" && this.sameText(expected, found));
    }
    if (isList(expected)) {
      const options = isMap(found) && !(found instanceof Map) ? keywords(expected) : undefined;
      return options === undefined
        ? this.#items(expected, found, path)
        : this.#map(options, found, path);
    }
    if ("float" in expected) return verdict(sameNumber(expected.float, found));
    if ("range" in expected) return verdict(inRange(expected.range, found));
    if ("any" in expected) return verdict(stands(expected.any, found));
    if ("fun" in expected) return verdict(typeof found === "function");
    if ("pid" in expected) {
      return verdict(this.#context.isPid(found) && this.ids.is("pid", expected.pid, String(found)));
    }
    if ("ref" in expected) {
      return verdict(this.#context.isRef(found) && this.ids.is("ref", expected.ref, String(found)));
    }
    if ("module" in expected) return verdict(this.#module(expected.module, found));
    if ("atom" in expected) return verdict(this.#atom(expected.atom, found));
    if ("cons" in expected) return this.#cons(expected.cons, found, path);
    if ("tuple" in expected) return this.#tuple(expected.tuple, found, path);
    if ("map" in expected) return this.#map(expected.map, found, path);
    if ("struct" in expected) return this.#struct(expected.struct, expected.fields, found, path);
    return `${differs()} (an unknown kind of term was recorded: ${JSON.stringify(expected)})`;
  }

  #atom(name: string, found: unknown): boolean {
    if (found === name || (typeof found === "symbol" && found.description === name)) return true;
    if (name === "undefined") return found === undefined || found === null;
    if (name === "infinity") return found === Infinity;
    const exception = exceptionOf(name);
    return exception !== undefined && standsFor(found, exception);
  }

  #module(name: string, found: unknown): boolean {
    if (found instanceof ModuleRef) return found.name === name;
    if (found === name) return true;
    const object = this.#context.moduleObject(name);
    return object !== undefined && object === found;
  }

  #tuple(items: readonly Term[], found: unknown, path: string): string | undefined {
    if (found instanceof Error && isAtom(items[0])) {
      const exception = exceptionOf(items[0].atom);
      return exception !== undefined && standsFor(found, exception)
        ? undefined
        : path || "the value";
    }
    // {Module, :function, args}: functions of a port are spelled its way
    if (
      items.length === 3 && isModule(items[0]) && isAtom(items[1]) && Array.isArray(found) &&
      found[1] === camel(items[1].atom)
    ) {
      return this.#items([items[0], { any: "name" }, items[2]!], found, path);
    }
    return this.#items(items, found, path);
  }

  #items(items: readonly Term[], found: unknown, path: string): string | undefined {
    if (!Array.isArray(found)) return path || "the value";
    const last = items.at(-1);
    const open = isAny(last, "etc");
    const wanted = open ? items.slice(0, -1) : items;
    if (open ? found.length < wanted.length : found.length !== wanted.length) {
      return `${path || "the value"} (${found.length} items, not ${wanted.length})`;
    }
    for (const [i, item] of wanted.entries()) {
      const difference = this.#at(item, found[i], `${path}[${i}]`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  /** An improper list: here only as the tag of a call, `[:alias | ref]`. */
  #cons([head, tail]: readonly [Term, Term], found: unknown, path: string): string | undefined {
    return Array.isArray(found)
      ? this.#items([head, tail], found, path)
      : this.#at(tail, found, path);
  }

  #map(
    pairs: readonly (readonly [Term, Term])[],
    found: unknown,
    path: string,
  ): string | undefined {
    if (!isMap(found)) return path || "the value";
    const open = pairs.some(([key]) => isAny(key, "etc"));
    const wanted = pairs.filter(([key]) => !isAny(key, "etc"));
    const rest = new Map(found instanceof Map ? found : Object.entries(found));
    for (const [key, value] of wanted) {
      const hit = [...rest.keys()].find((k) => this.#sameKey(key, k));
      const name = show(key).replace(/^:/, "");
      if (hit === undefined && !rest.has(undefined)) return `${path}.${name} (missing)`;
      const difference = this.#at(value, rest.get(hit), `${path}.${name}`);
      if (difference !== undefined) return difference;
      rest.delete(hit);
    }
    return rest.size === 0 || open
      ? undefined
      : `${path || "the value"} (more keys: ${[...rest.keys()].map(String).join(", ")})`;
  }

  #sameKey(expected: Term, key: unknown): boolean {
    if (isAtom(expected) && typeof key === "string") {
      return key === expected.atom || key === camel(expected.atom);
    }
    if (typeof expected === "number" && typeof key === "string") return key === String(expected);
    return this.same(expected, key);
  }

  #struct(
    name: string,
    fields: Readonly<Record<string, Term>>,
    found: unknown,
    path: string,
  ): string | undefined {
    const at = path || "the value";
    if (found instanceof Error) {
      const message = typeof fields.message === "string" ? fields.message : undefined;
      return standsFor(found, name, message, (a, b) => this.sameText(a, b)) ? undefined : at;
    }
    if (typeof found !== "object" || found === null || Array.isArray(found)) return at;
    if (found instanceof Set) return this.#set(fields, found, path);
    const values = new Map(found instanceof Map ? found : Object.entries(found));
    values.delete("__struct__");
    for (const [field, expected] of Object.entries(fields)) {
      const key = values.has(field) ? field : camel(field);
      const difference = this.#at(expected, values.get(key), `${path}.${field}`);
      if (difference !== undefined) return difference;
      values.delete(key);
    }
    const more = [...values].filter(([, value]) => value !== undefined).map(([key]) => String(key));
    return more.length === 0 ? undefined : `${at} (more fields: ${more.join(", ")})`;
  }

  /** A `MapSet`: its items are the keys of a map. */
  #set(
    fields: Readonly<Record<string, Term>>,
    found: Set<unknown>,
    path: string,
  ): string | undefined {
    const { map } = fields;
    const pairs = typeof map === "object" && map !== null && !isList(map) && "map" in map
      ? map.map
      : [];
    const rest = new Set(found);
    for (const [item] of pairs) {
      const hit = [...rest].find((value) => this.same(item, value));
      if (hit === undefined || !rest.delete(hit)) {
        return `${path || "the value"} (without ${show(item)})`;
      }
    }
    return rest.size === 0 ? undefined : `${path || "the value"} (more items)`;
  }
}

/** Prints a recorded term, as Elixir does. */
export function show(term: Term): string {
  if (term === null) return "nil";
  if (typeof term === "string") return JSON.stringify(term);
  if (typeof term !== "object") return String(term);
  if (isList(term)) return `[${term.map(show).join(", ")}]`;
  if ("float" in term) return Number.isInteger(term.float) ? `${term.float}.0` : String(term.float);
  if ("atom" in term) {
    return /^[\p{L}_][\p{L}\p{N}_@]*[?!]?$/u.test(term.atom)
      ? `:${term.atom}`
      : `:${JSON.stringify(term.atom)}`;
  }
  if ("module" in term) return term.module;
  if ("tuple" in term) return `{${term.tuple.map(show).join(", ")}}`;
  if ("map" in term) {
    return `%{${term.map.map(([key, value]) => `${show(key)} => ${show(value)}`).join(", ")}}`;
  }
  if ("struct" in term) {
    return `%${term.struct}{${
      Object.entries(term.fields).map(([key, value]) => `${key}: ${show(value)}`).join(", ")
    }}`;
  }
  if ("pid" in term) return `<pid${term.pid}>`;
  if ("ref" in term) return `<ref${term.ref}>`;
  if ("fun" in term) return `<fun/${term.fun}>`;
  if ("range" in term) return term.range.join("..");
  if ("cons" in term) return `[${show(term.cons[0])} | ${show(term.cons[1])}]`;
  return "any" in term ? `<${term.any}>` : JSON.stringify(term);
}

function isList(term: Term | undefined): term is readonly Term[] {
  return Array.isArray(term);
}

function isAtom(term: Term | undefined): term is { readonly atom: string } {
  return typeof term === "object" && term !== null && "atom" in term;
}

/** The pairs of a keyword list, an empty one as well. */
function keywords(term: readonly Term[]): (readonly [Term, Term])[] | undefined {
  const pairs: (readonly [Term, Term])[] = [];
  for (const item of term) {
    const tuple = typeof item === "object" && item !== null && "tuple" in item ? item.tuple : [];
    if (tuple.length !== 2 || !isAtom(tuple[0])) return undefined;
    pairs.push([tuple[0], tuple[1]!]);
  }
  return pairs;
}

function isModule(term: Term | undefined): term is { readonly module: string } {
  return typeof term === "object" && term !== null && "module" in term;
}

function isAny(term: Term | undefined, what: string): boolean {
  return typeof term === "object" && term !== null && "any" in term && term.any === what;
}

function sameNumber(expected: number, found: unknown): boolean {
  if (typeof found === "bigint") return Number(found) === expected;
  return typeof found === "number" && found === expected;
}

function inRange([low, high]: readonly [number, number], found: unknown): boolean {
  if (found instanceof Range) return found.first === low && found.last === high;
  return typeof found === "number" && found >= low && found <= high;
}

/** Whether a value can be what the recorder only calls by its kind. */
function stands(kind: string, found: unknown): boolean {
  switch (kind) {
    case "stack":
      return typeof found === "string" || Array.isArray(found);
    case "time":
      return typeof found === "number" || typeof found === "bigint" ||
        (typeof found === "object" && found !== null) ||
        (typeof found === "string" && /\d/.test(found));
    default:
      return true;
  }
}
