/**
 * Prints terms as Elixir does. A few examples do so where their originals print terms, for they are held to
 * transcripts of those, line by line (`tests/golden/`). Your programs will want `inspect` of the library.
 *
 * @module
 */

/** A term in Elixir's notation: `:normal`, `{:shutdown, :oops}`, `%RuntimeError{message: "oh snap"}`. */
export function inspect(term: unknown): string {
  if (term === undefined || term === null) return "nil";
  if (typeof term === "string") return isAtom(term) ? `:${term}` : JSON.stringify(term);
  if (term instanceof Error) {
    const name = term.name === "Error" ? "RuntimeError" : term.name;
    return `%${name}{message: ${JSON.stringify(term.message)}}`;
  }
  if (!Array.isArray(term)) return String(term);
  const items = term.map(inspect).join(", ");
  return isTuple(term) ? `{${items}}` : `[${items}]`;
}

const isAtom = (text: string): boolean => /^[a-z_]\w*[?!]?$/i.test(text);

const isTuple = ([tag]: readonly unknown[]): boolean =>
  tag instanceof Error || (typeof tag === "string" && isAtom(tag));
