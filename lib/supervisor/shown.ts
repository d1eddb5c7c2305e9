/**
 * What `whichChildren` answers, as the console shows it: modules by their names.
 *
 * An ES module cannot say how it is to be shown, and is printed with all its exports otherwise.
 *
 * @module
 */

import { formatModule, isModule } from "../kernel/module_name.ts";

/** The method by which an object tells the console of Deno, Node and Bun how to show it. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown, options: unknown) => string;

/** Stands for a module in the console. */
class Shown {
  constructor(readonly module: unknown) {}

  [INSPECT](): string {
    return formatModule(this.module);
  }
}

/** Shows a row, `[id, child, type, modules]`, with the names of modules in place of these. */
function showRow(this: readonly unknown[], _depth: unknown, options: unknown, inspect: Inspect) {
  return inspect(this.map(shown), options);
}

function shown(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(shown);
  return isModule(item) ? new Shown(item) : item;
}

/** Has the console show a row with its modules by name. The row stays a plain array to all else. */
export function showingNames<Row extends readonly unknown[]>(row: Row): Row {
  if (!row.some((item) => Array.isArray(item) ? item.some(isModule) : isModule(item))) return row;
  return Object.defineProperty(row, INSPECT, { value: showRow });
}
