/**
 * Types of a function that is given as a module, a name and arguments.
 *
 * @module
 */

/** Any function. */
// deno-lint-ignore no-explicit-any -- the types of the parameters are the function's own
export type AnyFunction = (...args: any[]) => unknown;

/** The names of the functions of a module. */
export type FunctionName<Module> =
  & string
  & { [Name in keyof Module]: Module[Name] extends AnyFunction ? Name : never }[keyof Module];

/** The arguments of a function of a module. */
export type ArgumentsOf<Module, Name extends keyof Module> = Module[Name] extends
  (...args: infer Args) => unknown ? Readonly<Args> : never;

/** The first parameter of a function of a module: in a stream, the item. */
export type ItemOf<Module, Name extends keyof Module> = ArgumentsOf<Module, Name> extends
  readonly [infer Item, ...unknown[]] ? Item : unknown;

/** The other parameters of a function of a module. */
export type RestOfArguments<Module, Name extends keyof Module> = ArgumentsOf<Module, Name> extends
  readonly [unknown, ...infer Rest] ? Readonly<Rest> : readonly [];

/** The result of a function of a module, awaited. */
export type ResultOf<Module, Name extends keyof Module> = Module[Name] extends
  (...args: never[]) => infer Result ? Awaited<Result> : never;
