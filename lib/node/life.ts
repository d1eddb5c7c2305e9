/**
 * One life of this runtime as a node, from its start until it stops: the transport to other nodes, the nodes that
 * are connected, and the services that run here on their behalf.
 *
 * @module
 */

import { beforeHalt } from "../application/controller.ts";
import { distribute } from "../kernel/distribution.ts";
import { OwnedTimer } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { inspect } from "../kernel/inspect.ts";
import { NO_NODE, type NodeName, type Pid, setNodeName, type Term } from "../kernel/term.ts";
import { onExit } from "../kernel/signals.ts";
import { start } from "../kernel/timers.ts";
import { type CallService, callService } from "./services/call_service.ts";
import { Writer } from "./etf/bytes.ts";
import { encodeTerm } from "./etf/encode.ts";
import { DEFAULT_LIMITS, type Mapping } from "./etf/mapping.ts";
import { compareTerms } from "./etf/order.ts";
import { speakExactly } from "./exact_speakers.ts";
import { type GlobalOptions, globalService } from "./global/service.ts";
import { NodeIdentities } from "./node_identities.ts";
import type { Identities } from "./identity.ts";
import { announce, tellOfLoss } from "./node_monitors.ts";
import { EarlierLives, Peer } from "./peer.ts";
import { groupService } from "./services/pg.ts";
import { Remote } from "./remote.ts";
import { receiveSpawnSignal } from "./calls/spawn_request.ts";
import type { Channel, Transport } from "./transport.ts";

/** The kind of nodes to list: see `Node.list`. */
export type NodeKind = "visible" | "hidden" | "connected" | "this" | "known";

/** Is told of nodes that come up or go down, synchronously and before any process. */
export interface NodeListener {
  up(node: NodeName, isHidden: boolean): void;
  down(node: NodeName): void;
}

/** See the module's document. */
export class Life<Through extends Transport = Transport> {
  /** The name of the node. */
  readonly node: NodeName;
  /** Carries signals to other nodes. */
  readonly transport: Through;
  /** The supervisor of the services for other nodes. Set by {@linkcode begin}. */
  pid!: Pid;
  readonly #isHidden: boolean;
  readonly #identities = new NodeIdentities();
  readonly #peers = new Map<NodeName, Peer>();
  readonly #listeners = new Set<NodeListener>();
  readonly #calls: CallService;
  /** The services that run while this runtime is a node, in the order of their start. */
  readonly #services: readonly { start(): void; stop(): void }[];
  #forgetHalt = () => {};
  /** Settles when this life has ended; `null` until its end begins. */
  #over: PromiseWithResolvers<void> | null = null;

  /** Does nothing until {@linkcode begin} is called. */
  constructor(
    { node, hidden = false, ...options }: GlobalOptions & {
      readonly node: NodeName;
      readonly hidden?: boolean;
    },
    transport: (identities: Identities) => Through,
  ) {
    this.node = node;
    this.#isHidden = hidden;
    this.transport = transport(this.#identities);
    this.#peers.set(node, new EarlierLives(node));
    this.#calls = callService({ peerOf: this.#peerOf, speakExactly });
    const mapping = {
      kind: "exact",
      identities: this.#identities,
      limits: DEFAULT_LIMITS,
    } as const;
    const environment = {
      watchNodes: (listener: NodeListener) => this.#watch(listener),
      visibleNodes: () => this.list("visible"),
      connect: (other: NodeName) => this.connect(other),
      disconnectNode: (other: NodeName, reason: string) => void this.disconnect(other, reason),
      speakExactly,
      keyOf: keysIn(mapping),
      compare: (one: Term, other: Term) => compareTerms(one, other, this.#identities),
      creation: () => this.#identities.creation,
      ended: (service: string, reason: Term) => this.#serviceEnded(service, reason),
    };
    this.#services = [globalService(environment, options), groupService(environment)];
  }

  /**
   * Makes this runtime a node. If that fails, nothing has changed.
   *
   * @throws {Error} What the transport throws if it cannot start.
   */
  async begin(): Promise<void> {
    this.pid = await this.#calls.start();
    try {
      this.#identities.creation = await this.transport.start({
        up: (channel) => this.#up(channel),
        signal: (channel, control) => this.#remote.receive(this.#peerOf(channel.node), control),
        down: (channel, reason) => this.#down(channel, reason),
      });
    } catch (error) {
      await this.#calls.stop();
      throw error;
    }
    // No signal arrives from other nodes before this turn has ended.
    setNodeName(this.node);
    distribute(this.#remote);
    for (const service of this.#services) service.start();
    onExit(this.pid, (reason) => this.#serviceEnded("supervisor of its services", reason));
    this.#forgetHalt = beforeHalt(() => this.#written());
    announce("nodeup", this.node, this.#isHidden);
  }

  /** Stops being a node: closes every connection at once. Resolves when all of its services have stopped. */
  end(): Promise<void> {
    if (this.#over === null) {
      this.#over = Promise.withResolvers();
      this.#end().then(this.#over.resolve, this.#over.reject);
    }
    return this.#over.promise;
  }

  async #end(): Promise<void> {
    this.#forgetHalt();
    for (const service of this.#services.toReversed()) service.stop();
    const stopped = this.transport.stop();
    distribute(null);
    setNodeName(NO_NODE);
    announce("nodedown", this.node, this.#isHidden, OVER);
    await stopped;
    await this.#calls.stop();
  }

  /**
   * A process that other nodes depend on has exited, which they may have caused. As on the BEAM, the node stops:
   * nodes that waited for the process are told that this node is down.
   */
  #serviceEnded(service: string, reason: Term): void {
    if (this.isOver) return;
    const found = `the ${service} has exited: ${inspect(reason)}`;
    report({ level: "error", kind: "message", reason: `Node ${this.node} stops: ${found}` });
    void this.end();
  }

  /**
   * Resolves when all signals to other nodes have arrived, or when no node has taken a byte for
   * {@linkcode LAST_WORDS_MS}.
   *
   * Bytes that the host has accepted may still be lost: if the program exits while it has bytes to read, the host
   * resets the connection, and the other node does not read the rest. So the other nodes close the connections.
   */
  async #written(): Promise<void> {
    const channels = () => Array.from(this.#peers.values(), ({ channel }) => channel ?? []).flat();
    await this.#lastWords(() =>
      channels().every(({ traffic }) => traffic.waiting === 0)
        ? undefined
        : channels().reduce((sum, { traffic }) => sum + traffic.sent, 0)
    );
    for (const channel of channels()) channel.finish();
    await this.#lastWords(() => channels().length === 0 ? undefined : channels().length);
  }

  /** Waits while `progress` changes, until it is `undefined` or has not changed for {@linkcode LAST_WORDS_MS}. */
  async #lastWords(progress: () => number | undefined): Promise<void> {
    let before: number | undefined;
    for (let ms = 0; ms < LAST_WORDS_MS; ms++) {
      const now = progress();
      if (now === undefined) return;
      if (now !== before) ms = 0;
      before = now;
      await new Promise<void>((resolve) => start(new OwnedTimer(null, resolve), 1));
    }
  }

  /** Whether this life has ended, or is ending. */
  get isOver(): boolean {
    return this.#over !== null;
  }

  /** The nodes of the given kinds, each once. */
  list(...kinds: readonly NodeKind[]): NodeName[] {
    const isListed = ({ node, channel }: Peer) =>
      kinds.some((kind) => {
        if (kind === "known") return true;
        if (node === this.node) return kind === "this";
        if (channel === null || kind === "this") return false;
        return kind === "connected" || (kind === "hidden") === channel.isHidden;
      });
    return [...this.#peers.values()].filter(isListed).map(({ node }) => node);
  }

  /** Connects to a node, unless it is connected, and resolves with whether it is connected then. */
  connect(node: NodeName): Promise<boolean> {
    return this.transport.connect(node).then(() => true, () => false);
  }

  /** Connects to a monitored node: it counts as lost if that fails. */
  keepInTouch(node: NodeName): void {
    if ((this.#peers.get(node)?.channel ?? null) === null) void this.#dial(node);
  }

  /** Closes the connection to a node, and returns whether there was one. */
  disconnect(node: NodeName, reason: string = "disconnect"): boolean {
    const channel = this.#peers.get(node)?.channel ?? null;
    channel?.close(reason);
    return channel !== null;
  }

  readonly #peerOf = (node: NodeName): Peer => {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      this.#peers.set(node, peer = new Peer(node, () => void this.#dial(node)));
    }
    return peer;
  };

  readonly #remote = new Remote({
    peerOf: this.#peerOf,
    fallbackSender: () => this.pid,
    spawning: receiveSpawnSignal,
    nodes: () => this.list("visible"),
  });

  /** Connects on behalf of a process that sends a signal to a node. */
  async #dial(node: NodeName): Promise<void> {
    if (!await this.connect(node)) this.#lose(node);
  }

  #up(channel: Channel): void {
    const { node, isHidden } = channel;
    this.#peerOf(node).up(channel);
    for (const listener of this.#listeners) listener.up(node, isHidden);
    announce("nodeup", node, isHidden);
  }

  #down({ node, isHidden }: Channel, reason: string): void {
    this.#lose(node);
    for (const listener of this.#listeners) listener.down(node);
    announce("nodedown", node, isHidden, this.isOver ? OVER : reason);
  }

  /** Notifies links and monitors that a node is lost, and forgets the node if nothing else is kept of it. */
  #lose(node: NodeName): void {
    const peer = this.#peerOf(node);
    peer.down();
    if (peer.isIdle) this.#peers.delete(node);
    tellOfLoss(node);
  }

  #watch(listener: NodeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** How long the exit of the program waits for a node that takes none of the last signals, in milliseconds. */
const LAST_WORDS_MS = 1000;
/** The reason for which connections are lost when the node stops. */
const OVER = "net_kernel_terminated";

/** Makes keys of terms: equal keys for terms that are equal in the mapping. Most terms are atoms. */
function keysIn(mapping: Mapping): (term: Term) => string {
  const writer = new Writer();
  const decoder = new TextDecoder("latin1");
  return (term) => {
    const name = typeof term === "symbol" ? term.description : term;
    if (typeof name === "string" && name.length < SHORT) return `\0${name}`;
    encodeTerm(term, writer, mapping);
    const key = decoder.decode(writer.peek());
    writer.truncate(0);
    return key;
  };
}

/** Atoms of fewer code units than this can always be sent. */
const SHORT = 64;
