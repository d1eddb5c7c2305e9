/**
 * Erlang's lists, as opposed to tuples. The kernel needs one, the tag `[alias | Ref]` of a call that is
 * answered through an alias; the others matter to other nodes only.
 *
 * @module
 */

import { isA, itemOf } from "./reader.ts";
import { Ref, type Term } from "./term.ts";

/**
 * An Erlang list: an array, except that other nodes receive it as a list, and any other array as a
 * tuple. Make one with `list`.
 */
export class List<T = Term> extends Array<T> {}

/** An improper list: `[1, 2 | tail]` is `new ImproperList([1, 2], tail)`. */
export class ImproperList {
  /** The items before the bar, at least one. */
  readonly items: readonly Term[];
  /** The term after the bar, which is not a list. */
  readonly tail: Term;

  /**
   * Creates an improper list from its items and its tail.
   *
   * @throws {TypeError} If there are no items, or if the tail is a {@linkcode List}.
   */
  constructor(items: readonly Term[], tail: Term) {
    if (items.length === 0 || tail instanceof List) {
      throw new TypeError(
        "Cannot make an improper list: expected at least one item and a tail that is not a list",
      );
    }
    this.items = items;
    this.tail = tail;
  }
}

/** The tag of a call that is to be answered through the alias `ref`: `[alias | Ref]`. */
export function aliasTag(ref: Ref): ImproperList {
  return new ImproperList(["alias"], ref);
}

/** The alias in a tag: `[alias | Ref]`, or a list that begins with one. */
export function aliasIn(tag: Term): Ref | undefined {
  if (isA(tag, List)) return aliasIn(itemOf(tag, 0));
  if (!isA(tag, ImproperList)) return undefined;
  const [first] = tag.items;
  if (first !== "alias") return aliasIn(first);
  return tag.items.length === 1 && tag.tail instanceof Ref ? tag.tail : undefined;
}
