/**
 * The only access of the library to files: whole texts, read and written. Used by `ets.ts`; imports
 * nothing of the library.
 *
 * Deno, Node and Bun have the same API in `node:fs`. It is loaded when a file is first read or written,
 * so that other programs do not load it, and need no permission. On Deno, `--allow-read` or
 * `--allow-write` is needed for the path.
 *
 * @module
 */

/** The result of an operation on a file: a value, or the host's error code in lower case, such as `"enoent"`. */
export type FileResult<Value> = readonly ["ok", Value] | readonly ["error", string];

/** Reads a file as text. Rejects if the host does not allow it. */
export function readText(path: string): Promise<FileResult<string>> {
  return attempt(async () => (await import("node:fs/promises")).readFile(path, "utf8"));
}

/** Writes a file as text, replacing its contents. Rejects if the host does not allow it. */
export function writeText(path: string, text: string): Promise<FileResult<void>> {
  return attempt(async () => (await import("node:fs/promises")).writeFile(path, text));
}

async function attempt<Value>(run: () => Promise<Value>): Promise<FileResult<Value>> {
  try {
    return ["ok", await run()];
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code !== "string") throw error; // a missing permission: Deno's own message says what to do
    return ["error", code.toLowerCase()];
  }
}
