/**
 * Creates a new project, as `mix new my_app --sup` does:
 *
 * ```sh
 * deno run -A jsr:@denotp/otp/new my_app --sup
 * cd my_app
 * deno task test
 * deno task start
 * ```
 *
 * The project has a pure core, a server, an API and a test. With `--sup` it also has an application with a
 * supervisor, which restarts the server when it crashes. It runs and passes its test without a change.
 * Existing files are never overwritten.
 *
 * Needs permission to read and write the new folder; `-A` grants it without a prompt.
 *
 * @example The files of a project, without writing them
 * ```ts
 * import { main } from "@denotp/otp/new";
 * import { assertEquals } from "@std/assert";
 *
 * const files = new Map<string, string>();
 * const status = await main(["my_app"], {
 *   exists: () => Promise.resolve(false),
 *   write: (path, text) => Promise.resolve(void files.set(path, text)),
 *   print: () => {},
 * });
 * assertEquals(status, 0);
 * assertEquals(files.has("my_app/lib/server.ts"), true);
 * ```
 *
 * @module
 */

import { type Files, type Project, projectFiles } from "./new/files.ts";

/** The operations of the host that {@linkcode main} uses. */
export interface Host {
  /** Resolves with whether a file or folder exists at this path. */
  exists(path: string): Promise<boolean>;
  /** Writes a text file, and creates the folders above it. Rejects if the file exists. */
  write(path: string, text: string): Promise<void>;
  /** Prints a line. */
  print(line: string): void;
}

const USAGE = `Usage: deno run -A jsr:@denotp/otp/new NAME [--sup]

NAME is the folder to create and the name of the application: lowercase letters, digits and
underscores, starting with a letter. --sup adds an application with a supervisor.`;

/** Names that are refused: a file or a function of the project has them already. */
const RESERVED = new Set(["core", "server", "application", "main", "test", "lib", "otp", "new"]);

/**
 * Creates the project that `args` describe, in the current folder.
 *
 * @param args The name, and `--sup` for an application with a supervisor.
 * @returns The exit status of the program: 0, or 1 after an error, which has been printed.
 */
export async function main(args: readonly string[], host: Host): Promise<number> {
  const project = parse(args);
  if (typeof project === "string") {
    host.print(project);
    return args.includes("--help") ? 0 : 1;
  }
  const { name } = project;
  if (await host.exists(name)) {
    host.print(`Cannot create ${name}: a file or folder of this name already exists`);
    return 1;
  }
  const files: Files = projectFiles(project);
  for (const [path, text] of Object.entries(files)) {
    await host.write(`${name}/${path}`, text);
    host.print(`* creating ${name}/${path}`);
  }
  host.print(`\nYour project was created. To run its test and the program:\n`);
  host.print(`    cd ${name}\n    deno task test\n    deno task start`);
  return 0;
}

/** The project that `args` describe, or the text of an error. */
function parse(args: readonly string[]): Project | string {
  if (args.includes("--help") || args.length === 0) return USAGE;
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--sup");
  if (unknown !== undefined) {
    return `Cannot create a project: unknown option ${unknown}\n\n${USAGE}`;
  }
  const [name, ...others] = args.filter((arg) => arg !== "--sup");
  if (name === undefined || others.length > 0) {
    return `Cannot create a project: expected one name, found ${
      others.length + Number(name !== undefined)
    }\n\n${USAGE}`;
  }
  if (!/^[a-z][a-z0-9_]*$/.test(name) || RESERVED.has(name)) {
    return `Cannot create a project with the name ${
      JSON.stringify(name)
    }: expected lowercase letters, ` +
      `digits and underscores, starting with a letter, and none of ${[...RESERVED].join(", ")}`;
  }
  return { name, isSupervised: args.includes("--sup"), ...checkout() };
}

/** The path of the library, if it was not loaded from a package registry: the project then links to it. */
function checkout(): { checkout?: string } {
  const url = new URL("..", import.meta.url);
  return url.protocol === "file:" ? { checkout: decodeURIComponent(url.pathname) } : {};
}

/** The host on Deno. */
function denoHost(): Host {
  return {
    async exists(path) {
      try {
        await Deno.lstat(path);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },
    async write(path, text) {
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text, { createNew: true });
    },
    // deno-lint-ignore no-console -- a program prints to its user
    print: console.log,
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args, denoHost()));
