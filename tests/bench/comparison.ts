/**
 * Two states compared by pairs of measurements: the interval in which the ratio lies, and what that decides.
 *
 * @module
 */

import { spread } from "./figures.ts";

/** What some pairs say of the ratio of two states. */
export interface Ratio {
  /** The median of the pairs' ratios: above 1, the first state is slower (or larger). */
  readonly median: number;
  /** Where the median lies, with {@linkcode CONFIDENCE} at least; `undefined` for fewer than six pairs. */
  readonly interval: readonly [low: number, high: number] | undefined;
  readonly pairs: number;
}

/** What an interval decides about a tolerance. */
export type Verdict = "within" | "slower" | "faster" | "not decided";

/** How sure an interval is. */
export const CONFIDENCE = 0.95;

/**
 * Compares pairs of measurements.
 *
 * The interval is the one between two of the sorted ratios, as in the sign test. It takes nothing for granted about
 * how noise is distributed: each ratio is above the true median as often as below, so that the `k` lowest and the
 * `k` highest of `n` are cut off for the largest `k` that the binomial distribution allows. Of 20, five are.
 *
 * @throws {RangeError} If there are no pairs.
 */
export function ratioOf(pairs: readonly (readonly [first: number, second: number])[]): Ratio {
  const ratios = pairs.map(([first, second]) => first / second).sort((a, b) => a - b);
  const cut = cutOff(ratios.length);
  return {
    median: spread(ratios).median,
    interval: cut === undefined ? undefined : [ratios[cut]!, ratios.at(-1 - cut)!],
    pairs: ratios.length,
  };
}

/** How many of `count` are cut off at either end; `undefined` if even all of them are not sure enough. */
function cutOff(count: number): number | undefined {
  let [cut, tail, probability] = [0, 0, 0.5 ** count];
  while (2 * (tail + probability) <= 1 - CONFIDENCE) {
    tail += probability;
    probability *= (count - cut) / (cut + 1);
    cut++;
  }
  return cut === 0 ? undefined : cut - 1;
}

/**
 * Says what a ratio decides: `"within"` if the whole interval is at most `percent` away from 1, `"slower"` or
 * `"faster"` if the whole interval is further away, else `"not decided"`.
 */
export function verdictOf({ interval }: Ratio, percent: number): Verdict {
  if (interval === undefined) return "not decided";
  const [low, high] = interval;
  const [least, most] = [1 - percent / 100, 1 + percent / 100];
  if (low > most) return "slower";
  if (high < least) return "faster";
  return low >= least && high <= most ? "within" : "not decided";
}
