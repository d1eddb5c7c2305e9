/**
 * Tokens of Elixir source: what `elixir.ts` parses.
 *
 * Newlines are tokens, as they end expressions, except where the line before or the line after shows
 * that the expression goes on.
 *
 * @module
 */

import { SyntaxFailure } from "./ast.ts";

/** One token. `space` says whether white space stands before it. */
export interface Token {
  readonly type:
    | "number"
    | "string"
    | "charlist"
    | "atom"
    | "kw"
    | "ident"
    | "alias"
    | "op"
    | "sigil"
    | "placeholder"
    | "newline"
    | "end";
  readonly text: string;
  readonly at: number;
  readonly space: boolean;
  /** Of numbers. */
  readonly value?: number;
  readonly float?: boolean;
  /** Of strings, quoted atoms and keywords, sigils: literal text and interpolated source, in turn. */
  readonly parts?: readonly Part[];
  readonly modifiers?: string;
}

/** A piece of a string: text as it is, or the source between `#{` and `}`. */
export type Part = { readonly text: string } | { readonly code: string; readonly at: number };

const OPERATORS = [
  "<<<",
  ">>>",
  "===",
  "!==",
  "...",
  "&&&",
  "|||",
  "+++",
  "---",
  "~>>",
  "<<~",
  "<~>",
  "^^^",
  "->",
  "<-",
  "=>",
  "==",
  "!=",
  "=~",
  "<=",
  ">=",
  "&&",
  "||",
  "|>",
  "++",
  "--",
  "<>",
  "..",
  "::",
  "\\\\",
  "//",
  "**",
  "<<",
  ">>",
  "+",
  "-",
  "*",
  "/",
  "=",
  "<",
  ">",
  "!",
  "&",
  "|",
  ".",
  ",",
  ";",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "%",
  "^",
  "@",
] as const; // longest first

/** Operators at whose start of a line the line before goes on. */
const CONTINUES = new Set([
  "|>",
  "and",
  "or",
  "when",
  "in",
  "<>",
  "++",
  "--",
  "|",
  "==",
  "!=",
  "=~",
  "<=",
  ">=",
  "&&",
  "||",
  "=",
  "<-",
  "::",
  "\\\\",
  "=>",
  "===",
  "!==",
  ".",
  "..",
  "//",
  "not in",
]);

/** Tokens after which a line always goes on. */
const OPEN_ENDED = new Set([
  ...CONTINUES,
  ",",
  "(",
  "[",
  "{",
  "<<",
  "->",
  "+",
  "-",
  "*",
  "/",
  "<",
  ">",
  "!",
  "&",
  "^",
  "not",
  "fn",
  "do",
  "%",
]);

const CLOSERS: Readonly<Record<string, string>> = {
  "(": ")",
  "[": "]",
  "{": "}",
  "<": ">",
  "/": "/",
  "|": "|",
  '"': '"',
  "'": "'",
};

const PLACEHOLDER = /<(pid|ref)(\d*)>|<(fun)(?:\/(\d+))?>|<(stack|time)>/y;
const OPAQUE = /#([A-Z][\w.]*)</y;

/** Options of {@linkcode lex}. */
export interface LexOptions {
  /** Read `<pid1>`, `<fun/0>`, `#Port<…>` and `...` as the texts of log reports have them. Default false. */
  readonly placeholders?: boolean;
}

/**
 * Cuts source into tokens, the last of which is of type `end`.
 *
 * @throws {SyntaxFailure} At a character no token begins with, and for an unclosed string.
 */
export function lex(source: string, options: LexOptions = {}): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let space = false;

  const push = (token: Omit<Token, "at" | "space">, from: number): void => {
    tokens.push({ ...token, at: from, space });
    space = false;
  };

  while (at < source.length) {
    const from = at;
    const c = source[at]!;
    if (c === "\n") {
      at++;
      space = true;
      if (tokens.at(-1)?.type !== "newline") push({ type: "newline", text: "\n" }, from);
      space = true;
      continue;
    }
    if (/\s/.test(c)) {
      at++;
      space = true;
      continue;
    }
    if (options.placeholders) {
      const found = stick(PLACEHOLDER, source, at);
      if (found) {
        at += found[0].length;
        push({
          type: "placeholder",
          text: found[1] ?? found[3] ?? found[5] ?? "",
          ...number(found[2] || found[4]),
        }, from);
        continue;
      }
      const opaque = stick(OPAQUE, source, at);
      if (opaque) {
        at = closing(source, at + opaque[0].length, "<", ">");
        push({ type: "placeholder", text: "opaque" }, from);
        continue;
      }
    }
    if (c === "#") {
      while (at < source.length && source[at] !== "\n") at++;
      continue;
    }
    if (/[0-9]/.test(c)) {
      const found = stick(
        /0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|\d[\d_]*(\.\d[\d_]*([eE][+-]?\d+)?)?/y,
        source,
        at,
      )!;
      at += found[0].length;
      push({
        type: "number",
        text: found[0],
        value: Number(found[0].replaceAll("_", "")),
        float: found[1] !== undefined,
      }, from);
      continue;
    }
    if (c === "?" && at + 1 < source.length) {
      const escaped = source[at + 1] === "\\";
      const code = escaped
        ? unescape(source, at + 1)[0]
        : String.fromCodePoint(source.codePointAt(at + 1)!);
      at += escaped ? 1 + unescape(source, at + 1)[1] : 1 + code.length;
      push({ type: "number", text: source.slice(from, at), value: code.codePointAt(0)! }, from);
      continue;
    }
    if (c === '"' || c === "'") {
      const heredoc = source.startsWith(c.repeat(3), at);
      const quote = heredoc ? c.repeat(3) : c;
      const [parts, next] = quoted(source, at + quote.length, quote, true);
      at = next;
      const text = heredoc ? undent(parts) : parts;
      const key = !heredoc && source[at] === ":" && /\s|$/.test(source[at + 1] ?? "");
      if (key) at++;
      push({
        type: key ? "kw" : c === '"' ? "string" : "charlist",
        text: source.slice(from, at),
        parts: text,
      }, from);
      continue;
    }
    if (c === "~" && /[a-zA-Z]/.test(source[at + 1] ?? "")) {
      const letter = source[at + 1]!;
      const open = source[at + 2] ?? "";
      const close = CLOSERS[open];
      if (close === undefined) fail(source, at, `unknown delimiter of a sigil: ${open}`);
      const raw = letter === letter.toUpperCase();
      const triple = source.startsWith(open.repeat(3), at + 2) && (open === '"' || open === "'");
      const mark = triple ? open.repeat(3) : close;
      const [parts, next] = quoted(source, at + 2 + mark.length, mark, !raw);
      const modifiers = stick(/[a-z]*/y, source, next)![0];
      at = next + modifiers.length;
      push({ type: "sigil", text: letter, parts, modifiers }, from);
      continue;
    }
    if (c === ":" && source[at + 1] === '"') {
      const [parts, next] = quoted(source, at + 2, '"', true);
      at = next;
      push({ type: "atom", text: "", parts }, from);
      continue;
    }
    const atom = stick(
      /:([\p{L}_][\p{L}\p{N}_@]*[?!]?|\{\}|%\{\}|<<>>|[!=<>+\-*/|&^.~]+)/uy,
      source,
      at,
    );
    if (c === ":" && source[at + 1] !== ":" && atom) {
      at += atom[0].length;
      push({ type: "atom", text: atom[1]! }, from);
      continue;
    }
    const word = stick(/[\p{L}_][\p{L}\p{N}_]*(?:[?!](?!=))?/uy, source, at);
    if (word) {
      const name = word[0];
      at += name.length;
      if (source[at] === ":" && source[at + 1] !== ":" && /\s|$/.test(source[at + 1] ?? "")) {
        at++;
        push({ type: "kw", text: name }, from);
      } else push({ type: /^\p{Lu}/u.test(name) ? "alias" : "ident", text: name }, from);
      continue;
    }
    const op = OPERATORS.find((o) => source.startsWith(o, at));
    if (op === undefined) fail(source, at, `unexpected character ${c}`);
    at += op.length;
    push({ type: "op", text: op }, from);
  }
  space = true;
  push({ type: "end", text: "" }, source.length);
  return joinLines(tokens);
}

/** Drops the newlines at which an expression goes on. */
function joinLines(tokens: readonly Token[]): Token[] {
  return tokens.filter((token, i) => {
    if (token.type !== "newline") return true;
    const before = tokens[i - 1];
    const after = tokens[i + 1];
    if (before === undefined) return false;
    if (isWord(before) && OPEN_ENDED.has(before.text)) return false;
    return !(after !== undefined && isWord(after) &&
      (CONTINUES.has(after.text) || [")", "]", "}", ">>"].includes(after.text)));
  });
}

function isWord(token: Token): boolean {
  return token.type === "op" || token.type === "ident";
}

function number(digits: string | undefined): { value?: number } {
  return digits ? { value: Number(digits) } : {};
}

function stick(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  const sticky = new RegExp(pattern.source, pattern.flags);
  sticky.lastIndex = at;
  return sticky.exec(source);
}

function closing(source: string, at: number, open: string, close: string): number {
  let depth = 1;
  while (at < source.length && depth > 0) {
    if (source[at] === open) depth++;
    if (source[at] === close) depth--;
    at++;
  }
  return at;
}

function quoted(source: string, at: number, quote: string, escapes: boolean): [Part[], number] {
  const parts: Part[] = [];
  let text = "";
  for (;;) {
    if (at >= source.length) fail(source, at, `missing ${quote}`);
    if (source.startsWith(quote, at)) break;
    if (escapes && source[at] === "\\") {
      const [char, length] = unescape(source, at);
      text += char;
      at += length;
    } else if (escapes && source.startsWith("#{", at)) {
      const end = closing(source, at + 2, "{", "}");
      parts.push({ text }, { code: source.slice(at + 2, end - 1), at: at + 2 });
      text = "";
      at = end;
    } else text += source[at++];
  }
  parts.push({ text });
  return [parts, at + quote.length];
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  s: " ",
  a: "\x07",
  b: "\b",
  d: "\x7f",
  e: "\x1b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};

function unescape(source: string, at: number): [string, number] {
  const c = source[at + 1] ?? "";
  const hex = stick(
    /\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\[ux]\{([0-9a-fA-F]+)\}/y,
    source,
    at,
  );
  if (hex) return [String.fromCodePoint(parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16)), hex[0].length];
  return [ESCAPES[c] ?? c, 2];
}

function undent(parts: readonly Part[]): Part[] {
  const first = parts.map((p) => "text" in p ? p.text : "x").join("");
  const margin = /\n([ \t]*)$/.exec(first)?.[1] ?? "";
  return parts.map((part, i) => {
    if (!("text" in part)) return part;
    const text = part.text.replaceAll("\n" + margin, "\n");
    return { text: i === 0 ? text.replace(/^\n/, "") : text };
  });
}

/** Throws with line and column of a place in the source. */
export function fail(source: string, at: number, message: string): never {
  const lines = source.slice(0, at).split("\n");
  throw new SyntaxFailure(
    `${message} (line ${lines.length}, column ${lines.at(-1)!.length + 1} of ${
      JSON.stringify(source)
    })`,
  );
}
