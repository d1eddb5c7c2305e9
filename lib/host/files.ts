/**
 * The library's one window on files: whole texts, read and written.
 *
 * Deno, Node and Bun offer the same under `node:fs`. Nothing of it is loaded before somebody asks for a
 * file, so that a program that never does pays nothing and needs no permission; one that does needs
 * `--allow-read` or `--allow-write` for the path on Deno.
 *
 * @module
 */

/** What became of a file: its text, or the host's code for why not, such as `"enoent"`. */
export type FileResult<Value> = readonly ["ok", Value] | readonly ["error", string];

/** Reads a file as text. Rejects if the host does not allow it. */
export function readText(path: string): Promise<FileResult<string>> {
  return attempt(async () => (await import("node:fs/promises")).readFile(path, "utf8"));
}

/** Writes a file as text, in place of what it was. Rejects if the host does not allow it. */
export function writeText(path: string, text: string): Promise<FileResult<void>> {
  return attempt(async () => (await import("node:fs/promises")).writeFile(path, text));
}

async function attempt<Value>(run: () => Promise<Value>): Promise<FileResult<Value>> {
  try {
    return ["ok", await run()];
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code !== "string") throw error; // Deno's missing permission says itself what to do
    return ["error", code.toLowerCase()];
  }
}
