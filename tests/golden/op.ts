/**
 * The data of a step (`op`, `bind`) as an expression of `ast.ts`.
 *
 * @module
 */

import { type Node, SyntaxFailure } from "./ast.ts";
import { parse } from "./elixir.ts";
import type { Op } from "./transcript.ts";
import { operator } from "./eval.ts";

/** Forms that the recorder writes as calls, but whose arguments are no data: for these the source is read. */
const FORMS = new Set([
  "with",
  "cond",
  "unless",
  "->",
  "<-",
  "&",
  "when",
  "quote",
  "fn",
  "try",
  "case",
  "receive",
  "if",
  "for",
]);

/**
 * The expression of a step.
 *
 * The `op` is what counts, as the data of the step; where it holds a form whose data is not data
 * (`cond`, `with`, …) the step's `text` is read instead, less its binding.
 *
 * @throws {SyntaxFailure} If neither can be read.
 */
export function expressionOf(op: Op, text: string, bound: boolean): Node {
  if (!hasForm(op)) return toNode(op);
  const node = parse(text);
  return bound && node.t === "match" ? node.value : node;
}

/** An `op` or a `bind` as an expression. */
export function toNode(op: Op): Node {
  if (op === null) return { t: "nil" };
  switch (typeof op) {
    case "number":
      return { t: "number", value: op };
    case "string":
      return { t: "string", value: op };
    case "boolean":
      return { t: "bool", value: op };
  }
  if (Array.isArray(op)) return listOf(op.map(toNode));
  const o = op as Record<string, unknown>;
  if (typeof o.float === "number") return { t: "number", value: o.float, float: true };
  if (typeof o.atom === "string") return { t: "atom", value: o.atom };
  if (typeof o.module === "string") return { t: "alias", name: o.module };
  if (typeof o.var === "string") return { t: "var", name: o.var };
  if (Array.isArray(o.tuple)) return { t: "tuple", items: o.tuple.map(toNode) };
  if (Array.isArray(o.map)) {
    return {
      t: "map",
      pairs: o.map.map(([key, value]) => [toNode(key), toNode(value)] as const),
    };
  }
  if (typeof o.fun === "string") return parse(o.fun);
  if (typeof o.elixir === "string") return parse(o.elixir);
  if ("bind" in o) return { t: "match", pattern: toNode(o.bind), value: toNode(o.to) };
  if (typeof o.fn === "string") {
    return callOf(o.fn, (Array.isArray(o.args) ? o.args : []).map(toNode));
  }
  throw new SyntaxFailure(`unknown data in a step: ${JSON.stringify(op)}`);
}

/** A list whose last item was written `a | b` has a tail. */
function listOf(items: readonly Node[]): Node {
  const last = items.at(-1);
  if (last?.t === "binary" && last.op === "|") {
    return { t: "list", items: [...items.slice(0, -1), last.left], tail: last.right };
  }
  return { t: "list", items };
}

function callOf(name: string, args: readonly Node[]): Node {
  if (name === "^" && args.length === 1) return { t: "pin", arg: args[0]! };
  if (args.length === 2 && (name === "&&" || name === "||" || operator(name) !== undefined)) {
    return { t: "binary", op: name, left: args[0]!, right: args[1]! };
  }
  if (args.length === 1 && (name === "-" || name === "+" || name === "!")) {
    return { t: "unary", op: name, arg: args[0]! };
  }
  const [module, fields] = args;
  if (name === "%" && module?.t === "alias" && fields?.t === "map") {
    return { t: "struct", name: module.name, pairs: fields.pairs };
  }
  if (name.startsWith("sigil_")) {
    return { t: "sigil", letter: name.slice(6), text: args[0]!, modifiers: modifiers(args[1]) };
  }
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || dot === name.length - 1) return { t: "call", name, args, parens: true };
  const owner = name.slice(0, dot);
  const target: Node = owner.startsWith(":")
    ? { t: "atom", value: owner.slice(1).replace(/^"(.*)"$/, "$1") }
    : { t: "alias", name: owner };
  return { t: "dot", target, name: name.slice(dot + 1), args, parens: true };
}

function modifiers(node: Node | undefined): string {
  return node?.t === "list"
    ? node.items.map((item) => item.t === "number" ? String.fromCodePoint(item.value) : "").join("")
    : "";
}

function hasForm(op: unknown): boolean {
  if (typeof op !== "object" || op === null) return false;
  const { fn } = op as { fn?: unknown };
  return (typeof fn === "string" && FORMS.has(fn)) || Object.values(op).some(hasForm);
}
