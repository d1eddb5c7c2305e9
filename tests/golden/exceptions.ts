/**
 * Steps whose record cannot or need not be met, each with its reason. Everything else is compared.
 *
 * The first group is the README's of the recorder: what shows the BEAM's own inside. The second is
 * what JavaScript cannot tell apart.
 *
 * @module
 */

import type { Step } from "./transcript.ts";

/** What of a step differs. */
export interface Difference {
  readonly part: "return" | "before" | "after" | "exits" | "client_exit" | "step";
  readonly expected: string;
  readonly found: string;
}

/** A difference that is accepted. */
export interface Exception {
  readonly reason: string;
  applies(step: Step, difference: Difference, system: string): boolean;
}

/** Whole floats print as integers: noted where a comparison held only without the point. */
export const FLOATS = "JavaScript has one type of number: a float without a fraction prints as 16, not 16.0";

/** All exceptions. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    reason: "current_function, initial_call and dictionary of Process.info show the BEAM's own inside",
    applies: (step, { part }) =>
      part === "return" &&
      calls(step.do.op).some(({ name, args }) =>
        name === "Process.info" && args.slice(1).some((item) => /"atom":"(current_function|initial_call|dictionary)"/.test(JSON.stringify(item)))
      ),
  },
  {
    reason: "the .app file that is not found is the BEAM's",
    applies: (step, _difference, system) => system === "application" && step.n === 1,
  },
  {
    reason: "files, options and wording of mix are Elixir's",
    applies: (_step, _difference, system) => system === "mix_project",
  },
  {
    reason: "an atom and a string are both strings in TypeScript: a guard is_atom(name) cannot refuse a string",
    applies: (step, { part }) => {
      const { raise } = step.expect;
      if (part !== "return" || raise?.kind !== "error" || raise.exception !== "FunctionClauseError") return false;
      return calls(step.do.op).some(({ name, args }) => /(^|\.)Alarm\.new$/.test(name) && typeof args[0] === "string" && Number.isInteger(args[1]) && args.length === 2);
    },
  },
  {
    reason: "the text shows a raised error with its stack trace, which is the host's",
    applies: (_step, { part, expected, found }) => {
      if (part !== "before" && part !== "after") return false;
      const shown = /\{(?::\w+|%[\w.]+Error\{.*?\}|\{:\w+, .*?\}), \[\{/.exec(expected);
      return shown !== null && found.startsWith(expected.slice(0, shown.index));
    },
  },
];

/** The reason for which a difference is accepted, if there is one. */
export function exceptionFor(step: Step, difference: Difference, system: string): string | undefined {
  return EXCEPTIONS.find((exception) => exception.applies(step, difference, system))?.reason;
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Every call in the data of a step, innermost too. */
function calls(op: unknown): Call[] {
  if (typeof op !== "object" || op === null) return [];
  const { fn, args } = op as { fn?: unknown; args?: unknown };
  const inner = Object.values(op).flatMap(calls);
  return typeof fn === "string" && Array.isArray(args) ? [{ name: fn, args }, ...inner] : inner;
}
