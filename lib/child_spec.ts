/**
 * Child specifications: how a supervisor starts, restarts and stops a child. Used by all supervisors, and by
 * the modules that can be children.
 *
 * @module
 */

import type { Name } from "./kernel/names.ts";
import { checkOptions, unknownOption } from "./kernel/options.ts";
import { inspect } from "./kernel/inspect.ts";
import { isAtom, type Term } from "./kernel/term.ts";
import { TermMap } from "./kernel/term_map.ts";

/**
 * How to start a child: `[module, function, arguments]`, where the function of the module resolves with
 * `["ok", pid]`, `["ok", pid, info]`, `["error", reason]` or `"ignore"`, and links the new process to its
 * caller. Instead of the three, a function is called without arguments.
 *
 * For a supervisor on another node the module is its name there, such as `"Elixir.Agent"`; on a denotp node,
 * a name under which functions were exported.
 */
export type StartFunction =
  | readonly [module: object | string, name: string, args: readonly Term[]]
  | (() => unknown);

/** When a child that has exited is restarted: always, never, or only after an abnormal exit. */
export type Restart = "permanent" | "transient" | "temporary";

/**
 * How a child is stopped: by the exit signal `"shutdown"`, and `"kill"` after this time in milliseconds; by
 * `"kill"` at once; or by `"shutdown"` without a time limit. The time in which its resources are
 * disposed of is added (`Process.use`).
 */
export type Shutdown = number | "brutal_kill" | "infinity";

/**
 * When a supervisor shuts down (with `"shutdown"`) because children that are `significant` have exited by
 * themselves: never, with the first of them, or with the last.
 */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** How a supervisor handles one child. Mirrors OTP's `supervisor:child_spec()`. */
export interface ChildSpec {
  /** The id of the child; any term, unique among the children of the supervisor. */
  readonly id: Term;
  /** How to start the child. */
  readonly start: StartFunction;
  /** When to restart the child. Default `"permanent"`. */
  readonly restart?: Restart | undefined;
  /**
   * How to stop the child, in milliseconds if a number. Default 5000 for a worker, `"infinity"` for a
   * supervisor.
   */
  readonly shutdown?: Shutdown | undefined;
  /** Whether the child is a supervisor. Default `"worker"`. */
  readonly type?: "worker" | "supervisor" | undefined;
  /**
   * The modules of the child, for tools. Default: the module of `start`; `"dynamic"` if that is a function.
   */
  readonly modules?: readonly (object | string)[] | "dynamic" | undefined;
  /** Whether the exit of the child counts for the supervisor's `autoShutdown`. Default `false`. */
  readonly significant?: boolean | undefined;
}

/** A child specification with every field. */
export type FullChildSpec = {
  readonly [Field in keyof ChildSpec]-?: Exclude<ChildSpec[Field], undefined>;
};

/** Fields that override those of a child specification. */
export type ChildSpecOverrides = Partial<ChildSpec>;

/** A module that defines how it is supervised. */
export interface ChildModule {
  /** The specification of a child of this module that is started with `argument`. */
  // deno-lint-ignore no-explicit-any -- the argument depends on the module
  childSpec(argument: any): ChildSpec;
}

/**
 * A child in short form: a module, or a module and the argument of its `childSpec`. The argument of a module
 * alone is `[]`.
 */
export type ModuleSpec = ChildModule | readonly [module: ChildModule, argument: Term];

// deno-lint-ignore no-explicit-any -- any result
type WithChildSpec<Args extends unknown[]> = { childSpec: (...args: Args) => any };

/** The argument of a module's `childSpec`. */
type ChildArgument<M> = M extends WithChildSpec<infer Args>
  ? Args extends readonly [] ? unknown : Args[0]
  : unknown;

/** {@linkcode ChildOf} for each member of a union. */
type EachChild<Given> = Given extends readonly [infer M, unknown]
  ? readonly [module: M, argument: ChildArgument<M>]
  : Given extends ChildModule ? [] extends ChildArgument<Given> ? Given
    : "childSpec takes an argument: write [module, argument]"
  : ChildSpec;

/**
 * The required type of a child, given its actual type: the argument in `[module, argument]` must be one that
 * `childSpec` of the module takes; a module alone must have a `childSpec` that takes `[]`. For any other
 * module, this type is a sentence that says so.
 */
export type ChildOf<Given> = [unknown] extends [Given] ? Given : EachChild<Given>;

/** The required type of a list of children. */
export type ChildrenOf<Given extends readonly unknown[]> = {
  readonly [Index in keyof Given]: ChildOf<Given[Index]>;
};

/** The fields of a child specification. */
export const FIELDS = [
  "id",
  "start",
  "restart",
  "shutdown",
  "type",
  "modules",
  "significant",
] as const satisfies readonly (keyof ChildSpec)[];

/**
 * Builds a child specification from a module, a `[module, argument]` pair or another specification; the
 * fields of `overrides` replace its own.
 *
 * The specification is checked when a child is started with it.
 *
 * @throws {TypeError} If `child` is a module without `childSpec`, or not a valid child; if `overrides` has a
 * field that child specifications do not have.
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
  return withOverrides(specOf(child), overrides);
}

/** A specification with other fields. */
export function withOverrides(spec: ChildSpec, overrides: ChildSpecOverrides): ChildSpec {
  checkOptions("override a child specification", overrides, FIELDS);
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return { ...spec, ...Object.fromEntries(given) };
}

/** A module that describes a supervisor: its `init` returns what `init` of the supervisor's behaviour makes. */
export interface SupervisorModule {
  /** Returns the flags, and the children if they are known. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  init(...args: any): unknown;
  /** Starts the supervisor, linked to the calling process. */
  // deno-lint-ignore no-explicit-any
  startLink(...args: any): unknown;
}

/** The specification of a supervisor that the `startLink` of a module starts. */
export function supervisorSpec(
  module: SupervisorModule,
  argument: Term,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  return withOverrides({
    id: module,
    start: [module, "startLink", [argument]],
    type: "supervisor",
    shutdown: "infinity",
  }, overrides);
}

function specOf(child: unknown): ChildSpec {
  const spec = givenSpec(child);
  if (typeof spec === "object" && spec !== null && !Array.isArray(spec)) {
    checkOptions("take this child specification", spec, FIELDS);
  }
  return spec;
}

function givenSpec(child: unknown): ChildSpec {
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

/** Whether a value looks like a module: a class, a namespace, an object with functions. */
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

/** The id of a child that is started under a name: the name, or its module if it has none. */
export function idFromName(name: Name | null | undefined, module: object): Term {
  if (name === undefined || name === null) return module;
  return isAtom(name) ? name : name.at(-1);
}

/** The result of a check: the value with defaults, or the error. */
export type Checked<T> = readonly ["ok", T] | readonly ["error", Term];

/**
 * Checks a child specification and sets defaults. Errors are those of OTP: `"missing_id"`,
 * `["invalid_shutdown", value]`, …
 *
 * @param autoShutdown The `autoShutdown` of the supervisor. By default it is not checked.
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
  const unknown = unknownOption(spec, FIELDS);
  const wrong = id === undefined
    ? "missing_id"
    : start === undefined
    ? "missing_start"
    : !isStart(start)
    ? ["invalid_mfa", start]
    : !isOneOf(restart, "permanent", "transient", "temporary")
    ? ["invalid_restart_type", restart]
    : unknown !== undefined
    ? ["unknown_field", unknown, FIELDS]
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

/** Checks a list of child specifications: each of them, and that no id occurs twice. */
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

/** Whether a value is a valid `autoShutdown` of a supervisor. */
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
