/**
 * Makes a home directory with the cookie in it, prints where that is, and removes it when the input ends:
 * `home.ts cookie mode`.
 *
 * @module
 */

const [cookie, mode] = Deno.args as [string, string];
const home = await Deno.makeTempDir();
try {
  await Deno.writeTextFile(`${home}/.erlang.cookie`, cookie);
  await Deno.chmod(`${home}/.erlang.cookie`, parseInt(mode, 8));
  console.log(home);
  await Deno.stdin.readable.pipeTo(new WritableStream());
} finally {
  await Deno.remove(home, { recursive: true });
}
