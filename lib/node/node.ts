/**
 * Node: this runtime as a node of a cluster, and what it knows of other nodes.
 *
 * A node is known by its name, `name@host`. Once it is started, pids, references and names of other nodes
 * work wherever those of this one do: in `send`, `GenServer.call`, links, monitors, `Process.exit`. A name on
 * another node is written `["name", "node@host"]`. Whoever says something to a node that is not connected
 * connects to it.
 *
 * Messages of a program's own are what the table of the mapping says. OTP's own requests and answers have its
 * terms on both sides: `Supervisor`, `DynamicSupervisor`, `Sys` and `GenServer.stop` work on processes of
 * Erlang and Elixir nodes, and theirs, with `Task.Supervisor` and `Agent`, on processes here. The children, tasks
 * and functions that they hand over are named, and must be exported.
 *
 * Mirrors Elixir's `Node`.
 *
 * @module
 */

import { self } from "../kernel/self.ts";
import { inspect } from "../kernel/inspect.ts";
import { type NodeName, nodeName, type Pid, type Term } from "../kernel/term.ts";
import { call } from "../gen_server.ts";
import { report } from "../kernel/report.ts";
import { EpmdError } from "./distribution/epmd.ts";
import { type DistributionOptions, DistributionTransport } from "./distribution/transport.ts";
import type { GlobalOptions } from "./global/service.ts";
import { Life, type NodeKind } from "./life.ts";
import {
  demonitorNode,
  monitorNode,
  type MonitorNodesOptions,
  type NodeInfo,
  subscribe,
  unsubscribe,
} from "./node_monitors.ts";
import { atom } from "./terms.ts";

export {
  type ExportedFunction,
  exportedFunctions,
  exportFunctions,
  type Exports,
  unexportFunctions,
} from "./calls/exports.ts";
export { spawn, spawnLink, spawnMonitor } from "./calls/spawn.ts";
export type { MonitorNodesOptions, NodeInfo, NodeKind };

/** How a node takes part in a cluster. */
export interface StartOptions
  extends Omit<DistributionOptions, "node" | "identities" | "sockets">, GlobalOptions {}

/** What became of the start of a node: the supervisor of what runs on behalf of other nodes, or why not. */
export type StartResult =
  | readonly ["ok", Pid]
  | readonly ["error", readonly ["already_started", Pid] | StartFailure];

/** Why there is no node, though nothing was wrong with how it was asked for. */
export type StartFailure = "duplicate_name" | "epmd_unreachable" | "epmd_protocol" | "eaddrinuse";

let life: Life<DistributionTransport> | null = null;
/** Starts and stops, one after another. */
let lastChange: Promise<unknown> = Promise.resolve();

function inTurn<T>(change: () => Promise<T>): Promise<T> {
  const changed = lastChange.then(change);
  lastChange = changed.catch(() => {});
  return changed;
}

/** The life that goes on, if this runtime is a node. */
function living(): Life<DistributionTransport> | null {
  return life === null || life.isOver ? null : life;
}

/**
 * Makes this runtime a node, and resolves with `["ok", pid]` of the supervisor of what it then runs for
 * others: `net_kernel`, `rex`, and the servers of `global` names and `Pg`.
 *
 * It listens on loopback, at any free port, and tells the port to EPMD, which must run there (any Erlang
 * node starts it; the option `epmd: { serve: true }` answers in its place). The option `resolve` does without
 * EPMD. No other node can run anything here but what {@linkcode exportFunctions} has named.
 *
 * A node that listens, or is connected, keeps the program running when that has nothing more to do:
 * {@linkcode stop} lets it end. `Application.run` ends it after a signal, and waits up to a second for
 * what was said last to other nodes.
 *
 * Resolves with `["error", reason]`: `["already_started", pid]`; `"duplicate_name"` if EPMD has another node
 * of this name; `"epmd_unreachable"` or `"epmd_protocol"` if it cannot be asked, or says what makes no
 * sense; `"eaddrinuse"` if the port to listen on is taken. The reason is logged, too.
 *
 * Needs `--allow-net` for the port, EPMD and the other nodes. Without the option `cookie` it looks for
 * the cookie as Erlang does, which needs `--allow-env=RELEASE_COOKIE`, or `--allow-env=HOME` and
 * `--allow-read` of the file `.erlang.cookie` there.
 *
 * @param name `name@host`. A host with a dot makes it a long name; the nodes of a cluster have either
 * long ones or short ones.
 * @throws {RangeError} If the name is none, or no cookie is found, or it is none.
 * @throws {MatchError} If a name that a node needs (`net_kernel`, `rex`, `logger_proxy`) is taken.
 * @throws {Deno.errors.NotCapable} If a permission is missing.
 * @see Elixir `Node.start/3`; the options take the place of the arguments and of `erl`'s flags.
 *
 * @example A node that knows by itself where the others are, and needs no EPMD
 * ```ts
 * import { Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * const resolve = () => ({ host: "127.0.0.1", port: 9100 });
 * await Node.start("deno@127.0.0.1", { cookie: "secret", listen: { port: 0 }, resolve });
 * assertEquals(Node.self(), "deno@127.0.0.1");
 *
 * // From here on: GenServer.call(["calculator", "elixir@127.0.0.1"], ["add", 10])
 * await Node.stop();
 * ```
 */
export function start(name: NodeName, options: StartOptions = {}): Promise<StartResult> {
  return inTurn(async () => {
    const running = living();
    if (running !== null) return ["error", ["already_started", running.pid]];
    const begun = new Life(
      { ...options, node: name },
      (identities) => new DistributionTransport({ ...options, node: name, identities }),
    );
    try {
      await begun.begin();
    } catch (error) {
      const reason = worldly(error);
      if (reason === undefined) throw error;
      report({ level: "error", kind: "message", reason: `Cannot start ${name}: ${error}` });
      return ["error", reason];
    }
    life = begun;
    return ["ok", begun.pid];
  });
}

/** The reason for an error that is not the caller's. */
function worldly(error: unknown): StartFailure | undefined {
  if (error instanceof EpmdError) {
    if (error.reason === "taken") return "duplicate_name";
    return error.reason === "unreachable" ? "epmd_unreachable" : "epmd_protocol";
  }
  const isInUse = error instanceof Error && error.name === "AddrInUse";
  return isInUse ? "eaddrinuse" : undefined;
}

/**
 * Makes this runtime a node no more: cuts every connection, ends what ran for other nodes, and gives back the
 * name. Resolves with `"ok"` when that is done, with `["error", "not_found"]` if it is no node.
 *
 * Links and monitors across nodes get `noconnection`.
 *
 * @see Elixir `Node.stop/0`
 */
export function stop(): Promise<"ok" | readonly ["error", "not_found"]> {
  return inTurn(async () => {
    const running = living();
    if (running === null) return ["error", "not_found"];
    await running.end();
    life = null;
    return "ok";
  });
}

/**
 * The name of this node; `"nonode@nohost"` if it is none.
 *
 * @see Elixir `Node.self/0`
 *
 * @example
 * ```ts
 * import { Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Node.self(), "nonode@nohost");
 * ```
 */
function here(): NodeName {
  return nodeName();
}
export { here as self };

/**
 * Tells whether this runtime is a node that can be connected with others.
 *
 * @see Elixir `Node.alive?/0`
 */
export function isAlive(): boolean {
  return living() !== null;
}

/**
 * The names of nodes: of those that are connected and not hidden, by default; else `"hidden"` ones,
 * `"connected"` ones (both), `"this"` one, or all that are `"known"`: connected, being connected to, and
 * this one. Of several kinds, all of them.
 *
 * @see Elixir `Node.list/0`, `Node.list/1`
 */
export function list(kind: NodeKind | readonly NodeKind[] = "visible"): NodeName[] {
  const kinds: readonly NodeKind[] = typeof kind === "string" ? [kind] : kind;
  const strange = kinds.find((each) => !KINDS.has(each));
  if (strange !== undefined) {
    const accepted = [...KINDS].join(", ");
    throw new TypeError(`Cannot list nodes: ${inspect(strange)} is none of ${accepted}`);
  }
  const running = living();
  if (running !== null) return running.list(...kinds);
  return kinds.some((each) => each === "this" || each === "known") ? [nodeName()] : [];
}

const KINDS: ReadonlySet<Term> = new Set<NodeKind>([
  "visible",
  "hidden",
  "connected",
  "this",
  "known",
]);

/**
 * Connects to a node, and resolves with whether it is connected then; with `"ignored"` if this runtime is
 * no node itself. Whoever only wants to say something to a node need not connect first.
 *
 * @see Elixir `Node.connect/1`
 */
export async function connect(node: NodeName): Promise<boolean | "ignored"> {
  const running = living();
  if (running === null) return "ignored";
  return node === running.node || await running.connect(node);
}

/**
 * Cuts the connection to a node, and tells whether there was one; `"ignored"` if this runtime is no node.
 *
 * On the other side this looks like a loss of the connection. The next thing that is said to the
 * node connects to it again.
 *
 * @see Elixir `Node.disconnect/1`
 */
export function disconnect(node: NodeName): boolean | "ignored" {
  return living()?.disconnect(node) ?? "ignored";
}

/**
 * Resolves with `"pong"` if a node can be reached, else with `"pang"`. Connects to it if need be.
 *
 * @see Elixir `Node.ping/1`
 */
export async function ping(node: NodeName): Promise<"pong" | "pang"> {
  const running = living();
  if (running === null) return "pang";
  if (node === running.node) return "pong";
  if (!await running.connect(node)) return "pang";
  try {
    const asked = ["is_auth", atom(running.node)];
    return await call(["net_kernel", node], asked, Infinity) === "yes" ? "pong" : "pang";
  } catch {
    return "pang";
  }
}

/**
 * Has the calling process told when the connection to a node is lost: by the message `["nodedown", node]`, once.
 * Connects to it if need be, and says so in the same way if that fails. Each call adds one message;
 * `isOn` false takes one back. Returns `true`.
 *
 * @throws {TypeError} If this runtime is no node: `notalive`.
 * @see Elixir `Node.monitor/2`
 */
export function monitor(node: NodeName, isOn: boolean): true {
  const running = living();
  if (running === null) {
    throw new TypeError(`Cannot monitor ${node}: notalive, this runtime is no node`);
  }
  const process = self();
  if (node === running.node) return true;
  if (isOn) {
    monitorNode(process, node);
    running.keepInTouch(node);
  } else demonitorNode(process, node);
  return true;
}

/**
 * Subscribes the calling process to all nodes that come and go, this one included: it gets `["nodeup", node]`
 * before anything else from a node that is new, and `["nodedown", node]` after all there was from it. With
 * options, a third item tells more: see {@linkcode NodeInfo}.
 *
 * Each subscription sends messages of its own. `isOn` false ends all of the process that were made with
 * the same options. Works before this runtime is a node, too, and goes on after it has been one.
 *
 * @throws {TypeError} If an option is unknown, or its value is none of those that it has.
 * @see OTP `net_kernel:monitor_nodes/1,2`, whose info is a list or a map
 */
export function monitorNodes(isOn: boolean, options?: MonitorNodesOptions): "ok" {
  if (options !== undefined) assertMonitorNodesOptions(options);
  if (isOn) subscribe(self(), options);
  else unsubscribe(self(), options);
  return "ok";
}

function assertMonitorNodesOptions({ nodeType, nodedownReason, ...unknown }: MonitorNodesOptions) {
  const refuse = (found: string, accepted: string) => {
    throw new TypeError(`Cannot monitor nodes: found ${found}, expected ${accepted}`);
  };
  const [strange] = Object.keys(unknown);
  if (strange !== undefined) refuse(`the option ${strange}`, "nodeType and nodedownReason");
  if (nodeType !== undefined && !["visible", "hidden", "all"].includes(nodeType)) {
    refuse(`the nodeType ${inspect(nodeType)}`, "visible, hidden or all");
  }
  if (nodedownReason !== undefined && typeof nodedownReason !== "boolean") {
    refuse(`the nodedownReason ${inspect(nodedownReason)}`, "true or false");
  }
}

/**
 * Sets the cookie of this node for all nodes that none was set for, or for one node. Connections that
 * are up stay so. Returns `true`.
 *
 * @param node Default: this node.
 * @throws {RangeError} If the cookie is empty, or has other than printable ASCII characters.
 * @throws {TypeError} If this runtime is no node.
 * @see Elixir `Node.set_cookie/2`
 */
export function setCookie(cookie: string, node: NodeName = nodeName()): true {
  const running = living();
  if (running === null) throw new TypeError("Cannot set a cookie: this runtime is no node");
  running.transport.cookies.set(node === running.node ? null : node, cookie);
  return true;
}

/**
 * The cookie that this node shares with another, by default with those that none was set for;
 * `"nocookie"` if this runtime is no node.
 *
 * @see Elixir `Node.get_cookie/0`
 */
export function getCookie(node: NodeName = nodeName()): string {
  return living()?.transport.cookies.for(node) ?? "nocookie";
}
