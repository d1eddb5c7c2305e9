/**
 * The host's standard output.
 *
 * @module
 */

import process from "node:process";

/** Writes text as it is, without adding a newline. */
export function print(text: string): void {
  process.stdout.write(text);
}
