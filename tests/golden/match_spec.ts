/**
 * Match specifications, as `Registry.select/2` takes them in Elixir, converted to functions.
 *
 * @module
 */

import { compare, equal, isMap } from "./values.ts";

type Variables = Map<string, unknown>;

/** A head, guards and a body, as Elixir writes them: `{{:"$1", :_, :"$2"}, [{:>, :"$2", 1}], [:"$1"]}`. */
export type MatchSpec = readonly [
  head: unknown,
  guards: readonly unknown[],
  body: readonly unknown[],
];

const VARIABLE = /^\$\d+$/;

/** Makes the variables of a pattern what they are in `value`; whether it fits. */
export function fits(pattern: unknown, value: unknown, variables: Variables = new Map()): boolean {
  if (pattern === "_") return true;
  if (typeof pattern === "string" && VARIABLE.test(pattern)) {
    if (variables.has(pattern)) return equal(variables.get(pattern), value);
    variables.set(pattern, value);
    return true;
  }
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && value.length === pattern.length &&
      pattern.every((part, i) => fits(part, value[i], variables));
  }
  if (!isMap(pattern) || pattern instanceof Map || !isMap(value)) return equal(pattern, value);
  return Object.entries(pattern).every(([key, part]) =>
    Object.hasOwn(value, key) && fits(part, (value as Record<string, unknown>)[key], variables)
  );
}

/** Whether all guards hold. */
export function holds(guards: readonly unknown[], variables: Variables): boolean {
  return guards.every((guard) => made(guard, variables) === true);
}

/** What a specification makes of a value, in an array; `undefined` if it does not want it. */
export function selected([head, guards, body]: MatchSpec, value: unknown): [unknown] | undefined {
  const variables: Variables = new Map([["$_", value]]);
  if (!fits(head, value, variables) || !holds(guards, variables)) return undefined;
  return [made(body.at(-1), variables)];
}

const FUNCTIONS: Readonly<Record<string, (a: unknown, b: unknown) => unknown>> = {
  ">": (a, b) => compare(a, b) > 0,
  ">=": (a, b) => compare(a, b) >= 0,
  "<": (a, b) => compare(a, b) < 0,
  "=<": (a, b) => compare(a, b) <= 0,
  "==": equal,
  "=:=": equal,
  "/=": (a, b) => !equal(a, b),
  "=/=": (a, b) => !equal(a, b),
  "andalso": (a, b) => a && b,
  "orelse": (a, b) => a || b,
  "not": (a) => !a,
};

/** The value of an expression: a variable, a call of a function, `{{…}}` for a tuple, or itself. */
function made(expression: unknown, variables: Variables): unknown {
  if (typeof expression === "string" && variables.has(expression)) return variables.get(expression);
  if (!Array.isArray(expression)) return expression;
  const [first, ...rest] = expression;
  if (typeof first === "string" && Object.hasOwn(FUNCTIONS, first)) {
    const [a, b] = rest.map((each) => made(each, variables));
    return FUNCTIONS[first]!(a, b);
  }
  if (expression.length === 1 && Array.isArray(first)) {
    return first.map((each) => made(each, variables));
  }
  if (first === "const" && rest.length === 1) return rest[0];
  return expression.map((each) => made(each, variables));
}
