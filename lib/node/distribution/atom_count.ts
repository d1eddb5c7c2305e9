/**
 * Counts the different atoms that a BEAM node was sent for strings. The BEAM never garbage-collects atoms, and
 * crashes when it has about a million; so a program that makes tags or keys of user input is warned.
 *
 * @module
 */

import { report } from "../../kernel/report.ts";
import type { NodeName } from "../../kernel/term.ts";

/** More than the atoms that a program's own source can have. */
const MANY = 10_000;

/** The atoms of one connection. */
export class AtomCount {
  readonly #node: NodeName;
  /** `null` after the warning, which is logged once. */
  #atoms: Set<string> | null = new Set();

  /** Counts the atoms of the connection to a node. */
  constructor(node: NodeName) {
    this.#node = node;
  }

  /** Counts an atom that is sent. */
  add(atom: string): void {
    if (this.#atoms === null || this.#atoms.add(atom).size <= MANY) return;
    this.#atoms = null;
    report({
      level: "warning",
      kind: "message",
      reason: `${this.#node} was sent more than ${MANY} different atoms, and never frees one: ` +
        "strings become atoms as the first item of an array and as the key of an object; " +
        "if they are data, send a Map, or an array with a tag before them",
    });
  }
}
