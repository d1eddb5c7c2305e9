/**
 * Registries: the library's own, and what a custom one needs.
 *
 * A registry is any object or module with the four functions of {@linkcode NameRegistry}. A process is
 * registered and found under `["via", registry, key]`.
 *
 * | registry | a key is | for |
 * | --- | --- | --- |
 * | {@linkcode createLocalRegistry} | an atom | the names of one runtime: `"stack"` |
 * | {@linkcode Global} | any term | one process in the whole cluster: `["global", term]` |
 * | {@linkcode Registry} | any term, in a registry with a name | names with values, publish and subscribe: `["via", Registry, [registry, key]]` |
 *
 * | for a custom registry | |
 * | --- | --- |
 * | {@linkcode testRegistry} | tests that it keeps the contract |
 * | {@linkcode onExit} | releases a name before the links and monitors of its process are notified |
 * | {@linkcode TermMap} | a map whose keys are compared by their content, as `equal` does |
 *
 * @example A registry of numbered rooms
 * ```ts
 * import { exit, GenServer, ok, type Pid, reply, send, type Term, unwrap } from "@denotp/otp";
 * import { onExit } from "@denotp/otp/registries";
 * import { assertEquals } from "@std/assert";
 *
 * const rooms = new Map<number, Pid>();
 * const Rooms = {
 *   registerName(room: number, pid: Pid) {
 *     if (rooms.has(room)) return "no";
 *     rooms.set(room, pid);
 *     onExit(pid, () => rooms.delete(room));
 *     return "yes";
 *   },
 *   unregisterName: (room: number) => rooms.delete(room),
 *   whereisName: (room: number) => rooms.get(room),
 *   send(room: number, message: Term) {
 *     const pid = rooms.get(room);
 *     if (pid === undefined) throw exit(["badarg", [room, message]]);
 *     send(pid, message);
 *     return pid;
 *   },
 * };
 *
 * const Room = {
 *   init: () => ok("empty"),
 *   handleCall: (_request: "guest", _from: GenServer.From, guest: string) => reply(guest, guest),
 * };
 * const name = ["via", Rooms, 7] as const;
 * const pid = unwrap(await GenServer.start(Room, undefined, { name }));
 * assertEquals(await GenServer.call(name, "guest"), "empty");
 * assertEquals(rooms.get(7), pid);
 * await GenServer.stop(name);
 * assertEquals(rooms.size, 0);
 * ```
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
