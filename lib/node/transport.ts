/**
 * The contract between nodes and what carries their signals: a transport finds peers, makes channels to
 * them, and says what comes through.
 *
 * Erlang's distribution protocol (`distribution/`) is one; another could use worker threads.
 *
 * @module
 */

import type { NodeName } from "../kernel/term.ts";
import type { Control } from "./control.ts";

/** A connection to a peer, from the moment it is up until it is down. */
export interface Channel {
  /** The peer. */
  readonly node: NodeName;
  /** Whether either side is hidden: such a connection is for these two only. */
  readonly isHidden: boolean;
  /** Which life of the peer it is. */
  readonly creation: number;
  /** Whether so much is waiting to be written that whoever sends should wait for {@linkcode drained}. */
  readonly isBusy: boolean;
  /**
   * Hands a signal over. Order is kept; nothing is dropped while the channel is up.
   *
   * @throws {TypeError} If the signal holds what cannot be sent; then nothing is.
   */
  send(control: Control): void;
  /** Resolves when the channel is no longer busy, or is down. */
  drained(): Promise<void>;
  /** Ends the connection; `down` is told this reason. Harmless if it has ended. */
  close(reason: string): void;
  /** Bytes received and sent so far, and bytes waiting to be written. */
  readonly traffic: { readonly received: number; readonly sent: number; readonly waiting: number };
}

/** Whom a transport tells what happens. All are called in order, and none before `Transport.start` resolves. */
export interface TransportEvents {
  /** A connection is up, whoever made it. An earlier one to the same peer is down by then. */
  up(channel: Channel): void;
  /**
   * A signal has come. No further one comes from this channel before a promise that is returned has
   * settled, nor is more read. It may throw only by mistake; then the connection is closed.
   */
  signal(channel: Channel, control: Control): void | PromiseLike<void>;
  /** A connection that was up is down: `"connection_closed"`, `"net_tick_timeout"`, `"disconnect"`, … */
  down(channel: Channel, reason: string): void;
}

/** What carries signals between nodes. */
export interface Transport {
  /**
   * Begins to listen, and to be found.
   *
   * Resolves with the creation of this life of the node.
   */
  start(events: TransportEvents): Promise<number>;
  /** Connects to a peer; resolves with the channel that is up, an incoming one if that was first. */
  connect(node: NodeName): Promise<Channel>;
  /** Closes every connection at once, stops to listen and to be found. */
  stop(): Promise<void>;
}
