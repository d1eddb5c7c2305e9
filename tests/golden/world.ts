/**
 * The surroundings of a step: where its names lead, and how its values look to a port.
 *
 * A function without a module is one of the scenario's script, of a module that it imports, or of
 * `Kernel`. A module is one of the system, by its name or an alias, else one of the runtime, else one of
 * the system whose name ends so (an alias of a script that is not recorded).
 *
 * @module
 */

import { type AnyFunction, EvaluationFailure, toText, type World } from "./eval.ts";
import type { Host } from "./host.ts";
import { type Functions, makeLibrary, options, portFunction } from "./library.ts";
import { objectOf, type System } from "./system.ts";
import type { TermContext } from "./terms.ts";
import { camel, ElixirError, isMap, ModuleRef, Range, Vocabulary } from "./values.ts";

/** Functions whose first argument is a module to be run, not the name of a server. */
const TAKES_MODULE = new Set([
  "GenServer.start",
  "GenServer.start_link",
  "Supervisor.start_link",
  "DynamicSupervisor.start_link",
  "DynamicSupervisor.start_child",
  "Supervisor.child_spec",
  "Character.via",
  "Character.name_of",
]);

/** Functions that take a module, a function and its arguments in a row, and from where: a function does as well. */
const TAKES_MFA: Readonly<Record<string, number>> = {
  ":timer.apply_after": 1,
  ":timer.apply_interval": 1,
  "Agent.start": 0,
  "Agent.start_link": 0,
  "Agent.get": 1,
  "Agent.update": 1,
  "Agent.get_and_update": 1,
  "Agent.cast": 1,
  "Task.async": 0,
  "Task.start": 0,
  "Task.start_link": 0,
};

/** Tags of pairs in which a module is a name: `name: Calculator.Server`, `{:global, Calculator.Server}`. */
const NAMED_BY = new Set(["name", "global", "local"]);

/** Makes the surroundings of the steps of one transcript. `print` writes to its standard output. */
export function makeWorld(
  system: System,
  host: Host,
  print: (text: string) => void,
): World & TermContext {
  const vocabulary = new Vocabulary();
  const library = makeLibrary({ host, vocabulary, print, map, time, remote, outgoing });

  function fullName(name: string): string {
    if (Object.hasOwn(system.aliases ?? {}, name)) return system.aliases![name]!;
    if (
      Object.hasOwn(system.modules, name) || Object.hasOwn(library.modules, name) ||
      Object.hasOwn(host.modules, name)
    ) return name;
    return Object.keys(system.modules).find((full) => full.endsWith(`.${name}`)) ?? name;
  }

  function functionsOf(name: string): Functions[] {
    return [system.modules[name], library.modules[name], host.modules[name]].filter((functions) =>
      functions !== undefined
    );
  }

  function find(module: string, name: string): AnyFunction | undefined {
    for (const functions of functionsOf(module)) {
      const found = portFunction(functions, name);
      if (found === undefined) continue;
      if (functions === library.modules[module]) return found;
      const f = calling(found, `${module}.${name}`);
      if (functions !== system.modules[module]) return f;
      const [fewest, most] = arityOf(found);
      return (...args) =>
        args.length < fewest || args.length > most
          ? undefinedFunction(module, name)(...args)
          : f(...args);
    }
    return undefined;
  }

  function remote(module: string, name: string): AnyFunction {
    const full = fullName(module);
    const found = find(full, name);
    if (found !== undefined) return found;
    return undefinedFunction(full, name);
  }

  function undefinedFunction(module: string, name: string): (...args: unknown[]) => never {
    const known = functionsOf(module).length > 0;
    return (...args) => {
      throw new ElixirError(
        "UndefinedFunctionError",
        `function ${module}.${name}/${args.length} is undefined or private${
          known ? "" : ` (module ${module} is not available)`
        }`,
      );
    };
  }

  function local(name: string): AnyFunction | undefined {
    if (system.helpers && Object.hasOwn(system.helpers, name)) {
      return calling(system.helpers[name]!, name);
    }
    for (const module of system.imports ?? []) {
      const found = find(module, name);
      if (found !== undefined) return found;
    }
    return Object.hasOwn(library.kernel, name) ? library.kernel[name] : undefined;
  }

  /** A module given as such is a name, unless the function runs modules; inside of terms it is the module. */
  function calling(f: AnyFunction, name: string): AnyFunction {
    const runs = TAKES_MODULE.has(name);
    return (...args) => {
      const given = mfa(args, TAKES_MFA[name]).map((arg, i) =>
        arg instanceof ModuleRef && !(runs && i === 0) ? arg.name : outgoing(arg)
      );
      return f(...withOptions(name, given));
    };
  }

  /** Makes the options of a function of the library an object; a module before its argument moves them up by one. */
  function withOptions(name: string, args: readonly unknown[]): unknown[] {
    const at = Object.hasOwn(host.options, name) ? host.options[name]! : Infinity;
    const timeout = Object.hasOwn(host.timeouts, name) ? host.timeouts[name] : undefined;
    return args.map((arg, i) => {
      if (i === timeout && arg === "infinity") return Infinity;
      return i === at || (i === 2 && at < 2) ? options(arg) : arg;
    });
  }

  function mfa(args: readonly unknown[], at: number | undefined): readonly unknown[] {
    const module = at === undefined ? undefined : args[at];
    if (at === undefined || !(module instanceof ModuleRef) || args.length !== at + 3) return args;
    const [name, values] = args.slice(at + 1) as [string, unknown[]];
    return [
      ...args.slice(0, at),
      (...given: unknown[]) => remote(module.name, name)(...given, ...values),
    ];
  }

  function outgoing(value: unknown): unknown {
    if (value instanceof ModuleRef) return value.module ?? value.name;
    if (value instanceof Range) return vocabulary.list([...value]);
    if (Array.isArray(value)) {
      if (!value.some(isForeign)) return value;
      const copy = outgoingItems(value);
      return vocabulary.isTuple(value) ? vocabulary.tuple(copy) : vocabulary.list(copy);
    }
    return isMap(value) && isForeign(value)
      ? map(Object.entries(value).map(([key, item]) => [key, outgoing(item)]))
      : value;
  }

  function outgoingItems(items: readonly unknown[]): unknown[] {
    const [first, second] = items;
    if (items.length === 2 && NAMED_BY.has(String(first)) && second instanceof ModuleRef) {
      return [first, second.name];
    }
    if (first instanceof ModuleRef && first.module !== undefined) {
      // {Module, :function, args} and {Module, options}, as child specs have them
      if (items.length === 3 && typeof second === "string" && Array.isArray(items[2])) {
        return [
          first.module,
          camel(second),
          withOptions(`${first.name}.${second}`, items[2].map(outgoing)),
        ];
      }
      if (items.length === 2 && Object.hasOwn(host.modules, first.name)) {
        return [first.module, options(outgoing(second))];
      }
    }
    return items.map(outgoing);
  }

  function map(pairs: readonly (readonly [unknown, unknown])[]): unknown {
    const plain = system.maps !== "Map" &&
      pairs.every(([key]) => typeof key === "string" || key instanceof ModuleRef);
    if (!plain) return new Map(pairs);
    return Object.fromEntries(pairs.map(([key, value]) => [toText(key), value]));
  }

  function moduleObject(name: string): unknown {
    return objectOf(system.modules[name]) ?? (host.modules[name] && objectOf(host.modules[name]));
  }

  return {
    vocabulary,
    local,
    remote,
    module(name) {
      const full = fullName(name);
      return new ModuleRef(full, moduleObject(full));
    },
    outgoing,
    sigil: time,
    map,
    struct: (name, fields) =>
      (system.structs?.[fullName(name)] ?? ((plain) => ({ ...plain })))(fields),
    receive: (accepts, timeout) => host.receive(accepts, timeout),
    exitReason: (thrown) => host.exitReason(thrown),
    exit: (reason) => host.exit(reason),
    isPid: (value) => host.isPid(value),
    isRef: (value) => host.isRef(value),
    moduleObject: (name) => moduleObject(fullName(name)),
  };
}

/** The values of `~T[…]` and similar sigils in TypeScript. */
function time(letter: string, text: string): unknown {
  const iso = text.replace(" ", "T");
  switch (letter) {
    case "T":
      return Temporal.PlainTime.from(iso);
    case "D":
      return Temporal.PlainDate.from(iso);
    case "N":
      return Temporal.PlainDateTime.from(iso);
    case "U":
      return Temporal.Instant.from(iso);
    default:
      throw new EvaluationFailure(`unknown sigil ~${letter}`);
  }
}

/**
 * How many arguments a function of a port takes, at least and at most. A call with more or fewer would not
 * compile; JavaScript minds neither, so the most is read from the text of the function.
 */
export function arityOf(f: AnyFunction): readonly [fewest: number, most: number] {
  const source = String(f).replace(/^async\b\s*/, "");
  if (/^[\w$]+\s*=>/.test(source)) return [1, 1];
  let depth = 0;
  let commas = 0;
  let last = "";
  for (const [token] of source.slice(source.indexOf("(")).matchAll(/"[^"]*"|\S/g)) {
    if (/^[([{]$/.test(token)) depth++;
    if (/^[)\]}]$/.test(token)) depth--;
    if (depth === 0) break;
    if (depth === 1 && token === ",") {
      commas++;
      last = "";
    } else if (depth > 1 || token !== "(") last += token;
  }
  if (last.startsWith("...")) return [f.length, Infinity];
  return [f.length, last === "" ? commas : commas + 1];
}

/** Whether there is something in a value that a port knows in another form. */
function isForeign(value: unknown): boolean {
  if (value instanceof ModuleRef || value instanceof Range) return true;
  if (Array.isArray(value)) return value.some(isForeign);
  return isMap(value) && !(value instanceof Map) && Object.values(value).some(isForeign);
}
