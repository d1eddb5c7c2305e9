/**
 * The host's TCP.
 *
 * @module
 */

import { OwnedTimer } from "../../kernel/process.ts";
import { start } from "../../kernel/timers.ts";
import type { ByteStream } from "./handshake.ts";
import type { Address, Listener, Sockets } from "./sockets.ts";

/** The pause after a connection could not be accepted, in milliseconds. */
const RETRY_MS = 100;

/** Plain TCP. Needs permission to use the network: `--allow-net`, which can be limited to the addresses. */
export const tcp: Sockets = { lengthBytes: 2, dial, listen };

async function dial(
  { host, port }: Address,
  _name: string,
  signal: AbortSignal,
): Promise<ByteStream> {
  const connection = await Deno.connect({ hostname: host, port, signal });
  if (signal.aborted) {
    connection.close();
    throw signal.reason;
  }
  return new TcpStream(connection);
}

function listen(
  { host, port }: Address,
  accepted: (stream: ByteStream) => void,
): Promise<Listener> {
  const listener = Deno.listen({ hostname: host, port });
  let isClosed = false;
  const over = acceptAll(listener, accepted, () => isClosed);
  const close = () => {
    if (!isClosed) listener.close();
    isClosed = true;
    return over; // before that, the host holds on to the port
  };
  return Promise.resolve({ port: listener.addr.port, close });
}

/** Accepts until the listener is closed. */
async function acceptAll(
  listener: Deno.TcpListener,
  accepted: (stream: ByteStream) => void,
  isClosed: () => boolean,
): Promise<void> {
  while (!isClosed()) {
    try {
      accepted(new TcpStream(await listener.accept()));
    } catch {
      // The client has closed the connection already, or too many files are open. Both are temporary.
      if (!isClosed()) await new Promise<void>(pause);
    }
  }
}

function pause(done: () => void): void {
  start(new OwnedTimer(null, done), RETRY_MS);
}

/** A connection of the host that can be closed twice. */
class TcpStream implements ByteStream {
  readonly #connection: Deno.TcpConn;
  #isClosed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    connection.setNoDelay();
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#connection.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  async closeWrite(): Promise<void> {
    await this.#connection.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }
}
