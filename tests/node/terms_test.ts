import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Pid, Ref, type Term } from "../../lib/kernel/term.ts";
import {
  atom,
  bin,
  BitString,
  bytes,
  Export,
  Float,
  float,
  Fun,
  ImproperList,
  List,
  list,
  mapGet,
  Port,
  sameTerm,
  text,
} from "../../lib/node/terms.ts";

Deno.test("list() makes an array of its own class from items or characters", () => {
  assertEquals([...list([1, "a"])], [1, "a"]);
  assertEquals([...list()], []);
  assertEquals([...list("a☃\u{1f600}")], [97, 0x2603, 0x1f600]);
  assertEquals([...list(new Set([7]))], [7]);
  assert(Array.isArray(list()));
  assertInstanceOf(list([1, 2]).map((item) => item * 2), List);
});

Deno.test("ImproperList refuses what is a list or nothing", () => {
  assertThrows(() => new ImproperList([], 1), TypeError, "at least one item");
  assertThrows(() => new ImproperList([1], list([2])), TypeError, "a tail that is not a list");
});

Deno.test("BitString keeps the bits that count, and clears the others", () => {
  const given = Uint8Array.of(1, 0xff);
  const { bytes: kept, bits } = new BitString(given, 3);
  assertEquals([kept, bits], [Uint8Array.of(1, 0xe0), 3]);
  assertEquals(given, Uint8Array.of(1, 0xff));
  for (const wrong of [0, 8, -1, 1.5]) {
    assertThrows(() => new BitString(given, wrong), RangeError, "1 to 7 bits");
  }
  assertThrows(() => new BitString(new Uint8Array(0), 1), RangeError, "at least one byte");
});

Deno.test("float() gives a number that knows it is a float", () => {
  assertEquals(float(2).valueOf() + 1, 3);
  assertEquals([String(float(2)), String(float(1.5))], ["2.0", "1.5"]);
  assertInstanceOf(float(1.5), Float);
});

Deno.test("atom() gives the same symbol for the same name, and refuses long names", () => {
  assertStrictEquals(atom("ok"), atom("ok"));
  assertEquals(atom("ok").description, "ok");
  assertEquals(atom("\u{1f600}".repeat(255)).description!.length, 510);
  assertThrows(() => atom("x".repeat(256)), RangeError, "more than 255 characters");
});

Deno.test("bin(), text() and bytes() turn text into bytes and back, whichever there is", () => {
  assertEquals(bin("å"), Uint8Array.of(0xc3, 0xa5));
  assertEquals([text(bin("å")), text("å")], ["å", "å"]);
  assertEquals([bytes("å"), bytes(bin("å"))], [bin("å"), bin("å")]);
  assertEquals(text(bin("\ufeffx")), "\ufeffx");
  assertThrows(() => text(Uint8Array.of(0xff)), TypeError);
});

Deno.test("mapGet() finds keys by what they are made of", () => {
  const map = new Map<Term, Term>([[["a", 1], "tuple"], [bin("k"), "binary"], ["k", "atom"], [
    1,
    "one",
  ]]);
  assertEquals(mapGet(map, ["a", 1]), "tuple");
  assertEquals(mapGet(map, bin("k")), "binary");
  assertEquals(mapGet(map, "k"), "atom");
  assertEquals(mapGet(map, 1), "one");
  assertEquals(mapGet(map, list(["a", 1])), undefined);
  assertEquals(mapGet(map, ["a", 2]), undefined);
  assertEquals(mapGet(map, null), undefined);
});

const uniq = new Uint8Array(16);
const pid = new Pid(null);
const fun = (free: Term[]) =>
  new Fun({ module: "m", arity: 1, uniq, index: 0, old: { index: 0, uniq: 1 }, pid, free });

Deno.test("sameTerm() tells apart what Erlang's =:= tells apart", () => {
  const make = (): Term[] => [
    ["a", 1],
    list(["a", 1]),
    list(),
    [],
    new ImproperList([1], 2),
    new ImproperList([1], 3),
    new ImproperList([2], 2),
    bin("a"),
    bin("b"),
    new BitString(Uint8Array.of(0x80), 1),
    new BitString(Uint8Array.of(0x80), 2),
    "a",
    true,
    "b",
    null,
    undefined,
    1,
    float(1),
    1.5,
    0,
    -0,
    2n ** 64n,
    new Map<Term, Term>([[["k"], 1], ["x", list()]]),
    new Map<Term, Term>([[["k"], 1], ["x", []]]),
    new Map(),
    new Export("m", "f", 1),
    new Export("m", "f", 2),
    fun([]),
    fun([1]),
  ];
  const [terms, again] = [make(), make()];
  for (const [i, term] of terms.entries()) {
    for (const [j, other] of again.entries()) {
      assertEquals(sameTerm(term, other), i === j, `${i} ${j}`);
    }
  }
  assert(sameTerm(5n, 5));
  assert(sameTerm(float(1.5), 1.5));
  assert(sameTerm(new Map([[["k"], 1], [["l"], 2]]), new Map([[["l"], 2], [["k"], 1]])));
  const port = new Port("a@b", 1n, 1);
  for (const one of [pid, port, new Ref()]) assert(sameTerm([one], [one]));
  for (const other of [new Pid(null), new Ref(), port]) assert(!sameTerm([pid], [other]));
});

Deno.test("sameTerm() compares terms that are nested deeply", () => {
  const nested = (end: Term) => {
    let term = end;
    for (let i = 0; i < 100_000; i++) term = [term];
    return term;
  };
  assert(sameTerm(nested(1), nested(1)));
  assert(!sameTerm(nested(1), nested(2)));
});

Deno.test("Port, Fun and Export print as Erlang prints them", () => {
  assertEquals(String(new Port("a@b", 5n, 1)), "#Port<0.5>");
  assertEquals(String(fun([])), "#Fun<m.0.1>");
  assertEquals(String(new Export("lists", "map", 2)), "fun lists:map/2");
});
