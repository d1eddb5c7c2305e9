/**
 * Erlang/OTP for TypeScript: processes with mailboxes, links, monitors and exit signals; GenServer;
 * pluggable registries of names.
 *
 * @module
 */

export { configureRuntime, Global, type RuntimeOptions } from "./lib/default_runtime.ts";

export { Exit, exit, formatExit } from "./lib/kernel/exit.ts";
export {
  type Atom,
  equal,
  inspect,
  isAtom,
  isPid,
  isReference,
  makeRef,
  type NodeName,
  Pid,
  Ref,
  type Term,
} from "./lib/kernel/term.ts";
export type {
  Awaitable,
  LocalRegistry,
  Name,
  NameRegistry,
  ServerRef,
} from "./lib/kernel/names.ts";

export { self, spawn, spawnLink, spawnMonitor, type SpawnOptions } from "./lib/process.ts";
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
export { _, type Guard, type Matched, matches, type Wildcard } from "./lib/match.ts";

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
  ChildSpec,
  ChildSpecOverrides,
  Restart,
  Shutdown,
  StartFunction,
} from "./lib/child_spec.ts";

export * as Process from "./lib/process.ts";
export * as GenServer from "./lib/gen_server.ts";
export * as Sys from "./lib/sys.ts";
export * as Logger from "./lib/logger.ts";
