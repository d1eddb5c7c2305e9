/**
 * Erlang/OTP for TypeScript: processes with mailboxes, links, monitors and exit signals, GenServer,
 * supervisors, and pluggable name registries. A program behaves as the same program does on the BEAM.
 * No dependencies, and no permission flags on one machine.
 *
 * A supervised server, which is killed and restarted:
 *
 * ```ts
 * import { GenServer, noreply, ok, Process, receive, reply, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Stack = {
 *   // Called by clients and by the supervisor
 *   startLink: (items: string[]) => GenServer.startLink(Stack, items, { name: "stack" }),
 *   childSpec: (items: string[]) => GenServer.childSpec(Stack, items),
 *
 *   // Called by the server
 *   init: (items: string[]) => ok(items),
 *   handleCall: (_request: "pop", _from: GenServer.From, [top, ...rest]: string[]) =>
 *     reply(top, rest),
 *   handleCast: ([, item]: ["push", string], items: string[]) => noreply([item, ...items]),
 * };
 *
 * const supervisor = unwrap(
 *   await Supervisor.startLink([[Stack, ["hello"]]], { strategy: "one_for_one" }),
 * );
 * GenServer.cast("stack", ["push", "world"]);
 * assertEquals(await GenServer.call("stack", "pop"), "world");
 *
 * // A monitor notifies this process when the server exits.
 * Process.monitor("stack");
 * Process.exit(Process.whereis("stack")!, "kill");
 * assertEquals(await receive({ DOWN: (_ref, _type, _process, reason) => reason }), "killed");
 *
 * // The supervisor restarts it with its first argument. (It answers when that is done.)
 * await Supervisor.countChildren(supervisor);
 * assertEquals(await GenServer.call("stack", "pop"), "hello");
 * await Supervisor.stop(supervisor);
 * ```
 *
 * **Processes**
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode spawn}, {@linkcode spawnLink}, {@linkcode spawnMonitor}, {@linkcode self} | starting a process; the pid of the calling process |
 * | {@linkcode send}, {@linkcode receive}, {@linkcode flush} | messages: sending one, and receiving the first that matches |
 * | {@linkcode on}, {@linkcode after}, {@linkcode PatternClause}, {@linkcode AfterClause} | clauses of `receive`: by pattern, and after a time without a match |
 * | {@linkcode Process} | links, monitors, exit signals, local names, timers, the process dictionary, `info` |
 * | {@linkcode exit}, {@linkcode Exit}, {@linkcode formatExit} | exit reasons |
 * | {@linkcode equal}, {@linkcode inspect}, {@linkcode matches}, {@linkcode _} | comparing, printing and matching terms |
 * | {@linkcode Pid}, {@linkcode Ref}, {@linkcode makeRef}, {@linkcode isPid}, {@linkcode isReference}, {@linkcode isAtom} | the terms that JavaScript does not have |
 *
 * **Behaviours**
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode GenServer} | a server: state, calls and casts |
 * | {@linkcode GenStatem} | a state machine: states, postponed events, timeouts |
 * | {@linkcode Agent} | state that functions read and update |
 * | {@linkcode Task}, {@linkcode TaskSupervisor} | work that is done once, and its supervisor |
 * | {@linkcode ok}, {@linkcode reply}, {@linkcode noreply}, {@linkcode stop}, {@linkcode stopReply}, {@linkcode ignore} | what callbacks return |
 * | {@linkcode unwrap}, {@linkcode MatchError} | the value in an `"ok"` result, or an error |
 *
 * **Supervision**
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode Supervisor} | children that are started in order and restarted by a strategy |
 * | {@linkcode DynamicSupervisor} | children that are started on demand |
 * | {@linkcode PartitionSupervisor} | one child for each partition of a load |
 * | {@linkcode Application} | a supervision tree as a unit, with dependencies and an environment; programs |
 *
 * **Names, groups and tables**
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode Registry} | names of any kind, with values; publish and subscribe |
 * | {@linkcode Global} | names and locks that are unique in a cluster |
 * | {@linkcode Pg} | process groups |
 * | {@linkcode Ets} | tables of terms, shared by all processes |
 *
 * **Around them**
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode Sys} | inspecting, suspending and tracing a behaviour while it runs |
 * | {@linkcode Logger} | the reports of crashes, and where they go |
 * | {@linkcode Timer} | Erlang's `timer`: intervals, delayed messages, exits and calls |
 * | {@linkcode ProcLib} | processes that follow OTP's design without a behaviour |
 * | {@linkcode configureRuntime} | options of the runtime, for tests |
 *
 * **Names.** A function that takes a server accepts a {@linkcode ServerRef}: a pid, a local name
 * (`"stack"`), a name at a node (`["stack", node]`), a global name (`["global", term]`), or a name in
 * any registry (`["via", registry, key]`). A start registers the process under its option `name`, a
 * {@linkcode Name}.
 *
 * **Results** have OTP's shapes: tuples are arrays with their tag first, atoms are strings. A start
 * resolves with `["ok", pid]`, `["error", reason]` or `"ignore"`; {@linkcode unwrap} takes the pid out.
 * A call that fails rejects with an {@linkcode Exit} with OTP's reason. Wrong arguments throw a
 * `TypeError` or a `RangeError` that says what is accepted. Timeouts are in milliseconds, 5000 by
 * default where a function takes one for an answer.
 *
 * **Semantics.** All processes run in one thread. A process handles one message at a time; while a
 * callback awaits, its next messages wait and the other processes run. Messages from one process to
 * another arrive in the order in which they were sent. They are passed by reference, not copied: treat
 * them as immutable.
 *
 * **Other entry points.** `@denotp/otp/node` joins a cluster of Erlang, Elixir and denotp nodes;
 * `@denotp/otp/registries` has what a custom registry needs, and a test for one; `@denotp/otp/new`
 * creates a project.
 *
 * @module
 */

export { configureRuntime, Global, Registry, type RuntimeOptions } from "./lib/default_runtime.ts";

export { Exit, exit, formatExit } from "./lib/kernel/exit.ts";
export { inspect } from "./lib/kernel/inspect.ts";
export {
  type Atom,
  equal,
  isAtom,
  isPid,
  isReference,
  makeRef,
  type NodeName,
  Pid,
  Ref,
  type Term,
} from "./lib/kernel/term.ts";
export type { Awaitable } from "./lib/kernel/awaitable.ts";
export type { LocalRegistry, Name, NameRegistry, ServerRef } from "./lib/kernel/names.ts";
export * from "./lib/kernel/known_names.ts";

export {
  type MonitorOptions,
  type Priority,
  self,
  spawn,
  spawnLink,
  spawnMonitor,
  type SpawnOptions,
  type StoredOptions,
} from "./lib/process.ts";
export { type Destination, send } from "./lib/send.ts";
export {
  after,
  AfterClause,
  type Clause,
  flush,
  on,
  PatternClause,
  receive,
  type ResultOf,
  type TagClauses,
} from "./lib/receive.ts";
export { _, type Guard, type Matched, matches, type Wildcard } from "./lib/kernel/match.ts";

export {
  type AnyState,
  type Extra,
  ignore,
  type Init,
  MatchError,
  type Noreply,
  noreply,
  ok,
  type Reply,
  reply,
  type Stop,
  stop,
  type StopReply,
  stopReply,
  unwrap,
  type Unwrapped,
} from "./lib/response.ts";
export type {
  AutoShutdown,
  ChildModule,
  ChildSpec,
  ChildSpecOverrides,
  FullChildSpec,
  ModuleSpec,
  Restart,
  Shutdown,
  StartFunction,
} from "./lib/child_spec.ts";

export * as Process from "./lib/process.ts";
export * as GenServer from "./lib/gen_server.ts";
export * as GenStatem from "./lib/gen_statem.ts";
export * as Supervisor from "./lib/supervisor.ts";
export * as DynamicSupervisor from "./lib/dynamic_supervisor.ts";
export * as PartitionSupervisor from "./lib/partition_supervisor.ts";
export * as Agent from "./lib/agent.ts";
export * as Ets from "./lib/ets.ts";
export * as Pg from "./lib/pg.ts";
export * as Task from "./lib/task.ts";
export * as TaskSupervisor from "./lib/task/supervisor.ts";
export * as Application from "./lib/application.ts";
export * as ProcLib from "./lib/proc_lib.ts";
export * as Sys from "./lib/sys.ts";
export * as Timer from "./lib/timer.ts";
export * as Logger from "./lib/logger.ts";
