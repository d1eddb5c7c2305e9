/**
 * The lists of Erlang, which are no tuples: the kernel needs one, the tag `[alias | Ref]` of a call that is
 * answered through an alias; the others matter to other nodes only.
 *
 * @module
 */

import { Ref, type Term } from "./term.ts";

/**
 * An Erlang list. It is an array in everything but this: sent to an Erlang node, an array is a tuple
 * and a `List` is a list. Make one with `list`.
 */
export class List<T = Term> extends Array<T> {}

/** An improper list: `[1, 2 | tail]` is `new ImproperList([1, 2], tail)`. */
export class ImproperList {
  /** What comes before the bar, at least one. */
  readonly items: readonly Term[];
  /** What comes after the bar: anything but a list. */
  readonly tail: Term;

  /**
   * Joins items and what comes after the bar.
   *
   * @throws {TypeError} If there are no items, or the tail is a list: that is a {@linkcode List}.
   */
  constructor(items: readonly Term[], tail: Term) {
    if (items.length === 0 || tail instanceof List) {
      throw new TypeError(
        "Cannot make an improper list: it has one item at least, and a tail that is no list",
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

/** The alias that a tag names: `[alias | Ref]`, or a list that begins with that. */
export function aliasIn(tag: Term): Ref | undefined {
  if (tag instanceof List) return aliasIn(tag[0]);
  if (!(tag instanceof ImproperList)) return undefined;
  const [first] = tag.items;
  if (first !== "alias") return aliasIn(first);
  return tag.items.length === 1 && tag.tail instanceof Ref ? tag.tail : undefined;
}
