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

Deno.test("mod.ts's functions each have an example with a title, or refer to one", async () => {
  const { code, stdout } = await new Deno.Command("deno", {
    args: ["doc", "--json", "mod.ts"],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  assertEquals(code, 0);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [{ symbols }] = Object.values(nodes) as [{ symbols: Symbol[] }];
  const functions = functionsOf(symbols);
  assert(functions.length > 250, `found only ${functions.length}`);
  assertEquals(functions.filter(({ docs }) => !docs.some(isShown)).map(({ name }) => name), []);
});

/** A symbol as `deno doc --json` describes it, as far as it is needed here. */
interface Symbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** A declaration of a symbol: an overload of a function, or a namespace with its `elements`. */
interface Declaration {
  readonly kind: string;
  readonly jsDoc?: JsDoc;
  readonly def: { readonly elements?: readonly Symbol[] };
}

interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

/** The functions among some symbols, also in namespaces, each with the documentation of its overloads. */
function functionsOf(symbols: readonly Symbol[]): { name: string; docs: JsDoc[] }[] {
  return symbols.flatMap(({ name, declarations }) => {
    const inside = functionsOf(declarations.flatMap(({ def }) => def?.elements ?? []));
    const found = inside.map(({ name: inner, docs }) => ({ name: `${name}.${inner}`, docs }));
    if (!declarations.some(({ kind }) => kind === "function")) return found;
    return [...found, { name, docs: declarations.flatMap(({ jsDoc }) => jsDoc ?? []) }];
  });
}

/** Whether a documentation has an example with a title, or refers to the example of something else. */
function isShown({ doc = "", tags = [] }: JsDoc): boolean {
  return tags.some(({ kind, doc = "" }) => kind === "example" && !doc.startsWith("```")) ||
    /\bsee\s(its|the(\s\w+)?)\sexamples?\b/i.test(doc);
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
