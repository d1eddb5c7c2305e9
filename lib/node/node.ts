/**
 * Node: this runtime as a node of a cluster, and what it knows of other nodes.
 *
 * A node is known by its name, `name@host`. Once it is started, pids, references and names of other nodes
 * work wherever local ones do: in `send`, `GenServer.call`, links, monitors, `Process.exit`. A name on
 * another node is written `["name", "node@host"]`. A signal to a node that is not connected connects to it.
 *
 * Messages of a program are converted by the table of the mapping. Requests and replies of OTP's own protocols
 * are translated into OTP's terms: `Supervisor`, `DynamicSupervisor`, `Sys` and `GenServer.stop` work on
 * processes of Erlang and Elixir nodes, and theirs, with `Task.Supervisor` and `Agent`, on local processes. The
 * children, tasks and functions that such a request contains are given by name, and must be exported.
 *
 * Mirrors Elixir's `Node`.
 *
 * @module
 */

import { checkTimeout } from "../gen/timeout.ts";
import { DEFAULT_FRAMING_LIMITS } from "./distribution/framing.ts";
import { checkOptions } from "../kernel/options.ts";
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

/** The result of starting a node: the supervisor of its services for other nodes, or the reason for the failure. */
export type StartResult =
  | readonly ["ok", Pid]
  | readonly ["error", readonly ["already_started", Pid] | StartFailure];

/** The reason why a node could not be started although its name and options are valid. */
export type StartFailure = "duplicate_name" | "epmd_unreachable" | "epmd_protocol" | "eaddrinuse";

let life: Life<DistributionTransport> | null = null;
/** The latest start or stop: they run one after another. */
let lastChange: Promise<unknown> = Promise.resolve();

function inTurn<T>(change: () => Promise<T>): Promise<T> {
  const changed = lastChange.then(change);
  lastChange = changed.catch(() => {});
  return changed;
}

/** The current life of this node; `null` if this runtime is not a node. */
function runningNode(): Life<DistributionTransport> | null {
  return life === null || life.isOver ? null : life;
}

/**
 * Makes this runtime a node, and resolves with `["ok", pid]`: the pid of the supervisor of its services for
 * other nodes, which are `net_kernel`, `rex`, and the servers of `global` names and `Pg`.
 *
 * The node listens on loopback, at any free port, and registers the port with EPMD, which must run on the host
 * (any Erlang node starts it; the option `epmd: { serve: true }` serves in its place). With the option
 * `resolve`, EPMD is not used. Other nodes can run only functions that {@linkcode exportFunctions} has exported.
 *
 * A node that listens, or is connected, keeps the program running until {@linkcode stop} is called.
 * `Application.run` ends the program after a signal, and waits up to a second for the last signals to other
 * nodes to be written.
 *
 * Resolves with `["error", reason]` if the node cannot be started: `["already_started", pid]`;
 * `"duplicate_name"` if EPMD has another node with this name; `"epmd_unreachable"` if EPMD does not answer, or
 * `"epmd_protocol"` if its answer is invalid; `"eaddrinuse"` if the port to listen on is in use. The reason is
 * logged, too.
 *
 * As on the BEAM, other nodes can send exit signals to the processes of this one. If one of the processes of `global`
 * exits, or the supervisor of the node's other services does, the node stops, and this is logged.
 *
 * Needs `--allow-net` for the port, EPMD and the other nodes. Without the option `cookie` it looks for
 * the cookie as Erlang does, which needs `--allow-env=RELEASE_COOKIE`, or `--allow-env=HOME` and
 * `--allow-read` of the file `.erlang.cookie` there.
 *
 * @param name `name@host`. A host with a dot makes it a long name; all nodes of a cluster must have long names,
 * or all short ones.
 * @throws {RangeError} If the name is not a node name, or the cookie is not found or not valid.
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
    checkStartOptions(options);
    const running = runningNode();
    if (running !== null) return ["error", ["already_started", running.pid]];
    await life?.end(); // it may be ending, because one of its services has exited
    const begun = new Life(
      { ...options, node: name },
      (identities) => new DistributionTransport({ ...options, node: name, identities }),
    );
    try {
      await begun.begin();
    } catch (error) {
      const reason = startFailureOf(error);
      if (reason === undefined) throw error;
      report({ level: "error", kind: "message", reason: `Cannot start ${name}: ${error}` });
      return ["error", reason];
    }
    life = begun;
    return ["ok", begun.pid];
  });
}

const START_OPTIONS = [
  "cookie",
  "cookies",
  "hidden",
  "listen",
  "resolve",
  "epmd",
  "tls",
  "allowedNodes",
  "setupTime",
  "mapping",
  "tickTime",
  "limits",
  "preventOverlappingPartitions",
] as const satisfies readonly (keyof StartOptions)[];

function checkStartOptions(options: StartOptions): void {
  checkOptions("start a node", options, START_OPTIONS);
  const { listen, epmd, tls, limits, setupTime, tickTime } = options;
  if (setupTime !== undefined) checkTimeout("connect to nodes", setupTime);
  if (tickTime !== undefined) checkTimeout("watch connections", tickTime);
  if (listen !== undefined && listen !== false) {
    checkOptions("listen for nodes", listen, ["port", "hostname"]);
  }
  if (epmd !== undefined) checkOptions("use EPMD", epmd, ["port", "host", "serve"]);
  if (tls !== undefined) checkOptions("use TLS", tls, ["cert", "key", "ca"]);
  if (limits !== undefined) {
    checkOptions("limit connections", limits, Object.keys(DEFAULT_FRAMING_LIMITS));
  }
}

/** The reason for an error that a start resolves with; `undefined` for all others, which it rejects with. */
function startFailureOf(error: unknown): StartFailure | undefined {
  if (error instanceof EpmdError) {
    if (error.reason === "taken") return "duplicate_name";
    return error.reason === "unreachable" ? "epmd_unreachable" : "epmd_protocol";
  }
  const isInUse = error instanceof Error && error.name === "AddrInUse";
  return isInUse ? "eaddrinuse" : undefined;
}

/**
 * Stops being a node: closes every connection, stops the services for other nodes, and releases the name.
 * Resolves with `"ok"` when that is done, or with `["error", "not_found"]` if this runtime is not a node.
 *
 * Links and monitors across nodes get `noconnection`.
 *
 * @see Elixir `Node.stop/0`
 */
export function stop(): Promise<"ok" | readonly ["error", "not_found"]> {
  return inTurn(async () => {
    const running = runningNode();
    if (running === null) return ["error", "not_found"];
    await running.end();
    life = null;
    return "ok";
  });
}

/**
 * Returns the name of this node; `"nonode@nohost"` if this runtime is not a node.
 *
 * @see Elixir `Node.self/0`
 *
 * @example A runtime that is not a node
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
 * Returns whether this runtime is a node, which can be connected with others.
 *
 * @see Elixir `Node.alive?/0`
 */
export function isAlive(): boolean {
  return runningNode() !== null;
}

/**
 * Returns the names of nodes of one or several kinds: `"visible"`, the default, are those that are connected and
 * not hidden; `"hidden"` the hidden ones; `"connected"` both; `"this"` this node; `"known"` those that are
 * connected or being connected to, and this node.
 *
 * @throws {TypeError} If a kind is unknown.
 *
 * @see Elixir `Node.list/0`, `Node.list/1`
 */
export function list(kind: NodeKind | readonly NodeKind[] = "visible"): NodeName[] {
  const kinds: readonly NodeKind[] = typeof kind === "string" ? [kind] : kind;
  const unknownKind = kinds.find((each) => !KINDS.has(each));
  if (unknownKind !== undefined) {
    const accepted = [...KINDS].join(", ");
    throw new TypeError(
      `Cannot list nodes: found the kind ${inspect(unknownKind)}, expected one of ${accepted}`,
    );
  }
  const running = runningNode();
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
 * Connects to a node, and resolves with whether it is connected then; with `"ignored"` if this runtime is not a
 * node. Sending to a node connects to it, so that connecting first is rarely necessary.
 *
 * @see Elixir `Node.connect/1`
 */
export async function connect(node: NodeName): Promise<boolean | "ignored"> {
  const running = runningNode();
  if (running === null) return "ignored";
  return node === running.node || await running.connect(node);
}

/**
 * Closes the connection to a node, and returns whether there was one; `"ignored"` if this runtime is not a node.
 *
 * The other node sees a lost connection. The next signal that is sent to the node connects to it again.
 *
 * @see Elixir `Node.disconnect/1`
 */
export function disconnect(node: NodeName): boolean | "ignored" {
  return runningNode()?.disconnect(node) ?? "ignored";
}

/**
 * Resolves with `"pong"` if a node can be reached, else with `"pang"`. Connects to it if necessary.
 *
 * @see Elixir `Node.ping/1`
 */
export async function ping(node: NodeName): Promise<"pong" | "pang"> {
  const running = runningNode();
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
 * Monitors a node: the calling process gets the message `["nodedown", node]`, once, when the connection to it is
 * lost. Connects to the node if necessary; the message is also sent if that fails. Each call adds one message;
 * with `isOn` false, it removes one. Returns `true`.
 *
 * @throws {TypeError} If this runtime is not a node: `notalive`.
 * @see Elixir `Node.monitor/2`
 */
export function monitor(node: NodeName, isOn: boolean): true {
  const running = runningNode();
  if (running === null) {
    throw new TypeError(`Cannot monitor ${node}: notalive, this runtime is not a node`);
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
 * Subscribes the calling process to all nodes that come up and go down, this one included: it gets
 * `["nodeup", node]` before any other message from a new node, and `["nodedown", node]` after the last one. With
 * options, the messages have a third item: see {@linkcode NodeInfo}.
 *
 * Each subscription sends its own messages. With `isOn` false, all subscriptions of the process with the same
 * options are removed. Subscriptions can be made before this runtime is a node, and last after it has stopped.
 *
 * @throws {TypeError} If an option is unknown, or its value is not valid.
 * @see OTP `net_kernel:monitor_nodes/1,2`, whose info is a list or a map
 */
export function monitorNodes(isOn: boolean, options?: MonitorNodesOptions): "ok" {
  if (options !== undefined) assertMonitorNodesOptions(options);
  if (isOn) subscribe(self(), options);
  else unsubscribe(self(), options);
  return "ok";
}

function assertMonitorNodesOptions(options: MonitorNodesOptions): void {
  checkOptions("monitor nodes", options, ["nodeType", "nodedownReason"]);
  const { nodeType, nodedownReason } = options;
  const refuse = (found: string, accepted: string) => {
    throw new TypeError(`Cannot monitor nodes: found ${found}, expected ${accepted}`);
  };
  if (nodeType !== undefined && !["visible", "hidden", "all"].includes(nodeType)) {
    refuse(`the nodeType ${inspect(nodeType)}`, "visible, hidden or all");
  }
  if (nodedownReason !== undefined && typeof nodedownReason !== "boolean") {
    refuse(`the nodedownReason ${inspect(nodedownReason)}`, "true or false");
  }
}

/**
 * Sets the cookie of this node for connections to one node, or, for this node's own name, to all nodes that no
 * cookie was set for. Existing connections are kept. Returns `true`.
 *
 * @param node Default: this node.
 * @throws {RangeError} If the cookie is empty, or has characters that are not printable ASCII.
 * @throws {TypeError} If this runtime is not a node.
 * @see Elixir `Node.set_cookie/2`
 */
export function setCookie(cookie: string, node: NodeName = nodeName()): true {
  const running = runningNode();
  if (running === null) throw new TypeError("Cannot set a cookie: this runtime is not a node");
  running.transport.cookies.set(node === running.node ? null : node, cookie);
  return true;
}

/**
 * Returns the cookie for connections to a node, by default to the nodes that none was set for; `"nocookie"` if
 * this runtime is not a node.
 *
 * @see Elixir `Node.get_cookie/0`
 */
export function getCookie(node: NodeName = nodeName()): string {
  return runningNode()?.transport.cookies.for(node) ?? "nocookie";
}
