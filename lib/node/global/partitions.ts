/**
 * Lost connections, as nodes tell each other of them so that no partitions overlap: if A and B have lost each
 * other, whoever has both lets go of one.
 *
 * Each report of a loss is passed on by everybody who hears of it, so here is remembered which were heard of.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";

/** A report: node `by` has lost its connection to node `to`. The greater the number, the later it was. */
export type LostConnection = readonly [
  "lost_connection",
  by: NodeName,
  life: number | bigint,
  number: number,
  to: NodeName,
];

/** For so long a report is remembered, in ms: an hour. */
const MEMORY_MS = 3_600_000;
/** The lowest bits of what tells lives of a node apart are its creation. */
const CREATION_BITS = 32n;
const LIFE_BITS = 59n;

interface Heard {
  readonly life: number | bigint;
  readonly number: number;
  readonly forget: () => void;
}

/** The reports of one node, made and heard. */
export class LostConnections {
  readonly #after: (ms: number, then: () => void) => () => void;
  readonly #heard = new Map<string, Heard>();
  readonly #life: bigint;
  #count = 0;

  /** `creation` tells lives of this node apart, though not surely: so it goes together with a random number. */
  constructor(
    creation: number,
    random: () => number,
    after: (ms: number, then: () => void) => () => void,
  ) {
    this.#after = after;
    const high = BigInt(Math.floor(random() * 2 ** Number(LIFE_BITS - CREATION_BITS)));
    this.#life = (high << CREATION_BITS) + BigInt(creation);
  }

  /** The report that this node, `by`, has lost `to`. */
  report(by: NodeName, to: NodeName): LostConnection {
    return ["lost_connection", by, this.#life, ++this.#count, to];
  }

  /** Takes a report; tells whether it is new. */
  hear([, by, life, number, to]: LostConnection): boolean {
    const key = `${by} ${to}`;
    const before = this.#heard.get(key);
    if (before !== undefined && before.life == life && number <= before.number) return false;
    before?.forget();
    const forget = this.#after(MEMORY_MS, () => this.#heard.delete(key));
    this.#heard.set(key, { life, number, forget });
    return true;
  }

  /** Forgets all. */
  stop(): void {
    for (const { forget } of this.#heard.values()) forget();
    this.#heard.clear();
  }

  /** How many are remembered. */
  get size(): number {
    return this.#heard.size;
  }
}
