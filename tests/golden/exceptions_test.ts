import { assertEquals } from "@std/assert";
import { type Difference, exceptionFor } from "./exceptions.ts";
import type { Expectation, Op, Step } from "./transcript.ts";

const step = (op: Op, expect: Expectation = {}, client?: string): Step => ({
  n: 3,
  do: { text: "", op, ...(client !== undefined && { client }) },
  expect,
});
const atom = (name: string): Op => ({ atom: name });
const difference = (part: Difference["part"], expected: string, found: string): Difference => ({
  part,
  expected,
  found,
});
const info = (item: string) => step({ fn: "Process.info", args: [{ var: "p" }, atom(item)] });
const refused: Expectation = {
  raise: { kind: "error", exception: "FunctionClauseError", message: "" },
};
const any = step({ fn: "x", args: [] });
const clientExit: Expectation = {
  client_exit: [{ client: "shell", reason: null, text: "" }],
};

const call = (text: string, fn: string, ...args: Op[]): Step => ({
  n: 3,
  do: { text, op: { fn, args } },
  expect: {},
});
const FILES = call("files()", "files");
const MIX_FILES = '["lib/shop.ex", "mix.exs", "test/test_helper.exs"]';
const OUR_FILES =
  '["lib/core.ts", "lib/server.ts", "lib/shop.ex", "main.ts", "mix.exs"] (differs at the value (5 items, not 3))';
const COMPILE = call('mix(["compile"], "shop")', "mix", ["compile"], "shop");
const RUN = call('mix(["run"], "shop")', "mix", ["run"], "shop");
const APP_FILE = call("app_file()", "app_file");
const MIX_SPEC =
  "{:shop, [{:applications, [:kernel, :elixir]}, {:mod, {Shop, []}}, {:modules, [Shop]}, {:vsn, [48, 46, 49, 46, 48]}]}";
const specification = (applications: string, vsn: string) =>
  `["shop", [applications: ${applications}, mod: ["Shop", []], vsn: ${vsn}]] (differs at [1])`;

const ACCEPTED: readonly (readonly [Step, Difference, system?: string])[] = [
  [info("current_function"), difference("return", "{:a}", "{:b}")],
  [step({ fn: "==", args: [info("dictionary").do.op, 1] }), difference("return", "true", "false")],
  [step({ fn: "Alarm.new", args: ["timer", 1] }, refused), difference("return", "raised", "%{}")],
  [
    step({ fn: "Process.register", args: [{ fn: "self", args: [] }, "text"] }, refused),
    difference("return", "raised", "true"),
  ],
  [
    step(
      { fn: "Agent.start", args: [{ var: "f" }, [{ tuple: [atom("name"), "text"] }]] },
      refused,
    ),
    difference("return", "raised", "{:ok, 1}"),
  ],
  [FILES, difference("return", MIX_FILES, OUR_FILES), "mix_project"],
  [COMPILE, difference("return", '{0, ["Compiling"]}', '[0, ["Check", "a"]]'), "mix_project"],
  [APP_FILE, difference("return", MIX_SPEC, specification("[]", "'0.1.0'")), "mix_project"],
  [step(1, clientExit), difference("return", "{:error, :x}", "the client died of :x")],
  [
    step({ fn: "Registry.register", args: [] }),
    difference("return", "{:ok, <pid7>}", "{:ok, <pid5>} (differs at [1])"),
  ],
  [
    any,
    difference(
      "after",
      'print "stop {:function_clause, [{Respo\\n"',
      'print "stop {%TypeError{mes\\n"',
    ),
  ],
  [any, difference("before", 'print "end {:a, \\"b\\"}\\n"', 'print "end {:a, :b}\\n"')],
  [any, difference("return", '"%FunctionClauseError{module: X}"', '"%TypeError{message: 1}"')],
];

const NOT_ACCEPTED: typeof ACCEPTED = [
  [step({ fn: "Process.whereis", args: ["text"] }), difference("return", "1", "2")],
  [step({ fn: "Process.whereis", args: [atom("a")] }, refused), difference("return", "1", "2")],
  [step({ fn: "Counter.inc", args: ["text"] }, refused), difference("return", "1", "2")],
  [info("message_queue_len"), difference("return", "{:a}", "{:b}")],
  [info("current_function"), difference("after", "{:a}", "{:b}")],
  [step({ fn: "Alarm.new", args: ["timer", 2.5] }, refused), difference("return", "raised", "%{}")],
  [
    step({ fn: "Alarm.new", args: [atom("timer"), 1] }, refused),
    difference("return", "raised", "%{}"),
  ],
  [any, difference("return", ":a", ":b")],
  [step(1, clientExit, "bob"), difference("return", "{:error, :x}", "the client died of :x")],
  [step(1, clientExit), difference("return", "true", "the client died of :killed")],
  [step(1, clientExit), difference("return", "{:error, :x}", ":error")],
  [step({ fn: "Registry.register", args: [] }), difference("return", "{:ok, <pid7>}", ":error")],
  [
    any,
    difference("after", 'print "stop {:function_clause, [{Respo\\n"', 'print "end {%TypeErr\\n"'),
  ],
  [any, difference("before", 'print "end {:a, \\"b\\"}\\n"', 'print "end {:a, :c}\\n"')],
  [any, difference("return", ":b", '"b"')],
  [any, difference("return", ":a", ":b"), "mix_project"],
  [FILES, difference("return", MIX_FILES, OUR_FILES), "application"],
  [FILES, difference("return", MIX_FILES, OUR_FILES.replace('"main.ts", ', "")), "mix_project"],
  [FILES, difference("return", MIX_FILES, OUR_FILES.replace('"mix.exs"', '"a"')), "mix_project"],
  [FILES, difference("return", MIX_FILES, "raised Error: no such folder"), "mix_project"],
  [COMPILE, difference("return", '{0, ["Compiling"]}', '[1, ["Check", "a"]]'), "mix_project"],
  [RUN, difference("return", '{0, ["started", "done"]}', '[0, ["done"]]'), "mix_project"],
  [APP_FILE, difference("return", MIX_SPEC, specification("[:a]", "'0.1.0'")), "mix_project"],
  [APP_FILE, difference("return", MIX_SPEC, specification("[]", "'0.2.0'")), "mix_project"],
  [any, difference("return", '"%ArithmeticError{message: 1}"', '"%RangeError{message: 1}"')],
];

Deno.test("exceptionFor() has a reason for what cannot or need not be met", () => {
  for (const [step, differs, system = ""] of ACCEPTED) {
    assertEquals(typeof exceptionFor(step, differs, system), "string", JSON.stringify(differs));
  }
});

Deno.test("exceptionFor() has none for anything else", () => {
  for (const [step, differs, system = ""] of NOT_ACCEPTED) {
    assertEquals(exceptionFor(step, differs, system), undefined, JSON.stringify(differs));
  }
});
