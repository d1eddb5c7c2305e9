/**
 * The expressions of Elixir that a transcript's steps are made of, as data. `elixir.ts` makes them of
 * source text, `op.ts` of a step's JSON; `eval.ts` is the one evaluator of both.
 *
 * A pattern is an expression too, read otherwise (`pattern.ts`).
 *
 * @module
 */

/** One expression. */
export type Node =
  | { t: "number"; value: number; float?: boolean }
  | { t: "string"; value: string }
  | { t: "interpolation"; parts: readonly Node[] }
  | { t: "charlist"; value: string }
  | { t: "atom"; value: string }
  | { t: "bool"; value: boolean }
  | { t: "nil" }
  | { t: "alias"; name: string }
  | { t: "var"; name: string }
  | { t: "list"; items: readonly Node[]; tail?: Node }
  | { t: "tuple"; items: readonly Node[] }
  | { t: "map"; pairs: readonly Pair[]; base?: Node }
  | { t: "struct"; name: string; pairs: readonly Pair[] }
  | { t: "sigil"; letter: string; text: Node; modifiers: string }
  /** `name(args)`, with the sections of its do-block if it has one. `parens` is false for a bare name. */
  | { t: "call"; name: string; args: readonly Node[]; sections?: Sections; parens: boolean }
  /** `target.name(args)`; without parentheses it is a field when the target is no module. */
  | {
    t: "dot";
    target: Node;
    name: string;
    args: readonly Node[];
    parens: boolean;
    sections?: Sections;
  }
  | { t: "apply"; target: Node; args: readonly Node[] }
  | { t: "index"; target: Node; key: Node }
  | { t: "fn"; clauses: readonly Clause[] }
  | { t: "capture"; body: Node }
  | { t: "captureArg"; n: number }
  | { t: "unary"; op: string; arg: Node }
  | { t: "binary"; op: string; left: Node; right: Node }
  | { t: "pin"; arg: Node }
  | { t: "match"; pattern: Node; value: Node }
  | { t: "block"; items: readonly Node[] }
  /** `a -> b` clauses between parentheses or sections, seen only inside `Sections`. */
  | { t: "clauses"; clauses: readonly Clause[] }
  /** A stand-in of the recorder (`<pid1>`, `<fun/0>`, `<stack>`), in texts of log reports only. */
  | { t: "placeholder"; kind: string; n?: number }
  /** The `...` at which the printing of a long term stops, in texts of log reports only. */
  | { t: "etc" };

/** A key and a value of a map. */
export type Pair = readonly [key: Node, value: Node];

/** `patterns when guard -> body`. */
export interface Clause {
  readonly patterns: readonly Node[];
  readonly guard?: Node;
  readonly body: Node;
}

/** What stands under `do`, `else`, `after`, `rescue`, `catch` of a block. */
export type Sections = Readonly<Partial<Record<SectionName, Node>>>;

/** The words that open a section. */
export type SectionName = "do" | "else" | "after" | "rescue" | "catch";

/** Source text, or the data of a step, that cannot be read; says where. */
export class SyntaxFailure extends Error {
  override name = "SyntaxFailure";
}
