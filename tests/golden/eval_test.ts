import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { parse } from "./elixir.ts";
import { bind, Env, evaluate, EvaluationFailure } from "./eval.ts";
import { stubHost } from "./stub_host.ts";
import type { System } from "./system.ts";
import { ElixirError } from "./values.ts";
import { makeWorld } from "./world.ts";

const later = <T>(value: T): Promise<T> =>
  new Promise((resolve) => queueMicrotask(() => resolve(value)));

const SYSTEM: System = {
  modules: {
    "Calculator.Core": {
      add: (a: number, b: number) => a + b,
      inc: (n: number) => n + 1,
      fold: (list: number[], acc: unknown, f: (acc: unknown, item: number) => unknown) =>
        list.reduce(f, acc),
      slowInc: (n: number) => later(n + 1),
      isEven: (n: number) => n % 2 === 0,
    },
  },
  imports: ["Calculator.Core"],
  aliases: { C: "Calculator.Core" },
};

function run(
  source: string,
  vars: Readonly<Record<string, unknown>> = {},
  messages: unknown[] = [],
): unknown {
  const printed: string[] = [];
  const world = makeWorld(SYSTEM, stubHost(messages), (text) => printed.push(text));
  const value = evaluate(parse(source), new Env(new Map(Object.entries(vars))), world);
  return printed.length === 0 ? value : [value, printed.join("")];
}

const CASES: Readonly<Record<string, readonly (readonly [source: string, value: unknown])[]>> = {
  "computes": [
    ["1 + 2 * 3", 7],
    ["div(7, 2) + rem(7, 2)", 4],
    ["7 / 2", 3.5],
    ["[1, 2] ++ [3]", [1, 2, 3]],
    ["[1, 2, 3] -- [2]", [1, 3]],
    ['"a#{1 + 1}" <> "b"', "a2b"],
    ["5 in 1..10", true],
    ["5 not in [1, 5]", false],
    ["1 < 2 and 2 >= 2", true],
    ["nil || :default", "default"],
    ["false && f()", false],
    ["{1, [2]} == {1, [2]}", true],
    ["%{a: 1} == %{a: 1.0}", true],
    ["not is_nil(nil)", false],
    ["%{a: %{b: [c: 1]}} |> get_in([:a, :b, :c])", 1],
    ["Enum.slice([1, 2, 3, 4], 1..-2)", [2, 3]],
    ["Enum.split_with([1, 2, 3], &(&1 > 1))", [[2, 3], [1]]],
    ["Enum.map_reduce([1, 2], 0, fn x, acc -> {x * 2, acc + x} end)", [[2, 4], 3]],
    ["Enum.scan([1, 2, 3], &+/2)", [1, 3, 6]],
    ["Enum.min_max([3, 1, 2])", [1, 3]],
    ['Integer.parse("12x")', [12, "x"]],
    ["MapSet.new([1, 2, 2]) |> MapSet.size()", 2],
  ],
  "finds functions": [
    ["10 |> inc |> inc", 12],
    ["10 |> add(1) |> Calculator.Core.add(2)", 13],
    ["C.even?(4)", true],
    ["Core.inc(1)", 2],
    ["fold([1, 2, 3], 0, &add/2)", 6],
    ["fold([1, 2, 3], 10, fn acc, _ -> inc(acc) end)", 13],
    ["Enum.map([1, 2], &(&1 * 2))", [2, 4]],
    ["Enum.map([1, 2], &C.inc/1)", [2, 3]],
    ["Enum.reduce(1..4, 0, fn x, acc -> x + acc end)", 10],
    ["Enum.sort([3, 1, 2]) |> Enum.reverse() |> hd()", 3],
    ["f = fn 0 -> :zero; n when n > 0 -> :more; _ -> :less end; {f.(0), f.(2), f.(-1)}", [
      "zero",
      "more",
      "less",
    ]],
    ["(fn {a, b} -> a + b end).({1, 2})", 3],
    ["Map.put(%{a: 1}, :b, 2)", { a: 1, b: 2 }],
    ["Map.new([1, 2], fn n -> {n, n * n} end)", new Map([[1, 1], [2, 4]])],
    ["Keyword.get([a: 1], :a)", 1],
    ['String.upcase("a") |> String.to_atom()', "A"],
    ["elem({:a, :b}, 1)", "b"],
  ],
  "matches": [
    ["{:ok, x} = {:ok, 1}; x", 1],
    ["[h | t] = [1, 2, 3]; {h, t}", [1, [2, 3]]],
    ["%{name: n} = %{name: 1, more: 2}; n", 1],
    ["x = 1; ^x = 1", 1],
    [
      "case {1, 2} do\n  {a, a} -> :same\n  {a, b} when a > b -> :more\n  {_, _} -> :less\nend",
      "less",
    ],
    ['"The " <> rest = "The end"; rest', "end"],
    ["match?({:ok, _}, {:error, 1})", false],
    ["x = 1; f = fn -> x end; x = 2; {f.(), x}", [1, 2]],
    ["case :a do x when is_atom(x) -> :atom end", "atom"],
    ['case "A b" do x when is_binary(x) -> :string end', "string"],
    ["m = %{a: 1, b: 2}; %{m | a: 3}", { a: 3, b: 2 }],
  ],
  "runs forms": [
    ["if 1 > 2, do: :yes, else: :no", "no"],
    ["if 1 > 2, do: :yes", null],
    ["unless false, do: 1", 1],
    ["cond do\n  1 > 2 -> :a\n  true -> :b\nend", "b"],
    ["for x <- 1..3, rem(x, 2) == 1, do: {x, x * x}", [[1, 1], [3, 9]]],
    ["for a <- [1, 2], b <- [10, 20], do: a + b", [11, 21, 12, 22]],
    ["for {:ok, x} <- [{:ok, 1}, :error, {:ok, 2}], do: x", [1, 2]],
    ["for {k, v} <- %{a: 1}, into: %{}, do: {k, v + 1}", { a: 2 }],
    ["with {:ok, a} <- {:ok, 1}, {:ok, b} <- {:error, a}, do: b", ["error", 1]],
    ["with {:ok, a} <- :error do\n  a\nelse\n  :error -> :failed\nend", "failed"],
    ['try do raise "x" rescue e in RuntimeError -> e.message end', "x"],
    ["try do exit(:bye) catch :exit, r -> {:caught, r} end", ["caught", "bye"]],
    ["try do throw(:ball) catch x -> x end", "ball"],
    ["try do 1 / 0 rescue ArithmeticError -> :no end", "no"],
    ["~w(a b)a", ["a", "b"]],
    ['"#{~T[12:34:56]}"', "12:34:56"],
    ["~T[12:34:56] == ~T[12:34:57]", false],
    ['IO.puts("hi")', ["ok", "hi\n"]],
    ['IO.puts([104, ["i", 33]])', ["ok", "hi!\n"]],
    ["IO.inspect([7, 39, 97])", [[7, 39, 97], "'\\a\\'a'\n"]],
    ["IO.inspect([1, 97])", [[1, 97], "[1, 97]\n"]],
    ['IO.inspect({:a, "b", %{k: [1, c: 2]}})', [
      ["a", "b", { k: [1, ["c", 2]] }],
      '{:a, "b", %{k: [1, {:c, 2}]}}\n',
    ]],
  ],
};

for (const [title, cases] of Object.entries(CASES)) {
  Deno.test(`evaluate() ${title}, at once`, () => {
    for (const [source, value] of cases) assertEquals(run(source), value, source);
  });
}

Deno.test("evaluate() waits where a function of a port waits", async () => {
  assertEquals(await run("slow_inc(1) + slow_inc(2)"), 5);
  assertEquals(await run("Enum.map([1, 2], &slow_inc/1)"), [2, 3]);
  assertEquals(await run("for x <- [1, 2], do: slow_inc(x)"), [2, 3]);
  assertEquals(await run("x = slow_inc(1); case x do\n  2 -> slow_inc(x)\nend"), 3);
});

Deno.test("evaluate() gives functions that answer a port at once if they can", async () => {
  assertEquals((run("fn x -> x + 1 end") as (x: number) => unknown)(1), 2);
  assertInstanceOf((run("fn x -> slow_inc(x) end") as (x: number) => unknown)(1), Promise);
  assertEquals((run("fn a, b -> a end") as (...args: unknown[]) => unknown).length, 2);
  assertEquals(await (run("&slow_inc/1") as (x: number) => unknown)(1), 2);
});

Deno.test("evaluate() receives the first message that a clause takes, and leaves the others", async () => {
  const messages: unknown[] = ["other", ["DOWN", 2, "process", "p", "bye"], [
    "DOWN",
    1,
    "process",
    "p",
    "normal",
  ]];
  assertEquals(
    await run("receive do\n  {:DOWN, ^ref, :process, _, reason} when reason != :x -> reason\nend", {
      ref: 1,
    }, messages),
    "normal",
  );
  assertEquals(messages.length, 2);
  assertEquals(
    await run("receive do\n  :never -> 1\nafter\n  10 -> :nothing\nend", {}, messages),
    "nothing",
  );
  assertEquals(await run("receive do m -> m end", {}, messages), "other");
});

Deno.test("evaluate() raises what Elixir raises", async () => {
  const raises = {
    "1 / 0": "ArithmeticError",
    "1 + :a": "ArithmeticError",
    "{:ok, _} = :error": "MatchError",
    "hd([])": "ArgumentError",
    "Map.fetch!(%{}, :k)": "KeyError",
    "case 1 do 2 -> 3 end": "CaseClauseError",
    "(fn 1 -> 2 end).(3)": "FunctionClauseError",
    'raise ArgumentError, "no"': "ArgumentError",
    "Calculator.Core.nothing(1)": "UndefinedFunctionError",
    "Calculator.Core.add(1)": "UndefinedFunctionError",
    "Calculator.Core.add(1, 2, 3)": "UndefinedFunctionError",
    '"#{%{a: 1}}"': "Protocol.UndefinedError",
    "%{a: 1}.b": "KeyError",
  };
  for (const [source, name] of Object.entries(raises)) {
    assertEquals(assertThrows(() => run(source), ElixirError).name, name, source);
  }
  assertEquals(assertThrows(() => run('raise "oh snap"'), Error).name, "Error");
  assertEquals(assertThrows(() => run("raise RuntimeError"), Error).message, "runtime error");
  assertThrows(() => run("unknown(1)"), EvaluationFailure, "undefined function unknown/1");
  assertThrows(() => run("x"), EvaluationFailure, "undefined variable or function x");
  await assertRejects(async () => await run("slow_inc(1) / 0"), ElixirError);
});

Deno.test("bind() binds the variables of a pattern, or nothing at all", () => {
  const world = makeWorld(SYSTEM, stubHost(), () => {});
  const env = bind(parse("{:ok, pid}"), ["ok", 7], new Env(), world);
  assertEquals(env?.get("pid"), 7);
  assertEquals(bind(parse("{:ok, pid}"), ["error", 7], new Env(), world), undefined);
  assertEquals(bind(parse("_"), 1, new Env(), world)?.has("_"), false);
});
