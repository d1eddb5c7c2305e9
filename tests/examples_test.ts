/**
 * Runs every example twice: its `main` with a collecting printer, and the program as a user starts it. Both
 * must print what the header of `main.ts` says, line by line, and log the crashes that it announces.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Logger } from "../mod.ts";
import { collectReports, inProcess } from "./helpers.ts";

type Main = (print: (line: string) => void) => Promise<void>;

const EXAMPLES = new URL("../examples/", import.meta.url);

for (const name of exampleNames()) {
  const program = new URL(`${name}/main.ts`, EXAMPLES);

  Deno.test(`examples/${name} main() prints and logs what its header says`, async () => {
    const { prints, logs } = await headerOf(program);
    const { main } = await import(program.href) as { main: Main };
    using reports = collectReports();
    assertEquals(await printedBy(main), prints);
    assertEquals(reports.logged.map((report) => Logger.format(report)).flatMap(reasons), logs);
  });

  Deno.test(`examples/${name} runs without permissions and exits by itself`, async () => {
    const { prints, logs, run } = await headerOf(program, { notices: true });
    assertEquals(run, `deno run examples/${name}/main.ts`);
    const { code, stdout, stderr } = await execute(run);
    assertEquals(lines(stdout), prints);
    assertEquals(reasons(stderr), logs);
    if (logs.length === 0) assertEquals(stderr, "");
    assertEquals(code, 0);
  });
}

Deno.test("examples/tour runs without permissions, shows every example and exits by itself", async () => {
  const { code, stdout, stderr } = await execute("deno run examples/tour.ts");
  assertEquals(stderr, "");
  assertEquals(code, 0);
  const rest = lines(stdout).filter((line) => !line.startsWith("  ! ")).slice(1);
  for (const [, name] of stdout.matchAll(/ \(examples\/(\w+)\)$/gm)) {
    const { prints } = await headerOf(new URL(`${name}/main.ts`, EXAMPLES));
    const [before, heading, after, ...printed] = rest.splice(0, 3 + prints.length);
    assertEquals([before, after, ...printed], ["", "", ...prints]);
    assertMatch(heading!, new RegExp(` \\(examples/${name}\\)$`));
  }
  assertEquals(rest, ["", "That was all."]);
});

/** The folders with a program in them. */
function exampleNames(): string[] {
  return [...Deno.readDirSync(EXAMPLES)]
    .filter(({ name, isDirectory }) =>
      isDirectory &&
      [...Deno.readDirSync(new URL(name, EXAMPLES))].some((file) => file.name === "main.ts")
    )
    .map(({ name }) => name).sort();
}

/**
 * What the header of a program promises: the command, the output in full, and why processes crash. Notices of
 * the Logger among the output are left out unless asked for: only the program as such prints them.
 */
async function headerOf(
  program: URL,
  { notices = false } = {},
): Promise<{ run: string; prints: string[]; logs: string[] }> {
  const [header] = (await Deno.readTextFile(program)).split(" */", 1);
  const block = (title: string) =>
    new RegExp(`^ \\* ${title}:\\n((?: \\*   .*\\n)+)`, "m").exec(header!)?.[1] ?? "";
  return {
    run: /^ \* Run: (.*)$/m.exec(header!)?.[1] ?? "",
    prints: lines(block("Prints")).map((line) => line.slice(" *   ".length))
      .filter((line) => notices || !line.startsWith("[notice] ")),
    logs: lines(block("Logs")).map((line) => line.slice(" *   ".length)),
  };
}

/** The lines that `main` prints. Its processes print by `console.log`, which counts as well. */
async function printedBy(main: Main): Promise<string[]> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (line: string) => void printed.push(line);
  try {
    await inProcess(() => main(console.log));
  } finally {
    console.log = log;
  }
  return printed;
}

/** Runs a command line without a terminal, so that nothing asks for permissions. */
async function execute(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program, ...args] = command.split(" ");
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args,
    cwd: new URL("..", EXAMPLES),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** The lines of a log that tell why a process ended. */
function reasons(log: string): string[] {
  return lines(log).filter((line) => line.startsWith("** ("));
}
