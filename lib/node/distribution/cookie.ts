/**
 * The cookie: the secret that the nodes of a cluster share.
 *
 * It is never logged, and never part of an error message.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";
import { type SecretFile, secretFile, variable } from "./host_environment.ts";

/** The variable in which Elixir's releases have their cookie. */
const VARIABLE = "RELEASE_COOKIE";
const FILE = ".erlang.cookie";
/** What others than the owner may do. */
const OTHERS = 0o077;

/** The secrets of one node: one for everybody, and those for certain peers. */
export class Cookies {
  #own: string;
  readonly #ofPeers: Map<NodeName, string>;

  /**
   * @throws {RangeError} If a cookie is empty, or has other than printable ASCII characters.
   */
  constructor(own: string, ofPeers: Readonly<Record<NodeName, string>> = {}) {
    this.#own = checked(own, "the option cookie");
    this.#ofPeers = new Map(
      Object.entries(ofPeers).map(([node, cookie]) => [node, checked(cookie, `that for ${node}`)]),
    );
  }

  /** The secret that is shared with a peer. */
  for(node: NodeName): string {
    return this.#ofPeers.get(node) ?? this.#own;
  }

  /**
   * Changes the secret that is shared with a peer, or, for `null`, that for everybody else.
   *
   * @throws {RangeError} If the cookie is empty, or has other than printable ASCII characters.
   */
  set(node: NodeName | null, cookie: string): void {
    if (node === null) this.#own = checked(cookie, "Node.setCookie");
    else this.#ofPeers.set(node, checked(cookie, "Node.setCookie"));
  }
}

/**
 * The cookie of this program: from the environment variable `RELEASE_COOKIE`, else of Erlang's file
 * `.erlang.cookie` in the user's home. Unlike Erlang it makes no file if there is none.
 *
 * Needs `--allow-env=RELEASE_COOKIE`, or `--allow-env=HOME` (`USERPROFILE` on Windows) and
 * `--allow-read` of the file.
 *
 * @throws {RangeError} If no cookie is found, or it is empty, or has other than printable ASCII
 * characters, or others may read the file.
 * @throws {Deno.errors.NotCapable} If the file must not be read.
 */
export async function findCookie(): Promise<string> {
  const given = variable(VARIABLE);
  if (given !== undefined) return checked(given, VARIABLE);
  const home = variable("HOME") ?? variable("USERPROFILE");
  if (home === undefined) throw notFound(`${VARIABLE} and the home directory are not known`);
  const path = `${home}/${FILE}`;
  const file = await secretFile(path);
  if (file === undefined) throw notFound(`there is neither ${VARIABLE} nor ${path}`);
  return cookieOf(file);
}

/** The cookie in a file: its first line. */
export function cookieOf({ path, text, mode }: SecretFile): string {
  if (mode !== null && (mode & OTHERS) !== 0) {
    throw new RangeError(
      `Cannot use the cookie in ${path}: others than its owner may use the file, ` +
        `its mode is ${(mode & 0o777).toString(8)}, it should be 400`,
    );
  }
  return checked(text.replace(/\r?\n[^]*$/, ""), path);
}

function checked(cookie: string, where: string): string {
  if (/^[ -~]+$/.test(cookie)) return cookie;
  const found = cookie === "" ? "it is empty" : "it has other characters than printable ASCII";
  throw new RangeError(`Cannot use the cookie in ${where}: ${found}`);
}

function notFound(found: string): RangeError {
  return new RangeError(
    `Cannot find the cookie: ${found}; give the option cookie, set ${VARIABLE} ` +
      "(and --allow-env), or let the file be read (--allow-env=HOME, --allow-read)",
  );
}
