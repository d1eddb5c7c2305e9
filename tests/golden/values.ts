/**
 * What an Elixir value is here, and how such values are told apart, compared and ordered.
 *
 * Atoms and strings are both strings, tuples and lists both arrays: that is how a program written for
 * this library has them. Where Elixir's own answer needs the difference (`is_atom`, `is_tuple`,
 * `inspect`), {@linkcode Vocabulary} remembers how each was written in the transcript, and guesses
 * for what it has not seen.
 *
 * @module
 */

/** An error that Elixir code raises, by the name of its exception there. */
export class ElixirError extends Error {
  /** Fields of the exception other than its message. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(name: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = name;
    this.fields = fields;
  }
}

/** A module written as a value: `GenServer.start_link(Bare, :x)`. What it becomes is decided at the call. */
export class ModuleRef {
  constructor(readonly name: string, readonly module: unknown) {}
}

/** `first..last//step`. */
export class Range {
  constructor(
    readonly first: number,
    readonly last: number,
    readonly step: number = first <= last ? 1 : -1,
  ) {}

  *[Symbol.iterator](): Iterator<number> {
    for (let n = this.first; this.has(n); n += this.step) yield n;
  }

  has(n: unknown): boolean {
    return typeof n === "number" && Number.isInteger(n) &&
      (this.step > 0 ? n >= this.first && n <= this.last : n <= this.first && n >= this.last) &&
      (n - this.first) % this.step === 0;
  }
}

/** Atoms that OTP uses, whatever a transcript says. */
const KNOWN_ATOMS = [
  "ok",
  "error",
  "nil",
  "true",
  "false",
  "undefined",
  "normal",
  "shutdown",
  "kill",
  "killed",
  "noproc",
  "timeout",
  "infinity",
  "EXIT",
  "DOWN",
  "process",
  "reply",
  "noreply",
  "stop",
  "ignore",
  "continue",
  "hibernate",
  "badarith",
  "badarg",
  "nocatch",
  "already_started",
  "GenServer",
  "call",
  "cast",
  "$gen_call",
  "$gen_cast",
  "one_for_one",
  "one_for_all",
  "rest_for_one",
  "worker",
  "supervisor",
  "bad_return_value",
  "function_clause",
];

/** How strings and arrays were written in a transcript. */
export class Vocabulary {
  /** How a text was written last. */
  readonly #written = new Map<string, "atom" | "string">(KNOWN_ATOMS.map((name) => [name, "atom"]));
  readonly #tuples = new WeakSet<readonly unknown[]>();
  readonly #lists = new WeakSet<readonly unknown[]>();
  readonly #maps = new WeakSet<object>();

  atom(text: string): string {
    this.#written.set(text, "atom");
    return text;
  }

  string(text: string): string {
    this.#written.set(text, "string");
    return text;
  }

  tuple<T extends readonly unknown[]>(items: T): T {
    this.#tuples.add(items);
    return items;
  }

  list<T extends readonly unknown[]>(items: T): T {
    this.#lists.add(items);
    return items;
  }

  map<T>(value: T): T {
    if (typeof value === "object" && value !== null) this.#maps.add(value);
    return value;
  }

  /** Whether a value was written as a map, so that it has the keys that it has and no fields that are nil. */
  isWrittenMap(value: unknown): boolean {
    return typeof value === "object" && value !== null && this.#maps.has(value);
  }

  isAtom(value: unknown): boolean {
    if (
      isNil(value) || typeof value === "boolean" || typeof value === "symbol" ||
      value instanceof ModuleRef
    ) return true;
    if (typeof value !== "string") return false;
    const written = this.#written.get(value);
    return written === undefined ? /^[a-z_][a-z0-9_@]*[?!]?$/.test(value) : written === "atom";
  }

  isTuple(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    if (this.#tuples.has(value)) return true;
    if (this.#lists.has(value)) return false;
    return value.length > 0 && this.isAtom(value[0]) && typeof value[0] === "string";
  }

  isList(value: unknown): boolean {
    return isStack(value) || Array.isArray(value) && !this.isTuple(value);
  }
}

/** Whether a value is the stack trace of an error: a text here, a list in Elixir. */
export function isStack(value: unknown): value is string {
  return typeof value === "string" && /\n\s+at /.test(value);
}

/** Whether a value is what JavaScript has for `nil`. */
export function isNil(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Whether a value counts as true: all but `false` and `nil` do. */
export function truthy(value: unknown): boolean {
  return !isNil(value) && value !== false;
}

/** Whether a value is a map: a plain object, or a `Map`. */
export function isMap(value: unknown): value is Record<string, unknown> | Map<unknown, unknown> {
  if (value instanceof Map) return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Error) && !(value instanceof ModuleRef) &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

/** Whether a value has fields: a map, or an instance of a class that carries data (a struct). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Map) && !(value instanceof Set) && Object.keys(value).length > 0;
}

/** The pairs of a map or struct, in the order in which it has them. */
export function entriesOf(value: unknown): [unknown, unknown][] {
  return value instanceof Map ? [...value] : Object.entries(value as object);
}

/** The value under a key of a map or struct; `undefined` if it has none. Keys of objects are found in both spellings. */
export function fieldOf(value: unknown, key: unknown): unknown {
  if (value instanceof Map) {
    if (value.has(key)) return value.get(key);
    for (const [k, v] of value) if (equal(k, key)) return v;
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const found = spelling(value, String(key));
  return found === undefined ? undefined : (value as Record<string, unknown>)[found];
}

/** Whether a map or struct has a key. */
export function hasField(value: unknown, key: unknown): boolean {
  if (value instanceof Map) return value.has(key) || [...value.keys()].some((k) => equal(k, key));
  return typeof value === "object" && value !== null && spelling(value, String(key)) !== undefined;
}

function spelling(value: object, key: string): string | undefined {
  for (const name of [key, camel(key)]) if (name in value) return name;
  return undefined;
}

/** The spelling that a port gives to a name of Elixir: `start_link` is `startLink`, `alive?` is `isAlive`. */
export function camel(name: string): string {
  const question = name.endsWith("?");
  const words = name.replace(/[?!]$/, "").replace(
    /(?<=[a-zA-Z0-9])_+([a-zA-Z0-9])/g,
    (_, c: string) => c.toUpperCase(),
  );
  return question ? "is" + words[0]!.toUpperCase() + words.slice(1) : words;
}

/** `==`. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (a instanceof ModuleRef || b instanceof ModuleRef) return sameModule(a, b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Set) {
    return b instanceof Set && a.size === b.size &&
      [...a].every((item) => [...b].some((other) => equal(item, other)));
  }
  if (a instanceof Range) {
    return b instanceof Range && a.first === b.first && a.last === b.last && a.step === b.step;
  }
  if (typeof a !== "object" || typeof b !== "object" || Array.isArray(b)) return false;
  if (isTime(a)) return isTime(b) && a.constructor === b.constructor && String(a) === String(b);
  if (isMap(a) && isMap(b)) {
    const pairs = entriesOf(a);
    return pairs.length === entriesOf(b).length &&
      pairs.every(([key, value]) => hasField(b, key) && equal(value, fieldOf(b, key)));
  }
  return false;
}

function isTime(value: object): boolean {
  return [Temporal.PlainTime, Temporal.PlainDate, Temporal.PlainDateTime, Temporal.Instant].some((
    type,
  ) => value instanceof type);
}

/** Whether two values are the same module: as a module written in a step, its object, or its name. */
export function sameModule(a: unknown, b: unknown): boolean {
  const [x, y] = a instanceof ModuleRef ? [a, b] : [b as ModuleRef, a];
  if (y instanceof ModuleRef) return x.name === y.name;
  return y === x.name || (x.module !== undefined && y === x.module);
}

/** Where a value stands in Elixir's order of types. */
function rank(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return 0;
  if (
    isNil(value) || typeof value === "boolean" || typeof value === "string" ||
    value instanceof ModuleRef
  ) return 1;
  if (typeof value === "function") return 3;
  if (Array.isArray(value)) return 6;
  if (isMap(value)) return 5;
  return 4;
}

/** Orders two values: negative, zero or positive. */
export function compare(a: unknown, b: unknown): number {
  const by = rank(a) - rank(b);
  if (by !== 0) return by;
  if (Array.isArray(a) && Array.isArray(b)) {
    // tuples by size first; lists item by item: by item, then size, is right for lists and for tuples of one size
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const item = compare(a[i], b[i]);
      if (item !== 0) return item;
    }
    return a.length - b.length;
  }
  const [x, y] = [plain(a), plain(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function plain(value: unknown): number | bigint | string {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (isNil(value)) return "nil";
  return value instanceof ModuleRef ? `Elixir.${value.name}` : String(value);
}

/** Whether a value is a promise: the answer of a function that is not done yet. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}
