/**
 * Terms: pids and references, and how terms are compared and frozen.
 *
 * Atoms are strings (or symbols), and tuples are readonly arrays whose first element is a tag; neither
 * needs a class. Pids and references have one: they are opaque, and each is a single object, so that
 * `===` and `Map` keys work.
 *
 * @module
 */

import { isModule } from "./module_name.ts";
import type { Process } from "./process.ts";
import { isA } from "./reader.ts";

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

/**
 * Creates a unique reference. Mirrors `make_ref/0`.
 * See the example of {@linkcode isAtom}.
 */
export function makeRef(): Ref {
  return new Ref();
}

/**
 * Returns whether `term` is a pid. Mirrors `is_pid/1`.
 * See the example of {@linkcode isAtom}.
 */
export function isPid(term: unknown): term is Pid {
  return isA(term, Pid);
}

/**
 * Returns whether `term` is a reference. Mirrors `is_reference/1`.
 * See the example of {@linkcode isAtom}.
 */
export function isReference(term: unknown): term is Ref {
  return isA(term, Ref);
}

/**
 * Returns whether `term` can be an atom: a string or a symbol.
 *
 * @example Atoms, pids and references
 * ```ts
 * import { isAtom, isPid, isReference, makeRef, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([isAtom("ok"), isAtom(1)], [true, false]);
 * assertEquals([isPid(self()), isPid("ok")], [true, false]);
 * assertEquals([isReference(makeRef()), isReference(self())], [true, false]);
 * ```
 */
export function isAtom(term: unknown): term is Atom {
  return typeof term === "string" || typeof term === "symbol";
}

/** Returns whether an object is a plain object: neither an instance of a class nor an ES module. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype ||
    (prototype === null && !(Symbol.toStringTag in value)); // the namespace of a module has the tag
}

/** Levels of nesting that terms are compared by recursion. Deeper terms are compared by {@linkcode equalDeep}. */
const RECURSIONS = 64;
/** Objects that are compared by recursion, as terms with shared parts may have 2 ** 64 paths in 64 levels. */
const VISITS = 10_000;

/** Number of objects that the recursion of {@linkcode equal} may still compare. */
let visits = 0;

/**
 * Levels of nesting that are looked at. A term whose getters or proxies make new objects at each read has no end.
 */
export const LEVELS = 100_000;

/** A pair of objects that are yet to be compared. */
type Pair = readonly [a: object, b: object, level: number];

/**
 * Returns whether two terms are equal, as Erlang's `=:=` does: arrays, plain objects, `Map`s, `Set`s,
 * dates and bytes by their content, everything else (pids, references, functions, class instances)
 * by identity. Numbers compare as `Map` keys do: `NaN` equals itself and `0` equals `-0`.
 *
 * Terms may contain themselves: two such terms are equal if they cannot be told apart. A term that cannot be
 * read, such as a revoked proxy, equals only itself; so does one of more than 100,000 levels of nesting.
 *
 * @example Equal content, and identity
 * ```ts
 * import { equal, makeRef } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(equal(["a", { b: 1 }], ["a", { b: 1 }]), true);
 * assertEquals(equal(makeRef(), makeRef()), false);
 * ```
 */
export function equal(a: Term, b: Term): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a !== a && b !== b;
  }
  visits = VISITS;
  try {
    return equalObjects(a, b, RECURSIONS, null) ?? equalDeep(a, b);
  } catch {
    return false;
  }
}

/**
 * Compares two parts: by recursion if `pairs` is `null`, of at most `depth` levels; else later, as one of these,
 * at the level `depth`.
 */
function equalParts(
  a: Term,
  b: Term,
  depth: number,
  pairs: Pair[] | null,
): boolean | undefined {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a !== a && b !== b;
  }
  if (pairs === null) {
    return depth === 0 || visits-- === 0 ? undefined : equalObjects(a, b, depth - 1, null);
  }
  pairs.push([a, b, depth]);
  return true;
}

/** Compares two objects. `undefined` if they are too deep or too large for recursion. */
function equalObjects(
  a: object,
  b: object,
  depth: number,
  pairs: Pair[] | null,
): boolean | undefined {
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      const result = equalParts(a[i], b[i], depth, pairs);
      if (result !== true) return result;
    }
    return true;
  }
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime());
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    for (const [key, value] of a) {
      if (!b.has(key)) return false;
      const result = equalParts(value, b.get(key), depth, pairs);
      if (result !== true) return result;
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
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    const result = equalParts(a[key], b[key], depth, pairs);
    if (result !== true) return result;
  }
  return true;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Compares two objects that are too deep or too large for recursion. Objects that have been compared are put
 * into one class, and two objects of one class are not compared again: so it ends for terms that contain
 * themselves, and takes time for each part once, however many paths lead to it.
 */
function equalDeep(a: object, b: object): boolean {
  const classes = new Classes();
  const pairs: Pair[] = [[a, b, 1]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [first, second, level] = pair;
    if (!classes.unite(first, second)) continue;
    if (level > LEVELS || equalObjects(first, second, level + 1, pairs) !== true) return false;
  }
  return true;
}

/** Classes of objects, as a disjoint-set forest. */
export class Classes {
  readonly #parents = new Map<object, object>();

  /** Makes the classes of two objects one; tells whether they were two. */
  unite(a: object, b: object): boolean {
    const first = this.#rootOf(a);
    const second = this.#rootOf(b);
    if (first === second) return false;
    this.#parents.set(first, second);
    return true;
  }

  #rootOf(object: object): object {
    let root = object;
    for (let parent = this.#parents.get(root); parent !== undefined;) {
      const next = this.#parents.get(parent);
      if (next !== undefined) this.#parents.set(root, next); // halves the path
      root = parent;
      parent = next;
    }
    return root;
  }
}

/**
 * Freezes a term and its contents: arrays, plain objects, and the contents of `Map`s and `Set`s.
 * Instances of classes are not frozen, as they may be handles to mutable resources; neither are modules,
 * nor what cannot be read.
 */
export function deepFreeze<T>(term: T): T {
  if (typeof term !== "object" || term === null) return term;
  const found: object[] = [term];
  const levels = [1];
  let level = 1;
  // A Map or a Set is not frozen itself, and may contain itself.
  const seen = new Set<object>();
  const find = (part: unknown) => {
    if (typeof part !== "object" || part === null || level === LEVELS) return;
    found.push(part);
    levels.push(level + 1);
  };
  for (let each = found.pop(); each !== undefined; each = found.pop()) {
    level = levels.pop()!;
    try {
      freeze(each, seen, find);
    } catch {
      // It stays as it is.
    }
  }
  return term;
}

function freeze(term: object, seen: Set<object>, find: (part: unknown) => void): void {
  if (Object.isFrozen(term) || seen.has(term)) return;
  if (Array.isArray(term)) {
    Object.freeze(term);
    term.forEach(find);
  } else if (isPlainObject(term) && !isModule(term)) {
    Object.freeze(term);
    Object.values(term).forEach(find);
  } else if (term instanceof Map) {
    seen.add(term);
    for (const [key, value] of term) (find(key), find(value));
  } else if (term instanceof Set) {
    seen.add(term);
    term.forEach(find);
  }
}

let freezing = false;

/** Sets whether messages are deeply frozen when they are sent, which is a debugging aid. */
export function setFreezing(on: boolean): void {
  freezing = on;
}

/** What one process hands to another for `term`: the term itself, frozen if freezing is enabled. Never throws. */
export function message<T>(term: T): T {
  return freezing ? deepFreeze(term) : term;
}
