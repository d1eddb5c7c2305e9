/**
 * The host's cryptography: the web platform's has no MD5, which the handshake is made of.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** The MD5 of a text of Latin-1 characters: 16 bytes. */
export function md5(text: string): Uint8Array {
  return new Uint8Array(createHash("md5").update(text, "latin1").digest());
}

/** Tells whether two digests are the same, in a time that does not depend on where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A random number of 32 bits that nobody can guess. */
export function random32(): number {
  return randomBytes(4).readUInt32BE();
}
