import { DistributionTransport } from "../../lib/node/dist/transport.ts";
import { NodeIdentities } from "../../lib/node/identities.ts";
import { Remote } from "../../lib/node/remote.ts";
import { Peer } from "../../lib/node/peer.ts";
import { distribute } from "../../lib/kernel/distribution.ts";
import { setNodeName, nodeName, NO_NODE } from "../../lib/kernel/term.ts";
import { receiveSpawnSignal } from "../../lib/node/spawn_request.ts";
import { callService } from "../../lib/node/call_service.ts";
import { GenServer, unwrap, Process, self } from "../../mod.ts";
import * as NetKernel from "../../lib/node/net_kernel.ts";
import * as Rex from "../../lib/node/rex.ts";
import * as GroupLeader from "../../lib/node/group_leader.ts";

export * as Erpc from "../../lib/node/erpc.ts";
export * as Rpc from "../../lib/node/rpc.ts";
import * as Spawn from "../../lib/node/spawn.ts";
import * as Exports from "../../lib/node/exports.ts";
let stopAll: () => Promise<void>;
export const Node = {
  ...Spawn, ...Exports,
  self: nodeName,
  async start(node: string, options: any) {
    let inner: any;
    const identities = { pid: (i: any) => inner.pid(i), ref: (i: any) => inner.ref(i), port: (a: any, b: any, c: any) => inner.port(a, b, c), identityOfPid: (p: any) => inner.identityOfPid(p), identityOfRef: (p: any) => inner.identityOfRef(p) };
    const transport = new DistributionTransport({ node, identities, ...options });
    const peers = new Map<string, Peer>();
    const peerOf = (name: string) => { let p = peers.get(name); if (!p) peers.set(name, p = new Peer(name, (n) => transport.connect(n))); return p; };
    const nobody = self();
    const remote = new Remote(peerOf, () => nobody, receiveSpawnSignal);
    setNodeName(node);
    const creation = await transport.start({
      up: (c) => peerOf(c.node).up(c), down: (c) => peerOf(c.node).down(), signal: (c, s) => remote.receive(peerOf(c.node), s),
    });
    inner = new NodeIdentities(creation);
    distribute(remote);
    const service = callService({ peerOf, speakExactly: () => {} });
    await service.start();
    stopAll = async () => { await transport.stop(); await service.stop(); distribute(null); setNodeName(NO_NODE); };
    return ["ok", nobody] as const;
  },
  stop: () => stopAll(),
};
export * from "../../lib/node/terms.ts";
