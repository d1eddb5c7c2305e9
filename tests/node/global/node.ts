/**
 * A node as far as global names need one: a transport, signals, and the service under test, so that it can be looked
 * at from inside. All terms to and from Erlang are in the exact mapping.
 *
 * @module
 */

import { self } from "../../../mod.ts";
import { distribute } from "../../../lib/kernel/distribution.ts";
import { self as selfProcess } from "../../../lib/kernel/self.ts";
import { NO_NODE, type NodeName, setNodeName, type Term } from "../../../lib/kernel/term.ts";
import { DistributionTransport } from "../../../lib/node/dist/transport.ts";
import { Writer } from "../../../lib/node/etf/bytes.ts";
import { encodeTerm } from "../../../lib/node/etf/encode.ts";
import { DEFAULT_LIMITS } from "../../../lib/node/etf/mapping.ts";
import { compareTerms } from "../../../lib/node/etf/order.ts";
import {
  type GlobalOptions,
  globalService,
  type GlobalServices,
} from "../../../lib/node/global/service.ts";
import { NodeIdentities } from "../../../lib/node/identities.ts";
import type { Identities } from "../../../lib/node/identity.ts";
import { Peer } from "../../../lib/node/peer.ts";
import { Remote } from "../../../lib/node/remote.ts";
import { receiveSpawnSignal, spawnThrough } from "../../../lib/node/spawn_request.ts";
import type { Channel } from "../../../lib/node/transport.ts";

/** What a node is started with. */
export interface Options extends GlobalOptions {
  readonly node: NodeName;
  readonly cookie: string;
  readonly epmd: { readonly host: string; readonly port: number };
  readonly hidden?: boolean;
}

type Listener = Parameters<GlobalServices["watchNodes"]>[0];

/** A node that runs. */
export interface TestNode extends AsyncDisposable {
  /** Connects to a node. */
  connect(node: NodeName): Promise<boolean>;
  /** Cuts the connection to a node. */
  disconnect(node: NodeName): void;
  /** The nodes that are connected, hidden ones too. */
  nodes(): NodeName[];
}

/** Makes this program a node. */
export async function startNode(
  { node, cookie, epmd, hidden = false, ...options }: Options,
): Promise<TestNode> {
  let own: NodeIdentities | null = null;
  const identities: Identities = {
    pid: (identity) => own!.pid(identity),
    ref: (identity) => own!.ref(identity),
    port: (...identity) => own!.port(...identity),
    identityOfPid: (pid) => own!.identityOfPid(pid),
    identityOfRef: (ref) => own!.identityOfRef(ref),
  };
  const mapping = () => "exact" as const;
  const transport = new DistributionTransport({ node, identities, cookie, epmd, hidden, mapping });
  const peers = new Map<NodeName, Peer>();
  const channels = new Map<NodeName, Channel>();
  const listeners = new Set<Listener>();
  const peerOf = (name: NodeName) => {
    let peer = peers.get(name);
    if (peer === undefined) peers.set(name, peer = new Peer(name, (to) => transport.connect(to)));
    return peer;
  };
  const nobody = self();
  const remote = new Remote(peerOf, () => nobody, receiveSpawnSignal);
  setNodeName(node);
  const creation = await transport.start({
    up(channel) {
      channels.set(channel.node, channel);
      peerOf(channel.node).up(channel);
      for (const listener of listeners) listener.up(channel.node, channel.isHidden);
    },
    signal: (channel, control) => remote.receive(peerOf(channel.node), control),
    down(channel) {
      channels.delete(channel.node);
      peerOf(channel.node).down();
      for (const listener of listeners) listener.down(channel.node);
    },
  });
  own = new NodeIdentities(creation);
  distribute(remote);
  spawnThrough({ peerOf, parent: selfProcess(), groupLeader: nobody });
  const connect = (name: NodeName) => transport.connect(name).then(() => true, () => false);
  const disconnect = (name: NodeName) => channels.get(name)?.close("disconnect");
  const service = globalService({
    watchNodes: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
    visibleNodes: () =>
      [...channels.values()].filter((each) => !each.isHidden).map((each) => each.node),
    connect,
    disconnectNode: disconnect,
    speakExactly: () => {},
    keyOf: (term) => keyOf(term, identities),
    compare: (one, other) => compareTerms(one, other, identities),
    creation: () => creation,
  }, options);
  service.start();
  return {
    connect,
    disconnect,
    nodes: () => [...channels.keys()],
    async [Symbol.asyncDispose]() {
      service.stop();
      await transport.stop();
      distribute(null);
      spawnThrough(null);
      setNodeName(NO_NODE);
    },
  };
}

function keyOf(term: Term, identities: Identities): string {
  const writer = new Writer();
  encodeTerm(term, writer, { kind: "exact", identities, limits: DEFAULT_LIMITS });
  return new TextDecoder("latin1").decode(writer.take());
}
