import { assertEquals, assertStringIncludes } from "@std/assert";

/** A run of the program `fixtures/application.ts`: its exit status, and what it printed, without notices. */
interface Run {
  readonly code: number;
  readonly lines: string[];
  readonly stderr: string;
}

/** Runs the program. Sends it a signal after each line that is a key of `signals`. */
async function run(how: string, signals: Record<string, Deno.Signal> = {}): Promise<Run> {
  const program = new URL("fixtures/application.ts", import.meta.url);
  const child = new Deno.Command("deno", {
    args: ["run", "--quiet", program.href, how],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const lines: string[] = [];
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const read = (rest + text).split("\n");
    rest = read.pop()!;
    for (const line of read) {
      if (line.startsWith("[notice]")) continue;
      lines.push(line);
      const signal = signals[line];
      if (signal !== undefined) child.kill(signal);
    }
  }
  const { code } = await child.status;
  return { code, lines, stderr: await stderr };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`Application.run() stops all in reverse order, and exits with status 0, on ${signal}`, async () => {
    const { code, lines } = await run("waits", { ready: signal });
    assertEquals(lines, ["ready", "shop stops", "shop stopped", "database stopped"]);
    assertEquals(code, 0);
  });
}

Deno.test("Application.run() stops all, and exits with status 1, when the application stops by itself", async () => {
  const { code, lines, stderr } = await run("ends");
  assertEquals(lines, ["ready", "shop stops", "shop stopped", "database stopped"]);
  assertStringIncludes(stderr, 'Application shop terminated, all applications are stopped: "boom"');
  assertEquals(code, 1);
});

Deno.test("Application.run() stops what was started, and tells why, when the application does not start", async () => {
  const { code, lines, stderr } = await run("fails");
  assertEquals(lines, ["database stopped"]);
  assertStringIncludes(
    stderr,
    'Cannot run application shop: shop did not start: [module start, stop].start("normal", []) returned an error: "no_money"',
  );
  assertEquals(code, 1);
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  Deno.test(`Application.run() exits at once with status ${status} on a second ${signal}`, async () => {
    const { code, lines } = await run("hangs", { "ready": "SIGTERM", "shop stops": signal });
    assertEquals(lines, ["ready", "shop stops"]);
    assertEquals(code, status);
  });
}

Deno.test("Application.run() exits with status 1 when the stop takes longer than shutdownTimeout [AP-034]", async () => {
  const { code, lines } = await run("late", { ready: "SIGTERM" });
  assertEquals(lines, ["ready", "shop stops"]);
  assertEquals(code, 1);
});

Deno.test("Application.run() resolves, and lets the host exit, when the application is stopped", async () => {
  const { code, lines } = await run("stops");
  assertEquals(lines, ["ready", "shop stops", "shop stopped", "goes on"]);
  assertEquals(code, 0);
});
