import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import type { Term } from "../../../lib/kernel/term.ts";
import { DecodeError, Reader } from "../../../lib/node/etf/bytes.ts";
import { decodeTerm } from "../../../lib/node/etf/decode.ts";
import { DEFAULT_LIMITS } from "../../../lib/node/etf/mapping.ts";
import {
  bin,
  BitString,
  Export,
  Float,
  type Fun,
  ImproperList,
  List,
  list,
} from "../../../lib/node/terms.ts";
import {
  decode,
  encode,
  exact,
  fun,
  hex,
  identities,
  mapping,
  natural,
  own,
  pid,
  port,
  ref,
  unhex,
} from "./support.ts";

interface Golden {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly canonical: string;
}

const golden: readonly Golden[] =
  (await Deno.readTextFile(new URL("./golden.txt", import.meta.url)))
    .split("\n").filter((line) => line !== "" && !line.startsWith("#")).map((line) => {
      const [name, bytes, canonical] = line.split(" ");
      return { name: name!, bytes: unhex(bytes!), canonical: canonical! };
    });

const integers = [
  ...[0, 1, 255, 256, -1, -256, 2 ** 27 - 1, 2 ** 27, 2 ** 31 - 1, 2 ** 31, -(2 ** 31)],
  ...[-(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 1 - 2 ** 53, -(2n ** 53n), 2n ** 59n],
  ...[2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), 2n ** 2039n, 2n ** 2040n, -(2n ** 2040n)],
];
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const oldPid = identities.pid({ node: "a@b", id: 85, serial: 2, creation: 1 });
const floatOf = (value: number) => new Float(value);

/** What the terms of golden.txt are in the exact mapping. */
const expected: Record<string, Term> = {
  float: 1.5,
  float_whole: floatOf(2),
  float_zero: floatOf(0),
  float_minus_zero: -0,
  float_big: 1e300,
  float_small: 5e-324,
  float_unsafe: 2 ** 53,
  atom: "ok",
  atom_empty: "",
  atom_true: true,
  atom_false: false,
  atom_nil: null,
  atom_undefined: undefined,
  atom_utf8: "åä☃",
  atom_255: "x".repeat(255),
  atom_255_wide: "☃".repeat(255),
  atom_128_wide: "ä".repeat(128),
  tuple_empty: [],
  tuple: ["ok", 1],
  tuple_255: upTo(255),
  tuple_256: upTo(256),
  list_empty: list(),
  list_bytes: list("abc"),
  list_255_bytes: list(new Array(255).fill(255)),
  list_chars: list("☃"),
  list_mixed: list([1, "a", bin("b")]),
  list_of_lists: list([list(), list([list()]), list("x")]),
  list_improper: new ImproperList(["alias"], pid),
  list_improper_2: new ImproperList([1, 2], bin("tail")),
  binary_empty: bin(""),
  binary: bin("hej"),
  binary_utf8: bin("åä☃𝄞"),
  binary_bytes: Uint8Array.of(255, 0, 254),
  bits_5: new BitString(Uint8Array.of(0xa0), 3),
  bits_9: new BitString(Uint8Array.of(255, 0x80), 1),
  bits_7: new BitString(Uint8Array.of(0xfe), 7),
  map_empty: new Map(),
  map_atoms: new Map<Term, Term>([["a", 1], ["b", new Map([["c", null]])]]),
  map_mixed: new Map<Term, Term>([[1, "a"], [bin("k"), ["x"]]]),
  map_composed: new Map([[["a", 1], 1], [["a", 2], 2]]),
  map_proto: new Map([["__proto__", 1], ["constructor", 2]]),
  map_struct: new Map<Term, Term>([["__struct__", "Elixir.Range"], ["first", 1], ["last", 2]]),
  map_33: new Map(upTo(33).map((i) => [i, i])),
  pid,
  export: new Export("lists", "map", 2),
  ref,
  ref_5: identities.ref({ node: "a@b", creation: 7, words: [1, 2, 3, 4, 5] }),
  port,
  fun: fun([]),
  fun_free: fun([pid, new ImproperList(["x"], "y"), new Map([["k", floatOf(2)]])]),
  old_atom: "ok",
  old_small_atom: "ok",
  old_atom_latin1: "å",
  old_atom_utf8_short: "ok",
  old_float: 1.5,
  old_float_minus: -0.0025,
  old_pid: oldPid,
  old_port: identities.port("a@b", 5n, 1),
  old_new_port: identities.port("a@b", 5n, 7),
  old_ref: identities.ref({ node: "a@b", creation: 1, words: [9] }),
  old_new_ref: identities.ref({ node: "a@b", creation: 1, words: [1, 2, 3] }),
  old_large_tuple: [1],
  old_large_big: 5,
  old_small_big_zero: 0,
  old_small_big_zeros: -1,
  old_integer_small: 5,
  old_list_of_bytes: list([1, 2]),
  old_list_no_items: 1,
  old_list_in_tail: list([1, "a"]),
  old_improper_in_tail: new ImproperList([1, 2], 3),
  old_string_in_tail: list([1, 2]),
  old_string_empty: list(),
  old_bits_8: Uint8Array.of(5),
  old_bits_empty: bin(""),
};

/** A map compared without regard to the order of its keys, which on the BEAM is its own. */
function assertSame(actual: Term, wanted: Term, name: string): void {
  if (wanted instanceof Map) {
    assertEquals(new Map([...actual as Map<Term, Term>].sort()), new Map([...wanted].sort()), name);
  } else assertEquals(actual, wanted, name);
}

Deno.test("decodeTerm() makes of every term of OTP what the exact table says", () => {
  const left = new Set(Object.keys(expected));
  const ints: Term[] = [];
  for (const { name, bytes } of golden) {
    const term = decode(bytes, exact);
    left.delete(name);
    if (name === "integer") ints.push(term);
    else {
      assertEquals(name in expected, true, name);
      assertSame(term, expected[name], name);
    }
  }
  assertEquals(ints, integers);
  assertEquals([...left], []);
});

Deno.test("encodeTerm() gives the bytes of term_to_binary for every term of OTP", () => {
  for (const { name, bytes, canonical } of golden) {
    assertEquals(hex(encode(decode(bytes, exact), exact)), canonical, name);
  }
});

Deno.test("decodeTerm() keeps a Float apart from the number, and -0 from 0", () => {
  assertInstanceOf(decode(encode(floatOf(2), exact), exact), Float);
  assertEquals(Object.is(decode(encode(-0, exact), exact), -0), true);
  assertStrictEquals(decode(encode(floatOf(2), natural), natural), 2);
});

Deno.test("decodeTerm() resolves atoms of the message's cache", () => {
  const bytes = unhex("680352005201520a");
  const atoms = Array.from("abcdefghijk");
  assertEquals(decode(bytes, exact, atoms), ["a", "b", "k"]);
  assertThrows(() => decode(bytes, exact, atoms.slice(0, 10)), DecodeError, "at byte 6");
});

Deno.test("decodeTerm() reads one term and leaves the rest", () => {
  const reader = new Reader(unhex("61016102"));
  assertEquals([decodeTerm(reader, exact), decodeTerm(reader, exact)], [1, 2]);
});

Deno.test("decodeTerm() gives natural values in the natural mapping", () => {
  const of = (name: string) => decode(golden.find((one) => one.name === name)!.bytes, natural);
  assertEquals(of("binary"), "hej");
  assertEquals(of("binary_utf8"), "åä☃𝄞");
  assertEquals(of("binary_bytes"), Uint8Array.of(255, 0, 254));
  assertEquals(of("tuple"), ["ok", 1]);
  assertEquals(of("list_bytes"), list("abc"));
  assertEquals(of("map_atoms"), { a: 1, b: { c: null } });
  assertEquals(of("map_mixed"), new Map<Term, Term>([[1, "a"], ["k", ["x"]]]));
  assertEquals(of("map_struct"), { __struct__: "Elixir.Range", first: 1, last: 2 });
  assertEquals(of("map_empty"), {});
  assertEquals(of("float_whole"), 2);
  assertEquals((of("fun_free") as Fun).free[1], new ImproperList(["x"], "y"));
});

Deno.test("decodeTerm() keeps keys apart that look alike in the natural mapping", () => {
  const entries = ["770161", "6d0000000161", "6101", "463ff0000000000000", "6d0000000162"];
  const map = unhex("7400000005" + entries.map((key, i) => key + `610${i}`).join(""));
  assertEquals(
    decode(map, natural),
    new Map<Term, Term>([["a", 0], [bin("a"), 1], [1, 2], [floatOf(1), 3], ["b", 4]]),
  );
});

Deno.test("decodeTerm() makes a peer's key __proto__ data, and nothing else", () => {
  const bytes = encode(
    new Map<Term, Term>([["__proto__", new Map([["polluted", 1]])], ["constructor", 2]]),
    exact,
  );
  for (const how of [natural, own]) {
    const record = decode(bytes, how) as Record<string, Term>;
    assertEquals(Object.keys(record), ["__proto__", "constructor"]);
    assertStrictEquals(Object.getPrototypeOf(record), Object.prototype);
    assertEquals(record["polluted"], undefined);
    assertEquals(Object.getOwnPropertyDescriptor(record, "__proto__")!.value, { polluted: 1 });
  }
  assertEquals(({} as Record<string, Term>)["polluted"], undefined);
});

const refused: Record<string, string> = {
  "an unknown tag": "00",
  "a tag that is only for nodes that know the term (LOCAL)": "7900000000",
  "an obsolete fun": "7500000000",
  "a compressed term inside": "68015000000001",
  "nothing at all": "",
  "an atom that is not UTF-8": "7702ff61",
  "an atom of surrogates": "7703eda080",
  "an atom of 256 characters": "760100" + "61".repeat(256),
  "a Latin-1 atom of 256 characters": "640100" + "61".repeat(256),
  "a cache reference without a cache": "5200",
  "a tuple longer than the message": "69ffffffff6101",
  "a list longer than the message": "6cffffffff6101",
  "a map longer than the message": "74ffffffff61016101",
  "a map of half a pair": "74000000016101",
  "a list without a tail": "6c000000016101",
  "a map with a number twice": "740000000261016101" + "61016102",
  "a map with a number twice, in two forms": "740000000261016101" + "62000000016102",
  "a map with an atom twice": "7400000002" + "7701616101" + "7701616102",
  "a map with a tuple twice": "7400000002" + "680161016101" + "680161016102",
  "a map with a binary twice": "7400000002" + "6d00000001616101" + "6d00000001616102",
  "NaN": "467ff8000000000000",
  "infinity": "467ff0000000000000",
  "a float that is text": "63" + hex(bin("1.5 and more".padEnd(31, "\0"))),
  "a float of old without end": "63312e35",
  "a bit string with 9 bits in a byte": "4d000000010905",
  "a bit string with no bits in a byte": "4d000000010005",
  "a bit string with bits in no byte": "4d0000000003",
  "a reference without words": "5a00007701610000000000",
  "a reference of six words": "5a0006770161" + "00000000".repeat(7),
  "a pid without a node": "586101" + "00000001".repeat(3),
  "a pid of the node ''": "587700" + "00000001".repeat(3),
  "an export without an arity": "71770161770162770163",
  "a fun of numbers": "700000000002" + "01".repeat(16) + "0000000300000000" + "6101610161016101",
  "an integer of 65,537 bytes": "6f00010001" + "00" + "01".repeat(65537),
};

for (const [what, bytes] of Object.entries(refused)) {
  Deno.test(`decodeTerm() throws a DecodeError for ${what}`, () => {
    for (const how of [exact, natural, own]) {
      const error = assertThrows(() => decode(unhex(bytes), how), DecodeError);
      assertEquals(error.message.endsWith(`at byte ${error.offset}`), true, error.message);
      assertEquals(error.offset >= 0 && error.offset <= bytes.length / 2, true, error.message);
    }
  });
}

Deno.test("decodeTerm() does not set __proto__ where hosts have it as a property that sets the prototype", () => {
  // Deno takes it away; Node and browsers do not.
  let set = 0;
  const proto = { configurable: true, set: () => void set++ };
  Object.defineProperty(Object.prototype, "__proto__", proto);
  try {
    const bytes = encode(new Map([["__proto__", 1]]), exact);
    for (const how of [natural, own]) {
      assertEquals(Object.entries(decode(bytes, how) as object), [["__proto__", 1]]);
    }
  } finally {
    delete (Object.prototype as { __proto__?: unknown }).__proto__;
  }
  assertEquals(set, 0);
});

Deno.test("decodeTerm() counts what all open terms still need before it makes room", () => {
  // Each tuple alone could be true; together they need more bytes than there are.
  const bytes = unhex("690000000a".repeat(3) + "61".repeat(14));
  assertThrows(
    () => decode(bytes, exact),
    DecodeError,
    "28 terms should follow, there are 14 bytes at byte 10",
  );
});

Deno.test("decodeTerm() decodes 10,000 nested terms and refuses one more", () => {
  const nested = (depth: number) => unhex("6801".repeat(depth) + "6101");
  for (const how of [exact, natural, own]) {
    let term = decode(nested(10_000), how);
    let depth = 0;
    for (; Array.isArray(term); term = term[0]) depth++;
    assertEquals(depth, 10_000);
    assertThrows(
      () => decode(nested(10_001), how),
      DecodeError,
      "nested more than 10000 deep at byte 20000",
    );
  }
  const lists = unhex("6c00000000".repeat(10_001) + "6a");
  assertThrows(() => decode(lists, exact), DecodeError, "nested more than 10000 deep");
});

Deno.test("decodeTerm() keeps to the limits of its mapping", () => {
  const tight = mapping("exact", { ...DEFAULT_LIMITS, nesting: 2, integerBytes: 7 });
  assertEquals(decode(unhex("680168016101"), tight), [[1]]);
  assertThrows(() => decode(unhex("6801680168016101"), tight), DecodeError, "more than 2 deep");
  assertEquals(decode(unhex("6e070001010101010101"), tight), 0x1010101010101);
  assertThrows(() => decode(unhex("6e08000101010101010101"), tight), DecodeError, "8 bytes, and 7");
});

Deno.test("decodeTerm() copies binaries out of the message", () => {
  const bytes = unhex("6d0000000101");
  const binary = decode(bytes, exact) as Uint8Array;
  bytes[5] = 9;
  assertEquals(binary, Uint8Array.of(1));
});

Deno.test("decodeTerm() gives lists that are arrays of their own class", () => {
  const made = decode(unhex("6b000161"), exact);
  assertInstanceOf(made, List);
  assertEquals([...made], [97]);
});

Deno.test("decodeTerm() takes long bytes for text if they are UTF-8 to their end, wherever characters end", () => {
  for (const character of ["x", "å", "€", "😀", "\ufffd"]) {
    for (const before of ["", "a", "ab", "abc"]) {
      const text = before + character.repeat(2000);
      assertEquals(decode(encode(text, natural), natural), text);
      const bytes = new TextEncoder().encode(text);
      for (const at of [0, before.length, 63, 64, 65, 1500, bytes.length - 1]) {
        const broken = bytes.slice();
        broken[at] = 0xff;
        assertEquals(decode(encode(broken, natural), natural), broken);
        assertThrows(() => decode(encode(broken, natural), own), DecodeError, "not UTF-8");
      }
    }
  }
});
