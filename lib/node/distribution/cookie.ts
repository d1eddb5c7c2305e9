/**
 * Cookies: the secrets that the nodes of a cluster share. They are never logged, nor part of error messages.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";
import { type SecretFile, secretFile, variable } from "./host_environment.ts";

/** The environment variable with the cookie of Elixir's releases. */
const VARIABLE = "RELEASE_COOKIE";
const FILE = ".erlang.cookie";
/** The permission bits of the group and of others. */
const OTHERS = 0o077;

/** The cookies of one node: its own, and those for certain peers. */
export class Cookies {
  #own: string;
  readonly #ofPeers: Map<NodeName, string>;

  /**
   * @throws {RangeError} If a cookie is empty, or has characters that are not printable ASCII.
   */
  constructor(own: string, ofPeers: Readonly<Record<NodeName, string>> = {}) {
    this.#own = checked(own, "the option cookie");
    this.#ofPeers = new Map(
      Object.entries(ofPeers).map(([node, cookie]) => [node, checked(cookie, `that for ${node}`)]),
    );
  }

  /** The cookie that is shared with a peer. */
  for(node: NodeName): string {
    return this.#ofPeers.get(node) ?? this.#own;
  }

  /**
   * Changes the cookie that is shared with a peer, or, for `null`, the default for all others.
   *
   * @throws {RangeError} If the cookie is empty, or has characters that are not printable ASCII.
   */
  set(node: NodeName | null, cookie: string): void {
    if (node === null) this.#own = checked(cookie, "Node.setCookie");
    else this.#ofPeers.set(node, checked(cookie, "Node.setCookie"));
  }
}

/**
 * Finds the cookie of this program: in the environment variable `RELEASE_COOKIE`, else in Erlang's file
 * `.erlang.cookie` in the user's home directory. Unlike Erlang, it does not create the file.
 *
 * Needs `--allow-env=RELEASE_COOKIE`, or `--allow-env=HOME` (`USERPROFILE` on Windows) and
 * `--allow-read` of the file.
 *
 * @throws {RangeError} If no cookie is found, or it is empty, or has characters that are not printable ASCII, or
 * the file is accessible to other users.
 * @throws {Deno.errors.NotCapable} If there is no permission to read the file.
 */
export async function findCookie(): Promise<string> {
  const given = variable(VARIABLE);
  if (given !== undefined) return checked(given, VARIABLE);
  const home = variable("HOME") ?? variable("USERPROFILE");
  if (home === undefined) throw notFound(`neither ${VARIABLE} nor the home directory is set`);
  const path = `${home}/${FILE}`;
  const file = await secretFile(path);
  if (file === undefined) throw notFound(`there is neither ${VARIABLE} nor ${path}`);
  return cookieOf(file);
}

/** The cookie in a file: its first line. */
export function cookieOf({ path, text, mode }: SecretFile): string {
  if (mode !== null && (mode & OTHERS) !== 0) {
    throw new RangeError(
      `Cannot use the cookie in ${path}: the file is accessible to other users than its owner, ` +
        `found mode ${(mode & 0o777).toString(8)}, expected 400`,
    );
  }
  return checked(text.replace(/\r?\n[^]*$/, ""), path);
}

function checked(cookie: string, where: string): string {
  if (/^[ -~]+$/.test(cookie)) return cookie;
  const found = cookie === "" ? "it is empty" : "it has characters that are not printable ASCII";
  throw new RangeError(`Cannot use the cookie in ${where}: ${found}`);
}

function notFound(found: string): RangeError {
  return new RangeError(
    `Cannot find the cookie: ${found}; give the option cookie, set ${VARIABLE} ` +
      "(and --allow-env), or permit reading the file (--allow-env=HOME, --allow-read)",
  );
}
