/**
 * Child specifications: how a supervisor starts, restarts and stops a child.
 *
 * @module
 */

import type { Name } from "./kernel/names.ts";
import { inspect } from "./kernel/inspect.ts";
import { isAtom, type Term } from "./kernel/term.ts";
import { TermMap } from "./kernel/term_map.ts";

/**
 * What to call to start a child: `[module, function, arguments]`, where the function is one of the
 * module's that resolves with `["ok", pid]`, `["ok", pid, info]`, `["error", reason]` or `"ignore"`, and
 * links the new process to its caller. A function in place of the three is called without arguments.
 *
 * For a supervisor on another node the module is its name there, such as `"Elixir.Agent"`: on a denotp node
 * one of those whose functions were exported.
 */
export type StartFunction =
  | readonly [module: object | string, name: string, args: readonly Term[]]
  | (() => unknown);

/** When a child that has ended is started anew: always, never, or only after an abnormal end. */
export type Restart = "permanent" | "transient" | "temporary";

/**
 * How a child is stopped: by the exit signal `"shutdown"` and so many milliseconds later by `"kill"`,
 * by `"kill"` at once, or by `"shutdown"` and all the time it takes. The time in which its resources are disposed
 * of is added (`Process.use`).
 */
export type Shutdown = number | "brutal_kill" | "infinity";

/**
 * Whether a supervisor ends, with `"shutdown"`, once children that are `significant` have ended by
 * themselves: never, with the first of them, or with the last.
 */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** How a supervisor handles one child. Mirrors OTP's `supervisor:child_spec()`. */
export interface ChildSpec {
  /** What the supervisor knows the child by; any term, unique among its children. */
  readonly id: Term;
  /** How to start it. */
  readonly start: StartFunction;
  /** When to start it again. Default `"permanent"`. */
  readonly restart?: Restart | undefined;
  /** How to stop it, in milliseconds if a number. Default 5000 for a worker, `"infinity"` for a supervisor. */
  readonly shutdown?: Shutdown | undefined;
  /** Whether it is a supervisor itself. Default `"worker"`. */
  readonly type?: "worker" | "supervisor" | undefined;
  /** The modules that it runs, for tools. Default: the module of `start`; `"dynamic"` if that is a function. */
  readonly modules?: readonly (object | string)[] | "dynamic" | undefined;
  /** Whether its end counts for the supervisor's `autoShutdown`. Default `false`. */
  readonly significant?: boolean | undefined;
}

/** A child specification with every field. */
export type FullChildSpec = {
  readonly [Field in keyof ChildSpec]-?: Exclude<ChildSpec[Field], undefined>;
};

/** The fields of a child specification that differ from what a module says by itself. */
export type ChildSpecOverrides = Partial<ChildSpec>;

/** A module that knows how it wants to be supervised. */
export interface ChildModule {
  /** The specification of a child of this module that is started with `argument`. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  childSpec(argument: any): ChildSpec;
}

/**
 * A child in short: a module, or a module and the argument for its `childSpec`. A module alone gets
 * `[]` for the argument.
 */
export type ModuleSpec = ChildModule | readonly [module: ChildModule, argument: Term];

// deno-lint-ignore no-explicit-any -- what it returns does not matter
type WithChildSpec<Args extends unknown[]> = { childSpec: (...args: Args) => any };

/** What the `childSpec` of a module takes. */
type ChildArgument<M> = M extends WithChildSpec<infer Args>
  ? Args extends readonly [] ? unknown : Args[0]
  : unknown;

/** {@linkcode ChildOf} each member of a union. */
type EachChild<Given> = Given extends readonly [infer M, unknown]
  ? readonly [module: M, argument: ChildArgument<M>]
  : Given extends ChildModule ? [] extends ChildArgument<Given> ? Given
    : "childSpec takes an argument: write [module, argument]"
  : ChildSpec;

/**
 * A child as it has to be, given what stands for it: the argument in `[module, argument]` is one that the
 * module's `childSpec` takes. A module alone is one whose `childSpec` takes `[]`; for any other it is a sentence
 * that says so.
 */
export type ChildOf<Given> = [unknown] extends [Given] ? Given : EachChild<Given>;

/** A list of children as each of them has to be. */
export type ChildrenOf<Given extends readonly unknown[]> = {
  readonly [Index in keyof Given]: ChildOf<Given[Index]>;
};

const FIELDS: readonly string[] = [
  "id",
  "start",
  "restart",
  "shutdown",
  "type",
  "modules",
  "significant",
];

/**
 * Builds a child specification: that of a module or of a `[module, argument]` pair, or the one that is
 * given, with the fields of `overrides` put in place of its own.
 *
 * The specification is not checked: whoever starts the child does that.
 *
 * @throws {TypeError} If `child` is a module without `childSpec`, or nothing that stands for a child; if
 * `overrides` has a field that a child specification has not.
 * @see Elixir `Supervisor.child_spec/2`
 *
 * @example One module twice under one supervisor
 * ```ts
 * import { Agent, Supervisor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const zero = () => 0;
 * assertEquals(Supervisor.childSpec([Agent, zero], { id: "second" }), {
 *   id: "second",
 *   start: [Agent, "startLink", [zero]],
 * });
 * ```
 */
export function childSpec<const Given extends ChildSpec | ModuleSpec>(
  child: ChildOf<Given>,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  for (const field of Object.keys(overrides)) {
    if (FIELDS.includes(field)) continue;
    throw new TypeError(
      `Cannot override ${inspect(field)} in a child specification: expected one of ` +
        FIELDS.join(", "),
    );
  }
  return { ...specOf(child), ...overrides };
}

function specOf(child: unknown): ChildSpec {
  if (hasChildSpec(child)) return child.childSpec([]);
  if (Array.isArray(child) && child.length === 2) {
    const [module, argument] = child;
    if (hasChildSpec(module)) return module.childSpec(argument);
    throw noChild(module, isModule(module));
  }
  if (typeof child !== "object" || child === null || Array.isArray(child)) {
    throw noChild(child, typeof child === "function");
  }
  if ("id" in child || "start" in child || !isModule(child)) return child as ChildSpec;
  throw noChild(child, true);
}

function hasChildSpec(value: unknown): value is ChildModule {
  return ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as Partial<ChildModule>).childSpec === "function";
}

/** Tells whether a value looks like a module: a class, a namespace, an object with callbacks. */
function isModule(value: unknown): boolean {
  if (typeof value === "function") return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).some((each) => typeof each === "function");
}

function noChild(found: unknown, isModule: boolean): TypeError {
  if (isModule) {
    return new TypeError(
      `Cannot supervise the module ${
        inspect(found)
      }: it has no childSpec function. If it is yours, ` +
        "export one that takes an argument and returns a child specification; if not, write the " +
        'specification instead of the module: { id: "a name", start: [module, "startLink", [argument]] }',
    );
  }
  return new TypeError(
    "Cannot supervise this: expected a module with a childSpec function, a [module, argument] pair " +
      `or a child specification, found ${inspect(found)}`,
  );
}

/** The id of a child that is known by the name it is started under; by its module if it has none. */
export function idFromName(name: Name | null | undefined, module: object): Term {
  if (name === undefined || name === null) return module;
  return isAtom(name) ? name : name.at(-1);
}

/** The outcome of a check: what was checked, with defaults filled in, or what is wrong with it. */
export type Checked<T> = readonly ["ok", T] | readonly ["error", Term];

/**
 * Checks a child specification and fills its defaults in. What is wrong comes as OTP has it:
 * `"missing_id"`, `["invalid_shutdown", value]`, …
 *
 * @param autoShutdown That of the supervisor, if there is one.
 */
export function checkChildSpec(
  spec: unknown,
  autoShutdown?: AutoShutdown,
): Checked<FullChildSpec> {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    return ["error", ["invalid_child_spec", spec]];
  }
  const { id, start, restart = "permanent", type = "worker", significant = false } =
    spec as ChildSpec;
  const {
    shutdown = type === "supervisor" ? "infinity" : 5000,
    modules = typeof start === "function" ? "dynamic" : undefined,
  } = spec as ChildSpec;
  const wrong = id === undefined
    ? "missing_id"
    : start === undefined
    ? "missing_start"
    : !isStart(start)
    ? ["invalid_mfa", start]
    : !isOneOf(restart, "permanent", "transient", "temporary")
    ? ["invalid_restart_type", restart]
    : wrongSignificance(significant, restart, autoShutdown) ?? (
      !isOneOf(type, "worker", "supervisor")
        ? ["invalid_child_type", type]
        : !isShutdown(shutdown)
        ? ["invalid_shutdown", shutdown]
        : wrongModules(modules ?? [])
    );
  if (wrong !== undefined) return ["error", wrong];
  return ["ok", {
    id,
    start,
    restart,
    significant,
    shutdown,
    type,
    modules: modules ?? [(start as readonly [object | string, string, readonly Term[]])[0]],
  }];
}

/** Checks a list of child specifications, each and for ids that occur twice. */
export function checkChildSpecList(
  specs: unknown,
  autoShutdown?: AutoShutdown,
): Checked<FullChildSpec[]> {
  if (!Array.isArray(specs)) return ["error", ["badarg", specs]];
  const ids = new TermMap<true>();
  const full: FullChildSpec[] = [];
  for (const spec of specs) {
    const checked = checkChildSpec(spec, autoShutdown);
    if (checked[0] === "error") return checked;
    const { id } = checked[1];
    if (ids.has(id)) return ["error", ["duplicate_child_name", id]];
    ids.set(id, true);
    full.push(checked[1]);
  }
  return ["ok", full];
}

/** Tells whether a value can be a supervisor's `autoShutdown`. */
export function isAutoShutdown(value: unknown): value is AutoShutdown {
  return isOneOf(value, "never", "any_significant", "all_significant");
}

function isOneOf(value: unknown, ...atoms: readonly string[]): boolean {
  return atoms.includes(value as string);
}

function isStart(start: unknown): start is StartFunction {
  if (typeof start === "function") return true;
  return Array.isArray(start) && start.length === 3 && isModuleObject(start[0]) &&
    isAtom(start[1]) && Array.isArray(start[2]);
}

function isModuleObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function wrongSignificance(
  significant: unknown,
  restart: Restart,
  autoShutdown: AutoShutdown | undefined,
): Term {
  if (typeof significant !== "boolean") return ["invalid_significant", significant];
  if (!significant) return undefined;
  if (autoShutdown === "never") {
    return ["bad_combination", [["auto_shutdown", "never"], ["significant", true]]];
  }
  return restart === "permanent"
    ? ["bad_combination", [["restart", "permanent"], ["significant", true]]]
    : undefined;
}

function isShutdown(shutdown: unknown): shutdown is Shutdown {
  return isOneOf(shutdown, "brutal_kill", "infinity") ||
    (Number.isSafeInteger(shutdown) && (shutdown as number) >= 0);
}

function wrongModules(modules: unknown): Term {
  if (modules === "dynamic") return undefined;
  if (!Array.isArray(modules)) return ["invalid_modules", modules];
  const wrong = modules.findIndex((each) => !isModuleObject(each) && !isAtom(each));
  return wrong === -1 ? undefined : ["invalid_module", modules[wrong]];
}
