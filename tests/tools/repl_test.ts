/**
 * The shell of `deno task repl`: what it prints for lines on its standard input.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** The lines that the shell prints after its greeting, pids numbered in the order in which they appear. */
async function repl(...lines: string[]): Promise<string[]> {
  const shell = new Deno.Command("deno", {
    args: ["task", "--quiet", "repl"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const [{ stdout }] = await Promise.all([
    shell.output(),
    new Blob([lines.map((line) => `${line}\n`).join("")]).stream().pipeTo(shell.stdin),
  ]);
  const pids = new Map<string, string>();
  const text = new TextDecoder().decode(stdout).replaceAll(/#PID<[\d.]+>/g, (pid) => {
    if (!pids.has(pid)) pids.set(pid, `pid ${pids.size + 1}`);
    return pids.get(pid)!;
  });
  return text.trim().split("\n").slice(2);
}

Deno.test("deno task repl has everything as a global, and a shell that is a process", async () => {
  assertEquals(
    await repl(
      "send(self(), 'hello')",
      "flush()",
      "const pid = unwrap(await Agent.startLink(() => 41))",
      "await Agent.get(pid, (n) => n + 1)",
      "typeof Node.start",
    ),
    ['"hello"', "hello", '"ok"', "undefined", "42", '"function"'],
  );
});

const failing: Record<string, readonly [line: string, reason: string]> = {
  "GenServer.startLink()": [
    'await GenServer.startLink({ init: () => ["stop", "no way"] }, 0)',
    '"no way"',
  ],
  "Task.await()": [
    'await Task.await(Task.async(() => { throw new Error("oh snap") }))',
    "an exception was raised: Error: oh snap",
  ],
  "Process.sleep()": [
    'spawnLink(() => { throw exit("boom") }), await Process.sleep(1e9)',
    '"boom"',
  ],
  "receive()": [
    "spawn((shell => () => Process.exit(shell, 'kill'))(self())), await receive()",
    "killed",
  ],
};

for (const [what, [line, reason]] of Object.entries(failing)) {
  Deno.test(`deno task repl prints the reason and goes on with a new shell when the shell exits in ${what}`, async () => {
    const printed = await repl("self()", line, "self()", "Process.list().length > 0");
    const exit = `** (EXIT from pid 1) shell process exited with reason: ${reason}`;
    assertEquals(
      printed.filter((line) => !line.startsWith("Uncaught ")),
      ["pid 1", exit, "pid 2", "true"],
    );
  });
}

Deno.test("deno task repl prints the reason when the shell exits between two lines, each time", async () => {
  const fail = 'spawnLink(() => { throw exit("boom") })';
  assertEquals(await repl("self()", `${fail}; 1`, "self()", "Process.exit(self(), 'normal')"), [
    "pid 1",
    '** (EXIT from pid 1) shell process exited with reason: "boom"',
    "1",
    "pid 2",
    "** (EXIT from pid 2) shell process exited with reason: normal",
    "true",
  ]);
});

Deno.test("deno task repl leaves errors of a line to Deno, and the shell stays", async () => {
  assertEquals(
    (await repl("self()", "null.x", "await GenServer.call('nobody', 1)", "self()"))
      .filter((line) => !line.startsWith("    at ")).map((line) => line.slice(0, 16)),
    ["pid 1", "Uncaught TypeErr", "Uncaught Exit: e", "pid 1"],
  );
});
