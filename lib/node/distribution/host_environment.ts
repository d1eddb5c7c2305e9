/**
 * The host's environment variables and files, for Erlang's settings and cookie.
 *
 * @module
 */

/** A file whose permissions matter. */
export interface SecretFile {
  readonly path: string;
  readonly text: string;
  /** The bits of its mode; `null` on hosts without file modes. */
  readonly mode: number | null;
}

/** The value of an environment variable; `undefined` if it is not set, or there is no permission to read it. */
export function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/**
 * Reads a file; resolves with `undefined` if it does not exist.
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
