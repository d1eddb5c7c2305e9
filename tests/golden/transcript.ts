/**
 * The format of a golden transcript, and reading it.
 *
 * @module
 */

/** A value as the recorder writes it. */
export type Term =
  | number
  | string
  | boolean
  | null
  | readonly Term[]
  | { readonly float: number }
  | { readonly atom: string }
  | { readonly module: string }
  | { readonly tuple: readonly Term[] }
  | { readonly map: readonly (readonly [Term, Term])[] }
  | { readonly struct: string; readonly fields: Readonly<Record<string, Term>> }
  | { readonly pid: number }
  | { readonly ref: number }
  | { readonly fun: number }
  | { readonly any: string }
  | { readonly range: readonly [number, number] }
  | { readonly cons: readonly [Term, Term] };

/** An expression as data: a term whose parts may be calls, variables and source. */
export type Op = unknown;

/** One write to the standard output, or one error report, in its place among the others. */
export type ExpectedEvent =
  | { readonly print: string; readonly node?: string }
  | {
    readonly log: string;
    readonly error?: string;
    readonly last_message?: string;
    readonly state?: string;
  };

/** How a step failed. */
export type ExpectedRaise =
  | { readonly kind: "error"; readonly exception: string; readonly message: string }
  | { readonly kind: "exit" | "throw"; readonly value: Term; readonly message: string };

/** What was seen of a step on the BEAM. */
export interface Expectation {
  readonly return?: Term;
  readonly text?: string;
  readonly raise?: ExpectedRaise;
  readonly before?: readonly ExpectedEvent[];
  readonly after?: readonly ExpectedEvent[];
  readonly exits?: readonly { readonly pid: Term; readonly reason: Term; readonly text: string }[];
  readonly client_exit?: readonly {
    readonly client: string;
    readonly reason: Term;
    readonly text: string;
  }[];
}

/** One step. */
export interface Step {
  readonly n: number;
  readonly do: {
    readonly text: string;
    readonly op: Op;
    readonly bind?: Op;
    readonly client?: string;
  };
  readonly expect: Expectation;
}

/** One scenario. */
export interface Transcript {
  readonly name: string;
  readonly system: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

/** The client of steps that name none. */
export const SHELL = "shell";

/** A file that is no transcript; the message says why and in which line. */
export class FormatError extends Error {
  override name = "FormatError";
}

/**
 * Reads the text of a transcript.
 *
 * @throws {FormatError} If a line is not what the format says, or the last line is missing.
 */
export function parseTranscript(text: string): Transcript {
  const lines = text.split("\n").map((line, i) => ({ line, number: i + 1 })).filter(({ line }) =>
    line.trim() !== ""
  );
  const objects = lines.map(({ line, number }) => ({ number, value: parseLine(line, number) }));
  const head = objects.shift();
  if (head === undefined) throw new FormatError("the file is empty");
  if (head.value.golden !== 1) {
    throw new FormatError(
      `line ${head.number}: a transcript begins with {"golden":1,…}, this is ${
        JSON.stringify(head.value).slice(0, 60)
      }`,
    );
  }
  const steps: Step[] = [];
  let end: { steps?: unknown } | undefined;
  for (const { number, value } of objects) {
    if (end !== undefined) {
      throw new FormatError(`line ${number}: something follows the end of the transcript`);
    }
    if ("note" in value) continue;
    if (value.end === true) end = value;
    else steps.push(stepOf(value, number));
  }
  if (end === undefined) {
    throw new FormatError('the last line {"end":true,…} is missing: the file is cut off');
  }
  if (end.steps !== steps.length) {
    throw new FormatError(`the last line says ${end.steps} steps, the file has ${steps.length}`);
  }
  const { name, system, about } = head.value;
  if (typeof name !== "string") throw new FormatError(`line ${head.number}: the name is missing`);
  return {
    name,
    system: typeof system === "string" ? system : name,
    about: typeof about === "string" ? about : "",
    steps,
  };
}

function parseLine(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new FormatError(`line ${number}: no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`line ${number}: no JSON object`);
  }
  return value as Record<string, unknown>;
}

const DO = new Set(["text", "op", "bind", "client"]);
const EXPECT = new Set(["return", "text", "raise", "before", "after", "exits", "client_exit"]);

function stepOf(value: Record<string, unknown>, number: number): Step {
  const step = value as unknown as Step;
  const no = (what: string): never => {
    throw new FormatError(`line ${number}: ${what}`);
  };
  if (typeof step.n !== "number") no('neither a step ("n"), nor a note, nor the end');
  if (typeof step.do !== "object" || step.do === null) no('a step needs "do"');
  if (typeof step.expect !== "object" || step.expect === null) no('a step needs "expect"');
  if (typeof step.do.text !== "string" || !("op" in step.do)) no('"do" needs "text" and "op"');
  for (const key of Object.keys(step.do)) if (!DO.has(key)) no(`"do" has an unknown key "${key}"`);
  for (const key of Object.keys(step.expect)) {
    if (!EXPECT.has(key)) no(`"expect" has an unknown key "${key}"`);
  }
  return step;
}
