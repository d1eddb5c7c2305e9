/**
 * Checks the directions of the library's imports. Prints each import that is not allowed, and exits with 1 if
 * there is one.
 *
 * Usage: deno run --allow-read=. tests/tools/imports.ts
 *
 * @module
 */

/** One import of one file by another; both are paths from the root of the repository. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether only types are imported: nothing of it is left when the program runs. */
  readonly isType: boolean;
}

/** An import that a rule forbids, and that is there all the same. Paths that end with `/` mean all in a folder. */
export interface Exception {
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** What a file may import, by the floor that it is on. */
const MAY_IMPORT = {
  "the kernel": ["the kernel"],
  "the registries": ["the registries", "the kernel"],
  "the host": [],
  "the base of behaviours": ["the base of behaviours", "the kernel"],
  "a part": ["a part", "a door", "the base of behaviours", "the host", "the kernel"],
  "a door": ["a part", "a door", "the base of behaviours", "the host", "the kernel"],
  "the wiring": ["the registries", "the kernel"],
  "the nodes": [
    "the nodes",
    "the wiring",
    "a part",
    "a door",
    "the base of behaviours",
    "the host",
    "the registries",
    "the kernel",
  ],
  "the entry": ["the wiring", "a part", "a door", "the base of behaviours", "the kernel"],
} as const satisfies Record<string, readonly string[]>;

type Floor = keyof typeof MAY_IMPORT;

/** The allowed exceptions, each with its reason. */
const EXCEPTIONS: readonly Exception[] = [
  {
    from: "lib/dynamic_supervisor.ts",
    to: "lib/supervisor/",
    why: "the supervisors are one family: its folder holds what they share",
  },
  {
    from: "lib/partition_supervisor.ts",
    to: "lib/supervisor/",
    why: "the supervisors are one family: its folder holds what they share",
  },
  {
    from: "lib/task/supervisor.ts",
    to: "lib/supervisor/process.ts",
    why: "a task supervisor is one of the family: it is known by a name of its own",
  },
  {
    from: "lib/gen_statem.ts",
    to: "lib/gen_server/",
    why: "requests to a state machine are those to a server: the same functions and types",
  },
  {
    from: "lib/gen_statem/data.ts",
    to: "lib/gen_server/state.ts",
    why: "the data of a state machine has one type across its callbacks, as the state of a server",
  },
  {
    from: "lib/logger.ts",
    to: "lib/application/error.ts",
    why: "the words for why an application ended are those of Application.formatError",
  },
  {
    from: "mod.ts",
    to: "lib/task/supervisor.ts",
    why: "TaskSupervisor is public under this name, too",
  },
  {
    from: "lib/node/life.ts",
    to: "lib/application/controller.ts",
    why: "a program that halts leaves its cluster: the controller calls the node before it does",
  },
  {
    from: "lib/node/protocols/task.ts",
    to: "lib/task/process.ts",
    why: "a task that another node has started here gets its orders by messages",
  },
  {
    from: "lib/node/services/call_service.ts",
    to: "lib/gen_server/contract.ts",
    why: "it starts services of any callback module",
  },
  {
    from: "lib/node/services/pg.ts",
    to: "lib/pg/scope.ts",
    why: "a scope is connected with those of its name on other nodes",
  },
  {
    from: "registries/mod.ts",
    to: "lib/default_runtime.ts",
    why: "it is an entry of the package, and works if it is the only one that is imported",
  },
  {
    from: "registries/testing.ts",
    to: "mod.ts",
    why: "the contract of a registry is tested as a user of the package sees it",
  },
];

/** The floor of a file, or `undefined` if it is not part of the library. */
function floorOf(file: string): Floor | undefined {
  if (file === "mod.ts") return "the entry";
  if (file === "lib/default_runtime.ts") return "the wiring";
  if (file.startsWith("registries/")) return "the registries";
  if (!file.startsWith("lib/")) return undefined;
  if (file.startsWith("lib/kernel/")) return "the kernel";
  if (file.startsWith("lib/host/")) return "the host";
  if (file.startsWith("lib/gen/")) return "the base of behaviours";
  if (file.startsWith("lib/node/")) return "the nodes";
  return partOf(file) === undefined ? "a door" : "a part";
}

/** The door that a file of a folder `lib/x/` is a part of: `lib/x`. */
function partOf(file: string): string | undefined {
  return /^lib\/[^/]+(?=\/)/.exec(file)?.[0];
}

/** What is wrong with the imports of a library: one sentence each, in the order of the files. */
export function violations(
  imports: readonly Import[],
  exceptions: readonly Exception[] = EXCEPTIONS,
): string[] {
  const used = new Set<Exception>();
  const found: string[] = [];
  for (const each of imports) {
    const why = wrongWith(each);
    if (why === undefined) continue;
    const exception = exceptions.find(({ from, to }) => isIn(each.from, from) && isIn(each.to, to));
    if (exception === undefined) found.push(`${each.from} imports ${each.to}: ${why}`);
    else used.add(exception);
  }
  for (const exception of exceptions) {
    if (used.has(exception)) continue;
    const { from, to } = exception;
    found.push(`${from} does not import ${to} any more: take the exception out of imports.ts`);
  }
  for (const cycle of cyclesOf(imports)) {
    found.push(`these files import one another when they run: ${cycle.join(" -> ")}`);
  }
  return found;
}

function isIn(file: string, path: string): boolean {
  return path.endsWith("/") ? file.startsWith(path) : file === path;
}

function wrongWith({ from, to }: Import): string | undefined {
  if (!to.endsWith(".ts")) {
    if (!to.startsWith("node:")) return "the library depends on no other packages";
    const isWindow = from === "lib/kernel/host.ts" || !from.startsWith("lib/kernel/");
    return isWindow ? undefined : "the kernel sees its host in lib/kernel/host.ts only";
  }
  const [floor, target] = [floorOf(from)!, floorOf(to)];
  if (target === undefined) return "the library imports nothing that is not a part of it";
  const allowed: readonly Floor[] = MAY_IMPORT[floor];
  if (!allowed.includes(target)) {
    const list = allowed.length === 0 ? "nothing of the library" : allowed.join(", ");
    return `${floor} must not import ${target}. It may import ${list}`;
  }
  if (target !== "a part") return undefined;
  const door = partOf(to)!;
  return from === `${door}.ts` || partOf(from) === door
    ? undefined
    : `a part of ${door}.ts is imported by that and by the files in ${door}/ only`;
}

/** The cycles among imports of values, one for each set of files that reach one another. */
function cyclesOf(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, isType } of imports) {
    // A module that imports itself is its own `__MODULE__`.
    if (isType || from === to) continue;
    next.set(from, [...next.get(from) ?? [], to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) return void cycles.push([...path.slice(at), file]);
    if (done.has(file)) return;
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return cycles;
}

/** The imports of one file, given its text, without those in comments and templates. */
export function importsOf(file: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/`(?:\\[\s\S]|[^`\\])*`/g, "``");
  const statements = code.matchAll(
    /^(?:import|export)\s+(?:(type\s)?[^"';]*?\sfrom\s+)?"([^"]+)";|\bimport\("([^"]+)"\)/gm,
  );
  return Array.from(statements, ([, type, named, dynamic]) => {
    const to = named ?? dynamic!;
    return { from: file, to: resolve(file, to), isType: type !== undefined };
  });
}

function resolve(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** The imports of all files of the library in `root`, a path that ends with `/`. */
export async function readImports(root: string): Promise<Import[]> {
  const files = ["mod.ts"];
  const folders = ["lib", "registries"];
  for (const folder of folders) {
    for await (const { name, isDirectory } of Deno.readDir(root + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) folders.push(path);
      else if (name.endsWith(".ts")) files.push(path);
    }
  }
  const texts = files.sort().map(async (file) =>
    importsOf(file, await Deno.readTextFile(root + file))
  );
  return (await Promise.all(texts)).flat();
}

if (import.meta.main) {
  const found = violations(await readImports("./"));
  for (const each of found) console.error(each);
  if (found.length > 0) Deno.exit(1);
  console.log("The imports lead one way");
}
