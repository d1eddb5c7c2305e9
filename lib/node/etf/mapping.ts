/**
 * The mappings between values of JavaScript and terms of Erlang.
 *
 * There are three mappings. Each peer of a node has one:
 *
 * **`"natural"`**, the default for Erlang and Elixir nodes. Strings are text, tags are atoms, and text that users
 * enter does not become an atom (the BEAM never garbage-collects atoms, and crashes when it has too many).
 *
 * | JavaScript | is sent as | Erlang | arrives as |
 * | --- | --- | --- | --- |
 * | string that is the first item of an array (its tag) | atom; binary if over 255 characters | atom | string |
 * | any other string | binary, UTF-8 | binary, UTF-8 | string |
 * | `atom("ok")`, any symbol | atom, its description | | |
 * | `Uint8Array` | binary | binary, not UTF-8 | `Uint8Array`; `bytes(x)` gives the bytes of either |
 * | array | tuple | tuple | array |
 * | `list([…])` | list | list | `List`, an array |
 * | `ImproperList` | improper list; its first item is a tag | improper list | `ImproperList` |
 * | plain object | map with atoms as keys | map with atoms as keys only | plain object |
 * | `Map` | map | any other map | `Map` |
 * | number, bigint | integer if it is one within ±(2^53 - 1), else float; integer | integer, float | number; bigint beyond ±(2^53 - 1) |
 * | `true`, `false` | atom `true`, `false` | the same | the same |
 * | `null`, `undefined` | atom `nil`, `undefined` | the same | the same |
 * | `Error` | `%RuntimeError{message}` | | plain object |
 * | `Float`, `BitString`, `Pid`, `Ref`, `Port`, `Fun`, `Export` | the same | all but `Float` | the same |
 *
 * So `["add", 10]` is `{:add, 10}`, `["log_in", "Joe"]` is `{:log_in, "Joe"}`, `["reply", list([1, 2])]` is
 * `{:reply, [1, 2]}`. It is lossy: an atom that is not a tag is sent back as a binary; bytes that happen to be
 * UTF-8 arrive as text; `2.0` arrives as `2`. If two keys of a map would thus be equal, the later one arrives as
 * a `Symbol`, a `Uint8Array`, a `Float` or a bigint.
 *
 * **`"exact"`**, for terms that must be sent back unchanged. Every Erlang term has one form:
 *
 * | Erlang | JavaScript | encoding also takes |
 * | --- | --- | --- |
 * | atom | string | symbol (its description) |
 * | `true`, `false`, `undefined`, `nil` | `true`, `false`, `undefined`, `null` | |
 * | integer within ±(2^53 - 1) | number | bigint |
 * | any other integer | bigint | |
 * | float that the number would be an integer for, as `2.0` | `Float` | |
 * | any other float, `-0.0` too | number | `Float` |
 * | binary | `Uint8Array`, made by `bin("text")`, read by `text(x)` | |
 * | bit string | `BitString` | |
 * | tuple | array | |
 * | list | `List` | |
 * | improper list | `ImproperList` | |
 * | map | `Map`, read by `mapGet(map, key)` | plain object: map with atoms as keys |
 * | pid, reference, port, fun, export | `Pid`, `Ref`, `Port`, `Fun`, `Export` | |
 *
 * In both, `NaN` and the infinities cannot be sent (Erlang has no such floats), nor can functions and
 * instances of other classes.
 *
 * **`"own"`**, between two denotp nodes: everything that a structured clone preserves arrives as it was sent
 * (strings, numbers, `NaN`, bigints, arrays, plain objects, `Map`, `Set`, `Date`, `RegExp`, errors,
 * `ArrayBuffer` and its views, boxed values), and so do symbols, pids, references and the terms of the
 * tables above. A view of a buffer arrives with a buffer of its own size. As in a clone, instances of other
 * classes arrive as plain objects, and functions cannot be sent. Holes in arrays arrive as `undefined`, and an
 * object that is contained in a message twice arrives as two. Registered symbols (`Symbol.for`, `atom`) are never
 * freed: when other nodes have sent about 65,000 different ones, further ones arrive as symbols that are not
 * registered. In every mapping, a message that contains itself
 * cannot be sent.
 *
 * @module
 */

import type { Identities } from "../identity.ts";

/** The three mappings. */
export type MappingKind = "exact" | "natural" | "own";

/** How values are encoded and decoded, for one peer or for one call. */
export interface Mapping {
  /** The mapping. */
  readonly kind: MappingKind;
  /** The identities of pids, references and ports. */
  readonly identities: Identities;
  /** The limits for decoding. */
  readonly limits: DecodeLimits;
  /** Called with each string that the natural mapping sends as an atom. */
  readonly atoms?: { add(atom: string): void };
}

/** The limits for decoding. Exceeding one is a `DecodeError`. */
export interface DecodeLimits {
  /** The maximum nesting of terms, also for encoding. */
  readonly nesting: number;
  /** Bytes of an integer. */
  readonly integerBytes: number;
  /** Bytes of a compressed term after inflating. */
  readonly inflatedBytes: number;
}

/** Nesting 10,000, integers of 64 KiB, compressed terms of 128 MiB. */
export const DEFAULT_LIMITS: DecodeLimits = {
  nesting: 10_000,
  integerBytes: 64 * 1024,
  inflatedBytes: 128 * 1024 * 1024,
};
