/**
 * Another node that is not there: what is sent to it is taken down, and what it says is made up by the test.
 *
 * @module
 */

import { self } from "../../mod.ts";
import { distribute, RemotePid, RemoteRef } from "../../lib/kernel/distribution.ts";
import { self as selfProcess } from "../../lib/kernel/self.ts";
import { NO_NODE, type Pid, setNodeName } from "../../lib/kernel/term.ts";
import type { Control } from "../../lib/node/control.ts";
import { Peer } from "../../lib/node/peer.ts";
import { Remote } from "../../lib/node/remote.ts";
import { receiveSpawnSignal, spawnThrough } from "../../lib/node/calls/spawn_request.ts";
import type { Channel } from "../../lib/node/transport.ts";
import { inProcess, settled } from "../helpers.ts";

/** The peer `e@h` of the node `d@h`, that is this runtime as long as the test runs. */
export class FakePeer {
  /** Its name. */
  readonly node = "e@h";
  /** What was sent to it. */
  readonly sent: Control[] = [];
  readonly #peer = new Peer(this.node, () => {});
  readonly #remote = new Remote({
    peerOf: () => this.#peer,
    fallbackSender: self,
    spawning: receiveSpawnSignal,
    nodes: () => [this.node],
  });
  #drained: PromiseWithResolvers<void> | null = null;
  #isWrong: (control: Control) => boolean = () => false;
  #pids = 0;
  #refs = 0;

  /** Runs `body` in a process of a node that is connected to a fake peer. */
  static run(body: (peer: FakePeer) => Promise<void>): Promise<void> {
    return inProcess(async () => {
      const fake = new FakePeer();
      fake.#connect();
      try {
        await body(fake);
      } finally {
        distribute(null);
        spawnThrough(null);
        setNodeName(NO_NODE);
      }
    });
  }

  /** A process of it. */
  pid(): RemotePid {
    return new RemotePid(this.node, ++this.#pids, 0, 1);
  }

  /** A reference that it has made. */
  ref(): RemoteRef {
    return new RemoteRef(this.node, 1, [++this.#refs, 0, 0]);
  }

  /** Has a signal come from it. */
  says(...control: Control): void {
    this.#remote.receive(this.#peer, control);
  }

  /** Resolves with all that was sent to it since the last time, when no process has anything left to do. */
  async hears(): Promise<Control[]> {
    await settled();
    return this.sent.splice(0);
  }

  /** It takes no more for now. Returns what ends that. */
  getsBusy(): () => void {
    const drained = this.#drained = Promise.withResolvers<void>();
    return () => {
      this.#drained = null;
      drained.resolve();
    };
  }

  /** It cannot be sent anything, or nothing that is `wrong`. */
  cannotEncode(wrong: (control: Control) => boolean = () => true): void {
    this.#isWrong = wrong;
  }

  /** It is connected, as it is from the start, again. */
  up(): void {
    const isBusy = () => this.#drained !== null;
    this.#peer.up(
      {
        node: this.node,
        isHidden: false,
        creation: 1,
        get isBusy() {
          return isBusy();
        },
        traffic: { received: 0, sent: 0, waiting: 0 },
        send: (control: Control) => {
          if (this.#isWrong(control)) throw new TypeError("Cannot encode");
          this.sent.push(control);
        },
        drained: () => this.#drained?.promise ?? Promise.resolve(),
        finish: () => {},
        close: () => {},
      } satisfies Channel,
    );
  }

  /** The connection is lost, or could not be made. */
  down(): void {
    this.#peer.down();
  }

  /** What of links and monitors is remembered. */
  get sizes(): Peer["sizes"] {
    return this.#peer.sizes;
  }

  #connect(): void {
    setNodeName("d@h");
    distribute(this.#remote);
    const groupLeader: Pid = self();
    spawnThrough({ peerOf: () => this.#peer, parent: selfProcess(), groupLeader });
    this.up();
  }
}
