/**
 * The interface to the network: TCP (`tcp.ts`), TLS (`tls.ts`), or a simulated network in tests.
 *
 * @module
 */

import type { ByteStream } from "./handshake.ts";

/** The address of a node. */
export interface Address {
  /** A host name, or an IPv4 or IPv6 address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Waits for connections. */
export interface Listener {
  /** The port that it listens on. */
  readonly port: number;
  /** Stops listening; the returned promise resolves when that is done. Accepted connections are kept. */
  close(): void | Promise<void>;
}

/** Opens streams of bytes to other programs, and accepts those from them. */
export interface Sockets {
  /** The size of the length of messages during the handshake: 2 bytes on TCP, 4 on TLS. */
  readonly lengthBytes: 2 | 4;
  /**
   * Connects to an address.
   *
   * @param name The host that the peer must be, if the network can verify that.
   * @param signal Aborts the attempt.
   */
  dial(address: Address, name: string, signal: AbortSignal): Promise<ByteStream>;
  /** Listens on a port; on any free one if it is 0. */
  listen(address: Address, accepted: (stream: ByteStream) => void): Promise<Listener>;
}
