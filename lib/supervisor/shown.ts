/**
 * The result of `whichChildren` in the console: modules are printed by their names.
 *
 * An ES module cannot define how it is printed; without this, it is printed with all its exports.
 *
 * @module
 */

import { formatModule, isModule } from "../kernel/module_name.ts";

/** The method with which an object defines its output in the console of Deno, Node and Bun. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown, options: unknown) => string;

/** Replaces a module in the console. */
class Shown {
  constructor(readonly module: unknown) {}

  [INSPECT](): string {
    return formatModule(this.module);
  }
}

/** Prints a row, `[id, child, type, modules]`, with the names of modules. */
function showRow(this: readonly unknown[], _depth: unknown, options: unknown, inspect: Inspect) {
  return inspect(this.map(shown), options);
}

function shown(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(shown);
  return isModule(item) ? new Shown(item) : item;
}

/** Makes the console print a row with the names of modules. Otherwise the row remains a plain array. */
export function showingNames<Row extends readonly unknown[]>(row: Row): Row {
  if (!row.some((item) => Array.isArray(item) ? item.some(isModule) : isModule(item))) return row;
  return Object.defineProperty(row, INSPECT, { value: showRow });
}
