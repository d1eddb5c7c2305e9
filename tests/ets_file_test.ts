/**
 * Ets.tab2file() and file2tab(): what needs permissions runs as programs of their own.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ets } from "../mod.ts";
import { inProcess } from "./helpers.ts";

const PROGRAM = new URL("./fixtures/ets_file.ts", import.meta.url);

async function execute(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command("deno", { args, cwd: new URL("..", PROGRAM), stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("Ets.tab2file() and file2tab() keep a table and what is in it, and tell what goes wrong [ET-024]", async () => {
  const script = 'console.log(Deno.makeTempDirSync({ prefix: "ets" }))';
  const folder = (await execute("eval", script)).out.trim();
  assert(folder !== "");
  const allowed = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const { code, out, err } = await execute("run", ...allowed, PROGRAM.pathname, folder);
  await execute("eval", "Deno.removeSync(Deno.args[0], { recursive: true })", "--", folder);
  assertEquals([code, out], [0, "all well\n"], err);
});

Deno.test("Ets.tab2file() and file2tab() reject with the host's own error without permission", {
  permissions: { read: false, write: false },
}, () =>
  inProcess(async () => {
    const table = Ets.new("t");
    const refused = "--allow-write";
    await assertRejects(() => Ets.tab2file(table, "/ets"), Deno.errors.NotCapable, refused);
    await assertRejects(() => Ets.file2tab("/ets"), Deno.errors.NotCapable, "--allow-read");
  }));
