import { assertEquals } from "@std/assert";
import { compareLog, type ExpectedLog, type FoundLog } from "./logs.ts";
import { stubHost, stubPid } from "./stub_host.ts";
import { Comparison } from "./terms.ts";

const [server, client] = [stubPid(1), stubPid(2)];

function differences(expected: ExpectedLog, found: Partial<FoundLog>): string[] {
  const { isPid, isRef } = stubHost();
  const terms = new Comparison({ isPid, isRef, moduleObject: () => undefined });
  terms.same([{ pid: 1 }, { pid: 2 }], [server, client]);
  return compareLog(expected, { kind: "server", pid: server, text: "", ...found }, terms);
}

const BOOM: ExpectedLog = {
  log: "GenServer :superman terminating",
  error: "** (RuntimeError) Boom",
  last_message: 'Last message: {:"$gen_cast", :die}',
  state: 'State: {:superman, "No good."}',
};
const FOUND: Partial<FoundLog> = {
  name: "superman",
  reason: [new Error("Boom"), "stack"],
  lastMessage: ["$gen_cast", "die"],
  state: ["superman", "No good."],
};

Deno.test("compareLog() finds the same report in other words", () => {
  assertEquals(differences(BOOM, FOUND), []);
  assertEquals(differences(BOOM, { ...FOUND, name: ["via", {}, "superman"] }), []);
  assertEquals(
    differences({
      log: "GenServer <pid1> terminating",
      error: "** (stop) :why",
      last_message: "Last message (from <pid2>): {:add, :bad}",
      state: "State: 0",
    }, {
      reason: "why",
      lastMessage: ["$gen_call", [client, {}], ["add", "bad"]],
      client,
      state: 0,
    }),
    [],
  );
  assertEquals(
    differences({
      log: "Process <pid1> raised an exception",
      error: "** (ErlangError) Erlang error: {:nocatch, :ball}",
    }, { kind: "process", reason: [["nocatch", "ball"], ""] }),
    [],
  );
});

Deno.test("compareLog() finds another process, error, message, client or state", () => {
  const cases: readonly (readonly [Partial<FoundLog>, string])[] = [
    [{ kind: "process" }, "kind of report: process, not server"],
    [{ name: "superdave" }, "process: :superman"],
    [{ reason: [new Error("Bang"), ""] }, "error: ** (RuntimeError) Boom"],
    [{ reason: "normal" }, "error: ** (RuntimeError) Boom"],
    [{ lastMessage: ["$gen_cast", "live"] }, 'last message: {:"$gen_cast", :die}'],
    [{ lastMessage: undefined }, 'last message: {:"$gen_cast", :die}'],
    [{ state: ["superman", "Good."] }, 'state: {:superman, "No good."}'],
  ];
  for (const [change, difference] of cases) {
    assertEquals(differences(BOOM, { ...FOUND, ...change }), [difference]);
  }
  assertEquals(differences({ log: "GenServer <pid2> terminating" }, { state: undefined }), [
    "process: <pid2>",
  ]);
  assertEquals(
    differences({
      log: "GenServer <pid1> terminating",
      last_message: "Last message (from <pid1>): :x",
      state: "State: 1",
    }, { lastMessage: "x", client, state: 1 }),
    [
      "client of the last message: <pid1>",
    ],
  );
  const { state: _, ...stateless } = FOUND;
  assertEquals(differences(BOOM, stateless), ["the state is missing"]);
});

Deno.test("compareLog() reads the words that Elixir has for exit reasons", () => {
  const line = (error: string): ExpectedLog => ({ log: "GenServer <pid1> terminating", error });
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ["** (stop) bad return value: :oops", ["bad_return_value", "oops"], ["bad_return_value", "ah"]],
    ["** (stop) time out", "timeout", "time out"],
    ["** (stop) killed", "killed", "kill"],
    ["** (stop) shutdown: 3", ["shutdown", 3], ["shutdown", 4]],
    ["** (stop) exited in: GenServer.call(<pid2>, :x, 5000)", ["noproc", ["GenServer", "call", [
      client,
      "x",
      5000,
    ]]], ["noproc", ["GenServer", "call", [client, "y", 5000]]]],
    ['** (stop) {:a, "b", 1.5}', ["a", "b", 1.5], ["a", "b", 1]],
  ];
  for (const [error, right, wrong] of cases) {
    assertEquals(differences(line(error), { reason: right }), [], error);
    assertEquals(differences(line(error), { reason: wrong }), [`error: ${error}`]);
  }
});

Deno.test("compareLog() reads an unhandled message, unless its text is cut off", () => {
  const line = (text: string): ExpectedLog => ({
    log: `'Elixir.Bare' <pid1> received unexpected message in handle_info/2: ${text}`,
  });
  assertEquals(differences(line("hello"), { kind: "unhandled", lastMessage: "hello" }), []);
  assertEquals(differences(line("hello"), { kind: "unhandled", lastMessage: "bye" }), [
    "message: :hello",
  ]);
  assertEquals(differences(line("{hello,"), { kind: "unhandled", lastMessage: ["hello", 1] }), []);
  const named = { ...line("hello"), log: line("hello").log.replace("<pid1>", "'Elixir.Bare'") };
  const found = { kind: "unhandled", lastMessage: "hello" } as const;
  assertEquals(differences(named, { ...found, name: "Bare" }), []);
  assertEquals(differences(named, { ...found, name: "Other" }), ["process: Bare"]);
});
