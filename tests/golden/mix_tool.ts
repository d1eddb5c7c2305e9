/**
 * The helpers of the scenario `mix_project`, done with the tools of Deno. A program of its own, for it makes
 * and changes files, which must not happen while transcripts are replayed.
 *
 * Run: deno run -A tests/golden/mix_tool.ts FOLDER HELPER ARGUMENTS…
 *
 * The folder is made in the one for temporary files. Each argument is JSON, and so is what it prints.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { counterparts, elixirFile, typescript } from "./mix_names.ts";

/** The scenario's project. */
const NAME = "super_duper";
const [folder, helper, ...args] = Deno.args as [string, string, ...string[]];
const root = `${tmpdir()}/${folder}`;
const project = `${root}/${NAME}`;
const NEW = new URL("../../lib/new.ts", import.meta.url).href;
const EVAL = new URL("mix_eval.ts", import.meta.url).href;

// deno-lint-ignore no-explicit-any -- arguments come from a transcript
const HELPERS: Readonly<Record<string, (...args: any[]) => unknown>> = {
  /** Runs a task of mix in a folder, and answers `[status, lines]`. */
  async mix([task, ...options]: string[], sub = "."): Promise<[number, string[]]> {
    await Deno.mkdir(root, { recursive: true });
    return await deno(`${root}/${sub}`, ...command(task, options));
  },
  /** The sources of the project, under the names that they have in Elixir. */
  async files(): Promise<string[]> {
    const sources = (await allFiles(project)).filter((file) => /\.ts$|^deno\.json$/.test(file));
    return sources.map((file) => elixirFile(NAME, file)).sort();
  },
  /** Replaces lines in one of the project's files. */
  async edit(file: string, from: string, to: string): Promise<"ok"> {
    const path = `${project}/${counterparts(NAME).get(file)?.file ?? file}`;
    const text = await Deno.readTextFile(path);
    if (!text.includes(typescript(from))) {
      throw new Error(`Cannot edit ${path}: expected ${typescript(from)} in it`);
    }
    await Deno.writeTextFile(path, text.replaceAll(typescript(from), typescript(to)));
    return "ok";
  },
  /** What the specification of the application says: `[name, entries]`. */
  async app_file(): Promise<unknown> {
    const [status, lines] = await deno(project, ...evaluation(["spec"]));
    if (status !== 0) throw new Error(lines.join("\n"));
    const { name, version, applications, mod, registered } = JSON.parse(lines.join(""));
    const vsn = Array.from(version as string, (c) => c.codePointAt(0)); // a charlist there
    return [name, Object.entries({ applications, mod, registered, vsn })];
  },
  /** Takes the folder away. */
  async clean(): Promise<"ok"> {
    try {
      await Deno.remove(root, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return "ok";
  },
};

/** What Deno is asked to do where mix is asked for `task`. */
function command(task: string | undefined, options: readonly string[]): string[] {
  switch (task) {
    case "new":
      return ["run", "-A", NEW, ...options];
    case "compile":
      return ["check", "."];
    case "test":
      return ["test"];
    case "run": {
      const source = options[options.indexOf("-e") + 1]!;
      return evaluation(["eval", source], !options.includes("--no-start"));
    }
    default:
      throw new Error(`No task of mix that is known here: ${task}`);
  }
}

/** Runs `mix_eval.ts` as a program of the project; its own `main.ts` starts the application before. */
function evaluation(args: readonly string[], started = false): string[] {
  const preload = started ? ["--preload=./main.ts"] : [];
  return ["run", "--quiet", "--allow-read", "--config=deno.json", ...preload, EVAL, NAME, ...args];
}

async function deno(cwd: string, ...args: string[]): Promise<[number, string[]]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return [code, text.split("\n").filter((line) => line !== "")];
}

async function allFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) files.push(name);
    else files.push(...(await allFiles(`${folder}/${name}`)).map((file) => `${name}/${file}`));
  }
  return files;
}

const { log } = console;
log(JSON.stringify(await HELPERS[helper]!(...args.map((arg) => JSON.parse(arg)))));
