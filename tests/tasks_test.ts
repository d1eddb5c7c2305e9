/**
 * The tasks of `deno.json`: each runs as CONTRIBUTING.md and README say, with arguments that keep it short.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";

/** The short run of a task: arguments, standard input, and a part of what it prints. */
interface Run {
  readonly args?: readonly string[];
  readonly input?: string;
  readonly output: string;
  /** The exit status. Default: 0. */
  readonly status?: number;
}

const RUNS: Record<string, Run> = {
  start: { output: "A tour of the examples." },
  test: { args: ["--quiet", "tests/match_test.ts"], output: "| 0 failed" },
  golden: {
    args: ["tests/golden/transcripts/application.jsonl"],
    output: "same    application",
  },
  chaos: { args: ["1", "50"], output: "Chaos with seed 1: 50 steps" },
  soak: { args: ["--help"], output: "usage: deno task soak", status: 1 },
  repl: { input: "`${6 * 7} ${self()}`\n", output: '"42 #PID<0.' },
  bench: {
    args: ["--no-beam", "--rounds", "1", "cancelled_timer"],
    output: "`Process.sendAfter` and `cancelTimer`",
  },
};

/** `new` has the tests below. `ok` runs this suite; the others are parts of it. */
const ELSEWHERE = ["new", "ok", "fmt", "lint", "check", "doc", "dry"];

const ROOT = new URL("../", import.meta.url);

Deno.test("deno.json has no task that is not tested", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assertEquals(Object.keys(tasks).sort(), [...Object.keys(RUNS), ...ELSEWHERE].sort());
});

for (const [task, { args = [], input = "", output, status = 0 }] of Object.entries(RUNS)) {
  Deno.test(`deno task ${task} runs`, async () => {
    const child = new Deno.Command("deno", {
      args: ["task", "--quiet", task, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [{ code, stdout, stderr }] = await Promise.all([
      child.output(),
      new Blob([input]).stream().pipeTo(child.stdin),
    ]);
    const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertStringIncludes(printed!, output);
    assertEquals(code, status, errors);
  });
}

for (const folder of [".", "lib/gen", "../elsewhere"]) {
  Deno.test(`deno task new makes a project in the folder where it is run: ${folder}`, async () => {
    const { stdout } = await new Deno.Command("deno", {
      args: ["run", "-A", "--no-config", "tests/fixtures/new_task.ts", folder, "my_app", "--sup"],
      cwd: ROOT,
      stderr: "null",
    }).output();
    const files = new TextDecoder().decode(stdout).trim().split("\n").sort();
    assertEquals(
      files,
      [
        ...[".gitignore", "README.md", "deno.json"],
        ...["application", "core", "my_app", "server"].map((name) => `lib/${name}.ts`),
        ...["main.ts", "tests/my_app_test.ts"],
      ].map((file) => `${folder}/my_app/${file}`).sort(),
    );
  });
}
