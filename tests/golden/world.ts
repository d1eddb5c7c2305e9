/**
 * The surroundings of a step: where its names lead, and how its values look to a port.
 *
 * A function without a module is one of the scenario's script, of a module that it imports, or of
 * `Kernel`. A module is one of the system, by its name or an alias, else one of the runtime, else one of
 * the system whose name ends so (an alias of a script that nobody has written down).
 *
 * @module
 */

import { type AnyFunction, toText, type World } from "./eval.ts";
import type { Host } from "./host.ts";
import { type Functions, makeLibrary, portFunction } from "./library.ts";
import { objectOf, type System } from "./system.ts";
import type { TermContext } from "./terms.ts";
import { ElixirError, isMap, ModuleRef, Vocabulary } from "./values.ts";

/** Functions whose first argument is a module to be run, not the name of a server. */
const TAKES_MODULE = new Set([
  "GenServer.start",
  "GenServer.start_link",
  "Supervisor.start_link",
  "DynamicSupervisor.start_link",
  "DynamicSupervisor.start_child",
  "Supervisor.child_spec",
  "Kernel.apply",
  "Kernel.spawn",
  "Kernel.spawn_link",
  "Kernel.spawn_monitor",
  "Kernel.raise",
  "Kernel.reraise",
]);

/** Makes the surroundings of the steps of one transcript. `print` writes to its standard output. */
export function makeWorld(system: System, host: Host, print: (text: string) => void): World & TermContext {
  const vocabulary = new Vocabulary();
  const time = system.time ?? ((iso: string) => iso);
  const library = makeLibrary({ host, vocabulary, print, map, time: (letter, text) => letter === "T" ? time(text) : new Date(text), remote });

  function fullName(name: string): string {
    if (Object.hasOwn(system.aliases ?? {}, name)) return system.aliases![name]!;
    if (Object.hasOwn(system.modules, name) || Object.hasOwn(library.modules, name) || Object.hasOwn(host.modules, name)) return name;
    return Object.keys(system.modules).find((full) => full.endsWith(`.${name}`)) ?? name;
  }

  function functionsOf(name: string): Functions[] {
    return [system.modules[name], library.modules[name], host.modules[name]].filter((functions) => functions !== undefined);
  }

  function find(module: string, name: string): AnyFunction | undefined {
    for (const functions of functionsOf(module)) {
      const found = portFunction(functions, name);
      if (found !== undefined) return calling(found, `${module}.${name}`);
    }
    return undefined;
  }

  function remote(module: string, name: string): AnyFunction {
    const full = fullName(module);
    const found = find(full, name);
    if (found !== undefined) return found;
    const known = functionsOf(full).length > 0;
    return (...args) => {
      throw new ElixirError(
        "UndefinedFunctionError",
        `function ${full}.${name}/${args.length} is undefined or private${known ? "" : ` (module ${full} is not available)`}`,
      );
    };
  }

  function local(name: string): AnyFunction | undefined {
    if (system.helpers && Object.hasOwn(system.helpers, name)) return calling(system.helpers[name]!, name);
    for (const module of system.imports ?? []) {
      const found = find(module, name);
      if (found !== undefined) return found;
    }
    return Object.hasOwn(library.kernel, name) ? calling(library.kernel[name]!, `Kernel.${name}`) : undefined;
  }

  /** A module given as such is a name, unless the function runs modules; inside of terms it is the module. */
  function calling(f: AnyFunction, name: string): AnyFunction {
    const keeps = name.startsWith("Kernel.") && TAKES_MODULE.has(name);
    return (...args) =>
      f(...args.map((arg, i) => {
        if (!(arg instanceof ModuleRef)) return outgoing(arg);
        if (keeps && i === 0) return arg;
        return i === 0 && TAKES_MODULE.has(name) ? outgoing(arg) : arg.name;
      }));
  }

  function outgoing(value: unknown): unknown {
    if (value instanceof ModuleRef) return value.module ?? value.name;
    if (Array.isArray(value)) {
      if (!value.some(holdsModule)) return value;
      const copy = value.map(outgoing);
      return vocabulary.isTuple(value) ? vocabulary.tuple(copy) : vocabulary.list(copy);
    }
    return isMap(value) && holdsModule(value) ? map(Object.entries(value).map(([key, item]) => [key, outgoing(item)])) : value;
  }

  function map(pairs: readonly (readonly [unknown, unknown])[]): unknown {
    const plain = system.maps !== "Map" && pairs.every(([key]) => typeof key === "string" || key instanceof ModuleRef);
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
    sigil: (letter, text) => letter === "T" ? time(text) : new Date(text.replace(" ", "T")),
    map,
    struct: (name, fields) => (system.structs?.[fullName(name)] ?? ((plain) => ({ ...plain })))(fields),
    receive: (accepts, timeout) => host.receive(accepts, timeout),
    exitReason: (thrown) => host.exitReason(thrown),
    exit: (reason) => host.exit(reason),
    isPid: (value) => host.isPid(value),
    isRef: (value) => host.isRef(value),
    moduleObject: (name) => moduleObject(fullName(name)),
  };
}

function holdsModule(value: unknown): boolean {
  if (value instanceof ModuleRef) return true;
  if (Array.isArray(value)) return value.some(holdsModule);
  return isMap(value) && !(value instanceof Map) && Object.values(value).some(holdsModule);
}
