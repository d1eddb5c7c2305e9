import { assertEquals } from "@std/assert";
import { inspect } from "./inspect.ts";
import { readElixir, readErlang } from "./printed.ts";
import { stubHost, stubPid, stubRef } from "./stub_host.ts";
import { compareText, Comparison, Identities, show } from "./terms.ts";
import type { Term } from "./transcript.ts";
import { ElixirError, ModuleRef } from "./values.ts";

const MODULE = { name: "the module" };

function comparison(): Comparison {
  const { isPid, isRef } = stubHost();
  return new Comparison({
    isPid,
    isRef,
    moduleObject: (name) => name === "Calculator.Server" ? MODULE : undefined,
  });
}

const atom = (name: string): Term => ({ atom: name });
const tuple = (...items: Term[]): Term => ({ tuple: items });
const stack: Term = { any: "stack" };
class Alarm {
  constructor(
    readonly name: string,
    readonly duration: number,
    readonly f: () => void,
    readonly ref?: unknown,
  ) {}
}
const alarm: Term = {
  struct: "Egg.Alarm",
  fields: { name: atom("x"), duration: 300, f: { fun: 0 }, ref: null },
};
const runtime: Term = { struct: "RuntimeError", fields: { message: "oh snap" } };
const named = (name: string, message = "whatever"): Error => new ElixirError(name, message);

const SAME: readonly (readonly [Term, unknown])[] = [
  [1, 1],
  ["text", "text"],
  [true, true],
  [null, null],
  [null, undefined],
  [{ float: 5 }, 5],
  [{ float: 0.5 }, 0.5],
  [atom("ok"), "ok"],
  [atom("ok"), Symbol("ok")],
  [atom("undefined"), undefined],
  [atom("undefined"), null],
  [atom("undefined"), "undefined"],
  [atom("infinity"), Infinity],
  [{ module: "Calculator.Server" }, MODULE],
  [{ module: "Calculator.Server" }, "Calculator.Server"],
  [{ module: "GenServer" }, "GenServer"],
  [{ module: "Names" }, new ModuleRef("Names", undefined)],
  [tuple(atom("ok"), 1), ["ok", 1]],
  [[tuple(atom("a"), 1)], [["a", 1]]],
  [[tuple(atom("max_restarts"), 1)], { maxRestarts: 1 }],
  [[], []],
  [[], {}],
  [tuple({ module: "Calculator.Server" }, atom("start_link"), [1]), [MODULE, "startLink", [1]]],
  [{ map: [[atom("max_restarts"), 1], ["b", null]] }, { maxRestarts: 1, b: undefined }],
  [{ map: [[1, 2], [tuple(1, 2), 3]] }, new Map<unknown, unknown>([[[1, 2], 3], [1, 2]])],
  [{ map: [] }, {}],
  [alarm, new Alarm("x", 300, () => {})],
  [alarm, { name: "x", duration: 300, f: () => {} }],
  [{ fun: 2 }, (a: number, b: number) => a + b],
  [{ any: "stack" }, "Error\n at"],
  [{ any: "stack" }, []],
  [{ any: "time" }, new Date()],
  [{ any: "time" }, "12:00:00"],
  [{ range: [1, 3] }, 3],
  [runtime, new Error("oh snap")],
  [tuple(runtime, stack), [new Error("oh snap"), "stack"]],
  [tuple(atom("badarith"), stack), [named("ArithmeticError"), "stack"]],
  [tuple(atom("badarith"), stack), [new RangeError("x"), "stack"]],
  [tuple(tuple(atom("badmatch"), 3), stack), [named("MatchError"), ""]],
  [tuple(atom("function_clause"), stack), [new TypeError("x"), ""]],
  [tuple(tuple(atom("nocatch"), atom("ball")), stack), [["nocatch", "ball"], ""]],
  [{ cons: [atom("alias"), { ref: 1 }] }, stubRef(4)],
];

const DIFFERENT: readonly (readonly [Term, unknown])[] = [
  [1, 2],
  [1, "1"],
  ["text", "Text"],
  [true, "true"],
  [true, 1],
  [null, "nil"],
  [null, false],
  [null, 0],
  [{ float: 5 }, 5.1],
  [atom("ok"), "okay"],
  [atom("nil"), null],
  [atom("ok"), ["ok"]],
  [{ module: "Calculator.Server" }, {}],
  [{ module: "Calculator.Server" }, "Server"],
  [tuple(atom("ok"), 1), ["ok"]],
  [tuple(atom("ok"), 1), ["ok", 1, 2]],
  [[1], 1],
  [[1, 2], [2, 1]],
  [{ map: [[atom("a"), 1]] }, { a: 2 }],
  [{ map: [[atom("a"), 1]] }, { a: 1, b: 2 }],
  [{ map: [[atom("a"), 1], [atom("b"), 1]] }, { a: 1 }],
  [{ map: [] }, []],
  [[tuple(atom("a"), 1)], { a: 2 }],
  [[tuple(atom("a"), 1)], {}],
  [[1], { 0: 1 }],
  [alarm, new Alarm("y", 300, () => {})],
  [alarm, new Alarm("x", 300, () => {}, 1)],
  [alarm, { name: "x", duration: 300, f: () => {}, more: 1 }],
  [{ fun: 1 }, "fun"],
  [{ any: "stack" }, undefined],
  [{ any: "time" }, null],
  [{ range: [1, 3] }, 4],
  [{ pid: 1 }, "#PID<0.1.0>"],
  [{ ref: 1 }, stubPid(1)],
  [runtime, new Error("oh snip")],
  [runtime, new TypeError("oh snap")],
  [tuple(runtime, stack), [new Error("oh snap")]],
  [tuple(atom("badarith"), stack), [new Error("x"), "stack"]],
  [tuple(atom("badarith"), stack), ["shutdown", "stack"]],
];

Deno.test("Comparison.difference() accepts what TypeScript has for a term of Elixir", () => {
  for (const [expected, found] of SAME) {
    assertEquals(
      comparison().difference(expected, found),
      undefined,
      `${show(expected)} ${inspect(found)}`,
    );
  }
});

Deno.test("Comparison.difference() refuses everything else", () => {
  for (const [expected, found] of DIFFERENT) {
    assertEquals(comparison().same(expected, found), false, `${show(expected)} ${inspect(found)}`);
  }
});

Deno.test("Comparison.difference() says where", () => {
  const expected = tuple(atom("ok"), { map: [[atom("list"), [1, tuple(2, 3)]]] });
  assertEquals(comparison().difference(expected, ["ok", { list: [1, [2, 4]] }]), "[1].list[1][1]");
});

Deno.test("Comparison.difference() takes one number for one process, and one process for one number", () => {
  const terms = comparison();
  const [one, two] = [stubPid(1), stubPid(2)];
  assertEquals(terms.difference([{ pid: 1 }, { pid: 2 }, { pid: 1 }], [one, two, one]), undefined);
  assertEquals(terms.same({ pid: 1 }, two), false);
  assertEquals(terms.same({ pid: 3 }, two), false);
  assertEquals(terms.same({ pid: 3 }, stubPid(3)), true);
  assertEquals(terms.same({ ref: 1 }, stubRef(1)), true);
  assertEquals(terms.same({ ref: 2 }, stubRef(1)), false);
});

Deno.test("Comparison.difference() forgets what it assumed of the pids of a value that differs", () => {
  const terms = comparison();
  assertEquals(terms.same(tuple({ pid: 1 }, atom("a")), [stubPid(1), "b"]), false);
  assertEquals(terms.same({ pid: 1 }, stubPid(2)), true);
});

Deno.test("compareText() takes the stand-ins of the recorder, with the same numbers as values have", () => {
  const ids = new Identities();
  ids.is("pid", 1, "#PID<0.7.0>");
  assertEquals(compareText("got <pid1>\n", "got #PID<0.7.0>\n", ids), "same");
  assertEquals(compareText("got <pid1>\n", "got #PID<0.8.0>\n", ids), "differs");
  assertEquals(compareText("<pid2> and <pid2>", "#PID<0.8.0> and #PID<0.9.0>", ids), "differs");
  assertEquals(compareText("<pid2> and <pid2>", "#PID<0.8.0> and #PID<0.8.0>", ids), "same");
  assertEquals(compareText("a.c", "abc", ids), "differs");
  assertEquals(compareText("at <time>!", "at ~T[12:00:00]!", ids), "same");
  assertEquals(compareText("is 16.0, 0.5", "is 16, 0.5", ids), "floats");
  assertEquals(compareText("is 16.05", "is 165", ids), "differs");
});

Deno.test("readElixir() reads what inspect has printed", () => {
  const printed: readonly (readonly [string, Term | undefined])[] = [
    ['{:"$gen_cast", :die}', tuple(atom("$gen_cast"), atom("die"))],
    ["'\\a\\b\\t'", [7, 8, 9]],
    ["[info: <pid2>]", [tuple(atom("info"), { pid: 2 })]],
    ["%{n: 2.0}", { map: [[atom("n"), { float: 2 }]] }],
    ["%Egg.Alarm{f: <fun/0>, time: <time>}", {
      struct: "Egg.Alarm",
      fields: { f: { fun: 0 }, time: { any: "time" } },
    }],
    ["Calculator.Server", { module: "Calculator.Server" }],
    [
      "GenServer.call(<pid1>, :x, 5000)",
      tuple({ module: "GenServer" }, atom("call"), [{ pid: 1 }, atom("x"), 5000]),
    ],
    ["[1, 2, ...]", [1, 2, { any: "etc" }]],
    ["{:cut,", undefined],
  ];
  for (const [text, term] of printed) assertEquals(readElixir(text), term, text);
  assertEquals(
    readErlang('{hello,"ab",<<"ab">>,\'Elixir.X\',<pid1>}'),
    tuple(atom("hello"), [97, 98], "ab", { module: "X" }, { pid: 1 }),
  );
  assertEquals(comparison().same(readElixir("[1, 2, ...]")!, [1, 2, 3]), true);
  assertEquals(comparison().same(readElixir("[1, 2, ...]")!, [1]), false);
});
