/**
 * Module names: how a callback module, a child module or a registry is printed, in `inspect`, errors and
 * reports.
 *
 * In this order: its export `moduleName`, the name of its class, the functions that it exports. Modules are
 * values that users define, so reading one must never throw.
 *
 * @module
 */

/** The maximum number of exports that are printed for a module without a name. */
const MOST_EXPORTS = 6;

/** What a `moduleName` may contain: one line of text. */
const PRINTABLE = /^[^\p{Cc}\u2028\u2029]{1,255}$/u;

/** An object that has one of these functions is a module, not a record of values. */
const CALLBACKS = ["init", "childSpec", "registerName"];

/** Whether a value is an ES module, or an object or class that serves as one. */
export function isModule(value: unknown): boolean {
  if (typeof value !== "function" && (typeof value !== "object" || value === null)) return false;
  try {
    if (isNamespace(value)) return true;
    const isClass = typeof value === "function";
    const has = (name: string) =>
      (isClass || Object.hasOwn(value, name)) && typeof read(value, name) === "function";
    return CALLBACKS.some(has) || isRegistry(value) ||
      declaredName(value) !== undefined && (isClass || Object.keys(value).some(has));
  } catch {
    return false;
  }
}

/** The name of a module, if it has one. A module of another node is its name. */
export function moduleName(module: unknown): string | undefined {
  if (typeof module === "string") return module;
  if (typeof module === "symbol") return module.description;
  if (typeof module !== "function" && (typeof module !== "object" || module === null)) return;
  try {
    return declaredName(module) ?? className(module);
  } catch {
    return undefined;
  }
}

/** Formats a module: its name, or `[module handleCall, init]` if it has none. */
export function formatModule(module: unknown): string {
  const name = moduleName(module);
  if (name !== undefined) return name;
  const exports = exportsOf(module);
  const functions = exports.filter((key) => typeof read(module as object, key) === "function");
  const shown = functions.length === 0 ? exports : functions;
  if (shown.length === 0) return "[empty module]";
  const rest = shown.length > MOST_EXPORTS ? ", ..." : "";
  const names = shown.slice(0, MOST_EXPORTS).map((key) =>
    printable(key) ?? JSON.stringify(key.slice(0, 255))
  );
  return `[module ${names.join(", ")}${rest}]`;
}

function isNamespace(value: object): boolean {
  return Object.getPrototypeOf(value) === null &&
    Object.prototype.toString.call(value) === "[object Module]";
}

/** An instance of a class, such as a registry, inherits its functions. */
function isRegistry(value: object): boolean {
  return typeof read(value, "registerName") === "function" &&
    typeof read(value, "whereisName") === "function";
}

/** The export `moduleName`. A subclass does not inherit it. */
function declaredName(module: object): string | undefined {
  return Object.hasOwn(module, "moduleName") ? printable(read(module, "moduleName")) : undefined;
}

function printable(name: unknown): string | undefined {
  return typeof name === "string" && PRINTABLE.test(name) ? name : undefined;
}

/** The name of a class, or of the class of an instance. */
function className(module: object): string | undefined {
  if (typeof module === "function") return printable(read(module, "name"));
  const prototype: unknown = Object.getPrototypeOf(module);
  const named = prototype === null ? Object : read(module, "constructor");
  return typeof named === "function" && named !== Object
    ? printable(read(named, "name"))
    : undefined;
}

/**
 * The value of a property. An export that is not initialized yet, or a getter that throws, counts as absent.
 */
function read(module: object, key: string): unknown {
  try {
    return (module as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}

/** The names of the exports, including the methods of a class and exports that are not initialized yet. */
function exportsOf(module: unknown): string[] {
  try {
    const names = Object.getOwnPropertyNames(Object(module));
    return typeof module === "function" ? names.filter((name) => !OF_CLASSES.has(name)) : names;
  } catch {
    return [];
  }
}

const OF_CLASSES: ReadonlySet<string> = new Set(["length", "name", "prototype"]);
