/**
 * The host's cryptography: the handshake needs MD5, which the web platform lacks.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** The MD5 of a text of Latin-1 characters: 16 bytes. */
export function md5(text: string): Uint8Array {
  return new Uint8Array(createHash("md5").update(text, "latin1").digest());
}

/** Whether two digests are equal, in constant time. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A cryptographically secure random number of 32 bits. */
export function random32(): number {
  return randomBytes(4).readUInt32BE();
}
