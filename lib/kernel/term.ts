/**
 * Terms: pids and references, and how terms are compared and printed.
 *
 * Atoms are strings (or symbols), and tuples are readonly arrays whose first element is a tag; neither
 * needs a class. Pids and references have one: they are opaque, and each is a single object, so that
 * `===` and `Map` keys work.
 *
 * @module
 */

import { formatModule, isModule } from "./module_name.ts";
import type { Process } from "./process.ts";

/**
 * Anything that may be a message, a state, a name or a reason. Messages are passed by reference, not copied:
 * treat terms as immutable once they are sent.
 */
export type Term = unknown;

/** An atom: a string literal such as `"ok"`, or a symbol. */
export type Atom = string | symbol;

/** The name of a node, such as `"deno@host"`. */
export type NodeName = string;

/** The node name of a runtime that is not part of a cluster. Mirrors the BEAM's `nonode@nohost`. */
export const NO_NODE: NodeName = "nonode@nohost";

declare const behaviour: unique symbol;

let lastPid = 0;
let lastRef = 0;
let here: NodeName = NO_NODE;

/** The name of this node. */
export function nodeName(): NodeName {
  return here;
}

/** Sets the name of this node. */
export function setNodeName(name: NodeName): void {
  here = name;
}

/**
 * The identity of a process. Opaque: created by `spawn` and the `start` functions only.
 *
 * The type parameter is the behaviour module that the process runs, if it is known. From it
 * {@linkcode GenServer.call} knows the types of requests and replies.
 *
 * Mirrors Erlang's `pid()`.
 */
// deno-lint-ignore no-explicit-any -- a pid of an unknown module is accepted as one of any, as a name is
export class Pid<Module = any> {
  /** Carries the type parameter; does not exist at run time. */
  declare readonly [behaviour]?: Module;

  /**
   * The process with this pid; the kernel sets it to `null` when the process exits.
   *
   * @internal
   */
  process: Process | null;
  /** Unique in this runtime; increases with each process. */
  readonly id: number;

  /**
   * Internal: the kernel creates pids.
   *
   * @internal
   */
  constructor(process: Process | null, id: number = ++lastPid) {
    this.process = process;
    this.id = id;
  }

  /** The node that the process runs on. */
  get node(): NodeName {
    return here;
  }

  /** Prints as Erlang and Elixir print it, e.g. `#PID<0.85.0>`. */
  toString(): string {
    return `#PID<0.${this.id % 0x8000}.${Math.floor(this.id / 0x8000)}>`;
  }

  /** The printed form, as a pid has no JSON form. */
  toJSON(): string {
    return this.toString();
  }

  /** What `console.log` shows on Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` shows on Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * A reference, unique in the runtime. It identifies a monitor, a timer, an alias or a table.
 *
 * Mirrors Erlang's `reference()`.
 */
export class Ref {
  /**
   * The monitor, timer or table that this reference stands for, while it exists.
   *
   * @internal
   */
  target: unknown = null;
  /**
   * The alias that it stands for, while it is active.
   *
   * @internal
   */
  alias: unknown = null;
  /** Unique in this runtime; increases with each reference. */
  readonly id: number;

  /**
   * Internal: use {@linkcode makeRef}.
   *
   * @internal
   */
  constructor(id: number = ++lastRef) {
    this.id = id;
  }

  /** The node that created it. */
  get node(): NodeName {
    return here;
  }

  /** Prints as Erlang and Elixir print it, e.g. `#Reference<0.0.0.7>`. */
  toString(): string {
    return `#Reference<0.0.${Math.floor(this.id / 0x40000)}.${this.id % 0x40000}>`;
  }

  /** The printed form, as a reference has no JSON form. */
  toJSON(): string {
    return this.toString();
  }

  /** What `console.log` shows on Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `console.log` shows on Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Creates a unique reference. Mirrors `make_ref/0`. */
export function makeRef(): Ref {
  return new Ref();
}

/** Tells whether `term` is a pid. Mirrors `is_pid/1`. */
export function isPid(term: unknown): term is Pid {
  return term instanceof Pid;
}

/** Tells whether `term` is a reference. Mirrors `is_reference/1`. */
export function isReference(term: unknown): term is Ref {
  return term instanceof Ref;
}

/** Tells whether `term` can be an atom: a string or a symbol. */
export function isAtom(term: unknown): term is Atom {
  return typeof term === "string" || typeof term === "symbol";
}

/** Tells whether an object is a plain object: neither an instance of a class nor an ES module. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype ||
    (prototype === null && !(Symbol.toStringTag in value)); // the namespace of a module has the tag
}

/**
 * Tells whether two terms are equal, as Erlang's `=:=` does: arrays, plain objects, `Map`s, `Set`s,
 * dates and bytes by their content, everything else (pids, references, functions, class instances)
 * by identity. Numbers compare as `Map` keys do: `NaN` equals itself and `0` equals `-0`.
 */
export function equal(a: Term, b: Term): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a !== a && b !== b;
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime());
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    for (const [key, value] of a) {
      if (!b.has(key) || !equal(value, b.get(key))) return false;
    }
    return true;
  }
  if (a instanceof Set) {
    if (!(b instanceof Set) || a.size !== b.size) return false;
    for (const item of a) if (!b.has(item)) return false;
    return true;
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/**
 * Freezes a term and its contents: arrays, plain objects, and the contents of `Map`s and `Set`s.
 * Instances of classes are not frozen, as they may be handles to mutable resources, nor are modules.
 */
export function deepFreeze<T>(term: T): T {
  if (typeof term !== "object" || term === null || Object.isFrozen(term)) return term;
  if (Array.isArray(term)) {
    Object.freeze(term);
    term.forEach(deepFreeze);
  } else if (isPlainObject(term) && !isModule(term)) {
    Object.freeze(term);
    Object.values(term).forEach(deepFreeze);
  } else if (term instanceof Map) {
    for (const [key, value] of term) (deepFreeze(key), deepFreeze(value));
  } else if (term instanceof Set) {
    term.forEach(deepFreeze);
  }
  return term;
}

let freezing = false;

/** Sets whether messages are deeply frozen when they are sent, which is a debugging aid. */
export function setFreezing(on: boolean): void {
  freezing = on;
}

/** What one process hands to another for `term`: the term itself, frozen if freezing is enabled. Never throws. */
export function message<T>(term: T): T {
  return freezing ? frozen(term) : term;
}

function frozen<T>(term: T): T {
  try {
    return deepFreeze(term);
  } catch {
    return term; // a proxy that refuses it
  }
}

const INSPECT_DEPTH = 6;
const INSPECT_ITEMS = 50;

/**
 * Prints a term on one line, for logs and error messages: strings quoted, pids and references as
 * Erlang prints them, errors as `RangeError: message`, functions by name. A module (an ES module, or an
 * object or class of callbacks) prints as what it exports as `moduleName`, else by the name of its class,
 * else by its functions: `[module handleCall, init]`.
 *
 * Nesting deeper than 6 and more than 50 items of one collection are shown as `...`.
 */
export function inspect(term: Term): string {
  return print(term, INSPECT_DEPTH, []);
}

function print(term: Term, depth: number, above: readonly unknown[]): string {
  switch (typeof term) {
    case "string":
      return JSON.stringify(term);
    case "bigint":
      return `${term}n`;
    case "function":
      if (isModule(term)) return formatModule(term);
      return isClass(term) ? `[class ${term.name}]` : `[function ${term.name || "anonymous"}]`;
    case "object":
      break;
    default:
      return String(term);
  }
  if (term === null) return "null";
  if (term instanceof Pid || term instanceof Ref) return term.toString();
  if (above.includes(term)) return "[circular]";
  try {
    return printObject(term, depth, [...above, term]);
  } catch (error) {
    return `[unprintable: ${error instanceof Error ? error.message : String(error)}]`;
  }
}

function printObject(term: object, depth: number, above: readonly unknown[]): string {
  if (term instanceof Error) return `${term.name}: ${term.message}`;
  if (term instanceof Date) return `Date(${Number.isNaN(+term) ? "invalid" : term.toISOString()})`;
  if (term instanceof RegExp) return String(term);
  if (isModule(term)) return formatModule(term);
  if (depth === 0) return Array.isArray(term) ? "[...]" : "{...}";
  const show = (item: unknown) => print(item, depth - 1, above);
  const some = <T>(items: Iterable<T>, size: number, one: (item: T) => string) => {
    const shown: string[] = [];
    for (const item of items) {
      if (shown.length === INSPECT_ITEMS) break;
      shown.push(one(item));
    }
    if (size > INSPECT_ITEMS) shown.push("...");
    return shown.join(", ");
  };
  if (Array.isArray(term)) return `[${some(term, term.length, show)}]`;
  if (term instanceof Uint8Array) return `<<${some(term, term.length, String)}>>`;
  const pair = ([key, value]: [unknown, unknown]) => `${show(key)} => ${show(value)}`;
  if (term instanceof Map) return `Map{${some(term, term.size, pair)}}`;
  if (term instanceof Set) return `Set{${some(term, term.size, show)}}`;
  const tag = Object.prototype.toString.call(term).slice("[object ".length, -1);
  if (tag.startsWith("Temporal.")) return `${tag.slice("Temporal.".length)}(${term})`;
  const entries = Object.entries(term);
  const field = ([key, value]: [string, unknown]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    return `${name}: ${show(value)}`;
  };
  const name = isPlainObject(term) ? "" : `${term.constructor?.name ?? "Object"} `;
  return entries.length === 0 ? `${name}{}` : `${name}{ ${some(entries, entries.length, field)} }`;
}

function isClass(value: unknown): boolean {
  return Function.prototype.toString.call(value).startsWith("class");
}
