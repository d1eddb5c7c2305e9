/**
 * What the values of JavaScript are to Erlang, and the other way round.
 *
 * There are three mappings. Each peer of a node has one:
 *
 * **`"natural"`**, the default with Erlang and Elixir nodes. A text is a text, tags are atoms, and what
 * users type never becomes an atom (the BEAM never forgets an atom, and ends when it has too many).
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
 * `{:reply, [1, 2]}`. It is lossy in this: an atom that is no tag goes back as a binary; bytes that are
 * UTF-8 by chance arrive as text; `2.0` arrives as `2`. Where two keys of a map would thus fall
 * together, the later one arrives as a `Symbol`, a `Uint8Array`, a `Float` or a bigint.
 *
 * **`"exact"`**, for what must go back as it came. Every Erlang term has one form here:
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
 * **`"own"`**, between two denotp nodes: everything that a structured clone keeps arrives as it was sent
 * (strings, numbers, `NaN`, bigints, arrays, plain objects, `Map`, `Set`, `Date`, `RegExp`, errors,
 * `ArrayBuffer` and its views, boxed values), and so do symbols, pids, references and the terms of the
 * tables above. A view of a buffer arrives with a buffer of its own size. As in a clone, instances of other classes arrive as plain objects, and functions
 * cannot be sent. Holes in arrays arrive as `undefined`, and what stood in a message twice arrives twice.
 * In every mapping a message that contains itself cannot be sent.
 *
 * @module
 */

import type { Identities } from "../identity.ts";

/** Which of the three tables holds. */
export type MappingKind = "exact" | "natural" | "own";

/** How values become bytes and back: for one peer, or for one call. */
export interface Mapping {
  /** Which of the three tables holds. */
  readonly kind: MappingKind;
  /** Who knows pids, references and ports. */
  readonly identities: Identities;
  /** What may be decoded. */
  readonly limits: DecodeLimits;
  /** Is told of each string that the natural mapping makes an atom of. */
  readonly atoms?: { add(atom: string): void };
}

/** What may be decoded. Beyond it there is a `DecodeError`. */
export interface DecodeLimits {
  /** How deeply terms may be nested; in what is encoded too. */
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
