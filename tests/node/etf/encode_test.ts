import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { Exit, exit } from "../../../lib/kernel/exit.ts";
import type { Term } from "../../../lib/kernel/term.ts";
import { EncodeError, Writer } from "../../../lib/node/etf/bytes.ts";
import { encodeReason, keyOf } from "../../../lib/node/etf/encode.ts";
import { DEFAULT_LIMITS } from "../../../lib/node/etf/mapping.ts";
import {
  atom,
  bin,
  Float,
  ImproperList,
  List,
  list,
  mapGet,
  sameTerm,
  text,
} from "../../../lib/node/terms.ts";
import {
  decode,
  encode,
  exact,
  exactTerms,
  fun,
  hex,
  mapping,
  natural,
  numbers,
  own,
  pass,
  pid,
  pids,
  port,
  ref,
  refs,
} from "./support.ts";

/** What Erlang gets: the term in the exact mapping. */
function erlang(term: Term): Term {
  return decode(encode(term, natural), exact);
}

Deno.test("encodeTerm() and decodeTerm() give back every term in the exact mapping", () => {
  fc.assert(
    fc.property(exactTerms, (term) => {
      const again = pass(term, exact);
      assertEquals(again, term);
      assert(sameTerm(again, term));
      assertEquals(encode(again, exact), encode(term, exact));
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeTerm() takes more forms than decodeTerm() gives in the exact mapping", () => {
  assertEquals(pass([Symbol("a"), Symbol.for("b"), atom("c")], exact), ["a", "b", "c"]);
  assertEquals(pass([5n, -(2n ** 40n), 0n], exact), [5, -(2 ** 40), 0]);
  assertEquals(pass({ a: 1, nil: null }, exact), new Map<Term, Term>([["a", 1], [null, null]]));
  assertEquals(pass([1, , 3], exact), [1, undefined, 3]); // deno-lint-ignore no-sparse-arrays
  assertEquals(pass(["true", "nil"], exact), [true, null]);
  assertEquals(pass(new Float(1.5), exact), 1.5);
});

Deno.test("encodeTerm() sends what the natural table says", () => {
  assertEquals(erlang(["add", 10]), ["add", 10]);
  assertEquals(erlang(["log_in", "Joe"]), ["log_in", bin("Joe")]);
  assertEquals(erlang(["reply", list([1, 2])]), ["reply", list([1, 2])]);
  assertEquals(erlang([["a", "b"], "c"]), [["a", bin("b")], bin("c")]);
  assertEquals(erlang("text"), bin("text"));
  assertEquals(erlang(list(["a", "b"])), list([bin("a"), bin("b")]));
  assertEquals(erlang(atom("ok")), "ok");
  assertEquals(erlang(["x".repeat(256), 1]), [bin("x".repeat(256)), 1]);
  assertEquals(erlang(new ImproperList(["alias"], ref)), new ImproperList(["alias"], ref));
  assertEquals(erlang({ a: "b" }), new Map([["a", bin("b")]]));
  assertEquals(
    erlang(new Map<Term, Term>([["a", 1], [2, 3]])),
    new Map<Term, Term>([[bin("a"), 1], [2, 3]]),
  );
  assertEquals(erlang([true, false, null, undefined]), [true, false, null, undefined]);
  assertEquals(erlang([2, 1.5, -0, 1e20, 2n ** 64n]), [2, 1.5, -0, 1e20, 2n ** 64n]);
  assertEquals(erlang(Uint8Array.of(1)), Uint8Array.of(1));
  assertEquals(erlang([pid, ref, port, fun([pid])]), [pid, ref, port, fun([pid])]);
  assertEquals(
    erlang(new RangeError("boom")),
    new Map<Term, Term>([
      ["__struct__", "Elixir.RuntimeError"],
      ["__exception__", true],
      ["message", bin("RangeError: boom")],
    ]),
  );
});

/** Terms that the natural mapping keeps. */
const naturalTerms = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      numbers,
      fc.constantFrom(true, false, null, undefined),
      fc.bigInt().filter((big) => !Number.isSafeInteger(Number(big))),
      fc.uint8Array().map((bytes) => Uint8Array.of(0xff, ...bytes)),
      pids,
      refs,
    ),
    fc.array(tie("term"), { maxLength: 4 }).filter(([first]) => !isNameOfValue(first)),
    fc.array(tie("term"), { maxLength: 4 }).map((items) => list(items)),
    fc.dictionary(fc.string(), tie("term"), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie("term")), {
      minLength: 1,
      maxLength: 4,
    })
      .map((entries) => new Map(entries)),
  ),
})).term;

function isNameOfValue(term: Term): boolean {
  return ["true", "false", "nil", "undefined"].includes(term as string);
}

Deno.test("encodeTerm() and decodeTerm() give back what the natural mapping keeps", () => {
  fc.assert(fc.property(naturalTerms, (term) => assertEquals(pass(term, natural), term)), {
    numRuns: 500,
  });
});

/** Terms that are data in JavaScript. */
const ownTerms = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
      fc.constantFrom("true", "nil", "x".repeat(70_000), "å".repeat(300), Symbol.for("kept")),
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.constantFrom(true, false, null, undefined, new Float(2)),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array(),
      fc.float64Array(),
      fc.int16Array(),
      fc.bigUint64Array(),
      fc.constantFrom(/a+/gi, new ArrayBuffer(3), new DataView(new ArrayBuffer(4))),
      pids,
      refs,
    ),
    exactTerms.filter((term) => term instanceof List || term instanceof ImproperList).map((term) =>
      term
    ),
    fc.array(tie("term"), { maxLength: 4 }),
    fc.array(tie("term"), { maxLength: 4 }).map((items) => list(items)),
    fc.dictionary(fc.string({ unit: "binary" }), tie("term"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(tie("term"), tie("term")), { maxLength: 4 }).map((entries) =>
      new Map(entries)
    ),
    fc.array(tie("term"), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).term;

Deno.test("encodeTerm() and decodeTerm() give back all data in the own mapping", () => {
  fc.assert(
    fc.property(ownTerms, (term) => {
      const again = pass(term, own);
      assertEquals(again, term);
      // assertEquals takes 0 for -0, and compares Map and Set by content, but not by order.
      assertEquals(encode(again, own), encode(term, own));
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeTerm() keeps the values of JavaScript in the own mapping", () => {
  const values: Term[] = [NaN, Infinity, -Infinity, -0, 5n, 2 ** 60, "\ud800", "nil"];
  for (const [i, value] of (pass(values, own) as Term[]).entries()) {
    assert(Object.is(value, values[i]), String(value));
  }
  assertStrictEquals(pass(atom("kept"), own), atom("kept"));
  assertEquals((pass(Symbol("plain"), own) as symbol).description, "plain");
  assertEquals((pass(Symbol(), own) as symbol).description, undefined);
  assertEquals(pass(["nil", "true"], own), ["nil", "true"]);
  assertEquals(pass([1, , 3], own), [1, undefined, 3]); // deno-lint-ignore no-sparse-arrays
  assertEquals(pass(Object(5), own), Object(5));
  assertEquals([
    ...pass(new Map<Term, Term>([["b", 1], [["a"], 2], [["a"], 3]]), own) as Map<Term, Term>,
  ], [
    ["b", 1],
    [["a"], 2],
    [["a"], 3],
  ]);
  assertInstanceOf(pass(new Float32Array([1.5]).subarray(0, 1), own), Float32Array);
  assertInstanceOf(pass(list([5]), own), List);
  assertInstanceOf(pass(list(["a"]), own), List);
});

Deno.test("encodeTerm() sends an instance of a class as a plain object in the own mapping, as a clone does", () => {
  class Point {
    x = 1;
    get y() {
      return 2;
    }
  }
  const point = pass(new Point(), own);
  assertEquals(point, { x: 1 });
  assertStrictEquals(Object.getPrototypeOf(point), Object.prototype);
});

Deno.test("encodeTerm() keeps errors in the own mapping", () => {
  const error = new RangeError("boom", { cause: ["why", 1] });
  const again = pass(error, own) as RangeError;
  assertInstanceOf(again, RangeError);
  assertEquals([again.message, again.stack, again.cause], ["boom", error.stack, ["why", 1]]);
  const named = pass(Object.assign(new Error("x"), { name: "MyError" }), own) as Error;
  assertEquals(String(named), "MyError: x");
  const both = pass(new AggregateError([new TypeError("a"), 1], "both"), own) as AggregateError;
  assertInstanceOf(both, AggregateError);
  assertInstanceOf(both.errors[0], TypeError);
  const ended = pass(exit(["shutdown", 1]), own) as Exit;
  assertInstanceOf(ended, Exit);
  assertEquals(ended.reason, ["shutdown", 1]);
});

const nothing = () => {};
const refused: [what: string, term: Term, message: string][] = [
  ["a function", nothing, "Cannot encode message: [function nothing] is a function"],
  ["a function in a tuple", ["ok", [1, nothing]], "Cannot encode message[1][1]: "],
  ["a function in an object", { a: { "b c": nothing } }, 'Cannot encode message.a["b c"]: '],
  ["a function in a Map", new Map([["k", nothing]]), "Cannot encode message"],
  ["a function in a list", list([1, nothing]), "Cannot encode message[1]: "],
  ["a promise", [Promise.resolve()], "Cannot encode message[0]: "],
  ["a WeakMap", [new WeakMap()], "Cannot encode message[0]: "],
];

for (const [what, term, message] of refused) {
  Deno.test(`encodeTerm() throws an EncodeError that says where for ${what}`, () => {
    for (const how of [exact, natural, own]) {
      const error = assertThrows(() => encode(term, how), EncodeError, message);
      assertInstanceOf(error, TypeError);
    }
  });
}

Deno.test("encodeTerm() names the key of a Map in which there is a function", () => {
  assertThrows(
    () => encode([new Map([["k", [nothing]]])], natural),
    EncodeError,
    'message[0].get("k")[0]',
  );
  assertThrows(() => encode(new Map([[[nothing], 1]]), natural), EncodeError, "message.keys()[0]");
});

Deno.test("encodeTerm() throws an EncodeError for what Erlang has no term for", () => {
  for (const how of [exact, natural]) {
    for (const term of [NaN, Infinity, new Float(NaN), new Set(), new Date(), /a/, Symbol()]) {
      assertThrows(() => encode(["tag", term], how), EncodeError, "Cannot encode message[1]: ");
    }
    assertThrows(() => encode(atom("\ud800"), how), EncodeError, "half a surrogate pair");
    assertThrows(() => encode(Symbol("x".repeat(256)), how), EncodeError, "at most 255 characters");
  }
  assertThrows(() => encode("x".repeat(256), exact), EncodeError, 'text is bin("…")');
});

Deno.test("encodeTerm() throws an EncodeError for maps with a key twice", () => {
  const twice = [
    [["a", 1], ["a", 1]],
    [1, 1n],
    [bin("a"), bin("a")],
    [Symbol("a"), Symbol("a")],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  ];
  for (const keys of twice) {
    const map = new Map(keys.map((key) => [key, 1]));
    for (const how of [exact, natural]) {
      assertThrows(
        () => encode([map], how),
        EncodeError,
        "message[0]: two keys of the map are the same",
      );
    }
  }
  assertThrows(() => encode(new Map<Term, Term>([["true", 1], [true, 1]]), exact), EncodeError);
  assertThrows(() => encode(new Map<Term, Term>([["a", 1], [bin("a"), 1]]), natural), EncodeError);
});

Deno.test("encodeTerm() throws an EncodeError for a message that contains itself", () => {
  const tuple: Term[] = ["loop"];
  tuple.push([tuple]);
  const object: Record<string, Term> = {};
  object["self"] = { object };
  const map = new Map<Term, Term>();
  map.set("map", map);
  const wide: Term[] = [];
  wide.push(wide, wide, wide);
  for (const term of [tuple, object, map, wide, list([tuple])]) {
    for (const how of [exact, natural, own]) {
      assertThrows(() => encode(term, how), EncodeError, "contains itself");
    }
  }
  const set = new Set<Term>();
  set.add([set]);
  assertThrows(() => encode(set, own), EncodeError, "contains itself");
});

Deno.test("encodeTerm() encodes 10,000 nested terms and refuses one more", () => {
  const nested = (depth: number, around: (term: Term) => Term) => {
    let term: Term = 1;
    for (let i = 0; i < depth; i++) term = around(term);
    return term;
  };
  const forms: ((term: Term) => Term)[] = [(t) => [t], (t) => list([t, t === 1]), (t) => ({ t })];
  for (const how of [exact, natural, own]) {
    for (const around of forms) {
      decode(encode(nested(10_000, around), how), how);
      assertThrows(
        () => encode(nested(10_001, around), how),
        EncodeError,
        "nested more than 10000 deep",
      );
    }
  }
});

Deno.test("encodeTerm() and encodeReason() take or refuse with an EncodeError what is nested 100,000 deep", () => {
  const forms: readonly ((term: Term) => Term)[] = [
    (t) => [t],
    (t) => list([t]),
    (t) => ({ t }),
    (t) => new Map([["key", t]]),
    (t) => new Map<Term, Term>([[t, 1], [[t], 2]]),
    (t) => new Set([t]),
    (t) => new ImproperList([1], [t]),
    (t) => new Error("x", { cause: t }),
    (t) => new AggregateError([t], "x"),
    (t) => fun([t]),
    (t) => [t, ["GenServer", "call", ["a", 1, 5000]]],
  ];
  for (const around of forms) {
    let term: Term = 1;
    for (let i = 0; i < 100_000; i++) term = around(term);
    for (const how of [exact, natural, own]) {
      try {
        encode(term, how); // of an error, the natural mapping sends the message only
      } catch (error) {
        assertInstanceOf(error, EncodeError);
      }
      const writer = new Writer();
      encodeReason(term, writer, how);
      assert(writer.length > 0);
    }
  }
});

Deno.test("encodeTerm() refuses what cannot be read, and encodeReason() describes it", () => {
  const fail = () => {
    throw "not for you";
  };
  const revoked = <T extends object>(target: T): T => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const values: readonly Term[] = [
    revoked({}),
    revoked([]),
    {
      get a() {
        return fail();
      },
    },
    new Proxy({}, { getPrototypeOf: fail }),
    Object.defineProperty(new Error("x"), "message", { get: fail }),
    [1, ["GenServer", "call", revoked([])]],
    [new Error("x"), revoked([])],
    [ref, "return", revoked([])],
  ];
  for (const value of values) {
    for (const how of [exact, natural, own]) {
      assertThrows(() => encode(["tag", value], how), EncodeError, "cannot be read");
      const writer = new Writer();
      encodeReason(value, writer, how);
      assert(writer.length > 0);
    }
  }
  const message = 'Cannot encode message[1].a: it cannot be read: "not for you"';
  assertThrows(() => encode(["tag", values[2]], own), EncodeError, message);
});

Deno.test("encodeTerm() refuses no less deeply nested terms than decodeTerm() takes", () => {
  const forms: ((term: Term) => Term)[] = [
    (t) => new Set([t]),
    (t) => new Map([[t, t === 1]]),
    (t) => new ImproperList([t], 1),
    (t) => new Error("x", { cause: t }),
    (t) => fun([t]),
  ];
  const tight = mapping("own", { ...DEFAULT_LIMITS, nesting: 40 });
  for (const around of forms) {
    let term: Term = 1;
    let deepest = 0;
    try {
      for (; deepest < 100; deepest++) decode(encode(term = around(term), tight), tight);
    } catch (error) {
      assertInstanceOf(error, EncodeError);
    }
    assert(deepest >= 10 && deepest <= 40, String(deepest));
  }
});

Deno.test("encodeTerm() refuses a bigint beyond the limit of its mapping", () => {
  const tight = mapping("exact", { ...DEFAULT_LIMITS, integerBytes: 8 });
  assertEquals(pass(2n ** 64n - 1n, tight), 2n ** 64n - 1n);
  assertThrows(() => encode([2n ** 64n], tight), EncodeError, "message[0]: the bigint has 9 bytes");
});

Deno.test("encodeTerm() can be called again from a property that it reads", () => {
  const message = ["outer", {
    get inner() {
      return encode([1, [2]], exact);
    },
  }];
  assertEquals(pass(message, natural), ["outer", { inner: hexText(encode([1, [2]], exact)) }]);
});

function hexText(bytes: Uint8Array): Term {
  return decode(encode(bytes, natural), natural);
}

Deno.test("encodeTerm() works after it threw", () => {
  assertThrows(() => encode([[[nothing]]], natural), EncodeError);
  assertEquals(pass([["a"]], natural), [["a"]]);
});

/** The term that a peer gets for a reason. */
function reasonFor(reason: Term, how = natural): Term {
  const writer = new Writer();
  encodeReason(reason, writer, how);
  return decode(writer.take(), how === own ? own : exact);
}

Deno.test("encodeReason() makes atoms where OTP has them", () => {
  assertEquals(reasonFor("noproc"), "noproc");
  assertEquals(reasonFor(["shutdown", "left"]), ["shutdown", bin("left")]);
  assertEquals(
    reasonFor(["noproc", ["GenServer", "call", [pid, "get", 5000]]]),
    ["noproc", ["Elixir.GenServer", "call", list([pid, bin("get"), 5000])]],
  );
  assertEquals(
    reasonFor([["nodedown", "a@b"], ["Sys", "get_state", [pid, Infinity]]]),
    [["nodedown", "a@b"], ["sys", "get_state", list([pid, "infinity"])]],
  );
  for (
    const [server, expected] of [
      ["name", "name"],
      [["name", "a@b"], ["name", "a@b"]],
      [["global", "x"], ["global", bin("x")]],
    ] as const
  ) {
    assertEquals(
      reasonFor(["noproc", ["Task", "await", [server, "text"]]]),
      ["noproc", ["Elixir.Task", "await", list<Term>([expected, bin("text")])]],
    );
  }
  assertEquals(reasonFor([["nodedown", "a@b"], ["m", "f", list()]]), [["nodedown", "a@b"], [
    "m",
    "f",
    list(),
  ]]);
  assertEquals(reasonFor(["bad", ["what", "users type", [1]]]), ["bad", [
    "what",
    bin("users type"),
    [1],
  ]]);
  assertEquals(reasonFor("x".repeat(300)), bin("x".repeat(300)));
});

Deno.test("encodeReason() sends an error and its stack in every mapping", () => {
  const message: [Term, Term] = ["message", bin("boom")];
  for (const how of [natural, exact]) {
    const [error, stack] = reasonFor([new Error("boom"), "at x\n".repeat(100)], how) as [
      Map<Term, Term>,
      Term,
    ];
    assertEquals([...error].at(-1), message);
    assertEquals(stack, bin("at x\n".repeat(100)));
  }
  assertInstanceOf((reasonFor([new TypeError("x"), "s"], own) as Term[])[0], TypeError);
});

Deno.test("encodeReason() describes a reason that cannot be sent", () => {
  assertEquals(reasonFor(["bad", nothing]), bin('["bad", [function nothing]]'));
  assertEquals(reasonFor(["bad", nothing], exact), bin('["bad", [function nothing]]'));
  assertEquals(reasonFor(["bad", nothing], own), '["bad", [function nothing]]');
});

Deno.test("encodeReason() makes atoms of the functions of a stack", () => {
  const stack = list([["m", "f", list(["x"]), list()], ["m", "g", 1, list([["line", 7]])]]);
  const expected = list([["m", "f", list([bin("x")]), list()], ["m", "g", 1, list([["line", 7]])]]);
  assertEquals(reasonFor(["undef", stack]), ["undef", expected]);
  assertEquals(reasonFor([["badmatch", "x"], stack]), [["badmatch", bin("x")], expected]);
  assertEquals(reasonFor(["x", list([["m", "prose, not a name", 1, list()]])]), [
    "x",
    list([["m", bin("prose, not a name"), 1, list()]]),
  ]);
});

Deno.test("encodeReason() makes an atom of the kind of a result of erpc, and none of a value", () => {
  const stack = list([["m", "f", 1, list()]]);
  assertEquals(reasonFor([ref, "return", "x"]), [ref, "return", bin("x")]);
  assertEquals(reasonFor([ref, "throw", "x"]), [ref, "throw", bin("x")]);
  assertEquals(reasonFor([ref, "exit", "x"]), [ref, "exit", "x"]);
  assertEquals(reasonFor([ref, "exit", ["shutdown", "x"]]), [ref, "exit", ["shutdown", bin("x")]]);
  assertEquals(reasonFor([ref, "error", "undef", stack]), [ref, "error", "undef", stack]);
  assertEquals(reasonFor([ref, "other", "x"]), [ref, bin("other"), bin("x")]);
  const result = [ref, "error", "undef", stack];
  assertEquals(reasonFor(result, own), result);
});

Deno.test("encodeReason() sends an error in the place of a result of erpc that cannot be sent", () => {
  for (const how of [natural, exact]) {
    const [same, kind, error, stack] = reasonFor([ref, "return", nothing], how) as Term[];
    assertEquals([same, kind, stack], [ref, "error", list()]);
    assertStringIncludes(
      text(mapGet(error as Map<Term, Term>, "message") as Uint8Array),
      "nothing",
    );
  }
  const [, , error] = reasonFor([ref, "return", nothing], own) as Term[];
  assertInstanceOf(error, TypeError);
});

Deno.test("keyOf() is the same for the same term and another for any other", () => {
  fc.assert(
    fc.property(exactTerms, exactTerms, (a, b) => {
      assertEquals(keyOf(a, exact), keyOf(pass(a, exact), exact));
      assertEquals(keyOf(a, exact) === keyOf(b, exact), sameTerm(a, b));
    }),
    { numRuns: 300 },
  );
});

Deno.test("keyOf() does not depend on the order of keys", () => {
  const one = new Map<Term, Term>([["a", 1], [["x", { k: 1, l: 2 }], 2], [bin("b"), 3]]);
  const other = new Map<Term, Term>([[bin("b"), 3], ["a", 1], [["x", { l: 2, k: 1 }], 2]]);
  assertEquals(keyOf([one], exact), keyOf([other], exact));
  assertEquals(
    keyOf({ b: 1, a: { d: 1, c: 2 } }, natural),
    keyOf({ a: { c: 2, d: 1 }, b: 1 }, natural),
  );
  assertEquals(keyOf({ a: 1, b: 2 }, exact), keyOf(new Map([["b", 2], ["a", 1]]), exact));
});

Deno.test("keyOf() and maps refuse maps that are keys of each other too deeply, at once", () => {
  let key: Term = new Map<Term, Term>([[[1], 1], [[2], 2]]);
  for (let i = 0; i < 40; i++) key = new Map<Term, Term>([[key, 1], [[key], 2]]);
  assertThrows(() => keyOf(key, exact), EncodeError, "maps are keys of each other");
  assertThrows(() => encode(key, exact), EncodeError, "maps are keys of each other");
});

Deno.test("encodeTerm() and decodeTerm() keep a byte order mark, in text and in atoms", () => {
  for (const how of [natural, own]) {
    assertEquals(pass(["\ufefftag", "\ufefftext"], how), ["\ufefftag", "\ufefftext"]);
  }
});

Deno.test("Writer does not keep the buffer of a large message", () => {
  const writer = new Writer();
  writer.bytes(new Uint8Array(1 << 20));
  assertEquals(writer.take().length, 1 << 20);
  writer.u8(1);
  assertEquals(writer.take().buffer.byteLength <= 1 << 16, true);
});

Deno.test("Writer hands out bytes that later writing leaves alone", () => {
  const writer = new Writer();
  const parts: Uint8Array[] = [];
  for (let i = 0; i < 5000; i++) {
    writer.u32(i);
    writer.utf8("åx".repeat(i % 40));
    parts.push(writer.take());
  }
  for (const [i, part] of parts.entries()) {
    assertEquals(hex(part), hex(Uint8Array.of(0, 0, i >> 8, i & 255, ...bin("åx".repeat(i % 40)))));
  }
});
