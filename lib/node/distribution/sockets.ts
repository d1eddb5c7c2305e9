/**
 * What connections are made of: TCP (`tcp.ts`) or TLS (`tls.ts`), or a network in a test.
 *
 * @module
 */

import type { ByteStream } from "./handshake.ts";

/** Where a node can be reached. */
export interface Address {
  /** A name, or an address of IPv4 or IPv6. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Waits for connections. */
export interface Listener {
  /** The port on which it does. */
  readonly port: number;
  /** Ends it, at the latest when what it returns resolves. Connections that have come stay. */
  close(): void | Promise<void>;
}

/** Makes streams of bytes to and from other programs. */
export interface Sockets {
  /** How long the length of a message is during the handshake: 2 bytes on TCP, 4 on TLS. */
  readonly lengthBytes: 2 | 4;
  /**
   * Connects to an address.
   *
   * @param name The host that must be found there, where that can be proved.
   * @param signal Gives up.
   */
  dial(address: Address, name: string, signal: AbortSignal): Promise<ByteStream>;
  /** Waits for connections on a port, any free one if it is 0. */
  listen(address: Address, accepted: (stream: ByteStream) => void): Promise<Listener>;
}
