import { assertEquals, assertThrows } from "@std/assert";
import {
  expanded,
  MANDATORY_25,
  missingFlags,
  PUBLISHED,
  SUPPORTED,
} from "../../../lib/node/distribution/flags.ts";
import {
  answerScript,
  dialScript,
  digest,
  HandshakeError,
  type HandshakeFailure,
  HandshakeFrames,
  type Introduction,
  isLongName,
  isNodeName,
  type Negotiated,
  type Script,
  type Status,
} from "../../../lib/node/distribution/handshake.ts";
import { hex, joined } from "./connection_fixtures.ts";

const OTP_25 = 0xd07df7fbdn;
const a: Introduction = { node: "a@h", creation: 7, flags: SUPPORTED | PUBLISHED };
const b: Introduction = { node: "b@h", creation: 9, flags: SUPPORTED | PUBLISHED };
const x = `"x@vm"`;
const SEND_NAME = hex(`4e 0000000d07df7fbd 6b00e138 0004 ${x}`);

const dial = (self = a, cookie = "c") => dialScript(self, "b@h", cookie);
const answer = (status: Status = "ok", cookie = "c") => answerScript(b, () => status, () => cookie);

/** Plays two scripts against each other: what both return, or have failed with. */
function play(one: Script<unknown>, other: Script<unknown>): unknown[] {
  const mail: Uint8Array[][] = [[], []];
  const results: unknown[] = [undefined, undefined];
  const steps = [one, other].map((script) => script.next());
  const scripts = [one, other];
  for (let idle = 0; idle < 2;) {
    idle = 0;
    for (const side of [0, 1]) {
      const step = steps[side]!;
      if (step.done || results[side] !== undefined) {
        if (step.done) results[side] = step.value;
        idle++;
      } else if (step.value instanceof Uint8Array) {
        mail[1 - side]!.push(step.value);
        steps[side] = next(scripts[side]!, new Uint8Array(0), results, side);
      } else if (mail[side]!.length > 0) {
        steps[side] = next(scripts[side]!, mail[side]!.shift()!, results, side);
      } else {
        idle++;
      }
    }
  }
  return results;
}

function next(script: Script<unknown>, message: Uint8Array, results: unknown[], side: number) {
  try {
    return script.next(message);
  } catch (error) {
    results[side] = (error as HandshakeError).failure;
    return { done: false, value: null } as const;
  }
}

/** Gives a script messages from the peer, and returns what it sends to the last of them. */
function talk<T>(script: Script<T>, ...messages: Uint8Array[]): Uint8Array[] {
  const sent: Uint8Array[] = [];
  let step = script.next();
  const flush = () => {
    while (!step.done && step.value !== null) {
      sent.push(step.value);
      step = script.next(new Uint8Array(0));
    }
  };
  flush();
  for (const message of messages) {
    step = script.next(message);
    flush();
  }
  return sent;
}

function assertFails(failure: HandshakeFailure, run: () => unknown, message = ""): void {
  assertEquals(assertThrows(run, HandshakeError, message).failure, failure);
}

Deno.test("digest() is what Erlang makes of the cookie and the challenge", () => {
  assertEquals(digest("c", 2405502576), hex("c676d31d8bd4831c4ed11ccf089d989d"));
  assertEquals(digest("c", 473930343), hex("533cf4af3f7602c95d59f815a452d5a3"));
});

Deno.test("flags stand for what OTP 25 offers and asks for", () => {
  assertEquals(MANDATORY_25, 0x1070f94n);
  assertEquals(SUPPORTED, 0xd07df6fbcn);
  assertEquals(missingFlags(OTP_25), []);
  assertEquals(missingFlags(expanded(0x4000000n)), []);
});

Deno.test("missingFlags() names each mandatory flag that is missing", () => {
  let count = 0;
  for (let bit = 1n; bit <= MANDATORY_25; bit <<= 1n) {
    if ((MANDATORY_25 & bit) === 0n) continue;
    count++;
    assertEquals(missingFlags(MANDATORY_25 & ~bit).length, 1);
  }
  assertEquals(count, 11);
  assertEquals(missingFlags(MANDATORY_25 & ~0x10000n), ["UTF8_ATOMS"]);
});

Deno.test("dialScript() and answerScript() agree on what both can do", () => {
  const [here, there] = play(dial({ ...a, flags: a.flags & ~0x800000n }), answer());
  const flags = a.flags & ~0x800000n;
  assertEquals(here, { node: "b@h", creation: 9, flags, isHidden: false, isOwn: true });
  assertEquals(there, { node: "a@h", creation: 7, flags, isHidden: false, isOwn: true });
});

Deno.test("dialScript() and answerScript() agree on hidden when one side is", () => {
  const [here, there] = play(dial({ ...a, flags: SUPPORTED }), answer()) as Negotiated[];
  assertEquals([here!.isHidden, there!.isHidden], [true, true]);
});

Deno.test("answerScript() says what Erlang has been seen to say", () => {
  const self = { node: "deno@vm", creation: 0x6b00e136, flags: 0xc075f4fbdn };
  const script = answerScript(self, () => "ok", () => "c");
  const [status, challenge] = talk(script, SEND_NAME);
  assertEquals(status, hex(`73 "ok"`));
  const ours = challenge!.slice(9, 13);
  const head = joined(hex("4e 0000000c075f4fbd"), ours, hex(`6b00e136 0007 "deno@vm"`));
  assertEquals(challenge!.slice(0, head.length), head);
  const proof = digest("c", new DataView(ours.buffer).getUint32(0));
  assertEquals(script.next(joined(hex("72 1c3f9a67"), proof)), {
    done: false,
    value: hex("61 533cf4af3f7602c95d59f815a452d5a3"),
  });
  const node = { node: "x@vm", creation: 0x6b00e138, isHidden: false, isOwn: false };
  const flags = self.flags & OTP_25;
  assertEquals(script.next(new Uint8Array(0)), { done: true, value: { ...node, flags } });
});

Deno.test("dialScript() returns nok, and goes on with ok_simultaneous and alive", () => {
  assertEquals(play(dial(), answer("nok")), ["nok", "closed"]);
  for (const status of ["ok_simultaneous", "alive"] as const) {
    const [here, there] = play(dial(), answer(status)) as Negotiated[];
    assertEquals([here!.node, there!.node], ["b@h", "a@h"]);
  }
});

Deno.test("dialScript() replies to alive with true", () => {
  assertEquals(talk(dial(), hex(`73 "alive"`))[1], hex(`73 "true"`));
});

Deno.test("answerScript() gives up when the peer keeps its connection", () => {
  assertFails("alive", () => talk(answer("alive"), SEND_NAME, hex(`73 "false"`)));
});

Deno.test("dialScript() and answerScript() fail when the peer is not allowed", () => {
  assertEquals(play(dial(), answer("not_allowed")), ["not_allowed", "not_allowed"]);
});

Deno.test("dialScript() and answerScript() refuse another cookie", () => {
  const [here, there] = play(dial(a, "other"), answer());
  assertEquals([here, there], [undefined, "cookie"]);
});

Deno.test("dialScript() refuses an ack that does not prove the cookie", () => {
  const challenge = hex(`4e 0000000d07df7fbd 00000001 00000009 0003 "b@h"`);
  const ack = joined(hex("61"), new Uint8Array(16));
  assertFails("cookie", () => talk(dial(), hex(`73 "ok"`), challenge, ack));
});

Deno.test("dialScript() fails when another node answers", () => {
  const challenge = hex(`4e 0000000d07df7fbd 00000001 00000009 0003 "z@h"`);
  assertFails("protocol", () => talk(dial(), hex(`73 "ok"`), challenge), "z@h");
});

Deno.test("answerScript() returns not_allowed when a mandatory flag is missing", () => {
  for (let bit = 1n; bit <= MANDATORY_25; bit <<= 1n) {
    if ((MANDATORY_25 & bit) === 0n) continue;
    const peer = { ...a, flags: MANDATORY_25 & ~bit };
    assertEquals(play(dial(peer), answer()), ["not_allowed", "flags"]);
    const script = answer();
    script.next();
    const [first] = talk(dial(peer));
    assertEquals(script.next(first!).value, hex(`73 "not_allowed"`));
    const [name] = missingFlags(peer.flags);
    assertFails("flags", () => script.next(new Uint8Array(0)), name);
  }
});

Deno.test("dialScript() fails when the peer lacks a mandatory flag", () => {
  const challenge = hex(`4e 0000000000000000 00000001 00000009 0003 "b@h"`);
  assertFails("flags", () => talk(dial(), hex(`73 "ok"`), challenge), "HANDSHAKE_23");
});

Deno.test("answerScript() takes the digest flag for the flags it stands for", () => {
  const first = hex(`4e 0000000004000000 00000007 0003 "a@h"`);
  assertEquals(talk(answer(), first)[0], hex(`73 "ok"`));
});

Deno.test("answerScript() takes no other bytes behind the name for the mark of its own kind", () => {
  for (const extra of [`"denotq" 01`, `"denotp" 02`, `"deno"`]) {
    const script = answer();
    const sent = talk(script, joined(SEND_NAME, hex(extra)));
    const challenge = new DataView(sent[1]!.buffer, sent[1]!.byteOffset).getUint32(9);
    script.next(joined(hex("72 00000001"), digest("c", challenge)));
    assertEquals((script.next(new Uint8Array(0)).value as Negotiated).isOwn, false);
  }
});

Deno.test("answerScript() refuses the handshake of old nodes, and says so", () => {
  const old = hex(`6e 0005 07df7fbd "x@vm"`);
  assertFails("protocol", () => talk(answer(), old), "before OTP 23");
});

Deno.test("answerScript() refuses an invalid node name", () => {
  for (
    const name of [`0000`, `0003 "abc"`, `0002 "@h"`, `0002 "a@"`, `0005 "a@b@c"`, `0003 61 40 e4`]
  ) {
    const message = hex(`4e 0000000d07df7fbd 00000007 ${name}`);
    assertFails("protocol", () => talk(answer(), message), "name");
  }
});

Deno.test("answerScript() and dialScript() fail with HandshakeError whatever bytes come", () => {
  const challenge = hex(`4e 0000000d07df7fbd 00000001 00000009 0003 "b@h"`);
  const messages = [SEND_NAME, hex(`73 "ok"`), challenge, joined(hex("72"), new Uint8Array(20))];
  let failures = 0;
  for (const message of messages) {
    for (let at = 0; at < message.length; at++) {
      for (const change of [message.subarray(0, at + 1), flipped(message, at)]) {
        failures += failsProperly(() => talk(answer(), change));
        failures += failsProperly(() => talk(answer("alive"), SEND_NAME, change));
        failures += failsProperly(() => talk(answer(), SEND_NAME, change));
        failures += failsProperly(() => talk(dial(), change));
        failures += failsProperly(() => talk(dial(), hex(`73 "ok"`), change));
        failures += failsProperly(() => talk(dial(), hex(`73 "ok"`), challenge, change));
      }
    }
  }
  assertEquals(failures > 300, true);
});

Deno.test("HandshakeFrames cuts messages wherever they arrive in pieces", () => {
  for (const [lengthBytes, head] of [[2, "0003"], [4, "00000003"]] as const) {
    const frames = new HandshakeFrames(lengthBytes);
    const bytes = joined(hex(head), hex(`"abc"`));
    assertEquals(frames.framed(hex(`"abc"`)), bytes);
    for (const byte of bytes) {
      assertEquals(frames.next(), null);
      frames.add(new Uint8Array([byte]));
    }
    frames.add(hex("00"));
    assertEquals([frames.next(), frames.next()], [hex(`"abc"`), null]);
    assertEquals(frames.rest(), hex("00"));
  }
});

Deno.test("HandshakeFrames refuses messages that are empty or too long", () => {
  for (const [lengthBytes, head] of [[2, "0000"], [2, "0401"], [4, "7fffffff"]] as const) {
    const frames = new HandshakeFrames(lengthBytes);
    frames.add(hex(head));
    assertFails("protocol", () => frames.next());
  }
});

Deno.test("isNodeName() and isLongName() tell names apart", () => {
  assertEquals(["a@h", "a-b_1@h.example", "a@127.0.0.1"].map(isNodeName), [true, true, true]);
  assertEquals(["a", "@h", "a@", "a@b@c", "ä@h", "a b@h"].some(isNodeName), false);
  assertEquals(["a@h", "a@h.example", "a@127.0.0.1"].map(isLongName), [false, true, true]);
});

function flipped(message: Uint8Array, at: number): Uint8Array {
  const changed = message.slice();
  changed[at]! ^= 0x80;
  return changed;
}

/** 1 if it fails, and then with the error that says so. */
function failsProperly(run: () => unknown): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (error instanceof HandshakeError) return 1;
    throw error;
  }
}
