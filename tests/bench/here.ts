/**
 * Measures a piece of work in a fresh `deno` process, of this state of the library or of another.
 *
 * Needs `--allow-run=deno`.
 *
 * @module
 */

/** How to measure. */
export interface HereOptions {
  /** Whether to measure short runs by CPU time, as `child.ts` explains. Default `false`. */
  readonly isShort?: boolean;
  /** The `mod.ts` to measure. Default: the one of this state. */
  readonly module?: string;
  /** Ends the process when it is aborted. */
  readonly signal?: AbortSignal;
}

/** The process was stopped by a signal, such as Ctrl+C, before it had measured. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The `mod.ts` of this state. */
export const THIS_MODULE: string = import.meta.resolve("../../mod.ts");

const CHILD = import.meta.resolve("./child.ts");

/**
 * Resolves with nanoseconds (or bytes) per operation.
 *
 * @throws {Interrupted} If a signal stopped the process.
 * @throws {Error} If the process failed.
 */
export async function measureHere(
  name: string,
  { isShort = false, module = THIS_MODULE, signal }: HereOptions = {},
): Promise<number> {
  const status = await new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-check", "--no-config", "--no-code-cache"],
      ...["--v8-flags=--expose-gc", `--import-map=${importMap(module)}`],
      ...[CHILD, name, ...(isShort ? ["short"] : [])],
    ],
    stdin: "null",
    ...(signal === undefined ? {} : { signal }),
  }).output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output);
  if (status.success) return Number(text(status.stdout));
  if (status.signal === "SIGINT" || signal?.aborted) {
    throw new Interrupted(`Cannot measure "${name}": interrupted`);
  }
  throw new Error(
    `Cannot measure "${name}" of ${module}: the program failed\n${text(status.stderr)}`,
  );
}

/** What the work imports: one library or the other, and the same assertions for both. */
function importMap(module: string): string {
  const imports = {
    "@denotp/otp": module,
    "@std/assert": import.meta.resolve("@std/assert"),
  };
  return `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
}
