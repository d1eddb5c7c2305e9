/**
 * The functions that other nodes may run here, by module, name and arity, as Erlang exports them. There are none
 * until the program exports one; names that come from other nodes are looked up only here.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";

/** A function that other nodes may run. Its result is what it returns, or what its promise is fulfilled with. */
// deno-lint-ignore no-explicit-any -- any parameters
export type ExportedFunction = (...args: any[]) => unknown;

/** Functions by name, or by `"name/arity"` if the function's `length` is not its arity. */
export type Exports = Readonly<Record<string, ExportedFunction>>;

/** The maximum arity of functions in Erlang. */
const MOST_ARGUMENTS = 255;

/** By module, then by `name/arity`. */
const modules = new Map<string, Map<string, ExportedFunction>>();

/**
 * Exports functions that other nodes may run: by `:erpc` and `:rpc`, by `Node.spawn`, as children and tasks that
 * they start under local supervisors, and on the state of agents.
 *
 * Each function is identified by `module`, its key and its arity: the number of parameters that it declares
 * before the first optional one. If a function takes other numbers of arguments, its key gives the arity:
 * `{ "sum/2": sum, "sum/3": sum }`. The namespace of an ES module can be passed, if all of its exports are
 * functions. A function that is exported already is replaced; other functions of the module stay.
 *
 * Elixir's `Calculator` is the module `"Elixir.Calculator"`.
 *
 * Arguments and results are converted as in messages: `:erpc.call(node, :calculator, :add, [1, 2])` in Elixir is
 * `add(1, 2)`. A promise is awaited. Each call runs in a process of its own, which its caller neither links to
 * nor kills.
 *
 * Other nodes can run nothing that is not exported. What is exported can be run by every node
 * that knows the cookie: treat the arguments as untrusted input.
 *
 * @throws {TypeError} If the module is not a non-empty string, a value is not a function, or a key is not a name.
 * @throws {RangeError} If an arity is above 255.
 *
 * @example Exporting the functions of a module
 * ```ts
 * import { Erpc, Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * Node.exportFunctions("calculator", { add: (a: number, b: number) => a + b });
 * assertEquals(await Erpc.call(Node.self(), "calculator", "add", [1, 2]), 3);
 * ```
 */
export function exportFunctions(module: string, functions: Exports): void {
  if (typeof module !== "string" || module === "") {
    throw new TypeError(
      `Cannot export functions: expected the name of a module, found ${inspect(module)}`,
    );
  }
  const added = new Map(modules.get(module));
  for (const [key, fun] of Object.entries(functions)) {
    if (typeof fun !== "function") {
      throw new TypeError(
        `Cannot export ${module}.${key}: expected a function, found ${inspect(fun)}`,
      );
    }
    added.set(keyOf(module, key, fun), (...args) => fun.apply(functions, args));
  }
  modules.set(module, added);
}

/** Removes all exported functions of a module. Has no effect if there are none. */
export function unexportFunctions(module: string): void {
  modules.delete(module);
}

/** Returns the exported functions, each as `[module, name, arity]`, in the order of the modules and keys. */
export function exportedFunctions(): (readonly [module: string, name: string, arity: number])[] {
  return [...modules].flatMap(([module, functions]) =>
    [...functions.keys()].map((key) => {
      const slash = key.lastIndexOf("/");
      return [module, key.slice(0, slash), Number(key.slice(slash + 1))] as const;
    })
  );
}

/** The exported function of a module with this name and arity; `undefined` if there is none. */
export function exported(
  module: Term,
  name: Term,
  args: readonly Term[],
): ExportedFunction | undefined {
  if (typeof module !== "string" || typeof name !== "string") return undefined;
  return modules.get(module)?.get(`${name}/${args.length}`);
}

function keyOf(module: string, key: string, fun: ExportedFunction): string {
  const [, name, digits] = /^(.+?)(?:\/(\d+))?$/s.exec(key) ?? [];
  if (name === undefined) {
    throw new TypeError(`Cannot export a function of ${module}: its name is empty`);
  }
  const arity = digits === undefined ? fun.length : Number(digits);
  if (arity <= MOST_ARGUMENTS) return `${name}/${arity}`;
  throw new RangeError(
    `Cannot export ${module}.${key}: a function has at most ${MOST_ARGUMENTS} arguments`,
  );
}
