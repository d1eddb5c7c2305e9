/**
 * Erlang/OTP for TypeScript: processes with mailboxes, links, monitors and exit signals; GenServer;
 * pluggable registries of names.
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

export {
  type Priority,
  self,
  spawn,
  spawnLink,
  spawnMonitor,
  type SpawnOptions,
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
