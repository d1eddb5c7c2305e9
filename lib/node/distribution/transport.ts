/**
 * Erlang's distribution as a transport: listens, registers with EPMD, dials other nodes, and keeps at most one
 * connection to each.
 *
 * For each peer there is one object, which callers wait on, whichever side has dialled:
 *
 * ```text
 * idle ── connect ──▶ pending: resolve, dial, shake hands ─────────▶ up
 *   ▲                    │ failed, or too late   │ nok ─▶ waiting     │
 *   └──────── down ◀─────┴───────────────────────┘  for incoming ─▶ up
 * ```
 *
 * If both sides dial at the same time, the attempt of the greater name wins. The attempt of this node goes on
 * beside an incoming one until the peer has proved that it knows the cookie, and is only then abandoned:
 * otherwise anyone who knows the name of a node could prevent connections to it.
 *
 * @module
 */

import { OwnedTimer } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import "../../kernel/scheduler.ts"; // required by timers
import { inspect } from "../../kernel/inspect.ts";
import type { NodeName } from "../../kernel/term.ts";
import { start } from "../../kernel/timers.ts";
import { DEFAULT_LIMITS } from "../etf/mapping.ts";
import type { Identities } from "../identity.ts";
import type { Channel, Transport, TransportEvents } from "../transport.ts";
import { AtomCount } from "./atom_count.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { Cookies, findCookie } from "./cookie.ts";
import { EpmdClient, EpmdError, epmdPort, type Registered, type Registration } from "./epmd.ts";
import { EpmdServer } from "./epmd_server.ts";
import { PUBLISHED, SUPPORTED } from "./flags.ts";
import {
  answerScript,
  type ByteStream,
  dialScript,
  HandshakeError,
  hostOf,
  type Introduction,
  isLongName,
  isNodeName,
  type Negotiated,
  perform,
  type Status,
} from "./handshake.ts";
import { random32 } from "./host_crypto.ts";
import type { Address, Listener, Sockets } from "./sockets.ts";
import { tcp } from "./tcp.ts";
import { tls, type TlsOptions } from "./tls.ts";

/** The default timeout for connecting, in milliseconds. */
export const DEFAULT_SETUP_TIME_MS = 7000;
/** The maximum number of incoming connections in the handshake at the same time. */
const MOST_UNAUTHENTICATED = 64;
/** Smaller creations have other meanings for older nodes. */
const LEAST_CREATION = 4;

/** The EPMD that a node uses. */
export interface EpmdOptions {
  /** Default: the environment variable `ERL_EPMD_PORT`, if it is set and can be read, else 4369. */
  readonly port?: number;
  /** The host of the EPMD that this node registers with. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** Whether this node runs an EPMD server if there is no EPMD. Default `false`. */
  readonly serve?: boolean;
}

/** Options of a node in a cluster. */
export interface DistributionOptions {
  /** The name of this node, `name@host`. A host with a dot makes it a long name. */
  readonly node: NodeName;
  /** Creates the objects for pids and references of other nodes. */
  readonly identities: Identities;
  /** The cookie of the cluster. Default: what {@linkcode findCookie} finds. */
  readonly cookie?: string;
  /** The cookies for certain peers. */
  readonly cookies?: Readonly<Record<NodeName, string>>;
  /** Whether this node is hidden: only nodes that are connected directly know it. Default `false`. */
  readonly hidden?: boolean;
  /** The address to listen on; default: loopback, any free port. With `false`, the node only dials others. */
  readonly listen?: false | { readonly port?: number; readonly hostname?: string };
  /** Returns the address of a node. Replaces EPMD, which is then not used at all. */
  readonly resolve?: (
    node: NodeName,
  ) => Address | undefined | Promise<Address | undefined>;
  /** The EPMD to use. */
  readonly epmd?: EpmdOptions;
  /** Uses TLS. All nodes of the cluster must then use it. */
  readonly tls?: TlsOptions;
  /** The only peers that may connect. Default: every node that knows the cookie. */
  readonly allowedNodes?: readonly NodeName[];
  /** Timeout for look-up, dialling and handshake together, in milliseconds. Default 7000. */
  readonly setupTime?: number;
  /** The mapping of terms for a BEAM node. Default `"natural"` for all. */
  readonly mapping?: (node: NodeName) => "exact" | "natural";
  /** As in {@linkcode ConnectionOptions}. */
  readonly tickTime?: number;
  /** As in {@linkcode ConnectionOptions}. */
  readonly limits?: ConnectionOptions["limits"];
  /** The network. Default: the host's TCP, or TLS with the option `tls`. */
  readonly sockets?: Sockets;
}

/** A connection to a node could not be made. */
export class ConnectError extends Error {
  /** The name of the class. */
  override readonly name = "ConnectError";
  /** The node. */
  readonly node: NodeName;

  /** Internal: thrown by `transport.connect`. */
  constructor(node: NodeName, found: string, options?: ErrorOptions) {
    super(`Cannot connect to ${node}: ${found}`, options);
    this.node = node;
  }
}

/** The state of a peer: the attempt to connect to it, and the connection that is up. */
interface Peer {
  readonly node: NodeName;
  attempt: Attempt | null;
  channel: Connection | null;
}

/** One attempt to connect, whichever side succeeds. */
interface Attempt {
  readonly done: PromiseWithResolvers<Channel>;
  readonly timer: OwnedTimer;
  readonly abort: AbortController;
  stream: ByteStream | null;
  /** Whether the peer's own attempt has won, and is waited for. */
  isWaiting: boolean;
}

/**
 * Connects a node to others by Erlang's distribution protocol.
 *
 * Needs `--allow-net` for EPMD, the port it listens on, and the peers; without the option `cookie`
 * what {@linkcode findCookie} needs.
 */
export class DistributionTransport implements Transport {
  readonly #options: DistributionOptions;
  readonly #sockets: Sockets;
  readonly #epmd: EpmdClient | null;
  readonly #peers = new Map<NodeName, Peer>();
  /** Incoming connections in the handshake, oldest first. */
  readonly #unauthenticated = new Set<ByteStream>();
  /** Whether it was logged that there are too many of them. */
  #isCrowded = false;
  #cookies: Cookies | null = null;
  #events: TransportEvents | null = null;
  #self: Introduction | null = null;
  #listener: Listener | null = null;
  #registered: Registered | null = null;
  #epmdServer: EpmdServer | null = null;
  #isStopped = false;

  /**
   * Does nothing until it is started.
   *
   * @throws {RangeError} If the name is not the name of a node.
   */
  constructor(options: DistributionOptions) {
    if (!isNodeName(options.node)) {
      throw new RangeError(
        `Cannot name a node ${inspect(options.node)}: expected name@host in printable ASCII, ` +
          "at most 255 characters",
      );
    }
    this.#options = options;
    this.#sockets = options.sockets ?? (options.tls === undefined ? tcp : tls(options.tls));
    const isWithEpmd = options.resolve === undefined;
    this.#epmd = isWithEpmd
      ? new EpmdClient(options.sockets ?? tcp, options.epmd?.port ?? epmdPort())
      : null;
  }

  /** The port it listens on; 0 if it does not listen. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /**
   * @throws {EpmdError} If another node of this host has the name, or EPMD does not answer.
   * @throws {RangeError} If the cookie is not found or not valid.
   */
  async start(events: TransportEvents): Promise<number> {
    const { node, cookie, cookies, hidden = false, listen } = this.#options;
    this.#cookies = new Cookies(cookie ?? await findCookie(), cookies);
    try {
      if (listen !== false) await this.#listen(listen ?? {});
      const creation = await this.#register();
      this.#self = { node, creation, flags: hidden ? SUPPORTED : SUPPORTED | PUBLISHED };
      // No connection arrives before this turn has ended, in which `start` resolves.
      this.#events = events;
      return creation;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * @throws {ConnectError} If there is no such node, it does not answer in time, or refuses.
   */
  connect(node: NodeName): Promise<Channel> {
    const refusal = this.#refusal(node);
    if (refusal !== undefined) return Promise.reject(new ConnectError(node, refusal));
    const peer = this.#peer(node);
    if (peer.attempt !== null) return peer.attempt.done.promise;
    if (peer.channel !== null) return Promise.resolve(peer.channel);
    const attempt = this.#begin(peer);
    void this.#dial(peer, attempt);
    return attempt.done.promise;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = [this.#listener?.close()];
    this.#registered?.close();
    for (const stream of this.#unauthenticated) stream.close();
    for (const peer of [...this.#peers.values()]) {
      this.#fail(peer, peer.attempt, "this node is stopping");
      peer.channel?.close("disconnect");
    }
    closed.push(this.#epmdServer?.close());
    await Promise.all(closed);
  }

  /** The cookies of this node, once it has started. */
  get cookies(): Cookies {
    return this.#cookies!;
  }

  async #listen({ hostname = "127.0.0.1", port = 0 }: { hostname?: string; port?: number }) {
    const isLoopback = /^(127\.|::1$|localhost$)/.test(hostname);
    if (!isLoopback && this.#sockets.lengthBytes === 2) {
      log("warning", `Listening on ${hostname} without TLS: the traffic is not encrypted`);
    }
    this.#listener = await this.#sockets.listen(
      { host: hostname, port },
      (stream) => void this.#accept(stream),
    );
  }

  /** Registers the node, and resolves with the creation. */
  async #register(): Promise<number> {
    if (this.#epmd === null || this.#listener === null) return randomCreation();
    const { node, hidden: isHidden = false, epmd = {} } = this.#options;
    const { host = "127.0.0.1" } = epmd;
    const name = node.slice(0, node.indexOf("@"));
    const registration = { name, port: this.#listener.port, isHidden };
    this.#registered = await this.#registerAt(this.#epmd, registration, host);
    return this.#registered.creation;
  }

  async #registerAt(
    client: EpmdClient,
    registration: Registration,
    host: string,
  ): Promise<Registered> {
    try {
      return await client.register(registration, host);
    } catch (error) {
      const isMissing = error instanceof EpmdError && error.reason === "unreachable";
      if (!isMissing || this.#options.epmd?.serve !== true) throw error;
    }
    this.#epmdServer = new EpmdServer();
    const port = this.#options.epmd.port ?? epmdPort();
    await this.#epmdServer.start(this.#options.sockets ?? tcp, { host, port });
    return await client.register(registration, host);
  }

  /** Why a connection to a node with this name is impossible, independent of the network. */
  #refusal(node: NodeName): string | undefined {
    const { node: own } = this.#options;
    if (this.#self === null) return "this node has not started";
    if (this.#isStopped) return "this node has stopped";
    if (!isNodeName(node)) return "expected name@host in printable ASCII";
    if (node === own) return "it is this node";
    if (isLongName(node) === isLongName(own)) return undefined;
    const [here, there] = isLongName(own) ? ["long", "short"] : ["short", "long"];
    return `it has a ${there} name, and ${own} a ${here} one`;
  }

  #peer(node: NodeName): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = { node, attempt: null, channel: null };
      this.#peers.set(node, peer);
    }
    return peer;
  }

  /** Forgets a peer without an attempt and a connection. */
  #tidy(peer: Peer): void {
    if (peer.attempt === null && peer.channel === null) this.#peers.delete(peer.node);
  }

  #begin(peer: Peer): Attempt {
    const attempt: Attempt = {
      done: Promise.withResolvers(),
      timer: new OwnedTimer(null, () => this.#fail(peer, attempt, "it has not answered in time")),
      abort: new AbortController(),
      stream: null,
      isWaiting: false,
    };
    start(attempt.timer, this.#setupTime);
    peer.attempt = attempt;
    return attempt;
  }

  get #setupTime(): number {
    return this.#options.setupTime ?? DEFAULT_SETUP_TIME_MS;
  }

  async #dial(peer: Peer, attempt: Attempt): Promise<void> {
    const { node } = peer;
    try {
      const address = await this.#resolve(node);
      if (peer.attempt !== attempt) return;
      const stream = await this.#sockets.dial(address, hostOf(node), attempt.abort.signal);
      if (peer.attempt !== attempt) return stream.close();
      attempt.stream = stream;
      const script = dialScript(this.#self!, node, this.#cookies!.for(node));
      const { result, leftover } = await perform(stream, script, this.#sockets.lengthBytes);
      if (peer.attempt !== attempt) return stream.close();
      if (result === "nok") {
        stream.close();
        attempt.stream = null;
        attempt.isWaiting = true;
      } else {
        attempt.stream = null;
        this.#up(peer, stream, result, leftover);
      }
    } catch (error) {
      if (peer.attempt !== attempt) return;
      if (error instanceof HandshakeError) logRefusal(`Connection to ${node} has failed`, error);
      this.#fail(peer, attempt, messageOf(error), error);
    }
  }

  async #resolve(node: NodeName): Promise<Address> {
    const host = hostOf(node);
    if (this.#epmd === null) {
      const address = await this.#options.resolve!(node);
      if (address === undefined) throw new Error("its address is not known");
      return address;
    }
    const port = await this.#epmd.lookup(node.slice(0, node.indexOf("@")), host);
    if (port === undefined) throw new Error(`it is not registered with EPMD on ${host}`);
    return { host, port };
  }

  /** Ends an attempt. */
  #fail(peer: Peer, attempt: Attempt | null, found: string, cause?: unknown): void {
    if (attempt === null || peer.attempt !== attempt) return;
    this.#end(peer, attempt);
    this.#tidy(peer);
    // Callers that wait get the rejection; without any, it is not an unhandled one.
    attempt.done.promise.catch(() => {});
    attempt.done.reject(new ConnectError(peer.node, found, { cause }));
  }

  #end(peer: Peer, attempt: Attempt): void {
    peer.attempt = null;
    attempt.timer.cancel();
    attempt.abort.abort(new Error("given up"));
    attempt.stream?.close();
  }

  async #accept(stream: ByteStream): Promise<void> {
    if (this.#isStopped || this.#self === null) return stream.close();
    if (this.#unauthenticated.size >= MOST_UNAUTHENTICATED) this.#makeRoom();
    this.#unauthenticated.add(stream);
    const timer = new OwnedTimer(null, () => stream.close());
    start(timer, this.#setupTime);
    try {
      const script = answerScript(
        this.#self,
        (peer) => this.#admit(peer.node),
        (node) => this.#cookies!.for(node),
      );
      const { result, leftover } = await perform(stream, script, this.#sockets.lengthBytes);
      if (this.#isStopped) return stream.close();
      this.#up(this.#peer(result.node), stream, result, leftover);
    } catch (error) {
      logRefusal("Incoming connection has failed", error);
      stream.close();
    } finally {
      timer.cancel();
      this.#unauthenticated.delete(stream);
      if (this.#unauthenticated.size <= MOST_UNAUTHENTICATED / 2) this.#isCrowded = false;
    }
  }

  /**
   * Closes the oldest connection in the handshake: otherwise idle connections of peers without the cookie could
   * keep other nodes out. Logged once while there are many.
   */
  #makeRoom(): void {
    const [oldest] = this.#unauthenticated;
    this.#unauthenticated.delete(oldest!);
    oldest!.close();
    if (this.#isCrowded) return;
    this.#isCrowded = true;
    const count = MOST_UNAUTHENTICATED;
    log("warning", `More than ${count} connections are in the handshake: the oldest are closed`);
  }

  /** The status for an incoming connection of a node with this name. */
  #admit(node: NodeName): Status {
    const { allowedNodes, node: own } = this.#options;
    const isAllowed = allowedNodes === undefined || allowedNodes.includes(node);
    if (!isAllowed || this.#refusal(node) !== undefined) return "not_allowed";
    const peer = this.#peers.get(node);
    if (peer === undefined) return "ok";
    if (peer.channel !== null) return "alive";
    if (peer.attempt === null || peer.attempt.isWaiting) return "ok";
    return own > node ? "nok" : "ok_simultaneous";
  }

  /** A connection is up: it replaces an earlier one, and the attempt of this node. */
  #up(peer: Peer, stream: ByteStream, negotiated: Negotiated, leftover: Uint8Array): void {
    peer.channel?.close("connection_replaced");
    // The listener may have done anything, such as stopping the node or connecting again.
    if (this.#isStopped) return stream.close();
    peer = this.#peer(peer.node);
    const events = this.#events!;
    const channel: Connection = new Connection(
      stream,
      negotiated,
      this.#connectionOptions(negotiated),
      {
        signal: (control) => events.signal(channel, control),
        down: (reason) => {
          if (peer.channel === channel) peer.channel = null;
          this.#tidy(peer);
          events.down(channel, reason);
        },
      },
      leftover,
    );
    peer.channel = channel;
    const { attempt } = peer;
    if (attempt !== null) this.#end(peer, attempt);
    events.up(channel);
    attempt?.done.resolve(channel);
  }

  #connectionOptions({ node, isOwn }: Negotiated): ConnectionOptions {
    const { identities, mapping, tickTime, limits } = this.#options;
    const kind = isOwn ? "own" : mapping?.(node) ?? "natural";
    return {
      mapping: {
        kind,
        identities,
        limits: DEFAULT_LIMITS,
        ...(kind === "natural" ? { atoms: new AtomCount(node) } : {}),
      },
      ...(tickTime === undefined ? {} : { tickTime }),
      ...(limits === undefined ? {} : { limits }),
    };
  }
}

function randomCreation(): number {
  return Math.max(random32(), LEAST_CREATION);
}

/** Logs why a handshake has failed, unless the peer has closed the connection or another one is used. */
function logRefusal(what: string, error: unknown): void {
  const isQuiet = error instanceof HandshakeError &&
    (error.failure === "closed" || error.failure === "alive");
  if (!isQuiet) log("error", `${what}: ${messageOf(error)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error);
}

function log(level: "error" | "warning", reason: string): void {
  report({ level, kind: "message", reason });
}
