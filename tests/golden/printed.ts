/**
 * Terms that were recorded as text: in the reports of crashes, Elixir prints the last message and the
 * state. They are read back, so that values are compared and not spellings.
 *
 * @module
 */

import type { Node } from "./ast.ts";
import { parse } from "./elixir.ts";
import type { Term } from "./transcript.ts";

/** The term that a text of Elixir's `inspect` shows, or `undefined` if it cannot be read (cut off, or none). */
export function readElixir(text: string): Term | undefined {
  try {
    return toTerm(parse(text, { placeholders: true }), false);
  } catch {
    return undefined;
  }
}

/** The term that a text of Erlang's `~p` shows, or `undefined` if it cannot be read. */
export function readErlang(text: string): Term | undefined {
  try {
    // binaries become sigils: a string between plain quotes is a list of codes there
    return toTerm(
      parse(text.replaceAll(/<<("(?:[^"\\]|\\.)*")>>/g, "~s$1"), { placeholders: true }),
      true,
    );
  } catch {
    return undefined;
  }
}

function toTerm(node: Node, erlang: boolean): Term {
  const terms = (nodes: readonly Node[]): Term[] => nodes.map((item) => toTerm(item, erlang));
  switch (node.t) {
    case "number":
      return node.float ? { float: node.value } : node.value;
    case "string":
      return erlang ? codes(node.value) : node.value;
    case "sigil":
      if (node.text.t === "string") return node.letter === "s" ? node.text.value : { any: "time" };
      break;
    case "charlist":
      return erlang ? atomOrModule(node.value) : codes(node.value);
    case "atom":
      return { atom: node.value };
    case "bool":
      return node.value;
    case "nil":
      return null;
    case "alias":
      return { module: node.name };
    case "var":
      if (erlang) return atomOrModule(node.name);
      break;
    case "list":
      if (node.tail !== undefined) {
        return { cons: [toTerm(node.items[0]!, erlang), toTerm(node.tail, erlang)] };
      }
      return terms(node.items);
    case "tuple":
      return { tuple: terms(node.items) };
    case "map":
      return {
        map: node.pairs.map(([key, value]) =>
          [toTerm(key, erlang), toTerm(value, erlang)] as const
        ),
      };
    case "struct":
      return {
        struct: node.name,
        fields: Object.fromEntries(
          node.pairs.map((
            [key, value],
          ) => [key.t === "atom" ? key.value : "", toTerm(value, erlang)]),
        ),
      };
    case "binary":
      if (node.op === ".." && node.left.t === "number" && node.right.t === "number") {
        return { range: [node.left.value, node.right.value] };
      }
      break;
    case "placeholder":
      if (node.n !== undefined && node.kind === "pid") return { pid: node.n };
      if (node.n !== undefined && node.kind === "ref") return { ref: node.n };
      return node.kind === "fun" ? { fun: node.n ?? 0 } : { any: node.kind };
    case "etc":
      return { any: "etc" };
    case "dot":
      // an MFA as it is printed in `exited in: GenServer.call(…)`
      if (node.parens && (node.target.t === "alias" || node.target.t === "atom")) {
        return { tuple: [toTerm(node.target, erlang), { atom: node.name }, terms(node.args)] };
      }
      break;
  }
  throw new TypeError(`no term: ${node.t}`);
}

function codes(text: string): Term {
  return Array.from(text, (c) => c.codePointAt(0)!);
}

function atomOrModule(name: string): Term {
  return name.startsWith("Elixir.") ? { module: name.slice("Elixir.".length) } : { atom: name };
}
