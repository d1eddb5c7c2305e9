/**
 * What other nodes may run here: functions by module, name and arity, as Erlang exports them. There are none
 * until somebody exports one, and nothing that comes from another node is ever looked up anywhere else.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";

/** A function that other nodes may run. What it returns, or its promise is fulfilled with, is the result. */
// deno-lint-ignore no-explicit-any -- what it takes is between the function and its callers
export type ExportedFunction = (...args: any[]) => unknown;

/** Functions by name, or by `"name/arity"` where the function's own length does not tell what it takes. */
export type Exports = Readonly<Record<string, ExportedFunction>>;

/** Erlang's functions take at most so many arguments. */
const MOST_ARGUMENTS = 255;

/** By module, then by `name/arity`. */
const modules = new Map<string, Map<string, ExportedFunction>>();

/**
 * Lets other nodes run functions: by `:erpc` and `:rpc`, by `Node.spawn`, as children and tasks that they
 * start under supervisors here, and on the state of agents.
 *
 * Each is known by `module`, its key and its arity: the number of parameters that it declares before
 * the first optional one. Where a function takes other numbers of arguments, its key says how many:
 * `{ "sum/2": sum, "sum/3": sum }`. The namespace of an ES module will do, if all that it exports are
 * functions. A function that is exported already is replaced; other functions of the module stay.
 *
 * Elixir's `Calculator` is the module `"Elixir.Calculator"`.
 *
 * Arguments and results are as in messages: an Elixir programmer's
 * `:erpc.call(node, :calculator, :add, [1, 2])` is `add(1, 2)`. A promise is waited for. Each call runs in a
 * process of its own, which its caller neither links to nor kills.
 *
 * Other nodes can run nothing that is not exported. What is exported can be run by every node
 * that knows the cookie: take the arguments for what a stranger sends.
 *
 * @throws {TypeError} If the module is no atom, a value is no function, or a key is no name.
 * @throws {RangeError} If an arity is above 255.
 *
 * @example
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
    throw new TypeError(`Cannot export functions: a module is a string, not ${inspect(module)}`);
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

/** Takes back all that was exported under the name of a module. Harmless if nothing was. */
export function unexportFunctions(module: string): void {
  modules.delete(module);
}

/** What is exported: `[module, name, arity]` each, in the order of the modules and keys. */
export function exportedFunctions(): (readonly [module: string, name: string, arity: number])[] {
  return [...modules].flatMap(([module, functions]) =>
    [...functions.keys()].map((key) => {
      const slash = key.lastIndexOf("/");
      return [module, key.slice(0, slash), Number(key.slice(slash + 1))] as const;
    })
  );
}

/** The function of a module with so many arguments, `undefined` if none is exported. */
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
