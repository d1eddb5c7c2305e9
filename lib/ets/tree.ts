/**
 * The store of an `ordered_set`: a B+ tree in the order of terms (`kernel/term_order.ts`). Used by `table.ts`.
 *
 * Why not a library? The core has no run-time dependency, and the stable trees of `@std/data-structures`
 * (`RedBlackTree`, `BinarySearchTree`) can neither find the key after one that they do not contain, nor
 * continue a traversal when the tree has changed; a table needs both. They also allocate an object for each
 * element, where this tree uses three slots of arrays.
 *
 * A node has up to {@linkcode MAX} keys or children. One that falls below {@linkcode MIN} is merged with a
 * neighbour, or takes elements from it. The leaves form a linked list. A traversal that finds the tree changed
 * looks up its last key again, and continues after it. It skips keys that were inserted after it began, which
 * their serial numbers tell, so that it ends whatever is inserted.
 *
 * @module
 */

import { type Cursor, END, type Store } from "./store.ts";
import type { Term } from "../kernel/term.ts";
import { compare } from "../kernel/term_order.ts";

const MAX = 64;
const MIN = 16;

class Leaf<Value> {
  previous: Leaf<Value> | null = null;
  next: Leaf<Value> | null = null;

  constructor(
    public keys: Term[],
    public values: Value[],
    /** Of each key a number, ascending in the order of insertion. */
    public serials: number[],
  ) {}

  get weight(): number {
    return this.keys.length;
  }
}

class Branch<Value> {
  constructor(
    /** For each child but the first: a key greater than all keys before the child, and not greater than its own. */
    public bounds: Term[],
    public children: Node<Value>[],
  ) {}

  get weight(): number {
    return this.children.length;
  }
}

type Node<Value> = Leaf<Value> | Branch<Value>;

/** The right half of a node that was split, and the bound between both halves. */
interface Split<Value> {
  readonly bound: Term;
  readonly node: Node<Value>;
}

/** A position in a leaf, or one before or after it. */
interface Place<Value> {
  leaf: Leaf<Value> | null;
  index: number;
}

/** A store whose keys are compared by the order of terms: keys that compare equal are one key. */
export class TreeStore<Value> implements Store<Value> {
  #root: Node<Value> = new Leaf([], [], []);
  #size = 0;
  /** The serial number of the key that was inserted last. */
  serial = 0;
  /** Incremented by every change that invalidates places. */
  version = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Term): Value | undefined {
    const leaf = this.#leafOf(key);
    const at = indexFrom(leaf.keys, key);
    return has(leaf, at, key) ? leaf.values[at] : undefined;
  }

  #leafOf(key: Term): Leaf<Value> {
    let node = this.#root;
    while (node instanceof Branch) node = node.children[indexAfter(node.bounds, key)]!;
    return node;
  }

  // --- Insertion --------------------------------------------------------------------------------

  set(key: Term, value: Value): void {
    const split = this.#put(this.#root, key, value);
    if (split !== undefined) this.#root = new Branch([split.bound], [this.#root, split.node]);
  }

  #put(node: Node<Value>, key: Term, value: Value): Split<Value> | undefined {
    if (node instanceof Leaf) return this.#putIntoLeaf(node, key, value);
    const at = indexAfter(node.bounds, key);
    const split = this.#put(node.children[at]!, key, value);
    if (split === undefined) return undefined;
    node.bounds.splice(at, 0, split.bound);
    node.children.splice(at + 1, 0, split.node);
    if (node.weight <= MAX) return undefined;
    const half = node.weight >> 1;
    const right = new Branch(node.bounds.splice(half), node.children.splice(half));
    return { bound: node.bounds.pop(), node: right };
  }

  #putIntoLeaf(leaf: Leaf<Value>, key: Term, value: Value): Split<Value> | undefined {
    const at = indexFrom(leaf.keys, key);
    if (has(leaf, at, key)) {
      leaf.keys[at] = key;
      leaf.values[at] = value;
      return undefined;
    }
    this.version++;
    this.#size++;
    leaf.keys.splice(at, 0, key);
    leaf.values.splice(at, 0, value);
    leaf.serials.splice(at, 0, ++this.serial);
    if (leaf.weight <= MAX) return undefined;
    // Keys that are inserted in ascending order fill their leaves.
    const half = at === MAX && leaf.next === null ? MAX : leaf.weight >> 1;
    const right = new Leaf(
      leaf.keys.splice(half),
      leaf.values.splice(half),
      leaf.serials.splice(half),
    );
    right.previous = leaf;
    right.next = leaf.next;
    if (right.next !== null) right.next.previous = right;
    leaf.next = right;
    return { bound: right.keys[0], node: right };
  }

  // --- Deletion ---------------------------------------------------------------------------------

  delete(key: Term): boolean {
    if (!this.#take(this.#root, key)) return false;
    const root = this.#root;
    if (root instanceof Branch && root.weight === 1) this.#root = root.children[0]!;
    return true;
  }

  #take(node: Node<Value>, key: Term): boolean {
    if (node instanceof Leaf) {
      const at = indexFrom(node.keys, key);
      if (!has(node, at, key)) return false;
      this.version++;
      this.#size--;
      node.keys.splice(at, 1);
      node.values.splice(at, 1);
      node.serials.splice(at, 1);
      return true;
    }
    const at = indexAfter(node.bounds, key);
    const child = node.children[at]!;
    if (!this.#take(child, key)) return false;
    if (child.weight < MIN) mend(node, Math.max(at - 1, 0));
    return true;
  }

  clear(): void {
    this.#root = new Leaf([], [], []);
    this.#size = 0;
    this.version++;
  }

  // --- Traversal --------------------------------------------------------------------------------

  first(): Term {
    return keyAt(this.edge(false));
  }

  last(): Term {
    return keyAt(this.edge(true));
  }

  next(key: Term): Term {
    return keyAt(this.beside(key, false));
  }

  previous(key: Term): Term {
    return keyAt(this.beside(key, true));
  }

  /** Nothing to do: every key has a place in the order, also if it is not present. */
  fix(): void {}

  release(): void {}

  walk(backwards: boolean): Cursor<Value> {
    return new TreeCursor(this, backwards);
  }

  /** The place of the first or the last key. */
  edge(last: boolean): Place<Value> {
    let node = this.#root;
    while (node instanceof Branch) node = node.children[last ? node.weight - 1 : 0]!;
    return settle({ leaf: node, index: last ? node.weight - 1 : 0 });
  }

  /** The place of the key after or before `key`. */
  beside(key: Term, before: boolean): Place<Value> {
    const leaf = this.#leafOf(key);
    const index = before ? indexFrom(leaf.keys, key) - 1 : indexAfter(leaf.keys, key);
    return settle({ leaf, index });
  }
}

/** Merges the child at `left` of `parent` with its right neighbour, or balances the two. */
function mend<Value>(parent: Branch<Value>, left: number): void {
  const [a, b] = [parent.children[left]!, parent.children[left + 1]!];
  const isOne = a.weight + b.weight <= MAX;
  if (a instanceof Leaf && b instanceof Leaf) {
    const [keys, values] = [a.keys.concat(b.keys), a.values.concat(b.values)];
    const serials = a.serials.concat(b.serials);
    const half = isOne ? keys.length : keys.length >> 1;
    a.keys = keys.slice(0, half);
    a.values = values.slice(0, half);
    a.serials = serials.slice(0, half);
    b.keys = keys.slice(half);
    b.values = values.slice(half);
    b.serials = serials.slice(half);
    if (isOne) {
      a.next = b.next;
      if (a.next !== null) a.next.previous = a;
    } else parent.bounds[left] = b.keys[0];
  } else if (a instanceof Branch && b instanceof Branch) {
    const bounds = [...a.bounds, parent.bounds[left], ...b.bounds];
    const children = a.children.concat(b.children);
    const half = isOne ? children.length : children.length >> 1;
    a.bounds = bounds.slice(0, half - 1);
    a.children = children.slice(0, half);
    b.bounds = bounds.slice(half);
    b.children = children.slice(half);
    if (!isOne) parent.bounds[left] = bounds[half - 1];
  }
  if (!isOne) return;
  parent.bounds.splice(left, 1);
  parent.children.splice(left + 1, 1);
}

/** The first index of a key that is not before `key`. */
function indexFrom(keys: readonly Term[], key: Term): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(keys[middle], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first index of a key that is after `key`. */
function indexAfter(keys: readonly Term[], key: Term): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(keys[middle], key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function has(leaf: Leaf<unknown>, index: number, key: Term): boolean {
  return index < leaf.weight && compare(leaf.keys[index], key) === 0;
}

/** Moves a place before or after a leaf to the neighbour. No leaf is empty, unless it is the only one. */
function settle<Value>(place: Place<Value>): Place<Value> {
  const { leaf, index } = place;
  if (leaf === null) return place;
  if (index < 0) {
    place.leaf = leaf.previous;
    place.index = leaf.previous === null ? 0 : leaf.previous.weight - 1;
  } else if (index >= leaf.weight) {
    place.leaf = leaf.next;
    place.index = 0;
  }
  return place;
}

function keyAt({ leaf, index }: Place<unknown>): Term {
  return leaf === null ? END : leaf.keys[index];
}

class TreeCursor<Value> implements Cursor<Value> {
  readonly #tree: TreeStore<Value>;
  readonly #backwards: boolean;
  /** Keys that were inserted after this one are not visited. */
  readonly #lastSerial: number;
  /** The place of the last value; `null` at the beginning. */
  #place: Place<Value> | null = null;
  #version = 0;
  #key: Term;

  constructor(tree: TreeStore<Value>, backwards: boolean, lastSerial = tree.serial) {
    this.#tree = tree;
    this.#backwards = backwards;
    this.#lastSerial = lastSerial;
  }

  next(): Value | undefined {
    const tree = this.#tree;
    let place = this.#place;
    if (place === null) place = tree.edge(this.#backwards);
    else if (this.#version !== tree.version) place = tree.beside(this.#key, this.#backwards);
    else {
      place.index += this.#backwards ? -1 : 1;
      settle(place);
    }
    while (place.leaf !== null && place.leaf.serials[place.index]! > this.#lastSerial) {
      place.index += this.#backwards ? -1 : 1;
      settle(place);
    }
    const { leaf, index } = place;
    if (leaf === null) return undefined;
    this.#place = place;
    this.#version = tree.version;
    this.#key = leaf.keys[index];
    return leaf.values[index];
  }

  fork(): Cursor<Value> {
    const cursor = new TreeCursor(this.#tree, this.#backwards, this.#lastSerial);
    if (this.#place !== null) cursor.#place = { ...this.#place };
    cursor.#version = this.#version;
    cursor.#key = this.#key;
    return cursor;
  }
}
