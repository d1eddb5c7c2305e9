/**
 * How many different atoms a BEAM node was sent that stood for strings here. It never forgets one, and ends
 * when it has about a million; so a program that makes tags or keys of what users type is told.
 *
 * @module
 */

import { report } from "../../kernel/report.ts";
import type { NodeName } from "../../kernel/term.ts";

/** More than any program has words of its own. */
const MANY = 10_000;

/** The atoms of one connection. */
export class AtomCount {
  readonly #node: NodeName;
  /** `null` once there have been many: nobody is told twice. */
  #atoms: Set<string> | null = new Set();

  /** For the connection to a node. */
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
      reason:
        `${this.#node} was sent more than ${MANY} different atoms, and keeps each for ever: ` +
        "strings become atoms as the first item of an array and as the key of an object; " +
        "where they are data, send a Map, or put something before them",
    });
  }
}
