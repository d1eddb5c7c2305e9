/**
 * What a project of `mix new NAME --sup` has, and what stands for it in one of `lib/new.ts`.
 *
 * | mix new | denotp | |
 * | --- | --- | --- |
 * | `lib/NAME.ex` | `lib/NAME.ts` | the API |
 * | `lib/NAME/application.ex` | `lib/application.ts` | the application |
 * | `mix.exs` | `deno.json` | the project |
 * | `test/NAME_test.exs` | `tests/NAME_test.ts` | its test |
 * | `test/test_helper.exs` | | starts ExUnit: Deno's tests need no start |
 * | | `lib/core.ts`, `lib/server.ts`, `main.ts` | a core, a server and a program: mix writes none |
 *
 * @module
 */

/** Our file that stands for one of Elixir's, and of which module it is, by Elixir's file. */
export function counterparts(
  name: string,
): ReadonlyMap<string, { readonly file: string; readonly module?: string }> {
  const module = name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return new Map([
    [`lib/${name}.ex`, { file: `lib/${name}.ts`, module }],
    [`lib/${name}/application.ex`, {
      file: "lib/application.ts",
      module: `${module}.Application`,
    }],
    ["mix.exs", { file: "deno.json" }],
    [`test/${name}_test.exs`, { file: `tests/${name}_test.ts` }],
  ]);
}

/** A file of ours under the name of Elixir's for which it stands; its own if there is none. */
export function elixirFile(name: string, file: string): string {
  for (const [theirs, ours] of counterparts(name)) if (ours.file === file) return theirs;
  return file;
}

/** What is written in Elixir on the left is written in TypeScript on the right. */
const WRITTEN: readonly (readonly [elixir: RegExp, typescript: string])[] = [
  [/^( *)IO\.puts\((.*)\)$/gm, "$1console.log($2);"],
  [/^( *)(\w+) = /gm, "$1const $2 = "],
];

/** Lines of an edit, of Elixir into TypeScript: prints of literals, and bindings. */
export function typescript(lines: string): string {
  return WRITTEN.reduce((text, [elixir, written]) => text.replaceAll(elixir, written), lines);
}
