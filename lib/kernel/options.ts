/**
 * Options objects: an option that is unknown is refused by name.
 *
 * @module
 */

import { inspect } from "./inspect.ts";

/**
 * Checks that `options` is an object without unknown options. An option whose value is `undefined` counts as
 * left out. The values of known options are not read.
 *
 * @param what What is attempted, as it goes on after "Cannot", such as `"start a GenServer"`.
 * @param known The names of the options.
 * @throws {TypeError} If it is not an object, or has an unknown option.
 */
export function checkOptions(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`Cannot ${what}: expected options, found ${inspect(options)}`);
  }
  const unknown = unknownOption(options, known);
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot ${what}: unknown option ${inspect(unknown)}; expected ${alternatives(known)}`,
  );
}

/** The first option that is unknown, if there is one. Inherited ones count, as they are read like the others. */
export function unknownOption(options: object, known: readonly string[]): string | undefined {
  for (const option in options) {
    if (known.includes(option)) continue;
    if ((options as Record<string, unknown>)[option] !== undefined) return option;
  }
  return undefined;
}

/** Words as a text lists them: `a, b or c`. */
function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
