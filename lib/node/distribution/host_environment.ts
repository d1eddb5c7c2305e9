/**
 * The host's environment variables and files, for what Erlang keeps there.
 *
 * @module
 */

/** A file that others may or may not read. */
export interface SecretFile {
  readonly path: string;
  readonly text: string;
  /** The bits of its mode, `null` where files have none. */
  readonly mode: number | null;
}

/** The value of an environment variable, `undefined` if there is none, or no permission to see it. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/**
 * Reads a file, `undefined` if there is none.
 *
 * @throws {Deno.errors.NotCapable} If there is no permission to read it.
 */
export async function secretFile(path: string): Promise<SecretFile | undefined> {
  try {
    const { mode } = await Deno.stat(path);
    return { path, text: await Deno.readTextFile(path), mode };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
