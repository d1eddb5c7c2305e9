/**
 * Handshakes of releases that cannot be installed here, made up after what their sources say.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { expanded, PUBLISHED, SUPPORTED } from "../../../lib/node/distribution/flags.ts";
import { answerScript, digest, HandshakeError } from "../../../lib/node/distribution/handshake.ts";
import { hex } from "./connection_fixtures.ts";

/** What each release refuses to do without. */
const MANDATORY = {
  25: 0x1070f94n,
  26: 0x1070f94n | 1n << 25n | 1n << 34n, // UNLINK_ID, V4_NC
  27: 0x1070f94n | 1n << 25n | 1n << 34n,
  28: 0x1070f94n | 1n << 25n | 1n << 34n,
};
/** What is offered by OTP 25, and by OTP 28 besides: priority signals; and by none yet. */
const OFFERED = {
  25: 0xd07df7fbdn,
  28: 0xd07df7fbdn | 1n << 37n,
  "a later one": 0xd07df7fbdn | 1n << 37n | 1n << 50n,
  "one that only says it has what OTP 25 asks for": 0xc06dc00bdn & ~0x1070f94n | 0x4000000n,
};
const SELF = { node: "d@vm", creation: 9, flags: SUPPORTED | PUBLISHED };

function introduction(flags: bigint, name: string): Uint8Array {
  const text = flags.toString(16).padStart(16, "0");
  return hex(`4e ${text} 6b00e138 ${name.length.toString(16).padStart(4, "0")} "${name}"`);
}

Deno.test("SUPPORTED has all that any release from OTP 25 on asks for", () => {
  for (const [release, flags] of Object.entries(MANDATORY)) {
    assertEquals(SUPPORTED & flags, flags, `OTP ${release}`);
  }
});

Deno.test("answerScript() agrees with OTP 25, 28 and later ones on what both can do", () => {
  for (const [release, flags] of Object.entries(OFFERED)) {
    const script = answerScript(SELF, () => "ok", () => "c");
    assertEquals(script.next().value, null);
    assertEquals(script.next(introduction(flags, "x@vm")).value, hex(`73 "ok"`), release);
    const challenge = script.next(new Uint8Array(0)).value as Uint8Array;
    const number = new DataView(challenge.buffer, challenge.byteOffset).getUint32(9);
    script.next(new Uint8Array(0));
    const proof = Uint8Array.of(0x72, 0, 0, 0, 7, ...digest("c", number));
    script.next(proof);
    const { done, value } = script.next(new Uint8Array(0));
    assertEquals(done, true, release);
    const { node, flags: agreed } = value as { node: string; flags: bigint };
    assertEquals([node, agreed], ["x@vm", SELF.flags & expanded(flags)], release);
  }
});

Deno.test("answerScript() refuses a node that asks to be given a name, as erl -sname undefined does", () => {
  const script = answerScript(SELF, () => "ok", () => "c");
  script.next();
  const asking = introduction(OFFERED[28] | 1n << 33n, "vm");
  assertThrows(() => script.next(asking), HandshakeError, "vm");
});
