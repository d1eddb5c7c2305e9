/**
 * Patterns and match specifications of tables: those of `kernel/match.ts`, with variables. `../ets.ts` makes
 * queries of them, which `table.ts` runs.
 *
 * Both are compiled to functions once per query. A variable has a slot, which is set where the variable occurs
 * first in the pattern, and compared at its other occurrences. So nothing is allocated for an object that does
 * not match.
 *
 * @module
 */

import { _, holds, matches } from "../kernel/match.ts";
import { inspect } from "../kernel/inspect.ts";
import { equal, isPlainObject, type Term } from "../kernel/term.ts";

/** What is stored in a table: a tuple. */
export type Tuple = readonly Term[];

/** The values of the variables of a pattern, by name: `({ $1, $2 }) => $1 + $2`. */
// deno-lint-ignore no-explicit-any -- the types depend on the pattern
export type Bindings = { readonly [variable: `$${number}`]: any };

/** A predicate on an object that matches, and on the values of the variables. */
export type RowGuard<Row extends Tuple = Tuple> = (
  object: Readonly<Row>,
  bindings: Bindings,
) => boolean;

/** Returns the result for an object that matches, and for the values of the variables. */
export type RowBody<Row extends Tuple = Tuple, Result = Term> = (
  object: Readonly<Row>,
  bindings: Bindings,
) => Result;

/**
 * A clause of a match specification: a pattern for the object; predicates that must all hold, and one that
 * throws does not hold; and a body, which is a function that returns the result, or as in Erlang a list whose
 * last item is the result. In that list `"$1"` stands for the value of the variable, `"$$"` for the list of the
 * values of all variables and `"$_"` for the object, at any depth.
 *
 * Without a body the result is the object, or `true` for the functions that count or delete.
 */
export type Clause<Row extends Tuple = Tuple> =
  | readonly [head: unknown]
  | readonly [head: unknown, guards: readonly RowGuard<Row>[]]
  | readonly [
    head: unknown,
    guards: readonly RowGuard<Row>[],
    body: RowBody<Row> | readonly Term[],
  ];

/** A match specification: clauses, of which the first one that matches an object applies. */
export type MatchSpec<Row extends Tuple = Tuple> = readonly Clause<Row>[];

/** The type of the result of a clause. */
export type ResultOf<Row extends Tuple, Each> = Each extends
  readonly [unknown, unknown, (...args: never[]) => infer Result] ? Result
  : Each extends readonly [unknown, unknown, unknown] ? Term
  : Readonly<Row>;

/** The result of a query for an object that it does not select. */
export const NONE: unique symbol = Symbol("none");

/** A compiled pattern or match specification. */
export interface Query<Result = Term> {
  /** The key of all objects that can match, if the patterns contain it. */
  readonly key: { readonly only: Term } | undefined;
  /** The result for an object, or {@linkcode NONE}. */
  take(row: Tuple): Result | typeof NONE;
}

// --- Patterns -----------------------------------------------------------------------------------

/** Levels of nesting of what is compiled, which is done by recursion. */
const LEVELS = 500;
/** Parts of what is compiled: shared ones may be reached in 2 ** 500 ways. */
const PARTS = 100_000;

/** The parts of a pattern or a body that have been compiled. */
class Parts {
  #count = 0;

  constructor(readonly purpose: "match" | "select", readonly whole: "pattern" | "body") {}

  /** @throws {RangeError} If there are too many, or if one is nested too deeply. */
  count(level: number): void {
    if (level <= LEVELS && ++this.#count <= PARTS) return;
    throw new RangeError(
      `Cannot ${this.purpose}: expected a ${this.whole} of at most ${LEVELS} levels and ${PARTS} parts ` +
        "where it has variables",
    );
  }
}

type Test = (term: Term) => boolean;

/** A compiled pattern. */
class Head {
  /** The names of the variables, in the order of their numbers. */
  readonly names: readonly string[];
  readonly test: Test;
  /** In the order in which the variables occur. */
  readonly #slots: Term[] = [];
  readonly #slotOf = new Map<string, number>();
  /** The objects in the pattern that contain variables. Everything else is left to `matches`. */
  readonly #withVariables: ReadonlySet<unknown>;

  constructor(pattern: unknown) {
    this.#withVariables = objectsWithVariables(pattern);
    const test = this.#compile(pattern, new Parts("match", "pattern"), 1);
    this.test = (term) => holds(() => test(term));
    const number = (name: string) => Number(name.slice(1));
    this.names = [...this.#slotOf.keys()].sort((a, b) => number(a) - number(b));
  }

  #compile(pattern: unknown, all: Parts, level: number): Test {
    all.count(level);
    if (isVariable(pattern)) return this.#compileVariable(pattern);
    if (!this.#withVariables.has(pattern)) return (term) => matches(pattern, term);
    if (Array.isArray(pattern)) {
      const parts = pattern.map((part) => this.#compile(part, all, level + 1));
      return (term) =>
        Array.isArray(term) && term.length === parts.length &&
        parts.every((part, i) => part(term[i]));
    }
    const fields = Object.entries(pattern as object)
      .map(([key, part]) => [key, this.#compile(part, all, level + 1)] as const);
    return (term) =>
      typeof term === "object" && term !== null &&
      fields.every(([key, part]) =>
        Object.hasOwn(term, key) && part((term as Record<string, unknown>)[key])
      );
  }

  #compileVariable(name: string): Test {
    const slots = this.#slots;
    const known = this.#slotOf.get(name);
    if (known !== undefined) return (term) => equal(slots[known], term);
    const slot = this.#slotOf.size;
    this.#slotOf.set(name, slot);
    return (term) => {
      slots[slot] = term;
      return true;
    };
  }

  has(name: string): boolean {
    return this.#slotOf.has(name);
  }

  /** The value of a variable in the last object that matched. */
  value(name: string): Term {
    return this.#slots[this.#slotOf.get(name)!];
  }

  values(): Term[] {
    return this.names.map((name) => this.value(name));
  }

  bindings(): Bindings {
    return Object.fromEntries(this.names.map((name) => [name, this.value(name)]));
  }
}

/** `"$0"`, `"$1"`, … */
function isVariable(pattern: unknown): pattern is string {
  return typeof pattern === "string" && /^\$(0|[1-9]\d*)$/.test(pattern);
}

/** Objects that a pattern may have: one whose getters make new objects at each read has no end. */
const OBJECTS = 1_000_000;

/** The parts of an array or a plain object; none of every other value. */
function partsOf(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value;
  return isPlainObject(value) ? Object.values(value) : [];
}

/** Finds the objects in a pattern that contain a variable, at any depth. Looks at each object once. */
function objectsWithVariables(pattern: unknown): ReadonlySet<unknown> {
  const result = new Set<unknown>();
  const holders = new Map<unknown, unknown[]>([[pattern, []]]); // of each object, those that it is a part of
  for (const [object] of holders) {
    for (const part of partsOf(object)) {
      if (isVariable(part)) result.add(object);
      else if (typeof part === "object" && part !== null) {
        const known = holders.get(part);
        if (known === undefined) holders.set(part, [object]);
        else known.push(object);
      }
    }
    checkSize(holders.size);
  }
  for (const object of result) for (const holder of holders.get(object)!) result.add(holder);
  return result;
}

/** Tells whether `isWanted` returns true for a pattern or one of its parts. Looks at each object once. */
function hasPart(pattern: unknown, isWanted: (part: unknown) => boolean): boolean {
  if (isWanted(pattern)) return true;
  const found = new Set([pattern]);
  for (const object of found) {
    for (const part of partsOf(object)) {
      if (isWanted(part)) return true;
      if (typeof part === "object" && part !== null) found.add(part);
    }
    checkSize(found.size);
  }
  return false;
}

function checkSize(objects: number): void {
  if (objects > OBJECTS) throw new RangeError("Cannot match: the pattern has too many parts");
}

/** Whether a pattern is a term, which matches only itself. */
function isTerm(pattern: unknown): boolean {
  return !hasPart(pattern, (part) =>
    part === _ || typeof part === "function" || isVariable(part) ||
    // An object matches others that have more keys.
    (typeof part === "object" && part !== null && !Array.isArray(part) && isPlainObject(part)));
}

/** The key that the patterns contain, if it is the same in all. */
function keyIn(heads: readonly unknown[], keypos: number): Query["key"] {
  let key: Query["key"];
  for (const head of heads) {
    if (!Array.isArray(head)) return undefined;
    const part: unknown = head[keypos - 1];
    if (!isTerm(part) || (key !== undefined && !equal(key.only, part))) return undefined;
    key = { only: part };
  }
  return key;
}

// --- Queries ------------------------------------------------------------------------------------

/** Selects the values of the variables of a pattern, in the order of their numbers. */
export function bindingsOf(pattern: unknown, keypos: number): Query<Term[]> {
  const head = new Head(pattern);
  return {
    key: keyIn([pattern], keypos),
    take: (row) => head.test(row) ? head.values() : NONE,
  };
}

/** Selects the objects that match a pattern. */
export function objectsLike(pattern: unknown, keypos: number): Query<Tuple> {
  const head = new Head(pattern);
  return { key: keyIn([pattern], keypos), take: (row) => head.test(row) ? row : NONE };
}

/**
 * Selects the results of a match specification; the result of a clause without a body is that of `otherwise`.
 *
 * @throws {TypeError} If `spec` is not a match specification.
 */
export function selected(
  spec: unknown,
  keypos: number,
  otherwise: (row: Tuple) => Term,
): Query {
  if (!Array.isArray(spec) || spec.length === 0) throw badSpec(spec);
  const clauses = spec.map((clause) => {
    if (!Array.isArray(clause) || clause.length < 1 || clause.length > 3) throw badSpec(spec);
    return compileClause(clause, spec, otherwise);
  });
  return {
    key: keyIn(spec.map(([head]) => head), keypos),
    take(row) {
      for (const clause of clauses) {
        const result = clause(row);
        if (result !== NONE) return result;
      }
      return NONE;
    },
  };
}

function compileClause(
  clause: readonly unknown[],
  spec: unknown,
  otherwise: (row: Tuple) => Term,
): (row: Tuple) => Term {
  const head = new Head(clause[0]);
  const guards = clause[1] ?? [];
  if (!Array.isArray(guards) || !guards.every((guard) => typeof guard === "function")) {
    throw badSpec(spec);
  }
  const make = clause.length < 3 ? otherwise : compileBody(clause[2], head, spec);
  const areMet = (row: Tuple, bindings: Bindings) =>
    holds(() => guards.every((guard) => guard(row, bindings)));
  return (row) =>
    head.test(row) && (guards.length === 0 || areMet(row, head.bindings())) ? make(row) : NONE;
}

function compileBody(body: unknown, head: Head, spec: unknown): (row: Tuple) => Term {
  if (typeof body === "function") return (row) => body(row, head.bindings());
  if (!Array.isArray(body) || body.length === 0) throw badSpec(spec);
  return compileTemplate(body.at(-1), head, new Parts("select", "body"), 1);
}

function compileTemplate(
  template: unknown,
  head: Head,
  all: Parts,
  level: number,
): (row: Tuple) => Term {
  all.count(level);
  if (template === "$_") return (row) => row;
  if (template === "$$") return () => head.values();
  if (isVariable(template)) {
    if (head.has(template)) return () => head.value(template);
    throw new TypeError(
      `Cannot select ${template}: expected a variable of the pattern, one of ${
        inspect(head.names)
      }`,
    );
  }
  if (Array.isArray(template)) {
    const parts = template.map((part) => compileTemplate(part, head, all, level + 1));
    return (row) => parts.map((part) => part(row));
  }
  if (typeof template === "object" && template !== null && isPlainObject(template)) {
    const fields = Object.entries(template)
      .map(([key, part]) => [key, compileTemplate(part, head, all, level + 1)] as const);
    return (row) => Object.fromEntries(fields.map(([key, part]) => [key, part(row)]));
  }
  return () => template;
}

function badSpec(spec: unknown): TypeError {
  return new TypeError(
    "Cannot select: expected a list of [pattern], [pattern, predicates] or [pattern, predicates, " +
      `body], where the body is a function or a list with a result, found ${inspect(spec)}`,
  );
}
