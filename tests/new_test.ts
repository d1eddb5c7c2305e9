import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../lib/new.ts";

/** A host whose files are a map. */
function memory(existing: readonly string[] = []) {
  const files = new Map<string, string>(existing.map((path) => [path, "mine"]));
  const lines: string[] = [];
  return {
    files,
    lines,
    exists: (path: string) =>
      Promise.resolve(
        [...files.keys()].some((file) => file === path || file.startsWith(`${path}/`)),
      ),
    write: (path: string, text: string) => Promise.resolve(void files.set(path, text)),
    print: (line: string) => void lines.push(line),
  };
}

async function make(...args: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command("deno", {
    args: ["run", "-A", "--no-config", "tests/fixtures/new_project.ts", ...args],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("new --sup makes a project that passes its own checks, runs code with and without its application, and is not made twice", async () => {
  assertEquals(await make("my_app", "--sup"), [
    "new 0",
    "fmt 0",
    "lint 0",
    "check 0",
    "test 0",
    "eval beside the application 0",
    "eval without it 1",
    "repl 0",
    "again 1, untouched true",
  ]);
});

Deno.test("new without --sup makes a project whose program runs", async () => {
  assertEquals(await make("counter_2"), [
    "new 0",
    "fmt 0",
    "lint 0",
    "check 0",
    "test 0",
    "start the count is 1",
    "again 1, untouched true",
  ]);
});

Deno.test("new makes an application with --sup only", async () => {
  const [plain, supervised] = [memory(), memory()];
  assertEquals(await main(["shop"], plain), 0);
  assertEquals(await main(["--sup", "shop"], supervised), 0);
  assert(!plain.files.has("shop/lib/application.ts"));
  assert(supervised.files.has("shop/lib/application.ts"));
  for (const file of ["core", "server", "shop"]) assert(plain.files.has(`shop/lib/${file}.ts`));
});

Deno.test("new touches nothing when a file or folder of the name exists", async () => {
  for (const path of ["shop", "shop/notes.txt"]) {
    const host = memory([path]);
    assertEquals(await main(["shop"], host), 1);
    assertEquals([...host.files], [[path, "mine"]]);
    assertStringIncludes(host.lines.join("\n"), "already exists");
  }
});

Deno.test("new refuses names that cannot be names, and says which can", async () => {
  for (const name of ["Shop", "my-app", "1st", "", "../shop", "a b", "main", "my_app\n"]) {
    const host = memory();
    assertEquals(await main([name], host), 1, name);
    assertEquals(host.files.size, 0);
    assertStringIncludes(
      host.lines.join("\n"),
      "expected lowercase letters, digits and underscores",
    );
  }
});

Deno.test("new explains itself without a name, with two, with an unknown option, and with --help", async () => {
  for (const args of [[], ["--sup"], ["a", "b"], ["a", "--umbrella"], ["--help"]]) {
    const host = memory();
    assertEquals(await main(args, host), args[0] === "--help" ? 0 : 1);
    assertEquals(host.files.size, 0);
    assertStringIncludes(
      host.lines.join("\n"),
      "Usage: deno run -A jsr:@denotp/otp/new NAME [--sup]",
    );
  }
});
