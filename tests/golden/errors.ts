/**
 * Which error of JavaScript stands for which exception of Elixir.
 *
 * A port is free in its wording, and JavaScript has fewer classes of errors, so the comparison is by
 * class: an error is right if it carries the name of the exception itself, or one of the names beside
 * it in {@linkcode CORRESPONDING}. A `RuntimeError` (`raise "text"`) is the program's own: a plain
 * `Error` whose message is the same text.
 *
 * @module
 */

/** For each exception, the names of errors that may stand for it besides its own. */
export const CORRESPONDING: Readonly<Record<string, readonly string[]>> = {
  RuntimeError: ["Error"],
  ArithmeticError: ["RangeError"],
  ArgumentError: ["TypeError", "RangeError"],
  FunctionClauseError: ["TypeError", "RangeError"],
  MatchError: ["TypeError"],
  CaseClauseError: ["TypeError"],
  CondClauseError: ["TypeError"],
  WithClauseError: ["TypeError"],
  TryClauseError: ["TypeError"],
  BadMapError: ["TypeError"],
  BadFunctionError: ["TypeError"],
  BadArityError: ["TypeError"],
  KeyError: ["TypeError", "RangeError"],
  UndefinedFunctionError: ["TypeError", "ReferenceError"],
  "Protocol.UndefinedError": ["TypeError"],
  "Enum.EmptyError": ["TypeError", "RangeError"],
  "Enum.OutOfBoundsError": ["RangeError"],
  SystemLimitError: ["RangeError"],
  ErlangError: ["Error"],
};

/** Exceptions whose message is the program's own text, so it must be the same. */
const SAME_MESSAGE = new Set(["RuntimeError"]);

/** Messages of exceptions that Elixir itself raises as `RuntimeError`: the library raises them with its own text. */
const ELIXIRS_OWN = /^attempted to (call|cast) /;

/** What the BEAM has in an exit reason for a raised error, and the exception that Elixir makes of it. */
const ERLANG_REASONS: Readonly<Record<string, string>> = {
  badarith: "ArithmeticError",
  badarg: "ArgumentError",
  function_clause: "FunctionClauseError",
  undef: "UndefinedFunctionError",
  system_limit: "SystemLimitError",
  cond_clause: "CondClauseError",
  badmatch: "MatchError",
  case_clause: "CaseClauseError",
  try_clause: "TryClauseError",
  with_clause: "WithClauseError",
  badkey: "KeyError",
  badmap: "BadMapError",
  badfun: "BadFunctionError",
  badarity: "BadArityError",
};

/** The exception that Elixir makes of the reason `tag` or `{tag, …}` of a raised error. */
export function exceptionOf(tag: string): string | undefined {
  return ERLANG_REASONS[tag];
}

/**
 * Whether `error` stands for the exception `name`; `message` is compared where it is the program's own.
 */
export function standsFor(
  error: unknown,
  name: string,
  message?: string,
  same: (expected: string, found: string) => boolean = Object.is,
): boolean {
  if (!(error instanceof Error)) return false;
  if (name === "RuntimeError" && message !== undefined && ELIXIRS_OWN.test(message)) return true;
  const names = [name, ...CORRESPONDING[name] ?? []];
  if (!names.includes(error.name) && !names.includes(error.constructor.name)) return false;
  return message === undefined || !SAME_MESSAGE.has(name) || same(message, error.message);
}
