import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Control } from "../../../lib/node/control.ts";
import {
  DIST_HDR_ATOM_CACHE,
  EXIT_PAYLOAD,
  FRAGMENTS,
  SEND_SENDER,
} from "../../../lib/node/distribution/flags.ts";
import { FrameBuffer, ProtocolError } from "../../../lib/node/distribution/frames.ts";
import {
  DEFAULT_FRAMING_LIMITS,
  type FramingLimits,
  framingOf,
  Packer,
  Unpacker,
} from "../../../lib/node/distribution/framing.ts";
import { Operations } from "../../../lib/node/distribution/operations.ts";
import { DecodeError, Writer } from "../../../lib/node/etf/bytes.ts";
import { list } from "../../../lib/node/terms.ts";
import { framed, hex, identities, joined, mappingOf, pid, ref } from "./connection_fixtures.ts";

const HEADERS = DIST_HDR_ATOM_CACHE | FRAGMENTS;
const COMBINATIONS = [0n, DIST_HDR_ATOM_CACHE, FRAGMENTS, HEADERS];
const KIB = 1024;

/** What stands behind `foo`'s atoms in the worked examples: `{6, <pid of e15@vm>, '', foo}` and `{set, hello}`. */
const TERMS = "68 04 61 06 58 52 00 00000009 00000000 6b00e892 52 01 52 02 68 02 52 03 52 04";

Deno.test("framingOf() has headers when either of the two flags was agreed on", () => {
  assertEquals(COMBINATIONS.map(framingOf), [
    { hasHeaders: false, hasFragments: false },
    { hasHeaders: true, hasFragments: false },
    { hasHeaders: true, hasFragments: true },
    { hasHeaders: true, hasFragments: true },
  ]);
});

Deno.test("FrameBuffer.next() gives each frame once it is whole when bytes come one by one", () => {
  const buffer = new FrameBuffer(100);
  const frames: number[][] = [];
  for (const byte of joined(framed(hex("010203")), framed(), framed(hex("04")))) {
    assert(buffer.room().length >= 16 * KIB);
    buffer.room()[0] = byte;
    buffer.filled(1);
    for (let frame = buffer.next(); frame !== null; frame = buffer.next()) frames.push([...frame]);
  }
  assertEquals(frames, [[1, 2, 3], [], [4]]);
});

Deno.test("FrameBuffer.next() gives frames larger than the buffer, between small ones", () => {
  const buffer = new FrameBuffer(1024 * KIB);
  const large = Uint8Array.from({ length: 700 * KIB }, (_, i) => i % 251);
  const stream = joined(framed(hex("01")), framed(large), framed(hex("02")), framed(large));
  const frames: Uint8Array[] = [];
  for (let at = 0; at < stream.length;) {
    const room = buffer.room();
    const part = stream.subarray(at, at + Math.min(room.length, 50_000));
    room.set(part);
    buffer.filled(part.length);
    at += part.length;
    for (let frame = buffer.next(); frame !== null; frame = buffer.next()) {
      frames.push(frame.slice());
    }
  }
  assertEquals(frames.map((frame) => frame.length), [1, large.length, 1, large.length]);
  assertEquals(frames[3], large);
  assertEquals(buffer.room().length, 64 * KIB, "the buffer is small again");
});

Deno.test("FrameBuffer.room() does not grow with what a length only promises", () => {
  const buffer = new FrameBuffer(2 ** 31);
  buffer.add(hex("70000000 01 02"));
  assertStrictEquals(buffer.next(), null);
  assert(buffer.room().length <= 64 * KIB);
});

Deno.test("FrameBuffer.add() takes more than there is room for", () => {
  const buffer = new FrameBuffer(1024 * KIB);
  const frame = framed(new Uint8Array(1000).fill(7));
  buffer.add(joined(...Array.from({ length: 300 }, () => frame)));
  let count = 0;
  while (buffer.next() !== null) count++;
  assertEquals(count, 300);
});

Deno.test("FrameBuffer.next() throws when a frame is longer than the limit", () => {
  const buffer = new FrameBuffer(10);
  buffer.add(joined(framed(new Uint8Array(10)), hex("0000000b")));
  assertEquals(buffer.next()?.length, 10);
  assertThrows(
    () => buffer.next(),
    ProtocolError,
    "Cannot read a frame: found 11 bytes, expected at most 10",
  );
});

Deno.test("Unpacker.open() reads the worked example, first with the atoms and then with their slots", () => {
  const peer = receiver(HEADERS);
  const expected: Control = [
    "reg_send",
    identities.pid({ node: "e15@vm", id: 9, serial: 0, creation: 0x6b00e892 }),
    "foo",
    ["set", "hello"],
  ];
  const first = '83 44 05 8f a9 0f bc 06 "e15@vm" 05 00 a3 03 "foo" 59 03 "set" 78 05 "hello"';
  assertEquals(peer.read(hex(`${first} ${TERMS}`)), expected);
  assertEquals(peer.read(hex(`83 44 05 07 21 07 bc 05 a3 59 78 ${TERMS}`)), expected);
});

Deno.test("Packer writes the empty header, or none in pass-through", () => {
  const tick: Control = ["reg_send", pid(9), "foo", ["set", 1]];
  const pidBytes = '58 77 03 "a@h" 00000009 00000000 00000007';
  const control = `68 04 61 06 ${pidBytes} 77 00 77 03 "foo"`;
  const payload = '68 02 77 03 "set" 61 01';
  assertEquals(packed(HEADERS, [tick]), framed(hex(`83 44 00 ${control} ${payload}`)));
  assertEquals(packed(0n, [tick]), framed(hex(`70 83 ${control} 83 ${payload}`)));
});

for (const flags of COMBINATIONS) {
  Deno.test(`Packer and Unpacker carry large messages with the flags ${flags.toString(16)}`, () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const tuple = Array.from({ length: 20_000 }, (_, i) => i);
    const sent: Control[] = [
      ["send", null, pid(1), tuple],
      ["send", null, pid(1), bytes],
      ["link", pid(1), pid(2)],
      ["exit", pid(1), pid(2), bytes],
    ];
    const peer = receiver(flags);
    const frames = framesOf(packed(flags | EXIT_PAYLOAD, sent));
    assertEquals(frames.map((frame) => peer.read(frame)).filter((got) => got !== null), sent);
    const isCut = frames.every((frame) => frame.length <= 64 * KIB + 19);
    assertEquals(isCut, (flags & FRAGMENTS) !== 0n && frames.length > sent.length);
  });
}

Deno.test("Packer cuts a message into fragments that count down to 1", () => {
  const frames = framesOf(packed(FRAGMENTS, [["send", null, pid(1), new Uint8Array(150 * KIB)]]));
  const heads = frames.map((frame) => [...frame.subarray(0, 18)]);
  const number = (n: number) => [0, 0, 0, 0, 0, 0, 0, n];
  assertEquals(heads, [
    [131, 69, ...number(1), ...number(3)],
    [131, 70, ...number(1), ...number(2)],
    [131, 70, ...number(1), ...number(1)],
  ]);
  assertEquals(frames[0]![18], 0, "no atoms");
});

Deno.test("Packer does not cut a message of 64 KiB, nor one whose bytes are all control", () => {
  const empty = packed(FRAGMENTS, [["send", null, pid(1), new Uint8Array(0)]]).length - 4 - 3;
  const fits = new Uint8Array(64 * KIB - empty);
  assertEquals(framesOf(packed(FRAGMENTS, [["send", null, pid(1), fits]])).length, 1);
  const over = new Uint8Array(fits.length + 1);
  assertEquals(framesOf(packed(FRAGMENTS, [["send", null, pid(1), over]])).length, 2);
  // Without EXIT_PAYLOAD the reason is in the control tuple.
  const [whole, ...others] = framesOf(packed(FRAGMENTS, [["exit", pid(1), pid(2), over]]));
  assertEquals([whole![1], others.length], [68, 0]);
});

Deno.test("Packer has all of the control tuple in the first fragment, however large it is", () => {
  const options = list([new Uint8Array(100 * KIB)]);
  const request: Control = [
    "spawn_request",
    ref(1),
    pid(1),
    pid(1),
    ["m", "f", 1],
    options,
    list([new Uint8Array(100 * KIB)]),
  ];
  const frames = framesOf(packed(FRAGMENTS, [request]));
  assertEquals(frames.length, 3);
  assert(frames[0]!.length > 100 * KIB);
  assert(frames[0]!.length < 101 * KIB);
  const peer = receiver(FRAGMENTS);
  assertEquals(frames.map((frame) => peer.read(frame)), [null, null, request]);
});

Deno.test("Unpacker.open() puts together what comes interleaved, with whole messages between", () => {
  const peer = receiver(HEADERS);
  const [a, b] = [1, 2].map((n) => new Uint8Array(200 * KIB).fill(n));
  const frames = framesOf(
    packed(HEADERS, [["send", null, pid(1), a], ["send", null, pid(2), b]]),
  );
  const [small] = framesOf(packed(HEADERS, [["link", pid(3), pid(4)]]));
  assertEquals(frames.length, 8);
  const order = [0, 4, 1, 5, 6, 2, 7, 3].map((i) => frames[i]!);
  const got = [...order.slice(0, 3), small!, ...order.slice(3)].map((frame) => peer.read(frame));
  assertEquals(got.filter((control) => control !== null), [
    ["link", pid(3), pid(4)],
    ["send", null, pid(2), b],
    ["send", null, pid(1), a],
  ]);
});

Deno.test("Unpacker.open() keeps the atoms of a first fragment when the slots change meanwhile", () => {
  const peer = receiver(HEADERS);
  const sequence = "00000000000000aa";
  const pidBytes = '58 77 03 "a@h" 00000001 00000000 00000007';
  const first =
    `83 45 ${sequence} 0000000000000002 01 08 00 03 "one" 68 03 61 02 77 00 ${pidBytes}`;
  assertStrictEquals(peer.read(hex(first)), null);
  const between = `83 44 01 08 00 03 "two" 68 03 61 02 77 00 ${pidBytes} 52 00`;
  assertEquals(peer.read(hex(between)), ["send", null, pid(1), "two"]);
  const last = `83 46 ${sequence} 0000000000000001 52 00`;
  assertEquals(peer.read(hex(last)), ["send", null, pid(1), "one"]);
});

Deno.test("Unpacker.open() takes a first fragment with the number 1 for a whole message", () => {
  const [frame] = framesOf(packed(HEADERS, [["link", pid(1), pid(2)]]));
  const alone = joined(hex("83 45 0000000000000009 0000000000000001 00"), frame!.subarray(3));
  assertEquals(receiver(HEADERS).read(alone), ["link", pid(1), pid(2)]);
});

const first = (sequence: number, fragment: number, bytes = "") =>
  hex(`83 45 ${number64(sequence)} ${number64(fragment)} 00 ${bytes}`);
const further = (sequence: number, fragment: number, bytes = "") =>
  hex(`83 46 ${number64(sequence)} ${number64(fragment)} ${bytes}`);

for (
  const [what, frames, error] of [
    ["of a message that has not begun", [further(1, 1)], "expected its first"],
    ["out of order", [first(1, 4), further(1, 2)], "expected number 3"],
    ["twice", [first(1, 4), further(1, 3), further(1, 3)], "expected number 2"],
    ["after the last one", [first(1, 2), further(1, 1, "68"), further(1, 1)], "expected its first"],
    ["with the number 0", [first(1, 0)], "its number is 0"],
    ["that begins its message again", [first(1, 3), first(1, 3)], "sequence 1 has begun before"],
  ] as const
) {
  Deno.test(`Unpacker.open() throws for a fragment ${what}`, () => {
    const unpacker = new Unpacker(framingOf(HEADERS), DEFAULT_FRAMING_LIMITS);
    for (const frame of frames.slice(0, -1)) unpacker.open(frame);
    assertThrows(() => unpacker.open(frames.at(-1)!), ProtocolError, error);
  });
}

Deno.test("Unpacker.open() throws when too many messages are incomplete, and counts those only", () => {
  const unpacker = new Unpacker(framingOf(HEADERS), DEFAULT_FRAMING_LIMITS);
  for (let i = 0; i < 1024; i++) assertStrictEquals(unpacker.open(first(i, 2)), null);
  assert(unpacker.open(further(77, 1)) !== null);
  unpacker.open(first(5000, 2));
  assertThrows(
    () => unpacker.open(first(5001, 2)),
    ProtocolError,
    "1024 messages are incomplete, which is the limit",
  );
});

Deno.test("Unpacker.open() throws when incomplete messages hold too many bytes, and counts those only", () => {
  const limits = { ...DEFAULT_FRAMING_LIMITS, messageBytes: 4 };
  const unpacker = new Unpacker(framingOf(HEADERS), limits);
  unpacker.open(first(1, 2, "aaaa"));
  unpacker.open(further(1, 1, "aaaa"));
  unpacker.open(first(1, 2, "aaaa"));
  unpacker.open(first(2, 9, "aaaa"));
  assertThrows(
    () => unpacker.open(further(2, 8, "aa")),
    ProtocolError,
    "incomplete messages would hold 5 bytes, and the limit is 4",
  );
});

Deno.test("AtomCache keeps an atom for each of its 2048 slots, and forgets those that are replaced", () => {
  const peer = receiver(HEADERS);
  // 2100 atoms one behind the other: the last 52 take the places of the first ones.
  for (let i = 0; i < 2100; i++) {
    assertEquals(peer.read(headed([[i % 2048, `atom_${i}`]])), ["send", null, pid(1), [
      `atom_${i}`,
    ]]);
  }
  for (
    const [slot, atom] of [[0, "atom_2048"], [51, "atom_2099"], [52, "atom_52"], [
      2047,
      "atom_2047",
    ]]
  ) {
    assertEquals(peer.read(headed([[slot as number]])), ["send", null, pid(1), [atom]]);
  }
});

Deno.test("AtomCache reads 255 atoms in one header, even and odd numbers of them, new and known", () => {
  const peer = receiver(HEADERS);
  for (const count of [1, 2, 3, 254, 255]) {
    const entries = Array.from({ length: count }, (_, i) => [i * 8, `a${count}_${i}`] as const);
    const message = entries.map(([, atom]) => atom);
    assertEquals(peer.read(headed(entries)), ["send", null, pid(1), message]);
    const mixed = entries.map(([slot, atom], i) =>
      i % 3 === 0 ? [slot, atom] as const : [slot] as const
    );
    assertEquals(peer.read(headed(mixed)), ["send", null, pid(1), message]);
  }
});

Deno.test("AtomCache reads atoms whose texts are longer than 255 bytes", () => {
  const peer = receiver(HEADERS);
  const long = "☃".repeat(255);
  assertEquals(peer.read(headed([[3, long], [4, "short"]], true)), ["send", null, pid(1), [
    long,
    "short",
  ]]);
  assertEquals(peer.read(headed([[4], [3]])), ["send", null, pid(1), ["short", long]]);
});

for (
  const [what, header, error] of [
    ["an empty slot", hex("83 44 01 07 05"), "no atom was put into slot 1797 before"],
    ["no UTF-8", hex("83 44 01 08 05 02 ff fe"), "an atom is not UTF-8"],
    [
      "256 characters",
      headed([[0, "a".repeat(256)]], true),
      "an atom has more than 255 characters",
    ],
    ["an atom cut short", hex("83 44 01 08 05 09 61"), "9 bytes should follow"],
    ["flags cut short", hex("83 44 09 08"), "5 bytes should follow"],
    ["no count", hex("83 44"), "1 bytes should follow"],
  ] as const
) {
  Deno.test(`Unpacker.open() throws for a header with ${what}`, () => {
    const unpacker = new Unpacker(framingOf(HEADERS), DEFAULT_FRAMING_LIMITS);
    assertThrows(() => unpacker.open(header), DecodeError, error);
  });
}

for (
  const [what, flags, frame, error] of [
    [
      "a header in pass-through",
      0n,
      hex("83 44 00"),
      "found the bytes 131, 68 at its beginning, expected 112",
    ],
    [
      "pass-through where there are headers",
      HEADERS,
      hex("70 83"),
      "found the bytes 112, 131",
    ],
    ["an unknown header", HEADERS, hex("83 47 00"), "found the bytes 131, 71"],
  ] as const
) {
  Deno.test(`Unpacker.open() throws for ${what}`, () => {
    const unpacker = new Unpacker(framingOf(flags), DEFAULT_FRAMING_LIMITS);
    assertThrows(() => unpacker.open(frame), ProtocolError, error);
  });
}

/** One that reads frames with the given flags, in the exact mapping. */
function receiver(flags: bigint, limits: FramingLimits = DEFAULT_FRAMING_LIMITS) {
  const unpacker = new Unpacker(framingOf(flags), limits);
  const operations = new Operations(flags, mappingOf("exact"));
  return {
    read(frame: Uint8Array): Control | null {
      const message = unpacker.open(frame);
      return message && operations.read(message);
    },
  };
}

/** The bytes of some signals, without any operation that is not known to everybody. */
function packed(flags: bigint, controls: readonly Control[]): Uint8Array {
  const writer = new Writer();
  const packer = new Packer(framingOf(flags), writer);
  const operations = new Operations(flags & ~SEND_SENDER, mappingOf("exact"));
  for (const control of controls) {
    const begun = packer.begin();
    packer.end(begun, operations.write(control, writer));
  }
  return writer.take().slice();
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const buffer = new FrameBuffer(2 ** 30);
  buffer.add(bytes);
  const frames: Uint8Array[] = [];
  for (let frame = buffer.next(); frame !== null; frame = buffer.next()) frames.push(frame);
  return frames;
}

function number64(value: number): string {
  return value.toString(16).padStart(16, "0");
}

/**
 * A message to process 1: a tuple of the atoms in the given slots, which are put there first where they
 * are given.
 */
function headed(entries: readonly (readonly [slot: number, atom?: string])[], isLong = false) {
  const flags = new Uint8Array((entries.length >> 1) + 1);
  const setHalf = (i: number, value: number) => flags[i >> 1]! |= value << (i % 2 * 4);
  entries.forEach(([slot, atom], i) => setHalf(i, (slot >> 8) | (atom === undefined ? 0 : 8)));
  if (isLong) setHalf(entries.length, 1);
  const refs = entries.map(([slot, atom]) => {
    if (atom === undefined) return new Uint8Array([slot & 255]);
    const text = new TextEncoder().encode(atom);
    const length = isLong ? [text.length >> 8, text.length & 255] : [text.length];
    return new Uint8Array([slot & 255, ...length, ...text]);
  });
  const control = hex('68 03 61 02 77 00 58 77 03 "a@h" 00000001 00000000 00000007');
  const tuple = new Uint8Array([104, entries.length, ...entries.flatMap((_, i) => [82, i])]);
  return joined(hex("83 44"), new Uint8Array([entries.length]), flags, ...refs, control, tuple);
}
