/**
 * Another revision of this repository, in a folder for as long as it is measured.
 *
 * Needs `--allow-run=git,tar --allow-write=.bench`.
 *
 * @module
 */

/** A revision in a folder of its own. Remove the folder with `await using`. */
export interface Revision extends AsyncDisposable {
  /** What was asked for, and the commit that it is: `"main (33238d3)"`. */
  readonly name: string;
  /** Its `mod.ts`. */
  readonly module: string;
}

const ROOT = new URL("../../", import.meta.url);
/** Ignored by git, and excluded in `deno.json`. */
const FOLDERS = new URL(".bench/", ROOT);

/** Writes a revision's files to a new folder. @throws {RangeError} If there is no such revision. */
export async function checkOut(revision: string): Promise<Revision> {
  const commit = await commitOf(revision);
  const folder = new URL(`${crypto.randomUUID()}/`, FOLDERS);
  await using created = new AsyncDisposableStack();
  created.defer(() => removeFolder(folder));
  await Deno.mkdir(folder, { recursive: true });
  await unpack(commit, folder);
  const kept = created.move();
  return {
    name: `${revision} (${commit})`,
    module: new URL("mod.ts", folder).href,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Names the state of the working tree: its commit, with `-dirty` if it has changes. */
export async function stateName(): Promise<string> {
  const args = ["describe", "--always", "--dirty", "--exclude=*"];
  const { stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  return new TextDecoder().decode(stdout).trim();
}

async function commitOf(revision: string): Promise<string> {
  const args = ["rev-parse", "--verify", "--short", "--end-of-options", `${revision}^{commit}`];
  const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  if (success) return new TextDecoder().decode(stdout).trim();
  throw new RangeError(
    `Cannot compare with "${revision}": found no such revision, expected a branch, tag or commit`,
  );
}

async function unpack(commit: string, folder: URL): Promise<void> {
  await using git = new Deno.Command("git", {
    args: ["archive", "--format=tar", commit],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  await using tar = new Deno.Command("tar", { args: ["-x"], cwd: folder, stdin: "piped" }).spawn();
  await git.stdout.pipeTo(tar.stdin);
  for (const { success } of await Promise.all([git.status, tar.status])) {
    if (!success) throw new Error(`Cannot unpack ${commit}: git archive or tar failed`);
  }
}

async function removeFolder(folder: URL): Promise<void> {
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(FOLDERS).catch(() => {}); // not empty while another program measures
}
