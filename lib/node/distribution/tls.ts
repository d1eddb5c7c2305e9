/**
 * The host's TLS, with certificates on both sides. It uses `node:tls`, because Deno's own listener cannot request
 * a client certificate.
 *
 * @module
 */

import { isIP } from "node:net";
import { checkServerIdentity, connect, createServer, type TLSSocket } from "node:tls";
import type { ByteStream } from "./handshake.ts";
import type { Sockets } from "./sockets.ts";

/** The timeout for the TLS handshake of a client, in milliseconds. */
const HANDSHAKE_MS = 7000;

/** The certificates with which nodes authenticate each other, all in PEM. */
export interface TlsOptions {
  /** The certificate. Its alternative names must include the host part of the node's name. */
  readonly cert: string;
  /** The key of the certificate. */
  readonly key: string;
  /** The authority that has signed the certificates of all nodes, or several. */
  readonly ca: string;
}

/**
 * TLS in which both sides present a certificate, and that of the dialled node must match its host.
 * Needs permission to use the network.
 *
 * @see OTP `inet_tls_dist` with `verify_peer` and `fail_if_no_peer_cert`.
 */
export function tls(options: TlsOptions): Sockets {
  const { cert, key, ca } = options;
  const secrets = { cert, key, ca: [ca], rejectUnauthorized: true };
  return {
    lengthBytes: 4,
    dial({ host, port }, name, signal) {
      const socket = connect({
        ...secrets,
        host,
        port,
        // An address is not asked for by name, but it is proved all the same.
        servername: isIP(name) === 0 ? name : "",
        checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      });
      return ready(socket, signal);
    },
    listen({ host, port }, accepted) {
      const server = createServer({
        ...secrets,
        requestCert: true,
        handshakeTimeout: HANDSHAKE_MS,
      });
      server.on("secureConnection", (socket) => accepted(new SocketStream(socket)));
      // The error of a refused client is ignored; its socket is closed.
      server.on("tlsClientError", () => {});
      return new Promise((resolve, reject) => {
        server.on("error", reject);
        server.listen(port, host, () => {
          resolve({
            port: (server.address() as { port: number }).port,
            close: () => void server.close(),
          });
        });
      });
    },
  };
}

function ready(socket: TLSSocket, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const giveUp = () => socket.destroy(new Error("given up"));
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the peer has closed the connection")));
    socket.once("secureConnect", () => {
      signal.removeEventListener("abort", giveUp);
      resolve(new SocketStream(socket));
    });
  });
}

/** A socket of `node:tls`. Reads only on request. */
class SocketStream implements ByteStream {
  readonly #socket: TLSSocket;
  #chunk: Uint8Array = new Uint8Array(0);
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => {
      socket.pause();
      const all = new Uint8Array(this.#chunk.length + chunk.length);
      all.set(this.#chunk);
      all.set(chunk, this.#chunk.length);
      this.#chunk = all;
      this.#wake();
    });
    const end = () => {
      this.#hasEnded = true;
      this.#wake();
    };
    // Erlang does not say goodbye, which counts as an error here.
    socket.on("error", end).on("end", end).on("close", end);
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunk.length === 0) {
      if (this.#hasEnded) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.resume();
      await promise;
    }
    const count = Math.min(this.#chunk.length, into.length);
    into.set(this.#chunk.subarray(0, count));
    this.#chunk = this.#chunk.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  close(): void {
    this.#hasEnded = true;
    this.#wake();
    this.#socket.destroySoon();
  }
}
