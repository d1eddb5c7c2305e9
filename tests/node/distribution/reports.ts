/**
 * Takes down what is reported, in the place of the log.
 *
 * @module
 */

import { type Report, setReporter } from "../../../lib/kernel/report.ts";

/** What has been reported since. */
export interface Reports extends Disposable {
  readonly texts: readonly string[];
  /** Resolves when there are that many reports. */
  got(count: number): Promise<readonly string[]>;
}

/** Begins to take down; ends it when disposed of. */
export function reports(): Reports {
  const texts: string[] = [];
  let wake: (() => void)[] = [];
  const previous = setReporter(({ reason }: Report) => {
    texts.push(String(reason));
    for (const call of wake.splice(0)) call();
  });
  return {
    texts,
    async got(count) {
      while (texts.length < count) await new Promise<void>((resolve) => wake.push(resolve));
      return texts;
    },
    [Symbol.dispose]: () => {
      wake = [];
      setReporter(previous);
    },
  };
}
