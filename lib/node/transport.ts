/**
 * The contract between a node and what carries its signals: a transport finds peers, opens channels to them, and
 * reports the signals that arrive.
 *
 * Erlang's distribution protocol (`distribution/`) is one; another could use worker threads.
 *
 * @module
 */

import type { NodeName } from "../kernel/term.ts";
import type { Control } from "./control.ts";

/** A connection to a peer, from the time it is up until it is down. */
export interface Channel {
  /** The peer. */
  readonly node: NodeName;
  /** Whether either side is hidden: no other nodes are told of such a connection. */
  readonly isHidden: boolean;
  /** The creation of the peer, which tells its lives apart. */
  readonly creation: number;
  /** Whether so many bytes are waiting to be written that senders should wait for {@linkcode drained}. */
  readonly isBusy: boolean;
  /**
   * Sends a signal. Signals keep their order; none is dropped while the channel is up.
   *
   * @throws {TypeError} If the signal holds a value that cannot be sent. Then nothing is sent.
   */
  send(control: Control): void;
  /** Resolves when the channel is no longer busy, or is down. */
  drained(): Promise<void>;
  /**
   * Ends what is sent, after the last signal; the peer then closes the connection, when it has read all. To be
   * called when no bytes wait to be written. Nothing can be sent after that.
   */
  finish(): void;
  /** Closes the connection; `down` gets this reason. Has no effect if it is closed already. */
  close(reason: string): void;
  /** Bytes received and sent so far, and bytes waiting to be written. */
  readonly traffic: { readonly received: number; readonly sent: number; readonly waiting: number };
}

/** The events of a transport. They are called in order, and not before `Transport.start` resolves. */
export interface TransportEvents {
  /** A connection is up, whichever side opened it. An earlier one to the same peer is down by then. */
  up(channel: Channel): void;
  /**
   * A signal has arrived. If a promise is returned, the channel reads and reports nothing further until it has
   * settled. If the handler throws, which is a bug, the connection is closed.
   */
  signal(channel: Channel, control: Control): void | PromiseLike<void>;
  /** A connection is down. The reason is e.g. `"connection_closed"`, `"net_tick_timeout"` or `"disconnect"`. */
  down(channel: Channel, reason: string): void;
}

/** Carries signals between nodes. */
export interface Transport {
  /**
   * Starts to listen, and makes the node known to others. Resolves with the creation of the node.
   */
  start(events: TransportEvents): Promise<number>;
  /** Connects to a peer and resolves with the channel, which may be an incoming one if that was up first. */
  connect(node: NodeName): Promise<Channel>;
  /** Closes every connection at once, stops listening, and withdraws the node's name. */
  stop(): Promise<void>;
}
