/**
 * What no node can beat: bytes sent to another program and back, for `nodes.ts`.
 *
 * Answers the line `listen` with a port, and lines `echo PORT TIMES SIZE` with nanoseconds per round trip.
 *
 * Usage: deno run --allow-net=127.0.0.1 tests/bench/tcp_program.ts
 *
 * @module
 */

import { answerLines } from "./program.ts";
import { timed } from "./work.ts";

const HOST = "127.0.0.1";

function listen(): number {
  const listener = Deno.listen({ hostname: HOST, port: 0 });
  void serve(listener);
  return listener.addr.port;
}

async function serve(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) void giveBack(connection);
}

async function giveBack(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay(true);
  const room = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await connection.read(room);
    if (count === null) return connection.close();
    await writeAll(connection, room.subarray(0, count));
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function echo(port: number, times: number, size: number): Promise<number> {
  using connection = await Deno.connect({ hostname: HOST, port });
  connection.setNoDelay(true);
  const [bytes, room] = [new Uint8Array(size), new Uint8Array(64 * 1024)];
  return await timed(times, async () => {
    for (let i = 0; i < times; i++) {
      const written = writeAll(connection, bytes);
      for (let come = 0; come < size;) come += await connection.read(room) ?? NaN;
      await written;
    }
  });
}

if (import.meta.main) {
  await answerLines(async (what, port, times, size) =>
    what === "listen" ? listen() : await echo(Number(port), Number(times), Number(size))
  );
  Deno.exit();
}
