/**
 * Prints values as Elixir's `inspect/1` does, for steps that print, and for the reports of the runner.
 *
 * @module
 */

import {
  compare,
  entriesOf,
  isMap,
  isNil,
  isStack,
  ModuleRef,
  Range,
  Vocabulary,
} from "./values.ts";

/** What else printing needs to know. */
export interface InspectOptions {
  /** Prints pids, references and other objects of the runtime; `undefined` for what it does not know. */
  readonly opaque?: (value: object) => string | undefined;
}

/** Prints one value on one line. */
export function inspect(
  value: unknown,
  vocabulary: Vocabulary = new Vocabulary(),
  options: InspectOptions = {},
): string {
  const seen = new Set<unknown>();
  const show = (item: unknown): string => {
    if (isNil(item)) return "nil";
    if (isStack(item)) return "<stack>";
    if (typeof item === "string") {
      return vocabulary.isAtom(item) ? inspectAtom(item) : JSON.stringify(item);
    }
    if (typeof item === "symbol") return inspectAtom(item.description ?? "");
    if (typeof item === "function") return `#Function<${item.length}>`;
    if (typeof item !== "object") return String(item);
    const opaque = options.opaque?.(item);
    if (opaque !== undefined) return opaque;
    if (seen.has(item)) return "...";
    seen.add(item);
    const text = showObject(item);
    seen.delete(item);
    return text;
  };
  const showObject = (item: object): string => {
    if (item instanceof ModuleRef) return item.name;
    if (item instanceof Range) {
      return `${item.first}..${item.last}${Math.abs(item.step) === 1 ? "" : `//${item.step}`}`;
    }
    if (Array.isArray(item)) {
      if (vocabulary.isTuple(item)) return `{${item.map(show).join(", ")}}`;
      if (item.length > 0 && item.every((pair) => isPair(pair, vocabulary))) {
        return `[${
          item.map((pair) => `${inspectAtom(pair[0]).replace(/^:/, "")}: ${show(pair[1])}`).join(
            ", ",
          )
        }]`;
      }
      return inspectCharlist(item) ?? `[${item.map(show).join(", ")}]`;
    }
    if (item instanceof Error) {
      return `%${item.name === "Error" ? "RuntimeError" : item.name}{message: ${
        JSON.stringify(item.message)
      }}`;
    }
    if (item instanceof Set) return `MapSet.new([${[...item].map(show).join(", ")}])`;
    if (item instanceof Date) return `~U[${item.toISOString().replace("T", " ")}]`;
    if (isModule(item)) return "#Module<>";
    const text = String(item);
    if (!text.startsWith("[object") && !isMap(item)) return text;
    const pairs = entriesOf(item).sort((a, b) => compare(a[0], b[0])).map(([key, value]) =>
      typeof key === "string" && vocabulary.isAtom(key)
        ? `${inspectAtom(key).replace(/^:/, "")}: ${show(value)}`
        : `${show(key)} => ${show(value)}`
    );
    const name = isMap(item) ? "" : item.constructor?.name ?? "";
    return `%${name}{${pairs.join(", ")}}`;
  };
  return show(value);
}

/** Prints an atom: `:ok`, `:"$gen_cast"`. */
export function inspectAtom(name: string): string {
  if (["true", "false", "nil"].includes(name)) return name;
  return /^[\p{L}_][\p{L}\p{N}_@]*[?!]?$/u.test(name) ? `:${name}` : `:${JSON.stringify(name)}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  "'": "\\'",
  "\\": "\\\\",
};

/** A list of nothing but codes of printable characters prints as those: `'abc'` for `[97, 98, 99]`. */
function inspectCharlist(items: readonly unknown[]): string | undefined {
  const isPrintable = (code: unknown): code is number =>
    typeof code === "number" && Number.isInteger(code) &&
    ((code >= 32 && code <= 126) || (code >= 7 && code <= 13) || code === 27);
  if (items.length === 0 || !items.every(isPrintable)) return undefined;
  const text = items.map((code) => String.fromCodePoint(code));
  return `'${text.map((c) => ESCAPES[c] ?? c).join("")}'`;
}

function isPair(value: unknown, vocabulary: Vocabulary): value is readonly [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" &&
    vocabulary.isAtom(value[0]) && vocabulary.isTuple(value);
}

/** An ES module has no prototype, and so no text. */
function isModule(item: object): boolean {
  return Object.prototype.toString.call(item) === "[object Module]";
}
