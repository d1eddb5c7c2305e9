/**
 * Printing of terms, for logs and error messages.
 *
 * Every value can be printed, and the text and the time that it takes are bounded: what cannot be read is
 * shown as `[unprintable: …]`, and what exceeds a limit as `...`. Only the names of the properties of an
 * object have no limit in time, as JavaScript lists all of them at once (0.2 µs each).
 *
 * @module
 */

import { formatModule, isModule } from "./module_name.ts";
import { isPlainObject, Pid, Ref, type Term } from "./term.ts";

/** Levels of nesting that are shown. */
const DEPTH = 6;
/** Items of one collection that are shown. */
const ITEMS = 50;
/** Characters of one string that are shown. */
const STRING_LENGTH = 4096;
/** Characters after which a text ends. */
const TEXT_LENGTH = 16_384;
/** Bits of the bigints whose digits are shown: the time to make them grows with the square of their number. */
const BIGINT_BITS = 4096;

/**
 * Prints a term on one line, for logs and error messages: strings quoted, pids and references as
 * Erlang prints them, errors as `RangeError: message`, functions by name. A module (an ES module, or an
 * object or class of callbacks) prints as what it exports as `moduleName`, else by the name of its class,
 * else by its functions: `[module handleCall, init]`.
 *
 * Limits, beyond which `...` is shown: 6 levels of nesting, 50 items of one collection, 4096 characters of
 * one string, 16,384 characters in all. Never throws: what cannot be read is shown as `[unprintable: …]`.
 *
 * Mirrors Elixir's `inspect/1`.
 *
 * @example A term as text
 * ```ts
 * import { inspect } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(inspect(["error", "enoent"]), '["error", "enoent"]');
 * assertEquals(inspect(new RangeError("too large")), "RangeError: too large");
 * ```
 */
export function inspect(term: Term): string {
  return new Printer().print(term, DEPTH);
}

/** Prints the items of an array, such as the arguments of a function, as {@linkcode inspect} does. */
export function inspectItems(items: readonly Term[]): string {
  const printer = new Printer();
  return guarded(() =>
    printer.items(first(items), items.length, (item) => printer.print(item, DEPTH))
  );
}

/** Calls `make` for a text. If that fails, the text says so, in place of what cannot be printed. */
export function guarded(make: () => string): string {
  try {
    return make();
  } catch (error) {
    return unprintable(error);
  }
}

/** The text of a field of an object, such as the message of an error: as it is if it is a string. */
export function textOf(object: object, field: string): string {
  return guarded(() => {
    const value = (object as Record<string, unknown>)[field];
    return typeof value === "string" ? shortened(value) : inspect(value);
  });
}

function unprintable(error: unknown): string {
  let why: unknown;
  try {
    why = typeof error === "object" && error !== null && "message" in error ? error.message : error;
  } catch {
    // Not even that can be read.
  }
  const text = typeof why === "string" ? `: ${shortened(why)}` : "";
  return `[unprintable${text}]`;
}

function shortened(text: string, length: number = STRING_LENGTH): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}

/** Prints one term, and counts the characters. */
class Printer {
  /** Characters that may still be printed. */
  #left = TEXT_LENGTH;
  /** The objects around the one that is printed. */
  readonly #above: object[] = [];

  print(term: Term, depth: number): string {
    if (this.#left <= 0) return "...";
    if (typeof term === "object" && term !== null) return this.#guard(term, depth);
    return this.#count(guarded(() => printSimple(term)));
  }

  /** Prints the first items of a collection of `size` items. */
  items<T>(items: Iterable<T>, size: number, one: (item: T) => string): string {
    const shown: string[] = [];
    let isCut = size > ITEMS;
    if (size > 0) {
      for (const item of items) {
        if (shown.length === ITEMS) break;
        if (this.#left <= 0) {
          isCut = true;
          break;
        }
        this.#left -= 2; // the comma
        shown.push(one(item));
      }
    }
    if (isCut) shown.push("...");
    return shown.join(", ");
  }

  #count(text: string): string {
    this.#left -= text.length;
    return text;
  }

  #guard(term: object, depth: number): string {
    if (this.#above.includes(term)) return "[circular]";
    this.#above.push(term);
    try {
      return this.#printObject(term, depth);
    } catch (error) {
      return this.#count(unprintable(error));
    } finally {
      this.#above.pop();
    }
  }

  #printObject(term: object, depth: number): string {
    this.#left -= 2; // brackets
    if (isModule(term)) return this.#count(formatModule(term));
    const whole = printWhole(term);
    if (whole !== undefined) return this.#count(shortened(whole));
    if (depth === 0) return Array.isArray(term) ? "[...]" : "{...}";
    const show = (item: unknown) => this.print(item, depth - 1);
    if (Array.isArray(term)) return `[${this.items(first(term), term.length, show)}]`;
    if (ArrayBuffer.isView(term)) return this.#printBytes(term as Uint8Array);
    const pair = ([key, value]: [unknown, unknown]) => `${show(key)} => ${show(value)}`;
    if (term instanceof Map) {
      return `Map{${this.items(Map.prototype.entries.call(term), sizeOf(term, Map), pair)}}`;
    }
    if (term instanceof Set) {
      return `Set{${this.items(Set.prototype.values.call(term), sizeOf(term, Set), show)}}`;
    }
    const tag = Object.prototype.toString.call(term).slice("[object ".length, -1);
    if (tag.startsWith("Temporal.")) {
      return this.#count(shortened(`${tag.slice("Temporal.".length)}(${term})`));
    }
    return this.#printFields(term, show);
  }

  /** Prints the numbers of a typed array, without making an entry for each of them. */
  #printBytes(array: Uint8Array): string {
    const text = this.items(first(array), array.length, (number) => this.#count(String(number)));
    return array instanceof Uint8Array ? `<<${text}>>` : `${nameOf(array)}[${text}]`;
  }

  #printFields(term: object, show: (item: unknown) => string): string {
    const name = isPlainObject(term) ? "" : this.#count(`${nameOf(term)} `);
    const keys = ownKeys(term);
    const field = (key: string) => {
      const value = guarded(() => show((term as Record<string, unknown>)[key]));
      const shown = /^[A-Za-z_$][\w$]*$/.test(key) ? shortened(key) : quoted(key);
      return `${this.#count(shown)}: ${value}`;
    };
    if (keys.length === 0) return `${name}{}`;
    return `${name}{ ${this.items(keys, keys.length, field)} }`;
  }
}

/** Prints a term that is not an object. */
function printSimple(term: Term): string {
  switch (typeof term) {
    case "string":
      return quoted(term);
    case "bigint":
      return BigInt.asIntN(BIGINT_BITS, term) === term
        ? `${term}n`
        : `[bigint of more than ${BIGINT_BITS} bits]`;
    case "function": {
      if (isModule(term)) return formatModule(term);
      const { name } = term;
      const shown = typeof name === "string" ? shortened(name) : "";
      return isClass(term) ? `[class ${shown}]` : `[function ${shown || "anonymous"}]`;
    }
  }
  return shortened(String(term));
}

function quoted(text: string): string {
  if (text.length <= STRING_LENGTH) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, STRING_LENGTH))}...`;
}

/** Prints an object that is not shown by its contents; `undefined` for any other. */
function printWhole(term: object): string | undefined {
  if (term instanceof Pid || term instanceof Ref) return term.toString();
  if (term instanceof Error) return `${textOf(term, "name")}: ${textOf(term, "message")}`;
  if (term instanceof Date) return `Date(${Number.isNaN(+term) ? "invalid" : term.toISOString()})`;
  if (term instanceof RegExp) return String(term);
  if (term instanceof ArrayBuffer || term instanceof DataView) {
    return `${nameOf(term)}(${term.byteLength} bytes)`;
  }
  if (
    term instanceof Number || term instanceof String || term instanceof Boolean ||
    term instanceof BigInt || term instanceof Symbol
  ) return `${nameOf(term)}(${printSimple(term.valueOf())})`;
  return undefined;
}

/** The name of the class of an object. */
function nameOf(term: object): string {
  const { name } = term.constructor ?? Object;
  return typeof name === "string" ? shortened(name, 256) : "Object";
}

/** The size of a `Map` or `Set`, even if its own `size` was redefined. */
function sizeOf(term: object, type: typeof Map | typeof Set): number {
  return Object.getOwnPropertyDescriptor(type.prototype, "size")!.get!.call(term);
}

/** The items of an array that may be shown. */
function* first(array: ArrayLike<unknown>): Generator<unknown> {
  for (let i = 0; i < array.length && i < ITEMS; i++) yield array[i];
}

/** The first enumerable names of an object, and one more than may be shown if there are more. */
function ownKeys(term: object): string[] {
  const keys: string[] = [];
  for (const key in term) {
    if (!Object.hasOwn(term, key)) continue;
    if (keys.push(key) > ITEMS) break;
  }
  return keys;
}

function isClass(value: unknown): boolean {
  return Function.prototype.toString.call(value).startsWith("class");
}
