/**
 * Registries: those that the library brings, and what it takes to write another.
 *
 * A registry is any object with the four functions of {@linkcode NameRegistry}; a process is started
 * and found under `["via", registry, key]`. Run {@linkcode testRegistry} on one to see that it keeps
 * what a registry promises.
 *
 * | registry | a name is | for |
 * | --- | --- | --- |
 * | {@linkcode createLocalRegistry} | an atom | the names of one runtime: `"stack"` |
 * | {@linkcode Global} | any term | one process on all nodes: `["global", term]` |
 * | {@linkcode Registry} | any term, in a registry with a name | names with values, publish and subscribe: `["via", Registry, [registry, key]]` |
 *
 * @module
 */

export { Global, Registry } from "../lib/default_runtime.ts";
export { createLocalRegistry } from "./local.ts";
export { type DefineTest, type OpenedRegistry, testRegistry } from "./testing.ts";
export { TermMap } from "../lib/kernel/term_map.ts";
export type { ExitHook } from "../lib/kernel/process.ts";
export { onExit } from "../lib/kernel/signals.ts";
export type { Atom, Pid, Term } from "../lib/kernel/term.ts";
export type { Awaitable } from "../lib/kernel/awaitable.ts";
export type { LocalRegistry, NameRegistry } from "../lib/kernel/names.ts";
