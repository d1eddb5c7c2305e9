/**
 * The documents: the first program of the README prints what the README says, links lead to files, the module
 * documents of the entry points name all exports, and exported functions have examples.
 *
 * That every program in them compiles and runs is held by `deno test --doc`.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "tests/bench/README.md",
  "tests/golden/README.md",
  "tests/std/README.md",
];

Deno.test("README's first program prints the text that follows it, when it is run without permissions", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const [, program, output] = readme.match(/```ts\n(.*?)```.*?```text\n(.*?)```/s)!;
  const deno = new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", "-"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ code, stdout, stderr }] = await Promise.all([
    deno.output(),
    ReadableStream.from([new TextEncoder().encode(program)]).pipeTo(deno.stdin),
  ]);
  assertEquals(new TextDecoder().decode(stdout), output);
  assertStringIncludes(new TextDecoder().decode(stderr), "(Error) ouch!");
  assertEquals(code, 0);
});

for (const document of DOCUMENTS) {
  Deno.test(`${document}'s links lead to files and folders that exist`, async () => {
    const url = new URL(document, ROOT);
    const links = linksOf(await Deno.readTextFile(url));
    const missing = [];
    for (const link of links) {
      if (!await exists(new URL(link, url))) missing.push(link);
    }
    assertEquals(missing, []);
  });
}

Deno.test("README's links name every example", async () => {
  const links = linksOf(await Deno.readTextFile(new URL("README.md", ROOT)));
  for await (const { name, isDirectory } of Deno.readDir(new URL("examples/", ROOT))) {
    if (isDirectory) assert(links.includes(`examples/${name}`), name);
  }
});

for (const entry of ["mod.ts", "lib/node/mod.ts", "registries/mod.ts"]) {
  Deno.test(`${entry}'s module document names everything that the module exports`, async () => {
    const url = new URL(entry, ROOT);
    const [document] = (await Deno.readTextFile(url)).split("*/");
    const names = Object.keys(await import(url.href));
    assertEquals(names.filter((name) => !document!.includes(`{@linkcode ${name}}`)), []);
  });
}

/** The targets of the links in a Markdown text that lie in this repository. */
function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
    .filter((target) => !/^(\w+:|#)/.test(target));
}

async function exists(url: URL): Promise<boolean> {
  try {
    await Deno.stat(url);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
