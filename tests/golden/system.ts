/**
 * What a transcript drives: the port of an Elixir system, and how its names are found.
 *
 * @module
 */

import type { AnyFunction } from "./eval.ts";
import type { Functions } from "./library.ts";

const OBJECT: unique symbol = Symbol("the module's object");

/** The functions of one module of a port, and the object that stands for the module. */
export type SystemModule = Functions & { readonly [OBJECT]?: object };

/** The port of a system. */
export interface System {
  /** Its modules, by their Elixir names. */
  readonly modules: Readonly<Record<string, SystemModule>>;
  /** The modules whose functions steps call without naming the module. */
  readonly imports?: readonly string[];
  /** Short names of modules: `Server` for `Calculator.Server`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Functions that the scenario's script defines for its steps. */
  readonly helpers?: Functions;
  /** Makes the structs of a name; a plain object where there is nothing. */
  readonly structs?: Readonly<
    Record<string, (fields: Readonly<Record<string, unknown>>) => unknown>
  >;
  /** What this port has for a map: a plain object where all keys are strings (the default), or always a `Map`. */
  readonly maps?: "object" | "Map";
  /** How long a step may take, in milliseconds, if the runner's limit is too short. */
  readonly stepLimit?: number;
  /** Cleans up after the last step. */
  readonly end?: () => unknown;
}

/** A module of a port, of its ES module. */
export function fromModule(namespace: object, more: Functions = {}): SystemModule {
  const functions: Record<string, AnyFunction> = {};
  for (const [name, value] of Object.entries(namespace)) {
    if (typeof value === "function") functions[name] = value as AnyFunction;
  }
  return { ...functions, ...more, [OBJECT]: namespace };
}

/** The object that stands for a module of a port, if it has one. */
export function objectOf(module: SystemModule | undefined): object | undefined {
  return module?.[OBJECT];
}
