/**
 * The specification of an application, and its module. `controller.ts` loads and starts what they describe.
 *
 * @module
 */

import type { Awaitable } from "../kernel/awaitable.ts";
import { inspect } from "../kernel/inspect.ts";
import { isPlainObject, type Pid, type Term } from "../kernel/term.ts";

/** The callbacks of an application's module. */
export interface Module {
  /** What reports, errors and `inspect` call the module. Default: the name of its class, else its functions. */
  readonly moduleName?: string;
  /**
   * Starts the application's top process, usually a supervisor, linked to the calling process, which is the
   * application's master. `type` is `"normal"`; `args` is the second element of the specification's `mod`.
   *
   * Returns `["ok", pid]`, or `["ok", pid, state]` with a state for the other callbacks (default `[]`),
   * or `["error", reason]`.
   */
  // deno-lint-ignore no-explicit-any -- the type of the arguments is the module's own
  start(type: "normal", args: any): Awaitable<StartReturn>;
  /** Called after `start`, for each of the specification's `startPhases`, in order. */
  startPhase?(
    phase: string,
    type: "normal",
    // deno-lint-ignore no-explicit-any -- as above
    args: any,
  ): Awaitable<"ok" | readonly ["error", Term]>;
  /** Called before the top process is stopped, or when it has exited. Returns the state for `stop`. */
  // deno-lint-ignore no-explicit-any -- the type of the state is the module's own
  prepStop?(state: any): unknown;
  /** Called when the top process has exited, to clean up. The result is ignored. */
  // deno-lint-ignore no-explicit-any -- as above
  stop?(state: any): unknown;
}

/** The result of `start` of an application's module. */
export type StartReturn =
  | readonly ["ok", Pid]
  | readonly ["ok", Pid, Term]
  | readonly ["error", Term]
  | "ignore";

/** The description of an application: what OTP keeps in an `.app` file. */
export interface Specification {
  /** Its name, which identifies it. */
  readonly name: string;
  /** Default `""`. */
  readonly version?: string;
  /** Default `""`. */
  readonly description?: string;
  /** Its modules in addition to the one in `mod`, for `getApplication`. Default `[]`. */
  readonly modules?: readonly object[];
  /** The names that its processes register; informational. Default `[]`. */
  readonly registered?: readonly Term[];
  /** The applications that must be started before, as names or specifications. Default `[]`. */
  readonly applications?: readonly (string | Specification)[];
  /**
   * Those of `applications` that need not be there: `ensureAllStarted` starts one before if it is loaded or
   * given as a specification, and else does without; `start` does not ask whether they are started. An
   * application that is listed here only has no effect. Default `[]`.
   */
  readonly optionalApplications?: readonly string[];
  /** The applications that it starts itself; informational. Default `[]`. */
  readonly includedApplications?: readonly string[];
  /** The callback module, and the argument of its `start`. Without it there is no top process. */
  readonly mod?: readonly [module: Module, args: Term];
  /** Its environment, which is set when it is loaded. Default `{}`. */
  readonly env?: Readonly<Record<string, Term>>;
  /** The phases of its start, each with the argument of `startPhase`. Default `[]`. */
  readonly startPhases?: readonly (readonly [phase: string, args: Term])[];
}

/** A field of a specification: what it must be, if it is given. */
type Field = readonly [expected: string, isValid: (value: unknown) => boolean];

const isString = (value: unknown) => typeof value === "string";
const isName = (value: unknown) => isString(value) && value !== "";
const isObject = (value: unknown) => Object(value) === value;
const isSpecification = (value: unknown) =>
  typeof value === "object" && value !== null && isName((value as Specification).name);

function listOf(isItem: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(isItem);
}

const FIELDS: Readonly<Record<keyof Specification, Field>> = {
  name: ["a string that is not empty", isName],
  version: ["a string", isString],
  description: ["a string", isString],
  modules: ["an array of modules", listOf(isObject)],
  registered: ["an array of names", Array.isArray],
  applications: [
    "an array of names and specifications",
    listOf((each) => isName(each) || isSpecification(each)),
  ],
  optionalApplications: ["an array of names", listOf(isName)],
  includedApplications: ["an array of names", listOf(isName)],
  mod: ["[module, args], where the module has a function start", isStart],
  env: ["an object", (env) => isObject(env) && isPlainObject(env as object)],
  startPhases: [
    "an array of [phase, args]",
    listOf((each) => Array.isArray(each) && each.length === 2 && isString(each[0])),
  ],
};

function isStart(mod: unknown): boolean {
  return Array.isArray(mod) && mod.length === 2 && isObject(mod[0]) &&
    typeof mod[0].start === "function";
}

/** The names of all fields of a specification. */
export const fieldNames: readonly string[] = Object.keys(FIELDS);

/**
 * Checks a specification. The specifications in `applications` are checked when they are loaded.
 *
 * @throws {TypeError} If a field is unknown or not valid.
 */
export function checkSpecification(specification: Specification): void {
  const what = `Cannot load application ${inspect(specification.name)}`;
  for (const [key, value] of Object.entries(specification)) {
    if (!Object.hasOwn(FIELDS, key)) {
      throw new TypeError(
        `${what}: unknown field ${key}, expected fields among ${fieldNames.join(", ")}`,
      );
    }
    const [expected, isValid] = FIELDS[key as keyof Specification];
    if (value !== undefined && !isValid(value)) {
      throw new TypeError(`${what}: expected ${key} to be ${expected}, found ${inspect(value)}`);
    }
  }
}
