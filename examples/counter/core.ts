/**
 * The counter's core.
 *
 * @module
 */

import { add } from "../calculator/core.ts";

export const inc = (n: number): number => add(n, 1);
