/**
 * Steps whose record cannot or need not be met, each with its reason. Everything else is compared.
 *
 * The first group is the README's of the recorder: what shows the BEAM's own inside. The second is
 * what JavaScript cannot tell apart.
 *
 * @module
 */

import { CORRESPONDING } from "./errors.ts";
import { readElixir } from "./printed.ts";
import { SHELL, type Step, type Term } from "./transcript.ts";

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
export const FLOATS =
  "JavaScript has one type of number: a float without a fraction prints as 16, not 16.0";

/** All exceptions. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    reason:
      "current_function, initial_call and dictionary of Process.info show the BEAM's own inside",
    applies: (step, { part }) =>
      part === "return" &&
      calls(step.do.op).some(({ name, args }) =>
        name === "Process.info" && args.slice(1).some((item) =>
          /"atom":"(current_function|initial_call|dictionary)"/.test(JSON.stringify(item))
        )
      ),
  },
  {
    reason:
      "a Registry's partitions are processes of their own in Elixir, and register/3 answers the one that has the key",
    applies: (step, { part, expected, found }) =>
      part === "return" && calls(step.do.op).some(({ name }) => name === "Registry.register") &&
      /^\{:ok, <pid\d+>\}$/.test(expected) && /^\{:ok, (<pid\d+>|#PID<[\d.]+>)\}/.test(found),
  },
  {
    reason: "the .app file that is not found is the BEAM's",
    applies: (step, _difference, system) => system === "application" && step.n === 1,
  },
  {
    reason:
      "a new project has a core, a server and a program, and Deno needs no file to start its tests",
    applies: (step, difference, system) =>
      system === "mix_project" && answers(step, difference, "files", sameFiles),
  },
  {
    reason: "what a compiler says of its work is its own; only its status counts",
    applies: (step, difference, system) =>
      system === "mix_project" && answers(step, difference, "mix", sameStatus) &&
      /^mix\(\["compile"\]/.test(step.do.text),
  },
  {
    reason:
      "a specification lists neither compiled modules nor the applications that are this library",
    applies: (step, difference, system) =>
      system === "mix_project" && answers(step, difference, "app_file", sameSpecification),
  },
  {
    reason:
      "an atom and a string are both strings in TypeScript: a string cannot be refused where an atom is asked for",
    applies: (step) => {
      const { raise } = step.expect;
      return raise?.kind === "error" &&
        ["ArgumentError", "FunctionClauseError"].includes(raise.exception) &&
        calls(step.do.op).some(hasTextForAtom);
    },
  },
  {
    reason:
      "the exit of a linked server that does not start races with the error that its start answers",
    applies: ({ do: { client = SHELL }, expect }, { part, expected, found }) =>
      part === "return" && expected.startsWith("{:error, ") &&
      found.startsWith("the client died of ") &&
      (expect.client_exit ?? []).some((exit) => exit.client === client),
  },
  {
    reason:
      "an atom and a string are both strings in TypeScript: a printed term may show one as the other",
    applies: (_step, { part, expected, found }) => {
      const quoted = (text: string): string =>
        text.replaceAll(/:(?=[a-z_])(\w+)|\\"([a-z_]\w*)\\"/g, "<$1$2>");
      return part !== "step" && /^(print )?"/.test(expected) && expected !== found &&
        quoted(expected) === quoted(found);
    },
  },
  {
    reason: "a port may word exceptions otherwise, and this value is the text of one",
    applies: (_step, { part, expected, found }) => {
      const name = (text: string): string | undefined => /^"%([\w.]+Error)\{/.exec(text)?.[1];
      const [raised, here] = [name(expected), name(found)];
      return part === "return" && raised !== undefined && here !== undefined &&
        raised !== "ArithmeticError" &&
        [raised, ...CORRESPONDING[raised] ?? []].includes(here);
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
export function exceptionFor(
  step: Step,
  difference: Difference,
  system: string,
): string | undefined {
  return EXCEPTIONS.find((exception) => exception.applies(step, difference, system))?.reason;
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Which argument of a function must be an atom, unless it is something else than a text. */
const TAKES_ATOM: readonly (readonly [name: RegExp, argument: number])[] = [
  [/^send$/, 0],
  [/^GenServer\.(call|cast|stop|whereis)$/, 0],
  [/^Process\.(whereis|unregister|monitor|send|send_after)$/, 0],
  [/^Process\.register$/, 1],
  [/^NameServer2\.(start|rpc)$/, 0],
];

function hasTextForAtom({ name, args }: Call): boolean {
  if (/(^|\.)Alarm\.new$/.test(name)) {
    return typeof args[0] === "string" && Number.isInteger(args[1]) && args.length === 2;
  }
  const taken = TAKES_ATOM.some(([pattern, at]) => pattern.test(name) && isText(args[at]));
  // `name: "text"` among the options
  return taken || args.flatMap((arg) => Array.isArray(arg) ? arg : []).some((option) => {
    const pair = (option as { tuple?: unknown[] } | null)?.tuple;
    return JSON.stringify(pair?.[0]) === '{"atom":"name"}' && isText(pair?.[1]);
  });
}

/** Files that only a project of `lib/new.ts` has, and that only one of mix has: see `mix_names.ts`. */
const [OURS, MIXS] = [["lib/core.ts", "lib/server.ts", "main.ts"], ["test/test_helper.exs"]];

const sameFiles = (recorded: Items, found: Items): boolean =>
  sameValue([...recorded.filter((file) => !MIXS.includes(String(file))), ...OURS].sort(), found);

const sameStatus = ([recorded]: Items, [found]: Items): boolean => recorded === found;

/** Applications that mix writes into every `.app` file. */
const LIBRARY: readonly unknown[] = ["kernel", "stdlib", "elixir", "logger"];

function sameSpecification([name, recorded]: Items, found: Items): boolean {
  const entries = (recorded as [key: string, value: Items][])
    .filter(([key]) => key !== "modules")
    .map(([key, value]) => [
      key,
      key === "applications" ? value.filter((item) => !LIBRARY.includes(item)) : value,
    ]);
  return sameValue([name, entries], found);
}

/** What a list or a tuple is here. */
type Items = readonly unknown[];

/** Whether a step of a single call, that of `helper`, answered what counts as the same. */
function answers(
  step: Step,
  { part, expected, found }: Difference,
  helper: string,
  same: (recorded: Items, found: Items) => boolean,
): boolean {
  if (part !== "return" || (step.do.op as { readonly fn?: string } | null)?.fn !== helper) {
    return false;
  }
  const [recorded, here] = [valueOf(expected), valueOf(found)];
  return Array.isArray(recorded) && Array.isArray(here) && same(recorded, here);
}

const sameValue = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The value that a text of a difference shows, as it is in TypeScript: see the table in `terms.ts`. */
function valueOf(text: string): unknown {
  return plain(readElixir(text.replace(/ \(differs at .*\)$/, "")));
}

function plain(term: Term | undefined): unknown {
  if (typeof term !== "object" || term === null) return term;
  if (Array.isArray(term)) return term.map(plain);
  if ("tuple" in term) return term.tuple.map(plain);
  return "atom" in term ? term.atom : "module" in term ? term.module : term;
}

const isText = (op: unknown): boolean => typeof op === "string";

/** Every call in the data of a step, innermost too. */
function calls(op: unknown): Call[] {
  if (typeof op !== "object" || op === null) return [];
  const { fn, args } = op as { fn?: unknown; args?: unknown };
  const inner = Object.values(op).flatMap(calls);
  return typeof fn === "string" && Array.isArray(args) ? [{ name: fn, args }, ...inner] : inner;
}
