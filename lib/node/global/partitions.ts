/**
 * Reports of lost connections, which nodes exchange to prevent overlapping partitions: if A and B have lost their
 * connection, every node that is connected to both disconnects from one.
 *
 * Each report is passed on by every node that gets it, so the reports that were seen are remembered here.
 *
 * @module
 */

import type { NodeName } from "../../kernel/term.ts";

/** A report: node `by` has lost its connection to node `to`. Later reports have greater numbers. */
export type LostConnection = readonly [
  "lost_connection",
  by: NodeName,
  life: number | bigint,
  number: number | bigint,
  to: NodeName,
];

/** How long a report is remembered, in milliseconds: an hour. */
const MEMORY_MS = 3_600_000;
/** The maximum number of remembered reports. Further ones are ignored: a peer may make them up. */
const MOST_REPORTS = 65_536;
/** The lowest bits of the number that tells lives of a node apart are its creation. */
const CREATION_BITS = 32n;
const LIFE_BITS = 59n;

interface Heard {
  readonly number: number | bigint;
  readonly forget: () => void;
}

/** The reports that one node has made and received. */
export class LostConnections {
  readonly #after: (ms: number, then: () => void) => () => void;
  readonly #heard = new Map<string, Heard>();
  readonly #life: bigint;
  #count = 0;

  /** `creation` alone may not tell lives of this node apart, so it is combined with a random number. */
  constructor(
    creation: number,
    random: () => number,
    after: (ms: number, then: () => void) => () => void,
  ) {
    this.#after = after;
    const high = BigInt(Math.floor(random() * 2 ** Number(LIFE_BITS - CREATION_BITS)));
    this.#life = (high << CREATION_BITS) + BigInt(creation);
  }

  /** Creates the report that this node, `by`, has lost `to`. */
  report(by: NodeName, to: NodeName): LostConnection {
    return ["lost_connection", by, this.#life, ++this.#count, to];
  }

  /** Adds a report; returns whether it is new. */
  hear([, by, life, number, to]: LostConnection): boolean {
    // Lives are remembered separately: two reports of one pair would otherwise be passed on in turn without end.
    const key = `${by} ${to} ${life}`;
    const before = this.#heard.get(key);
    if (before === undefined ? this.#heard.size >= MOST_REPORTS : number <= before.number) {
      return false;
    }
    before?.forget();
    const forget = this.#after(MEMORY_MS, () => this.#heard.delete(key));
    this.#heard.set(key, { number, forget });
    return true;
  }

  /** Forgets all reports. */
  stop(): void {
    for (const { forget } of this.#heard.values()) forget();
    this.#heard.clear();
  }

  /** The number of remembered reports. */
  get size(): number {
    return this.#heard.size;
  }
}
