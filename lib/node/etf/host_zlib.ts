/**
 * The host's zlib, because that of the web platform works on streams only.
 *
 * @module
 */

import { deflateSync, inflateSync } from "node:zlib";

/** Compresses `bytes`; level 0 (not at all) to 9 (most), 6 being usual. */
export function deflate(bytes: Uint8Array, level: number): Uint8Array {
  return deflateSync(bytes, { level });
}

/**
 * The reverse of {@linkcode deflate}.
 *
 * @throws {Error} If the bytes are not compressed, or give more than `limit` bytes.
 */
export function inflate(bytes: Uint8Array, limit: number): Uint8Array {
  return inflateSync(bytes, { maxOutputLength: Math.max(limit, 1) });
}
