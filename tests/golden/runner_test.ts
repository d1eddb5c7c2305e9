import { assert, assertEquals, assertThrows } from "@std/assert";
import { host } from "./otp.ts";
import { reportLines } from "./report.ts";
import { runTranscript } from "./runner.ts";
import type { System } from "./system.ts";
import { FormatError, parseTranscript, type Transcript } from "./transcript.ts";

const SYSTEM: System = {
  modules: {
    Bell: {
      name: () => "bell",
      half: (n: number) => n / 2,
      announce: (n: number) => console.log(`it is ${n}`),
    },
  },
};

/** Nothing here needs the recorder's patience. */
const FAST = { settleTick: 2 };

/** A step as in a file; its parts are changed by the tests below. */
// deno-lint-ignore no-explicit-any -- JSON
type Json = any;

const atom = (name: string): Json => ({ atom: name });
const elixir = (source: string): Json => ({ text: source, op: { elixir: source } });
const print = (text: string): Json => ({ print: `${text}\n` });

/** A transcript that the library passes, with something of everything that is compared. */
function right(): Json[] {
  return [
    {
      do: {
        ...elixir(
          'pid = spawn(fn -> receive do {:ring, n} -> IO.puts("ring #{n}"); IO.puts("done"); exit(:bye) end end)',
        ),
        bind: { var: "pid" },
        op: {
          fn: "spawn",
          args: [{
            fun:
              'fn -> receive do {:ring, n} -> IO.puts("ring #{n}"); IO.puts("done"); exit(:bye) end end',
          }],
        },
      },
      expect: { return: { pid: 1 } },
    },
    {
      do: { text: "watch(pid)", op: { fn: "watch", args: [{ var: "pid" }] } },
      expect: { return: { pid: 1 } },
    },
    {
      do: elixir("send(self(), {:hello, pid})"),
      expect: { return: { tuple: [atom("hello"), { pid: 1 }] } },
    },
    {
      do: { text: "flush()", op: { fn: "flush", args: [] } },
      expect: { return: [{ tuple: [atom("hello"), { pid: 1 }] }] },
    },
    {
      do: elixir("send(pid, {:ring, 2})"),
      expect: {
        return: { tuple: [atom("ring"), 2] },
        after: [print("ring 2"), print("done")],
        exits: [{ pid: { pid: 1 }, reason: atom("bye"), text: "" }],
      },
    },
    {
      do: elixir('spawn(fn -> raise "oh snap" end)'),
      expect: {
        return: { pid: 2 },
        after: [{ log: "Process <pid2> raised an exception", error: "** (RuntimeError) oh snap" }],
      },
    },
    { do: elixir('IO.puts("mine")'), expect: { return: atom("ok"), before: [print("mine")] } },
    {
      do: { ...elixir("spawn_link(fn -> exit({:crash, 1}) end)"), client: "bob" },
      expect: {
        return: { pid: 3 },
        client_exit: [{ client: "bob", reason: { tuple: [atom("crash"), 1] }, text: "" }],
      },
    },
    {
      do: { ...elixir("Process.exit(self(), :kill)"), client: "bob" },
      expect: {
        return: { any: "none" },
        client_exit: [{ client: "bob", reason: atom("killed"), text: "" }],
      },
    },
    {
      do: elixir("exit(:leaving)"),
      expect: { raise: { kind: "exit", value: atom("leaving"), message: "" } },
    },
    {
      do: elixir("throw(:ball)"),
      expect: { raise: { kind: "throw", value: atom("ball"), message: "" } },
    },
    {
      do: elixir('raise "no"'),
      expect: { raise: { kind: "error", exception: "RuntimeError", message: "no" } },
    },
    {
      do: elixir("1 / 0"),
      expect: {
        raise: {
          kind: "error",
          exception: "ArithmeticError",
          message: "bad argument in arithmetic expression",
        },
      },
    },
    { do: elixir("Bell.name()"), expect: { return: "bell" } },
    { do: elixir("Process.send_after(self(), :late, 30)"), expect: { return: { ref: 1 } } },
    { do: { text: "wait 60 ms", op: { fn: "wait", args: [60] } }, expect: {} },
    { do: { text: "flush()", op: { fn: "flush", args: [] } }, expect: { return: [atom("late")] } },
  ];
}

function transcript(steps: readonly Json[]): Transcript {
  const lines = [
    { golden: 1, name: "test", system: "test", about: "" },
    ...steps.map((step, i) => ({ n: i + 1, ...step })),
    { end: true, steps: steps.length },
  ];
  return parseTranscript(lines.map((line) => JSON.stringify(line)).join("\n"));
}

/** Runs the transcript, changed, and answers what differs: `step part`. */
async function differing(change: (steps: Json[]) => void): Promise<string[]> {
  const steps = right();
  change(steps);
  const report = await runTranscript(transcript(steps), SYSTEM, host, FAST);
  return report.steps.flatMap(({ step, differences }) =>
    differences.map(({ part }) => `${step.n} ${part}`)
  );
}

Deno.test("runTranscript() finds nothing where all is as recorded", async () => {
  assertEquals(await differing(() => {}), []);
});

const TAMPERED: Readonly<
  Record<string, readonly [change: (steps: Json[]) => void, differences: readonly string[]]>
> = {
  "another value": [(steps) => steps[13].expect.return = "bells", ["14 return"]],
  "an atom for nil": [(steps) => steps[13].expect.return = null, ["14 return"]],
  "another message": [(steps) => steps[3].expect.return = [atom("bye")], ["4 return"]],
  "a message too many": [(steps) => steps[16].expect.return = [], ["17 return"]],
  "a message too few": [(steps) => steps[16].expect.return = [atom("late"), atom("late")], [
    "17 return",
  ]],
  "another process": [(steps) => steps[5].expect.return = { pid: 1 }, ["6 return"]],
  "a print that is missing": [(steps) => steps[4].expect.after.push(print("more")), ["5 after"]],
  "a print too many": [(steps) => steps[4].expect.after.pop(), ["5 after"]],
  "another print": [(steps) => steps[6].expect.before = [print("yours")], ["7 before"]],
  "another order": [(steps) => steps[4].expect.after.reverse(), ["5 after", "5 after"]],
  "an event after the return that came before it": [
    (steps) => steps[5].expect = { return: { pid: 2 }, before: steps[5].expect.after },
    ["6 before", "6 after"],
  ],
  "a report that is missing": [
    (steps) => steps[6].expect.before.push({ log: "Process <pid2> raised an exception" }),
    ["7 before"],
  ],
  "a report too many": [(steps) => delete steps[5].expect.after, ["6 after"]],
  "a report of another error": [
    (steps) => steps[5].expect.after[0].error = "** (RuntimeError) oh snip",
    ["6 after"],
  ],
  "a report of another process": [
    (steps) => steps[5].expect.after[0].log = "Process <pid1> raised an exception",
    ["6 after"],
  ],
  "another exit reason": [(steps) => steps[4].expect.exits[0].reason = atom("normal"), [
    "5 exits",
    "5 exits",
  ]],
  "an exit that is missing": [(steps) => steps[3].expect.exits = steps[4].expect.exits, [
    "4 exits",
  ]],
  "an exit too many": [(steps) => delete steps[4].expect.exits, ["5 exits"]],
  "another reason of a client's exit": [
    (steps) => steps[7].expect.client_exit[0].reason = atom("crash"),
    ["8 client_exit", "8 client_exit"],
  ],
  "a client's exit that is missing": [
    (steps) => steps[6].expect.client_exit = steps[7].expect.client_exit,
    ["7 client_exit"],
  ],
  "a client's exit too many": [(steps) => delete steps[7].expect.client_exit, ["8 client_exit"]],
  "a return of a client that died": [(steps) => steps[8].expect.return = true, ["9 return"]],
  "a death of a client that returned": [(steps) => steps[13].expect.return = { any: "none" }, [
    "14 return",
  ]],
  "a return instead of an exit": [(steps) => steps[9].expect = { return: atom("leaving") }, [
    "10 return",
  ]],
  "another reason of a raised exit": [(steps) => steps[9].expect.raise.value = atom("left"), [
    "10 return",
  ]],
  "an exit instead of a throw": [(steps) => steps[10].expect.raise.kind = "exit", ["11 return"]],
  "another text of an error": [(steps) => steps[11].expect.raise.message = "yes", ["12 return"]],
  "another class of error": [(steps) => steps[12].expect.raise.exception = "RuntimeError", [
    "13 return",
  ]],
  "a step that no one can run": [(steps) => steps[13].do = elixir("Bell.name("), ["14 step"]],
  "a function that is missing": [(steps) => steps[13].do = elixir("Bell.ring()"), ["14 return"]],
  "other numbers in the step": [(steps) => steps[4].do = elixir("send(pid, {:ring, 3})"), [
    "5 return",
    "5 after",
  ]],
};

for (const [title, [change, differences]] of Object.entries(TAMPERED)) {
  Deno.test(`runTranscript() finds ${title}`, async () =>
    assertEquals(await differing(change), differences));
}

Deno.test("runTranscript() finds a message that comes too late", async () => {
  assertEquals(
    await differing((steps) => steps[14].do = elixir("Process.send_after(self(), :late, 500)")),
    ["17 return"],
  );
});

Deno.test("runTranscript() gives a step that does not return a limit", async () => {
  const stuck = transcript([{ do: elixir("receive do :never -> 1 end"), expect: { return: 1 } }, {
    do: elixir("Bell.name()"),
    expect: { return: "bell" },
  }]);
  const report = await runTranscript(stuck, SYSTEM, host, { ...FAST, stepLimit: 50 });
  assertEquals(report.steps.map(({ differences }) => differences.map(({ part }) => part)), [[
    "step",
    "client_exit",
  ], []]);
  assert(reportLines(report).some((line) => line.includes("step stuck")));
});

Deno.test("runTranscript() gives the steps of a system the limit that it asks for", async () => {
  const steps = [{ do: elixir("receive do :never -> 1 end"), expect: { return: 1 } }];
  const report = await runTranscript(transcript(steps), { ...SYSTEM, stepLimit: 50 }, host, FAST);
  assert(reportLines(report).some((line) => line.includes("no return within 0.05 s")));
});

Deno.test("runTranscript() has the system clean up once, after the last step, whatever it gave", async () => {
  const order: string[] = [];
  const system: System = {
    modules: {},
    helpers: { note: (text: string) => void order.push(text) },
    end: () => void order.push("end"),
  };
  const steps = [
    { do: elixir('note("one")'), expect: { return: null } },
    { do: elixir('note("two"); raise("no")'), expect: { return: null } },
  ];
  assertEquals((await runTranscript(transcript(steps), system, host, FAST)).same, false);
  assertEquals(order, ["one", "two", "end"]);
});

Deno.test("runTranscript() keeps what a client has from step to step, and gives a dead one a fresh start", async () => {
  const steps = [
    { do: elixir("Process.flag(:trap_exit, true)"), expect: { return: false } },
    { do: elixir("Process.flag(:trap_exit, true)"), expect: { return: true } },
    {
      do: { ...elixir("Process.flag(:trap_exit, true)"), client: "bob" },
      expect: { return: false },
    },
    {
      do: {
        text: "x",
        bind: { tuple: [atom("ok"), { var: "x" }] },
        op: { tuple: [atom("ok"), 7] },
      },
      expect: { return: { tuple: [atom("ok"), 7] } },
    },
    { do: { ...elixir("x + 1"), client: "bob" }, expect: { return: 8 } },
    {
      do: elixir("Process.exit(self(), :kill)"),
      expect: {
        return: { any: "none" },
        client_exit: [{ client: "shell", reason: atom("killed"), text: "" }],
      },
    },
    { do: elixir("Process.flag(:trap_exit, true)"), expect: { return: false } },
  ];
  assertEquals(reportLines(await runTranscript(transcript(steps), SYSTEM, host, FAST)), [
    "same    test (7 steps)",
  ]);
});

Deno.test("runTranscript() captures what a port prints, leaves no process and gives the console back", async () => {
  const { log } = console;
  const before = host.processes().length;
  const steps = [{
    do: elixir("Bell.announce(12)"),
    expect: { return: null, before: [print("it is 12")] },
  }, { do: elixir("spawn(fn -> receive do :never -> 1 end end)"), expect: { return: { pid: 1 } } }];
  const report = await runTranscript(transcript(steps), SYSTEM, host, FAST);
  assertEquals(reportLines(report), ["same    test (2 steps)"]);
  assertEquals(console.log, log);
  assertEquals(host.processes().length, before);
});

Deno.test("runTranscript() names the differences it accepts, and why", async () => {
  const steps = [
    {
      do: {
        text: "Process.info(self(), :current_function)",
        op: { fn: "Process.info", args: [{ fn: "self", args: [] }, atom("current_function")] },
      },
      expect: {
        return: {
          tuple: [atom("current_function"), { tuple: [atom("gen_server"), atom("loop"), 7] }],
        },
      },
    },
    {
      do: elixir('IO.puts("#{Bell.half(32)}")'),
      expect: { return: atom("ok"), before: [print("16.0")] },
    },
  ];
  const report = await runTranscript(transcript(steps), SYSTEM, host, FAST);
  assertEquals(report.same, true);
  assertEquals(report.steps.map(({ excepted }) => excepted.length), [1, 1]);
  assert(reportLines(report)[0]!.includes("2 excepted"));
});

Deno.test("reportLines() shows the step, what was expected and what was found", async () => {
  const report = await runTranscript(
    transcript([{ do: elixir("Bell.name()"), expect: { return: atom("gong") } }]),
    SYSTEM,
    host,
    FAST,
  );
  assertEquals(reportLines(report), [
    "DIFFERS test (1 steps, 1 differ)",
    "  step 1  Bell.name()",
    "    return",
    "      expected: :gong",
    "      found:    :bell",
  ]);
});

Deno.test("parseTranscript() refuses an invalid transcript, and says why", () => {
  const head = '{"golden":1,"name":"x","system":"x","about":""}';
  const cases: readonly (readonly [string, string])[] = [
    ["", "empty"],
    ["no json", "line 1: no JSON"],
    ['{"golden":2}', "begins with"],
    [head, "cut off"],
    [`${head}\n{"n":1}\n{"end":true,"steps":1}`, 'line 2: a step needs "do"'],
    [
      `${head}\n{"n":1,"do":{"text":"x","op":1},"expect":{"retrun":1}}\n{"end":true,"steps":1}`,
      "unknown key",
    ],
    [`${head}\n{"end":true,"steps":1}`, "1 steps, the file has 0"],
    [`${head}\n{"end":true,"steps":0}\n{"note":"more"}`, "follows the end"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseTranscript(text), FormatError, message);
  }
});
