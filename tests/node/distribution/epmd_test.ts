import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  aliveRequest,
  EpmdClient,
  EpmdError,
  framed,
  portRequest,
  readNames,
  readPort,
} from "../../../lib/node/distribution/epmd.ts";
import { EpmdServer } from "../../../lib/node/distribution/epmd_server.ts";
import type { ByteStream } from "../../../lib/node/distribution/handshake.ts";
import type { Sockets } from "../../../lib/node/distribution/sockets.ts";
import { pass, settled } from "../../helpers.ts";
import { hex, type MemoryStream, streamPair } from "./connection_fixtures.ts";
import { reports } from "./reports.ts";

const deno = { name: "deno", port: 0xad63, isHidden: false };

/** One host in memory, where one program may listen. */
function host(): Sockets & { dialled: MemoryStream[] } {
  let accept: ((stream: ByteStream) => void) | undefined;
  const dialled: MemoryStream[] = [];
  return {
    lengthBytes: 2,
    dialled,
    dial() {
      if (accept === undefined) return Promise.reject(new Error("connection refused"));
      const [here, there] = streamPair();
      dialled.push(here);
      accept(there);
      return Promise.resolve(here);
    },
    listen({ port }, accepted) {
      accept = accepted;
      return Promise.resolve({ port, close: () => accept = undefined });
    },
  };
}

async function serve(sockets: Sockets): Promise<EpmdServer> {
  const server = new EpmdServer();
  await server.start(sockets, { host: "h", port: 4369 });
  return server;
}

Deno.test("EPMD requests and answers are the bytes that Erlang has been seen to send", () => {
  assertEquals(
    framed(aliveRequest(deno)),
    hex(`0011 78 ad63 4d 00 0006 0006 0004 "deno" 0000`),
  );
  assertEquals(aliveRequest({ ...deno, isHidden: true })[3], 72);
  assertEquals(framed(portRequest("e15")), hex(`0004 7a "e15"`));
  const answer = hex(`77 00 af47 4d 00 0006 0005 0003 "e15" 0000`);
  assertEquals(readPort(answer, "e15"), 0xaf47);
  assertEquals(readPort(hex("7701"), "e15"), undefined);
  const names = new TextEncoder().encode("\0\0\x11\x11name a at port 1\nname b at port 22\n");
  assertEquals(readNames(names), [{ name: "a", port: 1 }, { name: "b", port: 22 }]);
});

Deno.test("readPort() refuses answers that are cut off, and old protocols", () => {
  const answer = hex(`77 00 af47 4d 00 0006 0005`);
  for (let end = 0; end < 8; end++) {
    assertThrows(() => readPort(answer.subarray(0, end), "e"), EpmdError, "Cannot read the answer");
  }
  assertThrows(() => readPort(hex("7700af474d0000050005"), "e"), EpmdError, "version 5");
});

Deno.test("EpmdClient registers a node for as long as it is not closed", async () => {
  const sockets = host();
  const server = await serve(sockets);
  const client = new EpmdClient(sockets, 4369);
  const registered = await client.register(deno, "h");
  assertEquals(registered.creation >= 4, true);
  assertEquals(await client.lookup("deno", "h"), 0xad63);
  assertEquals(await client.lookup("other", "h"), undefined);
  assertEquals(await client.names("h"), [{ name: "deno", port: 0xad63 }]);
  const error = await assertRejects(() => client.register(deno, "h"), EpmdError, '"deno"');
  assertEquals(error.reason, "taken");
  registered.close();
  await settled();
  assertEquals(await client.lookup("deno", "h"), undefined);
  server.close();
});

Deno.test("EpmdClient registers again, later each time, when EPMD has gone", async () => {
  using time = new FakeTime();
  using log = reports();
  const sockets = host();
  const first = await serve(sockets);
  const client = new EpmdClient(sockets, 4369);
  const registered = await client.register(deno, "h");
  const { creation } = registered;
  first.close();
  await pass(time, 2000);
  const second = await serve(sockets);
  await pass(time, 900);
  assertEquals(await client.lookup("deno", "h"), undefined);
  await pass(time, 200);
  assertEquals(await client.lookup("deno", "h"), 0xad63);
  assertEquals(registered.creation, creation);
  assertEquals(log.texts.length, 2);
  registered.close();
  second.close();
});

Deno.test("EpmdClient fails when EPMD does not answer, or does not run", async () => {
  using time = new FakeTime();
  const sockets = host();
  const client = new EpmdClient(sockets, 4369);
  const refused = await assertRejects(() => client.lookup("a", "h"), EpmdError, "refused");
  assertEquals(refused.reason, "unreachable");
  await sockets.listen({ host: "h", port: 4369 }, () => {});
  const silent = assertRejects(() => client.lookup("a", "h"), EpmdError, "not answered");
  await pass(time, 5001);
  await silent;
  assertEquals(sockets.dialled[0]!.isClosed, true);
});

Deno.test("EpmdServer closes connections that send no request, or say nothing", async () => {
  using time = new FakeTime();
  const sockets = host();
  const server = await serve(sockets);
  for (const request of ["0000", "ffff", "0001 63", "0003 78 0000", "0001 78"]) {
    const stream = await sockets.dial({ host: "h", port: 1 }, "h", AbortSignal.any([]));
    await stream.write(hex(request));
    await settled();
    assertEquals((stream as MemoryStream).isClosed, true, request);
  }
  const silent = await sockets.dial({ host: "h", port: 1 }, "h", AbortSignal.any([]));
  await pass(time, 59_000);
  assertEquals((silent as MemoryStream).isClosed, false);
  await pass(time, 1001);
  assertEquals((silent as MemoryStream).isClosed, true);
  server.close();
});

Deno.test("EpmdServer replies to nodes of the old version with a short creation", async () => {
  const sockets = host();
  const server = await serve(sockets);
  const stream = await sockets.dial({ host: "h", port: 1 }, "h", AbortSignal.any([]));
  await stream.write(hex(`000e 78 1234 4d 00 0005 0005 0001 "o" 0000`));
  const answer = new Uint8Array(16);
  assertEquals([await stream.read(answer), answer[0], answer[1]], [4, 121, 0]);
  assertEquals(answer[2] === 0 && answer[3]! >= 1 && answer[3]! <= 3, true);
  server.close();
});

Deno.test("EpmdServer closes the oldest connections that have sent no request, to answer others", async () => {
  const sockets = host();
  const server = await serve(sockets);
  const client = new EpmdClient(sockets, 4369);
  const registered = await client.register(deno, "h");
  const idle: MemoryStream[] = [];
  for (let i = 0; i < 2000; i++) {
    idle.push(await sockets.dial({ host: "h", port: 1 }, "h", AbortSignal.any([])) as MemoryStream);
  }
  assertEquals(idle.filter(({ isClosed }) => !isClosed), idle.slice(-512));
  assertEquals(await client.lookup("deno", "h"), 0xad63);
  assertEquals(await client.lookup("other", "h"), undefined);
  const other = await client.register({ ...deno, name: "other" }, "h");
  assertEquals(await client.lookup("other", "h"), 0xad63);
  other.close();
  registered.close();
  server.close();
});

Deno.test("EpmdServer registers at most 512 nodes, and answers others still", async () => {
  const sockets = host();
  const server = await serve(sockets);
  const client = new EpmdClient(sockets, 4369);
  const registered = [];
  for (let i = 0; i < 512; i++) {
    registered.push(await client.register({ ...deno, name: `d${i}` }, "h"));
  }
  await assertRejects(() => client.register({ ...deno, name: "more" }, "h"), EpmdError, '"more"');
  assertEquals(await client.lookup("d511", "h"), 0xad63);
  registered.pop()!.close();
  await settled();
  registered.push(await client.register({ ...deno, name: "more" }, "h"));
  for (const each of registered) each.close();
  server.close();
});
