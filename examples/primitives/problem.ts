/**
 * A problem.
 *
 * @module
 */

export function problem(): never {
  throw new Error("oh snap");
}
