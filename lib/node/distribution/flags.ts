/**
 * The capabilities of a node, as bits: a connection has those of both sides.
 *
 * @module
 */

export const PUBLISHED = 0x1n;
export const EXTENDED_REFERENCES = 0x4n;
export const DIST_MONITOR = 0x8n;
export const FUN_TAGS = 0x10n;
export const DIST_MONITOR_NAME = 0x20n;
export const NEW_FUN_TAGS = 0x80n;
export const EXTENDED_PIDS_PORTS = 0x100n;
export const EXPORT_PTR_TAG = 0x200n;
export const BIT_BINARIES = 0x400n;
export const NEW_FLOATS = 0x800n;
export const DIST_HDR_ATOM_CACHE = 0x2000n;
export const SMALL_ATOM_TAGS = 0x4000n;
export const UTF8_ATOMS = 0x10000n;
export const MAP_TAG = 0x20000n;
export const BIG_CREATION = 0x40000n;
export const SEND_SENDER = 0x80000n;
export const BIG_SEQTRACE_LABELS = 0x100000n;
export const EXIT_PAYLOAD = 0x400000n;
export const FRAGMENTS = 0x800000n;
export const HANDSHAKE_23 = 0x1000000n;
export const UNLINK_ID = 0x2000000n;
/** Stands for all flags that OTP 25 requires of a peer. OTP's documentation says bit 36; its code says this. */
export const MANDATORY_25_DIGEST = 0x4000000n;
export const SPAWN = 1n << 32n;
export const V4_NC = 1n << 34n;
export const ALIAS = 1n << 35n;

/** The flags that a peer must have, by name: those that OTP 25 requires. */
const MANDATORY: Readonly<Record<string, bigint>> = {
  EXTENDED_REFERENCES,
  FUN_TAGS,
  NEW_FUN_TAGS,
  EXTENDED_PIDS_PORTS,
  EXPORT_PTR_TAG,
  BIT_BINARIES,
  NEW_FLOATS,
  UTF8_ATOMS,
  MAP_TAG,
  BIG_CREATION,
  HANDSHAKE_23,
};

/** All flags that a peer must have. */
export const MANDATORY_25: bigint = Object.values(MANDATORY).reduce((all, flag) => all | flag);

/** The flags of this implementation. A visible node adds {@linkcode PUBLISHED}. */
export const SUPPORTED: bigint = MANDATORY_25 | MANDATORY_25_DIGEST | DIST_MONITOR |
  DIST_MONITOR_NAME | DIST_HDR_ATOM_CACHE | SMALL_ATOM_TAGS | SEND_SENDER | BIG_SEQTRACE_LABELS |
  EXIT_PAYLOAD | FRAGMENTS | UNLINK_ID | SPAWN | V4_NC | ALIAS;

/** The flags that a peer has sent, with those that the digest stands for. */
export function expanded(flags: bigint): bigint {
  return (flags & MANDATORY_25_DIGEST) === 0n ? flags : flags | MANDATORY_25;
}

/** The names of the mandatory flags that are missing in the expanded flags of a peer. */
export function missingFlags(flags: bigint): string[] {
  return Object.keys(MANDATORY).filter((name) => (flags & MANDATORY[name]!) === 0n);
}
