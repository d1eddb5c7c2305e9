/**
 * A node of ours for tests: its transport, and what that has told.
 *
 * @module
 */

import {
  type DistributionOptions,
  DistributionTransport,
} from "../../../lib/node/distribution/transport.ts";
import type { Channel, TransportEvents } from "../../../lib/node/transport.ts";
import { identities } from "./connection_fixtures.ts";

/** A node of ours, which takes down what happens. */
export class Node implements AsyncDisposable {
  readonly transport: DistributionTransport;
  readonly channels: Channel[] = [];
  /** What has happened: `"up a@h"`, `"down a@h reason"`. */
  readonly events: string[] = [];
  #wake: (() => void)[] = [];

  private constructor(options: Partial<DistributionOptions> & { node: string }) {
    this.transport = new DistributionTransport({ identities, cookie: "c", ...options });
  }

  /** Starts one, with the cookie `c` unless another is given. */
  static async start(options: Partial<DistributionOptions> & { node: string }): Promise<Node> {
    const node = new Node(options);
    await node.transport.start(node.#takeDown);
    return node;
  }

  readonly #takeDown: TransportEvents = {
    up: (channel) => {
      this.channels.push(channel);
      this.#add(`up ${channel.node}`);
    },
    signal: () => {},
    down: (channel, reason) => this.#add(`down ${channel.node} ${reason}`),
  };

  /** Resolves when that many things have happened. */
  async happened(count: number): Promise<readonly string[]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.stop();
  }

  #add(event: string): void {
    this.events.push(event);
    for (const wake of this.#wake.splice(0)) wake();
  }
}
