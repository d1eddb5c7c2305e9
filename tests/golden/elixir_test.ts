import { assertEquals, assertThrows } from "@std/assert";
import { type Node, SyntaxFailure } from "./ast.ts";
import { parse } from "./elixir.ts";

/** A short form of a tree: operators and calls in prefix form. */
function brief(node: Node): string {
  switch (node.t) {
    case "number":
    case "bool":
      return String(node.value);
    case "nil":
      return "nil";
    case "string":
      return JSON.stringify(node.value);
    case "charlist":
      return `'${node.value}'`;
    case "interpolation":
      return `"${node.parts.map(brief).join(" ")}"`;
    case "atom":
      return `:${node.value}`;
    case "alias":
    case "var":
      return node.name;
    case "list":
      return `[${node.items.map(brief).join(" ")}${node.tail ? ` | ${brief(node.tail)}` : ""}]`;
    case "tuple":
      return `{${node.items.map(brief).join(" ")}}`;
    case "map":
    case "struct": {
      const pairs = node.pairs.map(([key, value]) => `${brief(key)}=${brief(value)}`).join(" ");
      return `%${node.t === "struct" ? node.name : ""}{${
        node.t === "map" && node.base ? `${brief(node.base)} | ` : ""
      }${pairs}}`;
    }
    case "sigil":
      return `~${node.letter}(${brief(node.text)})${node.modifiers}`;
    case "call":
    case "dot": {
      const name = node.t === "dot" ? `${brief(node.target)}.${node.name}` : node.name;
      const sections = Object.entries(node.sections ?? {}).map(([key, value]) =>
        ` ${key}: ${brief(value)}`
      ).join("");
      return node.t === "dot" && !node.parens
        ? name
        : `(${[name, ...node.args.map(brief)].join(" ")}${sections})`;
    }
    case "apply":
      return `(${[brief(node.target), ...node.args.map(brief)].join(" ")})`;
    case "index":
      return `${brief(node.target)}[${brief(node.key)}]`;
    case "fn":
    case "clauses":
      return `<${
        node.clauses.map((c) =>
          `${c.patterns.map(brief).join(" ")}${c.guard ? ` when ${brief(c.guard)}` : ""} -> ${
            brief(c.body)
          }`
        ).join("; ")
      }>`;
    case "capture":
      return `&${brief(node.body)}`;
    case "captureArg":
      return `&${node.n}`;
    case "unary":
      return `(${node.op} ${brief(node.arg)})`;
    case "binary":
      return `(${node.op} ${brief(node.left)} ${brief(node.right)})`;
    case "pin":
      return `^${brief(node.arg)}`;
    case "match":
      return `(= ${brief(node.pattern)} ${brief(node.value)})`;
    case "block":
      return `(${node.items.map(brief).join("; ")})`;
    case "placeholder":
      return `<${node.kind}${node.n ?? ""}>`;
    case "etc":
      return "...";
  }
}

const CASES: Readonly<Record<string, readonly (readonly [source: string, tree: string])[]>> = {
  "reads literals": [
    ["3_723_500", "3723500"],
    ["0xFF", "255"],
    ["2.5e3", "2500"],
    ["-5", "-5"],
    ["?a", "97"],
    ['"a\\n\\"b\\" é"', '"a\\n\\"b\\" é"'],
    ["'ab'", "'ab'"],
    [":ok", ":ok"],
    [':"$gen_cast"', ":$gen_cast"],
    [":b@localhost", ":b@localhost"],
    ["nil", "nil"],
    ["~w(a b)a", '~w("a b")a'],
    ["~T[12:34:56]", '~T("12:34:56")'],
    ['"a#{1 + 1}b"', '""a" (+ 1 1) "b""'],
  ],
  "reads collections": [
    ["[1, 2 | t]", "[1 2 | t]"],
    ["[a: 1, b: [c: 2]]", "[{:a 1} {:b [{:c 2}]}]"],
    ["{:ok, pid}", "{:ok pid}"],
    ['%{"a" => 1, b: 2}', '%{"a"=1 :b=2}'],
    ["%{m | a: 1}", "%{m | :a=1}"],
    ["%Egg.Alarm{name: n}", "%Egg.Alarm{:name=n}"],
  ],
  "reads calls": [
    ["self()", "(self)"],
    ["send(pid, {:add, 1})", "(send pid {:add 1})"],
    ["send pid, :x", "(send pid :x)"],
    ["Process.alive?(pid)", "(Process.alive? pid)"],
    ["Calculator.Server.add(c, 1)", "(Calculator.Server.add c 1)"],
    [":timer.send_interval(400, self(), :tick)", "(:timer.send_interval 400 (self) :tick)"],
    ["GenServer.start(Bare, 1, name: :x)", "(GenServer.start Bare 1 [{:name :x}])"],
    ["f.(1, 2)", "(f 1 2)"],
    ["a.name", "a.name"],
    ["timers[:x].f.()", "(timers[:x].f)"],
    ['raise "oh snap"', '(raise "oh snap")'],
    ["10 |> inc |> add(2)", "(|> (|> 10 inc) (add 2))"],
    ["add(\n  1,\n  2\n)", "(add 1 2)"],
  ],
  "reads functions": [
    ["fn -> :ok end", "< -> :ok>"],
    ["fn acc, _ -> inc(acc) end", "<acc _ -> (inc acc)>"],
    ["fn {a, b} when a > b -> a\n _ -> nil end", "<{a b} when (> a b) -> a; _ -> nil>"],
    ["fn (a, b) -> a end", "<a b -> a>"],
    ["&add/2", "&(/ add 2)"],
    ["&Mod.fun/1", "&(/ Mod.fun 1)"],
    ["&(&1 + 1)", "&(+ &1 1)"],
    ["& &1.n", "&&1.n"],
    ["&{&1, 2}", "&{&1 2}"],
  ],
  "binds operators as Elixir does": [
    ["1 + 2 * 3 - 4", "(- (+ 1 (* 2 3)) 4)"],
    ["a == b and not c or d", "(or (and (== a b) (not c)) d)"],
    ["x in 9_000..10_000", "(in x (.. 9000 10000))"],
    ["x not in [1]", "(not (in x [1]))"],
    ["[1] ++ [2] ++ [3]", "(++ [1] (++ [2] [3]))"],
    ['"a" <> b == c', '(== (<> "a" b) c)'],
    ["x = y = 1", "(= x (= y 1))"],
    ["-x + 1", "(+ (- x) 1)"],
    ["a - 1", "(- a 1)"],
    ["!a && b || c", "(|| (&& (! a) b) c)"],
    ["Slow.casts(s, 20) >= 19", "(>= (Slow.casts s 20) 19)"],
  ],
  "reads blocks": [
    [
      "receive do\n  {:DOWN, ^ref, _, _, r} -> r\nafter\n  100 -> :nothing\nend",
      "(receive do: <{:DOWN ^ref _ _ r} -> r> after: <100 -> :nothing>)",
    ],
    ["receive do m when is_atom(m) -> m end", "(receive do: <m when (is_atom m) -> m>)"],
    ["case f(x) do\n  1 -> :a\n  _ -> :b\nend", "(case (f x) do: <1 -> :a; _ -> :b>)"],
    ["if foo(x) do\n  1\nelse\n  2\nend", "(if (foo x) do: 1 else: 2)"],
    ["if a, do: 1, else: 2", "(if a [{:do 1} {:else 2}])"],
    ["for x <- 1..3, x > 1, do: x", "(for (<- x (.. 1 3)) (> x 1) [{:do x}])"],
    [
      "try do\n  f()\nrescue\n  e in [A, B] -> e\ncatch\n  :exit, r -> r\nend",
      "(try do: (f) rescue: <(in e [A B]) -> e> catch: <:exit r -> r>)",
    ],
    ["x = 1; x + 1", "((= x 1); (+ x 1))"],
    [
      "spawn(fn ->\n  Process.link(t)\n\n  receive do\n    :go -> exit(:oops)\n  end\nend)",
      "(spawn < -> ((Process.link t); (receive do: <:go -> (exit :oops)>))>)",
    ],
    ["cond do\n  a -> 1\n  true -> 2\nend", "(cond do: <a -> 1; true -> 2>)"],
    ["x\n|> f()\n|> g()", "(|> (|> x (f)) (g))"],
  ],
};

for (const [title, cases] of Object.entries(CASES)) {
  Deno.test(`parse() ${title}`, () => {
    for (const [source, tree] of cases) assertEquals(brief(parse(source)), tree, source);
  });
}

Deno.test("parse() reads the stand-ins of printed terms if asked to", () => {
  const source =
    "%{t: %Egg.Alarm{f: <fun/0>, time: <time>}, p: [<pid3>, <ref1>], s: #MapSet<[1]>, l: [1, ...]}";
  assertEquals(
    brief(parse(source, { placeholders: true })),
    "%{:t=%Egg.Alarm{:f=<fun0> :time=<time>} :p=[<pid3> <ref1>] :s=<opaque> :l=[1 ...]}",
  );
});

Deno.test("parse() says where it does not understand", () => {
  for (
    const [source, place] of [
      ["f(1,", "column 5"],
      ["1 +", "column 4"],
      ["a\n)", "line 2, column 1"],
      ['"abc', "column 5"],
      ["@x", "column 1"],
    ] as const
  ) {
    const error = assertThrows(() => parse(source), SyntaxFailure);
    assertEquals(error.message.includes(place), true, `${source}: ${error.message}`);
  }
});
