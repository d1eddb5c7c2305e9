import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Process } from "../../../mod.ts";
import type { Control } from "../../../lib/node/control.ts";
import {
  Connection,
  type ConnectionOptions,
  DEFAULT_TICK_TIME_MS,
} from "../../../lib/node/distribution/connection.ts";
import {
  ALIAS,
  DIST_HDR_ATOM_CACHE,
  EXIT_PAYLOAD,
  FRAGMENTS,
  SEND_SENDER,
  SPAWN,
  UNLINK_ID,
} from "../../../lib/node/distribution/flags.ts";
import { EncodeError } from "../../../lib/node/etf/bytes.ts";
import { setImmediate } from "node:timers";
import { collectReports, inProcess, pass, settled } from "../../helpers.ts";
import {
  framed,
  hex,
  joined,
  mappingOf,
  MemoryStream,
  pid,
  Recorder,
  ref,
  streamPair,
} from "./connection_fixtures.ts";

const BASE = SEND_SENDER | EXIT_PAYLOAD | UNLINK_ID | SPAWN | ALIAS;
const HEADERS = DIST_HDR_ATOM_CACHE | FRAGMENTS;
const ALL = BASE | HEADERS;
const MIB = 1024 * 1024;
const T = DEFAULT_TICK_TIME_MS;
const TICK = hex("00000000");

for (const flags of [0n, DIST_HDR_ATOM_CACHE, FRAGMENTS, HEADERS]) {
  Deno.test(`Connection carries signals in order both ways with the flags ${flags.toString(16)}`, async () => {
    const [a, b] = connectedPair(BASE | flags);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const tuple = Array.from({ length: 50_000 }, (_, i) => i);
    const signals: Control[] = [
      ["link", pid(1), pid(2)],
      ["send", pid(1), pid(2), bytes],
      ["send", pid(1), pid(2), tuple],
      ["monitor_p", pid(1), "name", ref(1)],
      ["exit", pid(1), pid(2), ["shutdown", bytes]],
    ];
    for (const signal of signals) {
      a.connection.send(signal);
      b.connection.send(signal);
    }
    assertEquals(await b.events.got(5), signals);
    assertEquals(await a.events.got(5), signals);
    assertEquals(a.connection.traffic, {
      received: b.stream.output.length,
      sent: a.stream.output.length,
      waiting: 0,
    });
    a.connection.close("disconnect");
    assertEquals(await b.events.ended(), "connection_closed");
    assertEquals([a.events.downs, b.events.downs], [["disconnect"], ["connection_closed"]]);
  });
}

Deno.test("Connection names its peer", () => {
  const { connection } = connected(new MemoryStream(), { isHidden: true });
  assertEquals(connection.node, "b@h");
  assertEquals(connection.creation, 42);
  assertEquals(connection.isHidden, true);
  connection.close("disconnect");
});

Deno.test("Connection hands on what was read behind the handshake, in a later turn", async () => {
  const stream = new MemoryStream();
  const frame = await bytesOf([["link", pid(1), pid(2)]]);
  const both = joined(frame, frame);
  const { connection, events } = connected(stream, { leftover: both.subarray(0, both.length - 3) });
  assertEquals(events.signals, []);
  stream.receive(both.subarray(both.length - 3));
  assertEquals(await events.got(2), [["link", pid(1), pid(2)], ["link", pid(1), pid(2)]]);
  connection.close("disconnect");
});

Deno.test("Connection.send() writes at the end of the turn, with all that the turn sends", async () => {
  const [a, b] = connectedPair();
  for (let i = 0; i < 100; i++) a.connection.send(message(i));
  assertEquals(a.stream.written.length, 0);
  await b.events.got(100);
  assertEquals(a.stream.written.length, 1);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() collects for one write what comes while another one is under way", async () => {
  const [a, b] = connectedPair();
  a.stream.stall(true);
  a.connection.send(message(0));
  await settled();
  for (let i = 1; i < 100; i++) {
    a.connection.send(message(i));
    await undefined;
  }
  a.stream.stall(false);
  assertEquals(await b.events.got(100), Array.from({ length: 100 }, (_, i) => message(i)));
  assertEquals(a.stream.written.length, 2);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() writes in parts, in order, when a turn sends very much", async () => {
  const [a, b] = connectedPair();
  const large = Array.from({ length: 30 }, (_, i): Control => {
    return ["send", pid(1), pid(2), ["number", i, new Uint8Array(i * 1000).fill(i)]];
  });
  for (const control of large) a.connection.send(control);
  assertEquals(await b.events.got(30), large);
  assert(a.stream.written.length > 1);
  for (const part of a.stream.written) assert(part.length < 128 * 1024);
  // The buffers are used again by now.
  for (const control of large) a.connection.send(control);
  assertEquals((await b.events.got(60)).slice(30), large);
  assertEquals(a.connection.traffic.waiting, 0);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() writes that a monitor is called off with what the next turns send", async () => {
  const [a, b] = connectedPair();
  const called: Control = ["demonitor_p", pid(1), pid(2), ref(1)];
  a.connection.send(called);
  await undefined;
  await undefined;
  a.connection.send(message(1));
  assertEquals(await b.events.got(2), [called, message(1)]);
  assertEquals(a.stream.written.length, 1);
  a.connection.send(called);
  assertEquals((await b.events.got(3))[2], called);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() goes on when the host takes and gives a few bytes at a time", async () => {
  const [a, b] = connectedPair();
  a.stream.mostBytes = 7;
  b.stream.mostBytes = 3;
  for (let i = 0; i < 20; i++) a.connection.send(message(i));
  assertEquals(await b.events.got(20), Array.from({ length: 20 }, (_, i) => message(i)));
  assert(a.stream.written.length > 20);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() throws when a message cannot be sent, and sends what is around it", async () => {
  const [a, b] = connectedPair();
  a.connection.send(message(1));
  const error = assertThrows(
    () => a.connection.send(["send", pid(1), pid(2), ["tag", new Uint8Array(100_000), NaN]]),
    EncodeError,
  );
  assert(error instanceof TypeError);
  a.connection.send(message(2));
  assertEquals(await b.events.got(2), [message(1), message(2)]);
  a.connection.close("disconnect");
});

Deno.test("Connection.send() replies in place of a peer that cannot spawn, unlink by id, or know aliases", async () => {
  const [a, b] = connectedPair(HEADERS);
  const answers: Control[] = [
    ["spawn_reply", ref(1), pid(1), 0, "notsup"],
    ["unlink_id_ack", 9n, pid(2), pid(1)],
  ];
  a.connection.send(["spawn_request", ref(1), pid(1), pid(1), ["m", "f", 0], [], []]);
  a.connection.send(["alias_send", pid(1), ref(1), "reply"]);
  a.connection.send(["unlink_id", 9n, pid(1), pid(2)]);
  assertEquals(a.events.signals, [], "not before the caller is done");
  assertEquals(await a.events.got(2), answers);
  assertEquals(await b.events.got(1), [["unlink", pid(1), pid(2)]]);
  a.connection.close("disconnect");
  assertEquals(a.events.signals.length + b.events.signals.length, 3);
});

Deno.test("Connection.isBusy from 1 MiB on that waits, and drained() resolves when that is written", async () => {
  const [a, b] = connectedPair();
  a.stream.stall(true);
  const bytes = new Uint8Array(MIB / 4);
  const big: Control = ["send", pid(1), pid(2), bytes];
  for (let i = 0; i < 3; i++) a.connection.send(big);
  await settled();
  assertEquals(a.connection.isBusy, false);
  await a.connection.drained();
  a.connection.send(big);
  assertEquals(a.connection.isBusy, true);
  assert(a.connection.traffic.waiting > MIB);
  let isDrained = false;
  const drained = a.connection.drained().then(() => isDrained = true);
  // A sender that does not wait is not refused.
  a.connection.send(["link", pid(1), pid(2)]);
  await settled();
  assertEquals(isDrained, false);
  a.stream.stall(false);
  await drained;
  assertEquals(a.connection.isBusy, false);
  assertEquals(await b.events.got(5), [big, big, big, big, ["link", pid(1), pid(2)]]);
  assertEquals(a.connection.traffic.waiting, 0);
  a.connection.close("disconnect");
});

Deno.test("Connection.drained() resolves when the connection goes down", async () => {
  const [a] = connectedPair();
  a.stream.stall(true);
  a.connection.send(["send", pid(1), pid(2), new Uint8Array(2 * MIB)]);
  const drained = a.connection.drained();
  a.connection.close("disconnect");
  await drained;
  assertEquals([a.connection.isBusy, a.connection.traffic.waiting], [false, 0]);
});

Deno.test("Connection reads nothing more while it was asked for a pause", async () => {
  const [a, b] = connectedPair();
  const pause = Promise.withResolvers<void>();
  b.events.onSignal = () => b.events.signals.length === 2 ? pause.promise : undefined;
  for (let i = 0; i < 10; i++) a.connection.send(message(i));
  await b.events.got(2);
  const { reads } = b.stream;
  for (let i = 10; i < 20; i++) a.connection.send(message(i));
  await settled();
  assertEquals(b.events.signals, [message(0), message(1)]);
  assertEquals(b.stream.reads, reads);
  pause.resolve();
  assertEquals(await b.events.got(20), Array.from({ length: 20 }, (_, i) => message(i)));
  a.connection.close("disconnect");
});

Deno.test("Connection gives the host a turn when much comes at once", async () => {
  const stream = new MemoryStream();
  const flood = await bytesOf(Array.from({ length: 20_000 }, (_, i) => message(i)));
  const { connection, events } = connected(stream);
  stream.receive(flood);
  await events.got(1);
  let turns = 0;
  while (events.signals.length < 20_000) {
    turns++;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  assert(turns > 40, `${turns} turns`);
  connection.close("disconnect");
});

Deno.test("Connection handles signals outside of any process, whichever has opened it", async () => {
  const outside = Process.self();
  const [selves, connection] = await inProcess(async () => {
    const [a, b] = connectedPair(HEADERS);
    const selves: unknown[] = [];
    b.events.onSignal = () => void selves.push(Process.self());
    a.events.onSignal = () => void selves.push(Process.self());
    a.connection.send(["link", pid(1), pid(2)]);
    a.connection.send(["spawn_request", ref(1), pid(1), pid(1), ["m", "f", 0], [], []]);
    await b.events.got(1);
    await a.events.got(1);
    return [selves, a.connection];
  });
  connection.close("disconnect");
  assertEquals(selves, [outside, outside]);
});

Deno.test("Connection sends a tick every quarter of the tick time in which it has sent nothing", async () => {
  using time = new FakeTime();
  const stream = new MemoryStream();
  const { connection } = connected(stream);
  await pass(time, T / 4 - 1);
  assertEquals(stream.written, []);
  await pass(time, 1);
  assertEquals(stream.written, [TICK]);
  stream.receive(TICK);
  await pass(time, T / 4);
  assertEquals(stream.written, [TICK, TICK]);
  connection.send(message(1));
  await pass(time, T / 4);
  assertEquals(stream.written.length, 3);
  stream.receive(TICK);
  await pass(time, T / 4);
  assertEquals(stream.written.slice(3), [TICK]);
  connection.close("disconnect");
  await pass(time, T);
  assertEquals(stream.written.length, 4);
});

Deno.test("Connection sends ticks to a hidden peer that is silent, whatever else it has sent", async () => {
  using time = new FakeTime();
  const stream = new MemoryStream();
  const { connection } = connected(stream, { isHidden: true });
  connection.send(message(1));
  await pass(time, T / 4);
  assertEquals(stream.written.slice(1), [TICK]);
  stream.receive(TICK);
  connection.send(message(2));
  await pass(time, T / 4);
  assertEquals(stream.written.length, 3);
  connection.close("disconnect");
});

Deno.test("Connection sends no tick while something waits to be written", async () => {
  using time = new FakeTime();
  const stream = new MemoryStream();
  stream.stall(true);
  const { connection, events } = connected(stream);
  connection.send(message(1));
  await pass(time, T);
  stream.stall(false);
  await settled();
  assertEquals(stream.written.length, 1);
  connection.close("disconnect");
  assertEquals(events.downs, ["disconnect"]);
});

Deno.test("Connection is down with net_tick_timeout after 1.25 tick times of silence", async () => {
  using time = new FakeTime();
  using reports = collectReports();
  const stream = new MemoryStream();
  const { events } = connected(stream, { tickTime: 8000 });
  await pass(time, 9999);
  assertEquals(events.downs, []);
  await pass(time, 1);
  assertEquals(events.downs, ["net_tick_timeout"]);
  assertEquals(stream.isClosed, true);
  assertEquals(reports.logged.map(({ level, reason }) => [level, reason]), [
    ["error", "Connection to b@h is closed: the node does not respond"],
  ]);
});

Deno.test("Connection takes any bytes for a sign of life, parts of a message too", async () => {
  using time = new FakeTime();
  const stream = new MemoryStream();
  const { connection, events } = connected(stream);
  stream.receive(hex("00010000"));
  for (let i = 0; i < 10; i++) {
    await pass(time, T - 1);
    stream.receive(new Uint8Array([131]));
    await settled();
  }
  assertEquals(events.downs, []);
  connection.close("disconnect");
});

Deno.test("Connection does not blame the peer for the silence while it does not read itself", async () => {
  using time = new FakeTime();
  using reports = collectReports();
  const [a, b] = connectedPair();
  const pause = Promise.withResolvers<void>();
  b.events.onSignal = () => pause.promise;
  a.connection.send(message(1));
  await b.events.got(1);
  await pass(time, 3 * T);
  assertEquals(b.events.downs, []);
  pause.resolve();
  await pass(time, 3 * T);
  assertEquals([a.events.downs, b.events.downs], [[], []]);
  a.connection.close("disconnect");
  await settled();
  assertEquals(reports.logged, []);
});

Deno.test("Connection.close() is told once, with the first reason, and hands nothing on afterwards", async () => {
  const [a, b] = connectedPair();
  for (let i = 0; i < 10; i++) a.connection.send(message(i));
  b.events.onSignal = () => {
    if (b.events.signals.length === 3) b.connection.close("disconnect");
  };
  assertEquals(await b.events.ended(), "disconnect");
  b.connection.close("again");
  b.connection.send(message(1));
  await settled();
  assertEquals(b.events.downs, ["disconnect"]);
  assertEquals(b.events.signals.length, 3);
  assertEquals(b.stream.written, []);
  assertEquals(a.events.downs, ["connection_closed"]);
});

Deno.test("Connection.close() makes it look at nothing more that has come, so that nothing is logged", async () => {
  using reports = collectReports();
  const stream = new MemoryStream();
  const { connection, events } = connected(stream);
  events.onSignal = () => connection.close("disconnect");
  stream.receive(joined(await bytesOf([message(1)]), framed(hex("70 83"))));
  assertEquals(await events.ended(), "disconnect");
  await settled();
  assertEquals(reports.logged, []);
});

Deno.test("Connection.close() still writes what was sent in the same turn", async () => {
  const [a, b] = connectedPair();
  a.connection.send(message(1));
  a.connection.close("disconnect");
  assertEquals(await b.events.got(1), [message(1)]);
  assertEquals(await b.events.ended(), "connection_closed");
  assertEquals(a.events.downs, ["disconnect"]);
});

Deno.test("Connection.close() ends it in the middle of a write, of a message, and of a pause", async () => {
  using reports = collectReports();
  const [a, b] = connectedPair();
  b.events.onSignal = () => new Promise(() => {});
  a.stream.mostBytes = 100_000;
  a.connection.send(message(1));
  a.connection.send(["send", pid(1), pid(2), new Uint8Array(MIB)]);
  await b.events.got(1);
  a.stream.stall(true);
  a.connection.close("disconnect");
  b.connection.close("disconnect");
  await settled();
  assertEquals([a.events.downs, b.events.downs], [["disconnect"], ["disconnect"]]);
  assertEquals(b.events.signals.length, 1);
  assertEquals(reports.logged, []);
});

Deno.test("Connection is down with connection_closed when a read fails", async () => {
  const stream = new MemoryStream();
  stream.read = () => Promise.reject(new Error("reset"));
  const { events } = connected(stream);
  assertEquals(await events.ended(), "connection_closed");
  assertEquals(events.downs.length, 1);
});

Deno.test("Connection still hands on what the peer said last when a write fails", async () => {
  const stream = new MemoryStream();
  stream.write = () => Promise.reject(new Error("broken pipe"));
  const { connection, events } = connected(stream);
  connection.send(message(1));
  await settled();
  stream.receive(await bytesOf([["exit", pid(1), pid(2), "shutdown"]]));
  stream.end();
  assertEquals(await events.ended(), "connection_closed");
  assertEquals(events.signals, [["exit", pid(1), pid(2), "shutdown"]]);
});

for (
  const [what, bytes, found] of [
    ["of the wrong framing", framed(hex("70 83")), "Cannot read a frame: found the bytes 112, 131"],
    ["too long", hex("7fffffff"), "found 2147483647 bytes, expected at most 134217728"],
    ["with an unknown operation", framed(hex("83 44 00 68 01 61 63")), "unknown operation 99"],
    ["with too little in it", framed(hex("83 44 00 68 03 61 01")), "bytes should follow"],
  ] as const
) {
  Deno.test(`Connection is down with decode_error, and logs it, for a frame ${what}`, async () => {
    using reports = collectReports();
    const stream = new MemoryStream();
    const good = await bytesOf([["link", pid(1), pid(2)]]);
    const { events } = connected(stream);
    stream.receive(joined(good, bytes, good));
    assertEquals(await events.ended(), "decode_error");
    await settled();
    assertEquals(events.signals, [["link", pid(1), pid(2)]]);
    assertEquals(events.downs.length, 1);
    assertEquals(stream.isClosed, true);
    const [report, ...others] = reports.logged;
    assertEquals([report!.level, others.length], ["error", 0]);
    assertEquals(String(report!.reason).startsWith("Connection to b@h is closed: "), true);
    assert(String(report!.reason).includes(found), String(report!.reason));
  });
}

Deno.test("Connection takes limits of its own", async () => {
  using reports = collectReports();
  const stream = new MemoryStream();
  const { events } = connected(stream, { limits: { frameBytes: 10 } });
  stream.receive(hex("0000000b"));
  assertEquals(await events.ended(), "decode_error");
  assert(String(reports.logged[0]!.reason).includes("expected at most 10"));
});

for (
  const [what, fail] of [
    ["throws", () => {
      throw new Error("oops");
    }],
    ["rejects", () => Promise.reject(new Error("oops"))],
  ] as const
) {
  Deno.test(`Connection is down with internal_error when the handler of a signal ${what}`, async () => {
    using reports = collectReports();
    const [a, b] = connectedPair();
    b.events.onSignal = fail;
    a.connection.send(message(1));
    a.connection.send(message(2));
    assertEquals(await b.events.ended(), "internal_error");
    await settled();
    assertEquals(b.events.signals, [message(1)]);
    assertEquals([a.events.downs, b.events.downs], [["connection_closed"], ["internal_error"]]);
    assertEquals(reports.logged.map(({ reason }) => reason), ["Connection to a@h is closed: oops"]);
  });
}

Deno.test("Connection logs it when the handler of down throws", async () => {
  using reports = collectReports();
  const stream = new MemoryStream();
  const { connection, events } = connected(stream);
  events.down = () => {
    throw new Error("oops");
  };
  connection.close("disconnect");
  await settled();
  assertEquals(reports.logged.map(({ reason }) => reason), [
    "Connection to b@h is closed: handling a signal has failed: Error: oops",
  ]);
});

Deno.test("Connection is only ever down, with a report, when bytes are random or mutated", async () => {
  const random = numbers(20261121);
  const signals: Control[] = [
    ["send", pid(1), pid(2), ["tag", new Map([["key", [1.5, -1, 2n ** 70n]]]), "text", pid(3)]],
    ["spawn_request", ref(1), pid(1), pid(1), ["m", "f", 1], [], [["nested", [[[]]]]]],
    ["monitor_p_exit", "name", pid(1), ref(2), "noproc"],
    ["unlink_id", 77n, pid(1), pid(2)],
    ["send", pid(1), pid(2), new Uint8Array(70_000)],
  ];
  for (const flags of [BASE, ALL]) {
    const valid = await bytesOf(signals, flags);
    for (let round = 0; round < 300; round++) {
      using reports = collectReports();
      const stream = new MemoryStream();
      const { events } = connected(stream, { flags });
      const bytes = round % 3 === 0
        ? framed(Uint8Array.from({ length: 200 }, () => random(256)))
        : valid.slice();
      for (let i = random(4); i >= 0; i--) bytes[random(Math.min(bytes.length, 700))] = random(256);
      stream.receive(bytes.subarray(0, round % 5 === 0 ? random(bytes.length) : bytes.length));
      stream.end();
      const reason = await events.ended();
      await settled();
      assertEquals(events.downs, [reason]);
      assert(["decode_error", "connection_closed"].includes(reason), `${reason} in ${round}`);
      assertEquals(reports.logged.length, reason === "decode_error" ? 1 : 0);
    }
  }
});

interface Setup extends Partial<ConnectionOptions> {
  readonly flags?: bigint;
  readonly isHidden?: boolean;
  readonly leftover?: Uint8Array;
  readonly node?: string;
}

/** A connection over a stream, to `b@h` unless said otherwise, and who is told of it. */
function connected(stream: MemoryStream, setup: Setup = {}) {
  const { flags = ALL, isHidden = false, leftover, node = "b@h", ...options } = setup;
  const events = new Recorder();
  const negotiated = { node, creation: 42, flags, isHidden, isOwn: false };
  const all = { mapping: mappingOf("exact"), ...options };
  const connection = new Connection(stream, negotiated, all, events, leftover);
  return { connection, events, stream };
}

/** Two connections, each the peer of the other. */
function connectedPair(flags = ALL) {
  const [a, b] = streamPair();
  return [connected(a, { flags }), connected(b, { flags, node: "a@h" })] as const;
}

function message(content: unknown): Control {
  return ["send", pid(1), pid(2), ["message", content]];
}

/** What a connection would write. */
async function bytesOf(signals: readonly Control[], flags = ALL): Promise<Uint8Array> {
  const { connection, stream } = connected(new MemoryStream(), { flags });
  for (const signal of signals) connection.send(signal);
  await settled();
  connection.close("disconnect");
  return stream.output;
}

/** Pseudo-random integers below a limit. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}
