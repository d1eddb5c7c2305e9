/**
 * The host's standard output.
 *
 * @module
 */

import process from "node:process";

/** Writes text as it is, without a line's end of its own. */
export function print(text: string): void {
  process.stdout.write(text);
}
