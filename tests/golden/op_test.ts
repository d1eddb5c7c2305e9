import { assertEquals, assertThrows } from "@std/assert";
import { SyntaxFailure } from "./ast.ts";
import { bind, Env, evaluate } from "./eval.ts";
import { expressionOf, toNode } from "./op.ts";
import { stubHost } from "./stub_host.ts";
import type { System } from "./system.ts";
import { makeWorld } from "./world.ts";

const SYSTEM: System = { modules: { "Calculator.Core": { add: (a: number, b: number) => a + b } } };

function run(op: unknown, text = "", bound = false): unknown {
  const world = makeWorld(SYSTEM, stubHost(), () => {});
  return evaluate(expressionOf(op, text, bound), new Env(new Map([["x", 7]])), world);
}

Deno.test("expressionOf() reads the data of a step", () => {
  const cases: readonly (readonly [op: unknown, value: unknown])[] = [
    [{ fn: "Calculator.Core.add", args: [1, { var: "x" }] }, 8],
    [{ fn: "Core.add", args: [1, { elixir: "x * 2" }] }, 15],
    [{ fn: "==", args: [{ var: "x" }, 7] }, true],
    [{ fn: "&&", args: [false, { fn: "unknown", args: [] }] }, false],
    [{ fn: "-", args: [{ var: "x" }] }, -7],
    [{ fn: "length", args: [[1, { elixir: "2 | [3]" }]] }, 3],
    [{ fn: ":lists.sum", args: [[1, 2]] }, 3],
    [{ fn: "elem", args: [{ tuple: [{ atom: "ok" }, { float: 5.0 }] }, 1] }, 5],
    [{ map: [[{ atom: "a" }, null], ["b", true]] }, { a: null, b: true }],
    [{ fn: "Enum.map", args: [[1, 2], { fun: "fn n -> n + x end" }] }, [8, 9]],
    [{ bind: { var: "y" }, to: 3 }, 3],
    [
      { fn: "to_string", args: [{ fn: "sigil_T", args: [{ elixir: '"01:02:03"' }, []] }] },
      "01:02:03",
    ],
    [{ fn: "sigil_w", args: [{ elixir: '"a b"' }, [97]] }, ["a", "b"]],
    [{
      fn: "match?",
      args: [{ tuple: [{ atom: "ok" }, { fn: "^", args: [{ var: "x" }] }] }, {
        tuple: [{ atom: "ok" }, 7],
      }],
    }, true],
  ];
  for (const [op, value] of cases) assertEquals(run(op), value, JSON.stringify(op));
});

Deno.test("expressionOf() reads the text where the data is no data", () => {
  const cond = {
    fn: "cond",
    args: [[{ tuple: [{ atom: "do" }, [{ fn: "->", args: [[true], 1] }]] }]],
  };
  assertEquals(run(cond, "cond do\n  x > 8 -> :a\n  true -> :b\nend"), "b");
  assertEquals(run(cond, "y = cond do\n  true -> :b\nend", true), "b");
});

Deno.test("expressionOf() refuses what it does not know", () => {
  assertThrows(() => run({ nothing: 1 }), SyntaxFailure, "unknown data");
});

Deno.test("toNode() reads a pattern", () => {
  const world = makeWorld(SYSTEM, stubHost(), () => {});
  const names = (pattern: unknown, value: unknown): unknown => {
    const env = bind(toNode(pattern), value, new Env(), world);
    return env && [env.get("a"), env.get("b")];
  };
  assertEquals(names({ tuple: [{ var: "a" }, { var: "b" }] }, [1, 2]), [1, 2]);
  assertEquals(names([{ var: "a" }, { elixir: "_ | b" }], [1, 2, 3]), [1, [3]]);
  assertEquals(names({ map: [[{ atom: "k" }, { var: "a" }]] }, { k: 1, l: 2 }), [1, undefined]);
  assertEquals(
    names({ fn: "%", args: [{ module: "S" }, { map: [[{ atom: "k" }, { var: "a" }]] }] }, { k: 1 }),
    [1, undefined],
  );
  assertEquals(names({ tuple: [{ atom: "ok" }, { var: "a" }] }, ["error", 1]), undefined);
});

Deno.test("the world gives modules and keyword lists to a port in its own forms", () => {
  const { modules: _, ...stub } = stubHost();
  const host = { ...stub, modules: { Registry: { startLink: () => "ignore" } } };
  const taken: unknown[] = [];
  const system: System = {
    modules: { Port: { take: (...args: unknown[]) => void taken.push(...args) } },
  };
  const world = makeWorld(system, host, () => {});
  const give = (...ops: unknown[]): unknown[] => {
    taken.length = 0;
    evaluate(expressionOf({ fn: "Port.take", args: ops }, "", false), new Env(), world);
    return [...taken];
  };
  assertEquals(give({ module: "Names" }, { fn: "..", args: [1, 3] }), ["Names", [1, 2, 3]]);
  assertEquals(give([{ tuple: [{ atom: "name" }, { module: "Port" }] }]), [[["name", "Port"]]]);
});
