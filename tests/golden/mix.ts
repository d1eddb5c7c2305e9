/**
 * The helpers of the scenario `mix_project`: each is done by the program `mix_tool.ts`, in a folder that
 * is taken away at the end.
 *
 * Needs the permission to run `deno`.
 *
 * @module
 */

import type { System } from "./system.ts";

const TOOL = new URL("mix_tool.ts", import.meta.url).href;
const FOLDER = `golden_mix_${crypto.randomUUID()}`;

/** Projects are checked and tested by programs that take their time on a busy machine, in milliseconds. */
const STEP_LIMIT_MS = 120_000;

/** Whether there may be something to take away. */
let hasRun = false;

async function ask(helper: string, ...args: readonly unknown[]): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "-A",
      "--no-config",
      TOOL,
      FOLDER,
      helper,
      ...args.map((arg) => JSON.stringify(arg)),
    ],
  }).output();
  hasRun = true;
  const [printed, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) throw new Error(`Cannot do ${helper}: ${error}`);
  return JSON.parse(printed!);
}

const helper = (name: string) => (...args: unknown[]) => ask(name, ...args);

/** The system without the modules: those are in programs of their own. */
export const mixProject: Omit<System, "modules"> = {
  helpers: {
    mix: helper("mix"),
    files: helper("files"),
    edit: helper("edit"),
    app_file: helper("app_file"),
  },
  stepLimit: STEP_LIMIT_MS,
  end: async () => void (hasRun && await ask("clean")),
};
