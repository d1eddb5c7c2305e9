import { assert, assertEquals, assertStringIncludes } from "@std/assert";

/** Runs a program that takes a feature from the host and then imports an entry. */
async function importWithout(feature: string, entry: string): Promise<Deno.CommandOutput> {
  const url = import.meta.resolve(`../../${entry}`);
  return await new Deno.Command("deno", {
    args: ["eval", "--no-config", `${feature} = undefined; await import(${JSON.stringify(url)});`],
    env: { NO_COLOR: "1" },
  }).output();
}

for (const entry of ["mod.ts", "lib/node/mod.ts", "registries/mod.ts"]) {
  Deno.test(`${entry} says at import which hosts it needs when the host is older`, async () => {
    const { code, stderr } = await importWithout("Promise.withResolvers", entry);
    assertEquals(code, 1);
    assertStringIncludes(
      new TextDecoder().decode(stderr),
      "Cannot import @denotp/otp: this host has no Promise.withResolvers. Expected Deno 2, Node 22",
    );
  });
}

/** What came after Node 22. */
const NEWER = [
  ...["Array.fromAsync", "Error.isError", "Map.prototype.getOrInsert", "Math.sumPrecise"],
  ...["Promise.try", "RegExp.escape", "Uint8Array.fromBase64", "Uint8Array.prototype.toBase64"],
  ...["Uint8Array.prototype.toHex", "globalThis.DisposableStack", "globalThis.Float16Array"],
  ...["globalThis.AsyncDisposableStack", "globalThis.URLPattern", "globalThis.Temporal"],
];

Deno.test("The library runs without what is newer than Node 22", async () => {
  const url = import.meta.resolve("../../mod.ts");
  const program = `${NEWER.map((each) => `${each} = undefined;`).join(" ")}
    const { Agent, Ets, Registry, Supervisor, Task, unwrap } = await import(${JSON.stringify(url)});
    const agent = unwrap(await Agent.startLink(() => 40));
    const two = await Task.await(Task.async(() => 2));
    console.log(await Agent.get(agent, (n) => n + two));`;
  const { stdout, stderr, code } = await new Deno.Command("deno", {
    args: ["eval", "--no-config", program],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(
    [new TextDecoder().decode(stdout), code],
    ["42\n", 0],
    new TextDecoder().decode(stderr),
  );
});

Deno.test("The library has no syntax and no function that is newer than Node 22", async () => {
  const calls = NEWER.map((each) =>
    each.replace(/^.*\.prototype|^globalThis\./, "").replaceAll(".", "\\.")
  );
  const newer = new RegExp(`^\\s*(await )?using |(${calls.join("|")})\\(`, "m");
  assert(newer.test("  using x = y") && newer.test("text.toBase64()"));
  const found: string[] = [];
  const search = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await search(new URL(`${name}/`, folder));
      else {
        const source = await Deno.readTextFile(new URL(name, folder));
        if (newer.test(source.replaceAll(/^\s*\*.*$/gm, ""))) found.push(name);
      }
    }
  };
  for (const folder of ["lib/", "registries/"]) {
    await search(new URL(`../../${folder}`, import.meta.url));
  }
  assertEquals(found, []);
});
