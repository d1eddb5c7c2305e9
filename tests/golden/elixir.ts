/**
 * Reads Elixir source into `ast.ts`: the expressions that steps of a transcript are written in, and the
 * terms that its log reports print.
 *
 * No definitions (`def`, `defmodule`), no macros beyond the special forms of `eval.ts`: a step is
 * something that a user types at a shell.
 *
 * @module
 */

import type { Clause, Node, Pair, SectionName, Sections } from "./ast.ts";
import { fail, lex, type LexOptions, type Part, type Token } from "./lexer.ts";

/** Binary operators: how strongly they bind, and to which side. */
const BINARY: Readonly<Record<string, readonly [power: number, side: "left" | "right"]>> = {
  "\\\\": [1, "left"],
  "<-": [1, "left"],
  "when": [2, "right"],
  "::": [3, "right"],
  "|": [4, "right"],
  "=>": [5, "right"],
  "=": [7, "right"],
  "||": [8, "left"],
  "or": [8, "left"],
  "&&": [9, "left"],
  "and": [9, "left"],
  "==": [10, "left"],
  "!=": [10, "left"],
  "=~": [10, "left"],
  "===": [10, "left"],
  "!==": [10, "left"],
  "<": [11, "left"],
  ">": [11, "left"],
  "<=": [11, "left"],
  ">=": [11, "left"],
  "|>": [12, "left"],
  "in": [13, "left"],
  "not in": [13, "left"],
  "++": [15, "right"],
  "--": [15, "right"],
  "<>": [15, "right"],
  "..": [15, "right"],
  "//": [14, "right"],
  "+": [16, "left"],
  "-": [16, "left"],
  "*": [17, "left"],
  "/": [17, "left"],
  "**": [18, "left"],
};
const CAPTURE_POWER = 6;
const UNARY_POWER = 19;

const SECTIONS = new Set<string>(["do", "else", "after", "rescue", "catch"]);
/** Words that are no names. */
const RESERVED = new Set([
  "do",
  "end",
  "else",
  "after",
  "rescue",
  "catch",
  "fn",
  "and",
  "or",
  "not",
  "in",
  "when",
]);

/**
 * Parses one or more expressions.
 *
 * @throws {SyntaxFailure} Where the source leaves the subset, with line and column.
 */
export function parse(source: string, options: LexOptions = {}): Node {
  const parser = new Parser(source, options);
  const node = parser.sequence([]);
  parser.expectEnd();
  return node;
}

class Parser {
  readonly #source: string;
  readonly #options: LexOptions;
  readonly #tokens: readonly Token[];
  #i = 0;
  /** Inside the arguments of a call without parentheses: a `do` there belongs to that call. */
  #doIsOuter = false;

  constructor(source: string, options: LexOptions) {
    this.#source = source;
    this.#options = options;
    this.#tokens = lex(source, options);
  }

  expectEnd(): void {
    if (this.#peek().type !== "end") this.#unexpected();
  }

  /** Expressions up to one of the closing words; the value of a block is that of its last one. */
  sequence(closers: readonly string[]): Node {
    const items: Node[] = [];
    for (;;) {
      this.#separators();
      if (this.#peek().type === "end" || this.#isAny(closers)) break;
      if (items.length > 0 && this.#atClause()) break;
      items.push(this.expression());
      if (!this.#isSeparator() && this.#peek().type !== "end" && !this.#isAny(closers)) {
        this.#unexpected();
      }
    }
    return items.length === 1 ? items[0]! : { t: "block", items };
  }

  expression(power = 0): Node {
    let left = this.#operand();
    for (;;) {
      const [op, width] = this.#binaryOperator();
      if (op === undefined) return left;
      const [bind, side] = BINARY[op]!;
      if (bind < power) return left;
      this.#i += width;
      this.#newlines();
      const right = this.expression(side === "left" ? bind + 1 : bind);
      left = binary(op, left, right);
    }
  }

  #binaryOperator(): [op: string | undefined, width: number] {
    const token = this.#peek();
    if (token.type === "ident" && token.text === "not") {
      const next = this.#tokens[this.#i + 1];
      return next?.type === "ident" && next.text === "in" ? ["not in", 2] : [undefined, 0];
    }
    const word = token.type === "op" ||
      (token.type === "ident" && ["and", "or", "in", "when"].includes(token.text));
    return word && Object.hasOwn(BINARY, token.text) ? [token.text, 1] : [undefined, 0];
  }

  #operand(): Node {
    const token = this.#peek();
    if (token.type === "op") {
      switch (token.text) {
        case "&":
          return this.#capture();
        case "!":
        case "-":
        case "+": {
          this.#i++;
          const arg = this.expression(UNARY_POWER);
          if (token.text === "-" && arg.t === "number") return { ...arg, value: -arg.value };
          return { t: "unary", op: token.text, arg };
        }
        case "^":
          this.#i++;
          return { t: "pin", arg: this.expression(UNARY_POWER) };
      }
    }
    if (token.type === "ident" && token.text === "not") {
      this.#i++;
      return { t: "unary", op: "not", arg: this.expression(UNARY_POWER) };
    }
    return this.#postfix(this.#primary());
  }

  #capture(): Node {
    this.#i++;
    const token = this.#peek();
    const slash = this.#tokens[this.#i + 1];
    if (token.type === "op" && Object.hasOwn(BINARY, token.text) && slash?.text === "/") {
      this.#i++;
      return {
        t: "capture",
        body: binary("/", { t: "var", name: token.text }, (this.#i++, this.#primary())),
      };
    }
    if (token.type === "number" && !token.space) {
      this.#i++;
      return this.#postfix({ t: "captureArg", n: token.value! });
    }
    return { t: "capture", body: this.expression(CAPTURE_POWER) };
  }

  /** `.name`, `.(…)`, `[key]` after an operand. */
  #postfix(start: Node): Node {
    let node = start;
    for (;;) {
      const token = this.#peek();
      if (token.type === "op" && token.text === ".") {
        this.#i++;
        const next = this.#peek();
        if (next.type === "op" && next.text === "(") {
          node = { t: "apply", target: node, args: this.#parenArgs() };
        } else if (next.type === "alias" && node.t === "alias") {
          this.#i++;
          node = { t: "alias", name: `${node.name}.${next.text}` };
        } else if (next.type === "op" && next.text === "{") {
          this.#unexpected();
        } else if (next.type === "kw") {
          // `a.b: 1` does not occur; a keyword here is a name before a colon of a map key
          this.#unexpected();
        } else {
          this.#i++;
          const name = next.type === "string" ? plain(next.parts!) : next.text;
          const after = this.#peek();
          const parens = after.type === "op" && after.text === "(" && !after.space;
          const args = parens ? this.#parenArgs() : this.#bareArgs(next);
          const sections = this.#sections();
          node = {
            t: "dot",
            target: node,
            name,
            args,
            parens: parens || args.length > 0,
            ...(sections && { sections }),
          };
        }
      } else if (token.type === "op" && token.text === "[" && !token.space && node.t !== "number") {
        this.#i++;
        this.#newlines();
        const key = this.#enclosed(() => this.expression());
        this.#close("]");
        node = { t: "index", target: node, key };
      } else return node;
    }
  }

  #primary(): Node {
    const token = this.#next();
    switch (token.type) {
      case "number":
        return { t: "number", value: token.value!, ...(token.float && { float: true }) };
      case "string":
        return this.#string(token.parts!);
      case "charlist":
        return { t: "charlist", value: plain(token.parts!) };
      case "atom":
        return { t: "atom", value: token.parts ? plain(token.parts) : token.text };
      case "sigil":
        return {
          t: "sigil",
          letter: token.text,
          text: this.#string(token.parts!),
          modifiers: token.modifiers!,
        };
      case "alias":
        return { t: "alias", name: token.text };
      case "placeholder":
        return {
          t: "placeholder",
          kind: token.text,
          ...(token.value !== undefined && { n: token.value }),
        };
      case "ident":
        return this.#named(token);
      case "op":
        return this.#bracketed(token);
      case "end":
        this.#unexpected();
    }
    this.#i--;
    this.#unexpected();
  }

  #named(token: Token): Node {
    switch (token.text) {
      case "true":
      case "false":
        return { t: "bool", value: token.text === "true" };
      case "nil":
        return { t: "nil" };
      case "fn":
        return this.#function();
    }
    if (RESERVED.has(token.text)) {
      this.#i--;
      this.#unexpected();
    }
    const after = this.#peek();
    const parens = after.type === "op" && after.text === "(" && !after.space;
    const args = parens ? this.#parenArgs() : this.#bareArgs(token);
    const sections = this.#sections();
    if (!parens && args.length === 0 && sections === undefined) {
      return { t: "var", name: token.text };
    }
    return { t: "call", name: token.text, args, parens, ...(sections && { sections }) };
  }

  #bracketed(token: Token): Node {
    return this.#enclosed(() => this.#inBrackets(token));
  }

  /** Runs a parser of something with an end of its own: a `do` in it is its own. */
  #enclosed<T>(parser: () => T): T {
    const outer = this.#doIsOuter;
    this.#doIsOuter = false;
    const result = parser();
    this.#doIsOuter = outer;
    return result;
  }

  #inBrackets(token: Token): Node {
    switch (token.text) {
      case "(":
        return this.#parenthesized();
      case "[":
        return this.#list();
      case "{":
        return { t: "tuple", items: this.#items("}") };
      case "%":
        return this.#mapOrStruct();
      case "...":
        if (this.#options.placeholders) return { t: "etc" };
        break;
      case "..":
        break;
      case "<<":
        return this.#binaryLiteral();
    }
    this.#i--;
    this.#unexpected();
  }

  #parenthesized(): Node {
    this.#newlines();
    if (this.#accept(")")) return { t: "nil" };
    const node = this.#clausesOrBody([")"]);
    this.#close(")");
    return node;
  }

  #list(): Node {
    const items = this.#items("]");
    const last = items.at(-1);
    if (last?.t === "binary" && last.op === "|") {
      return { t: "list", items: [...items.slice(0, -1), last.left], tail: last.right };
    }
    return { t: "list", items };
  }

  /** `<<"text", more::binary>>` as a concatenation; other binaries are not in the subset. */
  #binaryLiteral(): Node {
    const items = this.#items(">>").map((item) =>
      item.t === "binary" && item.op === "::" ? item.left : item
    );
    if (items.length === 0) return { t: "string", value: "" };
    if (items.every((item) => item.t === "number")) {
      const bytes = Uint8Array.from(items.map((item) => (item as { value: number }).value));
      return { t: "string", value: new TextDecoder().decode(bytes) };
    }
    return items.reduceRight((right, left) => ({ t: "binary", op: "<>", left, right }));
  }

  #mapOrStruct(): Node {
    const next = this.#peek();
    let name: string | undefined;
    if (next.type === "alias") {
      const node = this.#aliasOnly();
      name = node;
    } else if (next.type === "ident") {
      this.#i++;
      name = next.text;
    }
    this.#open("{");
    const items = this.#items("}", true);
    const first = items[0];
    if (first?.t === "binary" && first.op === "|") {
      const base = first.left;
      return {
        t: "map",
        base,
        pairs: pairsOf([first.right, ...items.slice(1)], () => this.#unexpected()),
      };
    }
    const pairs = pairsOf(items, () => this.#unexpected());
    return name === undefined ? { t: "map", pairs } : { t: "struct", name, pairs };
  }

  #aliasOnly(): string {
    let name = this.#next().text;
    while (this.#is(".") && this.#tokens[this.#i + 1]?.type === "alias") {
      this.#i++;
      name += "." + this.#next().text;
    }
    return name;
  }

  #function(): Node {
    return this.#enclosed(() => {
      const clauses = this.#clauses(["end"]);
      this.#word("end");
      return { t: "fn", clauses };
    });
  }

  /** Arguments in parentheses, a trailing keyword list as its own last argument. */
  #parenArgs(): Node[] {
    this.#open("(");
    return this.#enclosed(() => this.#items(")"));
  }

  /** Comma-separated items up to the closer. In maps keyword pairs stay pairs (as `=>`). */
  #items(closer: string, inMap = false): Node[] {
    this.#newlines();
    const items: Node[] = [];
    const keywords: Node[] = [];
    while (!this.#accept(closer)) {
      if (this.#peek().type === "kw") keywords.push(this.#keyword());
      else if (keywords.length > 0 && this.#peek().type !== "placeholder" && !this.#is("...")) {
        this.#unexpected();
      } else if (this.#is("...") && keywords.length > 0) keywords.push(this.expression());
      else items.push(this.#mapItem(inMap));
      this.#newlines();
      if (!this.#accept(",")) {
        this.#close(closer);
        break;
      }
      this.#newlines();
    }
    if (keywords.length === 0) return items;
    if (inMap) return [...items, ...keywords.map(arrow)];
    // a list of pairs: the last argument of a call, or the rest of a list
    if (closer === "]") return [...items, ...keywords];
    return [...items, { t: "list", items: keywords }];
  }

  /** An item; in a map, `m | k: v` has a keyword after its bar. */
  #mapItem(inMap: boolean): Node {
    if (!inMap) return this.expression();
    const left = this.expression(BINARY["|"]![0] + 1);
    if (!this.#accept("|")) return left;
    this.#newlines();
    const right = this.#peek().type === "kw" ? arrow(this.#keyword()) : this.expression();
    return { t: "binary", op: "|", left, right };
  }

  /** `name: value` as the pair that it is. */
  #keyword(): Node {
    const token = this.#next();
    this.#newlines();
    const key: Node = { t: "atom", value: token.parts ? plain(token.parts) : token.text };
    const value = this.expression();
    return { t: "tuple", items: [key, value] };
  }

  /** Arguments of a call without parentheses: what follows on the line, if it can begin an expression. */
  #bareArgs(callee: Token): Node[] {
    const token = this.#peek();
    if (!token.space || !this.#beginsArgument(token) || RESERVED.has(callee.text)) return [];
    const args: Node[] = [];
    const keywords: Node[] = [];
    const outer = this.#doIsOuter;
    this.#doIsOuter = true;
    do {
      this.#newlines();
      if (this.#peek().type === "kw") keywords.push(this.#keyword());
      else args.push(this.expression());
    } while (this.#accept(","));
    this.#doIsOuter = outer;
    return keywords.length === 0 ? args : [...args, { t: "list", items: keywords }];
  }

  #beginsArgument(token: Token): boolean {
    switch (token.type) {
      case "number":
      case "string":
      case "charlist":
      case "atom":
      case "alias":
      case "sigil":
      case "kw":
        return true;
      case "ident":
        if (token.text === "not") return this.#tokens[this.#i + 1]?.text !== "in";
        return token.text === "fn" || !RESERVED.has(token.text);
      case "op": {
        if (["{", "[", "%", "<<", "(", "^"].includes(token.text)) return true;
        // `f -1` is a call, `a - 1` is not
        const next = this.#tokens[this.#i + 1];
        return ["-", "&", "!"].includes(token.text) && next !== undefined && !next.space;
      }
      default:
        return false;
    }
  }

  /** The `do … else … end` after a call, if there is one. */
  #sections(): Sections | undefined {
    if (this.#doIsOuter || !this.#isWord("do")) return undefined;
    const sections: Partial<Record<SectionName, Node>> = {};
    while (!this.#isWord("end")) {
      const name = this.#next();
      if (name.type !== "ident" || !SECTIONS.has(name.text)) {
        this.#i--;
        this.#unexpected();
      }
      sections[name.text as SectionName] = this.#clausesOrBody(["end", ...SECTIONS]);
    }
    this.#word("end");
    return sections;
  }

  #clausesOrBody(closers: readonly string[]): Node {
    this.#separators();
    if (this.#atClause()) return { t: "clauses", clauses: this.#clauses(closers) };
    return this.sequence(closers);
  }

  #clauses(closers: readonly string[]): Clause[] {
    const clauses: Clause[] = [];
    this.#separators();
    while (!this.#isAny(closers)) {
      if (!this.#atClause()) this.#unexpected();
      clauses.push(this.#clause(closers));
      this.#separators();
    }
    return clauses;
  }

  #clause(closers: readonly string[]): Clause {
    const patterns: Node[] = [];
    let guard: Node | undefined;
    const parens = this.#is("(") && this.#parensAreHead();
    if (parens) this.#i++;
    const closer = parens ? ")" : "->";
    while (!this.#is(closer)) {
      if (this.#peek().type === "kw") {
        const keywords: Node[] = [];
        do keywords.push(this.#keyword()); while (this.#accept(",") && this.#peek().type === "kw");
        patterns.push({ t: "list", items: keywords });
      } else patterns.push(this.expression(BINARY["when"]![0] + 1));
      this.#newlines();
      if (!this.#accept(",")) break;
      this.#newlines();
    }
    if (parens) this.#close(")");
    if (this.#isWord("when")) {
      this.#i++;
      guard = this.expression();
    }
    this.#close("->");
    const body = this.sequence(closers);
    return { patterns, body, ...(guard && { guard }) };
  }

  /** Whether a `(` here encloses the whole head of a clause: `(a, b) -> …`. */
  #parensAreHead(): boolean {
    let depth = 0;
    for (let i = this.#i; i < this.#tokens.length; i++) {
      const token = this.#tokens[i]!;
      depth += nesting(token);
      if (depth === 0) {
        const next = this.#tokens[i + 1];
        return next !== undefined && (next.text === "->" || next.text === "when");
      }
    }
    return false;
  }

  /** Whether a `->` comes before the expression here ends: then it is the head of a clause. */
  #atClause(): boolean {
    let depth = 0;
    for (let i = this.#i; i < this.#tokens.length; i++) {
      const token = this.#tokens[i]!;
      if (depth === 0) {
        if (
          token.type === "newline" || token.type === "end" ||
          (token.type === "op" && token.text === ";")
        ) return false;
        if (token.type === "op" && token.text === "->") return true;
        if (token.type === "ident" && SECTIONS.has(token.text) && token.text !== "do") return false;
      }
      depth += nesting(token);
      if (depth < 0) return false;
    }
    return false;
  }

  #string(parts: readonly Part[]): Node {
    if (parts.every((part) => "text" in part)) return { t: "string", value: plain(parts) };
    return {
      t: "interpolation",
      parts: parts.map((part) =>
        "text" in part ? { t: "string", value: part.text } : parse(part.code, this.#options)
      ),
    };
  }

  #peek(): Token {
    return this.#tokens[this.#i]!;
  }
  #next(): Token {
    const token = this.#tokens[this.#i]!;
    if (token.type !== "end") this.#i++;
    return token;
  }
  #is(op: string): boolean {
    const token = this.#peek();
    return token.type === "op" && token.text === op;
  }
  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.type === "ident" && token.text === word;
  }
  #isAny(words: readonly string[]): boolean {
    const token = this.#peek();
    return (token.type === "op" || token.type === "ident") && words.includes(token.text);
  }
  #accept(op: string): boolean {
    if (!this.#is(op)) return false;
    this.#i++;
    return true;
  }
  #open(op: string): void {
    if (!this.#accept(op)) this.#unexpected();
  }
  #close(op: string): void {
    this.#newlines();
    if (!this.#accept(op)) this.#unexpected();
  }
  #word(word: string): void {
    this.#separators();
    if (!this.#isWord(word)) this.#unexpected();
    this.#i++;
  }
  #isSeparator(): boolean {
    return this.#peek().type === "newline" || this.#is(";");
  }
  #separators(): void {
    while (this.#isSeparator()) this.#i++;
  }
  #newlines(): void {
    while (this.#peek().type === "newline") this.#i++;
  }
  #unexpected(): never {
    const token = this.#peek();
    fail(
      this.#source,
      token.at,
      token.type === "end"
        ? "unexpected end"
        : `unexpected ${JSON.stringify(token.text || token.type)}`,
    );
  }
}

function nesting(token: Token): number {
  if (token.type === "op") {
    if (["(", "[", "{", "<<"].includes(token.text)) return 1;
    if ([")", "]", "}", ">>"].includes(token.text)) return -1;
  }
  if (token.type === "ident") {
    if (token.text === "do" || token.text === "fn") return 1;
    if (token.text === "end") return -1;
  }
  return 0;
}

function binary(op: string, left: Node, right: Node): Node {
  if (op === "=") return { t: "match", pattern: left, value: right };
  if (op === "not in") {
    return { t: "unary", op: "not", arg: { t: "binary", op: "in", left, right } };
  }
  // `not a in b` and `!a in b` deny the membership, not the member
  if (op === "in" && left.t === "unary" && (left.op === "not" || left.op === "!")) {
    return { ...left, arg: { t: "binary", op, left: left.arg, right } };
  }
  return { t: "binary", op, left, right };
}

function plain(parts: readonly Part[]): string {
  return parts.map((part) => "text" in part ? part.text : `#{${part.code}}`).join("");
}

function arrow(pair: Node): Node {
  if (pair.t !== "tuple") return pair;
  return { t: "binary", op: "=>", left: pair.items[0]!, right: pair.items[1]! };
}

function pairsOf(items: readonly Node[], unexpected: () => never): Pair[] {
  return items.map((item): Pair => {
    if (item.t === "etc") return [item, item];
    if (item.t !== "binary" || item.op !== "=>") unexpected();
    return [item.left, item.right];
  });
}
