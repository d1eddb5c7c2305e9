/**
 * Makes a new project: `deno run -A jsr:@denotp/otp/new my_app --sup`, as `mix new my_app --sup` does.
 *
 * The project has a pure core, a server, an API in front of it, with `--sup` an application whose
 * supervisor starts the server again when it crashes, and a test; it runs and passes that test as it
 * stands. Nothing that exists is ever overwritten.
 *
 * Needs the permission to write the new folder; `-A` spares the question.
 *
 * @module
 */

import { type Files, type Project, projectFiles } from "./new/files.ts";

/** What {@linkcode main} needs of its host. */
export interface Host {
  /** Whether a file or folder of this path exists. */
  exists(path: string): Promise<boolean>;
  /** Writes a text file, and the folders that it lies in. It must not exist. */
  write(path: string, text: string): Promise<void>;
  /** Prints a line. */
  print(line: string): void;
}

const USAGE = `Usage: deno run -A jsr:@denotp/otp/new NAME [--sup]

NAME is the folder to make and the name of the application: small letters, digits and
underscores, a letter first. --sup adds an application with a supervisor.`;

/** Words that a name must not be, since it becomes the name of a function or a file with a meaning. */
const RESERVED = new Set(["core", "server", "application", "main", "test", "lib", "otp", "new"]);

/**
 * Makes the project that `args` ask for, in the current folder.
 *
 * @param args The name, and `--sup` for an application with a supervisor.
 * @returns The exit status of the program: 0, or 1 after an error, which was printed.
 */
export async function main(args: readonly string[], host: Host): Promise<number> {
  const project = parse(args);
  if (typeof project === "string") {
    host.print(project);
    return args.includes("--help") ? 0 : 1;
  }
  const { name } = project;
  if (await host.exists(name)) {
    host.print(`Cannot make ${name}: a file or folder of this name exists already`);
    return 1;
  }
  const files: Files = projectFiles(project);
  for (const [path, text] of Object.entries(files)) {
    await host.write(`${name}/${path}`, text);
    host.print(`* creating ${name}/${path}`);
  }
  host.print(`\nYour project is made. It runs, and passes its own test:\n`);
  host.print(`    cd ${name}\n    deno task test\n    deno task start`);
  return 0;
}

/** What `args` ask for, or what is wrong with them. */
function parse(args: readonly string[]): Project | string {
  if (args.includes("--help") || args.length === 0) return USAGE;
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--sup");
  if (unknown !== undefined) return `Cannot make a project: unknown option ${unknown}\n\n${USAGE}`;
  const [name, ...others] = args.filter((arg) => arg !== "--sup");
  if (name === undefined || others.length > 0) {
    return `Cannot make a project: expected one name, found ${
      others.length + Number(name !== undefined)
    }\n\n${USAGE}`;
  }
  if (!/^[a-z][a-z0-9_]*$/.test(name) || RESERVED.has(name)) {
    return `Cannot make a project of the name ${JSON.stringify(name)}: expected small letters, ` +
      `digits and underscores, a letter first, and none of ${[...RESERVED].join(", ")}`;
  }
  return { name, isSupervised: args.includes("--sup"), ...checkout() };
}

/** Where this library lies, if it was not loaded from the registry: the project is linked to it then. */
function checkout(): { checkout?: string } {
  const url = new URL("..", import.meta.url);
  return url.protocol === "file:" ? { checkout: decodeURIComponent(url.pathname) } : {};
}

/** The host that the program runs on. */
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
    // deno-lint-ignore no-console -- a program speaks to who called it
    print: console.log,
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args, denoHost()));
