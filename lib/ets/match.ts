/**
 * Patterns and match specifications of tables: those of `kernel/match.ts`, with variables.
 *
 * Both are turned into functions once, when they are used. A variable has a slot, which is filled where it
 * comes up first in the pattern and compared everywhere else. So nothing has to be made for an object that
 * does not match.
 *
 * @module
 */

import { _, matches } from "../kernel/match.ts";
import { inspect } from "../kernel/inspect.ts";
import { equal, isPlainObject, type Term } from "../kernel/term.ts";

/** What is stored in a table: a tuple. */
export type Tuple = readonly Term[];

/** What the variables of a pattern stand for, by their names: `({ $1, $2 }) => $1 + $2`. */
// deno-lint-ignore no-explicit-any -- the author of the pattern knows
export type Bindings = { readonly [variable: `$${number}`]: any };

/** A predicate on an object that matches, and on what the variables stand for. */
export type RowGuard<Row extends Tuple = Tuple> = (
  object: Readonly<Row>,
  bindings: Bindings,
) => boolean;

/** Makes the result from an object that matches, and from what the variables stand for. */
export type RowBody<Row extends Tuple = Tuple, Result = Term> = (
  object: Readonly<Row>,
  bindings: Bindings,
) => Result;

/**
 * A part of a match specification: a pattern for the object; predicates that must all hold, and of which one
 * that throws does not; what to make
 * of it, which is a function, or as in Erlang a list whose last item is the result. In that `"$1"` stands
 * for the variable, `"$$"` for the list of all variables and `"$_"` for the object, at any depth.
 *
 * Without the last part, the object itself is the result, or `true` where that is what counts.
 */
export type Clause<Row extends Tuple = Tuple> =
  | readonly [head: unknown]
  | readonly [head: unknown, guards: readonly RowGuard<Row>[]]
  | readonly [
    head: unknown,
    guards: readonly RowGuard<Row>[],
    body: RowBody<Row> | readonly Term[],
  ];

/** A match specification: clauses, of which the first one that matches an object decides. */
export type MatchSpec<Row extends Tuple = Tuple> = readonly Clause<Row>[];

/** What a clause makes of an object. */
export type ResultOf<Row extends Tuple, Each> = Each extends
  readonly [unknown, unknown, (...args: never[]) => infer Result] ? Result
  : Each extends readonly [unknown, unknown, unknown] ? Term
  : Readonly<Row>;

/** What a query answers for an object that it does not want. */
export const NONE: unique symbol = Symbol("none");

/** Tells what becomes of an object: a result, or {@linkcode NONE}. */
export interface Query<Result = Term> {
  /** The key that all wanted objects have, if there is one such. */
  readonly key: { readonly only: Term } | undefined;
  /** Looks at one object. */
  take(row: Tuple): Result | typeof NONE;
}

// --- Patterns -----------------------------------------------------------------------------------

type Test = (term: Term) => boolean;

/** A pattern made ready. */
class Head {
  /** The names of the variables, in the order of their numbers. */
  readonly names: readonly string[];
  readonly test: Test;
  /** By the order in which the variables come up. */
  readonly #slots: Term[] = [];
  readonly #slotOf = new Map<string, number>();

  constructor(pattern: unknown) {
    const test = this.#compile(pattern);
    this.test = (term) => holds(() => test(term));
    const number = (name: string) => Number(name.slice(1));
    this.names = [...this.#slotOf.keys()].sort((a, b) => number(a) - number(b));
  }

  #compile(pattern: unknown): Test {
    if (!hasVariable(pattern)) return (term) => matches(pattern, term);
    if (typeof pattern === "string") return this.#compileVariable(pattern);
    if (Array.isArray(pattern)) {
      const parts = pattern.map((part) => this.#compile(part));
      return (term) =>
        Array.isArray(term) && term.length === parts.length &&
        parts.every((part, i) => part(term[i]));
    }
    const fields = Object.entries(pattern as object)
      .map(([key, part]) => [key, this.#compile(part)] as const);
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

  /** What a variable stands for in the last object that matched. */
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

/** Tells whether a test is passed. One that throws is not, as a guard that fails in Erlang. */
function holds(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}

/** `"$0"`, `"$1"`, … */
function isVariable(pattern: unknown): pattern is string {
  return typeof pattern === "string" && /^\$(0|[1-9]\d*)$/.test(pattern);
}

function hasVariable(pattern: unknown): boolean {
  return hasPart(pattern, isVariable);
}

/** Objects that a pattern may have: one whose getters make new objects at each read has no end. */
const OBJECTS = 1_000_000;

/** Tells whether `isWanted` returns true for a pattern or one of its parts. Looks at each object once. */
function hasPart(pattern: unknown, isWanted: (part: unknown) => boolean): boolean {
  if (isWanted(pattern)) return true;
  const found = new Set([pattern]);
  for (const object of found) {
    if (typeof object !== "object" || object === null) continue;
    const parts = Array.isArray(object)
      ? object
      : isPlainObject(object)
      ? Object.values(object)
      : [];
    for (const part of parts) {
      if (isWanted(part)) return true;
      if (typeof part === "object" && part !== null) found.add(part);
    }
    if (found.size > OBJECTS) throw new RangeError("Cannot match: the pattern has too many parts");
  }
  return false;
}

/** Whether a pattern stands for one term only, and is that. */
function isTerm(pattern: unknown): boolean {
  return !hasPart(pattern, (part) =>
    part === _ || typeof part === "function" || isVariable(part) ||
    // An object matches others that have more keys.
    (typeof part === "object" && part !== null && !Array.isArray(part) && isPlainObject(part)));
}

/** The key that is written in the patterns, if all have the same. */
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

/** What the variables of a pattern stand for, in the order of their numbers. */
export function bindingsOf(pattern: unknown, keypos: number): Query<Term[]> {
  const head = new Head(pattern);
  return {
    key: keyIn([pattern], keypos),
    take: (row) => head.test(row) ? head.values() : NONE,
  };
}

/** The objects that match a pattern. */
export function objectsLike(pattern: unknown, keypos: number): Query<Tuple> {
  const head = new Head(pattern);
  return { key: keyIn([pattern], keypos), take: (row) => head.test(row) ? row : NONE };
}

/**
 * What a match specification makes of the objects; of a clause without a body, that is what `otherwise`
 * makes of them.
 *
 * @throws {TypeError} If it is none.
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
  return compileTemplate(body.at(-1), head);
}

function compileTemplate(template: unknown, head: Head): (row: Tuple) => Term {
  if (template === "$_") return (row) => row;
  if (template === "$$") return () => head.values();
  if (isVariable(template)) {
    if (head.has(template)) return () => head.value(template);
    throw new TypeError(
      `Cannot select ${template}: the pattern has no such variable, but ${inspect(head.names)}`,
    );
  }
  if (Array.isArray(template)) {
    const parts = template.map((part) => compileTemplate(part, head));
    return (row) => parts.map((part) => part(row));
  }
  if (typeof template === "object" && template !== null && isPlainObject(template)) {
    const fields = Object.entries(template)
      .map(([key, part]) => [key, compileTemplate(part, head)] as const);
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
