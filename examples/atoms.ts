/**
 * Atoms in the messages of systems whose other half may be an Elixir program: there `:logon` is an atom wherever it
 * stands. A string is sent as one only where it is a tag; elsewhere it takes `atom("logon")`. What comes in
 * as an atom is a string if an Elixir node has sent it, and a symbol if a denotp node has.
 *
 * @module
 */

/** The text of an atom, from any sender. Anything else stays what it is. */
export function word<T>(term: T): T | string {
  return typeof term === "symbol" ? term.description ?? "" : term;
}
