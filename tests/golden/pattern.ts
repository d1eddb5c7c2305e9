/**
 * Matching a value against a pattern of Elixir.
 *
 * @module
 */

import type { Node } from "./ast.ts";
import { standsFor } from "./errors.ts";
import { equal, fieldOf, hasField, isMap, isRecord, isStack, type Vocabulary } from "./values.ts";

/** Names and what they are bound to. */
export type Bindings = Map<string, unknown>;

/** What a pattern can refer to. */
export interface PatternContext {
  readonly vocabulary: Vocabulary;
  /** The value of an expression that stands in a pattern: a pin, a key, a module name. */
  value(node: Node): unknown;
}

/**
 * Matches, adding what is bound to `bindings`.
 *
 * Tuples and lists are both arrays, so `{a, b}` also takes a list of two.
 *
 * @returns Whether it matches; if not, `bindings` may hold part of it.
 */
export function match(
  pattern: Node,
  value: unknown,
  bindings: Bindings,
  context: PatternContext,
): boolean {
  const all = (patterns: readonly Node[], values: readonly unknown[]): boolean =>
    patterns.every((p, i) => match(p, values[i], bindings, context));

  switch (pattern.t) {
    case "var":
      if (pattern.name === "_") return true;
      if (bindings.has(pattern.name)) return equal(bindings.get(pattern.name), value);
      bindings.set(pattern.name, value);
      return true;
    case "tuple":
      return Array.isArray(value) && value.length === pattern.items.length &&
        all(pattern.items, value);
    case "list":
      if (isStack(value)) return match(pattern, value.split("\n").slice(1), bindings, context);
      if (!Array.isArray(value)) return false;
      if (pattern.tail === undefined) {
        return value.length === pattern.items.length && all(pattern.items, value);
      }
      if (value.length < pattern.items.length || !all(pattern.items, value)) return false;
      return match(
        pattern.tail,
        context.vocabulary.list(value.slice(pattern.items.length)),
        bindings,
        context,
      );
    case "map":
      if (!isMap(value) && !isRecord(value)) return false;
      return matchPairs();
    case "struct":
      if (value instanceof Error && !standsFor(value, pattern.name)) return false;
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      return matchPairs();
    case "match":
      return match(pattern.pattern, value, bindings, context) &&
        match(pattern.value, value, bindings, context);
    case "binary":
      if (pattern.op === "<>" && pattern.left.t === "string") {
        return typeof value === "string" && value.startsWith(pattern.left.value) &&
          match(pattern.right, value.slice(pattern.left.value.length), bindings, context);
      }
      if (pattern.op === "++" && pattern.left.t === "list") {
        return match(
          { t: "list", items: pattern.left.items, tail: pattern.right },
          value,
          bindings,
          context,
        );
      }
      break;
    case "string":
      return value === pattern.value;
    case "pin":
      return equal(context.value(pattern.arg), value);
  }
  return equal(context.value(pattern), value);

  function matchPairs(): boolean {
    const { pairs } = pattern as Extract<Node, { t: "map" | "struct" }>;
    return pairs.every(([keyNode, item]) => {
      const key = context.value(keyNode.t === "pin" ? keyNode.arg : keyNode);
      return hasField(value, key) && match(item, fieldOf(value, key), bindings, context);
    });
  }
}
