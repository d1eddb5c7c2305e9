/**
 * The files of a new project, as texts. `../new.ts` writes them.
 *
 * @module
 */

/** The project to create. */
export interface Project {
  /** The name of the folder and of the application, in snake case. */
  readonly name: string;
  /** Whether it has an application with a supervisor. */
  readonly isSupervised: boolean;
  /** The path of the checkout to link to, if this library does not come from the registry. */
  readonly checkout?: string;
}

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** The files of `project`, by their paths in its folder. */
export function projectFiles(project: Project): Files {
  const { name, isSupervised } = project;
  return {
    "deno.json": denoJson(project),
    ".gitignore": "coverage/\nnode_modules/\n",
    "README.md": readme(project),
    "lib/core.ts": CORE,
    "lib/server.ts": server(name),
    [`lib/${name}.ts`]: api(name),
    ...(isSupervised && { "lib/application.ts": application(name) }),
    "main.ts": isSupervised ? supervisedMain(name) : plainMain(name),
    [`tests/${name}_test.ts`]: isSupervised ? supervisedTest(name) : plainTest(name),
  };
}

/** `my_app` as `MyApp`. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|_+)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    .replaceAll("_", "");
}

function denoJson({ name, isSupervised, checkout }: Project): string {
  const application = isSupervised ? 'import "./main.ts"; ' : "";
  const api = `import * as ${pascalCase(name)} from "./lib/${name}.ts"`;
  const settings = {
    tasks: {
      start: "deno run main.ts",
      repl: `deno repl --allow-read --eval='${application}${api}'`,
      test: "deno test",
    },
    imports: {
      "@denotp/otp": "jsr:@denotp/otp@^0.1.0",
      "@std/assert": "jsr:@std/assert@^1",
    },
    ...(checkout !== undefined && { links: [checkout, `${checkout}tests/std/assert`] }),
    fmt: { lineWidth: 100 },
    compilerOptions: { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    test: { sanitizeOps: true, sanitizeResources: true },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

function readme({ name, isSupervised }: Project): string {
  const rows = [
    ["`lib/core.ts`", "the core: pure functions"],
    ["`lib/server.ts`", "the boundary: a GenServer that keeps the state"],
    [`\`lib/${name}.ts\``, "the API"],
    ...(isSupervised
      ? [["`lib/application.ts`", "the application: a supervisor and its children"]]
      : []),
    ["`main.ts`", "the program"],
  ];
  return `# ${pascalCase(name)}

\`\`\`sh
deno task start
deno task test
deno task repl
\`\`\`

${rows.map(([file, what]) => `- ${file}: ${what}`).join("\n")}
${isSupervised ? snippets(name) : ""}`;
}

/** How to run code with the application, as `mix run -e` does, or without it (`--no-start`). */
function snippets(name: string): string {
  const code = `'import * as ${pascalCase(name)} from "./lib/${name}.ts"; …'`;
  return `
In the shell (\`deno task repl\`) the application is running. To run other code with it, preload the
program:

\`\`\`sh
deno eval --preload=./main.ts ${code}
deno eval ${code}   # without the application
\`\`\`
`;
}

const CORE = `/**
 * The core: pure functions, without processes.
 *
 * @module
 */

/** The next count. */
export function increment(count: number): number {
  return count + 1;
}
`;

function server(name: string): string {
  return `/**
 * The boundary: a server that keeps the count.
 *
 * @module
 */

import { GenServer, noreply, ok, reply } from "@denotp/otp";
import * as Core from "./core.ts";
import * as Server from "./server.ts";

/** The name that the server is registered under. */
export const NAME = "${name}";

export const startLink = (count: number) => GenServer.startLink(Server, count, { name: NAME });

export const childSpec = (count: number) => GenServer.childSpec(Server, count);

export const init = (count: number) => ok(count);

export const handleCall = (_request: "count", _from: GenServer.From, count: number) =>
  reply(count as number, count);

export const handleCast = (_request: "increment", count: number) => noreply(Core.increment(count));
`;
}

function api(name: string): string {
  return `/**
 * ${pascalCase(name)}: the API of the server.
 *
 * @module
 */

import { GenServer } from "@denotp/otp";
import * as Server from "./server.ts";

type Ref = GenServer.ServerRef<typeof Server>;

/** Starts a server that is linked to the calling process. */
export const startLink = (count = 0) => Server.startLink(count);

/** Adds one to the count. */
export const increment = (server: Ref = Server.NAME) => GenServer.cast(server, "increment");

/** Returns the count. */
export const count = (server: Ref = Server.NAME) => GenServer.call(server, "count");
`;
}

function application(name: string): string {
  return `/**
 * The application: a supervisor and its children.
 *
 * @module
 */

import { type Application, Supervisor } from "@denotp/otp";
import * as This from "./application.ts";
import * as Server from "./server.ts";

/** Starts the top supervisor. Its children are started in order, and stopped in reverse order. */
export function start(_type: unknown, _args: readonly unknown[]) {
  const children = [
    Server.childSpec(0),
  ];
  return Supervisor.startLink(children, { strategy: "one_for_one", name: "${name}_supervisor" });
}

/** The specification of the application, OTP's \`.app\` file. */
export const ${camelCase(name)}: Application.Specification = {
  name: "${name}",
  version: "0.1.0",
  description: "${pascalCase(name)}",
  mod: [This, []],
};
`;
}

function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return `${pascal.charAt(0).toLowerCase()}${pascal.slice(1)}`;
}

function plainMain(name: string): string {
  return `/**
 * Run: deno task start
 *
 * @module
 */

import { unwrap } from "@denotp/otp";
import * as ${pascalCase(name)} from "./lib/${name}.ts";

unwrap(await ${pascalCase(name)}.startLink());
${pascalCase(name)}.increment();
console.log(\`the count is \${await ${pascalCase(name)}.count()}\`);
`;
}

function supervisedMain(name: string): string {
  return `/**
 * Run: deno task start (stop it with Ctrl+C)
 *
 * Imported, as by the shell, this only starts the application.
 *
 * @module
 */

import { Application, unwrap } from "@denotp/otp";
import { ${camelCase(name)} } from "./lib/application.ts";
import * as ${pascalCase(name)} from "./lib/${name}.ts";

async function main(): Promise<void> {
  const running = Application.run(${camelCase(name)});
  await Application.ensureAllStarted(${camelCase(name)});
  ${pascalCase(name)}.increment();
  console.log(\`the count is \${await ${pascalCase(name)}.count()}\`);
  await running;
}

if (import.meta.main) await main();
else unwrap(await Application.ensureAllStarted(${camelCase(name)}));
`;
}

function plainTest(name: string): string {
  return `import { GenServer, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import * as ${pascalCase(name)} from "../lib/${name}.ts";

Deno.test("${pascalCase(name)}.increment() adds one to the count", async () => {
  const server = unwrap(await ${pascalCase(name)}.startLink(41));
  ${pascalCase(name)}.increment();
  assertEquals(await ${pascalCase(name)}.count(), 42);
  await GenServer.stop(server);
});
`;
}

function supervisedTest(name: string): string {
  return `import { Application, Process, receive, Supervisor } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { ${camelCase(name)} } from "../lib/application.ts";
import * as ${pascalCase(name)} from "../lib/${name}.ts";
import * as Server from "../lib/server.ts";

Deno.test("${pascalCase(name)} counts, and is restarted when it is killed", async () => {
  assertEquals(await Application.start(${camelCase(name)}), "ok");
  ${pascalCase(name)}.increment();
  assertEquals(await ${pascalCase(name)}.count(), 1);

  Process.monitor(Server.NAME);
  Process.exit(Process.whereis(Server.NAME)!, "kill");
  await receive({ DOWN: () => {} });
  await Supervisor.countChildren("${name}_supervisor"); // returns after the restart
  assertEquals(await ${pascalCase(name)}.count(), 0);

  assertEquals(await Application.stop("${name}"), "ok");
  assertEquals(Application.unload("${name}"), "ok");
});
`;
}
